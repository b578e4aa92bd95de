/* From an event to its alert at a subscriber: through ringsided (DEALER, ingest, core, rule, PUB, SUB), beside the same message relayed by
 * a bare ROUTER to a PUB, one after the other in the same loop, so that both see the same machine. First with nothing else to do, then
 * while a producer sends `rate` events a second. Goal: p50 + 100 us, p99 + 1 ms. Usage: bench_alert_latency [samples [rate]]. */
#include "base/base.h"

#include <pthread.h>
#include <ringside/client.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { LOAD_QUEUES = 1000, PAUSE_US = 2000, TURN_MS = 5, BODY = 640 };

typedef struct latencies {
    double *us;
    unsigned count;
} latencies_t;

static char folder[] = "/tmp/rs-latency-XXXXXX";
static void *zmq;
static atomic_bool stopping; /* main sets it, relaxed; the other threads only look */
static atomic_uint rate;     /* events a second; main sets it, the load's thread looks, relaxed */

static int64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void endpoint_of(const char *name, char text[96]) { snprintf(text, 96, "ipc://%s/%s", folder, name); }

static void *open_socket(int type, const char *name, bool binds) {
    char endpoint[96];
    const int none = 0;
    void *socket = zmq_socket(zmq, type);
    endpoint_of(name, endpoint);
    RS_REQUIRE(socket != NULL && zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none) == 0);
    RS_REQUIRE((binds ? zmq_bind(socket, endpoint) : zmq_connect(socket, endpoint)) == 0);
    return socket;
}

/* --- the yardstick ------------------------------------------------------------------------------------------------ */
static void *relay(void *unused) {
    void *router = open_socket(ZMQ_ROUTER, "relay-in", true), *publisher = open_socket(ZMQ_PUB, "relay-out", true);
    char frame[BODY];
    const int timeout_ms = 100;
    zmq_setsockopt(router, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        if (zmq_recv(router, frame, sizeof frame, 0) < 0) continue; /* whose it is */
        const int len = zmq_recv(router, frame, sizeof frame, 0);
        zmq_send(publisher, "alert/", 6, ZMQ_SNDMORE);
        zmq_send(publisher, "RS1 1 1 1 1", 11, ZMQ_SNDMORE);
        zmq_send(publisher, frame, (size_t)len, 0);
    }
    zmq_close(router);
    zmq_close(publisher);
    return unused;
}

/* --- ours ----------------------------------------------------------------------------------------------------------- */
static pid_t start_daemon(void) {
    char program[512] = "", config[96];
    const ssize_t len = readlink("/proc/self/exe", program, sizeof program - 16);
    RS_REQUIRE(len > 0);
    snprintf(strrchr(program, '/') + 1, 16, "ringsided");
    snprintf(config, sizeof config, "%s/ringside.conf", folder);
    FILE *file = fopen(config, "w");
    RS_REQUIRE(file != NULL);
    fprintf(file,
            "ingest: {events: 'ipc://%s/events', plain: 'ipc://%s/plain', commands: ''}\nfeed: {publish: 'ipc://%s/feed', snapshots: "
            "'ipc://%s/snapshots'}\n"
            "service: {state_directory: '%s/state', log_level: error}\n"
            "alerts: {rules: {probe: {metric: waiting, key: 'probe-*', compare: above, limit: 0, clear: 0}}}\n",
            folder, folder, folder, folder, folder);
    fclose(file);
    const pid_t child = fork();
    RS_REQUIRE(child >= 0);
    if (child > 0) return child;
    execl(program, program, "--config", config, (char *)NULL);
    _exit(127);
}

