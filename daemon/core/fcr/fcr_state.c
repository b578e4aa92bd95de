/* First-contact resolution as bytes: records by number with their links, from which the heads of all chains are found again; tenants;
 * settings as the configuration that they came from. The buckets are as many as they were when the state was begun, because a
 * customer's is known by its chain alone. */
#include "core/fcr/fcr_state.h"
#include "core/parts_state.h"

#include <stdlib.h>

static const rs_state_field_t fcr_fields[] = {
    RS_STATE_FIELD(rs_fcr_t, on, RS_BOUND_ANY), RS_STATE_REBUILT(rs_fcr_t, tables.records), RS_STATE_REBUILT(rs_fcr_t, tables.customers),
    RS_STATE_REBUILT(rs_fcr_t, tables.journeys), RS_STATE_FIELD(rs_fcr_t, tables.mask, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_t, free, RS_BOUND_RECORD), RS_STATE_FIELD(rs_fcr_t, free_count, RS_BOUND_ANY), RS_STATE_REBUILT(rs_fcr_t, wheel),
    RS_STATE_FIELD(rs_fcr_t, scheduled, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_t, wheel_at, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_fcr_t, evict_at, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_fcr_t, mark_us, RS_BOUND_OR_NONE),
    RS_STATE_REBUILT(rs_fcr_t, keep_us), RS_STATE_REBUILT(rs_fcr_t, settings), RS_STATE_FIELD(rs_fcr_t, current, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_fcr_t, tenants), RS_STATE_REBUILT(rs_fcr_t, tenant_index), RS_STATE_REBUILT(rs_fcr_t, account),
    RS_STATE_REBUILT(rs_fcr_t, names), RS_STATE_FIELD(rs_fcr_t, forgotten, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_t, settled, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_t, reused, RS_BOUND_ANY), RS_STATE_REBUILT(rs_fcr_t, chain), RS_STATE_REBUILT(rs_fcr_t, before),
    RS_STATE_REBUILT(rs_fcr_t, after), RS_STATE_REBUILT(rs_fcr_t, before_count)};
static const rs_state_table_t fcr_table = RS_STATE_TABLE(rs_fcr_t, "fcr", fcr_fields);

static const rs_state_field_t record_fields[] = {
    RS_STATE_FIELD(rs_fcr_saved_record_t, start_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_fcr_saved_record_t, end_after_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_fcr_saved_record_t, answer_after_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_fcr_saved_record_t, enter_after_s, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_fcr_saved_record_t, customer, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_saved_record_t, queue_key, RS_BOUND_KEY),
    RS_STATE_FIELD(rs_fcr_saved_record_t, agent, RS_BOUND_NAME), RS_STATE_FIELD(rs_fcr_saved_record_t, team, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_fcr_saved_record_t, journey, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_saved_record_t, journey_next, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_saved_record_t, next, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_saved_record_t, due_next, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_saved_record_t, due_bucket, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_saved_record_t, channel, RS_BOUND_CHANNEL),
    RS_STATE_FIELD(rs_fcr_saved_record_t, settings, RS_BOUND_FCR_SETTINGS),
    RS_STATE_FIELD(rs_fcr_saved_record_t, disposition, RS_BOUND_SIGNAL),
    RS_STATE_FIELD(rs_fcr_saved_record_t, survey, RS_BOUND_SIGNAL), RS_STATE_FIELD(rs_fcr_saved_record_t, contacts, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_saved_record_t, handled, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_saved_record_t, has_end, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_saved_record_t, reopened, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_saved_record_t, never, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_saved_record_t, matured, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_saved_record_t, alone, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_saved_record_t, repeated, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_saved_record_t, used, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_saved_record_t, live, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_saved_record_t, settled, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_saved_record_t, named, RS_BOUND_ANY)};
static const rs_state_table_t record_table = RS_STATE_TABLE(rs_fcr_saved_record_t, "record", record_fields);

