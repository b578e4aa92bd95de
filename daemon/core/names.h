/* core/names.h — strings seen once and then known by a number (0 = absent). Numbers never change and are never given again. */
#ifndef RS_CORE_NAMES_H
#define RS_CORE_NAMES_H

#include "core/pool.h"

enum { RS_NAMES_OVERFLOW = 1 };    /* the number of RS_OVERFLOW_NAME: what a name past the limit becomes */

enum { RS_NAME_INLINE = 16 };
typedef struct rs_name { rs_str_t text; char bytes[RS_NAME_INLINE]; } rs_name_t;   /* a short text is in it: one cache line tells all */

typedef struct rs_names {
    rs_index_t index;
    rs_name_t *places;               /* by number; never moves */
    uint32_t count, max, chunk_count, chunk_used;
    unsigned char **chunks;
    uint64_t seed;
} rs_names_t;

RS_MUST_CHECK int rs_names_init(rs_names_t *names, uint32_t max, uint64_t seed);
void rs_names_deinit(rs_names_t *names);
/* The number of `text` (<= RS_MAX_NAME bytes), made when new; RS_NAMES_OVERFLOW when there is no room; 0 for "". */
uint32_t rs_names_number(rs_names_t *names, rs_str_t text);
/* The number that `text` has already, else 0. */
uint32_t rs_names_find(const rs_names_t *names, rs_str_t text);
/* The hash that a text is found by, never 0. / Calls for the place that leads to the text of that hash; who it leads to: most likely that
 * text's number, 0 = nobody. */
uint64_t rs_names_hash(const rs_names_t *names, rs_str_t text);
static inline void rs_names_prefetch_place(const rs_names_t *names, uint64_t hash) {
    __builtin_prefetch(&names->index.slots[rs_index_begin(&names->index, hash)]);
}
static inline uint32_t rs_names_likely(const rs_names_t *names, uint64_t hash) {
    uint32_t cursor = rs_index_begin(&names->index, hash);
    return rs_index_next(&names->index, hash, &cursor);
}
static inline rs_str_t rs_names_text(const rs_names_t *names, uint32_t number) { return names->places[number].text; }
uint64_t rs_names_bytes(const rs_names_t *names);

#endif
