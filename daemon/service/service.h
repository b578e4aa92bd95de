/* service/service.h — the parts of the daemon's wiring: each file joins some rooms on the one libuv loop. No room: only main.c and the
 * files of this folder see it.
 *
 *   state_folder.c  one daemon at a time, the run's number, the key of the pseudonyms
 *   durable.c       journal: opened, read back, followed; what stops when the disk fails
 *   retain.c        what of the journal is kept, and for how long it will do
 *   snapshots.c     the process that writes the next snapshot
 *   doors.c         from ingest and connectors into the core
 *   commands.c      from people into the core, and back
 *   effects.c       from the core to feed and store, the latter only when it is on disk
 *   receivers.c     from the core to webhooks, Alertmanagers and mail, likewise
 *   warm.c          history for rules that learn, from the database into the core
 *   rebuild.c       what a database forgot, made again from the journal
 *   metrics.c       what /metrics, /healthz and /readyz answer
 *   troubles.c      what the core says that is told in the log
 *   admin.c         a local door (admin.h): subject.c what is asked there, keys.c pseudonyms' keys, forget.c what was erased
 *                   leaves the disk
 *   reload.c        SIGHUP
 *   life.c          start, loop, stop
 * Threads:  all of it is the loop's thread, but rs_service_wake.
 * Settled:  a position of the inlet is acknowledged when it is applied and on disk: min(settled, durable).
 */
#ifndef RS_SERVICE_H
#define RS_SERVICE_H

#include "connect/asterisk_follow.h"
#include "engine/engine.h"
#include "engine/gate.h"
#include "feed/feed.h"
#include "feed/receivers.h"
#include "ingest/commands.h"
#include "ingest/ingest.h"
#include "journal/keeper.h"
#include "journal/rebuilder.h"
#include "journal/recover.h"
#include "journal/snapshot.h"
#include "store/history.h"
#include "store/store.h"
#include "web/web.h"

enum { RS_SERVICE_TICK_MS = 100, RS_SERVICE_CONFIGS = 64, RS_SERVICE_RATE_MINUTES = 60, RS_SERVICE_KEYS = 64 };

typedef enum rs_phase { PHASE_STARTING = 0, PHASE_RUNNING, PHASE_SETTLING, PHASE_FLUSHING, PHASE_CLOSING } rs_phase_t;

typedef struct rs_service_gaps rs_service_gaps_t;

/* What waits until it is on disk, first in, first out: an entry after another in `bytes`. */
typedef struct rs_held {
    unsigned char *bytes;
    size_t begin, end, room;
    uint64_t dropped;                      /* found no room */
} rs_held_t;

typedef struct rs_service_silences {
    uint32_t count;
    rs_silence_t places[RS_MAX_SILENCES];
} rs_service_silences_t;

typedef struct rs_service_journal {
    rs_disk_t *disk;
    rs_journal_t *journal;
    rs_keeper_t *keeper;
    rs_recovery_t *recovery;               /* while it is read back */
    char folder[4096];
    uint64_t read;                         /* records, while it is read back */
    int64_t told_us;
    uint64_t snapshot;                     /* number of the newest, 0: none */
    bool has_snapshot;
    int state;                             /* of the keeper, as last seen */
    int64_t failing_since_us;              /* monotonic; 0: it is not */
    bool is_refused;                       /* the doors say so, and the alert fires */
    uint32_t episodes;                     /* of the daemon's own alert */
    int64_t fired_us;
    uint64_t failures_told, given_way_told;
    uint64_t bytes_at[RS_SERVICE_RATE_MINUTES];   /* written by then, minute by minute */
    uint32_t minutes;
    int64_t next_minute_us, next_report_us;
} rs_service_journal_t;

typedef struct rs_service_snapshots {
    uv_process_t process;
    bool is_running;
    bool is_loaded;                        /* the process handle is in the loop */
    int64_t next_us;                       /* monotonic */
    uint64_t bytes_before, upto;           /* what the journal had written when the last one was begun */
} rs_service_snapshots_t;

/* What the core last said of itself, with a collection. */
typedef struct rs_service_core_figures {
    rs_accounting_t sums;                  /* over all sources; no source, no times */
    uint32_t sources;
    rs_core_losses_t losses;
    uint64_t bytes;
    uint32_t rows_permille;
} rs_service_core_figures_t;

/* One rule and key at a time, of those that the last collection brought. */
typedef struct rs_service_question {
    rs_alert_unwarmed_t unwarmed;          /* borrows from: */
    char texts[5][RS_MAX_NAME + 1];
} rs_service_question_t;
typedef enum rs_warm_state { RS_WARM_IDLE = 0, RS_WARM_ASKING, RS_WARM_TELLING } rs_warm_state_t;
typedef struct rs_service_warm {
    rs_history_t *history;                 /* NULL: no database */
    rs_warm_state_t state;
    rs_service_question_t questions[RS_COLLECTED_UNWARMED];
    uint32_t question, question_count;     /* the one in hand */
    const rs_warm_figure_t *figures;       /* the answer's */
    uint32_t count, told;
    uint64_t submitted;                    /* number of the last record: the core must have it before it is asked who wants more */
    int64_t not_before_us;                 /* monotonic: after a failure */
    uint64_t pairs, all, failures;         /* rules and keys done; figures told; answers that did not come */
} rs_service_warm_t;

