/* support/process_walk.c — see process_walk.h. */
#include "process_walk.h"

#include <stdio.h>
#include <stdlib.h>

enum { MANY = 256 };
typedef struct talk { rs_str_t agent, queue; bool open, held, transferred, wrapping; } talk_t;

typedef struct walk {
    const rs_event_t **events;
    size_t count, at;
    const rs_config_t *config;
    way_t *way;
    bool claimed[MANY];            /* queued events that an early outcome has used up */
    bool leg_open;
    rs_str_t leg_queue, last_queue;
    talk_t talks[MANY];
    size_t talk_count;
    const char *ring_from;
    rs_str_t ring_queue;
    size_t ringing;
    bool survey_waits;
    const char *end_after_wrap;
} walk_t;

static const char *stage_of(const walk_t *walk) { return walk->way->count == 0 ? "begin" : walk->way->visits[walk->way->count - 1].stage; }
static bool is_in(const walk_t *walk, const char *stage) { return walk->way->end == NULL && strcmp(stage_of(walk), stage) == 0; }
static rs_str_t owner_of(const walk_t *walk) {
    return walk->way->count == 0 ? (rs_str_t){0} : walk->way->visits[walk->way->count - 1].queue;
}

static int64_t not_before(const walk_t *walk, int64_t at_us) {
    int64_t least_us = INT64_MIN;
    if (walk->way->count != 0) least_us = walk->way->visits[walk->way->count - 1].entered_us;
    if (walk->way->end != NULL && walk->way->end_us > least_us) least_us = walk->way->end_us;
    return at_us < least_us ? least_us : at_us;
}

static visit_t *visit(walk_t *walk, const char *stage, rs_str_t queue, int64_t at_us) {
    way_t *way = walk->way;
    RS_REQUIRE(way->count < WALK_VISITS);
    at_us = not_before(walk, at_us);
    /* What was spent in the last stage is over at its end, only in a transfer one waits until something follows. */
    if (way->end != NULL && way->count != 0 && strcmp(stage_of(walk), "transfer") != 0) way->visits[way->count - 1].left_us = way->until_us;
    way->end = NULL;
    visit_t *next = &way->visits[way->count++];
    *next = (visit_t){.stage = stage, .queue = queue, .entered_us = at_us, .left_us = INT64_MIN};
    walk->ringing = 0;
    return next;
}

static void finish(walk_t *walk, const char *end, int64_t at_us, int64_t until_us) {
    way_t *way = walk->way;
    way->end_us = not_before(walk, at_us);
    way->until_us = until_us;
    if (way->count != 0 && until_us < way->visits[way->count - 1].entered_us) way->until_us = way->visits[way->count - 1].entered_us;
    way->end = end;
    walk->ringing = 0;
}

static void finish_now(walk_t *walk, const char *end) {
    const int64_t now_us = walk->events[walk->at]->occurred_us;
    finish(walk, end, now_us, now_us);
}

/* --- the contact's own legs and handlings --------------------------------------------------------------------------------- */
static talk_t *open_talk(walk_t *walk) {
    if (walk->talk_count == 0 || !walk->talks[walk->talk_count - 1].open) return NULL;
    return &walk->talks[walk->talk_count - 1];
}

static bool any_wrapping(const walk_t *walk) {
    for (size_t i = 0; i < walk->talk_count; i++) {
        if (walk->talks[i].wrapping) return true;
    }
    return false;
}

static size_t early_for(const walk_t *walk) {
    const rs_event_t *outcome = walk->events[walk->at];
    for (size_t i = walk->at + 1; i < walk->count; i++) {
        const rs_event_t *event = walk->events[i];
        if (event->occurred_us > outcome->occurred_us + walk->config->clock_skew_us) return 0;
        if (event->type != RS_CONTACT_QUEUED) continue;
        const bool fits = outcome->queue.len == 0 || rs_str_equal(outcome->queue, event->queue);
        return fits && !walk->claimed[i] && !rs_str_equal(event->source, outcome->source) ? i : 0;
    }
    return 0;
}

static void join_queue(walk_t *walk, rs_str_t queue, int64_t at_us) {
    walk->leg_open = true;
    walk->leg_queue = walk->last_queue = queue;
    visit(walk, "queue", queue, at_us);
}

