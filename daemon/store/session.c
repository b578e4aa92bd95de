/* The conversation with the database.
 *
 *   preparing   settings, is it one backend (pooler.c), schema, mark, staging tables
 *   one batch   BEGIN and the mark from n to n + 1        another daemon's epoch: fenced
 *               for each kind of entry: COPY into its staging table, merge
 *               COMMIT
 * A refused entry is found by halving: the same batch number is tried with half of that feed's entries, down to one; that one
 * is put into quarantine. What went in is done with; the rest follows under the next number. The mark's position moves with
 * the last slice of the rows, edges and contacts only.
 * Before it, when need be: the months that its rows lie in (partitions.h), and every hour the upkeep of all of them.
 * When the connection is lost, the transaction's end is unknown. The next connection locks and reads the mark (the lock waits
 * for a backend that is still busy committing): at n + 1 the batch is in, at n it is not.
 */
#include "store/store_internal.h"

#include "base/planted.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ANSWER_MS = 90000, POOLER_MS = 5000, CHUNK_BYTES = 64 * 1024, CHUNKS_PER_TURN = 4, RETRIES_AT_ONCE = 5, UPKEEP_MS = 3600 * 1000
};

static const char settings_sql[] =
    "SET client_min_messages = warning; SET TimeZone = 'UTC'; SET search_path = pg_catalog;"
    " SET statement_timeout = '60s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s';"
    " SET synchronous_commit = on; SET tcp_keepalives_idle = 30; SELECT pg_backend_pid()";

static void send_sql_within(rs_store_t *store, rs__step_t step, const char *sql, uint64_t answer_ms) {
    store->step = step;
    store->has_error = false;
    store->has_mark = false;
    store->seen_backend = 0;
    rs__link_send(store->link, sql, answer_ms);
}
static void send_sql(rs_store_t *store, rs__step_t step, const char *sql) { send_sql_within(store, step, sql, ANSWER_MS); }

static void send_printed(rs_store_t *store, rs__step_t step) {
    if (store->buffer.failed) {
        rs__store_fail(store, "out of memory");
        rs__store_retry_later(store, false);
        return;
    }
    send_sql(store, step, (const char *)store->buffer.bytes);
}

static void next_migration_step(rs_store_t *store);

/* --- preparing ----------------------------------------------------------------------------------------------------- */
void rs__session_connect(rs_store_t *store) {
    rs__store_set_state(store, RS_STORE_CONNECTING);
    rs__link_open(store->link, (uint64_t)(store->connect_timeout_us / RS_US_PER_MS));
}

static void on_connected(void *context) {
    rs_store_t *store = context;
    rs__store_set_state(store, RS_STORE_PREPARING);
    send_sql(store, RS__STEP_SETTINGS, settings_sql);
}

void rs__session_ask_backend(rs_store_t *store) { send_sql_within(store, RS__STEP_POOLER, "SELECT pg_backend_pid()", POOLER_MS); }

void rs__session_prepare(rs_store_t *store) { next_migration_step(store); }

/* The settings are made. */
static void know_backend(rs_store_t *store) {
    store->backend = store->seen_backend;
    store->step = RS__STEP_NONE;
    store->probe_refused = false;
    if (rs__link_backend(store->link) == store->backend) rs__session_prepare(store);
    else rs__pooler_probe(store);
}

/* Where it begins and, in next_migration_step, where it ends: a new database has more files than the log takes lines of one kind. */
static void print_migration(void *context, const char *line) {
    rs_store_t *store = context;
    if (!store->is_changing_schema) rs__store_say(store, RS_STORE_INFO, "database: %s, and what follows it", line);
    store->is_changing_schema = true;
}

static void end_migrator(rs_store_t *store) {
    if (store->migrating) rs__migrator_deinit(&store->migrator);
    store->migrating = false;
}

static void open_stream(rs_store_t *store) {
    rs__buffer_clear(&store->buffer);
    if (store->epoch == 0)
        rs__buffer_print(&store->buffer, "SELECT stream_id, epoch, batch, position, newest FROM ringside.open_stream('%s', %" PRId64
                         ", %" PRId64 ")", store->stream, store->run, store->highest_epoch);
    else
        rs__buffer_print(&store->buffer, "SELECT stream_id, epoch, batch, position, newest FROM ringside.mark WHERE stream = '%s'"
                         " FOR UPDATE", store->stream);
    send_printed(store, RS__STEP_OPEN);
}

