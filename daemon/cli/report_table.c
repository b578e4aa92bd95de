/* The reports: of each which SQL function, with which arguments, which columns, how it is explained and drawn. */
#include "cli/report.h"

#include <string.h>

#define COLUMNS(list) .columns = (list), .column_count = RS_ARRAY_LEN(list), .asked = RS_ARRAY_LEN(list)
#define PERIOD {"from_time", RS_OPT_FROM}, {"to_time", RS_OPT_TO}
#define ROWS {"of_family", RS_OPT_FAMILY}, PERIOD, {"step", RS_OPT_STEP}, {"zone", RS_OPT_ZONE}, {"of_tenant", RS_OPT_TENANT}, \
    {"of_key", RS_OPT_KEY}, {"of_attribution", RS_OPT_ATTRIBUTION}
#define CHANNEL {"of_channel", RS_OPT_CHANNEL}
#define FIGURE {"of_metric", RS_OPT_METRIC}, PERIOD, {"of_family", RS_OPT_FAMILY}, {"of_tenant", RS_OPT_TENANT}, \
    {"zone", RS_OPT_ZONE}, {"policies", RS_OPT_POLICY}, CHANNEL, {"of_attribution", RS_OPT_ATTRIBUTION}, {"of_reason", RS_OPT_REASON}

#define WHEN {"interval_start", RS_COLUMN_TIME, false, "first instant of the step; null: the whole period"}
#define TENANT {"tenant", RS_COLUMN_TEXT, true, "the organisation"}
#define KEY {"key", RS_COLUMN_TEXT, false, "queue, channel or team; null of queues: handlings without any queue"}
#define LEVEL \
    {"policy", RS_COLUMN_TEXT, false, "by which service-level policy"}, \
    {"service_level", RS_COLUMN_RATIO, false, "sl_numerator / sl_denominator"}, \
    {"sl_numerator", RS_COLUMN_COUNT, true, "legs that are hits by the policy"}, \
    {"sl_denominator", RS_COLUMN_COUNT, true, "legs that count by the policy"}
#define LEGS \
    {"offered", RS_COLUMN_COUNT, false, "legs opened: one stay in a queue"}, \
    {"answered", RS_COLUMN_COUNT, false, "legs answered"}, \
    {"abandoned", RS_COLUMN_COUNT, false, "legs given up"}, \
    {"abandoned_short", RS_COLUMN_COUNT, true, "of these, within the short limit"}, \
    {"abandoned_rate", RS_COLUMN_RATIO, false, "abandoned / (answered + abandoned)"}, \
    {"flowed_out", RS_COLUMN_COUNT, true, "legs that left otherwise"}, \
    {"callbacks", RS_COLUMN_COUNT, true, "legs exchanged for a call-back"}, \
    {"blocked", RS_COLUMN_COUNT, true, "turned away, never offered"}
#define WAITS \
    {"asa_ms", RS_COLUMN_MS, false, "mean wait of answered legs"}, \
    {"wait_p50_ms", RS_COLUMN_MS, true, "half of the answered waited at most this long"}, \
    {"wait_p90_ms", RS_COLUMN_MS, false, "90 % of the answered waited at most this long"}, \
    {"wait_p99_ms", RS_COLUMN_MS, true, "99 % of the answered waited at most this long"}, \
    {"wait_max_ms", RS_COLUMN_MS, false, "longest wait of closed legs, all outcomes"}, \
    {"abandon_mean_ms", RS_COLUMN_MS, true, "mean wait of abandoned legs"}
#define HANDLING \
    {"handled", RS_COLUMN_COUNT, false, "handlings ended"}, \
    {"handled_short", RS_COLUMN_COUNT, true, "of these, with less than 10 s of talk"}, \
    {"short_rate", RS_COLUMN_RATIO, true, "handled_short / handled"}, \
    {"aht_ms", RS_COLUMN_MS, false, "(talk + hold + wrap-up) / handled"}, \
    {"talk_ms", RS_COLUMN_MS, true, "talk without hold / handled"}, \
    {"hold_ms", RS_COLUMN_MS, true, "hold / handled"}, \
    {"wrap_ms", RS_COLUMN_MS, true, "wrap-up / handled"}, \
    {"transferred_in", RS_COLUMN_COUNT, true, "contacts transferred to it"}, \
    {"transferred_out", RS_COLUMN_COUNT, true, "handlings that ended in a transfer"}, \
    {"offers", RS_COLUMN_COUNT, true, "agents rung"}, \
    {"offers_failed", RS_COLUMN_COUNT, true, "rung in vain"}
#define AGENTS_TIME \
    {"occupancy", RS_COLUMN_RATIO, false, "(talk + hold + wrap-up) / (that + available)"}, \
    {"occupancy_logged_in", RS_COLUMN_RATIO, true, "(talk + hold + wrap-up) / logged in"}, \
    {"adherence", RS_COLUMN_RATIO, false, "1 - out of plan / planned"}, \
    {"conformance", RS_COLUMN_RATIO, true, "worked / planned work"}
