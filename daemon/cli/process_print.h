/* cli/process_print.h — the way through the process, as NDJSON, a table, or a drawing for Graphviz.
 *
 * NDJSON: for each interval and tenant first its edges, then its summary; in the end the variants, at most RS_VARIANTS_PRINTED of each
 *   tenant: {interval_start, interval_s, tenant, from, to, count, again, time_ms: {sum, mean, p50, p90, max}}   time_ms null from "begin"
 *   {interval_start, interval_s, tenant, begun, finished, path_ms, rework, loops, reworked_contacts,
 *    ping_pong: {queues, agents, queue_contacts, agent_contacts}, stages: [{stage, entries, exits, again, time_ms, share}],
 *    bottleneck: {stage, time_ms, share} or null, queues: [{queue, time_ms, bottleneck: {stage, time_ms, share}}]}
 *   {tenant, variant: ["begin"-less stages …, "end:…"], more, count, error, share, mean_ms}
 * Meanings: core/process/path.h, map.h. A `max` is that of its bucket (1.6 %), as percentiles are. `share` of a variant: of the finished
 * contacts. The table and the drawing show the same; the drawing is of all intervals together, one cluster per tenant. */
#ifndef RS_CLI_PROCESS_PRINT_H
#define RS_CLI_PROCESS_PRINT_H

#include "cli/row_print.h"
#include "core/core.h"

enum { RS_VARIANTS_PRINTED = 100 };

/* `printer`: out, output (table or ndjson), zone, offset. *edges: how many were printed. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_process_print(rs_core_t *core, const rs_row_printer_t *printer, bool dot, uint64_t *edges);
/* The drawing of one map. `cluster` numbers it. The first and last line of the file are the caller's. */
void rs_process_draw(FILE *out, unsigned cluster, rs_str_t tenant, const rs_process_map_t *map);

#endif
