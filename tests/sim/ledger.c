/* What should have come of it: computed again from the records alone, by brute force where there is one. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

/* Every event once, and nothing else. */
static void check_each_once(sim_world_t *world, oracle_arrival_t *arrivals, rs_event_t *events, size_t *count) {
    uint64_t next[SIM_PRODUCERS] = {0};
    *count = 0;
    for (uint64_t n = 0; n < world->record_count; n++) {
        const sim_record_t *record = &world->records[n];
        rs_origin_t origin;
        if (record->kind != RS_RECORD_EVENT) continue;
        rs_event_t *event = &events[*count];
        oracle_arrival_t *arrival = &arrivals[*count];
        *arrival = (oracle_arrival_t){.event = event};
        RS_REQUIRE(rs_record_read_event(record->bytes, record->len, event, &arrival->arrival_us, &origin) == RS_OK);
        (*count)++;
        if (origin.session == 0 || origin.session > world->producer_count || origin.number != ++next[origin.session - 1]) {
            sim_complain(world, "number %llu of producer %u is journaled out of turn", (unsigned long long)origin.number,
                         origin.session - 1);
            return;
        }
    }
    for (uint32_t i = 0; i < world->producer_count; i++) {
        if (next[i] != world->producers[i].count) sim_complain(world, "producer %u sent %llu events, %llu are there", i,
                                                               (unsigned long long)world->producers[i].count, (unsigned long long)next[i]);
    }
}

/* What the core says of each event when it has them all in one life: the rules of lateness and of folded contacts are its own here, and
 * proven elsewhere (property/core_oracle). */
typedef struct judging { const sim_world_t *world; oracle_arrival_t *arrivals; size_t *place[SIM_PRODUCERS]; } judging_t;

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    judging_t *judging = context;
    (void)event;
    judging->arrivals[judging->place[origin.session - 1][origin.number]].verdict = reason;
}

static void note_places(judging_t *judging) {
    const sim_world_t *world = judging->world;
    size_t next = 0;
    for (uint32_t i = 0; i < world->producer_count; i++) {
        judging->place[i] = calloc(world->producers[i].count + 1, sizeof *judging->place[i]);
        RS_REQUIRE(judging->place[i] != NULL);
    }
    for (uint64_t n = 0; n < world->record_count; n++) {
        const sim_record_t *record = &world->records[n];
        rs_event_t event;
        rs_origin_t origin;
        int64_t arrival_us;
        if (record->kind != RS_RECORD_EVENT) continue;
        RS_REQUIRE(rs_record_read_event(record->bytes, record->len, &event, &arrival_us, &origin) == RS_OK);
        judging->place[origin.session - 1][origin.number] = next++;
    }
}

static void judge(const sim_world_t *world, oracle_arrival_t *arrivals) {
    judging_t judging = {.world = world, .arrivals = arrivals};
    rs_record_begin_t begin = {.start_us = 0};
    rs_core_t *core = NULL;
    note_places(&judging);
    for (uint64_t n = 0; n < world->record_count; n++) {
        const sim_record_t *record = &world->records[n];
        if (record->kind == RS_RECORD_BEGIN) {
            RS_REQUIRE(rs_record_read_begin(record->bytes, record->len, &begin) == RS_OK);
            const rs_core_options_t options = {.config = world->config, .families = (1u << RS_FAMILY_COUNT) - 1,
                                               .attributions = (1u << RS_ATTRIBUTION_COUNT) - 1, .start_us = begin.start_us,
                                               .run = begin.run,
                                               .interval = {.mode = RS_INTERVAL_FIXED, .length_us = world->config->interval_us},
                                               .hash_seed = begin.hash_seed, .effects = {.context = &judging, .on_verdict = on_verdict}};
            RS_REQUIRE(rs_core_create(&options, &core) == RS_OK);
        } else if (core != NULL && record->kind != RS_RECORD_CONFIG && record->kind != RS_RECORD_CONFIG_PART) {
            RS_REQUIRE(rs_core_apply(core, record->kind, record->bytes, record->len, n + 1) == RS_OK);
        }
    }
    rs_core_destroy(&core);
    for (uint32_t i = 0; i < world->producer_count; i++) free(judging.place[i]);
}

static void check_rows(sim_world_t *world, const kept_rows_t *rows, const oracle_t *oracle, const char *whose) {
    static const uint32_t every_family = (1u << RS_FAMILY_COUNT) - 1;
    const rs_interval_spec_t interval = {.mode = RS_INTERVAL_FIXED, .length_us = world->config->interval_us};
    kept_rows_t summed;
    kept_rows_sum_parts(rows, &summed);
    for (uint8_t attribution = 0; attribution < RS_ATTRIBUTION_COUNT; attribution++) {
        oracle_rows_t expected;
        difference_t difference;
        oracle_rows(oracle, &interval, (rs_attribution_t)attribution, every_family, &expected);
        if (kept_rows_differ_from_oracle(&summed, attribution, &expected, true, &difference)) {
            sim_complain(world, "%s: %s", whose, difference.text);
        }
        oracle_rows_destroy(&expected);
    }
    kept_rows_destroy(&summed);
}

/* The state is that of a core that had all these records in one life. */
static void check_state(sim_world_t *world) {
    const rs_engine_settings_t settings = {.config = world->config, .hash_seed = 77, .keep_rows = true};
    rs_engine_t *engine;
    rs_hash128_t lived, undisturbed;
    RS_REQUIRE(rs_engine_prepare(&settings, &engine) == RS_OK);
    for (uint64_t n = 0; n < world->record_count; n++) {
        const sim_record_t *record = &world->records[n];
        RS_REQUIRE(rs_engine_recover_record(engine, record->kind, record->bytes, record->len, n + 1) == RS_OK);
    }
    RS_REQUIRE(rs_engine_state_hash(engine, &undisturbed) == RS_OK && rs_engine_state_hash(world->daemon.engine, &lived) == RS_OK);
    if (memcmp(&lived, &undisturbed, sizeof lived) != 0) sim_complain(world, "the state is not that of an undisturbed life");
    rs_engine_destroy(&engine);
}

void sim_ledger_close(sim_world_t *world) {
    size_t count;
    oracle_arrival_t *arrivals = calloc(world->record_count + 1, sizeof *arrivals);
    rs_event_t *events = calloc(world->record_count + 1, sizeof *events);
    RS_REQUIRE(arrivals != NULL && events != NULL);
    check_each_once(world, arrivals, events, &count);
    if (world->why[0] == '\0') judge(world, arrivals);
    oracle_t *oracle = oracle_create(arrivals, count, world->config, rs_core_now(sim_core(world)));
    check_rows(world, &world->database.rows, oracle, "database");
    oracle_destroy(oracle);
    check_state(world);
    if (world->database.why != NULL) sim_complain(world, "%s", world->database.why);
    free(arrivals);
    free(events);
}
