/* core/figure.h — figures of agents and teams as named formulas over counts, for whoever prints, stores or alerts on them.
 *
 * Each returns false, and leaves *value alone, where there is nothing to say (the denominator is 0). Sums of counts go in, so a
 * roll-up is sum over sum, never a mean of ratios. Pure.
 */
#ifndef RS_CORE_FIGURE_H
#define RS_CORE_FIGURE_H

#include "core/counts.h"

/* Occupancy `on_contact` = (talk + hold + wrap) / (that + available). Null without logged-in time: of an agent of whom no
 * agent.state is known, availability is unknown, and not 0. */
bool rs_figure_occupancy_on_contact(const int64_t counts[RS_COUNT_COUNT], double *value);
/* Occupancy `logged_in` = (talk + hold + wrap) / logged-in time. Above 1 when an agent works on several contacts at once, and in
 * an interval in which a long handling ends: its talk is counted at its end (metrics.md). */
bool rs_figure_occupancy_logged_in(const int64_t counts[RS_COUNT_COUNT], double *value);
/* 1 - out of plan / planned, not below 0. Planned time holds the work outside of the plan, too (core/agent/agent.h). */
bool rs_figure_adherence(const int64_t counts[RS_COUNT_COUNT], double *value);
/* Worked / planned work. */
bool rs_figure_conformance(const int64_t counts[RS_COUNT_COUNT], double *value);

#endif
