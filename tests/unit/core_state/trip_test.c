/* A whole core there and back. */
#include "core_state_tests.h"
#include "state_sample.h"

#include <stdlib.h>

static state_bytes_t saved_of(const rs_core_t *core) {
    state_bytes_t state = {0};
    state_save(core, &state);
    return state;
}

static void expect_same(const state_bytes_t *a, const state_bytes_t *b) {
    char text[256];
    if (state_equal(a, b)) return;
    state_describe_difference(a, b, text, sizeof text);
    fail_msg("%s", text);
}

static void the_sample_has_a_bit_of_everything(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    const rs_core_t *core = sample.core;
    assert_true(sample.transitions > 2);
    assert_true(core->contacts.nodes.live > 10 && core->contacts.stories.made + core->contacts.handlings.live > 2);
    assert_true(core->contacts.texts.live > 0 && core->contacts.rederived > 0);
    assert_true(core->journeys.on && core->journeys.pool.live > 5);
    assert_true(core->gauges.waiting_keys != 0 && core->gauges.crossing_count + core->rows.changed.rows > 0);
    assert_true(core->rows.cells.live > 5 && core->generation_count == 2);
    assert_true(core->sources.source_count > 2 && core->sources.young.count == 1);
    assert_true(core->closes.facts.live > 5 && core->process.cells.live > 3 && core->process.variants.pool.live > 0);
    assert_true(core->contacts.paths.live > 3 && core->predict.underway.live > 0 && core->predict.waiting_count > 0);
    assert_true(core->fcr.tables.records.live > 1 && core->cases.cases.live == 1 && rs_core_agent_count(core) > 0);
    state_sample_end(&sample);
}

static void note_open(void *context, const rs_alert_transition_t *transition) { *(rs_alert_transition_t *)context = *transition; }

static void say(rs_core_t *core, const rs_command_t *command) {
    unsigned char bytes[RS_RECORD_MAX];
    const size_t len = rs_record_write_command(command, (rs_origin_t){0}, bytes);
    assert_int_equal(rs_core_apply(core, RS_RECORD_COMMAND, bytes, len, core->position + 1), RS_OK);
}

static void what_people_said_of_open_alerts_and_silences_are_loaded(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    rs_alert_transition_t open = {0};
    rs_core_present_alerts(sample.core, note_open, &open);
    assert_true(open.episode != 0);
    const int64_t now_us = sample.core->now_us;
    say(sample.core, &(rs_command_t){.what = RS_COMMAND_ACKNOWLEDGE, .sticky = true, .at_us = now_us, .until_us = now_us + RS_US_PER_HOUR,
                                     .episode = open.episode, .who = RS_STR("anna"), .text = RS_STR("I call for help")});
    say(sample.core, &(rs_command_t){.what = RS_COMMAND_SILENCE, .at_us = now_us, .until_us = now_us + RS_US_PER_HOUR,
                                     .who = RS_STR("berta"), .rule = RS_STR("some*"), .text = RS_STR("the platform moves")});
    state_bytes_t saved = saved_of(sample.core);
    rs_core_t *loaded = NULL;
    char what[RS_STATE_WHAT_BYTES];
    if (state_load(&sample.options, &saved, 3, what, &loaded) != RS_OK) fail_msg("%s", what);
    state_bytes_t again = saved_of(loaded);
    expect_same(&saved, &again);
    rs_core_present_alerts(loaded, note_open, &open);
    assert_true(open.acknowledged && open.sticky && rs_str_equal(open.who, RS_STR("anna")) &&
                rs_str_equal(open.text, RS_STR("I call for help")));
    const rs_silence_t *silence = rs_alerts_silence(loaded->alerts, 0);
    assert_non_null(silence);
    assert_string_equal(silence->rule, "some*");
    assert_string_equal(silence->why, "the platform moves");
    assert_null(rs_alerts_silence(loaded->alerts, 1));
    rs_core_destroy(&loaded);
    state_free(&saved);
    state_free(&again);
    state_sample_end(&sample);
}

static void what_is_loaded_saves_the_same_bytes_and_goes_on_the_same(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    state_bytes_t saved = saved_of(sample.core);
    rs_core_t *loaded = NULL, *original = sample.core;
    char what[RS_STATE_WHAT_BYTES];
    if (state_load(&sample.options, &saved, 3, what, &loaded) != RS_OK) fail_msg("%s", what);
    state_bytes_t again = saved_of(loaded);
    expect_same(&saved, &again);
    assert_memory_equal(&saved.hash, &again.hash, sizeof saved.hash);
    const uint64_t seq = sample.seq;
    for (int64_t i = 1; i < 30; i++) state_sample_go_on(&sample, 300 + i * 400);
    sample.core = loaded;
    sample.seq = seq;
    for (int64_t i = 1; i < 30; i++) state_sample_go_on(&sample, 300 + i * 400);
    const char *why = "";
    assert_int_equal(rs_core_check(loaded, &why), RS_OK);
    state_bytes_t one = saved_of(original), other = saved_of(loaded);
    expect_same(&one, &other);
    rs_core_destroy(&loaded);
    sample.core = original;
    state_free(&saved);
    state_free(&again);
    state_free(&one);
    state_free(&other);
    state_sample_end(&sample);
}

