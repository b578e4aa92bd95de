/* The engine over restarts: what is recovered is what was there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_collect.h"
#include "engine/engine_internal.h"
#include "memory_journal.h"
#include "short_memory_test.h"

#include <stdlib.h>
#include <time.h>

static const int64_t noon_us = INT64_C(1772452800) * RS_US_PER_S;   /* 2026-03-02 12:00 UTC */
static const char plain_text[] = "limits: {contacts: 2000, rows: 20000, remembered_ids: 20000, queue_keys: 100, agent_keys: 100}\n";
static const char alert_text[] =
    "limits: {contacts: 2000, rows: 20000, remembered_ids: 20000, queue_keys: 100, agent_keys: 100}\n"
    "alerts:\n"
    "  rules:\n"
    "    somebody_waits: {metric: waiting, compare: above, limit: 0, clear: 0, for: 60s, clear_for: 60s, severity: warning}\n";

static rs_engine_settings_t settings_of(const rs_config_t *config) {
    return (rs_engine_settings_t){.config = config, .start_us = noon_us, .run = 7, .hash_seed = 4711, .keep_rows = true};
}

static rs_event_t event_of(rs_event_type_t type, const char *contact, int64_t at_s) {
    return (rs_event_t){.type = (uint8_t)type, .channel = RS_CHANNEL_VOICE, .occurred_us = noon_us + at_s * RS_US_PER_S,
                        .source = RS_STR("pbx"),
                        .incarnation = RS_STR("1"), .tenant = RS_STR("default"), .contact_id = rs_str(contact), .queue = RS_STR("sales")};
}

/* The n-th event of the session, numbered. */
static void add_event(memory_journal_t *journal, rs_event_type_t type, const char *contact, int64_t at_s, uint64_t number) {
    rs_event_t event = event_of(type, contact, at_s);
    event.seq = number;
    event.present |= RS_HAS_SEQ;
    journal_add_event(journal, &event, event.occurred_us, (rs_origin_t){.session = 1, .number = number});
}

static void add_tick(memory_journal_t *journal, int64_t at_s) { journal_add_tick(journal, noon_us + at_s * RS_US_PER_S); }

typedef struct told { rs_alert_transition_t last; uint32_t count; uint64_t positions[64]; uint32_t ordinals[64]; uint8_t to[64]; } told_t;

static void on_alert(void *context, const rs_alert_transition_t *transition) {
    told_t *told = context;
    assert_true(told->count < RS_ARRAY_LEN(told->to));
    told->last = *transition;
    told->positions[told->count] = transition->position;
    told->ordinals[told->count] = transition->ordinal;
    told->to[told->count++] = transition->to;
}

/* --- by value -------------------------------------------------------------------------------------------------------- */
typedef struct live { uint64_t settled; told_t told; rs_engine_t *engine; rs_row_batch_t *batch; } live_t;
static void nothing(void *context) { (void)context; }
static void no_verdict(void *context, rs_origin_t origin, rs_refusal_t reason) { (void)context, (void)origin, (void)reason; }
static void on_live_alert(void *context, const rs_alert_transition_t *transition) { on_alert(&((live_t *)context)->told, transition); }

static void settle(live_t *live, uint64_t number) {
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    for (int i = 0; i < 120000 && rs_engine_number(live->engine) < number; i++) {
        (void)rs_engine_drain(live->engine);
        nanosleep(&pause, NULL);
    }
    (void)rs_engine_drain(live->engine);
    assert_int_equal(rs_engine_number(live->engine), number);
}

static void collect(live_t *live, rs_collection_t *collection) {
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    assert_int_equal(rs_engine_collect(live->engine, live->batch), RS_OK);
    bool there = rs_engine_collected(live->engine, collection);
    for (int i = 0; i < 120000 && !there; i++) {
        nanosleep(&pause, NULL);
        there = rs_engine_collected(live->engine, collection);
    }
    assert_true(there);
}

