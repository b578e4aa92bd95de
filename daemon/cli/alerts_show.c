/* `ringside alerts show ALERT`: all that is known of one: as the daemon has it now, and what the database keeps of it. */
#include "cli/alert_explain.h"

#include "base/clock.h"
#include "cli/alert_outcome.h"
#include "cli/alert_print.h"
#include "cli/alerts_verbs.h"
#include "cli/cli.h"
#include "cli/figure_text.h"
#include "cli/follow_options.h"
#include "cli/text_line.h"
#include "event/command_request.h"

#include <inttypes.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { OPTION_DATABASE = 0x301, OPTION_OUTPUT, WAIT_MS = 200 };

typedef struct showing {
    rs_follow_settings_t settings;
    const char *database, *name;
    uint64_t episode;
    bool prints_ndjson, is_output_named;
    json_t *live, *stored;                  /* the feed's body; {alert, transitions, said, outcome}; NULL: not there */
} showing_t;

static const struct argp_option options[] = {
    {"database", OPTION_DATABASE, "CONNINFO", 0, "a libpq connection string (the file's store.database)", 0},
    {"output", OPTION_OUTPUT, "FORMAT", 0, "table, or ndjson: one object (table on a terminal, else ndjson)", 0},
    {0}};

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    showing_t *showing = state->input;
    switch (key) {
        case ARGP_KEY_INIT: state->child_inputs[0] = &showing->settings; return 0;
        case OPTION_DATABASE: showing->database = argument; return 0;
        case OPTION_OUTPUT:
            showing->is_output_named = true;
            showing->prints_ndjson = strcmp(argument, "ndjson") == 0;
            if (!showing->prints_ndjson && strcmp(argument, "table") != 0)
                argp_error(state, "--output: unknown \"%s\"; allowed: table, ndjson", argument);
            return 0;
        case ARGP_KEY_ARG:
            if (showing->name != NULL) argp_error(state, "unexpected \"%s\"", argument);
            showing->name = argument;
            if (rs_command_parse_episode(rs_str(argument), &showing->episode) != RS_OK)
                argp_error(state, "\"%s\" is no alert; `ringside alerts` numbers them, such as 5-17", argument);
            return 0;
        case ARGP_KEY_END:
            if (showing->name == NULL) argp_error(state, "which alert? `ringside alerts` numbers them, such as 5-17");
            return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&rs_follow_argp, 0, NULL, 0}, {0}};
static const struct argp parser = {options, parse_option, "ALERT",
                                   "Shows one alert: its figure, limit, and why; what came before, what people said."
                                   "\vAn open one is asked of the daemon, one that has ended of the database (--config or --database).",
                                   children, NULL, NULL};

/* --- the daemon ----------------------------------------------------------------------------------------------------- */
static void take_item(showing_t *showing, const rs_follow_item_t *item) {
    json_t *body = json_loadb(item->body.data, item->body.len, 0, NULL);
    const char *episode = json_string_value(json_object_get(body, "episode"));
    if (episode != NULL && strcmp(episode, showing->name) == 0 && showing->live == NULL) showing->live = body;
    else json_decref(body);
}

/* 0: it was asked, whether it has that alert or not. */
static int ask_daemon(showing_t *showing) {
    rs_follow_t *follow = NULL;
    const int64_t end_us = rs_monotonic_us() + showing->settings.timeout_s * RS_US_PER_S;
    int result = rs_follow_settings_open(&showing->settings, "alert/", &follow);
    if (result != 0) return result;
    bool is_done = false;
    while (!is_done && rs_monotonic_us() < end_us) {
        rs_follow_item_t item;
        if (rs_follow_next(follow, WAIT_MS, &item) != RS_OK) continue;
        if (item.kind == RS_FOLLOW_SNAPSHOT) take_item(showing, &item);
        is_done = item.kind == RS_FOLLOW_SNAPSHOT_END;
    }
    if (!is_done) result = rs_follow_fail_unanswered(&showing->settings, follow);
    rs_follow_close(&follow);
    return result;
}

/* --- the database --------------------------------------------------------------------------------------------------- */
static const char sql[] =
    "WITH a AS (SELECT * FROM ringside.alert WHERE stream = 'main' AND episode = $1::bigint), "
    "t AS (SELECT * FROM ringside.alert_transition WHERE stream = 'main' AND episode = $1::bigint), "
    "s AS (SELECT * FROM ringside.alert_command WHERE stream = 'main' AND episode = $1::bigint AND act NOT IN ('silence', 'unsilence')) "
    "SELECT jsonb_build_object('alert', to_jsonb(a) - 'stream', "
    "'transitions', (SELECT coalesce(jsonb_agg(to_jsonb(t) - '{stream,episode,rule,severity,tenant,family,key,channel,metric,run}'::text[] "
    "ORDER BY t.number, t.ordinal), '[]') FROM t), "
    "'said', (SELECT coalesce(jsonb_agg(to_jsonb(s) - '{stream,episode,tenant,rule,key,channel,run}'::text[] "
    "ORDER BY s.number, s.ordinal), '[]') FROM s), "
    "'outcome', (SELECT to_jsonb(o) FROM ringside.mark AS m, ringside.alert_outcome(m.stream_id, a.episode) AS o "
    "WHERE m.stream = 'main'))::text FROM a";

