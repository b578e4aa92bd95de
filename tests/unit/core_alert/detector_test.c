/* Rules with detectors, through the engine: figures are what the test says, subgroups are closed by hand. */
#include "test_store.h"

#include <math.h>

#define QUARTER (15 * RS_US_PER_MIN)

static rs_rule_config_t detector_rule(rs_detector_t detector, const char *metric, const char *window) {
    rs_rule_config_t rule = test_rule("r");
    rule.detector = (uint8_t)detector;
    rule.metric = rs_str(metric);
    rule.window = rs_str(window);
    rule.compare = RS_ALERT_BOTH;
    rule.limit = rule.clear = 0;
    return rule;
}

static void start(test_engine_t *engine, const rs_rule_config_t *rule) {
    test_config_init(engine);
    engine->rules[0] = *rule;
    engine->config.false_alarms = 1;
    test_engine_create(engine, 1, 1000);
    test_bind_queue(engine, 0, "sales");
}

/* The next subgroup of the key with that figure. */
static void close_with(test_engine_t *engine, rs_metric_t metric, int64_t *end_us, int64_t length_us, rs_figure_t figure) {
    test_set(0, metric, figure);
    *end_us += length_us;
    rs_alerts_close(engine->alerts, *end_us);
}

/* History of the rule r and the queue sales: hourly figures from `first_us` on, as many records as they need; time is at their end. */
static void warm_with(test_engine_t *engine, int64_t first_us, uint32_t hours, double (*figure_of)(int64_t hour)) {
    rs_warm_t warm = {.rule = RS_STR("r"), .metric = RS_STR("offered"), .tenant = RS_STR("default"), .key = RS_STR("sales"),
                      .family = RS_FAMILY_QUEUE, .channel = RS_CHANNEL_VOICE, .every_us = RS_US_PER_HOUR};
    rs_alerts_on_tick(engine->alerts, first_us + hours * RS_US_PER_HOUR);
    for (uint32_t hour = 0; hour < hours; hour++) {
        warm.figures[warm.count++] = (rs_warm_figure_t){.end_us = first_us + (hour + 1) * RS_US_PER_HOUR, .value = figure_of(hour)};
        warm.is_last = hour + 1 == hours;
        if (warm.count < RS_WARM_FIGURES && !warm.is_last) continue;
        rs_alerts_warm(engine->alerts, 0, &warm);
        warm.count = 0;
    }
}

static double ten_times_as_many_at_noon(int64_t hour) {
    return (hour % 24 == 12 ? 1000 : 100) + (double)(hour / 168) * 5 + (double)(hour % 3);
}
static double sixty_an_hour_by_day(int64_t hour) { return hour % 24 >= 8 && hour % 24 < 20 ? 60 : 0; }

static const rs_alert_transition_t *last(const test_engine_t *engine) {
    return engine->seen_count == 0 ? NULL : &engine->seen[engine->seen_count - 1];
}

static void a_ratio_needs_the_confidence_that_the_rule_asks_for(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = test_rule("r");
    rule.metric = RS_STR("service_level");
    rule.window = RS_STR("15m");
    rule.compare = RS_ALERT_BELOW;
    rule.limit = rule.clear = 0.8;
    rule.confidence = 0.95;
    start(&engine, &rule);
    /* The upper end of Wilson's interval must be below: of 20, with 5 misses it is not, with 7 it is (0.80 of 20 are 4 misses). */
    test_set(0, RS_METRIC_SERVICE_LEVEL, (rs_figure_t){.value = 0.75, .numerator = 15, .denominator = 20});
    rs_alerts_on_key(engine.alerts, 0, RS_US_PER_S);
    assert_int_equal(engine.seen_count, 0);
    test_set(0, RS_METRIC_SERVICE_LEVEL, (rs_figure_t){.value = 0.6, .numerator = 12, .denominator = 20});
    rs_alerts_on_key(engine.alerts, 0, 2 * RS_US_PER_S);
    assert_int_equal(engine.seen_count, 1);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    test_engine_destroy(&engine);
}

