#include "cli/replay_store.h"

#include "cli/cli.h"
#include "event/json.h"
#include "store/store.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdlib.h>

enum { BATCH_ROWS = 5000, BATCH_EDGES = 5000, BATCH_CONTACTS = 5000, MAX_TENANTS = 4096, CONNECT_S = 60 };

/* --- what the rows are about ------------------------------------------------------------------------------------- */
typedef struct rs_extent {
    int64_t from_us, to_us;
    char *tenants[MAX_TENANTS];
    uint32_t tenant_count;
    bool failed; /* no memory, or too many tenants */
} rs_extent_t;

static void note_tenant(rs_extent_t *extent, rs_str_t tenant) {
    for (uint32_t i = 0; i < extent->tenant_count; i++) {
        if (strlen(extent->tenants[i]) == tenant.len && memcmp(extent->tenants[i], tenant.data, tenant.len) == 0) return;
    }
    char *copy = extent->tenant_count < MAX_TENANTS ? strndup(tenant.data, tenant.len) : NULL;
    if (copy == NULL)
        extent->failed = true;
    else
        extent->tenants[extent->tenant_count++] = copy;
}

static void note_row(void *context, const rs_row_t *row) {
    rs_extent_t *extent = context;
    if (row->start_us < extent->from_us) extent->from_us = row->start_us;
    if (row->start_us + row->length_us > extent->to_us) extent->to_us = row->start_us + row->length_us;
    if (row->key.family == RS_FAMILY_TOTAL) note_tenant(extent, row->key.tenant);
}

/* ["one", "two"]: rows' tenants as one parameter. The caller frees it. */
static char *tenants_json(const rs_extent_t *extent) {
    const size_t size = 32 + (size_t)extent->tenant_count * (6 * RS_MAX_NAME + 16);
    char *text = malloc(size);
    if (text == NULL) return NULL;
    rs_json_t json;
    rs_json_init(&json, text, size - 1);
    rs_json_begin(&json, NULL);
    rs_json_begin_list(&json, "tenants");
    for (uint32_t i = 0; i < extent->tenant_count; i++) {
        rs_json_begin_element(&json);
        rs_json_string(&json, "name", rs_str(extent->tenants[i]));
        rs_json_end(&json);
    }
    rs_json_end_list(&json);
    rs_json_end(&json);
    RS_REQUIRE(!json.overflow);
    text[json.len] = 0;
    return text;
}

/* --- what is there already --------------------------------------------------------------------------------------- */
static const char there_sql[] =
    "SELECT m.stream, min(p.interval_start)::text, max(p.interval_start + p.interval_s * interval '1 second')::text, "
    "count(*)::text"
    " FROM ringside.total_interval_part AS p JOIN ringside.mark AS m USING (stream_id)"
    " WHERE p.interval_start >= to_timestamp($1::bigint / 1e6) AND p.interval_start < to_timestamp($2::bigint / 1e6)"
    " AND p.tenant IN (SELECT t ->> 'name' FROM jsonb_array_elements($3::jsonb -> 'tenants') AS t)"
    " GROUP BY 1 ORDER BY m.stream = $4, 1";

/* Of one tenant all that the stream has there; the transaction is the statement. */
static const char remove_sql[] = "WITH which AS (SELECT stream_id FROM ringside.mark WHERE stream = $4), tenant AS (SELECT t ->> "
                                 "'name' AS name FROM jsonb_array_elements($3::jsonb -> 'tenants') AS t),"
#define REMOVE(table)                                                                                                      \
    table " AS (DELETE FROM ringside." table                                                                               \
          " AS p USING which, tenant WHERE p.stream_id = which.stream_id AND p.tenant = tenant.name"                       \
          " AND p.interval_start >= to_timestamp($1::bigint / 1e6) AND p.interval_start < to_timestamp($2::bigint / 1e6) " \
          "RETURNING 1)"
#define REMOVE_FACTS(table)                                                                  \
    table " AS (DELETE FROM ringside." table " AS p USING which, told WHERE p.stream_id = which.stream_id" \
          " AND p.tenant = told.tenant AND p.contact = told.contact RETURNING 1)"
    REMOVE("queue_interval_part") ", " REMOVE("channel_interval_part") ", " REMOVE("total_interval_part") ", " REMOVE(
        "agent_interval_part") ", " REMOVE("team_interval_part") ", " REMOVE("process_edge_part") ","
    " told AS (SELECT c.tenant, c.contact FROM ringside.contact_fact AS c, which, tenant WHERE c.stream_id = which.stream_id"
    " AND c.tenant = tenant.name AND c.begun_at < to_timestamp($2::bigint / 1e6)"
    " AND coalesce(c.ended_at, c.begun_at) >= to_timestamp($1::bigint / 1e6)), "
    REMOVE_FACTS("leg_fact") ", " REMOVE_FACTS("handling_fact") ", " REMOVE_FACTS("moment_fact") ", " REMOVE_FACTS("contact_fact")
    " SELECT count(*)::text FROM total_interval_part";

