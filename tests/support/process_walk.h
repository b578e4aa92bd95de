/* support/process_walk.h — the way through the process by brute force: a second, independent reading of the rules.
 *
 * Model:     a contact's events in total order --> its own legs, handlings and wraps --> a list of visits to stages, and how it ended.
 *            Nothing is incremental and nothing is taken back: an end that something follows is dropped from the list. */
#ifndef RS_TESTS_PROCESS_WALK_H
#define RS_TESTS_PROCESS_WALK_H

#include "core/core.h"
#include "oracle.h"

enum { WALK_VISITS = 256 };

typedef struct visit {
    const char *stage;             /* "flow", "queue", "talk" … */
    rs_str_t queue;                /* whose it is; of a "queue": itself */
    rs_str_t agent;                /* of a "talk" */
    int64_t entered_us, left_us;   /* left: INT64_MIN = when the next one is entered */
    bool back;                     /* to what was only interrupted */
} visit_t;

typedef struct way {
    rs_str_t tenant;
    visit_t visits[WALK_VISITS];
    size_t count;
    const char *end;               /* "end:answered" …; NULL: still inside */
    int64_t end_us, until_us;      /* its moment; until when the last stage's time counts */
} way_t;

/* One contact's accepted events in total order. `end_us`: the time that the input reaches. */
void walk_way(const rs_event_t **events, size_t count, const rs_config_t *config, int64_t end_us, way_t *way);

/* --- what follows from ways ----------------------------------------------------------------------------------------------- */
typedef struct walked_edge {
    rs_str_t tenant, queue;
    char from[80], to[80];
    int64_t start_us, length_us;
    int64_t count, time_us, path_us, again, ping_pong_queues, ping_pong_agents;
    int32_t times[RS_HIST_BUCKETS];
} walked_edge_t;
typedef struct walked_edges { walked_edge_t *items; size_t count, room; } walked_edges_t;

typedef struct walked_variant { rs_str_t tenant; char path[1400]; bool cut; int64_t count, path_us; } walked_variant_t;
typedef struct walked_variants { walked_variant_t *items; size_t count, room; } walked_variants_t;

void walk_edges(const way_t *way, const rs_interval_spec_t *interval, walked_edges_t *edges);
void walk_variant(const way_t *way, walked_variants_t *variants);
void walked_stage_text(const visit_t *visit, char text[80]);

#endif
