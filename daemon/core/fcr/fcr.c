#include "core/fcr/fcr.h"

#include <stdlib.h>

/* --- making and settings --------------------------------------------------------------------------------------------- */
int rs_fcr_init(rs_fcr_t *fcr, const rs_config_t *config, rs_account_t *account) {
    const rs_limits_t *limits = &config->limits;
    *fcr = (rs_fcr_t){.mark_us = INT64_MIN, .wheel_at = INT64_MIN, .keep_us = config->lateness_us + RS_FCR_KEPT_US, .account = account,
                      .names = &account->directory->names, .settings = {{.config = &config->fcr}}};
    if (limits->customers == 0) return RS_OK;
    RS_REQUIRE(fcr->names->max < 1u << 24 && account->directory->max < 1u << 24);   /* what a record has room for */
    fcr->wheel = calloc(RS_FCR_WHEEL, sizeof *fcr->wheel);
    if (fcr->wheel == NULL || rs_fcr_tables_init(&fcr->tables, limits->customers) != RS_OK ||
        rs_pool_init(&fcr->tenants, sizeof(rs_fcr_tenant_t), limits->tenants + 2) != RS_OK ||
        rs_index_init(&fcr->tenant_index, limits->tenants + 2) != RS_OK) {
        rs_fcr_deinit(fcr);
        return RS_ERR_MEMORY;
    }
    fcr->on = true;
    return RS_OK;
}

void rs_fcr_deinit(rs_fcr_t *fcr) {
    free(fcr->wheel);
    rs_fcr_tables_deinit(&fcr->tables);
    rs_pool_deinit(&fcr->tenants);
    rs_index_deinit(&fcr->tenant_index);
    *fcr = (rs_fcr_t){0};
}

uint64_t rs_fcr_bytes(const rs_fcr_t *fcr) {
    if (!fcr->on) return 0;
    return rs_fcr_tables_bytes(&fcr->tables) + RS_FCR_WHEEL * sizeof *fcr->wheel + rs_pool_bytes(&fcr->tenants) +
           rs_index_bytes(&fcr->tenant_index);
}

static bool same_config(const rs_fcr_config_t *a, const rs_fcr_config_t *b) {
    if (a->repeat_window_us != b->repeat_window_us || a->redial_grace_us != b->redial_grace_us || a->scope != b->scope ||
        a->repeat_handled_only != b->repeat_handled_only || a->never_count != b->never_count) return false;
    for (uint32_t i = 0; i < a->never_count; i++) {
        if (!rs_str_equal(a->never_topics[i], b->never_topics[i])) return false;
    }
    return true;
}

/* The place of such settings, or one that is free; RS_FCR_SETTINGS: there is none. */
static uint32_t place_of_settings(const rs_fcr_t *fcr, const rs_fcr_config_t *config) {
    uint32_t place = RS_FCR_SETTINGS;
    for (uint32_t i = 0; i < RS_FCR_SETTINGS; i++) {
        const rs_fcr_settings_t *settings = &fcr->settings[i];
        if (settings->config != NULL && same_config(settings->config, config)) return i;
        if (settings->records == 0 && i != fcr->current) place = i;
    }
    return place;
}

bool rs_fcr_do_without(rs_fcr_t *fcr, const rs_fcr_config_t *gone, const rs_fcr_config_t *other) {
    for (uint32_t i = 0; i < RS_FCR_SETTINGS; i++) {
        rs_fcr_settings_t *settings = &fcr->settings[i];
        if (settings->config != gone) continue;
        if (same_config(gone, other)) settings->config = other;
        else if (settings->records == 0 && i != fcr->current) settings->config = NULL;
        else return false;
    }
    return true;
}

int rs_fcr_can_configure(const rs_fcr_t *fcr, const rs_fcr_config_t *config) {
    return place_of_settings(fcr, config) == RS_FCR_SETTINGS ? RS_ERR_LIMIT : RS_OK;
}

void rs_fcr_configure(rs_fcr_t *fcr, const rs_fcr_config_t *config) {
    const uint32_t place = place_of_settings(fcr, config);
    RS_REQUIRE(place != RS_FCR_SETTINGS);
    fcr->settings[place].config = config;
    fcr->current = place;
}