static int tell_database_error(const char *message) {
    char text[512];
    snprintf(text, sizeof text, "%s", message);
    text[strcspn(text, "\r\n")] = 0;
    return rs_cli_fail("--store: %s", text);
}

static int judge_present(const PGresult *present, const rs_replay_store_t *options) {
    if (PQntuples(present) == 0) return 0;
    const bool is_ours = strcmp(PQgetvalue(present, 0, 0), options->stream) == 0; /* ours is the last */
    if (is_ours && options->replace) return 0;
    return rs_cli_fail("--store: there are rows of stream \"%s\" from %s to %s already, and rows of several streams add up; %s",
                       PQgetvalue(present, 0, 0), PQgetvalue(present, 0, 1), PQgetvalue(present, 0, 2),
                       is_ours ? "--replace removes what this stream has there first" : "nothing was written");
}

static int make_place(const rs_extent_t *extent, const rs_replay_store_t *options) {
    char from[32], to[32];
    char *tenants = tenants_json(extent);
    if (tenants == NULL) return rs_cli_fail("out of memory");
    snprintf(from, sizeof from, "%" PRId64, extent->from_us);
    snprintf(to, sizeof to, "%" PRId64, extent->to_us);
    const char *const values[] = {from, to, tenants, options->stream};
    PGconn *connection = PQconnectdb(options->database);
    int result = PQstatus(connection) == CONNECTION_OK ? 0 : tell_database_error(PQerrorMessage(connection));
    if (result == 0) {
        PGresult *present = PQexecParams(connection, there_sql, (int)RS_ARRAY_LEN(values), NULL, values, NULL, NULL, 0);
        result = PQresultStatus(present) == PGRES_TUPLES_OK ? judge_present(present, options)
                                                            : tell_database_error(PQerrorMessage(connection));
        PQclear(present);
    }
    if (result == 0 && options->replace) {
        PGresult *removed = PQexecParams(connection, remove_sql, (int)RS_ARRAY_LEN(values), NULL, values, NULL, NULL, 0);
        if (PQresultStatus(removed) != PGRES_TUPLES_OK) result = tell_database_error(PQerrorMessage(connection));
        PQclear(removed);
    }
    PQfinish(connection);
    free(tenants);
    return result;
}

/* --- through the store ------------------------------------------------------------------------------------------- */
typedef struct rs_writing {
    rs_core_t *core;
    const rs_replay_store_t *options;
    rs_store_t *store;
    rs_row_batch_t *batch;
    uint64_t number, written;
    int status; /* of closing; RS_ERR_TIMEOUT until then */
    bool is_through, failed, closed;
} rs_writing_t;

static void add_row(void *context, const rs_row_t *row) {
    rs_writing_t *writing = context;
    const int status = rs_row_batch_add(writing->batch, row);
    if (status != RS_OK) writing->failed = true;
}

static void add_edge(void *context, const rs_process_row_t *edge) {
    rs_writing_t *writing = context;
    if (rs_row_batch_add_edge(writing->batch, edge) != RS_OK) writing->failed = true;
}

static void add_contact(void *context, const rs_contact_row_t *contact) {
    rs_writing_t *writing = context;
    if (rs_row_batch_add_contact(writing->batch, contact) != RS_OK) writing->failed = true;
}

static void fill(rs_writing_t *writing) {
    rs_row_batch_clear(writing->batch);
    for (uint32_t slot = 0; slot < RS_MAX_POLICIES; slot++) {
        const rs_policy_t *policy = rs_core_policy(writing->core, slot);
        if (policy != NULL) rs_row_batch_set_policy(writing->batch, slot, policy);
    }
    (void)rs_core_collect(writing->core, BATCH_ROWS, add_row, writing);
    (void)rs_core_process_collect(writing->core, BATCH_EDGES, add_edge, writing);
    (void)rs_core_facts_collect(writing->core, BATCH_CONTACTS, add_contact, writing);
}

static void on_request(void *context) {
    rs_writing_t *writing = context;
    fill(writing);
    writing->is_through = writing->failed || rs_row_batch_is_empty(writing->batch);
    if (!writing->is_through) writing->number++;
    const int status = rs_store_rows_ready(writing->store, writing->is_through ? NULL : writing->batch, writing->number,
                                           writing->number, rs_core_watermark(writing->core));
    if (status != RS_OK) writing->failed = writing->is_through = true;
}

static void on_done(void *context, rs_row_batch_t *batch, bool stored) {
    rs_writing_t *writing = context;
    if (!stored)
        writing->failed = true;
    else
        writing->written += rs_row_batch_all(batch);
    if (writing->options->progress && stored) fprintf(stderr, "\rringside replay: %" PRIu64 " rows stored", writing->written);
}

static void on_log(void *context, rs_store_log_level_t level, const char *text) {
    (void)context;
    if (level != RS_STORE_INFO) fprintf(stderr, "ringside replay: --store: %s\n", text);
}

