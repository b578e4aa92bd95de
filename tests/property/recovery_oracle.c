/* A daemon that is killed at random records and recovered from a random earlier state and the journal after it is, at every such point,
 * the same to the byte; and what its store got before and after, killed batches and repetitions included, sums to what an undisturbed
 * one got: rows, edges of the process map, alert transitions. (What a database lost is made again: property/rebuild.c.) Sessions,
 * configurations, confirmations come in between, at random.
 *
 * The journal is in memory and durable; the store takes a batch or loses it, and the confirmation follows at once, later, or never.
 * RS_SEEDS: how many histories (1,000; a tenth under a sanitizer), from RS_FIRST_SEED on. RS_SEED: only this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_rows.h"
#include "generate.h"
#include "generate_rest.h"
#include "memory_journal.h"
#include "random.h"

#include <stdlib.h>

enum { DEFAULT_SEEDS = RS_SANITIZED ? 100 : 1000 };

/* Short times, so that much happens within a history's minutes. Limits are small only to keep the memory of many cores small. */
#define COMMON(contacts) \
    "limits: {contacts: " contacts \
    ", rows: 20000, remembered_ids: 20000, queue_keys: 200, agent_keys: 200, customers: 5000, cases: 1000,\n" \
    "         edges: 5000, variants: 500, sources: 20, message_bytes: 16KiB, inlet_bytes: 64KiB, outlet_bytes: 64KiB}\n" \
    "time: {lateness: 2m, idle: 10s}\n" \
    "rows: {attributions: [event, enter, close]}\n"
static const char *const texts[] = {
    COMMON("3000")
    "alerts:\n  rules:\n"
    "    waits: {metric: waiting, compare: above, limit: 0, clear: 0, for: 20s, clear_for: 30s, severity: warning}\n"
    "    lost: {metric: abandoned, window: 5m, compare: above, limit: 0, clear: 0, severity: critical, runbook: "
    "'https://example.org/lost'}\n",
    COMMON("3000")
    "service_level: {threshold: 35s, policies: [short_excluded, abandon_miss]}\n"
    "fcr: {repeat_window: 3m}\n"
    "alerts:\n  rules:\n"
    "    waits: {metric: waiting, compare: above, limit: 0, clear: 0, for: 5s, severity: warning}\n"
    "    slow: {metric: oldest_wait, compare: above, limit: 10s, clear: 5s, clear_for: 10s, severity: info}\n",
    COMMON("6000")
    "agents: {anna: {team: north}}\n"
    "alerts:\n  rules:\n"
    "    lost: {metric: abandoned, window: 15m, compare: above, limit: 1, clear: 0, for: 10s, severity: critical}\n"};
enum { CONFIGS = RS_ARRAY_LEN(texts) };

/* --- what the store has ------------------------------------------------------------------------------------------------- */
typedef struct kept_edge {
    char name[1024];             /* tenant, queue, stages, interval */
    uint64_t part, revision;
    int64_t count, time_us, path_us, again;
} kept_edge_t;
typedef struct database {
    kept_rows_t rows;
    kept_edge_t *edges;
    size_t edge_count, edge_room;
    uint64_t alert_position;     /* identity of the last transition */
    uint32_t alert_ordinal;
    uint64_t alerts, digest;     /* of what they say */
} database_t;

static void store_row(void *context, const rs_row_t *row) { kept_rows_store(&((database_t *)context)->rows, row); }