static void next_migration_step(rs_store_t *store) {
    if (!store->migrating) {
        rs__migrator_init(&store->migrator, store->migrate ? RS__MIGRATE_APPLY : RS__MIGRATE_CHECK, print_migration, store);
        store->migrating = true;
        store->is_changing_schema = false;
    }
    const char *sql = rs__migrator_next(&store->migrator);
    if (sql != NULL) {
        send_sql(store, RS__STEP_SCHEMA, sql);
        return;
    }
    const int status = store->migrator.status;
    if (status != RS_OK) rs__store_fail(store, "database: %s", store->migrator.message);
    else if (store->is_changing_schema) rs__store_say(store, RS_STORE_INFO, "database: %s", store->migrator.message);
    end_migrator(store);
    if (status == RS_OK) open_stream(store);
    else rs__store_retry_later(store, status == RS_ERR_VERSION || status == RS_ERR_STATE);
}

static void create_staging(rs_store_t *store) { send_sql(store, RS__STEP_STAGE, store->sql[store->step_feed].stage); }

/* --- what became of a transaction ---------------------------------------------------------------------------------- */
static bool is_record_feed(size_t feed) { return feed >= RS__FEED_TRANSITIONS; }

void rs__session_forget(rs_store_t *store) {
    if (!store->in_flight) return;
    store->in_flight = store->commit_sent = false;
    for (size_t feed = RS__FEED_TRANSITIONS; feed < RS__FEED_COUNT; feed++)
        if (store->counts[feed] > 0) rs__records_returned(store->records, (rs__feed_id_t)feed);
}

static void remember_policies(rs_store_t *store) {
    for (size_t i = 0; i < store->counts[RS__FEED_POLICIES]; i++) {
        /* Versions that are not counted any more need not be remembered; storing one again would do no harm. */
        if (store->stored_policy_count == RS_ROW_BATCH_POLICIES) store->stored_policy_count = 0;
        store->stored_policies[store->stored_policy_count++] = *rs_row_batch_policy(store->batch, store->sent_policies[i]);
    }
}

static size_t rows_left(const rs_store_t *store) {
    return store->batch == NULL ? 0 : rs_row_batch_count(store->batch) - store->rows_done;
}
static size_t edges_left(const rs_store_t *store) {
    return store->batch == NULL ? 0 : rs_row_batch_edge_count(store->batch) - store->edges_done;
}

static size_t contacts_left(const rs_store_t *store) {
    return store->batch == NULL ? 0 : rs_row_batch_contact_count(store->batch) - store->contacts_done;
}

static void release(rs_store_t *store, size_t feed) {
    const uint64_t position = rs__records_written(store->records, (rs__feed_id_t)feed);
    if (position > store->relied) store->relied = position;
}

/* The transaction is in. */
static void stored(rs_store_t *store) {
    store->in_flight = store->commit_sent = false;
    store->confirmed++;
    store->status.batches++;
    store->stored_ms = uv_now(store->loop);
    remember_policies(store);
    store->position = (int64_t)store->moving_to;
    store->newest = store->moving_newest;
    for (size_t feed = RS__FEED_TRANSITIONS; feed < RS__FEED_COUNT; feed++)
        if (store->counts[feed] > 0) release(store, feed);
    store->status.transitions_written += store->counts[RS__FEED_TRANSITIONS];
    store->status.refusals_written += store->counts[RS__FEED_REFUSALS];
    store->status.rows_written += store->counts[RS__FEED_ROWS];
    store->status.edges_written += store->counts[RS__FEED_EDGES];
    store->status.contacts_written += store->counts[RS__FEED_FACTS];
    for (size_t feed = 0; feed < RS__FEED_COUNT; feed++) store->limits[feed] *= 2;
    store->retries = 0;
    store->months_doubted = false;
    rs__store_works(store);
    if (store->batch == NULL) return;
    if (store->side == RS__SIDE_REBUILT) {
        store->status.rebuilt_rows += store->counts[RS__FEED_ROWS] + store->counts[RS__FEED_EDGES] + store->counts[RS__FEED_FACTS];
    }
    store->rows_done += (uint32_t)store->counts[RS__FEED_ROWS];
    store->edges_done += (uint32_t)store->counts[RS__FEED_EDGES];
    store->contacts_done += (uint32_t)store->counts[RS__FEED_FACTS];
    /* A slice of all rows, but not of all transitions, leaves the batch in hand: its position counts with the rest of them. */
    if (rows_left(store) + edges_left(store) + contacts_left(store) > 0 || !store->whole) return;
    if (store->side == RS__SIDE_NORMAL) {
        if (store->batch_position > store->reached) {
            store->reached = store->batch_position;
            store->reached_watermark_us = store->batch_watermark_us;
        }
        if (store->batch_newest > store->relied) store->relied = store->batch_newest;
    }
    memset(store->limits, 0, sizeof store->limits);
    rs__store_give_back(store, true);
}

