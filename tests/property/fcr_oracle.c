/* First-contact resolution against brute force: a few customers' contacts at random, with pauses at and beside the limits, under
 * permutation within lateness and 5 % duplicates. The judge here is written from cases.md (and, where that is silent, from what
 * core/fcr/fcr.h and core/contact/outline.h decide), keeps everything and computes each figure anew.
 * RS_SEEDS: how many (3,000; a tenth under a sanitizer), from RS_FIRST_SEED on. RS_SEED: only this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drive.h"
#include "generate.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_CONTACTS = 24, MAX_EVENTS = 640, MAX_STORY = 24, CUSTOMERS = 4, TEXT = 16 };

enum { DEFAULT_SEEDS = RS_SANITIZED ? 300 : 3000 };

static const char *const queue_names[] = {"sales", "support"};
static const char *const agent_names[] = {"ann", "bob", "cat"};
static const char *const topic_names[] = {"bill", "fault", "weather"};
static const char *const tenant_names[] = {"acme", "default"};
static char customer_names[CUSTOMERS][RS_PSEUDONYM_BYTES + 1];

/* --- what happens ----------------------------------------------------------------------------------------------------- */
typedef struct world {
    rs_random_t random;
    rs_config_t config;
    rs_str_t never[1];
    rs_event_t events[MAX_EVENTS];
    size_t event_count;
    oracle_arrival_t deliveries[2 * MAX_EVENTS];
    size_t delivery_count;
    char contact_ids[MAX_CONTACTS][TEXT];
    struct told {
        int64_t end_us;
        unsigned customer, tenant;
        bool shared, is_empty /* only spoken of: a survey for an unknown contact */;
    } told[MAX_CONTACTS];
    unsigned told_count;
    uint64_t seq[2];
    int64_t last_us;
} world_t;

static bool chance(world_t *world, unsigned per_cent) { return rs_random_below(&world->random, 100) < per_cent; }
static uint64_t below(world_t *world, uint64_t limit) { return rs_random_below(&world->random, limit); }

static rs_event_t *tell(world_t *world, unsigned contact, rs_event_type_t type, int64_t at_us) {
    RS_REQUIRE(world->event_count < MAX_EVENTS);
    static const char *const sources[] = {"pbx-1", "pbx-2"};
    const unsigned source = contact % 2;
    rs_event_t *event = &world->events[world->event_count++];
    *event = (rs_event_t){.type = (uint8_t)type, .occurred_us = at_us, .source = rs_str(sources[source]), .present = RS_HAS_SEQ,
                          .seq = ++world->seq[source], .contact_id = rs_str(world->contact_ids[contact]),
                          .tenant = rs_str(tenant_names[world->told[contact].tenant])};
    if (at_us > world->last_us) world->last_us = at_us;
    return event;
}

static void name_customer(rs_event_t *event, unsigned customer) {
    event->customer = (rs_str_t){.data = customer_names[customer], .len = RS_PSEUDONYM_BYTES};
    event->present |= RS_HAS_PSEUDONYM;
}

static int64_t some_seconds(world_t *world, uint64_t most) { return (int64_t)below(world, most) * RS_US_PER_S / 4; }

/* A pause before the customer's next contact: the limits and a microsecond beside them come up often. */
static int64_t pause_us(world_t *world) {
    const rs_fcr_config_t *fcr = &world->config.fcr;
    const int64_t beside = (int64_t)below(world, 3) - 1;
    switch (below(world, 8)) {
        case 0: return fcr->redial_grace_us + beside;
        case 1:
        case 2: return fcr->repeat_window_us + beside;
        case 3: return beside * 30 * RS_US_PER_S;
        case 4: return (int64_t)below(world, (uint64_t)fcr->repeat_window_us * 2);
        case 5: return some_seconds(world, 400);
        default: return (int64_t)below(world, (uint64_t)fcr->repeat_window_us);
    }
}

