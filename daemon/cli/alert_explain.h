/* cli/alert_explain.h — prints an alert's explanation (proto/FEED.md) for people: sparkline, where it comes from, what is next. */
#ifndef RS_CLI_ALERT_EXPLAIN_H
#define RS_CLI_ALERT_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

/* "▁▂▅█" of figures from oldest to newest, a blank where there is none; `size` at least 4 per figure and one. */
void rs_alert_sparkline(const double *figures, size_t count, char *text, size_t size);
/* `explanation`: that object of a body; what is missing or of another kind is left out. */
void rs_alert_print_explanation(FILE *out, const json_t *explanation, const char *metric);

#endif
