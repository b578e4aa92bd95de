/* Surveys and complaints against a brute force of their own, in any order within lateness, with duplicates: rows of every family in
 * the attributions event and enter, the windows of today, and the gauges of open complaints.
 *
 * The brute force reads the rules once more: it keeps every event, sorts them, and for each thing asks the whole past again.
 * RS_SEEDS: how many histories (2,000); RS_FIRST_SEED: the first of them; RS_SEED: only this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_EVENTS = 240, MAX_ROWS = 4096, LATENESS_S = 600 };
#define BEGIN_US (INT64_C(1772442000) * RS_US_PER_S)
static const char *const queues[] = {"", "sales", "vip"}, *const agents[] = {"", "ann", "bob", "cat"}, *const teams[] = {"", "red", "blue"};
static const char *const tenants[] = {"default", "acme"}, *const sources[] = {"crm", "pbx"};

typedef struct told {
    rs_event_t event;
    char subject[8], id[16];
    int64_t arrival_us;
} told_t;

typedef struct history {
    rs_random_t random;
    rs_config_t *config;
    rs_agent_config_t agent;
    told_t events[MAX_EVENTS];   /* in order of arrival */
    size_t count;
    told_t sorted[MAX_EVENTS];   /* without duplicates, in total order */
    size_t sorted_count;
    int64_t interval_us, end_us;
    bool replay;
} history_t;

static uint64_t below(history_t *history, uint64_t bound) { return rs_random_below(&history->random, bound); }
static bool chance(history_t *history, unsigned per_cent) { return below(history, 100) < per_cent; }

/* --- telling -------------------------------------------------------------------------------------------------------- */
static void tell_survey(history_t *history, rs_event_t *event) {
    static const int64_t scores[] = {-1000, 0, 1000, 2000, 3500, 5000, 5001, 6000, 7000, 9000, 10000};
    static const int64_t ends[] = {0, 1000, 5000, 10000};
    event->kind = (uint8_t)below(history, RS_SURVEY_COUNT);
    if (chance(history, 92)) event->present |= RS_HAS_SCORE;
    event->score_milli = scores[below(history, RS_ARRAY_LEN(scores))];
    if (chance(history, 15)) event->present |= RS_HAS_SCALE_MIN;
    event->scale_min_milli = ends[below(history, RS_ARRAY_LEN(ends))];
    if (chance(history, 15)) event->present |= RS_HAS_SCALE_MAX;
    event->scale_max_milli = ends[below(history, RS_ARRAY_LEN(ends))];
}

static void tell_feedback(history_t *history, told_t *told) {
    rs_event_t *event = &told->event;
    event->contact_id = (rs_str_t){0};
    event->kind = (uint8_t)(chance(history, 80) ? RS_FEEDBACK_COMPLAINT : below(history, RS_FEEDBACK_COUNT));
    event->stage = (uint8_t)below(history, RS_FEEDBACK_STAGE_COUNT);
    if (chance(history, 90)) event->case_id = rs_str(told->subject);
}

static void tell(history_t *history) {
    static const uint8_t types[] = {RS_FEEDBACK_RECEIVED, RS_FEEDBACK_RECEIVED, RS_FEEDBACK_RECEIVED, RS_SURVEY_ANSWERED,
                                    RS_SURVEY_ANSWERED, RS_CONTACT_QUEUED, RS_CONTACT_ANSWERED, RS_CONTACT_ENDED};
    told_t *told = &history->events[history->count++];
    rs_event_t *event = &told->event;
    *told = (told_t){.event = {.type = types[below(history, RS_ARRAY_LEN(types))]}};
    snprintf(told->subject, sizeof told->subject, "s%u", (unsigned)below(history, 6));
    event->contact_id = rs_str(told->subject);
    event->occurred_us = BEGIN_US + (int64_t)below(history, 3600) * RS_US_PER_S + (chance(history, 20) ? 1 : 0);
    if (event->type == RS_CONTACT_QUEUED) event->occurred_us += 7;   /* never at an answer's moment: no skewed clocks here */
    event->tenant = rs_str(tenants[chance(history, 20)]);
    event->source = rs_str(sources[below(history, 2)]);
    if (chance(history, 50)) {
        event->present |= RS_HAS_SEQ;
        event->seq = history->count;
    } else {
        snprintf(told->id, sizeof told->id, "event-%u", (unsigned)(1000 - history->count));
        event->event_id = rs_str(told->id);
    }
    if (event->type == RS_CONTACT_QUEUED || chance(history, 30)) event->queue = rs_str(queues[1 + below(history, 2)]);
    if (event->type == RS_CONTACT_ANSWERED || chance(history, 30)) event->agent = rs_str(agents[below(history, 4)]);
    if (chance(history, 15)) event->team = rs_str(teams[1 + below(history, 2)]);
    if (chance(history, 15)) event->channel = (uint8_t)(1 + below(history, 3));
    if (event->type == RS_SURVEY_ANSWERED) tell_survey(history, event);
    if (event->type == RS_FEEDBACK_RECEIVED) tell_feedback(history, told);
}

