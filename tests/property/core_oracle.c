/* The core against the brute-force oracle: random histories with mistakes in them, in order, permuted, repeated and late.
 * RS_SEEDS: how many histories (10,000; a tenth under a sanitizer), from RS_FIRST_SEED on. RS_SEED: only this one.
 * RS_TEST: only this property. RS_FAILURES: how many to collect and shrink before a property gives up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drive.h"
#include "generate.h"
#include "random.h"

#include <stdlib.h>

static const uint32_t EVERY_FAMILY = (1u << RS_FAMILY_COUNT) - 1;
enum { MAX_FAILURES = 5 };

enum { DEFAULT_SEEDS = RS_SANITIZED ? 1000 : 10000 };

/* --- one property over one history ---------------------------------------------------------------------------------- */
typedef struct trial {
    history_t *history;
    uint32_t restarts_per_mille;
    difference_t difference;
} trial_t;

/* True when the property is broken; `trial->difference` says how. Verdicts of the deliveries are written. */
typedef bool (*property_fn)(trial_t *trial, oracle_arrival_t *deliveries, size_t count);

static bool say(trial_t *trial, const char *what) {
    snprintf(trial->difference.text, sizeof trial->difference.text, "%s", what);
    return true;
}

static bool rows_differ(trial_t *trial, rs_core_t *core, const oracle_t *oracle) {
    kept_rows_t rows;
    bool differ = false;
    kept_rows_take(core, &rows);
    for (uint8_t attribution = RS_ATTRIBUTION_EVENT; attribution < RS_ATTRIBUTION_COUNT && !differ; attribution++) {
        oracle_rows_t expected;
        oracle_rows(oracle, &trial->history->interval, (rs_attribution_t)attribution, EVERY_FAMILY, &expected);
        differ = kept_rows_differ_from_oracle(&rows, attribution, &expected, false, &trial->difference);
        oracle_rows_destroy(&expected);
    }
    kept_rows_destroy(&rows);
    return differ;
}

static drive_options_t options_of(const trial_t *trial, bool live) {
    return (drive_options_t){.config = &trial->history->config,
                             .interval = trial->history->interval,
                             .live = live,
                             .records = trial->history->seed % 2 == 0,
                             .windows = true,
                             .refusals = trial->history->seed % 3 == 0,
                             .restarts_per_mille = trial->restarts_per_mille,
                             .check_always = trial->history->seed % 16 == 0};
}

/* Time goes on without events: windows empty, days end. */
static bool windows_differ_while_time_passes(trial_t *trial, drive_t *drive, const oracle_t *oracle) {
    static const int64_t steps_us[] = {
        0, 299 * RS_US_PER_S, 11 * RS_US_PER_MIN, 31 * RS_US_PER_MIN, RS_US_PER_HOUR, 25 * RS_US_PER_HOUR};
    for (size_t i = 0; i < RS_ARRAY_LEN(steps_us); i++) {
        drive_tick(drive, drive->now_us + steps_us[i]);
        if (drive_windows_differ(drive, oracle, &trial->history->config, &trial->difference)) return true;
    }
    return false;
}

static bool compare(trial_t *trial, drive_t *drive, oracle_arrival_t *deliveries, size_t count, bool live) {
    if (drive->why != NULL) return say(trial, drive->why);
    oracle_t *oracle = oracle_create(deliveries, count, &trial->history->config, rs_core_now(drive->core));
    bool broken = rows_differ(trial, drive->core, oracle) ||
                  drive_windows_differ(drive, oracle, &trial->history->config, &trial->difference) ||
                  (live && windows_differ_while_time_passes(trial, drive, oracle));
    if (!broken && drive->why != NULL) broken = say(trial, drive->why);
    oracle_destroy(oracle);
    return broken;
}

