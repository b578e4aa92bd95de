#include "core_collect.h"
#include "core_test.h"

#include "core/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

/* --- bounds ----------------------------------------------------------------------------------------------------------- */
static void keys_past_the_limit_share_one_key_and_totals_stay_exact(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, "limits.queue_keys=4");
    for (int i = 0; i < 10; i++) {
        char contact[16], queue[16];
        snprintf(contact, sizeof contact, "c%d", i);
        snprintf(queue, sizeof queue, "q%d", i);
        core_test_event(&test, RS_CONTACT_QUEUED, contact, queue, "", i * 2);
        core_test_event(&test, RS_CONTACT_ABANDONED, contact, "", "", i * 2 + 1);
    }
    assert_int_equal(core_test_count(&test, RS_FAMILY_TOTAL, "", RS_COUNT_OFFERED), 10);
    assert_int_equal(core_test_count(&test, RS_FAMILY_QUEUE, "q0", RS_COUNT_OFFERED), 1);
    assert_int_equal(core_test_count(&test, RS_FAMILY_QUEUE, "q9", RS_COUNT_OFFERED), 0);
    assert_int_equal(core_test_count(&test, RS_FAMILY_QUEUE, RS_OVERFLOW_NAME, RS_COUNT_OFFERED), 6);
    assert_int_equal(core_test_count(&test, RS_FAMILY_QUEUE, RS_OVERFLOW_NAME, RS_COUNT_ABANDONED), 6);
    assert_true(rs_core_losses(test.core).overflowed_keys > 0);
    core_test_end(&test);
}

static void contacts_past_the_limit_are_refused_and_counted(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, "limits.contacts=1000");
    for (int i = 0; i < 1200; i++) {
        char contact[16];
        snprintf(contact, sizeof contact, "c%d", i);
        core_test_event(&test, RS_CONTACT_QUEUED, contact, "q", "", i / 100);
    }
    assert_int_equal(core_test_count(&test, RS_FAMILY_TOTAL, "", RS_COUNT_OFFERED), 1000);
    assert_int_equal(test.refused[RS_REFUSAL_LIMIT], 200);
    const rs_accounting_t accounting = core_test_accounting(&test);
    assert_int_equal(accounting.limit, 200);
    assert_int_equal(accounting.received, accounting.applied + accounting.limit);
    core_test_end(&test);
}

static void a_contact_with_more_events_than_it_may_keep_folds_and_goes_on(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, "limits.contact_events=16");
    for (int i = 0; i < 100; i++) {
        core_test_event(&test, RS_CONTACT_QUEUED, "c", "q", "", i * 2);
        core_test_event(&test, RS_CONTACT_DEQUEUED, "c", "", "", i * 2 + 1);
    }
    assert_int_equal(core_test_count(&test, RS_FAMILY_QUEUE, "q", RS_COUNT_OFFERED), 100);
    assert_int_equal(core_test_count(&test, RS_FAMILY_QUEUE, "q", RS_COUNT_FLOWED_OUT), 100);
    core_test_event(&test, RS_CONTACT_QUEUED, "c", "q", "", 3);   /* among what is folded */
    assert_int_equal(test.refused[RS_REFUSAL_TOO_LATE], 1);
    core_test_end(&test);
}

/* An outcome that found no leg may have waited for a queued event of another source, whose clock is late (clock_skew). Once the outcome is
 * folded that cannot be undone, so the queued event is refused: its leg would stay open for ever. */
