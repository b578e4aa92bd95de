/* The process map as a drawing for Graphviz. */
#include "cli/process_print.h"

#include <inttypes.h>
#include <math.h>

/* Inside a quoted string: quotes and backslashes are escaped, what cannot be seen becomes a blank. */
static void put_text(FILE *out, const char *text) {
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\') fputc('\\', out);
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
    }
}

static void put_duration(FILE *out, int64_t ms) {
    const int64_t seconds = ms / 1000;
    if (ms < 10000) fprintf(out, "%.1f s", (double)ms / 1000.0);
    else if (seconds < 600) fprintf(out, "%" PRId64 " s", seconds);
    else if (seconds < 7200) fprintf(out, "%" PRId64 " min", seconds / 60);
    else fprintf(out, "%.1f h", (double)seconds / 3600.0);
}

static uint32_t stage_index(const rs_process_map_t *map, const rs_stage_name_t *stage) {
    uint32_t i = 0;
    while (i < map->stage_count && rs_stage_name_compare(&map->stages[i].stage, stage) != 0) i++;
    return i;
}

static void draw_stage(FILE *out, unsigned cluster, const rs_process_map_t *map, uint32_t i) {
    const rs_map_stage_t *stage = &map->stages[i];
    const bool is_end = rs_stage_is_end(stage->stage.kind);
    char text[RS_STAGE_TEXT];
    rs_stage_name_text(&stage->stage, text);
    fprintf(out, "    t%u_s%u [label=\"", cluster, i);
    put_text(out, text);
    fprintf(out, "\\n%" PRId64, stage->entries);
    if (!is_end) fprintf(out, ", %.1f %% of time", 100.0 * stage->share);
    fprintf(out, "\"%s%s];\n", is_end ? ", shape=box, style=\"filled\", fillcolor=\"#eeeeee\"" : "",
            map->time_us > 0 && i == map->bottleneck ? ", fillcolor=\"#f4b183\", penwidth=2.5" : "");
}

static void draw_edge(FILE *out, unsigned cluster, const rs_process_map_t *map, const rs_map_edge_t *edge, int64_t most) {
    const double share = most > 0 && edge->count > 0 ? (double)edge->count / (double)most : 0;
    if (edge->from.kind == RS_PROCESS_BEGIN) fprintf(out, "    t%u_begin", cluster);
    else fprintf(out, "    t%u_s%u", cluster, stage_index(map, &edge->from));
    fprintf(out, " -> t%u_s%u [label=\"%" PRId64, cluster, stage_index(map, &edge->to), edge->count);
    const int64_t median_ms = rs_map_edge_percentile_ms(edge, 500);
    if (median_ms >= 0) {
        fputs("\\n", out);
        put_duration(out, median_ms);
    }
    fprintf(out, "\", penwidth=%.2f];\n", 0.6 + 4.0 * sqrt(share));
}

void rs_process_draw(FILE *out, unsigned cluster, rs_str_t tenant, const rs_process_map_t *map) {
    char text[RS_MAX_NAME + 1];
    int64_t most = 0;
    snprintf(text, sizeof text, "%.*s", (int)tenant.len, tenant.data);
    fprintf(out, "  subgraph cluster_%u {\n    label=\"", cluster);
    put_text(out, text);
    fprintf(out, ": %" PRId64 " begun, %" PRId64 " finished\";\n", map->begun, map->finished);
    fprintf(out, "    t%u_begin [label=\"begin\\n%" PRId64 "\", shape=circle, fillcolor=\"#eeeeee\"];\n", cluster, map->begun);
    for (uint32_t i = 0; i < map->stage_count; i++) draw_stage(out, cluster, map, i);
    for (uint32_t i = 0; i < map->edge_count; i++) most = map->edges[i].count > most ? map->edges[i].count : most;
    for (uint32_t i = 0; i < map->edge_count; i++) {
        if (map->edges[i].count != 0) draw_edge(out, cluster, map, &map->edges[i], most);
    }
    fputs("  }\n", out);
}
