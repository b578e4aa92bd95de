/* `ringside report NAME`: history from PostgreSQL. */
#include "cli/report.h"

#include "cli/cli.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPTION_FROM = 256,
    OPTION_TO,
    OPTION_INTERVAL,
    OPTION_TIMEZONE,
    OPTION_TENANT,
    OPTION_KEY,
    OPTION_BY,
    OPTION_METRIC,
    OPTION_POLICY,
    OPTION_CHANNEL,
    OPTION_ATTRIBUTION,
    OPTION_AGAINST,
    OPTION_CHANGE,
    OPTION_REASON,
    OPTION_MIN_N,
    OPTION_CONFIDENCE,
    OPTION_TARGET,
    OPTION_THRESHOLD,
    OPTION_FORMAT,
    OPTION_OUTPUT,
    OPTION_FREEZE,
    OPTION_REVIEW,
    OPTION_NAME
};

typedef struct rs_report_arguments {
    const char *name, *about, *config, *database, *format, *output, *freeze, *review, *by, *target, *threshold;
    rs_report_request_t request;
} rs_report_arguments_t;

static const struct argp_option options[] = {
    {"from", OPTION_FROM, "TIME", 0, "first day or instant: 2026-03-02 or 2026-03-02T08:00 (7 days before --to)", 0},
    {"to", OPTION_TO, "TIME", 0, "first day or instant that does not belong to it (today, or now with --from)", 0},
    {"timezone", OPTION_TIMEZONE, "ZONE", 0, "IANA name: for dates, days, and for showing (UTC)", 0},
    {"by", OPTION_BY, "WHAT", 0, "queue, channel, total, team, agent; or a step as --interval; or both: queue,day", 0},
    {"interval", OPTION_INTERVAL, "STEP", 0, "15m, 30m, hour, day, week, month, year or all", 0},
    {"policy", OPTION_POLICY, "NAMES", 0, "service-level policies, separated by commas (short_excluded); '*': all", 0},
    {"metric", OPTION_METRIC, "NAME", 0, "the figure of compare (several: commas), trend, benchmark, heatmap, --freeze", 0},
    {"tenant", OPTION_TENANT, "NAME", 0, "one organisation only", 0},
    {"key", OPTION_KEY, "NAME", 0, "one queue, channel, team or agent only", 0},
    {"queue", OPTION_KEY, 0, OPTION_ALIAS, 0, 0},
    {"channel", OPTION_CHANNEL, "NAME", 0, "one channel of queues only", 0},
    {"attribution", OPTION_ATTRIBUTION, "MODE", 0, "event, enter or close (event)", 0},
    {"change", OPTION_CHANGE, "TIME", 0, "compare: when the change was made; from there back to --from is before", 0},
    {"against", OPTION_AGAINST, "FROM,TO", 0, "compare: the period before", 0},
    {"confidence", OPTION_CONFIDENCE, "SHARE", 0, "compare: of the interval (0.95)", 0},
    {"reason", OPTION_REASON, "TEXT", 0, "why agents' figures are read; it is logged", 0},
    {"min-n", OPTION_MIN_N, "NUMBER", 0, "benchmark, topic: fewer observations are not judged, not told apart", 0},
    {"target", OPTION_TARGET, "SHARE", 0, "staffing: of all calls to be answered within T (0.8)", 0},
    {"threshold", OPTION_THRESHOLD, "TIME", 0, "staffing: T, like 20s (the queue's)", 0},
    {"freeze", OPTION_FREEZE, "NAME", 0, "baseline: freezes --metric of the period under this name", 0},
    {"name", OPTION_NAME, "NAME", 0, "baseline: this one only", 0},
    {"review", OPTION_REVIEW, "ID", 0, "improvement: computes the outcome of this one, and keeps it", 0},
    {"format", OPTION_FORMAT, "FORM", 0, "table, csv, json or html (table)", 0},
    {"output", OPTION_OUTPUT, "FILE", 0, "instead of standard output", 0},
    {"config", 'c', "FILE", 0, "the daemon's configuration, for its store.database (/etc/ringside/ringside.conf)", 0},
    {"database", 'd', "CONNINFO", 0, "a libpq connection string instead", 0},
    {0}};

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_report_arguments_t *arguments = state->input;
    const char **values = arguments->request.values;
    switch (key) {
        case OPTION_FROM: values[RS_OPT_FROM] = argument; return 0;
        case OPTION_TO: values[RS_OPT_TO] = argument; return 0;
        case OPTION_TIMEZONE: values[RS_OPT_ZONE] = argument; return 0;
        case OPTION_BY: arguments->by = argument; return 0;
        case OPTION_INTERVAL: values[RS_OPT_STEP] = argument; return 0;
        case OPTION_POLICY: values[RS_OPT_POLICY] = argument; return 0;
        case OPTION_METRIC: values[RS_OPT_METRIC] = argument; return 0;
        case OPTION_TENANT: values[RS_OPT_TENANT] = argument; return 0;
        case OPTION_KEY: values[RS_OPT_KEY] = argument; return 0;
        case OPTION_CHANNEL: values[RS_OPT_CHANNEL] = argument; return 0;
        case OPTION_ATTRIBUTION: values[RS_OPT_ATTRIBUTION] = argument; return 0;
        case OPTION_AGAINST: arguments->request.against = argument; return 0;
        case OPTION_CHANGE: arguments->request.change = argument; return 0;
        case OPTION_CONFIDENCE: values[RS_OPT_CONFIDENCE] = argument; return 0;
        case OPTION_REASON: values[RS_OPT_REASON] = argument; return 0;
        case OPTION_MIN_N: values[RS_OPT_MIN_N] = argument; return 0;
        case OPTION_TARGET: arguments->target = argument; return 0;
        case OPTION_THRESHOLD: arguments->threshold = argument; return 0;
        case OPTION_FREEZE: arguments->freeze = argument; return 0;
        case OPTION_NAME: values[RS_OPT_NAME] = argument; return 0;
        case OPTION_REVIEW: arguments->review = argument; return 0;
        case OPTION_FORMAT: arguments->format = argument; return 0;
        case OPTION_OUTPUT: arguments->output = argument; return 0;
        case 'c': arguments->config = argument; return 0;
        case 'd': arguments->database = argument; return 0;
        case ARGP_KEY_ARG:
            if (arguments->name == NULL)
                arguments->name = argument;
            else if (arguments->about == NULL && strcmp(arguments->name, "list") == 0)
                arguments->about = argument;
            else
                argp_error(state, "unexpected argument \"%s\"", argument);
            return 0;
        case ARGP_KEY_NO_ARGS: argp_error(state, "which report? `ringside report list` explains them"); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

/* --- list -------------------------------------------------------------------------------------------------------- */
static int explain(const rs_report_t *report) {
    printf("%s: %s\n\n%s\n\nSQL: ringside.%s\nOptions:", report->name, report->what, report->explanation, report->function);
    for (unsigned option = 0; option < RS_OPT_COUNT; option++) {
        if (!rs_report_takes(report, option) || (option == RS_OPT_FAMILY && report->family_is_fixed) ||
            option == RS_OPT_BEFORE_TO)
            continue;
        printf(" %s", rs_report_option_name(option));
        const char *otherwise = option == RS_OPT_STEP     ? report->step
                                : option == RS_OPT_FAMILY ? report->family
                                : option == RS_OPT_METRIC ? report->metric
                                : option == RS_OPT_POLICY ? report->policy
                                                          : NULL;
        if (otherwise != NULL) printf(" (%s)", otherwise);
    }
    puts("\nColumns (those marked * in csv and json only):");
    for (uint32_t i = 0; i < report->column_count; i++)
        printf("  %-22s%s %s\n", report->columns[i].name, report->columns[i].more ? "*" : " ", report->columns[i].what);
    return 0;
}

static int list(const char *about) {
    if (about != NULL) {
        const rs_report_t *report = rs_report_find(about);
        return report != NULL ? explain(report)
                              : rs_cli_usage("report: there is no \"%s\"; `ringside report list` has them", about);
    }
    for (uint32_t i = 0; i < rs_report_count; i++) printf("%-14s %s\n", rs_reports[i].name, rs_reports[i].what);
    puts("\n`ringside report list NAME` explains one: how it is counted, its options and columns.");
    return 0;
}

/* --- from words to a request ------------------------------------------------------------------------------------- */
static bool is_one_of(const char *text, size_t len, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) == len && strncmp(words[i], text, len) == 0) return true;
    }
    return false;
}

