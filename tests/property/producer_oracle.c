/* Producers, their spools, the network and the daemon's doors in one thread, from a seed: programs are killed, machines lose power,
 * connections break, frames come twice, late or not at all, the daemon dies and keeps what was on its disk. The client's session and spool
 * and the daemon's ingest are the real ones; network, clock, threads, journal and core are this file. An independent ledger says:
 *     what was acknowledged is in the durable journal, once · what a spooled producer accepted gets there, once, whatever happens to the
 *     producer · nothing is there that nobody sent · at the end, with a network that works, nothing is left over
 * "Once" means by the session's numbers alone: the journal has no event twice, so the core's own identities are not needed for it.
 * RS_SEEDS: how many histories (600; a tenth under a sanitizer), from RS_FIRST_SEED on. RS_SEED: only this one. */
#include "client/client_internal.h"
#include "client/spool_internal.h"
#include "ingest/ingest_internal.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DEFAULT_SEEDS = 60 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { DEFAULT_SEEDS = 60 };
#else
enum { DEFAULT_SEEDS = 600 };
#endif
#else
enum { DEFAULT_SEEDS = 600 };
#endif

enum { PRODUCERS = 3, MAX_EVENTS = 4000, MAX_RECORDS = 16384, MAX_MESSAGES = 512, MAX_FRAMES = 8, STEPS = 900, SPOOL = 65536 };

typedef struct message { uint32_t count, lens[MAX_FRAMES]; char *bytes; } message_t;   /* frames one after the other */
typedef struct queue { message_t messages[MAX_MESSAGES]; uint32_t count; } queue_t;

typedef enum fate { FATE_NOT_SENT = 0, FATE_ACCEPTED, FATE_FREE } fate_t;   /* FREE: the producer lost it by its own rules */
typedef struct event { fate_t fate; bool acknowledged, refused; uint32_t in_journal; uint64_t position; } event_t;

typedef struct producer {
    char source[16], spool[160], key[170], routing[32];
    bool has_spool, connected;
    rs_client_sync_t sync;
    rs_client_t *client;
    uint32_t lives, connections, event_count;
    event_t events[MAX_EVENTS];
    uint32_t by_number[MAX_EVENTS + 1];   /* event + 1; of the present incarnation or spool */
    uint64_t acked;
    queue_t up, down;
    bool wants_reconnect, was_down;
} producer_t;

typedef struct record { bool is_session; uint32_t session, producer, event; uint64_t number; char source[65], incarnation[65]; } record_t;

typedef struct world {
    uint64_t seed;
    rs_random_t random;
    int64_t now_us;
    void *zmq;
    uv_loop_t loop;
    rs_config_t config;
    char folder[64], endpoint[96];
    uint8_t key[32];
    rs_ingest_t *ingest;
    record_t journal[MAX_RECORDS];
    uint32_t record_count, durable, told;
    bool is_full, is_calm;   /* calm: nothing breaks any more */
    producer_t producers[PRODUCERS];
    message_t reply;         /* of the daemon, being made */
    producer_t *reply_to;
    uint64_t crashes, deaths, power_losses, settled, resent;
} world_t;

static world_t world;

#define DEMAND(condition, text) ((condition) ? (void)0 : broken(text, __LINE__))
static void broken(const char *text, int line) {
    fprintf(stderr, "seed %ju: %s (line %d)\n", (uintmax_t)world.seed, text, line);
    abort();
}

static uint32_t chance(uint32_t bound) { return (uint32_t)rs_random_below(&world.random, bound); }
static bool happens(uint32_t in) { return !world.is_calm && chance(in) == 0; }

/* --- messages ------------------------------------------------------------------------------------------------------- */
static void add_frame(message_t *message, const void *bytes, size_t len) {
    size_t before = 0;
    for (uint32_t i = 0; i < message->count; i++) before += message->lens[i];
    DEMAND(message->count < MAX_FRAMES, "a message of too many frames");
    message->bytes = realloc(message->bytes, before + len + 1);
    DEMAND(message->bytes != NULL, "memory");
    if (len > 0) memcpy(message->bytes + before, bytes, len);
    message->lens[message->count++] = (uint32_t)len;
}

