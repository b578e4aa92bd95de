/* core/process/map.h — the process map of a tenant: rows of edges put together, and what follows from them.
 *
 * Model:   add rows (of any intervals and parts, from the core or a database), then finish once. Edges are merged over queues and
 *          intervals; times are exact sums, and histograms merge exactly.
 * Figures: of a stage: how often it was entered and left, entered again, the time of the stays that were left, and its share of the
 *          time of all stages. The bottleneck is the stage with the most time (of equals the first by name); and of each queue the
 *          one among the stages of its contacts. Over a whole history entries = exits + those still inside.
 * Memory:  a map owns its arrays; names are borrowed from whoever gave the rows, for the map's life.
 */
#ifndef RS_CORE_PROCESS_MAP_H
#define RS_CORE_PROCESS_MAP_H

#include "core/process/row.h"

typedef struct rs_map_edge {
    rs_stage_name_t from, to;
    int64_t count, time_us, again;
    rs_hist_entry_t *times;              /* sorted by bucket */
    uint32_t time_count;
} rs_map_edge_t;

typedef struct rs_map_stage {
    rs_stage_name_t stage;
    int64_t entries, exits, again;       /* an end has no exits and no time */
    int64_t time_us;
    double share;                        /* of all stages' time; 0 when there is none */
} rs_map_stage_t;

typedef struct rs_map_queue {            /* the stages of a queue's contacts: waiting in it, ring, talk, … */
    rs_str_t queue;
    int64_t time_us;                     /* of all of them */
    rs_process_kind_t bottleneck;
    int64_t bottleneck_us;
} rs_map_queue_t;

typedef struct rs_map_part { rs_str_t queue; rs_process_kind_t kind; int64_t time_us; } rs_map_part_t;

typedef struct rs_process_map {
    rs_map_edge_t *edges;                /* by from, to */
    rs_map_stage_t *stages;              /* by kind, queue */
    rs_map_queue_t *queues;              /* by name */
    uint32_t edge_count, stage_count, queue_count;
    int64_t begun, finished;             /* contacts */
    int64_t path_us;                     /* of the finished ones, from first stage to end */
    int64_t rework;                      /* stages entered again */
    int64_t loops;                       /* of these from the very same stage */
    int64_t ping_pong_queues, ping_pong_agents;
    int64_t reworked, ping_ponged_queues, ping_ponged_agents;   /* finished contacts that had any */
    int64_t time_us;                     /* of all stages */
    uint32_t bottleneck;                 /* among the stages; only when time_us > 0 */
    /* until it is finished */
    rs_map_part_t *parts;
    uint32_t part_count, part_room, edge_room;
} rs_process_map_t;

void rs_process_map_init(rs_process_map_t *map);
void rs_process_map_deinit(rs_process_map_t *map);
/* RS_ERR_MEMORY: the map is as it was. */
RS_MUST_CHECK int rs_process_map_add(rs_process_map_t *map, const rs_process_row_t *row);
RS_MUST_CHECK int rs_process_map_finish(rs_process_map_t *map);
/* Nearest rank of the edge's times, as rs_hist_percentile_ms; -1: it has none. per_mille 1000: the greatest. */
int64_t rs_map_edge_percentile_ms(const rs_map_edge_t *edge, uint32_t per_mille);

#endif
