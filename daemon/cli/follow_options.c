#include "cli/follow_options.h"

#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

enum { OPTION_FROM = 0x101, OPTION_SNAPSHOTS, OPTION_CONFIG, OPTION_TIMEOUT };
enum { DEFAULT_TIMEOUT_S = 5 };

static const struct argp_option options[] = {
    {"from", OPTION_FROM, "ENDPOINT", 0, "the daemon's feed (tcp://127.0.0.1:5572)", 0},
    {"snapshots", OPTION_SNAPSHOTS, "ENDPOINT", 0, "where the daemon gives snapshots of it (tcp://127.0.0.1:5573)", 0},
    {"config", OPTION_CONFIG, "FILE", 0, "the daemon's file: it has both endpoints, and the targets", 0},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "how long to wait for an answer (5)", 0},
    {0}};

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_follow_settings_t *settings = state->input;
    char *end;
    switch (key) {
        case ARGP_KEY_INIT: settings->timeout_s = DEFAULT_TIMEOUT_S; return 0;
        case OPTION_FROM: settings->from = argument; return 0;
        case OPTION_SNAPSHOTS: settings->snapshots = argument; return 0;
        case OPTION_CONFIG: settings->config_path = argument; return 0;
        case OPTION_TIMEOUT:
            settings->timeout_s = strtol(argument, &end, 10);
            if (*argument == '\0' || *end != '\0' || settings->timeout_s < 1 || settings->timeout_s > 86400) {
                argp_error(state, "--timeout: \"%s\"; allowed: 1 to 86400 seconds", argument);
            }
            return 0;
        case ARGP_KEY_END:
            if ((settings->from == NULL) != (settings->snapshots == NULL) && settings->config_path == NULL) {
                argp_error(state, "--from and --snapshots belong together: name both, or a --config");
            }
            return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp rs_follow_argp = {options, parse_option, NULL, NULL, NULL, NULL, NULL};

void rs_follow_reachable(rs_str_t bound, char *endpoint, size_t size) {
    static const char *const wildcards[] = {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"};
    for (size_t i = 0; i < RS_ARRAY_LEN(wildcards); i++) {
        const size_t len = strlen(wildcards[i]);
        if (bound.len <= len || memcmp(bound.data, wildcards[i], len) != 0) continue;
        snprintf(endpoint, size, "tcp://127.0.0.1:%.*s", (int)(bound.len - len), bound.data + len);
        return;
    }
    snprintf(endpoint, size, "%.*s", (int)bound.len, bound.data);
}

static int check_endpoint(const char *option, const char *endpoint) {
    if (endpoint == NULL || strncmp(endpoint, "tcp://", 6) == 0 || strncmp(endpoint, "ipc://", 6) == 0) return 0;
    return rs_cli_usage("%s: \"%s\"; allowed: tcp://HOST:PORT, ipc://PATH", option, endpoint);
}

int rs_follow_settings_load(rs_follow_settings_t *settings) {
    rs_config_error_t error;
    if (rs_config_load(settings->config_path, NULL, 0, &settings->config, &error) != RS_OK) {
        char text[1024];
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_fail("%s", text);
    }
    const rs_str_t from = settings->from != NULL ? rs_str(settings->from) : settings->config->feed_endpoint;
    const rs_str_t snapshots =
        settings->snapshots != NULL ? rs_str(settings->snapshots) : settings->config->snapshot_endpoint;
    rs_follow_reachable(from, settings->publish_endpoint, sizeof settings->publish_endpoint);
    rs_follow_reachable(snapshots, settings->snapshot_endpoint, sizeof settings->snapshot_endpoint);
    const int wrong = check_endpoint("--from", settings->from);
    return wrong != 0 ? wrong : check_endpoint("--snapshots", settings->snapshots);
}

int rs_follow_settings_open(const rs_follow_settings_t *settings, const char *prefix, rs_follow_t **follow) {
    const rs_follow_options_t wanted = {.publish_endpoint = settings->publish_endpoint,
                                        .snapshot_endpoint = settings->snapshot_endpoint,
                                        .topic_prefix = prefix};
    const int status = rs_follow_open(&wanted, follow);
    if (status == RS_OK) return 0;
    if (status != RS_ERR_INVALID) return rs_cli_fail("cannot follow the feed: %s", rs_status_text(status));
    return rs_cli_usage("\"%s\", \"%s\": not endpoints that one can connect to; allowed: tcp://HOST:PORT, ipc://PATH",
                        settings->publish_endpoint, settings->snapshot_endpoint);
}

void rs_follow_settings_deinit(rs_follow_settings_t *settings) { rs_config_destroy(&settings->config); }

int rs_follow_fail_unanswered(const rs_follow_settings_t *settings, const rs_follow_t *follow) {
    rs_follow_pulse_t pulse;
    rs_follow_pulse(follow, &pulse);
    if (pulse.silent_ms < 0) {
        return rs_cli_fail("nobody answers at %s within %ld s; is ringsided running, and is that its feed.publish?",
                           settings->publish_endpoint, settings->timeout_s);
    }
    return rs_cli_fail("%s is heard, but %s gave no snapshot within %ld s; is that the daemon's feed.snapshots?",
                       settings->publish_endpoint, settings->snapshot_endpoint, settings->timeout_s);
}
