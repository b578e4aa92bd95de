/* cli/follow_options.h — where the feed is, for the commands that follow it: --from, --snapshots, --config,
 * --timeout. */
#ifndef RS_CLI_FOLLOW_OPTIONS_H
#define RS_CLI_FOLLOW_OPTIONS_H

#include "config/config.h"

#include <argp.h>
#include <ringside/feed.h>

typedef struct rs_follow_settings {
    const char *from, *snapshots, *config_path; /* as given; NULL: not given */
    long timeout_s;                             /* 5 when not given */
    rs_config_t *config;                        /* after rs_follow_settings_load; never NULL then */
    char publish_endpoint[512], snapshot_endpoint[512];
} rs_follow_settings_t;

/* A child for a command's argp; its input is an rs_follow_settings_t *. */
extern const struct argp rs_follow_argp;

/* Loads the configuration and decides the endpoints: those given, else those of the file (a wildcard address of it is
 * this machine), else the defaults. 0, or an exit status; then it has been said why. */
RS_MUST_CHECK int rs_follow_settings_load(rs_follow_settings_t *settings);
/* Opens a follower of topics that begin with `prefix`. Same returns. */
RS_MUST_CHECK int rs_follow_settings_open(const rs_follow_settings_t *settings, const char *prefix,
                                          rs_follow_t **follow);
void rs_follow_settings_deinit(rs_follow_settings_t *settings);

/* What the daemon binds is not always what one can connect to: a wildcard address is this machine. */
void rs_follow_reachable(rs_str_t bound, char *endpoint, size_t size);

/* Says on standard error that nobody has answered, and what to check; returns 1. */
int rs_follow_fail_unanswered(const rs_follow_settings_t *settings, const rs_follow_t *follow);

#endif
