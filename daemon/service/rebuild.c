/* What a database forgot (store/store.h, Rewinds) is made again from the journal: a thread of the lowest priority, with a core of its own,
 * goes from the newest snapshot at or below the database's mark to where the database had been, and hands what changed since to the loop, a
 * batch at a time. Snapshots that are too new for the mark mean that something cannot be made again: that is told, and the rest is made.
 *
 *   state   WORKING ─► READY (the batch and what was held are the loop's) ─► GIVEN (the store has the batch) ─► WORKING …  ─► DONE, FAILED
 *   Ordering: each change is a release store by the side whose turn ends, and an acquire load by the other one before it touches them. */
#include "service/service.h"

#include "base/log.h"
#include "core/alert/pack.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOWEST_PRIORITY = 19, SNAPSHOTS = 64, WAIT_US = 100 * 1000 };
typedef enum rs_rebuild_state { REBUILD_IDLE = 0, REBUILD_WORKING, REBUILD_READY, REBUILD_GIVEN, REBUILD_DONE } rs_rebuild_state_t;

struct rs_rebuild {
    rs_service_t *service;         /* the thread: only its wake-up */
    pthread_t thread;
    rs_sleeper_t *sleeper;
    _Atomic int state;
    _Atomic bool cancelled;        /* loop writes, relaxed: the thread looks before each record */
    uint64_t after, upto;
    char folder[4096];
    rs_row_batch_t *batch;
    rs_held_t held;                /* transitions and refusals: as in effects.c */
    /* the thread's own, the loop's when it is DONE */
    rs_engine_t *engine;
    bool is_following;
    uint64_t from;                 /* number of the state that it began with */
    char why[512];                 /* it failed; "" when not */
};

/* --- the thread --------------------------------------------------------------------------------------------------------- */
static bool is_cancelled(const rs_rebuild_t *rebuild) { return atomic_load_explicit(&rebuild->cancelled, memory_order_relaxed); }

static void empty_batch(rs_rebuild_t *rebuild) {
    const rs_core_t *core = rs_engine_core(rebuild->engine);
    rs_row_batch_clear(rebuild->batch);
    for (uint32_t slot = 0; slot < RS_MAX_POLICIES; slot++) {
        const rs_policy_t *policy = rs_core_policy(core, slot);
        if (policy != NULL) rs_row_batch_set_policy(rebuild->batch, slot, policy);
    }
}

static void hand_over(rs_rebuild_t *rebuild) {
    atomic_store_explicit(&rebuild->state, REBUILD_READY, memory_order_release);
    rs_service_wake(rebuild->service);
    while (!is_cancelled(rebuild) && atomic_load_explicit(&rebuild->state, memory_order_acquire) != REBUILD_WORKING) {
        rs_sleeper_announce(rebuild->sleeper);
        if (atomic_load_explicit(&rebuild->state, memory_order_acquire) == REBUILD_WORKING) rs_sleeper_cancel(rebuild->sleeper);
        else rs_sleeper_wait(rebuild->sleeper, WAIT_US);
    }
    if (!is_cancelled(rebuild)) empty_batch(rebuild);
}

static void on_row(void *context, const rs_row_t *row) {
    rs_rebuild_t *rebuild = context;
    while (!is_cancelled(rebuild) && rs_row_batch_add(rebuild->batch, row) != RS_OK) hand_over(rebuild);
}

static void on_edge(void *context, const rs_process_row_t *edge) {
    rs_rebuild_t *rebuild = context;
    if (rs_row_batch_max_edges(rebuild->batch) == 0) return;
    while (!is_cancelled(rebuild) && rs_row_batch_add_edge(rebuild->batch, edge) != RS_OK) hand_over(rebuild);
}

static void on_alert(void *context, const rs_alert_transition_t *transition) {
    rs_rebuild_t *rebuild = context;
    while (!is_cancelled(rebuild) && !rs_held_add_transition(&rebuild->held, 0, transition)) hand_over(rebuild);
}

static void take_refusal(rs_rebuild_t *rebuild, const rs_journal_record_t *record) {
    while (!is_cancelled(rebuild) && !rs_held_add_refusal_record(&rebuild->held, 0, record)) hand_over(rebuild);
}

static int follow(rs_rebuild_t *rebuild) {
    const rs_engine_follower_t follower = {.context = rebuild, .on_row = on_row, .on_edge = on_edge, .on_alert = on_alert};
    rebuild->is_following = true;
    empty_batch(rebuild);
    return rs_engine_follow(rebuild->engine, &follower);
}