static void a_queued_event_that_a_folded_outcome_waited_for_is_too_late_whichever_of_several_it_was(void **state) {
    (void)state;
    for (int several = 0; several <= 1; several++) {
        core_test_t test;
        core_test_begin(&test, "time.lateness=60s");
        test.source = "acd";
        core_test_event(&test, RS_CONTACT_ANSWERED, "c", "q", "a1", 10);
        core_test_event(&test, RS_CONTACT_ENDED, "c", "q", "a1", 10);
        test.source = "pbx";
        if (several) core_test_event(&test, RS_CONTACT_DEQUEUED, "c", "q", "", 11);   /* of the queued event's own source: not its leg */
        for (int64_t second = 20; second < 200; second += 10) rs_core_tick(test.core, core_test_at(second));
        core_test_event(&test, RS_CONTACT_QUEUED, "c", "q", "", 11);
        assert_int_equal(test.refused[RS_REFUSAL_TOO_LATE], 1);
        assert_int_equal(core_test_count(&test, RS_FAMILY_QUEUE, "q", RS_COUNT_OFFERED), 0);
        core_test_event(&test, RS_CONTACT_QUEUED, "c", "q", "", 14);                   /* past the skew: another leg */
        assert_int_equal(core_test_count(&test, RS_FAMILY_QUEUE, "q", RS_COUNT_OFFERED), 1);
        core_test_end(&test);
    }
}

/* --- extremes of rows -------------------------------------------------------------------------------------------------- */
static void an_extreme_is_exact_again_once_what_had_no_room_was_taken_back(void **state) {
    (void)state;
    enum { MORE_THAN_ARE_KEPT = RS_BEST_KEPT + 3 };
    const rs_interval_spec_t spec = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S};
    rs_rows_t rows;
    rs_row_t row;
    assert_int_equal(rs_rows_init(&rows, 4, 2, &spec, 1), RS_OK);
    const uint32_t cell = rs_rows_find(&rows, 0, 0, 0);
    rs_sums_t *sums = &rs_rows_cell(&rows, cell)->common;
    rs_sums_store_t *store = &rows.store;
    for (int sign = 1; sign >= -1; sign -= 2) {
        for (int i = 1; i <= MORE_THAN_ARE_KEPT; i++) {
            rs_sums_count(store, sums, RS_COUNT_ANSWERED, sign);
            rs_sums_extreme(store, sums, RS_EXTREME_WAIT_MAX, i * 1000, sign);
            rs_sums_extreme(store, sums, RS_EXTREME_ANSWERED_MIN, i * 1000, sign);
        }
    }
    for (int64_t value = 5; value <= 7; value++) {
        rs_sums_count(store, sums, RS_COUNT_ANSWERED, 1);
        rs_sums_extreme(store, sums, RS_EXTREME_WAIT_MAX, value, 1);
        rs_sums_extreme(store, sums, RS_EXTREME_ANSWERED_MIN, value * 1000000, 1);
    }
    rs_rows_touch(&rows, cell, 1u << RS_ATTRIBUTION_EVENT);
    rs_rows_read(&rows, cell, RS_ATTRIBUTION_EVENT, &row);
    assert_int_equal(row.extremes[RS_EXTREME_WAIT_MAX], 7);
    assert_int_equal(row.extremes[RS_EXTREME_ANSWERED_MIN], 5000000);
    rs_rows_deinit(&rows);
}

static void an_extreme_whose_best_values_were_all_taken_back_is_a_bound_within_a_bucket(void **state) {
    (void)state;
    const rs_interval_spec_t spec = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S};
    const int64_t waits_ms[] = {1000, 2000, 70000, 80000, 90000, 100000, 110000, 120000};   /* the first two have no room */
    rs_rows_t rows;
    rs_row_t row;
    assert_int_equal(rs_rows_init(&rows, 4, 2, &spec, 1), RS_OK);
    const uint32_t cell = rs_rows_find(&rows, 0, 0, 0);
    rs_sums_t *sums = &rs_rows_cell(&rows, cell)->common;
    rs_sums_store_t *store = &rows.store;
    for (int sign = 1; sign >= -1; sign -= 2) {
        for (size_t i = RS_ARRAY_LEN(waits_ms); i-- > (sign > 0 ? 0 : 1);) {   /* all come, and all but the first go */
            rs_sums_count(store, sums, RS_COUNT_ANSWERED, sign);
            rs_sums_duration(store, sums, RS_HIST_WAIT_ANSWERED, waits_ms[i] * RS_US_PER_MS, sign);
            rs_sums_extreme(store, sums, RS_EXTREME_WAIT_MAX, waits_ms[i] * RS_US_PER_MS, sign);
        }
    }
    rs_rows_touch(&rows, cell, 1u << RS_ATTRIBUTION_EVENT);
    rs_rows_read(&rows, cell, RS_ATTRIBUTION_EVENT, &row);
    assert_int_equal(row.bounded, 1u << RS_EXTREME_WAIT_MAX);
    assert_in_range(row.extremes[RS_EXTREME_WAIT_MAX], 1000 * RS_US_PER_MS, 1000 * RS_US_PER_MS * 33 / 32);
    rs_rows_deinit(&rows);
}

