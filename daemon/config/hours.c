/* Working hours: weeks, holidays and single dates, from the file and back to text; and the calendar that is made of them. */
#include "config/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DAY_SECONDS = 24 * 60 * 60, DAYS_OF_WEEK = 7, LAST_YEAR = 2261 };
static const char *const weekdays[DAYS_OF_WEEK] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* One value in the making: what every function here needs to say what is wrong. */
typedef struct work {
    rs__loader_t *loader;
    const rs_schema_row_t *row;
    rs_hours_config_t *hours;
    const char *key;
} work_t;

RS_PRINTF(3, 4) static int wrong(const work_t *work, const rs_node_t *node, const char *format, ...) {
    char allowed[RS_CONFIG_ALLOWED_TEXT], reason[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    rs__schema_allowed(work->row, allowed, sizeof(allowed));
    return rs__loader_fail(work->loader, node, work->key, allowed, "%s", reason);
}

static int shown_length(rs_str_t text) { return (int)(text.len < 40 ? text.len : 40); }

/* --- times of day ------------------------------------------------------------------------------------------------- */
static bool take_digits(rs_str_t *text, uint32_t count, uint32_t *number) {
    *number = 0;
    if (text->len < count) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') return false;
        *number = *number * 10 + (uint32_t)(text->data[i] - '0');
    }
    *text = (rs_str_t){.data = text->data + count, .len = text->len - count};
    return true;
}

static bool take_character(rs_str_t *text, char c) {
    if (text->len == 0 || text->data[0] != c) return false;
    *text = (rs_str_t){.data = text->data + 1, .len = text->len - 1};
    return true;
}

static void skip_blanks(rs_str_t *text) {
    while (take_character(text, ' ')) {}
}

/* "09:00" or "09:00:30"; 24:00 is the day's end. */
static bool take_time(rs_str_t *text, uint32_t *seconds) {
    uint32_t hour, minute, second = 0;
    if (!take_digits(text, 2, &hour) || !take_character(text, ':') || !take_digits(text, 2, &minute)) return false;
    if (take_character(text, ':') && !take_digits(text, 2, &second)) return false;
    *seconds = (hour * 60 + minute) * 60 + second;
    return minute < 60 && second < 60 && *seconds <= DAY_SECONDS;
}

typedef struct span {
    uint32_t from_s, to_s;
} span_t;
typedef struct spans {
    span_t items[RS_MAX_DAY_SPANS];
    uint32_t count;
} spans_t;

static int add_span(const work_t *work, const rs_node_t *node, span_t span, spans_t *spans) {
    const rs_str_t text = node->text;
    if (span.from_s == span.to_s) return wrong(work, node, "`%.*s` holds a span that is empty", shown_length(text), text.data);
    if (span.from_s > span.to_s)
        return wrong(work, node, "`%.*s` holds a span that ends before it begins; one past midnight is two, "
                     "such as 22:00-24:00 and on the next day 00:00-06:00", shown_length(text), text.data);
    if (spans->count == RS_MAX_DAY_SPANS)
        return wrong(work, node, "`%.*s` holds more than %d spans", shown_length(text), text.data, RS_MAX_DAY_SPANS);
    for (uint32_t i = 0; i < spans->count; i++)
        if (span.from_s < spans->items[i].to_s && spans->items[i].from_s < span.to_s)
            return wrong(work, node, "`%.*s` holds spans that overlap", shown_length(text), text.data);
    spans->items[spans->count++] = span;
    return RS_OK;
}

/* "09:00-12:00, 13:00-17:30" */
static int read_text_spans(const work_t *work, const rs_node_t *node, spans_t *spans) {
    rs_str_t rest = node->text;
    int status = RS_OK;
    for (bool more = true; status == RS_OK && more;) {
        span_t span;
        skip_blanks(&rest);
        bool good = take_time(&rest, &span.from_s);
        skip_blanks(&rest);
        good = good && take_character(&rest, '-');
        skip_blanks(&rest);
        good = good && take_time(&rest, &span.to_s);
        skip_blanks(&rest);
        more = take_character(&rest, ',');
        if (!good || (!more && rest.len > 0))
            return wrong(work, node, "`%.*s` is not a time such as 09:00-17:30", shown_length(node->text), node->text.data);
        status = add_span(work, node, span, spans);
    }
    return status;
}