static int by_total_order(const void *left, const void *right) {
    const rs_event_t *a = &((const told_t *)left)->event, *b = &((const told_t *)right)->event;
    if (a->occurred_us != b->occurred_us) return a->occurred_us < b->occurred_us ? -1 : 1;
    int order = rs_str_compare(a->source, b->source);
    const bool a_has = (a->present & RS_HAS_SEQ) != 0, b_has = (b->present & RS_HAS_SEQ) != 0;
    if (order == 0 && a_has != b_has) order = a_has ? -1 : 1;
    if (order == 0 && a_has && a->seq != b->seq) order = a->seq < b->seq ? -1 : 1;
    return order != 0 ? order : rs_str_compare(a->event_id, b->event_id);
}

static int by_arrival(const void *left, const void *right) {
    const told_t *a = left, *b = right;
    return a->arrival_us != b->arrival_us ? (a->arrival_us < b->arrival_us ? -1 : 1) : by_total_order(left, right);
}

/* Strings of a told event point into it: put them right after it was moved. */
static void settle(told_t *told) {
    if (told->event.event_id.len != 0) told->event.event_id = rs_str(told->id);
    if (told->event.contact_id.len != 0) told->event.contact_id = rs_str(told->subject);
    if (told->event.case_id.len != 0) told->event.case_id = rs_str(told->subject);
}

static void configure(history_t *history) {
    rs_config_t *config;
    assert_int_equal(rs_config_create_default(&config), RS_OK);
    config->lateness_us = LATENESS_S * RS_US_PER_S;
    config->clock_skew_us = 0;
    config->feedback = (rs_feedback_config_t){.csat = {1000, 5000}, .ces = {1000, 7000},
                                              .acknowledge_us = (int64_t)below(history, 3) * 300 * RS_US_PER_S,
                                              .investigate_us = (int64_t)below(history, 3) * 400 * RS_US_PER_S,
                                              .respond_us = (int64_t)below(history, 3) * 500 * RS_US_PER_S,
                                              .close_us = (int64_t)below(history, 3) * 600 * RS_US_PER_S};
    config->limits.cases = 100;
    config->limits.rows = 20000;
    history->agent = (rs_agent_config_t){.name = RS_STR("cat"), .team = RS_STR("blue")};
    config->agents = &history->agent;
    config->agent_count = 1;
    history->config = config;
    static const int64_t lengths_us[] = {15 * RS_US_PER_MIN, 30 * RS_US_PER_MIN, RS_US_PER_HOUR};
    history->interval_us = lengths_us[below(history, 3)];
}

