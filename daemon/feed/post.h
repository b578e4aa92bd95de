/* feed/post.h — what one receiver has still to be told, and when: for receivers of messages (webhooks, mail).
 *
 * Model:     no queue of messages but a table of episodes: what is true of each, and what the receiver was told. What differs is
 *            told, one message at a time:
 *                put(firing) ──► pending ──next()──► in flight ──done(OK)──► told ──put(ended)──► pending ──► … ──► told: forgotten
 *                                   ▲──────────────────done(AGAIN): pause─────┘
 *            So newer states of an episode replace older ones that were not sent, and yet no receiver hears of an end before it
 *            heard of the beginning: an episode that came and went untold gives two messages (in a digest: one entry).
 * Promise:   at least once, in the order of the episode's own changes. A message may come twice, with the same key: after a lost
 *            answer, and after a restart from the confirmed position on.
 * Pace:      a token bucket of `burst` messages, one more every `every`; the worst severity first. Who finds it empty begins a
 *            storm: from then on nothing is sent singly; `digest_wait` later everything that is pending goes into one digest, and
 *            so on every `digest_period`, until what is pending then is no more than the bucket has. An episode in a digest has been told.
 * Failures:  pauses double from backoff_min to backoff_max, with jitter, and last at least as long as Retry-After says (at most
 *            1 h). After `failures_open` in a row the circuit is open: all but one trial per pause is spared.
 *            A receiver that refuses a message (400) is not asked again with the same: a digest is halved until the entries to
 *            blame are alone, those are dropped.
 * Lost:      nothing silently. What a bound or a refusal dropped is counted by rule, severity and reason, and the next digest
 *            says it; `digest_wait` later one is made for that alone.
 * Confirmed: the greatest identity up to which every change is told (or dropped and counted). After a restart the owner says it by
 *            rs_post_assume, before the transitions since then, and the last one of every open episode, are put again in the
 *            order of their identities; what is not beyond it is taken as told. That is all the state there is to keep.
 * Threads:   one. Pure: time (any clock that does not go back, microseconds) and the seed of the jitter are arguments.
 * Memory:    about 100 bytes an episode, up to max_episodes, and the notices it holds. Past that an episode that ended untold
 *            is dropped for the new one; else the new one is.
 */
#ifndef RS_FEED_POST_H
#define RS_FEED_POST_H

#include "feed/tally.h"

typedef struct rs_post rs_post_t;

typedef struct rs_post_settings {
    uint32_t max_episodes;                     /* >= 1 */
    uint32_t burst;                            /* >= 1 */
    int64_t every_us;                          /* > 0 */
    int64_t digest_wait_us, digest_period_us;
    uint32_t digest_entries;                   /* most of one digest; >= 1 */
    int64_t backoff_min_us, backoff_max_us;
    uint32_t failures_open;
} rs_post_settings_t;

RS_MUST_CHECK int rs_post_create(const rs_post_settings_t *settings, uint64_t seed, rs_post_t **post);
void rs_post_destroy(rs_post_t **post);
/* Other bounds and pace; what is remembered stays. max_episodes is that of create. */
void rs_post_configure(rs_post_t *post, const rs_post_settings_t *settings);
/* Everything up to `id` has been told before. */
void rs_post_assume(rs_post_t *post, rs_effect_id_t id);

/* One change, held from now on. A change that the episode has already, or an older one, is left out. */
void rs_post_put(rs_post_t *post, rs_notice_t *notice, int64_t now_us);

/* Whether the episode is remembered: then its end is the receiver's business, whatever has been configured since. */
bool rs_post_knows(const rs_post_t *post, uint64_t episode);
/* A change that this receiver is not meant to be told of: the confirmed position goes over it. */
void rs_post_pass(rs_post_t *post, rs_effect_id_t id);

typedef struct rs_post_entry {
    const rs_notice_t *notice;
    uint8_t phase; /* rs_told_t: what is said of it; FIRING may be said with the notice of an end, when no other is known */
    bool begins;   /* the receiver has not heard of this episode */
    uint32_t item; /* private */
} rs_post_entry_t;

typedef struct rs_post_message {
    bool is_digest;
    const rs_post_entry_t *entries; /* 1, or those of the digest with the worst first; none: only what was dropped is told */
    uint32_t count;
    uint32_t left;                    /* pending and not in it */
    const rs_post_tally_t *tally;          /* of a digest: its entries and what was dropped since the last one */
    int64_t since_us;                 /* of a digest: when the storm began */
    char key[64];                     /* the same when the same is sent again */
} rs_post_message_t;

/* The message to send now; false: none, ask again at rs_post_wake. It stays valid until rs_post_done, which must follow. */
RS_MUST_CHECK bool rs_post_next(rs_post_t *post, int64_t now_us, rs_post_message_t *message);

typedef enum rs_post_result {
    RS_SENT_OK = 0,
    RS_SENT_AGAIN,   /* not taken, or nobody knows: try again */
    RS_SENT_REFUSED  /* taken never: the message is at fault */
} rs_post_result_t;
void rs_post_done(rs_post_t *post, rs_post_result_t result, int64_t retry_after_us, int64_t now_us);

/* When rs_post_next may have something; INT64_MAX: not before the next put or done. */
int64_t rs_post_wake(const rs_post_t *post, int64_t now_us);
rs_effect_id_t rs_post_confirmed(const rs_post_t *post);

typedef struct rs_post_stats {
    uint64_t messages, digests, told;           /* accepted messages, digests among them, changes that they told */
    uint64_t failures, refusals;                /* attempts */
    uint64_t coalesced;                         /* news that newer news replaced before it was sent */
    uint64_t in_digests;                        /* changes told in digests only */
    uint64_t dropped_full, dropped_refused;
    uint32_t episodes, pending, failures_in_row; /* now */
    bool is_open, is_storm;                      /* now: the circuit, the storm */
} rs_post_stats_t;
void rs_post_stats(const rs_post_t *post, rs_post_stats_t *stats);

#endif