#define SAID \
    {"fcr", RS_COLUMN_RATIO, false, "first-contact resolution, gross, provisional journeys included"}, \
    {"csat", RS_COLUMN_COUNT, false, "satisfaction: mean of the raw scores"}, \
    {"nps", RS_COLUMN_COUNT, true, "recommendation, -100 to 100"}
#define FINAL {"final", RS_COLUMN_YES, true, "nothing but a correction can change it"}
#define UNIT {"unit", RS_COLUMN_TEXT, true, "of the figure: ratio, ms, count, score or nps"}

static const rs_report_column_t row_columns[] = {
    WHEN, TENANT, KEY, {"channel", RS_COLUMN_TEXT, false, "the channel"}, LEVEL, LEGS, WAITS, HANDLING, AGENTS_TIME, SAID, FINAL};
static const rs_report_column_t agent_columns[] = {
    WHEN,
    TENANT,
    {"agent", RS_COLUMN_TEXT, false, "the agent: a person, show it to few"},
    {"answered", RS_COLUMN_COUNT, false, "legs answered"},
    {"handled", RS_COLUMN_COUNT, false, "handlings ended"},
    {"handled_short", RS_COLUMN_COUNT, true, "of these, with less than 10 s of talk"},
    {"short_rate", RS_COLUMN_RATIO, false, "handled_short / handled: agents who hang up show here"},
    {"aht_ms", RS_COLUMN_MS, false, "(talk + hold + wrap-up) / handled"},
    {"talk_ms", RS_COLUMN_MS, false, "talk without hold / handled"},
    {"hold_ms", RS_COLUMN_MS, true, "hold / handled"},
    {"wrap_ms", RS_COLUMN_MS, true, "wrap-up / handled"},
    {"asa_ms", RS_COLUMN_MS, true, "mean wait of the legs answered"},
    {"transferred_in", RS_COLUMN_COUNT, true, "contacts transferred to the agent"},
    {"transferred_out", RS_COLUMN_COUNT, false, "handlings that ended in a transfer"},
    {"offers", RS_COLUMN_COUNT, true, "how often rung"},
    {"offers_failed", RS_COLUMN_COUNT, false, "rung in vain"},
    AGENTS_TIME,
    SAID};
static const rs_report_column_t level_columns[] = {
    WHEN,
    TENANT,
    KEY,
    {"channel", RS_COLUMN_TEXT, false, "the channel"},
    {"policy", RS_COLUMN_TEXT, false, "by which policy"},
    {"service_level", RS_COLUMN_RATIO, false, "sl_numerator / sl_denominator"},
    {"sl_numerator", RS_COLUMN_COUNT, false, "legs that are hits by the policy"},
    {"sl_denominator", RS_COLUMN_COUNT, false, "legs that count by the policy"},
    LEGS,
    {"asa_ms", RS_COLUMN_MS, true, "mean wait of answered legs"},
    {"wait_p90_ms", RS_COLUMN_MS, true, "90 % of the answered waited at most this long"},
    FINAL};
static const rs_report_column_t topic_columns[] = {
    TENANT,
    {"topic", RS_COLUMN_TEXT, false, "the topic; (few): topics of fewer than --min-n contacts together"},
    {"contacts", RS_COLUMN_COUNT, false, "contacts begun in the period"},
    {"handled", RS_COLUMN_COUNT, false, "their handlings that ended"},
    {"aht_ms", RS_COLUMN_MS, false, "(talk + hold + wrap-up) / handled"},
    {"fcr_eligible", RS_COLUMN_COUNT, true, "contacts judged"},
    {"fcr", RS_COLUMN_RATIO, false, "resolved at first contact / judged"},
    {"csat_responses", RS_COLUMN_COUNT, true, "answers"},
    {"csat", RS_COLUMN_COUNT, false, "satisfaction: mean of the raw scores"},
    {"nps_responses", RS_COLUMN_COUNT, true, "answers"},
    {"nps", RS_COLUMN_COUNT, false, "recommendation, -100 to 100"}};
static const rs_report_column_t export_columns[] = {
    WHEN,
    TENANT,
    KEY,
    {"channel", RS_COLUMN_TEXT, false, "the channel"},
    {"suppressed", RS_COLUMN_YES, false, "withheld: fewer than --min-n, or the total would tell one that is"},
    {"n", RS_COLUMN_COUNT, false, "offered, answered or handled, the most of these"},
    {"answered", RS_COLUMN_COUNT, false, "legs answered"},
    {"abandoned", RS_COLUMN_COUNT, false, "legs given up"},
    {"handled", RS_COLUMN_COUNT, false, "handlings ended"},
    {"asa_ms", RS_COLUMN_MS, false, "mean wait of answered legs"},
    {"aht_ms", RS_COLUMN_MS, false, "(talk + hold + wrap-up) / handled"},
    {"policy", RS_COLUMN_TEXT, false, "by which service-level policy"},
    {"service_level", RS_COLUMN_RATIO, false, "numerator / denominator"},
    {"fcr", RS_COLUMN_RATIO, true, "first-contact resolution, gross; none when fewer than --min-n were judged"},
    {"csat", RS_COLUMN_COUNT, true, "satisfaction: mean of the raw scores; likewise"},
    {"nps", RS_COLUMN_COUNT, true, "recommendation, -100 to 100; likewise"}};
