/* cli/replay_store.h — `ringside replay --store`: what a replay has counted, into PostgreSQL as a daemon would have written it.
 *
 * Model:   all rows (five families, the configuration's attributions and interval), the edges of the process map and (if limits.facts > 0)
 *          the facts of contacts are in the core when the files have been read. They go through the daemon's own store, in its
 *          batches, under a stream of their own: so they are absolute, exactly once, and a run that breaks off can be repeated. Refused
 *          events and alerts are not stored: the one are reported while reading, the other belong to the time in which somebody could act.
 * Twice:   rows of several streams add up. So nothing is written when the tenants already have rows of any stream in the
 *          quarters of an hour from the first to the last that the files touch; `replace` removes those first that an earlier
 *          replay of this stream wrote there, never those of another stream.
 * Errors:  exit status; one line on standard error has said why. */
#ifndef RS_CLI_REPLAY_STORE_H
#define RS_CLI_REPLAY_STORE_H

#include "core/core.h"

typedef struct rs_replay_store {
    const char *database; /* libpq connection string */
    const char *stream;   /* 1 … RS_MAX_NAME bytes */
    bool replace;
    bool progress;
    uint64_t run; /* the core's */
} rs_replay_store_t;

/* `core` has applied everything and is finished; `admission` has the accounting of the sources. Adds to *rows. */
RS_MUST_CHECK int rs_replay_store(rs_core_t *core, const rs_core_t *admission, const rs_replay_store_t *options, uint64_t *rows);

#endif
