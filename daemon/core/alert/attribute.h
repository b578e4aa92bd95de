/* core/alert/attribute.h — which elements of a dimension a deviation comes from (Adtributor: Bhagwan et al., NSDI 2014, with its derived measures).
 *
 * Given: of every element (queue, team, …) what was counted, A, and what was to be expected, F. Of a ratio both of its numerator a and its
 *        denominator b; of a plain count of a alone.
 *     explanatory power   count   EP_i = (A_i - F_i) / (A - F)
 *                         ratio   EP_i ∝ ((A_ai - F_ai)·F_b - (A_bi - F_bi)·F_a) / (F_b·(F_b + A_bi - F_bi)), made to sum to 1;
 *                                 sums over elements without index
 *     surprise            S_i = ½·(p·ln(2p/(p+q)) + q·ln(2q/(p+q))), p = F_i/F, q = A_i/A; of a ratio the sum of both measures'
 *     found               elements with EP above RS_ATTRIBUTE_EACH, by falling surprise, until their EP together reach RS_ATTRIBUTE_ENOUGH
 * Pure, allocates nothing; time: elements × parts found. Counts below 0 count as 0 in p and q. */
#ifndef RS_CORE_ALERT_ATTRIBUTE_H
#define RS_CORE_ALERT_ATTRIBUTE_H

#include "base/base.h"

#define RS_ATTRIBUTE_EACH 0.1
#define RS_ATTRIBUTE_ENOUGH 0.67

typedef struct rs_attribute_element { double actual_a, actual_b, expected_a, expected_b; } rs_attribute_element_t;
typedef struct rs_attribute_part { uint32_t element; double power, surprise; } rs_attribute_part_t;
typedef struct rs_attribute_found {
    uint32_t count;
    double surprise;         /* of the parts together: how well the dimension tells them apart */
    double deviation;        /* A/B - F/B of all; of a count A - F. 0: there is none, and no parts */
} rs_attribute_found_t;

/* At most `room` parts, in the order found. Elements without any b on either side (of a count: without a) say nothing and are not found. */
rs_attribute_found_t rs_attribute(const rs_attribute_element_t *elements, uint32_t count, bool ratio, rs_attribute_part_t *parts, uint32_t room);

#endif
