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

#include "core/agent/agent.h"
#include "core/alert/alert.h"
#include "core/contact_row.h"
#include "core/fcr/fcr.h"
#include "core/hash.h"
#include "core/process/map.h"
#include "core/row.h"
#include "event/event.h"

typedef struct rs_core rs_core_t;

typedef struct rs_core_effects {
    void *context;
    /* An accepted record turned out to be a duplicate, too late, in the future or over a limit. `duplicate` is not an
     * error towards the producer (it is settled either way). */
    void (*on_verdict)(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason);
    /* What became of a command: as rs_alerts_command; RS_ERR_NOT_FOUND in a core without alerts. Of an erasure: as rs_core_erase, `number`
     * is in how many places it was. */
    void (*on_answer)(void *context, rs_origin_t origin, int status, uint64_t number);
    rs_alert_fn on_alert;
    /* Short memory, below: what the store does not have as of `position` leaves memory when this returns. It may be collected. */
    void (*on_let_go)(void *context, uint64_t position);
} rs_core_effects_t;

typedef struct rs_core_options {
    const rs_config_t *config;        /* borrowed for the core's life */
    bool replay;                      /* nothing is late or future; time follows the events; missing ends stay open unless
                                         config->missing_end_us was set */
    bool windows, alerts;             /* off in a replay that only wants rows */
    bool process;                     /* follows contacts' ways; also needs limits.edges > 0. Whoever asks for it must collect */
    bool facts;                       /* keeps the facts of single contacts; also needs limits.facts > 0. Likewise */
    bool lets_go;                     /* what waits for the store may leave memory: it can be made again from the records (Short memory) */
    uint32_t families;                /* bit set of rs_key_family_t whose rows are kept */
    uint32_t attributions;            /* bit set of rs_attribution_t */
    rs_interval_spec_t interval;
    int64_t start_us;                 /* first `now` */
    uint64_t run;                     /* distinguishes this run's row parts and episodes from those of earlier runs; grows */
    uint64_t hash_seed;
    rs_core_effects_t effects;
    /* rs_core_load's alone: */
    const rs_config_t *newest;        /* NULL, or the one that was in force when the state was saved: `config` is then the one that the core
                                         had been made or last loaded with, and nothing is reconfigured */
    uint64_t position;                /* 0, or the number of the record that makes the core be loaded */
} rs_core_options_t;

RS_MUST_CHECK int rs_core_create(const rs_core_options_t *options, rs_core_t **core);
void rs_core_destroy(rs_core_t **core);

/* Applies one record of the ring (event/event.h). `position` is its number since the journal began, 1 for the first; it grows, by more than
 * 1 where records were lost. RS_ERR_PARSE: not a record; only the position is moved then. Configurations (RS_RECORD_CONFIG…, _BEGIN) move
 * the position and nothing else: whoever feeds the core makes them of the text and calls rs_core_configure after. */
RS_MUST_CHECK int rs_core_apply(rs_core_t *core, uint32_t kind, const void *bytes, size_t len, uint64_t position);
/* The same for an event that is in hand already (replay). */
void rs_core_apply_event(rs_core_t *core, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin);
/* The two halves of it, for a replay that reads everything before it sorts: admit in the order of reading (of two events with
 * one identity the first read wins), apply in total order. Admit accounts and remembers; *session goes with the event. */
RS_MUST_CHECK rs_refusal_t rs_core_admit(rs_core_t *core, const rs_event_t *event, int64_t arrival_us, uint32_t *session);
void rs_core_apply_admitted(rs_core_t *core, const rs_event_t *event, uint32_t session);
/* The same for an event that another core has admitted: the accounting is there, the figures are here. */
void rs_core_apply_in_order(rs_core_t *core, const rs_event_t *event);
/* Says that the event will be applied RS_CORE_AHEAD events from now: what is known of its contact and its keys lies anywhere in memory, and
 * is called for meanwhile. Changes no figure; sooner or later, or never applied, is harmless. The other: a record; one that is no event is
 * passed over. */
