#include "core/gauges.h"

enum { LISTS = 3 };   /* queue, channel, total */

static rs_key_entry_t *entry_at(const rs_gauges_t *gauges, uint32_t key) { return &gauges->account->directory->entries[key]; }
static rs_contact_t *contact_at(const rs_gauges_t *gauges, uint32_t number) { return rs_contacts_at(gauges->contacts, number); }

static void changed(rs_gauges_t *gauges, uint32_t key) {
    rs_account_t *account = gauges->account;
    rs_key_entry_t *entry = entry_at(gauges, key);
    entry->gauges_changed = true;
    if (entry->figures_changed || account->touched_count == account->touched_max) return;
    entry->figures_changed = true;
    account->touched[account->touched_count++] = key;
}

/* --- the lists of open legs ---------------------------------------------------------------------------------------- */
static void insert(rs_gauges_t *gauges, unsigned list, uint32_t key, uint32_t number) {
    rs_key_entry_t *entry = entry_at(gauges, key);
    rs_contact_t *contact = contact_at(gauges, number);
    uint32_t before = entry->open_tail;
    while (before != 0 && contact_at(gauges, before)->open_since_us > contact->open_since_us) {
        before = contact_at(gauges, before)->open_previous[list];
    }
    const uint32_t after = before != 0 ? contact_at(gauges, before)->open_next[list] : entry->open_head;
    contact->open_previous[list] = before;
    contact->open_next[list] = after;
    if (before != 0) contact_at(gauges, before)->open_next[list] = number; else entry->open_head = number;
    if (after != 0) contact_at(gauges, after)->open_previous[list] = number; else entry->open_tail = number;
    entry->waiting++;
    changed(gauges, key);
}

static void take_out(rs_gauges_t *gauges, unsigned list, uint32_t key, uint32_t number) {
    rs_key_entry_t *entry = entry_at(gauges, key);
    const rs_contact_t *contact = contact_at(gauges, number);
    const uint32_t before = contact->open_previous[list], after = contact->open_next[list];
    if (before != 0) contact_at(gauges, before)->open_next[list] = after; else entry->open_head = after;
    if (after != 0) contact_at(gauges, after)->open_previous[list] = before; else entry->open_tail = before;
    if (list == 0 && entry->open_cursor == number) entry->open_cursor = after;
    entry->waiting--;
    changed(gauges, key);
}

static void count_over(rs_gauges_t *gauges, const rs_contact_t *contact, unsigned bits, int sign) {
    const uint32_t keys[LISTS] = {contact->open_queue_key, contact->open_channel_key, contact->open_total_key};
    for (unsigned list = 0; list < LISTS; list++) {
        rs_key_entry_t *entry = entry_at(gauges, keys[list]);
        if ((bits & 1u) != 0) entry->over_t += sign;
        for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
            if ((bits & 2u << slot) != 0) entry->over[slot] += sign;
        }
        changed(gauges, keys[list]);
    }
}

/* Keys with open legs form a list, so that time looks only at them. */
static void waiting_keys_update(rs_gauges_t *gauges, uint32_t key) {
    rs_key_entry_t *entry = entry_at(gauges, key);
    if ((entry->waiting != 0) == entry->is_waiting) return;
    entry->is_waiting = entry->waiting != 0;
    if (entry->is_waiting) {
        entry->waiting_previous = 0;
        entry->waiting_next = gauges->waiting_keys;
        if (gauges->waiting_keys != 0) entry_at(gauges, gauges->waiting_keys - 1)->waiting_previous = key + 1;
        gauges->waiting_keys = key + 1;
        return;
    }
    if (entry->waiting_previous != 0) entry_at(gauges, entry->waiting_previous - 1)->waiting_next = entry->waiting_next;
    else gauges->waiting_keys = entry->waiting_next;
    if (entry->waiting_next != 0) entry_at(gauges, entry->waiting_next - 1)->waiting_previous = entry->waiting_previous;
}

/* Which thresholds a leg of this queue key has passed: bit 0 the key's T, bit 1 + slot a policy's. *all: none is left. */
static unsigned passed(rs_gauges_t *gauges, uint32_t queue_key, int64_t since_us, int64_t now_us, bool *all) {
    const rs_generation_t *generation = rs_account_generation(gauges->account, now_us);
    const rs_key_entry_t *entry = rs_account_standards(gauges->account, queue_key, now_us);
    const int64_t wait_us = now_us - since_us;
    unsigned bits = wait_us > entry->standard.threshold_us ? 1u : 0u;
    *all = bits != 0;
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        const rs_policy_t *policy = &generation->policies[slot];
        if ((generation->used & 1u << slot) == 0 || !policy->open_miss_now || policy->unit_journey) continue;
        const int64_t threshold_us = entry->policy_standards[slot].threshold_us;
        if (wait_us > threshold_us || (policy->compare_lt && wait_us == threshold_us)) bits |= 2u << slot;
        else *all = false;
    }
    return bits;
}

static void mark_passed(rs_gauges_t *gauges, uint32_t queue_key, int64_t now_us) {
    rs_key_entry_t *entry = entry_at(gauges, queue_key);
    while (entry->open_cursor != 0) {
        rs_contact_t *contact = contact_at(gauges, entry->open_cursor);
        bool all;
        const unsigned bits = passed(gauges, queue_key, contact->open_since_us, now_us, &all);
        const unsigned fresh = bits & ~(unsigned)contact->over;
        if (fresh != 0) {
            contact->over |= (uint16_t)fresh;
            count_over(gauges, contact, fresh, 1);
        }
        if (!all) break;
        entry->open_cursor = contact->open_next[0];
    }
    /* Legs behind the cursor may have passed the shorter of several thresholds. */
    for (uint32_t number = entry->open_cursor; number != 0; number = contact_at(gauges, number)->open_next[0]) {
        rs_contact_t *contact = contact_at(gauges, number);
        bool all;
        const unsigned bits = passed(gauges, queue_key, contact->open_since_us, now_us, &all);
        if (bits == 0) break;
        const unsigned fresh = bits & ~(unsigned)contact->over;
        if (fresh == 0) continue;
        contact->over |= (uint16_t)fresh;
        count_over(gauges, contact, fresh, 1);
    }
}

