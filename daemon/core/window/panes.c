/* The pane log: for each second, the records of what happened in it. See window_internal.h.
 *
 * A record's items are packed in units of 16 bits, counts before buckets: 13 bits say what, 3 bits how the delta follows. Most
 * are +1 and take one unit. Three and more of the hottest counts come as a bit mask of 13 places and two bits each that say how
 * their deltas follow; the verdicts of the policies (sixteen counts that are last in the list) as a bit mask, too.
 * A change that repeats the one before it, only under another key (the queue's, its channel's, the total's, the counts alone
 * for the agent's), is not written again: its key joins the record. */
#include "core/window/window_internal.h"

#include <stdlib.h>

enum {
    KIND_PLUS_ONE = 0, KIND_MINUS_ONE, KIND_16, KIND_32, KIND_64,
    KIND_VERDICTS,          /* +1 for each bit of the next unit: bit 0 is RS_COUNT_SL_NUM_0 */
    KIND_VERDICTS_BACK,     /* -1 */
    KIND_HOT,               /* the 13 bits say which places below HOT_PLACES follow, their widths first */
    KIND_SHIFT = 13,
    HOT_PLACES = 13, FEWEST_HOT = 3, WIDTHS_PER_UNIT = 8
};
static_assert((int)HOT_PLACES <= (int)KIND_SHIFT && (int)HOT_PLACES <= (int)RS_PLACES_HOT, "hot places are bits of one unit");
static_assert(RS_COUNT_SL_DEN_7 - RS_COUNT_SL_NUM_0 == 15, "a mask of verdicts has 16 bits");

/* The first units of a segment: how many runs in it are still needed. */
typedef struct segment_head { uint32_t live; uint32_t unused; } segment_head_t;
static_assert(sizeof(segment_head_t) == RS__SEGMENT_HEAD_UNITS * 2, "units of the head");

void rs__log_init(rs__log_t *log, rs__arena_t *arena, const rs_places_t *places) {
    log->places = places;
    rs__slab_init(&log->seconds, arena, (sizeof(rs__second_t) + 7) / 8 * 8, 8);
    rs__slab_init(&log->segments, arena, RS__SEGMENT_BYTES, 0);
    memset(log->slots, 0xff, sizeof log->slots);
    log->segment = log->last_record = log->last_second = log->found = RS__NONE;
    log->greatest_second = INT64_MIN;
}

void rs__log_free(rs__log_t *log) {
    rs__slab_free(&log->seconds);
    rs__slab_free(&log->segments);
}

bool rs__log_reserve(rs__log_t *log) {
    /* One for a change, and what the open panes will need when they close. */
    const uint32_t segments = 1 + (log->promised + RS__OPEN_PER_SEGMENT - 1) / RS__OPEN_PER_SEGMENT;
    if (!rs__slab_reserve(&log->seconds, 1)) return false;
    if (log->segments.free_count >= segments) return true;
    return log->segments.page_count + segments <= RS__MAX_SEGMENTS && rs__slab_reserve(&log->segments, segments);
}

static rs__second_t *second_at(const rs__log_t *log, uint32_t second) { return rs__slab_at(&log->seconds, second); }

static uint16_t *units_at(const rs__log_t *log, uint32_t record) {
    uint16_t *segment = rs__slab_at(&log->segments, record / RS__SEGMENT_UNITS);
    return segment + record % RS__SEGMENT_UNITS;
}

static segment_head_t *head_of(const rs__log_t *log, uint32_t segment) { return rs__slab_at(&log->segments, segment); }

uint32_t rs__log_find(rs__log_t *log, int64_t second) {
    if (log->found != RS__NONE && second_at(log, log->found)->second == second) return log->found;
    uint32_t at = log->slots[(uint64_t)second % RS__SLOTS];
    while (at != RS__NONE && second_at(log, at)->second != second) at = second_at(log, at)->next;
    if (at != RS__NONE) log->found = at;
    return at;
}

