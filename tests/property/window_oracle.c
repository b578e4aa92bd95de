/* The windows against a list of everything that was contributed, summed again for every question.
 *
 * Each seed makes keys of both families in several zones (days of 23, 24, 24.5 and 25 hours, and a date that does not
 * exist), contributes in time, late, too late and in the future, takes earlier changes back whole or in part, moves
 * time in odd steps, in slices and in jumps of days, and compares counts, histograms, percentiles and extremes of every
 * window. */
#include "core/window/window.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_KEYS = 5, MAX_CHANGES = 600, STEPS = 260, MAX_VALUES = MAX_CHANGES * 2 };

typedef struct change {
    uint32_t key;
    int64_t at_us;
    rs_count_t count, other;
    int64_t delta, other_delta;
    int has_duration, has_wait;
    rs_histogram_id_t histogram;
    int64_t duration_us, wait_us;
    int has_pane_only;          /* unused by the store: whether it was inside the longest window when it came */
    int taken_back;
} change_t;

typedef struct world {
    uint64_t seed;
    rs_window_store_t *store;
    rs_window_settings_t settings;
    int64_t now_us;
    uint32_t key_count;
    int full[MAX_KEYS];
    const rs_zone_t *zones[MAX_KEYS];
    int64_t loose_day_us[MAX_KEYS];  /* the day of which a wait was taken back beyond the longest window; -1 = none */
    change_t changes[MAX_CHANGES];
    uint32_t change_count;
} world_t;

#define DAY RS_US_PER_DAY
#define HOUR RS_US_PER_HOUR
/* Day 20 begins the interesting dates; every transition is somewhere in a day. */
static rs_zone_transition_t utc_transitions[] = {{0, 0}};
static rs_zone_transition_t spring_transitions[] = {{0, 3600}, {20 * DAY + HOUR, 7200}};
static rs_zone_transition_t autumn_transitions[] = {{0, 7200}, {20 * DAY + HOUR, 3600}};
static rs_zone_transition_t half_transitions[] = {{0, 39600}, {20 * DAY - 9 * HOUR, 37800}};
static rs_zone_transition_t skip_transitions[] = {{0, -10 * 3600}, {20 * DAY + 10 * HOUR, 14 * 3600}};
static rs_zone_transition_t midnight_transitions[] = {{0, -12600 + 3600}, {20 * DAY + 2 * HOUR + 31 * RS_US_PER_MIN, -12600}};
#define ZONE(table) {.count = RS_ARRAY_LEN(table), .transitions = (table)}
static rs_zone_t zones[] = {ZONE(utc_transitions), ZONE(spring_transitions), ZONE(autumn_transitions), ZONE(half_transitions),
                            ZONE(skip_transitions), ZONE(midnight_transitions)};

static void fail(const world_t *world, const char *what, uint32_t key, uint32_t window, int64_t ours, int64_t right) {
    fprintf(stderr, "seed %llu: key %u window %u at %lld us: %s is %lld, should be %lld\n", (unsigned long long)world->seed,
            key, window, (long long)world->now_us, what, (long long)ours, (long long)right);
    exit(1);
}

static int is_inside(const world_t *world, const change_t *change, uint32_t window) {
    if (window == RS_WINDOW_TODAY) {
        const rs_zone_t *zone = world->zones[change->key];
        return change->at_us >= rs_zone_day_start_us(zone, world->now_us) &&
               change->at_us < rs_zone_next_day_us(zone, world->now_us);
    }
    return change->at_us / RS_US_PER_S > world->now_us / RS_US_PER_S - world->settings.windows_us[window] / RS_US_PER_S;
}

/* --- making changes ----------------------------------------------------------------------------------------------- */
static int64_t random_duration(rs_random_t *random) {
    const uint64_t kind = rs_random_below(random, 10);
    if (kind == 0) return 0;
    if (kind < 3) return (int64_t)rs_random_below(random, 40) * RS_US_PER_MS;   /* many equal ones */
    if (kind < 8) return (int64_t)rs_random_below(random, 300 * RS_US_PER_S);
    if (kind < 9) return (int64_t)rs_random_below(random, 30 * (uint64_t)HOUR);
    return RS_HIST_LIMIT_MS * RS_US_PER_MS - 1 + (int64_t)rs_random_below(random, 3);
}