static void push(queue_t *queue, const message_t *message) {
    DEMAND(queue->count < MAX_MESSAGES, "a queue grows without bound");
    queue->messages[queue->count++] = *message;
}

static message_t copy_of(const message_t *message) {
    message_t copy = {0};
    const char *at = message->bytes;
    for (uint32_t i = 0; i < message->count; at += message->lens[i++]) add_frame(&copy, at, message->lens[i]);
    return copy;
}

static message_t shift_queue(queue_t *queue, uint32_t at) {
    const message_t message = queue->messages[at];
    memmove(&queue->messages[at], &queue->messages[at + 1], (--queue->count - at) * sizeof message);
    return message;
}

static void empty(queue_t *queue) {
    while (queue->count > 0) free(shift_queue(queue, 0).bytes);
}

static bool is_batch(const message_t *message) {
    return message->count == 4 && message->lens[1] == 5 && memcmp(message->bytes + 3, "BATCH", 5) == 0;
}
static bool is_ack(const message_t *message) {
    return message->count >= 2 && message->lens[1] == 3 && memcmp(message->bytes + 3, "ACK", 3) == 0;
}

/* --- the client's side of the network, in place of client/io.c -------------------------------------------------------- */
static producer_t *producer_of(const rs_client_t *client) { return client->context; }

int64_t rs__client_now_us(void) { return world.now_us; }
int rs__client_io_open(rs_client_t *client) { return client == NULL ? RS_ERR_INVALID : RS_OK; }
void rs__client_io_close(rs_client_t *client) { (void)client; }
void *rs__client_run(void *client) { (void)client; return NULL; }

void rs__client_reconnect(rs_client_t *client) { producer_of(client)->wants_reconnect = true; }

int rs__client_send_frames(rs_client_t *client, const rs_str_t *frames, uint32_t count) {
    producer_t *producer = producer_of(client);
    if (!producer->connected || producer->up.count > MAX_MESSAGES / 2 || happens(40)) return RS_ERR_AGAIN;
    message_t message = {0};
    for (uint32_t i = 0; i < count; i++) add_frame(&message, frames[i].data, frames[i].len);
    push(&producer->up, &message);
    return RS_OK;
}

/* session.c sends batches with a message of its own making. */
int zmq_msg_send(zmq_msg_t *message, void *socket, int flags);
/* The daemon answers, and the client sends the frame before its payload, with this one. */
static int deliver_reply(const void *bytes, size_t len, int flags) {
    if (world.reply_to == NULL) {   /* the routing id */
        for (uint32_t i = 0; i < PRODUCERS; i++) {
            producer_t *producer = &world.producers[i];
            if (producer->connected && strlen(producer->routing) == len && memcmp(producer->routing, bytes, len) == 0) {
                world.reply_to = producer;
            }
        }
        if (world.reply_to == NULL) {
            errno = EHOSTUNREACH;
            return -1;
        }
        if (world.reply_to->down.count > MAX_MESSAGES / 2 || happens(60)) {
            world.reply_to = NULL;
            errno = EAGAIN;
            return -1;
        }
        world.reply = (message_t){0};
        return (int)len;
    }
    add_frame(&world.reply, bytes, len);
    if ((flags & ZMQ_SNDMORE) == 0) {
        push(&world.reply_to->down, &world.reply);
        world.reply_to = NULL;
    }
    return (int)len;
}

static message_t batch_in_making;

int zmq_send(void *socket, const void *bytes, size_t len, int flags) {
    if (world.ingest != NULL && socket == world.ingest->router) return deliver_reply(bytes, len, flags);
    const rs_client_t *client = socket;
    producer_t *producer = producer_of(client);
    if (batch_in_making.count == 0 && (!producer->connected || producer->up.count > MAX_MESSAGES / 2 || happens(40))) {
        errno = EAGAIN;
        return -1;
    }
    add_frame(&batch_in_making, bytes, len);
    return (int)len;
}