static uint32_t find_or_add_second(rs__log_t *log, int64_t second) {
    const uint32_t found = rs__log_find(log, second);
    if (found != RS__NONE) return found;
    const uint32_t added = rs__slab_take(&log->seconds);
    uint32_t *slot = &log->slots[(uint64_t)second % RS__SLOTS];
    *second_at(log, added) = (rs__second_t){.second = second, .next = *slot, .first = RS__NONE, .last = RS__NONE};
    *slot = added;
    log->second_count++;
    log->found = added;
    if (second > log->greatest_second) log->greatest_second = second;
    return added;
}

void rs__log_add_second(rs__log_t *log, int64_t second) { (void)find_or_add_second(log, second); }

static void release_segment_if_empty(rs__log_t *log, uint32_t segment) {
    if (segment != log->segment && head_of(log, segment)->live == 0) rs__slab_give(&log->segments, segment);
}

/* Room for the longest record at log->units of log->segment. */
static void make_room(rs__log_t *log) {
    if (log->segment != RS__NONE && log->units + RS__RECORD_MAX_UNITS <= RS__SEGMENT_UNITS) return;
    const uint32_t full = log->segment;
    log->segment = rs__slab_take(&log->segments);
    log->units = RS__SEGMENT_HEAD_UNITS;
    *head_of(log, log->segment) = (segment_head_t){0};
    log->last_record = log->last_second = RS__NONE;
    if (full != RS__NONE) release_segment_if_empty(log, full);
}

/* --- packing ------------------------------------------------------------------------------------------------------ */
static uint16_t *put(uint16_t *out, uint32_t kind, uint16_t what) {
    *out = (uint16_t)(kind << KIND_SHIFT | what);
    return out + 1;
}

/* How a delta that is not -1 follows: WIDTH_* are also the two bits of a hot count. */
enum { WIDTH_ONE = 0, WIDTH_16, WIDTH_32, WIDTH_64 };
static const uint8_t units_of_width[] = {[WIDTH_ONE] = 0, [WIDTH_16] = 1, [WIDTH_32] = 2, [WIDTH_64] = 4};
static const uint8_t kind_of_width[] = {[WIDTH_ONE] = KIND_PLUS_ONE, [WIDTH_16] = KIND_16, [WIDTH_32] = KIND_32, [WIDTH_64] = KIND_64};

static uint32_t width_of(int64_t delta) {
    if (delta == 1) return WIDTH_ONE;
    if (delta == (int16_t)delta) return WIDTH_16;
    return delta == (int32_t)delta ? WIDTH_32 : WIDTH_64;
}

static uint16_t *put_delta(uint16_t *out, int64_t delta, uint32_t width) {
    for (uint32_t i = 0; i < units_of_width[width]; i++) out[i] = (uint16_t)((uint64_t)delta >> (16 * i));
    return out + units_of_width[width];
}

static uint16_t *put_item(uint16_t *out, const rs__item_t *item) {
    if (item->delta == -1) return put(out, KIND_MINUS_ONE, item->what);
    const uint32_t width = width_of(item->delta);
    return put_delta(put(out, kind_of_width[width], item->what), item->delta, width);
}

static uint16_t *put_verdicts(uint16_t *out, uint32_t kind, uint16_t mask) {
    if (mask == 0) return out;
    out = put(out, kind, 0);
    *out = mask;
    return out + 1;
}

typedef struct hot { const rs__item_t *items[HOT_PLACES]; uint16_t mask; } hot_t;

/* The first item of each hot count, unless they are so few that it does not pay. */
static void gather_hot(const rs_places_t *places, const rs__item_t *items, uint32_t count, hot_t *hot) {
    hot->mask = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].what >= RS__WHAT_HISTOGRAMS) continue;
        const uint32_t place = places->of[items[i].what];
        if (place >= HOT_PLACES || (hot->mask >> place & 1) != 0) continue;
        hot->items[place] = &items[i];
        hot->mask |= (uint16_t)(1u << place);
    }
    if (__builtin_popcount(hot->mask) < FEWEST_HOT) hot->mask = 0;
}