static history_t *make_history(uint64_t seed) {
    history_t *history = calloc(1, sizeof *history);
    assert_non_null(history);
    history->random.state = seed;
    configure(history);
    history->replay = chance(history, 30);
    const size_t events = 5 + (size_t)below(history, 100);
    while (history->count < events) tell(history);
    for (size_t i = 0; i < events; i++) {
        settle(&history->events[i]);
        history->sorted[i] = history->events[i];
    }
    history->sorted_count = events;
    qsort(history->sorted, events, sizeof *history->sorted, by_total_order);
    for (size_t i = 0; i < events; i++) {
        settle(&history->sorted[i]);
        told_t *told = &history->events[i];
        told->arrival_us = told->event.occurred_us;
        if (history->replay) continue;
        told->arrival_us += (int64_t)below(history, LATENESS_S - 1) * RS_US_PER_S;
        if (!chance(history, 8)) continue;
        history->events[history->count] = *told;               /* a duplicate, sometimes with another content */
        told_t *again = &history->events[history->count++];
        again->arrival_us += 1 + (int64_t)below(history, 300) * RS_US_PER_S;
        if (chance(history, 50)) again->event.stage = again->event.kind = 2;
    }
    qsort(history->events, history->count, sizeof *history->events, by_arrival);
    for (size_t i = 0; i < history->count; i++) {
        settle(&history->events[i]);
        if (history->events[i].arrival_us > history->end_us) history->end_us = history->events[i].arrival_us;
    }
    return history;
}

static void destroy_history(history_t *history) {
    history->config->agents = NULL;
    history->config->agent_count = 0;
    rs_config_destroy(&history->config);
    free(history);
}

/* --- the brute force ------------------------------------------------------------------------------------------------ */
typedef struct row {
    rs_str_t tenant, name;
    uint8_t family, channel;
    int64_t start_us;
    int64_t counts[RS_COUNT_COUNT];
} row_t;
typedef struct rows { row_t items[MAX_ROWS]; size_t count; } rows_t;

static const unsigned watched[] = {
    RS_COUNT_CSAT_RESPONSES, RS_COUNT_CSAT_SCORE_MILLI, RS_COUNT_CSAT_TOP, RS_COUNT_CSAT_SCALE_MIN_MILLI, RS_COUNT_CSAT_SCALE_MAX_MILLI,
    RS_COUNT_CSAT_SCALE_SQUARES, RS_COUNT_NPS_RESPONSES, RS_COUNT_NPS_PROMOTERS, RS_COUNT_NPS_DETRACTORS, RS_COUNT_CES_RESPONSES,
    RS_COUNT_CES_SCORE_MILLI, RS_COUNT_CES_SCALE_MIN_MILLI, RS_COUNT_CES_SCALE_MAX_MILLI, RS_COUNT_CES_SCALE_SQUARES,
    RS_COUNT_SURVEYED_CONTACTS, RS_COUNT_SURVEYS_OFF_SCALE, RS_COUNT_COMPLAINTS, RS_COUNT_COMPLIMENTS, RS_COUNT_SUGGESTIONS,
    RS_COUNT_COMPLAINTS_ACKNOWLEDGED, RS_COUNT_COMPLAINTS_INVESTIGATED, RS_COUNT_COMPLAINTS_RESPONDED, RS_COUNT_COMPLAINTS_CLOSED,
    RS_COUNT_COMPLAINT_ACKNOWLEDGE_US, RS_COUNT_COMPLAINT_INVESTIGATE_US, RS_COUNT_COMPLAINT_RESPOND_US, RS_COUNT_COMPLAINT_CLOSE_US,
    RS_COUNT_COMPLAINTS_OVERDUE};

static row_t *row_of(rows_t *rows, uint8_t family, rs_str_t tenant, rs_str_t name, uint8_t channel, int64_t start_us) {
    for (size_t i = 0; i < rows->count; i++) {
        row_t *row = &rows->items[i];
        if (row->family == family && row->channel == channel && row->start_us == start_us && rs_str_equal(row->tenant, tenant) &&
            rs_str_equal(row->name, name)) return row;
    }
    assert_true(rows->count < MAX_ROWS);
    row_t *row = &rows->items[rows->count++];
    *row = (row_t){.family = family, .channel = channel, .start_us = start_us, .tenant = tenant, .name = name};
    return row;
}

typedef struct where { rs_str_t tenant, queue, agent, team; uint8_t channel; int64_t at_us; } where_t;

