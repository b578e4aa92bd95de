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

/* Of a rule that watches both sides, the one that the figure is on. */
static uint8_t side_of(const rs__alert_rule_t *rule, const rs_finding_t *finding) {
    if (rule->compare != RS_ALERT_BOTH) return rule->compare;
    return finding->figure.value < finding->baseline ? RS_ALERT_BELOW : RS_ALERT_ABOVE;
}

static rs_alert_transition_t describe(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance, unsigned from, unsigned to,
                                      const rs_finding_t *finding) {
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    const bool of_detector = rule->detect.detector >= RS_DETECTOR_NO_DATA;
    return (rs_alert_transition_t){.episode = instance->episode,
                                   .rule = rule->index,
                                   .key = key,
                                   .rule_name = rule->config->name,
                                   .metric = of_detector ? rs_str(rs_config_detector_name(rule->detect.detector)) : rule->config->metric,
                                   .policy = rule->policy_name,
                                   .window = rule->window,
                                   .runbook = rule->config->runbook,
                                   .dimensions = alerts->dimensions[key],
                                   .severity = rule->config->severity,
                                   .from = (uint8_t)from,
                                   .to = (uint8_t)to,
                                   .compare = side_of(rule, finding),
                                   .at_us = alerts->now_us,
                                   .started_us = instance->started_us,
                                   .fired_us = instance->fired_us,
                                   .figure = finding->figure,
                                   .limit = finding->limit,
                                   .clear = finding->clear,
                                   .baseline = finding->baseline,
                                   .detector = rule->detect.detector};
}

static void report(rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance, unsigned from, unsigned to,
                   const rs_finding_t *finding) {
    if (alerts->on_transition == NULL) return;
    const rs_alert_transition_t transition = describe(alerts, key, instance, from, to, finding);
    alerts->on_transition(alerts->context, &transition);
}

void rs__alert_move(rs_alerts_t *alerts, uint32_t number, rs__alert_instance_t *instance, unsigned to,
                    const rs_finding_t *finding) {
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
    report(alerts, number, instance, from, to, finding);
    if (rests == RS_ALERT_OK) {
        instance->episode = 0;
        instance->started_us = instance->fired_us = instance->good_since_us = 0;
    }
}

static void begin_episode(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance,
                          const rs_finding_t *finding) {
    instance->episode = alerts->next_episode++;
    instance->started_us = alerts->now_us;
    rs__alert_move(alerts, key, instance, alerts->rules[instance->rule].for_us > 0 ? RS_ALERT_PENDING : RS_ALERT_FIRING,
                   finding);
}

/* What a verdict does in each state; the table of alert.h in code. */
static void step(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance, const rs_finding_t *finding) {
    const uint8_t verdict = finding->verdict;
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    const int64_t now_us = alerts->now_us;

    switch (instance->state) {
        case RS_ALERT_OK:
            if (verdict == RS_DETECT_BREACH) begin_episode(alerts, key, instance, finding);
            break;
        case RS_ALERT_PENDING:
            if (verdict == RS_DETECT_GOOD || verdict == RS_DETECT_NO_EVIDENCE) {
                rs__alert_move(alerts, key, instance, RS_ALERT_OK, finding);
            } else if (verdict == RS_DETECT_BREACH && now_us - instance->started_us >= rule->for_us) {
                rs__alert_move(alerts, key, instance, RS_ALERT_FIRING, finding);
            }
            break;
        case RS_ALERT_FIRING:
            if (verdict == RS_DETECT_GOOD) {
                rs__alert_move(alerts, key, instance, rule->clear_for_us > 0 ? RS_ALERT_RECOVERING : RS_ALERT_RESOLVED,
                               finding);
            }
            break;
        case RS_ALERT_RECOVERING:
            if (verdict == RS_DETECT_BREACH || verdict == RS_DETECT_BETWEEN) {
                rs__alert_move(alerts, key, instance, RS_ALERT_FIRING, finding);
            } else if (verdict == RS_DETECT_GOOD && now_us - instance->good_since_us >= rule->clear_for_us) {
                rs__alert_move(alerts, key, instance, RS_ALERT_RESOLVED, finding);
            }
            break;
        default: RS_REQUIRE(instance->state < RS_ALERT_RESOLVED); /* nothing rests there */
    }
}

/* Where figures are read, without what detectors learn. */
static rs_detect_feed_t reading(const rs_alerts_t *alerts) { return (rs_detect_feed_t){.store = alerts->store, .sources = alerts->sources}; }

