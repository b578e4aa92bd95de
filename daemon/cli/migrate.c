/* `ringside migrate`: brings the database schema up to what this program needs. */
#include "cli/cli.h"
#include "store/store.h"

#include <argp.h>
#include <stdlib.h>

typedef struct rs_migrate_arguments {
    const char *config, *database;
    bool dry_run;
} rs_migrate_arguments_t;

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_migrate_arguments_t *arguments = state->input;
    switch (key) {
        case 'c': arguments->config = argument; return 0;
        case 'd': arguments->database = argument; return 0;
        case 'n': arguments->dry_run = true; return 0;
        case ARGP_KEY_ARG: argp_error(state, "unexpected argument \"%s\"", argument); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

static void print_line(void *context, const char *line) {
    (void)context;
    puts(line);
}

static int migrate(const char *database, bool dry_run) {
    const int status = rs_store_migrate(database, dry_run, print_line, NULL);
    return status == RS_OK ? 0 : rs_cli_fail("migrate: %s", rs_status_text(status));
}

int rs_cli_migrate(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0, "the daemon's configuration: its store.database is migrated", 0},
        {"database", 'd', "CONNINFO", 0, "a libpq connection string instead", 0},
        {"dry-run", 'n', 0, 0, "say what would be done", 0},
        {0}};
    static const struct argp parser = {options, parse_option, NULL, "Brings the database schema up to date; harmless when repeated.",
                                       NULL, NULL, NULL};
    rs_migrate_arguments_t arguments = {.config = "/etc/ringside/ringside.conf"};
    argp_err_exit_status = 2;
    argv[0] = "ringside migrate";
    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    if (arguments.database != NULL) return migrate(arguments.database, arguments.dry_run);
    rs_config_t *config;
    rs_config_error_t error;
    char text[1024];
    if (rs_config_load(arguments.config, NULL, 0, &config, &error) != RS_OK) {
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_fail("%s", text);
    }
    int result;
    char *database = strndup(config->database.len == 0 ? "" : config->database.data, config->database.len);
    if (database == NULL) result = rs_cli_fail("out of memory");
    else if (database[0] == 0) result = rs_cli_fail("%s: store.database is not set", arguments.config);
    else result = migrate(database, arguments.dry_run);
    free(database);
    rs_config_destroy(&config);
    return result;
}
