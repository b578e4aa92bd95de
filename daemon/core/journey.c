#include "core/journey.h"

int rs_journeys_init(rs_journeys_t *journeys, uint32_t max, rs_account_t *account, rs_contacts_t *contacts) {
    *journeys = (rs_journeys_t){.on = true, .account = account, .contacts = contacts};
    if (rs_pool_init(&journeys->pool, sizeof(rs_journey_t), max) != RS_OK || rs_index_init(&journeys->index, max) != RS_OK) {
        rs_journeys_deinit(journeys);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_journeys_deinit(rs_journeys_t *journeys) {
    rs_pool_deinit(&journeys->pool);
    rs_index_deinit(&journeys->index);
    *journeys = (rs_journeys_t){0};
}

static uint32_t find(rs_journeys_t *journeys, uint32_t tenant, rs_hash128_t id) {
    uint32_t cursor = rs_index_begin(&journeys->index, id.low), number;
    while ((number = rs_index_next(&journeys->index, id.low, &cursor)) != 0) {
        const rs_journey_t *journey = rs_pool_at(&journeys->pool, number);
        if (journey->id.low == id.low && journey->id.high == id.high) return number;
    }
    number = rs_pool_take(&journeys->pool);
    if (number == 0) {
        journeys->refused++;
        return 0;
    }
    rs_journey_t *journey = rs_pool_at(&journeys->pool, number);
    journey->id = id;
    journey->tenant = tenant;
    rs_index_add(&journeys->index, id.low, number);
    return number;
}

static void untie(rs_journeys_t *journeys, uint32_t number) {
    rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
    rs_journey_t *journey = rs_pool_at(&journeys->pool, contact->journey);
    uint32_t *link = &journey->first_contact;
    while (*link != number) link = &rs_contacts_at(journeys->contacts, *link)->journey_next;
    *link = contact->journey_next;
    contact->journey = 0;
    contact->journey_next = 0;
}

static void settle(rs_journeys_t *journeys, rs_journey_t *journey);

void rs_journeys_tie(rs_journeys_t *journeys, uint32_t contact_number, rs_hash128_t id, bool named) {
    if (!journeys->on) return;
    rs_contact_t *contact = rs_contacts_at(journeys->contacts, contact_number);
    if (contact->journey != 0 && (contact->journey_named || !named)) return;
    if (contact->journey != 0) {
        rs_journey_t *left = rs_pool_at(&journeys->pool, contact->journey);
        untie(journeys, contact_number);
        settle(journeys, left);
    }
    contact->journey = find(journeys, contact->tenant, id);
    if (contact->journey == 0) return;
    contact->journey_named = named;
    rs_journey_t *journey = rs_pool_at(&journeys->pool, contact->journey);
    contact->journey_next = journey->first_contact;
    journey->first_contact = contact_number;
}

/* A journey whose contacts have all left memory is given back. */
void rs_journeys_forget(rs_journeys_t *journeys, uint32_t contact_number) {
    if (!journeys->on) return;
    const uint32_t number = rs_contacts_at(journeys->contacts, contact_number)->journey;
    if (number == 0) return;
    rs_journey_t *journey = rs_pool_at(&journeys->pool, number);
    journey->frozen = true;
    untie(journeys, contact_number);
    if (journey->first_contact != 0) return;
    rs_index_remove(&journeys->index, journey->id.low, number);
    rs_pool_give(&journeys->pool, number);
}

static bool is_before(const rs_journeys_t *journeys, const rs_order_t *a, const rs_order_t *b) {
    return rs_contacts_compare(journeys->contacts, a, b) < 0;
}

/* The verdict as a closed leg: at the first answer after the first queued, or at the end of the last leg when none is open
 * and nobody answered. False: not decided yet, or no leg at all. */
static bool judge(const rs_journeys_t *journeys, const rs_journey_t *journey, rs_fact_t *verdict) {
    const rs_story_t *first = NULL, *last = NULL;
    int64_t answer_us = INT64_MAX;
    bool open = false;
    for (uint32_t number = journey->first_contact; number != 0;) {
        const rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
        const rs_story_t *story = &contact->story;
        if (story->has_leg && (first == NULL || is_before(journeys, &story->first_queued, &first->first_queued))) first = story;
        if (story->has_leg && story->leg_open) open = true;
        if (story->has_leg && !story->leg_open && (last == NULL || is_before(journeys, &last->last_leg_end, &story->last_leg_end))) last = story;
        if (story->first_answer_us != INT64_MIN && story->first_answer_us < answer_us) answer_us = story->first_answer_us;
        number = contact->journey_next;
    }
    if (first == NULL) return false;
    const bool answered = answer_us != INT64_MAX;
    if (!answered && (open || last == NULL)) return false;
    const int64_t at_us = answered ? answer_us : last->last_leg_end.at_us, queued_us = first->first_queued.at_us;
    *verdict = (rs_fact_t){.type = RS_FACT_LEG_CLOSED, .queue = first->first_queue, .channel = first->first_leg_channel,
                           .outcome = answered ? RS_OUTCOME_ANSWERED : last->last_outcome,
                           .reason = answered ? 0 : last->last_reason, .at_us = at_us, .enter_us = queued_us,
                           .a_us = at_us > queued_us ? at_us - queued_us : 0};
    return true;
}

/* The last ended or abandoned of its contacts, else their last event. */
static int64_t close_of(const rs_journeys_t *journeys, const rs_journey_t *journey) {
    int64_t ended_us = INT64_MIN, last_us = INT64_MIN;
    for (uint32_t number = journey->first_contact; number != 0;) {
        const rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
        const int64_t close_us = rs_story_close_us(&contact->story);
        if (contact->story.ended_us > ended_us) ended_us = contact->story.ended_us;
        if (close_us > last_us) last_us = close_us;
        number = contact->journey_next;
    }
    return ended_us != INT64_MIN ? ended_us : last_us;
}

/* The verdict stands; only where attribution close has it may have changed. */
static void move(rs_journeys_t *journeys, rs_journey_t *journey, int64_t to_us) {
    const int64_t from_us = journey->close_us;
    journey->close_us = to_us;
    if (rs_account_same_place(journeys->account, from_us, to_us)) return;
    rs_account_move_journey(journeys->account, journey->tenant, &journey->verdict, from_us, to_us);
}

static void settle(rs_journeys_t *journeys, rs_journey_t *journey) {
    rs_fact_t verdict;
    if (journey->frozen) return;
    const bool decided = judge(journeys, journey, &verdict);
    const bool closes = rs_account_closes(journeys->account);
    const int64_t close_us = closes && decided ? close_of(journeys, journey) : INT64_MIN;
    if (decided && journey->counted && memcmp(&verdict, &journey->verdict, sizeof verdict) == 0) {
        if (closes) move(journeys, journey, close_us);
        return;
    }
    if (decided) rs_account_journey(journeys->account, journey->tenant, &verdict, close_us, 1);
    if (journey->counted) rs_account_journey(journeys->account, journey->tenant, &journey->verdict, journey->close_us, -1);
    journey->counted = decided;
    journey->close_us = close_us;
    if (decided) journey->verdict = verdict;
}

void rs_journeys_follow(rs_journeys_t *journeys, uint32_t contact_number) {
    if (!journeys->on) return;
    const rs_contact_t *contact = rs_contacts_at(journeys->contacts, contact_number);
    if (contact->journey != 0) settle(journeys, rs_pool_at(&journeys->pool, contact->journey));
}
