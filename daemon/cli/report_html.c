/* A report as one page that needs nothing else: no script, charts as SVG; for a browser, a mail, a printer. */
#include "cli/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char style[] =
    "body{font:15px/1.45 Helvetica,Arial,sans-serif;color:#222;max-width:1100px;margin:2em auto;padding:0 1em}"
    "h1{font-size:1.6em;margin:0 0 .2em}.period{color:#555;margin:0 0 1.2em}.summary{font-size:1.15em;margin:0 0 1.2em}figure{margin:0 0 "
    "1.4em}figcaption{color:#555;font-size:13px}figure "
    "svg{max-width:100%;height:auto}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}"
    "th,td{padding:.3em .7em;text-align:left;vertical-align:top;border-bottom:1px solid #e2e2e2}th{border-bottom:2px "
    "solid #999}"
    "td.n,th.n{text-align:right}td.n{white-space:nowrap}tr.good td{background:#eaf3e6}tr.bad td{background:#f9e9e5}"
    ".warnings{background:#fff6df;border-left:4px solid #d39b1e;padding:.6em 1em;margin:0 0 "
    "1.4em}dl{font-size:13px;columns:2}"
    "dt{font-weight:bold;break-after:avoid}dd{margin:0 0 .4em 0}footer{color:#666;font-size:12px;margin-top:2em}"
    "@media(max-width:700px){.chart{overflow-x:auto}figure svg{min-width:680px}dl{columns:1}}"
    "@page{size:A4 landscape;margin:14mm}@media print{body{margin:0;padding:0;max-width:none}figure "
    "svg{max-height:88mm;width:auto}.warnings{padding:.2em "
    "1em}.scroll{overflow:visible}table{font-size:11px}th,td{padding:.25em "
    ".5em}h2{break-after:avoid}thead{display:table-header-group}tr,figure{break-inside:avoid}"
    "figure svg{min-width:0}.chart{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

static void put(FILE *out, const char *text) {
    for (; *text != 0; text++) {
        switch (*text) {
            case '&': fputs("&amp;", out); break;
            case '<': fputs("&lt;", out); break;
            case '>': fputs("&gt;", out); break;
            case '"': fputs("&quot;", out); break;
            default: fputc((unsigned char)*text < 0x20 ? ' ' : *text, out); break;
        }
    }
}

static bool is_number(const rs_report_column_t *column) {
    return column->kind == RS_COLUMN_COUNT || column->kind == RS_COLUMN_RATIO || column->kind == RS_COLUMN_MS ||
           column->kind == RS_COLUMN_FIGURE;
}

/* Names of columns and figures as words, "abandoned rate", "FCR net"; what comes from outside is escaped. */
static void put_words(FILE *out, const char *name) {
    static const char *const initials[] = {"asa", "aht", "fcr", "csat", "nps", "ces"};
    while (*name != 0) {
        const size_t len = strcspn(name, "_,");
        bool is_spelled = false;
        for (size_t i = 0; i < RS_ARRAY_LEN(initials); i++)
            is_spelled = is_spelled || (len == strlen(initials[i]) && strncmp(name, initials[i], len) == 0);
        for (size_t i = 0; i < len; i++) {
            const bool is_small = name[i] >= 'a' && name[i] <= 'z';
            const char one[2] = {is_spelled && is_small ? (char)(name[i] - 'a' + 'A') : name[i], 0};
            put(out, one);
        }
        if (name[len] != 0) fputs(name[len] == ',' ? ", " : " ", out);
        name += len + (name[len] != 0);
    }
}

static void put_column(FILE *out, const rs_report_column_t *column) {
    char shown[64];
    rs_report_column_title(column, shown, sizeof shown);
    put_words(out, shown);
}

/* As people write it; the zone is told beside it. */
static void put_period(FILE *out, const char *what, const char *from, const char *to) {
    fprintf(out, "%s<b>%.10s %.5s</b> up to <b>%.10s %.5s</b>", what, from, strlen(from) > 16 ? from + 11 : "", to,
            strlen(to) > 16 ? to + 11 : "");
}