static void a_cusum_adds_up_and_calms_down(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_CUSUM, "aht", "15m");
    rule.baseline = RS_BASELINE_FIXED;
    rule.centre = 100;
    rule.sigma = 10;
    rule.shift = 1;
    int64_t end_us = 100 * QUARTER;
    start(&engine, &rule);
    /* h for one false alarm in 96 subgroups; deviations of +2 sigma add 1.5 each. */
    int steps = 0;
    while (engine.seen_count == 0 && steps < 20) {
        close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(120, 50));
        steps++;
    }
    assert_int_equal(steps, 3);   /* h is 3.5 */
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    assert_int_equal(last(&engine)->compare, RS_ALERT_ABOVE);
    assert_true(last(&engine)->at_us == end_us && last(&engine)->detector == RS_DETECTOR_CUSUM);
    assert_true(last(&engine)->baseline == 100 && last(&engine)->limit > 100 && last(&engine)->limit < 120);
    assert_true(last(&engine)->figure.value == 120);
    close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(100, 50));
    assert_int_equal(engine.seen_count, 1);   /* half of h, half a sigma less each time: not calm yet */
    for (int i = 0; i < 3; i++) close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(100, 50));
    assert_int_equal(engine.seen_count, 2);
    assert_int_equal(last(&engine)->to, RS_ALERT_RESOLVED);
    test_engine_destroy(&engine);
}

/* Counts with a stated mean: limits are those of Lucas's chart, not of a normal one. */
static void a_cusum_of_counts_reaches_its_limit(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_CUSUM, "offered", "15m");
    rule.baseline = RS_BASELINE_FIXED;
    rule.centre = 4;
    rule.shift = 1;
    rule.compare = RS_ALERT_ABOVE;
    int64_t end_us = 100 * QUARTER;
    start(&engine, &rule);
    for (int i = 0; i < 50; i++) close_with(&engine, RS_METRIC_OFFERED, &end_us, QUARTER, (rs_figure_t){.value = i % 2 == 0 ? 3 : 5});
    assert_int_equal(engine.seen_count, 0);
    for (int i = 0; i < 3; i++) close_with(&engine, RS_METRIC_OFFERED, &end_us, QUARTER, (rs_figure_t){.value = 9});
    assert_int_equal(engine.seen_count, 1);
    test_engine_destroy(&engine);
}

static void what_is_usual_is_learned_and_what_is_not_is_left_out(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_SHEWHART, "aht", "15m");
    int64_t end_us = 100 * QUARTER;
    start(&engine, &rule);
    for (int i = 0; i < 100; i++) close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(i % 2 == 0 ? 95 : 105, 50));
    assert_int_equal(engine.seen_count, 0);
    close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(300, 50));
    assert_int_equal(engine.seen_count, 1);
    const double baseline = last(&engine)->baseline;
    assert_true(baseline > 98 && baseline < 102);
    /* Ten abnormal ones later the usual is what it was. */
    for (int i = 0; i < 10; i++) close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(300, 50));
    assert_int_equal(engine.seen_count, 1);
    close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(100, 50));
    assert_int_equal(engine.seen_count, 2);
    assert_int_equal(last(&engine)->to, RS_ALERT_RESOLVED);
    assert_true(fabs(last(&engine)->baseline - baseline) < 0.2);
    test_engine_destroy(&engine);
}

static void too_little_is_no_evidence(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_LANEY, "service_level", "15m");
    rule.min_sample = 20;
    int64_t end_us = 100 * QUARTER;
    start(&engine, &rule);
    for (int i = 0; i < 60; i++) close_with(&engine, RS_METRIC_SERVICE_LEVEL, &end_us, QUARTER, test_figure(i % 2 == 0 ? 0.8 : 0.9, 100));
    close_with(&engine, RS_METRIC_SERVICE_LEVEL, &end_us, QUARTER, test_figure(0.1, 19));
    close_with(&engine, RS_METRIC_SERVICE_LEVEL, &end_us, QUARTER, test_null_figure());
    assert_int_equal(engine.seen_count, 0);
    close_with(&engine, RS_METRIC_SERVICE_LEVEL, &end_us, QUARTER, test_figure(0.1, 100));
    assert_int_equal(engine.seen_count, 1);
    assert_int_equal(last(&engine)->compare, RS_ALERT_BELOW);
    /* An alert that fires is not resolved by silence. */
    for (int i = 0; i < 5; i++) close_with(&engine, RS_METRIC_SERVICE_LEVEL, &end_us, QUARTER, test_null_figure());
    assert_int_equal(engine.seen_count, 2);
    assert_int_equal(last(&engine)->to, RS_ALERT_NO_DATA);
    test_engine_destroy(&engine);
}

