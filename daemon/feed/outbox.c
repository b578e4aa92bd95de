#include "feed/outbox.h"

#include "core/pool.h"
#include "feed/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LANES = RS_SEVERITY_CRITICAL + 1, LOOK_FOR_ENDED = 256, RETRY_AFTER_MAX_S = 3600 };

/* Two lists go through the items: by age of what is untold (for the confirmed position), and one per severity (for the choice). */
enum { BY_AGE = 0, BY_LANE, LINKS };

typedef struct item {
    uint64_t episode;
    rs_notice_t *firing, *ended;   /* the newest of each kind; ended NULL while it fires; at least one is there */
    rs_effect_id_t news, told;     /* identity of the newest news of `firing`; of what was told */
    rs_effect_id_t oldest;         /* while pending: of the first change that was untold when it became so */
    uint8_t told_phase, lane;
    bool is_pending, is_in_flight;
    uint32_t next[LINKS], previous[LINKS];
} item_t;

typedef struct list {
    uint32_t first, last, count;
} list_t;

struct rs_outbox {
    rs_outbox_settings_t settings;
    rs_pool_t pool;
    rs_index_t index;
    list_t age, lanes[LANES];
    rs_effect_id_t floor;   /* up to here told before the start */
    rs_effect_id_t newest;  /* the greatest identity that was put */
    int64_t empty_at_us;    /* when the bucket would be full, were nothing taken any more: the bucket as one number */
    bool has_taken;
    bool is_storm;
    int64_t storm_since_us, digest_at_us;
    uint32_t digest_limit;  /* entries of the next digest, halved by refusals */
    uint32_t failures_in_row;
    int64_t retry_at_us;
    uint64_t random;
    bool is_in_flight;
    rs_outbox_message_t message;
    rs_outbox_entry_t *entries;
    uint32_t entry_room;
    bool took_token;
    rs_notice_tally_t dropped, dropped_in_flight, tally;
    int64_t dropped_at_us;  /* when a digest of nothing but what was dropped is due */
    rs_outbox_stats_t stats;
};

static item_t *item_at(const rs_outbox_t *outbox, uint32_t number) { return rs_pool_at(&outbox->pool, number); }

/* --- lists -------------------------------------------------------------------------------------------------------- */
static void insert_after(rs_outbox_t *outbox, list_t *list, unsigned link, uint32_t number, uint32_t before) {
    item_t *item = item_at(outbox, number);
    const uint32_t after = before == 0 ? list->first : item_at(outbox, before)->next[link];

    item->previous[link] = before;
    item->next[link] = after;
    if (before == 0)
        list->first = number;
    else
        item_at(outbox, before)->next[link] = number;
    if (after == 0)
        list->last = number;
    else
        item_at(outbox, after)->previous[link] = number;
    list->count++;
}

static void take_out(rs_outbox_t *outbox, list_t *list, unsigned link, uint32_t number) {
    const item_t *item = item_at(outbox, number);

    if (item->previous[link] == 0)
        list->first = item->next[link];
    else
        item_at(outbox, item->previous[link])->next[link] = item->next[link];
    if (item->next[link] == 0)
        list->last = item->previous[link];
    else
        item_at(outbox, item->next[link])->previous[link] = item->previous[link];
    list->count--;
}

static void set_pending(rs_outbox_t *outbox, uint32_t number, rs_effect_id_t id) {
    item_t *item = item_at(outbox, number);
    uint32_t before = outbox->age.last;

    if (item->is_pending) return;
    item->is_pending = true;
    item->oldest = id;
    while (before != 0 && rs_effect_after(item_at(outbox, before)->oldest, id)) before = item_at(outbox, before)->previous[BY_AGE];
    insert_after(outbox, &outbox->age, BY_AGE, number, before);
    insert_after(outbox, &outbox->lanes[item->lane], BY_LANE, number, outbox->lanes[item->lane].last);
}

