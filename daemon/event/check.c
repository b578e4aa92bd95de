/* Is an event complete and in range? The one judge for events of both encodings, of connectors and of programs. */
#include "event/event_internal.h"

/* What is wrong with an event: the first thing that a check found. */
typedef struct rs__verdict {
    rs_refusal_t reason;
    unsigned field;
    uint32_t len;
} rs__verdict_t;

static bool refuse(rs__verdict_t *verdict, rs_refusal_t reason, unsigned field, uint32_t len) {
    *verdict = (rs__verdict_t){reason, field, len};
    return false;
}

static bool needs_contact(unsigned type) {
    return type <= RS_SURVEY_ANSWERED;   /* contact., callback., disposition., survey. come first in the list */
}
static bool needs_agent(unsigned type) { return type >= RS_AGENT_STATE && type <= RS_AGENT_SCHEDULED; }
_Static_assert(RS_SURVEY_ANSWERED == 23 && RS_FEEDBACK_RECEIVED == 24 && RS_AGENT_STATE == 25
               && RS_AGENT_SCHEDULED == 28 && RS_EVENT_TYPE_COUNT == 32,
               "a new type must be looked at in needs_contact and needs_agent");

static bool has_required(const rs_event_t *event, rs__verdict_t *verdict) {
    const rs_refusal_t missing = RS_REFUSAL_MISSING_FIELD;
    if (event->source.len == 0) return refuse(verdict, missing, RS__FIELD_SOURCE, 0);
    if (event->type == RS_EVENT_NONE) return refuse(verdict, missing, RS__FIELD_TYPE, 0);
    if (event->type >= RS_EVENT_TYPE_COUNT) return refuse(verdict, RS_REFUSAL_UNKNOWN_TYPE, RS__FIELD_TYPE, 0);
    const bool identified = event->event_id.len > 0 || (event->present & RS_HAS_SEQ) != 0;
    if (!identified) return refuse(verdict, missing, RS__FIELD_EVENT_ID, 0);
    const bool contactless = event->contact_id.len == 0 && needs_contact(event->type);
    if (contactless) return refuse(verdict, missing, RS__FIELD_CONTACT_ID, 0);
    if (event->queue.len == 0 && event->type == RS_CONTACT_QUEUED) return refuse(verdict, missing, RS__FIELD_QUEUE, 0);
    if (event->agent.len == 0 && needs_agent(event->type)) return refuse(verdict, missing, RS__FIELD_AGENT, 0);
    return true;
}

static inline bool text_fits(rs_str_t text, unsigned field, uint32_t max_len, rs__verdict_t *verdict) {
    if (text.len == 0) return true;
    const rs_refusal_t reason = rs__check_text(text, max_len);
    return reason == RS_REFUSAL_NONE || refuse(verdict, reason, field, text.len);
}

static bool customer_fits(const rs_event_t *event, rs__verdict_t *verdict) {
    const bool pseudonym = (event->present & RS_HAS_PSEUDONYM) != 0;
    if (!pseudonym) return text_fits(event->customer, RS__FIELD_CUSTOMER, RS_MAX_CUSTOMER, verdict);
    return event->customer.len == RS_PSEUDONYM_BYTES
           || refuse(verdict, RS_REFUSAL_BAD_VALUE, RS__FIELD_CUSTOMER, event->customer.len);
}

static unsigned field_of_code(unsigned type) {
    switch (type) {
        case RS_AGENT_STATE: return RS__FIELD_REASON;
        case RS_AGENT_SCHEDULED: return RS__FIELD_ACTIVITY;
        case RS_DISPOSITION_SET: return RS__FIELD_CODE;
        default: return RS__FIELD_RESULT;
    }
}

static bool texts_fit(const rs_event_t *event, rs__verdict_t *verdict) {
    return text_fits(event->source, RS__FIELD_SOURCE, RS_MAX_NAME, verdict)
           && text_fits(event->event_id, RS__FIELD_EVENT_ID, RS_MAX_NAME, verdict)
           && text_fits(event->incarnation, RS__FIELD_INCARNATION, RS_MAX_NAME, verdict)
           && text_fits(event->tenant, RS__FIELD_TENANT, RS_MAX_NAME, verdict)
           && text_fits(event->contact_id, RS__FIELD_CONTACT_ID, RS_MAX_CONTACT_ID, verdict)
           && text_fits(event->journey_id, RS__FIELD_JOURNEY_ID, RS_MAX_CONTACT_ID, verdict)
           && customer_fits(event, verdict)
           && text_fits(event->queue, RS__FIELD_QUEUE, RS_MAX_NAME, verdict)
           && text_fits(event->agent, RS__FIELD_AGENT, RS_MAX_NAME, verdict)
           && text_fits(event->team, RS__FIELD_TEAM, RS_MAX_NAME, verdict)
           && text_fits(event->topic, RS__FIELD_TOPIC, RS_MAX_NAME, verdict)
           && text_fits(event->to_queue, RS__FIELD_TO_QUEUE, RS_MAX_NAME, verdict)
           && text_fits(event->to_agent, RS__FIELD_TO_AGENT, RS_MAX_NAME, verdict)
           && text_fits(event->case_id, RS__FIELD_CASE_ID, RS_MAX_NAME, verdict)
           && text_fits(event->code, field_of_code(event->type), RS_MAX_NAME, verdict);
}