static const rs_state_field_t tenant_fields[] = {
    RS_STATE_FIELD(rs_fcr_tenant_t, tenant, RS_BOUND_NAME), RS_STATE_FIELD(rs_fcr_tenant_t, listed_count, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_tenant_t, contacts, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_tenant_t, customers, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_tenant_t, missed, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_tenant_t, missed_before, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_tenant_t, missed_since_us, RS_BOUND_OR_NONE), RS_STATE_REBUILT(rs_fcr_tenant_t, listed)};
static const rs_state_table_t tenant_table = RS_STATE_TABLE(rs_fcr_tenant_t, "tenant", tenant_fields);

static const rs_state_field_t listed_fields[] = {
    RS_STATE_FIELD(rs_fcr_listed_t, shown.customer.low, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_listed_t, shown.customer.high, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_listed_t, shown.contacts, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_listed_t, shown.at_least, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_fcr_listed_t, bucket, RS_BOUND_ANY), RS_STATE_FIELD(rs_fcr_listed_t, bits, RS_BOUND_ANY)};
static const rs_state_table_t listed_table = RS_STATE_TABLE(rs_fcr_listed_t, "listed", listed_fields);

/* --- a record's bits --------------------------------------------------------------------------------------------------- */
static void unpack(const rs_fcr_record_t *record, rs_fcr_saved_record_t *saved) {
    *saved = (rs_fcr_saved_record_t){
        .start_us = (int64_t)record->start_us, .end_after_us = (int64_t)record->end_after_us,
        .answer_after_us = (int64_t)record->answer_after_us, .enter_after_s = (int64_t)record->enter_after_s, .customer = record->customer,
        .queue_key = (uint32_t)record->queue_key, .agent = (uint32_t)record->agent, .team = rs_fcr_team(record),
        .journey = record->journey, .journey_next = record->journey_next, .next = record->next, .due_next = record->due_next,
        .due_bucket = (uint16_t)record->due_bucket, .channel = (uint8_t)record->channel, .settings = (uint8_t)record->settings,
        .disposition = (uint8_t)record->disposition, .survey = (uint8_t)record->survey, .contacts = (uint8_t)record->contacts,
        .handled = record->handled, .has_end = record->has_end, .reopened = record->reopened, .never = record->never,
        .matured = record->matured, .alone = record->alone, .repeated = record->repeated, .used = record->used, .live = record->live,
        .settled = record->settled, .named = record->named};
}

#define BITS(value, bits) ((uint64_t)(value) & ((UINT64_C(1) << (bits)) - 1))
static void pack(const rs_fcr_saved_record_t *saved, rs_fcr_record_t *record) {
    *record = (rs_fcr_record_t){
        .start_us = BITS(saved->start_us, 53), .end_after_us = BITS(saved->end_after_us, 44),
        .answer_after_us = BITS(saved->answer_after_us, 44), .enter_after_s = BITS(saved->enter_after_s, 24),
        .customer = BITS(saved->customer, 40), .queue_key = BITS(saved->queue_key, 24), .agent = BITS(saved->agent, 24),
        .team_low = BITS(saved->team, 16), .team_high = BITS(saved->team >> 16, 8), .journey = saved->journey,
        .journey_next = saved->journey_next, .next = saved->next, .due_next = saved->due_next, .due_bucket = BITS(saved->due_bucket, 16),
        .channel = BITS(saved->channel, 3), .settings = BITS(saved->settings, 2), .disposition = BITS(saved->disposition, 2),
        .survey = BITS(saved->survey, 2), .contacts = BITS(saved->contacts, 7), .handled = saved->handled, .has_end = saved->has_end,
        .reopened = saved->reopened, .never = saved->never, .matured = saved->matured, .alone = saved->alone,
        .repeated = saved->repeated, .used = saved->used, .live = saved->live, .settled = saved->settled, .named = saved->named};
}

/* --- saving ------------------------------------------------------------------------------------------------------------ */
/* The newest set of policies whose configuration it is, + 1: that which it was given with last. */
static uint32_t generation_of(const rs_core_t *core, const rs_fcr_config_t *config) {
    uint32_t generation = config == NULL ? 0 : core->generation_count;
    while (generation > 0 && &core->generations[generation - 1].config->fcr != config) generation--;
    return generation;
}

