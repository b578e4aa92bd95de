/* support/core_collect.h — what the store does, in one step: takes changed rows and confirms that it has them. */
#ifndef RS_TESTS_CORE_COLLECT_H
#define RS_TESTS_CORE_COLLECT_H

#include "core/core.h"

static inline void core_confirm_collected(rs_core_t *core) {
    rs_confirmed_t confirmed;
    rs_core_collected(core, &confirmed);
    rs_core_confirm(core, &confirmed);
}

/* At most `max`, or RS_ATTRIBUTION_COUNT when that is more. Returns how many; 0: nothing is left. */
static inline size_t core_collect(rs_core_t *core, size_t max, rs_row_fn on_row, void *context) {
    const size_t count = rs_core_collect(core, max < RS_ATTRIBUTION_COUNT ? (size_t)RS_ATTRIBUTION_COUNT : max, on_row, context);
    core_confirm_collected(core);
    return count;
}

static inline size_t core_process_collect(rs_core_t *core, size_t max, rs_process_row_fn on_row, void *context) {
    const size_t count = rs_core_process_collect(core, max, on_row, context);
    core_confirm_collected(core);
    return count;
}

#endif
