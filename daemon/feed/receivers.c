#include "base/clock.h"
#include "base/log.h"
#include "feed/receivers_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SAY_AGAIN_US = 100 * 1000 };

int64_t rs__receivers_now(const rs_receivers_t *receivers) {
    (void)receivers;
    return (int64_t)(uv_hrtime() / 1000);
}

int64_t rs__receivers_wall(const rs_receivers_t *receivers) {
    return receivers->options.wall_us != NULL ? receivers->options.wall_us(receivers->options.context) : rs_wall_us();
}

/* --- when to look ------------------------------------------------------------------------------------------------- */
static int64_t wake_of(const rs__receiver_t *receiver, int64_t now_us) {
    if (receiver->is_busy) return INT64_MAX; /* its answer wakes it */
    return receiver->presenter != NULL ? rs_presenter_wake(receiver->presenter, now_us) : rs_post_wake(receiver->post, now_us);
}

static void on_timer(uv_timer_t *timer);
static void report_all(rs_receivers_t *receivers);

static void schedule(rs_receivers_t *receivers) {
    const int64_t now_us = rs__receivers_now(receivers);
    int64_t wake_us = INT64_MAX;

    if (receivers->is_closing) return;
    if (receivers->is_unsaid) wake_us = now_us + SAY_AGAIN_US;
    for (uint32_t i = 0; i < receivers->count; i++) {
        const int64_t wake = wake_of(receivers->receivers[i], now_us);
        if (wake < wake_us) wake_us = wake;
    }
    if (wake_us == INT64_MAX) {
        (void)uv_timer_stop(&receivers->timer);
        return;
    }
    const int64_t wait_ms = wake_us <= now_us ? 0 : (wake_us - now_us + 999) / 1000;
    (void)uv_timer_start(&receivers->timer, on_timer, (uint64_t)wait_ms, 0);
}

static void on_timer(uv_timer_t *timer) {
    rs_receivers_t *receivers = timer->data;

    for (uint32_t i = 0; i < receivers->count; i++) rs__receiver_pump(receivers->receivers[i]);
    report_all(receivers);
    schedule(receivers);
}

void rs__receivers_kick(rs_receivers_t *receivers) {
    if (!receivers->is_closing) (void)uv_timer_start(&receivers->timer, on_timer, 0, 0);
}

/* --- what changed for the world outside ----------------------------------------------------------------------------- */
static rs_effect_id_t confirmed_by(const rs__receiver_t *receiver) {
    return receiver->presenter != NULL ? rs_presenter_confirmed(receiver->presenter) : rs_post_confirmed(receiver->post);
}

static bool say(rs_receivers_t *receivers, uint64_t number, rs_effect_id_t id) {
    const rs_receivers_options_t *options = &receivers->options;
    const rs_confirmed_t confirmed = {.receiver = number, .alert_position = id.position, .alert_ordinal = id.ordinal};

    if (options->confirmed == NULL || options->confirmed(options->context, &confirmed) == RS_OK) return true;
    receivers->is_unsaid = true;
    return false;
}

static void report(rs__receiver_t *receiver) {
    const rs_effect_id_t confirmed = confirmed_by(receiver);

    if (receiver->is_known && !rs_effect_after(confirmed, receiver->reported)) return;
    if (!say(receiver->all, rs_receivers_number(receiver->config->name), confirmed)) return;
    receiver->is_known = true;
    receiver->reported = confirmed;
}

static bool is_configured(const rs_receivers_t *receivers, uint64_t number) {
    for (uint32_t i = 0; i < receivers->count; i++)
        if (rs_receivers_number(receivers->receivers[i]->config->name) == number) return true;
    return false;
}

/* Those that are gone first: one of the same name may have come since. */
static void report_all(rs_receivers_t *receivers) {
    uint32_t left = 0;

    receivers->is_unsaid = false;
    for (uint32_t i = 0; i < receivers->forgotten_count; i++) {
        const uint64_t number = receivers->forgotten[i];
        if (!is_configured(receivers, number) && !say(receivers, number, (rs_effect_id_t){UINT64_MAX, 0}))
            receivers->forgotten[left++] = number;
    }
    receivers->forgotten_count = left;
    for (uint32_t i = 0; i < receivers->count; i++) report(receivers->receivers[i]);
}

void rs__receivers_forget(rs_receivers_t *receivers, uint64_t number) {
    if (receivers->forgotten_count < RS__RECEIVERS_FORGOTTEN) receivers->forgotten[receivers->forgotten_count++] = number;
}

