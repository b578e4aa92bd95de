#include "core/gauges.h"

#include <stdlib.h>

enum { LISTS = 3 };   /* queue, channel, total */

static rs_key_entry_t *entry_at(const rs_gauges_t *gauges, uint32_t key) { return &gauges->account->directory->entries[key]; }
static rs_contact_t *contact_at(const rs_gauges_t *gauges, uint32_t number) { return rs_contacts_at(gauges->contacts, number); }

int rs_gauges_init(rs_gauges_t *gauges, rs_account_t *account, rs_contacts_t *contacts, uint32_t max_keys) {
    *gauges = (rs_gauges_t){.account = account, .contacts = contacts};
    gauges->crossings = calloc((size_t)max_keys + 1, sizeof *gauges->crossings);
    return gauges->crossings == NULL ? RS_ERR_MEMORY : RS_OK;
}

void rs_gauges_deinit(rs_gauges_t *gauges) {
    free(gauges->crossings);
    *gauges = (rs_gauges_t){0};
}

static void changed(rs_gauges_t *gauges, uint32_t key) {
    rs_account_t *account = gauges->account;
    rs_key_entry_t *entry = entry_at(gauges, key);
    entry->gauges_changed = true;
    if (entry->figures_changed || account->touched_count == account->touched_max) return;
    entry->figures_changed = true;
    account->touched[account->touched_count++] = key;
}

/* The leg after which one with this beginning stands, 0 = it is the first. Most are the youngest; a call-back's kept clock is among the
 * oldest: the search begins at the end that is nearer in time. */
static uint32_t place_before(const rs_gauges_t *gauges, unsigned list, const rs_key_entry_t *entry, int64_t since_us) {
    if (entry->open_head == 0) return 0;
    const int64_t head_us = contact_at(gauges, entry->open_head)->open_since_us;
    const int64_t tail_us = contact_at(gauges, entry->open_tail)->open_since_us;
    uint32_t before = 0;
    if (since_us - head_us < tail_us - since_us) {
        uint32_t next = entry->open_head;
        while (next != 0 && contact_at(gauges, next)->open_since_us <= since_us) {
            before = next;
            next = contact_at(gauges, next)->open_next[list];
        }
        return before;
    }
    before = entry->open_tail;
    while (before != 0 && contact_at(gauges, before)->open_since_us > since_us) before = contact_at(gauges, before)->open_previous[list];
    return before;
}

