#include "store/link.h"
#include "store/hosts.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

typedef enum phase { CLOSED, RESOLVING, CONNECTING, READY, BUSY, COPYING } phase_t;

struct rs__link {
    uv_loop_t *loop;
    rs__link_callbacks_t callbacks;
    char *conninfo;
    rs__hosts_t *hosts;
    PQconninfoOption *options;      /* of the attempt under way */
    phase_t phase;
    PGconn *connection;
    uv_poll_t *poll;                /* on the heap: it lives until its close callback */
    int poll_socket;
    uv_timer_t timer;               /* connect, and waiting for an answer */
    uint64_t answer_ms;
    uint64_t attempt;               /* grows with every drop: tells a callback that its connection is gone */
    size_t turns;                   /* attempts that failed: with which of several hosts to begin */
    uint32_t open_handles;
    bool closing, broken;           /* broken: on_lost is due */
    void (*on_closed)(void *context);
    void *close_context;
};

int rs_store_check_conninfo(const char *conninfo, char *why, size_t why_size) {
    char *error = NULL;
    PQconninfoOption *parsed = PQconninfoParse(conninfo, &error);
    if (parsed == NULL) {
        if (why != NULL && why_size > 0) {
            snprintf(why, why_size, "%s", error == NULL ? "out of memory" : error);
            why[strcspn(why, "\r\n")] = '\0';
        }
        PQfreemem(error);
        return RS_ERR_INVALID;
    }
    PQconninfoFree(parsed);
    return RS_OK;
}

int rs__link_create(uv_loop_t *loop, const char *conninfo, const rs__link_callbacks_t *callbacks, char *why, size_t why_size,
                    rs__link_t **link_out) {
    if (rs_store_check_conninfo(conninfo, why, why_size) != RS_OK) return RS_ERR_INVALID;
    rs__link_t *link = calloc(1, sizeof *link);
    if (link == NULL) return RS_ERR_MEMORY;
    link->conninfo = strdup(conninfo);
    if (link->conninfo == NULL || rs__hosts_create(loop, &link->hosts) != RS_OK) {
        free(link->conninfo);
        free(link);
        return RS_ERR_MEMORY;
    }
    link->loop = loop;
    link->callbacks = *callbacks;
    link->timer.data = link;
    RS_REQUIRE(uv_timer_init(loop, &link->timer) == 0);
    link->open_handles = 1;
    *link_out = link;
    return RS_OK;
}

int rs__link_create_beside(const rs__link_t *link, const rs__link_callbacks_t *callbacks, rs__link_t **beside) {
    return rs__link_create(link->loop, link->conninfo, callbacks, NULL, 0, beside);
}

void rs__link_destroy(rs__link_t **link_ref) {
    rs__link_t *link = *link_ref;
    if (link == NULL) return;
    RS_REQUIRE(link->open_handles == 0 && link->phase == CLOSED);
    rs__hosts_destroy(&link->hosts);
    free(link->conninfo);
    free(link);
    *link_ref = NULL;
}

bool rs__link_is_open(const rs__link_t *link) { return link->phase != CLOSED; }
int32_t rs__link_backend(const rs__link_t *link) { return link->connection == NULL ? 0 : (int32_t)PQbackendPID(link->connection); }

/* --- closing ------------------------------------------------------------------------------------------------------- */
static void check_closed(rs__link_t *link) {
    if (!link->closing || link->open_handles > 0 || link->on_closed == NULL) return;
    void (*on_closed)(void *) = link->on_closed;
    link->on_closed = NULL;
    on_closed(link->close_context);
}

static void on_poll_closed(uv_handle_t *handle) {
    rs__link_t *link = handle->data;
    free(handle);
    link->open_handles--;
    check_closed(link);
}

static void drop_poll(rs__link_t *link) {
    if (link->poll == NULL) return;
    uv_poll_stop(link->poll);
    uv_close((uv_handle_t *)link->poll, on_poll_closed);
    link->poll = NULL;
}

void rs__link_drop(rs__link_t *link) {
    link->attempt++;
    uv_timer_stop(&link->timer);
    drop_poll(link);                /* before the socket is closed and its number given to another */
    PQfinish(link->connection);
    link->connection = NULL;
    if (rs__hosts_busy(link->hosts)) rs__hosts_cancel(link->hosts);
    PQconninfoFree(link->options);
    link->options = NULL;
    link->broken = false;
    link->phase = CLOSED;
}

static void lost(rs__link_t *link, const char *why) {
    char text[512];
    snprintf(text, sizeof text, "%s", why);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\n' || *at == '\r') *at = at[1] == '\0' ? '\0' : ' ';
    if (link->phase == RESOLVING || link->phase == CONNECTING) link->turns++;
    rs__link_drop(link);
    link->callbacks.on_lost(link->callbacks.context, text);
}

static void on_timer_closed(uv_handle_t *handle) {
    rs__link_t *link = handle->data;
    link->open_handles--;
    check_closed(link);
}

