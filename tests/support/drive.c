/* support/drive.c — see drive.h. */
#include "drive.h"

#include "state_bytes.h"

#include <stdio.h>

static void fail(drive_t *drive, const char *what) {
    if (drive->why != NULL) return;
    snprintf(drive->why_text, sizeof drive->why_text, "%s", what);
    drive->why = drive->why_text;
}

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    drive_t *drive = context;
    (void)event;
    if (origin.number == 0 || origin.number > drive->count) {
        fail(drive, "a verdict about nobody's event");
        return;
    }
    oracle_arrival_t *delivery = &drive->deliveries[origin.number - 1];
    if (delivery->verdict != RS_REFUSAL_NONE) fail(drive, "two verdicts about one event");
    delivery->verdict = reason;
}

/* received = applied + duplicate + late_applied + too_late + invalid + unknown + future + limit, and nothing is lost. */
static void check_accounts(drive_t *drive, size_t delivered) {
    uint64_t received = 0;
    for (uint32_t i = 0; i < rs_core_source_count(drive->core); i++) {
        rs_accounting_t a;
        rs_core_accounting(drive->core, i, &a);
        received += a.received;
        const uint64_t sum =
            a.applied + a.duplicate + a.late_applied + a.too_late + a.invalid + a.unknown + a.future + a.limit;
        if (a.received != sum) fail(drive, "a source's accounts do not balance");
    }
    if (received != delivered + drive->refused) fail(drive, "the accounts do not have every event");
}

static void check_core(drive_t *drive) {
    const char *why = "";
    if (rs_core_check(drive->core, &why) != RS_OK) fail(drive, why);
    const rs_window_store_t *windows = rs_core_windows(drive->core);
    if (windows != NULL && rs_window_check(windows, &why) != RS_OK) fail(drive, why);
}

static void apply(drive_t *drive, const drive_options_t *options, size_t index) {
    const oracle_arrival_t *delivery = &drive->deliveries[index];
    const rs_origin_t origin = {.session = 1, .number = index + 1};
    if (!options->records) {
        rs_core_apply_event(drive->core, delivery->event, delivery->arrival_us, origin);
        return;
    }
    uint8_t bytes[RS_RECORD_MAX];
    const size_t len = rs_record_write_event(delivery->event, delivery->arrival_us, origin, bytes);
    if (rs_core_apply(drive->core, RS_RECORD_EVENT, bytes, len, (uint64_t)(index + 1) * 64) != RS_OK)
        fail(drive, "record refused");
}

static void maybe_restart(drive_t *drive) {
    state_bytes_t scratch = {0};
    if (drive->restarts_per_mille == 0 || rs_random_below(&drive->restart_points, 1000) >= drive->restarts_per_mille) return;
    state_restart(&drive->core, &drive->core_options, &scratch);
    state_free(&scratch);
    drive->restarts++;
}

void drive_tick(drive_t *drive, int64_t now_us) {
    if (now_us <= drive->now_us) return;
    drive->now_us = now_us;
    rs_core_tick(drive->core, now_us);
    maybe_restart(drive);
}

static void start(drive_t *drive, const drive_options_t *options, int64_t start_us) {
    const rs_core_options_t core = {.config = options->config,
                                    .replay = !options->live,
                                    .windows = options->windows,
                                    .families = (1u << RS_FAMILY_COUNT) - 1,
                                    .attributions = (1u << RS_ATTRIBUTION_COUNT) - 1,
                                    .interval = options->interval,
                                    .start_us = start_us,
                                    .run = 1,
                                    .hash_seed = 42,
                                    .effects = {.context = drive, .on_verdict = on_verdict}};
    RS_REQUIRE(rs_core_create(&core, &drive->core) == RS_OK);
    drive->core_options = core;
    drive->now_us = start_us;
}

