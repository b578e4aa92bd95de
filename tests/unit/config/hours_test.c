/* Working hours, and what else came with replies, feedback, staff and prediction. */
#include "config_tests.h"

#include "config/bounds.h"
#include "config/diff.h"

#define OFFICE "hours: {office: {week: {mon-fri: '09:00-17:30', sat: '10:00-14:00'}}}\n"

static void a_week_is_its_spans_by_day_and_time(void **state) {
    static const rs_calendar_span_t expected[] = {
        {0, 9 * 3600, 12 * 3600}, {0, 13 * 3600, 17 * 3600 + 1800}, {2, 9 * 3600, 12 * 3600},
        {2, 13 * 3600, 17 * 3600 + 1800}, {5, 22 * 3600, 24 * 3600}, {6, 0, 6 * 3600 + 30}};
    rs_config_t *config = must_load("hours: {h: {week: {'mon, wed': ['13:00-17:30', '09:00 - 12:00'], sat: 22:00-24:00, "
                                    "sun: 00:00-06:00:30}}}\n", NULL, 0);
    (void)state;
    const rs_hours_config_t *hours = config->hours;
    assert_int_equal(config->hours_count, 1);
    assert_non_null(hours->calendar);
    assert_ptr_equal(hours->zone, config->zone);
    assert_int_equal(hours->week_count, RS_ARRAY_LEN(expected));
    for (size_t i = 0; i < RS_ARRAY_LEN(expected); i++) {
        assert_int_equal(hours->week[i].weekday, expected[i].weekday);
        assert_int_equal(hours->week[i].from_s, expected[i].from_s);
        assert_int_equal(hours->week[i].to_s, expected[i].to_s);
    }
    rs_config_destroy(&config);
}

static void a_range_of_weekdays_may_go_over_the_weeks_end(void **state) {
    rs_config_t *config = must_load("hours: {h: {week: {sun-thu: '08:00-16:00'}}}\n", NULL, 0);
    (void)state;
    assert_int_equal(config->hours[0].week_count, 5);
    assert_int_equal(config->hours[0].week[3].weekday, 3);
    assert_int_equal(config->hours[0].week[4].weekday, 6);
    rs_config_destroy(&config);
}

static void dates_are_days_since_1970_by_the_gregorian_calendar(void **state) {
    rs_config_t *config = must_load("hours: {h: {week: {mon: 09:00-10:00}, holidays: [2000-02-29, 1970-01-01, 2026-12-25],"
                                    " days: {2100-03-01: '09:00-12:00, 13:00-14:00', 2261-12-31: closed}}}\n", NULL, 0);
    static const int32_t expected[] = {0, 11016, 20812, 47541, 47541, 106650};
    (void)state;
    assert_int_equal(config->hours[0].date_count, RS_ARRAY_LEN(expected));
    for (size_t i = 0; i < RS_ARRAY_LEN(expected); i++) assert_int_equal(config->hours[0].dates[i].days, expected[i]);
    assert_int_equal(config->hours[0].dates[2].to_s, 0);
    assert_int_equal(config->hours[0].dates[4].from_s, 13 * 3600);
    char *text = printed(config);
    assert_non_null(strstr(text, "hours.h.holidays = [1970-01-01, 2000-02-29, 2026-12-25, 2261-12-31]\n"));
    assert_non_null(strstr(text, "hours.h.days = {2100-03-01: \"09:00-12:00, 13:00-14:00\"}\n"));
    free(text);
    rs_config_destroy(&config);
}

static void entries_share_their_zones_and_are_sorted_by_name(void **state) {
    static const char *const sets[] = {"time.zone=Europe/London"};
    rs_config_t *config = must_load("hours:\n  d: {zone: Asia/Tokyo, week: {mon: 09:00-10:00}}\n"
                                    "  c: {zone: Europe/London, week: {mon: 09:00-10:00}}\n"
                                    "  a: {zone: Asia/Tokyo, week: {mon: 09:00-10:00}}\n"
                                    "  b: {week: {mon: 09:00-10:00}}\n", sets, 1);
    const rs_hours_config_t *hours = config->hours;
    (void)state;
    assert_int_equal(config->hours_count, 4);
    assert_string_equal(hours[0].name.data, "a");
    assert_string_equal(hours[3].name.data, "d");
    assert_ptr_equal(hours[0].zone, hours[3].zone);
    assert_ptr_equal(hours[1].zone, config->zone);
    assert_ptr_equal(hours[2].zone, config->zone);
    assert_string_equal(hours[1].zone_name.data, "Europe/London");
    rs_config_destroy(&config);
}