/* The leg that an outcome closes: the open one, or that of a queued that a skewed clock puts after it. */
static bool leave_queue(walk_t *walk) {
    if (!walk->leg_open) {
        const size_t queued = early_for(walk);
        if (queued == 0) return false;
        walk->claimed[queued] = true;
        join_queue(walk, walk->events[queued]->queue, walk->events[queued]->occurred_us);
    }
    walk->leg_open = false;
    return true;
}

/* --- events --------------------------------------------------------------------------------------------------------------- */
static void on_answered(walk_t *walk, const rs_event_t *event) {
    talk_t *open = open_talk(walk);
    const bool met = leave_queue(walk);
    if (!met && open != NULL && rs_str_equal(open->agent, event->agent)) return;
    if (open != NULL) open->open = false;
    talk_t *talk = &walk->talks[walk->talk_count++];
    *talk = (talk_t){.agent = event->agent, .open = true};
    talk->queue = met ? walk->leg_queue : event->queue.len != 0 ? event->queue : walk->last_queue;
    const rs_str_t owner = talk->queue.len != 0 ? talk->queue : owner_of(walk);
    visit(walk, "talk", owner, event->occurred_us)->agent = event->agent;
}

static void on_dequeued(walk_t *walk, const rs_event_t *event) {
    if (!leave_queue(walk)) return;
    const talk_t *talk = open_talk(walk);
    if (event->reason == RS_FLOW_CALLBACK) {
        visit(walk, "callback", owner_of(walk), event->occurred_us);
    } else if (talk != NULL) {
        const rs_str_t owner = talk->queue.len != 0 ? talk->queue : owner_of(walk);
        visit(walk, talk->held ? "hold" : "talk", owner, event->occurred_us)->back = true;
    } else {
        finish_now(walk, "end:flowed_out");
    }
}

static void on_over(walk_t *walk, bool abandoned) {
    if (abandoned) (void)leave_queue(walk);
    walk->leg_open = false;
    talk_t *talk = open_talk(walk);
    if (talk != NULL) talk->open = talk->held = false;
    if (walk->way->end != NULL || is_in(walk, "wrap")) return;
    const char *stage = stage_of(walk), *end = abandoned ? "end:abandoned" : "end:before_queue";
    if (strcmp(stage, "talk") == 0 || strcmp(stage, "hold") == 0) end = "end:answered";
    else if (strcmp(stage, "queue") == 0 || strcmp(stage, "ring") == 0) end = "end:abandoned";
    else if (strcmp(stage, "transfer") == 0 && !abandoned) end = "end:transferred";
    else if (strcmp(stage, "callback") == 0 && !abandoned) end = "end:callback";
    finish_now(walk, end);
}

static void on_offer(walk_t *walk, const rs_event_t *event) {
    if (event->type == RS_CONTACT_OFFERED) {
        static const char *const also_from[] = {"flow", "callback", "ring"};
        bool rings = walk->leg_open || walk->way->count == 0 || strcmp(stage_of(walk), "transfer") == 0;
        for (size_t i = 0; i < RS_ARRAY_LEN(also_from); i++) rings = rings || is_in(walk, also_from[i]);
        if (!rings) return;
        if (!is_in(walk, "ring")) {
            walk->ring_from = stage_of(walk);
            walk->ring_queue = owner_of(walk);
            visit(walk, "ring", owner_of(walk), event->occurred_us);
        }
        walk->ringing++;
        return;
    }
    if (!is_in(walk, "ring")) return;
    if (walk->ringing > 0) walk->ringing--;
    if (walk->ringing > 0 || strcmp(walk->ring_from, "begin") == 0) return;
    visit(walk, walk->ring_from, walk->ring_queue, event->occurred_us)->back = true;
}

static void on_transferred(walk_t *walk, const rs_event_t *event) {
    talk_t *talk = open_talk(walk);
    if (talk == NULL) return;
    if (event->agent.len != 0 && !rs_str_equal(event->agent, talk->agent)) {   /* an attended one, reported late */
        for (size_t i = walk->talk_count - 1; i-- > 0;) {
            if (!rs_str_equal(walk->talks[i].agent, event->agent) || walk->talks[i].transferred) continue;
            walk->talks[i].transferred = true;
            return;
        }
    }
    talk->transferred = true;
    talk->open = talk->held = false;
    if (!is_in(walk, "talk") && !is_in(walk, "hold")) return;
    visit(walk, "transfer", owner_of(walk), event->occurred_us);
    if (event->kind == RS_TRANSFER_EXTERNAL || (event->to_queue.len == 0 && event->to_agent.len == 0)) finish_now(walk, "end:transferred");
}