static void store_edge(void *context, const rs_process_row_t *row) {
    database_t *database = context;
    kept_edge_t edge = {.part = row->part, .revision = row->revision, .count = row->count, .time_us = row->time_us, .path_us = row->path_us,
                        .again = row->again};
    snprintf(edge.name, sizeof edge.name, "%.*s|%.*s|%u %.*s|%u %.*s|%lld", (int)row->tenant.len, row->tenant.data, (int)row->queue.len,
             row->queue.data, row->from.kind, (int)row->from.queue.len, row->from.queue.data, row->to.kind, (int)row->to.queue.len,
             row->to.queue.data, (long long)row->start_us);
    for (size_t i = 0; i < database->edge_count; i++) {
        kept_edge_t *kept = &database->edges[i];
        if (kept->part != edge.part || strcmp(kept->name, edge.name) != 0) continue;
        if (edge.revision > kept->revision) *kept = edge;
        return;
    }
    if (database->edge_count == database->edge_room) {
        database->edge_room = database->edge_room == 0 ? 64 : database->edge_room * 2;
        database->edges = realloc(database->edges, database->edge_room * sizeof *database->edges);
        RS_REQUIRE(database->edges != NULL);
    }
    database->edges[database->edge_count++] = edge;
}

static void hear(database_t *database, const void *bytes, size_t len) { database->digest = rs_hash64(bytes, len, database->digest); }
static void hear_text(database_t *database, rs_str_t text) {
    hear(database, &text.len, sizeof text.len);
    if (text.len > 0) hear(database, text.data, text.len);
}

/* What it has it has: the identity says so. */
static void store_alert(void *context, const rs_alert_transition_t *transition) {
    database_t *database = context;
    const bool older = transition->position < database->alert_position ||
                       (transition->position == database->alert_position && transition->ordinal <= database->alert_ordinal);
    if (older) return;
    const int64_t numbers[] = {(int64_t)transition->episode, transition->from, transition->to, transition->at_us, transition->started_us,
                               transition->fired_us, transition->figure.is_null, transition->figure.numerator,
                               transition->figure.denominator};
    database->alert_position = transition->position;
    database->alert_ordinal = transition->ordinal;
    database->alerts++;
    hear(database, numbers, sizeof numbers);
    hear_text(database, transition->rule_name);
    hear_text(database, transition->dimensions.tenant);
    hear_text(database, transition->dimensions.name);
    hear_text(database, transition->runbook);
}

static void database_free(database_t *database) {
    kept_rows_destroy(&database->rows);
    free(database->edges);
}

/* --- a run --------------------------------------------------------------------------------------------------------------- */
enum { SAVES = 6, NUMBERED_SESSIONS = 4 };
typedef struct trial {
    history_t *history;
    history_rest_t *rest;
    rs_config_t *configs[CONFIGS];
    bool reconfigures, far;
} trial_t;
typedef struct run {
    const trial_t *trial;
    rs_engine_settings_t settings;
    rs_engine_t *engine;
    memory_journal_t journal;
    database_t database;
    rs_random_t random;          /* what this run does with its rows, where it is killed */
    uint32_t kill_per_mille;
    uint64_t kills, repeated;
    int64_t now_us;
    rs_confirmed_t unsaid;       /* in the database, and the journal does not say so yet */
    bool has_unsaid, failed;
    saved_engine_t saves[SAVES];
    size_t save_numbers[SAVES], save_count;
} run_t;

static void fail_run(run_t *run, const char *what) {
    if (!run->failed) {
        print_error("RS_SEED=%llu: %s, record %zu\n", (unsigned long long)run->trial->history->seed, what, run->journal.count);
    }
    run->failed = true;
}

static void apply_last(run_t *run, size_t first) { journal_recover(&run->journal, first, run->journal.count, run->engine); }

static void recover(run_t *run, rs_engine_t **engine) {
    const size_t choice = rs_random_below(&run->random, run->save_count + 1);
    size_t from = 0;
    RS_REQUIRE(rs_engine_prepare(&run->settings, engine) == RS_OK);
    if (choice < run->save_count) {
        const int status = engine_load(*engine, &run->saves[choice]);
        if (status != RS_OK) fail_run(run, rs_engine_why(*engine));
        RS_REQUIRE(status == RS_OK);
        from = run->save_numbers[choice];
        if (rs_core_position(rs_engine_core(*engine)) != from) fail_run(run, "a saved state is of another record");
    }
    journal_recover(&run->journal, from + 1, run->journal.count, *engine);
}

