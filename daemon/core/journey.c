#include "core/journey.h"

int rs_journeys_init(rs_journeys_t *journeys, uint32_t max, bool verdicts, rs_account_t *account, rs_contacts_t *contacts,
                     rs_fcr_t *fcr) {
    *journeys = (rs_journeys_t){.on = true, .verdicts = verdicts, .account = account, .contacts = contacts, .fcr = fcr};
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

uint64_t rs_journeys_bytes(const rs_journeys_t *journeys) {
    return journeys->on ? rs_pool_bytes(&journeys->pool) + rs_index_bytes(&journeys->index) : 0;
}

static const rs_journey_legs_t no_legs = {
    .last_end = {.at_us = INT64_MIN}, .answer_us = INT64_MIN, .ended_us = INT64_MIN, .closed_us = INT64_MIN};

static rs_journey_t *journey_at(const rs_journeys_t *journeys, uint32_t number) { return rs_pool_at(&journeys->pool, number); }
static bool same_id(rs_hash128_t a, rs_hash128_t b) { return a.low == b.low && a.high == b.high; }

static uint32_t find(const rs_journeys_t *journeys, rs_hash128_t id) {
    if (journeys->index.count == 0) return 0;
    uint32_t cursor = rs_index_begin(&journeys->index, id.low), number;
    while ((number = rs_index_next(&journeys->index, id.low, &cursor)) != 0) {
        if (same_id(journey_at(journeys, number)->id, id)) return number;
    }
    return 0;
}

static uint32_t make(rs_journeys_t *journeys, uint32_t tenant, rs_hash128_t id) {
    const uint32_t number = rs_pool_take(&journeys->pool);
    if (number == 0) {
        journeys->refused++;
        return 0;
    }
    rs_journey_t *journey = journey_at(journeys, number);
    journey->id = id;
    journey->tenant = tenant;
    journey->left = no_legs;
    rs_index_add(&journeys->index, id.low, number);
    return number;
}

/* --- which contacts ------------------------------------------------------------------------------------------------- */
static void settle(rs_journeys_t *journeys, rs_journey_t *journey);
static void add_story(const rs_journeys_t *journeys, rs_journey_legs_t *legs, const rs_story_t *story);

/* A contact that was a journey of its own brings its record along when it is the one that the journey is called by. */
static void enter(rs_journeys_t *journeys, uint32_t number, uint32_t journey_number) {
    rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
    rs_journey_t *journey = journey_at(journeys, journey_number);
    if (same_id(contact->id, journey->id) && journey->resolution == 0) {
        journey->resolution = contact->resolution;
        contact->resolution = 0;
    } else {
        rs_fcr_withdraw(journeys->fcr, &contact->resolution, contact->id);
    }
    contact->journey = journey_number;
    contact->journey_next = journey->first_contact;
    journey->first_contact = number;
}

static void discard(rs_journeys_t *journeys, uint32_t number) {
    rs_index_remove(&journeys->index, journey_at(journeys, number)->id.low, number);
    rs_pool_give(&journeys->pool, number);
}

static void unlink_contact(rs_journeys_t *journeys, uint32_t number) {
    rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
    rs_journey_t *journey = journey_at(journeys, contact->journey);
    uint32_t *link = &journey->first_contact;
    while (*link != number) link = &rs_contacts_at(journeys->contacts, *link)->journey_next;
    *link = contact->journey_next;
    contact->journey = 0;
    contact->journey_next = 0;
}

/* It turned out that the contact belongs elsewhere. */
static void leave(rs_journeys_t *journeys, uint32_t number) {
    const uint32_t left = rs_contacts_at(journeys->contacts, number)->journey;
    rs_journey_t *journey = journey_at(journeys, left);
    unlink_contact(journeys, number);
    settle(journeys, journey);
    if (journey->first_contact != 0) return;
    rs_fcr_release(journeys->fcr, &journey->resolution, journey->id);   /* of what had left memory, if anything */
    discard(journeys, left);
}

/* The journey's first item: who is called as it is, or what is remembered of it, belongs to it. */
static uint32_t found(rs_journeys_t *journeys, uint32_t tenant, rs_hash128_t id) {
    const uint32_t number = make(journeys, tenant, id);
    if (number == 0) return 0;
    rs_journey_t *journey = journey_at(journeys, number);
    const uint32_t called = rs_contacts_known(journeys->contacts, id);
    const rs_contact_t *contact = called == 0 ? NULL : rs_contacts_at(journeys->contacts, called);
    if (contact != NULL && contact->journey_sought && contact->journey == 0) {
        enter(journeys, called, number);
    } else if (called == 0) {
        journey->resolution = rs_fcr_recall(journeys->fcr, id, &journey->rest);
        journey->has_rest = journey->resolution != 0;
    }
    return number;
}

static void tie_to_own(rs_journeys_t *journeys, uint32_t number, rs_hash128_t id) {
    const rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
    uint32_t journey = find(journeys, id);
    if (journey == 0 && journeys->verdicts) journey = make(journeys, contact->tenant, id);
    if (journey != 0) enter(journeys, number, journey);
}

void rs_journeys_tie(rs_journeys_t *journeys, uint32_t number, rs_hash128_t id, bool named, rs_order_t order) {
    rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
    if (!named) {
        contact->journey_sought = true;
        tie_to_own(journeys, number, id);
        return;
    }
    if (contact->journey_named && rs_contacts_compare(journeys->contacts, &order, &contact->journey_order) >= 0) return;
    const bool is_new = !contact->journey_sought, is_own = same_id(contact->id, id);
    contact->journey_sought = contact->journey_named = true;
    contact->journey_order = order;
    if (contact->journey != 0 && same_id(journey_at(journeys, contact->journey)->id, id)) return;
    if (contact->journey == 0 && is_own && !is_new) return;
    if (contact->journey != 0) leave(journeys, number);
    if (is_own) {
        tie_to_own(journeys, number, id);
        return;
    }
    uint32_t journey = find(journeys, id);
    if (journey == 0) journey = found(journeys, contact->tenant, id);
    if (journey != 0) enter(journeys, number, journey);
}

/* What the contact was goes on in the journey's rest. A journey whose contacts have all left memory is given back. */
void rs_journeys_forget(rs_journeys_t *journeys, uint32_t contact_number) {
    if (!journeys->on) return;
    rs_contact_t *contact = rs_contacts_at(journeys->contacts, contact_number);
    const uint32_t number = contact->journey;
    if (number == 0) {
        rs_fcr_release(journeys->fcr, &contact->resolution, contact->id);
        return;
    }
    rs_journey_t *journey = journey_at(journeys, number);
    const rs_outline_t *outline = &contact->story.outline;
    add_story(journeys, &journey->left, &contact->story);
    if (journey->has_rest) rs_outline_merge(&journey->rest, outline, rs_fcr_window(journeys->fcr), journeys->fcr->names);
    else journey->rest = *outline;
    journey->has_rest = true;
    unlink_contact(journeys, contact_number);
    if (journey->first_contact != 0) return;
    rs_fcr_release(journeys->fcr, &journey->resolution, journey->id);
    discard(journeys, number);
}

/* --- the verdict ---------------------------------------------------------------------------------------------------- */
static bool is_before(const rs_journeys_t *journeys, const rs_order_t *a, const rs_order_t *b) {
    return rs_contacts_compare(journeys->contacts, a, b) < 0;
}

static void add_story(const rs_journeys_t *journeys, rs_journey_legs_t *legs, const rs_story_t *story) {
    const bool is_answered = story->first_answer_us != INT64_MIN;
    const int64_t closed_us = rs_story_close_us(story);
    if (story->has_leg && (!legs->has_leg || is_before(journeys, &story->first_queued, &legs->first_queued))) {
        legs->first_queued = story->first_queued;
        legs->first_queue = story->first_queue;
        legs->first_channel = story->first_leg_channel;
    }
    if (story->has_leg && !story->leg_open &&
        (legs->last_end.at_us == INT64_MIN || is_before(journeys, &legs->last_end, &story->last_leg_end))) {
        legs->last_end = story->last_leg_end;
        legs->last_outcome = story->last_outcome;
        legs->last_reason = story->last_reason;
    }
    legs->leg_open |= story->has_leg && story->leg_open;
    legs->has_leg |= story->has_leg;
    if (is_answered && (legs->answer_us == INT64_MIN || story->first_answer_us < legs->answer_us)) legs->answer_us = story->first_answer_us;
    if (story->ended_us > legs->ended_us) legs->ended_us = story->ended_us;
    if (closed_us > legs->closed_us) legs->closed_us = closed_us;
}

static rs_journey_legs_t legs_of(const rs_journeys_t *journeys, const rs_journey_t *journey) {
    rs_journey_legs_t legs = journey->left;
    for (uint32_t number = journey->first_contact; number != 0;) {
        const rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
        add_story(journeys, &legs, &contact->story);
        number = contact->journey_next;
    }
    return legs;
}

/* The verdict as a closed leg: at the first answer after the first queued, or at the end of the last leg when none is open
 * and nobody answered. False: not decided yet, or no leg at all. */
static bool judge(const rs_journey_legs_t *legs, rs_fact_t *verdict) {
    const bool answered = legs->answer_us != INT64_MIN, ended = legs->last_end.at_us != INT64_MIN;
    if (!legs->has_leg || (!answered && (legs->leg_open || !ended))) return false;
    const int64_t at_us = answered ? legs->answer_us : legs->last_end.at_us, queued_us = legs->first_queued.at_us;
    *verdict = (rs_fact_t){.type = RS_FACT_LEG_CLOSED, .queue = legs->first_queue, .channel = legs->first_channel,
                           .outcome = answered ? RS_OUTCOME_ANSWERED : legs->last_outcome,
                           .reason = answered ? 0 : legs->last_reason, .at_us = at_us, .enter_us = queued_us,
                           .a_us = at_us > queued_us ? at_us - queued_us : 0};
    return true;
}

/* The last ended or abandoned of its contacts, else their last event. */
static int64_t close_of(const rs_journey_legs_t *legs) { return legs->ended_us != INT64_MIN ? legs->ended_us : legs->closed_us; }

/* The verdict stands; only where attribution close has it may have changed. */
static void move(rs_journeys_t *journeys, rs_journey_t *journey, int64_t to_us) {
    const int64_t from_us = journey->close_us;
    journey->close_us = to_us;
    if (rs_account_same_place(journeys->account, from_us, to_us)) return;
    rs_account_move_journey(journeys->account, journey->tenant, &journey->verdict, from_us, to_us);
}

static void settle_verdict(rs_journeys_t *journeys, rs_journey_t *journey) {
    rs_fact_t verdict;
    if (!journeys->verdicts) return;
    const rs_journey_legs_t legs = legs_of(journeys, journey);
    const bool decided = judge(&legs, &verdict);
    const bool closes = rs_account_closes(journeys->account);
    const int64_t close_us = closes && decided ? close_of(&legs) : INT64_MIN;
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

/* --- first-contact resolution ----------------------------------------------------------------------------------------- */
/* What was remembered under the journey's id proves to be of somebody else: it is left as it was. */
static void part_from_rest(rs_journeys_t *journeys, rs_journey_t *journey) {
    rs_fcr_follow(journeys->fcr, &journey->resolution, journey->tenant, journey->id, &journey->rest);
    rs_fcr_release(journeys->fcr, &journey->resolution, journey->id);
    journey->has_rest = false;
}

/* A contact begins anew under its own old id, or the customers differ. */
static bool is_another(const rs_journeys_t *journeys, const rs_journey_t *journey, const rs_contact_t *contact) {
    const rs_outline_t *outline = &contact->story.outline;
    if (same_id(contact->id, journey->id) && !outline->begins_aside) return true;
    return rs_fcr_is_of_another(journeys->fcr, journey->resolution, journey->tenant, journey->id, outline);
}

static void settle_resolution(rs_journeys_t *journeys, rs_journey_t *journey) {
    const int64_t window_us = rs_fcr_window(journeys->fcr);
    for (uint32_t number = journey->first_contact; number != 0 && journey->has_rest && journey->rest.recalled;) {
        const rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
        if (is_another(journeys, journey, contact)) part_from_rest(journeys, journey);
        number = contact->journey_next;
    }
    rs_outline_t whole = journey->rest;
    bool is_first = !journey->has_rest;
    for (uint32_t number = journey->first_contact; number != 0;) {
        const rs_contact_t *contact = rs_contacts_at(journeys->contacts, number);
        if (is_first) whole = contact->story.outline;
        else rs_outline_merge(&whole, &contact->story.outline, window_us, journeys->fcr->names);
        is_first = false;
        number = contact->journey_next;
    }
    if (is_first) rs_fcr_withdraw(journeys->fcr, &journey->resolution, journey->id);
    else rs_fcr_follow(journeys->fcr, &journey->resolution, journey->tenant, journey->id, &whole);
}

static void settle(rs_journeys_t *journeys, rs_journey_t *journey) {
    settle_verdict(journeys, journey);
    if (journeys->fcr->on) settle_resolution(journeys, journey);
}

/* A contact that left memory is spoken of again: its journey goes on. */
static void recall(rs_journeys_t *journeys, uint32_t contact_number) {
    rs_contact_t *contact = rs_contacts_at(journeys->contacts, contact_number);
    rs_outline_t rest;
    const uint32_t record = rs_fcr_recall(journeys->fcr, contact->id, &rest);
    if (record == 0) return;
    const uint32_t number = make(journeys, contact->tenant, contact->id);
    uint32_t place = record;
    if (number == 0) {
        rs_fcr_release(journeys->fcr, &place, contact->id);
        return;
    }
    rs_journey_t *journey = journey_at(journeys, number);
    journey->resolution = record;
    journey->rest = rest;
    journey->has_rest = true;
    contact->spoken_until_us = rs_outline_end(&rest) + rs_fcr_window(journeys->fcr);
    enter(journeys, contact_number, number);
}

void rs_journeys_follow(rs_journeys_t *journeys, uint32_t contact_number) {
    if (!journeys->on) return;
    rs_contact_t *contact = rs_contacts_at(journeys->contacts, contact_number);
    const rs_outline_t *outline = &contact->story.outline;
    if (contact->journey == 0 && contact->resolution == 0 && outline->begins_aside) recall(journeys, contact_number);
    if (contact->journey != 0) settle(journeys, journey_at(journeys, contact->journey));
    else rs_fcr_follow(journeys->fcr, &contact->resolution, contact->tenant, contact->id, outline);
}
