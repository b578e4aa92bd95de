#include "feed/post.h"

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
    rs_notice_t *firing, *ended; /* the newest of each kind; ended NULL while it fires; at least one is there */
    rs_effect_id_t news, told;   /* identity of the newest news of `firing`; of what was told */
    rs_effect_id_t oldest;       /* while pending: of the first change that was untold when it became so */
    uint8_t told_phase, lane;
    bool is_pending, is_in_flight;
    uint32_t next[LINKS], previous[LINKS];
} item_t;

typedef struct list {
    uint32_t first, last, count;
} list_t;

struct rs_post {
    rs_post_settings_t settings;
    rs_pool_t pool;
    rs_index_t index;
    list_t age, lanes[LANES];
    rs_effect_id_t floor;  /* up to here told before the start */
    rs_effect_id_t newest; /* the greatest identity that was put */
    int64_t empty_at_us;   /* when the bucket would be full, were nothing taken any more: the bucket as one number */
    bool has_taken;
    bool is_storm;
    int64_t storm_since_us, digest_at_us;
    uint32_t digest_limit; /* entries of the next digest, halved by refusals */
    uint32_t failures_in_row;
    int64_t retry_at_us;
    uint64_t random;
    bool is_in_flight;
    rs_post_message_t message;
    rs_post_entry_t *entries;
    uint32_t entry_room;
    bool took_token;
    rs_post_tally_t dropped, dropped_in_flight, tally;
    int64_t dropped_at_us; /* when a digest of nothing but what was dropped is due */
    rs_post_stats_t stats;
};

static item_t *item_at(const rs_post_t *post, uint32_t number) { return rs_pool_at(&post->pool, number); }

/* --- lists -------------------------------------------------------------------------------------------------------- */
static void insert_after(rs_post_t *post, list_t *list, unsigned link, uint32_t number, uint32_t before) {
    item_t *item = item_at(post, number);
    const uint32_t after = before == 0 ? list->first : item_at(post, before)->next[link];

    item->previous[link] = before;
    item->next[link] = after;
    if (before == 0)
        list->first = number;
    else
        item_at(post, before)->next[link] = number;
    if (after == 0)
        list->last = number;
    else
        item_at(post, after)->previous[link] = number;
    list->count++;
}

static void take_out(rs_post_t *post, list_t *list, unsigned link, uint32_t number) {
    const item_t *item = item_at(post, number);

    if (item->previous[link] == 0)
        list->first = item->next[link];
    else
        item_at(post, item->previous[link])->next[link] = item->next[link];
    if (item->next[link] == 0)
        list->last = item->previous[link];
    else
        item_at(post, item->next[link])->previous[link] = item->previous[link];
    list->count--;
}

static void set_pending(rs_post_t *post, uint32_t number, rs_effect_id_t id) {
    item_t *item = item_at(post, number);
    uint32_t before = post->age.last;

    if (item->is_pending) return;
    item->is_pending = true;
    item->oldest = id;
    while (before != 0 && rs_effect_after(item_at(post, before)->oldest, id)) before = item_at(post, before)->previous[BY_AGE];
    insert_after(post, &post->age, BY_AGE, number, before);
    insert_after(post, &post->lanes[item->lane], BY_LANE, number, post->lanes[item->lane].last);
}

