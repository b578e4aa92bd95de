/* Predictions of a running core: when there is an answer, what it says in plain cases, and that it is published. */
#include "core_predict_tests.h"

#include "core/core.h"
#include "core/metric.h"
#include "core/predict/predict.h"
#include "random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct centre {
    rs_config_t *config;
    rs_core_t *core;
    uint64_t seq;
    int64_t now_s;
} centre_t;

static int64_t at(int64_t s) { return (INT64_C(1700000100) / 86400 * 86400 + 36000 + s) * RS_US_PER_S; }

static void begin(centre_t *centre) {
    *centre = (centre_t){0};
    assert_int_equal(rs_config_create_default(&centre->config), RS_OK);
    centre->config->lateness_us = RS_US_PER_HOUR;
    centre->config->prediction = (rs_prediction_config_t){.horizon_us = 30 * RS_US_PER_MIN, .min_handled = 10};
    const rs_core_options_t options = {.config = centre->config, .windows = true, .alerts = true,
                                       .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S},
                                       .start_us = at(0), .run = 1};
    assert_int_equal(rs_core_create(&options, &centre->core), RS_OK);
}

static void end(centre_t *centre) {
    rs_core_destroy(&centre->core);
    rs_config_destroy(&centre->config);
}

static void event(centre_t *centre, rs_event_type_t type, uint32_t contact, const char *agent, int64_t s) {
    char id[16];
    snprintf(id, sizeof id, "c%u", contact);
    const rs_event_t made = {.occurred_us = at(s), .seq = ++centre->seq, .present = RS_HAS_SEQ, .type = (uint8_t)type,
                             .source = RS_STR("t"), .contact_id = rs_str(id), .queue = RS_STR("q"), .agent = rs_str(agent)};
    rs_core_tick(centre->core, at(s));
    rs_core_apply_event(centre->core, &made, at(s), (rs_origin_t){0});
}

/* `agents` agents handle `each` calls of `talk_s` one after the other, from s on; waits are 0. */
static int64_t handle(centre_t *centre, uint32_t agents, uint32_t each, int64_t talk_s, int64_t s) {
    for (uint32_t i = 0; i < each; i++, s += talk_s) {
        for (uint32_t a = 0; a < agents; a++) {
            char name[16];
            snprintf(name, sizeof name, "a%u", a);
            event(centre, RS_CONTACT_QUEUED, a + i * 100, "", s);
            event(centre, RS_CONTACT_ANSWERED, a + i * 100, name, s);
        }
        for (uint32_t a = 0; a < agents; a++) event(centre, RS_CONTACT_ENDED, a + i * 100, "", s + talk_s);
    }
    return s;
}

static uint32_t queue_key(const centre_t *centre) {
    rs_key_t key;
    for (uint32_t i = 0; i < rs_window_key_count(rs_core_windows(centre->core)); i++) {
        rs_core_key(centre->core, i, &key);
        if (key.family == RS_FAMILY_QUEUE) return i;
    }
    return UINT32_MAX;
}

static rs_window_prediction_t prediction_of(const centre_t *centre) {
    rs_window_prediction_t prediction;
    assert_int_equal(rs_window_read_prediction(rs_core_windows(centre->core), queue_key(centre), &prediction), RS_OK);
    return prediction;
}

static rs_figure_t figure_of(const centre_t *centre, rs_metric_t metric) {
    rs_figure_t figure;
    assert_int_equal(rs_metric_read(rs_core_windows(centre->core), queue_key(centre), 1, metric, 0, true, rs_core_now(centre->core),
                                    &figure), RS_OK);
    return figure;
}

static void too_few_handlings_carry_no_answer(void **state) {
    (void)state;
    centre_t centre;
    begin(&centre);
    const int64_t s = handle(&centre, 3, 3, 100, 0);      /* 9 of 10 */
    event(&centre, RS_CONTACT_QUEUED, 9000, "", s);
    rs_core_tick(centre.core, at(s + 2));
    assert_string_equal(rs_prediction_reason_name((unsigned)prediction_of(&centre).reason), "too_few_handled");
    assert_true(figure_of(&centre, RS_METRIC_ESTIMATED_WAIT).is_null && figure_of(&centre, RS_METRIC_BREACH_NEWEST).is_null);
    assert_true(figure_of(&centre, RS_METRIC_PREDICTED_SERVICE_LEVEL).is_null);
    end(&centre);
}

