/* States, their time, teams, expiry, lateness. */
#include "agent_test.h"

#include "core/figure.h"

static void begin(agent_test_t *test) {
    agent_test_prepare(test);
    agent_test_begin(test);
}

static int64_t of_agent(agent_test_t *test, const char *agent, rs_count_t count) {
    return agent_test_count(test, RS_FAMILY_AGENT, agent, count);
}

static void each_state_has_its_time_and_all_of_them_are_the_time_logged_in(void **state) {
    (void)state;
    static const struct { rs_agent_state_t state; rs_count_t count; } states[] = {
        {RS_AGENT_AVAILABLE, RS_COUNT_AVAILABLE_US}, {RS_AGENT_RINGING, RS_COUNT_RINGING_US}, {RS_AGENT_ON_CONTACT, RS_COUNT_ON_CONTACT_US},
        {RS_AGENT_HOLD, RS_COUNT_ON_HOLD_US}, {RS_AGENT_WRAPUP, RS_COUNT_WRAPPING_US}, {RS_AGENT_BREAK, RS_COUNT_BREAK_US},
        {RS_AGENT_CUSTOM, RS_COUNT_CUSTOM_US}};
    agent_test_t test;
    begin(&test);
    for (size_t i = 0; i < RS_ARRAY_LEN(states); i++) agent_test_state(&test, "ann", states[i].state, 10 + 2 * (double)i);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 24);
    agent_test_tick(&test, 60);
    for (size_t i = 0; i < RS_ARRAY_LEN(states); i++) assert_int_equal(of_agent(&test, "ann", states[i].count), MINUTES(2));
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_LOGGED_IN_US), MINUTES(14));
    assert_int_equal(agent_test_count(&test, RS_FAMILY_TOTAL, "", RS_COUNT_LOGGED_IN_US), MINUTES(14));
    agent_test_end(&test);
}

typedef struct quarters { int64_t available_us[8]; } quarters_t;
static void take_quarter(void *context, const rs_row_t *row) {
    quarters_t *quarters = context;
    if (row->key.family == RS_FAMILY_AGENT) {
        quarters->available_us[(row->start_us - agent_test_at(0)) / MINUTES(15)] = row->counts[RS_COUNT_AVAILABLE_US];
    }
}

static void a_state_over_several_intervals_is_split_at_their_boundaries(void **state) {
    (void)state;
    agent_test_t test;
    quarters_t quarters = {{0}};
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 10);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 47);
    rs_core_rows(test.core, take_quarter, &quarters);
    const int64_t should_be[] = {MINUTES(5), MINUTES(15), MINUTES(15), MINUTES(2)};
    for (size_t i = 0; i < 4; i++) assert_int_equal(quarters.available_us[i], should_be[i]);
    agent_test_end(&test);
}

static void a_running_state_is_counted_up_to_the_last_five_minutes_and_the_rest_is_in_the_live_entry(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_ON_CONTACT, 10);
    agent_test_tick(&test, 33);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_ON_CONTACT_US), MINUTES(20));
    const rs_core_agent_t live = agent_test_live(&test, "ann");
    assert_int_equal(live.live.state, RS_AGENT_ON_CONTACT);
    assert_int_equal(live.live.since_us, agent_test_at(10));
    assert_int_equal(live.live.counted_until_us, agent_test_at(30));
    agent_test_end(&test);
}

static void the_hour_and_the_day_hold_a_running_state_and_let_it_go(void **state) {
    (void)state;
    agent_test_t test;
    rs_window_view_t hour, today;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 10);
    agent_test_tick(&test, 130);
    for (uint32_t key = 0; key < rs_window_key_count(rs_core_windows(test.core)); key++) {
        rs_key_t dimensions;
        rs_core_key(test.core, key, &dimensions);
        if (dimensions.family != RS_FAMILY_AGENT) continue;
        assert_int_equal(rs_window_read(rs_core_windows(test.core), key, 3, &hour), RS_OK);
        assert_int_equal(rs_window_read(rs_core_windows(test.core), key, RS_WINDOW_TODAY, &today), RS_OK);
        assert_int_equal(hour.counts[RS_COUNT_AVAILABLE_US], MINUTES(55));   /* slots that began within the hour */
        assert_int_equal(today.counts[RS_COUNT_AVAILABLE_US], MINUTES(120));
    }
    agent_test_end(&test);
}

static void an_event_that_comes_late_takes_back_what_was_counted_and_counts_it_again(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 10);
    agent_test_tick(&test, 25);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_AVAILABLE_US), MINUTES(15));
    test.arrival_us = agent_test_at(25);
    agent_test_state(&test, "ann", RS_AGENT_BREAK, 17);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_AVAILABLE_US), MINUTES(7));
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_BREAK_US), MINUTES(8));
    agent_test_end(&test);
}

