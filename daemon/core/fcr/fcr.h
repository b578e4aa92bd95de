/* core/fcr/fcr.h — first-contact resolution (cases.md, metrics.md): journeys remembered by customer, each judged by the next one.
 *
 * Model:   after each of its events a journey is summed up (contact/outline.h, the union of its contacts) and written into its
 *          record (record.h). The records of one customer (within the scope) are a chain in order of start:
 *
 *              journeys     [--a--] [-b-]            [---c---]         [d]
 *              groups       [====A=====]             [===C===]         [D]      next start <= end + redial_grace: it joins
 *                                      |<- window A ------>|           ^ D judges C (and C, A), if within the window, inclusive
 *
 *          A group counts as one journey: eligible when one of it was handled, with the first handling's queue, channel, agent,
 *          team and times; repeated when the next group starts within repeat_window of its end (repeat_counts = handled: the next
 *          one that was handled). What a chain comes to is a function of its records and of which windows have ended; a change
 *          computes it before and after and posts the difference, so that a late event, a repeat or a survey days later revises
 *          the rows of the first contact, and everything can be taken back.
 * Time:    a record stands in a wheel by the end of its window. When the watermark has passed it (by up to RS_FCR_WHEEL_STEP_US,
 *          rs_fcr_finish: exactly), its group is counted as matured; `lateness` and an hour after that it is forgotten (a contact
 *          that began within the window may say only later whose it is), unless its journey, or one of the customer that began
 *          within the window, is still in memory and may change it. A record may stand in the wheel too early, never too late.
 * Bounds:  limits.customers records (0: the whole is off). When there is no room the records whose windows end first go: what they
 *          counted stays, and stays provisional; `forgotten` says how many. RS_FCR_CHAIN_MAX of one customer (callers without a
 *          number, a company's switchboard): past that the oldest group is settled: what has been judged stands and matures, but
 *          a late event cannot make it anew.
 * Decided where the design is silent:
 * - A next contact that starts before the end (two at the same time) joins like one within redial_grace.
 * - A journey is inbound when its first contact is. Outbound ones neither join nor repeat, nor are they judged.
 * - Scope: topic (unknown is a topic of its own), or queue or channel of the first handling, without one of the first leg.
 * - Of journeys joined by redial the latest one's disposition and survey hold; the first one's topic decides on `never`.
 * - An id is used again: a contact that left memory (a day after its last event) and begins anew is another journey and may be the
 *   next one. What only speaks of it (contact/outline.h) goes on with the old one as long as that is remembered. A journey named
 *   by another contact goes on with it, too, unless the customers differ.
 * - A reload: the new settings hold for journeys that are seen first from then on; the older ones keep theirs, and are judged by
 *   later ones only where the scope is the same. At most RS_FCR_SETTINGS different ones can be alive.
 * - Contact rate: inbound contacts with a known customer among remembered journeys, and how many customers these are.
 * Threads: the core's. Readers elsewhere need a copy: rate and repeaters are small, a request to the core's thread will do.
 * State:   the fields of rs_fcr_t, the arrays it points to (sizes beside them) and its pools; `account`, `names` and the settings'
 *          configurations are the core's. `before`, `after` and `chain` mean nothing between calls.
 */
#ifndef RS_CORE_FCR_H
#define RS_CORE_FCR_H

#include "core/account.h"
#include "core/fcr/record.h"

/* What a journey counts as: rs_fact_t.a_us of RS_FACT_FCR, a bit set. */
typedef enum rs_fcr_flag {
    RS_FCR_ELIGIBLE = 1, RS_FCR_REPEATED = 2, RS_FCR_FLAGGED = 4, RS_FCR_MATURED = 8, RS_FCR_NEVER = 16
} rs_fcr_flag_t;

enum {
    RS_FCR_CHAIN_MAX = 64,          /* remembered journeys of one customer */
    RS_FCR_SETTINGS = 4,
    RS_FCR_WHEEL = 1 << 16,         /* buckets of the wheel */
    RS_FCR_REPEATERS = 32,          /* of a tenant */
    RS_FCR_TICK_BUDGET = 128        /* records looked at per tick: at 10 ticks a second more than 1,000 journeys end a second */
};
#define RS_FCR_WHEEL_STEP_US (10 * RS_US_PER_S)
#define RS_FCR_KEPT_US RS_US_PER_HOUR   /* beyond the window and lateness */
#define RS_FCR_GONE UINT32_MAX      /* in place of a record's number: it was let go, its journey is judged no more */

typedef struct rs_fcr_settings {
    const rs_fcr_config_t *config;  /* NULL = unused */
    uint32_t records;               /* that go by it */
} rs_fcr_settings_t;

