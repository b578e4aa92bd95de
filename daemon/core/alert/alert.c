/* core/alert/alert.c — instances of rules at keys, and the state machine that they go through.
 *
 * Instances of one key lie side by side in one array, in the order of the compiled rules (class, then question), so
 * that an event walks a few neighbouring words and rules that ask the same figure read it once. All that an instance
 * has in common with others is in its rule.
 *
 * Which keys a tick looks at. A figure can change without an event only because a pane leaves a window, because the
 * core moves a gauge (a caller crosses T), or because somebody's wait grows. The first two change the key's version in
 * the store. So keys are in one of two camps:
 *     active   an event touched it, somebody waits, an instance is not ok, or its version changed within `quiet_after`
 *              (the longest window and a margin: by then every pane has left). Each tick compares the version, and only
 *              when it differs, or `for`/`clear_for` run, or somebody's wait is watched, are figures read.
 *     quiet    nothing can change. A slice of SWEEP_KEYS keys per tick is compared with the store all the same, which
 *              finds what no event announces: the end of the day for `today`, a pane far in the future that left.
 */
#include "core/alert/alert_internal.h"

enum { SWEEP_KEYS = 64 };

const char *rs_alert_state_name(unsigned state) {
    static const char *const names[] = {
#define RS_X(name, text) text,
        RS_ALERT_STATES(RS_X)
#undef RS_X
    };
    return state < RS_ARRAY_LEN(names) ? names[state] : "unknown";
}

const char *rs_alert_severity_name(unsigned severity) {
    static const char *const names[] = {"info", "warning", "critical"};
    return severity < RS_ARRAY_LEN(names) ? names[severity] : "unknown";
}

uint32_t rs_alerts_in_state(const rs_alerts_t *alerts, rs_alert_state_t state) {
    return (unsigned)state < RS_ALERT_STATE_COUNT ? alerts->in_state[state] : 0;
}

uint64_t rs_alerts_unbound(const rs_alerts_t *alerts) { return alerts->unbound; }

uint64_t rs_alerts_next_episode(const rs_alerts_t *alerts) { return alerts->next_episode; }

/* --- the state machine -------------------------------------------------------------------------------------------- */

static bool runs_on_time(unsigned state) { return state == RS_ALERT_PENDING || state == RS_ALERT_RECOVERING; }

static rs_alert_transition_t describe(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance, unsigned from, unsigned to,
                                      const rs_figure_t *figure) {
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    return (rs_alert_transition_t){.episode = instance->episode,
                                   .rule = rule->index,
                                   .key = key,
                                   .rule_name = rule->config->name,
                                   .metric = rule->config->metric,
                                   .policy = rule->policy_name,
                                   .window = rule->window,
                                   .runbook = rule->config->runbook,
                                   .dimensions = alerts->dimensions[key],
                                   .severity = rule->config->severity,
                                   .from = (uint8_t)from,
                                   .to = (uint8_t)to,
                                   .compare = rule->compare,
                                   .at_us = alerts->now_us,
                                   .started_us = instance->started_us,
                                   .fired_us = instance->fired_us,
                                   .figure = *figure,
                                   .limit = rule->limit,
                                   .clear = rule->clear};
}

static void report(rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance, unsigned from, unsigned to,
                   const rs_figure_t *figure) {
    if (alerts->on_transition == NULL) return;
    const rs_alert_transition_t transition = describe(alerts, key, instance, from, to, figure);
    alerts->on_transition(alerts->context, &transition);
}