static void an_event_before_what_is_folded_is_too_late(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    for (double at = 1; at < 60; at += 1) agent_test_state(&test, "ann", (int)at % 2 == 0 ? RS_AGENT_BREAK : RS_AGENT_AVAILABLE, at);
    rs_event_t event = agent_test_make(&test, RS_AGENT_STATE, "ann", 20);
    event.state = RS_AGENT_BREAK;
    event.source = RS_STR("another");   /* its own clock is not ahead */
    test.arrival_us = agent_test_at(59);
    agent_test_tick(&test, 59);
    const int64_t before_us = of_agent(&test, "ann", RS_COUNT_BREAK_US);
    agent_test_send(&test, &event);
    assert_int_equal(test.refused[RS_REFUSAL_TOO_LATE], 1);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_BREAK_US), before_us);
    agent_test_end(&test);
}

static void more_events_than_are_kept_fold_the_oldest_and_lose_nothing(void **state) {
    (void)state;
    agent_test_t test;
    agent_test_prepare(&test);
    test.config.limits.contact_events = 8;
    agent_test_begin(&test);
    for (int i = 0; i < 100; i++) agent_test_state(&test, "ann", i % 2 == 0 ? RS_AGENT_AVAILABLE : RS_AGENT_BREAK, 1 + 0.05 * i);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 6);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_AVAILABLE_US), 150 * RS_US_PER_S);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_BREAK_US), 150 * RS_US_PER_S);
    assert_int_equal(test.refused[RS_REFUSAL_LIMIT], 0);
    agent_test_end(&test);
}

static void two_states_at_one_instant_are_ordered_and_the_first_lasts_nothing(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    rs_event_t first = agent_test_make(&test, RS_AGENT_STATE, "ann", 10), second = agent_test_make(&test, RS_AGENT_STATE, "ann", 10);
    first.state = RS_AGENT_BREAK;
    second.state = RS_AGENT_AVAILABLE;
    agent_test_send(&test, &second);    /* in the wrong order: its number says that it is the later one */
    agent_test_send(&test, &first);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 20);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_AVAILABLE_US), MINUTES(10));
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_BREAK_US), 0);
    agent_test_end(&test);
}

static void the_same_state_again_goes_on_and_offline_twice_is_offline_once(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 10);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 12);
    assert_int_equal(agent_test_live(&test, "ann").live.since_us, agent_test_at(10));
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 14);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 16);
    agent_test_tick(&test, 60);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_LOGGED_IN_US), MINUTES(4));
    assert_int_equal(agent_test_live(&test, "ann").live.since_us, agent_test_at(14));
    agent_test_end(&test);
}

static void silence_makes_an_agent_offline_and_a_late_event_takes_that_back(void **state) {
    (void)state;
    agent_test_t test;
    agent_test_prepare(&test);
    test.config.staff.expire_us = MINUTES(30);
    agent_test_begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 10);
    agent_test_tick(&test, 46);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_AVAILABLE_US), MINUTES(30));
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_STATES_EXPIRED), 1);
    assert_int_equal(agent_test_live(&test, "ann").live.state, RS_AGENT_OFFLINE);
    assert_int_equal(agent_test_live(&test, "ann").live.since_us, agent_test_at(40));
    assert_true(agent_test_live(&test, "ann").live.expired);
    test.arrival_us = agent_test_at(46);
    agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, "ann", "sales", 38);   /* any event is a sign of life */
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_STATES_EXPIRED), 0);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_AVAILABLE_US), MINUTES(35));
    assert_int_equal(agent_test_live(&test, "ann").live.state, RS_AGENT_AVAILABLE);
    agent_test_end(&test);
}

static void time_goes_to_the_team_of_the_event_else_of_the_configuration(void **state) {
    (void)state;
    static rs_agent_config_t teams[1];
    teams[0] = (rs_agent_config_t){.name = RS_STR("ann"), .team = RS_STR("green")};
    agent_test_t test;
    agent_test_prepare(&test);
    test.config.agents = teams;
    test.config.agent_count = 1;
    agent_test_begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 10);
    rs_event_t event = agent_test_make(&test, RS_AGENT_STATE, "ann", 13);
    event.state = RS_AGENT_AVAILABLE;
    event.team = RS_STR("red");
    agent_test_send(&test, &event);
    agent_test_state(&test, "bob", RS_AGENT_AVAILABLE, 13);
    agent_test_tick(&test, 20);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_TEAM, "green", RS_COUNT_AVAILABLE_US), MINUTES(3));
    assert_int_equal(agent_test_count(&test, RS_FAMILY_TEAM, "red", RS_COUNT_AVAILABLE_US), MINUTES(7));
    assert_int_equal(agent_test_count(&test, RS_FAMILY_TOTAL, "", RS_COUNT_AVAILABLE_US), MINUTES(17));
    agent_test_end(&test);
}

