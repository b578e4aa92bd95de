#include "core/contact/derive_process.h"

rs_footing_t rs_story_footing(const rs_derivation_t *d, const rs_story_t *story) {
    return (rs_footing_t){.newest = story->handlings, .wrapping = story->wrapping, .taken_queued = story->taken_queued,
                          .leg_open = story->leg_open != 0, .handling_open = rs_story_open_handling(d, story) != NULL};
}

bool rs_path_copy(rs_derivation_t *d, const rs_story_t *story, rs_story_t *copy) {
    if (story->path == 0) return true;
    copy->path = rs_pool_take(d->paths);
    if (copy->path == 0) return false;
    *(rs_path_t *)rs_pool_at(d->paths, copy->path) = *(const rs_path_t *)rs_pool_at(d->paths, story->path);
    return true;
}

static rs_path_t *path_of(rs_derivation_t *d, rs_story_t *story) {
    if (story->path != 0) return rs_pool_at(d->paths, story->path);
    story->path = rs_pool_take(d->paths);
    if (story->path == 0) {
        d->out_of_room = true;
        return NULL;
    }
    rs_path_t *path = rs_pool_at(d->paths, story->path);
    rs_path_init(path);
    return path;
}

/* --- what the rules ask ------------------------------------------------------------------------------------------- */
typedef struct follower {
    rs_derivation_t *d;
    rs_story_t *story;
    rs_path_t *path;
    const rs_node_t *node;
    const rs_footing_t *before;
    bool handling_open;           /* now */
} follower_t;

static bool has_ended(const follower_t *f) { return f->path->end != 0; }
static bool stands_in(const follower_t *f, uint32_t stage) { return f->path->stage == stage && !has_ended(f); }
static bool in_conversation(const follower_t *f) { return stands_in(f, RS_PROCESS_TALK) || stands_in(f, RS_PROCESS_HOLD); }
/* Neither ended nor in its wrap-up: something can still become of it. */
static bool is_under_way(const follower_t *f) { return !has_ended(f) && f->path->stage != RS_PROCESS_WRAP; }
static bool nothing_is_open(const follower_t *f) { return !f->story->leg_open && !f->handling_open; }
static bool handling_has_ended(const follower_t *f) { return f->before->handling_open && !f->handling_open; }

static void enter(follower_t *f, uint32_t stage) { rs_path_enter(f->path, f->d->steps, stage, 0, 0, false, f->node->at_us); }
static void go_back(follower_t *f, uint32_t stage, uint32_t queue) {
    rs_path_enter(f->path, f->d->steps, stage, queue, 0, true, f->node->at_us);
}
static void enter_queue(follower_t *f, uint32_t queue, int64_t at_us) {
    rs_path_enter(f->path, f->d->steps, rs_stage_of_queue(queue), queue, 0, false, at_us);
}
static void end(follower_t *f, rs_process_kind_t outcome) {
    rs_path_end(f->path, f->d->steps, outcome, f->node->at_us, f->node->at_us);
}

/* --- legs --------------------------------------------------------------------------------------------------------- */
/* An outcome that a skewed clock put before its queued has opened the leg itself. */
static bool met_leg(follower_t *f) {
    if (f->before->leg_open) return true;
    const uint32_t taken = f->story->taken_queued;
    if (taken == 0 || taken == f->before->taken_queued) return false;
    const rs_node_t *queued = rs_pool_at(f->d->nodes, taken);
    enter_queue(f, queued->queue, queued->at_us);
    return true;
}

static void on_queued(follower_t *f, uint32_t number) {
    if (number != f->before->taken_queued) enter_queue(f, f->node->queue, f->node->at_us);
}

static void on_offered(follower_t *f) {
    rs_path_t *path = f->path;
    const bool may_ring = path->stage == RS_PROCESS_BEGIN || stands_in(f, RS_PROCESS_FLOW) || stands_in(f, RS_PROCESS_CALLBACK) ||
                          path->stage == RS_PROCESS_TRANSFER || stands_in(f, RS_PROCESS_RING);
    if (!f->story->leg_open && !may_ring) return;
    if (!stands_in(f, RS_PROCESS_RING)) {
        path->before_ring = path->stage;
        enter(f, RS_PROCESS_RING);
    }
    if (path->ringing < UINT16_MAX) path->ringing++;
}

static void on_offer_failed(follower_t *f) {
    rs_path_t *path = f->path;
    if (!stands_in(f, RS_PROCESS_RING)) return;
    if (path->ringing > 0) path->ringing--;
    if (path->ringing == 0 && path->before_ring != RS_PROCESS_BEGIN) go_back(f, path->before_ring, 0);
}

