/* Lines about callers: into the queue, rung, answered, gone, over, and what the dialplan adds about them. */
#include "connect/asterisk_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

/* Copies, so that the event outlives what happens to the visit. */
static void set_contact(rs_job_t *job, rs_event_t *event, const rs_visit_t *visit) {
    if (visit->ordinal > 1)
        snprintf(job->contact_id, sizeof job->contact_id, "%s/%" PRIu32, visit->origin, visit->ordinal);
    else
        memcpy(job->contact_id, visit->origin, sizeof visit->origin);
    memcpy(job->journey_id, visit->journey, sizeof visit->journey);
    event->contact_id = rs_str(job->contact_id);
    const bool is_first = strcmp(job->contact_id, job->journey_id) == 0;
    event->journey_id = is_first ? (rs_str_t){0} : rs_str(job->journey_id);
}

static rs_event_t contact_event(rs_job_t *job, const rs_visit_t *visit, rs_event_type_t type) {
    rs_event_t event = rs__asterisk_event(job, type);
    event.queue = job->queue;
    if (visit == NULL)
        event.contact_id = job->line.callid;
    else
        set_contact(job, &event, visit);
    return event;
}

static int number(rs_job_t *job, uint32_t i, const char *name, int64_t max, int64_t *value) {
    return rs_line_number(&job->line, i, name, max, value, job->refused);
}

/* Lines of administration have a word where a caller's id stands; a contact must not be called that. */
static bool has_caller(const rs_job_t *job) {
    static const char *const words[] = {"NONE", "MANAGER", "CLI", "REALTIME"};
    for (size_t i = 0; i < RS_ARRAY_LEN(words); i++) {
        if (rs__is(job->line.callid, words[i])) return false;
    }
    return true;
}

static int need_caller(rs_job_t *job) {
    return has_caller(job) ? RS_OK
                           : rs_line_refuse(job->refused, RS_REFUSAL_MISSING_FIELD, "callid", job->line.callid.len);
}

/* --- into the queue and out of it -------------------------------------------------------------------------------- */
/* What Asterisk and trunks write for a caller who hides his number: no two of them are the same customer. */
static rs_str_t number_of_caller(rs_str_t text) {
    static const char *const words[] = {"anonymous", "unknown", "restricted", "unavailable", "private", "asterisk"};
    for (size_t i = 0; i < RS_ARRAY_LEN(words); i++) {
        if (text.len == strlen(words[i]) && strncasecmp(text.data, words[i], text.len) == 0) return (rs_str_t){0};
    }
    return text;
}

/* url|number|position[|name]: a bar in url or number moves the position; then nobody knows where the number ends. */
static int take_entry(rs_job_t *job, int64_t *position, rs_str_t *caller) {
    for (uint32_t i = 2; i < job->line.data_count; i++) {
        if (!rs_line_has_number(&job->line, i)) continue;
        *caller = i == 2 ? number_of_caller(rs_line_data(&job->line, 1)) : (rs_str_t){0};
        return number(job, i, "position", UINT32_MAX, position);
    }
    return number(job, 2, "position", UINT32_MAX, position);
}

/* The visit that follows in this record; one that was only another call's other name becomes a call of its own. */
static void start_visit(rs_visit_t *visit) {
    const bool is_own = strcmp(visit->origin, visit->callid) == 0;
    visit->ordinal = is_own ? visit->ordinal + 1 : 1;
    memcpy(visit->origin, visit->callid, sizeof visit->origin);
}

static rs_visit_t *entering_visit(rs_job_t *job) {
    rs_visits_t *visits = job->parser->visits;
    rs_visit_t *last = rs_visits_find(visits, job->line.callid);
    if (last != NULL && last->phase == RS_VISIT_WAITING) return last;
    if (last == NULL || last->phase == RS_VISIT_OVER) {
        if (last == NULL) last = rs_visits_make(visits, job->line.callid);
        start_visit(last);
        return last;
    }
    /* The end of his conversation is not written yet: it will be found by queue and agent. */
    const uint32_t ordinal = last->ordinal;
    char journey[sizeof last->journey];
    memcpy(journey, last->journey, sizeof journey);
    rs_visit_t *next = rs_visits_make(visits, job->line.callid);
    memcpy(next->journey, journey, sizeof journey);
    next->ordinal = ordinal + 1;
    return next;
}

