#include "core/process/map.h"

#include <stdlib.h>

void rs_process_map_init(rs_process_map_t *map) { *map = (rs_process_map_t){0}; }

void rs_process_map_deinit(rs_process_map_t *map) {
    for (uint32_t i = 0; i < map->edge_count; i++) free(map->edges[i].times);
    free(map->edges);
    free(map->stages);
    free(map->queues);
    free(map->parts);
    *map = (rs_process_map_t){0};
}

/* Room for one more; false: out of memory, and all is as it was. */
static bool reserve(void *array, uint32_t count, uint32_t *room, size_t size) {
    if (count < *room) return true;
    const uint32_t wanted = *room == 0 ? 32 : *room * 2;
    void *old, *grown;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, wanted * size);
    if (grown == NULL) return false;
    memcpy(array, &grown, sizeof grown);
    *room = wanted;
    return true;
}

/* --- adding ------------------------------------------------------------------------------------------------------- */
static void add_totals(rs_process_map_t *map, const rs_process_row_t *row) {
    map->time_us += row->time_us;
    if (row->from.kind == RS_PROCESS_BEGIN) map->begun += row->count;
    if (rs_stage_is_end(row->to.kind)) {
        map->finished += row->count;
        map->path_us += row->path_us;
        map->reworked += row->again;
        map->ping_ponged_queues += row->ping_pong_queues;
        map->ping_ponged_agents += row->ping_pong_agents;
        return;
    }
    map->rework += row->again;
    map->ping_pong_queues += row->ping_pong_queues;
    map->ping_pong_agents += row->ping_pong_agents;
    if (rs_stage_name_compare(&row->from, &row->to) == 0) map->loops += row->count;
}

static rs_hist_entry_t *copy_times(const rs_process_row_t *row) {
    const size_t bytes = row->time_count * sizeof *row->times;
    rs_hist_entry_t *times = malloc(bytes == 0 ? 1 : bytes);
    if (times != NULL && bytes != 0) memcpy(times, row->times, bytes);
    return times;
}

int rs_process_map_add(rs_process_map_t *map, const rs_process_row_t *row) {
    if (!reserve(&map->edges, map->edge_count, &map->edge_room, sizeof *map->edges) ||
        !reserve(&map->parts, map->part_count, &map->part_room, sizeof *map->parts)) return RS_ERR_MEMORY;
    rs_hist_entry_t *times = copy_times(row);
    if (times == NULL) return RS_ERR_MEMORY;
    map->edges[map->edge_count++] = (rs_map_edge_t){.from = row->from, .to = row->to, .count = row->count, .time_us = row->time_us,
        .again = rs_stage_is_end(row->to.kind) ? 0 : row->again, .times = times, .time_count = row->time_count};
    if (row->from.kind != RS_PROCESS_BEGIN && row->queue.len != 0) {
        map->parts[map->part_count++] = (rs_map_part_t){.queue = row->queue, .kind = row->from.kind, .time_us = row->time_us};
    }
    add_totals(map, row);
    return RS_OK;
}

/* --- edges -------------------------------------------------------------------------------------------------------- */
static int compare_edges(const void *a_edge, const void *b_edge) {
    const rs_map_edge_t *a = a_edge, *b = b_edge;
    const int order = rs_stage_name_compare(&a->from, &b->from);
    return order != 0 ? order : rs_stage_name_compare(&a->to, &b->to);
}

static bool merge_times(rs_map_edge_t *into, const rs_map_edge_t *edge) {
    rs_hist_entry_t *merged = malloc(((size_t)into->time_count + edge->time_count + 1) * sizeof *merged);
    if (merged == NULL) return false;
    uint32_t left = 0, right = 0, count = 0;
    while (left < into->time_count || right < edge->time_count) {
        const bool has_left = left < into->time_count, has_right = right < edge->time_count;
        const unsigned left_bucket = has_left ? into->times[left].bucket : UINT16_MAX + 1u;
        const unsigned right_bucket = has_right ? edge->times[right].bucket : UINT16_MAX + 1u;
        rs_hist_entry_t entry = {.bucket = (uint16_t)(left_bucket < right_bucket ? left_bucket : right_bucket)};
        if (left_bucket <= right_bucket) entry.count += into->times[left++].count;
        if (right_bucket <= left_bucket) entry.count += edge->times[right++].count;
        if (entry.count != 0) merged[count++] = entry;
    }
    free(into->times);
    into->times = merged;
    into->time_count = count;
    return true;
}

