/* A Unix socket that somebody listens on is not taken from them; one that was left behind is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/zmq_bind.h"
#include "base_tests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

static void a_unix_socket_that_is_listened_on_is_not_taken(void **state) {
    bench_t *bench = *state;
    assert_int_equal(rs_zmq_bind(bench->first, bench->endpoint), 0);
    errno = 0;
    assert_int_equal(rs_zmq_bind(bench->second, bench->endpoint), -1);
    assert_int_equal(errno, EADDRINUSE);
    /* and who listened is still found under the name */
    char text[8] = "";
    const int patience_ms = 20000, at_once = 0;
    void *sender = zmq_socket(bench->zmq, ZMQ_PUSH);
    assert_int_equal(zmq_setsockopt(bench->first, ZMQ_RCVTIMEO, &patience_ms, sizeof(patience_ms)), 0);
    assert_int_equal(zmq_setsockopt(sender, ZMQ_LINGER, &at_once, sizeof(at_once)), 0);
    assert_int_equal(zmq_connect(sender, bench->endpoint), 0);
    assert_int_equal(zmq_send(sender, "event", 5, 0), 5);
    assert_int_equal(zmq_recv(bench->first, text, sizeof(text), 0), 5);
    zmq_close(sender);
}

static void a_file_that_was_left_by_who_is_gone_is_replaced(void **state) {
    bench_t *bench = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, bench->path);
    const int killed = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(killed, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(killed, 1), 0);
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
        cmocka_unit_test_setup_teardown(a_unix_socket_that_is_listened_on_is_not_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_left_by_who_is_gone_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_endpoints_are_bound_as_ever, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("zmq_bind", tests, NULL, NULL);
}