static void count_drops(rs__receiver_t *receiver, uint64_t full, uint64_t refused) {
    rs_counter_t *counters = receiver->counted->counters;

    rs_counter_add(&counters[RS__COUNT_DROPPED_FULL], full - receiver->told_full);
    rs_counter_add(&counters[RS__COUNT_DROPPED_REFUSED], refused - receiver->told_refused);
    receiver->told_full = full;
    receiver->told_refused = refused;
}

static void log_circuit(rs__receiver_t *receiver, bool is_open, uint32_t pending) {
    if (is_open == receiver->was_open) return;
    receiver->was_open = is_open;
    if (is_open)
        RS_LOG_WITH(RS_LOG_WARNING, "a receiver of alerts does not take them", RS_LOG_STR("receiver", receiver->config->name),
                    RS_LOG_UINT("pending", pending));
    else
        RS_LOG_WITH(RS_LOG_NOTICE, "a receiver of alerts is back", RS_LOG_STR("receiver", receiver->config->name),
                    RS_LOG_UINT("pending", pending));
}

void rs__receiver_settled(rs__receiver_t *receiver) {
    if (receiver->presenter != NULL) {
        rs_presenter_stats_t stats;
        rs_presenter_stats(receiver->presenter, &stats);
        count_drops(receiver, stats.dropped_full, stats.dropped_refused);
        log_circuit(receiver, stats.is_open, stats.alerts);
    } else {
        rs_post_stats_t stats;
        rs_post_stats(receiver->post, &stats);
        count_drops(receiver, stats.dropped_full, stats.dropped_refused);
        log_circuit(receiver, stats.is_open, stats.pending);
    }
    report(receiver);
    rs__receivers_kick(receiver->all);
}

/* --- counters ----------------------------------------------------------------------------------------------------- */
static rs__receiver_counters_t *counters_of(rs_str_t name) {
    static rs__receiver_counters_t *all; /* the loop's thread */
    static const struct {
        const char *name, *help, *label, *value;
    } made[RS__RECEIVER_COUNTERS] = {
        {"ringside_receiver_requests_total", "Requests to receivers of alerts, by what came of them.", "result", "ok"},
        {"ringside_receiver_requests_total", "Requests to receivers of alerts, by what came of them.", "result", "again"},
        {"ringside_receiver_requests_total", "Requests to receivers of alerts, by what came of them.", "result", "refused"},
        {"ringside_receiver_digests_total", "Digests that took the place of single messages.", NULL, NULL},
        {"ringside_receiver_dropped_total", "Changes of alerts that a receiver was told of by number only.", "reason", "full"},
        {"ringside_receiver_dropped_total", "Changes of alerts that a receiver was told of by number only.", "reason",
         "refused"}};

    for (rs__receiver_counters_t *known = all; known != NULL; known = known->next)
        if (rs_str_equal(rs_str(known->name), name)) return known;
    rs__receiver_counters_t *fresh = calloc(1, sizeof(*fresh));
    if (fresh == NULL) return NULL;
    memcpy(fresh->name, name.data, name.len <= RS_MAX_NAME ? name.len : RS_MAX_NAME);
    for (unsigned i = 0; i < RS__RECEIVER_COUNTERS; i++) {
        rs_counter_t *counter = &fresh->counters[i];
        counter->name = made[i].name;
        counter->help = made[i].help;
        counter->labels[0].name = "receiver";
        counter->labels[0].value = fresh->name;
        counter->labels[1].name = made[i].label;
        counter->labels[1].value = made[i].value;
    }
    rs_counter_register(fresh->counters, RS__RECEIVER_COUNTERS);
    fresh->next = all;
    all = fresh;
    return fresh;
}

/* --- one receiver ------------------------------------------------------------------------------------------------- */
static rs_post_settings_t post_settings(const rs_receiver_config_t *config) {
    return (rs_post_settings_t){.max_episodes = config->queue,
                                .burst = config->burst,
                                .every_us = config->every_us,
                                .digest_wait_us = config->digest_wait_us,
                                .digest_period_us = config->digest_period_us,
                                .digest_entries = config->digest_entries,
                                .backoff_min_us = config->backoff_min_us,
                                .backoff_max_us = config->backoff_max_us,
                                .failures_open = RS__RECEIVER_FAILURES_OPEN};
}

