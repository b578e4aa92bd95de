/* The way through the process against brute force: random histories with mistakes in them, sorted, permuted, repeated and late; edges,
 * times, rework, ping-pong, variants, and that nothing is lost on the way.
 * RS_SEEDS: how many histories (2,000; a tenth under a sanitizer), from RS_FIRST_SEED on. RS_SEED: only this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_collect.h"
#include "generate.h"
#include "process_walk.h"
#include "random.h"

#include <stdlib.h>

enum { DEFAULT_SEEDS = RS_SANITIZED ? 200 : 2000 };
enum { MAX_FAILURES = 3 };

/* --- rows kept beyond the callback: of each part the last revision, as a store keeps them ----------------------------------- */
typedef struct kept { rs_process_row_t row; int32_t times[RS_HIST_BUCKETS]; } kept_t;
typedef struct kept_list { kept_t *items; size_t count, room; bool revision_fell; } kept_list_t;

static void keep_row(void *context, const rs_process_row_t *row) {
    kept_list_t *list = context;
    size_t at = 0;
    while (at < list->count && list->items[at].row.part != row->part) at++;
    if (at < list->count && row->revision <= list->items[at].row.revision) list->revision_fell = true;
    if (at == list->count) {
        if (list->count == list->room) {
            list->room = list->room == 0 ? 64 : list->room * 2;
            list->items = realloc(list->items, list->room * sizeof *list->items);
            RS_REQUIRE(list->items != NULL);
        }
        list->count++;
    }
    list->items[at] = (kept_t){.row = *row};
    for (uint32_t i = 0; i < row->time_count; i++) list->items[at].times[row->times[i].bucket] = row->times[i].count;
}

/* --- one history through the core ------------------------------------------------------------------------------------------- */
typedef struct trial {
    history_t *history;
    bool live, collects;
    char difference[1024];
} trial_t;

typedef struct run { rs_core_t *core; oracle_arrival_t *deliveries; kept_list_t rows; int64_t now_us; } run_t;

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    run_t *run = context;
    (void)event;
    run->deliveries[origin.number - 1].verdict = reason;
}

static void tick(run_t *run, int64_t now_us) {
    if (now_us <= run->now_us) return;
    run->now_us = now_us;
    rs_core_tick(run->core, now_us);
}

static void run_core(run_t *run, const trial_t *trial, oracle_arrival_t *deliveries, size_t count) {
    *run = (run_t){.deliveries = deliveries, .now_us = INT64_MAX};
    for (size_t i = 0; i < count; i++) {
        deliveries[i].verdict = RS_REFUSAL_NONE;
        const int64_t early_us = deliveries[i].arrival_us - RS_US_PER_S;
        if (early_us < run->now_us) run->now_us = early_us;
    }
    const rs_core_options_t options = {.config = &trial->history->config, .replay = !trial->live, .process = true,
                                       .attributions = 1u << RS_ATTRIBUTION_EVENT, .interval = trial->history->interval,
                                       .start_us = run->now_us, .run = 1, .hash_seed = 42,
                                       .effects = {.context = run, .on_verdict = on_verdict}};
    RS_REQUIRE(rs_core_create(&options, &run->core) == RS_OK);
    for (size_t i = 0; i < count; i++) {
        if (trial->live && deliveries[i].arrival_us >= run->now_us + 100 * RS_US_PER_MS) tick(run, deliveries[i].arrival_us);
        rs_core_apply_event(run->core, deliveries[i].event, deliveries[i].arrival_us, (rs_origin_t){.session = 1, .number = i + 1});
        if (trial->collects) (void)core_process_collect(run->core, i % 5, keep_row, &run->rows);
    }
    if (!trial->live) rs_core_finish(run->core);
    for (int hours = 0; trial->collects && hours < 3; hours++) {
        while (core_process_collect(run->core, 7, keep_row, &run->rows) > 0) {}
        tick(run, run->now_us + 25 * RS_US_PER_HOUR);
    }
    while (trial->collects && core_process_collect(run->core, 7, keep_row, &run->rows) > 0) {}
    if (!trial->collects) rs_core_process_rows(run->core, keep_row, &run->rows);
}

/* --- and by brute force --------------------------------------------------------------------------------------------------- */
typedef struct truth { walked_edges_t edges; walked_variants_t variants; way_t *ways; size_t way_count; } truth_t;

