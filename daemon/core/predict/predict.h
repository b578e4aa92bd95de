/* core/predict/predict.h — what will become of those who wait: estimated wait, chance to miss T, expected service level.
 *
 * Inputs of a queue key, all of now and of the last `prediction.horizon` (the longest window that is not longer):
 *     m   mean handle time: (talk + hold + wrap) / handled; steadied, see below
 *     s   agents who serve it: on duty by their own events (rs_on_duty_t); without such events those seen handling in it within the
 *         horizon (seen.h). Never fewer than are handling now
 *     h   hazard of giving up: abandoned / (waits of answered + of abandoned + so far of those who wait). That is the maximum
 *         likelihood estimate for exponential patience under censoring: an answered caller's wait says that his patience was longer
 *         (Mandelbaum and Zeltyn 2004; Brown et al. 2005). Legs that flowed out are not in the sum: no count has their waits
 *     Half an hour of a small queue is little: a forecast that believed it would be too sure of itself. So m and h are steadied by the
 *     same figures over more time (today, or the longest window when that has more handlings): with z the distance between the two in
 *     standard errors of the recent one,
 *         figure = long + w·(recent - long), w = max(0, 1 - 4 / z²)             (after James and Stein 1961)
 *     so that two standard errors are taken for chance, and a real change counts: by half at 2.8 of them, nine tenths from 6.3 on.
 *     ages of the handlings under way, and the shape of the handle times (today's histogram, or the longest window's after
 *         midnight) give the departures to be expected (service.h)
 * Outputs by line.h, a contact's position being its place among the open legs by queued time:
 *     estimated wait              of a contact that would come now: k = those who wait
 *     breach, oldest and newest   P(the leg is not served by queued time + T), whether or not its caller would wait that long
 *     expected legs, per policy   what the legs that wait add to numerator and denominator when they close: answered within T, given up
 *                                 within S or T, or later, each by the policy's rules. Policies of unit journey: nothing. Past
 *                                 RS_PREDICTED_LEGS waiting legs, as many evenly spaced ones stand for all, times between the
 *                                 oldest and the newest taken as even.
 *     predicted service level     (numerator of the window + expected) / (denominator of the window + expected): what the window will
 *                                 show when those who wait now are done (core/metric.h computes it from the published parts)
 * No answer: too few handlings in the horizon (prediction.min_handled); nobody on duty; stale: nobody was answered and no handling ended
 *            for so long that s agents let it happen with a chance of 1e-4 only (9.21·m/s; at least a minute): then either the staff
 *            or the data are not what they seem.
 * Measured: tests/property/prediction_calibration.c, queues of 5, 10, 20 and 100 agents with exponential and log-normal handle times, told
 *            events only. Each tenth of the scale is calibrated within 2 points; Brier scores are within 1 % of those of the same formula
 *            with the true rates, patience and shape: 0.37 to 0.45 of the base rate's for 20 and 100 agents, 0.54 to 0.67 for 5 and 10,
 *            where the exact formula has no more either. The farthest off, by 1.5 to 2 points: chances below 0.2 with 5 agents, which are
 *            only told when the mean is taken for too short, and the upper half of the scale of 100 log-normal ones.
 * Known limits: an agent who serves several queues counts fully in each of them, so their predictions are on the bright side. Skills and
 *            priorities are not known: order is order of arrival. What arrives later is not foreseen.
 * State:     flat, without pointers inside items; a function of the facts, the contacts and the time.
 */
#ifndef RS_CORE_PREDICT_H
#define RS_CORE_PREDICT_H

#include "core/contact/fact.h"
#include "core/predict/line.h"
#include "core/predict/seen.h"
#include "core/window/window.h"

enum { RS_PREDICTED_LEGS = 12 };

/* Agents of a queue, from wherever it is known. */
typedef struct rs_on_duty {
    bool known;                    /* agent events of this queue have come */
    uint32_t joined, available, busy;
} rs_on_duty_t;

/* A handling under way: from its answer to the end of its wrap-up. */
typedef struct rs_underway { uint32_t next, previous; int64_t start_us; } rs_underway_t;

typedef struct rs_predict_key {
    int64_t served_us;             /* the last answer or end of a handling, INT64_MIN = none */
    uint32_t underway, underway_count;
    uint32_t waiting_place;        /* in rs_predict_t.waiting, + 1; 0 = nobody waits */
} rs_predict_key_t;

typedef struct rs_predict {
    rs_predict_key_t *keys;        /* by key; NULL = prediction is off */
    rs_pool_t underway;
    rs_seen_t seen;
    uint32_t *waiting, waiting_count;   /* queue keys in which somebody waits */
    int64_t slice;                 /* of time, that waiting keys were last looked at: see rs_predict_round */
} rs_predict_t;

