#include "core/predict/live.h"

#include "core/core_internal.h"

/* --- what is known of a queue now ----------------------------------------------------------------------------------------- */
/* The longest window that is not longer than the horizon, else the shortest. */
static uint32_t window_of(const rs_config_t *config) {
    uint32_t window = 0;
    while (window + 1 < config->window_count && config->windows_us[window + 1] <= config->prediction.horizon_us) window++;
    return window;
}

typedef struct past { int64_t handled, handle_us, abandoned, waited_us; } past_t;

static bool read_past(const rs_core_t *core, uint32_t key, uint32_t window, past_t *past) {
    static const rs_count_t which[] = {RS_COUNT_HANDLED, RS_COUNT_TALK_US, RS_COUNT_HOLD_US, RS_COUNT_WRAP_US,
                                       RS_COUNT_ABANDONED, RS_COUNT_WAIT_ANSWERED_US, RS_COUNT_WAIT_ABANDONED_US};
    int64_t values[RS_ARRAY_LEN(which)];
    if (rs_window_read_counts(core->windows, key, window, which, RS_ARRAY_LEN(which), values) != RS_OK) return false;
    *past = (past_t){.handled = values[0], .handle_us = values[1] + values[2] + values[3], .abandoned = values[4],
                     .waited_us = values[5] + values[6]};
    return true;
}

static bool read_recent(const rs_core_t *core, uint32_t key, rs_queue_now_t *queue) {
    past_t recent;
    if (!read_past(core, key, window_of(core->config), &recent)) return false;
    queue->handled = recent.handled;
    queue->handle_us = recent.handle_us;
    queue->abandoned = recent.abandoned;
    queue->waited_us = recent.waited_us;
    return true;
}

/* More time than the recent past: today, or the longest window when that has more handlings. */
static bool read_longer(const rs_core_t *core, uint32_t key, rs_queue_now_t *queue, uint32_t *longer) {
    past_t today, longest;
    if (!read_past(core, key, RS_WINDOW_TODAY, &today) || !read_past(core, key, core->config->window_count - 1, &longest)) return false;
    *longer = longest.handled > today.handled ? core->config->window_count - 1 : RS_WINDOW_TODAY;
    const past_t *more = longest.handled > today.handled ? &longest : &today;
    queue->long_handled = more->handled;
    queue->long_handle_us = more->handle_us;
    queue->long_abandoned = more->abandoned;
    queue->long_waited_us = more->waited_us;
    return true;
}

/* What decides whether there is an answer. */
static bool look_at(rs_core_t *core, uint32_t key, rs_queue_now_t *queue) {
    const rs_key_entry_t *entry = rs_account_standards(&core->account, key, core->now_us);
    *queue = (rs_queue_now_t){.now_us = core->now_us, .threshold_us = entry->standard.threshold_us,
                              .min_handled = core->config->prediction.min_handled, .waiting = (uint32_t)entry->waiting,
                              .seen = rs_seen_agents(&core->predict.seen, key), .served_us = core->predict.keys[key].served_us};
    const rs_staff_t staff = rs_agents_sign_on(core->agents, key) ? rs_agents_staff(core->agents, key) : (rs_staff_t){0};
    queue->staff = (rs_on_duty_t){.known = staff.joined != 0, .joined = staff.joined,
                                  .available = staff.available, .busy = staff.busy};
    if (entry->open_head == 0) return true;
    queue->oldest_us = rs_contacts_at(&core->contacts, entry->open_head)->open_since_us;
    queue->newest_us = rs_contacts_at(&core->contacts, entry->open_tail)->open_since_us;
    return read_recent(core, key, queue);
}

/* Handle times for their shape. */
static size_t read_shape(const rs_core_t *core, uint32_t key, uint32_t longer, rs_hist_entry_t entries[RS_HIST_BUCKETS]) {
    size_t count = 0;
    return rs_window_histogram(core->windows, key, longer, RS_HIST_HANDLE, entries, &count) == RS_OK ? count : 0;
}

