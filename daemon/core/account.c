#include "core/account.h"

/* What a fact does to one key: a few counts, at most two durations, and the extremes of a wait. */
typedef struct rs_change {
    struct { uint16_t count; int64_t delta; } counts[12];
    uint32_t count_count;
    struct { uint8_t histogram; int8_t sign; int64_t us; } durations[3];
    uint32_t duration_count;
    int64_t wait_us;               /* closed leg: for the extremes; -1 = none */
    uint8_t outcome, reason;       /* of a closed leg: service level is judged per target time */
    bool is_blocked, leg_policies, journey_policies;
    int64_t threshold_us;          /* -1 = says nothing of a threshold */
    int64_t still_open;
    const rs_key_entry_t *queue;
} rs_change_t;

static void put(rs_change_t *change, unsigned count, int64_t delta) {
    RS_REQUIRE(change->count_count < RS_ARRAY_LEN(change->counts));
    change->counts[change->count_count].count = (uint16_t)count;
    change->counts[change->count_count++].delta = delta;
}

static void put_duration(rs_change_t *change, rs_histogram_id_t histogram, int64_t us, int sign) {
    change->durations[change->duration_count].histogram = (uint8_t)histogram;
    change->durations[change->duration_count].sign = (int8_t)sign;
    change->durations[change->duration_count++].us = us;
}

const rs_generation_t *rs_account_generation(const rs_account_t *account, int64_t at_us) {
    uint32_t i = account->generation_count - 1;
    while (i > 0 && account->generations[i].from_us > at_us) i--;
    return &account->generations[i];
}

const rs_key_entry_t *rs_account_standards(rs_account_t *account, uint32_t key, int64_t at_us) {
    rs_key_entry_t *entry = &account->directory->entries[key];
    const rs_generation_t *generation = rs_account_generation(account, at_us);
    const uint32_t number = (uint32_t)(generation - account->generations);
    if (entry->generation == number) return entry;
    const rs_key_t *key_of = &entry->dimensions;
    entry->standard = rs_config_standard(generation->config, NULL, key_of->tenant, key_of->name, key_of->channel);
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if ((generation->used & 1u << slot) == 0) continue;
        entry->policy_standards[slot] = rs_config_standard(generation->config, &generation->policies[slot], key_of->tenant,
                                                           key_of->name, key_of->channel);
    }
    entry->generation = number;
    return entry;
}

/* --- what each fact counts ---------------------------------------------------------------------------------------- */
static const uint16_t flow_counts[RS_FLOW_COUNT] = {
    [RS_FLOW_OTHER] = RS_COUNT_FLOW_OTHER, [RS_FLOW_TIMEOUT] = RS_COUNT_FLOW_TIMEOUT, [RS_FLOW_EXIT_KEY] = RS_COUNT_FLOW_EXIT_KEY,
    [RS_FLOW_NO_AGENTS] = RS_COUNT_FLOW_NO_AGENTS, [RS_FLOW_OVERFLOW] = RS_COUNT_FLOW_OVERFLOW,
    [RS_FLOW_WITHDRAWN] = RS_COUNT_FLOW_WITHDRAWN, [RS_FLOW_VOICEMAIL] = RS_COUNT_FLOW_VOICEMAIL,
    [RS_FLOW_ERROR] = RS_COUNT_FLOW_ERROR, [RS_FLOW_REQUEUED] = RS_COUNT_FLOW_REQUEUED, [RS_FLOW_LOST] = RS_COUNT_FLOW_LOST};

static const uint16_t offer_counts[RS_OFFER_COUNT] = {
    [RS_OFFER_NONE] = RS_COUNT_OFFERS_FAILED_OTHER, [RS_OFFER_OTHER] = RS_COUNT_OFFERS_FAILED_OTHER,
    [RS_OFFER_TIMEOUT] = RS_COUNT_OFFERS_FAILED_TIMEOUT, [RS_OFFER_REJECTED] = RS_COUNT_OFFERS_FAILED_REJECTED,
    [RS_OFFER_CANCELED] = RS_COUNT_OFFERS_FAILED_CANCELED, [RS_OFFER_ERROR] = RS_COUNT_OFFERS_FAILED_ERROR};

