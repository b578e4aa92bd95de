/* Alerts as bytes: which rule of the configuration watches which key, and what became of it. */
#include "core/alert/alert_internal.h"
#include "core/parts_state.h"

#include <math.h>
#include <stdlib.h>

static const rs_state_field_t alerts_fields[] = {
    RS_STATE_REBUILT(rs_alerts_t, store), RS_STATE_REBUILT(rs_alerts_t, on_transition), RS_STATE_REBUILT(rs_alerts_t, context),
    RS_STATE_REBUILT(rs_alerts_t, rules), RS_STATE_REBUILT(rs_alerts_t, rule_count), RS_STATE_FIELD(rs_alerts_t, now_us, RS_BOUND_OR_NONE),
    RS_STATE_REBUILT(rs_alerts_t, quiet_after_us), RS_STATE_FIELD(rs_alerts_t, next_episode, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alerts_t, unbound, RS_BOUND_ANY), RS_STATE_REBUILT(rs_alerts_t, instances), RS_STATE_REBUILT(rs_alerts_t, briefs),
    RS_STATE_FIELD(rs_alerts_t, instance_count, RS_BOUND_ANY), RS_STATE_REBUILT(rs_alerts_t, instance_capacity),
    RS_STATE_REBUILT(rs_alerts_t, max_instances), RS_STATE_REBUILT(rs_alerts_t, unwarmed_from), RS_STATE_REBUILT(rs_alerts_t, keys),
    RS_STATE_REBUILT(rs_alerts_t, dimensions),
    RS_STATE_REBUILT(rs_alerts_t, active), RS_STATE_FIELD(rs_alerts_t, key_count, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_alerts_t, key_capacity),
    RS_STATE_FIELD(rs_alerts_t, active_count, RS_BOUND_ANY), RS_STATE_FIELD(rs_alerts_t, sweep_next, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_alerts_t, in_state), RS_STATE_REBUILT(rs_alerts_t, cares),
    RS_STATE_FIELD(rs_alerts_t, silences.count, RS_BOUND_ANY), RS_STATE_FIELD(rs_alerts_t, silences.next_number, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_alerts_t, silences.places), RS_STATE_REBUILT(rs_alerts_t, parents), RS_STATE_REBUILT(rs_alerts_t, parent_count),
    RS_STATE_REBUILT(rs_alerts_t, windows_us), RS_STATE_REBUILT(rs_alerts_t, window_count),
    RS_STATE_FIELD(rs_alerts_t, explained_s, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_alerts_t, explained, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_alerts_t, elements), RS_STATE_REBUILT(rs_alerts_t, element_keys), RS_STATE_REBUILT(rs_alerts_t, detects),
    RS_STATE_REBUILT(rs_alerts_t, days),
    RS_STATE_FIELD(rs_alerts_t, unlearned, RS_BOUND_ANY), RS_STATE_REBUILT(rs_alerts_t, zone), RS_STATE_REBUILT(rs_alerts_t, sources)};
static const rs_state_table_t alerts_table = RS_STATE_TABLE(rs_alerts_t, "alerts", alerts_fields);

/* What of the store's changes nobody has seen yet follows: a rule is looked at exactly when it would have been. */
static const rs_state_field_t key_fields[] = {
    RS_STATE_REBUILT(rs__alert_key_t, first), RS_STATE_FIELD(rs__alert_key_t, count, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs__alert_key_t, growing),
    RS_STATE_REBUILT(rs__alert_key_t, percentile), RS_STATE_REBUILT(rs__alert_key_t, closed), RS_STATE_REBUILT(rs__alert_key_t, timed),
    RS_STATE_REBUILT(rs__alert_key_t, engaged), RS_STATE_REBUILT(rs__alert_key_t, running), RS_STATE_REBUILT(rs__alert_key_t, tried),
    RS_STATE_REBUILT(rs__alert_key_t, seen_slot),
    RS_STATE_FIELD(rs__alert_key_t, unseen, RS_BOUND_ANY), RS_STATE_REBUILT(rs__alert_key_t, loaded),
    RS_STATE_FIELD(rs__alert_key_t, changed_us, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs__alert_key_t, event_reads), RS_STATE_REBUILT(rs__alert_key_t, timed_reads),
    RS_STATE_FIELD(rs__alert_key_t, growing_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs__alert_key_t, known, RS_BOUND_ANY), RS_STATE_REBUILT(rs__alert_key_t, active),
    RS_STATE_FIELD(rs__alert_key_t, looked, RS_BOUND_ANY), RS_STATE_FIELD(rs__alert_key_t, waiting, RS_BOUND_ANY)};