/* RS_ERR_MEMORY. deinit is safe on a zeroed one. */
RS_MUST_CHECK int rs_predict_init(rs_predict_t *predict, uint32_t max_keys, const rs_limits_t *limits, int64_t horizon_us);
void rs_predict_deinit(rs_predict_t *predict);
uint64_t rs_predict_bytes(const rs_predict_t *predict);

/* A fact of the queue key is counted (+1) or taken back (-1). */
void rs_predict_fact(rs_predict_t *predict, uint32_t queue_key, const rs_fact_t *fact, int sign);
/* A handling under way in the queue: its number, 0 when there is no room (then its age is not known). / It is over; 0 is allowed. */
uint32_t rs_predict_began(rs_predict_t *predict, uint32_t queue_key, int64_t start_us);
void rs_predict_ended(rs_predict_t *predict, uint32_t queue_key, uint32_t underway);

/* Somebody waits in the queue key from now on, or nobody any more. */
void rs_predict_waits(rs_predict_t *predict, uint32_t queue_key, bool waits);
/* Whose turn it is: time is cut in slices of a tenth of a second, and a round has ten of them, or one for every RS_PREDICTED_A_SLICE
 * queues in which somebody waits; a key has its turn in the slice that is its number modulo the round. So a queue is predicted once
 * a second while at most 1,000 wait, and beyond that less often: the cost stays within a hundredth of a processor, and no
 * tick holds events up for more than a millisecond. */
typedef struct rs_round { uint32_t length, at, passed; } rs_round_t;   /* at < length: where in it; passed 0: nobody's */
enum { RS_PREDICTED_A_SLICE = 100, RS_SLICES_A_SECOND = 10 };
rs_round_t rs_predict_round(rs_predict_t *predict, int64_t now_us);
static inline bool rs_predict_is_due(const rs_round_t *round, uint32_t queue_key) {
    const uint32_t its = queue_key % round->length;
    return (its <= round->at ? round->at - its : round->at + round->length - its) < round->passed;
}

/* --- one queue --------------------------------------------------------------------------------------------------------- */
typedef struct rs_queue_now {      /* what is known of a queue at a moment */
    int64_t now_us, threshold_us;
    int64_t handled, handle_us;    /* of the horizon */
    int64_t abandoned, waited_us;  /* of the horizon: waits of answered and of abandoned legs */
    int64_t long_handled, long_handle_us, long_abandoned, long_waited_us;   /* the same over more time; 0 = not known */
    uint32_t min_handled;
    uint32_t waiting;
    int64_t oldest_us, newest_us;  /* queued times */
    rs_on_duty_t staff;
    uint32_t seen;                 /* agents seen handling */
    int64_t served_us;
} rs_queue_now_t;

typedef struct rs_forecast {       /* from which any leg of the queue can be told */
    rs_prediction_reason_t reason;
    rs_hazard_t hazard;
    rs_departures_t departures;
    rs_waiting_line_t line;                /* borrows departures */
} rs_forecast_t;

/* Whether there is an answer, and how many agents serve. Pure. */
rs_prediction_reason_t rs_predict_judge(const rs_queue_now_t *queue, uint32_t underway, uint32_t *agents);
/* long + w·(recent - long): `error` is the standard error of `recent`. Pure. */
double rs_predict_steady(double recent, double longer, double error);
/* `entries`: histogram of handle times for the shape. `predict` and `queue_key` give the handlings under way. `until_us`: the longest
 * time that will be asked for. The forecast must not be moved. */
void rs_predict_forecast(const rs_predict_t *predict, uint32_t queue_key, const rs_queue_now_t *queue, const rs_hist_entry_t *entries,
                         size_t count, int64_t until_us, rs_forecast_t *forecast);
/* Any contact that waits: `ahead` of it wait so many, it was queued at queued_us. */
typedef struct rs_leg_forecast { int64_t wait_left_us; double breach; } rs_leg_forecast_t;
rs_leg_forecast_t rs_predict_leg(const rs_forecast_t *forecast, const rs_queue_now_t *queue, uint32_t ahead, int64_t queued_us);
/* What a leg adds to a policy's numerator and denominator when it closes. */
typedef struct rs_expected { double numerator, denominator; } rs_expected_t;
rs_expected_t rs_predict_verdict(const rs_forecast_t *forecast, const rs_policy_t *policy, const rs_standard_t *standard, uint32_t ahead,
                                 int64_t waited_us);

#endif
