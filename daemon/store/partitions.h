/* store/partitions.h — the months that the tables are cut into, as far as the rows of a batch need them. Private to the store's room.
 *
 * Model:     the database has one table per month (UTC) and family (sql/functions/partition.sql), and no DEFAULT one: a row whose
 *            month is missing is refused. So the session looks at the months of a batch before it begins it, asks for those that are not
 *            known to exist in a statement of its own, and goes on when they are made. What is known is forgotten with the
 *            connection, after each upkeep, and when a month turns out to be gone.
 * Memory:    one bit per month of 1970 … 2262, the times that an event may have; at most RS__MONTHS_AT_ONCE are asked for at once.
 */
#ifndef RS_STORE_PARTITIONS_H
#define RS_STORE_PARTITIONS_H

#include "core/row_batch.h"
#include "store/buffer.h"

enum { RS__MONTHS = (2263 - 1970) * 12, RS__MONTHS_AT_ONCE = 24 };

typedef struct rs__months { uint64_t known[(RS__MONTHS + 63) / 64]; } rs__months_t;

/* Months since 1970-01 of a moment, microseconds since 1970; moments out of range count as the first or last month. */
uint32_t rs__month_of(int64_t at_us);
/* Appends a statement that makes the months of the batch's rows, edges and contacts that are not known, the first few of them; false, and
 * nothing is appended, when all are known. Call rs__months_made when it has succeeded, then again until it is false. */
bool rs__months_print_missing(const rs__months_t *months, const rs_row_batch_t *batch, rs__buffer_t *sql);
/* The months that rs__months_print_missing printed for this batch are there now. */
void rs__months_made(rs__months_t *months, const rs_row_batch_t *batch);

#endif