static void saving_and_reading_rows_change_nothing(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    state_bytes_t first = saved_of(sample.core);
    rs_core_rows(sample.core, state_sample_ignore_row, NULL);
    state_bytes_t second = saved_of(sample.core);
    expect_same(&first, &second);
    rs_hash128_t hash;
    assert_int_equal(rs_core_save(sample.core, NULL, &hash), RS_OK);
    assert_memory_equal(&hash, &first.hash, sizeof hash);
    state_sample_go_on(&sample, 500);
    assert_int_equal(rs_core_save(sample.core, NULL, &hash), RS_OK);
    assert_memory_not_equal(&hash, &first.hash, sizeof hash);
    state_free(&first);
    state_free(&second);
    state_sample_end(&sample);
}

/* --- options that do not fit ------------------------------------------------------------------------------------------- */
static void expect_refused(const state_sample_t *sample, const rs_core_options_t *options, int expected, const char *words) {
    state_bytes_t saved = saved_of(sample->core);
    rs_core_t *core = NULL;
    char what[RS_STATE_WHAT_BYTES];
    assert_int_equal(state_load(options, &saved, 0, what, &core), expected);
    assert_null(core);
    if (strstr(what, words) == NULL) fail_msg("'%s' does not say '%s'", what, words);
    state_free(&saved);
}

static void a_state_of_other_options_is_refused(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    rs_core_options_t options = sample.options;
    options.families = 1;
    expect_refused(&sample, &options, RS_ERR_STATE, "other families");
    options = sample.options;
    options.attributions = 1;
    expect_refused(&sample, &options, RS_ERR_STATE, "other attributions");
    options = sample.options;
    options.interval.length_us *= 2;
    expect_refused(&sample, &options, RS_ERR_STATE, "other intervals");
    options = sample.options;
    options.replay = true;
    expect_refused(&sample, &options, RS_ERR_STATE, "replay");
    options = sample.options;
    options.windows = options.alerts = false;
    expect_refused(&sample, &options, RS_ERR_STATE, "windows");
    options = sample.options;
    options.process = false;
    expect_refused(&sample, &options, RS_ERR_STATE, "map of the process");
    state_sample_end(&sample);
}

/* Whoever does not want single contacts kept any more, or wants them from now on, needs no other state for it. */
static void facts_of_contacts_may_be_turned_off_and_on(void **state) {
    (void)state;
    state_sample_t sample;
    rs_core_t *without = NULL, *with = NULL;
    state_sample_begin(&sample);
    assert_true(sample.core->book.items.live > 0);
    state_bytes_t saved = saved_of(sample.core), again;
    rs_core_options_t options = sample.options;
    options.facts = false;
    assert_int_equal(state_load(&options, &saved, 0, NULL, &without), RS_OK);
    assert_int_equal(rs_core_facts_dirty(without), 0);
    again = saved_of(without);
    assert_int_equal(state_load(&sample.options, &again, 0, NULL, &with), RS_OK);
    assert_true(with->book.on && with->book.items.live == 0 && with->book.run == sample.core->book.run);
    rs_core_destroy(&without);
    rs_core_destroy(&with);
    state_free(&saved);
    state_free(&again);
    state_sample_end(&sample);
}

static void a_state_of_features_that_are_off_now_is_refused(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    rs_config_t config = *sample.configs[1];
    rs_core_options_t options = sample.options;
    options.config = &config;
    config.limits.customers = 0;
    expect_refused(&sample, &options, RS_ERR_STATE, "limits.customers");
    config = *sample.configs[1];
    config.prediction.horizon_us = 0;
    expect_refused(&sample, &options, RS_ERR_STATE, "prediction");
    state_sample_end(&sample);
}

