#include "core/change.h"

#include "core/fcr/fcr.h"
#include "core/feedback/change_feedback.h"

static const uint16_t flow_counts[RS_FLOW_COUNT] = {
    [RS_FLOW_OTHER] = RS_COUNT_FLOW_OTHER, [RS_FLOW_TIMEOUT] = RS_COUNT_FLOW_TIMEOUT, [RS_FLOW_EXIT_KEY] = RS_COUNT_FLOW_EXIT_KEY,
    [RS_FLOW_NO_AGENTS] = RS_COUNT_FLOW_NO_AGENTS, [RS_FLOW_OVERFLOW] = RS_COUNT_FLOW_OVERFLOW,
    [RS_FLOW_WITHDRAWN] = RS_COUNT_FLOW_WITHDRAWN, [RS_FLOW_VOICEMAIL] = RS_COUNT_FLOW_VOICEMAIL,
    [RS_FLOW_ERROR] = RS_COUNT_FLOW_ERROR, [RS_FLOW_REQUEUED] = RS_COUNT_FLOW_REQUEUED, [RS_FLOW_LOST] = RS_COUNT_FLOW_LOST};

static const uint16_t offer_counts[RS_OFFER_COUNT] = {
    [RS_OFFER_NONE] = RS_COUNT_OFFERS_FAILED_OTHER, [RS_OFFER_OTHER] = RS_COUNT_OFFERS_FAILED_OTHER,
    [RS_OFFER_TIMEOUT] = RS_COUNT_OFFERS_FAILED_TIMEOUT, [RS_OFFER_REJECTED] = RS_COUNT_OFFERS_FAILED_REJECTED,
    [RS_OFFER_CANCELED] = RS_COUNT_OFFERS_FAILED_CANCELED, [RS_OFFER_ERROR] = RS_COUNT_OFFERS_FAILED_ERROR};

static const uint16_t transfer_counts[RS_TRANSFER_COUNT] = {
    [RS_TRANSFER_NONE] = RS_COUNT_TRANSFERRED_OUT_OTHER, [RS_TRANSFER_OTHER] = RS_COUNT_TRANSFERRED_OUT_OTHER,
    [RS_TRANSFER_BLIND] = RS_COUNT_TRANSFERRED_OUT_BLIND, [RS_TRANSFER_ATTENDED] = RS_COUNT_TRANSFERRED_OUT_ATTENDED,
    [RS_TRANSFER_QUEUE] = RS_COUNT_TRANSFERRED_OUT_QUEUE, [RS_TRANSFER_EXTERNAL] = RS_COUNT_TRANSFERRED_OUT_EXTERNAL};

static const uint8_t block_counts[RS_BLOCK_COUNT] = {
    [RS_BLOCK_NONE] = RS_COUNT_BLOCKED_OTHER, [RS_BLOCK_OTHER] = RS_COUNT_BLOCKED_OTHER, [RS_BLOCK_FULL] = RS_COUNT_BLOCKED_FULL,
    [RS_BLOCK_CLOSED] = RS_COUNT_BLOCKED_CLOSED, [RS_BLOCK_JOIN_EMPTY] = RS_COUNT_BLOCKED_JOIN_EMPTY,
    [RS_BLOCK_NO_AGENT] = RS_COUNT_BLOCKED_NO_AGENT};

static const uint16_t callback_counts[] = {RS_COUNT_CALLBACKS_REQUESTED, RS_COUNT_CALLBACKS_ATTEMPTED, RS_COUNT_CALLBACKS_CONNECTED,
                                           RS_COUNT_CALLBACKS_FAILED};

static int64_t beyond(int64_t wait_us, int64_t threshold_us) { return wait_us > threshold_us ? wait_us - threshold_us : 0; }

