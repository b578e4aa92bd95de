/* What must hold whatever came and in whatever order: after every single event, in every attribution, for every key and tenant. Nothing
 * is compared with another computation: the figures are held against each other. Random histories with transfers, overflow, call-backs
 * that keep or restart their clock, refusals at the door, messages, skewed clocks, late and repeated events.
 * RS_SEEDS: how many histories (2,000; 300 under a sanitizer), from RS_FIRST_SEED on; RS_SEED: only this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_rows.h"
#include "generate.h"
#include "random.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DEFAULT_SEEDS = 300 };
#else
enum { DEFAULT_SEEDS = 2000 };
#endif

typedef struct trial {
    history_t *history;
    rs_core_t *core;
    rs_event_t *events;       /* of the deliveries, in their order */
    bool live, all_agents;    /* all_agents: every answer names its agent */
    char why[512];
} trial_t;

static bool say(trial_t *trial, const kept_row_t *row, const char *law, int64_t left, int64_t right) {
    char key[192];
    describe_key(&row->key, key, sizeof key);
    snprintf(trial->why, sizeof trial->why, "%s (attribution %u, interval %lld): %s: %lld and %lld", key, row->attribution,
             (long long)row->start_us, law, (long long)left, (long long)right);
    return true;
}

static int64_t sum_of(const kept_row_t *row, unsigned first, unsigned last) {
    int64_t sum = 0;
    for (unsigned i = first; i <= last; i++) sum += row->counts[i];
    return sum;
}

static int64_t histogram_total(const kept_row_t *row, unsigned histogram) {
    int64_t total = 0;
    for (uint32_t i = 0; i < row->histograms[histogram].count; i++) total += row->histograms[histogram].entries[i].count;
    return total;
}

/* --- within one row --------------------------------------------------------------------------------------------------- */
static bool reasons_do_not_add_up(trial_t *trial, const kept_row_t *row) {
    static const struct { const char *law; rs_count_t whole, first, last; } sums[] = {
        {"flowed_out is the sum of its reasons", RS_COUNT_FLOWED_OUT, RS_COUNT_FLOW_OTHER, RS_COUNT_FLOW_LOST},
        {"blocked is the sum of its reasons", RS_COUNT_BLOCKED, RS_COUNT_BLOCKED_FULL, RS_COUNT_BLOCKED_OTHER},
        {"offers_failed is the sum of its reasons", RS_COUNT_OFFERS_FAILED, RS_COUNT_OFFERS_FAILED_TIMEOUT, RS_COUNT_OFFERS_FAILED_OTHER},
        {"transferred_out is the sum of its kinds", RS_COUNT_TRANSFERRED_OUT, RS_COUNT_TRANSFERRED_OUT_BLIND,
         RS_COUNT_TRANSFERRED_OUT_OTHER}};
    for (size_t i = 0; i < RS_ARRAY_LEN(sums); i++) {
        const int64_t whole = row->counts[sums[i].whole], parts = sum_of(row, sums[i].first, sums[i].last);
        if (whole != parts) return say(trial, row, sums[i].law, whole, parts);
    }
    return false;
}

static bool histograms_do_not_fit(trial_t *trial, const kept_row_t *row) {
    static const struct { rs_histogram_id_t histogram; rs_count_t count; } pairs[] = {
        {RS_HIST_WAIT_ANSWERED, RS_COUNT_ANSWERED}, {RS_HIST_WAIT_ABANDONED, RS_COUNT_ABANDONED}, {RS_HIST_TALK, RS_COUNT_HANDLED},
        {RS_HIST_WRAP, RS_COUNT_WRAPS},             {RS_HIST_HANDLE, RS_COUNT_HANDLED},
        {RS_HIST_FIRST_REPLY, RS_COUNT_FIRST_REPLIES},
        {RS_HIST_NEXT_REPLY, RS_COUNT_NEXT_REPLIES}, {RS_HIST_RESOLUTION, RS_COUNT_RESOLUTIONS}};
    for (size_t i = 0; i < RS_ARRAY_LEN(pairs); i++) {
        const int64_t total = histogram_total(row, pairs[i].histogram), count = row->counts[pairs[i].count];
        if (total != count) return say(trial, row, histogram_label(pairs[i].histogram), total, count);
    }
    if (histogram_total(row, RS_HIST_HOLD) > row->counts[RS_COUNT_HANDLED])
        return say(trial, row, "more holds than handlings", histogram_total(row, RS_HIST_HOLD), row->counts[RS_COUNT_HANDLED]);
    return false;
}