/* What the daemon's loop does to an engine, and the records that it must have made of it. */
static void submit(live_t *live, memory_journal_t *journal, rs_event_type_t type, const char *contact, int64_t at_s, uint64_t number) {
    rs_event_t event = event_of(type, contact, at_s);
    uint64_t position;
    event.seq = number;
    event.present |= RS_HAS_SEQ;
    const rs_origin_t origin = {.session = 1, .number = number};
    assert_int_equal(rs_engine_submit_event(live->engine, &event, event.occurred_us, origin, &position), RS_OK);
    journal_add_event(journal, &event, event.occurred_us, origin);
}

static void submit_tick(live_t *live, memory_journal_t *journal, int64_t at_s) {
    assert_int_equal(rs_engine_submit_tick(live->engine, noon_us + at_s * RS_US_PER_S), RS_OK);
    add_tick(journal, at_s);
}

static void the_records_of_a_live_run_make_the_same_state(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(plain_text), *other = config_of_text(alert_text);
    rs_engine_settings_t settings = settings_of(config);
    live_t live = {0};
    memory_journal_t journal = {0};
    rs_collection_t collection;
    settings.callbacks = (rs_engine_callbacks_t){.context = &live, .on_verdict = no_verdict, .on_alert = on_live_alert, .wake = nothing};
    assert_int_equal(rs_engine_create(&settings, &live.engine), RS_OK);
    assert_int_equal(rs_row_batch_create(100, 0, &live.batch), RS_OK);
    assert_int_equal(rs_row_batch_make_room_for_edges(live.batch, 100), RS_OK);
    assert_int_equal(rs_row_batch_make_room_for_contacts(live.batch, 100), RS_OK);
    journal_add_begin(&journal, config, &settings);
    assert_int_equal(rs_engine_submit_session(live.engine, 1, RS_STR("pbx"), RS_STR("1")), RS_OK);
    journal_add_session(&journal, 1, RS_STR("pbx"), RS_STR("1"));
    submit(&live, &journal, RS_CONTACT_QUEUED, "a", 1, 1);
    submit_tick(&live, &journal, 2);
    submit(&live, &journal, RS_CONTACT_QUEUED, "a", 1, 1);   /* a duplicate */
    settle(&live, journal.count);
    collect(&live, &collection);
    assert_true(rs_row_batch_count(live.batch) > 0 && rs_row_batch_edge_count(live.batch) > 0);
    assert_int_equal(collection.dirty, 0);
    assert_int_equal(collection.position, journal.count);
    assert_int_equal(rs_engine_submit_confirmed(live.engine, &collection.confirmed), RS_OK);
    journal_add_confirmed(&journal, &collection.confirmed);
    assert_int_equal(rs_engine_submit_config(live.engine, other), RS_OK);
    journal_add_config(&journal, other, RS_CONFIG_RELOAD);
    submit(&live, &journal, RS_CONTACT_QUEUED, "b", 3, 2);
    for (int second = 4; second < 100; second += 5) submit_tick(&live, &journal, second);
    settle(&live, journal.count);
    assert_int_equal(rs_engine_config_status(live.engine), RS_OK);
    assert_int_equal(live.told.count, 2);   /* two wait, of one queue: pending, firing */
    assert_int_equal(live.told.ordinals[0], 1);
    collect(&live, &collection);
    assert_true(rs_row_batch_count(live.batch) > 0);
    rs_engine_stop(live.engine);

    rs_engine_settings_t elsewhere = settings_of(config);
    elsewhere.run = elsewhere.hash_seed = 99;   /* what counts stands in the journal */
    rs_engine_t *recovered = journal_engine(&journal, &elsewhere);
    assert_true(engine_states_equal(live.engine, recovered));
    assert_int_equal(rs_engine_number(live.engine), journal.count);
    told_t again = {0};
    rs_core_unconfirmed_alerts(rs_engine_core(recovered), RS_RECEIVER_STORE, on_alert, &again);
    assert_int_equal(again.count, live.told.count);
    assert_memory_equal(again.positions, live.told.positions, sizeof again.positions);
    assert_memory_equal(again.ordinals, live.told.ordinals, sizeof again.ordinals);

    saved_engine_t one = {0}, two = {0};
    engine_save(live.engine, &one);
    engine_save(recovered, &two);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.bytes, two.bytes, one.len);
    saved_engine_free(&one);
    saved_engine_free(&two);
    rs_engine_destroy(&recovered);
    rs_engine_destroy(&live.engine);
    rs_row_batch_destroy(&live.batch);
    journal_free(&journal);
    rs_config_destroy(&other);
    rs_config_destroy(&config);
}

