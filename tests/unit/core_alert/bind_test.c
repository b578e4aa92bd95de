/* Which rules watch which keys: globs, families, tenants, channels, bounds, and what a new configuration keeps. */
#include "test_store.h"

#define S RS_US_PER_S

static void globs_match_runs_and_single_characters(void **state) {
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"*", "", true},
        {"*", "vip", true},
        {"", "", true},
        {"", "vip", false},
        {"vip", "vip", true},
        {"vip", "VIP", false},
        {"vip", "vip2", false},
        {"vip", "vi", false},
        {"sales-*", "sales-", true},
        {"sales-*", "sales-eu", true},
        {"sales-*", "sales", false},
        {"*-eu", "sales-eu", true},
        {"*-eu", "sales-eu-west", false},
        {"*-eu*", "sales-eu-west", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"??", "ab", true},
        {"v?p", "vip", true},
        {"v?p", "vp", false},
        {"?", "\xC3\xBC", true},
        {"??", "\xC3\xBC", false},
        {"b?ro", "b\xC3\xBCro", true},
        {"*\xC3\xBC?", "b\xC3\xBC\xE2\x82\xAC", true},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "axxbyy", false},
        {"*a*b", "aab", true},
        {"*ab", "aaab", true},
        {"**", "x", true},
        {"*?", "", false},
        {"*?*", "x", true},
        {"?\xC3", "x\xC3", true},
        {"*.*", "sales.eu", true},
        {"[a]", "a", false},
        {"a**?c", "abbc", true},
        {"*aab", "aaaaaaab", true},
        {"*", "__overflow__", true},
    };

    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        if (rs_alert_glob(rs_str(rows[i].pattern), rs_str(rows[i].text)) != rows[i].matches) {
            fail_msg("\"%s\" on \"%s\"", rows[i].pattern, rows[i].text);
        }
    }
}

static void a_hostile_glob_takes_at_most_the_product_of_the_lengths(void **state) {
    char pattern[200], text[4000];

    (void)state;
    for (size_t i = 0; i < sizeof(pattern); i++) pattern[i] = i % 2 == 0 ? '*' : 'a';
    memset(text, 'a', sizeof(text));
    pattern[sizeof(pattern) - 1] = 'b';
    assert_false(rs_alert_glob((rs_str_t){pattern, sizeof(pattern)}, (rs_str_t){text, sizeof(text)}));
}

/* Binds one rule to one key and says whether an instance came of it. */
static bool is_bound(const rs_rule_config_t *rule, rs_key_t key) {
    test_engine_t engine;

    test_config_init(&engine);
    engine.rules[0] = *rule;
    test_engine_create(&engine, 1, 10);
    rs_alerts_on_new_key(engine.alerts, 0, &key);
    const bool bound = rs_alerts_in_state(engine.alerts, RS_ALERT_OK) == 1;
    test_engine_destroy(&engine);
    return bound;
}

