/* config/config.h — everything that can be configured, as one plain struct.
 *
 * Model:   the file is YAML; schema.c holds one row per key (path, type, unit, range, default, one line of help) and
 *          that table also feeds `ringsided --check`, the sample file and every error text.
 * Memory:  a configuration is immutable after loading. rs_config_create_default/rs_config_load give ownership; every
 *          string and array inside belongs to the configuration and dies with it. Every string is followed by a NUL
 *          that is not counted, also an empty one: .data can go to C functions.
 * Threads: loading changes TZ for a moment (base/zone.h): one thread, while no other formats local times. A loaded
 *          configuration may be read by any thread.
 * Units:   times in microseconds (…_us), or milliseconds where the field says _ms.
 */
#ifndef RS_CONFIG_H
#define RS_CONFIG_H

#include "base/base.h"
#include "base/calendar.h"
#include "base/zone.h"

#include <stdio.h>

enum {
    RS_MAX_POLICIES = 8,        /* service-level policies counted at the same time */
    RS_MAX_WINDOWS = 4,         /* rolling windows beside `today` */
    RS_CONFIG_REASON_SLOTS = RS_FLOW_COUNT
};

typedef enum rs_clock_mode { RS_CLOCK_WALL = 0, RS_CLOCK_EVENTS } rs_clock_mode_t;

/* --- service level ------------------------------------------------------------------------------------------------ */
typedef enum rs_verdict_rule { /* what a leg with that outcome does to numerator and denominator */
    RS_RULE_EXCLUDE = 0,       /* in neither */
    RS_RULE_MISS,              /* denominator only */
    RS_RULE_HIT,               /* both (only allowed for `short`) */
    RS_RULE_HIT_IF_WITHIN,     /* both when the wait is within T, else denominator only */
    RS_RULE_EXCLUDE_IF_WITHIN  /* neither when the wait is within T, else denominator only (only for `abandoned`) */
} rs_verdict_rule_t;

typedef struct rs_policy {
    char name[RS_MAX_NAME + 1];
    uint32_t version;          /* 1 unless the file says otherwise */
    int64_t threshold_us;      /* < 0: not named by the policy, the queue's applies, else 20 s */
    int64_t short_us;          /* < 0: not named by the policy, the queue's applies, else 5 s; 0: short is off */
    double target;             /* 0..1; < 0: not named, the queue's applies, else 0.8 */
    bool compare_lt;           /* `lt` instead of `le` for T and S */
    uint8_t abandoned;         /* MISS | HIT_IF_WITHIN | EXCLUDE_IF_WITHIN | EXCLUDE */
    bool short_on;             /* false: abandoned legs are never treated as short */
    uint8_t short_rule;        /* EXCLUDE | MISS | HIT, for abandoned legs with wait <= S; applies first */
    uint8_t flowed_out[RS_CONFIG_REASON_SLOTS]; /* by rs_flow_reason_t; LOST is always EXCLUDE */
    uint8_t blocked;           /* EXCLUDE | MISS */
    uint8_t callbacks;         /* EXCLUDE | MISS | HIT_IF_WITHIN */
    bool open_miss_now;        /* open_over_t = miss_now (live views and alerts only) */
    bool unit_journey;         /* one verdict per journey instead of per leg */
} rs_policy_t;

/* Fills *policy with the preset `name`: abandon_within_hit, answered_only, abandon_miss, abandon_within_excluded,
 * short_hit, short_excluded, asterisk_perf, asterisk_perf2. RS_ERR_NOT_FOUND when there is none of that name. */
RS_MUST_CHECK int rs_policy_preset(rs_str_t name, rs_policy_t *policy);
/* The names of the presets, separated by ", ", for messages. Static storage. */
const char *rs_policy_preset_names(void);

