#include "core/directory.h"

#include "core/hash.h"

#include <stdlib.h>

int rs_directory_init(rs_directory_t *directory, const rs_limits_t *limits, uint64_t seed) {
    *directory = (rs_directory_t){.max_tenants = limits->tenants};
    const uint32_t others = limits->tenants + 1;
    directory->family_limits[RS_FAMILY_QUEUE] = limits->queue_keys;
    directory->family_limits[RS_FAMILY_AGENT] = limits->agent_keys;
    directory->family_limits[RS_FAMILY_TEAM] = limits->team_keys;
    directory->family_limits[RS_FAMILY_CHANNEL] = others * RS_CHANNEL_COUNT;
    directory->family_limits[RS_FAMILY_TOTAL] = others;
    for (unsigned i = 0; i < RS_FAMILY_COUNT; i++) directory->max += directory->family_limits[i] + others;
    const uint32_t names = limits->queue_keys + limits->agent_keys + limits->team_keys + limits->tenants + limits->sources * 6 + 64;
    directory->entries = rs_table_take((uint64_t)directory->max * sizeof *directory->entries);
    directory->likely = rs_table_take(((uint64_t)names + 3 + RS_FAMILY_COUNT) * sizeof *directory->likely);
    if (directory->entries == NULL || directory->likely == NULL || rs_index_init(&directory->index, directory->max) != RS_OK ||
        rs_names_init(&directory->names, names, seed) != RS_OK) {
        rs_directory_deinit(directory);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_directory_deinit(rs_directory_t *directory) {
    rs_table_give(directory->entries);
    rs_table_give(directory->likely);
    rs_index_deinit(&directory->index);
    rs_names_deinit(&directory->names);
    *directory = (rs_directory_t){0};
}

static uint64_t key_hash(unsigned family, uint32_t tenant, uint32_t name, uint8_t channel) {
    return rs_hash_mix(((uint64_t)tenant << 32 | name) * 64 + family * 8 + channel);
}

static bool is_it(const rs_key_entry_t *entry, unsigned family, uint32_t tenant, uint32_t name, uint8_t channel) {
    return entry->tenant == tenant && entry->name == name && entry->dimensions.family == family && entry->dimensions.channel == channel;
}

static uint32_t find(const rs_directory_t *directory, uint64_t hash, unsigned family, uint32_t tenant, uint32_t name, uint8_t channel) {
    uint32_t cursor = rs_index_begin(&directory->index, hash), number;
    while ((number = rs_index_next(&directory->index, hash, &cursor)) != 0) {
        const rs_key_entry_t *entry = &directory->entries[number - 1];
        if (is_it(entry, family, tenant, name, channel)) return number;
    }
    return 0;
}

/* The entry has its dimensions' numbers. */
static void add_entry(rs_directory_t *directory, uint64_t hash, rs_key_entry_t *entry) {
    entry->dimensions.tenant = rs_names_text(&directory->names, entry->tenant);
    entry->dimensions.name = rs_names_text(&directory->names, entry->name);
    entry->generation = UINT32_MAX;
    rs_index_add(&directory->index, hash, ++directory->count);
}

static uint32_t add(rs_directory_t *directory, uint64_t hash, unsigned family, uint32_t tenant, uint32_t name, uint8_t channel) {
    RS_REQUIRE(directory->count < directory->max);
    const uint32_t key = directory->count;
    rs_key_entry_t *entry = &directory->entries[key];
    entry->dimensions = (rs_key_t){.family = (uint8_t)family, .channel = channel};
    entry->tenant = tenant;
    entry->name = name;
    add_entry(directory, hash, entry);
    directory->on_new(directory->context, key);
    return key;
}

bool rs_directory_restore(rs_directory_t *directory) {
    RS_REQUIRE(directory->count < directory->max);
    rs_key_entry_t *entry = &directory->entries[directory->count];
    const unsigned family = entry->dimensions.family;
    const uint8_t channel = entry->dimensions.channel;
    const uint64_t hash = key_hash(family, entry->tenant, entry->name, channel);
    if (find(directory, hash, family, entry->tenant, entry->name, channel) != 0) return false;
    add_entry(directory, hash, entry);
    return true;
}

uint32_t rs_directory_find(const rs_directory_t *directory, rs_key_family_t family, uint32_t tenant, uint32_t name, uint8_t channel) {
    return find(directory, key_hash(family, tenant, name, channel), family, tenant, name, channel);
}

void rs_directory_erase(rs_directory_t *directory, uint32_t key) {
    rs_key_entry_t *entry = &directory->entries[key];
    entry->dimensions.name = rs_names_text(&directory->names, entry->name);
    entry->is_erased = true;
}

bool rs_directory_has_tenant(const rs_directory_t *directory, uint32_t tenant) {
    return rs_directory_find(directory, RS_FAMILY_TOTAL, tenant, 0, 0) != 0;
}

uint32_t rs_directory_key(rs_directory_t *directory, rs_key_family_t family, uint32_t tenant, uint32_t name, uint8_t channel) {
    uint32_t *likely = &directory->likely[name != 0 ? name : directory->names.max + (uint32_t)family];
    if (*likely != 0 && is_it(&directory->entries[*likely - 1], family, tenant, name, channel)) return *likely - 1;
    uint64_t hash = key_hash(family, tenant, name, channel);
    uint32_t number = find(directory, hash, family, tenant, name, channel);
    if (number != 0) {
        *likely = number;
        return number - 1;
    }
    if (directory->family_counts[family] < directory->family_limits[family]) {
        directory->family_counts[family]++;
        return add(directory, hash, family, tenant, name, channel);
    }
    directory->overflowed++;
    hash = key_hash(family, tenant, RS_NAMES_OVERFLOW, 0);
    number = find(directory, hash, family, tenant, RS_NAMES_OVERFLOW, 0);
    return number != 0 ? number - 1 : add(directory, hash, family, tenant, RS_NAMES_OVERFLOW, 0);
}

void rs_directory_above(rs_directory_t *directory, uint32_t queue_key, uint32_t tenant, uint8_t channel, uint32_t *channel_key,
                        uint32_t *total_key) {
    rs_key_entry_t *entry = &directory->entries[queue_key];
    const bool is_own = entry->tenant == tenant && entry->dimensions.channel == channel;
    if (is_own && entry->channel_key != 0) {
        *channel_key = entry->channel_key - 1;
        *total_key = entry->total_key - 1;
        return;
    }
    *channel_key = rs_directory_key(directory, RS_FAMILY_CHANNEL, tenant, 0, channel);
    *total_key = rs_directory_key(directory, RS_FAMILY_TOTAL, tenant, 0, 0);
    if (!is_own) return;
    entry->channel_key = *channel_key + 1;
    entry->total_key = *total_key + 1;
}

uint32_t rs_directory_tenant(rs_directory_t *directory, rs_str_t tenant) {
    const rs_str_t text = tenant.len == 0 ? RS_STR("default") : tenant;
    const uint32_t last = directory->last_tenant;
    if (last != 0 && rs_str_equal(rs_names_text(&directory->names, last), text)) return last;
    const uint32_t number = rs_names_number(&directory->names, text);
    /* A tenant is known by its total key; a new one needs a place among the tenants. */
    if (rs_directory_has_tenant(directory, number)) {
        directory->last_tenant = number;
        return number;
    }
    if (directory->tenants < directory->max_tenants) {
        directory->tenants++;
        rs_directory_key(directory, RS_FAMILY_TOTAL, number, 0, 0);
        return number;
    }
    directory->overflowed++;
    return RS_NAMES_OVERFLOW;
}
