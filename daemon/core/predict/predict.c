#include "core/predict/predict.h"

#include <math.h>

static const double seconds_per_us = 1e-6;
static const double unlikely = 9.2103403719761836;   /* -ln 1e-4 */
enum { STUCK_MEANS = 10 };                           /* a handling of more means than this has lost its end */

/* --- state ----------------------------------------------------------------------------------------------------------- */
int rs_predict_init(rs_predict_t *predict, uint32_t max_keys, const rs_limits_t *limits, int64_t horizon_us) {
    *predict = (rs_predict_t){.slice = INT64_MIN};
    int status = rs_pool_init(&predict->underway, sizeof(rs_underway_t), limits->contacts);
    if (status == RS_OK) status = rs_seen_init(&predict->seen, max_keys, limits->agent_keys * 2, horizon_us);
    if (status != RS_OK) return status;
    predict->waiting = rs_table_take((uint64_t)max_keys * sizeof *predict->waiting);
    predict->keys = rs_table_take((uint64_t)max_keys * sizeof *predict->keys);
    return predict->keys == NULL || predict->waiting == NULL ? RS_ERR_MEMORY : RS_OK;
}

void rs_predict_deinit(rs_predict_t *predict) {
    rs_pool_deinit(&predict->underway);
    rs_seen_deinit(&predict->seen);
    rs_table_give(predict->waiting);
    rs_table_give(predict->keys);
    *predict = (rs_predict_t){0};
}

uint64_t rs_predict_bytes(const rs_predict_t *predict) {
    return predict->keys == NULL ? 0 : rs_pool_bytes(&predict->underway) + rs_seen_bytes(&predict->seen);
}

void rs_predict_fact(rs_predict_t *predict, uint32_t queue_key, const rs_fact_t *fact, int sign) {
    const bool answered = fact->type == RS_FACT_LEG_CLOSED && fact->outcome == RS_OUTCOME_ANSWERED;
    if (!answered && fact->type != RS_FACT_HANDLED) return;
    rs_predict_key_t *key = &predict->keys[queue_key];
    if (sign > 0 && fact->at_us > key->served_us) key->served_us = fact->at_us;
    if (!answered && fact->agent != 0) rs_seen_count(&predict->seen, queue_key, fact->agent, fact->at_us, sign);
}

static rs_underway_t *underway_at(const rs_predict_t *predict, uint32_t number) { return rs_pool_at(&predict->underway, number); }

uint32_t rs_predict_began(rs_predict_t *predict, uint32_t queue_key, int64_t start_us) {
    const uint32_t number = rs_pool_take(&predict->underway);
    if (number == 0) return 0;
    rs_predict_key_t *key = &predict->keys[queue_key];
    *underway_at(predict, number) = (rs_underway_t){.next = key->underway, .start_us = start_us};
    if (key->underway != 0) underway_at(predict, key->underway)->previous = number;
    key->underway = number;
    key->underway_count++;
    return number;
}

void rs_predict_ended(rs_predict_t *predict, uint32_t queue_key, uint32_t underway) {
    if (underway == 0) return;
    rs_predict_key_t *key = &predict->keys[queue_key];
    const rs_underway_t *handling = underway_at(predict, underway);
    if (handling->previous != 0) underway_at(predict, handling->previous)->next = handling->next;
    else key->underway = handling->next;
    if (handling->next != 0) underway_at(predict, handling->next)->previous = handling->previous;
    key->underway_count--;
    rs_pool_give(&predict->underway, underway);
}

void rs_predict_waits(rs_predict_t *predict, uint32_t queue_key, bool waits) {
    rs_predict_key_t *key = &predict->keys[queue_key];
    if (waits == (key->waiting_place != 0)) return;
    if (waits) {
        predict->waiting[predict->waiting_count++] = queue_key;
        key->waiting_place = predict->waiting_count;
        return;
    }
    const uint32_t last = predict->waiting[--predict->waiting_count];
    predict->waiting[key->waiting_place - 1] = last;
    predict->keys[last].waiting_place = key->waiting_place;
    key->waiting_place = 0;
}

