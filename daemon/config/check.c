/* What must fit together across keys. */
#include "config/metric_names.h"
#include "config/value.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- where a key stands ------------------------------------------------------------------------------------------- */
/* The value at "limits.inlet_bytes" in the file; NULL when it is not there (its default is what is wrong, then). */
static const rs_node_t *node_at(const rs__loader_t *loader, const char *path) {
    const rs_node_t *node = loader->root;
    while (node != NULL && *path != '\0') {
        const size_t length = strcspn(path, ".");
        node = rs__node_child(node, (rs_str_t){.data = path, .len = (uint32_t)length});
        path += length + (path[length] == '.');
    }
    return node;
}

/* What is wrong with two keys is reported at the one that the file names; at the first when it names both. */
static int fail_at(rs__loader_t *loader, const char *key, const char *other, const char *allowed, const char *reason) {
    const rs_node_t *node = node_at(loader, key);
    const rs_node_t *other_node = other == NULL ? NULL : node_at(loader, other);
    if (node == NULL && other_node != NULL) return rs__loader_fail(loader, other_node, other, allowed, "%s", reason);
    return rs__loader_fail(loader, node, key, allowed, "%s", reason);
}

static const rs_node_t *child_or_self(const rs_node_t *node, const char *name) {
    const rs_node_t *child = rs__node_child(node, rs_str(name));
    return child == NULL ? node : child;
}

/* --- policies ----------------------------------------------------------------------------------------------------- */
int rs__loader_check_policy(rs__loader_t *loader, const rs_policy_t *policy, const rs_node_t *node, const char *key) {
    rs_policy_t preset;
    char at[RS_KEY_TEXT];
    if (rs_policy_preset(rs_str(policy->name), &preset) == RS_OK)
        return rs__loader_fail(loader, node, key, "another name, with `base:` set to the preset",
                               "a preset has this name already");
    rs__path_join(key, RS_STR("short"), at, sizeof(at));
    if (policy->short_us > 0 && !policy->short_on)
        return rs__loader_fail(loader, child_or_self(node, "short"), at, "short_rule: exclude, miss or hit with it",
                               "S has no effect, short_rule is off");
    if (policy->short_us >= 0 && policy->threshold_us >= 0 && policy->short_us > policy->threshold_us)
        return rs__loader_fail(loader, child_or_self(node, "short"), at, "at most the policy's threshold",
                               "S is longer than T");
    return RS_OK;
}

static bool find_policy(const rs__loader_t *loader, rs_str_t name, rs_policy_t *policy) {
    const rs__items_t *own = &loader->collections[RS_SCOPE_POLICY];
    for (uint32_t i = 0; i < own->count; i++) {
        const rs_policy_t *candidate = (const rs_policy_t *)own->items + i;
        if (!rs_str_equal(name, rs_str(candidate->name))) continue;
        *policy = *candidate;
        return true;
    }
    return rs_policy_preset(name, policy) == RS_OK;
}

static int refuse_policy(rs__loader_t *loader, const rs_node_t *item, const char *what) {
    char allowed[RS_CONFIG_ALLOWED_TEXT];
    rs__schema_allowed(rs__schema_find("service_level.policies"), allowed, sizeof(allowed));
    return rs__loader_fail(loader, item, "service_level.policies", allowed, "`%.*s` %s",
                           (int)(item->text.len < 64 ? item->text.len : 64), item->text.data, what);
}

int rs__loader_resolve_policies(rs__loader_t *loader) {
    rs_config_t *config = loader->config;
    config->policy_count = 0;
    for (const rs_node_t *item = loader->policy_list->first; item != NULL; item = item->next) {
        if (config->policy_count == RS_MAX_POLICIES) return refuse_policy(loader, item, "is one policy too many");
        rs_policy_t *policy = &config->policies[config->policy_count];
        if (!find_policy(loader, item->text, policy)) return refuse_policy(loader, item, "is not a policy");
        for (uint32_t i = 0; i < config->policy_count; i++)
            if (rs_str_equal(rs_str(config->policies[i].name), item->text))
                return refuse_policy(loader, item, "is named twice");
        config->policy_count++;
    }
    return RS_OK;
}