static const char *const families[] = {"queue", "channel", "total", "team", "agent"};
static const char *const steps[] = {"15m", "30m", "hour", "day", "week", "month", "year", "all"};

/* --by names a family, a step, or both. */
static int parse_by(rs_report_arguments_t *arguments, char family[16], char step[16]) {
    const char *by = arguments->by;
    while (by != NULL && *by != 0) {
        const size_t len = strcspn(by, ",");
        if (is_one_of(by, len, families, RS_ARRAY_LEN(families))) {
            snprintf(family, 16, "%.*s", (int)len, by);
            arguments->request.values[RS_OPT_FAMILY] = family;
        } else if (is_one_of(by, len, steps, RS_ARRAY_LEN(steps))) {
            snprintf(step, 16, "%.*s", (int)len, by);
            arguments->request.values[RS_OPT_STEP] = step;
        } else {
            return rs_cli_usage("--by: unknown \"%.*s\"; allowed: queue, channel, total, team, agent, 15m, 30m, hour, day, week, "
                                "month, year, all",
                                (int)len, by);
        }
        by += len;
        if (*by == ',') by++;
    }
    return 0;
}

static int parse_numbers(rs_report_arguments_t *arguments) {
    rs_report_request_t *request = &arguments->request;
    const char *const *values = request->values;
    char *end;
    int64_t us;
    request->target = 0.8;
    request->threshold_ms = -1;
    if (arguments->target != NULL) {
        request->target = strtod(arguments->target, &end);
        if (end == arguments->target || *end != 0 || !(request->target > 0 && request->target < 1)) {
            return rs_cli_usage("--target: \"%s\" is no share; allowed: between 0 and 1, such as 0.8", arguments->target);
        }
    }
    if (arguments->threshold != NULL) {
        if (rs_config_parse_duration(rs_str(arguments->threshold), &us) != RS_OK)
            return rs_cli_usage("--threshold: \"%s\" is not a time; allowed: such as 20s", arguments->threshold);
        request->threshold_ms = (double)us / 1000;
    }
    if (values[RS_OPT_CONFIDENCE] != NULL) {
        const double confidence = strtod(values[RS_OPT_CONFIDENCE], &end);
        if (end == values[RS_OPT_CONFIDENCE] || *end != 0 || !(confidence > 0 && confidence < 1)) {
            return rs_cli_usage("--confidence: \"%s\" is no share; allowed: between 0 and 1, such as 0.95",
                                values[RS_OPT_CONFIDENCE]);
        }
    }
    if (values[RS_OPT_MIN_N] != NULL) {
        const long number = strtol(values[RS_OPT_MIN_N], &end, 10);
        if (end == values[RS_OPT_MIN_N] || *end != 0 || number < 1 || number > 1000000000)
            return rs_cli_usage("--min-n: \"%s\" is not a whole number from 1", values[RS_OPT_MIN_N]);
    }
    return 0;
}

