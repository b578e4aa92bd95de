/* Names and keys as bytes, in the order of their numbers. */
#include "core/parts_state.h"

/* --- names --------------------------------------------------------------------------------------------------------------- */
static void save_names(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_names_t *names = &core->directory.names;
    rs_state_put_u32(writer, names->count);
    for (uint32_t i = 1; i <= names->count; i++) {
        rs_state_put_text(writer, rs_names_text(names, i));
        rs_state_put_u32(writer, names->places[i].tenant);
    }
}

static void load_names(rs_core_t *core, rs_state_reader_t *reader) {
    rs_names_t *names = &core->directory.names;
    const uint32_t count = rs_state_get_u32(reader);
    if (rs_state_section_version(reader) < 2) {
        rs_state_refuse(reader, RS_ERR_VERSION, "the state does not say whose agents' names are");
        return;
    }
    if (count >= names->max) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more names than the limits for keys and sources allow now");
        return;
    }
    for (uint32_t i = 1; i <= count && rs_state_is_good(reader); i++) {
        char text[256];
        const uint32_t len = rs_state_get_text(reader, text);
        const uint32_t tenant = rs_state_get_u32(reader);
        if (!rs_state_is_good(reader)) return;
        if (tenant >= i || rs_names_agent(names, tenant, (rs_str_t){.data = text, .len = len}) != i) {
            rs_state_refuse(reader, RS_ERR_PARSE, "a name has not the number that it had");
        }
    }
}

const rs_state_part_t rs_state_names_part = {.name = "names", .version = 2, .save = save_names, .load = load_names};

/* --- keys ---------------------------------------------------------------------------------------------------------------- */
static const rs_state_field_t directory_fields[] = {
    RS_STATE_REBUILT(rs_directory_t, names), RS_STATE_REBUILT(rs_directory_t, entries), RS_STATE_REBUILT(rs_directory_t, index),
    RS_STATE_REBUILT(rs_directory_t, likely),
    RS_STATE_FIELD(rs_directory_t, count, RS_BOUND_ANY), RS_STATE_REBUILT(rs_directory_t, max),
    RS_STATE_ARRAY(rs_directory_t, family_counts, RS_BOUND_ANY), RS_STATE_REBUILT(rs_directory_t, family_limits),
    RS_STATE_FIELD(rs_directory_t, tenants, RS_BOUND_ANY), RS_STATE_REBUILT(rs_directory_t, max_tenants),
    RS_STATE_REBUILT(rs_directory_t, last_tenant), RS_STATE_FIELD(rs_directory_t, overflowed, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_directory_t, on_new), RS_STATE_REBUILT(rs_directory_t, context)};
static const rs_state_table_t directory_table = RS_STATE_TABLE(rs_directory_t, "directory", directory_fields);

static const rs_state_field_t entry_fields[] = {
    RS_STATE_FIELD(rs_key_entry_t, dimensions.family, RS_BOUND_FAMILY),
    RS_STATE_FIELD(rs_key_entry_t, dimensions.channel, RS_BOUND_CHANNEL),
    RS_STATE_REBUILT(rs_key_entry_t, dimensions.tenant), RS_STATE_REBUILT(rs_key_entry_t, dimensions.name),
    RS_STATE_FIELD(rs_key_entry_t, tenant, RS_BOUND_NAME), RS_STATE_FIELD(rs_key_entry_t, name, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_key_entry_t, channel_key, RS_BOUND_KEY_LINK), RS_STATE_FIELD(rs_key_entry_t, total_key, RS_BOUND_KEY_LINK),
    RS_STATE_REBUILT(rs_key_entry_t, likely_cells), RS_STATE_REBUILT(rs_key_entry_t, generation),
    RS_STATE_FIELD(rs_key_entry_t, team, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_key_entry_t, is_erased, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_key_entry_t, is_waiting, RS_BOUND_ANY), RS_STATE_REBUILT(rs_key_entry_t, gauges_changed),
    RS_STATE_REBUILT(rs_key_entry_t, figures_changed), RS_STATE_REBUILT(rs_key_entry_t, standard),
    RS_STATE_FIELD(rs_key_entry_t, open_head, RS_BOUND_CONTACT), RS_STATE_FIELD(rs_key_entry_t, open_tail, RS_BOUND_CONTACT),
    RS_STATE_FIELD(rs_key_entry_t, open_cursor, RS_BOUND_CONTACT), RS_STATE_FIELD(rs_key_entry_t, waiting_next, RS_BOUND_KEY_LINK),
    RS_STATE_FIELD(rs_key_entry_t, waiting_previous, RS_BOUND_KEY_LINK), RS_STATE_REBUILT(rs_key_entry_t, crossing),
    RS_STATE_REBUILT(rs_key_entry_t, staff),
    RS_STATE_FIELD(rs_key_entry_t, waiting, RS_BOUND_ANY), RS_STATE_FIELD(rs_key_entry_t, talking, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_key_entry_t, over_t, RS_BOUND_ANY), RS_STATE_ARRAY(rs_key_entry_t, over, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_key_entry_t, policy_standards), RS_STATE_FIELD(rs_key_entry_t, is_predicted, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_key_entry_t, replies)};