static void kill(run_t *run) {
    rs_engine_t *recovered;
    recover(run, &recovered);
    if (!engine_states_equal(run->engine, recovered)) fail_run(run, "the recovered state is another one");
    rs_engine_destroy(&run->engine);
    run->engine = recovered;
    run->has_unsaid = false;     /* whoever knew it is dead */
    run->kills++;
}

static void confirm(run_t *run) {
    if (!run->has_unsaid) return;
    journal_add_confirmed(&run->journal, &run->unsaid);
    apply_last(run, run->journal.count);
    run->has_unsaid = false;
}

static void save(run_t *run, size_t number) {
    const size_t place = run->save_count < SAVES ? run->save_count++ : rs_random_below(&run->random, SAVES);
    engine_save(run->engine, &run->saves[place]);
    run->save_numbers[place] = number;
}

static void no_row(void *context, const rs_row_t *row) { (void)row, ++*(uint64_t *)context; }
static void no_edge(void *context, const rs_process_row_t *row) { (void)row, ++*(uint64_t *)context; }

/* What was handed out before and has arrived may be confirmed by the mark of what is handed out now. */
static void collect(run_t *run, size_t max) {
    rs_core_t *core = engine_core(run->engine);
    database_t *database = &run->database;
    if (rs_random_below(&run->random, 5) == 0) {   /* the batch is lost on its way, and with it what is in hand */
        rs_core_collect(core, max, no_row, &run->repeated);
        rs_core_process_collect(core, max, no_edge, &run->repeated);
        rs_core_collect_again(core);
        run->has_unsaid = false;
        return;
    }
    rs_core_collect(core, max, store_row, database);
    rs_core_process_collect(core, max, store_edge, database);
    rs_core_unconfirmed_alerts(core, RS_RECEIVER_STORE, store_alert, database);
    rs_core_collected(core, &run->unsaid);
    run->unsaid.alert_position = database->alert_position;
    run->unsaid.alert_ordinal = database->alert_ordinal;
    run->has_unsaid = true;
}

/* What happens to this daemon only. */
static void live_on(run_t *run) {
    if (rs_random_below(&run->random, 4) == 0) collect(run, RS_ATTRIBUTION_COUNT + rs_random_below(&run->random, 30));
    if (rs_random_below(&run->random, 3) == 0) confirm(run);
    if (run->kill_per_mille == 0) return;
    if (rs_random_below(&run->random, 25) == 0) save(run, run->journal.count);
    if (rs_random_below(&run->random, 1000) < run->kill_per_mille) kill(run);
}

static void tick(run_t *run, int64_t now_us) {
    if (now_us <= run->now_us) return;
    run->now_us = now_us;
    journal_add_tick(&run->journal, now_us);
    apply_last(run, run->journal.count);
    live_on(run);
}

static void reconfigure(run_t *run, rs_random_t *plan) {
    const size_t first = run->journal.count + 1;
    const rs_config_t *config = run->trial->configs[rs_random_below(plan, CONFIGS)];
    journal_add_config(&run->journal, config, rs_random_below(plan, 3) == 0 ? RS_CONFIG_RESTART : RS_CONFIG_RELOAD);
    for (size_t number = first; number <= run->journal.count; number++) {   /* parts are records, too */
        journal_recover(&run->journal, number, number, run->engine);
        if (run->kill_per_mille != 0 && rs_random_below(&run->random, 6) == 0) save(run, number);
        if (rs_random_below(&run->random, 1000) < run->kill_per_mille) {
            rs_engine_t *recovered;
            rs_hash128_t hash, same;
            const size_t all = run->journal.count;
            run->journal.count = number;
            recover(run, &recovered);
            run->journal.count = all;
            RS_REQUIRE(rs_engine_state_hash(run->engine, &hash) == RS_OK && rs_engine_state_hash(recovered, &same) == RS_OK);
            if (hash.low != same.low) fail_run(run, "the state recovered between parts is another one");
            rs_engine_destroy(&run->engine);
            run->engine = recovered;
            run->has_unsaid = false;
            run->kills++;
        }
    }
    /* A restart hands everything out again, as a new process does. */
    run->has_unsaid = false;
    rs_core_collect_again(engine_core(run->engine));
}

