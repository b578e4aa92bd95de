/* Open panes: what busy keys collect within a second, see rs__open_t. */
#include "core/window/window_internal.h"

static rs__open_t *open_at(const rs_window_store_t *store, uint32_t open) { return rs__slab_at(&store->opens, open); }

static void link_open(rs_window_store_t *store, uint32_t number) {
    rs__open_t *open = open_at(store, number);
    open->newer = RS__NONE;
    open->older = store->newest_open;
    if (store->newest_open != RS__NONE) open_at(store, store->newest_open)->newer = number;
    store->newest_open = number;
}

static void unlink_open(rs_window_store_t *store, uint32_t number) {
    const rs__open_t *open = open_at(store, number);
    if (open->older != RS__NONE) open_at(store, open->older)->newer = open->newer;
    if (open->newer != RS__NONE) open_at(store, open->newer)->older = open->older;
    else store->newest_open = open->older;
}

/* Its room in the log was promised when it was opened. */
static void flush(rs_window_store_t *store, uint32_t number) {
    rs__open_t *open = open_at(store, number);
    if (open->item_count > 0) {
        rs__log_append(&store->log, store->keys[open->key], open->second, open->items, open->item_count, open->has_waits);
    }
    open->item_count = 0;
    open->has_waits = false;
    memset(open->position, 0, sizeof open->position);
}

static void close(rs_window_store_t *store, uint32_t number) {
    flush(store, number);
    store->keys[open_at(store, number)->key]->open = RS__NONE;
    unlink_open(store, number);
    rs__slab_give(&store->opens, number);
    store->log.promised--;
}

void rs__open_flush_all(rs_window_store_t *store) {
    while (store->newest_open != RS__NONE) close(store, store->newest_open);
}

static bool open_pane(rs_window_store_t *store, rs__key_t *key, int64_t second) {
    store->log.promised++;
    if (!rs__log_reserve(&store->log) || !rs__slab_reserve(&store->opens, 1)) {
        store->log.promised--;
        return false;
    }
    rs__log_add_second(&store->log, second);
    const uint32_t number = rs__slab_take(&store->opens);
    rs__open_t *open = open_at(store, number);
    open->key = key->number;
    open->second = second;
    open->item_count = 0;
    open->has_waits = false;
    memset(open->position, 0, sizeof open->position);
    link_open(store, number);
    key->open = number;
    key->busy_s = second;
    return true;
}

static void take_item(rs__open_t *open, const rs__item_t *item) {
    if (item->what < RS__WHAT_HISTOGRAMS) {
        uint8_t *position = &open->position[item->what];
        if (*position != 0) {
            rs__item_t *known = &open->items[*position - 1];
            known->delta = (int64_t)((uint64_t)known->delta + (uint64_t)item->delta);
            return;
        }
        *position = (uint8_t)(open->item_count + 1);
    }
    open->items[open->item_count++] = *item;
}

bool rs__open_take(rs_window_store_t *store, const rs__change_t *change) {
    rs__key_t *key = change->key;
    if (change->item_count > RS__OPEN_ITEMS) return false;
    if (key->open != RS__NONE && open_at(store, key->open)->second < change->second) close(store, key->open);
    if (key->open == RS__NONE) {
        /* The second change within a second, or the first after a second that had several. */
        const bool is_busy = key->pane_s == change->second || key->busy_s == change->second - 1;
        if (!is_busy || !open_pane(store, key, change->second)) return false;
    }
    rs__open_t *open = open_at(store, key->open);
    if (open->second != change->second) return false; /* a late change */
    if (open->item_count + change->item_count > RS__OPEN_ITEMS) flush(store, key->open);
    for (uint32_t i = 0; i < change->item_count; i++) take_item(open, &change->items[i]);
    open->has_waits |= change->wait_count > 0;
    return true;
}