static const rs_report_column_t fcr_columns[] = {
    WHEN,
    TENANT,
    KEY,
    {"channel", RS_COLUMN_TEXT, false, "the channel"},
    {"eligible", RS_COLUMN_COUNT, false, "journeys judged"},
    {"repeated", RS_COLUMN_COUNT, false, "the customer came back within the window"},
    {"flagged_unresolved", RS_COLUMN_COUNT, false, "somebody said that it was not resolved"},
    {"unresolved", RS_COLUMN_COUNT, false, "either of these"},
    {"fcr", RS_COLUMN_RATIO, false, "gross: (eligible - unresolved) / eligible"},
    {"fcr_net", RS_COLUMN_RATIO, false, "net: the same without topics that cannot be resolved at first contact"},
    {"matured", RS_COLUMN_COUNT, true, "journeys whose window has ended"},
    {"matured_rate", RS_COLUMN_RATIO, false, "matured / eligible; the rest may still come back"},
    {"state", RS_COLUMN_TEXT, false, "matured when all have"}};
static const rs_report_column_t feedback_columns[] = {
    WHEN,
    TENANT,
    KEY,
    {"channel", RS_COLUMN_TEXT, false, "the channel"},
    {"surveyed", RS_COLUMN_COUNT, false, "contacts that answered at least once"},
    {"response_rate", RS_COLUMN_RATIO, false, "surveyed / handled"},
    {"csat_responses", RS_COLUMN_COUNT, false, "answers on satisfaction"},
    {"csat", RS_COLUMN_COUNT, false, "mean of the raw scores"},
    {"csat_top_box", RS_COLUMN_RATIO, false, "top scores / csat_responses"},
    {"nps_responses", RS_COLUMN_COUNT, false, "answers on recommendation"},
    {"nps", RS_COLUMN_COUNT, false, "100 x (promoters - detractors) / nps_responses"},
    {"promoters", RS_COLUMN_COUNT, true, "scores of 9 and 10"},
    {"detractors", RS_COLUMN_COUNT, true, "scores of 0 to 6"},
    {"ces_responses", RS_COLUMN_COUNT, false, "answers on effort"},
    {"ces", RS_COLUMN_COUNT, false, "mean of the raw scores"},
    {"off_scale", RS_COLUMN_COUNT, true, "answers off their scale, counted nowhere else"}};
static const rs_report_column_t process_columns[] = {
    TENANT,
    {"from_stage", RS_COLUMN_TEXT, false, "the stage before"},
    {"to_stage", RS_COLUMN_TEXT, false, "the stage that followed, or an end"},
    {"count", RS_COLUMN_COUNT, false, "how often"},
    {"again", RS_COLUMN_COUNT, false, "of these, contacts that had been there before: rework"},
    {"time_share", RS_COLUMN_RATIO, false, "of all time in all stages"},
    {"mean_ms", RS_COLUMN_MS, false, "mean time in from_stage before it"},
    {"p50_ms", RS_COLUMN_MS, false, "half took at most this long"},
    {"p90_ms", RS_COLUMN_MS, false, "90 % took at most this long"},
    {"max_ms", RS_COLUMN_MS, true, "the longest"},
    {"ping_pong_queues", RS_COLUMN_COUNT, true, "back to a queue after one other"},
    {"ping_pong_agents", RS_COLUMN_COUNT, true, "back to an agent after one other"},
    {"bottleneck", RS_COLUMN_YES, false, "from_stage holds the most time of all"}};
static const rs_report_column_t compare_columns[] = {
    {"metric", RS_COLUMN_TEXT, false, "the figure"},
    {"policy", RS_COLUMN_TEXT, true, "of a service level"},
    UNIT,
    {"before_value", RS_COLUMN_FIGURE, false, "before, in hours that both sides have"},
    {"after_value", RS_COLUMN_FIGURE, false, "after, in the same hours of the same weekdays"},
    {"difference", RS_COLUMN_FIGURE, false, "after - before"},
    {"low", RS_COLUMN_FIGURE, false, "lower end of the interval in which the true difference lies with 95 % confidence (--confidence)"},
    {"high", RS_COLUMN_FIGURE, false, "its upper end; when 0 lies between the two, there may be no difference"},
    {"confidence_level", RS_COLUMN_RATIO, true, "of the interval"},
    {"p_value", RS_COLUMN_COUNT, false, "chance of such a difference if nothing had changed"},
    {"verdict", RS_COLUMN_TEXT, false, "better, worse, no difference shown, or cannot be told"},
    {"test", RS_COLUMN_TEXT, false, "the test that fits the figure"},
    {"before_days", RS_COLUMN_COUNT, false, "days with data"},
    {"after_days", RS_COLUMN_COUNT, false, "days with data"},
    {"before_n", RS_COLUMN_COUNT, true, "observations"},
    {"after_n", RS_COLUMN_COUNT, true, "observations"},
    {"overdispersion", RS_COLUMN_COUNT, true, "by how much days vary more than by chance"},
    {"superiority", RS_COLUMN_COUNT, true, "of times: chance that one after is longer than one before"},
    {"warnings", RS_COLUMN_TEXT, true, "what to be careful about; tables and pages have it beside them"}};