static void count(const history_t *history, rows_t *rows, const where_t *where, unsigned count, int64_t value) {
    const int64_t start_us = where->at_us / history->interval_us * history->interval_us;
    const rs_str_t none = {0};
    row_of(rows, RS_FAMILY_QUEUE, where->tenant, where->queue, where->channel, start_us)->counts[count] += value;
    row_of(rows, RS_FAMILY_CHANNEL, where->tenant, none, where->channel, start_us)->counts[count] += value;
    row_of(rows, RS_FAMILY_TOTAL, where->tenant, none, 0, start_us)->counts[count] += value;
    if (where->agent.len != 0) row_of(rows, RS_FAMILY_AGENT, where->tenant, where->agent, 0, start_us)->counts[count] += value;
    if (where->team.len != 0) row_of(rows, RS_FAMILY_TEAM, where->tenant, where->team, 0, start_us)->counts[count] += value;
}

static bool same_contact(const rs_event_t *a, const rs_event_t *b) {
    return a->contact_id.len != 0 && rs_str_equal(a->contact_id, b->contact_id) && rs_str_equal(a->tenant, b->tenant);
}

static rs_str_t configured_team(rs_str_t agent) { return rs_str_equal(agent, RS_STR("cat")) ? RS_STR("blue") : (rs_str_t){0}; }

typedef struct handling { bool exists; rs_str_t queue, agent, team; } handling_t;

/* The handling that began last before event `at`, and the queue of the last leg: by reading the contact's past again. */
static handling_t last_handling(const history_t *history, size_t at, rs_str_t *last_leg) {
    handling_t handling = {0};
    bool leg_is_open = false, talks = false;
    *last_leg = (rs_str_t){0};
    for (size_t i = 0; i < at; i++) {
        const rs_event_t *event = &history->sorted[i].event;
        if (!same_contact(event, &history->sorted[at].event)) continue;
        if (event->type == RS_CONTACT_QUEUED) {
            *last_leg = event->queue;
            leg_is_open = true;
        } else if (event->type == RS_CONTACT_ENDED) {
            leg_is_open = talks = false;
        } else if (event->type == RS_CONTACT_ANSWERED) {
            if (!leg_is_open && talks && rs_str_equal(handling.agent, event->agent)) continue;   /* the same agent again */
            handling = (handling_t){.exists = true, .agent = event->agent,
                                    .team = event->team.len != 0 ? event->team : configured_team(event->agent),
                                    .queue = leg_is_open ? *last_leg : event->queue.len != 0 ? event->queue : *last_leg};
            leg_is_open = false;
            talks = true;
        }
    }
    return handling;
}