static void put_settings(const rs_core_t *core, rs_state_writer_t *writer) {
    for (unsigned i = 0; i < RS_FCR_SETTINGS; i++) {
        const rs_fcr_settings_t *settings = &core->fcr.settings[i];
        const uint32_t generation = generation_of(core, settings->config);
        if (settings->config != NULL && generation == 0) rs_state_fail(writer, RS_ERR_STATE);
        rs_state_put_u32(writer, generation);
        rs_state_put_u32(writer, settings->records);
    }
}

static void put_tenants(const rs_fcr_t *fcr, rs_state_writer_t *writer) {
    rs_state_put_pool(writer, &tenant_table, &fcr->tenants);
    for (uint32_t number = 1; number <= fcr->tenants.made; number++) {
        const rs_fcr_tenant_t *tenant = rs_pool_at(&fcr->tenants, number);
        for (uint32_t i = 0; i < tenant->listed_count; i++) rs_state_put_item(writer, &listed_table, &tenant->listed[i]);
    }
}

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_fcr_t *fcr = &core->fcr;
    rs_state_put_item(writer, &fcr_table, fcr);
    put_settings(core, writer);
    if (!fcr->on) return;
    rs_state_put_u32(writer, fcr->tables.records.made);
    for (uint32_t number = 1; number <= fcr->tables.records.made; number++) {
        rs_fcr_saved_record_t saved;
        unpack(rs_fcr_record_at(&fcr->tables, number), &saved);
        rs_state_put_item(writer, &record_table, &saved);
    }
    put_tenants(fcr, writer);
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
static void get_settings(rs_core_t *core, rs_state_reader_t *reader) {
    for (unsigned i = 0; i < RS_FCR_SETTINGS && rs_state_is_good(reader); i++) {
        const uint32_t generation = rs_state_get_count(reader, core->generation_count);
        const uint32_t records = rs_state_get_u32(reader);
        core->fcr.settings[i] = (rs_fcr_settings_t){.config = generation == 0 ? NULL : &core->generations[generation - 1].config->fcr,
                                                    .records = records};
    }
    const bool has_current = core->fcr.current < RS_FCR_SETTINGS && core->fcr.settings[core->fcr.current].config != NULL;
    if (!has_current) rs_state_refuse(reader, RS_ERR_PARSE, "the settings of first-contact resolution are none");
    else core->contacts.derivation.repeat_window_us = rs_fcr_window(&core->fcr);
}

static bool record_is_right(const rs_core_t *core, const rs_state_bounds_t *bounds, rs_state_reader_t *reader,
                            const rs_fcr_saved_record_t *saved) {
    rs_state_check_item(reader, bounds, &record_table, saved);
    return core->fcr.settings[saved->settings].config != NULL && saved->customer >> 40 == 0 && saved->contacts < 128 &&
           saved->start_us < INT64_C(1) << 53 && saved->end_after_us < INT64_C(1) << 44 && saved->answer_after_us < INT64_C(1) << 44 &&
           saved->enter_after_s < 1 << 24;
}

static void get_records(rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    rs_fcr_t *fcr = &core->fcr;
    const uint32_t count = rs_state_get_u32(reader);
    if (count > fcr->tables.records.max_items) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more than is allowed now by limits.customers");
    }
    for (uint32_t number = 1; number <= count && rs_state_is_good(reader); number++) {
        rs_fcr_saved_record_t saved = {0};
        rs_state_get_item(reader, &record_table, &saved);
        if (!rs_state_is_good(reader)) return;
        if (rs_pool_take(&fcr->tables.records) != number) rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
        else if (saved.settings >= RS_FCR_SETTINGS || !record_is_right(core, bounds, reader, &saved)) {
            rs_state_refuse(reader, RS_ERR_PARSE, "a record of first-contact resolution is out of range");
        } else pack(&saved, rs_fcr_record_at(&fcr->tables, number));
    }
}

