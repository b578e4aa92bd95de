/* Rows that only wait for the store leave memory when it is short; whoever owes them to a database is told in time. */
#include "short_memory_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "memory_journal.h"

#include <stdio.h>
#include <time.h>

enum { LENGTH_S = 900, MANY = 600 };   /* intervals; each has rows of the queue, its channel and all */

static const int64_t begin_us = INT64_C(1772452800) * RS_US_PER_S;   /* 2026-03-02 12:00 UTC */
static const char text[] =
    "limits: {contacts: 2000, rows: 1000, facts: 0, edges: 0, remembered_ids: 20000, queue_keys: 100, agent_keys: 100}\n"
    "alerts: {rules: {waits: {metric: waiting, compare: above, limit: 0, clear: 0, for: 0s, clear_for: 0s, severity: warning}}}\n";

typedef struct told { uint64_t count, let_go, newest; } told_t;   /* newest: record of the last transition */

static void wake(void *context) { (void)context; }
static void on_verdict(void *context, rs_origin_t origin, rs_refusal_t reason) {
    (void)context, (void)origin;
    assert_int_equal(reason, RS_REFUSAL_NONE);
}
static void on_alert(void *context, const rs_alert_transition_t *transition) { ((told_t *)context)->newest = transition->position; }
static void on_let_go(void *context, uint64_t position) {
    told_t *told = context;
    assert_true(position > told->let_go);
    assert_true(told->newest <= position);   /* before anything of later records */
    told->let_go = position;
    told->count++;
}

static void settle(rs_engine_t *engine, uint64_t number) {
    const struct timespec pause = {.tv_nsec = 100 * 1000};
    for (int i = 0; i < 100000 && rs_engine_number(engine) < number; i++) {
        (void)rs_engine_drain(engine);
        nanosleep(&pause, NULL);
    }
    (void)rs_engine_drain(engine);
    assert_int_equal(rs_engine_number(engine), number);
}

static void submit(rs_engine_t *engine, memory_journal_t *journal, rs_event_type_t type, int64_t at_s, uint64_t number) {
    char contact[24];
    uint64_t position;
    snprintf(contact, sizeof contact, "c%llu", (unsigned long long)(number + 1) / 2);
    const rs_event_t event = {.type = (uint8_t)type, .channel = RS_CHANNEL_VOICE, .occurred_us = begin_us + at_s * RS_US_PER_S,
                              .source = RS_STR("pbx"), .incarnation = RS_STR("1"), .tenant = RS_STR("default"), .seq = number,
                              .contact_id = rs_str(contact), .queue = RS_STR("sales"), .present = RS_HAS_SEQ};
    const rs_origin_t origin = {.session = 1, .number = number};
    assert_int_equal(rs_engine_submit_event(engine, &event, event.occurred_us, origin, &position), RS_OK);
    journal_add_event(journal, &event, event.occurred_us, origin);
}

/* One contact in each interval, and nobody collects. */
static void live_through(rs_engine_t *engine, memory_journal_t *journal) {
    assert_int_equal(rs_engine_submit_session(engine, 1, RS_STR("pbx"), RS_STR("1")), RS_OK);
    journal_add_session(journal, 1, RS_STR("pbx"), RS_STR("1"));
    for (uint64_t i = 0; i < MANY; i++) {
        submit(engine, journal, RS_CONTACT_QUEUED, (int64_t)i * LENGTH_S + 1, 2 * i + 1);
        submit(engine, journal, RS_CONTACT_ABANDONED, (int64_t)i * LENGTH_S + 10, 2 * i + 2);
        const int64_t now_us = begin_us + ((int64_t)i * LENGTH_S + 20) * RS_US_PER_S;
        assert_int_equal(rs_engine_submit_tick(engine, now_us), RS_OK);
        journal_add_tick(journal, now_us);
        if (i % 50 == 0) settle(engine, journal->count);
    }
    settle(engine, journal->count);
}

static void what_only_waits_for_the_store_leaves_when_memory_is_short(void **state) {
    (void)state;
    told_t told = {0};
    rs_config_t *config = config_of_text(text);
    const rs_engine_settings_t settings = {.config = config, .start_us = begin_us, .run = 7, .hash_seed = 4711, .keep_rows = true,
                                           .callbacks = {.context = &told, .on_verdict = on_verdict, .on_alert = on_alert,
                                                         .on_let_go = on_let_go, .wake = wake}};
    rs_engine_t *engine;
    memory_journal_t journal = {0};
    journal_add_begin(&journal, config, &settings);
    assert_int_equal(rs_engine_create(&settings, &engine), RS_OK);
    live_through(engine, &journal);
    rs_engine_stop(engine);
    assert_true(told.count >= 1 && told.count <= 4);   /* many at once, not each for itself */
    assert_int_equal(rs_core_losses(rs_engine_core(engine)).cells, 0);
    assert_int_equal(rs_core_let_go_position(rs_engine_core(engine)), told.let_go);
    assert_true(rs_core_confirmed_position(rs_engine_core(engine)) >= told.let_go);
    rs_engine_t *again = journal_engine(&journal, &settings);   /* the same records, the same point, and nothing is told */
    assert_int_equal(rs_core_let_go_position(rs_engine_core(again)), told.let_go);
    assert_true(engine_states_equal(engine, again));
    rs_engine_destroy(&again);
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

int run_short_memory_tests(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_only_waits_for_the_store_leaves_when_memory_is_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
