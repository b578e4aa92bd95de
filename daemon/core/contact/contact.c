#include "core/contact/contact.h"

#include "config/bounds.h"
#include "core/contact/derive_process.h"

#include <stdlib.h>

/* What --check says of a contact and of an event. An index has up to four slots for each thing in it. */
_Static_assert(sizeof(rs_contact_t) + 4 * sizeof(rs_index_slot_t) + sizeof(rs_handling_t) + sizeof(rs_path_t) <= RS_BYTES_CONTACT,
               "a contact fits its bound");
enum { EVENTS_EACH = 8 };   /* of a contact, in the mean */
_Static_assert((sizeof(rs_node_t) + sizeof(rs_node_rest_t) + sizeof(rs_event_text_t)) * EVENTS_EACH <=
                   (size_t)RS_BYTES_EVENT * RS_EVENTS_PER_CONTACT, "a contact's events fit their bound");

int rs_contacts_init(rs_contacts_t *contacts, const rs_contacts_settings_t *settings) {
    const rs_config_t *config = settings->config;
    const uint32_t max = config->limits.contacts;
    *contacts = (rs_contacts_t){
        .lateness_us = config->lateness_us, .skew_us = config->clock_skew_us, .keep_us = RS_US_PER_DAY, .keep_filed_us = 30 * RS_US_PER_DAY,
        .missing_end_us = config->missing_end_us, .max_events = config->limits.contact_events,
        .compare_sessions = settings->compare_sessions, .on_facts = settings->on_facts, .on_fold = settings->on_fold,
        .on_forget = settings->on_forget, .on_steps = settings->on_steps,
        .context = settings->context};
    contacts->derivation = (rs_derivation_t){
        .nodes = &contacts->nodes, .rests = &contacts->rests, .handlings = &contacts->handlings, .texts = &contacts->texts,
        .clock_skew_us = config->clock_skew_us, .missing_end_us = config->missing_end_us,
        .repeat_window_us = config->fcr.repeat_window_us,
        .same_source = settings->same_source, .team_of = settings->team_of, .worked = settings->worked,
        .callback_keeps = settings->callback_keeps, .context = settings->context, .paths = &contacts->paths};
    const uint64_t wide = (uint64_t)max * EVENTS_EACH;
    const uint32_t many = wide > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)wide;
    if (rs_pool_init(&contacts->contacts, sizeof(rs_contact_t), max) != RS_OK ||
        rs_pool_init(&contacts->nodes, sizeof(rs_node_t), many) != RS_OK ||
        rs_pool_init(&contacts->rests, sizeof(rs_node_rest_t), many) != RS_OK ||
        rs_pool_init(&contacts->stories, sizeof(rs_story_t), max) != RS_OK ||
        rs_pool_init(&contacts->handlings, sizeof(rs_handling_t), many) != RS_OK ||
        rs_pool_init(&contacts->texts, sizeof(rs_event_text_t), many) != RS_OK ||
        rs_pool_init(&contacts->paths, sizeof(rs_path_t), settings->on_steps == NULL ? 1 : many) != RS_OK ||
        rs_index_init(&contacts->index, max) != RS_OK) {
        rs_contacts_deinit(contacts);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_contacts_deinit(rs_contacts_t *contacts) {
    rs_pool_deinit(&contacts->contacts);
    rs_pool_deinit(&contacts->nodes);
    rs_pool_deinit(&contacts->rests);
    rs_pool_deinit(&contacts->stories);
    rs_pool_deinit(&contacts->handlings);
    rs_pool_deinit(&contacts->texts);
    rs_pool_deinit(&contacts->paths);
    rs_index_deinit(&contacts->index);
}

uint64_t rs_contacts_bytes(const rs_contacts_t *contacts) {
    const rs_pool_t *const pools[] = {&contacts->contacts, &contacts->nodes, &contacts->rests, &contacts->stories, &contacts->handlings,
                                      &contacts->texts, &contacts->paths};
    uint64_t bytes = rs_index_bytes(&contacts->index);
    for (size_t i = 0; i < RS_ARRAY_LEN(pools); i++) bytes += rs_pool_bytes(pools[i]);
    return bytes;
}

static rs_node_t *node_at(const rs_contacts_t *contacts, uint32_t number) { return rs_pool_at(&contacts->nodes, number); }

/* --- lists by activity -------------------------------------------------------------------------------------------- */
static void list_remove(rs_contacts_t *contacts, uint32_t number) {
    rs_contact_t *contact = rs_contacts_at(contacts, number);
    rs_contact_list_t *list = &contacts->lists[contact->list];
    if (contact->older != 0) rs_contacts_at(contacts, contact->older)->younger = contact->younger;
    else list->oldest = contact->younger;
    if (contact->younger != 0) rs_contacts_at(contacts, contact->younger)->older = contact->older;
    else list->youngest = contact->older;
}

static void list_append(rs_contacts_t *contacts, uint32_t number, rs_contact_list_id_t id) {
    rs_contact_t *contact = rs_contacts_at(contacts, number);
    rs_contact_list_t *list = &contacts->lists[id];
    contact->list = (uint8_t)id;
    contact->older = list->youngest;
    contact->younger = 0;
    if (list->youngest != 0) rs_contacts_at(contacts, list->youngest)->younger = number;
    else list->oldest = number;
    list->youngest = number;
}

/* To the young end of a list, to be looked at when `due_us` has come. */
static void set_aside(rs_contacts_t *contacts, uint32_t number, rs_contact_list_id_t id, int64_t due_us) {
    rs_contact_t *contact = rs_contacts_at(contacts, number);
    contact->due_us = due_us;
    if (contact->list == id && contacts->lists[id].youngest == number) return;
    list_remove(contacts, number);
    list_append(contacts, number, id);
}

static uint32_t oldest_due(const rs_contacts_t *contacts, rs_contact_list_id_t id, int64_t now_us) {
    const uint32_t number = contacts->lists[id].oldest;
    if (number == 0) return 0;
    const rs_contact_t *contact = rs_contacts_at(contacts, number);
    if (contact->due_us > now_us) return 0;
    if (contact->younger != 0) __builtin_prefetch(&rs_contacts_at(contacts, contact->younger)->due_us, 1);   /* likely to be the next one */
    return number;
}

/* --- events of one contact ---------------------------------------------------------------------------------------- */
static void free_rests(rs_contacts_t *contacts, rs_contact_t *contact) {
    for (uint32_t number = contact->has_rests ? contact->head : 0; number != 0; number = node_at(contacts, number)->next) {
        if (node_at(contacts, number)->rest != 0) rs_pool_give(&contacts->rests, node_at(contacts, number)->rest);
    }
    contact->has_rests = false;
}

static void free_events(rs_contacts_t *contacts, rs_contact_t *contact) {
    free_rests(contacts, contact);
    if (contact->head != 0) rs_pool_give_chain(&contacts->nodes, contact->head, contact->tail, contact->events);
    if (contact->texts != 0) rs_pool_give_chain(&contacts->texts, contact->text_head, contact->text_tail, contact->texts);
    contact->head = contact->tail = 0;
    contact->text_head = contact->text_tail = contact->texts = 0;
    contact->events = 0;
}

/* The event stays: its id goes with the contact's events from now on. */
static void keep_text(rs_contacts_t *contacts, rs_contact_t *contact, uint32_t text) {
    if (text == 0) return;
    ((rs_event_text_t *)rs_pool_at(&contacts->texts, text))->next = contact->text_head;
    contact->text_head = text;
    if (contact->text_tail == 0) contact->text_tail = text;
    contact->texts++;
}

static void free_base(rs_contacts_t *contacts, rs_contact_t *contact) {
    if (contact->base == 0) return;
    rs_story_drop(&contacts->derivation, rs_pool_at(&contacts->stories, contact->base));
    rs_pool_give(&contacts->stories, contact->base);
    contact->base = 0;
}

/* What was derived so far can no longer change: the events go. The base is made again when the next event comes. */
static void fold(rs_contacts_t *contacts, rs_contact_t *contact) {
    free_base(contacts, contact);
    free_events(contacts, contact);
    contact->story.taken_queued = 0;
}

/* Before the first event after a fold: the story as it stands becomes the base. False: no room. */
static bool make_base(rs_contacts_t *contacts, rs_contact_t *contact) {
    if (contact->base != 0 || contact->events != 0 || contact->story.last.at_us == INT64_MIN) return true;
    const uint32_t number = rs_pool_take(&contacts->stories);
    if (number == 0) return false;
    if (!rs_story_copy(&contacts->derivation, &contact->story, rs_pool_at(&contacts->stories, number))) {
        rs_pool_give(&contacts->stories, number);
        return false;
    }
    contact->base = number;
    return true;
}

static void forget(rs_contacts_t *contacts, uint32_t number) {
    rs_contact_t *contact = rs_contacts_at(contacts, number);
    contacts->on_forget(contacts->context, number);
    list_remove(contacts, number);
    free_base(contacts, contact);
    free_events(contacts, contact);
    rs_story_drop(&contacts->derivation, &contact->story);
    rs_index_remove(&contacts->index, contact->id.low, number);
    rs_pool_give(&contacts->contacts, number);
}

/* All of a contact is looked at by most events. */
static void prefetch_contact(const rs_contact_t *contact) {
    const unsigned char *bytes = (const unsigned char *)contact;
    for (size_t at = 0; at < sizeof *contact; at += 64) __builtin_prefetch(bytes + at, 1);
}

/* What the contact at hand leads to, and will be needed a moment later. */
static void prefetch_around(const rs_contacts_t *contacts, const rs_contact_t *contact) {
    if (contact->story.handlings != 0) __builtin_prefetch(rs_pool_at(&contacts->handlings, contact->story.handlings), 1);
    if (contact->tail != 0) __builtin_prefetch(node_at(contacts, contact->tail), 1);
    if (contact->story.path != 0) {
        const unsigned char *path = rs_pool_at(&contacts->paths, contact->story.path);
        __builtin_prefetch(path, 1);
        __builtin_prefetch(path + 64, 1);
    }
    if (contact->older != 0) __builtin_prefetch(rs_contacts_at(contacts, contact->older), 1);
    if (contact->younger != 0) __builtin_prefetch(rs_contacts_at(contacts, contact->younger), 1);
}

void rs_contacts_prefetch_place(const rs_contacts_t *contacts, rs_hash128_t id) {
    __builtin_prefetch(&contacts->index.slots[rs_index_begin(&contacts->index, id.low)]);
}

uint32_t rs_contacts_prefetch(const rs_contacts_t *contacts, rs_hash128_t id) {
    uint32_t cursor = rs_index_begin(&contacts->index, id.low);
    const uint32_t number = rs_index_next(&contacts->index, id.low, &cursor);
    if (number != 0) prefetch_contact(rs_contacts_at(contacts, number));
    return number;
}

void rs_contacts_prefetch_around(const rs_contacts_t *contacts, uint32_t number) {
    const rs_contact_t *contact = rs_contacts_at(contacts, number);
    prefetch_around(contacts, contact);
    if (!contact->is_open) return;
    for (unsigned list = 0; list < RS_ARRAY_LEN(contact->open_next); list++) {
        if (contact->open_next[list] != 0) __builtin_prefetch(&rs_contacts_at(contacts, contact->open_next[list])->open_next, 1);
        if (contact->open_previous[list] != 0) __builtin_prefetch(&rs_contacts_at(contacts, contact->open_previous[list])->open_next, 1);
    }
}

uint32_t rs_contacts_known(const rs_contacts_t *contacts, rs_hash128_t id) {
    uint32_t cursor = rs_index_begin(&contacts->index, id.low), number;
    while ((number = rs_index_next(&contacts->index, id.low, &cursor)) != 0) {
        const rs_contact_t *contact = rs_contacts_at(contacts, number);
        if (contact->id.low == id.low && contact->id.high == id.high) return number;
    }
    return 0;
}

uint32_t rs_contacts_find(rs_contacts_t *contacts, uint32_t tenant, rs_hash128_t id) {
    uint32_t cursor = rs_index_begin(&contacts->index, id.low), number;
    while ((number = rs_index_next(&contacts->index, id.low, &cursor)) != 0) {
        const rs_contact_t *contact = rs_contacts_at(contacts, number);
        prefetch_contact(contact);
        if (contact->id.low != id.low || contact->id.high != id.high) continue;
        prefetch_around(contacts, contact);
        return number;
    }
    number = rs_pool_take(&contacts->contacts);
    for (unsigned list = RS_CONTACTS_FOLDED; number == 0 && list <= RS_CONTACTS_FILED; list++) {
        if (contacts->lists[list].oldest == 0) continue;
        contacts->forgotten++;
        forget(contacts, contacts->lists[list].oldest);
        number = rs_pool_take(&contacts->contacts);
    }
    if (number == 0) return 0;
    rs_contact_t *contact = rs_contacts_at(contacts, number);
    contact->id = id;
    contact->tenant = tenant;
    rs_story_init(&contact->story);
    rs_index_add(&contacts->index, id.low, number);
    list_append(contacts, number, RS_CONTACTS_KEPT);
    return number;
}

/* --- the total order of events (cases.md): occurred_at, source, incarnation, seq (absent last), event_id ----------- */
static int compare_ids(const rs_contacts_t *contacts, uint32_t a, uint32_t b) {
    rs_str_t text[2] = {{0}, {0}};
    const uint32_t numbers[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (numbers[i] == 0) continue;
        const rs_event_text_t *id = rs_pool_at(&contacts->texts, numbers[i]);
        text[i] = (rs_str_t){.data = id->bytes, .len = id->len};
    }
    return rs_str_compare(text[0], text[1]);
}

static int compare_nodes(const rs_contacts_t *contacts, const rs_node_t *a, const rs_node_t *b) {
    if (a->at_us != b->at_us) return a->at_us < b->at_us ? -1 : 1;
    if (a->session != b->session) {
        const int order = contacts->compare_sessions(contacts->context, a->session, b->session);
        if (order != 0) return order;
    }
    const bool a_has = (a->flags & RS_NODE_SEQ) != 0, b_has = (b->flags & RS_NODE_SEQ) != 0;
    if (a_has != b_has) return a_has ? -1 : 1;
    if (a_has && a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return compare_ids(contacts, a->id, b->id);
}

int rs_contacts_compare(const rs_contacts_t *contacts, const rs_order_t *a, const rs_order_t *b) {
    if (a->at_us != b->at_us) return a->at_us < b->at_us ? -1 : 1;
    if (a->session != b->session) {
        const int order = contacts->compare_sessions(contacts->context, a->session, b->session);
        if (order != 0) return order;
    }
    if (a->has_seq != b->has_seq) return a->has_seq ? -1 : 1;
    if (a->has_seq && a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return (a->id_prefix > b->id_prefix) - (a->id_prefix < b->id_prefix);
}

static void append(rs_contacts_t *contacts, rs_contact_t *contact, uint32_t number) {
    if (contact->tail != 0) node_at(contacts, contact->tail)->next = number;
    else contact->head = number;
    contact->tail = number;
    contact->events++;
}

static void insert(rs_contacts_t *contacts, rs_contact_t *contact, uint32_t number) {
    rs_node_t *node = node_at(contacts, number);
    uint32_t previous = 0, next = contact->head;
    while (next != 0 && compare_nodes(contacts, node_at(contacts, next), node) <= 0) {
        previous = next;
        next = node_at(contacts, next)->next;
    }
    node->next = next;
    if (previous != 0) node_at(contacts, previous)->next = number;
    else contact->head = number;
    if (next == 0) contact->tail = number;
    contact->events++;
}

/* --- deriving ----------------------------------------------------------------------------------------------------- */
static void collect_into(rs_contacts_t *contacts, rs_facts_t *facts, rs_steps_t *steps) {
    facts->count = steps->count = 0;
    contacts->derivation.facts = facts;
    contacts->derivation.steps = contacts->on_steps == NULL ? NULL : steps;
}

static bool derive_all(rs_contacts_t *contacts, const rs_contact_t *contact, rs_story_t *story, rs_facts_t *facts, rs_steps_t *steps) {
    rs_derivation_t *derivation = &contacts->derivation;
    collect_into(contacts, facts, steps);
    if (contact->base == 0) rs_story_init(story);
    else if (!rs_story_copy(derivation, rs_pool_at(&contacts->stories, contact->base), story)) return false;
    for (uint32_t number = contact->head; number != 0; number = node_at(contacts, number)->next) {
        rs_story_step(derivation, story, number);
    }
    return true;
}

static bool same_fact(const rs_fact_t *a, const rs_fact_t *b) { return memcmp(a, b, sizeof *a) == 0; }

/* Counts what is new in `after` and takes back what is gone from `before`; what both have is left alone. */
static void apply_difference(rs_contacts_t *contacts, uint32_t contact, uint32_t tenant) {
    rs_facts_t *before = &contacts->before, *after = &contacts->after;
    uint32_t first = 0, before_end = before->count, after_end = after->count;
    while (first < before_end && first < after_end && same_fact(&before->items[first], &after->items[first])) first++;
    while (before_end > first && after_end > first && same_fact(&before->items[before_end - 1], &after->items[after_end - 1])) {
        before_end--;
        after_end--;
    }
    for (uint32_t i = first; i < after_end; i++) {
        bool had = false;
        for (uint32_t j = first; j < before_end && !had; j++) {
            if (before->items[j].type == 0 || !same_fact(&before->items[j], &after->items[i])) continue;
            before->items[j].type = 0;
            had = true;
        }
        if (!had) contacts->on_facts(contacts->context, contact, tenant, &after->items[i], 1, 1);
    }
    for (uint32_t j = first; j < before_end; j++) {
        if (before->items[j].type != 0) contacts->on_facts(contacts->context, contact, tenant, &before->items[j], 1, -1);
    }
}

static const rs_path_t *path_of(const rs_contacts_t *contacts, const rs_contact_t *contact) {
    return contact->story.path == 0 ? NULL : rs_pool_at(&contacts->paths, contact->story.path);
}

/* The same for the steps of the way. */
static void apply_steps_difference(rs_contacts_t *contacts, const rs_contact_t *contact) {
    rs_steps_t *before = &contacts->steps_before, *after = &contacts->steps_after;
    rs_steps_leave_out_common(before, after);
    const rs_path_t *path = path_of(contacts, contact);
    if (after->count != 0) contacts->on_steps(contacts->context, contact->tenant, path, after->items, after->count, 1);
    if (before->count != 0) contacts->on_steps(contacts->context, contact->tenant, path, before->items, before->count, -1);
}

static void step_in_order(rs_contacts_t *contacts, uint32_t contact_number, uint32_t number) {
    rs_contact_t *contact = rs_contacts_at(contacts, contact_number);
    append(contacts, contact, number);
    collect_into(contacts, &contacts->after, &contacts->steps_after);
    rs_story_step(&contacts->derivation, &contact->story, number);
    if (contacts->steps_after.count != 0) {
        contacts->on_steps(contacts->context, contact->tenant, path_of(contacts, contact), contacts->steps_after.items,
                           contacts->steps_after.count, 1);
    }
    if (contacts->after.count == 0) return;
    contacts->on_facts(contacts->context, contact_number, contact->tenant, contacts->after.items, contacts->after.count, 1);
}

static rs_refusal_t rederive(rs_contacts_t *contacts, uint32_t contact_number, uint32_t number) {
    rs_contact_t *contact = rs_contacts_at(contacts, contact_number);
    rs_story_t before, after;
    contacts->rederived++;
    if (!derive_all(contacts, contact, &before, &contacts->before, &contacts->steps_before)) return RS_REFUSAL_LIMIT;
    rs_story_drop(&contacts->derivation, &before);
    insert(contacts, contact, number);
    if (!derive_all(contacts, contact, &after, &contacts->after, &contacts->steps_after)) {
        /* No room for the second reading: the event stays in the list and is read with the next one. */
        return RS_REFUSAL_NONE;
    }
    rs_story_drop(&contacts->derivation, &contact->story);
    contact->story = after;
    apply_difference(contacts, contact_number, contact->tenant);
    apply_steps_difference(contacts, contact);
    return RS_REFUSAL_NONE;
}

static bool says_more(const rs_node_rest_t *rest) {
    static const rs_node_rest_t nothing;
    return memcmp(rest, &nothing, sizeof nothing) != 0;
}

/* False: no room. */
bool rs_contacts_keep_rest(rs_contacts_t *contacts, rs_node_t *node, const rs_node_rest_t *rest) {
    if (!says_more(rest)) return true;
    node->rest = rs_pool_take(&contacts->rests);
    if (node->rest == 0) return false;
    *(rs_node_rest_t *)rs_pool_at(&contacts->rests, node->rest) = *rest;
    return true;
}

static void drop_event(rs_contacts_t *contacts, uint32_t number) {
    const rs_node_t *node = node_at(contacts, number);
    if (node->id != 0) rs_pool_give(&contacts->texts, node->id);
    if (node->rest != 0) rs_pool_give(&contacts->rests, node->rest);
    rs_pool_give(&contacts->nodes, number);
}

static uint32_t keep_event(rs_contacts_t *contacts, const rs_node_t *event, const rs_node_rest_t *rest, rs_str_t event_id) {
    const uint32_t number = rs_pool_take(&contacts->nodes);
    if (number == 0) return 0;
    rs_node_t *node = node_at(contacts, number);
    *node = *event;
    node->next = node->id = node->rest = 0;
    if (!rs_contacts_keep_rest(contacts, node, rest)) {
        rs_pool_give(&contacts->nodes, number);
        return 0;
    }
    if (event_id.len == 0 || event_id.len > RS_MAX_NAME) return number;
    node->id = rs_pool_take(&contacts->texts);
    if (node->id == 0) {
        drop_event(contacts, number);
        return 0;
    }
    rs_event_text_t *text = rs_pool_at(&contacts->texts, node->id);
    text->len = (uint8_t)event_id.len;
    memcpy(text->bytes, event_id.data, event_id.len);
    return number;
}

/* Only the next queued event can be what an outcome waited for. */
static bool follows_kept_queued(const rs_contacts_t *contacts, const rs_contact_t *contact, const rs_node_t *node) {
    for (uint32_t number = contact->head; number != 0; number = node_at(contacts, number)->next) {
        const rs_node_t *kept = node_at(contacts, number);
        if (compare_nodes(contacts, kept, node) > 0) return false;
        if (kept->type == RS_CONTACT_QUEUED) return true;
    }
    return false;
}

/* What is folded ends with the base's last event; an event before that in the total order comes too late for it, and so does the
 * queued event that an outcome in it was waiting for. */
static bool would_change_folded(const rs_contacts_t *contacts, const rs_contact_t *contact, const rs_node_t *node) {
    if (contact->base == 0) return false;
    const rs_story_t *base = rs_pool_at(&contacts->stories, contact->base);
    const rs_order_t order = rs_node_order(&contacts->derivation, node);
    if (rs_contacts_compare(contacts, &order, &base->last) < 0) return true;
    return rs_story_was_waiting_for(&contacts->derivation, base, node) && !follows_kept_queued(contacts, contact, node);
}

static void note_activity(rs_contacts_t *contacts, uint32_t number) {
    const rs_story_t *story = &rs_contacts_at(contacts, number)->story;
    const bool open = rs_story_waits_for_end(&contacts->derivation, story);
    const int64_t last_us = story->last.at_us;
    if (open) set_aside(contacts, number, RS_CONTACTS_OPEN, last_us + contacts->missing_end_us);
    else set_aside(contacts, number, RS_CONTACTS_KEPT, (last_us > contacts->now_us ? last_us : contacts->now_us) + contacts->lateness_us);
}

rs_refusal_t rs_contacts_take(rs_contacts_t *contacts, uint32_t number, const rs_node_t *event, const rs_node_rest_t *rest,
                              rs_str_t event_id) {
    rs_contact_t *contact = rs_contacts_at(contacts, number);
    if (contact->events >= contacts->max_events) fold(contacts, contact);
    if (!make_base(contacts, contact)) return RS_REFUSAL_LIMIT;
    const uint32_t node_number = keep_event(contacts, event, rest, event_id);
    if (node_number == 0) return RS_REFUSAL_LIMIT;
    if (would_change_folded(contacts, contact, node_at(contacts, node_number))) {
        drop_event(contacts, node_number);
        return RS_REFUSAL_TOO_LATE;
    }
    contacts->derivation.tenant = contact->tenant;
    contacts->derivation.spoken_until_us = contact->spoken_until_us;
    const rs_node_t *node = node_at(contacts, node_number);
    const bool in_order = contact->tail == 0 || compare_nodes(contacts, node_at(contacts, contact->tail), node) <= 0;
    /* Any of several unmatched outcomes may be the one; reading all again settles which. */
    const bool may_be_skewed = node->type == RS_CONTACT_QUEUED && contact->events != 0 && contact->story.unmatched_us != INT64_MIN &&
                               node->at_us - contact->story.unmatched_us <= contacts->skew_us;
    rs_refusal_t refusal = RS_REFUSAL_NONE;
    if (in_order && !may_be_skewed) step_in_order(contacts, number, node_number);
    else refusal = rederive(contacts, number, node_number);
    if (refusal != RS_REFUSAL_NONE) {
        drop_event(contacts, node_number);
        return refusal;
    }
    keep_text(contacts, contact, node->id);
    contact->has_rests = contact->has_rests || node->rest != 0;
    note_activity(contacts, number);
    return RS_REFUSAL_NONE;
}

/* A mark among the events: time has come so far. Whether an end is missing is then read from the events, so that an event that
 * still comes between can take it back. */
static void mark_time(rs_contacts_t *contacts, uint32_t number, int64_t at_us) {
    const rs_node_t mark = {.at_us = at_us, .type = RS_NODE_TIME_PASSED};
    if (rs_contacts_take(contacts, number, &mark, &(rs_node_rest_t){0}, (rs_str_t){0}) == RS_REFUSAL_NONE) return;
    set_aside(contacts, number, RS_CONTACTS_OPEN, at_us + contacts->lateness_us);   /* no room now: again later */
}

/* A wrap-up that runs keeps its contact; one that never ends does so until an end would be missing. */
static void age_kept(rs_contacts_t *contacts, uint32_t number, int64_t now_us) {
    rs_contact_t *contact = rs_contacts_at(contacts, number);
    const bool given_up = contacts->missing_end_us > 0 && contact->story.last.at_us + contacts->missing_end_us <= now_us;
    if (contact->story.wrapping != 0 && !given_up) {
        set_aside(contacts, number, RS_CONTACTS_KEPT, now_us + contacts->lateness_us);
        return;
    }
    const int64_t since_us = contact->due_us;   /* not now: when its memory ends is no matter of when time was looked at */
    fold(contacts, contact);
    if (contacts->on_fold != NULL) contacts->on_fold(contacts->context, number);
    const bool is_filed = contact->story.has_messages && contact->story.file != RS_FILE_CLOSED;
    if (is_filed) set_aside(contacts, number, RS_CONTACTS_FILED, since_us + contacts->keep_filed_us);
    else set_aside(contacts, number, RS_CONTACTS_FOLDED, since_us + contacts->keep_us);
}

void rs_contacts_age(rs_contacts_t *contacts, int64_t now_us, uint32_t budget,
                     void (*on_changed)(void *context, uint32_t contact), void *context) {
    uint32_t number;
    if (now_us > contacts->now_us) contacts->now_us = now_us;
    while (contacts->missing_end_us > 0 && budget > 0 && (number = oldest_due(contacts, RS_CONTACTS_OPEN, now_us)) != 0) {
        mark_time(contacts, number, rs_contacts_at(contacts, number)->due_us);
        on_changed(context, number);
        budget--;
    }
    while (budget > 0 && (number = oldest_due(contacts, RS_CONTACTS_KEPT, now_us)) != 0) {
        age_kept(contacts, number, now_us);
        budget--;
    }
    for (unsigned list = RS_CONTACTS_FOLDED; list <= RS_CONTACTS_FILED; list++) {
        while (budget > 0 && (number = oldest_due(contacts, (rs_contact_list_id_t)list, now_us)) != 0) {
            forget(contacts, number);
            budget--;
        }
    }
}