/* What the report does not take is an error: else one would believe that it had counted. */
static int check_taken(const rs_report_arguments_t *arguments, const rs_report_t *report) {
    static const rs_report_option_t asked[] = {RS_OPT_STEP,   RS_OPT_TENANT, RS_OPT_KEY,       RS_OPT_FAMILY,
                                               RS_OPT_METRIC, RS_OPT_POLICY, RS_OPT_CHANNEL,   RS_OPT_ATTRIBUTION,
                                               RS_OPT_MIN_N,  RS_OPT_NAME,   RS_OPT_CONFIDENCE};
    for (size_t i = 0; i < RS_ARRAY_LEN(asked); i++) {
        const rs_report_option_t option = asked[i];
        const bool for_freezing =
            arguments->freeze != NULL && option != RS_OPT_STEP && option != RS_OPT_MIN_N && option != RS_OPT_CONFIDENCE;
        if (arguments->request.values[option] == NULL || for_freezing) continue;
        if (!rs_report_takes(report, option))
            return rs_cli_usage("report %s: it does not take %s; `ringside report list %s`", report->name,
                                rs_report_option_name(option), report->name);
    }
    if (arguments->request.values[RS_OPT_FAMILY] != NULL && report->family_is_fixed &&
        strcmp(arguments->request.values[RS_OPT_FAMILY], report->family) != 0) {
        return rs_cli_usage("report %s is by %s; for --by %s take the report of that name", report->name, report->family,
                            arguments->request.values[RS_OPT_FAMILY]);
    }
    if ((arguments->request.against != NULL || arguments->request.change != NULL) &&
        !rs_report_takes(report, RS_OPT_BEFORE_FROM)) {
        return rs_cli_usage("--change and --against: only of report compare");
    }
    if (arguments->freeze != NULL && strcmp(report->name, "baseline") != 0)
        return rs_cli_usage("--freeze: only of report baseline");
    if (arguments->review != NULL && strcmp(report->name, "improvement") != 0)
        return rs_cli_usage("--review: only of report improvement");
    if ((arguments->target != NULL || arguments->threshold != NULL) && report->chart != RS_DRAWN_STAFFING)
        return rs_cli_usage("--target and --threshold: only of report staffing");
    return 0;
}