static void become_idle(rs_store_t *store) {
    rs__store_set_state(store, RS_STORE_IDLE);
    store->step = RS__STEP_NONE;
    rs__store_proceed(store);
}

/* Batches that were stored are gone, and with them whatever was in them. */
static void forgotten(rs_store_t *store) {
    store->status.rewinds++;
    rs__store_say(store, RS_STORE_ERROR,
                  "database: %" PRId64 " batches of stream %s that were stored are gone (restored, or a stand-by that"
                  " lagged)", store->confirmed - store->mark_batch, store->stream);
    store->rebuilding = false;   /* what was written of that may be gone, too */
    store->made = 0;
    store->reached = (uint64_t)store->mark_position;
    if (store->relied > store->lacking && !RS_PLANTED(REWIND_UNNOTICED)) store->lacking = store->relied;
    rs__records_forgotten(store->records);
}

/* The mark as the database has it now, against what we know. */
static void judge_mark(rs_store_t *store) {
    const bool newly_opened = store->epoch == 0;
    if (!store->has_mark || (!newly_opened && store->mark_epoch < store->epoch)) {
        rs__store_say(store, RS_STORE_ERROR, "database: it has forgotten that this daemon opened stream %s (restored, or a "
                      "stand-by that lagged): opening it again", store->stream);
        store->epoch = 0;
        open_stream(store);
        return;
    }
    if (!newly_opened && store->mark_epoch > store->epoch && !RS_PLANTED(EPOCH_IGNORED)) {
        char why[192];
        snprintf(why, sizeof why, "database: stream %s was opened by another daemon (epoch %" PRId64 ", ours is %" PRId64 ")",
                 store->stream, store->mark_epoch, store->epoch);
        rs__store_fenced(store, why);
        return;
    }
    store->epoch = store->mark_epoch;
    if (store->epoch > store->highest_epoch) store->highest_epoch = store->epoch;
    store->stream_id = store->mark_stream_id;
    if (store->in_flight) {
        const bool is_in = store->mark_batch == store->confirmed + 1 || (RS_PLANTED(COMMIT_BELIEVED) && store->commit_sent);
        if (store->commit_sent) *(is_in ? &store->status.ambiguous_stored : &store->status.ambiguous_resent) += 1;
        if (is_in) stored(store);
        else rs__session_forget(store);
    }
    if (store->mark_batch < store->confirmed) forgotten(store);
    else if (store->status.connects == 0 && (uint64_t)store->mark_newest < store->relied) store->lacking = store->relied;
    store->confirmed = store->mark_batch;
    store->position = store->mark_position;
    store->newest = (uint64_t)store->mark_newest;
    store->step_feed = 0;
    create_staging(store);
}

static void prepared(rs_store_t *store) {
    store->status.connects++;
    store->stored_policy_count = 0;   /* it may be another database now */
    store->months = (rs__months_t){0};
    store->next_upkeep_ms = 0;
    if (store->status.connects == 1)
        rs__store_say(store, RS_STORE_INFO, "database: connected (stream %s, epoch %" PRId64 ")", store->stream, store->epoch);
    become_idle(store);
}

/* --- one batch ----------------------------------------------------------------------------------------------------- */
static size_t limited(const rs_store_t *store, size_t feed, size_t waiting) {
    return store->limits[feed] > 0 && waiting > store->limits[feed] ? store->limits[feed] : waiting;
}