rs_round_t rs_predict_round(rs_predict_t *predict, int64_t now_us) {
    const int64_t slice = now_us / (RS_US_PER_S / RS_SLICES_A_SECOND);
    rs_round_t round = {.length = RS_SLICES_A_SECOND};
    const uint32_t wanted = (predict->waiting_count + RS_PREDICTED_A_SLICE - 1) / RS_PREDICTED_A_SLICE;
    if (wanted > round.length) round.length = wanted;
    round.at = (uint32_t)((uint64_t)slice % round.length);
    if (slice <= predict->slice) return round;
    const bool whole = predict->slice == INT64_MIN || slice - predict->slice >= round.length;
    round.passed = whole ? round.length : (uint32_t)(slice - predict->slice);
    predict->slice = slice;
    rs_seen_tick(&predict->seen, now_us);
    return round;
}

/* --- one queue --------------------------------------------------------------------------------------------------------- */
static double seconds(int64_t us) { return (double)us * seconds_per_us; }

rs_prediction_reason_t rs_predict_judge(const rs_queue_now_t *queue, uint32_t underway, uint32_t *agents) {
    if (queue->waiting == 0) return RS_PREDICTION_NOBODY_WAITS;
    if (queue->handled <= 0 || queue->handled < queue->min_handled || queue->handle_us <= 0) return RS_PREDICTION_TOO_FEW_HANDLED;
    const uint32_t on_duty = queue->staff.known ? queue->staff.available + queue->staff.busy : queue->seen;
    const uint32_t serving = on_duty > underway ? on_duty : underway;
    if (serving == 0) return RS_PREDICTION_NOBODY_ON_DUTY;
    *agents = serving;
    const double mean_s = seconds(queue->handle_us) / (double)queue->handled;
    const double quiet_s = queue->served_us <= 0 ? INFINITY : seconds(queue->now_us - queue->served_us);
    if (quiet_s > 60 && quiet_s > unlikely * mean_s / serving) return RS_PREDICTION_STALE;
    return RS_PREDICTION_GIVEN;
}

double rs_predict_steady(double recent, double longer, double error) {
    enum { INDIFFERENT = 4 };   /* squared standard errors: two of them may be chance */
    const double square = (recent - longer) * (recent - longer), needed = INDIFFERENT * error * error;
    return square <= needed ? longer : longer + (1 - needed / square) * (recent - longer);
}

static double mean_handle_s(const rs_queue_now_t *queue, double variation) {
    const double recent_s = seconds(queue->handle_us) / (double)queue->handled;
    if (queue->long_handled <= queue->handled || queue->long_handle_us <= 0) return recent_s;
    const double longer_s = seconds(queue->long_handle_us) / (double)queue->long_handled;
    const double share = 1 - (double)queue->handled / (double)queue->long_handled;   /* the longer one has the recent one in it */
    return rs_predict_steady(recent_s, longer_s, longer_s * sqrt(variation * share / (double)queue->handled));
}

/* Those whose ages are known; the stuck ones left out. */
static uint32_t busy_now(const rs_predict_t *predict, uint32_t queue_key, const rs_hazard_t *hazard, int64_t now_us, rs_busy_t *busy) {
    uint32_t count = 0;
    for (uint32_t at = predict->keys[queue_key].underway; at != 0; at = underway_at(predict, at)->next) {
        const int64_t age_us = now_us - underway_at(predict, at)->start_us;
        if (seconds(age_us) > STUCK_MEANS * hazard->mean_s) continue;
        rs_busy_add(busy, hazard, age_us);
        count++;
    }
    return count;
}

/* Waits so far of those who wait, as if they had come evenly. */
static double waiting_s(const rs_queue_now_t *queue) {
    const double oldest_s = seconds(queue->now_us - queue->oldest_us), newest_s = seconds(queue->now_us - queue->newest_us);
    const double each_s = (oldest_s + newest_s) / 2;
    return each_s > 0 ? queue->waiting * each_s : 0;
}

static double hazard_of(int64_t abandoned, double exposure_s) {
    return abandoned > 0 && exposure_s > 0 ? (double)abandoned / exposure_s : 0;
}