static const rs_state_table_t alert_key_table = RS_STATE_TABLE(rs__alert_key_t, "key", key_fields);

/* The rule is saved by its place in the configuration. */
static const rs_state_field_t instance_fields[] = {
    RS_STATE_FIELD(rs__alert_instance_t, rule, RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs__alert_instance_t, life.state, "state", RS_BOUND_ALERT_STATE),
    RS_STATE_FIELD(rs__alert_instance_t, life.beneath, RS_BOUND_ALERT_STATE),
    RS_STATE_FIELD(rs__alert_instance_t, life.changes, RS_BOUND_ANY),
    RS_STATE_FIELD(rs__alert_instance_t, life.slot, RS_BOUND_TIME), RS_STATE_FIELD(rs__alert_instance_t, care, RS_BOUND_CARE),
    RS_STATE_FIELD(rs__alert_instance_t, told, RS_BOUND_ANY), RS_STATE_FIELD(rs__alert_instance_t, hush, RS_BOUND_ANY),
    RS_STATE_FIELD(rs__alert_instance_t, latched_us, RS_BOUND_TIME), RS_STATE_FIELD(rs__alert_instance_t, recent.slot, RS_BOUND_TIME),
    RS_STATE_FIELD(rs__alert_instance_t, recent.known, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs__alert_instance_t, recent.values, RS_BOUND_ANY),   /* as their bits */
    RS_STATE_FIELD(rs__alert_instance_t, reach, RS_BOUND_REACH), RS_STATE_FIELD(rs__alert_instance_t, tried_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs__alert_instance_t, tried_last_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs__alert_instance_t, detect, RS_BOUND_DETECT),
    RS_STATE_FIELD(rs__alert_instance_t, episode, RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs__alert_instance_t, life.started_us, "started_us", RS_BOUND_TIME),
    RS_STATE_FIELD_AS(rs__alert_instance_t, life.fired_us, "fired_us", RS_BOUND_TIME),
    RS_STATE_FIELD_AS(rs__alert_instance_t, life.good_since_us, "good_since_us", RS_BOUND_TIME),
    RS_STATE_FIELD(rs__alert_instance_t, life.blind_since_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs__alert_instance_t, life.beneath_since_us, RS_BOUND_TIME)};
static const rs_state_table_t alert_instance_table = RS_STATE_TABLE(rs__alert_instance_t, "instance", instance_fields);

/* What people said of an instance, and silences. */
#define ANY(member) RS_STATE_FIELD(rs_care_t, member, RS_BOUND_ANY)
static const rs_state_field_t care_fields[] = {
    RS_STATE_REBUILT(rs_care_t, link), ANY(acknowledged), ANY(sticky), ANY(acknowledged_us), ANY(until_us), ANY(due_us),
    RS_STATE_ARRAY(rs_care_t, who, RS_BOUND_ANY), RS_STATE_ARRAY(rs_care_t, owner, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_care_t, note, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_care_t, cause, RS_BOUND_ANY), RS_STATE_ARRAY(rs_care_t, action, RS_BOUND_ANY)};
#undef ANY
static const rs_state_table_t care_table = RS_STATE_TABLE(rs_care_t, "care", care_fields);
static const rs_state_field_t silence_fields[] = {
    RS_STATE_FIELD(rs_silence_t, number, RS_BOUND_ANY), RS_STATE_FIELD(rs_silence_t, from_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_silence_t, until_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_silence_t, channel, RS_BOUND_CHANNEL),
    RS_STATE_ARRAY(rs_silence_t, tenant, RS_BOUND_ANY), RS_STATE_ARRAY(rs_silence_t, rule, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_silence_t, key, RS_BOUND_ANY), RS_STATE_ARRAY(rs_silence_t, who, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_silence_t, why, RS_BOUND_ANY)};
static const rs_state_table_t silence_table = RS_STATE_TABLE(rs_silence_t, "silence", silence_fields);

