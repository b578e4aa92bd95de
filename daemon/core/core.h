/* core/core.h — the pure core: state + ordered input -> new state + effects. See README "How it works".
 *
 * Model:     input is what the one ring carries: event records, refusal records, ticks, configurations. Every figure is a
 *            function of the set of accepted events: an event that comes late re-derives its contact and the difference is
 *            applied, in windows and rows alike.
 * Threads:   everything here belongs to one thread, except the reads of the published windows (core/window/window.h) and
 *            rs_core_key, which any thread may use.
 * Purity:    no clock, no I/O, no threads, no global state; memory is taken at create and by growing up to the limits.
 * Effects:   leave through the callbacks given at create, called from within apply/tick; they must not call back.
 */
#ifndef RS_CORE_H
#define RS_CORE_H

#include "core/alert/alert.h"
#include "core/hash.h"
#include "core/row.h"
#include "event/event.h"

typedef struct rs_core rs_core_t;

typedef struct rs_core_effects {
    void *context;
    /* An accepted record turned out to be a duplicate, too late, in the future or over a limit. `duplicate` is not an
     * error towards the producer (it is settled either way). */
    void (*on_verdict)(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason);
    rs_alert_fn on_alert;
} rs_core_effects_t;

typedef struct rs_core_options {
    const rs_config_t *config;        /* borrowed for the core's life */
    bool replay;                      /* nothing is late or future; time follows the events; missing ends stay open unless
                                         config->missing_end_us was set */
    bool windows, alerts;             /* off in a replay that only wants rows */
    uint32_t families;                /* bit set of rs_key_family_t whose rows are kept */
    uint32_t attributions;            /* bit set of rs_attribution_t */
    rs_interval_spec_t interval;
    int64_t start_us;                 /* first `now` */
    uint64_t run;                     /* distinguishes this run's row parts and episodes from those of earlier runs; grows */
    uint64_t hash_seed;
    rs_core_effects_t effects;
} rs_core_options_t;

RS_MUST_CHECK int rs_core_create(const rs_core_options_t *options, rs_core_t **core);
void rs_core_destroy(rs_core_t **core);

/* Applies one record of the ring (event/event.h); `position` is where it ends. RS_ERR_PARSE: not a record. */
RS_MUST_CHECK int rs_core_apply(rs_core_t *core, uint32_t kind, const void *bytes, size_t len, uint64_t position);
/* The same for an event that is in hand already (replay). */
void rs_core_apply_event(rs_core_t *core, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin);
/* The two halves of it, for a replay that reads everything before it sorts: admit in the order of reading (of two events with
 * one identity the first read wins), apply in total order. Admit accounts and remembers; *session goes with the event. */
RS_MUST_CHECK rs_refusal_t rs_core_admit(rs_core_t *core, const rs_event_t *event, int64_t arrival_us, uint32_t *session);
void rs_core_apply_admitted(rs_core_t *core, const rs_event_t *event, uint32_t session);
/* The same for an event that another core has admitted: the accounting is there, the figures are here. */
void rs_core_apply_in_order(rs_core_t *core, const rs_event_t *event);
/* Says that the event will be applied some events from now, so that its contact's memory is there by then. Changes no figure. */
void rs_core_announce(rs_core_t *core, const rs_event_t *event);
/* The total order of events (cases.md); < 0, 0, > 0. Pure. */
int rs_event_compare(const rs_event_t *a, const rs_event_t *b);
void rs_core_apply_refusal(rs_core_t *core, rs_str_t source, rs_refusal_t reason);
/* Time has come to `now_us` (wall clock; ignored as window time when time.clock = events). */
void rs_core_tick(rs_core_t *core, int64_t now_us);
/* A new configuration: rules and thresholds at once, policies from the next 15-minute boundary. RS_ERR_LIMIT when more than
 * RS_MAX_POLICIES versions would be alive; nothing changes then. Every configuration
 * given stays borrowed until rs_core_destroy: rows of before the change still need it. */
RS_MUST_CHECK int rs_core_configure(rs_core_t *core, const rs_config_t *config);

/* End of a replay: all that waits for time (skewed pairs) is settled. */
void rs_core_finish(rs_core_t *core);