static void on_closed(void *context, int status, uint64_t left) {
    rs_writing_t *writing = context;
    (void)left;
    writing->status = status;
    writing->closed = true;
}

/* The sources' accounting of the whole run. */
static void add_accounting(rs_writing_t *writing, const rs_core_t *admission) {
    for (uint32_t i = 0; i < rs_core_source_count(admission); i++) {
        rs_accounting_t accounting;
        rs_core_accounting(admission, i, &accounting);
        if (accounting.received != 0 && rs_store_add_accounting(writing->store, &accounting) != RS_OK) writing->failed = true;
    }
}

/* Until all is in, the store gives up, or no connection has come for CONNECT_S. */
static void run_loop(uv_loop_t *loop, rs_writing_t *writing) {
    rs_store_status_t status;
    const uint64_t begin = uv_hrtime();
    do {
        uv_run(loop, UV_RUN_ONCE);
        rs_store_status(writing->store, &status);
        if (status.state == RS_STORE_FENCED) writing->failed = true;
        if (!status.connected && status.batches == 0 && uv_hrtime() - begin > (uint64_t)CONNECT_S * 1000000000u)
            writing->failed = true;
    } while (!writing->is_through && !writing->failed);
    rs_store_flush_and_close(writing->store, writing->failed ? 0 : 60 * RS_US_PER_S, on_closed, writing);
    while (!writing->closed) uv_run(loop, UV_RUN_ONCE);
    uv_run(loop, UV_RUN_DEFAULT);
    if (writing->options->progress) fputs("\r\033[K", stderr);
}

static int write_all(rs_writing_t *writing, const rs_core_t *admission) {
    uv_loop_t loop;
    char why[256] = "";
    if (uv_loop_init(&loop) != 0) return rs_cli_fail("--store: no event loop");
    const rs_store_settings_t settings = {.conninfo = rs_str(writing->options->database),
                                          .stream = rs_str(writing->options->stream),
                                          .run = writing->options->run,
                                          .flush_us = RS_US_PER_MS,
                                          .backoff_min_us = 100 * RS_US_PER_MS,
                                          .backoff_max_us = 5 * RS_US_PER_S};
    const rs_store_callbacks_t callbacks = {.context = writing, .request_rows = on_request, .rows_done = on_done, .log = on_log};
    if (rs_store_create(&loop, &settings, &callbacks, why, sizeof why, &writing->store) != RS_OK) {
        uv_loop_close(&loop);
        return tell_database_error(why[0] == 0 ? "the store could not be made" : why);
    }
    add_accounting(writing, admission);
    run_loop(&loop, writing);
    rs_store_status_t status;
    rs_store_status(writing->store, &status);
    rs_store_destroy(&writing->store);
    uv_loop_close(&loop);
    if (writing->failed || writing->status != RS_OK) {
        return rs_cli_fail("--store: not all was stored (%" PRIu64
                           " rows were): %s; the same command with --replace does it again",
                           writing->written, status.last_error[0] == 0 ? "the database did not answer" : status.last_error);
    }
    return status.poisoned == 0
               ? 0
               : rs_cli_fail("--store: PostgreSQL refused %" PRIu64 " rows: see ringside.quarantine", status.poisoned);
}

static void print_migration(void *context, const char *line) {
    snprintf(context, 512, "%s", line); /* the last one says what is wrong */
}

int rs_replay_store(rs_core_t *core, const rs_core_t *admission, const rs_replay_store_t *options, uint64_t *rows) {
    rs_extent_t *extent = calloc(1, sizeof *extent);
    rs_writing_t writing = {.core = core, .options = options, .status = RS_ERR_TIMEOUT};
    char line[512] = "";
    if (extent == NULL) return rs_cli_fail("out of memory");
    extent->from_us = INT64_MAX;
    extent->to_us = INT64_MIN;
    rs_core_rows(core, note_row, extent);
    int result = 0;
    if (extent->failed)
        result = rs_cli_fail("--store: out of memory, or more than %d tenants", MAX_TENANTS);
    else if (rs_store_migrate(options->database, false, print_migration, line) != RS_OK)
        result = tell_database_error(line);
    if (result == 0 && extent->from_us < extent->to_us) {
        result = make_place(extent, options);
        if (result == 0 && (rs_row_batch_create(BATCH_ROWS, 0, &writing.batch) != RS_OK ||
                            rs_row_batch_make_room_for_edges(writing.batch, BATCH_EDGES) != RS_OK ||
                            rs_row_batch_make_room_for_contacts(writing.batch, BATCH_CONTACTS) != RS_OK)) {
            result = rs_cli_fail("out of memory");
        }
        if (result == 0) result = write_all(&writing, admission);
    }
    rs_row_batch_destroy(&writing.batch);
    for (uint32_t i = 0; i < extent->tenant_count; i++) free(extent->tenants[i]);
    free(extent);
    *rows += writing.written;
    return result;
}
