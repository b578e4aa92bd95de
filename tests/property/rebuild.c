/* A database that went back to any earlier state, or was away or slow while rows were let go, is exactly what it would have been after the
 * stretch it lacks was made again from the journal: every row, edge and contact with part and revision, every transition, every refusal.
 * Random histories with late events, rows collected and confirmed in random portions, saved states at random points.
 * RS_REBUILDS: how many histories (60; a tenth under a sanitizer). RS_SEED: only this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/engine_internal.h"
#include "engine/rebuild.h"
#include "memory_journal.h"
#include "random.h"
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_STATES = 64, MAX_EFFECTS = 20000, SLOTS = 1 << 15, MAX_EVENTS = 6000 };

/* Room for everything; or so little, of one thing or another, that much leaves memory before it is stored. */
#define TEXT(rows, edges, facts) \
    "limits: {contacts: 5000, rows: " #rows ", edges: " #edges ", facts: " #facts ", remembered_ids: 20000, queue_keys: 100,\n" \
    "  agent_keys: 100}\n" \
    "alerts:\n" \
    "  rules:\n" \
    "    somebody_waits: {metric: waiting, compare: above, limit: 1, clear: 0, for: 0s, clear_for: 0s, severity: warning}\n"
enum { SHORT_OF_NOTHING, SHORT_OF_ROWS, SHORT_OF_EDGES, SHORT_OF_CONTACTS, SHORTAGES };
static const char *const texts[SHORTAGES] = {TEXT(20000, 20000, 20000), TEXT(1000, 20000, 20000), TEXT(20000, 200, 20000),
                                             TEXT(20000, 20000, 250)};

/* --- a database: the highest revision of every row counts ---------------------------------------------------------------- */
typedef struct stored { uint64_t key, revision, digest; } stored_t;
typedef struct database { stored_t slots[SLOTS]; size_t count; uint64_t mark; } database_t;

static uint64_t hashed(uint64_t seed, const void *bytes, size_t len) { return rs_hash64(bytes, len, seed); }
static uint64_t hashed_text(uint64_t seed, rs_str_t value) {
    return hashed(hashed(seed, &value.len, sizeof value.len), value.data == NULL ? "" : value.data, value.len);
}

static void merge(database_t *database, uint64_t key, uint64_t revision, uint64_t digest) {
    size_t at = key % SLOTS;
    while (database->slots[at].key != 0 && database->slots[at].key != key) at = (at + 1) % SLOTS;
    stored_t *had = &database->slots[at];
    if (had->key == 0) RS_REQUIRE(++database->count < SLOTS / 2);
    if (had->key != 0 && had->revision >= revision) {
        if (had->revision == revision) assert_int_equal(had->digest, digest);   /* one revision never says two things */
        return;
    }
    *had = (stored_t){key, revision, digest};
}

static void merge_row(database_t *database, const rs_row_t *row) {
    uint64_t key = hashed_text(hashed_text(1, row->key.tenant), row->key.name);
    const uint64_t place[] = {row->key.family, row->key.channel, row->attribution, (uint64_t)row->start_us, row->part};
    key = hashed(key, place, sizeof place);
    uint64_t digest = hashed(2, row->counts, sizeof row->counts);
    digest = hashed(digest, row->extremes, sizeof row->extremes);
    const uint64_t more[] = {(uint64_t)row->still_open, (uint64_t)row->threshold_us, row->final, row->revision};
    digest = hashed(digest, more, sizeof more);
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        for (uint32_t i = 0; i < row->histogram_sizes[h]; i++) {
            const int64_t entry[] = {h, row->histograms[h][i].bucket, row->histograms[h][i].count};
            digest = hashed(digest, entry, sizeof entry);
        }
    }
    merge(database, key | 1, row->revision, digest);
}

static void merge_edge(database_t *database, const rs_process_row_t *edge) {
    uint64_t key = hashed_text(hashed_text(3, edge->tenant), edge->queue);
    key = hashed_text(hashed_text(key, edge->from.queue), edge->to.queue);
    const uint64_t place[] = {edge->from.kind, edge->to.kind, (uint64_t)edge->start_us, edge->part};
    key = hashed(key, place, sizeof place);
    const int64_t numbers[] = {edge->final, edge->count, edge->time_us, edge->path_us, edge->again, edge->ping_pong_queues,
                               edge->ping_pong_agents, edge->time_count};
    merge(database, key | 1, edge->revision, hashed(4, numbers, sizeof numbers));
}