static void tell_signals(world_t *world, unsigned contact, int64_t end_us, bool long_after) {
    const uint64_t within = long_after ? (uint64_t)world->config.fcr.repeat_window_us * 5 / 4 : (uint64_t)RS_US_PER_HOUR;
    for (unsigned i = (unsigned)below(world, 4); i > 0; i--) {
        const int64_t edge_us = world->config.fcr.repeat_window_us + (int64_t)below(world, 3) - 1;
        const int64_t after_us = long_after && chance(world, 30) ? edge_us : (int64_t)below(world, within);
        const uint64_t kind = below(world, 5);
        rs_event_t *event = tell(world, contact, kind < 2 ? RS_DISPOSITION_SET : kind < 4 ? RS_SURVEY_ANSWERED : RS_CONTACT_REOPENED,
                                 end_us + after_us);
        if (kind < 4 && chance(world, 80)) {
            event->present |= RS_HAS_RESOLVED;
            event->resolved = chance(world, 50);
        }
        const bool moves = long_after && world->config.fcr.scope == RS_FCR_TOPIC;   /* the scope stays once out of memory */
        if (kind < 2 && !moves && chance(world, 30)) event->topic = rs_str(topic_names[below(world, 3)]);
    }
}

static int64_t tell_talk(world_t *world, unsigned contact, int64_t at_us) {
    rs_event_t *event = tell(world, contact, RS_CONTACT_ANSWERED, at_us);
    event->agent = rs_str(agent_names[below(world, 3)]);
    if (chance(world, 50)) event->queue = rs_str(queue_names[below(world, 2)]);
    at_us += some_seconds(world, 600);
    if (!chance(world, 25)) return at_us;
    event = tell(world, contact, RS_CONTACT_TRANSFERRED, at_us);
    event->to_queue = rs_str(queue_names[below(world, 2)]);
    at_us += some_seconds(world, 40);
    if (chance(world, 60)) {
        event = tell(world, contact, RS_CONTACT_QUEUED, at_us);
        event->queue = rs_str(queue_names[below(world, 2)]);
        at_us += some_seconds(world, 100);
    }
    if (chance(world, 60)) {
        event = tell(world, contact, RS_CONTACT_ANSWERED, at_us);
        event->agent = rs_str(agent_names[below(world, 3)]);
        at_us += some_seconds(world, 100);
    }
    return at_us;
}

static void tell_contact(world_t *world, unsigned contact, int64_t at_us) {
    const size_t first = world->event_count;
    const bool ends = chance(world, 85);
    if (chance(world, 60)) tell(world, contact, RS_CONTACT_CREATED, at_us);
    if (chance(world, 80)) {
        at_us += some_seconds(world, 20);
        tell(world, contact, RS_CONTACT_QUEUED, at_us)->queue = rs_str(queue_names[below(world, 2)]);
    }
    if (chance(world, 65)) at_us = tell_talk(world, contact, at_us + some_seconds(world, 200));
    at_us += some_seconds(world, 50);
    if (ends) tell(world, contact, chance(world, 30) ? RS_CONTACT_ABANDONED : RS_CONTACT_ENDED, at_us)->stage = RS_STAGE_QUEUE;
    if (chance(world, 20)) tell(world, contact, RS_CONTACT_WRAPUP_STARTED, at_us);
    world->told[contact].end_us = at_us;
    const size_t count = world->event_count - first;
    world->told[contact].is_empty = count == 0 || (count == 1 && world->events[first].type == RS_CONTACT_WRAPUP_STARTED);
    if (count == 0) return;
    rs_event_t *events = &world->events[first];
    if (!chance(world, 8)) name_customer(&events[below(world, count)], world->told[contact].customer);
    if (chance(world, 15)) events[below(world, count)].direction = (uint8_t)(RS_DIRECTION_INBOUND + below(world, 3));
    if (chance(world, 40)) events[below(world, count)].topic = rs_str(topic_names[below(world, 3)]);
    if (chance(world, 20)) events[0].channel = RS_CHANNEL_CHAT;
}

/* Another one, not long ago, whose journey this contact says that it is of. */
static void name_journey(world_t *world, unsigned contact, size_t first) {
    const unsigned other = (unsigned)below(world, contact);
    const int64_t apart_us = world->events[first].occurred_us - world->told[other].end_us;
    if (world->told[other].is_empty || world->told[contact].is_empty || world->told[other].tenant != world->told[contact].tenant ||
        apart_us < -RS_US_PER_HOUR || apart_us > 6 * RS_US_PER_HOUR) {
        return;
    }
    world->events[first + below(world, world->event_count - first)].journey_id = rs_str(world->contact_ids[other]);
    world->told[contact].shared = world->told[other].shared = true;
}

