/* Asking the database for a report, and saying clearly what is wrong when it has no answer. */
#include "cli/report.h"

#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct rs_asking {
    PGconn *connection;
    rs_report_request_t *request;
    rs_report_result_t *result;
} rs_asking_t;

/* --- the result -------------------------------------------------------------------------------------------------- */
const char *rs_report_cell(const rs_report_result_t *result, uint32_t row, uint32_t column) {
    return result->cells[(size_t)row * result->columns + column];
}

int rs_report_column_at(const rs_report_result_t *result, const char *name) {
    for (uint32_t i = 0; i < result->columns; i++) {
        if (strcmp(result->report->columns[i].name, name) == 0) return (int)i;
    }
    return -1;
}

double rs_report_number(const rs_report_result_t *result, uint32_t row, const char *column) {
    const int at = rs_report_column_at(result, column);
    const char *text = at < 0 ? NULL : rs_report_cell(result, row, (uint32_t)at);
    return text == NULL ? (double)NAN : strtod(text, NULL);
}

void rs_report_warn(rs_report_result_t *result, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text[strcspn(text, "\r\n")] = 0;
    for (uint32_t i = 0; i < result->warning_count; i++) {
        if (strcmp(result->warnings[i], text) == 0) return;
    }
    if (result->warning_count == RS_REPORT_MAX_WARNINGS) return;
    char *copy = strdup(text);
    if (copy != NULL) result->warnings[result->warning_count++] = copy;
}

void rs_report_result_deinit(rs_report_result_t *result) {
    for (size_t i = 0; result->cells != NULL && i < (size_t)result->rows * result->columns; i++) free(result->cells[i]);
    for (uint32_t i = 0; i < result->warning_count; i++) free(result->warnings[i]);
    free(result->cells);
    *result = (rs_report_result_t){0};
}

/* --- one statement ----------------------------------------------------------------------------------------------- */
static void keep_notice(void *context, const PGresult *notice) {
    const rs_asking_t *asking = context;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED),
               *text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    if (severity != NULL && text != NULL && strcmp(severity, "WARNING") == 0) rs_report_warn(asking->result, "%s", text);
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Waits for the answer; on a terminal says for how long it has, from the second second on. NULL: it is lost. */
static PGresult *wait_for_result(const rs_asking_t *asking) {
    PGresult *first = NULL, *next;
    const double begin = seconds_now();
    bool told = false;
    for (;;) {
        while (PQisBusy(asking->connection)) {
            struct pollfd ready = {.fd = PQsocket(asking->connection), .events = POLLIN};
            const int polled = poll(&ready, 1, 1000);
            if (polled < 0 && errno != EINTR) break;
            if (polled > 0 && !PQconsumeInput(asking->connection)) break;
            if (asking->request->progress && seconds_now() - begin >= 1) {
                fprintf(stderr, "\rringside report: the database works on it, %.0f s", seconds_now() - begin);
                told = true;
            }
            if (PQstatus(asking->connection) != CONNECTION_OK) break;
        }
        next = PQgetResult(asking->connection);
        if (next == NULL) break;
        if (first == NULL)
            first = next;
        else
            PQclear(next);
    }
    if (told) fputs("\r\033[K", stderr);
    return first;
}

/* What an error of the database means to who asked. Returns 1. */
static int tell_error(const rs_asking_t *asking, const PGresult *answer) {
    const char *state = answer == NULL ? NULL : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char *text = answer == NULL ? NULL : PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const char *name = asking->request->report->name;
    char message[1024];
    snprintf(message, sizeof message, "%s", text != NULL ? text : PQerrorMessage(asking->connection));
    message[strcspn(message, "\r\n")] = 0;
    if (state == NULL)
        return rs_cli_fail("report %s: the database did not answer: %s", name, message[0] == 0 ? "no connection" : message);
    if (strcmp(state, "42501") == 0) {
        return rs_cli_fail("report %s: %s: this user may not read that; the roles ringside_analyst and ringside_supervisor may "
                           "(agents: only the "
                           "latter, by `ringside report agent`)",
                           name, message);
    }
    if (strncmp(state, "42", 2) == 0 || strncmp(state, "3F", 2) == 0) {
        return rs_cli_fail("report %s: %s: the schema is not what this program needs: older, or changed by hand; `ringside "
                           "migrate` brings an older one "
                           "up to date and puts functions and views back",
                           name, message);
    }
    return rs_cli_fail("report %s: %s", name, message);
}