int zmq_msg_send(zmq_msg_t *message, void *socket, int flags) {
    const rs_client_t *client = socket;
    (void)flags;
    add_frame(&batch_in_making, zmq_msg_data(message), zmq_msg_size(message));
    const int len = (int)zmq_msg_size(message);
    zmq_msg_close(message);
    push(&producer_of(client)->up, &batch_in_making);
    batch_in_making = (message_t){0};
    return len;
}

/* --- the daemon's journal and core -------------------------------------------------------------------------------------- */
static bool is_refused(uint32_t event) { return event % 17 == 5; }

static int submit_event(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, uint64_t *position) {
    (void)context, (void)arrival_us;
    if (world.is_full) return RS_ERR_FULL;
    DEMAND(world.record_count < MAX_RECORDS, "the journal of the test is full");
    char text[32];
    snprintf(text, sizeof text, "%.*s", (int)event->contact_id.len, event->contact_id.data);
    uint32_t producer = 0, number = 0;
    DEMAND(sscanf(text, "%u-%u", &producer, &number) == 2 && producer < PRODUCERS && number < MAX_EVENTS, "an event that nobody made");
    event_t *known = &world.producers[producer].events[number];
    DEMAND(known->fate != FATE_NOT_SENT, "an event that was not sent");
    DEMAND(known->in_journal == 0, "an event is taken twice");
    known->in_journal = 1;
    known->position = world.record_count;
    world.journal[world.record_count++] = (record_t){.session = origin.session, .number = origin.number, .producer = producer,
                                                     .event = number};
    *position = world.record_count;
    return RS_OK;
}

static int submit_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                          rs_origin_t origin, uint64_t *position) {
    (void)context, (void)source, (void)refused, (void)hash, (void)arrival_us, (void)origin, (void)position;
    DEMAND(false, "an event is refused that was right when it was sent");
    return RS_OK;
}

static int submit_session(void *context, uint32_t session, rs_str_t source, rs_str_t incarnation) {
    (void)context;
    if (world.is_full) return RS_ERR_FULL;
    record_t *record = &world.journal[world.record_count++];
    *record = (record_t){.is_session = true, .session = session};
    memcpy(record->source, source.data, source.len);
    if (incarnation.len > 0) memcpy(record->incarnation, incarnation.data, incarnation.len);
    return RS_OK;
}

/* What the core's table would be: the last name of each number, and the greatest number since. */
static uint32_t sessions_of_journal(rs_ingest_session_t *sessions, uint32_t room) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < world.record_count; i++) {
        const record_t *record = &world.journal[i];
        uint32_t at = 0;
        while (at < count && sessions[at].session != record->session) at++;
        DEMAND(at < room && (at < count || record->is_session), "an event of a session that was not announced");
        if (record->is_session) {
            sessions[at] = (rs_ingest_session_t){.session = record->session, .source = rs_str(record->source),
                                                 .incarnation = rs_str(record->incarnation)};
            if (at == count) count++;
        } else {
            DEMAND(sessions[at].last == 0 || record->number == sessions[at].last + 1, "a session's numbers have a hole");
            sessions[at].last = record->number;
        }
        sessions[at].used = i;
    }
    return count;
}

static void start_daemon(void) {
    static rs_ingest_session_t sessions[256];
    const rs_ingest_sink_t sink = {.context = &world, .submit_event = submit_event, .submit_refusal = submit_refusal,
                                   .submit_session = submit_session};
    DEMAND(rs_ingest_create(&world.loop, world.zmq, &world.config, world.key, &sink, NULL, NULL, &world.ingest) == RS_OK,
           "the daemon starts");
    world.told = world.record_count;
    const uint32_t count = sessions_of_journal(sessions, RS_ARRAY_LEN(sessions));
    DEMAND(rs_ingest_restore(world.ingest, sessions, count) == (int64_t)count, "every session is taken up");
    rs_ingest_on_settled(world.ingest, world.record_count);
}