static void busy_agents_and_waiting_contacts_give_the_closed_form(void **state) {
    (void)state;
    centre_t centre;
    begin(&centre);
    int64_t s = handle(&centre, 4, 4, 100, 0);
    for (uint32_t a = 0; a < 4; a++) {                     /* all four are busy again */
        char name[16];
        snprintf(name, sizeof name, "a%u", a);
        event(&centre, RS_CONTACT_QUEUED, 8000 + a, "", s);
        event(&centre, RS_CONTACT_ANSWERED, 8000 + a, name, s);
    }
    s += 30;
    for (uint32_t i = 0; i < 6; i++) event(&centre, RS_CONTACT_QUEUED, 9000 + i, "", s + i);
    rs_core_tick(centre.core, at(s + 8));
    const rs_window_prediction_t prediction = prediction_of(&centre);
    assert_int_equal(prediction.reason, RS_PREDICTION_GIVEN);
    /* Nobody gave up: 4 agents of 100 s, seven to come: 175 s. */
    assert_int_equal(prediction.estimated_wait_us, 175 * RS_US_PER_S);
    assert_true(prediction.breach_oldest < prediction.breach_newest && prediction.breach_newest <= RS_PREDICTION_ONE);
    assert_true(prediction.breach_newest > 900000);
    const rs_figure_t wait = figure_of(&centre, RS_METRIC_ESTIMATED_WAIT);
    assert_true(!wait.is_null && wait.value == 175000 && wait.denominator == 6);
    /* 20 were answered at once; of the six that wait hardly any will be. */
    const rs_figure_t level = figure_of(&centre, RS_METRIC_PREDICTED_SERVICE_LEVEL), so_far = figure_of(&centre, RS_METRIC_SERVICE_LEVEL);
    assert_true(so_far.value == 1.0 && !level.is_null && level.value < 0.9 && level.value > 20.0 / 26 - 0.01);
    assert_near((double)prediction.expected_den[0], 6e6, 10);
    /* They leave: at once nothing is expected of anybody. */
    for (uint32_t i = 0; i < 6; i++) event(&centre, RS_CONTACT_ABANDONED, 9000 + i, "", s + 10);
    assert_int_equal(prediction_of(&centre).reason, RS_PREDICTION_NOBODY_WAITS);
    assert_true(figure_of(&centre, RS_METRIC_BREACH_OLDEST).value == 0.0 && !figure_of(&centre, RS_METRIC_BREACH_OLDEST).is_null);
    assert_true(figure_of(&centre, RS_METRIC_PREDICTED_SERVICE_LEVEL).value == figure_of(&centre, RS_METRIC_SERVICE_LEVEL).value);
    end(&centre);
}

static void a_leg_past_t_has_missed_it(void **state) {
    (void)state;
    centre_t centre;
    begin(&centre);
    int64_t s = handle(&centre, 2, 8, 100, 0);
    event(&centre, RS_CONTACT_QUEUED, 9000, "", s);
    rs_core_tick(centre.core, at(s + 21));
    assert_int_equal(prediction_of(&centre).breach_oldest, RS_PREDICTION_ONE);
    end(&centre);
}

static void when_nothing_ends_for_too_long_the_answer_is_stale(void **state) {
    (void)state;
    centre_t centre;
    begin(&centre);
    int64_t s = handle(&centre, 10, 4, 100, 0);
    event(&centre, RS_CONTACT_QUEUED, 9000, "", s);
    rs_core_tick(centre.core, at(s + 60));
    assert_int_equal(prediction_of(&centre).reason, RS_PREDICTION_GIVEN);
    rs_core_tick(centre.core, at(s + 100));               /* 10 agents of 100 s: 92 s */
    assert_string_equal(rs_prediction_reason_name((unsigned)prediction_of(&centre).reason), "stale");
    assert_true(figure_of(&centre, RS_METRIC_ESTIMATED_WAIT).is_null);
    end(&centre);
}

