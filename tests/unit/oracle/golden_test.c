/* The oracle against figures that were worked out by hand or by others: only then may it judge the core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "generate.h"
#include "oracle.h"

#include <stdlib.h>

/* --- small histories by hand ----------------------------------------------------------------------------------------- */
enum { MAX_EVENTS = 2400 };
typedef struct book {
    rs_event_t events[MAX_EVENTS];
    oracle_arrival_t arrivals[MAX_EVENTS];
    char ids[MAX_EVENTS][16];
    size_t count;
    rs_config_t config;
} book_t;

static const int64_t DAY_US = INT64_C(1772442000000000) / RS_US_PER_DAY * RS_US_PER_DAY; /* 2026-03-02 */

static int set_up(void **state) {
    book_t *book = calloc(1, sizeof *book);
    if (book == NULL) return -1;
    generate_defaults(&book->config);
    *state = book;
    return 0;
}

static int tear_down(void **state) {
    free(*state);
    return 0;
}

static rs_event_t *note_us(book_t *book, int64_t at_us, rs_event_type_t type, const char *contact, const char *queue,
                           const char *agent) {
    assert_true(book->count < MAX_EVENTS);
    rs_event_t *event = &book->events[book->count];
    *event = (rs_event_t){.occurred_us = DAY_US + at_us,
                          .type = (uint8_t)type,
                          .source = RS_STR("s"),
                          .contact_id = rs_str(contact),
                          .queue = rs_str(queue),
                          .agent = rs_str(agent),
                          .seq = book->count,
                          .present = RS_HAS_SEQ};
    book->arrivals[book->count] = (oracle_arrival_t){.event = event, .arrival_us = event->occurred_us};
    book->count++;
    return event;
}

static rs_event_t *note(book_t *book, double at_s, rs_event_type_t type, const char *contact, const char *queue,
                        const char *agent) {
    return note_us(book, (int64_t)(at_s * 1e6 + 0.5), type, contact, queue, agent);
}

/* A call of its own: queued now, out after `wait_s`. */
static void call(book_t *book, double wait_s, rs_event_type_t outcome) {
    char *id = book->ids[book->count];
    snprintf(id, sizeof book->ids[0], "call-%zu", book->count);
    note(book, 0, RS_CONTACT_QUEUED, id, "q", NULL);
    note(book, wait_s, outcome, id, NULL, NULL);
}

static void calls(book_t *book, unsigned count, double wait_s, rs_event_type_t outcome) {
    for (unsigned i = 0; i < count; i++) call(book, wait_s, outcome);
}

static oracle_rows_t rows_of(book_t *book, int64_t length_us, rs_attribution_t attribution, uint32_t families) {
    const rs_interval_spec_t interval = {.mode = length_us == 0 ? RS_INTERVAL_ALL : RS_INTERVAL_FIXED,
                                         .length_us = length_us};
    oracle_accept_replay(book->arrivals, book->count);
    oracle_t *oracle = oracle_create(book->arrivals, book->count, &book->config, INT64_MAX);
    oracle_rows_t rows;
    oracle_rows(oracle, &interval, attribution, families, &rows);
    oracle_destroy(oracle);
    return rows;
}

static const oracle_row_t *find(const oracle_rows_t *rows, rs_key_family_t family, const char *name, int64_t start_us) {
    for (size_t i = 0; i < rows->count; i++) {
        const oracle_row_t *row = &rows->rows[i];
        if (row->key.family == family && row->start_us == start_us && rs_str_equal(row->key.name, rs_str(name)))
            return row;
    }
    return NULL;
}

static void check(const oracle_row_t *row, rs_count_t count, int64_t expected) {
    assert_non_null(row);
    if (row->counts[count] != expected) print_error("%d: %lld\n", (int)count, (long long)row->counts[count]);
    assert_int_equal(row->counts[count], expected);
}

