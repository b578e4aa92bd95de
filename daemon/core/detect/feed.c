/* Closing subgroups: from a figure to a standardised one, through the detector, to a verdict; and learning what is usual. */
#include "core/detect/feed.h"

#include "core/detect/rates.h"

#include <math.h>

/* --- samples -------------------------------------------------------------------------------------------------------- */
static rs_sample_t sample_of(const rs_detect_rule_t *rule, const rs_figure_t *figure) {
    const bool rests = rule->measure != RS_MEASURE_COUNT && figure->denominator > 0 && !rule->gauge;
    return (rs_sample_t){.measure = rule->measure, .value = figure->value, .n = rests ? (double)figure->denominator : 1};
}

/* Enough behind it, as far as the sample itself tells. */
static bool is_evidence(const rs_detect_rule_t *rule, const rs_figure_t *figure) {
    if (figure->is_null) return false;
    if (rule->measure == RS_MEASURE_COUNT || rule->gauge) return true;
    return figure->denominator >= rule->config->min_sample;
}

static rs_season_slot_t slot_of(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, int64_t begin_us) {
    const int64_t offset_us = feed->zone == NULL ? 0 : (int64_t)rs_zone_offset_s(feed->zone, begin_us) * RS_US_PER_S;
    return rs_season_slot(begin_us + offset_us, rule->per_day);
}

/* What is usual for the subgroup; false: not known yet. */
static bool find_centre(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, const rs_detect_state_t *state, int64_t begin_us,
                        double *centre) {
    *centre = rule->config->centre;
    if (rule->per_day > 0) return rs_season_centre(feed->days, &state->season, slot_of(feed, rule, begin_us), centre);
    if (rule->config->baseline == RS_BASELINE_FIXED) return true;
    return rs_reference_mean(&state->reference, centre);
}

static bool find_sigma(const rs_detect_rule_t *rule, const rs_detect_state_t *state, double *sigma) {
    const bool of_sums = rule->detector == RS_DETECTOR_CUSUM || rule->detector == RS_DETECTOR_EWMA;
    if (rule->config->sigma > 0) {
        *sigma = rule->config->sigma;
        return true;
    }
    if (rule->config->baseline == RS_BASELINE_FIXED && rule->measure != RS_MEASURE_VALUE) {
        *sigma = 1;
        return true;
    }
    return rs_reference_sigma(&state->reference, of_sums, sigma);
}

/* --- detectors ------------------------------------------------------------------------------------------------------ */
/* A standardised figure with what it takes to say things in the metric's unit again. */
typedef struct subgroup {
    double w, centre, deviation;        /* figure = centre + w · deviation */
} subgroup_t;

/* Which side a figure is on. */
static double direction(const rs_detect_rule_t *rule, double w) {
    if (rule->sides == RS_SIDE_UP) return 1;
    if (rule->sides == RS_SIDE_DOWN) return -1;
    return w < 0 ? -1 : 1;
}

static uint8_t verdict_of(rs_detect_state_t *state, bool signalled, bool is_calm) {
    if (signalled) state->engaged = true;
    else if (is_calm) state->engaged = false;
    return signalled ? RS_DETECT_BREACH : state->engaged ? RS_DETECT_BETWEEN : RS_DETECT_GOOD;
}

static uint8_t step_cusum(const rs_detect_rule_t *rule, rs_detect_state_t *state, double x, double *limit) {
    const rs_cusum_design_t *design = &rule->cusum;
    if (!state->begun) rs_cusum_begin(design, &state->cusum);
    const double up = design->h_up + design->k_up - state->cusum.up, down = design->k_down - design->h_down + state->cusum.down;
    const unsigned signalled = rs_cusum_step(design, &state->cusum, x);
    *limit = (signalled & RS_SIDE_UP) != 0 || rule->sides == RS_SIDE_UP ? up
             : (signalled & RS_SIDE_DOWN) != 0 || rule->sides == RS_SIDE_DOWN || state->cusum.down > state->cusum.up ? down
                                                                                                                   : up;
    rs_cusum_restart(design, &state->cusum, signalled);
    const bool calm = ((rule->sides & RS_SIDE_UP) == 0 || state->cusum.up <= design->h_up / 4) &&
                      ((rule->sides & RS_SIDE_DOWN) == 0 || state->cusum.down <= design->h_down / 4);
    return verdict_of(state, signalled != 0, calm);
}

