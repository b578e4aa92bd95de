#include "core/contact/derive_internal.h"

#include "core/contact/derive_feedback.h"

#include "core/contact/derive_process.h"

static rs_node_t *node_at(const rs_derivation_t *d, uint32_t number) { return rs_pool_at(d->nodes, number); }
static rs_handling_t *handling_at(const rs_derivation_t *d, uint32_t number) { return rs_pool_at(d->handlings, number); }

const rs_node_rest_t *rs_node_rest(const rs_derivation_t *d, const rs_node_t *node) {
    static const rs_node_rest_t nothing;
    return node->rest == 0 ? &nothing : rs_pool_at(d->rests, node->rest);
}

void rs_story_init(rs_story_t *story) {
    *story = (rs_story_t){.unmatched_us = INT64_MIN, .last.at_us = INT64_MIN, .first_answer_us = INT64_MIN,
                          .exchanged_since_us = INT64_MIN, .unanswered_us = INT64_MIN, .resolution_since_us = INT64_MIN,
                          .ended_us = INT64_MIN, .lost_us = INT64_MIN};
    rs_outline_init(&story->outline);
}

int64_t rs_story_close_us(const rs_story_t *story) {
    if (story->ended_us != INT64_MIN) return story->ended_us;
    return story->last.at_us > story->lost_us ? story->last.at_us : story->lost_us;
}

rs_handling_t *rs_story_open_handling(const rs_derivation_t *d, const rs_story_t *story) {
    if (story->handlings == 0) return NULL;
    rs_handling_t *newest = handling_at(d, story->handlings);
    return (newest->flags & RS_HANDLING_OPEN) != 0 ? newest : NULL;
}

const rs_handling_t *rs_story_underway(const rs_derivation_t *d, const rs_story_t *story) {
    const rs_handling_t *open = rs_story_open_handling(d, story);
    if (open != NULL || story->wrapping == 0) return open;
    const rs_handling_t *handling = NULL;
    for (uint32_t at = story->handlings; at != 0; at = handling->next) {
        handling = handling_at(d, at);
        if ((handling->flags & RS_HANDLING_WRAPPING) != 0) return handling;
    }
    return NULL;
}

bool rs_story_waits_for_end(const rs_derivation_t *d, const rs_story_t *story) {
    return story->leg_open || rs_story_open_handling(d, story) != NULL;
}

bool rs_story_is_open(const rs_derivation_t *d, const rs_story_t *story) {
    return story->wrapping != 0 || rs_story_waits_for_end(d, story);
}

static uint64_t id_prefix(const rs_derivation_t *d, uint32_t number) {
    if (number == 0) return 0;
    const rs_event_text_t *text = rs_pool_at(d->texts, number);
    uint64_t prefix = 0;
    for (unsigned i = 0; i < 8; i++) prefix = prefix << 8 | (i < text->len ? (unsigned char)text->bytes[i] : 0);
    return prefix;
}

rs_order_t rs_node_order(const rs_derivation_t *d, const rs_node_t *node) {
    return (rs_order_t){.at_us = node->at_us, .seq = node->seq, .session = node->session,
                        .has_seq = (node->flags & RS_NODE_SEQ) != 0, .id_prefix = id_prefix(d, node->id)};
}

void rs_story_drop(rs_derivation_t *d, rs_story_t *story) {
    while (story->handlings != 0) {
        const uint32_t number = story->handlings;
        story->handlings = handling_at(d, number)->next;
        rs_pool_give(d->handlings, number);
    }
    if (story->path != 0) rs_pool_give(d->paths, story->path);
    rs_story_init(story);
}

bool rs_story_copy(rs_derivation_t *d, const rs_story_t *story, rs_story_t *copy) {
    *copy = *story;
    copy->handlings = 0;
    if (!rs_path_copy(d, story, copy)) return false;
    uint32_t last = 0;
    for (uint32_t from = story->handlings; from != 0; from = handling_at(d, from)->next) {
        const uint32_t number = rs_pool_take(d->handlings);
        if (number == 0) {
            rs_story_drop(d, copy);
            return false;
        }
        *handling_at(d, number) = *handling_at(d, from);
        handling_at(d, number)->next = 0;
        if (last == 0) copy->handlings = number; else handling_at(d, last)->next = number;
        last = number;
    }
    return true;
}

