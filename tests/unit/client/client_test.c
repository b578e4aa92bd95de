#include "server.h"

#include "client/client_internal.h"

#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 120000 };

static int64_t monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * RS_US_PER_S + now.tv_nsec / 1000;
}

static int send_contact(rs_client_t *client, uint32_t contact, uint64_t *number) {
    char text[16];
    snprintf(text, sizeof text, "%u", contact);
    const rs_event_t event = {.occurred_us = 1700000000000000, .seq = contact, .present = RS_HAS_SEQ, .type = RS_CONTACT_QUEUED,
                              .source = RS_STR("pbx"), .contact_id = rs_str(text), .queue = RS_STR("support"),
                              .customer = RS_STR("+15550001")};
    return rs_client_send(client, &event, number);
}

static void send_all(rs_client_t *client, uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        int status;
        while ((status = send_contact(client, first + i, NULL)) == RS_ERR_FULL) usleep(200);
        assert_int_equal(status, RS_OK);
    }
}

static rs_client_t *open_client(const char *endpoint, const rs_client_options_t *more) {
    rs_client_options_t options = more != NULL ? *more : (rs_client_options_t){0};
    options.endpoint = endpoint;
    options.source = "test";
    rs_client_t *client = NULL;
    assert_int_equal(rs_client_open(&options, &client), RS_OK);
    return client;
}

static rs_client_stats_t stats_of(const rs_client_t *client) {
    rs_client_stats_t stats;
    rs_client_stats(client, &stats);
    return stats;
}

static void wait_connected(const rs_client_t *client) {
    for (uint32_t i = 0; i < 120000 && !stats_of(client).connected; i++) usleep(1000);
    assert_true(stats_of(client).connected);
}

static void assert_each_once_in_order(const server_t *server, uint32_t first, uint32_t count) {
    assert_int_equal(server_count(server), count);
    for (uint32_t i = 0; i < count; i++) assert_int_equal(server->contacts[i], first + i);
}

/* --- callbacks ------------------------------------------------------------------------------------------------------ */
typedef struct heard {
    _Atomic uint64_t acked, refused, last_refused, refused_late;
    char reason[64], field[64];
} heard_t;

static void on_ack(void *context, uint64_t up_to) {
    heard_t *heard = context;
    assert_true(up_to > atomic_load(&heard->acked));
    atomic_store(&heard->acked, up_to);
}

static void on_refused(void *context, uint64_t number, const char *reason, const char *field) {
    heard_t *heard = context;
    if (number <= atomic_load(&heard->acked)) atomic_fetch_add(&heard->refused_late, 1);
    snprintf(heard->reason, sizeof heard->reason, "%s", reason);
    snprintf(heard->field, sizeof heard->field, "%s", field);
    atomic_store(&heard->last_refused, number);
    atomic_fetch_add(&heard->refused, 1);
}

/* --- tests ---------------------------------------------------------------------------------------------------------- */
static void check_encoding(rs_client_encoding_t encoding) {
    char endpoint[128];
    make_endpoint(endpoint);
    server_t *server = server_start(endpoint);
    heard_t heard = {0};
    rs_client_t *client =
        open_client(endpoint, &(rs_client_options_t){.encoding = encoding, .context = &heard, .on_ack = on_ack});
    send_all(client, 1, 5000);
    assert_int_equal(rs_client_flush(client, WAIT_MS), RS_OK);
    assert_int_equal(atomic_load(&heard.acked), 5000);
    assert_int_equal(stats_of(client).settled, 5000);
    assert_int_equal(stats_of(client).spool_used, 0);
    assert_int_equal(stats_of(client).resent, 0);
    assert_int_equal(rs_client_close(&client, 0), RS_OK);
    assert_null(client);
    server_stop(server);
    assert_each_once_in_order(server, 1, 5000);
    server_free(&server);
    remove_endpoint(endpoint);
}