/* The English emergency departments of core_detect/formula_test.c, as a rule sees them that learns what is usual: limits of three sigmas as
 * published, within what the memory of a chart that goes on forever differs from a fit of 20 weeks; no week fires,
 * and a really bad one does. */
static void a_chart_of_shares_leaves_the_hospitals_alone_until_one_is_bad(void **state) {
    (void)state;
    static const int64_t hits[] = {266501, 264225, 276532, 281461, 269071, 261215, 270409, 279778, 270483, 270320,
                                   267923, 271478, 255353, 256820, 261835, 259144, 255910, 260863, 264465, 260989};
    static const int64_t n[] = {280443, 276823, 291681, 296155, 282343, 275888, 283867, 295251, 284468, 282529,
                                279618, 283932, 266629, 268091, 276803, 271578, 266005, 273520, 278574, 273772};
    enum { WEEKS = RS_ARRAY_LEN(hits), TIMES = 20 };
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_LANEY, "service_level", "15m");
    rule.false_alarms = 96 / 370.4;
    int64_t end_us = 100 * QUARTER;
    start(&engine, &rule);
    for (int i = 0; i < TIMES * WEEKS; i++) {
        const int64_t good = hits[i % WEEKS], all = n[i % WEEKS];
        close_with(&engine, RS_METRIC_SERVICE_LEVEL, &end_us, QUARTER,
                   (rs_figure_t){.value = (double)good / (double)all, .numerator = good, .denominator = all});
    }
    assert_int_equal(engine.seen_count, 0);
    close_with(&engine, RS_METRIC_SERVICE_LEVEL, &end_us, QUARTER, (rs_figure_t){.value = 0.938, .numerator = 938, .denominator = 1000});
    assert_int_equal(engine.seen_count, 0);   /* of so few it is no wonder */
    close_with(&engine, RS_METRIC_SERVICE_LEVEL, &end_us, QUARTER,
               (rs_figure_t){.value = 0.938, .numerator = 263056, .denominator = 280443});
    assert_int_equal(engine.seen_count, 1);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    assert_true(fabs(last(&engine)->baseline - 0.952900) < 0.0001);
    assert_true(fabs(last(&engine)->limit - 0.940130) < 0.001);
    test_engine_destroy(&engine);
}

static void the_same_time_of_the_week_is_the_measure_of_a_season(void **state) {
    (void)state;
    test_engine_t engine;
    const rs_rule_config_t rule = detector_rule(RS_DETECTOR_SEASONAL, "offered", "1h");
    start(&engine, &rule);
    /* Three weeks of history: ten times as many calls at noon as else. */
    const int64_t week = 7 * RS_US_PER_DAY, first = 100 * week;
    warm_with(&engine, first, 3 * 7 * 24, ten_times_as_many_at_noon);
    int64_t end_us = first + 3 * week + 11 * RS_US_PER_HOUR;
    close_with(&engine, RS_METRIC_OFFERED, &end_us, RS_US_PER_HOUR, (rs_figure_t){.value = 102});
    assert_int_equal(engine.seen_count, 0);
    close_with(&engine, RS_METRIC_OFFERED, &end_us, RS_US_PER_HOUR, (rs_figure_t){.value = 1004});
    assert_int_equal(engine.seen_count, 0);
    close_with(&engine, RS_METRIC_OFFERED, &end_us, RS_US_PER_HOUR, (rs_figure_t){.value = 1004});
    assert_int_equal(engine.seen_count, 1);   /* noon's number at one o'clock */
    assert_true(last(&engine)->baseline > 100 && last(&engine)->baseline < 110);
    test_engine_destroy(&engine);
}

