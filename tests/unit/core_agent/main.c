#include "agent_test.h"

#include "core/core_internal.h"

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    agent_test_t *test = context;
    (void)origin;
    (void)event;
    test->refused[reason]++;
}

int64_t agent_test_at(double minutes) { return INT64_C(1772409600) * RS_US_PER_S + (int64_t)(minutes * 60) * RS_US_PER_S; }

void agent_test_prepare(agent_test_t *test) {
    static rs_str_t breaks[1], absences[1];
    breaks[0] = RS_STR("lunch");
    absences[0] = RS_STR("off");
    *test = (agent_test_t){0};
    generate_defaults(&test->config);
    test->config.staff = (rs_staff_config_t){.expire_us = 16 * RS_US_PER_HOUR, .break_activities = breaks, .break_count = 1,
                                             .absent_activities = absences, .absent_count = 1};
}

void agent_test_begin(agent_test_t *test) {
    const rs_core_options_t options = {
        .config = &test->config, .windows = true, .families = (1u << RS_FAMILY_COUNT) - 1, .attributions = 1u << RS_ATTRIBUTION_EVENT,
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 15 * RS_US_PER_MIN}, .start_us = agent_test_at(0), .run = 1, .hash_seed = 7,
        .effects = {.context = test, .on_verdict = on_verdict}};
    RS_REQUIRE(rs_core_create(&options, &test->core) == RS_OK);
}

void agent_test_end(agent_test_t *test) {
    const char *why = "";
    if (rs_core_check(test->core, &why) != RS_OK) fail_msg("%s", why);
    rs_core_destroy(&test->core);
}

void agent_test_tick(agent_test_t *test, double minutes) {
    const int64_t to_us = agent_test_at(minutes), step_us = 5 * RS_US_PER_MIN;
    for (int64_t at_us = rs_core_now(test->core); at_us < to_us; at_us += step_us) rs_core_tick(test->core, at_us);
    for (int i = 0; i < 3; i++) rs_core_tick(test->core, to_us);
}

rs_event_t agent_test_make(agent_test_t *test, rs_event_type_t type, const char *agent, double minutes) {
    return (rs_event_t){.occurred_us = agent_test_at(minutes), .seq = ++test->seq, .present = RS_HAS_SEQ, .type = (uint8_t)type,
                        .source = RS_STR("test"), .agent = rs_str(agent)};
}

void agent_test_send(agent_test_t *test, const rs_event_t *event) {
    rs_core_apply_event(test->core, event, test->arrival_us != 0 ? test->arrival_us : event->occurred_us, (rs_origin_t){0});
}

void agent_test_state(agent_test_t *test, const char *agent, rs_agent_state_t state, double minutes) {
    rs_event_t event = agent_test_make(test, RS_AGENT_STATE, agent, minutes);
    event.state = (uint8_t)state;
    agent_test_send(test, &event);
}

void agent_test_queue(agent_test_t *test, rs_event_type_t type, const char *agent, const char *queue, double minutes) {
    rs_event_t event = agent_test_make(test, type, agent, minutes);
    event.queue = rs_str(queue);
    agent_test_send(test, &event);
}

void agent_test_plan(agent_test_t *test, const char *agent, const char *activity, double from, double to, double minutes) {
    rs_event_t event = agent_test_make(test, RS_AGENT_SCHEDULED, agent, minutes);
    event.present |= RS_HAS_FROM_US | RS_HAS_TO_US;
    event.from_us = agent_test_at(from);
    event.to_us = agent_test_at(to);
    event.code = rs_str(activity);
    agent_test_send(test, &event);
}

void agent_test_contact(agent_test_t *test, rs_event_type_t type, const char *contact, const char *queue, const char *agent,
                        double minutes) {
    rs_event_t event = agent_test_make(test, type, agent, minutes);
    event.contact_id = rs_str(contact);
    event.queue = rs_str(queue);
    agent_test_send(test, &event);
}

void agent_test_call(agent_test_t *test, const char *contact, const char *queue, const char *agent, double from, double to) {
    agent_test_contact(test, RS_CONTACT_QUEUED, contact, queue, "", from);
    agent_test_contact(test, RS_CONTACT_ANSWERED, contact, queue, agent, from);
    agent_test_contact(test, RS_CONTACT_ENDED, contact, "", "", to);
}

typedef struct wanted { rs_key_family_t family; rs_str_t name; int64_t *counts; } wanted_t;
static void add_row(void *context, const rs_row_t *row) {
    wanted_t *wanted = context;
    if (row->key.family != wanted->family || !rs_str_equal(row->key.name, wanted->name)) return;
    for (unsigned c = 0; c < RS_COUNT_COUNT; c++) wanted->counts[c] += row->counts[c];
}

void agent_test_counts(agent_test_t *test, rs_key_family_t family, const char *name, int64_t counts[RS_COUNT_COUNT]) {
    wanted_t wanted = {.family = family, .name = rs_str(name), .counts = counts};
    memset(counts, 0, RS_COUNT_COUNT * sizeof counts[0]);
    rs_core_rows(test->core, add_row, &wanted);
}

int64_t agent_test_count(agent_test_t *test, rs_key_family_t family, const char *name, rs_count_t count) {
    int64_t counts[RS_COUNT_COUNT];
    agent_test_counts(test, family, name, counts);
    return counts[count];
}

rs_core_agent_t agent_test_live(agent_test_t *test, const char *name) {
    rs_core_agent_t agent;
    for (uint32_t place = 0; place < rs_core_agent_count(test->core); place++) {
        assert_int_equal(rs_core_agent(test->core, place, &agent), RS_OK);
        if (rs_str_equal(agent.agent, rs_str(name))) return agent;
    }
    fail_msg("no agent %s", name);
    return agent;
}

rs_staff_t agent_test_staff(agent_test_t *test, const char *queue) {
    rs_directory_t *directory = &test->core->directory;
    const uint32_t tenant = rs_directory_tenant(directory, RS_STR("default"));
    const uint32_t key = rs_directory_key(directory, RS_FAMILY_QUEUE, tenant, rs_names_number(&directory->names, rs_str(queue)),
                                          RS_CHANNEL_VOICE);
    return rs_agents_staff(test->core->agents, key);
}

rs_agents_odd_t agent_test_odd(const agent_test_t *test) { return rs_agents_odd(rs_core_agents(test->core)); }

int main(void) {
    int failed = _cmocka_run_group_tests("time", time_tests, time_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("plans", plan_tests, plan_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("handlings", handling_tests, handling_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("staff", staff_tests, staff_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("erasing", erase_tests, erase_test_count, NULL, NULL);
    return failed;
}