static void another_repeat_window_holds_for_journeys_to_come_only(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    state_bytes_t saved = saved_of(sample.core);
    rs_config_t config = *sample.configs[1];
    rs_core_options_t options = sample.options;
    rs_core_t *core = NULL;
    options.config = &config;
    config.fcr.repeat_window_us = RS_US_PER_HOUR;
    assert_int_equal(state_load(&options, &saved, 0, NULL, &core), RS_OK);
    assert_int_equal(core->generation_count, sample.core->generation_count + 1);
    assert_int_equal(rs_fcr_window(&core->fcr), RS_US_PER_HOUR);
    const rs_fcr_record_t *record = rs_fcr_record_at(&core->fcr.tables, 1);
    assert_int_equal(core->fcr.settings[record->settings].config->repeat_window_us, sample.configs[0]->fcr.repeat_window_us);
    rs_core_destroy(&core);
    state_free(&saved);
    state_sample_end(&sample);
}

static void smaller_limits_than_the_state_needs_are_refused_by_name(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    rs_config_t config = *sample.configs[1];
    rs_core_options_t options = sample.options;
    options.config = &config;
    config.limits.contacts = 3;
    expect_refused(&sample, &options, RS_ERR_LIMIT, "limits.contacts");
    config.limits = sample.configs[1]->limits;
    config.limits.rows = 4;
    expect_refused(&sample, &options, RS_ERR_LIMIT, "limits.rows");
    config.limits = sample.configs[1]->limits;
    config.limits.alerts = 1;
    expect_refused(&sample, &options, RS_ERR_LIMIT, "limits.alerts");
    config.limits = sample.configs[1]->limits;
    config.limits.sources = 1;
    expect_refused(&sample, &options, RS_ERR_LIMIT, "sources");
    config.limits = sample.configs[1]->limits;
    config.limits.tenants = 1;
    expect_refused(&sample, &options, RS_ERR_LIMIT, "tenants");
    config.limits = sample.configs[1]->limits;
    config.window_count--;   /* a shorter longest window: fine */
    config.limits.contacts *= 2;
    config.limits.rows *= 2;
    state_bytes_t saved = saved_of(sample.core);
    rs_core_t *core = NULL;
    char what[RS_STATE_WHAT_BYTES];
    if (state_load(&options, &saved, 0, what, &core) != RS_OK) fail_msg("%s", what);
    const char *why = "";
    assert_int_equal(rs_core_check(core, &why), RS_OK);
    rs_core_destroy(&core);
    state_free(&saved);
    state_sample_end(&sample);
}

/* --- another configuration ----------------------------------------------------------------------------------------------- */
static void another_configuration_follows_the_saved_one_as_in_a_reload(void **state) {
    (void)state;
    state_sample_t sample, reloaded;
    state_sample_begin(&sample);
    state_sample_begin(&reloaded);
    state_bytes_t saved = saved_of(sample.core);
    rs_core_destroy(&sample.core);
    rs_rule_config_t rules[2];
    rs_config_t config = *sample.configs[1];
    memcpy(rules, config.rules, sizeof rules);
    config.rules = rules;
    config.rule_count = 2;
    rules[0].limit = 100;
    rules[1].name = RS_STR("renamed");
    sample.options.config = &config;
    const uint32_t before = sample.transitions;
    char what[RS_STATE_WHAT_BYTES];
    if (state_load(&sample.options, &saved, 0, what, &sample.core) != RS_OK) fail_msg("%s", what);
    const uint32_t before_reload = reloaded.transitions;
    assert_int_equal(rs_core_configure(reloaded.core, &config), RS_OK);
    assert_true(sample.transitions > before);
    assert_int_equal(sample.transitions - before, reloaded.transitions - before_reload);
    assert_int_equal(sample.core->generation_count, 2);   /* other rules are no other figures */
    for (int64_t i = 1; i < 5; i++) {
        state_sample_go_on(&sample, 300 + i * 400);
        state_sample_go_on(&reloaded, 300 + i * 400);
    }
    state_bytes_t one = saved_of(sample.core), other = saved_of(reloaded.core);
    expect_same(&one, &other);
    state_free(&one);
    state_free(&other);
    state_free(&saved);
    state_sample_end(&sample);
    state_sample_end(&reloaded);
}

/* The files of the configurations before are gone: what they said of thresholds is in the state. */
static void thresholds_of_before_hold_for_what_was_before(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    state_bytes_t saved = saved_of(sample.core);
    rs_core_destroy(&sample.core);
    rs_config_t config = *sample.configs[1];
    sample.options.config = &config;   /* equal, elsewhere */
    char what[RS_STATE_WHAT_BYTES];
    if (state_load(&sample.options, &saved, 0, what, &sample.core) != RS_OK) fail_msg("%s", what);
    assert_int_equal(sample.core->generation_count, 2);
    const rs_generation_t *oldest = &sample.core->generations[0];
    assert_ptr_not_equal(oldest->config, sample.configs[0]);
    assert_ptr_equal(sample.core->generations[1].config, &config);
    const rs_standard_t before = rs_config_standard(oldest->config, NULL, RS_STR("default"), RS_STR("sales"), RS_CHANNEL_VOICE);
    const rs_standard_t now = rs_config_standard(&config, NULL, RS_STR("default"), RS_STR("sales"), RS_CHANNEL_VOICE);
    assert_int_equal(before.threshold_us, 15 * RS_US_PER_S);
    assert_int_equal(now.threshold_us, 7 * RS_US_PER_S);
    state_free(&saved);
    state_sample_end(&sample);
}