static void merge_contact(database_t *database, const rs_contact_row_t *contact) {
    const uint64_t key = hashed(hashed_text(hashed_text(6, contact->tenant), contact->contact), &contact->part, sizeof contact->part);
    const int64_t numbers[] = {contact->begun_us, contact->last_us, contact->close_us, contact->channel, contact->direction,
                               contact->took_place, contact->fact_count};
    uint64_t digest = hashed_text(hashed_text(hashed(7, numbers, sizeof numbers), contact->journey), contact->topic);
    for (uint32_t i = 0; i < contact->fact_count; i++) {
        const rs_told_fact_t *fact = &contact->facts[i];
        const int64_t more[] = {fact->type, fact->outcome, fact->reason, fact->channel, fact->holds, fact->at_us, fact->enter_us,
                                fact->a_us, fact->b_us, fact->begin_us};
        digest = hashed_text(hashed_text(hashed_text(hashed(digest, more, sizeof more), fact->queue), fact->agent), fact->team);
    }
    merge(database, key | 1, contact->revision, digest);
}

static void merge_batch(database_t *database, const rs_row_batch_t *batch) {
    for (uint32_t i = 0; i < rs_row_batch_count(batch); i++) merge_row(database, rs_row_batch_at(batch, i));
    for (uint32_t i = 0; i < rs_row_batch_edge_count(batch); i++) merge_edge(database, rs_row_batch_edge_at(batch, i));
    for (uint32_t i = 0; i < rs_row_batch_contact_count(batch); i++) merge_contact(database, rs_row_batch_contact_at(batch, i));
}

static bool same_rows(const database_t *a, const database_t *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < SLOTS; i++) {
        if (a->slots[i].key == 0) continue;
        size_t at = a->slots[i].key % SLOTS;
        while (b->slots[at].key != 0 && b->slots[at].key != a->slots[i].key) at = (at + 1) % SLOTS;
        if (memcmp(&a->slots[i], &b->slots[at], sizeof a->slots[i]) != 0) return false;
    }
    return true;
}

/* --- effects --------------------------------------------------------------------------------------------------------------- */
typedef struct effect { uint64_t position; uint32_t ordinal; uint64_t digest; } effect_t;
typedef struct effects { effect_t all[MAX_EFFECTS]; size_t count; } effects_t;

static void note(effects_t *effects, uint64_t position, uint32_t ordinal, uint64_t digest) {
    RS_REQUIRE(effects->count < MAX_EFFECTS);
    effects->all[effects->count++] = (effect_t){position, ordinal, digest};
}

static void note_alert(effects_t *effects, const rs_alert_transition_t *t) {
    const uint64_t numbers[] = {t->episode, t->from, t->to, (uint64_t)t->at_us, (uint64_t)t->started_us, (uint64_t)t->figure.numerator};
    note(effects, t->position, t->ordinal, hashed_text(hashed(5, numbers, sizeof numbers), t->dimensions.name));
}

/* --- one history ------------------------------------------------------------------------------------------------------------ */
typedef struct world {
    rs_random_t random;
    size_t which;
    rs_config_t *config;
    rs_engine_settings_t settings;
    rs_engine_t *live;
    memory_journal_t journal;
    rs_row_batch_t *batch;
    database_t *real, *full, *earlier[MAX_STATES];   /* full: with what was let go as well */
    size_t earlier_count;
    saved_engine_t saved[MAX_STATES];
    uint64_t saved_at[MAX_STATES];
    size_t saved_count;
    effects_t *told, *again;
    bool away;                       /* or slow: it lacks something */
    uint64_t complete, let_go;
    database_t *rebuilt;
} world_t;

static void on_live_alert(void *context, const rs_alert_transition_t *transition) { note_alert(((world_t *)context)->told, transition); }

static void apply_last(world_t *world) { journal_recover(&world->journal, world->journal.count, world->journal.count, world->live); }

/* What the loop does with a collection: it is stored, then confirmed. While the database is away nobody collects. */
static void collect(world_t *world) {
    rs_core_t *core = engine_core(world->live);
    if (world->away) return;
    rs__fill_batch(core, world->batch);
    if (rs_row_batch_is_empty(world->batch)) return;
    if (rs_core_dirty_rows(core) + rs_core_process_dirty(core) == 0) world->complete = rs_core_position(core);
    merge_batch(world->full, world->batch);
    merge_batch(world->real, world->batch);
    world->real->mark = world->complete;
    rs_confirmed_t confirmed;
    rs_core_collected(core, &confirmed);
    confirmed.position = world->complete;
    journal_add_confirmed(&world->journal, &confirmed);
    apply_last(world);
}