rs_fact_t *rs_story_add(rs_derivation_t *d, rs_fact_type_t type, int64_t at_us, int64_t enter_us) {
    RS_REQUIRE(d->facts->count < RS_FACTS_MAX);
    rs_fact_t *fact = &d->facts->items[d->facts->count++];
    *fact = (rs_fact_t){.type = (uint8_t)type, .at_us = at_us, .enter_us = enter_us};
    return fact;
}

/* "Channel never looks ahead": named on the event, else first named in the contact up to then, else voice. */
uint8_t rs_story_channel_at(const rs_story_t *story, const rs_node_t *node) {
    if (node->channel != 0) return node->channel;
    return story->first_channel != 0 ? story->first_channel : RS_CHANNEL_VOICE;
}

static void anomaly(rs_derivation_t *d, int64_t at_us, uint32_t queue, uint8_t channel) {
    rs_fact_t *fact = rs_story_add(d, RS_FACT_CLOCK_ANOMALY, at_us, at_us);
    fact->queue = queue;
    fact->channel = channel;
}

/* --- legs --------------------------------------------------------------------------------------------------------- */
static void open_leg(rs_derivation_t *d, rs_story_t *story, const rs_node_t *queued, uint8_t channel) {
    const int64_t at_us = queued->at_us;
    const uint32_t queue = queued->queue;
    story->leg_open = 1;
    story->leg_queue = queue;
    story->last_queue = queue;
    story->leg_channel = channel;
    story->leg_queued_us = at_us;
    rs_story_start_clock(d, story);
    if (!story->has_leg) {
        story->has_leg = 1;
        story->first_queue = queue;
        story->first_leg_channel = channel;
        story->first_queued = rs_node_order(d, queued);
    }
    rs_fact_t *fact = rs_story_add(d, RS_FACT_LEG_OPENED, at_us, at_us);
    fact->queue = queue;
    fact->channel = channel;
}

static rs_fact_t *close_leg(rs_derivation_t *d, rs_story_t *story, rs_outcome_t outcome, unsigned reason, rs_order_t order,
                            int64_t wait_us) {
    const int64_t at_us = order.at_us;
    if (wait_us < 0) {
        wait_us = 0;
        anomaly(d, at_us, story->leg_queue, story->leg_channel);
    }
    rs_fact_t *fact = rs_story_add(d, RS_FACT_LEG_CLOSED, at_us, story->leg_queued_us);
    fact->queue = story->leg_queue;
    fact->channel = story->leg_channel;
    fact->outcome = (uint8_t)outcome;
    fact->reason = (uint8_t)reason;
    fact->a_us = wait_us;
    fact->b_us = story->leg_counted_us;
    story->leg_open = 0;
    if (outcome == RS_OUTCOME_CALLBACK) rs_story_exchange_leg(story, wait_us);
    story->last_outcome = (uint8_t)outcome;
    story->last_reason = (uint8_t)reason;
    story->last_leg_end = order;
    return fact;
}

static int64_t leg_wait(const rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    if ((node->flags & RS_NODE_WAIT) == 0) return node->at_us - story->leg_since_us;
    story->leg_counted_us = 0;   /* what the platform measured is this leg alone */
    return (int64_t)rs_node_rest(d, node)->ms[0] * RS_US_PER_MS;
}

/* --- handlings ---------------------------------------------------------------------------------------------------- */
static rs_handling_t *open_handling(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node, uint32_t queue,
                                    uint8_t channel, int64_t enter_us) {
    const uint32_t number = rs_pool_take(d->handlings);
    if (number == 0) {
        d->out_of_room = true;
        return NULL;
    }
    rs_handling_t *handling = handling_at(d, number);
    *handling = (rs_handling_t){.next = story->handlings, .queue = queue, .agent = node->agent, .channel = channel,
                                .flags = RS_HANDLING_OPEN, .start_us = node->at_us, .enter_us = enter_us};
    handling->team = node->team != 0 ? node->team : d->team_of(d->context, d->tenant, node->agent);
    story->handlings = number;
    return handling;
}

static void add_handling_fact(rs_derivation_t *d, rs_fact_type_t type, const rs_handling_t *handling, int64_t at_us,
                              int64_t a_us, int64_t b_us) {
    rs_fact_t *fact = rs_story_add(d, type, at_us, handling->enter_us);
    fact->queue = handling->queue;
    fact->channel = handling->channel;
    fact->agent = handling->agent;
    fact->team = handling->team;
    fact->a_us = a_us;
    fact->b_us = b_us;
    if (type != RS_FACT_HANDLED) return;
    fact->holds = handling->holds;
    fact->begin_us = handling->start_us;
}