typedef struct rs_service {
    const char *config_path;
    rs_config_t *configs[RS_SERVICE_CONFIGS];   /* every one that was ever in force: rows of before a reload still need theirs */
    uint32_t config_count;
    rs_phase_t phase;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t tick;
    uv_signal_t signals[3];
    bool handles_open;
    void *zmq;
    int lock_file;
    uint8_t key[RS_PSEUDONYM_KEY_BYTES];   /* in force: the last of: */
    uint8_t keys[RS_SERVICE_KEYS][RS_PSEUDONYM_KEY_BYTES];
    uint32_t key_count;
    char key_path[4096];
    struct rs_admin *admin;                /* admin.c */
    struct rs_forgetting { uint64_t upto; bool soon, was_read; } forgetting;   /* forget.c */
    rs_engine_t *engine;
    rs_ingest_t *ingest;
    rs_commands_door_t *commands;          /* NULL: none */
    rs_service_silences_t silences;
    rs_feed_t *feed;
    rs_receivers_t *receivers;
    rs_store_t *store;
    rs_web_t *web;
    rs_service_core_figures_t core_figures;
    rs_asterisk_follower_t *asterisk;
    rs_service_journal_t journal;
    rs_service_snapshots_t snapshots;
    /* rows on their way from the core to the store: asked for, waiting for the disk, with the store */
    rs_row_batch_t *batch;
    bool rows_wanted, collecting, collected, batch_with_store;
    rs_collection_t collection;
    uint64_t collection_gate;
    rs_confirmed_t in_batch;               /* what the batch with the store confirms when it is in */
    bool unsaid;                           /* it is in, and the core does not know yet: the inlet was full */
    rs_held_t held;
    rs_service_warm_t warm;
    bool rebuild_wanted;                   /* from rebuild_after up to rebuild_upto, as soon as it can begin */
    bool rebuild_portion;                  /* one is with the store */
    uint64_t rebuild_after, rebuild_upto;
    rs_rebuilder_t *rebuilder;
    uint64_t alert_position, told_position;   /* of the last transition that the store was given; that the core knows it has */
    uint32_t alert_ordinal, told_ordinal;
    uint64_t run;                          /* number of this start: tells its feed from an earlier one's */
    uint64_t submitted, settled, acknowledged, settled_at_ping;
    int64_t stopped_us;                    /* monotonic; when SIGTERM came */
    uint32_t ticks;
    rs_core_losses_t losses_told;          /* in the log */
    rs_agents_odd_t odd_told;
    int64_t troubles_told_us;
    rs_service_gaps_t *gaps;               /* gaps.c */
    rs_config_t *pending;                  /* a reload that the core has not answered yet */
} rs_service_t;

static inline rs_config_t *rs_service_config(const rs_service_t *service) { return service->configs[service->config_count - 1]; }
/* Number of the last record that the core has, while no thread of its runs; 0: there is no core. */
static inline uint64_t rs_service_number(const rs_engine_t *engine) {
    const rs_core_t *core = rs_engine_core(engine);
    return core == NULL ? 0 : rs_core_position(core);
}
int64_t rs_service_wall_us(void);
int64_t rs_service_monotonic_us(void);
/* Says why the daemon cannot start; RS_ERR_IO. */
int rs_service_fail(const char *what, const char *object, const char *why);
/* Any thread: the loop has something to do. */
void rs_service_wake(void *service);

/* state_folder.c; each says why it failed */
RS_MUST_CHECK int rs_service_lock_state(rs_service_t *service);
RS_MUST_CHECK int rs_service_number_run(rs_service_t *service);
RS_MUST_CHECK int rs_service_load_key(rs_service_t *service);
void rs_service_state_path(const rs_service_t *service, const char *name, char *path, size_t size);

/* durable.c */
/* From the journal's folder to a running core: everything that was durable is applied, and the journal goes on behind it. */
RS_MUST_CHECK int rs_service_recover(rs_service_t *service, const rs_engine_settings_t *settings);
/* Makes the rest durable, writes that down, and says with which state it ends. Harmless when nothing was opened. */
void rs_service_close_journal(rs_service_t *service);
/* Every tick. */
void rs_service_watch_journal(rs_service_t *service);
bool rs_service_can_take(const rs_service_t *service);
/* Position of the inlet up to which everything is on disk. */
uint64_t rs_service_durable(const rs_service_t *service);

/* retain.c: every second */
void rs_service_retain(rs_service_t *service);
/* What is left of journal.max_bytes or the disk, whichever ends first, and for how long that will do at the rate of the last hour (at most
 * 1e6 hours). */
