/* support/generate_config.c — configurations at random: policies with every option, thresholds per queue, zones. */
#include "generate.h"
#include "generate_internal.h"

#include <stdlib.h>

/* 2026-03-29T01:00Z and 2026-10-25T01:00Z: London; 2026-03-29T00:00 local does not exist in the third zone. */
static rs_zone_transition_t utc_table[] = {{0, 0}};
static rs_zone_transition_t london_table[] = {
    {0, 0}, {INT64_C(1774746000000000), 3600}, {INT64_C(1792890000000000), 0}};
static rs_zone_transition_t skipped_table[] = {
    {0, 7200}, {INT64_C(1774735200000000), 10800}, {INT64_C(1792875600000000), 7200}};
static rs_zone_transition_t quarter_table[] = {{0, 20700}};
static rs_zone_t zones[GENERATE_ZONES] = {{"UTC", RS_ARRAY_LEN(utc_table), utc_table},
                                          {"Europe/London", RS_ARRAY_LEN(london_table), london_table},
                                          {"Asia/Beirut", RS_ARRAY_LEN(skipped_table), skipped_table},
                                          {"Asia/Kathmandu", RS_ARRAY_LEN(quarter_table), quarter_table}};

const rs_zone_t *generate_zone(unsigned which) { return &zones[which % GENERATE_ZONES]; }

void generate_defaults(rs_config_t *config) {
    *config = (rs_config_t){.clock = RS_CLOCK_WALL,
                            .lateness_us = 10 * RS_US_PER_MIN,
                            .idle_us = 30 * RS_US_PER_S,
                            .future_us = RS_US_PER_MIN,
                            .clock_skew_us = 2 * RS_US_PER_S,
                            .interval_us = 15 * RS_US_PER_MIN,
                            .attribution_event = true,
                            .zone = &zones[0],
                            .windows_us = {5 * RS_US_PER_MIN, 15 * RS_US_PER_MIN, 30 * RS_US_PER_MIN, RS_US_PER_HOUR},
                            .window_count = 4,
                            .policy_count = 1,
                            .default_threshold_us = 20 * RS_US_PER_S,
                            .default_short_us = 5 * RS_US_PER_S,
                            .default_target = 0.8,
                            .override_threshold_us = -1,
                            .override_short_us = -1,
                            .feedback = {.csat = {1000, 5000}, .ces = {1000, 7000}},
                            .limits = {.tenants = 8,
                                       .cases = 1024,
                                       .queue_keys = 256,
                                       .agent_keys = 256,
                                       .team_keys = 64,
                                       .sources = 16,
                                       .contacts = 4096,
                                       .contact_events = 256,
                                       .remembered_ids = 16384,
                                       .rows = 65536,
                                       .alerts = 64,
                                       .peers = 8,
                                       .peer_bytes = 1u << 20,
                                       .message_bytes = 1u << 20,
                                       .inlet_bytes = 1u << 20,
                                       .outlet_bytes = 1u << 20}};
    config->policies[0] = (rs_policy_t){.name = "short_excluded",
                                        .version = 1,
                                        .threshold_us = -1,
                                        .short_us = -1,
                                        .target = -1,
                                        .abandoned = RS_RULE_MISS,
                                        .short_on = true,
                                        .short_rule = RS_RULE_EXCLUDE,
                                        .open_miss_now = true};
}

/* Hours that open and close all the time, so that short histories see it; office hours; a night over two days. */
enum { FLICKER_S = 1800, OPEN_S = 1140, DAY_S = 86400 };
static rs_calendar_span_t flicker[7 * DAY_S / FLICKER_S], office[5], night[14];
static rs_calendar_date_t holidays[64];
static generate_hours_t hours_table[GENERATE_HOURS] = {
    {.name = "flicker", .week = flicker, .spans = RS_ARRAY_LEN(flicker), .dates = holidays, .date_count = RS_ARRAY_LEN(holidays)},
    {.name = "night", .week = night, .spans = RS_ARRAY_LEN(night)},
    {.name = "office", .week = office, .spans = RS_ARRAY_LEN(office), .dates = holidays, .date_count = RS_ARRAY_LEN(holidays)}};

