/* core/alert/alert.c — instances of rules at keys, and the state machine that they go through.
 *
 * Instances of one key lie side by side in one array, in the order of the compiled rules (class, then question), so
 * that an event walks a few neighbouring words and rules that ask the same figure read it once. All that an instance
 * has in common with others is in its rule.
 *
 * Which keys a tick looks at. A figure can change without an event only because a pane leaves a window, because the
 * core moves a gauge (a caller crosses T), or because somebody's wait grows. The first two the store notes among the key's
 * changes. So keys are in one of two camps:
 *     active   an event touched it, somebody waits, an instance is not ok, or it changed within `quiet_after`
 *              (the longest window and a margin: by then every pane has left). Each tick asks what changed, and only
 *              when something did, or `for`/`clear_for` run, or somebody's wait is watched, are figures read.
 *     quiet    nothing can change. A slice of SWEEP_KEYS keys per tick is compared with the store all the same, which
 *              finds what no event announces: the end of the day for `today`, a pane far in the future that left.
 *
 * Which rules are looked at. While all is ok only a breach can move an instance, and a verdict is what it was while nothing changed
 * of what it rests on (rule->reads). So of such a key those rules are read that rest on what changed; of any other, all of them.
 */
#include "core/alert/alert_internal.h"

#include <math.h>

enum { SWEEP_KEYS = 64 };
#define NEVER_US (INT64_C(1) << 60)

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

/* Of a rule that watches both sides, the one that the figure is on. */
static uint8_t side_of(const rs__alert_rule_t *rule, const rs_finding_t *finding) {
    if (rule->compare != RS_ALERT_BOTH) return rule->compare;
    return finding->figure.value < finding->baseline ? RS_ALERT_BELOW : RS_ALERT_ABOVE;
}

static rs_alert_transition_t describe(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance,
                                      unsigned from, unsigned to, const rs_finding_t *finding) {
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    const bool of_detector = rule->detect.detector >= RS_DETECTOR_NO_DATA;
    rs_alert_transition_t transition = {.episode = instance->episode,
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
                                   .started_us = instance->life.started_us,
                                   .fired_us = instance->life.fired_us,
                                   .hush = instance->hush,
                                   .figure = finding->figure,
                                   .limit = finding->limit,
                                   .clear = finding->clear,
                                   .baseline = finding->baseline,
                                   .detector = rule->detect.detector};
    rs__alert_describe_care(alerts, instance, &transition);
    return transition;
}

static void report(rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance, unsigned from, unsigned to,
                   const rs_finding_t *finding) {
    if (alerts->on_transition == NULL) return;
    rs_alert_transition_t transition = describe(alerts, key, instance, from, to, finding);
    if (to == RS_ALERT_FIRING || to == RS_ALERT_FLAPPING) rs__alert_explain(alerts, key, instance, &transition);
    alerts->on_transition(alerts->context, &transition);
}

/* What was told to fire is told to end; what was not may be told now, or it is said why not. */
static void decide_hush(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance) {
    if (!rs_life_is_open(instance->life.state)) return;
    if (!instance->told) instance->hush = rs__alert_hush(alerts, key, instance);
    instance->told = instance->told || instance->hush == 0;
}

/* The end is told with the times and the people of the episode. */
static void end_episode(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance, const rs_life_t *before, unsigned to,
                        const rs_finding_t *finding) {
    const rs_life_t ended = instance->life;

    instance->life = *before;
    report(alerts, key, instance, before->state, to, finding);
    instance->life = ended;
    instance->episode = 0;
    instance->told = false;
    instance->hush = 0;
    rs__alert_forget_care(alerts, instance);
}