/* --- restarts -------------------------------------------------------------------------------------------------------- */
static void a_recovered_engine_goes_on_live_where_it_stood(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(alert_text);
    rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    live_t live = {0};
    journal_add_begin(&journal, config, &settings);
    journal_add_session(&journal, 1, RS_STR("pbx"), RS_STR("1"));
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);
    add_tick(&journal, 2);
    settings.callbacks = (rs_engine_callbacks_t){.context = &live, .on_verdict = no_verdict, .on_alert = on_live_alert,
                                                 .on_alert_again = on_live_alert, .wake = nothing};
    live.engine = journal_engine(&journal, &settings);
    assert_int_equal(rs_engine_adopt(live.engine), RS_OK);   /* the same configuration: nothing is written */
    assert_int_equal(rs_engine_start(live.engine), RS_OK);
    assert_int_equal(live.told.count, 0);
    (void)rs_engine_drain(live.engine);
    assert_int_equal(live.told.count, 1);                    /* pending, not confirmed: told again, as it was */
    assert_int_equal(live.told.positions[0], 4);
    assert_int_equal(live.told.last.at_us, noon_us);         /* the time that the last tick said */
    submit_tick(&live, &journal, 60);
    settle(&live, journal.count);
    assert_int_equal(live.told.count, 2);
    assert_int_equal(live.told.to[1], RS_ALERT_FIRING);
    assert_int_equal(live.told.positions[1], journal.count);
    rs_engine_stop(live.engine);
    rs_engine_t *recovered = journal_engine(&journal, &settings);
    assert_true(engine_states_equal(live.engine, recovered));
    rs_engine_destroy(&recovered);
    rs_engine_destroy(&live.engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

static void a_saved_state_and_the_records_after_it_are_the_same_as_all_records(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(plain_text), *other = config_of_text(alert_text);
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    journal_add_begin(&journal, config, &settings);
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);
    journal_add_config(&journal, other, RS_CONFIG_RELOAD);
    add_event(&journal, RS_CONTACT_QUEUED, "b", 2, 2);
    for (int second = 3; second < 90; second += 3) add_tick(&journal, second);
    journal_add_config(&journal, config, RS_CONFIG_RESTART);
    add_event(&journal, RS_CONTACT_ABANDONED, "b", 91, 3);
    add_tick(&journal, 1800);
    rs_engine_t *whole = journal_engine(&journal, &settings);
    for (size_t cut = 2; cut <= journal.count; cut++) {   /* also between the parts of a configuration and it */
        rs_engine_t *first, *second;
        saved_engine_t saved = {0};
        assert_int_equal(rs_engine_prepare(&settings, &first), RS_OK);
        journal_recover(&journal, 1, cut, first);
        engine_save(first, &saved);
        assert_int_equal(rs_engine_prepare(&settings, &second), RS_OK);
        assert_int_equal(engine_load(second, &saved), RS_OK);
        assert_int_equal(rs_engine_number(second), cut);
        journal_recover(&journal, cut + 1, journal.count, second);
        assert_true(engine_states_equal(whole, second));
        saved_engine_free(&saved);
        rs_engine_destroy(&first);
        rs_engine_destroy(&second);
    }
    rs_engine_destroy(&whole);
    journal_free(&journal);
    rs_config_destroy(&other);
    rs_config_destroy(&config);
}

