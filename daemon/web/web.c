#include "web/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESS_TEXT = INET6_ADDRSTRLEN + 16, BACKLOG = 128, HANDLES = 2 };

struct rs_web {
    rs_web_options_t options;
    struct MHD_Daemon *http;
    uv_poll_t poll;            /* its epoll descriptor */
    uv_timer_t timer;          /* connections that are idle for too long */
    unsigned open_handles;
    bool is_local;             /* listens on loopback */
    char address[ADDRESS_TEXT];
    rs_metrics_t page;
};

/* --- the address ---------------------------------------------------------------------------------------------------- */
static int parse_address(rs_str_t listen, struct sockaddr_storage *address) {
    char text[ADDRESS_TEXT];
    if (listen.len == 0 || listen.len >= sizeof text) return RS_ERR_INVALID;
    memcpy(text, listen.data, listen.len);
    text[listen.len] = '\0';
    char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text) return RS_ERR_INVALID;
    *colon = '\0';
    const size_t digits = strlen(colon + 1);
    if (digits == 0 || digits > 5 || strspn(colon + 1, "0123456789") != digits) return RS_ERR_INVALID;
    const long port = strtol(colon + 1, NULL, 10);
    if (port > 65535) return RS_ERR_INVALID;
    const bool is_6 = text[0] == '[' && colon[-1] == ']';
    if (is_6) colon[-1] = '\0';
    const int failed = is_6 ? uv_ip6_addr(text + 1, (int)port, (struct sockaddr_in6 *)address)
                            : uv_ip4_addr(text, (int)port, (struct sockaddr_in *)address);
    return failed == 0 ? RS_OK : RS_ERR_INVALID;
}

static void name_address(int socket, char text[ADDRESS_TEXT]) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(socket, (struct sockaddr *)&address, &len) != 0) return;
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
        uv_ip6_name(six, host, sizeof host);
        snprintf(text, ADDRESS_TEXT, "[%s]:%u", host, ntohs(six->sin6_port));
        return;
    }
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
    uv_ip4_name(four, host, sizeof host);
    snprintf(text, ADDRESS_TEXT, "%s:%u", host, ntohs(four->sin_port));
}

/* The listening socket; -1 and errno. */
static bool is_loopback(const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
    return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static int listen_at(const struct sockaddr_storage *address) {
    const int on = 1, file = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file < 0) return -1;
    const socklen_t len = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    const bool is_ready = setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                          bind(file, (const struct sockaddr *)address, len) == 0 && listen(file, BACKLOG) == 0;
    if (is_ready) return file;
    const int why = errno;
    close(file);
    errno = why;
    return -1;
}

/* --- answers -------------------------------------------------------------------------------------------------------- */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type, const char *body, size_t len) {
    struct MHD_Response *response = MHD_create_response_from_buffer(len, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, const char *text) {
    return answer(connection, MHD_HTTP_OK, "text/plain; charset=utf-8", text, strlen(text));
}

/* `detail` is plain words. */
static enum MHD_Result answer_problem(struct MHD_Connection *connection, unsigned status, const char *title, const char *detail) {
    char body[512];
    const int len = snprintf(body, sizeof body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}\n", title,
                             status, detail);
    return answer(connection, status, "application/problem+json", body, (size_t)len);
}

static enum MHD_Result answer_metrics(rs_web_t *web, struct MHD_Connection *connection) {
    const char *accepted = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    const bool is_openmetrics = accepted != NULL && strstr(accepted, "application/openmetrics-text") != NULL;
    rs_metrics_begin(&web->page, is_openmetrics);
    web->options.metrics(web->options.context, &web->page);
    if (rs_metrics_end(&web->page) != RS_OK) {
        return answer_problem(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "Internal Server Error", "the page found no room");
    }
    return answer(connection, MHD_HTTP_OK,
                  is_openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                 : "text/plain; version=0.0.4; charset=utf-8",
                  web->page.text, web->page.len);
}

static enum MHD_Result answer_ready(const rs_web_t *web, struct MHD_Connection *connection) {
    const char *why = web->options.not_ready(web->options.context);
    return why == NULL ? answer_text(connection, "ready\n")
                       : answer_problem(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "Service Unavailable", why);
}

