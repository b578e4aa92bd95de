#include "client/client_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
    DEFAULT_BATCH_EVENTS = 256, MAX_BATCH_EVENTS = 4096, DEFAULT_DELAY_US = 2000,
    MAX_INCARNATION = 56,        /* leaves room for what renewing adds */
    BATCH_HEAD = 4               /* Protobuf: tag of EventBatch.events and up to 3 bytes of length */
};
#define MIN_SPOOL ((size_t)64 << 10)
#define DEFAULT_SPOOL ((size_t)16 << 20)
#define MAX_SPOOL ((size_t)4 << 30)
#define LEAST_RING ((size_t)128 << 10)   /* beside a spool on disk: room for the longest event and where it ends */

/* --- sending -------------------------------------------------------------------------------------------------------- */
/* One event as it stands in a batch, so that a batch is nothing but its events one after the other. Returns where in
 * `room` it begins. */
static int64_t encode(const rs_client_t *client, const rs_event_t *event, uint8_t room[BATCH_HEAD + RS_EVENT_MAX_ENCODED + 1],
                      size_t *begin) {
    const rs_encoding_t encoding = client->encoding == RS_CLIENT_JSON ? RS_ENCODING_JSON : RS_ENCODING_PROTOBUF;
    const int64_t len = rs_event_encode(event, encoding, room + BATCH_HEAD, RS_EVENT_MAX_ENCODED);
    if (len < 0) return len;
    *begin = BATCH_HEAD;
    if (encoding == RS_ENCODING_JSON) {
        room[BATCH_HEAD + len] = '\n';
        return len + 1;
    }
    uint8_t head[BATCH_HEAD] = {0x0A};
    size_t head_len = 1;
    for (uint64_t left = (uint64_t)len; head_len == 1 || left > 0; left >>= 7) {
        head[head_len++] = (uint8_t)((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
    }
    *begin = BATCH_HEAD - head_len;
    memcpy(room + *begin, head, head_len);
    return len + (int64_t)head_len;
}

static void wake(rs_client_t *client) {
    const uint64_t one = 1;
    /* Never waits: the descriptor is non-blocking, and when its counter were full the thread would be awake anyway. */
    if (write(client->wake_fd, &one, sizeof one) < 0) return;
}

/* Fills and publishes the record that was claimed. `end`: where the event ends in the spool on disk. */
static void publish(rs_client_t *client, uint8_t *place, const void *bytes, size_t len, uint64_t number, uint64_t end) {
    memcpy(place, &end, client->prefix);
    memcpy(place + client->prefix, bytes, len);
    rs_ring_commit(client->spool, client->prefix + len, 1);
    atomic_store_explicit(&client->accepted, number, memory_order_seq_cst);   /* see wake_at */
}

/* Under the senders' lock. */
static int put_locked(rs_client_t *client, const void *bytes, size_t len, uint64_t number) {
    void *place;
    uint64_t end = 0;
    if (rs_ring_claim(client->spool, client->prefix + len, &place) != RS_OK) return RS_ERR_FULL;
    const int status = client->disk == NULL ? RS_OK : rs__spool_append(client->disk, number, bytes, (uint32_t)len, &end);
    if (status == RS_OK) publish(client, place, bytes, len, number, end);
    else rs_ring_abort(client->spool);
    return status;
}

static int put(rs_client_t *client, const void *bytes, size_t len, uint64_t *number) {
    pthread_mutex_lock(&client->send_lock);
    *number = atomic_load_explicit(&client->accepted, memory_order_relaxed) + 1;
    const int status = put_locked(client, bytes, len, *number);
    pthread_mutex_unlock(&client->send_lock);
    return status;
}

int rs_client_send(rs_client_t *client, const rs_event_t *event, uint64_t *number_out) {
    uint8_t room[BATCH_HEAD + RS_EVENT_MAX_ENCODED + 1];
    rs_refused_t refused;
    size_t begin = 0;
    int64_t len = rs_event_check(event, &refused);
    if (len == RS_OK) len = encode(client, event, room, &begin);
    if (len < 0) {
        atomic_fetch_add_explicit(&client->invalid, 1, memory_order_relaxed);
        return RS_ERR_INVALID;
    }
    uint64_t number = 0;
    const int status = put(client, room + begin, (size_t)len, &number);
    if (status != RS_OK) {
        atomic_fetch_add_explicit(status == RS_ERR_IO ? &client->unwritten : &client->full, 1, memory_order_relaxed);
        return status;
    }
    uint64_t wake_at = atomic_load_explicit(&client->wake_at, memory_order_seq_cst);
    /* Of several senders one does the system call. */
    if (number >= wake_at && atomic_compare_exchange_strong_explicit(&client->wake_at, &wake_at, UINT64_MAX,
                                                                     memory_order_relaxed, memory_order_relaxed)) {
        wake(client);
    }
    if (number_out != NULL) *number_out = number;
    return RS_OK;
}

/* --- waiting -------------------------------------------------------------------------------------------------------- */
int rs_client_flush(rs_client_t *client, int timeout_ms) {
    const uint64_t goal = atomic_load_explicit(&client->accepted, memory_order_acquire);
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += timeout_ms / 1000;
    deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000;
    }
    atomic_fetch_add_explicit(&client->flushing, 1, memory_order_relaxed);
    wake(client);
    pthread_mutex_lock(&client->settled_lock);
    int failed = 0;
    while (atomic_load_explicit(&client->settled, memory_order_acquire) < goal && failed == 0) {
        failed = timeout_ms > 0 ? pthread_cond_timedwait(&client->settled_moved, &client->settled_lock, &deadline) : ETIMEDOUT;
    }
    pthread_mutex_unlock(&client->settled_lock);
    atomic_fetch_sub_explicit(&client->flushing, 1, memory_order_relaxed);
    return atomic_load_explicit(&client->settled, memory_order_acquire) >= goal ? RS_OK : RS_ERR_TIMEOUT;
}

void rs_client_stats(const rs_client_t *client, rs_client_stats_t *stats) {
    *stats = (rs_client_stats_t){
        .settled = atomic_load_explicit(&client->settled, memory_order_acquire),
        .accepted = atomic_load_explicit(&client->accepted, memory_order_acquire),
        .full = atomic_load_explicit(&client->full, memory_order_relaxed),
        .invalid = atomic_load_explicit(&client->invalid, memory_order_relaxed),
        .refused = atomic_load_explicit(&client->refused, memory_order_relaxed),
        .batches = atomic_load_explicit(&client->batches, memory_order_relaxed),
        .resent = atomic_load_explicit(&client->resent, memory_order_relaxed),
        .welcomes = atomic_load_explicit(&client->welcomes, memory_order_relaxed),
        .disconnects = atomic_load_explicit(&client->disconnects, memory_order_relaxed),
        .errors = atomic_load_explicit(&client->errors, memory_order_relaxed),
        .spool_bytes = rs_ring_capacity(client->spool),
        .connected = atomic_load_explicit(&client->connected, memory_order_relaxed),
        .spool_found = client->disk_found,
        .spool_lost = client->disk_lost,
        .spool_errors = atomic_load_explicit(&client->disk_errors, memory_order_relaxed) +
                        atomic_load_explicit(&client->unwritten, memory_order_relaxed),
    };
    const uint64_t consumed = rs_ring_consumed(client->spool);
    stats->spool_used = (size_t)(rs_ring_written(client->spool) - consumed);
    if (client->disk != NULL) stats->spool_used = (size_t)rs__spool_used(client->disk);
}

/* --- life ----------------------------------------------------------------------------------------------------------- */
static int make_incarnation(char text[MAX_INCARNATION + 1]) {
    struct timespec now;
    uint64_t random;
    clock_gettime(CLOCK_REALTIME, &now);
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) return RS_ERR_LIMIT;
    snprintf(text, MAX_INCARNATION + 1, "%llx-%016llx", (unsigned long long)now.tv_sec, (unsigned long long)random);
    return RS_OK;
}

