/* The post as a pure table: what a receiver believes against what is true, in every order of up to 12 steps. */
#include "feed_support.h"

#include "feed/post.h"

#include <stdio.h>
#include <stdlib.h>

static const rs_post_settings_t plain = {.max_episodes = 100,
                                         .burst = 1000,
                                         .every_us = RS_US_PER_S,
                                         .digest_wait_us = 5 * RS_US_PER_S,
                                         .digest_period_us = RS_US_PER_MIN,
                                         .digest_entries = 50,
                                         .backoff_min_us = RS_US_PER_S,
                                         .backoff_max_us = 60 * RS_US_PER_S,
                                         .failures_open = 5};

static rs_notice_t *notice_of(uint64_t episode, unsigned from, unsigned to, uint64_t position, uint32_t ordinal) {
    rs_alert_transition_t transition = world_transition(episode, 0, from, to);
    rs_notice_t *notice = NULL;

    transition.episode = episode;
    transition.position = position;
    transition.ordinal = ordinal;
    transition.fired_us = TEST_NOW;
    transition.severity = (uint8_t)(episode % 3);
    assert_int_equal(rs_notice_create(&transition, &notice), RS_OK);
    return notice;
}

static void put(rs_post_t *post, uint64_t episode, unsigned from, unsigned to, uint64_t position, int64_t now_us) {
    rs_notice_t *notice = notice_of(episode, from, to, position, 0);
    rs_post_put(post, notice, now_us);
    rs_notice_release(notice);
}

static void fire(rs_post_t *post, uint64_t episode, uint64_t position, int64_t now_us) {
    put(post, episode, RS_ALERT_PENDING, RS_ALERT_FIRING, position, now_us);
}

static void end(rs_post_t *post, uint64_t episode, uint64_t position, int64_t now_us) {
    put(post, episode, RS_ALERT_RECOVERING, RS_ALERT_RESOLVED, position, now_us);
}

/* --- single steps ------------------------------------------------------------------------------------------------- */
static void expect_single(rs_post_t *post, int64_t now_us, uint64_t episode, unsigned phase, char key[64]) {
    rs_post_message_t message;
    assert_true(rs_post_next(post, now_us, &message));
    assert_false(message.is_digest);
    assert_int_equal(message.count, 1);
    assert_int_equal(message.entries[0].notice->transition.episode, episode);
    assert_int_equal(message.entries[0].phase, phase);
    if (key != NULL) memcpy(key, message.key, sizeof(message.key));
}

static void an_episode_that_came_and_went_untold_gives_two_messages(void **state) {
    rs_post_t *post = NULL;
    rs_post_message_t message;
    (void)state;
    assert_int_equal(rs_post_create(&plain, 1, &post), RS_OK);
    fire(post, 7, 1, 0);
    end(post, 7, 2, 0);
    expect_single(post, 0, 7, RS_TOLD_FIRING, NULL);
    rs_post_done(post, RS_SENT_OK, 0, 0);
    assert_int_equal(rs_post_confirmed(post).position,
                     0); /* the end is not told yet: nothing is confirmed but what is before it all */
    expect_single(post, 0, 7, RS_TOLD_ENDED, NULL);
    rs_post_done(post, RS_SENT_OK, 0, 0);
    assert_false(rs_post_next(post, 0, &message));
    assert_int_equal(rs_post_confirmed(post).position, 2);
    rs_post_stats_t stats;
    rs_post_stats(post, &stats);
    assert_int_equal(stats.episodes, 0);
    rs_post_destroy(&post);
}

static void a_message_that_is_sent_again_has_the_same_key(void **state) {
    rs_post_t *post = NULL;
    rs_post_message_t message;
    char first[64], second[64];
    (void)state;
    assert_int_equal(rs_post_create(&plain, 1, &post), RS_OK);
    fire(post, 7, 1, 0);
    expect_single(post, 0, 7, RS_TOLD_FIRING, first);
    rs_post_done(post, RS_SENT_AGAIN, 0, 0);
    assert_false(rs_post_next(post, 0, &message)); /* a pause first */
    const int64_t wake = rs_post_wake(post, 0);
    assert_in_range(wake, RS_US_PER_S / 2, RS_US_PER_S);
    expect_single(post, wake, 7, RS_TOLD_FIRING, second);
    assert_string_equal(first, second);
    rs_post_done(post, RS_SENT_OK, 0, wake);
    rs_post_destroy(&post);
}

