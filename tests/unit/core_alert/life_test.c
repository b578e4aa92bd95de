/* The life of one alert: every sequence of verdicts, and what people must be left with after it. */
#include "test_store.h"

enum { LENGTH = 12, VERDICTS = 3, QUIET_MINUTES = 90 };
#define MINUTE RS_US_PER_MIN

/* What somebody who is told of transitions believes, and how often he was told. */
typedef struct listener { bool fires; unsigned told; } listener_t;

static void tell(listener_t *listener, uint8_t from, uint8_t to) {
    const bool fires = rs_life_is_open(to);
    if (fires == rs_life_is_open(from)) return;
    listener->fires = fires;
    listener->told++;
}

static void take(const rs_life_rule_t *rule, rs_life_t *life, uint8_t verdict, int64_t now_us, listener_t *listener) {
    const uint8_t from = life->state, to = rs_life_next(rule, life, verdict, now_us);
    if (to == from) return;
    assert_true(to != RS_ALERT_RESOLVED || rs_life_is_open(from));
    rs_life_enter(life, to, now_us);
    tell(listener, from, to);
}

/* What is true after it: what the last figure that there was says. Silence changes nothing. */
static bool is_true_in_the_end(const uint8_t *verdicts) {
    for (unsigned i = LENGTH; i > 0; i--) {
        if (verdicts[i - 1] != RS_DETECT_NO_EVIDENCE) return verdicts[i - 1] == RS_DETECT_BREACH;
    }
    return false;
}

static void run_all(const rs_life_rule_t *rule, int64_t step_us) {
    uint8_t verdicts[LENGTH];
    unsigned flapped = 0;
    for (unsigned sequence = 0; sequence < 531441; sequence++) {
        static const uint8_t kinds[VERDICTS] = {RS_DETECT_BREACH, RS_DETECT_GOOD, RS_DETECT_NO_EVIDENCE};
        rs_life_t life = {0};
        listener_t listener = {0};
        int64_t now_us = 1000 * RS_US_PER_DAY;
        for (unsigned i = 0, left = sequence; i < LENGTH; i++, left /= VERDICTS, now_us += step_us) {
            verdicts[i] = kinds[left % VERDICTS];
            take(rule, &life, verdicts[i], now_us, &listener);
            flapped += life.state == RS_ALERT_FLAPPING;
        }
        for (unsigned i = 0; i < QUIET_MINUTES; i += 3, now_us += 3 * MINUTE) take(rule, &life, verdicts[LENGTH - 1], now_us, &listener);
        const bool is_known = rule->for_us == 0 || verdicts[LENGTH - 1] != RS_DETECT_NO_EVIDENCE; /* else nobody saw it held long enough */
        const bool truth = is_known ? is_true_in_the_end(verdicts) : rs_life_is_open(life.state);
        if (listener.fires != truth || rs_life_is_open(life.state) != truth) {
            fail_msg("sequence %u: told %d, true %d", sequence, listener.fires, truth);
        }
        assert_int_not_equal(life.state, RS_ALERT_FLAPPING);
        /* Six changes at most before it flaps, of which the last is not told, and one when that is over. */
        assert_true(listener.told <= RS_FLAP_STARTS);
    }
    assert_true(flapped > 0 || rule->for_us > 0);
}

static void after_all_sequences_to_length_12_people_know_what_is_true(void **state) {
    (void)state;
    const rs_life_rule_t at_once = {0}, both = {.for_us = MINUTE, .clear_for_us = 2 * MINUTE};
    run_all(&at_once, MINUTE);
    run_all(&both, MINUTE);
    run_all(&at_once, 4 * MINUTE);
}

static void the_sixth_change_within_an_hour_is_flapping_and_the_episode_stays(void **state) {
    (void)state;
    const rs_life_rule_t at_once = {0};
    rs_life_t life = {0};
    listener_t listener = {0};
    int64_t now_us = 1000 * RS_US_PER_DAY;
    for (int i = 0; i < 6; i++, now_us += MINUTE) take(&at_once, &life, i % 2 == 0 ? RS_DETECT_BREACH : RS_DETECT_GOOD, now_us, &listener);
    assert_int_equal(life.state, RS_ALERT_FLAPPING);
    assert_int_equal(life.beneath, RS_ALERT_OK);
    assert_true(listener.fires);
    assert_int_equal(rs_life_changes(&life, now_us), 6);
    assert_int_equal(rs_life_changes(&life, now_us + RS_US_PER_HOUR + 5 * MINUTE), 0);
    for (int i = 0; i < 80 && life.state == RS_ALERT_FLAPPING; i++, now_us += MINUTE) {
        take(&at_once, &life, RS_DETECT_GOOD, now_us, &listener);
    }
    assert_int_equal(life.state, RS_ALERT_OK);
    assert_false(listener.fires);
}

static void what_fires_when_it_stops_flapping_goes_on_firing_with_its_first_times(void **state) {
    (void)state;
    const rs_life_rule_t at_once = {0};
    rs_life_t life = {0};
    listener_t listener = {0};
    int64_t now_us = 1000 * RS_US_PER_DAY;
    for (int i = 0; i < 7; i++, now_us += MINUTE) take(&at_once, &life, i % 2 == 0 ? RS_DETECT_BREACH : RS_DETECT_GOOD, now_us, &listener);
    assert_int_equal(life.state, RS_ALERT_FLAPPING);
    const int64_t started_us = life.started_us;
    for (int i = 0; i < 80; i++, now_us += MINUTE) take(&at_once, &life, RS_DETECT_BREACH, now_us, &listener);
    assert_int_equal(life.state, RS_ALERT_FIRING);
    assert_int_equal(life.started_us, started_us);
    assert_true(listener.fires);
}

static void five_minutes_without_evidence_are_a_state_and_no_end(void **state) {
    (void)state;
    const rs_life_rule_t at_once = {0};
    rs_life_t life = {0};
    listener_t listener = {0};
    take(&at_once, &life, RS_DETECT_BREACH, 1, &listener);
    take(&at_once, &life, RS_DETECT_NO_EVIDENCE, 2, &listener);
    take(&at_once, &life, RS_DETECT_NO_EVIDENCE, 2 + RS_LIFE_BLIND_US - 1, &listener);
    assert_int_equal(life.state, RS_ALERT_FIRING);
    take(&at_once, &life, RS_DETECT_NO_EVIDENCE, 2 + RS_LIFE_BLIND_US, &listener);
    assert_int_equal(life.state, RS_ALERT_NO_DATA);
    take(&at_once, &life, RS_DETECT_NO_EVIDENCE, RS_US_PER_DAY, &listener);
    assert_int_equal(life.state, RS_ALERT_NO_DATA);
    assert_int_equal(listener.told, 1);
    take(&at_once, &life, RS_DETECT_GOOD, RS_US_PER_DAY + 1, &listener);
    assert_int_equal(life.state, RS_ALERT_OK);
    assert_int_equal(listener.told, 2);
}

const struct CMUnitTest life_tests[] = {
    cmocka_unit_test(after_all_sequences_to_length_12_people_know_what_is_true),
    cmocka_unit_test(the_sixth_change_within_an_hour_is_flapping_and_the_episode_stays),
    cmocka_unit_test(what_fires_when_it_stops_flapping_goes_on_firing_with_its_first_times),
    cmocka_unit_test(five_minutes_without_evidence_are_a_state_and_no_end),
};
const size_t life_test_count = RS_ARRAY_LEN(life_tests);