static double about_a_hundred(int64_t hour) { return 100 + (double)((hour * 7919) % 13); }
static double nonsense(int64_t hour) { return (double)(5000 + hour); }

/* What a detector says of the next figure is what it would have said if it had been there. */
static void history_is_as_good_as_having_been_there(void **state) {
    (void)state;
    static const rs_detector_t detectors[] = {RS_DETECTOR_SEASONAL, RS_DETECTOR_LANEY, RS_DETECTOR_CUSUM};
    const int64_t week = 7 * RS_US_PER_DAY, first = 100 * week;
    for (size_t i = 0; i < RS_ARRAY_LEN(detectors); i++) {
        double limits[2] = {0}, baselines[2] = {0};
        for (int is_warmed = 0; is_warmed < 2; is_warmed++) {
            test_engine_t engine;
            rs_rule_config_t rule = detector_rule(detectors[i], "offered", "1h");
            rule.shift = 1;
            rule.compare = RS_ALERT_ABOVE;
            start(&engine, &rule);
            int64_t end_us = first;
            if (is_warmed) warm_with(&engine, first, 3 * 7 * 24, about_a_hundred);
            for (int64_t hour = 0; !is_warmed && hour < 3 * 7 * 24; hour++)
                close_with(&engine, RS_METRIC_OFFERED, &end_us, RS_US_PER_HOUR, (rs_figure_t){.value = about_a_hundred(hour)});
            assert_int_equal(engine.seen_count, 0);
            end_us = first + 3 * week;
            for (int hour = 0; hour < 8 && engine.seen_count == 0; hour++)
                close_with(&engine, RS_METRIC_OFFERED, &end_us, RS_US_PER_HOUR, (rs_figure_t){.value = 400});
            assert_int_equal(engine.seen_count, 1);
            limits[is_warmed] = last(&engine)->limit;
            baselines[is_warmed] = last(&engine)->baseline;
            test_engine_destroy(&engine);
        }
        assert_true(baselines[0] > 90 && baselines[0] == baselines[1]);
        if (detectors[i] == RS_DETECTOR_CUSUM) continue;   /* its sum goes on from the past, which history does not have */
        assert_true(limits[0] > 100 && fabs(limits[0] - limits[1]) < 1e-9);
    }
}

static void history_is_wanted_and_taken_once_and_never_against_what_was_seen(void **state) {
    (void)state;
    test_engine_t engine;
    rs_alert_unwarmed_t wanted;
    const rs_rule_config_t rule = detector_rule(RS_DETECTOR_SEASONAL, "offered", "1h");
    const int64_t week = 7 * RS_US_PER_DAY, first = 100 * week;
    start(&engine, &rule);
    assert_int_equal(rs_alerts_unwarmed(engine.alerts, &wanted, 1), 0);   /* what time is it? */
    int64_t end_us = first;
    for (int64_t hour = 0; hour < 4 * 7 * 24; hour++)
        close_with(&engine, RS_METRIC_OFFERED, &end_us, RS_US_PER_HOUR, (rs_figure_t){.value = about_a_hundred(hour)});
    assert_int_equal(rs_alerts_unwarmed(engine.alerts, &wanted, 1), 1);
    assert_int_equal(wanted.until_us, first);   /* what was before it was there */
    assert_true(rs_str_equal(wanted.rule, RS_STR("r")) && rs_str_equal(wanted.dimensions.name, RS_STR("sales")) &&
                wanted.every_us == RS_US_PER_HOUR);
    warm_with(&engine, first, 3 * 7 * 24, nonsense);
    rs_key_t later = wanted.dimensions;
    later.name = RS_STR("support");
    assert_int_equal(rs_alerts_unwarmed(engine.alerts, &wanted, 1), 0);
    rs_alerts_on_new_key(engine.alerts, 1, &later);
    assert_int_equal(rs_alerts_unwarmed(engine.alerts, &wanted, 1), 1);
    assert_true(rs_str_equal(wanted.dimensions.name, RS_STR("support")));
    warm_with(&engine, first - 3 * week, 3 * 7 * 24, nonsense);           /* a second time */
    assert_int_equal(engine.seen_count, 0);
    close_with(&engine, RS_METRIC_OFFERED, &end_us, RS_US_PER_HOUR, (rs_figure_t){.value = 400});
    assert_int_equal(engine.seen_count, 1);
    assert_true(last(&engine)->baseline < 120);
    test_engine_destroy(&engine);
}

