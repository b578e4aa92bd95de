#include "core_test.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_SETS = 24 };

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    core_test_t *test = context;
    (void)origin;
    (void)event;
    test->refused[reason]++;
}

static void on_alert(void *context, const rs_alert_transition_t *transition) {
    core_test_t *test = context;
    test->fired += transition->to == RS_ALERT_FIRING;
}

static size_t split(char *text, const char *sets[MAX_SETS]) {
    size_t count = 0;
    int depth = 0;
    sets[count++] = text;
    for (char *at = text; *at != 0; at++) {
        depth += (*at == '[') - (*at == ']');
        if (*at != ',' || depth != 0) continue;
        *at = 0;
        sets[count++] = at + 1;
    }
    return count;
}

int64_t core_test_at(int64_t seconds) { return (INT64_C(1700000100) / 900 * 900 + seconds) * RS_US_PER_S; }

void core_test_begin(core_test_t *test, const char *sets) { core_test_begin_with(test, sets, 1u << RS_ATTRIBUTION_EVENT); }

void core_test_begin_with(core_test_t *test, const char *sets, uint32_t attributions) {
    const char *list[MAX_SETS];
    char *text = strdup(sets == NULL ? "" : sets);
    rs_config_error_t error;
    *test = (core_test_t){.source = "test"};
    const size_t count = sets == NULL ? 0 : split(text, list);
    if (rs_config_load(NULL, list, count, &test->config, &error) != RS_OK) {
        char line[1024];
        rs_config_error_format(&error, line, sizeof line);
        fprintf(stderr, "%s\n", line);
        abort();
    }
    free(text);
    const rs_core_options_t options = {
        .config = test->config, .windows = true, .alerts = true, .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = attributions, .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S},
        .start_us = core_test_at(0), .run = 1, .hash_seed = 7,
        .effects = {.context = test, .on_verdict = on_verdict, .on_alert = on_alert}};
    RS_REQUIRE(rs_core_create(&options, &test->core) == RS_OK);
}

void core_test_end(core_test_t *test) {
    const char *why = "";
    if (rs_core_check(test->core, &why) != RS_OK) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    rs_core_destroy(&test->core);
    rs_config_destroy(&test->config);
}

void core_test_arrival(core_test_t *test, int64_t seconds) { test->arrival_us = core_test_at(seconds); }

rs_event_t core_test_make(core_test_t *test, rs_event_type_t type, const char *contact, const char *queue, const char *agent,
                          int64_t seconds) {
    return (rs_event_t){.occurred_us = core_test_at(seconds), .seq = ++test->seq, .present = RS_HAS_SEQ, .type = (uint8_t)type,
                        .source = rs_str(test->source), .contact_id = rs_str(contact), .queue = rs_str(queue), .agent = rs_str(agent)};
}

void core_test_event(core_test_t *test, rs_event_type_t type, const char *contact, const char *queue, const char *agent,
                     int64_t seconds) {
    const rs_event_t event = core_test_make(test, type, contact, queue, agent, seconds);
    const int64_t arrival_us = test->arrival_us != 0 ? test->arrival_us : event.occurred_us;
    rs_core_apply_event(test->core, &event, arrival_us, (rs_origin_t){0});
}

typedef struct wanted { rs_key_family_t family; rs_str_t name; rs_count_t count; int64_t sum; } wanted_t;

static void add_row(void *context, const rs_row_t *row) {
    wanted_t *wanted = context;
    if (row->key.family == wanted->family && rs_str_equal(row->key.name, wanted->name)) wanted->sum += row->counts[wanted->count];
}

int64_t core_test_count(core_test_t *test, rs_key_family_t family, const char *name, rs_count_t count) {
    wanted_t wanted = {.family = family, .name = rs_str(name), .count = count};
    rs_core_rows(test->core, add_row, &wanted);
    return wanted.sum;
}

rs_accounting_t core_test_accounting(const core_test_t *test) {
    for (uint32_t i = 0; i < rs_core_source_count(test->core); i++) {
        rs_accounting_t accounting;
        rs_core_accounting(test->core, i, &accounting);
        if (rs_str_equal(accounting.source, RS_STR("test"))) return accounting;
    }
    abort();
}