static void a_changed_configuration_follows_the_recovered_one_as_a_record(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(plain_text);
    rs_config_t *larger = config_of_text("limits: {contacts: 4000, rows: 20000, remembered_ids: 20000, queue_keys: 200, agent_keys: 100}\n"
                                         "service_level: {threshold: 30s}\n");
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    journal_add_begin(&journal, config, &settings);
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);
    add_tick(&journal, 2);
    rs_engine_settings_t next = settings_of(larger);
    live_t live = {0};
    next.callbacks = (rs_engine_callbacks_t){.context = &live, .on_verdict = no_verdict, .on_alert = on_live_alert, .wake = nothing};
    live.engine = journal_engine(&journal, &next);
    assert_int_equal(rs_engine_adopt(live.engine), RS_OK);
    journal_add_config(&journal, larger, RS_CONFIG_RESTART);
    assert_int_equal(rs_engine_number(live.engine), journal.count);
    assert_int_equal(rs_engine_start(live.engine), RS_OK);
    submit_tick(&live, &journal, 3);
    submit(&live, &journal, RS_CONTACT_QUEUED, "b", 4, 2);
    settle(&live, journal.count);
    rs_engine_stop(live.engine);
    rs_engine_t *recovered = journal_engine(&journal, &settings);
    assert_true(engine_states_equal(live.engine, recovered));
    saved_engine_t saved = {0};
    rs_engine_t *loaded;
    engine_save(recovered, &saved);
    assert_int_equal(rs_engine_prepare(&settings, &loaded), RS_OK);
    assert_int_equal(engine_load(loaded, &saved), RS_OK);
    assert_true(engine_states_equal(loaded, recovered));
    saved_engine_free(&saved);
    rs_engine_destroy(&loaded);
    rs_engine_destroy(&recovered);
    rs_engine_destroy(&live.engine);
    journal_free(&journal);
    rs_config_destroy(&larger);
    rs_config_destroy(&config);
}

static void what_cannot_be_adopted_leaves_the_core_as_it_was(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(plain_text);
    rs_config_t *smaller = config_of_text("limits: {sources: 1, peers: 1}\n");
    const rs_engine_settings_t settings = settings_of(config), narrow = settings_of(smaller);
    memory_journal_t journal = {0};
    journal_add_begin(&journal, config, &settings);
    journal_add_session(&journal, 1, RS_STR("pbx"), RS_STR("1"));
    journal_add_session(&journal, 2, RS_STR("pbx"), RS_STR("2"));
    rs_engine_t *engine = journal_engine(&journal, &narrow), *before = journal_engine(&journal, &settings);
    assert_int_equal(rs_engine_adopt(engine), RS_ERR_LIMIT);
    assert_non_null(strstr(rs_engine_why(engine), "limits.sources"));
    assert_true(engine_states_equal(engine, before));
    assert_int_equal(rs_ring_written(rs_engine_inlet(engine)), 0);
    rs_engine_destroy(&before);
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&smaller);
    rs_config_destroy(&config);
}