static void every_event_arrives_once_in_order_and_is_acknowledged(void **state) {
    (void)state;
    check_encoding(RS_CLIENT_PROTOBUF);
    check_encoding(RS_CLIENT_JSON);
}

static void what_was_not_acknowledged_is_sent_again_when_the_server_died_and_came_back(void **state) {
    (void)state;
    char endpoint[128];
    make_endpoint(endpoint);
    server_t *first = server_start(endpoint);
    heard_t heard = {0};
    rs_client_t *client = open_client(endpoint, &(rs_client_options_t){.context = &heard, .on_ack = on_ack});
    send_all(client, 1, 1000);
    assert_int_equal(rs_client_flush(client, WAIT_MS), RS_OK);
    atomic_store(&first->hold_settling, true);
    send_all(client, 1001, 2000);
    server_wait(first, 3000);
    server_stop(first);                       /* 1001 to 3000 were taken and never acknowledged */
    send_all(client, 3001, 500);
    assert_int_equal(rs_client_flush(client, 50), RS_ERR_TIMEOUT);
    server_t *second = server_start(endpoint);
    assert_int_equal(rs_client_flush(client, WAIT_MS), RS_OK);
    assert_int_equal(atomic_load(&heard.acked), 3500);
    const rs_client_stats_t stats = stats_of(client);
    assert_in_range(stats.resent, 2000, 2500);   /* the last 500 too, if they went out before the end was noticed */
    assert_int_equal(stats.welcomes, 2);
    assert_int_equal(stats.disconnects, 1);
    assert_int_equal(rs_client_close(&client, 0), RS_OK);
    server_stop(second);
    assert_each_once_in_order(second, 1001, 2500);
    server_free(&first);
    server_free(&second);
    remove_endpoint(endpoint);
}

static void events_wait_in_the_spool_for_a_server_that_comes_later(void **state) {
    (void)state;
    char endpoint[128];
    make_endpoint(endpoint);
    rs_client_t *client = open_client(endpoint, &(rs_client_options_t){.spool_bytes = 64 << 10});
    uint32_t accepted = 0;
    while (send_contact(client, accepted + 1, NULL) == RS_OK) accepted++;
    assert_in_range(accepted, 400, 1500);
    assert_int_equal(send_contact(client, 1, NULL), RS_ERR_FULL);
    assert_int_equal(stats_of(client).full, 2);
    assert_int_equal(stats_of(client).accepted, accepted);
    assert_int_equal(rs_client_flush(client, 0), RS_ERR_TIMEOUT);
    server_t *server = server_start(endpoint);
    assert_int_equal(rs_client_flush(client, WAIT_MS), RS_OK);
    assert_int_equal(send_contact(client, accepted + 1, NULL), RS_OK);   /* there is room again */
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    server_stop(server);
    assert_each_once_in_order(server, 1, accepted + 1);
    server_free(&server);
    remove_endpoint(endpoint);
}

static void sending_never_waits_for_a_server_that_has_stopped_reading(void **state) {
    (void)state;
    char endpoint[128];
    make_endpoint(endpoint);
    server_t *server = server_start(endpoint);
    atomic_store(&server->is_full, true);
    rs_client_t *client = open_client(endpoint, &(rs_client_options_t){.spool_bytes = 1 << 20});
    wait_connected(client);
    uint32_t full = 0;
    int64_t longest_us = 0;
    const int64_t begin_us = monotonic_us();
    for (uint32_t i = 1; i <= 200000; i++) {
        const int64_t before_us = monotonic_us();
        if (send_contact(client, i, NULL) == RS_ERR_FULL) full++;
        const int64_t took_us = monotonic_us() - before_us;
        if (took_us > longest_us) longest_us = took_us;
    }
    printf("200000 sends in %lld ms, longest %lld us, %u refused\n", (long long)(monotonic_us() - begin_us) / 1000,
           (long long)longest_us, full);
    assert_true(full > 100000);
    assert_true(longest_us < 250000);   /* a busy machine may take the processor away, a server may not */
    const uint32_t accepted = 200000 - full;
    atomic_store(&server->is_full, false);
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    server_stop(server);
    assert_int_equal(server_count(server), accepted);
    server_free(&server);
    remove_endpoint(endpoint);
}

