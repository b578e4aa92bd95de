#include "cli/row_print.h"

#include "core/metric.h"
#include "event/json.h"

#include <inttypes.h>
#include <time.h>

enum { LINE_BYTES = 16 * 1024 };

/* --- the figures of a row ----------------------------------------------------------------------------------------- */
static int64_t count_of(const rs_row_t *row, unsigned count) { return row->counts[count]; }
static int64_t to_ms(int64_t us) { return us / RS_US_PER_MS; }

static bool is_person(const rs_row_t *row) {
    return row->key.family == RS_FAMILY_AGENT || row->key.family == RS_FAMILY_TEAM;
}

static void format_start(const rs_row_printer_t *printer, int64_t at_us, char text[40]) {
    const int32_t offset_s = printer->zone == NULL ? 0 : rs_zone_offset_s(printer->zone, at_us);
    const time_t local = (time_t)(at_us / RS_US_PER_S + offset_s);
    struct tm parts;
    gmtime_r(&local, &parts);
    size_t len = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &parts);
    if (!printer->offset || printer->zone == NULL || strcmp(printer->zone->name, "UTC") == 0) {
        snprintf(text + len, 40 - len, "Z");
        return;
    }
    const int32_t size = offset_s < 0 ? -offset_s : offset_s;
    snprintf(text + len, 40 - len, "%c%02d:%02d", offset_s < 0 ? '-' : '+', size / 3600, size / 60 % 60);
}

/* A number that is null when the row's kind does not carry it, or when it rests on nothing. */
static void number_or_null(rs_json_t *json, const char *name, bool present, int64_t value) {
    if (present) rs_json_integer(json, name, value); else rs_json_null(json, name);
}

static void quotient_or_null(rs_json_t *json, const char *name, double numerator, double denominator) {
    if (denominator != 0) rs_json_number(json, name, numerator / denominator); else rs_json_null(json, name);
}

static int64_t percentile(const rs_row_t *row, unsigned histogram, unsigned least, unsigned greatest, uint32_t per_mille) {
    return rs_hist_percentile_ms(row->histograms[histogram], row->histogram_sizes[histogram], per_mille, row->extremes[least],
                                 row->extremes[greatest]);
}

static void put_percentile(rs_json_t *json, const char *name, const rs_row_t *row, bool abandoned, uint32_t per_mille) {
    const int64_t ms = abandoned
        ? percentile(row, RS_HIST_WAIT_ABANDONED, RS_EXTREME_ABANDONED_MIN, RS_EXTREME_ABANDONED_MAX, per_mille)
        : percentile(row, RS_HIST_WAIT_ANSWERED, RS_EXTREME_ANSWERED_MIN, RS_EXTREME_ANSWERED_MAX, per_mille);
    number_or_null(json, name, ms >= 0, ms);
}

/* --- NDJSON ------------------------------------------------------------------------------------------------------- */
static void put_dimensions(rs_json_t *json, const rs_row_printer_t *printer, const rs_row_t *row) {
    char start[40];
    if (row->length_us == 0) {
        rs_json_null(json, "interval_start");
        rs_json_null(json, "interval_s");
    } else {
        format_start(printer, row->start_us, start);
        rs_json_string(json, "interval_start", rs_str(start));
        rs_json_integer(json, "interval_s", row->length_us / RS_US_PER_S);
    }
    rs_json_string(json, "tenant", row->key.tenant);
    switch (row->key.family) {
        case RS_FAMILY_QUEUE:
            rs_json_string_or_null(json, "queue", row->key.name);
            rs_json_string_or_null(json, "channel", rs_str(rs_channel_name(row->key.channel)));
            break;
        case RS_FAMILY_CHANNEL: rs_json_string_or_null(json, "channel", rs_str(rs_channel_name(row->key.channel))); break;
        case RS_FAMILY_AGENT: rs_json_string_or_null(json, "agent", row->key.name); break;
        case RS_FAMILY_TEAM: rs_json_string_or_null(json, "team", row->key.name); break;
        default: break;
    }
}

static void put_service_level(rs_json_t *json, const rs_row_t *row) {
    if (is_person(row)) {
        rs_json_null(json, "service_level");
        return;
    }
    rs_json_begin(json, "service_level");
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (row->policies[slot] == NULL) continue;
        const int64_t numerator = count_of(row, RS_COUNT_SL_NUM_0 + slot), denominator = count_of(row, RS_COUNT_SL_DEN_0 + slot);
        rs_json_begin(json, row->policies[slot]->name);
        quotient_or_null(json, "value", (double)numerator, (double)denominator);
        rs_json_integer(json, "numerator", numerator);
        rs_json_integer(json, "denominator", denominator);
        rs_json_end(json);
    }
    rs_json_end(json);
}

