/* The sets of policies that were in force, and of the configurations behind them what figures and rules depend on: by value, because
 * the files that they came from may have changed. */
#include "core/parts_state.h"

#include <stdlib.h>

enum { TEXT_BLOCK_BYTES = 16 * 1024, MAX_QUEUES = 1 << 20, MAX_RULES = 1 << 16, MAX_TOPICS = 1 << 16, MAX_SPANS = 7 * 24 * 60 };

typedef struct text_block { struct text_block *next; uint32_t used; char bytes[TEXT_BLOCK_BYTES]; } text_block_t;
struct rs_kept_config {
    rs_config_t config;
    text_block_t *texts;
};

static const rs_state_field_t generation_fields[] = {
    RS_STATE_FIELD(rs_generation_t, from_us, RS_BOUND_TIME), RS_STATE_REBUILT(rs_generation_t, config),
    RS_STATE_REBUILT(rs_generation_t, policies), RS_STATE_FIELD(rs_generation_t, used, RS_BOUND_ANY)};
static const rs_state_table_t generation_table = RS_STATE_TABLE(rs_generation_t, "generation", generation_fields);

static const rs_state_field_t policy_fields[] = {
    RS_STATE_ARRAY(rs_policy_t, name, RS_BOUND_ANY), RS_STATE_FIELD(rs_policy_t, version, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_policy_t, threshold_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_policy_t, short_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_policy_t, target, RS_BOUND_ANY), RS_STATE_FIELD(rs_policy_t, compare_lt, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_policy_t, abandoned, RS_BOUND_POLICY_RULE), RS_STATE_FIELD(rs_policy_t, short_on, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_policy_t, short_rule, RS_BOUND_POLICY_RULE), RS_STATE_ARRAY(rs_policy_t, flowed_out, RS_BOUND_POLICY_RULE),
    RS_STATE_FIELD(rs_policy_t, blocked, RS_BOUND_POLICY_RULE), RS_STATE_FIELD(rs_policy_t, callbacks, RS_BOUND_POLICY_RULE),
    RS_STATE_FIELD(rs_policy_t, open_miss_now, RS_BOUND_ANY), RS_STATE_FIELD(rs_policy_t, unit_journey, RS_BOUND_ANY)};
static const rs_state_table_t policy_table = RS_STATE_TABLE(rs_policy_t, "policy", policy_fields);

static const rs_state_field_t queue_fields[] = {
    RS_STATE_REBUILT(rs_queue_config_t, tenant), RS_STATE_REBUILT(rs_queue_config_t, name),
    RS_STATE_FIELD(rs_queue_config_t, channel, RS_BOUND_CHANNEL), RS_STATE_FIELD(rs_queue_config_t, threshold_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_queue_config_t, short_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_queue_config_t, target, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_queue_config_t, hours), RS_STATE_FIELD(rs_queue_config_t, first_reply_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_queue_config_t, next_reply_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_queue_config_t, resolution_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_queue_config_t, callback_clock, RS_BOUND_ANY)};
static const rs_state_table_t queue_table = RS_STATE_TABLE(rs_queue_config_t, "queue", queue_fields);