/* One text, or a list of them. */
static int read_spans(const work_t *work, const rs_node_t *node, spans_t *spans) {
    spans->count = 0;
    if (node->kind == RS_NODE_TEXT) return read_text_spans(work, node, spans);
    if (node->kind != RS_NODE_LIST || node->count == 0) return wrong(work, node, "has no times");
    int status = RS_OK;
    for (const rs_node_t *item = node->first; status == RS_OK && item != NULL; item = item->next)
        status = item->kind == RS_NODE_TEXT ? read_text_spans(work, item, spans) : wrong(work, item, "is not a time");
    return status;
}

/* --- the week ----------------------------------------------------------------------------------------------------- */
static bool take_weekday(rs_str_t *text, uint32_t *day) {
    skip_blanks(text);
    for (*day = 0; *day < DAYS_OF_WEEK; (*day)++) {
        if (text->len < 3 || memcmp(text->data, weekdays[*day], 3) != 0) continue;
        *text = (rs_str_t){.data = text->data + 3, .len = text->len - 3};
        skip_blanks(text);
        return true;
    }
    return false;
}

/* "mon", "mon-fri", "sun-thu" (a week may begin anywhere), "mon, wed" as a bit set of days; 0: none of these. */
static unsigned days_of_key(rs_str_t key) {
    unsigned days = 0;
    for (bool more = true; more;) {
        uint32_t first, last;
        if (!take_weekday(&key, &first)) return 0;
        last = first;
        if (take_character(&key, '-') && !take_weekday(&key, &last)) return 0;
        for (uint32_t day = first;; day = (day + 1) % DAYS_OF_WEEK) {
            days |= 1u << day;
            if (day == last) break;
        }
        more = take_character(&key, ',');
    }
    return key.len == 0 ? days : 0;
}

static int add_day(const work_t *work, const rs_node_t *node, uint8_t weekday, span_t span) {
    rs_hours_config_t *hours = work->hours;
    uint32_t same_day = 0;
    for (uint32_t i = 0; i < hours->week_count; i++) {
        const rs_calendar_span_t *other = &hours->week[i];
        if (other->weekday != weekday) continue;
        if (span.from_s < other->to_s && other->from_s < span.to_s)
            return wrong(work, node, "spans overlap on %s", weekdays[weekday]);
        if (++same_day == RS_MAX_DAY_SPANS) return wrong(work, node, "more than %d spans on %s", RS_MAX_DAY_SPANS, weekdays[weekday]);
    }
    hours->week[hours->week_count++] = (rs_calendar_span_t){.weekday = weekday, .from_s = span.from_s, .to_s = span.to_s};
    return RS_OK;
}

static int compare_spans(const void *left, const void *right) {
    const rs_calendar_span_t *a = left, *b = right;
    if (a->weekday != b->weekday) return a->weekday < b->weekday ? -1 : 1;
    return (a->from_s > b->from_s) - (a->from_s < b->from_s);
}

static int assign_week(const work_t *work, const rs_node_t *node) {
    rs_hours_config_t *hours = work->hours;
    if (node->kind != RS_NODE_MAP) return wrong(work, node, "is not a section of weekdays");
    if (node->count == 0) return wrong(work, node, "is empty: no day would be worked");
    hours->week = rs__config_arena_take(work->loader->arena, DAYS_OF_WEEK * RS_MAX_DAY_SPANS * sizeof(*hours->week));
    if (hours->week == NULL) return RS_ERR_MEMORY;
    for (const rs_node_t *child = node->first; child != NULL; child = child->next) {
        spans_t spans;
        rs_node_t at_key = *child;
        if (child->mark.line != 0) at_key.mark = child->key_mark;
        const unsigned days = days_of_key(child->key);
        if (days == 0)
            return wrong(work, &at_key, "`%.*s` is not a weekday: mon, tue, wed, thu, fri, sat, sun or mon-fri", shown_length(child->key),
                         child->key.data);
        int status = read_spans(work, child, &spans);
        for (uint8_t day = 0; status == RS_OK && day < DAYS_OF_WEEK; day++)
            for (uint32_t i = 0; status == RS_OK && (days & 1u << day) != 0 && i < spans.count; i++)
                status = add_day(work, child, day, spans.items[i]);
        if (status != RS_OK) return status;
    }
    qsort(hours->week, hours->week_count, sizeof(*hours->week), compare_spans);
    return RS_OK;
}