/* An address, or localhost: no name that somebody's DNS could point here. */
static bool is_no_foreign_name(const char *host) {
    char name[64];
    struct in_addr address;
    const size_t len = strcspn(host, ":");
    if (host[0] == '[') return true;
    if (len >= sizeof name) return false;
    memcpy(name, host, len);
    name[len] = '\0';
    return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &address) == 1;
}

static bool is_meant(const rs_web_t *web, struct MHD_Connection *connection) {
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    return !web->is_local || host == NULL || is_no_foreign_name(host);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *body, size_t *body_len, void **request) {
    static char seen;
    rs_web_t *web = context;
    (void)version, (void)body;
    if (*request == NULL) {   /* its head is there, and perhaps a body follows */
        *request = &seen;
        return MHD_YES;
    }
    if (*body_len != 0) {
        *body_len = 0;
        return MHD_YES;
    }
    if (!is_meant(web, connection)) {
        return answer_problem(connection, MHD_HTTP_FORBIDDEN, "Forbidden", "here only an address or localhost may stand in Host");
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return answer_problem(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed", "only GET and HEAD");
    }
    if (strcmp(path, "/metrics") == 0) return answer_metrics(web, connection);
    if (strcmp(path, "/healthz") == 0) return answer_text(connection, "ok\n");
    if (strcmp(path, "/readyz") == 0) return answer_ready(web, connection);
    return answer_problem(connection, MHD_HTTP_NOT_FOUND, "Not Found", "there are /metrics, /healthz and /readyz");
}

/* --- in the loop ---------------------------------------------------------------------------------------------------- */
static void on_timer(uv_timer_t *timer);

static void turn(rs_web_t *web) {
    MHD_UNSIGNED_LONG_LONG wait_ms;
    MHD_run(web->http);
    if (MHD_get_timeout(web->http, &wait_ms) == MHD_YES) uv_timer_start(&web->timer, on_timer, wait_ms, 0);
    else uv_timer_stop(&web->timer);
}

static void on_timer(uv_timer_t *timer) { turn(timer->data); }

static void on_readable(uv_poll_t *poll, int status, int events) {
    (void)status, (void)events;
    turn(poll->data);
}

static void on_closed(uv_handle_t *handle) {
    rs_web_t *web = handle->data;
    if (--web->open_handles != 0) return;
    if (web->http != NULL) MHD_stop_daemon(web->http);   /* the loop does not look at its descriptor any more */
    rs_metrics_free(&web->page);
    free(web);
}

static int join_loop(rs_web_t *web) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(web->http, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || uv_poll_init(web->options.loop, &web->poll, info->epoll_fd) != 0) return RS_ERR_IO;
    uv_timer_init(web->options.loop, &web->timer);
    web->poll.data = web->timer.data = web;
    web->open_handles = HANDLES;
    uv_poll_start(&web->poll, UV_READABLE, on_readable);
    return RS_OK;
}

int rs_web_open(const rs_web_options_t *options, rs_web_t **opened) {
    struct sockaddr_storage address;
    if (parse_address(options->listen, &address) != RS_OK) return RS_ERR_INVALID;
    rs_web_t *web = calloc(1, sizeof *web);
    if (web == NULL) return RS_ERR_MEMORY;
    web->options = *options;
    const int file = listen_at(&address);
    if (file < 0) {
        free(web);
        return RS_ERR_IO;
    }
    name_address(file, web->address);
    web->is_local = is_loopback(&address);
    web->http = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, web, MHD_OPTION_LISTEN_SOCKET, file, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)RS_WEB_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)RS_WEB_IDLE_S,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)RS_WEB_REQUEST_BYTES, MHD_OPTION_END);
    if (web->http == NULL) {
        close(file);
        free(web);
        errno = EMFILE;
        return RS_ERR_IO;
    }
    if (join_loop(web) != RS_OK) {
        MHD_stop_daemon(web->http);
        free(web);
        errno = EMFILE;
        return RS_ERR_IO;
    }
    *opened = web;
    return RS_OK;
}

const char *rs_web_address(const rs_web_t *web) { return web->address; }

void rs_web_close(rs_web_t **web) {
    if (web == NULL || *web == NULL) return;
    uv_close((uv_handle_t *)&(*web)->poll, on_closed);
    uv_close((uv_handle_t *)&(*web)->timer, on_closed);
    *web = NULL;
}
