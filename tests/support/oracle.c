/* support/oracle.c — all contacts one after the other; see oracle.h. */
#include "oracle_internal.h"

#include <stdlib.h>

static bool belongs_to_contact(const rs_event_t *event) {
    return event->contact_id.len != 0 && event->type >= RS_CONTACT_CREATED && event->type <= RS_SURVEY_ANSWERED;
}

static int by_total_order(const void *left, const void *right) {
    return oracle_compare(*(const rs_event_t *const *)left, *(const rs_event_t *const *)right);
}

static bool same_contact(const rs_event_t *a, const rs_event_t *b) {
    return rs_str_equal(a->contact_id, b->contact_id) && rs_str_equal(oracle_tenant_of(a), oracle_tenant_of(b));
}

static void walk_contacts(oracle_t *oracle) {
    bool *walked = calloc(oracle->event_count + 1, sizeof *walked);
    const rs_event_t **events = calloc(oracle->event_count + 1, sizeof *events);
    size_t *ranks = calloc(oracle->event_count + 1, sizeof *ranks);
    RS_REQUIRE(walked != NULL && events != NULL && ranks != NULL);
    for (size_t first = 0; first < oracle->event_count; first++) {
        if (walked[first]) continue;
        size_t found = 0;
        for (size_t i = first; i < oracle->event_count; i++) {
            if (walked[i] || !same_contact(oracle->events[first], oracle->events[i])) continue;
            walked[i] = true;
            events[found] = oracle->events[i];
            ranks[found++] = i;
        }
        oracle_walk_contact(oracle, events, ranks, found);
    }
    free(walked);
    free(events);
    free(ranks);
}

oracle_t *oracle_create(const oracle_arrival_t *arrivals, size_t arrival_count, const rs_config_t *config,
                        int64_t end_us) {
    oracle_t *oracle = calloc(1, sizeof *oracle);
    RS_REQUIRE(oracle != NULL);
    oracle->config = config;
    oracle->end_us = end_us;
    oracle->events = calloc(arrival_count + 1, sizeof *oracle->events);
    RS_REQUIRE(oracle->events != NULL);
    for (size_t i = 0; i < arrival_count; i++) {
        if (arrivals[i].verdict != RS_REFUSAL_NONE || !belongs_to_contact(arrivals[i].event)) continue;
        oracle->events[oracle->event_count++] = arrivals[i].event;
    }
    qsort(oracle->events, oracle->event_count, sizeof *oracle->events, by_total_order);
    walk_contacts(oracle);
    oracle_judge_journeys(oracle);
    oracle_count_overlaps(oracle);
    return oracle;
}

void oracle_destroy(oracle_t *oracle) {
    if (oracle == NULL) return;
    free(oracle->events);
    free(oracle->facts);
    free(oracle->open_legs);
    free(oracle->open_handlings);
    free(oracle->legs.items);
    free(oracle->answers.items);
    free(oracle->ends.items);
    free(oracle->ended.items);
    free(oracle);
}

const oracle_fact_t *oracle_facts(const oracle_t *oracle, size_t *fact_count) {
    *fact_count = oracle->fact_count;
    return oracle->facts;
}

const oracle_open_leg_t *oracle_open_legs(const oracle_t *oracle, size_t *leg_count) {
    *leg_count = oracle->open_leg_count;
    return oracle->open_legs;
}

const oracle_open_handling_t *oracle_open_handlings(const oracle_t *oracle, size_t *handling_count) {
    *handling_count = oracle->open_handling_count;
    return oracle->open_handlings;
}
