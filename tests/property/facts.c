/* What was counted of contacts can be counted again from the facts that a store was told, whatever came, in whatever order: late, repeated,
 * refused events; a store that takes some at a time, forgets what it had in hand, and a core that is saved and loaded in between. The store
 * is a table here that knows parts and revisions only. Held against each other: the rows of the core that took the events, and those of a
 * core that took none, only the table's facts; counts, histograms and service levels, of every key, in every attribution.
 * RS_SEEDS: how many histories (400; 60 under a sanitizer), from RS_FIRST_SEED on; RS_SEED: only this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_collect.h"
#include "core_rows.h"
#include "generate.h"
#include "random.h"
#include "state_bytes.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DEFAULT_SEEDS = 60 };
#else
enum { DEFAULT_SEEDS = 400 };
#endif

/* --- the store --------------------------------------------------------------------------------------------------------- */
typedef struct kept_part { rs_contact_row_t row; char *bytes; } kept_part_t;
typedef struct store {
    kept_part_t *parts;
    size_t count, room;
    uint64_t told;
    const char *why;
} store_t;

static rs_str_t own(char **place, rs_str_t text) {
    const rs_str_t kept = {*place, text.len};
    if (text.len != 0) memcpy(*place, text.data, text.len);
    *place += text.len;
    return kept;
}

static void keep(kept_part_t *part, const rs_contact_row_t *row) {
    size_t bytes = row->fact_count * sizeof *row->facts + row->tenant.len + row->contact.len + 1;
    for (uint32_t i = 0; i < row->fact_count; i++) bytes += row->facts[i].queue.len + row->facts[i].agent.len + row->facts[i].team.len;
    free(part->bytes);
    part->bytes = malloc(bytes);
    RS_REQUIRE(part->bytes != NULL);
    part->row = *row;
    rs_told_fact_t *facts = (rs_told_fact_t *)(void *)part->bytes;
    char *place = part->bytes + row->fact_count * sizeof *row->facts;
    part->row.tenant = own(&place, row->tenant);
    part->row.contact = own(&place, row->contact);
    part->row.facts = facts;
    for (uint32_t i = 0; i < row->fact_count; i++) {
        facts[i] = row->facts[i];
        facts[i].queue = own(&place, facts[i].queue);
        facts[i].agent = own(&place, facts[i].agent);
        facts[i].team = own(&place, facts[i].team);
    }
}

static void take(void *context, const rs_contact_row_t *row) {
    store_t *store = context;
    size_t i = 0;
    store->told++;
    while (i < store->count && store->parts[i].row.part != row->part) i++;
    if (i < store->count && store->parts[i].row.revision > row->revision) store->why = "a revision went back";
    if (i < store->count && store->parts[i].row.revision >= row->revision) return;
    if (i == store->room) {
        store->room = store->room * 2 + 64;
        store->parts = realloc(store->parts, store->room * sizeof *store->parts);
        RS_REQUIRE(store->parts != NULL);
    }
    if (i == store->count) store->parts[store->count++] = (kept_part_t){0};
    keep(&store->parts[i], row);
}

static void forget(store_t *store) {
    for (size_t i = 0; i < store->count; i++) free(store->parts[i].bytes);
    free(store->parts);
}

/* Of the parts of one contact the last one knows where it closes. */
static int64_t close_of(const store_t *store, const rs_contact_row_t *row) {
    const rs_contact_row_t *last = row;
    for (size_t i = 0; i < store->count; i++) {
        const rs_contact_row_t *other = &store->parts[i].row;
        const bool same = other->begun_us == row->begun_us && rs_str_equal(other->contact, row->contact) &&
                          rs_str_equal(other->tenant, row->tenant);
        if (same && other->revision > last->revision) last = other;
    }
    return last->close_us;
}

/* --- one history --------------------------------------------------------------------------------------------------------- */
typedef struct trial {
    history_t *history;
    rs_core_options_t options;
    rs_core_t *core, *again;
    rs_random_t random;
    store_t store;
    state_bytes_t scratch;
    char why[512];
} trial_t;

