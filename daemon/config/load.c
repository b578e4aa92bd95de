/* From a file and settings to a configuration. */
#include "config/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATTERN_TEXT = 64 };

/* --- collections -------------------------------------------------------------------------------------------------- */
static const struct {
    const char *path;
    size_t item_size;
} scopes[RS_SCOPE_COUNT] = {
    [RS_SCOPE_POLICY] = {"policies.<name>", sizeof(rs_policy_t)},
    [RS_SCOPE_QUEUE] = {"queues.<name>", sizeof(rs_queue_config_t)},
    [RS_SCOPE_HOURS] = {"hours.<name>", sizeof(rs_hours_config_t)},
    [RS_SCOPE_AGENT] = {"agents.<name>", sizeof(rs_agent_config_t)},
    [RS_SCOPE_RULE] = {"alerts.rules.<name>", sizeof(rs_rule_config_t)},
    [RS_SCOPE_RECEIVER] = {"receivers.<name>", sizeof(rs_receiver_config_t)},
    [RS_SCOPE_MEMBER_DELAY] = {"asterisk.member_delay.<queue>", sizeof(rs_asterisk_queue_t)},
    [RS_SCOPE_MEMBER] = {"asterisk.members.<interface>", sizeof(rs_asterisk_member_t)},
};

size_t rs__scope_item_size(rs_schema_scope_t scope) { return scopes[scope].item_size; }
const char *rs__scope_path(rs_schema_scope_t scope) { return scopes[scope].path; }

const void *rs__config_items(const rs_config_t *config, rs_schema_scope_t scope, uint32_t *count) {
    switch (scope) {
        case RS_SCOPE_POLICY: *count = config->policy_count; return config->policies;
        case RS_SCOPE_QUEUE: *count = config->queue_count; return config->queues;
        case RS_SCOPE_HOURS: *count = config->hours_count; return config->hours;
        case RS_SCOPE_AGENT: *count = config->agent_count; return config->agents;
        case RS_SCOPE_RULE: *count = config->rule_count; return config->rules;
        case RS_SCOPE_RECEIVER: *count = config->receiver_count; return config->receivers;
        case RS_SCOPE_MEMBER_DELAY: *count = config->asterisk.queue_count; return config->asterisk.queues;
        case RS_SCOPE_MEMBER: *count = config->asterisk.member_count; return config->asterisk.members;
        case RS_SCOPE_ROOT:
        case RS_SCOPE_COUNT: break;
    }
    *count = 0;
    return NULL;
}

rs_str_t rs__item_name(rs_schema_scope_t scope, const void *item) {
    switch (scope) {
        case RS_SCOPE_POLICY: return rs_str(((const rs_policy_t *)item)->name);
        case RS_SCOPE_QUEUE: return ((const rs_queue_config_t *)item)->name;
        case RS_SCOPE_HOURS: return ((const rs_hours_config_t *)item)->name;
        case RS_SCOPE_AGENT: return ((const rs_agent_config_t *)item)->name;
        case RS_SCOPE_RULE: return ((const rs_rule_config_t *)item)->name;
        case RS_SCOPE_RECEIVER: return ((const rs_receiver_config_t *)item)->name;
        case RS_SCOPE_MEMBER_DELAY: return ((const rs_asterisk_queue_t *)item)->name;
        case RS_SCOPE_MEMBER: return ((const rs_asterisk_member_t *)item)->interface;
        case RS_SCOPE_ROOT:
        case RS_SCOPE_COUNT: break;
    }
    return RS_STR("");
}