/* The forecast of a queue that was looked at. What only an answer needs is read only for one: most of the cost. */
static void forecast_queue(const rs_core_t *core, uint32_t key, rs_queue_now_t *queue, int64_t until_us, rs_forecast_t *forecast) {
    rs_hist_entry_t entries[RS_HIST_BUCKETS];
    uint32_t agents, longer;
    forecast->reason = rs_predict_judge(queue, core->predict.keys[key].underway_count, &agents);
    if (forecast->reason != RS_PREDICTION_GIVEN) return;
    forecast->reason = RS_PREDICTION_TOO_FEW_HANDLED;
    if (!read_longer(core, key, queue, &longer)) return;
    const size_t count = read_shape(core, key, longer, entries);
    rs_predict_forecast(&core->predict, key, queue, entries, count, until_us, forecast);
}

/* --- expected legs ---------------------------------------------------------------------------------------------------------- */
static int64_t longest_threshold_us(const rs_generation_t *generation, const rs_key_entry_t *entry) {
    int64_t longest_us = entry->standard.threshold_us;
    for (uint32_t left = generation->used; left != 0; left &= left - 1) {
        const int64_t threshold_us = entry->policy_standards[__builtin_ctz(left)].threshold_us;
        if (threshold_us > longest_us) longest_us = threshold_us;
    }
    return longest_us;
}

typedef struct leg_sample { uint32_t ahead; int64_t waited_us; } leg_sample_t;

/* All legs that wait when they are few, else evenly spaced ones. */
static uint32_t sample_legs(const rs_core_t *core, const rs_key_entry_t *entry, const rs_queue_now_t *queue,
                            leg_sample_t samples[RS_PREDICTED_LEGS]) {
    uint32_t count = 0;
    if (queue->waiting <= RS_PREDICTED_LEGS) {
        for (uint32_t at = entry->open_head; at != 0 && count < RS_PREDICTED_LEGS; count++) {
            const rs_contact_t *contact = rs_contacts_at(&core->contacts, at);
            samples[count] = (leg_sample_t){.ahead = count, .waited_us = queue->now_us - contact->open_since_us};
            at = contact->open_next[0];
        }
        return count;
    }
    const int64_t span_us = queue->newest_us - queue->oldest_us;
    for (; count < RS_PREDICTED_LEGS; count++) {
        const uint32_t ahead = (uint32_t)((2 * (uint64_t)count + 1) * queue->waiting / (2 * RS_PREDICTED_LEGS));
        const double part = (double)ahead / (queue->waiting - 1);
        samples[count] = (leg_sample_t){.ahead = ahead,
                                        .waited_us = queue->now_us - queue->oldest_us - (int64_t)(part * (double)span_us)};
    }
    return count;
}

static bool same_verdicts(const rs_policy_t *a, const rs_standard_t *a_standard, const rs_policy_t *b, const rs_standard_t *b_standard) {
    return a->abandoned == b->abandoned && a->short_on == b->short_on && a->short_rule == b->short_rule &&
           a_standard->threshold_us == b_standard->threshold_us && a_standard->short_us == b_standard->short_us;
}

static int64_t millionths(double value) { return (int64_t)(value * RS_PREDICTION_ONE + 0.5); }

static void expect_legs(const rs_core_t *core, const rs_generation_t *generation, const rs_key_entry_t *entry,
                        const rs_queue_now_t *queue, const rs_forecast_t *forecast, rs_window_prediction_t *prediction) {
    leg_sample_t samples[RS_PREDICTED_LEGS];
    const uint32_t count = sample_legs(core, entry, queue, samples);
    const double weight = (double)queue->waiting / count;
    unsigned before = RS_MAX_POLICIES;
    for (uint32_t left = generation->used; left != 0; left &= left - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(left);
        const rs_policy_t *policy = &generation->policies[slot];
        if (policy->unit_journey) continue;
        if (before < RS_MAX_POLICIES && same_verdicts(policy, &entry->policy_standards[slot], &generation->policies[before],
                                                      &entry->policy_standards[before])) {
            prediction->expected_num[slot] = prediction->expected_num[before];
            prediction->expected_den[slot] = prediction->expected_den[before];
            continue;
        }
        rs_expected_t sum = {0};
        for (uint32_t i = 0; i < count; i++) {
            const rs_expected_t one = rs_predict_verdict(forecast, policy, &entry->policy_standards[slot], samples[i].ahead,
                                                         samples[i].waited_us);
            sum.numerator += one.numerator;
            sum.denominator += one.denominator;
        }
        prediction->expected_num[slot] = millionths(weight * sum.numerator);
        prediction->expected_den[slot] = millionths(weight * sum.denominator);
        before = slot;
    }
}

