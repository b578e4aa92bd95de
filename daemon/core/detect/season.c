#include "core/detect/season.h"
#include "core/detect/normal.h"

#include <math.h>

enum { MOST_PAIRS = (2 * RS_SEASON_NEAR + 1) * RS_SEASON_WEEKS * (RS_SEASON_WEEKS - 1) / 2 };
static const double efficiency = 0.6, least_spread = 0.02;

rs_season_slot_t rs_season_slot(int64_t local_us, uint32_t per_day) {
    const int64_t day = local_us / RS_US_PER_DAY, within = local_us % RS_US_PER_DAY;
    const uint32_t weekday = (uint32_t)((day + 3) % 7);   /* the epoch was a Thursday */
    return (rs_season_slot_t){.day = (uint8_t)weekday, .slot = (uint8_t)(within / (RS_US_PER_DAY / per_day))};
}

static const rs_season_day_t *day_of(const rs_pool_t *pool, const rs_season_t *season, uint32_t day) {
    return season->days[day] == 0 ? NULL : rs_pool_at(pool, season->days[day]);
}

/* A few numbers: sorted by insertion. */
static double median(double *numbers, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        const double number = numbers[i];
        uint32_t at = i;
        for (; at > 0 && numbers[at - 1] > number; at--) numbers[at] = numbers[at - 1];
        numbers[at] = number;
    }
    return count % 2 == 1 ? numbers[count / 2] : 0.5 * (numbers[count / 2 - 1] + numbers[count / 2]);
}

static bool slot_median(const rs_season_day_t *day, uint32_t slot, double *centre) {
    double numbers[RS_SEASON_WEEKS];
    if (day == NULL || day->known[slot] < RS_SEASON_LEAST_WEEKS) return false;
    for (uint32_t i = 0; i < day->known[slot]; i++) numbers[i] = (double)day->values[slot * RS_SEASON_WEEKS + i];
    *centre = median(numbers, day->known[slot]);
    return true;
}

bool rs_season_centre(const rs_pool_t *pool, const rs_season_t *season, rs_season_slot_t slot, double *centre) {
    return slot_median(day_of(pool, season, slot.day), slot.slot, centre);
}

static uint32_t add_pairs(const rs_season_day_t *day, uint32_t slot, double *pairs, uint32_t count) {
    if (day == NULL || day->known[slot] < RS_SEASON_LEAST_WEEKS) return count;
    for (uint32_t i = 1; i < day->known[slot]; i++) {
        for (uint32_t k = 0; k < i; k++) {
            pairs[count++] = fabs((double)day->values[slot * RS_SEASON_WEEKS + i] - (double)day->values[slot * RS_SEASON_WEEKS + k]);
        }
    }
    return count;
}

static double spread_of(double *pairs, uint32_t count, bool counts, double centre) {
    const double root_two = 1.41421356237309504880;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) sum += pairs[i];
    const double middle = median(pairs, count);
    if (middle > 0) return middle / (0.6745 * root_two);
    if (sum > 0) return 1.253314 / root_two * sum / count;
    return counts ? sqrt(centre > 1 ? centre : 1) : 0;
}

bool rs_season_look(const rs_pool_t *pool, const rs_season_t *season, rs_season_slot_t slot, uint32_t per_day, bool counts,
                    rs_season_view_t *view) {
    double pairs[MOST_PAIRS];
    uint32_t count = 0;
    if (!rs_season_centre(pool, season, slot, &view->centre)) return false;
    const int32_t week = (int32_t)(7 * per_day), here = (int32_t)(slot.day * per_day + slot.slot);
    view->freedom = 0;
    for (int32_t off = -RS_SEASON_NEAR; off <= RS_SEASON_NEAR; off++) {
        const uint32_t at = (uint32_t)((here + off + week) % week), before = count;
        const rs_season_day_t *day = day_of(pool, season, at / per_day);
        count = add_pairs(day, at % per_day, pairs, count);
        if (count > before) view->freedom += efficiency * (day->known[at % per_day] - 1);
    }
    view->weeks = day_of(pool, season, slot.day)->known[slot.slot];
    view->spread = spread_of(pairs, count, counts, view->centre);
    if (!counts) view->spread = fmax(view->spread, least_spread * fabs(view->centre));
    return true;
}

double rs_season_limit(const rs_season_view_t *view, bool both_sides, double arl) {
    return rs_student_quantile_above((both_sides ? 0.5 : 1) / arl, view->freedom) * sqrt(1 + 3.14159265358979 / (2.0 * view->weeks));
}

bool rs_season_learn(rs_pool_t *pool, rs_season_t *season, rs_season_slot_t slot, double value, bool abnormal) {
    if (season->days[slot.day] == 0) season->days[slot.day] = rs_pool_take(pool);
    if (season->days[slot.day] == 0) return false;
    rs_season_day_t *day = rs_pool_at(pool, season->days[slot.day]);
    if (abnormal && day->frozen[slot.slot] < RS_SEASON_FROZEN) {
        day->frozen[slot.slot]++;
        return true;
    }
    day->frozen[slot.slot] = 0;
    day->values[slot.slot * RS_SEASON_WEEKS + day->next[slot.slot]] = (float)value;
    day->next[slot.slot] = (uint8_t)((day->next[slot.slot] + 1) % RS_SEASON_WEEKS);
    if (day->known[slot.slot] < RS_SEASON_WEEKS) day->known[slot.slot]++;
    else if (day->warm[slot.slot] > 0) day->warm[slot.slot]--;   /* the oldest one went */
    return true;
}

/* The ring is laid out anew, oldest first: history, the new figure, what was learned. */
bool rs_season_warm(rs_pool_t *pool, rs_season_t *season, rs_season_slot_t slot, double value) {
    float laid[RS_SEASON_WEEKS + 1];
    if (season->days[slot.day] == 0) season->days[slot.day] = rs_pool_take(pool);
    if (season->days[slot.day] == 0) return false;
    rs_season_day_t *day = rs_pool_at(pool, season->days[slot.day]);
    float *values = &day->values[slot.slot * RS_SEASON_WEEKS];
    const uint32_t known = day->known[slot.slot], warm = day->warm[slot.slot], is_full = known == RS_SEASON_WEEKS;
    if (known - warm == RS_SEASON_WEEKS) return true;
    const uint32_t oldest = day->next[slot.slot] + RS_SEASON_WEEKS - known;
    for (uint32_t i = 0; i < known; i++) laid[i < warm ? i : i + 1] = values[(oldest + i) % RS_SEASON_WEEKS];
    laid[warm] = (float)value;
    for (uint32_t i = 0; i < known + 1 - is_full; i++) values[i] = laid[i + is_full];
    day->known[slot.slot] = (uint8_t)(known + 1 - is_full);
    day->warm[slot.slot] = (uint8_t)(warm + 1 - is_full);
    day->next[slot.slot] = day->known[slot.slot] % RS_SEASON_WEEKS;
    return true;
}

void rs_season_forget(rs_pool_t *pool, rs_season_t *season) {
    for (uint32_t day = 0; day < 7; day++) {
        if (season->days[day] != 0) rs_pool_give(pool, season->days[day]);
        season->days[day] = 0;
    }
}