static void get_tenants(rs_fcr_t *fcr, rs_state_reader_t *reader) {
    rs_state_get_pool(reader, &tenant_table, &fcr->tenants, "limits.tenants");
    if (fcr->tenants.live != fcr->tenants.made) rs_state_refuse(reader, RS_ERR_PARSE, "a tenant was given back");
    for (uint32_t number = 1; number <= fcr->tenants.made && rs_state_is_good(reader); number++) {
        rs_fcr_tenant_t *tenant = rs_pool_at(&fcr->tenants, number);
        if (tenant->listed_count > RS_FCR_REPEATERS) rs_state_refuse(reader, RS_ERR_PARSE, "too many repeaters are listed");
        for (uint32_t i = 0; i < tenant->listed_count && rs_state_is_good(reader); i++) {
            rs_state_get_item(reader, &listed_table, &tenant->listed[i]);
        }
        rs__fcr_restore_tenant(fcr, number);
    }
}

/* --- chains ------------------------------------------------------------------------------------------------------------ */
/* Records linked to each other: which ones, by which link, and where a bucket begins. A link is a number, or says that it is the
 * last: with RS_FCR_END in it the rest is the bucket; the wheel's says 0. */
typedef struct chains {
    rs_fcr_t *fcr;
    bool (*has)(const rs_fcr_record_t *record);
    uint32_t (*link)(const rs_fcr_record_t *record);
    uint32_t *heads, buckets;
    bool in_wheel;
} chains_t;

static bool stands_in_customer(const rs_fcr_record_t *record) { return record->used && !record->settled; }
static bool stands_in_journey(const rs_fcr_record_t *record) { return record->named; }
static bool stands_in_wheel(const rs_fcr_record_t *record) { return record->due_next != RS_FCR_END; }
static uint32_t next_of_customer(const rs_fcr_record_t *record) { return record->next; }
static uint32_t next_of_journey(const rs_fcr_record_t *record) { return record->journey_next; }
static uint32_t next_in_wheel(const rs_fcr_record_t *record) { return record->due_next; }

static bool is_last(const chains_t *chains, uint32_t link) { return chains->in_wheel ? link == 0 : (link & RS_FCR_END) != 0; }

static bool get_bit(const unsigned char *bits, uint32_t number) { return (bits[number / 8] >> (number % 8) & 1) != 0; }
static void set_bit(unsigned char *bits, uint32_t number) { bits[number / 8] |= (unsigned char)(1u << (number % 8)); }

/* Every record of the kind is led to once at most. */
static bool mark_led_to(const chains_t *chains, unsigned char *led_to) {
    const rs_fcr_tables_t *tables = &chains->fcr->tables;
    for (uint32_t number = 1; number <= tables->records.made; number++) {
        const rs_fcr_record_t *record = rs_fcr_record_at(tables, number);
        const uint32_t link = chains->link(record);
        if (!chains->has(record) || is_last(chains, link)) continue;
        if (link == 0 || link > tables->records.made || get_bit(led_to, link)) return false;
        if (!chains->has(rs_fcr_record_at(tables, link))) return false;
        set_bit(led_to, link);
    }
    return true;
}

/* From one that nothing leads to; *seen counts. */
static bool follow(const chains_t *chains, uint32_t head, uint32_t *seen) {
    const rs_fcr_tables_t *tables = &chains->fcr->tables;
    const uint32_t due_bucket = (uint32_t)rs_fcr_record_at(tables, head)->due_bucket;
    uint32_t link = head, number = head;
    for (; !is_last(chains, link); link = chains->link(rs_fcr_record_at(tables, number))) {
        number = link;
        if (++*seen > tables->records.made) return false;
        if (chains->in_wheel && rs_fcr_record_at(tables, number)->due_bucket != due_bucket) return false;
    }
    const uint32_t bucket = chains->in_wheel ? due_bucket : link & ~RS_FCR_END;
    if (bucket >= chains->buckets || chains->heads[bucket] != 0) return false;
    chains->heads[bucket] = head;
    return true;
}