static void a_jump_must_be_large_and_no_chance(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_RATE_OF_CHANGE, "abandoned", "15m");
    rule.limit = rule.clear = 1;
    rule.compare = RS_ALERT_ABOVE;
    int64_t end_us = 100 * QUARTER;
    start(&engine, &rule);
    static const double quiet[] = {2, 5, 4, 400, 700};   /* 2.5 times of few is chance; 100 times is not; 1.75 times is not enough */
    static const uint32_t seen[] = {0, 0, 0, 1, 2};
    for (size_t i = 0; i < RS_ARRAY_LEN(quiet); i++) {
        close_with(&engine, RS_METRIC_ABANDONED, &end_us, QUARTER, (rs_figure_t){.value = quiet[i]});
        assert_int_equal(engine.seen_count, seen[i]);
    }
    assert_int_equal(last(&engine)->to, RS_ALERT_RESOLVED);
    test_engine_destroy(&engine);
}

static void a_burn_rate_asks_both_windows(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_BURN_RATE, "service_level", "1h");
    rule.compare = RS_ALERT_ABOVE;
    rule.target = 0.8;
    rule.budget = 0.1;
    rule.period_us = RS_US_PER_DAY;   /* 2.4 times: a level below 0.52 */
    start(&engine, &rule);
    test_set(0, RS_METRIC_SERVICE_LEVEL, test_figure(0.53, 100));
    rs_alerts_on_key(engine.alerts, 0, RS_US_PER_S);
    assert_int_equal(engine.seen_count, 0);
    test_set(0, RS_METRIC_SERVICE_LEVEL, test_figure(0.51, 100));
    rs_alerts_on_key(engine.alerts, 0, 2 * RS_US_PER_S);
    assert_int_equal(engine.seen_count, 1);
    assert_int_equal(test_store.asked_window, 1);   /* 15m with 1h */
    assert_true(fabs(last(&engine)->limit - 0.52) < 1e-12 && last(&engine)->baseline == 0.8);
    test_engine_destroy(&engine);
}

static void silence_is_measured_by_what_is_usual_at_this_time(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_NO_DATA, "offered", "1h");
    rule.compare = RS_ALERT_ABOVE;
    start(&engine, &rule);
    const int64_t week = 7 * RS_US_PER_DAY, first = 100 * week;
    warm_with(&engine, first, 3 * 7 * 24, sixty_an_hour_by_day);
    const int64_t noon = first + 3 * week + 12 * RS_US_PER_HOUR, night = first + 3 * week + 22 * RS_US_PER_HOUR;
    int64_t at_us = noon;
    test_store.counts[0][RS_WINDOW_TODAY][RS_COUNT_OFFERED] = 300;
    test_set(0, RS_METRIC_OFFERED, (rs_figure_t){.value = 300});
    for (; at_us <= noon + 9 * RS_US_PER_MIN; at_us += RS_US_PER_S) rs_alerts_on_tick(engine.alerts, at_us);
    assert_int_equal(engine.seen_count, 0);
    for (; at_us <= noon + 10 * RS_US_PER_MIN; at_us += RS_US_PER_S) rs_alerts_on_tick(engine.alerts, at_us);
    assert_int_equal(engine.seen_count, 1);   /* 9.2 expected, one a minute */
    assert_string_equal(last(&engine)->metric.data, "no_data");
    test_store.counts[0][RS_WINDOW_TODAY][RS_COUNT_OFFERED]++;
    rs_alerts_on_tick(engine.alerts, at_us);
    assert_int_equal(engine.seen_count, 2);
    assert_int_equal(last(&engine)->to, RS_ALERT_RESOLVED);
    for (at_us = night; at_us < night + 5 * RS_US_PER_HOUR; at_us += RS_US_PER_S) rs_alerts_on_tick(engine.alerts, at_us);
    /* The silence from the last call to the night was long, too: one more episode at most, none of the night. */
    assert_true(engine.seen_count <= 3);
    test_engine_destroy(&engine);
}

