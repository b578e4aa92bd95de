#include "core/sums.h"

#include <stdlib.h>

/* A duration that waits: 10 bits of bucket, 4 of histogram, 1 of sign. */
enum { BUCKET_BITS = 10, HISTOGRAM_BITS = 4, TAKEN_BACK = 1 << (BUCKET_BITS + HISTOGRAM_BITS) };
_Static_assert(RS_HIST_BUCKETS <= 1 << BUCKET_BITS && RS_HIST_COUNT <= 1 << HISTOGRAM_BITS, "a waiting duration is packed into 16 bits");

/* Of many rows the mean holds; a few may all be full ones. */
enum { FEW_ROWS_LINES = 4096, FEW_ROWS_BLOCKS = 2048 };

static uint32_t at_most(uint64_t wanted) { return wanted < UINT32_MAX / 2 ? (uint32_t)wanted : UINT32_MAX / 2; }

int rs_sums_init(rs_sums_store_t *store, uint64_t max_rows) {
    *store = (rs_sums_store_t){0};
    rs_places_init(&store->places);
    store->tally = calloc(1, sizeof *store->tally);
    if (store->tally == NULL || rs_pool_init(&store->lines, RS_SUMS_LINE, at_most(max_rows * RS_LINES_EACH + FEW_ROWS_LINES)) != RS_OK ||
        rs_pool_init(&store->tables, sizeof(rs_block_table_t), at_most(max_rows * RS_TABLES_EACH + FEW_ROWS_BLOCKS)) != RS_OK ||
        rs_pool_init(&store->blocks, sizeof(rs_block_t), at_most(max_rows * RS_BLOCKS_EACH + FEW_ROWS_BLOCKS)) != RS_OK) {
        rs_sums_deinit(store);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_sums_deinit(rs_sums_store_t *store) {
    rs_pool_deinit(&store->lines);
    rs_pool_deinit(&store->tables);
    rs_pool_deinit(&store->blocks);
    free(store->tally);
    *store = (rs_sums_store_t){0};
}

uint64_t rs_sums_bytes(const rs_sums_store_t *store) {
    return rs_pool_bytes(&store->lines) + rs_pool_bytes(&store->tables) + rs_pool_bytes(&store->blocks);
}

static void *line_at(const rs_sums_store_t *store, uint32_t line) { return rs_pool_at(&store->lines, line); }

/* Zeroed; NULL and counted as dropped when there is no room. */
static void *new_line(rs_sums_store_t *store, uint32_t *line) {
    *line = rs_pool_take(&store->lines);
    if (*line != 0) return line_at(store, *line);
    store->dropped++;
    return NULL;
}

/* --- counts ------------------------------------------------------------------------------------------------------------- */
static rs_more_counts_t *find_group(const rs_sums_store_t *store, const rs_sums_t *sums, unsigned group) {
    for (uint32_t line = sums->more_counts; line != 0;) {
        rs_more_counts_t *more = line_at(store, line);
        if (more->group == group) return more;
        line = more->next;
    }
    return NULL;
}

void rs__sums_more_count(rs_sums_store_t *store, rs_sums_t *sums, unsigned place, int64_t delta) {
    const unsigned group = (place - RS_PLACES_HOT) / RS_PLACES_GROUP;
    rs_more_counts_t *more = find_group(store, sums, group);
    if (more == NULL) {
        uint32_t line;
        more = new_line(store, &line);
        if (more == NULL) return;
        more->group = group;
        more->next = sums->more_counts;
        sums->more_counts = line;
    }
    more->counts[(place - RS_PLACES_HOT) % RS_PLACES_GROUP] += delta;
}

int64_t rs_sums_get(const rs_sums_store_t *store, const rs_sums_t *sums, unsigned count) {
    const unsigned place = store->places.of[count];
    if (place < RS_PLACES_HOT) return sums->counts[place];
    const rs_more_counts_t *more = find_group(store, sums, (place - RS_PLACES_HOT) / RS_PLACES_GROUP);
    return more == NULL ? 0 : more->counts[(place - RS_PLACES_HOT) % RS_PLACES_GROUP];
}

void rs_sums_add_counts(const rs_sums_store_t *store, const rs_sums_t *sums, int64_t counts[RS_COUNT_COUNT]) {
    for (unsigned place = 0; place < RS_PLACES_HOT; place++) counts[store->places.at[place]] += sums->counts[place];
    for (uint32_t line = sums->more_counts; line != 0;) {
        const rs_more_counts_t *more = line_at(store, line);
        const uint8_t *at = &store->places.at[RS_PLACES_HOT + more->group * RS_PLACES_GROUP];
        for (unsigned i = 0; i < RS_PLACES_GROUP && at[i] < RS_COUNT_COUNT; i++) counts[at[i]] += more->counts[i];
        line = more->next;
    }
}

/* --- durations ---------------------------------------------------------------------------------------------------------- */
static bool has_histograms(const rs_sums_t *sums) {
    uint32_t any = 0;
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) any |= sums->histograms[h];
    return any != 0;
}

static void add_to_octave(rs_sums_store_t *store, rs_sums_t *sums, unsigned histogram, unsigned bucket, int32_t times) {
    rs_block_t *block = rs_blocks_make(&store->tables, &store->blocks, &sums->histograms[histogram], bucket / RS_HIST_PER_OCTAVE);
    if (block == NULL) store->dropped += (uint64_t)(times < 0 ? -(int64_t)times : times);
    else block->counts[bucket % RS_HIST_PER_OCTAVE] += times;
}

static void settle(rs_sums_store_t *store, rs_sums_t *sums, const uint16_t *durations, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        const unsigned packed = durations[i], histogram = packed >> BUCKET_BITS & ((1u << HISTOGRAM_BITS) - 1);
        add_to_octave(store, sums, histogram, packed & ((1u << BUCKET_BITS) - 1), (packed & TAKEN_BACK) != 0 ? -1 : 1);
    }
}