static bool is_gathered(const rs_places_t *places, const hot_t *hot, const rs__item_t *item) {
    const uint32_t place = places->of[item->what];
    return place < HOT_PLACES && (hot->mask >> place & 1) != 0 && hot->items[place] == item;
}

static uint16_t *put_hot(uint16_t *out, const hot_t *hot) {
    if (hot->mask == 0) return out;
    out = put(out, KIND_HOT, hot->mask);
    uint16_t *widths = out;
    const uint32_t width_units = ((uint32_t)__builtin_popcount(hot->mask) + WIDTHS_PER_UNIT - 1) / WIDTHS_PER_UNIT;
    for (uint32_t i = 0; i < width_units; i++) *out++ = 0;
    uint32_t at = 0;
    for (uint32_t left = hot->mask; left != 0; left &= left - 1, at++) {
        const int64_t delta = hot->items[__builtin_ctz(left)]->delta;
        const uint32_t width = width_of(delta);
        widths[at / WIDTHS_PER_UNIT] |= (uint16_t)(width << (at % WIDTHS_PER_UNIT * 2));
        out = put_delta(out, delta, width);
    }
    return out;
}

/* Returns where the packed items end; *counts_end: where the counts among them do. */
static uint16_t *pack(const rs_places_t *places, uint16_t *out, const rs__item_t *items, uint32_t count, uint16_t **counts_end) {
    uint16_t verdicts[2] = {0, 0};
    hot_t hot;
    gather_hot(places, items, count, &hot);
    out = put_hot(out, &hot);
    for (uint32_t i = 0; i < count; i++) {
        const rs__item_t *item = &items[i];
        if (item->what >= RS__WHAT_HISTOGRAMS || is_gathered(places, &hot, item)) continue;
        const bool is_verdict = item->what >= RS_COUNT_SL_NUM_0 && item->what <= RS_COUNT_SL_DEN_7;
        if (is_verdict && (item->delta == 1 || item->delta == -1)) {
            const uint16_t bit = (uint16_t)(1u << (item->what - RS_COUNT_SL_NUM_0));
            uint16_t *mask = &verdicts[item->delta < 0];
            if ((*mask & bit) == 0) {
                *mask |= bit;
                continue;
            }
        }
        out = put_item(out, item);
    }
    out = put_verdicts(out, KIND_VERDICTS, verdicts[0]);
    out = put_verdicts(out, KIND_VERDICTS_BACK, verdicts[1]);
    *counts_end = out;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].what >= RS__WHAT_HISTOGRAMS) out = put_item(out, &items[i]);
    }
    return out;
}

static int64_t take_delta(const uint16_t *units, uint32_t width) {
    if (width == WIDTH_ONE) return 1;
    if (width == WIDTH_16) return (int16_t)units[0];
    if (width == WIDTH_32) return (int32_t)(units[0] | (uint32_t)units[1] << 16);
    uint64_t delta = 0;
    for (uint32_t i = 0; i < 4; i++) delta |= (uint64_t)units[i] << (16 * i);
    return (int64_t)delta;
}

static uint32_t take_verdicts(rs__item_t *items, uint32_t count, uint32_t mask, int64_t delta) {
    for (; mask != 0; mask &= mask - 1) {
        const uint32_t bit = (uint32_t)__builtin_ctz(mask);
        items[count++] = (rs__item_t){.what = (uint16_t)(RS_COUNT_SL_NUM_0 + bit), .delta = delta};
    }
    return count;
}

/* Returns where they end. */
static const uint16_t *take_hot(const rs_places_t *places, const uint16_t *at, uint32_t mask, rs__item_t *items, uint32_t *count) {
    const uint16_t *widths = at;
    at += ((uint32_t)__builtin_popcount(mask) + WIDTHS_PER_UNIT - 1) / WIDTHS_PER_UNIT;
    for (uint32_t i = 0; mask != 0; mask &= mask - 1, i++) {
        const uint32_t width = widths[i / WIDTHS_PER_UNIT] >> (i % WIDTHS_PER_UNIT * 2) & 3;
        items[(*count)++] = (rs__item_t){.what = places->at[__builtin_ctz(mask)], .delta = take_delta(at, width)};
        at += units_of_width[width];
    }
    return at;
}

