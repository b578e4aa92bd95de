/* `ringside subject`: exports and erases persons, with proof; the keys of pseudonyms; the record of processing. */
#include "cli/subject.h"

#include "base/clock.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { OPTION_TENANT = 1, OPTION_CUSTOMER, OPTION_PSEUDONYM, OPTION_AGENT, OPTION_REASON, OPTION_BY, OPTION_WAIT, OPTION_TIMEOUT,
       OPTION_KEEP, OPTION_FORMAT };

typedef struct rs_subject_command { rs_subject_settings_t settings; const char *what; char number[256]; } rs_subject_command_t;

/* --- the database's part ------------------------------------------------------------------------------------------------ */
/* Columns of an erasure, as text; $1 is its number. */
static const char of_erasure[] = "SELECT id, kind, tenant, reason, asked_by, to_char(erased_at AT TIME ZONE 'UTC', "
                                 "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), removed, record, completed_at FROM ringside.erasure";

/* `stand_in`: of an agent. */
static int erase_rows(const rs_subject_settings_t *settings, const char *subjects, const char *at_us, const char *record,
                      const char *stand_in, json_t **erasure) {
    const char *const values[] = {settings->agent != NULL ? "agent" : "customer", settings->tenant, subjects, settings->reason,
                                  settings->who, at_us, record, stand_in};
    json_t *rows = NULL;
    int result = rs_subject_query(settings,
        "SELECT id, kind, tenant, reason, asked_by, to_char(erased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
        "removed, record FROM ringside.erase_subject($1, $2, $3::text[], $4, $5, to_timestamp($6::numeric / 1000000), $7::bigint, $8)",
        values, 8, &rows);
    if (result == 0) *erasure = json_incref(json_array_get(rows, 0));
    json_decref(rows);
    return result;
}

static void print_removed(const json_t *erasure) {
    json_t *removed = json_loads(json_string_value(json_array_get(erasure, 6)), 0, NULL);
    const char *table;
    json_t *rows;
    printf("erasure %s of a%s %s of tenant %s\n", json_string_value(json_array_get(erasure, 0)),
           strcmp(json_string_value(json_array_get(erasure, 1)), "agent") == 0 ? "n" : "",
           json_string_value(json_array_get(erasure, 1)), json_string_value(json_array_get(erasure, 2)));
    json_object_foreach(removed, table, rows) {
        if (json_integer_value(rows) != 0) printf("  %-22s %" JSON_INTEGER_FORMAT " rows\n", table, json_integer_value(rows));
    }
    json_decref(removed);
}

/* --- proof --------------------------------------------------------------------------------------------------------------- */
/* What was done, without the person; signed by the daemon, kept in the database, printed. */
static int certify(const rs_subject_settings_t *settings, const json_t *erasure, const json_t *progress) {
    static const char *const names[] = {"id", "kind", "tenant", "reason", "asked_by", "erased_at"};
    char at[32];
    const time_t now = time(NULL);
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    json_t *certificate = json_pack("{s:i}", "ringside_erasure", 1);
    for (size_t i = 0; i < RS_ARRAY_LEN(names); i++) json_object_set(certificate, names[i], json_array_get(erasure, i));
    json_object_set_new(certificate, "database", json_loads(json_string_value(json_array_get(erasure, 6)), 0, NULL));
    json_object_set_new(certificate, "record", json_integer(strtoll(json_string_value(json_array_get(erasure, 7)), NULL, 10)));
    json_object_set(certificate, "journal_from", json_object_get(progress, "journal_from"));
    json_object_set(certificate, "snapshots", json_object_get(progress, "snapshots"));
    json_object_set_new(certificate, "completed_at", json_string(at));
    char *text = json_dumps(certificate, JSON_COMPACT);
    json_decref(certificate);
    if (text == NULL) return rs_cli_fail("out of memory");
    json_t *proof = rs_subject_ask(settings, json_pack("{s:s,s:s}", "do", "sign", "text", text));
    const char *const values[] = {json_string_value(json_array_get(erasure, 0)), text,
                                  json_string_value(json_object_get(proof, "signature")),
                                  json_string_value(json_object_get(proof, "public_key"))};
    int result = proof == NULL ? 1 : rs_subject_query(settings, "SELECT (ringside.complete_erasure($1::bigint, $2, $3, $4)).id",
                                                      values, 4, NULL);
    if (result == 0) printf("%s\nsignature %s\npublic key %s\n", text, values[2], values[3]);
    json_decref(proof);
    free(text);
    return result;
}