/* Memory is short: from here on the database lacks something. */
static void on_live_let_go(void *context, uint64_t position) {
    world_t *world = context;
    rs_core_t *core = engine_core(world->live);
    rs_core_collect_again(core);
    for (rs__fill_batch(core, world->batch); !rs_row_batch_is_empty(world->batch); rs__fill_batch(core, world->batch)) {
        merge_batch(world->full, world->batch);
    }
    if (rs_random_below(&world->random, 2) == 0) rs_core_collect_again(core);   /* something may be in hand, or nothing */
    assert_int_equal(position, rs_core_position(core));
    world->let_go++;
    world->away = true;
}

static void keep_earlier(world_t *world) {
    if (world->away || world->earlier_count == MAX_STATES) return;
    database_t *copy = malloc(sizeof *copy);
    RS_REQUIRE(copy != NULL);
    *copy = *world->real;
    world->earlier[world->earlier_count++] = copy;
}

static void keep_state(world_t *world) {
    if (world->saved_count == MAX_STATES) return;
    engine_save(world->live, &world->saved[world->saved_count]);
    world->saved_at[world->saved_count++] = world->journal.count;
}

typedef struct arrival {
    rs_event_t event;
    int64_t at_us;
    char contact[64], queue[64], agent[64], source[64], incarnation[64], tenant[64], customer[64], to_queue[64];
} arrival_t;

static rs_str_t kept(char *place, rs_str_t value) {
    RS_REQUIRE(value.len < 64);
    if (value.len > 0) memcpy(place, value.data, value.len);
    return (rs_str_t){place, value.len};
}

static int by_arrival(const void *a, const void *b) {
    const arrival_t *x = a, *y = b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

/* Some come late, almost as late as they may. */
static size_t make_events(world_t *world, arrival_t *events) {
    workload_settings_t settings = workload_one_day();
    settings.seed = rs_random_next(&world->random);
    const bool is_large = world->which == SHORT_OF_ROWS;   /* 1000 rows are the least that may be configured */
    settings.queues = is_large ? 20 : 4;
    settings.agents = is_large ? 100 : 8;
    settings.sources = 1;
    settings.day = false;
    settings.pseudonyms = true;
    settings.event_ids = false;
    settings.contacts = is_large ? 900 : 100 + rs_random_below(&world->random, 400);
    settings.contacts_per_second = (double)settings.contacts / (double)(3600 * (1 + rs_random_below(&world->random, 12)));
    workload_t *workload = workload_create(&settings);
    uint32_t contact, queue;
    size_t count = 0;
    for (rs_event_t event; count < MAX_EVENTS && workload_next(workload, &event, &contact, &queue);) {
        arrival_t *made = &events[count++];
        *made = (arrival_t){.event = event, .at_us = event.occurred_us};
        if (rs_random_below(&world->random, 10) == 0) made->at_us += (int64_t)rs_random_below(&world->random, 9 * RS_US_PER_MIN);
        made->event.contact_id = kept(made->contact, event.contact_id);
        made->event.queue = kept(made->queue, event.queue);
        made->event.agent = kept(made->agent, event.agent);
        made->event.source = kept(made->source, event.source);
        made->event.incarnation = kept(made->incarnation, event.incarnation);
        made->event.to_queue = kept(made->to_queue, event.to_queue);
        made->event.tenant = kept(made->tenant, event.tenant);
        made->event.customer = kept(made->customer, event.customer);
    }
    workload_destroy(&workload);
    qsort(events, count, sizeof *events, by_arrival);
    return count;
}

static void live_through(world_t *world, const arrival_t *events, size_t count) {
    journal_add_begin(&world->journal, world->config, &world->settings);
    RS_REQUIRE(rs_engine_prepare(&world->settings, &world->live) == RS_OK);
    world->live->recovered_alert = on_live_alert;
    world->live->recovered_let_go = on_live_let_go;
    world->live->recovered_context = world;
    journal_recover(&world->journal, 1, world->journal.count, world->live);
    journal_add_session(&world->journal, 1, RS_STR("pbx"), RS_STR("1"));
    apply_last(world);
    keep_earlier(world);
    for (size_t i = 0; i < count; i++) {
        journal_add_event(&world->journal, &events[i].event, events[i].at_us, (rs_origin_t){.session = 1, .number = i + 1});
        apply_last(world);
        const uint64_t chance = rs_random_below(&world->random, 1000);
        if (chance < 120) {
            journal_add_tick(&world->journal, events[i].at_us);
            apply_last(world);
        } else if (chance < 130) {
            journal_add_refusal(&world->journal, RS_STR("pbx"), (rs_origin_t){.session = 1, .number = i + 1}, events[i].at_us);
            note(world->told, world->journal.count, 0, 7);
            apply_last(world);
        } else if (chance < 180) {
            collect(world);
        } else if (chance < 190) {
            keep_earlier(world);
        } else if (chance < 195) {
            keep_state(world);
        } else if (chance < 197) {
            world->away = !world->away;
            if (!world->away) *world->real = *world->full;   /* it was caught up: not what is looked at here */
        }
    }
}

/* --- making it again --------------------------------------------------------------------------------------------------------- */
static int take_rows(void *context) {
    world_t *world = context;
    merge_batch(world->rebuilt, world->batch);
    return RS_OK;
}
static int take_alert(void *context, const rs_alert_transition_t *transition) {
    note_alert(((world_t *)context)->again, transition);
    return RS_OK;
}
static int take_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us, uint64_t number) {
    world_t *world = context;
    (void)arrival_us;
    RS_REQUIRE(rs_str_equal(source, RS_STR("pbx")) && refused->reason == RS_REFUSAL_BAD_TIME && hash == 7);
    note(world->again, number, 0, hash);
    return RS_OK;
}

