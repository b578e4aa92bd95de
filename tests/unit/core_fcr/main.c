#include "core_collect.h"
#include "fcr_test.h"

/* --- repeats and their limits ---------------------------------------------------------------------------------------- */
static void a_repeat_marks_the_first_contacts_queue_and_agent(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    rs_event_t event = fcr_make(&test, RS_CONTACT_QUEUED, "c2", "mia", 1000);
    event.queue = RS_STR("support");
    fcr_apply(&test, event);
    assert_int_equal(fcr_count(&test, RS_FAMILY_QUEUE, "sales", RS_COUNT_FCR_REPEATED), 1);
    assert_int_equal(fcr_count(&test, RS_FAMILY_QUEUE, "support", RS_COUNT_FCR_ELIGIBLE), 0);
    assert_int_equal(fcr_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_FCR_UNRESOLVED), 1);
    assert_int_equal(fcr_count(&test, RS_FAMILY_CHANNEL, NULL, RS_COUNT_FCR_REPEATED), 1);
    fcr_end(&test);
}

static void the_window_is_inclusive(void **state) {
    (void)state;
    const struct { double start; int64_t repeated; } cases[] = {{100 + HOUR, 1}, {100 + HOUR + 0.000001, 0}, {100 + HOUR - 0.000001, 1}};
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        fcr_test_t test;
        fcr_begin(&test);
        fcr_call(&test, "c1", "mia", 0);
        fcr_call(&test, "c2", "mia", cases[i].start);
        assert_int_equal(fcr_total(&test, ELIGIBLE), 2);
        assert_int_equal(fcr_total(&test, REPEATED), cases[i].repeated);
        fcr_end(&test);
    }
}

static void a_redial_within_the_grace_is_the_same_journey(void **state) {
    (void)state;
    const struct { double start; int64_t eligible, repeated; } cases[] = {{160, 1, 0}, {160.000001, 2, 1}, {130, 1, 0}, {50, 1, 0}};
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        fcr_test_t test;
        fcr_begin(&test);
        fcr_call(&test, "c1", "mia", 0);
        fcr_call(&test, "c2", "mia", cases[i].start);
        assert_int_equal(fcr_total(&test, ELIGIBLE), cases[i].eligible);
        assert_int_equal(fcr_total(&test, REPEATED), cases[i].repeated);
        fcr_end(&test);
    }
}

static void a_redial_moves_the_end_of_the_window(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_lost_call(&test, "c2", "mia", 150);
    fcr_call(&test, "c3", "mia", 170 + HOUR);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 2);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_end(&test);
}

static void a_lost_call_and_its_redial_are_one_handled_journey(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_lost_call(&test, "c1", "mia", 0);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 0);
    fcr_call(&test, "c2", "mia", 60);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_end(&test);
}

static void an_abandoned_next_contact_repeats_unless_only_handled_ones_do(void **state) {
    (void)state;
    for (int handled_only = 0; handled_only < 2; handled_only++) {
        fcr_test_t test;
        fcr_configure(&test);
        test.config->fcr.repeat_handled_only = handled_only;
        fcr_start(&test);
        fcr_call(&test, "c1", "mia", 0);
        fcr_lost_call(&test, "c2", "mia", 1000);
        assert_int_equal(fcr_total(&test, REPEATED), handled_only ? 0 : 1);
        fcr_call(&test, "c3", "mia", 2000);
        assert_int_equal(fcr_total(&test, REPEATED), 1);
        assert_int_equal(fcr_total(&test, ELIGIBLE), 2);
        fcr_end(&test);
    }
}

static void each_journey_is_judged_by_the_next_one(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    for (int i = 0; i < 5; i++) {
        char contact[8];
        snprintf(contact, sizeof contact, "c%d", i);
        fcr_call(&test, contact, "mia", i * 1800.0);
        assert_int_equal(fcr_total(&test, ELIGIBLE), i + 1);
        assert_int_equal(fcr_total(&test, REPEATED), i);
    }
    fcr_end(&test);
}