static uint8_t step_ewma(const rs_detect_rule_t *rule, rs_detect_state_t *state, double x, double *limit) {
    const rs_ewma_design_t *design = &rule->ewma;
    const double before = state->ewma.value;
    const unsigned signalled = rs_ewma_step(design, &state->ewma, x);
    const double bound = rs_ewma_limit(design, state->ewma.steps);
    *limit = (direction(rule, state->ewma.value) * bound - (1 - design->weight) * before) / design->weight;
    const bool calm = direction(rule, state->ewma.value) * state->ewma.value <= bound / 2;
    return verdict_of(state, signalled != 0, calm);
}

static uint8_t step_chart(const rs_detect_rule_t *rule, rs_detect_state_t *state, double x, double *limit) {
    const uint32_t signalled = rs_chart_step(&rule->chart, &state->chart, x);
    const double zones = (signalled & RS_CHART_BEYOND_3) != 0 || signalled == 0 ? 3
                         : (signalled & RS_CHART_TWO_OF_THREE) != 0             ? 2
                         : (signalled & RS_CHART_FOUR_OF_FIVE) != 0             ? 1
                                                                                : 0;
    *limit = direction(rule, x) * zones * rule->chart.width;
    return verdict_of(state, signalled != 0, direction(rule, x) * x <= rule->chart.width);
}

static uint8_t step_single(const rs_detect_rule_t *rule, rs_detect_state_t *state, double x, double bound, double *limit) {
    const double towards = direction(rule, x);
    *limit = towards * bound;
    return verdict_of(state, towards * x > bound, towards * x <= bound * 2 / 3);
}

static uint8_t step_change(const rs_detect_rule_t *rule, rs_detect_state_t *state, const rs_sample_t *now, double sigma, double *limit) {
    const rs_sample_t before = {.measure = now->measure, .value = state->before, .n = state->before_n};
    const double z = rs_change_z(&before, now, sigma), change = rs_change(before.value, now->value);
    const double towards = direction(rule, z);
    *limit = before.value + towards * rule->config->limit * fabs(before.value);
    const bool signalled = towards * z > rule->single && towards * change > rule->config->limit;
    return verdict_of(state, signalled, towards * change <= rule->config->clear || towards * z <= rule->single * 2 / 3);
}

/* --- closing -------------------------------------------------------------------------------------------------------- */
static void learn(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, rs_detect_state_t *state, int64_t begin_us,
                  const rs_sample_t *sample, bool has_z, double z) {
    const bool abnormal = state->verdict == RS_DETECT_BREACH || state->verdict == RS_DETECT_BETWEEN;
    state->frozen = abnormal ? state->frozen + 1 : 0;
    if (rule->per_day > 0) {
        const rs_season_slot_t slot = slot_of(feed, rule, begin_us);
        *feed->unlearned += !rs_season_learn(feed->days, &state->season, slot, sample->value, abnormal);
    }
    if (abnormal && state->frozen <= RS_DETECT_FROZEN) rs_reference_pause(&state->reference);
    else if (has_z) rs_reference_learn(&state->reference, sample, z);
    else rs_reference_begin(&state->reference, sample);
}

static void judge_seasonal(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, rs_detect_state_t *state,
                           int64_t begin_us, double value) {
    rs_season_view_t view;
    double limit = 0;
    const bool counts = rule->measure == RS_MEASURE_COUNT;
    if (!rs_season_look(feed->days, &state->season, slot_of(feed, rule, begin_us), rule->per_day, counts, &view)) return;
    if (view.spread <= 0 || (counts && view.centre < (double)rule->config->min_sample)) return;
    const double bound = rs_season_limit(&view, rule->sides == RS_SIDE_BOTH, rule->arl);
    state->verdict = step_single(rule, state, (value - view.centre) / view.spread, bound, &limit);
    state->limit = view.centre + limit * view.spread;
    state->baseline = view.centre;
}

