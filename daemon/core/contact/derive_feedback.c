#include "core/contact/derive_feedback.h"

#include "core/feedback/survey.h"

static rs_fact_t *add(rs_derivation_t *d, const rs_fact_t *fact) {
    RS_REQUIRE(d->facts->count < RS_FACTS_MAX);
    rs_fact_t *added = &d->facts->items[d->facts->count++];
    *added = *fact;
    return added;
}

/* Where the answer belongs, without a type. */
static rs_fact_t place_of(const rs_derivation_t *d, const rs_story_t *story, const rs_node_t *answer) {
    rs_fact_t fact = {.at_us = answer->at_us, .enter_us = answer->at_us, .agent = answer->agent, .team = answer->team,
                      .queue = answer->queue != 0 ? answer->queue : story->last_queue, .channel = answer->channel};
    if (fact.channel == 0) fact.channel = story->first_channel != 0 ? story->first_channel : RS_CHANNEL_VOICE;
    const rs_handling_t *last = story->handlings == 0 ? NULL : rs_pool_at(d->handlings, story->handlings);
    if (last != NULL && answer->queue == 0) fact.queue = last->queue;
    if (last != NULL && answer->agent == 0) fact.agent = last->agent;
    if (fact.team != 0) return fact;
    if (last != NULL && fact.agent == last->agent) fact.team = last->team;
    else if (fact.agent != 0) fact.team = d->team_of(d->context, d->tenant, fact.agent);
    return fact;
}

void rs_story_survey(rs_derivation_t *d, rs_story_t *story, const rs_node_t *answer) {
    const rs_fact_t place = place_of(d, story, answer);
    const bool is_known = answer->detail == RS_SURVEY_CSAT || answer->detail == RS_SURVEY_NPS || answer->detail == RS_SURVEY_CES;
    if (is_known && (answer->flags & RS_NODE_SCORE) != 0) {
        const rs_node_rest_t *rest = rs_node_rest(d, answer);
        const rs_scale_config_t named = {
            .min_milli = (answer->flags & RS_NODE_SCALE_MIN) != 0 ? rest->scale_min_milli : RS_SCALE_UNNAMED,
            .max_milli = (answer->flags & RS_NODE_SCALE_MAX) != 0 ? rest->scale_max_milli : RS_SCALE_UNNAMED};
        rs_fact_t *fact = add(d, &place);
        fact->type = RS_FACT_SURVEY;
        fact->reason = answer->detail;
        fact->a_us = rest->score_milli;
        fact->b_us = rs_scale_pack(named);
    }
    if (story->surveyed) return;
    story->surveyed = 1;
    add(d, &place)->type = RS_FACT_SURVEYED;
}