/* --- one queue's own settings; tenant and channel may be empty = any ---------------------------------------------- */
typedef struct rs_queue_config {
    rs_str_t tenant, name;
    uint8_t channel;           /* 0 = any */
    int64_t threshold_us;      /* < 0 = not set */
    int64_t short_us;          /* < 0 = not set */
    double target;             /* < 0 = not set */
    rs_str_t hours;            /* name of the working hours that its reply and resolution clocks run in; empty = always */
    int64_t first_reply_us, next_reply_us, resolution_us; /* targets of asynchronous channels, by those clocks; < 0 = not set */
    uint8_t callback_clock;    /* rs_callback_clock_t; RS_CALLBACK_CLOCK_UNSET */
} rs_queue_config_t;

/* What a call-back's clock does when the called-back contact is queued again. */
typedef enum rs_callback_clock { RS_CALLBACK_CLOCK_UNSET = 0, RS_CALLBACK_CLOCK_RESTART, RS_CALLBACK_CLOCK_KEEP } rs_callback_clock_t;

/* Named working hours, as queues.<name>.hours and complaints.hours call them. The calendar is what counts; the rest is what it was
 * made of: week sorted by day and time, dates by date and time (a closed one has from_s == to_s). */
enum { RS_MAX_HOURS = 256, RS_MAX_DAY_SPANS = 16, RS_MAX_HOURS_DATES = 4096 };
typedef struct rs_hours_config {
    rs_str_t name;
    rs_calendar_t *calendar;
    rs_zone_t *zone;           /* may be one with another entry or with time.zone */
    rs_str_t zone_name;
    rs_calendar_span_t *week;
    rs_calendar_date_t *dates;
    uint32_t week_count, date_count;
} rs_hours_config_t;

typedef struct rs_agent_config { rs_str_t tenant, name, team; } rs_agent_config_t;

/* --- threshold alert rules ---------------------------------------------------------------------------------------- */
typedef enum rs_alert_severity { RS_SEVERITY_INFO = 0, RS_SEVERITY_WARNING, RS_SEVERITY_CRITICAL } rs_alert_severity_t;
typedef enum rs_alert_compare { RS_ALERT_ABOVE = 0, RS_ALERT_BELOW, RS_ALERT_BOTH } rs_alert_compare_t;

/* How a rule finds a deviation (core/detect). */
typedef enum rs_detector {
    RS_DETECTOR_THRESHOLD = 0, RS_DETECTOR_CUSUM, RS_DETECTOR_EWMA, RS_DETECTOR_SHEWHART, RS_DETECTOR_LANEY, RS_DETECTOR_BURN_RATE,
    RS_DETECTOR_SEASONAL, RS_DETECTOR_PREDICTED_BREACH, RS_DETECTOR_RATE_OF_CHANGE, RS_DETECTOR_NO_DATA, RS_DETECTOR_SOURCE_SILENCE,
    RS_DETECTOR_SOURCE_GAP, RS_DETECTOR_COUNT
} rs_detector_t;
typedef enum rs_run_rules { RS_RUN_RULES_NONE = 0, RS_RUN_RULES_WESTERN_ELECTRIC, RS_RUN_RULES_NELSON } rs_run_rules_t;
typedef enum rs_baseline { RS_BASELINE_RECENT = 0, RS_BASELINE_SEASON, RS_BASELINE_FIXED /* centre is named */ } rs_baseline_t;

