/* The staffing plan: agents per half-hour by Erlang A, and what one more or fewer would change. */
#include "cli/report.h"

#include "cli/cli.h"

#include <math.h>
#include <ringside/erlang.h>
#include <stdlib.h>
#include <string.h>

enum { HALF_HOUR_S = 1800, DEFAULT_THRESHOLD_MS = 20000 };

static bool put(rs_report_result_t *result, uint32_t row, const char *column, double value) {
    char text[64];
    const int at = rs_report_column_at(result, column);
    RS_REQUIRE(at >= 0);
    if (!isfinite(value)) return true; /* with so few the queue grows for ever: no mean wait */
    snprintf(text, sizeof text, "%.10g", value);
    char **cell = &result->cells[(size_t)row * result->columns + (uint32_t)at];
    free(*cell);
    *cell = strdup(text);
    return *cell != NULL;
}

/* With one fewer than one nobody works: all who come give up, unless they wait for ever. */
static int of_agents(const rs_erlang_load_t *load, uint32_t agents, double threshold_s, rs_erlang_t *result) {
    if (agents > 0) return rs_erlang_a(load, agents, threshold_s, result);
    *result =
        (rs_erlang_t){.p_wait = 1, .p_abandon = isfinite(load->patience_s) ? 1 : 0, .mean_wait_s = load->patience_s, .p_over = 1};
    return RS_OK;
}

static int plan_row(const rs_report_request_t *request, rs_report_result_t *result, uint32_t row) {
    const double calls = rs_report_number(result, row, "calls"), handle_ms = rs_report_number(result, row, "handle_ms");
    const double patience_ms = rs_report_number(result, row, "patience_ms"),
                 stored_ms = rs_report_number(result, row, "threshold_ms");
    const double threshold_ms = request->threshold_ms >= 0 ? request->threshold_ms
                                : isnan(stored_ms)         ? DEFAULT_THRESHOLD_MS
                                                           : stored_ms;
    if (!put(result, row, "threshold_ms", threshold_ms)) return rs_cli_fail("out of memory");
    if (!(handle_ms > 0)) {
        rs_report_warn(result, "nothing was handled in some queues: without a handle time there is no plan for them");
        return 0;
    }
    rs_erlang_load_t load = {.arrivals_per_s = calls / HALF_HOUR_S,
                             .handle_s = handle_ms / 1000,
                             .patience_s = patience_ms > 0 ? patience_ms / 1000 : INFINITY};
    if (load.patience_s > 1e9 * load.handle_s) load.patience_s = INFINITY;
    uint32_t agents;
    rs_erlang_t with, fewer, more;
    int status = rs_erlang_a_agents(&load, threshold_ms / 1000, request->target, &agents);
    if (status == RS_ERR_LIMIT) {
        rs_report_warn(
            result,
            "--target %g cannot be reached by any number of agents in some half-hours: more give up at once than it allows",
            request->target);
        return 0;
    }
    if (status == RS_OK) status = rs_erlang_a(&load, agents, threshold_ms / 1000, &with);
    if (status == RS_OK) status = of_agents(&load, agents - 1, threshold_ms / 1000, &fewer);
    if (status == RS_OK) status = rs_erlang_a(&load, agents + 1, threshold_ms / 1000, &more);
    if (status != RS_OK) return rs_cli_fail("report staffing: %s", rs_status_text(status));
    const bool done = put(result, row, "agents", agents) && put(result, row, "service_level", with.service_level) &&
                      put(result, row, "abandoned_rate", with.p_abandon) &&
                      put(result, row, "wait_ms", with.mean_wait_s * 1000) && put(result, row, "occupancy", with.occupancy) &&
                      put(result, row, "service_level_fewer", fewer.service_level) &&
                      put(result, row, "lost_by_fewer", calls * (fewer.p_abandon - with.p_abandon)) &&
                      put(result, row, "wait_fewer_ms", fewer.mean_wait_s * 1000) &&
                      put(result, row, "service_level_more", more.service_level) &&
                      put(result, row, "won_by_more", calls * (with.p_abandon - more.p_abandon)) &&
                      put(result, row, "wait_more_ms", more.mean_wait_s * 1000);
    return done ? 0 : rs_cli_fail("out of memory");
}

int rs_report_staffing(const rs_report_request_t *request, rs_report_result_t *result) {
    for (uint32_t row = 0; row < result->rows; row++) {
        const int status = plan_row(request, result, row);
        if (status != 0) return status;
    }
    return 0;
}