/* --- records that come and go ---------------------------------------------------------------------------------------- */
static void unlink_record(rs_fcr_t *fcr, uint32_t number) {
    const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    const rs_fcr_key_t key = rs_fcr_key_of(&fcr->tables, record);
    rs_fcr_unlink(&fcr->tables, number);
    if (rs__fcr_count_customer(fcr, key) == 0) rs__fcr_tally_customers(fcr, rs__fcr_tenant_of(fcr, record), -1);
}

static void link_record(rs_fcr_t *fcr, uint32_t number, rs_fcr_key_t key) {
    const uint32_t tenant = rs__fcr_tenant_of(fcr, rs_fcr_record_at(&fcr->tables, number));
    if (rs__fcr_count_customer(fcr, key) == 0) rs__fcr_tally_customers(fcr, tenant, 1);
    rs_fcr_link(&fcr->tables, number, key);
}

void rs__fcr_bury(rs_fcr_t *fcr, uint32_t number) {
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    const rs_fcr_key_t key = rs_fcr_key_of(&fcr->tables, record);
    if (!record->settled) unlink_record(fcr, number);
    rs__fcr_tally(fcr, rs__fcr_tenant_of(fcr, record), key, NULL, -(int)record->contacts);
    rs_fcr_unname(&fcr->tables, number);
    fcr->settings[record->settings].records--;
    record->used = record->live = record->settled = 0;
    record->next = fcr->free;
    fcr->free = number;
    fcr->free_count++;
}

void rs__fcr_forget_group(rs_fcr_t *fcr, const rs_fcr_group_t *group) {
    for (uint32_t i = 0; i < group->count; i++) rs__fcr_bury(fcr, fcr->chain.numbers[group->first + i]);
}

/* Of the customer whose window ends first, what is oldest. False: there is nobody. */
static bool let_one_go(rs_fcr_t *fcr) {
    const uint32_t earliest = rs__fcr_earliest(fcr);
    if (earliest == 0) return false;
    const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, earliest);
    if (record->settled) {
        fcr->forgotten++;
        rs__fcr_bury(fcr, earliest);
        return true;
    }
    rs_fcr_group_t group;
    rs__fcr_load_chain(fcr, rs_fcr_key_of(&fcr->tables, record));
    rs__fcr_group_at(fcr, 0, &group);
    fcr->forgotten += group.count;
    rs__fcr_forget_group(fcr, &group);
    return true;
}

/* 0: there is no room. Only its place in the wheel, if it has one, is kept. */
static uint32_t take_record(rs_fcr_t *fcr) {
    uint32_t number = fcr->free != 0 ? 0 : rs_pool_take(&fcr->tables.records);
    uint32_t due_next = RS_FCR_END;
    if (number == 0) {
        if (fcr->free == 0 && !let_one_go(fcr)) return 0;
        number = fcr->free;
        fcr->free = rs_fcr_record_at(&fcr->tables, number)->next;
        fcr->free_count--;
        due_next = rs_fcr_record_at(&fcr->tables, number)->due_next;
    }
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    const uint16_t due_bucket = (uint16_t)record->due_bucket;
    *record = (rs_fcr_record_t){.used = 1, .live = 1, .settings = fcr->current & 3, .due_bucket = due_bucket, .due_next = due_next};
    fcr->settings[fcr->current].records++;
    return number;
}

/* --- too many of one customer ----------------------------------------------------------------------------------------- */
static void recall_names(const rs_fcr_t *fcr, const rs_fcr_record_t *record, rs_outline_t *outline) {
    rs_fcr_unpack(record, outline);
    if (record->handled) outline->queue = fcr->account->directory->entries[record->queue_key].name;
}

/* Two that are one group become one record, which counts as the two did. */
static void absorb(rs_fcr_t *fcr, uint32_t number, uint32_t other_number) {
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number), *other = rs_fcr_record_at(&fcr->tables, other_number);
    rs_outline_t outlines[2];
    const rs_fcr_record_t *both[2] = {record, other};
    for (int i = 0; i < 2; i++) {
        recall_names(fcr, both[i], &outlines[i]);
        outlines[i].ended_us = rs_fcr_end(both[i]);
        outlines[i].disposition_us = outlines[i].survey_us = rs_fcr_start(both[i]);
    }
    rs_outline_merge(&outlines[0], &outlines[1], 0, fcr->names);
    const bool never = record->never || (other->never && other->start_us == record->start_us);
    const uint32_t queue_key = (uint32_t)(record->handled && !other->handled ? record->queue_key : other->queue_key);
    const bool from_first = record->handled && (!other->handled || outlines[0].answered_us == rs_fcr_answer(record));
    const int contacts = record->contacts;
    rs__fcr_bury(fcr, other_number);
    rs_fcr_pack(record, &outlines[0], from_first ? (uint32_t)record->queue_key : queue_key, never);
    rs__fcr_tally(fcr, rs__fcr_tenant_of(fcr, record), rs_fcr_key_of(&fcr->tables, record), NULL, (int)record->contacts - contacts);
}