/* An item before its keys are read. */
static void begin_item(rs_schema_scope_t scope, void *item, rs_str_t name) {
    const rs_str_t empty = RS_STR("");
    switch (scope) {
        case RS_SCOPE_POLICY: {
            rs_policy_t *policy = item;
            (void)!rs_policy_preset(RS_STR("short_excluded"), policy);
            memset(policy->name, 0, sizeof(policy->name));
            memcpy(policy->name, name.data, name.len);
            break;
        }
        case RS_SCOPE_QUEUE:
            *(rs_queue_config_t *)item = (rs_queue_config_t){.tenant = empty,
                                                             .name = name,
                                                             .threshold_us = -1,
                                                             .short_us = -1,
                                                             .target = -1,
                                                             .hours = empty,
                                                             .first_reply_us = -1,
                                                             .next_reply_us = -1,
                                                             .resolution_us = -1};
            break;
        case RS_SCOPE_HOURS: *(rs_hours_config_t *)item = (rs_hours_config_t){.name = name, .zone_name = empty}; break;
        case RS_SCOPE_AGENT:
            *(rs_agent_config_t *)item = (rs_agent_config_t){.tenant = empty, .name = name, .team = empty};
            break;
        case RS_SCOPE_RULE:
            *(rs_rule_config_t *)item = (rs_rule_config_t){.name = name,
                                                           .metric = empty,
                                                           .policy = empty,
                                                           .window = empty,
                                                           .tenant = empty,
                                                           .key = RS_STR("*"),
                                                           .limit = -INFINITY,
                                                           .clear = -INFINITY,
                                                           .compare = RS_ALERT_BOTH,
                                                           .fast_start = true,
                                                           .centre = -INFINITY,
                                                           .target = -1,
                                                           .severity = RS_SEVERITY_WARNING,
                                                           .runbook = empty,
                                                           .inhibited_by = empty};
            break;
        case RS_SCOPE_RECEIVER: rs__receiver_begin(item, name); break;
        case RS_SCOPE_MEMBER_DELAY: *(rs_asterisk_queue_t *)item = (rs_asterisk_queue_t){.name = name}; break;
        case RS_SCOPE_MEMBER:
            *(rs_asterisk_member_t *)item = (rs_asterisk_member_t){.interface = name, .name = empty};
            break;
        case RS_SCOPE_ROOT:
        case RS_SCOPE_COUNT: break;
    }
}

static const char *last_part(const char *pattern) { return strrchr(pattern, '.') + 1; }

static rs_node_t at_key(const rs_node_t *node) {
    rs_node_t copy = *node;
    if (node->mark.line != 0) copy.mark = node->key_mark;
    return copy;
}

/* As the table's keys are: everything else (dots, too) is no key of ours, and never printed into a pattern. */
static bool is_plain_key(rs_str_t key) {
    for (uint32_t i = 0; i < key.len; i++)
        if (key.data[i] != '_' && (key.data[i] < 'a' || key.data[i] > 'z')) return false;
    return key.len > 0 && key.len < 32;
}

static int refuse_unknown(rs__loader_t *loader, const char *pattern, const rs_node_t *child, const char *key) {
    char allowed[RS_CONFIG_ALLOWED_TEXT];
    const rs_node_t place = at_key(child);
    rs__schema_suggest(pattern, child->key, allowed, sizeof(allowed));
    return rs__loader_fail(loader, &place, key, allowed, "no such key");
}

/* The keys that are there must be known; then the rows in the table's order, since some stand on others (a policy's
 * base, a rule's metric). */
static int read_item_keys(rs__loader_t *loader, rs_schema_scope_t scope, void *item, const rs_node_t *node,
                          const char *item_key) {
    const rs_str_t item_name = rs__item_name(scope, item);
    uint32_t count;
    const rs_schema_row_t *rows = rs__schema_rows(&count);
    char pattern[PATTERN_TEXT], key[RS_KEY_TEXT];
    for (const rs_node_t *child = node->first; child != NULL; child = child->next) {
        const bool its_name = rs_str_equal(child->key, RS_STR("name")) && rs_str_equal(child->text, item_name);
        if (its_name) continue; /* of an item of a list */
        const bool fits = is_plain_key(child->key);
        if (fits)
            snprintf(pattern, sizeof(pattern), "%s.%.*s", scopes[scope].path, (int)child->key.len, child->key.data);
        rs__path_join(item_key, child->key, key, sizeof(key));
        if (!fits || rs__schema_find(pattern) == NULL) return refuse_unknown(loader, scopes[scope].path, child, key);
    }
    for (uint32_t i = 0; i < count; i++) {
        const rs_schema_row_t *row = &rows[i];
        if (row->scope != scope) continue;
        const rs_str_t name = rs_str(last_part(row->path));
        const rs_node_t *child = rs__node_child(node, name);
        rs__path_join(item_key, name, key, sizeof(key));
        if (child == NULL && (row->flags & RS_ROW_REQUIRED) != 0) {
            char allowed[RS_CONFIG_ALLOWED_TEXT];
            rs__schema_allowed(row, allowed, sizeof(allowed));
            return rs__loader_fail(loader, node, key, allowed, "is missing");
        }
        const int status = child == NULL ? RS_OK : rs__value_assign(loader, row, item, child, key);
        if (status != RS_OK) return status;
    }
    return RS_OK;
}