static void end_hold(rs_handling_t *handling, int64_t at_us) {
    if ((handling->flags & RS_HANDLING_HELD) == 0) return;
    handling->flags &= (uint8_t)~RS_HANDLING_HELD;
    handling->hold_us += at_us - handling->hold_start_us;
}

/* `hold_ms` without `talk_ms` shortens talk to not less than 0; `talk_ms` is without hold. */
static void outline_handling(rs_outline_t *outline, const rs_handling_t *handling);

static void end_handling(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    rs_handling_t *handling = rs_story_open_handling(d, story);
    if (handling == NULL) return;
    end_hold(handling, node->at_us);
    handling->flags &= (uint8_t)~RS_HANDLING_OPEN;
    handling->end_us = node->at_us;
    if ((node->flags & RS_NODE_HOLD) != 0) handling->hold_us = (int64_t)rs_node_rest(d, node)->ms[1] * RS_US_PER_MS;
    const int64_t rest_us = node->at_us - handling->start_us - handling->hold_us;
    handling->talk_us = rest_us < 0 ? 0 : rest_us;
    if ((node->flags & RS_NODE_TALK) != 0) handling->talk_us = (int64_t)rs_node_rest(d, node)->ms[0] * RS_US_PER_MS;
    outline_handling(&story->outline, handling);
    add_handling_fact(d, RS_FACT_HANDLED, handling, handling->end_us, handling->talk_us, handling->hold_us);
    add_handling_fact(d, RS_FACT_HANDLE_TIME, handling, handling->end_us, handling->talk_us + handling->hold_us, 1);
}

static void lose_handling(rs_derivation_t *d, rs_story_t *story, int64_t at_us) {
    rs_handling_t *handling = rs_story_open_handling(d, story);
    if (handling == NULL) return;
    handling->flags &= (uint8_t) ~(RS_HANDLING_OPEN | RS_HANDLING_HELD);
    handling->flags |= RS_HANDLING_LOST;
    handling->end_us = at_us;
    add_handling_fact(d, RS_FACT_HANDLING_LOST, handling, at_us, 0, 0);
}

/* --- clock skew --------------------------------------------------------------------------------------------------- */
/* The contact's next queued, when it comes from another source within clock_skew of this outcome, for the same queue or
 * where the outcome names none. *channel: what that leg's channel will be. 0 = there is none. */
static uint32_t skewed_queued(const rs_derivation_t *d, const rs_story_t *story, const rs_node_t *outcome, uint8_t *channel) {
    uint8_t first_named = story->first_channel != 0 ? story->first_channel : outcome->channel;
    for (uint32_t number = outcome->next; number != 0;) {
        const rs_node_t *node = node_at(d, number);
        if (node->at_us - outcome->at_us > d->clock_skew_us) return 0;
        if (first_named == 0) first_named = node->channel;
        if (node->type == RS_CONTACT_QUEUED) {
            if (number == story->taken_queued) return 0;
            if (d->same_source(d->context, node->session, outcome->session)) return 0;
            if (outcome->queue != 0 && outcome->queue != node->queue) return 0;
            *channel = node->channel != 0 ? node->channel : first_named != 0 ? first_named : RS_CHANNEL_VOICE;
            return number;
        }
        number = node->next;
    }
    return 0;
}

bool rs_story_was_waiting_for(const rs_derivation_t *d, const rs_story_t *story, const rs_node_t *queued) {
    if (queued->type != RS_CONTACT_QUEUED || story->unmatched_us == INT64_MIN) return false;
    if (queued->at_us - story->unmatched_us > d->clock_skew_us) return false;
    if (story->more_unmatched) return true;
    if (d->same_source(d->context, queued->session, story->unmatched_session)) return false;
    return story->unmatched_queue == 0 || story->unmatched_queue == queued->queue;
}

/* Opens the leg of a queued event that follows, so that the outcome at hand finds it. */
static bool take_skewed_leg(rs_derivation_t *d, rs_story_t *story, const rs_node_t *outcome) {
    uint8_t channel = 0;
    const uint32_t number = skewed_queued(d, story, outcome, &channel);
    if (number == 0) {
        story->more_unmatched = story->unmatched_us != INT64_MIN && outcome->at_us - story->unmatched_us <= d->clock_skew_us;
        story->unmatched_us = outcome->at_us;
        story->unmatched_session = outcome->session;
        story->unmatched_queue = outcome->queue;
        return false;
    }
    const rs_node_t *queued = node_at(d, number);
    story->taken_queued = number;
    open_leg(d, story, queued, channel);
    anomaly(d, queued->at_us, queued->queue, channel);
    return true;
}