static void settle_all(rs_sums_store_t *store, rs_sums_t *sums) {
    while (sums->more_durations != 0) {
        const uint32_t line = sums->more_durations;
        const rs_more_durations_t *more = line_at(store, line);
        settle(store, sums, more->durations, RS_DURATIONS_IN_LINE);
        sums->more_durations = more->next;
        rs_pool_give(&store->lines, line);
    }
    settle(store, sums, sums->durations, sums->duration_count);
    sums->duration_count = 0;
}

void rs_sums_settle(rs_sums_store_t *store, rs_sums_t *sums) {
    if (sums->more_durations != 0) settle_all(store, sums);
}

uint32_t rs_sums_lines_left(const rs_sums_store_t *store) { return store->lines.max_items - store->lines.live; }

/* The sums' own place for durations is full: they move to a line while these are few. */
static void make_room(rs_sums_store_t *store, rs_sums_t *sums) {
    unsigned lines = 0;
    if (!has_histograms(sums)) {
        for (uint32_t line = sums->more_durations; line != 0; lines++) line = ((const rs_more_durations_t *)line_at(store, line))->next;
        const uint32_t line = lines < RS_DURATION_LINES ? rs_pool_take(&store->lines) : 0;
        if (line != 0) {
            rs_more_durations_t *more = line_at(store, line);
            memcpy(more->durations, sums->durations, sizeof more->durations);
            more->next = sums->more_durations;
            sums->more_durations = line;
            sums->duration_count -= RS_DURATIONS_IN_LINE;
            memcpy(sums->durations, sums->durations + RS_DURATIONS_IN_LINE, sums->duration_count * sizeof sums->durations[0]);
            return;
        }
    }
    settle_all(store, sums);
}
_Static_assert((int)RS_DURATIONS_WAITING <= 2 * (int)RS_DURATIONS_IN_LINE, "what stays does not lie over what moves");

static inline void let_wait(rs_sums_store_t *store, rs_sums_t *sums, unsigned histogram, unsigned bucket, bool taken_back) {
    if (sums->duration_count == RS_DURATIONS_WAITING) make_room(store, sums);
    const unsigned packed = histogram << BUCKET_BITS | bucket | (taken_back ? (unsigned)TAKEN_BACK : 0);
    sums->durations[sums->duration_count++] = (uint16_t)packed;
}