/* --- sources ---------------------------------------------------------------------------------------------------------- */
static void every_refusal_of_the_core_has_its_reason_and_its_place_in_the_accounting(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, NULL);
    core_test_event(&test, RS_CONTACT_QUEUED, "c1", "q", "", 3600);
    const uint64_t first = test.seq;
    core_test_event(&test, RS_CONTACT_QUEUED, "c2", "q", "", 3600 - 599);      /* within lateness */
    core_test_event(&test, RS_CONTACT_QUEUED, "c3", "q", "", 3600 - 601);      /* beyond it */
    core_test_arrival(&test, 3600);
    core_test_event(&test, RS_CONTACT_QUEUED, "c4", "q", "", 3600 + 61);       /* ahead of its arrival */
    test.seq = first - 1;
    core_test_event(&test, RS_CONTACT_QUEUED, "c5", "q", "", 3600);            /* the first one's number again */
    rs_core_apply_refusal(test.core, RS_STR("test"), RS_REFUSAL_BAD_TIME);
    rs_core_apply_refusal(test.core, RS_STR("test"), RS_REFUSAL_UNKNOWN_TYPE);
    assert_int_equal(test.refused[RS_REFUSAL_TOO_LATE], 1);
    assert_int_equal(test.refused[RS_REFUSAL_FUTURE], 1);
    assert_int_equal(test.refused[RS_REFUSAL_DUPLICATE], 1);
    const rs_accounting_t a = core_test_accounting(&test);
    assert_int_equal(a.received, 7);
    assert_int_equal(a.applied, 1);
    assert_int_equal(a.late_applied, 1);
    assert_int_equal(a.too_late, 1);
    assert_int_equal(a.future, 1);
    assert_int_equal(a.duplicate, 1);
    assert_int_equal(a.invalid, 1);
    assert_int_equal(a.unknown, 1);
    core_test_end(&test);
}

static void holes_in_the_numbers_are_gaps_until_they_are_filled_or_declared(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, NULL);
    test.seq = 99;
    core_test_event(&test, RS_CONTACT_CREATED, "c", "", "", 1);   /* 100: what was before is not known, no gap */
    test.seq = 104;
    core_test_event(&test, RS_CONTACT_CREATED, "c", "", "", 2);   /* 105: 101 to 104 are missing */
    rs_accounting_t a = core_test_accounting(&test);
    assert_int_equal(a.gaps, 1);
    assert_int_equal(a.missing, 4);
    test.seq = 101;
    core_test_event(&test, RS_CONTACT_CREATED, "c", "", "", 2);   /* 102 comes late: two holes, 101 and 103-104 */
    a = core_test_accounting(&test);
    assert_int_equal(a.gaps, 2);
    assert_int_equal(a.missing, 3);
    test.seq = 105;
    rs_event_t gap = core_test_make(&test, RS_SOURCE_GAP, "", "", "", 3);
    gap.present |= RS_HAS_FROM_SEQ | RS_HAS_TO_SEQ;
    gap.from_seq = 103;
    gap.to_seq = 104;
    rs_core_apply_event(test.core, &gap, gap.occurred_us, (rs_origin_t){0});
    a = core_test_accounting(&test);
    assert_int_equal(a.gaps, 1);
    assert_int_equal(a.missing, 1);
    core_test_end(&test);
}

