#include "connect/asterisk_visits.h"

#include <stdlib.h>

typedef struct ages {
    uint32_t oldest, youngest;
} ages_t;

struct rs_visits {
    rs_visit_t *items;             /* [0] is nobody */
    uint32_t *by_callid, *talking; /* heads of chains, the newest first */
    uint32_t max, made, mask;
    ages_t open, over;
    uint64_t forgotten;
};

int rs_visits_create(uint32_t max, rs_visits_t **visits_out) {
    rs_visits_t *visits = calloc(1, sizeof *visits);
    if (visits == NULL) return RS_ERR_MEMORY;
    uint32_t buckets = 16;
    while (buckets < max) buckets *= 2;
    visits->max = max;
    visits->mask = buckets - 1;
    visits->items = calloc((size_t)max + 1, sizeof *visits->items);
    visits->by_callid = calloc(buckets, sizeof *visits->by_callid);
    visits->talking = calloc(buckets, sizeof *visits->talking);
    if (visits->items == NULL || visits->by_callid == NULL || visits->talking == NULL) {
        rs_visits_destroy(&visits);
        return RS_ERR_MEMORY;
    }
    *visits_out = visits;
    return RS_OK;
}

void rs_visits_destroy(rs_visits_t **visits) {
    if (visits == NULL || *visits == NULL) return;
    free((*visits)->items);
    free((*visits)->by_callid);
    free((*visits)->talking);
    free(*visits);
    *visits = NULL;
}

void rs_visits_clear(rs_visits_t *visits) {
    memset(visits->by_callid, 0, ((size_t)visits->mask + 1) * sizeof *visits->by_callid);
    memset(visits->talking, 0, ((size_t)visits->mask + 1) * sizeof *visits->talking);
    visits->made = 0;
    visits->open = visits->over = (ages_t){0};
}

uint64_t rs_visits_forgotten(const rs_visits_t *visits) { return visits->forgotten; }

/* --- lists and chains -------------------------------------------------------------------------------------------- */
static uint32_t number_of(const rs_visits_t *visits, const rs_visit_t *visit) {
    return (uint32_t)(visit - visits->items);
}

static ages_t *ages_of(rs_visits_t *visits, const rs_visit_t *visit) {
    return visit->phase == RS_VISIT_OVER ? &visits->over : &visits->open;
}

static void unlink_age(rs_visits_t *visits, rs_visit_t *visit) {
    ages_t *ages = ages_of(visits, visit);
    if (visit->older != 0)
        visits->items[visit->older].younger = visit->younger;
    else
        ages->oldest = visit->younger;
    if (visit->younger != 0)
        visits->items[visit->younger].older = visit->older;
    else
        ages->youngest = visit->older;
}

static void link_youngest(rs_visits_t *visits, rs_visit_t *visit) {
    ages_t *ages = ages_of(visits, visit);
    const uint32_t number = number_of(visits, visit);
    visit->older = ages->youngest;
    visit->younger = 0;
    if (ages->youngest != 0)
        visits->items[ages->youngest].younger = number;
    else
        ages->oldest = number;
    ages->youngest = number;
}

static uint32_t *callid_chain(rs_visits_t *visits, rs_str_t callid) {
    return &visits->by_callid[rs_line_hash(callid, (rs_str_t){0}) & visits->mask];
}

static uint32_t *talking_chain(rs_visits_t *visits, rs_str_t queue, rs_str_t agent) {
    return &visits->talking[rs_line_hash(queue, agent) & visits->mask];
}

static void leave_callid_chain(rs_visits_t *visits, rs_visit_t *visit) {
    uint32_t *link = callid_chain(visits, rs_str(visit->callid));
    while (*link != number_of(visits, visit)) link = &visits->items[*link].next_in_bucket;
    *link = visit->next_in_bucket;
}

static void leave_talking_chain(rs_visits_t *visits, rs_visit_t *visit) {
    if (visit->phase != RS_VISIT_TALKING) return;
    uint32_t *link = talking_chain(visits, rs_str(visit->queue), rs_str(visit->agent));
    while (*link != number_of(visits, visit)) link = &visits->items[*link].next_talking;
    *link = visit->next_talking;
}

static void set_phase(rs_visits_t *visits, rs_visit_t *visit, rs_visit_phase_t phase) {
    leave_talking_chain(visits, visit);
    unlink_age(visits, visit);
    visit->phase = phase;
    link_youngest(visits, visit);
}