static PGresult *ask(const rs_asking_t *asking, const char *sql, int count, const char *const *values) {
    if (!PQsendQueryParams(asking->connection, sql, count, NULL, values, NULL, NULL, 0)) {
        (void)tell_error(asking, NULL);
        return NULL;
    }
    PGresult *answer = wait_for_result(asking);
    if (PQresultStatus(answer) == PGRES_TUPLES_OK) return answer;
    (void)tell_error(asking, answer);
    PQclear(answer);
    return NULL;
}

/* --- session and period ------------------------------------------------------------------------------------------ */
static int connect_to(rs_asking_t *asking, const char *conninfo) {
    asking->connection = PQconnectdb(conninfo);
    if (PQstatus(asking->connection) != CONNECTION_OK) return tell_error(asking, NULL);
    PQsetNoticeReceiver(asking->connection, keep_notice, asking);
    /* A report that is given up must not go on in the server; a zone is set when it is known to be one. */
    PGresult *answer = ask(asking,
                           "SELECT set_config('application_name', 'ringside report', false), set_config('search_path', "
                           "'pg_catalog, pg_temp', false), "
                           "set_config('datestyle', 'ISO', false), set_config('client_connection_check_interval', '1s', false), "
                           "set_config('jit', 'off', false), to_regnamespace('ringside') IS NOT NULL",
                           0, NULL);
    if (answer == NULL) return 1;
    const bool has_schema = strcmp(PQgetvalue(answer, 0, 5), "t") == 0;
    PQclear(answer);
    return has_schema ? 0 : rs_cli_fail("the database has no schema ringside: `ringside migrate` makes it, the daemon fills it");
}

static int set_zone(const rs_asking_t *asking) {
    PGresult *answer =
        ask(asking, "SELECT set_config('TimeZone', ringside.check_zone($1), false)", 1, &asking->request->values[RS_OPT_ZONE]);
    PQclear(answer);
    return answer == NULL ? 1 : 0;
}

/* PostgreSQL's ISO form, "2026-03-02 08:00:00.5+01", as RFC 3339. */
static void to_rfc3339(const char *iso, char *text, size_t size) {
    const size_t len = strlen(iso);
    const char *sign = len > 19 ? strpbrk(iso + 19, "+-") : NULL;
    if (sign == NULL || iso[10] != ' ') {
        snprintf(text, size, "%s", iso); /* infinity, or before Christ */
        return;
    }
    const bool is_utc = strcmp(sign, "+00") == 0;
    snprintf(text, size, "%.10sT%.*s%s%s", iso, (int)(sign - iso - 11), iso + 11, is_utc ? "Z" : sign,
             !is_utc && strlen(sign) == 3 ? ":00" : "");
}

/* What is no day or instant is told by the option that it was given to. */
static int check_instant(const rs_asking_t *asking, const char *option, const char *text) {
    const char *const values[] = {text, asking->request->values[RS_OPT_ZONE]};
    if (text == NULL) return 0;
    if (!PQsendQueryParams(asking->connection, "SELECT ringside.report_instant($1, $2)", 2, NULL, values, NULL, NULL, 0))
        return tell_error(asking, NULL);
    PGresult *answer = wait_for_result(asking);
    const char *state = answer == NULL ? NULL : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    int result = 0;
    if (state != NULL && strncmp(state, "22", 2) == 0)
        result = rs_cli_fail("report %s: %s: \"%s\" is no day and no instant; wanted: such as 2026-03-02 or 2026-03-02T08:00",
                             asking->request->report->name, option, text);
    else if (PQresultStatus(answer) != PGRES_TUPLES_OK)
        result = tell_error(asking, answer);
    PQclear(answer);
    return result;
}

/* Instants as the zone's text. `texts`: up to two of what was said; NULL ones come from `otherwise`. */
static int resolve(const rs_asking_t *asking, const char *from, const char *to, char from_text[48], char to_text[48]) {
    const char *const values[] = {from, to, asking->request->values[RS_OPT_ZONE]};
    PGresult *answer = ask(asking,
                           "SELECT coalesce(ringside.report_instant($1, $3), ringside.first_instant((t.to_time AT TIME ZONE "
                           "$3)::date - 7, $3)), t.to_time, "
                           "ringside.check_period(coalesce(ringside.report_instant($1, $3), ringside.first_instant((t.to_time AT "
                           "TIME ZONE $3)::date - 7, $3)), t.to_time) "
                           "FROM (SELECT coalesce(ringside.report_instant($2, $3), CASE WHEN $1::text IS NULL THEN "
                           "ringside.first_instant((now() AT TIME ZONE $3)::date, $3) "
                           "ELSE now() END) AS to_time) AS t",
                           3, values);
    if (answer == NULL) return 1;
    to_rfc3339(PQgetvalue(answer, 0, 0), from_text, 48);
    to_rfc3339(PQgetvalue(answer, 0, 1), to_text, 48);
    PQclear(answer);
    return 0;
}

