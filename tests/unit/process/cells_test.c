/* Cells: bounds, revisions, parts, memory. */
#include "core_collect.h"
#include "process_test.h"

#include <stdio.h>

typedef struct seen { uint32_t rows, final; uint64_t part, revision; int64_t count; } seen_t;

static void see(void *context, const rs_process_row_t *row) {
    seen_t *seen = context;
    seen->rows++;
    seen->final += row->final;
    seen->part = row->part;
    seen->revision = row->revision;
    seen->count += row->count;
}

static void past_the_limit_only_the_queues_names_are_lost(void **state) {
    (void)state;
    process_test_t test;
    rs_process_map_t map;
    process_begin(&test, 6, 100);
    for (int i = 0; i < 20; i++) {
        char text[96];
        snprintf(text, sizeof text, "queued c%d q q%d %d; answered c%d a n %d; ended c%d %d", i, i, i, i, i + 2, i, i + 5);
        process_tell(&test, text);
    }
    process_map(&test, &map);
    assert_int_equal(map.begun, 20);
    assert_int_equal(map.finished, 20);
    assert_int_equal(map.time_us, 20 * 5 * RS_US_PER_S);
    rs_process_map_deinit(&map);
    assert_string_equal(process_edges(&test),
                        "begin>queue:__overflow__ 18 | begin>queue:q0 1 | begin>queue:q1 1 | queue:__overflow__>talk 18/36s | "
                                              "queue:q0>talk 1/2s | queue:q1>talk 1/2s | talk>end:answered 20/60s");
    assert_int_equal(rs_core_losses(test.core).edges, 54);
    process_end(&test);
}

static void a_changed_edge_is_collected_with_a_higher_revision(void **state) {
    (void)state;
    process_test_t test;
    seen_t first = {0}, again = {0}, nothing = {0};
    process_begin(&test, 100, 100);
    process_tell(&test, "queued c q a 0");
    assert_int_equal(rs_core_process_dirty(test.core), 1);
    assert_int_equal(core_process_collect(test.core, 10, see, &first), 1);
    assert_int_equal(core_process_collect(test.core, 10, see, &nothing), 0);
    process_tell(&test, "queued d q a 1");
    assert_int_equal(core_process_collect(test.core, 10, see, &again), 1);
    assert_int_equal(again.part, first.part);
    assert_true(again.revision > first.revision);
    assert_int_equal(again.count, 2);
    process_end(&test);
}

static void a_final_collected_edge_leaves_memory_and_a_correction_is_a_part_of_its_own(void **state) {
    (void)state;
    process_test_t test;
    seen_t before = {0}, final = {0}, correction = {0};
    process_begin(&test, 100, 100);
    process_tell(&test, "queued c q a 0; dequeued c r timeout 10");
    (void)core_process_collect(test.core, 10, see, &before);
    rs_core_tick(test.core, process_at(900 + 600));
    assert_int_equal(core_process_collect(test.core, 10, see, &final), 2);
    assert_int_equal(final.final, 2);
    assert_int_equal(test.core->process.cells.live, 0);
    assert_int_equal(test.core->process.blocks.live, 0);
    process_tell(&test, "queued c q b 1600");   /* takes the end back, whose interval is no longer in memory */
    assert_int_equal(core_process_collect(test.core, 10, see, &correction), 2);
    assert_true(correction.part != final.part && correction.part != before.part);
    assert_int_equal(correction.count, 0);      /* -1 there, +1 here */
    process_end(&test);
}

static void many_times_go_to_blocks_and_come_back_out(void **state) {
    (void)state;
    process_test_t test;
    process_begin(&test, 100, 100);
    for (int i = 0; i < 50; i++) {
        char text[96];
        snprintf(text, sizeof text, "queued c%d q a %d; abandoned c%d %d", i, i, i, i + 1 + i * 7 % 31);
        process_tell(&test, text);
    }
    assert_string_equal(process_edges(&test), "begin>queue:a 50 | queue:a>end:abandoned 50/782s");
    assert_true(test.core->process.blocks.live > 0);
    assert_true(rs_core_bytes(test.core) > rs_process_bytes(&test.core->process));
    process_end(&test);
}

int cells_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(past_the_limit_only_the_queues_names_are_lost),
        cmocka_unit_test(a_changed_edge_is_collected_with_a_higher_revision),
        cmocka_unit_test(a_final_collected_edge_leaves_memory_and_a_correction_is_a_part_of_its_own),
        cmocka_unit_test(many_times_go_to_blocks_and_come_back_out)};
    return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
