/* core/feedback/change_feedback.h — what surveys and complaints count (change.h). */
#ifndef RS_CORE_CHANGE_FEEDBACK_H
#define RS_CORE_CHANGE_FEEDBACK_H

#include "core/change.h"

/* Facts of surveys and complaints. They say nothing of their queue's threshold: a row with nothing else has none. */
static inline bool rs_is_feedback(unsigned fact_type) {
    return fact_type == RS_FACT_SURVEY || fact_type == RS_FACT_SURVEYED || fact_type == RS_FACT_FEEDBACK ||
           fact_type == RS_FACT_COMPLAINT_STAGE;
}

/* Adds what such a fact counts. `change->feedback` is what is configured for its moment. */
void rs_change_of_feedback(rs_change_t *change, const rs_fact_t *fact);

#endif