typedef struct rs_rule_config {
    rs_str_t name;             /* unique */
    rs_str_t metric;           /* as in core/metric.h, such as service_level, oldest_wait, abandoned_rate */
    rs_str_t policy;           /* for service_level; empty = the first policy */
    rs_str_t window;           /* "5m" "15m" "30m" "1h" "today", as rs_config_format_duration writes; gauges: empty */
    rs_str_t tenant;           /* empty = any */
    rs_str_t key;              /* glob over the key's name: "vip", "sales-*", "*" */
    uint8_t family;            /* rs_key_family of core/key.h: 0 queue, 1 channel, 2 total */
    uint8_t channel;           /* 0 = any */
    uint8_t compare;           /* fires when the figure is above / below the limit (strictly) */
    double limit;              /* in the metric's own unit: ratios 0..1, times in milliseconds */
    double clear;              /* hysteresis: resolves when the figure is at or beyond this on the good side */
    int64_t for_us;            /* must hold this long before it fires; 0 = at once */
    int64_t clear_for_us;      /* must be good this long before it resolves */
    int64_t trial_us;          /* of a threshold: so long a figure that was never within the limit does not fire; 0 = it fires at once */
    int64_t min_sample;        /* denominator (or count) that the figure must rest on; 0 = none */
    uint8_t severity;
    rs_str_t runbook;          /* optional link */
    rs_str_t inhibited_by;     /* name of a rule; empty = none (core/alert/care.h) */
    /* of detectors other than thresholds; what a detector does not take is 0 */
    uint8_t detector;          /* rs_detector_t. Of source_… `key` is a glob over sources' names, metric and window are empty */
    uint8_t baseline, run_rules;
    bool fast_start;
    double confidence;         /* of a threshold on shares: how sure its breach must be (Wilson); 0 = not asked */
    double false_alarms;       /* per day, over all keys; 0 = a share of the whole budget */
    double shift, weight;      /* cusum: sigmas to be seen; ewma: of the newest figure */
    double centre, sigma;      /* a given baseline; sigma 0 = learned, or what theory says of counts and shares */
    double target, budget;     /* burn_rate: what is promised, < 0 = the service level's; share of the period's budget */
    int64_t period_us;
    int64_t every_us;          /* length of a subgroup of a gauge; 0 where the window is it */
} rs_rule_config_t;

/* --- Asterisk queue_log ------------------------------------------------------------------------------------------- */
typedef struct rs_asterisk_queue { rs_str_t name; int64_t member_delay_us; } rs_asterisk_queue_t;
typedef struct rs_asterisk_member { rs_str_t interface, name; } rs_asterisk_member_t;
typedef struct rs_asterisk_config {
    rs_str_t queue_log;        /* file to follow; empty = off */
    rs_str_t source;           /* default "asterisk" */
    rs_str_t tenant;           /* default "default" */
    bool from_start;           /* read what is already in the file at start, else only what comes */
    int64_t poll_us;           /* how often the followed file is looked at, default 250 ms */
    rs_asterisk_queue_t *queues; /* memberdelay per queue */
    uint32_t queue_count;
    rs_asterisk_member_t *members; /* interface -> member name: ADDMEMBER, PENALTY … name the interface */
    uint32_t member_count;
} rs_asterisk_config_t;

/* --- first-contact resolution ------------------------------------------------------------------------------------- */
typedef enum rs_fcr_scope { RS_FCR_ANY = 0, RS_FCR_TOPIC, RS_FCR_QUEUE, RS_FCR_CHANNEL } rs_fcr_scope_t;
typedef struct rs_fcr_config {
    int64_t repeat_window_us;  /* default 7 days */
    int64_t redial_grace_us;   /* default 60 s */
    uint8_t scope;             /* rs_fcr_scope_t: what a repeat must have in common */
    bool repeat_handled_only;  /* fcr.repeat_counts = handled: an abandoned next contact is no repeat */
    rs_str_t *never_topics; uint32_t never_count; /* fcr.never: topics that net FCR leaves out; sorted */
} rs_fcr_config_t;

/* --- surveys and complaints --------------------------------------------------------------------------------------- */
typedef struct rs_scale_config { int32_t min_milli, max_milli; } rs_scale_config_t;
typedef struct rs_feedback_config {
    rs_scale_config_t csat, ces;   /* of scores that come without a scale; 1..5 and 1..7. NPS is 0..10 always */
    rs_str_t complaint_hours;      /* name of working hours; empty = the clock always runs */
    /* the time that each stage may take since the one before it, by that clock; 0 = no deadline */
    int64_t acknowledge_us, investigate_us, respond_us, close_us;
} rs_feedback_config_t;

/* --- agents ------------------------------------------------------------------------------------------------------- */
typedef struct rs_staff_config {
    int64_t expire_us;         /* an agent without any event for this long is taken as offline, at last event + this; 0 = never; 16 h */
    rs_str_t *break_activities; uint32_t break_count;     /* staff.break_activities: planned activities during which a break, not
                                                             work, is the plan; sorted. Default: break, lunch, meal, rest */
    rs_str_t *absent_activities; uint32_t absent_count;   /* the agent is planned to be away: off, absent, holiday, sick */
} rs_staff_config_t;

