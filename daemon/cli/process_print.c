#include "cli/process_print.h"

#include "event/json.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct process_printer {
    const rs_row_printer_t *to;
    rs_core_t *core;
    uint64_t edges;
    int status;
    /* the interval and tenant at hand */
    bool has_group;
    rs_str_t tenant;
    int64_t start_us, length_us;
    rs_process_map_t map;
    /* the variants of one tenant */
    uint32_t variants;
    int64_t finished;
} process_printer_t;

static int64_t to_ms(int64_t us) { return us / RS_US_PER_MS; }

/* --- NDJSON ------------------------------------------------------------------------------------------------------- */
enum { LINE_BYTES = 4096 };
typedef struct piece { char bytes[LINE_BYTES]; rs_json_t json; } piece_t;

static rs_json_t *begin(piece_t *piece) {
    rs_json_init(&piece->json, piece->bytes, sizeof piece->bytes);
    rs_json_begin(&piece->json, NULL);
    return &piece->json;
}

static void put(const piece_t *piece, FILE *out) {
    RS_REQUIRE(!piece->json.overflow);
    fwrite(piece->bytes, 1, piece->json.len, out);
}

static void put_stage_name(rs_json_t *json, const char *name, const rs_stage_name_t *stage) {
    char text[RS_STAGE_TEXT];
    rs_stage_name_text(stage, text);
    rs_json_string(json, name, rs_str(text));
}

static void put_group(rs_json_t *json, const process_printer_t *printer) {
    char start[40];
    if (printer->length_us == 0) {
        rs_json_null(json, "interval_start");
        rs_json_null(json, "interval_s");
    } else {
        rs_row_format_start(printer->to, printer->start_us, start);
        rs_json_string(json, "interval_start", rs_str(start));
        rs_json_integer(json, "interval_s", printer->length_us / RS_US_PER_S);
    }
    rs_json_string(json, "tenant", printer->tenant);
}

static void quotient_or_null(rs_json_t *json, const char *name, double numerator, double denominator) {
    if (denominator != 0) rs_json_number(json, name, numerator / denominator); else rs_json_null(json, name);
}

static void print_edge(const process_printer_t *printer, const rs_map_edge_t *edge) {
    static const struct { const char *name; uint32_t per_mille; } percentiles[] = {{"p50", 500}, {"p90", 900}, {"max", 1000}};
    piece_t piece;
    rs_json_t *json = begin(&piece);
    put_group(json, printer);
    put_stage_name(json, "from", &edge->from);
    put_stage_name(json, "to", &edge->to);
    rs_json_integer(json, "count", edge->count);
    rs_json_integer(json, "again", edge->again);
    if (edge->from.kind == RS_PROCESS_BEGIN) {
        rs_json_null(json, "time_ms");
    } else {
        rs_json_begin(json, "time_ms");
        rs_json_integer(json, "sum", to_ms(edge->time_us));
        quotient_or_null(json, "mean", (double)edge->time_us, 1000.0 * (double)edge->count);
        for (size_t i = 0; i < RS_ARRAY_LEN(percentiles); i++) {
            const int64_t ms = rs_map_edge_percentile_ms(edge, percentiles[i].per_mille);
            if (ms >= 0) rs_json_integer(json, percentiles[i].name, ms); else rs_json_null(json, percentiles[i].name);
        }
        rs_json_end(json);
    }
    rs_json_end(json);
    put(&piece, printer->to->out);
    fputc('\n', printer->to->out);
}

static void put_stages(const process_printer_t *printer) {
    FILE *out = printer->to->out;
    fputs(",\"stages\":[", out);
    for (uint32_t i = 0; i < printer->map.stage_count; i++) {
        const rs_map_stage_t *stage = &printer->map.stages[i];
        piece_t piece;
        rs_json_t *json = begin(&piece);
        put_stage_name(json, "stage", &stage->stage);
        rs_json_integer(json, "entries", stage->entries);
        rs_json_integer(json, "exits", stage->exits);
        rs_json_integer(json, "again", stage->again);
        rs_json_integer(json, "time_ms", to_ms(stage->time_us));
        rs_json_number(json, "share", stage->share);
        rs_json_end(json);
        if (i != 0) fputc(',', out);
        put(&piece, out);
    }
    fputc(']', out);
}

