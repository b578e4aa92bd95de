#include "core/session.h"

#include <stdlib.h>

int rs_kept_sessions_init(rs_kept_sessions_t *sessions, uint32_t max) {
    *sessions = (rs_kept_sessions_t){.max = max, .places = calloc(max, sizeof *sessions->places)};
    return sessions->places == NULL ? RS_ERR_MEMORY : RS_OK;
}

void rs_kept_sessions_deinit(rs_kept_sessions_t *sessions) {
    free(sessions->places);
    *sessions = (rs_kept_sessions_t){0};
}

void rs_kept_sessions_begin(rs_kept_sessions_t *sessions, uint32_t session, rs_str_t source, rs_str_t incarnation, uint64_t record) {
    if (session == 0 || session > sessions->max) {
        sessions->refused++;
        return;
    }
    rs_kept_session_t *place = &sessions->places[session - 1];
    *place = (rs_kept_session_t){.used = record, .source_len = (uint8_t)source.len, .incarnation_len = (uint8_t)incarnation.len};
    memcpy(place->source, source.data, source.len);
    if (incarnation.len > 0) memcpy(place->incarnation, incarnation.data, incarnation.len);
    if (session > sessions->count) sessions->count = session;
}

void rs_kept_sessions_settle(rs_kept_sessions_t *sessions, rs_origin_t origin, uint64_t record) {
    if (origin.session == 0 || origin.session > sessions->count) return;
    rs_kept_session_t *place = &sessions->places[origin.session - 1];
    if (place->source_len == 0) return;
    if (origin.number > place->last) place->last = origin.number;
    place->used = record;
}