static void rules_watch_keys_of_their_family_tenant_channel_and_name(void **state) {
    static const struct {
        uint8_t family, channel;
        const char *tenant, *key; /* the rule's */
        uint8_t key_family, key_channel;
        const char *key_tenant, *key_name;
        bool bound;
    } rows[] = {
        {RS_FAMILY_QUEUE, 0, "", "*", RS_FAMILY_QUEUE, RS_CHANNEL_VOICE, "a", "vip", true},
        {RS_FAMILY_QUEUE, 0, "", "*", RS_FAMILY_QUEUE, RS_CHANNEL_VOICE, "a", "", true},
        {RS_FAMILY_QUEUE, 0, "", "vip", RS_FAMILY_QUEUE, RS_CHANNEL_VOICE, "a", "", false},
        {RS_FAMILY_QUEUE, 0, "a", "v*", RS_FAMILY_QUEUE, RS_CHANNEL_CHAT, "a", "vip", true},
        {RS_FAMILY_QUEUE, 0, "b", "v*", RS_FAMILY_QUEUE, RS_CHANNEL_CHAT, "a", "vip", false},
        {RS_FAMILY_QUEUE, RS_CHANNEL_CHAT, "", "*", RS_FAMILY_QUEUE, RS_CHANNEL_CHAT, "a", "vip", true},
        {RS_FAMILY_QUEUE, RS_CHANNEL_CHAT, "", "*", RS_FAMILY_QUEUE, RS_CHANNEL_VOICE, "a", "vip", false},
        {RS_FAMILY_CHANNEL, 0, "", "*", RS_FAMILY_CHANNEL, RS_CHANNEL_VOICE, "a", "", true},
        {RS_FAMILY_CHANNEL, RS_CHANNEL_VOICE, "", "*", RS_FAMILY_CHANNEL, RS_CHANNEL_CHAT, "a", "", false},
        {RS_FAMILY_CHANNEL, 0, "", "*", RS_FAMILY_QUEUE, RS_CHANNEL_VOICE, "a", "vip", false},
        {RS_FAMILY_TOTAL, 0, "a", "*", RS_FAMILY_TOTAL, 0, "a", "", true},
        {RS_FAMILY_TOTAL, 0, "", "*", RS_FAMILY_AGENT, 0, "a", "alice", false},
        {RS_FAMILY_QUEUE, 0, "", "*", RS_FAMILY_TEAM, 0, "a", "blue", false},
    };

    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        rs_rule_config_t rule = test_rule("r");
        rule.family = rows[i].family;
        rule.channel = rows[i].channel;
        rule.tenant = rs_str(rows[i].tenant);
        rule.key = rs_str(rows[i].key);
        if (is_bound(&rule, test_key(rows[i].key_family, rows[i].key_tenant, rows[i].key_channel, rows[i].key_name)) !=
            rows[i].bound) {
            fail_msg("row %zu", i);
        }
    }
}

static void unknown_metric_window_or_policy_is_not_found(void **state) {
    static const struct {
        const char *metric, *window, *policy;
        int status;
    } rows[] = {
        {"waiting", "", "", RS_OK},
        {"waitings", "", "", RS_ERR_NOT_FOUND},
        {"", "5m", "", RS_ERR_NOT_FOUND},
        {"offered", "5m", "", RS_OK},
        {"offered", "10m", "", RS_ERR_NOT_FOUND},
        {"offered", "soon", "", RS_ERR_NOT_FOUND},
        {"offered", "", "", RS_ERR_NOT_FOUND},
        {"offered", "today", "", RS_OK},
        {"service_level", "1h", "answered_only", RS_OK},
        {"service_level", "1h", "mine", RS_ERR_NOT_FOUND},
        {"offered", "1h", "mine", RS_OK},
        {"oldest_wait", "nonsense", "", RS_OK},
    };

    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        test_engine_t engine;
        test_config_init(&engine);
        engine.rules[0] = test_rule("r");
        engine.rules[0].metric = rs_str(rows[i].metric);
        engine.rules[0].window = rs_str(rows[i].window);
        engine.rules[0].policy = rs_str(rows[i].policy);
        engine.config.rule_count = 1;
        const int status = rs_alerts_create(&engine.config, NULL, 1, 1, NULL, NULL, &engine.alerts);
        if (status != rows[i].status) fail_msg("row %zu: %s", i, rs_status_text(status));
        if (status == RS_OK) rs_alerts_destroy(&engine.alerts);
        assert_null(engine.alerts);
    }
}

static void keys_past_the_bound_are_not_watched_and_counted(void **state) {
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    engine.rules[0] = test_rule("a");
    engine.rules[1] = test_rule("b");
    test_engine_create(&engine, 2, 5);
    for (uint32_t key = 0; key < 4; key++) test_bind_queue(&engine, key, "vip");
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_OK), 4);
    assert_int_equal(rs_alerts_unbound(engine.alerts), 4);
    for (uint32_t key = 0; key < 4; key++) {
        test_set(key, RS_METRIC_WAITING, test_figure(11, 0));
        rs_alerts_on_key(engine.alerts, key, 1);
        rs_alerts_on_tick(engine.alerts, 2);
    }
    assert_int_equal(engine.seen_count, 4);
    assert_int_equal(engine.seen[3].key, 1);
    test_engine_destroy(&engine);
}

