/* feed/http.h — one request to another machine, HTTP or SMTP, on the loop: libcurl's multi interface driven by libuv.
 *
 * Model:     rs_http_send copies nothing but takes over the request's body, begins the transfer, and calls back once.
 * Trust:     certificates and names are verified; redirects are not followed; only http, https, smtp, smtps; proxies of the
 *            environment are not used. Of an answer at most RS_HTTP_ANSWER_MAX bytes are kept, and it is given up past
 *            RS_HTTP_ANSWER_LIMIT, or when it took longer than timeout_us in all. SIGPIPE is ignored from the first create on.
 * Threads:   the loop's; names are looked up by libcurl's own threads.
 */
#ifndef RS_FEED_HTTP_H
#define RS_FEED_HTTP_H

#include "base/base.h"

#include <uv.h>

enum { RS_HTTP_HEADERS = 8, RS_HTTP_ANSWER_MAX = 256 * 1024, RS_HTTP_ANSWER_LIMIT = 1024 * 1024 };

typedef struct rs_http rs_http_t;

RS_MUST_CHECK int rs_http_create(uv_loop_t *loop, rs_http_t **http);
/* Transfers that are under way are given up without their callbacks. `on_closed` (may be NULL): the memory is gone. */
void rs_http_close(rs_http_t **http, void (*on_closed)(void *context), void *context);

/* What came of it. Valid during the callback only. */
typedef struct rs_http_answer {
    int status;              /* HTTP's or SMTP's last; 0: none came */
    bool arrived;            /* the exchange came to its regular end */
    bool sent_all;           /* of a mail: its text was given to the server */
    const char *error;       /* why not, in words without addresses; "" else */
    const char *body;        /* its beginning, NUL behind it */
    size_t body_len;
    int64_t retry_after_us;  /* 0: not asked for */
    int64_t date_us;         /* the other side's clock, whole seconds; 0: not told */
} rs_http_answer_t;
/* May send again; must not close. */
typedef void (*rs_http_fn)(void *context, const rs_http_answer_t *answer);

/* Texts are borrowed for the call, but for `body`, which is malloc'd and taken over, also on failure. */
typedef struct rs_http_request {
    const char *url;
    const char *headers[RS_HTTP_HEADERS]; /* "Name: value"; NULL: none */
    char *body;                           /* NULL: GET */
    size_t body_len;
    const char *user, *password, *ca_file; /* NULL: none, the system's */
    const char *mail_from;                /* not NULL: a mail to these recipients; body is the message */
    const rs_str_t *mail_to;
    uint32_t mail_to_count;
    bool starttls;                        /* smtp:// only with TLS */
    int64_t timeout_us;
} rs_http_request_t;

/* RS_ERR_MEMORY, RS_ERR_INVALID (an option that libcurl refuses): no callback will come. */
RS_MUST_CHECK int rs_http_send(rs_http_t *http, const rs_http_request_t *request, rs_http_fn on_answer, void *context);

#endif
