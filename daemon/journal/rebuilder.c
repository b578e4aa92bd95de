#include "journal/rebuilder.h"

#include "core/alert/pack.h"
#include "journal/recover.h"
#include "journal/snapshot.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EFFECTS_BYTES = 256 * 1024, LOWEST_PRIORITY = 19, STOPPED = 1 };   /* STOPPED: no status of this project's is above 0 */

typedef enum rs_turn { TURN_THREAD = 0, TURN_LOOP, TURN_LOOP_HAS_IT, TURN_OVER } rs_turn_t;
typedef struct rs_effect_head { uint32_t kind, len; uint64_t number; } rs_effect_head_t;

struct rs_rebuilder {
    rs_rebuilder_settings_t settings;
    char *folder;
    uint64_t after, upto;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t turned;
    rs_turn_t turn;                /* under the lock */
    bool stopping;                 /* under the lock */

    /* whose turn it is */
    rs_row_batch_t *batch;
    unsigned char effects[EFFECTS_BYTES + RS_ALERT_PACKED_MAX + RS_RECORD_MAX + sizeof(rs_effect_head_t)];
    size_t effects_len;
    rs_rebuilder_result_t result;

    /* the thread's */
    rs_disk_t *disk;
    rs_engine_t *engine;
    rs_rebuild_t rebuild;
    rs_recovery_t *recovery;
    rs_snapshot_t snapshot;
    uint64_t read_at, last;
};

/* --- turns ----------------------------------------------------------------------------------------------------------------- */
static bool is_stopping(rs_rebuilder_t *rebuilder) {
    pthread_mutex_lock(&rebuilder->lock);
    const bool stopping = rebuilder->stopping;
    pthread_mutex_unlock(&rebuilder->lock);
    return stopping;
}

/* The portion is the loop's; comes back when it was given back. */
static int hand_over(rs_rebuilder_t *rebuilder) {
    pthread_mutex_lock(&rebuilder->lock);
    rebuilder->turn = TURN_LOOP;
    pthread_mutex_unlock(&rebuilder->lock);
    rebuilder->settings.wake(rebuilder->settings.context);
    pthread_mutex_lock(&rebuilder->lock);
    while (rebuilder->turn != TURN_THREAD && !rebuilder->stopping) pthread_cond_wait(&rebuilder->turned, &rebuilder->lock);
    const bool stopping = rebuilder->stopping;
    pthread_mutex_unlock(&rebuilder->lock);
    rs_row_batch_clear(rebuilder->batch);
    rebuilder->effects_len = 0;
    return stopping ? STOPPED : RS_OK;
}

static int hand_over_rest(rs_rebuilder_t *rebuilder) {
    const bool is_empty = rs_row_batch_is_empty(rebuilder->batch) && rebuilder->effects_len == 0;
    return is_empty ? RS_OK : hand_over(rebuilder);
}

/* --- what comes out --------------------------------------------------------------------------------------------------------- */
static int take_rows(void *context) { return hand_over(context); }

static int keep_effect(rs_rebuilder_t *rebuilder, uint32_t kind, uint64_t number, size_t len) {
    const rs_effect_head_t head = {.kind = kind, .len = (uint32_t)len, .number = number};
    memcpy(rebuilder->effects + rebuilder->effects_len, &head, sizeof head);
    rebuilder->effects_len += sizeof head + len;
    rebuilder->result.effects++;
    if (rebuilder->effects_len < EFFECTS_BYTES) return RS_OK;
    rs_row_batch_clear(rebuilder->batch);   /* between two batches */
    return hand_over(rebuilder);
}

static unsigned char *place(rs_rebuilder_t *rebuilder) { return rebuilder->effects + rebuilder->effects_len + sizeof(rs_effect_head_t); }

static int take_alert(void *context, const rs_alert_transition_t *transition) {
    rs_rebuilder_t *rebuilder = context;
    return keep_effect(rebuilder, RS_RECORD_EVENT, transition->position, rs_alert_pack(transition, place(rebuilder)));
}

static int take_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us, uint64_t number) {
    rs_rebuilder_t *rebuilder = context;
    const size_t len = rs_record_write_refusal(source, refused, hash, arrival_us, (rs_origin_t){0}, place(rebuilder));
    return keep_effect(rebuilder, RS_RECORD_REFUSAL, number, len);
}

void rs_rebuilder_effects(const rs_rebuilder_t *rebuilder, rs_rebuilder_alert_fn on_alert, rs_rebuilder_refusal_fn on_refusal,
                          void *context) {
    for (size_t at = 0; at < rebuilder->effects_len;) {
        rs_effect_head_t head;
        memcpy(&head, rebuilder->effects + at, sizeof head);
        const unsigned char *bytes = rebuilder->effects + at + sizeof head;
        at += sizeof head + head.len;
        if (head.kind == RS_RECORD_REFUSAL) {
            rs_str_t source;
            rs_refused_t refused;
            rs_origin_t origin;
            uint64_t hash;
            int64_t arrival_us;
            RS_REQUIRE(rs_record_read_refusal(bytes, head.len, &source, &refused, &hash, &arrival_us, &origin) == RS_OK);
            on_refusal(context, source, &refused, hash, arrival_us, head.number);
        } else {
            rs_alert_transition_t transition;
            rs_alert_unpack(bytes, &transition);
            on_alert(context, &transition);
        }
    }
}

