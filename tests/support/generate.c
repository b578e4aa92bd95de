/* support/generate.c — contacts as little stories with mistakes in them, and the ways in which they arrive. */
#include "generate.h"
#include "generate_internal.h"

#include <stdlib.h>

const char *const generate_queues[GENERATE_QUEUES] = {"sales", "support", "vip"};
const char *const generate_agents[GENERATE_AGENTS] = {"ann", "bob", "cat", "dan"};
const char *const generate_teams[2] = {"red", "blue"};
static const char *const source_names[GENERATE_SOURCES] = {"pbx-1", "pbx-2", "acd"};

enum { TEXT_BYTES = 1 << 16, MAX_STEPS = 16 };

struct history_storage {
    rs_queue_config_t queues[GENERATE_QUEUES];
    rs_agent_config_t agents[GENERATE_AGENTS];
    rs_hours_config_t hours[GENERATE_HOURS];
    rs_event_t *events; /* room fixed beforehand: deliveries point into it */
    size_t event_count, event_room;
    char *text;
    size_t text_used, text_room;
};

typedef struct teller { /* who tells one contact's story */
    history_t *history;
    rs_random_t *random;
    int64_t skew_us[GENERATE_SOURCES];
    uint64_t next_seq[GENERATE_SOURCES];
    uint64_t next_id;
    /* of this contact */
    rs_str_t contact_id, journey_id;
    bool acme;
    unsigned home; /* the source that reports most of it */
    int64_t now_us;
    const char *queue, *agent; /* of the open leg, of the open handling */
    bool waiting, talking, writing; /* writing: an asynchronous contact */
} teller_t;

static bool chance(rs_random_t *random, unsigned per_cent) { return rs_random_below(random, 100) < per_cent; }

static rs_str_t text(history_storage_t *storage, char prefix, uint64_t number) {
    char *at = storage->text + storage->text_used;
    const int length = snprintf(at, storage->text_room - storage->text_used, "%c%" PRIu64, prefix, number);
    RS_REQUIRE(length > 0 && (size_t)length < storage->text_room - storage->text_used);
    storage->text_used += (size_t)length + 1;
    return (rs_str_t){.data = at, .len = (uint32_t)length};
}

static const char *any_queue(rs_random_t *random) { return generate_queues[rs_random_below(random, GENERATE_QUEUES)]; }

static const char *any_agent(rs_random_t *random) { return generate_agents[rs_random_below(random, GENERATE_AGENTS)]; }

/* The right one mostly, none or another sometimes. */
static rs_str_t mostly(rs_random_t *random, const char *right, const char *other) {
    const uint64_t die = rs_random_below(random, 10);
    if (die < 2) return (rs_str_t){0};
    return rs_str(die < 4 || right == NULL ? other : right);
}

/* How long until the next thing: the limits exactly and a microsecond beside them come up often. */
static int64_t pause_us(rs_random_t *random) {
    static const int64_t limits_us[] = {0,
                                        2 * RS_US_PER_S,
                                        3 * RS_US_PER_S,
                                        4 * RS_US_PER_S,
                                        5 * RS_US_PER_S,
                                        10 * RS_US_PER_S,
                                        12 * RS_US_PER_S,
                                        15 * RS_US_PER_S,
                                        20 * RS_US_PER_S,
                                        30 * RS_US_PER_S,
                                        30500 * RS_US_PER_MS};
    switch (rs_random_below(random, 8)) {
        case 0: return 0;
        case 1: return limits_us[rs_random_below(random, RS_ARRAY_LEN(limits_us))];
        case 2: return limits_us[rs_random_below(random, RS_ARRAY_LEN(limits_us))] + 1;
        case 3: return (int64_t)rs_random_below(random, 3 * RS_US_PER_S);
        case 4: return (int64_t)rs_random_below(random, 60) * RS_US_PER_S;
        case 5: return (int64_t)rs_random_below(random, 5 * RS_US_PER_MIN);
        case 6: return (int64_t)rs_random_below(random, 40000) * RS_US_PER_MS;
        default: return (int64_t)rs_random_below(random, chance(random, 20) ? 45 * RS_US_PER_MIN : RS_US_PER_MIN);
    }
}