/* The oldest of the customer that has a next one in its chain, and so is judged already; without such the oldest of all. */
static uint32_t oldest_of(const rs_fcr_t *fcr, rs_fcr_key_t key) {
    uint64_t chains[RS_FCR_CHAIN_MAX + 1];   /* seen so far, from the newest on */
    uint32_t count = 0, oldest = 0, judged = 0;
    for (uint32_t next = rs_fcr_first(&fcr->tables, key); next != 0;) {
        const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, next);
        if (rs_fcr_same_customer(record, key)) {
            uint32_t seen = 0;
            while (seen < count && chains[seen] != record->customer) seen++;
            if (seen < count) judged = next;
            else if (count <= RS_FCR_CHAIN_MAX) chains[count++] = record->customer;
            oldest = next;
        }
        next = rs_fcr_next(record);
    }
    return judged != 0 ? judged : oldest;
}

static void settle_oldest(rs_fcr_t *fcr, rs_fcr_key_t key) {
    rs_fcr_record_t *oldest = rs_fcr_record_at(&fcr->tables, oldest_of(fcr, key));
    const rs_fcr_key_t its_key = {.bucket = key.bucket, .bits = oldest->customer};
    rs_fcr_group_t group;
    rs__fcr_begin_change(fcr, its_key);
    rs__fcr_group_at(fcr, 0, &group);
    const uint32_t number = fcr->chain.numbers[0];
    if (group.count > 1) {
        absorb(fcr, number, fcr->chain.numbers[1]);
        rs__fcr_end_change(fcr, its_key);
        return;
    }
    oldest->repeated = group.handled != 0 && (fcr->before[0].fact.a_us & RS_FCR_REPEATED) != 0;
    oldest->settled = 1;
    unlink_record(fcr, number);
    fcr->settled++;
}

static void make_room_in_chain(rs_fcr_t *fcr, rs_fcr_key_t key) {
    while (rs__fcr_count_customer(fcr, key) >= RS_FCR_CHAIN_MAX) settle_oldest(fcr, key);
}

/* --- following a journey ----------------------------------------------------------------------------------------------- */
static rs_fcr_key_t key_of_outline(const rs_fcr_t *fcr, const rs_fcr_config_t *config, uint32_t tenant, const rs_outline_t *outline) {
    uint64_t value = 0;
    switch (config->scope) {
        case RS_FCR_TOPIC: value = outline->topic; break;
        case RS_FCR_QUEUE: value = outline->queue; break;
        case RS_FCR_CHANNEL: value = outline->channel; break;
        default: break;
    }
    return rs_fcr_key(&fcr->tables, tenant, &outline->customer, config->scope != RS_FCR_ANY, (uint64_t)config->scope << 32 | value);
}

static bool is_never(const rs_fcr_t *fcr, const rs_fcr_config_t *config, uint32_t topic) {
    if (config->never_count == 0 || topic == 0) return false;
    const rs_str_t text = rs_names_text(fcr->names, topic);
    uint32_t low = 0, high = config->never_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = rs_str_compare(config->never_topics[middle], text);
        if (order == 0) return true;
        if (order < 0) low = middle + 1; else high = middle;
    }
    return false;
}

/* The queue key of the first handling; without one the total key, for the tenant. */
static uint32_t queue_key_of(const rs_fcr_t *fcr, uint32_t tenant, const rs_outline_t *outline) {
    rs_directory_t *directory = fcr->account->directory;
    if (!outline->handled) return rs_directory_key(directory, RS_FAMILY_TOTAL, tenant, 0, 0);
    return rs_directory_key(directory, RS_FAMILY_QUEUE, tenant, outline->queue, outline->channel);
}