static void on_wrap(walk_t *walk, const rs_event_t *event) {
    if (walk->talk_count == 0) return;
    const rs_str_t agent = event->agent.len != 0 ? event->agent : walk->talks[walk->talk_count - 1].agent;
    talk_t *of_agent = NULL, *wrapping = NULL, *open = open_talk(walk);
    for (size_t i = 0; i < walk->talk_count; i++) {
        if (!rs_str_equal(walk->talks[i].agent, agent)) continue;
        of_agent = &walk->talks[i];
        if (of_agent->wrapping) wrapping = of_agent;
    }
    if (event->type == RS_CONTACT_WRAPUP_ENDED) {
        if (wrapping == NULL) return;
        wrapping->wrapping = false;
        if (!is_in(walk, "wrap") || any_wrapping(walk)) return;
        if (walk->survey_waits) visit(walk, "survey", owner_of(walk), event->occurred_us);
        walk->survey_waits = false;
        finish_now(walk, walk->end_after_wrap);
        return;
    }
    const bool ends_talk = open != NULL && rs_str_equal(open->agent, agent);
    if (ends_talk) open->open = open->held = false;
    if (of_agent == NULL || wrapping != NULL) return;
    of_agent->wrapping = true;
    const bool from_talk = ends_talk && (is_in(walk, "talk") || is_in(walk, "hold"));
    if (walk->way->end == NULL && !from_talk) return;
    walk->end_after_wrap = walk->way->end != NULL ? walk->way->end : "end:answered";
    visit(walk, "wrap", owner_of(walk), event->occurred_us);
}

static void on_callback(walk_t *walk, const rs_event_t *event) {
    if (strcmp(stage_of(walk), "callback") == 0) {
        if (event->type != RS_CALLBACK_FAILED) walk->way->end = NULL;
        else if (walk->way->end == NULL) finish_now(walk, "end:callback");
    } else if (event->type == RS_CALLBACK_REQUESTED && !walk->leg_open && open_talk(walk) == NULL && !is_in(walk, "wrap")) {
        visit(walk, "callback", owner_of(walk), event->occurred_us);
    }
}

static void on_survey(walk_t *walk, const rs_event_t *event) {
    if (is_in(walk, "wrap")) walk->survey_waits = true;
    const char *end = walk->way->end;
    if (end == NULL || walk->way->count == 0 || strcmp(stage_of(walk), "survey") == 0) return;
    visit(walk, "survey", owner_of(walk), event->occurred_us);
    finish_now(walk, end);
}

static void on_hold(walk_t *walk, const rs_event_t *event) {
    talk_t *talk = open_talk(walk);
    if (event->type == RS_CONTACT_HELD && is_in(walk, "talk")) visit(walk, "hold", owner_of(walk), event->occurred_us);
    if (event->type == RS_CONTACT_RETRIEVED && is_in(walk, "hold")) visit(walk, "talk", owner_of(walk), event->occurred_us)->back = true;
    if (talk != NULL) talk->held = event->type == RS_CONTACT_HELD;
}

