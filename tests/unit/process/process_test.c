#include "process_test.h"

#include <stdio.h>
#include <stdlib.h>

int64_t process_at(int64_t seconds) { return (INT64_C(1700000100) / 900 * 900 + seconds) * RS_US_PER_S; }

void process_begin(process_test_t *test, uint32_t edges, uint32_t variants) {
    *test = (process_test_t){0};
    RS_REQUIRE(rs_config_create_default(&test->config) == RS_OK);
    test->config->limits.edges = edges;
    test->config->limits.variants = variants;
    const rs_core_options_t options = {.config = test->config, .process = true, .attributions = 1u << RS_ATTRIBUTION_EVENT,
                                       .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S},
                                       .start_us = process_at(0), .run = 1, .hash_seed = 7};
    RS_REQUIRE(rs_core_create(&options, &test->core) == RS_OK);
}

void process_end(process_test_t *test) {
    rs_core_destroy(&test->core);
    rs_config_destroy(&test->config);
}

/* --- stories ---------------------------------------------------------------------------------------------------------- */
static rs_event_type_t type_named(const char *word) {
    static const char *const prefixes[] = {"contact.", "callback.", "survey.", "disposition."};
    for (unsigned type = 1; type < RS_EVENT_TYPE_COUNT; type++) {
        const char *name = rs_event_type_name((rs_event_type_t)type);
        if (strcmp(name, word) == 0) return (rs_event_type_t)type;
        for (size_t i = 0; i < RS_ARRAY_LEN(prefixes); i++) {
            const size_t len = strlen(prefixes[i]);
            if (strncmp(name, prefixes[i], len) == 0 && strcmp(name + len, word) == 0) return (rs_event_type_t)type;
        }
    }
    fprintf(stderr, "no event %s\n", word);
    abort();
}

static void take_word(rs_event_t *event, const char *key, const char *value) {
    if (strcmp(key, "q") == 0) event->queue = rs_str(value);
    else if (strcmp(key, "a") == 0) event->agent = rs_str(value);
    else if (strcmp(key, "t") == 0) event->tenant = rs_str(value);
    else if (strcmp(key, "tq") == 0) event->to_queue = rs_str(value);
    else if (strcmp(key, "ta") == 0) event->to_agent = rs_str(value);
    else if (strcmp(key, "s") == 0) event->source = rs_str(value);
    else if (strcmp(value, "callback") == 0) event->reason = RS_FLOW_CALLBACK;
    else if (strcmp(value, "timeout") == 0) event->reason = RS_FLOW_TIMEOUT;
    else if (strcmp(value, "external") == 0) event->kind = RS_TRANSFER_EXTERNAL;
    else if (strcmp(value, "flow") == 0) event->stage = RS_STAGE_FLOW;
    else abort();
}

static void tell_one(process_test_t *test, char *words) {
    char *rest = NULL, *word = strtok_r(words, " ", &rest);
    if (word == NULL) return;
    rs_event_t event = {.type = (uint8_t)type_named(word), .source = RS_STR("test"), .seq = ++test->seq, .present = RS_HAS_SEQ};
    event.contact_id = rs_str(strtok_r(NULL, " ", &rest));
    for (word = strtok_r(NULL, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *end;
        const double seconds = strtod(word, &end);
        if (*end == 0 && end != word) event.occurred_us = process_at(0) + (int64_t)(seconds * 1e6);
        else take_word(&event, word, strtok_r(NULL, " ", &rest));
    }
    rs_core_apply_event(test->core, &event, event.occurred_us, (rs_origin_t){0});
}

void process_tell(process_test_t *test, const char *story) {
    char *text = strdup(story), *rest = NULL;
    for (char *one = strtok_r(text, ";", &rest); one != NULL; one = strtok_r(NULL, ";", &rest)) tell_one(test, one);
    free(text);
}

/* --- in words ----------------------------------------------------------------------------------------------------------- */
static void add_text(process_test_t *test, const char *text) {
    const size_t len = strlen(test->text);
    snprintf(test->text + len, sizeof test->text - len, "%s", text);
}

void process_map(process_test_t *test, rs_process_map_t *map) {
    assert_int_equal(rs_core_process_map(test->core, RS_STR("default"), INT64_MIN, INT64_MAX, map), RS_OK);
}

const char *process_edges(process_test_t *test) {
    rs_process_map_t map;
    process_map(test, &map);
    test->text[0] = 0;
    for (uint32_t i = 0; i < map.edge_count; i++) {
        const rs_map_edge_t *edge = &map.edges[i];
        char from[RS_STAGE_TEXT], to[RS_STAGE_TEXT], text[300];
        rs_stage_name_text(&edge->from, from);
        rs_stage_name_text(&edge->to, to);
        if (edge->count == 0) {
            assert_int_equal(edge->time_us, 0);
            assert_int_equal(edge->time_count, 0);
            continue;
        }
        if (edge->from.kind == RS_PROCESS_BEGIN) snprintf(text, sizeof text, "%s>%s %lld", from, to, (long long)edge->count);
        else snprintf(text, sizeof text, "%s>%s %lld/%gs", from, to, (long long)edge->count, (double)edge->time_us / 1e6);
        if (test->text[0] != 0) add_text(test, " | ");
        add_text(test, text);
        int64_t timed = 0;
        for (uint32_t t = 0; t < edge->time_count; t++) timed += edge->times[t].count;
        assert_int_equal(timed, edge->from.kind == RS_PROCESS_BEGIN ? 0 : edge->count);
    }
    rs_process_map_deinit(&map);
    return test->text;
}

static void add_variant(void *context, const rs_variant_row_t *row) {
    process_test_t *test = context;
    char text[RS_STAGE_TEXT + 64];
    if (test->text[0] != 0) add_text(test, " | ");
    for (uint32_t i = 0; i < row->length; i++) {
        rs_stage_name_text(&row->stages[i], text);
        add_text(test, text);
        add_text(test, ",");
    }
    snprintf(text, sizeof text, "%s%s %lld/%gs", row->cut ? "+," : "", rs_process_kind_name(row->end), (long long)row->count,
             (double)row->path_us / 1e6);
    add_text(test, text);
    if (row->error == 0) return;
    snprintf(text, sizeof text, "~%lld", (long long)row->error);
    add_text(test, text);
}

const char *process_variants(process_test_t *test) {
    test->text[0] = 0;
    rs_core_process_variants(test->core, add_variant, test);
    return test->text;
}
