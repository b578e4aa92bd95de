#include "cli/subject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_BYTES = 1 << 20, PATIENCE_S = 30 };

static int connect_to(const rs_subject_settings_t *settings, char *path, size_t size) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const rs_str_t folder = settings->config->state_directory;
    snprintf(path, size, "%.*s/admin.sock", (int)folder.len, folder.data);
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    const int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (door < 0) return -1;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    (void)setsockopt(door, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(door, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(door, (const struct sockaddr *)&address, sizeof address) == 0) return door;
    const int saved = errno;
    close(door);
    errno = saved;
    return -1;
}

static bool send_line(int door, const char *text) {
    const size_t len = strlen(text);
    for (size_t sent = 0; sent < len;) {
        const ssize_t more = send(door, text + sent, len - sent, MSG_NOSIGNAL);
        if (more <= 0) return false;
        sent += (size_t)more;
    }
    return send(door, "\n", 1, MSG_NOSIGNAL) == 1;
}

/* Up to the end of the connection. */
static json_t *receive(int door) {
    char *bytes = malloc(ANSWER_BYTES);
    size_t len = 0;
    ssize_t more = 1;
    while (bytes != NULL && len < ANSWER_BYTES && (more = recv(door, bytes + len, ANSWER_BYTES - len, 0)) > 0) len += (size_t)more;
    json_error_t error;
    json_t *answer = bytes == NULL || more < 0 ? NULL : json_loadb(bytes, len, 0, &error);
    free(bytes);
    return answer;
}

static json_t *no_answer(const char *path) {
    (void)rs_cli_fail("%s: the daemon gave no answer; whether it was done is not known, repeat it", path);
    return NULL;
}

json_t *rs_subject_ask(const rs_subject_settings_t *settings, json_t *request) {
    char path[4200];
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    if (text == NULL) {
        (void)rs_cli_fail("the request: no text in UTF-8");
        return NULL;
    }
    const int door = connect_to(settings, path, sizeof path);
    if (door < 0) {
        const char *hint = errno == EACCES ? "; run it as the daemon's user" : "; only the running daemon has the keys and the journal";
        (void)rs_cli_fail("%s: %s%s", path, strerror(errno), hint);
        free(text);
        return NULL;
    }
    const bool is_sent = send_line(door, text);
    memset(text, 0, strlen(text));
    free(text);
    json_t *answer = is_sent ? receive(door) : NULL;
    close(door);
    if (answer == NULL) return no_answer(path);
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (error == NULL) return answer;
    (void)rs_cli_fail("%s", error);
    json_decref(answer);
    return NULL;
}