static const rs_report_column_t trend_columns[] = {{"step_start", RS_COLUMN_TIME, false, "first instant of the step"},
                                                   {"value", RS_COLUMN_FIGURE, false, "the figure"},
                                                   {"n", RS_COLUMN_COUNT, false, "observations"},
                                                   {"center", RS_COLUMN_FIGURE, false, "centre line of its phase"},
                                                   {"lower", RS_COLUMN_FIGURE, false, "lower limit, three sigma"},
                                                   {"upper", RS_COLUMN_FIGURE, false, "upper limit, three sigma"},
                                                   {"signal", RS_COLUMN_TEXT, false, "a special cause"},
                                                   {"change", RS_COLUMN_TEXT, false, "changes of the register of improvements"},
                                                   UNIT};
static const rs_report_column_t benchmark_columns[] = {
    {"key", RS_COLUMN_TEXT, false, "queue, channel, agent or team"},
    {"value", RS_COLUMN_FIGURE, false, "the figure"},
    {"n", RS_COLUMN_COUNT, false, "observations"},
    {"average", RS_COLUMN_FIGURE, false, "of all of them together"},
    {"low95", RS_COLUMN_FIGURE, false, "funnel limit: 95 % of chance lies within"},
    {"high95", RS_COLUMN_FIGURE, false, "its upper side"},
    {"low998", RS_COLUMN_FIGURE, true, "funnel limit: 99.8 %"},
    {"high998", RS_COLUMN_FIGURE, true, "its upper side"},
    {"place", RS_COLUMN_TEXT, false, "as the others, perhaps or clearly better or worse, or too few"},
    UNIT};
static const rs_report_column_t baseline_columns[] = {
    {"name", RS_COLUMN_TEXT, false, "its name"},
    {"metric", RS_COLUMN_TEXT, false, "the figure"},
    {"policy", RS_COLUMN_TEXT, false, "of a service level"},
    {"family", RS_COLUMN_TEXT, true, "queue, channel, total or team"},
    TENANT,
    {"key", RS_COLUMN_TEXT, false, "the queue or team; null: all together"},
    {"channel", RS_COLUMN_TEXT, true, "the channel; null: all"},
    {"from_time", RS_COLUMN_TIME, false, "first instant"},
    {"to_time", RS_COLUMN_TIME, false, "first instant after"},
    {"zone", RS_COLUMN_TEXT, true, "of its days"},
    UNIT,
    {"value", RS_COLUMN_FIGURE, false, "as it was frozen"},
    {"value_now", RS_COLUMN_FIGURE, false, "what the same rows say now; another value: corrected or dropped since"},
    {"n", RS_COLUMN_COUNT, false, "observations"},
    {"days", RS_COLUMN_COUNT, true, "days with data"},
    {"frozen_at", RS_COLUMN_TIME, false, "when"},
    {"frozen_by", RS_COLUMN_TEXT, true, "by whom"}};
static const rs_report_column_t improvement_columns[] = {
    {"id", RS_COLUMN_COUNT, false, "its number"},
    {"title", RS_COLUMN_TEXT, false, "what is changed"},
    {"state", RS_COLUMN_TEXT, false, "plan, do, review, kept, reverted, dropped"},
    {"owner", RS_COLUMN_TEXT, false, "who answers for it"},
    {"metric", RS_COLUMN_TEXT, false, "the figure that tells"},
    {"policy", RS_COLUMN_TEXT, true, "of a service level"},
    {"key", RS_COLUMN_TEXT, false, "of what"},
    {"baseline", RS_COLUMN_TEXT, true, "the frozen figure it starts from"},
    {"change_at", RS_COLUMN_TIME, false, "when the change was made"},
    {"review_on", RS_COLUMN_TEXT, false, "when it is to be reviewed"},
    {"overdue", RS_COLUMN_YES, false, "the day has passed without a review"},
    {"cost", RS_COLUMN_COUNT, false, "what it costs"},
    {"benefit", RS_COLUMN_COUNT, false, "what it is expected to bring"},
    {"currency", RS_COLUMN_TEXT, false, "of both"},
    {"before_value", RS_COLUMN_FIGURE, false, "outcome: before"},
    {"after_value", RS_COLUMN_FIGURE, false, "outcome: after"},
    {"difference", RS_COLUMN_FIGURE, false, "after - before"},
    {"low", RS_COLUMN_FIGURE, true, "its interval"},
    {"high", RS_COLUMN_FIGURE, true, "its interval"},
    {"verdict", RS_COLUMN_TEXT, false, "as computed at the review"},
    UNIT,
    {"reviewed_at", RS_COLUMN_TIME, true, "when the outcome was computed"},
    {"hypothesis", RS_COLUMN_TEXT, true, "what is expected, and why"},
    {"conclusion", RS_COLUMN_TEXT, false, "what was made of it"}};