void rs__alert_move(rs_alerts_t *alerts, uint32_t number, rs__alert_instance_t *instance, unsigned to,
                    const rs_finding_t *finding) {
    rs__alert_key_t *key = &alerts->keys[number];
    const rs_life_t before = instance->life;
    const bool was_open = rs_life_is_open(before.state);

    rs_life_enter(&instance->life, (uint8_t)to, alerts->now_us);
    const unsigned rests = instance->life.state;
    alerts->in_state[before.state]--;
    alerts->in_state[rests]++;
    key->engaged = key->engaged - (before.state != RS_ALERT_OK) + (rests != RS_ALERT_OK);
    if (before.state == RS_ALERT_FLAPPING) key->unseen = RS_CHANGED_ALL;   /* looked at once more: it may fire without evidence */
    if (was_open != rs_life_is_open(rests)) rs__alert_note_parent(alerts, instance->rule, number, !was_open);
    if (rests == RS_ALERT_OK) {
        end_episode(alerts, number, instance, &before, to, finding);
        return;
    }
    decide_hush(alerts, number, instance);
    report(alerts, number, instance, before.state, to, finding);
    if (was_open && to == RS_ALERT_FIRING) rs__alert_fires_anew(alerts, number, instance);
}

/* --- the trial: was the limit ever kept? ---------------------------------------------------------------------------- */
enum { TRIAL_GAP_US = 60 * 1000 * 1000 };

static void add_to_trial(rs__alert_instance_t *instance, int64_t now_us) {
    const int64_t passed = instance->tried_last_us == 0 ? 0 : now_us - instance->tried_last_us;
    instance->tried_us += passed > TRIAL_GAP_US ? TRIAL_GAP_US : passed;
    instance->tried_last_us = now_us;
}

static bool is_within(const rs__alert_rule_t *rule, const rs_figure_t *figure) {
    return rule->compare == RS_ALERT_BELOW ? figure->value >= rule->limit : figure->value <= rule->limit;
}

static void end_trial(rs__alert_key_t *key, rs__alert_instance_t *instance, rs__reach_t reach) {
    key->tried -= instance->reach == RS__ON_TRIAL;
    instance->reach = (uint8_t)reach;
}

/* Breaches of one on trial: true when that is all that is to be done now. */
static bool is_on_trial(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance, const rs_finding_t *finding) {
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    const bool rests = instance->life.state == RS_ALERT_UNREACHABLE;
    if (instance->reach == RS__REACHED || finding->verdict == RS_DETECT_NO_EVIDENCE) return rests;
    if (is_within(rule, &finding->figure)) {
        end_trial(&alerts->keys[key], instance, RS__REACHED);
        if (rests) rs__alert_move(alerts, key, instance, RS_ALERT_OK, finding);
        return rests;
    }
    if (rests || instance->reach == RS__OUT_OF_REACH) return true;
    add_to_trial(instance, alerts->now_us);
    if (finding->verdict != RS_DETECT_BREACH || instance->tried_us < rule->config->trial_us) return true;
    end_trial(&alerts->keys[key], instance, RS__OUT_OF_REACH);
    if (instance->life.state == RS_ALERT_OK) instance->episode = alerts->next_episode++;
    rs__alert_move(alerts, key, instance, RS_ALERT_UNREACHABLE, finding);
    return true;
}

/* What a verdict does in each state (life.h). Somebody who said that it is resolved is believed for a while. */
static void take_verdict(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance, const rs_finding_t *finding) {
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    const rs_life_rule_t times = {.for_us = rule->for_us, .clear_for_us = rule->clear_for_us};

    if (instance->latched_us != 0) {
        const bool over = finding->verdict == RS_DETECT_GOOD || finding->verdict == RS_DETECT_NO_EVIDENCE ||
                          alerts->now_us - instance->latched_us >= RS_LATCH_US;
        if (!over) return;
        instance->latched_us = 0;
        alerts->keys[key].engaged--;
    }
    if (instance->reach != RS__REACHED && is_on_trial(alerts, key, instance, finding)) return;
    const uint8_t to = rs_life_next(&times, &instance->life, finding->verdict, alerts->now_us);
    if (to == instance->life.state) {
        if (to != RS_ALERT_OK) rs__alert_revise(alerts, key, instance);
        return;
    }
    if (instance->life.state == RS_ALERT_OK) instance->episode = alerts->next_episode++;
    rs__alert_move(alerts, key, instance, to, finding);
}

static void step(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance, const rs_finding_t *finding) {
    const bool ran = rs__alert_runs(instance);
    take_verdict(alerts, key, instance, finding);
    rs__alert_recount(&alerts->keys[key], instance, ran);
}