/* A name resolution that could not be cancelled must end before the memory goes. */
static void on_closing_timer(uv_timer_t *timer) {
    rs__link_t *link = timer->data;
    if (rs__hosts_busy(link->hosts)) return;
    uv_timer_stop(timer);
    uv_close((uv_handle_t *)timer, on_timer_closed);
}

void rs__link_close(rs__link_t *link, void (*on_closed)(void *context), void *context) {
    RS_REQUIRE(!link->closing);
    rs__link_drop(link);
    link->closing = true;
    link->on_closed = on_closed;
    link->close_context = context;
    uv_timer_start(&link->timer, on_closing_timer, 0, 10);
}

/* --- waiting ------------------------------------------------------------------------------------------------------- */
static void on_event(uv_poll_t *poll, int status, int events);

/* A failure found inside a call of ours is reported from the loop, by a timer that is due at once. */
static void on_broken(uv_timer_t *timer) {
    rs__link_t *link = timer->data;
    const char *why = link->connection == NULL ? "out of memory" : PQerrorMessage(link->connection);
    lost(link, why[0] == '\0' ? "the connection cannot be used" : why);
}
static void lost_soon(rs__link_t *link) {
    link->broken = true;
    drop_poll(link);
    uv_timer_start(&link->timer, on_broken, 0, 0);
}

static void watch(rs__link_t *link, int events) {
    const int socket = PQsocket(link->connection);
    if (link->poll != NULL && link->poll_socket != socket) drop_poll(link);
    if (link->poll == NULL) {
        uv_poll_t *poll = calloc(1, sizeof *poll);
        if (poll == NULL || socket < 0 || uv_poll_init(link->loop, poll, socket) != 0) {
            free(poll);
            lost_soon(link);
            return;
        }
        poll->data = link;
        link->poll = poll;
        link->poll_socket = socket;
        link->open_handles++;
    }
    if (uv_poll_start(link->poll, events, on_event) != 0) lost_soon(link);
}