static void two_ways_of_identity_do_not_know_each_other(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, NULL);
    rs_event_t event = core_test_make(&test, RS_CONTACT_QUEUED, "c1", "q", "", 1);
    event.event_id = RS_STR("e1");
    rs_core_apply_event(test.core, &event, event.occurred_us, (rs_origin_t){0});
    event.contact_id = RS_STR("c2");
    rs_core_apply_event(test.core, &event, event.occurred_us, (rs_origin_t){0});        /* the same id */
    event.contact_id = RS_STR("c3");
    event.event_id = (rs_str_t){0};
    rs_core_apply_event(test.core, &event, event.occurred_us, (rs_origin_t){0});        /* the same number, without an id */
    event.contact_id = RS_STR("c4");
    event.incarnation = RS_STR("boot-2");
    rs_core_apply_event(test.core, &event, event.occurred_us, (rs_origin_t){0});        /* the same number of another run */
    assert_int_equal(core_test_count(&test, RS_FAMILY_QUEUE, "q", RS_COUNT_OFFERED), 3);
    assert_int_equal(test.refused[RS_REFUSAL_DUPLICATE], 1);
    core_test_end(&test);
}

static void an_idle_source_stops_holding_the_watermark_back(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, NULL);
    test.source = "slow";
    core_test_event(&test, RS_CONTACT_QUEUED, "c1", "q", "", 10);
    test.source = "test";
    core_test_event(&test, RS_CONTACT_QUEUED, "c2", "q", "", 35);
    rs_core_tick(test.core, core_test_at(36));
    assert_int_equal(rs_core_watermark(test.core), core_test_at(10));
    core_test_event(&test, RS_CONTACT_QUEUED, "c3", "q", "", 50);
    rs_core_tick(test.core, core_test_at(51));                         /* slow has been silent for over 30 s */
    assert_int_equal(rs_core_watermark(test.core), core_test_at(50));
    rs_core_tick(test.core, core_test_at(400));                        /* all are idle: time itself closes */
    assert_int_equal(rs_core_watermark(test.core), core_test_at(400));
    core_test_end(&test);
}

/* --- the end of a shift ------------------------------------------------------------------------------------------------ */
/* One caller waits, one was kept waiting too long; then nobody says anything any more. Ticks are all that comes. Whatever is due by the
 * clock is told within lateness + 2 s of when it was due, and in the end no window holds anything.
 * By the wall clock: by that of the events time stands still. */
static void after_the_last_event_every_window_closes_and_every_due_alert_fires(void **state) {
    (void)state;
    enum { LATENESS_S = 60, LAST_S = 100, WAIT_LIMIT_S = 300, HELD_S = 120, LONGEST_S = 3600 };
    core_test_t test;
    static const char sets[] =
        "time.lateness=60s,time.idle=30s,"
        "alerts.rules.long.metric=oldest_wait,alerts.rules.long.compare=above,alerts.rules.long.limit=300s,"
        "alerts.rules.held.metric=service_level,alerts.rules.held.window=5m,alerts.rules.held.compare=below,alerts.rules.held.limit=0.8,"
        "alerts.rules.held.for=2m,alerts.rules.held.min_sample=1";
    core_test_begin(&test, sets);
    uint32_t held_at = 0, long_at = 0;
    for (uint32_t second = 1; second <= LAST_S + LONGEST_S + LATENESS_S + 2; second++) {
        rs_core_tick(test.core, core_test_at(second));
        if (second == 90) core_test_event(&test, RS_CONTACT_QUEUED, "c1", "q", "", 60);
        if (second == 99) core_test_event(&test, RS_CONTACT_ANSWERED, "c1", "q", "a1", 99);    /* not within T */
        if (second == LAST_S) core_test_event(&test, RS_CONTACT_QUEUED, "c2", "q", "", LAST_S);
        if (test.fired > 0 && held_at == 0) held_at = second;
        if (test.fired > 1 && long_at == 0) long_at = second;
    }
    assert_int_equal(test.fired, 2);
    assert_in_range(held_at, 90 + HELD_S, 99 + HELD_S + LATENESS_S + 2);   /* c1 is past T when the event of it comes */
    assert_in_range(long_at, LAST_S + WAIT_LIMIT_S, LAST_S + WAIT_LIMIT_S + LATENESS_S + 2);
    const rs_window_store_t *windows = rs_core_windows(test.core);
    assert_true(rs_window_key_count(windows) >= 3);
    for (uint32_t key = 0; key < rs_window_key_count(windows); key++) {
        for (uint32_t window = 0; window < test.config->window_count; window++) {
            rs_window_view_t view;
            if (rs_window_read(windows, key, window, &view) != RS_OK) continue;
            for (uint32_t count = 0; count < RS_COUNT_COUNT; count++) assert_int_equal(view.counts[count], 0);
        }
    }
    core_test_end(&test);
}

