/* core/alert/bind.c — which rules watch which keys: instances are made when keys appear and kept when rules change. */
#include "core/alert/alert_internal.h"

#include <math.h>
#include <stdlib.h>

enum { FIRST_KEYS = 256, FIRST_INSTANCES = 1024, INSTANCES_A_DAY = 5 };
#define QUIET_MARGIN_US (2 * RS_US_PER_MIN)

/* --- create, destroy ---------------------------------------------------------------------------------------------- */

static int64_t quiet_after(const rs_config_t *config) {
    const int64_t longest = config->window_count == 0 ? 0 : config->windows_us[config->window_count - 1];
    return longest + config->future_us + QUIET_MARGIN_US;
}

static void know_windows(rs_alerts_t *alerts, const rs_config_t *config) {
    alerts->window_count = config->window_count;
    memcpy(alerts->windows_us, config->windows_us, sizeof(alerts->windows_us));
}

int rs_alerts_create(const rs_config_t *config, const rs_window_store_t *store, uint32_t max_instances,
                     uint64_t first_episode, rs_alert_fn on_transition, void *context, rs_alerts_t **alerts) {
    rs_alerts_t *made = calloc(1, sizeof(*made));

    if (made == NULL) return RS_ERR_MEMORY;
    const int status = rs__alert_rules_compile(config, &made->rules, &made->rule_count);
    if (status != RS_OK) {
        free(made);
        return status;
    }
    if (rs_pool_init(&made->cares, sizeof(rs_care_t), RS_MAX_CARED) != RS_OK ||
        rs_pool_init(&made->detects, sizeof(rs_detect_state_t), max_instances) != RS_OK ||
        rs_pool_init(&made->days, sizeof(rs_season_day_t), max_instances / INSTANCES_A_DAY + 7) != RS_OK) {
        rs_alerts_destroy(&made);
        return RS_ERR_MEMORY;
    }
    made->elements = calloc(RS_EXPLAIN_ELEMENTS, sizeof(*made->elements));
    made->element_keys = calloc(RS_EXPLAIN_ELEMENTS, sizeof(*made->element_keys));
    if (made->elements == NULL || made->element_keys == NULL) {
        rs_alerts_destroy(&made);
        return RS_ERR_MEMORY;
    }
    know_windows(made, config);
    made->zone = config->zone;
    made->store = store;
    made->on_transition = on_transition;
    made->context = context;
    made->max_instances = max_instances;
    made->next_episode = first_episode;
    made->now_us = INT64_MIN;
    made->quiet_after_us = quiet_after(config);
    *alerts = made;
    return RS_OK;
}

void rs_alerts_destroy(rs_alerts_t **alerts) {
    rs_alerts_t *dying = *alerts;

    if (dying == NULL) return;
    free(dying->rules);
    free(dying->instances);
    free(dying->briefs);
    free(dying->keys);
    free(dying->dimensions);
    free(dying->active);
    free(dying->elements);
    free(dying->element_keys);
    rs_pool_deinit(&dying->cares);
    free(dying->silences.places);
    rs_pool_deinit(&dying->detects);
    rs_pool_deinit(&dying->days);
    free(dying);
    *alerts = NULL;
}

void rs_alerts_set_slots(rs_alerts_t *alerts, const uint32_t *slots, uint32_t count) {
    for (uint32_t i = 0; i < alerts->rule_count; i++) {
        rs__alert_rule_t *rule = &alerts->rules[i];
        if (rs__alert_has_policy(rule->metric) && rule->policy < count) rule->policy_slot = slots[rule->policy];
    }
}

/* --- binding ------------------------------------------------------------------------------------------------------ */

/* *array keeps its old place and size on failure. */
static bool grow_array(void **array, uint32_t capacity, uint32_t wanted, size_t size) {
    void *grown = wanted > capacity ? realloc(*array, (size_t)wanted * size) : *array;

    if (grown == NULL) return false;
    *array = grown;
    return true;
}

static uint32_t doubled(uint32_t capacity, uint32_t first, uint32_t need) {
    uint64_t wanted = capacity == 0 ? first : capacity;

    while (wanted < need) wanted *= 2;
    return wanted > UINT32_MAX ? UINT32_MAX : (uint32_t)wanted;
}

