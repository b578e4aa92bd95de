/* Writing a state: sections and blocks. */
#include "core/state/state_internal.h"

#include <stdlib.h>

struct rs_state_writer {
    rs_state_out_t out;
    int status;                      /* the first failure */
    uint16_t section;
    uint32_t used;                   /* bytes of the block at hand */
    uint32_t plan_count;
    rs__plan_t plans[RS_STATE_MAX_TABLES];
    unsigned char fields[RS_STATE_ITEM_BYTES];
    unsigned char packed[RS_STATE_ITEM_BYTES / 64 + RS_STATE_ITEM_BYTES];
    /* The checksum before, the block's head and bytes, and its own checksum: in one piece, as they are hashed and written. */
    unsigned char block[RS__CHECKSUM_BYTES + RS__BLOCK_HEAD_BYTES + RS_STATE_BLOCK_BYTES + RS__CHECKSUM_BYTES];
};

static void hand_out(rs_state_writer_t *writer, const void *bytes, size_t len) {
    if (writer->status == RS_OK) writer->status = writer->out.write(writer->out.context, bytes, len);
}

/* `before` is where the checksum before stands, followed by `len` bytes that go out; their checksum follows them. */
static void hand_out_sealed(rs_state_writer_t *writer, size_t len) {
    unsigned char *bytes = writer->block + RS__CHECKSUM_BYTES;
    rs__put_checksum(bytes + len, rs_hash128(writer->block, RS__CHECKSUM_BYTES + len, 0));
    hand_out(writer, bytes, len + RS__CHECKSUM_BYTES);
    memcpy(writer->block, bytes + len, RS__CHECKSUM_BYTES);
}

static void end_block(rs_state_writer_t *writer, bool last) {
    unsigned char *head = writer->block + RS__CHECKSUM_BYTES;
    rs__put_le(head, writer->used, 4);
    rs__put_le(head + 4, writer->section, 2);
    rs__put_le(head + 6, last, 2);
    hand_out_sealed(writer, RS__BLOCK_HEAD_BYTES + writer->used);
    writer->used = 0;
}

int rs_state_writer_create(const rs_state_out_t *out, rs_state_writer_t **writer_out) {
    rs_state_writer_t *writer = calloc(1, sizeof *writer);
    if (writer == NULL) return RS_ERR_MEMORY;
    writer->out = *out;
    unsigned char *header = writer->block + RS__CHECKSUM_BYTES;
    memcpy(header, RS__MAGIC, 8);
    rs__put_le(header + 8, RS_STATE_FORMAT, 4);
    rs__put_le(header + 12, RS_STATE_VERSION, 4);
    hand_out_sealed(writer, RS__HEADER_BYTES);
    *writer_out = writer;
    return RS_OK;
}

void rs_state_writer_destroy(rs_state_writer_t **writer_ref) {
    rs_state_writer_t *writer = *writer_ref;
    if (writer == NULL) return;
    for (uint32_t i = 0; i < RS_STATE_MAX_TABLES; i++) rs__plan_end(&writer->plans[i]);
    free(writer);
    *writer_ref = NULL;
}

void rs_state_fail(rs_state_writer_t *writer, int status) {
    if (writer->status == RS_OK) writer->status = status;
}

int rs_state_finish(rs_state_writer_t *writer, rs_hash128_t *hash) {
    RS_REQUIRE(writer->used == 0);
    end_block(writer, false);
    *hash = rs__checksum_of(writer->block);
    return writer->status;
}

/* --- numbers ---------------------------------------------------------------------------------------------------------- */
void rs_state_put_bytes(rs_state_writer_t *writer, const void *bytes, size_t len) {
    const unsigned char *from = bytes;
    while (len > 0 && writer->status == RS_OK) {
        if (writer->used == RS_STATE_BLOCK_BYTES) end_block(writer, false);
        const size_t room = RS_STATE_BLOCK_BYTES - writer->used, part = len < room ? len : room;
        memcpy(writer->block + RS__CHECKSUM_BYTES + RS__BLOCK_HEAD_BYTES + writer->used, from, part);
        writer->used += (uint32_t)part;
        from += part;
        len -= part;
    }
}

static void put_number(rs_state_writer_t *writer, uint64_t number, unsigned width) {
    unsigned char bytes[8];
    rs__put_le(bytes, number, width);
    rs_state_put_bytes(writer, bytes, width);
}

void rs_state_put_u8(rs_state_writer_t *writer, uint8_t number) { put_number(writer, number, 1); }
void rs_state_put_u32(rs_state_writer_t *writer, uint32_t number) { put_number(writer, number, 4); }
void rs_state_put_u64(rs_state_writer_t *writer, uint64_t number) { put_number(writer, number, 8); }

void rs_state_put_text(rs_state_writer_t *writer, rs_str_t text) {
    RS_REQUIRE(text.len <= UINT8_MAX);
    rs_state_put_u8(writer, (uint8_t)text.len);
    rs_state_put_bytes(writer, text.data, text.len);
}

