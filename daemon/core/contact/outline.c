#include "core/contact/outline.h"

void rs_outline_init(rs_outline_t *outline) {
    *outline = (rs_outline_t){.started_us = INT64_MIN, .last_us = INT64_MIN, .ended_us = INT64_MIN};
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t greatest(int64_t a, int64_t b) { return a > b ? a : b; }

static int compare_names(const rs_names_t *names, uint32_t a, uint32_t b) {
    return a == b ? 0 : rs_str_compare(rs_names_text(names, a), rs_names_text(names, b));
}

/* Whether b's first handling comes before a's. */
static bool is_earlier_handling(const rs_outline_t *a, const rs_outline_t *b, const rs_names_t *names) {
    if (b->answered_us != a->answered_us) return b->answered_us < a->answered_us;
    if (b->entered_us != a->entered_us) return b->entered_us < a->entered_us;
    int order = compare_names(names, b->queue, a->queue);
    if (order == 0) order = compare_names(names, b->agent, a->agent);
    if (order == 0) order = compare_names(names, b->team, a->team);
    return order < 0 || (order == 0 && b->channel < a->channel);
}

static void take_handling(rs_outline_t *outline, const rs_outline_t *other) {
    outline->handled = other->handled;
    outline->has_leg = other->has_leg;
    outline->answered_us = other->answered_us;
    outline->entered_us = other->entered_us;
    outline->queue = other->queue;
    outline->agent = other->agent;
    outline->team = other->team;
    outline->channel = other->channel;
}

static void merge_handling(rs_outline_t *outline, const rs_outline_t *other, const rs_names_t *names) {
    if (other->handled) {
        if (!outline->handled || is_earlier_handling(outline, other, names)) take_handling(outline, other);
        return;
    }
    if (outline->handled || outline->has_leg > other->has_leg) return;
    bool earlier = outline->has_leg < other->has_leg || other->started_us < outline->started_us;
    if (outline->has_leg == other->has_leg && other->started_us == outline->started_us) {
        const int order = compare_names(names, other->queue, outline->queue);
        earlier = order < 0 || (order == 0 && other->channel < outline->channel);
    }
    if (earlier) take_handling(outline, other);
}

static void merge_customer(rs_outline_t *outline, const rs_outline_t *other) {
    if (!other->has_customer) return;
    bool earlier = !outline->has_customer || other->customer_us < outline->customer_us;
    if (outline->has_customer && other->customer_us == outline->customer_us) {
        earlier = memcmp(&other->customer, &outline->customer, sizeof outline->customer) < 0;
    }
    if (!earlier) return;
    outline->has_customer = true;
    outline->customer = other->customer;
    outline->customer_us = other->customer_us;
}

static void merge_topic(rs_outline_t *outline, const rs_outline_t *other, const rs_names_t *names) {
    if (other->topic == 0) return;
    bool earlier = outline->topic == 0 || other->topic_us < outline->topic_us;
    if (outline->topic != 0 && other->topic_us == outline->topic_us) {
        earlier = compare_names(names, other->topic, outline->topic) < 0;
    }
    if (!earlier) return;
    outline->topic = other->topic;
    outline->topic_us = other->topic_us;
}

/* A disposition says it of a contact that it is about: the last one holds. */
static void take_topic(rs_outline_t *outline, const rs_outline_t *spoken) {
    if (outline->topic_is_set && outline->topic_set_us > spoken->topic_set_us) return;
    outline->topic = spoken->topic;
    outline->topic_is_set = true;
    outline->topic_set_us = spoken->topic_set_us;
}

static void merge_direction(rs_outline_t *outline, const rs_outline_t *other) {
    const uint8_t a = rs_outline_is_inbound(outline) ? RS_DIRECTION_INBOUND : outline->direction;
    const uint8_t b = rs_outline_is_inbound(other) ? RS_DIRECTION_INBOUND : other->direction;
    if (other->started_us == outline->started_us) outline->direction = a < b ? a : b;
    else outline->direction = other->started_us < outline->started_us ? b : a;
}

static void merge_signal(uint8_t *signal, int64_t *at_us, uint8_t other, int64_t other_us) {
    if (other == RS_SIGNAL_NONE) return;
    if (*signal != RS_SIGNAL_NONE && other_us < *at_us) return;
    if (*signal != RS_SIGNAL_NONE && other_us == *at_us && other < *signal) return;
    *signal = other;
    *at_us = other_us;
}

static void merge_signals(rs_outline_t *outline, const rs_outline_t *other, int64_t until_us) {
    if (other->disposition_us <= until_us) {
        merge_signal(&outline->disposition, &outline->disposition_us, other->disposition, other->disposition_us);
    }
    if (other->survey_us <= until_us) merge_signal(&outline->survey, &outline->survey_us, other->survey, other->survey_us);
    if (!other->reopened || other->reopened_us > until_us) return;
    outline->reopened_us = outline->reopened ? least(outline->reopened_us, other->reopened_us) : other->reopened_us;
    outline->reopened = true;
}

void rs_outline_merge(rs_outline_t *outline, const rs_outline_t *other, int64_t window_us, const rs_names_t *names) {
    if (!other->took_place || !outline->took_place) {
        /* Of the two at most one is a contact; the other only says something of it. */
        const rs_outline_t spoken = other->took_place ? *outline : *other;
        if (other->took_place) *outline = *other;
        const bool has_end = outline->took_place;
        const int64_t until_us = has_end ? rs_outline_end(outline) + window_us : INT64_MAX;
        merge_signals(outline, &spoken, until_us);
        if (spoken.topic_is_set && spoken.topic_set_us <= until_us) take_topic(outline, &spoken);
        if (!has_end) outline->started_us = least(outline->started_us, spoken.started_us);
        return;
    }
    merge_handling(outline, other, names);   /* before `started` is moved */
    merge_direction(outline, other);
    merge_customer(outline, other);
    merge_topic(outline, other, names);
    merge_signals(outline, other, INT64_MAX);
    outline->started_us = least(outline->started_us, other->started_us);
    outline->last_us = greatest(outline->last_us, other->last_us);
    outline->ended_us = greatest(outline->ended_us, other->ended_us);
    outline->contacts += other->contacts;
    outline->recalled = outline->recalled || other->recalled;
}
