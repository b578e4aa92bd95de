/* support/oracle.h — ringside's figures by brute force: a second, independent reading of the rules.
 *
 * Model:     accepted events --sort into the total order, drop repeats--> contacts --walk each from its first event-->
 *            facts (one per thing counted, with the moment it happened and the moment its leg was queued) --add up-->
 *            rows of an interval, or the sums of any range of time. Nothing is incremental, nothing is taken back: every
 *            answer is recomputed from all events. Durations are kept as plain lists.
 * Memory:    an oracle borrows the events' strings and the configuration; they must outlive it.
 * Threads:   none. Pure.
 * Doubts:    where the rules leave two readings the chosen one is marked `doubt:` in oracle.c.
 */
#ifndef RS_TESTS_ORACLE_H
#define RS_TESTS_ORACLE_H

#include "core/row.h"
#include "event/event.h"

/* --- which events count ------------------------------------------------------------------------------------------- */
/* One event as it came in. Arrays of these are in order of arrival. */
typedef struct oracle_arrival {
    const rs_event_t *event;
    int64_t arrival_us;   /* by the daemon's clock */
    rs_refusal_t verdict; /* filled: NONE, DUPLICATE, TOO_LATE or FUTURE */
    bool late;            /* filled: accepted although its source had already reported something later */
} oracle_arrival_t;

typedef struct oracle_accounting {
    rs_str_t source;
    uint64_t received, applied, duplicate, late_applied, too_late, future;
    int64_t watermark_us;
} oracle_accounting_t;

/* Live: duplicates by identity, then future by arrival, then too late by the source's own watermark. */
void oracle_accept_live(oracle_arrival_t *arrivals, size_t count, const rs_config_t *config);
/* Replay: duplicates only; nothing is late or in the future. */
void oracle_accept_replay(oracle_arrival_t *arrivals, size_t count);
/* Sums up the verdicts by source, in the order in which sources first appeared; returns how many (at most `max`). */
size_t oracle_account(const oracle_arrival_t *arrivals, size_t count, oracle_accounting_t *accounts, size_t max);
/* Whether two events have the same identity. */
bool oracle_same_identity(const rs_event_t *a, const rs_event_t *b);
/* The total order: < 0, 0, > 0. */
int oracle_compare(const rs_event_t *a, const rs_event_t *b);

/* --- what they say ------------------------------------------------------------------------------------------------ */
typedef enum oracle_fact_kind {
    ORACLE_COUNT,    /* `id` is a rs_count_t, `value` what it grows by */
    ORACLE_DURATION, /* `id` is a rs_histogram_id_t, `value` microseconds */
    ORACLE_WAIT      /* the wait of a closed leg, any outcome: `value` microseconds */
} oracle_fact_kind_t;

typedef struct oracle_fact {
    uint8_t kind, channel;
    uint16_t id;
    bool in_queue, in_total, in_agent, in_team; /* families that carry it; in_total: channel and total */
    int64_t event_us, enter_us, close_us;       /* moments by attribution */
    int64_t value;
    int64_t threshold_us; /* T of the queue it belongs to; -1: it belongs to no queue */
    rs_str_t tenant, queue, agent, team;
} oracle_fact_t;

typedef struct oracle_open_leg {
    rs_str_t tenant, queue;
    uint8_t channel;
    int64_t queued_us, threshold_us;
    int64_t since_us; /* where its clock began: queued_us, or what a call-back keeps */
    int64_t policy_threshold_us[RS_MAX_POLICIES];
} oracle_open_leg_t;

typedef struct oracle_open_handling {
    rs_str_t tenant, queue, agent, team;
    uint8_t channel;
} oracle_open_handling_t;

typedef struct oracle oracle_t;
/* Derives every fact from the accepted events (verdict NONE) of `arrivals`. `end_us` is the time that the input reaches:
 * missing ends time out up to it (only when config->missing_end_us is set). Free with oracle_destroy. */
oracle_t *oracle_create(const oracle_arrival_t *arrivals, size_t count, const rs_config_t *config, int64_t end_us);
void oracle_destroy(oracle_t *oracle);
const oracle_fact_t *oracle_facts(const oracle_t *oracle, size_t *count);
const oracle_open_leg_t *oracle_open_legs(const oracle_t *oracle, size_t *count);
const oracle_open_handling_t *oracle_open_handlings(const oracle_t *oracle, size_t *count);

/* --- adding up ---------------------------------------------------------------------------------------------------- */
typedef struct oracle_list {
    int64_t *us;
    size_t count, room;
} oracle_list_t;

typedef struct oracle_row {
    rs_key_t key;
    int64_t start_us, length_us;
    int64_t still_open, threshold_us; /* threshold -1: mixed; ORACLE_NO_THRESHOLD: nothing in it has a queue */
    int64_t counts[RS_COUNT_COUNT];
    int64_t extremes[RS_EXTREME_COUNT];
    oracle_list_t durations[RS_HIST_COUNT]; /* microseconds, rising */
} oracle_row_t;
enum { ORACLE_NO_THRESHOLD = -2 };

typedef struct oracle_rows {
    oracle_row_t *rows;
    size_t count, room;
} oracle_rows_t;

/* Rows of `families` (bit set of rs_key_family_t), sorted by interval, tenant, family, name, channel. */
void oracle_rows(const oracle_t *oracle, const rs_interval_spec_t *interval, rs_attribution_t attribution,
                 uint32_t families, oracle_rows_t *rows);
/* Sums by `event` attribution of everything that happened in [from_us, to_us), one row per key. */
void oracle_range(const oracle_t *oracle, int64_t from_us, int64_t to_us, uint32_t families, oracle_rows_t *rows);
void oracle_rows_destroy(oracle_rows_t *rows);
const oracle_row_t *oracle_find_row(const oracle_rows_t *rows, const rs_key_t *key, int64_t start_us);
bool oracle_row_is_empty(const oracle_row_t *row);

/* Nearest rank: the ceil(p*n/1000)-th smallest of a rising list, microseconds; -1 when it is empty. */
int64_t oracle_percentile_us(const oracle_list_t *list, uint32_t per_mille);
/* Bucket of the histogram's layout, computed from its description. */
uint32_t oracle_bucket(int64_t duration_us);
/* T and S of a queue under a policy (NULL: the queue's own). */
int64_t oracle_threshold_us(const rs_config_t *config, const rs_policy_t *policy, rs_str_t tenant, rs_str_t queue,
                            uint8_t channel);
int64_t oracle_short_us(const rs_config_t *config, const rs_policy_t *policy, rs_str_t tenant, rs_str_t queue,
                        uint8_t channel);
/* Start and end of the interval that a moment falls in; ALL: 0 and 0. */
void oracle_interval(const rs_interval_spec_t *interval, int64_t at_us, int64_t *start_us, int64_t *length_us);

#endif
