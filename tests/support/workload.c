#include "workload.h"

#include "random.h"

#include <math.h>

typedef enum step { STEP_CREATED, STEP_QUEUED, STEP_ABANDONED, STEP_OFFERED, STEP_OFFER_FAILED, STEP_ANSWERED, STEP_HELD, STEP_RETRIEVED,
                    STEP_TRANSFERRED, STEP_ENDED, STEP_WRAPUP_STARTED, STEP_WRAPUP_ENDED, STEP_GONE } step_t;

typedef struct call {
    uint64_t number;
    uint32_t queue, agent, next_free;
    step_t step;                  /* what happens next */
    bool was_transferred, is_held, offer_fails;
} call_t;

typedef struct due { int64_t at_us; uint32_t call; } due_t;

struct workload {
    workload_settings_t settings;
    rs_random_t random;
    double *shares;               /* of the queues, added up */
    call_t *calls;
    uint32_t call_count, call_room, free_calls, open;
    due_t *heap;
    uint32_t due_count, due_room;
    int64_t arrival_us;           /* of the next contact */
    uint64_t arrived, events;
    uint64_t *seqs;
    char contact_text[32], queue_text[32], agent_text[32], source_text[32], id_text[40], to_queue_text[32], customer_text[32];
};

workload_settings_t workload_one_day(void) {
    return (workload_settings_t){
        .seed = 1, .queues = 200, .agents = 2000, .sources = 4, .zipf = 0.7, .start_us = INT64_C(1772409600) * RS_US_PER_S,
        .contacts = 163000, .contacts_per_second = 163000 / 86400.0, .day = true, .event_ids = true, .wait_us = 15 * RS_US_PER_S,
        .talk_us = 180 * RS_US_PER_S, .wrap_us = 30 * RS_US_PER_S, .abandoned_per_mille = 81, .transferred_per_mille = 46,
        .held_per_mille = 240, .offer_failed_per_mille = 50};
}

workload_settings_t workload_steady(double events_per_second, double open_contacts) {
    workload_settings_t settings = workload_one_day();
    settings.queues = 10000;
    settings.agents = 20000;
    settings.contacts = 0;
    settings.day = settings.event_ids = false;
    settings.pseudonyms = true;
    settings.contacts_per_second = events_per_second / 7.35;
    /* The durations' mean is about 1.7 of their middle, and a contact is three of them long. */
    const double seconds = open_contacts / settings.contacts_per_second / 1.58;
    settings.wait_us = (int64_t)(seconds * 0.15 * 1e6);
    settings.talk_us = (int64_t)(seconds * 0.65 * 1e6);
    settings.wrap_us = (int64_t)(seconds * 0.20 * 1e6);
    return settings;
}

static void *room(size_t count, size_t size) {
    void *taken = calloc(count, size);
    RS_REQUIRE(taken != NULL);
    return taken;
}

static double unit(workload_t *workload) { return ((double)(rs_random_next(&workload->random) >> 11) + 0.5) / 9007199254740992.0; }
static bool chance(workload_t *workload, uint32_t per_mille) { return rs_random_below(&workload->random, 1000) < per_mille; }

/* Most short, a few long, about log-normal. */
static int64_t duration(workload_t *workload, int64_t middle_us) {
    const uint64_t bits = rs_random_next(&workload->random);
    const int octaves = __builtin_popcountll(bits & 0xff) - 4;
    const int64_t base = octaves >= 0 ? middle_us << octaves : middle_us >> -octaves;
    return base / 2 + (int64_t)((bits >> 20) % (uint64_t)(base + 1)) / 2 + 1000;
}

static double rate_at(const workload_t *workload, int64_t at_us) {
    static const unsigned hours[24] = {3, 2, 2, 2, 3, 6, 14, 40, 90, 125, 145, 130, 105, 95, 105, 100, 85, 60, 35, 25, 18, 12, 8, 5};
    if (!workload->settings.day) return workload->settings.contacts_per_second;
    return workload->settings.contacts_per_second * 24.0 * hours[at_us / RS_US_PER_HOUR % 24] / 1215.0;
}

static void next_arrival(workload_t *workload) {
    workload->arrival_us += (int64_t)(-log(unit(workload)) / rate_at(workload, workload->arrival_us) * 1e6);
}

workload_t *workload_create(const workload_settings_t *settings) {
    workload_t *workload = room(1, sizeof *workload);
    workload->settings = *settings;
    workload->random.state = settings->seed;
    workload->shares = room(settings->queues, sizeof *workload->shares);
    workload->seqs = room(settings->sources, sizeof *workload->seqs);
    double sum = 0;
    for (uint32_t i = 0; i < settings->queues; i++) workload->shares[i] = sum += pow(i + 1, -settings->zipf);
    workload->arrival_us = settings->start_us;
    next_arrival(workload);
    return workload;
}

