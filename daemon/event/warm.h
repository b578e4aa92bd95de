/* event/warm.h — figures of history, as a record of the ring: what a rule that learns would know of a key if the daemon had been there.
 * Read from the database by whoever has one (service/warm.c), journaled like everything that the core is told, so that a restart knows the
 * same.
 *
 * One rule and key need several records, oldest figures first; the last one says so, and nothing is taken for that pair after it. It names
 * what the rule asked when history was asked for it: a rule that asks something else by now takes nothing (core/alert/alert.h).
 *
 *   warm     0 kind=10  1 version  2 length:2  4 family channel is_last 0  8 every_us:8  16 first_end_us:8
 *            24 lengths of rule, metric, policy, tenant, key  29 zero:1  30 count:2;
 *            then the strings, then each figure: 0 place:4  4 n:4  8 value:8
 *            place: subgroups after the one that ended at first_end_us, rising; n: what the figure rests on, 0 for counts;
 *            value: IEEE 754 */
#ifndef RS_EVENT_WARM_H
#define RS_EVENT_WARM_H

#include "event/event.h"

enum { RS_WARM_FIGURES = 100 };      /* at most, of one record */

typedef struct rs_warm_figure {
    int64_t end_us;                  /* of its subgroup */
    double value;                    /* in the metric's unit, finite */
    uint32_t n;
} rs_warm_figure_t;

typedef struct rs_warm {
    rs_str_t rule, metric, policy, tenant, key;   /* at most RS_MAX_NAME bytes each; rule and metric are not empty */
    uint8_t family, channel;
    bool is_last;
    int64_t every_us;                /* length of the subgroups, > 0 */
    uint32_t count;
    rs_warm_figure_t figures[RS_WARM_FIGURES];    /* oldest first, ends apart by whole subgroups */
} rs_warm_t;

/* Returns the length, at most RS_RECORD_MAX. */
size_t rs_record_write_warm(const rs_warm_t *warm, void *bytes);
/* Strings borrow. RS_ERR_PARSE: not exactly such a record. */
RS_MUST_CHECK int rs_record_read_warm(const void *bytes, size_t len, rs_warm_t *warm);

#endif
