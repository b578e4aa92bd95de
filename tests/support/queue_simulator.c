#include "queue_simulator.h"
#include "random.h"

#include <math.h>
#include <string.h>

typedef enum happening_type { HAPPENS_ARRIVAL, HAPPENS_END, HAPPENS_GIVING_UP } happening_type_t;
typedef struct happening { double at_s; uint64_t order; happening_type_t type; uint32_t caller, server; } happening_t;
typedef enum caller_state { CALLER_WAITS, CALLER_SHADOW, CALLER_GONE } caller_state_t;
typedef struct caller { double arrived_s; caller_state_t state; } caller_t;

struct queue_simulator {
    queue_settings_t settings;
    rs_random_t random;
    happening_t *heap;              /* the earliest first */
    uint32_t heap_count;
    uint64_t order;
    caller_t *callers;
    uint32_t arrived, first;        /* callers[first .. arrived-1] are in line or gone */
    uint32_t waiting, free_count;
    uint32_t *free_servers;
    double now_s;
};

static double uniform(queue_simulator_t *simulator) {
    return ((double)(rs_random_next(&simulator->random) >> 11) + 0.5) * 0x1p-53;
}

static double exponential(queue_simulator_t *simulator, double mean) { return -mean * log(uniform(simulator)); }

static double service(queue_simulator_t *simulator) {
    const queue_settings_t *settings = &simulator->settings;
    if (settings->service_cv <= 0) return exponential(simulator, settings->service_s);
    const double variance = log1p(settings->service_cv * settings->service_cv);
    const double normal = sqrt(-2 * log(uniform(simulator))) * cos(2 * 3.14159265358979323846 * uniform(simulator));
    return settings->service_s * exp(sqrt(variance) * normal - variance / 2);
}

size_t queue_service_entries(const queue_settings_t *settings, uint32_t total, rs_hist_entry_t *entries) {
    const double variance = log1p(settings->service_cv * settings->service_cv), mu = log(settings->service_s) - variance / 2;
    size_t count = 0;
    double below = 0;
    for (uint32_t b = 0; b < RS_HIST_BUCKETS; b++) {
        const double high_s = (double)rs_hist_high_ms(b) / 1000 + 0.001;
        const double share = 0.5 * erfc(-(log(high_s) - mu) / sqrt(2 * variance));
        const int32_t in_bucket = (int32_t)lround(total * share) - (int32_t)lround(total * below);
        below = share;
        if (in_bucket > 0) entries[count++] = (rs_hist_entry_t){.bucket = (uint16_t)b, .count = in_bucket};
    }
    return count;
}

static bool before(const happening_t *a, const happening_t *b) {
    return a->at_s != b->at_s ? a->at_s < b->at_s : a->order < b->order;
}

static void push(queue_simulator_t *simulator, happening_t happening) {
    uint32_t place = simulator->heap_count++;
    happening.order = simulator->order++;
    for (; place > 0 && before(&happening, &simulator->heap[(place - 1) / 2]); place = (place - 1) / 2) {
        simulator->heap[place] = simulator->heap[(place - 1) / 2];
    }
    simulator->heap[place] = happening;
}

static happening_t pop(queue_simulator_t *simulator) {
    const happening_t first = simulator->heap[0], last = simulator->heap[--simulator->heap_count];
    uint32_t place = 0;
    for (;;) {
        uint32_t child = place * 2 + 1;
        if (child >= simulator->heap_count) break;
        if (child + 1 < simulator->heap_count && before(&simulator->heap[child + 1], &simulator->heap[child])) child++;
        if (!before(&simulator->heap[child], &last)) break;
        simulator->heap[place] = simulator->heap[child];
        place = child;
    }
    simulator->heap[place] = last;
    return first;
}

