/* One request to one receiver, and what its answer means. */
#include "base/log.h"
#include "feed/message.h"
#include "feed/receivers_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* --- answers ------------------------------------------------------------------------------------------------------ */
typedef enum judgement { TAKEN = 0, AGAIN, REFUSED } judgement_t;

/* The end of an answer that began well is of no interest. */
static judgement_t judge_http(const rs_http_answer_t *answer) {
    if (answer->status >= 200 && answer->status < 300) return TAKEN;
    if (answer->status == 400 || answer->status == 413 || answer->status == 422) return REFUSED;
    return AGAIN;
}

static judgement_t judge_mail(const rs_http_answer_t *answer) {
    const bool of_message =
        (answer->status >= 550 && answer->status <= 553) || answer->status == 555 || (answer->status == 554 && answer->sent_all);
    if (answer->arrived) return TAKEN;
    return of_message ? REFUSED : AGAIN;
}

static void log_trouble(const rs__receiver_t *receiver, const rs_http_answer_t *answer, judgement_t judgement) {
    if (judgement == REFUSED)
        RS_LOG_WITH(RS_LOG_WARNING, "a receiver refuses a message", RS_LOG_STR("receiver", receiver->config->name),
                    RS_LOG_INT("status", answer->status));
    else if (judgement == AGAIN)
        RS_LOG_WITH(RS_LOG_DEBUG, "a receiver did not take a message", RS_LOG_STR("receiver", receiver->config->name),
                    RS_LOG_INT("status", answer->status), RS_LOG_TEXT("error", answer->error));
}

static void count(rs__receiver_t *receiver, judgement_t judgement) {
    rs_counter_add(&receiver->counted->counters[RS__COUNT_OK + judgement], 1);
}

/* True: it was taken out of the configuration meanwhile, and is no more. */
static bool freed_if_gone(rs__receiver_t *receiver) {
    receiver->is_busy = false;
    if (!receiver->is_gone) return false;
    rs__receiver_free(receiver);
    return true;
}