typedef struct told { uint32_t count; rs_waiting_t last; bool in_order; } told_t;
static void on_waiting(void *context, const rs_waiting_t *waiting) {
    told_t *told = context;
    told->in_order = waiting->ahead == told->count && (told->count == 0 || waiting->wait_left_us > told->last.wait_left_us);
    told->last = *waiting;
    told->count++;
}

static void every_waiting_contact_has_its_own_answer(void **state) {
    (void)state;
    centre_t centre;
    told_t told = {0};
    begin(&centre);
    const int64_t s = handle(&centre, 4, 4, 100, 0);
    for (uint32_t i = 0; i < 30; i++) event(&centre, RS_CONTACT_QUEUED, 9000 + i, "", s + 1);
    assert_int_equal(rs_core_predict_waiting(centre.core, queue_key(&centre), on_waiting, &told), RS_PREDICTION_GIVEN);
    assert_int_equal(told.count, 30);
    assert_true(told.in_order && told.last.wait_left_us == 750 * RS_US_PER_S && told.last.queued_us == at(s + 1));
    end(&centre);
}

static void agents_that_went_home_are_no_longer_counted(void **state) {
    (void)state;
    centre_t centre;
    begin(&centre);
    int64_t s = handle(&centre, 20, 2, 100, 0);
    s = handle(&centre, 2, 19, 100, s);                   /* two stay: half an hour later the others are not seen any more */
    event(&centre, RS_CONTACT_QUEUED, 9000, "", s);
    rs_core_tick(centre.core, at(s + 2));
    assert_int_equal(prediction_of(&centre).estimated_wait_us, 100 * RS_US_PER_S);   /* two ahead of a newcomer by two agents */
    end(&centre);
}

/* 40 agents handle 600 calls of many lengths, some with a wrap-up, some given up; 9 wait at the end. */
static uint32_t make_history(rs_event_t *events, char (*names)[16]) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < 600; i++) {
        const int64_t s = i * 2, talk_s = 30 + i * 37 % 50, answer_s = s + 1 + i % 7;
        snprintf(names[2 * i], sizeof names[0], "c%u", i);
        snprintf(names[2 * i + 1], sizeof names[0], "a%u", i % 40);
        const rs_event_t base = {.source = RS_STR("t"), .contact_id = rs_str(names[2 * i]), .queue = RS_STR("q"), .present = RS_HAS_SEQ};
        const struct { rs_event_type_t type; int64_t s; bool happens; } story[] = {
            {RS_CONTACT_QUEUED, s, true}, {RS_CONTACT_ABANDONED, answer_s, i % 11 == 0 && i < 591},
            {RS_CONTACT_ANSWERED, answer_s, i % 11 != 0 && i < 591},
            {RS_CONTACT_WRAPUP_STARTED, answer_s + talk_s, i % 11 != 0 && i % 3 == 0 && i < 591},
            {RS_CONTACT_ENDED, answer_s + talk_s + 1, i % 11 != 0 && i < 591},
            {RS_CONTACT_WRAPUP_ENDED, answer_s + talk_s + 9, i % 11 != 0 && i % 3 == 0 && i < 591}};
        for (size_t k = 0; k < RS_ARRAY_LEN(story); k++) {
            if (!story[k].happens || story[k].s > 1200) continue;
            events[count] = base;
            events[count].type = (uint8_t)story[k].type;
            events[count].occurred_us = at(story[k].s);
            events[count].seq = count + 1;
            if (story[k].type != RS_CONTACT_QUEUED && story[k].type != RS_CONTACT_ABANDONED) events[count].agent = rs_str(names[2 * i + 1]);
            count++;
        }
    }
    return count;
}

static rs_window_prediction_t play_history(const rs_event_t *events, uint32_t count) {
    centre_t centre;
    begin(&centre);
    for (uint32_t i = 0; i < count; i++) rs_core_apply_event(centre.core, &events[i], at(1200), (rs_origin_t){0});
    rs_core_tick(centre.core, at(1201));
    const rs_window_prediction_t prediction = prediction_of(&centre);
    end(&centre);
    return prediction;
}