/* An outcome event meets its leg: the open one, or one that a skewed clock puts after it (at its queued time, with the wait that
 * the platform measured, else 0). */
static rs_fact_t *meet_leg(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node, rs_outcome_t outcome, unsigned reason) {
    rs_order_t order = rs_node_order(d, node);
    if (story->leg_open) return close_leg(d, story, outcome, reason, order, leg_wait(d, story, node));
    if (!take_skewed_leg(d, story, node)) return NULL;
    order.at_us = story->leg_queued_us;
    const bool measured = (node->flags & RS_NODE_WAIT) != 0;
    return close_leg(d, story, outcome, reason, order, measured ? leg_wait(d, story, node) : order.at_us - story->leg_since_us);
}

/* --- the events --------------------------------------------------------------------------------------------------- */
static void on_queued(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node, uint32_t number) {
    if (number == story->taken_queued) {
        story->taken_queued = 0;
        return;
    }
    story->unmatched_us = INT64_MIN;   /* only the next queued can be meant */
    story->more_unmatched = false;
    if (story->leg_open) {
        close_leg(d, story, RS_OUTCOME_FLOWED_OUT, RS_FLOW_REQUEUED, rs_node_order(d, node), node->at_us - story->leg_since_us);
    }
    open_leg(d, story, node, rs_story_channel_at(story, node));
}

static void on_answered(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    rs_fact_t *leg = meet_leg(d, story, node, RS_OUTCOME_ANSWERED, 0);
    const rs_handling_t *open = rs_story_open_handling(d, story);
    if (leg == NULL && open != NULL && open->agent == node->agent) return;
    const uint32_t queue = leg != NULL ? leg->queue : node->queue != 0 ? node->queue : story->last_queue;
    const uint8_t channel = leg != NULL ? leg->channel : rs_story_channel_at(story, node);
    const int64_t enter_us = leg != NULL ? leg->enter_us : node->at_us;
    end_handling(d, story, node);
    const rs_handling_t *handling = open_handling(d, story, node, queue, channel, enter_us);
    if (leg != NULL) {
        leg->agent = node->agent;
        leg->team = handling != NULL ? handling->team : node->team;
    }
    if (story->first_answer_us == INT64_MIN) story->first_answer_us = leg != NULL ? leg->at_us : node->at_us;
}

static void on_abandoned(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    const bool met = meet_leg(d, story, node, RS_OUTCOME_ABANDONED, 0) != NULL;
    if (!met && node->detail == RS_STAGE_FLOW) {
        rs_fact_t *fact = rs_story_add(d, RS_FACT_ABANDONED_BEFORE_QUEUE, node->at_us, node->at_us);
        fact->queue = node->queue;
        fact->channel = rs_story_channel_at(story, node);
    }
    end_handling(d, story, node);
}

static void on_dequeued(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    const unsigned reason = node->detail == RS_FLOW_NONE ? RS_FLOW_OTHER : node->detail;
    meet_leg(d, story, node, reason == RS_FLOW_CALLBACK ? RS_OUTCOME_CALLBACK : RS_OUTCOME_FLOWED_OUT, reason);
}

static void on_ended(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    if (story->leg_open) {
        close_leg(d, story, RS_OUTCOME_ABANDONED, 0, rs_node_order(d, node), node->at_us - story->leg_since_us);
    }
    end_handling(d, story, node);
}

static void on_offer(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    const bool failed = node->type == RS_CONTACT_OFFER_FAILED;
    rs_fact_t *fact = rs_story_add(d, failed ? RS_FACT_OFFER_FAILED : RS_FACT_OFFERED, node->at_us,
                          story->leg_open ? story->leg_queued_us : node->at_us);
    fact->queue = story->leg_open ? story->leg_queue : node->queue != 0 ? node->queue : story->last_queue;
    fact->channel = story->leg_open ? story->leg_channel : rs_story_channel_at(story, node);
    fact->agent = node->agent;
    fact->team = node->team != 0 ? node->team : d->team_of(d->context, d->tenant, node->agent);
    fact->reason = node->detail;
}