static void begin(trial_t *trial, uint64_t seed) {
    const delivery_order_t orders[] = {DELIVER_ANYHOW, DELIVER_WITHIN_LATENESS, DELIVER_SORTED};
    *trial = (trial_t){.history = generate_history(&(generate_options_t){.seed = seed, .order = orders[seed % 3],
                                                                         .duplicates_per_mille = 80, .missing_end = true})};
    trial->random.state = seed;
    rs_config_t *config = &trial->history->config;
    config->limits.facts = 100000;
    config->limits.rows = 200000;
    trial->options = (rs_core_options_t){.config = config, .facts = true, .families = (1u << RS_FAMILY_COUNT) - 1,
                                         .attributions = (1u << RS_ATTRIBUTION_COUNT) - 1,
                                         .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 15 * RS_US_PER_MIN}, .run = 1,
                                         .hash_seed = seed, .start_us = trial->history->begin_us - 20 * RS_US_PER_MIN};
    RS_REQUIRE(rs_core_create(&trial->options, &trial->core) == RS_OK);
}

static void end(trial_t *trial) {
    rs_core_destroy(&trial->core);
    rs_core_destroy(&trial->again);
    forget(&trial->store);
    state_free(&trial->scratch);
    history_destroy(trial->history);
}

/* Only facts are confirmed: rows stay, to be looked at in the end. */
static void confirm_facts(rs_core_t *core) {
    rs_confirmed_t confirmed;
    rs_core_collected(core, &confirmed);
    rs_core_confirm(core, &(rs_confirmed_t){.facts = confirmed.facts});
}

static void something_happens(trial_t *trial) {
    switch (rs_random_below(&trial->random, 12)) {
        case 0:
        case 1: (void)rs_core_facts_collect(trial->core, 1 + rs_random_below(&trial->random, 8), take, &trial->store); break;
        case 2:
        case 3: confirm_facts(trial->core); break;
        case 4: rs_core_collect_again(trial->core); break;
        case 5:
            if (rs_random_below(&trial->random, 8) == 0) state_restart(&trial->core, &trial->options, &trial->scratch);
            break;
        default: break;
    }
}

/* Time passes until nothing is open and nothing can change; the store gets everything. */
static void settle(trial_t *trial, int64_t now_us) {
    for (int hour = 0; hour < 80; hour++) rs_core_tick(trial->core, now_us + hour * RS_US_PER_HOUR);
    do confirm_facts(trial->core);
    while (rs_core_facts_collect(trial->core, 7, take, &trial->store) > 0);
}

static int compare_moments(const void *a_place, const void *b_place) {
    const rs_told_fact_t *const *a = a_place, *const *b = b_place;
    return ((*a)->at_us > (*b)->at_us) - ((*a)->at_us < (*b)->at_us);
}

typedef struct owned_fact { const rs_told_fact_t *fact; const rs_contact_row_t *row; } owned_fact_t;

static void count_again(trial_t *trial) {
    rs_core_options_t options = trial->options;
    size_t count = 0;
    options.facts = false;
    options.replay = true;
    RS_REQUIRE(rs_core_create(&options, &trial->again) == RS_OK);
    for (size_t i = 0; i < trial->store.count; i++) count += trial->store.parts[i].row.fact_count;
    owned_fact_t *facts = calloc(count + 1, sizeof *facts);
    RS_REQUIRE(facts != NULL);
    count = 0;
    for (size_t i = 0; i < trial->store.count; i++) {
        const rs_contact_row_t *row = &trial->store.parts[i].row;
        for (uint32_t f = 0; f < row->fact_count; f++) facts[count++] = (owned_fact_t){&row->facts[f], row};
    }
    qsort(facts, count, sizeof *facts, compare_moments);   /* by the first member's moment */
    for (size_t i = 0; i < count; i++)
        RS_REQUIRE(rs_core_count_facts(trial->again, facts[i].row->tenant, facts[i].fact, 1, close_of(&trial->store, facts[i].row)));
    free(facts);
}

static bool differ(trial_t *trial, const kept_row_t *row, const char *what, int64_t had, int64_t again) {
    char key[192];
    describe_key(&row->key, key, sizeof key);
    snprintf(trial->why, sizeof trial->why, "%s (attribution %u, interval %lld): %s: %lld, from facts %lld", key, row->attribution,
             (long long)row->start_us, what, (long long)had, (long long)again);
    return true;
}

static int64_t in_bucket(const kept_histogram_t *histogram, uint32_t i) {
    return histogram->entries[i].bucket * INT64_C(1000000) + histogram->entries[i].count;
}