static void begin(run_t *run, const trial_t *trial, uint32_t kill_per_mille) {
    const history_t *history = trial->history;
    int64_t start_us = INT64_MAX;
    for (size_t i = 0; i < history->delivery_count; i++) {
        const oracle_arrival_t *delivery = &history->deliveries[i];
        if (delivery->event->occurred_us < start_us) start_us = delivery->event->occurred_us;
        if (delivery->arrival_us < start_us) start_us = delivery->arrival_us;
    }
    start_us = start_us == INT64_MAX ? 0 : start_us - RS_US_PER_S;
    *run = (run_t){.trial = trial, .random = {history->seed * 31 + kill_per_mille}, .kill_per_mille = kill_per_mille, .now_us = start_us};
    run->settings = (rs_engine_settings_t){.config = trial->configs[0], .start_us = start_us, .run = 3, .hash_seed = 42, .keep_rows = true};
    RS_REQUIRE(rs_engine_prepare(&run->settings, &run->engine) == RS_OK);
    journal_add_begin(&run->journal, trial->configs[0], &run->settings);
    apply_last(run, 1);
    /* What a later process is given must not matter. */
    run->settings.run = 99;
    run->settings.hash_seed = 4711;
    run->settings.start_us = 5;
}

static void play(run_t *run) {
    const trial_t *trial = run->trial;
    const history_t *history = trial->history;
    rs_random_t plan = {history->seed};   /* the same in every run */
    uint64_t numbers[NUMBERED_SESSIONS + 1] = {0};
    for (size_t i = 0; i < history->delivery_count; i++) {
        const oracle_arrival_t *delivery = &history->deliveries[i];
        const uint32_t session = 1 + (uint32_t)rs_random_below(&plan, NUMBERED_SESSIONS);
        if (delivery->arrival_us >= run->now_us + 100 * RS_US_PER_MS) tick(run, delivery->arrival_us);
        if (numbers[session] == 0 || rs_random_below(&plan, 30) == 0) {
            char incarnation[32];
            snprintf(incarnation, sizeof incarnation, "%zu", i);
            journal_add_session(&run->journal, session, delivery->event->source, rs_str(incarnation));
            apply_last(run, run->journal.count);
            numbers[session] = 0;
            live_on(run);
        }
        const rs_origin_t origin = {.session = session, .number = ++numbers[session]};
        if (rs_random_below(&plan, 9) == 0) journal_add_refusal(&run->journal, delivery->event->source, origin, run->now_us);
        else journal_add_event(&run->journal, delivery->event, delivery->arrival_us, origin);
        apply_last(run, run->journal.count);
        live_on(run);
        if (trial->reconfigures && rs_random_below(&plan, 40) == 0) reconfigure(run, &plan);
    }
    static const int64_t steps_us[] = {RS_US_PER_S, 10 * RS_US_PER_S, 4 * RS_US_PER_MIN, 20 * RS_US_PER_MIN, RS_US_PER_HOUR,
                                       25 * RS_US_PER_HOUR};
    for (size_t i = 0; i < RS_ARRAY_LEN(steps_us) && (trial->far || i < 4); i++) tick(run, run->now_us + steps_us[i]);
}