static void on_answered(follower_t *f) {
    const bool met = met_leg(f);
    const bool opened = f->story->handlings != f->before->newest;
    if (!met && !opened) return;
    const rs_handling_t *handling = opened ? rs_pool_at(f->d->handlings, f->story->handlings) : NULL;
    rs_path_enter(f->path, f->d->steps, RS_PROCESS_TALK, handling == NULL ? 0 : handling->queue, f->node->agent, false, f->node->at_us);
}

static void on_dequeued(follower_t *f) {
    if (!met_leg(f)) return;
    const rs_handling_t *handling = rs_story_open_handling(f->d, f->story);
    if (f->node->detail == RS_FLOW_CALLBACK) enter(f, RS_PROCESS_CALLBACK);
    else if (handling == NULL) end(f, RS_PROCESS_END_FLOWED_OUT);
    else go_back(f, (handling->flags & RS_HANDLING_HELD) != 0 ? RS_PROCESS_HOLD : RS_PROCESS_TALK, handling->queue);
}

/* --- ends --------------------------------------------------------------------------------------------------------- */
static rs_process_kind_t outcome_of(rs_process_kind_t stage, bool abandoned) {
    switch (stage) {
        case RS_PROCESS_TALK:
        case RS_PROCESS_HOLD: return RS_PROCESS_END_ANSWERED;
        case RS_PROCESS_QUEUE:
        case RS_PROCESS_RING: return RS_PROCESS_END_ABANDONED;
        case RS_PROCESS_TRANSFER: return abandoned ? RS_PROCESS_END_ABANDONED : RS_PROCESS_END_TRANSFERRED;
        case RS_PROCESS_CALLBACK: return abandoned ? RS_PROCESS_END_ABANDONED : RS_PROCESS_END_CALLBACK;
        default: return abandoned ? RS_PROCESS_END_ABANDONED : RS_PROCESS_END_BEFORE_QUEUE;
    }
}

static void on_ended(follower_t *f, bool abandoned) {
    if (abandoned) (void)met_leg(f);
    if (is_under_way(f)) end(f, outcome_of(rs_stage_kind(f->path->stage), abandoned));
}

void rs_path_lose(rs_derivation_t *d, rs_story_t *story) {
    rs_path_t *path = path_of(d, story);
    if (path == NULL || path->end != 0 || path->stage == RS_PROCESS_WRAP) return;
    rs_path_end(path, d->steps, RS_PROCESS_END_LOST, story->last.at_us + d->missing_end_us, story->last.at_us);
}

/* --- after the answer --------------------------------------------------------------------------------------------- */
static void on_transferred(follower_t *f) {
    if (!handling_has_ended(f) || !in_conversation(f)) return;
    enter(f, RS_PROCESS_TRANSFER);
    const rs_node_rest_t *aim = rs_node_rest(f->d, f->node);
    const bool leaves = f->node->detail == RS_TRANSFER_EXTERNAL || (aim->to_queue == 0 && aim->to_agent == 0);
    if (leaves) end(f, RS_PROCESS_END_TRANSFERRED);
}

static void on_wrapup_started(follower_t *f) {
    if (f->story->wrapping == f->before->wrapping) return;
    if (!has_ended(f) && !(handling_has_ended(f) && in_conversation(f))) return;
    f->path->end_after_wrap = has_ended(f) ? f->path->end : RS_PROCESS_END_ANSWERED;
    enter(f, RS_PROCESS_WRAP);
}

static void on_wrapup_ended(follower_t *f) {
    if (!stands_in(f, RS_PROCESS_WRAP) || f->story->wrapping != 0) return;
    if (f->path->survey_waits) enter(f, RS_PROCESS_SURVEY);
    f->path->survey_waits = false;
    end(f, (rs_process_kind_t)f->path->end_after_wrap);
}

static void on_survey(follower_t *f) {
    if (stands_in(f, RS_PROCESS_WRAP)) f->path->survey_waits = true;
    if (!has_ended(f) || f->path->stage == RS_PROCESS_SURVEY || f->path->stage == RS_PROCESS_BEGIN) return;
    const rs_process_kind_t outcome = (rs_process_kind_t)f->path->end;
    enter(f, RS_PROCESS_SURVEY);
    end(f, outcome);
}

/* --- call-backs --------------------------------------------------------------------------------------------------- */
static void on_callback(follower_t *f) {
    const bool requested = f->node->type == RS_CALLBACK_REQUESTED;
    if (f->path->stage == RS_PROCESS_CALLBACK) {
        if (f->node->type != RS_CALLBACK_FAILED) rs_path_resume(f->path, f->d->steps);
        else if (!has_ended(f)) end(f, RS_PROCESS_END_CALLBACK);
        return;
    }
    if (requested && nothing_is_open(f) && !stands_in(f, RS_PROCESS_WRAP)) enter(f, RS_PROCESS_CALLBACK);
}