/* --- the lists of open legs ---------------------------------------------------------------------------------------- */
static void insert(rs_gauges_t *gauges, unsigned list, uint32_t key, uint32_t number) {
    rs_key_entry_t *entry = entry_at(gauges, key);
    rs_contact_t *contact = contact_at(gauges, number);
    const uint32_t before = place_before(gauges, list, entry, contact->open_since_us);
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
    if (gauges->predict != NULL) rs_predict_waits(gauges->predict, key, entry->is_waiting);
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

/* --- when the next leg crosses something --------------------------------------------------------------------------- */
static void put_crossing(rs_gauges_t *gauges, uint32_t place, rs_crossing_t crossing) {
    gauges->crossings[place] = crossing;
    entry_at(gauges, crossing.key)->crossing = place + 1;
}

static void sift_up(rs_gauges_t *gauges, uint32_t place, rs_crossing_t crossing) {
    for (; place > 0 && gauges->crossings[(place - 1) / 2].due_us > crossing.due_us; place = (place - 1) / 2) {
        put_crossing(gauges, place, gauges->crossings[(place - 1) / 2]);
    }
    put_crossing(gauges, place, crossing);
}

static void sift_down(rs_gauges_t *gauges, uint32_t place, rs_crossing_t crossing) {
    for (;;) {
        uint32_t child = place * 2 + 1;
        if (child >= gauges->crossing_count) break;
        if (child + 1 < gauges->crossing_count && gauges->crossings[child + 1].due_us < gauges->crossings[child].due_us) child++;
        if (gauges->crossings[child].due_us >= crossing.due_us) break;
        put_crossing(gauges, place, gauges->crossings[child]);
        place = child;
    }
    put_crossing(gauges, place, crossing);
}

static void remove_crossing(rs_gauges_t *gauges, rs_key_entry_t *entry) {
    const uint32_t place = entry->crossing - 1;
    entry->crossing = 0;
    const rs_crossing_t last = gauges->crossings[--gauges->crossing_count];
    if (place == gauges->crossing_count) return;
    if (last.due_us < gauges->crossings[place].due_us) sift_up(gauges, place, last);
    else sift_down(gauges, place, last);
}

/* INT64_MAX: nothing is left to cross. */
static void set_crossing(rs_gauges_t *gauges, uint32_t key, int64_t due_us) {
    rs_key_entry_t *entry = entry_at(gauges, key);
    const rs_crossing_t crossing = {.due_us = due_us, .key = key};
    if (due_us == INT64_MAX) {
        if (entry->crossing != 0) remove_crossing(gauges, entry);
        return;
    }
    if (entry->crossing == 0) {
        sift_up(gauges, gauges->crossing_count++, crossing);
        return;
    }
    const uint32_t place = entry->crossing - 1;
    if (gauges->crossings[place].due_us > due_us) sift_up(gauges, place, crossing);
    else sift_down(gauges, place, crossing);
}

/* --- thresholds ------------------------------------------------------------------------------------------------------ */
/* Which thresholds a leg of this queue key has passed: bit 0 the key's T, bit 1 + slot a policy's. *next_us: when it passes the
 * next one, INT64_MAX when none is left. */
static unsigned passed(rs_gauges_t *gauges, uint32_t queue_key, int64_t since_us, int64_t now_us, int64_t *next_us) {
    const rs_generation_t *generation = rs_account_generation(gauges->account, now_us);
    const rs_key_entry_t *entry = rs_account_standards(gauges->account, queue_key, now_us);
    const int64_t wait_us = now_us - since_us;
    unsigned bits = 0;
    int64_t least_us = INT64_MAX;   /* the least wait that passes one of those that are left */
    if (wait_us > entry->standard.threshold_us) bits = 1;
    else least_us = entry->standard.threshold_us + 1;
    for (uint32_t left = generation->used; left != 0; left &= left - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(left);
        const rs_policy_t *policy = &generation->policies[slot];
        if (!policy->open_miss_now || policy->unit_journey) continue;
        const int64_t passing_us = entry->policy_standards[slot].threshold_us + (policy->compare_lt ? 0 : 1);
        if (wait_us >= passing_us) bits |= 2u << slot;
        else if (passing_us < least_us) least_us = passing_us;
    }
    *next_us = least_us == INT64_MAX ? INT64_MAX : since_us + least_us;
    return bits;
}

static void mark_leg(rs_gauges_t *gauges, rs_contact_t *contact, unsigned bits) {
    const unsigned fresh = bits & ~(unsigned)contact->over;
    if (fresh == 0) return;
    contact->over |= (uint16_t)fresh;
    count_over(gauges, contact, fresh, 1);
}

/* Counts what the key's legs have passed by now, and notes when the next one passes something. The cursor steps over legs that
 * have passed all; legs behind it may have passed the shorter of several thresholds. */
static void mark_passed(rs_gauges_t *gauges, uint32_t queue_key, int64_t now_us) {
    rs_key_entry_t *entry = entry_at(gauges, queue_key);
    int64_t due_us = INT64_MAX;
    for (uint32_t number = entry->open_cursor; number != 0;) {
        rs_contact_t *contact = contact_at(gauges, number);
        int64_t next_us;
        const unsigned bits = passed(gauges, queue_key, contact->open_since_us, now_us, &next_us);
        if (next_us < due_us) due_us = next_us;
        if (bits == 0) break;
        mark_leg(gauges, contact, bits);
        const uint32_t next = contact->open_next[0];
        if (next_us == INT64_MAX && entry->open_cursor == number) entry->open_cursor = next;
        number = next;
    }
    set_crossing(gauges, queue_key, due_us);
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
    contact->open_since_us = contact->story.leg_since_us;
    contact->open_queue_key = queue_key;
    rs_directory_above(directory, queue_key, contact->tenant, contact->story.leg_channel, &contact->open_channel_key,
                       &contact->open_total_key);
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
    const rs_story_t *story = &contact->story;
    if (!story->leg_open && !contact->is_open) return;
    const bool is_same = story->leg_open && contact->is_open && contact->open_queue == story->leg_queue &&
                         contact->open_channel == story->leg_channel && contact->open_since_us == story->leg_since_us;
    if (is_same) return;
    if (contact->is_open) leave(gauges, number);
    if (!story->leg_open) return;
    contact->open_queue = story->leg_queue;
    contact->open_channel = story->leg_channel;
    enter(gauges, number, rs_directory_key(gauges->account->directory, RS_FAMILY_QUEUE, contact->tenant, story->leg_queue,
                                           story->leg_channel), now_us);
}

static void count_talking(rs_gauges_t *gauges, const rs_contact_t *contact, int sign) {
    uint32_t keys[LISTS] = {contact->talking_key};
    rs_directory_above(gauges->account->directory, contact->talking_key, contact->tenant, contact->talking_channel, &keys[1], &keys[2]);
    for (unsigned i = 0; i < LISTS; i++) {
        entry_at(gauges, keys[i])->talking += sign;
        changed(gauges, keys[i]);
    }
}

static void follow_handling(rs_gauges_t *gauges, uint32_t number) {
    rs_contact_t *contact = contact_at(gauges, number);
    const rs_handling_t *handling = rs_story_open_handling(&gauges->contacts->derivation, &contact->story);
    if (handling == NULL && !contact->is_talking) return;
    const bool is_same = handling != NULL && contact->is_talking && contact->talking_queue == handling->queue &&
                         contact->talking_channel == handling->channel;
    if (is_same) return;
    if (contact->is_talking) count_talking(gauges, contact, -1);
    contact->is_talking = handling != NULL;
    if (handling == NULL) return;
    contact->talking_queue = handling->queue;
    contact->talking_channel = handling->channel;
    contact->talking_key = rs_directory_key(gauges->account->directory, RS_FAMILY_QUEUE, contact->tenant, handling->queue,
                                            handling->channel);
    count_talking(gauges, contact, 1);
}

/* The handling under way, with its wrap-up: its age tells when its agent may come free. */
static void follow_underway(rs_gauges_t *gauges, uint32_t number) {
    rs_contact_t *contact = contact_at(gauges, number);
    const rs_handling_t *handling = rs_story_underway(&gauges->contacts->derivation, &contact->story);
    if (handling == NULL && contact->underway == 0) return;
    uint32_t key = 0;
    if (handling != NULL) {
        key = rs_directory_key(gauges->account->directory, RS_FAMILY_QUEUE, contact->tenant, handling->queue, handling->channel);
        if (contact->underway != 0 && key == contact->underway_key && handling->start_us == contact->underway_since_us) return;
    }
    rs_predict_ended(gauges->predict, contact->underway_key, contact->underway);
    contact->underway = 0;
    if (handling == NULL) return;
    contact->underway = rs_predict_began(gauges->predict, key, handling->start_us);
    contact->underway_key = key;
    contact->underway_since_us = handling->start_us;
}

void rs_gauges_follow(rs_gauges_t *gauges, uint32_t contact, int64_t now_us) {
    follow_leg(gauges, contact, now_us);
    follow_handling(gauges, contact);
    if (gauges->predict != NULL) follow_underway(gauges, contact);
}

/* Other thresholds are in force from now on: all that wait are looked at. */
static void mark_all(rs_gauges_t *gauges, int64_t now_us) {
    for (uint32_t key = gauges->waiting_keys; key != 0;) {
        const uint32_t next = entry_at(gauges, key - 1)->waiting_next;
        mark_passed(gauges, key - 1, now_us);
        key = next;
    }
}

void rs_gauges_tick(rs_gauges_t *gauges, int64_t now_us) {
    const rs_account_t *account = gauges->account;
    const uint32_t generation = (uint32_t)(rs_account_generation(account, now_us) - account->generations);
    if (generation != gauges->generation) {
        gauges->generation = generation;
        mark_all(gauges, now_us);
    }
    while (gauges->crossing_count != 0 && gauges->crossings[0].due_us <= now_us) mark_passed(gauges, gauges->crossings[0].key, now_us);
}

void rs_gauges_publish(rs_gauges_t *gauges, uint32_t key) {
    rs_key_entry_t *entry = entry_at(gauges, key);
    if (!entry->gauges_changed) return;
    entry->gauges_changed = false;
    rs_window_gauges_t published = {.waiting = entry->waiting, .open_over_t = entry->over_t, .talking = entry->talking};
    if (entry->open_head != 0) published.oldest_queued_us = contact_at(gauges, entry->open_head)->open_since_us;
    memcpy(published.open_miss, entry->over, sizeof published.open_miss);
    rs_window_set_gauges(gauges->account->windows, key, &published);
    if (!entry->is_predicted || entry->waiting != 0) return;
    entry->is_predicted = false;   /* nobody waits: what was expected of them is over */
    rs_window_set_prediction(gauges->account->windows, key, &(rs_window_prediction_t){.reason = RS_PREDICTION_NOBODY_WAITS});
}

void rs_gauges_prefetch(const rs_gauges_t *gauges, uint32_t key) {
    const rs_key_entry_t *entry = entry_at(gauges, key);
    if (entry->open_head == 0) return;
    __builtin_prefetch(&contact_at(gauges, entry->open_head)->open_since_us, 1);
    __builtin_prefetch(&contact_at(gauges, entry->open_tail)->open_since_us, 1);
    __builtin_prefetch(&contact_at(gauges, entry->open_tail)->open_next, 1);
}
