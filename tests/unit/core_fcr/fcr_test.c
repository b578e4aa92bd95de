#include "fcr_test.h"

#include <stdio.h>

static const int64_t BEGIN_US = INT64_C(1772323200000000);   /* a quarter of an hour's beginning */

static void forget_alert(void *context, const rs_alert_transition_t *transition) {
    (void)context;
    (void)transition;
}

void fcr_configure(fcr_test_t *test) {
    *test = (fcr_test_t){.tenant = "default"};
    assert_int_equal(rs_config_create_default(&test->config), RS_OK);
    test->config->fcr.repeat_window_us = RS_US_PER_HOUR;
    test->config->fcr.redial_grace_us = 60 * RS_US_PER_S;
    test->config->limits.customers = 10000;
}

void fcr_start(fcr_test_t *test) {
    const rs_core_options_t options = {
        .config = test->config, .windows = true, .facts = test->keeps_facts, .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = (1u << RS_ATTRIBUTION_COUNT) - 1,
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S}, .start_us = BEGIN_US, .run = 1, .hash_seed = 7,
        .effects = {.on_alert = forget_alert}};
    assert_int_equal(rs_core_create(&options, &test->core), RS_OK);
}

void fcr_begin(fcr_test_t *test) {
    fcr_configure(test);
    fcr_start(test);
}

void fcr_end(fcr_test_t *test) {
    const char *why = "";
    assert_int_equal(rs_core_check(test->core, &why), RS_OK);
    rs_core_destroy(&test->core);
    rs_config_destroy(&test->config);
}

static const char *pseudonym(const char *customer) {
    static char bytes[8][RS_PSEUDONYM_BYTES + 1];
    static unsigned next;
    char *place = bytes[next++ % 8];
    snprintf(place, sizeof bytes[0], "%-16.16s", customer);
    return place;
}

rs_event_t fcr_make(fcr_test_t *test, rs_event_type_t type, const char *contact, const char *customer, double seconds) {
    rs_event_t event = {.type = (uint8_t)type, .occurred_us = BEGIN_US + (int64_t)(seconds * (double)RS_US_PER_S + 0.5), .seq = ++test->seq,
                        .present = RS_HAS_SEQ, .source = RS_STR("pbx"), .tenant = rs_str(test->tenant), .contact_id = rs_str(contact)};
    if (type == RS_CONTACT_QUEUED) event.queue = RS_STR("sales");
    if (type == RS_CONTACT_ANSWERED) event.agent = RS_STR("ann");
    if (type == RS_CONTACT_ABANDONED) event.stage = RS_STAGE_QUEUE;
    if (customer[0] == 0) return event;
    event.customer = (rs_str_t){.data = pseudonym(customer), .len = RS_PSEUDONYM_BYTES};
    event.present |= RS_HAS_PSEUDONYM;
    return event;
}

void fcr_apply(fcr_test_t *test, rs_event_t event) {
    const int64_t now_us = BEGIN_US + test->now_s * RS_US_PER_S, at_us = event.occurred_us > now_us ? event.occurred_us : now_us;
    test->now_s = (at_us - BEGIN_US) / RS_US_PER_S;
    rs_core_apply_event(test->core, &event, at_us, (rs_origin_t){0});
}

void fcr_tell(fcr_test_t *test, rs_event_type_t type, const char *contact, const char *customer, double seconds) {
    fcr_apply(test, fcr_make(test, type, contact, customer, seconds));
}

void fcr_call(fcr_test_t *test, const char *contact, const char *customer, double seconds) {
    fcr_tell(test, RS_CONTACT_QUEUED, contact, customer, seconds);
    fcr_tell(test, RS_CONTACT_ANSWERED, contact, "", seconds + 10);
    fcr_tell(test, RS_CONTACT_ENDED, contact, "", seconds + 100);
}

void fcr_lost_call(fcr_test_t *test, const char *contact, const char *customer, double seconds) {
    fcr_tell(test, RS_CONTACT_QUEUED, contact, customer, seconds);
    fcr_tell(test, RS_CONTACT_ABANDONED, contact, "", seconds + 20);
}

void fcr_signal(fcr_test_t *test, rs_event_type_t type, const char *contact, bool resolved, double seconds) {
    rs_event_t event = fcr_make(test, type, contact, "", seconds);
    event.present |= RS_HAS_RESOLVED;
    event.resolved = resolved;
    fcr_apply(test, event);
}

void fcr_wait(fcr_test_t *test, int64_t until_s) {
    const int64_t step_s = (until_s - test->now_s) / 50 + 1;
    while (test->now_s < until_s) {
        test->now_s = test->now_s + step_s < until_s ? test->now_s + step_s : until_s;
        rs_core_tick(test->core, BEGIN_US + test->now_s * RS_US_PER_S);
    }
}

typedef struct wanted { rs_key_family_t family; const char *name; rs_count_t count; int64_t sum; } wanted_t;

static void add_row(void *context, const rs_row_t *row) {
    wanted_t *wanted = context;
    if (row->key.family != wanted->family || row->attribution != RS_ATTRIBUTION_EVENT) return;
    if (wanted->name == NULL || rs_str_equal(row->key.name, rs_str(wanted->name))) wanted->sum += row->counts[wanted->count];
}

int64_t fcr_count(fcr_test_t *test, rs_key_family_t family, const char *name, rs_count_t count) {
    wanted_t wanted = {.family = family, .name = name, .count = count};
    rs_core_rows(test->core, add_row, &wanted);
    return wanted.sum;
}
