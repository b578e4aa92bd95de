/* Instants as text: RFC 3339 in, RFC 3339 with six digits out. */
#include "event/event_internal.h"

/* Days since 1970-01-01 of a date of the Gregorian calendar, year >= 0. Counted in eras of 400 years from 1 March, so that
 * the leap day is the last day of its year. */
static int64_t days_of_date(int64_t year, unsigned month, unsigned day) {
    const int64_t shifted = year - (month <= 2) + 400;
    const int64_t era = shifted / 400;
    const int64_t year_of_era = shifted % 400;
    const int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (era - 1) * 146097 + day_of_era - 719468;
}

static unsigned days_of_month(unsigned year, unsigned month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* `count` is a constant at every call, so that this becomes straight code. */
static inline bool read_digits(const char *text, unsigned count, unsigned *number) {
    unsigned sum = 0, bad = 0;
    for (unsigned i = 0; i < count; i++) {
        const unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        bad |= digit > 9;
        sum = sum * 10 + digit;
    }
    *number = sum;
    return bad == 0;
}

/* "2026-03-02T09:00:12", 19 characters, as if it were UTC. */
static bool read_date_time(const char *text, int64_t *seconds) {
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const bool digits = read_digits(text, 4, &year) && read_digits(text + 5, 2, &month) && read_digits(text + 8, 2, &day)
                        && read_digits(text + 11, 2, &hour) && read_digits(text + 14, 2, &minute)
                        && read_digits(text + 17, 2, &second);
    const bool marks = text[4] == '-' && text[7] == '-' && (text[10] | 0x20) == 't' && text[13] == ':' && text[16] == ':';
    if (!digits || !marks) return false;
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month)) return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    *seconds = days_of_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

/* ".25" at the front: *micros 250000; returns its length, 0 when there is none, -1 when a dot has no digits. */
static int read_fraction(rs_str_t text, int64_t *micros) {
    *micros = 0;
    if (text.len == 0 || text.data[0] != '.') return 0;
    int64_t scale = 100000;
    uint32_t at = 1;
    for (; at < text.len && is_digit(text.data[at]); at++) {
        *micros += (text.data[at] - '0') * scale;
        scale /= 10;
    }
    return at == 1 ? -1 : (int)at;
}

/* "Z" or "+01:30", the whole of text. */
static bool read_zone(rs_str_t text, int64_t *offset_s) {
    *offset_s = 0;
    if (text.len == 1) return (text.data[0] | 0x20) == 'z';
    unsigned hour = 0, minute = 0;
    if (text.len != 6 || (text.data[0] != '+' && text.data[0] != '-') || text.data[3] != ':') return false;
    if (!read_digits(text.data + 1, 2, &hour) || !read_digits(text.data + 4, 2, &minute)) return false;
    if (hour > 23 || minute > 59) return false;
    *offset_s = (int64_t)(hour * 3600 + minute * 60) * (text.data[0] == '-' ? -1 : 1);
    return true;
}

enum { DATE_TIME_LEN = 19 };

/* `text` is longer than DATE_TIME_LEN. */
static int parse_rfc3339(rs_str_t text, int64_t *at_us) {
    int64_t seconds, micros, offset_s;
    if (!read_date_time(text.data, &seconds)) return RS_ERR_PARSE;
    const rs_str_t rest = {text.data + DATE_TIME_LEN, text.len - DATE_TIME_LEN};
    const int fraction_len = read_fraction(rest, &micros);
    if (fraction_len < 0) return RS_ERR_PARSE;
    const rs_str_t zone = {rest.data + fraction_len, rest.len - (uint32_t)fraction_len};
    if (!read_zone(zone, &offset_s)) return RS_ERR_PARSE;
    *at_us = (seconds - offset_s) * RS_US_PER_S + micros;
    return RS_OK;
}

int rs_event_parse_time(rs_str_t text, int64_t *occurred_us) {
    int64_t at_us = -1;
    uint64_t number = 0;
    if (text.len > DATE_TIME_LEN && text.data[4] == '-') {
        if (parse_rfc3339(text, &at_us) != RS_OK) return RS_ERR_PARSE;
    } else if (rs__parse_decimal(text, &number) == RS_OK && number < (uint64_t)RS_TIME_MAX_US) {
        at_us = (int64_t)number;
    }
    if (at_us < 0 || at_us >= RS_TIME_MAX_US) return RS_ERR_PARSE;
    *occurred_us = at_us;
    return RS_OK;
}

static void write_digits(char *text, unsigned count, unsigned number) {
    for (unsigned i = count; i > 0; i--) {
        text[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
}

static void date_of_days(int64_t days, unsigned *year, unsigned *month, unsigned *day) {
    const int64_t shifted = days + 719468;   /* since 0000-03-01; >= -60 */
    const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    const int64_t day_of_era = shifted - era * 146097;
    const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (unsigned)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = (unsigned)(year_of_era + era * 400 + (*month <= 2));
}

#define FIRST_US INT64_C(-62167219200000000)   /* 0000-01-01T00:00:00Z */
#define LAST_US INT64_C(253402300799999999)    /* 9999-12-31T23:59:59.999999Z */

void rs_event_format_time(int64_t occurred_us, char text[32]) {
    const int64_t at_us = occurred_us < FIRST_US ? FIRST_US : occurred_us > LAST_US ? LAST_US : occurred_us;
    int64_t days = at_us / RS_US_PER_DAY;
    int64_t in_day = at_us % RS_US_PER_DAY;
    if (in_day < 0) {
        in_day += RS_US_PER_DAY;
        days--;
    }
    const unsigned seconds = (unsigned)(in_day / RS_US_PER_S);
    unsigned year, month, day;
    date_of_days(days, &year, &month, &day);
    memcpy(text, "0000-00-00T00:00:00.000000Z", 28);
    write_digits(text, 4, year);
    write_digits(text + 5, 2, month);
    write_digits(text + 8, 2, day);
    write_digits(text + 11, 2, seconds / 3600);
    write_digits(text + 14, 2, seconds / 60 % 60);
    write_digits(text + 17, 2, seconds % 60);
    write_digits(text + 20, 6, (unsigned)(in_day % RS_US_PER_S));
}