static void rebuild(world_t *world, uint64_t after) {
    const saved_engine_t *saved = NULL;
    uint64_t from = 0;
    for (size_t i = 0; i < world->saved_count; i++) {
        if (world->saved_at[i] > after || rs_random_below(&world->random, 4) == 0) continue;   /* any one below will do */
        saved = &world->saved[i];
        from = world->saved_at[i];
    }
    rs_engine_t *engine;
    RS_REQUIRE(rs_engine_prepare(&world->settings, &engine) == RS_OK);
    if (saved != NULL) assert_int_equal(engine_load(engine, saved), RS_OK);
    const rs_rebuild_sink_t sink = {.context = world, .batch = world->batch, .on_rows = take_rows, .on_alert = take_alert,
                                    .on_refusal = take_refusal};
    rs_rebuild_t making;
    rs_rebuild_begin(&making, engine, after, world->journal.count, &sink);
    for (uint64_t number = from + 1; number <= world->journal.count; number++) {
        const journal_record_t *record = &world->journal.records[number - 1];
        assert_int_equal(rs_rebuild_record(&making, record->kind, record->bytes, record->len, number), RS_OK);
    }
    assert_int_equal(rs_rebuild_end(&making), RS_OK);
    assert_true(engine_states_equal(engine, world->live));   /* handing out has changed nothing */
    rs_engine_destroy(&engine);
}

static void compare_effects(const world_t *world, uint64_t after) {
    size_t skipped = 0;
    while (skipped < world->told->count && world->told->all[skipped].position <= after) skipped++;
    assert_int_equal(world->again->count, world->told->count - skipped);
    for (size_t i = 0; i < world->again->count; i++) {
        const effect_t *was = &world->told->all[skipped + i], *is = &world->again->all[i];
        assert_int_equal(is->position, was->position);
        assert_int_equal(is->ordinal, was->ordinal);
        assert_int_equal(is->digest, was->digest);
    }
}

typedef struct sums { uint64_t rebuilds, rows, effects, away, let_go[SHORTAGES]; } sums_t;