/* --- dates -------------------------------------------------------------------------------------------------------- */
/* Days since 1970-01-01 of a date of the Gregorian calendar, counted in eras of 400 years that begin in March. */
static int32_t days_of_date(int32_t year, int32_t month, int32_t day) {
    const int32_t shifted = month <= 2 ? year - 1 : year, era = shifted / 400, year_of_era = shifted - era * 400;
    const int32_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static bool is_leap(uint32_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static uint32_t days_of_month(uint32_t year, uint32_t month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static bool parse_date(rs_str_t text, int32_t *days) {
    uint32_t year, month, day;
    if (!take_digits(&text, 4, &year) || !take_character(&text, '-') || !take_digits(&text, 2, &month) ||
        !take_character(&text, '-') || !take_digits(&text, 2, &day) || text.len > 0)
        return false;
    if (year < 1970 || year > LAST_YEAR || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month)) return false;
    *days = days_of_date((int32_t)year, (int32_t)month, (int32_t)day);
    return true;
}

enum { DATE_TEXT = 16 };
static void format_date(int32_t days, char text[DATE_TEXT]) {
    uint32_t year = 1970, month = 1, left = (uint32_t)days;
    for (uint32_t length = 365; left >= length; length = is_leap(year) ? 366 : 365) {
        left -= length;
        year++;
    }
    while (left >= days_of_month(year, month)) left -= days_of_month(year, month++);
    snprintf(text, DATE_TEXT, "%04u-%02u-%02u", year % 10000, month, (left + 1) % 100);
}

static int add_date(const work_t *work, const rs_node_t *node, rs_str_t text, span_t span) {
    rs_hours_config_t *hours = work->hours;
    rs_calendar_date_t date = {.from_s = span.from_s, .to_s = span.to_s};
    void *dates = hours->dates;
    if (!parse_date(text, &date.days))
        return wrong(work, node, "`%.*s` is not a date from 1970-01-01 to 2261-12-31", shown_length(text), text.data);
    if (hours->date_count == RS_MAX_HOURS_DATES) return wrong(work, node, "more than %d dates", RS_MAX_HOURS_DATES);
    const int status = rs__config_arena_grow(work->loader->arena, &dates, hours->date_count, sizeof(*hours->dates));
    if (status != RS_OK) return status;
    hours->dates = dates;
    hours->dates[hours->date_count++] = date;
    return RS_OK;
}

static int assign_holidays(const work_t *work, const rs_node_t *node) {
    const span_t closed = {0, 0};
    int status = node->kind == RS_NODE_LIST ? RS_OK : wrong(work, node, "is not a list of dates");
    for (const rs_node_t *item = node->first; status == RS_OK && item != NULL; item = item->next)
        status = item->kind == RS_NODE_TEXT ? add_date(work, item, item->text, closed) : wrong(work, item, "is not a date");
    return status;
}

static int assign_days(const work_t *work, const rs_node_t *node) {
    const span_t closed = {0, 0};
    int status = node->kind == RS_NODE_MAP ? RS_OK : wrong(work, node, "is not a section of dates");
    for (const rs_node_t *child = node->first; status == RS_OK && child != NULL; child = child->next) {
        spans_t spans;
        rs_node_t at_key = *child;
        if (child->mark.line != 0) at_key.mark = child->key_mark;
        if (child->kind == RS_NODE_TEXT && rs_str_equal(child->text, RS_STR("closed"))) {
            status = add_date(work, &at_key, child->key, closed);
            continue;
        }
        status = read_spans(work, child, &spans);
        for (uint32_t i = 0; status == RS_OK && i < spans.count; i++) status = add_date(work, &at_key, child->key, spans.items[i]);
    }
    return status;
}

int rs__hours_assign(rs__loader_t *loader, const rs_schema_row_t *row, rs_hours_config_t *hours, const rs_node_t *node,
                     const char *key) {
    const work_t work = {.loader = loader, .row = row, .hours = hours, .key = key};
    if (row->type == RS_VALUE_WEEK) return assign_week(&work, node);
    return row->type == RS_VALUE_HOLIDAYS ? assign_holidays(&work, node) : assign_days(&work, node);
}

/* --- a whole entry ------------------------------------------------------------------------------------------------ */
static int compare_dates(const void *left, const void *right) {
    const rs_calendar_date_t *a = left, *b = right;
    if (a->days != b->days) return a->days < b->days ? -1 : 1;
    return (a->from_s > b->from_s) - (a->from_s < b->from_s);
}

/* Spans of one date were compared when they were read; a date that is closed and worked, or closed twice, is left. */
static int check_dates(rs__loader_t *loader, rs_hours_config_t *hours, const rs_node_t *node, const char *key) {
    if (hours->date_count > 1) qsort(hours->dates, hours->date_count, sizeof(*hours->dates), compare_dates);
    for (uint32_t i = 1; i < hours->date_count; i++) {
        char date[DATE_TEXT];
        const rs_calendar_date_t *a = &hours->dates[i - 1], *b = &hours->dates[i];
        const bool closed = a->from_s == a->to_s || b->from_s == b->to_s;
        if (a->days != b->days || (!closed && a->to_s <= b->from_s)) continue;
        format_date(b->days, date);
        return rs__loader_fail(loader, node, key, "each date once, under `holidays` or under `days`", "%s is named twice", date);
    }
    return RS_OK;
}

/* Zones are large and slow to read: entries with one name share one. */
static int find_zone(rs__loader_t *loader, rs_hours_config_t *hours, const rs_node_t *node, const char *key) {
    const rs__items_t *all = &loader->collections[RS_SCOPE_HOURS];
    const rs_hours_config_t *others = all->items;
    hours->zone = loader->config->zone;
    if (hours->zone_name.len == 0 || rs_str_equal(hours->zone_name, rs_str(hours->zone->name))) return RS_OK;
    for (uint32_t i = 0; i < all->count; i++) {
        hours->zone = others[i].zone;
        if (rs_str_equal(hours->zone_name, rs_str(hours->zone->name))) return RS_OK;
    }
    hours->zone = NULL;
    const int status = rs_zone_load(hours->zone_name.data, &hours->zone);
    if (status == RS_OK || status == RS_ERR_MEMORY) return status;
    char at[RS_KEY_TEXT];
    const rs_node_t *child = rs__node_child(node, RS_STR("zone"));
    rs__path_join(key, RS_STR("zone"), at, sizeof(at));
    return rs__loader_fail(loader, child, at, "the name of an IANA zone, such as Europe/London or UTC", "`%.*s` %s",
                           shown_length(hours->zone_name), hours->zone_name.data,
                           status == RS_ERR_IO ? "has a zone file that cannot be read"
                                               : "is not a time zone of this system (package tzdata)");
}

/* Whether the zone belongs to this entry: neither time.zone nor an earlier entry's. */
static bool owns_zone(const rs_hours_config_t *hours, uint32_t entry, const rs_zone_t *base) {
    if (hours[entry].zone == NULL || hours[entry].zone == base) return false;
    for (uint32_t i = 0; i < entry; i++)
        if (hours[i].zone == hours[entry].zone) return false;
    return true;
}

void rs__hours_destroy(rs_hours_config_t *hours, uint32_t count, const rs_zone_t *base) {
    for (uint32_t i = 0; i < count; i++) rs_calendar_destroy(&hours[i].calendar);
    for (uint32_t i = count; i-- > 0;) /* from the end: earlier entries' pointers are still there to be compared */
        if (owns_zone(hours, i, base)) rs_zone_destroy(&hours[i].zone);
}

int rs__loader_finish_hours(rs__loader_t *loader, rs_hours_config_t *hours, const rs_node_t *node, const char *key) {
    const rs__items_t *all = &loader->collections[RS_SCOPE_HOURS];
    if (all->count == RS_MAX_HOURS)
        return rs__loader_fail(loader, node, key, "at most 256 working hours", "is one too many");
    int status = check_dates(loader, hours, node, key);
    if (status == RS_OK) status = find_zone(loader, hours, node, key);
    if (status != RS_OK) return status;
    hours->zone_name = rs_str(hours->zone->name);
    status = rs_calendar_create(hours->zone, hours->week, hours->week_count, hours->dates, hours->date_count, &hours->calendar);
    if (status == RS_OK) return RS_OK;
    bool shared = hours->zone == loader->config->zone;
    for (uint32_t i = 0; i < all->count; i++) shared = shared || ((const rs_hours_config_t *)all->items)[i].zone == hours->zone;
    if (!shared) rs_zone_destroy(&hours->zone);
    if (status == RS_ERR_MEMORY) return status;
    return rs__loader_fail(loader, node, key, "spans that do not overlap", "is not a calendar");
}

/* --- as text ------------------------------------------------------------------------------------------------------ */
enum { SPANS_TEXT = RS_MAX_DAY_SPANS * 20 + 32 };

static size_t put_time(char *text, size_t size, uint32_t seconds) {
    const uint32_t hour = seconds / 3600, minute = seconds / 60 % 60, second = seconds % 60;
    if (second != 0) return (size_t)snprintf(text, size, "%02u:%02u:%02u", hour, minute, second);
    return (size_t)snprintf(text, size, "%02u:%02u", hour, minute);
}

static size_t put_span(char *text, size_t size, bool first, uint32_t from_s, uint32_t to_s) {
    size_t used = first ? 0 : (size_t)snprintf(text, size, ", ");
    used += put_time(text + used, size - used, from_s);
    used += (size_t)snprintf(text + used, size - used, "-");
    return used + put_time(text + used, size - used, to_s);
}

/* The times of one weekday, "" when it is closed. */
static void put_weekday(const rs_hours_config_t *hours, uint32_t day, char text[SPANS_TEXT]) {
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < hours->week_count; i++)
        if (hours->week[i].weekday == day)
            used += put_span(text + used, SPANS_TEXT - used, used == 0, hours->week[i].from_s, hours->week[i].to_s);
}

/* Days that follow each other with the same times are one item: {mon-fri: "09:00-17:30", sat: "10:00-14:00"}. */
static void format_week(const rs_hours_config_t *hours, rs__list_text_t *list) {
    char times[SPANS_TEXT], next[SPANS_TEXT], item[SPANS_TEXT + 16];
    for (uint32_t day = 0, last; day < DAYS_OF_WEEK; day = last + 1) {
        last = day;
        put_weekday(hours, day, times);
        for (bool same = true; same && last + 1 < DAYS_OF_WEEK; last += same) {
            put_weekday(hours, last + 1, next);
            same = strcmp(times, next) == 0;
        }
        if (times[0] == '\0') continue;
        if (last == day)
            snprintf(item, sizeof(item), "%s: \"%s\"", weekdays[day], times);
        else
            snprintf(item, sizeof(item), "%s-%s: \"%s\"", weekdays[day], weekdays[last], times);
        rs__list_text_add(list, item);
    }
}

static void format_holidays(const rs_hours_config_t *hours, rs__list_text_t *list) {
    for (uint32_t i = 0; i < hours->date_count; i++) {
        char date[DATE_TEXT];
        if (hours->dates[i].from_s != hours->dates[i].to_s) continue;
        format_date(hours->dates[i].days, date);
        rs__list_text_add(list, date);
    }
}

static void format_days(const rs_hours_config_t *hours, rs__list_text_t *list) {
    for (uint32_t i = 0, end; i < hours->date_count; i = end) {
        char date[DATE_TEXT], times[SPANS_TEXT], item[SPANS_TEXT + 32];
        const rs_calendar_date_t *first = &hours->dates[i];
        size_t used = 0;
        for (end = i; end < hours->date_count && hours->dates[end].days == first->days; end++)
            used += put_span(times + used, sizeof(times) - used, end == i, hours->dates[end].from_s, hours->dates[end].to_s);
        if (first->from_s == first->to_s) continue;
        format_date(first->days, date);
        snprintf(item, sizeof(item), "%s: \"%s\"", date, times);
        rs__list_text_add(list, item);
    }
}

void rs__hours_format(const rs_schema_row_t *row, const rs_hours_config_t *hours, char *text, size_t size) {
    rs__list_text_t list;
    const bool is_list = row->type == RS_VALUE_HOLIDAYS;
    rs__list_text_begin(&list, text, size, is_list ? '[' : '{', is_list ? ']' : '}');
    if (row->type == RS_VALUE_WEEK)
        format_week(hours, &list);
    else if (is_list)
        format_holidays(hours, &list);
    else
        format_days(hours, &list);
    rs__list_text_end(&list);
}
