/* A core, and events in seconds after a Monday's midnight (2026-03-02, UTC). Rows of half hours in all attributions; windows too. */
#ifndef RS_TESTS_DESK_H
#define RS_TESTS_DESK_H

#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef struct desk {
    rs_config_t *config;      /* change it before the first event */
    rs_core_t *core;
    bool live;
    const char *source;
    uint64_t seq;
    uint32_t refused[RS_REFUSAL_COUNT];
    int64_t arrival_us;       /* live: 0 = as it occurred */
    rs_zone_t *zone;
    rs_calendar_t *calendar;
    rs_hours_config_t hours;
    rs_queue_config_t queue;
} desk_t;

#define DESK_MONDAY_US (INT64_C(1772409600) * RS_US_PER_S)
enum { DESK_DAY_S = 86400, DESK_HOUR_S = 3600 };

int desk_open(void **state);    /* cmocka setup: a replay */
int desk_close(void **state);
/* Office hours, Monday to Friday 9 to 17 UTC, for the queue "q". */
void desk_give_hours(desk_t *desk);

rs_event_t desk_make(desk_t *desk, rs_event_type_t type, const char *contact, const char *queue, const char *agent, double at_s);
void desk_apply(desk_t *desk, const rs_event_t *event);
void desk_note(desk_t *desk, rs_event_type_t type, const char *contact, const char *queue, const char *agent, double at_s);
void desk_message(desk_t *desk, const char *contact, rs_party_t from, const char *agent, double at_s);
/* The sum over all rows of that key; `start_s` >= 0: of the interval that begins then, only. */
int64_t desk_count(desk_t *desk, rs_attribution_t attribution, rs_key_family_t family, const char *name, rs_count_t count, int64_t start_s);
/* Of the whole, attribution event. */
int64_t desk_total(desk_t *desk, rs_count_t count);
int64_t desk_still_open(desk_t *desk);

int run_story_tests(void);
int run_reply_tests(void);
int run_callback_tests(void);
int run_close_tests(void);
int run_source_tests(void);

#endif
