#include "config/schema.h"

#include <stddef.h>

#define RS_X(name, text) text,
const char *const rs__flow_reason_names[] = {"", RS_FLOW_REASONS(RS_X) NULL};
static const char *const channels[] = {"any", RS_CHANNELS(RS_X) NULL};
#undef RS_X
const char *const rs__verdict_names[] = {"exclude", "miss", "hit", "hit_if_within", "exclude_if_within", NULL};
static const char *const clocks[] = {"wall", "events", NULL};
static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const comparisons[] = {"le", "lt", NULL};
static const char *const open_rules[] = {"wait_for_close", "miss_now", NULL};
static const char *const units[] = {"leg", "journey", NULL};
static const char *const sides[] = {"above", "below", "both", NULL};
const char *const rs__detector_names[] = {"threshold", "cusum", "ewma", "shewhart", "laney", "burn_rate", "seasonal", "predicted_breach",
                                        "rate_of_change", "no_data", "source_silence", "source_gap", NULL};
static const char *const run_rules[] = {"none", "western_electric", "nelson", NULL};
static const char *const baselines[] = {"recent", "season", "fixed", NULL};
static const char *const families[] = {"queue", "channel", "total", NULL};
static const char *const severities[] = {"info", "warning", "critical", NULL};
static const char *const kinds[] = {"alertmanager", "webhook", "mail", NULL};
static const char *const formats[] = {"cloudevents", "alertmanager", NULL};
static const char *const tls_uses[] = {"required", "off", NULL};
static const char *const scopes[] = {"any", "topic", "queue", "channel", NULL};
static const char *const repeats[] = {"any", "handled", NULL};
static const char *const callback_clocks[] = {"default", "restart", "keep", NULL};

/* The order of rs_verdict_rule_t is that of rs__verdict_names. */
_Static_assert(RS_RULE_EXCLUDE == 0 && RS_RULE_MISS == 1 && RS_RULE_HIT == 2 && RS_RULE_HIT_IF_WITHIN == 3 &&
                   RS_RULE_EXCLUDE_IF_WITHIN == 4,
               "names of verdicts");
_Static_assert(RS_CLOCK_WALL == 0 && RS_CLOCK_EVENTS == 1, "names of clocks");
_Static_assert(RS_ALERT_ABOVE == 0 && RS_ALERT_BELOW == 1 && RS_ALERT_BOTH == 2, "names of sides");
_Static_assert(RS_ARRAY_LEN(rs__detector_names) == RS_DETECTOR_COUNT + 1 && RS_DETECTOR_LANEY == 4 && RS_DETECTOR_NO_DATA == 9,
               "names of detectors");
_Static_assert(RS_RUN_RULES_NELSON == 2 && RS_BASELINE_SEASON == 1 && RS_BASELINE_FIXED == 2, "names of run rules and baselines");
_Static_assert(RS_SEVERITY_INFO == 0 && RS_SEVERITY_CRITICAL == 2, "names of severities");
_Static_assert(RS_FCR_ANY == 0 && RS_FCR_CHANNEL == 3, "names of scopes");
_Static_assert(RS_CALLBACK_CLOCK_RESTART == 1 && RS_CALLBACK_CLOCK_KEEP == 2, "names of call-backs' clocks");
/* RS_VALUE_NAMES finds the count behind the pointer. */
#define COUNT_FOLLOWS(type, list, count) _Static_assert(offsetof(type, count) == offsetof(type, list) + sizeof(void *), #count)
COUNT_FOLLOWS(rs_fcr_config_t, never_topics, never_count);
COUNT_FOLLOWS(rs_staff_config_t, break_activities, break_count);
COUNT_FOLLOWS(rs_staff_config_t, absent_activities, absent_count);
COUNT_FOLLOWS(rs_receiver_config_t, to, to_count);
_Static_assert(RS_RECEIVER_ALERTMANAGER == 0 && RS_RECEIVER_MAIL == 2 && RS_RECEIVER_CLOUDEVENTS == 0, "names of receivers");

#define MS RS_US_PER_MS
#define SEC RS_US_PER_S
#define HOUR RS_US_PER_HOUR
#define DAY RS_US_PER_DAY
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define LIVE RS_ROW_LIVE
#define ANY_OF(...) ((int64_t)(__VA_ARGS__))
#define BIT(rule) (1 << (rule))

#define AT(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define ROOT(member) .scope = RS_SCOPE_ROOT, AT(rs_config_t, member)
#define POLICY(member) .scope = RS_SCOPE_POLICY, AT(rs_policy_t, member)
#define QUEUE(member) .scope = RS_SCOPE_QUEUE, AT(rs_queue_config_t, member)
#define HOURS(member) .scope = RS_SCOPE_HOURS, AT(rs_hours_config_t, member)
#define AGENT(member) .scope = RS_SCOPE_AGENT, AT(rs_agent_config_t, member)
#define RULE(member) .scope = RS_SCOPE_RULE, AT(rs_rule_config_t, member)
#define RECEIVER(member) .scope = RS_SCOPE_RECEIVER, AT(rs_receiver_config_t, member)

