/* What an Alertmanager is shown, alone and against a small model of one that forgets, waits and flushes. */
#include "feed_support.h"

#include "feed/presenter.h"

#include <stdlib.h>

#define S RS_US_PER_S

static const rs_presenter_settings_t plain = {.max_alerts = 50,
                                              .batch = 8,
                                              .resend_us = 60 * S,
                                              .hold_us = 40 * S,
                                              .settle_us = 360 * S,
                                              .keep_us = 900 * S,
                                              .backoff_min_us = S,
                                              .failures_open = 5};

static void put(rs_presenter_t *presenter, uint64_t episode, const char *name, unsigned from, unsigned to, uint64_t position,
                int64_t now_us) {
    rs_alert_transition_t transition = world_transition(episode, 0, from, to);
    rs_notice_t *notice = NULL;
    transition.dimensions.name = rs_str(name);
    transition.fired_us = TEST_NOW + (int64_t)episode;
    transition.position = position;
    assert_int_equal(rs_notice_create(&transition, &notice), RS_OK);
    rs_presenter_put(presenter, notice, now_us);
    rs_notice_release(notice);
}

static void fire(rs_presenter_t *presenter, uint64_t episode, const char *name, uint64_t position, int64_t now_us) {
    put(presenter, episode, name, RS_ALERT_PENDING, RS_ALERT_FIRING, position, now_us);
}

static void end(rs_presenter_t *presenter, uint64_t episode, const char *name, uint64_t position, int64_t now_us) {
    put(presenter, episode, name, RS_ALERT_RECOVERING, RS_ALERT_RESOLVED, position, now_us);
}

static rs_presenter_t *made(const rs_presenter_settings_t *settings) {
    rs_presenter_t *presenter = NULL;
    assert_int_equal(rs_presenter_create(settings, 7, &presenter), RS_OK);
    return presenter;
}

static void show_one(rs_presenter_t *presenter, int64_t now_us, bool firing) {
    const rs_presented_t *batch = NULL;
    assert_int_equal(rs_presenter_next(presenter, now_us, &batch), 1);
    assert_int_equal(batch[0].is_firing, firing);
    rs_presenter_done(presenter, RS_SHOWN_OK, 0, now_us);
}

static void what_fires_is_shown_at_once_and_again_and_again(void **state) {
    const rs_presented_t *batch = NULL;
    rs_presenter_t *presenter = made(&plain);
    (void)state;
    assert_int_equal(rs_presenter_wake(presenter, 0), INT64_MAX);
    fire(presenter, 1, "vip", 1, 0);
    show_one(presenter, 0, true);
    assert_int_equal(rs_presenter_confirmed(presenter).position, 1);
    assert_int_equal(rs_presenter_next(presenter, 59 * S, &batch), 0);
    assert_int_equal(rs_presenter_wake(presenter, 0), 60 * S);
    show_one(presenter, 60 * S, true);
    put(presenter, 1, "vip", RS_ALERT_FIRING, RS_ALERT_RECOVERING, 2, 61 * S); /* no news: not before its time */
    assert_int_equal(rs_presenter_wake(presenter, 61 * S), 120 * S);
    rs_presenter_destroy(&presenter);
}

static void an_end_is_held_shown_for_15_minutes_and_confirmed_when_it_settled(void **state) {
    rs_presenter_t *presenter = made(&plain);
    (void)state;
    fire(presenter, 1, "vip", 1, 0);
    end(presenter, 1, "vip", 2, 0);
    show_one(presenter, 0, true); /* never an end first */
    assert_int_equal(rs_presenter_wake(presenter, 0), 40 * S);
    int64_t now = 40 * S;
    for (int i = 0; i < 15; i++, now += 60 * S) {
        show_one(presenter, now, false);
        assert_int_equal(rs_presenter_confirmed(presenter).position, i < 6 ? 0 : 2); /* settle */
    }
    show_one(presenter, now, false);
    assert_int_equal(rs_presenter_wake(presenter, now), INT64_MAX);
    assert_int_equal(rs_presenter_confirmed(presenter).position, 2);
    rs_presenter_destroy(&presenter);
}

static void an_alert_that_fires_again_is_not_ended_by_its_past(void **state) {
    const rs_presented_t *batch = NULL;
    rs_presenter_t *presenter = made(&plain);
    (void)state;
    fire(presenter, 1, "vip", 1, 0);
    show_one(presenter, 0, true);
    end(presenter, 1, "vip", 2, 50 * S);
    show_one(presenter, 50 * S, false);
    fire(presenter, 2, "vip", 3, 55 * S);
    assert_int_equal(rs_presenter_next(presenter, 55 * S, &batch), 1);
    assert_true(batch[0].is_firing);
    assert_int_equal(batch[0].fired_us, TEST_NOW + 2);
    rs_presenter_done(presenter, RS_SHOWN_OK, 0, 55 * S);
    for (int64_t now = 115 * S; now < 1000 * S; now += 60 * S) show_one(presenter, now, true);
    rs_presenter_destroy(&presenter);
}

