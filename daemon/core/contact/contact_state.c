/* Contacts as bytes: their stories, the events that are kept, handlings and texts, each by its number. */
#include "core/parts_state.h"

/* --- the structs ------------------------------------------------------------------------------------------------------- */
/* A story within another struct, or the story itself. */
#define STORY_FIELDS(type, place, text) \
    RS_STATE_FIELD_AS(type, place leg_queued_us, text "leg_queued_us", RS_BOUND_TIME), \
    RS_STATE_ORDER_FIELDS(type, place last., text "last."), \
    RS_STATE_FIELD_AS(type, place unmatched_us, text "unmatched_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place unmatched_session, text "unmatched_session", RS_BOUND_SESSION), \
    RS_STATE_FIELD_AS(type, place unmatched_queue, text "unmatched_queue", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(type, place more_unmatched, text "more_unmatched", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place leg_queue, text "leg_queue", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(type, place last_queue, text "last_queue", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(type, place handlings, text "handlings", RS_BOUND_HANDLING), \
    RS_STATE_FIELD_AS(type, place taken_queued, text "taken_queued", RS_BOUND_NODE), \
    RS_STATE_FIELD_AS(type, place wrapping, text "wrapping", RS_BOUND_HANDLING), \
    RS_STATE_FIELD_AS(type, place leg_open, text "leg_open", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place leg_channel, text "leg_channel", RS_BOUND_CHANNEL), \
    RS_STATE_FIELD_AS(type, place first_channel, text "first_channel", RS_BOUND_CHANNEL), \
    RS_STATE_FIELD_AS(type, place first_queue, text "first_queue", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(type, place first_leg_channel, text "first_leg_channel", RS_BOUND_CHANNEL), \
    RS_STATE_FIELD_AS(type, place last_outcome, text "last_outcome", RS_BOUND_OUTCOME), \
    RS_STATE_FIELD_AS(type, place last_reason, text "last_reason", RS_BOUND_REASON), \
    RS_STATE_FIELD_AS(type, place has_leg, text "has_leg", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place first_answer_us, text "first_answer_us", RS_BOUND_OR_NONE), \
    RS_STATE_ORDER_FIELDS(type, place first_queued., text "first_queued."), \
    RS_STATE_ORDER_FIELDS(type, place last_leg_end., text "last_leg_end."), \
    RS_STATE_FIELD_AS(type, place path, text "path", RS_BOUND_PATH), \
    RS_STATE_FIELD_AS(type, place surveyed, text "surveyed", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place leg_since_us, text "leg_since_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place leg_counted_us, text "leg_counted_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place exchanged_since_us, text "exchanged_since_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place exchanged_wait_us, text "exchanged_wait_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place unanswered_us, text "unanswered_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place resolution_since_us, text "resolution_since_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place direction, text "direction", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place file, text "file", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place unanswered_implied, text "unanswered_implied", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place replied, text "replied", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place has_messages, text "has_messages", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place ended_us, text "ended_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place lost_us, text "lost_us", RS_BOUND_OR_NONE), \
    RS_STATE_OUTLINE_FIELDS(type, place outline., text "outline.")

