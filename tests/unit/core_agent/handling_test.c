/* Handlings at the same time, and what else a handling counts for its agent. */
#include "agent_test.h"

static void begin(agent_test_t *test) {
    agent_test_prepare(test);
    agent_test_begin(test);
}

static int64_t overlaps(agent_test_t *test, rs_key_family_t family, const char *name) {
    return agent_test_count(test, family, name, RS_COUNT_OVERLAPPING_HANDLINGS);
}

static void a_handling_that_began_within_another_overlaps_it_in_every_row_it_is_in(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_call(&test, "c1", "sales", "ann", 10, 20);
    agent_test_call(&test, "c2", "vip", "ann", 15, 25);
    agent_test_call(&test, "c3", "vip", "bob", 15, 25);
    assert_int_equal(overlaps(&test, RS_FAMILY_AGENT, "ann"), 1);
    assert_int_equal(overlaps(&test, RS_FAMILY_AGENT, "bob"), 0);
    assert_int_equal(overlaps(&test, RS_FAMILY_QUEUE, "vip"), 1);
    assert_int_equal(overlaps(&test, RS_FAMILY_QUEUE, "sales"), 0);
    assert_int_equal(overlaps(&test, RS_FAMILY_TOTAL, ""), 1);
    agent_test_end(&test);
}

static void a_long_handling_makes_all_that_began_in_it_overlap_when_it_ends(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_contact(&test, RS_CONTACT_ANSWERED, "long", "sales", "ann", 1);
    for (int i = 0; i < 50; i++) {
        char contact[16];
        snprintf(contact, sizeof contact, "c%d", i);
        agent_test_call(&test, contact, "sales", "ann", 2 + 2 * i, 3 + 2 * i);
    }
    assert_int_equal(overlaps(&test, RS_FAMILY_AGENT, "ann"), 0);
    agent_test_contact(&test, RS_CONTACT_ENDED, "long", "", "", 110);
    assert_int_equal(overlaps(&test, RS_FAMILY_AGENT, "ann"), 50);
    agent_test_end(&test);
}

static void two_seconds_of_overlap_are_the_clock_s(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_call(&test, "c1", "sales", "ann", 10, 20);
    agent_test_call(&test, "c2", "sales", "ann", 20 - 2.0 / 60, 30);
    assert_int_equal(overlaps(&test, RS_FAMILY_AGENT, "ann"), 0);
    agent_test_call(&test, "c3", "sales", "ann", 30 - 3.0 / 60, 40);
    assert_int_equal(overlaps(&test, RS_FAMILY_AGENT, "ann"), 1);
    agent_test_end(&test);
}

static void an_overlap_is_taken_back_with_the_handling_it_rested_on(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_call(&test, "c1", "sales", "ann", 10, 20);
    agent_test_call(&test, "c2", "sales", "ann", 15, 17);
    assert_int_equal(overlaps(&test, RS_FAMILY_AGENT, "ann"), 1);
    test.arrival_us = agent_test_at(21);
    agent_test_contact(&test, RS_CONTACT_ENDED, "c1", "", "", 14);   /* it had ended before: this comes late */
    assert_int_equal(overlaps(&test, RS_FAMILY_AGENT, "ann"), 0);
    agent_test_end(&test);
}

static void failed_offers_short_calls_and_transfers_are_counted_for_the_agent(void **state) {
    (void)state;
    static const struct { rs_offer_reason_t reason; rs_count_t count; } offers[] = {
        {RS_OFFER_TIMEOUT, RS_COUNT_OFFERS_FAILED_TIMEOUT}, {RS_OFFER_REJECTED, RS_COUNT_OFFERS_FAILED_REJECTED},
        {RS_OFFER_CANCELED, RS_COUNT_OFFERS_FAILED_CANCELED}, {RS_OFFER_ERROR, RS_COUNT_OFFERS_FAILED_ERROR}};
    agent_test_t test;
    begin(&test);
    agent_test_contact(&test, RS_CONTACT_QUEUED, "c1", "sales", "", 1);
    for (size_t i = 0; i < RS_ARRAY_LEN(offers); i++) {
        agent_test_contact(&test, RS_CONTACT_OFFERED, "c1", "", "ann", 2 + (double)i);
        rs_event_t event = agent_test_make(&test, RS_CONTACT_OFFER_FAILED, "ann", 2.5 + (double)i);
        event.contact_id = RS_STR("c1");
        event.reason = (uint8_t)offers[i].reason;
        agent_test_send(&test, &event);
    }
    agent_test_call(&test, "c2", "sales", "ann", 10, 10 + 9.0 / 60);
    agent_test_call(&test, "c3", "sales", "ann", 11, 12);
    agent_test_contact(&test, RS_CONTACT_ANSWERED, "c4", "sales", "ann", 13);
    rs_event_t transfer = agent_test_make(&test, RS_CONTACT_TRANSFERRED, "ann", 14);
    transfer.contact_id = RS_STR("c4");
    transfer.kind = RS_TRANSFER_BLIND;
    transfer.to_agent = RS_STR("bob");
    agent_test_send(&test, &transfer);
    for (size_t i = 0; i < RS_ARRAY_LEN(offers); i++) assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "ann", offers[i].count), 1);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_OFFERS), 4);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_OFFERS_FAILED), 4);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_HANDLED), 3);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_HANDLED_SHORT), 1);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_TRANSFERRED_OUT_BLIND), 1);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "bob", RS_COUNT_TRANSFERRED_IN), 1);
    agent_test_end(&test);
}

const struct CMUnitTest handling_tests[] = {
    cmocka_unit_test(a_handling_that_began_within_another_overlaps_it_in_every_row_it_is_in),
    cmocka_unit_test(a_long_handling_makes_all_that_began_in_it_overlap_when_it_ends),
    cmocka_unit_test(two_seconds_of_overlap_are_the_clock_s),
    cmocka_unit_test(an_overlap_is_taken_back_with_the_handling_it_rested_on),
    cmocka_unit_test(failed_offers_short_calls_and_transfers_are_counted_for_the_agent),
};
const size_t handling_test_count = RS_ARRAY_LEN(handling_tests);