static rs_presenter_settings_t presenter_settings(const rs_receiver_config_t *config) {
    return (rs_presenter_settings_t){.max_alerts = config->queue,
                                     .batch = RS__RECEIVER_BATCH,
                                     .resend_us = config->resend_us,
                                     .hold_us = config->hold_us,
                                     .settle_us = config->settle_us,
                                     .keep_us = (int64_t)RS__RECEIVER_KEEP_S * RS_US_PER_S,
                                     .backoff_min_us = config->backoff_min_us,
                                     .failures_open = RS__RECEIVER_FAILURES_OPEN};
}

void rs__receiver_free(rs__receiver_t *receiver) {
    for (rs__receiver_t **gone = &receiver->all->gone; *gone != NULL; gone = &(*gone)->next_gone) {
        if (*gone != receiver) continue;
        *gone = receiver->next_gone;
        break;
    }
    rs_post_destroy(&receiver->post);
    rs_presenter_destroy(&receiver->presenter);
    rs_secret_wipe(&receiver->url);
    rs_secret_wipe(&receiver->secret);
    rs_secret_wipe(&receiver->token);
    rs_secret_wipe(&receiver->password);
    free(receiver);
}

static int take_url(rs__receiver_t *receiver, char *why, size_t why_size) {
    const rs_receiver_config_t *config = receiver->config;
    static const char *const prefixes[] = {
        [RS_RECEIVER_ALERTMANAGER] = "http", [RS_RECEIVER_WEBHOOK] = "http", [RS_RECEIVER_MAIL] = "smtp"};

    if (config->url_file.len == 0) {
        if (config->url.len > RS_SECRET_MAX) return RS_ERR_LIMIT;
        memcpy(receiver->url.bytes, config->url.data, config->url.len);
        receiver->url.bytes[config->url.len] = '\0';
        receiver->url.len = config->url.len;
        return RS_OK;
    }
    const int status = rs_secret_read(config->url_file, 1, RS_SECRET_MAX, &receiver->url, why, why_size);
    if (status != RS_OK) return status;
    const char *fault = rs_config_url_fault((rs_str_t){receiver->url.bytes, receiver->url.len});
    if (fault == NULL && strncmp(receiver->url.bytes, prefixes[config->kind], 4) != 0)
        fault = "is not one of this kind of receiver";
    if (fault != NULL)
        (void)snprintf(why, why_size, "%.*s: what it holds %s", (int)config->url_file.len, config->url_file.data, fault);
    return fault == NULL ? RS_OK : RS_ERR_INVALID;
}

static int take_secrets(rs__receiver_t *receiver, char *why, size_t why_size) {
    enum { SECRET_MIN = 16, SECRET_MAX = 256 };
    const rs_receiver_config_t *config = receiver->config;
    int status = take_url(receiver, why, why_size);

    if (status == RS_OK) status = rs_secret_read(config->secret_file, SECRET_MIN, SECRET_MAX, &receiver->secret, why, why_size);
    if (status == RS_OK) status = rs_secret_read(config->token_file, 1, RS_SECRET_MAX, &receiver->token, why, why_size);
    if (status == RS_OK) status = rs_secret_read(config->password_file, 1, RS_SECRET_MAX, &receiver->password, why, why_size);
    return status;
}

/* With its secrets, but nothing to remember yet. */
static int make_receiver(rs_receivers_t *receivers, const rs_receiver_config_t *config, rs__receiver_t **receiver, char *why,
                         size_t why_size) {
    rs__receiver_t *made = calloc(1, sizeof(*made));

    if (made == NULL) return RS_ERR_MEMORY;
    *made = (rs__receiver_t){.all = receivers, .config = config, .status_at_us = INT64_MIN, .counted = counters_of(config->name)};
    int status = made->counted == NULL ? RS_ERR_MEMORY : take_secrets(made, why, why_size);
    const uint64_t seed = receivers->options.seed + (uint64_t)(uintptr_t)config->name.len * 7919 + receivers->count;
    if (status == RS_OK && config->kind == RS_RECEIVER_ALERTMANAGER) {
        const rs_presenter_settings_t settings = presenter_settings(config);
        status = rs_presenter_create(&settings, seed, &made->presenter);
    } else if (status == RS_OK) {
        const rs_post_settings_t settings = post_settings(config);
        status = rs_post_create(&settings, seed, &made->post);
    }
    if (status == RS_OK)
        *receiver = made;
    else
        rs__receiver_free(made);
    return status;
}

/* --- what they are given -------------------------------------------------------------------------------------------- */
typedef struct open_episode {
    uint32_t link; /* the pool's while the place is free */
    rs_notice_t *notice;
} open_episode_t;

