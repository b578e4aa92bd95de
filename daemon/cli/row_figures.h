/* cli/row_figures.h — every figure of a row, in the order in which rows are printed; formulas over counts (design: metrics.md).
 *
 * Null:    a row of an agent or a team has no legs of its own; what cases.md does not name for it is null there.
 */
#ifndef RS_CLI_ROW_FIGURES_H
#define RS_CLI_ROW_FIGURES_H

#include "cli/row_form.h"
#include "core/row.h"

/* All of them: legs, service level, waits, handling, then what follows here. */
void rs_figures_put(rs_form_t *form, const rs_row_t *row);
/* Replies and resolutions of asynchronous channels (row_replies.c). */
void rs_figures_put_replies(rs_form_t *form, const rs_row_t *row);
/* First-contact resolution, surveys, complaints, agents' time (row_people.c). */
void rs_figures_put_people(rs_form_t *form, const rs_row_t *row);

/* Agents and teams. */
static inline bool rs_row_is_person(const rs_row_t *row) {
    return row->key.family == RS_FAMILY_AGENT || row->key.family == RS_FAMILY_TEAM;
}
static inline int64_t rs_figure_ms(int64_t us) { return us / RS_US_PER_MS; }
/* -1: nothing was answered (abandoned). */
int64_t rs_figure_wait_ms(const rs_row_t *row, bool abandoned, uint32_t per_mille);

#endif
