/* What loads, and to what. */
#include "config_tests.h"

#include "config/bounds.h"

static void nothing_at_all_is_the_defaults(void **state) {
    static const char *const empty[] = {
        "", "\n", "# only a comment\n", "---\n", "{}\n", "time:\nqueues:\nalerts: {rules: }\n", "~\n"};
    rs_config_t *defaults = NULL;
    (void)state;
    assert_int_equal(rs_config_create_default(&defaults), RS_OK);
    char *expected = printed(defaults);
    for (size_t i = 0; i < RS_ARRAY_LEN(empty); i++) {
        rs_config_t *config = must_load(empty[i], NULL, 0);
        char *text = printed(config);
        assert_string_equal(text, expected);
        free(text);
        rs_config_destroy(&config);
    }
    free(expected);
    rs_config_destroy(&defaults);
}

static void the_defaults_are_those_that_scripts_rely_on(void **state) {
    rs_config_t *config = NULL;
    (void)state;
    assert_int_equal(rs_config_create_default(&config), RS_OK);
    assert_string_equal(config->events_endpoint.data, "tcp://127.0.0.1:5570");
    assert_string_equal(config->plain_endpoint.data, "tcp://127.0.0.1:5571");
    assert_string_equal(config->feed_endpoint.data, "tcp://127.0.0.1:5572");
    assert_string_equal(config->snapshot_endpoint.data, "tcp://127.0.0.1:5573");
    assert_string_equal(config->state_directory.data, "/var/lib/ringside");
    assert_int_equal(config->clock, RS_CLOCK_WALL);
    assert_int_equal(config->lateness_us, 10 * RS_US_PER_MIN);
    assert_int_equal(config->idle_us, 30 * RS_US_PER_S);
    assert_int_equal(config->future_us, 60 * RS_US_PER_S);
    assert_int_equal(config->clock_skew_us, 2 * RS_US_PER_S);
    assert_int_equal(config->missing_end_us, 24 * RS_US_PER_HOUR);
    assert_false(config->missing_end_named);
    assert_int_equal(config->interval_us, 15 * RS_US_PER_MIN);
    assert_true(config->attribution_event && config->attribution_enter);
    assert_int_equal(config->window_count, 4);
    assert_int_equal(config->windows_us[3], RS_US_PER_HOUR);
    assert_int_equal(config->policy_count, 1);
    assert_string_equal(config->policies[0].name, "short_excluded");
    assert_int_equal(config->default_threshold_us, 20 * RS_US_PER_S);
    assert_int_equal(config->default_short_us, 5 * RS_US_PER_S);
    assert_true(config->default_target == 0.8);
    assert_true(config->override_threshold_us < 0 && config->override_short_us < 0);
    assert_string_equal(config->zone->name, "UTC");
    assert_int_equal(config->fcr.repeat_window_us, 7 * RS_US_PER_DAY);
    assert_int_equal(config->fcr.redial_grace_us, 60 * RS_US_PER_S);
    assert_int_equal(config->log_level, 2);
    assert_int_equal(config->database.len, 0);
    assert_non_null(config->database.data);
    assert_string_equal(config->asterisk.source.data, "asterisk");
    assert_int_equal(config->asterisk.poll_us, 250 * RS_US_PER_MS);
    assert_int_equal(config->limits.contact_events, 256);
    rs_config_destroy(&config);
}

static void settings_go_over_the_file_in_their_order(void **state) {
    static const char *const sets[] = {"queues.vip.threshold=12s",
                                       "queues.vip.threshold=10s",
                                       "queues.vip.short=5s",
                                       "queues.vip.target=0.7",
                                       "queues.\"sales.eu\".threshold=25s",
                                       "asterisk.member_delay.billing=1s",
                                       "fcr.repeat_window=3d",
                                       "time.missing_end=0",
                                       "service_level.policies=[asterisk_perf, asterisk_perf2]",
                                       "windows=[1m, 5m]",
                                       "asterisk.members.\"Local/101@agents/n\"=Anna = Example",
                                       "store.database=host=/run dbname=x"};
    rs_config_t *config =
        must_load("queues: {vip: {threshold: 30s, short: 1s}}\ntime: {missing_end: 1h}\n", sets, RS_ARRAY_LEN(sets));
    (void)state;
    assert_int_equal(config->queue_count, 2);
    assert_string_equal(config->queues[0].name.data, "sales.eu");
    assert_int_equal(config->queues[0].threshold_us, 25 * RS_US_PER_S);
    assert_int_equal(config->queues[1].threshold_us, 10 * RS_US_PER_S);
    assert_int_equal(config->queues[1].short_us, 5 * RS_US_PER_S);
    assert_true(config->queues[1].target == 0.7);
    assert_int_equal(config->asterisk.queue_count, 1);
    assert_string_equal(config->asterisk.queues[0].name.data, "billing");
    assert_int_equal(config->asterisk.queues[0].member_delay_us, RS_US_PER_S);
    assert_string_equal(config->asterisk.members[0].interface.data, "Local/101@agents/n");
    assert_string_equal(config->asterisk.members[0].name.data, "Anna = Example");
    assert_int_equal(config->fcr.repeat_window_us, 3 * RS_US_PER_DAY);
    assert_int_equal(config->missing_end_us, 0);
    assert_true(config->missing_end_named);
    assert_int_equal(config->policy_count, 2);
    assert_string_equal(config->policies[1].name, "asterisk_perf2");
    assert_int_equal(config->window_count, 2);
    assert_string_equal(config->database.data, "host=/run dbname=x");
    rs_config_destroy(&config);
}