static void a_refused_event_is_reported_once_before_the_acknowledgement_that_covers_it(void **state) {
    (void)state;
    char endpoint[128];
    make_endpoint(endpoint);
    server_t *server = server_start(endpoint);
    atomic_store(&server->refuse_every, 10);
    heard_t heard = {0};
    rs_client_t *client =
        open_client(endpoint, &(rs_client_options_t){.context = &heard, .on_ack = on_ack, .on_refused = on_refused});
    send_all(client, 1, 1000);
    assert_int_equal(rs_client_flush(client, WAIT_MS), RS_OK);
    assert_int_equal(atomic_load(&heard.refused), 100);
    assert_int_equal(atomic_load(&heard.last_refused), 1000);
    assert_int_equal(atomic_load(&heard.refused_late), 0);
    assert_int_equal(stats_of(client).refused, 100);
    assert_int_equal(rs_client_close(&client, 0), RS_OK);
    assert_string_equal(heard.reason, "too_late");
    server_stop(server);
    server_free(&server);
    remove_endpoint(endpoint);
}

static void an_event_that_the_daemon_would_refuse_is_not_taken(void **state) {
    (void)state;
    char endpoint[128];
    make_endpoint(endpoint);
    rs_client_t *client = open_client(endpoint, NULL);
    uint64_t number = 77;
    const rs_event_t no_source = {.occurred_us = 1, .type = RS_CONTACT_CREATED, .event_id = RS_STR("e"),
                                  .contact_id = RS_STR("c")};
    assert_int_equal(rs_client_send(client, &no_source, &number), RS_ERR_INVALID);
    assert_int_equal(number, 77);
    assert_int_equal(stats_of(client).invalid, 1);
    assert_int_equal(stats_of(client).accepted, 0);
    assert_int_equal(send_contact(client, 5, &number), RS_OK);
    assert_int_equal(number, 1);
    assert_int_equal(rs_client_close(&client, 20), RS_ERR_TIMEOUT);   /* nobody there: something was left */
    remove_endpoint(endpoint);
}

static void a_name_that_was_used_before_costs_no_event(void **state) {
    (void)state;
    char endpoint[128];
    make_endpoint(endpoint);
    server_t *server = server_start(endpoint);
    const rs_client_options_t options = {.incarnation = "always-the-same"};
    rs_client_t *client = open_client(endpoint, &options);
    send_all(client, 1, 50);
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    client = open_client(endpoint, &options);
    send_all(client, 51, 30);                 /* numbers 1 to 30 again */
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    client = open_client(endpoint, &options);
    send_all(client, 81, 100);
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    server_stop(server);
    assert_each_once_in_order(server, 1, 180);
    server_free(&server);
    remove_endpoint(endpoint);
}

typedef struct sender { rs_client_t *client; uint32_t first, count; uint64_t *numbers; } sender_t;

static void *send_some(void *context) {
    const sender_t *sender = context;
    for (uint32_t i = 0; i < sender->count; i++) {
        while (send_contact(sender->client, sender->first + i, &sender->numbers[sender->first + i]) != RS_OK) usleep(100);
    }
    return NULL;
}