void rs_sums_duration(rs_sums_store_t *store, rs_sums_t *sums, rs_histogram_id_t histogram, int64_t duration_us, int sign) {
    let_wait(store, sums, histogram, rs_hist_bucket(duration_us), sign < 0);
}

void rs_sums_add_bucket(rs_sums_store_t *store, rs_sums_t *sums, unsigned histogram, unsigned bucket, int32_t times) {
    enum { FEW = 4 };
    if (times > FEW || times < -FEW) add_to_octave(store, sums, histogram, bucket, times);
    else for (int32_t i = times < 0 ? -times : times; i > 0; i--) let_wait(store, sums, histogram, bucket, times < 0);
}

/* --- extremes ----------------------------------------------------------------------------------------------------------- */
static const bool extreme_is_max[] = {
#define RS_X(NAME, name, is_max) is_max,
    RS_EXTREMES(RS_X)
#undef RS_X
};

static void push_out(rs_best_t *best, int64_t value) {
    if (value > best->pushed) best->pushed = value;
    best->pushed_count++;
}

static void take_back_pushed(rs_best_t *best) {
    if (best->pushed_count == 0) return;
    if (--best->pushed_count == 0) best->pushed = INT64_MIN;
}

static void best_add(rs_best_t *best, int64_t value) {
    uint32_t place = best->count;
    while (place > 0 && best->kept[place - 1] < value) place--;
    if (place == RS_BEST_KEPT || (place == best->count && value < best->pushed)) {   /* no room, or a better one had none before */
        push_out(best, value);
        return;
    }
    if (best->count == RS_BEST_KEPT) push_out(best, best->kept[--best->count]);
    memmove(&best->kept[place + 1], &best->kept[place], (best->count - place) * sizeof best->kept[0]);
    best->kept[place] = value;
    best->count++;
}

static void best_take_back(rs_best_t *best, int64_t value) {
    for (uint32_t i = 0; i < best->count; i++) {
        if (best->kept[i] != value) continue;
        best->count--;
        memmove(&best->kept[i], &best->kept[i + 1], (best->count - i) * sizeof best->kept[0]);
        return;
    }
    take_back_pushed(best);
}

/* The last of the kept ones when there is no room for more: most values are not better, and change nothing of these. */
static int64_t worst_of(const rs_best_t *best) { return best->count == RS_BEST_KEPT ? best->kept[RS_BEST_KEPT - 1] : INT64_MIN; }

void rs_sums_extreme(rs_sums_store_t *store, rs_sums_t *sums, rs_extreme_t extreme, int64_t value_us, int sign) {
    const int64_t value = extreme_is_max[extreme] ? value_us : -value_us;
    rs_best_t *best;
    if (sums->bests[extreme] != 0) best = line_at(store, sums->bests[extreme]);
    else if (sign < 0 || (best = new_line(store, &sums->bests[extreme])) == NULL) return;
    else best->pushed = INT64_MIN;
    if (sign > 0) best_add(best, value);
    else if (value < worst_of(best)) take_back_pushed(best);
    else best_take_back(best, value);
}

/* How many values an extreme of these sums rests on. */
static int64_t rests_on(const rs_sums_store_t *store, const rs_sums_t *sums, unsigned extreme) {
    switch (extreme) {
        case RS_EXTREME_ANSWERED_MIN: case RS_EXTREME_ANSWERED_MAX: return rs_sums_get(store, sums, RS_COUNT_ANSWERED);
        case RS_EXTREME_ABANDONED_MIN: case RS_EXTREME_ABANDONED_MAX: return rs_sums_get(store, sums, RS_COUNT_ABANDONED);
        default:
            return rs_sums_get(store, sums, RS_COUNT_ANSWERED) + rs_sums_get(store, sums, RS_COUNT_ABANDONED) +
                   rs_sums_get(store, sums, RS_COUNT_FLOWED_OUT) + rs_sums_get(store, sums, RS_COUNT_CALLBACKS);
    }
}