static const rs_state_field_t rule_fields[] = {
    RS_STATE_REBUILT(rs_rule_config_t, name), RS_STATE_REBUILT(rs_rule_config_t, metric), RS_STATE_REBUILT(rs_rule_config_t, policy),
    RS_STATE_REBUILT(rs_rule_config_t, window), RS_STATE_REBUILT(rs_rule_config_t, tenant), RS_STATE_REBUILT(rs_rule_config_t, key),
    RS_STATE_FIELD(rs_rule_config_t, family, RS_BOUND_FAMILY), RS_STATE_FIELD(rs_rule_config_t, channel, RS_BOUND_CHANNEL),
    RS_STATE_FIELD(rs_rule_config_t, compare, RS_BOUND_ANY), RS_STATE_FIELD(rs_rule_config_t, limit, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rule_config_t, clear, RS_BOUND_ANY), RS_STATE_FIELD(rs_rule_config_t, for_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rule_config_t, clear_for_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_rule_config_t, trial_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rule_config_t, min_sample, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rule_config_t, severity, RS_BOUND_ANY), RS_STATE_REBUILT(rs_rule_config_t, runbook),
    RS_STATE_REBUILT(rs_rule_config_t, inhibited_by),
    RS_STATE_FIELD(rs_rule_config_t, detector, RS_BOUND_DETECTOR), RS_STATE_FIELD(rs_rule_config_t, baseline, RS_BOUND_DETECT_CHOICE),
    RS_STATE_FIELD(rs_rule_config_t, run_rules, RS_BOUND_DETECT_CHOICE), RS_STATE_FIELD(rs_rule_config_t, fast_start, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rule_config_t, confidence, RS_BOUND_ANY), RS_STATE_FIELD(rs_rule_config_t, false_alarms, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rule_config_t, shift, RS_BOUND_ANY), RS_STATE_FIELD(rs_rule_config_t, weight, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rule_config_t, centre, RS_BOUND_ANY), RS_STATE_FIELD(rs_rule_config_t, sigma, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rule_config_t, target, RS_BOUND_ANY), RS_STATE_FIELD(rs_rule_config_t, budget, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_rule_config_t, period_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_rule_config_t, every_us, RS_BOUND_TIME)};
static const rs_state_table_t rule_table = RS_STATE_TABLE(rs_rule_config_t, "rule", rule_fields);

/* Of rs_config_t these only; what else of it is saved follows in lists. */
static const rs_state_field_t standard_fields[] = {
    RS_STATE_FIELD(rs_config_t, default_threshold_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, default_short_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, default_target, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, false_alarms, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, override_threshold_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, override_short_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, future_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, callback_clock, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, first_reply_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, next_reply_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, resolution_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, fcr.repeat_window_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_config_t, fcr.redial_grace_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_config_t, fcr.scope, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, fcr.repeat_handled_only, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, feedback.csat.min_milli, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, feedback.csat.max_milli, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, feedback.ces.min_milli, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, feedback.ces.max_milli, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, feedback.acknowledge_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, feedback.investigate_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_config_t, feedback.respond_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_config_t, feedback.close_us, RS_BOUND_ANY)};
static const rs_state_table_t standards_table = RS_STATE_TABLE(rs_config_t, "standards", standard_fields);

static const rs_state_field_t span_fields[] = {
    RS_STATE_FIELD(rs_calendar_span_t, weekday, RS_BOUND_ANY), RS_STATE_FIELD(rs_calendar_span_t, from_s, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_calendar_span_t, to_s, RS_BOUND_ANY)};
static const rs_state_table_t span_table = RS_STATE_TABLE(rs_calendar_span_t, "span", span_fields);
static const rs_state_field_t date_fields[] = {
    RS_STATE_FIELD(rs_calendar_date_t, days, RS_BOUND_ANY), RS_STATE_FIELD(rs_calendar_date_t, from_s, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_calendar_date_t, to_s, RS_BOUND_ANY)};
static const rs_state_table_t date_table = RS_STATE_TABLE(rs_calendar_date_t, "date", date_fields);

/* --- saving ------------------------------------------------------------------------------------------------------------ */
static void put_rule(rs_state_writer_t *writer, const rs_rule_config_t *rule) {
    const rs_str_t texts[] = {rule->name, rule->metric, rule->policy, rule->window, rule->tenant, rule->key};
    rs_state_put_item(writer, &rule_table, rule);
    for (size_t i = 0; i < RS_ARRAY_LEN(texts); i++) {
        rs_state_put_u32(writer, texts[i].len);
        rs_state_put_bytes(writer, texts[i].data, texts[i].len);
    }
    rs_state_put_u32(writer, rule->runbook.len);
    rs_state_put_bytes(writer, rule->runbook.data, rule->runbook.len);
    rs_state_put_u32(writer, rule->inhibited_by.len);
    rs_state_put_bytes(writer, rule->inhibited_by.data, rule->inhibited_by.len);
}

