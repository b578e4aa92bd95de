/* store/hosts.h — host names to addresses without waiting: libpq would resolve them itself, and block the loop. Private to
 * the store's room. */
#ifndef RS_STORE_HOSTS_H
#define RS_STORE_HOSTS_H

#include "base/base.h"

#include <libpq-fe.h>
#include <uv.h>

typedef struct rs__hosts rs__hosts_t;
/* `options` as rs__hosts_resolve left them, or `why` they could not be resolved. */
typedef void (*rs__hosts_fn)(void *context, int status, const char *why);

RS_MUST_CHECK int rs__hosts_create(uv_loop_t *loop, rs__hosts_t **hosts);
/* Adds `hostaddr` to options that name hosts (several, separated by commas, too); hosts that cannot be resolved are left out
 * when others can. Returns true when nothing has to be resolved: then on_done is not called. Else it is called later from the
 * loop; until then `options` belongs to it. */
bool rs__hosts_resolve(rs__hosts_t *hosts, PQconninfoOption *options, rs__hosts_fn on_done, void *context);
/* Of several hosts another one comes first: their lists are turned by `turns` places. What cannot be read as lists stays as it is. */
void rs__hosts_turn(PQconninfoOption *options, size_t turns);
/* on_done will not come any more. */
void rs__hosts_cancel(rs__hosts_t *hosts);
/* Only when not busy. */
bool rs__hosts_busy(const rs__hosts_t *hosts);
void rs__hosts_destroy(rs__hosts_t **hosts);

#endif
