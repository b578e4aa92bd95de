/* A customer who was erased goes on under another pseudonym: the same records, found by another key. */
#include "core/fcr/fcr.h"

/* All of one customer, in chains, from the newest start on. */
static uint32_t collect(const rs_fcr_t *fcr, rs_fcr_key_t key, uint32_t numbers[RS_FCR_CHAIN_MAX]) {
    uint32_t count = 0;
    for (uint32_t next = rs_fcr_first(&fcr->tables, key); next != 0 && count < RS_FCR_CHAIN_MAX;) {
        const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, next);
        if (rs_fcr_same_customer(record, key)) numbers[count++] = next;
        next = rs_fcr_next(record);
    }
    return count;
}

/* What the scope asks for stands in the lower bits by exclusive or (rs_fcr_key), so it stays through the change of the customer's. */
static uint64_t turned(const rs_fcr_record_t *record, rs_fcr_key_t from, rs_fcr_key_t to) { return record->customer ^ from.bits ^ to.bits; }

/* In the same order: one that is put in stands before those that started with it. */
static uint32_t move_chains(rs_fcr_t *fcr, rs_fcr_key_t from, rs_fcr_key_t to) {
    uint32_t numbers[RS_FCR_CHAIN_MAX];
    const uint32_t count = collect(fcr, from, numbers);
    for (uint32_t i = 0; i < count; i++) rs_fcr_unlink(&fcr->tables, numbers[i]);
    for (uint32_t i = count; i-- > 0;) {
        const rs_fcr_key_t key = {.bucket = to.bucket, .bits = turned(rs_fcr_record_at(&fcr->tables, numbers[i]), from, to)};
        rs_fcr_link(&fcr->tables, numbers[i], key);
    }
    return count;
}

/* Those stand in no chain; their link says the bucket. */
static uint32_t move_settled(rs_fcr_t *fcr, rs_fcr_key_t from, rs_fcr_key_t to) {
    uint32_t count = 0;
    for (uint32_t number = 1; number <= fcr->tables.records.made; number++) {
        rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
        if (!record->used || !record->settled || record->next != (RS_FCR_END | from.bucket) || !rs_fcr_same_customer(record, from)) {
            continue;
        }
        record->customer = turned(record, from, to) & ((UINT64_C(1) << 40) - 1);
        record->next = RS_FCR_END | to.bucket;
        count++;
    }
    return count;
}

static uint32_t rename_listed(rs_fcr_t *fcr, rs_fcr_key_t from, rs_fcr_key_t to, const rs_hash128_t *name, const rs_hash128_t *other) {
    uint32_t count = 0;
    for (uint32_t number = 1; number <= fcr->tenants.made; number++) {
        rs_fcr_tenant_t *tenant = rs_pool_at(&fcr->tenants, number);
        for (uint32_t i = 0; i < RS_FCR_REPEATERS; i++) {   /* also what was listed and is not any more */
            rs_fcr_listed_t *listed = &tenant->listed[i];
            if (memcmp(&listed->shown.customer, name, sizeof *name) != 0) continue;
            listed->shown.customer = *other;
            count++;
            if (listed->bucket != from.bucket || listed->bits != (uint32_t)(from.bits >> RS_FCR_SCOPE_BITS)) continue;
            listed->bucket = to.bucket;
            listed->bits = (uint32_t)(to.bits >> RS_FCR_SCOPE_BITS);
        }
    }
    return count;
}

uint64_t rs_fcr_rename(rs_fcr_t *fcr, uint32_t tenant, const rs_hash128_t *customer, const rs_hash128_t *other) {
    if (!fcr->on) return 0;
    const rs_fcr_key_t from = rs_fcr_key(&fcr->tables, tenant, customer, false, 0);
    const rs_fcr_key_t to = rs_fcr_key(&fcr->tables, tenant, other, false, 0);
    /* Somebody else has the new key: a chance of one in a million. Those of the old one stay apart from him and are let go in their
     * time. */
    const bool is_taken = rs__fcr_count_customer(fcr, to) != 0;
    uint64_t count = is_taken ? 0 : move_chains(fcr, from, to) + move_settled(fcr, from, to);
    return count + rename_listed(fcr, from, is_taken ? from : to, customer, other);
}
