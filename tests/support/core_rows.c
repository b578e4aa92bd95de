/* support/core_rows.c — see core_rows.h. */
#include "core_collect.h"
#include "core_rows.h"

#include <stdio.h>
#include <stdlib.h>

#define RS_X(NAME, name) #name,
static const char *const count_labels[] = {RS_COUNTS(RS_X)};
static const char *const histogram_labels[] = {RS_HISTOGRAMS(RS_X)};
#undef RS_X
#define RS_X(NAME, name, is_max) #name,
static const char *const extreme_labels[] = {RS_EXTREMES(RS_X)};
#undef RS_X
#define RS_X(NAME, name, is_max) is_max,
static const bool extreme_is_max[] = {RS_EXTREMES(RS_X)};
#undef RS_X

const char *count_label(unsigned count) { return count_labels[count]; }
bool extreme_is_greatest(unsigned extreme) { return extreme_is_max[extreme]; }
const char *extreme_label(unsigned extreme) { return extreme_labels[extreme]; }
const char *histogram_label(unsigned histogram) { return histogram_labels[histogram]; }

void describe_key(const rs_key_t *key, char *text, size_t size) {
    static const char *const families[] = {"queue", "channel", "total", "agent", "team"};
    snprintf(text, size, "%s %.*s/%.*s %s", families[key->family], (int)key->tenant.len,
             key->tenant.len ? key->tenant.data : "", (int)key->name.len, key->name.len ? key->name.data : "",
             rs_channel_name(key->channel));
}

bool count_is_shown(const rs_key_t *key, unsigned count) {
    return key->family <= RS_FAMILY_TOTAL || (count != RS_COUNT_EXCESS_US && count < RS_COUNT_SL_NUM_0);
}

/* --- keeping --------------------------------------------------------------------------------------------------------- */
static rs_str_t copy_text(rs_str_t text) {
    if (text.len == 0) return (rs_str_t){0};
    char *copy = malloc(text.len);
    RS_REQUIRE(copy != NULL);
    memcpy(copy, text.data, text.len);
    return (rs_str_t){.data = copy, .len = text.len};
}

static kept_row_t *add_row(kept_rows_t *rows) {
    if (rows->count == rows->room) {
        rows->room = rows->room == 0 ? 64 : rows->room * 2;
        rows->rows = realloc(rows->rows, rows->room * sizeof *rows->rows);
        RS_REQUIRE(rows->rows != NULL);
    }
    kept_row_t *row = &rows->rows[rows->count++];
    *row = (kept_row_t){0};
    return row;
}

static void copy_histogram(kept_histogram_t *kept, const rs_hist_entry_t *entries, uint32_t count) {
    *kept = (kept_histogram_t){0};
    if (count == 0) return;
    kept->entries = calloc(count, sizeof *kept->entries);
    RS_REQUIRE(kept->entries != NULL);
    for (uint32_t i = 0; i < count; i++) {
        if (entries[i].count != 0) kept->entries[kept->count++] = entries[i];
    }
}

static void fill(kept_row_t *kept, const rs_row_t *row) {
    kept->key = row->key;
    kept->key.tenant = copy_text(row->key.tenant);
    kept->key.name = copy_text(row->key.name);
    kept->part = row->part;
    kept->revision = row->revision;
    kept->final = row->final;
    kept->attribution = row->attribution;
    kept->start_us = row->start_us;
    kept->length_us = row->length_us;
    kept->still_open = row->still_open;
    kept->threshold_us = row->threshold_us;
    memcpy(kept->counts, row->counts, sizeof kept->counts);
    memcpy(kept->extremes, row->extremes, sizeof kept->extremes);
    kept->bounded = row->bounded;
    for (int i = 0; i < RS_HIST_COUNT; i++)
        copy_histogram(&kept->histograms[i], row->histograms[i], row->histogram_sizes[i]);
}

static void keep(void *context, const rs_row_t *row) { fill(add_row(context), row); }

