/* Explanations: where a deviation comes from, against a computation from the paper's formulas; the last intervals;
 * a limit nobody ever keeps. */
#include "test_store.h"

#include "core/alert/attribute.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>

#define S RS_US_PER_S
#define MIN RS_US_PER_MIN

/* --- attribution, from the formulas ---------------------------------------------------------------------------------- */
typedef struct judged { uint32_t element; double power, surprise; } judged_t;

/* The logarithm of how likely it is to see `a` of `b` (counts: in `b` volumes) at that rate, by the distributions as books print them. */
static double likelihood(rs_attribute_kind_t kind, double a, double b, double rate) {
    if (kind == RS_ATTRIBUTE_MEAN) return b > 0 ? -b * log(rate) - a / rate : 0;
    if (kind == RS_ATTRIBUTE_COUNT) return (a > 0 ? a * log(rate * b) : 0) - rate * b - lgamma(a + 1);
    const double ways = lgamma(b + 1) - lgamma(a + 1) - lgamma(b - a + 1);
    return ways + (a > 0 ? a * log(rate) : 0) + (b > a ? (b - a) * log(1 - rate) : 0);
}

static double surprise(const rs_attribute_element_t *e, rs_attribute_kind_t kind, double before) {
    const bool plain = kind == RS_ATTRIBUTE_COUNT;
    const double now_b = plain ? 1 : e->actual_b, then_a = before * e->expected_a, then_b = before * (plain ? 1 : e->expected_b);
    const double now_rate = e->actual_a / now_b,
                 then_rate = before > 0 ? then_a / then_b : plain ? e->expected_a : e->expected_a / e->expected_b;
    if (before <= 0) return likelihood(kind, e->actual_a, now_b, now_rate) - likelihood(kind, e->actual_a, now_b, then_rate);
    const double one_rate = (e->actual_a + then_a) / (now_b + then_b);
    return likelihood(kind, e->actual_a, now_b, now_rate) + likelihood(kind, then_a, then_b, then_rate) -
           likelihood(kind, e->actual_a, now_b, one_rate) - likelihood(kind, then_a, then_b, one_rate);
}

static int by_surprise(const void *left, const void *right) {
    const judged_t *a = left, *b = right;
    if (a->surprise > b->surprise || a->surprise < b->surprise) return a->surprise > b->surprise ? -1 : 1;
    return (a->element > b->element) - (a->element < b->element);
}

/* Adtributor: all elements by falling surprise; those with EP > T_EEP are taken until their sum reaches T_EP. */
static uint32_t brute_force(const rs_attribute_element_t *e, uint32_t count, const rs_attribute_measure_t *measure, judged_t *taken,
                            uint32_t room) {
    double fa = 0, fb = 0, sum = 0;
    const bool ratio = measure->kind != RS_ATTRIBUTE_COUNT;
    judged_t *all = calloc(count, sizeof *all);
    for (uint32_t i = 0; i < count; i++) fa += e[i].expected_a, fb += e[i].expected_b;
    for (uint32_t i = 0; i < count; i++) {
        const double da = e[i].actual_a - e[i].expected_a, db = e[i].actual_b - e[i].expected_b;
        all[i].element = i;
        all[i].power = ratio ? (da * fb - db * fa) / (fb * (fb + db)) : da;
        sum += all[i].power;
        all[i].surprise = surprise(&e[i], measure->kind, measure->before);
    }
    for (uint32_t i = 0; i < count; i++) all[i].power /= sum;
    qsort(all, count, sizeof *all, by_surprise);
    uint32_t found = 0;
    double power = 0;
    for (uint32_t i = 0; i < count && found < room && power < 0.67; i++) {
        if (!(all[i].power > 0.1)) continue;
        taken[found++] = all[i];
        power += all[i].power;
    }
    free(all);
    return found;
}