/* What detectors remember of an instance, and the days of their seasons. */
#define ANY(member) RS_STATE_FIELD(rs_detect_state_t, member, RS_BOUND_ANY)
static const rs_state_field_t detect_fields[] = {
    RS_STATE_REBUILT(rs_detect_state_t, link), RS_STATE_FIELD(rs_detect_state_t, verdict, RS_BOUND_VERDICT), ANY(is_null),
    ANY(begun), ANY(engaged),
    ANY(has_before), RS_STATE_FIELD(rs_detect_state_t, closed_us, RS_BOUND_TIME), ANY(value), ANY(limit), ANY(baseline), ANY(numerator),
    ANY(denominator), ANY(cusum.up), ANY(cusum.down), ANY(ewma.value), ANY(ewma.steps),
    ANY(chart.last), ANY(chart.above_two), ANY(chart.above_one), ANY(chart.below_two), ANY(chart.below_one), ANY(chart.side),
    ANY(chart.direction), ANY(chart.points), ANY(chart.side_count), ANY(chart.trend_count), ANY(chart.alternating_count),
    ANY(chart.within_count), ANY(chart.outside_count),
    ANY(reference.hits), ANY(reference.trials), ANY(reference.weight), ANY(reference.z), ANY(reference.squares), ANY(reference.products),
    ANY(reference.ranges), ANY(reference.last_z), ANY(reference.taken), ANY(reference.has_last),
    RS_STATE_ARRAY(rs_detect_state_t, reference.tail_from, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_detect_state_t, reference.tail_excess, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_detect_state_t, reference.tail_weight, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_detect_state_t, season.days, RS_BOUND_SEASON_DAY), ANY(frozen), ANY(before), ANY(before_n), ANY(expected), ANY(per_s),
    ANY(seen), RS_STATE_FIELD(rs_detect_state_t, looked_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_detect_state_t, interval_us, RS_BOUND_TIME),
    ANY(level_num), ANY(level_den), RS_STATE_FIELD(rs_detect_state_t, first_us, RS_BOUND_TIME), ANY(warmed)};
#undef ANY
static const rs_state_table_t detect_table = RS_STATE_TABLE(rs_detect_state_t, "detector", detect_fields);
static const rs_state_field_t season_fields[] = {
    RS_STATE_ARRAY(rs_season_day_t, values, RS_BOUND_ANY),   /* as their bits */
    RS_STATE_ARRAY(rs_season_day_t, known, RS_BOUND_SEASON_WEEKS), RS_STATE_ARRAY(rs_season_day_t, next, RS_BOUND_SEASON_WEEKS),
    RS_STATE_ARRAY(rs_season_day_t, frozen, RS_BOUND_ANY), RS_STATE_ARRAY(rs_season_day_t, warm, RS_BOUND_SEASON_WEEKS)};
static const rs_state_table_t season_table = RS_STATE_TABLE(rs_season_day_t, "season", season_fields);

/* --- saving ------------------------------------------------------------------------------------------------------------ */
static void put_key(rs_state_writer_t *writer, const rs_alerts_t *alerts, uint32_t number) {
    const rs__alert_key_t *key = &alerts->keys[number];
    rs_state_put_item(writer, &alert_key_table, key);
    rs_state_put_u32(writer, rs_window_changes(alerts->store, number));
    for (uint32_t i = key->first; i < key->first + key->count; i++) {
        rs__alert_instance_t instance = alerts->instances[i];
        instance.rule = alerts->rules[instance.rule].index;
        instance.recent = rs__alert_recent_of(alerts, number, i);
        rs_state_put_item(writer, &alert_instance_table, &instance);
    }
}

/* Changes are told by the windows' places. */
static void put_windows(rs_state_writer_t *writer, const rs_alerts_t *alerts) {
    rs_state_put_u32(writer, alerts->window_count);
    for (uint32_t i = 0; i < alerts->window_count; i++) rs_state_put_u64(writer, (uint64_t)alerts->windows_us[i]);
}

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_alerts_t *alerts = core->alerts;
    rs_state_put_u8(writer, alerts != NULL);
    if (alerts == NULL) return;
    rs_state_put_item(writer, &alerts_table, alerts);
    put_windows(writer, alerts);
    for (uint32_t i = 0; i < alerts->key_count; i++) put_key(writer, alerts, i);
    for (uint32_t i = 0; i < alerts->active_count; i++) rs_state_put_u32(writer, alerts->active[i]);
    rs_state_put_pool(writer, &detect_table, &alerts->detects);
    rs_state_put_pool(writer, &season_table, &alerts->days);
    rs_state_put_pool(writer, &care_table, &alerts->cares);
    for (uint32_t i = 0; i < alerts->silences.count; i++) rs_state_put_item(writer, &silence_table, &alerts->silences.places[i]);
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
/* Rules are numbered as this program sorts them. UINT32_MAX: there is none of that place. */
static uint32_t rule_at(const rs_alerts_t *alerts, uint32_t index) {
    for (uint32_t i = 0; i < alerts->rule_count; i++) {
        if (alerts->rules[i].index == index) return i;
    }
    return UINT32_MAX;
}