static void configurations_may_come_and_go_for_ever(void **state) {
    (void)state;
    enum { RELOADS = 400 };
    rs_config_t *config = config_of_text(plain_text);
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    rs_engine_t *engine, *next;
    journal_add_begin(&journal, config, &settings);
    assert_int_equal(rs_engine_prepare(&settings, &engine), RS_OK);
    journal_recover(&journal, 1, journal.count, engine);
    for (int i = 0; i < RELOADS; i++) {   /* other figures nearly every time, now within a quarter of an hour and now a day later */
        char text[512];
        snprintf(text, sizeof text, "%sservice_level: {threshold: %ds}\nfcr: {repeat_window: %dd}\n", plain_text, 10 + i % 7, 5 + i / 50);
        rs_config_t *other = config_of_text(text);
        const size_t first = journal.count + 1;
        journal_add_config(&journal, other, i % 90 == 89 ? RS_CONFIG_RESTART : RS_CONFIG_RELOAD);
        add_tick(&journal, (i + 1) * (i % 3 == 0 ? INT64_C(86400) : 60));
        journal_recover(&journal, first, journal.count, engine);
        assert_true(rs_str_equal(engine->newest->text, other->text));   /* none was refused */
        rs_config_destroy(&other);
    }
    saved_engine_t saved = {0};
    engine_save(engine, &saved);
    assert_int_equal(rs_engine_prepare(&settings, &next), RS_OK);
    assert_int_equal(engine_load(next, &saved), RS_OK);
    assert_true(engine_states_equal(engine, next));
    add_event(&journal, RS_CONTACT_QUEUED, "a", RELOADS * INT64_C(86400), 1);
    journal_recover(&journal, journal.count, journal.count, engine);
    journal_recover(&journal, journal.count, journal.count, next);
    assert_true(engine_states_equal(engine, next));
    saved_engine_free(&saved);
    rs_engine_destroy(&next);
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

/* --- alerts ---------------------------------------------------------------------------------------------------------- */
static void alerts_survive_a_restart_with_the_time_that_really_passed(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(alert_text);
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    told_t told = {0};
    journal_add_begin(&journal, config, &settings);
    add_tick(&journal, 1);
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);
    add_tick(&journal, 10);                        /* pending since 1; killed; nothing for five minutes */
    add_tick(&journal, 310);
    rs_engine_t *engine = journal_engine(&journal, &settings);
    rs_core_unconfirmed_alerts(rs_engine_core(engine), RS_RECEIVER_STORE, on_alert, &told);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.to[0], RS_ALERT_PENDING);
    assert_int_equal(told.to[1], RS_ALERT_FIRING);
    assert_int_equal(told.last.at_us, noon_us + 310 * RS_US_PER_S);
    assert_int_equal(told.last.started_us, noon_us + RS_US_PER_S);
    const uint64_t episode = told.last.episode;

    add_event(&journal, RS_CONTACT_ABANDONED, "a", 320, 2);
    add_tick(&journal, 330);                       /* recovering since 320; killed again, for an hour */
    saved_engine_t saved = {0};
    rs_engine_t *next;
    journal_recover(&journal, journal.count - 1, journal.count, engine);
    engine_save(engine, &saved);
    add_tick(&journal, 3600);
    assert_int_equal(rs_engine_prepare(&settings, &next), RS_OK);
    assert_int_equal(engine_load(next, &saved), RS_OK);
    journal_recover(&journal, journal.count, journal.count, next);
    told = (told_t){0};
    rs_core_unconfirmed_alerts(rs_engine_core(next), RS_RECEIVER_STORE, on_alert, &told);
    assert_int_equal(told.count, 4);
    assert_int_equal(told.to[2], RS_ALERT_RECOVERING);
    assert_int_equal(told.to[3], RS_ALERT_RESOLVED);
    assert_int_equal(told.last.at_us, noon_us + 3600 * RS_US_PER_S);
    assert_int_equal(told.last.episode, episode);
    saved_engine_free(&saved);
    rs_engine_destroy(&next);
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

static void a_receiver_is_told_again_what_it_did_not_confirm_and_nothing_else(void **state) {
    (void)state;
    enum { PAGER = 12345 };
    rs_config_t *config = config_of_text(alert_text);
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    told_t store = {0}, pager = {0};
    uint64_t position;
    uint32_t ordinal;
    journal_add_begin(&journal, config, &settings);
    journal_add_confirmed(&journal, &(rs_confirmed_t){.receiver = PAGER});   /* it is there */
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);                       /* pending */
    const uint64_t pending = journal.count;
    add_tick(&journal, 70);                                                  /* firing */
    const uint64_t firing = journal.count;
    journal_add_confirmed(&journal, &(rs_confirmed_t){.receiver = RS_RECEIVER_STORE, .alert_position = firing, .alert_ordinal = 1});
    journal_add_confirmed(&journal, &(rs_confirmed_t){.receiver = PAGER, .alert_position = pending, .alert_ordinal = 1});
    /* older: no news */
    journal_add_confirmed(&journal, &(rs_confirmed_t){.receiver = RS_RECEIVER_STORE, .alert_position = pending, .alert_ordinal = 1});
    rs_engine_t *engine = journal_engine(&journal, &settings);
    rs_core_unconfirmed_alerts(rs_engine_core(engine), RS_RECEIVER_STORE, on_alert, &store);
    rs_core_unconfirmed_alerts(rs_engine_core(engine), PAGER, on_alert, &pager);
    assert_int_equal(store.count, 0);
    assert_int_equal(pager.count, 1);
    assert_int_equal(pager.positions[0], firing);
    assert_true(rs_core_receiver(rs_engine_core(engine), RS_RECEIVER_STORE, &position, &ordinal));
    assert_true(position == firing && ordinal == 1);
    assert_false(rs_core_receiver(rs_engine_core(engine), PAGER + 1, &position, &ordinal));

    journal_add_confirmed(&journal, &(rs_confirmed_t){.receiver = PAGER, .alert_position = UINT64_MAX});   /* gone for good */
    journal_recover(&journal, journal.count, journal.count, engine);
    assert_false(rs_core_receiver(rs_engine_core(engine), PAGER, &position, &ordinal));
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

