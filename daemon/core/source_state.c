/* Sources, their sessions and the identities that are remembered. */
#include "core/parts_state.h"

#include <stdlib.h>

static const rs_state_field_t sources_fields[] = {
    RS_STATE_REBUILT(rs_sources_t, sources), RS_STATE_REBUILT(rs_sources_t, sessions), RS_STATE_REBUILT(rs_sources_t, source_index),
    RS_STATE_REBUILT(rs_sources_t, session_index), RS_STATE_FIELD(rs_sources_t, source_count, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_sources_t, session_count, RS_BOUND_ANY), RS_STATE_REBUILT(rs_sources_t, max_sources),
    RS_STATE_REBUILT(rs_sources_t, max_sessions), RS_STATE_REBUILT(rs_sources_t, likely_sessions),
    RS_STATE_REBUILT(rs_sources_t, lateness_us),
    RS_STATE_REBUILT(rs_sources_t, idle_us), RS_STATE_REBUILT(rs_sources_t, future_us), RS_STATE_REBUILT(rs_sources_t, young),
    RS_STATE_REBUILT(rs_sources_t, old), RS_STATE_REBUILT(rs_sources_t, max_ids),
    RS_STATE_FIELD(rs_sources_t, generation_us, RS_BOUND_OR_NONE),
    RS_STATE_REBUILT(rs_sources_t, seed), RS_STATE_REBUILT(rs_sources_t, replay)};
static const rs_state_table_t sources_table = RS_STATE_TABLE(rs_sources_t, "sources", sources_fields);

static const rs_state_field_t source_fields[] = {
    RS_STATE_REBUILT(rs_source_t, accounting.source), RS_STATE_FIELD(rs_source_t, accounting.received, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_source_t, accounting.applied, RS_BOUND_ANY), RS_STATE_FIELD(rs_source_t, accounting.duplicate, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_source_t, accounting.late_applied, RS_BOUND_ANY), RS_STATE_FIELD(rs_source_t, accounting.too_late, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_source_t, accounting.invalid, RS_BOUND_ANY), RS_STATE_FIELD(rs_source_t, accounting.unknown, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_source_t, accounting.future, RS_BOUND_ANY), RS_STATE_FIELD(rs_source_t, accounting.limit, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_source_t, accounting.gaps), RS_STATE_REBUILT(rs_source_t, accounting.missing),
    RS_STATE_FIELD(rs_source_t, accounting.watermark_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_source_t, accounting.idle, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_source_t, name, RS_BOUND_NAME), RS_STATE_FIELD(rs_source_t, last_seen_us, RS_BOUND_OR_NONE),
    RS_STATE_REBUILT(rs_source_t, accounting.skew_known), RS_STATE_REBUILT(rs_source_t, accounting.skew_us),
    RS_STATE_FIELD(rs_source_t, skew.begun_us, RS_BOUND_ANY), RS_STATE_ARRAY(rs_source_t, skew.least_us, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_source_t, skew.events, RS_BOUND_ANY)};
static const rs_state_table_t source_table = RS_STATE_TABLE(rs_source_t, "source", source_fields);

/* The holes follow as lists. */
static const rs_state_field_t session_fields[] = {
    RS_STATE_FIELD(rs_session_t, source, RS_BOUND_NAME), RS_STATE_FIELD(rs_session_t, incarnation, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_session_t, owner, RS_BOUND_SOURCE),
    RS_STATE_REBUILT(rs_session_t, identities.holes), RS_STATE_REBUILT(rs_session_t, identities.hole_count),
    RS_STATE_REBUILT(rs_session_t, identities.hole_room), RS_STATE_FIELD(rs_session_t, identities.greatest, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_session_t, identities.first, RS_BOUND_ANY), RS_STATE_FIELD(rs_session_t, identities.any, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_session_t, reported.holes), RS_STATE_REBUILT(rs_session_t, reported.hole_count),
    RS_STATE_REBUILT(rs_session_t, reported.hole_room), RS_STATE_FIELD(rs_session_t, reported.greatest, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_session_t, reported.first, RS_BOUND_ANY), RS_STATE_FIELD(rs_session_t, reported.any, RS_BOUND_ANY)};
static const rs_state_table_t session_table = RS_STATE_TABLE(rs_session_t, "session", session_fields);

/* --- saving ------------------------------------------------------------------------------------------------------------ */
static void put_holes(rs_state_writer_t *writer, const rs_numbers_t *numbers) {
    uint64_t before = 0;
    rs_state_put_u32(writer, numbers->hole_count);
    for (uint32_t i = 0; i < numbers->hole_count; i++) {
        rs_state_put_short(writer, numbers->holes[i].from - before);
        rs_state_put_short(writer, numbers->holes[i].to - numbers->holes[i].from);
        before = numbers->holes[i].to;
    }
}

