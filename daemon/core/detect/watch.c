/* Detectors that look each second, or whenever a figure changes. */
#include "core/detect/feed.h"

#include "core/detect/rates.h"

#include <math.h>

static const rs_finding_t nothing = {.verdict = RS_DETECT_NO_EVIDENCE, .figure = {.is_null = true}};

/* --- burn rate ------------------------------------------------------------------------------------------------------ */
/* A service level, like an FCR or a share of good scores, is of good ones; a rate of abandonment is of bad ones. */
static bool is_of_good_ones(rs_metric_t metric) {
    return metric == RS_METRIC_SERVICE_LEVEL || metric == RS_METRIC_FCR || metric == RS_METRIC_CSAT_TOP_BOX;
}

static double bad_share(const rs_detect_rule_t *rule, const rs_figure_t *figure) {
    return is_of_good_ones(rule->metric) ? 1 - figure->value : figure->value;
}

rs_finding_t rs_detect_burn(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, uint32_t policy_slot, uint32_t key, int64_t now_us,
                            const rs_figure_t *figure) {
    const double bad_limit = rule->burn * (1 - rule->target);
    rs_finding_t finding = {.verdict = RS_DETECT_NO_EVIDENCE, .figure = *figure};
    rs_figure_t shorter;
    finding.limit = is_of_good_ones(rule->metric) ? 1 - bad_limit : bad_limit;
    finding.clear = finding.limit;
    finding.baseline = is_of_good_ones(rule->metric) ? rule->target : 1 - rule->target;
    if (figure->is_null || figure->denominator < rule->config->min_sample) return finding;
    if (rs_metric_read(feed->store, key, rule->short_slot, rule->metric, policy_slot, false, now_us, &shorter) != RS_OK ||
        shorter.is_null) {
        return finding;
    }
    const bool over = rs_burn(bad_share(rule, figure), rule->target) > rule->burn;
    const bool short_over = rs_burn(bad_share(rule, &shorter), rule->target) > rule->burn;
    finding.verdict = over && short_over ? RS_DETECT_BREACH : short_over ? RS_DETECT_BETWEEN : RS_DETECT_GOOD;
    return finding;
}

/* --- no data -------------------------------------------------------------------------------------------------------- */
static bool read_activity(const rs_detect_feed_t *feed, uint32_t key, int64_t *activity) {
    static const rs_count_t which[] = {RS_COUNT_OFFERED, RS_COUNT_ANSWERED, RS_COUNT_ABANDONED, RS_COUNT_HANDLED};
    int64_t values[RS_ARRAY_LEN(which)];
    if (rs_window_read_counts(feed->store, key, RS_WINDOW_TODAY, which, RS_ARRAY_LEN(which), values) != RS_OK) return false;
    *activity = 0;
    for (size_t i = 0; i < RS_ARRAY_LEN(which); i++) *activity += values[i];
    return true;
}

static double usual_per_s(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, const rs_detect_state_t *state, int64_t at_us) {
    const int64_t offset_us = feed->zone == NULL ? 0 : (int64_t)rs_zone_offset_s(feed->zone, at_us) * RS_US_PER_S;
    double usual;
    if (!rs_season_centre(feed->days, &state->season, rs_season_slot(at_us + offset_us, rule->per_day), &usual)) return 0;
    return usual * (double)RS_US_PER_S / (double)rule->every_us;
}

/* The rate is looked up once per subgroup; silences do not count while nobody is expected. */
static rs_finding_t tick_no_data(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, uint32_t key, int64_t now_us,
                                 rs_detect_state_t *state) {
    int64_t activity;
    if (!read_activity(feed, key, &activity)) return nothing;
    const bool first = state->looked_us == 0, same_subgroup = state->looked_us / rule->every_us == now_us / rule->every_us;
    const bool happened = activity > state->seen;
    if (first || happened) state->expected = 0;
    else state->expected += state->per_s * (double)(now_us - state->looked_us) / (double)RS_US_PER_S;
    if (first || !same_subgroup) state->per_s = usual_per_s(feed, rule, state, now_us);
    state->seen = activity;
    state->looked_us = now_us;
    double per_subgroup = 0;
    if (!rs_reference_mean(&state->reference, &per_subgroup)) return nothing;
    const double events = per_subgroup * (double)RS_US_PER_DAY / (double)rule->every_us * rule->keys;
    rs_finding_t finding = {.limit = rs_silence_limit(events, rule->budget), .figure = {.value = state->expected}};
    if (happened) finding.verdict = RS_DETECT_GOOD;
    else if (state->expected > finding.limit) finding.verdict = RS_DETECT_BREACH;
    else finding.verdict = state->expected > 0 ? RS_DETECT_BETWEEN : RS_DETECT_NO_EVIDENCE;
    return finding;
}

