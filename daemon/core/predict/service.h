/* core/predict/service.h — how soon agents come free: from how long handlings take, and how long those under way have taken.
 *
 * Model:   a handling that has lasted for a while ends with a rate that depends on how long it has lasted (its hazard). Real handle
 *          times are nearer to log-normal than to exponential (Brown et al., JASA 2005): an agent who began a moment ago does not
 *          come free at once, and a queue that grew because few ended is about to see more of them end. So the hazard is measured:
 *          constant in each of RS_HAZARD_CLASSES classes of age,
 *              measured = (ended in the class + RS_HAZARD_PRIOR) / (time spent in the class + RS_HAZARD_PRIOR · mean)
 *              hazard   = 1/mean + w·(measured - 1/mean), w = max(0, 1 - (classes - 2) / X²)          (James and Stein 1961)
 *          with X² the chi square of what ended in the classes against the exponential's: so that a hundred handlings, six in a class,
 *          do not pass their chance for a shape, and a thousand have nearly all of theirs. Ages are taken in units of the mean, so that
 *          the shape may rest on more handlings (today's) than the mean (the last half hour's).
 *          Departures within t are a sum over agents of renewal counts: of one agent whose handling has age a,
 *              M_a(t) = F_a(t) + integral of M_0(t-u) dF_a(u)           mean, F_a(t) = 1 - e^-(H(a+t) - H(a))
 *              E[N(N-1)] = 2 · integral of M_0(t-u) dM_a(u)             for the variance (Cox, Renewal Theory, 1962)
 *          on a grid of equal steps, agents of one class of age together.
 * Purity:  pure functions, no memory.
 */
#ifndef RS_CORE_PREDICT_SERVICE_H
#define RS_CORE_PREDICT_SERVICE_H

#include "core/window/histogram.h"

enum { RS_HAZARD_CLASSES = 16, RS_HAZARD_PRIOR = 1, RS_DEPARTURE_STEPS = 24 };

typedef struct rs_hazard {
    double mean_s;                             /* of a handling */
    double variation;                          /* variance / mean², 1 for exponential */
    double from_s[RS_HAZARD_CLASSES + 1];      /* where a class of age begins; the last is INFINITY */
    double rate[RS_HAZARD_CLASSES];            /* per second */
    double sum[RS_HAZARD_CLASSES];             /* integral of the rate from age 0 to where the class begins */
} rs_hazard_t;

/* Exponential handlings: the same rate at every age. mean_s > 0. */
void rs_hazard_exponential(rs_hazard_t *hazard, double mean_s);
/* From a histogram of handle times, its shape stretched to `mean_s` > 0. Without entries it is exponential. */
void rs_hazard_measure(rs_hazard_t *hazard, double mean_s, const rs_hist_entry_t *entries, size_t count);
/* The same shape with another mean. */
void rs_hazard_stretch(rs_hazard_t *hazard, double mean_s);
/* The class of an age; integral of the rate from age 0 to an age. */
uint32_t rs_hazard_class(const rs_hazard_t *hazard, double age_s);
double rs_hazard_sum(const rs_hazard_t *hazard, double age_s);

/* Agents who are busy, by the age of what they do. */
typedef struct rs_busy {
    uint32_t agents[RS_HAZARD_CLASSES];
    int64_t age_us[RS_HAZARD_CLASSES];         /* summed; whole numbers, so that their order does not matter */
    uint32_t unknown;                          /* busy since nobody knows when: as in equilibrium */
} rs_busy_t;
void rs_busy_add(rs_busy_t *busy, const rs_hazard_t *hazard, int64_t age_us);

/* Departures of all agents within t, for t from 0 on; past the grid both go on as straight lines. */
typedef struct rs_departures {
    double step_s;
    uint32_t steps;
    double mean[RS_DEPARTURE_STEPS + 1], variance[RS_DEPARTURE_STEPS + 1];
    double mean_per_s, variance_per_s;         /* past the grid */
} rs_departures_t;
/* For times up to about `until_s` >= 0; every agent is taken to go on with the next contact at once. */
void rs_departures_expect(rs_departures_t *departures, const rs_hazard_t *hazard, const rs_busy_t *busy, double until_s);
void rs_departures_within(const rs_departures_t *departures, double t_s, double *mean, double *variance);

#endif
