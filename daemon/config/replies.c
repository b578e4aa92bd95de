/* What a queue says of clocks: working hours, targets of replies, what a call-back does. */
#include "config/config.h"

/* 0: the entry is not about this queue; else the greater, the more precise: any, this channel, this tenant, both. */
static unsigned precision(const rs_queue_config_t *entry, rs_str_t tenant, uint8_t channel) {
    if (entry->tenant.len > 0 && !rs_str_equal(entry->tenant, tenant)) return 0;
    if (entry->channel != 0 && entry->channel != channel) return 0;
    return 1u + (entry->tenant.len > 0 ? 2u : 0u) + (entry->channel != 0 ? 1u : 0u);
}

static uint32_t first_entry(const rs_config_t *config, rs_str_t queue) {
    uint32_t low = 0, high = config->queue_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (rs_str_compare(config->queues[middle].name, queue) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Entries of one queue stand together. */
static bool is_of_queue(const rs_config_t *config, uint32_t i, rs_str_t queue) {
    return i < config->queue_count && rs_str_equal(config->queues[i].name, queue);
}

const rs_calendar_t *rs_config_hours(const rs_config_t *config, rs_str_t name) {
    uint32_t low = 0, high = config->hours_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = rs_str_compare(config->hours[middle].name, name);
        if (order == 0) return config->hours[middle].calendar;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

const rs_calendar_t *rs_config_calendar(const rs_config_t *config, rs_str_t tenant, rs_str_t queue, uint8_t channel) {
    const rs_queue_config_t *best = NULL;
    unsigned best_precision = 0;
    if (config->hours_count == 0) return NULL;
    for (uint32_t i = first_entry(config, queue); is_of_queue(config, i, queue); i++) {
        const unsigned found = config->queues[i].hours.len == 0 ? 0 : precision(&config->queues[i], tenant, channel);
        if (found <= best_precision) continue;
        best = &config->queues[i];
        best_precision = found;
    }
    return best == NULL ? NULL : rs_config_hours(config, best->hours);
}

static void take_target(int64_t *target_us, unsigned *rank, int64_t named_us, unsigned found) {
    if (named_us < 0 || found <= *rank) return;
    *target_us = named_us;
    *rank = found;
}

rs_reply_targets_t rs_config_reply_targets(const rs_config_t *config, rs_str_t tenant, rs_str_t queue, uint8_t channel) {
    rs_reply_targets_t targets = {config->first_reply_us, config->next_reply_us, config->resolution_us};
    unsigned first = 0, next = 0, resolution = 0;
    for (uint32_t i = first_entry(config, queue); is_of_queue(config, i, queue); i++) {
        const rs_queue_config_t *entry = &config->queues[i];
        const unsigned found = precision(entry, tenant, channel);
        take_target(&targets.first_us, &first, entry->first_reply_us, found);
        take_target(&targets.next_us, &next, entry->next_reply_us, found);
        take_target(&targets.resolution_us, &resolution, entry->resolution_us, found);
    }
    return targets;
}

bool rs_config_callback_keeps(const rs_config_t *config, rs_str_t tenant, rs_str_t queue, uint8_t channel) {
    uint8_t clock = config->callback_clock;
    unsigned best_precision = 0;
    for (uint32_t i = first_entry(config, queue); is_of_queue(config, i, queue); i++) {
        const rs_queue_config_t *entry = &config->queues[i];
        const unsigned found = entry->callback_clock == RS_CALLBACK_CLOCK_UNSET ? 0 : precision(entry, tenant, channel);
        if (found <= best_precision) continue;
        clock = entry->callback_clock;
        best_precision = found;
    }
    return clock == RS_CALLBACK_CLOCK_KEEP;
}