static void one_history(uint64_t seed, sums_t *sums) {
    world_t *world = calloc(1, sizeof *world);
    arrival_t *events = calloc(MAX_EVENTS, sizeof *events);
    RS_REQUIRE(world != NULL && events != NULL);
    world->random = (rs_random_t){.state = seed};
    world->which = seed % SHORTAGES;
    world->config = config_of_text(texts[world->which]);
    world->real = calloc(1, sizeof *world->real);
    world->full = calloc(1, sizeof *world->full);
    world->rebuilt = calloc(1, sizeof *world->rebuilt);
    world->told = calloc(1, sizeof *world->told);
    world->again = calloc(1, sizeof *world->again);
    RS_REQUIRE(world->real != NULL && world->full != NULL && world->rebuilt != NULL && world->told != NULL && world->again != NULL);
    const uint32_t room = RS_ATTRIBUTION_COUNT + (uint32_t)rs_random_below(&world->random, 200);
    RS_REQUIRE(rs_row_batch_create(room, 0, &world->batch) == RS_OK && rs_row_batch_make_room_for_edges(world->batch, room) == RS_OK &&
               rs_row_batch_make_room_for_contacts(world->batch, room) == RS_OK);
    const size_t count = make_events(world, events);
    world->settings = (rs_engine_settings_t){.config = world->config, .start_us = events[0].at_us, .run = 7, .hash_seed = seed,
                                             .keep_rows = true};
    live_through(world, events, count);
    sums->let_go[world->which] += world->let_go;
    assert_int_equal(rs_core_losses(engine_core(world->live)).cells, 0);
    /* The rest of what the live core has, so that both are complete. */
    rs_core_t *core = engine_core(world->live);
    rs_core_collect_again(core);
    for (rs__fill_batch(core, world->batch); !rs_row_batch_is_empty(world->batch); rs__fill_batch(core, world->batch)) {
        merge_batch(world->full, world->batch);
    }
    for (size_t i = 0; i < world->earlier_count; i += 1 + rs_random_below(&world->random, 4)) {
        *world->rebuilt = *world->earlier[i];
        world->again->count = 0;
        rebuild(world, world->rebuilt->mark);
        if (!same_rows(world->rebuilt, world->full)) {
            fail_msg("seed %" PRIu64 ": rows differ after %" PRIu64 " of %zu", seed, world->rebuilt->mark, world->journal.count);
        }
        compare_effects(world, world->rebuilt->mark);
        sums->rebuilds++;
        sums->rows += world->rebuilt->count - world->earlier[i]->count;
        sums->effects += world->again->count;
    }
    if (world->away) {   /* as it was when the database went away, and rows were let go since */
        *world->rebuilt = *world->real;
        world->again->count = 0;
        rebuild(world, world->rebuilt->mark);
        assert_true(same_rows(world->rebuilt, world->full));
        compare_effects(world, world->rebuilt->mark);
        sums->away++;
    }
    for (size_t i = 0; i < world->earlier_count; i++) free(world->earlier[i]);
    for (size_t i = 0; i < world->saved_count; i++) saved_engine_free(&world->saved[i]);
    rs_engine_destroy(&world->live);
    rs_row_batch_destroy(&world->batch);
    journal_free(&world->journal);
    rs_config_destroy(&world->config);
    free(world->real);
    free(world->full);
    free(world->rebuilt);
    free(world->told);
    free(world->again);
    free(events);
    free(world);
}

static void what_a_database_lacks_is_made_again_from_the_journal(void **state) {
    (void)state;
    sums_t sums = {0};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const uint64_t seeds = rs_test_number("RS_REBUILDS", 6);
#else
    const uint64_t seeds = rs_test_number("RS_REBUILDS", 60);
#endif
    if (getenv("RS_SEED") != NULL) {
        one_history(rs_random_seed(), &sums);
        return;
    }
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        one_history(seed, &sums);
    }
    print_message("%" PRIu64 " histories, %" PRIu64 " databases gone back, %" PRIu64 " away; %" PRIu64 " rows and "
                  "edges, %" PRIu64 " effects made again; %" PRIu64 " times without need, %" PRIu64 " short of rows, %" PRIu64
                  " of edges, %" PRIu64 " of contacts\n", seeds,
                  sums.rebuilds, sums.away, sums.rows, sums.effects, sums.let_go[SHORT_OF_NOTHING], sums.let_go[SHORT_OF_ROWS],
                  sums.let_go[SHORT_OF_EDGES], sums.let_go[SHORT_OF_CONTACTS]);
    assert_int_equal(sums.let_go[SHORT_OF_NOTHING], 0);
    if (seeds < 60) return;
    assert_true(sums.rebuilds > 200 && sums.away > 5 && sums.rows > 10000 && sums.effects > 1000);
    for (size_t which = SHORT_OF_ROWS; which < SHORTAGES; which++) assert_true(sums.let_go[which] > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_a_database_lacks_is_made_again_from_the_journal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