static bool make_room(rs_alerts_t *alerts, uint32_t keys, uint32_t instances) {
    alerts->keys = calloc((size_t)keys + 1, sizeof *alerts->keys);
    alerts->dimensions = calloc((size_t)keys + 1, sizeof *alerts->dimensions);
    alerts->active = calloc((size_t)keys + 1, sizeof *alerts->active);
    alerts->instances = calloc((size_t)instances + 1, sizeof *alerts->instances);
    alerts->briefs = calloc((size_t)instances + 1, sizeof *alerts->briefs);
    if (alerts->keys == NULL || alerts->dimensions == NULL || alerts->active == NULL || alerts->instances == NULL ||
        alerts->briefs == NULL) {
        return false;
    }
    alerts->key_capacity = keys;
    alerts->instance_capacity = instances;
    return true;
}

/* In the order of the rules; what is known of them all is added up. */
static bool place_instance(rs_alerts_t *alerts, rs__alert_key_t *key, const rs__alert_instance_t *instance) {
    uint32_t at = alerts->instance_count;
    for (; at > key->first && alerts->instances[at - 1].rule > instance->rule; at--) {
        alerts->instances[at] = alerts->instances[at - 1];
        alerts->briefs[at] = alerts->briefs[at - 1];
    }
    if (at > key->first && alerts->instances[at - 1].rule == instance->rule) return false;
    alerts->instances[at] = *instance;
    alerts->briefs[at] = (rs__alert_brief_t){.rule = instance->rule, .seen = NAN};
    alerts->instance_count++;
    rs__alert_count_class(key, &alerts->rules[instance->rule]);
    alerts->rules[instance->rule].instances++;
    key->engaged += rs__alert_is_engaged(instance);
    key->running += rs__alert_runs(instance);
    key->tried += instance->reach == RS__ON_TRIAL;
    alerts->in_state[instance->life.state]++;
    return true;
}

static bool is_sound(const rs_life_t *life) {
    const bool rests = life->state < RS_ALERT_STATE_COUNT && life->state != RS_ALERT_RESOLVED;   /* beneath: ok to recovering */
    return rests && life->beneath < RS_ALERT_RESOLVED;
}

static void get_key(rs_alerts_t *alerts, rs_state_reader_t *reader, uint32_t number, uint32_t instances) {
    rs__alert_key_t *key = &alerts->keys[number];
    rs_state_get_item(reader, &alert_key_table, key);
    key->loaded = rs_state_get_u32(reader);
    key->first = alerts->instance_count;
    if (rs_state_is_good(reader) && key->count > instances - alerts->instance_count) {
        rs_state_refuse(reader, RS_ERR_PARSE, "a key has too many alerts");
    }
    for (uint32_t i = 0; i < key->count && rs_state_is_good(reader); i++) {
        rs__alert_instance_t instance = {0};
        rs_state_get_item(reader, &alert_instance_table, &instance);
        instance.rule = rule_at(alerts, instance.rule);
        const bool right = instance.rule != UINT32_MAX && is_sound(&instance.life) && place_instance(alerts, key, &instance);
        if (rs_state_is_good(reader) && !right) rs_state_refuse(reader, RS_ERR_PARSE, "an alert is of no rule");
    }
}

/* Whether they are those of this configuration. */
static bool get_windows(const rs_alerts_t *alerts, rs_state_reader_t *reader) {
    const uint32_t count = rs_state_get_u32(reader);
    bool same = count == alerts->window_count;
    if (rs_state_is_good(reader) && count > RS_MAX_WINDOWS) rs_state_refuse(reader, RS_ERR_PARSE, "alerts have too many windows");
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        const uint64_t window_us = rs_state_get_u64(reader);
        same = same && window_us == (uint64_t)alerts->windows_us[i];
    }
    return same;
}