static int check_change(const rs_asking_t *asking) {
    const rs_report_request_t *request = asking->request;
    const char *const values[] = {request->change, request->values[RS_OPT_ZONE], request->from, request->to};
    if (check_instant(asking, "--change", request->change) != 0) return 1;
    PGresult *answer = ask(asking, "SELECT ringside.report_instant($1, $2) > $3::timestamptz "
                                   "AND ringside.report_instant($1, $2) < $4::timestamptz", 4, values);
    if (answer == NULL) return 1;
    const bool is_within = strcmp(PQgetvalue(answer, 0, 0), "t") == 0;
    PQclear(answer);
    return is_within ? 0 : rs_cli_fail("report %s: --change: \"%s\" is not within the period, after %s and before %s",
                                       request->report->name, request->change, request->from, request->to);
}

static int resolve_before(const rs_asking_t *asking) {
    rs_report_request_t *request = asking->request;
    char from[128] = "", to[128] = "";
    if (request->change != NULL) { /* from … change is before, change … to is after */
        char change[48], unused[48];
        if (check_change(asking) != 0) return 1;
        snprintf(request->before_from, sizeof request->before_from, "%s", request->from);
        if (resolve(asking, request->change, request->to, change, unused) != 0) return 1;
        if (resolve(asking, request->from, change, request->before_from, request->before_to) != 0) return 1;
        memcpy(request->from, change, sizeof change);
    } else {
        const char *comma = strchr(request->against, ',');
        if (comma == NULL || (size_t)(comma - request->against) >= sizeof from || strlen(comma + 1) >= sizeof to) {
            return rs_cli_usage("--against: \"%s\" is no period; wanted: FROM,TO such as 2026-02-01,2026-03-01",
                                request->against);
        }
        snprintf(from, sizeof from, "%.*s", (int)(comma - request->against), request->against);
        snprintf(to, sizeof to, "%s", comma + 1);
        if (check_instant(asking, "--against", from) != 0 || check_instant(asking, "--against", to) != 0) return 1;
        if (resolve(asking, from, to, request->before_from, request->before_to) != 0) return 1;
    }
    request->values[RS_OPT_BEFORE_FROM] = request->before_from;
    request->values[RS_OPT_BEFORE_TO] = request->before_to;
    return 0;
}

/* Figures are kept by quarters of an hour; zones are whole quarters away from each other. */
static void warn_of_quarter(const rs_asking_t *asking, const char *which, const char *instant) {
    const rs_report_t *report = asking->request->report;
    const bool is_of_quarters = rs_report_takes(report, RS_OPT_ATTRIBUTION) || report->chart == RS_DRAWN_PROCESS;
    const bool is_quarter = strlen(instant) > 19 && strtol(instant + 14, NULL, 10) % 15 == 0 && strncmp(instant + 17, "00", 2) == 0 &&
                            instant[19] != '.';
    if (is_of_quarters && !is_quarter)
        rs_report_warn(asking->result, "--%s %s is within a quarter of an hour, and what is kept are whole ones: "
                                       "counted are those that begin within the period",
                       which, instant);
}

static int prepare(rs_asking_t *asking, const char *conninfo) {
    rs_report_request_t *request = asking->request;
    int result = connect_to(asking, conninfo);
    if (result == 0) result = set_zone(asking);
    const char *const said_from = request->values[RS_OPT_FROM], *const said_to = request->values[RS_OPT_TO];
    if (result == 0) result = check_instant(asking, "--from", said_from);
    if (result == 0) result = check_instant(asking, "--to", said_to);
    if (result == 0)
        result = resolve(asking, request->values[RS_OPT_FROM], request->values[RS_OPT_TO], request->from, request->to);
    if (result == 0 && rs_report_takes(request->report, RS_OPT_BEFORE_FROM)) result = resolve_before(asking);
    if (result == 0 && said_from != NULL) warn_of_quarter(asking, "from", request->from);
    if (result == 0 && said_to != NULL) warn_of_quarter(asking, "to", request->to);
    request->values[RS_OPT_FROM] = request->from;
    request->values[RS_OPT_TO] = request->to;
    return result;
}

