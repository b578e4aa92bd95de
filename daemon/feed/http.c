#include "feed/http.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { IDLE_CONNECTIONS = 32 };

typedef struct transfer {
    struct transfer *next, *previous;
    rs_http_t *http;
    CURL *easy;
    struct curl_slist *headers, *recipients;
    char *body;
    size_t body_len, body_sent;
    char *answer; /* NULL: nothing came */
    size_t answer_len, answer_room, answer_seen;
    int64_t date_us;
    char error[CURL_ERROR_SIZE];
    rs_http_fn on_answer;
    void *context;
} transfer_t;

typedef struct watch {
    struct watch *next, *previous;
    uv_poll_t poll;
    rs_http_t *http;
    curl_socket_t socket;
} watch_t;

struct rs_http {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    transfer_t *transfers;
    watch_t *watches;
    unsigned open_handles;
    bool is_closing;
    void (*on_closed)(void *context);
    void *closed_context;
};

/* --- closing ------------------------------------------------------------------------------------------------------ */
static void free_http(rs_http_t *http) {
    void (*on_closed)(void *) = http->on_closed;
    void *context = http->closed_context;

    free(http);
    if (on_closed != NULL) on_closed(context);
}

static void handle_gone(rs_http_t *http) {
    if (--http->open_handles == 0 && http->is_closing) free_http(http);
}

static void on_watch_closed(uv_handle_t *handle) {
    watch_t *watch = handle->data;
    rs_http_t *http = watch->http;

    free(watch);
    handle_gone(http);
}

static void on_timer_closed(uv_handle_t *handle) { handle_gone(handle->data); }

static void close_watch(watch_t *watch) {
    if (watch->previous != NULL)
        watch->previous->next = watch->next;
    else
        watch->http->watches = watch->next;
    if (watch->next != NULL) watch->next->previous = watch->previous;
    (void)uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static void free_transfer(transfer_t *transfer) {
    rs_http_t *http = transfer->http;

    if (transfer->previous != NULL)
        transfer->previous->next = transfer->next;
    else
        http->transfers = transfer->next;
    if (transfer->next != NULL) transfer->next->previous = transfer->previous;
    (void)curl_multi_remove_handle(http->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->recipients);
    free(transfer->body);
    free(transfer->answer);
    free(transfer);
}

void rs_http_close(rs_http_t **http, void (*on_closed)(void *context), void *context) {
    rs_http_t *closing = *http;

    if (closing == NULL) return;
    *http = NULL;
    closing->on_closed = on_closed;
    closing->closed_context = context;
    while (closing->transfers != NULL) free_transfer(closing->transfers);
    (void)curl_multi_cleanup(closing->multi); /* takes watches away, too */
    while (closing->watches != NULL) close_watch(closing->watches);
    closing->is_closing = true;
    uv_close((uv_handle_t *)&closing->timer, on_timer_closed);
}

/* --- libcurl's sockets and timer on the loop ------------------------------------------------------------------------ */
static void finish(transfer_t *transfer, CURLcode code) {
    long status = 0;
    curl_off_t retry_after_s = 0;
    const rs_http_fn on_answer = transfer->on_answer;
    void *context = transfer->context;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    if (transfer->answer != NULL) transfer->answer[transfer->answer_len] = '\0';
    const rs_http_answer_t answer = {
        .status = (int)status,
        .arrived = code == CURLE_OK,
        .error = code == CURLE_OK ? "" : curl_easy_strerror(code),
        .sent_all = transfer->body_len > 0 && transfer->body_sent == transfer->body_len,
        .body = transfer->answer == NULL ? "" : transfer->answer,
        .body_len = transfer->answer_len,
        .retry_after_us = retry_after_s > INT64_MAX / RS_US_PER_S ? INT64_MAX : (int64_t)retry_after_s * RS_US_PER_S,
        .date_us = transfer->date_us};
    on_answer(context, &answer);
}

static void collect(rs_http_t *http) {
    int left = 0;

    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;) {
        transfer_t *transfer = NULL;
        const CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE) continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        finish(transfer, code);
        free_transfer(transfer);
    }
}

