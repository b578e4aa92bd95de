/* support/oracle_rows.c — adding facts up: rows of intervals, sums of ranges, nearest ranks. */
#include "oracle.h"

#include <stdlib.h>

/* --- thresholds ----------------------------------------------------------------------------------------------------- */
/* The setting of a queue that names most: its channel, then its tenant; < 0 when nothing is set. */
static int64_t queue_setting(const rs_config_t *config, rs_str_t tenant, rs_str_t queue, uint8_t channel,
                             bool is_short) {
    int64_t setting_us = -1;
    int best = -1;
    for (uint32_t i = 0; i < config->queue_count; i++) {
        const rs_queue_config_t *entry = &config->queues[i];
        const int64_t value_us = is_short ? entry->short_us : entry->threshold_us;
        if (value_us < 0 || !rs_str_equal(entry->name, queue)) continue;
        if (entry->tenant.len != 0 && !rs_str_equal(entry->tenant, tenant)) continue;
        if (entry->channel != 0 && entry->channel != channel) continue;
        const int exactness = (entry->channel != 0 ? 2 : 0) + (entry->tenant.len != 0 ? 1 : 0);
        if (exactness <= best) continue;
        best = exactness;
        setting_us = value_us;
    }
    return setting_us;
}

int64_t oracle_threshold_us(const rs_config_t *config, const rs_policy_t *policy, rs_str_t tenant, rs_str_t queue,
                            uint8_t channel) {
    if (config->override_threshold_us >= 0) return config->override_threshold_us;
    if (policy != NULL && policy->threshold_us >= 0) return policy->threshold_us;
    const int64_t own_us = queue_setting(config, tenant, queue, channel, false);
    return own_us >= 0 ? own_us : config->default_threshold_us;
}

int64_t oracle_short_us(const rs_config_t *config, const rs_policy_t *policy, rs_str_t tenant, rs_str_t queue,
                        uint8_t channel) {
    if (config->override_short_us >= 0) return config->override_short_us;
    if (policy != NULL && policy->short_us >= 0) return policy->short_us;
    const int64_t own_us = queue_setting(config, tenant, queue, channel, true);
    return own_us >= 0 ? own_us : config->default_short_us;
}

/* --- intervals ------------------------------------------------------------------------------------------------------ */
static int64_t floor_divide(int64_t value, int64_t by) {
    const int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

static int64_t local_date(const rs_zone_t *zone, int64_t at_us) {
    int64_t offset_s = zone->transitions[0].offset_s;
    for (uint32_t i = 0; i < zone->count && zone->transitions[i].at_us <= at_us; i++)
        offset_s = zone->transitions[i].offset_s;
    return floor_divide(at_us + offset_s * RS_US_PER_S, RS_US_PER_DAY);
}

/* First instant of a local date: in each stretch of constant offset the date begins at its midnight there, or at the
 * stretch's own start; the earliest that has the date. INT64_MAX: the date does not exist. */
static int64_t date_start(const rs_zone_t *zone, int64_t date) {
    int64_t best_us = INT64_MAX;
    for (uint32_t i = 0; i < zone->count; i++) {
        const int64_t midnight_us = date * RS_US_PER_DAY - zone->transitions[i].offset_s * RS_US_PER_S;
        const int64_t stretch_us = i == 0 ? INT64_MIN : zone->transitions[i].at_us;
        const int64_t candidate_us = midnight_us > stretch_us ? midnight_us : stretch_us;
        if (candidate_us < best_us && local_date(zone, candidate_us) == date) best_us = candidate_us;
    }
    return best_us;
}

void oracle_interval(const rs_interval_spec_t *interval, int64_t at_us, int64_t *start_us, int64_t *length_us) {
    *start_us = *length_us = 0;
    if (interval->mode == RS_INTERVAL_FIXED) {
        *start_us = floor_divide(at_us, interval->length_us) * interval->length_us;
        *length_us = interval->length_us;
    } else if (interval->mode == RS_INTERVAL_DAY) {
        const int64_t date = local_date(interval->zone, at_us);
        *start_us = date_start(interval->zone, date);
        int64_t next_us = INT64_MAX;
        for (int64_t next = date + 1; next_us == INT64_MAX; next++) next_us = date_start(interval->zone, next);
        *length_us = next_us - *start_us;
    }
}

/* --- lists of durations --------------------------------------------------------------------------------------------- */
static void append(oracle_list_t *list, int64_t us) {
    if (list->count == list->room) {
        list->room = list->room == 0 ? 8 : list->room * 2;
        list->us = realloc(list->us, list->room * sizeof *list->us);
        RS_REQUIRE(list->us != NULL);
    }
    list->us[list->count++] = us;
}

static int by_size(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

int64_t oracle_percentile_us(const oracle_list_t *list, uint32_t per_mille) {
    if (list->count == 0) return -1;
    size_t rank = (list->count * per_mille + 999) / 1000;
    if (rank == 0) rank = 1;
    return list->us[rank - 1];
}

uint32_t oracle_bucket(int64_t duration_us) {
    const int64_t ms = duration_us / RS_US_PER_MS;
    if (ms >= RS_HIST_LIMIT_MS) return RS_HIST_BUCKETS - 1;
    if (ms < RS_HIST_PER_OCTAVE) return (uint32_t)ms;
    int64_t octave_ms = RS_HIST_PER_OCTAVE; /* 32, 64, 128 … */
    uint32_t octave = 1;
    while (ms >= octave_ms * 2) {
        octave_ms *= 2;
        octave++;
    }
    return octave * RS_HIST_PER_OCTAVE + (uint32_t)((ms - octave_ms) * RS_HIST_PER_OCTAVE / octave_ms);
}

/* --- rows ----------------------------------------------------------------------------------------------------------- */
static bool same_key(const rs_key_t *a, const rs_key_t *b) {
    return a->family == b->family && a->channel == b->channel && rs_str_equal(a->name, b->name) &&
           rs_str_equal(a->tenant, b->tenant);
}

const oracle_row_t *oracle_find_row(const oracle_rows_t *rows, const rs_key_t *key, int64_t start_us) {
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].start_us == start_us && same_key(&rows->rows[i].key, key)) return &rows->rows[i];
    }
    return NULL;
}