/* --- the report -------------------------------------------------------------------------------------------------- */
static bool put(char *sql, size_t size, const char *format, ...) RS_PRINTF(3, 4);
static bool put(char *sql, size_t size, const char *format, ...) {
    const size_t len = strlen(sql);
    va_list arguments;
    va_start(arguments, format);
    const int more = vsnprintf(sql + len, size - len, format, arguments);
    va_end(arguments);
    return more >= 0 && (size_t)more < size - len;
}

/* Values of users are parameters; names come from the table. Returns the number of parameters. */
static int build(const rs_report_request_t *request, char *sql, size_t size, const char **values) {
    const rs_report_t *report = request->report;
    int count = 0;
    bool fits = put(sql, size, "SELECT ");
    for (uint32_t i = 0; i < report->asked; i++)
        fits = fits && put(sql, size, "%sr.%s", i == 0 ? "" : ", ", report->columns[i].name);
    fits = fits && put(sql, size, " FROM ringside.%s(", report->function);
    for (uint32_t i = 0; i < RS_REPORT_MAX_ARGUMENTS && report->arguments[i].parameter != NULL; i++) {
        const rs_report_argument_t *argument = &report->arguments[i];
        if (request->values[argument->option] == NULL) continue;
        values[count++] = request->values[argument->option];
        fits = fits && put(sql, size, "%s%s => $%d", count == 1 ? "" : ", ", argument->parameter, count);
    }
    fits = fits && put(sql, size, ") AS r");
    RS_REQUIRE(fits);
    return count;
}

static char *copy_cell(const PGresult *answer, int row, uint32_t column, uint8_t kind) {
    char time[64];
    if (PQgetisnull(answer, row, (int)column)) return NULL;
    const char *value = PQgetvalue(answer, row, (int)column);
    if (kind != RS_COLUMN_TIME) return strdup(value);
    to_rfc3339(value, time, sizeof time);
    return strdup(time);
}

/* What functions say of single rows, said once for all. */
static void keep_row_warnings(rs_report_result_t *result) {
    const int at = rs_report_column_at(result, "warnings");
    for (uint32_t row = 0; at >= 0 && row < result->rows; row++) {
        const char *text = rs_report_cell(result, row, (uint32_t)at);
        while (text != NULL && *text != 0) {
            const char *end = strstr(text, "; ");
            rs_report_warn(result, "%.*s", end == NULL ? (int)strlen(text) : (int)(end - text), text);
            text = end == NULL ? NULL : end + 2;
        }
    }
}

static int keep_rows(rs_asking_t *asking, const PGresult *answer) {
    rs_report_result_t *result = asking->result;
    const rs_report_t *report = asking->request->report;
    const int rows = PQntuples(answer);
    result->report = report;
    result->columns = report->column_count;
    if (rows == 0) return 0;
    result->cells = calloc((size_t)rows * report->column_count, sizeof *result->cells);
    if (result->cells == NULL) return rs_cli_fail("out of memory");
    result->rows = (uint32_t)rows;
    for (int row = 0; row < rows; row++) {
        for (uint32_t i = 0; i < report->asked; i++) {
            char *cell = copy_cell(answer, row, i, report->columns[i].kind);
            if (cell == NULL && !PQgetisnull(answer, row, (int)i)) return rs_cli_fail("out of memory");
            result->cells[(size_t)row * report->column_count + i] = cell;
        }
    }
    keep_row_warnings(result);
    return 0;
}

/* Names of queues, channels or teams of the period's last week; persons are not named. False: there is none, or this is not about one. */
static bool explain_key(rs_asking_t *asking) {
    static const struct { const char *family, *sql; } named[] = {
#define KNOWN(family) \
    "SELECT string_agg(k.key, ', ' ORDER BY k.key), count(*) " \
    "FROM (SELECT DISTINCT i." family " AS key FROM ringside." family "_interval AS i " \
    "WHERE i.interval_start >= greatest($1::timestamptz, $2::timestamptz - interval '7 days') AND i.interval_start < $2::timestamptz " \
    "AND i." family " IS NOT NULL ORDER BY 1 LIMIT 20) AS k"
        {"queue", KNOWN("queue")}, {"channel", KNOWN("channel")}, {"team", KNOWN("team")}};
#undef KNOWN
    const char *const *given = asking->request->values, *const family = given[RS_OPT_FAMILY] == NULL ? "queue" : given[RS_OPT_FAMILY];
    const char *const values[] = {asking->request->from, asking->request->to};
    bool found = false;
    for (size_t i = 0; i < RS_ARRAY_LEN(named) && given[RS_OPT_KEY] != NULL; i++) {
        if (strcmp(named[i].family, family) != 0) continue;
        PGresult *answer = ask(asking, named[i].sql, 2, values);
        found = answer != NULL && !PQgetisnull(answer, 0, 0);
        if (found)
            rs_report_warn(asking->result, "nothing of the %s \"%s\" in the period from %s to %s; of its last week there %s %s%s", family,
                           given[RS_OPT_KEY], asking->request->from, asking->request->to,
                           strcmp(PQgetvalue(answer, 0, 1), "1") == 0 ? "is" : "are",
                           PQgetvalue(answer, 0, 0), strcmp(PQgetvalue(answer, 0, 1), "20") == 0 ? ", …" : "");
        PQclear(answer);
    }
    return found;
}

