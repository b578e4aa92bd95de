/* Producers' sessions as bytes: those that are there, by number. */
#include "core/parts_state.h"

static const rs_state_field_t sessions_fields[] = {
    RS_STATE_REBUILT(rs_kept_sessions_t, places), RS_STATE_REBUILT(rs_kept_sessions_t, max),
    RS_STATE_FIELD(rs_kept_sessions_t, count, RS_BOUND_ANY), RS_STATE_FIELD(rs_kept_sessions_t, refused, RS_BOUND_ANY)};
static const rs_state_table_t sessions_table = RS_STATE_TABLE(rs_kept_sessions_t, "kept_sessions", sessions_fields);

/* Its names follow. */
static const rs_state_field_t session_fields[] = {
    RS_STATE_FIELD(rs_kept_session_t, last, RS_BOUND_ANY), RS_STATE_FIELD(rs_kept_session_t, used, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_kept_session_t, source_len), RS_STATE_REBUILT(rs_kept_session_t, incarnation_len),
    RS_STATE_REBUILT(rs_kept_session_t, source), RS_STATE_REBUILT(rs_kept_session_t, incarnation)};
static const rs_state_table_t session_table = RS_STATE_TABLE(rs_kept_session_t, "kept_session", session_fields);

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_kept_sessions_t *sessions = &core->kept_sessions;
    rs_state_put_item(writer, &sessions_table, sessions);
    for (uint32_t i = 0; i < sessions->count; i++) {
        const rs_kept_session_t *place = &sessions->places[i];
        rs_state_put_item(writer, &session_table, place);
        rs_state_put_text(writer, (rs_str_t){place->source, place->source_len});
        rs_state_put_text(writer, (rs_str_t){place->incarnation, place->incarnation_len});
    }
}

static void get_name(rs_state_reader_t *reader, char name[RS_MAX_NAME], uint8_t *len) {
    char text[256];
    const uint32_t text_len = rs_state_get_text(reader, text);
    if (text_len > RS_MAX_NAME) rs_state_refuse(reader, RS_ERR_PARSE, "a producer's name is too long");
    if (!rs_state_is_good(reader)) return;
    memcpy(name, text, text_len);
    *len = (uint8_t)text_len;
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_kept_sessions_t *sessions = &core->kept_sessions, saved = {0};
    rs_state_get_item(reader, &sessions_table, &saved);
    if (!rs_state_is_good(reader)) return;
    if (saved.count > sessions->max) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more sessions than limits.sources and limits.peers allow now");
    }
    sessions->refused = saved.refused;
    for (uint32_t i = 0; i < saved.count && rs_state_is_good(reader); i++) {
        rs_kept_session_t *place = &sessions->places[i];
        rs_state_get_item(reader, &session_table, place);
        get_name(reader, place->source, &place->source_len);
        get_name(reader, place->incarnation, &place->incarnation_len);
        if (place->source_len == 0 && place->incarnation_len != 0) {
            rs_state_refuse(reader, RS_ERR_PARSE, "a producer's session has half a name");
        }
        sessions->count = i + 1;
    }
}

const rs_state_part_t rs_state_sessions_part = {
    .name = "sessions", .version = 1, .table_count = 2, .tables = {&sessions_table, &session_table}, .save = save, .load = load};