/* One total row over everything. */
static void check_total(book_t *book, const rs_count_t *counts, const int64_t *expected, size_t how_many) {
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_TOTAL);
    assert_int_equal(rows.count, 1);
    for (size_t i = 0; i < how_many; i++) check(&rows.rows[0], counts[i], expected[i]);
    oracle_rows_destroy(&rows);
}
#define CHECK_TOTAL(book, counts, ...)                            \
    check_total((book), (counts), (const int64_t[]){__VA_ARGS__}, \
                sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static const rs_count_t outcomes[] = {RS_COUNT_OFFERED, RS_COUNT_ANSWERED, RS_COUNT_ABANDONED, RS_COUNT_FLOWED_OUT,
                                      RS_COUNT_CALLBACKS};
static const rs_count_t times[] = {RS_COUNT_HANDLED, RS_COUNT_TALK_US, RS_COUNT_HOLD_US, RS_COUNT_WRAP_US,
                                   RS_COUNT_HOLDS};

static rs_policy_t *policy(book_t *book, rs_verdict_rule_t abandoned) {
    rs_policy_t *added = &book->config.policies[book->config.policy_count++];
    *added = (rs_policy_t){
        .version = 1, .threshold_us = 20 * RS_US_PER_S, .short_us = 5 * RS_US_PER_S, .abandoned = (uint8_t)abandoned};
    return added;
}

static void check_level(const oracle_row_t *row, unsigned slot, double percent) {
    const double level =
        100.0 * (double)row->counts[RS_COUNT_SL_NUM_0 + slot] / (double)row->counts[RS_COUNT_SL_DEN_0 + slot];
    assert_true(level - percent < 0.005 && percent - level < 0.005);
}

/* --- published figures ------------------------------------------------------------------------------------------------ */
static void six_service_levels_of_metrics(void **state) {
    book_t *book = *state;
    calls(book, 860, 12, RS_CONTACT_ANSWERED);
    calls(book, 140, 44, RS_CONTACT_ANSWERED);
    calls(book, 10, 3, RS_CONTACT_ABANDONED);
    calls(book, 10, 11, RS_CONTACT_ABANDONED);
    calls(book, 40, 60, RS_CONTACT_ABANDONED);
    book->config.policy_count = 0;
    policy(book, RS_RULE_HIT_IF_WITHIN);
    policy(book, RS_RULE_EXCLUDE);
    policy(book, RS_RULE_MISS);
    policy(book, RS_RULE_EXCLUDE_IF_WITHIN);
    for (int i = 0; i < 2; i++) {
        rs_policy_t *with_short = policy(book, RS_RULE_MISS);
        with_short->short_on = true;
        with_short->short_rule = i == 0 ? RS_RULE_HIT : RS_RULE_EXCLUDE;
    }
    static const double expected[] = {83.02, 86.00, 81.13, 82.69, 82.08, 81.90};
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_QUEUE);
    assert_int_equal(rows.count, 1);
    for (unsigned slot = 0; slot < 6; slot++) check_level(&rows.rows[0], slot, expected[slot]);
    check(&rows.rows[0], RS_COUNT_ABANDONED_SHORT, 10);
    check(&rows.rows[0], RS_COUNT_ABANDONED_IN_T, 20);
    oracle_rows_destroy(&rows);
}

static void cisco_s_three_ways_with_abandoned_calls(void **state) {
    book_t *book = *state;
    calls(book, 70, 20, RS_CONTACT_ANSWERED);
    calls(book, 10, 20, RS_CONTACT_ABANDONED);
    calls(book, 20, 20.000001, RS_CONTACT_ANSWERED);
    book->config.policy_count = 0;
    policy(book, RS_RULE_EXCLUDE_IF_WITHIN);
    policy(book, RS_RULE_MISS);
    policy(book, RS_RULE_HIT_IF_WITHIN);
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_QUEUE);
    check_level(&rows.rows[0], 0, 77.78);
    check_level(&rows.rows[0], 1, 70);
    check_level(&rows.rows[0], 2, 80);
    oracle_rows_destroy(&rows);
}

