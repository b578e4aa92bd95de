/* Every byte of every saved struct is spoken for: in its table as saved or as made again by loading, or padding. */
#include "core_state_tests.h"

#include "core/agent/agent_internal.h"
#include "core/alert/alert_internal.h"
#include "core/fcr/fcr_state.h"
#include "core/parts_state.h"

#include <stdlib.h>

/* The compiler knows which bytes are padding: gcc from 11 on, but not behind arrays of structs. Where it
 * does not, gaps are believed that the alignment of what follows explains. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define KNOWS_PADDING 1
#endif
#endif
#ifdef KNOWS_PADDING
#define CLEARS(type) \
    static void clear_##type(void *item) { __builtin_clear_padding((type *)item); }
#define CLEAR(type) clear_##type
#else
#define CLEARS(type)
#define CLEAR(type) NULL
#endif

/* A line for every saved struct: of which part, and its table's name. */
#define STRUCTS(X) \
    X(rs_core_t, "core", "core") X(rs_generation_t, "configurations", "generation") X(rs_policy_t, "configurations", "policy") \
    X(rs_queue_config_t, "configurations", "queue") X(rs_rule_config_t, "configurations", "rule") \
    X(rs_directory_t, "keys", "directory") X(rs_key_entry_t, "keys", "entry") \
    X(rs_sources_t, "sources", "sources") X(rs_source_t, "sources", "source") X(rs_session_t, "sources", "session") \
    X(rs_contacts_t, "contacts", "contacts") X(rs_contact_t, "contacts", "contact") X(rs_node_saved_t, "contacts", "event") \
    X(rs_story_t, "contacts", "story") X(rs_handling_t, "contacts", "handling") X(rs_event_text_t, "contacts", "text") \
    X(rs_journeys_t, "journeys", "journeys") X(rs_journey_t, "journeys", "journey") \
    X(rs_gauges_t, "gauges", "gauges") X(rs_crossing_t, "gauges", "crossing") \
    X(rs_rows_t, "rows", "rows") X(rs_cell_t, "rows", "cell") X(rs_sums_saved_t, "rows", "sums") X(rs_state_counts_t, "rows", "counts") \
    X(rs_alerts_t, "alerts", "alerts") X(rs__alert_key_t, "alerts", "key") X(rs__alert_instance_t, "alerts", "instance") \
    X(rs_detect_state_t, "alerts", "detector") X(rs_season_day_t, "alerts", "season") \
    X(rs_care_t, "alerts", "care") X(rs_silence_t, "alerts", "silence") \
    X(rs_calendar_span_t, "configurations", "span") X(rs_calendar_date_t, "configurations", "date") \
    X(rs_path_t, "contacts", "path") X(rs_closes_t, "closes", "closes") X(rs_close_fact_t, "closes", "fact") \
    X(rs_fcr_t, "fcr", "fcr") X(rs_fcr_saved_record_t, "fcr", "record") X(rs_fcr_tenant_t, "fcr", "tenant") \
    X(rs_fcr_listed_t, "fcr", "listed") \
    X(rs_agents_t, "agents", "agents") X(rs_agent_t, "agents", "agent") X(rs_agent_node_t, "agents", "event") \
    X(rs_agent_plan_t, "agents", "plan") X(rs_agent_handled_t, "agents", "handled") X(rs_agent_queue_t, "agents", "queue") \
    X(rs_queue_staff_t, "agents", "staff") X(rs_agent_live_t, "agents", "live") \
    X(rs_cases_t, "cases", "cases") X(rs_case_t, "cases", "case") X(rs_case_event_t, "cases", "event") \
    X(rs_case_story_t, "cases", "story") \
    X(rs_case_tenant_t, "cases", "tenant") X(rs_process_t, "process", "process") X(rs_edge_cell_t, "process", "cell") \
    X(rs_variant_t, "process", "variant") X(rs_predict_t, "prediction", "prediction") X(rs_predict_key_t, "prediction", "key") \
    X(rs_underway_t, "prediction", "underway") X(rs_seen_pair_t, "prediction", "seen") \
    X(rs_window_prediction_t, "prediction", "published") \
    X(rs_kept_sessions_t, "sessions", "kept_sessions") X(rs_kept_session_t, "sessions", "kept_session") \
    X(rs_outbox_t, "outbox", "outbox") X(rs_receiver_t, "outbox", "receiver") X(rs_alert_transition_t, "outbox", "transition") \
    X(rs_book_t, "facts", "book") X(rs_book_item_t, "facts", "item") X(rs_book_fact_t, "facts", "fact") X(rs_book_text_t, "facts", "text")
