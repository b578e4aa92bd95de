/* Reading a state: every block is checked before a byte of it is used. */
#include "core/state/state_internal.h"

#include <stdlib.h>

struct rs_state_reader {
    rs_state_in_t in;
    int status;                      /* the first failure */
    char what[192];
    bool in_section, ended;
    uint16_t section;                /* of the block at hand */
    bool is_last;                    /* block of its section */
    uint32_t used, at;               /* bytes of the block at hand, and how many were read */
    const rs_state_part_t *part;
    uint32_t section_version;
    uint32_t plan_count;
    rs__plan_t plans[RS_STATE_MAX_TABLES];
    unsigned char fields[RS_STATE_ITEM_BYTES], packed[RS_STATE_ITEM_BYTES];
    unsigned char block[RS__CHECKSUM_BYTES + RS__BLOCK_HEAD_BYTES + RS_STATE_BLOCK_BYTES + RS__CHECKSUM_BYTES];
};

void rs_state_refuse(rs_state_reader_t *reader, int status, const char *what) {
    if (reader->status != RS_OK) return;
    reader->status = status;
    const size_t len = strlen(what) < sizeof reader->what ? strlen(what) : sizeof reader->what - 1;
    memcpy(reader->what, what, len);
    reader->what[len] = '\0';
}

static void damaged(rs_state_reader_t *reader, const char *what) { rs_state_refuse(reader, RS_ERR_PARSE, what); }

int rs_state_status(const rs_state_reader_t *reader) { return reader->status; }
bool rs_state_is_good(const rs_state_reader_t *reader) { return reader->status == RS_OK; }
const char *rs_state_what(const rs_state_reader_t *reader) { return reader->what; }
uint32_t rs_state_section_version(const rs_state_reader_t *reader) { return reader->section_version; }
rs_hash128_t rs_state_hash_read(const rs_state_reader_t *reader) { return rs__checksum_of(reader->block); }

/* --- blocks ----------------------------------------------------------------------------------------------------------- */
static bool fetch(rs_state_reader_t *reader, unsigned char *bytes, size_t len) {
    while (len > 0 && reader->status == RS_OK) {
        size_t got = 0;
        const int status = reader->in.read(reader->in.context, bytes, len, &got);
        if (status != RS_OK) rs_state_refuse(reader, status, "the state cannot be read");
        else if (got == 0) damaged(reader, "the state is cut short");
        else if (got > len) rs_state_refuse(reader, RS_ERR_INVALID, "more was read than asked for");
        bytes += got;
        len -= got <= len ? got : len;
    }
    return reader->status == RS_OK;
}

/* Fetches the checksum that follows `len` bytes and holds it against them. */
static bool fetch_seal(rs_state_reader_t *reader, size_t len, const char *otherwise) {
    unsigned char *seal = reader->block + RS__CHECKSUM_BYTES + len, expected[RS__CHECKSUM_BYTES];
    if (!fetch(reader, seal, RS__CHECKSUM_BYTES)) return false;
    rs__put_checksum(expected, rs_hash128(reader->block, RS__CHECKSUM_BYTES + len, 0));
    if (memcmp(seal, expected, sizeof expected) != 0) damaged(reader, otherwise);
    memcpy(reader->block, expected, sizeof expected);
    return reader->status == RS_OK;
}

static bool fetch_block(rs_state_reader_t *reader) {
    unsigned char *head = reader->block + RS__CHECKSUM_BYTES;
    reader->used = reader->at = 0;
    if (reader->ended || !fetch(reader, head, RS__BLOCK_HEAD_BYTES)) return false;
    const uint64_t len = rs__get_le(head, 4), section = rs__get_le(head + 4, 2), last = rs__get_le(head + 6, 2);
    if (len > RS_STATE_BLOCK_BYTES) damaged(reader, "a block is longer than blocks are");
    if (!fetch(reader, head + RS__BLOCK_HEAD_BYTES, reader->status == RS_OK ? (size_t)len : 0)) return false;
    if (!fetch_seal(reader, RS__BLOCK_HEAD_BYTES + (size_t)len, "a block is damaged")) return false;
    if (section != reader->section || last > 1) damaged(reader, "a block stands in the wrong place");
    reader->used = (uint32_t)len;
    reader->is_last = last == 1;
    reader->ended = len == 0;
    if (reader->ended && (reader->in_section || reader->is_last)) damaged(reader, "the state ends inside a section");
    return reader->status == RS_OK;
}