/* --- the way through the process, prediction ---------------------------------------------------------------------- */
typedef struct rs_prediction_config {
    int64_t horizon_us;        /* how far back handle times and patience are looked at; 30 min */
    uint32_t min_handled;      /* fewer handlings than this carry no answer; 10 */
} rs_prediction_config_t;

/* --- who is told of alerts ------------------------------------------------------------------------------------------ */
typedef enum rs_receiver_kind { RS_RECEIVER_ALERTMANAGER = 0, RS_RECEIVER_WEBHOOK, RS_RECEIVER_MAIL } rs_receiver_kind_t;
typedef enum rs_receiver_format { RS_RECEIVER_CLOUDEVENTS = 0, RS_RECEIVER_AS_ALERTMANAGER } rs_receiver_format_t;
enum { RS_MAX_RECEIVERS = 16 };
typedef struct rs_receiver_config {
    rs_str_t name;             /* unique */
    uint8_t kind;              /* rs_receiver_kind_t */
    uint8_t format;            /* rs_receiver_format_t; of webhooks */
    uint8_t severity;          /* this one and worse */
    bool plain;                /* smtp:// without TLS */
    rs_str_t tenant;           /* empty = any */
    rs_str_t url, url_file;    /* exactly one of them: http:// https:// smtp:// smtps:// */
    rs_str_t secret_file;      /* of a webhook's signature; this and the next three may be empty */
    rs_str_t token_file;       /* bearer token */
    rs_str_t user, password_file;
    rs_str_t ca_file;          /* empty: the system's */
    rs_str_t from;             /* of mail */
    rs_str_t *to; uint32_t to_count;
    int64_t timeout_us;
    uint32_t burst;            /* token bucket of messages */
    int64_t every_us;
    int64_t digest_wait_us, digest_period_us;
    uint32_t digest_entries;
    uint32_t queue;            /* most episodes remembered for it */
    int64_t backoff_min_us, backoff_max_us;
    int64_t resend_us, hold_us, settle_us; /* of an Alertmanager; see feed/presenter.h */
} rs_receiver_config_t;

typedef struct rs_limits {     /* hard bounds; keys past one go to __overflow__, everything else is refused and counted */
    uint32_t tenants, queue_keys, agent_keys, team_keys, sources, contacts, contact_events, remembered_ids, rows, alerts;
    uint32_t customers;        /* remembered for FCR; 1,000,000 */
    uint32_t cases;            /* complaints that are open or may still change; 100,000 */
    uint32_t facts;            /* contacts whose facts wait for the database or may still change; 200,000 (0: off) */
    uint32_t edges, variants;  /* of the process map: edges times intervals in memory, ways; 200,000 (0: off) and 10,000 */
    uint32_t peers;            /* sessions at the ingest sockets */
    uint32_t peer_bytes;       /* bytes in flight per peer */
    uint32_t message_bytes;    /* ZMQ_MAXMSGSIZE */
    uint32_t inlet_bytes, outlet_bytes; /* ring sizes, powers of two */
} rs_limits_t;

#define RS_CONFIG_JOURNAL_SPARES 2u