static void put_head(FILE *out, const rs_report_request_t *request, const rs_report_result_t *result) {
    const rs_report_t *report = result->report;
    static const rs_report_option_t told[] = {RS_OPT_TENANT, RS_OPT_KEY,    RS_OPT_CHANNEL, RS_OPT_METRIC,
                                              RS_OPT_POLICY, RS_OPT_FAMILY, RS_OPT_STEP};
    fputs(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src "
        "data:\"><title>ringside: ",
        out);
    put(out, report->name);
    fprintf(out, "</title><style>%s</style></head><body>\n<h1>", style);
    char title[256]; /* without the hint at options */
    snprintf(title, sizeof title, "%.*s", (int)strcspn(report->what, "("), report->what);
    for (size_t len = strlen(title); len > 0 && title[len - 1] == ' '; len--) title[len - 1] = 0;
    if (title[0] >= 'a' && title[0] <= 'z') title[0] = (char)(title[0] - 'a' + 'A');
    put(out, title);
    if (request->values[RS_OPT_METRIC] != NULL && rs_report_takes(report, RS_OPT_METRIC) &&
        !rs_report_takes(report, RS_OPT_BEFORE_FROM)) {
        fputs(": ", out);
        put_words(out, request->values[RS_OPT_METRIC]);
    }
    fputs("</h1>\n<p class=\"period\">", out);
    if (rs_report_takes(report, RS_OPT_BEFORE_FROM)) {
        put_period(out, "before: ", request->before_from, request->before_to);
        put_period(out, " · after: ", request->from, request->to);
    } else if (rs_report_takes(report, RS_OPT_FROM)) {
        put_period(out, "", request->from, request->to);
    }
    fputs(" · times of ", out);
    put(out, request->values[RS_OPT_ZONE]);
    const bool is_of_one = report->chart == RS_DRAWN_COMPARE || report->chart == RS_DRAWN_TREND;
    const bool is_of_all = is_of_one && request->values[RS_OPT_KEY] == NULL;
    for (size_t i = 0; i < RS_ARRAY_LEN(told); i++) {
        if (told[i] == RS_OPT_FAMILY && is_of_all) {
            fputs(" · all together", out);
            continue;
        }
        if (request->values[told[i]] == NULL || !rs_report_takes(report, told[i])) continue;
        fprintf(out, " · %s ", rs_report_option_name(told[i]) + 2);
        if (told[i] == RS_OPT_METRIC)
            put_words(out, request->values[told[i]]);
        else
            put(out, strcmp(request->values[told[i]], "*") == 0 ? "all" : request->values[told[i]]);
    }
    fputs("</p>\n", out);
}

static bool is_verdict(const rs_report_result_t *result, uint32_t row, const char *verdict) {
    const char *value = rs_report_cell(result, row, (uint32_t)rs_report_column_at(result, "verdict"));
    return value != NULL && strcmp(value, verdict) == 0;
}

/* Before any chart: what got better, what worse, by how much, and of what nothing can be said. */
static void put_summary(FILE *out, const rs_report_result_t *result) {
    static const struct { const char *verdict, *words; } kinds[] = {
        {"better", "Better"}, {"worse", "Worse"}, {"no difference shown", "No difference shown"}, {"cannot be told", "Cannot be told"}};
    if (result->report->chart != RS_DRAWN_COMPARE || result->rows == 0) return;
    fputs("<p class=\"summary\">", out);
    for (size_t i = 0; i < RS_ARRAY_LEN(kinds); i++) {
        uint32_t said = 0;
        for (uint32_t row = 0; row < result->rows; row++) {
            char figure[256], change[64];
            if (!is_verdict(result, row, kinds[i].verdict)) continue;
            rs_report_figure_words(result, row, figure, sizeof figure);
            rs_report_shown(result, row, (uint32_t)rs_report_column_at(result, "difference"), change, sizeof change);
            if (said++ == 0) fprintf(out, "<b>%s:</b> ", kinds[i].words);
            else fputs(", ", out);
            put(out, figure);
            if (i < 2) fprintf(out, " by %s", change);
        }
        if (said > 0) fputs(". ", out);
    }
    fputs("</p>\n", out);
}

static void put_warnings(FILE *out, const rs_report_result_t *result) {
    if (result->warning_count == 0) return;
    fputs("<div class=\"warnings\"><b>To be careful about</b><ul>", out);
    for (uint32_t i = 0; i < result->warning_count; i++) {
        fputs("<li>", out);
        put(out, result->warnings[i]);
        fputs("</li>", out);
    }
    fputs("</ul></div>\n", out);
}

/* Rows that say themselves whether they are good. */
static const char *row_class(const rs_report_result_t *result, uint32_t row) {
    static const char *const columns[] = {"verdict", "attained", "place", "bottleneck", "overdue", "signal"};
    for (size_t c = 0; c < RS_ARRAY_LEN(columns); c++) {
        const int at = rs_report_column_at(result, columns[c]);
        const char *value = at < 0 ? NULL : rs_report_cell(result, row, (uint32_t)at);
        if (value == NULL) continue;
        if (c == 0 || c == 2) {
            if (strcmp(value, "better") == 0 || strcmp(value, "clearly better") == 0) return "good";
            if (strcmp(value, "worse") == 0 || strcmp(value, "clearly worse") == 0) return "bad";
        } else if (c == 1) {
            return strcmp(value, "t") == 0 ? "good" : "bad";
        } else if (c == 5 || strcmp(value, "t") == 0) {
            return "bad";
        }
    }
    return "";
}