static const rs_state_field_t contacts_fields[] = {
    RS_STATE_REBUILT(rs_contacts_t, contacts), RS_STATE_REBUILT(rs_contacts_t, nodes), RS_STATE_REBUILT(rs_contacts_t, stories),
    RS_STATE_REBUILT(rs_contacts_t, handlings), RS_STATE_REBUILT(rs_contacts_t, texts), RS_STATE_REBUILT(rs_contacts_t, index),
    RS_STATE_FIELD_AS(rs_contacts_t, lists[RS_CONTACTS_OPEN].oldest, "open.oldest", RS_BOUND_CONTACT),
    RS_STATE_FIELD_AS(rs_contacts_t, lists[RS_CONTACTS_OPEN].youngest, "open.youngest", RS_BOUND_CONTACT),
    RS_STATE_FIELD_AS(rs_contacts_t, lists[RS_CONTACTS_KEPT].oldest, "kept.oldest", RS_BOUND_CONTACT),
    RS_STATE_FIELD_AS(rs_contacts_t, lists[RS_CONTACTS_KEPT].youngest, "kept.youngest", RS_BOUND_CONTACT),
    RS_STATE_FIELD_AS(rs_contacts_t, lists[RS_CONTACTS_FOLDED].oldest, "folded.oldest", RS_BOUND_CONTACT),
    RS_STATE_FIELD_AS(rs_contacts_t, lists[RS_CONTACTS_FOLDED].youngest, "folded.youngest", RS_BOUND_CONTACT),
    RS_STATE_FIELD_AS(rs_contacts_t, lists[RS_CONTACTS_FILED].oldest, "filed.oldest", RS_BOUND_CONTACT),
    RS_STATE_FIELD_AS(rs_contacts_t, lists[RS_CONTACTS_FILED].youngest, "filed.youngest", RS_BOUND_CONTACT),
    RS_STATE_REBUILT(rs_contacts_t, derivation.nodes), RS_STATE_REBUILT(rs_contacts_t, rests),
    RS_STATE_REBUILT(rs_contacts_t, derivation.rests),
    RS_STATE_REBUILT(rs_contacts_t, derivation.handlings),
    RS_STATE_REBUILT(rs_contacts_t, derivation.texts), RS_STATE_REBUILT(rs_contacts_t, derivation.clock_skew_us),
    RS_STATE_REBUILT(rs_contacts_t, derivation.missing_end_us), RS_STATE_REBUILT(rs_contacts_t, derivation.same_source),
    RS_STATE_REBUILT(rs_contacts_t, derivation.repeat_window_us), RS_STATE_REBUILT(rs_contacts_t, derivation.worked),
    RS_STATE_REBUILT(rs_contacts_t, derivation.callback_keeps), RS_STATE_REBUILT(rs_contacts_t, derivation.spoken_until_us),
    RS_STATE_REBUILT(rs_contacts_t, derivation.paths), RS_STATE_REBUILT(rs_contacts_t, derivation.steps),
    RS_STATE_REBUILT(rs_contacts_t, paths), RS_STATE_REBUILT(rs_contacts_t, steps_before), RS_STATE_REBUILT(rs_contacts_t, steps_after),
    RS_STATE_REBUILT(rs_contacts_t, keep_filed_us), RS_STATE_REBUILT(rs_contacts_t, on_steps),
    RS_STATE_REBUILT(rs_contacts_t, derivation.team_of), RS_STATE_REBUILT(rs_contacts_t, derivation.context),
    RS_STATE_REBUILT(rs_contacts_t, derivation.tenant), RS_STATE_FIELD(rs_contacts_t, derivation.out_of_room, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_contacts_t, derivation.facts), RS_STATE_REBUILT(rs_contacts_t, before), RS_STATE_REBUILT(rs_contacts_t, after),
    RS_STATE_REBUILT(rs_contacts_t, lateness_us), RS_STATE_REBUILT(rs_contacts_t, skew_us), RS_STATE_REBUILT(rs_contacts_t, keep_us),
    RS_STATE_REBUILT(rs_contacts_t, missing_end_us), RS_STATE_FIELD(rs_contacts_t, now_us, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_contacts_t, max_events), RS_STATE_REBUILT(rs_contacts_t, compare_sessions),
    RS_STATE_REBUILT(rs_contacts_t, on_facts),
    RS_STATE_REBUILT(rs_contacts_t, on_fold), RS_STATE_REBUILT(rs_contacts_t, on_forget), RS_STATE_REBUILT(rs_contacts_t, context),
    RS_STATE_FIELD(rs_contacts_t, rederived, RS_BOUND_ANY), RS_STATE_FIELD(rs_contacts_t, forgotten, RS_BOUND_ANY)};
static const rs_state_table_t contacts_table = RS_STATE_TABLE(rs_contacts_t, "contacts", contacts_fields);