static void judge(const rs_detect_rule_t *rule, rs_detect_state_t *state, const rs_sample_t *sample, const subgroup_t *subgroup) {
    double limit = 0;
    switch (rule->detector) {
        case RS_DETECTOR_CUSUM: state->verdict = step_cusum(rule, state, rule->counts ? sample->value : subgroup->w, &limit); break;
        case RS_DETECTOR_EWMA: state->verdict = step_ewma(rule, state, subgroup->w, &limit); break;
        case RS_DETECTOR_SHEWHART: state->verdict = step_chart(rule, state, subgroup->w, &limit); break;
        default: state->verdict = step_single(rule, state, subgroup->w, rule->single, &limit); break;
    }
    state->begun = true;
    state->limit = rule->counts ? limit : subgroup->centre + limit * subgroup->deviation;
    state->baseline = subgroup->centre;
}

static void judge_change(const rs_detect_rule_t *rule, rs_detect_state_t *state, const rs_sample_t *sample) {
    double sigma = 1, limit = 0;
    const bool known = rule->measure != RS_MEASURE_VALUE || rs_reference_sigma(&state->reference, false, &sigma);
    const bool next = state->has_before && known;
    if (next) {
        state->verdict = step_change(rule, state, sample, sigma, &limit);
        state->limit = limit;
        state->baseline = state->before;
    }
    state->before = sample->value;
    state->before_n = sample->n;
    state->has_before = true;
}

/* Charts of single figures go by how long their tail really is; an average, at most by how long it is at three sigmas; a sum,
 * not at all. */
static double tail_of(const rs_detect_rule_t *rule, const rs_detect_state_t *state, bool above, double sigma) {
    if (rule->config->sigma > 0 || rule->config->baseline == RS_BASELINE_FIXED) return 1;
    switch (rule->detector) {
        case RS_DETECTOR_LANEY: return rs_reference_tail(&state->reference, above, sigma, rule->single);
        case RS_DETECTOR_SHEWHART: return rs_reference_tail(&state->reference, above, sigma, 3 * rule->chart.width);
        case RS_DETECTOR_EWMA: return rs_reference_tail(&state->reference, above, sigma, fmin(3, rule->ewma.limit));
        default: return 1;
    }
}

static void close_sample(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, int64_t begin_us, const rs_figure_t *figure,
                         rs_detect_state_t *state) {
    const rs_sample_t sample = sample_of(rule, figure);
    subgroup_t subgroup = {0};
    double z = 0, sigma = 0;
    const bool has_centre = find_centre(feed, rule, state, begin_us, &subgroup.centre);
    const bool has_z = has_centre && rs_reference_z(&sample, subgroup.centre, &z);
    const bool enough = rule->measure != RS_MEASURE_COUNT || subgroup.centre >= (double)rule->config->min_sample;
    if (rule->detector == RS_DETECTOR_SEASONAL) {
        judge_seasonal(feed, rule, state, begin_us, sample.value);
    } else if (rule->detector == RS_DETECTOR_RATE_OF_CHANGE) {
        judge_change(rule, state, &sample);
    } else if (has_z && enough && find_sigma(rule, state, &sigma)) {
        subgroup.w = z / sigma / tail_of(rule, state, z > 0, sigma);
        subgroup.deviation = fabs(z) > 1e-12 ? (sample.value - subgroup.centre) / subgroup.w : sigma;
        judge(rule, state, &sample, &subgroup);
    }
    learn(feed, rule, state, begin_us, &sample, has_z, z);
}