static const rs_report_column_t standard_columns[] = {{"step_start", RS_COLUMN_TIME, false, "first instant of the step"},
                                                      {"standard", RS_COLUMN_COUNT, false, "its number"},
                                                      TENANT,
                                                      {"queue", RS_COLUMN_TEXT, false, "the queue"},
                                                      {"channel", RS_COLUMN_TEXT, false, "the channel"},
                                                      {"metric", RS_COLUMN_TEXT, false, "the figure"},
                                                      {"policy", RS_COLUMN_TEXT, false, "of a service level"},
                                                      {"target", RS_COLUMN_FIGURE, false, "what is promised"},
                                                      {"value", RS_COLUMN_FIGURE, false, "what was reached"},
                                                      {"n", RS_COLUMN_COUNT, false, "observations"},
                                                      {"attained", RS_COLUMN_YES, false, "kept; null: nothing to say"},
                                                      UNIT,
                                                      {"note", RS_COLUMN_TEXT, true, "where it is written"}};
static const rs_report_column_t deviation_columns[] = {{"started_at", RS_COLUMN_TIME, false, "when the breach began"},
                                                       {"fired_at", RS_COLUMN_TIME, true, "when the alert fired"},
                                                       {"ended_at", RS_COLUMN_TIME, false, "when it ended; null: not yet"},
                                                       {"rule", RS_COLUMN_TEXT, false, "the rule"},
                                                       {"severity", RS_COLUMN_TEXT, false, "info, warning or critical"},
                                                       {"state", RS_COLUMN_TEXT, false, "now"},
                                                       TENANT,
                                                       {"family", RS_COLUMN_TEXT, true, "queue, channel, total, agent or team"},
                                                       {"key", RS_COLUMN_TEXT, false, "of what"},
                                                       {"channel", RS_COLUMN_TEXT, true, "the channel"},
                                                       {"metric", RS_COLUMN_TEXT, false, "the figure"},
                                                       {"notice_ms", RS_COLUMN_MS, false, "from the breach to the alert"},
                                                       {"lasted_ms", RS_COLUMN_MS, false, "from the breach to its end"},
                                                       {"identified", RS_COLUMN_TEXT, false, "how it was identified"},
                                                       {"cause", RS_COLUMN_TEXT, false, "as noted"},
                                                       {"action", RS_COLUMN_TEXT, false, "what was done"},
                                                       {"result", RS_COLUMN_TEXT, false, "what came of it"},
                                                       {"stream", RS_COLUMN_TEXT, true, "who wrote it"},
                                                       {"episode", RS_COLUMN_COUNT, true, "its number there"},
                                                       {"measured", RS_COLUMN_TEXT, true,
                                                        "reviewed: the figure that was measured before and after"},
                                                       {"before_value", RS_COLUMN_FIGURE, false, "reviewed: while it deviated"},
                                                       {"before_n", RS_COLUMN_COUNT, true, "what that rests on"},
                                                       {"after_value", RS_COLUMN_FIGURE, false,
                                                        "reviewed: afterwards, over the same length"},
                                                       {"after_n", RS_COLUMN_COUNT, true, "what that rests on"},
                                                       {"difference", RS_COLUMN_FIGURE, true, "after - before"},
                                                       {"low", RS_COLUMN_FIGURE, true, "its 95 % interval"},
                                                       {"high", RS_COLUMN_FIGURE, true, "its 95 % interval"},
                                                       {"verdict", RS_COLUMN_TEXT, false,
                                                        "better, worse, no difference shown, cannot be told"},
                                                       UNIT,
                                                       {"measure_notes", RS_COLUMN_TEXT, true, "what to be careful about"}};
static const rs_report_column_t complaint_columns[] = {
    {"step_start", RS_COLUMN_TIME, false, "first instant of the step"},
    TENANT,
    {"queue", RS_COLUMN_TEXT, false, "the queue"},
    {"stage", RS_COLUMN_TEXT, false, "received, acknowledged, investigated, responded, closed"},
    {"reached", RS_COLUMN_COUNT, false, "complaints that reached it"},
    {"mean_ms", RS_COLUMN_MS, false, "mean working time since the stage before"},
    {"overdue_all_stages", RS_COLUMN_COUNT, false,
     "stages of any kind past their deadline, of the queue's complaints in the step"}};
