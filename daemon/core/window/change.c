/* A change: collected between begin and end, then written to the pane log and applied to the totals in one write
 * section. */
#include "core/window/octave.h"

/* Everything that one application of a change can need, so that it cannot fail half-way. */
static bool reserve(rs_window_store_t *store, const rs__key_t *key) {
    if (!rs__log_reserve(&store->log) || !rs__slab_reserve(rs__more_slab(store, key), RS_PLACES_GROUPS)) return false;
    if (!key->is_full) return true;
    return rs__slab_reserve(&store->chunks, RS__CHUNKS_PER_CHANGE) &&
           rs__reserve_octaves(store);
}

/* Which rows beside the sum take the change: those of windows that its second is outside of. */
static void choose_rows(const rs_window_store_t *store, rs__change_t *change) {
    change->rows[0] = RS__ROW_SUM;
    change->row_count = 1;
    if (!change->in_today) change->rows[change->row_count++] = RS__ROW_TODAY;
    for (uint32_t row = RS__ROW_LONGEST; row < change->key->row_count; row++) {
        if (change->second > store->evicted_s[rs__window_of_row(store, row)]) continue;
        change->rows[change->row_count++] = (uint8_t)row;
    }
}

int rs_window_begin(rs_window_store_t *store, uint32_t key_number, int64_t at_us) {
    rs__change_t *change = &store->change;
    RS_REQUIRE(change->key == NULL);
    /* Relaxed: this is the only thread that stores key_count. */
    RS_REQUIRE(key_number < atomic_load_explicit(&store->key_count, memory_order_relaxed));
    rs__key_t *key = store->keys[key_number];
    if (!reserve(store, key)) {
        store->refused++;
        return RS_ERR_LIMIT;
    }
    const int64_t second = rs__floor_s(at_us);
    rs__evict_finish_second(store, second);
    const int64_t day_us = rs__load(&key->group->day_us);
    if (rs__load(&key->day_us) != day_us) rs__total_start_day(store, key);
    change->key = key;
    change->second = second;
    change->in_today = at_us >= day_us && at_us < key->group->day_end_us;
    change->has_pane = second > store->evicted_s[store->window_count - 1];
    change->ignored = !change->in_today && !change->has_pane;
    change->item_count = change->wait_count = 0;
    choose_rows(store, change);
    return RS_OK;
}

static void note_changes(const rs_window_store_t *store, const rs__change_t *change) {
    uint32_t changes = change->wait_count > 0 ? RS_CHANGED_LEGS : 0;
    for (uint32_t i = 0; i < change->item_count; i++) {
        const uint32_t what = change->items[i].what;
        changes |= what < RS__WHAT_HISTOGRAMS ? store->changed_by[what]
                                              : rs__changed_histogram((what - RS__WHAT_HISTOGRAMS) / RS_HIST_BUCKETS);
    }
    rs__note_change(store, change->key->number, changes);
}

static void apply(rs_window_store_t *store) {
    rs__change_t *change = &store->change;
    rs__key_t *key = change->key;
    if (change->item_count == 0 && change->wait_count == 0) return;
    const bool has_waits = change->wait_count > 0;
    note_changes(store, change);
    if (change->has_pane && !rs__open_take(store, change)) {
        rs__log_append(&store->log, key, change->second, change->items, change->item_count, has_waits);
    }
    if (has_waits) rs__waits_prepare(store, key, change);
    rs_seqlock_write_begin(&key->lock);
    rs__total_add(store, key, change->rows, change->row_count, change->items, change->item_count);
    if (has_waits) rs__waits_publish(store, key, change);
    rs_seqlock_write_end(&key->lock);
    change->item_count = change->wait_count = 0;
}

/* A change longer than the scratch is applied in parts; each part must find its room reserved. When memory is out in
 * between, what came so far is applied and the rest is refused and counted. */
static bool make_room(rs_window_store_t *store) {
    apply(store);
    if (reserve(store, store->change.key)) return true;
    store->refused++;
    store->change.ignored = true;
    return false;
}

static void add_item(rs_window_store_t *store, uint32_t what, int64_t delta) {
    rs__change_t *change = &store->change;
    RS_REQUIRE(change->key != NULL);
    if (change->ignored || delta == 0) return;
    if (change->item_count == RS__CHANGE_ITEMS && !make_room(store)) return;
    change->items[change->item_count++] = (rs__item_t){.what = (uint16_t)what, .delta = delta};
}

/* The same wait told twice (as a leg's and as an answered leg's) is one entry of both lists. */
static void add_wait(rs_window_store_t *store, uint8_t which, int64_t wait_us, int sign) {
    rs__change_t *change = &store->change;
    RS_REQUIRE(change->key != NULL);
    if (change->ignored || !change->key->is_full || sign == 0) return;
    if (wait_us < 0) wait_us = 0;
    if (wait_us > RS__WAIT_LIMIT_US) wait_us = RS__WAIT_LIMIT_US;
    const int8_t direction = sign > 0 ? 1 : -1;
    for (uint32_t i = 0; i < change->wait_count; i++) {
        rs__pending_wait_t *known = &change->waits[i];
        if (known->value_us != wait_us || known->sign != direction || (known->lists & which) != 0) continue;
        known->lists |= which;
        return;
    }
    if (change->wait_count == RS__CHANGE_WAITS && !make_room(store)) return;
    change->waits[change->wait_count++] =
        (rs__pending_wait_t){.value_us = wait_us, .lists = which, .sign = direction};
}

void rs_window_count(rs_window_store_t *store, rs_count_t count, int64_t delta) {
    RS_REQUIRE((unsigned)count < RS_COUNT_COUNT);
    add_item(store, (uint32_t)count, delta);
}

void rs_window_duration(rs_window_store_t *store, rs_histogram_id_t histogram, int64_t duration_us, int sign) {
    RS_REQUIRE((unsigned)histogram < RS_HIST_COUNT);
    RS_REQUIRE(store->change.key != NULL);
    if (!store->change.key->is_full || sign == 0) return;
    const uint32_t bucket = (uint32_t)histogram * RS_HIST_BUCKETS + rs_hist_bucket(duration_us);
    rs__octave_prefetch(rs__full_of(store, store->change.key), RS__ROW_SUM, bucket / RS_HIST_PER_OCTAVE, bucket % RS_HIST_PER_OCTAVE);
    add_item(store, RS__WHAT_HISTOGRAMS + bucket, sign > 0 ? 1 : -1);
    if (histogram == RS_HIST_WAIT_ANSWERED) add_wait(store, RS__WAIT_ANSWERED, duration_us, sign);
    if (histogram == RS_HIST_WAIT_ABANDONED) add_wait(store, RS__WAIT_ABANDONED, duration_us, sign);
}

void rs_window_wait(rs_window_store_t *store, int64_t wait_us, int sign) { add_wait(store, RS__WAIT_ANY, wait_us, sign); }

void rs_window_end(rs_window_store_t *store) {
    RS_REQUIRE(store->change.key != NULL);
    apply(store);
    store->change.key = NULL;
}
