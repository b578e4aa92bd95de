/* `ringside alerts ack|unack|note|cause|action|resolve|review|silence|unsilence|silences`: what people say about alerts. */
#include "cli/alerts_verbs.h"

#include "base/clock.h"
#include "cli/alert_outcome.h"
#include "cli/cli.h"
#include "cli/command_door.h"
#include "cli/text_line.h"
#include "event/command_request.h"

#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPTION_TO = 0x201, OPTION_CONFIG, OPTION_TIMEOUT, OPTION_OUTPUT, OPTION_WHO, OPTION_UNTIL, OPTION_STICKY, OPTION_OWNER, OPTION_DUE,
       OPTION_TENANT, OPTION_RULE, OPTION_KEY, OPTION_CHANNEL };
enum { DEFAULT_TIMEOUT_S = 5, FIELD = 900 };   /* longer than any value may be, shorter than a frame */

typedef struct saying {
    rs_command_what_t what;                 /* NONE: silences */
    const char *to, *config_path, *about, *who, *until, *owner, *due, *tenant, *rule, *key, *channel;
    bool is_sticky, prints_ndjson, is_output_named;
    long timeout_s;
    rs_review_watch_t *watch;               /* of a review, when the file names a database */
    char text[FIELD];                       /* the words after the alert, joined */
    char fields[RS_DOOR_FRAMES][FIELD + 32];
    uint32_t count;
} saying_t;

static const struct argp_option options[] = {
    {"who", OPTION_WHO, "NAME", 0, "who says it (the user of this terminal)", 0},
    {"until", OPTION_UNTIL, "WHEN", 0, "ack, silence: when it ends: a length from now on, like 2h, or a time, 2026-03-02T09:00:00Z", 0},
    {"sticky", OPTION_STICKY, NULL, 0, "ack: also when it fires anew before it has ended", 0},
    {"owner", OPTION_OWNER, "NAME", 0, "action: who does it", 0},
    {"due", OPTION_DUE, "WHEN", 0, "action: by when, like --until", 0},
    {"tenant", OPTION_TENANT, "GLOB", 0, "silence: of these tenants only", 0},
    {"rule", OPTION_RULE, "GLOB", 0, "silence: of these rules only: * is any text, ? any one character", 0},
    {"key", OPTION_KEY, "GLOB", 0, "silence: of these queues only", 0},
    {"channel", OPTION_CHANNEL, "NAME", 0, "silence: of this channel only", 0},
    {"to", OPTION_TO, "ENDPOINT", 0, "the daemon's door of commands (tcp://127.0.0.1:5574)", 0},
    {"config", OPTION_CONFIG, "FILE", 0, "the daemon's file, which names it", 0},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "how long to wait for the answer (5)", 0},
    {"output", OPTION_OUTPUT, "FORMAT", 0, "table or ndjson (table on a terminal, else ndjson)", 0},
    {0}};

/* --- arguments ------------------------------------------------------------------------------------------------------ */
static void add_words(struct argp_state *state, saying_t *saying, const char *word) {
    const size_t used = strlen(saying->text), more = strlen(word);
    if (used + more + 2 > sizeof saying->text) argp_error(state, "the text is longer than %d bytes", RS_COMMAND_TEXT);
    snprintf(saying->text + used, sizeof saying->text - used, "%s%s", used == 0 ? "" : " ", word);
}

static bool names_one(const saying_t *saying) { return saying->what != RS_COMMAND_SILENCE && saying->what != RS_COMMAND_NONE; }

static void take_argument(struct argp_state *state, saying_t *saying, const char *argument) {
    if (saying->what == RS_COMMAND_NONE) argp_error(state, "unexpected \"%s\"", argument);
    else if (names_one(saying) && saying->about == NULL) saying->about = argument;
    else add_words(state, saying, argument);
}

