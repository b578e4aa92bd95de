/* core/alert/alert.h — threshold rules: ok -> pending -> firing -> recovering -> ok, per rule and key.
 *
 * Model:     a rule is bound to every key that its family, tenant, channel and glob match; one (rule, key) is an
 *            instance, whose life is that of core/alert/life.h:
 *                ok ──breach──► pending ──held `for`──► firing ──good──► recovering ──held `clear_for`──► ok (resolved)
 *                      ◄─good──                  ◄──── not good again ───       beside it: no_data, flapping
 *            Breach: figure strictly beyond `limit`. Good: figure at or beyond `clear` on the other side. Between the
 *            two the state is kept (hysteresis). A null figure, or one resting on fewer than min_sample, is no evidence — except that a
 *            gauge of 0 is a figure. An instance begun and ended is one episode; episode numbers only grow.
 * People:    acknowledge, silence, resolve, and say what is the matter: core/alert/care.h.
 * Trial:     a level that nobody ever reaches tells nothing by being missed, and an alert that always fires is read by nobody. A threshold
 *            with `trial` fires for a key only after its figure was within the limit once. When it has rested on evidence for so long (gaps
 *            count as a minute at most) and never was, the instance says TARGET_UNREACHABLE, once, instead of firing, and rests there,
 *            told on the feed and to the database but to no receiver, until the figure is within the limit: then it is ok, and tried.
 * Detectors: a rule finds its deviation by a threshold on the figure, or by one of core/detect: then the finding (breach, good, …, with
 *            the limit and the baseline that it was judged by) comes from there, when a subgroup is closed or each second.
 * Sample:    what min_sample is compared with: the figure's denominator, or its value where it has none (counts,
 *            gauges).
 *            Staff rests on those who wait: with min_sample 1, nobody there is no matter while nobody waits.
 * Evaluated: rs_alerts_on_key after a key's counts changed, rs_alerts_on_tick for time (gauges such as oldest_wait
 *            change without an event, `for` elapses, windows evict). Percentile metrics are evaluated on ticks only. A
 *            tick costs one version compare per key that had an event within the longest window or in which somebody
 *            waits or an alert is not ok, plus 64 of the others in turn; figures are read for those that changed. The
 *            store must have been advanced to the same time before, and its gauges set. An earlier time than before
 *            counts as the latest.
 * Threads:   the core's thread. Pure: time is an argument, figures come through rs_metric_read.
 * Memory:    instances are allocated when keys appear, up to max_instances; a key whose instances do not fit is not
 *            bound at all, and those instances are counted (rs_alerts_unbound).
 */
#ifndef RS_CORE_ALERT_H
#define RS_CORE_ALERT_H

#include "core/alert/care.h"
#include "core/alert/explain.h"
#include "core/alert/life.h"
#include "core/detect/feed.h"
#include "core/key.h"
#include "core/metric.h"
#include "event/warm.h"

/* Static storage, "unknown" for a number that is none. */
const char *rs_alert_state_name(unsigned state);
const char *rs_alert_severity_name(unsigned severity);

/* One change of state, complete in itself. Strings are borrowed for the call. From OK to PENDING and back is reported
 * too (receivers choose); RESOLVED is reported once at the end of an episode that fired, canceled pendings go to OK. */
typedef struct rs_alert_transition {
    uint64_t position;                                   /* its identity, the same whenever it is told again: number of the record … */
    uint32_t ordinal;                                    /* … that caused it, and which of that record's transitions, from 1 */
    uint64_t episode;
    uint32_t rule, key;                                  /* indices */
    rs_str_t rule_name, metric, policy, window, runbook; /* policy, window: empty where the metric has none */
    rs_key_t dimensions;
    uint8_t severity, from, to, compare;
    int64_t at_us;      /* when this happened, in the core's time */
    int64_t started_us; /* when the breach began (pending since) */
    int64_t fired_us;   /* 0 = did not fire yet */
    rs_figure_t figure;
    double limit, clear;
    double baseline;           /* what is usual; 0 for plain thresholds */
    uint8_t detector;          /* rs_detector_t */
    /* people */
    uint8_t act;               /* rs_command_what_t: what somebody did (from == to); NONE with from == to: told now, as nothing keeps it
                                  quiet any more */
    uint8_t hush;              /* RS_HUSH_… bits: why receivers are not told; 0: they are */
    bool acknowledged, sticky; /* and of an act ACKNOWLEDGE */
    uint8_t act_channel;       /* of a silence, whose tenant and key are in dimensions, whose rule in rule_name, whose number is `episode`;
                                  key is UINT32_MAX */
    int64_t until_us, due_us;  /* of the acknowledgement, silence; of the action. 0 = none */
    rs_str_t who, text;        /* of the act; of an acknowledged one who has it, and with what note */
    rs_str_t owner, cause, action; /* as known of the episode */
    rs_explanation_t explanation;  /* of one that fires, and of what is done about it; else empty */
    rs_str_t part_names[RS_EXPLAIN_PARTS];
} rs_alert_transition_t;
typedef void (*rs_alert_fn)(void *context, const rs_alert_transition_t *transition);

typedef struct rs_alerts rs_alerts_t;
/* Binds nothing yet. `config` is borrowed for the engine's life; `store` too. RS_ERR_NOT_FOUND when a rule names an
 * unknown metric, window or policy (config check has refused that before). */