static void put_bottleneck(rs_json_t *json, const char *name, const rs_stage_name_t *stage, int64_t time_us, int64_t of_us) {
    if (of_us <= 0) {
        rs_json_null(json, name);
        return;
    }
    rs_json_begin(json, name);
    put_stage_name(json, "stage", stage);
    rs_json_integer(json, "time_ms", to_ms(time_us));
    rs_json_number(json, "share", (double)time_us / (double)of_us);
    rs_json_end(json);
}

static void put_queues(const process_printer_t *printer) {
    FILE *out = printer->to->out;
    fputs(",\"queues\":[", out);
    for (uint32_t i = 0; i < printer->map.queue_count; i++) {
        const rs_map_queue_t *queue = &printer->map.queues[i];
        const rs_stage_name_t stage = {.kind = queue->bottleneck, .queue = queue->queue};
        piece_t piece;
        rs_json_t *json = begin(&piece);
        rs_json_string(json, "queue", queue->queue);
        rs_json_integer(json, "time_ms", to_ms(queue->time_us));
        put_bottleneck(json, "bottleneck", &stage, queue->bottleneck_us, queue->time_us);
        rs_json_end(json);
        if (i != 0) fputc(',', out);
        put(&piece, out);
    }
    fputc(']', out);
}

static void print_summary(const process_printer_t *printer) {
    const rs_process_map_t *map = &printer->map;
    const rs_map_stage_t *bottleneck = map->stage_count == 0 ? NULL : &map->stages[map->bottleneck];
    FILE *out = printer->to->out;
    piece_t piece;
    rs_json_t *json = begin(&piece);
    put_group(json, printer);
    rs_json_integer(json, "begun", map->begun);
    rs_json_integer(json, "finished", map->finished);
    quotient_or_null(json, "path_ms", (double)map->path_us, 1000.0 * (double)map->finished);
    rs_json_integer(json, "rework", map->rework);
    rs_json_integer(json, "loops", map->loops);
    rs_json_integer(json, "reworked_contacts", map->reworked);
    rs_json_begin(json, "ping_pong");
    rs_json_integer(json, "queues", map->ping_pong_queues);
    rs_json_integer(json, "agents", map->ping_pong_agents);
    rs_json_integer(json, "queue_contacts", map->ping_ponged_queues);
    rs_json_integer(json, "agent_contacts", map->ping_ponged_agents);
    rs_json_end(json);
    if (bottleneck == NULL) rs_json_null(json, "bottleneck");
    else put_bottleneck(json, "bottleneck", &bottleneck->stage, bottleneck->time_us, map->time_us);
    put(&piece, out);
    put_stages(printer);
    put_queues(printer);
    fputs("}\n", out);
}

static void put_array_text(FILE *out, const rs_stage_name_t *stage) {
    static const char head[] = "{\"s\":";
    piece_t piece;
    put_stage_name(begin(&piece), "s", stage);
    RS_REQUIRE(!piece.json.overflow);
    fwrite(piece.bytes + sizeof head - 1, 1, piece.json.len - (sizeof head - 1), out);
}