/* Old versions of rows leave the files of the tables, too. */
static int vacuum(const rs_subject_settings_t *settings) {
    return rs_subject_query(settings, "VACUUM ringside.contact_fact, ringside.leg_fact, ringside.handling_fact, ringside.moment_fact, "
                                      "ringside.agent_interval_part", NULL, 0, NULL);
}

static int wait_for(const rs_subject_settings_t *settings, json_int_t record, json_t **progress) {
    const int64_t until_us = rs_monotonic_us() + settings->timeout_us;
    const bool shows = isatty(STDERR_FILENO);
    for (const char *what = "forget";; what = "progress") {
        *progress = rs_subject_ask(settings, json_pack("{s:s,s:I}", "do", what, "record", record));
        if (*progress == NULL) return 1;
        if (shows) fprintf(stderr, "\rjournal from record %" JSON_INTEGER_FORMAT ", wanted from %" JSON_INTEGER_FORMAT " \033[K",
                           json_integer_value(json_object_get(*progress, "journal_from")), record + 1);
        if (json_is_true(json_object_get(*progress, "complete"))) break;
        json_decref(*progress);
        if (rs_monotonic_us() > until_us) {
            return rs_cli_fail("not complete within the timeout; it goes on by itself, `ringside subject status` tells and closes it");
        }
        const struct timespec pause = {.tv_nsec = 300 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }
    if (shows) fputs("\r\033[K", stderr);
    return 0;
}

/* --- erase ------------------------------------------------------------------------------------------------------------------ */
static json_t *subject_request(const rs_subject_settings_t *settings, const char *what) {
    json_t *request = json_pack("{s:s,s:s}", "do", what, "tenant", settings->tenant);
    if (settings->customer != NULL) json_object_set_new(request, "customer", json_string(settings->customer));
    if (settings->pseudonym != NULL) json_object_set_new(request, "pseudonym", json_string(settings->pseudonym));
    if (settings->agent != NULL) json_object_set_new(request, "agent", json_string(settings->agent));
    return request;
}

static int finish_erasing(const rs_subject_settings_t *settings, const json_t *erasure, json_int_t record) {
    json_t *progress = NULL;
    if (!settings->waits) {
        printf("journal and snapshots: complete when records up to %" JSON_INTEGER_FORMAT
               " have been recycled; `ringside subject status` tells, --wait would have hastened it\n", record);
        return 0;
    }
    int result = wait_for(settings, record, &progress);
    if (result == 0 && erasure == NULL) puts("nothing is left in journal and snapshots");
    if (result == 0 && erasure != NULL) result = vacuum(settings);
    if (result == 0 && erasure != NULL) result = certify(settings, erasure, progress);
    json_decref(progress);
    return result;
}

/* Of a customer the pseudonyms that the daemon made, of an agent the name: as an array of PostgreSQL. */
static char *erased_subjects(const rs_subject_settings_t *settings, const json_t *done) {
    if (settings->agent == NULL) return rs_subject_array(json_object_get(done, "pseudonyms"));
    json_t *list = json_pack("[s]", settings->agent);
    char *subjects = rs_subject_array(list);
    json_decref(list);
    return subjects;
}

static int erase(const rs_subject_settings_t *settings) {
    json_t *request = subject_request(settings, "erase");
    json_object_set_new(request, "who", json_string(settings->who));
    json_object_set_new(request, "reason", json_string(settings->reason));
    json_t *done = rs_subject_ask(settings, request), *erasure = NULL;
    if (done == NULL) return 1;
    char at[32], record[32];
    const json_int_t number = json_integer_value(json_object_get(done, "record"));
    snprintf(at, sizeof at, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(done, "at_us")));
    snprintf(record, sizeof record, "%" JSON_INTEGER_FORMAT, number);
    char *subjects = erased_subjects(settings, done);
    int result = subjects == NULL ? rs_cli_fail("out of memory") : 0;
    puts("the daemon's memory: erased, and in every snapshot from now on");
    if (result == 0 && settings->database != NULL) {
        result = erase_rows(settings, subjects, at, record, json_string_value(json_object_get(done, "stand_in")), &erasure);
    }
    if (result != 0) {
        (void)rs_cli_fail("the daemon has forgotten the %s, the database has not: repeat the command",
                          settings->agent != NULL ? "agent" : "customer");
    }
    if (erasure != NULL) print_removed(erasure);
    if (result == 0) result = finish_erasing(settings, erasure, number);
    free(subjects);
    json_decref(erasure);
    json_decref(done);
    return result;
}

