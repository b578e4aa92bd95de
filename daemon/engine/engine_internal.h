/* engine/engine_internal.h — what the engine's files share: engine.c runs the thread, life.c makes and recovers, texts.c carries
 * configurations by value. */
#ifndef RS_ENGINE_INTERNAL_H
#define RS_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "engine/outlet.h"

#include <pthread.h>
#include <stdatomic.h>

enum { RS__OWNED_CONFIGS = 128, RS__WHY_BYTES = 1024 };

typedef struct rs__bytes { unsigned char *bytes; size_t len, room; } rs__bytes_t;
/* RS_ERR_MEMORY. */
RS_MUST_CHECK int rs__bytes_add(rs__bytes_t *bytes, const void *more, size_t len);
void rs__bytes_free(rs__bytes_t *bytes);

struct rs_engine {
    /* both threads read, never changed while the core's thread runs */
    rs_core_t *core;              /* the core's thread alone, but for the reads that core.h opens to all */
    rs_ring_t *inlet, *outlet;
    rs_sleeper_t *sleeper;
    rs_engine_settings_t settings;
    rs_engine_callbacks_t callbacks;
    pthread_t thread;
    uint64_t skip;                /* records of the ring up to this number were applied before the thread began */
    bool telling;                 /* effects are told */
    rs_alert_fn recovered_alert;  /* rebuild.c's: transitions while nothing is told; NULL: nobody's */
    void (*recovered_let_go)(void *context, uint64_t position);   /* likewise */
    void *recovered_context;

    /* the core's thread while it runs, else the loop */
    const rs_config_t *begun, *newest;   /* the core was made or last loaded with; in force */
    uint64_t taken;               /* number of the last record taken from the ring */

    /* the loop's */
    bool running, keep_rows;
    uint64_t base;                /* number of the last record before those in this process's ring */
    uint64_t submitted;           /* number of the last record in the ring */
    uint64_t confirmed;           /* number of the last confirmation in the ring */
    rs_config_t *owned[RS__OWNED_CONFIGS];   /* made of texts */
    uint32_t owned_count;
    rs__bytes_t parts;            /* of a configuration that is not complete yet */
    rs__bytes_t again;            /* transitions to be told again: length, packed */
    rs_engine_recovery_t recovery;
    char why[RS__WHY_BYTES];
    const rs_config_t *in_ring;   /* of the RS_RECORD_CONFIG in the ring: written before it is committed, read after it was peeked */

    /* core's thread writes, loop reads */
    _Alignas(128) _Atomic uint64_t settled;     /* release after the outlet entries; acquire in rs_engine_drain */
    _Atomic uint64_t number;                    /* release, any thread acquires: the state of that record is there */
    _Atomic int64_t now_us, watermark_us;       /* relaxed both sides: each a number for itself */
    _Atomic int config_status;                  /* release before the settled position of its record; acquire */

    /* loop writes, core's thread reads */
    _Alignas(128) _Atomic bool stopping;        /* release; acquire */

    /* the collection: ASKED is stored by the loop, DONE by the core's thread, each with release; the other side acquires
     * before it touches what is below, so it is never shared at the same moment */
    _Alignas(128) _Atomic int collect_state;
    rs_collection_t collection;
    uint64_t collect_after;       /* not before this record is applied: what was confirmed is not handed out again */
    uint64_t complete;            /* all rows of records up to here were handed out */
    rs_accounting_t *sources;
    uint32_t max_sources;
};

/* --- texts.c ------------------------------------------------------------------------------------------------------- */
rs_record_text_t rs__text_of(const rs_config_t *config);
/* The configuration's parts into the ring. RS_ERR_FULL, RS_ERR_LIMIT: it would never fit. */
RS_MUST_CHECK int rs__text_submit(rs_engine_t *engine, const rs_config_t *config);
void rs__text_take_part(rs_engine_t *engine, uint32_t place, rs_str_t part);
/* The configuration that the parts so far say, owned by the engine. RS_ERR_NOT_FOUND: parts are missing; RS_ERR_PARSE: it is none (why);
 * RS_ERR_LIMIT: too many at once; RS_ERR_MEMORY. */
RS_MUST_CHECK int rs__text_make(rs_engine_t *engine, const rs_record_text_t *text, const rs_config_t **config);
RS_MUST_CHECK int rs__text_load(rs_engine_t *engine, rs_str_t text, const rs_config_t **config);
/* Gives back all that the engine owns but `kept` (may be NULL). */
void rs__texts_free(rs_engine_t *engine, const rs_config_t *kept);
void rs__texts_forget_last(rs_engine_t *engine);
/* The head of a saved engine: configurations and parts. / *begun is *newest when they are the same. */
RS_MUST_CHECK int rs__texts_save(const rs_engine_t *engine, const rs_state_out_t *out);
RS_MUST_CHECK int rs__texts_load(rs_engine_t *engine, const rs_state_in_t *in, const rs_config_t **begun, const rs_config_t **newest);
int rs__fail(rs_engine_t *engine, int status, const char *why);

/* Commits what was claimed of the inlet; the record has number engine->submitted then. Returns the ring's position. */
uint64_t rs__commit(rs_engine_t *engine, size_t len, uint32_t kind);

/* --- engine.c, life.c ---------------------------------------------------------------------------------------------- */
void rs__send_verdict(void *context, rs_origin_t origin, const rs_event_t *event, rs_refusal_t reason);
void rs__send_answer(void *context, rs_origin_t origin, int status, uint64_t number);
void rs__send_alert(void *context, const rs_alert_transition_t *transition);
void rs__send_let_go(void *context, uint64_t position);
void *rs__run_core(void *context);
/* Changed rows and edges into the batch, cleared first, and the policies by which they are counted. */
void rs__fill_batch(rs_core_t *core, rs_row_batch_t *batch);

#endif