static void put_waits(rs_json_t *json, const rs_row_t *row) {
    const bool whole = !is_person(row);
    const double answered = (double)count_of(row, RS_COUNT_ANSWERED), abandoned = (double)count_of(row, RS_COUNT_ABANDONED);
    const int64_t max_us = row->extremes[RS_EXTREME_WAIT_MAX];
    rs_json_begin(json, "wait_ms");
    rs_json_integer(json, "answered_sum", to_ms(count_of(row, RS_COUNT_WAIT_ANSWERED_US)));
    number_or_null(json, "abandoned_sum", whole, to_ms(count_of(row, RS_COUNT_WAIT_ABANDONED_US)));
    number_or_null(json, "max", max_us >= 0, to_ms(max_us));
    quotient_or_null(json, "asa", (double)count_of(row, RS_COUNT_WAIT_ANSWERED_US), 1000.0 * answered);
    put_percentile(json, "p50", row, false, 500);
    put_percentile(json, "p80", row, false, 800);
    put_percentile(json, "p90", row, false, 900);
    put_percentile(json, "p95", row, false, 950);
    put_percentile(json, "p99", row, false, 990);
    rs_json_end(json);
    if (!whole) {
        rs_json_null(json, "abandon_wait_ms");
        return;
    }
    const int64_t abandoned_max_us = row->extremes[RS_EXTREME_ABANDONED_MAX];
    rs_json_begin(json, "abandon_wait_ms");
    quotient_or_null(json, "mean", (double)count_of(row, RS_COUNT_WAIT_ABANDONED_US), 1000.0 * abandoned);
    put_percentile(json, "p50", row, true, 500);
    put_percentile(json, "p90", row, true, 900);
    put_percentile(json, "p95", row, true, 950);
    put_percentile(json, "p99", row, true, 990);
    number_or_null(json, "max", abandoned_max_us >= 0, to_ms(abandoned_max_us));
    rs_json_end(json);
}

static const struct { const char *name; unsigned count; } flow_reasons[] = {
    {"other", RS_COUNT_FLOW_OTHER}, {"timeout", RS_COUNT_FLOW_TIMEOUT}, {"exit_key", RS_COUNT_FLOW_EXIT_KEY},
    {"no_agents", RS_COUNT_FLOW_NO_AGENTS}, {"overflow", RS_COUNT_FLOW_OVERFLOW}, {"withdrawn", RS_COUNT_FLOW_WITHDRAWN},
    {"voicemail", RS_COUNT_FLOW_VOICEMAIL}, {"error", RS_COUNT_FLOW_ERROR}, {"requeued", RS_COUNT_FLOW_REQUEUED},
    {"lost", RS_COUNT_FLOW_LOST}};

/* Reasons that occurred; those that did not are not named. */
static void put_flow_reasons(rs_json_t *json, const rs_row_t *row) {
    if (is_person(row)) {
        rs_json_null(json, "flowed_out_by_reason");
        return;
    }
    rs_json_begin(json, "flowed_out_by_reason");
    for (size_t i = 0; i < RS_ARRAY_LEN(flow_reasons); i++) {
        const int64_t value = count_of(row, flow_reasons[i].count);
        if (value != 0) rs_json_integer(json, flow_reasons[i].name, value);
    }
    rs_json_end(json);
}

static void put_handling(rs_json_t *json, const rs_row_t *row) {
    const int64_t talk_us = count_of(row, RS_COUNT_TALK_US), hold_us = count_of(row, RS_COUNT_HOLD_US),
                  wrap_us = count_of(row, RS_COUNT_WRAP_US), handled = count_of(row, RS_COUNT_HANDLED);
    rs_json_integer(json, "handled", handled);
    rs_json_integer(json, "handled_short", count_of(row, RS_COUNT_HANDLED_SHORT));
    put_flow_reasons(json, row);
    rs_json_integer(json, "talk_ms_sum", to_ms(talk_us));
    rs_json_integer(json, "hold_ms_sum", to_ms(hold_us));
    rs_json_integer(json, "wrap_ms_sum", to_ms(wrap_us));
    quotient_or_null(json, "aht_ms", (double)(talk_us + hold_us + wrap_us), 1000.0 * (double)handled);
    rs_json_integer(json, "transferred_in", count_of(row, RS_COUNT_TRANSFERRED_IN));
    rs_json_integer(json, "transferred_out", count_of(row, RS_COUNT_TRANSFERRED_OUT));
    rs_json_integer(json, "offers", count_of(row, RS_COUNT_OFFERS));
    rs_json_integer(json, "offers_failed", count_of(row, RS_COUNT_OFFERS_FAILED));
}

