#include "cli/row_print.h"

#include "cli/row_figures.h"
#include "cli/row_table.h"

#include <time.h>

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

void rs_row_format_start(const rs_row_printer_t *printer, int64_t at_us, char text[40]) { format_start(printer, at_us, text); }

static void put_dimensions(rs_form_t *form, const rs_row_printer_t *printer, const rs_row_t *row) {
    char start[40] = "";
    const bool cut = row->length_us != 0;   /* one row for all of time has no interval */
    const rs_str_t channel = rs_str(rs_channel_name(row->key.channel));
    if (cut) format_start(printer, row->start_us, start);
    rs_form_text(form, "interval_start", cut, rs_str(start));
    rs_form_integer(form, "interval_s", cut, row->length_us / RS_US_PER_S);
    rs_form_text(form, "tenant", true, row->key.tenant);
    switch (printer->by) {
        case RS_FAMILY_QUEUE:
            rs_form_text(form, "queue", row->key.name.len > 0, row->key.name);
            rs_form_text(form, "channel", channel.len > 0, channel);
            break;
        case RS_FAMILY_CHANNEL: rs_form_text(form, "channel", channel.len > 0, channel); break;
        case RS_FAMILY_AGENT: rs_form_text(form, "agent", row->key.name.len > 0, row->key.name); break;
        case RS_FAMILY_TEAM: rs_form_text(form, "team", row->key.name.len > 0, row->key.name); break;
        default: break;
    }
}

/* A replay has one version of a row: the last. CSV leaves these two out. */
static void put_version(rs_form_t *form) {
    if (form->kind != RS_FORM_JSON) return;
    rs_form_integer(form, "revision", true, 0);
    rs_form_bool(form, "final", true);
}

static void print_form(const rs_row_printer_t *printer, const rs_row_t *row, rs_form_kind_t kind) {
    rs_form_t form;
    rs_form_begin_line(&form, kind, printer->out);
    put_dimensions(&form, printer, row);
    rs_figures_put(&form, row);
    put_version(&form);
    rs_form_end_line(&form);
}

static void print_table(rs_row_printer_t *printer, const rs_row_t *row) {
    char start[40] = "all";
    if (row->length_us != 0) format_start(printer, row->start_us, start);
    if (!printer->head_printed) rs_row_table_head(printer->out, row);
    rs_row_table_line(printer->out, row, start);
}

void rs_row_print(rs_row_printer_t *printer, const rs_row_t *row) {
    switch (printer->output) {
        case RS_OUTPUT_NDJSON: print_form(printer, row, RS_FORM_JSON); break;
        case RS_OUTPUT_CSV:
            if (!printer->head_printed) print_form(printer, row, RS_FORM_CSV_HEAD);
            print_form(printer, row, RS_FORM_CSV_LINE);
            break;
        default: print_table(printer, row); break;
    }
    printer->head_printed = true;
}
