#include "store/history.h"

#include "store/link.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 3000, ANSWER_MS = 60000, PARAMETERS = 9, NUMBER = 24 };

struct rs_history {
    rs__link_t *link;
    rs_history_fn answered;
    void *context;
    char names[6][RS_MAX_NAME + 1];             /* metric policy family tenant key channel */
    char from[NUMBER], to[NUMBER];              /* seconds since the epoch */
    const char *step;
    int64_t from_us, until_us, every_us;
    bool failed;
    char why[256];
    uint32_t count;
    rs_warm_figure_t figures[RS_HISTORY_MOST];
};

/* The daemon's schema may not be there yet, or not like this: that is an error like any other. */
static const char sql[] =
    "SELECT u.end_us, u.value, u.n FROM ringside.usual_figures($1, nullif($2, ''), $3, $4, nullif($5, ''), nullif($6, ''),"
    " to_timestamp($7::double precision), to_timestamp($8::double precision), $9) AS u";

static void send_question(rs_history_t *history) {
    const char *values[PARAMETERS];
    for (size_t i = 0; i < RS_ARRAY_LEN(history->names); i++) values[i] = history->names[i];
    values[6] = history->from;
    values[7] = history->to;
    values[8] = history->step;
    rs__link_send_with(history->link, sql, values, PARAMETERS, ANSWER_MS);
}

static void on_connected(void *context) { send_question(context); }

static void fail(rs_history_t *history, const char *why) {
    history->failed = true;
    snprintf(history->why, sizeof history->why, "%.*s", (int)strcspn(why, "\r\n"), why);
}

static void take_row(rs_history_t *history, const PGresult *result, int row) {
    const rs_warm_figure_t figure = {.end_us = strtoll(PQgetvalue(result, row, 0), NULL, 10),
                                     .value = strtod(PQgetvalue(result, row, 1), NULL),
                                     .n = (uint32_t)strtoul(PQgetvalue(result, row, 2), NULL, 10)};
    const int64_t after_us = history->count == 0 ? history->from_us : history->figures[history->count - 1].end_us;
    const bool is_subgroup = figure.end_us > after_us && figure.end_us <= history->until_us &&
                             (history->until_us - figure.end_us) % history->every_us == 0;
    /* What is no figure of the question would be no record: the database may say anything. */
    if (is_subgroup && isfinite(figure.value)) history->figures[history->count++] = figure;
}

static void on_result(void *context, const PGresult *result) {
    rs_history_t *history = context;
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail(history, PQresultErrorMessage(result));
        return;
    }
    const int rows = PQntuples(result);
    for (int row = rows > RS_HISTORY_MOST ? rows - RS_HISTORY_MOST : 0; row < rows; row++) take_row(history, result, row);
}

static void answer(rs_history_t *history) {
    history->answered(history->context, history->failed ? RS_ERR_IO : RS_OK, history->figures,
                      history->failed ? 0 : history->count, history->why);
}

static void on_done(void *context) { answer(context); }

static void on_lost(void *context, const char *why) {
    fail(context, why);
    answer(context);
}

static void ignore_copy(void *context) { (void)context; }
static void ignore_notice(void *context, const char *text) { (void)context, (void)text; }

int rs_history_create(uv_loop_t *loop, rs_str_t conninfo, rs_history_fn answered, void *context, rs_history_t **history) {
    rs_history_t *made = calloc(1, sizeof *made);
    if (made == NULL) return RS_ERR_MEMORY;
    const rs__link_callbacks_t callbacks = {.context = made, .on_connected = on_connected, .on_result = on_result,
                                            .on_copy_ready = ignore_copy,
                                            .on_done = on_done, .on_lost = on_lost, .on_notice = ignore_notice};
    made->answered = answered;
    made->context = context;
    const int status = rs__link_create(loop, conninfo.data, &callbacks, NULL, 0, &made->link);
    if (status == RS_OK) *history = made;
    else free(made);
    return status;
}

static void copy_name(char name[RS_MAX_NAME + 1], rs_str_t from) {
    snprintf(name, RS_MAX_NAME + 1, "%.*s", (int)from.len, from.len == 0 ? "" : from.data);
}

void rs_history_ask(rs_history_t *history, const rs_alert_unwarmed_t *unwarmed) {
    const rs_key_t *key = &unwarmed->dimensions;
    static const char *const families[] = {"queue", "channel", "total"};
    RS_REQUIRE(key->family < RS_ARRAY_LEN(families));
    const rs_str_t names[] = {unwarmed->metric, unwarmed->policy, rs_str(families[key->family]), key->tenant, key->name,
                              rs_str(rs_channel_name(key->channel))};
    for (size_t i = 0; i < RS_ARRAY_LEN(names); i++) copy_name(history->names[i], names[i]);
    history->until_us = unwarmed->until_us;
    history->every_us = unwarmed->every_us;
    history->from_us = unwarmed->until_us - RS_HISTORY_WEEKS * 7 * RS_US_PER_DAY;
    snprintf(history->to, sizeof history->to, "%" PRId64, history->until_us / RS_US_PER_S);
    snprintf(history->from, sizeof history->from, "%" PRId64, history->from_us / RS_US_PER_S);
    history->step = unwarmed->every_us == RS_US_PER_HOUR ? "hour" : unwarmed->every_us == 30 * RS_US_PER_MIN ? "30m" : "15m";
    history->failed = false;
    history->why[0] = '\0';
    history->count = 0;
    if (rs__link_is_open(history->link)) send_question(history);
    else rs__link_open(history->link, CONNECT_MS);
}

void rs_history_rest(rs_history_t *history) {
    if (rs__link_is_open(history->link)) rs__link_drop(history->link);
}

static void on_closed(void *context) {
    rs_history_t *history = context;
    rs__link_destroy(&history->link);
    free(history);
}

void rs_history_close(rs_history_t **history) {
    if (*history == NULL) return;
    rs__link_close((*history)->link, on_closed, *history);
    *history = NULL;
}
