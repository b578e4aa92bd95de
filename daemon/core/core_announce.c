/* Events that are known ahead: most of what applying one costs is waiting for memory, since contacts, keys and agents lie anywhere. So
 * what an event will need is called for while others are applied, in steps, because each step needs what the one before has called for:
 *     names      the places in the indices of its contact, its queue's and its agent's name
 *     contact    the contact; what leads from the names to keys
 *     keys       what the contact leads to; what is known of the keys; the agent
 *     figures    the keys' rows, windows and rules
 *     details    what rows and windows lead to; of the windows a chain, a link a step
 * Nothing here changes anything but the processor's caches. What was found may have become something else by the next step: then other
 * memory is called for than will be needed, no more. */
#include "core/core_internal.h"

/* So many events after the first step. An event takes much longer than memory does: what comes too early is gone again. */
enum { CONTACT_AFTER = 1, KEYS_AFTER, FIGURES_AFTER, DETAILS_AFTER, LAST_AFTER = DETAILS_AFTER + 3 };
_Static_assert((int)LAST_AFTER < (int)RS_CORE_AHEAD, "all steps are done before the event comes");
_Static_assert((RS_ANNOUNCED & (RS_ANNOUNCED - 1)) == 0, "a ring is a power of two");

/* `tenant`: of an agent, else 0. */
static uint64_t call_for_name(const rs_names_t *names, uint32_t tenant, rs_str_t text) {
    if (text.len == 0) return 0;
    const uint64_t hash = rs_names_hash(names, tenant, text);
    rs_names_prefetch_place(names, hash);
    return hash;
}

static void call_for_names(const rs_core_t *core, const rs_record_names_t *names, rs_announced_t *announced) {
    *announced = (rs_announced_t){.tenant = core->directory.last_tenant};
    if (names->contact_id.len != 0) {
        announced->id = rs_core_hash(core, announced->tenant, names->contact_id);
        rs_contacts_prefetch_place(&core->contacts, announced->id);
        rs_fcr_prefetch_place(&core->fcr, announced->id);
    }
    announced->queue_hash = call_for_name(&core->directory.names, 0, names->queue);
    announced->agent_hash = call_for_name(&core->directory.names, announced->tenant, names->agent);
}

static uint32_t call_for_key_place(const rs_core_t *core, uint64_t hash) {
    const uint32_t name = hash == 0 ? 0 : rs_names_likely(&core->directory.names, hash);
    if (name != 0) rs_directory_prefetch_place(&core->directory, name);
    return name;
}

static void call_for_contact(const rs_core_t *core, rs_announced_t *announced) {
    if (announced->id.low != 0) announced->contact = rs_contacts_prefetch(&core->contacts, announced->id);
    announced->keys[0] = call_for_key_place(core, announced->queue_hash);   /* names still, in the next step keys */
    announced->keys[1] = call_for_key_place(core, announced->agent_hash);
    if (announced->keys[1] != 0) rs_agents_prefetch_place(core->agents, announced->tenant, announced->keys[1]);
}

/* The key of the contact's leg, or of its handling: an event need not name its queue. 0: it has neither. */
static uint32_t queue_key_of(const rs_core_t *core, uint32_t number) {
    const rs_contact_t *contact = rs_contacts_at(&core->contacts, number);
    if (contact->is_open) return contact->open_queue_key + 1;
    return contact->is_talking ? contact->talking_key + 1 : 0;
}

static void call_for_keys(const rs_core_t *core, rs_announced_t *announced) {
    if (announced->contact != 0) rs_contacts_prefetch_around(&core->contacts, announced->contact);
    if (announced->keys[1] != 0) announced->agent = rs_agents_prefetch(core->agents, announced->tenant, announced->keys[1]);
    for (unsigned i = 0; i < RS_ARRAY_LEN(announced->keys); i++) {
        if (announced->keys[i] != 0) announced->keys[i] = rs_directory_likely(&core->directory, announced->keys[i]);
    }
    if (announced->keys[0] == 0 && announced->contact != 0) announced->keys[0] = queue_key_of(core, announced->contact);
    for (unsigned i = 0; i < RS_ARRAY_LEN(announced->keys); i++) {
        if (announced->keys[i] == 0) continue;
        rs_directory_prefetch(&core->directory, announced->keys[i] - 1);
        if (core->windows != NULL) rs_window_prefetch_place(core->windows, announced->keys[i] - 1);
    }
    if (announced->keys[0] != 0 && core->alerts != NULL) rs_alerts_prefetch(core->alerts, announced->keys[0] - 1);
}

static void call_for_figures(const rs_core_t *core, const rs_announced_t *announced) {
    for (unsigned i = 0; i < RS_ARRAY_LEN(announced->keys); i++) {
        if (announced->keys[i] != 0) rs_account_prefetch(&core->account, announced->keys[i] - 1);
    }
    if (announced->agent != 0) rs_agents_prefetch_around(core->agents, announced->agent);
    if (announced->keys[0] != 0) rs_gauges_prefetch(&core->gauges, announced->keys[0] - 1);
    if (announced->keys[0] != 0 && core->alerts != NULL) rs_alerts_prefetch_briefs(core->alerts, announced->keys[0] - 1);
    if (announced->contact != 0) rs_fcr_prefetch(&core->fcr, rs_contacts_at(&core->contacts, announced->contact)->resolution);
}

static void call_for_details(const rs_core_t *core, const rs_announced_t *announced) {
    for (unsigned i = 0; i < RS_ARRAY_LEN(announced->keys); i++) {
        if (announced->keys[i] != 0) rs_account_prefetch_details(&core->account, announced->keys[i] - 1);
    }
}

/* The next of the queue's groups of rarer counts. */
static void call_for_rarer(const rs_core_t *core, rs_announced_t *announced) {
    if (core->windows == NULL || announced->keys[0] == 0) return;
    announced->rarer = rs_window_prefetch_rarer(core->windows, announced->keys[0] - 1, announced->rarer);
}

static void announce(rs_core_t *core, const rs_record_names_t *names) {
    const uint32_t at = core->announced_at++;
    call_for_names(core, names, &core->announced[at % RS_ANNOUNCED]);
    call_for_contact(core, &core->announced[(at - CONTACT_AFTER) % RS_ANNOUNCED]);
    call_for_keys(core, &core->announced[(at - KEYS_AFTER) % RS_ANNOUNCED]);
    call_for_figures(core, &core->announced[(at - FIGURES_AFTER) % RS_ANNOUNCED]);
    call_for_details(core, &core->announced[(at - DETAILS_AFTER) % RS_ANNOUNCED]);
    for (uint32_t after = DETAILS_AFTER; after <= LAST_AFTER; after++) call_for_rarer(core, &core->announced[(at - after) % RS_ANNOUNCED]);
}

void rs_core_announce(rs_core_t *core, const rs_event_t *event) {
    announce(core, &(rs_record_names_t){.contact_id = event->contact_id, .queue = event->queue, .agent = event->agent});
}

void rs_core_announce_record(rs_core_t *core, uint32_t kind, const void *bytes, size_t len) {
    rs_record_names_t names;
    if (kind == RS_RECORD_EVENT && rs_record_read_names(bytes, len, &names) == RS_OK) announce(core, &names);
}