static void a_call_over_the_half_hour_is_offered_before_and_answered_after(void **state) {
    book_t *book = *state;
    const double at = 7 * 3600 + 28 * 60;
    note(book, at, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, at + 240, RS_CONTACT_ANSWERED, "c", NULL, "ann");
    const int64_t first = DAY_US + 7 * RS_US_PER_HOUR, second = first + 30 * RS_US_PER_MIN;
    oracle_rows_t rows = rows_of(book, 30 * RS_US_PER_MIN, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_QUEUE);
    assert_int_equal(rows.count, 2);
    check(find(&rows, RS_FAMILY_QUEUE, "q", first), RS_COUNT_OFFERED, 1);
    check(find(&rows, RS_FAMILY_QUEUE, "q", first), RS_COUNT_ANSWERED, 0);
    check(find(&rows, RS_FAMILY_QUEUE, "q", second), RS_COUNT_ANSWERED, 1);
    oracle_rows_destroy(&rows);
    rows = rows_of(book, 30 * RS_US_PER_MIN, RS_ATTRIBUTION_ENTER, 1u << RS_FAMILY_QUEUE);
    assert_int_equal(rows.count, 1);
    check(find(&rows, RS_FAMILY_QUEUE, "q", first), RS_COUNT_ANSWERED, 1);
    oracle_rows_destroy(&rows);
}

static void a_long_call_s_minutes_fall_where_it_ends_or_where_it_was_queued(void **state) {
    book_t *book = *state;
    const double from = 5 * 3600 + 23 * 60;
    note(book, from, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, from, RS_CONTACT_ANSWERED, "c", NULL, "ann");
    note(book, from + 52 * 60, RS_CONTACT_ENDED, "c", NULL, "ann");
    oracle_rows_t rows = rows_of(book, 30 * RS_US_PER_MIN, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_QUEUE);
    check(find(&rows, RS_FAMILY_QUEUE, "q", DAY_US + 6 * RS_US_PER_HOUR), RS_COUNT_TALK_US, 52 * RS_US_PER_MIN);
    assert_null(find(&rows, RS_FAMILY_QUEUE, "q", DAY_US + 11 * 30 * RS_US_PER_MIN));
    oracle_rows_destroy(&rows);
    rows = rows_of(book, 30 * RS_US_PER_MIN, RS_ATTRIBUTION_ENTER, 1u << RS_FAMILY_QUEUE);
    assert_int_equal(rows.count, 1);
    check(find(&rows, RS_FAMILY_QUEUE, "q", DAY_US + 5 * RS_US_PER_HOUR), RS_COUNT_TALK_US, 52 * RS_US_PER_MIN);
    oracle_rows_destroy(&rows);
    rows = rows_of(book, 30 * RS_US_PER_MIN, RS_ATTRIBUTION_CLOSE, 1u << RS_FAMILY_QUEUE);
    assert_int_equal(rows.count, 1);
    check(find(&rows, RS_FAMILY_QUEUE, "q", DAY_US + 6 * RS_US_PER_HOUR), RS_COUNT_TALK_US, 52 * RS_US_PER_MIN);
    oracle_rows_destroy(&rows);
}

/* --- legs -------------------------------------------------------------------------------------------------------------- */
static void a_requeue_closes_the_open_leg_as_flowed_out(void **state) {
    book_t *book = *state;
    note(book, 0, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, 10, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, 15, RS_CONTACT_ANSWERED, "c", "other", "ann");
    CHECK_TOTAL(book, outcomes, 2, 1, 0, 1, 0);
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_QUEUE);
    assert_int_equal(rows.count, 1); /* the answer belongs to the leg's queue, whatever it names */
    check(&rows.rows[0], RS_COUNT_FLOW_REQUEUED, 1);
    check(&rows.rows[0], RS_COUNT_WAIT_ANSWERED_US, 5 * RS_US_PER_S);
    oracle_rows_destroy(&rows);
}

