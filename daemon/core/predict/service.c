#include "core/predict/service.h"

#include <math.h>

/* Where classes of age begin, in means. */
static const double class_from[RS_HAZARD_CLASSES] = {0,    0.06, 0.12, 0.2, 0.3, 0.42, 0.56, 0.72,
                                                     0.9, 1.12, 1.4, 1.75, 2.2, 2.8, 3.7, 5};

/* --- the hazard ------------------------------------------------------------------------------------------------------- */
static void add_up(rs_hazard_t *hazard) {
    hazard->sum[0] = 0;
    for (uint32_t c = 1; c < RS_HAZARD_CLASSES; c++) {
        hazard->sum[c] = hazard->sum[c - 1] + hazard->rate[c - 1] * (hazard->from_s[c] - hazard->from_s[c - 1]);
    }
}

/* Integral of e^-H over all ages. */
static double mean_of(const rs_hazard_t *hazard) {
    double mean = 0;
    for (uint32_t c = 0; c < RS_HAZARD_CLASSES; c++) {
        mean += exp(-hazard->sum[c]) * -expm1(-hazard->rate[c] * (hazard->from_s[c + 1] - hazard->from_s[c])) / hazard->rate[c];
    }
    return mean;
}

static void lay_classes(rs_hazard_t *hazard, double mean_s) {
    for (uint32_t c = 0; c < RS_HAZARD_CLASSES; c++) hazard->from_s[c] = class_from[c] * mean_s;
    hazard->from_s[RS_HAZARD_CLASSES] = INFINITY;
}

void rs_hazard_exponential(rs_hazard_t *hazard, double mean_s) {
    hazard->mean_s = mean_s;
    hazard->variation = 1;
    lay_classes(hazard, mean_s);
    for (uint32_t c = 0; c < RS_HAZARD_CLASSES; c++) hazard->rate[c] = 1 / mean_s;
    add_up(hazard);
}

/* The middle of a bucket: what is counted as n ms lasted n to n + 1. */
static double middle_s(const rs_hist_entry_t *entry) {
    return ((double)rs_hist_middle_ms(entry->bucket, -1, -1) + 0.5) * 1e-3;
}

void rs_hazard_stretch(rs_hazard_t *hazard, double mean_s) {
    const double factor = mean_s / hazard->mean_s;
    for (uint32_t c = 0; c < RS_HAZARD_CLASSES; c++) {
        hazard->from_s[c] *= factor;
        hazard->rate[c] /= factor;
    }
    hazard->mean_s = mean_s;
}

/* How much of the distance between what ended in each class and what an exponential would have ended is more than chance: Stein's
 * estimate of many means, 1 - (classes - 2) / chi square. */
static double weight_of_shape(const double ended[RS_HAZARD_CLASSES], const double spent_s[RS_HAZARD_CLASSES], double mean_s) {
    double chi_square = 0;
    for (uint32_t c = 0; c < RS_HAZARD_CLASSES; c++) {
        const double expected = spent_s[c] / mean_s, distance = ended[c] - expected;
        chi_square += distance * distance / (expected + RS_HAZARD_PRIOR);
    }
    const double by_chance = RS_HAZARD_CLASSES - 2;
    return chi_square > by_chance ? 1 - by_chance / chi_square : 0;
}

void rs_hazard_measure(rs_hazard_t *hazard, double mean_s, const rs_hist_entry_t *entries, size_t count) {
    double total = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        const double s = middle_s(&entries[i]);
        if (entries[i].count <= 0) continue;
        total += entries[i].count;
        sum += entries[i].count * s;
        squares += entries[i].count * s * s;
    }
    rs_hazard_exponential(hazard, mean_s);
    if (total <= 0 || sum <= 0) return;
    const double seen_s = sum / total;
    lay_classes(hazard, seen_s);
    double ended[RS_HAZARD_CLASSES] = {0}, spent_s[RS_HAZARD_CLASSES] = {0};
    for (size_t i = 0, c = 0; i < count; i++) {
        const double s = middle_s(&entries[i]);
        if (entries[i].count <= 0) continue;
        while (s >= hazard->from_s[c + 1]) c++;
        ended[c] += entries[i].count;
        spent_s[c] += entries[i].count * (s - hazard->from_s[c]);
    }
    double longer = total;
    for (uint32_t c = 0; c < RS_HAZARD_CLASSES; c++) {
        longer -= ended[c];
        if (c + 1 < RS_HAZARD_CLASSES) spent_s[c] += longer * (hazard->from_s[c + 1] - hazard->from_s[c]);
    }
    const double weight = weight_of_shape(ended, spent_s, seen_s);
    for (uint32_t c = 0; c < RS_HAZARD_CLASSES; c++) {
        const double measured = (ended[c] + RS_HAZARD_PRIOR) / (spent_s[c] + RS_HAZARD_PRIOR * seen_s);
        hazard->rate[c] = 1 / seen_s + weight * (measured - 1 / seen_s);
    }
    add_up(hazard);
    hazard->mean_s = mean_of(hazard);
    rs_hazard_stretch(hazard, mean_s);
    const double variation = (squares / total) / (seen_s * seen_s) - 1;
    hazard->variation = 1 + weight * (variation - 1);
}