static bool is_good_name(rs_str_t name) {
    if (name.len == 0 || name.len > RS_MAX_NAME) return false;
    for (uint32_t i = 0; i < name.len; i++)
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == 0x7F) return false;
    return true;
}

static int finish_item(rs__loader_t *loader, rs_schema_scope_t scope, void *item, const rs_node_t *node,
                       const char *key) {
    if (scope == RS_SCOPE_POLICY) return rs__loader_check_policy(loader, item, node, key);
    if (scope == RS_SCOPE_HOURS) return rs__loader_finish_hours(loader, item, node, key);
    if (scope == RS_SCOPE_RULE) return rs__loader_check_rule(loader, item, node, key);
    if (scope == RS_SCOPE_RECEIVER) return rs__loader_check_receiver(loader, item, node, key);
    return RS_OK;
}

static int read_item(rs__loader_t *loader, rs_schema_scope_t scope, rs_str_t name, const rs_node_t *node) {
    rs__items_t *all = &loader->collections[scope];
    const size_t size = scopes[scope].item_size;
    const rs_schema_row_t *scalar = rs__schema_find(scopes[scope].path);
    char prefix[PATTERN_TEXT], key[RS_KEY_TEXT];
    snprintf(prefix, sizeof(prefix), "%.*s", (int)(strchr(scopes[scope].path, '<') - scopes[scope].path - 1),
             scopes[scope].path);
    rs__path_join(prefix, name, key, sizeof(key));
    if (!is_good_name(name)) {
        const rs_node_t place = at_key(node);
        return rs__loader_fail(loader, &place, key, "1 to 64 bytes without control characters", "is not a name");
    }
    if (scalar == NULL && node->kind != RS_NODE_MAP && node->kind != RS_NODE_EMPTY) {
        char allowed[RS_CONFIG_ALLOWED_TEXT];
        rs__schema_suggest(scopes[scope].path, RS_STR(""), allowed, sizeof(allowed));
        return rs__loader_fail(loader, node, key, allowed, "is not a section");
    }
    rs_str_t kept;
    int status = rs__config_arena_copy(loader->arena, name, &kept);
    if (status == RS_OK) status = rs__config_arena_grow(loader->arena, &all->items, all->count, size);
    void *nodes = (void *)all->nodes;
    if (status == RS_OK) status = rs__config_arena_grow(loader->scratch, &nodes, all->count, sizeof(*all->nodes));
    if (status != RS_OK) return status;
    all->nodes = nodes;
    void *item = (unsigned char *)all->items + all->count * size;
    begin_item(scope, item, kept);
    status = scalar != NULL ? rs__value_assign(loader, scalar, item, node, key)
                            : read_item_keys(loader, scope, item, node, key);
    if (status == RS_OK) status = finish_item(loader, scope, item, node, key);
    if (status == RS_OK) all->nodes[all->count++] = node;
    return status;
}

/* `queues: {vip: {…}}` or `queues: [{name: vip, …}]`. */
static int read_collection(rs__loader_t *loader, rs_schema_scope_t scope) {
    const rs_node_t *node = loader->collections[scope].node;
    const bool scalar = rs__schema_find(scopes[scope].path) != NULL;
    int status = RS_OK;
    if (node == NULL || node->kind == RS_NODE_EMPTY) return RS_OK;
    if (node->kind == RS_NODE_TEXT || (node->kind == RS_NODE_LIST && scalar))
        return rs__loader_fail(loader, node, scopes[scope].path, "a section with a name for each item",
                               "is not a section");
    for (const rs_node_t *child = node->first; status == RS_OK && child != NULL; child = child->next) {
        if (node->kind == RS_NODE_MAP) {
            status = read_item(loader, scope, child->key, child);
            continue;
        }
        const rs_node_t *name = child->kind == RS_NODE_MAP ? rs__node_child(child, RS_STR("name")) : NULL;
        if (name == NULL || name->kind != RS_NODE_TEXT)
            return rs__loader_fail(loader, child, scopes[scope].path, "an item such as {name: vip, …}",
                                   "an item without a name");
        rs_node_t item = *child;
        item.key_mark = name->mark;
        status = read_item(loader, scope, name->text, &item);
        if (status == RS_OK) loader->collections[scope].nodes[loader->collections[scope].count - 1] = child;
    }
    return status;
}