static oracle_row_t *row_for(oracle_rows_t *rows, const rs_key_t *key, int64_t start_us, int64_t length_us) {
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].start_us == start_us && same_key(&rows->rows[i].key, key)) return &rows->rows[i];
    }
    if (rows->count == rows->room) {
        rows->room = rows->room == 0 ? 32 : rows->room * 2;
        rows->rows = realloc(rows->rows, rows->room * sizeof *rows->rows);
        RS_REQUIRE(rows->rows != NULL);
    }
    oracle_row_t *row = &rows->rows[rows->count++];
    *row =
        (oracle_row_t){.key = *key, .start_us = start_us, .length_us = length_us, .threshold_us = ORACLE_NO_THRESHOLD};
    for (int i = 0; i < RS_EXTREME_COUNT; i++) row->extremes[i] = -1;
    return row;
}

static void raise_to(int64_t *extreme, int64_t value) {
    if (value > *extreme) *extreme = value;
}

static void lower_to(int64_t *extreme, int64_t value) {
    if (*extreme < 0 || value < *extreme) *extreme = value;
}

static void add_duration(oracle_row_t *row, unsigned histogram, int64_t us) {
    append(&row->durations[histogram], us);
    if (histogram == RS_HIST_WAIT_ANSWERED) {
        lower_to(&row->extremes[RS_EXTREME_ANSWERED_MIN], us);
        raise_to(&row->extremes[RS_EXTREME_ANSWERED_MAX], us);
    } else if (histogram == RS_HIST_WAIT_ABANDONED) {
        lower_to(&row->extremes[RS_EXTREME_ABANDONED_MIN], us);
        raise_to(&row->extremes[RS_EXTREME_ABANDONED_MAX], us);
    }
}

/* doubt: everything that a row counts says which T it rests on, not only its closed legs. */
static void add_fact(oracle_row_t *row, const oracle_fact_t *fact) {
    switch ((oracle_fact_kind_t)fact->kind) {
        case ORACLE_COUNT: row->counts[fact->id] += fact->value; break;
        case ORACLE_DURATION: add_duration(row, fact->id, fact->value); break;
        case ORACLE_WAIT: raise_to(&row->extremes[RS_EXTREME_WAIT_MAX], fact->value); break;
    }
    if (fact->threshold_us < 0) return;
    if (row->threshold_us == ORACLE_NO_THRESHOLD) row->threshold_us = fact->threshold_us;
    if (row->threshold_us != fact->threshold_us) row->threshold_us = -1;
}

/* The key of a fact in one family; false when that family does not carry it. */
static bool key_of(const oracle_fact_t *fact, rs_key_family_t family, rs_key_t *key) {
    *key = (rs_key_t){.family = (uint8_t)family, .tenant = fact->tenant};
    switch (family) {
        case RS_FAMILY_QUEUE:
            key->name = fact->queue;
            key->channel = fact->channel;
            return fact->in_queue;
        case RS_FAMILY_CHANNEL: key->channel = fact->channel; return fact->in_total;
        case RS_FAMILY_TOTAL: return fact->in_total;
        case RS_FAMILY_AGENT: key->name = fact->agent; return fact->in_agent && fact->agent.len != 0;
        /* doubt: what has no team is in no team row, as what has no agent is in no agent row. */
        case RS_FAMILY_TEAM: key->name = fact->team; return fact->in_team && fact->team.len != 0;
        case RS_FAMILY_COUNT: break;
    }
    return false;
}