static void count_survey(const history_t *history, rows_t *rows, size_t at) {
    const rs_event_t *event = &history->sorted[at].event;
    rs_str_t last_leg;
    const handling_t handling = last_handling(history, at, &last_leg);
    where_t where = {.tenant = event->tenant, .at_us = event->occurred_us, .channel = event->channel};
    bool is_first = true;
    uint8_t first_channel = 0;
    for (size_t i = 0; i < at; i++) {
        if (!same_contact(&history->sorted[i].event, event)) continue;
        if (first_channel == 0) first_channel = history->sorted[i].event.channel;
        is_first = is_first && history->sorted[i].event.type != RS_SURVEY_ANSWERED;
    }
    if (where.channel == 0) where.channel = first_channel != 0 ? first_channel : RS_CHANNEL_VOICE;
    where.queue = event->queue.len != 0 ? event->queue : handling.exists ? handling.queue : last_leg;
    where.agent = event->agent.len != 0 ? event->agent : handling.agent;
    where.team = event->team;
    if (where.team.len == 0) {
        where.team = handling.exists && rs_str_equal(where.agent, handling.agent) ? handling.team : configured_team(where.agent);
    }
    if (is_first) count(history, rows, &where, RS_COUNT_SURVEYED_CONTACTS, 1);
    if ((event->present & RS_HAS_SCORE) == 0) return;
    int64_t from, to;
    switch (event->kind) {
        case RS_SURVEY_CSAT: from = 1000, to = 5000; break;
        case RS_SURVEY_CES: from = 1000, to = 7000; break;
        case RS_SURVEY_NPS: from = 0, to = 10000; break;
        default: return;
    }
    const int64_t nps_from = from, nps_to = to, score = event->score_milli;
    if ((event->present & RS_HAS_SCALE_MIN) != 0) from = event->scale_min_milli;
    if ((event->present & RS_HAS_SCALE_MAX) != 0) to = event->scale_max_milli;
    const bool other_scale = event->kind == RS_SURVEY_NPS && (from != nps_from || to != nps_to);
    if (other_scale || from >= to || score < from || score > to) {
        count(history, rows, &where, RS_COUNT_SURVEYS_OFF_SCALE, 1);
        return;
    }
    if (event->kind == RS_SURVEY_NPS) {
        count(history, rows, &where, RS_COUNT_NPS_RESPONSES, 1);
        if (score >= 9000) count(history, rows, &where, RS_COUNT_NPS_PROMOTERS, 1);
        if (score <= 6000) count(history, rows, &where, RS_COUNT_NPS_DETRACTORS, 1);
    } else if (event->kind == RS_SURVEY_CSAT) {
        count(history, rows, &where, RS_COUNT_CSAT_RESPONSES, 1);
        count(history, rows, &where, RS_COUNT_CSAT_SCORE_MILLI, score);
        if (score == to) count(history, rows, &where, RS_COUNT_CSAT_TOP, 1);
        count(history, rows, &where, RS_COUNT_CSAT_SCALE_MIN_MILLI, from);
        count(history, rows, &where, RS_COUNT_CSAT_SCALE_MAX_MILLI, to);
        count(history, rows, &where, RS_COUNT_CSAT_SCALE_SQUARES, from * from + to * to);
    } else {
        count(history, rows, &where, RS_COUNT_CES_RESPONSES, 1);
        count(history, rows, &where, RS_COUNT_CES_SCORE_MILLI, score);
        count(history, rows, &where, RS_COUNT_CES_SCALE_MIN_MILLI, from);
        count(history, rows, &where, RS_COUNT_CES_SCALE_MAX_MILLI, to);
        count(history, rows, &where, RS_COUNT_CES_SCALE_SQUARES, from * from + to * to);
    }
}

/* --- complaints ----------------------------------------------------------------------------------------------------- */
/* What a case has come to when its first `steps` events were read. `marks`: when each stage was last reached, -1: it was not, or was
 * left behind by going back. */
typedef struct course { bool is_complaint, is_closed; int64_t marks[5]; int stage; int64_t took_us; bool went; } course_t;

static const int NO_STAGE = -1;

static void course_step(course_t *course, const rs_event_t *event) {
    const int64_t now_us = event->occurred_us;
    const int named = event->stage >= RS_FEEDBACK_STAGE_RECEIVED ? event->stage - RS_FEEDBACK_STAGE_RECEIVED : NO_STAGE;
    course->went = false;
    if (!course->is_complaint) {
        course->is_complaint = true;
        for (int i = 0; i < 5; i++) course->marks[i] = i == 0 ? now_us : -1;
    }
    if (named == NO_STAGE) return;
    int top = 0;
    for (int i = 1; i < 5; i++) if (course->marks[i] >= 0) top = i;
    if (named == top) return;
    const bool back = top == 4 || (named < top && course->marks[named] >= 0);
    if (back) {
        course->marks[named] = now_us;
        for (int i = 0; i < 5; i++) if (course->marks[i] >= 0) course->marks[i] = i <= named ? now_us : -1;
        course->is_closed = false;
        return;
    }
    int64_t since_us = -1;
    for (int i = 0; i < named; i++) if (course->marks[i] > since_us) since_us = course->marks[i];
    course->marks[named] = now_us;
    course->went = true;
    course->stage = named;
    course->took_us = now_us - since_us;
    course->is_closed = named == 4;
}

static bool same_case(const rs_event_t *a, const rs_event_t *b) {
    return a->type == RS_FEEDBACK_RECEIVED && b->type == RS_FEEDBACK_RECEIVED && a->case_id.len != 0 &&
           rs_str_equal(a->case_id, b->case_id) && rs_str_equal(a->tenant, b->tenant);
}

