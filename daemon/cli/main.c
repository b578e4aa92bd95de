/* The `ringside` command: finds the sub-command and hands over. */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>

typedef struct rs_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} rs_command_t;

static const rs_command_t commands[] = {
    {"replay", rs_cli_replay, "run recorded events through the core and print aggregates or alerts"},
    {"send", rs_cli_send, "send recorded events to a daemon, with acknowledgements"},
    {"top", rs_cli_top, "a live board in the terminal"},
    {"alerts", rs_cli_alerts, "list the daemon's alerts, or follow them"},
    {"check-config", rs_cli_check_config, "check a configuration file and print what it means"},
    {"rules", rs_cli_rules, "explain what alert rules will do: limits, false alarms, how soon a shift is seen"},
    {"migrate", rs_cli_migrate, "bring the database schema up to date"},
    {"journal", rs_cli_journal, "verify the daemon's journal, print what is in it, or how much"},
    {"subject", rs_cli_subject, "export or erase a person, with proof; keys of pseudonyms; the record of processing"},
    {"report", rs_cli_report, "history from PostgreSQL: figures, reviews, staffing, as table, csv, json or page"},
    {"restate", rs_cli_restate, "count stored intervals again under other policies, from the facts"},
};

static void print_help(FILE *out) {
    fputs("Usage: ringside COMMAND [OPTION...]\n\nCommands:\n", out);
    for (size_t i = 0; i < RS_ARRAY_LEN(commands); i++) fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].help);
    fputs("\n`ringside COMMAND --help` explains a command. `ringside --version` prints the version.\n", out);
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("ringside " RS_VERSION);
        return 0;
    }
    for (size_t i = 0; i < RS_ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    }
    return rs_cli_usage("unknown command \"%s\"; `ringside --help` lists them", argv[1]);
}
