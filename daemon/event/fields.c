/* Which field is which: keys of the wire, fields of a type, enumerations, and where the event keeps them. */
#include "event/event_internal.h"

const size_t rs__event_size = sizeof(rs_event_t);

static const char *const refusal_names[] = {
#define RS_X(name, text) text,
    RS_REFUSALS(RS_X)
#undef RS_X
};
const char *rs_refusal_name(unsigned refusal) {
    return refusal < RS_ARRAY_LEN(refusal_names) ? refusal_names[refusal] : "";
}

static const char *const field_names[] = {
#define RS__X(name, text) text,
    RS__ENVELOPE_FIELDS(RS__X) RS__DATA_FIELDS(RS__X)
#undef RS__X
};
const char *rs__field_name(unsigned field) { return field < RS_ARRAY_LEN(field_names) ? field_names[field] : ""; }

/* Inside a case of the key's length. */
#define MATCH(name, field) \
    if (memcmp(key, name, sizeof(name) - 1) == 0) return RS__FIELD_##field

unsigned rs__field_of_envelope(const char *key, size_t len) {
    switch (len) {
        case 3: MATCH("seq", SEQ); break;
        case 4: MATCH("type", TYPE); MATCH("data", DATA); MATCH("team", TEAM); break;
        case 5: MATCH("queue", QUEUE); MATCH("agent", AGENT); MATCH("topic", TOPIC); break;
        case 6: MATCH("source", SOURCE); MATCH("tenant", TENANT); break;
        case 7: MATCH("channel", CHANNEL); break;
        case 8: MATCH("customer", CUSTOMER); MATCH("event_id", EVENT_ID); break;
        case 9: MATCH("direction", DIRECTION); break;
        case 10: MATCH("contact_id", CONTACT_ID); MATCH("journey_id", JOURNEY_ID); break;
        case 11: MATCH("occurred_at", OCCURRED_AT); MATCH("incarnation", INCARNATION); break;
        default: break;
    }
    return RS__FIELD_UNKNOWN;
}

unsigned rs__field_of_data(const char *key, size_t len) {
    switch (len) {
        case 2: MATCH("by", BY); MATCH("to", TO); break;
        case 4: MATCH("kind", KIND); MATCH("from", FROM); MATCH("code", CODE); break;
        case 5: MATCH("stage", STAGE); MATCH("state", STATE); MATCH("score", SCORE); break;
        case 6: MATCH("reason", REASON); MATCH("result", RESULT); MATCH("to_seq", TO_SEQ); break;
        case 7:
            MATCH("wait_ms", WAIT_MS); MATCH("talk_ms", TALK_MS); MATCH("hold_ms", HOLD_MS);
            MATCH("ring_ms", RING_MS); MATCH("case_id", CASE_ID);
            break;
        case 8:
            MATCH("priority", PRIORITY); MATCH("to_queue", TO_QUEUE); MATCH("to_agent", TO_AGENT);
            MATCH("resolved", RESOLVED); MATCH("activity", ACTIVITY); MATCH("from_seq", FROM_SEQ);
            break;
        case 9: MATCH("scale_min", SCALE_MIN); MATCH("scale_max", SCALE_MAX); break;
        default: break;
    }
    return RS__FIELD_UNKNOWN;
}

#define MEASURES (RS__BIT(WAIT_MS) | RS__BIT(TALK_MS) | RS__BIT(HOLD_MS))
#define SEQUENCES (RS__BIT(FROM_SEQ) | RS__BIT(TO_SEQ))

