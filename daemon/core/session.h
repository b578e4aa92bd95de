/* core/session.h — producers' sessions as the journal knows them: how far each was settled, so that a restart forgets no mark.
 *
 * Model:   whoever speaks with producers gives each session (source, incarnation) a number (rs_origin_t.session, its slot + 1) and says so
 *          in a record (RS_RECORD_SESSION) before its first event. From then on every event and refusal of that origin moves the
 *          session's `last`: batch numbers are taken in order without gaps, so all up to `last` are settled.
 *          A record for a number that is in use replaces what stood there: the one who gives numbers decides who gives way (the one
 *          least recently used of those that are detached and settled).
 * Bounds:  numbers 1 .. limits.sources, or limits.peers when that is more. A session above is not kept (`refused` counts it): its producer
 *          would begin anew.
 * Purity:  all of it is state. Nothing allocates after init.
 */
#ifndef RS_CORE_SESSION_H
#define RS_CORE_SESSION_H

#include "event/event.h"

typedef struct rs_kept_session {
    uint64_t last;                   /* greatest batch number that was applied or refused, 0: none yet */
    uint64_t used;                   /* record number of its last event, refusal or session record */
    uint8_t source_len, incarnation_len;   /* 0: the place is empty */
    char source[RS_MAX_NAME], incarnation[RS_MAX_NAME];
} rs_kept_session_t;

typedef struct rs_kept_sessions {
    rs_kept_session_t *places;       /* session n at n - 1 */
    uint32_t max, count;             /* count: above the highest that was ever used */
    uint64_t refused;
} rs_kept_sessions_t;

/* RS_ERR_MEMORY. deinit is safe on a zeroed one. */
RS_MUST_CHECK int rs_kept_sessions_init(rs_kept_sessions_t *sessions, uint32_t max);
void rs_kept_sessions_deinit(rs_kept_sessions_t *sessions);
/* `record`: the number of the record that says so. The names are those of a checked record. */
void rs_kept_sessions_begin(rs_kept_sessions_t *sessions, uint32_t session, rs_str_t source, rs_str_t incarnation, uint64_t record);
void rs_kept_sessions_settle(rs_kept_sessions_t *sessions, rs_origin_t origin, uint64_t record);

#endif
