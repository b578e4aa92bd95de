/* What the tests of the store share: one private cluster, hand-made rows, and a driver that plays the daemon around a store. */
#ifndef RS_STORE_TEST_H
#define RS_STORE_TEST_H

#include "store/migrate_internal.h"
#include "store/store.h"
#include "support/postgres.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_LOG = 400, MAX_HANDED = 20000 };
#define START_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

extern rs_postgres_t postgres;
extern const char server_options[];
extern uint64_t places;   /* of effects: each test's are different */
/* A new, empty database; the string lives until the next call from the same test. */
const char *fresh_database(void);

/* A row of a queue with `offered` legs, everything else zero. */
rs_row_t make_row(const char *queue, int64_t start_us, uint64_t revision, int64_t offered);

typedef struct driver {
    uv_loop_t loop;
    rs_store_t *store;
    uv_timer_t watchdog;
    rs_row_batch_t *handed[MAX_HANDED];  /* to be given when asked, in order; owned */
    uint64_t positions[MAX_HANDED];
    size_t handed_count, next, stored, not_stored;
    bool answer_later, silent;           /* answer from a later turn of the loop; do not answer at all */
    bool must_answer;
    bool incomplete;                     /* batches are not all there is */
    uint64_t nothing_upto;               /* the answer when there is nothing to give */
    size_t rewound, rebuilt_stored;
    uint64_t rewound_after, rewound_upto;   /* of the last time */
    rs_row_batch_t *rebuilt;             /* given and not given back */
    size_t requests;
    char log[MAX_LOG][256];
    size_t log_count;
    bool closed, timed_out;
    int close_status;
    uint64_t left;
} driver_t;

typedef struct driver_options {
    const char *conninfo, *stream;
    uint64_t run;
    bool no_migration, rebuilds;
    uint64_t confirmed, owed;
    int64_t connect_timeout_us;
    uint32_t max_transitions;
} driver_options_t;

void driver_start(driver_t *driver, const driver_options_t *options);
/* The driver owns the batch. Its position is its number, counted from 1. */
void driver_hand(driver_t *driver, rs_row_batch_t *batch);
/* One row as a batch of its own. */
void driver_hand_row(driver_t *driver, const rs_row_t *row);
/* Runs the loop until `done` says so; fails the test after 20 s. */
void driver_run(driver_t *driver, bool (*done)(driver_t *driver));
void driver_run_for(driver_t *driver, uint64_t ms);
bool all_stored(driver_t *driver);
bool is_connected(driver_t *driver);
bool is_idle_without_backlog(driver_t *driver);
bool has_failed(driver_t *driver);
rs_store_status_t driver_status(driver_t *driver);
bool driver_logged(const driver_t *driver, const char *part);
/* Flushes, closes, checks that the loop is empty, frees everything. Returns the close status. */
int driver_stop(driver_t *driver, int64_t deadline_us);

rs_alert_transition_t make_transition(uint64_t episode, uint8_t from, uint8_t to, int64_t at_us);

int run_batch_tests(void);
int run_migrate_tests(void);
int run_figures_tests(void);
int run_feedback_tests(void);
int run_edges_tests(void);
int run_facts_tests(void);
int run_sqlstate_tests(void);
int run_rewind_tests(void);
int run_said_tests(void);
int run_server_tests(void);
int run_session_tests(void);
int run_faults_tests(void);
int run_cut_tests(void);
int run_partitions_tests(void);

#endif
