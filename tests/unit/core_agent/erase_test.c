/* An agent is forgotten. The oracle: a core that was told the stand-in from the beginning,
 * and that he or she signed off when it was erased. */
#include "agent_test.h"

#include "core/core_internal.h"
#include "core/erase.h"
#include "event/command.h"
#include "state_bytes.h"

#include <stdio.h>
#include <stdlib.h>

static const char STAND_IN[] = "erased-0123abcde";

static void begin(agent_test_t *test) {
    static rs_agent_config_t agents[1];
    agents[0] = (rs_agent_config_t){.name = RS_STR("annabel ann"), .team = RS_STR("sales")};
    agent_test_prepare(test);
    test->config.agents = agents;
    test->config.agent_count = 1;
    agent_test_begin(test);
}

static int erase(agent_test_t *test, const char *agent, uint64_t *places) {
    return rs_core_erase_agent(test->core, RS_STR("default"), rs_str(agent), rs_str(STAND_IN), places);
}

static bool state_has(const agent_test_t *test, const char *what) {
    state_bytes_t bytes = {0};
    state_save(test->core, &bytes);
    const bool has = memmem(bytes.bytes, bytes.len, what, strlen(what)) != NULL;
    state_free(&bytes);
    return has;
}

static bool is_known(agent_test_t *test, const char *name) {
    rs_core_agent_t agent;
    bool is = false;
    for (uint32_t place = 0; place < rs_core_agent_count(test->core); place++) {
        assert_int_equal(rs_core_agent(test->core, place, &agent), RS_OK);
        is = is || rs_str_equal(agent.agent, rs_str(name));
    }
    return is;
}

/* --- plainly ------------------------------------------------------------------------------------------------------------- */
static void an_erased_agent_is_nowhere_and_no_figure_moves(void **state) {
    (void)state;
    static const char long_name[] = "annabel ann";
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, long_name, RS_AGENT_AVAILABLE, 1);
    agent_test_call(&test, "c1", "help", long_name, 2, 6);
    agent_test_call(&test, "c2", "help", "ben", 3, 5);
    agent_test_tick(&test, 10);
    assert_true(state_has(&test, long_name));
    const int64_t handled = agent_test_count(&test, RS_FAMILY_AGENT, long_name, RS_COUNT_HANDLED);
    const int64_t logged_in = agent_test_count(&test, RS_FAMILY_TOTAL, "", RS_COUNT_LOGGED_IN_US);
    uint64_t places = 0;
    assert_int_equal(handled, 1);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_TEAM, "sales", RS_COUNT_HANDLED), 1);
    assert_int_equal(erase(&test, long_name, &places), RS_OK);
    assert_int_equal(places, 1);
    assert_false(state_has(&test, long_name));
    assert_false(is_known(&test, long_name));
    assert_true(is_known(&test, STAND_IN) && is_known(&test, "ben"));
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, STAND_IN, RS_COUNT_HANDLED), handled);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_TEAM, "sales", RS_COUNT_HANDLED), 1);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_TOTAL, "", RS_COUNT_LOGGED_IN_US), logged_in);
    assert_int_equal(erase(&test, long_name, &places), RS_ERR_NOT_FOUND);
    assert_int_equal(places, 0);
    agent_test_end(&test);
}

static void who_goes_on_working_is_somebody_new_and_never_on_duty_twice(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 1);
    agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, "ann", "help", 1);
    agent_test_plan(&test, "ann", "work", 0, 60, 1);
    agent_test_tick(&test, 10);
    assert_int_equal(agent_test_staff(&test, "help").available, 1);
    assert_int_equal(erase(&test, "ann", NULL), RS_OK);
    assert_int_equal(agent_test_staff(&test, "help").joined, 0);
    assert_int_equal(agent_test_live(&test, STAND_IN).live.state, RS_AGENT_OFFLINE);
    agent_test_state(&test, "ann", RS_AGENT_AVAILABLE, 12);
    agent_test_queue(&test, RS_AGENT_QUEUE_JOINED, "ann", "help", 12);
    agent_test_call(&test, "c1", "help", "ann", 13, 14);
    agent_test_tick(&test, 20);
    assert_int_equal(agent_test_staff(&test, "help").available, 1);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, STAND_IN, RS_COUNT_LOGGED_IN_US), MINUTES(9));
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, STAND_IN, RS_COUNT_PLANNED_US), MINUTES(9));   /* and not beyond */
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, STAND_IN, RS_COUNT_HANDLED), 0);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_LOGGED_IN_US), MINUTES(8));
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "ann", RS_COUNT_HANDLED), 1);
    agent_test_end(&test);
}

