/* support/oracle_feedback.c — answers to surveys, read once more from the rules.
 *
 * doubt: marks a place where the rules leave two readings. */
#include "oracle_internal.h"

/* doubt: each end that the answer does not name is the configured one; NPS is 0 to 10 whatever is configured. */
static bool scale_of(const rs_config_t *config, const rs_event_t *event, int64_t *from, int64_t *to) {
    *from = event->kind == RS_SURVEY_CSAT ? config->feedback.csat.min_milli
                                          : event->kind == RS_SURVEY_CES ? config->feedback.ces.min_milli : 0;
    *to = event->kind == RS_SURVEY_CSAT ? config->feedback.csat.max_milli
                                        : event->kind == RS_SURVEY_CES ? config->feedback.ces.max_milli : 10000;
    if ((event->present & RS_HAS_SCALE_MIN) != 0) *from = event->scale_min_milli;
    if ((event->present & RS_HAS_SCALE_MAX) != 0) *to = event->scale_max_milli;
    if (event->kind == RS_SURVEY_NPS) return *from == 0 && *to == 10000;
    /* doubt: what is wider than a hundred either way is no scale. */
    return *from < *to && *from >= -100000 && *to <= 100000;
}

static void count_score(oracle_t *oracle, const oracle_fact_t *fact, const rs_event_t *event) {
    int64_t from, to;
    const int64_t score = event->score_milli;
    const bool is_scale = scale_of(oracle->config, event, &from, &to);
    if (!is_scale || score < from || score > to) {
        oracle_add_count(oracle, *fact, RS_COUNT_SURVEYS_OFF_SCALE, 1);
        return;
    }
    if (event->kind == RS_SURVEY_NPS) {
        oracle_add_count(oracle, *fact, RS_COUNT_NPS_RESPONSES, 1);
        oracle_add_count(oracle, *fact, RS_COUNT_NPS_PROMOTERS, score >= 9000);
        oracle_add_count(oracle, *fact, RS_COUNT_NPS_DETRACTORS, score <= 6000);
        return;
    }
    const bool is_csat = event->kind == RS_SURVEY_CSAT;
    oracle_add_count(oracle, *fact, is_csat ? RS_COUNT_CSAT_RESPONSES : RS_COUNT_CES_RESPONSES, 1);
    oracle_add_count(oracle, *fact, is_csat ? RS_COUNT_CSAT_SCORE_MILLI : RS_COUNT_CES_SCORE_MILLI, score);
    if (is_csat) oracle_add_count(oracle, *fact, RS_COUNT_CSAT_TOP, score == to);
    oracle_add_count(oracle, *fact, is_csat ? RS_COUNT_CSAT_SCALE_MIN_MILLI : RS_COUNT_CES_SCALE_MIN_MILLI, from);
    oracle_add_count(oracle, *fact, is_csat ? RS_COUNT_CSAT_SCALE_MAX_MILLI : RS_COUNT_CES_SCALE_MAX_MILLI, to);
    oracle_add_count(oracle, *fact, is_csat ? RS_COUNT_CSAT_SCALE_SQUARES : RS_COUNT_CES_SCALE_SQUARES, from * from + to * to);
}

/* doubt: queue and agent are looked for each on its own. A handling without a queue is the last handling all the same. */
void oracle_count_survey(oracle_t *oracle, rs_str_t tenant, const rs_event_t *event, const oracle_survey_place_t *place,
                         bool is_first) {
    const rs_str_t agent = event->agent.len != 0 ? event->agent : place->agent;
    rs_str_t team = rs_str_equal(agent, place->agent) ? place->team : place->team_of_named;
    if (event->team.len != 0) team = event->team;
    const place_t where = {.queue = event->queue.len != 0 ? event->queue : place->queue, .channel = place->channel};
    oracle_fact_t fact = oracle_fact_at(oracle, tenant, where, event->occurred_us, event->occurred_us);
    fact.threshold_us = -1; /* a survey says nothing of waiting */
    fact = oracle_with_agent(fact, agent, team);
    const bool is_known = event->kind == RS_SURVEY_CSAT || event->kind == RS_SURVEY_NPS || event->kind == RS_SURVEY_CES;
    if (is_known && (event->present & RS_HAS_SCORE) != 0) count_score(oracle, &fact, event);
    /* doubt: any answer makes its contact a surveyed one, also one that is not counted. */
    oracle_add_count(oracle, fact, RS_COUNT_SURVEYED_CONTACTS, is_first);
}