static void identify(teller_t *teller, rs_event_t *event, unsigned source) {
    /* Source 0 numbers, source 1 names, source 2 does either or both; its counter starts again now and then. */
    const bool numbered = source == 0 || (source == 2 && chance(teller->random, 70));
    if (numbered) {
        event->present |= RS_HAS_SEQ;
        event->seq = ++teller->next_seq[source];
    }
    if (!numbered || (source == 2 && chance(teller->random, 30))) {
        event->event_id = text(teller->history->storage, 'e', ++teller->next_id);
    }
    if (source == 2 && chance(teller->random, 30)) event->incarnation = RS_STR("boot-2");
}

static rs_event_t *new_event(teller_t *teller, rs_event_type_t type) {
    rs_random_t *random = teller->random;
    history_storage_t *storage = teller->history->storage;
    RS_REQUIRE(storage->event_count < storage->event_room);
    rs_event_t *event = &storage->events[storage->event_count++];
    const unsigned source = chance(random, 75) ? teller->home : (unsigned)rs_random_below(random, GENERATE_SOURCES);
    *event = (rs_event_t){.type = (uint8_t)type,
                          .contact_id = teller->contact_id,
                          .source = rs_str(source_names[source]),
                          .occurred_us = teller->now_us + teller->skew_us[source]};
    identify(teller, event, source);
    if (teller->acme)
        event->tenant = RS_STR("acme");
    else if (chance(random, 30))
        event->tenant = RS_STR("default");
    if (teller->journey_id.len != 0 && chance(random, 60)) event->journey_id = teller->journey_id;
    if (chance(random, 12)) event->channel = (uint8_t)(RS_CHANNEL_VOICE + rs_random_below(random, 3));
    if (chance(random, 10)) event->team = rs_str(generate_teams[rs_random_below(random, 2)]);
    return event;
}

static int64_t some_ms(rs_random_t *random) {
    static const int64_t palette[] = {0, 1, 2000, 5000, 9999, 10000, 15000, 20000, 20001};
    return chance(random, 60) ? palette[rs_random_below(random, RS_ARRAY_LEN(palette))]
                              : (int64_t)rs_random_below(random, 90000);
}

static void give_wait(teller_t *teller, rs_event_t *event) {
    if (!chance(teller->random, 15)) return;
    event->present |= RS_HAS_WAIT_MS;
    event->wait_ms = some_ms(teller->random);
}

static void tell_queued(teller_t *teller) {
    rs_event_t *event = new_event(teller, RS_CONTACT_QUEUED);
    teller->queue = any_queue(teller->random);
    event->queue = rs_str(teller->queue);
    teller->waiting = true;
}

static void tell_answered(teller_t *teller) {
    rs_event_t *event = new_event(teller, RS_CONTACT_ANSWERED);
    event->queue = mostly(teller->random, teller->queue, any_queue(teller->random));
    event->agent = mostly(teller->random, chance(teller->random, 70) ? teller->agent : NULL, any_agent(teller->random));
    give_wait(teller, event);
    teller->agent = NULL;
    for (unsigned i = 0; i < GENERATE_AGENTS; i++) {
        if (rs_str_equal(event->agent, rs_str(generate_agents[i]))) teller->agent = generate_agents[i];
    }
    teller->talking = true;
    teller->waiting = false;
}

static void tell_offer(teller_t *teller) {
    const bool failed = chance(teller->random, 40);
    rs_event_t *event = new_event(teller, failed ? RS_CONTACT_OFFER_FAILED : RS_CONTACT_OFFERED);
    event->queue = mostly(teller->random, teller->queue, any_queue(teller->random));
    event->agent = mostly(teller->random, NULL, any_agent(teller->random));
    if (failed) event->reason = (uint8_t)(1 + rs_random_below(teller->random, RS_OFFER_COUNT - 1));
}