static void print_variant_json(const process_printer_t *printer, const rs_variant_row_t *row) {
    FILE *out = printer->to->out;
    piece_t piece;
    rs_json_t *json = begin(&piece);
    rs_json_string(json, "tenant", row->tenant);
    put(&piece, out);
    fputs(",\"variant\":[", out);
    for (uint32_t i = 0; i < row->length; i++) {
        put_array_text(out, &row->stages[i]);
        fputc(',', out);
    }
    put_array_text(out, &(rs_stage_name_t){.kind = row->end});
    fputs("],", out);
    json = begin(&piece);
    rs_json_bool(json, "more", row->cut);
    rs_json_integer(json, "count", row->count);
    rs_json_integer(json, "error", row->error);
    quotient_or_null(json, "share", (double)row->count, (double)printer->finished);
    quotient_or_null(json, "mean_ms", (double)row->path_us, 1000.0 * (double)(row->count - row->error));
    rs_json_end(json);
    RS_REQUIRE(!piece.json.overflow);
    fwrite(piece.bytes + 1, 1, piece.json.len - 1, out);
    fputc('\n', out);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */
static void put_seconds(FILE *out, bool present, double ms) {
    if (present) fprintf(out, " %9.1f", ms / 1000.0); else fprintf(out, " %9s", "-");
}

static void print_edge_line(FILE *out, const rs_map_edge_t *edge) {
    char from[RS_STAGE_TEXT], to[RS_STAGE_TEXT];
    rs_stage_name_text(&edge->from, from);
    rs_stage_name_text(&edge->to, to);
    const bool timed = edge->from.kind != RS_PROCESS_BEGIN && edge->count != 0;
    const int64_t p50 = rs_map_edge_percentile_ms(edge, 500), p90 = rs_map_edge_percentile_ms(edge, 900);
    fprintf(out, "  %-24s %-24s %8" PRId64, from, to, edge->count);
    put_seconds(out, timed, timed ? (double)edge->time_us / 1000.0 / (double)edge->count : 0);
    put_seconds(out, p50 >= 0, (double)p50);
    put_seconds(out, p90 >= 0, (double)p90);
    fputc('\n', out);
}

static void print_group_table(const process_printer_t *printer) {
    const rs_process_map_t *map = &printer->map;
    FILE *out = printer->to->out;
    char start[40] = "all", text[RS_STAGE_TEXT];
    if (printer->length_us != 0) rs_row_format_start(printer->to, printer->start_us, start);
    fprintf(out, "%s  %.*s: %" PRId64 " begun, %" PRId64 " finished; rework %" PRId64 " (%" PRId64 " contacts), loops %" PRId64
            ", ping-pong: queues %" PRId64 ", agents %" PRId64 "\n", start, (int)printer->tenant.len, printer->tenant.data, map->begun,
            map->finished, map->rework, map->reworked, map->loops, map->ping_pong_queues, map->ping_pong_agents);
    fprintf(out, "  %-24s %-24s %8s %9s %9s %9s\n", "from", "to", "count", "mean s", "p50 s", "p90 s");
    for (uint32_t i = 0; i < map->edge_count; i++) print_edge_line(out, &map->edges[i]);
    if (map->time_us <= 0) return;
    fputs("  share of time:", out);
    for (uint32_t i = 0; i < map->stage_count; i++) {
        if (map->stages[i].time_us == 0) continue;
        rs_stage_name_text(&map->stages[i].stage, text);
        fprintf(out, "  %s %.1f %%", text, 100.0 * map->stages[i].share);
    }
    rs_stage_name_text(&map->stages[map->bottleneck].stage, text);
    fprintf(out, "\n  bottleneck: %s\n", text);
}

static void print_variant_line(const process_printer_t *printer, const rs_variant_row_t *row) {
    FILE *out = printer->to->out;
    char text[RS_STAGE_TEXT];
    const int64_t seen = row->count - row->error;
    if (printer->variants == 1) {
        fprintf(out, "variants of %.*s\n  %8s %8s %9s\n", (int)row->tenant.len, row->tenant.data, "count", "share", "mean s");
    }
    fprintf(out, "  %8" PRId64 " %6.1f %%", row->count,
            printer->finished > 0 ? 100.0 * (double)row->count / (double)printer->finished : 0.0);
    put_seconds(out, seen > 0, seen > 0 ? (double)row->path_us / 1000.0 / (double)seen : 0);
    fputs("  ", out);
    for (uint32_t i = 0; i < row->length; i++) {
        rs_stage_name_text(&row->stages[i], text);
        fprintf(out, "%s > ", text);
    }
    fprintf(out, "%s%s\n", row->cut ? "… > " : "", rs_process_kind_name(row->end));
}

/* --- from rows to groups ------------------------------------------------------------------------------------------ */
static void print_group(process_printer_t *printer) {
    if (!printer->has_group) return;
    if (printer->status == RS_OK) printer->status = rs_process_map_finish(&printer->map);
    if (printer->status == RS_OK && printer->to->output == RS_OUTPUT_NDJSON) {
        for (uint32_t i = 0; i < printer->map.edge_count; i++) print_edge(printer, &printer->map.edges[i]);
        print_summary(printer);
    } else if (printer->status == RS_OK) {
        print_group_table(printer);
    }
    printer->edges += printer->map.edge_count;
    rs_process_map_deinit(&printer->map);
    printer->has_group = false;
}

static void on_row(void *context, const rs_process_row_t *row) {
    process_printer_t *printer = context;
    if (printer->has_group && (row->start_us != printer->start_us || !rs_str_equal(row->tenant, printer->tenant))) print_group(printer);
    if (!printer->has_group) {
        rs_process_map_init(&printer->map);
        printer->has_group = true;
        printer->tenant = row->tenant;
        printer->start_us = row->start_us;
        printer->length_us = row->length_us;
    }
    if (printer->status == RS_OK) printer->status = rs_process_map_add(&printer->map, row);
}

/* --- variants, drawings: tenant by tenant, over all intervals ------------------------------------------------------- */
static void on_variant(void *context, const rs_variant_row_t *row) {
    process_printer_t *printer = context;
    if (printer->variants == 0 || !rs_str_equal(row->tenant, printer->tenant)) {
        rs_process_map_t map;
        if (printer->status == RS_OK) printer->status = rs_core_process_map(printer->core, row->tenant, INT64_MIN, INT64_MAX, &map);
        if (printer->status != RS_OK) return;
        printer->tenant = row->tenant;
        printer->finished = map.finished;
        printer->variants = 0;
        rs_process_map_deinit(&map);
    }
    if (printer->variants++ >= RS_VARIANTS_PRINTED) return;
    if (printer->to->output == RS_OUTPUT_NDJSON) print_variant_json(printer, row);
    else print_variant_line(printer, row);
}

typedef struct tenants { rs_str_t *names; uint32_t count, room; bool failed; } tenants_t;

static void note_tenant(void *context, const rs_process_row_t *row) {
    tenants_t *tenants = context;
    for (uint32_t i = 0; i < tenants->count; i++) {
        if (rs_str_equal(tenants->names[i], row->tenant)) return;
    }
    if (tenants->count == tenants->room) {
        const uint32_t room = tenants->room == 0 ? 16 : tenants->room * 2;
        rs_str_t *names = realloc(tenants->names, room * sizeof *names);
        tenants->failed = tenants->failed || names == NULL;
        if (names == NULL) return;
        tenants->names = names;
        tenants->room = room;
    }
    tenants->names[tenants->count++] = row->tenant;
}

static int draw(process_printer_t *printer) {
    tenants_t tenants = {0};
    FILE *out = printer->to->out;
    rs_core_process_rows(printer->core, note_tenant, &tenants);
    int status = tenants.failed ? RS_ERR_MEMORY : RS_OK;
    fputs("digraph process {\n  rankdir=LR;\n"
          "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#dbe9f6\", fontname=\"sans-serif\"];\n"
          "  edge [fontname=\"sans-serif\", fontsize=10, color=\"#555555\"];\n", out);
    for (uint32_t i = 0; i < tenants.count && status == RS_OK; i++) {
        rs_process_map_t map;
        status = rs_core_process_map(printer->core, tenants.names[i], INT64_MIN, INT64_MAX, &map);
        if (status != RS_OK) break;
        rs_process_draw(out, i, tenants.names[i], &map);
        printer->edges += map.edge_count;
        rs_process_map_deinit(&map);
    }
    fputs("}\n", out);
    free(tenants.names);
    return status;
}

int rs_process_print(rs_core_t *core, const rs_row_printer_t *to, bool dot, uint64_t *edges) {
    process_printer_t printer = {.to = to, .core = core};
    if (dot) {
        printer.status = draw(&printer);
    } else {
        rs_core_process_rows(core, on_row, &printer);
        print_group(&printer);
        rs_core_process_variants(core, on_variant, &printer);
    }
    *edges = printer.edges;
    return printer.status;
}