int rs_state_reader_create(const rs_state_in_t *in, rs_state_reader_t **reader_out) {
    rs_state_reader_t *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return RS_ERR_MEMORY;
    *reader_out = reader;
    reader->in = *in;
    unsigned char *header = reader->block + RS__CHECKSUM_BYTES;
    if (!fetch(reader, header, RS__HEADER_BYTES)) return RS_OK;
    if (memcmp(header, RS__MAGIC, 8) != 0) damaged(reader, "this is no state of ringside");
    const uint64_t format = rs__get_le(header + 8, 4), version = rs__get_le(header + 12, 4);
    if (!rs_state_is_good(reader) || !fetch_seal(reader, RS__HEADER_BYTES, "the header is damaged")) return RS_OK;
    if (format != RS_STATE_FORMAT || version > RS_STATE_VERSION) {
        rs_state_refuse(reader, RS_ERR_VERSION, "the state was written by a newer program than this one");
    } else if (version == 0) {
        damaged(reader, "the state has no version");
    }
    return RS_OK;
}

void rs_state_reader_destroy(rs_state_reader_t **reader_ref) {
    rs_state_reader_t *reader = *reader_ref;
    if (reader == NULL) return;
    for (uint32_t i = 0; i < RS_STATE_MAX_TABLES; i++) rs__plan_end(&reader->plans[i]);
    free(reader);
    *reader_ref = NULL;
}

/* --- numbers ---------------------------------------------------------------------------------------------------------- */
void rs_state_get_bytes(rs_state_reader_t *reader, void *bytes, size_t len) {
    unsigned char *to = bytes;
    while (len > 0 && reader->status == RS_OK) {
        if (reader->at == reader->used) {
            if (reader->is_last) damaged(reader, "a section is too short");
            else (void)fetch_block(reader);
            continue;
        }
        const size_t left = reader->used - reader->at, part = len < left ? len : left;
        memcpy(to, reader->block + RS__CHECKSUM_BYTES + RS__BLOCK_HEAD_BYTES + reader->at, part);
        reader->at += (uint32_t)part;
        to += part;
        len -= part;
    }
    if (len > 0) memset(to, 0, len);
}

static uint64_t get_number(rs_state_reader_t *reader, unsigned width) {
    unsigned char bytes[8];
    rs_state_get_bytes(reader, bytes, width);
    return rs__get_le(bytes, width);
}

uint8_t rs_state_get_u8(rs_state_reader_t *reader) { return (uint8_t)get_number(reader, 1); }
uint32_t rs_state_get_u32(rs_state_reader_t *reader) { return (uint32_t)get_number(reader, 4); }
uint64_t rs_state_get_u64(rs_state_reader_t *reader) { return get_number(reader, 8); }

uint32_t rs_state_get_count(rs_state_reader_t *reader, uint32_t most) {
    const uint32_t count = rs_state_get_u32(reader);
    if (count <= most) return count;
    damaged(reader, "a number of things is out of range");
    return 0;
}

uint32_t rs_state_get_text(rs_state_reader_t *reader, char text[256]) {
    const uint32_t len = rs_state_get_u8(reader);
    rs_state_get_bytes(reader, text, len);
    text[len] = '\0';
    return rs_state_is_good(reader) ? len : 0;
}

/* --- sections --------------------------------------------------------------------------------------------------------- */
/* Searched from `*next` on, which is then the place behind it: states mostly have this program's own order. */
static const rs_state_field_t *own_field(const rs_state_table_t *table, rs_str_t name, uint32_t *next) {
    for (uint32_t tried = 0; table != NULL && tried < table->field_count; tried++) {
        const rs_state_field_t *field = &table->fields[*next];
        *next = *next + 1 == table->field_count ? 0 : *next + 1;
        if (field->kind != RS_STATE_NOT_SAVED && rs_str_equal(rs_str(field->name), name)) return field;
    }
    return NULL;
}

static bool is_a_field(uint8_t kind, uint8_t width, uint32_t count, uint32_t field_bytes) {
    const bool width_fits = kind == RS_STATE_BOOL     ? width == 1
                            : kind == RS_STATE_DOUBLE ? width == 8
                                                      : width == 1 || width == 2 || width == 4 || width == 8;
    return kind >= RS_STATE_UNSIGNED && kind < RS_STATE_NOT_SAVED && width_fits && count > 0 && count <= RS_STATE_ITEM_BYTES &&
           count * width <= RS_STATE_ITEM_BYTES - field_bytes;
}

