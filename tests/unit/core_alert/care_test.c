/* What people do about alerts: who is told of what, and when. */
#include "test_store.h"

#define S RS_US_PER_S

static rs_command_t command(rs_command_what_t what, uint64_t episode, const char *text) {
    return (rs_command_t){.what = (uint8_t)what, .episode = episode, .who = RS_STR("anna"), .text = rs_str(text)};
}

static int say(test_engine_t *engine, const rs_command_t *said, int64_t now_us) {
    uint64_t number;
    return rs_alerts_command(engine->alerts, said, now_us, &number);
}

static const rs_alert_transition_t *last(const test_engine_t *engine) {
    assert_true(engine->seen_count > 0);
    return &engine->seen[engine->seen_count - 1];
}

static void waiting(test_engine_t *engine, double value, int64_t now_us) {
    test_set(0, RS_METRIC_WAITING, test_figure(value, 0));
    rs_alerts_on_tick(engine->alerts, now_us);
}

/* A rule that recovers for a minute, and its first episode firing at 1 s. */
static void begin_firing(test_engine_t *engine) {
    test_config_init(engine);
    engine->rules[0] = test_rule("queue");
    engine->rules[0].clear_for_us = 60 * S;
    test_engine_create(engine, 1, 10);
    test_bind_queue(engine, 0, "vip");
    waiting(engine, 11, 1 * S);
    assert_int_equal(engine->seen_count, 1);
    assert_int_equal(last(engine)->hush, 0);
}

static void an_acknowledgement_is_told_with_who_and_why_and_stays_on_the_alert(void **state) {
    (void)state;
    test_engine_t engine;
    begin_firing(&engine);
    const rs_command_t ack = command(RS_COMMAND_ACKNOWLEDGE, last(&engine)->episode, "I call for help");
    assert_int_equal(say(&engine, &ack, 2 * S), RS_OK);
    assert_int_equal(last(&engine)->act, RS_COMMAND_ACKNOWLEDGE);
    assert_int_equal(last(&engine)->from, RS_ALERT_FIRING);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    assert_true(last(&engine)->acknowledged);
    waiting(&engine, 1, 3 * S);
    assert_int_equal(last(&engine)->to, RS_ALERT_RECOVERING);
    assert_true(last(&engine)->acknowledged);
    assert_true(rs_str_equal(last(&engine)->who, RS_STR("anna")));
    assert_true(rs_str_equal(last(&engine)->text, RS_STR("I call for help")));
    test_engine_destroy(&engine);
}

static void a_plain_acknowledgement_ends_when_it_fires_anew_and_a_sticky_one_does_not(void **state) {
    (void)state;
    for (unsigned sticky = 0; sticky < 2; sticky++) {
        test_engine_t engine;
        begin_firing(&engine);
        rs_command_t ack = command(RS_COMMAND_ACKNOWLEDGE, last(&engine)->episode, "mine");
        ack.sticky = sticky == 1;
        assert_int_equal(say(&engine, &ack, 2 * S), RS_OK);
        waiting(&engine, 1, 3 * S);
        waiting(&engine, 12, 4 * S);
        assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
        assert_int_equal(last(&engine)->acknowledged, sticky == 1);
        assert_int_equal(last(&engine)->act, sticky == 1 ? RS_COMMAND_NONE : RS_COMMAND_UNACKNOWLEDGE);
        assert_int_equal(last(&engine)->hush, 0);
        test_engine_destroy(&engine);
    }
}

static void an_acknowledgement_ends_at_its_time_and_that_is_told_once(void **state) {
    (void)state;
    test_engine_t engine;
    begin_firing(&engine);
    rs_command_t ack = command(RS_COMMAND_ACKNOWLEDGE, last(&engine)->episode, "mine");
    ack.until_us = 100 * S;
    assert_int_equal(say(&engine, &ack, 2 * S), RS_OK);
    const uint32_t seen = engine.seen_count;
    for (int64_t at = 3; at < 200; at++) rs_alerts_on_tick(engine.alerts, at * S);
    assert_int_equal(engine.seen_count, seen + 1);
    assert_int_equal(last(&engine)->act, RS_COMMAND_UNACKNOWLEDGE);
    assert_int_equal(last(&engine)->at_us, 100 * S);
    assert_int_equal(last(&engine)->hush, 0);
    test_engine_destroy(&engine);
}