static bool parts_exceed_wholes(trial_t *trial, const kept_row_t *row) {
    static const struct { rs_count_t part, whole; } pairs[] = {
        {RS_COUNT_ANSWERED_IN_T, RS_COUNT_ANSWERED},       {RS_COUNT_ABANDONED_IN_T, RS_COUNT_ABANDONED},
        {RS_COUNT_FLOWED_OUT_IN_T, RS_COUNT_FLOWED_OUT},   {RS_COUNT_CALLBACKS_IN_T, RS_COUNT_CALLBACKS},
        {RS_COUNT_ABANDONED_SHORT, RS_COUNT_ABANDONED},    {RS_COUNT_HANDLED_SHORT, RS_COUNT_HANDLED},
        {RS_COUNT_FIRST_REPLIES_IN_T, RS_COUNT_FIRST_REPLIES}, {RS_COUNT_NEXT_REPLIES_IN_T, RS_COUNT_NEXT_REPLIES},
        {RS_COUNT_RESOLUTIONS_IN_T, RS_COUNT_RESOLUTIONS}, {RS_COUNT_FIRST_REPLY_US, RS_COUNT_FIRST_REPLY_CALENDAR_US},
        {RS_COUNT_NEXT_REPLY_US, RS_COUNT_NEXT_REPLY_CALENDAR_US}, {RS_COUNT_RESOLUTION_US, RS_COUNT_RESOLUTION_CALENDAR_US}};
    for (size_t i = 0; i < RS_ARRAY_LEN(pairs); i++) {
        const int64_t part = row->counts[pairs[i].part], whole = row->counts[pairs[i].whole];
        if (part > whole) return say(trial, row, count_label(pairs[i].part), part, whole);
    }
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        const int64_t numerator = row->counts[RS_COUNT_SL_NUM_0 + slot], denominator = row->counts[RS_COUNT_SL_DEN_0 + slot];
        if (numerator > denominator) return say(trial, row, "a numerator exceeds its denominator", numerator, denominator);
    }
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        if (row->counts[i] < 0) return say(trial, row, count_label(i), row->counts[i], 0);
    }
    return false;
}

/* Where every leg stands with its outcome in one row: queued and closed in it, whatever the attribution, or by its queued time. */
static bool legs_are_lost(trial_t *trial, const kept_row_t *row, bool whole) {
    if (!whole && row->attribution != RS_ATTRIBUTION_ENTER) return false;
    const int64_t closed = sum_of(row, RS_COUNT_ANSWERED, RS_COUNT_CALLBACKS) + row->still_open;
    return row->counts[RS_COUNT_OFFERED] != closed &&
           say(trial, row, "offered is the sum of its outcomes", row->counts[RS_COUNT_OFFERED], closed);
}

/* --- between rows ------------------------------------------------------------------------------------------------------ */
static bool is_below(const kept_row_t *part, const kept_row_t *whole, rs_key_family_t family) {
    return part->key.family == family && part->attribution == whole->attribution && part->start_us == whole->start_us &&
           rs_str_equal(part->key.tenant, whole->key.tenant) &&
           (whole->key.family != RS_FAMILY_CHANNEL || part->key.channel == whole->key.channel);
}

static bool queues_do_not_add_up(trial_t *trial, const kept_rows_t *rows, const kept_row_t *whole, rs_key_family_t family) {
    int64_t counts[RS_COUNT_COUNT] = {0}, histograms[RS_HIST_COUNT] = {0}, still_open = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const kept_row_t *part = &rows->rows[i];
        if (!is_below(part, whole, family)) continue;
        for (unsigned c = 0; c < RS_COUNT_COUNT; c++) counts[c] += part->counts[c];
        for (unsigned h = 0; h < RS_HIST_COUNT; h++) histograms[h] += histogram_total(part, h);
        still_open += part->still_open;
    }
    for (unsigned c = 0; c < RS_COUNT_COUNT; c++) {
        const bool may_be_less = family == RS_FAMILY_QUEUE && c == RS_COUNT_TRANSFERRED_IN;   /* to an agent it is in no queue */
        if (counts[c] == whole->counts[c] || (may_be_less && counts[c] < whole->counts[c])) continue;
        return say(trial, whole, count_label(c), counts[c], whole->counts[c]);
    }
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        if (histograms[h] != histogram_total(whole, h)) {
            return say(trial, whole, histogram_label(h), histograms[h], histogram_total(whole, h));
        }
    }
    return still_open != whole->still_open && say(trial, whole, "still_open", still_open, whole->still_open);
}