static void tell_transferred(teller_t *teller) {
    rs_event_t *event = new_event(teller, RS_CONTACT_TRANSFERRED);
    event->agent = mostly(teller->random, teller->agent, any_agent(teller->random));
    event->kind = (uint8_t)(1 + rs_random_below(teller->random, RS_TRANSFER_COUNT - 1));
    if (chance(teller->random, 50)) event->to_queue = rs_str(any_queue(teller->random));
    if (chance(teller->random, 40)) event->to_agent = rs_str(any_agent(teller->random));
    teller->talking = false;
}

static void tell_left(teller_t *teller) {
    static const uint8_t reasons[] = {RS_FLOW_OTHER,     RS_FLOW_TIMEOUT,   RS_FLOW_EXIT_KEY, RS_FLOW_NO_AGENTS,
                                      RS_FLOW_OVERFLOW,  RS_FLOW_WITHDRAWN, RS_FLOW_CALLBACK, RS_FLOW_CALLBACK,
                                      RS_FLOW_VOICEMAIL, RS_FLOW_ERROR};
    const bool abandoned = chance(teller->random, 50);
    rs_event_t *event = new_event(teller, abandoned ? RS_CONTACT_ABANDONED : RS_CONTACT_DEQUEUED);
    event->queue = mostly(teller->random, teller->queue, any_queue(teller->random));
    if (abandoned)
        event->stage = (uint8_t)(1 + rs_random_below(teller->random, RS_STAGE_COUNT - 1));
    else
        event->reason = reasons[rs_random_below(teller->random, RS_ARRAY_LEN(reasons))];
    give_wait(teller, event);
    teller->waiting = false;
    if (event->reason != RS_FLOW_CALLBACK || abandoned || !chance(teller->random, 60)) return;
    teller->now_us += pause_us(teller->random); /* called back, and queued again */
    tell_queued(teller);
}

static void tell_ended(teller_t *teller) {
    rs_event_t *event = new_event(teller, RS_CONTACT_ENDED);
    event->agent = mostly(teller->random, teller->agent, any_agent(teller->random));
    event->party = (uint8_t)(1 + rs_random_below(teller->random, RS_PARTY_COUNT - 1));
    if (chance(teller->random, 15)) {
        event->present |= RS_HAS_TALK_MS;
        event->talk_ms = some_ms(teller->random);
    }
    if (chance(teller->random, 15)) {
        event->present |= RS_HAS_HOLD_MS;
        event->hold_ms = some_ms(teller->random);
    }
    teller->waiting = teller->talking = false;
}

static void tell_with_agent(teller_t *teller, rs_event_type_t type) {
    rs_event_t *event = new_event(teller, type);
    event->agent = mostly(teller->random, teller->agent, any_agent(teller->random));
    if (type == RS_CONTACT_WRAPUP_STARTED) teller->talking = false;
}

static void tell_blocked(teller_t *teller) {
    rs_event_t *event = new_event(teller, RS_CONTACT_BLOCKED);
    event->queue = mostly(teller->random, teller->queue, any_queue(teller->random));
    event->reason = (uint8_t)(1 + rs_random_below(teller->random, RS_BLOCK_COUNT - 1));
}