/* --- who takes part ----------------------------------------------------------------------------------------------------- */
static void outbound_contacts_and_unknown_customers_do_not_take_part(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    rs_event_t event = fcr_make(&test, RS_CONTACT_QUEUED, "c2", "mia", 1000);
    event.direction = RS_DIRECTION_OUTBOUND;
    fcr_apply(&test, event);
    fcr_tell(&test, RS_CONTACT_ANSWERED, "c2", "", 1010);
    fcr_tell(&test, RS_CONTACT_ENDED, "c2", "", 1020);
    fcr_call(&test, "c3", "", 1100);
    fcr_call(&test, "c4", "", 1300);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_end(&test);
}

static void a_late_direction_takes_a_repeat_back(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_call(&test, "c2", "mia", 1000);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    rs_event_t event = fcr_make(&test, RS_CONTACT_CREATED, "c2", "", 999);
    event.direction = RS_DIRECTION_OUTBOUND;
    event.source = RS_STR("acd");
    fcr_apply(&test, event);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_end(&test);
}

static void tenants_do_not_see_each_others_customers(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    test.tenant = "acme";
    fcr_call(&test, "c2", "mia", 1000);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 2);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    const rs_contact_rate_t rate = rs_core_fcr_contact_rate(test.core, RS_STR("acme"));
    assert_int_equal(rate.contacts, 1);
    assert_int_equal(rate.customers, 1);
    fcr_end(&test);
}

static void a_contact_that_is_not_handled_is_not_judged(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_lost_call(&test, "c1", "mia", 0);
    fcr_lost_call(&test, "c2", "mia", 1000);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 0);
    fcr_end(&test);
}

/* --- journeys ------------------------------------------------------------------------------------------------------------- */
static void contacts_of_one_journey_count_once(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    rs_event_t event = fcr_make(&test, RS_CONTACT_QUEUED, "c2", "mia", 1000);
    event.journey_id = RS_STR("c1");
    fcr_apply(&test, event);
    fcr_tell(&test, RS_CONTACT_ANSWERED, "c2", "", 1010);
    fcr_tell(&test, RS_CONTACT_ENDED, "c2", "", 1100);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_call(&test, "c3", "mia", 1100 + HOUR);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 2);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_end(&test);
}

static void a_journey_named_late_takes_a_repeat_back(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_call(&test, "c2", "mia", 1000);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    rs_event_t event = fcr_make(&test, RS_CONTACT_WRAPUP_STARTED, "c2", "", 1101);
    event.journey_id = RS_STR("c1");
    fcr_apply(&test, event);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_end(&test);
}

static void the_journey_that_is_named_first_in_order_holds(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_call(&test, "c2", "leo", 0);
    rs_event_t event = fcr_make(&test, RS_CONTACT_QUEUED, "c3", "mia", 1000);
    event.journey_id = RS_STR("c2");
    fcr_apply(&test, event);
    event = fcr_make(&test, RS_CONTACT_CREATED, "c3", "mia", 990);   /* comes later, was first */
    event.journey_id = RS_STR("c1");
    event.source = RS_STR("acd");
    fcr_apply(&test, event);
    fcr_tell(&test, RS_CONTACT_ANSWERED, "c3", "", 1010);
    fcr_tell(&test, RS_CONTACT_ENDED, "c3", "", 1100);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 2);
    fcr_call(&test, "c4", "mia", 1100 + HOUR);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_end(&test);
}

