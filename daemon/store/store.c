#include "store/store_internal.h"

#include "base/planted.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { IDLE_MARK_FLUSHES = 10 };   /* without anything to write, the mark moves every so many */

static const char *const state_names[RS_STORE_STATE_COUNT] = {"backoff", "connecting", "preparing", "idle", "writing",
                                                              "committing", "fenced", "closing", "closed"};
const char *rs_store_state_name(unsigned state) { return state < RS_STORE_STATE_COUNT ? state_names[state] : ""; }

void rs_store_settings_from_config(const rs_config_t *config, rs_store_settings_t *settings) {
    *settings = (rs_store_settings_t){.conninfo = config->database, .stream = RS_STR("main"), .flush_us = config->flush_us,
                                      .backoff_min_us = config->backoff_min_us, .backoff_max_us = config->backoff_max_us,
                                      .max_sources = config->limits.sources, .migrate = true};
}

/* --- saying -------------------------------------------------------------------------------------------------------- */
/* Texts of the server are not trusted with the terminal. */
static void printable(char *text) {
    for (char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = ' ';
}

static void say(rs_store_t *store, rs_store_log_level_t level, const char *text) {
    if (store->callbacks.log != NULL) store->callbacks.log(store->callbacks.context, level, text);
}

void rs__store_say(rs_store_t *store, rs_store_log_level_t level, const char *format, ...) {
    char text[640];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printable(text);
    say(store, level, text);
}

void rs__store_fail(rs_store_t *store, const char *format, ...) {
    char *text = store->status.last_error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof store->status.last_error, format, arguments);
    va_end(arguments);
    printable(text);
    if (strcmp(text, store->last_logged) == 0) {
        store->repeats++;
        return;
    }
    memcpy(store->last_logged, text, sizeof store->last_logged);
    store->repeats = 0;
    say(store, RS_STORE_ERROR, text);
}

void rs__store_works(rs_store_t *store) {
    store->backoff_us = store->backoff_min_us;
    store->status.last_error[0] = '\0';
    if (store->last_logged[0] == '\0') return;
    rs__store_say(store, RS_STORE_INFO, "database: works again (stream %s, epoch %" PRId64 "; the last error came %" PRIu64
                  " more times)", store->stream, store->epoch, store->repeats);
    store->last_logged[0] = '\0';
}

void rs__store_set_state(rs_store_t *store, rs_store_state_t state) { store->state = state; }

/* --- time ---------------------------------------------------------------------------------------------------------- */
static uint64_t to_ms(int64_t us) { return us < RS_US_PER_MS ? 1 : (uint64_t)(us / RS_US_PER_MS); }

static void on_retry(uv_timer_t *timer) { rs__session_connect(timer->data); }

/* Between 75 % and 125 % of the wanted time, so that many daemons do not come back at the same moment. */
static int64_t jittered(rs_store_t *store, int64_t us) {
    store->jitter ^= store->jitter << 13;
    store->jitter ^= store->jitter >> 7;
    store->jitter ^= store->jitter << 17;
    return us - us / 4 + (int64_t)(store->jitter % (uint64_t)(us / 2 + 1));
}

rs__remedy_t rs__store_fault(rs_store_t *store, rs_store_fault_t fault) {
    store->status.faults[fault]++;
    return rs__fault_remedy(fault);
}

void rs__store_retry_later(rs_store_t *store, bool slow) {
    rs__link_drop(store->link);
    rs__pooler_drop(store);
    store->status.failures++;
    rs__store_set_state(store, RS_STORE_BACKOFF);
    store->step = RS__STEP_NONE;
    const int64_t wait_us = slow ? store->backoff_max_us : store->backoff_us;
    store->backoff_us = store->backoff_us * 2 < store->backoff_max_us ? store->backoff_us * 2 : store->backoff_max_us;
    uv_timer_start(&store->retry_timer, on_retry, to_ms(jittered(store, wait_us)), 0);
}