static void on_event(walk_t *walk, const rs_event_t *event) {
    const bool idle = !walk->leg_open && open_talk(walk) == NULL && walk->way->end == NULL && !is_in(walk, "wrap");
    switch ((rs_event_type_t)event->type) {
        case RS_CONTACT_CREATED: if (walk->way->count == 0) visit(walk, "flow", (rs_str_t){0}, event->occurred_us); break;
        case RS_CONTACT_QUEUED: if (!walk->claimed[walk->at]) join_queue(walk, event->queue, event->occurred_us); break;
        case RS_CONTACT_OFFERED:
        case RS_CONTACT_OFFER_FAILED: on_offer(walk, event); break;
        case RS_CONTACT_ANSWERED: on_answered(walk, event); break;
        case RS_CONTACT_HELD:
        case RS_CONTACT_RETRIEVED: on_hold(walk, event); break;
        case RS_CONTACT_TRANSFERRED: on_transferred(walk, event); break;
        case RS_CONTACT_ABANDONED: on_over(walk, true); break;
        case RS_CONTACT_ENDED: on_over(walk, false); break;
        case RS_CONTACT_DEQUEUED: on_dequeued(walk, event); break;
        case RS_CONTACT_BLOCKED: if (idle) finish_now(walk, "end:blocked"); break;
        case RS_CONTACT_CLOSED: if (idle) finish_now(walk, "end:closed"); break;
        case RS_CONTACT_REOPENED: if (walk->way->end != NULL) visit(walk, "flow", owner_of(walk), event->occurred_us); break;
        case RS_CONTACT_WRAPUP_STARTED:
        case RS_CONTACT_WRAPUP_ENDED: on_wrap(walk, event); break;
        case RS_CALLBACK_REQUESTED:
        case RS_CALLBACK_ATTEMPTED:
        case RS_CALLBACK_CONNECTED:
        case RS_CALLBACK_FAILED: on_callback(walk, event); break;
        case RS_SURVEY_ANSWERED: on_survey(walk, event); break;
        default: break;
    }
}

static void lose(walk_t *walk, int64_t last_us) {
    talk_t *talk = open_talk(walk);
    if (!walk->leg_open && talk == NULL) return;
    walk->leg_open = false;
    if (talk != NULL) talk->open = talk->held = false;
    if (walk->way->end == NULL && !is_in(walk, "wrap")) finish(walk, "end:lost", last_us + walk->config->missing_end_us, last_us);
}

void walk_way(const rs_event_t **events, size_t count, const rs_config_t *config, int64_t end_us, way_t *way) {
    walk_t walk = {.events = events, .count = count, .config = config, .way = way};
    RS_REQUIRE(count > 0 && count <= MANY);
    *way = (way_t){.tenant = events[0]->tenant.len != 0 ? events[0]->tenant : RS_STR("default")};
    const int64_t limit_us = config->missing_end_us;
    for (walk.at = 0; walk.at < count; walk.at++) {
        const int64_t last_us = walk.at == 0 ? 0 : events[walk.at - 1]->occurred_us;
        if (limit_us > 0 && walk.at > 0 && events[walk.at]->occurred_us > last_us + limit_us) lose(&walk, last_us);
        on_event(&walk, events[walk.at]);
    }
    if (limit_us > 0 && events[count - 1]->occurred_us + limit_us <= end_us) lose(&walk, events[count - 1]->occurred_us);
}

/* --- adding up ------------------------------------------------------------------------------------------------------------ */
void walked_stage_text(const visit_t *visit_at, char text[80]) {
    if (strcmp(visit_at->stage, "queue") != 0) snprintf(text, 80, "%s", visit_at->stage);
    else snprintf(text, 80, "queue:%.*s", (int)visit_at->queue.len, visit_at->queue.data);
}

static void *room_for_one(void *items, size_t count, size_t *room, size_t size) {
    if (count < *room) return items;
    *room = *room == 0 ? 16 : *room * 2;
    void *grown = realloc(items, *room * size);
    RS_REQUIRE(grown != NULL);
    return grown;
}

static walked_edge_t *edge_at(walked_edges_t *edges, const rs_interval_spec_t *interval, rs_str_t tenant, rs_str_t queue, const char *from,
                              const char *to, int64_t at_us) {
    int64_t start_us, length_us;
    oracle_interval(interval, at_us, &start_us, &length_us);
    for (size_t i = 0; i < edges->count; i++) {
        walked_edge_t *edge = &edges->items[i];
        if (edge->start_us == start_us && rs_str_equal(edge->tenant, tenant) && rs_str_equal(edge->queue, queue) &&
            strcmp(edge->from, from) == 0 && strcmp(edge->to, to) == 0) return edge;
    }
    edges->items = room_for_one(edges->items, edges->count, &edges->room, sizeof *edges->items);
    walked_edge_t *edge = &edges->items[edges->count++];
    *edge = (walked_edge_t){.tenant = tenant, .queue = queue, .start_us = start_us, .length_us = length_us};
    snprintf(edge->from, sizeof edge->from, "%s", from);
    snprintf(edge->to, sizeof edge->to, "%s", to);
    return edge;
}

static bool same_stage(const visit_t *a, const visit_t *b) {
    return strcmp(a->stage, b->stage) == 0 && (strcmp(a->stage, "queue") != 0 || rs_str_equal(a->queue, b->queue));
}