static open_episode_t *open_at(const rs_receivers_t *receivers, uint32_t number) { return rs_pool_at(&receivers->open, number); }

static uint64_t hash_of(uint64_t episode) {
    const uint64_t mixed = episode * UINT64_C(0x9E3779B97F4A7C15);
    return mixed ^ (mixed >> 32);
}

static uint32_t find_open(const rs_receivers_t *receivers, uint64_t episode) {
    uint32_t number = 0;

    for (uint32_t cursor = rs_index_begin(&receivers->open_index, hash_of(episode));
         (number = rs_index_next(&receivers->open_index, hash_of(episode), &cursor)) != 0;)
        if (open_at(receivers, number)->notice->transition.episode == episode) return number;
    return 0;
}

/* The newest notice of every open episode, for receivers that a reload adds. One without room is not among them. */
void rs__receivers_remember_open(rs_receivers_t *receivers, rs_notice_t *notice) {
    uint32_t number = find_open(receivers, notice->transition.episode);

    if (notice->phase == RS_TOLD_ENDED) {
        if (number == 0) return;
        rs_index_remove(&receivers->open_index, hash_of(notice->transition.episode), number);
        rs_notice_release(open_at(receivers, number)->notice);
        *open_at(receivers, number) = (open_episode_t){0};
        rs_pool_give(&receivers->open, number);
        return;
    }
    if (number == 0) {
        number = rs_pool_take(&receivers->open);
        if (number == 0) return;
        open_at(receivers, number)->notice = rs_notice_hold(notice);
        rs_index_add(&receivers->open_index, hash_of(notice->transition.episode), number);
        return;
    }
    rs_notice_release(open_at(receivers, number)->notice);
    open_at(receivers, number)->notice = rs_notice_hold(notice);
}

static bool is_meant(const rs_receiver_config_t *config, const rs_notice_t *notice) {
    if (notice->transition.severity < config->severity) return false;
    return config->tenant.len == 0 || rs_str_equal(config->tenant, notice->transition.dimensions.tenant);
}

void rs__receiver_give(rs__receiver_t *receiver, rs_notice_t *notice) {
    const int64_t now_us = rs__receivers_now(receiver->all);
    const bool known = receiver->presenter != NULL ? rs_presenter_knows(receiver->presenter, notice)
                                                   : rs_post_knows(receiver->post, notice->transition.episode);
    const bool meant = notice->transition.hush == 0 && (known || is_meant(receiver->config, notice));

    if (receiver->presenter != NULL && meant)
        rs_presenter_put(receiver->presenter, notice, now_us);
    else if (receiver->presenter != NULL)
        rs_presenter_pass(receiver->presenter, notice->id);
    else if (meant)
        rs_post_put(receiver->post, notice, now_us);
    else
        rs_post_pass(receiver->post, notice->id);
}

static void release(rs_receivers_t *receivers, rs_notice_t *notice) {
    for (uint32_t i = 0; i < receivers->count; i++) rs__receiver_give(receivers->receivers[i], notice);
    if (notice->transition.hush == 0) rs__receivers_remember_open(receivers, notice);
    rs_notice_release(notice);
}

/* --- waiting for durability ------------------------------------------------------------------------------------------ */
static bool grow_waiting(rs_receivers_t *receivers) {
    const uint32_t limit = 2 * receivers->options.config->limits.alerts;
    uint32_t room = receivers->waiting_room == 0 ? 64 : 2 * receivers->waiting_room;

    if (receivers->waiting_count < receivers->waiting_room) return true;
    if (receivers->waiting_room >= limit) return false;
    rs_notice_t **grown = calloc(room, sizeof(rs_notice_t *));
    if (grown == NULL) return false;
    for (uint32_t i = 0; i < receivers->waiting_count; i++)
        grown[i] = receivers->waiting[(receivers->waiting_first + i) % receivers->waiting_room];
    free((void *)receivers->waiting);
    receivers->waiting = grown;
    receivers->waiting_room = room;
    receivers->waiting_first = 0;
    return true;
}