static int on_enterqueue(rs_job_t *job, const rs_rule_t *rule) {
    int64_t position;
    rs_str_t caller;
    if (need_caller(job) != RS_OK) return RS_ERR_PARSE;
    if (job->queue.len == 0) return rs_line_refuse(job->refused, RS_REFUSAL_MISSING_FIELD, "queue", 0);
    if (take_entry(job, &position, &caller) != RS_OK) return RS_ERR_PARSE;
    rs_visit_t *visit = entering_visit(job);
    rs_visits_wait(job->parser->visits, visit, job->queue);
    visit->position = position;
    visit->entered_s = job->line.at_s;
    rs_event_t event = contact_event(job, visit, (rs_event_type_t)rule->type);
    event.agent = (rs_str_t){0};
    event.customer = caller;
    return rs__asterisk_give_without(job, &event, &event.customer);
}

static int give_offer(rs_job_t *job, const rs_visit_t *visit) {
    rs_event_t event = contact_event(job, visit, RS_CONTACT_OFFERED);
    if (job->agent.len != 0 && job->queue.len != 0) rs_asterisk_agents_rang(job->parser->agents, job->agent, job->queue);
    return rs__asterisk_give(job, &event);
}

static int on_connect(rs_job_t *job, const rs_rule_t *rule) {
    int64_t hold_s;
    if (need_caller(job) != RS_OK || number(job, 0, "holdtime", RS__ASTERISK_MOST_SECONDS, &hold_s) != RS_OK)
        return RS_ERR_PARSE;
    rs_visit_t *visit = rs_visits_find(job->parser->visits, job->line.callid);
    if (visit == NULL) visit = rs_visits_make(job->parser->visits, job->line.callid);
    if (visit->ordinal == 0 || strcmp(visit->origin, visit->callid) != 0) start_visit(visit);
    if (give_offer(job, visit) != RS_OK) return RS_ERR_PARSE;
    rs_visits_talk(job->parser->visits, visit, job->queue, job->agent);
    visit->connected_s = job->line.at_s;
    visit->hold_s = hold_s;
    rs_event_t event = contact_event(job, visit, (rs_event_type_t)rule->type);
    const int64_t wait_ms = hold_s * 1000 - rs__asterisk_member_delay_ms(job->parser, job->queue);
    event.present = RS_HAS_WAIT_MS;
    event.wait_ms = wait_ms < 0 ? 0 : wait_ms;
    return rs__asterisk_give(job, &event);
}

static rs_visit_t *leaving_visit(rs_job_t *job) {
    rs_visit_t *visit = rs_visits_find(job->parser->visits, job->line.callid);
    if (visit != NULL) rs_visits_end(job->parser->visits, visit);
    return visit;
}

static int on_left(rs_job_t *job, const rs_rule_t *rule) {
    int64_t wait_s;
    if (need_caller(job) != RS_OK || number(job, rule->first, "waited", RS__ASTERISK_MOST_SECONDS, &wait_s) != RS_OK)
        return RS_ERR_PARSE;
    rs_event_t event = contact_event(job, leaving_visit(job), (rs_event_type_t)rule->type);
    event.reason = rule->detail;
    event.present = RS_HAS_WAIT_MS;
    event.wait_ms = wait_s * 1000;
    return rs__asterisk_give(job, &event);
}

static int give_failed_offer(rs_job_t *job, const rs_visit_t *visit, rs_offer_reason_t reason) {
    rs_event_t event = contact_event(job, visit, RS_CONTACT_OFFER_FAILED);
    event.reason = (uint8_t)reason;
    return rs__asterisk_give(job, &event);
}

/* An ABANDON that names a member: the caller left after the member had answered, before the two were joined. */
static int on_abandon(rs_job_t *job, const rs_rule_t *rule) {
    int64_t wait_s;
    if (need_caller(job) != RS_OK || number(job, rule->first, "waited", RS__ASTERISK_MOST_SECONDS, &wait_s) != RS_OK)
        return RS_ERR_PARSE;
    const rs_visit_t *visit = leaving_visit(job);
    const bool rang = job->agent.len != 0;
    if (rang && (give_offer(job, visit) != RS_OK || give_failed_offer(job, visit, RS_OFFER_CANCELED) != RS_OK))
        return RS_ERR_PARSE;
    rs_event_t event = contact_event(job, visit, (rs_event_type_t)rule->type);
    event.stage = rang ? RS_STAGE_RING : RS_STAGE_QUEUE;
    event.present = RS_HAS_WAIT_MS;
    event.wait_ms = wait_s * 1000;
    return rs__asterisk_give(job, &event);
}