static void tell_all(world_t *world) {
    static const int64_t windows_us[] = {10 * RS_US_PER_MIN, RS_US_PER_HOUR, RS_US_PER_DAY, 3 * RS_US_PER_DAY};
    generate_defaults(&world->config);
    world->config.lateness_us = 10 * RS_US_PER_MIN;
    world->config.missing_end_us = 0;
    world->config.limits.customers = 1000;
    world->never[0] = rs_str(topic_names[2]);
    world->config.fcr = (rs_fcr_config_t){.repeat_window_us = windows_us[below(world, 4)],
                                          .redial_grace_us = chance(world, 80) ? 60 * RS_US_PER_S : 0,
                                          .scope = (uint8_t)(chance(world, 40) ? RS_FCR_ANY : below(world, 4)),
                                          .repeat_handled_only = chance(world, 40),
                                          .never_topics = world->never, .never_count = chance(world, 50)};
    int64_t next_us[CUSTOMERS];
    const int64_t begin_us = INT64_C(1772323200000000) + (int64_t)below(world, RS_US_PER_DAY);
    for (unsigned i = 0; i < CUSTOMERS; i++) next_us[i] = begin_us + some_seconds(world, 20000);
    const unsigned contacts = 2 + (unsigned)below(world, MAX_CONTACTS - 2), customers = 1 + (unsigned)below(world, CUSTOMERS);
    for (unsigned contact = 0; contact < contacts; contact++) {
        const unsigned customer = (unsigned)below(world, customers);
        const size_t first = world->event_count;
        snprintf(world->contact_ids[contact], TEXT, "c%u", contact);
        world->told[contact].customer = customer;
        world->told[contact].tenant = customer == 0 ? (unsigned)below(world, 2) : 1;
        tell_contact(world, contact, next_us[customer]);
        if (world->event_count > first) next_us[customer] = world->told[contact].end_us + pause_us(world);
        if (next_us[customer] < begin_us) next_us[customer] = begin_us;
        if (contact > 0 && world->event_count > first && chance(world, 20)) name_journey(world, contact, first);
        world->told_count = contact + 1;
    }
    for (unsigned contact = 0; contact < contacts; contact++) {
        bool ends = false;
        for (size_t i = 0; i < world->event_count; i++) {
            const rs_event_t *event = &world->events[i];
            if (strcmp(event->contact_id.data, world->contact_ids[contact]) != 0) continue;
            ends = ends || event->type == RS_CONTACT_ENDED || event->type == RS_CONTACT_ABANDONED;
        }
        tell_signals(world, contact, world->told[contact].end_us, ends && !world->told[contact].shared);
    }
}

/* --- how it arrives ---------------------------------------------------------------------------------------------------- */
static int by_arrival(const void *left, const void *right) {
    const oracle_arrival_t *a = left, *b = right;
    if (a->arrival_us != b->arrival_us) return a->arrival_us < b->arrival_us ? -1 : 1;
    return a->event < b->event ? -1 : a->event > b->event;
}

static void deliver(world_t *world, bool sorted) {
    const uint64_t most = (uint64_t)(world->config.lateness_us - 10 * RS_US_PER_S);
    world->delivery_count = 0;
    for (size_t i = 0; i < world->event_count; i++) {
        const rs_event_t *event = &world->events[i];
        for (unsigned copies = chance(world, 5) ? 2 : 1; copies > 0; copies--) {
            const int64_t delay_us = sorted ? 0 : (int64_t)below(world, chance(world, 60) ? (uint64_t)RS_US_PER_S : most);
            world->deliveries[world->delivery_count++] = (oracle_arrival_t){.event = event, .arrival_us = event->occurred_us + delay_us};
        }
    }
    qsort(world->deliveries, world->delivery_count, sizeof world->deliveries[0], by_arrival);
}