/* --- rows ------------------------------------------------------------------------------------------------------------ */
static void count_row(void *context, const rs_row_t *row) {
    (void)row;
    ++*(size_t *)context;
}

static void what_was_not_confirmed_is_collected_again_after_a_restart(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(plain_text);
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    saved_engine_t saved = {0};
    rs_engine_t *next;
    size_t first = 0, again = 0, rest = 0;
    rs_confirmed_t confirmed;
    journal_add_begin(&journal, config, &settings);
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);
    rs_engine_t *engine = journal_engine(&journal, &settings);
    engine_save(engine, &saved);
    assert_true(rs_core_collect(engine_core(engine), 1000, count_row, &first) > 0);
    assert_int_equal(rs_core_dirty_rows(engine_core(engine)), 0);
    rs_engine_t *same = journal_engine(&journal, &settings);
    assert_true(engine_states_equal(engine, same));   /* handing out changes nothing */
    rs_core_collected(engine_core(engine), &confirmed);
    journal_add_confirmed(&journal, &confirmed);

    assert_int_equal(rs_engine_prepare(&settings, &next), RS_OK);
    assert_int_equal(engine_load(next, &saved), RS_OK);
    assert_int_equal(rs_core_collect(engine_core(next), 1000, count_row, &again), first);
    journal_recover(&journal, journal.count, journal.count, next);
    assert_int_equal(rs_core_collect(engine_core(next), 1000, count_row, &rest), 0);
    rs_core_collect_again(engine_core(next));
    assert_int_equal(rs_core_collect(engine_core(next), 1000, count_row, &rest), 0);
    saved_engine_free(&saved);
    rs_engine_destroy(&same);
    rs_engine_destroy(&next);
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

static void what_changed_after_it_was_collected_stays_to_be_collected(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(plain_text);
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    size_t first = 0, again = 0, other = 0;
    rs_confirmed_t confirmed;
    journal_add_begin(&journal, config, &settings);
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);
    rs_engine_t *engine = journal_engine(&journal, &settings);
    rs_core_t *core = engine_core(engine);
    (void)rs_core_collect(core, 1000, count_row, &first);
    rs_core_collected(core, &confirmed);
    add_event(&journal, RS_CONTACT_ABANDONED, "a", 5, 2);   /* changes the same rows before the confirmation comes */
    journal_recover(&journal, journal.count, journal.count, engine);
    assert_int_equal(rs_core_collect(core, 1000, count_row, &other), 0);
    rs_core_confirm(core, &confirmed);
    assert_int_equal(rs_core_collect(core, 1000, count_row, &again), first);
    core_confirm_collected(core);
    assert_int_equal(rs_core_collect(core, 1000, count_row, &other), 0);
    /* from a damaged journal: no harm */
    rs_core_confirm(core, &(rs_confirmed_t){.rows = {UINT64_MAX, UINT64_MAX}, .edges = {UINT64_MAX, 0}});
    const char *why;
    assert_int_equal(rs_core_check(core, &why), RS_OK);
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