/* The two channels could not be joined: the offer failed, and Asterisk drops the caller. */
static int on_syscompat(rs_job_t *job, const rs_rule_t *rule) {
    if (need_caller(job) != RS_OK) return RS_ERR_PARSE;
    const rs_visit_t *visit = leaving_visit(job);
    if (give_offer(job, visit) != RS_OK || give_failed_offer(job, visit, RS_OFFER_ERROR) != RS_OK) return RS_ERR_PARSE;
    rs_event_t event = contact_event(job, visit, (rs_event_type_t)rule->type);
    event.reason = rule->detail;
    return rs__asterisk_give(job, &event);
}

static int on_ring_ended(rs_job_t *job, const rs_rule_t *rule) {
    int64_t ring_ms;
    if (need_caller(job) != RS_OK || number(job, rule->first, "ringtime", UINT32_MAX, &ring_ms) != RS_OK)
        return RS_ERR_PARSE;
    const rs_visit_t *visit = rs_visits_find(job->parser->visits, job->line.callid);
    if (give_offer(job, visit) != RS_OK) return RS_ERR_PARSE;
    rs_event_t event = contact_event(job, visit, (rs_event_type_t)rule->type);
    event.reason = rule->detail;
    event.present = RS_HAS_RING_MS;
    event.ring_ms = ring_ms;
    return rs__asterisk_give(job, &event);
}

static int on_agentdump(rs_job_t *job, const rs_rule_t *rule) {
    if (need_caller(job) != RS_OK) return RS_ERR_PARSE;
    const rs_visit_t *visit = rs_visits_find(job->parser->visits, job->line.callid);
    if (give_offer(job, visit) != RS_OK) return RS_ERR_PARSE;
    return give_failed_offer(job, visit, (rs_offer_reason_t)rule->detail);
}

/* --- the end of a conversation ----------------------------------------------------------------------------------- */
/* What comes under the foreign call id from now on belongs to this contact, and to its journey once it enters a
 * queue. */
static void remember_other_name(rs_job_t *job, const rs_visit_t *ended) {
    const rs_visit_t kept = *ended;
    rs_visit_t *other = rs_visits_find(job->parser->visits, job->line.callid);
    if (other == NULL)
        other = rs_visits_make(job->parser->visits, job->line.callid);
    else if (strcmp(other->origin, other->callid) == 0)
        return; /* has visits of its own */
    memcpy(other->origin, kept.origin, sizeof other->origin);
    memcpy(other->journey, kept.journey, sizeof other->journey);
    other->ordinal = kept.ordinal;
}

/* Gives the event its contact: that of the conversation that the line ends. */
static void end_conversation(rs_job_t *job, const rs_visit_end_t *end, rs_event_t *event) {
    rs_visits_t *visits = job->parser->visits;
    rs_visit_t *own = rs_visits_find(visits, job->line.callid);
    rs_visit_t *visit = rs_visits_match(visits, end);
    if (visit == NULL && own != NULL && own->phase == RS_VISIT_TALKING) visit = own;
    if (visit != NULL) {
        set_contact(job, event, visit);
        rs_visits_end(visits, visit);
        if (rs_str_equal(rs_str(visit->callid), end->callid)) return;
        job->parser->stats.joined++;
        remember_other_name(job, visit);
        return;
    }
    job->parser->stats.unjoined++;
    event->contact_id = job->line.callid;
    if (own == NULL) return;
    if (own->phase == RS_VISIT_OVER) {
        set_contact(job, event, own);
        return;
    }
    /* He waits: ending that contact would take him out of the queue. This was a conversation that nobody knows of. */
    const int len = snprintf(job->contact_id, sizeof job->contact_id, "%s/0", own->callid);
    event->contact_id = (rs_str_t){.data = job->contact_id, .len = (uint32_t)len};
    event->journey_id = rs_str(own->journey);
}