static int64_t gone_pause(const rs_http_answer_t *answer) { /* 410: nobody is there any more */
    return answer->status == 410 ? RS_US_PER_HOUR : answer->retry_after_us;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */
static void on_message_answer(void *context, const rs_http_answer_t *answer) {
    rs__receiver_t *receiver = context;
    const judgement_t judgement = receiver->config->kind == RS_RECEIVER_MAIL ? judge_mail(answer) : judge_http(answer);

    log_trouble(receiver, answer, judgement);
    count(receiver, judgement);
    if (judgement == TAKEN && receiver->message.is_digest) {
        rs_counter_add(&receiver->counted->counters[RS__COUNT_DIGESTS], 1);
        RS_LOG_WITH(RS_LOG_NOTICE, "a digest took the place of single messages", RS_LOG_STR("receiver", receiver->config->name),
                    RS_LOG_UINT("alerts", receiver->message.count), RS_LOG_UINT("left", receiver->message.left));
    }
    rs_post_done(receiver->post,
                 judgement == TAKEN   ? RS_SENT_OK
                 : judgement == AGAIN ? RS_SENT_AGAIN
                                      : RS_SENT_REFUSED,
                 gone_pause(answer), rs__receivers_now(receiver->all));
    if (!freed_if_gone(receiver)) rs__receiver_settled(receiver);
}

static void authorize(const rs__receiver_t *receiver, rs_http_request_t *request, char token[RS_SECRET_MAX + 40],
                      unsigned *headers) {
    const rs_receiver_config_t *config = receiver->config;

    if (config->user.len > 0) {
        request->user = config->user.data;
        request->password = receiver->password.bytes;
    }
    if (config->ca_file.len > 0) request->ca_file = config->ca_file.data;
    if (receiver->token.len == 0) return;
    (void)snprintf(token, RS_SECRET_MAX + 40, "Authorization: Bearer %s", receiver->token.bytes);
    request->headers[(*headers)++] = token;
}

static rs_http_request_t request_to(const rs__receiver_t *receiver, const char *url) {
    return (rs_http_request_t){.url = url, .timeout_us = receiver->config->timeout_us};
}

static int send_webhook(rs__receiver_t *receiver, const rs_message_frame_t *frame) {
    const bool as_alertmanager = receiver->config->format == RS_RECEIVER_AS_ALERTMANAGER;
    rs_http_request_t request = request_to(receiver, receiver->url.bytes);
    char token[RS_SECRET_MAX + 40], key[96], signature[RS_SIGNATURE_TEXT + 32];
    unsigned headers = 0;
    int status = as_alertmanager ? rs_message_webhook(frame, &receiver->message, &request.body, &request.body_len)
                                 : rs_message_cloudevent(frame, &receiver->message, &request.body, &request.body_len);
    if (status != RS_OK) return status;
    request.headers[headers++] =
        as_alertmanager ? "Content-Type: application/json" : "Content-Type: application/cloudevents+json; charset=utf-8";
    (void)snprintf(key, sizeof(key), "Idempotency-Key: \"%s\"", receiver->message.key);
    request.headers[headers++] = key;
    if (receiver->secret.len > 0) {
        char text[RS_SIGNATURE_TEXT];
        rs_secret_sign(&receiver->secret, frame->now_us / RS_US_PER_S, request.body, request.body_len, text);
        (void)snprintf(signature, sizeof(signature), "Ringside-Signature: %s", text);
        request.headers[headers++] = signature;
    }
    authorize(receiver, &request, token, &headers);
    return rs_http_send(receiver->all->http, &request, on_message_answer, receiver);
}

static int send_mail(rs__receiver_t *receiver, const rs_message_frame_t *frame) {
    const rs_receiver_config_t *config = receiver->config;
    char url[RS_SECRET_MAX + 300], from[300];
    rs_http_request_t request = request_to(receiver, url);
    char token[RS_SECRET_MAX + 40];
    unsigned headers = 0;
    const size_t len = strlen(receiver->url.bytes);
    const int status =
        rs_message_mail(frame, &receiver->message, config->from, config->to, config->to_count, &request.body, &request.body_len);

    if (status != RS_OK) return status;
    /* the path is the name by which we say hello */
    (void)snprintf(url, sizeof(url), "%s%s%s", receiver->url.bytes, len > 0 && receiver->url.bytes[len - 1] == '/' ? "" : "/",
                   frame->instance);
    (void)snprintf(from, sizeof(from), "<%.*s>", (int)config->from.len, config->from.data);
    request.mail_from = from;
    request.mail_to = config->to;
    request.mail_to_count = config->to_count;
    request.starttls = !config->plain;
    authorize(receiver, &request, token, &headers);
    return rs_http_send(receiver->all->http, &request, on_message_answer, receiver);
}

static rs_message_frame_t frame_of(const rs__receiver_t *receiver) {
    return (rs_message_frame_t){
        .instance = receiver->all->instance, .receiver = receiver->config->name, .now_us = rs__receivers_wall(receiver->all)};
}

/* What cannot even be written is too long or finds no memory: smaller, or later. */
static rs_post_result_t result_of(int status) { return status == RS_ERR_LIMIT ? RS_SENT_REFUSED : RS_SENT_AGAIN; }

static void pump_post(rs__receiver_t *receiver) {
    const int64_t now_us = rs__receivers_now(receiver->all);
    const rs_message_frame_t frame = frame_of(receiver);

    if (!rs_post_next(receiver->post, now_us, &receiver->message)) return;
    const int status = receiver->config->kind == RS_RECEIVER_MAIL ? send_mail(receiver, &frame) : send_webhook(receiver, &frame);
    receiver->is_busy = status == RS_OK;
    if (status == RS_OK) return;
    RS_LOG_WITH(RS_LOG_ERROR, "cannot write a message", RS_LOG_STR("receiver", receiver->config->name),
                RS_LOG_STATUS("status", status));
    rs_post_done(receiver->post, result_of(status), 0, now_us);
    rs__receiver_settled(receiver);
}

/* --- Alertmanagers ------------------------------------------------------------------------------------------------- */
static void url_of(const rs__receiver_t *receiver, const char *path, char *url, size_t size) {
    int len = (int)receiver->url.len;
    while (len > 0 && receiver->url.bytes[len - 1] == '/') len--;
    (void)snprintf(url, size, "%.*s%s", len, receiver->url.bytes, path);
}

/* Small differences are the answer's whole seconds and its way. */
static void compare_clocks(rs__receiver_t *receiver, const rs_http_answer_t *answer) {
    const int64_t offset_us = answer->date_us - rs__receivers_wall(receiver->all);
    if (answer->date_us == 0 || answer->status != 200) return; /* what a proxy says is its own time */
    receiver->clock_offset_us = offset_us > 2 * RS_US_PER_S || offset_us < -3 * RS_US_PER_S ? offset_us : 0;
}

static void on_batch_answer(void *context, const rs_http_answer_t *answer) {
    rs__receiver_t *receiver = context;
    const judgement_t judgement = judge_http(answer);

    log_trouble(receiver, answer, judgement);
    count(receiver, judgement);
    compare_clocks(receiver, answer);
    rs_presenter_done(receiver->presenter,
                      judgement == TAKEN   ? RS_SHOWN_OK
                      : judgement == AGAIN ? RS_SHOWN_AGAIN
                                           : RS_SHOWN_REFUSED,
                      gone_pause(answer), rs__receivers_now(receiver->all));
    if (!freed_if_gone(receiver)) rs__receiver_settled(receiver);
}

static void send_batch(rs__receiver_t *receiver) {
    const rs_presented_t *batch = NULL;
    const int64_t now_us = rs__receivers_now(receiver->all), resend_us = receiver->config->resend_us;
    const int64_t valid_us =
        4 * resend_us > RS__RECEIVER_VALID_S * RS_US_PER_S ? 4 * resend_us : RS__RECEIVER_VALID_S * RS_US_PER_S;
    rs_message_frame_t frame = frame_of(receiver);
    char url[RS_SECRET_MAX + 64], token[RS_SECRET_MAX + 40];
    rs_http_request_t request = request_to(receiver, url);
    unsigned headers = 0;
    const uint32_t batch_count = rs_presenter_next(receiver->presenter, now_us, &batch);

    if (batch_count == 0) return;
    url_of(receiver, "/api/v2/alerts", url, sizeof(url));
    frame.now_us += receiver->clock_offset_us;
    int status = rs_message_alerts(&frame, batch, batch_count, valid_us, &request.body, &request.body_len);
    if (status == RS_OK) {
        request.headers[headers++] = "Content-Type: application/json";
        authorize(receiver, &request, token, &headers);
        status = rs_http_send(receiver->all->http, &request, on_batch_answer, receiver);
    }
    receiver->is_busy = status == RS_OK;
    if (status == RS_OK) return;
    RS_LOG_WITH(RS_LOG_ERROR, "cannot write a message", RS_LOG_STR("receiver", receiver->config->name),
                RS_LOG_STATUS("status", status));
    rs_presenter_done(receiver->presenter, status == RS_ERR_LIMIT ? RS_SHOWN_REFUSED : RS_SHOWN_AGAIN, 0, now_us);
    rs__receiver_settled(receiver);
}

/* Since when it runs. What is no such status says nothing. */
static bool was_restarted(rs__receiver_t *receiver, const rs_http_answer_t *answer) {
    json_t *status = json_loadb(answer->body, answer->body_len, 0, NULL);
    const char *uptime = json_string_value(json_object_get(status, "uptime"));
    char started[sizeof(receiver->started)] = "";

    if (uptime != NULL) (void)snprintf(started, sizeof(started), "%.*s", (int)sizeof(started) - 1, uptime);
    json_decref(status);
    const bool restarted = started[0] != '\0' && receiver->started[0] != '\0' && strcmp(started, receiver->started) != 0;
    if (started[0] != '\0') memcpy(receiver->started, started, sizeof(started));
    return restarted;
}

static void on_status_answer(void *context, const rs_http_answer_t *answer) {
    rs__receiver_t *receiver = context;
    const int64_t now_us = rs__receivers_now(receiver->all);
    const bool is_away = answer->status == 0 || answer->status >= 500 || answer->status == 429;

    if (freed_if_gone(receiver)) return;
    compare_clocks(receiver, answer);
    if (is_away) {
        log_trouble(receiver, answer, AGAIN);
        count(receiver, AGAIN);
        rs_presenter_failed(receiver->presenter, answer->retry_after_us, now_us);
        rs__receiver_settled(receiver);
        return;
    }
    receiver->status_at_us = now_us;
    if (answer->status == 200 && was_restarted(receiver, answer)) {
        RS_LOG_WITH(RS_LOG_NOTICE, "an Alertmanager was restarted: it is shown everything anew",
                    RS_LOG_STR("receiver", receiver->config->name));
        rs_presenter_restarted(receiver->presenter, now_us);
    }
    send_batch(receiver);
    if (!receiver->is_busy) rs__receivers_kick(receiver->all);
}

static void pump_presenter(rs__receiver_t *receiver) {
    const int64_t now_us = rs__receivers_now(receiver->all);
    char url[RS_SECRET_MAX + 64], token[RS_SECRET_MAX + 40];
    rs_http_request_t request = request_to(receiver, url);
    unsigned headers = 0;

    if (!rs_presenter_is_due(receiver->presenter, now_us)) return;
    if (receiver->status_at_us != INT64_MIN && now_us - receiver->status_at_us < receiver->config->resend_us / 2) {
        send_batch(receiver);
        return;
    }
    url_of(receiver, "/api/v2/status", url, sizeof(url));
    authorize(receiver, &request, token, &headers);
    const int status = rs_http_send(receiver->all->http, &request, on_status_answer, receiver);
    receiver->is_busy = status == RS_OK;
    if (status != RS_OK) rs_presenter_failed(receiver->presenter, 0, now_us);
}

void rs__receiver_pump(rs__receiver_t *receiver) {
    if (receiver->is_busy || receiver->is_gone) return;
    if (receiver->presenter != NULL)
        pump_presenter(receiver);
    else
        pump_post(receiver);
}