static void clear_pending(rs_outbox_t *outbox, uint32_t number) {
    item_t *item = item_at(outbox, number);

    if (!item->is_pending) return;
    item->is_pending = false;
    take_out(outbox, &outbox->age, BY_AGE, number);
    take_out(outbox, &outbox->lanes[item->lane], BY_LANE, number);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */
/* Episode numbers are dense and rising: spread them over the table. */
static uint64_t hash_of(uint64_t episode) {
    const uint64_t mixed = episode * UINT64_C(0x9E3779B97F4A7C15);
    return mixed ^ (mixed >> 32);
}

static uint32_t find(const rs_outbox_t *outbox, uint64_t episode) {
    const uint64_t hash = hash_of(episode);
    uint32_t number = 0;

    for (uint32_t cursor = rs_index_begin(&outbox->index, hash);
         (number = rs_index_next(&outbox->index, hash, &cursor)) != 0;)
        if (item_at(outbox, number)->episode == episode) return number;
    return 0;
}

static void forget(rs_outbox_t *outbox, uint32_t number) {
    item_t *item = item_at(outbox, number);

    clear_pending(outbox, number);
    rs_index_remove(&outbox->index, hash_of(item->episode), number);
    rs_notice_release(item->firing);
    rs_notice_release(item->ended);
    *item = (item_t){0};
    rs_pool_give(&outbox->pool, number);
}

static void drop(rs_outbox_t *outbox, const rs_notice_t *notice, rs_notice_tally_what_t what, int64_t now_us) {
    if (rs_notice_tally_dropped(&outbox->dropped) == 0) outbox->dropped_at_us = now_us + outbox->settings.digest_wait_us;
    rs_notice_tally_add(&outbox->dropped, notice, what);
    if (what == RS_TALLY_FULL)
        outbox->stats.dropped_full++;
    else
        outbox->stats.dropped_refused++;
}

/* Drops the oldest episode that ended untold; false when none is near. */
static bool make_room(rs_outbox_t *outbox, int64_t now_us) {
    uint32_t number = outbox->age.first;

    for (unsigned looked = 0; number != 0 && looked < LOOK_FOR_ENDED; looked++) {
        const item_t *item = item_at(outbox, number);
        if (item->ended != NULL && item->told_phase == RS_TOLD_NOTHING && !item->is_in_flight) {
            drop(outbox, item->ended, RS_TALLY_FULL, now_us);
            forget(outbox, number);
            return true;
        }
        number = item->next[BY_AGE];
    }
    return false;
}

static uint32_t add(rs_outbox_t *outbox, const rs_notice_t *notice, int64_t now_us) {
    uint32_t number = outbox->pool.live < outbox->settings.max_episodes ? rs_pool_take(&outbox->pool) : 0;

    if (number == 0 && make_room(outbox, now_us)) number = rs_pool_take(&outbox->pool);
    if (number == 0) {
        drop(outbox, notice, RS_TALLY_FULL, now_us);
        return 0;
    }
    item_t *item = item_at(outbox, number);
    item->episode = notice->transition.episode;
    item->lane = notice->transition.severity < LANES ? notice->transition.severity : LANES - 1;
    rs_index_add(&outbox->index, hash_of(item->episode), number);
    return number;
}

/* --- putting ------------------------------------------------------------------------------------------------------ */
static bool is_old_news(const item_t *item, const rs_notice_t *notice) {
    if (item->ended != NULL) return true; /* nothing follows an end */
    return item->firing != NULL && !rs_effect_after(notice->id, item->firing->id);
}

static bool is_untold(const item_t *item) {
    if (item->ended != NULL) return item->told_phase != RS_TOLD_ENDED;
    return item->told_phase == RS_TOLD_NOTHING || rs_effect_after(item->news, item->told);
}

static void keep(rs_outbox_t *outbox, item_t *item, rs_notice_t *notice) {
    if (notice->phase == RS_TOLD_ENDED) {
        item->ended = rs_notice_hold(notice);
        return;
    }
    if (item->firing != NULL && notice->is_news && rs_effect_after(item->news, item->told)) outbox->stats.coalesced++;
    rs_notice_release(item->firing);
    item->firing = rs_notice_hold(notice);
    if (notice->is_news || item->news.position == 0) item->news = notice->id;
}

void rs_outbox_put(rs_outbox_t *outbox, rs_notice_t *notice, int64_t now_us) {
    const bool was_told = !rs_effect_after(notice->id, outbox->floor);
    uint32_t number = find(outbox, notice->transition.episode);

    if (rs_effect_after(notice->id, outbox->newest)) outbox->newest = notice->id;
    if (number == 0 && was_told && notice->phase == RS_TOLD_ENDED) return;
    if (number == 0) number = add(outbox, notice, now_us);
    if (number == 0) return;
    item_t *item = item_at(outbox, number);
    if (is_old_news(item, notice)) return;
    keep(outbox, item, notice);
    if (was_told) {
        item->told = notice->id;
        item->told_phase = notice->phase;
        if (notice->phase == RS_TOLD_ENDED) forget(outbox, number);
        return;
    }
    if (is_untold(item)) set_pending(outbox, number, notice->id);
}

bool rs_outbox_knows(const rs_outbox_t *outbox, uint64_t episode) { return find(outbox, episode) != 0; }

void rs_outbox_pass(rs_outbox_t *outbox, rs_effect_id_t id) {
    if (rs_effect_after(id, outbox->newest)) outbox->newest = id;
}

/* --- pace --------------------------------------------------------------------------------------------------------- */
static uint32_t tokens(const rs_outbox_t *outbox, int64_t now_us) {
    const rs_outbox_settings_t *settings = &outbox->settings;
    if (!outbox->has_taken || outbox->empty_at_us <= now_us) return settings->burst;
    const uint64_t used = ((uint64_t)(outbox->empty_at_us - now_us) + (uint64_t)settings->every_us - 1) / (uint64_t)settings->every_us;
    return used >= settings->burst ? 0 : settings->burst - (uint32_t)used;
}

static void take_token(rs_outbox_t *outbox, int64_t now_us) {
    if (!outbox->has_taken || outbox->empty_at_us < now_us) outbox->empty_at_us = now_us;
    outbox->has_taken = true;
    outbox->empty_at_us += outbox->settings.every_us;
    outbox->took_token = true;
}

static uint64_t next_random(rs_outbox_t *outbox) { /* xorshift64* */
    outbox->random ^= outbox->random >> 12;
    outbox->random ^= outbox->random << 25;
    outbox->random ^= outbox->random >> 27;
    return outbox->random * UINT64_C(0x2545F4914F6CDD1D);
}

static int64_t pause_of(rs_outbox_t *outbox, int64_t retry_after_us) {
    const rs_outbox_settings_t *settings = &outbox->settings;
    const int64_t asked = retry_after_us > RETRY_AFTER_MAX_S * RS_US_PER_S ? RETRY_AFTER_MAX_S * RS_US_PER_S : retry_after_us;
    int64_t pause = settings->backoff_min_us;

    for (uint32_t i = 1; i < outbox->failures_in_row && pause < settings->backoff_max_us; i++) pause *= 2;
    if (pause > settings->backoff_max_us) pause = settings->backoff_max_us;
    pause -= (int64_t)(next_random(outbox) % (uint64_t)(pause / 2 + 1));
    return pause > asked ? pause : asked;
}

/* --- what is next ------------------------------------------------------------------------------------------------- */
static rs_outbox_entry_t entry_of(rs_outbox_t *outbox, uint32_t number, bool whole) {
    item_t *item = item_at(outbox, number);
    rs_outbox_entry_t entry = {.item = number, .begins = item->told_phase == RS_TOLD_NOTHING};
    const bool to_the_end = item->ended != NULL && (whole || !entry.begins);

    entry.phase = to_the_end ? RS_TOLD_ENDED : RS_TOLD_FIRING;
    entry.notice = rs_notice_hold(to_the_end || item->firing == NULL ? item->ended : item->firing);
    item->is_in_flight = true;
    return entry;
}

static bool make_entries(rs_outbox_t *outbox, uint32_t count) {
    if (count <= outbox->entry_room) return true;
    rs_outbox_entry_t *grown = realloc(outbox->entries, count * sizeof(*grown));
    if (grown == NULL) return false;
    outbox->entries = grown;
    outbox->entry_room = count;
    return true;
}

static bool next_single(rs_outbox_t *outbox, int64_t now_us) {
    rs_outbox_message_t *message = &outbox->message;
    uint32_t number = 0;
    char episode[32];

    for (unsigned lane = LANES; number == 0 && lane-- > 0;) number = outbox->lanes[lane].first;
    if (number == 0 || !make_entries(outbox, 1)) return false;
    take_token(outbox, now_us);
    outbox->entries[0] = entry_of(outbox, number, false);
    const rs_outbox_entry_t *entry = &outbox->entries[0];
    *message = (rs_outbox_message_t){.entries = entry, .count = 1, .left = outbox->age.count - 1};
    rs_feed_format_episode(entry->notice->transition.episode, episode);
    (void)snprintf(message->key, sizeof(message->key), "%s/%" PRIu64 ".%" PRIu32 "/%u", episode, entry->notice->id.position,
                   entry->notice->id.ordinal, entry->phase);
    return true;
}

/* The worst first: by severity, then by how far beyond the limit, then the older. */
static int compare_entries(const void *left, const void *right) {
    const rs_outbox_entry_t *a = left, *b = right;
    const unsigned worse = a->notice->transition.severity, than = b->notice->transition.severity;
    if (worse != than) return worse > than ? -1 : 1;
    if (a->phase != b->phase) return a->phase < b->phase ? -1 : 1;
    const double far = rs_notice_deviation(a->notice), near = rs_notice_deviation(b->notice);
    if (far > near || far < near) return far > near ? -1 : 1;
    return rs_effect_after(a->notice->id, b->notice->id) ? 1 : -1;
}

static uint64_t mix(uint64_t sum, uint64_t number) { return (sum ^ number) * UINT64_C(1099511628211); }

static void write_digest_key(rs_outbox_t *outbox) {
    uint64_t sum = UINT64_C(14695981039346656037);

    for (uint32_t i = 0; i < outbox->message.count; i++) {
        const rs_outbox_entry_t *entry = &outbox->entries[i];
        sum = mix(mix(mix(sum, entry->notice->id.position), entry->notice->id.ordinal), hash_of(entry->notice->transition.episode) + entry->phase);
    }
    for (unsigned what = 0; what < RS_TALLY_WHAT_COUNT; what++) sum = mix(sum, outbox->tally.totals[what]);
    (void)snprintf(outbox->message.key, sizeof(outbox->message.key), "digest/%016" PRIx64, sum ^ (uint64_t)outbox->storm_since_us);
}

static bool next_digest(rs_outbox_t *outbox, uint32_t most) {
    const uint32_t pending = outbox->age.count;
    const uint32_t count = pending < most ? pending : most;
    uint32_t taken = 0;

    if (count > 0 && !make_entries(outbox, count)) return false;
    outbox->tally = outbox->dropped_in_flight = outbox->dropped;
    for (unsigned lane = LANES; lane-- > 0;) {
        for (uint32_t number = outbox->lanes[lane].first; number != 0 && taken < count; number = item_at(outbox, number)->next[BY_LANE])
            outbox->entries[taken++] = entry_of(outbox, number, true);
    }
    if (count > 1) qsort(outbox->entries, count, sizeof(*outbox->entries), compare_entries);
    for (uint32_t i = 0; i < count; i++)
        rs_notice_tally_add(&outbox->tally, outbox->entries[i].notice, outbox->entries[i].phase == RS_TOLD_ENDED ? RS_TALLY_ENDED : RS_TALLY_FIRING);
    outbox->message = (rs_outbox_message_t){.is_digest = true, .entries = outbox->entries, .count = count, .left = pending - count,
                                            .tally = &outbox->tally, .since_us = outbox->storm_since_us};
    write_digest_key(outbox);
    return true;
}

static void begin_storm(rs_outbox_t *outbox, int64_t now_us) {
    if (outbox->is_storm) return;
    outbox->is_storm = true;
    outbox->storm_since_us = now_us;
    outbox->digest_at_us = now_us + outbox->settings.digest_wait_us;
}

/* In a storm, whether its end has come is looked at when a digest is due. Else what was dropped is told by a digest of its own. */
static bool choose(rs_outbox_t *outbox, int64_t now_us) {
    const uint32_t pending = outbox->age.count, available = tokens(outbox, now_us);
    const bool has_dropped = rs_notice_tally_dropped(&outbox->dropped) > 0;

    if (!outbox->is_storm && pending > 0 && available == 0) begin_storm(outbox, now_us);
    if (outbox->is_storm) {
        if (now_us < outbox->digest_at_us) return false;
        if (pending > available) return next_digest(outbox, outbox->digest_limit);
        outbox->is_storm = false;
    }
    if (has_dropped && now_us >= outbox->dropped_at_us) return next_digest(outbox, 0);
    return pending > 0 && next_single(outbox, now_us);
}

bool rs_outbox_next(rs_outbox_t *outbox, int64_t now_us, rs_outbox_message_t *message) {
    if (outbox->is_in_flight || now_us < outbox->retry_at_us) return false;
    if (outbox->age.count == 0 && rs_notice_tally_dropped(&outbox->dropped) == 0 && !outbox->is_storm) return false;
    outbox->took_token = false;
    if (!choose(outbox, now_us)) return false;
    outbox->is_in_flight = true;
    *message = outbox->message;
    return true;
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */
static void settle(rs_outbox_t *outbox, const rs_outbox_entry_t *entry) {
    item_t *item = item_at(outbox, entry->item);

    if (rs_effect_after(entry->notice->id, item->told)) item->told = entry->notice->id;
    item->told_phase = entry->phase;
    outbox->stats.told++;
    if (entry->phase == RS_TOLD_ENDED)
        forget(outbox, entry->item);
    else if (!is_untold(item))
        clear_pending(outbox, entry->item);
}

static void accept(rs_outbox_t *outbox, int64_t now_us) {
    const rs_outbox_message_t *message = &outbox->message;

    for (uint32_t i = 0; i < message->count; i++) settle(outbox, &outbox->entries[i]);
    outbox->stats.messages++;
    outbox->failures_in_row = 0;
    outbox->retry_at_us = now_us;
    if (!message->is_digest) return;
    outbox->stats.digests++;
    outbox->stats.in_digests += message->count;
    rs_notice_tally_subtract(&outbox->dropped, &outbox->dropped_in_flight);
    if (message->count == 0) return;
    /* what halving left over follows at once */
    const bool was_halved = outbox->digest_limit < outbox->settings.digest_entries;
    outbox->digest_at_us = was_halved && message->left > 0 ? now_us : now_us + outbox->settings.digest_period_us;
    outbox->storm_since_us = now_us;
    outbox->digest_limit = outbox->digest_limit > outbox->settings.digest_entries / 2 ? outbox->settings.digest_entries : outbox->digest_limit * 2;
}

/* The one entry that is to blame is given up; a digest of none that is refused takes its numbers with it. */
static void refuse(rs_outbox_t *outbox, int64_t now_us) {
    const rs_outbox_message_t *message = &outbox->message;

    outbox->stats.refusals++;
    outbox->failures_in_row = 0; /* it is there and answers */
    outbox->retry_at_us = now_us;
    if (message->count > 1) {
        outbox->digest_limit = message->count / 2;
        return;
    }
    if (message->count == 0) {
        rs_notice_tally_subtract(&outbox->dropped, &outbox->dropped_in_flight);
        return;
    }
    drop(outbox, outbox->entries[0].notice, RS_TALLY_REFUSED, now_us);
    settle(outbox, &outbox->entries[0]);
    outbox->stats.told--;
}

void rs_outbox_done(rs_outbox_t *outbox, rs_outbox_result_t result, int64_t retry_after_us, int64_t now_us) {
    RS_REQUIRE(outbox->is_in_flight);
    outbox->is_in_flight = false;
    for (uint32_t i = 0; i < outbox->message.count; i++) item_at(outbox, outbox->entries[i].item)->is_in_flight = false;
    if (result == RS_SENT_OK) {
        accept(outbox, now_us);
    } else if (result == RS_SENT_REFUSED) {
        refuse(outbox, now_us);
    } else {
        outbox->stats.failures++;
        outbox->failures_in_row++;
        if (outbox->took_token) outbox->empty_at_us -= outbox->settings.every_us;
        outbox->retry_at_us = now_us + pause_of(outbox, retry_after_us);
    }
    for (uint32_t i = 0; i < outbox->message.count; i++) {
        rs_notice_t *notice = (rs_notice_t *)outbox->entries[i].notice;
        rs_notice_release(notice);
    }
}

/* --- looking ------------------------------------------------------------------------------------------------------ */
int64_t rs_outbox_wake(const rs_outbox_t *outbox, int64_t now_us) {
    const bool has_dropped = rs_notice_tally_dropped(&outbox->dropped) > 0;
    int64_t wake = outbox->age.count > 0 ? now_us : has_dropped ? outbox->dropped_at_us : INT64_MAX;

    if (outbox->is_storm) wake = outbox->digest_at_us;
    if (outbox->is_in_flight || wake == INT64_MAX) return INT64_MAX;
    if (wake < outbox->retry_at_us) wake = outbox->retry_at_us;
    return wake < now_us ? now_us : wake;
}

rs_effect_id_t rs_outbox_confirmed(const rs_outbox_t *outbox) {
    if (outbox->age.first == 0) return rs_effect_after(outbox->floor, outbox->newest) ? outbox->floor : outbox->newest;
    const rs_effect_id_t before = rs_effect_before(item_at(outbox, outbox->age.first)->oldest);
    return rs_effect_after(outbox->floor, before) ? outbox->floor : before;
}

void rs_outbox_assume(rs_outbox_t *outbox, rs_effect_id_t id) { outbox->floor = id; }

void rs_outbox_stats(const rs_outbox_t *outbox, rs_outbox_stats_t *stats) {
    *stats = outbox->stats;
    stats->episodes = outbox->pool.live;
    stats->pending = outbox->age.count;
    stats->failures_in_row = outbox->failures_in_row;
    stats->is_open = outbox->failures_in_row >= outbox->settings.failures_open;
    stats->is_storm = outbox->is_storm;
}

/* --- making ------------------------------------------------------------------------------------------------------- */
void rs_outbox_configure(rs_outbox_t *outbox, const rs_outbox_settings_t *settings) {
    const uint32_t max_episodes = outbox->settings.max_episodes;

    outbox->settings = *settings;
    outbox->settings.max_episodes = max_episodes;
    outbox->digest_limit = settings->digest_entries;
}

int rs_outbox_create(const rs_outbox_settings_t *settings, uint64_t seed, rs_outbox_t **outbox) {
    rs_outbox_t *made = calloc(1, sizeof(*made));

    if (made == NULL) return RS_ERR_MEMORY;
    made->settings = *settings;
    made->digest_limit = settings->digest_entries;
    made->random = seed | 1;
    made->retry_at_us = INT64_MIN;
    int status = rs_pool_init(&made->pool, sizeof(item_t), settings->max_episodes);
    if (status == RS_OK) status = rs_index_init(&made->index, settings->max_episodes);
    if (status != RS_OK)
        rs_outbox_destroy(&made);
    else
        *outbox = made;
    return status;
}

void rs_outbox_destroy(rs_outbox_t **outbox) {
    rs_outbox_t *gone = *outbox;

    if (gone == NULL) return;
    *outbox = NULL;
    if (gone->is_in_flight) rs_outbox_done(gone, RS_SENT_AGAIN, 0, 0);
    for (uint32_t number = 1; gone->pool.chunks != NULL && number <= gone->pool.made; number++) {
        item_t *item = item_at(gone, number);
        rs_notice_release(item->firing);
        rs_notice_release(item->ended);
    }
    rs_index_deinit(&gone->index);
    rs_pool_deinit(&gone->pool);
    free(gone->entries);
    free(gone);
}