/* What to wait for once connected. While copying, always for room: that is what asks for the next piece. */
static void watch_connected(rs__link_t *link) {
    const int flushed = PQflush(link->connection);
    if (flushed < 0) {
        /* The server may have said why before it closed: that is still to be read. */
        watch(link, UV_READABLE);
        return;
    }
    watch(link, flushed == 1 || link->phase == COPYING ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

static void on_no_answer(uv_timer_t *timer) {
    rs__link_t *link = timer->data;
    lost(link, link->phase == RESOLVING || link->phase == CONNECTING ? "timed out while connecting" : "the database does not answer");
}

static void expect_answer(rs__link_t *link) { uv_timer_start(&link->timer, on_no_answer, link->answer_ms, 0); }

/* --- connecting ---------------------------------------------------------------------------------------------------- */
static void receive_notice(void *context, const PGresult *result) {
    rs__link_t *link = context;
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (text != NULL) link->callbacks.on_notice(link->callbacks.context, text);
}

static void advance_connecting(rs__link_t *link) {
    if (link->poll != NULL) uv_poll_stop(link->poll);
    switch (PQconnectPoll(link->connection)) {
        case PGRES_POLLING_READING: watch(link, UV_READABLE); break;
        case PGRES_POLLING_WRITING: watch(link, UV_WRITABLE); break;
        case PGRES_POLLING_OK: {
            if (PQsetnonblocking(link->connection, 1) != 0) {
                lost(link, PQerrorMessage(link->connection));
                return;
            }
            uv_timer_stop(&link->timer);
            link->phase = READY;
            watch_connected(link);
            link->callbacks.on_connected(link->callbacks.context);
            break;
        }
        default: lost(link, PQerrorMessage(link->connection)); break;
    }
}

static bool is_set(const PQconninfoOption *o, const char *keyword) {
    return strcmp(o->keyword, keyword) == 0 && o->val != NULL;
}

/* Adds what the user did not say. */
static void connect_now(rs__link_t *link) {
    static const char *const additions[][2] = {{"fallback_application_name", "ringsided"},
                                               {"keepalives_idle", "30"},
                                               {"keepalives_interval", "10"},
                                               {"keepalives_count", "3"},
                                               {"tcp_user_timeout", "60000"},
                                               {"target_session_attrs", "read-write"}};
    enum { MAX_KEYWORDS = 80 };
    rs__hosts_turn(link->options, link->turns);
    const char *keywords[MAX_KEYWORDS], *values[MAX_KEYWORDS];
    bool said[RS_ARRAY_LEN(additions)] = {false};
    size_t count = 0;
    for (const PQconninfoOption *o = link->options; o->keyword != NULL && count < MAX_KEYWORDS - 8; o++) {
        if (o->val == NULL || is_set(o, "client_encoding")) continue;
        for (size_t i = 0; i < RS_ARRAY_LEN(additions); i++) said[i] = said[i] || is_set(o, additions[i][0]);
        keywords[count] = o->keyword;
        values[count++] = o->val;
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(additions); i++) {
        if (said[i]) continue;
        keywords[count] = additions[i][0];
        values[count++] = additions[i][1];
    }
    keywords[count] = "client_encoding";
    values[count++] = "UTF8";
    keywords[count] = values[count] = NULL;

    link->connection = PQconnectStartParams(keywords, values, 0);
    if (link->connection == NULL || PQstatus(link->connection) == CONNECTION_BAD) {
        lost_soon(link);
        return;
    }
    PQsetNoticeReceiver(link->connection, receive_notice, link);
    link->phase = CONNECTING;
    watch(link, UV_WRITABLE);
}

static void on_hosts(void *context, int status, const char *why) {
    rs__link_t *link = context;
    if (status != RS_OK) lost(link, why);
    else connect_now(link);
}

void rs__link_open(rs__link_t *link, uint64_t timeout_ms) {
    RS_REQUIRE(link->phase == CLOSED && !link->closing);
    link->phase = RESOLVING;
    link->answer_ms = timeout_ms;
    expect_answer(link);
    link->options = PQconninfoParse(link->conninfo, NULL);
    if (link->options == NULL) {
        lost_soon(link);
        return;
    }
    /* A resolution of an earlier attempt that could not be cancelled is still under way: try again later. */
    if (rs__hosts_busy(link->hosts)) return;
    if (rs__hosts_resolve(link->hosts, link->options, on_hosts, link)) connect_now(link);
}

/* --- talking ------------------------------------------------------------------------------------------------------- */
static void begin_talk(rs__link_t *link, uint64_t timeout_ms) {
    RS_REQUIRE(link->phase == READY);
    link->phase = BUSY;
    link->answer_ms = timeout_ms;
    expect_answer(link);
}

void rs__link_send(rs__link_t *link, const char *sql, uint64_t timeout_ms) {
    begin_talk(link, timeout_ms);
    if (PQsendQuery(link->connection, sql) != 1) lost_soon(link);
    else watch_connected(link);
}

void rs__link_send_with(rs__link_t *link, const char *sql, const char *const *values, int count, uint64_t timeout_ms) {
    begin_talk(link, timeout_ms);
    if (PQsendQueryParams(link->connection, sql, count, NULL, values, NULL, NULL, 0) != 1) lost_soon(link);
    else watch_connected(link);
}

bool rs__link_put(rs__link_t *link, const void *bytes, size_t len) {
    RS_REQUIRE(link->phase == COPYING);
    if (PQputCopyData(link->connection, bytes, (int)len) == 1) return true;
    lost_soon(link);
    return false;
}

void rs__link_end_copy(rs__link_t *link) {
    RS_REQUIRE(link->phase == COPYING);
    if (PQputCopyEnd(link->connection, NULL) != 1) {
        lost_soon(link);
        return;
    }
    link->phase = BUSY;
    expect_answer(link);
    watch_connected(link);
}

/* Shows every result that has arrived. The callbacks may drop the connection, or send the next statement. */
static void show_results(rs__link_t *link) {
    const uint64_t attempt = link->attempt;
    while (link->phase == BUSY && !link->broken && PQisBusy(link->connection) == 0) {
        PGresult *result = PQgetResult(link->connection);
        if (result == NULL) {
            link->phase = READY;
            uv_timer_stop(&link->timer);
            link->callbacks.on_done(link->callbacks.context);
            if (link->attempt != attempt) return;
            continue;
        }
        expect_answer(link);
        if (PQresultStatus(result) == PGRES_COPY_IN) {
            PQclear(result);
            link->phase = COPYING;
            return;
        }
        link->callbacks.on_result(link->callbacks.context, result);
        PQclear(result);
        if (link->attempt != attempt) return;
    }
}

static void on_event(uv_poll_t *poll, int status, int events) {
    rs__link_t *link = poll->data;
    if (link->poll != poll) return;
    if (link->phase == CONNECTING) {
        advance_connecting(link);
        return;
    }
    if (status < 0) events |= UV_READABLE;
    const uint64_t attempt = link->attempt;
    if (events & UV_READABLE) {
        if (PQconsumeInput(link->connection) != 1) {
            /* What had arrived before the end is still shown: it may say why, or that a COMMIT was done. */
            show_results(link);
            if (link->attempt == attempt && !link->broken) lost(link, PQerrorMessage(link->connection));
            return;
        }
        show_results(link);
        if (link->attempt != attempt || link->broken) return;
        if (PQstatus(link->connection) == CONNECTION_BAD) {
            lost(link, PQerrorMessage(link->connection));
            return;
        }
    }
    if (link->phase == COPYING && PQflush(link->connection) == 0) {
        expect_answer(link);
        link->callbacks.on_copy_ready(link->callbacks.context);
        if (link->attempt != attempt || link->broken) return;
    }
    if (link->poll != NULL) watch_connected(link);
}