/* --- signals ---------------------------------------------------------------------------------------------------------------- */
static void the_last_disposition_and_survey_hold(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_signal(&test, RS_DISPOSITION_SET, "c1", false, 110);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 1);
    fcr_signal(&test, RS_DISPOSITION_SET, "c1", true, 120);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 0);
    fcr_signal(&test, RS_SURVEY_ANSWERED, "c1", false, 130);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 1);
    fcr_signal(&test, RS_DISPOSITION_SET, "c1", true, 140);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 1);
    fcr_signal(&test, RS_SURVEY_ANSWERED, "c1", true, 150);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 0);
    fcr_tell(&test, RS_CONTACT_REOPENED, "c1", "", 160);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    assert_int_equal(fcr_total(&test, UNRESOLVED), 1);
    fcr_end(&test);
}

static void signals_count_within_the_window_inclusive(void **state) {
    (void)state;
    for (int late = 0; late < 2; late++) {
        fcr_test_t test;
        fcr_begin(&test);
        fcr_call(&test, "c1", "mia", 0);
        fcr_signal(&test, RS_SURVEY_ANSWERED, "c1", false, 100 + HOUR + late * 0.000001);
        assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), late ? 0 : 1);
        fcr_end(&test);
    }
}

static void a_repeat_and_a_flag_are_one_unresolved_journey(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_signal(&test, RS_DISPOSITION_SET, "c1", false, 110);
    fcr_lost_call(&test, "c2", "mia", 1000);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 1);
    assert_int_equal(fcr_total(&test, UNRESOLVED), 1);
    fcr_end(&test);
}

static void a_survey_for_an_unknown_contact_is_no_contact(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    rs_event_t event = fcr_make(&test, RS_SURVEY_ANSWERED, "nobody", "mia", 1000);
    event.present |= RS_HAS_RESOLVED;
    fcr_apply(&test, event);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 0);
    fcr_end(&test);
}

/* --- scope, never ------------------------------------------------------------------------------------------------------------- */
static void a_topic_apart_is_no_repeat_until_the_disposition_says_otherwise(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_configure(&test);
    test.config->fcr.scope = RS_FCR_TOPIC;
    fcr_start(&test);
    rs_event_t event = fcr_make(&test, RS_CONTACT_CREATED, "c1", "mia", 0);
    event.topic = RS_STR("bill");
    fcr_apply(&test, event);
    fcr_call(&test, "c1", "", 1);
    event = fcr_make(&test, RS_CONTACT_CREATED, "c2", "mia", 1000);
    event.topic = RS_STR("fault");
    fcr_apply(&test, event);
    fcr_call(&test, "c2", "", 1001);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 2);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    event = fcr_make(&test, RS_DISPOSITION_SET, "c2", "", 1200);
    event.topic = RS_STR("bill");
    fcr_apply(&test, event);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_end(&test);
}

static void net_leaves_out_what_can_never_be_resolved_at_once(void **state) {
    (void)state;
    fcr_test_t test;
    rs_str_t never[] = {RS_STR("porting"), RS_STR("weather")};
    fcr_configure(&test);
    test.config->fcr.never_topics = never;
    test.config->fcr.never_count = RS_ARRAY_LEN(never);
    fcr_start(&test);
    rs_event_t event = fcr_make(&test, RS_CONTACT_CREATED, "c1", "mia", 0);
    event.topic = RS_STR("porting");
    fcr_apply(&test, event);
    fcr_call(&test, "c1", "", 1);
    fcr_call(&test, "c2", "leo", 1);
    assert_int_equal(fcr_total(&test, NEVER), 1);
    assert_int_equal(fcr_total(&test, NEVER_UNRESOLVED), 0);
    fcr_lost_call(&test, "c3", "mia", 1000);
    assert_int_equal(fcr_total(&test, NEVER_UNRESOLVED), 1);
    assert_int_equal(fcr_total(&test, UNRESOLVED), 1);
    fcr_end(&test);
}

/* --- time ---------------------------------------------------------------------------------------------------------------------- */
static void a_window_matures_when_it_has_ended(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_wait(&test, 100 + HOUR - 5);
    assert_int_equal(fcr_total(&test, MATURED), 0);
    fcr_wait(&test, 100 + HOUR + 15);
    assert_int_equal(fcr_total(&test, MATURED), 1);
    fcr_end(&test);
}

