/* `ringside alerts`: the open alerts, or every change of them as it comes; what people say about them is in alerts_say.c, all of one in
 * alerts_show.c. */
#include "cli/alert_print.h"

#include "base/clock.h"
#include "cli/alerts_verbs.h"
#include "cli/cli.h"
#include "cli/follow_options.h"
#include "cli/text_line.h"

#include "feed/format.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPTION_FOLLOW = 1, OPTION_OUTPUT, OPTION_TENANT, OPTION_RULE, OPTION_SEVERITY };
enum { WAIT_MS = 200, MAX_ALERTS = 100000, NAMED_ALERTS = 5 };

typedef struct listed {
    rs_alert_body_t alert;
    char *body;
} listed_t;

typedef struct rs_alerts_command {
    rs_follow_settings_t settings;
    bool follows, prints_ndjson, is_output_named;
    const char *tenant, *rule;
    uint8_t severity; /* this and graver */
    char prefix[RS_FEED_MAX_TOPIC + 1];
    rs_follow_t *follow;
    uint64_t unreadable;

    listed_t *listed; /* the snapshot's, without --follow */
    uint32_t listed_count, listed_room, listed_more;

    json_t *known; /* with --follow: episode -> [sequence last printed, generation, "rule key"] */
    json_int_t generation;
    bool is_synced, has_synced; /* now; ever */
} rs_alerts_command_t;

static volatile sig_atomic_t stopped;

static void on_stop(int signal_number) {
    (void)signal_number;
    stopped = 1;
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */
static const struct argp_option options[] = {
    {"follow", OPTION_FOLLOW, NULL, 0,
     "print the open alerts' last changes, then every change as it comes, until Ctrl-C", 0},
    {"output", OPTION_OUTPUT, "FORMAT", 0,
     "table, or ndjson: the feed's own bodies, one a line (table on a terminal, else ndjson)", 0},
    {"tenant", OPTION_TENANT, "NAME", 0, "only of this tenant", 0},
    {"rule", OPTION_RULE, "GLOB", 0, "only of rules with such a name: * is any text, ? any one character", 0},
    {"severity", OPTION_SEVERITY, "SEVERITY", 0, "only info, warning or critical, and what is graver", 0},
    {0}};

static void parse_severity(struct argp_state *state, const char *argument, uint8_t *severity) {
    for (unsigned i = RS_SEVERITY_INFO; i <= RS_SEVERITY_CRITICAL; i++) {
        if (strcmp(argument, rs_alert_severity_name(i)) != 0) continue;
        *severity = (uint8_t)i;
        return;
    }
    argp_error(state, "--severity: unknown \"%s\"; allowed: info, warning, critical", argument);
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_alerts_command_t *command = state->input;
    switch (key) {
        case ARGP_KEY_INIT: state->child_inputs[0] = &command->settings; return 0;
        case OPTION_FOLLOW: command->follows = true; return 0;
        case OPTION_RULE: command->rule = argument; return 0;
        case OPTION_SEVERITY: parse_severity(state, argument, &command->severity); return 0;
        case OPTION_TENANT:
            if (argument[0] == '\0' || strlen(argument) > RS_MAX_NAME)
                argp_error(state, "--tenant: \"%s\" is no name", argument);
            command->tenant = argument;
            return 0;
        case OPTION_OUTPUT:
            command->is_output_named = true;
            command->prints_ndjson = strcmp(argument, "ndjson") == 0;
            if (!command->prints_ndjson && strcmp(argument, "table") != 0) {
                argp_error(state, "--output: unknown \"%s\"; allowed: table, ndjson", argument);
            }
            return 0;
        case ARGP_KEY_ARG: argp_error(state, "unexpected \"%s\"", argument); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&rs_follow_argp, 0, NULL, 0}, {0}};
static const struct argp parser = {
    options,
    parse_option,
    "[list]\nfollow\nshow ALERT\nack|unack|note|cause|action|resolve|review ALERT TEXT...\nsilence --until WHEN WHY...\nsilences\n"
    "unsilence NUMBER",
    "Lists the daemon's open alerts, or follows them."
    "\vThe other words have a --help of their own; their ALERT is the number in the first column, such as 17-7. States: "
    "pending (beyond the limit, not yet for long enough), firing, recovering, no_data (it fires, and nothing is known any more), flapping, "
    "target_unreachable (rules with a trial), and at the end resolved, or ok when it never fired. FIGURE is that of the last change, "
    "at TOLD; `ringside top` has what it is now. Times are local. Whatever happens to the connection is told on standard error.",
    children,
    NULL,
    NULL};

/* "alert/", or "alert/<tenant>/" with the tenant as topics have it. */
static void make_prefix(rs_alerts_command_t *command) {
    const rs_key_t total = {.family = RS_FAMILY_TOTAL, .tenant = rs_str(command->tenant)};
    size_t len = 0;
    strcpy(command->prefix, "alert/");
    if (command->tenant == NULL) return;
    if (rs_feed_format_topic("alert", &total, command->prefix, RS_FEED_MAX_TOPIC, &len) != RS_OK)
        return; /* a name fits */
    command->prefix[len - strlen("total")] = '\0';
}

/* --- one alert ---------------------------------------------------------------------------------------------------- */
static bool is_wanted(const rs_alerts_command_t *command, const rs_alert_body_t *alert) {
    return alert->severity >= command->severity &&
           (command->rule == NULL || fnmatch(command->rule, alert->rule, 0) == 0) &&
           (command->tenant == NULL || strcmp(command->tenant, alert->key.tenant) == 0);
}

/* False: not wanted, or not to be read. */
static bool read_alert(rs_alerts_command_t *command, const rs_follow_item_t *item, rs_alert_body_t *alert) {
    const bool is_line = memchr(item->body.data, '\n', item->body.len) == NULL;
    if (is_line && rs_body_read_alert(item->body, alert) == RS_OK) return is_wanted(command, alert);
    if (command->unreadable++ == 0)
        (void)rs_cli_fail("%.*s: a message that cannot be read is left out", (int)item->topic.len, item->topic.data);
    return false;
}

/* 0; -1: nobody reads standard output any more; 1: it failed, and it has been said. */
static int flush_output(void) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    return errno == EPIPE ? -1 : rs_cli_fail("standard output: %s", strerror(errno));
}