void rs_receivers_on_transition(rs_receivers_t *receivers, const rs_alert_transition_t *transition) {
    rs_notice_t *notice = NULL;

    if (receivers == NULL) return;
    const int status = rs_notice_create(transition, &notice);
    if (status == RS_ERR_NOT_FOUND) return;
    if (status != RS_OK || !grow_waiting(receivers)) {
        rs_notice_release(notice);
        receivers->dropped++;
        RS_LOG(RS_LOG_ERROR, "a change of an alert is not told to receivers: too many wait to be safe on disk");
        return;
    }
    receivers->waiting[(receivers->waiting_first + receivers->waiting_count++) % receivers->waiting_room] = notice;
    if (transition->position <= receivers->durable) rs_receivers_set_durable(receivers, receivers->durable);
}

void rs_receivers_set_durable(rs_receivers_t *receivers, uint64_t position) {
    if (receivers == NULL) return;
    if (position > receivers->durable) receivers->durable = position;
    bool released = false;
    while (receivers->waiting_count > 0) {
        rs_notice_t *notice = receivers->waiting[receivers->waiting_first];
        if (notice->id.position > receivers->durable) break;
        receivers->waiting_first = (receivers->waiting_first + 1) % receivers->waiting_room;
        receivers->waiting_count--;
        release(receivers, notice);
        released = true;
    }
    if (released) rs__receivers_kick(receivers);
}

/* --- which there are ------------------------------------------------------------------------------------------------ */
static void remove_receiver(rs__receiver_t *receiver, bool name_stays) {
    if (!name_stays) rs__receivers_forget(receiver->all, rs_receivers_number(receiver->config->name));
    if (!receiver->is_busy) {
        rs__receiver_free(receiver);
        return;
    }
    receiver->is_gone = true;
    receiver->next_gone = receiver->all->gone;
    receiver->all->gone = receiver;
}

static rs__receiver_t *find_same(const rs_receivers_t *receivers, const rs_receiver_config_t *config) {
    for (uint32_t i = 0; i < receivers->count; i++) {
        rs__receiver_t *receiver = receivers->receivers[i];
        if (receiver->config->kind == config->kind && rs_str_equal(receiver->config->name, config->name)) return receiver;
    }
    return NULL;
}

/* `fresh` has the new configuration and its secrets; what is remembered stays in `known`. */
static void renew(rs__receiver_t *known, rs__receiver_t *fresh) {
    known->config = fresh->config;
    known->url = fresh->url;
    known->secret = fresh->secret;
    known->token = fresh->token;
    known->password = fresh->password;
    if (known->presenter != NULL) {
        const rs_presenter_settings_t settings = presenter_settings(known->config);
        rs_presenter_configure(known->presenter, &settings);
    } else {
        const rs_post_settings_t settings = post_settings(known->config);
        rs_post_configure(known->post, &settings);
    }
    rs__receiver_free(fresh);
}

static void tell_open(const rs_receivers_t *receivers, rs__receiver_t *receiver) {
    for (uint32_t number = 1; number <= receivers->open.made; number++) {
        rs_notice_t *notice = open_at(receivers, number)->notice;
        if (notice != NULL) rs__receiver_give(receiver, notice);
    }
}

static void exchange(rs_receivers_t *receivers, rs__receiver_t *fresh[], uint32_t count) {
    rs__receiver_t *kept[RS_MAX_RECEIVERS];

    for (uint32_t i = 0; i < count; i++) {
        kept[i] = find_same(receivers, fresh[i]->config);
        if (kept[i] != NULL) {
            renew(kept[i], fresh[i]);
        } else {
            kept[i] = fresh[i];
            tell_open(receivers, kept[i]);
        }
    }
    for (uint32_t i = 0; i < receivers->count; i++) {
        bool stays = false, name_stays = false;
        for (uint32_t k = 0; k < count; k++) {
            stays = stays || kept[k] == receivers->receivers[i];
            name_stays = name_stays || rs_str_equal(kept[k]->config->name, receivers->receivers[i]->config->name);
        }
        if (!stays) remove_receiver(receivers->receivers[i], name_stays);
    }
    memcpy(receivers->receivers, kept, count * sizeof(*kept));
    receivers->count = count;
}

int rs_receivers_configure(rs_receivers_t *receivers, const rs_config_t *config, char *why, size_t why_size) {
    rs__receiver_t *fresh[RS_MAX_RECEIVERS];
    uint32_t count = 0;
    int status = RS_OK;

    for (; status == RS_OK && count < config->receiver_count; count += status == RS_OK)
        status = make_receiver(receivers, &config->receivers[count], &fresh[count], why, why_size);
    if (status != RS_OK) {
        while (count > 0) rs__receiver_free(fresh[--count]);
        if (status == RS_ERR_MEMORY) (void)snprintf(why, why_size, "no memory for receivers");
        return status;
    }
    receivers->options.config = config;
    exchange(receivers, fresh, count);
    rs__receivers_kick(receivers);
    return RS_OK;
}