static void put_hours(rs_state_writer_t *writer, const rs_hours_config_t *hours) {
    rs_state_put_text(writer, hours->name);
    rs_state_put_text(writer, hours->zone_name);
    rs_state_put_u32(writer, hours->week_count);
    for (uint32_t i = 0; i < hours->week_count; i++) rs_state_put_item(writer, &span_table, &hours->week[i]);
    rs_state_put_u32(writer, hours->date_count);
    for (uint32_t i = 0; i < hours->date_count; i++) rs_state_put_item(writer, &date_table, &hours->dates[i]);
}

static void put_config(rs_state_writer_t *writer, const rs_config_t *config, bool with_rules) {
    rs_state_put_item(writer, &standards_table, config);
    rs_state_put_u8(writer, (uint8_t)config->window_count);
    for (uint32_t i = 0; i < config->window_count; i++) rs_state_put_u64(writer, (uint64_t)config->windows_us[i]);
    rs_state_put_u8(writer, (uint8_t)config->policy_count);
    for (uint32_t i = 0; i < config->policy_count; i++) rs_state_put_item(writer, &policy_table, &config->policies[i]);
    rs_state_put_u32(writer, config->queue_count);
    for (uint32_t i = 0; i < config->queue_count; i++) {
        const rs_queue_config_t *queue = &config->queues[i];
        rs_state_put_item(writer, &queue_table, queue);
        rs_state_put_text(writer, queue->tenant);
        rs_state_put_text(writer, queue->name);
        rs_state_put_text(writer, queue->hours);
    }
    rs_state_put_u32(writer, with_rules ? config->rule_count : 0);
    for (uint32_t i = 0; i < config->rule_count && with_rules; i++) put_rule(writer, &config->rules[i]);
    rs_state_put_u32(writer, config->fcr.never_count);
    for (uint32_t i = 0; i < config->fcr.never_count; i++) rs_state_put_text(writer, config->fcr.never_topics[i]);
    rs_state_put_text(writer, config->feedback.complaint_hours);
    rs_state_put_u32(writer, config->hours_count);
    for (uint32_t i = 0; i < config->hours_count; i++) put_hours(writer, &config->hours[i]);
}

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    rs_state_put_u8(writer, (uint8_t)core->generation_count);
    for (uint32_t i = 0; i < core->generation_count; i++) {
        const rs_generation_t *generation = &core->generations[i];
        rs_state_put_item(writer, &generation_table, generation);
        for (uint32_t left = generation->used; left != 0; left &= left - 1) {
            rs_state_put_item(writer, &policy_table, &generation->policies[__builtin_ctz(left)]);
        }
        put_config(writer, generation->config, true);
    }
}

static int swallow(void *context, const void *bytes, size_t len) {
    (void)context, (void)bytes, (void)len;
    return RS_OK;
}

static int hash_config(const rs_config_t *config, bool with_rules, rs_hash128_t *hash) {
    const rs_state_out_t nowhere = {.write = swallow};
    rs_state_writer_t *writer;
    int status = rs_state_writer_create(&nowhere, &writer);
    if (status != RS_OK) return status;
    rs_state_begin_section(writer, &rs_state_config_part);
    put_config(writer, config, with_rules);
    rs_state_end_section(writer);
    status = rs_state_finish(writer, hash);
    rs_state_writer_destroy(&writer);
    return status;
}

static bool are_same(const rs_config_t *a, const rs_config_t *b, bool with_rules) {
    rs_hash128_t one, other;
    if (a == b) return true;
    if (hash_config(a, with_rules, &one) != RS_OK || hash_config(b, with_rules, &other) != RS_OK) return false;
    return one.low == other.low && one.high == other.high;
}

bool rs_state_same_config(const rs_config_t *a, const rs_config_t *b) { return are_same(a, b, true); }
bool rs_state_same_figures(const rs_config_t *a, const rs_config_t *b) { return are_same(a, b, false); }

