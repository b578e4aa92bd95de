/* journal/rebuilder.h — what a database lacks, made again from the journal on disk by a thread of its own, beside everything else.
 *
 * Model:   the thread opens the folder to look, loads the newest snapshot at or below `after` and reads the journal up to `upto` through an
 *          engine of its own (engine/rebuild.h). What comes out is handed over in portions, one at a time:
 *              thread  fills ─► wake ─►  loop  take … effects, batch to the store … give back ─►  thread  fills the next …
 *          When a database is slow, the thread waits; it holds nothing else up.
 * Needs:   the journal above `after` and a snapshot at or below it; or the journal from its first record. Whoever retires them keeps for it
 *          the records above the oldest mark that may come back (that of 24 hours ago, and the present one if that is older), and of
 *          snapshots the newest at or below that. When they are gone after all, what is there is used, and the rest is reported.
 * Threads: every function belongs to the loop's thread; the rebuilder's is its own, at the lowest priority.
 * Ordering: a portion is handed over and given back under one lock; neither side touches it while it is the other's.
 * Memory:  a second engine with the limits of the configuration in the journal, one batch, some 300 KiB of effects.
 */
#ifndef RS_JOURNAL_REBUILDER_H
#define RS_JOURNAL_REBUILDER_H

#include "core/row_batch.h"
#include "engine/rebuild.h"

typedef struct rs_rebuilder rs_rebuilder_t;

typedef struct rs_rebuilder_settings {
    const char *folder;                /* of the journal; copied */
    const rs_config_t *config;         /* for what a saved state does not say; borrowed until stop */
    uint32_t max_rows, max_edges, max_contacts;   /* of a portion; see rs_row_batch_create */
    void *context;
    void (*wake)(void *context);       /* rebuilder's thread: a portion is there, or it has ended; must not block */
} rs_rebuilder_settings_t;

/* RS_ERR_MEMORY; RS_ERR_IO: no thread. */
RS_MUST_CHECK int rs_rebuilder_start(const rs_rebuilder_settings_t *settings, uint64_t after, uint64_t upto, rs_rebuilder_t **rebuilder);
/* Ends the thread, wherever it is (soon: between two records), and frees everything. The batch of a portion must have been given back by
 * whoever it was handed to. Accepts NULL. */
void rs_rebuilder_stop(rs_rebuilder_t **rebuilder);

/* True: there is a portion; *batch (may be empty) and the effects are the caller's until rs_rebuilder_give_back. */
bool rs_rebuilder_take(rs_rebuilder_t *rebuilder, rs_row_batch_t **batch);
typedef void (*rs_rebuilder_alert_fn)(void *context, const rs_alert_transition_t *transition);
typedef void (*rs_rebuilder_refusal_fn)(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                                        uint64_t number);
/* The effects of the portion in hand, in their order; borrowed for the call. */
void rs_rebuilder_effects(const rs_rebuilder_t *rebuilder, rs_rebuilder_alert_fn on_alert,
                          rs_rebuilder_refusal_fn on_refusal, void *context);
void rs_rebuilder_give_back(rs_rebuilder_t *rebuilder);

typedef struct rs_rebuilder_result {
    int status;                        /* RS_OK; else what ended it early: what is missing then is not known */
    uint64_t from;                     /* number of the snapshot it began with, 0: the journal's beginning */
    uint64_t missing;                  /* records above `after` that were not there any more, or could not be read */
    uint64_t records, rows, effects;
    char why[256];                     /* in English when status is not RS_OK */
} rs_rebuilder_result_t;
/* True: the last portion was given back, or it failed. */
bool rs_rebuilder_ended(rs_rebuilder_t *rebuilder, rs_rebuilder_result_t *result);

#endif
