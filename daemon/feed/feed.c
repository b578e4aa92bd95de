#include "feed/feed_internal.h"

#include "base/decimal.h"
#include "base/zmq_bind.h"

#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum {
    HEARTBEAT_MS = 1000,
    WAITING_MS = 1000, /* a key in which somebody waits is published at least this often */
    RETRY_MS = 20,     /* a peer without room is tried again after this long */
    PUBLISH_HIGH_WATER = 4096,
    ANSWER_HIGH_WATER = 16, /* chunks of a snapshot on their way to one peer */
    REQUEST_HIGH_WATER = 64,
    REQUEST_BYTES = 4096,
    LINGER_MS = 200
};

/* --- messages ----------------------------------------------------------------------------------------------------- */

static char *write_number(char *at, uint64_t number) {
    *at++ = ' ';
    return at + rs_decimal_format(number, at);
}

size_t rs__feed_header(const rs_feed_t *feed, uint64_t sequence, uint64_t stream, uint64_t topic,
                       char text[RS__FEED_HEADER]) {
    char *at = text + 3;

    memcpy(text, "RS1", 3);
    at = write_number(at, feed->options.run);
    at = write_number(at, sequence);
    at = write_number(at, stream);
    at = write_number(at, topic);
    return (size_t)(at - text);
}