/* --- reading ----------------------------------------------------------------------------------------------------------------- */
static int failed(rs_rebuilder_t *rebuilder, int status, const char *what, const char *why) {
    snprintf(rebuilder->result.why, sizeof rebuilder->result.why, "%s: %s", what, why);
    return status;
}

static int read_state(void *context, void *bytes, size_t room, size_t *len) {
    rs_rebuilder_t *rebuilder = context;
    if (is_stopping(rebuilder)) return RS_ERR_CLOSED;
    const int status = rs_snapshot_read(rebuilder->disk, &rebuilder->snapshot, rebuilder->read_at, bytes, room, len);
    if (status == RS_OK) rebuilder->read_at += *len;
    return status;
}

/* A snapshot that is younger than what is lacking is better than none: from there on all can be made again. */
static int find_snapshot(rs_rebuilder_t *rebuilder, uint64_t first) {
    uint64_t oldest;
    int status = rs_snapshot_find_below(rebuilder->disk, 0, rebuilder->after, &rebuilder->snapshot, &oldest);
    if (status == RS_OK && !rebuilder->snapshot.is_there && first != 1 && oldest != 0) {
        status = rs_snapshot_find_below(rebuilder->disk, 0, oldest, &rebuilder->snapshot, NULL);
    }
    if (status != RS_OK) return failed(rebuilder, status, "snapshots", rs_status_text(status));
    if (!rebuilder->snapshot.is_there && first != 1) {
        return failed(rebuilder, RS_ERR_NOT_FOUND, "snapshots", "there is none, and the journal's beginning is gone");
    }
    rebuilder->result.from = rebuilder->last = rebuilder->snapshot.is_there ? rebuilder->snapshot.number : 0;
    if (rebuilder->result.from > rebuilder->after) rebuilder->result.missing = rebuilder->result.from - rebuilder->after;
    return RS_OK;
}

static int load(rs_rebuilder_t *rebuilder) {
    if (!rebuilder->snapshot.is_there) return RS_OK;
    const int status = rs_engine_load(rebuilder->engine, &(rs_state_in_t){.context = rebuilder, .read = read_state});
    return status == RS_OK ? RS_OK : failed(rebuilder, status, "the snapshot", rs_engine_why(rebuilder->engine));
}

static int on_record(void *context, const rs_journal_record_t *record) {
    rs_rebuilder_t *rebuilder = context;
    if (record->number > rebuilder->upto || is_stopping(rebuilder)) return STOPPED;
    const uint64_t since = rebuilder->last > rebuilder->after ? rebuilder->last : rebuilder->after;
    if (record->number > since + 1) rebuilder->result.missing += record->number - since - 1;
    rebuilder->last = record->number;
    rebuilder->result.records++;
    return rs_rebuild_record(&rebuilder->rebuild, record->kind, record->bytes, record->len, record->number);
}

static int first_record(void *context, const rs_journal_record_t *record) {
    *(uint64_t *)context = record->number;
    return STOPPED;
}

static int go_through(rs_rebuilder_t *rebuilder) {
    uint64_t first = 0;
    int status = rs_journal_recover(rebuilder->disk, 0, first_record, &first, rebuilder->recovery);
    rs_recovery_end(rebuilder->recovery);
    if (status != RS_OK && status != STOPPED) return failed(rebuilder, status, "the journal", rs_status_text(status));
    status = find_snapshot(rebuilder, first);
    if (status == RS_OK) status = load(rebuilder);
    if (status != RS_OK) return status;
    const rs_rebuild_sink_t sink = {.context = rebuilder, .batch = rebuilder->batch, .on_rows = take_rows, .on_alert = take_alert,
                                    .on_refusal = take_refusal};
    rs_rebuild_begin(&rebuilder->rebuild, rebuilder->engine, rebuilder->after, rebuilder->upto, &sink);
    status = rs_journal_recover(rebuilder->disk, rebuilder->last, on_record, rebuilder, rebuilder->recovery);
    rs_recovery_end(rebuilder->recovery);
    if (is_stopping(rebuilder)) return STOPPED;
    if (status == STOPPED) status = RS_OK;   /* past `upto` */
    if (status != RS_OK) return failed(rebuilder, status, "the journal", rs_engine_why(rebuilder->engine));
    status = rs_rebuild_end(&rebuilder->rebuild);
    if (status == RS_OK) status = hand_over_rest(rebuilder);
    rebuilder->result.rows = rebuilder->rebuild.rows;
    return status;
}