/* The file's table of items; `table` is the own one of that name, or NULL. Two fields of one name would move twice. */
static void get_plan(rs_state_reader_t *reader, rs__plan_t *plan, const rs_state_table_t *table) {
    const uint32_t count = rs_state_get_count(reader, RS_STATE_MAX_FIELDS);
    *plan = (rs__plan_t){.table = table, .moves = calloc((size_t)count + 1, sizeof *plan->moves)};
    if (plan->moves == NULL) rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
    uint32_t next = 0;
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        char name[256];
        const uint32_t len = rs_state_get_text(reader, name);
        const uint8_t kind = rs_state_get_u8(reader), width = rs_state_get_u8(reader);
        const uint32_t elements = rs_state_get_u32(reader);
        if (!rs_state_is_good(reader)) return;
        const rs_state_field_t *own = own_field(table, (rs_str_t){.data = name, .len = len}, &next);
        if (!is_a_field(kind, width, elements, plan->field_bytes)) damaged(reader, "a table has a field that is none");
        else if (!rs__plan_add(plan, own, kind, width, elements)) damaged(reader, "a field is of another kind than this program's");
    }
}

static const rs_state_table_t *own_table(const rs_state_part_t *part, rs_str_t name) {
    for (uint32_t i = 0; part != NULL && i < part->table_count; i++) {
        if (rs_str_equal(rs_str(part->tables[i]->name), name)) return part->tables[i];
    }
    return NULL;
}

static void get_tables(rs_state_reader_t *reader) {
    for (uint32_t i = 0; i < RS_STATE_MAX_TABLES; i++) rs__plan_end(&reader->plans[i]);
    reader->plan_count = rs_state_get_count(reader, RS_STATE_MAX_TABLES);
    for (uint32_t i = 0; i < reader->plan_count && rs_state_is_good(reader); i++) {
        char name[256];
        const uint32_t len = rs_state_get_text(reader, name);
        get_plan(reader, &reader->plans[i], own_table(reader->part, (rs_str_t){.data = name, .len = len}));
    }
}

/* To the first block after the section at hand. */
static bool leave_section(rs_state_reader_t *reader) {
    const bool known = reader->part != NULL && reader->section_version == reader->part->version;
    if (known && (reader->at != reader->used || !reader->is_last)) damaged(reader, "a section is too long");
    while (rs_state_is_good(reader) && !reader->is_last) (void)fetch_block(reader);
    reader->in_section = reader->is_last = false;
    reader->section++;
    return rs_state_is_good(reader);
}

bool rs_state_next_section(rs_state_reader_t *reader, const rs_state_part_t *(*find)(rs_str_t name), const rs_state_part_t **part) {
    for (;;) {
        if (!rs_state_is_good(reader) || (reader->in_section && !leave_section(reader))) return false;
        if (!fetch_block(reader)) return false;
        if (reader->ended) {
            size_t more = 0;
            unsigned char byte;
            const int status = reader->in.read(reader->in.context, &byte, 1, &more);
            if (status != RS_OK) rs_state_refuse(reader, status, "the state cannot be read");
            else if (more != 0) damaged(reader, "something follows the state's end");
            return false;
        }
        reader->in_section = true;
        char name[256];
        const uint32_t len = rs_state_get_text(reader, name);
        reader->section_version = rs_state_get_u32(reader);
        if (!rs_state_is_good(reader)) return false;
        *part = reader->part = find((rs_str_t){.data = name, .len = len});
        if (reader->part == NULL) continue;
        if (reader->section_version > reader->part->version) {
            rs_state_refuse(reader, RS_ERR_VERSION, "a part of the state was written by a newer program than this one");
            return false;
        }
        get_tables(reader);
        return rs_state_is_good(reader);
    }
}

/* --- items ------------------------------------------------------------------------------------------------------------ */
static void get_fields(rs_state_reader_t *reader, uint32_t field_bytes) {
    const uint32_t words = (field_bytes + 7) / 8, mask_bytes = (words + 7) / 8;
    unsigned char mask[RS_STATE_ITEM_BYTES / 64];
    uint32_t there = 0, at = 0;
    rs_state_get_bytes(reader, mask, mask_bytes);
    for (uint32_t i = 0; i < words; i++) there += mask[i / 8] >> (i % 8) & 1;
    rs_state_get_bytes(reader, reader->packed, (size_t)there * 8);
    for (uint32_t i = 0; i < words; i++) {
        const bool is_there = (mask[i / 8] >> (i % 8) & 1) != 0;
        if (is_there) memcpy(reader->fields + (size_t)i * 8, reader->packed + (size_t)at++ * 8, 8);
        else memset(reader->fields + (size_t)i * 8, 0, 8);
    }
}