/* --- rules -------------------------------------------------------------------------------------------------------- */
int rs__refuse_rule_key(rs__loader_t *loader, const rs_node_t *node, const char *rule_key, const char *name, const char *allowed,
                        const char *reason) {
    char key[RS_KEY_TEXT];
    rs__path_join(rule_key, rs_str(name), key, sizeof(key));
    return rs__loader_fail(loader, child_or_self(node, name), key, allowed, "%s", reason);
}

static int check_rule_window(rs__loader_t *loader, const rs_rule_config_t *rule, const rs_node_t *node,
                             const char *key) {
    rs_metric_unit_t unit = RS_UNIT_COUNT;
    (void)rs_config_metric_known(rule->metric, &unit);
    const bool gauge = unit >= RS_UNIT_GAUGE_COUNT;
    if (!rs__rule_takes(rule->detector, RS_STR("window"))) return RS_OK;
    if (gauge && rule->window.len > 0)
        return rs__refuse_rule_key(loader, node, key, "window",
                                   "no window with waiting, oldest_wait, open_over_t, estimated_wait, breach_oldest, breach_newest, staff",
                                   "this metric is of now and has no window");
    if (!gauge && rule->window.len == 0)
        return rs__refuse_rule_key(loader, node, key, "window", "one of `windows`, or today", "is missing");
    return RS_OK;
}

static int check_rule_policy(rs__loader_t *loader, rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    const rs_config_t *config = loader->config;
    if (rule->policy.len == 0) return RS_OK;
    if (!rs_str_equal(rule->metric, RS_STR("service_level")) && !rs_str_equal(rule->metric, RS_STR("predicted_service_level")))
        return rs__refuse_rule_key(loader, node, key, "policy", "a policy with metric: service_level or predicted_service_level only",
                               "this metric has no policy");
    for (uint32_t i = 0; i < config->policy_count; i++)
        if (rs_str_equal(rule->policy, rs_str(config->policies[i].name))) return RS_OK;
    char allowed[RS_CONFIG_ALLOWED_TEXT] = "one of service_level.policies: ";
    for (uint32_t i = 0; i < config->policy_count; i++) {
        const size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof(allowed) - used, "%s%s", i == 0 ? "" : ", ", config->policies[i].name);
    }
    return rs__refuse_rule_key(loader, node, key, "policy", allowed, "no such policy is counted");
}

int rs__loader_check_rule(rs__loader_t *loader, rs_rule_config_t *rule, const rs_node_t *node, const char *key) {
    int status = rs__loader_check_rule_keys(loader, rule, node, key);
    if (status == RS_OK) status = check_rule_window(loader, rule, node, key);
    if (status == RS_OK) status = check_rule_policy(loader, rule, node, key);
    if (status == RS_OK) status = rs__loader_check_detector(loader, rule, node, key);
    if (status != RS_OK) return status;
    if (isinf(rule->clear)) rule->clear = rule->limit;   /* not named */
    if (rule->compare == RS_ALERT_BELOW && rule->clear < rule->limit)
        return rs__refuse_rule_key(loader, node, key, "clear", "at least the limit, since below it is bad",
                               "is on the bad side of the limit");
    if (rule->compare == RS_ALERT_ABOVE && rule->clear > rule->limit)
        return rs__refuse_rule_key(loader, node, key, "clear", "at most the limit, since above it is bad",
                               "is on the bad side of the limit");
    if (rule->family != 0 && rule->detector < RS_DETECTOR_SOURCE_SILENCE && !rs_str_equal(rule->key, RS_STR("*")))
        return rs__refuse_rule_key(loader, node, key, "key", "a pattern of queues' names with by: queue only",
                               "channels and totals have no names");
    return RS_OK;
}