void workload_destroy(workload_t **workload_ref) {
    workload_t *workload = *workload_ref;
    if (workload == NULL) return;
    free(workload->shares);
    free(workload->calls);
    free(workload->heap);
    free(workload->seqs);
    free(workload);
    *workload_ref = NULL;
}

uint32_t workload_open(const workload_t *workload) { return workload->open; }

/* --- what happens next ------------------------------------------------------------------------------------------------ */
static void heap_push(workload_t *workload, int64_t at_us, uint32_t call) {
    if (workload->due_count == workload->due_room) {
        workload->due_room = workload->due_room == 0 ? 1024 : workload->due_room * 2;
        workload->heap = realloc(workload->heap, workload->due_room * sizeof *workload->heap);
        RS_REQUIRE(workload->heap != NULL);
    }
    uint32_t at = workload->due_count++;
    for (; at > 0 && workload->heap[(at - 1) / 2].at_us > at_us; at = (at - 1) / 2) workload->heap[at] = workload->heap[(at - 1) / 2];
    workload->heap[at] = (due_t){.at_us = at_us, .call = call};
}

static due_t heap_pop(workload_t *workload) {
    const due_t least = workload->heap[0], last = workload->heap[--workload->due_count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= workload->due_count) break;
        if (child + 1 < workload->due_count && workload->heap[child + 1].at_us < workload->heap[child].at_us) child++;
        if (workload->heap[child].at_us >= last.at_us) break;
        workload->heap[at] = workload->heap[child];
        at = child;
    }
    if (workload->due_count > 0) workload->heap[at] = last;
    return least;
}

static uint32_t some_queue(workload_t *workload) {
    const double wanted = unit(workload) * workload->shares[workload->settings.queues - 1];
    uint32_t low = 0, high = workload->settings.queues - 1;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (workload->shares[middle] < wanted) low = middle + 1; else high = middle;
    }
    return low;
}

static uint32_t some_agent(workload_t *workload) { return (uint32_t)rs_random_below(&workload->random, workload->settings.agents); }

static void arrive(workload_t *workload) {
    uint32_t number = workload->free_calls;
    if (number != 0) {
        workload->free_calls = workload->calls[number].next_free;
    } else {
        if (workload->call_count + 1 >= workload->call_room) {
            workload->call_room = workload->call_room == 0 ? 1024 : workload->call_room * 2;
            workload->calls = realloc(workload->calls, workload->call_room * sizeof *workload->calls);
            RS_REQUIRE(workload->calls != NULL);
        }
        number = ++workload->call_count;
    }
    workload->calls[number] = (call_t){.number = workload->arrived++, .queue = some_queue(workload)};
    workload->open++;
    heap_push(workload, workload->arrival_us, number);
    next_arrival(workload);
}

/* What follows the step that was just taken, and after how long. */
static int64_t go_on(workload_t *workload, call_t *call) {
    const workload_settings_t *settings = &workload->settings;
    switch (call->step) {
        case STEP_CREATED: call->step = STEP_QUEUED; return duration(workload, RS_US_PER_S / 5);
        case STEP_QUEUED:
            if (chance(workload, settings->abandoned_per_mille)) {
                call->step = STEP_ABANDONED;
                return duration(workload, settings->wait_us * 2);
            }
            call->step = STEP_OFFERED;
            return duration(workload, settings->wait_us * 2 / 3);
        case STEP_OFFERED:
            call->agent = some_agent(workload);
            call->step = chance(workload, settings->offer_failed_per_mille) ? STEP_OFFER_FAILED : STEP_ANSWERED;
            return duration(workload, settings->wait_us / 3);
        case STEP_OFFER_FAILED: call->step = STEP_OFFERED; return duration(workload, settings->wait_us / 8);
        case STEP_ANSWERED:
            if (chance(workload, settings->held_per_mille)) {
                call->step = STEP_HELD;
                return duration(workload, settings->talk_us / 2);
            }
            break;
        case STEP_HELD: call->step = STEP_RETRIEVED; return duration(workload, settings->talk_us / 10);
        case STEP_RETRIEVED: break;
        case STEP_TRANSFERRED:
            call->step = STEP_QUEUED;
            call->was_transferred = true;
            return duration(workload, RS_US_PER_S / 10);
        case STEP_ENDED: call->step = STEP_WRAPUP_STARTED; return 1000;
        case STEP_WRAPUP_STARTED: call->step = STEP_WRAPUP_ENDED; return duration(workload, settings->wrap_us);
        default: call->step = STEP_GONE; return 0;
    }
    /* The rest of the talk. */
    const bool is_transferred = !call->was_transferred && chance(workload, settings->transferred_per_mille);
    call->step = is_transferred ? STEP_TRANSFERRED : STEP_ENDED;
    return duration(workload, settings->talk_us);
}

