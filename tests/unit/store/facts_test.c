/* Contacts with their facts: through the batch, into four tables, replaced as a whole, and no more than once. */
#include "store_test.h"

static rs_told_fact_t fact(rs_fact_type_t type, int64_t at_s, int64_t enter_s, int64_t a_s) {
    return (rs_told_fact_t){.type = (uint8_t)type, .channel = RS_CHANNEL_VOICE, .queue = RS_STR("sales"),
                            .at_us = START_US + at_s * RS_US_PER_S,
                            .enter_us = START_US + enter_s * RS_US_PER_S, .a_us = a_s * RS_US_PER_S};
}

static rs_contact_row_t make_contact(const char *contact, uint64_t part, uint64_t revision, const rs_told_fact_t *facts, uint32_t count) {
    return (rs_contact_row_t){.tenant = RS_STR("acme"), .contact = rs_str(contact), .part = part, .revision = revision,
                              .begun_us = START_US,
                              .last_us = START_US + 90 * RS_US_PER_S, .close_us = START_US + 90 * RS_US_PER_S, .channel = RS_CHANNEL_VOICE,
                              .took_place = true, .has_customer = true, .customer = {.low = 0x1122334455667788, .high = 0x99aabbccddeeff00},
                              .facts = facts, .fact_count = count};
}

static void hand(driver_t *driver, const rs_contact_row_t *contacts, size_t count) {
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(10, 0, &batch), RS_OK);
    assert_int_equal(rs_row_batch_make_room_for_contacts(batch, 100), RS_OK);
    for (size_t i = 0; i < count; i++) assert_int_equal(rs_row_batch_add_contact(batch, &contacts[i]), RS_OK);
    driver_hand(driver, batch);
    driver_run(driver, all_stored);
}

static void expect(const char *database, const char *sql, const char *expected) {
    assert_string_equal(rs_postgres_text(database, sql), expected);
}

static const char legs_sql[] = "SELECT string_agg(format('%s %s %s %s', extract(epoch"
                               " FROM queued_at - '2026-01-01Z'), outcome, wait_us, agent), ', ' ORDER BY queued_at)"
                               " FROM ringside.leg_fact";

