#include "core/feedback/change_feedback.h"

#include "core/feedback/survey.h"

static const struct { uint16_t stage, time; } stage_counts[RS_FEEDBACK_STAGE_COUNT] = {
    [RS_FEEDBACK_STAGE_ACKNOWLEDGED] = {RS_COUNT_COMPLAINTS_ACKNOWLEDGED, RS_COUNT_COMPLAINT_ACKNOWLEDGE_US},
    [RS_FEEDBACK_STAGE_INVESTIGATED] = {RS_COUNT_COMPLAINTS_INVESTIGATED, RS_COUNT_COMPLAINT_INVESTIGATE_US},
    [RS_FEEDBACK_STAGE_RESPONDED] = {RS_COUNT_COMPLAINTS_RESPONDED, RS_COUNT_COMPLAINT_RESPOND_US},
    [RS_FEEDBACK_STAGE_CLOSED] = {RS_COUNT_COMPLAINTS_CLOSED, RS_COUNT_COMPLAINT_CLOSE_US}};

static const uint16_t kind_counts[RS_FEEDBACK_COUNT] = {
    [RS_FEEDBACK_COMPLAINT] = RS_COUNT_COMPLAINTS, [RS_FEEDBACK_COMPLIMENT] = RS_COUNT_COMPLIMENTS,
    [RS_FEEDBACK_SUGGESTION] = RS_COUNT_SUGGESTIONS};

static void change_of_scale(rs_change_t *change, rs_scale_config_t scale, unsigned min_milli, unsigned max_milli, unsigned squares) {
    rs_change_count(change, min_milli, scale.min_milli);
    rs_change_count(change, max_milli, scale.max_milli);
    rs_change_count(change, squares, rs_scale_squares(scale));
}

static void change_of_survey(rs_change_t *change, const rs_fact_t *fact) {
    const rs_survey_verdict_t verdict = rs_survey_judge(change->feedback, fact->reason, fact->a_us, rs_scale_unpack(fact->b_us));
    if (verdict.off_scale) rs_change_count(change, RS_COUNT_SURVEYS_OFF_SCALE, 1);
    if (!verdict.counted) return;
    switch (fact->reason) {
        case RS_SURVEY_CSAT:
            rs_change_count(change, RS_COUNT_CSAT_RESPONSES, 1);
            rs_change_count(change, RS_COUNT_CSAT_SCORE_MILLI, fact->a_us);
            if (verdict.is_top) rs_change_count(change, RS_COUNT_CSAT_TOP, 1);
            change_of_scale(change, verdict.scale, RS_COUNT_CSAT_SCALE_MIN_MILLI, RS_COUNT_CSAT_SCALE_MAX_MILLI,
                            RS_COUNT_CSAT_SCALE_SQUARES);
            break;
        case RS_SURVEY_CES:
            rs_change_count(change, RS_COUNT_CES_RESPONSES, 1);
            rs_change_count(change, RS_COUNT_CES_SCORE_MILLI, fact->a_us);
            change_of_scale(change, verdict.scale, RS_COUNT_CES_SCALE_MIN_MILLI, RS_COUNT_CES_SCALE_MAX_MILLI,
                            RS_COUNT_CES_SCALE_SQUARES);
            break;
        default:
            rs_change_count(change, RS_COUNT_NPS_RESPONSES, 1);
            if (verdict.is_promoter) rs_change_count(change, RS_COUNT_NPS_PROMOTERS, 1);
            if (verdict.is_detractor) rs_change_count(change, RS_COUNT_NPS_DETRACTORS, 1);
            break;
    }
}

void rs_change_of_feedback(rs_change_t *change, const rs_fact_t *fact) {
    switch (fact->type) {
        case RS_FACT_SURVEY: change_of_survey(change, fact); break;
        case RS_FACT_SURVEYED: rs_change_count(change, RS_COUNT_SURVEYED_CONTACTS, 1); break;
        case RS_FACT_FEEDBACK: rs_change_count(change, kind_counts[fact->reason], 1); break;
        default:
            rs_change_count(change, stage_counts[fact->reason].stage, 1);
            rs_change_count(change, stage_counts[fact->reason].time, fact->a_us);
            if (fact->outcome != 0) rs_change_count(change, RS_COUNT_COMPLAINTS_OVERDUE, 1);
            break;
    }
}