/* The greatest (least) value that this histogram of the row allows, a least one turned round; INT64_MIN: it is empty. */
static int64_t allowed_by(const rs_row_t *row, unsigned histogram, bool is_max) {
    const rs_hist_entry_t *entries = row->histograms[histogram];
    int64_t found = INT64_MIN;
    for (uint32_t i = 0; i < row->histogram_sizes[histogram]; i++) {
        if (entries[i].count <= 0) continue;
        if (!is_max) return -rs_hist_low_ms(entries[i].bucket) * 1000;
        const int64_t high_ms = rs_hist_high_ms(entries[i].bucket);
        found = high_ms > RS_HIST_LIMIT_MS ? INT64_MAX : high_ms * 1000 + 999;
    }
    return found;
}

/* What the row's histograms say of an extreme whose best values were all taken back. */
static int64_t allowed(const rs_row_t *row, unsigned extreme) {
    if (extreme == RS_EXTREME_ANSWERED_MIN || extreme == RS_EXTREME_ANSWERED_MAX) {
        return allowed_by(row, RS_HIST_WAIT_ANSWERED, extreme_is_max[extreme]);
    }
    const int64_t abandoned = allowed_by(row, RS_HIST_WAIT_ABANDONED, extreme_is_max[extreme]);
    if (extreme != RS_EXTREME_WAIT_MAX) return abandoned;
    if (row->counts[RS_COUNT_FLOWED_OUT] + row->counts[RS_COUNT_CALLBACKS] != 0) return INT64_MAX;   /* their waits are in none */
    const int64_t answered = allowed_by(row, RS_HIST_WAIT_ANSWERED, true);
    return answered > abandoned ? answered : abandoned;
}

static void read_extreme(const rs_sums_store_t *store, const rs_sums_t *const parts[2], unsigned extreme, rs_row_t *row) {
    int64_t found = INT64_MIN, pushed = INT64_MIN;
    for (unsigned i = 0; i < 2; i++) {
        if (parts[i] == NULL || parts[i]->bests[extreme] == 0 || rests_on(store, parts[i], extreme) == 0) continue;
        const rs_best_t *best = line_at(store, parts[i]->bests[extreme]);
        if (best->count > 0 && best->kept[0] > found) found = best->kept[0];
        if (best->count == 0 && best->pushed > pushed) pushed = best->pushed;
    }
    if (pushed > found) {
        const int64_t limit = allowed(row, extreme), bound = limit < pushed ? limit : pushed;
        if (bound > found) {
            found = bound;
            row->bounded |= (uint8_t)(1u << extreme);
        }
    }
    row->extremes[extreme] = found == INT64_MIN ? -1 : extreme_is_max[extreme] ? found : -found;
}

void rs_sums_extremes(const rs_sums_store_t *store, const rs_sums_t *const parts[2], rs_row_t *row) {
    for (unsigned extreme = 0; extreme < RS_EXTREME_COUNT; extreme++) read_extreme(store, parts, extreme, row);
}

/* --- thresholds --------------------------------------------------------------------------------------------------------- */
/* The place is the first free one, whether the line is there or not. */
static void add_further(rs_sums_store_t *store, rs_sums_t *sums, int64_t threshold_us, int facts) {
    rs_more_thresholds_t *more = sums->more_thresholds != 0 ? line_at(store, sums->more_thresholds) : NULL;
    unsigned free_place = more == NULL ? 0 : RS_THRESHOLDS_KEPT - 1;
    for (unsigned i = RS_THRESHOLDS_KEPT - 1; i-- > 0 && more != NULL;) {
        if (more->facts[i] == 0) free_place = i;
        else if (more->thresholds[i] == threshold_us) {
            more->facts[i] += facts;
            return;
        }
    }
    /* One that is not among the places was counted without one, if any was. */
    const bool without = more != NULL && facts < 0 && more->others > 0;
    if (sums->threshold_facts == 0 && !without) {
        sums->threshold_us = threshold_us;
        sums->threshold_facts = facts;
        return;
    }
    if (more == NULL && (more = new_line(store, &sums->more_thresholds)) == NULL) return;
    if (without || free_place == RS_THRESHOLDS_KEPT - 1) {
        more->others += facts;
        return;
    }
    more->thresholds[free_place] = threshold_us;
    more->facts[free_place] = facts;
}

