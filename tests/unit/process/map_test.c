/* What follows from edges: rework, ping-pong, shares, the bottleneck. */
#include "process_test.h"

static const rs_map_stage_t *stage_of(const rs_process_map_t *map, rs_process_kind_t kind, const char *queue) {
    const rs_stage_name_t name = {.kind = kind, .queue = rs_str(queue)};
    for (uint32_t i = 0; i < map->stage_count; i++) {
        if (rs_stage_name_compare(&map->stages[i].stage, &name) == 0) return &map->stages[i];
    }
    fail_msg("no such stage");
    return NULL;
}

static void a_stage_entered_again_is_rework_and_going_back_is_not(void **state) {
    (void)state;
    process_test_t test;
    rs_process_map_t map;
    process_begin(&test, 1000, 100);
    process_tell(&test, "queued c q a 0; offered c a ann 1; offer_failed c 2; answered c a ann 5; held c 10; retrieved c 12; ended c 20");
    process_map(&test, &map);
    assert_int_equal(map.rework, 0);
    assert_int_equal(map.reworked, 0);
    rs_process_map_deinit(&map);
    process_tell(&test, "queued d q a 0; queued d q a 10; answered d a ann 15; transferred d tq a 20; queued d q a 21; "
                        "answered d a bob 30; ended d 40");
    process_map(&test, &map);
    assert_int_equal(map.rework, 3);   /* the queue twice, talk once */
    assert_int_equal(map.loops, 1);
    assert_int_equal(map.reworked, 1);
    assert_int_equal(map.finished, 2);
    assert_int_equal(stage_of(&map, RS_PROCESS_QUEUE, "a")->again, 2);
    assert_int_equal(stage_of(&map, RS_PROCESS_TALK, "")->again, 1);
    assert_int_equal(map.ping_pong_queues, 0);
    rs_process_map_deinit(&map);
    process_end(&test);
}

static void there_and_back_is_ping_pong(void **state) {
    (void)state;
    process_test_t test;
    rs_process_map_t map;
    process_begin(&test, 1000, 100);
    process_tell(&test, "queued c q a 0; queued c q b 1; queued c q b 2; queued c q a 3; queued c q c 4; queued c q a 5; abandoned c 6");
    process_map(&test, &map);
    assert_int_equal(map.ping_pong_queues, 2);      /* a b a, a c a */
    assert_int_equal(map.ping_ponged_queues, 1);
    assert_int_equal(map.ping_pong_agents, 0);
    rs_process_map_deinit(&map);
    process_tell(&test, "answered d a ann 0; answered d a bob 1; answered d 2; answered d a ann 3; ended d 4");
    process_map(&test, &map);
    assert_int_equal(map.ping_pong_agents, 1);      /* who has no name is passed over */
    assert_int_equal(map.ping_ponged_agents, 1);
    rs_process_map_deinit(&map);
    process_end(&test);
}

static void the_stage_with_most_time_is_the_bottleneck_of_the_tenant_and_of_each_queue(void **state) {
    (void)state;
    process_test_t test;
    rs_process_map_t map;
    process_begin(&test, 1000, 100);
    process_tell(&test, "created c 0; queued c q a 10; answered c a ann 40; ended c 50; queued d q b 0; answered d a bob 5; "
                        "held d 10; ended d 35");
    process_map(&test, &map);
    assert_int_equal(map.time_us, (50 + 35) * RS_US_PER_S);
    assert_int_equal(map.path_us, (50 + 35) * RS_US_PER_S);
    assert_int_equal(map.stages[map.bottleneck].stage.kind, RS_PROCESS_QUEUE);
    assert_memory_equal(map.stages[map.bottleneck].stage.queue.data, "a", 1);
    assert_true(map.stages[map.bottleneck].share == 30.0 / 85.0);
    assert_int_equal(map.queue_count, 2);
    assert_int_equal(map.queues[0].bottleneck, RS_PROCESS_QUEUE);
    assert_int_equal(map.queues[0].time_us, 40 * RS_US_PER_S);
    assert_int_equal(map.queues[1].bottleneck, RS_PROCESS_HOLD);
    assert_int_equal(map.queues[1].bottleneck_us, 25 * RS_US_PER_S);
    rs_process_map_deinit(&map);
    process_end(&test);
}