static int in_order(const void *left, const void *right) {
    const rs_event_t *const *a = left, *const *b = right;
    const int order = rs_str_compare((*a)->contact_id, (*b)->contact_id);
    if (order != 0) return order;
    const bool a_acme = (*a)->tenant.len == 4, b_acme = (*b)->tenant.len == 4;   /* a contact id may be in two tenants */
    return a_acme != b_acme ? (int)a_acme - (int)b_acme : oracle_compare(*a, *b);
}

static bool one_contact(const rs_event_t *a, const rs_event_t *b) {
    return rs_str_equal(a->contact_id, b->contact_id) && (a->tenant.len == 4) == (b->tenant.len == 4);
}

static void find_truth(truth_t *truth, const trial_t *trial, const oracle_arrival_t *deliveries, size_t count, int64_t end_us) {
    const rs_event_t **events = calloc(count + 1, sizeof *events);
    size_t accepted = 0;
    *truth = (truth_t){.ways = calloc(count + 1, sizeof *truth->ways)};
    RS_REQUIRE(events != NULL && truth->ways != NULL);
    for (size_t i = 0; i < count; i++) {
        const rs_event_t *event = deliveries[i].event;
        if (deliveries[i].verdict == RS_REFUSAL_NONE && event->contact_id.len != 0) events[accepted++] = event;
    }
    qsort(events, accepted, sizeof *events, in_order);
    for (size_t i = 0; i < accepted;) {
        const size_t first = i;
        while (i < accepted && one_contact(events[first], events[i])) i++;
        way_t *way = &truth->ways[truth->way_count++];
        walk_way(events + first, i - first, &trial->history->config, end_us, way);
        walk_edges(way, &trial->history->interval, &truth->edges);
        walk_variant(way, &truth->variants);
    }
    free(events);
}

static void free_truth(truth_t *truth) {
    free(truth->edges.items);
    free(truth->variants.items);
    free(truth->ways);
}

/* --- held against each other ------------------------------------------------------------------------------------------------ */
static bool say(trial_t *trial, const char *what, const char *detail, int64_t is, int64_t should_be) {
    snprintf(trial->difference, sizeof trial->difference, "%s %s: %lld, should be %lld", what, detail, (long long)is, (long long)should_be);
    return true;
}

static bool is_of_edge(const kept_t *kept, const walked_edge_t *edge) {
    char from[RS_STAGE_TEXT], to[RS_STAGE_TEXT];
    rs_stage_name_text(&kept->row.from, from);
    rs_stage_name_text(&kept->row.to, to);
    return kept->row.start_us == edge->start_us && rs_str_equal(kept->row.tenant, edge->tenant) &&
           rs_str_equal(kept->row.queue, edge->queue) && strcmp(from, edge->from) == 0 && strcmp(to, edge->to) == 0;
}

static bool edge_differs(trial_t *trial, const kept_list_t *rows, walked_edge_t *edge, size_t *matched) {
    walked_edge_t is = *edge;
    is.count = is.time_us = is.path_us = is.again = is.ping_pong_queues = is.ping_pong_agents = 0;
    memset(is.times, 0, sizeof is.times);
    for (size_t i = 0; i < rows->count; i++) {
        const kept_t *kept = &rows->items[i];
        if (!is_of_edge(kept, edge)) continue;
        ++*matched;
        is.count += kept->row.count;
        is.time_us += kept->row.time_us;
        is.path_us += kept->row.path_us;
        is.again += kept->row.again;
        is.ping_pong_queues += kept->row.ping_pong_queues;
        is.ping_pong_agents += kept->row.ping_pong_agents;
        for (unsigned b = 0; b < RS_HIST_BUCKETS; b++) is.times[b] += kept->times[b];
    }
    char what[256];
    snprintf(what, sizeof what, "%.*s: %s -> %s of %.*s at %lld:", (int)edge->tenant.len, edge->tenant.data, edge->from, edge->to,
             (int)edge->queue.len, edge->queue.data == NULL ? "" : edge->queue.data, (long long)edge->start_us);
    if (is.count != edge->count) return say(trial, what, "count", is.count, edge->count);
    if (is.time_us != edge->time_us) return say(trial, what, "time", is.time_us, edge->time_us);
    if (is.path_us != edge->path_us) return say(trial, what, "path", is.path_us, edge->path_us);
    if (is.again != edge->again) return say(trial, what, "again", is.again, edge->again);
    if (is.ping_pong_queues != edge->ping_pong_queues) {
        return say(trial, what, "ping-pong of queues", is.ping_pong_queues, edge->ping_pong_queues);
    }
    if (is.ping_pong_agents != edge->ping_pong_agents) {
        return say(trial, what, "ping-pong of agents", is.ping_pong_agents, edge->ping_pong_agents);
    }
    for (unsigned b = 0; b < RS_HIST_BUCKETS; b++) {
        if (is.times[b] != edge->times[b]) return say(trial, what, "times in a bucket", is.times[b], edge->times[b]);
    }
    return false;
}