enum { RS_CORE_AHEAD = 8 };   /* a power of two */
void rs_core_announce(rs_core_t *core, const rs_event_t *event);
void rs_core_announce_record(rs_core_t *core, uint32_t kind, const void *bytes, size_t len);
/* The total order of events (cases.md); < 0, 0, > 0. Pure. */
int rs_event_compare(const rs_event_t *a, const rs_event_t *b);
void rs_core_apply_refusal(rs_core_t *core, rs_str_t source, rs_refusal_t reason);
/* Time has come to `now_us` (wall clock; ignored as window time when time.clock = events). */
void rs_core_tick(rs_core_t *core, int64_t now_us);
/* A new configuration: rules and thresholds at once, policies from the next 15-minute boundary. RS_ERR_LIMIT when more than
 * RS_MAX_POLICIES versions would be alive, or within 32 days more than 64 sets of
 * policies came into force; no figure changes then. Every configuration given stays borrowed for as long as rs_core_rests_on it: rows of
 * before the change still need it. */
RS_MUST_CHECK int rs_core_configure(rs_core_t *core, const rs_config_t *config);
/* Whether the core may still read of it: of all that it was ever given, at most 64 and two more. */
bool rs_core_rests_on(const rs_core_t *core, const rs_config_t *config);

/* End of a replay: all that waits for time (skewed pairs) is settled. */
void rs_core_finish(rs_core_t *core);

/* --- rows --------------------------------------------------------------------------------------------------------- */
/* Calls on_row for every row that has at least one count, sorted by interval, tenant, key; nothing is changed. */
void rs_core_rows(rs_core_t *core, rs_row_fn on_row, void *context);
/* What changed stands in an order, by when it began to differ from what the store has. Collecting hands it out in that order and changes
 * nothing that is saved; only a confirmation does, which is a record:
 *     collect ─► store ─► RS_RECORD_CONFIRMED with rs_core_collected ─► apply: unchanged since ─► clean (a final one leaves memory)
 *                                                                              changed since   ─► to the end of the order
 * What was handed out is in hand and is not handed out again before its confirmation. A core that was loaded or made anew has nothing in
 * hand: what was not confirmed is handed out again (rows are absolute and revisioned: twice is harmless). */
/* Calls on_row for up to `max` changed rows. All rows of a key and interval come together: `max` must be at least
 * RS_ATTRIBUTION_COUNT, and fewer than `max` may come although there are more. Returns how many; 0: there are none. */
size_t rs_core_collect(rs_core_t *core, size_t max, rs_row_fn on_row, void *context);
/* What may be confirmed when everything handed out so far, rows, edges and contacts, has arrived. Alerts: zeros. */
void rs_core_collected(const rs_core_t *core, rs_confirmed_t *confirmed);
/* What is in hand did not arrive: all that is not confirmed is handed out again. */
void rs_core_collect_again(rs_core_t *core);
/* As applying the record says. */
void rs_core_confirm(rs_core_t *core, const rs_confirmed_t *confirmed);
/* Of which the store has all rows and edges, as far as confirmations said; or which were let go. */
uint64_t rs_core_confirmed_position(const rs_core_t *core);
/* Short memory: rows, edges and contacts that only wait for the store (final ones, folded ones) can take up nearly all that limits.rows,
 * limits.edges or limits.facts allow, when the store is away or slow. Then, before the next record is applied, all of the three counts
 * as confirmed: so what is final leaves memory, and what comes finds room. The store does not have it, so its owner must know:
 * effects.on_let_go, and this, which is saved: up to this record rows were let go, 0 = none ever were. Whoever applies the same records
 * again comes to the same point (engine/rebuild.h). */
uint64_t rs_core_let_go_position(const rs_core_t *core);
/* How much of limits.rows is in use, or of limits.edges, or of limits.facts by contacts that wait for the store,
 * if that is more: 0 .. 1000. */
