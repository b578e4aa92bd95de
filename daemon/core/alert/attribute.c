#include "core/alert/attribute.h"

#include <math.h>

typedef struct sums { double actual_a, actual_b, expected_a, expected_b, power; } sums_t;

/* --- surprise ------------------------------------------------------------------------------------------------------- */
/* `a` of `b`; of a count, in so many volumes. */
typedef struct seen { double a, b; } seen_t;

static double rate_of(seen_t seen) { return seen.b > 0 ? seen.a / seen.b : 0; }

/* count · ln(rate), where nothing of what cannot be is likely. */
static double times_log(double count, double rate) { return count > 0 ? count * log(fmax(rate, 1e-300)) : 0; }

/* Without what does not depend on the rate. */
static double log_likelihood(rs_attribute_kind_t kind, seen_t seen, double rate) {
    switch (kind) {
        case RS_ATTRIBUTE_SHARE: return times_log(seen.a, rate) + times_log(seen.b - seen.a, 1 - rate);
        case RS_ATTRIBUTE_MEAN: return -times_log(seen.b, rate) - (seen.a > 0 ? seen.a / rate : 0);
        default: return times_log(seen.a, rate) - rate * seen.b;
    }
}

static seen_t seen_as(rs_attribute_kind_t kind, double a, double b, double volumes) {
    if (kind == RS_ATTRIBUTE_COUNT) return (seen_t){.a = fmax(a, 0) * volumes, .b = volumes};
    const double whole = fmax(b, 0) * volumes, part = fmax(a, 0) * volumes;
    return (seen_t){.a = kind == RS_ATTRIBUTE_SHARE ? fmin(part, whole) : part, .b = whole};
}

static double surprise_of(const rs_attribute_element_t *e, const rs_attribute_measure_t *measure) {
    const bool certain = measure->before <= 0;
    const seen_t now = seen_as(measure->kind, e->actual_a, e->actual_b, 1);
    const seen_t then = seen_as(measure->kind, e->expected_a, e->expected_b, certain ? 1 : measure->before);
    const double one_rate = certain ? rate_of(then) : rate_of((seen_t){.a = now.a + then.a, .b = now.b + then.b});
    double gain = log_likelihood(measure->kind, now, rate_of(now)) - log_likelihood(measure->kind, now, one_rate);
    if (!certain) gain += log_likelihood(measure->kind, then, rate_of(then)) - log_likelihood(measure->kind, then, one_rate);
    return fmax(gain, 0);
}

/* --- power ---------------------------------------------------------------------------------------------------------- */
/* Before it is made to sum to 1. */
static double power_of(const rs_attribute_element_t *e, const sums_t *sums, bool ratio) {
    if (!ratio) return e->actual_a - e->expected_a;
    const double more_b = e->actual_b - e->expected_b, below = sums->expected_b * (sums->expected_b + more_b);
    if (below == 0) return 0;
    return ((e->actual_a - e->expected_a) * sums->expected_b - more_b * sums->expected_a) / below;
}

static sums_t sum_up(const rs_attribute_element_t *elements, uint32_t count, bool ratio) {
    sums_t sums = {0};
    for (uint32_t i = 0; i < count; i++) {
        sums.actual_a += elements[i].actual_a;
        sums.actual_b += elements[i].actual_b;
        sums.expected_a += elements[i].expected_a;
        sums.expected_b += elements[i].expected_b;
    }
    for (uint32_t i = 0; i < count; i++) sums.power += power_of(&elements[i], &sums, ratio);
    return sums;
}

/* --- parts ---------------------------------------------------------------------------------------------------------- */
/* The most surprising element after the last part; of equal ones the first. False: there is none. */
static bool find_next(const rs_attribute_element_t *elements, uint32_t count, const rs_attribute_measure_t *measure, const sums_t *sums,
                      const rs_attribute_part_t *last, rs_attribute_part_t *next) {
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        const double power = power_of(&elements[i], sums, measure->kind != RS_ATTRIBUTE_COUNT) / sums->power;
        if (!(power > RS_ATTRIBUTE_EACH)) continue;
        const double surprise = surprise_of(&elements[i], measure);
        if (last != NULL && (surprise > last->surprise || (surprise >= last->surprise && i <= last->element))) continue;
        if (found && surprise <= next->surprise) continue;
        *next = (rs_attribute_part_t){.element = i, .power = power, .surprise = surprise};
        found = true;
    }
    return found;
}

rs_attribute_found_t rs_attribute(const rs_attribute_element_t *elements, uint32_t count, const rs_attribute_measure_t *measure,
                                  rs_attribute_part_t *parts, uint32_t room) {
    const bool ratio = measure->kind != RS_ATTRIBUTE_COUNT;
    const sums_t sums = sum_up(elements, count, ratio);
    rs_attribute_found_t found = {0};
    double power = 0;
    if (ratio && (sums.actual_b <= 0 || sums.expected_b <= 0)) return found;
    found.deviation = ratio ? sums.actual_a / sums.actual_b - sums.expected_a / sums.expected_b : sums.actual_a - sums.expected_a;
    if (sums.power == 0 || found.deviation == 0 || (sums.power > 0) != (found.deviation > 0)) return (rs_attribute_found_t){0};
    while (found.count < room && power < RS_ATTRIBUTE_ENOUGH) {
        const rs_attribute_part_t *last = found.count == 0 ? NULL : &parts[found.count - 1];
        if (!find_next(elements, count, measure, &sums, last, &parts[found.count])) break;
        power += parts[found.count++].power;
    }
    return found;
}