static bool make_room_for_key(rs_alerts_t *alerts, uint32_t key) {
    const uint32_t wanted = doubled(alerts->key_capacity, FIRST_KEYS, key + 1);
    const uint32_t capacity = alerts->key_capacity;
    void *keys = alerts->keys, *dimensions = alerts->dimensions, *active = alerts->active;

    const bool roomy = grow_array(&keys, capacity, wanted, sizeof(*alerts->keys)) &&
                       grow_array(&dimensions, capacity, wanted, sizeof(*alerts->dimensions)) &&
                       grow_array(&active, capacity, wanted, sizeof(*alerts->active));
    alerts->keys = keys;
    alerts->dimensions = dimensions;
    alerts->active = active;
    if (!roomy) return false;
    alerts->key_capacity = wanted;
    while (alerts->key_count <= key) {
        alerts->keys[alerts->key_count] = (rs__alert_key_t){0};
        alerts->dimensions[alerts->key_count++] = (rs_key_t){0};
    }
    return true;
}

static bool make_room_for_instances(rs_alerts_t *alerts, uint32_t more) {
    if (more > alerts->max_instances - alerts->instance_count) return false;

    uint32_t wanted = doubled(alerts->instance_capacity, FIRST_INSTANCES, alerts->instance_count + more);
    if (wanted > alerts->max_instances) wanted = alerts->max_instances;
    void *instances = alerts->instances, *briefs = alerts->briefs;
    const bool roomy = grow_array(&instances, alerts->instance_capacity, wanted, sizeof(*alerts->instances)) &&
                       grow_array(&briefs, alerts->instance_capacity, wanted, sizeof(*alerts->briefs));
    alerts->instances = instances;
    alerts->briefs = briefs;
    if (!roomy) return false;
    if (wanted > alerts->instance_capacity) alerts->instance_capacity = wanted;
    return true;
}

static uint32_t count_matches(const rs_alerts_t *alerts, const rs_key_t *dimensions) {
    uint32_t matches = 0;

    for (uint32_t i = 0; i < alerts->rule_count; i++) matches += rs__alert_rule_matches(&alerts->rules[i], dimensions);
    return matches;
}

/* Appends one ok instance per matching rule; room has been made. */
static void bind_rules(rs_alerts_t *alerts, uint32_t number) {
    rs__alert_key_t *key = &alerts->keys[number];

    key->first = alerts->instance_count;
    for (uint32_t i = 0; i < alerts->rule_count; i++) {
        rs__alert_rule_t *rule = &alerts->rules[i];
        if (!rs__alert_rule_matches(rule, &alerts->dimensions[number])) continue;
        const uint32_t detect = rs_detect_has_state(&rule->detect) ? rs_pool_take(&alerts->detects) : 0;
        alerts->briefs[alerts->instance_count] = (rs__alert_brief_t){.rule = i, .seen = NAN};
        alerts->instances[alerts->instance_count++] = (rs__alert_instance_t){.rule = i, .detect = detect,
                                                                             .reach = rs__alert_first_reach(rule)};
        key->count++;
        key->tried += rs__alert_first_reach(rule) == RS__ON_TRIAL;
        rs__alert_count_class(key, rule);
        rs__alert_rule_bound(rule);
    }
    alerts->in_state[RS_ALERT_OK] += key->count;
}

void rs_alerts_on_new_key(rs_alerts_t *alerts, uint32_t key, const rs_key_t *dimensions) {
    const uint32_t matches = count_matches(alerts, dimensions);

    if (key == UINT32_MAX || (key < alerts->key_count && alerts->keys[key].known)) return;
    if (!make_room_for_key(alerts, key)) {
        alerts->unbound += matches;
        return;
    }
    alerts->keys[key].known = true;
    alerts->dimensions[key] = *dimensions;
    if (matches == 0) return;
    if (!make_room_for_instances(alerts, matches)) {
        alerts->unbound += matches;
        return;
    }
    bind_rules(alerts, key);
    if (key < alerts->unwarmed_from) alerts->unwarmed_from = key;
    rs__alert_activate(alerts, key);
}

void rs_alerts_on_renamed_key(rs_alerts_t *alerts, uint32_t key, const rs_key_t *dimensions) {
    if (key < alerts->key_count && alerts->keys[key].known) alerts->dimensions[key] = *dimensions;
}