static void leave(rs_gauges_t *gauges, uint32_t number) {
    rs_contact_t *contact = contact_at(gauges, number);
    count_over(gauges, contact, contact->over, -1);
    take_out(gauges, 0, contact->open_queue_key, number);
    take_out(gauges, 1, contact->open_channel_key, number);
    take_out(gauges, 2, contact->open_total_key, number);
    waiting_keys_update(gauges, contact->open_queue_key);
    contact->is_open = false;
    contact->over = 0;
}

static void enter(rs_gauges_t *gauges, uint32_t number, uint32_t queue_key, int64_t now_us) {
    rs_contact_t *contact = contact_at(gauges, number);
    rs_directory_t *directory = gauges->account->directory;
    contact->is_open = true;
    contact->over = 0;
    contact->open_since_us = contact->story.leg_queued_us;
    contact->open_queue_key = queue_key;
    contact->open_channel_key = rs_directory_key(directory, RS_FAMILY_CHANNEL, contact->tenant, 0, contact->story.leg_channel);
    contact->open_total_key = rs_directory_key(directory, RS_FAMILY_TOTAL, contact->tenant, 0, 0);
    insert(gauges, 0, queue_key, number);
    insert(gauges, 1, contact->open_channel_key, number);
    insert(gauges, 2, contact->open_total_key, number);
    waiting_keys_update(gauges, queue_key);
    /* A leg that comes late may stand before legs that the cursor has left behind: then it goes back to this one. */
    rs_key_entry_t *entry = entry_at(gauges, queue_key);
    const uint32_t cursor = entry->open_cursor;
    if (cursor == 0 || contact_at(gauges, cursor)->open_since_us > contact->open_since_us) entry->open_cursor = number;
    mark_passed(gauges, queue_key, now_us);
}

static void follow_leg(rs_gauges_t *gauges, uint32_t number, int64_t now_us) {
    rs_contact_t *contact = contact_at(gauges, number);
    uint32_t queue_key = 0;
    if (contact->story.leg_open) {
        queue_key = rs_directory_key(gauges->account->directory, RS_FAMILY_QUEUE, contact->tenant, contact->story.leg_queue,
                                     contact->story.leg_channel);
        if (contact->is_open && contact->open_queue_key == queue_key && contact->open_since_us == contact->story.leg_queued_us) return;
    } else if (!contact->is_open) {
        return;
    }
    if (contact->is_open) leave(gauges, number);
    if (contact->story.leg_open) enter(gauges, number, queue_key, now_us);
}

static void count_talking(rs_gauges_t *gauges, const rs_contact_t *contact, int sign) {
    rs_directory_t *directory = gauges->account->directory;
    const uint32_t keys[LISTS] = {
        contact->talking_key,
        rs_directory_key(directory, RS_FAMILY_CHANNEL, contact->tenant, 0, contact->talking_channel),
        rs_directory_key(directory, RS_FAMILY_TOTAL, contact->tenant, 0, 0)};
    for (unsigned i = 0; i < LISTS; i++) {
        entry_at(gauges, keys[i])->talking += sign;
        changed(gauges, keys[i]);
    }
}

static void follow_handling(rs_gauges_t *gauges, uint32_t number) {
    rs_contact_t *contact = contact_at(gauges, number);
    const rs_handling_t *handling = rs_story_open_handling(&gauges->contacts->derivation, &contact->story);
    if (handling == NULL && !contact->is_talking) return;
    uint32_t key = 0;
    if (handling != NULL) {
        key = rs_directory_key(gauges->account->directory, RS_FAMILY_QUEUE, contact->tenant, handling->queue, handling->channel);
        if (contact->is_talking && contact->talking_key == key) return;
    }
    if (contact->is_talking) count_talking(gauges, contact, -1);
    contact->is_talking = handling != NULL;
    contact->talking_key = key;
    contact->talking_channel = handling != NULL ? handling->channel : 0;
    if (contact->is_talking) count_talking(gauges, contact, 1);
}

void rs_gauges_follow(rs_gauges_t *gauges, uint32_t contact, int64_t now_us) {
    follow_leg(gauges, contact, now_us);
    follow_handling(gauges, contact);
}

void rs_gauges_tick(rs_gauges_t *gauges, int64_t now_us) {
    for (uint32_t key = gauges->waiting_keys; key != 0;) {
        const uint32_t next = entry_at(gauges, key - 1)->waiting_next;
        mark_passed(gauges, key - 1, now_us);
        key = next;
    }
}

void rs_gauges_publish(rs_gauges_t *gauges, uint32_t key) {
    rs_key_entry_t *entry = entry_at(gauges, key);
    if (!entry->gauges_changed) return;
    entry->gauges_changed = false;
    rs_window_gauges_t published = {.waiting = entry->waiting, .open_over_t = entry->over_t, .talking = entry->talking};
    if (entry->open_head != 0) published.oldest_queued_us = contact_at(gauges, entry->open_head)->open_since_us;
    memcpy(published.open_miss, entry->over, sizeof published.open_miss);
    rs_window_set_gauges(gauges->account->windows, key, &published);
}