/* Hold time, talk time and position (which old versions leave out) stand at `first`, or further on when a value before
 * them has bars in it. */
static uint32_t find_figures(const rs_line_t *line, uint32_t first) {
    for (uint32_t i = first; i + 2 < line->data_count; i++) {
        if (rs_line_has_number(line, i) && rs_line_has_number(line, i + 1) && rs_line_has_number(line, i + 2)) return i;
    }
    return first;
}

static int on_ended(rs_job_t *job, const rs_rule_t *rule) {
    rs_visit_end_t end = {
        .callid = job->line.callid, .queue = job->queue, .agent = job->agent, .at_s = job->line.at_s, .position = -1};
    const bool is_link = rule->detail == RS_TRANSFER_ATTENDED && rs__is(rs_line_data(&job->line, 0), "LINK");
    const uint32_t first = find_figures(&job->line, rule->first + (is_link ? 1u : 0u));
    if (need_caller(job) != RS_OK || number(job, first, "holdtime", RS__ASTERISK_MOST_SECONDS, &end.hold_s) != RS_OK ||
        number(job, first + 1, "talktime", RS__ASTERISK_MOST_SECONDS, &end.talk_s) != RS_OK)
        return RS_ERR_PARSE;
    if (rs_line_data(&job->line, first + 2).len != 0 &&
        number(job, first + 2, "position", UINT32_MAX, &end.position) != RS_OK)
        return RS_ERR_PARSE;
    rs_event_t event = rs__asterisk_event(job, (rs_event_type_t)rule->type);
    event.queue = job->queue;
    if (event.type == RS_CONTACT_ENDED)
        event.party = rule->detail;
    else
        event.kind = rule->detail;
    event.present = RS_HAS_TALK_MS;
    event.talk_ms = end.talk_s * 1000;
    end_conversation(job, &end, &event);
    return rs__asterisk_give(job, &event);
}

/* --- what the dialplan adds -------------------------------------------------------------------------------------- */
static int on_disposition(rs_job_t *job, const rs_rule_t *rule) {
    if (need_caller(job) != RS_OK) return RS_ERR_PARSE;
    rs_event_t event =
        contact_event(job, rs_visits_find(job->parser->visits, job->line.callid), (rs_event_type_t)rule->type);
    event.code = rs_line_cut(rs_line_data(&job->line, 0), RS_MAX_NAME);
    event.topic = rs_line_cut(rs_line_data(&job->line, 1), RS_MAX_NAME);
    if (rs__is(event.code, "resolved") || rs__is(event.code, "unresolved")) {
        event.present = RS_HAS_RESOLVED;
        event.resolved = rs__is(event.code, "resolved");
    }
    return rs__asterisk_give(job, &event);
}

static int on_csat(rs_job_t *job, const rs_rule_t *rule) {
    int64_t score;
    if (need_caller(job) != RS_OK || number(job, 0, "score", RS_MAX_SCORE_MILLI / 1000, &score) != RS_OK)
        return RS_ERR_PARSE;
    rs_event_t event =
        contact_event(job, rs_visits_find(job->parser->visits, job->line.callid), (rs_event_type_t)rule->type);
    event.kind = rule->detail;
    event.present = RS_HAS_SCORE;
    event.score_milli = score * 1000;
    return rs__asterisk_give(job, &event);
}

static int on_callback_request(rs_job_t *job, const rs_rule_t *rule) {
    if (need_caller(job) != RS_OK) return RS_ERR_PARSE;
    rs_event_t event =
        contact_event(job, rs_visits_find(job->parser->visits, job->line.callid), (rs_event_type_t)rule->type);
    event.customer = number_of_caller(rs_line_data(&job->line, 0));
    return rs__asterisk_give_without(job, &event, &event.customer);
}

/* --- Asterisk ended ---------------------------------------------------------------------------------------------- */
static int64_t length_ms(int64_t from_s, int64_t to_s) {
    const int64_t length_s = to_s > from_s ? to_s - from_s : 0;
    return (length_s < RS__ASTERISK_MOST_SECONDS ? length_s : RS__ASTERISK_MOST_SECONDS) * 1000;
}