void rs_sums_threshold(rs_sums_store_t *store, rs_sums_t *sums, int64_t threshold_us, int facts) {
    if (sums->threshold_facts != 0 && sums->threshold_us == threshold_us) sums->threshold_facts += facts;
    else add_further(store, sums, threshold_us, facts);
}

typedef struct uses { int64_t thresholds[RS_ROW_THRESHOLDS], facts[RS_ROW_THRESHOLDS]; unsigned count; } uses_t;
_Static_assert(RS_ROW_THRESHOLDS == 2 * RS_THRESHOLDS_KEPT + 1, "those of two parts, and those not known");

static void add_use(uses_t *uses, int64_t threshold_us, int64_t facts) {
    unsigned place = 0;
    if (facts == 0) return;
    while (place < uses->count && uses->thresholds[place] != threshold_us) place++;
    if (place == uses->count) uses->facts[uses->count++] = 0;
    uses->thresholds[place] = threshold_us;
    uses->facts[place] += facts;
}

static void gather_uses(const rs_sums_store_t *store, const rs_sums_t *const parts[2], uses_t *uses) {
    for (unsigned p = 0; p < 2; p++) {
        if (parts[p] == NULL) continue;
        add_use(uses, parts[p]->threshold_us, parts[p]->threshold_facts);
        if (parts[p]->more_thresholds == 0) continue;
        const rs_more_thresholds_t *more = line_at(store, parts[p]->more_thresholds);
        add_use(uses, -1, more->others);
        for (unsigned i = 0; i < RS_THRESHOLDS_KEPT - 1; i++) add_use(uses, more->thresholds[i], more->facts[i]);
    }
}

void rs_sums_read_threshold(const rs_sums_store_t *store, const rs_sums_t *const parts[2], rs_row_t *row) {
    const int64_t closed = row->counts[RS_COUNT_ANSWERED] + row->counts[RS_COUNT_ABANDONED] + row->counts[RS_COUNT_FLOWED_OUT] +
                           row->counts[RS_COUNT_CALLBACKS];
    uses_t uses = {.count = 0};
    gather_uses(store, parts, &uses);
    row->threshold_count = 0;
    for (unsigned i = 0; i < uses.count; i++) {
        if (uses.facts[i] == 0) continue;
        row->thresholds_us[row->threshold_count] = uses.thresholds[i];
        row->threshold_legs[row->threshold_count++] = uses.facts[i];
    }
    row->threshold_us = row->threshold_count == 1 ? row->thresholds_us[0] : -1;
    if (row->threshold_count == 1 && row->threshold_us >= 0 && row->threshold_legs[0] == closed) row->threshold_count = 0;
}

/* --- histograms --------------------------------------------------------------------------------------------------------- */
static void tally(rs_tally_t *into, const uint16_t *durations, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        const unsigned packed = durations[i], histogram = packed >> BUCKET_BITS & ((1u << HISTOGRAM_BITS) - 1);
        const unsigned bucket = packed & ((1u << BUCKET_BITS) - 1), octave = bucket / RS_HIST_PER_OCTAVE;
        into->octaves[histogram][octave].counts[bucket % RS_HIST_PER_OCTAVE] += (packed & TAKEN_BACK) != 0 ? -1 : 1;
        into->buckets[histogram][octave] |= 1u << (bucket % RS_HIST_PER_OCTAVE);
        into->used[histogram] |= 1u << octave;
    }
}

static void tally_waiting(const rs_sums_store_t *store, const rs_sums_t *sums) {
    for (uint32_t line = sums->more_durations; line != 0;) {
        const rs_more_durations_t *more = line_at(store, line);
        tally(store->tally, more->durations, RS_DURATIONS_IN_LINE);
        line = more->next;
    }
    tally(store->tally, sums->durations, sums->duration_count);
}