queue_simulator_t *queue_simulator_create(const queue_settings_t *settings) {
    queue_simulator_t *simulator = calloc(1, sizeof *simulator);
    *simulator = (queue_simulator_t){.settings = *settings, .random = {settings->seed}, .free_count = settings->servers};
    /* An arrival, an end for each server, a giving up for each caller. */
    simulator->heap = calloc((size_t)settings->callers + settings->servers + 2, sizeof *simulator->heap);
    simulator->callers = calloc((size_t)settings->callers + 1, sizeof *simulator->callers);
    simulator->free_servers = calloc((size_t)settings->servers + 1, sizeof *simulator->free_servers);
    for (uint32_t i = 0; i < settings->servers; i++) simulator->free_servers[i] = settings->servers - 1 - i;
    if (settings->callers > 0) {
        push(simulator, (happening_t){.at_s = exponential(simulator, 1 / settings->arrivals_per_s), .type = HAPPENS_ARRIVAL});
    }
    return simulator;
}

void queue_simulator_destroy(queue_simulator_t **simulator) {
    if (*simulator == NULL) return;
    free((*simulator)->heap);
    free((*simulator)->callers);
    free((*simulator)->free_servers);
    free(*simulator);
    *simulator = NULL;
}

uint32_t queue_simulator_waiting(const queue_simulator_t *simulator) { return simulator->waiting; }
uint32_t queue_simulator_busy(const queue_simulator_t *simulator) { return simulator->settings.servers - simulator->free_count; }

/* While a server is free the first in line goes: a caller to the server, a shadow away. */
static bool move_line(queue_simulator_t *simulator, queue_event_t *event) {
    while (simulator->first < simulator->arrived && simulator->callers[simulator->first].state == CALLER_GONE) simulator->first++;
    if (simulator->free_count == 0 || simulator->first == simulator->arrived) return false;
    const uint32_t number = simulator->first++;
    caller_t *caller = &simulator->callers[number];
    *event = (queue_event_t){.type = QUEUE_SHADOW, .at_s = simulator->now_s, .caller = number,
                             .wait_s = simulator->now_s - caller->arrived_s};
    if (caller->state == CALLER_WAITS) {
        event->type = QUEUE_ANSWERED;
        event->server = simulator->free_servers[--simulator->free_count];
        simulator->waiting--;
        push(simulator, (happening_t){.at_s = simulator->now_s + service(simulator), .type = HAPPENS_END, .caller = number,
                                      .server = event->server});
    }
    caller->state = CALLER_GONE;
    return true;
}

static void arrive(queue_simulator_t *simulator, queue_event_t *event) {
    const queue_settings_t *settings = &simulator->settings;
    const uint32_t number = simulator->arrived++;
    simulator->callers[number] = (caller_t){.arrived_s = simulator->now_s, .state = CALLER_WAITS};
    simulator->waiting++;
    if (isfinite(settings->patience_s)) {
        push(simulator, (happening_t){.at_s = simulator->now_s + exponential(simulator, settings->patience_s),
                                      .type = HAPPENS_GIVING_UP, .caller = number});
    }
    if (simulator->arrived < settings->callers) {
        push(simulator, (happening_t){.at_s = simulator->now_s + exponential(simulator, 1 / settings->arrivals_per_s),
                                      .type = HAPPENS_ARRIVAL});
    }
    *event = (queue_event_t){.type = QUEUE_ARRIVED, .at_s = simulator->now_s, .caller = number};
}

bool queue_simulator_next(queue_simulator_t *simulator, queue_event_t *event) {
    if (move_line(simulator, event)) return true;
    while (simulator->heap_count > 0) {
        const happening_t happening = pop(simulator);
        caller_t *caller = &simulator->callers[happening.caller];
        if (happening.type == HAPPENS_GIVING_UP && caller->state != CALLER_WAITS) continue;
        simulator->now_s = happening.at_s;
        switch (happening.type) {
            case HAPPENS_ARRIVAL: arrive(simulator, event); return true;
            case HAPPENS_END:
                simulator->free_servers[simulator->free_count++] = happening.server;
                *event = (queue_event_t){.type = QUEUE_ENDED, .at_s = happening.at_s, .caller = happening.caller,
                                         .server = happening.server};
                return true;
            case HAPPENS_GIVING_UP:
                caller->state = CALLER_SHADOW;
                simulator->waiting--;
                *event = (queue_event_t){.type = QUEUE_ABANDONED, .at_s = happening.at_s, .caller = happening.caller,
                                         .wait_s = happening.at_s - caller->arrived_s};
                return true;
        }
    }
    return false;
}
