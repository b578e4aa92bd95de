/* A Unix socket that another process listens on is not taken from it; one that was left behind is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/zmq_bind.h"
#include "base_tests.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

typedef struct bench {
    void *zmq, *first, *second;
    char folder[32], path[64], endpoint[80];
} bench_t;

static int set_up(void **state) {
    bench_t *bench = calloc(1, sizeof(*bench));
    if (bench == NULL) return -1;
    strcpy(bench->folder, "/tmp/rs-bind-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof(bench->path), "%s/door", bench->folder);
    snprintf(bench->endpoint, sizeof(bench->endpoint), "ipc://%s", bench->path);
    bench->zmq = zmq_ctx_new();
    bench->first = zmq_socket(bench->zmq, ZMQ_PULL);
    bench->second = zmq_socket(bench->zmq, ZMQ_PULL);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    bench_t *bench = *state;
    zmq_close(bench->first);
    zmq_close(bench->second);
    zmq_ctx_term(bench->zmq);
    unlink(bench->path);
    const int removed = rmdir(bench->folder);
    free(bench);
    return removed;
}

static int listen_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    const bool listens = bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 1) == 0;
    return listens ? listener : -1;
}

/* Another process, which listens until it is killed. */
static pid_t another_listens(const char *path) {
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    const pid_t other = fork();
    if (other == 0) {
        if (listen_on(path) < 0 || write(ready[1], "!", 1) != 1) _exit(1);
        for (;;) pause();
    }
    assert_true(other > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return other;
}

static void a_unix_socket_that_another_process_listens_on_is_not_taken(void **state) {
    bench_t *bench = *state;
    const pid_t other = another_listens(bench->path);
    struct stat before, after;
    assert_int_equal(stat(bench->path, &before), 0);
    errno = 0;
    assert_int_equal(rs_zmq_bind(bench->first, bench->endpoint), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(stat(bench->path, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);                     /* it is still found under the name */
    assert_int_equal(kill(other, SIGKILL), 0);
    assert_int_equal(waitpid(other, NULL, 0), other);
    assert_int_equal(rs_zmq_bind(bench->first, bench->endpoint), 0);
}

/* ZeroMQ closes a socket later, in a thread of its own. */
static void what_this_process_has_just_given_up_is_taken_again(void **state) {
    bench_t *bench = *state;
    assert_int_equal(rs_zmq_bind(bench->first, bench->endpoint), 0);
    assert_int_equal(rs_zmq_bind(bench->second, bench->endpoint), 0);
}

static void a_file_that_was_left_by_who_is_gone_is_replaced(void **state) {
    bench_t *bench = *state;
    const int killed = listen_on(bench->path);
    assert_true(killed >= 0);
    close(killed);
    assert_int_equal(access(bench->path, F_OK), 0);
    assert_int_equal(rs_zmq_bind(bench->first, bench->endpoint), 0);
}

static void other_endpoints_are_bound_as_ever(void **state) {
    bench_t *bench = *state;
    char bound[80];
    size_t size = sizeof(bound);
    assert_int_equal(rs_zmq_bind(bench->first, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(bench->first, ZMQ_LAST_ENDPOINT, bound, &size), 0);
    assert_int_equal(rs_zmq_bind(bench->second, bound), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(rs_zmq_bind(bench->second, "carrier://pigeon"), -1);
    assert_int_equal(errno, EPROTONOSUPPORT);
    char too_long[256] = "ipc:///";
    memset(too_long + strlen(too_long), 'x', 200);
    assert_int_equal(rs_zmq_bind(bench->second, too_long), -1);
}

int run_zmq_bind_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_unix_socket_that_another_process_listens_on_is_not_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_this_process_has_just_given_up_is_taken_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_left_by_who_is_gone_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_endpoints_are_bound_as_ever, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("zmq_bind", tests, NULL, NULL);
}