/* What the core said of each delivery must be what the rules say. `folded`: an event may also be too late for its contact. */
static bool verdicts_differ(trial_t *trial, const oracle_arrival_t *deliveries, const oracle_arrival_t *expected,
                            size_t count, bool folded) {
    for (size_t i = 0; i < count; i++) {
        if (deliveries[i].verdict == expected[i].verdict) continue;
        if (folded && expected[i].verdict == RS_REFUSAL_NONE && deliveries[i].verdict == RS_REFUSAL_TOO_LATE)
            return false;
        snprintf(trial->difference.text, sizeof trial->difference.text, "delivery %zu is judged %s, should be %s", i,
                 rs_refusal_name(deliveries[i].verdict), rs_refusal_name(expected[i].verdict));
        return true;
    }
    return false;
}

/* Per source: what came, what became of it, and how far its own clock has got. Late ones are applied ones. */
static bool accounts_differ(trial_t *trial, const rs_core_t *core, const oracle_arrival_t *deliveries, size_t count,
                            bool folded) {
    oracle_accounting_t accounts[8];
    const size_t sources = oracle_account(deliveries, count, accounts, RS_ARRAY_LEN(accounts));
    for (size_t i = 0; i < sources; i++) {
        const oracle_accounting_t *should_be = &accounts[i];
        rs_accounting_t is = {0};
        for (uint32_t source = 0; source < rs_core_source_count(core); source++) {
            rs_core_accounting(core, source, &is);
            if (rs_str_equal(is.source, should_be->source)) break;
        }
        const bool same = rs_str_equal(is.source, should_be->source) &&
                          is.received - is.invalid - is.unknown == should_be->received &&
                          is.duplicate == should_be->duplicate && is.too_late == should_be->too_late &&
                          is.future == should_be->future &&
                          is.applied + is.late_applied == should_be->applied + should_be->late_applied;
        if (!same) return say(trial, "a source's accounts are not what was said of its events");
        /* What is too late for its contact tells how far its source has got all the same. */
        const bool known = !folded && should_be->applied + should_be->late_applied > 0;
        if (known && is.watermark_us != should_be->watermark_us) return say(trial, "a source's watermark is wrong");
    }
    return false;
}

static bool run_and_compare(trial_t *trial, oracle_arrival_t *deliveries, size_t count, bool live, bool folded) {
    oracle_arrival_t *expected = calloc(count + 1, sizeof *expected);
    RS_REQUIRE(expected != NULL);
    memcpy(expected, deliveries, count * sizeof *expected);
    if (live)
        oracle_accept_live(expected, count, &trial->history->config);
    else
        oracle_accept_replay(expected, count);

    const drive_options_t options = options_of(trial, live);
    drive_t drive;
    drive_run(&drive, &options, deliveries, count);
    const bool broken = verdicts_differ(trial, deliveries, expected, count, folded) ||
                        accounts_differ(trial, drive.core, deliveries, count, folded) ||
                        compare(trial, &drive, deliveries, count, live);
    drive_end(&drive);
    free(expected);
    return broken;
}

static bool replay_equals_oracle(trial_t *trial, oracle_arrival_t *deliveries, size_t count) {
    return run_and_compare(trial, deliveries, count, false, false);
}

static bool live_equals_oracle(trial_t *trial, oracle_arrival_t *deliveries, size_t count) {
    return run_and_compare(trial, deliveries, count, true, false);
}

static bool live_with_refused_events_equals_oracle(trial_t *trial, oracle_arrival_t *deliveries, size_t count) {
    return run_and_compare(trial, deliveries, count, true, true);
}

/* The store's side: rows are collected a few at a time while events come in and again when they have become final; the last
 * revision of every part, added up, is what the oracle says. */
