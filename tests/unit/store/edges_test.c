/* Edges of the process map: through the batch, into the table, and out of its views. */
#include "store_test.h"

static rs_stage_name_t queue_stage(const char *name) { return (rs_stage_name_t){.kind = RS_PROCESS_QUEUE, .queue = rs_str(name)}; }
static rs_stage_name_t stage(rs_process_kind_t kind) { return (rs_stage_name_t){.kind = kind}; }

static rs_process_row_t make_edge(rs_stage_name_t from, rs_stage_name_t to, const char *queue, uint64_t revision, int64_t count,
                                  int64_t time_us) {
    return (rs_process_row_t){.tenant = RS_STR("acme"), .queue = rs_str(queue), .from = from, .to = to, .start_us = START_US,
                              .length_us = 15 * RS_US_PER_MIN, .part = 1, .revision = revision, .count = count, .time_us = time_us};
}

static rs_row_batch_t *make_batch(uint32_t max_edges) {
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(100, 0, &batch), RS_OK);
    assert_int_equal(rs_row_batch_make_room_for_edges(batch, max_edges), RS_OK);
    return batch;
}

static void put(rs_row_batch_t *batch, const rs_process_row_t *edge) { assert_int_equal(rs_row_batch_add_edge(batch, edge), RS_OK); }

static void hand_edge(driver_t *driver, const rs_process_row_t *edge) {
    rs_row_batch_t *batch = make_batch(10);
    put(batch, edge);
    driver_hand(driver, batch);
}

/* --- the batch ---------------------------------------------------------------------------------------------------- */
static void edges_come_back_from_a_batch_as_they_went_in_beside_its_rows(void **state) {
    (void)state;
    rs_row_batch_t *batch = make_batch(20);
    uint64_t bytes = 0;
    for (int round = 0; round < 3; round++) {
        rs_row_batch_clear(batch);
        assert_true(rs_row_batch_is_empty(batch));
        for (int i = 0; i < 20; i++) {
            char name[32], other[32];
            rs_hist_entry_t times[RS_HIST_BUCKETS];
            snprintf(name, sizeof name, "queue-%d-%d", round, i);
            snprintf(other, sizeof other, "other-%d", i);
            for (int e = 0; e < RS_HIST_BUCKETS; e++) times[e] = (rs_hist_entry_t){(uint16_t)e, i + e};
            rs_process_row_t edge = make_edge(queue_stage(name), queue_stage(other), name, 1, i, i * 10);
            edge.times = times;
            edge.time_count = (uint32_t)i * 38;
            assert_false(rs_row_batch_is_full(batch));
            put(batch, &edge);
            const rs_row_t row = make_row(name, START_US, 1, i);
            assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
            memset(name, '#', sizeof name);
            memset(other, '#', sizeof other);
            memset(times, 0xff, sizeof times);
        }
        assert_true(rs_row_batch_is_full(batch));
        assert_int_equal(rs_row_batch_edge_count(batch), 20);
        for (int i = 0; i < 20; i++) {
            char name[32], other[32];
            snprintf(name, sizeof name, "queue-%d-%d", round, i);
            snprintf(other, sizeof other, "other-%d", i);
            const rs_process_row_t *edge = rs_row_batch_edge_at(batch, (uint32_t)i);
            assert_true(rs_str_equal(edge->tenant, RS_STR("acme")) && rs_str_equal(edge->queue, rs_str(name)));
            assert_true(rs_str_equal(edge->from.queue, rs_str(name)) && rs_str_equal(edge->to.queue, rs_str(other)));
            assert_int_equal(edge->count, i);
            assert_int_equal(edge->time_count, i * 38);
            for (int e = 0; e < i * 38; e++) assert_int_equal(edge->times[e].count, i + e);
            assert_true(rs_str_equal(rs_row_batch_at(batch, (uint32_t)i)->key.name, rs_str(name)));
        }
        if (round > 0) assert_int_equal(rs_row_batch_bytes(batch), bytes);
        bytes = rs_row_batch_bytes(batch);
    }
    const rs_process_row_t one_more = make_edge(stage(RS_PROCESS_TALK), stage(RS_PROCESS_HOLD), "", 1, 1, 1);
    assert_int_equal(rs_row_batch_add_edge(batch, &one_more), RS_ERR_FULL);
    assert_int_equal(rs_row_batch_make_room_for_edges(batch, 30), RS_ERR_INVALID);
    rs_row_batch_destroy(&batch);
}