/* --- asking for rows ----------------------------------------------------------------------------------------------- */
bool rs__store_has_records(const rs_store_t *store) {
    return rs__records_waiting(store->records, RS__FEED_TRANSITIONS) + rs__records_waiting(store->records, RS__FEED_REFUSALS) +
               rs__records_waiting(store->records, RS__FEED_SOURCES) > 0;
}

static void finish(rs_store_t *store, int status);

/* Only the mark has to move: after a rebuild at once … */
static bool is_mark_late(const rs_store_t *store) { return !rs__store_lacks(store) && store->reached > (uint64_t)store->position; }

/* … and when nothing happens now and then, so that less of the journal is needed. */
static bool is_mark_due(const rs_store_t *store) {
    const bool is_time = uv_now(store->loop) - store->stored_ms >= IDLE_MARK_FLUSHES * to_ms(store->flush_us);
    return is_mark_late(store) || (!rs__store_lacks(store) && is_time && store->nothing_upto > (uint64_t)store->position);
}

/* There are no rows to write: the rest may go alone. */
static void proceed_without_rows(rs_store_t *store) {
    if (rs__store_has_records(store) || is_mark_due(store)) {
        rs__session_begin(store);
        return;
    }
    rs__store_works(store);
    if (store->closing && store->no_more_rows) finish(store, RS_OK);
}

/* The next batch into the hand: from either side in turn. What is made again is left when the store closes. */
static bool take_batch(rs_store_t *store) {
    if (store->batch != NULL) return true;
    const bool rebuilt = store->given[RS__SIDE_REBUILT].batch != NULL && !store->closing;
    const bool turn = store->side == RS__SIDE_NORMAL || store->given[RS__SIDE_NORMAL].batch == NULL;
    store->side = rebuilt && turn ? RS__SIDE_REBUILT : RS__SIDE_NORMAL;
    rs__given_t *given = &store->given[store->side];
    if (given->batch == NULL) return false;
    store->batch = given->batch;
    store->batch_position = given->position;
    store->batch_newest = given->newest;
    store->batch_watermark_us = given->watermark_us;
    store->rows_done = store->edges_done = store->contacts_done = 0;
    given->batch = NULL;
    return true;
}

void rs__store_proceed(rs_store_t *store) {
    if (store->state != RS_STORE_IDLE) return;
    rs__store_check_owed(store);
    if (take_batch(store) || is_mark_late(store)) {
        rs__session_begin(store);
        return;
    }
    if (!store->flush_due && !store->ask_again && !store->closing) return;
    const bool ask = !store->requested && !store->no_more_rows;
    store->flush_due = store->ask_again = false;
    if (ask) {
        store->requested = store->asking = true;
        store->callbacks.request_rows(store->callbacks.context);
        store->asking = false;
        if (store->state != RS_STORE_IDLE) return;
        if (take_batch(store)) {
            rs__session_begin(store);
            return;
        }
        if (store->requested) return;   /* the answer comes later; the rest waits for it until the next flush */
    }
    proceed_without_rows(store);
}

int rs_store_rows_ready(rs_store_t *store, rs_row_batch_t *batch, uint64_t position, uint64_t newest, int64_t watermark_us) {
    if (!store->requested || store->state >= RS_STORE_FENCED) return RS_ERR_STATE;
    store->requested = false;
    if (batch == NULL || rs_row_batch_is_empty(batch)) {
        if (batch != NULL) store->callbacks.rows_done(store->callbacks.context, batch, true);
        if (position > store->nothing_upto) store->nothing_upto = position;
        store->no_more_rows = store->closing;
        if (!store->asking && store->state == RS_STORE_IDLE) proceed_without_rows(store);
        return RS_OK;
    }
    store->given[RS__SIDE_NORMAL] = (rs__given_t){batch, position, newest, watermark_us};
    if (!store->asking) rs__store_proceed(store);
    return RS_OK;
}

