/* Facts out of the database, into a core; and the core's rows back. */
#include "cli/cli.h"
#include "cli/restate.h"
#include "event/event.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int rs_restate_fail(PGconn *connection, const PGresult *answer) {
    const char *state = answer == NULL ? NULL : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char *text = answer == NULL ? NULL : PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    char message[1024];
    snprintf(message, sizeof message, "%s", text != NULL ? text : PQerrorMessage(connection));
    message[strcspn(message, "\r\n")] = 0;
    if (state != NULL && strcmp(state, "42501") == 0)
        return rs_cli_fail("restate: %s: it reads single contacts and writes rows: that is for the owner of the schema", message);
    if (state != NULL && (strncmp(state, "42", 2) == 0 || strncmp(state, "3F", 2) == 0))
        return rs_cli_fail("restate: %s: the schema is older than this program, or was changed by hand; "
                           "`ringside migrate` brings it up to date", message);
    return rs_cli_fail("restate: %s", message);
}

/* --- reading --------------------------------------------------------------------------------------------------------- */
/* Columns of every branch below. WORD: the outcome of a leg; REASON: a word for legs and transfers, CODE its number for moments. */
enum { COLUMN_TENANT, COLUMN_KIND, COLUMN_AT, COLUMN_ENTERED, COLUMN_BEGUN, COLUMN_CLOSE, COLUMN_WORD, COLUMN_REASON,
       COLUMN_OUTCOME, COLUMN_CODE, COLUMN_VALUE, COLUMN_SECOND, COLUMN_HOLDS, COLUMN_QUEUE, COLUMN_CHANNEL, COLUMN_AGENT, COLUMN_TEAM };

#define US(moment) "(extract(epoch FROM " moment ") * 1000000)::bigint"
#define CONTACT(moment)                                                                                                          \
    " LEFT JOIN LATERAL (SELECT c.closed_at FROM ringside.contact_fact AS c WHERE c.tenant = f.tenant AND c.contact = f.contact" \
    " AND c.begun_at <= f." moment " ORDER BY c.begun_at DESC LIMIT 1) AS c ON true"

/* What stands in the period in some attribution; legs that are open still are in no other place than their own. */
static const char legs_sql[] =
    "WITH fact AS (SELECT f.tenant, k.kind,"
    " CASE k.kind WHEN 'leg_opened' THEN f.queued_at ELSE f.closed_at END AS at, f.queued_at AS entered_at,"
    " NULL::timestamptz AS begun_at, c.closed_at, f.outcome AS word, f.reason AS reason, 0 AS outcome, 0 AS code,"
    " CASE k.kind WHEN 'leg_opened' THEN 0 ELSE f.wait_us END AS value, CASE k.kind WHEN 'leg_opened' THEN 0 ELSE f.counted_us END AS"
    " second, 0 AS holds, f.queue, f.channel, CASE k.kind WHEN 'leg_closed' THEN f.agent END AS agent,"
    " CASE k.kind WHEN 'leg_closed' THEN f.team END AS team"
    " FROM ringside.leg_fact AS f CROSS JOIN (VALUES ('leg_opened'), ('leg_closed')) AS k (kind)" CONTACT("queued_at")
    " WHERE CASE k.kind WHEN 'leg_opened' THEN f.opened ELSE f.outcome IS NOT NULL END";
static const char handlings_sql[] =
    " UNION ALL SELECT f.tenant, k.kind, k.at, coalesce(f.entered_at, f.begun_at), f.begun_at, c.closed_at, NULL,"
    " CASE k.kind WHEN 'transferred_out' THEN f.transfer_kind END, 0, 0, k.value, k.second, f.holds, f.queue, f.channel, f.agent, f.team"
    " FROM ringside.handling_fact AS f CROSS JOIN LATERAL (SELECT 'handled', f.ended_at, f.talk_us, f.hold_us WHERE f.ended_at IS NOT NULL"
    " UNION ALL SELECT 'handle_time', f.ended_at, f.handle_us, 1 WHERE f.handle_us IS NOT NULL"
    " UNION ALL SELECT 'transferred_out', f.transferred_at, 0, 0 WHERE f.transferred_at IS NOT NULL"
    " UNION ALL SELECT 'wrapped', to_timestamp(w.at_us / 1000000) + w.at_us % 1000000 * interval '1 microsecond', w.us, 0"
    " FROM unnest(f.wrap_ends_us, f.wraps_us) AS w (at_us, us)) AS k (kind, at, value, second)" CONTACT("begun_at");
static const char moments_sql[] =
    " UNION ALL SELECT f.tenant, f.kind, f.at, f.entered_at, f.begun_at, c.closed_at, NULL, NULL, f.outcome, f.reason, f.value,"
    " f.second_value, f.holds, f.queue, f.channel, f.agent, f.team FROM ringside.moment_fact AS f" CONTACT("at") " WHERE f.kind <> 'none')";
