#include "core/account.h"

#include "core/change.h"
#include "core/feedback/change_feedback.h"

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
    entry->replies = rs_config_reply_targets(generation->config, key_of->tenant, key_of->name, key_of->channel);
    entry->generation = number;
    return entry;
}

/* --- service level: judged by the policies in force at the time that the row or pane stands for ------------------- */
typedef struct rs_verdicts { uint32_t numerators, denominators; } rs_verdicts_t;   /* bit sets of slots */

static rs_verdicts_t verdicts_of(rs_account_t *account, const rs_change_t *change, uint32_t queue_key, int64_t at_us) {
    rs_verdicts_t verdicts = {0};
    if (!change->leg_policies && !change->journey_policies && !change->is_blocked) return verdicts;
    const rs_generation_t *generation = rs_account_generation(account, at_us);
    const rs_key_entry_t *queue = rs_account_standards(account, queue_key, at_us);
    for (uint32_t left = generation->used; left != 0; left &= left - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(left);
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

enum { CLOSE_BIT = 1 << RS_ATTRIBUTION_CLOSE };

/* How facts are counted. */
typedef struct rs_counting {
    int64_t close_us;                        /* INT64_MIN: each at its own moment */
    int sign;
    uint32_t attributions;                   /* bit set */
    bool may_move;                           /* from where attribution close puts them */
    bool moves_only;                         /* a move in attribution close: nothing but its rows changes */
} rs_counting_t;

/* One change with the keys that it goes to, and its verdicts at each of its times. */
typedef struct rs_posting {
    const rs_change_t *change;
    int32_t standing;                        /* so many facts more stand where attribution close puts them, and may move still */
    int64_t at_us[RS_ATTRIBUTION_COUNT];     /* by attribution */
    rs_verdicts_t verdicts[RS_ATTRIBUTION_COUNT];
    bool same_verdicts;                      /* of event and enter */
    int sign;
    uint32_t attributions;
    bool moves_only;
} rs_posting_t;

static void begin_posting(rs_account_t *account, rs_posting_t *posting, const rs_fact_t *fact, const rs_change_t *change,
                          uint32_t queue_key, const rs_counting_t *counting) {
    posting->change = change;
    posting->standing = 0;
    posting->sign = counting->sign;
    posting->attributions = counting->attributions;
    posting->moves_only = counting->moves_only;
    posting->at_us[RS_ATTRIBUTION_EVENT] = fact->at_us;
    posting->at_us[RS_ATTRIBUTION_ENTER] = fact->enter_us;
    posting->at_us[RS_ATTRIBUTION_CLOSE] = counting->close_us == INT64_MIN ? fact->at_us : counting->close_us;
    posting->same_verdicts = account->generation_count == 1 || fact->at_us == fact->enter_us;
    const rs_verdicts_t verdicts = verdicts_of(account, change, queue_key, fact->at_us);
    for (unsigned attribution = 0; attribution < RS_ATTRIBUTION_COUNT; attribution++) posting->verdicts[attribution] = verdicts;
    if (account->generation_count == 1) return;
    if (!posting->same_verdicts) posting->verdicts[RS_ATTRIBUTION_ENTER] = verdicts_of(account, change, queue_key, fact->enter_us);
    if ((counting->attributions & CLOSE_BIT) == 0) return;
    posting->verdicts[RS_ATTRIBUTION_CLOSE] = verdicts_of(account, change, queue_key, posting->at_us[RS_ATTRIBUTION_CLOSE]);
}

/* --- to rows ------------------------------------------------------------------------------------------------------ */
static void change_extremes(rs_sums_store_t *store, rs_sums_t *sums, const rs_change_t *change, int sign) {
    rs_sums_extreme(store, sums, RS_EXTREME_WAIT_MAX, change->wait_us, sign);
    if (change->outcome == RS_OUTCOME_ANSWERED) {
        rs_sums_extreme(store, sums, RS_EXTREME_ANSWERED_MIN, change->wait_us, sign);
        rs_sums_extreme(store, sums, RS_EXTREME_ANSWERED_MAX, change->wait_us, sign);
    } else if (change->outcome == RS_OUTCOME_ABANDONED) {
        rs_sums_extreme(store, sums, RS_EXTREME_ABANDONED_MIN, change->wait_us, sign);
        rs_sums_extreme(store, sums, RS_EXTREME_ABANDONED_MAX, change->wait_us, sign);
    }
}

static void change_sums(rs_account_t *account, rs_sums_t *sums, const rs_posting_t *posting, unsigned attribution, bool of_queue) {
    const rs_change_t *change = posting->change;
    const rs_verdicts_t verdicts = posting->verdicts[attribution];
    rs_sums_store_t *store = &account->rows->store;
    const int sign = posting->sign;
    for (uint32_t i = 0; i < change->count_count; i++) {
        rs_sums_count(store, sums, change->counts[i].count, sign * change->counts[i].delta);
    }
    for (uint32_t bits = verdicts.denominators; bits != 0; bits &= bits - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(bits);
        rs_sums_count(store, sums, RS_COUNT_SL_DEN_0 + slot, sign);
        if ((verdicts.numerators & 1u << slot) != 0) rs_sums_count(store, sums, RS_COUNT_SL_NUM_0 + slot, sign);
    }
    for (uint32_t i = 0; i < change->duration_count; i++) {
        rs_sums_duration(store, sums, change->durations[i].histogram, change->durations[i].us, sign * change->durations[i].sign);
    }
    if (change->leg_policies) change_extremes(store, sums, change, sign);
    /* A queue's row has its queue's T, whatever was counted in it. */
    if (change->threshold_us >= 0 && !of_queue) rs_sums_threshold(store, sums, change->threshold_us, sign * (int)change->fact_count);
}

static void change_own(rs_account_t *account, uint32_t cell, const rs_posting_t *posting, unsigned attribution, bool of_queue) {
    if (cell == 0) return;
    rs_sums_t *own = rs_rows_own(account->rows, rs_rows_cell(account->rows, cell), attribution);
    if (own == NULL) return;
    change_sums(account, own, posting, attribution, of_queue);
    rs_rows_touch(account->rows, cell, 1u << attribution);
}

/* Whether the cell is the one of that moment, too. The key is the same. */
static bool is_inside(const rs_account_t *account, uint32_t number, int64_t at_us) {
    const rs_cell_t *cell = rs_rows_cell(account->rows, number);
    return cell->length_us != 0 && at_us >= cell->start_us && at_us < cell->start_us + cell->length_us;
}

static uint32_t find_cell(rs_account_t *account, uint32_t key, rs_key_entry_t *entry, const rs_posting_t *posting, unsigned attribution) {
    const uint32_t cell = rs_rows_find(account->rows, entry->likely_cells[attribution], key, posting->at_us[attribution]);
    if (cell != 0) entry->likely_cells[attribution] = cell;
    return cell;
}

/* In most cases event and enter mean the same interval: then the change is made once, for both. What can move (close) is counted
 * apart, in sums of its own. */
static void change_rows(rs_account_t *account, uint32_t key, rs_key_entry_t *entry, const rs_posting_t *posting) {
    const bool of_queue = entry->dimensions.family == RS_FAMILY_QUEUE;
    const uint32_t fixed = posting->attributions & ~(uint32_t)CLOSE_BIT;
    uint32_t cells[RS_ATTRIBUTION_COUNT], first = 0;
    rs_rows_make_room(account->rows);
    bool same = posting->same_verdicts;
    for (uint32_t left = fixed; left != 0; left &= left - 1) {
        const unsigned attribution = (unsigned)__builtin_ctz(left);
        const bool same_cell = first != 0 && is_inside(account, first, posting->at_us[attribution]);
        if (same_cell) entry->likely_cells[attribution] = first;
        cells[attribution] = same_cell ? first : find_cell(account, key, entry, posting, attribution);
        if (left == fixed) first = cells[attribution];
        same = same && cells[attribution] == first;
    }
    if (same && first != 0) {
        change_sums(account, &rs_rows_cell(account->rows, first)->common, posting, (unsigned)__builtin_ctz(fixed), of_queue);
        rs_rows_touch(account->rows, first, fixed);
    } else {
        for (uint32_t left = fixed; left != 0; left &= left - 1) {
            const unsigned attribution = (unsigned)__builtin_ctz(left);
            change_own(account, cells[attribution], posting, attribution, of_queue);
        }
    }
    if ((posting->attributions & CLOSE_BIT) == 0) return;
    const uint32_t cell = find_cell(account, key, entry, posting, RS_ATTRIBUTION_CLOSE);
    change_own(account, cell, posting, RS_ATTRIBUTION_CLOSE, of_queue);
    if (cell != 0 && posting->standing != 0) rs_rows_stand(account->rows, cell, posting->standing);
}

/* Legs queued in an interval that have no outcome yet, in every attribution, in the interval of the queued time. */
static void change_still_open(rs_account_t *account, uint32_t key, int64_t queued_us, int delta) {
    rs_key_entry_t *entry = &account->directory->entries[key];
    if ((account->families & 1u << entry->dimensions.family) == 0 || account->attributions == 0) return;
    const uint32_t cell = rs_rows_find(account->rows, entry->likely_cells[RS_ATTRIBUTION_ENTER], key, queued_us);
    if (cell == 0) return;
    entry->likely_cells[RS_ATTRIBUTION_ENTER] = cell;
    rs_rows_cell(account->rows, cell)->still_open += delta;
    rs_rows_touch(account->rows, cell, account->attributions);
}

/* --- to panes ----------------------------------------------------------------------------------------------------- */
static void change_window(rs_account_t *account, uint32_t key, const rs_posting_t *posting, bool full) {
    const rs_change_t *change = posting->change;
    const rs_verdicts_t verdicts = posting->verdicts[RS_ATTRIBUTION_EVENT];
    const int sign = posting->sign;
    if (rs_window_begin(account->windows, key, posting->at_us[RS_ATTRIBUTION_EVENT]) != RS_OK) {
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

static void touch_key(rs_account_t *account, uint32_t key, rs_key_entry_t *entry) {
    if (entry->figures_changed || account->touched_count == account->touched_max) return;
    entry->figures_changed = true;
    account->touched[account->touched_count++] = key;
}

static void change_key(rs_account_t *account, uint32_t key, const rs_posting_t *posting) {
    rs_key_entry_t *entry = &account->directory->entries[key];
    const rs_key_family_t family = entry->dimensions.family;
    if ((account->families & 1u << family) != 0 && account->attributions != 0) change_rows(account, key, entry, posting);
    if (account->windows == NULL || posting->moves_only) return;
    /* Agents and teams have sums only. */
    change_window(account, key, posting, family != RS_FAMILY_AGENT && family != RS_FAMILY_TEAM);
    touch_key(account, key, entry);
}

/* --- which keys --------------------------------------------------------------------------------------------------- */
typedef struct rs_leg_keys { uint32_t queue, channel, total; } rs_leg_keys_t;

static uint32_t family_key(rs_account_t *account, rs_key_family_t family, uint32_t tenant, uint32_t name, uint8_t channel) {
    return rs_directory_key(account->directory, family, tenant, name, channel);
}

static rs_leg_keys_t leg_keys(rs_account_t *account, uint32_t tenant, uint32_t queue, uint8_t channel) {
    rs_leg_keys_t keys = {.queue = family_key(account, RS_FAMILY_QUEUE, tenant, queue, channel)};
    rs_directory_above(account->directory, keys.queue, tenant, channel, &keys.channel, &keys.total);
    return keys;
}

/* Whether a change of the key will be made soon: its memory is called for, so that it comes while others are worked on. */
static void prefetch_key(const rs_account_t *account, uint32_t key) {
    const rs_key_entry_t *entry = &account->directory->entries[key];
    if (entry->likely_cells[RS_ATTRIBUTION_EVENT] != 0) rs_rows_prefetch(account->rows, entry->likely_cells[RS_ATTRIBUTION_EVENT]);
    if (account->windows == NULL) return;
    const rs_key_family_t family = entry->dimensions.family;
    rs_window_prefetch(account->windows, key, family != RS_FAMILY_AGENT && family != RS_FAMILY_TEAM);
}

static bool is_in_queue_rows(const rs_fact_t *fact) { return fact->type != RS_FACT_TRANSFERRED_IN || fact->queue != 0; }
static bool is_in_team_rows(const rs_fact_t *fact) { return fact->team != 0 && fact->type != RS_FACT_TRANSFERRED_IN; }

static void account_change(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, rs_change_t *change,
                           const rs_leg_keys_t *keys, const rs_counting_t *counting) {
    const bool in_queue_rows = is_in_queue_rows(fact);
    const uint32_t agent_key = fact->agent == 0 ? 0 : family_key(account, RS_FAMILY_AGENT, tenant, fact->agent, 0);
    if (in_queue_rows) prefetch_key(account, keys->queue);
    if (fact->agent != 0) prefetch_key(account, agent_key);
    const bool has_threshold = change->feedback == NULL && fact->type != RS_FACT_FCR;
    if (in_queue_rows && has_threshold) change->threshold_us = change->queue->standard.threshold_us;
    rs_posting_t posting;
    begin_posting(account, &posting, fact, change, keys->queue, counting);
    if (counting->may_move) posting.standing = counting->sign * (int32_t)change->fact_count;
    change_key(account, keys->total, &posting);
    change_key(account, keys->channel, &posting);
    if (in_queue_rows) change_key(account, keys->queue, &posting);
    const bool of_leg = fact->type == RS_FACT_LEG_OPENED || fact->type == RS_FACT_LEG_CLOSED;
    if (of_leg && !counting->moves_only) {
        const int64_t queued_us = fact->type == RS_FACT_LEG_OPENED ? fact->at_us : fact->enter_us;
        const int delta = (fact->type == RS_FACT_LEG_OPENED ? 1 : -1) * counting->sign;
        change_still_open(account, keys->queue, queued_us, delta);
        change_still_open(account, keys->channel, queued_us, delta);
        change_still_open(account, keys->total, queued_us, delta);
    }
    if (fact->agent != 0) change_key(account, agent_key, &posting);
    if (is_in_team_rows(fact)) change_key(account, family_key(account, RS_FAMILY_TEAM, tenant, fact->team, 0), &posting);
}

/* --- facts -------------------------------------------------------------------------------------------------------- */
static bool is_of_handling(unsigned type) {
    return type == RS_FACT_HANDLED || type == RS_FACT_HANDLE_TIME || type == RS_FACT_WRAPPED || type == RS_FACT_TRANSFERRED_OUT;
}

/* Facts about one handling, or one survey or complaint, at one moment go to the same keys, panes and rows: they are counted together. */
static bool go_together(const rs_fact_t *a, const rs_fact_t *b) {
    const bool of_one = (is_of_handling(a->type) && is_of_handling(b->type)) || (rs_is_feedback(a->type) && rs_is_feedback(b->type));
    return of_one && a->at_us == b->at_us && a->enter_us == b->enter_us &&
           a->queue == b->queue && a->channel == b->channel && a->agent == b->agent && a->team == b->team;
}

static void count_facts(rs_account_t *account, uint32_t tenant, const rs_fact_t *facts, uint32_t count, const rs_counting_t *counting) {
    enum { MAX_TOGETHER = 3 };
    for (uint32_t i = 0; i < count;) {
        const rs_fact_t *fact = &facts[i];
        const rs_leg_keys_t keys = leg_keys(account, tenant, fact->queue, fact->channel);
        rs_change_t change;
        rs_change_begin(&change, rs_account_standards(account, keys.queue, fact->at_us));
        if (rs_is_feedback(fact->type)) change.feedback = &rs_account_generation(account, fact->at_us)->config->feedback;
        const uint32_t begun = i;
        do {
            if (account->predict != NULL && !counting->moves_only) rs_predict_fact(account->predict, keys.queue, &facts[i], counting->sign);
            rs_change_of_fact(&change, &facts[i++]);
        } while (i < count && i - begun < MAX_TOGETHER && go_together(fact, &facts[i]));
        change.fact_count = i - begun;
        account_change(account, tenant, fact, &change, &keys, counting);
    }
}

void rs_account_facts_closing(rs_account_t *account, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int64_t close_us,
                              bool may_move, int sign) {
    const rs_counting_t counting = {.close_us = close_us, .sign = sign, .attributions = account->attributions, .may_move = may_move};
    count_facts(account, tenant, facts, count, &counting);
}

void rs_account_facts(rs_account_t *account, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign) {
    rs_account_facts_closing(account, tenant, facts, count, INT64_MIN, false, sign);
}

static void count_journey(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, const rs_counting_t *counting) {
    const rs_leg_keys_t keys = leg_keys(account, tenant, fact->queue, fact->channel);
    rs_change_t change;
    rs_change_begin(&change, rs_account_standards(account, keys.queue, fact->at_us));
    change.wait_us = fact->a_us;
    change.outcome = fact->outcome;
    change.reason = fact->reason;
    change.journey_policies = true;
    rs_posting_t posting;
    begin_posting(account, &posting, fact, &change, keys.queue, counting);
    change_key(account, keys.queue, &posting);
    change_key(account, keys.channel, &posting);
    change_key(account, keys.total, &posting);
}

void rs_account_journey(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int64_t close_us, int sign) {
    count_journey(account, tenant, fact, &(rs_counting_t){.close_us = close_us, .sign = sign, .attributions = account->attributions});
}

/* --- attribution close -------------------------------------------------------------------------------------------- */
static rs_counting_t moving(int64_t close_us, int sign) {
    return (rs_counting_t){.close_us = close_us, .sign = sign, .attributions = CLOSE_BIT, .moves_only = true};
}

void rs_account_move(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int64_t from_us, int64_t to_us) {
    rs_counting_t back = moving(from_us, -1), forth = moving(to_us, 1);
    back.may_move = forth.may_move = true;
    count_facts(account, tenant, fact, 1, &forth);
    count_facts(account, tenant, fact, 1, &back);
}

void rs_account_move_journey(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int64_t from_us, int64_t to_us) {
    const rs_counting_t back = moving(from_us, -1), forth = moving(to_us, 1);
    count_journey(account, tenant, fact, &forth);
    count_journey(account, tenant, fact, &back);
}

static void stand(rs_account_t *account, uint32_t key, int64_t at_us, int facts) {
    const uint32_t cell = rs_rows_known(account->rows, key, at_us);
    if (cell != 0) rs_rows_stand(account->rows, cell, facts);
}

void rs_account_stand(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int64_t close_us, int sign) {
    const rs_leg_keys_t keys = leg_keys(account, tenant, fact->queue, fact->channel);
    stand(account, keys.total, close_us, sign);
    stand(account, keys.channel, close_us, sign);
    if (is_in_queue_rows(fact)) stand(account, keys.queue, close_us, sign);
    if (fact->agent != 0) stand(account, family_key(account, RS_FAMILY_AGENT, tenant, fact->agent, 0), close_us, sign);
    if (is_in_team_rows(fact)) stand(account, family_key(account, RS_FAMILY_TEAM, tenant, fact->team, 0), close_us, sign);
}

bool rs_account_closes(const rs_account_t *account) { return (account->attributions & CLOSE_BIT) != 0; }

bool rs_account_same_place(const rs_account_t *account, int64_t a_us, int64_t b_us) {
    int64_t start_us[2], length_us[2];
    if (a_us == b_us) return true;
    rs_interval_of(&account->rows->spec, a_us, &start_us[0], &length_us[0]);
    rs_interval_of(&account->rows->spec, b_us, &start_us[1], &length_us[1]);
    return start_us[0] == start_us[1] && rs_account_generation(account, a_us) == rs_account_generation(account, b_us);
}

void rs_account_post(rs_account_t *account, const rs_change_t *change, int64_t at_us, const uint32_t *keys, uint32_t key_count,
                     int sign) {
    rs_posting_t posting = {.change = change, .same_verdicts = true, .sign = sign, .attributions = account->attributions};
    for (unsigned attribution = 0; attribution < RS_ATTRIBUTION_COUNT; attribution++) posting.at_us[attribution] = at_us;
    for (uint32_t i = 0; i < key_count; i++) change_key(account, keys[i], &posting);
}

void rs_account_prefetch(const rs_account_t *account, uint32_t key) { prefetch_key(account, key); }

void rs_account_prefetch_details(const rs_account_t *account, uint32_t key) {
    const uint32_t cell = account->directory->entries[key].likely_cells[RS_ATTRIBUTION_EVENT];
    if (cell != 0) rs_sums_prefetch(&account->rows->store, &rs_rows_cell(account->rows, cell)->common);
}