static const uint16_t transfer_counts[RS_TRANSFER_COUNT] = {
    [RS_TRANSFER_NONE] = RS_COUNT_TRANSFERRED_OUT_OTHER, [RS_TRANSFER_OTHER] = RS_COUNT_TRANSFERRED_OUT_OTHER,
    [RS_TRANSFER_BLIND] = RS_COUNT_TRANSFERRED_OUT_BLIND, [RS_TRANSFER_ATTENDED] = RS_COUNT_TRANSFERRED_OUT_ATTENDED,
    [RS_TRANSFER_QUEUE] = RS_COUNT_TRANSFERRED_OUT_QUEUE, [RS_TRANSFER_EXTERNAL] = RS_COUNT_TRANSFERRED_OUT_EXTERNAL};

static void change_of_closed_leg(rs_change_t *change, const rs_fact_t *fact) {
    const rs_standard_t *standard = &change->queue->standard;
    const int64_t wait_us = fact->a_us;
    const bool in_t = wait_us <= standard->threshold_us;
    switch (fact->outcome) {
        case RS_OUTCOME_ANSWERED:
            put(change, RS_COUNT_ANSWERED, 1);
            put(change, RS_COUNT_WAIT_ANSWERED_US, wait_us);
            if (in_t) put(change, RS_COUNT_ANSWERED_IN_T, 1);
            put_duration(change, RS_HIST_WAIT_ANSWERED, wait_us, 1);
            break;
        case RS_OUTCOME_ABANDONED:
            put(change, RS_COUNT_ABANDONED, 1);
            put(change, RS_COUNT_WAIT_ABANDONED_US, wait_us);
            if (in_t) put(change, RS_COUNT_ABANDONED_IN_T, 1);
            if (standard->short_us > 0 && wait_us <= standard->short_us) put(change, RS_COUNT_ABANDONED_SHORT, 1);
            put_duration(change, RS_HIST_WAIT_ABANDONED, wait_us, 1);
            break;
        case RS_OUTCOME_FLOWED_OUT:
            put(change, RS_COUNT_FLOWED_OUT, 1);
            put(change, flow_counts[fact->reason], 1);
            if (in_t) put(change, RS_COUNT_FLOWED_OUT_IN_T, 1);
            break;
        default:
            put(change, RS_COUNT_CALLBACKS, 1);
            if (in_t) put(change, RS_COUNT_CALLBACKS_IN_T, 1);
            break;
    }
    if (wait_us > standard->threshold_us) put(change, RS_COUNT_EXCESS_US, wait_us - standard->threshold_us);
    change->wait_us = wait_us;
    change->outcome = fact->outcome;
    change->reason = fact->reason;
    change->leg_policies = true;
}

static void change_of_handled(rs_change_t *change, const rs_fact_t *fact) {
    put(change, RS_COUNT_HANDLED, 1);
    put(change, RS_COUNT_TALK_US, fact->a_us);
    if (fact->a_us < 10 * RS_US_PER_S) put(change, RS_COUNT_HANDLED_SHORT, 1);
    put_duration(change, RS_HIST_TALK, fact->a_us, 1);
    if (fact->holds != 0) put(change, RS_COUNT_HOLDS, fact->holds);
    if (fact->holds != 0 || fact->b_us != 0) {
        put(change, RS_COUNT_HOLD_US, fact->b_us);
        put_duration(change, RS_HIST_HOLD, fact->b_us, 1);
    }
}