static long parse_seconds(struct argp_state *state, const char *argument) {
    char *end;
    const long seconds = strtol(argument, &end, 10);
    if (*argument == '\0' || *end != '\0' || seconds < 1 || seconds > 86400) {
        argp_error(state, "--timeout: \"%s\"; allowed: 1 to 86400 seconds", argument);
    }
    return seconds;
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    saying_t *saying = state->input;
    switch (key) {
        case OPTION_WHO: saying->who = argument; return 0;
        case OPTION_UNTIL: saying->until = argument; return 0;
        case OPTION_STICKY: saying->is_sticky = true; return 0;
        case OPTION_OWNER: saying->owner = argument; return 0;
        case OPTION_DUE: saying->due = argument; return 0;
        case OPTION_TENANT: saying->tenant = argument; return 0;
        case OPTION_RULE: saying->rule = argument; return 0;
        case OPTION_KEY: saying->key = argument; return 0;
        case OPTION_CHANNEL: saying->channel = argument; return 0;
        case OPTION_TO: saying->to = argument; return 0;
        case OPTION_CONFIG: saying->config_path = argument; return 0;
        case OPTION_TIMEOUT: saying->timeout_s = parse_seconds(state, argument); return 0;
        case OPTION_OUTPUT:
            saying->is_output_named = true;
            saying->prints_ndjson = strcmp(argument, "ndjson") == 0;
            if (!saying->prints_ndjson && strcmp(argument, "table") != 0) {
                argp_error(state, "--output: unknown \"%s\"; allowed: table, ndjson", argument);
            }
            return 0;
        case ARGP_KEY_ARG: take_argument(state, saying, argument); return 0;
        case ARGP_KEY_END:
            if (names_one(saying) && saying->about == NULL)
                argp_error(state, saying->what == RS_COMMAND_UNSILENCE ? "which silence? `ringside alerts silences` numbers them"
                                                                       : "which alert? `ringside alerts` numbers them, such as 5-17");
            return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

/* --- the message ---------------------------------------------------------------------------------------------------- */
static const char *user_name(void) {
    const char *name = getenv("SUDO_USER");
    const struct passwd *user = name == NULL ? getpwuid(getuid()) : NULL;
    if (user != NULL) name = user->pw_name;
    return name == NULL ? "unknown" : name;
}

static void add_field(saying_t *saying, const char *name, const char *value) {
    if (value == NULL || value[0] == '\0') return;
    snprintf(saying->fields[saying->count++], sizeof saying->fields[0], "%s=%.*s", name, FIELD, value);
}

/* A length from now on becomes a time; a time stays what it is. */
static int add_when(saying_t *saying, const char *option, const char *name, const char *value) {
    int64_t length_us = 0, at_us = 0;
    char text[32];
    if (value == NULL) return 0;
    if (rs_config_parse_duration(rs_str(value), &length_us) == RS_OK && length_us > 0) {
        at_us = rs_wall_us() + length_us;
    } else if (rs_event_parse_time(rs_str(value), &at_us) != RS_OK) {
        return rs_cli_usage("%s: \"%s\"; allowed: a length like 2h, or a time like 2026-03-02T09:00:00Z", option, value);
    }
    rs_event_format_time(at_us, text);
    add_field(saying, name, text);
    return 0;
}

static const char *speaker(const saying_t *saying) { return saying->who != NULL ? saying->who : user_name(); }

static int make_fields(saying_t *saying) {
    add_field(saying, saying->what == RS_COMMAND_UNSILENCE ? "silence" : "episode", saying->about);
    add_field(saying, "who", speaker(saying));
    add_field(saying, "text", saying->text);
    add_field(saying, "owner", saying->owner);
    add_field(saying, "tenant", saying->tenant);
    add_field(saying, "rule", saying->rule);
    add_field(saying, "key", saying->key);
    add_field(saying, "channel", saying->channel);
    if (saying->is_sticky) add_field(saying, "sticky", "true");
    const int wrong = add_when(saying, "--until", "until", saying->until);
    return wrong != 0 ? wrong : add_when(saying, "--due", "due", saying->due);
}

/* --- the answer ----------------------------------------------------------------------------------------------------- */
static const char *option_of(const char *field) {
    if (strcmp(field, "text") == 0) return "text, the words at the end";
    return field;
}

static int tell_refused(const saying_t *saying, const rs_door_answer_t *answer) {
    const char *reason = answer->count > 0 ? answer->frames[0] : "", *field = answer->count > 1 ? answer->frames[1] : "";
    const char *text = answer->count > 2 ? answer->frames[2] : "";
    const char *act = saying->what == RS_COMMAND_NONE ? "silences" : rs_command_name(saying->what);
    if (field[0] == '\0') return rs_cli_fail("%s refused (%s): %s", act, reason, text);
    return rs_cli_fail("%s refused (%s): %s: %s", act, reason, option_of(field), text);
}

/* NULL: it is no review, or nothing is measured now. */
static json_t *measured_of(saying_t *saying) {
    uint64_t episode = 0;
    if (saying->watch == NULL || rs_command_parse_episode(rs_str(saying->about), &episode) != RS_OK) return NULL;
    json_t *measured = rs_review_watch_end(saying->watch, episode, speaker(saying), saying->timeout_s);
    saying->watch = NULL;
    return measured;
}

static int tell_done(saying_t *saying, const rs_door_answer_t *answer) {
    const bool of_silence = saying->what == RS_COMMAND_SILENCE || saying->what == RS_COMMAND_UNSILENCE;
    const char *number = answer->count > 1 ? answer->frames[1] : "";
    const bool is_measured = saying->watch != NULL;
    json_t *measured = measured_of(saying);
    if (saying->prints_ndjson) {
        json_t *line = json_pack("{s:s,s:s}", "done", rs_command_name(saying->what), of_silence ? "silence" : "episode", number);
        if (line == NULL) return rs_cli_fail("the answer is no text");
        if (measured != NULL) json_object_set(line, "measured", measured);
        json_dumpf(line, stdout, JSON_COMPACT);
        puts("");
        json_decref(line);
    } else {
        printf("%s: done, %s %s\n", rs_command_name(saying->what), of_silence ? "silence" : "alert", number);
        if (is_measured && measured == NULL) printf("did it help  not known yet; ringside alerts show %s measures it\n", number);
        rs_alert_print_outcome(stdout, measured);
    }
    json_decref(measured);
    return 0;
}

static const char *text_of(const json_t *silence, const char *name) {
    const char *text = json_string_value(json_object_get(silence, name));
    return text == NULL ? "any" : text;
}

static int tell_silences(const saying_t *saying, const rs_door_answer_t *answer) {
    if (!saying->prints_ndjson && answer->count == 0) puts("no silences");
    for (uint32_t i = 0; i < answer->count; i++) {
        json_t *silence = saying->prints_ndjson ? NULL : json_loads(answer->frames[i], 0, NULL);
        rs_line_t line;
        char text[2048];
        if (silence == NULL) {
            puts(answer->frames[i]);
            continue;
        }
        snprintf(text, sizeof text, "%" PRId64 "  until %.19s  rule %s  key %s  channel %s  tenant %s  by %s: %s",
                 (int64_t)json_integer_value(json_object_get(silence, "silence")), text_of(silence, "until"), text_of(silence, "rule"),
                 text_of(silence, "key"), text_of(silence, "channel"), text_of(silence, "tenant"), text_of(silence, "by"),
                 text_of(silence, "text"));
        rs_line_clear(&line);
        rs_line_put(&line, RS_STYLE_PLAIN, text);
        puts(line.text);
        json_decref(silence);
    }
    return 0;
}

static void watch_for_review(saying_t *saying) {
    rs_config_t *config = NULL;
    rs_config_error_t error;
    if (saying->what != RS_COMMAND_REVIEW || saying->config_path == NULL) return;
    if (rs_config_load(saying->config_path, NULL, 0, &config, &error) != RS_OK) return;   /* the door's endpoint says so */
    if (config->database.len != 0) saying->watch = rs_review_watch_begin(config->database.data);
    rs_config_destroy(&config);
}

static int ask(saying_t *saying) {
    char endpoint[512];
    const char *frames[RS_DOOR_FRAMES];
    rs_door_answer_t answer = {0};
    const bool lists = saying->what == RS_COMMAND_NONE;
    int result = lists ? 0 : make_fields(saying);
    if (result == 0) result = rs_door_endpoint(saying->to, saying->config_path, endpoint, sizeof endpoint);
    if (result != 0) return result;
    frames[0] = rs_command_name(saying->what);
    for (uint32_t i = 0; i < saying->count; i++) frames[i + 1] = saying->fields[i];
    watch_for_review(saying);
    result = rs_door_ask(endpoint, saying->timeout_s, lists ? "SILENCES" : "SAY", frames, lists ? 0 : saying->count + 1, &answer);
    if (result == 0) {
        if (strcmp(answer.word, "REFUSED") == 0) result = tell_refused(saying, &answer);
        else result = lists ? tell_silences(saying, &answer) : tell_done(saying, &answer);
    }
    free(answer.frames);
    json_decref(rs_review_watch_end(saying->watch, 0, "", 0));   /* of a review that was refused */
    return result;
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */
static const char *usage_of(rs_command_what_t what) {
    if (what == RS_COMMAND_NONE) return "";
    if (what == RS_COMMAND_SILENCE) return "--until WHEN WHY...";
    return what == RS_COMMAND_UNSILENCE ? "NUMBER [WHY...]" : "ALERT TEXT...";
}

int rs_cli_alerts_say(const char *verb, int argc, char **argv) {
    static saying_t saying;
    saying = (saying_t){.what = rs_command_find(rs_str(verb)), .timeout_s = DEFAULT_TIMEOUT_S};
    const struct argp parser = {options, parse_option, usage_of(saying.what),
                                "Says something about an alert, or a silence; it is kept with who, when and why."
                                "\vack: somebody has it (--until, --sticky). note, cause, action (--owner, --due): what is known and done. "
                                "resolve: it is over. review, of one that has ended: did it help? With a database in --config the measured "
                                "before and after are shown. silence: what matches is not told to receivers until it ends; "
                                "`silences` lists them, unsilence ends one. The answer comes when it is on the daemon's disk.",
                                NULL, NULL, NULL};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &saying);
    rs_text_use_utf8();
    if (!saying.is_output_named) saying.prints_ndjson = !isatty(STDOUT_FILENO);
    return ask(&saying);
}
