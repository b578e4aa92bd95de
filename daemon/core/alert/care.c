/* What people say, and what keeps an alert quiet; care.h has the rules. */
#include "core/alert/alert_internal.h"

#include <stdlib.h>

static rs_care_t *care_of(const rs_alerts_t *alerts, const rs__alert_instance_t *instance) {
    return instance->care == 0 ? NULL : rs_pool_at(&alerts->cares, instance->care);
}

static void keep_text(char *place, size_t size, rs_str_t text) {
    const size_t len = text.len < size ? text.len : size - 1;
    memset(place, 0, size);
    if (len != 0) memcpy(place, text.data, len);
}
#define KEEP(place, text) keep_text(place, sizeof(place), text)

/* --- quiet ---------------------------------------------------------------------------------------------------------- */
static bool matches(const char *glob, rs_str_t text) { return glob[0] == '\0' || rs_alert_glob(rs_str(glob), text); }

static bool is_silenced(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance) {
    const rs_key_t *dimensions = &alerts->dimensions[key];
    for (uint32_t i = 0; i < alerts->silences.count; i++) {
        const rs_silence_t *silence = &alerts->silences.places[i];
        if (alerts->now_us < silence->from_us || alerts->now_us >= silence->until_us) continue;
        if (silence->channel != 0 && silence->channel != dimensions->channel) continue;
        if (matches(silence->tenant, dimensions->tenant) && matches(silence->key, dimensions->name) &&
            matches(silence->rule, alerts->rules[instance->rule].config->name)) {
            return true;
        }
    }
    return false;
}

static bool is_parent_key(const rs_key_t *parent, const rs_key_t *child) {
    if (!rs_str_equal(parent->tenant, child->tenant)) return false;
    if (parent->family == RS_FAMILY_TOTAL) return true;
    if (parent->channel != child->channel) return false;
    return parent->family == RS_FAMILY_CHANNEL || rs_str_equal(parent->name, child->name);
}

static bool is_inhibited(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance) {
    const uint32_t parent = alerts->rules[instance->rule].parent;
    for (uint32_t i = 0; parent != UINT32_MAX && i < alerts->parent_count; i++) {
        if (alerts->parents[i].rule != parent) continue;
        if (is_parent_key(&alerts->dimensions[alerts->parents[i].key], &alerts->dimensions[key])) return true;
    }
    return false;
}

uint8_t rs__alert_hush(const rs_alerts_t *alerts, uint32_t key, const rs__alert_instance_t *instance) {
    const rs_care_t *care = care_of(alerts, instance);
    unsigned hush = care != NULL && care->acknowledged ? RS_HUSH_ACKNOWLEDGED : 0;
    if (is_silenced(alerts, key, instance)) hush |= RS_HUSH_SILENCED;
    if (is_inhibited(alerts, key, instance)) hush |= RS_HUSH_INHIBITED;
    return (uint8_t)hush;
}

void rs__alert_note_parent(rs_alerts_t *alerts, uint32_t rule, uint32_t key, bool open) {
    if (!alerts->rules[rule].is_parent) return;
    if (open) {
        if (alerts->parent_count == RS_MAX_PARENTS) return;
        alerts->parents[alerts->parent_count++] = (struct rs__alert_parent){.rule = rule, .key = key};
        return;
    }
    for (uint32_t i = 0; i < alerts->parent_count; i++) {
        if (alerts->parents[i].rule == rule && alerts->parents[i].key == key) {
            alerts->parents[i] = alerts->parents[--alerts->parent_count];
            return;
        }
    }
}

void rs__alert_find_parents(rs_alerts_t *alerts) {
    alerts->parent_count = 0;
    for (uint32_t key = 0; key < alerts->key_count; key++) {
        for (uint32_t i = 0; i < alerts->keys[key].count; i++) {
            const rs__alert_instance_t *instance = &alerts->instances[alerts->keys[key].first + i];
            if (rs_life_is_open(instance->life.state)) rs__alert_note_parent(alerts, instance->rule, key, true);
        }
    }
}

/* --- what ends by itself -------------------------------------------------------------------------------------------- */
/* Told, unless something else keeps it quiet: it is news that nobody has it any more. */
static void end_acknowledgement(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance, rs_care_t *care, rs_str_t why) {
    const rs_command_t ended = {.what = RS_COMMAND_UNACKNOWLEDGE, .who = RS_STR("ringside"), .text = why};
    care->acknowledged = false;
    const uint8_t hush = rs__alert_hush(alerts, key, instance);
    if (rs_life_is_open(instance->life.state) && hush == 0) instance->told = true;
    instance->hush = instance->told ? 0 : hush;
    rs__alert_report_act(alerts, key, instance, &ended, hush);
}