static void get_active(rs_alerts_t *alerts, rs_state_reader_t *reader, uint32_t count) {
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        const uint32_t key = rs_state_get_u32(reader);
        const bool right = key < alerts->key_count && alerts->keys[key].known && !alerts->keys[key].active;
        if (rs_state_is_good(reader) && !right) rs_state_refuse(reader, RS_ERR_PARSE, "a key's alerts are looked at twice");
        if (rs_state_is_good(reader)) rs__alert_activate(alerts, key);
    }
}

static void get_silences(rs_alerts_t *alerts, rs_state_reader_t *reader, const rs_silences_t *saved) {
    if (!rs_state_is_good(reader)) return;
    if (saved->count > RS_MAX_SILENCES) rs_state_refuse(reader, RS_ERR_PARSE, "too many silences");
    else if (saved->count > 0) alerts->silences.places = calloc(RS_MAX_SILENCES, sizeof *alerts->silences.places);
    if (rs_state_is_good(reader) && saved->count > 0 && alerts->silences.places == NULL) {
        rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
    }
    alerts->silences.next_number = saved->next_number;
    for (uint32_t i = 0; i < saved->count && rs_state_is_good(reader); i++) {
        rs_state_get_item(reader, &silence_table, &alerts->silences.places[i]);
        alerts->silences.count = i + 1;
    }
}

static void get_alerts(rs_core_t *core, rs_state_reader_t *reader) {
    rs_alerts_t *alerts = core->alerts, saved = *alerts;
    rs_state_get_item(reader, &alerts_table, &saved);
    if (!rs_state_is_good(reader)) return;
    if (saved.instance_count > alerts->max_instances) {
        rs_state_refuse(reader, RS_ERR_LIMIT, "the state holds more than is allowed now by limits.alerts");
        return;
    }
    if (saved.key_count > core->directory.count) rs_state_refuse(reader, RS_ERR_PARSE, "alerts have more keys than there are");
    if (rs_state_is_good(reader) && !make_room(alerts, saved.key_count, saved.instance_count)) {
        rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
    }
    if (!rs_state_is_good(reader)) return;
    alerts->now_us = saved.now_us;
    alerts->next_episode = saved.next_episode;
    alerts->unbound = saved.unbound;
    alerts->unlearned = saved.unlearned;
    alerts->sweep_next = saved.sweep_next;
    alerts->explained_s = saved.explained_s;
    alerts->explained = saved.explained;
    const bool same_windows = get_windows(alerts, reader);
    for (uint32_t i = 0; i < saved.key_count && rs_state_is_good(reader); i++) {
        alerts->key_count = i + 1;
        alerts->dimensions[i] = core->directory.entries[i].dimensions;
        get_key(alerts, reader, i, saved.instance_count);
        if (!same_windows) alerts->keys[i].looked = false;   /* then all of its rules are */
    }
    get_active(alerts, reader, saved.active_count);
    rs_state_get_pool(reader, &detect_table, &alerts->detects, "limits.alerts");
    rs_state_get_pool(reader, &season_table, &alerts->days, "limits.alerts");
    rs_state_get_pool(reader, &care_table, &alerts->cares, "alerts that people care for");
    get_silences(alerts, reader, &saved.silences);
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    const bool saved = rs_state_get_u8(reader) == 1;
    if (saved != (core->alerts != NULL)) rs_state_refuse(reader, RS_ERR_PARSE, "the alerts are not as the core says");
    else if (saved) get_alerts(core, reader);
}

/* Each instance has its own memory, or none where its rule needs none; each memory its own days. A ring's next place is in it. */
static bool claim_detects(const rs_alerts_t *alerts, rs_state_claims_t *detects, rs_state_claims_t *days) {
    for (uint32_t i = 0; i < alerts->instance_count; i++) {
        const rs__alert_instance_t *instance = &alerts->instances[i];
        if (instance->detect == 0) continue;
        if (!rs_detect_has_state(&alerts->rules[instance->rule].detect) || !rs_state_claim(detects, instance->detect)) return false;
        const rs_detect_state_t *state = rs_pool_at(&alerts->detects, instance->detect);
        for (uint32_t day = 0; day < 7; day++) {
            if (state->season.days[day] == 0) continue;
            if (!rs_state_claim(days, state->season.days[day])) return false;
            const rs_season_day_t *item = rs_pool_at(&alerts->days, state->season.days[day]);
            for (uint32_t slot = 0; slot < RS_SEASON_SLOTS; slot++) {
                if (item->next[slot] >= RS_SEASON_WEEKS || item->warm[slot] > item->known[slot]) return false;
            }
        }
    }
    return detects->left == 0 && days->left == 0;
}

