/* Service-level presets, and which T, S and target hold where. */
#include "config/config.h"
#include "config/metric_names.h"

#include <stdio.h>

typedef struct preset {
    const char *name;
    uint8_t abandoned;
    bool short_on;
    uint8_t short_rule;
    bool asterisk_flows; /* what app_queue itself counts as abandoned is judged as abandoned */
} preset_t;

static const preset_t presets[] = {
    {"abandon_within_hit", RS_RULE_HIT_IF_WITHIN, false, RS_RULE_EXCLUDE, false},
    {"answered_only", RS_RULE_EXCLUDE, false, RS_RULE_EXCLUDE, false},
    {"abandon_miss", RS_RULE_MISS, false, RS_RULE_EXCLUDE, false},
    {"abandon_within_excluded", RS_RULE_EXCLUDE_IF_WITHIN, false, RS_RULE_EXCLUDE, false},
    {"short_hit", RS_RULE_MISS, true, RS_RULE_HIT, false},
    {"short_excluded", RS_RULE_MISS, true, RS_RULE_EXCLUDE, false},
    {"asterisk_perf", RS_RULE_EXCLUDE, false, RS_RULE_EXCLUDE, false},
    {"asterisk_perf2", RS_RULE_HIT_IF_WITHIN, false, RS_RULE_EXCLUDE, true},
};

const char *rs_policy_preset_names(void) {
    return "abandon_within_hit, answered_only, abandon_miss, abandon_within_excluded, short_hit, short_excluded, "
           "asterisk_perf, asterisk_perf2";
}

int rs_policy_preset(rs_str_t name, rs_policy_t *policy) {
    for (size_t i = 0; i < RS_ARRAY_LEN(presets); i++) {
        const preset_t *preset = &presets[i];
        if (!rs_str_equal(name, rs_str(preset->name))) continue;
        *policy = (rs_policy_t){.version = 1,
                                .threshold_us = -1,
                                .short_us = -1,
                                .target = -1,
                                .abandoned = preset->abandoned,
                                .short_on = preset->short_on,
                                .short_rule = preset->short_rule,
                                .blocked = RS_RULE_EXCLUDE,
                                .callbacks = RS_RULE_EXCLUDE,
                                .open_miss_now = true};
        memcpy(policy->name, preset->name, strlen(preset->name) + 1);
        for (size_t reason = 0; reason < RS_CONFIG_REASON_SLOTS; reason++) policy->flowed_out[reason] = RS_RULE_EXCLUDE;
        if (preset->asterisk_flows) {
            policy->flowed_out[RS_FLOW_TIMEOUT] = RS_RULE_HIT_IF_WITHIN;
            policy->flowed_out[RS_FLOW_NO_AGENTS] = RS_RULE_HIT_IF_WITHIN;
            policy->flowed_out[RS_FLOW_WITHDRAWN] = RS_RULE_HIT_IF_WITHIN;
        }
        return RS_OK;
    }
    return RS_ERR_NOT_FOUND;
}

/* --- metrics by name ---------------------------------------------------------------------------------------------- */
static const struct {
    const char *name;
    rs_metric_unit_t unit;
} metrics[] = {
#define RS_X(name, unit) {#name, RS_UNIT_##unit},
    RS_METRIC_NAMES(RS_X)
#undef RS_X
};

bool rs_config_metric_known(rs_str_t name, rs_metric_unit_t *unit) {
    for (size_t i = 0; i < RS_ARRAY_LEN(metrics); i++) {
        if (!rs_str_equal(name, rs_str(metrics[i].name))) continue;
        if (unit != NULL) *unit = metrics[i].unit;
        return true;
    }
    return false;
}

const char *rs_config_metric_name(uint32_t index) { return index < RS_ARRAY_LEN(metrics) ? metrics[index].name : NULL; }

const char *rs_config_metric_names(void) {
    static const char names[] =
#define RS_X(name, unit) ", " #name
        RS_METRIC_NAMES(RS_X)
#undef RS_X
        ;
    return names + 2;
}

/* --- who is configured -------------------------------------------------------------------------------------------- */
/* First queue entry whose name is not before `name`. */
static uint32_t first_queue(const rs_config_t *config, rs_str_t name) {
    uint32_t low = 0, high = config->queue_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (rs_str_compare(config->queues[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Entries that hold here, the more precise one last for each field: any, this channel, this tenant, both. */
static void take_queue_settings(const rs_config_t *config, rs_str_t tenant, rs_str_t queue, uint8_t channel,
                                rs_standard_t *standard) {
    unsigned threshold_rank = 0, short_rank = 0, target_rank = 0;
    for (uint32_t i = first_queue(config, queue); i < config->queue_count; i++) {
        const rs_queue_config_t *entry = &config->queues[i];
        if (!rs_str_equal(entry->name, queue)) break;
        if (entry->tenant.len > 0 && !rs_str_equal(entry->tenant, tenant)) continue;
        if (entry->channel != 0 && entry->channel != channel) continue;
        const unsigned rank = 1u + (entry->tenant.len > 0 ? 2u : 0u) + (entry->channel != 0 ? 1u : 0u);
        if (entry->threshold_us >= 0 && rank > threshold_rank) {
            standard->threshold_us = entry->threshold_us;
            threshold_rank = rank;
        }
        if (entry->short_us >= 0 && rank > short_rank) {
            standard->short_us = entry->short_us;
            short_rank = rank;
        }
        if (entry->target >= 0 && rank > target_rank) {
            standard->target = entry->target;
            target_rank = rank;
        }
    }
}

rs_standard_t rs_config_standard(const rs_config_t *config, const rs_policy_t *policy, rs_str_t tenant, rs_str_t queue,
                                 uint8_t channel) {
    rs_standard_t standard = {.threshold_us = config->default_threshold_us,
                              .short_us = config->default_short_us,
                              .target = config->default_target};
    take_queue_settings(config, tenant, queue, channel, &standard);
    if (policy != NULL && policy->threshold_us >= 0) standard.threshold_us = policy->threshold_us;
    if (policy != NULL && policy->short_us >= 0) standard.short_us = policy->short_us;
    if (policy != NULL && policy->target >= 0) standard.target = policy->target;
    if (config->override_threshold_us >= 0) standard.threshold_us = config->override_threshold_us;
    if (config->override_short_us >= 0) standard.short_us = config->override_short_us;
    return standard;
}

rs_str_t rs_config_team(const rs_config_t *config, rs_str_t tenant, rs_str_t agent) {
    uint32_t low = 0, high = config->agent_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (rs_str_compare(config->agents[middle].name, agent) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    rs_str_t team = {.data = "", .len = 0};
    for (uint32_t i = low; i < config->agent_count && rs_str_equal(config->agents[i].name, agent); i++) {
        const rs_agent_config_t *entry = &config->agents[i];
        if (rs_str_equal(entry->tenant, tenant) && entry->tenant.len > 0) return entry->team;
        if (entry->tenant.len == 0) team = entry->team;
    }
    return team;
}