/* Finds the heads; what is left over would be a circle. */
static bool find_heads(const chains_t *chains) {
    const rs_fcr_tables_t *tables = &chains->fcr->tables;
    unsigned char *led_to = calloc((size_t)tables->records.made / 8 + 1, 1);
    uint32_t seen = 0, all = 0;
    bool right = led_to != NULL && mark_led_to(chains, led_to);
    for (uint32_t number = 1; number <= tables->records.made && right; number++) {
        if (!chains->has(rs_fcr_record_at(tables, number))) continue;
        all++;
        if (!get_bit(led_to, number)) right = follow(chains, number, &seen);
    }
    free(led_to);
    return right && seen == all;
}

/* A settled record stands in no chain; its link still says which bucket its customer has. */
static bool settled_are_right(const rs_fcr_t *fcr) {
    for (uint32_t number = 1; number <= fcr->tables.records.made; number++) {
        const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
        if (!record->used || !record->settled) continue;
        if ((record->next & RS_FCR_END) == 0 || (record->next & ~RS_FCR_END) > fcr->tables.mask) return false;
    }
    return true;
}

static bool free_are_right(const rs_fcr_t *fcr) {
    uint32_t count = 0, used = 0;
    for (uint32_t number = 1; number <= fcr->tables.records.made; number++) used += rs_fcr_record_at(&fcr->tables, number)->used;
    for (uint32_t number = fcr->free; number != 0; count++) {
        if (number > fcr->tables.records.made || count > fcr->tables.records.made) return false;
        if (rs_fcr_record_at(&fcr->tables, number)->used) return false;
        number = rs_fcr_record_at(&fcr->tables, number)->next;
    }
    return count == fcr->free_count && count + used == fcr->tables.records.made;
}

static bool settings_are_right(const rs_fcr_t *fcr) {
    uint32_t records[RS_FCR_SETTINGS] = {0};
    bool right = true;
    for (uint32_t number = 1; number <= fcr->tables.records.made; number++) {
        const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
        records[record->settings] += record->used;
    }
    for (unsigned i = 0; i < RS_FCR_SETTINGS; i++) right = right && records[i] == fcr->settings[i].records;
    return right;
}

static uint32_t count_in_wheel(const rs_fcr_t *fcr) {
    uint32_t count = 0;
    for (uint32_t number = 1; number <= fcr->tables.records.made; number++) {
        count += stands_in_wheel(rs_fcr_record_at(&fcr->tables, number));
    }
    return count;
}

/* A wheel that lags far behind, or is far ahead, would turn for years. */
static bool wheel_is_right(const rs_fcr_t *fcr) {
    const int64_t past_all = (INT64_C(1) << 54) / RS_FCR_WHEEL_STEP_US;
    if (fcr->mark_us != INT64_MIN && (fcr->mark_us < 0 || fcr->mark_us >= INT64_C(1) << 54)) return false;
    if (count_in_wheel(fcr) != fcr->scheduled) return false;
    if (fcr->wheel_at == INT64_MIN) return fcr->scheduled == 0;
    return fcr->wheel_at >= -RS_FCR_WHEEL && fcr->wheel_at < past_all && fcr->evict_at >= -RS_FCR_WHEEL && fcr->evict_at < past_all;
}

/* What is kept of one customer finds room where it is judged. */
static bool customers_are_right(rs_fcr_t *fcr) {
    for (uint32_t number = 1; number <= fcr->tables.records.made; number++) {
        const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
        if (!stands_in_customer(record)) continue;
        if (rs__fcr_count_customer(fcr, rs_fcr_key_of(&fcr->tables, record)) > RS_FCR_CHAIN_MAX) return false;
    }
    return true;
}