static void on_blocked(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    rs_fact_t *fact = rs_story_add(d, RS_FACT_BLOCKED, node->at_us, node->at_us);
    fact->reason = node->detail;
    fact->queue = node->queue != 0 ? node->queue : story->last_queue;
    fact->channel = rs_story_channel_at(story, node);
}

static void on_held(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    rs_handling_t *handling = rs_story_open_handling(d, story);
    if (handling == NULL || (handling->flags & RS_HANDLING_HELD) != 0) return;
    handling->flags |= RS_HANDLING_HELD;
    handling->hold_start_us = node->at_us;
    handling->holds++;
}

static void on_retrieved(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    rs_handling_t *handling = rs_story_open_handling(d, story);
    if (handling != NULL) end_hold(handling, node->at_us);
}

/* The earlier handling of another agent that an attended transfer, reported late, is about; NULL: it is about the open one. */
static rs_handling_t *earlier_handling(rs_derivation_t *d, const rs_story_t *story, const rs_handling_t *open, uint32_t agent) {
    if (agent == 0 || agent == open->agent) return NULL;
    for (uint32_t number = open->next; number != 0; number = handling_at(d, number)->next) {
        rs_handling_t *handling = handling_at(d, number);
        if (handling->agent == agent && (handling->flags & RS_HANDLING_TRANSFERRED) == 0) return handling;
    }
    (void)story;
    return NULL;
}

static void on_transferred(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    rs_handling_t *open = rs_story_open_handling(d, story);
    if (open == NULL) return;
    rs_handling_t *earlier = earlier_handling(d, story, open, node->agent);
    rs_handling_t *transferred = earlier != NULL ? earlier : open;
    if (earlier == NULL) end_handling(d, story, node);
    transferred->flags |= RS_HANDLING_TRANSFERRED;
    const uint8_t kind = node->detail == RS_TRANSFER_NONE ? RS_TRANSFER_OTHER : node->detail;
    add_handling_fact(d, RS_FACT_TRANSFERRED_OUT, transferred, node->at_us, 0, 0);
    d->facts->items[d->facts->count - 1].reason = kind;
    const rs_node_rest_t *aim = rs_node_rest(d, node);
    if (aim->to_queue == 0 && aim->to_agent == 0) return;
    rs_fact_t *fact = rs_story_add(d, RS_FACT_TRANSFERRED_IN, node->at_us, node->at_us);
    fact->queue = aim->to_queue;
    fact->agent = aim->to_agent;
    fact->channel = rs_story_channel_at(story, node);
}

/* The last handling of an agent; of any agent when none is named. */
static rs_handling_t *last_handling_of(rs_derivation_t *d, const rs_story_t *story, uint32_t agent) {
    for (uint32_t number = story->handlings; number != 0; number = handling_at(d, number)->next) {
        rs_handling_t *handling = handling_at(d, number);
        if (agent == 0 || handling->agent == agent) return handling;
    }
    return NULL;
}

/* Wrap-up is per contact and agent: the one that runs, if any. */
static rs_handling_t *wrapping_of(rs_derivation_t *d, const rs_story_t *story, uint32_t agent) {
    for (uint32_t number = story->handlings; number != 0; number = handling_at(d, number)->next) {
        rs_handling_t *handling = handling_at(d, number);
        if (handling->agent == agent && (handling->flags & RS_HANDLING_WRAPPING) != 0) return handling;
    }
    return NULL;
}

static void on_wrapup_started(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    const rs_handling_t *open = rs_story_open_handling(d, story);
    if (open != NULL && (node->agent == 0 || node->agent == open->agent)) end_handling(d, story, node);
    rs_handling_t *handling = last_handling_of(d, story, node->agent);
    if (handling == NULL || wrapping_of(d, story, handling->agent) != NULL) return;
    handling->flags |= RS_HANDLING_WRAPPING;
    handling->wrap_start_us = node->at_us;
    story->wrapping++;
}

