/* core/rows_internal.h — between the files of the rows: how durations wait. */
#ifndef RS_CORE_ROWS_INTERNAL_H
#define RS_CORE_ROWS_INTERNAL_H

#include "core/rows.h"

/* A duration that waits: 10 bits of bucket, 4 of histogram, 1 of sign. */
enum { RS__BUCKET_BITS = 10, RS__HISTOGRAM_BITS = 4, RS__TAKEN_BACK = 1 << (RS__BUCKET_BITS + RS__HISTOGRAM_BITS) };
_Static_assert(RS_HIST_BUCKETS <= 1 << RS__BUCKET_BITS && RS_HIST_COUNT <= 1 << RS__HISTOGRAM_BITS, "a waiting duration is packed into 16 bits");

void rs__rows_begin_sums(rs_sums_t *sums);
/* Loading: the cell can be found again. False: there is one of that key and interval already. */
RS_MUST_CHECK bool rs__rows_restore(rs_rows_t *rows, uint32_t number);

#endif