/* Whether a verdict can do anything to it. */
static bool is_moved_by(const rs__alert_instance_t *instance, uint8_t verdict) {
    return instance->life.state != RS_ALERT_OK || instance->latched_us != 0 || instance->reach == RS__ON_TRIAL ||
           verdict == RS_DETECT_BREACH;
}

/* Where figures are read, without what detectors learn. */
static rs_detect_feed_t reading(const rs_alerts_t *alerts) {
    return (rs_detect_feed_t){.store = alerts->store, .sources = alerts->sources};
}

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
    if (rule->class == RS__CLASS_CLOSED && instance->detect != 0) {
        return rs_detect_last(&rule->detect, rs_pool_at(&alerts->detects, instance->detect));
    }
    if (rs_detect_has_state(&rule->detect) || !read_figure(alerts, key, rule, &figure)) return unknown;
    return judge(alerts, key, rule, &figure);
}

void rs_alerts_present(const rs_alerts_t *alerts, rs_alert_fn on_alert, void *context) {
    for (uint32_t number = 0; number < alerts->key_count; number++) {
        const rs__alert_key_t *key = &alerts->keys[number];
        if (!key->known || key->engaged == 0) continue;
        for (uint32_t i = key->first; i < key->first + key->count; i++) {
            const rs__alert_instance_t *instance = &alerts->instances[i];
            if (instance->life.state == RS_ALERT_OK) continue;
            const rs_finding_t finding = stands(alerts, number, instance);
            rs_alert_transition_t transition = describe(alerts, number, instance, instance->life.state, instance->life.state, &finding);
            if (rs_life_is_open(instance->life.state)) rs__alert_recall(alerts, number, instance, &transition);
            on_alert(context, &transition);
        }
    }
}

void rs__alert_report_act(rs_alerts_t *alerts, uint32_t number, const rs__alert_instance_t *instance,
                          const rs_command_t *command, uint8_t hush) {
    if (alerts->on_transition == NULL) return;
    const rs_finding_t finding = stands(alerts, number, instance);
    rs_alert_transition_t transition = describe(alerts, number, instance, instance->life.state, instance->life.state, &finding);
    transition.hush = hush;
    if (command != NULL) {
        transition.act = command->what;
        transition.who = command->who;
        transition.text = command->text;
        if (command->what == RS_COMMAND_ACKNOWLEDGE) transition.until_us = command->until_us;
    }
    if (rs_life_is_open(instance->life.state)) rs__alert_explain(alerts, number, instance, &transition);
    alerts->on_transition(alerts->context, &transition);
}

/* --- what was last seen --------------------------------------------------------------------------------------------- */
rs_recent_t rs__alert_recent_of(const rs_alerts_t *alerts, uint32_t number, uint32_t instance) {
    rs_recent_t recent = alerts->instances[instance].recent;
    const float seen = alerts->briefs[instance].seen;
    if (isnan(seen)) return recent;
    const rs_figure_t figure = {.value = (double)seen};
    rs_recent_note(&recent, RS_EXPLAIN_EACH_US, alerts->keys[number].seen_slot * RS_EXPLAIN_EACH_US, &figure);
    return recent;
}

void rs__alert_write_down(rs_alerts_t *alerts, uint32_t number) {
    const rs__alert_key_t *key = &alerts->keys[number];
    for (uint32_t i = key->first; i < key->first + key->count; i++) {
        if (isnan(alerts->briefs[i].seen)) continue;
        alerts->instances[i].recent = rs__alert_recent_of(alerts, number, i);
        alerts->briefs[i].seen = NAN;
    }
}

/* What is seen of the key from now on is of this interval. */
static void begin_seeing(rs_alerts_t *alerts, uint32_t number) {
    const int64_t slot = alerts->now_us / RS_EXPLAIN_EACH_US;
    if (alerts->keys[number].seen_slot == slot) return;
    rs__alert_write_down(alerts, number);
    alerts->keys[number].seen_slot = slot;
}

static void see(rs__alert_brief_t *brief, const rs_figure_t *figure) {
    if (!figure->is_null && isfinite(figure->value)) brief->seen = (float)figure->value;
}

