/* cli/alerts_verbs.h — what `ringside alerts` does besides listing: each takes its arguments as a command of its own (cli.h). */
#ifndef RS_CLI_ALERTS_VERBS_H
#define RS_CLI_ALERTS_VERBS_H

/* `verb` is the name of a command (event/command.h), or "silences". */
int rs_cli_alerts_say(const char *verb, int argc, char **argv);
int rs_cli_alerts_show(int argc, char **argv);

#endif