static void a_key_is_bound_once_and_unknown_keys_are_ignored(void **state) {
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    engine.rules[0] = test_rule("a");
    test_engine_create(&engine, 1, 100);
    test_bind_queue(&engine, 7, "vip");
    test_bind_queue(&engine, 7, "vip");
    test_bind_queue(&engine, 2, "sales");
    rs_alerts_on_key(engine.alerts, 0, 1); /* known to nobody */
    rs_alerts_on_key(engine.alerts, 200, 1);
    rs_alerts_on_key(engine.alerts, UINT32_MAX, 1);
    assert_int_equal(test_store.reads, 0);
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_OK), 2);
    test_engine_destroy(&engine);
}

static void without_rules_nothing_is_asked(void **state) {
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    test_engine_create(&engine, 0, 100);
    test_bind_queue(&engine, 0, "vip");
    rs_alerts_on_key(engine.alerts, 0, 1);
    rs_alerts_on_tick(engine.alerts, 2);
    assert_int_equal(test_store.reads + test_store.version_reads, 0);
    test_engine_destroy(&engine);
}

/* --- another configuration ---------------------------------------------------------------------------------------- */

static void fire_all(test_engine_t *engine, double waiting) {
    test_set(0, RS_METRIC_WAITING, test_figure(waiting, 0));
    rs_alerts_on_key(engine->alerts, 0, 1 * S);
}

static void a_new_configuration_keeps_episodes_of_rules_that_go_on(void **state) {
    test_engine_t engine;
    rs_rule_config_t changed[2];
    rs_config_t next;

    (void)state;
    test_config_init(&engine);
    engine.rules[0] = test_rule("stays");
    engine.rules[1] = test_rule("goes");
    test_engine_create(&engine, 2, 100);
    test_bind_queue(&engine, 0, "vip");
    fire_all(&engine, 11);
    assert_int_equal(engine.seen_count, 2);

    next = engine.config;
    next.rules = changed;
    changed[0] = test_rule("new");
    changed[1] = test_rule("stays");
    changed[1].limit = 100;
    changed[1].clear = 11;
    assert_int_equal(rs_alerts_configure(engine.alerts, &next, 2 * S), RS_OK);
    assert_int_equal(engine.seen_count, 3);
    assert_true(rs_str_equal(engine.seen[2].rule_name, RS_STR("goes")));
    assert_int_equal(engine.seen[2].to, RS_ALERT_RESOLVED);
    assert_int_equal(engine.seen[2].at_us, 2 * S);
    assert_true(engine.seen[2].figure.is_null);
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_FIRING), 1);
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_OK), 1);

    rs_alerts_on_tick(engine.alerts, 3 * S); /* the new rule fires, the kept one resolves by its new clear */
    assert_int_equal(engine.seen_count, 5);
    assert_true(rs_str_equal(engine.seen[3].rule_name, RS_STR("new")));
    assert_int_equal(engine.seen[3].episode, 3);
    assert_int_equal(engine.seen[4].episode, 1);
    assert_int_equal(engine.seen[4].rule, 1);
    assert_int_equal(engine.seen[4].to, RS_ALERT_RESOLVED);
    test_engine_destroy(&engine);
}

static void a_rule_that_asks_something_else_does_not_go_on(void **state) {
    static const struct {
        const char *metric, *key;
        uint8_t compare;
        unsigned ends_as;
        int64_t for_us;
    } rows[] = {
        {"open_over_t", "*", RS_ALERT_ABOVE, RS_ALERT_RESOLVED, 0},
        {"waiting", "sales", RS_ALERT_ABOVE, RS_ALERT_RESOLVED, 0},
        {"waiting", "*", RS_ALERT_BELOW, RS_ALERT_OK, 5},
    };

    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        test_engine_t engine;
        rs_rule_config_t changed = test_rule("r");
        test_config_init(&engine);
        engine.rules[0] = changed;
        engine.rules[0].for_us = rows[i].for_us;
        test_engine_create(&engine, 1, 100);
        test_bind_queue(&engine, 0, "vip");
        fire_all(&engine, 11);
        changed.metric = rs_str(rows[i].metric);
        changed.key = rs_str(rows[i].key);
        changed.compare = rows[i].compare;
        rs_config_t next = engine.config;
        next.rules = &changed;
        assert_int_equal(rs_alerts_configure(engine.alerts, &next, 2 * S), RS_OK);
        assert_int_equal(engine.seen_count, 2);
        assert_int_equal(engine.seen[1].to, rows[i].ends_as);
        assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_FIRING), 0);
        assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_PENDING), 0);
        test_engine_destroy(&engine);
    }
}