static bool collected_parts_equal_oracle(trial_t *trial, oracle_arrival_t *deliveries, size_t count) {
    kept_rows_t store = {0}, summed;
    drive_options_t options = options_of(trial, true);
    options.windows = false;
    options.store = &store;
    drive_t drive;
    drive_run(&drive, &options, deliveries, count);
    bool broken = drive.why != NULL && say(trial, drive.why);
    const char *why = NULL;
    for (int day = 0; day < 3; day++) {
        while (kept_rows_collect(drive.core, 7, &store, &why) > 0) {}
        drive_tick(&drive, drive.now_us + 25 * RS_US_PER_HOUR);
    }
    while (kept_rows_collect(drive.core, 7, &store, &why) > 0) {}
    if (!broken && why != NULL) broken = say(trial, why);
    if (!broken && rs_core_dirty_rows(drive.core) != 0) broken = say(trial, "rows stay dirty");
    /* By the day after, every interval is final, but those that legs still wait from or a wrap still belongs to. */
    bool unsure = trial->history->interval.mode != RS_INTERVAL_FIXED; /* a store's intervals are fixed */
    for (size_t i = 0; i < count; i++) unsure = unsure || deliveries[i].event->type == RS_CONTACT_WRAPUP_STARTED;
    for (size_t i = 0; i < store.count && !broken && !unsure; i++) {
        const kept_row_t *row = &store.rows[i];
        const bool may_change = row->attribution != RS_ATTRIBUTION_EVENT || row->still_open != 0;
        if (!row->final && !may_change) broken = say(trial, "a finished interval was never collected as final");
    }
    kept_rows_sum_parts(&store, &summed);
    oracle_t *oracle = oracle_create(deliveries, count, &trial->history->config, rs_core_now(drive.core));
    for (uint8_t attribution = RS_ATTRIBUTION_EVENT; attribution < RS_ATTRIBUTION_COUNT && !broken; attribution++) {
        oracle_rows_t expected;
        oracle_rows(oracle, &trial->history->interval, (rs_attribution_t)attribution, EVERY_FAMILY, &expected);
        broken = kept_rows_differ_from_oracle(&summed, attribution, &expected, true, &trial->difference);
        oracle_rows_destroy(&expected);
    }
    oracle_destroy(oracle);
    kept_rows_destroy(&summed);
    kept_rows_destroy(&store);
    drive_end(&drive);
    return broken;
}

/* --- the core against itself ----------------------------------------------------------------------------------------- */
static void rows_of(const trial_t *trial, oracle_arrival_t *deliveries, size_t count, bool live,
                    const rs_interval_spec_t *interval, kept_rows_t *rows) {
    drive_options_t options = options_of(trial, live);
    options.windows = false;
    options.interval = *interval;
    drive_t drive;
    drive_run(&drive, &options, deliveries, count);
    kept_rows_take(drive.core, rows);
    drive_end(&drive);
}

static uint64_t refused_as_too_late(const rs_core_t *core) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < rs_core_source_count(core); i++) {
        rs_accounting_t one;
        rs_core_accounting(core, i, &one);
        count += one.too_late;
    }
    return count;
}

/* Rows of the live core; false when it refused more as too late than the sources' watermarks say: an event that would change a
 * folded contact. In replay nothing is folded away or late, so the two need not agree then. */
static bool live_rows(trial_t *trial, oracle_arrival_t *deliveries, size_t count, kept_rows_t *rows) {
    drive_options_t options = options_of(trial, true);
    options.windows = false;
    options.interval = trial->history->interval;
    drive_t drive;
    drive_run(&drive, &options, deliveries, count);
    kept_rows_take(drive.core, rows);
    uint64_t expected = 0;
    for (size_t i = 0; i < count; i++) expected += deliveries[i].verdict == RS_REFUSAL_TOO_LATE;
    const bool comparable = refused_as_too_late(drive.core) == expected;
    drive_end(&drive);
    return comparable;
}