/* --- single keys -------------------------------------------------------------------------------------------------- */
static rs_schema_scope_t scope_of(const char *placeholder) {
    for (int scope = RS_SCOPE_ROOT + 1; scope < RS_SCOPE_COUNT; scope++)
        if (strcmp(scopes[scope].path, placeholder) == 0) return (rs_schema_scope_t)scope;
    return RS_SCOPE_ROOT;
}

/* Sections are at most two deep ("alerts.rules"), so this ends. */
static int read_section(rs__loader_t *loader, const rs_node_t *node, const char *section) {
    char path[PATTERN_TEXT], placeholder[PATTERN_TEXT], key[RS_KEY_TEXT];
    for (const rs_node_t *child = node->first; child != NULL; child = child->next) {
        const bool fits = is_plain_key(child->key);
        rs__path_join(section, child->key, key, sizeof(key));
        if (fits)
            snprintf(path, sizeof(path), "%s%s%.*s", section, section[0] == '\0' ? "" : ".", (int)child->key.len,
                     child->key.data);
        const rs_schema_row_t *row = fits ? rs__schema_find(path) : NULL;
        int status = RS_OK;
        if (row != NULL) {
            status = rs__value_assign(loader, row, loader->config, child, key);
            if (strcmp(row->path, "time.missing_end") == 0) loader->config->missing_end_named = true;
        } else if (!fits || !rs__schema_is_section(path)) {
            return refuse_unknown(loader, section, child, key);
        } else if (rs__schema_placeholder(path, placeholder, sizeof(placeholder))) {
            loader->collections[scope_of(placeholder)].node = child;
        } else if (child->kind == RS_NODE_MAP) {
            status = read_section(loader, child, path);
        } else if (child->kind != RS_NODE_EMPTY) {
            char allowed[RS_CONFIG_ALLOWED_TEXT];
            rs__schema_suggest(path, RS_STR(""), allowed, sizeof(allowed));
            return rs__loader_fail(loader, child, key, allowed, "is not a section");
        }
        if (status != RS_OK) return status;
    }
    return RS_OK;
}

static int assign_defaults(rs__loader_t *loader) {
    uint32_t count;
    const rs_schema_row_t *rows = rs__schema_rows(&count);
    rs_config_t *config = loader->config;
    int status = RS_OK;
    config->interval_us = 15 * RS_US_PER_MIN;
    config->override_threshold_us = config->override_short_us = -1;
    for (uint32_t i = 0; status == RS_OK && i < count; i++)
        if (rows[i].initial != NULL) status = rs__value_assign_initial(loader, &rows[i], config);
    return status;
}

/* --- order -------------------------------------------------------------------------------------------------------- */
static int compare_queues(const void *left, const void *right) {
    const rs_queue_config_t *a = left, *b = right;
    int order = rs_str_compare(a->name, b->name);
    if (order == 0) order = rs_str_compare(a->tenant, b->tenant);
    return order != 0 ? order : (a->channel > b->channel) - (a->channel < b->channel);
}

static int compare_agents(const void *left, const void *right) {
    const rs_agent_config_t *a = left, *b = right;
    const int order = rs_str_compare(a->name, b->name);
    return order != 0 ? order : rs_str_compare(a->tenant, b->tenant);
}

static int compare_hours(const void *left, const void *right) {
    return rs_str_compare(((const rs_hours_config_t *)left)->name, ((const rs_hours_config_t *)right)->name);
}