static const rs_state_field_t contact_fields[] = {
    RS_STATE_FIELD(rs_contact_t, id.low, RS_BOUND_ANY), RS_STATE_FIELD(rs_contact_t, id.high, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_contact_t, tenant, RS_BOUND_NAME), RS_STATE_FIELD(rs_contact_t, head, RS_BOUND_NODE),
    RS_STATE_FIELD(rs_contact_t, tail, RS_BOUND_NODE), RS_STATE_FIELD(rs_contact_t, text_head, RS_BOUND_TEXT),
    RS_STATE_FIELD(rs_contact_t, text_tail, RS_BOUND_TEXT), RS_STATE_FIELD(rs_contact_t, texts, RS_BOUND_TEXT),
    RS_STATE_FIELD(rs_contact_t, base, RS_BOUND_STORY), RS_STATE_FIELD(rs_contact_t, older, RS_BOUND_CONTACT),
    RS_STATE_FIELD(rs_contact_t, younger, RS_BOUND_CONTACT), RS_STATE_FIELD(rs_contact_t, journey, RS_BOUND_JOURNEY),
    RS_STATE_FIELD(rs_contact_t, journey_next, RS_BOUND_CONTACT), RS_STATE_FIELD(rs_contact_t, journey_named, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_contact_t, has_rests), RS_STATE_FIELD(rs_contact_t, events, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_contact_t, list, RS_BOUND_LIST),
    RS_STATE_FIELD(rs_contact_t, due_us, RS_BOUND_ANY), STORY_FIELDS(rs_contact_t, story., "story."),
    RS_STATE_FIELD(rs_contact_t, open_queue_key, RS_BOUND_KEY), RS_STATE_FIELD(rs_contact_t, open_channel_key, RS_BOUND_KEY),
    RS_STATE_FIELD(rs_contact_t, open_total_key, RS_BOUND_KEY), RS_STATE_ARRAY(rs_contact_t, open_next, RS_BOUND_CONTACT),
    RS_STATE_ARRAY(rs_contact_t, open_previous, RS_BOUND_CONTACT), RS_STATE_FIELD(rs_contact_t, over, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_contact_t, is_open, RS_BOUND_ANY), RS_STATE_FIELD(rs_contact_t, is_talking, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_contact_t, talking_channel, RS_BOUND_CHANNEL), RS_STATE_FIELD(rs_contact_t, open_channel, RS_BOUND_CHANNEL),
    RS_STATE_FIELD(rs_contact_t, talking_queue, RS_BOUND_NAME), RS_STATE_FIELD(rs_contact_t, open_queue, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_contact_t, talking_key, RS_BOUND_KEY), RS_STATE_FIELD(rs_contact_t, open_since_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_contact_t, staff_agent, RS_BOUND_AGENT), RS_STATE_FIELD(rs_contact_t, staff_next, RS_BOUND_CONTACT),
    RS_STATE_FIELD(rs_contact_t, staff_queue, RS_BOUND_NAME), RS_STATE_FIELD(rs_contact_t, staff_since_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_contact_t, journey_sought, RS_BOUND_ANY), RS_STATE_ORDER_FIELDS(rs_contact_t, journey_order., "journey_order."),
    RS_STATE_FIELD(rs_contact_t, spoken_until_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_contact_t, resolution, RS_BOUND_RESOLUTION),
    RS_STATE_FIELD(rs_contact_t, underway_key, RS_BOUND_KEY), RS_STATE_FIELD(rs_contact_t, underway, RS_BOUND_UNDERWAY),
    RS_STATE_FIELD(rs_contact_t, underway_since_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_contact_t, close_facts, RS_BOUND_CLOSE_FACT),
    RS_STATE_FIELD(rs_contact_t, close_fact_count, RS_BOUND_ANY), RS_STATE_FIELD(rs_contact_t, close_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_contact_t, close_moves, RS_BOUND_ANY)};
static const rs_state_table_t contact_table = RS_STATE_TABLE(rs_contact_t, "contact", contact_fields);

/* An event is saved with its rest. The union of a transfer's aims and a survey's scale is saved as the former. */
static const rs_state_field_t node_fields[] = {
    RS_STATE_FIELD_AS(rs_node_saved_t, node.next, "next", RS_BOUND_NODE), RS_STATE_FIELD_AS(rs_node_saved_t, node.id, "id", RS_BOUND_TEXT),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.at_us, "at_us", RS_BOUND_TIME),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.seq, "seq", RS_BOUND_ANY),
    RS_STATE_ARRAY_AS(rs_node_saved_t, rest.ms, "ms", RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.session, "session", RS_BOUND_SESSION),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.queue, "queue", RS_BOUND_NAME),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.agent, "agent", RS_BOUND_NAME),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.team, "team", RS_BOUND_NAME),
    RS_STATE_FIELD_AS(rs_node_saved_t, rest.topic, "topic", RS_BOUND_NAME),
    RS_STATE_FIELD_AS(rs_node_saved_t, rest.to_queue, "to_queue", RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_node_saved_t, rest.to_agent, "to_agent", RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_node_saved_t, rest.score_milli, "score_milli", RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.type, "type", RS_BOUND_NODE_TYPE),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.channel, "channel", RS_BOUND_CHANNEL),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.detail, "detail", RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.flags, "flags", RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.direction, "direction", RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_node_saved_t, node.party, "party", RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_node_saved_t, rest.customer.low, "customer.low", RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_node_saved_t, rest.customer.high, "customer.high", RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_node_saved_t, node.rest), RS_STATE_REBUILT(rs_node_saved_t, rest.next),
    RS_STATE_REBUILT(rs_node_saved_t, rest.unused)};