/* --- sessions -------------------------------------------------------------------------------------------------------- */
static void producers_marks_survive(void **state) {
    (void)state;
    rs_config_t *config = config_of_text("limits: {sources: 3, peers: 2}\n");
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    saved_engine_t saved = {0};
    rs_core_session_t session;
    rs_engine_t *next;
    journal_add_begin(&journal, config, &settings);
    journal_add_session(&journal, 1, RS_STR("pbx"), RS_STR("1"));
    journal_add_session(&journal, 3, RS_STR("crm"), RS_STR(""));
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);
    journal_add_refusal(&journal, RS_STR("pbx"), (rs_origin_t){.session = 1, .number = 2}, noon_us);
    journal_add_session(&journal, 4, RS_STR("far"), RS_STR("1"));   /* past the limit */
    rs_engine_t *engine = journal_engine(&journal, &settings);
    engine_save(engine, &saved);
    assert_int_equal(rs_engine_prepare(&settings, &next), RS_OK);
    assert_int_equal(engine_load(next, &saved), RS_OK);
    const rs_core_t *core = rs_engine_core(next);
    assert_int_equal(rs_core_session_count(core), 3);
    assert_true(rs_core_session(core, 1, &session));
    assert_true(rs_str_equal(session.source, RS_STR("pbx")) && rs_str_equal(session.incarnation, RS_STR("1")));
    assert_int_equal(session.last, 2);
    assert_false(rs_core_session(core, 2, &session));
    assert_true(rs_core_session(core, 3, &session));
    assert_true(rs_str_equal(session.source, RS_STR("crm")) && session.incarnation.len == 0 && session.last == 0);
    assert_false(rs_core_session(core, 0, &session) || rs_core_session(core, 4, &session));
    journal_add_session(&journal, 1, RS_STR("pbx"), RS_STR("2"));   /* takes the place */
    journal_recover(&journal, journal.count, journal.count, next);
    assert_true(rs_core_session(core, 1, &session));
    assert_true(rs_str_equal(session.incarnation, RS_STR("2")) && session.last == 0 && session.used == journal.count);
    saved_engine_free(&saved);
    rs_engine_destroy(&next);
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

/* --- damage ---------------------------------------------------------------------------------------------------------- */
static void lost_records_are_counted_and_the_rest_is_used(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(plain_text), *other = config_of_text(alert_text);
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    rs_engine_t *engine;
    journal_add_begin(&journal, config, &settings);
    const size_t begun = journal.count;
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);
    add_event(&journal, RS_CONTACT_QUEUED, "b", 2, 2);
    journal_add_config(&journal, other, RS_CONFIG_RELOAD);
    add_event(&journal, RS_CONTACT_QUEUED, "c", 3, 3);
    assert_int_equal(rs_engine_prepare(&settings, &engine), RS_OK);
    journal_recover(&journal, 1, begun + 1, engine);
    journal_recover(&journal, begun + 4, journal.count, engine);   /* without b, and the part of the configuration */
    const rs_engine_recovery_t recovery = rs_engine_recovery(engine);
    assert_int_equal(recovery.lost, 2);
    assert_int_equal(recovery.lost_ranges, 1);
    assert_int_equal(recovery.lost_configs, 1);
    assert_int_equal(recovery.records, journal.count - 2);
    assert_int_equal(rs_core_position(rs_engine_core(engine)), journal.count);
    const journal_record_t *last = &journal.records[journal.count - 1];
    assert_int_equal(rs_engine_recover_record(engine, last->kind, last->bytes, last->len, journal.count), RS_ERR_STATE);
    rs_engine_destroy(&engine);

    assert_int_equal(rs_engine_prepare(&settings, &engine), RS_OK);   /* without its beginning there is nothing to go on from */
    assert_int_equal(rs_engine_recover_record(engine, last->kind, last->bytes, last->len, 5), RS_ERR_STATE);
    assert_non_null(strstr(rs_engine_why(engine), "beginning is missing"));
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&other);
    rs_config_destroy(&config);
}