void kept_rows_take(rs_core_t *core, kept_rows_t *rows) {
    *rows = (kept_rows_t){0};
    rs_core_rows(core, keep, rows);
}

static void free_row(kept_row_t *row) {
    free((void *)(uintptr_t)row->key.tenant.data);
    free((void *)(uintptr_t)row->key.name.data);
    for (int i = 0; i < RS_HIST_COUNT; i++) free(row->histograms[i].entries);
}

void kept_rows_destroy(kept_rows_t *rows) {
    for (size_t i = 0; i < rows->count; i++) free_row(&rows->rows[i]);
    free(rows->rows);
    *rows = (kept_rows_t){0};
}

void kept_rows_add(kept_rows_t *rows, const rs_row_t *row) { fill(add_row(rows), row); }

void kept_rows_put(kept_rows_t *rows, const kept_row_t *row) {
    kept_row_t *place = NULL;
    for (size_t i = 0; i < rows->count && place == NULL; i++) {
        if (rows->rows[i].part == row->part && rows->rows[i].attribution == row->attribution) place = &rows->rows[i];
    }
    if (place != NULL) free_row(place);
    else place = add_row(rows);
    *place = *row;
    place->key.tenant = copy_text(row->key.tenant);
    place->key.name = copy_text(row->key.name);
    for (int i = 0; i < RS_HIST_COUNT; i++) copy_histogram(&place->histograms[i], row->histograms[i].entries, row->histograms[i].count);
}

static bool same_key(const rs_key_t *a, const rs_key_t *b) {
    return a->family == b->family && a->channel == b->channel && rs_str_equal(a->name, b->name) &&
           rs_str_equal(a->tenant, b->tenant);
}

static kept_row_t *find(const kept_rows_t *rows, uint8_t attribution, const rs_key_t *key, int64_t start_us) {
    for (size_t i = 0; i < rows->count; i++) {
        kept_row_t *row = &rows->rows[i];
        if (row->start_us == start_us && row->attribution == attribution && same_key(&row->key, key)) return row;
    }
    return NULL;
}

const kept_row_t *kept_rows_find(const kept_rows_t *rows, uint8_t attribution, const rs_key_t *key, int64_t start_us) {
    return find(rows, attribution, key, start_us);
}

typedef struct collecting {
    kept_rows_t *rows;
    const char **why;
} collecting_t;

static void collect(void *context, const rs_row_t *row) {
    collecting_t *collecting = context;
    for (size_t i = 0; i < collecting->rows->count; i++) {
        kept_row_t *kept = &collecting->rows->rows[i];
        const bool same =
            kept->attribution == row->attribution && kept->start_us == row->start_us && kept->part == row->part;
        if (!same || !same_key(&kept->key, &row->key)) continue;
        if (row->revision <= kept->revision) *collecting->why = "a collected row's revision did not grow";
        free_row(kept);
        fill(kept, row);
        return;
    }
    keep(collecting->rows, row);
}

void kept_rows_store(kept_rows_t *rows, const rs_row_t *row) {
    for (size_t i = 0; i < rows->count; i++) {
        kept_row_t *kept = &rows->rows[i];
        const bool same = kept->attribution == row->attribution && kept->start_us == row->start_us && kept->part == row->part;
        if (!same || !same_key(&kept->key, &row->key)) continue;
        if (row->revision <= kept->revision) return;
        free_row(kept);
        fill(kept, row);
        return;
    }
    keep(rows, row);
}

size_t kept_rows_collect(rs_core_t *core, size_t max, kept_rows_t *rows, const char **why) {
    collecting_t collecting = {.rows = rows, .why = why};
    return core_collect(core, max, collect, &collecting);
}

void kept_rows_only(kept_rows_t *rows, rs_key_family_t family) {
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].key.family == family)
            rows->rows[kept++] = rows->rows[i];
        else
            free_row(&rows->rows[i]);
    }
    rows->count = kept;
}