static void fill_hours(void) {
    for (uint32_t i = 0; i < RS_ARRAY_LEN(flicker); i++) {
        const uint32_t from_s = i % (DAY_S / FLICKER_S) * FLICKER_S;
        flicker[i] = (rs_calendar_span_t){(uint8_t)(i / (DAY_S / FLICKER_S)), from_s, from_s + OPEN_S};
    }
    for (uint8_t i = 0; i < RS_ARRAY_LEN(office); i++) office[i] = (rs_calendar_span_t){i, 9 * 3600, 17 * 3600};
    for (uint8_t i = 0; i < 7; i++) {
        night[i * 2] = (rs_calendar_span_t){i, 0, 5 * 3600};
        night[i * 2 + 1] = (rs_calendar_span_t){i, 22 * 3600, DAY_S};
    }
    for (int32_t i = 0; i < (int32_t)RS_ARRAY_LEN(holidays); i++) {   /* from 2026-03-26 on, closed or shortened */
        holidays[i] = (rs_calendar_date_t){20538 + i * 4, i % 2 == 0 ? 0 : 36000, i % 2 == 0 ? 0 : 54000};
    }
}

const generate_hours_t *generate_hours(rs_str_t name) {
    for (unsigned i = 0; i < GENERATE_HOURS; i++) {
        if (rs_str_equal(rs_str(hours_table[i].name), name)) return &hours_table[i];
    }
    return NULL;
}

static void random_hours(rs_config_t *config, rs_hours_config_t *hours) {
    fill_hours();
    config->hours = hours;
    for (unsigned i = 0; i < GENERATE_HOURS; i++) {
        const generate_hours_t *table = &hours_table[i];
        hours[i].name = rs_str(table->name);
        hours[i].zone = config->zone;
        hours[i].zone_name = rs_str(config->zone->name);
        hours[i].week = (rs_calendar_span_t *)(uintptr_t)table->week;      /* read only */
        hours[i].dates = (rs_calendar_date_t *)(uintptr_t)table->dates;
        hours[i].week_count = (uint32_t)table->spans;
        hours[i].date_count = (uint32_t)table->date_count;
        RS_REQUIRE(rs_calendar_create(config->zone, table->week, table->spans, table->dates, table->date_count,
                                      &hours[i].calendar) == RS_OK);
    }
    config->hours_count = GENERATE_HOURS;
}

static int64_t random_target_us(rs_random_t *random) {
    static const int64_t targets_us[] = {-1, -1, 0, 10 * RS_US_PER_S, 60 * RS_US_PER_S, 10 * RS_US_PER_MIN};
    return targets_us[rs_random_below(random, RS_ARRAY_LEN(targets_us))];
}

static void random_clocks(rs_random_t *random, rs_queue_config_t *queue) {
    if (rs_random_below(random, 3) != 0) queue->hours = rs_str(hours_table[rs_random_below(random, GENERATE_HOURS)].name);
    queue->first_reply_us = random_target_us(random);
    queue->next_reply_us = random_target_us(random);
    queue->resolution_us = random_target_us(random);
    queue->callback_clock = (uint8_t)rs_random_below(random, 3);
}

static rs_verdict_rule_t pick_rule(rs_random_t *random, const rs_verdict_rule_t *rules, size_t count) {
    return rules[rs_random_below(random, count)];
}