/* --- damage ---------------------------------------------------------------------------------------------------------------- */
static void a_damaged_core_is_never_loaded(void **state) {
    (void)state;
    state_sample_t sample;
    state_sample_begin(&sample);
    state_bytes_t saved = saved_of(sample.core);
    for (size_t at = 0; at < saved.len; at += 13) {
        rs_core_t *core = NULL;
        saved.bytes[at] ^= (unsigned char)(1u << (at % 8));
        const int status = state_load(&sample.options, &saved, 0, NULL, &core);
        if (status != RS_ERR_PARSE && status != RS_ERR_VERSION) fail_msg("byte %zu: %s", at, rs_status_text(status));
        saved.bytes[at] ^= (unsigned char)(1u << (at % 8));
    }
    const size_t whole = saved.len;
    for (saved.len = 0; saved.len < whole; saved.len += 101) {
        rs_core_t *core = NULL;
        assert_int_equal(state_load(&sample.options, &saved, 0, NULL, &core), RS_ERR_PARSE);
    }
    state_free(&saved);
    state_sample_end(&sample);
}

/* --- a file of version 1 ------------------------------------------------------------------------------------------------------ */
static void count_rows(void *context, const rs_row_t *row) {
    int64_t *sums = context;
    if (row->key.family != RS_FAMILY_TOTAL || row->attribution != RS_ATTRIBUTION_EVENT) return;
    sums[0] += row->counts[RS_COUNT_OFFERED];
    sums[1] += row->counts[RS_COUNT_ANSWERED];
    sums[2] += row->counts[RS_COUNT_TALK_US];
    sums[3] += row->still_open;
}

static void a_state_of_the_first_version_is_still_read(void **state) {
    (void)state;
    static const char path[] = RS_SOURCE_DIR "/tests/fixtures/state/version-1.state";
    state_sample_t sample;
    state_sample_begin(&sample);
    if (getenv("RS_WRITE_STATE") != NULL) {   /* how the file was made */
        state_bytes_t now = saved_of(sample.core);
        FILE *out = fopen(getenv("RS_WRITE_STATE"), "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(now.bytes, 1, now.len, out), now.len);
        fclose(out);
        state_free(&now);
    }
    state_bytes_t file = {.room = 1 << 20};
    file.bytes = malloc(file.room);
    FILE *in = fopen(path, "rb");
    if (in == NULL) fail_msg("%s is not there", path);
    file.len = fread(file.bytes, 1, file.room, in);
    fclose(in);
    rs_core_t *core = NULL;
    char what[RS_STATE_WHAT_BYTES];
    if (state_load(&sample.options, &file, 0, what, &core) != RS_OK) fail_msg("%s", what);
    int64_t is[4] = {0}, should_be[4] = {0};
    rs_core_rows(core, count_rows, is);
    rs_core_rows(sample.core, count_rows, should_be);
    assert_true(should_be[0] > 5 && should_be[1] > 1);
    assert_memory_equal(is, should_be, sizeof is);
    rs_core_destroy(&core);
    state_free(&file);
    state_sample_end(&sample);
}

const struct CMUnitTest trip_tests[] = {
    cmocka_unit_test(the_sample_has_a_bit_of_everything),
    cmocka_unit_test(what_is_loaded_saves_the_same_bytes_and_goes_on_the_same),
        cmocka_unit_test(what_people_said_of_open_alerts_and_silences_are_loaded),
    cmocka_unit_test(saving_and_reading_rows_change_nothing),
    cmocka_unit_test(a_state_of_other_options_is_refused),
    cmocka_unit_test(facts_of_contacts_may_be_turned_off_and_on),
    cmocka_unit_test(a_state_of_features_that_are_off_now_is_refused),
    cmocka_unit_test(another_repeat_window_holds_for_journeys_to_come_only),
    cmocka_unit_test(smaller_limits_than_the_state_needs_are_refused_by_name),
    cmocka_unit_test(another_configuration_follows_the_saved_one_as_in_a_reload),
    cmocka_unit_test(thresholds_of_before_hold_for_what_was_before),
    cmocka_unit_test(a_damaged_core_is_never_loaded),
    cmocka_unit_test(a_state_of_the_first_version_is_still_read),
};
const size_t trip_test_count = RS_ARRAY_LEN(trip_tests);