void drive_run(drive_t *drive, const drive_options_t *options, oracle_arrival_t *deliveries, size_t count) {
    *drive = (drive_t){.deliveries = deliveries, .count = count, .restarts_per_mille = options->restarts_per_mille,
                       .restart_points = {count}};
    int64_t start_us = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        deliveries[i].verdict = RS_REFUSAL_NONE;
        const int64_t least_us = deliveries[i].event->occurred_us < deliveries[i].arrival_us
                                     ? deliveries[i].event->occurred_us
                                     : deliveries[i].arrival_us;
        if (least_us < start_us) start_us = least_us;
    }
    start(drive, options, (count == 0 ? 0 : start_us) - RS_US_PER_S);
    for (size_t i = 0; i < count; i++) {
        /* At most ten ticks a second. */
        if (options->live && deliveries[i].arrival_us >= drive->now_us + 100 * RS_US_PER_MS)
            drive_tick(drive, deliveries[i].arrival_us);
        apply(drive, options, i);
        maybe_restart(drive);
        if (options->refusals && i % 7 == 3) {
            rs_core_apply_refusal(drive->core, deliveries[i].event->source,
                                  i % 2 == 0 ? RS_REFUSAL_UNKNOWN_TYPE : RS_REFUSAL_BAD_TIME);
            drive->refused++;
        }
        const char *why = NULL;
        if (options->store != NULL) (void)kept_rows_collect(drive->core, i % 6, options->store, &why);
        if (why != NULL) fail(drive, why);
        check_accounts(drive, i + 1);
        if (options->check_always) check_core(drive);
    }
    if (options->live) {
        const int64_t last_us = count == 0 ? drive->now_us : deliveries[count - 1].arrival_us;
        drive_tick(drive, last_us + options->config->clock_skew_us + 5 * RS_US_PER_S);
    } else {
        rs_core_finish(drive->core);
    }
    check_core(drive);
}

void drive_end(drive_t *drive) { rs_core_destroy(&drive->core); }

/* --- windows --------------------------------------------------------------------------------------------------------- */
static bool differs(difference_t *difference, const rs_key_t *key, const char *window, const char *field, int64_t is,
                    int64_t should_be) {
    char name[192];
    describe_key(key, name, sizeof name);
    snprintf(difference->text, sizeof difference->text, "window %s of %s: %s is %lld, should be %lld", window, name,
             field, (long long)is, (long long)should_be);
    return true;
}

static bool percentiles_differ(const rs_window_store_t *store, uint32_t key, uint32_t window, const char *label,
                               const rs_key_t *dimensions, rs_histogram_id_t histogram, const oracle_list_t *durations,
                               difference_t *difference) {
    static const uint32_t per_mille[] = {500, 800, 900, 950, 990, 999};
    int64_t ms[RS_ARRAY_LEN(per_mille)], total;
    char field[64];
    if (rs_window_percentiles(store, key, window, histogram, per_mille, RS_ARRAY_LEN(per_mille), ms, &total) != RS_OK) {
        return differs(difference, dimensions, label, "percentiles", -1, 0);
    }
    snprintf(field, sizeof field, "number of %s", histogram_label(histogram));
    if (total != (int64_t)durations->count)
        return differs(difference, dimensions, label, field, total, (int64_t)durations->count);
    for (size_t i = 0; i < RS_ARRAY_LEN(per_mille); i++) {
        const int64_t exact_us = oracle_percentile_us(durations, per_mille[i]);
        const int64_t exact_ms = exact_us < 0 ? -1 : exact_us / RS_US_PER_MS;
        const int64_t error_ms = ms[i] > exact_ms ? ms[i] - exact_ms : exact_ms - ms[i];
        const bool beyond_last = exact_ms >= RS_HIST_LIMIT_MS && ms[i] >= RS_HIST_LIMIT_MS;
        if (error_ms == 0 || beyond_last || error_ms * 1000 <= exact_ms * 16) continue; /* 1.6 % */
        snprintf(field, sizeof field, "p%u/10 of %s", per_mille[i], histogram_label(histogram));
        return differs(difference, dimensions, label, field, ms[i], exact_ms);
    }
    return false;
}

/* Today's extremes are exact until a wait older than the longest window is taken back; then the value taken back may stand as a
 * bound until the day's end (core/window/window.h). The drive runs into that only with a lateness of a day. */
