/* A new configuration while running: thresholds and policies from the next 15-minute boundary, alert rules at once. */
#include "core/core_internal.h"
#include "core/parts_state.h"

enum { BOUNDARY_MINUTES = 15, KEPT_DAYS = 32 /* longer than any contact is remembered (core/contact/contact.c) */ };

static int64_t next_boundary(const rs_core_t *core) {
    const int64_t step_us = BOUNDARY_MINUTES * RS_US_PER_MIN;
    const int64_t now_us = core->watermark_us > core->now_us ? core->watermark_us : core->now_us;
    return (now_us / step_us + 1) * step_us;
}

static bool same_policy(const rs_policy_t *a, const rs_policy_t *b) {
    return strcmp(a->name, b->name) == 0 && a->version == b->version && a->threshold_us == b->threshold_us &&
           a->short_us == b->short_us && a->target == b->target && a->compare_lt == b->compare_lt && a->abandoned == b->abandoned &&
           a->short_on == b->short_on && a->short_rule == b->short_rule && a->blocked == b->blocked &&
           a->callbacks == b->callbacks && a->open_miss_now == b->open_miss_now && a->unit_journey == b->unit_journey &&
           memcmp(a->flowed_out, b->flowed_out, sizeof a->flowed_out) == 0;
}

/* Slots that panes or today's totals may still hold counts of: those of every set of policies that was in force within the
 * last day. A slot among them must not be given to another policy. */
static uint32_t slots_in_memory(const rs_core_t *core, int64_t from_us) {
    uint32_t slots = 0;
    for (uint32_t i = 0; i < core->generation_count; i++) {
        const bool over = i + 1 < core->generation_count && core->generations[i + 1].from_us <= from_us - 25 * RS_US_PER_HOUR;
        if (!over) slots |= core->generations[i].used;
    }
    return slots;
}

static int place_policies(const rs_core_t *core, const rs_config_t *config, rs_generation_t *next) {
    const rs_generation_t *newest = &core->generations[core->generation_count - 1];
    uint32_t taken = slots_in_memory(core, next->from_us);
    for (uint32_t i = 0; i < config->policy_count; i++) {
        const rs_policy_t *policy = &config->policies[i];
        uint32_t slot = 0;
        while (slot < RS_MAX_POLICIES &&
               ((newest->used & 1u << slot) == 0 || !same_policy(policy, &newest->policies[slot]))) slot++;
        if (slot == RS_MAX_POLICIES) {
            slot = 0;
            while (slot < RS_MAX_POLICIES && (taken & 1u << slot) != 0) slot++;
            if (slot == RS_MAX_POLICIES) return RS_ERR_LIMIT;
        }
        taken |= 1u << slot;
        next->used |= 1u << slot;
        next->policies[slot] = *policy;
    }
    return RS_OK;
}

/* In which slot each policy of the configuration is counted, in the configuration's order. */
void rs_core_tell_slots(rs_core_t *core) {
    const rs_generation_t *generation = &core->generations[core->generation_count - 1];
    const rs_config_t *config = generation->config;
    uint32_t slots[RS_MAX_POLICIES];
    for (uint32_t i = 0; i < config->policy_count; i++) {
        slots[i] = RS_MAX_POLICIES;
        for (uint32_t slot = 0; slot < RS_MAX_POLICIES; slot++) {
            const bool used = (generation->used & 1u << slot) != 0;
            if (used && same_policy(&config->policies[i], &generation->policies[slot])) slots[i] = slot;
        }
    }
    rs_alerts_set_slots(core->alerts, slots, config->policy_count);
}

void rs_core_go_on_with(rs_core_t *core, const rs_config_t *config) {
    core->contacts.derivation.repeat_window_us = config->fcr.repeat_window_us;
    core->config = config;
    rs_agents_configure(core->agents, config);
}

/* --- policies that nobody asks for any more --------------------------------------------------------------------------- */
/* What keys know of the set with a number. */
static void forget_standards(rs_core_t *core) {
    for (uint32_t key = 0; key < core->directory.count; key++) core->directory.entries[key].generation = UINT32_MAX;
}

/* Every set that may follow is tried, the newest first: mostly it says the same of first-contact resolution. */
static bool fcr_does_without(rs_core_t *core, uint32_t number) {
    const rs_fcr_config_t *gone = &core->generations[number].config->fcr;
    for (uint32_t i = core->generation_count; i-- > 0;) {
        if (i != number && rs_fcr_do_without(&core->fcr, gone, &core->generations[i].config->fcr)) return true;
    }
    return false;
}

static void forget_generation(rs_core_t *core, uint32_t number) {
    core->generation_count--;
    core->account.generation_count = core->generation_count;
    for (uint32_t i = number; i < core->generation_count; i++) core->generations[i] = core->generations[i + 1];
    if (core->gauges.generation > number) core->gauges.generation--;
    forget_standards(core);
}

/* A set goes that never came into force, because the next one came before, or that no contact in memory is as old as. */
static void make_room(rs_core_t *core) {
    for (uint32_t i = 0; i + 1 < core->generation_count; i++) {
        const int64_t until_us = core->generations[i + 1].from_us;
        const bool needless = until_us <= core->generations[i].from_us || until_us <= core->now_us - KEPT_DAYS * RS_US_PER_DAY;
        if (!needless || !fcr_does_without(core, i)) continue;
        forget_generation(core, i);
        return;
    }
}

/* --- the new one ------------------------------------------------------------------------------------------------------ */
/* Only rules differ, or what no figure rests on: no new set. */
static int configure_in_place(rs_core_t *core, const rs_config_t *config) {
    const int status = core->alerts == NULL ? RS_OK : rs_alerts_configure(core->alerts, config, core->now_us);
    if (status != RS_OK) return status;
    core->generations[core->generation_count - 1].config = config;
    rs_fcr_configure(&core->fcr, &config->fcr);
    rs_core_go_on_with(core, config);
    forget_standards(core);
    if (core->alerts != NULL) rs_core_tell_slots(core);
    return RS_OK;
}

bool rs_core_rests_on(const rs_core_t *core, const rs_config_t *config) {
    bool rests = config == core->config || config == core->options.config || config == core->options.newest;
    for (uint32_t i = 0; i < core->generation_count; i++) rests = rests || core->generations[i].config == config;
    for (unsigned i = 0; i < RS_FCR_SETTINGS; i++) rests = rests || core->fcr.settings[i].config == &config->fcr;
    return rests;
}

int rs_core_configure(rs_core_t *core, const rs_config_t *config) {
    if (rs_state_same_figures(core->generations[core->generation_count - 1].config, config)) return configure_in_place(core, config);
    if (core->generation_count == RS_MAX_GENERATIONS) make_room(core);
    if (core->generation_count == RS_MAX_GENERATIONS) return RS_ERR_LIMIT;
    rs_generation_t *next = &core->generations[core->generation_count];
    *next = (rs_generation_t){.from_us = next_boundary(core), .config = config};
    int status = place_policies(core, config, next);
    if (status == RS_OK) status = rs_fcr_can_configure(&core->fcr, &config->fcr);
    if (status == RS_OK && core->alerts != NULL) status = rs_alerts_configure(core->alerts, config, core->now_us);
    if (status != RS_OK) return status;
    rs_fcr_configure(&core->fcr, &config->fcr);
    rs_core_go_on_with(core, config);
    core->generation_count++;
    core->account.generation_count = core->generation_count;
    if (core->alerts != NULL) rs_core_tell_slots(core);
    return RS_OK;
}