/* First-contact resolution; net: without topics that cannot be resolved at once (fcr.never). */
static const char *resolution_state(const rs_row_t *row) {
    const int64_t eligible = count_of(row, RS_COUNT_FCR_ELIGIBLE);
    if (eligible == 0) return NULL;
    return count_of(row, RS_COUNT_FCR_MATURED) == eligible ? "matured" : "provisional";
}
static int64_t net_eligible(const rs_row_t *row) { return count_of(row, RS_COUNT_FCR_ELIGIBLE) - count_of(row, RS_COUNT_FCR_NEVER); }
static int64_t net_unresolved(const rs_row_t *row) {
    return count_of(row, RS_COUNT_FCR_UNRESOLVED) - count_of(row, RS_COUNT_FCR_NEVER_UNRESOLVED);
}

static void put_resolution(rs_json_t *json, const rs_row_t *row) {
    const int64_t eligible = count_of(row, RS_COUNT_FCR_ELIGIBLE), unresolved = count_of(row, RS_COUNT_FCR_UNRESOLVED);
    const char *state = resolution_state(row);
    rs_json_begin(json, "fcr");
    rs_json_integer(json, "eligible", eligible);
    rs_json_integer(json, "repeated", count_of(row, RS_COUNT_FCR_REPEATED));
    rs_json_integer(json, "flagged_unresolved", count_of(row, RS_COUNT_FCR_FLAGGED_UNRESOLVED));
    rs_json_integer(json, "unresolved", unresolved);
    quotient_or_null(json, "value", (double)(eligible - unresolved), (double)eligible);
    rs_json_string_or_null(json, "state", rs_str(state == NULL ? "" : state));
    rs_json_begin(json, "net");
    rs_json_integer(json, "eligible", net_eligible(row));
    rs_json_integer(json, "unresolved", net_unresolved(row));
    quotient_or_null(json, "value", (double)(net_eligible(row) - net_unresolved(row)), (double)net_eligible(row));
    rs_json_end(json);
    rs_json_end(json);
}

static void print_ndjson(rs_row_printer_t *printer, const rs_row_t *row) {
    char line[LINE_BYTES];
    rs_json_t json;
    const bool whole = !is_person(row);
    rs_json_init(&json, line, sizeof line);
    rs_json_begin(&json, NULL);
    put_dimensions(&json, printer, row);
    number_or_null(&json, "offered", whole, count_of(row, RS_COUNT_OFFERED));
    rs_json_integer(&json, "answered", count_of(row, RS_COUNT_ANSWERED));
    number_or_null(&json, "abandoned", whole, count_of(row, RS_COUNT_ABANDONED));
    number_or_null(&json, "abandoned_short", whole, count_of(row, RS_COUNT_ABANDONED_SHORT));
    number_or_null(&json, "flowed_out", whole, count_of(row, RS_COUNT_FLOWED_OUT));
    number_or_null(&json, "callbacks", whole, count_of(row, RS_COUNT_CALLBACKS));
    number_or_null(&json, "blocked", whole, count_of(row, RS_COUNT_BLOCKED));
    number_or_null(&json, "abandoned_before_queue", whole, count_of(row, RS_COUNT_ABANDONED_BEFORE_QUEUE));
    number_or_null(&json, "still_open", whole, row->still_open);
    number_or_null(&json, "threshold_ms", whole && row->threshold_us >= 0, to_ms(row->threshold_us));
    rs_json_integer(&json, "answered_in_t", count_of(row, RS_COUNT_ANSWERED_IN_T));
    number_or_null(&json, "abandoned_in_t", whole, count_of(row, RS_COUNT_ABANDONED_IN_T));
    put_service_level(&json, row);
    put_waits(&json, row);
    put_handling(&json, row);
    put_resolution(&json, row);
    rs_json_null(&json, "csat");
    rs_json_null(&json, "nps");
    rs_json_integer(&json, "revision", 0);
    rs_json_bool(&json, "final", true);
    rs_json_end(&json);
    RS_REQUIRE(!json.overflow);
    fwrite(line, 1, json.len, printer->out);
    fputc('\n', printer->out);
}