/* All that agents did is in the total; and nothing else, where every answer names its agent. */
static bool agents_do_not_add_up(trial_t *trial, const kept_rows_t *rows, const kept_row_t *total) {
    static const rs_count_t of_handlings[] = {RS_COUNT_HANDLED, RS_COUNT_HANDLED_SHORT, RS_COUNT_TALK_US, RS_COUNT_HOLD_US, RS_COUNT_HOLDS,
                                              RS_COUNT_WRAPS,   RS_COUNT_WRAP_US,       RS_COUNT_ANSWERED, RS_COUNT_WAIT_ANSWERED_US,
                                              RS_COUNT_HANDLING_LOST, RS_COUNT_TRANSFERRED_OUT, RS_COUNT_TRANSFERRED_IN,
                                              RS_COUNT_FIRST_REPLIES};
    for (size_t c = 0; c < RS_ARRAY_LEN(of_handlings); c++) {
        const rs_count_t count = of_handlings[c];
        int64_t sum = 0;
        for (size_t i = 0; i < rows->count; i++) {
            if (is_below(&rows->rows[i], total, RS_FAMILY_AGENT)) sum += rows->rows[i].counts[count];
        }
        const bool exact = trial->all_agents && count != RS_COUNT_TRANSFERRED_IN && count != RS_COUNT_FIRST_REPLIES;
        if (exact ? sum != total->counts[count] : sum > total->counts[count]) {
            return say(trial, total, count_label(count), sum, total->counts[count]);
        }
    }
    const int64_t in = total->counts[RS_COUNT_TRANSFERRED_IN], out = total->counts[RS_COUNT_TRANSFERRED_OUT];
    const bool at_one_moment = total->attribution != RS_ATTRIBUTION_ENTER || total->length_us == 0;
    return at_one_moment && in > out && say(trial, total, "more transfers come in than go out", in, out);
}

/* While all that happened lies within the last hour and today, windows and rows (attribution event, one interval) see the same. */
static bool windows_differ(trial_t *trial, const kept_rows_t *rows, int64_t least_us) {
    const rs_window_store_t *windows = rs_core_windows(trial->core);
    const rs_interval_spec_t day = {.mode = RS_INTERVAL_DAY, .zone = trial->history->config.zone};
    const int64_t now_us = rs_window_now(windows), hour = trial->history->config.window_count - 1;
    int64_t today_us, length_us;
    oracle_interval(&day, now_us, &today_us, &length_us);
    const bool in_hour = least_us > now_us - RS_US_PER_HOUR + RS_US_PER_S, in_day = least_us >= today_us;
    for (uint32_t key = 0; key < rs_window_key_count(windows); key++) {
        rs_key_t dimensions;
        rs_core_key(trial->core, key, &dimensions);
        const kept_row_t *row = kept_rows_find(rows, RS_ATTRIBUTION_EVENT, &dimensions, 0);
        for (int today = 0; today < 2 && row != NULL; today++) {
            rs_window_view_t view;
            if (today ? !in_day : !in_hour) continue;
            if (rs_window_read(windows, key, today ? RS_WINDOW_TODAY : (uint32_t)hour, &view) != RS_OK) {
                return say(trial, row, "a window cannot be read", 0, 0);
            }
            for (unsigned c = 0; c < RS_COUNT_COUNT; c++) {
                if (view.counts[c] != row->counts[c]) return say(trial, row, count_label(c), view.counts[c], row->counts[c]);
            }
        }
    }
    return false;
}