/* Calls at many queues, five events each, none of which an alert watches. */
static void send_load(rs_client_t *client, uint64_t number) {
    static const uint8_t types[] = {RS_CONTACT_CREATED, RS_CONTACT_QUEUED, RS_CONTACT_OFFERED, RS_CONTACT_ANSWERED,
                                    RS_CONTACT_ENDED};
    char contact[32], queue[16];
    rs_event_t event = {
        .type = types[number % 5], .seq = number + 1, .present = RS_HAS_SEQ, .occurred_us = now_ns(CLOCK_REALTIME) / 1000};
    const int contact_len = snprintf(contact, sizeof contact, "call-%llu", (unsigned long long)(number / 5));
    const int queue_len = snprintf(queue, sizeof queue, "load-%llu", (unsigned long long)(number / 5 % LOAD_QUEUES));
    event.contact_id = (rs_str_t){contact, (uint32_t)contact_len};
    event.source = RS_STR("load");
    event.queue = (rs_str_t){queue, (uint32_t)queue_len};
    if (event.type >= RS_CONTACT_OFFERED) event.agent = RS_STR("agent-1");
    while (rs_client_send(client, &event, NULL) == RS_ERR_FULL) usleep(100);
}

static void *load(void *context) {
    rs_client_t *client = context;
    uint64_t number = 0;
    while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        const uint64_t count = atomic_load_explicit(&rate, memory_order_relaxed) * TURN_MS / 1000;
        const int64_t turn_ns = now_ns(CLOCK_MONOTONIC);
        for (uint64_t i = 0; i < count; i++) send_load(client, number++);
        const int64_t left_us = TURN_MS * 1000 - (now_ns(CLOCK_MONOTONIC) - turn_ns) / 1000;
        if (left_us > 0) usleep((unsigned)left_us);
    }
    return NULL;
}

static void say_hello(void *dealer) {
    char frame[256];
    zmq_send_const(dealer, "RS1", 3, ZMQ_SNDMORE);
    zmq_send_const(dealer, "HELLO", 5, ZMQ_SNDMORE);
    zmq_send_const(dealer, "probe", 5, ZMQ_SNDMORE);
    zmq_send_const(dealer, "1", 1, ZMQ_SNDMORE);
    zmq_send_const(dealer, "json", 4, 0);
    RS_REQUIRE(zmq_recv(dealer, frame, sizeof frame, 0) >= 0);
}

static void drop_answers(void *dealer) {
    char frame[256];
    while (zmq_recv(dealer, frame, sizeof frame, ZMQ_DONTWAIT) >= 0) continue;
}

static void send_event(void *dealer, unsigned number, const char *type, unsigned probe) {
    char event[256], text[24];
    const int len = snprintf(
        event, sizeof event,
        "{\"source\":\"probe\",\"seq\":%u,\"occurred_at\":%lld,\"type\":\"%s\",\"contact_id\":\"p%u\",\"queue\":\"probe-%u\"}",
        number, (long long)(now_ns(CLOCK_REALTIME) / 1000), type, probe, probe % LOAD_QUEUES);
    const int digits = snprintf(text, sizeof text, "%u", number);
    zmq_send_const(dealer, "RS1", 3, ZMQ_SNDMORE);
    zmq_send_const(dealer, "BATCH", 5, ZMQ_SNDMORE);
    zmq_send(dealer, text, (size_t)digits, ZMQ_SNDMORE);
    zmq_send(dealer, event, (size_t)len, 0);
}

/* Reads messages of three frames until one holds `word`. */
static void wait_for(void *subscriber, const char *word) {
    char body[8192];
    for (;;) {
        int len = 0;
        for (unsigned frame = 0; frame < 3; frame++) len = zmq_recv(subscriber, body, sizeof body - 1, 0);
        RS_REQUIRE(len > 0);
        body[len < (int)sizeof body ? len : (int)sizeof body - 1] = '\0';
        if (strstr(body, word) != NULL) return;
    }
}

/* --- measuring ------------------------------------------------------------------------------------------------------ */
static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double quantile(const latencies_t *latencies, double share) {
    const double at = share * (double)(latencies->count - 1);
    return latencies->us[(unsigned)(at + 0.5)];
}

static void add(latencies_t *latencies, int64_t from_ns) {
    latencies->us[latencies->count++] = (double)(now_ns(CLOCK_MONOTONIC) - from_ns) / 1000.0;
}

typedef struct ends {
    void *dealer, *subscriber, *relay_dealer, *relay_subscriber;
} ends_t;