/* --- CSV: the NDJSON members, nested ones joined with a dot --------------------------------------------------------- */
static void csv_text(FILE *out, rs_str_t text) {
    fputc(',', out);
    bool quote = false;
    for (uint32_t i = 0; i < text.len; i++) quote = quote || strchr(",\"\r\n", text.data[i]) != NULL;
    if (!quote) {
        fwrite(text.data, 1, text.len, out);
        return;
    }
    fputc('"', out);
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"') fputc('"', out);
        fputc(text.data[i], out);
    }
    fputc('"', out);
}

static void csv_number(FILE *out, bool present, int64_t value) {
    fputc(',', out);
    if (present) fprintf(out, "%" PRId64, value);
}

static void csv_quotient(FILE *out, double numerator, double denominator) {
    fputc(',', out);
    if (denominator != 0) fprintf(out, "%.15g", numerator / denominator);
}

static void csv_resolution(FILE *out, const rs_row_t *row) {
    const int64_t eligible = count_of(row, RS_COUNT_FCR_ELIGIBLE), unresolved = count_of(row, RS_COUNT_FCR_UNRESOLVED);
    const char *state = resolution_state(row);
    csv_number(out, true, eligible);
    csv_number(out, true, count_of(row, RS_COUNT_FCR_REPEATED));
    csv_number(out, true, count_of(row, RS_COUNT_FCR_FLAGGED_UNRESOLVED));
    csv_number(out, true, unresolved);
    csv_quotient(out, (double)(eligible - unresolved), (double)eligible);
    csv_text(out, rs_str(state == NULL ? "" : state));
    csv_number(out, true, net_eligible(row));
    csv_number(out, true, net_unresolved(row));
    csv_quotient(out, (double)(net_eligible(row) - net_unresolved(row)), (double)net_eligible(row));
}

static void print_csv_head(const rs_row_printer_t *printer, const rs_row_t *row) {
    static const char *const dimensions[RS_FAMILY_COUNT] = {",queue,channel", ",channel", "", ",agent", ",team"};
    fprintf(printer->out, "interval_start,interval_s,tenant%s,offered,answered,abandoned,abandoned_short,flowed_out,callbacks,"
            "blocked,abandoned_before_queue,still_open,threshold_ms,answered_in_t,abandoned_in_t", dimensions[printer->by]);
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (row->policies[slot] == NULL) continue;
        const char *name = row->policies[slot]->name;
        fprintf(printer->out, ",service_level.%s.value,service_level.%s.numerator,service_level.%s.denominator", name, name, name);
    }
    fputs(",wait_ms.answered_sum,wait_ms.abandoned_sum,wait_ms.max,wait_ms.asa,wait_ms.p50,wait_ms.p80,wait_ms.p90,wait_ms.p95,"
          "wait_ms.p99,abandon_wait_ms.mean,abandon_wait_ms.p50,abandon_wait_ms.p90,abandon_wait_ms.p95,abandon_wait_ms.p99,"
          "abandon_wait_ms.max,handled,handled_short", printer->out);
    for (size_t i = 0; i < RS_ARRAY_LEN(flow_reasons); i++) fprintf(printer->out, ",flowed_out_by_reason.%s", flow_reasons[i].name);
    fputs(",talk_ms_sum,hold_ms_sum,wrap_ms_sum,aht_ms,transferred_in,transferred_out,offers,offers_failed,"
          "fcr.eligible,fcr.repeated,fcr.flagged_unresolved,fcr.unresolved,fcr.value,fcr.state,fcr.net.eligible,fcr.net.unresolved,"
          "fcr.net.value\n", printer->out);
}