/* --- loading ----------------------------------------------------------------------------------------------------------- */
void rs_kept_configs_free(rs_core_t *core) {
    for (uint32_t i = 0; i < core->kept_count; i++) {
        rs_kept_config_t *kept = core->kept[i];
        for (text_block_t *block = kept->texts, *next; block != NULL; block = next) {
            next = block->next;
            free(block);
        }
        for (uint32_t h = 0; h < kept->config.hours_count; h++) {
            rs_calendar_destroy(&kept->config.hours[h].calendar);
            free(kept->config.hours[h].week);
            free(kept->config.hours[h].dates);
        }
        free(kept->config.hours);
        free(kept->config.fcr.never_topics);
        free(kept->config.queues);
        free(kept->config.rules);
        free(kept);
    }
    core->kept_count = 0;
}

/* Followed by a NUL, as a configuration's texts are. */
static rs_str_t get_text(rs_state_reader_t *reader, rs_kept_config_t *kept, uint32_t len) {
    if (len >= TEXT_BLOCK_BYTES) rs_state_refuse(reader, RS_ERR_PARSE, "a text of a configuration is too long");
    if (!rs_state_is_good(reader)) return RS_STR("");
    if (kept->texts == NULL || kept->texts->used + len + 1 > TEXT_BLOCK_BYTES) {
        text_block_t *block = calloc(1, sizeof *block);
        if (block == NULL) {
            rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
            return RS_STR("");
        }
        block->next = kept->texts;
        kept->texts = block;
    }
    char *bytes = kept->texts->bytes + kept->texts->used;
    kept->texts->used += len + 1;
    rs_state_get_bytes(reader, bytes, len);
    bytes[len] = '\0';
    return (rs_str_t){.data = bytes, .len = len};
}

static rs_str_t get_long(rs_state_reader_t *reader, rs_kept_config_t *kept) { return get_text(reader, kept, rs_state_get_u32(reader)); }
static rs_str_t get_short(rs_state_reader_t *reader, rs_kept_config_t *kept) { return get_text(reader, kept, rs_state_get_u8(reader)); }

/* One more item at the end of an array that grows as they come; NULL: refused. */
static void *one_more(rs_state_reader_t *reader, void **items, uint32_t count, size_t item_bytes) {
    if ((count & (count - 1)) == 0) {
        void *larger = realloc(*items, (size_t)(count == 0 ? 1 : count * 2) * item_bytes);
        if (larger == NULL) {
            rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
            return NULL;
        }
        *items = larger;
    }
    void *item = (unsigned char *)*items + (size_t)count * item_bytes;
    memset(item, 0, item_bytes);
    return item;
}

static void get_policy(rs_state_reader_t *reader, rs_policy_t *policy) {
    memset(policy, 0, sizeof *policy);
    rs_state_get_item(reader, &policy_table, policy);
    policy->name[RS_MAX_NAME] = '\0';
}

static void get_queues(rs_state_reader_t *reader, rs_kept_config_t *kept) {
    rs_config_t *config = &kept->config;
    void *queues = NULL;
    const uint32_t count = rs_state_get_count(reader, MAX_QUEUES);
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        rs_queue_config_t *queue = one_more(reader, &queues, i, sizeof *queue);
        if (queue == NULL) break;
        *queue = (rs_queue_config_t){.threshold_us = -1, .short_us = -1, .target = -1, .first_reply_us = -1, .next_reply_us = -1,
                                     .resolution_us = -1};
        rs_state_get_item(reader, &queue_table, queue);
        queue->tenant = get_short(reader, kept);
        queue->name = get_short(reader, kept);
        queue->hours = get_short(reader, kept);
        config->queue_count = i + 1;
    }
    config->queues = queues;
}