static void both_occupancies_are_quotients_of_counts(void **state) {
    (void)state;
    agent_test_t test;
    int64_t counts[RS_COUNT_COUNT];
    double on_contact, logged_in;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 0);
    agent_test_state(&test, "ann", RS_AGENT_ON_CONTACT, 20);
    agent_test_call(&test, "c1", "sales", "ann", 20, 50);
    agent_test_call(&test, "c2", "sales", "bob", 50, 55);
    agent_test_state(&test, "ann", RS_AGENT_BREAK, 50);
    agent_test_state(&test, "ann", RS_AGENT_OFFLINE, 60);
    agent_test_counts(&test, RS_FAMILY_AGENT, "ann", counts);
    assert_true(rs_figure_occupancy_on_contact(counts, &on_contact) && rs_figure_occupancy_logged_in(counts, &logged_in));
    assert_true(on_contact == 30.0 / 50.0 && logged_in == 30.0 / 60.0);
    agent_test_counts(&test, RS_FAMILY_AGENT, "bob", counts);   /* there by his handling; nothing is known of his time */
    assert_int_equal(counts[RS_COUNT_HANDLED], 1);
    assert_false(rs_figure_occupancy_on_contact(counts, &on_contact));
    assert_false(rs_figure_occupancy_logged_in(counts, &logged_in));
    assert_int_equal(agent_test_live(&test, "bob").live.state, RS_AGENT_NONE);
    agent_test_end(&test);
}

static void agents_past_the_limit_are_refused_and_counted(void **state) {
    (void)state;
    agent_test_t test;
    agent_test_prepare(&test);
    test.config.limits.agent_keys = 2;
    agent_test_begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 10);
    agent_test_state(&test, "bob", RS_AGENT_AVAILABLE, 10);
    agent_test_state(&test, "cat", RS_AGENT_AVAILABLE, 10);
    agent_test_call(&test, "c1", "sales", "dan", 10, 11);
    assert_int_equal(test.refused[RS_REFUSAL_LIMIT], 1);
    assert_int_equal(rs_core_agent_count(test.core), 2);
    assert_true(agent_test_odd(&test).no_room > 0);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_TOTAL, "", RS_COUNT_HANDLED), 1);
    agent_test_end(&test);
}

static void an_agent_first_heard_of_late_is_counted_up_to_the_same_boundary_as_all(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 11);
    agent_test_tick(&test, 16);                         /* all are counted up to 15 */
    test.arrival_us = agent_test_at(16.5);
    agent_test_state(&test, "bob", RS_AGENT_AVAILABLE, 11);
    assert_int_equal(of_agent(&test, "ann", RS_COUNT_AVAILABLE_US), MINUTES(4));
    assert_int_equal(of_agent(&test, "bob", RS_COUNT_AVAILABLE_US), MINUTES(4));
    assert_int_equal(agent_test_live(&test, "bob").live.counted_until_us, agent_test_at(15));
    agent_test_tick(&test, 21);
    assert_int_equal(of_agent(&test, "bob", RS_COUNT_AVAILABLE_US), MINUTES(9));
    agent_test_end(&test);
}

const struct CMUnitTest time_tests[] = {
    cmocka_unit_test(each_state_has_its_time_and_all_of_them_are_the_time_logged_in),
    cmocka_unit_test(a_state_over_several_intervals_is_split_at_their_boundaries),
    cmocka_unit_test(a_running_state_is_counted_up_to_the_last_five_minutes_and_the_rest_is_in_the_live_entry),
    cmocka_unit_test(the_hour_and_the_day_hold_a_running_state_and_let_it_go),
    cmocka_unit_test(an_event_that_comes_late_takes_back_what_was_counted_and_counts_it_again),
    cmocka_unit_test(an_agent_first_heard_of_late_is_counted_up_to_the_same_boundary_as_all),
    cmocka_unit_test(an_event_before_what_is_folded_is_too_late),
    cmocka_unit_test(more_events_than_are_kept_fold_the_oldest_and_lose_nothing),
    cmocka_unit_test(two_states_at_one_instant_are_ordered_and_the_first_lasts_nothing),
    cmocka_unit_test(the_same_state_again_goes_on_and_offline_twice_is_offline_once),
    cmocka_unit_test(silence_makes_an_agent_offline_and_a_late_event_takes_that_back),
    cmocka_unit_test(time_goes_to_the_team_of_the_event_else_of_the_configuration),
    cmocka_unit_test(both_occupancies_are_quotients_of_counts),
    cmocka_unit_test(agents_past_the_limit_are_refused_and_counted),
};
const size_t time_test_count = RS_ARRAY_LEN(time_tests);