static int do_all(rs_rebuilder_t *rebuilder) {
    const rs_engine_settings_t settings = {.config = rebuilder->settings.config, .keep_rows = true};
    const char *why = "";
    int status = rs_disk_open_folder(rebuilder->folder, RS_DISK_LOOK, true, &rebuilder->disk, &why);
    if (status != RS_OK) return failed(rebuilder, status, rebuilder->folder, why);
    status = rs_engine_prepare(&settings, &rebuilder->engine);
    if (status == RS_OK) status = go_through(rebuilder);
    rs_engine_destroy(&rebuilder->engine);
    rs_disk_close_folder(&rebuilder->disk);
    return status;
}

static void *run(void *context) {
    rs_rebuilder_t *rebuilder = context;
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), LOWEST_PRIORITY);
    const int status = do_all(rebuilder);
    pthread_mutex_lock(&rebuilder->lock);
    rebuilder->result.status = status == STOPPED ? RS_ERR_CLOSED : status;
    rebuilder->turn = TURN_OVER;
    pthread_mutex_unlock(&rebuilder->lock);
    rebuilder->settings.wake(rebuilder->settings.context);
    return NULL;
}

/* --- the loop's side ----------------------------------------------------------------------------------------------------------- */
static void free_rebuilder(rs_rebuilder_t *rebuilder) {
    rs_row_batch_destroy(&rebuilder->batch);
    pthread_cond_destroy(&rebuilder->turned);
    pthread_mutex_destroy(&rebuilder->lock);
    free(rebuilder->recovery);
    free(rebuilder->folder);
    free(rebuilder);
}

int rs_rebuilder_start(const rs_rebuilder_settings_t *settings, uint64_t after, uint64_t upto, rs_rebuilder_t **rebuilder_out) {
    rs_rebuilder_t *rebuilder = calloc(1, sizeof *rebuilder);
    if (rebuilder == NULL) return RS_ERR_MEMORY;
    rebuilder->settings = *settings;
    rebuilder->after = after;
    rebuilder->upto = upto;
    pthread_mutex_init(&rebuilder->lock, NULL);
    pthread_cond_init(&rebuilder->turned, NULL);
    rebuilder->folder = strdup(settings->folder);
    rebuilder->recovery = calloc(1, sizeof *rebuilder->recovery);
    int status = rebuilder->folder == NULL || rebuilder->recovery == NULL ? RS_ERR_MEMORY : RS_OK;
    if (status == RS_OK) status = rs_row_batch_create(settings->max_rows, 0, &rebuilder->batch);
    if (status == RS_OK) status = rs_row_batch_make_room_for_edges(rebuilder->batch, settings->max_edges);
    if (status == RS_OK) status = rs_row_batch_make_room_for_contacts(rebuilder->batch, settings->max_contacts);
    if (status == RS_OK) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);   /* signals are the loop's business */
        if (pthread_create(&rebuilder->thread, NULL, run, rebuilder) != 0) status = RS_ERR_IO;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (status == RS_OK) *rebuilder_out = rebuilder;
    else free_rebuilder(rebuilder);
    return status;
}

void rs_rebuilder_stop(rs_rebuilder_t **rebuilder_ref) {
    rs_rebuilder_t *rebuilder = *rebuilder_ref;
    if (rebuilder == NULL) return;
    pthread_mutex_lock(&rebuilder->lock);
    rebuilder->stopping = true;
    pthread_cond_signal(&rebuilder->turned);
    pthread_mutex_unlock(&rebuilder->lock);
    pthread_join(rebuilder->thread, NULL);
    free_rebuilder(rebuilder);
    *rebuilder_ref = NULL;
}

static bool turn(rs_rebuilder_t *rebuilder, rs_turn_t from, rs_turn_t to) {
    pthread_mutex_lock(&rebuilder->lock);
    const bool is_it = rebuilder->turn == from;
    if (is_it) rebuilder->turn = to;
    if (is_it && to == TURN_THREAD) pthread_cond_signal(&rebuilder->turned);
    pthread_mutex_unlock(&rebuilder->lock);
    return is_it;
}

bool rs_rebuilder_take(rs_rebuilder_t *rebuilder, rs_row_batch_t **batch) {
    if (!turn(rebuilder, TURN_LOOP, TURN_LOOP_HAS_IT)) return false;
    *batch = rebuilder->batch;
    return true;
}

void rs_rebuilder_give_back(rs_rebuilder_t *rebuilder) { RS_REQUIRE(turn(rebuilder, TURN_LOOP_HAS_IT, TURN_THREAD)); }

bool rs_rebuilder_ended(rs_rebuilder_t *rebuilder, rs_rebuilder_result_t *result) {
    if (!turn(rebuilder, TURN_OVER, TURN_OVER)) return false;
    *result = rebuilder->result;
    return true;
}