/* The last rows go out as at a clean end. Then nothing is left, and the whole journal says the same as the run. */
static void end(run_t *run) {
    rs_core_t *core = engine_core(run->engine);
    const char *why = "";
    rs_core_collect_again(core);
    do {
        rs_core_collect(core, 50, store_row, &run->database);
        rs_core_process_collect(core, 50, store_edge, &run->database);
        rs_core_unconfirmed_alerts(core, RS_RECEIVER_STORE, store_alert, &run->database);
        rs_core_collected(core, &run->unsaid);
        run->unsaid.alert_position = run->database.alert_position;
        run->unsaid.alert_ordinal = run->database.alert_ordinal;
        run->has_unsaid = true;
        confirm(run);
    } while (rs_core_dirty_rows(core) + rs_core_process_dirty(core) > 0);
    if (rs_core_check(core, &why) != RS_OK) fail_run(run, why);
    uint64_t left = 0;
    rs_core_collect_again(core);
    if (rs_core_collect(core, 50, no_row, &left) + rs_core_process_collect(core, 50, no_edge, &left) > 0) {
        fail_run(run, "confirmed rows come again");
    }
    rs_engine_t *all = journal_engine(&run->journal, &run->settings);
    if (!engine_states_equal(run->engine, all)) fail_run(run, "the whole journal makes another state");
    for (uint32_t session = 1; session <= rs_core_session_count(core); session++) {
        rs_core_session_t kept, same;
        if (rs_core_session(core, session, &kept) != rs_core_session(rs_engine_core(all), session, &same)) {
            fail_run(run, "a session is another one");
        }
    }
    rs_engine_destroy(&all);
}

static void run_free(run_t *run) {
    rs_engine_destroy(&run->engine);
    for (size_t i = 0; i < SAVES; i++) saved_engine_free(&run->saves[i]);
    journal_free(&run->journal);
    database_free(&run->database);
}

/* --- the two databases ----------------------------------------------------------------------------------------------------- */
static bool is_zero(const kept_row_t *row) {
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        if (row->counts[i] != 0) return false;
    }
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        if (row->histograms[h].count != 0) return false;
    }
    return row->still_open == 0;
}

/* Extremes of parts cannot be summed; where parts begin depends on when the store confirmed. */
static bool same_sums(const kept_row_t *a, const kept_row_t *b) {
    if (memcmp(a->counts, b->counts, sizeof a->counts) != 0 || a->still_open != b->still_open) return false;
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        if (a->histograms[h].count != b->histograms[h].count) return false;
        for (uint32_t i = 0; i < a->histograms[h].count; i++) {
            const rs_hist_entry_t *one = &a->histograms[h].entries[i], *other = &b->histograms[h].entries[i];
            if (one->bucket != other->bucket || one->count != other->count) return false;
        }
    }
    return true;
}

static bool rows_differ(const kept_rows_t *a, const kept_rows_t *b) {
    kept_rows_t sums[2];
    bool differ = false;
    kept_rows_sum_parts(a, &sums[0]);
    kept_rows_sum_parts(b, &sums[1]);
    for (unsigned side = 0; side < 2 && !differ; side++) {
        for (size_t i = 0; i < sums[side].count && !differ; i++) {
            const kept_row_t *row = &sums[side].rows[i];
            const kept_row_t *other = kept_rows_find(&sums[1 - side], row->attribution, &row->key, row->start_us);
            differ = other == NULL ? !is_zero(row) : !same_sums(row, other);
        }
    }
    kept_rows_destroy(&sums[0]);
    kept_rows_destroy(&sums[1]);
    return differ;
}

static kept_edge_t sum_of(const database_t *database, const char *name) {
    kept_edge_t sum = {0};
    for (size_t i = 0; i < database->edge_count; i++) {
        const kept_edge_t *edge = &database->edges[i];
        if (strcmp(edge->name, name) != 0) continue;
        sum.count += edge->count;
        sum.time_us += edge->time_us;
        sum.path_us += edge->path_us;
        sum.again += edge->again;
    }
    return sum;
}

static bool edges_differ(const database_t *a, const database_t *b) {
    for (size_t i = 0; i < a->edge_count; i++) {
        const kept_edge_t one = sum_of(a, a->edges[i].name), other = sum_of(b, a->edges[i].name);
        if (one.count != other.count || one.time_us != other.time_us || one.path_us != other.path_us || one.again != other.again) {
            return true;
        }
    }
    return false;
}