uint32_t rs_core_rows_permille(const rs_core_t *core);
/* Rows changed and neither confirmed nor in hand. */
size_t rs_core_dirty_rows(const rs_core_t *core);
/* Alert transitions that a receiver has not confirmed, oldest first, as they were when they happened; the most recent
 * RS_ALERT_OUTBOX_BYTES (core/alert/outbox.h) of them. A receiver that was never heard of has none. */
void rs_core_unconfirmed_alerts(const rs_core_t *core, uint64_t receiver, rs_alert_fn on_alert, void *context);
/* Every episode that fires, as rs_alerts_open tells it: for whoever has to begin with all that is true now. */
void rs_core_open_alerts(const rs_core_t *core, rs_alert_fn on_alert, void *context);
/* The known receivers: numbers 0 .. until false. */
bool rs_core_receiver_at(const rs_core_t *core, uint32_t number, uint64_t *receiver);
/* Every episode that is open, as it stands now: rs_alerts_present. */
void rs_core_present_alerts(const rs_core_t *core, rs_alert_fn on_alert, void *context);
/* rs_alerts_unwarmed; 0 in a core without alerts. */
uint32_t rs_core_unwarmed(rs_core_t *core, rs_alert_unwarmed_t *found, uint32_t max);
/* rs_alerts_silence. */
const rs_silence_t *rs_core_silence(const rs_core_t *core, uint32_t place);
/* Identity of the last transition that the receiver has. False: it was never heard of. */
bool rs_core_receiver(const rs_core_t *core, uint64_t receiver, uint64_t *position, uint32_t *ordinal);

/* --- producers' sessions (core/session.h) ------------------------------------------------------------------------- */
/* Sessions 1 .. count. False: nobody has that number. */
uint32_t rs_core_session_count(const rs_core_t *core);
typedef struct rs_core_session {
    rs_str_t source, incarnation;    /* borrowed until the next record is applied */
    uint64_t last;                   /* settled up to here */
    uint64_t used;                   /* number of the record that was its last: the order of least use */
} rs_core_session_t;
bool rs_core_session(const rs_core_t *core, uint32_t session, rs_core_session_t *kept);

/* How far the numbers of a source's events have come, by incarnation in the order of their first events: the newest `max` of them, the
 * newest last. Returns how many there are, at most `max`. */
typedef struct rs_core_reported {
    rs_str_t incarnation;            /* borrowed for the core's life */
    uint64_t upto;                   /* all up to here came; 0: not even 1 */
} rs_core_reported_t;
uint32_t rs_core_reported(const rs_core_t *core, rs_str_t source, rs_core_reported_t *reported, uint32_t max);

/* --- the way through the process (options.process; nothing without it) --------------------------------------------- */
/* As rs_core_rows, _collect and _dirty_rows: edges by interval, tenant, from, to, queue; each in the interval of its moment. */
void rs_core_process_rows(rs_core_t *core, rs_process_row_fn on_row, void *context);
size_t rs_core_process_collect(rs_core_t *core, size_t max, rs_process_row_fn on_row, void *context);
size_t rs_core_process_dirty(const rs_core_t *core);
/* The map of a tenant over the intervals in memory that begin in [from_us, to_us). Give it back with rs_process_map_deinit, before
 * the core is destroyed. RS_ERR_MEMORY: *map needs no deinit. */
RS_MUST_CHECK int rs_core_process_map(rs_core_t *core, rs_str_t tenant, int64_t from_us, int64_t to_us, rs_process_map_t *map);
/* The variants of finished contacts since the core began, by tenant, the most frequent first. */
void rs_core_process_variants(rs_core_t *core, rs_variant_row_fn on_variant, void *context);

/* --- the facts of single contacts (options.facts; nothing without it), core/book.h ----------------------------------- */
/* As rs_core_collect and rs_core_dirty_rows: changed contacts, each whole. What a restatement needs of the rest is not there: facts that
 * belong to no contact (complaints, agents' time), and first-contact resolution. */