/* --- rows --------------------------------------------------------------------------------------------------------- */
/* Calls on_row for every row that has at least one count, sorted by interval, tenant, key; nothing is changed. */
void rs_core_rows(rs_core_t *core, rs_row_fn on_row, void *context);
/* Calls on_row for up to `max` rows that changed since they were last collected, oldest change first, and marks them
 * collected. Final rows that have been collected and confirmed leave memory. Returns how many. */
size_t rs_core_collect(rs_core_t *core, size_t max, rs_row_fn on_row, void *context);
/* Rows changed and not yet collected. */
size_t rs_core_dirty_rows(const rs_core_t *core);

/* --- the whole state as bytes (core/state/state.h) ----------------------------------------------------------------- */
/* Takes the next `len` bytes, some 64 KiB at most. What is not RS_OK ends the saving, which returns it. */
typedef struct rs_state_out {
    void *context;
    int (*write)(void *context, const void *bytes, size_t len);
} rs_state_out_t;
/* Gives 1 to `room` next bytes; *len 0: there are no more. What is not RS_OK ends the loading, which returns it. */
typedef struct rs_state_in {
    void *context;
    int (*read)(void *context, void *bytes, size_t room, size_t *len);
} rs_state_in_t;
enum { RS_STATE_WHAT_BYTES = 192 };

/* Between two calls of apply, tick and so on. Changes nothing. *hash: of the bytes, so that equal states have equal ones; `out`
 * NULL: only that. RS_ERR_MEMORY, or what `out` said. */
RS_MUST_CHECK int rs_core_save(const rs_core_t *core, const rs_state_out_t *out, rs_hash128_t *hash);
/* A core that goes on as the saved one would have, to the byte. Taken from the state: times, `run`, `hash_seed`, all figures, and
 * the policies, standards and rules that were in force; from `options`: everything else. When the configuration's policies,
 * standards or rules are others than the saved ones, that is a rs_core_configure at the end of loading (effects included).
 * `what` (RS_STATE_WHAT_BYTES, may be NULL) says in English why it failed. RS_ERR_PARSE: damaged, cut short, or no state;
 * RS_ERR_VERSION: of a newer program; RS_ERR_STATE: other families, attributions, intervals, windows than it was saved with;
 * RS_ERR_LIMIT: the limits are smaller than what it holds; RS_ERR_MEMORY; or what `in` said. */
RS_MUST_CHECK int rs_core_load(const rs_core_options_t *options, const rs_state_in_t *in, char *what, rs_core_t **core);

/* --- looking ------------------------------------------------------------------------------------------------------ */
typedef struct rs_accounting {      /* received = applied + duplicate + late_applied + too_late + invalid + unknown + future + limit */
    rs_str_t source;
    uint64_t received, applied, duplicate, late_applied, too_late, invalid, unknown, future, limit;
    uint64_t gaps, missing;         /* holes in `seq`: how many, and how many numbers are missing now */
    int64_t watermark_us;           /* greatest occurred_at */
    bool idle;
} rs_accounting_t;
uint32_t rs_core_source_count(const rs_core_t *core);
void rs_core_accounting(const rs_core_t *core, uint32_t source, rs_accounting_t *accounting);

int64_t rs_core_now(const rs_core_t *core);          /* the time that windows and alerts go by */
int64_t rs_core_watermark(const rs_core_t *core);    /* minimum over active sources */
uint64_t rs_core_position(const rs_core_t *core);    /* of the last applied record */
const rs_window_store_t *rs_core_windows(const rs_core_t *core);   /* NULL when off */
/* Any thread, for key < rs_window_key_count: the key's dimensions, valid for the core's life. */
void rs_core_key(const rs_core_t *core, uint32_t key, rs_key_t *dimensions);
/* Policies in slot order as they are counted now. */
uint32_t rs_core_policy_count(const rs_core_t *core);
const rs_policy_t *rs_core_policy(const rs_core_t *core, uint32_t slot);
uint64_t rs_core_bytes(const rs_core_t *core);       /* memory in use */
/* Things that a hard bound kept out, by reason: contacts or events without room, cells and panes without room, lookups that
 * ended at an __overflow__ key. All 0 in a healthy daemon. */
typedef struct rs_core_losses { uint64_t contacts, cells, panes, overflowed_keys, alerts; } rs_core_losses_t;
rs_core_losses_t rs_core_losses(const rs_core_t *core);
/* Tests: recomputes what can be recomputed. RS_OK or RS_ERR_STATE with *why. */
RS_MUST_CHECK int rs_core_check(const rs_core_t *core, const char **why);

#endif
