#include "journal/keeper.h"

#include "base/clock.h"
#include "base/planted.h"
#include "ring/seqlock.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { STAT_WORDS = (sizeof(rs_keeper_stat_t) + 7) / 8, SPARE_STEP = 1 << 20 };

struct rs_keeper {
    rs_keeper_settings_t settings;
    rs_sleeper_t *sleeper;
    pthread_t thread;
    /* loop writes, keeper reads */
    _Atomic bool stopping;          /* release; acquire */
    _Atomic uint64_t retire;        /* relaxed: a wish, and an old one does no harm */
    _Atomic uint64_t forget;        /* relaxed: likewise; twice the number, and 1 for soon, so that both are one wish */
    /* keeper writes, any thread reads */
    _Atomic int state, error;       /* relaxed: each a number for itself */
    rs_seqlock_t stat_lock;
    _Atomic uint64_t stat[STAT_WORDS];   /* relaxed, inside stat_lock */
    /* the keeper's own */
    uint64_t committed_to, kept_bytes;
    int64_t sync_us, idle_since_us;
    bool is_marked, holds_one;
    rs_ring_record_t held;          /* peeked, and there was no room for it */
};

static void publish(rs_keeper_t *keeper, int state) {
    rs_keeper_stat_t stat = {.sync_us = keeper->sync_us};
    rs_journal_stat(keeper->settings.journal, &stat.journal);
    uint64_t words[STAT_WORDS] = {0};
    memcpy(words, &stat, sizeof stat);
    rs_seqlock_write_begin(&keeper->stat_lock);
    for (size_t i = 0; i < STAT_WORDS; i++) atomic_store_explicit(&keeper->stat[i], words[i], memory_order_relaxed);
    rs_seqlock_write_end(&keeper->stat_lock);
    atomic_store_explicit(&keeper->error, stat.journal.error, memory_order_relaxed);
    atomic_store_explicit(&keeper->state, state, memory_order_relaxed);
}

/* --- the keeper's thread --------------------------------------------------------------------------------------------------- */
static bool next_record(rs_keeper_t *keeper, rs_ring_record_t *record) {
    if (!keeper->holds_one) return rs_ring_tap_peek(keeper->settings.ring, record);
    keeper->holds_one = false;
    *record = keeper->held;
    return true;
}

/* Takes what is there, up to a batch, or to what the journal's memory holds. Returns the position of the last record taken, or where the
 * tap stands. */
static uint64_t gather(rs_keeper_t *keeper) {
    uint64_t position = keeper->committed_to, number;
    uint32_t bytes = 0;
    rs_ring_record_t record;
    while (bytes < keeper->settings.batch_bytes && next_record(keeper, &record)) {
        const int status = rs_journal_append(keeper->settings.journal, (uint16_t)record.kind, record.bytes, record.len, &number);
        if (status == RS_ERR_FULL && position != keeper->committed_to) {
            keeper->held = record;
            keeper->holds_one = true;
            break;
        }
        RS_REQUIRE(status == RS_OK);   /* whoever made ring and journal saw to it that every record fits */
        position = record.position;
        bytes += record.len;
    }
    return position;
}

/* As many steps as it takes to write so many bytes of spares, and one. */
static int make_spares(rs_keeper_t *keeper, uint64_t bytes) {
    bool more = true;
    int status = RS_OK;
    for (uint64_t step = 0; more && status == RS_OK && step <= bytes / SPARE_STEP; step++) {
        status = rs_journal_maintain(keeper->settings.journal, &more);
    }
    return status;
}

static void retire(rs_keeper_t *keeper) {
    const uint64_t needed = atomic_load_explicit(&keeper->retire, memory_order_relaxed);
    (void)!rs_journal_retire(keeper->settings.journal, needed, rs_wall_us() - keeper->settings.keep_us);   /* tried again next time */
}

/* Rotation wants a spare, and the disk may be slower with them than the ring with records: that is no failure yet. */
static int commit_with_spares(rs_keeper_t *keeper) {
    rs_journal_t *journal = keeper->settings.journal;
    rs_journal_set_time(journal, rs_wall_us());
    int status = rs_journal_commit(journal);
    while (status == RS_ERR_FULL) {
        const uint64_t before = rs_journal_durable(journal);
        rs_journal_stat_t stat;
        retire(keeper);
        rs_journal_stat(journal, &stat);
        /* the journal knows now that there is no room */
        if (stat.spares == 0 && make_spares(keeper, UINT64_MAX) != RS_OK) retire(keeper);
        status = rs_journal_commit(journal);
        if (status == RS_ERR_FULL && rs_journal_durable(journal) == before) return status;
    }
    return status;
}

static void pause_for(rs_keeper_t *keeper, int64_t us) {
    rs_sleeper_announce(keeper->sleeper);
    if (atomic_load_explicit(&keeper->stopping, memory_order_acquire)) rs_sleeper_cancel(keeper->sleeper);
    else rs_sleeper_wait(keeper->sleeper, us);
}

/* Until it is durable, or the keeper is to stop. */
static bool commit(rs_keeper_t *keeper) {
    for (;;) {
        const int64_t begun = rs_monotonic_us();
        const int status = commit_with_spares(keeper);
        keeper->sync_us = rs_monotonic_us() - begun;
        publish(keeper, status);
        if (status == RS_OK) return true;
        keeper->settings.wake(keeper->settings.context);
        if (atomic_load_explicit(&keeper->stopping, memory_order_acquire)) return false;
        pause_for(keeper, keeper->settings.retry_us);
    }
}