void kept_rows_ignore(kept_rows_t *rows, rs_count_t count) {
    for (size_t i = 0; i < rows->count; i++) rows->rows[i].counts[count] = 0;
}

/* --- against the oracle ---------------------------------------------------------------------------------------------- */
static bool differs(difference_t *difference, const rs_key_t *key, uint8_t attribution, int64_t start_us,
                    const char *field, int64_t is, int64_t should_be) {
    char name[192];
    describe_key(key, name, sizeof name);
    snprintf(difference->text, sizeof difference->text, "%s, %s, interval %lld: %s is %lld, should be %lld", name,
             attribution == RS_ATTRIBUTION_ENTER ? "enter" : attribution == RS_ATTRIBUTION_CLOSE ? "close" : "event", (long long)start_us,
             field, (long long)is, (long long)should_be);
    return true;
}

static int64_t expected_in_bucket(const oracle_list_t *durations, uint32_t bucket) {
    int64_t count = 0;
    for (size_t i = 0; i < durations->count; i++) count += oracle_bucket(durations->us[i]) == bucket;
    return count;
}

static bool histogram_differs(const kept_row_t *row, unsigned id, const oracle_list_t *expected,
                              difference_t *difference) {
    const kept_histogram_t *histogram = &row->histograms[id];
    int64_t total = 0;
    for (uint32_t i = 0; i < histogram->count; i++) {
        const rs_hist_entry_t *entry = &histogram->entries[i];
        const int64_t should_be = expected_in_bucket(expected, entry->bucket);
        total += entry->count;
        if (entry->count == should_be) continue;
        char field[64];
        snprintf(field, sizeof field, "histogram %s bucket %u", histogram_labels[id], entry->bucket);
        return differs(difference, &row->key, row->attribution, row->start_us, field, entry->count, should_be);
    }
    if (total == (int64_t)expected->count) return false;
    char field[64];
    snprintf(field, sizeof field, "histogram %s total", histogram_labels[id]);
    return differs(difference, &row->key, row->attribution, row->start_us, field, total, (int64_t)expected->count);
}

static compared_extremes_t compared;

compared_extremes_t kept_rows_compared_extremes(void) { return compared; }

/* What the row says to be a bound only must be one: beyond the value by a bucket at most,
 * unless waits that are in no histogram are in it. */
static bool is_bound(const kept_row_t *row, unsigned extreme, int64_t exact) {
    if ((row->bounded & 1u << extreme) == 0 || exact < 0) return false;
    compared.bounds++;
    const int64_t ours = row->extremes[extreme], bucket = exact / 32 + 1000;
    if (!extreme_is_max[extreme]) return ours <= exact && ours >= exact - bucket;
    const bool in_no_histogram = row->counts[RS_COUNT_FLOWED_OUT] + row->counts[RS_COUNT_CALLBACKS] != 0;
    return ours >= exact && (ours <= exact + bucket || (extreme == RS_EXTREME_WAIT_MAX && in_no_histogram));
}

static bool row_differs(const kept_row_t *row, const oracle_row_t *expected, bool sums_only, difference_t *difference) {
    const rs_key_t *key = &row->key;
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) {
        if (row->counts[i] == expected->counts[i] || !count_is_shown(key, i)) continue;
        return differs(difference, key, row->attribution, row->start_us, count_labels[i], row->counts[i],
                       expected->counts[i]);
    }
    for (unsigned i = 0; i < RS_EXTREME_COUNT && (!sums_only || row->summed == 1); i++) {
        compared.all++;
        if (row->extremes[i] == expected->extremes[i] || is_bound(row, i, expected->extremes[i])) continue;
        return differs(difference, key, row->attribution, row->start_us, extreme_labels[i], row->extremes[i],
                       expected->extremes[i]);
    }
    if (row->still_open != expected->still_open) {
        return differs(difference, key, row->attribution, row->start_us, "still_open", row->still_open,
                       expected->still_open);
    }
    if (expected->length_us >= 0 && row->length_us != expected->length_us) {
        return differs(difference, key, row->attribution, row->start_us, "length_us", row->length_us,
                       expected->length_us);
    }
    if (!sums_only && expected->threshold_us != ORACLE_NO_THRESHOLD && row->threshold_us != expected->threshold_us) {
        return differs(difference, key, row->attribution, row->start_us, "threshold_us", row->threshold_us,
                       expected->threshold_us);
    }
    for (unsigned i = 0; i < RS_HIST_COUNT; i++) {
        if (histogram_differs(row, i, &expected->durations[i], difference)) return true;
    }
    return false;
}