static void a_batch_takes_no_edges_unless_it_has_room_for_them(void **state) {
    (void)state;
    rs_row_batch_t *batch = make_batch(0);
    char long_name[RS_MAX_NAME + 2];
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    rs_process_row_t edge = make_edge(stage(RS_PROCESS_BEGIN), stage(RS_PROCESS_FLOW), "", 1, 1, 0);
    assert_int_equal(rs_row_batch_max_edges(batch), 0);
    assert_int_equal(rs_row_batch_add_edge(batch, &edge), RS_ERR_FULL);
    assert_false(rs_row_batch_is_full(batch));
    rs_row_batch_destroy(&batch);
    batch = make_batch(2);
    edge.to = queue_stage(long_name);
    assert_int_equal(rs_row_batch_add_edge(batch, &edge), RS_ERR_INVALID);
    edge.to = stage(RS_PROCESS_FLOW);
    edge.time_count = RS_HIST_BUCKETS + 1;
    assert_int_equal(rs_row_batch_add_edge(batch, &edge), RS_ERR_INVALID);
    assert_true(rs_row_batch_is_empty(batch));
    rs_row_batch_destroy(&batch);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */
static void an_edge_is_replaced_by_a_higher_revision_only_and_its_parts_are_summed(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    static const struct { uint64_t part, revision; int64_t count, expected; } steps[] = {
        {1, 1, 10, 10}, {1, 3, 30, 30}, {1, 2, 20, 30}, {1, 3, 33, 30}, {2, 4, -5, 25}, {1, 5, 5, 0},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(steps); i++) {
        rs_process_row_t edge = make_edge(queue_stage("vip"), stage(RS_PROCESS_TALK), "vip", steps[i].revision, steps[i].count, 0);
        edge.part = steps[i].part;
        hand_edge(&driver, &edge);
        driver_run(&driver, all_stored);
        assert_int_equal(rs_postgres_number(database, "SELECT coalesce(sum(count), 0) FROM ringside.process_edge"), steps[i].expected);
    }
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.process_edge"), 0);   /* nothing is counted in it */
    assert_int_equal(rs_postgres_number(database, "SELECT position FROM ringside.mark"), RS_ARRAY_LEN(steps));
    assert_int_equal(driver_status(&driver).edges_written, RS_ARRAY_LEN(steps));
    assert_int_equal(driver_status(&driver).rows_written, 0);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void edges_go_in_with_the_rows_of_their_batch_in_one_transaction(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_row_batch_t *batch = make_batch(50);
    for (int i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof name, "q%d", i);
        const rs_row_t row = make_row(name, START_US, 1, 1);
        const rs_process_row_t edge = make_edge(queue_stage(name), stage(RS_PROCESS_RING), name, 1, 2, 3);
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
        put(batch, &edge);
    }
    driver_hand(&driver, batch);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(driver_status(&driver).batches, 1);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.queue_interval"), 50);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(count) FROM ringside.process_edge"), 100);
    assert_int_equal(rs_postgres_number(database, "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM ringside.queue_interval_part"
                                                  " UNION ALL SELECT xmin FROM ringside.process_edge_part) AS of_rows"), 1);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void refused_edges_are_found_and_put_into_quarantine_and_rows_do_not_mind(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    rs_row_batch_t *batch = make_batch(100);
    for (int i = 0; i < 60; i++) {
        rs_row_t row = make_row("vip", START_US + i * 15 * RS_US_PER_MIN, 1, 1);
        rs_process_row_t edge = make_edge(stage(RS_PROCESS_TALK), stage(RS_PROCESS_HOLD), "vip", 1, 1, 1);
        edge.start_us += i * 15 * RS_US_PER_MIN;
        if (i == 7) edge.to = (rs_stage_name_t){.kind = RS_PROCESS_QUEUE, .queue = {"v\0p", 3}};   /* not text: the COPY fails */
        if (i == 8) edge.length_us = 0;                                                           /* against a CHECK */
        if (i == 59) edge.tenant = (rs_str_t){"\xff", 1};
        if (i == 20) row.key.tenant = (rs_str_t){"\xff", 1};
        assert_int_equal(rs_row_batch_add(batch, &row), RS_OK);
        put(batch, &edge);
    }
    driver_hand(&driver, batch);
    driver_run(&driver, is_idle_without_backlog);
    assert_int_equal(driver.stored, 1);
    assert_int_equal(driver_status(&driver).poisoned, 4);
    assert_int_equal(driver_status(&driver).rows_written, 59);
    assert_int_equal(driver_status(&driver).edges_written, 57);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.process_edge_part"), 57);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.queue_interval"), 59);
    assert_string_equal(rs_postgres_text(database, "SELECT string_agg(field, ' ' ORDER BY number) FROM ringside.quarantine"
                                         " WHERE source = 'ringside/store' AND reason = 'edge_refused' AND length > 100"),
                        "22021 23514 22021");
    assert_int_equal(rs_postgres_number(database, "SELECT position FROM ringside.mark"), 1);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

