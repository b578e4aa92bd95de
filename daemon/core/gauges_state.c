/* Who waits, as bytes: the lists stand in keys and contacts, what is left is when the next leg crosses a threshold. */
#include "core/parts_state.h"

static const rs_state_field_t gauges_fields[] = {
    RS_STATE_REBUILT(rs_gauges_t, account), RS_STATE_REBUILT(rs_gauges_t, contacts), RS_STATE_REBUILT(rs_gauges_t, predict),
    RS_STATE_FIELD(rs_gauges_t, waiting_keys, RS_BOUND_KEY_LINK), RS_STATE_REBUILT(rs_gauges_t, crossings),
    RS_STATE_FIELD(rs_gauges_t, crossing_count, RS_BOUND_ANY), RS_STATE_FIELD(rs_gauges_t, generation, RS_BOUND_GENERATION)};
static const rs_state_table_t gauges_table = RS_STATE_TABLE(rs_gauges_t, "gauges", gauges_fields);

static const rs_state_field_t crossing_fields[] = {
    RS_STATE_FIELD(rs_crossing_t, due_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_crossing_t, key, RS_BOUND_KEY)};
static const rs_state_table_t crossing_table = RS_STATE_TABLE(rs_crossing_t, "crossing", crossing_fields);

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_gauges_t *gauges = &core->gauges;
    rs_state_put_item(writer, &gauges_table, gauges);
    for (uint32_t i = 0; i < gauges->crossing_count; i++) rs_state_put_item(writer, &crossing_table, &gauges->crossings[i]);
}

/* The heap as it was: of two that are due at once the same one goes first. */
static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_gauges_t *gauges = &core->gauges, saved = {0};
    rs_state_get_item(reader, &gauges_table, &saved);
    if (saved.crossing_count > core->directory.count) rs_state_refuse(reader, RS_ERR_PARSE, "more keys cross something than there are");
    if (!rs_state_is_good(reader)) return;
    gauges->waiting_keys = saved.waiting_keys;
    gauges->generation = saved.generation;
    for (uint32_t i = 0; i < saved.crossing_count && rs_state_is_good(reader); i++) {
        rs_crossing_t crossing = {0};
        rs_state_get_item(reader, &crossing_table, &crossing);
        const bool is_new = crossing.key < core->directory.count && core->directory.entries[crossing.key].crossing == 0;
        if (!is_new) rs_state_refuse(reader, RS_ERR_PARSE, "a key crosses things twice");
        if (!rs_state_is_good(reader)) return;
        gauges->crossings[i] = crossing;
        gauges->crossing_count = i + 1;
        core->directory.entries[crossing.key].crossing = i + 1;
    }
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */
enum { LISTS = 3 };

static unsigned list_of(const rs_key_entry_t *entry) {
    switch (entry->dimensions.family) {
        case RS_FAMILY_QUEUE: return 0;
        case RS_FAMILY_CHANNEL: return 1;
        case RS_FAMILY_TOTAL: return 2;
        default: return LISTS;
    }
}

static uint32_t key_in(const rs_contact_t *contact, unsigned list) {
    return list == 0 ? contact->open_queue_key : list == 1 ? contact->open_channel_key : contact->open_total_key;
}

/* The open legs of one key, in the list that keys of its family have. */
static bool legs_are_right(const rs_core_t *core, uint32_t key, rs_state_claims_t claims[LISTS]) {
    const rs_key_entry_t *entry = &core->directory.entries[key];
    const unsigned list = list_of(entry);
    uint32_t before = 0;
    int64_t count = 0;
    bool has_cursor = entry->open_cursor == 0;
    if (list == LISTS) return entry->open_head == 0 && entry->open_tail == 0 && entry->open_cursor == 0 && entry->waiting == 0;
    for (uint32_t number = entry->open_head; number != 0; count++) {
        if (!rs_state_claim(&claims[list], number)) return false;
        const rs_contact_t *contact = rs_contacts_at(&core->contacts, number);
        if (!contact->is_open || key_in(contact, list) != key || contact->open_previous[list] != before) return false;
        if (before != 0 && rs_contacts_at(&core->contacts, before)->open_since_us > contact->open_since_us) return false;
        has_cursor = has_cursor || number == entry->open_cursor;
        before = number;
        number = contact->open_next[list];
    }
    return before == entry->open_tail && count == entry->waiting && has_cursor;
}

