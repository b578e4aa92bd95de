/* store/feeds.h — the seven kinds of things that a batch may hold, each the same way: COPY into a staging table of the session,
 * then one statement that merges it. Private to the store's room.
 *
 * Model:     a feed knows how many entries wait, encodes the i-th of them, and forgets the first n once they are in. The
 *            session (session.c) does not know what they are.
 */
#ifndef RS_STORE_FEEDS_H
#define RS_STORE_FEEDS_H

#include "store/buffer.h"
#include "store/store.h"

typedef enum rs__feed_id { RS__FEED_POLICIES, RS__FEED_ROWS, RS__FEED_EDGES, RS__FEED_FACTS, RS__FEED_TRANSITIONS, RS__FEED_REFUSALS,
                           RS__FEED_SOURCES, RS__FEED_COUNT } rs__feed_id_t;

typedef struct rs__feed_sql {
    char *stage, *copy, *merge;    /* create the staging table; fill it; merge it and nothing else */
} rs__feed_sql_t;

/* --- rows.c ------------------------------------------------------------------------------------------------------- */
/* The statements for rows, from the list of counts; merging is rs__rows_merge_sql's. RS_ERR_MEMORY. Free with
 * rs__feed_sql_deinit. */
RS_MUST_CHECK int rs__rows_sql(rs__feed_sql_t *sql);
/* Appends the statements that merge the staged rows of these families (a bit set of rs_key_family_t). */
void rs__rows_merge_sql(uint32_t families, rs__buffer_t *sql);
void rs__rows_encode(const rs_row_batch_t *batch, uint32_t i, int64_t run, int32_t stream_id, rs__buffer_t *buffer);
/* Names of the columns of queue_interval_part that rows fill, in order; for tests. */
const char *rs__rows_column(size_t i);
size_t rs__rows_columns(void);
RS_MUST_CHECK int rs__policies_sql(rs__feed_sql_t *sql);
void rs__policy_encode(const rs_policy_t *policy, rs__buffer_t *buffer);
void rs__feed_sql_deinit(rs__feed_sql_t *sql);

/* --- edges.c ------------------------------------------------------------------------------------------------------ */
/* The statements for edges of the process map. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs__edges_sql(rs__feed_sql_t *sql);
void rs__edges_encode(const rs_row_batch_t *batch, uint32_t i, int64_t run, int32_t stream_id, rs__buffer_t *buffer);

/* --- facts.c ------------------------------------------------------------------------------------------------------ */
/* The statements for contacts with their facts. RS_ERR_MEMORY. An entry is a contact: several staged rows. */
RS_MUST_CHECK int rs__facts_sql(rs__feed_sql_t *sql);
void rs__facts_encode(const rs_row_batch_t *batch, uint32_t i, int64_t run, int32_t stream_id, rs__buffer_t *buffer);

/* --- records.c: bounded queues of what is added one by one --------------------------------------------------------- */
typedef struct rs__records rs__records_t;
/* What an entry is known by. Positions can be made again from the journal, and are owed when they are dropped; others, whose place only
 * has to be one that nothing else ever has, cannot. */
typedef struct rs__effect { uint64_t place; int32_t ordinal; bool is_position; } rs__effect_t;
typedef struct rs__records_limits { uint32_t transitions, refusals, sources; } rs__records_limits_t;
RS_MUST_CHECK int rs__records_create(const rs__records_limits_t *limits, rs__records_t **records);
void rs__records_destroy(rs__records_t **records);

RS_MUST_CHECK int rs__records_add_transition(rs__records_t *records, const rs_alert_transition_t *transition,
                                             rs__effect_t effect);
RS_MUST_CHECK int rs__records_add_refusal(rs__records_t *records, rs_str_t source, bool has_seq, uint64_t seq, const char *reason,
                                          const char *field, uint32_t len, uint64_t hash, int64_t at_us, rs__effect_t effect);
RS_MUST_CHECK int rs__records_add_source(rs__records_t *records, const rs_accounting_t *accounting);

/* For TRANSITIONS, REFUSALS and SOURCES. */
RS_MUST_CHECK int rs__records_sql(rs__feed_id_t feed, rs__feed_sql_t *sql);
size_t rs__records_waiting(const rs__records_t *records, rs__feed_id_t feed);
/* The first n are on their way: they stay what and where they are until written or returned. */
void rs__records_take(rs__records_t *records, rs__feed_id_t feed, size_t n);
/* Encodes the next of the taken ones; `first` begins again. */
void rs__records_encode(rs__records_t *records, rs__feed_id_t feed, bool first, int64_t run, int32_t stream_id,
                        rs__buffer_t *buffer);
/* Returns the highest position among them, 0 when none has one. */
uint64_t rs__records_written(rs__records_t *records, rs__feed_id_t feed);
void rs__records_returned(rs__records_t *records, rs__feed_id_t feed);
uint64_t rs__records_dropped(const rs__records_t *records, rs__feed_id_t feed);
/* The highest position that was dropped, 0: none. */
uint64_t rs__records_dropped_position(const rs__records_t *records);
/* The database has forgotten: what is known of the sources waits again. */
void rs__records_forgotten(rs__records_t *records);

#endif