static void several_threads_may_send_at_once_and_every_number_is_given_once(void **state) {
    (void)state;
    enum { THREADS = 4, EACH = 5000 };
    char endpoint[128];
    make_endpoint(endpoint);
    server_t *server = server_start(endpoint);
    rs_client_t *client = open_client(endpoint, &(rs_client_options_t){.spool_bytes = 256 << 10});
    uint64_t *numbers = calloc(THREADS * EACH, sizeof *numbers);
    pthread_t threads[THREADS];
    sender_t senders[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        senders[i] = (sender_t){.client = client, .first = i * EACH, .count = EACH, .numbers = numbers};
        assert_int_equal(pthread_create(&threads[i], NULL, send_some, &senders[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    server_stop(server);
    assert_int_equal(server_count(server), THREADS * EACH);
    for (uint32_t contact = 0; contact < THREADS * EACH; contact++) {
        assert_in_range(numbers[contact], 1, THREADS * EACH);
        assert_int_equal(server->contacts[numbers[contact] - 1], contact);   /* number n is the n-th to arrive */
    }
    free(numbers);
    server_free(&server);
    remove_endpoint(endpoint);
}

static void no_wake_up_is_lost_when_events_come_one_by_one(void **state) {
    (void)state;
    char endpoint[128];
    make_endpoint(endpoint);
    server_t *server = server_start(endpoint);
    rs_client_t *client = open_client(endpoint, &(rs_client_options_t){.batch_delay_us = 1, .batch_events = 1});
    wait_connected(client);
    const int64_t begin_us = monotonic_us();
    for (uint32_t i = 1; i <= 1000; i++) {
        assert_int_equal(send_contact(client, i, NULL), RS_OK);
        if (i % 3 == 0) server_wait(server, i);   /* a lost wake-up would wait for the 5 s of the next PING */
    }
    assert_int_equal(rs_client_flush(client, WAIT_MS), RS_OK);
    assert_true(monotonic_us() - begin_us < 5 * RS_US_PER_S);
    assert_int_equal(rs_client_close(&client, 0), RS_OK);
    server_stop(server);
    assert_each_once_in_order(server, 1, 1000);
    server_free(&server);
    remove_endpoint(endpoint);
}

static void events_survive_a_server_that_comes_and_goes_all_the_time(void **state) {
    (void)state;
    enum { ROUNDS = 12, EACH = 3000 };
    char endpoint[128];
    make_endpoint(endpoint);
    rs_client_t *client = open_client(endpoint, NULL);
    uint8_t *seen = calloc(ROUNDS * EACH + 1, 1);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        server_t *server = server_start(endpoint);
        send_all(client, round * EACH + 1, EACH);
        usleep(round * 2000);
        if (round + 1 == ROUNDS) assert_int_equal(rs_client_flush(client, WAIT_MS), RS_OK);
        server_stop(server);
        const uint32_t count = server_count(server);
        for (uint32_t i = 1; i < count; i++) assert_int_equal(server->contacts[i], server->contacts[i - 1] + 1);
        for (uint32_t i = 0; i < count; i++) seen[server->contacts[i]] = 1;
        server_free(&server);
    }
    for (uint32_t contact = 1; contact <= ROUNDS * EACH; contact++) assert_true(seen[contact]);
    assert_int_equal(rs_client_close(&client, 0), RS_OK);
    free(seen);
    remove_endpoint(endpoint);
}

static void options_that_make_no_sense_are_refused(void **state) {
    (void)state;
    char long_name[80];
    memset(long_name, 'x', sizeof long_name);
    long_name[79] = '\0';
    const rs_client_options_t cases[] = {
        {.endpoint = NULL, .source = "s"},
        {.endpoint = "tcp://127.0.0.1:1", .source = NULL},
        {.endpoint = "tcp://127.0.0.1:1", .source = ""},
        {.endpoint = "tcp://127.0.0.1:1", .source = long_name},
        {.endpoint = "tcp://127.0.0.1:1", .source = "s", .incarnation = ""},
        {.endpoint = "tcp://127.0.0.1:1", .source = "s", .incarnation = long_name},
        {.endpoint = "inproc://x1", .source = "s"},
        {.endpoint = "tcp://", .source = "s"},
        {.endpoint = "tcp://nowhere", .source = "s"},
        {.endpoint = "tcp://127.0.0.1:1", .source = "s", .spool_bytes = 1000},
        {.endpoint = "tcp://127.0.0.1:1", .source = "s", .batch_events = 5000},
        {.endpoint = "tcp://127.0.0.1:1", .source = "s", .encoding = (rs_client_encoding_t)7},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        rs_client_t *client = NULL;
        if (rs_client_open(&cases[i], &client) != RS_ERR_INVALID) fail_msg("case %zu was taken", i);
        assert_null(client);
    }
    assert_int_equal(rs_client_close(NULL, 0), RS_OK);
}

static void answers_are_read_strictly_and_later_frames_ignored(void **state) {
    (void)state;
    const struct { rs_str_t frames[8]; uint32_t count; rs__answer_kind_t wanted; } cases[] = {
        {{RS_STR("RS1"), RS_STR("ACK"), RS_STR("7"), RS_STR("8"), RS_STR("9")}, 5, RS__ANSWER_ACK},
        {{RS_STR("RS1"), RS_STR("ACK"), RS_STR("7"), RS_STR("8"), RS_STR("9"), RS_STR("new")}, 6, RS__ANSWER_ACK},
        {{RS_STR("RS1"), RS_STR("ACK"), RS_STR("7"), RS_STR("8")}, 4, RS__ANSWER_NONE},
        {{RS_STR("RS1"), RS_STR("ACK"), RS_STR("-7"), RS_STR("8"), RS_STR("9")}, 5, RS__ANSWER_NONE},
        {{RS_STR("RS1"), RS_STR("WELCOME"), RS_STR("7"), RS_STR("8"), RS_STR("9"), RS_STR("10")}, 6, RS__ANSWER_WELCOME},
        {{RS_STR("RS1"), RS_STR("WELCOME"), RS_STR("7"), RS_STR("8"), RS_STR("9")}, 5, RS__ANSWER_NONE},
        {{RS_STR("RS1"), RS_STR("NACK"), RS_STR("7"), RS_STR("bad_time"), RS_STR("occurred_at")}, 5, RS__ANSWER_NACK},
        {{RS_STR("RS1"), RS_STR("NACK"), RS_STR("7")}, 3, RS__ANSWER_NONE},
        {{RS_STR("RS1"), RS_STR("ERROR"), RS_STR("gap"), RS_STR("text"), RS_STR("5")}, 5, RS__ANSWER_ERROR},
        {{RS_STR("RS1"), RS_STR("ERROR")}, 2, RS__ANSWER_NONE},
        {{RS_STR("RS1"), RS_STR("PONG")}, 2, RS__ANSWER_PONG},
        {{RS_STR("RS1"), RS_STR("LATER")}, 2, RS__ANSWER_NONE},
        {{RS_STR("RS2"), RS_STR("PONG")}, 2, RS__ANSWER_NONE},
        {{RS_STR("")}, 1, RS__ANSWER_NONE},
    };
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        const rs__answer_t answer = rs__answer_parse(cases[i].frames, cases[i].count);
        if (answer.kind != cases[i].wanted) fail_msg("case %zu: kind %d", i, answer.kind);
    }
}

int main(int argc, char **argv) {
    if (argc > 1) return run_producer(argv + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_arrives_once_in_order_and_is_acknowledged),
        cmocka_unit_test(what_was_not_acknowledged_is_sent_again_when_the_server_died_and_came_back),
        cmocka_unit_test(events_wait_in_the_spool_for_a_server_that_comes_later),
        cmocka_unit_test(sending_never_waits_for_a_server_that_has_stopped_reading),
        cmocka_unit_test(a_refused_event_is_reported_once_before_the_acknowledgement_that_covers_it),
        cmocka_unit_test(an_event_that_the_daemon_would_refuse_is_not_taken),
        cmocka_unit_test(a_name_that_was_used_before_costs_no_event),
        cmocka_unit_test(several_threads_may_send_at_once_and_every_number_is_given_once),
        cmocka_unit_test(no_wake_up_is_lost_when_events_come_one_by_one),
        cmocka_unit_test(events_survive_a_server_that_comes_and_goes_all_the_time),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(answers_are_read_strictly_and_later_frames_ignored),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL) + follow_tests() + spool_tests() + producer_tests();
}