static bool a_law_is_broken(trial_t *trial, int64_t least_us, int64_t greatest_us) {
    const bool whole = trial->history->interval.mode == RS_INTERVAL_ALL;
    kept_rows_t rows;
    bool broken = false;
    kept_rows_take(trial->core, &rows);
    for (size_t i = 0; i < rows.count && !broken; i++) {
        const kept_row_t *row = &rows.rows[i];
        broken = reasons_do_not_add_up(trial, row) || histograms_do_not_fit(trial, row) || parts_exceed_wholes(trial, row);
        if (broken || row->key.family > RS_FAMILY_TOTAL) continue;
        broken = legs_are_lost(trial, row, whole);
        if (!broken && row->key.family != RS_FAMILY_QUEUE) broken = queues_do_not_add_up(trial, &rows, row, RS_FAMILY_QUEUE);
        if (!broken && row->key.family == RS_FAMILY_TOTAL) broken = queues_do_not_add_up(trial, &rows, row, RS_FAMILY_CHANNEL);
        if (!broken && row->key.family == RS_FAMILY_TOTAL) broken = agents_do_not_add_up(trial, &rows, row);
    }
    if (!broken && whole && rs_core_now(trial->core) >= greatest_us) broken = windows_differ(trial, &rows, least_us);
    kept_rows_destroy(&rows);
    return broken;
}

/* --- histories ---------------------------------------------------------------------------------------------------------- */
static void begin(trial_t *trial, uint64_t seed) {
    trial->live = seed % 2 == 0;
    trial->all_agents = seed % 3 == 0;
    trial->history = generate_history(&(generate_options_t){.seed = seed, .order = trial->live ? DELIVER_ANYHOW : DELIVER_SORTED,
                                                            .duplicates_per_mille = 50, .missing_end = seed % 5 == 0});
    history_t *history = trial->history;
    if (seed % 4 != 3) history->interval = (rs_interval_spec_t){.mode = RS_INTERVAL_ALL};
    trial->events = calloc(history->delivery_count + 1, sizeof *trial->events);
    RS_REQUIRE(trial->events != NULL);
    for (size_t i = 0; i < history->delivery_count; i++) {
        trial->events[i] = *history->deliveries[i].event;
        const bool lacks = trial->events[i].type == RS_CONTACT_ANSWERED && trial->events[i].agent.len == 0;
        if (lacks && trial->all_agents) trial->events[i].agent = RS_STR("eve");
    }
    const rs_core_options_t options = {.config = &history->config, .replay = !trial->live, .windows = true,
                                       .families = (1u << RS_FAMILY_COUNT) - 1, .attributions = (1u << RS_ATTRIBUTION_COUNT) - 1,
                                       .interval = history->interval, .run = 1, .hash_seed = seed,
                                       .start_us = history->begin_us - 20 * RS_US_PER_MIN};
    RS_REQUIRE(rs_core_create(&options, &trial->core) == RS_OK);
}

static void end(trial_t *trial) {
    rs_core_destroy(&trial->core);
    history_destroy(trial->history);
    free(trial->events);
}

static bool breaks_a_law(trial_t *trial) {
    int64_t least_us = INT64_MAX, greatest_us = INT64_MIN;
    for (size_t i = 0; i < trial->history->delivery_count; i++) {
        const rs_event_t *event = &trial->events[i];
        const int64_t arrival_us = trial->history->deliveries[i].arrival_us;
        if (trial->live) rs_core_tick(trial->core, arrival_us);
        rs_core_apply_event(trial->core, event, arrival_us, (rs_origin_t){.session = 1, .number = i + 1});
        if (event->occurred_us < least_us) least_us = event->occurred_us;
        if (event->occurred_us > greatest_us) greatest_us = event->occurred_us;
        if (a_law_is_broken(trial, least_us, greatest_us)) return true;
    }
    rs_core_tick(trial->core, greatest_us + 5 * RS_US_PER_MIN);
    if (!trial->live) rs_core_finish(trial->core);
    return a_law_is_broken(trial, least_us, rs_core_now(trial->core));
}

static void figures_hold_together_after_every_event(void **state) {
    (void)state;
    const uint64_t one = rs_test_number("RS_SEED", 0), first = one != 0 ? one : rs_test_number("RS_FIRST_SEED", 1);
    const uint64_t count = one != 0 ? 1 : rs_test_number("RS_SEEDS", DEFAULT_SEEDS);
    for (uint64_t seed = first; seed < first + count; seed++) {
        trial_t trial = {0};
        begin(&trial, seed);
        const bool broken = breaks_a_law(&trial);
        if (broken) history_print(stderr, trial.history, trial.history->deliveries, trial.history->delivery_count);
        end(&trial);
        if (broken) fail_msg("RS_SEED=%llu: %s", (unsigned long long)seed, trial.why);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(figures_hold_together_after_every_event)};
    return cmocka_run_group_tests_name("conservation", tests, NULL, NULL);
}
