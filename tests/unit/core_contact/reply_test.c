/* Asynchronous channels: replies, resolutions, reopenings; by working hours and by the calendar. */
#include "desk.h"

#define S * RS_US_PER_S

static void the_first_reply_runs_from_the_customers_message_through_the_night(void **state) {
    desk_t *desk = *state;
    desk_give_hours(desk);
    const double evening = 16.5 * DESK_HOUR_S, morning = DESK_DAY_S + 9.25 * DESK_HOUR_S;
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", evening - 60);
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", evening);
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", evening + 30);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", morning);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLIES), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLY_US), 45 * RS_US_PER_MIN);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLY_CALENDAR_US), (int64_t)(morning - evening) * RS_US_PER_S);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLIES_IN_T), 1);                       /* the target is an hour */
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_QUEUE, "q", RS_COUNT_FIRST_REPLIES, DESK_DAY_S + 9 * DESK_HOUR_S), 1);
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_AGENT, "ann", RS_COUNT_FIRST_REPLIES, -1), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_NEXT_REPLIES), 0);
}

static void without_a_message_the_contacts_beginning_stands_for_it_unless_it_is_outbound(void **state) {
    desk_t *desk = *state;
    desk_note(desk, RS_CONTACT_CREATED, "c", "", "", 0);
    desk_note(desk, RS_CONTACT_QUEUED, "c", "q", "", 10);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", 40);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLY_US), 40 * RS_US_PER_S);
    rs_event_t outbound = desk_make(desk, RS_CONTACT_CREATED, "d", "", "", 0);
    outbound.direction = RS_DIRECTION_OUTBOUND;
    desk_apply(desk, &outbound);
    desk_message(desk, "d", RS_PARTY_AGENT, "ann", 50);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLIES), 1);
    desk_message(desk, "d", RS_PARTY_CUSTOMER, "", 60);                                          /* now somebody waits */
    desk_message(desk, "d", RS_PARTY_AGENT, "ann", 65);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLIES), 2);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLY_US), 45 * RS_US_PER_S);
}

static void a_next_reply_runs_from_the_oldest_message_without_an_answer(void **state) {
    desk_t *desk = *state;
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 0);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", 10);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", 15);          /* answers nothing */
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 100);
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 120);
    desk_message(desk, "c", RS_PARTY_SYSTEM, "", 125);
    desk_message(desk, "c", RS_PARTY_AGENT, "bob", 130);
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 200);
    desk_message(desk, "c", RS_PARTY_AGENT, "bob", 202);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLIES), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_NEXT_REPLIES), 2);
    assert_int_equal(desk_total(desk, RS_COUNT_NEXT_REPLY_US), 32 * RS_US_PER_S);
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_AGENT, "bob", RS_COUNT_NEXT_REPLIES, -1), 2);
    assert_int_equal(desk_total(desk, RS_COUNT_NEXT_REPLIES_IN_T), 0);                           /* no target */
}

static void a_message_that_comes_late_changes_the_reply_that_it_belongs_to(void **state) {
    desk_t *desk = *state;
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 20);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", 30);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLY_US), 10 * RS_US_PER_S);
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 5);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLIES), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLY_US), 25 * RS_US_PER_S);
}

static void a_resolution_runs_from_the_first_event_and_once_reopened_from_there(void **state) {
    desk_t *desk = *state;
    desk_note(desk, RS_CONTACT_CREATED, "c", "q", "", 0);
    desk_note(desk, RS_CONTACT_CLOSED, "c", "q", "ann", 100);
    desk_note(desk, RS_CONTACT_CLOSED, "c", "q", "ann", 110);
    assert_int_equal(desk_total(desk, RS_COUNT_RESOLUTIONS), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_RESOLUTION_US), 100 * RS_US_PER_S);
    desk_note(desk, RS_CONTACT_REOPENED, "c", "q", "", 500);
    desk_note(desk, RS_CONTACT_REOPENED, "c", "q", "", 510);
    desk_note(desk, RS_CONTACT_CLOSED, "c", "q", "ann", 530);
    assert_int_equal(desk_total(desk, RS_COUNT_REOPENED), 1);
    assert_int_equal(desk_total(desk, RS_COUNT_RESOLUTIONS), 2);
    assert_int_equal(desk_total(desk, RS_COUNT_RESOLUTION_US), 130 * RS_US_PER_S);
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_AGENT, "ann", RS_COUNT_RESOLUTIONS, -1), 2);
}

static void who_waits_when_the_file_is_closed_waits_no_longer(void **state) {
    desk_t *desk = *state;
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 0);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", 10);
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 20);
    desk_note(desk, RS_CONTACT_CLOSED, "c", "", "ann", 30);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", 40);
    assert_int_equal(desk_total(desk, RS_COUNT_NEXT_REPLIES), 0);
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 50);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", 53);
    assert_int_equal(desk_total(desk, RS_COUNT_NEXT_REPLY_US), 3 * RS_US_PER_S);
}