static int take_record(void *context, const rs_journal_record_t *record) {
    rs_rebuild_t *rebuild = context;
    int status = RS_OK;
    if (is_cancelled(rebuild) || record->number > rebuild->upto) return RS_ERR_CLOSED;   /* enough */
    if (!rebuild->is_following && record->number > rebuild->after && rs_engine_core(rebuild->engine) != NULL) status = follow(rebuild);
    if (status == RS_OK) status = rs_engine_recover_record(rebuild->engine, record->kind, record->bytes, record->len, record->number);
    if (status == RS_OK && record->kind == RS_RECORD_REFUSAL && record->number > rebuild->after) take_refusal(rebuild, record);
    return status;
}

/* The newest whole one at or below the mark, else the oldest whole one; none when the journal is there from its beginning. */
static int load_state(rs_rebuild_t *rebuild, rs_disk_t *disk) {
    uint64_t numbers[SNAPSHOTS];
    uint32_t count;
    rs_snapshot_t chosen = {.is_there = false};
    int status = rs_snapshot_list(disk, numbers, SNAPSHOTS, &count);
    for (uint32_t i = 0; i < count && status == RS_OK; i++) {
        rs_snapshot_t snapshot;
        if (rs_snapshot_check(disk, numbers[i], &snapshot) != RS_OK) continue;
        chosen = snapshot;
        if (numbers[i] <= rebuild->after) break;
    }
    rs_recovery_t *recovery = calloc(1, sizeof *recovery);
    if (recovery == NULL) return RS_ERR_MEMORY;
    /* From the first record, when that is nearer to the mark than any snapshot. */
    uint64_t oldest = 0;
    if (status == RS_OK && (!chosen.is_there || chosen.number > rebuild->after)) {
        status = rs_journal_recover(disk, INT64_MAX, take_record, rebuild, recovery);
        if (status == RS_OK && recovery->resume.segment_count != 0) oldest = recovery->resume.segments[0].first;
        rs_recovery_end(recovery);
    }
    if (oldest == 1) chosen.is_there = false;
    if (status == RS_OK && chosen.is_there) status = rs_service_load(disk, &chosen, rebuild->engine);
    rebuild->from = chosen.is_there ? chosen.number : 0;
    if (status == RS_OK) status = rs_journal_recover(disk, rebuild->from, take_record, rebuild, recovery);
    rs_recovery_end(recovery);
    free(recovery);
    return status == RS_ERR_CLOSED ? RS_OK : status;
}

static void make_again(rs_rebuild_t *rebuild) {
    rs_disk_t *disk = NULL;
    rs_config_t *config = NULL;
    const char *why = NULL;
    int status = rs_disk_open_folder(rebuild->folder, RS_DISK_LOOK, true, &disk, &why);
    if (status == RS_OK) status = rs_config_create_default(&config);
    if (status == RS_OK) {
        const rs_engine_settings_t settings = {.config = config};
        status = rs_engine_prepare(&settings, &rebuild->engine);
    }
    if (status == RS_OK) status = load_state(rebuild, disk);
    if (status == RS_OK && rebuild->is_following) rs_engine_followed(rebuild->engine);
    if (status == RS_OK && rebuild->is_following) hand_over(rebuild);
    if (status != RS_OK) {
        const char *said = why != NULL ? why : rebuild->engine != NULL ? rs_engine_why(rebuild->engine) : "";
        snprintf(rebuild->why, sizeof rebuild->why, "%s", said[0] != '\0' ? said : rs_status_text(status));
    }
    rs_engine_destroy(&rebuild->engine);
    rs_config_destroy(&config);
    rs_disk_close_folder(&disk);
}

static void *run_rebuild(void *context) {
    rs_rebuild_t *rebuild = context;
    (void)!setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), LOWEST_PRIORITY);   /* of this thread alone, on Linux */
    make_again(rebuild);
    atomic_store_explicit(&rebuild->state, REBUILD_DONE, memory_order_release);
    rs_service_wake(rebuild->service);
    return NULL;
}

/* --- the loop ------------------------------------------------------------------------------------------------------------ */
void rs_service_end_rebuild(rs_service_t *service) {
    rs_rebuild_t *rebuild = service->rebuild;
    if (rebuild == NULL) return;
    atomic_store_explicit(&rebuild->cancelled, true, memory_order_relaxed);
    rs_sleeper_wake(rebuild->sleeper);
    pthread_join(rebuild->thread, NULL);
    rs_row_batch_destroy(&rebuild->batch);
    rs_sleeper_destroy(&rebuild->sleeper);
    free(rebuild->held.bytes);
    free(rebuild);
    service->rebuild = NULL;
}