/* --- sources -------------------------------------------------------------------------------------------------------- */
static rs_finding_t tick_sources(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, int64_t now_us) {
    if (feed->sources.look == NULL) return nothing;
    const rs_detect_sources_t seen = feed->sources.look(feed->sources.context, rule->config->key, now_us);
    const bool silence = rule->detector == RS_DETECTOR_SOURCE_SILENCE;
    const double value = silence ? (double)(seen.silent_us / RS_US_PER_MS) : (double)seen.missing;
    rs_finding_t finding = {.limit = rule->config->limit, .clear = rule->config->clear,
                            .figure = {.value = value, .numerator = (int64_t)value}};
    if (!seen.known) return nothing;
    finding.verdict = value > rule->config->limit ? RS_DETECT_BREACH : value <= rule->config->clear ? RS_DETECT_GOOD : RS_DETECT_BETWEEN;
    return finding;
}

/* --- an interval's level at its end --------------------------------------------------------------------------------- */
typedef struct level { int64_t num, den; } level_t;

static bool read_level(const rs_detect_feed_t *feed, uint32_t key, uint32_t window, uint32_t slot, level_t *level) {
    const rs_count_t which[] = {(rs_count_t)(RS_COUNT_SL_NUM_0 + slot), (rs_count_t)(RS_COUNT_SL_DEN_0 + slot)};
    int64_t values[2];
    if (rs_window_read_counts(feed->store, key, window, which, 2, values) != RS_OK) return false;
    *level = (level_t){.num = values[0], .den = values[1]};
    return true;
}

static rs_finding_t judge_level(const rs_detect_rule_t *rule, double level, double n) {
    const rs_rule_config_t *config = rule->config;
    const bool below = config->compare == RS_ALERT_BELOW;
    rs_finding_t finding = {.limit = config->limit, .clear = config->clear, .baseline = config->limit,
                            .figure = {.value = level, .numerator = (int64_t)(level * n + 0.5), .denominator = (int64_t)(n + 0.5)}};
    const bool breach = below ? level < config->limit : level > config->limit,
               good = below ? level >= config->clear : level <= config->clear;
    if (n < (double)config->min_sample) finding.verdict = RS_DETECT_NO_EVIDENCE;
    else finding.verdict = breach ? RS_DETECT_BREACH : good ? RS_DETECT_GOOD : RS_DETECT_BETWEEN;
    return finding;
}

static rs_finding_t tick_interval(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, uint32_t slot, uint32_t key, int64_t now_us,
                                  rs_detect_state_t *state) {
    static const rs_count_t offered[] = {RS_COUNT_OFFERED};
    level_t today, window;
    rs_window_prediction_t prediction;
    int64_t arrived;
    if (slot >= RS_MAX_POLICIES || !read_level(feed, key, RS_WINDOW_TODAY, slot, &today) ||
        !read_level(feed, key, rule->window_slot, slot, &window)) {
        return nothing;
    }
    if (rs_window_read_prediction(feed->store, key, &prediction) != RS_OK) return nothing;
    if (rs_window_read_counts(feed->store, key, rule->window_slot, offered, 1, &arrived) != RS_OK) return nothing;
    const int64_t begin_us = now_us - now_us % rule->every_us;
    /* A day that has ended took its counts along: an interval never goes over midnight. */
    if (begin_us != state->interval_us || today.den < state->level_den) {
        const bool late = state->interval_us == 0 && now_us - begin_us > RS_US_PER_S;
        state->interval_us = late ? 0 : begin_us;
        state->level_num = today.num;
        state->level_den = today.den;
        if (late) return nothing;   /* its beginning was not seen */
    }
    const bool waits = prediction.reason == RS_PREDICTION_GIVEN, nobody = prediction.reason == RS_PREDICTION_NOBODY_WAITS;
    if (!waits && !nobody) return nothing;
    const double left = (double)(begin_us + rule->every_us - now_us) / (double)rule->every_us;
    const double of_late = window.den > 0 ? (double)window.num / (double)window.den : 1;
    const rs_interval_so_far_t so_far = {
        .hits = (double)(today.num - state->level_num), .n = (double)(today.den - state->level_den),
        .waiting_hits = (double)prediction.expected_num[slot] / RS_PREDICTION_ONE,
        .waiting_n = (double)prediction.expected_den[slot] / RS_PREDICTION_ONE, .arrivals = (double)arrived * left,
        .in_time = waits ? 1 - (double)prediction.breach_newest / RS_PREDICTION_ONE : of_late};
    double level;
    if (!rs_interval_level(&so_far, &level)) return nothing;
    return judge_level(rule, level, so_far.n + so_far.waiting_n + so_far.arrivals);
}

rs_finding_t rs_detect_tick(const rs_detect_feed_t *feed, const rs_detect_rule_t *rule, uint32_t policy_slot, uint32_t key, int64_t now_us,
                            rs_detect_state_t *state) {
    switch (rule->detector) {
        case RS_DETECTOR_NO_DATA: return tick_no_data(feed, rule, key, now_us, state);
        case RS_DETECTOR_SOURCE_SILENCE:
        case RS_DETECTOR_SOURCE_GAP: return tick_sources(feed, rule, now_us);
        default: return tick_interval(feed, rule, policy_slot, key, now_us, state);
    }
}
