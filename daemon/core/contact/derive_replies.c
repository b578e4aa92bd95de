/* Asynchronous channels: how long customers wait for replies, and a contact's file for being closed.
 *
 * First reply:  from the customer's first message to the agent's first after it. While the customer has written nothing, the contact's
 *               contact.created or contact.queued stands for the message, the earlier one; not so when the contact is known to be
 *               outbound or internal.
 * Next reply:   from the oldest customer message without an answer to the next agent message, after the first reply. Further messages
 *               of either side in between change nothing; an agent's message that answers nothing is no reply.
 * Resolution:   from the contact's first event to contact.closed; once reopened, from contact.reopened to the next contact.closed, so
 *               that no time is counted twice and nothing is taken back. Closing what is closed, and a closing that is the contact's
 *               first event, count nothing. Whoever waits for a reply when the file is closed waits no longer.
 * Reopened:     contact.reopened of a file that is not reopened already; also when its closing was never seen.
 * Each by two clocks: the working hours of the queue, and the calendar. */
#include "core/contact/derive_internal.h"

static uint32_t queue_of(const rs_derivation_t *d, const rs_story_t *story, const rs_node_t *node) {
    if (story->leg_open) return story->leg_queue;
    if (node->queue != 0) return node->queue;
    if (story->last_queue != 0 || story->handlings == 0) return story->last_queue;
    const rs_handling_t *last = rs_pool_at(d->handlings, story->handlings);
    return last->queue;
}

rs_fact_t *rs_story_add_aside(rs_derivation_t *d, const rs_story_t *story, rs_fact_type_t type, const rs_node_t *node) {
    rs_fact_t *fact = rs_story_add(d, type, node->at_us, node->at_us);
    fact->queue = queue_of(d, story, node);
    fact->channel = story->leg_open ? story->leg_channel : rs_story_channel_at(story, node);
    return fact;
}

static void add_timed(rs_derivation_t *d, const rs_story_t *story, rs_fact_type_t type, const rs_node_t *node, int64_t since_us) {
    rs_fact_t *fact = rs_story_add_aside(d, story, type, node);
    fact->agent = node->agent;
    fact->team = node->team != 0 ? node->team : d->team_of(d->context, d->tenant, node->agent);
    fact->a_us = d->worked(d->context, d->tenant, fact->queue, fact->channel, since_us, node->at_us);
    fact->b_us = node->at_us - since_us;
}

void rs_story_imply_message(rs_story_t *story, const rs_node_t *node) {
    if (story->replied || story->unanswered_us != INT64_MIN) return;
    if (story->direction == RS_DIRECTION_OUTBOUND || story->direction == RS_DIRECTION_INTERNAL) return;
    story->unanswered_us = node->at_us;
    story->unanswered_implied = true;
}

void rs_story_on_message(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    story->has_messages = true;
    if (node->party == RS_PARTY_CUSTOMER) {
        if (story->unanswered_us != INT64_MIN && !story->unanswered_implied) return;
        story->unanswered_us = node->at_us;
        story->unanswered_implied = false;
    } else if (node->party == RS_PARTY_AGENT && story->unanswered_us != INT64_MIN) {
        add_timed(d, story, story->replied ? RS_FACT_NEXT_REPLY : RS_FACT_FIRST_REPLY, node, story->unanswered_us);
        story->replied = true;
        story->unanswered_us = INT64_MIN;
    }
}

void rs_story_on_file_closed(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    const bool is_first_event = story->last.at_us == INT64_MIN;
    if (story->file != RS_FILE_CLOSED && !is_first_event) {
        add_timed(d, story, RS_FACT_RESOLUTION, node, story->resolution_since_us);
    }
    story->file = RS_FILE_CLOSED;
    story->unanswered_us = INT64_MIN;
}

void rs_story_on_reopened(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    if (story->file == RS_FILE_REOPENED) return;
    rs_story_add_aside(d, story, RS_FACT_REOPENED, node);
    story->file = RS_FILE_REOPENED;
    story->resolution_since_us = node->at_us;
}