/* What is in no edge of the truth must have come to nothing, part by part added up. */
static bool rows_beside_truth(trial_t *trial, const kept_list_t *rows, const truth_t *truth) {
    for (size_t i = 0; i < rows->count; i++) {
        bool known = false;
        for (size_t e = 0; e < truth->edges.count && !known; e++) known = is_of_edge(&rows->items[i], &truth->edges.items[e]);
        if (known) continue;
        const rs_process_row_t *row = &rows->items[i].row;
        int64_t count = 0, time_us = 0;
        for (size_t j = 0; j < rows->count; j++) {
            const rs_process_row_t *other = &rows->items[j].row;
            if (other->start_us != row->start_us || !rs_str_equal(other->tenant, row->tenant) || !rs_str_equal(other->queue, row->queue)) {
                continue;
            }
            if (rs_stage_name_compare(&other->from, &row->from) != 0 || rs_stage_name_compare(&other->to, &row->to) != 0) continue;
            count += other->count;
            time_us += other->time_us;
        }
        char from[RS_STAGE_TEXT], to[RS_STAGE_TEXT], what[200];
        rs_stage_name_text(&row->from, from);
        rs_stage_name_text(&row->to, to);
        snprintf(what, sizeof what, "%s -> %s, which never was,", from, to);
        if (count != 0 || time_us != 0) return say(trial, what, "count", count, 0);
    }
    return false;
}

typedef struct variants_check {
    trial_t *trial;
    const truth_t *truth;
    size_t seen;
    bool broken;
    int64_t last_count;
    rs_str_t tenant;
} variants_check_t;

static void check_variant(void *context, const rs_variant_row_t *row) {
    variants_check_t *check = context;
    walked_variant_t text = {.tenant = row->tenant};
    if (check->broken) return;
    for (uint32_t i = 0; i < row->length; i++) {
        char stage[RS_STAGE_TEXT];
        rs_stage_name_text(&row->stages[i], stage);
        strncat(text.path, stage, sizeof text.path - strlen(text.path) - 1);
        strncat(text.path, " > ", sizeof text.path - strlen(text.path) - 1);
    }
    strncat(text.path, rs_process_kind_name(row->end), sizeof text.path - strlen(text.path) - 1);
    const walked_variant_t *should_be = NULL;
    for (size_t i = 0; i < check->truth->variants.count; i++) {
        const walked_variant_t *variant = &check->truth->variants.items[i];
        if (rs_str_equal(variant->tenant, text.tenant) && strcmp(variant->path, text.path) == 0 && variant->cut == row->cut) {
            should_be = variant;
        }
    }
    check->seen++;
    const bool falls = rs_str_equal(check->tenant, row->tenant) && row->count > check->last_count;
    check->tenant = row->tenant;
    check->last_count = row->count;
    if (falls) check->broken = say(check->trial, text.path, "is not in order", row->count, check->last_count);
    else if (should_be == NULL) check->broken = say(check->trial, text.path, "never was", row->count, 0);
    else if (row->count != should_be->count) check->broken = say(check->trial, text.path, "count", row->count, should_be->count);
    else if (row->path_us != should_be->path_us) check->broken = say(check->trial, text.path, "path", row->path_us, should_be->path_us);
    else if (row->error != 0) check->broken = say(check->trial, text.path, "error", row->error, 0);
}

static bool variants_differ(trial_t *trial, rs_core_t *core, const truth_t *truth) {
    variants_check_t check = {.trial = trial, .truth = truth};
    rs_core_process_variants(core, check_variant, &check);
    if (check.broken) return true;
    if (check.seen != truth->variants.count) return say(trial, "variants", "", (int64_t)check.seen, (int64_t)truth->variants.count);
    return false;
}