/* Replay of the accepted events in order = live in any order, with repeats. */
static bool live_equals_replay(trial_t *trial, oracle_arrival_t *deliveries, size_t count) {
    oracle_arrival_t *sorted = calloc(count + 1, sizeof *sorted);
    RS_REQUIRE(sorted != NULL);
    kept_rows_t live, replay;
    if (!live_rows(trial, deliveries, count, &live)) {
        kept_rows_destroy(&live);
        free(sorted);
        return false;
    }
    size_t accepted = 0;
    for (size_t i = 0; i < count; i++) {
        if (deliveries[i].verdict != RS_REFUSAL_NONE) continue;
        size_t at = accepted++;
        for (; at > 0 && oracle_compare(sorted[at - 1].event, deliveries[i].event) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = deliveries[i];
    }
    rows_of(trial, sorted, accepted, false, &trial->history->interval, &replay);
    const bool broken = kept_rows_differ(&live, &replay, &trial->difference);
    kept_rows_destroy(&live);
    kept_rows_destroy(&replay);
    free(sorted);
    return broken;
}

static bool quarter_hours_add_up(trial_t *trial, oracle_arrival_t *deliveries, size_t count) {
    const rs_interval_spec_t quarter = {.mode = RS_INTERVAL_FIXED, .length_us = 15 * RS_US_PER_MIN};
    const rs_interval_spec_t longer[] = {{.mode = RS_INTERVAL_FIXED, .length_us = 30 * RS_US_PER_MIN},
                                         {.mode = RS_INTERVAL_FIXED, .length_us = RS_US_PER_HOUR},
                                         {.mode = RS_INTERVAL_DAY, .zone = trial->history->config.zone},
                                         {.mode = RS_INTERVAL_ALL}};
    kept_rows_t parts;
    rows_of(trial, deliveries, count, false, &quarter, &parts);
    bool broken = false;
    for (size_t i = 0; i < RS_ARRAY_LEN(longer) && !broken; i++) {
        kept_rows_t rolled, whole;
        kept_rows_roll_up(&parts, &longer[i], &rolled);
        rows_of(trial, deliveries, count, false, &longer[i], &whole);
        broken = kept_rows_differ(&rolled, &whole, &trial->difference);
        kept_rows_destroy(&rolled);
        kept_rows_destroy(&whole);
    }
    kept_rows_destroy(&parts);
    return broken;
}

static bool family_adds_up(trial_t *trial, const kept_rows_t *rows, rs_key_family_t from, rs_key_family_t to,
                           oracle_arrival_t *deliveries, size_t count) {
    kept_rows_t summed, whole;
    kept_rows_sum_family(rows, from, to, &summed);
    rows_of(trial, deliveries, count, false, &trial->history->interval, &whole);
    kept_rows_only(&whole, to);
    if (from == RS_FAMILY_QUEUE) { /* to an agent it is in no queue's row */
        kept_rows_ignore(&summed, RS_COUNT_TRANSFERRED_IN);
        kept_rows_ignore(&whole, RS_COUNT_TRANSFERRED_IN);
    }
    size_t kept = 0; /* a row of nothing but such transfers has no queue rows */
    for (size_t i = 0; i < whole.count; i++) {
        bool empty = true;
        for (unsigned c = 0; c < RS_COUNT_COUNT; c++) empty = empty && whole.rows[i].counts[c] == 0;
        if (!empty ||
            kept_rows_find(&summed, whole.rows[i].attribution, &whole.rows[i].key, whole.rows[i].start_us) != NULL)
            kept++;
        else
            break;
    }
    const bool all_kept = kept == whole.count;
    const bool broken = all_kept && kept_rows_differ(&summed, &whole, &trial->difference);
    kept_rows_destroy(&summed);
    kept_rows_destroy(&whole);
    return broken;
}

static bool families_and_outcomes_add_up(trial_t *trial, oracle_arrival_t *deliveries, size_t count) {
    kept_rows_t rows, everything;
    const rs_interval_spec_t all = {.mode = RS_INTERVAL_ALL};
    rows_of(trial, deliveries, count, false, &trial->history->interval, &rows);
    bool broken = family_adds_up(trial, &rows, RS_FAMILY_QUEUE, RS_FAMILY_CHANNEL, deliveries, count) ||
                  family_adds_up(trial, &rows, RS_FAMILY_QUEUE, RS_FAMILY_TOTAL, deliveries, count) ||
                  family_adds_up(trial, &rows, RS_FAMILY_CHANNEL, RS_FAMILY_TOTAL, deliveries, count);
    kept_rows_destroy(&rows);
    rows_of(trial, deliveries, count, false, &all, &everything);
    for (size_t i = 0; i < everything.count && !broken; i++) {
        const int64_t *counts = everything.rows[i].counts;
        if (everything.rows[i].key.family > RS_FAMILY_TOTAL) continue;
        const int64_t closed = counts[RS_COUNT_ANSWERED] + counts[RS_COUNT_ABANDONED] + counts[RS_COUNT_FLOWED_OUT] +
                               counts[RS_COUNT_CALLBACKS];
        if (counts[RS_COUNT_OFFERED] != closed + everything.rows[i].still_open)
            broken = say(trial, "offered is not the sum of its outcomes");
    }
    kept_rows_destroy(&everything);
    return broken;
}

/* --- many seeds, small failures -------------------------------------------------------------------------------------- */
typedef struct shrinking {
    trial_t *trial;
    property_fn property;
} shrinking_t;

static bool still_fails(void *context, oracle_arrival_t *deliveries, size_t count) {
    shrinking_t *shrinking = context;
    return shrinking->property(shrinking->trial, deliveries, count);
}

static void report(trial_t *trial, property_fn property) {
    shrinking_t shrinking = {.trial = trial, .property = property};
    history_t *history = trial->history;
    const size_t left = history_shrink(history->deliveries, history->delivery_count, still_fails, &shrinking);
    (void)property(trial, history->deliveries, left);
    print_error("RS_SEED=%llu: %s\n", (unsigned long long)history->seed, trial->difference.text);
    history_print(stderr, history, history->deliveries, left);
    fflush(stderr);
}

typedef struct profile {
    delivery_order_t order;
    uint32_t duplicates_per_mille, contacts;
    uint64_t share;      /* of the seeds: every share-th */
    int64_t lateness_us; /* 0: the default */
    bool missing_end;
    bool by_events; /* time.clock = events */
    uint32_t restarts_per_mille;
} profile_t;

static bool try_seed(const profile_t *profile, property_fn property, uint64_t seed) {
    const generate_options_t options = {.seed = seed,
                                        .order = profile->order,
                                        .contacts = profile->contacts,
                                        .duplicates_per_mille = profile->duplicates_per_mille,
                                        .missing_end = profile->missing_end};
    trial_t trial = {.history = generate_history(&options), .restarts_per_mille = profile->restarts_per_mille};
    if (profile->lateness_us != 0) {
        trial.history->config.lateness_us = profile->lateness_us;
        history_reorder(trial.history, profile->order, seed);
    }
    if (profile->by_events) trial.history->config.clock = RS_CLOCK_EVENTS;
    oracle_arrival_t *deliveries = calloc(trial.history->delivery_count + 1, sizeof *deliveries);
    RS_REQUIRE(deliveries != NULL);
    memcpy(deliveries, trial.history->deliveries, trial.history->delivery_count * sizeof *deliveries);
    const bool holds = !property(&trial, deliveries, trial.history->delivery_count);
    free(deliveries);
    if (!holds) report(&trial, property);
    history_destroy(trial.history);
    return holds;
}

/* Seeds that broke a property once, far out in a long run. */
static const uint64_t once_broken[] = {51667, 75065};

static void try_seeds(const profile_t *profile, property_fn property) {
    const uint64_t one = rs_test_number("RS_SEED", 0), most = rs_test_number("RS_FAILURES", MAX_FAILURES);
    const uint64_t first = rs_test_number("RS_FIRST_SEED", 1), end = first + rs_test_number("RS_SEEDS", DEFAULT_SEEDS);
    uint64_t failures = 0;
    if (one != 0) {
        assert_true(try_seed(profile, property, one));
        return;
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(once_broken); i++) failures += !try_seed(profile, property, once_broken[i]);
    for (uint64_t seed = first; seed < end && failures < most; seed += profile->share) failures += !try_seed(profile, property, seed);
    assert_int_equal(failures, 0);
}

static void replay_of_sorted_histories_equals_the_oracle(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_SORTED, .duplicates_per_mille = 50, .share = 1}, replay_equals_oracle);
}