static void pauses_double_and_retry_after_is_kept(void **state) {
    rs_post_t *post = NULL;
    rs_post_message_t message;
    rs_post_stats_t stats;
    int64_t now = 0;
    (void)state;
    assert_int_equal(rs_post_create(&plain, 99, &post), RS_OK);
    fire(post, 7, 1, 0);
    for (int64_t pause = RS_US_PER_S; pause <= 64 * RS_US_PER_S; pause *= 2) {
        const int64_t longest = pause < 60 * RS_US_PER_S ? pause : 60 * RS_US_PER_S;
        assert_true(rs_post_next(post, now, &message));
        rs_post_done(post, RS_SENT_AGAIN, 0, now);
        const int64_t wait = rs_post_wake(post, now) - now;
        assert_in_range(wait, longest / 2, longest);
        now += wait;
    }
    rs_post_stats(post, &stats);
    assert_true(stats.is_open);
    assert_true(rs_post_next(post, now, &message));
    rs_post_done(post, RS_SENT_AGAIN, 600 * RS_US_PER_S, now);
    assert_int_equal(rs_post_wake(post, now) - now, 600 * RS_US_PER_S);
    now += 600 * RS_US_PER_S;
    assert_true(rs_post_next(post, now, &message));
    rs_post_done(post, RS_SENT_AGAIN, INT64_MAX, now); /* a lie */
    assert_int_equal(rs_post_wake(post, now) - now, RS_US_PER_HOUR);
    rs_post_destroy(&post);
}

static void what_is_put_twice_is_told_once(void **state) {
    rs_post_t *post = NULL;
    rs_post_message_t message;
    (void)state;
    assert_int_equal(rs_post_create(&plain, 1, &post), RS_OK);
    fire(post, 7, 1, 0);
    fire(post, 7, 1, 0);
    expect_single(post, 0, 7, RS_TOLD_FIRING, NULL);
    rs_post_done(post, RS_SENT_OK, 0, 0);
    fire(post, 7, 1, 0);
    put(post, 7, RS_ALERT_FIRING, RS_ALERT_RECOVERING, 2, 0); /* no news */
    put(post, 7, RS_ALERT_RECOVERING, RS_ALERT_FIRING, 3, 0);
    assert_false(rs_post_next(post, 0, &message));
    put(post, 7, RS_ALERT_FIRING, RS_ALERT_FIRING, 4, 0); /* what a person did is */
    expect_single(post, 0, 7, RS_TOLD_FIRING, NULL);
    rs_post_done(post, RS_SENT_OK, 0, 0);
    rs_post_destroy(&post);
}

static void after_a_restart_nothing_is_told_up_to_what_was_confirmed(void **state) {
    rs_post_t *post = NULL;
    rs_post_message_t message;
    (void)state;
    assert_int_equal(rs_post_create(&plain, 1, &post), RS_OK);
    rs_post_assume(post, (rs_effect_id_t){10, 0});
    fire(post, 1, 5, 0); /* open, told before */
    fire(post, 2, 6, 0);
    end(post, 2, 9, 0); /* over, told before */
    assert_false(rs_post_next(post, 0, &message));
    assert_int_equal(rs_post_confirmed(post).position, 10);
    fire(post, 3, 11, 0);
    end(post, 1, 12, 0);
    expect_single(post, 0, 1, RS_TOLD_ENDED, NULL); /* episode 1 is the more severe */
    rs_post_done(post, RS_SENT_OK, 0, 0);
    expect_single(post, 0, 3, RS_TOLD_FIRING, NULL);
    rs_post_done(post, RS_SENT_OK, 0, 0);
    assert_int_equal(rs_post_confirmed(post).position, 12);
    rs_post_destroy(&post);
}

static void an_end_whose_beginning_is_unknown_is_told_with_its_beginning(void **state) {
    rs_post_t *post = NULL;
    (void)state;
    assert_int_equal(rs_post_create(&plain, 1, &post), RS_OK);
    end(post, 5, 3, 0);
    expect_single(post, 0, 5, RS_TOLD_FIRING, NULL);
    rs_post_done(post, RS_SENT_OK, 0, 0);
    expect_single(post, 0, 5, RS_TOLD_ENDED, NULL);
    rs_post_done(post, RS_SENT_OK, 0, 0);
    rs_post_destroy(&post);
}