static void disconnect(producer_t *producer) {
    if (!producer->connected) return;
    producer->connected = false;
    empty(&producer->up);
    empty(&producer->down);
    if (producer->client != NULL) rs__session_on_disconnected(producer->client);
}

static void stop_daemon(void) {
    rs_ingest_close(&world.ingest);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    for (uint32_t i = 0; i < PRODUCERS; i++) disconnect(&world.producers[i]);
}

/* Of what was not forced to the disk any beginning may be there. */
static void crash_daemon(void) {
    stop_daemon();
    const uint32_t kept = world.durable + chance(world.record_count - world.durable + 1);
    while (world.record_count > kept) {
        const record_t *record = &world.journal[--world.record_count];
        if (!record->is_session) world.producers[record->producer].events[record->event].in_journal = 0;
    }
    world.durable = world.record_count;
    world.crashes++;
    start_daemon();
}

static void settle(uint32_t durable) {
    world.durable = durable;
    for (; world.told < durable; world.told++) {
        const record_t *record = &world.journal[world.told];
        if (record->is_session || !is_refused(record->event)) continue;
        rs_ingest_on_verdict(world.ingest, (rs_origin_t){.session = record->session, .number = record->number}, RS_REFUSAL_TOO_LATE);
    }
    rs_ingest_on_settled(world.ingest, durable);
}

/* --- producers ------------------------------------------------------------------------------------------------------- */
static void on_ack(void *context, uint64_t up_to) {
    producer_t *producer = context;
    for (uint64_t number = producer->acked + 1; number <= up_to; number++) {
        DEMAND(number <= MAX_EVENTS && producer->by_number[number] != 0, "a number is acknowledged that was not sent");
        event_t *event = &producer->events[producer->by_number[number] - 1];
        DEMAND(event->in_journal == 1 && event->position < world.durable, "an acknowledged event is not on disk");
        event->acknowledged = true;
        world.settled++;
    }
    producer->acked = up_to;
}

static void on_refused(void *context, uint64_t number, const char *reason, const char *field) {
    producer_t *producer = context;
    (void)reason, (void)field;
    const uint32_t event = producer->by_number[number] - 1;
    DEMAND(is_refused(event), "an event is refused that was not");
    producer->events[event].refused = true;
}

/* What the spool has lost was numbered last; its numbers are free again. */
static void forget_above(producer_t *producer, uint64_t last) {
    for (uint64_t number = last + 1; number <= MAX_EVENTS; number++) {
        if (producer->by_number[number] == 0) return;
        event_t *event = &producer->events[producer->by_number[number] - 1];
        event->fate = FATE_FREE;
        producer->by_number[number] = 0;
    }
}

static void start_producer(producer_t *producer) {
    char incarnation[32];
    snprintf(incarnation, sizeof incarnation, "life-%u", ++producer->lives);
    const rs_client_options_t options = {.endpoint = "ipc:///nowhere", .source = producer->source, .incarnation = incarnation,
                                         .context = producer,
                                         .batch_events = 1 + chance(20), .spool_bytes = SPOOL, .on_ack = on_ack, .on_refused = on_refused,
                                         .spool_path = producer->has_spool ? producer->spool : NULL, .spool_sync = producer->sync};
    DEMAND(rs_client_open(&options, &producer->client) == RS_OK, "a producer starts");
    producer->client->socket = producer->client;
    const rs_client_t *client = producer->client;
    if (producer->has_spool) {
        forget_above(producer, atomic_load(&client->accepted));
        producer->acked = atomic_load(&client->settled);
    } else {
        forget_above(producer, 0);
        producer->acked = 0;
    }
}

/* kill -9: the descriptor closes, the memory is gone. */
static void kill_producer(producer_t *producer) {
    if (producer->client == NULL) return;
    (void)rs_client_close(&producer->client, 0);
    disconnect(producer);
    if (producer->has_spool) return;
    for (uint32_t i = 0; i < producer->event_count; i++) {
        if (!producer->events[i].acknowledged) producer->events[i].fate = FATE_FREE;
    }
    memset(producer->by_number, 0, sizeof producer->by_number);
}

