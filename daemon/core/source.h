/* core/source.h — who reports: watermarks, lateness, identities and gaps per source, and the accounting that must balance.
 *
 * Model:   a source has sessions, one per incarnation. Of a session the numbers seen are kept as the greatest one and the
 *          holes below it, so that a number is known for ever in a few bytes; of events with an event_id a 128-bit hash is
 *          kept for 2 x lateness, in two generations. The two ways of identity do not know each other (design/cases.md).
 *          Watermark of a source: its greatest occurred_at. It counts for the common watermark while it is not idle.
 */
#ifndef RS_CORE_SOURCE_H
#define RS_CORE_SOURCE_H

#include "core/core.h"
#include "core/hash.h"
#include "core/names.h"
#include "core/numbers.h"
#include "core/skew.h"

typedef struct rs_session {
    uint32_t source, incarnation;     /* numbers of names */
    uint32_t owner;                   /* the source's place */
    rs_numbers_t identities;          /* of events known by their number */
    rs_numbers_t reported;            /* of all events, for gaps */
} rs_session_t;

typedef struct rs_source {
    rs_accounting_t accounting;
    uint32_t name;
    int64_t last_seen_us;             /* arrival of the last event or heartbeat */
    rs_skew_t skew;
} rs_source_t;

enum { RS_LIKELY_SESSIONS = 16 };     /* a power of two */
typedef struct rs_sources {
    rs_source_t *sources;             /* 0 is the one for everything past the limit */
    rs_session_t *sessions;
    rs_index_t source_index, session_index;
    uint32_t source_count, session_count, max_sources, max_sessions;
    uint32_t likely_sessions[RS_LIKELY_SESSIONS];   /* by the last letters of their names; 0 = none yet */
    int64_t lateness_us, idle_us, future_us;
    /* event ids: the younger and the older generation */
    struct rs_ids { rs_hash128_t *slots; uint32_t mask, count; } young, old;
    uint32_t max_ids;
    int64_t generation_us;            /* when the young one began */
    uint64_t seed;
    bool replay;
} rs_sources_t;

RS_MUST_CHECK int rs_sources_init(rs_sources_t *sources, const rs_config_t *config, bool replay, uint64_t seed);
void rs_sources_deinit(rs_sources_t *sources);

/* The session of an event, made when new. False: no room, then *session_out is that of the overflow source. */
RS_MUST_CHECK bool rs_sources_session(rs_sources_t *sources, rs_names_t *names, const rs_event_t *event,
                                      uint32_t *session_out);
/* Judges an event and, when it is accepted (RS_REFUSAL_NONE), remembers it and moves the watermark. *late: it is older than
 * something this source sent before. Does not count: see rs_sources_account. */
RS_MUST_CHECK rs_refusal_t rs_sources_judge(rs_sources_t *sources, uint32_t session, const rs_event_t *event,
                                            int64_t arrival_us, bool *late);
void rs_sources_account(rs_sources_t *sources, uint32_t session, rs_refusal_t reason, bool late);
void rs_sources_account_refusal(rs_sources_t *sources, rs_names_t *names, rs_str_t source, rs_refusal_t reason);
/* source.gap: the source itself says that numbers are lost; they are no longer missing. */
void rs_sources_declare_gap(rs_sources_t *sources, uint32_t session, uint64_t from, uint64_t to);

/* Least watermark over sources that are not idle at `now_us`; INT64_MIN when all are idle or none ever spoke.
 * *greatest (may be NULL): the greatest over all. */
int64_t rs_sources_watermark(rs_sources_t *sources, int64_t now_us, int64_t *greatest);
/* Loading: one more identity, not (0, 0). / Sources and sessions are there with their numbers: they can be found again. False: one has
 * no name that is known, or an owner that is none. */
void rs_sources_restore_id(struct rs_ids *ids, rs_hash128_t id);
RS_MUST_CHECK bool rs_sources_restore(rs_sources_t *sources, const rs_names_t *names);
uint64_t rs_sources_bytes(const rs_sources_t *sources);

#endif
