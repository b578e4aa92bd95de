/* cli/figure_text.h — figures as a supervisor reads them: "83.1%", "1:25", "–" where there is none. Pure, except the
 * local times. All write a NUL-terminated text. */
#ifndef RS_CLI_FIGURE_TEXT_H
#define RS_CLI_FIGURE_TEXT_H

#include "base/base.h"

enum { RS_FIGURE_TEXT = 24 };
#define RS_NO_FIGURE "–"

/* numerator / denominator with one decimal. "–" when the denominator is not above 0. It is rounded, but never to a
 * whole that it is not: "100%" means every one, "0%" none at all. */
void rs_text_share(int64_t numerator, int64_t denominator, char text[RS_FIGURE_TEXT]);
/* The same without decimals, "<1%" and ">99%" at the ends. */
void rs_text_short_share(int64_t numerator, int64_t denominator, char text[RS_FIGURE_TEXT]);
/* "0:07", "12:34", "1h05", "3d04": at most 5 columns below 100 days. "–" when negative. */
void rs_text_ms(double ms, char text[RS_FIGURE_TEXT]);
void rs_text_count(int64_t count, char text[RS_FIGURE_TEXT]);
/* A figure of an alert in the unit of its metric: share, duration or number. */
void rs_text_metric(const char *metric, double value, char text[RS_FIGURE_TEXT]);
/* Local time, "10:15:30" or "2026-11-22 10:15:30"; "–" for 0 or less. */
void rs_text_local_time(int64_t at_us, bool with_date, char text[RS_FIGURE_TEXT]);

#endif