typedef struct rs_service_space { uint64_t bytes; double hours; } rs_service_space_t;
rs_service_space_t rs_service_journal_space(const rs_service_t *service);

/* snapshots.c */
void rs_service_snapshot_when_due(rs_service_t *service);
/* One is begun unless one is being made. */
void rs_service_snapshot_now(rs_service_t *service);
/* Ends the process that writes one, if there is one; its handle closes in the loop. */
void rs_service_end_snapshot(rs_service_t *service);
/* A snapshot of the engine as it is, while no thread of the core's runs. */
RS_MUST_CHECK int rs_service_save(rs_disk_t *disk, uint64_t journal, const rs_engine_t *engine, rs_hash128_t *hash);
RS_MUST_CHECK int rs_service_load(rs_disk_t *disk, const rs_snapshot_t *snapshot, rs_engine_t *engine);
/* The other process: everything up to record `upto` of the journal in `folder` becomes its next snapshot. The program's exit status. */
int rs_service_write_snapshot(const char *folder, uint64_t upto);
void rs_service_hash_text(const rs_hash128_t *hash, char text[33]);

/* doors.c */
RS_MUST_CHECK int rs_service_open_doors(rs_service_t *service);

/* commands.c */
RS_MUST_CHECK int rs_service_open_commands(rs_service_t *service);
void rs_service_on_answer(void *service, rs_origin_t origin, int status, uint64_t number);
/* Of any transition; those that are no silence change nothing. */
void rs_service_note_silence(rs_service_t *service, const rs_alert_transition_t *said);

/* effects.c */
void rs_service_on_verdict(void *service, rs_origin_t origin, rs_refusal_t reason);
void rs_service_on_alert(void *service, const rs_alert_transition_t *transition);
void rs_service_on_alert_again(void *service, const rs_alert_transition_t *transition);
/* A refused event for the quarantine, when position `gate` of the inlet is on disk. */
void rs_service_hold_refusal(rs_service_t *service, uint64_t gate, uint64_t number, rs_str_t source,
                             const rs_refused_t *refused, uint64_t hash, int64_t at_us);
/* Of what was held while the journal was read: what is stored already is forgotten. */
void rs_service_forget_stored(rs_service_t *service, uint64_t position);
RS_MUST_CHECK int rs_service_start_store(rs_service_t *service);
RS_MUST_CHECK int rs_service_start_feed(rs_service_t *service);
/* receivers.c: webhooks, Alertmanagers, mail; what they were told is a record, and a start goes on behind it */
RS_MUST_CHECK int rs_service_start_receivers(rs_service_t *service);
void rs_service_configure_receivers(rs_service_t *service, const rs_config_t *config);
void rs_service_move_receivers(rs_service_t *service);
/* Moves what can be moved. */
void rs_service_move_effects(rs_service_t *service);
/* Every second: while no database asks for rows, nobody asks the core how it is. */
void rs_service_look_for_troubles(rs_service_t *service);
/* The daemon's own alert about its journal. */
void rs_service_own_alert(rs_service_t *service, bool is_bad, int error);

/* For the quarantine, when `gate` is on disk. False: no room. */
RS_MUST_CHECK bool rs_held_add_refusal_record(rs_held_t *held, uint64_t gate, const rs_journal_record_t *record);

/* warm.c */
RS_MUST_CHECK int rs_service_start_warm(rs_service_t *service);
void rs_service_end_warm(rs_service_t *service);
/* A collection came while the store is there. */
void rs_service_want_history(rs_service_t *service, const rs_collection_t *collection);
/* Moves what can be moved. */
void rs_service_move_warm(rs_service_t *service);

/* rebuild.c */
void rs_service_on_rewound(void *service, uint64_t after, uint64_t upto);
void rs_service_on_rebuilt(void *service, rs_row_batch_t *batch, bool stored);
/* Moves what can be moved. */
void rs_service_move_rebuild(rs_service_t *service);
/* When nothing is with the store any more. */
void rs_service_end_rebuild(rs_service_t *service);
void rs_service_on_let_go(void *service, uint64_t position);

/* metrics.c */
RS_MUST_CHECK int rs_service_start_web(rs_service_t *service);
/* A collection came. */
void rs_service_note_core(rs_service_t *service, const rs_collection_t *collection);

/* troubles.c */
void rs_service_log_troubles(rs_service_t *service, const rs_collection_t *collection);

/* --- gaps.c: sources' numbers that never came, in the log ----------------------------------------------------------- */
void rs_service_log_gaps(rs_service_t *service, const rs_collection_t *collection);
void rs_service_forget_gaps(rs_service_t *service);

/* reload.c */
void rs_service_reload(rs_service_t *service);
void rs_service_finish_reload(rs_service_t *service);
int rs_service_log_level(const rs_config_t *config);

/* life.c: the daemon from start to end; the program's exit status */
int rs_service_run(rs_service_t *service);

#endif