static const uint64_t data_fields[RS_EVENT_TYPE_COUNT] = {
    [RS_CONTACT_CREATED] = MEASURES,
    [RS_CONTACT_QUEUED] = MEASURES | RS__BIT(PRIORITY),
    [RS_CONTACT_OFFERED] = MEASURES,
    [RS_CONTACT_OFFER_FAILED] = MEASURES | RS__BIT(REASON) | RS__BIT(RING_MS),
    [RS_CONTACT_ANSWERED] = MEASURES,
    [RS_CONTACT_HELD] = MEASURES,
    [RS_CONTACT_RETRIEVED] = MEASURES,
    [RS_CONTACT_TRANSFERRED] = MEASURES | RS__BIT(KIND) | RS__BIT(TO_QUEUE) | RS__BIT(TO_AGENT),
    [RS_CONTACT_ABANDONED] = MEASURES | RS__BIT(STAGE),
    [RS_CONTACT_DEQUEUED] = MEASURES | RS__BIT(REASON),
    [RS_CONTACT_BLOCKED] = MEASURES | RS__BIT(REASON),
    [RS_CONTACT_ENDED] = MEASURES | RS__BIT(BY),
    [RS_CONTACT_WRAPUP_STARTED] = MEASURES,
    [RS_CONTACT_WRAPUP_ENDED] = MEASURES,
    [RS_CONTACT_CLOSED] = MEASURES,
    [RS_CONTACT_REOPENED] = MEASURES,
    [RS_CONTACT_MESSAGE] = MEASURES | RS__BIT(FROM),
    [RS_CALLBACK_REQUESTED] = RS__BIT(RESULT),
    [RS_CALLBACK_ATTEMPTED] = RS__BIT(RESULT),
    [RS_CALLBACK_CONNECTED] = RS__BIT(RESULT),
    [RS_CALLBACK_FAILED] = RS__BIT(RESULT),
    [RS_DISPOSITION_SET] = RS__BIT(CODE) | RS__BIT(RESOLVED),
    [RS_SURVEY_ANSWERED] = RS__BIT(KIND) | RS__BIT(SCORE) | RS__BIT(SCALE_MIN) | RS__BIT(SCALE_MAX) | RS__BIT(RESOLVED),
    [RS_FEEDBACK_RECEIVED] = RS__BIT(KIND) | RS__BIT(CASE_ID) | RS__BIT(STAGE),
    [RS_AGENT_STATE] = RS__BIT(STATE) | RS__BIT(REASON),
    [RS_AGENT_QUEUE_JOINED] = 0,
    [RS_AGENT_QUEUE_LEFT] = 0,
    [RS_AGENT_SCHEDULED] = RS__BIT(FROM) | RS__BIT(TO) | RS__BIT(ACTIVITY),
    [RS_SOURCE_STARTED] = SEQUENCES,
    [RS_SOURCE_HEARTBEAT] = SEQUENCES,
    [RS_SOURCE_GAP] = SEQUENCES,
};

uint64_t rs__data_fields(unsigned type) { return type < RS_EVENT_TYPE_COUNT ? data_fields[type] : 0; }

#define RS_X(name, text) {text, sizeof(text) - 1},
#define NAMES(list, wire)                                                                   \
    static const rs_str_t list##_items[] = {{"", 0}, list(RS_X)};                           \
    static const rs__names_t list##_names = {list##_items, RS_ARRAY_LEN(list##_items), wire}
NAMES(RS_OFFER_REASONS, RS_OFFER_COUNT);
NAMES(RS_FLOW_REASONS, RS_FLOW_REQUEUED);
NAMES(RS_BLOCK_REASONS, RS_BLOCK_COUNT);
NAMES(RS_TRANSFER_KINDS, RS_TRANSFER_COUNT);
NAMES(RS_ABANDON_STAGES, RS_STAGE_COUNT);
NAMES(RS_PARTIES, RS_PARTY_COUNT);
NAMES(RS_SURVEY_KINDS, RS_SURVEY_COUNT);
NAMES(RS_FEEDBACK_KINDS, RS_FEEDBACK_COUNT);
NAMES(RS_FEEDBACK_STAGES, RS_FEEDBACK_STAGE_COUNT);
NAMES(RS_AGENT_STATES, RS_AGENT_STATE_COUNT);
static const rs_str_t channel_items[] = {{"", 0}, RS_CHANNELS(RS_X)};
static const rs_str_t direction_items[] = {{"", 0}, RS_DIRECTIONS(RS_X)};
static const rs_str_t type_items[] = {{"", 0}, RS_EVENT_TYPES(RS_X)};
const rs__names_t rs__channels = {channel_items, RS_CHANNEL_COUNT, RS_CHANNEL_COUNT};
const rs__names_t rs__directions = {direction_items, RS_DIRECTION_COUNT, RS_DIRECTION_COUNT};
static const rs__names_t types = {type_items, RS_EVENT_TYPE_COUNT, RS_EVENT_TYPE_COUNT};
#undef RS_X

const rs__names_t *rs__data_enum(unsigned type, unsigned field) {
    switch (field) {
        case RS__FIELD_REASON:
            if (type == RS_CONTACT_OFFER_FAILED) return &RS_OFFER_REASONS_names;
            if (type == RS_CONTACT_DEQUEUED) return &RS_FLOW_REASONS_names;
            return type == RS_CONTACT_BLOCKED ? &RS_BLOCK_REASONS_names : NULL;
        case RS__FIELD_KIND:
            if (type == RS_CONTACT_TRANSFERRED) return &RS_TRANSFER_KINDS_names;
            return type == RS_SURVEY_ANSWERED ? &RS_SURVEY_KINDS_names : &RS_FEEDBACK_KINDS_names;
        case RS__FIELD_STAGE:
            return type == RS_CONTACT_ABANDONED ? &RS_ABANDON_STAGES_names : &RS_FEEDBACK_STAGES_names;
        case RS__FIELD_BY: return &RS_PARTIES_names;
        case RS__FIELD_FROM: return type == RS_CONTACT_MESSAGE ? &RS_PARTIES_names : NULL;
        case RS__FIELD_STATE: return &RS_AGENT_STATES_names;
        default: return NULL;
    }
}