static void attribution_follows_its_formulas(void **state) {
    (void)state;
    rs_random_t random = {.state = rs_random_seed()};
    uint32_t compared = 0, with_parts = 0;
    for (uint32_t round = 0; round < 4000; round++) {
        rs_attribute_element_t elements[40];
        rs_attribute_part_t parts[6];
        judged_t expected[6];
        const uint32_t count = 2 + (uint32_t)rs_random_below(&random, 39);
        const rs_attribute_measure_t measure = {.kind = (rs_attribute_kind_t)rs_random_below(&random, 3),
                                                .before = (double)rs_random_below(&random, 5) / 2};
        for (uint32_t i = 0; i < count; i++) {
            const double ab = (double)(1 + rs_random_below(&random, 50)), fb = (double)(1 + rs_random_below(&random, 50));
            /* Nothing, and all of it, only where they are not certain: what cannot be is infinitely surprising. */
            const uint64_t least = measure.before <= 0 || measure.kind == RS_ATTRIBUTE_MEAN, most = least == 0 ? 1 : 0;
            elements[i] = (rs_attribute_element_t){.actual_b = ab + 2, .expected_b = fb + 2,
                                                   .actual_a = (double)(least + rs_random_below(&random, (uint64_t)ab + 1 + most)),
                                                   .expected_a = (double)(least + rs_random_below(&random, (uint64_t)fb + 1 + most))};
        }
        const rs_attribute_found_t found = rs_attribute(elements, count, &measure, parts, 6);
        if (found.count == 0) continue;   /* no deviation, or its direction is not that of the sum: nothing is said */
        compared++;
        const uint32_t wanted = brute_force(elements, count, &measure, expected, 6);
        assert_int_equal(found.count, wanted);
        with_parts += wanted > 0;
        for (uint32_t i = 0; i < wanted; i++) {
            assert_int_equal(parts[i].element, expected[i].element);
            assert_true(fabs(parts[i].power - expected[i].power) < 1e-9 && fabs(parts[i].surprise - expected[i].surprise) < 1e-8);
        }
    }
    assert_true(compared > 1000 && with_parts > 1000);
}

/* By hand: F = 100 of 100 in two elements, and now the first has lost 40 of its 50: all of the drop is its own. */
static void a_worked_example(void **state) {
    (void)state;
    const rs_attribute_element_t elements[] = {{.actual_a = 10, .actual_b = 50, .expected_a = 50, .expected_b = 50},
                                               {.actual_a = 50, .actual_b = 50, .expected_a = 50, .expected_b = 50}};
    const rs_attribute_measure_t shares = {.kind = RS_ATTRIBUTE_SHARE, .before = 1};
    rs_attribute_part_t parts[4];
    const rs_attribute_found_t found = rs_attribute(elements, 2, &shares, parts, 4);
    assert_int_equal(found.count, 1);
    assert_int_equal(parts[0].element, 0);
    assert_true(fabs(parts[0].power - 1) < 1e-12 && fabs(found.deviation + 0.4) < 1e-12);
    /* 10 of 50 after 50 of 50 (which is certain by itself), or 60 of 100 all the time */
    const double changed = 10 * log(0.2) + 40 * log(0.8), same_rate = 60 * log(0.6) + 40 * log(0.4);
    assert_true(fabs(parts[0].surprise - (changed - same_rate)) < 1e-9);
    const rs_attribute_element_t same[] = {{.actual_a = 5, .actual_b = 9, .expected_a = 5, .expected_b = 9},
                                           {.actual_a = 1, .actual_b = 2, .expected_a = 1, .expected_b = 2}};
    assert_int_equal(rs_attribute(same, 2, &shares, parts, 4).count, 0);
    assert_int_equal(rs_attribute(same, 0, &shares, parts, 4).count, 0);
}