/* --- brute force --------------------------------------------------------------------------------------------------------- */
typedef struct visit {              /* a contact, or what several come to */
    int64_t start_us, end_us, last_us;
    bool has_end, took_place, handled, reopened, inbound;
    const char *customer, *queue, *agent, *topic;
    unsigned channel;
    int64_t answer_us, enter_us;
    int64_t close_us;              /* where the one that was handled ends: a redial that joins it moves nothing */
    int disposition, survey;        /* 0 none, 1 resolved, 2 not */
    int64_t disposition_us, survey_us;
    const char *tenant, *journey;
} visit_t;

static bool is_spoken(unsigned type) {
    return type == RS_DISPOSITION_SET || type == RS_SURVEY_ANSWERED || type == RS_CONTACT_REOPENED || type == RS_CONTACT_WRAPUP_STARTED;
}

static int by_order(const void *left, const void *right) {
    const rs_event_t *const *a = left, *const *b = right;
    return oracle_compare(*a, *b);
}

static visit_t read_contact(const world_t *world, unsigned contact) {
    const rs_event_t *events[MAX_EVENTS];
    size_t count = 0;
    for (size_t i = 0; i < world->event_count; i++) {
        if (strcmp(world->events[i].contact_id.data, world->contact_ids[contact]) == 0) events[count++] = &world->events[i];
    }
    qsort(events, count, sizeof *events, by_order);
    visit_t visit = {.inbound = true, .channel = RS_CHANNEL_VOICE, .tenant = tenant_names[world->told[contact].tenant],
                     .journey = world->contact_ids[contact]};
    const char *leg_queue = NULL, *last_queue = NULL, *first_queue = NULL, *agent = NULL, *set_topic = NULL;
    int64_t queued_us = 0, answer_us = 0, enter_us = 0;
    bool waiting = false, talking = false, direction_named = false, journey_named = false, channel_named = false;
    const char *talk_queue = NULL;
    for (size_t i = 0; i < count; i++) {
        const rs_event_t *event = events[i];
        const int64_t at_us = event->occurred_us;
        if (i == 0) visit.start_us = at_us;
        visit.last_us = at_us;
        visit.took_place = visit.took_place || !is_spoken(event->type);
        if (event->direction != 0 && !direction_named) {
            visit.inbound = event->direction == RS_DIRECTION_INBOUND;
            direction_named = true;
        }
        if (event->customer.len != 0 && visit.customer == NULL) visit.customer = event->customer.data;
        if (event->journey_id.len != 0 && !journey_named) {
            visit.journey = event->journey_id.data;
            journey_named = true;
        }
        if (event->channel != 0 && !channel_named) {
            visit.channel = event->channel;
            channel_named = true;
        }
        if (event->topic.len != 0 && visit.topic == NULL && event->type != RS_DISPOSITION_SET) visit.topic = event->topic.data;
        bool ends_talk = false;
        switch (event->type) {
            case RS_CONTACT_QUEUED:
                waiting = true;
                leg_queue = last_queue = event->queue.data;
                if (first_queue == NULL) first_queue = leg_queue;
                queued_us = at_us;
                break;
            case RS_CONTACT_ANSWERED:
                if (talking && !waiting && strcmp(agent, event->agent.data) == 0) break;
                ends_talk = talking;
                break;
            case RS_CONTACT_TRANSFERRED:
            case RS_CONTACT_WRAPUP_STARTED: ends_talk = talking; break;
            case RS_CONTACT_ENDED:
            case RS_CONTACT_ABANDONED:
                ends_talk = talking;
                waiting = false;
                visit.has_end = true;
                visit.end_us = at_us;
                break;
            default: break;
        }
        if (ends_talk) {
            talking = false;
            if (!visit.handled) {
                visit.handled = true;
                visit.answer_us = answer_us;
                visit.enter_us = enter_us;
                visit.queue = talk_queue;
                visit.agent = agent;
            }
        }
        if (event->type == RS_CONTACT_ANSWERED && !talking) {
            talking = true;
            agent = event->agent.data;
            answer_us = at_us;
            enter_us = waiting ? queued_us : at_us;
            talk_queue = waiting ? leg_queue : event->queue.len != 0 ? event->queue.data : last_queue;
            waiting = false;
        }
        const bool counts = !visit.has_end || at_us <= visit.end_us + world->config.fcr.repeat_window_us;
        if (counts && event->topic.len != 0 && event->type == RS_DISPOSITION_SET) set_topic = event->topic.data;
        if (counts && event->type == RS_CONTACT_REOPENED) visit.reopened = true;
        if (counts && (event->present & RS_HAS_RESOLVED) != 0) {
            const bool is_survey = event->type == RS_SURVEY_ANSWERED;
            *(is_survey ? &visit.survey : &visit.disposition) = event->resolved ? 1 : 2;
            *(is_survey ? &visit.survey_us : &visit.disposition_us) = at_us;
        }
    }
    if (!visit.handled) visit.queue = first_queue;
    if (set_topic != NULL) visit.topic = set_topic;
    return visit;
}

