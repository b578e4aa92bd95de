/* A real ingest on a loop of this thread, a sink that keeps what it is given, and producers as bare DEALER sockets. */
#ifndef TESTS_INGEST_HARNESS_H
#define TESTS_INGEST_HARNESS_H

#include "ingest/ingest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>
#include <zmq.h>

enum { MAX_TAKEN = 20000, MAX_PARTS = 10, PART_ROOM = 300 };

typedef struct taken {
    bool is_refusal;
    rs_origin_t origin;
    int64_t arrival_us;
    rs_refusal_t reason;
    char source[65], contact[129];
    uint8_t customer[16];
    uint32_t customer_len, present;
    uint64_t hash;
} taken_t;

typedef struct announced { uint32_t session, taken_before; char source[65], incarnation[65]; } announced_t;

typedef struct fixture {
    uv_loop_t loop;
    void *zmq;
    rs_config_t config;
    char folder[64], events[128], plain[128];
    uint8_t key[32];
    rs_ingest_t *ingest;
    int64_t now_us;            /* the fake clock */
    uint32_t clock_reads;
    /* the sink */
    taken_t *taken;
    uint32_t taken_count;
    uint32_t room;             /* how many more records it takes before it is full */
    uint64_t position;
    announced_t announced[16];
    uint32_t announced_count, announcements_refused;   /* so many are answered RS_ERR_FULL first */
    void *peers[8];
    uint32_t peer_count;
} fixture_t;

/* The defaults of the tests; a test may change config and options before `start`. */
void fixture_init(fixture_t *fixture, rs_ingest_options_t *options);
void fixture_start(fixture_t *fixture, const rs_ingest_options_t *options);
/* Both in one. */
void fixture_open(fixture_t *fixture);
/* Closes everything and fails when the loop does not close empty. */
void fixture_close(fixture_t *fixture);
void run_turns(fixture_t *fixture, uint32_t turns);

void *peer_open(fixture_t *fixture);
void *peer_connect(fixture_t *fixture, int type, const char *endpoint, const char *routing_id);
/* Sends strings as frames, until NULL. */
void peer_say(void *peer, ...);
void peer_hello(fixture_t *fixture, void *peer, const char *source, const char *incarnation, const char *encoding);
void peer_batch(void *peer, uint64_t first, const char *payload);
/* Runs the loop until the peer has a message, and checks its frames, until NULL; "*" is anything. */
void expect_frames(fixture_t *fixture, void *peer, const char *file, int line, ...);
#define EXPECT(fixture, peer, ...) expect_frames(fixture, peer, __FILE__, __LINE__, __VA_ARGS__, NULL)
/* Runs the loop for 30 ms and fails when the peer gets anything. */
void expect_silence(fixture_t *fixture, void *peer);
/* Runs the loop until the sink has `count` records; fails after 3 s. */
void expect_taken(fixture_t *fixture, uint32_t count);
/* Settles everything taken so far. */
void settle_all(fixture_t *fixture);
rs_ingest_stats_t stats_of(const fixture_t *fixture);

/* "count" NDJSON events with contact ids first, first + 1, …; NUL-terminated, static storage. */
const char *events_json(uint64_t first, uint32_t count);
/* The same as an EventBatch; *len bytes, static storage. */
const void *events_protobuf(uint64_t first, uint32_t count, size_t *len);

int frames_tests(void);
int sessions_tests(void);
int protocol_tests(void);
int flow_tests(void);
int plain_tests(void);
int restart_tests(void);
int unavailable_tests(void);
int commands_tests(void);

#endif