static bool says_complaint(const rs_event_t *event, const course_t *course) {
    return event->kind == RS_FEEDBACK_COMPLAINT || (event->kind <= RS_FEEDBACK_OTHER && course->is_complaint);
}

/* Reads the case of event `at` from its first event to this one. */
static course_t course_at(const history_t *history, size_t at) {
    course_t course = {0};
    for (size_t i = 0; i <= at; i++) {
        const rs_event_t *event = &history->sorted[i].event;
        if (i != at && !same_case(event, &history->sorted[at].event)) continue;
        course.went = false;
        if (says_complaint(event, &course)) course_step(&course, event);
    }
    return course;
}

static int64_t deadline_of(const history_t *history, int stage) {
    const rs_feedback_config_t *config = &history->config->feedback;
    const int64_t deadlines_us[] = {0, config->acknowledge_us, config->investigate_us, config->respond_us, config->close_us};
    return deadlines_us[stage];
}

static void count_feedback(const history_t *history, rows_t *rows, size_t at) {
    static const unsigned counts[] = {0, RS_COUNT_COMPLAINTS_ACKNOWLEDGED, RS_COUNT_COMPLAINTS_INVESTIGATED, RS_COUNT_COMPLAINTS_RESPONDED,
                                      RS_COUNT_COMPLAINTS_CLOSED};
    static const unsigned times[] = {0, RS_COUNT_COMPLAINT_ACKNOWLEDGE_US, RS_COUNT_COMPLAINT_INVESTIGATE_US, RS_COUNT_COMPLAINT_RESPOND_US,
                                     RS_COUNT_COMPLAINT_CLOSE_US};
    const rs_event_t *event = &history->sorted[at].event;
    where_t where = {.tenant = event->tenant, .queue = event->queue, .agent = event->agent, .team = event->team, .channel = event->channel,
                     .at_us = event->occurred_us};
    bool was_said = false;
    rs_str_t case_team = {0};
    for (size_t i = 0; i < at; i++) {
        const rs_event_t *earlier = &history->sorted[i].event;
        if (!same_case(earlier, event)) continue;
        if (where.queue.len == 0) where.queue = earlier->queue;
        if (where.agent.len == 0) where.agent = earlier->agent;
        if (where.channel == 0) where.channel = earlier->channel;
        if (case_team.len == 0) case_team = earlier->team;
        was_said = was_said || earlier->kind == event->kind;
    }
    if (where.team.len == 0 && event->agent.len == 0) where.team = case_team;
    if (where.team.len == 0) where.team = configured_team(where.agent);
    if (where.channel == 0) where.channel = RS_CHANNEL_VOICE;
    if (!was_said && event->kind == RS_FEEDBACK_COMPLAINT) count(history, rows, &where, RS_COUNT_COMPLAINTS, 1);
    if (!was_said && event->kind == RS_FEEDBACK_COMPLIMENT) count(history, rows, &where, RS_COUNT_COMPLIMENTS, 1);
    if (!was_said && event->kind == RS_FEEDBACK_SUGGESTION) count(history, rows, &where, RS_COUNT_SUGGESTIONS, 1);
    const course_t course = course_at(history, at);
    if (!course.went) return;
    count(history, rows, &where, counts[course.stage], 1);
    count(history, rows, &where, times[course.stage], course.took_us);
    const int64_t deadline_us = deadline_of(history, course.stage);
    if (deadline_us > 0 && course.took_us > deadline_us) count(history, rows, &where, RS_COUNT_COMPLAINTS_OVERDUE, 1);
}

static void count_everything(const history_t *history, rows_t *rows) {
    rows->count = 0;
    for (size_t at = 0; at < history->sorted_count; at++) {
        const rs_event_t *event = &history->sorted[at].event;
        if (event->type == RS_SURVEY_ANSWERED) count_survey(history, rows, at);
        if (event->type == RS_FEEDBACK_RECEIVED) count_feedback(history, rows, at);
    }
}

/* --- against the core ----------------------------------------------------------------------------------------------- */
typedef struct comparison { const rows_t *expected; char text[256]; bool seen[2][MAX_ROWS]; } comparison_t;