static void return_batch(rs_store_t *store, rs__side_t side, rs_row_batch_t *batch, bool stored) {
    if (batch == NULL) return;
    if (side == RS__SIDE_REBUILT) {
        store->callbacks.rebuilt_done(store->callbacks.context, batch, stored);
        return;
    }
    store->ask_again = stored && rs_row_batch_is_full(batch);
    store->callbacks.rows_done(store->callbacks.context, batch, stored);
}

void rs__store_give_back(rs_store_t *store, bool stored) {
    rs_row_batch_t *batch = store->batch;
    store->batch = NULL;
    return_batch(store, store->side, batch, stored);
    if (stored) return;
    for (unsigned side = 0; side < RS__SIDES; side++) {   /* it is the end: of those that wait, too */
        batch = store->given[side].batch;
        store->given[side].batch = NULL;
        return_batch(store, (rs__side_t)side, batch, false);
    }
}

/* --- what the database lacks ---------------------------------------------------------------------------------------- */
static uint64_t drops(const rs_store_t *store) {
    return rs__records_dropped(store->records, RS__FEED_TRANSITIONS) + rs__records_dropped(store->records, RS__FEED_REFUSALS);
}

void rs__store_check_owed(rs_store_t *store) {
    const uint64_t dropped = rs__records_dropped_position(store->records), position = (uint64_t)store->position;
    const uint64_t made = RS_PLANTED(NEWER_IS_MADE) ? store->reached : store->made, has = made > position ? made : position;
    if (dropped > has && dropped > store->lacking) store->lacking = dropped;
    if (store->rebuilding || store->closing || store->lacking == 0) return;
    if (store->lacking <= has || store->callbacks.rewound == NULL) {
        store->lacking = 0;
        return;
    }
    store->rebuilding = true;
    store->rebuild_upto = store->lacking;
    store->rebuild_drops = drops(store);
    store->status.rebuilds++;
    rs__store_say(store, RS_STORE_WARNING, "database: has everything up to position %" PRIu64 " only; what changed up to %" PRIu64
                  " is written again", has, store->rebuild_upto);
    store->asking = true;
    store->callbacks.rewound(store->callbacks.context, has, store->rebuild_upto);
    store->asking = false;
}

static bool may_give_rebuilt(const rs_store_t *store) {
    const bool in_hand = store->given[RS__SIDE_REBUILT].batch != NULL || (store->batch != NULL && store->side == RS__SIDE_REBUILT);
    return store->rebuilding && !in_hand && !store->closing && store->state < RS_STORE_FENCED;
}

int rs_store_rebuilt_rows(rs_store_t *store, rs_row_batch_t *batch) {
    if (!may_give_rebuilt(store)) return RS_ERR_STATE;
    if (rs_row_batch_is_empty(batch)) {
        store->callbacks.rebuilt_done(store->callbacks.context, batch, true);
        return RS_OK;
    }
    store->given[RS__SIDE_REBUILT].batch = batch;
    if (!store->asking) rs__store_proceed(store);
    return RS_OK;
}

int rs_store_rebuilt(rs_store_t *store) {
    if (!may_give_rebuilt(store)) return RS_ERR_STATE;
    store->rebuilding = false;
    if (drops(store) != store->rebuild_drops) {
        /* Something was lost here meanwhile, perhaps of what was made again: once more. */
        if (store->rebuild_upto > store->lacking) store->lacking = store->rebuild_upto;
    } else {
        store->made = store->rebuild_upto;
        if (store->lacking <= store->made) store->lacking = 0;
        if (store->made > store->reached) store->reached = store->made;
        rs__store_say(store, RS_STORE_INFO, "database: what it lacked up to position %" PRIu64 " is written", store->rebuild_upto);
    }
    if (!store->asking) rs__store_proceed(store);
    return RS_OK;
}

void rs_store_owe(rs_store_t *store, uint64_t position) {
    if (position > store->lacking) store->lacking = position;
    if (position > store->relied) store->relied = position;
}