static const rs_state_table_t entry_table = RS_STATE_TABLE(rs_key_entry_t, "entry", entry_fields);

static void save_directory(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_directory_t *directory = &core->directory;
    rs_state_put_item(writer, &directory_table, directory);
    for (uint32_t key = 0; key < directory->count; key++) rs_state_put_item(writer, &entry_table, &directory->entries[key]);
}

static bool fits(const rs_directory_t *directory, const rs_directory_t *saved) {
    bool fit = saved->count <= directory->max && saved->tenants <= directory->max_tenants;
    for (unsigned i = 0; i < RS_FAMILY_COUNT; i++) fit = fit && saved->family_counts[i] <= directory->family_limits[i];
    return fit;
}

static bool is_complete(const rs_directory_t *directory, const rs_key_entry_t *entry) {
    return entry->tenant <= directory->names.count && entry->name <= directory->names.count &&
           entry->dimensions.family < RS_FAMILY_COUNT && entry->dimensions.channel < RS_CHANNEL_COUNT;
}

static void load_directory(rs_core_t *core, rs_state_reader_t *reader) {
    rs_directory_t *directory = &core->directory, saved = *directory;
    rs_state_get_item(reader, &directory_table, &saved);
    if (!rs_state_is_good(reader)) return;
    if (!fits(directory, &saved)) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more keys or tenants than the limits allow now");
        return;
    }
    memcpy(directory->family_counts, saved.family_counts, sizeof directory->family_counts);
    directory->tenants = saved.tenants;
    directory->overflowed = saved.overflowed;
    for (uint32_t key = 0; key < saved.count && rs_state_is_good(reader); key++) {
        rs_key_entry_t *entry = &directory->entries[key];
        rs_state_get_item(reader, &entry_table, entry);
        if (!rs_state_is_good(reader)) return;
        if (!is_complete(directory, entry) || !rs_directory_restore(directory)) rs_state_refuse(reader, RS_ERR_PARSE, "a key is wrong");
    }
}

/* Keys that a family had before its limit, and the tenants' __overflow__ keys, so that there is room for those still to come. */
static bool has_room(const rs_directory_t *directory) {
    uint32_t all[RS_FAMILY_COUNT] = {0}, ordinary[RS_FAMILY_COUNT] = {0}, tenants = 0;
    for (uint32_t key = 0; key < directory->count; key++) {
        const rs_key_entry_t *entry = &directory->entries[key];
        const unsigned family = entry->dimensions.family;
        all[family]++;
        ordinary[family] += entry->name != RS_NAMES_OVERFLOW || entry->dimensions.channel != 0;
        tenants += family == RS_FAMILY_TOTAL && entry->tenant != RS_NAMES_OVERFLOW && entry->name == 0 && entry->dimensions.channel == 0;
    }
    bool right = tenants == directory->tenants;
    for (unsigned i = 0; i < RS_FAMILY_COUNT; i++) {
        right = right && ordinary[i] <= directory->family_counts[i] && directory->family_counts[i] <= all[i];
    }
    return right;
}

static bool is_of(const rs_directory_t *directory, uint32_t link, rs_key_family_t family) {
    return link == 0 || directory->entries[link - 1].dimensions.family == family;
}

static void check_directory(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    const rs_directory_t *directory = &core->directory;
    for (uint32_t key = 0; key < directory->count && rs_state_is_good(reader); key++) {
        const rs_key_entry_t *entry = &directory->entries[key];
        rs_state_check_item(reader, bounds, &entry_table, entry);
        if (!rs_state_is_good(reader)) return;
        const bool known = entry->tenant == RS_NAMES_OVERFLOW || rs_directory_has_tenant(directory, entry->tenant);
        const bool links = is_of(directory, entry->channel_key, RS_FAMILY_CHANNEL) && is_of(directory, entry->total_key, RS_FAMILY_TOTAL);
        const bool both = (entry->channel_key == 0) == (entry->total_key == 0);
        if (!known || !links || !both) rs_state_refuse(reader, RS_ERR_PARSE, "a key does not belong to its tenant");
    }
    if (!has_room(directory)) rs_state_refuse(reader, RS_ERR_PARSE, "the numbers of keys are not right");
}

const rs_state_part_t rs_state_directory_part = {
    .name = "keys", .version = 1, .table_count = 2, .tables = {&directory_table, &entry_table},
    .save = save_directory, .load = load_directory, .check = check_directory};
