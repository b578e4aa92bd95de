#include "core/alert/attribute.h"

#include <math.h>

typedef struct sums { double actual_a, actual_b, expected_a, expected_b, power; } sums_t;

static double above_zero(double value) { return value > 0 ? value : 0; }

static double surprise_of(double expected, double actual, double all_expected, double all_actual) {
    if (all_expected <= 0 || all_actual <= 0) return 0;
    const double p = above_zero(expected) / all_expected, q = above_zero(actual) / all_actual;
    double sum = 0;
    if (p > 0) sum += p * log(2 * p / (p + q));
    if (q > 0) sum += q * log(2 * q / (p + q));
    return sum / 2;
}

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

static double whole_surprise(const rs_attribute_element_t *e, const sums_t *sums, bool ratio) {
    const double of_a = surprise_of(e->expected_a, e->actual_a, sums->expected_a, sums->actual_a);
    return ratio ? of_a + surprise_of(e->expected_b, e->actual_b, sums->expected_b, sums->actual_b) : of_a;
}

/* The most surprising element after the last part; of equal ones the first. False: there is none. */
static bool find_next(const rs_attribute_element_t *elements, uint32_t count, bool ratio, const sums_t *sums, const rs_attribute_part_t *last,
                      rs_attribute_part_t *next) {
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        const double power = power_of(&elements[i], sums, ratio) / sums->power;
        if (!(power > RS_ATTRIBUTE_EACH)) continue;
        const double surprise = whole_surprise(&elements[i], sums, ratio);
        if (last != NULL && (surprise > last->surprise || (surprise >= last->surprise && i <= last->element))) continue;
        if (found && surprise <= next->surprise) continue;
        *next = (rs_attribute_part_t){.element = i, .power = power, .surprise = surprise};
        found = true;
    }
    return found;
}

rs_attribute_found_t rs_attribute(const rs_attribute_element_t *elements, uint32_t count, bool ratio, rs_attribute_part_t *parts, uint32_t room) {
    const sums_t sums = sum_up(elements, count, ratio);
    rs_attribute_found_t found = {0};
    double power = 0;
    if (ratio && (sums.actual_b <= 0 || sums.expected_b <= 0)) return found;
    found.deviation = ratio ? sums.actual_a / sums.actual_b - sums.expected_a / sums.expected_b : sums.actual_a - sums.expected_a;
    if (sums.power == 0 || found.deviation == 0 || (sums.power > 0) != (found.deviation > 0)) return (rs_attribute_found_t){0};
    while (found.count < room && power < RS_ATTRIBUTE_ENOUGH) {
        const rs_attribute_part_t *last = found.count == 0 ? NULL : &parts[found.count - 1];
        if (!find_next(elements, count, ratio, &sums, last, &parts[found.count])) break;
        power += parts[found.count].power;
        found.surprise += parts[found.count++].surprise;
    }
    return found;
}
