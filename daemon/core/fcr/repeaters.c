/* How many contacts the remembered customers of a tenant have, and who has most. */
#include "core/fcr/fcr.h"

static rs_fcr_tenant_t *find_tenant(const rs_fcr_t *fcr, uint32_t tenant) {
    const uint64_t hash = rs_hash_mix(tenant);
    uint32_t cursor = rs_index_begin(&fcr->tenant_index, hash), number;
    while ((number = rs_index_next(&fcr->tenant_index, hash, &cursor)) != 0) {
        rs_fcr_tenant_t *found = rs_pool_at(&fcr->tenants, number);
        if (found->tenant == tenant) return found;
    }
    return NULL;
}

void rs__fcr_restore_tenant(rs_fcr_t *fcr, uint32_t number) {
    const rs_fcr_tenant_t *tenant = rs_pool_at(&fcr->tenants, number);
    rs_index_add(&fcr->tenant_index, rs_hash_mix(tenant->tenant), number);
}

static rs_fcr_tenant_t *tenant_at(rs_fcr_t *fcr, uint32_t tenant) {
    rs_fcr_tenant_t *found = find_tenant(fcr, tenant);
    if (found != NULL) return found;
    const uint32_t number = rs_pool_take(&fcr->tenants);
    if (number == 0) return NULL;
    found = rs_pool_at(&fcr->tenants, number);
    found->tenant = tenant;
    rs_index_add(&fcr->tenant_index, rs_hash_mix(tenant), number);
    return found;
}

void rs__fcr_tally_customers(rs_fcr_t *fcr, uint32_t tenant, int delta) {
    rs_fcr_tenant_t *figures = tenant_at(fcr, tenant);
    if (figures != NULL) figures->customers += (uint64_t)(int64_t)delta;
}

uint32_t rs__fcr_count_customer(const rs_fcr_t *fcr, rs_fcr_key_t key) {
    uint32_t count = 0;
    for (uint32_t next = rs_fcr_first(&fcr->tables, key); next != 0;) {
        const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, next);
        count += rs_fcr_same_customer(record, key);
        next = rs_fcr_next(record);
    }
    return count;
}

static uint32_t contacts_of(const rs_fcr_t *fcr, rs_fcr_key_t key, bool *at_least) {
    uint32_t contacts = 0, records = 0;
    for (uint32_t next = rs_fcr_first(&fcr->tables, key); next != 0;) {
        const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, next);
        if (rs_fcr_same_customer(record, key)) {
            contacts += record->contacts;
            records++;
        }
        next = rs_fcr_next(record);
    }
    *at_least = records >= RS_FCR_CHAIN_MAX;
    return contacts;
}

/* --- the list --------------------------------------------------------------------------------------------------------- */
static uint32_t customer_bits(rs_fcr_key_t key) { return (uint32_t)(key.bits >> RS_FCR_SCOPE_BITS); }

static rs_fcr_listed_t *find_listed(rs_fcr_tenant_t *figures, rs_fcr_key_t key) {
    for (uint32_t i = 0; i < figures->listed_count; i++) {
        rs_fcr_listed_t *listed = &figures->listed[i];
        if (listed->bucket == key.bucket && listed->bits == customer_bits(key)) return listed;
    }
    return NULL;
}

static rs_fcr_listed_t *least_listed(rs_fcr_tenant_t *figures) {
    rs_fcr_listed_t *least = &figures->listed[0];
    for (uint32_t i = 1; i < figures->listed_count; i++) {
        if (figures->listed[i].shown.contacts < least->shown.contacts) least = &figures->listed[i];
    }
    return least;
}

/* What found no place a whole window ago, or longer, has been forgotten since, or was offered again. */
static void note_missed(rs_fcr_t *fcr, rs_fcr_tenant_t *figures, uint32_t contacts) {
    const int64_t age_us = fcr->mark_us - figures->missed_since_us, turn_us = rs_fcr_window(fcr) + fcr->keep_us + 2 * RS_US_PER_DAY;
    if (fcr->mark_us != INT64_MIN && (figures->missed_since_us == 0 || age_us > turn_us)) {
        figures->missed_before = figures->missed_since_us != 0 && age_us <= 2 * turn_us ? figures->missed : 0;
        figures->missed = 0;
        figures->missed_since_us = fcr->mark_us;
    }
    if (contacts > figures->missed) figures->missed = contacts;
}