void rs_state_get_item(rs_state_reader_t *reader, const rs_state_table_t *table, void *item) {
    if (!rs_state_is_good(reader)) return;
    uint32_t i = 0;
    while (i < reader->plan_count && reader->plans[i].table != table) i++;
    if (i == reader->plan_count) {
        damaged(reader, "a section lacks a table");
        return;
    }
    get_fields(reader, reader->plans[i].field_bytes);
    if (!rs_state_is_good(reader)) return;
    if (!rs__plan_decode(&reader->plans[i], reader->fields, item)) damaged(reader, "a yes or no is neither");
}

static void refuse_for_limit(rs_state_reader_t *reader, const char *limit) {
    char what[160] = "the state holds more than is allowed now by ";
    strncat(what, limit, sizeof what - strlen(what) - 1);
    rs_state_refuse(reader, RS_ERR_LIMIT, what);
}

static void get_in_form(rs_state_reader_t *reader, const rs_state_table_t *table, void *item, const rs_state_form_t *form) {
    _Alignas(64) unsigned char saved[RS_STATE_FORM_BYTES];
    RS_REQUIRE(table->item_bytes <= sizeof saved);
    memset(saved, 0, table->item_bytes);
    rs_state_get_item(reader, table, saved);
    if (!rs_state_is_good(reader)) return;
    if (!form->restore(form->context, saved, item)) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more than there is room for now");
    }
}

/* Gives the free ones back so that they are taken again in their order. */
static void get_pool_items(rs_state_reader_t *reader, const rs_state_table_t *table, rs_pool_t *pool, const rs_state_form_t *form,
                           uint32_t made, const uint32_t *free_numbers, uint32_t free_count, unsigned char *is_free) {
    for (uint32_t i = 0; i < free_count; i++) {
        const uint32_t number = free_numbers[i];
        if (number == 0 || number > made || (is_free[number / 8] >> (number % 8) & 1) != 0) {
            damaged(reader, "a list of free items is broken");
            return;
        }
        is_free[number / 8] |= (unsigned char)(1u << (number % 8));
    }
    for (uint32_t number = 1; number <= made && rs_state_is_good(reader); number++) {
        if (rs_pool_take(pool) != number) {
            rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
            return;
        }
        if ((is_free[number / 8] >> (number % 8) & 1) != 0) continue;
        if (form == NULL) rs_state_get_item(reader, table, rs_pool_at(pool, number));
        else get_in_form(reader, table, rs_pool_at(pool, number), form);
    }
    for (uint32_t i = free_count; i-- > 0 && rs_state_is_good(reader);) rs_pool_give(pool, free_numbers[i]);
}

/* The list of free numbers, in memory that grows as it comes. */
static uint32_t *get_free_numbers(rs_state_reader_t *reader, uint32_t count) {
    uint32_t *numbers = NULL, room = 0;
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        if (i == room) {
            room = room == 0 ? 1024 : room * 2;
            uint32_t *larger = realloc(numbers, room * sizeof *numbers);
            if (larger == NULL) {
                rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
                return numbers;
            }
            numbers = larger;
        }
        numbers[i] = rs_state_get_u32(reader);
    }
    return numbers;
}

void rs_state_get_pool(rs_state_reader_t *reader, const rs_state_table_t *table, rs_pool_t *pool, const char *limit) {
    rs_state_get_pool_as(reader, table, pool, limit, NULL);
}

void rs_state_get_pool_as(rs_state_reader_t *reader, const rs_state_table_t *table, rs_pool_t *pool, const char *limit,
                          const rs_state_form_t *form) {
    const uint32_t made = rs_state_get_u32(reader), free_count = rs_state_get_u32(reader);
    if (!rs_state_is_good(reader)) return;
    RS_REQUIRE(pool->made == 0);
    if (made > pool->max_items) {
        refuse_for_limit(reader, limit);
        return;
    }
    if (free_count > made) {
        damaged(reader, "a list of free items is broken");
        return;
    }
    uint32_t *free_numbers = get_free_numbers(reader, free_count);
    unsigned char *is_free = calloc((size_t)made / 8 + 1, 1);
    if (is_free == NULL) rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
    if (rs_state_is_good(reader)) get_pool_items(reader, table, pool, form, made, free_numbers, free_count, is_free);
    free(is_free);
    free(free_numbers);
}