/* --- storms ------------------------------------------------------------------------------------------------------- */
static void five_thousand_at_once_are_a_few_messages_and_one_digest(void **state) {
    enum { EPISODES = 5000, BURST = 20 };
    rs_post_settings_t settings = plain;
    rs_post_t *post = NULL;
    rs_post_message_t message;
    uint64_t told = 0, critical = 0;
    (void)state;
    settings.max_episodes = EPISODES;
    settings.burst = BURST;
    settings.digest_entries = EPISODES;
    assert_int_equal(rs_post_create(&settings, 1, &post), RS_OK);
    for (uint64_t i = 0; i < EPISODES; i++) fire(post, i, i + 1, 0);
    for (unsigned i = 0; i < BURST; i++) {
        assert_true(rs_post_next(post, 0, &message)); /* the first page at once, and the worst severity first */
        assert_int_equal(message.entries[0].notice->transition.severity, RS_SEVERITY_CRITICAL);
        rs_post_done(post, RS_SENT_OK, 0, 0);
        told++;
    }
    assert_false(rs_post_next(post, 0, &message));
    const int64_t now = rs_post_wake(post, 0);
    assert_int_equal(now, 5 * RS_US_PER_S);
    assert_true(rs_post_next(post, now, &message));
    assert_true(message.is_digest);
    assert_int_equal(message.count, EPISODES - BURST);
    assert_int_equal(message.left, 0);
    assert_int_equal(message.tally->totals[RS_TALLY_FIRING], EPISODES - BURST);
    for (uint32_t i = 0; i < message.tally->count; i++)
        if (message.tally->rows[i].severity == RS_SEVERITY_CRITICAL) critical = message.tally->rows[i].counts[RS_TALLY_FIRING];
    assert_int_equal(critical, EPISODES / 3 - BURST);
    for (uint32_t i = 1; i < message.count; i++)
        assert_true(message.entries[i - 1].notice->transition.severity >= message.entries[i].notice->transition.severity);
    rs_post_done(post, RS_SENT_OK, 0, now);
    assert_false(rs_post_next(post, now, &message));
    assert_int_equal(rs_post_confirmed(post).position, EPISODES);
    /* a minute later the storm is over: single messages again */
    const int64_t later = now + RS_US_PER_MIN;
    assert_false(rs_post_next(post, later, &message));
    end(post, 17, EPISODES + 1, later);
    expect_single(post, later, 17, RS_TOLD_ENDED, NULL);
    rs_post_done(post, RS_SENT_OK, 0, later);
    rs_post_destroy(&post);
}

static void a_refused_digest_is_halved_until_the_one_to_blame_is_alone(void **state) {
    enum { EPISODES = 40, BAD = 23 };
    rs_post_settings_t settings = plain;
    rs_post_t *post = NULL;
    rs_post_message_t message;
    bool told[EPISODES] = {false};
    uint64_t refused = 0, attempts = 0;
    int64_t now = 0;
    (void)state;
    settings.burst = 1;
    assert_int_equal(rs_post_create(&settings, 1, &post), RS_OK);
    for (uint64_t i = 0; i < EPISODES; i++) fire(post, i, i + 1, 0);
    for (; attempts < 200 && rs_post_wake(post, now) != INT64_MAX; attempts++) {
        now = rs_post_wake(post, now);
        if (!rs_post_next(post, now, &message)) continue;
        bool bad = false;
        for (uint32_t i = 0; i < message.count; i++) bad = bad || message.entries[i].notice->transition.episode == BAD;
        for (uint32_t i = 0; !bad && i < message.count; i++) told[message.entries[i].notice->transition.episode] = true;
        if (message.is_digest && !bad) refused += message.tally->totals[RS_TALLY_REFUSED];
        rs_post_done(post, bad ? RS_SENT_REFUSED : RS_SENT_OK, 0, now);
    }
    assert_true(attempts < 60);
    for (unsigned i = 0; i < EPISODES; i++) assert_int_equal(told[i], i != BAD);
    assert_int_equal(refused, 1); /* the receiver knows by number what it refused */
    rs_post_destroy(&post);
}