static int fill_in(rs_report_arguments_t *arguments, const rs_report_t *report) {
    rs_report_request_t *request = &arguments->request;
    const char **values = request->values;
    request->report = report;
    if (values[RS_OPT_FAMILY] == NULL) values[RS_OPT_FAMILY] = report->family;
    if (values[RS_OPT_STEP] == NULL) values[RS_OPT_STEP] = report->step;
    if (values[RS_OPT_METRIC] == NULL) values[RS_OPT_METRIC] = report->metric;
    if (values[RS_OPT_POLICY] == NULL) values[RS_OPT_POLICY] = report->policy;
    if (values[RS_OPT_ZONE] == NULL) values[RS_OPT_ZONE] = "UTC";
    if (rs_report_takes(report, RS_OPT_BEFORE_FROM)) {
        if ((request->against == NULL) == (request->change == NULL))
            return rs_cli_usage("report %s: before what? --change TIME within the period, or --against FROM,TO", report->name);
        if (request->change != NULL && values[RS_OPT_FROM] == NULL)
            return rs_cli_usage("--change: needs --from, where the time before begins");
    }
    if (values[RS_OPT_FAMILY] != NULL && strcmp(values[RS_OPT_FAMILY], "agent") == 0 && values[RS_OPT_REASON] == NULL &&
        rs_report_takes(report, RS_OPT_REASON)) {
        return rs_cli_usage("report %s: agents' figures are of persons: --reason TEXT says why they are read, and is logged",
                            report->name);
    }
    request->progress = isatty(STDERR_FILENO) != 0;
    return 0;
}