static void an_acknowledged_alert_hides_no_worse_one_of_the_same_queue(void **state) {
    (void)state;
    test_engine_t engine;
    test_config_init(&engine);
    engine.rules[0] = test_rule("many");
    engine.rules[1] = test_rule("far_too_many");
    engine.rules[1].limit = 20;
    engine.rules[1].severity = RS_SEVERITY_CRITICAL;
    test_engine_create(&engine, 2, 10);
    test_bind_queue(&engine, 0, "vip");
    waiting(&engine, 11, 1 * S);
    const rs_command_t ack = command(RS_COMMAND_ACKNOWLEDGE, last(&engine)->episode, "mine");
    assert_int_equal(say(&engine, &ack, 2 * S), RS_OK);
    waiting(&engine, 21, 3 * S);
    assert_int_equal(last(&engine)->severity, RS_SEVERITY_CRITICAL);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    assert_int_equal(last(&engine)->hush, 0);
    test_engine_destroy(&engine);
}

static rs_command_t silence(int64_t from_us, int64_t until_us, const char *rule, const char *key) {
    rs_command_t said = command(RS_COMMAND_SILENCE, 0, "the platform moves");
    said.at_us = from_us;
    said.until_us = until_us;
    said.rule = rs_str(rule);
    said.key = rs_str(key);
    return said;
}

static void in_a_silence_nothing_is_told_and_after_it_what_is_still_true(void **state) {
    (void)state;
    test_engine_t engine;
    begin_firing(&engine);
    waiting(&engine, 1, 2 * S);
    waiting(&engine, 1, 62 * S);
    assert_int_equal(last(&engine)->to, RS_ALERT_RESOLVED);
    const rs_command_t said = silence(63 * S, 200 * S, "qu*", "v?p");
    assert_int_equal(say(&engine, &said, 63 * S), RS_OK);
    waiting(&engine, 30, 70 * S);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    assert_int_equal(last(&engine)->hush, RS_HUSH_SILENCED);
    const uint32_t seen = engine.seen_count;
    for (int64_t at = 71; at < 300; at++) rs_alerts_on_tick(engine.alerts, at * S);
    assert_int_equal(engine.seen_count, seen + 1);
    assert_int_equal(last(&engine)->from, RS_ALERT_FIRING);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    assert_int_equal(last(&engine)->hush, 0);
    assert_int_equal(last(&engine)->at_us, 200 * S);
    test_engine_destroy(&engine);
}

static void what_was_told_before_a_silence_is_told_to_end_in_it_and_what_was_not_is_not(void **state) {
    (void)state;
    test_engine_t engine;
    begin_firing(&engine);
    const rs_command_t said = silence(2 * S, 5000 * S, "", "");
    assert_int_equal(say(&engine, &said, 2 * S), RS_OK);
    waiting(&engine, 0, 3 * S);
    waiting(&engine, 0, 63 * S);
    assert_int_equal(last(&engine)->to, RS_ALERT_RESOLVED);
    assert_int_equal(last(&engine)->hush, 0);
    waiting(&engine, 30, 70 * S);
    waiting(&engine, 0, 80 * S);
    waiting(&engine, 0, 140 * S);
    assert_int_equal(last(&engine)->to, RS_ALERT_RESOLVED);
    assert_int_equal(last(&engine)->hush, RS_HUSH_SILENCED);
    test_engine_destroy(&engine);
}

static void a_silence_of_others_is_none_and_its_end_may_be_said(void **state) {
    (void)state;
    test_engine_t engine;
    begin_firing(&engine);
    waiting(&engine, 0, 2 * S);
    waiting(&engine, 0, 62 * S);
    const rs_command_t of_others = silence(62 * S, 5000 * S, "queue", "billing"), of_all = silence(63 * S, 5000 * S, "", "*");
    assert_int_equal(say(&engine, &of_others, 62 * S), RS_OK);
    waiting(&engine, 30, 64 * S);
    assert_int_equal(last(&engine)->hush, 0);
    waiting(&engine, 0, 65 * S);
    waiting(&engine, 0, 125 * S);
    assert_int_equal(say(&engine, &of_all, 126 * S), RS_OK);
    waiting(&engine, 30, 127 * S);
    assert_int_equal(last(&engine)->hush, RS_HUSH_SILENCED);
    const rs_command_t over = command(RS_COMMAND_UNSILENCE, 2, "");
    assert_int_equal(say(&engine, &over, 128 * S), RS_OK);
    rs_alerts_on_tick(engine.alerts, 129 * S);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    assert_int_equal(last(&engine)->hush, 0);
    assert_int_equal(say(&engine, &over, 130 * S), RS_ERR_STATE);
    const rs_command_t unknown = command(RS_COMMAND_UNSILENCE, 3, "");
    assert_int_equal(say(&engine, &unknown, 130 * S), RS_ERR_NOT_FOUND);
    test_engine_destroy(&engine);
}