static void compare_row(void *context, const rs_row_t *row) {
    comparison_t *comparison = context;
    static const int64_t nothing[RS_COUNT_COUNT];
    const int64_t *expected = nothing;
    for (size_t i = 0; i < comparison->expected->count; i++) {
        const row_t *wanted = &comparison->expected->items[i];
        if (wanted->family != row->key.family || wanted->start_us != row->start_us || !rs_str_equal(wanted->tenant, row->key.tenant) ||
            !rs_str_equal(wanted->name, row->key.name) || wanted->channel != row->key.channel) continue;
        expected = wanted->counts;
        comparison->seen[row->attribution][i] = true;
    }
    for (size_t c = 0; c < RS_ARRAY_LEN(watched); c++) {
        if (row->counts[watched[c]] == expected[watched[c]] || comparison->text[0] != '\0') continue;
        snprintf(comparison->text, sizeof comparison->text, "attribution %u family %u %.*s/%.*s channel %u: %s is %lld, should be %lld",
                 row->attribution, row->key.family, (int)row->key.tenant.len, row->key.tenant.data, (int)row->key.name.len,
                 row->key.name.len == 0 ? "" : row->key.name.data, row->key.channel, rs_count_name(watched[c]),
                 (long long)row->counts[watched[c]], (long long)expected[watched[c]]);
    }
}

static bool is_empty(const row_t *row) {
    for (size_t c = 0; c < RS_ARRAY_LEN(watched); c++) if (row->counts[watched[c]] != 0) return false;
    return true;
}

static void compare_rows(rs_core_t *core, const rows_t *expected, comparison_t *comparison) {
    *comparison = (comparison_t){.expected = expected};
    rs_core_rows(core, compare_row, comparison);
    for (size_t i = 0; i < expected->count && comparison->text[0] == '\0'; i++) {
        if (is_empty(&expected->items[i]) || (comparison->seen[0][i] && comparison->seen[1][i])) continue;
        snprintf(comparison->text, sizeof comparison->text, "a row of family %u is missing", expected->items[i].family);
    }
}

/* Today's total of each tenant: everything happened within one day. */
static void compare_windows(const history_t *history, rs_core_t *core, const rows_t *expected, comparison_t *comparison) {
    const rs_window_store_t *windows = rs_core_windows(core);
    for (uint32_t key = 0; windows != NULL && key < rs_window_key_count(windows); key++) {
        rs_key_t dimensions;
        rs_window_view_t view;
        rs_core_key(core, key, &dimensions);
        assert_int_equal(rs_window_read(windows, key, RS_WINDOW_TODAY, &view), RS_OK);
        for (size_t c = 0; c < RS_ARRAY_LEN(watched); c++) {
            int64_t sum = 0;
            for (size_t i = 0; i < expected->count; i++) {
                const row_t *row = &expected->items[i];
                const bool same = row->family == dimensions.family && rs_str_equal(row->tenant, dimensions.tenant) &&
                                  rs_str_equal(row->name, dimensions.name) && row->channel == dimensions.channel;
                if (same) sum += row->counts[watched[c]];
            }
            if (view.counts[watched[c]] == sum) continue;
            snprintf(comparison->text, sizeof comparison->text, "today, family %u: %s is %lld, should be %lld", dimensions.family,
                     rs_count_name(watched[c]), (long long)view.counts[watched[c]], (long long)sum);
        }
    }
    (void)history;
}

