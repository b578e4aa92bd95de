/* core/rows_internal.h — between the files of the rows: how histograms and waiting durations are kept. */
#ifndef RS_CORE_ROWS_INTERNAL_H
#define RS_CORE_ROWS_INTERNAL_H

#include "core/rows.h"

/* A histogram: blocks of one octave each, made when first used. */
typedef struct rs_block_table { uint32_t used, blocks[RS_HIST_BLOCKS]; } rs_block_table_t;   /* used: bit set of blocks */
typedef struct rs_block { int32_t counts[RS_HIST_PER_OCTAVE]; } rs_block_t;
_Static_assert(RS_HIST_BLOCKS <= 32, "the blocks of a table are bits of one word");

/* A duration that waits: 10 bits of bucket, 4 of histogram, 1 of sign. */
enum { RS__BUCKET_BITS = 10, RS__HISTOGRAM_BITS = 4, RS__TAKEN_BACK = 1 << (RS__BUCKET_BITS + RS__HISTOGRAM_BITS) };
_Static_assert(RS_HIST_BUCKETS <= 1 << RS__BUCKET_BITS && RS_HIST_COUNT <= 1 << RS__HISTOGRAM_BITS, "a waiting duration is packed into 16 bits");

/* The block of an octave, made when new; NULL: no room. */
rs_block_t *rs__rows_block(rs_rows_t *rows, rs_sums_t *sums, unsigned histogram, uint32_t place);
void rs__rows_begin_sums(rs_sums_t *sums);
/* Loading: the cell can be found again. False: there is one of that key and interval already. */
RS_MUST_CHECK bool rs__rows_restore(rs_rows_t *rows, uint32_t number);

#endif