typedef struct rs_config {
    rs_str_t file;                                   /* where it was read from; empty for defaults */
    /* core */
    rs_clock_mode_t clock;                           /* time.clock */
    int64_t lateness_us, idle_us, future_us, clock_skew_us;
    int64_t missing_end_us;                          /* 0 = off; default 24 h */
    bool missing_end_named;                          /* by the file or --set: only then it holds in a replay, too */
    int64_t interval_us;                             /* the store's base interval, 15 min */
    bool attribution_event, attribution_enter, attribution_close; /* which attributions rows are kept in */
    rs_zone_t *zone;                                 /* the default tenant zone; never NULL */
    int64_t windows_us[RS_MAX_WINDOWS];              /* rising; 5, 15, 30, 60 min */
    uint32_t window_count;
    rs_policy_t policies[RS_MAX_POLICIES];           /* in the order named; the first is the default */
    uint32_t policy_count;
    int64_t default_threshold_us, default_short_us;  /* 20 s, 5 s */
    double default_target;                           /* 0.8 */
    int64_t override_threshold_us, override_short_us;/* replay's --threshold, --short: above everything; < 0 = none */
    rs_queue_config_t *queues; uint32_t queue_count; /* sorted by name, tenant, channel; no two alike */
    rs_agent_config_t *agents; uint32_t agent_count; /* sorted by name, tenant */
    rs_rule_config_t *rules; uint32_t rule_count;    /* in the order of the file */
    rs_receiver_config_t *receivers; uint32_t receiver_count; /* in the order of the file; at most RS_MAX_RECEIVERS */
    double false_alarms;                             /* per day, of all rules and keys whose limits are solved */
    rs_fcr_config_t fcr;
    rs_feedback_config_t feedback;
    rs_staff_config_t staff;
    rs_prediction_config_t prediction;
    rs_hours_config_t *hours; uint32_t hours_count;  /* sorted by name */
    uint8_t callback_clock;                          /* of queues that name none: RESTART or KEEP */
    int64_t first_reply_us, next_reply_us, resolution_us; /* targets of queues that name none; 0 = none */
    rs_limits_t limits;
    /* ingest and feed */
    rs_str_t events_endpoint, plain_endpoint, feed_endpoint, snapshot_endpoint;
    rs_str_t commands_endpoint;    /* empty = no such door */
    int64_t handshake_us;                            /* ZMQ_HANDSHAKE_IVL */
    int64_t feed_period_us;                          /* a changed window is published at most this often */
    /* web */
    rs_str_t web_listen;                             /* "127.0.0.1:8570"; empty = no HTTP */
    /* store */
    rs_str_t database;                               /* libpq connection string; empty = no database */
    int64_t flush_us;                                /* how often changed rows are written */
    uint32_t batch_rows;
    int64_t backoff_min_us, backoff_max_us;
    /* journal; RS_CONFIG_JOURNAL_SPARES files are made ahead, beyond max_bytes */
    struct {
        rs_str_t directory;                          /* empty: <state>/journal */
        uint32_t segment_bytes;                      /* a multiple of 4096 */
        uint64_t max_bytes;                          /* of segments, at least 4 and at most 4096 of them */
        int64_t keep_us;                             /* how long what is not needed any more stays */
        int64_t snapshot_every_us;
        uint64_t snapshot_bytes;                     /* or so much of the journal, whichever comes first */
        bool any_file_system;
    } journal;
    /* service */
    rs_str_t state_directory;
    rs_str_t pseudonym_key_file;                     /* empty: <state>/pseudonym.key, made at first start */
    uint8_t log_level;                               /* 0 error, 1 warning, 2 info, 3 debug */
    rs_asterisk_config_t asterisk;
    rs_str_t text;                                   /* what it was made of, without --set; empty for defaults */
    void *storage;                                   /* arena that owns strings and arrays; config room only */
} rs_config_t;

/* One thing that is wrong in a configuration. */
enum { RS_CONFIG_ALLOWED_TEXT = 512 }; /* room for the longest list of names */
typedef struct rs_config_error {
    char file[256];
    uint32_t line, column;     /* 1-based; 0 when the setting came from --set (then `file` is "--set") or is nowhere */
    char key[128];             /* "queues.vip.threshold" */
    char reason[256];          /* what is wrong */
    char allowed[RS_CONFIG_ALLOWED_TEXT]; /* what would be right */
} rs_config_error_t;

/* The defaults, as if an empty file had been loaded. */
RS_MUST_CHECK int rs_config_create_default(rs_config_t **config);
/* Loads and checks `path`; then applies `sets` (each "KEY=VALUE", `queues."sales.eu".threshold=20s`), in order.
 * RS_ERR_IO (cannot be read), RS_ERR_PARSE (grammar, unknown key, wrong type, out of range, contradiction): *error says
 * which, *config is untouched. RS_ERR_MEMORY likewise. `path` NULL: defaults only. The caller need not clear *error. */
RS_MUST_CHECK int rs_config_load(const char *path, const char *const *sets, size_t set_count, rs_config_t **config,
                                 rs_config_error_t *error);