static int compare_ids(const void *left, const void *right) {
    const rs_hash128_t *a = left, *b = right;
    if (a->high != b->high) return a->high < b->high ? -1 : 1;
    return (a->low > b->low) - (a->low < b->low);
}

/* A set has no order of its own: rising. */
static void put_ids(rs_state_writer_t *writer, const struct rs_ids *ids) {
    rs_hash128_t *sorted = malloc(((size_t)ids->count + 1) * sizeof *sorted);
    uint32_t count = 0;
    if (sorted == NULL) {
        rs_state_fail(writer, RS_ERR_MEMORY);
        return;
    }
    for (uint32_t i = 0; i <= ids->mask && count < ids->count; i++) {
        if (ids->slots[i].low != 0 || ids->slots[i].high != 0) sorted[count++] = ids->slots[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_ids);
    rs_state_put_u32(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        rs_state_put_u64(writer, sorted[i].high);
        rs_state_put_u64(writer, sorted[i].low);
    }
    free(sorted);
}

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_sources_t *sources = &core->sources;
    rs_state_put_item(writer, &sources_table, sources);
    for (uint32_t i = 0; i < sources->source_count; i++) rs_state_put_item(writer, &source_table, &sources->sources[i]);
    for (uint32_t i = 0; i < sources->session_count; i++) {
        rs_state_put_item(writer, &session_table, &sources->sessions[i]);
        put_holes(writer, &sources->sessions[i].identities);
        put_holes(writer, &sources->sessions[i].reported);
    }
    put_ids(writer, &sources->young);
    put_ids(writer, &sources->old);
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
static void get_holes(rs_state_reader_t *reader, rs_numbers_t *numbers) {
    const uint32_t count = rs_state_get_u32(reader);
    uint64_t before = 0;
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        const uint64_t gap = rs_state_get_short(reader), more = rs_state_get_short(reader);
        const rs_hole_t hole = {.from = before + gap, .to = before + gap + more};
        const bool rising = (i == 0 || gap >= 2) && hole.from >= before && hole.to >= hole.from;
        const int status = rising && numbers->any && hole.to < numbers->greatest ? rs_numbers_restore(numbers, hole) : RS_ERR_PARSE;
        if (status != RS_OK && rs_state_is_good(reader)) rs_state_refuse(reader, status, "the numbers seen of a source cannot be");
        before = hole.to;
    }
}

static void get_ids(rs_state_reader_t *reader, struct rs_ids *ids) {
    const uint32_t count = rs_state_get_u32(reader);
    rs_hash128_t before = {0};
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        rs_hash128_t id;
        id.high = rs_state_get_u64(reader);
        id.low = rs_state_get_u64(reader);
        if (!rs_state_is_good(reader)) return;
        if (compare_ids(&before, &id) >= 0) rs_state_refuse(reader, RS_ERR_PARSE, "the identities are not in their order");
        else rs_sources_restore_id(ids, id);
        before = id;
    }
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_sources_t *sources = &core->sources, saved = *sources;
    rs_state_get_item(reader, &sources_table, &saved);
    if (!rs_state_is_good(reader)) return;
    if (saved.source_count > sources->max_sources + 1 || saved.session_count > sources->max_sessions + 1) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more sources than limits.sources allows now");
        return;
    }
    if (saved.source_count == 0 || saved.session_count == 0) rs_state_refuse(reader, RS_ERR_PARSE, "the sources lack the first one");
    sources->generation_us = saved.generation_us;
    for (uint32_t i = 0; i < saved.source_count && rs_state_is_good(reader); i++) {
        sources->source_count = i + 1;
        rs_state_get_item(reader, &source_table, &sources->sources[i]);
    }
    for (uint32_t i = 0; i < saved.session_count && rs_state_is_good(reader); i++) {
        sources->session_count = i + 1;
        rs_state_get_item(reader, &session_table, &sources->sessions[i]);
        get_holes(reader, &sources->sessions[i].identities);
        get_holes(reader, &sources->sessions[i].reported);
    }
    get_ids(reader, &sources->young);
    get_ids(reader, &sources->old);
    if (!rs_state_is_good(reader)) return;
    if (!rs_sources_restore(sources, &core->directory.names)) rs_state_refuse(reader, RS_ERR_PARSE, "a source has no name");
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    const rs_sources_t *sources = &core->sources;
    rs_state_check_item(reader, bounds, &sources_table, sources);
    for (uint32_t i = 0; i < sources->source_count; i++) rs_state_check_item(reader, bounds, &source_table, &sources->sources[i]);
    for (uint32_t i = 0; i < sources->session_count; i++) {
        rs_state_check_item(reader, bounds, &session_table, &sources->sessions[i]);
    }
}

const rs_state_part_t rs_state_sources_part = {
    .name = "sources", .version = 1, .table_count = 3,
    .tables = {&sources_table, &source_table, &session_table}, .save = save, .load = load, .check = check};