static bool is_length(const char *text, size_t least, size_t most) {
    if (text == NULL) return false;
    const size_t len = strlen(text);
    return len >= least && len <= most;
}

static bool are_valid(const rs_client_options_t *options) {
    return is_length(options->endpoint, 7, 255) && is_length(options->source, 1, RS_MAX_NAME) &&
           (options->incarnation == NULL || is_length(options->incarnation, 1, MAX_INCARNATION)) &&
           (options->spool_bytes == 0 || (options->spool_bytes >= MIN_SPOOL && options->spool_bytes <= MAX_SPOOL)) &&
           options->batch_events <= MAX_BATCH_EVENTS &&
           (options->encoding == RS_CLIENT_PROTOBUF || options->encoding == RS_CLIENT_JSON) &&
           (options->spool_sync == RS_CLIENT_SYNC_NEVER || options->spool_sync == RS_CLIENT_SYNC_BATCH) &&
           (options->spool_path == NULL || is_length(options->spool_path, 1, 4000)) &&
           (strncmp(options->endpoint, "tcp://", 6) == 0 || strncmp(options->endpoint, "ipc://", 6) == 0);
}

static size_t spool_size(const rs_client_options_t *options) {
    const size_t wanted = options->spool_bytes == 0 ? DEFAULT_SPOOL : options->spool_bytes;
    size_t size = MIN_SPOOL;
    while (size < wanted) size *= 2;
    return size;
}

static void copy_options(rs_client_t *client, const rs_client_options_t *options) {
    snprintf(client->endpoint, sizeof client->endpoint, "%s", options->endpoint);
    snprintf(client->source, sizeof client->source, "%s", options->source);
    client->encoding = options->encoding;
    client->batch_events = options->batch_events == 0 ? DEFAULT_BATCH_EVENTS : options->batch_events;
    client->batch_delay_us = options->batch_delay_us == 0 ? DEFAULT_DELAY_US : options->batch_delay_us;
    client->context = options->context;
    client->on_ack = options->on_ack;
    client->on_refused = options->on_refused;
    client->on_error = options->on_error;
}

