#include "store/partitions.h"

/* Days since 1970 to months since 1970, by eras of 400 years that begin in March (proleptic Gregorian calendar). */
uint32_t rs__month_of(int64_t at_us) {
    if (at_us < 0) return 0;
    const int64_t days = at_us / RS_US_PER_DAY + 719468;
    const int64_t era = days / 146097, day = days % 146097;
    const int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    const int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    const int64_t march_month = (5 * day_of_year + 2) / 153;
    const int64_t month = march_month < 10 ? march_month + 2 : march_month - 10;   /* 0 = January */
    const int64_t months = (year + era * 400 + (month < 2 ? 1 : 0) - 1970) * 12 + month;
    return months < RS__MONTHS ? (uint32_t)months : RS__MONTHS - 1;
}

static bool is_known(const rs__months_t *months, uint32_t month) { return (months->known[month / 64] >> month % 64 & 1) != 0; }
static void set_known(rs__months_t *months, uint32_t month) { months->known[month / 64] |= UINT64_C(1) << month % 64; }

static int64_t start_of(const rs_row_batch_t *batch, uint32_t i) {
    const uint32_t rows = rs_row_batch_count(batch);
    return i < rows ? rs_row_batch_at(batch, i)->start_us : rs_row_batch_edge_at(batch, i - rows)->start_us;
}

typedef struct search {
    rs__months_t seen;
    uint32_t *missing, count;
    int64_t last_us;
} search_t;

/* Moments of one month come together, so most of the time the one before answers. */
static void look(search_t *search, int64_t at_us) {
    if (at_us == search->last_us || search->count == RS__MONTHS_AT_ONCE) return;
    search->last_us = at_us;
    const uint32_t month = rs__month_of(at_us);
    if (is_known(&search->seen, month)) return;
    set_known(&search->seen, month);
    search->missing[search->count++] = month;
}

/* Of a contact: its beginning, and where its legs, handlings and moments stand. */
static void look_at_contact(search_t *search, const rs_contact_row_t *contact) {
    look(search, contact->begun_us);
    for (uint32_t i = 0; i < contact->fact_count; i++) {
        const rs_told_fact_t *fact = &contact->facts[i];
        look(search, fact->at_us);
        if (fact->type == RS_FACT_LEG_CLOSED) look(search, fact->enter_us);
        if (fact->type == RS_FACT_HANDLED) look(search, fact->begin_us);
    }
}

static uint32_t find_missing(const rs__months_t *months, const rs_row_batch_t *batch, uint32_t missing[RS__MONTHS_AT_ONCE]) {
    search_t search = {.seen = *months, .missing = missing, .last_us = -1};
    const uint32_t all = rs_row_batch_count(batch) + rs_row_batch_edge_count(batch), contacts = rs_row_batch_contact_count(batch);
    for (uint32_t i = 0; i < all && search.count < RS__MONTHS_AT_ONCE; i++) look(&search, start_of(batch, i));
    for (uint32_t i = 0; i < contacts && search.count < RS__MONTHS_AT_ONCE; i++) {
        look_at_contact(&search, rs_row_batch_contact_at(batch, i));
    }
    return search.count;
}

bool rs__months_print_missing(const rs__months_t *months, const rs_row_batch_t *batch, rs__buffer_t *sql) {
    uint32_t missing[RS__MONTHS_AT_ONCE];
    const uint32_t count = find_missing(months, batch, missing);
    for (uint32_t i = 0; i < count; i++)
        rs__buffer_print(sql, "SELECT ringside.ensure_partitions('%04u-%02u-01 00:00Z', '%04u-%02u-02 00:00Z');", 1970 + missing[i] / 12,
                         missing[i] % 12 + 1, 1970 + missing[i] / 12, missing[i] % 12 + 1);
    return count > 0;
}

void rs__months_made(rs__months_t *months, const rs_row_batch_t *batch) {
    uint32_t missing[RS__MONTHS_AT_ONCE];
    const uint32_t count = find_missing(months, batch, missing);
    for (uint32_t i = 0; i < count; i++) set_known(months, missing[i]);
}