/* Scores at the ends of their scale, at the limits of promoters and detractors, and beside them; scales named, half named, wrong. */
static void tell_survey(teller_t *teller) {
    static const int64_t scores[] = {0, 1000, 2500, 5000, 6000, 6001, 7000, 8999, 9000, 10000, 10001, -1000};
    static const int64_t ends[] = {0, 1000, 5000, 7000, 10000, 100000, 100001};
    rs_random_t *random = teller->random;
    rs_event_t *event = new_event(teller, RS_SURVEY_ANSWERED);
    event->kind = (uint8_t)rs_random_below(random, RS_SURVEY_COUNT);
    if (chance(random, 30)) event->queue = rs_str(any_queue(random));
    if (chance(random, 40)) event->agent = rs_str(any_agent(random));
    if (chance(random, 90)) {
        event->present |= RS_HAS_SCORE;
        event->score_milli = scores[rs_random_below(random, RS_ARRAY_LEN(scores))];
    }
    if (chance(random, 20)) {
        event->present |= RS_HAS_SCALE_MIN;
        event->scale_min_milli = ends[rs_random_below(random, RS_ARRAY_LEN(ends))];
    }
    if (chance(random, 20)) {
        event->present |= RS_HAS_SCALE_MAX;
        event->scale_max_milli = ends[rs_random_below(random, RS_ARRAY_LEN(ends))];
    }
}

static rs_event_t *tell_message(teller_t *teller) {
    rs_event_t *event = new_event(teller, RS_CONTACT_MESSAGE);
    event->party = (uint8_t)(rs_random_below(teller->random, 8) == 0 ? rs_random_below(teller->random, RS_PARTY_COUNT)
                                                                      : RS_PARTY_CUSTOMER + rs_random_below(teller->random, 2));
    if (event->party == RS_PARTY_AGENT) event->agent = mostly(teller->random, teller->agent, any_agent(teller->random));
    return event;
}

/* Beside legs and handlings: messages, the contact's file, call-backs; and types that may only name the channel or the journey first. */
static void tell_aside(teller_t *teller) {
    static const uint8_t types[] = {RS_CONTACT_CREATED,    RS_CONTACT_CLOSED,      RS_CONTACT_REOPENED, RS_CALLBACK_REQUESTED,
                                    RS_CALLBACK_ATTEMPTED, RS_CALLBACK_CONNECTED,  RS_CALLBACK_FAILED,  RS_DISPOSITION_SET};
    rs_random_t *random = teller->random;
    if (chance(random, 30)) {
        tell_survey(teller);
        return;
    }
    rs_event_t *event = chance(random, 30) ? tell_message(teller)
                                           : new_event(teller, (rs_event_type_t)types[rs_random_below(random, RS_ARRAY_LEN(types))]);
    if (chance(random, 30)) event->queue = rs_str(any_queue(random));
    if (chance(random, 12)) event->direction = (uint8_t)(1 + rs_random_below(random, RS_DIRECTION_COUNT - 1));
    if (event->type == RS_CONTACT_CLOSED) event->agent = mostly(random, teller->agent, any_agent(random));
}

static void tell_writing(teller_t *teller) {
    const uint64_t die = rs_random_below(teller->random, 10);
    if (die < 7)
        tell_message(teller);
    else if (die < 9)
        new_event(teller, chance(teller->random, 55) ? RS_CONTACT_CLOSED : RS_CONTACT_REOPENED);
    else
        tell_aside(teller);
}

/* What is likely next, or anything at all. */
static void tell_next(teller_t *teller) {
    uint64_t die = rs_random_below(teller->random, 100);
    const bool anything = chance(teller->random, 15);
    if (!anything && teller->waiting)
        die = die < 55 ? 15 : die < 75 ? 80 : die < 88 ? 30 : 0;
    else if (!anything && teller->talking)
        die = die < 25 ? 40 : die < 45 ? 65 : die < 62 ? 55 : die < 90 ? 72 : 0;
    if (die < 15)
        tell_queued(teller);
    else if (die < 28)
        tell_answered(teller);
    else if (die < 36)
        tell_offer(teller);
    else if (die < 45)
        tell_with_agent(teller, RS_CONTACT_HELD);
    else if (die < 52)
        tell_with_agent(teller, RS_CONTACT_RETRIEVED);
    else if (die < 60)
        tell_with_agent(teller, chance(teller->random, 70) ? RS_CONTACT_WRAPUP_STARTED : RS_CONTACT_WRAPUP_ENDED);
    else if (die < 64)
        tell_with_agent(teller, RS_CONTACT_WRAPUP_ENDED);
    else if (die < 70)
        tell_transferred(teller);
    else if (die < 78)
        tell_ended(teller);
    else if (die < 89)
        tell_left(teller);
    else if (die < 93)
        tell_blocked(teller);
    else
        tell_aside(teller);
}