static int compare_texts(const char *a, const char *b) { return strcmp(a == NULL ? "" : a, b == NULL ? "" : b); }

static bool answered_before(const visit_t *a, const visit_t *b) {
    if (a->answer_us != b->answer_us) return a->answer_us < b->answer_us;
    if (a->enter_us != b->enter_us) return a->enter_us < b->enter_us;
    int order = compare_texts(a->queue, b->queue);
    if (order == 0) order = compare_texts(a->agent, b->agent);
    return order < 0 || (order == 0 && a->channel < b->channel);
}

static bool queued_before(const visit_t *a, const visit_t *b) {
    if (a->start_us != b->start_us) return a->start_us < b->start_us;
    const int order = compare_texts(a->queue, b->queue);
    return order < 0 || (order == 0 && a->channel < b->channel);
}

static int64_t end_of(const visit_t *visit) { return visit->has_end ? visit->end_us : visit->last_us; }

/* The union of those of `parts` that took place, and the signals of all. `later_holds`: by start of the part, not by the signal's
 * time. Nothing of them took place: false. */
static bool unite(const visit_t *parts, size_t count, bool later_holds, visit_t *whole) {
    const visit_t *handled = NULL, *leg = NULL, *first = NULL, *customer = NULL, *topic = NULL, *disposition = NULL, *survey = NULL;
    bool any = false;
    *whole = parts[0];
    whole->has_end = whole->reopened = false;
    for (size_t i = 0; i < count; i++) {
        const visit_t *part = &parts[i];
        whole->reopened = whole->reopened || part->reopened;
        const int64_t disposition_us = later_holds ? part->start_us : part->disposition_us;
        const int64_t survey_us = later_holds ? part->start_us : part->survey_us;
        if (part->disposition != 0) {
            const int64_t known_us = disposition == NULL ? INT64_MIN : later_holds ? disposition->start_us : disposition->disposition_us;
            if (disposition_us > known_us || (disposition_us == known_us && part->disposition > disposition->disposition)) {
                disposition = part;
            }
        }
        if (part->survey != 0) {
            const int64_t known_us = survey == NULL ? INT64_MIN : later_holds ? survey->start_us : survey->survey_us;
            if (survey_us > known_us || (survey_us == known_us && part->survey > survey->survey)) survey = part;
        }
        if (!part->took_place) continue;
        if (!any || part->start_us < whole->start_us) {
            whole->start_us = part->start_us;
            whole->inbound = part->inbound;
        } else if (part->start_us == whole->start_us) {
            whole->inbound = whole->inbound || part->inbound;
        }
        if (!any || part->last_us > whole->last_us) whole->last_us = part->last_us;
        if (part->has_end && (!whole->has_end || part->end_us > whole->end_us)) whole->end_us = part->end_us;
        whole->has_end = whole->has_end || part->has_end;
        const bool starts_together = first != NULL && part->start_us == first->start_us;
        if (first == NULL || part->start_us < first->start_us || (starts_together && part->channel < first->channel)) first = part;
        if (part->handled && (handled == NULL || answered_before(part, handled))) handled = part;
        if (part->queue != NULL && !part->handled && (leg == NULL || queued_before(part, leg))) leg = part;
        if (part->customer != NULL && (customer == NULL || part->start_us < customer->start_us ||
            (part->start_us == customer->start_us && strcmp(part->customer, customer->customer) < 0))) customer = part;
        if (part->topic != NULL && (topic == NULL || part->start_us < topic->start_us ||
            (part->start_us == topic->start_us && strcmp(part->topic, topic->topic) < 0))) topic = part;
        any = true;
    }
    const visit_t *of = handled != NULL ? handled : leg != NULL ? leg : first;
    whole->took_place = any;
    whole->handled = handled != NULL;
    whole->queue = of == NULL ? NULL : of->queue;
    whole->agent = of == NULL ? NULL : of->agent;
    if (of != NULL) {
        whole->channel = of->channel;
        whole->answer_us = of->answer_us;
        whole->enter_us = of->enter_us;
        whole->close_us = of->close_us;
    }
    whole->customer = customer == NULL ? NULL : customer->customer;
    whole->topic = topic == NULL ? NULL : topic->topic;
    whole->disposition = disposition == NULL ? 0 : disposition->disposition;
    whole->survey = survey == NULL ? 0 : survey->survey;
    return any;
}