/* Of every stage: entries = exits + those still inside; and of contacts: begun = finished + under way. By the core's own map. */
static bool stages_leak(trial_t *trial, rs_core_t *core, const truth_t *truth, rs_str_t tenant) {
    rs_process_map_t map;
    bool broken = false;
    int64_t inside = 0;
    RS_REQUIRE(rs_core_process_map(core, tenant, INT64_MIN, INT64_MAX, &map) == RS_OK);
    for (uint32_t s = 0; s < map.stage_count && !broken; s++) {
        char name[RS_STAGE_TEXT], text[80];
        int64_t here = 0;
        rs_stage_name_text(&map.stages[s].stage, name);
        for (size_t w = 0; w < truth->way_count; w++) {
            const way_t *way = &truth->ways[w];
            if (!rs_str_equal(way->tenant, tenant)) continue;
            if (way->count == 0) snprintf(text, sizeof text, "begin");
            else walked_stage_text(&way->visits[way->count - 1], text);
            here += way->end != NULL ? strcmp(way->end, name) == 0 : strcmp(text, name) == 0;
        }
        if (map.stages[s].entries != map.stages[s].exits + here) {
            broken = say(trial, name, "entries - exits", map.stages[s].entries - map.stages[s].exits, here);
        }
        if (map.stages[s].time_us < 0) broken = say(trial, name, "time", map.stages[s].time_us, 0);
        if (!rs_stage_is_end(map.stages[s].stage.kind)) inside += here;
    }
    if (!broken && map.begun != map.finished + inside) broken = say(trial, "begun - finished", "", map.begun - map.finished, inside);
    rs_process_map_deinit(&map);
    return broken;
}

static bool differs(trial_t *trial, oracle_arrival_t *deliveries, size_t count) {
    run_t run;
    truth_t truth;
    run_core(&run, trial, deliveries, count);
    find_truth(&truth, trial, deliveries, count, trial->live ? INT64_MIN : rs_core_watermark(run.core));
    bool broken = false;
    size_t matched = 0;
    for (size_t i = 0; i < truth.edges.count && !broken; i++) broken = edge_differs(trial, &run.rows, &truth.edges.items[i], &matched);
    broken = broken || rows_beside_truth(trial, &run.rows, &truth) || variants_differ(trial, run.core, &truth);
    if (!trial->collects) {
        broken = broken || stages_leak(trial, run.core, &truth, RS_STR("default")) || stages_leak(trial, run.core, &truth, RS_STR("acme"));
    }
    if (!broken && run.rows.revision_fell) broken = say(trial, "a revision", "did not grow", 0, 1);
    if (!broken && trial->collects && rs_core_process_dirty(run.core) != 0) {
        broken = say(trial, "dirty rows", "stay", (int64_t)rs_core_process_dirty(run.core), 0);
    }
    free_truth(&truth);
    free(run.rows.items);
    rs_core_destroy(&run.core);
    return broken;
}

/* --- many seeds ----------------------------------------------------------------------------------------------------------- */
/* More of what the generator tells seldom: reopened, closed, call-backs, surveys, wrap-ups. An event keeps its place. */
static void spice(history_t *history) {
    static const uint8_t types[] = {RS_CONTACT_REOPENED, RS_CONTACT_CLOSED, RS_CALLBACK_REQUESTED, RS_CALLBACK_ATTEMPTED,
                                    RS_CALLBACK_CONNECTED, RS_CALLBACK_FAILED, RS_SURVEY_ANSWERED, RS_CONTACT_WRAPUP_STARTED,
                                    RS_CONTACT_WRAPUP_ENDED, RS_CONTACT_OFFERED, RS_CONTACT_OFFER_FAILED, RS_CONTACT_ENDED};
    rs_random_t random = {history->seed ^ UINT64_C(0xabcdef)};
    for (size_t i = 0; i < history->delivery_count; i++) {
        rs_event_t *event = (rs_event_t *)(uintptr_t)history->deliveries[i].event;   /* the history's own */
        const uint64_t die = rs_random_below(&random, 100);
        const bool aside = event->type == RS_CONTACT_MESSAGE || event->type == RS_DISPOSITION_SET;
        if (event->contact_id.len == 0 || event->type == RS_CONTACT_QUEUED || (die >= 12 && !aside)) continue;
        event->type = types[rs_random_below(&random, RS_ARRAY_LEN(types))];
        event->reason = event->kind = event->stage = 0;
        event->present &= ~(uint32_t)(RS_HAS_WAIT_MS | RS_HAS_TALK_MS | RS_HAS_HOLD_MS);
    }
}

