/* cli/agent_print.h — the part of a row that tells of agents' time: the member `agent_time`.
 *
 *   agent_time: {logged_in_ms, available_ms, ringing_ms, on_contact_ms, on_hold_ms, wrapping_ms, break_ms, custom_ms,
 *                occupancy: {on_contact, logged_in}, planned_ms, out_of_plan_ms, worked_ms, planned_work_ms, adherence, conformance,
 *                overlapping_handlings, states_expired}
 * Of agent, team and total rows; null in others, whose time is nobody's. Sums are 0 and ratios null where nothing is known. */
#ifndef RS_CLI_AGENT_PRINT_H
#define RS_CLI_AGENT_PRINT_H

#include "core/row.h"
#include "event/json.h"

void rs_agent_time_print(rs_json_t *json, const rs_row_t *row);

#endif
