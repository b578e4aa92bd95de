/* rs_event_check on events that were built, not decoded. What decoding can show is in json_test.c. */
#include "event_test.h"

static rs_event_t good_event(void) {
    return (rs_event_t){.occurred_us = 1, .seq = 1, .present = RS_HAS_SEQ, .type = RS_CONTACT_QUEUED, .source = RS_STR("s"),
                        .contact_id = RS_STR("c"), .queue = RS_STR("q"), .agent = RS_STR("a")};
}

static void expect(const rs_event_t *event, rs_refusal_t reason, const char *field) {
    rs_refused_t refused = {.reason = RS_REFUSAL_NONE};
    const int status = rs_event_check(event, &refused);
    assert_int_equal(status, reason == RS_REFUSAL_NONE ? RS_OK : RS_ERR_INVALID);
    assert_string_equal(rs_refusal_name(refused.reason), rs_refusal_name(reason));
    assert_string_equal(refused.field, field);
}

static void a_good_event_passes_and_leaves_refused_alone(void **state) {
    (void)state;
    const rs_event_t event = good_event();
    rs_refused_t refused = {.reason = RS_REFUSAL_LIMIT, .len = 9};
    assert_int_equal(rs_event_check(&event, &refused), RS_OK);
    assert_int_equal(refused.reason, RS_REFUSAL_LIMIT);
    assert_int_equal(refused.len, 9);
}

static void every_type_names_what_it_requires(void **state) {
    (void)state;
    for (unsigned type = 1; type < RS_EVENT_TYPE_COUNT; type++) {
        const char *name = rs_event_type_name(type);
        const bool contact = strncmp(name, "contact.", 8) == 0 || strncmp(name, "callback.", 9) == 0
                             || strncmp(name, "disposition.", 12) == 0 || strncmp(name, "survey.", 7) == 0;
        rs_event_t event = good_event();
        event.type = (uint8_t)type;
        expect(&event, RS_REFUSAL_NONE, "");
        event.contact_id.len = 0;
        expect(&event, contact ? RS_REFUSAL_MISSING_FIELD : RS_REFUSAL_NONE, contact ? "contact_id" : "");
        event.contact_id.len = 1;
        event.agent.len = 0;
        const bool agent = strncmp(name, "agent.", 6) == 0;
        expect(&event, agent ? RS_REFUSAL_MISSING_FIELD : RS_REFUSAL_NONE, agent ? "agent" : "");
        event.agent.len = 1;
        event.queue.len = 0;
        const bool queue = type == RS_CONTACT_QUEUED;
        expect(&event, queue ? RS_REFUSAL_MISSING_FIELD : RS_REFUSAL_NONE, queue ? "queue" : "");
    }
}

static void identity_is_event_id_or_sequence(void **state) {
    (void)state;
    rs_event_t event = good_event();
    event.present = 0;
    expect(&event, RS_REFUSAL_MISSING_FIELD, "event_id");
    event.event_id = RS_STR("e");
    expect(&event, RS_REFUSAL_NONE, "");
    event.source.len = 0;
    expect(&event, RS_REFUSAL_MISSING_FIELD, "source");
}

static void types_out_of_range_are_refused(void **state) {
    (void)state;
    rs_event_t event = good_event();
    event.type = 0;
    expect(&event, RS_REFUSAL_MISSING_FIELD, "type");
    event.type = RS_EVENT_TYPE_COUNT;
    expect(&event, RS_REFUSAL_UNKNOWN_TYPE, "type");
    event.type = 255;
    expect(&event, RS_REFUSAL_UNKNOWN_TYPE, "type");
}

static void times_out_of_range_are_refused(void **state) {
    (void)state;
    rs_event_t event = good_event();
    event.occurred_us = -1;
    expect(&event, RS_REFUSAL_BAD_TIME, "occurred_at");
    event.occurred_us = RS_TIME_MAX_US;
    expect(&event, RS_REFUSAL_BAD_TIME, "occurred_at");
    event.occurred_us = RS_TIME_MAX_US - 1;
    expect(&event, RS_REFUSAL_NONE, "");
    event.to_us = RS_TIME_MAX_US;
    event.present |= RS_HAS_TO_US;
    expect(&event, RS_REFUSAL_BAD_TIME, "data.to");
    event.present &= ~(uint32_t)RS_HAS_TO_US;
    expect(&event, RS_REFUSAL_NONE, "");
    event.from_us = -1;
    event.present |= RS_HAS_FROM_US;
    expect(&event, RS_REFUSAL_BAD_TIME, "data.from");
}