static void measure(const ends_t *ends, const char *name, unsigned samples, unsigned *probe) {
    latencies_t bare = {.us = calloc(samples, sizeof(double))}, ours = {.us = calloc(samples, sizeof(double))};
    char body[BODY];
    RS_REQUIRE(bare.us != NULL && ours.us != NULL);
    memset(body, 'x', sizeof body);
    for (unsigned i = 0; i < samples; i++, (*probe)++) {
        char state[] = "\"state\":\"firing\"";
        int64_t from_ns = now_ns(CLOCK_MONOTONIC);
        zmq_send(ends->relay_dealer, body, sizeof body, 0);
        wait_for(ends->relay_subscriber, "x");
        add(&bare, from_ns);
        from_ns = now_ns(CLOCK_MONOTONIC);
        send_event(ends->dealer, 2 * *probe + 1, "contact.queued", *probe);
        wait_for(ends->subscriber, state);
        add(&ours, from_ns);
        send_event(ends->dealer, 2 * *probe + 2, "contact.ended", *probe);
        wait_for(ends->subscriber, "\"resolved\"");
        drop_answers(ends->dealer);
        usleep(PAUSE_US);
    }
    qsort(bare.us, samples, sizeof(double), compare);
    qsort(ours.us, samples, sizeof(double), compare);
    const double p50 = quantile(&ours, 0.5) - quantile(&bare, 0.5), p99 = quantile(&ours, 0.99) - quantile(&bare, 0.99);
    printf("%-18s relay p50 %7.0f us p99 %8.0f us   event to alert p50 %7.0f us p99 %8.0f us   p50 %+7.0f us (goal 100: %s)   "
           "p99 %+8.0f us (goal 1000: %s)\n",
           name, quantile(&bare, 0.5), quantile(&bare, 0.99), quantile(&ours, 0.5), quantile(&ours, 0.99), p50,
           p50 <= 100 ? "kept" : "missed", p99, p99 <= 1000 ? "kept" : "missed");
    free(bare.us);
    free(ours.us);
}

static void subscribe(void *socket) { RS_REQUIRE(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "alert/", 6) == 0); }

int main(int argc, char **argv) {
    const unsigned samples = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    const unsigned loaded = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 50000;
    char endpoint[96], name[32], command[128];
    unsigned probe = 0;
    pthread_t relay_thread, load_thread;
    RS_REQUIRE(samples > 0 && mkdtemp(folder) != NULL);
    zmq = zmq_ctx_new();
    const pid_t child = start_daemon();
    pthread_create(&relay_thread, NULL, relay, NULL);
    endpoint_of("events", endpoint);
    const rs_client_options_t options = {.endpoint = endpoint, .source = "load", .batch_delay_us = 2000};
    rs_client_t *client = NULL;
    RS_REQUIRE(rs_client_open(&options, &client) == RS_OK);
    pthread_create(&load_thread, NULL, load, client);
    const ends_t ends = {open_socket(ZMQ_DEALER, "events", false), open_socket(ZMQ_SUB, "feed", false),
                         open_socket(ZMQ_DEALER, "relay-in", false), open_socket(ZMQ_SUB, "relay-out", false)};
    subscribe(ends.subscriber);
    subscribe(ends.relay_subscriber);
    say_hello(ends.dealer);
    usleep(500000); /* subscriptions are on their way */
    measure(&ends, "alone", samples, &probe);
    atomic_store_explicit(&rate, loaded, memory_order_relaxed);
    usleep(500000);
    snprintf(name, sizeof name, "at %u events/s", loaded);
    rs_client_stats_t before, after;
    rs_client_stats(client, &before);
    const int64_t from_ns = now_ns(CLOCK_MONOTONIC);
    measure(&ends, name, samples, &probe);
    rs_client_stats(client, &after);
    printf("%-18s %.0f events/s were acknowledged meanwhile\n", "",
           (double)(after.settled - before.settled) * 1e9 / (double)(now_ns(CLOCK_MONOTONIC) - from_ns));
    atomic_store_explicit(&stopping, true, memory_order_relaxed);
    pthread_join(load_thread, NULL);
    pthread_join(relay_thread, NULL);
    rs_client_close(&client, 2000);
    void *const sockets[] = {ends.dealer, ends.subscriber, ends.relay_dealer, ends.relay_subscriber};
    for (size_t i = 0; i < RS_ARRAY_LEN(sockets); i++) zmq_close(sockets[i]);
    zmq_ctx_term(zmq);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : 1;
}
