/* core/names.h — strings seen once and then known by a number (0 = absent). Numbers never change and are never given again.
 *
 * Agents:    a name of an agent stands for one person of one tenant, so its number is that person's alone: the same text of another
 *            tenant's agent, or of a queue, has another number. Whoever is erased keeps the number under another text (core/erase.h).
 * Threads:   the core's thread writes. Others read texts by rs_names_text_anywhere only, and look at no byte of an agent's: those of
 *            an erased one are overwritten.
 * Ordering:  a name's place and length are _Atomic and relaxed; `renaming` keeps the two together, as ring/seqlock.h says.
 */
#ifndef RS_CORE_NAMES_H
#define RS_CORE_NAMES_H

#include "core/pool.h"
#include "ring/seqlock.h"

enum { RS_NAMES_OVERFLOW = 1 };    /* the number of RS_OVERFLOW_NAME: what a name past the limit becomes */

enum { RS_NAME_INLINE = 16 };
typedef struct rs_name {
    _Atomic(const char *) data;
    _Atomic uint32_t len;
    uint32_t tenant;               /* whose agent it is, 0: no agent */
    char bytes[RS_NAME_INLINE];    /* a short text is in it: one cache line tells all */
} rs_name_t;

typedef struct rs_names {
    rs_index_t index;
    rs_name_t *places;               /* by number; never moves */
    uint32_t count, max, chunk_count, chunk_used;
    unsigned char **chunks;
    uint64_t seed;
    rs_seqlock_t renaming;
} rs_names_t;

RS_MUST_CHECK int rs_names_init(rs_names_t *names, uint32_t max, uint64_t seed);
void rs_names_deinit(rs_names_t *names);
/* The number of `text` (<= RS_MAX_NAME bytes), made when new; RS_NAMES_OVERFLOW when there is no room; 0 for "". */
uint32_t rs_names_number(rs_names_t *names, rs_str_t text);
/* The same of an agent's name; `tenant` is a number of names, 0: as rs_names_number. */
uint32_t rs_names_agent(rs_names_t *names, uint32_t tenant, rs_str_t text);
/* The number that `text` has already, else 0. */
uint32_t rs_names_find(const rs_names_t *names, rs_str_t text);
uint32_t rs_names_find_agent(const rs_names_t *names, uint32_t tenant, rs_str_t text);
/* An agent's number goes on with `text` (1 .. RS_NAME_INLINE bytes); what stood there is overwritten. False: another one has that text. */
RS_MUST_CHECK bool rs_names_rename_agent(rs_names_t *names, uint32_t number, rs_str_t text);

/* The core's thread. */
static inline rs_str_t rs_names_text(const rs_names_t *names, uint32_t number) {
    const rs_name_t *place = &names->places[number];
    return (rs_str_t){.data = atomic_load_explicit(&place->data, memory_order_relaxed),
                      .len = atomic_load_explicit(&place->len, memory_order_relaxed)};
}
/* Any thread. */
rs_str_t rs_names_text_anywhere(const rs_names_t *names, uint32_t number);
/* The hash that a text is found by, never 0; `tenant`: of an agent's, else 0. / Calls for the place that leads to the text of that hash. /
 * Who it leads to: most likely that text's number, 0 = nobody. */
uint64_t rs_names_hash(const rs_names_t *names, uint32_t tenant, rs_str_t text);
static inline void rs_names_prefetch_place(const rs_names_t *names, uint64_t hash) {
    __builtin_prefetch(&names->index.slots[rs_index_begin(&names->index, hash)]);
}
static inline uint32_t rs_names_likely(const rs_names_t *names, uint64_t hash) {
    uint32_t cursor = rs_index_begin(&names->index, hash);
    return rs_index_next(&names->index, hash, &cursor);
}
uint64_t rs_names_bytes(const rs_names_t *names);

#endif
