/* Producers with a spool on disk, killed at any moment: what rs_client_send accepted arrives, once. */
#include "server.h"

#include "client/client_internal.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 120000 };

typedef struct folder { char endpoint[128], spool[160], key[168]; } folder_t;

static folder_t make_folder(void) {
    folder_t folder;
    make_endpoint(folder.endpoint);
    snprintf(folder.spool, sizeof folder.spool, "%.120s.spool", folder.endpoint + strlen("ipc://"));
    snprintf(folder.key, sizeof folder.key, "%.150s.key", folder.spool);
    return folder;
}

static void remove_folder(const folder_t *folder) {
    unlink(folder->spool);
    unlink(folder->key);
    remove_endpoint(folder->endpoint);
}

static int send_contact(rs_client_t *client, uint32_t contact) {
    char text[16];
    snprintf(text, sizeof text, "%u", contact);
    const rs_event_t event = {.occurred_us = 1700000000000000, .seq = contact, .present = RS_HAS_SEQ, .type = RS_CONTACT_QUEUED,
                              .source = RS_STR("pbx"), .contact_id = rs_str(text), .queue = RS_STR("support"),
                              .customer = RS_STR("+447700900123")};
    return rs_client_send(client, &event, NULL);
}

static rs_client_t *open_client(const folder_t *folder, const rs_client_options_t *more) {
    rs_client_options_t options = more != NULL ? *more : (rs_client_options_t){0};
    options.endpoint = folder->endpoint;
    options.source = "test";
    options.spool_path = folder->spool;
    rs_client_t *client = NULL;
    assert_int_equal(rs_client_open(&options, &client), RS_OK);
    return client;
}

static rs_client_stats_t stats_of(const rs_client_t *client) {
    rs_client_stats_t stats;
    rs_client_stats(client, &stats);
    return stats;
}

static void assert_each_once_in_order(const server_t *server, uint32_t first, uint32_t count) {
    assert_int_equal(server_count(server), count);
    for (uint32_t i = 0; i < count; i++) assert_int_equal(server->contacts[i], first + i);
}

/* --- the program that is killed -------------------------------------------------------------------------------------- */
/* endpoint, spool, first contact, sync: sends contacts for ever, and writes each that was accepted, 4 bytes, to standard output. */
int run_producer(char **arguments) {
    const rs_client_options_t options = {.endpoint = arguments[0], .source = "test", .spool_path = arguments[1],
                                         .spool_sync = arguments[3][0] == '1' ? RS_CLIENT_SYNC_BATCH : RS_CLIENT_SYNC_NEVER};
    rs_client_t *client = NULL;
    if (rs_client_open(&options, &client) != RS_OK) return 3;
    for (uint32_t contact = (uint32_t)strtoul(arguments[2], NULL, 10);; contact++) {
        int status;
        while ((status = send_contact(client, contact)) == RS_ERR_FULL) usleep(200);
        if (status != RS_OK || write(STDOUT_FILENO, &contact, sizeof contact) != sizeof contact) return 4;
    }
}