/* --- another configuration ---------------------------------------------------------------------------------------- */

/* What a detector has learned and added up is of use to the new rule only when it detects in the same way. */
static bool asks_the_same(const rs_rule_config_t *a, const rs_rule_config_t *b) {
    return a->detector == b->detector && a->baseline == b->baseline && a->every_us == b->every_us && a->centre == b->centre &&
           a->sigma == b->sigma && a->shift == b->shift && a->weight == b->weight && a->run_rules == b->run_rules;
}

/* The rule of `next` that goes on where `old` was: the same name, asking the same of the same kind of key. UINT32_MAX:
 * none. */
static uint32_t successor_of(const rs__alert_rule_t *old, const rs__alert_rule_t *next, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (rs_str_equal(next[i].config->name, old->config->name)) {
            const bool same = next[i].metric == old->metric && rs_str_equal(next[i].window, old->window) &&
                              rs_str_equal(next[i].policy_name, old->policy_name) && next[i].compare == old->compare &&
                              next[i].config->family == old->config->family && asks_the_same(next[i].config, old->config);
            return same ? i : UINT32_MAX;
        }
    }
    return UINT32_MAX;
}

/* Everything that must be there before the first change is made. */
typedef struct rule_change {
    rs__alert_rule_t *rules; /* the new ones */
    uint32_t rule_count;
    uint32_t *successors;            /* by old rule */
    rs__alert_instance_t *instances; /* the new ones, filled key by key */
    rs__alert_brief_t *briefs;
    uint32_t instance_count, instance_capacity;
} rule_change_t;

static uint32_t count_all_matches(const rs_alerts_t *alerts, const rule_change_t *change) {
    uint64_t matches = 0;

    for (uint32_t key = 0; key < alerts->key_count; key++) {
        if (!alerts->keys[key].known) continue;
        for (uint32_t i = 0; i < change->rule_count; i++) {
            matches += rs__alert_rule_matches(&change->rules[i], &alerts->dimensions[key]);
        }
    }
    return matches > alerts->max_instances ? alerts->max_instances : (uint32_t)matches;
}

static void discard_change(rule_change_t *change) {
    free(change->rules);
    free(change->successors);
    free(change->instances);
    free(change->briefs);
}

static int prepare_change(const rs_alerts_t *alerts, const rs_config_t *config, rule_change_t *change) {
    const int status = rs__alert_rules_compile(config, &change->rules, &change->rule_count);

    if (status != RS_OK) return status;
    change->instance_capacity = count_all_matches(alerts, change);
    change->successors = calloc((size_t)alerts->rule_count + 1, sizeof(*change->successors));
    change->instances = calloc((size_t)change->instance_capacity + 1, sizeof(*change->instances));
    change->briefs = calloc((size_t)change->instance_capacity + 1, sizeof(*change->briefs));
    if (change->successors == NULL || change->instances == NULL || change->briefs == NULL) {
        discard_change(change);
        return RS_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < alerts->rule_count; i++) {
        change->successors[i] = successor_of(&alerts->rules[i], change->rules, change->rule_count);
    }
    return RS_OK;
}

/* The old instance of `key` that new rule `rule` continues, or NULL. */
static rs__alert_instance_t *predecessor_of(rs_alerts_t *alerts, const rule_change_t *change, uint32_t key,
                                            uint32_t rule) {
    for (uint32_t i = 0; i < alerts->keys[key].count; i++) {
        rs__alert_instance_t *old = &alerts->instances[alerts->keys[key].first + i];
        if (change->successors[old->rule] == rule) return old;
    }
    return NULL;
}

static void end_episodes(rs_alerts_t *alerts, uint32_t number) {
    for (uint32_t i = 0; i < alerts->keys[number].count; i++) {
        rs__alert_instance_t *left = &alerts->instances[alerts->keys[number].first + i];
        if (left->life.state == RS_ALERT_OK) continue;
        rs__alert_move(alerts, number, left, rs_life_is_open(left->life.state) ? RS_ALERT_RESOLVED : RS_ALERT_OK,
                       &(rs_finding_t){.figure = {.is_null = true}, .limit = alerts->rules[left->rule].limit,
                                       .clear = alerts->rules[left->rule].clear});
    }
}