static double giving_up_per_s(const rs_queue_now_t *queue) {
    const double open_s = waiting_s(queue);
    const double exposure_s = seconds(queue->waited_us) + open_s, longer_s = seconds(queue->long_waited_us) + open_s;
    const double recent = hazard_of(queue->abandoned, exposure_s);
    if (longer_s <= exposure_s || queue->long_abandoned <= 0) return recent;
    const double longer = hazard_of(queue->long_abandoned, longer_s), share = 1 - exposure_s / longer_s;
    return exposure_s > 0 ? rs_predict_steady(recent, longer, sqrt(longer * share / exposure_s)) : longer;
}

void rs_predict_forecast(const rs_predict_t *predict, uint32_t queue_key, const rs_queue_now_t *queue, const rs_hist_entry_t *entries,
                         size_t count, int64_t until_us, rs_forecast_t *forecast) {
    uint32_t agents = 0;
    forecast->reason = rs_predict_judge(queue, predict->keys[queue_key].underway_count, &agents);
    if (forecast->reason != RS_PREDICTION_GIVEN) return;
    rs_hazard_measure(&forecast->hazard, seconds(queue->handle_us) / (double)queue->handled, entries, count);
    const double mean_s = mean_handle_s(queue, forecast->hazard.variation);
    rs_hazard_stretch(&forecast->hazard, mean_s);
    rs_busy_t busy = {0};
    const uint32_t known = busy_now(predict, queue_key, &forecast->hazard, queue->now_us, &busy);
    busy.unknown = agents > known ? agents - known : 0;
    rs_departures_expect(&forecast->departures, &forecast->hazard, &busy, seconds(until_us));
    forecast->line = (rs_waiting_line_t){.rate_per_s = agents / mean_s, .departures = &forecast->departures,
                                 .giving_up_per_s = giving_up_per_s(queue)};
}

rs_leg_forecast_t rs_predict_leg(const rs_forecast_t *forecast, const rs_queue_now_t *queue, uint32_t ahead, int64_t queued_us) {
    const int64_t left_us = queued_us + queue->threshold_us - queue->now_us;
    const double wait_us = rs_line_wait_s(&forecast->line, ahead) / seconds_per_us;
    return (rs_leg_forecast_t){.wait_left_us = wait_us < (double)RS_US_PER_DAY ? (int64_t)(wait_us + 0.5) : RS_US_PER_DAY,
                               .breach = rs_line_over(&forecast->line, ahead, seconds(left_us))};
}

rs_expected_t rs_predict_verdict(const rs_forecast_t *forecast, const rs_policy_t *policy, const rs_standard_t *standard, uint32_t ahead,
                                 int64_t waited_us) {
    const rs_waiting_line_t *line = &forecast->line;
    const rs_line_fate_t in_t = rs_line_fate(line, ahead, seconds(standard->threshold_us - waited_us));
    const rs_line_fate_t ever = rs_line_fate(line, ahead, INFINITY);
    const bool short_on = policy->short_on && standard->short_us > waited_us;
    const double in_s = short_on ? rs_line_fate(line, ahead, seconds(standard->short_us - waited_us)).given_up : 0;
    /* Who gives up within S is judged by the short rule, the others by the rule for abandoned legs. */
    const double within = in_t.given_up > in_s ? in_t.given_up - in_s : 0;
    const double later = 1 - ever.answered - in_s - within > 0 ? 1 - ever.answered - in_s - within : 0;
    rs_expected_t expected = {.numerator = in_t.answered, .denominator = ever.answered > in_t.answered ? ever.answered : in_t.answered};
    if (policy->short_rule != RS_RULE_EXCLUDE) expected.denominator += in_s;
    if (policy->short_rule == RS_RULE_HIT) expected.numerator += in_s;
    if (policy->abandoned == RS_RULE_MISS || policy->abandoned == RS_RULE_HIT_IF_WITHIN) expected.denominator += within + later;
    if (policy->abandoned == RS_RULE_EXCLUDE_IF_WITHIN) expected.denominator += later;
    if (policy->abandoned == RS_RULE_HIT_IF_WITHIN) expected.numerator += within;
    return expected;
}