static uint32_t item_units_of(uint16_t head) { return head >> RS__ITEM_UNITS_SHIFT; }
static uint32_t key_count_of(uint16_t head) { return head & RS__RECORD_MAX_KEYS; }

void rs__log_read(const rs__log_t *log, uint32_t number, rs__item_t *items, rs__record_t *out) {
    const uint16_t *at = units_at(log, number), *end = at + RS__RECORD_HEAD_UNITS + item_units_of(*at);
    uint32_t count = 0, buckets = 0;
    *out = (rs__record_t){.number = number, .key_count = key_count_of(*at), .slots = end, .items = items};
    at += RS__RECORD_HEAD_UNITS;
    while (at < end) {
        const uint32_t kind = *at >> KIND_SHIFT;
        const uint16_t what = *at++ & ((1u << KIND_SHIFT) - 1);
        const uint32_t width = kind == KIND_16 ? WIDTH_16 : kind == KIND_32 ? WIDTH_32 : WIDTH_64;
        switch (kind) {
            case KIND_HOT: at = take_hot(log->places, at, what, items, &count); continue;
            case KIND_VERDICTS: count = take_verdicts(items, count, *at++, 1); continue;
            case KIND_VERDICTS_BACK: count = take_verdicts(items, count, *at++, -1); continue;
            case KIND_PLUS_ONE: items[count++] = (rs__item_t){.what = what, .delta = 1}; break;
            case KIND_MINUS_ONE: items[count++] = (rs__item_t){.what = what, .delta = -1}; break;
            default:
                items[count++] = (rs__item_t){.what = what, .delta = take_delta(at, width)};
                at += units_of_width[width];
        }
        buckets += what >= RS__WHAT_HISTOGRAMS;
    }
    out->item_count = count;
    out->counts = count - buckets;
}

/* --- slots -------------------------------------------------------------------------------------------------------- */
static uint32_t load_32(const uint16_t *units) {
    uint32_t value;
    memcpy(&value, units, sizeof value);
    return value;
}
static void store_32(uint16_t *units, uint32_t value) { memcpy(units, &value, sizeof value); }

rs__slot_t rs__record_slot(const uint16_t **at) {
    const uint32_t marked = load_32(*at);
    rs__slot_t slot = {.key = marked & RS__KEY_BITS, .marks = marked & ~RS__KEY_BITS, .previous = RS__NONE};
    *at += 2;
    if ((slot.marks & RS__CHAINED) == 0) return slot;
    slot.previous = load_32(*at);
    *at += 2;
    return slot;
}

rs__slot_t rs__record_find(const rs__record_t *record, uint32_t key) {
    const uint16_t *at = record->slots;
    rs__slot_t slot = rs__record_slot(&at);
    for (uint32_t i = 1; i < record->key_count && slot.key != key; i++) slot = rs__record_slot(&at);
    RS_REQUIRE(slot.key == key);
    return slot;
}

/* Puts the key at the end of the log, as part of `record`, and chains it to what the key had before in that second. */
static void put_key(rs__log_t *log, rs__key_t *key, int64_t second, uint32_t record, bool has_waits) {
    uint32_t marked = key->number | RS__LAST | (has_waits ? RS__HAS_WAITS : 0) | (key->is_full ? RS__FULL : 0);
    const uint32_t slot = log->segment * RS__SEGMENT_UNITS + log->units;
    if (key->pane_s == second) {
        uint16_t *before = units_at(log, key->pane_slot);
        marked |= RS__CHAINED | (load_32(before) & RS__HAS_WAITS);
        store_32(before, load_32(before) & ~RS__LAST);
        store_32(units_at(log, slot) + 2, key->pane_record);
        log->units += 2;
    }
    store_32(units_at(log, slot), marked);
    log->units += 2;
    key->pane_s = second;
    key->pane_record = record;
    key->pane_slot = slot;
}