/* path, type, where, flags, min, max, default, choices, help */
#define ROW(PATH, TYPE, WHERE, FLAGS, MIN, MAX, INITIAL, CHOICES, HELP)                                           \
    {.path = (PATH), .type = RS_VALUE_##TYPE, WHERE, .flags = (FLAGS), .min = (MIN), .max = (MAX),                \
     .initial = (INITIAL), .choices = (CHOICES), .help = (HELP)}

static const rs_schema_row_t rows[] = {
    ROW("service_level.policies", POLICIES, ROOT(policies), LIVE, 1, RS_MAX_POLICIES, "short_excluded", NULL,
        "policies counted at the same time, at most 8; the first is the default"),
    ROW("service_level.threshold", DURATION, ROOT(default_threshold_us), LIVE, MS, DAY, "20s", NULL,
        "T: an answer within it is in time, where neither policy nor queue says otherwise"),
    ROW("service_level.short", DURATION, ROOT(default_short_us), LIVE, 0, DAY, "5s", NULL,
        "S: abandoned within it is short; 0: none is"),
    ROW("service_level.target", RATIO, ROOT(default_target), LIVE, 0, 1, "0.8", NULL,
        "the share that ought to be answered in time"),
    ROW("service_level.first_reply", DURATION, ROOT(first_reply_us), 0, 0, 366 * DAY, "0", NULL,
        "a first reply within it is in time, in the queue's working hours; 0: no target"),
    ROW("service_level.next_reply", DURATION, ROOT(next_reply_us), 0, 0, 366 * DAY, "0", NULL,
        "the same for every later reply to a customer's message"),
    ROW("service_level.resolution", DURATION, ROOT(resolution_us), 0, 0, 366 * DAY, "0", NULL,
        "the same for the time until the contact is closed"),
    ROW("service_level.callback_clock", CHOICE, ROOT(callback_clock), 0, 0,
        ANY_OF(BIT(RS_CALLBACK_CLOCK_RESTART) | BIT(RS_CALLBACK_CLOCK_KEEP)), "restart", callback_clocks,
        "whether the wait of a called-back customer begins anew or goes on from the first queue"),

    ROW("policies.<name>.base", BASE, POLICY(name), LIVE, 0, 0, NULL, NULL, "preset that the policy begins as"),
    ROW("policies.<name>.version", INTEGER, POLICY(version), LIVE, 1, UINT32_MAX, NULL, NULL,
        "travels with every figure; raise it when the policy changes"),
    ROW("policies.<name>.threshold", DURATION, POLICY(threshold_us), LIVE, MS, DAY, NULL, NULL,
        "T of this policy, above the queue's"),
    ROW("policies.<name>.short", DURATION, POLICY(short_us), LIVE, 0, DAY, NULL, NULL,
        "S of this policy, above the queue's; 0: none is short"),
    ROW("policies.<name>.target", RATIO, POLICY(target), LIVE, 0, 1, NULL, NULL,
        "target of this policy, above the queue's"),
    ROW("policies.<name>.compare", CHOICE, POLICY(compare_lt), LIVE, 0, 0, NULL, comparisons,
        "whether a wait of exactly T is within (le) or not (lt)"),
    ROW("policies.<name>.abandoned", CHOICE, POLICY(abandoned), LIVE, 0,
        ANY_OF(BIT(RS_RULE_EXCLUDE) | BIT(RS_RULE_MISS) | BIT(RS_RULE_HIT_IF_WITHIN) | BIT(RS_RULE_EXCLUDE_IF_WITHIN)),
        NULL, rs__verdict_names, "what an abandoned leg counts as"),
    ROW("policies.<name>.short_rule", SHORT_RULE, POLICY(short_rule), LIVE, 0, 0, NULL, NULL,
        "what a leg abandoned within S counts as; goes first"),
    ROW("policies.<name>.flowed_out", FLOW_RULES, POLICY(flowed_out), LIVE, 0,
        ANY_OF(BIT(RS_RULE_EXCLUDE) | BIT(RS_RULE_MISS) | BIT(RS_RULE_HIT_IF_WITHIN)), NULL, rs__verdict_names,
        "what a leg that left the queue otherwise counts as: one for all, or a map by reason"),
    ROW("policies.<name>.callbacks", CALLBACKS, POLICY(callbacks), LIVE, 0,
        ANY_OF(BIT(RS_RULE_EXCLUDE) | BIT(RS_RULE_MISS) | BIT(RS_RULE_HIT_IF_WITHIN)), NULL, rs__verdict_names,
        "what a leg that ended in a call-back counts as"),
    ROW("policies.<name>.blocked", CHOICE, POLICY(blocked), LIVE, 0, ANY_OF(BIT(RS_RULE_EXCLUDE) | BIT(RS_RULE_MISS)),
        NULL, rs__verdict_names, "what a contact refused before it could wait counts as"),
    ROW("policies.<name>.open_over_t", CHOICE, POLICY(open_miss_now), LIVE, 0, 0, NULL, open_rules,
        "whether live figures count a leg still waiting beyond T as missed already"),
    ROW("policies.<name>.unit", CHOICE, POLICY(unit_journey), LIVE, 0, 0, NULL, units,
        "one verdict per stay in a queue, or per journey"),

    ROW("queues.<name>.threshold", DURATION, QUEUE(threshold_us), LIVE, MS, DAY, NULL, NULL, "T of this queue"),
    ROW("queues.<name>.short", DURATION, QUEUE(short_us), LIVE, 0, DAY, NULL, NULL,
        "S of this queue; 0: none is short"),
    ROW("queues.<name>.target", RATIO, QUEUE(target), LIVE, 0, 1, NULL, NULL, "target of this queue"),
    ROW("queues.<name>.hours", TEXT, QUEUE(hours), 0, 0, RS_MAX_NAME, NULL, NULL,
        "working hours in which reply and resolution clocks run; none: always"),
    ROW("queues.<name>.first_reply", DURATION, QUEUE(first_reply_us), 0, 0, 366 * DAY, NULL, NULL,
        "target of this queue; 0: none"),
    ROW("queues.<name>.next_reply", DURATION, QUEUE(next_reply_us), 0, 0, 366 * DAY, NULL, NULL,
        "target of this queue; 0: none"),
    ROW("queues.<name>.resolution", DURATION, QUEUE(resolution_us), 0, 0, 366 * DAY, NULL, NULL,
        "target of this queue; 0: none"),
    ROW("queues.<name>.callback_clock", CHOICE, QUEUE(callback_clock), 0, 0, 0, NULL, callback_clocks,
        "what the clock of a call-back does in this queue; default: as service_level.callback_clock says"),
    ROW("queues.<name>.channel", CHOICE, QUEUE(channel), LIVE, 0, 0, NULL, channels,
        "the entry holds for this channel"),
    ROW("queues.<name>.tenant", TEXT, QUEUE(tenant), LIVE, 0, RS_MAX_NAME, NULL, NULL,
        "the entry holds for this tenant"),

    ROW("hours.<name>.zone", TEXT, HOURS(zone_name), 0, 1, RS_MAX_NAME, NULL, NULL,
        "IANA zone of the times; time.zone when not named"),
    ROW("hours.<name>.week", WEEK, HOURS(week), RS_ROW_REQUIRED, 0, 0, NULL, NULL,
        "times worked by weekday; a day that is not named is closed"),
    ROW("hours.<name>.holidays", HOLIDAYS, HOURS(dates), 0, 0, 0, NULL, NULL, "dates that are closed"),
    ROW("hours.<name>.days", DAYS, HOURS(dates), 0, 0, 0, NULL, NULL, "dates with times of their own"),

    ROW("agents.<name>.team", TEXT, AGENT(team), LIVE | RS_ROW_REQUIRED, 1, RS_MAX_NAME, NULL, NULL,
        "team of the agent, where events name none"),
    ROW("agents.<name>.tenant", TEXT, AGENT(tenant), LIVE, 0, RS_MAX_NAME, NULL, NULL,
        "the entry holds for this tenant"),

    ROW("alerts.false_alarms", RATE, ROOT(false_alarms), LIVE, 0, 0, "1/1d", NULL,
        "false alarms allowed of all rules and keys whose limits are solved for it"),
    ROW("alerts.rules.<name>.detector", CHOICE, RULE(detector), LIVE, 0, 0, NULL, rs__detector_names,
        "how a deviation is found; threshold when not named"),
    ROW("alerts.rules.<name>.metric", METRIC, RULE(metric), LIVE, 0, 0, NULL, NULL,
        "the figure that is watched"),
    ROW("alerts.rules.<name>.window", WINDOW, RULE(window), LIVE, 0, 0, NULL, NULL,
        "one of `windows` or today; none for figures of now, such as waiting or oldest_wait"),
    ROW("alerts.rules.<name>.policy", TEXT, RULE(policy), LIVE, 0, RS_MAX_NAME, NULL, NULL,
        "policy of a service level; the first when not named"),
    ROW("alerts.rules.<name>.by", CHOICE, RULE(family), LIVE, 0, 0, NULL, families,
        "watched per queue, per channel, or in total"),
    ROW("alerts.rules.<name>.key", TEXT, RULE(key), LIVE, 1, RS_MAX_NAME, NULL, NULL,
        "pattern of the queues' names: * is any text, ? any one character"),
    ROW("alerts.rules.<name>.tenant", TEXT, RULE(tenant), LIVE, 0, RS_MAX_NAME, NULL, NULL, "only of this tenant"),
    ROW("alerts.rules.<name>.channel", CHOICE, RULE(channel), LIVE, 0, 0, NULL, channels, "only of this channel"),
    ROW("alerts.rules.<name>.compare", CHOICE, RULE(compare), LIVE, 0, 0, NULL, sides,
        "which side of the limit is bad; both: only where limits are solved"),
    ROW("alerts.rules.<name>.limit", FIGURE, RULE(limit), LIVE, 0, 0, NULL, NULL,
        "the alert begins beyond it: a ratio, a number or a duration, as the metric is"),
    ROW("alerts.rules.<name>.clear", FIGURE, RULE(clear), LIVE, 0, 0, NULL, NULL,
        "the alert ends at it or on its good side; the limit when not named"),
    ROW("alerts.rules.<name>.for", DURATION, RULE(for_us), LIVE, 0, DAY, NULL, NULL,
        "how long it must be bad before the alert begins; 0: at once"),
    ROW("alerts.rules.<name>.clear_for", DURATION, RULE(clear_for_us), LIVE, 0, DAY, NULL, NULL,
        "how long it must be good before the alert ends; 0: at once"),
    ROW("alerts.rules.<name>.trial", DURATION, RULE(trial_us), LIVE, 0, DAY, NULL, NULL,
        "so long a figure that was never within the limit does not fire; then it says target_unreachable, once, until it was"),
    ROW("alerts.rules.<name>.min_sample", INTEGER, RULE(min_sample), LIVE, 0, INT64_C(1000000000), NULL, NULL,
        "a figure that rests on fewer contacts is no evidence"),
    ROW("alerts.rules.<name>.confidence", RATIO, RULE(confidence), LIVE, 0, 0, NULL, NULL,
        "a threshold on a ratio begins when it is that sure to be beyond (Wilson's interval)"),
    ROW("alerts.rules.<name>.false_alarms", RATE, RULE(false_alarms), LIVE, 0, 0, NULL, NULL,
        "false alarms allowed of this rule over all its keys; else an equal share of alerts.false_alarms"),
    ROW("alerts.rules.<name>.shift", NUMBER, RULE(shift), LIVE, 100, 10000, NULL, NULL,
        "cusum: the lasting shift, in sigmas, that is to be seen soonest; 1 when not named"),
    ROW("alerts.rules.<name>.weight", RATIO, RULE(weight), LIVE, 0, 0, NULL, NULL,
        "ewma: of the newest figure; small ones see small shifts; 0.1 when not named"),
    ROW("alerts.rules.<name>.run_rules", CHOICE, RULE(run_rules), LIVE, 0, 0, NULL, run_rules,
        "shewhart: rules over several subgroups in a row"),
    ROW("alerts.rules.<name>.fast_start", BOOLEAN, RULE(fast_start), LIVE, 0, 0, NULL, NULL,
        "cusum, ewma: sees soon what is wrong from the beginning; true when not named"),
    ROW("alerts.rules.<name>.baseline", CHOICE, RULE(baseline), LIVE, 0, 0, NULL, baselines,
        "what is usual: learned of the last subgroups (recent), of the same time of the week (season), or `centre`"),
    ROW("alerts.rules.<name>.centre", FIGURE, RULE(centre), LIVE, 0, 0, NULL, NULL,
        "the figure when all is well, with baseline: fixed"),
    ROW("alerts.rules.<name>.sigma", NUMBER, RULE(sigma), LIVE, 1, INT64_C(1000000000000), NULL, NULL,
        "its deviation; of counts and ratios a factor on what chance alone does; learned when not named"),
    ROW("alerts.rules.<name>.target", RATIO, RULE(target), LIVE, 0, 0, NULL, NULL,
        "burn_rate: the share of good ones that is promised; of a service level its own when not named"),
    ROW("alerts.rules.<name>.budget", RATIO, RULE(budget), LIVE, 0, 0, NULL, NULL,
        "burn_rate: share of the period's bad ones that may come within the window; 0.1 when not named"),
    ROW("alerts.rules.<name>.period", DURATION, RULE(period_us), LIVE, HOUR, 31 * DAY, NULL, NULL,
        "burn_rate: what the target is promised for; 1d when not named"),
    ROW("alerts.rules.<name>.every", DURATION, RULE(every_us), LIVE, 60 * SEC, HOUR, NULL, NULL,
        "how often a figure of now is looked at by a detector; 5m when not named"),
    ROW("alerts.rules.<name>.severity", CHOICE, RULE(severity), LIVE, 0, 0, NULL, severities, "how grave it is"),
    ROW("alerts.rules.<name>.runbook", TEXT, RULE(runbook), LIVE, 0, 512, NULL, NULL, "link to what is to be done"),
    ROW("alerts.rules.<name>.inhibited_by", TEXT, RULE(inhibited_by), LIVE, 0, RS_MAX_NAME, NULL, NULL,
        "name of a rule whose open alert of the same tenant (and channel, or queue) keeps this one quiet"),

    ROW("receivers.<name>.kind", CHOICE, RECEIVER(kind), LIVE | RS_ROW_REQUIRED, 0, 0, NULL, kinds,
        "a Prometheus Alertmanager's API, a webhook, or mail"),
    ROW("receivers.<name>.url", URL, RECEIVER(url), LIVE, 0, 1024, NULL, NULL, "where it is; no password in it"),
    ROW("receivers.<name>.url_file", PATH, RECEIVER(url_file), LIVE, 0, 512, NULL, NULL,
        "file that holds the URL, when the URL itself is a secret"),
    ROW("receivers.<name>.format", CHOICE, RECEIVER(format), LIVE, 0, 0, NULL, formats,
        "of a webhook: one CloudEvent a message, or as an Alertmanager would send it"),
    ROW("receivers.<name>.severity", CHOICE, RECEIVER(severity), LIVE, 0, 0, NULL, severities, "told of this severity and worse"),
    ROW("receivers.<name>.tenant", TEXT, RECEIVER(tenant), LIVE, 0, RS_MAX_NAME, NULL, NULL, "told of this tenant only"),
    ROW("receivers.<name>.secret_file", PATH, RECEIVER(secret_file), LIVE, 0, 512, NULL, NULL,
        "file with the secret that a webhook's messages are signed with"),
    ROW("receivers.<name>.token_file", PATH, RECEIVER(token_file), LIVE, 0, 512, NULL, NULL,
        "file with a token for `Authorization: Bearer`"),
    ROW("receivers.<name>.user", TEXT, RECEIVER(user), LIVE, 0, 256, NULL, NULL, "user name, with password_file"),
    ROW("receivers.<name>.password_file", PATH, RECEIVER(password_file), LIVE, 0, 512, NULL, NULL, "file with the user's password"),
    ROW("receivers.<name>.ca_file", PATH, RECEIVER(ca_file), LIVE, 0, 512, NULL, NULL,
        "certificates that vouch for it; the system's when not named"),
    ROW("receivers.<name>.starttls", CHOICE, RECEIVER(plain), LIVE, 0, 0, NULL, tls_uses,
        "of smtp://: only with TLS, or without"),
    ROW("receivers.<name>.from", TEXT, RECEIVER(from), LIVE, 0, 254, NULL, NULL, "address that mail comes from"),
    ROW("receivers.<name>.to", NAMES, RECEIVER(to), LIVE, 3, 254, NULL, NULL, "addresses that mail goes to"),
    ROW("receivers.<name>.timeout", DURATION, RECEIVER(timeout_us), LIVE, 100 * MS, 60 * SEC, NULL, NULL,
        "an attempt that takes longer has failed"),
    ROW("receivers.<name>.burst", INTEGER, RECEIVER(burst), LIVE, 1, 10000, NULL, NULL,
        "messages that may go at once before a digest takes their place"),
    ROW("receivers.<name>.every", DURATION, RECEIVER(every_us), LIVE, MS, HOUR, NULL, NULL, "after which one more may go"),
    ROW("receivers.<name>.digest_wait", DURATION, RECEIVER(digest_wait_us), LIVE, 0, HOUR, NULL, NULL,
        "what came meanwhile goes into the first digest"),
    ROW("receivers.<name>.digest_period", DURATION, RECEIVER(digest_period_us), LIVE, 100 * MS, HOUR, NULL, NULL,
        "from one digest to the next while too much happens"),
    ROW("receivers.<name>.digest_entries", INTEGER, RECEIVER(digest_entries), LIVE, 1, 10000, NULL, NULL, "most alerts of one digest"),
    ROW("receivers.<name>.queue", INTEGER, RECEIVER(queue), 0, 1, 10000000, NULL, NULL, "most alerts remembered for it"),
    ROW("receivers.<name>.backoff_min", DURATION, RECEIVER(backoff_min_us), LIVE, 10 * MS, HOUR, NULL, NULL,
        "first pause after a failure; doubles"),
    ROW("receivers.<name>.backoff_max", DURATION, RECEIVER(backoff_max_us), LIVE, 10 * MS, HOUR, NULL, NULL, "longest such pause"),
    ROW("receivers.<name>.resend", DURATION, RECEIVER(resend_us), LIVE, 100 * MS, HOUR, NULL, NULL,
        "of an Alertmanager: how often it is shown what fires"),
    ROW("receivers.<name>.hold", DURATION, RECEIVER(hold_us), LIVE, 0, HOUR, NULL, NULL,
        "of an Alertmanager: an alert is shown firing at least this long; longer than its group_wait"),
    ROW("receivers.<name>.settle", DURATION, RECEIVER(settle_us), LIVE, 0, HOUR, NULL, NULL,
        "of an Alertmanager: an end shown for less than this before it was restarted is shown again; longer than its group_interval"),

    ROW("windows", WINDOWS, ROOT(windows_us), 0, SEC, HOUR, "5m, 15m, 30m, 1h", NULL,
        "lengths of the rolling windows, rising; `today` comes with them"),

    ROW("rows.attributions", ATTRIBUTIONS, ROOT(attribution_event), 0, 0, 0, "event, enter", NULL,
        "moments that stored counts belong to: each its own (event), its leg's queued time (enter), its contact's end (close)"),

    ROW("time.clock", CHOICE, ROOT(clock), 0, 0, 0, "wall", clocks,
        "what `now` is: the machine's clock, or the time that the events have come to"),
    ROW("time.zone", ZONE, ROOT(zone), 0, 0, 0, "UTC", NULL,
        "IANA zone whose days are `today` and the days of reports"),
    ROW("time.lateness", DURATION, ROOT(lateness_us), 0, SEC, DAY, "10m", NULL,
        "an event older than this, by its own source's time, is refused as too late"),
    ROW("time.idle", DURATION, ROOT(idle_us), 0, SEC, DAY, "30s", NULL,
        "a source silent for this long no longer holds back the watermark"),
    ROW("time.future", DURATION, ROOT(future_us), 0, 0, DAY, "60s", NULL,
        "an event further ahead of its arrival than this is refused"),
    ROW("time.clock_skew", DURATION, ROOT(clock_skew_us), 0, 0, 60 * SEC, "2s", NULL,
        "how far the clocks of two sources that report one contact may differ"),
    ROW("time.missing_end", DURATION, ROOT(missing_end_us), 0, 0, 31 * DAY, "24h", NULL,
        "a contact without events for this long is closed as lost; 0: never (a replay: never, unless set)"),

    ROW("fcr.repeat_window", DURATION, ROOT(fcr.repeat_window_us), LIVE, 60 * SEC, 90 * DAY, "7d", NULL,
        "a customer who comes back within it was not helped the first time"),
    ROW("fcr.redial_grace", DURATION, ROOT(fcr.redial_grace_us), LIVE, 0, HOUR, "60s", NULL,
        "a call back within it goes on with the same matter after a drop"),
    ROW("fcr.scope", CHOICE, ROOT(fcr.scope), LIVE, 0, 0, "any", scopes, "what both contacts must have in common"),
    ROW("fcr.repeat_counts", CHOICE, ROOT(fcr.repeat_handled_only), LIVE, 0, 0, "any", repeats,
        "whether a next contact that was abandoned is a repeat, too"),
    ROW("fcr.never", NAMES, ROOT(fcr.never_topics), 0, 1, RS_MAX_NAME, "", NULL,
        "topics that no first contact can resolve: net FCR leaves them out"),

    ROW("feedback.csat", SCALE, ROOT(feedback.csat), 0, -100, 100, "1..5", NULL,
        "scale of CSAT scores that come without one"),
    ROW("feedback.ces", SCALE, ROOT(feedback.ces), 0, -100, 100, "1..7", NULL,
        "scale of CES scores that come without one"),
    ROW("complaints.hours", TEXT, ROOT(feedback.complaint_hours), 0, 0, RS_MAX_NAME, "", NULL,
        "working hours in which the deadlines of complaints run; none: always"),
    ROW("complaints.acknowledge", DURATION, ROOT(feedback.acknowledge_us), 0, 0, 366 * DAY, "0", NULL,
        "time from received to acknowledged; 0: no deadline"),
    ROW("complaints.investigate", DURATION, ROOT(feedback.investigate_us), 0, 0, 366 * DAY, "0", NULL,
        "time from there to investigated; 0: no deadline"),
    ROW("complaints.respond", DURATION, ROOT(feedback.respond_us), 0, 0, 366 * DAY, "0", NULL,
        "time from there to responded; 0: no deadline"),
    ROW("complaints.close", DURATION, ROOT(feedback.close_us), 0, 0, 366 * DAY, "0", NULL,
        "time from there to closed; 0: no deadline"),

    ROW("staff.expire", DURATION, ROOT(staff.expire_us), 0, 0, 31 * DAY, "16h", NULL,
        "an agent without events for this long is taken as gone; 0: never"),
    ROW("staff.break_activities", NAMES, ROOT(staff.break_activities), 0, 1, RS_MAX_NAME, "break, lunch, meal, rest", NULL,
        "planned activities during which a break is the plan"),
    ROW("staff.absent_activities", NAMES, ROOT(staff.absent_activities), 0, 1, RS_MAX_NAME, "absent, holiday, off, sick", NULL,
        "planned activities during which nobody is expected"),

    ROW("prediction.horizon", DURATION, ROOT(prediction.horizon_us), 0, 60 * SEC, DAY, "30m", NULL,
        "how far back handle times and patience are looked at"),
    ROW("prediction.min_handled", INTEGER, ROOT(prediction.min_handled), 0, 1, 1000000, "10", NULL,
        "fewer handled contacts than this carry no prediction"),

    ROW("asterisk.queue_log", PATH, ROOT(asterisk.queue_log), 0, 0, 512, "", NULL,
        "queue_log file of an Asterisk that is followed; empty: none"),
    ROW("asterisk.source", TEXT, ROOT(asterisk.source), 0, 1, RS_MAX_NAME, "asterisk", NULL, "`source` of its events"),
    ROW("asterisk.tenant", TEXT, ROOT(asterisk.tenant), 0, 1, RS_MAX_NAME, "default", NULL, "`tenant` of its events"),
    ROW("asterisk.from_start", BOOLEAN, ROOT(asterisk.from_start), 0, 0, 0, "false", NULL,
        "whether what is in the file already is read, too"),
    ROW("asterisk.poll", DURATION, ROOT(asterisk.poll_us), 0, 10 * MS, 60 * SEC, "250ms", NULL,
        "how often the file is looked at"),
    {.path = "asterisk.member_delay.<queue>", .type = RS_VALUE_DURATION, .scope = RS_SCOPE_MEMBER_DELAY,
     AT(rs_asterisk_queue_t, member_delay_us), .max = HOUR,
     .help = "memberdelay of the queue: part of the logged hold time"},
    {.path = "asterisk.members.<interface>", .type = RS_VALUE_TEXT, .scope = RS_SCOPE_MEMBER,
     AT(rs_asterisk_member_t, name), .min = 1, .max = RS_MAX_NAME, .help = "name of the agent behind an interface"},

    ROW("ingest.events", ENDPOINT, ROOT(events_endpoint), 0, 1, 256, "tcp://127.0.0.1:5570", NULL,
        "socket of the acknowledged protocol (ROUTER)"),
    ROW("ingest.plain", ENDPOINT, ROOT(plain_endpoint), 0, 1, 256, "tcp://127.0.0.1:5571", NULL,
        "socket for single events without acknowledgement (PULL)"),
    ROW("ingest.commands", ENDPOINT, ROOT(commands_endpoint), 0, 0, 256, "tcp://127.0.0.1:5574", NULL,
        "socket of people's commands about alerts (ROUTER); '': none"),
    ROW("ingest.handshake", DURATION, ROOT(handshake_us), 0, 100 * MS, 60 * SEC, "2s", NULL,
        "a connection that has not shaken hands by then is closed"),

    ROW("feed.publish", ENDPOINT, ROOT(feed_endpoint), 0, 1, 256, "tcp://127.0.0.1:5572", NULL,
        "socket of the alert and window feed (PUB)"),
    ROW("feed.snapshots", ENDPOINT, ROOT(snapshot_endpoint), 0, 1, 256, "tcp://127.0.0.1:5573", NULL,
        "socket where late joiners ask for the state (ROUTER)"),
    ROW("feed.period", DURATION, ROOT(feed_period_us), LIVE, 10 * MS, 60 * SEC, "100ms", NULL,
        "a window that changed is published at most this often"),

    ROW("web.listen", TEXT, ROOT(web_listen), 0, 0, 64, "", NULL,
        "address and port of /metrics, /healthz, /readyz, such as 127.0.0.1:8570; empty: none"),

    ROW("store.database", TEXT, ROOT(database), RS_ROW_SECRET, 0, 1024, "", NULL,
        "libpq connection string; empty: no database"),
    ROW("store.flush", DURATION, ROOT(flush_us), LIVE, 10 * MS, HOUR, "1s", NULL, "how often changed rows are written"),
    ROW("store.batch_rows", INTEGER, ROOT(batch_rows), 0, 1, 100000, "5000", NULL, "most rows of one transaction"),
    ROW("store.backoff_min", DURATION, ROOT(backoff_min_us), 0, 10 * MS, HOUR, "250ms", NULL,
        "first pause before another attempt to connect; doubles"),
    ROW("store.backoff_max", DURATION, ROOT(backoff_max_us), 0, 10 * MS, HOUR, "30s", NULL, "longest such pause"),

    ROW("journal.directory", PATH, ROOT(journal.directory), 0, 0, 512, "", NULL,
        "folder of the journal and the snapshots, on a disk of this machine; empty: journal in the state directory"),
    ROW("journal.segment_bytes", BYTES, ROOT(journal.segment_bytes), 0, MIB, 1024 * MIB, "16MiB", NULL,
        "size of one file, made ahead of time"),
    ROW("journal.max_bytes", BYTES, ROOT(journal.max_bytes), 0, 4 * MIB, 4096 * 1024 * MIB, "16GiB", NULL,
        "most that the files take; when all of it is still needed, events are refused"),
    ROW("journal.keep", DURATION, ROOT(journal.keep_us), 0, 0, 366 * DAY, "48h", NULL,
        "how long what is stored and in a snapshot stays, for a database that is put back to an earlier state"),
    ROW("journal.snapshot_every", DURATION, ROOT(journal.snapshot_every_us), 0, SEC, DAY, "15m", NULL,
        "how often the state is written, so that a start reads less"),
    ROW("journal.snapshot_bytes", BYTES, ROOT(journal.snapshot_bytes), 0, MIB, 1024 * 1024 * MIB, "512MiB", NULL,
        "the same after so much of the journal, when that comes first"),
    ROW("journal.any_file_system", BOOLEAN, ROOT(journal.any_file_system), 0, 0, 0, "false", NULL,
        "whether the journal may lie on a network or in memory, where an acknowledged event can be lost"),

    ROW("service.state_directory", PATH, ROOT(state_directory), 0, 1, 512, "/var/lib/ringside", NULL,
        "where the service keeps what must survive a restart"),
    ROW("service.pseudonym_key", PATH, ROOT(pseudonym_key_file), 0, 0, 512, "", NULL,
        "file with the keys that turn callers' numbers into pseudonyms, the last one in force; empty: "
        "pseudonym.key in the state directory"),
    ROW("service.log_level", CHOICE, ROOT(log_level), LIVE, 0, 0, "info", log_levels, "how much is logged"),

    ROW("limits.tenants", INTEGER, ROOT(limits.tenants), 0, 1, 100000, "1000", NULL, "tenants"),
    ROW("limits.queue_keys", INTEGER, ROOT(limits.queue_keys), 0, 1, 200000, "10000", NULL,
        "queues times channels, over all tenants"),
    ROW("limits.agent_keys", INTEGER, ROOT(limits.agent_keys), 0, 1, 500000, "20000", NULL, "agents"),
    ROW("limits.team_keys", INTEGER, ROOT(limits.team_keys), 0, 1, 100000, "2000", NULL, "teams"),
    ROW("limits.sources", INTEGER, ROOT(limits.sources), 0, 1, 100000, "1000", NULL, "sources of events"),
    ROW("limits.contacts", INTEGER, ROOT(limits.contacts), 0, 100, INT64_C(20000000), "500000", NULL,
        "contacts in memory: open ones and those that a late event may still change"),
    ROW("limits.contact_events", INTEGER, ROOT(limits.contact_events), 0, 8, 256, "256", NULL,
        "events kept of one contact"),
    ROW("limits.remembered_ids", INTEGER, ROOT(limits.remembered_ids), 0, 1000, INT64_C(200000000), "8000000", NULL,
        "identities of events kept to recognise duplicates"),
    ROW("limits.rows", INTEGER, ROOT(limits.rows), 0, 1000, INT64_C(20000000), "500000", NULL,
        "interval rows in memory until they are final and stored"),
    ROW("limits.customers", INTEGER, ROOT(limits.customers), 0, 1000, INT64_C(100000000), "1000000", NULL,
        "customers remembered for first-contact resolution"),
    ROW("limits.cases", INTEGER, ROOT(limits.cases), 0, 100, INT64_C(10000000), "100000", NULL,
        "complaints that are open or may still change"),
    ROW("limits.edges", INTEGER, ROOT(limits.edges), 0, 0, INT64_C(10000000), "200000", NULL,
        "edges of the process map until they are final and stored; 0: none"),
    ROW("limits.facts", INTEGER, ROOT(limits.facts), 0, 0, INT64_C(20000000), "200000", NULL,
        "contacts whose facts (legs, handlings) wait for the database or may still change; 0: single contacts are not stored"),
    ROW("limits.variants", INTEGER, ROOT(limits.variants), 0, 100, INT64_C(10000000), "10000", NULL,
        "ways through the process, over the intervals in memory"),
    ROW("limits.alerts", INTEGER, ROOT(limits.alerts), 0, 10, 10000000, "100000", NULL,
        "alert rules times the keys they watch"),
    ROW("limits.peers", INTEGER, ROOT(limits.peers), 0, 1, 100000, "256", NULL, "producers connected at the same time"),
    ROW("limits.peer_bytes", BYTES, ROOT(limits.peer_bytes), 0, 64 * KIB, 1024 * MIB, "4MiB", NULL,
        "bytes of one producer that are on their way"),
    ROW("limits.message_bytes", BYTES, ROOT(limits.message_bytes), 0, 4 * KIB, 16 * MIB, "1MiB", NULL,
        "longest message that is taken"),
    ROW("limits.inlet_bytes", BYTES, ROOT(limits.inlet_bytes), 0, 64 * KIB, 2048 * MIB, "16MiB", NULL,
        "ring of events on their way to the core; a power of two"),
    ROW("limits.outlet_bytes", BYTES, ROOT(limits.outlet_bytes), 0, 64 * KIB, 2048 * MIB, "4MiB", NULL,
        "ring of alerts on their way out; a power of two"),
};

const rs_schema_row_t *rs__schema_rows(uint32_t *count) {
    *count = RS_ARRAY_LEN(rows);
    return rows;
}

const rs_schema_row_t *rs__schema_find(const char *path) {
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].path, path) == 0) return &rows[i];
    return NULL;
}

/* What follows `prefix.` in `path`; NULL when `path` does not lie below it. */
static const char *below(const char *path, const char *prefix) {
    const size_t length = strlen(prefix);
    if (length == 0) return path;
    return strncmp(path, prefix, length) == 0 && path[length] == '.' ? path + length + 1 : NULL;
}

bool rs__schema_is_section(const char *prefix) {
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++)
        if (below(rows[i].path, prefix) != NULL) return true;
    return false;
}

bool rs__schema_placeholder(const char *prefix, char *path, size_t size) {
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
        const char *rest = below(rows[i].path, prefix);
        if (rest == NULL || rest[0] != '<') continue;
        const size_t length = (size_t)(strchr(rest, '>') + 1 - rows[i].path);
        if (length >= size) return false;
        memcpy(path, rows[i].path, length);
        path[length] = '\0';
        return true;
    }
    return false;
}
