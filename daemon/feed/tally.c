#include "feed/tally.h"

#include <stdio.h>

static rs_post_tally_row_t *find(rs_post_tally_t *tally, rs_str_t rule, uint8_t severity) {
    for (uint32_t i = 0; i < tally->count; i++) {
        rs_post_tally_row_t *row = &tally->rows[i];
        if (row->severity == severity && rs_str_equal(rs_str(row->rule), rule)) return row;
    }
    return NULL;
}

static rs_post_tally_row_t *row_of(rs_post_tally_t *tally, rs_str_t rule, uint8_t severity) {
    rs_post_tally_row_t *row = find(tally, rule, severity);

    if (row == NULL && tally->count >= RS_TALLY_ROWS) {
        rule = RS_STR("");
        row = find(tally, rule, severity);
    }
    if (row != NULL) return row;
    row = &tally->rows[tally->count++];
    *row = (rs_post_tally_row_t){.severity = severity};
    (void)snprintf(row->rule, sizeof(row->rule), "%.*s", (int)rule.len, rule.len == 0 ? "" : rule.data);
    return row;
}

void rs_post_tally_add(rs_post_tally_t *tally, const rs_notice_t *notice, rs_post_tally_what_t what) {
    const uint8_t severity =
        notice->transition.severity > RS_SEVERITY_CRITICAL ? RS_SEVERITY_CRITICAL : notice->transition.severity;

    row_of(tally, notice->transition.rule_name, severity)->counts[what]++;
    tally->totals[what]++;
}

void rs_post_tally_merge(rs_post_tally_t *tally, const rs_post_tally_t *other) {
    for (uint32_t i = 0; i < other->count; i++) {
        rs_post_tally_row_t *row = row_of(tally, rs_str(other->rows[i].rule), other->rows[i].severity);
        for (unsigned what = 0; what < RS_TALLY_WHAT_COUNT; what++) row->counts[what] += other->rows[i].counts[what];
    }
    for (unsigned what = 0; what < RS_TALLY_WHAT_COUNT; what++) tally->totals[what] += other->totals[what];
}

/* Rows that come to nothing are left out, so that their places can be used again. */
static void tidy(rs_post_tally_t *tally) {
    uint32_t kept = 0;

    for (uint32_t i = 0; i < tally->count; i++) {
        uint64_t sum = 0;
        for (unsigned what = 0; what < RS_TALLY_WHAT_COUNT; what++) sum += tally->rows[i].counts[what];
        if (sum > 0) tally->rows[kept++] = tally->rows[i];
    }
    tally->count = kept;
}

void rs_post_tally_subtract(rs_post_tally_t *tally, const rs_post_tally_t *other) {
    for (uint32_t i = 0; i < other->count; i++) {
        rs_post_tally_row_t *row = row_of(tally, rs_str(other->rows[i].rule), other->rows[i].severity);
        for (unsigned what = 0; what < RS_TALLY_WHAT_COUNT; what++) row->counts[what] -= other->rows[i].counts[what];
    }
    for (unsigned what = 0; what < RS_TALLY_WHAT_COUNT; what++) tally->totals[what] -= other->totals[what];
    tidy(tally);
}