static bool waiting_keys_are_right(const rs_core_t *core) {
    const rs_directory_t *directory = &core->directory;
    uint32_t listed = 0, waiting = 0, before = 0;
    for (uint32_t key = 0; key < directory->count; key++) {
        const rs_key_entry_t *entry = &directory->entries[key];
        if (entry->is_waiting != (entry->waiting != 0 && entry->dimensions.family == RS_FAMILY_QUEUE)) return false;
        waiting += entry->is_waiting;
    }
    for (uint32_t link = core->gauges.waiting_keys; link != 0 && listed <= waiting; listed++) {
        const rs_key_entry_t *entry = &directory->entries[link - 1];
        if (!entry->is_waiting || entry->waiting_previous != before) return false;
        before = link;
        link = entry->waiting_next;
    }
    return listed == waiting;
}

static bool crossings_are_right(const rs_gauges_t *gauges, const rs_directory_t *directory) {
    for (uint32_t i = 0; i < gauges->crossing_count; i++) {
        const rs_crossing_t *crossing = &gauges->crossings[i];
        if (directory->entries[crossing->key].dimensions.family != RS_FAMILY_QUEUE) return false;
        if (i > 0 && gauges->crossings[(i - 1) / 2].due_us > crossing->due_us) return false;
    }
    return true;
}

static bool all_is_right(const rs_core_t *core, rs_state_claims_t claims[LISTS]) {
    const rs_pool_t *pool = &core->contacts.contacts;
    uint32_t open = 0;
    for (uint32_t number = 1; number <= pool->made; number++) {
        open += !rs_state_is_free(&claims[0], number) && rs_contacts_at(&core->contacts, number)->is_open;
    }
    for (uint32_t key = 0; key < core->directory.count; key++) {
        if (!legs_are_right(core, key, claims)) return false;
    }
    for (unsigned list = 0; list < LISTS; list++) {
        if (claims[list].left != pool->live - open) return false;
    }
    return waiting_keys_are_right(core) && crossings_are_right(&core->gauges, &core->directory);
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    rs_state_claims_t claims[LISTS] = {{0}};
    int status = RS_OK;
    rs_state_check_item(reader, bounds, &gauges_table, &core->gauges);
    for (uint32_t i = 0; i < core->gauges.crossing_count; i++) {
        rs_state_check_item(reader, bounds, &crossing_table, &core->gauges.crossings[i]);
    }
    for (unsigned list = 0; list < LISTS && status == RS_OK; list++) {
        status = rs_state_claims_begin(&claims[list], &core->contacts.contacts);
    }
    if (status != RS_OK) rs_state_refuse(reader, status, "the gauges cannot be looked at");
    if (rs_state_is_good(reader) && !all_is_right(core, claims)) {
        rs_state_refuse(reader, RS_ERR_PARSE, "those who wait do not hang together");
    }
    for (unsigned list = 0; list < LISTS; list++) rs_state_claims_end(&claims[list]);
}

const rs_state_part_t rs_state_gauges_part = {
    .name = "gauges", .version = 1, .table_count = 2, .tables = {&gauges_table, &crossing_table},
    .save = save, .load = load, .check = check};

/* What readers see of them was made from the lists, and is again. */
void rs_state_publish_gauges(rs_core_t *core) {
    for (uint32_t key = 0; key < core->directory.count; key++) {
        core->directory.entries[key].gauges_changed = true;
        rs_gauges_publish(&core->gauges, key);
    }
}