static bool is_stored_policy(const rs_store_t *store, const rs_policy_t *policy) {
    for (size_t i = 0; i < store->stored_policy_count; i++)
        if (strcmp(store->stored_policies[i].name, policy->name) == 0 && store->stored_policies[i].version == policy->version)
            return true;
    return false;
}

static size_t new_policies(rs_store_t *store) {
    size_t count = 0;
    const uint32_t all = store->batch == NULL ? 0 : rs_row_batch_policy_count(store->batch);
    for (uint32_t i = 0; i < all; i++)
        if (!is_stored_policy(store, rs_row_batch_policy(store->batch, i))) store->sent_policies[count++] = i;
    return count;
}

static uint64_t greater(uint64_t a, uint64_t b) { return a > b ? a : b; }

static uint64_t choose_newest(const rs_store_t *store) {
    if (rs__store_lacks(store)) return store->newest;
    const bool ends_batch = store->whole && store->batch != NULL && store->side == RS__SIDE_NORMAL;
    const uint64_t rests_on = greater(store->relied, ends_batch ? store->batch_newest : 0);
    return greater(rests_on, greater(store->moving_to, store->newest));
}

/* Where the transaction moves the mark to; returns the watermark that goes with it, 0: as before. */
static int64_t choose_position(rs_store_t *store) {
    store->moving_to = greater((uint64_t)store->position, store->made);
    if (rs__store_lacks(store)) return 0;
    int64_t watermark_us = 0;
    if (store->reached > store->moving_to) {
        store->moving_to = store->reached;
        watermark_us = store->reached_watermark_us;
    }
    if (store->whole && store->batch == NULL && store->nothing_upto > store->moving_to) store->moving_to = store->nothing_upto;
    const bool ends_batch = (store->whole || RS_PLANTED(MARK_OF_A_SLICE)) && store->batch != NULL && store->side == RS__SIDE_NORMAL;
    if (!ends_batch || store->batch_position <= store->moving_to) return watermark_us;
    store->moving_to = store->batch_position;
    return store->batch_watermark_us;
}

/* True when something has to be asked for before the batch can go; it begins again when that is done. */
static bool make_months_first(rs_store_t *store) {
    const uint64_t now_ms = uv_now(store->loop);
    rs__step_t step = RS__STEP_UPKEEP;
    rs__buffer_clear(&store->buffer);
    if (now_ms >= store->next_upkeep_ms && !store->closing) {
        store->next_upkeep_ms = now_ms + UPKEEP_MS;
        store->months = (rs__months_t){0};   /* some may be dropped now */
        rs__buffer_print(&store->buffer, "SELECT ringside.upkeep()");
    } else {
        step = RS__STEP_PARTITIONS;
        if (store->batch == NULL || !rs__months_print_missing(&store->months, store->batch, &store->buffer)) return false;
    }
    rs__store_set_state(store, RS_STORE_WRITING);
    send_printed(store, step);
    return true;
}

void rs__session_begin(rs_store_t *store) {
    if (make_months_first(store)) return;
    const size_t rows = rows_left(store), edges = edges_left(store), contacts = contacts_left(store);
    store->counts[RS__FEED_POLICIES] = limited(store, RS__FEED_POLICIES, new_policies(store));
    store->counts[RS__FEED_ROWS] = limited(store, RS__FEED_ROWS, rows);
    store->counts[RS__FEED_EDGES] = limited(store, RS__FEED_EDGES, edges);
    store->counts[RS__FEED_FACTS] = limited(store, RS__FEED_FACTS, contacts);
    bool all_records = true;
    for (size_t feed = RS__FEED_TRANSITIONS; feed < RS__FEED_COUNT; feed++) {
        const size_t waiting = rs__records_waiting(store->records, (rs__feed_id_t)feed);
        store->counts[feed] = limited(store, feed, waiting);
        all_records = all_records && store->counts[feed] == waiting;
        rs__records_take(store->records, (rs__feed_id_t)feed, store->counts[feed]);
    }
    store->in_flight = true;
    rs__store_set_state(store, RS_STORE_WRITING);
    store->whole = all_records && store->counts[RS__FEED_ROWS] == rows && store->counts[RS__FEED_EDGES] == edges &&
                   store->counts[RS__FEED_FACTS] == contacts;
    const int64_t watermark_us = choose_position(store);
    store->moving_newest = choose_newest(store);
    rs__buffer_clear(&store->buffer);
    rs__buffer_print(&store->buffer,
                     "BEGIN; SELECT pg_backend_pid(), ringside.advance_mark(%d, %" PRId64 ", %" PRId64 ", %" PRIu64 ", %" PRIu64 ", ",
                     store->stream_id, store->epoch, store->confirmed + 1, store->moving_to, store->moving_newest);
    if (watermark_us > 0) rs__buffer_print(&store->buffer, "%" PRId64 ")", watermark_us);
    else rs__buffer_print(&store->buffer, "NULL)");
    if (RS_PLANTED(MARK_OUTSIDE)) rs__buffer_print(&store->buffer, "; COMMIT; BEGIN");
    send_printed(store, RS__STEP_BEGIN);
}

