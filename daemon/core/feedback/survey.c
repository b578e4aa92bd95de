#include "core/feedback/survey.h"

static const rs_scale_config_t nps_scale = {.min_milli = 0, .max_milli = 10 * 1000};
enum { PROMOTER_MILLI = 9 * 1000, DETRACTOR_MILLI = 6 * 1000 };

static bool is_scale(rs_scale_config_t scale) {
    return scale.min_milli < scale.max_milli && scale.min_milli >= -RS_SCALE_END_MILLI && scale.max_milli <= RS_SCALE_END_MILLI;
}

static rs_scale_config_t with_named_ends(rs_scale_config_t scale, rs_scale_config_t named) {
    if (named.min_milli != RS_SCALE_UNNAMED) scale.min_milli = named.min_milli;
    if (named.max_milli != RS_SCALE_UNNAMED) scale.max_milli = named.max_milli;
    return scale;
}

rs_survey_verdict_t rs_survey_judge(const rs_feedback_config_t *config, unsigned kind, int64_t score_milli, rs_scale_config_t named) {
    rs_survey_verdict_t verdict = {0};
    bool is_right_scale = true;
    switch (kind) {
        case RS_SURVEY_CSAT: verdict.scale = with_named_ends(config->csat, named); break;
        case RS_SURVEY_CES: verdict.scale = with_named_ends(config->ces, named); break;
        case RS_SURVEY_NPS:
            verdict.scale = with_named_ends(nps_scale, named);
            is_right_scale = rs_scale_pack(verdict.scale) == rs_scale_pack(nps_scale);
            break;
        default: return verdict;
    }
    const bool is_on_scale = score_milli >= verdict.scale.min_milli && score_milli <= verdict.scale.max_milli;
    verdict.counted = is_right_scale && is_scale(verdict.scale) && is_on_scale;
    verdict.off_scale = !verdict.counted;
    if (!verdict.counted) return verdict;
    verdict.is_top = kind == RS_SURVEY_CSAT && score_milli == verdict.scale.max_milli;
    verdict.is_promoter = kind == RS_SURVEY_NPS && score_milli >= PROMOTER_MILLI;
    verdict.is_detractor = kind == RS_SURVEY_NPS && score_milli <= DETRACTOR_MILLI;
    return verdict;
}

int64_t rs_scale_squares(rs_scale_config_t scale) {
    const int64_t min = scale.min_milli, max = scale.max_milli;
    return min * min + max * max;
}

bool rs_scale_of_sums(int64_t responses, int64_t min_milli, int64_t max_milli, int64_t squares, rs_scale_config_t *scale) {
    if (responses <= 0 || min_milli % responses != 0 || max_milli % responses != 0) return false;
    const int64_t min = min_milli / responses, max = max_milli / responses;
    if (min < -RS_SCALE_END_MILLI || max > RS_SCALE_END_MILLI || min >= max) return false;
    const rs_scale_config_t one = {.min_milli = (int32_t)min, .max_milli = (int32_t)max};
    if (squares % responses != 0 || squares / responses != rs_scale_squares(one)) return false;
    *scale = one;
    return true;
}