bool kept_rows_differ_from_oracle(const kept_rows_t *rows, uint8_t attribution, const oracle_rows_t *expected,
                                  bool sums_only, difference_t *difference) {
    static const oracle_row_t nothing = {
        .length_us = -1, .threshold_us = ORACLE_NO_THRESHOLD, .extremes = {-1, -1, -1, -1, -1}};
    difference->text[0] = '\0';
    for (size_t i = 0; i < rows->count; i++) {
        const kept_row_t *row = &rows->rows[i];
        if (row->attribution != attribution) continue;
        const oracle_row_t *should_be = oracle_find_row(expected, &row->key, row->start_us);
        if (should_be == NULL) {
            if (row_differs(row, &nothing, sums_only, difference)) return true;
            if (sums_only || row->key.family > RS_FAMILY_TOTAL) continue; /* it holds nothing that is shown */
            return differs(difference, &row->key, attribution, row->start_us, "an empty row", 1, 0);
        }
        if (row_differs(row, should_be, sums_only, difference)) return true;
    }
    for (size_t i = 0; i < expected->count; i++) {
        const oracle_row_t *row = &expected->rows[i];
        if (oracle_row_is_empty(row) || find(rows, attribution, &row->key, row->start_us) != NULL) continue;
        return differs(difference, &row->key, attribution, row->start_us, "the row itself", 0, 1);
    }
    return false;
}

/* --- against each other ---------------------------------------------------------------------------------------------- */
static bool same_histogram(const kept_histogram_t *a, const kept_histogram_t *b) {
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->entries[i].bucket != b->entries[i].bucket || a->entries[i].count != b->entries[i].count) return false;
    }
    return true;
}

static bool one_side_differs(const kept_rows_t *left, const kept_rows_t *right, difference_t *difference) {
    for (size_t i = 0; i < left->count; i++) {
        const kept_row_t *row = &left->rows[i];
        const kept_row_t *other = find(right, row->attribution, &row->key, row->start_us);
        if (other == NULL)
            return differs(difference, &row->key, row->attribution, row->start_us, "the row itself", 1, 0);
        for (unsigned c = 0; c < RS_COUNT_COUNT; c++) {
            if (row->counts[c] == other->counts[c]) continue;
            return differs(difference, &row->key, row->attribution, row->start_us, count_labels[c], row->counts[c],
                           other->counts[c]);
        }
        for (unsigned e = 0; e < RS_EXTREME_COUNT; e++) {
            if (row->extremes[e] == other->extremes[e] || ((row->bounded | other->bounded) & 1u << e) != 0) continue;
            return differs(difference, &row->key, row->attribution, row->start_us, extreme_labels[e], row->extremes[e],
                           other->extremes[e]);
        }
        for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
            if (same_histogram(&row->histograms[h], &other->histograms[h])) continue;
            return differs(difference, &row->key, row->attribution, row->start_us, histogram_labels[h], -1, -1);
        }
        if (row->still_open == other->still_open) continue;
        return differs(difference, &row->key, row->attribution, row->start_us, "still_open", row->still_open,
                       other->still_open);
    }
    return false;
}

bool kept_rows_differ(const kept_rows_t *left, const kept_rows_t *right, difference_t *difference) {
    difference->text[0] = '\0';
    return one_side_differs(left, right, difference) || one_side_differs(right, left, difference);
}