/* --- the list ----------------------------------------------------------------------------------------------------- */
static void forget_listed(rs_alerts_command_t *command) {
    for (uint32_t i = 0; i < command->listed_count; i++) free(command->listed[i].body);
    command->listed_count = command->listed_more = 0;
}

static int add_listed(rs_alerts_command_t *command, const rs_follow_item_t *item) {
    rs_alert_body_t alert;
    if (!read_alert(command, item, &alert)) return RS_OK;
    if (command->listed_count == MAX_ALERTS) {
        command->listed_more++;
        return RS_OK;
    }
    if (command->listed_count == command->listed_room) {
        const uint32_t room = command->listed_room == 0 ? 64 : command->listed_room * 2;
        listed_t *grown = realloc(command->listed, room * sizeof *grown);
        if (grown == NULL) return RS_ERR_MEMORY;
        command->listed = grown;
        command->listed_room = room;
    }
    char *body = strndup(item->body.data, item->body.len);
    if (body == NULL) return RS_ERR_MEMORY;
    command->listed[command->listed_count++] = (listed_t){.alert = alert, .body = body};
    return RS_OK;
}

/* The gravest first, of those the newest. */
static int order(const void *a_place, const void *b_place) {
    const rs_alert_body_t *a = &((const listed_t *)a_place)->alert, *b = &((const listed_t *)b_place)->alert;
    if (a->severity != b->severity) return a->severity > b->severity ? -1 : 1;
    if (a->started_us != b->started_us) return a->started_us > b->started_us ? -1 : 1;
    return strcmp(a->episode, b->episode);
}