static void a_pending_alert_goes_on_waiting_under_the_new_configuration(void **state) {
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    engine.rules[0] = test_rule("r");
    engine.rules[0].for_us = 10 * S;
    test_engine_create(&engine, 1, 100);
    test_bind_queue(&engine, 0, "vip");
    fire_all(&engine, 11);
    assert_int_equal(rs_alerts_configure(engine.alerts, &engine.config, 2 * S), RS_OK);
    rs_alerts_on_tick(engine.alerts, 3 * S);
    rs_alerts_on_tick(engine.alerts, 11 * S - 1);
    assert_int_equal(engine.seen_count, 1);
    rs_alerts_on_tick(engine.alerts, 11 * S);
    assert_int_equal(engine.seen_count, 2);
    assert_int_equal(engine.seen[1].episode, 1);
    assert_int_equal(engine.seen[1].started_us, 1 * S);
    test_engine_destroy(&engine);
}

static void a_bad_configuration_changes_nothing(void **state) {
    test_engine_t engine;

    (void)state;
    test_config_init(&engine);
    engine.rules[0] = test_rule("r");
    test_engine_create(&engine, 1, 100);
    test_bind_queue(&engine, 0, "vip");
    fire_all(&engine, 11);
    rs_rule_config_t bad = test_rule("r");
    bad.metric = RS_STR("mood");
    rs_config_t next = engine.config;
    next.rules = &bad;
    assert_int_equal(rs_alerts_configure(engine.alerts, &next, 2 * S), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_FIRING), 1);
    fire_all(&engine, 5);
    assert_int_equal(engine.seen[1].to, RS_ALERT_RESOLVED);
    test_engine_destroy(&engine);
}

static void keys_that_came_before_the_rules_are_bound_to_them(void **state) {
    test_engine_t engine;
    rs_rule_config_t rule = test_rule("r");

    (void)state;
    test_config_init(&engine);
    test_engine_create(&engine, 0, 2);
    for (uint32_t key = 0; key < 3; key++) test_bind_queue(&engine, key, "vip");
    test_set(1, RS_METRIC_WAITING, test_figure(11, 0));
    rs_config_t next = engine.config;
    next.rules = &rule;
    next.rule_count = 1;
    assert_int_equal(rs_alerts_configure(engine.alerts, &next, 2 * S), RS_OK);
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_OK), 2);
    assert_int_equal(rs_alerts_unbound(engine.alerts), 1);
    rs_alerts_on_tick(engine.alerts, 3 * S);
    assert_int_equal(engine.seen_count, 1);
    assert_int_equal(engine.seen[0].key, 1);
    test_engine_destroy(&engine);
}

const struct CMUnitTest bind_tests[] = {
    cmocka_unit_test(globs_match_runs_and_single_characters),
    cmocka_unit_test(a_hostile_glob_takes_at_most_the_product_of_the_lengths),
    cmocka_unit_test(rules_watch_keys_of_their_family_tenant_channel_and_name),
    cmocka_unit_test(unknown_metric_window_or_policy_is_not_found),
    cmocka_unit_test(keys_past_the_bound_are_not_watched_and_counted),
    cmocka_unit_test(a_key_is_bound_once_and_unknown_keys_are_ignored),
    cmocka_unit_test(without_rules_nothing_is_asked),
    cmocka_unit_test(a_new_configuration_keeps_episodes_of_rules_that_go_on),
    cmocka_unit_test(a_rule_that_asks_something_else_does_not_go_on),
    cmocka_unit_test(a_pending_alert_goes_on_waiting_under_the_new_configuration),
    cmocka_unit_test(a_bad_configuration_changes_nothing),
    cmocka_unit_test(keys_that_came_before_the_rules_are_bound_to_them),
};
const size_t bind_test_count = RS_ARRAY_LEN(bind_tests);