/* --- queues and agents -------------------------------------------------------------------------------------------- */
/* Only what the file itself says can contradict: the built-in 5 s does not forbid a threshold of 3 s. */
static int check_queue_standard(rs__loader_t *loader, const rs_queue_config_t *queue, const rs_node_t *node) {
    const rs_config_t *config = loader->config;
    const bool short_named = queue->short_us >= 0 || node_at(loader, "service_level.short") != NULL;
    const int64_t threshold = queue->threshold_us >= 0 ? queue->threshold_us : config->default_threshold_us;
    const int64_t least = queue->short_us >= 0 ? queue->short_us : config->default_short_us;
    if ((queue->threshold_us < 0 && queue->short_us < 0) || !short_named || least <= threshold) return RS_OK;
    const char *name = queue->short_us >= 0 ? "short" : "threshold";
    char prefix[RS_KEY_TEXT], key[RS_KEY_TEXT], allowed[64], text[RS_DURATION_TEXT];
    rs__path_join("queues", queue->name, prefix, sizeof(prefix));
    rs__path_join(prefix, rs_str(name), key, sizeof(key));
    rs_config_format_duration(queue->short_us >= 0 ? threshold : least, text);
    snprintf(allowed, sizeof(allowed), "S at most T; %s here is %s", queue->short_us >= 0 ? "T" : "S", text);
    return rs__loader_fail(loader, child_or_self(node, name), key, allowed, "S is longer than T");
}

static bool hours_known(const rs_config_t *config, rs_str_t name) {
    for (uint32_t i = 0; i < config->hours_count; i++)
        if (rs_str_equal(config->hours[i].name, name)) return true;
    return name.len == 0;
}

static void list_hours(const rs_config_t *config, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, config->hours_count == 0 ? "a name under `hours`, where none is yet" : "one of ");
    for (uint32_t i = 0; i < config->hours_count && used + 1 < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "" : ", ", config->hours[i].name.data);
}

static int check_queue_hours(rs__loader_t *loader, const rs_queue_config_t *queue, const rs_node_t *node) {
    char prefix[RS_KEY_TEXT], key[RS_KEY_TEXT], allowed[RS_CONFIG_ALLOWED_TEXT];
    if (hours_known(loader->config, queue->hours)) return RS_OK;
    rs__path_join("queues", queue->name, prefix, sizeof(prefix));
    rs__path_join(prefix, RS_STR("hours"), key, sizeof(key));
    list_hours(loader->config, allowed, sizeof(allowed));
    return rs__loader_fail(loader, child_or_self(node, "hours"), key, allowed, "there are no working hours `%s`", queue->hours.data);
}

static int check_complaints(rs__loader_t *loader) {
    const rs_config_t *config = loader->config;
    char allowed[RS_CONFIG_ALLOWED_TEXT], reason[128];
    if (hours_known(config, config->feedback.complaint_hours)) return RS_OK;
    list_hours(config, allowed, sizeof(allowed));
    snprintf(reason, sizeof(reason), "there are no working hours `%s`", config->feedback.complaint_hours.data);
    return fail_at(loader, "complaints.hours", NULL, allowed, reason);
}

typedef struct identity {
    rs_str_t name, tenant;
    uint8_t channel;
    const rs_node_t *node;
} identity_t;

static int compare_identities(const void *left, const void *right) {
    const identity_t *a = left, *b = right;
    int order = rs_str_compare(a->name, b->name);
    if (order == 0) order = rs_str_compare(a->tenant, b->tenant);
    return order != 0 ? order : (a->channel > b->channel) - (a->channel < b->channel);
}

static identity_t identity_of(rs_schema_scope_t scope, const void *item, const rs_node_t *node) {
    identity_t identity = {.name = rs__item_name(scope, item), .tenant = RS_STR(""), .node = node};
    if (scope == RS_SCOPE_QUEUE) {
        identity.tenant = ((const rs_queue_config_t *)item)->tenant;
        identity.channel = ((const rs_queue_config_t *)item)->channel;
    }
    if (scope == RS_SCOPE_AGENT) identity.tenant = ((const rs_agent_config_t *)item)->tenant;
    return identity;
}