static void a_setting_finds_the_item_of_a_list_by_its_name(void **state) {
    static const char text[] = "alerts:\n  rules:\n"
                               "    - {name: slow, metric: asa, window: 300s, compare: above, limit: 30s}\n"
                               "    - {name: long, metric: oldest_wait, compare: above, limit: 1m, clear: 40s}\n";
    static const char *const sets[] = {"alerts.rules.long.limit=90s",
                                       "alerts.rules.new={metric: waiting, compare: above, limit: 3, key: \"*\"}"};
    rs_config_t *config = must_load(text, sets, RS_ARRAY_LEN(sets));
    (void)state;
    assert_int_equal(config->rule_count, 3);
    assert_string_equal(config->rules[0].name.data, "slow");
    assert_string_equal(config->rules[0].window.data, "5m");
    assert_true(config->rules[0].limit == 30000 && config->rules[0].clear == 30000);
    assert_true(config->rules[1].limit == 90000 && config->rules[1].clear == 40000);
    assert_string_equal(config->rules[2].name.data, "new");
    assert_int_equal(config->rules[2].severity, RS_SEVERITY_WARNING);
    rs_config_destroy(&config);
}

static void a_rule_keeps_every_field(void **state) {
    static const char text[] =
        "alerts: {rules: {r: {metric: service_level, window: today, policy: short_excluded, by: queue, key: 'sales-*',"
        " tenant: acme, channel: chat, compare: below, limit: 0.7, clear: 0.75, for: 30s, clear_for: 2m,"
        " min_sample: 12, severity: critical, runbook: 'https://x.example'}}}\n";
    rs_config_t *config = must_load(text, NULL, 0);
    const rs_rule_config_t *rule = config->rules;
    (void)state;
    assert_int_equal(config->rule_count, 1);
    assert_string_equal(rule->metric.data, "service_level");
    assert_string_equal(rule->window.data, "today");
    assert_string_equal(rule->policy.data, "short_excluded");
    assert_string_equal(rule->key.data, "sales-*");
    assert_string_equal(rule->tenant.data, "acme");
    assert_string_equal(rule->runbook.data, "https://x.example");
    assert_int_equal(rule->channel, RS_CHANNEL_CHAT);
    assert_int_equal(rule->compare, RS_ALERT_BELOW);
    assert_int_equal(rule->severity, RS_SEVERITY_CRITICAL);
    assert_true(rule->limit == 0.7 && rule->clear == 0.75);
    assert_int_equal(rule->for_us, 30 * RS_US_PER_S);
    assert_int_equal(rule->clear_for_us, 2 * RS_US_PER_MIN);
    assert_int_equal(rule->min_sample, 12);
    rs_config_destroy(&config);
}

static void the_built_in_short_does_not_forbid_a_small_threshold(void **state) {
    static const char *const sets[] = {"queues.vip.threshold=3s"};
    rs_config_t *config = must_load("service_level: {threshold: 4s}\n", sets, 1);
    (void)state;
    assert_int_equal(config->queues[0].threshold_us, 3 * RS_US_PER_S);
    rs_config_destroy(&config);
}