static int64_t daemon_time_us(const rs_alerts_command_t *command) {
    rs_follow_pulse_t pulse;
    int64_t at_us = 0;
    rs_follow_pulse(command->follow, &pulse);
    return rs_body_read_heartbeat(pulse.heartbeat, &at_us) == RS_OK ? at_us : 0;
}

static int print_list(rs_alerts_command_t *command) {
    const uint32_t count = command->listed_count;
    if (count > 0) qsort(command->listed, count, sizeof *command->listed, order);
    if (command->prints_ndjson) {
        for (uint32_t i = 0; i < count; i++) puts(command->listed[i].body);
    } else if (count == 0) {
        puts("no open alerts");
    } else {
        const rs_alert_body_t **alerts = calloc(count, sizeof *alerts);
        if (alerts == NULL) return rs_cli_fail("out of memory");
        for (uint32_t i = 0; i < count; i++) alerts[i] = &command->listed[i].alert;
        rs_alert_print_table(stdout, alerts, count, daemon_time_us(command));
        free(alerts);
    }
    if (command->listed_more > 0) fprintf(stderr, "… and %" PRIu32 " more\n", command->listed_more);
    return flush_output() > 0 ? 1 : 0;
}

static int list(rs_alerts_command_t *command) {
    const int64_t end_us = rs_monotonic_us() + command->settings.timeout_s * RS_US_PER_S;
    rs_follow_item_t item;
    while (rs_monotonic_us() < end_us) {
        if (rs_follow_next(command->follow, WAIT_MS, &item) != RS_OK) continue;
        if (item.kind == RS_FOLLOW_SNAPSHOT_BEGIN) forget_listed(command);
        if (item.kind == RS_FOLLOW_SNAPSHOT && add_listed(command, &item) != RS_OK) return rs_cli_fail("out of memory");
        if (item.kind == RS_FOLLOW_SNAPSHOT_END) return print_list(command);
    }
    return rs_follow_fail_unanswered(&command->settings, command->follow);
}

/* --- following ---------------------------------------------------------------------------------------------------- */
static void remember(rs_alerts_command_t *command, const rs_alert_body_t *alert, uint64_t sequence) {
    char label[RS_KEY_LABEL];
    if (rs_alert_is_over(alert->state)) {
        (void)json_object_del(command->known, alert->episode);
        return;
    }
    if (json_object_size(command->known) == MAX_ALERTS && json_object_get(command->known, alert->episode) == NULL)
        return;
    rs_body_key_label(&alert->key, false, label);
    (void)json_object_set_new(
        command->known, alert->episode,
        json_pack("[I,I,s++]", (json_int_t)sequence, command->generation, alert->rule, " ", label));
}

/* 0, or what flush_output says. What was printed before, or is in the last snapshot, comes at most once. */
static int take_alert(rs_alerts_command_t *command, const rs_follow_item_t *item) {
    rs_alert_body_t alert;
    if (!read_alert(command, item, &alert)) return 0;
    json_t *known = json_object_get(command->known, alert.episode);
    if (known != NULL) (void)json_array_set_new(known, 1, json_integer(command->generation));
    if (known != NULL && (uint64_t)json_integer_value(json_array_get(known, 0)) >= item->sequence) return 0;
    remember(command, &alert, item->sequence);
    if (command->prints_ndjson)
        printf("%.*s\n", (int)item->body.len, item->body.data);
    else
        rs_alert_print_line(stdout, &alert);
    return flush_output();
}

/* Alerts whose end was among what was missed. */
static void forget_vanished(rs_alerts_command_t *command) {
    const char *episode;
    void *next;
    json_t *known;
    uint32_t vanished = 0;
    json_object_foreach_safe(command->known, next, episode, known) {
        if (json_integer_value(json_array_get(known, 1)) == command->generation) continue;
        if (vanished++ < NAMED_ALERTS)
            fprintf(stderr, "ringside: ended meanwhile: %s\n", json_string_value(json_array_get(known, 2)));
        (void)json_object_del(command->known, episode);
    }
    if (vanished > NAMED_ALERTS)
        fprintf(stderr, "ringside: ended meanwhile: %" PRIu32 " more\n", vanished - NAMED_ALERTS);
}