static int by_interval_tenant_key(const void *left, const void *right) {
    const oracle_row_t *a = left, *b = right;
    if (a->start_us != b->start_us) return a->start_us < b->start_us ? -1 : 1;
    int order = rs_str_compare(a->key.tenant, b->key.tenant);
    if (order == 0) order = (int)a->key.family - (int)b->key.family;
    if (order == 0) order = rs_str_compare(a->key.name, b->key.name);
    if (order == 0) order = (int)a->key.channel - (int)b->key.channel;
    return order;
}

static void finish_rows(oracle_rows_t *rows) {
    for (size_t i = 0; i < rows->count; i++) {
        for (int list = 0; list < RS_HIST_COUNT; list++) {
            oracle_list_t *durations = &rows->rows[i].durations[list];
            if (durations->count > 1) qsort(durations->us, durations->count, sizeof *durations->us, by_size);
        }
    }
    if (rows->count > 1) qsort(rows->rows, rows->count, sizeof *rows->rows, by_interval_tenant_key);
}

static void add_to_families(oracle_rows_t *rows, const oracle_fact_t *fact, uint32_t families, int64_t start_us,
                            int64_t length_us) {
    for (unsigned family = 0; family < RS_FAMILY_COUNT; family++) {
        rs_key_t key;
        if ((families & (1u << family)) == 0 || !key_of(fact, (rs_key_family_t)family, &key)) continue;
        add_fact(row_for(rows, &key, start_us, length_us), fact);
    }
}

/* In the interval of the queued time, whatever the attribution: there may be nothing else in that row. */
static void add_still_open(const oracle_t *oracle, const rs_interval_spec_t *interval, uint32_t families, oracle_rows_t *rows) {
    size_t count;
    const oracle_open_leg_t *legs = oracle_open_legs(oracle, &count);
    for (size_t i = 0; i < count; i++) {
        int64_t start_us, length_us;
        oracle_interval(interval, legs[i].queued_us, &start_us, &length_us);
        const rs_key_t keys[] = {
            {.family = RS_FAMILY_QUEUE, .tenant = legs[i].tenant, .name = legs[i].queue, .channel = legs[i].channel},
            {.family = RS_FAMILY_CHANNEL, .tenant = legs[i].tenant, .channel = legs[i].channel},
            {.family = RS_FAMILY_TOTAL, .tenant = legs[i].tenant}};
        for (size_t k = 0; k < RS_ARRAY_LEN(keys); k++) {
            if ((families & 1u << keys[k].family) != 0) row_for(rows, &keys[k], start_us, length_us)->still_open++;
        }
    }
}

void oracle_rows(const oracle_t *oracle, const rs_interval_spec_t *interval, rs_attribution_t attribution,
                 uint32_t families, oracle_rows_t *rows) {
    size_t count;
    const oracle_fact_t *facts = oracle_facts(oracle, &count);
    *rows = (oracle_rows_t){0};
    for (size_t i = 0; i < count; i++) {
        int64_t start_us, length_us;
        const int64_t at_us = attribution == RS_ATTRIBUTION_ENTER   ? facts[i].enter_us
                              : attribution == RS_ATTRIBUTION_CLOSE ? facts[i].close_us
                                                                    : facts[i].event_us;
        oracle_interval(interval, at_us, &start_us, &length_us);
        add_to_families(rows, &facts[i], families, start_us, length_us);
    }
    add_still_open(oracle, interval, families, rows);
    finish_rows(rows);
}

void oracle_range(const oracle_t *oracle, int64_t from_us, int64_t to_us, uint32_t families, oracle_rows_t *rows) {
    size_t count;
    const oracle_fact_t *facts = oracle_facts(oracle, &count);
    *rows = (oracle_rows_t){0};
    for (size_t i = 0; i < count; i++) {
        if (facts[i].event_us >= from_us && facts[i].event_us < to_us) add_to_families(rows, &facts[i], families, 0, 0);
    }
    finish_rows(rows);
}

void oracle_rows_destroy(oracle_rows_t *rows) {
    for (size_t i = 0; i < rows->count; i++) {
        for (int list = 0; list < RS_HIST_COUNT; list++) free(rows->rows[i].durations[list].us);
    }
    free(rows->rows);
    *rows = (oracle_rows_t){0};
}

bool oracle_row_is_empty(const oracle_row_t *row) {
    for (int i = 0; i < RS_COUNT_COUNT; i++) {
        if (row->counts[i] != 0) return false;
    }
    for (int i = 0; i < RS_HIST_COUNT; i++) {
        if (row->durations[i].count != 0) return false;
    }
    return true;
}