static void get_rules(rs_state_reader_t *reader, rs_kept_config_t *kept) {
    rs_config_t *config = &kept->config;
    void *rules = NULL;
    const uint32_t count = rs_state_get_count(reader, MAX_RULES);
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        rs_rule_config_t *rule = one_more(reader, &rules, i, sizeof *rule);
        if (rule == NULL) break;
        rs_state_get_item(reader, &rule_table, rule);
        rs_str_t *const texts[] = {&rule->name, &rule->metric, &rule->policy, &rule->window, &rule->tenant, &rule->key, &rule->runbook,
                                   &rule->inhibited_by};
        for (size_t t = 0; t < RS_ARRAY_LEN(texts); t++) *texts[t] = get_long(reader, kept);
        config->rule_count = i + 1;
    }
    config->rules = rules;
}

static void get_never_topics(rs_state_reader_t *reader, rs_kept_config_t *kept) {
    void *topics = NULL;
    const uint32_t count = rs_state_get_count(reader, MAX_TOPICS);
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        rs_str_t *topic = one_more(reader, &topics, i, sizeof *topic);
        if (topic == NULL) break;
        *topic = get_short(reader, kept);
        kept->config.fcr.never_count = i + 1;
    }
    kept->config.fcr.never_topics = topics;
}

/* --- working hours: as they were, in the time zone of that name that the configuration at hand has ----------------------- */
static rs_zone_t *zone_named(const rs_config_t *at_hand, rs_str_t name) {
    for (uint32_t i = 0; i < at_hand->hours_count; i++) {
        if (rs_str_equal(at_hand->hours[i].zone_name, name)) return at_hand->hours[i].zone;
    }
    return at_hand->zone != NULL && rs_str_equal(rs_str(at_hand->zone->name), name) ? at_hand->zone : NULL;
}

static void *get_list(rs_state_reader_t *reader, const rs_state_table_t *table, uint32_t most, uint32_t *count) {
    void *items = NULL;
    const uint32_t wanted = rs_state_get_count(reader, most);
    for (*count = 0; *count < wanted && rs_state_is_good(reader); (*count)++) {
        void *item = one_more(reader, &items, *count, table->item_bytes);
        if (item == NULL) break;
        rs_state_get_item(reader, table, item);
    }
    return items;
}

static void make_calendar(rs_state_reader_t *reader, const rs_config_t *at_hand, rs_hours_config_t *hours) {
    hours->zone = zone_named(at_hand, hours->zone_name);
    if (hours->zone == NULL) {
        rs_state_refuse(reader, RS_ERR_STATE, "the state has working hours in a time zone that neither time.zone nor any hours have now");
        return;
    }
    const int status = rs_calendar_create(hours->zone, hours->week, hours->week_count, hours->dates, hours->date_count, &hours->calendar);
    if (status == RS_ERR_MEMORY) rs_state_refuse(reader, status, "out of memory");
    else if (status != RS_OK) rs_state_refuse(reader, RS_ERR_PARSE, "working hours are none");
}

static void get_hours(rs_state_reader_t *reader, rs_kept_config_t *kept, const rs_config_t *at_hand) {
    void *all = NULL;
    const uint32_t count = rs_state_get_count(reader, RS_MAX_HOURS);
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        rs_hours_config_t *hours = one_more(reader, &all, i, sizeof *hours);
        if (hours == NULL) break;
        kept->config.hours = all;
        kept->config.hours_count = i + 1;
        hours->name = get_short(reader, kept);
        hours->zone_name = get_short(reader, kept);
        hours->week = get_list(reader, &span_table, MAX_SPANS, &hours->week_count);
        hours->dates = get_list(reader, &date_table, RS_MAX_HOURS_DATES, &hours->date_count);
        if (rs_state_is_good(reader)) make_calendar(reader, at_hand, hours);
    }
}