/* An event id's text is looked at in the contacts' part; agents and cases have the same struct. */
/* Tables of which only some is saved by design: config_state.c says what of a configuration, window_state.c makes its struct up. */
static const char *const partial[] = {"standards", "today", "counts", "text"};

#define X(type, part, table) CLEARS(type)
STRUCTS(X)
#undef X

typedef struct known { const char *part, *table; size_t size; void (*clear)(void *item); } known_t;
static const known_t known[] = {
#define X(type, part, table) {part, table, sizeof(type), CLEAR(type)},
    STRUCTS(X)
#undef X
};

static const rs_state_table_t *find_table(const char *part_name, const char *table_name) {
    for (uint32_t p = 0; rs_state_part_at(p) != NULL; p++) {
        const rs_state_part_t *part = rs_state_part_at(p);
        for (uint32_t t = 0; t < part->table_count; t++) {
            if (strcmp(part->name, part_name) == 0 && strcmp(part->tables[t]->name, table_name) == 0) return part->tables[t];
        }
    }
    fail_msg("part '%s' has no table '%s'", part_name, table_name);
    return NULL;
}

/* 1: a field's byte; *twice is set when two fields have one. */
static unsigned char *spoken_for(const rs_state_table_t *table, bool *twice) {
    unsigned char *bytes = calloc(1, table->item_bytes);
    assert_non_null(bytes);
    for (uint32_t i = 0; i < table->field_count; i++) {
        const rs_state_field_t *field = &table->fields[i];
        for (uint32_t b = 0; b < field->count * field->width; b++) {
            *twice = *twice || bytes[field->offset + b] != 0;
            bytes[field->offset + b] = 1;
        }
    }
    return bytes;
}

static bool compiler_knows(const known_t *one) {
    static const char *const behind_arrays[] = {"core", "contacts", "generation", "entry", "cell", "sums", "fcr", "tenant", "agents",
                                                "cases", "process", "outbox", "alerts", "transition"};
    bool knows = one->clear != NULL;
    for (size_t i = 0; i < RS_ARRAY_LEN(behind_arrays); i++) knows = knows && strcmp(behind_arrays[i], one->table) != 0;
    return knows;
}

static bool alignment_explains(size_t gap, size_t end) {
    static const size_t alignments[] = {2, 4, 8, 64};
    bool explained = false;
    for (size_t i = 0; i < RS_ARRAY_LEN(alignments); i++) explained = explained || (end % alignments[i] == 0 && gap < alignments[i]);
    return explained;
}

static void look_at_gaps(const known_t *one, const unsigned char *spoken) {
    for (size_t b = 0; b < one->size;) {
        size_t end = b;
        while (end < one->size && spoken[end] == 0) end++;
        if (end > b && !alignment_explains(end - b, end)) {
            fail_msg("table '%s': bytes %zu to %zu belong to a member that the table does not have", one->table, b, end);
        }
        b = end + 1;
    }
}

static void look_at_padding(const known_t *one, const unsigned char *spoken) {
    unsigned char *item = aligned_alloc(64, (one->size + 63) / 64 * 64);
    assert_non_null(item);
    memset(item, 0xff, one->size);
    one->clear(item);
    for (size_t b = 0; b < one->size; b++) {
        if (spoken[b] == 0 && item[b] != 0) {
            fail_msg("table '%s': byte %zu belongs to a member that the table does not have", one->table, b);
        }
    }
    free(item);
}

