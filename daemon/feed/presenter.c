#include "feed/presenter.h"

#include "core/pool.h"

#include <stdlib.h>

enum { RETRY_AFTER_MAX_S = 3600, HOLDS_AT_MOST = 10, LOOK_FOR_ENDED = 256 };

typedef struct alert {
    uint32_t link; /* the pool's while the place is free */
    bool is_refused;
    rs_notice_t *notice;       /* the newest; NULL: this place is free */
    int64_t fired_us;          /* event time */
    int64_t ended_at_us;       /* when its end was put */
    int64_t taken_since_us;    /* shown firing without a restart of the other side since then; NEVER */
    int64_t resolved_since_us; /* the same, shown resolved */
    int64_t due_us;
    rs_effect_id_t oldest; /* identity of the first change that is not settled; position 0: all are */
} alert_t;

#define NEVER INT64_MIN

struct rs_presenter {
    rs_presenter_settings_t settings;
    rs_pool_t pool;
    rs_index_t index;
    rs_effect_id_t floor, newest;
    int64_t due_us; /* no alert is due before; INT64_MAX: none */
    int64_t retry_at_us;
    uint32_t failures_in_row, limit;
    uint64_t random;
    rs_presented_t *batch;
    uint32_t batch_room, count;
    rs_presenter_stats_t stats;
};

static alert_t *alert_at(const rs_presenter_t *presenter, uint32_t number) { return rs_pool_at(&presenter->pool, number); }

