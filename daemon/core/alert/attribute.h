/* core/alert/attribute.h — which elements of a dimension a deviation comes from (Adtributor: Bhagwan et al., NSDI 2014, with its derived
 * measures).
 *
 * Given: of every element (queue, team, …) what was counted, A, and what was to be expected at the volume of now, F: of a share or mean
 *        both of its numerator a and its denominator b, of a plain count of a alone; and `before`, the times as much that was seen to
 *        expect it from.
 *     explanatory power   count           EP_i = (A_i - F_i) / (A - F)
 *                         share, mean     EP_i ∝ ((A_ai - F_ai)·F_b - (A_bi - F_bi)·F_a) / (F_b·(F_b + A_bi - F_bi)), made to sum to 1;
 *                                         sums over elements without index
 *     surprise            how much likelier the element's figures are if it changed than if it did not, as a logarithm (nats):
 *                             S_i = ln L(now | own rate) + ln L(before | own rate) - ln L(both | one rate for both)
 *                         L binomial for shares, Poisson for counts, exponential for means; the rates that make each likeliest
 *     found               elements with EP above RS_ATTRIBUTE_EACH, by falling surprise, until their EP together reach RS_ATTRIBUTE_ENOUGH
 * The paper's surprise (divergence of the elements' shares of all) takes chance for news: an element of which one loss was to be expected
 * and four came goes before the one with most of the losses, and one that merely has more calls than before goes first.
 * tests/property/root_cause.c made the difference.
 * Pure, allocates nothing; time: elements × parts found. */
#ifndef RS_CORE_ALERT_ATTRIBUTE_H
#define RS_CORE_ALERT_ATTRIBUTE_H

#include "base/base.h"

#define RS_ATTRIBUTE_EACH 0.1
#define RS_ATTRIBUTE_ENOUGH 0.67

typedef enum rs_attribute_kind { RS_ATTRIBUTE_COUNT = 0, RS_ATTRIBUTE_SHARE, RS_ATTRIBUTE_MEAN } rs_attribute_kind_t;
typedef struct rs_attribute_measure {
    rs_attribute_kind_t kind;
    double before;           /* what was seen before, in volumes of now; 0: what is expected is certain */
} rs_attribute_measure_t;
typedef struct rs_attribute_element { double actual_a, actual_b, expected_a, expected_b; } rs_attribute_element_t;
typedef struct rs_attribute_part { uint32_t element; double power, surprise; } rs_attribute_part_t;
typedef struct rs_attribute_found {
    uint32_t count;
    double deviation;        /* A/B - F/B of all; of a count A - F. 0: there is none, and no parts */
} rs_attribute_found_t;

/* At most `room` parts, in the order found. Elements without any b on either side (of a count: without a) say nothing and are not found. */
rs_attribute_found_t rs_attribute(const rs_attribute_element_t *elements, uint32_t count, const rs_attribute_measure_t *measure,
                                  rs_attribute_part_t *parts, uint32_t room);

#endif
