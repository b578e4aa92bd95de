#include "desk.h"

#include <stdlib.h>

int desk_open(void **state) {
    desk_t *desk = calloc(1, sizeof *desk);
    if (desk == NULL || rs_config_create_default(&desk->config) != RS_OK) return -1;
    desk->source = "test";
    *state = desk;
    return 0;
}

int desk_close(void **state) {
    desk_t *desk = *state;
    const char *why = "";
    if (desk->core != NULL && rs_core_check(desk->core, &why) != RS_OK) fail_msg("%s", why);
    rs_core_destroy(&desk->core);
    desk->config->hours = NULL;
    desk->config->hours_count = 0;
    desk->config->queues = NULL;
    desk->config->queue_count = 0;
    rs_config_destroy(&desk->config);
    rs_calendar_destroy(&desk->calendar);
    rs_zone_destroy(&desk->zone);
    free(desk);
    return 0;
}

void desk_give_hours(desk_t *desk) {
    rs_calendar_span_t week[5];
    for (uint8_t day = 0; day < 5; day++) week[day] = (rs_calendar_span_t){day, 9 * DESK_HOUR_S, 17 * DESK_HOUR_S};
    assert_int_equal(rs_zone_load("UTC", &desk->zone), RS_OK);
    assert_int_equal(rs_calendar_create(desk->zone, week, RS_ARRAY_LEN(week), NULL, 0, &desk->calendar), RS_OK);
    desk->hours = (rs_hours_config_t){.name = RS_STR("office"), .calendar = desk->calendar};
    desk->config->hours = &desk->hours;
    desk->config->hours_count = 1;
    desk->queue = (rs_queue_config_t){.name = RS_STR("q"), .hours = RS_STR("office"), .threshold_us = -1, .short_us = -1, .target = -1,
                                      .first_reply_us = RS_US_PER_HOUR, .next_reply_us = -1, .resolution_us = -1};
    desk->config->queues = &desk->queue;
    desk->config->queue_count = 1;
}

static void on_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason) {
    desk_t *desk = context;
    (void)origin;
    (void)event;
    desk->refused[reason]++;
}

static void begin(desk_t *desk) {
    if (desk->core != NULL) return;
    const rs_core_options_t options = {
        .config = desk->config, .replay = !desk->live, .windows = true, .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = (1u << RS_ATTRIBUTION_COUNT) - 1, .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 30 * RS_US_PER_MIN},
        .start_us = DESK_MONDAY_US, .run = 1, .hash_seed = 7, .effects = {.context = desk, .on_verdict = on_verdict}};
    RS_REQUIRE(rs_core_create(&options, &desk->core) == RS_OK);
}

rs_event_t desk_make(desk_t *desk, rs_event_type_t type, const char *contact, const char *queue, const char *agent, double at_s) {
    return (rs_event_t){.occurred_us = DESK_MONDAY_US + (int64_t)(at_s * 1e6 + 0.5), .seq = ++desk->seq, .present = RS_HAS_SEQ,
                        .type = (uint8_t)type, .source = rs_str(desk->source), .contact_id = rs_str(contact), .queue = rs_str(queue),
                        .agent = rs_str(agent)};
}

void desk_apply(desk_t *desk, const rs_event_t *event) {
    begin(desk);
    const int64_t arrival_us = desk->arrival_us != 0 ? desk->arrival_us : event->occurred_us;
    if (desk->live) rs_core_tick(desk->core, arrival_us);
    rs_core_apply_event(desk->core, event, arrival_us, (rs_origin_t){0});
}

void desk_note(desk_t *desk, rs_event_type_t type, const char *contact, const char *queue, const char *agent, double at_s) {
    const rs_event_t event = desk_make(desk, type, contact, queue, agent, at_s);
    desk_apply(desk, &event);
}

void desk_message(desk_t *desk, const char *contact, rs_party_t from, const char *agent, double at_s) {
    rs_event_t event = desk_make(desk, RS_CONTACT_MESSAGE, contact, "", agent, at_s);
    event.party = (uint8_t)from;
    desk_apply(desk, &event);
}

typedef struct wanted {
    rs_attribution_t attribution;
    rs_key_family_t family;
    rs_str_t name;
    rs_count_t count;
    int64_t start_us, sum, still_open;
} wanted_t;

static void add_row(void *context, const rs_row_t *row) {
    wanted_t *wanted = context;
    if (row->attribution != wanted->attribution || row->key.family != wanted->family || !rs_str_equal(row->key.name, wanted->name)) return;
    if (wanted->start_us >= 0 && row->start_us != wanted->start_us) return;
    wanted->sum += row->counts[wanted->count];
    wanted->still_open += row->still_open;
}

int64_t desk_count(desk_t *desk, rs_attribution_t attribution, rs_key_family_t family, const char *name, rs_count_t count,
                   int64_t start_s) {
    wanted_t wanted = {.attribution = attribution, .family = family, .name = rs_str(name), .count = count,
                       .start_us = start_s < 0 ? -1 : DESK_MONDAY_US + start_s * RS_US_PER_S};
    rs_core_rows(desk->core, add_row, &wanted);
    return wanted.sum;
}

int64_t desk_total(desk_t *desk, rs_count_t count) { return desk_count(desk, RS_ATTRIBUTION_EVENT, RS_FAMILY_TOTAL, "", count, -1); }

int64_t desk_still_open(desk_t *desk) {
    wanted_t wanted = {.family = RS_FAMILY_TOTAL, .start_us = -1};
    rs_core_rows(desk->core, add_row, &wanted);
    return wanted.still_open;
}