static void killed_backends_lose_no_edge_and_count_none_twice(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    for (int i = 0; i < 100; i++) {
        rs_process_row_t edge = make_edge(stage(RS_PROCESS_TALK), stage(RS_PROCESS_HOLD), "vip", 1, i, 1);
        edge.start_us += i * 15 * RS_US_PER_MIN;
        hand_edge(&driver, &edge);
    }
    for (int kills = 0; kills < 20 && !all_stored(&driver); kills++) {
        rs_postgres_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ringsided'"
                        " AND datname = current_database()");
        driver_run_for(&driver, 5 + (uint64_t)kills % 13);
    }
    driver_run(&driver, all_stored);
    assert_int_equal(rs_postgres_number(database, "SELECT sum(count) FROM ringside.process_edge"), 99 * 100 / 2);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

/* --- the map ------------------------------------------------------------------------------------------------------ */
/* Two contacts: one waits 30 s in vip, talks 60 s, is held 90 s, talks again 20 s; one gives up in vip after 10 s. */
static void hand_two_contacts(driver_t *driver) {
    const int64_t s = RS_US_PER_S;
    rs_process_row_t edges[] = {
        make_edge(stage(RS_PROCESS_BEGIN), queue_stage("vip"), "vip", 1, 2, 0),
        make_edge(queue_stage("vip"), stage(RS_PROCESS_TALK), "vip", 1, 1, 30 * s),
        make_edge(queue_stage("vip"), stage(RS_PROCESS_END_ABANDONED), "vip", 1, 1, 10 * s),
        make_edge(stage(RS_PROCESS_TALK), stage(RS_PROCESS_HOLD), "vip", 1, 1, 60 * s),
        make_edge(stage(RS_PROCESS_HOLD), stage(RS_PROCESS_TALK), "vip", 1, 1, 90 * s),
        make_edge(stage(RS_PROCESS_TALK), stage(RS_PROCESS_END_ANSWERED), "vip", 1, 1, 20 * s),
    };
    rs_hist_entry_t times[RS_ARRAY_LEN(edges)];
    rs_row_batch_t *batch = make_batch(10);
    edges[2].path_us = 10 * s;
    edges[5].path_us = 200 * s;
    edges[4].again = 1;
    edges[5].again = 1;
    edges[5].ping_pong_agents = 1;
    for (size_t i = 0; i < RS_ARRAY_LEN(edges); i++) {
        times[i] = (rs_hist_entry_t){(uint16_t)rs_hist_bucket(edges[i].time_us), 1};
        edges[i].times = &times[i];
        edges[i].time_count = i > 0;
        put(batch, &edges[i]);
    }
    driver_hand(driver, batch);
    driver_run(driver, all_stored);
}