static void what_finds_no_room_is_told_by_number(void **state) {
    enum { ROOM = 10, EPISODES = 25 };
    rs_post_settings_t settings = plain;
    rs_post_t *post = NULL;
    rs_post_message_t message;
    uint64_t full = 0, listed = 0;
    int64_t now = 0;
    (void)state;
    settings.max_episodes = ROOM;
    assert_int_equal(rs_post_create(&settings, 1, &post), RS_OK);
    for (uint64_t i = 0; i < EPISODES; i++) {
        fire(post, i, 2 * i + 1, 0);
        if (i % 2 == 0) end(post, i, 2 * i + 2, 0);
    }
    while (rs_post_wake(post, now) != INT64_MAX) {
        now = rs_post_wake(post, now);
        if (!rs_post_next(post, now, &message)) continue;
        for (uint32_t i = 0; i < message.count; i++) listed += message.entries[i].begins;
        if (message.is_digest) full += message.tally->totals[RS_TALLY_FULL];
        rs_post_done(post, RS_SENT_OK, 0, now);
    }
    assert_true(full > 0);
    rs_post_stats_t stats;
    rs_post_stats(post, &stats);
    assert_int_equal(full, stats.dropped_full);
    assert_int_equal(listed, ROOM); /* episodes that found room are told in full */
    rs_post_destroy(&post);
}

/* --- every order -------------------------------------------------------------------------------------------------- */
enum { EPISODES_MAX = 16, NEVER_HEARD = 0, HEARD_FIRING, HEARD_ENDED };

/* What is true, and what the receiver has heard, of each episode. */
typedef struct world_of_one {
    rs_post_t *post;
    int64_t now;
    uint64_t position;
    uint64_t first, before; /* of this play: its first episode, the position before it */
    unsigned episodes;
    bool may_repeat; /* an answer was lost, or there was a restart: what is known may be told once more, from its beginning */
    uint8_t truth[EPISODES_MAX], heard[EPISODES_MAX];
} world_of_one_t;

static void hear(world_of_one_t *world, const rs_post_message_t *message) {
    for (uint32_t i = 0; i < message->count; i++) {
        const uint64_t episode = message->entries[i].notice->transition.episode - world->first;
        const uint8_t phase = message->entries[i].phase;
        if (phase == RS_TOLD_ENDED) {
            if (!message->is_digest) assert_int_not_equal(world->heard[episode], NEVER_HEARD);
            assert_int_equal(world->truth[episode], HEARD_ENDED); /* never an end that is not true */
            world->heard[episode] = HEARD_ENDED;
        } else {
            if (!world->may_repeat) assert_int_not_equal(world->heard[episode], HEARD_ENDED);
            world->heard[episode] = HEARD_FIRING;
        }
    }
}

/* The alert fires when it does not, else it ends: one queue that flaps. */
static void flip(world_of_one_t *world) {
    const bool fires = world->episodes > 0 && world->truth[world->episodes - 1] == HEARD_FIRING;
    if (fires) {
        world->truth[world->episodes - 1] = HEARD_ENDED;
        end(world->post, world->first + world->episodes - 1, ++world->position, world->now);
        return;
    }
    world->truth[world->episodes] = HEARD_FIRING;
    fire(world->post, world->first + world->episodes++, ++world->position, world->now);
}

/* One attempt: it arrives; it arrives but the answer is lost; it is lost. */
static bool attempt(world_of_one_t *world, bool arrives, bool answered) {
    rs_post_message_t message;
    const int64_t wake = rs_post_wake(world->post, world->now);
    if (wake == INT64_MAX) return false;
    world->now = wake;
    if (!rs_post_next(world->post, world->now, &message)) return true;
    if (arrives) hear(world, &message);
    world->may_repeat = world->may_repeat || (arrives && !answered);
    rs_post_done(world->post, arrives && answered ? RS_SENT_OK : RS_SENT_AGAIN, 0, world->now);
    return true;
}

