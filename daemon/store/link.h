/* store/link.h — one PostgreSQL connection on a libuv loop: nothing here waits. Private to the store's room.
 *
 * Model:     closed ─open─► resolving ─► connecting ─► ready ─send─► busy ─results─► ready …
 *                                                                     └─ COPY ─► copying ─end─► busy
 *            anything ─ lost (on_lost) or rs__link_drop ─► closed; it may be opened again.
 *            One statement (or several in one string) is under way at a time.
 * libuv:     a poll handle belongs to one socket. libpq may change the socket while connecting, even under the same number;
 *            so polling is stopped before libpq is called and begun anew afterwards, on a new handle when the number changed.
 * Threads:   the loop's. Callbacks come from the loop only, and may call anything here but rs__link_close twice.
 */
#ifndef RS_STORE_LINK_H
#define RS_STORE_LINK_H

#include "base/base.h"

#include <libpq-fe.h>
#include <uv.h>

typedef struct rs__link rs__link_t;

typedef struct rs__link_callbacks {
    void *context;
    void (*on_connected)(void *context);
    /* A result of what was sent, errors too; borrowed. */
    void (*on_result)(void *context, const PGresult *result);
    /* COPY … FROM STDIN has begun, or what was put has been given to the system: put more, or end. */
    void (*on_copy_ready)(void *context);
    /* All results were shown; something else may be sent. */
    void (*on_done)(void *context);
    /* The connection could not be made, or broke. It is closed already. */
    void (*on_lost)(void *context, const char *why);
    void (*on_notice)(void *context, const char *text);
} rs__link_callbacks_t;

/* `conninfo` is copied. RS_ERR_INVALID: libpq cannot read it, `why` says why. */
RS_MUST_CHECK int rs__link_create(uv_loop_t *loop, const char *conninfo, const rs__link_callbacks_t *callbacks, char *why,
                                  size_t why_size, rs__link_t **link);
/* Another connection to where `link` goes. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs__link_create_beside(const rs__link_t *link, const rs__link_callbacks_t *callbacks, rs__link_t **beside);
/* Of several hosts, each attempt after a failed one begins with the next, so that a silent host does not keep us from the others. Only a
 * host that can be written to is taken, unless the connection string says otherwise (target_session_attrs).
 * Begins to connect; ends in on_connected or on_lost, within `timeout_ms` (name resolution included). */
void rs__link_open(rs__link_t *link, uint64_t timeout_ms);
/* Sends SQL. on_lost comes (later, from the loop) when that is not possible, or nothing comes back for `timeout_ms`. */
void rs__link_send(rs__link_t *link, const char *sql, uint64_t timeout_ms);
/* One statement with parameters, as texts; otherwise as rs__link_send. */
void rs__link_send_with(rs__link_t *link, const char *sql, const char *const *values, int count, uint64_t timeout_ms);
/* While copying: gives bytes to libpq. Returns false when the connection is broken (on_lost follows from the loop). */
bool rs__link_put(rs__link_t *link, const void *bytes, size_t len);
void rs__link_end_copy(rs__link_t *link);
/* Closes the connection without a callback. */
void rs__link_drop(rs__link_t *link);
bool rs__link_is_open(const rs__link_t *link);
/* Process number that the connection was told when it began; 0: not connected. A pooler tells one of its own making. */
int32_t rs__link_backend(const rs__link_t *link);
/* Drops, closes every handle, then calls back; after that rs__link_destroy. */
void rs__link_close(rs__link_t *link, void (*on_closed)(void *context), void *context);
void rs__link_destroy(rs__link_t **link);

#endif