static const rs_state_table_t node_table = RS_STATE_TABLE(rs_node_saved_t, "event", node_fields);

static const rs_state_field_t story_fields[] = {STORY_FIELDS(rs_story_t, , "")};
static const rs_state_table_t story_table = RS_STATE_TABLE(rs_story_t, "story", story_fields);

static const rs_state_field_t handling_fields[] = {
    RS_STATE_FIELD(rs_handling_t, next, RS_BOUND_HANDLING), RS_STATE_FIELD(rs_handling_t, queue, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_handling_t, agent, RS_BOUND_NAME), RS_STATE_FIELD(rs_handling_t, team, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_handling_t, holds, RS_BOUND_ANY), RS_STATE_FIELD(rs_handling_t, channel, RS_BOUND_CHANNEL),
    RS_STATE_FIELD(rs_handling_t, flags, RS_BOUND_ANY), RS_STATE_FIELD(rs_handling_t, start_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_handling_t, enter_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_handling_t, end_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_handling_t, hold_start_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_handling_t, hold_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_handling_t, talk_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_handling_t, wrap_start_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_handling_t, wrap_us, RS_BOUND_ANY)};
static const rs_state_table_t handling_table = RS_STATE_TABLE(rs_handling_t, "handling", handling_fields);

static const rs_state_field_t text_fields[] = {
    RS_STATE_FIELD(rs_event_text_t, next, RS_BOUND_TEXT), RS_STATE_FIELD(rs_event_text_t, len, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_event_text_t, bytes, RS_BOUND_ANY)};
static const rs_state_table_t text_table = RS_STATE_TABLE(rs_event_text_t, "text", text_fields);

static const rs_state_field_t path_fields[] = {
    RS_STATE_FIELD(rs_path_t, begun_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_path_t, entered_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_path_t, end_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_path_t, left_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_path_t, hash, RS_BOUND_ANY), RS_STATE_FIELD(rs_path_t, stage, RS_BOUND_STAGE),
    RS_STATE_FIELD(rs_path_t, queue, RS_BOUND_NAME), RS_STATE_FIELD(rs_path_t, before_ring, RS_BOUND_STAGE),
    RS_STATE_ARRAY(rs_path_t, queues, RS_BOUND_NAME), RS_STATE_ARRAY(rs_path_t, agents, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_path_t, kinds, RS_BOUND_ANY), RS_STATE_FIELD(rs_path_t, ringing, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_path_t, end, RS_BOUND_PROCESS_KIND), RS_STATE_FIELD(rs_path_t, end_after_wrap, RS_BOUND_PROCESS_KIND),
    RS_STATE_FIELD(rs_path_t, survey_waits, RS_BOUND_ANY), RS_STATE_FIELD(rs_path_t, flags, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_path_t, length, RS_BOUND_PATH_LENGTH), RS_STATE_ARRAY(rs_path_t, stages, RS_BOUND_STAGE)};
static const rs_state_table_t path_table = RS_STATE_TABLE(rs_path_t, "path", path_fields);

/* --- an event and its rest --------------------------------------------------------------------------------------------- */
static void save_node(const void *context, const void *item, void *saved_item) {
    const rs_contacts_t *contacts = context;
    rs_node_saved_t *saved = saved_item;
    saved->node = *(const rs_node_t *)item;
    saved->rest = *rs_node_rest(&contacts->derivation, &saved->node);
}

static bool restore_node(void *context, const void *saved_item, void *item) {
    const rs_node_saved_t *saved = saved_item;
    *(rs_node_t *)item = saved->node;
    return rs_contacts_keep_rest(context, item, &saved->rest);
}

static rs_state_form_t node_form(const rs_contacts_t *contacts) {
    return (rs_state_form_t){.save = save_node, .restore = restore_node, .context = (void *)(uintptr_t)contacts};
}