static void on_wrapup_ended(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    const rs_handling_t *last = last_handling_of(d, story, node->agent);
    rs_handling_t *handling = last == NULL ? NULL : wrapping_of(d, story, last->agent);
    if (handling == NULL) return;
    const int64_t wrap_us = node->at_us - handling->wrap_start_us;
    handling->flags &= (uint8_t)~RS_HANDLING_WRAPPING;
    story->wrapping--;
    add_handling_fact(d, RS_FACT_WRAPPED, handling, node->at_us, wrap_us, 0);
    if ((handling->flags & (RS_HANDLING_OPEN | RS_HANDLING_LOST)) == 0) {
        const int64_t before_us = handling->talk_us + handling->hold_us + handling->wrap_us;
        add_handling_fact(d, RS_FACT_HANDLE_TIME, handling, handling->end_us, before_us, -1);
        add_handling_fact(d, RS_FACT_HANDLE_TIME, handling, handling->end_us, before_us + wrap_us, 1);
    }
    handling->wrap_us += wrap_us;
}

/* --- the outline, for first-contact resolution (outline.h) --------------------------------------------------------- */
/* Handlings end in the order in which they were opened. A skewed clock may put the leg's queued time, and with it the answer that
 * is counted, after the answering event. */
static void outline_handling(rs_outline_t *outline, const rs_handling_t *handling) {
    if (outline->handled) return;
    outline->handled = true;
    outline->answered_us = handling->start_us > handling->enter_us ? handling->start_us : handling->enter_us;
    outline->entered_us = handling->enter_us;
    outline->queue = handling->queue;
    outline->agent = handling->agent;
    outline->team = handling->team;
    outline->channel = handling->channel;
}

static bool only_speaks_of_it(unsigned type) {
    switch (type) {
        case RS_DISPOSITION_SET:
        case RS_SURVEY_ANSWERED:
        case RS_CONTACT_WRAPUP_STARTED:
        case RS_CONTACT_WRAPUP_ENDED:
        case RS_CONTACT_CLOSED:
        case RS_CONTACT_REOPENED:
        case RS_CALLBACK_ATTEMPTED:
        case RS_CALLBACK_CONNECTED:
        case RS_CALLBACK_FAILED: return true;
        default: return false;
    }
}

/* Until when what is said of the contact counts, as far as its end is known now. */
static int64_t spoken_until(const rs_derivation_t *d, const rs_outline_t *outline) {
    if (outline->ended_us != INT64_MIN) return outline->ended_us + d->repeat_window_us;
    return d->spoken_until_us != 0 ? d->spoken_until_us : INT64_MAX;
}

static void outline_signal(const rs_derivation_t *d, rs_outline_t *outline, const rs_node_t *node) {
    if (node->at_us > spoken_until(d, outline)) return;
    if (node->type == RS_CONTACT_REOPENED && !outline->reopened) {
        outline->reopened = true;
        outline->reopened_us = node->at_us;
    }
    const uint32_t topic = rs_node_rest(d, node)->topic;
    if (node->type == RS_DISPOSITION_SET && topic != 0) {
        outline->topic = topic;
        outline->topic_is_set = true;
        outline->topic_set_us = node->at_us;
    }
    if ((node->flags & RS_NODE_RESOLVED) == 0) return;
    const uint8_t signal = (node->flags & RS_NODE_IS_RESOLVED) != 0 ? RS_SIGNAL_RESOLVED : RS_SIGNAL_UNRESOLVED;
    if (node->type == RS_DISPOSITION_SET) {
        outline->disposition = signal;
        outline->disposition_us = node->at_us;
    } else if (node->type == RS_SURVEY_ANSWERED) {
        outline->survey = signal;
        outline->survey_us = node->at_us;
    }
}

static void outline_dimensions(const rs_derivation_t *d, rs_outline_t *outline, const rs_story_t *story, const rs_node_t *node) {
    if (outline->direction == RS_DIRECTION_NONE) outline->direction = node->direction;
    if (!outline->has_customer && (node->flags & RS_NODE_CUSTOMER) != 0) {
        outline->has_customer = true;
        outline->customer = rs_node_rest(d, node)->customer;
    }
    if (outline->topic == 0 && node->type != RS_DISPOSITION_SET) outline->topic = rs_node_rest(d, node)->topic;
    if (!outline->has_leg && story->has_leg && !outline->handled) {
        outline->queue = story->first_queue;
        outline->channel = story->first_leg_channel;
        outline->has_leg = true;
    } else if (!outline->has_leg && !outline->handled) {
        outline->channel = rs_story_channel_at(story, node);
    }
}