static void a_repeat_that_comes_late_revises_a_matured_row(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_wait(&test, 100 + HOUR + 60);
    assert_int_equal(fcr_total(&test, MATURED), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_call(&test, "c2", "mia", 100 + HOUR - 200);
    assert_int_equal(fcr_total(&test, MATURED), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_end(&test);
}

static void a_call_that_lasts_longer_than_the_window_is_matured_only_after_it(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    fcr_tell(&test, RS_CONTACT_QUEUED, "c1", "mia", 0);
    fcr_tell(&test, RS_CONTACT_ANSWERED, "c1", "", 10);
    fcr_tell(&test, RS_CONTACT_TRANSFERRED, "c1", "", 20);
    fcr_wait(&test, 2 * HOUR);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, MATURED), 1);
    fcr_tell(&test, RS_CONTACT_ENDED, "c1", "", 2 * HOUR + 1);
    assert_int_equal(fcr_total(&test, MATURED), 0);
    fcr_call(&test, "c2", "mia", 3 * HOUR);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_wait(&test, 5 * HOUR);
    assert_int_equal(fcr_total(&test, MATURED), 2);
    fcr_end(&test);
}

/* --- days later ------------------------------------------------------------------------------------------------------------------ */
static void begin_with_days(fcr_test_t *test) {
    fcr_configure(test);
    test->config->fcr.repeat_window_us = 7 * RS_US_PER_DAY;
    fcr_start(test);
}

static void a_survey_days_later_still_reaches_its_contact(void **state) {
    (void)state;
    fcr_test_t test;
    begin_with_days(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_wait(&test, 3 * DAY);
    fcr_signal(&test, RS_SURVEY_ANSWERED, "c1", false, 3 * DAY);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 1);
    fcr_wait(&test, 5 * DAY);
    fcr_signal(&test, RS_SURVEY_ANSWERED, "c1", true, 5 * DAY);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 0);
    fcr_wait(&test, 9 * DAY);
    assert_int_equal(fcr_total(&test, MATURED), 1);
    fcr_signal(&test, RS_SURVEY_ANSWERED, "c1", false, 9 * DAY);   /* its window has ended */
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 0);
    fcr_end(&test);
}

static void an_id_that_is_used_again_after_days_is_another_contact(void **state) {
    (void)state;
    fcr_test_t test;
    begin_with_days(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_wait(&test, 3 * DAY);
    fcr_call(&test, "c1", "leo", 3 * DAY);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 2);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_call(&test, "c2", "mia", 4 * DAY);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_wait(&test, 6 * DAY);
    fcr_call(&test, "c1", "leo", 6 * DAY);   /* the same customer: he called again */
    assert_int_equal(fcr_total(&test, ELIGIBLE), 4);
    assert_int_equal(fcr_total(&test, REPEATED), 2);
    fcr_end(&test);
}

