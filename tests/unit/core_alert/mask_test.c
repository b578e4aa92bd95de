/* A person's name in what people wrote about alerts. */
#include "test_store.h"

#include "core/alert/mask.h"

#include <stdio.h>

static void a_name_goes_where_it_is_a_word_and_what_has_it_in_it_stays(void **state) {
    (void)state;
    static const struct { const char *text, *name, *left; uint32_t count; } cases[] = {
        {"ann has it; ask Ann, ann.", "ann", "*** has it; ask Ann, ***.", 2},
        {"annabel planned ann_2 joann ann2", "ann", "annabel planned ann_2 joann ann2", 0},
        {"ann", "ann", "***", 1}, {"annann ann", "ann", "annann ***", 1}, {"(ann.meier)", "ann.meier", "(*********)", 1},
        {"", "ann", "", 0}, {"an", "ann", "an", 0},
        {"al is al", "al", "al is al", 0}, {"anna ann\xc3\xa4 \xc3\xa4" "ann", "ann", "anna ann\xc3\xa4 \xc3\xa4" "ann", 0}};
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].text);
        assert_int_equal(rs_mask(text, strlen(text), rs_str(cases[i].name)), cases[i].count);
        assert_string_equal(text, cases[i].left);
    }
}

static int say(test_engine_t *engine, rs_command_t command) {
    uint64_t number;
    command.who = RS_STR("ann.meier");
    return rs_alerts_command(engine->alerts, &command, 2 * RS_US_PER_S, &number);
}

static void open_episodes_and_silences_lose_the_name_in_their_tenant_only(void **state) {
    (void)state;
    test_engine_t engine;
    test_config_init(&engine);
    engine.rules[0] = test_rule("queue");
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    test_set(0, RS_METRIC_WAITING, test_figure(11, 0));
    rs_alerts_on_tick(engine.alerts, RS_US_PER_S);
    const rs_key_t key = engine.seen[0].dimensions;
    const rs_command_t ack = {.what = RS_COMMAND_ACKNOWLEDGE, .episode = engine.seen[0].episode,
                              .text = RS_STR("ann.meier calls for help")};
    assert_int_equal(say(&engine, ack), RS_OK);
    const rs_command_t silence = {.what = RS_COMMAND_SILENCE, .at_us = RS_US_PER_S, .until_us = 100 * RS_US_PER_S, .key = RS_STR("none"),
                                  .text = RS_STR("ann.meier tests")};
    assert_int_equal(say(&engine, silence), RS_OK);
    /* a silence of all tenants: who and why */
    assert_int_equal(rs_alerts_mask(engine.alerts, RS_STR("another"), RS_STR("ann.meier")), 2);
    assert_int_equal(rs_alerts_mask(engine.alerts, key.tenant, RS_STR("ann.meier")), 2);             /* the episode's */
    assert_int_equal(rs_alerts_mask(engine.alerts, key.tenant, RS_STR("ann.meier")), 0);
    test_set(0, RS_METRIC_WAITING, test_figure(1, 0));
    rs_alerts_on_tick(engine.alerts, 3 * RS_US_PER_S);
    const rs_alert_transition_t *last = &engine.seen[engine.seen_count - 1];
    assert_true(rs_str_equal(last->who, RS_STR("*********")) && rs_str_equal(last->text, RS_STR("********* calls for help")));
    test_engine_destroy(&engine);
}

static void see_masked(void *context, const rs_alert_transition_t *transition) {
    const bool is_acme = rs_str_equal(transition->dimensions.tenant, RS_STR("acme"));
    assert_true(rs_str_equal(transition->who, is_acme ? RS_STR("***") : RS_STR("ann")));
    assert_true(rs_str_equal(transition->cause, is_acme ? RS_STR("*** was ill") : RS_STR("ann was ill")));
    assert_true(rs_str_equal(transition->rule_name, RS_STR("ann")));
    (*(uint32_t *)context)++;
}

static void what_a_receiver_has_not_yet_loses_it_too(void **state) {
    (void)state;
    rs_outbox_t outbox = {0};
    uint32_t seen = 0;
    rs_outbox_confirm(&outbox, 1, 0, 0);
    for (uint32_t i = 1; i <= 4; i++) {
        rs_outbox_add(&outbox, &(rs_alert_transition_t){.position = i, .ordinal = 1, .rule_name = RS_STR("ann"), .who = RS_STR("ann"),
                                                        .cause = RS_STR("ann was ill"),
                                                        .dimensions = {.tenant = i % 2 == 0 ? RS_STR("acme") : RS_STR("default")}});
    }
    assert_int_equal(rs_outbox_mask(&outbox, RS_STR("acme"), RS_STR("ann")), 4);
    rs_outbox_each(&outbox, 0, 0, see_masked, &seen);
    assert_int_equal(seen, 4);
    rs_outbox_deinit(&outbox);
}

const struct CMUnitTest mask_tests[] = {
    cmocka_unit_test(a_name_goes_where_it_is_a_word_and_what_has_it_in_it_stays),
    cmocka_unit_test(open_episodes_and_silences_lose_the_name_in_their_tenant_only),
    cmocka_unit_test(what_a_receiver_has_not_yet_loses_it_too),
};
const size_t mask_test_count = RS_ARRAY_LEN(mask_tests);