static void look_at(const known_t *one) {
    bool twice = false;
    const rs_state_table_t *table = find_table(one->part, one->table);
    assert_int_equal(table->item_bytes, one->size);
    unsigned char *spoken = spoken_for(table, &twice);
    if (twice) fail_msg("table '%s': two fields have the same bytes", one->table);
    look_at_gaps(one, spoken);
    if (compiler_knows(one)) look_at_padding(one, spoken);
    free(spoken);
}

static void every_member_of_a_saved_struct_is_in_its_table(void **state) {
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(known); i++) look_at(&known[i]);
}

static bool is_known(const rs_state_part_t *part, const rs_state_table_t *table) {
    bool found = false;
    for (size_t i = 0; i < RS_ARRAY_LEN(partial); i++) found = found || strcmp(partial[i], table->name) == 0;
    for (size_t i = 0; i < RS_ARRAY_LEN(known); i++) {
        found = found || (strcmp(known[i].part, part->name) == 0 && strcmp(known[i].table, table->name) == 0);
    }
    return found;
}

static void every_table_of_every_part_is_looked_at_here(void **state) {
    (void)state;
    for (uint32_t p = 0; rs_state_part_at(p) != NULL; p++) {
        const rs_state_part_t *part = rs_state_part_at(p);
        for (uint32_t t = 0; t < part->table_count; t++) {
            if (!is_known(part, part->tables[t])) fail_msg("part '%s': add its table '%s' to STRUCTS", part->name, part->tables[t]->name);
        }
    }
}

static void names_within_a_table_and_a_part_are_told_apart(void **state) {
    (void)state;
    for (uint32_t p = 0; rs_state_part_at(p) != NULL; p++) {
        const rs_state_part_t *part = rs_state_part_at(p);
        for (uint32_t o = 0; o < p; o++) assert_string_not_equal(part->name, rs_state_part_at(o)->name);
        for (uint32_t t = 0; t < part->table_count; t++) {
            const rs_state_table_t *table = part->tables[t];
            for (uint32_t o = 0; o < t; o++) assert_string_not_equal(table->name, part->tables[o]->name);
            for (uint32_t f = 0; f < table->field_count; f++) {
                for (uint32_t o = 0; o < f; o++) assert_string_not_equal(table->fields[f].name, table->fields[o].name);
            }
        }
    }
}

/* What stands in a file of this version. A change of a table or section is a new version: raise RS_STATE_VERSION (and the part's
 * version when what it writes beside items has changed), keep a file of the old one as a fixture, and note the new number here. */
static void the_tables_are_those_of_this_version(void **state) {
    (void)state;
    uint64_t print = RS_STATE_FORMAT;
    for (uint32_t p = 0; rs_state_part_at(p) != NULL; p++) {
        const rs_state_part_t *part = rs_state_part_at(p);
        print = rs_hash64(part->name, strlen(part->name), print) + part->version;
        for (uint32_t t = 0; t < part->table_count; t++) {
            print = rs_hash64(part->tables[t]->name, strlen(part->tables[t]->name), print);
            for (uint32_t f = 0; f < part->tables[t]->field_count; f++) {
                const rs_state_field_t *field = &part->tables[t]->fields[f];
                if (field->kind == RS_STATE_NOT_SAVED) continue;
                const uint64_t shape[] = {field->kind, field->width, field->count};
                print = rs_hash64(shape, sizeof shape, rs_hash64(field->name, strlen(field->name), print));
            }
        }
    }
    static const uint64_t prints[] = {[1] = UINT64_C(0x3635579a0274d3b6)};
    assert_true(RS_STATE_VERSION < RS_ARRAY_LEN(prints));
    if (print != prints[RS_STATE_VERSION]) {
        fail_msg("the tables of version %d are not what they were: %llx", RS_STATE_VERSION, (unsigned long long)print);
    }
}

const struct CMUnitTest table_tests[] = {
    cmocka_unit_test(every_member_of_a_saved_struct_is_in_its_table),
    cmocka_unit_test(every_table_of_every_part_is_looked_at_here),
    cmocka_unit_test(names_within_a_table_and_a_part_are_told_apart),
    cmocka_unit_test(the_tables_are_those_of_this_version),
};
const size_t table_test_count = RS_ARRAY_LEN(table_tests);
