/* support/state_bytes.h — a core's state in memory: saved, compared, loaded again. */
#ifndef RS_TESTS_STATE_BYTES_H
#define RS_TESTS_STATE_BYTES_H

#include "core/core.h"

typedef struct state_bytes {
    unsigned char *bytes;
    size_t len, room;
    rs_hash128_t hash;
} state_bytes_t;

/* Replaces what is in *state; keeps its room. Ends the program when saving fails. */
void state_save(const rs_core_t *core, state_bytes_t *state);
void state_free(state_bytes_t *state);
bool state_equal(const state_bytes_t *a, const state_bytes_t *b);
/* In pieces of at most `step` bytes (0: any). `what` (RS_STATE_WHAT_BYTES) may be NULL. */
RS_MUST_CHECK int state_load(const rs_core_options_t *options, const state_bytes_t *state, size_t step, char *what, rs_core_t **core);
/* Saves, destroys and loads; what is saved of the new core must be what was saved of the old one. Ends the program with the reason
 * when it is not, or when loading fails. */
void state_restart(rs_core_t **core, const rs_core_options_t *options, state_bytes_t *scratch);
/* Where two states first differ, for a message: the section's name and what is before, into `text`. */
void state_describe_difference(const state_bytes_t *a, const state_bytes_t *b, char *text, size_t size);

#endif