static void a_direct_answer_opens_no_leg_but_is_handled_under_the_last_queue(void **state) {
    book_t *book = *state;
    note(book, 0, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, 10, RS_CONTACT_ABANDONED, "c", NULL, NULL);
    note(book, 15, RS_CONTACT_ANSWERED, "c", NULL, "ann");
    note(book, 20, RS_CONTACT_ENDED, "c", NULL, "ann");
    note(book, 30, RS_CONTACT_ANSWERED, "d", NULL, "ann");
    note(book, 50, RS_CONTACT_ENDED, "d", NULL, "ann");
    CHECK_TOTAL(book, outcomes, 1, 0, 1, 0, 0);
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_QUEUE);
    check(find(&rows, RS_FAMILY_QUEUE, "q", 0), RS_COUNT_HANDLED, 1);
    check(find(&rows, RS_FAMILY_QUEUE, NULL, 0), RS_COUNT_TALK_US, 20 * RS_US_PER_S);
    oracle_rows_destroy(&rows);
}

static void an_answer_reported_before_its_queueing_closes_that_leg_with_wait_0(void **state) {
    book_t *book = *state;
    rs_event_t *answered = note(book, 0, RS_CONTACT_ANSWERED, "c", "q", "ann");
    answered->source = RS_STR("other");
    note(book, 2, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, 60, RS_CONTACT_ENDED, "c", NULL, "ann");
    CHECK_TOTAL(book, outcomes, 1, 1, 0, 0, 0);
    static const rs_count_t anomaly[] = {RS_COUNT_CLOCK_ANOMALY, RS_COUNT_WAIT_ANSWERED_US, RS_COUNT_HANDLED,
                                         RS_COUNT_ANSWERED_IN_T};
    CHECK_TOTAL(book, anomaly, 1, 0, 1, 1);
    book->events[1].occurred_us += 1; /* beyond the skew */
    CHECK_TOTAL(book, outcomes, 1, 0, 1, 0, 0);
    book->events[1].occurred_us -= 1;
    answered->source = RS_STR("s"); /* the same source */
    CHECK_TOTAL(book, outcomes, 1, 0, 1, 0, 0);
    answered->source = RS_STR("other");
    answered->queue = RS_STR("another queue");
    CHECK_TOTAL(book, outcomes, 1, 0, 1, 0, 0);
    answered->queue = (rs_str_t){0};
    CHECK_TOTAL(book, outcomes, 1, 1, 0, 0, 0);
}

static void given_times_replace_measured_ones_but_move_nothing(void **state) {
    book_t *book = *state;
    note(book, 0, RS_CONTACT_QUEUED, "c", "q", NULL);
    rs_event_t *answered = note(book, 100, RS_CONTACT_ANSWERED, "c", NULL, "ann");
    answered->present |= RS_HAS_WAIT_MS;
    answered->wait_ms = 7;
    note(book, 110, RS_CONTACT_HELD, "c", NULL, NULL);
    rs_event_t *ended = note(book, 150, RS_CONTACT_ENDED, "c", NULL, NULL);
    static const rs_count_t waits[] = {RS_COUNT_WAIT_ANSWERED_US, RS_COUNT_ANSWERED_IN_T, RS_COUNT_EXCESS_US};
    CHECK_TOTAL(book, waits, 7000, 1, 0);
    CHECK_TOTAL(book, times, 1, 10 * RS_US_PER_S, 40 * RS_US_PER_S, 0, 1);
    ended->present |= RS_HAS_HOLD_MS;
    ended->hold_ms = 20000;
    CHECK_TOTAL(book, times, 1, 30 * RS_US_PER_S, 20 * RS_US_PER_S, 0, 1);
    ended->hold_ms = 60000; /* more than there was: talk is not less than 0 */
    CHECK_TOTAL(book, times, 1, 0, 60 * RS_US_PER_S, 0, 1);
    ended->present |= RS_HAS_TALK_MS;
    ended->talk_ms = 3000;
    CHECK_TOTAL(book, times, 1, 3 * RS_US_PER_S, 60 * RS_US_PER_S, 0, 1);
}