/* What a loss of power leaves: the file as it was at some moment after it was last forced to the disk, which a new name does, and opening
 * after a loss of power. */
typedef struct image { uint8_t bytes[RS__SPOOL_DATA + SPOOL + RS__SPOOL_BLOCK]; char incarnation[RS__INCARNATION_ROOM];
                       bool is_taken; } image_t;
static image_t images[PRODUCERS];

static void copy_spool(const producer_t *producer, image_t *image, bool is_back) {
    const int fd = open(producer->spool, O_RDWR | O_CLOEXEC);
    DEMAND(fd >= 0, "the spool is there");
    const ssize_t len = is_back ? pwrite(fd, image->bytes, sizeof image->bytes, 0) : pread(fd, image->bytes, sizeof image->bytes, 0);
    DEMAND(len == (ssize_t)sizeof image->bytes, "the spool is whole");
    close(fd);
    image->is_taken = true;
}

static void take_image(const producer_t *producer) {
    image_t *image = &images[producer - world.producers];
    copy_spool(producer, image, false);
    memcpy(image->incarnation, producer->client->session.incarnation, sizeof image->incarnation);
}

static void take_image_of_new_name(const producer_t *producer) {
    const image_t *image = &images[producer - world.producers];
    if (!producer->has_spool || producer->client == NULL) return;
    if (strcmp(image->incarnation, producer->client->session.incarnation) != 0) take_image(producer);
}

/* The file is as it was at some moment before, and the machine has another start. */
static void lose_power(producer_t *producer) {
    image_t *image = &images[producer - world.producers];
    if (!producer->has_spool || producer->sync != RS_CLIENT_SYNC_NEVER || !image->is_taken) return;
    kill_producer(producer);
    copy_spool(producer, image, true);
    uint8_t block[RS__SPOOL_IDENTITY];
    const int fd = open(producer->spool, O_RDWR | O_CLOEXEC);
    DEMAND(pread(fd, block, sizeof block, 0) == sizeof block, "the identity is there");
    block[48] ^= 0x55;
    crypto_generichash(block + 496, 16, block, 496, NULL, 0);
    DEMAND(pwrite(fd, block, sizeof block, 0) == sizeof block, "the identity is written");
    close(fd);
    producer->was_down = true;
    world.power_losses++;
}

static void send_events(producer_t *producer, uint32_t count) {
    for (uint32_t i = 0; i < count && producer->event_count < MAX_EVENTS; i++) {
        char contact[32];
        const uint32_t index = producer->event_count;
        snprintf(contact, sizeof contact, "%u-%u", (unsigned)(producer - world.producers), index);
        const rs_event_t event = {.occurred_us = 1700000000000000, .seq = index, .present = RS_HAS_SEQ, .type = RS_CONTACT_QUEUED,
                                  .source = rs_str(producer->source), .contact_id = rs_str(contact), .queue = RS_STR("support")};
        uint64_t number = 0;
        const int status = rs_client_send(producer->client, &event, &number);
        if (status != RS_OK) {
            DEMAND(status == RS_ERR_FULL, "sending fails only when the spool is full");
            return;
        }
        DEMAND(number <= MAX_EVENTS && producer->by_number[number] == 0, "a number is given twice");
        producer->by_number[number] = index + 1;
        producer->events[index].fate = FATE_ACCEPTED;
        producer->event_count++;
    }
}