static void live_under_permutation_and_duplication_equals_the_oracle(void **state) {
    (void)state;
    try_seeds(
        &(profile_t){
            .order = DELIVER_WITHIN_LATENESS, .duplicates_per_mille = 50, .share = 1, .lateness_us = RS_US_PER_DAY},
        live_equals_oracle);
}

static void live_within_ten_minutes_of_lateness_equals_the_oracle(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_WITHIN_LATENESS, .duplicates_per_mille = 50, .share = 2},
              live_with_refused_events_equals_oracle);
}

static void live_with_late_and_future_events_equals_the_oracle_of_the_accepted(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_ANYHOW, .duplicates_per_mille = 50, .share = 2},
              live_with_refused_events_equals_oracle);
}

static void live_by_the_events_own_clock_equals_the_oracle(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_WITHIN_LATENESS,
                           .duplicates_per_mille = 50,
                           .share = 4,
                           .by_events = true,
                           .lateness_us = RS_US_PER_DAY},
              live_equals_oracle);
}

static void live_with_restarts_from_saved_states_equals_the_oracle(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_WITHIN_LATENESS,
                           .duplicates_per_mille = 50,
                           .share = 4,
                           .restarts_per_mille = 100,
                           .lateness_us = RS_US_PER_DAY},
              live_equals_oracle);
}