static bool row_differs(trial_t *trial, const kept_row_t *row, const kept_row_t *again) {
    static const kept_row_t nothing;
    if (again == NULL) again = &nothing;
    for (unsigned c = RS_COUNT_OFFERED; c <= RS_COUNT_REOPENED; c++) {
        if (row->counts[c] != again->counts[c]) return differ(trial, row, count_label(c), row->counts[c], again->counts[c]);
    }
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (slot < trial->history->config.policy_count && trial->history->config.policies[slot].unit_journey) continue;
        if (row->counts[RS_COUNT_SL_NUM_0 + slot] != again->counts[RS_COUNT_SL_NUM_0 + slot])
            return differ(trial, row, "a numerator", row->counts[RS_COUNT_SL_NUM_0 + slot], again->counts[RS_COUNT_SL_NUM_0 + slot]);
        if (row->counts[RS_COUNT_SL_DEN_0 + slot] != again->counts[RS_COUNT_SL_DEN_0 + slot])
            return differ(trial, row, "a denominator", row->counts[RS_COUNT_SL_DEN_0 + slot], again->counts[RS_COUNT_SL_DEN_0 + slot]);
    }
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        if (row->histograms[h].count != again->histograms[h].count)
            return differ(trial, row, histogram_label(h), row->histograms[h].count, again->histograms[h].count);
        for (uint32_t i = 0; i < row->histograms[h].count; i++) {
            if (in_bucket(&row->histograms[h], i) != in_bucket(&again->histograms[h], i))
                return differ(trial, row, histogram_label(h), in_bucket(&row->histograms[h], i), in_bucket(&again->histograms[h], i));
        }
    }
    return false;
}

static bool rows_differ(trial_t *trial) {
    kept_rows_t rows, again;
    bool found = false;
    kept_rows_take(trial->core, &rows);
    kept_rows_take(trial->again, &again);
    for (size_t i = 0; i < rows.count && !found; i++)
        found = row_differs(trial, &rows.rows[i],
                            kept_rows_find(&again, rows.rows[i].attribution, &rows.rows[i].key, rows.rows[i].start_us));
    for (size_t i = 0; i < again.count && !found; i++) {
        const kept_row_t *row = &again.rows[i];
        if (kept_rows_find(&rows, row->attribution, &row->key, row->start_us) == NULL)
            found = differ(trial, row, "a row that was not there", 0, 0);
    }
    kept_rows_destroy(&rows);
    kept_rows_destroy(&again);
    return found;
}

static bool is_wrong(trial_t *trial) {
    int64_t now_us = trial->options.start_us;
    for (size_t i = 0; i < trial->history->delivery_count; i++) {
        const oracle_arrival_t *delivery = &trial->history->deliveries[i];
        if (delivery->arrival_us > now_us) now_us = delivery->arrival_us;
        rs_core_tick(trial->core, now_us);
        rs_core_apply_event(trial->core, delivery->event, now_us, (rs_origin_t){.session = 1, .number = i + 1});
        something_happens(trial);
    }
    settle(trial, now_us);
    if (trial->store.why != NULL) {
        snprintf(trial->why, sizeof trial->why, "%s", trial->store.why);
        return true;
    }
    count_again(trial);
    return rows_differ(trial);
}

static void figures_are_counted_again_from_facts(void **state) {
    (void)state;
    const uint64_t one = rs_test_number("RS_SEED", 0), first = one != 0 ? one : rs_test_number("RS_FIRST_SEED", 1);
    const uint64_t count = one != 0 ? 1 : rs_test_number("RS_SEEDS", DEFAULT_SEEDS);
    uint64_t told = 0, parts = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        trial_t trial;
        begin(&trial, seed);
        const bool wrong = is_wrong(&trial);
        told += trial.store.told;
        parts += trial.store.count;
        if (wrong) history_print(stderr, trial.history, trial.history->deliveries, trial.history->delivery_count);
        end(&trial);
        if (wrong) fail_msg("RS_SEED=%llu: %s", (unsigned long long)seed, trial.why);
    }
    print_message("%llu contacts' parts, told %llu times\n", (unsigned long long)parts, (unsigned long long)told);
    assert_true(told > parts);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(figures_are_counted_again_from_facts)};
    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
