/* support/oracle_overlap.c — handlings that began while their agent had another one open, by comparing each with each. */
#include "oracle_internal.h"

#include <stdlib.h>

void oracle_add_handling(oracle_t *oracle, oracle_fact_t fact, int64_t begun_us) {
    if (fact.agent.len == 0) return;
    ended_list_t *list = &oracle->ended;
    list->items = oracle_grown(list->items, list->count, &list->room, sizeof *list->items);
    list->items[list->count++] = (ended_t){.fact = fact, .begun_us = begun_us};
}

/* By beginning, the longer first; then by where they are counted. */
static bool is_before(const ended_t *a, const ended_t *b) {
    if (a->begun_us != b->begun_us) return a->begun_us < b->begun_us;
    if (a->fact.event_us != b->fact.event_us) return a->fact.event_us > b->fact.event_us;
    if (a->fact.enter_us != b->fact.enter_us) return a->fact.enter_us < b->fact.enter_us;
    if (a->fact.channel != b->fact.channel) return a->fact.channel < b->fact.channel;
    const int order = rs_str_compare(a->fact.queue, b->fact.queue);
    if (order != 0) return order < 0;
    const int by_team = rs_str_compare(a->fact.team, b->fact.team);
    return by_team != 0 ? by_team < 0 : a < b;
}

void oracle_count_overlaps(oracle_t *oracle) {
    const ended_list_t *list = &oracle->ended;
    for (size_t i = 0; i < list->count; i++) {
        const ended_t *one = &list->items[i];
        bool overlaps = false;
        for (size_t j = 0; j < list->count && !overlaps; j++) {
            const ended_t *other = &list->items[j];
            overlaps = j != i && rs_str_equal(other->fact.agent, one->fact.agent) &&
                       rs_str_equal(other->fact.tenant, one->fact.tenant) && is_before(other, one) &&
                       other->fact.event_us - one->begun_us > oracle->config->clock_skew_us;
        }
        oracle_add_count(oracle, one->fact, RS_COUNT_OVERLAPPING_HANDLINGS, overlaps);
        /* It concerns two contacts: it stands at its own moment in attribution close. */
        if (overlaps) oracle->facts[oracle->fact_count - 1].close_us = one->fact.event_us;
    }
}