static void a_journey_goes_on_days_later_when_it_is_named(void **state) {
    (void)state;
    fcr_test_t test;
    begin_with_days(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_wait(&test, 3 * DAY);
    rs_event_t event = fcr_make(&test, RS_CONTACT_QUEUED, "c2", "mia", 3 * DAY);
    event.journey_id = RS_STR("c1");
    fcr_apply(&test, event);
    fcr_tell(&test, RS_CONTACT_ANSWERED, "c2", "", 3 * DAY + 10);
    fcr_tell(&test, RS_CONTACT_ENDED, "c2", "", 3 * DAY + 100);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    event = fcr_make(&test, RS_CONTACT_QUEUED, "c3", "leo", 3 * DAY + 200);
    event.journey_id = RS_STR("c9");
    fcr_apply(&test, event);
    fcr_end(&test);
}

typedef struct kept { uint64_t first_part, last_part, first_revision, last_revision; int64_t repeated, rows; } kept_t;
static void keep(void *context, const rs_row_t *row) {
    kept_t *kept = context;
    if (row->key.family != RS_FAMILY_QUEUE || row->attribution != RS_ATTRIBUTION_EVENT || row->start_us != INT64_C(1772323200000000)) {
        return;
    }
    if (kept->rows++ == 0) {
        kept->first_part = row->part;
        kept->first_revision = row->revision;
    }
    kept->last_part = row->part;
    kept->last_revision = row->revision;
    kept->repeated = row->counts[RS_COUNT_FCR_REPEATED];
}

static void a_correction_days_later_comes_as_a_new_part_with_a_higher_revision(void **state) {
    (void)state;
    fcr_test_t test;
    kept_t kept = {0};
    begin_with_days(&test);
    fcr_call(&test, "c1", "mia", 0);
    fcr_wait(&test, HOUR);
    while (core_collect(test.core, 1000, keep, &kept) != 0) {}
    const int64_t rows = kept.rows;
    assert_true(rows > 0);
    assert_int_equal(kept.first_part, kept.last_part);
    fcr_wait(&test, 3 * DAY);
    fcr_lost_call(&test, "c2", "mia", 3 * DAY);
    while (core_collect(test.core, 1000, keep, &kept) != 0) {}
    assert_int_equal(kept.rows, rows + 1);
    assert_true(kept.last_part > kept.first_part);
    assert_true(kept.last_revision > kept.first_revision);
    assert_int_equal(kept.repeated, 1);
    fcr_end(&test);
}

/* --- limits ---------------------------------------------------------------------------------------------------------------------- */
static void past_the_limit_the_oldest_go_first_and_are_counted(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_configure(&test);
    test.config->limits.customers = 10;
    test.config->fcr.repeat_window_us = RS_US_PER_DAY;
    fcr_start(&test);
    for (int i = 0; i < 25; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        fcr_call(&test, name, name, i * 200.0);
    }
    assert_int_equal(rs_core_losses(test.core).customers, 15);
    assert_int_equal(fcr_total(&test, ELIGIBLE), 25);   /* what they counted stays */
    fcr_lost_call(&test, "d1", "c24", 6000);
    fcr_lost_call(&test, "d2", "c3", 6000);
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_signal(&test, RS_SURVEY_ANSWERED, "c2", false, 6010);   /* let go: its journey is judged no more */
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 0);
    fcr_end(&test);
}

static void a_switchboards_many_calls_are_all_counted_and_mature(void **state) {
    (void)state;
    enum { CALLS = 300 };
    fcr_test_t test;
    fcr_configure(&test);
    test.config->fcr.repeat_window_us = RS_US_PER_DAY;
    fcr_start(&test);
    for (int i = 0; i < CALLS; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        fcr_call(&test, name, "switchboard", i * 200.0);
    }
    assert_int_equal(fcr_total(&test, ELIGIBLE), CALLS);
    assert_int_equal(fcr_total(&test, REPEATED), CALLS - 1);
    fcr_signal(&test, RS_SURVEY_ANSWERED, "c3", false, CALLS * 200.0);
    assert_int_equal(fcr_total(&test, FLAGGED_UNRESOLVED), 1);
    rs_fcr_repeater_t repeater;
    uint32_t others;
    assert_int_equal(rs_core_fcr_repeaters(test.core, RS_STR("default"), &repeater, 1, &others), 1);
    assert_int_equal(repeater.contacts, CALLS);
    fcr_wait(&test, 4 * DAY);
    assert_int_equal(fcr_total(&test, MATURED), CALLS);
    const rs_contact_rate_t rate = rs_core_fcr_contact_rate(test.core, RS_STR("default"));
    assert_int_equal(rate.contacts, 0);
    assert_int_equal(rate.customers, 0);
    assert_int_equal(rs_core_fcr_repeaters(test.core, RS_STR("default"), &repeater, 1, &others), 0);
    fcr_end(&test);
}