static int fail_database(PGconn *connection, const char *what) {
    char text[512];
    snprintf(text, sizeof text, "%s", what);
    PQfinish(connection);
    text[strcspn(text, "\r\n")] = '\0';
    return rs_cli_fail("alerts show: the database: %s", text);
}

static int ask_database(showing_t *showing, const char *conninfo) {
    char episode[24];
    const char *values[] = {episode};
    PGconn *connection = PQconnectdb(conninfo);
    if (PQstatus(connection) != CONNECTION_OK) return fail_database(connection, PQerrorMessage(connection));
    PQclear(PQexec(connection, "SET TimeZone = 'UTC'"));
    snprintf(episode, sizeof episode, "%" PRIu64, showing->episode);
    PGresult *answer = PQexecParams(connection, sql, 1, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(answer) != PGRES_TUPLES_OK) {
        char text[512];
        snprintf(text, sizeof text, "%s", PQerrorMessage(connection));
        PQclear(answer);
        return fail_database(connection, text);
    }
    if (PQntuples(answer) == 1) showing->stored = json_loads(PQgetvalue(answer, 0, 0), 0, NULL);
    PQclear(answer);
    PQfinish(connection);
    return 0;
}

/* --- printing ------------------------------------------------------------------------------------------------------- */
static const char *text_in(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void print_line(const char *head, const char *text) {
    rs_line_t line;
    if (text[0] == '\0') return;
    rs_line_clear(&line);
    rs_line_put(&line, RS_STYLE_PLAIN, head);
    rs_line_fill_to(&line, 11);
    rs_line_put(&line, RS_STYLE_PLAIN, text);
    rs_line_trim(&line);
    puts(line.text);
}

static void time_text(const json_t *object, const char *name, char text[64]) {
    const char *given = text_in(object, name);
    int64_t at_us = 0;
    text[0] = '\0';
    if (given[0] != '\0' && rs_event_parse_time(rs_str(given), &at_us) == RS_OK) rs_text_local_time(at_us, true, text);
}

static void figure_text(const json_t *object, const char *name, const char *metric, char text[RS_FIGURE_TEXT]) {
    const json_t *value = json_object_get(object, name);
    strcpy(text, RS_NO_FIGURE);
    if (json_is_number(value)) rs_text_metric(metric, json_number_value(value), text);
}

static void print_transition(const json_t *transition, const char *metric) {
    char at[64], value[RS_FIGURE_TEXT], text[256];
    time_text(transition, "at", at);
    figure_text(transition, "value", metric, value);
    snprintf(text, sizeof text, "%s → %s  %s%s", text_in(transition, "from_state"), text_in(transition, "to_state"), value,
             json_array_size(json_object_get(transition, "quiet")) > 0 ? "  (kept quiet)" : "");
    char line[384];
    snprintf(line, sizeof line, "  %s  %s", at, text);
    print_line("", line);
}

static void print_said(const json_t *said) {
    char at[64], due[64], until[64], line[1024];
    time_text(said, "at", at);
    time_text(said, "due_at", due);
    time_text(said, "until_at", until);
    const char *owner = text_in(said, "owner");
    snprintf(line, sizeof line, "  %s  %s by %s: %s%s%s%s%s%s%s", at, text_in(said, "act"), text_in(said, "author"), text_in(said, "text"),
             owner[0] == '\0' ? "" : "; owner ", owner, due[0] == '\0' ? "" : "; due ", due, until[0] == '\0' ? "" : "; until ", until);
    print_line("", line);
}

/* From the daemon's body when it is open, else from the row. */
static void print_head(const showing_t *showing) {
    const json_t *live = showing->live, *row = json_object_get(showing->stored, "alert");
    const json_t *from = live != NULL ? live : row;
    const char *metric = text_in(from, "metric");
    char text[512], value[RS_FIGURE_TEXT], limit[RS_FIGURE_TEXT], at[64];
    snprintf(text, sizeof text, "%s  %s  %s  %s", showing->name, text_in(from, "state"), text_in(from, "severity"), text_in(from, "rule"));
    print_line("alert", text);
    const char *name = live != NULL ? text_in(from, "queue") : text_in(from, "key");
    snprintf(text, sizeof text, "%s %s%s%s  (tenant %s)", text_in(from, "family"), name[0] != '\0' ? name : text_in(from, "team"),
             text_in(from, "channel")[0] == '\0' ? "" : "/", text_in(from, "channel"), text_in(from, "tenant"));
    print_line("about", text);
    figure_text(from, live != NULL ? "limit" : "limit_value", metric, limit);
    figure_text(live, "value", metric, value);
    const int64_t denominator = json_integer_value(json_object_get(live, "denominator"));
    char share[64] = "";
    if (denominator > 0)
        snprintf(share, sizeof share, " (%" PRId64 " of %" PRId64 ")",
                 (int64_t)json_integer_value(json_object_get(live, "numerator")), denominator);
    snprintf(text, sizeof text, "%s %s%s, limit %s%s", metric, live == NULL ? "" : value, share,
             strcmp(text_in(from, "compare"), "above") == 0 ? ">" : "<", limit);
    print_line("figure", text);
    print_line("detector", text_in(from, "detector"));
    time_text(from, "started_at", at);
    print_line("since", at);
    time_text(from, "fired_at", at);
    print_line("fired", at);
    time_text(row, "ended_at", at);
    print_line("ended", at);
    print_line("runbook", text_in(from, "runbook"));
    print_line("cause", text_in(live, "cause"));
    print_line("action", text_in(live, "action"));
    print_line("owner", text_in(live, "owner"));
    if (live != NULL && json_is_true(json_object_get(live, "acknowledged"))) print_line("has it", text_in(live, "by"));
}

/* The newest one that there is. */
static const json_t *explanation_of(const showing_t *showing) {
    const json_t *found = json_object_get(showing->live, "explanation");
    const json_t *transitions = json_object_get(showing->stored, "transitions");
    for (size_t i = 0; !json_is_object(found) && i < json_array_size(transitions); i++)
        found = json_object_get(json_array_get(transitions, json_array_size(transitions) - 1 - i), "explanation");
    return json_is_object(found) ? found : NULL;
}

static void print_table(const showing_t *showing) {
    const json_t *row = json_object_get(showing->stored, "alert"), *from = showing->live != NULL ? showing->live : row;
    const json_t *transitions = json_object_get(showing->stored, "transitions"), *said = json_object_get(showing->stored, "said");
    print_head(showing);
    if (explanation_of(showing) != NULL) rs_alert_print_explanation(stdout, explanation_of(showing), text_in(from, "metric"));
    if (json_array_size(transitions) > 0) puts("what happened");
    for (size_t i = 0; i < json_array_size(transitions); i++) print_transition(json_array_get(transitions, i), text_in(from, "metric"));
    if (json_array_size(said) > 0) puts("what was said");
    for (size_t i = 0; i < json_array_size(said); i++) print_said(json_array_get(said, i));
    rs_alert_print_outcome(stdout, json_object_get(showing->stored, "outcome"));
}

static json_t *or_null(json_t *value) { return value == NULL ? json_null() : json_incref(value); }

static int print_ndjson(const showing_t *showing) {
    json_t *whole = json_object();
    json_object_set_new(whole, "episode", json_string(showing->name));
    json_object_set_new(whole, "live", or_null(showing->live));
    json_object_set_new(whole, "alert", or_null(json_object_get(showing->stored, "alert")));
    json_object_set_new(whole, "transitions", or_null(json_object_get(showing->stored, "transitions")));
    json_object_set_new(whole, "said", or_null(json_object_get(showing->stored, "said")));
    json_object_set_new(whole, "outcome", or_null(json_object_get(showing->stored, "outcome")));
    const int status = json_dumpf(whole, stdout, JSON_COMPACT);
    puts("");
    json_decref(whole);
    return status == 0 ? 0 : rs_cli_fail("out of memory");
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */
/* The daemon may be down, the database may be none: one of them is enough. */
static int gather(showing_t *showing) {
    const rs_str_t configured = showing->settings.config->database;
    const char *conninfo = showing->database != NULL ? showing->database : configured.len != 0 ? configured.data : NULL;
    int stored = 1;
    if (conninfo != NULL) {
        stored = ask_database(showing, conninfo);
        const json_t *row = json_object_get(showing->stored, "alert");
        if (stored == 0 && json_is_string(json_object_get(row, "ended_at"))) return 0;   /* the daemon knows no more of it */
    }
    const int live = ask_daemon(showing);
    if (live != 0 && (stored != 0 || showing->stored == NULL)) return live;
    if (showing->live != NULL || showing->stored != NULL) return 0;
    return rs_cli_fail("alerts show: there is no open alert %s%s", showing->name,
                       conninfo == NULL ? "; of those that have ended a database would know (--config or --database)"
                                        : ", and none in the database");
}

int rs_cli_alerts_show(int argc, char **argv) {
    showing_t showing = {0};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &showing);
    rs_text_use_utf8();
    int result = rs_follow_settings_load(&showing.settings);
    if (!showing.is_output_named) showing.prints_ndjson = !isatty(STDOUT_FILENO);
    if (result == 0) result = gather(&showing);
    if (result == 0 && showing.prints_ndjson) result = print_ndjson(&showing);
    else if (result == 0) print_table(&showing);
    json_decref(showing.live);
    json_decref(showing.stored);
    rs_follow_settings_deinit(&showing.settings);
    return result;
}