RS_MUST_CHECK int rs_alerts_create(const rs_config_t *config, const rs_window_store_t *store, uint32_t max_instances,
                                   uint64_t first_episode, rs_alert_fn on_transition, void *context,
                                   rs_alerts_t **alerts);
void rs_alerts_destroy(rs_alerts_t **alerts);
/* Other rules, at once. An instance goes on where a rule of the same name asks the same (metric, window, policy,
 * compare, family) of its key; every other episode ends here with a null figure: pending -> ok, else -> resolved. The
 * old configuration must be alive during the call, the new one is borrowed from then on. RS_ERR_NOT_FOUND,
 * RS_ERR_MEMORY: nothing is changed. */
RS_MUST_CHECK int rs_alerts_configure(rs_alerts_t *alerts, const rs_config_t *config, int64_t now_us);
/* Where the store counts the configuration's policies: policy i in slot slots[i], RS_MAX_POLICIES = not counted yet
 * (rules about it rest). Without this call, and after rs_alerts_configure, policy i is in slot i. */
void rs_alerts_set_slots(rs_alerts_t *alerts, const uint32_t *slots, uint32_t count);
/* A key that no rule matches is called something else. */
void rs_alerts_on_renamed_key(rs_alerts_t *alerts, uint32_t key, const rs_key_t *dimensions);
/* A key has appeared: binds the rules that match. `dimensions->name` etc. must stay valid for the engine's life. */
void rs_alerts_on_new_key(rs_alerts_t *alerts, uint32_t key, const rs_key_t *dimensions);
/* Call for what is known of a key; for what is known of its instances, when that is there. Change nothing. */
void rs_alerts_prefetch(const rs_alerts_t *alerts, uint32_t key);
void rs_alerts_prefetch_briefs(const rs_alerts_t *alerts, uint32_t key);
void rs_alerts_on_key(rs_alerts_t *alerts, uint32_t key, int64_t now_us);
void rs_alerts_on_tick(rs_alerts_t *alerts, int64_t now_us);
/* Every episode that fires (or recovers): as it fired, but with a null figure and no identity; by keys. Reports nothing else. */
void rs_alerts_open(const rs_alerts_t *alerts, rs_alert_fn on_alert, void *context);
/* The next moment after `now_us` at which some detector's subgroup ends, INT64_MAX: none. When time passes it, the store is advanced to
 * just before it and rs_alerts_close is called with it, then time goes on. */
int64_t rs_alerts_next_close_us(const rs_alerts_t *alerts, int64_t now_us);
void rs_alerts_close(rs_alerts_t *alerts, int64_t end_us);
/* A rule and key whose history nobody has read yet. Names are the configuration's and the key's own. */
typedef struct rs_alert_unwarmed {
    rs_str_t rule, metric, policy;          /* policy: empty where the metric has none */
    rs_key_t dimensions;
    int64_t every_us, until_us;             /* figures of subgroups that end by then are wanted */
} rs_alert_unwarmed_t;
/* The first of them, at most `max`, by keys; returns how many. Those whose figures no history is kept of are left out. Keys that all have
 * theirs are not looked at again. */
uint32_t rs_alerts_unwarmed(rs_alerts_t *alerts, rs_alert_unwarmed_t *found, uint32_t max);
/* Figures of history of the key, which is the one that they name. Of a rule that is not there, that asks something else or has had its
 * history, nothing is taken. */
void rs_alerts_warm(rs_alerts_t *alerts, uint32_t key, const rs_warm_t *warm);
/* Who is asked about sources (detectors source_silence, source_gap). */
void rs_alerts_set_sources(rs_alerts_t *alerts, const rs_detect_source_fn_t *sources);
/* Figures that detectors could not learn for want of room. Only grows. */
uint64_t rs_alerts_unlearned(const rs_alerts_t *alerts);
/* What a person says, checked (rs_command_check). RS_ERR_NOT_FOUND: there never was such an episode (silence); RS_ERR_STATE: it has ended,
 * and this can be said of an open one only, or (review) the other way round; RS_ERR_LIMIT, RS_ERR_MEMORY. Nothing is changed then. *number:
 * of a silence, its number. */
RS_MUST_CHECK int rs_alerts_command(rs_alerts_t *alerts, const rs_command_t *command, int64_t now_us, uint64_t *number);
/* Silences that are in force or to come, oldest first. NULL: no more. */
const rs_silence_t *rs_alerts_silence(const rs_alerts_t *alerts, uint32_t place);
/* How many instances are in each state; none rests in RESOLVED. */
uint32_t rs_alerts_in_state(const rs_alerts_t *alerts, rs_alert_state_t state);
/* Instances (rule and key) that were not made for want of room. Only grows. */
uint64_t rs_alerts_unbound(const rs_alerts_t *alerts);
/* Every episode that is open, as a transition from its state to the same one, with the figure of now (null when there is none): for whoever
 * begins to listen after a restart. Changes nothing. By key, then rule. */
void rs_alerts_present(const rs_alerts_t *alerts, rs_alert_fn on_alert, void *context);
/* The number that the next episode will get. */
uint64_t rs_alerts_next_episode(const rs_alerts_t *alerts);
/* Glob as rules use it: * is any run of characters, ? one character (UTF-8). Pure; at most |pattern| x |text| steps. */
bool rs_alert_glob(rs_str_t pattern, rs_str_t text);

#endif