static const char fact_sql[] =
    " SELECT tenant, kind, " US("at") ", " US("entered_at") ", " US("begun_at") ", "
    US("coalesce(closed_at, at)") ", word, reason, outcome, code, value, second, holds,"
    " queue, channel, agent, team FROM fact,"
    " (SELECT to_timestamp($1::bigint / 1e6) AS from_time, to_timestamp($2::bigint / 1e6) AS to_time) AS p"
    " WHERE (at >= from_time AND at < to_time) OR (entered_at >= from_time AND entered_at < to_time)"
    " OR (closed_at >= from_time AND closed_at < to_time) ORDER BY at";

static rs_str_t text_at(const PGresult *row, int column) {
    return (rs_str_t){PQgetvalue(row, 0, column), (uint32_t)PQgetlength(row, 0, column)};
}
static int64_t number_at(const PGresult *row, int column) { return strtoll(PQgetvalue(row, 0, column), NULL, 10); }

static unsigned channel_of(rs_str_t name) {
    if (name.len == 0) return 0;
    for (unsigned channel = 1; channel < RS_CHANNEL_COUNT; channel++) {
        if (rs_str_equal(rs_str(rs_channel_name(channel)), name)) return channel;
    }
    return RS_CHANNEL_COUNT;
}

static int count_row(rs_core_t *core, const PGresult *row) {
    const int type = rs_store_fact_type(text_at(row, COLUMN_KIND));
    rs_told_fact_t fact = {.type = (uint8_t)type, .outcome = (uint8_t)number_at(row, COLUMN_OUTCOME),
                           .reason = (uint8_t)number_at(row, COLUMN_CODE),
                           .channel = (uint8_t)channel_of(text_at(row, COLUMN_CHANNEL)), .holds = (uint32_t)number_at(row, COLUMN_HOLDS),
                           .queue = text_at(row, COLUMN_QUEUE), .agent = text_at(row, COLUMN_AGENT), .team = text_at(row, COLUMN_TEAM),
                           .at_us = number_at(row, COLUMN_AT), .enter_us = number_at(row, COLUMN_ENTERED),
                           .a_us = number_at(row, COLUMN_VALUE),
                           .b_us = number_at(row, COLUMN_SECOND), .begin_us = number_at(row, COLUMN_BEGUN)};
    bool sound = type > 0;
    if (type == RS_FACT_LEG_CLOSED) {
        const int outcome = rs_store_leg_outcome(text_at(row, COLUMN_WORD)), reason = rs_store_flow_reason(text_at(row, COLUMN_REASON));
        sound = outcome > 0 && reason >= 0;
        fact.outcome = (uint8_t)outcome;
        fact.reason = outcome == RS_OUTCOME_CALLBACK ? RS_FLOW_CALLBACK : (uint8_t)reason;
    } else if (type == RS_FACT_TRANSFERRED_OUT && !PQgetisnull(row, 0, COLUMN_REASON)) {
        const int kind = rs_store_transfer_kind(text_at(row, COLUMN_REASON));
        sound = kind >= 0;
        fact.reason = (uint8_t)kind;
    }
    if (sound && rs_core_count_facts(core, text_at(row, COLUMN_TENANT), &fact, 1, number_at(row, COLUMN_CLOSE))) return 0;
    return rs_cli_fail("restate: a fact of tenant %s is none of this program's: kind %s, outcome %s, reason %s: "
                       "written by a newer one, or by hand",
                       PQgetvalue(row, 0, COLUMN_TENANT), PQgetvalue(row, 0, COLUMN_KIND), PQgetvalue(row, 0, COLUMN_WORD),
                       PQgetvalue(row, 0, COLUMN_REASON));
}

int rs_restate_read(PGconn *connection, int64_t from_us, int64_t to_us, rs_core_t *core, uint64_t *facts) {
    char from[32], to[32];
    snprintf(from, sizeof from, "%" PRId64, from_us);
    snprintf(to, sizeof to, "%" PRId64, to_us);
    const char *const values[] = {from, to};
    char *sql = NULL;
    int result = 0;
    if (asprintf(&sql, "%s%s%s%s", legs_sql, handlings_sql, moments_sql, fact_sql) < 0) return rs_cli_fail("out of memory");
    const bool sent = PQsendQueryParams(connection, sql, (int)RS_ARRAY_LEN(values), NULL, values, NULL, NULL, 0) &&
                      PQsetSingleRowMode(connection);
    free(sql);
    if (!sent) return rs_restate_fail(connection, NULL);
    for (PGresult *row; (row = PQgetResult(connection)) != NULL; PQclear(row)) {
        const ExecStatusType status = PQresultStatus(row);
        if (result != 0 || status == PGRES_TUPLES_OK) continue;
        if (status != PGRES_SINGLE_TUPLE) {
            result = rs_restate_fail(connection, row);
            continue;
        }
        result = count_row(core, row);
        ++*facts;
    }
    return result;
}

/* --- staging --------------------------------------------------------------------------------------------------------- */
static const char stage_sql[] =
    "CREATE TEMPORARY TABLE ringside_restated (family smallint, tenant text COLLATE \"C\", name text COLLATE \"C\","
    " channel text COLLATE \"C\", interval_start timestamptz, interval_s integer, attribution text, threshold_us bigint, mixes_t boolean,"
    " answered bigint, abandoned bigint, flowed_out bigint, callbacks bigint, blocked bigint, answered_in_t bigint, abandoned_in_t bigint,"
    " flowed_out_in_t bigint, callbacks_in_t bigint, abandoned_short bigint, wait_answered_us bigint, wait_abandoned_us bigint,"
    " excess_us bigint, sl_policy text[], sl_num bigint[], sl_den bigint[]) ON COMMIT DROP";