static void on_flush(uv_timer_t *timer) {
    rs_store_t *store = timer->data;
    store->flush_due = true;
    rs__store_proceed(store);
}

/* --- records ------------------------------------------------------------------------------------------------------- */
static bool takes_records(const rs_store_t *store) { return !store->closing && store->state < RS_STORE_FENCED; }

/* Without a position it only has to be told from others of this run: by the time. */
static rs__effect_t effect_of(rs_store_t *store, uint64_t position, uint32_t ordinal) {
    if (position != 0) return (rs__effect_t){position, (int32_t)ordinal, true};
    return (rs__effect_t){++store->unplaced, 0, false};
}

int rs_store_add_transition(rs_store_t *store, const rs_alert_transition_t *transition, uint64_t position, uint32_t ordinal) {
    if (!takes_records(store)) return RS_ERR_CLOSED;
    return rs__records_add_transition(store->records, transition, effect_of(store, position, ordinal));
}

int rs_store_add_refusal(rs_store_t *store, rs_str_t source, bool has_seq, uint64_t seq, const rs_refused_t *refused,
                         uint64_t hash, int64_t at_us, uint64_t position, uint32_t ordinal) {
    if (!takes_records(store)) return RS_ERR_CLOSED;
    return rs__records_add_refusal(store->records, source, has_seq, seq, rs_refusal_name(refused->reason), refused->field,
                                   refused->len, hash, at_us, effect_of(store, position, ordinal));
}

int rs_store_add_accounting(rs_store_t *store, const rs_accounting_t *accounting) {
    if (!takes_records(store)) return RS_ERR_CLOSED;
    return rs__records_add_source(store->records, accounting);
}

static uint64_t backlog(const rs_store_t *store) {
    uint64_t sum = 0;
    if (store->batch != NULL) {
        sum = rs_row_batch_all(store->batch) - store->rows_done - store->edges_done - store->contacts_done;
    }
    for (unsigned side = 0; side < RS__SIDES; side++) {
        const rs_row_batch_t *waiting = store->given[side].batch;
        if (waiting != NULL) sum += rs_row_batch_all(waiting);
    }
    for (unsigned feed = RS__FEED_TRANSITIONS; feed < RS__FEED_COUNT; feed++)
        sum += rs__records_waiting(store->records, (rs__feed_id_t)feed);
    return sum;
}

void rs_store_status(const rs_store_t *store, rs_store_status_t *status) {
    *status = store->status;
    status->state = store->state;
    status->connected = store->state == RS_STORE_IDLE || store->state == RS_STORE_WRITING || store->state == RS_STORE_COMMITTING;
    status->dropped_transitions = rs__records_dropped(store->records, RS__FEED_TRANSITIONS);
    status->dropped_refusals = rs__records_dropped(store->records, RS__FEED_REFUSALS);
    status->backlog = backlog(store);
    status->position = (uint64_t)store->position;
    status->owed = store->lacking;
    status->rebuilding = store->rebuilding;
    status->epoch = store->epoch;
}