/* --- sections --------------------------------------------------------------------------------------------------------- */
static void put_table(rs_state_writer_t *writer, const rs_state_table_t *table) {
    uint32_t saved = 0;
    for (uint32_t i = 0; i < table->field_count; i++) saved += table->fields[i].kind != RS_STATE_NOT_SAVED;
    RS_REQUIRE(saved <= RS_STATE_MAX_FIELDS && strlen(table->name) <= RS_STATE_NAME_BYTES);
    rs_state_put_text(writer, rs_str(table->name));
    rs_state_put_u32(writer, saved);
    for (uint32_t i = 0; i < table->field_count; i++) {
        const rs_state_field_t *field = &table->fields[i];
        if (field->kind == RS_STATE_NOT_SAVED) continue;
        RS_REQUIRE(strlen(field->name) <= RS_STATE_NAME_BYTES);
        rs_state_put_text(writer, rs_str(field->name));
        rs_state_put_u8(writer, field->kind);
        rs_state_put_u8(writer, field->width);
        rs_state_put_u32(writer, field->count);
    }
}

void rs_state_begin_section(rs_state_writer_t *writer, const rs_state_part_t *part) {
    rs_state_put_text(writer, rs_str(part->name));
    rs_state_put_u32(writer, part->version);
    rs_state_put_u32(writer, part->table_count);
    for (uint32_t i = 0; i < part->table_count; i++) {
        rs__plan_end(&writer->plans[i]);
        const int status = rs__plan_own(&writer->plans[i], part->tables[i]);
        if (status != RS_OK) rs_state_fail(writer, status);
        put_table(writer, part->tables[i]);
    }
    writer->plan_count = part->table_count;
}

void rs_state_end_section(rs_state_writer_t *writer) {
    end_block(writer, true);
    writer->section++;
}

/* --- items ------------------------------------------------------------------------------------------------------------ */
static const rs__plan_t *plan_of(const rs_state_writer_t *writer, const rs_state_table_t *table) {
    uint32_t i = 0;
    while (i < writer->plan_count && writer->plans[i].table != table) i++;
    RS_REQUIRE(i < writer->plan_count);
    return &writer->plans[i];
}

/* 8 bytes that are all 0 are left out. */
static size_t pack(const unsigned char *fields, uint32_t field_bytes, unsigned char *packed) {
    const uint32_t words = (field_bytes + 7) / 8, mask_bytes = (words + 7) / 8;
    size_t end = mask_bytes;
    memset(packed, 0, mask_bytes);
    for (uint32_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, fields + (size_t)i * 8, 8);
        if (word == 0) continue;
        packed[i / 8] |= (unsigned char)(1u << (i % 8));
        memcpy(packed + end, &word, 8);
        end += 8;
    }
    return end;
}

void rs_state_put_item(rs_state_writer_t *writer, const rs_state_table_t *table, const void *item) {
    if (writer->status != RS_OK) return;
    const rs__plan_t *plan = plan_of(writer, table);
    const uint32_t last_word = plan->field_bytes / 8 * 8;
    if (last_word < plan->field_bytes) memset(writer->fields + last_word, 0, 8);
    rs__plan_encode(plan, item, writer->fields);
    rs_state_put_bytes(writer, writer->packed, pack(writer->fields, plan->field_bytes, writer->packed));
}

static void put_in_form(rs_state_writer_t *writer, const rs_state_table_t *table, const void *item, const rs_state_form_t *form) {
    _Alignas(64) unsigned char saved[RS_STATE_FORM_BYTES];
    RS_REQUIRE(table->item_bytes <= sizeof saved);
    memset(saved, 0, table->item_bytes);
    form->save(form->context, item, saved);
    rs_state_put_item(writer, table, saved);
}

void rs_state_put_pool(rs_state_writer_t *writer, const rs_state_table_t *table, const rs_pool_t *pool) {
    rs_state_put_pool_as(writer, table, pool, NULL);
}

void rs_state_put_pool_as(rs_state_writer_t *writer, const rs_state_table_t *table, const rs_pool_t *pool, const rs_state_form_t *form) {
    rs_state_claims_t claims;
    const int status = rs_state_claims_begin(&claims, pool);
    if (status != RS_OK) {
        rs_state_fail(writer, status);
        rs_state_claims_end(&claims);
        return;
    }
    rs_state_put_u32(writer, pool->made);
    rs_state_put_u32(writer, pool->made - pool->live);
    uint32_t number = pool->free_head;
    while (number != 0) {
        rs_state_put_u32(writer, number);
        memcpy(&number, rs_pool_at(pool, number), sizeof number);
    }
    for (number = 1; number <= pool->made; number++) {
        if (rs_state_is_free(&claims, number)) continue;
        if (form == NULL) rs_state_put_item(writer, table, rs_pool_at(pool, number));
        else put_in_form(writer, table, rs_pool_at(pool, number), form);
    }
    rs_state_claims_end(&claims);
}