/* --- which alert it is ---------------------------------------------------------------------------------------------- */
static uint64_t hash_text(uint64_t sum, rs_str_t text) {
    for (uint32_t i = 0; i < text.len; i++) sum = (sum ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    return (sum ^ 0xFF) * UINT64_C(1099511628211);
}

static uint64_t hash_of(const rs_notice_t *notice) {
    const rs_alert_transition_t *transition = &notice->transition;
    const rs_key_t *key = &transition->dimensions;
    uint64_t sum = hash_text(UINT64_C(14695981039346656037), transition->rule_name);

    sum = hash_text(hash_text(sum, key->tenant), key->name);
    sum =
        (sum ^ ((uint64_t)key->family << 16 | (uint64_t)key->channel << 8 | transition->severity)) * UINT64_C(0x9E3779B97F4A7C15);
    return sum ^ (sum >> 32);
}

static bool same_labels(const rs_notice_t *left, const rs_notice_t *right) {
    const rs_alert_transition_t *a = &left->transition, *b = &right->transition;
    return a->severity == b->severity && a->dimensions.family == b->dimensions.family &&
           a->dimensions.channel == b->dimensions.channel && rs_str_equal(a->rule_name, b->rule_name) &&
           rs_str_equal(a->dimensions.tenant, b->dimensions.tenant) && rs_str_equal(a->dimensions.name, b->dimensions.name);
}

static uint32_t find(const rs_presenter_t *presenter, const rs_notice_t *notice) {
    const uint64_t hash = hash_of(notice);
    uint32_t number = 0;

    for (uint32_t cursor = rs_index_begin(&presenter->index, hash);
         (number = rs_index_next(&presenter->index, hash, &cursor)) != 0;)
        if (same_labels(alert_at(presenter, number)->notice, notice)) return number;
    return 0;
}

static void forget(rs_presenter_t *presenter, uint32_t number) {
    alert_t *alert = alert_at(presenter, number);

    rs_index_remove(&presenter->index, hash_of(alert->notice), number);
    rs_notice_release(alert->notice);
    *alert = (alert_t){0};
    rs_pool_give(&presenter->pool, number);
}

static bool make_room(rs_presenter_t *presenter) {
    uint32_t best = 0;

    for (uint32_t number = 1; number <= presenter->pool.made && number <= LOOK_FOR_ENDED; number++) {
        const alert_t *alert = alert_at(presenter, number);
        if (alert->notice == NULL || alert->resolved_since_us == NEVER) continue;
        if (best == 0 || alert->resolved_since_us < alert_at(presenter, best)->resolved_since_us) best = number;
    }
    if (best == 0 || presenter->count > 0) return false; /* not while places are being shown */
    forget(presenter, best);
    return true;
}

static uint32_t add(rs_presenter_t *presenter, rs_notice_t *notice) {
    uint32_t number = rs_pool_take(&presenter->pool);

    if (number == 0 && make_room(presenter)) number = rs_pool_take(&presenter->pool);
    if (number == 0) {
        presenter->stats.dropped_full++;
        return 0;
    }
    alert_t *alert = alert_at(presenter, number);
    *alert = (alert_t){.notice = rs_notice_hold(notice),
                       .fired_us = notice->transition.fired_us,
                       .ended_at_us = NEVER,
                       .taken_since_us = NEVER,
                       .resolved_since_us = NEVER};
    rs_index_add(&presenter->index, hash_of(notice), number);
    return number;
}

/* --- putting ------------------------------------------------------------------------------------------------------ */
static bool is_ended(const alert_t *alert) { return alert->notice->phase == RS_TOLD_ENDED; }

/* When it may be shown resolved; INT64_MAX: it was not taken as firing yet. */
static int64_t resolve_at(const rs_presenter_t *presenter, const alert_t *alert) {
    const int64_t hold_us = presenter->settings.hold_us;
    const int64_t latest = alert->ended_at_us + HOLDS_AT_MOST * hold_us;
    if (alert->taken_since_us == NEVER) return INT64_MAX;
    const int64_t held = alert->taken_since_us + hold_us;
    return held < latest ? held : latest;
}

static void make_due(rs_presenter_t *presenter, alert_t *alert, int64_t at_us) {
    alert->due_us = at_us;
    if (at_us < presenter->due_us) presenter->due_us = at_us;
}

/* Another episode of the same labels goes on where it is still shown firing. */
static void take_over(alert_t *alert, rs_notice_t *notice) {
    const bool same_episode = alert->notice->transition.episode == notice->transition.episode;
    if (!same_episode && alert->resolved_since_us != NEVER) {
        alert->fired_us = notice->transition.fired_us;
        alert->taken_since_us = NEVER;
    }
    if (!same_episode || notice->phase == RS_TOLD_FIRING) alert->resolved_since_us = NEVER;
    if (notice->phase == RS_TOLD_FIRING) alert->ended_at_us = NEVER;
    rs_notice_release(alert->notice);
    alert->notice = rs_notice_hold(notice);
    alert->is_refused = false;
}

bool rs_presenter_knows(const rs_presenter_t *presenter, const rs_notice_t *notice) { return find(presenter, notice) != 0; }

void rs_presenter_pass(rs_presenter_t *presenter, rs_effect_id_t id) {
    if (rs_effect_after(id, presenter->newest)) presenter->newest = id;
}

void rs_presenter_put(rs_presenter_t *presenter, rs_notice_t *notice, int64_t now_us) {
    const bool was_settled = !rs_effect_after(notice->id, presenter->floor);
    uint32_t number = find(presenter, notice);

    rs_presenter_pass(presenter, notice->id);
    if (number == 0 && was_settled && notice->phase == RS_TOLD_ENDED) return;
    const bool is_new = number == 0;
    if (is_new) number = add(presenter, notice);
    if (number == 0) return;
    alert_t *alert = alert_at(presenter, number);
    if (!is_new && !rs_effect_after(notice->id, alert->notice->id)) return; /* put before */
    if (!is_new) take_over(alert, notice);
    if (notice->phase == RS_TOLD_ENDED) alert->ended_at_us = now_us;
    if (!was_settled && alert->oldest.position == 0) alert->oldest = notice->id;
    if (is_new || notice->is_news) make_due(presenter, alert, now_us);
}

/* --- showing ------------------------------------------------------------------------------------------------------ */
static bool is_shown_firing(const rs_presenter_t *presenter, const alert_t *alert, int64_t now_us) {
    if (!is_ended(alert)) return true;
    return alert->resolved_since_us == NEVER && now_us < resolve_at(presenter, alert);
}

static bool make_batch(rs_presenter_t *presenter, uint32_t count) {
    if (count <= presenter->batch_room) return true;
    rs_presented_t *grown = realloc(presenter->batch, count * sizeof(*grown));
    if (grown == NULL) return false;
    presenter->batch = grown;
    presenter->batch_room = count;
    return true;
}

bool rs_presenter_is_due(const rs_presenter_t *presenter, int64_t now_us) {
    return presenter->count == 0 && now_us >= presenter->retry_at_us && now_us >= presenter->due_us;
}

uint32_t rs_presenter_next(rs_presenter_t *presenter, int64_t now_us, const rs_presented_t **batch) {
    int64_t next_due = INT64_MAX;

    if (!rs_presenter_is_due(presenter, now_us) || !make_batch(presenter, presenter->limit)) return 0;
    for (uint32_t number = 1; number <= presenter->pool.made; number++) {
        alert_t *alert = alert_at(presenter, number);
        if (alert->notice == NULL) continue;
        if (alert->due_us > now_us || presenter->count == presenter->limit) {
            if (alert->due_us < next_due) next_due = alert->due_us;
            continue;
        }
        presenter->batch[presenter->count++] = (rs_presented_t){.notice = rs_notice_hold(alert->notice),
                                                                .fired_us = alert->fired_us,
                                                                .is_firing = is_shown_firing(presenter, alert, now_us),
                                                                .item = number,
                                                                .id = alert->notice->id};
    }
    presenter->due_us = next_due;
    *batch = presenter->batch;
    return presenter->count;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void took_firing(rs_presenter_t *presenter, alert_t *alert, int64_t now_us) {
    int64_t next = now_us + presenter->settings.resend_us;

    if (alert->taken_since_us == NEVER) alert->taken_since_us = now_us;
    if (is_ended(alert)) next = least(next, resolve_at(presenter, alert));
    if (!is_ended(alert)) alert->oldest = (rs_effect_id_t){0};
    make_due(presenter, alert, next);
}

static void took_resolved(rs_presenter_t *presenter, uint32_t number, int64_t now_us) {
    alert_t *alert = alert_at(presenter, number);

    if (alert->resolved_since_us == NEVER) alert->resolved_since_us = now_us;
    if (now_us - alert->resolved_since_us >= presenter->settings.settle_us) alert->oldest = (rs_effect_id_t){0};
    if (now_us - alert->resolved_since_us >= presenter->settings.keep_us)
        forget(presenter, number);
    else
        make_due(presenter, alert, now_us + presenter->settings.resend_us);
}

/* What changed while it was on its way is due already, and is not what was taken. */
static void took(rs_presenter_t *presenter, const rs_presented_t *shown, int64_t now_us) {
    alert_t *alert = alert_at(presenter, shown->item);

    presenter->stats.shown++;
    if (rs_effect_after(alert->notice->id, shown->id)) {
        if (shown->is_firing && alert->taken_since_us == NEVER) alert->taken_since_us = now_us;
        make_due(presenter, alert, now_us);
    } else if (shown->is_firing) {
        took_firing(presenter, alert, now_us);
    } else {
        took_resolved(presenter, shown->item, now_us);
    }
}

static int64_t pause_of(rs_presenter_t *presenter, int64_t retry_after_us) {
    const int64_t asked = least(retry_after_us, RETRY_AFTER_MAX_S * RS_US_PER_S);
    int64_t pause = presenter->settings.backoff_min_us;

    for (uint32_t i = 1; i < presenter->failures_in_row && pause < presenter->settings.resend_us; i++) pause *= 2;
    pause = least(pause, presenter->settings.resend_us);
    presenter->random ^= presenter->random >> 12;
    presenter->random ^= presenter->random << 25;
    presenter->random ^= presenter->random >> 27;
    pause -= (int64_t)(presenter->random % (uint64_t)(pause / 2 + 1));
    return pause > asked ? pause : asked;
}

void rs_presenter_failed(rs_presenter_t *presenter, int64_t retry_after_us, int64_t now_us) {
    presenter->stats.failures++;
    presenter->failures_in_row++;
    presenter->retry_at_us = now_us + pause_of(presenter, retry_after_us);
}

static void refused(rs_presenter_t *presenter, uint32_t count) {
    presenter->stats.refusals++;
    if (count > 1) {
        presenter->limit = count / 2;
        return;
    }
    alert_t *alert = alert_at(presenter, presenter->batch[0].item);
    presenter->stats.dropped_refused++;
    if (rs_effect_after(alert->notice->id, presenter->batch[0].id)) return;
    alert->is_refused = true;
    alert->oldest = (rs_effect_id_t){0};
    alert->due_us = INT64_MAX;
    if (is_ended(alert)) forget(presenter, presenter->batch[0].item);
}

void rs_presenter_done(rs_presenter_t *presenter, rs_shown_t result, int64_t retry_after_us, int64_t now_us) {
    const uint32_t count = presenter->count;

    RS_REQUIRE(count > 0);
    presenter->count = 0;
    if (result != RS_SHOWN_OK) /* they are due as before */
        presenter->due_us = now_us;
    if (result == RS_SHOWN_AGAIN) {
        rs_presenter_failed(presenter, retry_after_us, now_us);
    } else {
        presenter->failures_in_row = 0;
        presenter->retry_at_us = now_us;
    }
    if (result == RS_SHOWN_REFUSED) refused(presenter, count);
    for (uint32_t i = 0; result == RS_SHOWN_OK && i < count; i++) took(presenter, &presenter->batch[i], now_us);
    if (result == RS_SHOWN_OK) {
        presenter->stats.batches++;
        presenter->limit = presenter->limit > presenter->settings.batch / 2 ? presenter->settings.batch : presenter->limit * 2;
    }
    for (uint32_t i = 0; i < count; i++) rs_notice_release((rs_notice_t *)presenter->batch[i].notice);
}

void rs_presenter_restarted(rs_presenter_t *presenter, int64_t now_us) {
    presenter->stats.restarts++;
    for (uint32_t number = 1; number <= presenter->pool.made; number++) {
        alert_t *alert = alert_at(presenter, number);
        if (alert->notice == NULL || alert->is_refused) continue;
        alert->taken_since_us = NEVER;
        const bool may_be_lost =
            alert->resolved_since_us != NEVER && now_us - alert->resolved_since_us < presenter->settings.settle_us;
        if (may_be_lost) {
            alert->resolved_since_us = NEVER;
            alert->ended_at_us = now_us;
        }
        make_due(presenter, alert, now_us);
    }
}

/* --- looking ------------------------------------------------------------------------------------------------------ */
int64_t rs_presenter_wake(const rs_presenter_t *presenter, int64_t now_us) {
    if (presenter->count > 0 || presenter->due_us == INT64_MAX) return INT64_MAX;
    const int64_t wake = presenter->due_us < presenter->retry_at_us ? presenter->retry_at_us : presenter->due_us;
    return wake < now_us ? now_us : wake;
}

rs_effect_id_t rs_presenter_confirmed(const rs_presenter_t *presenter) {
    rs_effect_id_t confirmed = presenter->newest;

    for (uint32_t number = 1; number <= presenter->pool.made; number++) {
        const alert_t *alert = alert_at(presenter, number);
        if (alert->notice == NULL || alert->oldest.position == 0) continue;
        const rs_effect_id_t before = rs_effect_before(alert->oldest);
        if (rs_effect_after(confirmed, before)) confirmed = before;
    }
    return rs_effect_after(presenter->floor, confirmed) ? presenter->floor : confirmed;
}

void rs_presenter_assume(rs_presenter_t *presenter, rs_effect_id_t id) { presenter->floor = id; }

void rs_presenter_stats(const rs_presenter_t *presenter, rs_presenter_stats_t *stats) {
    *stats = presenter->stats;
    stats->alerts = presenter->pool.live;
    stats->failures_in_row = presenter->failures_in_row;
    stats->is_open = presenter->failures_in_row >= presenter->settings.failures_open;
    for (uint32_t number = 1; number <= presenter->pool.made; number++) {
        const alert_t *alert = alert_at(presenter, number);
        stats->firing += alert->notice != NULL && !is_ended(alert);
    }
}

/* --- making ------------------------------------------------------------------------------------------------------- */
void rs_presenter_configure(rs_presenter_t *presenter, const rs_presenter_settings_t *settings) {
    const uint32_t max_alerts = presenter->settings.max_alerts;

    presenter->settings = *settings;
    presenter->settings.max_alerts = max_alerts;
    presenter->limit = settings->batch;
}

int rs_presenter_create(const rs_presenter_settings_t *settings, uint64_t seed, rs_presenter_t **presenter) {
    rs_presenter_t *made = calloc(1, sizeof(*made));

    if (made == NULL) return RS_ERR_MEMORY;
    made->settings = *settings;
    made->limit = settings->batch;
    made->random = seed | 1;
    made->due_us = INT64_MAX;
    made->retry_at_us = INT64_MIN;
    int status = rs_pool_init(&made->pool, sizeof(alert_t), settings->max_alerts);
    if (status == RS_OK) status = rs_index_init(&made->index, settings->max_alerts);
    if (status != RS_OK)
        rs_presenter_destroy(&made);
    else
        *presenter = made;
    return status;
}

void rs_presenter_destroy(rs_presenter_t **presenter) {
    rs_presenter_t *gone = *presenter;

    if (gone == NULL) return;
    *presenter = NULL;
    for (uint32_t i = 0; i < gone->count; i++) rs_notice_release((rs_notice_t *)gone->batch[i].notice);
    for (uint32_t number = 1; gone->pool.chunks != NULL && number <= gone->pool.made; number++) {
        alert_t *alert = alert_at(gone, number);
        rs_notice_release(alert->notice);
    }
    rs_index_deinit(&gone->index);
    rs_pool_deinit(&gone->pool);
    free(gone->batch);
    free(gone);
}