typedef struct rs_fcr_judged { uint32_t tenant, leader; rs_fact_t fact; } rs_fcr_judged_t;
typedef struct rs_fcr_chain {       /* of one customer within the scope, from the oldest start to the newest */
    uint32_t count, numbers[RS_FCR_CHAIN_MAX + 1];
} rs_fcr_chain_t;
typedef struct rs_fcr_group {
    uint32_t first, count;          /* places in the chain */
    uint32_t handled;               /* number of the record with the first handling, 0 = none */
    int64_t start_us, end_us, due_us;
    int64_t disposition_us, survey_us;   /* start of the journey that the signal is from */
    uint8_t disposition, survey;
    bool reopened, never;
} rs_fcr_group_t;

typedef struct rs_fcr_repeater {
    rs_hash128_t customer;          /* the pseudonym's bytes */
    uint32_t contacts;              /* remembered */
    bool at_least;                  /* there are more than could be counted one by one */
} rs_fcr_repeater_t;
typedef struct rs_fcr_listed { rs_fcr_repeater_t shown; uint32_t bucket, bits; } rs_fcr_listed_t;
typedef struct rs_fcr_tenant {
    uint32_t tenant, listed_count;
    uint64_t contacts, customers;
    uint32_t missed, missed_before; /* most contacts of a customer that found no place: of late, and before that */
    int64_t missed_since_us;
    rs_fcr_listed_t listed[RS_FCR_REPEATERS];
} rs_fcr_tenant_t;

typedef struct rs_fcr {
    bool on;
    rs_fcr_tables_t tables;
    uint32_t free;                  /* records that are used no more, by `next`; some stand in the wheel still */
    uint32_t free_count;
    uint32_t *wheel;                /* RS_FCR_WHEEL buckets: first record, 0 = none */
    uint32_t scheduled;             /* records that stand in it */
    int64_t wheel_at;               /* bucket number that comes next, without the turn taken off; INT64_MIN: not begun */
    int64_t evict_at;               /* no record stands in an earlier one */
    int64_t mark_us;                /* the watermark, INT64_MIN: none yet */
    int64_t keep_us;                /* how long after its window a record is kept */
    rs_fcr_settings_t settings[RS_FCR_SETTINGS];
    uint32_t current;               /* settings of journeys that are seen first now */
    rs_pool_t tenants;
    rs_index_t tenant_index;
    rs_account_t *account;
    const rs_names_t *names;
    uint64_t forgotten;             /* records let go before their time: no room */
    uint64_t settled;               /* groups judged for good: too many of one customer */
    uint64_t reused;                /* ids that began anew while their journey was remembered */
    rs_fcr_chain_t chain;
    rs_fcr_judged_t before[RS_FCR_CHAIN_MAX + 1], after[RS_FCR_CHAIN_MAX + 1];
    uint32_t before_count;
} rs_fcr_t;

/* RS_ERR_MEMORY. deinit is safe on a zeroed one. */
RS_MUST_CHECK int rs_fcr_init(rs_fcr_t *fcr, const rs_config_t *config, rs_account_t *account);
void rs_fcr_deinit(rs_fcr_t *fcr);
/* Settings of journeys that are seen first from now on. `config` stays borrowed. RS_ERR_LIMIT: too many different ones are alive;
 * nothing changes then. Asking (can) changes nothing. */
/* A configuration is about to be forgotten: settings that go by it go by `other`, if that is equal. False: it is not,
 * and they are in use. */
RS_MUST_CHECK bool rs_fcr_do_without(rs_fcr_t *fcr, const rs_fcr_config_t *gone, const rs_fcr_config_t *other);
RS_MUST_CHECK int rs_fcr_can_configure(const rs_fcr_t *fcr, const rs_fcr_config_t *config);
void rs_fcr_configure(rs_fcr_t *fcr, const rs_fcr_config_t *config);

/* The journey is this now: judges it and what depends on it. *place is its record: 0 at first, then the caller's to keep. `id`
 * stands for (tenant, journey_id). */
void rs_fcr_follow(rs_fcr_t *fcr, uint32_t *place, uint32_t tenant, rs_hash128_t id, const rs_outline_t *outline);
/* The journey is no more: it was part of another one all the time. */
void rs_fcr_withdraw(rs_fcr_t *fcr, uint32_t *place, rs_hash128_t id);
/* The journey left memory; what is remembered stands. */
void rs_fcr_release(rs_fcr_t *fcr, uint32_t *place, rs_hash128_t id);
/* A journey that left memory goes on: its record, live again, and what it knows; 0: it is not remembered, or is in memory. */
uint32_t rs_fcr_recall(rs_fcr_t *fcr, rs_hash128_t id, rs_outline_t *outline);
/* Whether the outline's customer is another one than the record's. */
bool rs_fcr_is_of_another(const rs_fcr_t *fcr, uint32_t place, uint32_t tenant, rs_hash128_t id, const rs_outline_t *outline);
/* Calls for what leads from a journey's id to its record. / Calls for the memory of a record that will be looked at. */
static inline void rs_fcr_prefetch_place(const rs_fcr_t *fcr, rs_hash128_t id) {
    if (fcr->on) __builtin_prefetch(&fcr->tables.journeys[(uint32_t)id.low & fcr->tables.mask]);
}
static inline void rs_fcr_prefetch(const rs_fcr_t *fcr, uint32_t place) {
    if (place != 0 && place != RS_FCR_GONE) __builtin_prefetch(rs_fcr_record_at(&fcr->tables, place), 1);
}
/* fcr.repeat_window of journeys that are seen first now. */
static inline int64_t rs_fcr_window(const rs_fcr_t *fcr) { return fcr->settings[fcr->current].config->repeat_window_us; }

