/* feed/receivers.h — tells the configured receivers of alerts that fire and end: Alertmanagers, webhooks, mail.
 *
 * Model:     rs_receivers_on_transition ──► waits until its position is durable ──► table of open episodes
 *                                                                           └─► of each receiver: post (messages) or presenter
 *                                                                           (Alertmanager)
 *            Each receiver has one request under way at most, its own pace and its own failures: whatever one does (hang, lie,
 *            redirect, refuse) is no other's business. A receiver that a reload adds is told of everything that is open.
 * Positions: an effect goes out when rs_receivers_set_durable has reached its position. How far a receiver has confirmed is reported
 *            by `confirmed` whenever it changes, for a record of the journal (rs_confirmed_t); so the core keeps what a receiver does
 *            not have. rs_receivers_resume, between recovery and the start of the core's thread, gives each receiver what it has still to
 *            be told, and all that is open: what was confirmed is not sent again, what was not, is, with the same key.
 *            Of an Alertmanager an end is confirmed when it has been shown for `settle`.
 * Body:      feed/message.h. HTTP headers: Content-Type; Idempotency-Key, equal for equal messages; with a secret
 *            `Ringside-Signature: t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>", hex>`.
 * Answers:   2xx is taken. 400, 413 and 422 (mail: 550 to 555 for the message) say that the message is at fault; what a halved
 *            digest shows to be is dropped and counted. All else, redirects too, is tried again.
 * Threads:   the loop's. Memory: see the post and the presenter; what waits for durability, at most twice limits.alerts.
 */
#ifndef RS_FEED_RECEIVERS_H
#define RS_FEED_RECEIVERS_H

#include "core/core.h"
#include "feed/post.h"
#include "feed/presenter.h"

#include <uv.h>

typedef struct rs_receivers rs_receivers_t;

typedef struct rs_receivers_options {
    uv_loop_t *loop;
    const rs_config_t *config;                 /* borrowed until the end, also past rs_receivers_configure */
    uint64_t seed;                             /* of the jitter of pauses */
    void *context;
    /* From here on `receiver` (rs_receivers_number of its name) need not be told of anything up to (alert_position, alert_ordinal);
     * UINT64_MAX: it is not configured any more. Also of one that the core does not know yet. Anything but RS_OK: tell me again later.
     * May be NULL. */
    int (*confirmed)(void *context, const rs_confirmed_t *confirmed);
    int64_t (*wall_us)(void *context);         /* NULL: the machine's */
} rs_receivers_options_t;

/* RS_ERR_IO, RS_ERR_INVALID: a file with a secret; RS_ERR_MEMORY. `why` gets a sentence for the log. */
RS_MUST_CHECK int rs_receivers_create(const rs_receivers_options_t *options, rs_receivers_t **receivers, char *why, size_t why_size);
/* Other receivers, at once; those of the same name and kind go on with what they have still to be told. On failure nothing is
 * changed, and the old configuration stays borrowed. */
RS_MUST_CHECK int rs_receivers_configure(rs_receivers_t *receivers, const rs_config_t *config, char *why, size_t why_size);
/* Gives up what is under way; on_closed (may be NULL) is called when the memory is gone. */
void rs_receivers_close(rs_receivers_t **receivers, void (*on_closed)(void *context), void *context);

/* The number by which the journal knows a receiver; never that of the store. Pure. */
uint64_t rs_receivers_number(rs_str_t name);
/* As far as the core says that they were told. No thread of the core's runs; before the first transition. RS_ERR_MEMORY: somebody may
 * not be told of something. */
RS_MUST_CHECK int rs_receivers_resume(rs_receivers_t *receivers, const rs_core_t *core);

/* Identities rise. Takes NULL receivers, as the next one. */
void rs_receivers_on_transition(rs_receivers_t *receivers, const rs_alert_transition_t *transition);
/* Everything up to `position` is safe on disk. */
void rs_receivers_set_durable(rs_receivers_t *receivers, uint64_t position);

/* --- looking ------------------------------------------------------------------------------------------------------ */
typedef struct rs_receiver_stats {
    rs_str_t name;
    uint8_t kind;
    rs_post_stats_t post;         /* of webhooks and mail */
    rs_presenter_stats_t presenter;   /* of Alertmanagers */
    int64_t clock_offset_us;          /* of an Alertmanager: how far its clock is ahead of ours; 0 within 2 s */
    rs_effect_id_t confirmed;
} rs_receiver_stats_t;
uint32_t rs_receivers_count(const rs_receivers_t *receivers);
void rs_receivers_stats(const rs_receivers_t *receivers, uint32_t number, rs_receiver_stats_t *stats);
/* Transitions that wait for durability; those that were dropped because too many did. */
uint32_t rs_receivers_waiting(const rs_receivers_t *receivers);
uint64_t rs_receivers_dropped(const rs_receivers_t *receivers);

#endif