static void init_shared(rs_client_t *client) {
    atomic_init(&client->wake_at, UINT64_MAX);
    client->wake_fd = -1;
    pthread_mutex_init(&client->send_lock, NULL);
    pthread_mutex_init(&client->settled_lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&client->settled_moved, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void release(rs_client_t *client) {
    rs__client_io_close(client);
    if (client->wake_fd >= 0) close(client->wake_fd);
    rs__session_deinit(client);
    rs__spool_close(&client->disk);
    rs_ring_destroy(&client->spool);
    pthread_cond_destroy(&client->settled_moved);
    pthread_mutex_destroy(&client->settled_lock);
    pthread_mutex_destroy(&client->send_lock);
    free(client);
}

/* The thread takes no signals: they belong to the program. */
static int start_thread(rs_client_t *client) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&client->thread, NULL, rs__client_run, client);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? RS_OK : RS_ERR_LIMIT;
}

/* --- the spool on disk ------------------------------------------------------------------------------------------------ */
/* What was found goes into the ring, as if it had just been sent. In the place of a lost event stands an empty one, for numbers have
 * no holes: the daemon refuses it, or skips it because it had the lost one. */
static int take_found(void *context, uint64_t number, const void *bytes, uint32_t len, uint64_t end) {
    rs_client_t *client = context;
    static const char empty_protobuf[] = {0x0A, 0x00}, empty_json[] = {'{', '}', '\n'};
    const bool is_json = client->encoding == RS_CLIENT_JSON;
    if (bytes == NULL) {
        bytes = is_json ? empty_json : empty_protobuf;
        len = is_json ? sizeof empty_json : sizeof empty_protobuf;
    }
    void *place;
    if (rs_ring_claim(client->spool, client->prefix + len, &place) != RS_OK) return RS_ERR_PARSE;
    publish(client, place, bytes, len, number, end);
    return RS_OK;
}

static int open_disk(rs_client_t *client, const rs_client_options_t *options, const char *incarnation) {
    const rs__spool_settings_t settings = {.path = options->spool_path, .source = client->source, .incarnation = incarnation,
                                           .capacity = spool_size(options), .encoding = options->encoding, .sync = options->spool_sync,
                                           .key = options->spool_key};
    rs__spool_facts_t facts;
    int status = rs__spool_open(&settings, &client->disk);
    if (status != RS_OK) return status;
    rs__spool_facts(client->disk, &facts);
    client->encoding = facts.encoding;
    client->prefix = sizeof(uint64_t);
    client->disk_found = facts.found;
    client->disk_lost = facts.lost;
    status = rs_ring_create(facts.capacity < LEAST_RING ? LEAST_RING : (size_t)facts.capacity, &client->spool);
    atomic_store_explicit(&client->accepted, facts.settled, memory_order_relaxed);
    if (status == RS_OK) status = rs__spool_recover(client->disk, take_found, client);
    if (status == RS_OK) status = rs__session_init(client, facts.incarnation);
    if (status == RS_OK) rs__session_go_on(client, &facts);
    return status;
}

static int open_memory(rs_client_t *client, const rs_client_options_t *options, const char *incarnation) {
    const int status = rs_ring_create(spool_size(options), &client->spool);
    return status == RS_OK ? rs__session_init(client, incarnation) : status;
}

static int prepare(rs_client_t *client, const rs_client_options_t *options) {
    char made[MAX_INCARNATION + 1];
    int status = options->incarnation == NULL ? make_incarnation(made) : RS_OK;
    if (status != RS_OK) return status;
    const char *incarnation = options->incarnation == NULL ? made : options->incarnation;
    status = options->spool_path == NULL ? open_memory(client, options, incarnation) : open_disk(client, options, incarnation);
    if (status != RS_OK) return status;
    client->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (client->wake_fd < 0) return RS_ERR_LIMIT;
    return rs__client_io_open(client);
}

int rs_client_open(const rs_client_options_t *options, rs_client_t **client_out) {
    if (options == NULL || client_out == NULL || !are_valid(options)) return RS_ERR_INVALID;
    rs_client_t *client = aligned_alloc(RS__LINE_PAIR, (sizeof *client + RS__LINE_PAIR - 1) / RS__LINE_PAIR * RS__LINE_PAIR);
    if (client == NULL) return RS_ERR_MEMORY;
    memset(client, 0, sizeof *client);
    copy_options(client, options);
    init_shared(client);
    int status = prepare(client, options);
    if (status == RS_OK) status = start_thread(client);
    if (status != RS_OK) {
        const int why = errno;
        release(client);
        errno = why;
        return status;
    }
    *client_out = client;
    return RS_OK;
}

int rs_client_close(rs_client_t **client_inout, int timeout_ms) {
    if (client_inout == NULL || *client_inout == NULL) return RS_OK;
    rs_client_t *client = *client_inout;
    *client_inout = NULL;
    const int status = rs_client_flush(client, timeout_ms);
    atomic_store_explicit(&client->is_stopping, true, memory_order_release);
    wake(client);
    pthread_join(client->thread, NULL);
    release(client);
    return status;
}