static void print_csv(rs_row_printer_t *printer, const rs_row_t *row) {
    static const uint32_t wait_percentiles[] = {500, 800, 900, 950, 990}, abandon_percentiles[] = {500, 900, 950, 990};
    FILE *out = printer->out;
    const bool whole = !is_person(row);
    char start[40] = "";
    if (!printer->head_printed) print_csv_head(printer, row);
    printer->head_printed = true;
    if (row->length_us != 0) format_start(printer, row->start_us, start);
    fputs(start, out);
    csv_number(out, row->length_us != 0, row->length_us / RS_US_PER_S);
    csv_text(out, row->key.tenant);
    if (printer->by == RS_FAMILY_QUEUE || printer->by == RS_FAMILY_AGENT || printer->by == RS_FAMILY_TEAM) csv_text(out, row->key.name);
    if (printer->by == RS_FAMILY_QUEUE || printer->by == RS_FAMILY_CHANNEL) csv_text(out, rs_str(rs_channel_name(row->key.channel)));
    csv_number(out, whole, count_of(row, RS_COUNT_OFFERED));
    csv_number(out, true, count_of(row, RS_COUNT_ANSWERED));
    static const unsigned counts[] = {RS_COUNT_ABANDONED, RS_COUNT_ABANDONED_SHORT, RS_COUNT_FLOWED_OUT, RS_COUNT_CALLBACKS,
                                      RS_COUNT_BLOCKED, RS_COUNT_ABANDONED_BEFORE_QUEUE};
    for (size_t i = 0; i < RS_ARRAY_LEN(counts); i++) csv_number(out, whole, count_of(row, counts[i]));
    csv_number(out, whole, row->still_open);
    csv_number(out, whole && row->threshold_us >= 0, to_ms(row->threshold_us));
    csv_number(out, true, count_of(row, RS_COUNT_ANSWERED_IN_T));
    csv_number(out, whole, count_of(row, RS_COUNT_ABANDONED_IN_T));
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (row->policies[slot] == NULL) continue;
        const int64_t numerator = count_of(row, RS_COUNT_SL_NUM_0 + slot), denominator = count_of(row, RS_COUNT_SL_DEN_0 + slot);
        csv_quotient(out, (double)numerator, whole ? (double)denominator : 0);
        csv_number(out, whole, numerator);
        csv_number(out, whole, denominator);
    }
    csv_number(out, true, to_ms(count_of(row, RS_COUNT_WAIT_ANSWERED_US)));
    csv_number(out, whole, to_ms(count_of(row, RS_COUNT_WAIT_ABANDONED_US)));
    csv_number(out, row->extremes[RS_EXTREME_WAIT_MAX] >= 0, to_ms(row->extremes[RS_EXTREME_WAIT_MAX]));
    csv_quotient(out, (double)count_of(row, RS_COUNT_WAIT_ANSWERED_US), 1000.0 * (double)count_of(row, RS_COUNT_ANSWERED));
    for (size_t i = 0; i < RS_ARRAY_LEN(wait_percentiles); i++) {
        const int64_t ms = percentile(row, RS_HIST_WAIT_ANSWERED, RS_EXTREME_ANSWERED_MIN, RS_EXTREME_ANSWERED_MAX, wait_percentiles[i]);
        csv_number(out, ms >= 0, ms);
    }
    csv_quotient(out, (double)count_of(row, RS_COUNT_WAIT_ABANDONED_US), whole ? 1000.0 * (double)count_of(row, RS_COUNT_ABANDONED) : 0);
    for (size_t i = 0; i < RS_ARRAY_LEN(abandon_percentiles); i++) {
        const int64_t ms = percentile(row, RS_HIST_WAIT_ABANDONED, RS_EXTREME_ABANDONED_MIN, RS_EXTREME_ABANDONED_MAX, abandon_percentiles[i]);
        csv_number(out, whole && ms >= 0, ms);
    }
    csv_number(out, whole && row->extremes[RS_EXTREME_ABANDONED_MAX] >= 0, to_ms(row->extremes[RS_EXTREME_ABANDONED_MAX]));
    csv_number(out, true, count_of(row, RS_COUNT_HANDLED));
    csv_number(out, true, count_of(row, RS_COUNT_HANDLED_SHORT));
    for (size_t i = 0; i < RS_ARRAY_LEN(flow_reasons); i++) csv_number(out, whole, count_of(row, flow_reasons[i].count));
    const int64_t talk_us = count_of(row, RS_COUNT_TALK_US), hold_us = count_of(row, RS_COUNT_HOLD_US), wrap_us = count_of(row, RS_COUNT_WRAP_US);
    csv_number(out, true, to_ms(talk_us));
    csv_number(out, true, to_ms(hold_us));
    csv_number(out, true, to_ms(wrap_us));
    csv_quotient(out, (double)(talk_us + hold_us + wrap_us), 1000.0 * (double)count_of(row, RS_COUNT_HANDLED));
    static const unsigned last[] = {RS_COUNT_TRANSFERRED_IN, RS_COUNT_TRANSFERRED_OUT, RS_COUNT_OFFERS, RS_COUNT_OFFERS_FAILED};
    for (size_t i = 0; i < RS_ARRAY_LEN(last); i++) csv_number(out, true, count_of(row, last[i]));
    csv_resolution(out, row);
    fputc('\n', out);
}

