/* Who is on duty in a queue, and the live list. */
#include "agent_test.h"

static void begin(agent_test_t *test) {
    agent_test_prepare(test);
    agent_test_begin(test);
}

static void assert_staff(agent_test_t *test, const char *queue, uint32_t joined, uint32_t available, uint32_t busy, bool by_handlings) {
    const rs_staff_t staff = agent_test_staff(test, queue);
    assert_int_equal(staff.joined, joined);
    assert_int_equal(staff.available, available);
    assert_int_equal(staff.busy, busy);
    assert_int_equal(staff.by_handlings, by_handlings);
}

static void members_are_on_duty_by_their_state_and_by_their_contacts(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    assert_staff(&test, "sales", 0, 0, 0, true);
    static const char *const names[] = {"ann", "bob", "cat", "dan", "eve"};
    for (size_t i = 0; i < RS_ARRAY_LEN(names); i++) agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, names[i], "sales", 1);
    assert_staff(&test, "sales", 5, 5, 0, false);              /* without a state they are taken as available */
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 2);
    agent_test_state(&test, "bob", RS_AGENT_RINGING, 2);
    agent_test_state(&test, "cat", RS_AGENT_BREAK, 2);
    agent_test_state(&test, "dan", RS_AGENT_OFFLINE, 2);
    assert_staff(&test, "sales", 4, 2, 1, false);
    agent_test_contact(&test, RS_CONTACT_ANSWERED, "c1", "vip", "eve", 3);   /* in another queue: busy all the same */
    assert_staff(&test, "sales", 4, 1, 2, false);
    agent_test_contact(&test, RS_CONTACT_ENDED, "c1", "", "", 4);
    assert_staff(&test, "sales", 4, 2, 1, false);
    agent_test_queue(&test, RS_AGENT_QUEUE_LEFT, "ann", "sales", 5);
    assert_staff(&test, "sales", 3, 1, 1, false);
    agent_test_end(&test);
}

static void without_members_those_who_handled_within_the_hour_are_the_staff(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_call(&test, "c1", "sales", "ann", 10, 12);
    agent_test_call(&test, "c2", "sales", "bob", 40, 45);
    agent_test_contact(&test, RS_CONTACT_ANSWERED, "c3", "sales", "cat", 50);
    agent_test_tick(&test, 55);
    assert_staff(&test, "sales", 3, 2, 1, true);
    agent_test_tick(&test, 80);                                /* ann's last was 68 minutes ago */
    assert_staff(&test, "sales", 2, 1, 1, true);
    agent_test_tick(&test, 300);
    assert_staff(&test, "sales", 1, 0, 1, true);               /* cat has hers open still */
    agent_test_end(&test);
}

static void an_expired_member_is_not_on_duty(void **state) {
    (void)state;
    agent_test_t test;
    agent_test_prepare(&test);
    test.config.staff.expire_us = MINUTES(30);
    agent_test_begin(&test);
    agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, "ann", "sales", 1);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 2);
    assert_staff(&test, "sales", 1, 1, 0, false);
    agent_test_tick(&test, 40);
    assert_staff(&test, "sales", 0, 0, 0, false);
    agent_test_end(&test);
}

static void impossible_memberships_change_nothing_and_are_counted(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_queue(&test, RS_AGENT_QUEUE_LEFT, "ann", "sales", 1);
    agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, "ann", "sales", 2);
    agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, "ann", "sales", 3);
    assert_staff(&test, "sales", 1, 1, 0, false);
    agent_test_queue(&test, RS_AGENT_QUEUE_LEFT, "ann", "sales", 4);
    agent_test_queue(&test, RS_AGENT_QUEUE_LEFT, "ann", "sales", 5);
    assert_staff(&test, "sales", 0, 0, 0, false);
    assert_int_equal(agent_test_odd(&test).left_unjoined, 2);
    assert_int_equal(agent_test_odd(&test).joined_twice, 1);
    agent_test_end(&test);
}

static void a_late_word_on_a_queue_does_not_undo_the_last_one(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, "ann", "sales", 5);
    test.arrival_us = agent_test_at(5);
    agent_test_queue(&test, RS_AGENT_QUEUE_LEFT, "ann", "sales", 3);
    assert_staff(&test, "sales", 1, 1, 0, false);
    agent_test_end(&test);
}

static void the_live_list_says_who_does_what_since_when(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, "ann", "sales", 1);
    agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, "ann", "vip", 1);
    rs_event_t event = agent_test_make(&test, RS_AGENT_STATE, "ann", 2);
    event.state = RS_AGENT_BREAK;
    event.code = RS_STR("coffee");
    event.team = RS_STR("red");
    agent_test_send(&test, &event);
    agent_test_contact(&test, RS_CONTACT_ANSWERED, "c1", "sales", "ann", 3);
    agent_test_contact(&test, RS_CONTACT_ANSWERED, "c2", "sales", "ann", 4);
    const rs_core_agent_t live = agent_test_live(&test, "ann");
    assert_int_equal(live.live.state, RS_AGENT_BREAK);
    assert_true(rs_str_equal(live.reason, RS_STR("coffee")) && rs_str_equal(live.team, RS_STR("red")));
    assert_int_equal(live.live.since_us, agent_test_at(2));
    assert_int_equal(live.live.open, 2);
    assert_int_equal(live.live.open_since_us, agent_test_at(3));
    assert_int_equal(live.live.queue_count, 2);
    assert_true(rs_str_equal(live.queues[0], RS_STR("vip")) && rs_str_equal(live.queues[1], RS_STR("sales")));
    rs_core_agent_t none;
    assert_int_equal(rs_core_agent(test.core, 1, &none), RS_ERR_NOT_FOUND);
    agent_test_end(&test);
}

const struct CMUnitTest staff_tests[] = {
    cmocka_unit_test(members_are_on_duty_by_their_state_and_by_their_contacts),
    cmocka_unit_test(without_members_those_who_handled_within_the_hour_are_the_staff),
    cmocka_unit_test(an_expired_member_is_not_on_duty),
    cmocka_unit_test(impossible_memberships_change_nothing_and_are_counted),
    cmocka_unit_test(a_late_word_on_a_queue_does_not_undo_the_last_one),
    cmocka_unit_test(the_live_list_says_who_does_what_since_when),
};
const size_t staff_test_count = RS_ARRAY_LEN(staff_tests);