static void outline_event(const rs_derivation_t *d, rs_story_t *story, const rs_node_t *node) {
    rs_outline_t *outline = &story->outline;
    const bool aside = only_speaks_of_it(node->type);
    if (outline->started_us == INT64_MIN) {
        outline->started_us = outline->customer_us = outline->topic_us = node->at_us;
        outline->begins_aside = aside;
    }
    if (!aside) {
        outline->took_place = true;
        outline->contacts = 1;
    }
    outline_dimensions(d, outline, story, node);
    if (aside) outline_signal(d, outline, node);
    if (node->type == RS_CONTACT_ENDED || node->type == RS_CONTACT_ABANDONED) outline->ended_us = node->at_us;
    outline->last_us = node->at_us;
}

/* The end is missing: an open leg and handling end as lost, at the last event's time + missing_end. A wrap-up goes on. */
static void lose_what_is_open(rs_derivation_t *d, rs_story_t *story) {
    const rs_order_t order = {.at_us = story->last.at_us + d->missing_end_us};
    if (story->leg_open) {
        close_leg(d, story, RS_OUTCOME_FLOWED_OUT, RS_FLOW_LOST, order, order.at_us - story->leg_since_us);
    }
    lose_handling(d, story, order.at_us);
    story->lost_us = order.at_us;
}

static bool end_is_missing(const rs_derivation_t *d, const rs_story_t *story, const rs_node_t *node) {
    if (d->missing_end_us <= 0 || story->last.at_us == INT64_MIN || !rs_story_waits_for_end(d, story)) return false;
    const int64_t passed_us = node->at_us - story->last.at_us;
    return node->type == RS_NODE_TIME_PASSED ? passed_us >= d->missing_end_us : passed_us > d->missing_end_us;
}

void rs_story_step(rs_derivation_t *d, rs_story_t *story, uint32_t number) {
    const rs_node_t *node = node_at(d, number);
    if (end_is_missing(d, story, node)) {
        lose_what_is_open(d, story);
        if (d->steps != NULL) rs_path_lose(d, story);
    }
    if (story->direction == 0) story->direction = node->direction;
    const rs_footing_t before = d->steps == NULL ? (rs_footing_t){0} : rs_story_footing(d, story);
    switch (node->type) {
        case RS_CONTACT_CREATED: rs_story_imply_message(story, node); break;
        case RS_CONTACT_QUEUED:
            rs_story_imply_message(story, node);
            on_queued(d, story, node, number);
            break;
        case RS_CONTACT_OFFERED:
        case RS_CONTACT_OFFER_FAILED: on_offer(d, story, node); break;
        case RS_CONTACT_ANSWERED: on_answered(d, story, node); break;
        case RS_CONTACT_HELD: on_held(d, story, node); break;
        case RS_CONTACT_RETRIEVED: on_retrieved(d, story, node); break;
        case RS_CONTACT_TRANSFERRED: on_transferred(d, story, node); break;
        case RS_CONTACT_ABANDONED: on_abandoned(d, story, node); break;
        case RS_CONTACT_DEQUEUED: on_dequeued(d, story, node); break;
        case RS_CONTACT_BLOCKED: on_blocked(d, story, node); break;
        case RS_CONTACT_ENDED: on_ended(d, story, node); break;
        case RS_CONTACT_WRAPUP_STARTED: on_wrapup_started(d, story, node); break;
        case RS_CONTACT_WRAPUP_ENDED: on_wrapup_ended(d, story, node); break;
        case RS_CONTACT_MESSAGE: rs_story_on_message(d, story, node); break;
        case RS_CONTACT_CLOSED: rs_story_on_file_closed(d, story, node); break;
        case RS_CONTACT_REOPENED: rs_story_on_reopened(d, story, node); break;
        case RS_CALLBACK_REQUESTED:
        case RS_CALLBACK_ATTEMPTED:
        case RS_CALLBACK_CONNECTED:
        case RS_CALLBACK_FAILED: rs_story_on_callback(d, story, node); break;
        case RS_SURVEY_ANSWERED: rs_story_survey(d, story, node); break;
        case RS_NODE_TIME_PASSED: return;
        default: break;   /* known, but without a part in legs and handlings */
    }
    if (node->type == RS_CONTACT_ENDED || node->type == RS_CONTACT_ABANDONED) story->ended_us = node->at_us;
    if (story->last.at_us == INT64_MIN) story->resolution_since_us = node->at_us;
    if (d->steps != NULL) rs_path_follow(d, story, number, &before);
    outline_event(d, story, node);
    if (story->first_channel == 0) story->first_channel = node->channel;
    story->last = rs_node_order(d, node);
}
