/* core/change.h — what a fact does to every key that it goes to: some counts, some durations, the extremes of a wait. Which keys
 * these are, and which panes and rows, is account.c's. */
#ifndef RS_CORE_CHANGE_H
#define RS_CORE_CHANGE_H

#include "core/contact/fact.h"
#include "core/counts.h"
#include "core/directory.h"

/* What facts of one moment do to one key: some counts, some durations, and the extremes of a wait. */
enum { RS_CHANGE_COUNTS = 24, RS_CHANGE_DURATIONS = 8 };
typedef struct rs_change {
    uint32_t fact_count, count_count, duration_count;
    int64_t wait_us;               /* closed leg: for the extremes; -1 = none */
    uint8_t outcome, reason;       /* of a closed leg: service level is judged per target time */
    bool is_blocked, leg_policies, journey_policies;
    int64_t threshold_us;          /* -1 = says nothing of a threshold */
    const rs_key_entry_t *queue;
    const rs_feedback_config_t *feedback;   /* of surveys and complaints: what held at their moment; else NULL */
    struct { int64_t delta; uint16_t count; } counts[RS_CHANGE_COUNTS];
    struct { int64_t us; uint8_t histogram; int8_t sign; } durations[RS_CHANGE_DURATIONS];
} rs_change_t;

/* The counts and durations are not cleared: their numbers are. */
static inline void rs_change_begin(rs_change_t *change, const rs_key_entry_t *queue) {
    change->fact_count = 1;
    change->count_count = change->duration_count = 0;
    change->wait_us = change->threshold_us = -1;
    change->outcome = change->reason = 0;
    change->is_blocked = change->leg_policies = change->journey_policies = false;
    change->queue = queue;
    change->feedback = NULL;
}

static inline void rs_change_count(rs_change_t *change, unsigned count, int64_t delta) {
    RS_REQUIRE(change->count_count < RS_CHANGE_COUNTS);
    change->counts[change->count_count].count = (uint16_t)count;
    change->counts[change->count_count++].delta = delta;
}

static inline void rs_change_duration(rs_change_t *change, rs_histogram_id_t histogram, int64_t us, int sign) {
    RS_REQUIRE(change->duration_count < RS_CHANGE_DURATIONS);
    change->durations[change->duration_count].histogram = (uint8_t)histogram;
    change->durations[change->duration_count].sign = (int8_t)sign;
    change->durations[change->duration_count++].us = us;
}

/* Adds what the fact counts. `change` was begun with the queue key that the fact belongs to. */
void rs_change_of_fact(rs_change_t *change, const rs_fact_t *fact);

#endif