static int64_t random_moment(const world_t *world, rs_random_t *random) {
    const int64_t longest = world->settings.windows_us[world->settings.window_count - 1];
    int64_t at = world->now_us;
    switch (rs_random_below(random, 10)) {
        case 0: case 1: at -= (int64_t)rs_random_below(random, (uint64_t)longest + 3 * RS_US_PER_S); break;
        case 2: at -= (int64_t)rs_random_below(random, 26 * (uint64_t)HOUR); break;
        case 3: at += (int64_t)rs_random_below(random, 90 * RS_US_PER_S); break;
        case 4: if (rs_random_below(random, 4) == 0) at += (int64_t)rs_random_below(random, 30 * (uint64_t)HOUR); break;
        default: at -= (int64_t)rs_random_below(random, 3 * RS_US_PER_S); break;
    }
    return at < 0 ? 0 : at;
}

static void tell(world_t *world, const change_t *change, int sign, int parts) {
    if (rs_window_begin(world->store, change->key, change->at_us) != RS_OK) {
        fail(world, "memory ran out", change->key, 0, 0, 0);
    }
    if (parts & 1) rs_window_count(world->store, change->count, change->delta * sign);
    if (parts & 1) rs_window_count(world->store, change->other, change->other_delta * sign);
    if ((parts & 2) && change->has_duration) {
        rs_window_duration(world->store, change->histogram, change->duration_us, sign);
    }
    if ((parts & 4) && change->has_wait) rs_window_wait(world->store, change->wait_us, sign);
    rs_window_end(world->store);
}

static void contribute(world_t *world, rs_random_t *random) {
    if (world->change_count == MAX_CHANGES) return;
    change_t *change = &world->changes[world->change_count++];
    *change = (change_t){.key = (uint32_t)rs_random_below(random, world->key_count), .at_us = random_moment(world, random)};
    change->count = (rs_count_t)rs_random_below(random, RS_COUNT_COUNT);
    change->other = (rs_count_t)rs_random_below(random, RS_COUNT_COUNT);
    change->delta = 1;
    switch (rs_random_below(random, 6)) {
        case 0: change->other_delta = 0; break;
        case 1: change->other_delta = -(int64_t)rs_random_below(random, 40000); break;
        case 2: change->other_delta = (int64_t)rs_random_below(random, INT64_C(1) << 34); break;
        default: change->other_delta = 1; break;
    }
    if (world->full[change->key]) {
        change->has_duration = rs_random_below(random, 4) != 0;
        change->histogram = (rs_histogram_id_t)rs_random_below(random, rs_random_below(random, 2) == 0 ? 2 : RS_HIST_COUNT);
        change->duration_us = random_duration(random);
        change->has_wait = rs_random_below(random, 3) != 0;
        change->wait_us = rs_random_below(random, 4) == 0 ? random_duration(random) : change->duration_us;
    }
    tell(world, change, 1, 7);
    /* The same happening under another key, as queue, channel and total have it. */
    if (rs_random_below(random, 3) == 0 && world->change_count < MAX_CHANGES) {
        change_t *twin = &world->changes[world->change_count];
        *twin = *change;
        twin->key = (uint32_t)rs_random_below(random, world->key_count);
        if (world->full[twin->key] == world->full[change->key]) {
            world->change_count++;
            tell(world, twin, 1, 7);
        }
    }
}