static void a_contact_that_goes_on_ends_under_the_stand_in(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    agent_test_contact(&test, RS_CONTACT_QUEUED, "c1", "help", "", 1);
    agent_test_contact(&test, RS_CONTACT_ANSWERED, "c1", "help", "ann", 2);
    agent_test_tick(&test, 3);
    assert_int_equal(erase(&test, "ann", NULL), RS_OK);
    agent_test_contact(&test, RS_CONTACT_ENDED, "c1", "", "", 5);
    agent_test_tick(&test, 10);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, STAND_IN, RS_COUNT_TALK_US), MINUTES(3));
    assert_false(is_known(&test, "ann"));
    agent_test_end(&test);
}

static void others_of_the_same_name_keep_it(void **state) {
    (void)state;
    agent_test_t test;
    begin(&test);
    rs_event_t other = agent_test_make(&test, RS_AGENT_STATE, "101", 1);
    other.tenant = RS_STR("acme");
    other.state = RS_AGENT_AVAILABLE;
    agent_test_send(&test, &other);
    agent_test_state(&test, "101", RS_AGENT_AVAILABLE, 1);
    agent_test_call(&test, "c1", "101", "101", 2, 3);
    agent_test_tick(&test, 10);
    assert_int_equal(erase(&test, "101", NULL), RS_OK);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_QUEUE, "101", RS_COUNT_ANSWERED), 1);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, "101", RS_COUNT_LOGGED_IN_US), MINUTES(9));   /* of acme */
    assert_int_equal(agent_test_count(&test, RS_FAMILY_AGENT, STAND_IN, RS_COUNT_HANDLED), 1);
    assert_int_equal(erase(&test, "102", NULL), RS_ERR_NOT_FOUND);
    agent_test_state(&test, "103", RS_AGENT_AVAILABLE, 11);
    assert_int_equal(erase(&test, "103", NULL), RS_ERR_INVALID);   /* somebody is called so already */
    assert_true(is_known(&test, "103"));
    agent_test_end(&test);
}

typedef struct sent { uint32_t rows; uint64_t revision; } sent_t;
static void take_row(void *context, const rs_row_t *row) {
    sent_t *sent = context;
    if (row->key.family != RS_FAMILY_AGENT || !rs_str_equal(row->key.name, rs_str(STAND_IN))) return;
    assert_true(row->revision > sent->revision);
    sent->rows++;
}
static void take_revision(void *context, const rs_row_t *row) {
    uint64_t *revision = context;
    if (row->key.family == RS_FAMILY_AGENT && row->revision > *revision) *revision = row->revision;
}

static void the_store_gets_all_rows_of_the_agent_again_under_the_stand_in(void **state) {
    (void)state;
    agent_test_t test;
    sent_t sent = {0};
    begin(&test);
    agent_test_call(&test, "c1", "help", "ann", 1, 2);
    agent_test_call(&test, "c2", "help", "ann", 20, 21);
    agent_test_call(&test, "c3", "help", "ben", 22, 23);
    agent_test_tick(&test, 24);
    while (rs_core_collect(test.core, 1000, take_revision, &sent.revision) != 0) {}
    assert_int_equal(erase(&test, "ann", NULL), RS_OK);
    rs_core_collect_again(test.core);
    (void)rs_core_collect(test.core, 1000, take_row, &sent);
    assert_int_equal(sent.rows, 2);
    agent_test_end(&test);
}