/* --- rows --------------------------------------------------------------------------------------------------------------- */
typedef struct collected { rs_row_t last; uint32_t count; } collected_t;

static void take_total(void *context, const rs_row_t *row) {
    collected_t *collected = context;
    if (row->key.family != RS_FAMILY_TOTAL) return;
    collected->last = *row;
    collected->count++;
}

/* The same of what ends by itself: the subgroup of a detector, and the quarter of an hour of the rows. */
static void after_the_last_event_subgroups_end_and_rows_are_final(void **state) {
    (void)state;
    enum { LATENESS_S = 60, SUBGROUP_S = 300, INTERVAL_S = 900 };
    core_test_t test;
    collected_t seen = {0};
    core_test_begin(&test, "time.lateness=60s,time.idle=30s,"
                           "alerts.rules.slow.detector=shewhart,alerts.rules.slow.metric=asa,alerts.rules.slow.window=5m,"
                           "alerts.rules.slow.centre=10s,alerts.rules.slow.sigma=1000,alerts.rules.slow.min_sample=1");
    core_test_event(&test, RS_CONTACT_QUEUED, "c1", "q", "", 60);
    core_test_event(&test, RS_CONTACT_ANSWERED, "c1", "q", "a1", 99);
    core_test_event(&test, RS_CONTACT_ENDED, "c1", "q", "a1", 100);
    uint32_t fired_at = 0, final_at = 0;
    for (uint32_t second = 100; second <= INTERVAL_S + LATENESS_S + 2; second++) {
        rs_core_tick(test.core, core_test_at(second));
        core_collect(test.core, 100, take_total, &seen);
        if (test.fired > 0 && fired_at == 0) fired_at = second;
        if (seen.last.final && final_at == 0) final_at = second;
    }
    assert_in_range(fired_at, SUBGROUP_S, SUBGROUP_S + LATENESS_S + 2);
    assert_in_range(final_at, INTERVAL_S + LATENESS_S, INTERVAL_S + LATENESS_S + 2);
    core_test_end(&test);
}

static void a_row_is_collected_when_it_changed_becomes_final_and_leaves_then(void **state) {
    (void)state;
    core_test_t test;
    collected_t seen = {0};
    core_test_begin(&test, NULL);
    core_test_event(&test, RS_CONTACT_QUEUED, "c1", "q", "", 10);
    core_collect(test.core, 100, take_total, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.still_open, 1);
    assert_false(seen.last.final);
    core_collect(test.core, 100, take_total, &seen);
    assert_int_equal(seen.count, 1);                                   /* nothing changed */
    const uint64_t part = seen.last.part, revision = seen.last.revision;
    core_test_event(&test, RS_CONTACT_ANSWERED, "c1", "", "a", 20);
    core_collect(test.core, 100, take_total, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.last.part, part);
    assert_true(seen.last.revision > revision);
    assert_int_equal(seen.last.still_open, 0);
    rs_core_tick(test.core, core_test_at(900 + 601));                  /* the interval's end and lateness have passed */
    core_collect(test.core, 100, take_total, &seen);
    assert_true(seen.last.final);
    assert_int_equal(seen.last.part, part);
    const uint32_t before = seen.count;
    test.source = "spool";                                             /* its own watermark: nothing is late for it */
    test.seq = 0;
    core_test_event(&test, RS_CONTACT_QUEUED, "c2", "q", "", 30);
    core_collect(test.core, 100, take_total, &seen);
    assert_int_equal(seen.count, before + 1);
    assert_true(seen.last.part != part);                               /* a new stay of the interval in memory */
    assert_int_equal(seen.last.counts[RS_COUNT_OFFERED], 1);
    core_test_end(&test);
}