static void offer(rs_fcr_t *fcr, rs_fcr_tenant_t *figures, rs_fcr_key_t key, const rs_hash128_t *customer) {
    bool at_least;
    const uint32_t contacts = contacts_of(fcr, key, &at_least);
    if (contacts < 2) return;
    rs_fcr_listed_t *place = &figures->listed[figures->listed_count];
    if (figures->listed_count == RS_FCR_REPEATERS) {
        place = least_listed(figures);
        note_missed(fcr, figures, contacts < place->shown.contacts ? contacts : place->shown.contacts);
        if (contacts <= place->shown.contacts) return;
    } else {
        figures->listed_count++;
    }
    *place = (rs_fcr_listed_t){.shown = {.customer = *customer, .contacts = contacts, .at_least = at_least}, .bucket = key.bucket,
                               .bits = customer_bits(key)};
}

void rs__fcr_tally(rs_fcr_t *fcr, uint32_t tenant, rs_fcr_key_t key, const rs_hash128_t *customer, int delta) {
    rs_fcr_tenant_t *figures = tenant_at(fcr, tenant);
    if (figures == NULL || delta == 0) return;
    figures->contacts += (uint64_t)(int64_t)delta;
    rs_fcr_listed_t *listed = find_listed(figures, key);
    if (listed == NULL) {
        if (delta > 0 && customer != NULL) offer(fcr, figures, key, customer);
        return;
    }
    listed->shown.contacts = (uint32_t)((int64_t)listed->shown.contacts + delta);
    if (listed->shown.contacts < 2) *listed = figures->listed[--figures->listed_count];
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */
static const rs_fcr_tenant_t *tenant_named(const rs_fcr_t *fcr, rs_str_t name) {
    for (uint32_t number = 1; fcr->on && number <= fcr->tenants.made; number++) {
        const rs_fcr_tenant_t *figures = rs_pool_at(&fcr->tenants, number);
        if (rs_str_equal(rs_names_text(fcr->names, figures->tenant), name)) return figures;
    }
    return NULL;
}

void rs_fcr_rate(const rs_fcr_t *fcr, rs_str_t tenant, uint64_t *contacts, uint64_t *customers) {
    const rs_fcr_tenant_t *figures = tenant_named(fcr, tenant);
    *contacts = figures == NULL ? 0 : figures->contacts;
    *customers = figures == NULL ? 0 : figures->customers;
}

static bool comes_before(const rs_fcr_repeater_t *a, const rs_fcr_repeater_t *b) {
    if (a->contacts != b->contacts) return a->contacts > b->contacts;
    return memcmp(&a->customer, &b->customer, sizeof a->customer) < 0;
}

uint32_t rs_fcr_repeaters(const rs_fcr_t *fcr, rs_str_t tenant, rs_fcr_repeater_t *repeaters, uint32_t max, uint32_t *others_at_most) {
    rs_fcr_repeater_t sorted[RS_FCR_REPEATERS];
    const rs_fcr_tenant_t *figures = tenant_named(fcr, tenant);
    *others_at_most = figures == NULL ? 0 : 1;
    if (figures == NULL) return 0;
    for (uint32_t i = 0; i < figures->listed_count; i++) {
        uint32_t place = i;
        for (; place > 0 && comes_before(&figures->listed[i].shown, &sorted[place - 1]); place--) sorted[place] = sorted[place - 1];
        sorted[place] = figures->listed[i].shown;
    }
    const uint32_t count = figures->listed_count < max ? figures->listed_count : max;
    if (count > 0) memcpy(repeaters, sorted, count * sizeof *repeaters);
    if (figures->missed > *others_at_most) *others_at_most = figures->missed;
    if (figures->missed_before > *others_at_most) *others_at_most = figures->missed_before;
    if (count < figures->listed_count && sorted[count].contacts > *others_at_most) *others_at_most = sorted[count].contacts;
    return count;
}