static void random_policy(rs_random_t *random, rs_policy_t *policy, unsigned number) {
    static const rs_verdict_rule_t abandoned[] = {RS_RULE_EXCLUDE, RS_RULE_MISS, RS_RULE_HIT_IF_WITHIN,
                                                  RS_RULE_EXCLUDE_IF_WITHIN};
    static const rs_verdict_rule_t shorts[] = {RS_RULE_EXCLUDE, RS_RULE_MISS, RS_RULE_HIT};
    static const rs_verdict_rule_t others[] = {RS_RULE_EXCLUDE, RS_RULE_MISS, RS_RULE_HIT_IF_WITHIN};
    static const int64_t limits_us[] = {-1, -1, -1, 0, 10 * RS_US_PER_S, 20 * RS_US_PER_S, 30500 * RS_US_PER_MS};
    static const int64_t shorts_us[] = {-1, -1, -1, 0, 3 * RS_US_PER_S, 5 * RS_US_PER_S};
    *policy = (rs_policy_t){.version = 1,
                            .threshold_us = limits_us[rs_random_below(random, RS_ARRAY_LEN(limits_us))],
                            .short_us = shorts_us[rs_random_below(random, RS_ARRAY_LEN(shorts_us))],
                            .target = -1,
                            .compare_lt = rs_random_below(random, 3) == 0,
                            .abandoned = (uint8_t)pick_rule(random, abandoned, RS_ARRAY_LEN(abandoned)),
                            .short_on = rs_random_below(random, 2) == 0,
                            .short_rule = (uint8_t)pick_rule(random, shorts, RS_ARRAY_LEN(shorts)),
                            .blocked = (uint8_t)(rs_random_below(random, 2) == 0 ? RS_RULE_MISS : RS_RULE_EXCLUDE),
                            .callbacks = (uint8_t)pick_rule(random, others, RS_ARRAY_LEN(others)),
                            .open_miss_now = rs_random_below(random, 2) == 0,
                            .unit_journey = rs_random_below(random, 4) == 0};
    snprintf(policy->name, sizeof policy->name, "policy%u", number);
    const bool per_reason = rs_random_below(random, 2) == 0;
    const rs_verdict_rule_t one = pick_rule(random, others, RS_ARRAY_LEN(others));
    for (unsigned reason = 0; reason < RS_CONFIG_REASON_SLOTS; reason++) {
        policy->flowed_out[reason] = (uint8_t)(per_reason ? pick_rule(random, others, RS_ARRAY_LEN(others)) : one);
    }
    policy->flowed_out[RS_FLOW_LOST] = RS_RULE_EXCLUDE;
}

static void random_queues(rs_random_t *random, rs_config_t *config, rs_queue_config_t *queues) {
    static const int64_t limits_us[] = {-1, 0, 10 * RS_US_PER_S, 15 * RS_US_PER_S, 30 * RS_US_PER_S};
    static const int64_t shorts_us[] = {-1, 0, 2 * RS_US_PER_S, 5 * RS_US_PER_S};
    config->queues = queues;
    for (unsigned i = 0; i < GENERATE_QUEUES; i++) {
        if (rs_random_below(random, 2) == 0) continue;
        queues[config->queue_count++] =
            (rs_queue_config_t){.name = rs_str(generate_queues[i]),
                                .threshold_us = limits_us[rs_random_below(random, RS_ARRAY_LEN(limits_us))],
                                .short_us = shorts_us[rs_random_below(random, RS_ARRAY_LEN(shorts_us))],
                                .target = -1,
                                .channel = (uint8_t)(rs_random_below(random, 3) == 0 ? RS_CHANNEL_CHAT : 0),
                                .tenant = rs_random_below(random, 4) == 0 ? RS_STR("acme") : (rs_str_t){0}};
        random_clocks(random, &queues[config->queue_count - 1]);
    }
}