static void ended_with_an_open_leg_is_abandoned_and_lone_events_do_nothing(void **state) {
    book_t *book = *state;
    note(book, 0, RS_CONTACT_DEQUEUED, "c", "q", NULL);
    note(book, 1, RS_CONTACT_RETRIEVED, "c", "q", NULL);
    note(book, 2, RS_CONTACT_HELD, "c", "q", NULL);
    note(book, 3, RS_CONTACT_TRANSFERRED, "c", "q", NULL);
    note(book, 4, RS_CONTACT_WRAPUP_ENDED, "c", "q", "ann");
    note(book, 5, RS_CONTACT_ABANDONED, "c", "q", NULL)->stage = RS_STAGE_RING;
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, UINT32_MAX);
    assert_int_equal(rows.count, 0);
    oracle_rows_destroy(&rows);
    note(book, 6, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, 7, RS_CONTACT_ENDED, "c", "q", NULL);
    note(book, 8, RS_CONTACT_ABANDONED, "c", NULL, NULL)->stage = RS_STAGE_FLOW;
    CHECK_TOTAL(book, outcomes, 1, 0, 1, 0, 0);
    static const rs_count_t before[] = {RS_COUNT_ABANDONED_BEFORE_QUEUE};
    CHECK_TOTAL(book, before, 1);
}

static void an_agent_who_hangs_up_in_the_announcement_leaves_the_caller_waiting(void **state) {
    book_t *book = *state; /* Asterisk's AGENTDUMP, then a connect */
    note(book, 0, RS_CONTACT_QUEUED, "c", "billing", NULL);
    note(book, 4, RS_CONTACT_OFFER_FAILED, "c", "billing", "ann")->reason = RS_OFFER_ERROR;
    rs_event_t *connect = note(book, 9, RS_CONTACT_ANSWERED, "c", "billing", "bob");
    connect->present |= RS_HAS_WAIT_MS;
    connect->wait_ms = 8000;
    note(book, 30, RS_CONTACT_ENDED, "c", "billing", "bob");
    CHECK_TOTAL(book, outcomes, 1, 1, 0, 0, 0);
    static const rs_count_t offers[] = {RS_COUNT_OFFERS_FAILED, RS_COUNT_OFFERS_FAILED_ERROR,
                                        RS_COUNT_WAIT_ANSWERED_US};
    CHECK_TOTAL(book, offers, 1, 1, 8 * RS_US_PER_S);
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_AGENT);
    check(find(&rows, RS_FAMILY_AGENT, "ann", 0), RS_COUNT_OFFERS_FAILED, 1);
    check(find(&rows, RS_FAMILY_AGENT, "bob", 0), RS_COUNT_ANSWERED, 1);
    oracle_rows_destroy(&rows);
}

static void a_call_through_two_queues_is_two_legs(void **state) {
    book_t *book = *state; /* overflow from sales to support under one id */
    note(book, 0, RS_CONTACT_QUEUED, "c", "sales", NULL);
    note(book, 30, RS_CONTACT_DEQUEUED, "c", "sales", NULL)->reason = RS_FLOW_TIMEOUT;
    note(book, 31, RS_CONTACT_QUEUED, "c", "support", NULL);
    note(book, 36, RS_CONTACT_DEQUEUED, "c", "support", NULL)->reason = RS_FLOW_CALLBACK;
    CHECK_TOTAL(book, outcomes, 2, 0, 0, 1, 1);
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_QUEUE);
    check(find(&rows, RS_FAMILY_QUEUE, "sales", 0), RS_COUNT_FLOW_TIMEOUT, 1);
    check(find(&rows, RS_FAMILY_QUEUE, "sales", 0), RS_COUNT_FLOWED_OUT_IN_T, 0);
    check(find(&rows, RS_FAMILY_QUEUE, "support", 0), RS_COUNT_CALLBACKS_IN_T, 1);
    oracle_rows_destroy(&rows);
}