/* An outcome that its source reports up to the skew before another source reports the queueing. */
static void tell_skewed(teller_t *teller) {
    rs_random_t *random = teller->random;
    const int64_t skews_us[] = {0, 1, teller->history->config.clock_skew_us, teller->history->config.clock_skew_us + 1,
                                (int64_t)rs_random_below(random, 2 * RS_US_PER_S)};
    const char *queue = any_queue(random);
    teller->queue = queue;
    const size_t early = teller->history->storage->event_count;
    if (chance(random, 60))
        tell_answered(teller);
    else
        tell_left(teller);
    if (chance(random, 25)) tell_next(teller);
    rs_event_t *queued = new_event(teller, RS_CONTACT_QUEUED);
    queued->queue = rs_str(queue);
    queued->occurred_us =
        teller->history->storage->events[early].occurred_us + skews_us[rs_random_below(random, RS_ARRAY_LEN(skews_us))];
}

static void tell_contact(teller_t *teller) {
    rs_random_t *random = teller->random;
    const uint64_t steps = 1 + rs_random_below(random, MAX_STEPS - 6);
    if (chance(random, 40)) tell_aside(teller);
    if (chance(random, 80)) tell_queued(teller);
    for (uint64_t step = 0; step < steps && step < MAX_STEPS - 6; step++) {
        teller->now_us += pause_us(random);
        if (teller->writing && chance(random, 70)) {
            tell_writing(teller);
        } else if (chance(random, 6)) {
            tell_skewed(teller);
            step += 2;
        } else {
            tell_next(teller);
        }
    }
    if (chance(random, 50)) {
        teller->now_us += pause_us(random);
        tell_ended(teller);
        teller->now_us += pause_us(random);
        if (chance(random, 30)) tell_with_agent(teller, RS_CONTACT_WRAPUP_ENDED);
        if (chance(random, 30)) tell_survey(teller);
    }
}

/* Beside contacts: signs of life. What agents do has a generator and an oracle of its own (property/agent_oracle.c). */
static void tell_beside(teller_t *teller) {
    const rs_str_t contact = teller->contact_id;
    teller->contact_id = (rs_str_t){0};
    new_event(teller, RS_SOURCE_HEARTBEAT)->journey_id = (rs_str_t){0};
    teller->contact_id = contact;
}

static void tell_contacts(teller_t *teller, uint32_t contacts, int64_t begin_us, int64_t span_us) {
    rs_random_t *random = teller->random;
    for (uint32_t i = 0; i < contacts; i++) {
        teller->contact_id = text(teller->history->storage, 'c', i);
        teller->journey_id = (rs_str_t){0};
        if (i > 0 && chance(random, 25)) {
            teller->journey_id =
                text(teller->history->storage, chance(random, 70) ? 'c' : 'j', rs_random_below(random, i));
        }
        teller->acme = chance(random, 15);
        teller->home = (unsigned)rs_random_below(random, GENERATE_SOURCES);
        teller->now_us = begin_us + (int64_t)rs_random_below(random, (uint64_t)span_us);
        if (chance(random, 20)) teller->now_us -= teller->now_us % (15 * RS_US_PER_MIN);
        teller->queue = teller->agent = NULL;
        teller->waiting = teller->talking = false;
        teller->writing = chance(random, 30);
        tell_contact(teller);
        if (chance(random, 20)) tell_beside(teller);
    }
}