static void change_of_closed_leg(rs_change_t *change, const rs_fact_t *fact) {
    const rs_standard_t *standard = &change->queue->standard;
    const int64_t wait_us = fact->a_us;
    const bool in_t = wait_us <= standard->threshold_us;
    switch (fact->outcome) {
        case RS_OUTCOME_ANSWERED:
            rs_change_count(change, RS_COUNT_ANSWERED, 1);
            rs_change_count(change, RS_COUNT_WAIT_ANSWERED_US, wait_us);
            if (in_t) rs_change_count(change, RS_COUNT_ANSWERED_IN_T, 1);
            rs_change_duration(change, RS_HIST_WAIT_ANSWERED, wait_us, 1);
            break;
        case RS_OUTCOME_ABANDONED:
            rs_change_count(change, RS_COUNT_ABANDONED, 1);
            rs_change_count(change, RS_COUNT_WAIT_ABANDONED_US, wait_us);
            if (in_t) rs_change_count(change, RS_COUNT_ABANDONED_IN_T, 1);
            if (standard->short_us > 0 && wait_us <= standard->short_us) rs_change_count(change, RS_COUNT_ABANDONED_SHORT, 1);
            rs_change_duration(change, RS_HIST_WAIT_ABANDONED, wait_us, 1);
            break;
        case RS_OUTCOME_FLOWED_OUT:
            rs_change_count(change, RS_COUNT_FLOWED_OUT, 1);
            rs_change_count(change, flow_counts[fact->reason], 1);
            if (in_t) rs_change_count(change, RS_COUNT_FLOWED_OUT_IN_T, 1);
            break;
        default:
            rs_change_count(change, RS_COUNT_CALLBACKS, 1);
            if (in_t) rs_change_count(change, RS_COUNT_CALLBACKS_IN_T, 1);
            break;
    }
    const int64_t excess_us = beyond(wait_us, standard->threshold_us) - beyond(fact->b_us, standard->threshold_us);
    if (excess_us > 0) rs_change_count(change, RS_COUNT_EXCESS_US, excess_us);
    change->wait_us = wait_us;
    change->outcome = fact->outcome;
    change->reason = fact->reason;
    change->leg_policies = true;
}

static void change_of_handled(rs_change_t *change, const rs_fact_t *fact) {
    rs_change_count(change, RS_COUNT_HANDLED, 1);
    rs_change_count(change, RS_COUNT_TALK_US, fact->a_us);
    if (fact->a_us < 10 * RS_US_PER_S) rs_change_count(change, RS_COUNT_HANDLED_SHORT, 1);
    rs_change_duration(change, RS_HIST_TALK, fact->a_us, 1);
    if (fact->holds != 0) rs_change_count(change, RS_COUNT_HOLDS, fact->holds);
    if (fact->holds != 0 || fact->b_us != 0) {
        rs_change_count(change, RS_COUNT_HOLD_US, fact->b_us);
        rs_change_duration(change, RS_HIST_HOLD, fact->b_us, 1);
    }
}

/* How many, how many within the target, and the time by both clocks stand together among the counts. */
static void change_of_reply(rs_change_t *change, const rs_fact_t *fact, unsigned first_count, int64_t target_us,
                            rs_histogram_id_t histogram) {
    rs_change_count(change, first_count, 1);
    if (target_us > 0 && fact->a_us <= target_us) rs_change_count(change, first_count + 1, 1);
    rs_change_count(change, first_count + 2, fact->a_us);
    rs_change_count(change, first_count + 3, fact->b_us);
    rs_change_duration(change, histogram, fact->a_us, 1);
}
_Static_assert(RS_COUNT_FIRST_REPLY_CALENDAR_US == RS_COUNT_FIRST_REPLIES + 3 &&
                   RS_COUNT_NEXT_REPLY_CALENDAR_US == RS_COUNT_NEXT_REPLIES + 3 &&
                   RS_COUNT_RESOLUTION_CALENDAR_US == RS_COUNT_RESOLUTIONS + 3, "the four counts of a reply stand together");
_Static_assert(RS_CALLBACK_ATTEMPTED == RS_CALLBACK_REQUESTED + 1 && RS_CALLBACK_CONNECTED == RS_CALLBACK_REQUESTED + 2 &&
                   RS_CALLBACK_FAILED == RS_CALLBACK_REQUESTED + 3, "callback_counts is in the order of the types");