static void a_queue_keeps_what_it_says_of_clocks(void **state) {
    rs_config_t *config = must_load(OFFICE "service_level: {first_reply: 8h, resolution: 3d, callback_clock: keep}\n"
                                    "queues: {q: {hours: office, first_reply: 4h, next_reply: 0, callback_clock: restart}, r: {}}\n",
                                    NULL, 0);
    const rs_queue_config_t *q = &config->queues[0], *r = &config->queues[1];
    (void)state;
    assert_string_equal(q->hours.data, "office");
    assert_int_equal(q->first_reply_us, 4 * RS_US_PER_HOUR);
    assert_int_equal(q->next_reply_us, 0);
    assert_int_equal(q->resolution_us, -1);
    assert_int_equal(q->callback_clock, RS_CALLBACK_CLOCK_RESTART);
    assert_int_equal(r->hours.len, 0);
    assert_int_equal(r->callback_clock, RS_CALLBACK_CLOCK_UNSET);
    assert_int_equal(config->first_reply_us, 8 * RS_US_PER_HOUR);
    assert_int_equal(config->resolution_us, 3 * RS_US_PER_DAY);
    assert_int_equal(config->callback_clock, RS_CALLBACK_CLOCK_KEEP);
    rs_config_destroy(&config);
}

static void names_are_sorted_and_scales_have_thousandths(void **state) {
    rs_config_t *config = must_load("fcr: {never: [move, 'a, b', claim]}\nstaff: {break_activities: [], absent_activities: ill}\n"
                                    "feedback: {csat: -2..2, ces: 0.5..9.125}\n", NULL, 0);
    (void)state;
    assert_int_equal(config->fcr.never_count, 3);
    assert_string_equal(config->fcr.never_topics[0].data, "a, b");
    assert_string_equal(config->fcr.never_topics[2].data, "move");
    assert_int_equal(config->staff.break_count, 0);
    assert_int_equal(config->staff.absent_count, 1);
    assert_int_equal(config->feedback.csat.min_milli, -2000);
    assert_int_equal(config->feedback.ces.min_milli, 500);
    assert_int_equal(config->feedback.ces.max_milli, 9125);
    char *text = printed(config);
    assert_non_null(strstr(text, "fcr.never = [\"a, b\", claim, move]\n"));
    assert_non_null(strstr(text, "staff.break_activities = []\n"));
    assert_non_null(strstr(text, "feedback.csat = -2..2\n"));
    assert_non_null(strstr(text, "feedback.ces = 0.5..9.125\n"));
    free(text);
    rs_config_destroy(&config);
}

static void the_defaults_are_those_of_the_design(void **state) {
    rs_config_t *config = NULL;
    (void)state;
    assert_int_equal(rs_config_create_default(&config), RS_OK);
    assert_int_equal(config->fcr.never_count, 0);
    assert_int_equal(config->feedback.csat.min_milli, 1000);
    assert_int_equal(config->feedback.csat.max_milli, 5000);
    assert_int_equal(config->feedback.ces.max_milli, 7000);
    assert_int_equal(config->feedback.respond_us, 0);
    assert_int_equal(config->feedback.complaint_hours.len, 0);
    assert_int_equal(config->staff.expire_us, 16 * RS_US_PER_HOUR);
    assert_int_equal(config->staff.break_count, 4);
    assert_string_equal(config->staff.break_activities[1].data, "lunch");
    assert_string_equal(config->staff.absent_activities[3].data, "sick");
    assert_int_equal(config->prediction.horizon_us, 30 * RS_US_PER_MIN);
    assert_int_equal(config->prediction.min_handled, 10);
    assert_int_equal(config->callback_clock, RS_CALLBACK_CLOCK_RESTART);
    assert_int_equal(config->first_reply_us + config->next_reply_us + config->resolution_us, 0);
    assert_int_equal(config->limits.customers, 1000000);
    assert_int_equal(config->limits.cases, 100000);
    assert_int_equal(config->limits.edges, 200000);
    assert_int_equal(config->limits.variants, 10000);
    assert_false(config->attribution_close);
    rs_config_destroy(&config);
}

