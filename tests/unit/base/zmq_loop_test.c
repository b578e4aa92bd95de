/* A ZeroMQ socket on a libuv loop: nothing is missed, whoever else uses the socket. Every test ends with an empty loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/zmq_loop.h"
#include "base_tests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { PATIENCE_MS = 120000 };   /* a missed wake-up stands still for ever; this only ends the test then */

/* A ROUTER on the loop, a DEALER beside it, and the timers of the tests. */
typedef struct bench {
    uv_loop_t loop;
    void *zmq, *router, *dealer;
    char endpoint[64];
    rs_zmq_watch_t *watch;
    uv_timer_t guard, timer;
    uint64_t received, wanted, sent, budget;
    uint64_t calls;
    bool gave_up, replies, defers;
    uint64_t unanswered;
    char peer[16];
    int peer_len;
} bench_t;

static void on_guard(uv_timer_t *timer) {
    bench_t *bench = timer->data;
    bench->gave_up = true;
    uv_stop(&bench->loop);
}

static int set_up(void **state) {
    bench_t *bench = calloc(1, sizeof(*bench));
    if (bench == NULL) return -1;
    int zero = 0;
    size_t size = sizeof(bench->endpoint);
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    bench->zmq = zmq_ctx_new();
    bench->router = zmq_socket(bench->zmq, ZMQ_ROUTER);
    bench->dealer = zmq_socket(bench->zmq, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(bench->router, ZMQ_LINGER, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_setsockopt(bench->dealer, ZMQ_LINGER, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_setsockopt(bench->dealer, ZMQ_SNDHWM, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_setsockopt(bench->router, ZMQ_RCVHWM, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_setsockopt(bench->dealer, ZMQ_RCVHWM, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_setsockopt(bench->router, ZMQ_SNDHWM, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_bind(bench->router, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(bench->router, ZMQ_LAST_ENDPOINT, bench->endpoint, &size), 0);
    assert_int_equal(zmq_connect(bench->dealer, bench->endpoint), 0);
    uv_timer_init(&bench->loop, &bench->guard);
    uv_timer_init(&bench->loop, &bench->timer);
    bench->guard.data = bench->timer.data = bench;
    uv_timer_start(&bench->guard, on_guard, PATIENCE_MS, 0);
    bench->budget = 1;
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    bench_t *bench = *state;
    rs_zmq_watch_close(&bench->watch);
    if (bench->watch != NULL) return -1;
    uv_close((uv_handle_t *)&bench->guard, NULL);
    uv_close((uv_handle_t *)&bench->timer, NULL);
    zmq_close(bench->router);
    zmq_close(bench->dealer);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    const int closed = uv_loop_close(&bench->loop);
    zmq_ctx_term(bench->zmq);
    free(bench);
    return closed;
}

/* One whole message of the ROUTER: the peer's name, then the payload. False when there is none. */
static bool receive_one(bench_t *bench) {
    char payload[64];
    const int len = zmq_recv(bench->router, bench->peer, sizeof(bench->peer), ZMQ_DONTWAIT);
    if (len < 0) return false;
    bench->peer_len = len;
    assert_true(zmq_recv(bench->router, payload, sizeof(payload), ZMQ_DONTWAIT) >= 0);
    bench->received++;
    return true;
}
static void reply(bench_t *bench) {
    assert_true(zmq_send(bench->router, bench->peer, (size_t)bench->peer_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0);
    assert_true(zmq_send(bench->router, "ack", 3, ZMQ_DONTWAIT) >= 0);
    bench->sent++;
}
static void on_readable(void *context) {
    bench_t *bench = context;
    bench->calls++;
    for (uint64_t i = 0; i < bench->budget && receive_one(bench); i++) {
        if (bench->defers) bench->unanswered++;
        else if (bench->replies) reply(bench);
    }
    if (bench->received >= bench->wanted && bench->unanswered == 0) uv_stop(&bench->loop);
}
static void watch_router(bench_t *bench) {
    assert_int_equal(rs_zmq_watch_open(&bench->loop, bench->router, on_readable, bench, &bench->watch), RS_OK);
}
static void send_many(bench_t *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) assert_int_equal(zmq_send(bench->dealer, "event", 5, ZMQ_DONTWAIT), 5);
}
static void run(bench_t *bench) {
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    if (bench->gave_up) fail_msg("stood still after %llu of %llu", (unsigned long long)bench->received, (unsigned long long)bench->wanted);
}

static void every_message_arrives_with_a_budget_of_one(void **state) {
    bench_t *bench = *state;
    watch_router(bench);
    bench->wanted = 20000;
    send_many(bench, bench->wanted);
    run(bench);
    assert_int_equal(bench->received, 20000);
    assert_int_equal(bench->calls, 20000);
}

static void messages_that_came_before_the_watch_are_seen(void **state) {
    bench_t *bench = *state;
    bench->wanted = 10;
    send_many(bench, bench->wanted);
    int events = 0;
    while ((events & ZMQ_POLLIN) == 0) {   /* asking for the events takes the descriptor's edge away */
        size_t size = sizeof(events);
        assert_int_equal(zmq_getsockopt(bench->router, ZMQ_EVENTS, &events, &size), 0);
    }
    watch_router(bench);
    run(bench);
}

/* A producer that sends its next message when the last one was answered, from a thread of its own. */
typedef struct producer { const char *endpoint; void *zmq; uint64_t rounds, answered; } producer_t;
static void *ask_and_wait(void *context) {
    producer_t *producer = context;
    void *dealer = zmq_socket(producer->zmq, ZMQ_DEALER);
    int zero = 0, patience = PATIENCE_MS;
    char answer[8];
    if (dealer == NULL || zmq_setsockopt(dealer, ZMQ_LINGER, &zero, sizeof(zero)) != 0 ||
        zmq_setsockopt(dealer, ZMQ_RCVTIMEO, &patience, sizeof(patience)) != 0 || zmq_connect(dealer, producer->endpoint) != 0) {
        return NULL;
    }
    for (uint64_t i = 0; i < producer->rounds; i++) {
        if (zmq_send(dealer, "event", 5, 0) < 0 || zmq_recv(dealer, answer, sizeof(answer), 0) < 0) break;
        producer->answered++;
    }
    zmq_close(dealer);
    return NULL;
}
static void run_with_producer(bench_t *bench, uint64_t rounds) {
    producer_t producer = {.endpoint = bench->endpoint, .zmq = bench->zmq, .rounds = rounds};
    pthread_t thread;
    bench->wanted = rounds;
    assert_int_equal(pthread_create(&thread, NULL, ask_and_wait, &producer), 0);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(producer.answered, rounds);
    assert_false(bench->gave_up);
}

static void replies_from_the_callback_do_not_swallow_the_next_request(void **state) {
    bench_t *bench = *state;
    bench->replies = true;
    watch_router(bench);
    run_with_producer(bench, 3000);
}

static void answer_later(uv_timer_t *timer) {
    bench_t *bench = timer->data;
    for (; bench->unanswered > 0; bench->unanswered--) reply(bench);
    if (bench->received >= bench->wanted) uv_stop(&bench->loop);
}

static void deferred_replies_from_a_timer_do_not_swallow_the_next_request(void **state) {
    bench_t *bench = *state;
    bench->defers = true;
    watch_router(bench);
    uv_timer_start(&bench->timer, answer_later, 1, 1);
    run_with_producer(bench, 300);
}

static void send_from_timer(uv_timer_t *timer) {
    bench_t *bench = timer->data;
    if (bench->peer_len == 0) return;
    for (int i = 0; i < 20; i++) reply(bench);
}

static void sends_from_timers_while_messages_stream_in_lose_nothing(void **state) {
    bench_t *bench = *state;
    producer_t producer = {.endpoint = bench->endpoint, .zmq = bench->zmq, .rounds = 500};
    pthread_t thread;
    bench->replies = true;
    bench->wanted = 500 + 5000;
    watch_router(bench);
    uv_timer_start(&bench->timer, send_from_timer, 1, 1);
    send_many(bench, 5000);
    assert_int_equal(pthread_create(&thread, NULL, ask_and_wait, &producer), 0);
    run(bench);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(producer.answered, 500);
    assert_true(bench->sent >= 5500);
}

static void stop_loop(uv_timer_t *timer) { uv_stop(timer->loop); }

static void paused_watch_is_silent_and_resumed_watch_catches_up(void **state) {
    bench_t *bench = *state;
    watch_router(bench);
    rs_zmq_watch_pause(bench->watch);
    rs_zmq_watch_pause(bench->watch);
    bench->wanted = 100;
    send_many(bench, bench->wanted);
    uv_timer_start(&bench->timer, stop_loop, 50, 0);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->calls, 0);
    rs_zmq_watch_resume(bench->watch);
    rs_zmq_watch_resume(bench->watch);
    run(bench);
    assert_int_equal(bench->received, 100);
}

static void count_turn(uv_check_t *check) { (*(uint64_t *)check->data)++; }

static void idle_or_paused_watch_lets_the_loop_sleep(void **state) {
    bench_t *bench = *state;
    uint64_t turns = 0;
    uv_check_t counter;
    uv_check_init(&bench->loop, &counter);
    counter.data = &turns;
    uv_check_start(&counter, count_turn);
    bench->wanted = 10;
    send_many(bench, 10);
    watch_router(bench);
    run(bench);                       /* all is read: idle */
    turns = 0;
    uv_timer_start(&bench->timer, stop_loop, 50, 0);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_true(turns < 20);
    rs_zmq_watch_pause(bench->watch);
    send_many(bench, 10);             /* unread messages do not make a paused one spin */
    turns = 0;
    uv_timer_start(&bench->timer, stop_loop, 50, 0);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_true(turns < 20);
    uv_close((uv_handle_t *)&counter, NULL);
    uv_run(&bench->loop, UV_RUN_NOWAIT);   /* the handle is on this stack */
}

static void close_in_callback(void *context) {
    bench_t *bench = context;
    bench->calls++;
    rs_zmq_watch_close(&bench->watch);
    uv_stop(&bench->loop);
}

static void watch_closed_from_its_own_callback_is_not_called_again(void **state) {
    bench_t *bench = *state;
    bench->wanted = 2;
    assert_int_equal(rs_zmq_watch_open(&bench->loop, bench->router, close_in_callback, bench, &bench->watch), RS_OK);
    send_many(bench, 2);
    run(bench);
    assert_null(bench->watch);
    uv_timer_start(&bench->timer, stop_loop, 20, 0);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->calls, 1);
}

static void pause_in_callback(void *context) {
    bench_t *bench = context;
    bench->calls++;
    rs_zmq_watch_pause(bench->watch);
    uv_stop(&bench->loop);
}

static void watch_paused_from_its_own_callback_is_not_called_again(void **state) {
    bench_t *bench = *state;
    assert_int_equal(rs_zmq_watch_open(&bench->loop, bench->router, pause_in_callback, bench, &bench->watch), RS_OK);
    send_many(bench, 2);
    run(bench);
    uv_timer_start(&bench->timer, stop_loop, 20, 0);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->calls, 1);
}

static void open_refuses_what_is_not_a_socket(void **state) {
    bench_t *bench = *state;
    rs_zmq_watch_t *watch = NULL;
    assert_int_equal(rs_zmq_watch_open(&bench->loop, NULL, on_readable, bench, &watch), RS_ERR_IO);
    assert_null(watch);
    rs_zmq_watch_close(&watch);
    rs_zmq_watch_close(NULL);
}

int run_zmq_loop_tests(void) {
#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LOOP_TEST(every_message_arrives_with_a_budget_of_one),
        LOOP_TEST(messages_that_came_before_the_watch_are_seen),
        LOOP_TEST(replies_from_the_callback_do_not_swallow_the_next_request),
        LOOP_TEST(deferred_replies_from_a_timer_do_not_swallow_the_next_request),
        LOOP_TEST(sends_from_timers_while_messages_stream_in_lose_nothing),
        LOOP_TEST(paused_watch_is_silent_and_resumed_watch_catches_up),
        LOOP_TEST(idle_or_paused_watch_lets_the_loop_sleep),
        LOOP_TEST(watch_closed_from_its_own_callback_is_not_called_again),
        LOOP_TEST(watch_paused_from_its_own_callback_is_not_called_again),
        LOOP_TEST(open_refuses_what_is_not_a_socket),
    };
    return cmocka_run_group_tests_name("zmq_loop", tests, NULL, NULL);
}