static bool todays_bounds_allowed;
static bool is_todays_bound(uint32_t window, unsigned extreme, int64_t shown, int64_t exact) {
    if (window != RS_WINDOW_TODAY || shown < 0) return false;
    if (exact < 0) return true; /* nothing is counted: whoever shows it looks at the counts, rs_metric_wait_max_us */
    return extreme_is_greatest(extreme) ? shown > exact : shown < exact;
}

static bool window_differs(const rs_window_store_t *store, uint32_t key, uint32_t window, const char *label,
                           const rs_key_t *dimensions, const oracle_row_t *expected, difference_t *difference) {
    rs_window_view_t view;
    const int status = rs_window_read(store, key, window, &view);
    if (status != RS_OK) return differs(difference, dimensions, label, "rs_window_read", status, RS_OK);
    const bool full = dimensions->family <= RS_FAMILY_TOTAL;
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        if (view.counts[i] == expected->counts[i] || !count_is_shown(dimensions, i)) continue;
        return differs(difference, dimensions, label, count_label(i), view.counts[i], expected->counts[i]);
    }
    if (!full) return false; /* agents and teams have sums only */
    for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) {
        if (view.extremes[i] == expected->extremes[i]) continue;
        if (todays_bounds_allowed && is_todays_bound(window, i, view.extremes[i], expected->extremes[i])) continue;
        return differs(difference, dimensions, label, extreme_label(i), view.extremes[i], expected->extremes[i]);
    }
    for (unsigned i = 0; i < RS_HIST_COUNT; i++) {
        if (percentiles_differ(store, key, window, label, dimensions, (rs_histogram_id_t)i, &expected->durations[i],
                               difference))
            return true;
    }
    return false;
}

static bool known_key(const rs_core_t *core, const rs_key_t *wanted) {
    const uint32_t keys = rs_window_key_count(rs_core_windows(core));
    for (uint32_t key = 0; key < keys; key++) {
        rs_key_t dimensions;
        rs_core_key(core, key, &dimensions);
        if (dimensions.family == wanted->family && dimensions.channel == wanted->channel &&
            rs_str_equal(dimensions.tenant, wanted->tenant) && rs_str_equal(dimensions.name, wanted->name)) {
            return true;
        }
    }
    return false;
}

static bool all_keys_differ(const rs_core_t *core, uint32_t window, const char *label, bool only_full,
                            const oracle_rows_t *sums, difference_t *difference) {
    static const oracle_row_t nothing = {.extremes = {-1, -1, -1, -1, -1}};
    const rs_window_store_t *store = rs_core_windows(core);
    const uint32_t keys = rs_window_key_count(store);
    for (uint32_t key = 0; key < keys; key++) {
        rs_key_t dimensions;
        rs_core_key(core, key, &dimensions);
        if (only_full && dimensions.family > RS_FAMILY_TOTAL) continue;
        const oracle_row_t *expected = oracle_find_row(sums, &dimensions, 0);
        if (window_differs(store, key, window, label, &dimensions, expected == NULL ? &nothing : expected, difference))
            return true;
    }
    for (size_t i = 0; i < sums->count; i++) {
        if (oracle_row_is_empty(&sums->rows[i]) || known_key(core, &sums->rows[i].key)) continue;
        return differs(difference, &sums->rows[i].key, label, "the key itself", 0, 1);
    }
    return false;
}

static bool in_key(const rs_key_t *key, rs_str_t tenant, rs_str_t queue, uint8_t channel) {
    if (!rs_str_equal(key->tenant, tenant)) return false;
    if (key->family == RS_FAMILY_TOTAL) return true;
    return key->channel == channel && (key->family == RS_FAMILY_CHANNEL || rs_str_equal(key->name, queue));
}