static void put_table(FILE *out, const rs_report_result_t *result) {
    char text[2048];
    if (result->rows == 0) {
        fputs("<p>Nothing in this period.</p>\n", out);
        return;
    }
    fputs("<div class=\"scroll\"><table><thead><tr>", out);
    for (uint32_t i = 0; i < result->columns; i++) {
        if (!rs_report_is_shown(result, i)) continue;
        fprintf(out, "<th%s title=\"", is_number(&result->report->columns[i]) ? " class=\"n\"" : "");
        put(out, result->report->columns[i].what);
        fputs("\">", out);
        put_column(out, &result->report->columns[i]);
        fputs("</th>", out);
    }
    fputs("</tr></thead><tbody>\n", out);
    for (uint32_t row = 0; row < result->rows; row++) {
        fprintf(out, "<tr class=\"%s\">", row_class(result, row));
        for (uint32_t i = 0; i < result->columns; i++) {
            if (!rs_report_is_shown(result, i)) continue;
            if (strcmp(result->report->columns[i].name, "metric") == 0) rs_report_figure_words(result, row, text, sizeof text);
            else rs_report_shown(result, row, i, text, sizeof text);
            fputs(is_number(&result->report->columns[i]) ? "<td class=\"n\">" : "<td>", out);
            put(out, text);
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void put_meaning(FILE *out, const rs_report_result_t *result) {
    fputs("<h2>How it is counted</h2>\n<p>", out);
    put(out, result->report->explanation);
    fputs("</p>\n<dl>", out);
    for (uint32_t i = 0; i < result->columns; i++) {
        if (!rs_report_is_shown(result, i)) continue;
        fputs("<dt>", out);
        put_column(out, &result->report->columns[i]);
        fputs("</dt><dd>", out);
        put(out, result->report->columns[i].what);
        fputs("</dd>", out);
    }
    fputs("</dl>\n", out);
}

/* What the chart shows, for whoever gets the picture alone. */
static void put_caption(FILE *out, const rs_report_request_t *request, const rs_report_t *report) {
    const char *figure = request->values[RS_OPT_METRIC] != NULL && rs_report_takes(report, RS_OPT_METRIC)
                             ? request->values[RS_OPT_METRIC]
                             : report->figure;
    switch (report->chart) {
        case RS_DRAWN_PROCESS:
            fputs("On an arrow: how often, and half of the times before it were at most that long. Orange: the stage "
                  "that holds the most time.",
                  out);
            return;
        case RS_DRAWN_COMPARE:
            fputs("Change in per cent of the value before, with its interval (no further than -100 %: nothing falls by more "
                  "than all of it), and beside it in its own unit. Green: better, red: worse, grey: no difference shown.",
                  out);
            return;
        case RS_DRAWN_STAFFING:
            fputs("The busiest queue: agents needed (bars, left) and calls per half-hour (dots, right).", out);
            return;
        case RS_DRAWN_STANDARDS: fputs("What was reached, in per cent of what is promised.", out); return;
        case RS_DRAWN_FUNNEL:
            fputs("Within the funnel lies what chance does with so few observations; named are those that stand out. ",
                  out);
            break;
        case RS_DRAWN_TREND: fputs("Dashed: the limits within which chance alone moves it (three sigma), wider where there were few; "
                                   "circles: special "
                                    "causes, beyond them or in runs, worth a look. ", out); break;
        default: break;
    }
    if (figure != NULL) {
        fputs("Shown: ", out);
        put_words(out, report->chart == RS_DRAWN_KEYS && strlen(figure) > 3 &&
                               strcmp(figure + strlen(figure) - 3, "_ms") == 0
                           ? "handle time"
                           : figure);
        if (report->chart == RS_DRAWN_KEYS) fputs(" of each", out);
    }
}

void rs_report_print_html(FILE *out, const rs_report_request_t *request, rs_report_result_t *result) {
    char why[256], made[32];
    char *svg = rs_report_chart(request, result, why, sizeof why);
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(made, sizeof made, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (svg == NULL && why[0] != 0) rs_report_warn(result, "no chart: %s", why);
    put_head(out, request, result);
    put_summary(out, result);
    put_warnings(out, result);
    if (svg != NULL) {
        /* Else what the drawing programs call their parts would be read out. */
        fputs("<figure><div class=\"chart\" role=\"img\" aria-label=\"Chart; the table below has its figures. ", out);
        put_caption(out, request, result->report);
        fprintf(out, "\">%s</div><figcaption>", svg);
        put_caption(out, request, result->report);
        fputs("</figcaption></figure>\n", out);
    }
    free(svg);
    put_table(out, result);
    put_meaning(out, result);
    fprintf(out, "<footer>ringside %s, report %s (ringside.%s), made %s</footer>\n</body></html>\n", RS_VERSION,
            result->report->name, result->report->function, made);
}