void rs__alert_fires_anew(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance) {
    rs_care_t *care = care_of(alerts, instance);
    if (care == NULL || !care->acknowledged || care->sticky) return;
    end_acknowledgement(alerts, key, instance, care, RS_STR("it fires anew"));
}

static void forget_past_silences(rs_alerts_t *alerts) {
    rs_silences_t *silences = &alerts->silences;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < silences->count; i++) {
        if (silences->places[i].until_us > alerts->now_us) silences->places[kept++] = silences->places[i];
    }
    silences->count = kept;
}

void rs__alert_revise(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance) {
    rs_care_t *care = care_of(alerts, instance);
    if (care != NULL && care->acknowledged && care->until_us != 0 && alerts->now_us >= care->until_us) {
        end_acknowledgement(alerts, key, instance, care, RS_STR("its time is over"));
    }
    if (instance->told || !rs_life_is_open(instance->life.state)) return;
    instance->hush = rs__alert_hush(alerts, key, instance);
    if (instance->hush != 0) return;
    instance->told = true;
    rs__alert_report_act(alerts, key, instance, NULL, 0);
}

void rs__alert_forget_care(rs_alerts_t *alerts, rs__alert_instance_t *instance) {
    if (instance->care != 0) rs_pool_give(&alerts->cares, instance->care);
    instance->care = 0;
}

void rs__alert_describe_care(const rs_alerts_t *alerts, const rs__alert_instance_t *instance, rs_alert_transition_t *transition) {
    const rs_care_t *care = care_of(alerts, instance);
    if (care == NULL) return;
    transition->acknowledged = care->acknowledged;
    transition->sticky = care->acknowledged && care->sticky;
    transition->until_us = care->acknowledged ? care->until_us : 0;
    transition->due_us = care->due_us;
    if (care->acknowledged) transition->who = rs_str(care->who);
    if (care->acknowledged) transition->text = rs_str(care->note);
    transition->owner = rs_str(care->owner);
    transition->cause = rs_str(care->cause);
    transition->action = rs_str(care->action);
}

/* --- commands ------------------------------------------------------------------------------------------------------- */
static rs__alert_instance_t *find_episode(rs_alerts_t *alerts, uint64_t episode, uint32_t *key) {
    for (uint32_t number = 0; number < alerts->key_count; number++) {
        const rs__alert_key_t *at = &alerts->keys[number];
        for (uint32_t i = at->first; at->engaged > 0 && i < at->first + at->count; i++) {
            if (alerts->instances[i].life.state == RS_ALERT_OK || alerts->instances[i].episode != episode) continue;
            *key = number;
            return &alerts->instances[i];
        }
    }
    return NULL;
}

static void report_plain(rs_alerts_t *alerts, const rs_command_t *command, uint64_t number, const rs_silence_t *silence) {
    rs_alert_transition_t transition = {.episode = number, .rule = UINT32_MAX, .key = UINT32_MAX, .at_us = alerts->now_us,
                                        .figure = {.is_null = true}, .act = command->what, .who = command->who, .text = command->text,
                                        .owner = command->owner, .due_us = command->due_us, .until_us = command->until_us};
    if (silence != NULL) {
        transition.rule_name = rs_str(silence->rule);
        transition.dimensions = (rs_key_t){.tenant = rs_str(silence->tenant), .name = rs_str(silence->key)};
        transition.act_channel = silence->channel;
        transition.until_us = silence->until_us;
        transition.started_us = silence->from_us;
    }
    if (alerts->on_transition != NULL) alerts->on_transition(alerts->context, &transition);
}

static int begin_silence(rs_alerts_t *alerts, const rs_command_t *command, uint64_t *number) {
    rs_silences_t *silences = &alerts->silences;
    forget_past_silences(alerts);
    if (silences->count == RS_MAX_SILENCES) return RS_ERR_LIMIT;
    if (silences->places == NULL) silences->places = calloc(RS_MAX_SILENCES, sizeof *silences->places);
    if (silences->places == NULL) return RS_ERR_MEMORY;
    rs_silence_t *silence = &silences->places[silences->count++];
    *silence = (rs_silence_t){.number = ++silences->next_number, .from_us = alerts->now_us, .until_us = command->until_us,
                              .channel = command->channel};
    KEEP(silence->tenant, command->tenant);
    KEEP(silence->rule, command->rule);
    KEEP(silence->key, command->key);
    KEEP(silence->who, command->who);
    KEEP(silence->why, command->text);
    *number = silence->number;
    report_plain(alerts, command, silence->number, silence);
    return RS_OK;
}