/* --- the others --------------------------------------------------------------------------------------------------------------- */
static int export(const rs_subject_settings_t *settings) {
    uint64_t lines;
    if (settings->agent != NULL) {
        const char *const values[] = {settings->tenant, settings->agent, settings->reason};
        return rs_subject_print_rows(settings, "SELECT ringside.export_agent($1, $2, $3)", values, 3, &lines);
    }
    json_t *known = settings->pseudonym != NULL ? json_pack("{s:[s]}", "pseudonyms", settings->pseudonym)
                                                : rs_subject_ask(settings, subject_request(settings, "pseudonyms"));
    if (known == NULL) return 1;
    char *subjects = rs_subject_array(json_object_get(known, "pseudonyms"));
    const char *const values[] = {settings->tenant, subjects, settings->reason};
    int result = subjects == NULL ? rs_cli_fail("out of memory")
                                  : rs_subject_print_rows(settings, "SELECT ringside.export_customer($1, $2::text[], $3)",
                                                          values, 3, &lines);
    if (result == 0) fprintf(stderr, "%" PRIu64 " contacts\n", lines);
    free(subjects);
    json_decref(known);
    return result;
}

static int close_one(const rs_subject_settings_t *settings, const json_t *erasure) {
    const char *id = json_string_value(json_array_get(erasure, 0)), *record = json_string_value(json_array_get(erasure, 7));
    printf("erasure %s, %s of %s, erased %s: ", id, json_string_value(json_array_get(erasure, 1)),
           json_string_value(json_array_get(erasure, 2)), json_string_value(json_array_get(erasure, 5)));
    if (!json_is_null(json_array_get(erasure, 8))) return puts("complete") == EOF;
    if (record == NULL) return puts("in the database only") == EOF;
    json_t *progress = rs_subject_ask(settings, json_pack("{s:s,s:I}", "do", "progress", "record", (json_int_t)strtoll(record, NULL, 10)));
    if (progress == NULL) return 1;
    const bool is_complete = json_is_true(json_object_get(progress, "complete"));
    if (!is_complete) {
        printf("journal and snapshots have it still (from record %" JSON_INTEGER_FORMAT " of %s)\n",
               json_integer_value(json_object_get(progress, "journal_from")), record);
    } else {
        puts("complete now");
    }
    const int result = is_complete ? certify(settings, erasure, progress) : 0;
    json_decref(progress);
    return result;
}

static int status(const rs_subject_settings_t *settings) {
    char sql[512];
    json_t *rows = NULL;
    snprintf(sql, sizeof sql, "%s ORDER BY id DESC LIMIT 100", of_erasure);
    int result = rs_subject_query(settings, sql, NULL, 0, &rows);
    if (result == 0 && json_array_size(rows) == 0) puts("nobody was erased");
    for (size_t i = json_array_size(rows); i-- > 0 && result == 0;) result = close_one(settings, json_array_get(rows, i));
    json_decref(rows);
    return result;
}