static void hand_over(rs__loader_t *loader) {
    rs_config_t *config = loader->config;
    const rs__items_t *all = loader->collections;
    config->queues = all[RS_SCOPE_QUEUE].items;
    config->queue_count = all[RS_SCOPE_QUEUE].count;
    config->hours = all[RS_SCOPE_HOURS].items;
    config->hours_count = all[RS_SCOPE_HOURS].count;
    config->agents = all[RS_SCOPE_AGENT].items;
    config->agent_count = all[RS_SCOPE_AGENT].count;
    config->rules = all[RS_SCOPE_RULE].items;
    config->rule_count = all[RS_SCOPE_RULE].count;
    config->receivers = all[RS_SCOPE_RECEIVER].items;
    config->receiver_count = all[RS_SCOPE_RECEIVER].count;
    config->asterisk.queues = all[RS_SCOPE_MEMBER_DELAY].items;
    config->asterisk.queue_count = all[RS_SCOPE_MEMBER_DELAY].count;
    config->asterisk.members = all[RS_SCOPE_MEMBER].items;
    config->asterisk.member_count = all[RS_SCOPE_MEMBER].count;
}

static void sort_items(rs_config_t *config) {
    if (config->queue_count > 1) qsort(config->queues, config->queue_count, sizeof(*config->queues), compare_queues);
    if (config->hours_count > 1) qsort(config->hours, config->hours_count, sizeof(*config->hours), compare_hours);
    if (config->agent_count > 1) qsort(config->agents, config->agent_count, sizeof(*config->agents), compare_agents);
}

static int interpret(rs__loader_t *loader) {
    int status = assign_defaults(loader);
    if (status == RS_OK && loader->root->kind == RS_NODE_MAP)
        status = read_section(loader, loader->root, "");
    else if (status == RS_OK && loader->root->kind != RS_NODE_EMPTY)
        status =
            rs__loader_fail(loader, loader->root, "", "sections such as `time:`", "the file is not a map of sections");
    if (status == RS_OK) status = read_collection(loader, RS_SCOPE_POLICY);
    if (status == RS_OK) status = rs__loader_resolve_policies(loader); /* rules name them */
    for (int scope = RS_SCOPE_QUEUE; status == RS_OK && scope < RS_SCOPE_COUNT; scope++)
        status = read_collection(loader, (rs_schema_scope_t)scope);
    if (status != RS_OK) return status;
    hand_over(loader);
    status = rs__loader_check(loader);
    if (status == RS_OK) sort_items(loader->config);
    return status;
}

/* --- whole -------------------------------------------------------------------------------------------------------- */
_Static_assert((int)RS_CONFIG_TEXT_MAX == (int)RS_DOCUMENT_MAX_BYTES, "every file's text can be loaded again");

/* Where a configuration comes from: a text, a file, or neither. */
typedef struct origin { const char *path; const rs_str_t *text; } origin_t;

static int read_text(rs__loader_t *loader, const origin_t *origin, rs_str_t *bytes) {
    if (origin->text == NULL) return rs__document_read(origin->path, loader->scratch, bytes, loader->error);
    if (origin->text->len > RS_CONFIG_TEXT_MAX) {
        snprintf(loader->error->reason, sizeof(loader->error->reason), "the text is longer than 1 MiB");
        return RS_ERR_PARSE;
    }
    *bytes = *origin->text;
    return RS_OK;
}

static int read_tree(rs__loader_t *loader, const origin_t *origin) {
    if (origin->path == NULL && (origin->text == NULL || origin->text->len == 0)) {
        loader->root = rs__config_arena_take(loader->scratch, sizeof(*loader->root));
        return loader->root == NULL ? RS_ERR_MEMORY : RS_OK;
    }
    rs_str_t bytes;
    int status = read_text(loader, origin, &bytes);
    if (status == RS_OK) status = rs__config_arena_copy(loader->arena, bytes, &loader->config->text);
    return status != RS_OK ? status : rs__document_parse(bytes, loader->scratch, &loader->root, loader->error);
}

static int apply_settings(rs__loader_t *loader, const char *const *sets, size_t set_count) {
    if (set_count > 0 && loader->root->kind != RS_NODE_MAP && loader->root->kind != RS_NODE_EMPTY) return RS_OK;
    for (size_t i = 0; i < set_count; i++) {
        const int status = rs__document_set(loader->root, rs_str(sets[i]), loader->scratch, loader->error);
        if (status != RS_OK) {
            snprintf(loader->error->file, sizeof(loader->error->file), "--set");
            return status;
        }
    }
    return RS_OK;
}

