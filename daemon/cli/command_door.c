#include "cli/command_door.h"

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/follow_options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

static int64_t now_ms(void) { return rs_monotonic_us() / RS_US_PER_MS; }

int rs_door_endpoint(const char *named, const char *config_path, char *endpoint, size_t size) {
    rs_config_t *config = NULL;
    rs_config_error_t error;
    if (named != NULL) {
        if (strncmp(named, "tcp://", 6) != 0 && strncmp(named, "ipc://", 6) != 0)
            return rs_cli_usage("--to: \"%s\"; allowed: tcp://HOST:PORT, ipc://PATH", named);
        snprintf(endpoint, size, "%s", named);
        return 0;
    }
    if (rs_config_load(config_path, NULL, 0, &config, &error) != RS_OK) {
        char text[1024];
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_fail("%s", text);
    }
    const bool is_off = config->commands_endpoint.len == 0;
    if (!is_off) rs_follow_reachable(config->commands_endpoint, endpoint, size);
    rs_config_destroy(&config);
    return is_off ? rs_cli_fail("%s: ingest.commands is empty: the daemon takes no commands", config_path) : 0;
}

/* --- one answer ----------------------------------------------------------------------------------------------------- */
static int receive_frame(void *socket, char text[RS_DOOR_TEXT], bool *more) {
    int is_more = 0;
    size_t size = sizeof is_more;
    const int len = zmq_recv(socket, text, RS_DOOR_TEXT - 1, 0);
    if (len < 0) return -1;
    text[len < RS_DOOR_TEXT ? len : RS_DOOR_TEXT - 1] = '\0';
    *more = zmq_getsockopt(socket, ZMQ_RCVMORE, &is_more, &size) == 0 && is_more != 0;
    return len;
}

/* True: it is the answer of that id. Another one is read to its end. */
static bool receive(void *socket, const char *id, rs_door_answer_t *answer) {
    static char frame[RS_DOOR_TEXT];
    bool more = true, is_ours = true;
    answer->count = 0;
    for (uint32_t i = 0; more; i++) {
        if (receive_frame(socket, frame, &more) < 0) return false;
        if (i == 0) is_ours = strcmp(frame, "RS1") == 0;
        else if (i == 1) snprintf(answer->word, sizeof answer->word, "%.15s", frame);
        else if (i == 2) is_ours = is_ours && strcmp(frame, id) == 0;
        else if (answer->count < RS_DOOR_ANSWERS) strcpy(answer->frames[answer->count++], frame);
    }
    return is_ours;
}

static int wait_for_answer(void *socket, const char *endpoint, long timeout_s, const char *id, rs_door_answer_t *answer) {
    const int64_t end_ms = now_ms() + timeout_s * 1000;
    for (int64_t left_ms = timeout_s * 1000; left_ms > 0; left_ms = end_ms - now_ms()) {
        zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, (long)left_ms) < 0 && errno != EINTR) break;
        if ((item.revents & ZMQ_POLLIN) != 0 && receive(socket, id, answer)) return 0;
    }
    return rs_cli_fail("no answer from %s within %ld s: "
                       "it is not known whether the command was taken (`ringside alerts show` tells); is ringsided "
                       "running, and is that its ingest.commands?", endpoint, timeout_s);
}

static bool send_all(void *socket, const char *word, const char *id, const char *const *frames, uint32_t count) {
    const char *const head[] = {"RS1", word, id};
    for (uint32_t i = 0; i < 3 + count; i++) {
        const char *text = i < 3 ? head[i] : frames[i - 3];
        if (zmq_send(socket, text, strlen(text), i + 1 < 3 + count ? ZMQ_SNDMORE : 0) < 0) return false;
    }
    return true;
}

int rs_door_ask(const char *endpoint, long timeout_s, const char *word, const char *const *frames, uint32_t count,
                rs_door_answer_t *answer) {
    const int linger = 0;
    char id[64];
    int result = 1;
    void *context = zmq_ctx_new(), *socket = context == NULL ? NULL : zmq_socket(context, ZMQ_DEALER);
    answer->frames = calloc(RS_DOOR_ANSWERS, sizeof *answer->frames);
    snprintf(id, sizeof id, "%ld-%" PRId64, (long)getpid(), now_ms());
    if (socket == NULL || answer->frames == NULL) {
        result = rs_cli_fail("out of memory");
    } else if (zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) != 0 || zmq_connect(socket, endpoint) != 0) {
        result = rs_cli_usage("\"%s\": not an endpoint that one can connect to; allowed: tcp://HOST:PORT, ipc://PATH", endpoint);
    } else if (!send_all(socket, word, id, frames, count)) {
        result = rs_cli_fail("%s: %s", endpoint, zmq_strerror(zmq_errno()));
    } else {
        result = wait_for_answer(socket, endpoint, timeout_s, id, answer);
    }
    if (socket != NULL) zmq_close(socket);
    if (context != NULL) zmq_ctx_term(context);
    return result;
}