static void on_timer(uv_timer_t *timer) {
    rs_http_t *http = timer->data;
    int running = 0;

    (void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(http);
}

static int set_timer(CURLM *multi, long timeout_ms, void *context) {
    rs_http_t *http = context;

    (void)multi;
    if (timeout_ms < 0)
        (void)uv_timer_stop(&http->timer);
    else
        (void)uv_timer_start(&http->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_socket(uv_poll_t *poll, int status, int events) {
    watch_t *watch = poll->data;
    rs_http_t *http = watch->http;
    int running = 0, flags = 0;

    if (status < 0) flags = CURL_CSELECT_ERR;
    if ((events & UV_READABLE) != 0) flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0) flags |= CURL_CSELECT_OUT;
    (void)curl_multi_socket_action(http->multi, watch->socket, flags, &running); /* may close the watch */
    collect(http);
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known) {
    rs_http_t *http = context;
    watch_t *watch = known;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch == NULL) return 0;
        (void)curl_multi_assign(http->multi, socket, NULL);
        close_watch(watch);
        return 0;
    }
    if (watch == NULL) {
        watch = calloc(1, sizeof(*watch));
        if (watch == NULL) return -1;
        *watch = (watch_t){.http = http, .socket = socket, .next = http->watches};
        if (uv_poll_init_socket(http->loop, &watch->poll, socket) != 0) {
            free(watch);
            return -1;
        }
        watch->poll.data = watch;
        if (http->watches != NULL) http->watches->previous = watch;
        http->watches = watch;
        http->open_handles++;
        (void)curl_multi_assign(http->multi, socket, watch);
    }
    const int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) | ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    return uv_poll_start(&watch->poll, events, on_socket) == 0 ? 0 : -1;
}

int rs_http_create(uv_loop_t *loop, rs_http_t **http) {
    static bool is_ready; /* the loop's thread only */
    if (!is_ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return RS_ERR_IO;
    is_ready = true;
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to sockets whose other end may be gone */
    rs_http_t *made = calloc(1, sizeof(*made));
    if (made == NULL) return RS_ERR_MEMORY;
    made->loop = loop;
    made->multi = curl_multi_init();
    if (made->multi == NULL) {
        free(made);
        return RS_ERR_MEMORY;
    }
    (void)uv_timer_init(loop, &made->timer);
    made->timer.data = made;
    made->open_handles = 1;
    (void)curl_multi_setopt(made->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    (void)curl_multi_setopt(made->multi, CURLMOPT_SOCKETDATA, made);
    (void)curl_multi_setopt(made->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(made->multi, CURLMOPT_TIMERDATA, made);
    (void)curl_multi_setopt(made->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
    *http = made;
    return RS_OK;
}

/* --- what is read and sent ------------------------------------------------------------------------------------------ */
static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    transfer_t *transfer = context;
    const size_t len = size * count, room = RS_HTTP_ANSWER_MAX - transfer->answer_len;
    const size_t kept = len < room ? len : room;

    transfer->answer_seen += len;
    if (transfer->answer_seen > RS_HTTP_ANSWER_LIMIT) return 0; /* ends the transfer */
    if (transfer->answer_len + kept >= transfer->answer_room) {
        const size_t wanted = 2 * (transfer->answer_len + kept) + 1024;
        char *grown = realloc(transfer->answer, wanted);
        if (grown == NULL) return 0;
        transfer->answer = grown;
        transfer->answer_room = wanted;
    }
    memcpy(transfer->answer + transfer->answer_len, bytes, kept);
    transfer->answer_len += kept;
    return len;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
    static const char name[] = "date:";
    transfer_t *transfer = context;
    const size_t len = size * count;
    char text[64];

    if (len > sizeof(name) && len < sizeof(text) && strncasecmp(bytes, name, sizeof(name) - 1) == 0) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)(len - sizeof(name) + 1), bytes + sizeof(name) - 1);
        const time_t seconds = curl_getdate(text, NULL);
        if (seconds > 0) transfer->date_us = (int64_t)seconds * RS_US_PER_S;
    }
    return len;
}

static size_t read_mail(char *bytes, size_t size, size_t count, void *context) {
    transfer_t *transfer = context;
    const size_t left = transfer->body_len - transfer->body_sent;
    const size_t len = left < size * count ? left : size * count;

    memcpy(bytes, transfer->body + transfer->body_sent, len);
    transfer->body_sent += len;
    return len;
}

