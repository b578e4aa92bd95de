/* core/directory.h — the keys: from dimensions to numbers, with what is known of each key.
 *
 * Model:   keys are made when first needed, up to the limit of their family; past it the tenant's __overflow__ key of that
 *          family stands in (its channel is null), so that totals stay exact. A key's number is also its number in the window
 *          store. Entries never move: other threads read family, channel, tenant and name's number of every key below the published count.
 */
#ifndef RS_CORE_DIRECTORY_H
#define RS_CORE_DIRECTORY_H

#include "core/key.h"
#include "core/names.h"
#include "core/row.h"

typedef struct rs_generation {       /* a set of policies and when it begins */
    int64_t from_us;
    const rs_config_t *config;
    rs_policy_t policies[RS_MAX_POLICIES];
    uint32_t used;                   /* bit set of slots */
} rs_generation_t;

typedef struct rs_key_entry {
    /* what every change of the key looks at: two cache lines */
    _Alignas(64) rs_key_t dimensions;
    uint32_t tenant, name;
    uint32_t channel_key, total_key; /* of a queue key, + 1; 0 = not looked up yet */
    uint32_t likely_cells[RS_ATTRIBUTION_COUNT];
    uint32_t generation;             /* whose standards are below */
    uint32_t team;                   /* of an agent key: what the configuration says, of an erased one said; a number of names */
    bool is_waiting, gauges_changed, figures_changed, is_predicted, is_erased;
    rs_standard_t standard;
    /* open legs, by queued time: of a queue key all three lists, of channel and total keys theirs */
    uint32_t open_head, open_tail, open_cursor;
    uint32_t waiting_next, waiting_previous;   /* keys that have open legs */
    uint32_t staff;                  /* of a queue key, see core/agent/staff.c; 0 = not found yet */
    uint32_t crossing;               /* place among the gauges' crossings, + 1 */
    int64_t waiting, talking, over_t, over[RS_MAX_POLICIES];
    rs_standard_t policy_standards[RS_MAX_POLICIES];
    rs_reply_targets_t replies;      /* of a queue key, as its standards */
} rs_key_entry_t;

typedef struct rs_directory {
    rs_names_t names;
    rs_key_entry_t *entries;
    rs_index_t index;
    uint32_t *likely;                /* by name, and without one by family: the key + 1 that was asked for last with it, 0 = none */
    uint32_t count, max;
    uint32_t family_counts[RS_FAMILY_COUNT], family_limits[RS_FAMILY_COUNT];
    uint32_t tenants, max_tenants;
    uint32_t last_tenant;            /* the likely next one: a number of names, 0 = none */
    uint64_t overflowed;             /* lookups that ended at an __overflow__ key */
    void (*on_new)(void *context, uint32_t key);
    void *context;
} rs_directory_t;

RS_MUST_CHECK int rs_directory_init(rs_directory_t *directory, const rs_limits_t *limits, uint64_t seed);
void rs_directory_deinit(rs_directory_t *directory);
/* The number of a key, made when new. `tenant` and `name` are numbers of names. */
uint32_t rs_directory_key(rs_directory_t *directory, rs_key_family_t family, uint32_t tenant, uint32_t name, uint8_t channel);
/* Calls for what leads from a name to its key. / The key + 1 that was asked for last with that name, 0 = none yet.
 * / Calls for its entry. */
static inline void rs_directory_prefetch_place(const rs_directory_t *directory, uint32_t name) {
    __builtin_prefetch(&directory->names.places[name]);
    __builtin_prefetch(&directory->likely[name]);
}
static inline uint32_t rs_directory_likely(const rs_directory_t *directory, uint32_t name) { return directory->likely[name]; }
static inline void rs_directory_prefetch(const rs_directory_t *directory, uint32_t key) {
    const unsigned char *entry = (const unsigned char *)&directory->entries[key];
    for (size_t at = 0; at < offsetof(rs_key_entry_t, policy_standards); at += 64) __builtin_prefetch(entry + at, 1);
}
/* The channel key and the total key that a queue key's figures go to, too. `channel` is that of what is counted: it may be
 * another than the key's own when that is an __overflow__ key. */
void rs_directory_above(rs_directory_t *directory, uint32_t queue_key, uint32_t tenant, uint8_t channel, uint32_t *channel_key,
                        uint32_t *total_key);
/* The number of an event's tenant; past max_tenants it is the overflow name. */
uint32_t rs_directory_tenant(rs_directory_t *directory, rs_str_t tenant);
/* The key + 1 that there is already, else 0. */
uint32_t rs_directory_find(const rs_directory_t *directory, rs_key_family_t family, uint32_t tenant, uint32_t name, uint8_t channel);
/* An agent's key gets its name's new text (core/erase.h); its team stays what it is. */
void rs_directory_erase(rs_directory_t *directory, uint32_t key);
/* Whether a tenant has its total key. */
bool rs_directory_has_tenant(const rs_directory_t *directory, uint32_t tenant);
/* Loading: the entry after the last has its family, channel, tenant and name, which are in range; it becomes the next key, without
 * on_new. False: there is such a key already. */
RS_MUST_CHECK bool rs_directory_restore(rs_directory_t *directory);

#endif