/* One loss where none was to be expected is less of a surprise than a third more losses among thousands. */
static void chance_is_no_surprise(void **state) {
    (void)state;
    const rs_attribute_element_t elements[] = {{.actual_a = 2, .actual_b = 20, .expected_a = 0.4, .expected_b = 20},
                                               {.actual_a = 56, .actual_b = 400, .expected_a = 40, .expected_b = 400}};
    const rs_attribute_measure_t shares = {.kind = RS_ATTRIBUTE_SHARE, .before = 3};
    rs_attribute_part_t parts[4];
    assert_true(rs_attribute(elements, 2, &shares, parts, 4).count >= 1);
    assert_int_equal(parts[0].element, 1);
}

/* --- in alerts -------------------------------------------------------------------------------------------------------- */
static const rs_alert_transition_t *last(const test_engine_t *engine) {
    assert_true(engine->seen_count > 0);
    return &engine->seen[engine->seen_count - 1];
}

static rs_rule_config_t level_rule(void) {
    rs_rule_config_t rule = test_rule("level");
    rule.metric = RS_STR("service_level");
    rule.window = RS_STR("15m");
    rule.compare = RS_ALERT_BELOW;
    rule.limit = rule.clear = 0.8;
    rule.min_sample = 10;
    return rule;
}

static void set_level(uint32_t key, int64_t good, int64_t all) {
    test_set(key, RS_METRIC_SERVICE_LEVEL, (rs_figure_t){.value = (double)good / (double)all, .numerator = good, .denominator = all});
}

static void an_alert_that_fires_says_where_it_comes_from_and_what_is_next(void **state) {
    (void)state;
    test_engine_t engine;
    test_config_init(&engine);
    engine.rules[0] = level_rule();
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    test_bind_queue(&engine, 1, "gold");
    test_store.predictions[0] = (rs_window_prediction_t){.reason = RS_PREDICTION_GIVEN, .estimated_wait_us = 84 * S};
    test_set(0, RS_METRIC_PREDICTED_SERVICE_LEVEL, test_figure(0.25, 20));
    set_level(1, 20, 20);
    set_level(0, 2, 20);
    rs_alerts_on_tick(engine.alerts, 10 * MIN);
    const rs_alert_transition_t *fired = last(&engine);
    assert_int_equal(fired->to, RS_ALERT_FIRING);
    const rs_explanation_t *why = &fired->explanation;
    assert_int_equal(why->part_count, 1);      /* nothing was before: the limit is what was expected */
    assert_int_equal(why->parts[0].by, RS_EXPLAIN_BY_QUEUE);
    assert_true(rs_str_equal(fired->part_names[0], RS_STR("vip")));
    assert_true(why->parts[0].share > 1 && why->parts[0].numerator == 2 && why->parts[0].denominator == 20 &&
                why->parts[0].expected_numerator == 16);
    assert_true(why->has_wait && why->wait_us == 84 * S && why->has_level && why->level == 0.25);
    assert_int_equal(why->each_us, 5 * MIN);
    assert_int_equal(why->recent_known, 1);
    assert_true(why->recent[0] == 0.1f);

    char words[RS_EXPLAIN_WORDS], text[4096];
    rs_json_t json;
    rs_explanation_words(why, fired->part_names, words);
    assert_non_null(strstr(words, "from queue vip"));
    assert_non_null(strstr(words, "84 s"));
    rs_json_init(&json, text, sizeof text);
    rs_explanation_write(&json, NULL, why, fired->part_names);
    assert_false(json.overflow);
    text[json.len] = '\0';
    assert_non_null(strstr(text, "\"values\":[null,null,null,null,null,null,null,null,null,null,null,0.1]"));
    assert_non_null(strstr(text, "\"next\":{\"service_level\":0.25,\"estimated_wait_ms\":84000}"));
    test_engine_destroy(&engine);
}

static void nothing_known_is_null(void **state) {
    (void)state;
    const rs_explanation_t none = {0};
    char text[64];
    rs_json_t json;
    rs_json_init(&json, text, sizeof text);
    rs_json_begin(&json, NULL);
    rs_explanation_write(&json, "explanation", &none, NULL);
    rs_json_end(&json);
    text[json.len] = '\0';
    assert_string_equal(text, "{\"explanation\":null}");
}