/* Returns the buckets that may be other than 0 then. */
static uint32_t add_block(const rs_sums_store_t *store, const rs_block_table_t *table, uint32_t place, rs_block_t *sum) {
    if (table == NULL || (table->used & 1u << place) == 0) return 0;
    const rs_block_t *block = rs_pool_at(&store->blocks, table->blocks[place]);
    for (uint32_t i = 0; i < RS_HIST_PER_OCTAVE; i++) sum->counts[i] += block->counts[i];
    return UINT32_MAX;
}
_Static_assert(RS_HIST_PER_OCTAVE == 32, "the buckets of an octave are bits of one word");

static const rs_block_table_t *table_of(const rs_sums_store_t *store, const rs_sums_t *sums, unsigned histogram) {
    if (sums == NULL || sums->histograms[histogram] == 0) return NULL;
    return rs_pool_at(&store->tables, sums->histograms[histogram]);
}

static uint32_t read_histogram(const rs_sums_store_t *store, const rs_sums_t *const parts[2], unsigned histogram,
                               rs_hist_entry_t *entries) {
    const rs_block_table_t *tables[2] = {table_of(store, parts[0], histogram), table_of(store, parts[1], histogram)};
    uint32_t used = store->tally->used[histogram], count = 0;
    for (unsigned i = 0; i < 2; i++) used |= tables[i] == NULL ? 0 : tables[i]->used;
    for (; used != 0; used &= used - 1) {
        const uint32_t place = (uint32_t)__builtin_ctz(used);
        rs_block_t *sum = &store->tally->octaves[histogram][place];
        uint32_t buckets = store->tally->buckets[histogram][place];
        for (unsigned i = 0; i < 2; i++) buckets |= add_block(store, tables[i], place, sum);
        for (; buckets != 0; buckets &= buckets - 1) {
            const uint32_t i = (uint32_t)__builtin_ctz(buckets);
            if (sum->counts[i] == 0) continue;
            entries[count++] = (rs_hist_entry_t){.bucket = (uint16_t)(place * RS_HIST_PER_OCTAVE + i), .count = sum->counts[i]};
            sum->counts[i] = 0;
        }
        store->tally->buckets[histogram][place] = 0;
    }
    store->tally->used[histogram] = 0;
    return count;
}

void rs_sums_histograms(const rs_sums_store_t *store, const rs_sums_t *const parts[2], rs_hist_entry_t *entries,
                        uint32_t sizes[RS_HIST_COUNT]) {
    for (unsigned i = 0; i < 2; i++) {
        if (parts[i] != NULL) tally_waiting(store, parts[i]);
    }
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) sizes[h] = read_histogram(store, parts, h, entries + (size_t)h * RS_HIST_BUCKETS);
}

/* --- ahead of reading --------------------------------------------------------------------------------------------------- */
void rs_sums_prefetch(const rs_sums_store_t *store, const rs_sums_t *sums) {
    if (sums->more_counts != 0) __builtin_prefetch(line_at(store, sums->more_counts));
    if (sums->more_durations != 0) __builtin_prefetch(line_at(store, sums->more_durations));
    for (unsigned e = 0; e < RS_EXTREME_COUNT; e++) {
        if (sums->bests[e] != 0) __builtin_prefetch(line_at(store, sums->bests[e]));
    }
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        if (sums->histograms[h] == 0) continue;
        const unsigned char *table = rs_pool_at(&store->tables, sums->histograms[h]);
        __builtin_prefetch(table);
        __builtin_prefetch(table + 64);
    }
}

void rs_sums_prefetch_blocks(const rs_sums_store_t *store, const rs_sums_t *sums) {
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) {
        const rs_block_table_t *table = table_of(store, sums, h);
        for (uint32_t left = table == NULL ? 0 : table->used; left != 0; left &= left - 1) {
            const rs_block_t *block = rs_pool_at(&store->blocks, table->blocks[__builtin_ctz(left)]);
            __builtin_prefetch(&block->counts[0]);
            __builtin_prefetch(&block->counts[16]);
        }
    }
}