#define MAP "ringside.process_map('2026-01-01Z', '2026-01-02Z'"
static void the_map_names_shares_of_time_the_bottleneck_rework_and_ping_pong(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_two_contacts(&driver);
    static const struct { const char *sql, *expected; } questions[] = {
        {"SELECT (tenant, begun, finished, path_ms, rework, loops, reworked_contacts) FROM " MAP ")", "(acme,2,2,105000,1,0,1)"},
        {"SELECT ping_pong FROM " MAP ", 'acme')", "{\"agents\": 0, \"queues\": 0, \"agent_contacts\": 1, \"queue_contacts\": 0}"},
        {"SELECT (bottleneck ->> 'stage', bottleneck ->> 'time_ms', round((bottleneck ->> 'share')::numeric, 4)) FROM " MAP ")",
         "(hold,90000,0.4286)"},
        {"SELECT string_agg(s ->> 'stage', ' ') FROM " MAP ") CROSS JOIN LATERAL jsonb_array_elements(stages) AS s",
         "queue:vip talk hold end:answered end:abandoned"},
        {"SELECT round(sum((s ->> 'share')::numeric), 9) FROM " MAP ") CROSS JOIN LATERAL jsonb_array_elements(stages) AS s",
         "1.000000000"},
        {"SELECT string_agg(concat_ws('/', s ->> 'entries', s ->> 'exits', s ->> 'again'), ' ') FROM " MAP
         ") CROSS JOIN LATERAL jsonb_array_elements(stages) AS s", "2/2/0 2/2/1 1/1/0 1/0/0 1/0/0"},
        {"SELECT (queues -> 0 ->> 'queue', queues -> 0 ->> 'time_ms', queues -> 0 -> 'bottleneck' ->> 'stage') FROM " MAP ")",
         "(vip,210000,hold)"},
        {"SELECT count(*) FROM " MAP ", 'nobody')", "0"},
        {"SELECT count(*) FROM ringside.process_map('2026-01-01 00:15Z', '2026-01-02Z')", "0"},
        {"SELECT string_agg(from_stage || '>' || to_stage, ' ') FROM ringside.process_edges('2026-01-01Z', '2026-01-02Z', 'acme', 'vip')",
         "begin>queue:vip queue:vip>talk queue:vip>end:abandoned talk>hold talk>end:answered hold>talk"},
        {"SELECT count(*) FROM ringside.process_edges('2026-01-01Z', '2026-01-02Z', 'acme', 'other')", "0"},
        {"SELECT abs((time_ms ->> 'p50')::numeric - 90000) < 90000 * 0.016 AND time_ms ->> 'mean' = '90000' FROM ringside.process_edge"
         " WHERE from_stage = 'hold'", "t"},
        {"SELECT count(*) FROM ringside.process_edge WHERE from_stage = 'begin' AND time_ms IS NULL", "1"},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(questions); i++)
        assert_string_equal(rs_postgres_text(database, questions[i].sql), questions[i].expected);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

/* The functions rank stages by their names; the list must be the core's. */
static void stages_are_ranked_as_the_core_orders_them(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    for (int kind = 0; kind < RS_PROCESS_KIND_COUNT; kind++) {
        char sql[128];
        const char *name = rs_process_kind_name((rs_process_kind_t)kind);
        snprintf(sql, sizeof sql, "SELECT ringside.process_stage_rank('%s%s')", name, kind == RS_PROCESS_QUEUE ? ":vip" : "");
        assert_int_equal(rs_postgres_number(database, sql), kind + 1);
        snprintf(sql, sizeof sql, "SELECT ringside.process_stage_is_end('%s')::int", name);
        assert_int_equal(rs_postgres_number(database, sql), rs_stage_is_end((rs_process_kind_t)kind));
    }
}

int run_edges_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_come_back_from_a_batch_as_they_went_in_beside_its_rows),
        cmocka_unit_test(a_batch_takes_no_edges_unless_it_has_room_for_them),
        cmocka_unit_test(an_edge_is_replaced_by_a_higher_revision_only_and_its_parts_are_summed),
        cmocka_unit_test(edges_go_in_with_the_rows_of_their_batch_in_one_transaction),
        cmocka_unit_test(refused_edges_are_found_and_put_into_quarantine_and_rows_do_not_mind),
        cmocka_unit_test(killed_backends_lose_no_edge_and_count_none_twice),
        cmocka_unit_test(the_map_names_shares_of_time_the_bottleneck_rework_and_ping_pong),
        cmocka_unit_test(stages_are_ranked_as_the_core_orders_them),
    };
    return cmocka_run_group_tests_name("edges", tests, NULL, NULL);
}
