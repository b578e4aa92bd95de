#include "core/detect/rates.h"

#include <math.h>

double rs_burn(double bad_share, double target) { return bad_share / (1 - target); }

double rs_burn_limit(double share, int64_t period_us, int64_t window_us) { return share * (double)period_us / (double)window_us; }

bool rs_burn_reachable(double limit, double target) { return limit < 1 / (1 - target); }

double rs_change(double before, double now) {
    if (before == now) return 0;
    return before == 0 ? copysign(INFINITY, now) : (now - before) / fabs(before);
}

double rs_change_z(const rs_sample_t *before, const rs_sample_t *now, double sigma) {
    double deviation = sigma;
    if (now->measure == RS_MEASURE_COUNT) deviation *= sqrt(before->value + now->value);
    if (now->measure == RS_MEASURE_VALUE) deviation *= sqrt(2);
    if (now->measure == RS_MEASURE_SHARE) {
        const double all = before->n + now->n, share = (before->value * before->n + now->value * now->n) / all;
        deviation *= all > 0 && before->n > 0 && now->n > 0 ? sqrt(share * (1 - share) * (1 / before->n + 1 / now->n)) : 0;
    }
    return deviation > 0 ? (now->value - before->value) / deviation : 0;
}

double rs_silence_limit(double events, double alarms) {
    const double limit = events > 0 && alarms > 0 ? log(events / alarms) : 0;
    return limit > RS_SILENCE_EXPECTED ? limit : RS_SILENCE_EXPECTED;
}

bool rs_interval_level(const rs_interval_so_far_t *so_far, double *level) {
    const double hits = so_far->hits + so_far->waiting_hits + so_far->arrivals * so_far->in_time;
    const double n = so_far->n + so_far->waiting_n + so_far->arrivals;
    if (!(n > 0)) return false;
    *level = hits / n;
    return true;
}
