/* Presets, own policies, and which standard holds where. */
#include "config_tests.h"

static void every_preset_is_what_the_cases_say(void **state) {
    static const struct {
        const char *name;
        uint8_t abandoned;
        bool short_on;
        uint8_t short_rule;
    } rows[] = {{"abandon_within_hit", RS_RULE_HIT_IF_WITHIN, false, 0},
                {"answered_only", RS_RULE_EXCLUDE, false, 0},
                {"abandon_miss", RS_RULE_MISS, false, 0},
                {"abandon_within_excluded", RS_RULE_EXCLUDE_IF_WITHIN, false, 0},
                {"short_hit", RS_RULE_MISS, true, RS_RULE_HIT},
                {"short_excluded", RS_RULE_MISS, true, RS_RULE_EXCLUDE},
                {"asterisk_perf", RS_RULE_EXCLUDE, false, 0},
                {"asterisk_perf2", RS_RULE_HIT_IF_WITHIN, false, 0}};
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        rs_policy_t policy;
        assert_int_equal(rs_policy_preset(rs_str(rows[i].name), &policy), RS_OK);
        assert_string_equal(policy.name, rows[i].name);
        assert_int_equal(policy.version, 1);
        assert_true(policy.threshold_us < 0 && policy.short_us < 0 && policy.target < 0);
        assert_int_equal(policy.abandoned, rows[i].abandoned);
        assert_int_equal(policy.short_on, rows[i].short_on);
        assert_int_equal(policy.short_rule, rows[i].short_rule);
        assert_int_equal(policy.blocked, RS_RULE_EXCLUDE);
        assert_int_equal(policy.callbacks, RS_RULE_EXCLUDE);
        assert_true(policy.open_miss_now);
        assert_false(policy.compare_lt);
        assert_false(policy.unit_journey);
        const bool perf2 = strcmp(rows[i].name, "asterisk_perf2") == 0;
        for (unsigned reason = 0; reason < RS_FLOW_COUNT; reason++) {
            const bool judged = reason == RS_FLOW_TIMEOUT || reason == RS_FLOW_NO_AGENTS || reason == RS_FLOW_WITHDRAWN;
            assert_int_equal(policy.flowed_out[reason], perf2 && judged ? RS_RULE_HIT_IF_WITHIN : RS_RULE_EXCLUDE);
        }
        assert_non_null(strstr(rs_policy_preset_names(), rows[i].name));
    }
}

static void an_unknown_preset_is_not_found_and_nothing_is_written(void **state) {
    rs_policy_t policy = {.version = 77};
    (void)state;
    assert_int_equal(rs_policy_preset(RS_STR("short_exclude"), &policy), RS_ERR_NOT_FOUND);
    assert_int_equal(rs_policy_preset(RS_STR(""), &policy), RS_ERR_NOT_FOUND);
    assert_int_equal(policy.version, 77);
}

static void an_own_policy_begins_as_its_base_whatever_the_order_of_its_keys(void **state) {
    static const char text[] = "service_level: {policies: [mine, answered_only]}\n"
                               "policies:\n"
                               "  mine:\n"
                               "    threshold: 30s\n"
                               "    short: 10s\n"
                               "    target: 0.9\n"
                               "    compare: lt\n"
                               "    flowed_out: {timeout: miss, exit_key: hit_if_within}\n"
                               "    callbacks: {callback: miss}\n"
                               "    blocked: miss\n"
                               "    open_over_t: wait_for_close\n"
                               "    unit: journey\n"
                               "    version: 3\n"
                               "    base: short_hit\n";
    rs_config_t *config = must_load(text, NULL, 0);
    const rs_policy_t *policy = &config->policies[0];
    (void)state;
    assert_int_equal(config->policy_count, 2);
    assert_string_equal(policy->name, "mine");
    assert_int_equal(policy->version, 3);
    assert_int_equal(policy->threshold_us, 30 * RS_US_PER_S);
    assert_int_equal(policy->short_us, 10 * RS_US_PER_S);
    assert_true(policy->target == 0.9);
    assert_true(policy->compare_lt && policy->unit_journey && !policy->open_miss_now);
    assert_int_equal(policy->abandoned, RS_RULE_MISS);
    assert_true(policy->short_on);
    assert_int_equal(policy->short_rule, RS_RULE_HIT);
    assert_int_equal(policy->flowed_out[RS_FLOW_TIMEOUT], RS_RULE_MISS);
    assert_int_equal(policy->flowed_out[RS_FLOW_EXIT_KEY], RS_RULE_HIT_IF_WITHIN);
    assert_int_equal(policy->flowed_out[RS_FLOW_OVERFLOW], RS_RULE_EXCLUDE);
    assert_int_equal(policy->callbacks, RS_RULE_MISS);
    assert_int_equal(policy->blocked, RS_RULE_MISS);
    assert_string_equal(config->policies[1].name, "answered_only");
    rs_config_destroy(&config);
    assert_null(config);
}