/* False: the store has no such figure (key without that window, policy not counted yet); nothing is decided then. */
static bool read_figure(const rs_alerts_t *alerts, uint32_t key, const rs__alert_rule_t *rule, rs_figure_t *figure) {
    if (rule->policy_slot >= RS_MAX_POLICIES) return false;
    const rs_detect_feed_t feed = reading(alerts);
    if (rs_detect_read(&feed, key, rule->window_slot, rule->metric, rule->policy_slot, rule->open_miss_now, alerts->now_us,
                       figure) != RS_OK) {
        return false;
    }
    /* Nothing known of a gauge is nobody; nothing known of the future is no evidence. */
    if (rule->gauge && figure->is_null && !rs_metric_is_forecast(rule->metric)) *figure = (rs_figure_t){.value = 0.0};
    return true;
}

/* What an instance of a rule that is judged from the key's figure of now finds. */
static rs_finding_t judge(const rs_alerts_t *alerts, uint32_t key, const rs__alert_rule_t *rule, const rs_figure_t *figure) {
    if (rule->detect.detector == RS_DETECTOR_BURN_RATE) {
        const rs_detect_feed_t feed = reading(alerts);
        return rs_detect_burn(&feed, &rule->detect, rule->policy_slot, key, alerts->now_us, figure);
    }
    return (rs_finding_t){.verdict = (uint8_t)rs__alert_judge(rule, figure), .figure = *figure, .limit = rule->limit, .clear = rule->clear};
}

/* What an instance with a memory finds. */
static rs_finding_t detect(rs_alerts_t *alerts, uint32_t key, const rs__alert_rule_t *rule, const rs__alert_instance_t *instance) {
    rs_detect_state_t *state = rs_pool_at(&alerts->detects, instance->detect);
    if (rule->class == RS__CLASS_CLOSED) return rs_detect_last(&rule->detect, state);
    const rs_detect_feed_t feed = rs__alert_feed(alerts);
    return rs_detect_tick(&feed, &rule->detect, rule->policy_slot, key, alerts->now_us, state);
}

/* How an instance stands, without looking again: a detector that looks each second is not disturbed. */
static rs_finding_t stands(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance) {
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    const rs_finding_t unknown = {.figure = {.is_null = true}, .limit = rule->limit, .clear = rule->clear};
    rs_figure_t figure;
    if (rule->class == RS__CLASS_CLOSED && instance->detect != 0) return rs_detect_last(&rule->detect, rs_pool_at(&alerts->detects, instance->detect));
    if (rs_detect_has_state(&rule->detect) || !read_figure(alerts, key, rule, &figure)) return unknown;
    return judge(alerts, key, rule, &figure);
}

