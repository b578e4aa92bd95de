/* Agents seen, against a list of all handlings that is searched each time. */
#include "core_predict_tests.h"

#include "core/predict/seen.h"
#include "random.h"

#include <string.h>

enum { QUEUES = 5, AGENTS = 7, FACTS = 4000, SLOT = 100 };
typedef struct fact { uint32_t queue, agent; int64_t at; bool counted; } fact_t;

static uint32_t brute_force(const fact_t *facts, uint32_t count, uint32_t queue, int64_t now) {
    bool there[AGENTS] = {false};
    uint32_t agents = 0;
    for (uint32_t i = 0; i < count; i++) {
        const bool in = facts[i].at / SLOT > now / SLOT - RS_SEEN_SLOTS;
        if (facts[i].counted && in && facts[i].queue == queue) there[facts[i].agent] = true;
    }
    for (uint32_t i = 0; i < AGENTS; i++) agents += there[i];
    return agents;
}

static void who_is_seen_is_who_ended_a_handling_within_the_horizon(void **state) {
    (void)state;
    rs_random_t random = {rs_random_seed()};
    for (int round = 0; round < 20; round++) {
        rs_seen_t seen;
        static fact_t facts[FACTS];
        uint32_t count = 0;
        int64_t now = 1000000;
        assert_int_equal(rs_seen_init(&seen, QUEUES, 100, SLOT * RS_SEEN_SLOTS), RS_OK);
        while (count < FACTS) {
            now += (int64_t)rs_random_below(&random, round % 3 == 0 ? 900 : 30);
            rs_seen_tick(&seen, now);
            const uint64_t choice = rs_random_below(&random, 4);
            if (choice == 0 && count > 0) {            /* a recent one is taken back */
                fact_t *fact = &facts[count - 1 - rs_random_below(&random, count < 40 ? count : 40)];
                if (fact->counted && fact->at / SLOT > now / SLOT - RS_SEEN_SLOTS) {
                    fact->counted = false;
                    rs_seen_count(&seen, fact->queue, fact->agent, fact->at, -1);
                }
            } else {
                fact_t *fact = &facts[count++];
                *fact = (fact_t){.queue = (uint32_t)rs_random_below(&random, QUEUES), .agent = (uint32_t)rs_random_below(&random, AGENTS),
                                 .at = now + 300 - (int64_t)rs_random_below(&random, 2200), .counted = true};
                rs_seen_count(&seen, fact->queue, fact->agent, fact->at, 1);
            }
            const uint32_t queue = (uint32_t)rs_random_below(&random, QUEUES);
            const uint32_t from = count > 1500 ? count - 1500 : 0;
            assert_int_equal(rs_seen_agents(&seen, queue), brute_force(facts + from, count - from, queue, now));
        }
        rs_seen_tick(&seen, now + 100 * SLOT * RS_SEEN_SLOTS);
        for (uint32_t queue = 0; queue < QUEUES; queue++) assert_int_equal(rs_seen_agents(&seen, queue), 0);
        assert_int_equal(seen.pairs.live, 0);
        rs_seen_deinit(&seen);
    }
}

static void past_the_bound_agents_are_not_seen_and_counted(void **state) {
    (void)state;
    rs_seen_t seen;
    assert_int_equal(rs_seen_init(&seen, 1, 10, SLOT * RS_SEEN_SLOTS), RS_OK);
    rs_seen_tick(&seen, 1000000);
    for (uint32_t agent = 1; agent <= 15; agent++) rs_seen_count(&seen, 0, agent, 1000000, 1);
    assert_int_equal(rs_seen_agents(&seen, 0), 10);
    assert_int_equal(seen.refused, 5);
    rs_seen_deinit(&seen);
}

const struct CMUnitTest seen_tests[] = {
    cmocka_unit_test(who_is_seen_is_who_ended_a_handling_within_the_horizon),
    cmocka_unit_test(past_the_bound_agents_are_not_seen_and_counted),
};
const size_t seen_test_count = RS_ARRAY_LEN(seen_tests);