unsigned rs__names_find(const rs__names_t *names, rs_str_t text) {
    if (text.len == 0) return 0;
    const char last = text.data[text.len - 1];
    for (unsigned i = 1; i < names->wire_count; i++) {
        const rs_str_t *item = &names->items[i];
        if (item->len != text.len || item->data[text.len - 1] != last) continue;
        if (memcmp(item->data, text.data, text.len) == 0) return i;
    }
    return 0;
}

unsigned rs__type_of(rs_str_t name) { return rs__names_find(&types, name); }

uint8_t *rs__event_enum(rs_event_t *event, unsigned field) {
    switch (field) {
        case RS__FIELD_REASON: return &event->reason;
        case RS__FIELD_KIND: return &event->kind;
        case RS__FIELD_STAGE: return &event->stage;
        case RS__FIELD_BY:
        case RS__FIELD_FROM: return &event->party;
        case RS__FIELD_STATE: return &event->state;
        default: return NULL;
    }
}

rs_str_t *rs__event_text(rs_event_t *event, unsigned field, uint32_t *max_len) {
    *max_len = RS_MAX_NAME;
    switch (field) {
        case RS__FIELD_EVENT_ID: return &event->event_id;
        case RS__FIELD_SOURCE: return &event->source;
        case RS__FIELD_INCARNATION: return &event->incarnation;
        case RS__FIELD_TENANT: return &event->tenant;
        case RS__FIELD_CONTACT_ID: *max_len = RS_MAX_CONTACT_ID; return &event->contact_id;
        case RS__FIELD_JOURNEY_ID: *max_len = RS_MAX_CONTACT_ID; return &event->journey_id;
        case RS__FIELD_CUSTOMER: *max_len = RS_MAX_CUSTOMER; return &event->customer;
        case RS__FIELD_QUEUE: return &event->queue;
        case RS__FIELD_AGENT: return &event->agent;
        case RS__FIELD_TEAM: return &event->team;
        case RS__FIELD_TOPIC: return &event->topic;
        case RS__FIELD_TO_QUEUE: return &event->to_queue;
        case RS__FIELD_TO_AGENT: return &event->to_agent;
        case RS__FIELD_CASE_ID: return &event->case_id;
        case RS__FIELD_CODE:
        case RS__FIELD_RESULT:
        case RS__FIELD_ACTIVITY:
        case RS__FIELD_REASON: return &event->code;
        default: return NULL;
    }
}

int64_t *rs__event_number(rs_event_t *event, unsigned field, uint32_t *has) {
    switch (field) {
        case RS__FIELD_PRIORITY: *has = RS_HAS_PRIORITY; return &event->priority;
        case RS__FIELD_WAIT_MS: *has = RS_HAS_WAIT_MS; return &event->wait_ms;
        case RS__FIELD_TALK_MS: *has = RS_HAS_TALK_MS; return &event->talk_ms;
        case RS__FIELD_HOLD_MS: *has = RS_HAS_HOLD_MS; return &event->hold_ms;
        case RS__FIELD_RING_MS: *has = RS_HAS_RING_MS; return &event->ring_ms;
        case RS__FIELD_SCORE: *has = RS_HAS_SCORE; return &event->score_milli;
        case RS__FIELD_SCALE_MIN: *has = RS_HAS_SCALE_MIN; return &event->scale_min_milli;
        case RS__FIELD_SCALE_MAX: *has = RS_HAS_SCALE_MAX; return &event->scale_max_milli;
        case RS__FIELD_FROM: *has = RS_HAS_FROM_US; return &event->from_us;
        case RS__FIELD_TO: *has = RS_HAS_TO_US; return &event->to_us;
        default: return NULL;
    }
}

uint64_t *rs__event_sequence(rs_event_t *event, unsigned field, uint32_t *has) {
    switch (field) {
        case RS__FIELD_FROM_SEQ: *has = RS_HAS_FROM_SEQ; return &event->from_seq;
        case RS__FIELD_TO_SEQ: *has = RS_HAS_TO_SEQ; return &event->to_seq;
        case RS__FIELD_SEQ: *has = RS_HAS_SEQ; return &event->seq;
        default: return NULL;
    }
}
