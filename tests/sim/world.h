/* sim/world.h — a whole installation in one thread, from one seed: producers, a network, the daemon with its core and journal on a disk
 * that forgets, a store and a database that loses COMMITs; and a ledger that says afterwards what should have come of it.
 *
 * Model:     producer ─batch─► network ─► daemon (session, ring, core, journal) ─ack─► network ─► producer
 *                                            └─ rows ─► store ─► database, confirmed ─► ring
 *            Real code: core, engine, journal, recovery, snapshots, sessions as the core keeps them, records. Modelled: sockets, threads
 *            (steps in any order), the store's connection and its statements, the database's tables and its mark.
 *            Each step is drawn at random; so are the disasters: the process dies, the power goes, the disk fails or is full, the
 *            connection is cut before, at or after COMMIT, messages are lost with their connection, a producer dies and comes
 *            back; and so are reloads of the configuration. The database goes back to an earlier state, or is away for long while memory is
 *            short, and gets again what it lacks. When nothing is left to send everything is mended, and the ledger is closed.
 * Threads:   none. The same seed does the same.
 */
#ifndef RS_TESTS_SIM_WORLD_H
#define RS_TESTS_SIM_WORLD_H

#include "core_rows.h"
#include "engine/engine.h"
#include "engine/gate.h"
#include "generate.h"
#include "journal/recover.h"
#include "journal/snapshot.h"
#include "random.h"
#include "sim_disk.h"

enum { SIM_PRODUCERS = 3, SIM_MESSAGES = 64, SIM_BATCH = 12, SIM_CONFIGS = 3, SIM_WHY_BYTES = 256 };

typedef struct sim_world sim_world_t;

/* --- messages -------------------------------------------------------------------------------------------------------- */
typedef enum sim_message_type { SIM_HELLO, SIM_WELCOME, SIM_BATCH_OF, SIM_ACK, SIM_GAP } sim_message_type_t;
typedef struct sim_message {
    sim_message_type_t type;
    uint32_t producer, connection;      /* what belongs to an earlier connection never arrives */
    uint64_t first, count, number;      /* batch; WELCOME, ACK, GAP: a number */
} sim_message_t;
/* In order per direction; a cut connection loses what is under way. */
typedef struct sim_pipe { sim_message_t messages[SIM_MESSAGES]; uint32_t head, count; } sim_pipe_t;

/* --- producers ------------------------------------------------------------------------------------------------------- */
/* Its events are places in the history's deliveries; number n of its session is events[n - 1], for it never begins a new session. */
typedef struct sim_producer {
    char source[RS_MAX_NAME];
    uint32_t *events;
    uint64_t count;
    uint64_t spooled;                   /* accepted by the spool: survives the producer's death */
    uint64_t sent, acked;               /* of this connection; greatest ever */
    uint32_t connection;                /* 0: none */
    bool is_welcome;
    sim_pipe_t to_daemon, from_daemon;
} sim_producer_t;

/* --- the database ---------------------------------------------------------------------------------------------------- */
typedef struct sim_batch {
    uint64_t epoch, number;             /* of the store that sends it; the mark that it moves to */
    kept_rows_t rows;
    rs_confirmed_t confirmed;
    uint64_t newest;                    /* record that it rests on */
    uint64_t complete;                  /* with it everything up to there is in; 0: it does not say */
    uint64_t position, reliance;        /* that the mark gets: everything up to there; the newest that a batch rests on */
    bool is_again;                      /* made again: nobody waits for it to be confirmed */
} sim_batch_t;
typedef struct sim_database {
    kept_rows_t rows;                   /* the greatest revision of every part */
    uint64_t mark, epoch, position, newest;
    uint64_t committed, refused;        /* transactions; of older epochs */
    uint32_t away;                      /* steps for which it does not answer yet */
    const char *why;
} sim_database_t;
/* One transaction. False: fenced, or not the batch that follows; nothing changed. */
bool sim_database_commit(sim_database_t *database, const sim_batch_t *batch);

typedef enum sim_store_state { SIM_STORE_AWAY, SIM_STORE_IDLE, SIM_STORE_SENT, SIM_STORE_AMBIGUOUS } sim_store_state_t;
typedef struct sim_store {
    sim_store_state_t state;
    uint64_t epoch, mark, position, newest;   /* as the database said last */
    uint64_t relied, lacking, made, reached;  /* as the store has them (store/store_internal.h) */
    kept_rows_t again;                  /* made again, not yet sent: from again_next on */
    size_t again_next;
    uint64_t again_upto;                /* 0: nothing is being made again */
    bool holds_batch;
    sim_batch_t batch;
} sim_store_t;

