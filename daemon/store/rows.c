/* Rows and policies as PostgreSQL sees them: columns, staging, merging. */
#include "store/feeds.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Columns of every …_interval_part after the dimensions, in the order in which rows are encoded. */
static const char *const columns[] = {
    "interval_start", "interval_s", "attribution", "stream_id", "run", "part", "revision", "final", "still_open", "threshold_us",
    "thresholds_us", "threshold_legs",
#define RS_X(NAME, name) #name,
    RS_COUNTS(RS_X)
#undef RS_X
#define RS_X(NAME, name, is_max) #name "_us",
    RS_EXTREMES(RS_X)
#undef RS_X
    "sl_policy", "sl_version", "sl_num", "sl_den",
#define RS_X(NAME, name) #name "_bucket", #name "_count",
    RS_HISTOGRAMS(RS_X)
#undef RS_X
};
enum { KEY_COLUMNS = 6 };   /* … of the columns above belong to the key, beside the dimensions */

/* The slots' own counts are not stored by slot number but in the sl_… arrays; they are the last counts. */
static_assert(RS_COUNT_SL_NUM_0 + 2 * RS_MAX_POLICIES == RS_COUNT_COUNT, "the policies' counts are the last ones");
static bool is_slot_column(const char *name) {
    return strncmp(name, "sl_num_", 7) == 0 || strncmp(name, "sl_den_", 7) == 0;
}

/* i-th column that is stored, NULL past the end. */
static const char *stored_column(size_t i) {
    for (size_t at = 0; at < RS_ARRAY_LEN(columns); at++) {
        if (is_slot_column(columns[at])) continue;
        if (i-- == 0) return columns[at];
    }
    return NULL;
}
const char *rs__rows_column(size_t i) { return stored_column(i); }
size_t rs__rows_columns(void) { return RS_ARRAY_LEN(columns) - 2 * RS_MAX_POLICIES; }

typedef struct family { const char *table, *dimensions, *selected; } family_t;
static const family_t family_tables[RS_FAMILY_COUNT] = {
    [RS_FAMILY_QUEUE] = {"queue", "tenant, queue, channel", "tenant, name, channel"},
    [RS_FAMILY_CHANNEL] = {"channel", "tenant, channel", "tenant, channel"},
    [RS_FAMILY_TOTAL] = {"total", "tenant", "tenant"},
    [RS_FAMILY_AGENT] = {"agent", "tenant, agent", "tenant, name"},
    [RS_FAMILY_TEAM] = {"team", "tenant, team", "tenant, name"},
};

static void list_columns(rs__buffer_t *sql, const char *before_each) {
    for (size_t i = 0; i < rs__rows_columns(); i++) rs__buffer_print(sql, ", %s%s", before_each, stored_column(i));
}

static void merge_family(rs__buffer_t *sql, unsigned family) {
    const family_t *f = &family_tables[family];
    rs__buffer_print(sql, "INSERT INTO ringside.%s_interval_part AS had (%s", f->table, f->dimensions);
    list_columns(sql, "");
    rs__buffer_print(sql, ") SELECT %s", f->selected);
    list_columns(sql, "");
    rs__buffer_print(sql, " FROM pg_temp.ringside_rows WHERE family = %u ON CONFLICT (%s", family, f->dimensions);
    for (size_t i = 0; i < KEY_COLUMNS; i++)
        if (i != 1) rs__buffer_print(sql, ", %s", stored_column(i));
    rs__buffer_print(sql, ") DO UPDATE SET stored_at = now()");
    for (size_t i = KEY_COLUMNS; i < rs__rows_columns(); i++)
        rs__buffer_print(sql, ", %s = excluded.%s", stored_column(i), stored_column(i));
    rs__buffer_print(sql, " WHERE had.revision < excluded.revision;\n");
}

void rs__rows_merge_sql(uint32_t families, rs__buffer_t *sql) {
    for (unsigned family = 0; family < RS_FAMILY_COUNT; family++)
        if ((families & 1u << family) != 0) merge_family(sql, family);
}