uint32_t rs_hazard_class(const rs_hazard_t *hazard, double age_s) {
    uint32_t c = 0;
    for (uint32_t half = RS_HAZARD_CLASSES / 2; half != 0; half /= 2) c += hazard->from_s[c + half] <= age_s ? half : 0;
    return c;
}

double rs_hazard_sum(const rs_hazard_t *hazard, double age_s) {
    const uint32_t c = rs_hazard_class(hazard, age_s);
    return hazard->sum[c] + hazard->rate[c] * (age_s - hazard->from_s[c]);
}

/* --- departures ------------------------------------------------------------------------------------------------------- */
void rs_busy_add(rs_busy_t *busy, const rs_hazard_t *hazard, int64_t age_us) {
    const int64_t since_us = age_us < 0 ? 0 : age_us;
    const uint32_t c = rs_hazard_class(hazard, (double)since_us * 1e-6);
    busy->agents[c]++;
    busy->age_us[c] += since_us;
}

/* ended[j] = chance that what has age_s now has ended by j steps. */
static void chance_to_end(const rs_hazard_t *hazard, double age_s, double step_s, uint32_t steps, double *ended) {
    const double before = rs_hazard_sum(hazard, age_s);
    ended[0] = 0;
    for (uint32_t j = 1; j <= steps; j++) ended[j] = -expm1(before - rs_hazard_sum(hazard, age_s + j * step_s));
}

/* out[j] = integral over the first j steps of later(t-u) d(first)(u), by the trapezium rule within a step. */
static double convolve(const double *first, const double *later, uint32_t j) {
    double sum = 0;
    for (uint32_t i = 1; i <= j; i++) sum += (first[i] - first[i - 1]) * (later[j - i] + later[j - i + 1]) / 2;
    return sum;
}

/* The renewal function of agents who begin now: the last step's part of the integral has the unknown itself in it. */
static void renew(const double *ended, uint32_t steps, double *renewals) {
    renewals[0] = 0;
    for (uint32_t j = 1; j <= steps; j++) {
        renewals[j] = 0;
        const double known = ended[j] + convolve(ended, renewals, j);
        renewals[j] = known / (1 - ended[1] / 2);
    }
}

void rs_departures_expect(rs_departures_t *departures, const rs_hazard_t *hazard, const rs_busy_t *busy, double until_s) {
    double fresh[RS_DEPARTURE_STEPS + 1], renewals[RS_DEPARTURE_STEPS + 1];
    const double finest_s = hazard->mean_s / 16, wanted = ceil(until_s / finest_s);
    const uint32_t steps = wanted < 4 ? 4 : wanted > RS_DEPARTURE_STEPS ? RS_DEPARTURE_STEPS : (uint32_t)wanted;
    const double coarsest_s = hazard->mean_s / 4, even_s = until_s / steps;
    *departures = (rs_departures_t){.steps = steps, .step_s = even_s > coarsest_s ? coarsest_s : even_s > 0 ? even_s : finest_s};
    chance_to_end(hazard, 0, departures->step_s, steps, fresh);
    renew(fresh, steps, renewals);
    uint32_t all = busy->unknown;
    for (uint32_t c = 0; c < RS_HAZARD_CLASSES; c++) {
        const double agents = busy->agents[c];
        if (busy->agents[c] == 0) continue;
        double ended[RS_DEPARTURE_STEPS + 1], mean[RS_DEPARTURE_STEPS + 1];
        all += busy->agents[c];
        chance_to_end(hazard, (double)busy->age_us[c] * 1e-6 / agents, departures->step_s, steps, ended);
        for (uint32_t j = 0; j <= steps; j++) mean[j] = ended[j] + convolve(ended, renewals, j);
        for (uint32_t j = 0; j <= steps; j++) {
            departures->mean[j] += agents * mean[j];
            departures->variance[j] += agents * (mean[j] + 2 * convolve(mean, renewals, j) - mean[j] * mean[j]);
        }
    }
    for (uint32_t j = 0; j <= steps; j++) {
        const double expected = busy->unknown * j * departures->step_s / hazard->mean_s;
        departures->mean[j] += expected;
        departures->variance[j] += expected;
    }
    departures->mean_per_s = all / hazard->mean_s;
    departures->variance_per_s = all * hazard->variation / hazard->mean_s;
}

void rs_departures_within(const rs_departures_t *departures, double t_s, double *mean, double *variance) {
    const double place = t_s / departures->step_s;
    if (place >= departures->steps) {
        const double beyond_s = t_s - departures->steps * departures->step_s;
        *mean = departures->mean[departures->steps] + beyond_s * departures->mean_per_s;
        *variance = departures->variance[departures->steps] + beyond_s * departures->variance_per_s;
        return;
    }
    const uint32_t j = (uint32_t)place;
    const double part = place - j;
    *mean = departures->mean[j] + part * (departures->mean[j + 1] - departures->mean[j]);
    *variance = departures->variance[j] + part * (departures->variance[j + 1] - departures->variance[j]);
}