/* The last contact that it said was accepted; first - 1: none. */
static uint32_t run_and_kill(const folder_t *folder, uint32_t first, bool is_synced, uint32_t after_us) {
    char number[16];
    snprintf(number, sizeof number, "%u", first);
    char *arguments[] = {(char *)(uintptr_t)"producer", (char *)(uintptr_t)folder->endpoint, (char *)(uintptr_t)folder->spool, number,
                         (char *)(uintptr_t)(is_synced ? "1" : "0"), NULL};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    pid_t child;
    assert_int_equal(posix_spawn(&child, "/proc/self/exe", &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    uint32_t contact, last = first - 1;
    int64_t kill_at_us = 0;
    bool is_killed = false;
    while (read(ends[0], &contact, sizeof contact) == sizeof contact) {
        last = contact;
        const int64_t now_us = rs__client_now_us();
        if (kill_at_us == 0) kill_at_us = now_us + after_us;
        if (!is_killed && now_us >= kill_at_us) is_killed = kill(child, SIGKILL) == 0;
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

/* --- tests ---------------------------------------------------------------------------------------------------------- */
static void a_producer_that_is_killed_loses_nothing_that_was_accepted_and_nothing_counts_twice(void **state) {
    (void)state;
    const folder_t folder = make_folder();
    rs_random_t random = {rs_random_seed()};
    server_t *server = server_start(folder.endpoint);
    uint32_t next = 1;
    uint64_t cut_short = 0;
    const uint64_t rounds = rs_test_number("RS_SEEDS", 25);
    for (uint64_t round = 0; round < rounds && next < SERVER_ROOM - 60000; round++) {
        atomic_store(&server->hold_settling, rs_random_below(&random, 3) == 0);   /* what is sent stays unacknowledged */
        atomic_store(&server->is_full, rs_random_below(&random, 5) == 0);         /* nothing is taken at all */
        next = run_and_kill(&folder, next, rs_random_below(&random, 4) == 0, (uint32_t)rs_random_below(&random, 30000)) + 1;
        /* It may have been killed after the spool had an event and before it said so. */
        rs_client_t *client = open_client(&folder, NULL);
        const uint64_t accepted = stats_of(client).accepted;
        assert_true(accepted == next - 1 || accepted == next);
        next = (uint32_t)accepted + 1;
        assert_int_equal(stats_of(client).spool_errors, 0);
        /* killed while a record was being written: the next ones go out under a new name */
        if (stats_of(client).spool_lost > 0) cut_short++;
        if (rs_random_below(&random, 2) == 0) (void)rs_client_close(&client, 0);
        else {
            atomic_store(&server->hold_settling, false);
            atomic_store(&server->is_full, false);
            assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
        }
    }
    atomic_store(&server->hold_settling, false);
    atomic_store(&server->is_full, false);
    rs_client_t *client = open_client(&folder, NULL);
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    server_stop(server);
    assert_each_once_in_order(server, 1, next - 1);
    assert_int_equal(server->stats.errors[RS_INGEST_ERROR_GAP], 0);
    assert_in_range(server->stats.sessions, 1, 1 + cut_short);
    server_free(&server);
    remove_folder(&folder);
}

static void what_was_left_in_the_spool_is_sent_by_the_next_program_with_the_same_numbers(void **state) {
    (void)state;
    const folder_t folder = make_folder();
    rs_client_t *client = open_client(&folder, &(rs_client_options_t){.encoding = RS_CLIENT_JSON});
    for (uint32_t i = 1; i <= 1000; i++) assert_int_equal(send_contact(client, i), RS_OK);
    assert_true(stats_of(client).spool_used > 0);
    assert_int_equal(rs_client_close(&client, 0), RS_ERR_TIMEOUT);
    server_t *server = server_start(folder.endpoint);
    client = open_client(&folder, NULL);   /* Protobuf: the spool keeps its encoding */
    assert_int_equal(stats_of(client).spool_found, 1000);
    assert_int_equal(stats_of(client).accepted, 1000);
    for (uint32_t i = 1001; i <= 1500; i++) assert_int_equal(send_contact(client, i), RS_OK);
    assert_int_equal(rs_client_flush(client, WAIT_MS), RS_OK);
    assert_int_equal(stats_of(client).settled, 1500);
    assert_int_equal(stats_of(client).spool_used, 0);
    assert_int_equal(rs_client_close(&client, 0), RS_OK);
    client = open_client(&folder, NULL);
    assert_int_equal(stats_of(client).spool_found, 0);
    assert_int_equal(stats_of(client).accepted, 1500);
    assert_int_equal(send_contact(client, 1501), RS_OK);
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    server_stop(server);
    assert_each_once_in_order(server, 1, 1501);
    server_free(&server);
    remove_folder(&folder);
}

static void a_second_client_on_a_spool_is_refused(void **state) {
    (void)state;
    const folder_t folder = make_folder();
    rs_client_t *client = open_client(&folder, NULL), *other = NULL;
    rs_client_options_t options = {.endpoint = folder.endpoint, .source = "test", .spool_path = folder.spool};
    assert_int_equal(rs_client_open(&options, &other), RS_ERR_STATE);
    assert_null(other);
    (void)rs_client_close(&client, 0);
    options.source = "other";
    assert_int_equal(rs_client_open(&options, &other), RS_ERR_EXISTS);
    options.spool_path = "/nowhere/at/all";
    assert_int_equal(rs_client_open(&options, &other), RS_ERR_IO);
    assert_int_equal(errno, ENOENT);
    remove_folder(&folder);
}

static bool contains(const char *path, const char *text) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    static char bytes[1 << 20];
    const size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(len > 0);
    return memmem(bytes, len, text, strlen(text)) != NULL;
}

static void no_caller_is_in_the_spool_in_the_clear(void **state) {
    (void)state;
    const folder_t folder = make_folder();
    rs_client_t *client = open_client(&folder, &(rs_client_options_t){.encoding = RS_CLIENT_JSON, .spool_bytes = 65536});
    for (uint32_t i = 1; i <= 100; i++) assert_int_equal(send_contact(client, i), RS_OK);
    (void)rs_client_close(&client, 0);
    assert_false(contains(folder.spool, "447700900123"));
    assert_false(contains(folder.spool, "7700900"));
    assert_false(contains(folder.spool, "support"));
    assert_true(contains(folder.spool, "test"));   /* the search finds what is there */
    remove_folder(&folder);
}

/* Damages the record of this number, the numbers beginning with 1. */
static void damage(const folder_t *folder, uint64_t wanted) {
    const int fd = open(folder->spool, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    uint8_t head[48];
    for (off_t at = 12288; pread(fd, head, sizeof head, at) == sizeof head; at += 8) {
        uint64_t number;
        memcpy(&number, head + 8, sizeof number);
        if (memcmp(head, "RSRC", 4) != 0 || number != wanted) continue;
        head[40] ^= 1;
        assert_int_equal(pwrite(fd, head, sizeof head, at), sizeof head);
        close(fd);
        return;
    }
    fail_msg("no record of number %ju", (uintmax_t)wanted);
}

typedef struct heard { _Atomic uint64_t refused, number; char code[32]; } heard_t;

static void on_refused(void *context, uint64_t number, const char *reason, const char *field) {
    heard_t *heard = context;
    (void)field;
    assert_string_equal(reason, "missing_field");
    atomic_store(&heard->number, number);
    atomic_fetch_add(&heard->refused, 1);
}

static void on_error(void *context, const char *code, const char *text) {
    heard_t *heard = context;
    (void)text;
    snprintf(heard->code, sizeof heard->code, "%s", code);
}

static void check_damaged(rs_client_encoding_t encoding) {
    const folder_t folder = make_folder();
    rs_client_t *client = open_client(&folder, &(rs_client_options_t){.encoding = encoding});
    for (uint32_t i = 1; i <= 300; i++) assert_int_equal(send_contact(client, i), RS_OK);
    (void)rs_client_close(&client, 0);
    damage(&folder, 150);
    server_t *server = server_start(folder.endpoint);
    heard_t heard = {0};
    client = open_client(&folder, &(rs_client_options_t){.context = &heard, .on_refused = on_refused, .on_error = on_error});
    assert_int_equal(stats_of(client).spool_lost, 1);
    assert_int_equal(stats_of(client).spool_found, 299);
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    server_stop(server);
    assert_int_equal(atomic_load(&heard.refused), 1);
    assert_int_equal(atomic_load(&heard.number), 150);
    assert_string_equal(heard.code, "spool_lost");
    assert_int_equal(server_count(server), 299);
    for (uint32_t i = 0; i < 299; i++) assert_int_equal(server->contacts[i], i < 149 ? i + 1 : i + 2);
    server_free(&server);
    remove_folder(&folder);
}

static void a_damaged_event_is_reported_and_the_others_arrive_under_their_numbers(void **state) {
    (void)state;
    check_damaged(RS_CLIENT_PROTOBUF);
    check_damaged(RS_CLIENT_JSON);
}

/* The last record is lost, and the daemon had it: what comes after must not pass for it. */
static void an_event_that_takes_the_number_of_a_lost_one_is_not_mistaken_for_it(void **state) {
    (void)state;
    const folder_t folder = make_folder();
    server_t *server = server_start(folder.endpoint);
    atomic_store(&server->hold_settling, true);
    rs_client_t *client = open_client(&folder, NULL);
    for (uint32_t i = 1; i <= 10; i++) assert_int_equal(send_contact(client, i), RS_OK);
    server_wait(server, 10);
    (void)rs_client_close(&client, 0);
    damage(&folder, 10);
    client = open_client(&folder, NULL);
    assert_int_equal(stats_of(client).spool_lost, 1);
    assert_int_equal(stats_of(client).accepted, 9);
    for (uint32_t i = 11; i <= 20; i++) assert_int_equal(send_contact(client, i), RS_OK);   /* 11 has the number 10 now */
    usleep(20000);
    atomic_store(&server->hold_settling, false);
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    server_stop(server);
    assert_each_once_in_order(server, 1, 20);
    assert_int_equal(server->stats.sessions, 2);
    server_free(&server);
    remove_folder(&folder);
}

static void a_spool_that_is_full_refuses_at_once_and_a_new_program_goes_on_with_it(void **state) {
    (void)state;
    const folder_t folder = make_folder();
    rs_client_t *client = open_client(&folder, &(rs_client_options_t){.spool_bytes = 65536});
    uint32_t count = 0;
    while (send_contact(client, count + 1) == RS_OK) count++;
    assert_true(count > 200);
    assert_int_equal(send_contact(client, count + 1), RS_ERR_FULL);
    assert_int_equal(stats_of(client).full, 2);
    (void)rs_client_close(&client, 0);
    client = open_client(&folder, NULL);
    assert_int_equal(stats_of(client).spool_found, count);
    assert_int_equal(send_contact(client, count + 1), RS_ERR_FULL);
    server_t *server = server_start(folder.endpoint);
    assert_int_equal(rs_client_flush(client, WAIT_MS), RS_OK);
    assert_int_equal(send_contact(client, count + 1), RS_OK);
    assert_int_equal(rs_client_close(&client, WAIT_MS), RS_OK);
    server_stop(server);
    assert_each_once_in_order(server, 1, count + 1);
    server_free(&server);
    remove_folder(&folder);
}

int producer_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_producer_that_is_killed_loses_nothing_that_was_accepted_and_nothing_counts_twice),
        cmocka_unit_test(what_was_left_in_the_spool_is_sent_by_the_next_program_with_the_same_numbers),
        cmocka_unit_test(a_second_client_on_a_spool_is_refused),
        cmocka_unit_test(no_caller_is_in_the_spool_in_the_clear),
        cmocka_unit_test(a_damaged_event_is_reported_and_the_others_arrive_under_their_numbers),
        cmocka_unit_test(an_event_that_takes_the_number_of_a_lost_one_is_not_mistaken_for_it),
        cmocka_unit_test(a_spool_that_is_full_refuses_at_once_and_a_new_program_goes_on_with_it),
    };
    return cmocka_run_group_tests_name("producer", tests, NULL, NULL);
}