static void every_printed_entry_of_hours_loads_to_itself(void **state) {
    static const char text[] = OFFICE "queues: {q: {hours: office, first_reply: 90m, callback_clock: keep}}\n"
                               "complaints: {hours: office, respond: 5d}\nrows: {attributions: [close, event]}\n";
    rs_config_t *config = must_load(text, NULL, 0);
    (void)state;
    assert_true(config->attribution_close && config->attribution_event && !config->attribution_enter);
    char *first = printed(config);
    const char *const sets[] = {"hours.office.week={mon-fri: \"09:00-17:30\", sat: \"10:00-14:00\"}", "hours.office.holidays=[]",
                                "hours.office.days={}", "rows.attributions=[event, close]"};
    assert_non_null(strstr(first, "hours.office.week = {mon-fri: \"09:00-17:30\", sat: \"10:00-14:00\"}\n"));
    assert_non_null(strstr(first, "rows.attributions = [event, close]\n"));
    assert_non_null(strstr(first, "queues.q.callback_clock = keep\n"));
    rs_config_t *again = must_load(text, sets, RS_ARRAY_LEN(sets));
    char *second = printed(again);
    assert_string_equal(first, second);
    free(first);
    free(second);
    rs_config_destroy(&config);
    rs_config_destroy(&again);
}

/* Longer than the room that one printed value has: the last of many dates still makes a difference. */
static void a_change_at_the_end_of_a_long_list_is_told(void **state) {
    char *texts[2];
    rs_config_t *configs[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        size_t length;
        FILE *stream = open_memstream(&texts[i], &length);
        fputs("hours:\n  h:\n    week: {mon: 09:00-10:00}\n    holidays: [", stream);
        for (int day = 0; day < 400; day++) fprintf(stream, "%d-%02d-%02d, ", 2030 + day / 28 / 12, day / 28 % 12 + 1, day % 28 + 1);
        fprintf(stream, "2050-01-0%d]\n", i + 1);
        fclose(stream);
        configs[i] = must_load(texts[i], NULL, 0);
        char *text = printed(configs[i]);
        assert_non_null(strstr(text, ", ... 401 in all, checksum "));
        free(text);
        free(texts[i]);
    }
    assert_int_equal(rs_config_diff(configs[0], configs[1], NULL, NULL), 1);
    assert_int_equal(rs_config_diff(configs[0], configs[0], NULL, NULL), 0);
    rs_config_destroy(&configs[0]);
    rs_config_destroy(&configs[1]);
}

static void what_is_remembered_has_its_bound(void **state) {
    rs_config_t *config = NULL;
    rs_config_bound_t bounds[RS_CONFIG_BOUNDS];
    unsigned found = 0;
    (void)state;
    assert_int_equal(rs_config_create_default(&config), RS_OK);
    (void)rs_config_bounds(config, bounds);
    for (size_t i = 0; i < RS_CONFIG_BOUNDS; i++) {
        if (strcmp(bounds[i].name, "customers") == 0) {
            assert_int_equal(bounds[i].bytes, 67 * 1000000); /* what bench_fcr measures, 65.8, rounded up */
            assert_true(bounds[i].bytes <= 64 << 20);        /* bars.md: a million customers in 64 MiB */
            found++;
        }
        found += strcmp(bounds[i].name, "cases") == 0 || strcmp(bounds[i].name, "edges") == 0 || strcmp(bounds[i].name, "variants") == 0;
    }
    assert_int_equal(found, 4);
    /* Without the process map nothing of it takes memory. */
    const uint64_t with = rs_config_bounds(config, bounds);
    config->limits.edges = 0;
    assert_int_equal(with - rs_config_bounds(config, bounds), UINT64_C(200000) * RS_BYTES_EDGE + UINT64_C(500000) * RS_BYTES_WAY);
    rs_config_destroy(&config);
}

const struct CMUnitTest hours_tests[] = {
    cmocka_unit_test(a_week_is_its_spans_by_day_and_time),
    cmocka_unit_test(a_range_of_weekdays_may_go_over_the_weeks_end),
    cmocka_unit_test(dates_are_days_since_1970_by_the_gregorian_calendar),
    cmocka_unit_test(entries_share_their_zones_and_are_sorted_by_name),
    cmocka_unit_test(a_queue_keeps_what_it_says_of_clocks),
    cmocka_unit_test(names_are_sorted_and_scales_have_thousandths),
    cmocka_unit_test(the_defaults_are_those_of_the_design),
    cmocka_unit_test(every_printed_entry_of_hours_loads_to_itself),
    cmocka_unit_test(a_change_at_the_end_of_a_long_list_is_told),
    cmocka_unit_test(what_is_remembered_has_its_bound),
};
const size_t hours_test_count = RS_ARRAY_LEN(hours_tests);