static void endpoints_of_both_kinds_are_taken(void **state) {
    static const char *const good[] = {"tcp://127.0.0.1:6000", "tcp://*:6000",   "tcp://[::1]:6000",
                                       "tcp://127.0.0.1:*",    "ipc:///run/r/e", "ipc://*"};
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(good); i++) {
        char setting[128];
        const char *const sets[] = {setting};
        snprintf(setting, sizeof(setting), "ingest.events=%s", good[i]);
        rs_config_t *config = must_load("", sets, 1);
        assert_string_equal(config->events_endpoint.data, good[i]);
        rs_config_destroy(&config);
    }
}

static void names_of_any_script_survive(void **state) {
    rs_config_t *config = must_load(
        "queues: {Zürich: {threshold: 9s}, 'a \"b\"': {threshold: 8s}, \"\\u00e9\": {threshold: 7s}}\n", NULL, 0);
    (void)state;
    assert_int_equal(rs_config_standard(config, NULL, RS_STR("t"), rs_str("Zürich"), 1).threshold_us, 9 * RS_US_PER_S);
    assert_int_equal(rs_config_standard(config, NULL, RS_STR("t"), rs_str("a \"b\""), 1).threshold_us, 8 * RS_US_PER_S);
    assert_int_equal(rs_config_standard(config, NULL, RS_STR("t"), rs_str("é"), 1).threshold_us, 7 * RS_US_PER_S);
    rs_config_destroy(&config);
}

/* Sorting and look-up against a linear search that knows nothing of order. */
static void many_queues_are_found_each(void **state) {
    enum { COUNT = 3000 };
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    (void)state;
    fputs("queues:\n", stream);
    for (unsigned i = 0; i < COUNT; i++)
        fprintf(stream, "  q%u: {threshold: %us}\n", i * 7919u % COUNT, i * 7919u % COUNT + 6);
    fclose(stream);
    rs_config_t *config = must_load(text, NULL, 0);
    assert_int_equal(config->queue_count, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[16];
        snprintf(name, sizeof(name), "q%u", i);
        assert_int_equal(rs_config_standard(config, NULL, RS_STR("t"), rs_str(name), 1).threshold_us,
                         (i + 6) * RS_US_PER_S);
    }
    free(text);
    rs_config_destroy(&config);
}

static void the_print_ends_with_the_sum_of_the_bounds(void **state) {
    rs_config_t *config = NULL;
    rs_config_bound_t bounds[RS_CONFIG_BOUNDS];
    uint64_t sum = 0;
    char last[64];
    (void)state;
    assert_int_equal(rs_config_create_default(&config), RS_OK);
    const uint64_t total = rs_config_bounds(config, bounds);
    for (size_t i = 0; i < RS_CONFIG_BOUNDS; i++) {
        assert_int_equal(bounds[i].bytes, bounds[i].count * bounds[i].bytes_each);
        sum += bounds[i].bytes;
    }
    assert_int_equal(total, sum);
    char *text = printed(config);
    snprintf(last, sizeof(last), "memory.at_most = %.1f MiB\n", (double)total / 1048576.0);
    assert_string_equal(text + strlen(text) - strlen(last), last);
    free(text);
    rs_config_destroy(&config);
}

/* What is printed is what would load: every line of the print, given as --set, changes nothing. */
static void every_printed_setting_loads_to_itself(void **state) {
    const char *path = RS_SOURCE_DIR "/daemon/ringside.conf";
    rs_config_t *config = NULL;
    rs_config_error_t error;
    (void)state;
    assert_int_equal(rs_config_load(path, NULL, 0, &config, &error), RS_OK);
    char *text = printed(config);
    char *copy = strdup(text);
    char *sets[512];
    size_t count = 0;
    for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "memory.", 7) == 0 || strncmp(line, "disk.", 5) == 0 || strncmp(line, "policies.", 9) == 0) continue;
        char *equals = strstr(line, " = ");
        assert_non_null(equals);
        const char *value = strcmp(equals + 3, "(none)") == 0 ? "" : equals + 3;
        memmove(equals + 1, value, strlen(value) + 1);
        *equals = '=';
        assert_true(count < RS_ARRAY_LEN(sets));
        sets[count++] = line;
    }
    assert_true(count > 90);
    rs_config_t *again = NULL;
    const int status = rs_config_load(path, (const char *const *)sets, count, &again, &error);
    if (status != RS_OK) fail_msg("%s: %s", error.key, error.reason);
    char *second = printed(again);
    assert_string_equal(second, text);
    free(second);
    free(copy);
    free(text);
    rs_config_destroy(&again);
    rs_config_destroy(&config);
}