static void change_of(rs_change_t *change, const rs_fact_t *fact) {
    switch (fact->type) {
        case RS_FACT_LEG_OPENED: put(change, RS_COUNT_OFFERED, 1); break;
        case RS_FACT_LEG_CLOSED: change_of_closed_leg(change, fact); break;
        case RS_FACT_HANDLED: change_of_handled(change, fact); break;
        case RS_FACT_HANDLING_LOST: put(change, RS_COUNT_HANDLING_LOST, 1); break;
        case RS_FACT_WRAPPED:
            put(change, RS_COUNT_WRAPS, 1);
            put(change, RS_COUNT_WRAP_US, fact->a_us);
            put_duration(change, RS_HIST_WRAP, fact->a_us, 1);
            break;
        case RS_FACT_HANDLE_TIME: put_duration(change, RS_HIST_HANDLE, fact->a_us, (int)fact->b_us); break;
        case RS_FACT_OFFERED: put(change, RS_COUNT_OFFERS, 1); break;
        case RS_FACT_OFFER_FAILED:
            put(change, RS_COUNT_OFFERS_FAILED, 1);
            put(change, offer_counts[fact->reason], 1);
            break;
        case RS_FACT_TRANSFERRED_OUT:
            put(change, RS_COUNT_TRANSFERRED_OUT, 1);
            put(change, transfer_counts[fact->reason], 1);
            break;
        case RS_FACT_TRANSFERRED_IN: put(change, RS_COUNT_TRANSFERRED_IN, 1); break;
        case RS_FACT_BLOCKED:
            put(change, RS_COUNT_BLOCKED, 1);
            change->is_blocked = true;
            break;
        case RS_FACT_ABANDONED_BEFORE_QUEUE: put(change, RS_COUNT_ABANDONED_BEFORE_QUEUE, 1); break;
        default: put(change, RS_COUNT_CLOCK_ANOMALY, 1); break;
    }
}

/* --- service level: judged by the policies in force at the time that the row or pane stands for ------------------- */
typedef struct rs_verdicts { uint32_t numerators, denominators; } rs_verdicts_t;   /* bit sets of slots */

static rs_verdicts_t verdicts_of(rs_account_t *account, const rs_change_t *change, uint32_t queue_key, int64_t at_us) {
    rs_verdicts_t verdicts = {0};
    if (!change->leg_policies && !change->journey_policies && !change->is_blocked) return verdicts;
    const rs_generation_t *generation = rs_account_generation(account, at_us);
    const rs_key_entry_t *queue = rs_account_standards(account, queue_key, at_us);
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if ((generation->used & 1u << slot) == 0) continue;
        const rs_policy_t *policy = &generation->policies[slot];
        rs_verdict_t verdict = {0};
        if (change->is_blocked) verdict = rs_verdict_of_blocked(policy);
        else if (policy->unit_journey ? change->journey_policies : change->leg_policies) {
            verdict = rs_verdict_of(policy, &queue->policy_standards[slot], change->outcome, change->reason, change->wait_us);
        }
        verdicts.numerators |= (uint32_t)verdict.numerator << slot;
        verdicts.denominators |= (uint32_t)verdict.denominator << slot;
    }
    return verdicts;
}