static void every_string_has_its_limit(void **state) {
    (void)state;
    static char text[RS_MAX_CONTACT_ID + 2];
    memset(text, 'x', sizeof text - 1);
    static const char *const names[EVENT_STRINGS] = {"event_id", "source", "incarnation", "tenant", "contact_id", "journey_id", "customer",
        "queue", "agent", "team", "topic", "data.to_queue", "data.to_agent", "data.result", "data.case_id"};
    for (unsigned i = 0; i < EVENT_STRINGS; i++) {
        const uint32_t limit = i == 4 || i == 5 || i == 6 ? 128 : 64;
        rs_event_t event = good_event();
        rs_str_t *strings[EVENT_STRINGS];
        event_strings(&event, strings);
        *strings[i] = (rs_str_t){text, limit};
        expect(&event, RS_REFUSAL_NONE, "");
        strings[i]->len = limit + 1;
        expect(&event, RS_REFUSAL_TOO_LONG, names[i]);
        strings[i]->len = 3;
        strings[i]->data = "a\0b";
        expect(&event, RS_REFUSAL_BAD_VALUE, names[i]);
        strings[i]->data = "a\xE2\x82";
        expect(&event, RS_REFUSAL_NOT_UTF8, names[i]);
    }
}

static void the_name_of_code_follows_the_type(void **state) {
    (void)state;
    rs_event_t event = good_event();
    event.code = (rs_str_t){"\xFF", 1};
    event.type = RS_AGENT_STATE;
    expect(&event, RS_REFUSAL_NOT_UTF8, "data.reason");
    event.type = RS_AGENT_SCHEDULED;
    expect(&event, RS_REFUSAL_NOT_UTF8, "data.activity");
    event.type = RS_DISPOSITION_SET;
    expect(&event, RS_REFUSAL_NOT_UTF8, "data.code");
    event.type = RS_CALLBACK_FAILED;
    expect(&event, RS_REFUSAL_NOT_UTF8, "data.result");
}

static void numbers_have_their_ranges(void **state) {
    (void)state;
    static const struct {
        uint32_t has;
        size_t place;
        int64_t min, max;
        const char *name;
    } numbers[] = {
        {RS_HAS_PRIORITY, offsetof(rs_event_t, priority), INT32_MIN, INT32_MAX, "data.priority"},
        {RS_HAS_WAIT_MS, offsetof(rs_event_t, wait_ms), 0, UINT32_MAX, "data.wait_ms"},
        {RS_HAS_TALK_MS, offsetof(rs_event_t, talk_ms), 0, UINT32_MAX, "data.talk_ms"},
        {RS_HAS_HOLD_MS, offsetof(rs_event_t, hold_ms), 0, UINT32_MAX, "data.hold_ms"},
        {RS_HAS_RING_MS, offsetof(rs_event_t, ring_ms), 0, UINT32_MAX, "data.ring_ms"},
        {RS_HAS_SCORE, offsetof(rs_event_t, score_milli), -1000000000, 1000000000, "data.score"},
        {RS_HAS_SCALE_MIN, offsetof(rs_event_t, scale_min_milli), -1000000000, 1000000000, "data.scale_min"},
        {RS_HAS_SCALE_MAX, offsetof(rs_event_t, scale_max_milli), -1000000000, 1000000000, "data.scale_max"},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(numbers); i++) {
        rs_event_t event = good_event();
        int64_t *number = (int64_t *)(void *)((char *)&event + numbers[i].place);
        *number = INT64_MIN;
        expect(&event, RS_REFUSAL_NONE, "");   /* not present: not looked at */
        event.present |= numbers[i].has;
        expect(&event, RS_REFUSAL_OUT_OF_RANGE, numbers[i].name);
        *number = numbers[i].min - 1;
        expect(&event, RS_REFUSAL_OUT_OF_RANGE, numbers[i].name);
        *number = numbers[i].min;
        expect(&event, RS_REFUSAL_NONE, "");
        *number = numbers[i].max;
        expect(&event, RS_REFUSAL_NONE, "");
        *number = numbers[i].max + 1;
        expect(&event, RS_REFUSAL_OUT_OF_RANGE, numbers[i].name);
    }
}

