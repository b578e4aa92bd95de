/* core/detect/chart.h — Shewhart's chart with the run rules of Western Electric and of Nelson.
 *
 * Formula:   x = (figure - baseline) / sigma; zones of `width` sigmas on either side:
 *     beyond_3       one point beyond 3 widths                                                    (W. A. Shewhart, 1931)
 *     two_of_three   two of three in a row beyond 2 widths, same side        (Western Electric, Statistical Quality Control
 *     four_of_five   four of five beyond 1 width, same side                   Handbook, 1956; run lengths: Champ and Woodall,
 *     side           `side_run` in a row on one side: 8 (Western Electric)    Technometrics 29 (1987) 393)
 *                    or 9 (L. S. Nelson, J. Quality Technology 16 (1984) 237; the next are his, too)
 *     trend          `trend_run` points each above (or each below) the one before: 6
 *     alternating    `alternating_run` points that go up and down in turn: 14
 *     within         `within_run` in a row within 1 width, either side: 15
 *     outside        `outside_run` in a row beyond 1 width, either side: 8
 *     The last of the points that make a rule signals. Libraries take 8 for 9 silently; here it is written down.
 * Use:       disjoint subgroups only: on a moving mean of independent figures all rules together alarm every dozen ticks.
 * State:     flat, no pointers. Pure. */
#ifndef RS_CORE_DETECT_CHART_H
#define RS_CORE_DETECT_CHART_H

#include "core/detect/cusum.h"

enum {
    RS_CHART_BEYOND_3 = 1, RS_CHART_TWO_OF_THREE = 2, RS_CHART_FOUR_OF_FIVE = 4, RS_CHART_SIDE = 8,
    RS_CHART_TREND = 16, RS_CHART_ALTERNATING = 32, RS_CHART_WITHIN = 64, RS_CHART_OUTSIDE = 128,
    RS_CHART_WESTERN_ELECTRIC = 15, RS_CHART_NELSON = 255
};

typedef struct rs_chart_design {
    uint32_t rules;            /* RS_CHART_… */
    double width;              /* sigmas of one zone; 1 in the books */
    uint16_t side_run, trend_run, alternating_run, within_run, outside_run;
    uint8_t sides;             /* of beyond_3, two_of_three, four_of_five and side */
} rs_chart_design_t;
typedef struct rs_chart {
    double last;
    uint8_t above_two, above_one, below_two, below_one;   /* the points before: a bit each, the newest lowest */
    int8_t side, direction;    /* -1, 0, 1: of the run, of the last step */
    uint8_t points;            /* 0: none yet, 1: last is there */
    uint16_t side_count, trend_count, alternating_count, within_count, outside_count;
} rs_chart_t;

/* As in the books: width 1; Western Electric's side is 8, Nelson's (any rule from trend on) 9. */
rs_chart_design_t rs_chart_design(uint32_t rules);
/* Begin with a zeroed state. The rules that signal. */
uint32_t rs_chart_step(const rs_chart_design_t *design, rs_chart_t *chart, double x);
/* "two_of_three", …, of the lowest rule in the set; "" of none. Static storage. */
const char *rs_chart_rule_name(uint32_t rules);

#endif