static bool entered_before(const way_t *way, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (same_stage(&way->visits[i], &way->visits[at]) && (i < RS_PATH_STAGES || strcmp(way->visits[i].stage, "queue") != 0)) {
            return true;
        }
    }
    return false;
}

/* Whether the visit comes back to a queue (an agent) after exactly one other: of the names up to it, without repeats in a row. */
static bool ping_pong(const way_t *way, size_t at, bool agents) {
    const char *stage = agents ? "talk" : "queue";
    rs_str_t names[WALK_VISITS];
    size_t count = 0;
    for (size_t i = 0; i <= at; i++) {
        const visit_t *v = &way->visits[i];
        if (v->back || strcmp(v->stage, stage) != 0) continue;
        const rs_str_t name = agents ? v->agent : v->queue;
        const bool again = count != 0 && rs_str_equal(names[count - 1], name);
        if (i == at && (name.len == 0 || again)) return false;
        if (name.len != 0 && !again) names[count++] = name;
    }
    return strcmp(way->visits[at].stage, stage) == 0 && !way->visits[at].back && count >= 3 &&
           rs_str_equal(names[count - 1], names[count - 3]);
}

void walk_edges(const way_t *way, const rs_interval_spec_t *interval, walked_edges_t *edges) {
    char from[80] = "begin", to[80];
    bool had_again = false, had_queues = false, had_agents = false;
    for (size_t i = 0; i < way->count; i++) {
        const visit_t *v = &way->visits[i], *last = i == 0 ? NULL : &way->visits[i - 1];
        walked_stage_text(v, to);
        walked_edge_t *edge = edge_at(edges, interval, way->tenant, last == NULL ? v->queue : last->queue, from, to, v->entered_us);
        const bool again = !v->back && entered_before(way, i), queues = ping_pong(way, i, false), agents = ping_pong(way, i, true);
        edge->count++;
        edge->again += again;
        edge->ping_pong_queues += queues;
        edge->ping_pong_agents += agents;
        had_again = had_again || again;
        had_queues = had_queues || queues;
        had_agents = had_agents || agents;
        if (last != NULL) {
            const int64_t time_us = (last->left_us != INT64_MIN ? last->left_us : v->entered_us) - last->entered_us;
            edge->time_us += time_us;
            edge->times[oracle_bucket(time_us)]++;
        }
        snprintf(from, sizeof from, "%s", to);
    }
    if (way->end == NULL) return;
    const visit_t *last = way->count == 0 ? NULL : &way->visits[way->count - 1];
    walked_edge_t *edge = edge_at(edges, interval, way->tenant, last == NULL ? (rs_str_t){0} : last->queue, from, way->end, way->end_us);
    edge->count++;
    edge->again += had_again;
    edge->ping_pong_queues += had_queues;
    edge->ping_pong_agents += had_agents;
    if (last == NULL) return;
    edge->time_us += way->until_us - last->entered_us;
    edge->times[oracle_bucket(way->until_us - last->entered_us)]++;
    edge->path_us += way->until_us - way->visits[0].entered_us;
}

void walk_variant(const way_t *way, walked_variants_t *variants) {
    walked_variant_t found = {.tenant = way->tenant, .cut = way->count > RS_PATH_STAGES};
    if (way->end == NULL) return;
    for (size_t i = 0; i < way->count && i < RS_PATH_STAGES; i++) {
        char text[80];
        walked_stage_text(&way->visits[i], text);
        strncat(found.path, text, sizeof found.path - strlen(found.path) - 1);
        strncat(found.path, " > ", sizeof found.path - strlen(found.path) - 1);
    }
    strncat(found.path, way->end, sizeof found.path - strlen(found.path) - 1);
    size_t at = 0;
    while (at < variants->count && !(rs_str_equal(variants->items[at].tenant, found.tenant) && variants->items[at].cut == found.cut &&
                                     strcmp(variants->items[at].path, found.path) == 0)) at++;
    if (at == variants->count) {
        variants->items = room_for_one(variants->items, variants->count, &variants->room, sizeof *variants->items);
        variants->items[variants->count++] = found;
    }
    variants->items[at].count++;
    if (way->count != 0) variants->items[at].path_us += way->until_us - way->visits[0].entered_us;
}