static bool still_fails(void *context, oracle_arrival_t *deliveries, size_t count) { return differs(context, deliveries, count); }

typedef struct profile {
    delivery_order_t order;
    uint32_t duplicates_per_mille, contacts;
    uint64_t share;
    int64_t lateness_us;
    bool live, collects, missing_end;
} profile_t;

static void report(trial_t *trial) {
    history_t *history = trial->history;
    const size_t left = history_shrink(history->deliveries, history->delivery_count, still_fails, trial);
    (void)differs(trial, history->deliveries, left);
    print_error("RS_SEED=%llu: %s\n", (unsigned long long)history->seed, trial->difference);
    history_print(stderr, history, history->deliveries, left);
    fflush(stderr);
}

static void try_seeds(const profile_t *profile) {
    const uint64_t one = rs_test_number("RS_SEED", 0), seeds = rs_test_number("RS_SEEDS", DEFAULT_SEEDS);
    const uint64_t first = one != 0 ? one : rs_test_number("RS_FIRST_SEED", 1), last = one != 0 ? one : first + seeds - 1;
    unsigned failures = 0;
    for (uint64_t seed = first; seed <= last && failures < MAX_FAILURES; seed += profile->share) {
        const generate_options_t options = {.seed = seed, .order = profile->order, .contacts = profile->contacts,
                                            .duplicates_per_mille = profile->duplicates_per_mille, .missing_end = profile->missing_end};
        trial_t trial = {.history = generate_history(&options), .live = profile->live, .collects = profile->collects};
        trial.history->config.limits.edges = 10000;
        trial.history->config.limits.variants = 5000;
        if (!profile->missing_end) trial.history->config.missing_end_us = 0;
        spice(trial.history);
        if (profile->lateness_us != 0) {
            trial.history->config.lateness_us = profile->lateness_us;
            history_reorder(trial.history, profile->order, seed);
        }
        if (differs(&trial, trial.history->deliveries, trial.history->delivery_count)) {
            failures++;
            report(&trial);
        }
        history_destroy(trial.history);
    }
    assert_int_equal(failures, 0);
}

static void replay_of_sorted_histories_equals_brute_force(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_SORTED, .duplicates_per_mille = 50, .share = 1});
}

static void live_under_permutation_and_duplication_equals_brute_force(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_WITHIN_LATENESS, .duplicates_per_mille = 50, .share = 1,
                           .lateness_us = RS_US_PER_DAY, .live = true});
}

static void live_with_late_and_folded_events_equals_brute_force_of_the_accepted(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_ANYHOW, .duplicates_per_mille = 50, .share = 2, .live = true});
}

static void what_is_collected_part_by_part_adds_up(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_ANYHOW, .duplicates_per_mille = 50, .share = 2, .live = true, .collects = true});
}

static void missing_ends_are_ends(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_SORTED, .share = 2, .missing_end = true});
}

static void many_contacts_at_once_equal_brute_force(void **state) {
    (void)state;
    try_seeds(&(profile_t){.order = DELIVER_WITHIN_LATENESS, .duplicates_per_mille = 50, .share = 100, .contacts = 150,
                           .lateness_us = RS_US_PER_DAY, .live = true});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_of_sorted_histories_equals_brute_force),
        cmocka_unit_test(live_under_permutation_and_duplication_equals_brute_force),
        cmocka_unit_test(live_with_late_and_folded_events_equals_brute_force_of_the_accepted),
        cmocka_unit_test(what_is_collected_part_by_part_adds_up),
        cmocka_unit_test(missing_ends_are_ends),
        cmocka_unit_test(many_contacts_at_once_equal_brute_force),
    };
    const char *only = getenv("RS_TEST");
    if (only != NULL) cmocka_set_test_filter(only);
    return cmocka_run_group_tests_name("process_oracle", tests, NULL, NULL);
}