static rs_detect_sources_t told = {.known = true};
static rs_detect_sources_t tell(void *context, rs_str_t glob, int64_t now_us) {
    (void)context, (void)now_us;
    assert_string_equal(glob.data, "acd-*");
    return told;
}

static void sources_are_watched_each_second(void **state) {
    (void)state;
    test_engine_t engine;
    test_config_init(&engine);
    engine.rules[0] = (rs_rule_config_t){.name = RS_STR("s"), .key = RS_STR("acd-*"), .family = RS_FAMILY_QUEUE,
                                         .limit = 60000, .clear = 60000, .detector = RS_DETECTOR_SOURCE_SILENCE};
    engine.rules[1] = (rs_rule_config_t){.name = RS_STR("g"), .key = RS_STR("acd-*"), .family = RS_FAMILY_QUEUE,
                                         .detector = RS_DETECTOR_SOURCE_GAP};
    test_engine_create(&engine, 2, 1000);
    rs_alerts_set_sources(engine.alerts, &(rs_detect_source_fn_t){.look = tell});
    test_bind_queue(&engine, 0, "acd-*");
    told.silent_us = 60 * RS_US_PER_S;
    rs_alerts_on_tick(engine.alerts, RS_US_PER_S);
    assert_int_equal(engine.seen_count, 0);
    told.silent_us++;
    told.silent_us += RS_US_PER_S;
    rs_alerts_on_tick(engine.alerts, 2 * RS_US_PER_S);
    assert_int_equal(engine.seen_count, 1);
    told.missing = 2;
    rs_alerts_on_tick(engine.alerts, 3 * RS_US_PER_S);
    assert_int_equal(engine.seen_count, 2);
    told = (rs_detect_sources_t){.known = true};
    rs_alerts_on_tick(engine.alerts, 4 * RS_US_PER_S);
    assert_int_equal(engine.seen_count, 4);
    test_engine_destroy(&engine);
}

static void the_level_at_the_end_of_the_interval_is_foretold(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_PREDICTED_BREACH, "predicted_service_level", "15m");
    rule.compare = RS_ALERT_BELOW;
    rule.limit = rule.clear = 0.7;
    start(&engine, &rule);
    int64_t(*counts)[RS_COUNT_COUNT] = test_store.counts[0];
    counts[RS_WINDOW_TODAY][RS_COUNT_SL_NUM_0] = 500;
    counts[RS_WINDOW_TODAY][RS_COUNT_SL_DEN_0] = 600;
    rs_alerts_on_tick(engine.alerts, 100 * QUARTER);
    /* A third of the way: 10 of 12 were in time, and of the 12 who wait none will be; 24 more come,
     * and the newest has a chance of 1 in 4. */
    counts[RS_WINDOW_TODAY][RS_COUNT_SL_NUM_0] += 10;
    counts[RS_WINDOW_TODAY][RS_COUNT_SL_DEN_0] += 12;
    counts[1][RS_COUNT_OFFERED] = 36;
    test_store.predictions[0] = (rs_window_prediction_t){.reason = RS_PREDICTION_GIVEN, .breach_newest = 750000};
    test_store.predictions[0].expected_den[0] = 12 * RS_PREDICTION_ONE;
    rs_alerts_on_tick(engine.alerts, 100 * QUARTER + 5 * RS_US_PER_MIN);
    assert_int_equal(engine.seen_count, 1);
    assert_true(fabs(last(&engine)->figure.value - (10 + 24 * 0.25) / 48) < 1e-12);
    assert_int_equal(last(&engine)->figure.denominator, 48);
    test_engine_destroy(&engine);
}