static bool merge_edges(rs_process_map_t *map) {
    if (map->edge_count == 0) return true;
    qsort(map->edges, map->edge_count, sizeof *map->edges, compare_edges);
    uint32_t last = 0;
    bool merged = true;
    for (uint32_t i = 1; i < map->edge_count; i++) {
        rs_map_edge_t *into = &map->edges[last], *edge = &map->edges[i];
        if (compare_edges(into, edge) != 0) {
            map->edges[++last] = *edge;
            continue;
        }
        into->count += edge->count;
        into->time_us += edge->time_us;
        into->again += edge->again;
        merged = merge_times(into, edge) && merged;
        free(edge->times);
    }
    map->edge_count = last + 1;
    return merged;
}

/* --- stages ------------------------------------------------------------------------------------------------------- */
static int compare_stages(const void *a_stage, const void *b_stage) {
    const rs_map_stage_t *a = a_stage, *b = b_stage;
    return rs_stage_name_compare(&a->stage, &b->stage);
}

/* `begin` is no stage: nobody stands in it. */
static uint32_t list_stages(const rs_process_map_t *map, rs_map_stage_t *stages) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < map->edge_count; i++) {
        const rs_map_edge_t *edge = &map->edges[i];
        stages[count++] = (rs_map_stage_t){.stage = edge->to, .entries = edge->count, .again = edge->again};
        if (edge->from.kind == RS_PROCESS_BEGIN) continue;
        stages[count++] = (rs_map_stage_t){.stage = edge->from, .exits = edge->count, .time_us = edge->time_us};
    }
    return count;
}

static bool make_stages(rs_process_map_t *map) {
    map->stages = calloc((size_t)map->edge_count * 2 + 1, sizeof *map->stages);
    if (map->stages == NULL) return false;
    const uint32_t listed = list_stages(map, map->stages);
    if (listed == 0) return true;
    qsort(map->stages, listed, sizeof *map->stages, compare_stages);
    uint32_t last = 0;
    for (uint32_t i = 1; i < listed; i++) {
        rs_map_stage_t *into = &map->stages[last];
        const rs_map_stage_t *stage = &map->stages[i];
        if (compare_stages(into, stage) != 0) {
            map->stages[++last] = *stage;
            continue;
        }
        into->entries += stage->entries;
        into->exits += stage->exits;
        into->again += stage->again;
        into->time_us += stage->time_us;
    }
    map->stage_count = last + 1;
    for (uint32_t i = 0; i < map->stage_count; i++) {
        rs_map_stage_t *stage = &map->stages[i];
        if (map->time_us > 0) stage->share = (double)stage->time_us / (double)map->time_us;
        if (stage->time_us > map->stages[map->bottleneck].time_us) map->bottleneck = i;
    }
    return true;
}

/* --- queues ------------------------------------------------------------------------------------------------------- */
static int compare_parts(const void *a_part, const void *b_part) {
    const rs_map_part_t *a = a_part, *b = b_part;
    const int order = rs_str_compare(a->queue, b->queue);
    return order != 0 ? order : (int)a->kind - (int)b->kind;
}

static bool make_queues(rs_process_map_t *map) {
    map->queues = calloc((size_t)map->part_count + 1, sizeof *map->queues);
    if (map->queues == NULL) return false;
    if (map->part_count != 0) qsort(map->parts, map->part_count, sizeof *map->parts, compare_parts);
    for (uint32_t i = 0; i < map->part_count;) {
        const rs_map_part_t *part = &map->parts[i];
        int64_t time_us = 0;
        for (; i < map->part_count && compare_parts(part, &map->parts[i]) == 0; i++) time_us += map->parts[i].time_us;
        const bool same = map->queue_count != 0 && rs_str_equal(map->queues[map->queue_count - 1].queue, part->queue);
        if (!same) {
            map->queues[map->queue_count++] = (rs_map_queue_t){.queue = part->queue, .bottleneck = part->kind, .bottleneck_us = time_us};
        }
        rs_map_queue_t *queue = &map->queues[map->queue_count - 1];
        queue->time_us += time_us;
        if (time_us <= queue->bottleneck_us) continue;
        queue->bottleneck = part->kind;
        queue->bottleneck_us = time_us;
    }
    return true;
}

int rs_process_map_finish(rs_process_map_t *map) {
    return merge_edges(map) && make_stages(map) && make_queues(map) ? RS_OK : RS_ERR_MEMORY;
}

int64_t rs_map_edge_percentile_ms(const rs_map_edge_t *edge, uint32_t per_mille) {
    return rs_hist_percentile_ms(edge->times, edge->time_count, per_mille, -1, -1);
}
