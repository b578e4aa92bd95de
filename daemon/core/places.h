/* core/places.h — where counts are kept: what most changes touch lies together in two cache lines, the rest in groups that are made
 * when first needed. One order for the rows' sums (core/sums.h) and the windows' rows (core/window/window_internal.h).
 *
 * A place below RS_PLACES_HOT is one of the two lines; from there on group (place - RS_PLACES_HOT) / RS_PLACES_GROUP, and in it the
 * remainder. What is mostly counted together is in one group. Nothing that is saved depends on it. */
#ifndef RS_CORE_PLACES_H
#define RS_CORE_PLACES_H

#include "core/counts.h"

enum {
    RS_PLACES_HOT = 16, RS_PLACES_GROUP = 7,
    RS_PLACES_GROUPS = (RS_COUNT_COUNT - RS_PLACES_HOT + RS_PLACES_GROUP - 1) / RS_PLACES_GROUP,
    RS_PLACES = RS_PLACES_HOT + RS_PLACES_GROUPS * RS_PLACES_GROUP
};
_Static_assert((int)RS_PLACES <= 256, "a place is an uint8_t");

typedef struct rs_places {
    uint8_t of[RS_COUNT_COUNT];      /* the place of a count */
    uint8_t at[RS_PLACES];           /* the count at a place; the last places, of no count: RS_COUNT_COUNT */
} rs_places_t;
_Static_assert((int)RS_COUNT_COUNT <= 255, "so is a count");

void rs_places_init(rs_places_t *places);

#endif
