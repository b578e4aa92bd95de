/* web/web.h — what the daemon answers over HTTP: /metrics, /healthz, /readyz. GET and HEAD, nothing is changed by it.
 *
 * Model:     libmicrohttpd speaks HTTP/1.1; its epoll descriptor stands in the libuv loop, so that a request is answered from within the
 *            loop by callbacks, which must not block.
 *              /metrics   200 and the page of the callback, as OpenMetrics when the request accepts that, else as text 0.0.4
 *              /healthz   200 "ok": the loop turns
 *              /readyz    200 "ready", or 503 and why not
 *            Everything else is a problem document (RFC 9457): 404, 405 with Allow, 403.
 * Bounds:    RS_WEB_CONNECTIONS at a time, each with RS_WEB_REQUEST_BYTES for its head; more wait in the kernel. A connection that says
 *            nothing for RS_WEB_IDLE_S is closed. A body that comes with a request is dropped.
 * Trust:     there is no login: listen on loopback, or behind something that has one. Nothing here names a customer.
 *            On loopback Host must be an address or localhost (403): so no page in a browser of this machine reads it through a name of its
 *            own that it points here (DNS rebinding). Elsewhere any Host will do, as with other exporters: which names lead here is not
 *            known.
 * Threads:   the loop's.
 */
#ifndef RS_WEB_H
#define RS_WEB_H

#include "base/base.h"
#include "base/metrics.h"

#include <uv.h>

enum { RS_WEB_CONNECTIONS = 64, RS_WEB_REQUEST_BYTES = 16 * 1024, RS_WEB_IDLE_S = 10 };

typedef struct rs_web rs_web_t;

typedef struct rs_web_options {
    uv_loop_t *loop;
    rs_str_t listen;           /* "127.0.0.1:8570", "[::1]:8570"; port 0: any that is free */
    void *context;
    /* Puts families on the page, between begin and end. */
    void (*metrics)(void *context, rs_metrics_t *page);
    /* NULL: ready; else why not, static. */
    const char *(*not_ready)(void *context);
} rs_web_options_t;

/* Listens at once. RS_ERR_INVALID: no address; RS_ERR_IO: it cannot be had, errno says why; RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_web_open(const rs_web_options_t *options, rs_web_t **web);
/* "127.0.0.1:8570", as it was bound; valid until close. */
const char *rs_web_address(const rs_web_t *web);
/* Connections are closed at once; memory goes when the loop has run the close callbacks. Accepts NULL and a pointer to NULL. */
void rs_web_close(rs_web_t **web);

#endif