/* Judges those of the instances [from, to) of a key whose verdict rests on what changed. */
static void evaluate(rs_alerts_t *alerts, uint32_t number, uint32_t from, uint32_t to, uint32_t changes) {
    rs__alert_instance_t *instances = alerts->instances + alerts->keys[number].first;
    rs__alert_brief_t *briefs = alerts->briefs + alerts->keys[number].first;
    uint32_t asked = UINT32_MAX;
    bool readable = false;
    rs_figure_t figure = {.is_null = true};

    begin_seeing(alerts, number);
    for (uint32_t i = from; i < to; i++) {
        const rs__alert_rule_t *rule = &alerts->rules[briefs[i].rule];
        if ((rule->reads & changes) == 0) continue;
        if (rs_detect_has_state(&rule->detect)) {
            if (instances[i].detect == 0) continue;
            const rs_finding_t finding = detect(alerts, number, rule, &instances[i]);
            if (rule->class != RS__CLASS_CLOSED) see(&briefs[i], &finding.figure);
            if (is_moved_by(&instances[i], finding.verdict)) step(alerts, number, &instances[i], &finding);
            continue;
        }
        if (rule->question != asked) {
            asked = rule->question;
            readable = read_figure(alerts, number, rule, &figure);
        }
        if (!readable) continue;
        see(&briefs[i], &figure);
        const rs_finding_t finding = judge(alerts, number, rule, &figure);
        /* All are ok: a breach is news, and to one on trial every figure that there is. */
        const bool is_news = alerts->keys[number].tried != 0 ? finding.verdict != RS_DETECT_NO_EVIDENCE
                                                             : finding.verdict == RS_DETECT_BREACH;
        if (alerts->keys[number].engaged == 0 && !is_news) continue;   /* no need to look */
        if (!is_moved_by(&instances[i], finding.verdict)) continue;
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

/* What is to be looked at when so much has changed. */
static uint32_t scope_of(const rs__alert_key_t *key, uint32_t changes) {
    return key->engaged > 0 || !key->looked ? RS_CHANGED_ALL : changes;
}

void rs_alerts_prefetch(const rs_alerts_t *alerts, uint32_t number) {
    if (number >= alerts->key_count) return;
    __builtin_prefetch(&alerts->keys[number], 1);
    __builtin_prefetch(&alerts->keys[number].waiting, 1);
}

void rs_alerts_prefetch_briefs(const rs_alerts_t *alerts, uint32_t number) {
    if (number >= alerts->key_count || alerts->keys[number].count == 0) return;
    const rs__alert_key_t *key = &alerts->keys[number];
    __builtin_prefetch(&alerts->briefs[key->first], 1);
    __builtin_prefetch(&alerts->briefs[key->first + key->count - 1], 1);
}

void rs_alerts_on_key(rs_alerts_t *alerts, uint32_t number, int64_t now_us) {
    if (number >= alerts->key_count || alerts->keys[number].count == 0) return;
    rs__alert_key_t *key = &alerts->keys[number];
    const uint32_t changes = rs_window_take_changes(alerts->store, number), scope = scope_of(key, changes);
    key->unseen |= changes;
    advance(alerts, now_us);
    rs__alert_activate(alerts, number);
    if ((key->event_reads & scope) != 0) evaluate(alerts, number, 0, key->percentile, scope);
}

/* Who waits, and when one who does can have waited for too long. */
static void look_at_waiting(const rs_alerts_t *alerts, uint32_t number) {
    rs__alert_key_t *key = &alerts->keys[number];
    rs_window_gauges_t gauges;
    key->waiting = rs_window_read_gauges(alerts->store, number, &gauges) == RS_OK && gauges.waiting > 0;
    key->growing_us = INT64_MIN;
    if (!key->waiting || gauges.oldest_queued_us <= 0) return;
    int64_t patience_us = INT64_MAX;
    for (uint32_t i = key->first + key->growing; i < key->first + key->percentile; i++) {
        const rs__alert_rule_t *rule = &alerts->rules[alerts->briefs[i].rule];
        if (rule->patience_us < patience_us) patience_us = rule->patience_us;
    }
    key->growing_us = patience_us == INT64_MAX ? NEVER_US : gauges.oldest_queued_us + patience_us;
}

static uint32_t moment_of(const rs_alerts_t *alerts, const rs__alert_key_t *key) {
    if (!key->waiting) return RS__MOMENT_TICK;
    return (uint32_t)(RS__MOMENT_TICK | RS__MOMENT_WAITING) | (alerts->now_us >= key->growing_us ? (uint32_t)RS__MOMENT_GROWING : 0);
}

static void tick_changed_key(rs_alerts_t *alerts, uint32_t number, uint32_t changes) {
    rs__alert_key_t *key = &alerts->keys[number];
    const uint32_t news = scope_of(key, changes), all = scope_of(key, changes | key->unseen);
    if ((all & RS_CHANGED_GAUGES) != 0) look_at_waiting(alerts, number);
    const uint32_t moment = moment_of(alerts, key);
    key->looked = true;
    key->unseen = 0;
    key->changed_us = alerts->now_us;
    evaluate(alerts, number, 0, key->percentile, news | moment);
    evaluate(alerts, number, key->percentile, key->count, all | moment);
}

static void tick_key(rs_alerts_t *alerts, uint32_t number) {
    rs__alert_key_t *key = &alerts->keys[number];
    const uint32_t changes = rs_window_take_changes(alerts->store, number);

    if (!key->looked || (changes | key->unseen) != 0) {
        tick_changed_key(alerts, number, changes);
    } else if (key->running > 0) {
        evaluate(alerts, number, 0, key->count, RS_CHANGED_ALL);
    } else {
        const uint32_t moment = scope_of(key, moment_of(alerts, key));
        if (key->waiting && (moment & RS__MOMENT_GROWING) != 0) evaluate(alerts, number, key->growing, key->percentile, moment);
        if ((key->timed_reads & moment) != 0) evaluate(alerts, number, key->timed, key->count, moment);
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
        if (rs_window_changes(alerts->store, number) != 0) rs__alert_activate(alerts, number);
    }
}

/* The active keys lie anywhere: what is known of a key is called for some keys before it, and then what looking at it will read. */
static void call_for_keys_after(const rs_alerts_t *alerts, uint32_t i) {
    enum { KEYS_AHEAD = 12, FIGURES_AHEAD = 6 };
    if (i + KEYS_AHEAD < alerts->active_count) rs_alerts_prefetch(alerts, alerts->active[i + KEYS_AHEAD]);
    if (i + FIGURES_AHEAD >= alerts->active_count) return;
    const uint32_t number = alerts->active[i + FIGURES_AHEAD];
    if ((rs_window_changes(alerts->store, number) | alerts->keys[number].unseen) == 0 && alerts->keys[number].running == 0) return;
    rs_alerts_prefetch_briefs(alerts, number);
    rs_window_prefetch_views(alerts->store, number);
}

void rs_alerts_on_tick(rs_alerts_t *alerts, int64_t now_us) {
    advance(alerts, now_us);
    sweep(alerts);
    for (uint32_t i = 0; i < alerts->active_count;) {
        const uint32_t number = alerts->active[i];
        call_for_keys_after(alerts, i);
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
            if (!rs_life_is_open(instance->life.state) || !instance->told) continue;
            const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
            const rs_finding_t unknown = {.figure = {.is_null = true}, .limit = rule->limit, .clear = rule->clear};
            rs_alert_transition_t transition = describe(alerts, key, instance, RS_ALERT_PENDING, RS_ALERT_FIRING, &unknown);
            transition.at_us = instance->life.fired_us;
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
        /* The interval that ends here. */
        rs_recent_note(&instance->recent, rs__alert_recent_us(rule), end_us - 1, &finding.figure);
        if (is_moved_by(instance, finding.verdict)) step(alerts, number, instance, &finding);
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

void rs_alerts_set_sources(rs_alerts_t *alerts, const rs_detect_source_fn_t *sources) { alerts->sources = *sources; }

uint64_t rs_alerts_unlearned(const rs_alerts_t *alerts) { return alerts->unlearned; }