static void a_contact_comes_apart_into_legs_handlings_and_moments(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_told_fact_t facts[] = {fact(RS_FACT_LEG_OPENED, 0, 0, 0), fact(RS_FACT_OFFERED, 5, 0, 0), fact(RS_FACT_LEG_CLOSED, 10, 0, 10),
                              fact(RS_FACT_HANDLED, 70, 0, 55),
                              fact(RS_FACT_HANDLE_TIME, 70, 0, 60), fact(RS_FACT_HANDLE_TIME, 70, 0, 60),
                              fact(RS_FACT_HANDLE_TIME, 70, 0, 80), fact(RS_FACT_TRANSFERRED_OUT, 70, 0, 0),
                              fact(RS_FACT_TRANSFERRED_IN, 70, 70, 0), fact(RS_FACT_WRAPPED, 90, 0, 20), fact(RS_FACT_SURVEY, 80, 80, 0)};
    facts[2].outcome = RS_OUTCOME_ANSWERED;
    facts[2].agent = facts[3].agent = facts[4].agent = facts[5].agent = facts[6].agent = facts[7].agent = facts[9].agent = RS_STR("ann");
    facts[3].begin_us = START_US + 10 * RS_US_PER_S;
    facts[3].b_us = 5 * RS_US_PER_S;
    facts[3].holds = 2;
    facts[4].b_us = 1;
    facts[5].b_us = -1;   /* what the wrap-up took back */
    facts[6].b_us = 1;
    facts[7].reason = RS_TRANSFER_QUEUE;
    facts[8].queue = RS_STR("billing");
    facts[10].reason = RS_SURVEY_CSAT;
    facts[10].a_us = 4500;
    const rs_contact_row_t contact = make_contact("c1", 7, 3, facts, RS_ARRAY_LEN(facts));
    hand(&driver, &contact, 1);
    expect(database, legs_sql, "0.000000 answered 10000000 ann");
    expect(database, "SELECT format('%s %s %s %s %s %s %s %s', talk_us, hold_us, wrap_us, handle_us, holds, transfer_kind, transferred_to, "
                     "wraps_us) FROM ringside.handling_fact",
           "55000000 5000000 20000000 80000000 2 queue billing {20000000}");
    expect(database, "SELECT string_agg(kind, ' ' ORDER BY kind) FROM ringside.moment_fact", "offered survey transferred_in");
    expect(database, "SELECT format('%s %s %s', customer, csat_milli, direction) FROM ringside.contact_fact",
           "887766554433221100ffeeddccbbaa99 4500 inbound");
    assert_int_equal(driver_status(&driver).contacts_written, 1);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void only_a_higher_revision_replaces_a_part_and_what_is_taken_back_goes(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_told_fact_t legs[] = {fact(RS_FACT_LEG_OPENED, 0, 0, 0), fact(RS_FACT_LEG_CLOSED, 10, 0, 10), fact(RS_FACT_LEG_OPENED, 20, 20, 0)};
    legs[1].outcome = RS_OUTCOME_ABANDONED;
    rs_contact_row_t contact = make_contact("c1", 7, 3, legs, 3);
    hand(&driver, &contact, 1);
    expect(database, legs_sql, "0.000000 abandoned 10000000 , 20.000000   ");
    contact.revision = 4;   /* an event that came late: one leg, another beginning of the contact */
    contact.fact_count = 2;
    contact.begun_us -= RS_US_PER_S;
    hand(&driver, &contact, 1);
    expect(database, legs_sql, "0.000000 abandoned 10000000 ");
    expect(database, "SELECT count(*) FROM ringside.contact_fact WHERE begun_at = '2025-12-31 23:59:59Z'", "1");
    contact.fact_count = 0;   /* nothing is left of it: an older one must not come back */
    contact.revision = 6;
    hand(&driver, &contact, 1);
    contact.fact_count = 3;
    contact.revision = 5;
    hand(&driver, &contact, 1);
    expect(database, "SELECT (SELECT count(*) FROM ringside.leg_fact) || ' ' || (SELECT count(*) "
                     "FROM ringside.contact_fact) || ' ' || (SELECT max(revision) FROM ringside.contact_fact)", "0 1 6");
    rs_contact_row_t later = make_contact("c1", 8, 9, legs, 2);   /* another part is beside it */
    later.begun_us = contact.begun_us;
    hand(&driver, &later, 1);
    contact.revision = 7;
    contact.fact_count = 2;
    hand(&driver, &contact, 1);
    expect(database, "SELECT count(*) || ' ' || count(DISTINCT part) FROM ringside.leg_fact", "2 2");
    expect(database, "SELECT count(*) || ' ' || max(revision) FROM ringside.contact_fact", "1 9");
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void a_contact_that_postgresql_refuses_is_put_aside_and_the_others_go_in(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_contact_row_t contacts[20];
    char names[20][16];
    const rs_told_fact_t leg = fact(RS_FACT_LEG_OPENED, 0, 0, 0);
    for (size_t i = 0; i < RS_ARRAY_LEN(contacts); i++) {
        snprintf(names[i], sizeof names[i], i == 13 ? "\xff\xfe" : "c%zu", i);   /* no UTF-8 */
        contacts[i] = make_contact(names[i], i + 1, i + 1, &leg, 1);
    }
    hand(&driver, contacts, RS_ARRAY_LEN(contacts));
    driver_run(&driver, is_idle_without_backlog);
    expect(database, "SELECT count(*) || ' ' || (SELECT count(*) FROM ringside.leg_fact) FROM ringside.contact_fact", "19 19");
    assert_int_equal(driver_status(&driver).poisoned, 1);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    expect(database, "SELECT reason FROM ringside.quarantine", "facts_refused");
}

int run_facts_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contact_comes_apart_into_legs_handlings_and_moments),
        cmocka_unit_test(only_a_higher_revision_replaces_a_part_and_what_is_taken_back_goes),
        cmocka_unit_test(a_contact_that_postgresql_refuses_is_put_aside_and_the_others_go_in),
    };
    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