/* --- records ------------------------------------------------------------------------------------------------------ */
/* The fresh record repeats the newest one, or, for a SUMS key, its counts: then only its key is kept. */
static bool repeats_newest(const rs__log_t *log, const uint16_t *fresh, uint32_t item_units, bool full) {
    const uint16_t *newest = units_at(log, log->last_record);
    const uint32_t newest_units = full ? item_units_of(*newest) : log->last_count_units;
    if (newest_units != item_units || key_count_of(*newest) == RS__RECORD_MAX_KEYS) return false;
    return memcmp(newest + RS__RECORD_HEAD_UNITS, fresh + RS__RECORD_HEAD_UNITS, item_units * 2) == 0;
}

static void begin_run(rs__log_t *log, uint32_t second) {
    const uint32_t run = log->segment * RS__SEGMENT_UNITS + log->units;
    uint16_t *head = units_at(log, run);
    store_32(head, RS__NONE);
    head_of(log, log->segment)->live++;
    rs__second_t *owner = second_at(log, second);
    if (owner->last == RS__NONE) owner->first = run;
    else store_32(units_at(log, owner->last), run);
    owner->last = run;
    log->last_second = second;
    log->units += RS__RUN_HEAD_UNITS;
}

void rs__log_append(rs__log_t *log, rs__key_t *key, int64_t second, const rs__item_t *items, uint32_t count,
                    bool has_waits) {
    const uint32_t second_number = find_or_add_second(log, second);
    make_room(log);
    const bool same_run = log->last_second == second_number && log->last_second != RS__NONE;
    uint32_t record = log->segment * RS__SEGMENT_UNITS + log->units + (same_run ? 0 : RS__RUN_HEAD_UNITS);
    uint16_t *fresh = units_at(log, record), *counts_end;
    const uint16_t *end = pack(log->places, fresh + RS__RECORD_HEAD_UNITS, items, count, &counts_end);
    const uint32_t item_units = (uint32_t)(end - fresh) - RS__RECORD_HEAD_UNITS;
    const bool key_is_in_newest = key->pane_s == second && key->pane_record == log->last_record;
    if (same_run && !key_is_in_newest && repeats_newest(log, fresh, item_units, key->is_full)) {
        record = log->last_record; /* it ends where the fresh one begins */
        ++*units_at(log, record);
    } else {
        if (same_run) *units_at(log, log->last_record) &= (uint16_t)~RS__ENDS_RUN;
        else begin_run(log, second_number);
        *fresh = (uint16_t)(item_units << RS__ITEM_UNITS_SHIFT | RS__ENDS_RUN | 1);
        log->units += RS__RECORD_HEAD_UNITS + item_units;
        log->last_record = record;
        log->last_count_units = (uint32_t)(counts_end - fresh) - RS__RECORD_HEAD_UNITS;
    }
    put_key(log, key, second, record, has_waits);
}

/* --- walking ------------------------------------------------------------------------------------------------------ */
static uint32_t next_run(const rs__log_t *log, uint32_t run) { return load_32(units_at(log, run)); }

void rs__walk_begin(uint32_t run, rs__walk_t *walk) {
    *walk = (rs__walk_t){.run = run, .record = run + RS__RUN_HEAD_UNITS};
}

bool rs__walk_next(const rs__log_t *log, rs__walk_t *walk, rs__item_t *items, rs__record_t *out) {
    if (walk->run == RS__NONE) return false;
    rs__log_read(log, walk->record, items, out);
    const uint16_t *at = out->slots;
    for (uint32_t i = 0; i < out->key_count; i++) at += (load_32(at) & RS__CHAINED) != 0 ? 4 : 2;
    const uint16_t *head = units_at(log, walk->record);
    walk->record += (uint32_t)(at - head);
    if ((*head & RS__ENDS_RUN) != 0) rs__walk_begin(next_run(log, walk->run), walk);
    return true;
}

/* --- panes of several records ------------------------------------------------------------------------------------- */
void rs__merge(rs__merged_t *merged, const rs__item_t *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t what = items[i].what;
        merged->deltas[what] = (int64_t)((uint64_t)merged->deltas[what] + (uint64_t)items[i].delta);
        merged->touched[what / 64] |= UINT64_C(1) << (what % 64);
    }
}

