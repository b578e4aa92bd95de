/* The receivers as main uses them: nothing before it is durable, confirmed positions, a restart. */
#include "feed_support.h"

#include "feed/receivers.h"
#include "memory_journal.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_IDS = 64, ANSWER_BYTES = 4096 };

/* A web server that answers one request per connection, and keeps the ids of the CloudEvents. */
typedef struct server {
    int listening;
    uint16_t port;
    pthread_t thread;
    atomic_int status; /* of answers: the test sets it, the thread reads it, relaxed */
    atomic_uint count; /* of ids: the thread adds with release behind the id, the test acquires */
    char ids[MAX_IDS][80];
} server_t;

static void answer_one(server_t *server, int connection) {
    char request[16384] = "", answer[128];
    size_t used = 0;
    ssize_t len = 0;
    const char *id = NULL, *end = NULL;
    while (end == NULL && (len = recv(connection, request + used, sizeof(request) - 1 - used, 0)) > 0) {
        used += (size_t)len;
        request[used] = '\0';
        id = strstr(request, "\"id\":\"");
        if (id != NULL && request[used - 1] == '}') end = strchr(id + 6, '"');
    }
    if (end == NULL) return;
    const int status = atomic_load_explicit(&server->status, memory_order_relaxed);
    const unsigned count = atomic_load_explicit(&server->count, memory_order_relaxed);
    if (status == 200 && count < MAX_IDS) {
        snprintf(server->ids[count], sizeof(server->ids[count]), "%.*s", (int)(end - id - 6), id + 6);
        atomic_store_explicit(&server->count, count + 1, memory_order_release);
    }
    const int answer_len =
        snprintf(answer, sizeof(answer), "HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
    (void)!send(connection, answer, (size_t)answer_len, MSG_NOSIGNAL);
}

static void *serve(void *context) {
    server_t *server = context;
    for (;;) {
        const int connection = accept(server->listening, NULL, NULL);
        if (connection < 0) return NULL;
        answer_one(server, connection);
        close(connection);
    }
}

static void server_start(server_t *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    *server = (server_t){.listening = socket(AF_INET, SOCK_STREAM, 0)};
    atomic_store(&server->status, 200);
    assert_int_equal(bind(server->listening, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(server->listening, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(server->listening, 16), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(server_t *server) {
    (void)shutdown(server->listening, SHUT_RDWR);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    close(server->listening);
}

static unsigned heard(const server_t *server) { return atomic_load_explicit(&server->count, memory_order_acquire); }

/* --- receivers on a loop of their own -------------------------------------------------------------------------------- */
typedef struct house {
    uv_loop_t loop;
    rs_config_t *config;
    rs_receivers_t *receivers;
    rs_effect_id_t confirmed;
    unsigned reports, refuses_reports, forgotten;
    bool closed;
} house_t;

/* Of a receiver that the core does not know a first report comes with nothing told; then it only grows. */
static int on_confirmed(void *context, const rs_confirmed_t *confirmed) {
    house_t *house = context;
    const rs_effect_id_t id = {confirmed->alert_position, confirmed->alert_ordinal};
    if (house->refuses_reports > 0) {
        house->refuses_reports--;
        return RS_ERR_FULL;
    }
    assert_int_equal(confirmed->receiver, rs_receivers_number(RS_STR("board")));
    if (id.position == UINT64_MAX) { /* forgotten */
        house->reports = 0;
        house->forgotten++;
        return RS_OK;
    }
    assert_true(house->reports == 0 || rs_effect_after(id, house->confirmed));
    house->confirmed = id;
    house->reports++;
    return RS_OK;
}

static void open_house(house_t *house, uint16_t port) {
    char url[64], why[256] = "";
    rs_config_error_t error;
    (void)snprintf(url, sizeof(url), "receivers.board.url=http://127.0.0.1:%u/", port);
    const char *const sets[] = {"receivers.board.kind=webhook", url, "receivers.board.backoff_min=10ms",
                                "receivers.board.backoff_max=20ms"};
    *house = (house_t){.config = NULL};
    assert_int_equal(uv_loop_init(&house->loop), 0);
    assert_int_equal(rs_config_load(NULL, sets, RS_ARRAY_LEN(sets), &house->config, &error), RS_OK);
    const rs_receivers_options_t options = {
        .loop = &house->loop, .config = house->config, .seed = 1, .context = house, .confirmed = on_confirmed};
    assert_int_equal(rs_receivers_create(&options, &house->receivers, why, sizeof(why)), RS_OK);
}

static void on_closed(void *context) { ((house_t *)context)->closed = true; }

static void close_house(house_t *house) {
    rs_receivers_close(&house->receivers, on_closed, house);
    while (uv_run(&house->loop, UV_RUN_DEFAULT) != 0) continue;
    assert_true(house->closed);
    assert_int_equal(uv_loop_close(&house->loop), 0);
    rs_config_destroy(&house->config);
}

static void put(house_t *house, uint64_t episode, unsigned from, unsigned to, uint64_t position, uint32_t ordinal) {
    rs_alert_transition_t transition = world_transition(episode, 0, from, to);
    transition.fired_us = TEST_NOW;
    transition.position = position;
    transition.ordinal = ordinal;
    rs_receivers_on_transition(house->receivers, &transition);
}

static void fire(house_t *house, uint64_t episode, uint64_t position, uint32_t ordinal) {
    put(house, episode, RS_ALERT_PENDING, RS_ALERT_FIRING, position, ordinal);
}

/* Runs the loop until the server has heard `count`, and a little longer. */
static void run_until_heard(house_t *house, const server_t *server, unsigned count) {
    for (unsigned i = 0; i < 5000 && heard(server) < count; i++) {
        (void)uv_run(&house->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    for (unsigned i = 0; i < 50; i++) {
        (void)uv_run(&house->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    assert_int_equal(heard(server), count);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */
static void nothing_goes_out_before_its_position_is_durable(void **state) {
    house_t house;
    server_t server;
    (void)state;
    server_start(&server);
    open_house(&house, server.port);
    house.refuses_reports = 3; /* they are made again */
    fire(&house, 1, 10, 0);
    fire(&house, 2, 10, 1);
    fire(&house, 3, 11, 0);
    assert_int_equal(rs_receivers_waiting(house.receivers), 3);
    rs_receivers_set_durable(house.receivers, 9);
    run_until_heard(&house, &server, 0);
    rs_receivers_set_durable(house.receivers, 10);
    run_until_heard(&house, &server, 2);
    assert_int_equal(rs_receivers_waiting(house.receivers), 1);
    assert_int_equal(house.confirmed.position, 10);
    assert_int_equal(house.confirmed.ordinal, 1);
    rs_receivers_set_durable(house.receivers, 100);
    run_until_heard(&house, &server, 3);
    fire(&house, 4, 50, 0); /* behind what is durable: at once */
    run_until_heard(&house, &server, 4);
    close_house(&house);
    server_stop(&server);
}

static void put_hushed(house_t *house, unsigned from, unsigned to, uint64_t position, uint8_t hush) {
    rs_alert_transition_t transition = world_transition(7, 0, from, to);
    transition.fired_us = TEST_NOW;
    transition.position = position;
    transition.hush = hush;
    rs_receivers_on_transition(house->receivers, &transition);
}

static void what_is_kept_quiet_is_told_when_it_is_quiet_no_more(void **state) {
    house_t house;
    server_t server;
    (void)state;
    server_start(&server);
    open_house(&house, server.port);
    rs_receivers_set_durable(house.receivers, 100);
    put_hushed(&house, RS_ALERT_PENDING, RS_ALERT_FIRING, 10, RS_HUSH_SILENCED);
    put_hushed(&house, RS_ALERT_FIRING, RS_ALERT_FLAPPING, 11, RS_HUSH_SILENCED);
    run_until_heard(&house, &server, 0);
    put_hushed(&house, RS_ALERT_FLAPPING, RS_ALERT_FLAPPING, 12, 0);
    run_until_heard(&house, &server, 1);
    put_hushed(&house, RS_ALERT_FLAPPING, RS_ALERT_RESOLVED, 13, 0);
    run_until_heard(&house, &server, 2);
    close_house(&house);
    server_stop(&server);
}

/* --- a restart, with a journal in memory and the real core --------------------------------------------------------- */
static const char alert_text[] =
    "limits: {contacts: 2000, rows: 20000, remembered_ids: 20000, queue_keys: 100, agent_keys: 100}\n"
    "alerts: {rules: {somebody_waits: {metric: waiting, compare: above, limit: 0, clear: 0}}}\n";
static const int64_t noon_us = INT64_C(1772452800) * RS_US_PER_S;

static rs_config_t *alert_config(void) {
    char path[] = "/tmp/rs-receivers-XXXXXX";
    rs_config_t *config = NULL;
    rs_config_error_t error;
    const int file = mkstemp(path);
    assert_int_equal(write(file, alert_text, strlen(alert_text)), (ssize_t)strlen(alert_text));
    close(file);
    assert_int_equal(rs_config_load(path, NULL, 0, &config, &error), RS_OK);
    unlink(path);
    return config;
}

static void add_call(memory_journal_t *journal, rs_event_type_t type, const char *queue, uint64_t number) {
    const rs_event_t event = {.type = (uint8_t)type,
                              .channel = RS_CHANNEL_VOICE,
                              .occurred_us = noon_us + (int64_t)number * RS_US_PER_S,
                              .source = RS_STR("pbx"),
                              .incarnation = RS_STR("1"),
                              .tenant = RS_STR("default"),
                              .contact_id = rs_str(queue),
                              .queue = rs_str(queue),
                              .seq = number,
                              .present = RS_HAS_SEQ};
    journal_add_event(journal, &event, event.occurred_us, (rs_origin_t){.session = 1, .number = number});
    journal_add_tick(journal, event.occurred_us);
}

static void resume(house_t *house, const memory_journal_t *journal, const rs_engine_settings_t *settings) {
    rs_engine_t *engine = journal_engine(journal, settings);
    assert_int_equal(rs_receivers_resume(house->receivers, rs_engine_core(engine)), RS_OK);
    rs_engine_destroy(&engine);
}

static void journal_confirmed(memory_journal_t *journal, const house_t *house) {
    journal_add_confirmed(journal, &(rs_confirmed_t){.receiver = rs_receivers_number(RS_STR("board")),
                                                     .alert_position = house->confirmed.position,
                                                     .alert_ordinal = house->confirmed.ordinal});
}

static void after_a_restart_only_what_was_not_confirmed_is_sent_with_the_same_key(void **state) {
    house_t house;
    server_t server;
    rs_config_t *config = alert_config();
    const rs_engine_settings_t settings = {.config = config, .start_us = noon_us, .run = 7, .hash_seed = 4711};
    memory_journal_t journal = {0};
    char key[80];
    (void)state;
    server_start(&server);
    journal_add_begin(&journal, config, &settings);
    journal_add_session(&journal, 1, RS_STR("pbx"), RS_STR("1"));
    journal_add_confirmed(&journal, &(rs_confirmed_t){.receiver = rs_receivers_number(RS_STR("board"))}); /* it is there */
    add_call(&journal, RS_CONTACT_QUEUED, "a", 1);
    add_call(&journal, RS_CONTACT_QUEUED, "b", 2);
    open_house(&house, server.port); /* nothing was told before the restart */
    resume(&house, &journal, &settings);
    run_until_heard(&house, &server, 2);
    journal_confirmed(&journal, &house);
    close_house(&house);

    add_call(&journal, RS_CONTACT_ABANDONED, "a", 3); /* the receiver is away when these happen */
    add_call(&journal, RS_CONTACT_QUEUED, "c", 4);
    atomic_store(&server.status, 500);
    open_house(&house, server.port);
    resume(&house, &journal, &settings);
    run_until_heard(&house, &server, 2);
    close_house(&house);

    atomic_store(&server.status, 200);
    open_house(&house, server.port);
    resume(&house, &journal, &settings);
    run_until_heard(&house, &server, 4); /* the end of a, the beginning of c; not a's and b's beginnings again */
    assert_true(house.reports > 0);
    assert_string_equal(server.ids[2] + strlen(server.ids[2]) - 2, "/2");
    assert_memory_equal(server.ids[2], server.ids[0], strcspn(server.ids[0], "/")); /* the same episode */
    memcpy(key, server.ids[3], sizeof(key));
    close_house(&house);

    open_house(&house, server.port); /* killed before it was journaled: told once more, with the same keys */
    resume(&house, &journal, &settings);
    run_until_heard(&house, &server, 6);
    assert_string_equal(server.ids[5], key);
    journal_confirmed(&journal, &house);
    close_house(&house);

    open_house(&house, server.port); /* all is known */
    resume(&house, &journal, &settings);
    run_until_heard(&house, &server, 6);
    close_house(&house);
    server_stop(&server);
    journal_free(&journal);
    rs_config_destroy(&config);
}

static void closing_with_a_request_under_way_leaves_nothing(void **state) {
    house_t house;
    (void)state;
    const int listening = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(listening, 4), 0); /* and nobody answers */
    open_house(&house, ntohs(address.sin_port));
    fire(&house, 1, 1, 0);
    fire(&house, 2, 2, 0);
    rs_receivers_set_durable(house.receivers, 1);
    for (unsigned i = 0; i < 50; i++) {
        (void)uv_run(&house.loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    rs_receiver_stats_t stats;
    assert_int_equal(rs_receivers_count(house.receivers), 1);
    rs_receivers_stats(house.receivers, 0, &stats);
    assert_int_equal(stats.post.pending, 1);
    close_house(&house);
    close(listening);
}

static void a_receiver_that_is_taken_away_while_a_request_is_under_way_is_freed_then(void **state) {
    house_t house;
    server_t server;
    rs_config_t *none = NULL;
    char why[256] = "";
    (void)state;
    server_start(&server);
    open_house(&house, server.port);
    fire(&house, 1, 1, 0);
    rs_receivers_set_durable(house.receivers, 1);
    (void)uv_run(&house.loop, UV_RUN_NOWAIT);
    assert_int_equal(rs_config_create_default(&none), RS_OK);
    assert_int_equal(rs_receivers_configure(house.receivers, none, why, sizeof(why)), RS_OK);
    assert_int_equal(rs_receivers_count(house.receivers), 0);
    for (unsigned i = 0; i < 50; i++) {
        (void)uv_run(&house.loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    assert_int_equal(house.forgotten, 1);
    assert_int_equal(rs_receivers_configure(house.receivers, house.config, why, sizeof(why)), RS_OK);
    run_until_heard(&house, &server, heard(&server) + 1); /* told of what is open, as a new one */
    close_house(&house);
    rs_config_destroy(&none);
    server_stop(&server);
}

const struct CMUnitTest receivers_tests[] = {
    cmocka_unit_test(nothing_goes_out_before_its_position_is_durable),
    cmocka_unit_test(what_is_kept_quiet_is_told_when_it_is_quiet_no_more),
    cmocka_unit_test(after_a_restart_only_what_was_not_confirmed_is_sent_with_the_same_key),
    cmocka_unit_test(closing_with_a_request_under_way_leaves_nothing),
    cmocka_unit_test(a_receiver_that_is_taken_away_while_a_request_is_under_way_is_freed_then),
};
const size_t receivers_test_count = RS_ARRAY_LEN(receivers_tests);
