/* core/blocks.h — a sparse histogram of durations (window/histogram.h): blocks of one octave each, made when first used.
 *
 * Memory:    a table of blocks and the blocks are items of two pools; 0 is the empty histogram. */
#ifndef RS_CORE_BLOCKS_H
#define RS_CORE_BLOCKS_H

#include "core/pool.h"
#include "core/window/histogram.h"

typedef struct rs_block_table { uint32_t used, blocks[RS_HIST_BLOCKS]; } rs_block_table_t;   /* used: bit set of blocks */
typedef struct rs_block { int32_t counts[RS_HIST_PER_OCTAVE]; } rs_block_t;
_Static_assert(RS_HIST_BLOCKS <= 32, "the blocks of a table are bits of one word");

/* Block `place` of the histogram; NULL: no room. */
static inline rs_block_t *rs_blocks_make(rs_pool_t *tables, rs_pool_t *blocks, uint32_t *histogram, uint32_t place) {
    if (*histogram == 0) *histogram = rs_pool_take(tables);
    if (*histogram == 0) return NULL;
    rs_block_table_t *table = rs_pool_at(tables, *histogram);
    if ((table->used & 1u << place) == 0) {
        table->blocks[place] = rs_pool_take(blocks);
        if (table->blocks[place] == 0) return NULL;
        table->used |= 1u << place;
    }
    return rs_pool_at(blocks, table->blocks[place]);
}

static inline void rs_blocks_give(rs_pool_t *tables, rs_pool_t *blocks, uint32_t histogram) {
    if (histogram == 0) return;
    const rs_block_table_t *table = rs_pool_at(tables, histogram);
    for (uint32_t left = table->used; left != 0; left &= left - 1) rs_pool_give(blocks, table->blocks[__builtin_ctz(left)]);
    rs_pool_give(tables, histogram);
}

#endif