/* Power was cut between the records of the beginning: they are in the journal up to there, and the next start begins behind them. */
static void a_beginning_that_never_came_to_its_end_is_begun_again(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(plain_text);
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    rs_engine_t *engine, *next;
    rs_ring_record_t record;
    journal_add_begin(&journal, config, &settings);
    assert_int_equal(journal.count, 2);   /* the text and the beginning */
    assert_int_equal(rs_engine_prepare(&settings, &engine), RS_OK);
    journal_recover(&journal, 1, 1, engine);
    assert_null(rs_engine_core(engine));
    assert_int_equal(rs_engine_begin(engine), RS_OK);
    assert_int_equal(rs_core_position(rs_engine_core(engine)), 3);
    assert_int_equal(rs_engine_submitted(engine), 3);

    assert_int_equal(rs_engine_prepare(&settings, &next), RS_OK);   /* a journal of all of that is read back */
    journal_recover(&journal, 1, 1, next);
    for (uint64_t number = 2; rs_ring_peek(rs_engine_inlet(engine), &record); number++)
        assert_int_equal(rs_engine_recover_record(next, record.kind, record.bytes, record.len, number), RS_OK);
    rs_hash128_t hashes[2];
    assert_int_equal(rs_engine_state_hash(engine, &hashes[0]), RS_OK);
    assert_int_equal(rs_engine_state_hash(next, &hashes[1]), RS_OK);
    assert_memory_equal(&hashes[0], &hashes[1], sizeof hashes[0]);
    rs_engine_destroy(&next);
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

static void a_damaged_state_is_refused_with_a_reason_and_another_can_be_tried(void **state) {
    (void)state;
    rs_config_t *config = config_of_text(plain_text);
    const rs_engine_settings_t settings = settings_of(config);
    memory_journal_t journal = {0};
    saved_engine_t saved = {0};
    rs_engine_t *next;
    journal_add_begin(&journal, config, &settings);
    add_event(&journal, RS_CONTACT_QUEUED, "a", 1, 1);
    rs_engine_t *engine = journal_engine(&journal, &settings);
    engine_save(engine, &saved);
    assert_int_equal(rs_engine_prepare(&settings, &next), RS_OK);
    const size_t whole = saved.len;
    for (size_t at = 0; at < whole; at += at < 300 ? 1 : whole / 60) {   /* the head wholly, the core's part here and there */
        saved.bytes[at] ^= 4;
        const int status = engine_load(next, &saved);
        assert_true(status == RS_ERR_PARSE || status == RS_ERR_VERSION);
        assert_true(strlen(rs_engine_why(next)) > 5);
        saved.bytes[at] ^= 4;
        saved.len = at;
        assert_int_equal(engine_load(next, &saved), RS_ERR_PARSE);
        saved.len = whole;
    }
    assert_int_equal(engine_load(next, &saved), RS_OK);
    assert_true(engine_states_equal(engine, next));
    saved_engine_free(&saved);
    rs_engine_destroy(&next);
    rs_engine_destroy(&engine);
    journal_free(&journal);
    rs_config_destroy(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_records_of_a_live_run_make_the_same_state),
        cmocka_unit_test(a_recovered_engine_goes_on_live_where_it_stood),
        cmocka_unit_test(a_saved_state_and_the_records_after_it_are_the_same_as_all_records),
        cmocka_unit_test(a_changed_configuration_follows_the_recovered_one_as_a_record),
        cmocka_unit_test(what_cannot_be_adopted_leaves_the_core_as_it_was),
        cmocka_unit_test(configurations_may_come_and_go_for_ever),
        cmocka_unit_test(alerts_survive_a_restart_with_the_time_that_really_passed),
        cmocka_unit_test(a_receiver_is_told_again_what_it_did_not_confirm_and_nothing_else),
        cmocka_unit_test(what_was_not_confirmed_is_collected_again_after_a_restart),
        cmocka_unit_test(what_changed_after_it_was_collected_stays_to_be_collected),
        cmocka_unit_test(producers_marks_survive),
        cmocka_unit_test(lost_records_are_counted_and_the_rest_is_used),
        cmocka_unit_test(a_beginning_that_never_came_to_its_end_is_begun_again),
        cmocka_unit_test(a_damaged_state_is_refused_with_a_reason_and_another_can_be_tried),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL) + run_short_memory_tests();
}