static void after_its_restart_ends_that_may_be_lost_are_shown_firing_once_more(void **state) {
    rs_presenter_t *presenter = made(&plain);
    (void)state;
    fire(presenter, 1, "vip", 1, 0);
    show_one(presenter, 0, true);
    end(presenter, 1, "vip", 2, 100 * S);
    show_one(presenter, 100 * S, false);
    rs_presenter_restarted(presenter, 130 * S); /* sooner than settle */
    show_one(presenter, 130 * S, true);
    assert_int_equal(rs_presenter_wake(presenter, 130 * S), 170 * S);
    show_one(presenter, 170 * S, false);
    for (int64_t now = 230 * S; now < 530 * S; now += 60 * S) show_one(presenter, now, false);
    rs_presenter_restarted(presenter, 535 * S); /* later: what was flushed is over */
    show_one(presenter, 535 * S, false);
    rs_presenter_destroy(&presenter);
}

static void those_that_are_refused_are_found_and_rest_until_they_change(void **state) {
    enum { ALERTS = 20 };
    static const char names[ALERTS][4] = {"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9",
                                          "b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "b9"};
    const rs_presented_t *batch = NULL;
    rs_presenter_t *presenter = made(&plain);
    rs_presenter_stats_t stats;
    bool taken[ALERTS] = {false};
    unsigned attempts = 0;
    (void)state;
    for (unsigned i = 0; i < ALERTS; i++) fire(presenter, i, names[i], i + 1, 0);
    for (uint32_t count; (count = rs_presenter_next(presenter, 0, &batch)) > 0; attempts++) {
        bool bad = false;
        for (uint32_t i = 0; i < count; i++) bad = bad || batch[i].notice->transition.episode % 256 == 11;
        for (uint32_t i = 0; !bad && i < count; i++) taken[batch[i].notice->transition.episode % 256] = true;
        rs_presenter_done(presenter, bad ? RS_SHOWN_REFUSED : RS_SHOWN_OK, 0, 0);
    }
    assert_true(attempts < 20);
    for (unsigned i = 0; i < ALERTS; i++) assert_int_equal(taken[i], i != 11);
    rs_presenter_stats(presenter, &stats);
    assert_int_equal(stats.dropped_refused, 1);
    assert_int_equal(rs_presenter_confirmed(presenter).position, ALERTS);
    end(presenter, 11, names[11], 100, S); /* news: tried again */
    assert_int_equal(rs_presenter_next(presenter, S, &batch), 1);
    rs_presenter_done(presenter, RS_SHOWN_REFUSED, 0, S);
    rs_presenter_destroy(&presenter);
}

static void past_its_bound_ended_alerts_make_room_and_others_are_counted(void **state) {
    rs_presenter_settings_t settings = plain;
    rs_presenter_stats_t stats;
    (void)state;
    settings.max_alerts = 2;
    rs_presenter_t *presenter = made(&settings);
    fire(presenter, 1, "a", 1, 0);
    show_one(presenter, 0, true);
    end(presenter, 1, "a", 2, 41 * S);
    show_one(presenter, 41 * S, false);
    fire(presenter, 2, "b", 3, 42 * S);
    fire(presenter, 3, "c", 4, 42 * S);
    fire(presenter, 4, "d", 5, 42 * S);
    rs_presenter_stats(presenter, &stats);
    assert_int_equal(stats.alerts, 2);
    assert_int_equal(stats.firing, 2);
    assert_int_equal(stats.dropped_full, 1);
    rs_presenter_destroy(&presenter);
}

/* --- against a model ------------------------------------------------------------------------------------------------ */
/* One alert at an Alertmanager, as its sources say (0.25): inserted alerts wait group_wait, then a flush every group_interval tells
 * what fires, and the end of what it told; all of it is in memory. Whole seconds. */
enum { GROUP_WAIT = 1, GROUP_INTERVAL = 2, VALID = 300 };
typedef struct model {
    bool is_known, was_told;
    int64_t ends, flush_at;
    uint64_t generation;
} model_t;
typedef enum heard { NOTHING, FIRING, RESOLVED } heard_t;

static void show(model_t *model, bool firing, int64_t now) {
    if (!model->is_known && !firing) return; /* an end of what is unknown: no group stays for it */
    if (!model->is_known) *model = (model_t){.is_known = true, .flush_at = now + GROUP_WAIT, .generation = model->generation};
    model->ends = firing ? now + VALID : now;
}

static heard_t flush(model_t *model, int64_t now) {
    if (!model->is_known || now < model->flush_at) return NOTHING;
    const bool firing = model->ends > now, told = model->was_told;
    model->flush_at = now + GROUP_INTERVAL;
    model->was_told = firing;
    if (!firing) model->is_known = false;
    return firing ? (told ? NOTHING : FIRING) : (told ? RESOLVED : NOTHING);
}

typedef struct play {
    rs_presenter_t *presenter;
    model_t model;
    uint64_t seen_generation, episode, position;
    int64_t now;            /* seconds */
    bool is_true, is_shown; /* it fires; the Alertmanager was shown that this time */
    heard_t last;
} play_t;

static void pass_second(play_t *play, bool reachable) {
    const rs_presented_t *batch = NULL;
    play->now++;
    if (reachable && rs_presenter_is_due(play->presenter, play->now * S) && play->seen_generation != play->model.generation) {
        rs_presenter_restarted(play->presenter, play->now * S);
        play->seen_generation = play->model.generation;
    }
    if (rs_presenter_next(play->presenter, play->now * S, &batch) > 0) {
        if (reachable) show(&play->model, batch[0].is_firing, play->now);
        play->is_shown = play->is_shown || (reachable && batch[0].is_firing);
        rs_presenter_done(play->presenter, reachable ? RS_SHOWN_OK : RS_SHOWN_AGAIN, 0, play->now * S);
    }
    const heard_t heard = flush(&play->model, play->now);
    if (heard == RESOLVED) assert_false(play->is_true && play->is_shown); /* else it is the end before, told late */
    if (heard != NOTHING) play->last = heard;
}

static void flip(play_t *play) {
    play->is_true = !play->is_true;
    play->is_shown = false;
    if (play->is_true)
        fire(play->presenter, ++play->episode, "vip", ++play->position, play->now * S);
    else
        end(play->presenter, play->episode, "vip", ++play->position, play->now * S);
}

static void take_step(play_t *play, unsigned step) {
    if (step == 0) flip(play);
    if (step == 1) pass_second(play, true);
    if (step == 2) pass_second(play, false);
    if (step == 3) play->model = (model_t){.generation = play->model.generation + 1};
}

static void in_every_order_its_receivers_end_with_the_truth(void **state) {
    enum { STEPS = 9, ALPHABET = 4 };
    const rs_presenter_settings_t settings = {.max_alerts = 4,
                                              .batch = 4,
                                              .resend_us = S,
                                              .hold_us = 4 * S,
                                              .settle_us = 7 * S,
                                              .keep_us = 12 * S,
                                              .backoff_min_us = S,
                                              .failures_open = 5};
    play_t play = {.presenter = made(&settings), .now = 1};
    uint8_t steps[STEPS] = {0};
    unsigned at = 0;
    uint64_t plays = 0;
    (void)state;
    for (; at < STEPS; plays++) {
        rs_presenter_stats_t stats;
        play.last = NOTHING;
        const uint64_t before = play.episode;
        for (unsigned i = 0; i < STEPS; i++) take_step(&play, steps[i]);
        for (int i = 0; i < 12; i++) pass_second(&play, true);
        if (play.is_true) assert_int_equal(play.last, FIRING);
        if (play.is_true) flip(&play);
        for (int i = 0; i < 30; i++) pass_second(&play, true);
        assert_int_equal(play.last,
                         play.episode == before ? NOTHING : RESOLVED); /* whoever heard it fire, heard it end; and somebody did */
        rs_presenter_stats(play.presenter, &stats);
        assert_int_equal(stats.alerts, 0);
        assert_int_equal(rs_presenter_confirmed(play.presenter).position, play.position);
        for (at = 0; at < STEPS && ++steps[at] == ALPHABET; at++) steps[at] = 0;
    }
    assert_int_equal(plays, 1u << (2 * STEPS));
    rs_presenter_destroy(&play.presenter);
}

const struct CMUnitTest presenter_tests[] = {
    cmocka_unit_test(what_fires_is_shown_at_once_and_again_and_again),
    cmocka_unit_test(an_end_is_held_shown_for_15_minutes_and_confirmed_when_it_settled),
    cmocka_unit_test(an_alert_that_fires_again_is_not_ended_by_its_past),
    cmocka_unit_test(after_its_restart_ends_that_may_be_lost_are_shown_firing_once_more),
    cmocka_unit_test(those_that_are_refused_are_found_and_rest_until_they_change),
    cmocka_unit_test(past_its_bound_ended_alerts_make_room_and_others_are_counted),
    cmocka_unit_test(in_every_order_its_receivers_end_with_the_truth),
};
const size_t presenter_test_count = RS_ARRAY_LEN(presenter_tests);