/* --- the events --------------------------------------------------------------------------------------------------- */
static bool may_move(unsigned type) { return type != RS_CONTACT_MESSAGE && type != RS_DISPOSITION_SET; }

void rs_path_follow(rs_derivation_t *d, rs_story_t *story, uint32_t number, const rs_footing_t *before) {
    const rs_node_t *node = rs_pool_at(d->nodes, number);
    if (!may_move(node->type)) return;
    follower_t f = {.d = d, .story = story, .path = path_of(d, story), .node = node, .before = before,
                    .handling_open = rs_story_open_handling(d, story) != NULL};
    if (f.path == NULL) return;
    switch (node->type) {
        case RS_CONTACT_CREATED:
            if (f.path->stage == RS_PROCESS_BEGIN) enter(&f, RS_PROCESS_FLOW);
            break;
        case RS_CONTACT_QUEUED: on_queued(&f, number); break;
        case RS_CONTACT_OFFERED: on_offered(&f); break;
        case RS_CONTACT_OFFER_FAILED: on_offer_failed(&f); break;
        case RS_CONTACT_ANSWERED: on_answered(&f); break;
        case RS_CONTACT_HELD:
            if (stands_in(&f, RS_PROCESS_TALK)) enter(&f, RS_PROCESS_HOLD);
            break;
        case RS_CONTACT_RETRIEVED:
            if (stands_in(&f, RS_PROCESS_HOLD)) go_back(&f, RS_PROCESS_TALK, 0);
            break;
        case RS_CONTACT_TRANSFERRED: on_transferred(&f); break;
        case RS_CONTACT_ABANDONED: on_ended(&f, true); break;
        case RS_CONTACT_ENDED: on_ended(&f, false); break;
        case RS_CONTACT_DEQUEUED: on_dequeued(&f); break;
        case RS_CONTACT_BLOCKED:
            if (nothing_is_open(&f) && is_under_way(&f)) end(&f, RS_PROCESS_END_BLOCKED);
            break;
        case RS_CONTACT_CLOSED:
            if (nothing_is_open(&f) && is_under_way(&f)) end(&f, RS_PROCESS_END_CLOSED);
            break;
        case RS_CONTACT_REOPENED:
            if (has_ended(&f)) enter(&f, RS_PROCESS_FLOW);
            break;
        case RS_CONTACT_WRAPUP_STARTED: on_wrapup_started(&f); break;
        case RS_CONTACT_WRAPUP_ENDED: on_wrapup_ended(&f); break;
        case RS_CALLBACK_REQUESTED:
        case RS_CALLBACK_ATTEMPTED:
        case RS_CALLBACK_CONNECTED:
        case RS_CALLBACK_FAILED: on_callback(&f); break;
        case RS_SURVEY_ANSWERED: on_survey(&f); break;
        default: break;
    }
}

/* --- the difference of two readings ------------------------------------------------------------------------------- */
static bool same_step(const rs_step_t *a, const rs_step_t *b) { return memcmp(a, b, sizeof *a) == 0; }

/* An end and its being taken back, in one reading, are nothing. What is left of the latter are ends that were counted before the
 * reading's first event. */
static void leave_out_taken_back(rs_steps_t *steps) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < steps->count; i++) {
        rs_step_t step = steps->items[i];
        step.sign = 1;
        uint32_t end = steps->items[i].sign > 0 ? 0 : kept;
        while (end > 0 && !same_step(&steps->items[end - 1], &step)) end--;
        if (end == 0) {
            steps->items[kept++] = steps->items[i];
            continue;
        }
        memmove(&steps->items[end - 1], &steps->items[end], (--kept - (end - 1)) * sizeof step);
    }
    steps->count = kept;
}

/* Most readings agree at both ends; what is between is held against each other one by one. */
void rs_steps_leave_out_common(rs_steps_t *before, rs_steps_t *after) {
    leave_out_taken_back(before);
    leave_out_taken_back(after);
    uint32_t first = 0, before_end = before->count, after_end = after->count, left = 0;
    while (first < before_end && first < after_end && same_step(&before->items[first], &after->items[first])) first++;
    while (before_end > first && after_end > first && same_step(&before->items[before_end - 1], &after->items[after_end - 1])) {
        before_end--;
        after_end--;
    }
    after->count = 0;
    for (uint32_t i = first; i < after_end; i++) {
        uint32_t same = first;
        while (same < before_end && !same_step(&before->items[same], &after->items[i])) same++;
        if (same == before_end) after->items[after->count++] = after->items[i];
        else before->items[same] = before->items[--before_end];
    }
    for (uint32_t i = first; i < before_end; i++) before->items[left++] = before->items[i];
    before->count = left;
}