static int rotate(const rs_subject_settings_t *settings) {
    json_t *request = json_pack("{s:s}", "do", "rotate");
    if (settings->keep != 0) json_object_set_new(request, "keep", json_integer(settings->keep));
    json_t *answer = rs_subject_ask(settings, request);
    if (answer == NULL) return 1;
    printf("another key is in force; %" JSON_INTEGER_FORMAT " are known. Customers who come again are somebody new: "
           "repeat contacts across this moment are not seen\n",
           json_integer_value(json_object_get(answer, "keys")));
    json_decref(answer);
    return 0;
}

/* --- arguments ------------------------------------------------------------------------------------------------------------------ */
static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "the daemon's configuration (/etc/ringside/ringside.conf)", 0},
    {"database", 'd', "CONNINFO", 0, "a libpq connection string instead of its store.database; the owner's, to erase", 0},
    {"tenant", OPTION_TENANT, "NAME", 0, "whose customer or agent (default)", 1},
    {"customer", OPTION_CUSTOMER, "NUMBER", 0,
     "the number or address as the platform gives it; -: read it from standard input, where no list of processes shows it", 1},
    {"pseudonym", OPTION_PSEUDONYM, "HEX", 0, "the customer's pseudonym instead, 32 hexadecimal digits", 1},
    {"agent", OPTION_AGENT, "NAME", 0, "an agent", 1},
    {"reason", OPTION_REASON, "TEXT", 0, "why; it is written down, and must not name the person", 1},
    {"by", OPTION_BY, "WHO", 0, "who asked for it (you)", 1},
    {"wait", OPTION_WAIT, NULL, 0, "erase: make snapshots, let the journal go, and wait until nothing is left; "
                                   "prints the signed record", 2},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "with --wait: for so long (600)", 2},
    {"keep", OPTION_KEEP, "NUMBER", 0, "rotate-key: know so many keys from now on, the new one included (64, the most)", 2},
    {"format", OPTION_FORMAT, "FORMAT", 0, "record: text or json (text)", 2},
    {0}};