void rs_alerts_present(const rs_alerts_t *alerts, rs_alert_fn on_alert, void *context) {
    for (uint32_t number = 0; number < alerts->key_count; number++) {
        const rs__alert_key_t *key = &alerts->keys[number];
        if (!key->known || key->engaged == 0) continue;
        for (uint32_t i = key->first; i < key->first + key->count; i++) {
            const rs__alert_instance_t *instance = &alerts->instances[i];
            if (instance->state == RS_ALERT_OK) continue;
            const rs_finding_t finding = stands(alerts, number, instance);
            const rs_alert_transition_t transition = describe(alerts, number, instance, instance->state, instance->state, &finding);
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
        if (rs_detect_has_state(&rule->detect)) {
            if (instances[i].detect == 0) continue;
            const rs_finding_t finding = detect(alerts, number, rule, &instances[i]);
            if (instances[i].state != RS_ALERT_OK || finding.verdict == RS_DETECT_BREACH) step(alerts, number, &instances[i], &finding);
            continue;
        }
        if (rule->question != asked) {
            asked = rule->question;
            readable = read_figure(alerts, number, rule, &figure);
        }
        if (!readable) continue;
        const rs_finding_t finding = judge(alerts, number, rule, &figure);
        if (instances[i].state == RS_ALERT_OK && finding.verdict != RS_DETECT_BREACH) continue;
        step(alerts, number, &instances[i], &finding);
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
    } else {
        if (key->waiting) evaluate(alerts, number, key->growing, key->percentile);
        if (key->timed < key->count) evaluate(alerts, number, key->timed, key->count);
    }
}

static bool is_quiet(const rs_alerts_t *alerts, const rs__alert_key_t *key) {
    return !key->waiting && key->engaged == 0 && key->timed == key->count && alerts->now_us - key->changed_us > alerts->quiet_after_us;
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

void rs_alerts_open(const rs_alerts_t *alerts, rs_alert_fn on_alert, void *context) {
    for (uint32_t key = 0; key < alerts->key_count; key++) {
        if (!alerts->keys[key].known) continue;
        for (uint32_t i = 0; i < alerts->keys[key].count; i++) {
            const rs__alert_instance_t *instance = &alerts->instances[alerts->keys[key].first + i];
            if (instance->state != RS_ALERT_FIRING && instance->state != RS_ALERT_RECOVERING) continue;
            const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
            const rs_finding_t unknown = {.figure = {.is_null = true}, .limit = rule->limit, .clear = rule->clear};
            rs_alert_transition_t transition = describe(alerts, key, instance, RS_ALERT_PENDING, RS_ALERT_FIRING, &unknown);
            transition.at_us = instance->fired_us;
            on_alert(context, &transition);
        }
    }
}

/* --- subgroups ---------------------------------------------------------------------------------------------------- */

/* Rules whose detector is given closed subgroups: to judge, or to learn what is usual. */
static bool takes_subgroups(const rs__alert_rule_t *rule) {
    return rule->class == RS__CLASS_CLOSED || rule->detect.detector == RS_DETECTOR_NO_DATA;
}

int64_t rs_alerts_next_close_us(const rs_alerts_t *alerts, int64_t now_us) {
    int64_t next = INT64_MAX;

    for (uint32_t i = 0; i < alerts->rule_count; i++) {
        const rs__alert_rule_t *rule = &alerts->rules[i];
        if (!takes_subgroups(rule) || rule->instances == 0) continue;
        const int64_t end_us = (now_us / rule->detect.every_us + 1) * rule->detect.every_us;
        if (end_us < next) next = end_us;
    }
    return next;
}

static void close_key(rs_alerts_t *alerts, const rs_detect_feed_t *feed, uint32_t number, int64_t end_us) {
    const rs__alert_key_t *key = &alerts->keys[number];

    for (uint32_t i = key->first + key->closed; i < key->first + key->count; i++) {
        rs__alert_instance_t *instance = &alerts->instances[i];
        const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
        if (instance->detect == 0 || !takes_subgroups(rule) || end_us % rule->detect.every_us != 0) continue;
        rs_detect_state_t *state = rs_pool_at(&alerts->detects, instance->detect);
        rs_detect_close(feed, &rule->detect, rule->policy_slot, number, end_us, state);
        if (rule->class != RS__CLASS_CLOSED) continue;
        const rs_finding_t finding = rs_detect_last(&rule->detect, state);
        if (instance->state != RS_ALERT_OK || finding.verdict == RS_DETECT_BREACH) step(alerts, number, instance, &finding);
    }
    if (key->engaged > 0) rs__alert_activate(alerts, number);
}

void rs_alerts_close(rs_alerts_t *alerts, int64_t end_us) {
    const rs_detect_feed_t feed = rs__alert_feed(alerts);

    advance(alerts, end_us);
    for (uint32_t number = 0; number < alerts->key_count; number++) {
        if (alerts->keys[number].closed < alerts->keys[number].count) close_key(alerts, &feed, number, end_us);
    }
}

void rs_alerts_warm(rs_alerts_t *alerts, uint32_t number, rs_metric_t metric, int64_t window_us, int64_t end_us, const rs_figure_t *figure) {
    const rs_detect_feed_t feed = rs__alert_feed(alerts);

    if (number >= alerts->key_count) return;
    const rs__alert_key_t *key = &alerts->keys[number];
    for (uint32_t i = key->first + key->closed; i < key->first + key->count; i++) {
        const rs__alert_instance_t *instance = &alerts->instances[i];
        const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
        if (instance->detect == 0 || !takes_subgroups(rule) || rule->metric != metric || rule->detect.every_us != window_us) continue;
        rs_detect_warm(&feed, &rule->detect, end_us, figure, rs_pool_at(&alerts->detects, instance->detect));
    }
}

void rs_alerts_set_sources(rs_alerts_t *alerts, const rs_detect_source_fn_t *sources) { alerts->sources = *sources; }

uint64_t rs_alerts_unlearned(const rs_alerts_t *alerts) { return alerts->unlearned; }