static void fill(const rs_fcr_t *fcr, rs_fcr_record_t *record, uint32_t tenant, const rs_outline_t *outline) {
    const bool never = outline->recalled && !outline->topic_is_set ? record->never
                                                                   : is_never(fcr, rs__fcr_config(fcr, record), outline->topic);
    rs_fcr_pack(record, outline, queue_key_of(fcr, tenant, outline), never);
}

static bool counts(const rs_outline_t *outline) {
    return outline->took_place && rs_outline_is_inbound(outline) && (outline->has_customer || outline->recalled);
}

static const rs_hash128_t *pseudonym_of(const rs_outline_t *outline) { return outline->has_customer ? &outline->customer : NULL; }

static void put_into_chain(rs_fcr_t *fcr, uint32_t number, rs_fcr_key_t key, uint32_t tenant, const rs_outline_t *outline) {
    make_room_in_chain(fcr, key);
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    rs__fcr_begin_change(fcr, key);
    fill(fcr, record, tenant, outline);
    link_record(fcr, number, key);
    rs__fcr_hasten(fcr, number, rs_fcr_end(record) + rs__fcr_config(fcr, record)->repeat_window_us);
    rs__fcr_end_change(fcr, key);
    rs__fcr_tally(fcr, tenant, key, pseudonym_of(outline), (int)record->contacts);
}

static void take_from_chain(rs_fcr_t *fcr, uint32_t number, rs_fcr_key_t key) {
    const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    rs__fcr_begin_change(fcr, key);
    unlink_record(fcr, number);
    rs__fcr_end_change(fcr, key);
    rs__fcr_tally(fcr, rs__fcr_tenant_of(fcr, record), key, NULL, -(int)record->contacts);
}

static void begin(rs_fcr_t *fcr, uint32_t *place, uint32_t tenant, rs_hash128_t id, const rs_outline_t *outline) {
    const uint32_t number = take_record(fcr);
    *place = number == 0 ? RS_FCR_GONE : number;
    if (number == 0) return;
    if (rs_fcr_named(&fcr->tables, id) != 0) fcr->reused++;
    rs_fcr_name(&fcr->tables, number, id);
    put_into_chain(fcr, number, key_of_outline(fcr, rs__fcr_config(fcr, rs_fcr_record_at(&fcr->tables, number)), tenant, outline), tenant,
                   outline);
}

static void follow_settled(rs_fcr_t *fcr, uint32_t number, const rs_fcr_record_t *now) {
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    const rs_fcr_key_t key = rs_fcr_key_of(&fcr->tables, record);
    const int delta = (int)now->contacts - (int)record->contacts;
    const int64_t due_us = rs_fcr_end(now) + rs__fcr_config(fcr, now)->repeat_window_us;
    rs__fcr_begin_settled(fcr, record);
    *record = *now;
    if (due_us > fcr->mark_us) record->matured = 0;
    rs__fcr_end_settled(fcr, record);
    rs__fcr_hasten(fcr, number, due_us);
    rs__fcr_tally(fcr, rs__fcr_tenant_of(fcr, record), key, NULL, delta);
}

/* Attribution close has what is counted where the journey ends. */
static bool end_counts(const rs_fcr_t *fcr, const rs_fcr_record_t *record, const rs_fcr_record_t *now) {
    if (!record->handled || !rs_account_closes(fcr->account)) return false;
    return !rs_account_same_place(fcr->account, rs_fcr_end(record), rs_fcr_end(now));
}

/* Most events move the end only, and most customers have one journey in memory: then nobody's figures change. */
static bool only_end_moves(const rs_fcr_t *fcr, const rs_fcr_record_t *record, const rs_fcr_record_t *now) {
    rs_fcr_record_t moved = *record;
    moved.end_after_us = now->end_after_us;
    moved.has_end = now->has_end;
    return record->alone && !record->matured && moved.end_after_us >= record->end_after_us && memcmp(&moved, now, sizeof moved) == 0 &&
           !end_counts(fcr, record, now);
}