/* The next feed from `feed` on that has entries; without one, COMMIT. */
static void copy_or_commit(rs_store_t *store, size_t feed) {
    while (feed < RS__FEED_COUNT && store->counts[feed] == 0) feed++;
    if (feed < RS__FEED_COUNT) {
        store->step_feed = feed;
        store->copied = 0;
        send_sql(store, RS__STEP_COPY, store->sql[feed].copy);
        return;
    }
    rs__store_set_state(store, RS_STORE_COMMITTING);
    store->commit_sent = true;
    send_sql(store, RS__STEP_COMMIT, "COMMIT");
}

static void encode(rs_store_t *store, size_t i, rs__buffer_t *buffer) {
    switch ((rs__feed_id_t)store->step_feed) {
        case RS__FEED_POLICIES:
            rs__policy_encode(rs_row_batch_policy(store->batch, store->sent_policies[i]), buffer);
            break;
        case RS__FEED_ROWS:
            rs__rows_encode(store->batch, store->rows_done + (uint32_t)i, store->run, store->stream_id, buffer);
            break;
        case RS__FEED_EDGES:
            rs__edges_encode(store->batch, store->edges_done + (uint32_t)i, store->run, store->stream_id, buffer);
            break;
        case RS__FEED_FACTS:
            rs__facts_encode(store->batch, store->contacts_done + (uint32_t)i, store->run, store->stream_id, buffer);
            break;
        default:
            rs__records_encode(store->records, (rs__feed_id_t)store->step_feed, i == 0, store->run, store->stream_id, buffer);
            break;
    }
}

/* A few pieces per turn, so that the loop goes on meanwhile. */
static void on_copy_ready(void *context) {
    rs_store_t *store = context;
    const size_t count = store->counts[store->step_feed];
    for (int chunk = 0; chunk < CHUNKS_PER_TURN && store->copied < count; chunk++) {
        rs__buffer_clear(&store->buffer);
        if (store->copied == 0) rs__copy_begin(&store->buffer);
        while (store->copied < count && store->buffer.len < CHUNK_BYTES && !store->buffer.failed)
            encode(store, store->copied++, &store->buffer);
        if (store->copied == count) rs__copy_end(&store->buffer);
        if (store->buffer.failed) {
            rs__store_fail(store, "out of memory");
            rs__store_retry_later(store, false);
            return;
        }
        if (!rs__link_put(store->link, store->buffer.bytes, store->buffer.len)) return;
    }
    if (store->copied == count) rs__link_end_copy(store->link);
}

static void merge(rs_store_t *store) {
    if (store->step_feed != RS__FEED_ROWS) {
        send_sql(store, RS__STEP_MERGE, store->sql[store->step_feed].merge);
        return;
    }
    uint32_t families = 0;
    for (size_t i = 0; i < store->counts[RS__FEED_ROWS]; i++)
        families |= 1u << rs_row_batch_at(store->batch, store->rows_done + (uint32_t)i)->key.family;
    rs__buffer_clear(&store->buffer);
    rs__rows_merge_sql(families, &store->buffer);
    send_printed(store, RS__STEP_MERGE);
}

