/* Charts: of each kind the script for gnuplot or Graphviz.
 *
 * What comes from outside (names of queues) stands in data blocks only, between double quotes, without any character that means
 * something there; gnuplot runs with its enhanced text off and reads its script from standard input. */
#include "cli/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LABEL = 64, MOST_KEYS = 40, MOST_LINES = 8 };

/* Double quotes, backslashes, backquotes, … have a meaning to gnuplot: they become others that look alike. */
static void put_label(FILE *script, const char *text) {
    size_t len = 0;
    fputc('"', script);
    for (; text != NULL && *text != 0; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (len >= LABEL && (byte & 0xC0) != 0x80) break;
        if (byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\' || byte == '`' || byte == '$' || byte == '@')
            fputc('\'', script);
        else
            fputc(byte, script);
        len++;
    }
    fputc('"', script);
}

static void put_number(FILE *script, double value) {
    if (isnan(value))
        fputs(" NaN", script);
    else
        fprintf(script, " %.10g", value);
}

static void begin(FILE *script, const char *name, unsigned width, unsigned height) {
    fprintf(script,
            "set terminal svg size %u,%u dynamic noenhanced font 'Helvetica,13' name '%s' linewidth 1\n"
            "set encoding utf8\nset border 3 lc rgb '#888888'\nset tics nomirror out textcolor rgb '#333333'\n"
            "set grid y lc rgb '#e4e4e4' lt 1\nset key off\n",
            width, height, name);
}

static char *draw(FILE *script, char *why, size_t why_size) {
    static const char *const gnuplot[] = {"gnuplot", "-d", "-", NULL}; /* -d: no one's own settings */
    return rs_report_draw(gnuplot, script, "gnuplot-nox", why, why_size);
}

/* What turns a unit's number into what the axis shows. */
typedef struct axis {
    double factor;
    const char *label, *format;
} axis_t;
static axis_t axis_of(const char *unit, uint8_t kind) {
    if (kind == RS_COLUMN_RATIO || (unit != NULL && strcmp(unit, "ratio") == 0))
        return (axis_t){100, "per cent", "%.0f %%"};
    if (kind == RS_COLUMN_MS || (unit != NULL && strcmp(unit, "ms") == 0)) return (axis_t){0.001, "seconds", "%.0f s"};
    return (axis_t){1, unit != NULL && strcmp(unit, "count") == 0 ? "count" : "", "%g"};
}

static const char *unit_of(const rs_report_result_t *result, uint32_t row) {
    const int at = rs_report_column_at(result, "unit");
    return at < 0 ? NULL : rs_report_cell(result, row, (uint32_t)at);
}

static const char *text_of(const rs_report_result_t *result, uint32_t row, const char *column) {
    const int at = rs_report_column_at(result, column);
    return at < 0 ? NULL : rs_report_cell(result, row, (uint32_t)at);
}

/* --- a figure per key, or over time ------------------------------------------------------------------------------ */
/* Tenant, key, channel and policy, as far as they tell rows apart. */
static void name_row(const rs_report_result_t *result, uint32_t row, char *name, size_t size) {
    static const char *const columns[] = {"tenant", "key", "agent", "topic", "channel", "policy"};
    name[0] = 0;
    for (size_t c = 0; c < RS_ARRAY_LEN(columns); c++) {
        const char *text = text_of(result, row, columns[c]);
        bool differs =
            strcmp(columns[c], "key") == 0 || strcmp(columns[c], "agent") == 0 || strcmp(columns[c], "topic") == 0;
        for (uint32_t i = 0; i < result->rows && !differs; i++) {
            const char *other = text_of(result, i, columns[c]);
            differs = other != NULL && text != NULL && strcmp(other, text) != 0;
        }
        if (!differs || text == NULL) continue;
        const size_t len = strlen(name);
        snprintf(name + len, size - len, "%s%s", len == 0 ? "" : ", ", text);
    }
    if (name[0] == 0) snprintf(name, size, "all");
}

static char *chart_bars(const rs_report_result_t *result, axis_t axis, char *why, size_t why_size) {
    char name[512];
    const uint32_t rows = result->rows < MOST_KEYS ? result->rows : MOST_KEYS;
    FILE *script = tmpfile();
    if (script == NULL) return NULL;
    begin(script, "bars", 860, 70 + 24 * rows);
    fputs("$d << EOD\n", script);
    for (uint32_t row = 0; row < rows; row++) {
        name_row(result, row, name, sizeof name);
        put_label(script, name);
        put_number(script, rs_report_number(result, row, result->report->figure) * axis.factor);
        fputc('\n', script);
    }
    fprintf(
        script,
        "EOD\nunset border\nset grid x lc rgb '#e4e4e4' lt 1\nunset grid\nset grid x lc rgb '#e4e4e4' lt 1\nset yrange "
        "[%u:-1]\nset xrange [0:%s]\n"
        "set format x '%s'\nset style fill solid noborder\n"
        "plot $d using (0):0:(0):($2):($0-0.35):($0+0.35):ytic(1) with boxxyerror lc rgb '#3b6ea5', "
        "$d using 2:0:(sprintf(' %s', $2)) with labels left\n",
        rows, strcmp(axis.label, "per cent") == 0 ? "112" : "*", axis.format,
        strcmp(axis.label, "per cent") == 0  ? "%.1f %%"
        : strcmp(axis.label, "seconds") == 0 ? "%.0f s"
                                             : "%.4g");
    char *svg = draw(script, why, why_size);
    fclose(script);
    return svg;
}

static char *chart_lines(const rs_report_result_t *result, axis_t axis, char *why, size_t why_size) {
    char names[MOST_LINES][512], name[512];
    uint32_t lines = 0;
    FILE *script = tmpfile();
    if (script == NULL) return NULL;
    begin(script, "lines", 860, 340);
    for (uint32_t row = 0; row < result->rows; row++) {
        name_row(result, row, name, sizeof name);
        uint32_t line = 0;
        while (line < lines && strcmp(names[line], name) != 0) line++;
        if (line < lines || lines == MOST_LINES) continue;
        memcpy(names[lines], name, sizeof name);
        fprintf(script, "$d%u << EOD\nx ", lines++);
        put_label(script, name);
        fputc('\n', script);
        for (uint32_t i = row; i < result->rows; i++) {
            char other[512];
            name_row(result, i, other, sizeof other);
            if (strcmp(other, name) != 0) continue;
            fprintf(script, "%.19s", text_of(result, i, "interval_start"));
            put_number(script, rs_report_number(result, i, result->report->figure) * axis.factor);
            fputc('\n', script);
        }
        fputs("EOD\n", script);
    }
    fprintf(script,
            "set xdata time\nset timefmt '%%Y-%%m-%%dT%%H:%%M:%%S'\nset format x \"%%d %%b\\n%%H:%%M\"\nset format y "
            "'%s'\nset "
            "yrange [0:*]\n"
            "set key outside right top\nplot ",
            axis.format);
    static const char *const colours[MOST_LINES] = {"#3b6ea5", "#c8553d", "#588b3f", "#8a5aa8",
                                                    "#d39b1e", "#2f9c95", "#7a6a58", "#d0679d"};
    for (uint32_t line = 0; line < lines; line++) {
        fprintf(script, "%s$d%u using 1:2 with linespoints pt 7 ps 0.4 lw 1.6 lc rgb '%s' title columnheader(2)",
                line == 0 ? "" : ", ", line, colours[line]);
    }
    fputc('\n', script);
    char *svg = draw(script, why, why_size);
    fclose(script);
    return svg;
}

static char *chart_keys(const rs_report_result_t *result, char *why, size_t why_size) {
    const int at = rs_report_column_at(result, result->report->figure);
    if (at < 0 || !rs_report_is_shown(result, (uint32_t)at)) return NULL;
    const axis_t axis = axis_of(NULL, result->report->columns[at].kind);
    return text_of(result, 0, "interval_start") == NULL ? chart_bars(result, axis, why, why_size)
                                                        : chart_lines(result, axis, why, why_size);
}

/* --- control chart ----------------------------------------------------------------------------------------------- */
/* Seconds of the zone's clock from the row before to this one. */
static double step_before(const rs_report_result_t *result, uint32_t row) {
    struct tm from = {0}, to = {0};
    const char *one = text_of(result, row - 1, "step_start"), *other = text_of(result, row, "step_start");
    if (one == NULL || other == NULL || strptime(one, "%Y-%m-%dT%H:%M:%S", &from) == NULL ||
        strptime(other, "%Y-%m-%dT%H:%M:%S", &to) == NULL)
        return 0;
    return difftime(timegm(&to), timegm(&from));
}

static double shortest_step(const rs_report_result_t *result) {
    double shortest = HUGE_VAL;
    for (uint32_t row = 1; row < result->rows; row++) {
        const double step = step_before(result, row);
        if (step > 0 && step < shortest) shortest = step;
    }
    return shortest;
}

static char *chart_trend(const rs_report_result_t *result, char *why, size_t why_size) {
    const axis_t axis = axis_of(unit_of(result, 0), RS_COLUMN_FIGURE);
    static const char *const columns[] = {"value", "center", "lower", "upper"};
    FILE *script = tmpfile();
    if (script == NULL) return NULL;
    begin(script, "trend", 860, 360);
    const double usual = shortest_step(result);
    fputs("$d << EOD\n", script);
    for (uint32_t row = 0; row < result->rows; row++) {
        if (row > 0 && step_before(result, row) > 1.5 * usual)
            fputc('\n', script); /* no line over steps without data */
        fprintf(script, "%.19s", text_of(result, row, "step_start"));
        for (size_t c = 0; c < RS_ARRAY_LEN(columns); c++)
            put_number(script, rs_report_number(result, row, columns[c]) * axis.factor);
        put_number(script, text_of(result, row, "signal") == NULL
                               ? (double)NAN
                               : rs_report_number(result, row, "value") * axis.factor);
        fputc('\n', script);
    }
    fputs("EOD\nset tmargin 2.5\nset xdata time\nset timefmt '%Y-%m-%dT%H:%M:%S'\n",
          script); /* before the marks, whose places are times */
    for (uint32_t row = 0; row < result->rows; row++) {
        if (text_of(result, row, "change") == NULL) continue;
        fprintf(script, "set arrow from '%.19s', graph 0 to '%.19s', graph 1 nohead dt 2 lc rgb '#588b3f'\nset label ",
                text_of(result, row, "step_start"), text_of(result, row, "step_start"));
        put_label(script, text_of(result, row, "change"));
        fprintf(script, " at '%.19s', graph 1.05 offset 0.5,0 textcolor rgb '#3d652b'\n",
                text_of(result, row, "step_start"));
    }
    fprintf(script,
            "set format x \"%%d %%b\\n%%H:%%M\"\nset format y '%s'\nset "
            "key outside right top\n"
            "plot $d using 1:5 with steps dt 2 lc rgb '#c8553d' title 'limits', $d using 1:4 with steps dt 2 lc rgb "
            "'#c8553d' notitle, "
            "$d using 1:3 with steps lc rgb '#888888' title 'centre', $d using 1:2 with linespoints pt 7 ps 0.5 lw 1.6 "
            "lc rgb "
            "'#3b6ea5' title 'value', "
            "$d using 1:6 with points pt 6 ps 1.6 lw 2 lc rgb '#c8553d' title 'not by chance alone'\n",
            axis.format);
    char *svg = draw(script, why, why_size);
    fclose(script);
    return svg;
}

/* --- before and after -------------------------------------------------------------------------------------------- */
/* No share, time or count falls by more than all of it: an interval that reaches further is drawn up to there. */
static double least_change(const rs_report_result_t *result, uint32_t row) {
    const char *unit = unit_of(result, row);
    const bool has_floor = unit != NULL && (strcmp(unit, "ratio") == 0 || strcmp(unit, "ms") == 0 || strcmp(unit, "count") == 0);
    return has_floor ? -100 : -INFINITY;
}

/* Change in per cent of the value before, with its interval: figures of several units side by side,
 * each with its change in its own unit. */
static char *chart_compare(const rs_report_result_t *result, char *why, size_t why_size) {
    uint32_t drawn = 0;
    FILE *script = tmpfile();
    if (script == NULL) return NULL;
    begin(script, "compare", 860, 90 + 34 * result->rows);
    fputs("$d << EOD\n", script);
    for (uint32_t row = 0; row < result->rows; row++) {
        const double before = rs_report_number(result, row, "before_value"),
                     change = rs_report_number(result, row, "difference");
        if (!(fabs(before) > 0) || isnan(change)) continue;
        const char *verdict = text_of(result, row, "verdict");
        const double low = rs_report_number(result, row, "low"), high = rs_report_number(result, row, "high"),
                     base = fabs(before) / 100;
        char name[512], figure[256], before_text[64], after_text[64], change_text[64];
        rs_report_shown(result, row, (uint32_t)rs_report_column_at(result, "before_value"), before_text,
                        sizeof before_text);
        rs_report_shown(result, row, (uint32_t)rs_report_column_at(result, "after_value"), after_text,
                        sizeof after_text);
        rs_report_shown(result, row, (uint32_t)rs_report_column_at(result, "difference"), change_text,
                        sizeof change_text);
        rs_report_figure_words(result, row, figure, sizeof figure);
        snprintf(name, sizeof name, "%s: %s → %s", figure, before_text, after_text);
        put_label(script, name);
        put_number(script, change / base);
        put_number(script, fmax((isnan(low) ? change : low) / base, least_change(result, row)));
        put_number(script, (isnan(high) ? change : high) / base);
        fprintf(script, " %s ",
                verdict != NULL && strcmp(verdict, "better") == 0  ? "0x588b3f"
                : verdict != NULL && strcmp(verdict, "worse") == 0 ? "0xc8553d"
                                                                   : "0x888888");
        put_label(script, change_text);
        fputc('\n', script);
        drawn++;
    }
    fprintf(script,
            "EOD\nunset border\nunset grid\nset grid x lc rgb '#e4e4e4' lt 1\nset yrange [%u:-1]\nset rmargin 14\nset format x '%%+.0f'\n"
            "set xlabel 'change in per cent of the value before, with its interval'\n"
            "set arrow from first 0, graph 0 to first 0, graph 1 nohead lc rgb '#444444'\n"
            "plot $d using 2:0:3:4:5:ytic(1) with xerrorbars pt 7 ps 1 lw 2.4 lc rgb variable, "
            "$d using 4:0:6 with labels left offset 1,0\n",
            drawn);
    char *svg = drawn == 0 ? NULL : draw(script, why, why_size);
    fclose(script);
    return svg;
}

/* --- funnel ------------------------------------------------------------------------------------------------------ */
static char *chart_funnel(const rs_report_result_t *result, char *why, size_t why_size) {
    const axis_t axis = axis_of(unit_of(result, 0), RS_COLUMN_FIGURE);
    static const char *const columns[] = {"n", "value", "average", "low95", "high95", "low998", "high998"};
    FILE *script = tmpfile();
    if (script == NULL) return NULL;
    begin(script, "funnel", 860, 400);
    fputs("$d << EOD\n", script);
    for (uint32_t row = 0; row < result->rows; row++) {
        const char *place =
            text_of(result, row, "place"); /* names of those that stand out: all would lie on each other */
        const bool is_named = result->rows <= 8 || (place != NULL && strcmp(place, "as the others") != 0);
        put_label(script, is_named ? text_of(result, row, "key") : "");
        for (size_t c = 0; c < RS_ARRAY_LEN(columns); c++)
            put_number(script, rs_report_number(result, row, columns[c]) * (c == 0 ? 1 : axis.factor));
        fputc('\n', script);
    }
    fprintf(
        script,
        "EOD\nset format y '%s'\nset xlabel 'observations'\nset xrange [0:*]\nset offsets 0, graph 0.08, 0, 0\n%sset "
        "key outside right top\n"
        "plot $d using 2:7 smooth unique dt 3 lc rgb '#c8553d' title '99.8 %%', $d using 2:8 smooth unique dt 3 lc rgb "
        "'#c8553d' notitle, "
        "$d using 2:5 smooth unique dt 2 lc rgb '#d39b1e' title '95 %%', $d using 2:6 smooth unique dt 2 lc rgb "
        "'#d39b1e' "
        "notitle, "
        "$d using 2:4 smooth unique lc rgb '#888888' title 'average', $d using 2:3 with points pt 7 ps 0.7 lc rgb "
        "'#3b6ea5' "
        "notitle, "
        "$d using 2:3:1 with labels offset 0.8,0.5 left notitle\n",
        axis.format, axis.factor > 1 ? "set yrange [0:100]\n" : "");
    char *svg = draw(script, why, why_size);
    fclose(script);
    return svg;
}

/* --- staffing ---------------------------------------------------------------------------------------------------- */
static char *chart_staffing(const rs_report_result_t *result, char *why, size_t why_size) {
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    const char *queue = text_of(result, 0, "queue");
    double best = -1;
    for (uint32_t row = 0; row < result->rows;
         row++) { /* the busiest queue: a plan of all together would be of nobody */
        if (!(rs_report_number(result, row, "calls") > best)) continue;
        best = rs_report_number(result, row, "calls");
        queue = text_of(result, row, "queue");
    }
    FILE *script = tmpfile();
    if (script == NULL) return NULL;
    begin(script, "staffing", 860, 340);
    fputs("$d << EOD\n", script);
    for (uint32_t row = 0; row < result->rows; row++) {
        const char *of = text_of(result, row, "queue"), *at = text_of(result, row, "half_hour");
        const double weekday = rs_report_number(result, row, "weekday"),
                     agents = rs_report_number(result, row, "agents");
        if (of == NULL || queue == NULL || strcmp(of, queue) != 0 || at == NULL || isnan(agents)) continue;
        fprintf(script, "%.10g", (weekday - 1) * 48 + 2 * strtod(at, NULL) + (strcmp(at + 2, ":30") == 0 ? 1 : 0));
        put_number(script, agents);
        put_number(script, rs_report_number(result, row, "calls"));
        fputc('\n', script);
    }
    fputs("EOD\nset xrange [0:336]\nset xtics (", script);
    for (unsigned day = 0; day < 7; day++) fprintf(script, "%s'%s' %u", day == 0 ? "" : ", ", days[day], day * 48);
    fputs(")\nset ylabel 'agents'\nset y2label 'calls per half-hour'\nset y2tics\nset border 11\nset yrange [0:*]\nset "
          "y2range "
          "[0:*]\nset title ",
          script);
    put_label(script, queue);
    fputs("\nset key outside right top\nset style fill solid noborder\n"
          "plot $d using ($1+0.5):2:(0.9) with boxes lc rgb '#9dbbdb' title 'agents', $d using ($1+0.5):3 axes x1y2 "
          "with points "
          "pt 7 ps 0.35 lc rgb '#c8553d' title 'calls'\n",
          script);
    char *svg = draw(script, why, why_size);
    fclose(script);
    return svg;
}

/* --- standards --------------------------------------------------------------------------------------------------- */
static char *chart_standards(const rs_report_result_t *result, char *why, size_t why_size) {
    const uint32_t rows = result->rows < MOST_KEYS ? result->rows : MOST_KEYS;
    FILE *script = tmpfile();
    if (script == NULL) return NULL;
    begin(script, "standards", 860, 80 + 24 * rows);
    fputs("$d << EOD\n", script);
    for (uint32_t row = 0; row < rows; row++) {
        char name[512];
        const double target = rs_report_number(result, row, "target"), value = rs_report_number(result, row, "value");
        const char *attained = text_of(result, row, "attained"), *queue = text_of(result, row, "queue"),
                   *metric = text_of(result, row, "metric");
        snprintf(name, sizeof name, "%.10s %s %s", text_of(result, row, "step_start"), queue == NULL ? "" : queue,
                 metric == NULL ? "" : metric);
        put_label(script, name);
        put_number(script, target != 0 ? 100 * value / target : (double)NAN);
        fprintf(script, " %s\n", attained == NULL ? "0x888888" : strcmp(attained, "t") == 0 ? "0x588b3f" : "0xc8553d");
    }
    fprintf(script,
            "EOD\nunset border\nunset grid\nset grid x lc rgb '#e4e4e4' lt 1\nset yrange [%u:-1]\nset xrange "
            "[0:*]\nset format x "
            "'%%.0f %%%%'\n"
            "set xlabel 'reached, of the target (green: kept)'\nset style fill solid noborder\nset arrow from first "
            "100, graph 0 "
            "to first 100, graph 1 nohead lw 2 lc rgb '#444444' front\n"
            "plot $d using (0):0:(0):2:($0-0.35):($0+0.35):3:ytic(1) with boxxyerror lc rgb variable\n",
            rows);
    char *svg = draw(script, why, why_size);
    fclose(script);
    return svg;
}

/* --- heat map ---------------------------------------------------------------------------------------------------- */
/* Shares of which less is better. */
static bool is_better_low(const char *metric) {
    static const char *const names[] = {"abandoned_rate", "blocked_rate", "short_rate", "transfer_rate", "offers_failed_rate"};
    for (size_t i = 0; metric != NULL && i < RS_ARRAY_LEN(names); i++)
        if (strcmp(metric, names[i]) == 0) return true;
    return false;
}

/* From light to dark all the way, so that it can be read without the colours: shares from good (light green) to bad (dark red), whichever
 * end is the good one; of other figures more is darker. */
static void put_palette(FILE *script, bool is_share, bool better_low) {
    static const struct { const char *colour; int low, high; } shares[] = { /* where it stands when less is better, and when more is */
        {"#cfe5d0", 0, 100}, {"#efd9a0", 10, 75}, {"#df8a4e", 30, 40}, {"#7f1d10", 100, 0}};
    enum { COLOURS = RS_ARRAY_LEN(shares) };
    if (!is_share) {
        fputs("set palette defined (0 '#e6edf5', 0.5 '#7ba3cc', 1 '#173d66')\nset cbrange [0:*]\n", script);
        return;
    }
    fputs("set palette defined (", script);
    for (unsigned i = 0; i < COLOURS; i++) {
        const unsigned at = better_low ? i : COLOURS - 1 - i;
        fprintf(script, "%s%d '%s'", i == 0 ? "" : ", ", better_low ? shares[at].low : shares[at].high, shares[at].colour);
    }
    fputs(")\nset cbrange [0:100]\n", script);
}

static char *chart_heat(const rs_report_request_t *request, const rs_report_result_t *result, char *why, size_t why_size) {
    enum { LEAST_DAYS = 6 }; /* the scale beside it needs the height */
    const axis_t axis = axis_of(unit_of(result, 0), RS_COLUMN_FIGURE);
    uint32_t days = 0;
    const char *last = NULL;
    FILE *script = tmpfile();
    if (script == NULL) return NULL;
    for (uint32_t row = 0; row < result->rows; row++) { /* rows come by day */
        const char *day = text_of(result, row, "day");
        if (day != NULL && (last == NULL || strcmp(day, last) != 0)) days++;
        last = day;
    }
    begin(script, "heat", 860, 110 + 22 * (days > LEAST_DAYS ? days : LEAST_DAYS));
    fputs("$d << EOD\n", script);
    last = NULL;
    for (uint32_t row = 0, number = 0; row < result->rows; row++) {
        const char *day = text_of(result, row, "day"), *at = text_of(result, row, "half_hour");
        if (day == NULL || at == NULL) continue;
        if (last != NULL && strcmp(day, last) != 0) number++;
        last = day;
        fprintf(script, "%.10g %u", strtod(at, NULL) + strtod(at + 3, NULL) / 60, number);
        put_number(script, rs_report_number(result, row, "value") * axis.factor);
        fputc(' ', script);
        put_label(script, day);
        fputc('\n', script);
    }
    fprintf(script,
            "EOD\nunset border\nunset grid\nset xrange [0:24]\nset xtics 2\nset format x '%%.0f h'\nset yrange "
            "[%u:-0.6]\nset format "
            "cb '%s'\n",
            days, axis.format);
    put_palette(script, axis.factor > 1, is_better_low(request->values[RS_OPT_METRIC]));
    fputs("set style fill solid noborder\nplot $d using 1:2:1:($1+0.5):($2-0.46):($2+0.46):3:ytic(4) with boxxyerror lc palette\n", script);
    char *svg = draw(script, why, why_size);
    fclose(script);
    return svg;
}

/* --- process map ------------------------------------------------------------------------------------------------- */
static void put_dot(FILE *out, const char *text) {
    fputc('"', out);
    for (; text != NULL && *text != 0; text++) {
        if (*text == '"' || *text == '\\') fputc('\\', out);
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
    }
    fputc('"', out);
}

static char *chart_process(const rs_report_result_t *result, char *why, size_t why_size) {
    static const char *const dot[] = {"dot", "-Tsvg", NULL};
    const char *tenant = text_of(result, 0, "tenant");
    double most = 0;
    FILE *script = tmpfile();
    if (script == NULL) return NULL;
    for (uint32_t row = 0; row < result->rows; row++) most = fmax(most, rs_report_number(result, row, "count"));
    fputs("digraph process {\n  rankdir=LR; bgcolor=\"transparent\";\n  node [fontname=\"Helvetica\", fontsize=11, "
          "shape=box, "
          "style=\"rounded,filled\", fillcolor=\"#dbe7f3\", "
          "color=\"#5b7a9b\"];\n  edge [fontname=\"Helvetica\", fontsize=9, color=\"#5b7a9b\"];\n",
          script);
    for (uint32_t row = 0; row < result->rows; row++) {
        const char *from = text_of(result, row, "from_stage"), *to = text_of(result, row, "to_stage"),
                   *of = text_of(result, row, "tenant");
        const double count = rs_report_number(result, row, "count");
        char median[64] = "";
        if (of == NULL || tenant == NULL || strcmp(of, tenant) != 0 || !(count > 0))
            continue; /* one map: that of the first tenant */
        const char *bottleneck = text_of(result, row, "bottleneck");
        if (bottleneck != NULL && strcmp(bottleneck, "t") == 0) {
            fputs("  ", script);
            put_dot(script, from);
            fputs(" [fillcolor=\"#f4b183\", penwidth=2.5, tooltip=\"bottleneck\"];\n", script);
        }
        if (to != NULL && strncmp(to, "end:", 4) == 0) {
            fputs("  ", script);
            put_dot(script, to);
            fputs(" [fillcolor=\"#eeeeee\", style=filled];\n", script);
        }
        const int at = rs_report_column_at(result, "p50_ms");
        if (at >= 0 && rs_report_cell(result, row, (uint32_t)at) != NULL)
            rs_report_shown(result, row, (uint32_t)at, median, sizeof median);
        fputs("  ", script);
        put_dot(script, from);
        fputs(" -> ", script);
        put_dot(script, to);
        fprintf(script, " [label=\"%.0f%s%s\", penwidth=%.2f];\n", count, median[0] == 0 ? "" : "\\n", median,
                0.6 + 4 * sqrt(count / most));
    }
    fputs("}\n", script);
    char *svg = rs_report_draw(dot, script, "graphviz", why, why_size);
    fclose(script);
    return svg;
}

char *rs_report_chart(const rs_report_request_t *request, const rs_report_result_t *result, char *why,
                      size_t why_size) {
    (void)request;
    why[0] = 0;
    if (result->rows == 0) return NULL;
    switch (result->report->chart) {
        case RS_DRAWN_KEYS: return chart_keys(result, why, why_size);
        case RS_DRAWN_TREND: return chart_trend(result, why, why_size);
        case RS_DRAWN_COMPARE: return chart_compare(result, why, why_size);
        case RS_DRAWN_FUNNEL: return chart_funnel(result, why, why_size);
        case RS_DRAWN_PROCESS: return chart_process(result, why, why_size);
        case RS_DRAWN_HEAT: return chart_heat(request, result, why, why_size);
        case RS_DRAWN_STAFFING: return chart_staffing(result, why, why_size);
        case RS_DRAWN_STANDARDS: return chart_standards(result, why, why_size);
        default: return NULL;
    }
}