/* --- as a record, and over a restart ------------------------------------------------------------------------------------- */
static void an_erasure_is_a_record_and_what_it_made_is_saved(void **state) {
    (void)state;
    agent_test_t test;
    unsigned char record[RS_RECORD_MAX];
    begin(&test);
    agent_test_call(&test, "c1", "help", "annabel ann", 1, 2);
    agent_test_tick(&test, 5);
    const rs_command_t command = {.what = RS_COMMAND_ERASE, .at_us = RS_US_PER_S, .who = RS_STR("anna"), .owner = RS_STR("agent"),
                                  .tenant = RS_STR("default"),
                                  .key = RS_STR("annabel ann"), .rule = rs_str(STAND_IN), .text = RS_STR("has left")};
    assert_null(rs_command_check(&command));
    const size_t len = rs_record_write_command(&command, (rs_origin_t){0}, record);
    assert_int_equal(rs_core_apply(test.core, RS_RECORD_COMMAND, record, len, rs_core_position(test.core) + 1), RS_OK);
    state_bytes_t before = {0}, after = {0}, scratch = {0};
    state_save(test.core, &before);
    rs_core_options_t options = test.core->options;
    state_restart(&test.core, &options, &scratch);
    state_save(test.core, &after);
    assert_true(state_equal(&before, &after));
    /* The team is what the configuration said of the name, though it knows no stand-in. */
    agent_test_contact(&test, RS_CONTACT_WRAPUP_ENDED, "c1", "", "", 6);
    agent_test_tick(&test, 10);
    assert_int_equal(agent_test_count(&test, RS_FAMILY_TEAM, "sales", RS_COUNT_HANDLED), 1);
    state_free(&before);
    state_free(&after);
    state_free(&scratch);
    agent_test_end(&test);
}

static void wrong_erasures_are_refused(void **state) {
    (void)state;
    rs_command_t command = {.what = RS_COMMAND_ERASE, .at_us = RS_US_PER_S, .who = RS_STR("anna"), .owner = RS_STR("agent"),
                            .tenant = RS_STR("default"),
                            .key = RS_STR("ann"), .rule = RS_STR("erased-0123abcdE"), .text = RS_STR("has left")};
    assert_non_null(strstr(rs_command_check(&command), "rule:"));
    command.rule = RS_STR("erased-0123abcd");
    assert_non_null(strstr(rs_command_check(&command), "rule:"));
    command.rule = command.key = rs_str(STAND_IN);
    assert_non_null(strstr(rs_command_check(&command), "rule:"));
    command.key = RS_STR("");
    assert_non_null(strstr(rs_command_check(&command), "key:"));
    command.owner = RS_STR("queue");
    assert_non_null(strstr(rs_command_check(&command), "owner:"));
}

/* --- against the oracle ---------------------------------------------------------------------------------------------------- */
typedef struct rows { unsigned char bytes[1 << 20]; size_t len; } rows_t;

static void add(rows_t *rows, const void *bytes, size_t len) {
    assert_true(rows->len + len <= sizeof rows->bytes);
    if (len != 0) memcpy(rows->bytes + rows->len, bytes, len);
    rows->len += len;
}

static void add_row(void *context, const rs_row_t *row) {
    add(context, row->key.name.data, row->key.name.len);
    add(context, &row->start_us, sizeof row->start_us);
    add(context, row->counts, sizeof row->counts);
    add(context, &row->still_open, sizeof row->still_open);
}

static void expect_same_rows(agent_test_t *a, agent_test_t *b) {
    static rows_t of_a, of_b;
    of_a.len = of_b.len = 0;
    rs_core_rows(a->core, add_row, &of_a);
    rs_core_rows(b->core, add_row, &of_b);
    assert_true(of_a.len > 0);
    assert_int_equal(of_a.len, of_b.len);
    assert_memory_equal(of_a.bytes, of_b.bytes, of_a.len);
}