/* --- one key ------------------------------------------------------------------------------------------------------------------ */
void rs_predict_key(rs_core_t *core, uint32_t key, rs_window_prediction_t *prediction) {
    *prediction = (rs_window_prediction_t){.reason = RS_PREDICTION_OFF};
    if (core->predict.keys == NULL) return;
    const rs_key_entry_t *entry = &core->directory.entries[key];
    prediction->reason = RS_PREDICTION_NOT_A_QUEUE;
    if (entry->dimensions.family != RS_FAMILY_QUEUE) return;
    rs_queue_now_t queue;
    rs_forecast_t forecast = {.reason = RS_PREDICTION_TOO_FEW_HANDLED};
    const rs_generation_t *generation = rs_account_generation(&core->account, core->now_us);
    if (look_at(core, key, &queue)) forecast_queue(core, key, &queue, longest_threshold_us(generation, entry), &forecast);
    prediction->reason = forecast.reason;
    if (forecast.reason != RS_PREDICTION_GIVEN) return;
    prediction->estimated_wait_us = rs_predict_leg(&forecast, &queue, queue.waiting, queue.now_us).wait_left_us;
    prediction->breach_oldest = millionths(rs_predict_leg(&forecast, &queue, 0, queue.oldest_us).breach);
    prediction->breach_newest = millionths(rs_predict_leg(&forecast, &queue, queue.waiting - 1, queue.newest_us).breach);
    expect_legs(core, generation, entry, &queue, &forecast, prediction);
}

uint32_t rs_core_predict_waiting(rs_core_t *core, uint32_t key, rs_waiting_fn on_waiting, void *context) {
    rs_queue_now_t queue;
    rs_forecast_t forecast;
    if (core->predict.keys == NULL || core->directory.entries[key].dimensions.family != RS_FAMILY_QUEUE) return RS_PREDICTION_OFF;
    if (!look_at(core, key, &queue)) return RS_PREDICTION_TOO_FEW_HANDLED;
    forecast_queue(core, key, &queue, queue.threshold_us, &forecast);
    uint32_t ahead = 0;
    for (uint32_t at = core->directory.entries[key].open_head; at != 0 && forecast.reason == RS_PREDICTION_GIVEN; ahead++) {
        const rs_contact_t *contact = rs_contacts_at(&core->contacts, at);
        const rs_leg_forecast_t leg = rs_predict_leg(&forecast, &queue, ahead, contact->open_since_us);
        on_waiting(context, &(rs_waiting_t){.contact = contact->id, .ahead = ahead, .queued_us = contact->open_since_us,
                                            .wait_left_us = leg.wait_left_us, .breach = leg.breach});
        at = contact->open_next[0];
    }
    return forecast.reason;
}

/* The keys lie anywhere: what looking at one needs is called for while others before it are looked at. */
static void prefetch_key(const rs_core_t *core, uint32_t key) {
    const unsigned char *entry = (const unsigned char *)&core->directory.entries[key];
    for (size_t at = 0; at < sizeof(rs_key_entry_t); at += 64) __builtin_prefetch(entry + at);
    __builtin_prefetch(&core->predict.keys[key]);
    __builtin_prefetch(&core->predict.seen.agents[key]);
    rs_window_prefetch(core->windows, key, true);
}

static void predict_key(rs_core_t *core, uint32_t key) {
    rs_window_prediction_t prediction;
    rs_predict_key(core, key, &prediction);
    rs_window_set_prediction(core->windows, key, &prediction);
    core->directory.entries[key].is_predicted = true;
}

/* A key is called for when it is found to be due, and looked at when so many more were found. */
void rs_predict_tick(rs_core_t *core) {
    enum { AHEAD = 4 };
    rs_predict_t *predict = &core->predict;
    if (predict->keys == NULL) return;
    const rs_round_t round = rs_predict_round(predict, core->now_us);
    if (round.passed == 0) return;
    uint32_t due[AHEAD], found = 0, done = 0;
    for (uint32_t i = 0; i < predict->waiting_count; i++) {
        const uint32_t key = predict->waiting[i];
        if (!rs_predict_is_due(&round, key)) continue;
        if (found - done == AHEAD) predict_key(core, due[done++ % AHEAD]);
        prefetch_key(core, key);
        due[found++ % AHEAD] = key;
    }
    while (done < found) predict_key(core, due[done++ % AHEAD]);
}