/* --- the network ------------------------------------------------------------------------------------------------------ */
static void deliver_up(producer_t *producer) {
    if (producer->up.count == 0 || world.ingest->is_stalled || rs__flight_is_full(&world.ingest->flight)) return;
    uint32_t at = 0;
    if (happens(12) && producer->up.count > 1 && is_batch(&producer->up.messages[0]) && is_batch(&producer->up.messages[1])) at = 1;
    message_t message = shift_queue(&producer->up, at);
    if (happens(25) && is_batch(&message)) {   /* lost, or twice */
        if (chance(2) == 0) {
            free(message.bytes);
            return;
        }
        const message_t again = copy_of(&message);
        push(&producer->up, &again);
    }
    zmq_msg_t frames[MAX_FRAMES + 1];
    zmq_msg_init_size(&frames[0], strlen(producer->routing));
    memcpy(zmq_msg_data(&frames[0]), producer->routing, strlen(producer->routing));
    const char *bytes = message.bytes;
    for (uint32_t i = 0; i < message.count; bytes += message.lens[i++]) {
        zmq_msg_init_size(&frames[i + 1], message.lens[i]);
        if (message.lens[i] > 0) memcpy(zmq_msg_data(&frames[i + 1]), bytes, message.lens[i]);
    }
    world.ingest->turn++;
    world.ingest->turn_events = 0;
    world.ingest->arrival_us = world.now_us;
    rs__request_handle(world.ingest, frames, message.count + 1, false);
    for (uint32_t i = 0; i <= message.count; i++) zmq_msg_close(&frames[i]);
    free(message.bytes);
    rs__replies_flush(world.ingest);
}

static void deliver_down(producer_t *producer) {
    if (producer->down.count == 0) return;
    message_t message = shift_queue(&producer->down, 0);
    const bool is_lost = happens(25) && is_ack(&message), is_twice = happens(25) && is_ack(&message);
    rs_str_t parts[MAX_FRAMES] = {0};
    const char *bytes = message.bytes;
    for (uint32_t i = 0; i < message.count; bytes += message.lens[i++]) parts[i] = (rs_str_t){.data = bytes, .len = message.lens[i]};
    const rs__answer_t answer = rs__answer_parse(parts, message.count);
    for (uint32_t i = is_lost ? 2 : is_twice ? 0 : 1; i < 2; i++) rs__session_on_answer(producer->client, &answer, world.now_us);
    free(message.bytes);
}

static void work(producer_t *producer) {
    if (producer->client == NULL) return;
    if (!producer->connected && (world.is_calm || chance(3) == 0)) {
        snprintf(producer->routing, sizeof producer->routing, "%u:%u", (unsigned)(producer - world.producers), ++producer->connections);
        producer->connected = true;
        rs__session_on_connected(producer->client, world.now_us);
    }
    (void)rs__session_work(producer->client, world.now_us);
    if (producer->wants_reconnect) {
        producer->wants_reconnect = false;
        disconnect(producer);
    }
}

/* --- a history -------------------------------------------------------------------------------------------------------- */
static void step_producer(producer_t *producer) {
    if (producer->client == NULL) {
        if (!world.is_calm && chance(3) != 0) return;
        start_producer(producer);
        if (producer->has_spool && (producer->lives == 1 || producer->was_down)) take_image(producer);
        producer->was_down = false;
        return;
    }
    if (!world.is_calm && chance(3) == 0) send_events(producer, chance(25));
    work(producer);
    for (uint32_t i = chance(4); i > 0; i--) deliver_up(producer);
    for (uint32_t i = chance(4); i > 0; i--) deliver_down(producer);
    take_image_of_new_name(producer);
    if (producer->has_spool && happens(15)) take_image(producer);
    if (happens(30)) disconnect(producer);
    if (happens(60)) {
        kill_producer(producer);
        world.deaths++;
    }
    if (happens(150)) lose_power(producer);
}

static void step(void) {
    world.now_us += happens(20) ? (int64_t)chance(8000000) : (int64_t)chance(5000);
    step_producer(&world.producers[chance(PRODUCERS)]);
    if (happens(20)) world.is_full = !world.is_full;
    if (!world.is_full) rs_ingest_resume(world.ingest);
    if (chance(4) == 0) settle(world.durable + chance(world.record_count - world.durable + 1));
    rs__replies_flush(world.ingest);
    if (happens(120)) crash_daemon();
}

/* Nothing breaks any more: everything that is owed arrives. */
static void calm_down(void) {
    world.is_calm = true;
    world.is_full = false;
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t done = 0;
        for (uint32_t i = 0; i < PRODUCERS; i++) {
            step_producer(&world.producers[i]);
            const rs_client_t *client = world.producers[i].client;
            done += client != NULL && atomic_load(&client->settled) == atomic_load(&client->accepted);
        }
        world.now_us += 200000;
        rs_ingest_resume(world.ingest);
        settle(world.record_count);
        rs__replies_flush(world.ingest);
        if (done == PRODUCERS) return;
    }
    DEMAND(false, "the producers do not get done");
}