size_t rs_core_facts_collect(rs_core_t *core, size_t max, rs_contact_row_fn on_contact, void *context);
size_t rs_core_facts_dirty(const rs_core_t *core);
/* All that are in memory, open ones too, in no order; nothing is changed. */
void rs_core_facts(rs_core_t *core, rs_contact_row_fn on_contact, void *context);
/* Counts facts that were told once more, as this core's configuration does: in a core that takes no events, in the order of at_us (which
 * handlings overlap is counted from them, too). Attribution close puts them at `close_us`.
 * False: a number in them is none of this program's; nothing was counted. */
RS_MUST_CHECK bool rs_core_count_facts(rs_core_t *core, rs_str_t tenant, const rs_told_fact_t *facts, uint32_t count, int64_t close_us);

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
 * what was in force of policies, standards, rules, working hours, reply targets, deadlines, scales and first-contact resolution;
 * from `options`: everything else. When the configuration has other ones of these than the saved newest, that is a rs_core_configure
 * at the end of loading (effects included). staff.expire, lateness and clock skew of agents, prediction's horizon and the buckets of
 * customers stay as the state was begun with. Working hours of before need their time zone in the configuration.
 * `what` (RS_STATE_WHAT_BYTES, may be NULL) says in English why it failed. RS_ERR_PARSE: damaged, cut short, or no state;
 * RS_ERR_VERSION: of a newer program; RS_ERR_STATE: other families, attributions, intervals, windows than it was saved with, or
 * the map of the process, prediction or first-contact resolution (limits.customers) is on in one and off in the other;
 * RS_ERR_LIMIT: the limits are smaller than what it holds; RS_ERR_MEMORY; or what `in` said. */
RS_MUST_CHECK int rs_core_load(const rs_core_options_t *options, const rs_state_in_t *in, char *what, rs_core_t **core);

/* --- looking ------------------------------------------------------------------------------------------------------ */
typedef struct rs_accounting {      /* received = applied + duplicate + late_applied + too_late + invalid + unknown + future + limit */
    rs_str_t source;
    uint64_t received, applied, duplicate, late_applied, too_late, invalid, unknown, future, limit;
    uint64_t gaps, missing;         /* holes in `seq`: how many, and how many numbers are missing now */
    int64_t watermark_us;           /* greatest occurred_at */
    bool idle;
    bool skew_known;                /* live, and enough events of late: */
    int64_t skew_us;                /* by how much its clock is ahead of ours, < 0: behind or slow (core/skew.h) */
} rs_accounting_t;
uint32_t rs_core_source_count(const rs_core_t *core);
void rs_core_accounting(const rs_core_t *core, uint32_t source, rs_accounting_t *accounting);

int64_t rs_core_now(const rs_core_t *core);          /* the time that windows and alerts go by */
int64_t rs_core_watermark(const rs_core_t *core);    /* minimum over active sources */
uint64_t rs_core_position(const rs_core_t *core);    /* number of the last applied record */
uint64_t rs_core_run(const rs_core_t *core);         /* that it was begun with, over all restarts */
const rs_window_store_t *rs_core_windows(const rs_core_t *core);   /* NULL when off */
/* Any thread, for key < rs_window_key_count: the key's dimensions, valid for the core's life. The bytes of an agent's name are the core's
 * thread's: they change when he or she is erased (core/erase.h). */
void rs_core_key(const rs_core_t *core, uint32_t key, rs_key_t *dimensions);
/* Who does what since when; any thread. Agents in the order in which they first appeared; texts are valid for the core's
 * life, but see rs_core_key. RS_ERR_NOT_FOUND: place >= count; RS_ERR_AGAIN: torn 64 times, try later. */
