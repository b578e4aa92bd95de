/* core/process/row.h — one edge of the process map over one interval, and one variant: what replay prints and a store writes. */
#ifndef RS_CORE_PROCESS_ROW_H
#define RS_CORE_PROCESS_ROW_H

#include "core/process/path.h"
#include "core/window/histogram.h"

typedef struct rs_process_row {
    rs_str_t tenant;
    rs_str_t queue;                        /* whose stage `from` is; empty: none's */
    rs_stage_name_t from, to;
    int64_t start_us, length_us;           /* both 0 for an interval of everything */
    uint64_t part;                         /* one stay of this interval in memory; parts are added up */
    uint64_t revision;                     /* grows with every change of the row */
    bool final;                            /* nothing but a correction can change it */
    int64_t count;                         /* how often `to` followed `from` */
    int64_t time_us;                       /* sum of the times in `from` before it; 0 where from is `begin` */
    int64_t path_us;                       /* to an end: sum of the times from the first stage to it */
    int64_t again;                         /* how often the contact had been in `to` before; to an end: contacts with rework */
    int64_t ping_pong_queues, ping_pong_agents;   /* how often it came back after one other; to an end: contacts that did */
    const rs_hist_entry_t *times;          /* sorted by bucket; none where from is `begin` */
    uint32_t time_count;
} rs_process_row_t;
/* Strings and times of the row are borrowed for the call. */
typedef void (*rs_process_row_fn)(void *context, const rs_process_row_t *row);

typedef struct rs_variant_row {
    rs_str_t tenant;
    uint32_t length;
    rs_stage_name_t stages[RS_PATH_STAGES];
    rs_process_kind_t end;
    bool cut;                              /* there were more stages */
    int64_t count, error;                  /* count - error <= true count <= count; error 0: exact */
    int64_t path_us;                       /* sum over count - error of the times from first stage to end */
} rs_variant_row_t;
typedef void (*rs_variant_row_fn)(void *context, const rs_variant_row_t *row);

#endif
