/* cli/cli.h — the commands of `ringside`. Each takes its own arguments (argv[0] is its name) and returns the exit status:
 * 0 done, 1 it failed (one line on standard error has said what), 2 wrong usage. */
#ifndef RS_CLI_H
#define RS_CLI_H

#include "base/base.h"
#include "config/config.h"

int rs_cli_replay(int argc, char **argv);
int rs_cli_send(int argc, char **argv);
int rs_cli_top(int argc, char **argv);
int rs_cli_alerts(int argc, char **argv);
int rs_cli_check_config(int argc, char **argv);
int rs_cli_rules(int argc, char **argv);
int rs_cli_migrate(int argc, char **argv);
int rs_cli_journal(int argc, char **argv);
int rs_cli_report(int argc, char **argv);
int rs_cli_restate(int argc, char **argv);
int rs_cli_subject(int argc, char **argv);

/* "ringside: " and the message on standard error; returns 1. */
int rs_cli_fail(const char *format, ...) RS_PRINTF(1, 2);
/* The same for wrong usage; returns 2. */
int rs_cli_usage(const char *format, ...) RS_PRINTF(1, 2);

#endif