static void change_of_resolution(rs_change_t *change, int64_t flags) {
    const bool never = (flags & RS_FCR_NEVER) != 0, unresolved = (flags & (RS_FCR_REPEATED | RS_FCR_FLAGGED)) != 0;
    rs_change_count(change, RS_COUNT_FCR_ELIGIBLE, 1);
    if ((flags & RS_FCR_REPEATED) != 0) rs_change_count(change, RS_COUNT_FCR_REPEATED, 1);
    if ((flags & RS_FCR_FLAGGED) != 0) rs_change_count(change, RS_COUNT_FCR_FLAGGED_UNRESOLVED, 1);
    if (unresolved) rs_change_count(change, RS_COUNT_FCR_UNRESOLVED, 1);
    if ((flags & RS_FCR_MATURED) != 0) rs_change_count(change, RS_COUNT_FCR_MATURED, 1);
    if (never) rs_change_count(change, RS_COUNT_FCR_NEVER, 1);
    if (never && unresolved) rs_change_count(change, RS_COUNT_FCR_NEVER_UNRESOLVED, 1);
}

void rs_change_of_fact(rs_change_t *change, const rs_fact_t *fact) {
    switch (fact->type) {
        case RS_FACT_LEG_OPENED: rs_change_count(change, RS_COUNT_OFFERED, 1); break;
        case RS_FACT_LEG_CLOSED: change_of_closed_leg(change, fact); break;
        case RS_FACT_HANDLED: change_of_handled(change, fact); break;
        case RS_FACT_HANDLING_LOST: rs_change_count(change, RS_COUNT_HANDLING_LOST, 1); break;
        case RS_FACT_WRAPPED:
            rs_change_count(change, RS_COUNT_WRAPS, 1);
            rs_change_count(change, RS_COUNT_WRAP_US, fact->a_us);
            rs_change_duration(change, RS_HIST_WRAP, fact->a_us, 1);
            break;
        case RS_FACT_HANDLE_TIME: rs_change_duration(change, RS_HIST_HANDLE, fact->a_us, (int)fact->b_us); break;
        case RS_FACT_OFFERED: rs_change_count(change, RS_COUNT_OFFERS, 1); break;
        case RS_FACT_OFFER_FAILED:
            rs_change_count(change, RS_COUNT_OFFERS_FAILED, 1);
            rs_change_count(change, offer_counts[fact->reason], 1);
            break;
        case RS_FACT_TRANSFERRED_OUT:
            rs_change_count(change, RS_COUNT_TRANSFERRED_OUT, 1);
            rs_change_count(change, transfer_counts[fact->reason], 1);
            break;
        case RS_FACT_TRANSFERRED_IN: rs_change_count(change, RS_COUNT_TRANSFERRED_IN, 1); break;
        case RS_FACT_BLOCKED:
            rs_change_count(change, RS_COUNT_BLOCKED, 1);
            rs_change_count(change, block_counts[fact->reason], 1);
            change->is_blocked = true;
            break;
        case RS_FACT_ABANDONED_BEFORE_QUEUE: rs_change_count(change, RS_COUNT_ABANDONED_BEFORE_QUEUE, 1); break;
        case RS_FACT_CALLBACK: rs_change_count(change, callback_counts[fact->reason - RS_CALLBACK_REQUESTED], 1); break;
        case RS_FACT_FIRST_REPLY:
            change_of_reply(change, fact, RS_COUNT_FIRST_REPLIES, change->queue->replies.first_us, RS_HIST_FIRST_REPLY);
            break;
        case RS_FACT_NEXT_REPLY:
            change_of_reply(change, fact, RS_COUNT_NEXT_REPLIES, change->queue->replies.next_us, RS_HIST_NEXT_REPLY);
            break;
        case RS_FACT_RESOLUTION:
            change_of_reply(change, fact, RS_COUNT_RESOLUTIONS, change->queue->replies.resolution_us, RS_HIST_RESOLUTION);
            break;
        case RS_FACT_REOPENED: rs_change_count(change, RS_COUNT_REOPENED, 1); break;
        case RS_FACT_SURVEY:
        case RS_FACT_SURVEYED:
        case RS_FACT_FEEDBACK:
        case RS_FACT_COMPLAINT_STAGE: rs_change_of_feedback(change, fact); break;
        case RS_FACT_OVERLAPPING: rs_change_count(change, RS_COUNT_OVERLAPPING_HANDLINGS, 1); break;
        case RS_FACT_FCR: change_of_resolution(change, fact->a_us); break;
        default: rs_change_count(change, RS_COUNT_CLOCK_ANOMALY, 1); break;
    }
}