static void the_last_intervals_move_on_and_have_holes(void **state) {
    (void)state;
    rs_recent_t recent = {0};
    const rs_figure_t null = {.is_null = true};
    rs_recent_note(&recent, 5 * MIN, 100 * MIN, &(rs_figure_t){.value = 1});
    rs_recent_note(&recent, 5 * MIN, 104 * MIN, &(rs_figure_t){.value = 2});    /* the same interval: the last one counts */
    rs_recent_note(&recent, 5 * MIN, 106 * MIN, &null);                         /* changes nothing */
    rs_recent_note(&recent, 5 * MIN, 110 * MIN, &(rs_figure_t){.value = 3});
    assert_int_equal(recent.known, 5);
    assert_true(recent.values[0] == 3 && recent.values[2] == 2);
    rs_recent_note(&recent, 5 * MIN, 103 * MIN, &(rs_figure_t){.value = 9});    /* earlier: no */
    assert_true(recent.values[0] == 3);
    rs_recent_note(&recent, 5 * MIN, 165 * MIN, &(rs_figure_t){.value = 4});    /* eleven on: the newest becomes the oldest */
    assert_int_equal(recent.known, 1 | 1 << 11);
    assert_true(recent.values[11] == 3);
    rs_recent_note(&recent, 5 * MIN, 1000 * MIN, &(rs_figure_t){.value = 5});
    assert_int_equal(recent.known, 1);
}

/* Every alert of one second: the first are taken apart, then time is up; in the next second it goes on. */
static void parts_are_bounded_by_the_second(void **state) {
    (void)state;
    test_engine_t engine;
    test_config_init(&engine);
    engine.rules[0] = level_rule();
    test_engine_create(&engine, 1, TEST_KEYS);
    static char names[TEST_KEYS][8];
    for (uint32_t key = 0; key < TEST_KEYS; key++) {
        snprintf(names[key], sizeof names[key], "q%u", key);
        test_bind_queue(&engine, key, names[key]);
        set_level(key, 19, 20);
    }
    rs_alerts_on_tick(engine.alerts, 10 * MIN);
    test_store.reads = 0;
    for (uint32_t key = 0; key < TEST_KEYS; key++) set_level(key, 1, 20);
    rs_alerts_on_tick(engine.alerts, 10 * MIN + S);
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_FIRING), TEST_KEYS);
    assert_true(test_store.reads < RS_EXPLAIN_LOOKS + 4 * TEST_KEYS);
    assert_true(test_store.reads > RS_EXPLAIN_LOOKS / 2);
    test_engine_destroy(&engine);
}

/* --- a limit that nobody keeps ---------------------------------------------------------------------------------------- */
static void a_target_that_is_never_reached_is_told_once_instead_of_firing(void **state) {
    (void)state;
    test_engine_t engine;
    test_config_init(&engine);
    engine.rules[0] = level_rule();
    engine.rules[0].trial_us = RS_US_PER_HOUR;
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    int64_t now_us = 1000 * MIN;
    for (uint32_t i = 0; i < 600; i++, now_us += 30 * S) {
        set_level(0, 40 + i % 30, 100);        /* 40 to 69 % for five hours */
        rs_alerts_on_tick(engine.alerts, now_us);
    }
    assert_int_equal(engine.seen_count, 1);
    assert_int_equal(last(&engine)->from, RS_ALERT_OK);
    assert_int_equal(last(&engine)->to, RS_ALERT_UNREACHABLE);
    assert_true(last(&engine)->at_us >= 1060 * MIN && last(&engine)->at_us <= 1061 * MIN);
    assert_int_equal(rs_alerts_in_state(engine.alerts, RS_ALERT_UNREACHABLE), 1);
    /* reached at last: from here on it is a rule like any other */
    set_level(0, 80, 100);
    rs_alerts_on_tick(engine.alerts, now_us += S);
    assert_int_equal(last(&engine)->to, RS_ALERT_OK);
    set_level(0, 40, 100);
    rs_alerts_on_tick(engine.alerts, now_us += S);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    assert_int_equal(engine.seen_count, 3);
    test_engine_destroy(&engine);
}