static void compare_gauges(const history_t *history, rs_core_t *core, comparison_t *comparison) {
    const int64_t now_us = rs_core_now(core);
    for (uint32_t t = 0; t < rs_core_complaint_tenants(core); t++) {
        rs_complaint_gauges_t is, should_be = {.next_overdue_us = INT64_MAX};
        rs_core_complaints(core, t, &is);
        for (size_t at = 0; at < history->sorted_count; at++) {
            const rs_event_t *event = &history->sorted[at].event;
            bool is_last = event->type == RS_FEEDBACK_RECEIVED && event->case_id.len != 0 && rs_str_equal(event->tenant, is.tenant);
            for (size_t i = at + 1; i < history->sorted_count; i++) is_last = is_last && !same_case(&history->sorted[i].event, event);
            const course_t course = is_last ? course_at(history, at) : (course_t){0};
            if (!course.is_complaint || course.is_closed) continue;
            int top = 0;
            int64_t since_us = 0, overdue_us = INT64_MAX;
            for (int i = 0; i < 5; i++) {
                if (course.marks[i] >= 0) top = i;
                if (course.marks[i] > since_us) since_us = course.marks[i];
            }
            for (int i = 4; i > top; i--) if (deadline_of(history, i) > 0) overdue_us = since_us + deadline_of(history, i) + 1;
            should_be.all_open++;
            should_be.open[RS_FEEDBACK_STAGE_RECEIVED + top]++;
            if (overdue_us <= now_us) should_be.overdue++;
            else if (overdue_us < should_be.next_overdue_us) should_be.next_overdue_us = overdue_us;
        }
        const bool same = is.all_open == should_be.all_open && is.overdue == should_be.overdue &&
                          is.next_overdue_us == should_be.next_overdue_us && memcmp(is.open, should_be.open, sizeof is.open) == 0;
        if (same) continue;
        snprintf(comparison->text, sizeof comparison->text, "gauges: open %u overdue %u next %lld, should be %u, %u, %lld", is.all_open,
                 is.overdue, (long long)is.next_overdue_us, should_be.all_open, should_be.overdue, (long long)should_be.next_overdue_us);
    }
}

static rs_core_t *run(const history_t *history) {
    rs_core_t *core = NULL;
    const rs_core_options_t options = {
        .config = history->config, .replay = history->replay, .windows = true, .families = (1u << RS_FAMILY_COUNT) - 1,
        .attributions = 1u << RS_ATTRIBUTION_EVENT | 1u << RS_ATTRIBUTION_ENTER,
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = history->interval_us}, .start_us = BEGIN_US, .run = 1, .hash_seed = 3};
    assert_int_equal(rs_core_create(&options, &core), RS_OK);
    for (size_t i = 0; i < history->count; i++) {
        if (!history->replay) rs_core_tick(core, history->events[i].arrival_us);
        rs_core_apply_event(core, &history->events[i].event, history->events[i].arrival_us, (rs_origin_t){0});
    }
    if (history->replay) rs_core_finish(core); else rs_core_tick(core, history->end_us);
    return core;
}

static bool seed_fails(uint64_t seed) {
    static rows_t expected;
    static comparison_t comparison;
    history_t *history = make_history(seed);
    rs_core_t *core = run(history);
    const char *why = "";
    count_everything(history, &expected);
    compare_rows(core, &expected, &comparison);
    if (comparison.text[0] == '\0') compare_windows(history, core, &expected, &comparison);
    if (comparison.text[0] == '\0') compare_gauges(history, core, &comparison);
    if (comparison.text[0] == '\0' && rs_core_check(core, &why) != RS_OK) snprintf(comparison.text, sizeof comparison.text, "%s", why);
    const bool failed = comparison.text[0] != '\0';
    if (failed) print_error("RS_SEED=%llu (%s): %s\n", (unsigned long long)seed, history->replay ? "replay" : "live", comparison.text);
    rs_core_destroy(&core);
    destroy_history(history);
    return failed;
}

static void surveys_and_complaints_equal_the_brute_force(void **state) {
    (void)state;
    const char *only = getenv("RS_SEED");
    const uint64_t first = rs_test_number("RS_FIRST_SEED", 1), seeds = only != NULL ? 1 : rs_test_number("RS_SEEDS", 2000);
    const uint64_t from = only != NULL ? strtoull(only, NULL, 0) : first;
    unsigned failures = 0;
    for (uint64_t i = 0; i < seeds && failures < 5; i++) failures += seed_fails(from + i);
    printf("seeds %llu to %llu\n", (unsigned long long)from, (unsigned long long)(from + seeds - 1));
    assert_int_equal(failures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(surveys_and_complaints_equal_the_brute_force)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