/* After every event: of every stage entries = exits + inside, begun = finished + inside. */
static void nobody_is_lost_on_the_way(void **state) {
    (void)state;
    static const char *const story[] = {
        "created c 0", "queued c q a 5", "queued d q a 6", "offered c a ann 7", "answered c a ann 9", "abandoned d 11", "held c 20",
        "retrieved c 22", "transferred c tq b 30", "queued c q b 31", "dequeued c r timeout 60", "queued c q a 61", "answered c a bob 65",
        "ended c 90", "wrapup_started c a bob 91", "wrapup_ended c a bob 99", "reopened c 200", "closed c 210"};
    process_test_t test;
    process_begin(&test, 1000, 100);
    for (size_t i = 0; i < RS_ARRAY_LEN(story); i++) {
        rs_process_map_t map;
        int64_t inside = 0, ended = 0;
        process_tell(&test, story[i]);
        process_map(&test, &map);
        for (uint32_t s = 0; s < map.stage_count; s++) {
            const int64_t here = map.stages[s].entries - map.stages[s].exits;
            assert_true(here >= 0 && map.stages[s].time_us >= 0);
            if (rs_stage_is_end(map.stages[s].stage.kind)) ended += here; else inside += here;
        }
        assert_int_equal(ended, map.finished);
        assert_int_equal(map.begun, map.finished + inside);
        assert_int_equal(map.begun, i < 2 ? 1 : 2);
        rs_process_map_deinit(&map);
    }
    process_end(&test);
}

static void maps_of_intervals_add_up_to_the_whole(void **state) {
    (void)state;
    process_test_t test;
    rs_process_map_t first, second, whole;
    process_begin(&test, 1000, 100);
    process_tell(&test, "queued c q a 800; answered c a ann 910; ended c 1000; queued d q a 700; answered d a bob 750; ended d 760");
    assert_int_equal(rs_core_process_map(test.core, RS_STR("default"), process_at(0), process_at(900), &first), RS_OK);
    assert_int_equal(rs_core_process_map(test.core, RS_STR("default"), process_at(900), process_at(1800), &second), RS_OK);
    process_map(&test, &whole);
    assert_int_equal(first.begun, 2);
    assert_int_equal(first.finished, 1);
    assert_int_equal(second.begun, 0);
    assert_int_equal(second.finished, 1);
    assert_int_equal(first.time_us + second.time_us, whole.time_us);
    assert_int_equal(whole.edge_count, 3);
    assert_int_equal(whole.edges[1].count, 2);
    assert_int_equal(rs_map_edge_percentile_ms(&whole.edges[1], 500), rs_hist_middle_ms(rs_hist_bucket(50 * RS_US_PER_S), -1, -1));
    assert_int_equal(rs_map_edge_percentile_ms(&whole.edges[0], 500), -1);
    rs_process_map_deinit(&first);
    rs_process_map_deinit(&second);
    rs_process_map_deinit(&whole);
    process_end(&test);
}

static void another_tenant_is_not_in_the_map(void **state) {
    (void)state;
    process_test_t test;
    rs_process_map_t map;
    process_begin(&test, 1000, 100);
    process_tell(&test, "queued c q a 0; queued c t acme q a 0");
    process_map(&test, &map);
    assert_int_equal(map.begun, 1);
    rs_process_map_deinit(&map);
    process_end(&test);
}

int map_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stage_entered_again_is_rework_and_going_back_is_not), cmocka_unit_test(there_and_back_is_ping_pong),
        cmocka_unit_test(the_stage_with_most_time_is_the_bottleneck_of_the_tenant_and_of_each_queue),
        cmocka_unit_test(nobody_is_lost_on_the_way), cmocka_unit_test(maps_of_intervals_add_up_to_the_whole),
        cmocka_unit_test(another_tenant_is_not_in_the_map)};
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
