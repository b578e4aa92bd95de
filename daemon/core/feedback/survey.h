/* core/feedback/survey.h — what one answer to a survey is: on which scale, counted or not, at the top, promoter or detractor.
 *
 * Rules (cases.md "Feedback", and where that is silent):
 *   - CSAT and CES: each end of the scale is the one that the answer names, else the configured one (feedback.csat, feedback.ces).
 *     NPS is 0 to 10 always; an answer that names another scale is off it.
 *   - A scale runs from less to more and lies within -100 to 100. Scores are taken as they are, fractions too; ends belong to it.
 *   - A score outside of its scale, or on what is no scale, is not counted but reported (surveys_off_scale).
 *   - Top box: the score is the greatest of its own scale. Promoters 9 and more, detractors 6 and less; between them passive.
 *   - An answer without a score, or of a kind that is not known, is an answer of its contact (surveyed_contacts) and nothing else.
 * Scale of a sum: of the ends of the scales that were counted, the sums and the sum of squares are kept. For n scores on one
 *   scale, squares = n * (mean end² + mean end²); of any mixture squares are greater (a mean of squares is never less than the
 *   square of the mean, and equal only when all are equal). So sums of any parts know whether they mix scales, and can be taken
 *   back. With ends of at most 100 points a sum holds 4.6 * 10^8 answers before it could overflow, of scales up to 10, 4 * 10^10.
 * Purity:  functions of their arguments. */
#ifndef RS_CORE_SURVEY_H
#define RS_CORE_SURVEY_H

#include "config/config.h"

#define RS_SCALE_UNNAMED INT32_MIN                 /* an end that the answer does not name */
enum { RS_SCALE_END_MILLI = 100 * 1000 };          /* ends are within ± this */

/* Both ends in one number, as facts carry them. */
static inline int64_t rs_scale_pack(rs_scale_config_t scale) {
    return (int64_t)((uint64_t)(uint32_t)scale.min_milli << 32 | (uint32_t)scale.max_milli);
}
static inline rs_scale_config_t rs_scale_unpack(int64_t packed) {
    return (rs_scale_config_t){.min_milli = (int32_t)((uint64_t)packed >> 32), .max_milli = (int32_t)(uint32_t)packed};
}

typedef struct rs_survey_verdict {
    bool counted, off_scale;                       /* at most one of them; neither: no kind that is known */
    bool is_top, is_promoter, is_detractor;
    rs_scale_config_t scale;                       /* of a counted one */
} rs_survey_verdict_t;
/* `kind` rs_survey_kind_t, `named` what the answer says of its scale. */
rs_survey_verdict_t rs_survey_judge(const rs_feedback_config_t *config, unsigned kind, int64_t score_milli, rs_scale_config_t named);

/* What one scale adds to the sum of squares. */
int64_t rs_scale_squares(rs_scale_config_t scale);
/* The one scale that `responses` scores are on; false: there are none, or they are on several. */
bool rs_scale_of_sums(int64_t responses, int64_t min_milli, int64_t max_milli, int64_t squares, rs_scale_config_t *scale);

#endif