/* --- visits ------------------------------------------------------------------------------------------------------ */
rs_visit_t *rs_visits_find(rs_visits_t *visits, rs_str_t callid) {
    for (uint32_t number = *callid_chain(visits, callid); number != 0; number = visits->items[number].next_in_bucket) {
        rs_visit_t *visit = &visits->items[number];
        if (!rs_str_equal(rs_str(visit->callid), callid)) continue;
        unlink_age(visits, visit);
        link_youngest(visits, visit);
        return visit;
    }
    return NULL;
}

/* Takes somebody's place: of one who is over if there is one. */
static rs_visit_t *forget_one(rs_visits_t *visits) {
    const bool has_over = visits->over.oldest != 0;
    rs_visit_t *visit = &visits->items[has_over ? visits->over.oldest : visits->open.oldest];
    if (!has_over) visits->forgotten++;
    leave_talking_chain(visits, visit);
    leave_callid_chain(visits, visit);
    unlink_age(visits, visit);
    return visit;
}

rs_visit_t *rs_visits_make(rs_visits_t *visits, rs_str_t callid) {
    rs_visit_t *visit = visits->made < visits->max ? &visits->items[++visits->made] : forget_one(visits);
    *visit = (rs_visit_t){.position = -1};
    rs_line_copy(visit->callid, callid, RS_CALLID_MAX);
    memcpy(visit->origin, visit->callid, sizeof visit->origin);
    memcpy(visit->journey, visit->callid, sizeof visit->journey);
    uint32_t *chain = callid_chain(visits, callid);
    visit->next_in_bucket = *chain;
    *chain = number_of(visits, visit);
    link_youngest(visits, visit);
    return visit;
}

void rs_visits_wait(rs_visits_t *visits, rs_visit_t *visit, rs_str_t queue) {
    set_phase(visits, visit, RS_VISIT_WAITING);
    rs_line_copy(visit->queue, queue, RS_MAX_NAME);
    visit->agent[0] = 0;
}

void rs_visits_talk(rs_visits_t *visits, rs_visit_t *visit, rs_str_t queue, rs_str_t agent) {
    set_phase(visits, visit, RS_VISIT_TALKING);
    rs_line_copy(visit->queue, queue, RS_MAX_NAME);
    rs_line_copy(visit->agent, agent, RS_MAX_NAME);
    uint32_t *chain = talking_chain(visits, queue, agent);
    visit->next_talking = *chain;
    *chain = number_of(visits, visit);
}

void rs_visits_end(rs_visits_t *visits, rs_visit_t *visit) { set_phase(visits, visit, RS_VISIT_OVER); }

/* --- whose end is it --------------------------------------------------------------------------------------------- */
static int64_t distance(int64_t a, int64_t b) { return a > b ? a - b : b - a; }

/* How far the figures of the line are from those of a foreign conversation; INT64_MAX: it is another one. */
static int64_t misfit(const rs_visit_t *visit, const rs_visit_end_t *end) {
    if (visit->position >= 0 && end->position >= 0 && visit->position != end->position) return INT64_MAX;
    const int64_t hold_off = distance(visit->hold_s, end->hold_s);
    const int64_t length_off = distance(end->at_s - visit->connected_s, end->talk_s);
    if (hold_off > RS_VISIT_HOLD_OFF || length_off > RS_VISIT_LENGTH_OFF) return INT64_MAX;
    return hold_off + length_off;
}

rs_visit_t *rs_visits_match(rs_visits_t *visits, const rs_visit_end_t *end) {
    rs_visit_t *best = NULL;
    int64_t best_misfit = INT64_MAX;
    for (uint32_t number = *talking_chain(visits, end->queue, end->agent); number != 0;
         number = visits->items[number].next_talking) {
        rs_visit_t *visit = &visits->items[number];
        if (!rs_str_equal(rs_str(visit->queue), end->queue) || !rs_str_equal(rs_str(visit->agent), end->agent))
            continue;
        if (rs_str_equal(rs_str(visit->callid), end->callid)) return visit;
        const int64_t off = misfit(visit, end);
        if (off == INT64_MAX || off > best_misfit)
            continue; /* alike: the one that has talked longer, the chain is newest first */
        best = visit;
        best_misfit = off;
    }
    return best;
}

rs_visit_t *rs_visits_oldest_open(rs_visits_t *visits) {
    return visits->open.oldest == 0 ? NULL : &visits->items[visits->open.oldest];
}
