/* core/process/variants.h — the most frequent ways from first stage to end, in bounded memory.
 *
 * Model:   a variant is a tenant's sequence of stages (the first RS_PATH_STAGES) with its end. Up to limits.variants of them are
 *          counted exactly, and taken back exactly. Past that the space-saving algorithm of Metwally, Agrawal and El Abbadi ("Efficient
 *          Computation of Frequent and Top-k Elements in Data Streams", 2005) gives a new variant the place of the least frequent
 *          one: it begins with that one's count, which is its `error`. Then count - error <= true count <= count, as long as nothing
 *          is taken back of a variant that lost its place (counted in `missed`).
 *          They are counted since the core began, over all intervals.
 * State:   all of it; but the heap, which is made again when heap_count is 0 and a place is needed.
 */
#ifndef RS_CORE_VARIANTS_H
#define RS_CORE_VARIANTS_H

#include "core/pool.h"
#include "core/process/path.h"

typedef struct rs_variant {
    uint32_t tenant, heap_place;     /* + 1; 0 = not in the heap */
    uint64_t hash;
    int64_t count, error;
    int64_t path_us;                 /* sum over the count - error that were seen */
    uint8_t end, length;
    bool cut;
    bool is_free;
    uint32_t stages[RS_PATH_STAGES];
} rs_variant_t;

/* A count that a variant had: it may have more by now, which is seen when it comes to the top. */
typedef struct rs_variant_rank { int64_t count; uint32_t number; } rs_variant_rank_t;

typedef struct rs_variants {
    rs_pool_t pool;
    rs_index_t index;
    rs_variant_rank_t *heap;         /* least count first; made when the pool is full */
    uint32_t heap_count;
    uint64_t taken_over, missed;
} rs_variants_t;

/* `max` 0: none are kept. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_variants_init(rs_variants_t *variants, uint32_t max);
void rs_variants_deinit(rs_variants_t *variants);
/* One more way with this end (+1; `path` begins with its stages), or one less (-1). */
void rs_variants_count(rs_variants_t *variants, uint32_t tenant, const rs_path_t *path, const rs_step_t *end, int sign);
static inline rs_variant_t *rs_variants_at(const rs_variants_t *variants, uint32_t number) { return rs_pool_at(&variants->pool, number); }
uint64_t rs_variants_bytes(const rs_variants_t *variants);

#endif