static void the_order_in_which_events_come_does_not_matter(void **state) {
    (void)state;
    static rs_event_t events[4000];
    static char names[1200][16];
    rs_random_t random = {rs_random_seed()};
    const uint32_t count = make_history(events, names);
    const rs_window_prediction_t in_order = play_history(events, count);
    assert_int_equal(in_order.reason, RS_PREDICTION_GIVEN);
    assert_true(in_order.estimated_wait_us > 0 && in_order.breach_newest > 0 && in_order.expected_num[0] > 0);
    for (int round = 0; round < 20; round++) {
        for (uint32_t i = count; i-- > 1;) {
            const uint32_t other = (uint32_t)rs_random_below(&random, i + 1);
            const rs_event_t moved = events[i];
            events[i] = events[other];
            events[other] = moved;
        }
        const rs_window_prediction_t shuffled = play_history(events, count);
        assert_memory_equal(&shuffled, &in_order, sizeof in_order);
    }
}

static void every_waiting_queue_has_its_turn_and_no_slice_has_too_many(void **state) {
    (void)state;
    const uint32_t counts[] = {1, 7, 999, 1000, 5000};
    for (size_t c = 0; c < RS_ARRAY_LEN(counts); c++) {
        rs_predict_t predict;
        const rs_limits_t limits = {.contacts = 10, .agent_keys = 10};
        assert_int_equal(rs_predict_init(&predict, 10000, &limits, 30 * RS_US_PER_MIN), RS_OK);
        for (uint32_t key = 0; key < counts[c]; key++) rs_predict_waits(&predict, key, true);
        rs_round_t round = rs_predict_round(&predict, at(0));
        assert_int_equal(round.passed, round.length);     /* at first all */
        static uint32_t turns[10000];
        memset(turns, 0, sizeof turns);
        for (uint32_t slice = 1; slice <= round.length; slice++) {
            const rs_round_t next = rs_predict_round(&predict, at(0) + slice * 100 * RS_US_PER_MS);
            uint32_t due = 0;
            for (uint32_t key = 0; key < counts[c]; key++) {
                turns[key] += rs_predict_is_due(&next, key);
                due += rs_predict_is_due(&next, key);
            }
            assert_true(due <= RS_PREDICTED_A_SLICE);
        }
        for (uint32_t key = 0; key < counts[c]; key++) assert_int_equal(turns[key], 1);
        for (uint32_t key = 0; key < counts[c]; key += 2) rs_predict_waits(&predict, key, false);
        assert_int_equal(predict.waiting_count, counts[c] / 2);
        assert_int_equal(rs_predict_round(&predict, at(0)).passed, 0);   /* time never goes back */
        rs_predict_deinit(&predict);
    }
}

static void prediction_is_off_without_a_horizon(void **state) {
    (void)state;
    centre_t centre;
    begin(&centre);
    rs_core_destroy(&centre.core);
    centre.config->prediction.horizon_us = 0;
    const rs_core_options_t options = {.config = centre.config, .windows = true,
                                       .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S},
                                       .start_us = at(0), .run = 1};
    assert_int_equal(rs_core_create(&options, &centre.core), RS_OK);
    const int64_t s = handle(&centre, 4, 4, 100, 0);
    event(&centre, RS_CONTACT_QUEUED, 9000, "", s);
    rs_core_tick(centre.core, at(s + 2));
    assert_int_equal(rs_core_predict_waiting(centre.core, queue_key(&centre), on_waiting, NULL), RS_PREDICTION_OFF);
    assert_int_equal(prediction_of(&centre).estimated_wait_us, 0);
    end(&centre);
}

const struct CMUnitTest live_tests[] = {
    cmocka_unit_test(too_few_handlings_carry_no_answer),
    cmocka_unit_test(busy_agents_and_waiting_contacts_give_the_closed_form),
    cmocka_unit_test(a_leg_past_t_has_missed_it),
    cmocka_unit_test(when_nothing_ends_for_too_long_the_answer_is_stale),
    cmocka_unit_test(every_waiting_contact_has_its_own_answer),
    cmocka_unit_test(agents_that_went_home_are_no_longer_counted),
    cmocka_unit_test(the_order_in_which_events_come_does_not_matter),
    cmocka_unit_test(every_waiting_queue_has_its_turn_and_no_slice_has_too_many),
    cmocka_unit_test(prediction_is_off_without_a_horizon),
};
const size_t live_test_count = RS_ARRAY_LEN(live_tests);
