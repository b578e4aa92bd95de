/* engine/rebuild.h — rows, alert transitions and refusals of a stretch of the journal made once more, for a database that has forgotten
 * them or never had them (store/store.h, Rewinds).
 *
 * Model:   an engine without a thread stands at a record at or below `after` (loaded from a saved state, or fresh) and is given the
 *          journal's records up to `upto`. Its core does what the live one did, to the byte: confirmations are records, too. So
 *            - before a confirmation above `after` lets rows go, or the core does for want of memory, those are handed out as they are;
 *            - at `upto` all that is not confirmed is handed out;
 *            - of transitions and refusals, those of the records above `after`.
 *          What changed above `after` has then been handed out with its last version, or is younger than `upto`, which is the live core's.
 *          Some more is handed out as well; rows are absolute and revisioned, effects are known by their record: that is harmless.
 *          When the engine stands above `after` already, because what is below it is gone, all that is in its memory is handed out first:
 *          what had left memory by then is not made again.
 * Cost:    that of applying the records, and of reading about as many rows as the live core handed out in that stretch.
 * Threads: one at a time; the engine belongs to the rebuild meanwhile.
 */
#ifndef RS_ENGINE_REBUILD_H
#define RS_ENGINE_REBUILD_H

#include "engine/engine.h"

/* What is not RS_OK ends the rebuild, which returns it. */
typedef struct rs_rebuild_sink {
    void *context;
    rs_row_batch_t *batch;   /* with room as rs_engine_collect wants it; borrowed */
    /* The batch has rows, edges or contacts; it is cleared after the call. */
    int (*on_rows)(void *context);
    /* Borrowed for the call. */
    int (*on_alert)(void *context, const rs_alert_transition_t *transition);
    int (*on_refusal)(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us, uint64_t number);
} rs_rebuild_sink_t;

typedef struct rs_rebuild {
    rs_engine_t *engine;
    uint64_t after, upto;
    rs_rebuild_sink_t sink;
    uint64_t rows;           /* rows, edges and contacts handed out */
    bool is_under_way;
    int status;              /* of the sink */
} rs_rebuild_t;

/* The engine is borrowed until end. */
void rs_rebuild_begin(rs_rebuild_t *rebuild, rs_engine_t *engine, uint64_t after, uint64_t upto, const rs_rebuild_sink_t *sink);
/* As rs_engine_recover_record, for numbers up to `upto`; or what the sink said. */
RS_MUST_CHECK int rs_rebuild_record(rs_rebuild_t *rebuild, uint32_t kind, const void *bytes, size_t len, uint64_t number);
/* After the last record. The engine is good for nothing but destroy then. */
RS_MUST_CHECK int rs_rebuild_end(rs_rebuild_t *rebuild);

#endif