int rs_detect_read(const rs_detect_feed_t *feed, uint32_t key, uint32_t window, rs_metric_t metric, uint32_t policy_slot,
                   bool open_miss_now, int64_t now_us, rs_figure_t *figure) {
    if (metric != RS_METRIC_STAFF || feed->sources.staff == NULL) {
        return rs_metric_read(feed->store, key, window, metric, policy_slot, open_miss_now, now_us, figure);
    }
    const int64_t staff = feed->sources.staff(feed->sources.context, key);
    int64_t waiting;
    *figure = (rs_figure_t){.is_null = true};
    if (staff < 0) return RS_OK;
    if (rs_window_read_gauge(feed->store, key, offsetof(rs_window_gauges_t, waiting), &waiting) != RS_OK) waiting = 0;
    *figure = (rs_figure_t){.value = (double)staff, .numerator = staff, .denominator = waiting};
    return RS_OK;
}

void rs_detect_close(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, uint32_t policy_slot, uint32_t key, int64_t end_us,
                     rs_detect_state_t *state) {
    rs_figure_t figure;
    const bool follows = state->closed_us == end_us - rule->every_us;
    if (policy_slot >= RS_MAX_POLICIES ||
        rs_detect_read(feed, key, rule->window_slot, rule->metric, policy_slot, false, end_us - 1, &figure) != RS_OK) {
        return;
    }
    if (rule->gauge && figure.is_null && !rs_metric_is_forecast(rule->metric)) figure = (rs_figure_t){.value = 0};
    if (!follows) {
        rs_reference_pause(&state->reference);
        state->has_before = false;
    }
    state->closed_us = end_us;
    if (state->first_us == 0) state->first_us = end_us;
    state->verdict = RS_DETECT_NO_EVIDENCE;
    if (rs_detect_is_closed(rule) && !rule->solved) return;
    state->is_null = figure.is_null;
    state->value = figure.is_null ? 0 : figure.value;
    state->numerator = figure.numerator;
    state->denominator = figure.denominator;
    if (!is_evidence(rule, &figure)) {
        rs_reference_pause(&state->reference);
        state->has_before = false;
        return;
    }
    if (rule->detector == RS_DETECTOR_NO_DATA) {
        const rs_sample_t sample = sample_of(rule, &figure);
        if (state->expected > RS_SILENCE_EXPECTED) state->verdict = RS_DETECT_BREACH;   /* not to be learned */
        learn(feed, rule, state, end_us - rule->every_us, &sample, false, 0);
        return;
    }
    close_sample(feed, rule, end_us - rule->every_us, &figure, state);
}

rs_finding_t rs_detect_last(const rs_detect_rule_t *rule, const rs_detect_state_t *state) {
    (void)rule;
    return (rs_finding_t){.verdict = state->verdict, .limit = state->limit, .clear = state->baseline, .baseline = state->baseline,
                          .figure = {.is_null = state->is_null, .value = state->value, .numerator = state->numerator,
                                     .denominator = state->denominator}};
}

bool rs_detect_warm(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, int64_t end_us, const rs_figure_t *figure,
                    rs_detect_state_t *state) {
    double centre = 0, z = 0;
    const bool is_first_hand = state->first_us != 0;
    if (rule->every_us == 0 || !is_evidence(rule, figure) || (is_first_hand && end_us >= state->first_us)) return false;
    const rs_sample_t sample = sample_of(rule, figure);
    const int64_t begin_us = end_us - rule->every_us;
    const bool has_z = find_centre(feed, rule, state, begin_us, &centre) && rs_reference_z(&sample, centre, &z);
    if (rule->per_day > 0) {
        *feed->unlearned += !rs_season_warm(feed->days, &state->season, slot_of(feed, rule, begin_us), sample.value);
    }
    if (!is_first_hand && has_z) rs_reference_learn(&state->reference, &sample, z);
    else if (!is_first_hand) rs_reference_begin(&state->reference, &sample);
    return true;
}

void rs_detect_forget(const rs_detect_feed_t *feed, rs_detect_state_t *state) { rs_season_forget(feed->days, &state->season); }