static void one_silence_too_many_is_refused_until_one_is_past(void **state) {
    (void)state;
    test_engine_t engine;
    begin_firing(&engine);
    rs_command_t said = silence(2 * S, 50 * S, "", "nobody");
    for (uint32_t i = 0; i < RS_MAX_SILENCES; i++) {
        assert_int_equal(say(&engine, &said, 2 * S), RS_OK);
        engine.seen_count = 0;
    }
    assert_int_equal(say(&engine, &said, 2 * S), RS_ERR_LIMIT);
    said.until_us = 100 * S;
    assert_int_equal(say(&engine, &said, 51 * S), RS_OK);
    test_engine_destroy(&engine);
}

static void an_alert_of_the_whole_keeps_those_of_its_queues_quiet(void **state) {
    (void)state;
    test_engine_t engine;
    test_config_init(&engine);
    engine.rules[0] = test_rule("everywhere");
    engine.rules[0].family = RS_FAMILY_TOTAL;
    engine.rules[1] = test_rule("here");
    engine.rules[1].inhibited_by = RS_STR("everywhere");
    test_engine_create(&engine, 2, 10);
    test_bind_queue(&engine, 0, "vip");
    const rs_key_t total = test_key(RS_FAMILY_TOTAL, "default", 0, ""), other = test_key(RS_FAMILY_TOTAL, "other", 0, "");
    rs_alerts_on_new_key(engine.alerts, 1, &total);
    rs_alerts_on_new_key(engine.alerts, 2, &other);
    test_set(2, RS_METRIC_WAITING, test_figure(50, 0));
    rs_alerts_on_tick(engine.alerts, 1 * S);
    waiting(&engine, 20, 2 * S);
    assert_int_equal(last(&engine)->hush, 0);   /* another tenant's */
    waiting(&engine, 0, 3 * S);
    test_set(1, RS_METRIC_WAITING, test_figure(50, 0));
    rs_alerts_on_tick(engine.alerts, 4 * S);
    waiting(&engine, 20, 5 * S);
    assert_int_equal(last(&engine)->hush, RS_HUSH_INHIBITED);
    test_set(1, RS_METRIC_WAITING, test_figure(0, 0));
    rs_alerts_on_tick(engine.alerts, 6 * S);
    rs_alerts_on_tick(engine.alerts, 7 * S);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    assert_int_equal(last(&engine)->key, 0);
    assert_int_equal(last(&engine)->hush, 0);
    test_engine_destroy(&engine);
}

static void a_person_who_says_resolved_is_believed_until_it_was_good_or_an_hour_is_over(void **state) {
    (void)state;
    for (unsigned good = 0; good < 2; good++) {
        test_engine_t engine;
        begin_firing(&engine);
        const uint64_t episode = last(&engine)->episode;
        const rs_command_t said = command(RS_COMMAND_RESOLVE, episode, "");
        assert_int_equal(say(&engine, &said, 2 * S), RS_OK);
        assert_int_equal(last(&engine)->to, RS_ALERT_RESOLVED);
        assert_int_equal(last(&engine)->hush, 0);
        const uint32_t seen = engine.seen_count;
        for (int64_t at = 3; at < 3000; at++) rs_alerts_on_tick(engine.alerts, at * S);
        assert_int_equal(engine.seen_count, seen);
        if (good == 1) {
            waiting(&engine, 0, 3000 * S);
            waiting(&engine, 30, 3001 * S);
        } else {
            for (int64_t at = 3000; at <= 3602; at++) rs_alerts_on_tick(engine.alerts, at * S);
        }
        assert_int_equal(engine.seen_count, seen + 1);
        assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
        assert_true(last(&engine)->episode > episode);
        assert_int_equal(last(&engine)->at_us, good == 1 ? 3001 * S : 3602 * S);
        test_engine_destroy(&engine);
    }
}