static void one_value_for_flowed_out_never_reaches_lost(void **state) {
    rs_config_t *config =
        must_load("service_level: {policies: mine}\npolicies: {mine: {flowed_out: miss, short_rule: off}}\n", NULL, 0);
    (void)state;
    for (unsigned reason = RS_FLOW_OTHER; reason < RS_FLOW_COUNT; reason++) {
        const bool kept = reason == RS_FLOW_LOST || reason == RS_FLOW_CALLBACK;
        assert_int_equal(config->policies[0].flowed_out[reason], kept ? RS_RULE_EXCLUDE : RS_RULE_MISS);
    }
    assert_false(config->policies[0].short_on);
    rs_config_destroy(&config);
}

static void expect_standard(const rs_config_t *config, const rs_policy_t *policy, const char *tenant, const char *queue,
                            uint8_t channel, int64_t threshold_s, int64_t short_s, double target) {
    const rs_standard_t standard = rs_config_standard(config, policy, rs_str(tenant), rs_str(queue), channel);
    assert_int_equal(standard.threshold_us, threshold_s * RS_US_PER_S);
    assert_int_equal(standard.short_us, short_s * RS_US_PER_S);
    assert_true(standard.target == target);
}

static void the_more_precise_standard_goes_first(void **state) {
    static const char text[] = "queues:\n"
                               "  - {name: vip, threshold: 10s, target: 0.9}\n"
                               "  - {name: vip, channel: chat, threshold: 60s}\n"
                               "  - {name: vip, tenant: acme, threshold: 15s, short: 1s}\n"
                               "  - {name: vip, tenant: acme, channel: chat, target: 0.5}\n"
                               "  - {name: other, short: 0}\n";
    rs_config_t *config = must_load(text, NULL, 0);
    rs_policy_t policy;
    (void)state;
    assert_int_equal(rs_policy_preset(RS_STR("short_hit"), &policy), RS_OK);
    expect_standard(config, &policy, "default", "none", RS_CHANNEL_VOICE, 20, 5, 0.8);
    expect_standard(config, &policy, "default", "vip", RS_CHANNEL_VOICE, 10, 5, 0.9);
    expect_standard(config, &policy, "default", "vip", RS_CHANNEL_CHAT, 60, 5, 0.9);
    expect_standard(config, &policy, "acme", "vip", RS_CHANNEL_VOICE, 15, 1, 0.9);
    expect_standard(config, &policy, "acme", "vip", RS_CHANNEL_CHAT, 15, 1, 0.5);
    expect_standard(config, NULL, "default", "other", RS_CHANNEL_VOICE, 20, 0, 0.8);
    expect_standard(config, NULL, "default", "", RS_CHANNEL_VOICE, 20, 5, 0.8);
    policy.threshold_us = 7 * RS_US_PER_S;
    policy.target = 0.7;
    expect_standard(config, &policy, "acme", "vip", RS_CHANNEL_CHAT, 7, 1, 0.7);
    expect_standard(config, NULL, "acme", "vip", RS_CHANNEL_CHAT, 15, 1, 0.5);
    config->override_threshold_us = 30 * RS_US_PER_S;
    config->override_short_us = 0;
    expect_standard(config, &policy, "acme", "vip", RS_CHANNEL_CHAT, 30, 0, 0.7);
    expect_standard(config, NULL, "default", "none", RS_CHANNEL_NONE, 30, 0, 0.8);
    rs_config_destroy(&config);
}

static void a_team_is_found_by_tenant_before_any(void **state) {
    rs_config_t *config =
        must_load("agents:\n  - {name: anna, team: north}\n  - {name: anna, tenant: acme, team: south}\n"
                  "  - {name: bob, tenant: acme, team: west}\n",
                  NULL, 0);
    (void)state;
    assert_string_equal(rs_config_team(config, RS_STR("default"), RS_STR("anna")).data, "north");
    assert_string_equal(rs_config_team(config, RS_STR("acme"), RS_STR("anna")).data, "south");
    assert_string_equal(rs_config_team(config, RS_STR("acme"), RS_STR("bob")).data, "west");
    assert_int_equal(rs_config_team(config, RS_STR("default"), RS_STR("bob")).len, 0);
    assert_int_equal(rs_config_team(config, RS_STR("default"), RS_STR("ann")).len, 0);
    assert_int_equal(rs_config_team(config, RS_STR("default"), RS_STR("")).len, 0);
    rs_config_destroy(&config);
}

const struct CMUnitTest policy_tests[] = {
    cmocka_unit_test(every_preset_is_what_the_cases_say),
    cmocka_unit_test(an_unknown_preset_is_not_found_and_nothing_is_written),
    cmocka_unit_test(an_own_policy_begins_as_its_base_whatever_the_order_of_its_keys),
    cmocka_unit_test(one_value_for_flowed_out_never_reaches_lost),
    cmocka_unit_test(the_more_precise_standard_goes_first),
    cmocka_unit_test(a_team_is_found_by_tenant_before_any),
};
const size_t policy_test_count = RS_ARRAY_LEN(policy_tests);
