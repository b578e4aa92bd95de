/* cli/row_feedback.h — what customers say, as members of a row.
 *
 *   csat        {responses, mean, top_box, scale: {min, max}}     mean of the raw scores; top_box: share at the top of their own scale
 *   nps         {responses, value, promoters, detractors}         value -100 to 100
 *   ces         {responses, mean, scale: {min, max}}
 *   surveys     {contacts, off_scale, response_rate}              contacts that answered; answers off their scale;
 *                                                                 response_rate = contacts / handled
 *   complaints  {received, acknowledged, investigated, responded, closed, overdue,
 *                acknowledge_ms, investigate_ms, respond_ms, close_ms}   overdue: stages past their deadline; means in working time
 *   compliments, suggestions                                      counts
 * An object is null when nothing of it was counted, a scale when the row mixes several, a mean or rate when it rests on nothing.
 * sql/functions/feedback.sql says the same. */
#ifndef RS_CLI_ROW_FEEDBACK_H
#define RS_CLI_ROW_FEEDBACK_H

#include "cli/row_form.h"
#include "core/row.h"

void rs_row_put_feedback(rs_form_t *form, const rs_row_t *row);

#endif