static int create(rs_service_t *service, rs_rebuild_t **rebuild_out) {
    const uint32_t rows = rs_row_batch_max_rows(service->batch), edges = rs_row_batch_max_edges(service->batch);
    rs_rebuild_t *rebuild = calloc(1, sizeof *rebuild);
    if (rebuild == NULL) return RS_ERR_MEMORY;
    rebuild->service = service;
    snprintf(rebuild->folder, sizeof rebuild->folder, "%s", service->journal.folder);
    int status = rs_row_batch_create(rows, 0, &rebuild->batch);
    if (status == RS_OK) status = rs_row_batch_make_room_for_edges(rebuild->batch, edges);
    if (status == RS_OK) status = rs_sleeper_create(&rebuild->sleeper);
    if (status != RS_OK) {
        rs_row_batch_destroy(&rebuild->batch);
        free(rebuild);
        return status;
    }
    *rebuild_out = rebuild;
    return RS_OK;
}

static void give_up(rs_service_t *service, const char *why) {
    RS_LOG_WITH(RS_LOG_ERROR, "what the database forgot cannot be made again", RS_LOG_TEXT("why", why));
    service->rebuild_over = true;
}

static int state_of(const rs_rebuild_t *rebuild) { return atomic_load_explicit(&rebuild->state, memory_order_acquire); }

static void begin(rs_service_t *service, uint64_t after, uint64_t upto) {
    sigset_t all, before;
    rs_service_end_rebuild(service);
    service->rewound_again = false;
    service->rebuild_over = false;
    if (create(service, &service->rebuild) != RS_OK) {
        give_up(service, "out of memory");
        return;
    }
    service->rebuild->after = after;
    service->rebuild->upto = upto;
    atomic_store_explicit(&service->rebuild->state, REBUILD_WORKING, memory_order_relaxed);
    RS_LOG_WITH(RS_LOG_NOTICE, "what the database forgot is made again from the journal", RS_LOG_UINT("after", after), RS_LOG_UINT("upto", upto));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);   /* signals are the loop's business */
    const int failed = pthread_create(&service->rebuild->thread, NULL, run_rebuild, service->rebuild);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0) return;
    rs_row_batch_destroy(&service->rebuild->batch);
    rs_sleeper_destroy(&service->rebuild->sleeper);
    free(service->rebuild);
    service->rebuild = NULL;
    give_up(service, strerror(failed));
}

void rs_service_on_rewound(void *context, uint64_t after, uint64_t upto) {
    rs_service_t *service = context;
    if (service->rebuild == NULL || state_of(service->rebuild) != REBUILD_GIVEN) {
        begin(service, after, upto);
        return;
    }
    atomic_store_explicit(&service->rebuild->cancelled, true, memory_order_relaxed);
    service->rewound_again = true;
    service->rewound_after = after;
    service->rewound_upto = upto;
}

void rs_service_on_rebuilt_done(void *context, rs_row_batch_t *batch, bool stored) {
    rs_service_t *service = context;
    (void)batch, (void)stored;   /* not stored: the store closes, and so does this */
    if (service->rebuild == NULL) return;
    atomic_store_explicit(&service->rebuild->state, REBUILD_WORKING, memory_order_release);
    rs_sleeper_wake(service->rebuild->sleeper);
}

static void tell_end(const rs_rebuild_t *rebuild) {
    if (rebuild->why[0] != '\0') {
        RS_LOG_WITH(RS_LOG_ERROR, "what the database forgot cannot be made again", RS_LOG_TEXT("why", rebuild->why));
    } else if (rebuild->from > rebuild->after) {
        RS_LOG_WITH(RS_LOG_ERROR, "a part of what the database forgot is too old for the journal", RS_LOG_UINT("after", rebuild->after),
                    RS_LOG_UINT("made_from", rebuild->from));
    }
}

void rs_service_move_rebuild(rs_service_t *service) {
    rs_rebuild_t *rebuild = service->rebuild;
    if (rebuild != NULL) {
        const int state = state_of(rebuild);
        if (service->rewound_again) {
            if (state != REBUILD_GIVEN) begin(service, service->rewound_after, service->rewound_upto);
            return;
        }
        if (state == REBUILD_READY) {
            rs_service_give_held(service, &rebuild->held, UINT64_MAX, false);
            atomic_store_explicit(&rebuild->state, REBUILD_GIVEN, memory_order_relaxed);
            if (rs_store_rebuilt_rows(service->store, rebuild->batch) != RS_OK) atomic_store_explicit(&rebuild->state, REBUILD_READY, memory_order_relaxed);
        }
        if (state != REBUILD_DONE) return;
        tell_end(rebuild);
        rs_service_end_rebuild(service);
        service->rebuild_over = true;
    }
    if (service->rebuild_over && rs_store_rebuilt(service->store) == RS_OK) service->rebuild_over = false;
}