/* A new post, told what the old one confirmed, and given again: open episodes, and all since then. */
static void restart(world_of_one_t *world, const rs_post_settings_t *settings) {
    const rs_effect_id_t confirmed = rs_post_confirmed(world->post);
    uint64_t position = world->before;
    world->may_repeat = true;
    rs_post_destroy(&world->post);
    assert_int_equal(rs_post_create(settings, 3, &world->post), RS_OK);
    rs_post_assume(world->post, confirmed);
    for (unsigned episode = 0; episode < world->episodes; episode++) {
        const bool ended = world->truth[episode] == HEARD_ENDED;
        const uint64_t begun_at = ++position, ended_at = ended ? ++position : 0;
        if (!ended || begun_at > confirmed.position) fire(world->post, world->first + episode, begun_at, world->now);
        if (ended && ended_at > confirmed.position) end(world->post, world->first + episode, ended_at, world->now);
    }
}

static void quiesce(world_of_one_t *world) {
    for (unsigned i = 0; attempt(world, true, true); i++) assert_true(i < 200);
    for (unsigned episode = 0; episode < world->episodes; episode++)
        assert_int_equal(world->heard[episode], world->truth[episode]);
    assert_int_equal(rs_post_confirmed(world->post).position, world->position);
}

/* The truth's numbers rise by one with each flip, so that restart can tell them again. One post plays after another, and is empty
 * in between. */
static void play(world_of_one_t *world, const rs_post_settings_t *settings, const uint8_t *steps, unsigned count) {
    rs_post_stats_t stats;
    world->first += world->episodes;
    world->before = world->position;
    world->episodes = 0;
    world->may_repeat = false;
    memset(world->heard, 0, sizeof(world->heard));
    for (unsigned i = 0; i < count; i++) {
        if (steps[i] == 0) flip(world);
        if (steps[i] == 1) (void)attempt(world, true, true);
        if (steps[i] == 2) (void)attempt(world, (i & 1) != 0, false);
        if (steps[i] == 3) restart(world, settings);
    }
    quiesce(world);
    if (world->episodes > 0 && world->truth[world->episodes - 1] == HEARD_FIRING) flip(world);
    quiesce(world);
    rs_post_stats(world->post, &stats);
    assert_int_equal(stats.episodes, 0);
}

static void play_all(const rs_post_settings_t *settings, unsigned alphabet, unsigned length) {
    uint8_t steps[12] = {0};
    world_of_one_t world = {.post = NULL};
    unsigned at = 0;
    assert_int_equal(rs_post_create(settings, 2, &world.post), RS_OK);
    while (at < length) {
        play(&world, settings, steps, length);
        for (at = 0; at < length && ++steps[at] == alphabet; at++) steps[at] = 0;
    }
    rs_post_destroy(&world.post);
}

static void after_every_flapping_of_12_steps_the_receiver_believes_the_truth(void **state) {
    (void)state;
    play_all(&plain, 3, 12);
}

static void after_every_storm_of_10_steps_the_receiver_believes_the_truth(void **state) {
    rs_post_settings_t settings = plain;
    (void)state;
    settings.burst = 1;
    settings.every_us = 600 * RS_US_PER_S;
    play_all(&settings, 3, 10);
}

static void after_every_9_steps_with_restarts_the_receiver_believes_the_truth(void **state) {
    (void)state;
    play_all(&plain, 4, 9);
}

const struct CMUnitTest post_tests[] = {
    cmocka_unit_test(an_episode_that_came_and_went_untold_gives_two_messages),
    cmocka_unit_test(a_message_that_is_sent_again_has_the_same_key),
    cmocka_unit_test(pauses_double_and_retry_after_is_kept),
    cmocka_unit_test(what_is_put_twice_is_told_once),
    cmocka_unit_test(after_a_restart_nothing_is_told_up_to_what_was_confirmed),
    cmocka_unit_test(an_end_whose_beginning_is_unknown_is_told_with_its_beginning),
    cmocka_unit_test(five_thousand_at_once_are_a_few_messages_and_one_digest),
    cmocka_unit_test(a_refused_digest_is_halved_until_the_one_to_blame_is_alone),
    cmocka_unit_test(what_finds_no_room_is_told_by_number),
    cmocka_unit_test(after_every_flapping_of_12_steps_the_receiver_believes_the_truth),
    cmocka_unit_test(after_every_storm_of_10_steps_the_receiver_believes_the_truth),
    cmocka_unit_test(after_every_9_steps_with_restarts_the_receiver_believes_the_truth),
};
const size_t post_test_count = RS_ARRAY_LEN(post_tests);