/* --- the table ------------------------------------------------------------------------------------------------------ */
static void table_cell_seconds(FILE *out, bool present, double ms) {
    if (present) fprintf(out, " %8.1f", ms / 1000.0); else fprintf(out, " %8s", "-");
}

static void print_table_head(const rs_row_printer_t *printer, const rs_row_t *row) {
    fprintf(printer->out, "%-20s %-20s %8s %8s %8s %8s %8s", "interval", "key", "offered", "answered", "abandon", "flowed", "open");
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (row->policies[slot] != NULL) fprintf(printer->out, " %24.24s", row->policies[slot]->name);
    }
    fprintf(printer->out, " %8s %8s %8s %8s\n", "ASA s", "p90 s", "max s", "AHT s");
}

static void print_table(rs_row_printer_t *printer, const rs_row_t *row) {
    FILE *out = printer->out;
    char start[40] = "all", key[RS_MAX_NAME + 32];
    if (!printer->head_printed) print_table_head(printer, row);
    printer->head_printed = true;
    if (row->length_us != 0) format_start(printer, row->start_us, start);
    const char *channel = rs_channel_name(row->key.channel);
    if (row->key.family == RS_FAMILY_TOTAL) snprintf(key, sizeof key, "%.*s", (int)row->key.tenant.len, row->key.tenant.data);
    else if (row->key.family == RS_FAMILY_CHANNEL) snprintf(key, sizeof key, "%s", channel);
    else if (row->key.name.len == 0) snprintf(key, sizeof key, "(no queue)");
    else snprintf(key, sizeof key, "%.*s", (int)row->key.name.len, row->key.name.data);
    if (row->key.family == RS_FAMILY_QUEUE && row->key.channel != RS_CHANNEL_VOICE) {
        const size_t len = strlen(key);
        snprintf(key + len, sizeof key - len, " %s", channel);
    }
    fprintf(out, "%-20s %-20s %8" PRId64 " %8" PRId64 " %8" PRId64 " %8" PRId64 " %8" PRId64, start, key,
            count_of(row, RS_COUNT_OFFERED), count_of(row, RS_COUNT_ANSWERED), count_of(row, RS_COUNT_ABANDONED),
            count_of(row, RS_COUNT_FLOWED_OUT), row->still_open);
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (row->policies[slot] == NULL) continue;
        const int64_t numerator = count_of(row, RS_COUNT_SL_NUM_0 + slot), denominator = count_of(row, RS_COUNT_SL_DEN_0 + slot);
        if (denominator == 0) fprintf(out, " %24s", "-");
        else fprintf(out, " %10.1f %% (%5" PRId64 "/%5" PRId64 ")", 100.0 * (double)numerator / (double)denominator, numerator, denominator);
    }
    const int64_t answered = count_of(row, RS_COUNT_ANSWERED), handled = count_of(row, RS_COUNT_HANDLED);
    const int64_t p90 = percentile(row, RS_HIST_WAIT_ANSWERED, RS_EXTREME_ANSWERED_MIN, RS_EXTREME_ANSWERED_MAX, 900);
    const int64_t handle_us = count_of(row, RS_COUNT_TALK_US) + count_of(row, RS_COUNT_HOLD_US) + count_of(row, RS_COUNT_WRAP_US);
    table_cell_seconds(out, answered != 0, answered == 0 ? 0 : (double)count_of(row, RS_COUNT_WAIT_ANSWERED_US) / 1000.0 / (double)answered);
    table_cell_seconds(out, p90 >= 0, (double)p90);
    table_cell_seconds(out, row->extremes[RS_EXTREME_WAIT_MAX] >= 0, (double)row->extremes[RS_EXTREME_WAIT_MAX] / 1000.0);
    table_cell_seconds(out, handled != 0, handled == 0 ? 0 : (double)handle_us / 1000.0 / (double)handled);
    fputc('\n', out);
}

void rs_row_print(rs_row_printer_t *printer, const rs_row_t *row) {
    switch (printer->output) {
        case RS_OUTPUT_NDJSON: print_ndjson(printer, row); break;
        case RS_OUTPUT_CSV: print_csv(printer, row); break;
        default: print_table(printer, row); break;
    }
}