/* The watermark has come to `mark_us`: windows end. Looks at `budget` records at most. */
void rs_fcr_advance(rs_fcr_t *fcr, int64_t mark_us, uint32_t budget);
/* End of the input: every window that has ended by the mark is counted. */
void rs_fcr_finish(rs_fcr_t *fcr, int64_t mark_us);

/* Remembered inbound contacts of known customers, and how many customers these are. */
void rs_fcr_rate(const rs_fcr_t *fcr, rs_str_t tenant, uint64_t *contacts, uint64_t *customers);
/* Who came most often, at most `max`, most contacts first (of equals the lesser pseudonym), at least two contacts each. Their
 * counts are exact, but for `at_least`. *others_at_most: nobody who is not listed has come more often. */
uint32_t rs_fcr_repeaters(const rs_fcr_t *fcr, rs_str_t tenant, rs_fcr_repeater_t *repeaters, uint32_t max, uint32_t *others_at_most);

/* The customer is called `other` from now on (core/erase.h): no figure changes. Returns in how many places it stood. */
uint64_t rs_fcr_rename(rs_fcr_t *fcr, uint32_t tenant, const rs_hash128_t *customer, const rs_hash128_t *other);

uint64_t rs_fcr_bytes(const rs_fcr_t *fcr);
static inline uint32_t rs_fcr_remembered(const rs_fcr_t *fcr) { return fcr->tables.records.live - fcr->free_count; }

/* --- between the files of this folder ------------------------------------------------------------------------------- */
/* The key's chain into fcr->chain. */
void rs__fcr_load_chain(rs_fcr_t *fcr, rs_fcr_key_t key);
/* The group that begins at place `first` of the chain. */
void rs__fcr_group_at(const rs_fcr_t *fcr, uint32_t first, rs_fcr_group_t *group);
/* Between these two the key's chain may be changed: they post what it comes to after, and take back what it came to before. */
void rs__fcr_begin_change(rs_fcr_t *fcr, rs_fcr_key_t key);
void rs__fcr_end_change(rs_fcr_t *fcr, rs_fcr_key_t key);
/* The same for a settled record. */
void rs__fcr_begin_settled(rs_fcr_t *fcr, const rs_fcr_record_t *record);
void rs__fcr_end_settled(rs_fcr_t *fcr, const rs_fcr_record_t *record);
static inline const rs_fcr_config_t *rs__fcr_config(const rs_fcr_t *fcr, const rs_fcr_record_t *record) {
    return fcr->settings[record->settings].config;
}
/* A record's place in the wheel: at `due_us` or, when that is past, as soon as time goes on. Schedule: it stands in none. Hasten:
 * it may stand in one that is too late now, or in none. */
void rs__fcr_schedule(rs_fcr_t *fcr, uint32_t number, int64_t due_us);
void rs__fcr_hasten(rs_fcr_t *fcr, uint32_t number, int64_t due_us);
/* The record whose window ends first, 0 = none. To be asked when no record is free. */
uint32_t rs__fcr_earliest(rs_fcr_t *fcr);
/* Takes the record out of its chain, if it stands in one, and out of use. What it counted stays. */
void rs__fcr_bury(rs_fcr_t *fcr, uint32_t number);
/* The same for all of a group of the chain in fcr->chain. */
void rs__fcr_forget_group(rs_fcr_t *fcr, const rs_fcr_group_t *group);
/* The customer's remembered contacts changed by `delta`; the pseudonym where it is known (else NULL). */
void rs__fcr_tally(rs_fcr_t *fcr, uint32_t tenant, rs_fcr_key_t key, const rs_hash128_t *customer, int delta);
/* Records of the key's customer, within the scope or not, that stand in chains. */
uint32_t rs__fcr_count_customer(const rs_fcr_t *fcr, rs_fcr_key_t key);
void rs__fcr_tally_customers(rs_fcr_t *fcr, uint32_t tenant, int delta);
/* Loading: the tenant can be found again. */
void rs__fcr_restore_tenant(rs_fcr_t *fcr, uint32_t number);
static inline uint32_t rs__fcr_tenant_of(const rs_fcr_t *fcr, const rs_fcr_record_t *record) {
    return fcr->account->directory->entries[record->queue_key].tenant;
}

#endif
