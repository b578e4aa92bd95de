/* Producers with a spool on disk: what the spool took is sent, in order, until it is acknowledged, whoever dies meanwhile. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

void sim_send(sim_pipe_t *pipe, const sim_message_t *message) {
    RS_REQUIRE(pipe->count < SIM_MESSAGES);
    pipe->messages[(pipe->head + pipe->count++) % SIM_MESSAGES] = *message;
}

bool sim_receive(sim_pipe_t *pipe, sim_message_t *message) {
    if (pipe->count == 0) return false;
    *message = pipe->messages[pipe->head];
    pipe->head = (pipe->head + 1) % SIM_MESSAGES;
    pipe->count--;
    return true;
}

/* One producer per source, as far as there are places; the rest share the last one. */
static sim_producer_t *producer_of(sim_world_t *world, rs_str_t source) {
    for (uint32_t i = 0; i < world->producer_count; i++) {
        if (rs_str_equal(rs_str(world->producers[i].source), source)) return &world->producers[i];
    }
    if (world->producer_count == SIM_PRODUCERS) return &world->producers[SIM_PRODUCERS - 1];
    sim_producer_t *producer = &world->producers[world->producer_count++];
    snprintf(producer->source, sizeof producer->source, "%.*s", (int)source.len, source.data);
    producer->events = calloc(world->history->delivery_count, sizeof *producer->events);
    RS_REQUIRE(producer->events != NULL);
    return producer;
}

void sim_producers_begin(sim_world_t *world) {
    for (size_t i = 0; i < world->history->delivery_count; i++) {
        sim_producer_t *producer = producer_of(world, world->history->deliveries[i].event->source);
        producer->events[producer->count++] = (uint32_t)i;
    }
}

void sim_producers_end(sim_world_t *world) {
    for (uint32_t i = 0; i < world->producer_count; i++) free(world->producers[i].events);
}

void sim_producer_cut(sim_world_t *world, uint32_t number) {
    sim_producer_t *producer = &world->producers[number];
    producer->connection = 0;
    producer->is_welcome = false;
    producer->to_daemon.count = 0;
    producer->from_daemon.count = 0;
    world->counts.cuts++;
}

static void connect(sim_world_t *world, uint32_t number) {
    static uint32_t connections;
    sim_producer_t *producer = &world->producers[number];
    producer->connection = ++connections;
    producer->to_daemon.count = producer->from_daemon.count = 0;
    sim_send(&producer->to_daemon, &(sim_message_t){.type = SIM_HELLO, .producer = number, .connection = producer->connection});
}

static void hear(sim_world_t *world, uint32_t number, const sim_message_t *message) {
    sim_producer_t *producer = &world->producers[number];
    if (message->number > producer->spooled) {
        sim_complain(world, "producer %u is told of number %llu, and has %llu", number, (unsigned long long)message->number,
                     (unsigned long long)producer->spooled);
        return;
    }
    switch (message->type) {
        case SIM_WELCOME:
            if (message->number < producer->acked) {
                sim_complain(world, "WELCOME %llu after ACK %llu", (unsigned long long)message->number,
                             (unsigned long long)producer->acked);
            }
            producer->is_welcome = true;
            producer->sent = message->number;
            producer->acked = message->number > producer->acked ? message->number : producer->acked;
            break;
        case SIM_ACK:
            if (message->number > producer->acked) producer->acked = message->number;
            break;
        case SIM_GAP: producer->sent = message->number; break;
        case SIM_HELLO: case SIM_BATCH_OF: break;
    }
}

void sim_producer_step(sim_world_t *world, uint32_t number) {
    sim_producer_t *producer = &world->producers[number];
    const oracle_arrival_t *deliveries = world->history->deliveries;
    /* The platform has something to tell when its time has come. */
    while (producer->spooled < producer->count && deliveries[producer->events[producer->spooled]].arrival_us <= world->now_us) {
        producer->spooled++;
    }
    sim_message_t message;
    while (sim_receive(&producer->from_daemon, &message)) {
        if (message.connection == producer->connection) hear(world, number, &message);
    }
    if (producer->connection == 0) {
        if (world->daemon.is_up) connect(world, number);
        return;
    }
    if (!producer->is_welcome || producer->sent == producer->spooled || producer->to_daemon.count > SIM_MESSAGES / 2) return;
    uint64_t count = 1 + rs_random_below(&world->random, SIM_BATCH);
    if (count > producer->spooled - producer->sent) count = producer->spooled - producer->sent;
    /* Now and then it sends again what it sent, as after a lost answer. */
    if (producer->sent > producer->acked && sim_chance(world, 10)) producer->sent = producer->acked;
    sim_send(&producer->to_daemon, &(sim_message_t){.type = SIM_BATCH_OF, .producer = number, .connection = producer->connection,
                                                    .first = producer->sent + 1, .count = count});
    producer->sent += count;
}

bool sim_producers_are_done(const sim_world_t *world) {
    for (uint32_t i = 0; i < world->producer_count; i++) {
        if (world->producers[i].acked != world->producers[i].count) return false;
    }
    return true;
}