static void calls_that_overlap_without_end_stay_one_journey(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_begin(&test);
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        fcr_call(&test, name, "anonymous", i * 50.0);
    }
    assert_int_equal(fcr_total(&test, ELIGIBLE), 1);
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_end(&test);
}

static void the_list_of_repeaters_says_what_it_may_have_missed(void **state) {
    (void)state;
    fcr_test_t test;
    fcr_configure(&test);
    test.config->fcr.repeat_window_us = RS_US_PER_DAY;
    fcr_start(&test);
    double at = 0;
    for (int customer = 0; customer < 40; customer++) {
        for (int call = 0; call < 2 + customer % 5; call++, at += 200) {
            char contact[16], name[16];
            snprintf(contact, sizeof contact, "c%d-%d", customer, call);
            snprintf(name, sizeof name, "customer %d", customer);
            fcr_call(&test, contact, name, at);
        }
    }
    rs_fcr_repeater_t repeaters[RS_FCR_REPEATERS];
    uint32_t others;
    assert_int_equal(rs_core_fcr_repeaters(test.core, RS_STR("default"), repeaters, RS_FCR_REPEATERS, &others), RS_FCR_REPEATERS);
    assert_int_equal(repeaters[0].contacts, 6);
    uint32_t least = 0;
    for (uint32_t i = 1; i < RS_FCR_REPEATERS; i++) assert_true(repeaters[i].contacts <= repeaters[i - 1].contacts);
    for (uint32_t i = 0; i < RS_FCR_REPEATERS; i++) least += repeaters[i].contacts == 6;
    assert_int_equal(least, 8);
    assert_in_range(others, 2, 3);
    const rs_contact_rate_t rate = rs_core_fcr_contact_rate(test.core, RS_STR("default"));
    assert_int_equal(rate.contacts, 160);
    assert_int_equal(rate.customers, 40);
    fcr_end(&test);
}

/* --- attribution close ------------------------------------------------------------------------------------------------------------ */
typedef struct closed { int64_t first_us, counts[2]; bool negative; } closed_t;

static void look_at_close(void *context, const rs_row_t *row) {
    closed_t *closed = context;
    closed->negative = closed->negative || row->counts[RS_COUNT_FCR_ELIGIBLE] < 0;
    if (row->attribution != RS_ATTRIBUTION_CLOSE || row->key.family != RS_FAMILY_TOTAL) return;
    if (closed->first_us == 0 || row->start_us < closed->first_us) closed->first_us = row->start_us;
    closed->counts[row->start_us != closed->first_us] += row->counts[RS_COUNT_FCR_ELIGIBLE];
}

static void attribution_close_has_a_journey_once_where_it_ends(void **state) {
    (void)state;
    fcr_test_t test;
    closed_t closed = {0};
    fcr_begin(&test);
    fcr_lost_call(&test, "c0", "", 1);                  /* of nobody known: a row of the first quarter of an hour */
    fcr_tell(&test, RS_CONTACT_QUEUED, "c1", "mia", 0);
    fcr_tell(&test, RS_CONTACT_ANSWERED, "c1", "", 10);
    fcr_tell(&test, RS_CONTACT_TRANSFERRED, "c1", "", 30);
    rs_core_rows(test.core, look_at_close, &closed);
    assert_int_equal(closed.counts[0], 1);              /* so far, its last event */
    fcr_tell(&test, RS_CONTACT_QUEUED, "c1", "", 20 * 60);
    fcr_tell(&test, RS_CONTACT_ENDED, "c1", "", 40 * 60);
    fcr_wait(&test, 2 * HOUR);                          /* matured: taken back and counted anew */
    closed = (closed_t){0};
    rs_core_rows(test.core, look_at_close, &closed);
    assert_false(closed.negative);
    assert_int_equal(closed.counts[0], 0);
    assert_int_equal(closed.counts[1], 1);
    assert_int_equal(fcr_total(&test, MATURED), 1);
    fcr_end(&test);
}