/* What is not saved is that of the configuration at hand. */
static rs_kept_config_t *get_config(rs_state_reader_t *reader, const rs_config_t *at_hand) {
    rs_kept_config_t *kept = calloc(1, sizeof *kept);
    if (kept == NULL) {
        rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
        return NULL;
    }
    rs_config_t *config = &kept->config;
    *config = *at_hand;
    config->storage = NULL;
    config->queues = NULL;
    config->rules = NULL;
    config->hours = NULL;
    config->fcr.never_topics = NULL;
    config->fcr.never_count = config->hours_count = config->queue_count = config->rule_count = config->policy_count =
        config->window_count = 0;
    rs_state_get_item(reader, &standards_table, config);
    config->window_count = rs_state_get_u8(reader);
    if (config->window_count > RS_MAX_WINDOWS) rs_state_refuse(reader, RS_ERR_PARSE, "a configuration has too many windows");
    if (!rs_state_is_good(reader)) config->window_count = 0;
    for (uint32_t i = 0; i < config->window_count; i++) config->windows_us[i] = (int64_t)rs_state_get_u64(reader);
    const uint32_t policies = rs_state_get_u8(reader);
    if (policies > RS_MAX_POLICIES) rs_state_refuse(reader, RS_ERR_PARSE, "a configuration has too many policies");
    for (uint32_t i = 0; i < policies && rs_state_is_good(reader); i++) {
        get_policy(reader, &config->policies[i]);
        config->policy_count = i + 1;
    }
    get_queues(reader, kept);
    get_rules(reader, kept);
    get_never_topics(reader, kept);
    config->feedback.complaint_hours = get_short(reader, kept);
    get_hours(reader, kept, at_hand);
    return kept;
}

static void get_generation(rs_core_t *core, rs_state_reader_t *reader, rs_generation_t *generation) {
    *generation = (rs_generation_t){0};
    rs_state_get_item(reader, &generation_table, generation);
    if ((generation->used >> RS_MAX_POLICIES) != 0) rs_state_refuse(reader, RS_ERR_PARSE, "a set of policies has too many");
    for (uint32_t left = generation->used; left != 0 && rs_state_is_good(reader); left &= left - 1) {
        get_policy(reader, &generation->policies[__builtin_ctz(left)]);
    }
    if (!rs_state_is_good(reader)) return;
    rs_kept_config_t *kept = get_config(reader, core->options.config);
    if (kept == NULL) return;
    core->kept[core->kept_count++] = kept;
    generation->config = &kept->config;
}

/* The configuration at hand takes the place of what was saved of it. */
static void load(rs_core_t *core, rs_state_reader_t *reader) {
    const uint32_t count = rs_state_get_u8(reader);
    if (count == 0 || count > RS_MAX_GENERATIONS) rs_state_refuse(reader, RS_ERR_PARSE, "the number of configurations is out of range");
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        get_generation(core, reader, &core->generations[i]);
        const bool in_order = i == 0 || core->generations[i].from_us >= core->generations[i - 1].from_us;
        if (!in_order) rs_state_refuse(reader, RS_ERR_PARSE, "the configurations are not in their order");
    }
    core->generation_count = rs_state_is_good(reader) ? count : 0;
    if (core->generation_count == 0) return;
    rs_generation_t *newest = &core->generations[count - 1];
    const rs_config_t *given = core->options.newest != NULL ? core->options.newest : core->options.config;
    if (rs_state_same_config(newest->config, given)) newest->config = given;
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    for (uint32_t i = 0; i < core->generation_count; i++) {
        const rs_generation_t *generation = &core->generations[i];
        const rs_config_t *config = generation->config;
        rs_state_check_item(reader, bounds, &generation_table, generation);
        for (uint32_t slot = 0; slot < RS_MAX_POLICIES; slot++) {
            rs_state_check_item(reader, bounds, &policy_table, &generation->policies[slot]);
        }
        rs_state_check_item(reader, bounds, &standards_table, config);
        for (uint32_t q = 0; q < config->queue_count; q++) rs_state_check_item(reader, bounds, &queue_table, &config->queues[q]);
        for (uint32_t r = 0; r < config->rule_count; r++) rs_state_check_item(reader, bounds, &rule_table, &config->rules[r]);
    }
}

const rs_state_part_t rs_state_config_part = {
    .name = "configurations", .version = 1, .table_count = 7,
    .tables = {&generation_table, &policy_table, &standards_table, &queue_table, &rule_table, &span_table, &date_table},
    .save = save, .load = load, .check = check};