void rs__alert_move(rs_alerts_t *alerts, uint32_t number, rs__alert_instance_t *instance, unsigned to,
                    const rs_figure_t *figure) {
    rs__alert_key_t *key = &alerts->keys[number];
    const unsigned from = instance->state;
    const unsigned rests = to == RS_ALERT_RESOLVED ? RS_ALERT_OK : to;

    if (to == RS_ALERT_FIRING && instance->fired_us == 0) instance->fired_us = alerts->now_us;
    if (to == RS_ALERT_RECOVERING) instance->good_since_us = alerts->now_us;
    instance->state = (uint8_t)rests;
    alerts->in_state[from]--;
    alerts->in_state[rests]++;
    key->running = key->running - runs_on_time(from) + runs_on_time(rests);
    key->engaged = key->engaged - (from != RS_ALERT_OK) + (rests != RS_ALERT_OK);
    report(alerts, number, instance, from, to, figure);
    if (rests == RS_ALERT_OK) {
        instance->episode = 0;
        instance->started_us = instance->fired_us = instance->good_since_us = 0;
    }
}

static void begin_episode(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance,
                          const rs_figure_t *figure) {
    instance->episode = alerts->next_episode++;
    instance->started_us = alerts->now_us;
    rs__alert_move(alerts, key, instance, alerts->rules[instance->rule].for_us > 0 ? RS_ALERT_PENDING : RS_ALERT_FIRING,
                   figure);
}

/* What a verdict does in each state; the table of alert.h in code. */
static void step(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance, rs__verdict_t verdict,
                 const rs_figure_t *figure) {
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    const int64_t now_us = alerts->now_us;

    switch (instance->state) {
        case RS_ALERT_OK:
            if (verdict == RS__BREACH) begin_episode(alerts, key, instance, figure);
            break;
        case RS_ALERT_PENDING:
            if (verdict == RS__GOOD || verdict == RS__NO_EVIDENCE) {
                rs__alert_move(alerts, key, instance, RS_ALERT_OK, figure);
            } else if (verdict == RS__BREACH && now_us - instance->started_us >= rule->for_us) {
                rs__alert_move(alerts, key, instance, RS_ALERT_FIRING, figure);
            }
            break;
        case RS_ALERT_FIRING:
            if (verdict == RS__GOOD) {
                rs__alert_move(alerts, key, instance, rule->clear_for_us > 0 ? RS_ALERT_RECOVERING : RS_ALERT_RESOLVED,
                               figure);
            }
            break;
        case RS_ALERT_RECOVERING:
            if (verdict == RS__BREACH || verdict == RS__BETWEEN) {
                rs__alert_move(alerts, key, instance, RS_ALERT_FIRING, figure);
            } else if (verdict == RS__GOOD && now_us - instance->good_since_us >= rule->clear_for_us) {
                rs__alert_move(alerts, key, instance, RS_ALERT_RESOLVED, figure);
            }
            break;
        default: RS_REQUIRE(instance->state < RS_ALERT_RESOLVED); /* nothing rests there */
    }
}

/* False: the store has no such figure (key without that window, policy not counted yet); nothing is decided then. */
static bool read_figure(const rs_alerts_t *alerts, uint32_t key, const rs__alert_rule_t *rule, rs_figure_t *figure) {
    if (rule->policy_slot >= RS_MAX_POLICIES) return false;
    if (rs_metric_read(alerts->store, key, rule->window_slot, rule->metric, rule->policy_slot, rule->open_miss_now,
                       alerts->now_us, figure) != RS_OK) {
        return false;
    }
    /* Nothing known of a gauge is nobody; nothing known of the future is no evidence. */
    if (rule->gauge && figure->is_null && !rs_metric_is_forecast(rule->metric)) *figure = (rs_figure_t){.value = 0.0};
    return true;
}

void rs_alerts_open(const rs_alerts_t *alerts, rs_alert_fn on_alert, void *context) {
    for (uint32_t number = 0; number < alerts->key_count; number++) {
        const rs__alert_key_t *key = &alerts->keys[number];
        if (!key->known || key->engaged == 0) continue;
        for (uint32_t i = key->first; i < key->first + key->count; i++) {
            const rs__alert_instance_t *instance = &alerts->instances[i];
            if (instance->state == RS_ALERT_OK) continue;
            rs_figure_t figure = {.is_null = true};
            if (!read_figure(alerts, number, &alerts->rules[instance->rule], &figure)) figure = (rs_figure_t){.is_null = true};
            const rs_alert_transition_t transition = describe(alerts, number, instance, instance->state, instance->state, &figure);
            on_alert(context, &transition);
        }
    }
}

