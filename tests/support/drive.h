/* support/drive.h — the real core, driven over a history's deliveries as a replay or as a daemon would drive it. */
#ifndef RS_TESTS_DRIVE_H
#define RS_TESTS_DRIVE_H

#include "core_rows.h"
#include "generate.h"
#include "random.h"

typedef struct drive_options {
    const rs_config_t *config;
    rs_interval_spec_t interval;
    bool live;    /* ticks and arrival times; else a replay */
    bool records; /* through the ring's records rather than events in hand */
    bool windows;
    bool check_always;  /* rs_core_check after every event, not only at the end */
    kept_rows_t *store; /* not NULL: changed rows are collected into it as time goes on */
    bool refusals;      /* an event that the edge refused comes in now and then */
    uint32_t restarts_per_mille; /* after so many of the events and ticks the core is saved, destroyed and loaded */
} drive_options_t;

typedef struct drive {
    rs_core_t *core;
    oracle_arrival_t *deliveries; /* borrowed; `verdict` is what the core said of each */
    size_t count;
    int64_t now_us;   /* last tick */
    uint64_t refused; /* by the edge */
    const char *why;  /* what went wrong, NULL = nothing */
    char why_text[256];
    rs_core_options_t core_options;
    rs_random_t restart_points;
    uint32_t restarts_per_mille, restarts;
} drive_t;

/* Creates a core, applies every delivery (verdicts are written into them), lets time pass until nothing is pending. */
void drive_run(drive_t *drive, const drive_options_t *options, oracle_arrival_t *deliveries, size_t count);
/* Ticks on to a later time (live). */
void drive_tick(drive_t *drive, int64_t now_us);
void drive_end(drive_t *drive);

/* Every window, percentile and gauge of the core against the oracle's sums of the same seconds. */
bool drive_windows_differ(const drive_t *drive, const oracle_t *oracle, const rs_config_t *config,
                          difference_t *difference);

#endif