static void enumerations_have_their_ranges_where_the_type_has_them(void **state) {
    (void)state;
    rs_event_t event = good_event();
    event.channel = RS_CHANNEL_COUNT;
    expect(&event, RS_REFUSAL_BAD_VALUE, "channel");
    event.channel = RS_CHANNEL_TASK;
    event.direction = RS_DIRECTION_COUNT;
    expect(&event, RS_REFUSAL_BAD_VALUE, "direction");
    event.direction = 0;
    event.reason = event.kind = event.stage = event.party = event.state = 200;
    expect(&event, RS_REFUSAL_NONE, "");
    static const struct { uint8_t type; const char *field; } owners[] = {
        {RS_CONTACT_OFFER_FAILED, "data.reason"}, {RS_CONTACT_DEQUEUED, "data.reason"}, {RS_CONTACT_BLOCKED, "data.reason"},
        {RS_CONTACT_TRANSFERRED, "data.kind"}, {RS_SURVEY_ANSWERED, "data.kind"}, {RS_FEEDBACK_RECEIVED, "data.kind"},
        {RS_CONTACT_ABANDONED, "data.stage"}, {RS_CONTACT_ENDED, "data.by"}, {RS_CONTACT_MESSAGE, "data.from"},
        {RS_AGENT_STATE, "data.state"}};
    for (size_t i = 0; i < RS_ARRAY_LEN(owners); i++) {
        event.type = owners[i].type;
        expect(&event, RS_REFUSAL_BAD_VALUE, owners[i].field);
    }
    event = good_event();
    event.type = RS_CONTACT_DEQUEUED;
    event.reason = RS_FLOW_LOST;   /* the core's own */
    expect(&event, RS_REFUSAL_NONE, "");
}

static void a_pseudonym_has_sixteen_bytes_of_anything(void **state) {
    (void)state;
    rs_event_t event = good_event();
    event.customer = (rs_str_t){"\xFF\0\x80" "4567890123456", 16};
    expect(&event, RS_REFUSAL_NOT_UTF8, "customer");
    event.present |= RS_HAS_PSEUDONYM;
    expect(&event, RS_REFUSAL_NONE, "");
    event.customer.len = 15;
    expect(&event, RS_REFUSAL_BAD_VALUE, "customer");
}

static void names_of_refusals_are_stable(void **state) {
    (void)state;
    assert_string_equal(rs_refusal_name(RS_REFUSAL_NONE), "none");
    assert_string_equal(rs_refusal_name(RS_REFUSAL_UNKNOWN_TYPE), "unknown_type");
    assert_string_equal(rs_refusal_name(RS_REFUSAL_LIMIT), "limit");
    assert_string_equal(rs_refusal_name(RS_REFUSAL_COUNT), "");
}

int run_check_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_event_passes_and_leaves_refused_alone),
        cmocka_unit_test(every_type_names_what_it_requires),
        cmocka_unit_test(identity_is_event_id_or_sequence),
        cmocka_unit_test(types_out_of_range_are_refused),
        cmocka_unit_test(times_out_of_range_are_refused),
        cmocka_unit_test(every_string_has_its_limit),
        cmocka_unit_test(the_name_of_code_follows_the_type),
        cmocka_unit_test(numbers_have_their_ranges),
        cmocka_unit_test(enumerations_have_their_ranges_where_the_type_has_them),
        cmocka_unit_test(a_pseudonym_has_sixteen_bytes_of_anything),
        cmocka_unit_test(names_of_refusals_are_stable),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