/* --- create, close ------------------------------------------------------------------------------------------------ */
/* As it may stand in a Message-ID and a URL. */
static void name_instance(char *instance, size_t size) {
    if (gethostname(instance, size) != 0 || instance[0] == '\0') (void)snprintf(instance, size, "localhost");
    instance[size - 1] = '\0';
    for (char *c = instance; *c != '\0'; c++) {
        const bool plain =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '.' || *c == '-';
        if (!plain) *c = '-';
    }
}

static void free_all(rs_receivers_t *receivers) {
    while (receivers->waiting_count > 0) {
        rs_notice_release(receivers->waiting[receivers->waiting_first]);
        receivers->waiting_first = (receivers->waiting_first + 1) % receivers->waiting_room;
        receivers->waiting_count--;
    }
    for (uint32_t number = 1; receivers->open.chunks != NULL && number <= receivers->open.made; number++)
        rs_notice_release(open_at(receivers, number)->notice);
    rs_index_deinit(&receivers->open_index);
    rs_pool_deinit(&receivers->open);
    free((void *)receivers->waiting);
    free(receivers);
}

static void on_part_closed(rs_receivers_t *receivers) {
    void (*on_closed)(void *) = receivers->on_closed;
    void *context = receivers->closed_context;

    if (--receivers->open_handles > 0) return;
    free_all(receivers);
    if (on_closed != NULL) on_closed(context);
}

static void on_http_closed(void *context) { on_part_closed(context); }
static void on_timer_closed(uv_handle_t *handle) { on_part_closed(handle->data); }

void rs_receivers_close(rs_receivers_t **receivers, void (*on_closed)(void *context), void *context) {
    rs_receivers_t *closing = *receivers;

    if (closing == NULL) return;
    *receivers = NULL;
    closing->is_closing = true;
    closing->on_closed = on_closed;
    closing->closed_context = context;
    for (uint32_t i = 0; i < closing->count; i++) rs__receiver_free(closing->receivers[i]);
    closing->count = 0;
    while (closing->gone != NULL) rs__receiver_free(closing->gone);
    uv_close((uv_handle_t *)&closing->timer, on_timer_closed);
    if (closing->http != NULL) rs_http_close(&closing->http, on_http_closed, closing);
}

int rs_receivers_create(const rs_receivers_options_t *options, rs_receivers_t **receivers, char *why, size_t why_size) {
    rs_receivers_t *made = calloc(1, sizeof(*made));

    if (made == NULL) return RS_ERR_MEMORY;
    made->options = *options;
    name_instance(made->instance, sizeof(made->instance));
    (void)uv_timer_init(options->loop, &made->timer);
    made->timer.data = made;
    made->open_handles = 1;
    int status = rs_pool_init(&made->open, sizeof(open_episode_t), options->config->limits.alerts);
    if (status == RS_OK) status = rs_index_init(&made->open_index, options->config->limits.alerts);
    if (status == RS_OK) status = rs_http_create(options->loop, &made->http);
    made->open_handles += status == RS_OK;
    if (status == RS_OK)
        status = rs_receivers_configure(made, options->config, why, why_size);
    else
        (void)snprintf(why, why_size, "%s", rs_status_text(status));
    if (status != RS_OK) {
        rs_receivers_close(&made, NULL, NULL);
        return status;
    }
    *receivers = made;
    return RS_OK;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */
uint32_t rs_receivers_count(const rs_receivers_t *receivers) { return receivers->count; }
uint32_t rs_receivers_waiting(const rs_receivers_t *receivers) { return receivers->waiting_count; }
uint64_t rs_receivers_dropped(const rs_receivers_t *receivers) { return receivers->dropped; }

void rs_receivers_stats(const rs_receivers_t *receivers, uint32_t number, rs_receiver_stats_t *stats) {
    const rs__receiver_t *receiver = receivers->receivers[number];

    *stats = (rs_receiver_stats_t){.name = receiver->config->name,
                                   .kind = receiver->config->kind,
                                   .clock_offset_us = receiver->clock_offset_us,
                                   .confirmed = confirmed_by(receiver)};
    if (receiver->post != NULL) rs_post_stats(receiver->post, &stats->post);
    if (receiver->presenter != NULL) rs_presenter_stats(receiver->presenter, &stats->presenter);
}