/* Judges the instances [from, to) of a key. */
static void evaluate(rs_alerts_t *alerts, uint32_t number, uint32_t from, uint32_t to) {
    rs__alert_instance_t *instances = alerts->instances + alerts->keys[number].first;
    uint32_t asked = UINT32_MAX;
    bool readable = false;
    rs_figure_t figure = {.is_null = true};

    for (uint32_t i = from; i < to; i++) {
        const rs__alert_rule_t *rule = &alerts->rules[instances[i].rule];
        if (rule->question != asked) {
            asked = rule->question;
            readable = read_figure(alerts, number, rule, &figure);
        }
        if (!readable) continue;
        const rs__verdict_t verdict = rs__alert_judge(rule, &figure);
        if (instances[i].state == RS_ALERT_OK && verdict != RS__BREACH) continue;
        step(alerts, number, &instances[i], verdict, &figure);
    }
}

/* --- occasions ---------------------------------------------------------------------------------------------------- */

static void advance(rs_alerts_t *alerts, int64_t now_us) {
    if (now_us > alerts->now_us) alerts->now_us = now_us;
}

void rs__alert_activate(rs_alerts_t *alerts, uint32_t key) {
    if (alerts->keys[key].active) return;
    alerts->keys[key].active = true;
    alerts->active[alerts->active_count++] = key;
}

void rs_alerts_on_key(rs_alerts_t *alerts, uint32_t key, int64_t now_us) {
    if (key >= alerts->key_count || alerts->keys[key].count == 0) return;
    advance(alerts, now_us);
    rs__alert_activate(alerts, key);
    evaluate(alerts, key, 0, alerts->keys[key].percentile);
}

static bool somebody_waits(const rs_alerts_t *alerts, uint32_t key) {
    rs_window_gauges_t gauges;
    return rs_window_read_gauges(alerts->store, key, &gauges) == RS_OK && gauges.waiting > 0;
}

static void tick_key(rs_alerts_t *alerts, uint32_t number) {
    rs__alert_key_t *key = &alerts->keys[number];
    const uint32_t version = rs_window_key_version(alerts->store, number);

    if (!key->looked || version != key->version) {
        key->looked = true;
        key->version = version;
        key->changed_us = alerts->now_us;
        key->waiting = somebody_waits(alerts, number);
        evaluate(alerts, number, 0, key->count);
    } else if (key->running > 0) {
        evaluate(alerts, number, 0, key->count);
    } else if (key->waiting) {
        evaluate(alerts, number, key->growing, key->percentile);
    }
}

static bool is_quiet(const rs_alerts_t *alerts, const rs__alert_key_t *key) {
    return !key->waiting && key->engaged == 0 && alerts->now_us - key->changed_us > alerts->quiet_after_us;
}

/* Wakes quiet keys that changed although nothing announced it; a bounded slice each time. */
static void sweep(rs_alerts_t *alerts) {
    const uint32_t slice = alerts->key_count < SWEEP_KEYS ? alerts->key_count : SWEEP_KEYS;

    for (uint32_t i = 0; i < slice; i++) {
        if (alerts->sweep_next >= alerts->key_count) alerts->sweep_next = 0;
        const uint32_t number = alerts->sweep_next++;
        const rs__alert_key_t *key = &alerts->keys[number];
        if (key->count == 0 || key->active) continue;
        if (rs_window_key_version(alerts->store, number) != key->version) rs__alert_activate(alerts, number);
    }
}

void rs_alerts_on_tick(rs_alerts_t *alerts, int64_t now_us) {
    advance(alerts, now_us);
    sweep(alerts);
    for (uint32_t i = 0; i < alerts->active_count;) {
        const uint32_t number = alerts->active[i];
        tick_key(alerts, number);
        if (is_quiet(alerts, &alerts->keys[number])) {
            alerts->keys[number].active = false;
            alerts->active[i] = alerts->active[--alerts->active_count];
        } else {
            i++;
        }
    }
}
