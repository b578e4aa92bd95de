/* base/clock.h — the system's clocks in microseconds. Not for the core, to which time is an argument. Any thread. */
#ifndef RS_BASE_CLOCK_H
#define RS_BASE_CLOCK_H

#include "base/base.h"

#include <time.h>

static inline int64_t rs_clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * RS_US_PER_S + now.tv_nsec / 1000;
}

/* Since some moment of this run of the machine; never goes back. */
static inline int64_t rs_monotonic_us(void) { return rs_clock_us(CLOCK_MONOTONIC); }

/* Since the epoch; goes back when it is set. */
static inline int64_t rs_wall_us(void) { return rs_clock_us(CLOCK_REALTIME); }

#endif