static int by_start(const void *left, const void *right) {
    const visit_t *a = left, *b = right;
    return (a->start_us > b->start_us) - (a->start_us < b->start_us);
}

static bool same_chain(const world_t *world, const visit_t *a, const visit_t *b) {
    if (strcmp(a->customer, b->customer) != 0 || strcmp(a->tenant, b->tenant) != 0) return false;
    switch (world->config.fcr.scope) {
        case RS_FCR_TOPIC: return compare_texts(a->topic, b->topic) == 0;
        case RS_FCR_QUEUE: return compare_texts(a->queue, b->queue) == 0;
        case RS_FCR_CHANNEL: return a->channel == b->channel;
        default: return true;
    }
}

typedef struct verdict { visit_t of; bool repeated, flagged, matured, never; } verdict_t;
typedef struct truth { verdict_t verdicts[MAX_CONTACTS]; size_t count; uint64_t journeys, customers[2]; } truth_t;

static size_t read_journeys(const world_t *world, visit_t *journeys) {
    visit_t contacts[MAX_CONTACTS];
    size_t count = 0, contact_count = 0;
    for (unsigned i = 0; i < world->told_count; i++) {
        const visit_t contact = read_contact(world, i);
        if (contact.last_us != 0) contacts[contact_count++] = contact;
    }
    for (size_t i = 0; i < contact_count; i++) {
        visit_t parts[MAX_CONTACTS];
        size_t part_count = 0;
        bool known = false;
        for (size_t j = 0; j < contact_count; j++) {
            const bool same = strcmp(contacts[j].journey, contacts[i].journey) == 0 && strcmp(contacts[j].tenant, contacts[i].tenant) == 0;
            known = known || (same && j < i);
            if (same) parts[part_count++] = contacts[j];
        }
        visit_t whole;
        if (!known && unite(parts, part_count, false, &whole) && whole.inbound && whole.customer != NULL) {
            whole.end_us = whole.close_us = end_of(&whole);
            whole.has_end = true;
            journeys[count++] = whole;
        }
    }
    qsort(journeys, count, sizeof *journeys, by_start);
    return count;
}

static void find_truth(const world_t *world, int64_t mark_us, truth_t *truth) {
    visit_t journeys[MAX_CONTACTS];
    bool placed[MAX_CONTACTS] = {false};
    const rs_fcr_config_t *fcr = &world->config.fcr;
    const size_t count = read_journeys(world, journeys);
    truth->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (placed[i]) continue;
        /* all of this chain, as groups */
        visit_t groups[MAX_CONTACTS];
        bool never[MAX_CONTACTS];
        size_t group_count = 0;
        for (size_t j = i; j < count;) {
            visit_t parts[MAX_CONTACTS];
            size_t part_count = 0;
            int64_t end_us = INT64_MIN;
            for (; j < count; j++) {
                if (!same_chain(world, &journeys[i], &journeys[j])) continue;
                if (part_count > 0 && journeys[j].start_us - end_us > fcr->redial_grace_us) break;
                parts[part_count++] = journeys[j];
                placed[j] = true;
                if (journeys[j].end_us > end_us) end_us = journeys[j].end_us;
            }
            if (part_count == 0) break;
            unite(parts, part_count, true, &groups[group_count]);
            never[group_count] = false;
            for (size_t k = 0; k < part_count; k++) {
                const bool listed = fcr->never_count != 0 && compare_texts(parts[k].topic, topic_names[2]) == 0;
                if (parts[k].start_us == parts[0].start_us && listed) never[group_count] = true;
            }
            group_count++;
        }
        for (size_t g = 0; g < group_count; g++) {
            if (!groups[g].handled) continue;
            verdict_t *verdict = &truth->verdicts[truth->count++];
            *verdict = (verdict_t){.of = groups[g], .never = never[g]};
            for (size_t next = g + 1; next < group_count; next++) {
                const bool is_one = groups[next].handled || !fcr->repeat_handled_only;
                if (is_one && groups[next].start_us - groups[g].end_us <= fcr->repeat_window_us) verdict->repeated = true;
            }
            verdict->flagged = groups[g].disposition == 2 || groups[g].survey == 2 || groups[g].reopened;
            verdict->matured = groups[g].end_us + fcr->repeat_window_us <= mark_us;
        }
    }
}