/* --- errors -------------------------------------------------------------------------------------------------------- */
static void quarantine(rs_store_t *store, size_t feed) {
    rs__buffer_t bytes = {0};
    const char *what = feed == RS__FEED_ROWS ? "row_refused" : feed == RS__FEED_EDGES ? "edge_refused" : "facts_refused";
    if (feed == RS__FEED_ROWS) rs__rows_encode(store->batch, store->rows_done++, 0, 0, &bytes);
    else if (feed == RS__FEED_EDGES) rs__edges_encode(store->batch, store->edges_done++, 0, 0, &bytes);
    else rs__facts_encode(store->batch, store->contacts_done++, 0, 0, &bytes);
    const rs_str_t text = {(const char *)bytes.bytes, (uint32_t)bytes.len};
    uv_timeval64_t now = {0};
    uv_gettimeofday(&now);
    const int status = rs__records_add_refusal(store->records, RS_STR("ringside/store"), false, 0, what,
                                               store->error_state, (uint32_t)bytes.len, rs_refused_hash(store->hash_key, text),
                                               now.tv_sec * RS_US_PER_S + now.tv_usec,
                                               (rs__effect_t){(uint64_t)store->confirmed + 1, --store->own_refusals, false});
    if (status != RS_OK) rs__store_say(store, RS_STORE_ERROR, "database: a refused row, edge or contact could not be put into quarantine");
    rs__buffer_deinit(&bytes);
}

/* Data of the feed in hand were refused: fewer next time, or, when it was one entry, without it. */
static void blame(rs_store_t *store) {
    const size_t feed = store->step_feed, count = store->counts[feed];
    if (count > 1) {
        store->limits[feed] = count / 2;
        rs__session_forget(store);
        return;
    }
    rs__store_say(store, RS_STORE_ERROR, "database: an entry was refused (%s: %s) and is put into quarantine",
                  store->error_state, store->error_text);
    store->status.poisoned++;
    if (feed == RS__FEED_POLICIES) remember_policies(store);
    if (is_record_feed(feed)) {
        rs__records_written(store->records, (rs__feed_id_t)feed);
        store->counts[feed] = 0;
    }
    rs__session_forget(store);
    if (feed == RS__FEED_ROWS || feed == RS__FEED_EDGES || feed == RS__FEED_FACTS) quarantine(store, feed);
}

static void failed(rs_store_t *store) {
    const char *state = store->error_state;
    const rs_store_fault_t fault = rs__sqlstate_fault(state, store->has_constraint);
    rs__remedy_t remedy = rs__store_fault(store, fault);
    if (remedy == RS__REMEDY_STOP) {
        rs__store_fenced(store, store->error_text);
        return;
    }
    if (store->step == RS__STEP_UPKEEP) {   /* the next hour comes; what a batch needs is made in any case */
        rs__store_say(store, RS_STORE_WARNING, "database: months could not be made ahead or dropped: %s (SQLSTATE %s)",
                      store->error_text, state);
        become_idle(store);
        return;
    }
    if (store->step == RS__STEP_MERGE && strcmp(state, "23514") == 0 && !store->months_doubted) {
        store->months_doubted = true;
        store->months = (rs__months_t){0};
        rs__session_forget(store);
        send_sql(store, RS__STEP_ROLLBACK, "ROLLBACK");
        return;
    }
    if (remedy == RS__REMEDY_HALVE && (store->step == RS__STEP_COPY || store->step == RS__STEP_MERGE)) {
        blame(store);
        send_sql(store, RS__STEP_ROLLBACK, "ROLLBACK");
        return;
    }
    const bool in_batch = store->step >= RS__STEP_BEGIN && store->step != RS__STEP_COMMIT;
    if (remedy == RS__REMEDY_AGAIN && in_batch && store->retries++ < RETRIES_AT_ONCE) {
        rs__session_forget(store);
        send_sql(store, RS__STEP_ROLLBACK, "ROLLBACK");
        return;
    }
    /* Whatever else it was: a new connection looks at the mark first, so nothing has to be known about this one's end. */
    rs__store_fail(store, "database: %s (SQLSTATE %s)", store->error_text, state);
    rs__store_retry_later(store, remedy == RS__REMEDY_WAIT || remedy == RS__REMEDY_HALVE);
}