/* --- ending and saving ---------------------------------------------------------------------------------------------------- */
void rs_sums_free(rs_sums_store_t *store, const rs_sums_t *sums) {
    const uint32_t chains[2] = {sums->more_counts, sums->more_durations};
    for (unsigned i = 0; i < 2; i++) {
        for (uint32_t line = chains[i], next; line != 0; line = next) {
            memcpy(&next, line_at(store, line), sizeof next);
            rs_pool_give(&store->lines, line);
        }
    }
    for (unsigned e = 0; e < RS_EXTREME_COUNT; e++) {
        if (sums->bests[e] != 0) rs_pool_give(&store->lines, sums->bests[e]);
    }
    if (sums->more_thresholds != 0) rs_pool_give(&store->lines, sums->more_thresholds);
    for (unsigned h = 0; h < RS_HIST_COUNT; h++) rs_blocks_give(&store->tables, &store->blocks, sums->histograms[h]);
}

static void save_threshold(rs_sums_saved_t *saved, unsigned place, int64_t threshold_us, int64_t facts) {
    saved->thresholds[place] = facts == 0 ? 0 : threshold_us;
    saved->threshold_uses[place] = facts;
}

void rs_sums_save(const rs_sums_store_t *store, const rs_sums_t *sums, rs_sums_saved_t *saved) {
    memset(saved, 0, sizeof *saved);
    for (unsigned e = 0; e < RS_EXTREME_COUNT; e++) {
        saved->edges[e].worst = saved->edges[e].pushed = INT64_MIN;
        if (sums->bests[e] == 0) continue;
        const rs_best_t *best = line_at(store, sums->bests[e]);
        saved->edges[e].worst = worst_of(best);
        saved->edges[e].pushed = best->pushed;
        saved->edges[e].pushed_count = best->pushed_count;
        saved->bests[e].count = best->count;
        memcpy(saved->bests[e].kept, best->kept, best->count * sizeof best->kept[0]);
    }
    save_threshold(saved, 0, sums->threshold_us, sums->threshold_facts);
    if (sums->more_thresholds == 0) return;
    const rs_more_thresholds_t *more = line_at(store, sums->more_thresholds);
    for (unsigned i = 1; i < RS_THRESHOLDS_KEPT; i++) save_threshold(saved, i, more->thresholds[i - 1], more->facts[i - 1]);
    saved->threshold_others = more->others;
}

static bool restore_bests(rs_sums_store_t *store, rs_sums_t *sums, const rs_sums_saved_t *saved) {
    for (unsigned e = 0; e < RS_EXTREME_COUNT; e++) {
        if (saved->bests[e].count == 0 && saved->edges[e].pushed == INT64_MIN) continue;
        rs_best_t *best = new_line(store, &sums->bests[e]);
        if (best == NULL) return false;
        best->pushed = saved->edges[e].pushed;
        best->pushed_count = saved->edges[e].pushed_count;
        best->count = saved->bests[e].count;
        memcpy(best->kept, saved->bests[e].kept, sizeof best->kept);
    }
    return true;
}

bool rs_sums_restore(rs_sums_store_t *store, rs_sums_t *sums, const rs_sums_saved_t *saved) {
    int64_t further = saved->threshold_others;
    if (!restore_bests(store, sums, saved)) return false;
    sums->threshold_us = saved->thresholds[0];
    sums->threshold_facts = saved->threshold_uses[0];
    for (unsigned i = 1; i < RS_THRESHOLDS_KEPT; i++) further |= saved->threshold_uses[i];
    if (further == 0) return true;
    rs_more_thresholds_t *more = new_line(store, &sums->more_thresholds);
    if (more == NULL) return false;
    for (unsigned i = 1; i < RS_THRESHOLDS_KEPT; i++) {
        more->thresholds[i - 1] = saved->thresholds[i];
        more->facts[i - 1] = saved->threshold_uses[i];
    }
    more->others = saved->threshold_others;
    return true;
}
