#include "cli/alert_outcome.h"

#include "cli/figure_text.h"
#include "event/event.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { LOOK_AGAIN_MS = 50 };

struct rs_review_watch {
    PGconn *connection;
    char began[64];                             /* by the database's clock */
};

/* --- printing ------------------------------------------------------------------------------------------------------- */
static const char *text_in(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void figure_in(const json_t *outcome, const char *name, char text[RS_FIGURE_TEXT]) {
    const json_t *value = json_object_get(outcome, name);
    strcpy(text, RS_NO_FIGURE);
    if (json_is_number(value)) rs_text_metric(text_in(outcome, "metric"), json_number_value(value), text);
}

static void time_in(const json_t *outcome, const char *side, const char *end, char text[RS_FIGURE_TEXT]) {
    char name[32];
    int64_t at_us = 0;
    snprintf(name, sizeof name, "%s_%s", side, end);
    const char *given = text_in(outcome, name);
    if (rs_event_parse_time(rs_str(given), &at_us) != RS_OK) at_us = 0;
    rs_text_local_time(at_us, true, text);
}

/* Of a share both, of a mean or a percentile how many it rests on, of a count nothing more. */
static void print_basis(FILE *out, const json_t *outcome, const char *side) {
    char numerator[32], denominator[32];
    snprintf(numerator, sizeof numerator, "%s_numerator", side);
    snprintf(denominator, sizeof denominator, "%s_denominator", side);
    const json_t *n = json_object_get(outcome, denominator);
    if (!json_is_number(n) || strcmp(text_in(outcome, "unit"), "count") == 0) return;
    if (strcmp(text_in(outcome, "unit"), "ratio") == 0)
        fprintf(out, "  (%.10g of %.10g)", json_number_value(json_object_get(outcome, numerator)), json_number_value(n));
    else fprintf(out, "  (of %.10g)", json_number_value(n));
}

static void print_side(FILE *out, const json_t *outcome, const char *side) {
    char from[RS_FIGURE_TEXT], to[RS_FIGURE_TEXT], value[RS_FIGURE_TEXT], name[32];
    snprintf(name, sizeof name, "%s_value", side);
    time_in(outcome, side, "from", from);
    time_in(outcome, side, "to", to);
    figure_in(outcome, name, value);
    fprintf(out, "  %-11s%s to %s  %s", side, from, to, value);
    print_basis(out, outcome, side);
    fputc('\n', out);
}

static void print_difference(FILE *out, const json_t *outcome) {
    char difference[RS_FIGURE_TEXT], low[RS_FIGURE_TEXT], high[RS_FIGURE_TEXT];
    const json_t *found = json_object_get(outcome, "difference");
    if (!json_is_number(found)) return;
    /* Shares and lengths of time are written without a sign. */
    rs_text_metric(text_in(outcome, "metric"), fabs(json_number_value(found)), difference);
    fprintf(out, "  %-11s%s %s", "difference", difference, json_number_value(found) < 0 ? "less" : "more");
    if (json_is_number(json_object_get(outcome, "low"))) {
        const double bounds[] = {json_number_value(json_object_get(outcome, "low")), json_number_value(json_object_get(outcome, "high"))};
        rs_text_metric(text_in(outcome, "metric"), fabs(bounds[0]), low);
        rs_text_metric(text_in(outcome, "metric"), fabs(bounds[1]), high);
        fprintf(out, ", with 95 %% confidence between %s %s and %s %s", low, bounds[0] < 0 ? "less" : "more", high,
                bounds[1] < 0 ? "less" : "more");
    }
    fputc('\n', out);
}

void rs_alert_print_outcome(FILE *out, const json_t *outcome) {
    const json_t *notes = json_object_get(outcome, "notes"), *note;
    const int64_t again = json_integer_value(json_object_get(outcome, "fired_again"));
    size_t i;
    if (!json_is_object(outcome)) return;
    if (text_in(outcome, "before_from")[0] != '\0') {
        fprintf(out, "did it help  %s: %s %s\n", text_in(outcome, "verdict"), text_in(outcome, "metric"), text_in(outcome, "policy"));
        print_side(out, outcome, "before");
        print_side(out, outcome, "after");
        print_difference(out, outcome);
        if (again > 0) fprintf(out, "  the rule fired again on it, %" PRId64 " times\n", again);
    } else {
        fprintf(out, "did it help  not measured\n");
    }
    json_array_foreach(notes, i, note) fprintf(out, "  %s\n", json_is_string(note) ? json_string_value(note) : "");
}

/* --- what is kept with a review --------------------------------------------------------------------------------------- */
rs_review_watch_t *rs_review_watch_begin(const char *conninfo) {
    rs_review_watch_t *watch = calloc(1, sizeof *watch);
    if (watch == NULL) return NULL;
    watch->connection = PQconnectdb(conninfo);
    PGresult *answer = PQexec(watch->connection, "SELECT clock_timestamp()");
    const bool answers = PQresultStatus(answer) == PGRES_TUPLES_OK;
    if (answers) snprintf(watch->began, sizeof watch->began, "%s", PQgetvalue(answer, 0, 0));
    PQclear(answer);
    if (answers) return watch;
    PQfinish(watch->connection);
    free(watch);
    return NULL;
}

/* True: it is stored, or the database has stopped answering. */
static bool look(const rs_review_watch_t *watch, const char *episode, const char *who, json_t **measured) {
    const char *const values[] = {episode, who, watch->began};
    PGresult *answer = PQexecParams(watch->connection,
        "SELECT s.measured::text FROM ringside.alert_said AS s JOIN ringside.mark AS m USING (stream_id) WHERE m.stream = 'main'"
        " AND s.episode = $1::bigint AND s.act = 'review' AND s.author = $2 AND s.stored_at >= $3::timestamptz"
        " ORDER BY s.number, s.ordinal LIMIT 1", 3, NULL, values, NULL, NULL, 0);
    const bool failed = PQresultStatus(answer) != PGRES_TUPLES_OK, found = !failed && PQntuples(answer) == 1;
    if (found && !PQgetisnull(answer, 0, 0)) *measured = json_loads(PQgetvalue(answer, 0, 0), 0, NULL);
    PQclear(answer);
    return failed || found;
}

json_t *rs_review_watch_end(rs_review_watch_t *watch, uint64_t episode, const char *who, long timeout_s) {
    const struct timespec pause = {.tv_nsec = LOOK_AGAIN_MS * RS_US_PER_MS * 1000};
    char number[24];
    json_t *measured = NULL;
    if (watch == NULL) return NULL;
    snprintf(number, sizeof number, "%" PRIu64, episode);
    for (long left = timeout_s * 1000 / LOOK_AGAIN_MS; left > 0 && !look(watch, number, who, &measured); left--) nanosleep(&pause, NULL);
    PQfinish(watch->connection);
    free(watch);
    return measured;
}