/* The same from a text in memory, such as the `text` of another one; `name` stands for the file in errors. Longer than RS_CONFIG_TEXT_MAX
 * is RS_ERR_PARSE. */
enum { RS_CONFIG_TEXT_MAX = 1024 * 1024 };
RS_MUST_CHECK int rs_config_load_text(rs_str_t text, const char *name, rs_config_t **config, rs_config_error_t *error);
void rs_config_destroy(rs_config_t **config);
/* "file:line:column: key: reason; allowed: …" into `text`, cut at `size`. */
void rs_config_error_format(const rs_config_error_t *error, char *text, size_t size);
/* Prints every effective setting and the memory bounds that follow from the limits, one per line. */
void rs_config_print(const rs_config_t *config, FILE *out);
/* Parses "20s", "5m", "1.5h", "250ms", "10us", "7d", "0" into microseconds, which must come out whole. RS_ERR_PARSE
 * otherwise, *us is untouched then. Pure. */
RS_MUST_CHECK int rs_config_parse_duration(rs_str_t text, int64_t *us);
/* The shortest text that parses to `us` (>= 0), in the largest unit that divides it: "15m", "90s", "1h", "0s". Pure. */
enum { RS_DURATION_TEXT = 24 };
void rs_config_format_duration(int64_t us, char text[RS_DURATION_TEXT]);

/* Why `text` is no URL of a receiver, NULL when it is one: http://, https://, smtp:// or smtps://, a host, at most a port and
 * a path, no user. */
const char *rs_config_url_fault(rs_str_t text);

/* T, S and target that hold for one queue and channel under one policy, by the precedence: override, the policy's own,
 * the queue's, the default. `policy` NULL: the queue's own T and S (those of the row's …_in_t counts). Pure. */
typedef struct rs_standard { int64_t threshold_us, short_us; double target; } rs_standard_t;
rs_standard_t rs_config_standard(const rs_config_t *config, const rs_policy_t *policy, rs_str_t tenant, rs_str_t queue,
                                 uint8_t channel);
/* The working hours that the reply and resolution clocks of a queue run in; NULL: they always run. Pure, as the next three. */
const rs_calendar_t *rs_config_calendar(const rs_config_t *config, rs_str_t tenant, rs_str_t queue, uint8_t channel);
/* Working hours by their name; NULL: there are none of that name. */
const rs_calendar_t *rs_config_hours(const rs_config_t *config, rs_str_t name);
/* Within how much working time replies and resolutions are in time; 0: no target. */
typedef struct rs_reply_targets { int64_t first_us, next_us, resolution_us; } rs_reply_targets_t;
rs_reply_targets_t rs_config_reply_targets(const rs_config_t *config, rs_str_t tenant, rs_str_t queue, uint8_t channel);
/* True: a called-back contact that is queued there again goes on with the clock of the leg that it gave up. */
bool rs_config_callback_keeps(const rs_config_t *config, rs_str_t tenant, rs_str_t queue, uint8_t channel);
/* Whether a rule's limits are solved from a rate of false alarms; how many of these it may have in a day: its own, or an equal share of
 * what rules with their own leave of the budget. 0: not solved. Pure, as the next two. */
bool rs_config_is_solved(const rs_rule_config_t *rule);
double rs_config_rule_budget(const rs_config_t *config, const rs_rule_config_t *rule);
/* The target of a burn rate; its short window, the longest of `windows` of at most a quarter of the rule's, 0 = none. */
double rs_config_burn_target(const rs_config_t *config, const rs_rule_config_t *rule);
int64_t rs_config_burn_short_us(const rs_config_t *config, const rs_rule_config_t *rule);
/* The length of a rule's subgroups: its window, or `every`; 0 when it has none. "cusum", …; static storage. */
int64_t rs_config_subgroup_us(const rs_rule_config_t *rule);
const char *rs_config_detector_name(unsigned detector);
/* The team that the configuration gives an agent, empty when none. An entry that names the tenant goes before one for
 * any. Pure. */
rs_str_t rs_config_team(const rs_config_t *config, rs_str_t tenant, rs_str_t agent);

#endif
