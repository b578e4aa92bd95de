#include "cutter.h"
#include "store_test.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_PAIRS = 64 };
typedef struct pair { int client, server; bool cut_when_answered; } pair_t;

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

static bool send_all(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        const ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

static void close_pair(pair_t *pair) {
    close(pair->client);
    close(pair->server);
    pair->client = pair->server = -1;
}

static cut_t choose(cutter_t *cutter) {
    atomic_fetch_add_explicit(&cutter->commits, 1, memory_order_relaxed);
    cutter->random ^= cutter->random << 13;
    cutter->random ^= cutter->random >> 7;
    cutter->random ^= cutter->random << 17;
    if ((int)((cutter->random >> 20) % 100) >= atomic_load_explicit(&cutter->chance, memory_order_relaxed)) return CUT_NEVER;
    const cut_t cut = (cut_t)(CUT_BEFORE + (cutter->random >> 40) % 3);
    atomic_fetch_add_explicit(&cutter->cuts[cut], 1, memory_order_relaxed);
    return cut;
}

static void from_client(cutter_t *cutter, pair_t *pair) {
    static const char commit[] = "Q\0\0\0\013COMMIT";   /* with its closing NUL */
    char bytes[65536];
    const ssize_t len = recv(pair->client, bytes, sizeof bytes, 0);
    if (len <= 0) {
        close_pair(pair);
        return;
    }
    const bool is_commit = len >= (ssize_t)sizeof commit && memcmp(bytes, commit, sizeof commit) == 0;
    const cut_t cut = is_commit ? choose(cutter) : CUT_NEVER;
    if (cut == CUT_BEFORE) {
        close_pair(pair);
        return;
    }
    const bool sent = send_all(pair->server, bytes, (size_t)len);
    pair->cut_when_answered = cut == CUT_AFTER;
    if (!sent || cut == CUT_WHILE) close_pair(pair);   /* the client hears nothing while the server still commits */
}

static void from_server(pair_t *pair) {
    char bytes[65536];
    const ssize_t len = recv(pair->server, bytes, sizeof bytes, 0);
    if (len <= 0 || pair->cut_when_answered || !send_all(pair->client, bytes, (size_t)len)) close_pair(pair);
}

static void accept_one(cutter_t *cutter, pair_t *pairs) {
    const int client = accept(cutter->listener, NULL, NULL);
    const int server = connect_to(cutter->server);
    for (size_t i = 0; i < MAX_PAIRS; i++) {
        if (pairs[i].client >= 0 || server < 0) continue;
        pairs[i] = (pair_t){client, server, false};
        return;
    }
    close(client);
    if (server >= 0) close(server);
}

static void *run_cutter(void *argument) {
    cutter_t *cutter = argument;
    pair_t pairs[MAX_PAIRS];
    for (size_t i = 0; i < MAX_PAIRS; i++) pairs[i].client = pairs[i].server = -1;
    for (;;) {
        struct pollfd polls[2 + 2 * MAX_PAIRS] = {{cutter->quit[0], POLLIN, 0}, {cutter->listener, POLLIN, 0}};
        for (size_t i = 0; i < MAX_PAIRS; i++) {
            polls[2 + 2 * i] = (struct pollfd){pairs[i].client, POLLIN, 0};
            polls[3 + 2 * i] = (struct pollfd){pairs[i].server, POLLIN, 0};
        }
        poll(polls, RS_ARRAY_LEN(polls), -1);
        if (polls[0].revents != 0) break;
        for (size_t i = 0; i < MAX_PAIRS; i++) {
            if (pairs[i].client >= 0 && polls[2 + 2 * i].revents != 0) from_client(cutter, &pairs[i]);
            if (pairs[i].server >= 0 && polls[3 + 2 * i].revents != 0) from_server(&pairs[i]);
        }
        if (polls[1].revents != 0) accept_one(cutter, pairs);
    }
    for (size_t i = 0; i < MAX_PAIRS; i++)
        if (pairs[i].client >= 0) close_pair(&pairs[i]);
    return NULL;
}

void cutter_start(cutter_t *cutter, const char *server_directory) {
    memset(cutter, 0, sizeof *cutter);
    cutter->random = 2463534242u * 1099511628211u;
    snprintf(cutter->directory, sizeof cutter->directory, "/tmp/ringside-cut.XXXXXX");
    assert_non_null(mkdtemp(cutter->directory));
    snprintf(cutter->server, sizeof cutter->server, "%s/.s.PGSQL.5432", server_directory);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", cutter->directory);
    cutter->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(cutter->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(cutter->listener, 64), 0);
    assert_int_equal(pipe(cutter->quit), 0);
    assert_int_equal(pthread_create(&cutter->thread, NULL, run_cutter, cutter), 0);
}

void cutter_conninfo(const cutter_t *cutter, const char *conninfo, char *through, unsigned long size) {
    const char *rest = strchr(conninfo, ' ');
    snprintf(through, size, "host=%s%s", cutter->directory, rest);
}

void cutter_stop(cutter_t *cutter) {
    assert_int_equal(write(cutter->quit[1], "q", 1), 1);
    pthread_join(cutter->thread, NULL);
    close(cutter->quit[0]);
    close(cutter->quit[1]);
    close(cutter->listener);
    char path[128];
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", cutter->directory);
    unlink(path);
    rmdir(cutter->directory);
}
