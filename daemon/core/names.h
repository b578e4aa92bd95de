/* core/names.h — strings seen once and then known by a number (0 = absent). Numbers never change and are never given again. */
#ifndef RS_CORE_NAMES_H
#define RS_CORE_NAMES_H

#include "core/pool.h"

enum { RS_NAMES_OVERFLOW = 1 };    /* the number of RS_OVERFLOW_NAME: what a name past the limit becomes */

typedef struct rs_names {
    rs_index_t index;
    rs_str_t *texts;
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
static inline rs_str_t rs_names_text(const rs_names_t *names, uint32_t number) { return names->texts[number]; }
uint64_t rs_names_bytes(const rs_names_t *names);

#endif