static void one_that_was_reached_once_fires_at_once_and_silence_is_no_trial(void **state) {
    (void)state;
    test_engine_t engine;
    test_config_init(&engine);
    engine.rules[0] = level_rule();
    engine.rules[0].trial_us = RS_US_PER_HOUR;
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    set_level(0, 40, 100);
    rs_alerts_on_tick(engine.alerts, 1000 * MIN);
    set_level(0, 1, 2);                        /* the night: too few to say anything */
    rs_alerts_on_tick(engine.alerts, 1010 * MIN);
    set_level(0, 41, 100);                     /* hours of silence are no hours of trial */
    rs_alerts_on_tick(engine.alerts, 1500 * MIN);
    assert_int_equal(engine.seen_count, 0);
    set_level(0, 90, 100);
    rs_alerts_on_tick(engine.alerts, 1501 * MIN);
    set_level(0, 60, 100);
    rs_alerts_on_tick(engine.alerts, 1502 * MIN);
    assert_int_equal(engine.seen_count, 1);
    assert_int_equal(last(&engine)->to, RS_ALERT_FIRING);
    test_engine_destroy(&engine);
}

/* Somebody says it is resolved: it is not told again while nobody reaches it. */
static void what_people_say_of_an_unreachable_target(void **state) {
    (void)state;
    test_engine_t engine;
    uint64_t number = 0;
    test_config_init(&engine);
    engine.rules[0] = level_rule();
    engine.rules[0].trial_us = MIN;
    test_engine_create(&engine, 1, 10);
    test_bind_queue(&engine, 0, "vip");
    int64_t now_us = 1000 * MIN;
    for (uint32_t i = 0; i < 10; i++, now_us += 30 * S) {
        set_level(0, 40 + i % 2, 100);
        rs_alerts_on_tick(engine.alerts, now_us);
    }
    assert_int_equal(last(&engine)->to, RS_ALERT_UNREACHABLE);
    const rs_command_t resolve = {.what = RS_COMMAND_RESOLVE, .episode = last(&engine)->episode, .who = RS_STR("anna")};
    assert_int_equal(rs_alerts_command(engine.alerts, &resolve, now_us, &number), RS_OK);
    assert_int_equal(last(&engine)->to, RS_ALERT_OK);
    const uint32_t seen = engine.seen_count;
    for (uint32_t i = 0; i < 300; i++, now_us += 30 * S) {
        set_level(0, 40 + i % 2, 100);
        rs_alerts_on_tick(engine.alerts, now_us);
    }
    assert_int_equal(engine.seen_count, seen);
    test_engine_destroy(&engine);
}

const struct CMUnitTest explain_tests[] = {
    cmocka_unit_test(attribution_follows_its_formulas),
    cmocka_unit_test(a_worked_example),
    cmocka_unit_test(chance_is_no_surprise),
    cmocka_unit_test(an_alert_that_fires_says_where_it_comes_from_and_what_is_next),
    cmocka_unit_test(nothing_known_is_null),
    cmocka_unit_test(the_last_intervals_move_on_and_have_holes),
    cmocka_unit_test(parts_are_bounded_by_the_second),
    cmocka_unit_test(a_target_that_is_never_reached_is_told_once_instead_of_firing),
    cmocka_unit_test(one_that_was_reached_once_fires_at_once_and_silence_is_no_trial),
    cmocka_unit_test(what_people_say_of_an_unreachable_target),
};
const size_t explain_test_count = RS_ARRAY_LEN(explain_tests);
