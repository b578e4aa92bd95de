/* cli/alert_outcome.h — did it help? An alert's figure before and after, as the database measures it (sql/reports/outcome.sql). */
#ifndef RS_CLI_ALERT_OUTCOME_H
#define RS_CLI_ALERT_OUTCOME_H

#include "base/base.h"

#include <jansson.h>
#include <stdio.h>

/* A row of ringside.alert_outcome as an object; anything else prints nothing. */
void rs_alert_print_outcome(FILE *out, const json_t *outcome);

/* What a reviewer is told is what is kept with the review: so it is looked for there, as soon as it is stored. */
typedef struct rs_review_watch rs_review_watch_t;
/* Before the review is said. NULL: there is no database, or it does not answer; then nothing is measured now. */
rs_review_watch_t *rs_review_watch_begin(const char *conninfo);
/* After it was taken: waits at most `timeout_s` for the row, and frees the watch (NULL is accepted). NULL: it has not come, or the database
 * does not know that the alert has ended; else to be freed by json_decref. */
json_t *rs_review_watch_end(rs_review_watch_t *watch, uint64_t episode, const char *who, long timeout_s);

#endif
