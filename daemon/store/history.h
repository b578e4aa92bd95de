/* store/history.h — reads weeks of one key's figures out of the database, for rules that learn (event/warm.h).
 *
 * Model:     a connection of its own beside the store's, opened when something is asked and closed by rs_history_rest: writing never waits
 *            for reading. One question at a time; at most RS_HISTORY_MOST figures of one answer, the newest.
 * Threads:   the loop's. No call waits; callbacks come from the loop.
 * Errors:    what goes wrong is told once with its question (RS_ERR_IO); the caller asks again when it likes. */
#ifndef RS_STORE_HISTORY_H
#define RS_STORE_HISTORY_H

#include "core/alert/alert.h"

#include <uv.h>

enum { RS_HISTORY_WEEKS = 6, RS_HISTORY_MOST = RS_HISTORY_WEEKS * 7 * 96 };

typedef struct rs_history rs_history_t;

/* Figures, oldest first, until the next question; RS_ERR_IO with the reason in `why` (never a password). */
typedef void (*rs_history_fn)(void *context, int status, const rs_warm_figure_t *figures, uint32_t count, const char *why);

/* RS_ERR_INVALID: libpq cannot read the connection string; RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_history_create(uv_loop_t *loop, rs_str_t conninfo, rs_history_fn answered, void *context, rs_history_t **history);
/* What is usual for that rule and key: the RS_HISTORY_WEEKS before unwarmed->until_us. Nothing else may be under way.
 * Strings are copied. */
void rs_history_ask(rs_history_t *history, const rs_alert_unwarmed_t *unwarmed);
/* Nothing more is asked for now: gives the connection back. Not while a question is under way. */
void rs_history_rest(rs_history_t *history);
/* At any time; frees it when its handles are closed, and sets *history to NULL at once. Accepts NULL. */
void rs_history_close(rs_history_t **history);

#endif
