#include "core/fcr/record.h"

#include <stdlib.h>

enum { FEW_BUCKETS = 64, MOST_CONTACTS = 127 };
#define LOW_BITS(value, bits) ((value) & ((UINT64_C(1) << (bits)) - 1))   /* as the compiler wants it for a field of so many */
static const int64_t LONGEST_US = (INT64_C(1) << 44) - 1, LONGEST_S = (INT64_C(1) << 24) - 1;

int rs_fcr_tables_init(rs_fcr_tables_t *tables, uint32_t max_records) {
    RS_REQUIRE(max_records < RS_FCR_END / 2);
    uint64_t buckets = FEW_BUCKETS;
    while (buckets < max_records) buckets *= 2;
    *tables = (rs_fcr_tables_t){.mask = (uint32_t)(buckets - 1)};
    tables->customers = calloc(buckets, sizeof *tables->customers);
    tables->journeys = calloc(buckets, sizeof *tables->journeys);
    if (tables->customers == NULL || tables->journeys == NULL ||
        rs_pool_init(&tables->records, sizeof(rs_fcr_record_t), max_records) != RS_OK) {
        rs_fcr_tables_deinit(tables);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_fcr_tables_deinit(rs_fcr_tables_t *tables) {
    free(tables->customers);
    free(tables->journeys);
    rs_pool_deinit(&tables->records);
    *tables = (rs_fcr_tables_t){0};
}

uint64_t rs_fcr_tables_bytes(const rs_fcr_tables_t *tables) {
    return rs_pool_bytes(&tables->records) + 2 * sizeof *tables->customers * ((uint64_t)tables->mask + 1);
}

/* --- by customer ---------------------------------------------------------------------------------------------------- */
rs_fcr_key_t rs_fcr_key(const rs_fcr_tables_t *tables, uint32_t tenant, const rs_hash128_t *customer, bool scoped, uint64_t scope) {
    const uint64_t hash = rs_hash_mix(customer->low ^ rs_hash_mix(customer->high + tenant * UINT64_C(0x9e3779b97f4a7c15)));
    const uint64_t ones = (UINT64_C(1) << RS_FCR_SCOPE_BITS) - 1;
    const uint64_t low = hash >> 24 ^ (scoped ? rs_hash_mix(scope + 1) : 0);   /* apart again by another exclusive or: rename.c */
    return (rs_fcr_key_t){.bucket = (uint32_t)hash & tables->mask, .bits = hash >> 44 << RS_FCR_SCOPE_BITS | (low & ones)};
}

rs_fcr_key_t rs_fcr_key_of(const rs_fcr_tables_t *tables, const rs_fcr_record_t *record) {
    uint32_t next = record->next;
    while ((next & RS_FCR_END) == 0) next = rs_fcr_record_at(tables, next)->next;
    return (rs_fcr_key_t){.bucket = next & ~RS_FCR_END, .bits = record->customer};
}

uint32_t rs_fcr_first(const rs_fcr_tables_t *tables, rs_fcr_key_t key) { return tables->customers[key.bucket]; }

/* Behind all of its customer that started later; records that start together stand in any order. */
void rs_fcr_link(rs_fcr_tables_t *tables, uint32_t number, rs_fcr_key_t key) {
    rs_fcr_record_t *record = rs_fcr_record_at(tables, number);
    uint32_t after = 0, next = tables->customers[key.bucket];
    record->customer = LOW_BITS(key.bits, 40);
    for (; next != 0; next = rs_fcr_next(rs_fcr_record_at(tables, next))) {
        const rs_fcr_record_t *other = rs_fcr_record_at(tables, next);
        if (!rs_fcr_same_customer(other, key)) continue;
        if (other->start_us <= record->start_us) break;
        after = next;
    }
    if (after == 0) {
        const uint32_t head = tables->customers[key.bucket];
        record->next = head != 0 ? head : RS_FCR_END | key.bucket;
        tables->customers[key.bucket] = number;
    } else {
        rs_fcr_record_t *before = rs_fcr_record_at(tables, after);
        record->next = before->next;
        before->next = number;
    }
}

void rs_fcr_unlink(rs_fcr_tables_t *tables, uint32_t number) {
    rs_fcr_record_t *record = rs_fcr_record_at(tables, number);
    const uint32_t bucket = rs_fcr_key_of(tables, record).bucket;
    uint32_t before = 0, at = tables->customers[bucket];
    while (at != number) {
        before = at;
        at = rs_fcr_next(rs_fcr_record_at(tables, at));
        RS_REQUIRE(at != 0);
    }
    if (before != 0) rs_fcr_record_at(tables, before)->next = record->next;
    else tables->customers[bucket] = rs_fcr_next(record);
    record->next = RS_FCR_END | bucket;
}

/* --- by id ---------------------------------------------------------------------------------------------------------- */
static uint32_t id_bits(rs_hash128_t id) { return (uint32_t)id.high; }

uint32_t rs_fcr_named(const rs_fcr_tables_t *tables, rs_hash128_t id) {
    uint32_t at = tables->journeys[(uint32_t)id.low & tables->mask];
    while (at != 0) {
        const rs_fcr_record_t *record = rs_fcr_record_at(tables, at);
        if (record->journey == id_bits(id)) return at;
        at = (record->journey_next & RS_FCR_END) != 0 ? 0 : record->journey_next;
    }
    return 0;
}

void rs_fcr_unname(rs_fcr_tables_t *tables, uint32_t number) {
    rs_fcr_record_t *record = rs_fcr_record_at(tables, number);
    if (!record->named) return;
    uint32_t next = record->journey_next;
    while ((next & RS_FCR_END) == 0) next = rs_fcr_record_at(tables, next)->journey_next;
    const uint32_t bucket = next & ~RS_FCR_END;
    uint32_t before = 0, at = tables->journeys[bucket];
    while (at != number) {
        before = at;
        at = rs_fcr_record_at(tables, at)->journey_next;
        RS_REQUIRE((at & RS_FCR_END) == 0);
    }
    if (before != 0) rs_fcr_record_at(tables, before)->journey_next = record->journey_next;
    else tables->journeys[bucket] = (record->journey_next & RS_FCR_END) != 0 ? 0 : record->journey_next;
    record->named = 0;
}

void rs_fcr_name(rs_fcr_tables_t *tables, uint32_t number, rs_hash128_t id) {
    const uint32_t had = rs_fcr_named(tables, id), bucket = (uint32_t)id.low & tables->mask;
    if (had != 0) rs_fcr_unname(tables, had);
    rs_fcr_record_t *record = rs_fcr_record_at(tables, number);
    record->journey = id_bits(id);
    record->journey_next = tables->journeys[bucket] != 0 ? tables->journeys[bucket] : RS_FCR_END | bucket;
    record->named = 1;
    tables->journeys[bucket] = number;
}

bool rs_fcr_is_of(const rs_fcr_tables_t *tables, uint32_t number, rs_hash128_t id) {
    const rs_fcr_record_t *record = rs_fcr_record_at(tables, number);
    return record->used && record->live && record->named && record->journey == id_bits(id);
}

/* --- its contents --------------------------------------------------------------------------------------------------- */
static uint64_t cut(int64_t value, int64_t longest) { return (uint64_t)(value < 0 ? 0 : value > longest ? longest : value); }
static int64_t whole_seconds(int64_t us) { return us / RS_US_PER_S; }   /* no time is before 1970 */

void rs_fcr_pack(rs_fcr_record_t *record, const rs_outline_t *outline, uint32_t queue_key, bool never) {
    const int64_t start_us = outline->started_us;
    record->start_us = LOW_BITS(cut(start_us, (INT64_C(1) << 53) - 1), 53);
    record->end_after_us = LOW_BITS(cut(rs_outline_end(outline) - start_us, LONGEST_US), 44);
    record->has_end = outline->ended_us != INT64_MIN;
    record->handled = outline->handled;
    record->contacts = LOW_BITS(outline->contacts > MOST_CONTACTS ? MOST_CONTACTS : outline->contacts, 7);
    record->disposition = LOW_BITS(outline->disposition, 2);
    record->survey = LOW_BITS(outline->survey, 2);
    record->reopened = outline->reopened;
    record->never = never;
    record->queue_key = LOW_BITS(queue_key, 24);
    record->channel = LOW_BITS(outline->channel, 3);
    if (!outline->handled) return;
    record->answer_after_us = LOW_BITS(cut(outline->answered_us - start_us, LONGEST_US), 44);
    record->enter_after_s = LOW_BITS(cut(whole_seconds(outline->entered_us) - whole_seconds(start_us), LONGEST_S), 24);
    record->agent = LOW_BITS(outline->agent, 24);
    record->team_low = LOW_BITS(outline->team, 16);
    record->team_high = LOW_BITS(outline->team >> 16, 8);
}

int64_t rs_fcr_enter(const rs_fcr_record_t *record) {
    return (whole_seconds(rs_fcr_start(record)) + (int64_t)record->enter_after_s) * RS_US_PER_S;
}

void rs_fcr_unpack(const rs_fcr_record_t *record, rs_outline_t *outline) {
    rs_outline_init(outline);
    outline->recalled = outline->took_place = true;
    outline->started_us = rs_fcr_start(record);
    outline->last_us = rs_fcr_end(record);
    if (record->has_end) outline->ended_us = rs_fcr_end(record);
    outline->contacts = record->contacts;
    outline->disposition = record->disposition;
    outline->survey = record->survey;
    outline->disposition_us = outline->survey_us = outline->reopened_us = INT64_MIN;   /* whatever comes now was said later */
    outline->reopened = record->reopened;
    outline->channel = record->channel;
    outline->handled = record->handled;
    if (!record->handled) return;
    outline->answered_us = rs_fcr_answer(record);
    outline->entered_us = rs_fcr_enter(record);
    outline->agent = (uint32_t)record->agent;
    outline->team = rs_fcr_team(record);
}
