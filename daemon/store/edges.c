/* Edges of the process map as PostgreSQL sees them: columns, staging, merging. */
#include "store/feeds.h"

static const char *const key_columns[] = {
    "interval_start", "interval_s", "tenant", "queue", "from_stage", "to_stage", "stream_id", "run", "part",
};
static const char *const value_columns[] = {
    "revision", "final", "count", "time_us", "path_us", "again", "ping_pong_queues", "ping_pong_agents", "time_bucket", "time_count",
};
enum { COLUMNS = RS_ARRAY_LEN(key_columns) + RS_ARRAY_LEN(value_columns) };

static void list_columns(rs__buffer_t *sql) {
    for (size_t i = 0; i < RS_ARRAY_LEN(key_columns); i++) rs__buffer_print(sql, "%s%s", i == 0 ? "" : ", ", key_columns[i]);
    for (size_t i = 0; i < RS_ARRAY_LEN(value_columns); i++) rs__buffer_print(sql, ", %s", value_columns[i]);
}

static void print_stage(rs__buffer_t *sql) {
    rs__buffer_print(sql, "CREATE TEMPORARY TABLE ringside_edges ON COMMIT DELETE ROWS AS SELECT ");
    list_columns(sql);
    rs__buffer_print(sql, " FROM ringside.process_edge_part WITH NO DATA");
}

static void print_merge(rs__buffer_t *sql) {
    rs__buffer_print(sql, "INSERT INTO ringside.process_edge_part AS had (");
    list_columns(sql);
    rs__buffer_print(sql, ") SELECT ");
    list_columns(sql);
    rs__buffer_print(sql, " FROM pg_temp.ringside_edges ON CONFLICT ON CONSTRAINT process_edge_part_key DO UPDATE SET stored_at = now()");
    for (size_t i = 0; i < RS_ARRAY_LEN(value_columns); i++)
        rs__buffer_print(sql, ", %s = excluded.%s", value_columns[i], value_columns[i]);
    rs__buffer_print(sql, " WHERE had.revision < excluded.revision");
}

int rs__edges_sql(rs__feed_sql_t *sql) {
    rs__buffer_t stage = {0}, merge = {0};
    print_stage(&stage);
    print_merge(&merge);
    sql->stage = rs__buffer_taken(&stage);
    sql->copy = strdup("COPY pg_temp.ringside_edges FROM STDIN (FORMAT binary)");
    sql->merge = rs__buffer_taken(&merge);
    if (sql->stage != NULL && sql->copy != NULL && sql->merge != NULL) return RS_OK;
    rs__feed_sql_deinit(sql);
    return RS_ERR_MEMORY;
}

/* As rs_stage_name_text, but whole, whatever the name holds: what is no text must be refused by the database, not cut here. */
static void encode_stage(rs__buffer_t *buffer, const rs_stage_name_t *stage) {
    static const char prefix[] = "queue:";
    char text[sizeof prefix + RS_MAX_NAME];
    if (stage->kind != RS_PROCESS_QUEUE) {
        rs__copy_cstring(buffer, rs_process_kind_name(stage->kind));
        return;
    }
    RS_REQUIRE(stage->queue.len <= RS_MAX_NAME);
    memcpy(text, prefix, sizeof prefix - 1);
    if (stage->queue.len != 0) memcpy(text + sizeof prefix - 1, stage->queue.data, stage->queue.len);
    rs__copy_text(buffer, (rs_str_t){text, (uint32_t)(sizeof prefix - 1) + stage->queue.len});
}

void rs__edges_encode(const rs_row_batch_t *batch, uint32_t i, int64_t run, int32_t stream_id, rs__buffer_t *buffer) {
    const rs_process_row_t *edge = rs_row_batch_edge_at(batch, i);
    rs__copy_row(buffer, COLUMNS);
    rs__copy_time(buffer, edge->start_us);
    rs__copy_int4(buffer, (int32_t)(edge->length_us / RS_US_PER_S));
    rs__copy_text(buffer, edge->tenant);
    rs__copy_text_or_null(buffer, edge->queue);
    encode_stage(buffer, &edge->from);
    encode_stage(buffer, &edge->to);
    rs__copy_int4(buffer, stream_id);
    rs__copy_int8(buffer, run);
    rs__copy_int8(buffer, (int64_t)edge->part);
    rs__copy_int8(buffer, (int64_t)edge->revision);
    rs__copy_bool(buffer, edge->final);
    rs__copy_int8(buffer, edge->count);
    rs__copy_int8(buffer, edge->time_us);
    rs__copy_int8(buffer, edge->path_us);
    rs__copy_int8(buffer, edge->again);
    rs__copy_int8(buffer, edge->ping_pong_queues);
    rs__copy_int8(buffer, edge->ping_pong_agents);
    rs__copy_histogram(buffer, edge->times, edge->time_count);
}