int rs__rows_sql(rs__feed_sql_t *sql) {
    rs__buffer_t text = {0};
    rs__buffer_print(&text, "CREATE TEMPORARY TABLE ringside_rows ON COMMIT DELETE ROWS AS SELECT 0::smallint AS family, tenant,"
                            " queue AS name, channel");
    list_columns(&text, "");
    rs__buffer_print(&text, " FROM ringside.queue_interval_part WITH NO DATA");
    sql->stage = rs__buffer_taken(&text);

    sql->copy = strdup("COPY pg_temp.ringside_rows FROM STDIN (FORMAT binary)");

    sql->merge = strdup("");   /* rs__rows_merge_sql */
    if (sql->stage != NULL && sql->copy != NULL && sql->merge != NULL) return RS_OK;
    rs__feed_sql_deinit(sql);
    return RS_ERR_MEMORY;
}

void rs__feed_sql_deinit(rs__feed_sql_t *sql) {
    free(sql->stage);
    free(sql->copy);
    free(sql->merge);
    *sql = (rs__feed_sql_t){0};
}

static const char *const attribution_names[RS_ATTRIBUTION_COUNT] = {"event", "enter", "close"};

static void encode_optional(rs__buffer_t *buffer, int64_t value) {
    if (value < 0) rs__copy_null(buffer);
    else rs__copy_int8(buffer, value);
}

static void encode_thresholds(const rs_row_t *row, rs__buffer_t *buffer) {
    for (unsigned i = 0; i < 2; i++) {
        if (row->threshold_count == 0) rs__copy_null(buffer);
        else rs__copy_int8_array(buffer, i == 0 ? row->thresholds_us : row->threshold_legs, row->threshold_count);
    }
}

static void encode_service_level(const rs_row_t *row, rs__buffer_t *buffer) {
    const char *names[RS_MAX_POLICIES];
    int32_t versions[RS_MAX_POLICIES];
    int64_t numerators[RS_MAX_POLICIES], denominators[RS_MAX_POLICIES];
    size_t count = 0;
    for (uint32_t slot = 0; slot < RS_MAX_POLICIES; slot++) {
        const rs_policy_t *policy = row->policies[slot];
        if (policy == NULL) continue;
        names[count] = policy->name;
        versions[count] = (int32_t)policy->version;
        numerators[count] = row->counts[RS_COUNT_SL_NUM_0 + slot];
        denominators[count] = row->counts[RS_COUNT_SL_DEN_0 + slot];
        count++;
    }
    if (row->key.family == RS_FAMILY_AGENT || row->key.family == RS_FAMILY_TEAM) count = 0;   /* legs are not theirs */
    rs__copy_text_array(buffer, names, count);
    rs__copy_int4_array(buffer, versions, count);
    rs__copy_int8_array(buffer, numerators, count);
    rs__copy_int8_array(buffer, denominators, count);
}

void rs__rows_encode(const rs_row_batch_t *batch, uint32_t i, int64_t run, int32_t stream_id, rs__buffer_t *buffer) {
    const rs_row_t *row = rs_row_batch_at(batch, i);
    RS_REQUIRE(row->key.family < RS_FAMILY_COUNT && row->attribution < RS_ATTRIBUTION_COUNT);
    rs__copy_row(buffer, (int16_t)(4 + rs__rows_columns()));
    rs__copy_int2(buffer, row->key.family);
    rs__copy_text(buffer, row->key.tenant);
    rs__copy_text_or_null(buffer, row->key.name);
    rs__copy_cstring(buffer, rs_channel_name(row->key.channel));

    rs__copy_time(buffer, row->start_us);
    rs__copy_int4(buffer, (int32_t)(row->length_us / RS_US_PER_S));
    rs__copy_cstring(buffer, attribution_names[row->attribution]);
    rs__copy_int4(buffer, stream_id);
    rs__copy_int8(buffer, run);
    rs__copy_int8(buffer, (int64_t)row->part);
    rs__copy_int8(buffer, (int64_t)row->revision);
    rs__copy_bool(buffer, row->final);
    rs__copy_int8(buffer, row->still_open);
    encode_optional(buffer, row->threshold_us);
    encode_thresholds(row, buffer);
    for (unsigned count = 0; count < RS_COUNT_SL_NUM_0; count++) rs__copy_int8(buffer, row->counts[count]);
    for (unsigned extreme = 0; extreme < RS_EXTREME_COUNT; extreme++) encode_optional(buffer, row->extremes[extreme]);
    encode_service_level(row, buffer);
    for (unsigned histogram = 0; histogram < RS_HIST_COUNT; histogram++)
        rs__copy_histogram(buffer, row->histograms[histogram], row->histogram_sizes[histogram]);
}