static void publish(rs_feed_t *feed, rs_str_t topic, rs_str_t header, rs_str_t body) {
    const bool sent = zmq_send(feed->publisher, topic.data, topic.len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
                      zmq_send(feed->publisher, header.data, header.len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
                      zmq_send(feed->publisher, body.data, body.len, ZMQ_DONTWAIT) >= 0;
    if (!sent) feed->stats.send_failures++;
}

rs__feed_key_t *rs__feed_key(rs_feed_t *feed, uint32_t key) {
    if (key == RS_FEED_OWN_KEY) return &feed->own_key;
    if (key >= feed->key_count) {
        uint64_t wanted = feed->key_count == 0 ? 256 : feed->key_count;
        while (wanted <= key) wanted *= 2;
        rs__feed_key_t *grown = realloc(feed->keys, wanted * sizeof(*grown));
        if (grown == NULL) return NULL;
        for (uint64_t i = feed->key_count; i < wanted; i++) grown[i] = (rs__feed_key_t){.threshold_us = INT64_MIN};
        feed->keys = grown;
        feed->key_count = (uint32_t)wanted;
    }
    return &feed->keys[key];
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */

static void remember_episode(rs_feed_t *feed, const rs_alert_transition_t *transition, uint64_t topic, size_t topic_len,
                             size_t body_len) {
    if (transition->to == RS_ALERT_OK || transition->to == RS_ALERT_RESOLVED) {
        rs__episodes_remove(&feed->episodes, transition->episode);
        return;
    }
    /* topic and body lie in two buffers; the table wants them as one text */
    memcpy(feed->chunk.bytes, feed->topic, topic_len);
    memcpy(feed->chunk.bytes + topic_len, feed->body, body_len);
    const rs__episode_t last = {.episode = transition->episode,
                                .sequence = feed->stats.sequence,
                                .stream = feed->stats.alerts,
                                .topic = topic,
                                .text = feed->chunk.bytes,
                                .topic_len = (uint32_t)topic_len,
                                .body_len = (uint32_t)body_len};
    if (rs__episodes_put(&feed->episodes, &last) != RS_OK) feed->stats.untracked++;
}

void rs_feed_on_transition(rs_feed_t *feed, const rs_alert_transition_t *transition) {
    char header[RS__FEED_HEADER];
    size_t topic_len = 0, body_len = 0;
    if (transition->act != RS_COMMAND_NONE && transition->rule == UINT32_MAX) return; /* of no alert that is open: the database has it */
    rs__feed_key_t *key = rs__feed_key(feed, transition->key);

    if (key == NULL ||
        rs_feed_format_topic("alert", &transition->dimensions, feed->topic, sizeof(feed->topic), &topic_len) != RS_OK ||
        rs_feed_format_alert(transition, feed->body, sizeof(feed->body), &body_len) != RS_OK) {
        feed->stats.send_failures++;
        return;
    }
    feed->stats.sequence++;
    feed->stats.alerts++;
    key->alerts++;
    const size_t header_len = rs__feed_header(feed, feed->stats.sequence, feed->stats.alerts, key->alerts, header);
    publish(feed, (rs_str_t){feed->topic, (uint32_t)topic_len}, (rs_str_t){header, (uint32_t)header_len},
            (rs_str_t){feed->body, (uint32_t)body_len});
    remember_episode(feed, transition, key->alerts, topic_len, body_len);
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

bool rs__feed_shows_key(const rs_feed_t *feed, uint32_t key, rs_key_t *dimensions) {
    *dimensions = (rs_key_t){0};
    feed->options.key(feed->options.context, key, dimensions);
    return dimensions->family != RS_FAMILY_AGENT;
}

static int64_t threshold_of(const rs_feed_t *feed, const rs_key_t *dimensions) {
    if (dimensions->family != RS_FAMILY_QUEUE) return -1;
    return rs_config_standard(feed->options.config, NULL, dimensions->tenant, dimensions->name, dimensions->channel)
        .threshold_us;
}

/* A total or a channel has no T of its own; its target is the policy's, else the default. */
static void standards_of(const rs_feed_t *feed, const rs_key_t *dimensions, rs_standard_t standards[RS_MAX_POLICIES]) {
    const bool of_queue = dimensions->family == RS_FAMILY_QUEUE;
    for (uint32_t slot = 0; slot < feed->policy_count; slot++) {
        if (feed->policies[slot].name[0] == 0) continue;
        standards[slot] = rs_config_standard(feed->options.config, &feed->policies[slot], dimensions->tenant,
                                             of_queue ? dimensions->name : RS_STR(""), dimensions->channel);
    }
}

int rs__feed_windows(rs_feed_t *feed, uint32_t key, const rs_key_t *dimensions, char *text, size_t size, size_t *len,
                     int64_t *waiting) {
    rs_standard_t standards[RS_MAX_POLICIES] = {0};
    const rs_feed_view_t view = {.store = feed->options.windows,
                                 .windows_us = feed->options.config->windows_us,
                                 .window_count = feed->options.config->window_count,
                                 .policies = feed->policies,
                                 .policy_count = feed->policy_count,
                                 .standards = standards};
    rs__feed_key_t *known = rs__feed_key(feed, key);

    if (known == NULL) return RS_ERR_MEMORY;
    if (known->threshold_us == INT64_MIN) known->threshold_us = threshold_of(feed, dimensions);
    standards_of(feed, dimensions, standards);
    return rs_feed_format_windows(&view, key, dimensions, feed->options.now_us(feed->options.context),
                                  known->threshold_us, text, size, len, waiting);
}

static bool is_due(const rs_feed_t *feed, const rs__feed_key_t *key, uint32_t version) {
    if (!key->is_published || key->version != version) return true;
    return key->is_waiting && uv_now(feed->options.loop) - key->published_ms >= WAITING_MS;
}

/* True when a message was made. What cannot be read now stays due for the next scan. */
static bool publish_key(rs_feed_t *feed, uint32_t number) {
    rs__feed_key_t *key = rs__feed_key(feed, number);
    char header[RS__FEED_HEADER];
    size_t topic_len = 0, body_len = 0;
    int64_t waiting = 0;
    rs_key_t dimensions;

    if (key == NULL) return false;
    /* The version is read before the figures: what changes in between makes the key due again. */
    const uint32_t version = rs_window_key_version(feed->options.windows, number);
    if (!is_due(feed, key, version)) return false;
    if (!rs__feed_shows_key(feed, number, &dimensions)) {
        key->is_published = true;
        key->version = version;
        return false;
    }
    if (rs__feed_windows(feed, number, &dimensions, feed->body, sizeof(feed->body), &body_len, &waiting) != RS_OK ||
        rs_feed_format_topic("window", &dimensions, feed->topic, sizeof(feed->topic), &topic_len) != RS_OK) {
        return false;
    }
    key->is_published = true;
    key->version = version;
    key->is_waiting = waiting > 0;
    key->published_ms = uv_now(feed->options.loop);
    feed->stats.sequence++;
    feed->stats.windows++;
    key->windows++;
    const size_t header_len = rs__feed_header(feed, feed->stats.sequence, feed->stats.windows, key->windows, header);
    publish(feed, (rs_str_t){feed->topic, (uint32_t)topic_len}, (rs_str_t){header, (uint32_t)header_len},
            (rs_str_t){feed->body, (uint32_t)body_len});
    return true;
}

static void scan_work(rs_feed_t *feed) {
    uint32_t messages = 0;

    for (uint32_t looked = 0; looked < RS__FEED_TURN_KEYS && messages < RS__FEED_TURN_MESSAGES; looked++) {
        if (feed->scan_next >= feed->scan_end) {
            feed->is_scanning = false;
            return;
        }
        messages += publish_key(feed, feed->scan_next++);
    }
}

static void on_period(uv_timer_t *timer) {
    rs_feed_t *feed = timer->data;

    if (feed->options.windows == NULL) return;
    if (feed->is_scanning) {
        feed->stats.scans_late++;
        return;
    }
    feed->scan_next = 0;
    feed->scan_end = rs_window_key_count(feed->options.windows);
    feed->is_scanning = true;
    rs__feed_schedule(feed);
}

/* --- heartbeat ---------------------------------------------------------------------------------------------------- */

static void on_heartbeat(uv_timer_t *timer) {
    rs_feed_t *feed = timer->data;
    char header[RS__FEED_HEADER];
    rs_json_t json;

    feed->stats.heartbeats++;
    rs_json_init(&json, feed->body, sizeof(feed->body));
    rs_json_begin(&json, NULL);
    rs_json_time(&json, "at", feed->options.now_us(feed->options.context));
    rs_json_integer(&json, "feed", (int64_t)feed->stats.sequence);
    rs_json_integer(&json, "alert", (int64_t)feed->stats.alerts);
    rs_json_integer(&json, "window", (int64_t)feed->stats.windows);
    rs_json_integer(&json, "active_alerts", rs__episodes_count(&feed->episodes));
    rs_json_integer(&json, "untracked_alerts", (int64_t)feed->stats.untracked);
    rs_json_integer(&json, "keys", feed->options.windows == NULL ? 0 : rs_window_key_count(feed->options.windows));
    rs_json_end(&json);
    const size_t header_len =
        rs__feed_header(feed, feed->stats.sequence, feed->stats.sequence, feed->stats.heartbeats, header);
    publish(feed, RS_STR("heartbeat"), (rs_str_t){header, (uint32_t)header_len},
            (rs_str_t){json.data, (uint32_t)json.len});
}

/* --- portions of work --------------------------------------------------------------------------------------------- */

static void on_work(uv_idle_t *idle) {
    rs_feed_t *feed = idle->data;

    if (feed->is_scanning) scan_work(feed);
    rs__snapshot_work(feed);
    rs__feed_schedule(feed);
}

static void on_retry(uv_timer_t *timer) {
    rs_feed_t *feed = timer->data;

    rs__snapshot_retry(feed);
    rs__feed_schedule(feed);
}

void rs__feed_schedule(rs_feed_t *feed) {
    if (feed->is_closing) return;
    if (feed->is_scanning || rs__snapshot_can_work(feed))
        (void)uv_idle_start(&feed->work, on_work);
    else
        (void)uv_idle_stop(&feed->work);
    if (rs__snapshot_is_blocked(feed) && !uv_is_active((const uv_handle_t *)&feed->retry_timer)) {
        (void)uv_timer_start(&feed->retry_timer, on_retry, RETRY_MS, 0);
    }
}

/* --- create, close ------------------------------------------------------------------------------------------------ */

static uint64_t period_ms(const rs_config_t *config) {
    const int64_t ms = config->feed_period_us / RS_US_PER_MS;
    return ms < 1 ? 1 : (uint64_t)ms;
}

static void set_policies(rs_feed_t *feed, const rs_policy_t *policies, uint32_t count) {
    feed->policy_count = count > RS_MAX_POLICIES ? RS_MAX_POLICIES : count;
    if (feed->policy_count > 0) memcpy(feed->policies, policies, feed->policy_count * sizeof(*policies));
    feed->options.policies = feed->policies;
    feed->options.policy_count = feed->policy_count;
}

void rs_feed_configure(rs_feed_t *feed, const rs_config_t *config, const rs_policy_t *policies, uint32_t policy_count) {
    feed->options.config = config;
    set_policies(feed, policies, policy_count);
    for (uint32_t i = 0; i < feed->key_count; i++) {
        feed->keys[i].threshold_us = INT64_MIN;
        feed->keys[i].is_published = false;
    }
    (void)uv_timer_start(&feed->period_timer, on_period, period_ms(config), period_ms(config));
}

static bool set_option(void *socket, int option, int value) {
    return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool limit_messages(void *socket) {
    const int64_t bytes = REQUEST_BYTES;
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &bytes, sizeof(bytes)) == 0;
}

static bool set_options(const rs_feed_t *feed) {
    const int handshake_ms = (int)(feed->options.config->handshake_us / RS_US_PER_MS);

    return set_option(feed->publisher, ZMQ_SNDHWM, PUBLISH_HIGH_WATER) &&
           set_option(feed->publisher, ZMQ_LINGER, LINGER_MS) && set_option(feed->publisher, ZMQ_TCP_KEEPALIVE, 1) &&
           limit_messages(feed->publisher) /* subscriptions are messages too */ && limit_messages(feed->router) &&
           (handshake_ms <= 0 || (set_option(feed->publisher, ZMQ_HANDSHAKE_IVL, handshake_ms) &&
                                  set_option(feed->router, ZMQ_HANDSHAKE_IVL, handshake_ms))) &&
           set_option(feed->router, ZMQ_SNDHWM, ANSWER_HIGH_WATER) &&
           set_option(feed->router, ZMQ_RCVHWM, REQUEST_HIGH_WATER) &&
           set_option(feed->router, ZMQ_LINGER, LINGER_MS) && set_option(feed->router, ZMQ_TCP_KEEPALIVE, 1) &&
           set_option(feed->router, ZMQ_ROUTER_MANDATORY, 1);
}

static bool bind_socket(void *socket, rs_str_t endpoint, char *why, size_t why_size) {
    char text[512];

    (void)snprintf(text, sizeof(text), "%.*s", (int)endpoint.len, endpoint.data);
    if (rs_zmq_bind(socket, text) == 0) return true;
    (void)snprintf(why, why_size, "cannot bind the feed to %s: %s", text, zmq_strerror(zmq_errno()));
    return false;
}

/* Sockets and watch; on failure rs_feed_close cleans up what is there. */
static int open_sockets(rs_feed_t *feed, char *why, size_t why_size) {
    const rs_config_t *config = feed->options.config;

    feed->publisher = zmq_socket(feed->options.zmq_context, ZMQ_PUB);
    feed->router = zmq_socket(feed->options.zmq_context, ZMQ_ROUTER);
    if (feed->publisher == NULL || feed->router == NULL || !set_options(feed)) {
        (void)snprintf(why, why_size, "cannot make the feed's sockets: %s", zmq_strerror(zmq_errno()));
        return RS_ERR_IO;
    }
    if (!bind_socket(feed->publisher, config->feed_endpoint, why, why_size) ||
        !bind_socket(feed->router, config->snapshot_endpoint, why, why_size)) {
        return RS_ERR_IO;
    }
    const int status =
        rs_zmq_watch_open(feed->options.loop, feed->router, rs__snapshot_on_readable, feed, &feed->watch);
    if (status != RS_OK)
        (void)snprintf(why, why_size, "cannot watch the feed's snapshot socket: %s", rs_status_text(status));
    return status;
}

static void start_handles(rs_feed_t *feed) {
    uv_loop_t *loop = feed->options.loop;
    const uint64_t period = period_ms(feed->options.config);

    /* None of these can fail. */
    uv_timer_init(loop, &feed->heartbeat_timer);
    uv_timer_init(loop, &feed->period_timer);
    uv_timer_init(loop, &feed->retry_timer);
    uv_idle_init(loop, &feed->work);
    feed->heartbeat_timer.data = feed->period_timer.data = feed->retry_timer.data = feed->work.data = feed;
    feed->open_handles = 4;
    uv_timer_start(&feed->heartbeat_timer, on_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
    uv_timer_start(&feed->period_timer, on_period, period, period);
}

int rs_feed_create(const rs_feed_options_t *options, rs_feed_t **feed, char *why, size_t why_size) {
    rs_feed_t *made = calloc(1, sizeof(*made));

    if (made == NULL || rs__episodes_init(&made->episodes, options->config->limits.alerts) != RS_OK) {
        free(made);
        (void)snprintf(why, why_size, "no memory for the feed");
        return RS_ERR_MEMORY;
    }
    made->options = *options;
    set_policies(made, options->policies, options->policy_count);
    start_handles(made);
    const int status = open_sockets(made, why, why_size);
    if (status != RS_OK) {
        rs_feed_close(&made, NULL, NULL);
        return status;
    }
    *feed = made;
    return RS_OK;
}

static void on_handle_closed(uv_handle_t *handle) {
    rs_feed_t *feed = handle->data;
    void (*on_closed)(void *) = feed->on_closed;
    void *context = feed->closed_context;

    if (--feed->open_handles > 0) return;
    rs__episodes_deinit(&feed->episodes);
    free(feed->keys);
    free(feed);
    if (on_closed != NULL) on_closed(context);
}

void rs_feed_close(rs_feed_t **feed, void (*on_closed)(void *context), void *context) {
    rs_feed_t *closing = *feed;

    if (closing == NULL) return;
    *feed = NULL;
    closing->is_closing = true;
    closing->on_closed = on_closed;
    closing->closed_context = context;
    rs_zmq_watch_close(&closing->watch);
    if (closing->publisher != NULL) (void)zmq_close(closing->publisher);
    if (closing->router != NULL) (void)zmq_close(closing->router);
    uv_close((uv_handle_t *)&closing->heartbeat_timer, on_handle_closed);
    uv_close((uv_handle_t *)&closing->period_timer, on_handle_closed);
    uv_close((uv_handle_t *)&closing->retry_timer, on_handle_closed);
    uv_close((uv_handle_t *)&closing->work, on_handle_closed);
}

void rs_feed_stats(const rs_feed_t *feed, rs_feed_stats_t *stats) {
    *stats = feed->stats;
    stats->open_episodes = rs__episodes_count(&feed->episodes);
    stats->keys = feed->options.windows == NULL ? 0 : rs_window_key_count(feed->options.windows);
    for (size_t i = 0; i < RS__FEED_JOBS; i++) stats->running_snapshots += feed->jobs[i].is_running;
}