uint32_t rs__flatten(rs__merged_t *merged) {
    uint32_t count = 0;
    for (uint32_t word = 0; word < RS_ARRAY_LEN(merged->touched); word++) {
        for (; merged->touched[word] != 0; merged->touched[word] &= merged->touched[word] - 1) {
            const uint32_t what = word * 64 + (uint32_t)__builtin_ctzll(merged->touched[word]);
            if (merged->deltas[what] == 0) continue;
            merged->items[count++] = (rs__item_t){.what = (uint16_t)what, .delta = merged->deltas[what]};
            merged->deltas[what] = 0;
        }
    }
    return count;
}

uint32_t rs__log_merge_pane(const rs__log_t *log, uint32_t key, uint32_t record, rs__merged_t *merged) {
    while (record != RS__NONE) {
        rs__record_t one;
        rs__log_read(log, record, merged->one_record, &one);
        const rs__slot_t slot = rs__record_find(&one, key);
        rs__merge(merged, one.items, rs__items_of(&one, &slot));
        record = slot.previous;
    }
    return rs__flatten(merged);
}

/* --- seconds ------------------------------------------------------------------------------------------------------ */
static void unlink_second(rs__log_t *log, uint32_t second) {
    uint32_t *link = &log->slots[(uint64_t)second_at(log, second)->second % RS__SLOTS];
    while (*link != second) link = &second_at(log, *link)->next;
    *link = second_at(log, second)->next;
    if (log->found == second) log->found = RS__NONE;
    if (log->last_second == second) log->last_second = log->last_record = RS__NONE;
    log->second_count--;
    rs__slab_give(&log->seconds, second);
}

void rs__log_drop(rs__log_t *log, uint32_t second) {
    for (uint32_t run = second_at(log, second)->first; run != RS__NONE;) {
        const uint32_t segment = run / RS__SEGMENT_UNITS;
        run = next_run(log, run);
        head_of(log, segment)->live--;
        release_segment_if_empty(log, segment);
    }
    unlink_second(log, second);
}

int rs__log_check(const rs__log_t *log, const char **why) {
    uint64_t live = 0, runs = 0;
    uint32_t seconds = 0;
    for (uint32_t slot = 0; slot < RS__SLOTS; slot++) {
        for (uint32_t at = log->slots[slot]; at != RS__NONE; at = second_at(log, at)->next) {
            seconds++;
            uint32_t run = second_at(log, at)->first, last = RS__NONE;
            for (; run != RS__NONE; run = next_run(log, run)) {
                last = run;
                runs++;
                if (head_of(log, run / RS__SEGMENT_UNITS)->live == 0) {
                    *why = "a run is in a segment that counts none";
                    return RS_ERR_STATE;
                }
            }
            if (last != second_at(log, at)->last) {
                *why = "the log of a second does not end at its last run";
                return RS_ERR_STATE;
            }
        }
    }
    /* Free segments hold a link where the count is; add up those that runs are in, each once. */
    uint8_t *seen = calloc(RS__MAX_SEGMENTS / 8 + 1, 1);
    if (seen == NULL) return RS_ERR_MEMORY;
    for (uint32_t slot = 0; slot < RS__SLOTS; slot++) {
        for (uint32_t at = log->slots[slot]; at != RS__NONE; at = second_at(log, at)->next) {
            uint32_t run = second_at(log, at)->first;
            for (; run != RS__NONE; run = next_run(log, run)) {
                const uint32_t segment = run / RS__SEGMENT_UNITS;
                if ((seen[segment / 8] >> (segment % 8) & 1) != 0) continue;
                seen[segment / 8] |= (uint8_t)(1u << (segment % 8));
                live += head_of(log, segment)->live;
            }
        }
    }
    free(seen);
    if (seconds != log->second_count) *why = "the number of seconds is wrong";
    else if (live != runs) *why = "the segments' counts of runs are wrong";
    else return RS_OK;
    return RS_ERR_STATE;
}