static void replay_with_restarts_from_saved_states_equals_the_oracle(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_SORTED, .duplicates_per_mille = 50, .share = 8, .restarts_per_mille = 100},
              replay_equals_oracle);
}

static void missing_ends_time_out_as_in_the_oracle(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_SORTED, .share = 2, .missing_end = true}, replay_equals_oracle);
}

static void many_contacts_at_once_equal_the_oracle(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_WITHIN_LATENESS,
                           .duplicates_per_mille = 50,
                           .share = 200,
                           .contacts = 150,
                           .lateness_us = RS_US_PER_DAY},
              live_equals_oracle);
}

static void live_and_replay_give_the_same_rows(void **state) {
    (void)state;
    try_seeds(
        &(profile_t){.order = DELIVER_ANYHOW, .duplicates_per_mille = 50, .share = 2, .lateness_us = RS_US_PER_DAY},
        live_equals_replay);
}

static void what_a_store_collects_adds_up_to_the_oracle(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_ANYHOW, .duplicates_per_mille = 50, .share = 2},
              collected_parts_equal_oracle);
}

static void shorter_intervals_add_up_to_longer_ones(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_SORTED, .share = 8}, quarter_hours_add_up);
}

static void queues_and_outcomes_add_up(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_SORTED, .share = 8}, families_and_outcomes_add_up);
}

/* The only inexactness that is allowed in rows is a rare one. */
static int an_extreme_is_hardly_ever_a_bound_only(void **state) {
    (void)state;
    const compared_extremes_t compared = kept_rows_compared_extremes();
    print_message("%llu of %llu extremes were bounds only\n", (unsigned long long)compared.bounds, (unsigned long long)compared.all);
    return compared.bounds * 100000 <= compared.all || rs_test_number("RS_SEED", 0) != 0 ? 0 : 1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_of_sorted_histories_equals_the_oracle),
        cmocka_unit_test(live_under_permutation_and_duplication_equals_the_oracle),
        cmocka_unit_test(live_within_ten_minutes_of_lateness_equals_the_oracle),
        cmocka_unit_test(live_with_late_and_future_events_equals_the_oracle_of_the_accepted),
        cmocka_unit_test(live_by_the_events_own_clock_equals_the_oracle),
        cmocka_unit_test(live_with_restarts_from_saved_states_equals_the_oracle),
        cmocka_unit_test(replay_with_restarts_from_saved_states_equals_the_oracle),
        cmocka_unit_test(missing_ends_time_out_as_in_the_oracle),
        cmocka_unit_test(many_contacts_at_once_equal_the_oracle),
        cmocka_unit_test(live_and_replay_give_the_same_rows),
        cmocka_unit_test(what_a_store_collects_adds_up_to_the_oracle),
        cmocka_unit_test(shorter_intervals_add_up_to_longer_ones),
        cmocka_unit_test(queues_and_outcomes_add_up),
    };
    const char *only = getenv("RS_TEST");
    if (only != NULL) cmocka_set_test_filter(only);
    return cmocka_run_group_tests_name("core_oracle", tests, NULL, an_extreme_is_hardly_ever_a_bound_only);
}