/* --- comparing ----------------------------------------------------------------------------------------------------------- */
static bool is_of_row(const verdict_t *verdict, const kept_row_t *row) {
    const visit_t *of = &verdict->of;
    const int64_t at_us = row->attribution == RS_ATTRIBUTION_ENTER ? of->enter_us
                          : row->attribution == RS_ATTRIBUTION_CLOSE ? of->close_us : of->answer_us;
    if (at_us < row->start_us || at_us >= row->start_us + row->length_us || !rs_str_equal(row->key.tenant, rs_str(of->tenant))) {
        return false;
    }
    switch (row->key.family) {
        case RS_FAMILY_TOTAL: return true;
        case RS_FAMILY_CHANNEL: return row->key.channel == of->channel;
        case RS_FAMILY_QUEUE:
            return row->key.channel == of->channel && rs_str_equal(row->key.name, rs_str(of->queue == NULL ? "" : of->queue));
        case RS_FAMILY_AGENT: return rs_str_equal(row->key.name, rs_str(of->agent));
        default: return false;
    }
}

static const uint16_t fcr_counts[] = {RS_COUNT_FCR_ELIGIBLE, RS_COUNT_FCR_REPEATED, RS_COUNT_FCR_FLAGGED_UNRESOLVED,
                                      RS_COUNT_FCR_UNRESOLVED, RS_COUNT_FCR_NEVER, RS_COUNT_FCR_NEVER_UNRESOLVED, RS_COUNT_FCR_MATURED};
enum { FCR_COUNTS = RS_ARRAY_LEN(fcr_counts) };

static int64_t value_of(const verdict_t *verdict, uint16_t count) {
    const bool unresolved = verdict->repeated || verdict->flagged;
    switch (count) {
        case RS_COUNT_FCR_ELIGIBLE: return 1;
        case RS_COUNT_FCR_REPEATED: return verdict->repeated;
        case RS_COUNT_FCR_FLAGGED_UNRESOLVED: return verdict->flagged;
        case RS_COUNT_FCR_UNRESOLVED: return unresolved;
        case RS_COUNT_FCR_NEVER: return verdict->never;
        case RS_COUNT_FCR_NEVER_UNRESOLVED: return verdict->never && unresolved;
        default: return verdict->matured;
    }
}

static void compare_rows(const world_t *world, const kept_rows_t *rows, int64_t mark_us, bool with_matured, uint64_t seed,
                         const char *how) {
    truth_t truth;
    int64_t sums[RS_FAMILY_COUNT][RS_ATTRIBUTION_COUNT] = {{0}};
    find_truth(world, mark_us, &truth);
    for (size_t i = 0; i < rows->count; i++) {
        const kept_row_t *row = &rows->rows[i];
        for (unsigned c = 0; c < (unsigned)FCR_COUNTS - (with_matured ? 0u : 1u); c++) {
            int64_t should_be = 0;
            for (size_t v = 0; v < truth.count; v++) {
                should_be += is_of_row(&truth.verdicts[v], row) ? value_of(&truth.verdicts[v], fcr_counts[c]) : 0;
            }
            if (row->counts[fcr_counts[c]] == should_be) continue;
            char name[192];
            describe_key(&row->key, name, sizeof name);
            fail_msg("seed %llu, %s: %s, attribution %u, interval %lld: %s is %lld, should be %lld", (unsigned long long)seed, how, name,
                     row->attribution, (long long)row->start_us, count_label(fcr_counts[c]), (long long)row->counts[fcr_counts[c]],
                     (long long)should_be);
        }
        sums[row->key.family][row->attribution] += row->counts[RS_COUNT_FCR_ELIGIBLE];
    }
    for (unsigned family = RS_FAMILY_QUEUE; family <= RS_FAMILY_AGENT; family++) {
        for (unsigned attribution = RS_ATTRIBUTION_EVENT; attribution < RS_ATTRIBUTION_COUNT; attribution++) {
            if (sums[family][attribution] == (int64_t)truth.count) continue;
            fail_msg("seed %llu, %s: family %u, attribution %u: %lld eligible, should be %zu", (unsigned long long)seed, how,
                     family, attribution, (long long)sums[family][attribution], truth.count);
        }
    }
}

