/* feed/receivers_internal.h — shared by receivers.c (which receivers there are, what they are given) and receiver_send.c (one
 * request and what came of it). */
#ifndef RS_FEED_RECEIVERS_INTERNAL_H
#define RS_FEED_RECEIVERS_INTERNAL_H

#include "base/counter.h"
#include "core/pool.h"
#include "feed/http.h"
#include "feed/receivers.h"
#include "feed/secret.h"

enum { RS__RECEIVERS_FORGOTTEN = 64 };
enum { RS__RECEIVER_KEEP_S = 15 * 60, RS__RECEIVER_BATCH = 500, RS__RECEIVER_FAILURES_OPEN = 5, RS__RECEIVER_VALID_S = 5 * 60 };

typedef enum rs__receiver_counter {
    RS__COUNT_OK = 0, RS__COUNT_AGAIN, RS__COUNT_REFUSED, RS__COUNT_DIGESTS, RS__COUNT_DROPPED_FULL, RS__COUNT_DROPPED_REFUSED,
    RS__RECEIVER_COUNTERS
} rs__receiver_counter_t;

/* Counters live as long as the process, one set per name. */
typedef struct rs__receiver_counters {
    struct rs__receiver_counters *next;
    char name[RS_MAX_NAME + 1];
    rs_counter_t counters[RS__RECEIVER_COUNTERS];
} rs__receiver_counters_t;

typedef struct rs__receiver {
    struct rs_receivers *all;
    const rs_receiver_config_t *config;
    rs_post_t *post;            /* one of these two */
    rs_presenter_t *presenter;
    rs_secret_t url, secret, token, password;
    rs_effect_id_t reported;        /* the last confirmed identity that was reported */
    bool is_known;                  /* the core knows of it */
    rs__receiver_counters_t *counted;
    uint64_t told_full, told_refused; /* drops that the counters have */
    bool is_busy;                   /* a request is under way */
    bool is_gone;                   /* not configured any more: freed when the answer has come */
    struct rs__receiver *next_gone;
    bool was_open;                  /* the circuit, as last logged */
    rs_post_message_t message;    /* under way */
    /* of an Alertmanager */
    char started[64];               /* since when it runs, as its status says; "" not known */
    int64_t status_at_us;           /* loop time of the last status; INT64_MIN none */
    int64_t clock_offset_us;
    const rs_presented_t *batch;
    uint32_t batch_count;
} rs__receiver_t;

struct rs_receivers {
    rs_receivers_options_t options;
    rs_http_t *http;
    uv_timer_t timer;
    char instance[256];
    rs__receiver_t *receivers[RS_MAX_RECEIVERS];
    uint32_t count;
    rs__receiver_t *gone;           /* those that wait for their last answer */
    uint64_t durable;
    uint64_t forgotten[RS__RECEIVERS_FORGOTTEN];   /* numbers of those that the core is to forget */
    uint32_t forgotten_count;
    bool is_unsaid;                 /* a report was not taken: again soon */
    rs_notice_t **waiting;          /* a ring */
    uint32_t waiting_room, waiting_first, waiting_count;
    uint64_t dropped;
    rs_pool_t open;                 /* rs__open_t */
    rs_index_t open_index;
    bool is_closing;
    unsigned open_handles;
    void (*on_closed)(void *context);
    void *closed_context;
};

/* Loop time. */
int64_t rs__receivers_now(const rs_receivers_t *receivers);
int64_t rs__receivers_wall(const rs_receivers_t *receivers);
/* What a receiver is told of a notice, and of the end of what it was told of. */
void rs__receiver_give(rs__receiver_t *receiver, rs_notice_t *notice);
void rs__receivers_remember_open(rs_receivers_t *receivers, rs_notice_t *notice);
void rs__receivers_forget(rs_receivers_t *receivers, uint64_t number);
/* Looks at all receivers in the loop's next turn. */
void rs__receivers_kick(rs_receivers_t *receivers);
/* An answer has been dealt with: reports what is confirmed, logs and counts what changed. */
void rs__receiver_settled(rs__receiver_t *receiver);
void rs__receiver_free(rs__receiver_t *receiver);
/* Sends what is next, if anything. */
void rs__receiver_pump(rs__receiver_t *receiver);

#endif