static const rs_report_column_t staffing_columns[] = {
    TENANT,
    {"queue", RS_COLUMN_TEXT, false, "the queue"},
    {"channel", RS_COLUMN_TEXT, true, "the channel"},
    {"weekday", RS_COLUMN_WEEKDAY, false, "1 is Monday"},
    {"half_hour", RS_COLUMN_TEXT, false, "its beginning, local"},
    {"days", RS_COLUMN_COUNT, true, "such weekdays in the period"},
    {"calls", RS_COLUMN_COUNT, false, "legs offered in it, mean of these days"},
    {"calls_most", RS_COLUMN_COUNT, true, "on the busiest of them"},
    {"handle_ms", RS_COLUMN_MS, false,
     "handle time: the half-hour's own, drawn towards the period's by the weight of 30 handlings"},
    {"patience_ms", RS_COLUMN_MS, true, "mean patience: all waiting / those who gave up; null: nobody did (Erlang C)"},
    {"threshold_ms", RS_COLUMN_MS, true, "T that the target speaks of"},
    {"agents", RS_COLUMN_COUNT, false, "the fewest that reach the target"},
    {"service_level", RS_COLUMN_RATIO, false, "answered within T, of all calls, with them"},
    {"abandoned_rate", RS_COLUMN_RATIO, false, "calls given up, with them"},
    {"wait_ms", RS_COLUMN_MS, false, "mean wait of all calls, with them"},
    {"occupancy", RS_COLUMN_RATIO, false, "share of their time that they are busy"},
    {"service_level_fewer", RS_COLUMN_RATIO, false, "with one fewer"},
    {"lost_by_fewer", RS_COLUMN_COUNT, false, "calls more that are given up in the half-hour with one fewer"},
    {"wait_fewer_ms", RS_COLUMN_MS, true, "mean wait with one fewer"},
    {"service_level_more", RS_COLUMN_RATIO, false, "with one more"},
    {"won_by_more", RS_COLUMN_COUNT, false, "calls fewer that are given up in the half-hour with one more"},
    {"wait_more_ms", RS_COLUMN_MS, true, "mean wait with one more"}};
static const rs_report_column_t heat_columns[] = {{"day", RS_COLUMN_TEXT, false, "date, or weekday over more than 31 days"},
                                                  {"half_hour", RS_COLUMN_TEXT, false, "its beginning, local"},
                                                  {"value", RS_COLUMN_FIGURE, false, "the figure"},
                                                  {"n", RS_COLUMN_COUNT, false, "observations"},
                                                  UNIT};

#define LEVELS_TOLD \
    "A service level is sum of numerators / sum of denominators of the stored intervals, never a mean of percentages. "
#define OF_ROWS                                                                                                                 \
    "Counts and times are sums over the stored quarter-hours that begin within the period; percentiles come from their merged " \
    "histograms (within 1.6 %). "

