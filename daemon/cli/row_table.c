#include "cli/row_table.h"

#include "cli/row_figures.h"
#include "core/figure.h"

#include <inttypes.h>

static void put_count(FILE *out, int64_t count) { fprintf(out, " %8" PRId64, count); }

static void put_seconds(FILE *out, bool present, double ms) {
    if (present) fprintf(out, " %8.1f", ms / 1000.0); else fprintf(out, " %8s", "-");
}

static void put_mean(FILE *out, int64_t sum_us, int64_t count) {
    put_seconds(out, count != 0, count == 0 ? 0 : (double)sum_us / 1000.0 / (double)count);
}

static void put_share(FILE *out, int64_t numerator, int64_t denominator) {
    if (denominator == 0) fprintf(out, " %8s", "-");
    else fprintf(out, " %6.1f %%", 100.0 * (double)numerator / (double)denominator);
}

static void put_occupancy(FILE *out, const int64_t *counts) {
    double occupancy;
    if (rs_figure_occupancy_on_contact(counts, &occupancy)) fprintf(out, " %6.1f %%", 100.0 * occupancy);
    else fprintf(out, " %8s", "-");
}

/* Of the eligible journeys, those that nothing says was unresolved; with a ~ while somebody may still come back. */
static void put_fcr(FILE *out, const rs_row_t *row) {
    const int64_t eligible = row->counts[RS_COUNT_FCR_ELIGIBLE], resolved = eligible - row->counts[RS_COUNT_FCR_UNRESOLVED];
    if (eligible == 0 || row->counts[RS_COUNT_FCR_MATURED] == eligible) {
        put_share(out, resolved, eligible);
        return;
    }
    char text[32];
    snprintf(text, sizeof text, "~%.1f %%", 100.0 * (double)resolved / (double)eligible);
    fprintf(out, " %8s", text);
}

void rs_row_table_head(FILE *out, const rs_row_t *row) {
    fprintf(out, "%-20s %-20s", "interval", "key");
    if (rs_row_is_person(row)) {
        fprintf(out, " %8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "answered", "handled", "short", "AHT s", "hold s", "transfer", "missed",
                "occupied", "FCR");
        return;
    }
    fprintf(out, " %8s %8s %8s %8s %8s", "offered", "answered", "abandon", "flowed", "open");
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (row->policies[slot] != NULL) fprintf(out, " %24.24s", row->policies[slot]->name);
    }
    fprintf(out, " %8s %8s %8s %8s %8s\n", "ASA s", "p90 s", "max s", "AHT s", "FCR");
}

static void put_key(FILE *out, const rs_row_t *row) {
    char key[RS_MAX_NAME + 32];
    const char *channel = rs_channel_name(row->key.channel);
    if (row->key.family == RS_FAMILY_TOTAL) snprintf(key, sizeof key, "%.*s", (int)row->key.tenant.len, row->key.tenant.data);
    else if (row->key.family == RS_FAMILY_CHANNEL) snprintf(key, sizeof key, "%s", channel);
    else if (row->key.name.len == 0) snprintf(key, sizeof key, "(no queue)");
    else snprintf(key, sizeof key, "%.*s", (int)row->key.name.len, row->key.name.data);
    if (row->key.family == RS_FAMILY_QUEUE && row->key.channel != RS_CHANNEL_VOICE) {
        const size_t len = strlen(key);
        snprintf(key + len, sizeof key - len, " %s", channel);
    }
    fprintf(out, "%-20s", key);
}

static void put_person(FILE *out, const rs_row_t *row) {
    const int64_t *counts = row->counts, handled = counts[RS_COUNT_HANDLED];
    const int64_t busy_us = counts[RS_COUNT_TALK_US] + counts[RS_COUNT_HOLD_US] + counts[RS_COUNT_WRAP_US];
    put_count(out, counts[RS_COUNT_ANSWERED]);
    put_count(out, handled);
    put_share(out, counts[RS_COUNT_HANDLED_SHORT], handled);
    put_mean(out, busy_us, handled);
    put_mean(out, counts[RS_COUNT_HOLD_US], handled);
    put_count(out, counts[RS_COUNT_TRANSFERRED_OUT]);
    put_count(out, counts[RS_COUNT_OFFERS_FAILED]);
    put_occupancy(out, counts);
    put_fcr(out, row);
}

static void put_legs(FILE *out, const rs_row_t *row) {
    const int64_t *counts = row->counts;
    put_count(out, counts[RS_COUNT_OFFERED]);
    put_count(out, counts[RS_COUNT_ANSWERED]);
    put_count(out, counts[RS_COUNT_ABANDONED]);
    put_count(out, counts[RS_COUNT_FLOWED_OUT]);
    put_count(out, row->still_open);
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (row->policies[slot] == NULL) continue;
        const int64_t numerator = counts[RS_COUNT_SL_NUM_0 + slot], denominator = counts[RS_COUNT_SL_DEN_0 + slot];
        if (denominator == 0) fprintf(out, " %24s", "-");
        else {
            fprintf(out, " %10.1f %% (%5" PRId64 "/%5" PRId64 ")", 100.0 * (double)numerator / (double)denominator, numerator, denominator);
        }
    }
    const int64_t p90_ms = rs_figure_wait_ms(row, false, 900), max_us = row->extremes[RS_EXTREME_WAIT_MAX];
    put_mean(out, counts[RS_COUNT_WAIT_ANSWERED_US], counts[RS_COUNT_ANSWERED]);
    put_seconds(out, p90_ms >= 0, (double)p90_ms);
    put_seconds(out, max_us >= 0, (double)max_us / 1000.0);
    put_mean(out, counts[RS_COUNT_TALK_US] + counts[RS_COUNT_HOLD_US] + counts[RS_COUNT_WRAP_US], counts[RS_COUNT_HANDLED]);
    put_fcr(out, row);
}

void rs_row_table_line(FILE *out, const rs_row_t *row, const char *start) {
    fprintf(out, "%-20s ", start);
    put_key(out, row);
    if (rs_row_is_person(row)) put_person(out, row); else put_legs(out, row);
    fputc('\n', out);
}