static void check_ledger(void) {
    for (uint32_t p = 0; p < PRODUCERS; p++) {
        producer_t *producer = &world.producers[p];
        for (uint32_t i = 0; i < producer->event_count; i++) {
            const event_t *event = &producer->events[i];
            DEMAND(event->fate == FATE_FREE || event->in_journal == 1, "an accepted event is lost");
            DEMAND(!event->acknowledged || event->in_journal == 1, "an acknowledged event is lost");
        }
        rs_client_stats_t stats;
        rs_client_stats(producer->client, &stats);
        DEMAND(stats.spool_errors == 0 && stats.invalid == 0, "a spool fails");
        world.resent += stats.resent;
    }
}

static void clean_up(void) {
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        producer_t *producer = &world.producers[i];
        kill_producer(producer);
        if (!producer->has_spool) continue;
        unlink(producer->spool);
        unlink(producer->key);
    }
    stop_daemon();
}

static void run_history(uint64_t seed) {
    world.seed = seed;
    world.random = (rs_random_t){seed};
    world.record_count = world.durable = world.told = 0;
    world.is_full = world.is_calm = false;
    world.now_us = 1000000000;
    memset(world.producers, 0, sizeof world.producers);
    memset(images, 0, sizeof images);
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        producer_t *producer = &world.producers[i];
        snprintf(producer->source, sizeof producer->source, "pbx-%u", i);
        snprintf(producer->spool, sizeof producer->spool, "%s/%u", world.folder, i);
        snprintf(producer->key, sizeof producer->key, "%s/%u.key", world.folder, i);
        producer->has_spool = i < 2;
        producer->sync = i == 1 ? RS_CLIENT_SYNC_BATCH : RS_CLIENT_SYNC_NEVER;
    }
    start_daemon();
    for (uint32_t i = 0; i < STEPS; i++) step();
    calm_down();
    check_ledger();
    clean_up();
}

int main(void) {
    snprintf(world.folder, sizeof world.folder, "%s/ringside-producers-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    DEMAND(mkdtemp(world.folder) != NULL, "a folder");
    snprintf(world.endpoint, sizeof world.endpoint, "ipc://%s/events", world.folder);
    world.config.events_endpoint = rs_str(world.endpoint);
    world.config.handshake_us = RS_US_PER_S;
    world.config.limits = (rs_limits_t){.sources = 256, .peers = 64, .peer_bytes = 1 << 16, .message_bytes = 1 << 15};
    world.zmq = zmq_ctx_new();
    DEMAND(uv_loop_init(&world.loop) == 0, "a loop");
    const char *only = getenv("RS_SEED");
    const uint64_t first = only != NULL ? strtoull(only, NULL, 10) : rs_test_number("RS_FIRST_SEED", 1);
    const uint64_t count = only != NULL ? 1 : rs_test_number("RS_SEEDS", DEFAULT_SEEDS);
    for (uint64_t seed = first; seed < first + count; seed++) run_history(seed);
    printf("%ju histories from seed %ju: %ju acknowledged, %ju sent again, %ju daemons and %ju producers killed, %ju losses of power\n",
           (uintmax_t)count, (uintmax_t)first, (uintmax_t)world.settled, (uintmax_t)world.resent, (uintmax_t)world.crashes,
           (uintmax_t)world.deaths, (uintmax_t)world.power_losses);
    DEMAND(only != NULL || (world.crashes > 0 && world.deaths > 0 && world.power_losses > 0 && world.resent > 0), "nothing ever broke");
    uv_loop_close(&world.loop);
    zmq_ctx_term(world.zmq);
    char path[96];
    snprintf(path, sizeof path, "%s/events", world.folder);
    unlink(path);
    rmdir(world.folder);
    return 0;
}