/* --- reload ----------------------------------------------------------------------------------------------------------------------- */
static void new_settings_hold_from_the_next_journey_on(void **state) {
    (void)state;
    fcr_test_t test;
    rs_config_t *longer;
    fcr_begin(&test);
    fcr_call(&test, "c1", "mia", 0);
    assert_int_equal(rs_config_create_default(&longer), RS_OK);
    longer->limits = test.config->limits;
    longer->fcr = test.config->fcr;
    longer->fcr.repeat_window_us = 2 * RS_US_PER_HOUR;
    assert_int_equal(rs_core_configure(test.core, longer), RS_OK);
    fcr_call(&test, "c2", "mia", 1.5 * HOUR);       /* an hour and a half after c1: no repeat by c1's settings */
    assert_int_equal(fcr_total(&test, REPEATED), 0);
    fcr_call(&test, "c3", "mia", 3 * HOUR);         /* one after c2: a repeat by c2's */
    assert_int_equal(fcr_total(&test, REPEATED), 1);
    fcr_end(&test);
    rs_config_destroy(&longer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeat_marks_the_first_contacts_queue_and_agent),
        cmocka_unit_test(the_window_is_inclusive),
        cmocka_unit_test(a_redial_within_the_grace_is_the_same_journey),
        cmocka_unit_test(a_redial_moves_the_end_of_the_window),
        cmocka_unit_test(a_lost_call_and_its_redial_are_one_handled_journey),
        cmocka_unit_test(an_abandoned_next_contact_repeats_unless_only_handled_ones_do),
        cmocka_unit_test(each_journey_is_judged_by_the_next_one),
        cmocka_unit_test(outbound_contacts_and_unknown_customers_do_not_take_part),
        cmocka_unit_test(a_late_direction_takes_a_repeat_back),
        cmocka_unit_test(tenants_do_not_see_each_others_customers),
        cmocka_unit_test(a_contact_that_is_not_handled_is_not_judged),
        cmocka_unit_test(contacts_of_one_journey_count_once),
        cmocka_unit_test(a_journey_named_late_takes_a_repeat_back),
        cmocka_unit_test(the_journey_that_is_named_first_in_order_holds),
        cmocka_unit_test(the_last_disposition_and_survey_hold),
        cmocka_unit_test(signals_count_within_the_window_inclusive),
        cmocka_unit_test(a_repeat_and_a_flag_are_one_unresolved_journey),
        cmocka_unit_test(a_survey_for_an_unknown_contact_is_no_contact),
        cmocka_unit_test(a_topic_apart_is_no_repeat_until_the_disposition_says_otherwise),
        cmocka_unit_test(net_leaves_out_what_can_never_be_resolved_at_once),
        cmocka_unit_test(a_window_matures_when_it_has_ended),
        cmocka_unit_test(a_repeat_that_comes_late_revises_a_matured_row),
        cmocka_unit_test(a_call_that_lasts_longer_than_the_window_is_matured_only_after_it),
        cmocka_unit_test(a_survey_days_later_still_reaches_its_contact),
        cmocka_unit_test(an_id_that_is_used_again_after_days_is_another_contact),
        cmocka_unit_test(a_journey_goes_on_days_later_when_it_is_named),
        cmocka_unit_test(a_correction_days_later_comes_as_a_new_part_with_a_higher_revision),
        cmocka_unit_test(past_the_limit_the_oldest_go_first_and_are_counted),
        cmocka_unit_test(a_switchboards_many_calls_are_all_counted_and_mature),
        cmocka_unit_test(calls_that_overlap_without_end_stay_one_journey),
        cmocka_unit_test(the_list_of_repeaters_says_what_it_may_have_missed),
        cmocka_unit_test(attribution_close_has_a_journey_once_where_it_ends),
        cmocka_unit_test(new_settings_hold_from_the_next_journey_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + run_erase_tests();
}