static int end_silence(rs_alerts_t *alerts, const rs_command_t *command) {
    rs_silences_t *silences = &alerts->silences;
    forget_past_silences(alerts);
    if (command->episode > silences->next_number) return RS_ERR_NOT_FOUND;
    for (uint32_t i = 0; i < silences->count; i++) {
        if (silences->places[i].number != command->episode) continue;
        rs_silence_t ended = silences->places[i];
        ended.until_us = alerts->now_us;
        memmove(&silences->places[i], &silences->places[i + 1], (silences->count - i - 1) * sizeof *silences->places);
        silences->count--;
        report_plain(alerts, command, ended.number, &ended);
        return RS_OK;
    }
    return RS_ERR_STATE;
}

static void note_command(rs_care_t *care, const rs_command_t *command, int64_t now_us) {
    switch (command->what) {
        case RS_COMMAND_ACKNOWLEDGE:
            care->acknowledged = true;
            care->sticky = command->sticky;
            care->acknowledged_us = now_us;
            care->until_us = command->until_us;
            KEEP(care->who, command->who);
            KEEP(care->note, command->text);
            break;
        case RS_COMMAND_UNACKNOWLEDGE: care->acknowledged = false; break;
        case RS_COMMAND_CAUSE: KEEP(care->cause, command->text); break;
        case RS_COMMAND_ACTION:
            KEEP(care->action, command->text);
            KEEP(care->owner, command->owner);
            care->due_us = command->due_us;
            break;
        default: break;
    }
}

static void resolve(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance) {
    const rs__alert_rule_t *rule = &alerts->rules[instance->rule];
    const rs_finding_t unknown = {.figure = {.is_null = true}, .limit = rule->limit, .clear = rule->clear};
    const bool open = rs_life_is_open(instance->life.state);
    rs__alert_move(alerts, key, instance, open ? RS_ALERT_RESOLVED : RS_ALERT_OK, &unknown);
    instance->latched_us = alerts->now_us;
    alerts->keys[key].engaged++;
    rs__alert_activate(alerts, key);
}

static int say_of_open(rs_alerts_t *alerts, uint32_t key, rs__alert_instance_t *instance, const rs_command_t *command) {
    const bool is_needed = command->what != RS_COMMAND_RESOLVE && command->what != RS_COMMAND_REVIEW && command->what != RS_COMMAND_NOTE;
    if (command->what == RS_COMMAND_REVIEW) return RS_ERR_STATE;
    if (is_needed && instance->care == 0) instance->care = rs_pool_take(&alerts->cares);
    if (is_needed && instance->care == 0) return RS_ERR_LIMIT;
    if (is_needed) note_command(care_of(alerts, instance), command, alerts->now_us);
    rs__alert_report_act(alerts, key, instance, command, instance->told ? 0 : instance->hush);
    if (command->what == RS_COMMAND_RESOLVE) resolve(alerts, key, instance);
    return RS_OK;
}

int rs_alerts_command(rs_alerts_t *alerts, const rs_command_t *command, int64_t now_us, uint64_t *number) {
    uint32_t key = 0;
    if (now_us > alerts->now_us) alerts->now_us = now_us;
    *number = command->episode;
    if (command->what == RS_COMMAND_SILENCE) return begin_silence(alerts, command, number);
    if (command->what == RS_COMMAND_UNSILENCE) return end_silence(alerts, command);
    if (command->episode >= alerts->next_episode) return RS_ERR_NOT_FOUND;
    rs__alert_instance_t *instance = find_episode(alerts, command->episode, &key);
    if (instance != NULL) {
        const bool ran = rs__alert_runs(instance);
        const int status = say_of_open(alerts, key, instance, command);
        rs__alert_recount(&alerts->keys[key], instance, ran);
        return status;
    }
    const bool is_for_open = command->what == RS_COMMAND_ACKNOWLEDGE || command->what == RS_COMMAND_UNACKNOWLEDGE ||
                             command->what == RS_COMMAND_RESOLVE;
    if (is_for_open) return RS_ERR_STATE;
    report_plain(alerts, command, command->episode, NULL);
    return RS_OK;
}

const rs_silence_t *rs_alerts_silence(const rs_alerts_t *alerts, uint32_t place) {
    return place < alerts->silences.count ? &alerts->silences.places[place] : NULL;
}
