#include "cli/figure_text.h"

#include "config/metric_names.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

static void ratio_text(double ratio, char text[RS_FIGURE_TEXT]) {
    const bool is_between = ratio > 0 && ratio < 1;
    if (ratio == 0 || ratio == 1)
        snprintf(text, RS_FIGURE_TEXT, "%.0f%%", ratio * 100);
    else
        snprintf(text, RS_FIGURE_TEXT, "%.1f%%", is_between ? fmin(fmax(ratio * 100, 0.1), 99.9) : ratio * 100);
}

void rs_text_share(int64_t numerator, int64_t denominator, char text[RS_FIGURE_TEXT]) {
    if (denominator <= 0)
        strcpy(text, RS_NO_FIGURE);
    else
        ratio_text((double)numerator / (double)denominator, text);
}

void rs_text_short_share(int64_t numerator, int64_t denominator, char text[RS_FIGURE_TEXT]) {
    if (denominator <= 0) {
        strcpy(text, RS_NO_FIGURE);
        return;
    }
    const double percent = 100 * (double)numerator / (double)denominator;
    if (numerator > 0 && percent < 1)
        strcpy(text, "<1%");
    else if (numerator < denominator && percent > 99)
        strcpy(text, ">99%");
    else
        snprintf(text, RS_FIGURE_TEXT, "%.0f%%", percent);
}

void rs_text_ms(double ms, char text[RS_FIGURE_TEXT]) {
    if (!(ms >= 0)) {
        strcpy(text, RS_NO_FIGURE);
        return;
    }
    const int64_t s = ms < 1e15 ? (int64_t)(ms / 1000 + 0.5) : INT64_C(1000000000000);
    if (s < 3600)
        snprintf(text, RS_FIGURE_TEXT, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
    else if (s < 86400)
        snprintf(text, RS_FIGURE_TEXT, "%" PRId64 "h%02" PRId64, s / 3600, s % 3600 / 60);
    else
        snprintf(text, RS_FIGURE_TEXT, "%" PRId64 "d%02" PRId64, s / 86400, s % 86400 / 3600);
}

void rs_text_count(int64_t count, char text[RS_FIGURE_TEXT]) { snprintf(text, RS_FIGURE_TEXT, "%" PRId64, count); }

void rs_text_metric(const char *metric, double value, char text[RS_FIGURE_TEXT]) {
    rs_metric_unit_t unit = RS_UNIT_COUNT;
    (void)rs_config_metric_known(rs_str(metric), &unit);
    switch (unit) {
        case RS_UNIT_RATIO:
        case RS_UNIT_GAUGE_RATIO: ratio_text(value, text); return;
        case RS_UNIT_TIME:
        case RS_UNIT_GAUGE_TIME: rs_text_ms(value, text); return;
        case RS_UNIT_SCORE: snprintf(text, RS_FIGURE_TEXT, "%.4g", value); return;
        case RS_UNIT_COUNT:
        case RS_UNIT_GAUGE_COUNT: break;
    }
    snprintf(text, RS_FIGURE_TEXT, "%.10g", value);
}

void rs_text_local_time(int64_t at_us, bool with_date, char text[RS_FIGURE_TEXT]) {
    const time_t at = (time_t)(at_us / RS_US_PER_S);
    struct tm local;
    size_t len = 0;
    if (at_us > 0 && localtime_r(&at, &local) != NULL) {
        len = with_date ? strftime(text, RS_FIGURE_TEXT, "%Y-%m-%d %H:%M:%S", &local)
                        : strftime(text, RS_FIGURE_TEXT, "%H:%M:%S", &local);
    }
    if (len == 0) strcpy(text, RS_NO_FIGURE);
}
