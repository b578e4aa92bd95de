/* core/numbers.h — which of a source's running numbers were seen, for ever and in little memory.
 *
 * Model:   the greatest number and the holes below it, rising and not touching. A session without losses has none, or the one
 *          below its first number. At most 65,536 holes: past that the oldest is given up and its numbers count as seen.
 */
#ifndef RS_CORE_NUMBERS_H
#define RS_CORE_NUMBERS_H

#include "base/base.h"

typedef struct rs_hole { uint64_t from, to; } rs_hole_t;
typedef struct rs_numbers {
    rs_hole_t *holes;
    uint32_t hole_count, hole_room;
    uint64_t greatest, first;     /* first: the least number ever seen */
    bool any;
} rs_numbers_t;

bool rs_numbers_has(const rs_numbers_t *numbers, uint64_t number);
void rs_numbers_add(rs_numbers_t *numbers, uint64_t number);
/* All of from..to count as seen, as far as they lie in holes. */
void rs_numbers_add_range(rs_numbers_t *numbers, uint64_t from, uint64_t to);
/* Holes above the least number seen, and how many numbers they lack. */
void rs_numbers_gaps(const rs_numbers_t *numbers, uint64_t *gaps, uint64_t *missing);
/* Loading: one more hole above the others. RS_ERR_LIMIT, RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_numbers_restore(rs_numbers_t *numbers, rs_hole_t hole);
void rs_numbers_deinit(rs_numbers_t *numbers);

#endif