static void follow_in_chain(rs_fcr_t *fcr, uint32_t number, rs_fcr_key_t key, const rs_fcr_record_t *now, const rs_outline_t *outline) {
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    const int delta = (int)now->contacts - (int)record->contacts;
    const bool moves = now->start_us != record->start_us;
    if (only_end_moves(fcr, record, now)) {
        *record = *now;
        return;
    }
    rs__fcr_begin_change(fcr, key);
    if (moves) rs_fcr_unlink(&fcr->tables, number);
    const uint32_t next = record->next;
    *record = *now;
    record->next = next;
    if (moves) rs_fcr_link(&fcr->tables, number, key);
    rs__fcr_end_change(fcr, key);
    rs__fcr_tally(fcr, rs__fcr_tenant_of(fcr, record), key, pseudonym_of(outline), delta);
}

void rs_fcr_follow(rs_fcr_t *fcr, uint32_t *place, uint32_t tenant, rs_hash128_t id, const rs_outline_t *outline) {
    if (!fcr->on || *place == RS_FCR_GONE) return;
    if (*place != 0 && !rs_fcr_is_of(&fcr->tables, *place, id)) *place = RS_FCR_GONE;
    if (*place == RS_FCR_GONE) return;
    if (!counts(outline)) {
        rs_fcr_withdraw(fcr, place, id);
        return;
    }
    if (*place == 0 && !outline->has_customer) return;
    if (*place == 0) {
        begin(fcr, place, tenant, id, outline);
        return;
    }
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, *place);
    rs_fcr_record_t now = *record;
    fill(fcr, &now, tenant, outline);
    if (record->settled) {
        follow_settled(fcr, *place, &now);
        return;
    }
    const rs_fcr_key_t had = {.bucket = 0, .bits = record->customer};
    rs_fcr_key_t key = outline->recalled ? had : key_of_outline(fcr, rs__fcr_config(fcr, record), tenant, outline);
    if (memcmp(&now, record, sizeof now) == 0 && key.bits == had.bits) return;
    const rs_fcr_key_t stands = rs_fcr_key_of(&fcr->tables, record);
    if (outline->recalled) key = stands;
    if (key.bits == stands.bits && key.bucket == stands.bucket) {
        follow_in_chain(fcr, *place, key, &now, outline);
    } else {
        take_from_chain(fcr, *place, stands);
        put_into_chain(fcr, *place, key, tenant, outline);
    }
}

void rs_fcr_withdraw(rs_fcr_t *fcr, uint32_t *place, rs_hash128_t id) {
    const uint32_t number = *place;
    if (!fcr->on || number == 0 || number == RS_FCR_GONE || !rs_fcr_is_of(&fcr->tables, number, id)) return;
    *place = 0;
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    if (record->settled) {
        rs__fcr_begin_settled(fcr, record);
        record->handled = 0;
        rs__fcr_end_settled(fcr, record);
        rs__fcr_bury(fcr, number);
        return;
    }
    const rs_fcr_key_t key = rs_fcr_key_of(&fcr->tables, record);
    rs__fcr_begin_change(fcr, key);
    rs__fcr_bury(fcr, number);
    rs__fcr_end_change(fcr, key);
}

void rs_fcr_release(rs_fcr_t *fcr, uint32_t *place, rs_hash128_t id) {
    const uint32_t number = *place;
    *place = 0;
    if (!fcr->on || number == 0 || number == RS_FCR_GONE || !rs_fcr_is_of(&fcr->tables, number, id)) return;
    rs_fcr_record_at(&fcr->tables, number)->live = 0;
}

uint32_t rs_fcr_recall(rs_fcr_t *fcr, rs_hash128_t id, rs_outline_t *outline) {
    const uint32_t number = fcr->on ? rs_fcr_named(&fcr->tables, id) : 0;
    if (number == 0) return 0;
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    if (record->live) return 0;
    record->live = 1;
    recall_names(fcr, record, outline);
    return number;
}

bool rs_fcr_is_of_another(const rs_fcr_t *fcr, uint32_t place, uint32_t tenant, rs_hash128_t id, const rs_outline_t *outline) {
    if (!fcr->on || !outline->has_customer || place == 0 || place == RS_FCR_GONE || !rs_fcr_is_of(&fcr->tables, place, id)) return false;
    const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, place);
    const rs_fcr_key_t key = rs_fcr_key(&fcr->tables, tenant, &outline->customer, false, 0);
    return key.bucket != rs_fcr_key_of(&fcr->tables, record).bucket || !rs_fcr_same_customer(record, key);
}