/* What the store has of the totals' rows in attribution close: two quarters of an hour, parts added up as whoever reads them does. */
typedef struct stored { int64_t answered[8], longest_us[8]; uint32_t parts; uint64_t part[16]; rs_row_t rows[16]; } stored_t;

static void store_total(void *context, const rs_row_t *row) {
    stored_t *stored = context;
    if (row->key.family != RS_FAMILY_TOTAL) return;
    uint32_t at = 0;
    while (at < stored->parts && stored->part[at] != row->part) at++;
    assert_in_range(at, 0, 15);
    if (at == stored->parts) stored->part[stored->parts++] = row->part;
    stored->rows[at] = *row;
}

static void add_parts(stored_t *stored) {
    for (uint32_t quarter = 0; quarter < 8; quarter++) stored->answered[quarter] = 0, stored->longest_us[quarter] = -1;
    for (uint32_t at = 0; at < stored->parts; at++) {
        const rs_row_t *row = &stored->rows[at];
        const int64_t quarter = (row->start_us - core_test_at(0)) / (900 * RS_US_PER_S);
        assert_in_range(quarter, 0, 7);
        stored->answered[quarter] += row->counts[RS_COUNT_ANSWERED];
        if (row->extremes[RS_EXTREME_WAIT_MAX] > stored->longest_us[quarter]) {
            stored->longest_us[quarter] = row->extremes[RS_EXTREME_WAIT_MAX];
        }
    }
}

/* The store takes rows as fast as they come, so a row leaves memory when it is final, unless something in it may move. */
static void what_moves_to_another_row_takes_its_extremes_with_it_however_soon_the_store_has_them(void **state) {
    (void)state;
    core_test_t test;
    stored_t stored = {0};
    core_test_begin_with(&test, "time.lateness=60s", 1u << RS_ATTRIBUTION_CLOSE);
    core_test_event(&test, RS_CONTACT_QUEUED, "short", "q", "", 0);
    core_test_event(&test, RS_CONTACT_QUEUED, "long", "q", "", 0);
    core_test_event(&test, RS_CONTACT_ANSWERED, "short", "q", "a1", 30);
    core_test_event(&test, RS_CONTACT_ENDED, "short", "q", "a1", 60);
    core_test_event(&test, RS_CONTACT_ANSWERED, "long", "q", "a2", 300);
    for (int64_t second = 300; second < 4000; second += 100) {
        rs_core_tick(test.core, core_test_at(second));
        while (core_collect(test.core, 100, store_total, &stored) > 0) {}
    }
    add_parts(&stored);
    assert_int_equal(stored.answered[0], 2);
    assert_int_equal(stored.longest_us[0], 300 * RS_US_PER_S);         /* so far it stands where its last event was */
    core_test_event(&test, RS_CONTACT_ENDED, "long", "q", "a2", 4000);
    while (core_collect(test.core, 100, store_total, &stored) > 0) {}
    add_parts(&stored);
    assert_int_equal(stored.answered[0], 1);
    assert_int_equal(stored.longest_us[0], 30 * RS_US_PER_S);
    assert_int_equal(stored.answered[4], 1);
    assert_int_equal(stored.longest_us[4], 300 * RS_US_PER_S);
    for (int64_t second = 4000; second < 6000; second += 100) {
        rs_core_tick(test.core, core_test_at(second));
        while (core_collect(test.core, 100, store_total, &stored) > 0) {}
    }
    assert_int_equal(rs_core_rows_permille(test.core), 0);             /* nothing keeps a row once its contacts are folded */
    core_test_end(&test);
}

