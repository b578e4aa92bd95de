/* core/alert/alert_internal.h — shared by the files of the alert engine: rule.c compiles and judges, bind.c creates
 * instances, alert.c moves them. */
#ifndef RS_CORE_ALERT_INTERNAL_H
#define RS_CORE_ALERT_INTERNAL_H

#include "core/alert/alert.h"
#include "core/alert/attribute.h"
#include "core/detect/feed.h"

/* When a rule has to be looked at. Rules are kept in this order, so that each occasion is one range of a key's
 * instances:
 *     [ EVENT … | GROWING … | PERCENTILE … | CLOSED … | TIMED … ]
 * after an event: the first two; on a tick of an unchanged key: TIMED, and with somebody waiting GROWING; of a changed one: all. What
 * a CLOSED one found stands until its next subgroup is closed. */
typedef enum rs__alert_class {
    RS__CLASS_EVENT = 0,  /* changes only when the key's published view changes */
    RS__CLASS_GROWING,    /* oldest_wait: changes with time alone, while somebody waits */
    RS__CLASS_PERCENTILE, /* dear to read: on ticks only */
    RS__CLASS_CLOSED,     /* judged when a subgroup is closed (core/detect/feed.h) */
    RS__CLASS_TIMED,      /* a detector that looks each second */
    RS__CLASS_COUNT
} rs__alert_class_t;

/* Whether the metric is judged by a policy. */
static inline bool rs__alert_has_policy(rs_metric_t metric) {
    return metric == RS_METRIC_SERVICE_LEVEL || metric == RS_METRIC_PREDICTED_SERVICE_LEVEL;
}

/* What time does to a verdict, as further bits beside those of what changed in the store. */
typedef enum rs__alert_moment {
    RS__MOMENT_GROWING = 1 << 28,  /* the oldest has waited so long that a GROWING rule may breach */
    RS__MOMENT_WAITING = 1 << 29,  /* a second passed, and somebody waits */
    RS__MOMENT_TICK = 1 << 30      /* a second passed */
} rs__alert_moment_t;

/* A rule with its names looked up. */
typedef struct rs__alert_rule {
    const rs_rule_config_t *config;
    rs_str_t policy_name, window; /* as reported: empty where the metric has none */
    double limit, clear;
    int64_t for_us, clear_for_us, min_sample;
    uint32_t index;               /* in config->rules */
    uint32_t window_slot, policy; /* numbers in the configuration */
    uint32_t policy_slot;         /* where the store counts that policy; RS_MAX_POLICIES: nowhere yet */
    uint32_t reads;               /* RS_CHANGED_… bits: what its verdict of a key rests on; and rs__alert_moment_t ones */
    int64_t patience_us;          /* GROWING: nobody breaches it who has waited for less */
    uint32_t question;            /* equal for rules that read the same figure; these stand together */
    rs_metric_t metric;
    uint8_t class, compare;
    bool gauge, open_miss_now;
    double confidence_z;          /* Wilson gate of a threshold, 0 = none */
    rs_detect_rule_t detect;
    uint32_t instances;           /* for so many its limits must be */
    uint32_t parent;              /* in rules[]: whose open alerts inhibit this one's; UINT32_MAX: none */
    bool is_parent;
} rs__alert_rule_t;

/* Compiles all rules of `config` into a new array, sorted by class and question; *rules is NULL when there are none.
 * The caller frees it. RS_ERR_NOT_FOUND: an unknown metric, window or policy; RS_ERR_MEMORY. */
RS_MUST_CHECK int rs__alert_rules_compile(const rs_config_t *config, rs__alert_rule_t **rules, uint32_t *count);
/* Whether a rule is meant for such a key. Pure. */
bool rs__alert_rule_matches(const rs__alert_rule_t *rule, const rs_key_t *key);

/* A threshold: no evidence is null, or fewer than min_sample behind it; between is between limit and clear, or beyond the limit without
 * the confidence asked for. */
rs_detect_verdict_t rs__alert_judge(const rs__alert_rule_t *rule, const rs_figure_t *figure);
/* One more instance of the rule: its limits are solved again where they must be. */
void rs__alert_rule_bound(rs__alert_rule_t *rule);

/* Whether the figure ever was within the rule's limit. */
typedef enum rs__reach { RS__REACHED = 0 /* or nobody asks */, RS__ON_TRIAL, RS__OUT_OF_REACH } rs__reach_t;