static const rs_count_t counts[] = {RS_COUNT_ANSWERED, RS_COUNT_ABANDONED, RS_COUNT_FLOWED_OUT, RS_COUNT_CALLBACKS, RS_COUNT_BLOCKED,
                                    RS_COUNT_ANSWERED_IN_T,
                                    RS_COUNT_ABANDONED_IN_T, RS_COUNT_FLOWED_OUT_IN_T, RS_COUNT_CALLBACKS_IN_T, RS_COUNT_ABANDONED_SHORT,
                                    RS_COUNT_WAIT_ANSWERED_US, RS_COUNT_WAIT_ABANDONED_US, RS_COUNT_EXCESS_US};

typedef struct rs_staging {
    PGconn *connection;
    rs_core_t *core;
    int64_t from_us, to_us;
    bool failed;
} rs_staging_t;

/* COPY's text form: tab, line feed and backslash stand for themselves by escapes; an empty name is null. */
static size_t escape(char *out, rs_str_t text) {
    size_t len = 0;
    if (text.len == 0) return (size_t)sprintf(out, "\\N");
    for (uint32_t i = 0; i < text.len; i++) {
        const char c = text.data[i];
        if (c == '\\' || c == '\t' || c == '\n' || c == '\r') out[len++] = '\\';
        out[len++] = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c;
    }
    out[len] = 0;
    return len;
}

static size_t print_levels(char *out, const rs_core_t *core, const rs_row_t *row) {
    size_t len = 0;
    for (int list = 0; list < 3; list++) {
        len += (size_t)sprintf(out + len, "\t{");
        const char *separator = "";
        for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
            const rs_policy_t *policy = rs_core_policy(core, slot);
            if (policy == NULL) continue;
            if (list == 0) len += (size_t)sprintf(out + len, "%s\"%s\"", separator, policy->name);
            else {
                len += (size_t)sprintf(out + len, "%s%" PRId64, separator,
                                       row->counts[(list == 1 ? RS_COUNT_SL_NUM_0 : RS_COUNT_SL_DEN_0) + slot]);
            }
            separator = ",";
        }
        len += (size_t)sprintf(out + len, "}");
    }
    return len;
}

static void stage_row(void *context, const rs_row_t *row) {
    static const char *const attributions[RS_ATTRIBUTION_COUNT] = {"event", "enter", "close"};
    rs_staging_t *staging = context;
    char line[8192], time[32];
    if (staging->failed || row->start_us < staging->from_us || row->start_us >= staging->to_us) return;
    size_t len = (size_t)sprintf(line, "%u\t", row->key.family);
    len += escape(line + len, row->key.tenant);
    line[len++] = '\t';
    len += escape(line + len, row->key.name);
    rs_event_format_time(row->start_us, time);
    len += (size_t)sprintf(line + len, "\t%s\t%s\t%" PRId64 "\t%s\t", rs_channel_name(row->key.channel), time, row->length_us / RS_US_PER_S,
                           attributions[row->attribution]);
    if (row->threshold_us < 0) len += (size_t)sprintf(line + len, "\\N");
    else len += (size_t)sprintf(line + len, "%" PRId64, row->threshold_us);
    len += (size_t)sprintf(line + len, "\t%s", row->threshold_us < 0 && row->threshold_count > 0 ? "t" : "f");
    for (size_t i = 0; i < RS_ARRAY_LEN(counts); i++) len += (size_t)sprintf(line + len, "\t%" PRId64, row->counts[counts[i]]);
    len += print_levels(line + len, staging->core, row);
    line[len++] = '\n';
    if (PQputCopyData(staging->connection, line, (int)len) != 1) staging->failed = true;
}

int rs_restate_stage(PGconn *connection, int64_t from_us, int64_t to_us, rs_core_t *core) {
    rs_staging_t staging = {.connection = connection, .core = core, .from_us = from_us, .to_us = to_us};
    PGresult *answer = PQexec(connection, stage_sql);
    int result = PQresultStatus(answer) == PGRES_COMMAND_OK ? 0 : rs_restate_fail(connection, answer);
    PQclear(answer);
    if (result != 0) return result;
    answer = PQexec(connection, "COPY pg_temp.ringside_restated FROM STDIN");
    if (PQresultStatus(answer) != PGRES_COPY_IN) result = rs_restate_fail(connection, answer);
    PQclear(answer);
    if (result != 0) return result;
    rs_core_rows(core, stage_row, &staging);
    if (staging.failed || PQputCopyEnd(connection, NULL) != 1) return rs_restate_fail(connection, NULL);
    while ((answer = PQgetResult(connection)) != NULL) {
        if (result == 0 && PQresultStatus(answer) != PGRES_COMMAND_OK) result = rs_restate_fail(connection, answer);
        PQclear(answer);
    }
    return result;
}
