/* core/window/window_state.h — the windows as bytes, and back into a fresh store.
 *
 * Model:     saved is what the windows say, not how they are built: panes (key, second, what happened in it), waits, today's totals.
 *            Totals of windows follow from panes, extremes from waits. So the bytes are the same however the log was written.
 * Threads:   the writer's; a store that is loaded has no readers yet. */
#ifndef RS_CORE_WINDOW_STATE_H
#define RS_CORE_WINDOW_STATE_H

#include "core/parts_state.h"
#include "core/window/window_internal.h"

/* window_state.c: keys, today, waits. panes_state.c: panes. */
void rs__panes_save(const rs_window_store_t *store, rs_state_writer_t *writer);
/* The keys are there. `figures`: what the file's numbers of counts and histograms mean. */
void rs__panes_load(rs_window_store_t *store, const rs_state_figures_t *figures, rs_state_reader_t *reader);

#endif