void generate_config(rs_random_t *random, rs_config_t *config, rs_queue_config_t *queues, rs_agent_config_t *agents,
                     rs_hours_config_t *hours) {
    generate_defaults(config);
    config->attribution_enter = config->attribution_close = true;
    config->zone = &zones[rs_random_below(random, GENERATE_ZONES)];
    random_hours(config, hours);
    config->callback_clock = (uint8_t)rs_random_below(random, 3);
    if (rs_random_below(random, 2) == 0) config->first_reply_us = config->next_reply_us = 30 * RS_US_PER_S;
    if (rs_random_below(random, 2) == 0) config->resolution_us = 5 * RS_US_PER_MIN;
    config->policy_count = 1 + (uint32_t)rs_random_below(random, RS_MAX_POLICIES);
    for (unsigned i = 0; i < config->policy_count; i++) random_policy(random, &config->policies[i], i);
    random_queues(random, config, queues);
    config->agents = agents;
    for (unsigned i = 0; i < GENERATE_AGENTS; i += 2) {
        agents[config->agent_count++] =
            (rs_agent_config_t){.name = rs_str(generate_agents[i]), .team = rs_str(generate_teams[i % 2])};
    }
    if (rs_random_below(random, 3) == 0) config->feedback.csat = (rs_scale_config_t){0, 10000};
    if (rs_random_below(random, 6) == 0) config->override_threshold_us = 12 * RS_US_PER_S;
    if (rs_random_below(random, 8) == 0)
        config->override_short_us = (int64_t)rs_random_below(random, 2) * 4 * RS_US_PER_S;
    if (rs_random_below(random, 6) == 0) config->default_short_us = 0;
    if (rs_random_below(random, 8) == 0) config->clock_skew_us = (int64_t)rs_random_below(random, 2) * RS_US_PER_S;
}

static void print_rule(FILE *out, const char *name, uint8_t rule) {
    static const char *const names[] = {"exclude", "miss", "hit", "hit_if_within", "exclude_if_within"};
    fprintf(out, " %s=%s", name, rule < RS_ARRAY_LEN(names) ? names[rule] : "?");
}

void history_print_config(FILE *out, const rs_config_t *config, const rs_interval_spec_t *interval) {
    fprintf(out,
            "# zone %s, interval mode %d length %lld us; default T %lld S %lld, override T %lld S %lld, skew %lld, "
            "lateness %lld, missing_end %lld\n",
            config->zone->name, (int)interval->mode, (long long)interval->length_us,
            (long long)config->default_threshold_us, (long long)config->default_short_us,
            (long long)config->override_threshold_us, (long long)config->override_short_us,
            (long long)config->clock_skew_us, (long long)config->lateness_us, (long long)config->missing_end_us);
    for (uint32_t i = 0; i < config->queue_count; i++) {
        const rs_queue_config_t *queue = &config->queues[i];
        fprintf(out, "# queue %.*s tenant '%.*s' channel '%s' T %lld S %lld\n", (int)queue->name.len, queue->name.data,
                (int)queue->tenant.len, queue->tenant.len ? queue->tenant.data : "", rs_channel_name(queue->channel),
                (long long)queue->threshold_us, (long long)queue->short_us);
        fprintf(out, "#   hours '%.*s' callback_clock %u replies %lld %lld resolution %lld\n", (int)queue->hours.len,
                queue->hours.len ? queue->hours.data : "", queue->callback_clock, (long long)queue->first_reply_us,
                (long long)queue->next_reply_us, (long long)queue->resolution_us);
    }
    fprintf(out, "# callback_clock %u replies %lld %lld resolution %lld\n", config->callback_clock,
            (long long)config->first_reply_us, (long long)config->next_reply_us, (long long)config->resolution_us);
    for (uint32_t i = 0; i < config->agent_count; i++) {
        fprintf(out, "# agent %.*s team %.*s\n", (int)config->agents[i].name.len, config->agents[i].name.data,
                (int)config->agents[i].team.len, config->agents[i].team.data);
    }
    for (uint32_t i = 0; i < config->policy_count; i++) {
        const rs_policy_t *policy = &config->policies[i];
        fprintf(out, "# policy %s T %lld S %lld %s unit=%s", policy->name, (long long)policy->threshold_us,
                (long long)policy->short_us, policy->compare_lt ? "lt" : "le",
                policy->unit_journey ? "journey" : "leg");
        print_rule(out, "abandoned", policy->abandoned);
        if (policy->short_on) print_rule(out, "short", policy->short_rule);
        print_rule(out, "blocked", policy->blocked);
        print_rule(out, "callbacks", policy->callbacks);
        for (unsigned reason = 1; reason < RS_CONFIG_REASON_SLOTS; reason++) {
            char name[24];
            snprintf(name, sizeof name, "flow%u", reason);
            print_rule(out, name, policy->flowed_out[reason]);
        }
        fprintf(out, "%s\n", policy->open_miss_now ? " miss_now" : "");
    }
}
