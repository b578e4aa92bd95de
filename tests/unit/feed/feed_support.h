/* A feed on its own loop with a window store of a few keys, and sockets to look at it from outside. */
#ifndef TEST_FEED_SUPPORT_H
#define TEST_FEED_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "feed/feed.h"

#include <jansson.h>
#include <zmq.h>

enum { TEST_RUN = 17, TEST_MAX_KEYS = 12000 };
#define TEST_NOW INT64_C(1700000000250000) /* 2023-11-14T22:13:20.250000Z */

typedef struct feed_world {
    uv_loop_t loop;
    void *zmq;
    rs_config_t config;
    rs_window_store_t *store;
    rs_zone_t *zone;
    rs_key_t *keys;
    rs_feed_t *feed;
    int64_t now_us;
    char folder[64], publish[96], snapshot[96];
    bool closed;
} feed_world_t;

/* Loop, context, store with `keys` queue keys "q0", "q1", … (none for 0), configuration with ipc endpoints; no feed
 * yet. */
void world_init(feed_world_t *world, uint32_t keys);
void world_start(feed_world_t *world);
/* Closes the feed and everything else; requires that the loop ends empty. */
void world_deinit(feed_world_t *world);
uint32_t world_add_key(feed_world_t *world, rs_key_t key, bool full);
/* One answered leg of `wait_s` seconds at the key. */
void world_answer(feed_world_t *world, uint32_t key, int64_t wait_s);
/* Runs the loop for about `ms`, or until *flag. */
void world_run(feed_world_t *world, unsigned ms);

rs_alert_transition_t world_transition(uint64_t episode, uint32_t key, unsigned from, unsigned to);

void *world_subscribe(feed_world_t *world, const char *topic, int high_water);
void *world_dealer(feed_world_t *world);

enum { MAX_FRAMES = 128, FRAME_BYTES = 8192 };
typedef struct message {
    char frames[MAX_FRAMES][FRAME_BYTES];
    size_t lengths[MAX_FRAMES];
    size_t count;
} message_t;
/* Next message, running the loop meanwhile; false after `ms` without one. Frames end with NUL. */
bool world_receive(feed_world_t *world, void *socket, unsigned ms, message_t *message);
/* The same, but heartbeats are passed over. */
bool world_receive_update(feed_world_t *world, void *socket, unsigned ms, message_t *message);
/* Numbers of a header frame. */
typedef struct header {
    uint64_t run, feed, stream, topic;
} header_t;
header_t parse_header(const char *text);
json_t *parse_body(const char *text);
void send_request(void *socket, const char *const *frames, size_t count);

extern const struct CMUnitTest format_tests[], publish_tests[], snapshot_tests[], post_tests[],
    presenter_tests[], receivers_tests[];
extern const size_t format_test_count, publish_test_count, snapshot_test_count, post_test_count, presenter_test_count,
    receivers_test_count;

#endif