static void take_back(world_t *world, rs_random_t *random) {
    if (world->change_count == 0) return;
    change_t *change = &world->changes[rs_random_below(random, world->change_count)];
    if (change->taken_back) return;
    change->taken_back = 1;
    const uint32_t longest = world->settings.window_count - 1;
    const int has_waits = change->has_wait || change->has_duration;
    if (has_waits && is_inside(world, change, RS_WINDOW_TODAY) && !is_inside(world, change, longest)) {
        world->loose_day_us[change->key] = rs_zone_day_start_us(world->zones[change->key], world->now_us);
    }
    if (rs_random_below(random, 2) == 0) {
        tell(world, change, -1, 7);
    } else { /* piece by piece */
        tell(world, change, -1, 4);
        tell(world, change, -1, 1);
        tell(world, change, -1, 2);
    }
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */
typedef struct right {
    int64_t counts[RS_COUNT_COUNT];
    int64_t extremes[RS_EXTREME_COUNT];
    int64_t values[RS_HIST_COUNT][MAX_VALUES];
    size_t value_counts[RS_HIST_COUNT];
} right_t;

static void take_extreme(right_t *right, rs_extreme_t extreme, int is_max, int64_t value) {
    int64_t *held = &right->extremes[extreme];
    if (*held < 0 || (is_max ? value > *held : value < *held)) *held = value;
}

static int compare_int64(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void recompute(const world_t *world, uint32_t key, uint32_t window, right_t *right) {
    memset(right->counts, 0, sizeof right->counts);
    memset(right->value_counts, 0, sizeof right->value_counts);
    for (int e = 0; e < RS_EXTREME_COUNT; e++) right->extremes[e] = -1;
    for (uint32_t i = 0; i < world->change_count; i++) {
        const change_t *change = &world->changes[i];
        if (change->key != key || change->taken_back || !is_inside(world, change, window)) continue;
        right->counts[change->count] += change->delta;
        right->counts[change->other] += change->other_delta;
        if (change->has_wait) take_extreme(right, RS_EXTREME_WAIT_MAX, 1, change->wait_us);
        if (!change->has_duration) continue;
        right->values[change->histogram][right->value_counts[change->histogram]++] = change->duration_us;
        if (change->histogram == RS_HIST_WAIT_ANSWERED) {
            take_extreme(right, RS_EXTREME_ANSWERED_MIN, 0, change->duration_us);
            take_extreme(right, RS_EXTREME_ANSWERED_MAX, 1, change->duration_us);
        } else if (change->histogram == RS_HIST_WAIT_ABANDONED) {
            take_extreme(right, RS_EXTREME_ABANDONED_MIN, 0, change->duration_us);
            take_extreme(right, RS_EXTREME_ABANDONED_MAX, 1, change->duration_us);
        }
    }
    for (int h = 0; h < RS_HIST_COUNT; h++) {
        qsort(right->values[h], right->value_counts[h], sizeof(int64_t), compare_int64);
    }
}

static void compare_extremes(const world_t *world, uint32_t key, uint32_t window, const right_t *right,
                             const rs_window_view_t *view) {
    const int loose = window == RS_WINDOW_TODAY &&
                      world->loose_day_us[key] == rs_zone_day_start_us(world->zones[key], world->now_us);
    for (int e = 0; e < RS_EXTREME_COUNT; e++) {
        const int64_t ours = view->extremes[e], exact = right->extremes[e];
        if (!loose && ours != exact) fail(world, "an extreme", key, window, ours, exact);
        if (loose && e == RS_EXTREME_WAIT_MAX && ours < exact) fail(world, "today's wait_max", key, window, ours, exact);
        if (loose && e != RS_EXTREME_WAIT_MAX &&
            ((ours < 0) != (exact < 0) || (exact >= 0 && rs_hist_bucket(ours) != rs_hist_bucket(exact)))) {
            fail(world, "the bucket of an extreme", key, window, ours, exact);
        }
    }
}

static void compare_percentiles(const world_t *world, uint32_t key, uint32_t window, const right_t *right,
                                const rs_window_view_t *view) {
    static const uint32_t ranks[] = {1, 500, 800, 900, 950, 990, 999, 1000};
    for (int h = 0; h < RS_HIST_COUNT; h++) {
        int64_t ms[RS_ARRAY_LEN(ranks)], total;
        if (rs_window_percentiles(world->store, key, window, (rs_histogram_id_t)h, ranks, RS_ARRAY_LEN(ranks), ms, &total) !=
            RS_OK) {
            fail(world, "the status of percentiles", key, window, 1, 0);
        }
        const int64_t n = (int64_t)right->value_counts[h];
        if (total != n) fail(world, "the number of durations", key, window, total, n);
        for (size_t i = 0; i < RS_ARRAY_LEN(ranks); i++) {
            if (n == 0) {
                if (ms[i] != -1) fail(world, "an empty percentile", key, window, ms[i], -1);
                continue;
            }
            const int64_t rank = (ranks[i] * n + 999) / 1000;
            const int64_t exact = right->values[h][(rank < 1 ? 1 : rank) - 1] / RS_US_PER_MS;
            const int64_t error = ms[i] > exact ? ms[i] - exact : exact - ms[i];
            if (exact >= RS_HIST_LIMIT_MS ? ms[i] < RS_HIST_LIMIT_MS : error * 1000 > exact * 16) {
                fail(world, "a percentile", key, window, ms[i], exact);
            }
            if (h == RS_HIST_WAIT_ANSWERED && (ms[i] * RS_US_PER_MS > view->extremes[RS_EXTREME_ANSWERED_MAX] ||
                                               ms[i] < view->extremes[RS_EXTREME_ANSWERED_MIN] / RS_US_PER_MS)) {
                fail(world, "a percentile beyond the extremes", key, window, ms[i], exact);
            }
        }
    }
}

static void compare_histograms(const world_t *world, uint32_t key, uint32_t window, const right_t *right) {
    for (int h = 0; h < RS_HIST_COUNT; h++) {
        rs_hist_entry_t entries[RS_HIST_BUCKETS];
        size_t count, at = 0;
        if (rs_window_histogram(world->store, key, window, (rs_histogram_id_t)h, entries, &count) != RS_OK) {
            fail(world, "the status of a histogram", key, window, 1, 0);
        }
        for (size_t i = 0; i < count; i++) {
            int32_t in_bucket = 0;
            for (; at < right->value_counts[h] && rs_hist_bucket(right->values[h][at]) == entries[i].bucket; at++) in_bucket++;
            if (in_bucket != entries[i].count) fail(world, "a bucket", key, window, entries[i].count, in_bucket);
        }
        if (at != right->value_counts[h]) fail(world, "the histogram", key, window, (int64_t)at, (int64_t)right->value_counts[h]);
    }
}

static void compare(const world_t *world) {
    static right_t right;
    for (uint32_t key = 0; key < world->key_count; key++) {
        for (uint32_t window = 0; window < RS_WINDOW_SLOTS; window++) {
            if (window >= world->settings.window_count && window != RS_WINDOW_TODAY) continue;
            rs_window_view_t view;
            const int exists = world->full[key] || window == RS_WINDOW_TODAY || window == world->settings.window_count - 1;
            const int status = rs_window_read(world->store, key, window, &view);
            if (status != (exists ? RS_OK : RS_ERR_NOT_FOUND)) fail(world, "the status", key, window, status, exists);
            if (!exists) continue;
            recompute(world, key, window, &right);
            for (int c = 0; c < RS_COUNT_COUNT; c++) {
                if (view.counts[c] != right.counts[c]) {
                    fail(world, rs_count_name((unsigned)c), key, window, view.counts[c], right.counts[c]);
                }
            }
            compare_extremes(world, key, window, &right, &view);
            if (!world->full[key]) continue;
            compare_percentiles(world, key, window, &right, &view);
            compare_histograms(world, key, window, &right);
        }
    }
}

static void check(const world_t *world) {
    const char *why = NULL;
    if (rs_window_check(world->store, &why) == RS_OK) return;
    fprintf(stderr, "seed %llu: invariant: %s\n", (unsigned long long)world->seed, why);
    exit(1);
}

/* --- running ------------------------------------------------------------------------------------------------------ */
static void move_time(world_t *world, rs_random_t *random) {
    int64_t step = 0;
    switch (rs_random_below(random, 12)) {
        case 0: step = (int64_t)rs_random_below(random, 2 * (uint64_t)HOUR); break;
        case 1: if (rs_random_below(random, 3) == 0) step = (int64_t)rs_random_below(random, 60 * (uint64_t)HOUR); break;
        case 2: step = -(int64_t)rs_random_below(random, 60 * RS_US_PER_S); break; /* is ignored */
        case 3: case 4: step = (int64_t)rs_random_below(random, 400 * RS_US_PER_S); break;
        default: step = (int64_t)rs_random_below(random, 2500000); break;
    }
    if (step > 0) world->now_us += step;
    if (rs_random_below(random, 2) == 0) {
        rs_window_advance(world->store, step > 0 ? world->now_us : world->now_us + step);
        return;
    }
    while (!rs_window_advance_some(world->store, world->now_us, rs_random_below(random, 4))) {
        if (rs_random_below(random, 4) == 0) contribute(world, random);
        if (rs_random_below(random, 8) == 0) take_back(world, random);
        if (rs_random_below(random, 8) == 0) check(world);
        if (rs_random_below(random, 50) == 0) { /* more time passes before the slices are done */
            world->now_us += (int64_t)rs_random_below(random, 3 * RS_US_PER_S);
        }
    }
}

static void create(world_t *world, rs_random_t *random) {
    static const int64_t lengths[][RS_MAX_WINDOWS] = {
        {300, 900, 1800, 3600}, {5, 15, 30, 60}, {1, 2, 3, 4}, {7, 11, 599, 600}};
    const int64_t *chosen = lengths[rs_random_below(random, RS_ARRAY_LEN(lengths))];
    world->settings.window_count = 1 + (uint32_t)rs_random_below(random, RS_MAX_WINDOWS);
    for (uint32_t i = 0; i < world->settings.window_count; i++) world->settings.windows_us[i] = chosen[i] * RS_US_PER_S;
    world->now_us = 19 * DAY + 12 * HOUR + (int64_t)rs_random_below(random, 24 * (uint64_t)HOUR);
    world->settings.start_us = world->now_us;
    world->settings.max_keys = MAX_KEYS;
    world->settings.max_bytes = 64 << 20;
    if (rs_window_create(&world->settings, &world->store) != RS_OK) exit(1);
    world->key_count = 1 + (uint32_t)rs_random_below(random, MAX_KEYS);
    for (uint32_t i = 0; i < world->key_count; i++) {
        uint32_t key;
        world->full[i] = rs_random_below(random, 4) != 0;
        world->zones[i] = &zones[rs_random_below(random, RS_ARRAY_LEN(zones))];
        world->loose_day_us[i] = -1;
        if (rs_window_add_key(world->store, world->full[i], world->zones[i], &key) != RS_OK || key != i) exit(1);
    }
}

static void run(uint64_t seed) {
    static world_t world;
    memset(&world, 0, sizeof world);
    world.seed = seed;
    rs_random_t random = {.state = seed};
    create(&world, &random);
    const uint64_t compare_each = 1 + rs_random_below(&random, 12);
    for (int step = 0; step < STEPS; step++) {
        const uint64_t kind = rs_random_below(&random, 10);
        if (kind < 6) contribute(&world, &random);
        else if (kind < 8) take_back(&world, &random);
        else move_time(&world, &random);
        if (rs_random_below(&random, compare_each) != 0) continue;
        rs_window_advance(world.store, world.now_us);
        compare(&world);
        check(&world);
    }
    if (rs_window_bytes(world.store) > rs_window_max_bytes(world.store)) fail(&world, "memory", 0, 0, 0, 0);
    rs_window_destroy(&world.store);
}

int main(int argc, char **argv) {
    const char *wanted = getenv("RS_SEEDS");
    const uint64_t seeds = wanted == NULL ? 2000 : strtoull(wanted, NULL, 10);
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + seeds; seed++) run(seed);
    printf("window_oracle: seeds %llu to %llu agree with the recomputation\n", (unsigned long long)first,
           (unsigned long long)(first + seeds - 1));
    return 0;
}