static void more_keys_make_limits_wider(void **state) {
    (void)state;
    test_engine_t engine;
    rs_rule_config_t rule = detector_rule(RS_DETECTOR_SHEWHART, "aht", "15m");
    rule.baseline = RS_BASELINE_FIXED;
    rule.centre = 100;
    rule.sigma = 10;
    int64_t end_us = 100 * QUARTER;
    start(&engine, &rule);
    close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(131, 50));   /* 1 in 96: 2.56 sigma */
    assert_int_equal(engine.seen_count, 1);
    close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(100, 50));
    assert_int_equal(engine.seen_count, 2);
    for (uint32_t key = 1; key < 64; key++) {
        test_set(key, RS_METRIC_AHT, test_null_figure());
        test_bind_queue(&engine, key, "more");
    }
    close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(131, 50));   /* 1 in 6144: 3.77 sigma */
    assert_int_equal(engine.seen_count, 2);
    close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(139, 50));
    assert_int_equal(engine.seen_count, 3);
    test_engine_destroy(&engine);
}

static void what_was_learned_goes_on_only_where_the_rule_detects_the_same(void **state) {
    (void)state;
    for (int same = 0; same < 2; same++) {
        test_engine_t engine;
        rs_rule_config_t rule = detector_rule(RS_DETECTOR_EWMA, "aht", "15m");
        rule.weight = 0.2;
        int64_t end_us = 100 * QUARTER;
        start(&engine, &rule);
        for (int i = 0; i < 60; i++) close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(i % 2 == 0 ? 95 : 105, 50));
        rs_rule_config_t changed = rule;
        if (!same) changed.weight = 0.3;
        rs_config_t config = engine.config;
        config.rules = &changed;
        assert_int_equal(rs_alerts_configure(engine.alerts, &config, end_us), RS_OK);
        for (int i = 0; i < 4; i++) close_with(&engine, RS_METRIC_AHT, &end_us, QUARTER, test_figure(140, 50));
        assert_int_equal(engine.seen_count, same);
        test_engine_destroy(&engine);
    }
}

static void subgroups_end_at_multiples_of_their_length(void **state) {
    (void)state;
    test_engine_t engine;
    const rs_rule_config_t rule = detector_rule(RS_DETECTOR_SHEWHART, "aht", "15m");
    test_config_init(&engine);
    engine.rules[0] = rule;
    test_engine_create(&engine, 1, 1000);
    assert_true(rs_alerts_next_close_us(engine.alerts, 5) == INT64_MAX);   /* nobody is watched yet */
    test_bind_queue(&engine, 0, "sales");
    assert_true(rs_alerts_next_close_us(engine.alerts, 5) == QUARTER);
    assert_true(rs_alerts_next_close_us(engine.alerts, QUARTER - 1) == QUARTER);
    assert_true(rs_alerts_next_close_us(engine.alerts, QUARTER) == 2 * QUARTER);
    test_engine_destroy(&engine);
}

const struct CMUnitTest detector_tests[] = {
    cmocka_unit_test(a_ratio_needs_the_confidence_that_the_rule_asks_for),
    cmocka_unit_test(a_cusum_adds_up_and_calms_down),
    cmocka_unit_test(a_cusum_of_counts_reaches_its_limit),
    cmocka_unit_test(what_is_usual_is_learned_and_what_is_not_is_left_out),
    cmocka_unit_test(too_little_is_no_evidence),
    cmocka_unit_test(a_chart_of_shares_leaves_the_hospitals_alone_until_one_is_bad),
    cmocka_unit_test(the_same_time_of_the_week_is_the_measure_of_a_season),
    cmocka_unit_test(history_is_as_good_as_having_been_there),
    cmocka_unit_test(history_is_wanted_and_taken_once_and_never_against_what_was_seen),
    cmocka_unit_test(a_jump_must_be_large_and_no_chance),
    cmocka_unit_test(a_burn_rate_asks_both_windows),
    cmocka_unit_test(silence_is_measured_by_what_is_usual_at_this_time),
    cmocka_unit_test(sources_are_watched_each_second),
    cmocka_unit_test(the_level_at_the_end_of_the_interval_is_foretold),
    cmocka_unit_test(more_keys_make_limits_wider),
    cmocka_unit_test(what_was_learned_goes_on_only_where_the_rule_detects_the_same),
    cmocka_unit_test(subgroups_end_at_multiples_of_their_length),
};
const size_t detector_test_count = RS_ARRAY_LEN(detector_tests);
