/* Is there one backend behind this connection, always the same? A pooler is noticed because the connection was told a process number that
 * is not its backend's. Then a second connection opens a transaction and holds it, while the first asks again who answers: a pooler that
 * lends backends by transaction has just lent that one to the second. */
#include "store/store_internal.h"

#include <stdlib.h>

enum { PROBE_MS = 2000 };   /* a pool in session mode that is used up does not answer the probe: then it is none by transaction */

static void go_on(rs_store_t *store) {
    rs__pooler_drop(store);
    rs__session_prepare(store);
}

void rs__pooler_drop(rs_store_t *store) {
    if (store->probe != NULL && rs__link_is_open(store->probe)) rs__link_drop(store->probe);
}

void rs__pooler_refuse(rs_store_t *store) {
    rs__pooler_drop(store);
    rs__store_fail(store,
                   "database: this is a connection pool that lends backends by transaction or statement (PgBouncer's pool_mode), which"
                   " cannot be written through: connect to PostgreSQL itself, or to a pool with pool_mode = session");
    rs__store_fault(store, RS_STORE_FAULT_POOLER);
    rs__store_retry_later(store, true);
}

void rs__pooler_judge(rs_store_t *store) {
    if (store->seen_backend != store->backend) rs__pooler_refuse(store);
    else go_on(store);
}

/* --- the second connection --------------------------------------------------------------------------------------------- */
static void on_connected(void *context) {
    rs_store_t *store = context;
    rs__link_send(store->probe, "BEGIN; SELECT pg_backend_pid()", PROBE_MS);
}

static void on_result(void *context, const PGresult *result) {
    rs_store_t *store = context;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    store->probe_refused = store->probe_refused || (state != NULL && strcmp(state, "08P01") == 0);   /* no transactions here */
}

static void on_done(void *context) {
    rs_store_t *store = context;
    if (store->probe_refused) rs__pooler_refuse(store);
    else rs__session_ask_backend(store);
}

static void on_lost(void *context, const char *why) {
    rs_store_t *store = context;
    (void)why;
    if (store->probe_refused) rs__pooler_refuse(store);
    else if (store->step == RS__STEP_NONE) go_on(store);   /* else the first connection's answer says it */
}

static void on_copy_ready(void *context) { (void)context; }
static void on_notice(void *context, const char *text) { (void)context, (void)text; }

static int make_probe(rs_store_t *store) {
    const rs__link_callbacks_t callbacks = {.context = store, .on_connected = on_connected, .on_result = on_result,
                                            .on_copy_ready = on_copy_ready, .on_done = on_done, .on_lost = on_lost, .on_notice = on_notice};
    if (store->probe != NULL) return RS_OK;
    const int status = rs__link_create_beside(store->link, &callbacks, &store->probe);
    if (status == RS_OK) store->open_handles++;
    return status;
}

void rs__pooler_probe(rs_store_t *store) {
    if (make_probe(store) != RS_OK) go_on(store);   /* every transaction looks at its backend anyway */
    else rs__link_open(store->probe, (uint64_t)(store->connect_timeout_us / RS_US_PER_MS));
}