/* The number of those who were cut off depends on what the parser knows, therefore no seq: an id of their own. */
void rs__asterisk_cut_off(rs_asterisk_parser_t *parser, rs_visit_t *visit, rs_asterisk_event_fn on_event,
                          void *context) {
    char event_id[RS_MAX_NAME + 1];
    rs_refused_t refused;
    rs_job_t job = {.parser = parser};
    rs_event_t event = {.occurred_us = parser->ended_s * RS_US_PER_S,
                        .source = rs__asterisk_source(parser),
                        .tenant = parser->config->tenant,
                        .incarnation = rs_str(parser->incarnation),
                        .queue = rs_str(visit->queue),
                        .agent = rs_str(visit->agent)};
    set_contact(&job, &event, visit);
    snprintf(event_id, sizeof event_id, "restart/%" PRId64 "/%016" PRIx64, parser->restarted_s,
             rs_line_hash(event.contact_id, rs_str(visit->queue)));
    event.event_id = rs_str(event_id);
    if (visit->phase == RS_VISIT_WAITING) {
        event.type = RS_CONTACT_DEQUEUED;
        event.reason = RS_FLOW_ERROR;
        event.present = RS_HAS_WAIT_MS;
        event.wait_ms = length_ms(visit->entered_s, parser->ended_s);
    } else {
        event.type = RS_CONTACT_ENDED;
        event.party = RS_PARTY_SYSTEM;
        event.present = RS_HAS_TALK_MS;
        event.talk_ms = length_ms(visit->connected_s, parser->ended_s);
    }
    RS_REQUIRE(rs_event_check(&event, &refused) == RS_OK);
    parser->stats.events++;
    parser->stats.cut_off++;
    rs_visits_end(parser->visits, visit);
    on_event(context, &event);
}

const rs_rule_t rs__asterisk_call_rules[] = {
    {"ENTERQUEUE", on_enterqueue, RS_CONTACT_QUEUED, 0, 0},
    {"CONNECT", on_connect, RS_CONTACT_ANSWERED, 0, 0},
    {"COMPLETECALLER", on_ended, RS_CONTACT_ENDED, RS_PARTY_CUSTOMER, 0},
    {"COMPLETEAGENT", on_ended, RS_CONTACT_ENDED, RS_PARTY_AGENT, 0},
    {"BLINDTRANSFER", on_ended, RS_CONTACT_TRANSFERRED, RS_TRANSFER_BLIND, 2},
    {"TRANSFER", on_ended, RS_CONTACT_TRANSFERRED, RS_TRANSFER_BLIND, 2},
    {"ATTENDEDTRANSFER", on_ended, RS_CONTACT_TRANSFERRED, RS_TRANSFER_ATTENDED, 2},
    {"ABANDON", on_abandon, RS_CONTACT_ABANDONED, 0, 2},
    {"EXITWITHTIMEOUT", on_left, RS_CONTACT_DEQUEUED, RS_FLOW_TIMEOUT, 2},
    {"EXITEMPTY", on_left, RS_CONTACT_DEQUEUED, RS_FLOW_NO_AGENTS, 2},
    {"WITHDRAW", on_left, RS_CONTACT_DEQUEUED, RS_FLOW_WITHDRAWN, 2},
    {"EXITWITHKEY", on_left, RS_CONTACT_DEQUEUED, RS_FLOW_EXIT_KEY, 3},
    {"SYSCOMPAT", on_syscompat, RS_CONTACT_DEQUEUED, RS_FLOW_ERROR, 0},
    {"RINGNOANSWER", on_ring_ended, RS_CONTACT_OFFER_FAILED, RS_OFFER_TIMEOUT, 0},
    {"RINGCANCELED", on_ring_ended, RS_CONTACT_OFFER_FAILED, RS_OFFER_CANCELED, 0},
    {"AGENTDUMP", on_agentdump, RS_CONTACT_OFFER_FAILED, RS_OFFER_REJECTED, 0},
    {"DISPOSITION", on_disposition, RS_DISPOSITION_SET, 0, 0},
    {"CSAT", on_csat, RS_SURVEY_ANSWERED, RS_SURVEY_CSAT, 0},
    {"CALLBACKREQUEST", on_callback_request, RS_CALLBACK_REQUESTED, 0, 0},
};
const size_t rs__asterisk_call_rule_count = RS_ARRAY_LEN(rs__asterisk_call_rules);