/* --- beginning and end --------------------------------------------------------------------------------------------- */
static bool is_stream_name(rs_str_t name) {
    if (name.len == 0 || name.len > RS_MAX_NAME) return false;
    for (uint32_t i = 0; i < name.len; i++) {
        const char c = name.data[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') return false;
    }
    return true;
}

static int check_settings(const rs_store_settings_t *settings, const rs_store_callbacks_t *callbacks, const char **why) {
    *why = "the connection string is empty";
    if (settings->conninfo.len == 0 || memchr(settings->conninfo.data, '\0', settings->conninfo.len) != NULL) return RS_ERR_INVALID;
    *why = "the stream's name may hold letters, digits and . _ - only";
    if (!is_stream_name(settings->stream)) return RS_ERR_INVALID;
    *why = "run is out of range";
    if (settings->run > INT64_MAX) return RS_ERR_INVALID;
    *why = "flush and back-off must be at least 1 ms, and the least back-off not above the greatest";
    if (settings->flush_us < RS_US_PER_MS || settings->backoff_min_us < RS_US_PER_MS ||
        settings->backoff_max_us < settings->backoff_min_us || settings->backoff_max_us > RS_US_PER_DAY ||
        settings->flush_us > RS_US_PER_DAY || settings->connect_timeout_us < 0)
        return RS_ERR_INVALID;
    *why = "request_rows and rows_done must be given, and with rewound also rebuilt_done";
    if (callbacks->request_rows == NULL || callbacks->rows_done == NULL || (callbacks->rewound != NULL && callbacks->rebuilt_done == NULL))
        return RS_ERR_INVALID;
    return RS_OK;
}

static void free_store(rs_store_t *store) {
    for (unsigned feed = 0; feed < RS__FEED_COUNT; feed++) rs__feed_sql_deinit(&store->sql[feed]);
    rs__records_destroy(&store->records);
    rs__buffer_deinit(&store->buffer);
    free(store);
}

static int prepare_statements(rs_store_t *store) {
    int status = rs__rows_sql(&store->sql[RS__FEED_ROWS]);
    if (status == RS_OK) status = rs__edges_sql(&store->sql[RS__FEED_EDGES]);
    if (status == RS_OK) status = rs__facts_sql(&store->sql[RS__FEED_FACTS]);
    if (status == RS_OK) status = rs__policies_sql(&store->sql[RS__FEED_POLICIES]);
    for (unsigned feed = RS__FEED_TRANSITIONS; status == RS_OK && feed < RS__FEED_COUNT; feed++)
        status = rs__records_sql((rs__feed_id_t)feed, &store->sql[feed]);
    return status;
}

static int create_link(rs_store_t *store, rs_str_t conninfo, char *why, size_t why_size) {
    char *text = strndup(conninfo.data, conninfo.len);
    if (text == NULL) return RS_ERR_MEMORY;
    rs__link_callbacks_t callbacks = rs__session_callbacks;
    callbacks.context = store;
    const int status = rs__link_create(store->loop, text, &callbacks, why, why_size, &store->link);
    free(text);
    return status;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise) { return value != 0 ? value : otherwise; }

static void start_timer(rs_store_t *store, uv_timer_t *timer) {
    RS_REQUIRE(uv_timer_init(store->loop, timer) == 0);
    timer->data = store;
    store->open_handles++;
}

int rs_store_create(uv_loop_t *loop, const rs_store_settings_t *settings, const rs_store_callbacks_t *callbacks, char *why,
                    size_t why_size, rs_store_t **store_out) {
    const char *problem = "";
    int status = check_settings(settings, callbacks, &problem);
    if (status != RS_OK) {
        if (why != NULL && why_size > 0) snprintf(why, why_size, "%s", problem);
        return status;
    }
    if (sodium_init() < 0) return RS_ERR_STATE;
    rs_store_t *store = calloc(1, sizeof *store);
    if (store == NULL) return RS_ERR_MEMORY;
    store->loop = loop;
    store->callbacks = *callbacks;
    memcpy(store->stream, settings->stream.data, settings->stream.len);
    store->run = (int64_t)settings->run;
    store->relied = settings->confirmed;
    store->lacking = settings->owed;
    uv_timeval64_t now = {0};
    uv_gettimeofday(&now);
    store->unplaced = (uint64_t)now.tv_sec * RS_US_PER_S + (uint64_t)now.tv_usec;
    store->flush_us = settings->flush_us;
    store->backoff_us = store->backoff_min_us = settings->backoff_min_us;
    store->backoff_max_us = settings->backoff_max_us;
    store->connect_timeout_us = settings->connect_timeout_us > 0 ? settings->connect_timeout_us : 3 * RS_US_PER_S;
    store->migrate = settings->migrate;
    store->jitter = uv_hrtime() | 1;
    randombytes_buf(store->hash_key, sizeof store->hash_key);
    const rs__records_limits_t limits = {or_default(settings->max_transitions, 16384), or_default(settings->max_refusals, 4096),
                                         or_default(settings->max_sources, 1024)};
    status = rs__records_create(&limits, &store->records);
    if (status == RS_OK) status = prepare_statements(store);
    if (status == RS_OK) status = create_link(store, settings->conninfo, why, why_size);
    if (status != RS_OK) {
        free_store(store);
        return status;
    }
    store->open_handles = 1;
    start_timer(store, &store->flush_timer);
    start_timer(store, &store->retry_timer);
    start_timer(store, &store->deadline_timer);
    uv_timer_start(&store->flush_timer, on_flush, to_ms(store->flush_us), to_ms(store->flush_us));
    uv_timer_start(&store->retry_timer, on_retry, 0, 0);
    *store_out = store;
    return RS_OK;
}

static void one_closed(rs_store_t *store) {
    if (--store->open_handles > 0) return;
    rs__link_destroy(&store->link);
    rs__link_destroy(&store->probe);
    rs__store_set_state(store, RS_STORE_CLOSED);
    store->on_closed(store->close_context, store->close_status, store->left);
}
static void on_link_closed(void *context) { one_closed(context); }
static void on_timer_closed(uv_handle_t *handle) { one_closed(handle->data); }

/* Everything is in, or will not be: close. */
static void finish(rs_store_t *store, int status) {
    if (store->state >= RS_STORE_CLOSING) return;
    rs__store_set_state(store, RS_STORE_CLOSING);
    store->close_status = status;
    store->left = backlog(store);
    if (store->migrating) rs__migrator_deinit(&store->migrator);
    store->migrating = false;
    rs__session_forget(store);
    rs__store_give_back(store, false);
    rs__link_close(store->link, on_link_closed, store);
    if (store->probe != NULL) rs__link_close(store->probe, on_link_closed, store);
    uv_close((uv_handle_t *)&store->flush_timer, on_timer_closed);
    uv_close((uv_handle_t *)&store->retry_timer, on_timer_closed);
    uv_close((uv_handle_t *)&store->deadline_timer, on_timer_closed);
}

void rs__store_fenced(rs_store_t *store, const char *why) {
    rs__store_fail(store, "%s: this daemon does not write any more", why);
    rs__link_drop(store->link);
    rs__pooler_drop(store);
    uv_timer_stop(&store->flush_timer);
    rs__store_set_state(store, RS_STORE_FENCED);
    rs__session_forget(store);
    rs__store_give_back(store, false);
    if (store->closing) finish(store, RS_ERR_CLOSED);
}

static void on_deadline(uv_timer_t *timer) { finish(timer->data, RS_ERR_TIMEOUT); }
static void on_fenced_close(uv_timer_t *timer) { finish(timer->data, RS_ERR_CLOSED); }

void rs_store_flush_and_close(rs_store_t *store, int64_t deadline_us, rs_store_closed_fn on_closed, void *context) {
    RS_REQUIRE(!store->closing);
    store->closing = true;
    store->on_closed = on_closed;
    store->close_context = context;
    if (store->state == RS_STORE_FENCED) {
        uv_timer_start(&store->deadline_timer, on_fenced_close, 0, 0);
        return;
    }
    uv_timer_start(&store->deadline_timer, on_deadline, deadline_us <= 0 ? 0 : to_ms(deadline_us), 0);
    /* Not from within this call, so that the caller is not called back before it has returned. */
    if (store->state == RS_STORE_BACKOFF) uv_timer_start(&store->retry_timer, on_retry, 0, 0);
    uv_timer_start(&store->flush_timer, on_flush, 0, to_ms(store->flush_us));
}

void rs_store_destroy(rs_store_t **store_ref) {
    rs_store_t *store = *store_ref;
    if (store == NULL) return;
    RS_REQUIRE(store->state == RS_STORE_CLOSED);
    free_store(store);
    *store_ref = NULL;
}