/* --- the run ----------------------------------------------------------------------------------------------------- */
static int print(const rs_report_arguments_t *arguments, rs_report_result_t *result) {
    const rs_report_request_t *request = &arguments->request;
    FILE *out = arguments->output == NULL ? stdout : fopen(arguments->output, "w");
    if (out == NULL) return rs_cli_fail("--output: %s: %s", arguments->output, strerror(errno));
    if (strcmp(arguments->format, "csv") == 0)
        rs_report_print_csv(out, result);
    else if (strcmp(arguments->format, "json") == 0)
        rs_report_print_json(out, request, result);
    else if (strcmp(arguments->format, "html") == 0)
        rs_report_print_html(out, request, result);
    else
        rs_report_print_table(out, request, result);
    const bool failed = ferror(out) != 0;
    const bool closed = out == stdout ? fflush(out) == 0 : fclose(out) == 0;
    if (failed || !closed) return rs_cli_fail("cannot write the report: %s", strerror(errno));
    for (uint32_t i = 0; i < result->warning_count; i++) fprintf(stderr, "ringside report: note: %s\n", result->warnings[i]);
    return 0;
}

static int run_on(rs_report_arguments_t *arguments, const char *database) {
    rs_report_result_t result = {0};
    rs_report_request_t freezing = arguments->request;
    int status = 0;
    if (arguments->freeze != NULL) status = rs_report_freeze(database, &freezing, arguments->freeze);
    if (arguments->review != NULL) status = rs_report_review(database, &arguments->request, arguments->review);
    if (status == 0 && arguments->freeze != NULL) { /* then shows the new one */
        const char **values = arguments->request.values;
        values[RS_OPT_NAME] = arguments->freeze;
        values[RS_OPT_TENANT] = NULL;
    }
    if (status == 0) status = rs_report_query(database, &arguments->request, &result);
    if (status == 0 && result.report->chart == RS_DRAWN_STAFFING) status = rs_report_staffing(&arguments->request, &result);
    if (status == 0) status = print(arguments, &result);
    rs_report_result_deinit(&result);
    return status;
}

static int run(rs_report_arguments_t *arguments) {
    static const char *const formats[] = {"table", "csv", "json", "html"};
    char family[16], step[16];
    if (strcmp(arguments->name, "list") == 0) return list(arguments->about);
    const rs_report_t *report = rs_report_find(arguments->name);
    if (report == NULL) return rs_cli_usage("unknown report \"%s\"; `ringside report list` explains them", arguments->name);
    if (!is_one_of(arguments->format, strlen(arguments->format), formats, RS_ARRAY_LEN(formats))) {
        return rs_cli_usage("--format: unknown \"%s\"; allowed: table, csv, json, html", arguments->format);
    }
    int status = parse_by(arguments, family, step);
    if (status == 0) status = check_taken(arguments, report);
    if (status == 0) status = parse_numbers(arguments);
    if (status == 0) status = fill_in(arguments, report);
    if (status != 0) return status;
    if (arguments->database != NULL) return run_on(arguments, arguments->database);
    rs_config_t *config;
    rs_config_error_t error;
    char text[1024];
    if (rs_config_load(arguments->config, NULL, 0, &config, &error) != RS_OK) {
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_fail("%s", text);
    }
    char *database = strndup(config->database.len == 0 ? "" : config->database.data, config->database.len);
    if (database == NULL)
        status = rs_cli_fail("out of memory");
    else if (database[0] == 0)
        status = rs_cli_fail("%s: store.database is not set", arguments->config);
    else
        status = run_on(arguments, database);
    free(database);
    rs_config_destroy(&config);
    return status;
}

int rs_cli_report(int argc, char **argv) {
    static const struct argp parser = {options,
                                       parse_option,
                                       "NAME\nlist [NAME]",
                                       "History from PostgreSQL: service levels, reviews, staffing, … `ringside report list` "
                                       "explains the reports, `list NAME` one of them."
                                       "\vA page (--format html) is one file without scripts, with its charts, for mail and "
                                       "print; it needs gnuplot (package gnuplot-nox) and Graphviz.\n"
                                       "What to be careful about (a changed formula, months that retention has dropped, too "
                                       "little data) is said on standard error, and in json and html.",
                                       NULL,
                                       NULL,
                                       NULL};
    rs_report_arguments_t arguments = {.config = "/etc/ringside/ringside.conf", .format = "table"};
    argp_err_exit_status = 2;
    argv[0] = "ringside report";
    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    return run(&arguments);
}