const rs_report_t rs_reports[] = {
    {.name = "queue",
     .what = "figures of each queue",
     .function = "report_rows",
     .explanation = OF_ROWS LEVELS_TOLD,
     .arguments = {ROWS, CHANNEL, {"policies", RS_OPT_POLICY}},
     COLUMNS(row_columns),
     .family = "queue",
     .family_is_fixed = true,
     .step = "all",
     .chart = RS_DRAWN_KEYS,
     .figure = "service_level"},
    {.name = "agent",
     .what = "figures of each agent (needs --reason, which is logged)",
     .function = "report_agents",
     .explanation = OF_ROWS "Figures of persons: who reads them, and why, is written to ringside.access_log. ",
     .arguments = {PERIOD,
                   {"of_reason", RS_OPT_REASON},
                   {"step", RS_OPT_STEP},
                   {"zone", RS_OPT_ZONE},
                   {"of_tenant", RS_OPT_TENANT},
                   {"of_agent", RS_OPT_KEY},
                   {"of_attribution", RS_OPT_ATTRIBUTION}},
     COLUMNS(agent_columns),
     .family = "agent",
     .family_is_fixed = true,
     .step = "all",
     .chart = RS_DRAWN_KEYS,
     .figure = "aht_ms"},
    {.name = "team",
     .what = "figures of each team",
     .function = "report_rows",
     .explanation = OF_ROWS,
     .arguments = {ROWS},
     COLUMNS(row_columns),
     .family = "team",
     .family_is_fixed = true,
     .step = "all",
     .chart = RS_DRAWN_KEYS,
     .figure = "aht_ms"},
    {.name = "channel",
     .what = "figures of each channel",
     .function = "report_rows",
     .explanation = OF_ROWS LEVELS_TOLD,
     .arguments = {ROWS, {"policies", RS_OPT_POLICY}},
     COLUMNS(row_columns),
     .family = "channel",
     .family_is_fixed = true,
     .step = "all",
     .chart = RS_DRAWN_KEYS,
     .figure = "service_level"},
    {.name = "total",
     .what = "figures of the whole centre",
     .function = "report_rows",
     .explanation = OF_ROWS LEVELS_TOLD,
     .arguments = {ROWS, {"policies", RS_OPT_POLICY}},
     COLUMNS(row_columns),
     .family = "total",
     .family_is_fixed = true,
     .step = "day",
     .chart = RS_DRAWN_KEYS,
     .figure = "service_level"},
    {.name = "topic",
     .what = "contacts, handle time, resolution and feedback by topic",
     .function = "report_topics",
     .explanation = "From the facts of single contacts, as long as these are kept; topics of few contacts go together. ",
     .arguments = {PERIOD, {"of_tenant", RS_OPT_TENANT}, {"min_n", RS_OPT_MIN_N}},
     COLUMNS(topic_columns),
     .chart = RS_DRAWN_KEYS,
     .figure = "contacts"},
    {.name = "export",
     .what = "figures to give away: no cell that could be one person's",
     .function = "report_export",
     .explanation = "Cells of fewer than --min-n (10) are withheld, and never only one of a step; figures that rest on fewer are, too. "
     "Agents are not exported. ",
     .arguments = {PERIOD,
                   {"of_family", RS_OPT_FAMILY},
                   {"step", RS_OPT_STEP},
                   {"zone", RS_OPT_ZONE},
                   {"of_tenant", RS_OPT_TENANT},
                   {"min_n", RS_OPT_MIN_N},
                   {"of_attribution", RS_OPT_ATTRIBUTION}},
     COLUMNS(export_columns),
     .family = "queue",
     .step = "day",
     .chart = RS_DRAWN_KEYS,
     .figure = "n"},
    {.name = "fcr",
     .what = "first-contact resolution, gross and net, and how much has matured",
     .function = "report_fcr",
     .explanation = "A journey is resolved at first contact when nothing says otherwise until its window ends; until then it is "
                    "provisional. ",
     .arguments = {ROWS, CHANNEL},
     COLUMNS(fcr_columns),
     .family = "queue",
     .step = "all",
     .chart = RS_DRAWN_KEYS,
     .figure = "fcr"},
    {.name = "feedback",
     .what = "satisfaction, recommendation, effort, response rate",
     .function = "report_feedback",
     .explanation = "A survey stands with its own queue if it names one, else the contact's last handling's. ",
     .arguments = {ROWS, CHANNEL},
     COLUMNS(feedback_columns),
     .family = "queue",
     .step = "all",
     .chart = RS_DRAWN_KEYS,
     .figure = "csat"},
    {.name = "process",
     .what = "the way through the process: steps, times, rework, bottleneck",
     .function = "report_process",
     .explanation = "A step counts in the quarter-hour in which the next stage began. The bottleneck is the stage that holds the "
                    "most time of all. ",
     .arguments = {PERIOD, {"of_tenant", RS_OPT_TENANT}, {"of_key", RS_OPT_KEY}},
     COLUMNS(process_columns),
     .chart = RS_DRAWN_PROCESS},
    {.name = "service-level",
     .what = "service level by each policy, side by side",
     .function = "report_rows",
     .explanation = LEVELS_TOLD "Every policy is counted on the same legs. ",
     .arguments = {ROWS, CHANNEL, {"policies", RS_OPT_POLICY}},
     COLUMNS(level_columns),
     .family = "queue",
     .step = "all",
     .policy = "*",
     .chart = RS_DRAWN_KEYS,
     .figure = "service_level"},
    {.name = "compare",
     .what = "before and after: difference with its interval and test (--change, or --against)",
     .function = "report_compare",
     .explanation = "Both sides are cut to the same hours of the same weekdays. What varies from day to day is taken from the "
                    "days themselves, so that one bad Monday is no change. ",
     .arguments = {{"before_from", RS_OPT_BEFORE_FROM},
                   {"before_to", RS_OPT_BEFORE_TO},
                   FIGURE,
                   {"of_key", RS_OPT_KEY},
                   {"confidence", RS_OPT_CONFIDENCE}},
     COLUMNS(compare_columns),
     .family = "queue",
     .metric = "service_level,abandoned_rate,asa,wait_p90,aht,offered",
     .chart = RS_DRAWN_COMPARE},
    {.name = "baseline",
     .what = "frozen figures beside what the rows say now (--freeze NAME makes one)",
     .function = "report_baselines",
     .explanation =
         "A baseline keeps its value, what it is made of, and the formula with the policy's version; it is never changed. ",
     .arguments = {{"of_tenant", RS_OPT_TENANT}, {"of_name", RS_OPT_NAME}},
     COLUMNS(baseline_columns)},
    {.name = "trend",
     .what = "control chart of a figure (--metric)",
     .function = "report_trend",
     .explanation = "Shares: limits of each step's size, widened by how much the steps really vary (Laney). Others: 2.66 times "
                    "the mean moving range. Limits begin anew with each change "
                    "that the register of improvements marks. ",
     .arguments = {FIGURE, {"of_key", RS_OPT_KEY}, {"step", RS_OPT_STEP}},
     COLUMNS(trend_columns),
     .family = "queue",
     .metric = "service_level",
     .step = "day",
     .chart = RS_DRAWN_TREND},
    {.name = "benchmark",
     .what = "queues, channels or teams against each other, with funnel limits",
     .function = "report_benchmark",
     .explanation = "Limits are wide where there are few observations: who is outside differs by more than chance. Fewer than "
                    "five are not compared. ",
     .arguments = {FIGURE, {"min_n", RS_OPT_MIN_N}},
     COLUMNS(benchmark_columns),
     .family = "queue",
     .metric = "service_level",
     .chart = RS_DRAWN_FUNNEL},
    {.name = "improvement",
     .what = "the register of improvements (--review ID computes an outcome)",
     .function = "report_improvements",
     .explanation = "The outcome is what `compare` says of the weeks before and after the change. ",
     .arguments = {{"of_tenant", RS_OPT_TENANT}},
     COLUMNS(improvement_columns)},
    {.name = "standards",
     .what = "service standards and how they were kept",
     .function = "report_standards",
     .explanation = "Of each standard (ringside.service_standard) while it was promised. ",
     .arguments = {PERIOD, {"step", RS_OPT_STEP}, {"zone", RS_OPT_ZONE}, {"of_tenant", RS_OPT_TENANT}, {"of_key", RS_OPT_KEY}},
     COLUMNS(standard_columns),
     .step = "month",
     .chart = RS_DRAWN_STANDARDS},
    {.name = "deviations",
     .what = "the deviation log: how identified, cause, action, result; before and after of those reviewed",
     .function = "report_deviations",
     .explanation = "Every alert that fired in the period, and what was noted about it. ",
     .arguments = {PERIOD, {"of_tenant", RS_OPT_TENANT}, {"of_key", RS_OPT_KEY}},
     COLUMNS(deviation_columns)},
    {.name = "complaints",
     .what = "complaints by stage, with their times and deadlines",
     .function = "complaint_report",
     .explanation = "Times are working time since the stage before. ",
     .arguments = {PERIOD, {"step", RS_OPT_STEP}, {"zone", RS_OPT_ZONE}, {"of_tenant", RS_OPT_TENANT}},
     COLUMNS(complaint_columns),
     .step = "month"},
    {.name = "staffing",
     .what = "agents needed per half-hour of the week, cost of one more or fewer",
     .function = "report_staffing",
     .explanation =
         "Erlang A (ringside/erlang.h) on the calls, handle time and patience of the period: the fewest agents with which "
         "--target (0.8) of all calls are answered within T; who "
         "gives up before T is a miss, as with policy abandon_miss. Agents at work: breaks and absence are to be added. ",
     .arguments = {PERIOD,
                   {"zone", RS_OPT_ZONE},
                   {"of_tenant", RS_OPT_TENANT},
                   {"of_key", RS_OPT_KEY},
                   CHANNEL,
                   {"of_attribution", RS_OPT_ATTRIBUTION}},
     .columns = staffing_columns,
     .column_count = RS_ARRAY_LEN(staffing_columns),
     .asked = 11,
     .chart = RS_DRAWN_STAFFING},
    {.name = "heatmap",
     .what = "a figure per day and half-hour (--metric)",
     .function = "report_heatmap",
     .explanation = "Each cell is one half-hour; over more than 31 days all such weekdays together (counts: their mean). ",
     .arguments = {FIGURE, {"of_key", RS_OPT_KEY}},
     COLUMNS(heat_columns),
     .family = "queue",
     .metric = "service_level",
     .chart = RS_DRAWN_HEAT},
};
const uint32_t rs_report_count = RS_ARRAY_LEN(rs_reports);

const rs_report_t *rs_report_find(const char *name) {
    for (uint32_t i = 0; i < rs_report_count; i++) {
        if (strcmp(rs_reports[i].name, name) == 0) return &rs_reports[i];
    }
    return NULL;
}

bool rs_report_takes(const rs_report_t *report, rs_report_option_t option) {
    for (uint32_t i = 0; i < RS_REPORT_MAX_ARGUMENTS && report->arguments[i].parameter != NULL; i++) {
        if (report->arguments[i].option == option) return true;
    }
    return false;
}

const char *rs_report_option_name(rs_report_option_t option) {
    static const char *const names[RS_OPT_COUNT] = {
        "--from",    "--to",          "--interval", "--timezone", "--tenant", "--key",   "--by",   "--metric",    "--policy",
        "--channel", "--attribution", "--against",  "--against",  "--reason", "--min-n", "--name", "--confidence"};
    return names[option];
}