typedef struct rs__range {
    int64_t min, max;
    rs_refusal_t reason;   /* why a number outside is refused */
} rs__range_t;
static const rs__range_t of_time = {0, RS_TIME_MAX_US - 1, RS_REFUSAL_BAD_TIME};
static const rs__range_t of_duration = {0, UINT32_MAX, RS_REFUSAL_OUT_OF_RANGE};
static const rs__range_t of_score = {-RS_MAX_SCORE_MILLI, RS_MAX_SCORE_MILLI, RS_REFUSAL_OUT_OF_RANGE};
static const rs__range_t of_priority = {INT32_MIN, INT32_MAX, RS_REFUSAL_OUT_OF_RANGE};

static bool number_fits(bool present, int64_t number, unsigned field, const rs__range_t *range, rs__verdict_t *verdict) {
    const bool fits = !present || (number >= range->min && number <= range->max);
    return fits || refuse(verdict, range->reason, field, 0);
}

static bool numbers_fit(const rs_event_t *event, rs__verdict_t *verdict) {
    const uint32_t has = event->present;
    if (!number_fits(true, event->occurred_us, RS__FIELD_OCCURRED_AT, &of_time, verdict)) return false;
    if ((has & ~(uint32_t)(RS_HAS_SEQ | RS_HAS_PSEUDONYM)) == 0) return true;
    return number_fits((has & RS_HAS_WAIT_MS) != 0, event->wait_ms, RS__FIELD_WAIT_MS, &of_duration, verdict)
           && number_fits((has & RS_HAS_TALK_MS) != 0, event->talk_ms, RS__FIELD_TALK_MS, &of_duration, verdict)
           && number_fits((has & RS_HAS_HOLD_MS) != 0, event->hold_ms, RS__FIELD_HOLD_MS, &of_duration, verdict)
           && number_fits((has & RS_HAS_RING_MS) != 0, event->ring_ms, RS__FIELD_RING_MS, &of_duration, verdict)
           && number_fits((has & RS_HAS_PRIORITY) != 0, event->priority, RS__FIELD_PRIORITY, &of_priority, verdict)
           && number_fits((has & RS_HAS_SCORE) != 0, event->score_milli, RS__FIELD_SCORE, &of_score, verdict)
           && number_fits((has & RS_HAS_SCALE_MIN) != 0, event->scale_min_milli, RS__FIELD_SCALE_MIN, &of_score, verdict)
           && number_fits((has & RS_HAS_SCALE_MAX) != 0, event->scale_max_milli, RS__FIELD_SCALE_MAX, &of_score, verdict)
           && number_fits((has & RS_HAS_FROM_US) != 0, event->from_us, RS__FIELD_FROM, &of_time, verdict)
           && number_fits((has & RS_HAS_TO_US) != 0, event->to_us, RS__FIELD_TO, &of_time, verdict);
}

static bool item_fits(const rs_event_t *event, unsigned field, unsigned item) {
    if (item == 0 || (rs__data_fields(event->type) >> field & 1) == 0) return true;
    const rs__names_t *names = rs__data_enum(event->type, field);
    return names == NULL || item < names->count;
}

bool rs__items_fit(const rs_event_t *event, unsigned *field) {
    if (event->channel >= RS_CHANNEL_COUNT) return *field = RS__FIELD_CHANNEL, false;
    if (event->direction >= RS_DIRECTION_COUNT) return *field = RS__FIELD_DIRECTION, false;
    if ((event->reason | event->kind | event->stage | event->party | event->state) == 0) return true;
    if (!item_fits(event, RS__FIELD_REASON, event->reason)) return *field = RS__FIELD_REASON, false;
    if (!item_fits(event, RS__FIELD_KIND, event->kind)) return *field = RS__FIELD_KIND, false;
    if (!item_fits(event, RS__FIELD_STAGE, event->stage)) return *field = RS__FIELD_STAGE, false;
    if (!item_fits(event, RS__FIELD_BY, event->party)) return *field = RS__FIELD_BY, false;
    if (!item_fits(event, RS__FIELD_FROM, event->party)) return *field = RS__FIELD_FROM, false;
    if (!item_fits(event, RS__FIELD_STATE, event->state)) return *field = RS__FIELD_STATE, false;
    return true;
}

static bool event_fits(const rs_event_t *event, rs__verdict_t *verdict) {
    unsigned field;
    if (!has_required(event, verdict) || !texts_fit(event, verdict) || !numbers_fit(event, verdict)) return false;
    return rs__items_fit(event, &field) || refuse(verdict, RS_REFUSAL_BAD_VALUE, field, 0);
}

int rs_event_check(const rs_event_t *event, rs_refused_t *refused) {
    rs__verdict_t verdict;
    if (event_fits(event, &verdict)) return RS_OK;
    rs__refuse(verdict.reason, verdict.field, verdict.len, event->source, refused);
    refused->has_seq = (event->present & RS_HAS_SEQ) != 0;
    refused->seq = refused->has_seq ? event->seq : 0;
    return RS_ERR_INVALID;
}
