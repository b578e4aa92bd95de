#include "core/process/path.h"

#include "core/hash.h"

void rs_path_init(rs_path_t *path) {
    *path = (rs_path_t){.begun_us = INT64_MIN, .entered_us = INT64_MIN, .stage = RS_PROCESS_BEGIN};
}

static rs_step_t *add(rs_steps_t *steps) {
    RS_REQUIRE(steps->count < RS_STEPS_MAX);
    rs_step_t *step = &steps->items[steps->count++];
    *step = (rs_step_t){.sign = 1};
    return step;
}

static uint64_t mixed(uint64_t hash, uint32_t stage) { return rs_hash_mix((hash ^ stage) + UINT64_C(0x9e3779b97f4a7c15)); }

static void add_end(const rs_path_t *path, rs_steps_t *steps, int sign) {
    rs_step_t *step = add(steps);
    const bool has_begun = path->stage != RS_PROCESS_BEGIN;
    step->from = path->stage;
    step->to = path->end;
    step->queue = path->queue;
    step->flags = path->flags;
    step->length = path->length;
    step->sign = (int8_t)sign;
    step->at_us = path->end_us;
    step->time_us = has_begun ? path->left_us - path->entered_us : 0;
    step->path_us = has_begun ? path->left_us - path->begun_us : 0;
    step->variant = mixed(path->hash, (uint32_t)path->end << 8 | (path->flags & RS_STEP_CUT));
}

void rs_path_resume(rs_path_t *path, rs_steps_t *steps) {
    if (path->end == 0) return;
    add_end(path, steps, -1);
    path->end = 0;
}

void rs_path_end(rs_path_t *path, rs_steps_t *steps, rs_process_kind_t end, int64_t at_us, int64_t left_us) {
    path->end = (uint8_t)end;
    path->end_us = at_us > path->entered_us ? at_us : path->entered_us;
    path->left_us = left_us > path->entered_us ? left_us : path->entered_us;
    path->ringing = 0;
    add_end(path, steps, 1);
}

static bool was_entered(const rs_path_t *path, uint32_t stage) {
    if (stage < RS_PROCESS_FIRST_QUEUE) return (path->kinds & 1u << stage) != 0;
    for (unsigned i = 0; i < path->length; i++) {
        if (path->stages[i] == stage) return true;
    }
    return false;
}

/* True when this is the one before the last one again. Who has no name is passed over. */
static bool came_back(uint32_t last_two[2], uint32_t name) {
    if (name == 0 || name == last_two[0]) return false;
    const bool back = name == last_two[1];
    last_two[1] = last_two[0];
    last_two[0] = name;
    return back;
}

static unsigned flags_of(rs_path_t *path, uint32_t stage, uint32_t agent, bool back) {
    if (back) return 0;
    unsigned flags = was_entered(path, stage) ? RS_STEP_AGAIN : 0;
    if (stage == path->stage) flags |= RS_STEP_LOOP;
    if (rs_stage_kind(stage) == RS_PROCESS_QUEUE && came_back(path->queues, rs_stage_queue(stage))) flags |= RS_STEP_PING_PONG_QUEUE;
    if (stage == RS_PROCESS_TALK && came_back(path->agents, agent)) flags |= RS_STEP_PING_PONG_AGENT;
    return flags;
}

static void remember(rs_path_t *path, uint32_t stage) {
    if (stage < RS_PROCESS_FIRST_QUEUE) path->kinds |= 1u << stage;
    if (path->length == RS_PATH_STAGES) {
        path->flags |= RS_STEP_CUT;
        return;
    }
    path->stages[path->length++] = stage;
    path->hash = mixed(path->hash, stage);
}

void rs_path_enter(rs_path_t *path, rs_steps_t *steps, uint32_t stage, uint32_t queue, uint32_t agent, bool back, int64_t at_us) {
    const bool first = path->stage == RS_PROCESS_BEGIN;
    const bool had_ended = path->end != 0;
    const int64_t earliest_us = had_ended ? path->end_us : path->entered_us;
    if (at_us < earliest_us) at_us = earliest_us;
    const int64_t left_us = had_ended && path->stage != RS_PROCESS_TRANSFER ? path->left_us : at_us;
    rs_path_resume(path, steps);
    const unsigned flags = flags_of(path, stage, agent, back);
    rs_step_t *step = add(steps);
    step->from = path->stage;
    step->to = stage;
    step->queue = first ? queue : path->queue;
    step->flags = (uint8_t)flags;
    step->at_us = at_us;
    step->time_us = first ? 0 : left_us - path->entered_us;
    path->flags |= (uint8_t)flags;
    remember(path, stage);
    if (first) path->begun_us = at_us;
    path->stage = stage;
    path->entered_us = at_us;
    path->ringing = 0;
    if (queue != 0) path->queue = queue;
}