/* Maps cannot hold a name twice, lists can. */
static int check_no_twins(rs__loader_t *loader, rs_schema_scope_t scope) {
    const rs__items_t *all = &loader->collections[scope];
    if (all->count < 2 || all->node->kind != RS_NODE_LIST) return RS_OK;
    identity_t *sorted = rs__config_arena_take(loader->scratch, all->count * sizeof(*sorted));
    if (sorted == NULL) return RS_ERR_MEMORY;
    for (uint32_t i = 0; i < all->count; i++)
        sorted[i] =
            identity_of(scope, (const unsigned char *)all->items + i * rs__scope_item_size(scope), all->nodes[i]);
    qsort(sorted, all->count, sizeof(*sorted), compare_identities);
    for (uint32_t i = 1; i < all->count; i++) {
        if (compare_identities(&sorted[i - 1], &sorted[i]) != 0) continue;
        char prefix[RS_KEY_TEXT], key[RS_KEY_TEXT];
        const char *path = rs__scope_path(scope);
        snprintf(prefix, sizeof(prefix), "%.*s", (int)(strchr(path, '<') - path - 1), path);
        rs__path_join(prefix, sorted[i].name, key, sizeof(key));
        const rs_node_t *a = sorted[i - 1].node, *b = sorted[i].node;
        return rs__loader_fail(loader, a->mark.line > b->mark.line ? a : b, key,
                               "each name once; queues and agents once per tenant and channel", "is there already");
    }
    return RS_OK;
}

static int check_items(rs__loader_t *loader) {
    const rs_config_t *config = loader->config;
    for (uint32_t i = 0; i < config->queue_count; i++) {
        const rs_node_t *node = loader->collections[RS_SCOPE_QUEUE].nodes[i];
        int status = check_queue_standard(loader, &config->queues[i], node);
        if (status == RS_OK) status = check_queue_hours(loader, &config->queues[i], node);
        if (status != RS_OK) return status;
    }
    int status = RS_OK;
    for (int scope = RS_SCOPE_POLICY; status == RS_OK && scope < RS_SCOPE_COUNT; scope++)
        status = check_no_twins(loader, (rs_schema_scope_t)scope);
    if (status != RS_OK) return status;
    if (config->queue_count > config->limits.queue_keys)
        return fail_at(loader, "limits.queue_keys", "queues", "room for every queue under `queues`",
                       "fewer than the queues that the file names");
    if (config->receiver_count > RS_MAX_RECEIVERS)
        return fail_at(loader, "receivers", NULL, "at most 16 receivers", "too many receivers");
    if (config->agent_count > config->limits.agent_keys)
        return fail_at(loader, "limits.agent_keys", "agents", "room for every agent under `agents`",
                       "fewer than the agents that the file names");
    return RS_OK;
}

/* --- single keys -------------------------------------------------------------------------------------------------- */
static bool is_power_of_two(uint32_t number) { return number != 0 && (number & (number - 1)) == 0; }

static int check_limits(rs__loader_t *loader) {
    const rs_limits_t *limits = &loader->config->limits;
    if (!is_power_of_two(limits->inlet_bytes))
        return fail_at(loader, "limits.inlet_bytes", NULL, "a power of two, such as 16MiB", "is not a power of two");
    if (!is_power_of_two(limits->outlet_bytes))
        return fail_at(loader, "limits.outlet_bytes", NULL, "a power of two, such as 4MiB", "is not a power of two");
    if (limits->message_bytes > limits->inlet_bytes / 4)
        return fail_at(loader, "limits.message_bytes", "limits.inlet_bytes",
                       "a message of at most a quarter of the inlet", "a message would not fit the inlet");
    if (limits->message_bytes > limits->peer_bytes)
        return fail_at(loader, "limits.message_bytes", "limits.peer_bytes",
                       "limits.peer_bytes at least limits.message_bytes",
                       "one message is more than a producer may have on its way");
    return RS_OK;
}

static int check_journal(rs__loader_t *loader) {
    const uint32_t segment = loader->config->journal.segment_bytes;
    const uint64_t files = loader->config->journal.max_bytes / segment;
    if (segment % 4096 != 0)
        return fail_at(loader, "journal.segment_bytes", NULL, "a multiple of 4096, such as 16MiB", "is not a multiple of 4096");
    if (files < 4 || files > 4096) {
        return fail_at(loader, "journal.max_bytes", "journal.segment_bytes", "4 to 4096 times journal.segment_bytes",
                       files < 4 ? "room for fewer than four files" : "room for more than 4096 files");
    }
    return RS_OK;
}