/* --- handlings --------------------------------------------------------------------------------------------------------- */
static void holds_and_wraps_count_once_and_in_their_place(void **state) {
    book_t *book = *state;
    note(book, 0, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, 10, RS_CONTACT_ANSWERED, "c", NULL, "ann");
    note(book, 20, RS_CONTACT_HELD, "c", NULL, "bob");
    note(book, 22, RS_CONTACT_HELD, "c", NULL, NULL);
    note(book, 25, RS_CONTACT_RETRIEVED, "c", NULL, NULL);
    note(book, 26, RS_CONTACT_RETRIEVED, "c", NULL, NULL);
    note(book, 40, RS_CONTACT_WRAPUP_STARTED, "c", NULL, "ann");
    note(book, 45, RS_CONTACT_WRAPUP_STARTED, "c", NULL, NULL);
    note(book, 50, RS_CONTACT_ENDED, "c", NULL, NULL);
    note(book, 55, RS_CONTACT_WRAPUP_ENDED, "c", NULL, NULL);
    note(book, 56, RS_CONTACT_WRAPUP_ENDED, "c", NULL, NULL);
    CHECK_TOTAL(book, times, 1, 25 * RS_US_PER_S, 5 * RS_US_PER_S, 15 * RS_US_PER_S, 1);
}

static void a_second_answer_ends_the_first_handling_unless_it_is_the_same_agent(void **state) {
    book_t *book = *state;
    note(book, 0, RS_CONTACT_ANSWERED, "c", "q", "ann");
    note(book, 5, RS_CONTACT_ANSWERED, "c", "q", "ann");
    note(book, 20, RS_CONTACT_ANSWERED, "c", "q", "bob");
    note(book, 25, RS_CONTACT_ENDED, "c", NULL, NULL);
    CHECK_TOTAL(book, times, 2, 25 * RS_US_PER_S, 0, 0, 0);
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_AGENT);
    check(find(&rows, RS_FAMILY_AGENT, "ann", 0), RS_COUNT_TALK_US, 20 * RS_US_PER_S);
    check(find(&rows, RS_FAMILY_AGENT, "bob", 0), RS_COUNT_HANDLED_SHORT, 1);
    check(find(&rows, RS_FAMILY_AGENT, "bob", 0), RS_COUNT_TRANSFERRED_OUT, 0);
    oracle_rows_destroy(&rows);
}

static void an_attended_transfer_reported_late_is_the_earlier_agent_s(void **state) {
    book_t *book = *state;
    note(book, 0, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, 5, RS_CONTACT_ANSWERED, "c", NULL, "ann");
    note(book, 60, RS_CONTACT_ANSWERED, "c", NULL, "bob");
    rs_event_t *moved = note(book, 61, RS_CONTACT_TRANSFERRED, "c", NULL, "ann");
    moved->kind = RS_TRANSFER_ATTENDED;
    moved->to_agent = RS_STR("bob");
    note(book, 90, RS_CONTACT_ENDED, "c", NULL, NULL);
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, UINT32_MAX);
    check(find(&rows, RS_FAMILY_AGENT, "ann", 0), RS_COUNT_TRANSFERRED_OUT_ATTENDED, 1);
    check(find(&rows, RS_FAMILY_AGENT, "bob", 0), RS_COUNT_TALK_US, 30 * RS_US_PER_S);
    check(find(&rows, RS_FAMILY_AGENT, "bob", 0), RS_COUNT_TRANSFERRED_IN, 1);
    check(find(&rows, RS_FAMILY_TOTAL, NULL, 0), RS_COUNT_TRANSFERRED_IN, 1);
    check(find(&rows, RS_FAMILY_QUEUE, "q", 0), RS_COUNT_TRANSFERRED_IN, 0);
    check(find(&rows, RS_FAMILY_TOTAL, NULL, 0), RS_COUNT_HANDLED, 2);
    oracle_rows_destroy(&rows);
}