static void of_an_alert_that_has_ended_causes_may_be_told_but_it_cannot_be_acknowledged(void **state) {
    (void)state;
    test_engine_t engine;
    begin_firing(&engine);
    const uint64_t episode = last(&engine)->episode;
    const rs_command_t early = command(RS_COMMAND_REVIEW, episode, "it helped");
    assert_int_equal(say(&engine, &early, 2 * S), RS_ERR_STATE);
    waiting(&engine, 0, 3 * S);
    waiting(&engine, 0, 63 * S);
    const rs_command_t ack = command(RS_COMMAND_ACKNOWLEDGE, episode, "mine"), cause = command(RS_COMMAND_CAUSE, episode, "a mailing"),
                       review = command(RS_COMMAND_REVIEW, episode, "it helped"), unknown = command(RS_COMMAND_NOTE, episode + 1, "what?");
    const uint32_t seen = engine.seen_count;
    assert_int_equal(say(&engine, &ack, 64 * S), RS_ERR_STATE);
    assert_int_equal(say(&engine, &unknown, 64 * S), RS_ERR_NOT_FOUND);
    assert_int_equal(engine.seen_count, seen);
    assert_int_equal(say(&engine, &cause, 64 * S), RS_OK);
    assert_int_equal(last(&engine)->act, RS_COMMAND_CAUSE);
    assert_int_equal(last(&engine)->episode, episode);
    assert_int_equal(say(&engine, &review, 65 * S), RS_OK);
    assert_int_equal(engine.seen_count, seen + 2);
    test_engine_destroy(&engine);
}

static void cause_action_owner_and_due_time_stay_with_the_open_alert(void **state) {
    (void)state;
    test_engine_t engine;
    begin_firing(&engine);
    const rs_command_t cause = command(RS_COMMAND_CAUSE, last(&engine)->episode, "a mailing");
    rs_command_t action = command(RS_COMMAND_ACTION, last(&engine)->episode, "two more agents");
    action.owner = RS_STR("berta");
    action.due_us = 900 * S;
    assert_int_equal(say(&engine, &cause, 2 * S), RS_OK);
    assert_int_equal(say(&engine, &action, 3 * S), RS_OK);
    waiting(&engine, 0, 4 * S);
    assert_true(rs_str_equal(last(&engine)->cause, RS_STR("a mailing")));
    assert_true(rs_str_equal(last(&engine)->action, RS_STR("two more agents")));
    assert_true(rs_str_equal(last(&engine)->owner, RS_STR("berta")));
    assert_int_equal(last(&engine)->due_us, 900 * S);
    test_engine_destroy(&engine);
}

const struct CMUnitTest care_tests[] = {
    cmocka_unit_test(an_acknowledgement_is_told_with_who_and_why_and_stays_on_the_alert),
    cmocka_unit_test(a_plain_acknowledgement_ends_when_it_fires_anew_and_a_sticky_one_does_not),
    cmocka_unit_test(an_acknowledgement_ends_at_its_time_and_that_is_told_once),
    cmocka_unit_test(an_acknowledged_alert_hides_no_worse_one_of_the_same_queue),
    cmocka_unit_test(in_a_silence_nothing_is_told_and_after_it_what_is_still_true),
    cmocka_unit_test(what_was_told_before_a_silence_is_told_to_end_in_it_and_what_was_not_is_not),
    cmocka_unit_test(a_silence_of_others_is_none_and_its_end_may_be_said),
    cmocka_unit_test(one_silence_too_many_is_refused_until_one_is_past),
    cmocka_unit_test(an_alert_of_the_whole_keeps_those_of_its_queues_quiet),
    cmocka_unit_test(a_person_who_says_resolved_is_believed_until_it_was_good_or_an_hour_is_over),
    cmocka_unit_test(of_an_alert_that_has_ended_causes_may_be_told_but_it_cannot_be_acknowledged),
    cmocka_unit_test(cause_action_owner_and_due_time_stay_with_the_open_alert),
};
const size_t care_test_count = RS_ARRAY_LEN(care_tests);