/* --- deliveries ------------------------------------------------------------------------------------------------------ */
static oracle_arrival_t *add_delivery(history_t *history, const rs_event_t *event) {
    oracle_arrival_t *delivery = &history->deliveries[history->delivery_count++];
    *delivery = (oracle_arrival_t){.event = event};
    return delivery;
}

/* The same identity again, with the same or with other content. */
static const rs_event_t *repeat(history_t *history, rs_random_t *random, const rs_event_t *event) {
    if (chance(random, 50)) return event;
    rs_event_t *other = &history->storage->events[history->storage->event_count++];
    *other = *event;
    switch (rs_random_below(random, 4)) {
        case 0: other->occurred_us += (int64_t)rs_random_below(random, RS_US_PER_MIN); break;
        case 1: other->type = RS_CONTACT_ENDED; break;
        case 2: other->queue = rs_str(any_queue(random)); break;
        default: other->agent = rs_str(any_agent(random)); break;
    }
    if (other->contact_id.len == 0) *other = *event;
    return other;
}

static int by_arrival(const void *left, const void *right) {
    const oracle_arrival_t *a = left, *b = right;
    if (a->arrival_us != b->arrival_us) return a->arrival_us < b->arrival_us ? -1 : 1;
    if (a->event != b->event) return a->event < b->event ? -1 : 1;
    return 0;
}

static int64_t delay_us(rs_random_t *random, delivery_order_t order, int64_t lateness_us) {
    if (order == DELIVER_SORTED) return 0;
    const uint64_t die = rs_random_below(random, 100);
    if (order == DELIVER_ANYHOW && die < 4)
        return lateness_us + (int64_t)rs_random_below(random, (uint64_t)lateness_us);
    if (order == DELIVER_ANYHOW && die < 7) return -(int64_t)rs_random_below(random, 3 * RS_US_PER_MIN);
    if (die < 60) return (int64_t)rs_random_below(random, RS_US_PER_S);
    if (die < 85) return (int64_t)rs_random_below(random, RS_US_PER_MIN);
    return (int64_t)rs_random_below(random, (uint64_t)(lateness_us - 10 * RS_US_PER_S));
}

/* The arrival of a repeat is never before the first arrival of that identity: who is first decides which content counts. */
static void order_repeats(history_t *history, const size_t *original) {
    for (size_t i = 0; i < history->delivery_count; i++) {
        if (original[i] == SIZE_MAX) continue;
        const int64_t first_us = history->deliveries[original[i]].arrival_us;
        if (history->deliveries[i].arrival_us <= first_us) history->deliveries[i].arrival_us = first_us + 1;
    }
}

void history_reorder(history_t *history, delivery_order_t order, uint64_t seed) {
    rs_random_t random = {seed};
    size_t *original = calloc(history->delivery_count + 1, sizeof *original);
    RS_REQUIRE(original != NULL);
    for (size_t i = 0; i < history->delivery_count; i++) {
        oracle_arrival_t *delivery = &history->deliveries[i];
        delivery->arrival_us = delivery->event->occurred_us + delay_us(&random, order, history->config.lateness_us);
        original[i] = SIZE_MAX;
        for (size_t before = 0; before < i && original[i] == SIZE_MAX; before++) {
            if (oracle_same_identity(history->deliveries[before].event, delivery->event)) original[i] = before;
        }
    }
    if (order != DELIVER_SORTED) order_repeats(history, original);
    qsort(history->deliveries, history->delivery_count, sizeof *history->deliveries, by_arrival);
    free(original);
}

static void deliver(history_t *history, rs_random_t *random, uint32_t duplicates_per_mille) {
    const size_t events = history->storage->event_count;
    for (size_t i = 0; i < events; i++) {
        const rs_event_t *event = &history->storage->events[i];
        add_delivery(history, event);
        if (rs_random_below(random, 1000) < duplicates_per_mille) add_delivery(history, repeat(history, random, event));
        if (i == 0 || event->occurred_us < history->begin_us) history->begin_us = event->occurred_us;
        if (event->occurred_us > history->end_us) history->end_us = event->occurred_us;
    }
}