static void rows_that_only_wait_for_what_may_move_make_room_when_there_is_none(void **state) {
    (void)state;
    /* 14 rows a quarter, for a day: until the end of a call is given up */
    enum { QUARTERS = 150, QUEUES = 12 };
    core_test_t test;
    core_test_begin_with(&test, "time.lateness=60s,limits.rows=1000", 1u << RS_ATTRIBUTION_CLOSE);
    collected_t seen = {0};
    uint32_t most = 0;
    for (int64_t call = 0; call < (int64_t)QUARTERS * QUEUES; call++) {
        const int64_t at_s = call / QUEUES * 900 + call % QUEUES;
        char contact[16], queue[16];
        snprintf(contact, sizeof contact, "c%d", (int)call);
        snprintf(queue, sizeof queue, "q%d", (int)(call % QUEUES));
        core_test_event(&test, RS_CONTACT_QUEUED, contact, queue, "", at_s);
        core_test_event(&test, RS_CONTACT_ANSWERED, contact, queue, "", at_s + 10);
        if (call % QUEUES != QUEUES - 1) continue;
        rs_core_tick(test.core, core_test_at(at_s + 100));
        while (core_collect(test.core, 100, take_total, &seen) > 0) {}
        most = rs_core_rows_permille(test.core) > most ? rs_core_rows_permille(test.core) : most;
    }
    assert_in_range(most, 980, 1000);
    assert_int_equal(rs_core_losses(test.core).cells, 0);
    core_test_end(&test);
}

/* --- a new configuration --------------------------------------------------------------------------------------------- */
static void find_queue(void *context, const rs_row_t *row) {
    rs_row_t *found = context;
    if (row->key.family == RS_FAMILY_QUEUE) found[row->start_us / (900 * RS_US_PER_S) % 2] = *row;
}

static void a_changed_policy_counts_from_the_next_quarter_of_an_hour(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, NULL);
    core_test_event(&test, RS_CONTACT_QUEUED, "c1", "q", "", 0);
    core_test_event(&test, RS_CONTACT_ANSWERED, "c1", "", "a", 15);
    rs_core_tick(test.core, core_test_at(20));
    const char *const sets[] = {"queues.q.threshold=10s", "service_level.policies=[answered_only]"};
    rs_config_t *changed;
    rs_config_error_t error;
    assert_int_equal(rs_config_load(NULL, sets, 2, &changed, &error), RS_OK);
    assert_int_equal(rs_core_configure(test.core, changed), RS_OK);
    core_test_event(&test, RS_CONTACT_QUEUED, "c2", "q", "", 100);
    core_test_event(&test, RS_CONTACT_ANSWERED, "c2", "", "a", 115);    /* still under the old T of 20 s */
    core_test_event(&test, RS_CONTACT_QUEUED, "c3", "q", "", 900);
    core_test_event(&test, RS_CONTACT_ANSWERED, "c3", "", "a", 915);    /* over the new T of 10 s */
    rs_row_t rows[2];
    memset(rows, 0, sizeof rows);
    rs_core_rows(test.core, find_queue, rows);
    const unsigned old_row = (unsigned)(core_test_at(0) / (900 * RS_US_PER_S) % 2), new_row = 1 - old_row;
    assert_int_equal(rows[old_row].threshold_us, 20 * RS_US_PER_S);
    assert_int_equal(rows[old_row].counts[RS_COUNT_ANSWERED_IN_T], 2);
    assert_string_equal(rows[old_row].policies[0]->name, "short_excluded");
    assert_int_equal(rows[old_row].counts[RS_COUNT_SL_NUM_0], 2);
    assert_int_equal(rows[new_row].threshold_us, 10 * RS_US_PER_S);
    assert_int_equal(rows[new_row].counts[RS_COUNT_ANSWERED_IN_T], 0);
    assert_null(rows[new_row].policies[0]);                            /* another slot: no count is shared */
    assert_string_equal(rows[new_row].policies[1]->name, "answered_only");
    assert_int_equal(rows[new_row].counts[RS_COUNT_SL_DEN_1], 1);
    assert_int_equal(rows[new_row].counts[RS_COUNT_SL_NUM_1], 0);
    assert_int_equal(rows[new_row].counts[RS_COUNT_SL_DEN_0], 0);
    core_test_end(&test);
    rs_config_destroy(&changed);
}

