/* `ringside check-config FILE`: says what is wrong with a configuration, or what it means. */
#include "cli/cli.h"

#include "store/store.h"

#include <argp.h>

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    const char **file = state->input;
    switch (key) {
        case ARGP_KEY_ARG:
            if (*file != NULL) argp_error(state, "more than one file");
            *file = argument;
            return 0;
        case ARGP_KEY_NO_ARGS: argp_error(state, "no file named"); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

int rs_cli_check_config(int argc, char **argv) {
    static const struct argp parser = {NULL, parse_option, "FILE", "Checks a configuration file and prints every effective setting and "
                                       "the bounds that follow.", NULL, NULL, NULL};
    const char *file = NULL;
    argp_err_exit_status = 2;
    argv[0] = "ringside check-config";
    argp_parse(&parser, argc, argv, 0, NULL, &file);
    rs_config_t *config;
    rs_config_error_t error;
    const int status = rs_config_load(file, NULL, 0, &config, &error);
    if (status != RS_OK) {
        char text[1024];
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_fail("%s", status == RS_ERR_MEMORY ? rs_status_text(status) : text);
    }
    char why[256];
    const bool is_good = config->database.len == 0 || rs_store_check_conninfo(config->database.data, why, sizeof why) == RS_OK;
    if (is_good) rs_config_print(config, stdout);
    rs_config_destroy(&config);
    return is_good ? 0 : rs_cli_fail("%s: store.database: %s", file, why);
}