/* --- as an event -------------------------------------------------------------------------------------------------------- */
static rs_str_t text(char *bytes, size_t size, const char *format, unsigned long long number) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return (rs_str_t){.data = bytes, .len = (uint32_t)snprintf(bytes, size, format, number)};
#pragma GCC diagnostic pop
}
#define TEXT(field, format, number) text(workload->field, sizeof workload->field, format, number)

static void name_customer(workload_t *workload, rs_event_t *event, const call_t *call) {
    if (!workload->settings.pseudonyms) {
        event->customer = TEXT(customer_text, "+4969%09llu", call->number * 7919 % 1000000000);
        return;
    }
    const uint64_t halves[2] = {call->number * UINT64_C(0x9e3779b97f4a7c15), call->number};
    memcpy(workload->customer_text, halves, sizeof halves);
    event->customer = (rs_str_t){.data = workload->customer_text, .len = RS_PSEUDONYM_BYTES};
    event->present |= RS_HAS_PSEUDONYM;
}

static void describe(workload_t *workload, const call_t *call, int64_t at_us, rs_event_t *event) {
    static const uint8_t types[] = {
        [STEP_CREATED] = RS_CONTACT_CREATED, [STEP_QUEUED] = RS_CONTACT_QUEUED, [STEP_ABANDONED] = RS_CONTACT_ABANDONED,
        [STEP_OFFERED] = RS_CONTACT_OFFERED, [STEP_OFFER_FAILED] = RS_CONTACT_OFFER_FAILED, [STEP_ANSWERED] = RS_CONTACT_ANSWERED,
        [STEP_HELD] = RS_CONTACT_HELD, [STEP_RETRIEVED] = RS_CONTACT_RETRIEVED, [STEP_TRANSFERRED] = RS_CONTACT_TRANSFERRED,
        [STEP_ENDED] = RS_CONTACT_ENDED, [STEP_WRAPUP_STARTED] = RS_CONTACT_WRAPUP_STARTED, [STEP_WRAPUP_ENDED] = RS_CONTACT_WRAPUP_ENDED};
    const uint32_t source = (uint32_t)(call->number % workload->settings.sources);
    *event = (rs_event_t){.type = types[call->step], .occurred_us = at_us, .present = RS_HAS_SEQ, .seq = ++workload->seqs[source]};
    event->source = TEXT(source_text, "pbx-frankfurt-%llu", source + 1);
    event->contact_id = TEXT(contact_text, "1772442012.%08llu", call->number);
    event->queue = TEXT(queue_text, "queue-%05llu", call->queue);
    if (workload->settings.event_ids) event->event_id = TEXT(id_text, "event-%010llu", workload->events);
    if (call->step >= STEP_OFFERED) event->agent = TEXT(agent_text, "agent-%05llu", call->agent);
    switch (call->step) {
        case STEP_CREATED:
        case STEP_QUEUED: name_customer(workload, event, call); break;
        case STEP_ABANDONED: event->stage = RS_STAGE_QUEUE; break;
        case STEP_OFFER_FAILED: event->reason = RS_OFFER_TIMEOUT; break;
        case STEP_TRANSFERRED: event->kind = RS_TRANSFER_QUEUE; break;
        case STEP_ENDED: event->party = RS_PARTY_CUSTOMER; break;
        default: break;
    }
}

bool workload_next(workload_t *workload, rs_event_t *event, uint32_t *contact, uint32_t *queue) {
    const uint64_t wanted = workload->settings.contacts;
    while ((wanted == 0 || workload->arrived < wanted) &&
           (workload->due_count == 0 || workload->arrival_us <= workload->heap[0].at_us)) {
        arrive(workload);
    }
    if (workload->due_count == 0) return false;
    const due_t due = heap_pop(workload);
    call_t *call = &workload->calls[due.call];
    workload->events++;
    describe(workload, call, due.at_us, event);
    *contact = due.call;
    *queue = call->queue;
    if (call->step == STEP_TRANSFERRED) {
        call->queue = some_queue(workload);
        event->to_queue = TEXT(to_queue_text, "queue-%05llu", call->queue);
    }
    const int64_t after_us = go_on(workload, call);
    if (call->step != STEP_GONE) {
        heap_push(workload, due.at_us + after_us, due.call);
        return true;
    }
    call->next_free = workload->free_calls;
    workload->free_calls = due.call;
    workload->open--;
    return true;
}
