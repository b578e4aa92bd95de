/* core/row_batch.h — an owned, reusable copy of rows and edges, to carry them from the core's thread to another.
 *
 * Model:     create once; then clear → add… (from within rs_core_collect's callback) → hand over → read → hand
 *            back → clear again. Policies that rows name are copied too (the first 64 different ones; further ones stay the
 *            core's), so that the batch rests on nothing of the core's.
 * Threads:   one at a time; handing it over is the caller's business (a message between the loops orders it).
 * Memory:    the rows' array at create; strings and histograms in blocks that are taken as needed up to max_bytes, kept by
 *            clear and given back by destroy. So nothing is allocated once a batch of the usual size went through it.
 * Overload:  add refuses with RS_ERR_FULL and changes nothing. rs_core_collect marks a row as collected when it hands it out,
 *            so a batch for it must never refuse: give max_rows to collect as its `max`, and max_bytes 0.
 */
#ifndef RS_CORE_ROW_BATCH_H
#define RS_CORE_ROW_BATCH_H

#include "core/contact_row.h"
#include "core/process/row.h"
#include "core/row.h"

/* Most that one row takes besides its place in the array: two names and every bucket of every histogram. */
#define RS_ROW_BATCH_ROW_BYTES \
    ((uint64_t)(2 * RS_MAX_NAME + RS_HIST_COUNT * RS_HIST_BUCKETS * (int)sizeof(rs_hist_entry_t) + 64))

enum { RS_ROW_BATCH_POLICIES = 64 };   /* different ones in one batch */

typedef struct rs_row_batch rs_row_batch_t;

/* Room for `max_rows` (1 … 1,000,000) rows and `max_bytes` of strings and histograms; 0: as much as max_rows rows can need,
 * so that only max_rows limits it. RS_ERR_INVALID, RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_row_batch_create(uint32_t max_rows, uint64_t max_bytes, rs_row_batch_t **batch);
void rs_row_batch_destroy(rs_row_batch_t **batch);

/* No rows and no policies; keeps the memory. */
void rs_row_batch_clear(rs_row_batch_t *batch);
/* Copies the row. RS_ERR_FULL: no place for it, nothing changed. RS_ERR_INVALID: a name longer than RS_MAX_NAME or a
 * histogram with more than RS_HIST_BUCKETS entries. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_row_batch_add(rs_row_batch_t *batch, const rs_row_t *row);
uint32_t rs_row_batch_count(const rs_row_batch_t *batch);
uint32_t rs_row_batch_max_rows(const rs_row_batch_t *batch);
/* Row i < count; what it points to stays valid until the batch is cleared or destroyed. */
void rs_row_batch_get(const rs_row_batch_t *batch, uint32_t i, rs_row_t *row);
const rs_row_t *rs_row_batch_at(const rs_row_batch_t *batch, uint32_t i);

/* The different policies that the rows name, i < policy_count. */
uint32_t rs_row_batch_policy_count(const rs_row_batch_t *batch);
const rs_policy_t *rs_row_batch_policy(const rs_row_batch_t *batch, uint32_t i);
/* For rows that name no policies of their own: SL_NUM_<slot> and SL_DEN_<slot> of rows added from here on are counted by
 * `policy` (copied). */
void rs_row_batch_set_policy(rs_row_batch_t *batch, uint32_t slot, const rs_policy_t *policy);

/* --- edges of the process map, beside the rows ---------------------------------------------------------------------- */
/* Most that one edge takes besides its place in the array: four names and every bucket of its times. */
#define RS_ROW_BATCH_EDGE_BYTES ((uint64_t)(4 * (RS_MAX_NAME + 8) + RS_HIST_BUCKETS * (int)sizeof(rs_hist_entry_t)))

/* Once, after create: room for `max_edges` (0 … 1,000,000) edges, and for their bytes beside those of the rows. Without it there is
 * room for none. RS_ERR_INVALID, RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_row_batch_make_room_for_edges(rs_row_batch_t *batch, uint32_t max_edges);
/* As rs_row_batch_add; clear forgets edges, too. */
RS_MUST_CHECK int rs_row_batch_add_edge(rs_row_batch_t *batch, const rs_process_row_t *edge);
uint32_t rs_row_batch_edge_count(const rs_row_batch_t *batch);
uint32_t rs_row_batch_max_edges(const rs_row_batch_t *batch);
/* Edge i < edge_count; what it points to stays valid until the batch is cleared or destroyed. */
const rs_process_row_t *rs_row_batch_edge_at(const rs_row_batch_t *batch, uint32_t i);
/* --- contacts with their facts, likewise ---------------------------------------------------------------------------- */
/* Once, after create: room for `max_contacts` (0 … 1,000,000). Without it there is room for none. RS_ERR_INVALID, RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_row_batch_make_room_for_contacts(rs_row_batch_t *batch, uint32_t max_contacts);
/* As rs_row_batch_add, but limited by the number of contacts alone. */
RS_MUST_CHECK int rs_row_batch_add_contact(rs_row_batch_t *batch, const rs_contact_row_t *contact);
uint32_t rs_row_batch_contact_count(const rs_row_batch_t *batch);
uint32_t rs_row_batch_max_contacts(const rs_row_batch_t *batch);
const rs_contact_row_t *rs_row_batch_contact_at(const rs_row_batch_t *batch, uint32_t i);

/* Rows, edges and contacts in it. */
uint32_t rs_row_batch_all(const rs_row_batch_t *batch);
/* Nothing is in it. / There may be more where its rows or edges came from: one of the three has no room left. */
bool rs_row_batch_is_empty(const rs_row_batch_t *batch);
bool rs_row_batch_is_full(const rs_row_batch_t *batch);

/* Bytes held, arrays included. */
uint64_t rs_row_batch_bytes(const rs_row_batch_t *batch);

#endif