/* --- rolling up ------------------------------------------------------------------------------------------------------- */
static void merge_histogram(kept_histogram_t *into, const kept_histogram_t *from) {
    if (from->count == 0) return;
    rs_hist_entry_t *merged = calloc(into->count + from->count, sizeof *merged);
    RS_REQUIRE(merged != NULL);
    uint32_t used = 0, a = 0, b = 0;
    while (a < into->count || b < from->count) {
        const bool take_a = b == from->count || (a < into->count && into->entries[a].bucket <= from->entries[b].bucket);
        const bool take_b = a == into->count || (b < from->count && from->entries[b].bucket <= into->entries[a].bucket);
        merged[used].bucket = take_a ? into->entries[a].bucket : from->entries[b].bucket;
        merged[used].count = (take_a ? into->entries[a].count : 0) + (take_b ? from->entries[b].count : 0);
        if (merged[used].count != 0) used++;
        a += take_a;
        b += take_b;
    }
    free(into->entries);
    *into = (kept_histogram_t){.entries = merged, .count = used};
}

static void merge_row(kept_rows_t *rows, const kept_row_t *part, const rs_key_t *key, int64_t start_us,
                      int64_t length_us) {
    kept_row_t *row = find(rows, part->attribution, key, start_us);
    if (row == NULL) {
        row = add_row(rows);
        row->key = *key;
        row->key.tenant = copy_text(key->tenant);
        row->key.name = copy_text(key->name);
        row->attribution = part->attribution;
        row->start_us = start_us;
        row->length_us = length_us;
        row->threshold_us = part->threshold_us;
        for (int i = 0; i < RS_EXTREME_COUNT; i++) row->extremes[i] = -1;
    }
    row->summed++;
    for (int i = 0; i < RS_COUNT_COUNT; i++) row->counts[i] += part->counts[i];
    for (int i = 0; i < RS_EXTREME_COUNT; i++) {
        const int64_t extreme = part->extremes[i];
        const bool beyond = extreme_is_max[i] ? extreme > row->extremes[i] : extreme < row->extremes[i];
        if (extreme >= 0 && (row->extremes[i] < 0 || beyond)) row->extremes[i] = extreme;
    }
    row->bounded |= part->bounded;
    for (int i = 0; i < RS_HIST_COUNT; i++) merge_histogram(&row->histograms[i], &part->histograms[i]);
    row->still_open += part->still_open;
    if (row->threshold_us != part->threshold_us) row->threshold_us = -1;
}

void kept_rows_roll_up(const kept_rows_t *rows, const rs_interval_spec_t *interval, kept_rows_t *rolled) {
    *rolled = (kept_rows_t){0};
    for (size_t i = 0; i < rows->count; i++) {
        int64_t start_us, length_us;
        oracle_interval(interval, rows->rows[i].start_us, &start_us, &length_us);
        merge_row(rolled, &rows->rows[i], &rows->rows[i].key, start_us, length_us);
    }
}

void kept_rows_sum_parts(const kept_rows_t *rows, kept_rows_t *summed) {
    *summed = (kept_rows_t){0};
    for (size_t i = 0; i < rows->count; i++) {
        const kept_row_t *row = &rows->rows[i];
        merge_row(summed, row, &row->key, row->start_us, row->length_us);
    }
}

void kept_rows_sum_family(const kept_rows_t *rows, rs_key_family_t from, rs_key_family_t to, kept_rows_t *summed) {
    *summed = (kept_rows_t){0};
    for (size_t i = 0; i < rows->count; i++) {
        const kept_row_t *row = &rows->rows[i];
        if (row->key.family != from) continue;
        rs_key_t key = {.family = (uint8_t)to, .tenant = row->key.tenant};
        if (to == RS_FAMILY_CHANNEL) key.channel = row->key.channel;
        merge_row(summed, row, &key, row->start_us, row->length_us);
    }
}