static void clear_pending(rs_post_t *post, uint32_t number) {
    item_t *item = item_at(post, number);

    if (!item->is_pending) return;
    item->is_pending = false;
    take_out(post, &post->age, BY_AGE, number);
    take_out(post, &post->lanes[item->lane], BY_LANE, number);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */
/* Episode numbers are dense and rising: spread them over the table. */
static uint64_t hash_of(uint64_t episode) {
    const uint64_t mixed = episode * UINT64_C(0x9E3779B97F4A7C15);
    return mixed ^ (mixed >> 32);
}

static uint32_t find(const rs_post_t *post, uint64_t episode) {
    const uint64_t hash = hash_of(episode);
    uint32_t number = 0;

    for (uint32_t cursor = rs_index_begin(&post->index, hash); (number = rs_index_next(&post->index, hash, &cursor)) != 0;)
        if (item_at(post, number)->episode == episode) return number;
    return 0;
}

static void forget(rs_post_t *post, uint32_t number) {
    item_t *item = item_at(post, number);

    clear_pending(post, number);
    rs_index_remove(&post->index, hash_of(item->episode), number);
    rs_notice_release(item->firing);
    rs_notice_release(item->ended);
    *item = (item_t){0};
    rs_pool_give(&post->pool, number);
}

static void drop(rs_post_t *post, const rs_notice_t *notice, rs_post_tally_what_t what, int64_t now_us) {
    if (rs_post_tally_dropped(&post->dropped) == 0) post->dropped_at_us = now_us + post->settings.digest_wait_us;
    rs_post_tally_add(&post->dropped, notice, what);
    if (what == RS_TALLY_FULL)
        post->stats.dropped_full++;
    else
        post->stats.dropped_refused++;
}

/* Drops the oldest episode that ended untold; false when none is near. */
static bool make_room(rs_post_t *post, int64_t now_us) {
    uint32_t number = post->age.first;

    for (unsigned looked = 0; number != 0 && looked < LOOK_FOR_ENDED; looked++) {
        const item_t *item = item_at(post, number);
        if (item->ended != NULL && item->told_phase == RS_TOLD_NOTHING && !item->is_in_flight) {
            drop(post, item->ended, RS_TALLY_FULL, now_us);
            forget(post, number);
            return true;
        }
        number = item->next[BY_AGE];
    }
    return false;
}

static uint32_t add(rs_post_t *post, const rs_notice_t *notice, int64_t now_us) {
    uint32_t number = post->pool.live < post->settings.max_episodes ? rs_pool_take(&post->pool) : 0;

    if (number == 0 && make_room(post, now_us)) number = rs_pool_take(&post->pool);
    if (number == 0) {
        drop(post, notice, RS_TALLY_FULL, now_us);
        return 0;
    }
    item_t *item = item_at(post, number);
    item->episode = notice->transition.episode;
    item->lane = notice->transition.severity < LANES ? notice->transition.severity : LANES - 1;
    rs_index_add(&post->index, hash_of(item->episode), number);
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

static void keep(rs_post_t *post, item_t *item, rs_notice_t *notice) {
    if (notice->phase == RS_TOLD_ENDED) {
        item->ended = rs_notice_hold(notice);
        return;
    }
    if (item->firing != NULL && notice->is_news && rs_effect_after(item->news, item->told)) post->stats.coalesced++;
    rs_notice_release(item->firing);
    item->firing = rs_notice_hold(notice);
    if (notice->is_news || item->news.position == 0) item->news = notice->id;
}

void rs_post_put(rs_post_t *post, rs_notice_t *notice, int64_t now_us) {
    const bool was_told = !rs_effect_after(notice->id, post->floor);
    uint32_t number = find(post, notice->transition.episode);

    if (rs_effect_after(notice->id, post->newest)) post->newest = notice->id;
    if (number == 0 && was_told && notice->phase == RS_TOLD_ENDED) return;
    if (number == 0) number = add(post, notice, now_us);
    if (number == 0) return;
    item_t *item = item_at(post, number);
    if (is_old_news(item, notice)) return;
    keep(post, item, notice);
    if (was_told) {
        item->told = notice->id;
        item->told_phase = notice->phase;
        if (notice->phase == RS_TOLD_ENDED) forget(post, number);
        return;
    }
    if (is_untold(item)) set_pending(post, number, notice->id);
}

bool rs_post_knows(const rs_post_t *post, uint64_t episode) { return find(post, episode) != 0; }

void rs_post_pass(rs_post_t *post, rs_effect_id_t id) {
    if (rs_effect_after(id, post->newest)) post->newest = id;
}

/* --- pace --------------------------------------------------------------------------------------------------------- */
static uint32_t tokens(const rs_post_t *post, int64_t now_us) {
    const rs_post_settings_t *settings = &post->settings;
    if (!post->has_taken || post->empty_at_us <= now_us) return settings->burst;
    const uint64_t used =
        ((uint64_t)(post->empty_at_us - now_us) + (uint64_t)settings->every_us - 1) / (uint64_t)settings->every_us;
    return used >= settings->burst ? 0 : settings->burst - (uint32_t)used;
}

static void take_token(rs_post_t *post, int64_t now_us) {
    if (!post->has_taken || post->empty_at_us < now_us) post->empty_at_us = now_us;
    post->has_taken = true;
    post->empty_at_us += post->settings.every_us;
    post->took_token = true;
}

static uint64_t next_random(rs_post_t *post) { /* xorshift64* */
    post->random ^= post->random >> 12;
    post->random ^= post->random << 25;
    post->random ^= post->random >> 27;
    return post->random * UINT64_C(0x2545F4914F6CDD1D);
}

static int64_t pause_of(rs_post_t *post, int64_t retry_after_us) {
    const rs_post_settings_t *settings = &post->settings;
    const int64_t asked = retry_after_us > RETRY_AFTER_MAX_S * RS_US_PER_S ? RETRY_AFTER_MAX_S * RS_US_PER_S : retry_after_us;
    int64_t pause = settings->backoff_min_us;

    for (uint32_t i = 1; i < post->failures_in_row && pause < settings->backoff_max_us; i++) pause *= 2;
    if (pause > settings->backoff_max_us) pause = settings->backoff_max_us;
    pause -= (int64_t)(next_random(post) % (uint64_t)(pause / 2 + 1));
    return pause > asked ? pause : asked;
}

/* --- what is next ------------------------------------------------------------------------------------------------- */
static rs_post_entry_t entry_of(rs_post_t *post, uint32_t number, bool whole) {
    item_t *item = item_at(post, number);
    rs_post_entry_t entry = {.item = number, .begins = item->told_phase == RS_TOLD_NOTHING};
    const bool to_the_end = item->ended != NULL && (whole || !entry.begins);

    entry.phase = to_the_end ? RS_TOLD_ENDED : RS_TOLD_FIRING;
    entry.notice = rs_notice_hold(to_the_end || item->firing == NULL ? item->ended : item->firing);
    item->is_in_flight = true;
    return entry;
}

static bool make_entries(rs_post_t *post, uint32_t count) {
    if (count <= post->entry_room) return true;
    rs_post_entry_t *grown = realloc(post->entries, count * sizeof(*grown));
    if (grown == NULL) return false;
    post->entries = grown;
    post->entry_room = count;
    return true;
}

static bool next_single(rs_post_t *post, int64_t now_us) {
    rs_post_message_t *message = &post->message;
    uint32_t number = 0;
    char episode[32];

    for (unsigned lane = LANES; number == 0 && lane-- > 0;) number = post->lanes[lane].first;
    if (number == 0 || !make_entries(post, 1)) return false;
    take_token(post, now_us);
    post->entries[0] = entry_of(post, number, false);
    const rs_post_entry_t *entry = &post->entries[0];
    *message = (rs_post_message_t){.entries = entry, .count = 1, .left = post->age.count - 1};
    rs_feed_format_episode(entry->notice->transition.episode, episode);
    (void)snprintf(message->key, sizeof(message->key), "%s/%" PRIu64 ".%" PRIu32 "/%u", episode, entry->notice->id.position,
                   entry->notice->id.ordinal, entry->phase);
    return true;
}

/* The worst first: by severity, then by how far beyond the limit, then the older. */
static int compare_entries(const void *left, const void *right) {
    const rs_post_entry_t *a = left, *b = right;
    const unsigned worse = a->notice->transition.severity, than = b->notice->transition.severity;
    if (worse != than) return worse > than ? -1 : 1;
    if (a->phase != b->phase) return a->phase < b->phase ? -1 : 1;
    const double far = rs_notice_deviation(a->notice), near = rs_notice_deviation(b->notice);
    if (far > near || far < near) return far > near ? -1 : 1;
    return rs_effect_after(a->notice->id, b->notice->id) ? 1 : -1;
}

static uint64_t mix(uint64_t sum, uint64_t number) { return (sum ^ number) * UINT64_C(1099511628211); }

static void write_digest_key(rs_post_t *post) {
    uint64_t sum = UINT64_C(14695981039346656037);

    for (uint32_t i = 0; i < post->message.count; i++) {
        const rs_post_entry_t *entry = &post->entries[i];
        sum = mix(mix(mix(sum, entry->notice->id.position), entry->notice->id.ordinal),
                  hash_of(entry->notice->transition.episode) + entry->phase);
    }
    for (unsigned what = 0; what < RS_TALLY_WHAT_COUNT; what++) sum = mix(sum, post->tally.totals[what]);
    (void)snprintf(post->message.key, sizeof(post->message.key), "digest/%016" PRIx64, sum ^ (uint64_t)post->storm_since_us);
}

static bool next_digest(rs_post_t *post, uint32_t most) {
    const uint32_t pending = post->age.count;
    const uint32_t count = pending < most ? pending : most;
    uint32_t taken = 0;

    if (count > 0 && !make_entries(post, count)) return false;
    post->tally = post->dropped_in_flight = post->dropped;
    for (unsigned lane = LANES; lane-- > 0;) {
        for (uint32_t number = post->lanes[lane].first; number != 0 && taken < count;
             number = item_at(post, number)->next[BY_LANE])
            post->entries[taken++] = entry_of(post, number, true);
    }
    if (count > 1) qsort(post->entries, count, sizeof(*post->entries), compare_entries);
    for (uint32_t i = 0; i < count; i++)
        rs_post_tally_add(&post->tally, post->entries[i].notice,
                          post->entries[i].phase == RS_TOLD_ENDED ? RS_TALLY_ENDED : RS_TALLY_FIRING);
    post->message = (rs_post_message_t){.is_digest = true,
                                        .entries = post->entries,
                                        .count = count,
                                        .left = pending - count,
                                        .tally = &post->tally,
                                        .since_us = post->storm_since_us};
    write_digest_key(post);
    return true;
}

static void begin_storm(rs_post_t *post, int64_t now_us) {
    if (post->is_storm) return;
    post->is_storm = true;
    post->storm_since_us = now_us;
    post->digest_at_us = now_us + post->settings.digest_wait_us;
}

/* In a storm, whether its end has come is looked at when a digest is due. Else what was dropped is told by a digest of its own. */
static bool choose(rs_post_t *post, int64_t now_us) {
    const uint32_t pending = post->age.count, available = tokens(post, now_us);
    const bool has_dropped = rs_post_tally_dropped(&post->dropped) > 0;

    if (!post->is_storm && pending > 0 && available == 0) begin_storm(post, now_us);
    if (post->is_storm) {
        if (now_us < post->digest_at_us) return false;
        if (pending > available) return next_digest(post, post->digest_limit);
        post->is_storm = false;
    }
    if (has_dropped && now_us >= post->dropped_at_us) return next_digest(post, 0);
    return pending > 0 && next_single(post, now_us);
}

bool rs_post_next(rs_post_t *post, int64_t now_us, rs_post_message_t *message) {
    if (post->is_in_flight || now_us < post->retry_at_us) return false;
    if (post->age.count == 0 && rs_post_tally_dropped(&post->dropped) == 0 && !post->is_storm) return false;
    post->took_token = false;
    if (!choose(post, now_us)) return false;
    post->is_in_flight = true;
    *message = post->message;
    return true;
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */
static void settle(rs_post_t *post, const rs_post_entry_t *entry) {
    item_t *item = item_at(post, entry->item);

    if (rs_effect_after(entry->notice->id, item->told)) item->told = entry->notice->id;
    item->told_phase = entry->phase;
    post->stats.told++;
    if (entry->phase == RS_TOLD_ENDED)
        forget(post, entry->item);
    else if (!is_untold(item))
        clear_pending(post, entry->item);
}

static void accept(rs_post_t *post, int64_t now_us) {
    const rs_post_message_t *message = &post->message;

    for (uint32_t i = 0; i < message->count; i++) settle(post, &post->entries[i]);
    post->stats.messages++;
    post->failures_in_row = 0;
    post->retry_at_us = now_us;
    if (!message->is_digest) return;
    post->stats.digests++;
    post->stats.in_digests += message->count;
    rs_post_tally_subtract(&post->dropped, &post->dropped_in_flight);
    if (message->count == 0) return;
    /* what halving left over follows at once */
    const bool was_halved = post->digest_limit < post->settings.digest_entries;
    post->digest_at_us = was_halved && message->left > 0 ? now_us : now_us + post->settings.digest_period_us;
    post->storm_since_us = now_us;
    post->digest_limit =
        post->digest_limit > post->settings.digest_entries / 2 ? post->settings.digest_entries : post->digest_limit * 2;
}

/* The one entry that is to blame is given up; a digest of none that is refused takes its numbers with it. */
static void refuse(rs_post_t *post, int64_t now_us) {
    const rs_post_message_t *message = &post->message;

    post->stats.refusals++;
    post->failures_in_row = 0; /* it is there and answers */
    post->retry_at_us = now_us;
    if (message->count > 1) {
        post->digest_limit = message->count / 2;
        return;
    }
    if (message->count == 0) {
        rs_post_tally_subtract(&post->dropped, &post->dropped_in_flight);
        return;
    }
    drop(post, post->entries[0].notice, RS_TALLY_REFUSED, now_us);
    settle(post, &post->entries[0]);
    post->stats.told--;
}

void rs_post_done(rs_post_t *post, rs_post_result_t result, int64_t retry_after_us, int64_t now_us) {
    RS_REQUIRE(post->is_in_flight);
    post->is_in_flight = false;
    for (uint32_t i = 0; i < post->message.count; i++) item_at(post, post->entries[i].item)->is_in_flight = false;
    if (result == RS_SENT_OK) {
        accept(post, now_us);
    } else if (result == RS_SENT_REFUSED) {
        refuse(post, now_us);
    } else {
        post->stats.failures++;
        post->failures_in_row++;
        if (post->took_token) post->empty_at_us -= post->settings.every_us;
        post->retry_at_us = now_us + pause_of(post, retry_after_us);
    }
    for (uint32_t i = 0; i < post->message.count; i++) {
        rs_notice_t *notice = (rs_notice_t *)post->entries[i].notice;
        rs_notice_release(notice);
    }
}

/* --- looking ------------------------------------------------------------------------------------------------------ */
int64_t rs_post_wake(const rs_post_t *post, int64_t now_us) {
    const bool has_dropped = rs_post_tally_dropped(&post->dropped) > 0;
    int64_t wake = post->age.count > 0 ? now_us : has_dropped ? post->dropped_at_us : INT64_MAX;

    if (post->is_storm) wake = post->digest_at_us;
    if (post->is_in_flight || wake == INT64_MAX) return INT64_MAX;
    if (wake < post->retry_at_us) wake = post->retry_at_us;
    return wake < now_us ? now_us : wake;
}

rs_effect_id_t rs_post_confirmed(const rs_post_t *post) {
    if (post->age.first == 0) return rs_effect_after(post->floor, post->newest) ? post->floor : post->newest;
    const rs_effect_id_t before = rs_effect_before(item_at(post, post->age.first)->oldest);
    return rs_effect_after(post->floor, before) ? post->floor : before;
}

void rs_post_assume(rs_post_t *post, rs_effect_id_t id) { post->floor = id; }

void rs_post_stats(const rs_post_t *post, rs_post_stats_t *stats) {
    *stats = post->stats;
    stats->episodes = post->pool.live;
    stats->pending = post->age.count;
    stats->failures_in_row = post->failures_in_row;
    stats->is_open = post->failures_in_row >= post->settings.failures_open;
    stats->is_storm = post->is_storm;
}

/* --- making ------------------------------------------------------------------------------------------------------- */
void rs_post_configure(rs_post_t *post, const rs_post_settings_t *settings) {
    const uint32_t max_episodes = post->settings.max_episodes;

    post->settings = *settings;
    post->settings.max_episodes = max_episodes;
    post->digest_limit = settings->digest_entries;
}

int rs_post_create(const rs_post_settings_t *settings, uint64_t seed, rs_post_t **post) {
    rs_post_t *made = calloc(1, sizeof(*made));

    if (made == NULL) return RS_ERR_MEMORY;
    made->settings = *settings;
    made->digest_limit = settings->digest_entries;
    made->random = seed | 1;
    made->retry_at_us = INT64_MIN;
    int status = rs_pool_init(&made->pool, sizeof(item_t), settings->max_episodes);
    if (status == RS_OK) status = rs_index_init(&made->index, settings->max_episodes);
    if (status != RS_OK)
        rs_post_destroy(&made);
    else
        *post = made;
    return status;
}

void rs_post_destroy(rs_post_t **post) {
    rs_post_t *gone = *post;

    if (gone == NULL) return;
    *post = NULL;
    if (gone->is_in_flight) rs_post_done(gone, RS_SENT_AGAIN, 0, 0);
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