/* --- saving and loading ------------------------------------------------------------------------------------------------ */
static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_contacts_t *contacts = &core->contacts;
    rs_state_put_item(writer, &contacts_table, contacts);
    rs_state_put_pool(writer, &contact_table, &contacts->contacts);
    const rs_state_form_t node = node_form(contacts);
    rs_state_put_pool_as(writer, &node_table, &contacts->nodes, &node);
    rs_state_put_pool(writer, &story_table, &contacts->stories);
    rs_state_put_pool(writer, &handling_table, &contacts->handlings);
    rs_state_put_pool(writer, &text_table, &contacts->texts);
    rs_state_put_pool(writer, &path_table, &contacts->paths);
}

static void find_again(rs_contacts_t *contacts, rs_state_reader_t *reader) {
    rs_state_claims_t claims;
    const int status = rs_state_claims_begin(&claims, &contacts->contacts);
    if (status != RS_OK) rs_state_refuse(reader, status, "the contacts cannot be indexed");
    for (uint32_t number = 1; number <= contacts->contacts.made && rs_state_is_good(reader); number++) {
        if (rs_state_is_free(&claims, number)) continue;
        rs_contact_t *contact = rs_contacts_at(contacts, number);
        contact->has_rests = true;   /* for all that is known here */
        rs_index_add(&contacts->index, contact->id.low, number);
    }
    rs_state_claims_end(&claims);
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_contacts_t *contacts = &core->contacts;
    rs_state_get_item(reader, &contacts_table, contacts);
    rs_state_get_pool(reader, &contact_table, &contacts->contacts, "limits.contacts");
    const rs_state_form_t node = node_form(contacts);
    rs_state_get_pool_as(reader, &node_table, &contacts->nodes, "limits.contacts", &node);
    rs_state_get_pool(reader, &story_table, &contacts->stories, "limits.contacts");
    rs_state_get_pool(reader, &handling_table, &contacts->handlings, "limits.contacts");
    rs_state_get_pool(reader, &text_table, &contacts->texts, "limits.contacts");
    rs_state_get_pool(reader, &path_table, &contacts->paths, "limits.contacts and limits.edges");
    if (rs_state_is_good(reader)) find_again(contacts, reader);
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */
typedef struct looking {
    const rs_contacts_t *contacts;
    rs_state_claims_t contact, node, story, handling, text, path;
    uint32_t names;
} looking_t;

/* Every contact stands in one list, linked both ways. */
static bool lists_are_right(looking_t *look) {
    const rs_contacts_t *contacts = look->contacts;
    for (unsigned id = 0; id < RS_CONTACT_LISTS; id++) {
        uint32_t before = 0;
        for (uint32_t number = contacts->lists[id].oldest; number != 0; number = rs_contacts_at(contacts, number)->younger) {
            if (!rs_state_claim(&look->contact, number)) return false;
            const rs_contact_t *contact = rs_contacts_at(contacts, number);
            if (contact->list != id || contact->older != before) return false;
            before = number;
        }
        if (contacts->lists[id].youngest != before) return false;
    }
    return look->contact.left == 0;
}

static bool detail_is_right(const rs_node_t *node) {
    switch (node->type) {
        case RS_CONTACT_OFFER_FAILED: return node->detail < RS_OFFER_COUNT;
        case RS_CONTACT_DEQUEUED: return node->detail < RS_FLOW_COUNT;
        case RS_CONTACT_BLOCKED: return node->detail < RS_BLOCK_COUNT;
        case RS_CONTACT_TRANSFERRED: return node->detail < RS_TRANSFER_COUNT;
        default: return true;
    }
}

static bool events_are_right(looking_t *look, const rs_contact_t *contact) {
    uint32_t last = 0, count = 0;
    for (uint32_t number = contact->head; number != 0; count++) {
        if (!rs_state_claim(&look->node, number)) return false;
        const rs_node_t *node = rs_pool_at(&look->contacts->nodes, number);
        const rs_node_rest_t *rest = rs_node_rest(&look->contacts->derivation, node);
        const bool aims = node->type != RS_CONTACT_TRANSFERRED || (rest->to_queue <= look->names && rest->to_agent <= look->names);
        if (!aims || !detail_is_right(node) || node->type == 0) return false;
        last = number;
        number = node->next;
    }
    return count == contact->events && last == contact->tail && count <= RS_FACTS_MAX / 16;
}

/* An event's id is one of its contact's; that it is one at all is enough. */
static bool texts_are_right(looking_t *look, const rs_contact_t *contact) {
    uint32_t last = 0, count = 0;
    for (uint32_t number = contact->text_head; number != 0; count++) {
        if (!rs_state_claim(&look->text, number)) return false;
        const rs_event_text_t *text = rs_pool_at(&look->contacts->texts, number);
        if (text->len > RS_MAX_NAME) return false;
        last = number;
        number = text->next;
    }
    return count == contact->texts && last == contact->text_tail;
}

static bool path_is_right(looking_t *look, uint32_t number) {
    if (!rs_state_claim(&look->path, number)) return false;
    const rs_path_t *path = rs_pool_at(&look->contacts->paths, number);
    bool right = rs_state_stage_is_right(path->stage) && rs_state_stage_is_right(path->before_ring);
    for (unsigned i = 0; i < RS_PATH_STAGES; i++) right = right && rs_state_stage_is_right(path->stages[i]);
    return right;
}

static bool story_is_right(looking_t *look, const rs_story_t *story) {
    uint32_t wrapping = 0;
    bool newest = true;
    if (story->last.at_us < 0 && story->last.at_us != INT64_MIN) return false;
    for (uint32_t number = story->handlings; number != 0; newest = false) {
        if (!rs_state_claim(&look->handling, number)) return false;
        const rs_handling_t *handling = rs_pool_at(&look->contacts->handlings, number);
        if ((handling->flags & RS_HANDLING_OPEN) != 0 && !newest) return false;
        wrapping += (handling->flags & RS_HANDLING_WRAPPING) != 0;
        number = handling->next;
    }
    if (story->path != 0 && !path_is_right(look, story->path)) return false;
    return wrapping == story->wrapping;
}

static bool contact_is_right(looking_t *look, const rs_contact_t *contact) {
    if (!events_are_right(look, contact) || !texts_are_right(look, contact) || !story_is_right(look, &contact->story)) return false;
    if (contact->base == 0) return true;
    return rs_state_claim(&look->story, contact->base) && story_is_right(look, rs_pool_at(&look->contacts->stories, contact->base));
}

/* Before anything is claimed: no event's id is free. */
static bool ids_are_there(const looking_t *look) {
    for (uint32_t number = 1; number <= look->contacts->nodes.made; number++) {
        if (rs_state_is_free(&look->node, number)) continue;
        const uint32_t id = ((const rs_node_t *)rs_pool_at(&look->contacts->nodes, number))->id;
        if (id != 0 && rs_state_is_free(&look->text, id)) return false;
    }
    return true;
}

static bool all_is_right(looking_t *look) {
    if (!ids_are_there(look) || !lists_are_right(look)) return false;
    for (unsigned id = 0; id < RS_CONTACT_LISTS; id++) {
        for (uint32_t number = look->contacts->lists[id].oldest; number != 0;) {
            const rs_contact_t *contact = rs_contacts_at(look->contacts, number);
            if (!contact_is_right(look, contact)) return false;
            number = contact->younger;
        }
    }
    return look->node.left == 0 && look->story.left == 0 && look->handling.left == 0 && look->text.left == 0 &&
           look->path.left == 0;
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    const rs_contacts_t *contacts = &core->contacts;
    looking_t look = {.contacts = contacts, .names = core->directory.names.count};
    const rs_state_form_t node = node_form(contacts);
    rs_state_check_item(reader, bounds, &contacts_table, contacts);
    const bool bounded = rs_state_check_pool(reader, bounds, &contact_table, &contacts->contacts, &look.contact) &&
                         rs_state_check_pool_as(reader, bounds, &node_table, &contacts->nodes, &look.node, &node) &&
                         rs_state_check_pool(reader, bounds, &story_table, &contacts->stories, &look.story) &&
                         rs_state_check_pool(reader, bounds, &handling_table, &contacts->handlings, &look.handling) &&
                         rs_state_check_pool(reader, bounds, &text_table, &contacts->texts, &look.text) &&
                         rs_state_check_pool(reader, bounds, &path_table, &contacts->paths, &look.path);
    if (bounded && !all_is_right(&look)) rs_state_refuse(reader, RS_ERR_PARSE, "the contacts do not hang together");
    rs_state_claims_end(&look.contact);
    rs_state_claims_end(&look.node);
    rs_state_claims_end(&look.story);
    rs_state_claims_end(&look.handling);
    rs_state_claims_end(&look.text);
    rs_state_claims_end(&look.path);
}

const rs_state_part_t rs_state_contacts_part = {
    .name = "contacts", .version = 1, .table_count = 7,
    .tables = {&contacts_table, &contact_table, &node_table, &story_table, &handling_table,
               &text_table, &path_table},
    .save = save, .load = load, .check = check};