/* --- to rows and panes -------------------------------------------------------------------------------------------- */
static void change_cell(rs_account_t *account, uint32_t number, const rs_change_t *change, rs_verdicts_t verdicts, int sign) {
    rs_cell_t *cell = rs_rows_cell(account->rows, number);
    for (uint32_t i = 0; i < change->count_count; i++) cell->counts[change->counts[i].count] += sign * change->counts[i].delta;
    for (uint32_t bits = verdicts.denominators; bits != 0; bits &= bits - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(bits);
        cell->counts[RS_COUNT_SL_DEN_0 + slot] += sign;
        if ((verdicts.numerators & 1u << slot) != 0) cell->counts[RS_COUNT_SL_NUM_0 + slot] += sign;
    }
    for (uint32_t i = 0; i < change->duration_count; i++) {
        rs_rows_duration(account->rows, cell, change->durations[i].histogram, change->durations[i].us,
                         sign * change->durations[i].sign);
    }
    if (change->leg_policies) {
        rs_rows_extreme(cell, RS_EXTREME_WAIT_MAX, change->wait_us, sign);
        if (change->outcome == RS_OUTCOME_ANSWERED) {
            rs_rows_extreme(cell, RS_EXTREME_ANSWERED_MIN, change->wait_us, sign);
            rs_rows_extreme(cell, RS_EXTREME_ANSWERED_MAX, change->wait_us, sign);
        } else if (change->outcome == RS_OUTCOME_ABANDONED) {
            rs_rows_extreme(cell, RS_EXTREME_ABANDONED_MIN, change->wait_us, sign);
            rs_rows_extreme(cell, RS_EXTREME_ABANDONED_MAX, change->wait_us, sign);
        }
    }
    if (change->threshold_us >= 0) rs_rows_threshold(cell, change->threshold_us, sign);
    rs_rows_touch(account->rows, number);
}

static void change_window(rs_account_t *account, uint32_t key, int64_t at_us, const rs_change_t *change,
                          rs_verdicts_t verdicts, int sign, bool full) {
    if (rs_window_begin(account->windows, key, at_us) != RS_OK) {
        account->windows_refused++;
        return;
    }
    for (uint32_t i = 0; i < change->count_count; i++) {
        rs_window_count(account->windows, change->counts[i].count, sign * change->counts[i].delta);
    }
    for (uint32_t bits = verdicts.denominators; bits != 0; bits &= bits - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(bits);
        rs_window_count(account->windows, (rs_count_t)(RS_COUNT_SL_DEN_0 + slot), sign);
        if ((verdicts.numerators & 1u << slot) != 0) rs_window_count(account->windows, (rs_count_t)(RS_COUNT_SL_NUM_0 + slot), sign);
    }
    if (full) {
        for (uint32_t i = 0; i < change->duration_count; i++) {
            rs_window_duration(account->windows, change->durations[i].histogram, change->durations[i].us,
                               sign * change->durations[i].sign);
        }
        if (change->leg_policies) rs_window_wait(account->windows, change->wait_us, sign);
    }
    rs_window_end(account->windows);
}

static void touch_key(rs_account_t *account, uint32_t key) {
    rs_key_entry_t *entry = &account->directory->entries[key];
    if (entry->figures_changed || account->touched_count == account->touched_max) return;
    entry->figures_changed = true;
    account->touched[account->touched_count++] = key;
}

static void change_key(rs_account_t *account, uint32_t key, uint32_t queue_key, const rs_fact_t *fact,
                       const rs_change_t *change, int sign) {
    rs_key_entry_t *entry = &account->directory->entries[key];
    const rs_key_family_t family = entry->dimensions.family;
    const rs_verdicts_t verdicts = verdicts_of(account, change, queue_key, fact->at_us);
    if ((account->families & 1u << family) != 0) {
        for (unsigned attribution = 0; attribution < RS_ATTRIBUTION_COUNT; attribution++) {
            if ((account->attributions & 1u << attribution) == 0) continue;
            const bool enter = attribution == RS_ATTRIBUTION_ENTER;
            const int64_t at_us = enter ? fact->enter_us : fact->at_us;
            const uint32_t cell = rs_rows_find(account->rows, entry->likely_cells[attribution], key, attribution, at_us);
            if (cell == 0) continue;
            entry->likely_cells[attribution] = cell;
            const bool same = account->generation_count == 1 || at_us == fact->at_us;
            change_cell(account, cell, change, same ? verdicts : verdicts_of(account, change, queue_key, at_us), sign);
        }
    }
    if (account->windows != NULL) {
        const bool full = family == RS_FAMILY_QUEUE || family == RS_FAMILY_CHANNEL || family == RS_FAMILY_TOTAL;
        change_window(account, key, fact->at_us, change, verdicts, sign, full);
        touch_key(account, key);
    }
}