typedef struct seen { uint64_t kills, rows, edges, alerts, parts, repeated; } seen_t;

static bool differs(const trial_t *trial, uint32_t kill_per_mille, seen_t *seen) {
    run_t undisturbed, disturbed;
    begin(&undisturbed, trial, 0);
    play(&undisturbed);
    end(&undisturbed);
    begin(&disturbed, trial, kill_per_mille);
    play(&disturbed);
    end(&disturbed);
    const database_t *a = &undisturbed.database, *b = &disturbed.database;
    if (rows_differ(&a->rows, &b->rows)) fail_run(&disturbed, "other rows");
    if (edges_differ(a, b) || edges_differ(b, a)) fail_run(&disturbed, "other edges");
    if (a->alerts != b->alerts || a->digest != b->digest) fail_run(&disturbed, "other alerts");
    kept_rows_t sums;
    kept_rows_sum_parts(&b->rows, &sums);
    seen->kills += disturbed.kills;
    seen->rows += b->rows.count;
    seen->edges += b->edge_count;
    seen->alerts += b->alerts;
    seen->parts += b->rows.count - sums.count;
    seen->repeated += disturbed.repeated;
    kept_rows_destroy(&sums);
    const bool failed = undisturbed.failed || disturbed.failed;
    run_free(&undisturbed);
    run_free(&disturbed);
    return failed;
}

static void plan(trial_t *trial, uint64_t seed) {
    rs_random_t random = {seed * 7919};
    const generate_options_t options = {.seed = seed, .order = (delivery_order_t)rs_random_below(&random, 3),
                                        .contacts = rs_random_below(&random, 30) == 0 ? 40 : 0, .duplicates_per_mille = 50};
    trial->history = generate_history(&options);
    trial->rest = history_add_rest(trial->history, seed, false);
    trial->reconfigures = rs_random_below(&random, 2) == 0;
    trial->far = rs_random_below(&random, 3) == 0;
    for (unsigned i = 0; i < CONFIGS; i++) trial->configs[i] = config_of_text(texts[i]);
}

static void a_daemon_that_is_killed_and_recovered_is_one_that_never_was(void **state) {
    (void)state;
    const uint64_t one = rs_test_number("RS_SEED", 0), seeds = rs_test_number("RS_SEEDS", DEFAULT_SEEDS);
    const uint64_t first = one != 0 ? one : rs_test_number("RS_FIRST_SEED", 1), past = one != 0 ? one + 1 : first + seeds;
    seen_t seen = {0};
    unsigned failures = 0;
    for (uint64_t seed = first; seed < past && failures < 5; seed++) {
        static const uint32_t often[] = {10, 30, 60};
        trial_t trial = {0};
        plan(&trial, seed);
        failures += differs(&trial, often[seed % RS_ARRAY_LEN(often)], &seen);
        history_destroy(trial.history);
        history_rest_destroy(trial.rest);
        for (unsigned i = 0; i < CONFIGS; i++) rs_config_destroy(&trial.configs[i]);
    }
    print_message("%llu histories, %llu kills; the store got %llu rows in %llu second parts, %llu edges, %llu transitions, "
                  "and lost %llu rows on the way\n",
                  (unsigned long long)(past - first), (unsigned long long)seen.kills, (unsigned long long)seen.rows,
                  (unsigned long long)seen.parts, (unsigned long long)seen.edges, (unsigned long long)seen.alerts,
                  (unsigned long long)seen.repeated);
    assert_int_equal(failures, 0);
    assert_true(one != 0 ||
                (seen.kills > seeds && seen.rows > seeds && seen.edges > seeds && seen.alerts > seeds && seen.repeated > seeds));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_daemon_that_is_killed_and_recovered_is_one_that_never_was),
    };
    return cmocka_run_group_tests_name("recovery_oracle", tests, NULL, NULL);
}