/* Of the instances that end here; those that go on have taken theirs along. */
static void give_back_detects(rs_alerts_t *alerts, uint32_t number) {
    const rs_detect_feed_t feed = rs__alert_feed(alerts);
    for (uint32_t i = 0; i < alerts->keys[number].count; i++) {
        rs__alert_instance_t *left = &alerts->instances[alerts->keys[number].first + i];
        if (left->detect == 0) continue;
        rs_detect_forget(&feed, rs_pool_at(&alerts->detects, left->detect));
        rs_pool_give(&alerts->detects, left->detect);
        left->detect = 0;
    }
}

/* Moves one key to the new rules: what goes on is copied, and the rest of its episodes end here. */
static void rebind_key(rs_alerts_t *alerts, rule_change_t *change, uint32_t number) {
    const uint32_t first = change->instance_count;
    rs__alert_key_t rebound = {.first = first, .known = true, .active = alerts->keys[number].active};
    uint32_t matches = 0;

    rs__alert_write_down(alerts, number);
    for (uint32_t i = 0; i < change->rule_count; i++) {
        matches += rs__alert_rule_matches(&change->rules[i], &alerts->dimensions[number]);
    }
    if (matches > change->instance_capacity - first) {
        alerts->unbound += matches;
    } else {
        for (uint32_t i = 0; i < change->rule_count; i++) {
            if (!rs__alert_rule_matches(&change->rules[i], &alerts->dimensions[number])) continue;
            change->briefs[change->instance_count] = (rs__alert_brief_t){.rule = i, .seen = NAN};
            rs__alert_instance_t *made = &change->instances[change->instance_count++];
            rs__alert_instance_t *old = predecessor_of(alerts, change, number, i);
            made->reach = rs__alert_first_reach(&change->rules[i]);
            if (old != NULL) *made = *old;
            if (old != NULL) old->life.state = RS_ALERT_OK;
            if (old != NULL) old->latched_us = 0;
            if (old != NULL) old->detect = old->care = 0;
            made->rule = i;
            if (made->detect == 0 && rs_detect_has_state(&change->rules[i].detect)) made->detect = rs_pool_take(&alerts->detects);
            rebound.count++;
            rs__alert_count_class(&rebound, &change->rules[i]);
            change->rules[i].instances++;
            rebound.engaged += rs__alert_is_engaged(made);
            rebound.running += rs__alert_runs(made);
            rebound.tried += made->reach == RS__ON_TRIAL;
        }
    }
    end_episodes(alerts, number);
    give_back_detects(alerts, number);
    alerts->keys[number] = rebound;
}

static void recount_states(rs_alerts_t *alerts) {
    memset(alerts->in_state, 0, sizeof(alerts->in_state));
    for (uint32_t i = 0; i < alerts->instance_count; i++) alerts->in_state[alerts->instances[i].life.state]++;
}

int rs_alerts_configure(rs_alerts_t *alerts, const rs_config_t *config, int64_t now_us) {
    rule_change_t change = {0};
    const int status = prepare_change(alerts, config, &change);

    if (status != RS_OK) return status;
    if (now_us > alerts->now_us) alerts->now_us = now_us;
    for (uint32_t key = 0; key < alerts->key_count; key++) {
        if (alerts->keys[key].known) rebind_key(alerts, &change, key);
    }
    free(alerts->rules);
    free(alerts->instances);
    free(alerts->briefs);
    free(change.successors);
    alerts->rules = change.rules;
    alerts->rule_count = change.rule_count;
    alerts->instances = change.instances;
    alerts->briefs = change.briefs;
    alerts->instance_count = change.instance_count;
    alerts->instance_capacity = change.instance_capacity + 1;
    alerts->unwarmed_from = 0;
    alerts->quiet_after_us = quiet_after(config);
    know_windows(alerts, config);
    alerts->zone = config->zone;
    for (uint32_t i = 0; i < alerts->rule_count; i++) {
        if (alerts->rules[i].instances > 0) (void)rs_detect_solve(&alerts->rules[i].detect, alerts->rules[i].instances);
    }
    recount_states(alerts);
    rs__alert_find_parents(alerts);
    for (uint32_t key = 0; key < alerts->key_count; key++) {
        if (alerts->keys[key].count > 0) rs__alert_activate(alerts, key);
    }
    return RS_OK;
}