static void more_policies_than_places_are_refused_and_change_nothing(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, "service_level.policies=[answered_only,abandon_miss,short_hit,short_excluded,abandon_within_hit]");
    const char *const sets[] = {"service_level.threshold=30s",
                                "service_level.policies=[abandon_within_excluded,asterisk_perf,asterisk_perf2]"};
    const char *const more[] = {"policies.mine.base=abandon_miss", "service_level.policies=[mine]"};
    rs_config_t *first, *second;
    rs_config_error_t error;
    assert_int_equal(rs_config_load(NULL, sets, 2, &first, &error), RS_OK);
    assert_int_equal(rs_config_load(NULL, more, 2, &second, &error), RS_OK);
    assert_int_equal(rs_core_configure(test.core, first), RS_OK);      /* eight in all */
    assert_int_equal(rs_core_configure(test.core, second), RS_ERR_LIMIT);
    assert_string_equal(rs_core_policy(test.core, 5)->name, "abandon_within_excluded");
    core_test_end(&test);
    rs_config_destroy(&first);
    rs_config_destroy(&second);
}

/* --- alerts by time alone --------------------------------------------------------------------------------------------- */
static void a_caller_who_crosses_t_lowers_the_live_service_level_without_an_event(void **state) {
    (void)state;
    core_test_t test;
    core_test_begin(&test, "alerts.rules.low.metric=service_level,alerts.rules.low.window=15m,alerts.rules.low.compare=below,"
                           "alerts.rules.low.limit=0.8,alerts.rules.low.key=q,alerts.rules.low.min_sample=1");
    core_test_event(&test, RS_CONTACT_QUEUED, "c1", "q", "", 0);
    rs_core_tick(test.core, core_test_at(20));
    assert_int_equal(test.fired, 0);
    rs_core_tick(test.core, core_test_at(21));                         /* T is 20 s: one of one has missed it */
    assert_int_equal(test.fired, 1);
    core_test_end(&test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_past_the_limit_share_one_key_and_totals_stay_exact),
        cmocka_unit_test(contacts_past_the_limit_are_refused_and_counted),
        cmocka_unit_test(a_contact_with_more_events_than_it_may_keep_folds_and_goes_on),
        cmocka_unit_test(a_queued_event_that_a_folded_outcome_waited_for_is_too_late_whichever_of_several_it_was),
        cmocka_unit_test(an_extreme_is_exact_again_once_what_had_no_room_was_taken_back),
        cmocka_unit_test(an_extreme_whose_best_values_were_all_taken_back_is_a_bound_within_a_bucket),
        cmocka_unit_test(every_refusal_of_the_core_has_its_reason_and_its_place_in_the_accounting),
        cmocka_unit_test(holes_in_the_numbers_are_gaps_until_they_are_filled_or_declared),
        cmocka_unit_test(two_ways_of_identity_do_not_know_each_other),
        cmocka_unit_test(an_idle_source_stops_holding_the_watermark_back),
        cmocka_unit_test(after_the_last_event_every_window_closes_and_every_due_alert_fires),
        cmocka_unit_test(after_the_last_event_subgroups_end_and_rows_are_final),
        cmocka_unit_test(a_row_is_collected_when_it_changed_becomes_final_and_leaves_then),
        cmocka_unit_test(what_moves_to_another_row_takes_its_extremes_with_it_however_soon_the_store_has_them),
        cmocka_unit_test(rows_that_only_wait_for_what_may_move_make_room_when_there_is_none),
        cmocka_unit_test(a_changed_policy_counts_from_the_next_quarter_of_an_hour),
        cmocka_unit_test(more_policies_than_places_are_refused_and_change_nothing),
        cmocka_unit_test(a_caller_who_crosses_t_lowers_the_live_service_level_without_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