typedef struct rs_core_agent {
    rs_agent_live_t live;
    rs_str_t tenant, agent, team, reason, activity;
    rs_str_t queues[RS_LIVE_QUEUES];     /* the first of live.queue_count */
} rs_core_agent_t;
uint32_t rs_core_agent_count(const rs_core_t *core);
RS_MUST_CHECK int rs_core_agent(const rs_core_t *core, uint32_t place, rs_core_agent_t *agent);
/* Core's thread: see rs_agents_staff and rs_agents_odd in core/agent/agent.h. */
const rs_agents_t *rs_core_agents(const rs_core_t *core);
/* Policies in slot order as they are counted now. */
uint32_t rs_core_policy_count(const rs_core_t *core);
const rs_policy_t *rs_core_policy(const rs_core_t *core, uint32_t slot);
uint64_t rs_core_bytes(const rs_core_t *core);       /* memory in use */
/* Open complaints of one tenant, now. Only those with a case_id: others have no stages to come. tenant < rs_core_complaint_tenants. */
typedef struct rs_complaint_gauges {
    rs_str_t tenant;
    uint32_t open[RS_FEEDBACK_STAGE_COUNT];   /* by the stage where they stand: received … responded */
    uint32_t all_open, overdue;               /* overdue: the next stage that has a deadline takes longer already */
    int64_t next_overdue_us;                  /* when the next of the others will be, if nothing happens; INT64_MAX: none */
} rs_complaint_gauges_t;
uint32_t rs_core_complaint_tenants(const rs_core_t *core);
void rs_core_complaints(const rs_core_t *core, uint32_t tenant, rs_complaint_gauges_t *gauges);
/* Things that a hard bound kept out, by reason: contacts or events without room, cells and panes without room, lookups that
 * ended at an __overflow__ key, events of cases without room and closed cases that made room for new ones, steps that went to an
 * __overflow__ edge or none, variants that lost their place,
 * journeys forgotten too soon. All 0 in a healthy daemon. */
typedef struct rs_core_losses {
    uint64_t contacts, cells, panes, overflowed_keys, alerts, cases, edges, variants, facts;
    uint64_t customers;             /* journeys of customers that were forgotten before their repeat window had ended */
    uint64_t untold;                /* alert transitions that a receiver may never have, and receivers past the bound */
    uint64_t unmoved;               /* facts that stay at their own moment in attribution close */
} rs_core_losses_t;
rs_core_losses_t rs_core_losses(const rs_core_t *core);
/* --- prediction (core/predict/predict.h) --------------------------------------------------------------------------- */
/* What is expected of one contact that waits in a queue. `contact` stands for tenant and contact_id. */
typedef struct rs_waiting {
    rs_hash128_t contact;
    uint32_t ahead;               /* contacts that came before it */
    int64_t queued_us;
    int64_t wait_left_us;         /* expected, if it does not give up; at most a day */
    double breach;                /* chance that it is not answered by queued + T */
} rs_waiting_t;
typedef void (*rs_waiting_fn)(void *context, const rs_waiting_t *waiting);
/* Calls on_waiting for every contact that waits in the queue key, the oldest first, as of now. Returns RS_PREDICTION_GIVEN, or why
 * there is no answer (core/window/window.h); then it calls nothing. The queues' own figures are published once a second:
 * rs_window_read_prediction. */
uint32_t rs_core_predict_waiting(rs_core_t *core, uint32_t key, rs_waiting_fn on_waiting, void *context);

/* --- first-contact resolution (its counts are in rows and windows) ---------------------------------------------------- */
/* Inbound contacts of known customers within the remembered time (fcr.repeat_window and a little more), and how many different
 * customers these are of. */
typedef struct rs_contact_rate { uint64_t contacts, customers; } rs_contact_rate_t;
rs_contact_rate_t rs_core_fcr_contact_rate(const rs_core_t *core, rs_str_t tenant);
/* Who came most often within that time, most contacts first; at most `max`, and RS_FCR_REPEATERS. Returns how many. *others_at_most:
 * nobody else came more often. */
uint32_t rs_core_fcr_repeaters(const rs_core_t *core, rs_str_t tenant, rs_fcr_repeater_t *repeaters, uint32_t max,
                               uint32_t *others_at_most);

/* Tests: recomputes what can be recomputed. RS_OK or RS_ERR_STATE with *why. */
RS_MUST_CHECK int rs_core_check(const rs_core_t *core, const char **why);

#endif