/* One line, whole characters: texts in it may come from the file and may have been cut. */
static void clean_text(char *text) {
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) *c = '?';
    uint32_t at = 0;
    while (!rs__text_is_utf8(rs_str(text), &at)) {
        if (strlen(text) - at < 4)
            text[at] = '\0';
        else
            text[at] = '?';
    }
}

static int load(rs__loader_t *loader, const origin_t *origin, const char *const *sets, size_t set_count) {
    int status = rs__config_arena_create(&loader->scratch);
    if (status == RS_OK) status = rs__config_arena_create(&loader->arena);
    if (status == RS_OK) {
        loader->config = rs__config_arena_take(loader->arena, sizeof(*loader->config));
        if (loader->config == NULL) status = RS_ERR_MEMORY;
    }
    if (status == RS_OK) {
        loader->config->storage = loader->arena;
        status = rs__config_arena_copy(loader->arena, rs_str(loader->file), &loader->config->file);
    }
    if (status == RS_OK) status = read_tree(loader, origin);
    if (status == RS_OK) status = apply_settings(loader, sets, set_count);
    return status == RS_OK ? interpret(loader) : status;
}

static int load_from(const char *file, const origin_t *origin, const char *const *sets, size_t set_count, rs_config_t **config,
                     rs_config_error_t *error) {
    memset(error, 0, sizeof(*error));
    snprintf(error->file, sizeof(error->file), "%s", file);
    rs__loader_t loader = {.file = file, .error = error};
    const int status = load(&loader, origin, sets, set_count);
    if (status == RS_OK) {
        *config = loader.config;
    } else {
        const rs__items_t *hours = &loader.collections[RS_SCOPE_HOURS];
        if (loader.config != NULL) rs__hours_destroy(hours->items, hours->count, loader.config->zone);
        if (loader.config != NULL) rs_zone_destroy(&loader.config->zone);
        rs__config_arena_destroy(&loader.arena);
        if (status == RS_ERR_MEMORY) snprintf(error->reason, sizeof(error->reason), "%s", rs_status_text(status));
        clean_text(error->file);
        clean_text(error->key);
        clean_text(error->reason);
        clean_text(error->allowed);
    }
    rs__config_arena_destroy(&loader.scratch);
    return status;
}

int rs_config_load(const char *path, const char *const *sets, size_t set_count, rs_config_t **config,
                   rs_config_error_t *error) {
    const origin_t origin = {.path = path};
    return load_from(path == NULL ? "" : path, &origin, sets, set_count, config, error);
}

int rs_config_load_text(rs_str_t text, const char *name, rs_config_t **config, rs_config_error_t *error) {
    const origin_t origin = {.text = &text};
    return load_from(name, &origin, NULL, 0, config, error);
}

int rs_config_create_default(rs_config_t **config) {
    rs_config_error_t error;
    return rs_config_load(NULL, NULL, 0, config, &error);
}

void rs_config_destroy(rs_config_t **config) {
    if (config == NULL || *config == NULL) return;
    rs__config_arena_t *arena = (*config)->storage;
    rs__hours_destroy((*config)->hours, (*config)->hours_count, (*config)->zone);
    rs_zone_destroy(&(*config)->zone);
    rs__config_arena_destroy(&arena); /* the configuration itself lies in it */
    *config = NULL;
}

void rs_config_error_format(const rs_config_error_t *error, char *text, size_t size) {
    char place[32] = "";
    if (error->line > 0)
        snprintf(place, sizeof(place), "%s%u:%u", error->file[0] == '\0' ? "" : ":", error->line, error->column);
    const bool anywhere = error->file[0] != '\0' || place[0] != '\0', asks = strncmp(error->allowed, "did you mean", 12) == 0;
    snprintf(text, size, "%s%s%s%s%s%s%s%s", error->file, place, anywhere ? ": " : "", error->key,
             error->key[0] == '\0' ? "" : ": ", error->reason,
             error->allowed[0] == '\0' ? "" : asks ? "; " : "; allowed: ", error->allowed);
}
