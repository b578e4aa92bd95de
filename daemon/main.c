/* ringsided: its command line. daemon/service wires the rooms together. */
#include "service/service.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct rs_arguments {
    const char *config, *snapshot_folder;
    uint64_t upto;
    bool check;
} rs_arguments_t;

enum { KEY_WRITE_SNAPSHOT = 1000, KEY_UPTO };

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_arguments_t *arguments = state->input;
    switch (key) {
        case 'c': arguments->config = argument; return 0;
        case 'k': arguments->check = true; return 0;
        case KEY_WRITE_SNAPSHOT: arguments->snapshot_folder = argument; return 0;
        case KEY_UPTO: arguments->upto = strtoull(argument, NULL, 10); return 0;
        case ARGP_KEY_ARG: argp_error(state, "unexpected argument \"%s\"", argument); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0, "the configuration (/etc/ringside/ringside.conf)", 0},
        {"check", 'k', 0, 0, "check the file, print every setting and the bounds, and leave", 0},
        {"write-snapshot", KEY_WRITE_SNAPSHOT, "FOLDER", OPTION_HIDDEN, 0, 0},   /* the daemon calls itself, see service/snapshots.c */
        {"upto", KEY_UPTO, "NUMBER", OPTION_HIDDEN, 0, 0},
        {0}};
    static const struct argp parser = {options, parse_option, NULL, "The ringside daemon: live contact-centre telemetry.",
                                       NULL, NULL, NULL};
    static rs_service_t service = {.lock_file = -1};
    rs_arguments_t arguments = {.config = "/etc/ringside/ringside.conf"};
    argp_err_exit_status = 2;
    argp_program_version = "ringsided " RS_VERSION;
    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    if (arguments.snapshot_folder != NULL) return rs_service_write_snapshot(arguments.snapshot_folder, arguments.upto);
    rs_config_error_t error;
    const int status = rs_config_load(arguments.config, NULL, 0, &service.configs[0], &error);
    if (status != RS_OK) {
        char text[1024];
        rs_config_error_format(&error, text, sizeof text);
        fprintf(stderr, "ringsided: %s\n", status == RS_ERR_MEMORY ? rs_status_text(status) : text);
        return 1;
    }
    service.config_count = 1;
    service.config_path = arguments.config;
    if (!arguments.check) return rs_service_run(&service);
    char why[256];
    const rs_str_t database = service.configs[0]->database;
    const bool is_good = database.len == 0 || rs_store_check_conninfo(database.data, why, sizeof why) == RS_OK;
    if (is_good) rs_config_print(service.configs[0], stdout);
    else fprintf(stderr, "ringsided: %s: store.database: %s\n", arguments.config, why);
    rs_config_destroy(&service.configs[0]);
    return is_good ? 0 : 1;
}