static void play(agent_test_t *real, agent_test_t *told, unsigned seed) {
    static const char *const who[] = {"ann", "ben", "cid"}, *const queues[] = {"help", "sales"};
    agent_test_t *const both[] = {real, told};
    srand(seed);
    const int erased_at = 10 + rand() % 60;
    double at = 1;
    begin(real);
    begin(told);
    for (int i = 0; i < 90; i++) {
        const char *agent = who[rand() % 3], *queue = queues[rand() % 2];
        const int what = rand() % 5, state = RS_AGENT_NONE + 1 + rand() % (RS_AGENT_STATE_COUNT - 1), length = 1 + rand() % 9;
        char contact[16];
        snprintf(contact, sizeof contact, "c%d", rand() % (i + 1));
        at += rand() % 4 + 0.25;
        const double when = at - (rand() % 4 == 0 ? rand() % 3 : 0);   /* some come late */
        for (int of = 0; of < 2; of++) {
            const char *name = of == 1 && i <= erased_at && strcmp(agent, "ann") == 0 ? STAND_IN : agent;
            both[of]->arrival_us = agent_test_at(at);
            if (what == 0) agent_test_queue(both[of], length % 3 != 0 ? RS_AGENT_QUEUE_JOINED : RS_AGENT_QUEUE_LEFT, name, queue, when);
            else if (what == 1) agent_test_contact(both[of], RS_CONTACT_QUEUED, contact, queue, "", when);
            else if (what == 2) agent_test_contact(both[of], RS_CONTACT_ANSWERED, contact, queue, name, when);
            else if (what == 3) agent_test_contact(both[of], RS_CONTACT_ENDED, contact, "", "", when + length);
            else agent_test_state(both[of], name, (rs_agent_state_t)state, when);
        }
        if (i != erased_at) continue;
        for (int of = 0; of < 2; of++) agent_test_tick(both[of], at + 1);
        at += 1;
        const bool was_known = erase(real, "ann", NULL) == RS_OK;
        const uint32_t tenant = rs_names_find(&told->core->directory.names, RS_STR("default"));
        const uint32_t name = rs_names_find_agent(&told->core->directory.names, tenant, rs_str(STAND_IN));
        assert_int_equal(was_known, name != 0);
        if (was_known) rs_agents_sign_off(told->core->agents, tenant, name, rs_core_now(told->core));
    }
    for (int of = 0; of < 2; of++) agent_test_tick(both[of], at + 60);
}

static void an_erasure_leaves_what_a_core_would_have_that_never_knew_the_name(void **state) {
    (void)state;
    const char *scale = getenv("RS_SEEDS");
    const unsigned seeds = scale == NULL ? 200 : (unsigned)atoi(scale);
    print_message("seeds 1..%u\n", seeds);
    for (unsigned seed = 1; seed <= seeds; seed++) {
        agent_test_t real, told;
        play(&real, &told, seed);
        expect_same_rows(&real, &told);
        assert_memory_equal(real.refused, told.refused, sizeof real.refused);
        agent_test_end(&real);
        agent_test_end(&told);
    }
}

const struct CMUnitTest erase_tests[] = {
    cmocka_unit_test(an_erased_agent_is_nowhere_and_no_figure_moves),
    cmocka_unit_test(who_goes_on_working_is_somebody_new_and_never_on_duty_twice),
    cmocka_unit_test(a_contact_that_goes_on_ends_under_the_stand_in),
    cmocka_unit_test(others_of_the_same_name_keep_it),
    cmocka_unit_test(the_store_gets_all_rows_of_the_agent_again_under_the_stand_in),
    cmocka_unit_test(an_erasure_is_a_record_and_what_it_made_is_saved),
    cmocka_unit_test(wrong_erasures_are_refused),
    cmocka_unit_test(an_erasure_leaves_what_a_core_would_have_that_never_knew_the_name),
};
const size_t erase_test_count = RS_ARRAY_LEN(erase_tests);