static uint32_t number_of(struct argp_state *state, const char *name, const char *text, unsigned long most) {
    char *end;
    errno = 0;
    const unsigned long number = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || text[0] == '-' || number == 0 || number > most) {
        argp_error(state, "--%s: \"%s\" is not a number from 1 to %lu", name, text, most);
    }
    return (uint32_t)number;
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_subject_command_t *command = state->input;
    rs_subject_settings_t *settings = &command->settings;
    switch (key) {
        case 'c': settings->config_path = argument; return 0;
        case 'd': settings->database_option = argument; return 0;
        case OPTION_TENANT: settings->tenant = argument; return 0;
        case OPTION_CUSTOMER: settings->customer = argument; return 0;
        case OPTION_PSEUDONYM: settings->pseudonym = argument; return 0;
        case OPTION_AGENT: settings->agent = argument; return 0;
        case OPTION_REASON: settings->reason = argument; return 0;
        case OPTION_BY: settings->who = argument; return 0;
        case OPTION_WAIT: settings->waits = true; return 0;
        case OPTION_TIMEOUT: settings->timeout_us = number_of(state, "timeout", argument, 7 * 86400) * RS_US_PER_S; return 0;
        case OPTION_KEEP: settings->keep = number_of(state, "keep", argument, 64); return 0;
        case OPTION_FORMAT: settings->format = argument; return 0;
        case ARGP_KEY_ARG:
            if (command->what != NULL) argp_error(state, "unexpected \"%s\"", argument);
            command->what = argument;
            return 0;
        case ARGP_KEY_NO_ARGS: argp_error(state, "export, erase, status, rotate-key or record?"); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

static const char *login_name(void) {
    const struct passwd *user = getpwuid(getuid());
    const char *sudo = getenv("SUDO_USER");
    return sudo != NULL && sudo[0] != 0 ? sudo : user == NULL ? "somebody" : user->pw_name;
}

static int read_number(rs_subject_command_t *command) {
    rs_subject_settings_t *settings = &command->settings;
    if (settings->customer == NULL || strcmp(settings->customer, "-") != 0) return 0;
    if (fgets(command->number, sizeof command->number, stdin) == NULL) return rs_cli_fail("standard input: no number in it");
    command->number[strcspn(command->number, "\r\n")] = 0;
    settings->customer = command->number;
    return 0;
}

/* Of whom, and why. */
static int check_subject(rs_subject_command_t *command) {
    const rs_subject_settings_t *settings = &command->settings;
    const int named = (settings->customer != NULL) + (settings->pseudonym != NULL) + (settings->agent != NULL);
    if (named != 1) return rs_cli_usage("%s: one of --customer, --pseudonym and --agent", command->what);
    if (settings->reason == NULL || strlen(settings->reason) < 3) {
        return rs_cli_usage("%s: --reason is missing; it is written down", command->what);
    }
    if (settings->agent != NULL && settings->agent[0] == 0) return rs_cli_usage("--agent: no name");
    if (settings->pseudonym != NULL && (strlen(settings->pseudonym) != 32 || strspn(settings->pseudonym, "0123456789abcdef") != 32)) {
        return rs_cli_usage("--pseudonym: 32 hexadecimal digits");
    }
    if (strcmp(command->what, "export") == 0 && settings->database == NULL) {
        return rs_cli_fail("%s: store.database is not set: nothing is kept", settings->config_path);
    }
    if (settings->agent != NULL && strpbrk(settings->agent, "\"\\") != NULL) {
        return rs_cli_usage("--agent: a name without quotes and backslashes");
    }
    return read_number(command);
}

static int run(rs_subject_command_t *command) {
    rs_subject_settings_t *settings = &command->settings;
    const bool erases = strcmp(command->what, "erase") == 0;
    if (erases || strcmp(command->what, "export") == 0) {
        const int wrong = check_subject(command);
        if (wrong != 0) return wrong;
        if (!erases) return export(settings);
        return erase(settings);
    }
    if (strcmp(command->what, "rotate-key") == 0) return rotate(settings);
    if (strcmp(command->what, "status") == 0) {
        return settings->database != NULL ? status(settings) : rs_cli_fail("%s: store.database is not set", settings->config_path);
    }
    if (strcmp(command->what, "record") != 0) {
        return rs_cli_usage("subject: unknown \"%s\"; export, erase, status, rotate-key, record", command->what);
    }
    if (strcmp(settings->format, "text") != 0 && strcmp(settings->format, "json") != 0) {
        return rs_cli_usage("--format: unknown \"%s\"; allowed: text, json", settings->format);
    }
    return rs_subject_record(settings);
}

static int with_config(rs_subject_command_t *command) {
    rs_subject_settings_t *settings = &command->settings;
    rs_config_error_t error;
    char text[1024];
    if (rs_config_load(settings->config_path, NULL, 0, &settings->config, &error) != RS_OK) {
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_fail("%s", text);
    }
    const rs_str_t database = settings->database_option != NULL ? rs_str(settings->database_option) : settings->config->database;
    settings->database = database.len == 0 ? NULL : strndup(database.data, database.len);
    const int result = database.len != 0 && settings->database == NULL ? rs_cli_fail("out of memory") : run(command);
    free(settings->database);
    rs_config_destroy(&settings->config);
    memset(command->number, 0, sizeof command->number);
    return result;
}

int rs_cli_subject(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, "export|erase|status|rotate-key|record",
        "Persons: exports all that is kept about a customer or agent, erases them with proof, changes the key of pseudonyms, "
        "prints the record of processing.\vAn erasure is immediate in the daemon's memory, in new snapshots and in the database, "
        "and complete when the journal's older files have been recycled (journal.keep); --wait shortens that. No total changes. "
        "It needs the running daemon, as its user or root, for it alone can make a pseudonym of a "
        "number.", NULL, NULL, NULL};
    rs_subject_command_t command = {.settings = {.config_path = "/etc/ringside/ringside.conf", .tenant = "default", .who = login_name(),
                                                 .format = "text", .timeout_us = 600 * RS_US_PER_S}};
    argp_err_exit_status = 2;
    argv[0] = "ringside subject";
    argp_parse(&parser, argc, argv, 0, NULL, &command);
    return with_config(&command);
}