static void a_reply_belongs_to_the_open_legs_queue_else_the_last_else_the_handlings(void **state) {
    desk_t *desk = *state;
    desk_note(desk, RS_CONTACT_ANSWERED, "direct", "front", "ann", 0);
    desk_message(desk, "direct", RS_PARTY_CUSTOMER, "", 1);
    desk_message(desk, "direct", RS_PARTY_AGENT, "ann", 2);
    desk_note(desk, RS_CONTACT_QUEUED, "c", "first", "", 0);
    desk_note(desk, RS_CONTACT_ANSWERED, "c", "", "ann", 5);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", 6);
    desk_note(desk, RS_CONTACT_QUEUED, "c", "second", "", 10);
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 11);
    desk_message(desk, "c", RS_PARTY_AGENT, "bob", 12);
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_QUEUE, "front", RS_COUNT_FIRST_REPLIES, -1), 1);
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_QUEUE, "first", RS_COUNT_FIRST_REPLIES, -1), 1);
    assert_int_equal(desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_QUEUE, "second", RS_COUNT_NEXT_REPLIES, -1), 1);
}

static void a_written_contact_is_known_for_days_while_its_file_is_open(void **state) {
    desk_t *desk = *state;
    desk_message(desk, "c", RS_PARTY_CUSTOMER, "", 0);
    desk_message(desk, "gone", RS_PARTY_CUSTOMER, "", 0);
    desk_note(desk, RS_CONTACT_CLOSED, "gone", "", "", 10);
    for (int hour = 1; hour <= 6 * 24; hour++) desk_note(desk, RS_CONTACT_CREATED, "other", "", "", hour * DESK_HOUR_S);
    desk_message(desk, "c", RS_PARTY_AGENT, "ann", 6 * DESK_DAY_S);
    assert_int_equal(desk_total(desk, RS_COUNT_FIRST_REPLY_CALENDAR_US), 6 * RS_US_PER_DAY);
    desk_note(desk, RS_CONTACT_CLOSED, "c", "", "ann", 6 * DESK_DAY_S + 60);
    assert_int_equal(desk_total(desk, RS_COUNT_RESOLUTIONS), 2);
    desk_note(desk, RS_CONTACT_CLOSED, "gone", "", "", 6 * DESK_DAY_S + 60);                     /* a new contact: nothing before it */
    assert_int_equal(desk_total(desk, RS_COUNT_RESOLUTIONS), 2);
}

static void the_most_precise_entry_says_which_hours_targets_and_clock_hold(void **state) {
    desk_t *desk = *state;
    desk_give_hours(desk);
    desk->config->resolution_us = 9 S;
    rs_queue_config_t entries[] = {
        {.name = RS_STR("p"), .first_reply_us = 1, .next_reply_us = -1, .resolution_us = -1, .callback_clock = RS_CALLBACK_CLOCK_KEEP},
        {.name = RS_STR("q"), .hours = RS_STR("office"), .first_reply_us = 1 S, .next_reply_us = -1, .resolution_us = -1},
        {.name = RS_STR("q"), .channel = RS_CHANNEL_CHAT, .hours = RS_STR("none of that name"), .first_reply_us = -1, .next_reply_us = 2 S,
         .resolution_us = 0},
        {.name = RS_STR("q"), .tenant = RS_STR("acme"), .first_reply_us = 3 S, .next_reply_us = 4 S, .resolution_us = -1,
         .callback_clock = RS_CALLBACK_CLOCK_KEEP}};
    desk->config->queues = entries;
    desk->config->queue_count = RS_ARRAY_LEN(entries);
    const rs_config_t *config = desk->config;
    const rs_str_t acme = RS_STR("acme"), other = RS_STR("default"), q = RS_STR("q");
    assert_ptr_equal(rs_config_calendar(config, other, q, RS_CHANNEL_VOICE), desk->calendar);
    assert_null(rs_config_calendar(config, other, q, RS_CHANNEL_CHAT));
    assert_ptr_equal(rs_config_calendar(config, acme, q, RS_CHANNEL_EMAIL), desk->calendar);   /* its own entry names no hours */
    assert_null(rs_config_calendar(config, acme, RS_STR("p"), RS_CHANNEL_VOICE));
    rs_reply_targets_t targets = rs_config_reply_targets(config, acme, q, RS_CHANNEL_CHAT);
    assert_int_equal(targets.first_us, 3 S);
    assert_int_equal(targets.next_us, 4 S);                                                       /* a tenant before a channel */
    assert_int_equal(targets.resolution_us, 0);
    targets = rs_config_reply_targets(config, other, q, RS_CHANNEL_VOICE);
    assert_int_equal(targets.first_us, 1 S);
    assert_int_equal(targets.next_us, 0);
    assert_int_equal(targets.resolution_us, 9 S);
    assert_true(rs_config_callback_keeps(config, acme, q, RS_CHANNEL_VOICE));
    assert_false(rs_config_callback_keeps(config, other, q, RS_CHANNEL_VOICE));
    assert_true(rs_config_callback_keeps(config, other, RS_STR("p"), RS_CHANNEL_VOICE));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
int run_reply_tests(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_first_reply_runs_from_the_customers_message_through_the_night),
        CASE(without_a_message_the_contacts_beginning_stands_for_it_unless_it_is_outbound),
        CASE(a_next_reply_runs_from_the_oldest_message_without_an_answer),
        CASE(a_message_that_comes_late_changes_the_reply_that_it_belongs_to),
        CASE(a_resolution_runs_from_the_first_event_and_once_reopened_from_there),
        CASE(who_waits_when_the_file_is_closed_waits_no_longer),
        CASE(a_reply_belongs_to_the_open_legs_queue_else_the_last_else_the_handlings),
        CASE(a_written_contact_is_known_for_days_while_its_file_is_open),
        CASE(the_most_precise_entry_says_which_hours_targets_and_clock_hold),
    };
    return cmocka_run_group_tests_name("replies", tests, NULL, NULL);
}
