#include "core/skew.h"

static void begin_half(rs_skew_t *skew, int64_t arrival_us) {
    const bool follows = arrival_us - skew->begun_us < 2 * RS_SKEW_HALF_US;
    skew->least_us[1] = skew->least_us[0];
    skew->events[1] = follows ? skew->events[0] : 0;
    skew->events[0] = 0;
    skew->begun_us = arrival_us;
}

void rs_skew_note(rs_skew_t *skew, int64_t occurred_us, int64_t arrival_us) {
    const bool any = skew->events[0] != 0 || skew->events[1] != 0;
    if (!any || arrival_us - skew->begun_us >= RS_SKEW_HALF_US) begin_half(skew, arrival_us);
    const int64_t delay_us = arrival_us - occurred_us;
    if (skew->events[0] == 0 || delay_us < skew->least_us[0]) skew->least_us[0] = delay_us;
    if (skew->events[0] < UINT32_MAX) skew->events[0]++;
}

bool rs_skew_estimate(const rs_skew_t *skew, int64_t *skew_us) {
    if ((uint64_t)skew->events[0] + skew->events[1] < RS_SKEW_LEAST_EVENTS) return false;
    int64_t least_us = skew->events[0] != 0 ? skew->least_us[0] : skew->least_us[1];
    if (skew->events[1] != 0 && skew->least_us[1] < least_us) least_us = skew->least_us[1];
    *skew_us = -least_us;
    return true;
}
