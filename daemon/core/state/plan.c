/* Structs and their fields: who stands where, and carrying numbers there and back. */
#include "core/state/state_internal.h"

#include <stdlib.h>

static const bool host_is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

/* Numbers that lie side by side in the struct as they do in the file travel together. */
static bool joins(const rs__move_t *before, const rs__move_t *move) {
    const bool plain = before->width == before->file_width && move->width == move->file_width && move->width == before->width &&
                       before->kind != RS_STATE_BOOL && move->kind != RS_STATE_BOOL;
    return plain && before->at + before->count * before->file_width == move->at &&
           before->offset + before->count * before->width == move->offset;
}

bool rs__plan_add(rs__plan_t *plan, const rs_state_field_t *own, uint8_t kind, uint8_t width, uint32_t count) {
    const uint32_t at = plan->field_bytes;
    plan->field_bytes += count * width;
    if (own == NULL) return true;
    if (own->kind != kind || width > own->width) return false;
    const rs__move_t move = {.at = at, .offset = own->offset, .count = count < own->count ? count : own->count,
                             .file_width = width, .width = own->width, .kind = kind};
    if (plan->move_count > 0 && joins(&plan->moves[plan->move_count - 1], &move)) plan->moves[plan->move_count - 1].count += move.count;
    else plan->moves[plan->move_count++] = move;
    return true;
}

int rs__plan_own(rs__plan_t *plan, const rs_state_table_t *table) {
    *plan = (rs__plan_t){.table = table, .moves = calloc((size_t)table->field_count + 1, sizeof *plan->moves)};
    if (plan->moves == NULL) return RS_ERR_MEMORY;
    for (uint32_t i = 0; i < table->field_count; i++) {
        const rs_state_field_t *field = &table->fields[i];
        if (field->kind == RS_STATE_NOT_SAVED) continue;
        RS_REQUIRE(rs__plan_add(plan, field, field->kind, field->width, field->count));
    }
    RS_REQUIRE(plan->field_bytes <= RS_STATE_ITEM_BYTES);
    return RS_OK;
}

void rs__plan_end(rs__plan_t *plan) {
    free(plan->moves);
    *plan = (rs__plan_t){0};
}

static uint64_t load_number(const unsigned char *place, unsigned width) {
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (width) {
        case 1: memcpy(&one, place, 1); return one;
        case 2: memcpy(&two, place, 2); return two;
        case 4: memcpy(&four, place, 4); return four;
        default: memcpy(&eight, place, 8); return eight;
    }
}

static void store_number(unsigned char *place, uint64_t number, unsigned width) {
    const uint8_t one = (uint8_t)number;
    const uint16_t two = (uint16_t)number;
    const uint32_t four = (uint32_t)number;
    switch (width) {
        case 1: memcpy(place, &one, 1); break;
        case 2: memcpy(place, &two, 2); break;
        case 4: memcpy(place, &four, 4); break;
        default: memcpy(place, &number, 8); break;
    }
}

void rs__plan_encode(const rs__plan_t *plan, const void *item, unsigned char *fields) {
    for (uint32_t i = 0; i < plan->move_count; i++) {
        const rs__move_t *move = &plan->moves[i];
        const unsigned char *from = (const unsigned char *)item + move->offset;
        unsigned char *to = fields + move->at;
        if (host_is_little) {
            memcpy(to, from, (size_t)move->count * move->width);
            continue;
        }
        for (uint32_t n = 0; n < move->count; n++) {
            rs__put_le(to + n * move->width, load_number(from + n * move->width, move->width), move->width);
        }
    }
}

static uint64_t widened(uint64_t number, const rs__move_t *move) {
    if (move->kind != RS_STATE_SIGNED || move->file_width == 8) return number;
    const uint64_t sign = UINT64_C(1) << (8 * move->file_width - 1);
    return (number ^ sign) - sign;
}

bool rs__plan_decode(const rs__plan_t *plan, const unsigned char *fields, void *item) {
    for (uint32_t i = 0; i < plan->move_count; i++) {
        const rs__move_t *move = &plan->moves[i];
        const unsigned char *from = fields + move->at;
        unsigned char *to = (unsigned char *)item + move->offset;
        if (host_is_little && move->width == move->file_width && move->kind != RS_STATE_BOOL) {
            memcpy(to, from, (size_t)move->count * move->width);
            continue;
        }
        for (uint32_t n = 0; n < move->count; n++) {
            const uint64_t number = rs__get_le(from + n * move->file_width, move->file_width);
            if (move->kind == RS_STATE_BOOL && number > 1) return false;
            store_number(to + n * move->width, widened(number, move), move->width);
        }
    }
    return true;
}

/* --- bounds ---------------------------------------------------------------------------------------------------------- */
static bool is_within(const rs_state_bounds_t *bounds, const rs_state_field_t *field, uint64_t number) {
    static const int64_t most = INT64_C(1) << 61;
    if (field->bound >= RS_BOUND_LIMITS) return number < bounds->below[field->bound];
    if (field->kind != RS_STATE_SIGNED || field->bound == RS_BOUND_WRAPS || field->width < 8) return true;
    const int64_t value = (int64_t)number;
    if (value == INT64_MIN) return field->bound == RS_BOUND_OR_NONE;
    return value >= -most && value <= most;
}

void rs_state_check_item(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, const rs_state_table_t *table, const void *item) {
    for (uint32_t i = 0; i < table->field_count; i++) {
        const rs_state_field_t *field = &table->fields[i];
        const bool may_be_any = field->bound == RS_BOUND_ANY && (field->kind != RS_STATE_SIGNED || field->width < 8);
        if (field->kind == RS_STATE_NOT_SAVED || may_be_any) continue;
        const unsigned char *place = (const unsigned char *)item + field->offset;
        for (uint32_t n = 0; n < field->count; n++) {
            if (is_within(bounds, field, load_number(place + (size_t)n * field->width, field->width))) continue;
            char what[2 * RS_STATE_NAME_BYTES + 32];
            strcpy(what, table->name);
            strcat(what, ".");
            strcat(what, field->name);
            strcat(what, " is out of range");
            rs_state_refuse(reader, RS_ERR_PARSE, what);
            return;
        }
    }
}