/* --- the property --------------------------------------------------------------------------------------------------------- */
static void let_windows_end(drive_t *drive, const world_t *world) {
    drive_tick(drive, drive->now_us + 30 * RS_US_PER_MIN);
    for (int i = 0; i < 40; i++) drive_tick(drive, drive->now_us + world->config.fcr.repeat_window_us / 20 + RS_US_PER_MIN);
}

static void check_replay(world_t *world, uint64_t seed) {
    drive_t drive;
    kept_rows_t rows;
    deliver(world, true);
    const drive_options_t options = {.config = &world->config, .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 15 * RS_US_PER_MIN}};
    drive_run(&drive, &options, world->deliveries, world->delivery_count);
    if (drive.why != NULL) fail_msg("seed %llu: %s", (unsigned long long)seed, drive.why);
    kept_rows_take(drive.core, &rows);
    compare_rows(world, &rows, world->last_us, true, seed, "replay");
    kept_rows_destroy(&rows);
    drive_end(&drive);
}

/* Live, in some order, then until all windows have ended; the rows as they stand, and as a store has them that takes revisions. */
static void check_live(world_t *world, uint64_t seed) {
    drive_t drive;
    kept_rows_t rows = {0}, summed;
    const char *why = NULL;
    deliver(world, false);
    const bool stores = seed % 2 == 0;
    const drive_options_t options = {.config = &world->config, .live = true, .records = true, .windows = seed % 4 == 1,
                                     .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 15 * RS_US_PER_MIN},
                                     .store = stores ? &rows : NULL};
    drive_run(&drive, &options, world->deliveries, world->delivery_count);
    if (drive.why != NULL) fail_msg("seed %llu: %s", (unsigned long long)seed, drive.why);
    if (!stores) {
        kept_rows_take(drive.core, &rows);
        compare_rows(world, &rows, 0, false, seed, "live");
        kept_rows_destroy(&rows);
    }
    let_windows_end(&drive, world);
    if (!stores) {
        kept_rows_take(drive.core, &summed);
    } else {
        while (kept_rows_collect(drive.core, 1000, &rows, &why) != 0) {}
        if (why != NULL) fail_msg("seed %llu: %s", (unsigned long long)seed, why);
        kept_rows_sum_parts(&rows, &summed);
        kept_rows_destroy(&rows);
    }
    compare_rows(world, &summed, INT64_MAX, true, seed, stores ? "stored" : "live, later");
    kept_rows_destroy(&summed);
    drive_end(&drive);
}

static uint64_t number_from(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void first_contact_resolution_is_what_brute_force_says_in_any_order(void **state) {
    (void)state;
    static world_t world;
    const uint64_t only = number_from("RS_SEED", 0), first = only != 0 ? only : number_from("RS_FIRST_SEED", 1);
    const uint64_t count = only != 0 ? 1 : number_from("RS_SEEDS", DEFAULT_SEEDS);
    print_message("seeds %llu to %llu\n", (unsigned long long)first, (unsigned long long)(first + count - 1));
    for (unsigned i = 0; i < CUSTOMERS; i++) snprintf(customer_names[i], sizeof customer_names[i], "pseudonym-no-%03u", i);
    for (uint64_t seed = first; seed < first + count; seed++) {
        memset(&world, 0, sizeof world);
        world.random = (rs_random_t){seed};
        tell_all(&world);
        check_replay(&world, seed);
        check_live(&world, seed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(first_contact_resolution_is_what_brute_force_says_in_any_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