/* Legs that wait now, the oldest of them, those past T (of the queue, of each policy that counts them live), and talks. */
static bool gauges_differ(const drive_t *drive, const oracle_t *oracle, const rs_config_t *config, uint32_t key,
                          int64_t now_us, difference_t *difference) {
    rs_key_t dimensions;
    rs_core_key(drive->core, key, &dimensions);
    if (dimensions.family > RS_FAMILY_TOTAL) return false;
    rs_window_gauges_t is, should_be = {0};
    if (rs_window_read_gauges(rs_core_windows(drive->core), key, &is) != RS_OK)
        return differs(difference, &dimensions, "now", "gauges", -1, 0);
    size_t count;
    const oracle_open_leg_t *legs = oracle_open_legs(oracle, &count);
    for (size_t i = 0; i < count; i++) {
        if (!in_key(&dimensions, legs[i].tenant, legs[i].queue, legs[i].channel)) continue;
        should_be.waiting++;
        if (should_be.oldest_queued_us == 0 || legs[i].since_us < should_be.oldest_queued_us)
            should_be.oldest_queued_us = legs[i].since_us;
        should_be.open_over_t += now_us - legs[i].since_us > legs[i].threshold_us;
        for (uint32_t slot = 0; slot < config->policy_count; slot++) {
            const rs_policy_t *policy = &config->policies[slot];
            const int64_t waited_us = now_us - legs[i].since_us, limit_us = legs[i].policy_threshold_us[slot];
            if (policy->open_miss_now && !policy->unit_journey)
                should_be.open_miss[slot] += policy->compare_lt ? waited_us >= limit_us : waited_us > limit_us;
        }
    }
    const oracle_open_handling_t *handlings = oracle_open_handlings(oracle, &count);
    for (size_t i = 0; i < count; i++)
        should_be.talking += in_key(&dimensions, handlings[i].tenant, handlings[i].queue, handlings[i].channel);
    if (is.waiting != should_be.waiting)
        return differs(difference, &dimensions, "now", "waiting", is.waiting, should_be.waiting);
    if (is.oldest_queued_us != should_be.oldest_queued_us) {
        return differs(difference, &dimensions, "now", "oldest_queued_us", is.oldest_queued_us,
                       should_be.oldest_queued_us);
    }
    if (is.talking != should_be.talking)
        return differs(difference, &dimensions, "now", "talking", is.talking, should_be.talking);
    if (is.open_over_t != should_be.open_over_t) {
        return differs(difference, &dimensions, "now", "open_over_t", is.open_over_t, should_be.open_over_t);
    }
    for (uint32_t slot = 0; slot < config->policy_count; slot++) {
        if (config->policies[slot].unit_journey || is.open_miss[slot] == should_be.open_miss[slot]) continue;
        return differs(difference, &dimensions, "now", "open_miss", is.open_miss[slot], should_be.open_miss[slot]);
    }
    return false;
}

bool drive_windows_differ(const drive_t *drive, const oracle_t *oracle, const rs_config_t *config,
                          difference_t *difference) {
    todays_bounds_allowed = config->lateness_us > config->windows_us[config->window_count - 1];
    const rs_window_store_t *store = rs_core_windows(drive->core);
    const int64_t now_us = rs_window_now(store);
    const uint32_t everything = (1u << RS_FAMILY_COUNT) - 1;
    bool differ = false;
    oracle_rows_t sums;
    difference->text[0] = '\0';
    for (uint32_t window = 0; window < config->window_count && !differ; window++) {
        char label[48];
        snprintf(label, sizeof label, "%llds", (long long)(config->windows_us[window] / RS_US_PER_S));
        const int64_t pane_us = now_us - now_us % RS_US_PER_S;
        const bool only_full = config->windows_us[window] != RS_US_PER_HOUR;
        oracle_range(oracle, pane_us + RS_US_PER_S - config->windows_us[window], INT64_MAX, everything, &sums);
        differ = all_keys_differ(drive->core, window, label, only_full, &sums, difference);
        oracle_rows_destroy(&sums);
    }
    if (!differ) {
        const rs_interval_spec_t day = {.mode = RS_INTERVAL_DAY, .zone = config->zone};
        int64_t start_us, length_us;
        oracle_interval(&day, now_us, &start_us, &length_us);
        oracle_range(oracle, start_us, start_us + length_us, everything, &sums);
        differ = all_keys_differ(drive->core, RS_WINDOW_TODAY, "today", false, &sums, difference);
        oracle_rows_destroy(&sums);
    }
    for (uint32_t key = 0; key < rs_window_key_count(store) && !differ; key++) {
        differ = gauges_differ(drive, oracle, config, key, now_us, difference);
    }
    return differ;
}
