/* support/generate.h — event histories and configurations at random, the same for the same seed.
 *
 * Model:     seed --> configuration and zone --> contacts, each a little story with mistakes in it --> events of several
 *            sources with skewed clocks --> deliveries: every event once, some again with the same or other content, in
 *            an order of arrival.
 * Memory:    a history owns everything that its deliveries and its configuration point to.
 */
#ifndef RS_TESTS_GENERATE_H
#define RS_TESTS_GENERATE_H

#include "oracle.h"

#include <stdio.h>

typedef struct history {
    uint64_t seed;
    rs_config_t config;
    rs_interval_spec_t interval;
    oracle_arrival_t *deliveries; /* in order of arrival */
    size_t delivery_count;
    int64_t begin_us, end_us; /* least and greatest occurred_at */
    struct history_storage *storage;
} history_t;

typedef enum delivery_order {
    DELIVER_SORTED,          /* as a replay reads merged files: by time */
    DELIVER_WITHIN_LATENESS, /* live: each event arrives up to almost `lateness` late */
    DELIVER_ANYHOW           /* live: some arrive too late, some from the future */
} delivery_order_t;

typedef struct generate_options {
    uint64_t seed;
    delivery_order_t order;
    uint32_t contacts; /* 0: a few, by the seed */
    uint32_t duplicates_per_mille;
    bool missing_end; /* configure a time-out for missing ends */
} generate_options_t;

/* Never NULL; free with history_destroy. */
history_t *generate_history(const generate_options_t *options);
void history_destroy(history_t *history);
/* Another order of arrival of the same deliveries by another seed; repeats stay behind what they repeat. */
void history_reorder(history_t *history, delivery_order_t order, uint64_t seed);

/* Tries to make `deliveries` smaller while `fails` stays true: whole contacts first, then halves, then single events.
 * Returns how many are left, at the front of `deliveries`. */
typedef bool (*history_fails_fn)(void *context, oracle_arrival_t *deliveries, size_t count);
size_t history_shrink(oracle_arrival_t *deliveries, size_t count, history_fails_fn fails, void *context);

/* One event as a line of JSON; the arrival in "x_arrival_us", which readers ignore. */
void history_print_event(FILE *out, const oracle_arrival_t *delivery);
void history_print(FILE *out, const history_t *history, const oracle_arrival_t *deliveries, size_t count);
/* The policies, queues, agents and times of a configuration, as comment lines. */
void history_print_config(FILE *out, const rs_config_t *config, const rs_interval_spec_t *interval);

/* The parts, for other tests. */
typedef struct history_storage history_storage_t;
void generate_defaults(rs_config_t *config);    /* the documented defaults, zone UTC; borrows static memory only */
const rs_zone_t *generate_zone(unsigned which); /* static tables: 0 UTC, 1 London 2026, 2 midnight skipped, 3 +05:45 */
enum { GENERATE_ZONES = 4 };
/* Working hours as they are written down, for whoever computes with them without a calendar. Spans are of whole minutes. */
typedef struct generate_hours {
    const char *name;
    const rs_calendar_span_t *week;
    const rs_calendar_date_t *dates;
    size_t spans, date_count;
} generate_hours_t;
enum { GENERATE_HOURS = 3 };
const generate_hours_t *generate_hours(rs_str_t name);   /* NULL: there are none */

#endif