static int check_endpoints(rs__loader_t *loader) {
    const rs_config_t *config = loader->config;
    const rs_str_t endpoints[] = {config->events_endpoint, config->plain_endpoint, config->feed_endpoint,
                                  config->snapshot_endpoint, config->commands_endpoint};
    static const char *const keys[] = {"ingest.events", "ingest.plain", "feed.publish", "feed.snapshots", "ingest.commands"};
    for (size_t i = 1; i < RS_ARRAY_LEN(endpoints); i++) {
        for (size_t k = 0; k < i; k++) {
            if (endpoints[i].len == 0 || !rs_str_equal(endpoints[i], endpoints[k]) || endpoints[i].data[endpoints[i].len - 1] == '*')
                continue;
            char reason[96];
            const bool is_told_at_other = node_at(loader, keys[i]) == NULL && node_at(loader, keys[k]) != NULL; /* see fail_at */
            snprintf(reason, sizeof(reason), "the same endpoint as %s", is_told_at_other ? keys[i] : keys[k]);
            return fail_at(loader, keys[i], keys[k], "an endpoint of its own for each socket", reason);
        }
    }
    return RS_OK;
}

/* An address in numbers and a port. */
static int check_web(rs__loader_t *loader) {
    const rs_str_t listen = loader->config->web_listen;
    char text[80] = "", bytes[sizeof(struct in6_addr)];
    if (listen.len == 0) return RS_OK;
    memcpy(text, listen.data, listen.len);   /* at most 64 bytes, see the table */
    char *colon = strrchr(text, ':');
    const size_t digits = colon == NULL ? 0 : strspn(colon + 1, "0123456789");
    bool good = digits != 0 && digits <= 5 && colon[1 + digits] == '\0' && strtol(colon + 1, NULL, 10) <= 65535;
    if (good) {
        const bool is_6 = text[0] == '[' && colon[-1] == ']';
        *(is_6 ? colon - 1 : colon) = '\0';
        good = inet_pton(is_6 ? AF_INET6 : AF_INET, is_6 ? text + 1 : text, bytes) == 1;
    }
    return good ? RS_OK : fail_at(loader, "web.listen", NULL, "an address of this machine and a port, such as 127.0.0.1:8570 or [::1]:8570",
                                  "is no address with a port");
}

/* Longer intervals and local days are summed from quarter hours of UTC. */
static int check_zone(rs__loader_t *loader) {
    enum { QUARTER_S = 15 * 60 };
    const rs_zone_t *zone = loader->config->zone;
    const int64_t now_us = (int64_t)time(NULL) * RS_US_PER_S;
    for (uint32_t i = 0; i < zone->count; i++) {
        const bool over = i + 1 < zone->count && zone->transitions[i + 1].at_us <= now_us;
        if (over || zone->transitions[i].offset_s % QUARTER_S == 0) continue;
        char reason[160];
        snprintf(reason, sizeof(reason), "`%s` has an offset of %d seconds, and days are summed from quarter hours",
                 zone->name, zone->transitions[i].offset_s);
        return fail_at(loader, "time.zone", NULL, "a zone whose offset is a multiple of 15 minutes", reason);
    }
    return RS_OK;
}

int rs__loader_check(rs__loader_t *loader) {
    const rs_config_t *config = loader->config;
    if (config->default_short_us > config->default_threshold_us && node_at(loader, "service_level.short") != NULL)
        return fail_at(loader, "service_level.short", "service_level.threshold", "at most service_level.threshold",
                       "S is longer than T");
    if (config->backoff_min_us > config->backoff_max_us)
        return fail_at(loader, "store.backoff_min", "store.backoff_max", "store.backoff_min at most store.backoff_max",
                       "the first pause is longer than the longest");
    int status = check_limits(loader);
    if (status == RS_OK) status = check_journal(loader);
    if (status == RS_OK) status = check_endpoints(loader);
    if (status == RS_OK) status = check_web(loader);
    if (status == RS_OK) status = check_zone(loader);
    if (status == RS_OK) status = check_complaints(loader);
    if (status == RS_OK) status = rs__loader_check_budget(loader);
    if (status == RS_OK) status = rs__loader_check_parents(loader);
    return status == RS_OK ? check_items(loader) : status;
}