static void link_again(rs_fcr_t *fcr, rs_state_reader_t *reader) {
    const chains_t kinds[] = {
        {.fcr = fcr, .has = stands_in_customer, .link = next_of_customer, .heads = fcr->tables.customers, .buckets = fcr->tables.mask + 1},
        {.fcr = fcr, .has = stands_in_journey, .link = next_of_journey, .heads = fcr->tables.journeys, .buckets = fcr->tables.mask + 1},
        {.fcr = fcr, .has = stands_in_wheel, .link = next_in_wheel, .heads = fcr->wheel, .buckets = RS_FCR_WHEEL, .in_wheel = true}};
    bool right = true;
    for (size_t i = 0; i < RS_ARRAY_LEN(kinds); i++) right = right && find_heads(&kinds[i]);
    right = right && settled_are_right(fcr) && free_are_right(fcr) && settings_are_right(fcr) && wheel_is_right(fcr) &&
            customers_are_right(fcr);
    if (!right) rs_state_refuse(reader, RS_ERR_PARSE, "the records of first-contact resolution do not hang together");
}

/* Records are bounded here: their links are followed at once. */
static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_fcr_t *fcr = &core->fcr;
    rs_fcr_t saved = *fcr;
    const uint32_t mask = fcr->tables.mask;
    const rs_state_bounds_t bounds = rs_state_bounds_of(core);
    saved.on = false;
    rs_state_get_item(reader, &fcr_table, &saved);
    if (!rs_state_is_good(reader)) return;
    fcr->current = saved.current;
    get_settings(core, reader);
    if (!rs_state_is_good(reader) || !saved.on) return;
    if (!fcr->on) {
        rs_state_refuse(reader, RS_ERR_STATE, "the state was saved with first-contact resolution (limits.customers) and this has none");
        return;
    }
    memcpy(saved.settings, fcr->settings, sizeof saved.settings);
    *fcr = saved;
    const bool is_mask = fcr->tables.mask >= 63 && (fcr->tables.mask & (fcr->tables.mask + 1)) == 0;
    if (!is_mask) rs_state_refuse(reader, RS_ERR_PARSE, "the buckets of customers are none");
    if (fcr->tables.mask > mask) rs_state_refuse(reader, RS_ERR_LIMIT, "the state was begun with a greater limits.customers");
    if (rs_state_is_good(reader)) get_records(core, reader, &bounds);
    get_tenants(fcr, reader);
    if (rs_state_is_good(reader)) link_again(fcr, reader);
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */
static bool is_a_place(const rs_fcr_t *fcr, uint32_t place) { return place == RS_FCR_GONE || place <= fcr->tables.records.made; }

static bool places_are_right(const rs_core_t *core, const rs_state_claims_t *contacts, const rs_state_claims_t *journeys) {
    bool right = true;
    for (uint32_t number = 1; number <= core->contacts.contacts.made && right; number++) {
        if (!rs_state_is_free(contacts, number)) right = is_a_place(&core->fcr, rs_contacts_at(&core->contacts, number)->resolution);
    }
    for (uint32_t number = 1; number <= core->journeys.pool.made && right; number++) {
        const rs_journey_t *journey = rs_pool_at(&core->journeys.pool, number);
        if (!rs_state_is_free(journeys, number)) right = is_a_place(&core->fcr, journey->resolution);
    }
    return right;
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    rs_state_claims_t contacts = {0}, journeys = {0}, tenants = {0};
    rs_state_check_item(reader, bounds, &fcr_table, &core->fcr);
    if (core->fcr.on && rs_state_check_pool(reader, bounds, &tenant_table, &core->fcr.tenants, &tenants)) {
        int status = rs_state_claims_begin(&contacts, &core->contacts.contacts);
        if (status == RS_OK) status = rs_state_claims_begin(&journeys, &core->journeys.pool);
        if (status != RS_OK) rs_state_refuse(reader, status, "the resolutions cannot be looked at");
        else if (!places_are_right(core, &contacts, &journeys)) rs_state_refuse(reader, RS_ERR_PARSE, "a resolution is of no record");
    }
    rs_state_claims_end(&contacts);
    rs_state_claims_end(&journeys);
    rs_state_claims_end(&tenants);
}

const rs_state_part_t rs_state_fcr_part = {
    .name = "fcr", .version = 1, .table_count = 4, .tables = {&fcr_table, &record_table, &tenant_table, &listed_table},
    .save = save, .load = load, .check = check};
