/* core/state/state_internal.h — between the files of this folder: how a struct's fields become an item's bytes. */
#ifndef RS_CORE_STATE_INTERNAL_H
#define RS_CORE_STATE_INTERNAL_H

#include "core/state/state.h"

enum { RS__CHECKSUM_BYTES = 16, RS__BLOCK_HEAD_BYTES = 8, RS__HEADER_BYTES = 16 };
#define RS__MAGIC "ringside"

/* Some neighbouring numbers that go from a place of the item's fields to a place of the struct. */
typedef struct rs__move {
    uint32_t at, offset, count;
    uint8_t file_width, width, kind;
} rs__move_t;

/* How items of one table are written, or read from a file whose table may be another. */
typedef struct rs__plan {
    const rs_state_table_t *table;
    uint32_t field_bytes;           /* of all the file's fields */
    uint32_t move_count;
    rs__move_t *moves;
} rs__plan_t;

static inline void rs__put_le(unsigned char *bytes, uint64_t number, unsigned width) {
    for (unsigned i = 0; i < width; i++) bytes[i] = (unsigned char)(number >> (8 * i));
}
static inline uint64_t rs__get_le(const unsigned char *bytes, unsigned width) {
    uint64_t number = 0;
    for (unsigned i = 0; i < width; i++) number |= (uint64_t)bytes[i] << (8 * i);
    return number;
}
static inline rs_hash128_t rs__checksum_of(const unsigned char bytes[RS__CHECKSUM_BYTES]) {
    return (rs_hash128_t){.low = rs__get_le(bytes, 8), .high = rs__get_le(bytes + 8, 8)};
}
static inline void rs__put_checksum(unsigned char bytes[RS__CHECKSUM_BYTES], rs_hash128_t checksum) {
    rs__put_le(bytes, checksum.low, 8);
    rs__put_le(bytes + 8, checksum.high, 8);
}

/* The moves of a table's own fields. RS_ERR_MEMORY. end is safe on a zeroed plan. */
RS_MUST_CHECK int rs__plan_own(rs__plan_t *plan, const rs_state_table_t *table);
void rs__plan_end(rs__plan_t *plan);
/* Adds a field of the file that stands at plan->field_bytes: it goes to the own field of its name, or nowhere. `own`: NULL when
 * there is none. False: its kind is another, so it cannot be read. */
RS_MUST_CHECK bool rs__plan_add(rs__plan_t *plan, const rs_state_field_t *own, uint8_t kind, uint8_t width, uint32_t count);
/* Between a struct and its fields; `fields` has room for RS_STATE_ITEM_BYTES. Decode returns false when a number does not fit. */
void rs__plan_encode(const rs__plan_t *plan, const void *item, unsigned char *fields);
RS_MUST_CHECK bool rs__plan_decode(const rs__plan_t *plan, const unsigned char *fields, void *item);

#endif