static void a_password_is_never_printed(void **state) {
    static const char *const rows[][2] = {
        {"host=x password=hunter2 dbname=y", "store.database = host=x password=*** dbname=y\n"},
        {"password = 'hun ter2' host=x", "store.database = password=*** host=x\n"},
        {"password='a\\'hunter2' host=x", "store.database = password=*** host=x\n"},
        {"postgresql://u:hunter2@h:5432/d?sslmode=require",
         "store.database = postgresql://u:***@h:5432/d?sslmode=require\n"},
        {"postgresql://h/d?user=u&password=hunter2&x=1", "store.database = postgresql://h/d?user=u&password=***&x=1\n"},
        {"sslpassword=hunter2", "store.database = sslpassword=***\n"},
        {"PASSWORD=hunter2", "store.database = password=***\n"},
        {"passfile=/etc/pgpass", "store.database = passfile=/etc/pgpass\n"}};
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        char setting[256];
        const char *const sets[] = {setting};
        snprintf(setting, sizeof(setting), "store.database=%s", rows[i][0]);
        rs_config_t *config = must_load("", sets, 1);
        char *text = printed(config);
        if (strstr(text, rows[i][1]) == NULL || strstr(text, "hunter2") != NULL)
            fail_msg("%s", strstr(text, "store.database"));
        free(text);
        rs_config_destroy(&config);
    }
}

static void a_configuration_keeps_its_text_and_the_text_makes_the_same(void **state) {
    static const char text[] = "# a comment\r\nqueues: {vip: {threshold: 30s}}\nwindows: [5m, 1h]\ntime: {zone: Europe/London}\n";
    (void)state;
    rs_config_t *config = must_load(text, NULL, 0), *again, *defaults;
    rs_config_error_t error;
    assert_true(rs_str_equal(config->text, rs_str(text)));
    assert_int_equal(rs_config_load_text(config->text, "the journal", &again, &error), RS_OK);
    assert_true(rs_str_equal(again->text, config->text) && rs_str_equal(again->file, RS_STR("the journal")));
    char *one = printed(config), *other = printed(again);
    assert_string_equal(one, other);
    free(one);
    free(other);
    assert_int_equal(rs_config_load_text(RS_STR(""), "nothing", &defaults, &error), RS_OK);
    assert_int_equal(defaults->text.len, 0);
    rs_config_destroy(&defaults);
    rs_config_destroy(&again);
    rs_config_destroy(&config);
}

static void a_text_that_is_none_is_refused_with_its_place(void **state) {
    (void)state;
    rs_config_t *config = NULL;
    rs_config_error_t error;
    assert_int_equal(rs_config_load_text(RS_STR("time:\n  latenes: 5m\n"), "the journal", &config, &error), RS_ERR_PARSE);
    assert_string_equal(error.file, "the journal");
    assert_int_equal(error.line, 2);
    char *longest = malloc(RS_CONFIG_TEXT_MAX + 1);
    assert_non_null(longest);
    memset(longest, '#', RS_CONFIG_TEXT_MAX + 1);
    assert_int_equal(rs_config_load_text((rs_str_t){longest, RS_CONFIG_TEXT_MAX}, "long", &config, &error), RS_OK);
    rs_config_destroy(&config);
    assert_int_equal(rs_config_load_text((rs_str_t){longest, RS_CONFIG_TEXT_MAX + 1}, "longer", &config, &error), RS_ERR_PARSE);
    free(longest);
}

const struct CMUnitTest load_tests[] = {
    cmocka_unit_test(nothing_at_all_is_the_defaults),
    cmocka_unit_test(the_defaults_are_those_that_scripts_rely_on),
    cmocka_unit_test(settings_go_over_the_file_in_their_order),
    cmocka_unit_test(a_setting_finds_the_item_of_a_list_by_its_name),
    cmocka_unit_test(a_rule_keeps_every_field),
    cmocka_unit_test(the_built_in_short_does_not_forbid_a_small_threshold),
    cmocka_unit_test(endpoints_of_both_kinds_are_taken),
    cmocka_unit_test(names_of_any_script_survive),
    cmocka_unit_test(many_queues_are_found_each),
    cmocka_unit_test(the_print_ends_with_the_sum_of_the_bounds),
    cmocka_unit_test(every_printed_setting_loads_to_itself),
    cmocka_unit_test(a_password_is_never_printed),
    cmocka_unit_test(a_configuration_keeps_its_text_and_the_text_makes_the_same),
    cmocka_unit_test(a_text_that_is_none_is_refused_with_its_place),
};
const size_t load_test_count = RS_ARRAY_LEN(load_tests);