typedef struct rs__alert_instance {
    uint32_t rule; /* in rules[] */
    rs_life_t life;
    uint32_t detect;  /* of the pool; 0 = the rule needs none */
    uint32_t care;    /* of the pool; 0 = nobody has said anything */
    bool told;        /* receivers know that it fires */
    uint8_t hush;     /* why they do not */
    uint64_t episode; /* 0 while ok */
    int64_t latched_us; /* somebody said resolved then, and it has not been good since; 0: nobody */
    rs_recent_t recent; /* but what its brief has of it: rs__alert_recent_of */
    uint8_t reach;      /* rs__reach_t */
    int64_t tried_us;   /* on trial: how long its figure has been beyond the limit … */
    int64_t tried_last_us; /* … and when that was last seen; 0: not yet */
} rs__alert_instance_t;

static inline bool rs__alert_is_engaged(const rs__alert_instance_t *instance) {
    return instance->life.state != RS_ALERT_OK || instance->latched_us != 0;
}

static inline uint8_t rs__alert_first_reach(const rs__alert_rule_t *rule) {
    return rule->config->trial_us > 0 ? RS__ON_TRIAL : RS__REACHED;
}

/* Whether time alone can move it: a state that is held, evidence that is missing, a quiet or a promise that ends. */
static inline bool rs__alert_runs(const rs__alert_instance_t *instance) {
    const unsigned state = instance->life.state;
    const bool held = state == RS_ALERT_PENDING || state == RS_ALERT_RECOVERING || state == RS_ALERT_FLAPPING;
    const bool unseen = state == RS_ALERT_FIRING && instance->life.blind_since_us != 0;
    return held || unseen || (rs_life_is_open(state) && !instance->told) || instance->care != 0 || instance->latched_us != 0;
}

/* Of an instance what most looks at it need: looking at an instance that is ok and stays so touches nothing else of it. */
typedef struct rs__alert_brief {
    uint32_t rule;         /* in rules[] */
    float seen;            /* its figure as last seen in the key's interval `seen_slot`, not yet in `recent`; NAN: it was not seen */
} rs__alert_brief_t;

typedef struct rs__alert_key {
    uint32_t first, count; /* instances[first .. first + count) */
    uint32_t growing;      /* offset of the first GROWING one, … */
    uint32_t percentile;   /* … and of the first PERCENTILE one */
    uint32_t closed, timed; /* … of the first CLOSED, TIMED one */
    uint32_t engaged;      /* instances that are not ok, or latched */
    uint32_t running;      /* of them, those that time alone can move (rs__alert_runs) */
    uint32_t tried;        /* of them all, those that are on trial: what is within their limit is news, too */
    uint32_t unseen;       /* what an event has seen of the store's changes, and no tick yet */
    uint32_t loaded;       /* while a state is loaded: what nobody had seen of them */
    int64_t changed_us;    /* when a tick last saw a change */
    int64_t seen_slot;     /* the interval of RS_EXPLAIN_EACH_US in which its instances' figures were last seen */
    uint32_t event_reads, timed_reads;   /* of the rules before the first PERCENTILE one together; of the TIMED ones */
    int64_t growing_us;    /* before this moment no GROWING one can breach: it stands since a tick last saw a change */
    bool known, active, looked, waiting;
} rs__alert_key_t;

struct rs_alerts {
    const rs_window_store_t *store;
    rs_alert_fn on_transition;
    void *context;
    rs__alert_rule_t *rules;
    uint32_t rule_count;
    int64_t now_us, quiet_after_us;
    uint64_t next_episode, unbound;

    rs__alert_instance_t *instances;
    rs__alert_brief_t *briefs; /* by instance */
    uint32_t instance_count, instance_capacity, max_instances;

    uint32_t unwarmed_from;    /* of no key below it a rule waits for history */
    rs__alert_key_t *keys; /* by key number */
    rs_key_t *dimensions;  /* by key number */
    uint32_t *active;      /* numbers of the active keys */
    uint32_t key_count, key_capacity, active_count, sweep_next;

    uint32_t in_state[RS_ALERT_STATE_COUNT];

    rs_pool_t cares;           /* of rs_care_t */
    rs_silences_t silences;
    struct rs__alert_parent { uint32_t rule, key; } parents[RS_MAX_PARENTS]; /* open alerts of rules that inhibit others */
    uint32_t parent_count;

