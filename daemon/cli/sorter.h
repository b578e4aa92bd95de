/* cli/sorter.h — recorded events put into their total order, in bounded memory.
 *
 * Model:     add copies each event as its canonical record into a run. A run that reaches the memory bound is sorted and spilled
 *            to an unnamed temporary file. next merges the runs. Input that is in order already is not sorted again.
 * Threads:   one.
 */
#ifndef RS_CLI_SORTER_H
#define RS_CLI_SORTER_H

#include "event/event.h"

typedef struct rs_sorter rs_sorter_t;

/* `max_bytes` >= 1 MiB. `order` < 0 when the first comes before. */
RS_MUST_CHECK int rs_sorter_create(uint64_t max_bytes, int (*order)(const rs_event_t *a, const rs_event_t *b), rs_sorter_t **sorter);
void rs_sorter_destroy(rs_sorter_t **sorter);
/* Copies the event's record, which the caller has written. RS_ERR_MEMORY, RS_ERR_IO (the temporary file; errno says why). */
RS_MUST_CHECK int rs_sorter_add(rs_sorter_t *sorter, const rs_event_t *event, const void *record, size_t len);
/* No more will be added. RS_ERR_IO, RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_sorter_finish(rs_sorter_t *sorter);
/* 1: *event (its strings are valid until the next call). 0: the end. RS_ERR_IO. */
RS_MUST_CHECK int rs_sorter_next(rs_sorter_t *sorter, rs_event_t *event);
uint32_t rs_sorter_spills(const rs_sorter_t *sorter);

#endif