static bool add_line(struct curl_slist **list, const char *line) {
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) return false;
    *list = longer;
    return true;
}

static bool make_lists(transfer_t *transfer, const rs_http_request_t *request) {
    char address[320];
    bool made = request->mail_from != NULL || request->body == NULL || add_line(&transfer->headers, "Expect:");

    for (unsigned i = 0; made && i < RS_HTTP_HEADERS && request->headers[i] != NULL; i++)
        made = add_line(&transfer->headers, request->headers[i]);
    for (uint32_t i = 0; made && i < request->mail_to_count; i++) {
        (void)snprintf(address, sizeof(address), "<%.*s>", (int)request->mail_to[i].len, request->mail_to[i].data);
        made = add_line(&transfer->recipients, address);
    }
    return made;
}

#define SET(option, value) (curl_easy_setopt(transfer->easy, (option), (value)) == CURLE_OK)

static bool set_common(transfer_t *transfer, const rs_http_request_t *request) {
    long timeout_ms = (long)(request->timeout_us / RS_US_PER_MS);
    if (timeout_ms < 1) timeout_ms = 1;
    return SET(CURLOPT_PRIVATE, transfer) && SET(CURLOPT_URL, request->url) && SET(CURLOPT_NOSIGNAL, 1L) &&
           SET(CURLOPT_QUICK_EXIT, 1L) /* the loop never waits for a name server */ &&
           SET(CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps") && SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PROXY, "") &&
           SET(CURLOPT_TIMEOUT_MS, timeout_ms) && SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms) && SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
           SET(CURLOPT_SSL_VERIFYHOST, 2L) && SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           SET(CURLOPT_ERRORBUFFER, transfer->error) && SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, transfer) &&
           SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, transfer) && SET(CURLOPT_TCP_KEEPALIVE, 1L) &&
           SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) && (request->ca_file == NULL || SET(CURLOPT_CAINFO, request->ca_file)) &&
           (request->user == NULL || SET(CURLOPT_USERNAME, request->user)) &&
           (request->password == NULL || SET(CURLOPT_PASSWORD, request->password));
}

static bool set_http(transfer_t *transfer, const rs_http_request_t *request) {
    if (!SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) || !SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) ||
        !SET(CURLOPT_USERAGENT, "ringside/" RS_VERSION) || !SET(CURLOPT_HTTPHEADER, transfer->headers))
        return false;
    if (request->body == NULL) return SET(CURLOPT_HTTPGET, 1L);
    return SET(CURLOPT_POST, 1L) && SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body_len) &&
           SET(CURLOPT_POSTFIELDS, transfer->body);
}

static bool set_mail(transfer_t *transfer, const rs_http_request_t *request) {
    return SET(CURLOPT_UPLOAD, 1L) && SET(CURLOPT_MAIL_FROM, request->mail_from) &&
           SET(CURLOPT_MAIL_RCPT, transfer->recipients) && SET(CURLOPT_READFUNCTION, read_mail) &&
           SET(CURLOPT_READDATA, transfer) && SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->body_len) &&
           SET(CURLOPT_USE_SSL, (long)(request->starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
}

int rs_http_send(rs_http_t *http, const rs_http_request_t *request, rs_http_fn on_answer, void *context) {
    transfer_t *transfer = calloc(1, sizeof(*transfer));

    if (transfer == NULL) {
        free(request->body);
        return RS_ERR_MEMORY;
    }
    *transfer = (transfer_t){.http = http,
                             .next = http->transfers,
                             .body = request->body,
                             .body_len = request->body_len,
                             .on_answer = on_answer,
                             .context = context,
                             .easy = curl_easy_init()};
    if (http->transfers != NULL) http->transfers->previous = transfer;
    http->transfers = transfer;
    int status = transfer->easy != NULL && make_lists(transfer, request) ? RS_OK : RS_ERR_MEMORY;
    const bool is_mail = request->mail_from != NULL;
    if (status == RS_OK &&
        !(set_common(transfer, request) && (is_mail ? set_mail(transfer, request) : set_http(transfer, request))))
        status = RS_ERR_INVALID;
    if (status == RS_OK && curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK) status = RS_ERR_MEMORY;
    if (status != RS_OK) free_transfer(transfer);
    return status;
}