    int64_t windows_us[RS_MAX_WINDOWS]; /* of the configuration */
    uint32_t window_count;
    int64_t explained_s;       /* the second of the core's time in which … */
    uint64_t explained;        /* … so many figures were read for explanations */
    rs_attribute_element_t *elements; /* RS_EXPLAIN_ELEMENTS, and a key each: of one explanation under way */
    uint32_t *element_keys;

    rs_pool_t detects;         /* of rs_detect_state_t */
    rs_pool_t days;            /* of rs_season_day_t */
    uint64_t unlearned;
    const rs_zone_t *zone;
    rs_detect_source_fn_t sources;
};

/* Where detectors read. */
static inline rs_detect_feed_t rs__alert_feed(rs_alerts_t *alerts) {
    return (rs_detect_feed_t){.store = alerts->store, .zone = alerts->zone, .days = &alerts->days, .unlearned = &alerts->unlearned,
                              .sources = alerts->sources};
}
/* Adds an instance of the rule to the key's ranges. */
static inline void rs__alert_count_class(rs__alert_key_t *key, const rs__alert_rule_t *rule) {
    key->growing += rule->class < RS__CLASS_GROWING;
    key->percentile += rule->class < RS__CLASS_PERCENTILE;
    key->closed += rule->class < RS__CLASS_CLOSED;
    key->timed += rule->class < RS__CLASS_TIMED;
    if (rule->class < RS__CLASS_PERCENTILE) key->event_reads |= rule->reads;
    if (rule->class == RS__CLASS_TIMED) key->timed_reads |= rule->reads;
}

/* The one place where a state changes; reports it. RESOLVED is an end: the instance is ok from there on. */
void rs__alert_move(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance, unsigned to,
                    const rs_finding_t *finding);
/* As rs__alert_move reports: what it is now, from itself to itself, with an act. */
void rs__alert_report_act(rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance,
                          const rs_command_t *command, uint8_t hush);

/* --- care.c --------------------------------------------------------------------------------------------------------- */
/* Why receivers would not be told of the instance if it fired now. */
uint8_t rs__alert_hush(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance);
/* Of an open instance, after its evaluation: acknowledgements end, what was kept quiet is told. */
void rs__alert_revise(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance);
/* It fires anew within its episode: a plain acknowledgement is over. */
void rs__alert_fires_anew(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance);
void rs__alert_forget_care(rs_alerts_t *alerts, rs__alert_instance_t *instance);
void rs__alert_note_parent(rs_alerts_t *alerts, uint32_t rule, uint32_t key, bool open);
/* After instances were loaded or rules changed. */
void rs__alert_find_parents(rs_alerts_t *alerts);
/* Puts what is known of the instance from people into a transition. */
void rs__alert_describe_care(const rs_alerts_t *alerts, const rs__alert_instance_t *instance, rs_alert_transition_t *transition);
/* --- explain.c ------------------------------------------------------------------------------------------------------ */
/* Fills in explanation and part_names of a transition that is described otherwise. */
void rs__alert_explain(rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance, rs_alert_transition_t *transition);
/* Of it only what costs nothing: the last intervals and what is next. */
void rs__alert_recall(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance, rs_alert_transition_t *transition);
/* How long an interval of the rule's is. */
static inline int64_t rs__alert_recent_us(const rs__alert_rule_t *rule) {
    return rule->class == RS__CLASS_CLOSED && rule->detect.every_us > 0 ? rule->detect.every_us : RS_EXPLAIN_EACH_US;
}
/* The last intervals of an instance of the key, with what its brief has of them. / That goes where it belongs, of all of the key's. */
rs_recent_t rs__alert_recent_of(const rs_alerts_t *alerts, uint32_t key, uint32_t instance);
void rs__alert_write_down(rs_alerts_t *alerts, uint32_t key);
/* After anything that may have changed it; `before`: rs__alert_runs then. */
static inline void rs__alert_recount(rs__alert_key_t *key, const rs__alert_instance_t *instance, bool before) {
    key->running = key->running - before + rs__alert_runs(instance);
}
/* Puts a bound key among those that each tick looks at. */
void rs__alert_activate(rs_alerts_t *alerts, uint32_t key);

#endif