static void check_detects(const rs_alerts_t *alerts, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    rs_state_claims_t detects = {0}, days = {0};
    if (rs_state_check_pool(reader, bounds, &detect_table, &alerts->detects, &detects) &&
        rs_state_check_pool(reader, bounds, &season_table, &alerts->days, &days) && !claim_detects(alerts, &detects, &days)) {
        rs_state_refuse(reader, RS_ERR_PARSE, "what detectors remember does not belong to alerts");
    }
    rs_state_claims_end(&detects);
    rs_state_claims_end(&days);
}

#define ENDS(text) ((text)[sizeof(text) - 1] == '\0')
static bool are_texts(const rs_care_t *care) {
    return ENDS(care->who) && ENDS(care->owner) && ENDS(care->note) && ENDS(care->cause) && ENDS(care->action);
}

/* Each is of one instance that is not ok; texts end. */
static bool claim_cares(const rs_alerts_t *alerts, rs_state_claims_t *cares) {
    for (uint32_t i = 0; i < alerts->instance_count; i++) {
        const rs__alert_instance_t *instance = &alerts->instances[i];
        if (instance->care == 0) continue;
        if (instance->life.state == RS_ALERT_OK || !rs_state_claim(cares, instance->care)) return false;
        if (!are_texts(rs_pool_at(&alerts->cares, instance->care))) return false;
    }
    return cares->left == 0;
}

static void check_cares(const rs_alerts_t *alerts, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    rs_state_claims_t cares = {0};
    if (rs_state_check_pool(reader, bounds, &care_table, &alerts->cares, &cares) && !claim_cares(alerts, &cares)) {
        rs_state_refuse(reader, RS_ERR_PARSE, "what people said does not belong to alerts");
    }
    rs_state_claims_end(&cares);
    for (uint32_t i = 0; i < alerts->silences.count && rs_state_is_good(reader); i++) {
        const rs_silence_t *silence = &alerts->silences.places[i];
        rs_state_check_item(reader, bounds, &silence_table, silence);
        if (ENDS(silence->tenant) && ENDS(silence->rule) && ENDS(silence->key) && ENDS(silence->who) && ENDS(silence->why)) continue;
        rs_state_refuse(reader, RS_ERR_PARSE, "a silence's text has no end");
    }
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    const rs_alerts_t *alerts = core->alerts;
    if (alerts == NULL) return;
    rs_state_check_item(reader, bounds, &alerts_table, alerts);
    for (uint32_t i = 0; i < alerts->key_count; i++) rs_state_check_item(reader, bounds, &alert_key_table, &alerts->keys[i]);
    for (uint32_t i = 0; i < alerts->instance_count; i++) {
        rs_state_check_item(reader, bounds, &alert_instance_table, &alerts->instances[i]);
    }
    check_detects(alerts, reader, bounds);
    check_cares(alerts, reader, bounds);
}

const rs_state_part_t rs_state_alerts_part = {
    .name = "alerts", .version = 1, .table_count = 7,
    .tables = {&alerts_table, &alert_key_table, &alert_instance_table, &detect_table, &season_table, &care_table, &silence_table},
    .save = save, .load = load, .check = check};

static void solve_limits(rs_alerts_t *alerts) {
    for (uint32_t i = 0; i < alerts->rule_count; i++) {
        rs__alert_rule_t *rule = &alerts->rules[i];
        if (rule->instances > 0) (void)rs_detect_solve(&rule->detect, rule->instances);
    }
}

void rs_state_settle_alerts(rs_core_t *core) {
    rs_alerts_t *alerts = core->alerts;
    solve_limits(alerts);
    rs__alert_find_parents(alerts);
    for (uint32_t i = 0; i < alerts->key_count; i++) {
        (void)rs_window_take_changes(alerts->store, i);   /* loading's own */
        rs_window_restore_changes(alerts->store, i, alerts->keys[i].loaded);
        alerts->keys[i].loaded = 0;
    }
}