/* No rows: says what there is, so that nobody takes a wrong year for a quiet week. */
static void explain_nothing(rs_asking_t *asking) {
    if (!rs_report_takes(asking->request->report, RS_OPT_FROM)) return;
    if (explain_key(asking)) return;
    PGresult *answer = ask(asking, "SELECT p.from_time, p.to_time FROM ringside.known_period() AS p", 0, NULL);
    if (answer == NULL) return;
    char from[64], to[64];
    if (PQgetisnull(answer, 0, 0)) {
        rs_report_warn(asking->result, "the database has no rows at all yet");
    } else {
        to_rfc3339(PQgetvalue(answer, 0, 0), from, sizeof from);
        to_rfc3339(PQgetvalue(answer, 0, 1), to, sizeof to);
        rs_report_warn(asking->result,
                       "nothing in the period from %s to %s for what was asked; the database has rows from %s to %s",
                       asking->request->from, asking->request->to, from, to);
    }
    PQclear(answer);
}

int rs_report_query(const char *conninfo, rs_report_request_t *request, rs_report_result_t *result) {
    rs_asking_t asking = {.request = request, .result = result};
    char sql[4096] = "";
    const char *values[RS_REPORT_MAX_ARGUMENTS];
    result->report = request->report;
    result->columns = request->report->column_count;
    int status = prepare(&asking, conninfo);
    if (status == 0) {
        const int count = build(request, sql, sizeof sql, values);
        PGresult *answer = ask(&asking, sql, count, values);
        status = answer == NULL ? 1 : keep_rows(&asking, answer);
        PQclear(answer);
    }
    if (status == 0 && result->rows == 0) explain_nothing(&asking);
    PQfinish(asking.connection);
    return status;
}

/* --- what is written --------------------------------------------------------------------------------------------- */
int rs_report_freeze(const char *conninfo, rs_report_request_t *request, const char *name) {
    rs_report_result_t unused = {.report = request->report};
    rs_asking_t asking = {.request = request, .result = &unused};
    int status = prepare(&asking, conninfo);
    if (status == 0) {
        const char *const *v = request->values;
        const char *const values[] = {name,
                                      v[RS_OPT_METRIC] == NULL ? "service_level" : v[RS_OPT_METRIC],
                                      v[RS_OPT_FAMILY] == NULL ? "queue" : v[RS_OPT_FAMILY],
                                      v[RS_OPT_TENANT],
                                      v[RS_OPT_KEY],
                                      request->from,
                                      request->to,
                                      v[RS_OPT_ZONE],
                                      v[RS_OPT_POLICY],
                                      v[RS_OPT_CHANNEL],
                                      v[RS_OPT_ATTRIBUTION] == NULL ? "event" : v[RS_OPT_ATTRIBUTION]};
        PGresult *answer = ask(&asking,
                               "SELECT b.name FROM ringside.make_baseline($1, $2, $3, ringside.report_tenant($4), $5, "
                               "$6::timestamptz, $7::timestamptz, $8, "
                               "ringside.report_policy($2, $9), $10, $11) AS b",
                               (int)RS_ARRAY_LEN(values), values);
        status = answer == NULL ? 1 : 0;
        PQclear(answer);
    }
    rs_report_result_deinit(&unused);
    PQfinish(asking.connection);
    return status;
}

int rs_report_review(const char *conninfo, rs_report_request_t *request, const char *id) {
    rs_report_result_t unused = {.report = request->report};
    rs_asking_t asking = {.request = request, .result = &unused};
    int status = connect_to(&asking, conninfo);
    if (status == 0) {
        PGresult *answer = ask(&asking, "SELECT ringside.review_improvement($1::integer)", 1, &id);
        status = answer == NULL ? 1 : 0;
        PQclear(answer);
    }
    rs_report_result_deinit(&unused);
    PQfinish(asking.connection);
    return status;
}