/* --- what the link tells ------------------------------------------------------------------------------------------- */
static void keep_error(rs_store_t *store, const PGresult *result) {
    if (store->has_error) return;
    store->has_error = true;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    snprintf(store->error_state, sizeof store->error_state, "%s", state == NULL ? "08000" : state);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    store->has_constraint = constraint != NULL && constraint[0] != '\0';
    if (text == NULL) text = PQresultErrorMessage(result);
    snprintf(store->error_text, sizeof store->error_text, "%s", text[0] == '\0' ? "unexpected answer" : text);
}

static void on_result(void *context, const PGresult *result) {
    rs_store_t *store = context;
    if (store->step == RS__STEP_SCHEMA) {
        rs__migrator_result(&store->migrator, result);
        return;
    }
    const ExecStatusType type = PQresultStatus(result);
    if (type != PGRES_COMMAND_OK && type != PGRES_TUPLES_OK && type != PGRES_EMPTY_QUERY) {
        keep_error(store, result);
    } else if (store->step == RS__STEP_COMMIT && strcmp(PQcmdStatus((PGresult *)result), "COMMIT") != 0) {
        keep_error(store, result);   /* an aborted transaction answers ROLLBACK, and that is no error to libpq */
    } else if (type == PGRES_TUPLES_OK &&
               (store->step == RS__STEP_SETTINGS || store->step == RS__STEP_POOLER || store->step == RS__STEP_BEGIN)) {
        store->seen_backend = PQntuples(result) == 1 ? (int32_t)strtol(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    } else if (store->step == RS__STEP_OPEN && type == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        store->has_mark = true;
        store->mark_stream_id = (int32_t)strtol(PQgetvalue(result, 0, 0), NULL, 10);
        store->mark_epoch = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
        store->mark_batch = strtoll(PQgetvalue(result, 0, 2), NULL, 10);
        store->mark_position = strtoll(PQgetvalue(result, 0, 3), NULL, 10);
        store->mark_newest = strtoll(PQgetvalue(result, 0, 4), NULL, 10);
    }
}

static void on_done(void *context) {
    rs_store_t *store = context;
    if (store->has_error) {
        failed(store);
        return;
    }
    switch (store->step) {
        case RS__STEP_SETTINGS: know_backend(store); break;
        case RS__STEP_POOLER: rs__pooler_judge(store); break;
        case RS__STEP_SCHEMA: next_migration_step(store); break;
        case RS__STEP_OPEN: judge_mark(store); break;
        case RS__STEP_STAGE:
            if (++store->step_feed < RS__FEED_COUNT) create_staging(store);
            else prepared(store);
            break;
        case RS__STEP_PARTITIONS:
            rs__months_made(&store->months, store->batch);
            become_idle(store);
            break;
        case RS__STEP_BEGIN:
            if (store->seen_backend == store->backend) copy_or_commit(store, 0);
            else rs__pooler_refuse(store);
            break;
        case RS__STEP_COPY: merge(store); break;
        case RS__STEP_MERGE: copy_or_commit(store, store->step_feed + 1); break;
        case RS__STEP_COMMIT:
            stored(store);
            become_idle(store);
            break;
        case RS__STEP_UPKEEP:
        case RS__STEP_ROLLBACK: become_idle(store); break;
        case RS__STEP_NONE: break;
    }
}

static void on_lost(void *context, const char *why) {
    rs_store_t *store = context;
    end_migrator(store);
    if (store->step == RS__STEP_POOLER && rs__link_is_open(store->probe)) {   /* no second backend to be had beside the probe's
                                                                                 transaction */
        rs__pooler_refuse(store);
        return;
    }
    rs__store_fault(store, store->has_error ? rs__sqlstate_fault(store->error_state, store->has_constraint) : RS_STORE_FAULT_CONNECTION);
    if (store->has_error) rs__store_fail(store, "database: %s (SQLSTATE %s)", store->error_text, store->error_state);
    else rs__store_fail(store, "database: not there, what is to be stored waits and it is tried again: %s", why);
    store->has_error = false;
    rs__store_retry_later(store, false);
}

static void on_notice(void *context, const char *text) { rs__store_say(context, RS_STORE_WARNING, "database says: %s", text); }

const rs__link_callbacks_t rs__session_callbacks = {.on_connected = on_connected, .on_result = on_result,
                                                    .on_copy_ready = on_copy_ready, .on_done = on_done, .on_lost = on_lost,
                                                    .on_notice = on_notice};