/* Legs queued in an interval that have no outcome yet, in every attribution, in the interval of the queued time. */
static void change_still_open(rs_account_t *account, uint32_t key, int64_t queued_us, int delta) {
    rs_key_entry_t *entry = &account->directory->entries[key];
    if ((account->families & 1u << entry->dimensions.family) == 0) return;
    for (unsigned attribution = 0; attribution < RS_ATTRIBUTION_COUNT; attribution++) {
        if ((account->attributions & 1u << attribution) == 0) continue;
        const uint32_t cell = rs_rows_find(account->rows, entry->likely_cells[attribution], key, attribution, queued_us);
        if (cell == 0) continue;
        rs_rows_cell(account->rows, cell)->still_open += delta;
        rs_rows_touch(account->rows, cell);
    }
}

static uint32_t family_key(rs_account_t *account, rs_key_family_t family, uint32_t tenant, uint32_t name, uint8_t channel) {
    return rs_directory_key(account->directory, family, tenant, name, channel);
}

static void account_change(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, rs_change_t *change, uint32_t queue_key,
                           int sign) {
    const uint32_t channel_key = family_key(account, RS_FAMILY_CHANNEL, tenant, 0, fact->channel);
    const uint32_t total_key = family_key(account, RS_FAMILY_TOTAL, tenant, 0, 0);
    const bool in_queue_rows = fact->type != RS_FACT_TRANSFERRED_IN || fact->queue != 0;
    if (in_queue_rows) {
        change->threshold_us = change->queue->standard.threshold_us;
        change_key(account, queue_key, queue_key, fact, change, sign);
    }
    change_key(account, channel_key, queue_key, fact, change, sign);
    change_key(account, total_key, queue_key, fact, change, sign);
    if (fact->type == RS_FACT_LEG_OPENED || fact->type == RS_FACT_LEG_CLOSED) {
        const int64_t queued_us = fact->type == RS_FACT_LEG_OPENED ? fact->at_us : fact->enter_us;
        const int delta = (fact->type == RS_FACT_LEG_OPENED ? 1 : -1) * sign;
        change_still_open(account, queue_key, queued_us, delta);
        change_still_open(account, channel_key, queued_us, delta);
        change_still_open(account, total_key, queued_us, delta);
    }
    if (fact->agent != 0) {
        change_key(account, family_key(account, RS_FAMILY_AGENT, tenant, fact->agent, 0), queue_key, fact, change, sign);
    }
    if (fact->team != 0 && fact->type != RS_FACT_TRANSFERRED_IN) {
        change_key(account, family_key(account, RS_FAMILY_TEAM, tenant, fact->team, 0), queue_key, fact, change, sign);
    }
}

void rs_account_fact(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int sign) {
    const uint32_t queue_key = family_key(account, RS_FAMILY_QUEUE, tenant, fact->queue, fact->channel);
    rs_change_t change = {.wait_us = -1, .threshold_us = -1};
    change.queue = rs_account_standards(account, queue_key, fact->at_us);
    change_of(&change, fact);
    account_change(account, tenant, fact, &change, queue_key, sign);
}

void rs_account_journey(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int sign) {
    const uint32_t queue_key = family_key(account, RS_FAMILY_QUEUE, tenant, fact->queue, fact->channel);
    rs_change_t change = {.wait_us = fact->a_us, .threshold_us = -1, .outcome = fact->outcome, .reason = fact->reason,
                          .journey_policies = true};
    change.queue = rs_account_standards(account, queue_key, fact->at_us);
    const uint32_t keys[] = {queue_key, family_key(account, RS_FAMILY_CHANNEL, tenant, 0, fact->channel),
                             family_key(account, RS_FAMILY_TOTAL, tenant, 0, 0)};
    for (size_t i = 0; i < RS_ARRAY_LEN(keys); i++) change_key(account, keys[i], queue_key, fact, &change, sign);
}
