/* core/alert/alert.h — threshold rules: ok -> pending -> firing -> recovering -> ok, per rule and key.
 *
 * Model:     a rule is bound to every key that its family, tenant, channel and glob match; one (rule, key) is an
 *            instance.
 *                ok ──breach──► pending ──held `for`──► firing ──good──► recovering ──held `clear_for`──► ok (resolved)
 *                      ◄─good──                  ◄──── not good again ───
 *            Breach: figure strictly beyond `limit`. Good: figure at or beyond `clear` on the other side. Between the
 *            two the state is kept (hysteresis). A null figure, or one resting on fewer than min_sample, is no evidence: ok
 *            and pending go to ok; firing and recovering are kept (nothing resolves by silence) — except that a gauge
 *            of 0 is a figure. An instance begun and ended is one episode; episode numbers only grow.
 *            In full, by what an evaluation finds (– keeps the state; `held` and `good` last up to its time):
 *                              breach                    between     good                             no evidence
 *                ok            pending; firing if for=0  –           –                                –
 *                pending       firing once held >= for   –           ok                               ok
 *                firing        –                         –           recovering; resolved if clear_for=0   –
 *                recovering    firing                    firing      resolved once good >= clear_for  –
 * Sample:    what min_sample is compared with: the figure's denominator, or its value where it has none (counts,
 *            gauges).
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

#include "core/key.h"
#include "core/metric.h"

#define RS_ALERT_STATES(X) \
    X(OK, "ok") X(PENDING, "pending") X(FIRING, "firing") X(RECOVERING, "recovering") X(RESOLVED, "resolved")
typedef enum rs_alert_state {
#define RS_X(name, text) RS_ALERT_##name,
    RS_ALERT_STATES(RS_X)
#undef RS_X
        RS_ALERT_STATE_COUNT
} rs_alert_state_t;
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
/* A key has appeared: binds the rules that match. `dimensions->name` etc. must stay valid for the engine's life. */
void rs_alerts_on_new_key(rs_alerts_t *alerts, uint32_t key, const rs_key_t *dimensions);
void rs_alerts_on_key(rs_alerts_t *alerts, uint32_t key, int64_t now_us);
void rs_alerts_on_tick(rs_alerts_t *alerts, int64_t now_us);
/* How many instances are in each state; none rests in RESOLVED. */
uint32_t rs_alerts_in_state(const rs_alerts_t *alerts, rs_alert_state_t state);
/* Instances (rule and key) that were not made for want of room. Only grows. */
uint64_t rs_alerts_unbound(const rs_alerts_t *alerts);
/* Every episode that is open, as a transition from its state to the same one, with the figure of now (null when there is none): for whoever begins
 * to listen after a restart. Changes nothing. By key, then rule. */
void rs_alerts_open(const rs_alerts_t *alerts, rs_alert_fn on_alert, void *context);
/* The number that the next episode will get. */
uint64_t rs_alerts_next_episode(const rs_alerts_t *alerts);
/* Glob as rules use it: * is any run of characters, ? one character (UTF-8). Pure; at most |pattern| x |text| steps. */
bool rs_alert_glob(rs_str_t pattern, rs_str_t text);

#endif