/* --- journeys, identity, intervals ------------------------------------------------------------------------------------- */
static void a_journey_has_one_verdict_under_its_first_queue(void **state) {
    book_t *book = *state;
    book->config.policy_count = 0;
    policy(book, RS_RULE_MISS)->unit_journey = true;
    note(book, 0, RS_CONTACT_QUEUED, "a", "sales", NULL);
    note(book, 12, RS_CONTACT_ABANDONED, "a", NULL, NULL);
    note(book, 14, RS_CONTACT_QUEUED, "b", "support", NULL)->journey_id = RS_STR("a");
    static const rs_count_t level[] = {RS_COUNT_SL_NUM_0, RS_COUNT_SL_DEN_0};
    CHECK_TOTAL(book, level, 0, 0); /* its last leg is open */
    note(book, 20, RS_CONTACT_ANSWERED, "b", NULL, "ann");
    note(book, 30, RS_CONTACT_QUEUED, "b", "vip", NULL);
    note(book, 90, RS_CONTACT_ABANDONED, "b", NULL, NULL);
    CHECK_TOTAL(book, level, 1, 1);
    oracle_rows_t rows = rows_of(book, 0, RS_ATTRIBUTION_EVENT, 1u << RS_FAMILY_QUEUE);
    check(find(&rows, RS_FAMILY_QUEUE, "sales", 0), RS_COUNT_SL_DEN_0, 1);
    check(find(&rows, RS_FAMILY_QUEUE, "support", 0), RS_COUNT_SL_DEN_0, 0);
    oracle_rows_destroy(&rows);
    book->events[3].occurred_us += 1; /* 20.000001 s after the first queued */
    CHECK_TOTAL(book, level, 0, 1);
}

static void order_does_not_matter_and_repeats_count_once(void **state) {
    book_t *book = *state;
    note(book, 30, RS_CONTACT_ENDED, "c", NULL, "ann");
    note(book, 5, RS_CONTACT_ANSWERED, "c", NULL, "ann");
    note(book, 0, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, 7, RS_CONTACT_QUEUED, "c", "q", NULL)->seq = 1; /* another content, the identity of the answer */
    CHECK_TOTAL(book, outcomes, 1, 1, 0, 0, 0);
    CHECK_TOTAL(book, times, 1, 25 * RS_US_PER_S, 0, 0, 0);
}

static void a_source_s_own_watermark_decides_what_is_too_late(void **state) {
    book_t *book = *state;
    note(book, 1000, RS_CONTACT_CREATED, "c", NULL, NULL);
    note(book, 400, RS_CONTACT_CREATED, "c", NULL, NULL);
    note_us(book, 399 * RS_US_PER_S + 999999, RS_CONTACT_CREATED, "c", NULL, NULL);
    note(book, 0, RS_CONTACT_CREATED, "c", NULL, NULL)->source = RS_STR("spooled");
    note(book, 2060, RS_CONTACT_CREATED, "c", NULL, NULL);
    note_us(book, 2060 * RS_US_PER_S + 1, RS_CONTACT_CREATED, "c", NULL, NULL);
    for (size_t i = 0; i < book->count; i++) book->arrivals[i].arrival_us = DAY_US + 2000 * RS_US_PER_S;
    oracle_accept_live(book->arrivals, book->count, &book->config);
    static const rs_refusal_t expected[] = {RS_REFUSAL_NONE, RS_REFUSAL_NONE, RS_REFUSAL_TOO_LATE,
                                            RS_REFUSAL_NONE, RS_REFUSAL_NONE, RS_REFUSAL_FUTURE};
    for (size_t i = 0; i < book->count; i++) assert_int_equal(book->arrivals[i].verdict, expected[i]);
    assert_true(book->arrivals[1].late);
    oracle_accounting_t accounts[4];
    assert_int_equal(oracle_account(book->arrivals, book->count, accounts, 4), 2);
    assert_int_equal(accounts[0].received, 5);
    assert_int_equal(accounts[0].late_applied, 1);
    assert_int_equal(accounts[1].applied, 1);
}

static void a_missing_end_times_out_as_lost(void **state) {
    book_t *book = *state;
    book->config.missing_end_us = RS_US_PER_HOUR;
    note(book, 0, RS_CONTACT_ANSWERED, "c", "q", "ann");
    note(book, 10, RS_CONTACT_QUEUED, "c", "q", NULL);
    note(book, 3611, RS_CONTACT_ENDED, "c", NULL, NULL); /* too late for both */
    static const rs_count_t lost[] = {RS_COUNT_FLOW_LOST, RS_COUNT_HANDLING_LOST, RS_COUNT_HANDLED, RS_COUNT_ABANDONED,
                                      RS_COUNT_SL_DEN_0};
    CHECK_TOTAL(book, lost, 1, 1, 0, 0, 0);
    book->events[2].occurred_us -= 2 * RS_US_PER_S;
    CHECK_TOTAL(book, lost, 0, 0, 1, 1, 1);
}

