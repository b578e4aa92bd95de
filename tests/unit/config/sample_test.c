/* The commented sample against the table. */
#include "config_tests.h"

#include "config/document.h"
#include "config/schema.h"

#define SAMPLE RS_SOURCE_DIR "/daemon/ringside.conf"

static char *read_sample(void) {
    FILE *file = fopen(SAMPLE, "r");
    assert_non_null(file);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    const size_t length = fread(text, 1, 65535, file);
    fclose(file);
    assert_true(length > 1000 && length < 65535);
    return text;
}

/* Takes the `#` away from every setting that is off (`#` and no blank behind it). */
static char *switch_on_examples(const char *sample) {
    char *text = calloc(1, strlen(sample) + 1);
    assert_non_null(text);
    size_t used = 0;
    bool leading = true;
    for (const char *c = sample; *c != '\0'; c++) {
        const bool example = leading && *c == '#' && c[1] != ' ' && c[1] != '\n' && c[1] != '\0';
        leading = *c == '\n' || (leading && *c == ' ');
        if (!example) text[used++] = *c;
    }
    return text;
}

static void without_its_rules_the_sample_is_the_defaults(void **state) {
    rs_config_t *defaults = NULL, *sample = NULL;
    rs_config_error_t error;
    (void)state;
    assert_int_equal(rs_config_create_default(&defaults), RS_OK);
    assert_int_equal(rs_config_load(SAMPLE, NULL, 0, &sample, &error), RS_OK);
    assert_int_equal(defaults->rule_count, 0);
    assert_int_equal(sample->rule_count, 9);
    sample->rule_count = 0;
    char *expected = printed(defaults), *text = printed(sample);
    assert_string_equal(text, expected);
    free(expected);
    free(text);
    rs_config_destroy(&defaults);
    rs_config_destroy(&sample);
}

static void the_rules_of_the_sample_are_those_for_a_voice_queue(void **state) {
    rs_config_t *sample = NULL;
    rs_config_error_t error;
    (void)state;
    assert_int_equal(rs_config_load(SAMPLE, NULL, 0, &sample, &error), RS_OK);
    const rs_rule_config_t *level = &sample->rules[0], *wait = &sample->rules[2];
    assert_string_equal(level->metric.data, "service_level");
    assert_string_equal(level->window.data, "30m");
    assert_int_equal(level->compare, RS_ALERT_BELOW);
    assert_true(level->limit == 0.50 && level->clear == 0.65);
    assert_int_equal(level->for_us, 3 * RS_US_PER_MIN);
    assert_int_equal(level->min_sample, 30);
    assert_string_equal(wait->metric.data, "oldest_wait");
    assert_true(wait->limit == 480000 && wait->clear == 180000);
    assert_int_equal(wait->for_us, RS_US_PER_MIN);
    rs_config_destroy(&sample);
}

/* The first item of a map or list stands for a name that users choose. */
static const rs_node_t *find(const rs_node_t *node, const char *path) {
    while (node != NULL && *path != '\0') {
        const size_t length = strcspn(path, ".");
        const rs_str_t part = {.data = path, .len = (uint32_t)length};
        path += length + (path[length] == '.');
        if (part.data[0] != '<') {
            node = rs__node_child(node, part);
            continue;
        }
        const rs_node_t *found = NULL;
        for (const rs_node_t *child = node->first; child != NULL && found == NULL; child = child->next)
            found = find(child, path);
        return found;
    }
    return node;
}

static void every_key_of_the_table_stands_in_the_sample_and_its_examples_load(void **state) {
    rs__config_arena_t *arena = NULL;
    rs_node_t *root = NULL;
    rs_config_error_t error;
    uint32_t count;
    const rs_schema_row_t *rows = rs__schema_rows(&count);
    (void)state;
    char *sample = read_sample();
    char *text = switch_on_examples(sample);
    assert_int_equal(rs__config_arena_create(&arena), RS_OK);
    assert_int_equal(rs__document_parse(rs_str(text), arena, &root, &error), RS_OK);
    for (uint32_t i = 0; i < count; i++)
        if (find(root, rows[i].path) == NULL) fail_msg("%s is not in the sample", rows[i].path);
    rs__config_arena_destroy(&arena);
    rs_config_t *config = must_load(text, NULL, 0);
    assert_int_equal(config->rule_count, 20);
    assert_int_equal(config->queue_count, 1);
    assert_int_equal(config->agent_count, 1);
    assert_int_equal(config->hours_count, 1);
    assert_int_equal(config->asterisk.member_count, 1);
    rs_config_destroy(&config);
    free(text);
    free(sample);
}

static void every_row_has_help_and_room(void **state) {
    uint32_t count;
    const rs_schema_row_t *rows = rs__schema_rows(&count);
    char allowed[RS_CONFIG_ALLOWED_TEXT];
    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(rows[i].help != NULL && strlen(rows[i].help) > 3);
        assert_ptr_equal(rs__schema_find(rows[i].path), &rows[i]);
        rs__schema_allowed(&rows[i], allowed, sizeof(allowed));
        assert_true(strlen(allowed) > 3 && strlen(allowed) < sizeof(allowed) - 1);
    }
}

const struct CMUnitTest sample_tests[] = {
    cmocka_unit_test(without_its_rules_the_sample_is_the_defaults),
    cmocka_unit_test(the_rules_of_the_sample_are_those_for_a_voice_queue),
    cmocka_unit_test(every_key_of_the_table_stands_in_the_sample_and_its_examples_load),
    cmocka_unit_test(every_row_has_help_and_room),
};
const size_t sample_test_count = RS_ARRAY_LEN(sample_tests);