static bool keep_some(rs_keeper_t *keeper) {
    const uint64_t position = gather(keeper);
    if (position == keeper->committed_to) return false;
    if (RS_PLANTED(TAP_BEFORE_COMMIT)) rs_ring_tap_release(keeper->settings.ring, position);
    if (!commit(keeper)) return false;
    keeper->committed_to = position;
    keeper->is_marked = false;
    keeper->idle_since_us = rs_monotonic_us();
    rs_ring_tap_release(keeper->settings.ring, position);
    keeper->settings.wake(keeper->settings.context);
    return true;
}

static void forget(rs_keeper_t *keeper) {
    const uint64_t wish = atomic_load_explicit(&keeper->forget, memory_order_relaxed);
    if (wish != 0) rs_journal_forget(keeper->settings.journal, wish >> 1, (wish & 1) != 0);
}

static void keep_house(rs_keeper_t *keeper) {
    rs_journal_stat_t stat;
    forget(keeper);
    rs_journal_stat(keeper->settings.journal, &stat);
    retire(keeper);
    (void)!make_spares(keeper, stat.bytes - keeper->kept_bytes);
    keeper->kept_bytes = stat.bytes;
    if (keeper->is_marked || rs_monotonic_us() - keeper->idle_since_us < keeper->settings.mark_us) return;
    keeper->is_marked = true;
    publish(keeper, rs_journal_mark(keeper->settings.journal));
}

static bool has_work(const rs_keeper_t *keeper) {
    return rs_ring_written(keeper->settings.ring) != keeper->committed_to ||
           atomic_load_explicit(&keeper->stopping, memory_order_acquire);
}

static void *run_keeper(void *context) {
    rs_keeper_t *keeper = context;
    (void)!make_spares(keeper, UINT64_MAX);
    publish(keeper, RS_OK);
    keeper->idle_since_us = rs_monotonic_us();
    for (;;) {
        const bool kept = keep_some(keeper);
        keep_house(keeper);
        if (kept) continue;
        if (atomic_load_explicit(&keeper->stopping, memory_order_acquire)) break;
        rs_sleeper_announce(keeper->sleeper);
        if (has_work(keeper)) rs_sleeper_cancel(keeper->sleeper);
        else rs_sleeper_wait(keeper->sleeper, keeper->settings.mark_us);
    }
    (void)!rs_journal_mark(keeper->settings.journal);
    return NULL;
}

/* --- making and ending ------------------------------------------------------------------------------------------------------- */
int rs_keeper_create(const rs_keeper_settings_t *settings, rs_keeper_t **keeper_out) {
    rs_keeper_t *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) return RS_ERR_MEMORY;
    keeper->settings = *settings;
    keeper->committed_to = rs_ring_written(settings->ring);
    if (rs_sleeper_create(&keeper->sleeper) != RS_OK) {
        free(keeper);
        return RS_ERR_MEMORY;
    }
    rs_ring_tap(settings->ring);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);   /* signals are the loop's business */
    const int failed = pthread_create(&keeper->thread, NULL, run_keeper, keeper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        rs_sleeper_destroy(&keeper->sleeper);
        free(keeper);
        return RS_ERR_IO;
    }
    *keeper_out = keeper;
    return RS_OK;
}

void rs_keeper_destroy(rs_keeper_t **keeper_ref) {
    rs_keeper_t *keeper = *keeper_ref;
    if (keeper == NULL) return;
    atomic_store_explicit(&keeper->stopping, true, memory_order_release);
    rs_sleeper_wake(keeper->sleeper);
    pthread_join(keeper->thread, NULL);
    rs_sleeper_destroy(&keeper->sleeper);
    free(keeper);
    *keeper_ref = NULL;
}

void rs_keeper_wake(rs_keeper_t *keeper) { rs_sleeper_wake(keeper->sleeper); }
uint64_t rs_keeper_durable(const rs_keeper_t *keeper) { return rs_ring_tapped(keeper->settings.ring); }

int rs_keeper_state(const rs_keeper_t *keeper, int *error) {
    if (error != NULL) *error = atomic_load_explicit(&keeper->error, memory_order_relaxed);
    return atomic_load_explicit(&keeper->state, memory_order_relaxed);
}

void rs_keeper_retire(rs_keeper_t *keeper, uint64_t number) { atomic_store_explicit(&keeper->retire, number, memory_order_relaxed); }

void rs_keeper_forget(rs_keeper_t *keeper, uint64_t number, bool soon) {
    const uint64_t before = atomic_load_explicit(&keeper->forget, memory_order_relaxed);
    const uint64_t last = number > before >> 1 ? number : before >> 1;
    atomic_store_explicit(&keeper->forget, last << 1 | (before & 1) | (soon ? 1 : 0), memory_order_relaxed);
}

void rs_keeper_stat(const rs_keeper_t *keeper, rs_keeper_stat_t *stat) {
    uint64_t words[STAT_WORDS];
    uint32_t version;
    do {
        version = rs_seqlock_read_begin(&keeper->stat_lock);
        for (size_t i = 0; i < STAT_WORDS; i++) words[i] = atomic_load_explicit(&keeper->stat[i], memory_order_relaxed);
    } while (rs_seqlock_read_retry(&keeper->stat_lock, version));
    memcpy(stat, words, sizeof *stat);
}