static void days_begin_at_the_zone_s_first_instant(void **state) {
    (void)state;
    int64_t start_us, length_us;
    const int64_t spring_us = INT64_C(1774742400000000); /* 2026-03-29T00:00Z, the day that London loses an hour */
    rs_interval_spec_t days = {.mode = RS_INTERVAL_DAY, .zone = generate_zone(1)};
    oracle_interval(&days, spring_us + 12 * RS_US_PER_HOUR, &start_us, &length_us);
    assert_int_equal(start_us, spring_us);
    assert_int_equal(length_us, 23 * RS_US_PER_HOUR);
    days.zone = generate_zone(2); /* midnight does not exist: the day begins at 01:00 local, 22:00Z */
    oracle_interval(&days, spring_us, &start_us, &length_us);
    assert_int_equal(start_us, spring_us - 2 * RS_US_PER_HOUR);
    assert_int_equal(length_us, 23 * RS_US_PER_HOUR);
    days.zone = generate_zone(3);
    oracle_interval(&days, spring_us, &start_us, &length_us);
    assert_int_equal(start_us, spring_us - 5 * RS_US_PER_HOUR - 45 * RS_US_PER_MIN);
    assert_int_equal(length_us, RS_US_PER_DAY);
}

static void percentiles_are_nearest_rank_and_buckets_follow_the_layout(void **state) {
    (void)state;
    int64_t waits[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const oracle_list_t list = {.us = waits, .count = 10};
    assert_int_equal(oracle_percentile_us(&list, 500), 5);
    assert_int_equal(oracle_percentile_us(&list, 900), 9);
    assert_int_equal(oracle_percentile_us(&list, 901), 10);
    assert_int_equal(oracle_bucket(31999), 31);
    assert_int_equal(oracle_bucket(32000), 32);
    assert_int_equal(oracle_bucket(63999), 63);
    assert_int_equal(oracle_bucket(64000), 64);
    assert_int_equal(oracle_bucket(65999), 64);
    assert_int_equal(oracle_bucket(66000), 65);
    assert_int_equal(oracle_bucket(RS_US_PER_DAY), RS_HIST_BUCKETS - 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(six_service_levels_of_metrics),
        CASE(cisco_s_three_ways_with_abandoned_calls),
        CASE(a_call_over_the_half_hour_is_offered_before_and_answered_after),
        CASE(a_long_call_s_minutes_fall_where_it_ends_or_where_it_was_queued),
        CASE(a_requeue_closes_the_open_leg_as_flowed_out),
        CASE(a_direct_answer_opens_no_leg_but_is_handled_under_the_last_queue),
        CASE(an_answer_reported_before_its_queueing_closes_that_leg_with_wait_0),
        CASE(given_times_replace_measured_ones_but_move_nothing),
        CASE(ended_with_an_open_leg_is_abandoned_and_lone_events_do_nothing),
        CASE(an_agent_who_hangs_up_in_the_announcement_leaves_the_caller_waiting),
        CASE(a_call_through_two_queues_is_two_legs),
        CASE(holds_and_wraps_count_once_and_in_their_place),
        CASE(a_second_answer_ends_the_first_handling_unless_it_is_the_same_agent),
        CASE(an_attended_transfer_reported_late_is_the_earlier_agent_s),
        CASE(a_journey_has_one_verdict_under_its_first_queue),
        CASE(order_does_not_matter_and_repeats_count_once),
        CASE(a_source_s_own_watermark_decides_what_is_too_late),
        CASE(a_missing_end_times_out_as_lost),
        CASE(days_begin_at_the_zone_s_first_instant),
        CASE(percentiles_are_nearest_rank_and_buckets_follow_the_layout),
    };
    return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