static void choose_interval(rs_random_t *random, history_t *history) {
    static const int64_t lengths_us[] = {15 * RS_US_PER_MIN, 30 * RS_US_PER_MIN, RS_US_PER_HOUR};
    history->interval =
        (rs_interval_spec_t){.mode = RS_INTERVAL_FIXED,
                             .zone = history->config.zone,
                             .length_us = lengths_us[rs_random_below(random, RS_ARRAY_LEN(lengths_us))]};
    const uint64_t die = rs_random_below(random, 10);
    if (die < 2)
        history->interval.mode = RS_INTERVAL_DAY;
    else if (die < 4)
        history->interval.mode = RS_INTERVAL_ALL;
    if (history->interval.mode != RS_INTERVAL_FIXED) history->interval.length_us = 0;
}

/* Begins shortly before a clock change, a midnight, or anywhere. */
static int64_t choose_begin(rs_random_t *random, const rs_zone_t *zone) {
    const int64_t base_us =
        INT64_C(1774656000000000) + (int64_t)rs_random_below(random, 200) * RS_US_PER_DAY; /* 2026-03-28 */
    const uint64_t die = rs_random_below(random, 4);
    if (die == 0 && zone->count > 1)
        return zone->transitions[1 + rs_random_below(random, zone->count - 1)].at_us - 40 * RS_US_PER_MIN;
    if (die <= 1) return base_us - zone->transitions[zone->count - 1].offset_s * RS_US_PER_S - 30 * RS_US_PER_MIN;
    return base_us + (int64_t)rs_random_below(random, RS_US_PER_DAY);
}

history_t *generate_history(const generate_options_t *options) {
    rs_random_t random = {options->seed};
    history_t *history = calloc(1, sizeof *history);
    RS_REQUIRE(history != NULL);
    history->seed = options->seed;
    history->storage = calloc(1, sizeof *history->storage);
    RS_REQUIRE(history->storage != NULL);
    history_storage_t *storage = history->storage;
    generate_config(&random, &history->config, storage->queues, storage->agents, storage->hours);
    choose_interval(&random, history);
    if (options->missing_end) history->config.missing_end_us = 4 * RS_US_PER_MIN;
    const uint32_t contacts = options->contacts != 0 ? options->contacts : 1 + (uint32_t)rs_random_below(&random, 6);
    storage->event_room = (size_t)contacts * (MAX_STEPS * 2 + 8) * 2;
    storage->events = calloc(storage->event_room, sizeof *storage->events);
    storage->text_room = TEXT_BYTES + (size_t)contacts * 512;
    storage->text = malloc(storage->text_room);
    history->deliveries = calloc(storage->event_room, sizeof *history->deliveries);
    RS_REQUIRE(storage->events != NULL && storage->text != NULL && history->deliveries != NULL);

    teller_t teller = {.history = history, .random = &random};
    for (unsigned i = 1; i < GENERATE_SOURCES; i++) {
        teller.skew_us[i] =
            chance(&random, 50) ? (int64_t)rs_random_below(&random, 4 * RS_US_PER_S) - 2 * RS_US_PER_S : 0;
    }
    const int64_t span_us = chance(&random, 70) ? 20 * RS_US_PER_MIN : (int64_t)contacts * 10 * RS_US_PER_MIN;
    tell_contacts(&teller, contacts, choose_begin(&random, history->config.zone), span_us);
    deliver(history, &random, options->duplicates_per_mille);
    history_reorder(history, options->order, rs_random_next(&random));
    return history;
}

void history_destroy(history_t *history) {
    if (history == NULL) return;
    for (unsigned i = 0; i < GENERATE_HOURS; i++) rs_calendar_destroy(&history->storage->hours[i].calendar);
    free(history->storage->events);
    free(history->storage->text);
    free(history->storage);
    free(history->deliveries);
    free(history);
}