static int take_item(rs_alerts_command_t *command, const rs_follow_item_t *item) {
    switch (item->kind) {
        case RS_FOLLOW_SNAPSHOT_BEGIN: command->generation++; return 0;
        case RS_FOLLOW_SNAPSHOT:
        case RS_FOLLOW_UPDATE: return take_alert(command, item);
        case RS_FOLLOW_SNAPSHOT_END:
            if (!command->is_synced && command->has_synced) fprintf(stderr, "ringside: connected again, up to date\n");
            forget_vanished(command);
            command->is_synced = command->has_synced = true;
            return 0;
        case RS_FOLLOW_GAP:
            fprintf(stderr, "ringside: messages %" PRIu64 " to %" PRIu64 " were missed; taking a new snapshot\n",
                    item->from_sequence, item->to_sequence);
            return 0;
        case RS_FOLLOW_LOST_CONNECTION:
            fprintf(stderr, "ringside: %s: the connection was lost, or the daemon was started anew; waiting for it\n",
                    command->settings.publish_endpoint);
            command->is_synced = false;
            return 0;
    }
    return 0;
}

/* A pipe whose reader has ended would be noticed at the next alert only. */
static bool is_reader_gone(void) {
    struct pollfd output = {.fd = STDOUT_FILENO};
    return poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

static int follow(rs_alerts_command_t *command) {
    const struct sigaction stop = {.sa_handler = on_stop};
    const int64_t patience_us = rs_monotonic_us() + command->settings.timeout_s * RS_US_PER_S;
    bool has_complained = false;
    int result = 0;
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    while (!stopped && result == 0 && !is_reader_gone()) {
        rs_follow_item_t item;
        if (rs_follow_next(command->follow, WAIT_MS, &item) == RS_OK) result = take_item(command, &item);
        if (command->has_synced || has_complained || rs_monotonic_us() < patience_us) continue;
        (void)rs_follow_fail_unanswered(&command->settings, command->follow);
        has_complained = true;
    }
    return result > 0 ? 1 : 0;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */
static int run(rs_alerts_command_t *command) {
    int result = rs_follow_settings_load(&command->settings);
    if (result != 0) return result;
    make_prefix(command);
    if (!command->is_output_named) command->prints_ndjson = !isatty(STDOUT_FILENO);
    command->known = json_object();
    if (command->known == NULL) return rs_cli_fail("out of memory");
    result = rs_follow_settings_open(&command->settings, command->prefix, &command->follow);
    if (result != 0) return result;
    return command->follows ? follow(command) : list(command);
}

/* The arguments after a verb, under the name that help and errors show. */
static int run_verb(const char *verb, int argc, char **argv) {
    static char name[64];
    snprintf(name, sizeof name, "ringside alerts %s", verb);
    argv[1] = name;
    return strcmp(verb, "show") == 0 ? rs_cli_alerts_show(argc - 1, argv + 1) : rs_cli_alerts_say(verb, argc - 1, argv + 1);
}

static bool is_verb(const char *word) {
    return strcmp(word, "show") == 0 || strcmp(word, "silences") == 0 || rs_command_find(rs_str(word)) != RS_COMMAND_NONE;
}

int rs_cli_alerts(int argc, char **argv) {
    rs_alerts_command_t command = {0};
    if (argc > 1 && is_verb(argv[1])) return run_verb(argv[1], argc, argv);
    if (argc > 1 && (strcmp(argv[1], "list") == 0 || strcmp(argv[1], "follow") == 0)) {
        command.follows = argv[1][0] == 'f';
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    argp_err_exit_status = 2;
    argv[0] = "ringside alerts";
    argp_parse(&parser, argc, argv, 0, NULL, &command);
    rs_text_use_utf8();
    const int result = run(&command);
    forget_listed(&command);
    free(command.listed);
    json_decref(command.known);
    rs_follow_close(&command.follow);
    rs_follow_settings_deinit(&command.settings);
    return result;
}
