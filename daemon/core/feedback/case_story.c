#include "core/feedback/case_story.h"

enum { RECEIVED = 0, CLOSED = RS_CASE_STAGES - 1 };

void rs_case_story_init(rs_case_story_t *story) { *story = (rs_case_story_t){.last.at_us = INT64_MIN}; }

/* --- clocks and deadlines ------------------------------------------------------------------------------------------- */
static const rs_config_t *config_at(const rs_case_rules_t *rules, int64_t at_us) {
    return rs_account_generation(rules->account, at_us)->config;
}

/* NULL: the clock always runs. */
static const rs_calendar_t *hours_of(const rs_config_t *config) {
    const rs_str_t name = config->feedback.complaint_hours;
    for (uint32_t i = 0; name.len != 0 && i < config->hours_count; i++) {
        if (rs_str_equal(config->hours[i].name, name)) return config->hours[i].calendar;
    }
    return NULL;
}

static int64_t deadline_of(const rs_config_t *config, int stage) {
    switch (stage + RS_FEEDBACK_STAGE_RECEIVED) {
        case RS_FEEDBACK_STAGE_ACKNOWLEDGED: return config->feedback.acknowledge_us;
        case RS_FEEDBACK_STAGE_INVESTIGATED: return config->feedback.investigate_us;
        case RS_FEEDBACK_STAGE_RESPONDED: return config->feedback.respond_us;
        case RS_FEEDBACK_STAGE_CLOSED: return config->feedback.close_us;
        default: return 0;
    }
}

static bool has_reached(const rs_case_story_t *story, int stage) { return (story->reached & 1u << stage) != 0; }

static int furthest(const rs_case_story_t *story) {
    return story->reached == 0 ? -1 : 31 - __builtin_clz((unsigned)story->reached);
}

/* When the clock of a stage began: at the latest of those before it. */
static int64_t clock_began(const rs_case_story_t *story, int stage) {
    int64_t began_us = INT64_MIN;
    for (int before = RECEIVED; before < stage; before++) {
        if (has_reached(story, before) && story->reached_us[before] > began_us) began_us = story->reached_us[before];
    }
    return began_us;
}

int rs_case_stands_at(const rs_case_story_t *story) { return has_reached(story, CLOSED) ? -1 : furthest(story); }

int64_t rs_case_overdue_from(const rs_case_rules_t *rules, const rs_case_story_t *story) {
    const int stands_at = rs_case_stands_at(story);
    if (stands_at < 0) return INT64_MAX;
    const int64_t began_us = clock_began(story, stands_at + 1);
    const rs_config_t *config = config_at(rules, began_us);
    for (int next = stands_at + 1; next <= CLOSED; next++) {
        const int64_t deadline_us = deadline_of(config, next);
        if (deadline_us > 0) return rs_calendar_due_us(hours_of(config), began_us, deadline_us + 1);
    }
    return INT64_MAX;
}

/* --- facts ---------------------------------------------------------------------------------------------------------- */
/* Where what the event says belongs, without a type; the case learns what it names. */
static rs_fact_t place_of(const rs_case_rules_t *rules, rs_case_story_t *story, uint32_t tenant, const rs_case_event_t *event) {
    const bool names_agent = event->agent != 0;
    if (story->queue == 0) story->queue = event->queue;
    if (story->agent == 0) story->agent = event->agent;
    if (story->channel == 0) story->channel = event->channel;
    rs_fact_t fact = {.at_us = event->at_us, .enter_us = event->at_us,
                      .queue = event->queue != 0 ? event->queue : story->queue,
                      .agent = names_agent ? event->agent : story->agent, .team = event->team};
    fact.channel = event->channel != 0 ? event->channel : story->channel != 0 ? story->channel : RS_CHANNEL_VOICE;
    if (fact.team == 0 && !names_agent) fact.team = story->team;
    if (fact.team == 0 && fact.agent != 0) fact.team = rules->team_of(rules->context, tenant, fact.agent);
    if (story->team == 0) story->team = event->team;
    return fact;
}

static rs_fact_t *add(rs_case_facts_t *facts, const rs_fact_t *place, rs_fact_type_t type, uint8_t reason) {
    rs_fact_t *fact = &facts->items[facts->count++];
    *fact = *place;
    fact->type = (uint8_t)type;
    fact->reason = reason;
    return fact;
}

static void reach(rs_case_story_t *story, int stage, int64_t at_us) {
    story->reached |= (uint8_t)(1u << stage);
    story->reached_us[stage] = at_us;
}

static void count_stage(const rs_case_rules_t *rules, const rs_case_story_t *story, int stage, const rs_fact_t *place,
                        rs_case_facts_t *facts) {
    const int64_t began_us = clock_began(story, stage);
    const rs_config_t *config = config_at(rules, began_us);
    const int64_t deadline_us = deadline_of(config, stage);
    rs_fact_t *fact = add(facts, place, RS_FACT_COMPLAINT_STAGE, (uint8_t)(stage + RS_FEEDBACK_STAGE_RECEIVED));
    fact->a_us = rs_calendar_worked_us(hours_of(config), began_us, place->at_us);
    fact->outcome = deadline_us > 0 && fact->a_us > deadline_us;
}

/* What lies beyond the stage is to be reached anew; what lies before it was reached, at this moment for all clocks. */
static void go_back(rs_case_story_t *story, int stage, int64_t at_us) {
    reach(story, stage, at_us);
    story->reached &= (uint8_t)((1u << (stage + 1)) - 1);
    for (int before = RECEIVED; before < stage; before++) {
        if (has_reached(story, before)) story->reached_us[before] = at_us;
    }
}

static void take_stage(const rs_case_rules_t *rules, rs_case_story_t *story, unsigned named, const rs_fact_t *place,
                       rs_case_facts_t *facts) {
    const bool begins = story->reached == 0;
    if (begins) reach(story, RECEIVED, place->at_us);
    if (named < RS_FEEDBACK_STAGE_RECEIVED) return;
    const int stage = (int)named - RS_FEEDBACK_STAGE_RECEIVED;
    if (stage == furthest(story)) return;
    if (has_reached(story, stage) || has_reached(story, CLOSED)) {
        go_back(story, stage, place->at_us);
        return;
    }
    count_stage(rules, story, stage, place, facts);
    reach(story, stage, place->at_us);
}

void rs_case_step(const rs_case_rules_t *rules, rs_case_story_t *story, uint32_t tenant, const rs_case_event_t *event,
                  rs_case_facts_t *facts) {
    const rs_fact_t place = place_of(rules, story, tenant, event);
    unsigned kind = event->kind;
    if (kind <= RS_FEEDBACK_OTHER) {
        if (story->reached == 0) return;
        kind = RS_FEEDBACK_COMPLAINT;
    }
    if ((story->kinds & 1u << kind) == 0) add(facts, &place, RS_FACT_FEEDBACK, (uint8_t)kind);
    story->kinds |= (uint8_t)(1u << kind);
    if (kind == RS_FEEDBACK_COMPLAINT) take_stage(rules, story, event->stage, &place, facts);
}