/* --- policies ------------------------------------------------------------------------------------------------------ */
int rs__policies_sql(rs__feed_sql_t *sql) {
    sql->stage = strdup("CREATE TEMPORARY TABLE ringside_policies (name text, version integer, definition jsonb)"
                        " ON COMMIT DELETE ROWS");
    sql->copy = strdup("COPY pg_temp.ringside_policies FROM STDIN (FORMAT binary)");
    sql->merge = strdup("INSERT INTO ringside.policy (name, version, definition)"
                        " SELECT name, version, definition FROM pg_temp.ringside_policies ON CONFLICT DO NOTHING");
    if (sql->stage != NULL && sql->copy != NULL && sql->merge != NULL) return RS_OK;
    rs__feed_sql_deinit(sql);
    return RS_ERR_MEMORY;
}

static const char *const rule_names[] = {"exclude", "miss", "hit", "hit_if_within", "exclude_if_within"};
static const char *rule_name(unsigned rule) { return rule < RS_ARRAY_LEN(rule_names) ? rule_names[rule] : ""; }

static void print_ms(rs__buffer_t *json, const char *name, int64_t us) {
    if (us < 0) rs__buffer_print(json, "\"%s\": null, ", name);
    else rs__buffer_print(json, "\"%s\": %" PRId64 ", ", name, us / RS_US_PER_MS);
}

static void print_policy(const rs_policy_t *policy, rs__buffer_t *json) {
#define RS_X(NAME, text) text,
    static const char *const reasons[RS_FLOW_COUNT] = {"", RS_FLOW_REASONS(RS_X)};
#undef RS_X
    rs__buffer_print(json, "{");
    print_ms(json, "threshold_ms", policy->threshold_us);
    print_ms(json, "short_ms", policy->short_on ? policy->short_us : 0);
    if (policy->target < 0) rs__buffer_print(json, "\"target\": null, ");
    else rs__buffer_print(json, "\"target\": %.6g, ", policy->target);
    rs__buffer_print(json, "\"compare\": \"%s\", \"abandoned\": \"%s\", \"short\": \"%s\", \"blocked\": \"%s\", ",
                     policy->compare_lt ? "lt" : "le", rule_name(policy->abandoned),
                     policy->short_on ? rule_name(policy->short_rule) : "off", rule_name(policy->blocked));
    rs__buffer_print(json, "\"callbacks\": \"%s\", \"open_over_t\": \"%s\", \"unit\": \"%s\", \"flowed_out\": {",
                     rule_name(policy->callbacks), policy->open_miss_now ? "miss_now" : "wait_for_close",
                     policy->unit_journey ? "journey" : "leg");
    const char *separator = "";
    for (unsigned reason = 1; reason < RS_FLOW_COUNT; reason++) {
        if (reason == RS_FLOW_CALLBACK) continue;
        rs__buffer_print(json, "%s\"%s\": \"%s\"", separator, reasons[reason], rule_name(policy->flowed_out[reason]));
        separator = ", ";
    }
    rs__buffer_print(json, "}}");
}

char *rs_store_policy_json(const rs_policy_t *policy) {
    rs__buffer_t json = {0};
    print_policy(policy, &json);
    return rs__buffer_taken(&json);
}

void rs__policy_encode(const rs_policy_t *policy, rs__buffer_t *buffer) {
    rs__buffer_t json = {0};
    print_policy(policy, &json);
    rs__copy_row(buffer, 3);
    rs__copy_cstring(buffer, policy->name);
    rs__copy_int4(buffer, (int32_t)policy->version);
    if (json.failed) buffer->failed = true;
    else rs__copy_jsonb(buffer, (rs_str_t){(const char *)json.bytes, (uint32_t)json.len});
    rs__buffer_deinit(&json);
}