/* --- the daemon ------------------------------------------------------------------------------------------------------ */
typedef struct sim_record { uint32_t kind, len; unsigned char *bytes; } sim_record_t;
typedef struct sim_session { bool is_known; uint32_t connection; uint64_t taken, mark; } sim_session_t;   /* by producer; number: + 1 */
/* Which record settles which number of which session. */
typedef struct sim_flight { uint32_t producer; uint64_t number, record; } sim_flight_t;

typedef struct sim_daemon {
    bool is_up, was_refused;
    rs_engine_t *engine;
    rs_journal_t *journal;
    uint64_t applied, appended;         /* of the world's records: numbers */
    sim_session_t sessions[SIM_PRODUCERS];
    sim_flight_t *flights;
    size_t flight_first, flight_count, flight_room;
    int64_t ticked_us;
    uint64_t let_go;                    /* as the core said last */
    uint64_t snapshot, snapshot_before; /* numbers of the newest two that this life knows of */
} sim_daemon_t;

/* --- everything ------------------------------------------------------------------------------------------------------ */
typedef struct sim_counts {
    uint64_t steps, lives, kills, power_cuts, disk_failures, cuts, ambiguous, snapshots, recovered, torn, refused_starts, reloads, rewinds;
    uint64_t absences, let_go;          /* of the database; times that memory was short of rows meanwhile, or anyhow */
} sim_counts_t;

struct sim_world {
    uint64_t seed;
    rs_random_t random;
    int64_t now_us;
    rs_config_t *config, *configs[SIM_CONFIGS];   /* the first; all, which differ in what does not change rows */
    history_t *history;
    sim_disk_t *disk;
    sim_producer_t producers[SIM_PRODUCERS];
    uint32_t producer_count;
    sim_store_t store;
    sim_database_t database, backup;
    bool has_backup;
    sim_batch_t late;                   /* a transaction that an earlier life sent, still on its way */
    bool has_late;
    sim_daemon_t daemon;
    /* Record n at n - 1: all that ever entered the ring and was not lost again, unacknowledged, with a life. */
    sim_record_t *records;
    uint64_t record_count, record_room;
    sim_counts_t counts;
    bool is_calm;                       /* no more disasters */
    bool is_short;                      /* memory, and the database is away for long */
    char why[SIM_WHY_BYTES];            /* empty: nothing is wrong */
};

bool sim_chance(sim_world_t *world, uint32_t one_in);
/* The first complaint stays. */
void sim_complain(sim_world_t *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* producer.c */
void sim_producers_begin(sim_world_t *world);
void sim_producers_end(sim_world_t *world);
void sim_producer_step(sim_world_t *world, uint32_t producer);
void sim_producer_cut(sim_world_t *world, uint32_t producer);
void sim_send(sim_pipe_t *pipe, const sim_message_t *message);
bool sim_receive(sim_pipe_t *pipe, sim_message_t *message);
bool sim_producers_are_done(const sim_world_t *world);

/* daemon.c */
void sim_daemon_start(sim_world_t *world);
/* The process is gone; the disk is told by whoever calls. */
void sim_daemon_die(sim_world_t *world);
void sim_daemon_step(sim_world_t *world);
/* Applies and makes durable whatever is there. False: the disk does not let it. */
bool sim_daemon_settle(sim_world_t *world);
void sim_daemon_end(sim_world_t *world);
/* A prepared engine, the caller's; a state into it. */
rs_engine_t *sim_engine(const sim_world_t *world);
int sim_load(sim_world_t *world, const rs_snapshot_t *snapshot, rs_engine_t *engine);
uint64_t sim_daemon_durable(const sim_world_t *world);
rs_core_t *sim_core(const sim_world_t *world);
int sim_daemon_submit(sim_world_t *world, uint32_t kind, const void *bytes, size_t len);

/* store.c */
void sim_store_begin(sim_world_t *world);
void sim_store_step(sim_world_t *world);
void sim_store_die(sim_world_t *world);
/* What the core tells before anything of later records. */
void sim_store_owe(sim_world_t *world, uint64_t position);
bool sim_store_is_done(sim_world_t *world);
void sim_store_end(sim_world_t *world);

/* rewind.c */
void sim_database_remember(sim_world_t *world);
/* To the state remembered last, if there is one. */
void sim_database_go_back(sim_world_t *world);
uint64_t sim_database_needs(const sim_world_t *world);
/* Rows that changed after record `after` and up to `upto`, in their order. False: the disk did not let it; there are none. */
bool sim_make_again(sim_world_t *world, uint64_t after, uint64_t upto, kept_rows_t *rows);

/* ledger.c: what should have come of it all. Complains. */
void sim_ledger_close(sim_world_t *world);

#endif
