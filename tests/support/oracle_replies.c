/* support/oracle_replies.c — asynchronous channels and call-backs by looking back over all earlier events of the contact, and working
 * hours minute by minute. The rules: README of the core's contact/derive_replies.c and derive_callback.c, that is: design and
 * proto/EVENTS.md. */
#include "generate.h"
#include "oracle_internal.h"

/* --- working hours ---------------------------------------------------------------------------------------------------- */
/* The setting of the entry that names most (tenant before channel) among those that say something. */
typedef bool (*says_fn)(const rs_queue_config_t *entry, unsigned what);
static const rs_queue_config_t *entry_for(const rs_config_t *config, rs_str_t tenant, place_t place, says_fn says, unsigned what) {
    const rs_queue_config_t *found = NULL;
    int best = -1;
    for (uint32_t i = 0; i < config->queue_count; i++) {
        const rs_queue_config_t *entry = &config->queues[i];
        if (!rs_str_equal(entry->name, place.queue) || !says(entry, what)) continue;
        if (entry->tenant.len != 0 && !rs_str_equal(entry->tenant, tenant)) continue;
        if (entry->channel != 0 && entry->channel != place.channel) continue;
        const int exactness = (entry->tenant.len != 0 ? 2 : 0) + (entry->channel != 0 ? 1 : 0);
        if (exactness <= best) continue;
        best = exactness;
        found = entry;
    }
    return found;
}

static int64_t target_of(const rs_queue_config_t *entry, unsigned count) {
    return count == RS_COUNT_FIRST_REPLIES  ? entry->first_reply_us
           : count == RS_COUNT_NEXT_REPLIES ? entry->next_reply_us
                                            : entry->resolution_us;
}
static bool says_hours(const rs_queue_config_t *entry, unsigned what) { return (void)what, entry->hours.len != 0; }
static bool says_clock(const rs_queue_config_t *entry, unsigned what) {
    return (void)what, entry->callback_clock != RS_CALLBACK_CLOCK_UNSET;
}
static bool says_target(const rs_queue_config_t *entry, unsigned what) { return target_of(entry, what) >= 0; }

bool oracle_keeps_clock(const rs_config_t *config, rs_str_t tenant, place_t place) {
    const rs_queue_config_t *entry = entry_for(config, tenant, place, says_clock, 0);
    return (entry != NULL ? entry->callback_clock : config->callback_clock) == RS_CALLBACK_CLOCK_KEEP;
}

static bool is_open(const generate_hours_t *hours, const rs_zone_t *zone, int64_t at_us) {
    int64_t offset_s = zone->transitions[0].offset_s;
    for (uint32_t i = 0; i < zone->count && zone->transitions[i].at_us <= at_us; i++) offset_s = zone->transitions[i].offset_s;
    const int64_t local_s = at_us / RS_US_PER_S + offset_s, days = local_s / 86400, in_day = local_s % 86400;
    bool dated = false, open = false;
    for (size_t i = 0; i < hours->date_count; i++) {
        if (hours->dates[i].days != days) continue;
        dated = true;
        open = open || (in_day >= hours->dates[i].from_s && in_day < hours->dates[i].to_s);
    }
    for (size_t i = 0; i < hours->spans && !dated; i++) {
        const rs_calendar_span_t *span = &hours->week[i];
        open = open || (span->weekday == (days + 3) % 7 && in_day >= span->from_s && in_day < span->to_s);
    }
    return open;
}

int64_t oracle_worked_us(const rs_config_t *config, rs_str_t tenant, place_t place, int64_t from_us, int64_t to_us) {
    const rs_queue_config_t *entry = entry_for(config, tenant, place, says_hours, 0);
    const generate_hours_t *hours = entry == NULL ? NULL : generate_hours(entry->hours);
    if (hours == NULL) return to_us - from_us;
    int64_t worked_us = 0;
    for (int64_t minute_us = from_us - from_us % RS_US_PER_MIN; minute_us < to_us; minute_us += RS_US_PER_MIN) {
        const int64_t begin_us = minute_us > from_us ? minute_us : from_us;
        const int64_t end_us = minute_us + RS_US_PER_MIN < to_us ? minute_us + RS_US_PER_MIN : to_us;
        if (is_open(hours, config->zone, minute_us)) worked_us += end_us - begin_us;
    }
    return worked_us;
}

/* --- replies ---------------------------------------------------------------------------------------------------------- */
static bool is_message(const rs_event_t *event, rs_party_t party) { return event->type == RS_CONTACT_MESSAGE && event->party == party; }

/* The direction as far as it is known by then. */
static bool may_be_inbound(const rs_event_t *const *events, size_t index) {
    for (size_t i = 0; i <= index; i++) {
        if (events[i]->direction != RS_DIRECTION_NONE) return events[i]->direction == RS_DIRECTION_INBOUND;
    }
    return true;
}

/* For an agent's message: since when the customer has waited for it; -1: for nothing. *is_first: no reply came before it. */
static int64_t waited_since(const rs_event_t *const *events, size_t index, bool *is_first) {
    *is_first = true;
    size_t begin = 0; /* after the last agent message, or the last closing */
    for (size_t i = 0; i < index; i++) {
        bool unused;
        if (is_message(events[i], RS_PARTY_AGENT) && waited_since(events, i, &unused) >= 0) *is_first = false;
        if (is_message(events[i], RS_PARTY_AGENT) || events[i]->type == RS_CONTACT_CLOSED) begin = i + 1;
    }
    for (size_t i = begin; i < index; i++) {
        if (is_message(events[i], RS_PARTY_CUSTOMER)) return events[i]->occurred_us;
    }
    for (size_t i = begin; i < index && *is_first; i++) {
        const bool begins = events[i]->type == RS_CONTACT_CREATED || events[i]->type == RS_CONTACT_QUEUED;
        if (begins && may_be_inbound(events, i)) return events[i]->occurred_us;
    }
    return -1;
}

static void add_timed(oracle_t *oracle, oracle_fact_t fact, place_t place, rs_count_t count, rs_histogram_id_t histogram,
                      int64_t since_us) {
    const rs_config_t *config = oracle->config;
    const int64_t worked_us = oracle_worked_us(config, fact.tenant, place, since_us, fact.event_us);
    const rs_queue_config_t *entry = entry_for(config, fact.tenant, place, says_target, count);
    const int64_t target_us = entry != NULL ? target_of(entry, count)
                                            : count == RS_COUNT_FIRST_REPLIES ? config->first_reply_us
                                            : count == RS_COUNT_NEXT_REPLIES  ? config->next_reply_us
                                                                              : config->resolution_us;
    static const rs_count_t in_t[] = {RS_COUNT_FIRST_REPLIES_IN_T, RS_COUNT_NEXT_REPLIES_IN_T, RS_COUNT_RESOLUTIONS_IN_T};
    static const rs_count_t by_hours[] = {RS_COUNT_FIRST_REPLY_US, RS_COUNT_NEXT_REPLY_US, RS_COUNT_RESOLUTION_US};
    static const rs_count_t by_calendar[] = {RS_COUNT_FIRST_REPLY_CALENDAR_US, RS_COUNT_NEXT_REPLY_CALENDAR_US,
                                             RS_COUNT_RESOLUTION_CALENDAR_US};
    const size_t which = histogram == RS_HIST_FIRST_REPLY ? 0 : histogram == RS_HIST_NEXT_REPLY ? 1 : 2;
    oracle_add_count(oracle, fact, count, 1);
    oracle_add_count(oracle, fact, in_t[which], target_us > 0 && worked_us <= target_us);
    oracle_add_count(oracle, fact, by_hours[which], worked_us);
    oracle_add_count(oracle, fact, by_calendar[which], fact.event_us - since_us);
    oracle_add(oracle, fact, ORACLE_DURATION, histogram, worked_us);
}

/* --- the contact's file --------------------------------------------------------------------------------------------------- */
/* The first reopening after the last closing before `index`; SIZE_MAX: none. *closed: there was a closing. */
static size_t reopened_before(const rs_event_t *const *events, size_t index, bool *closed) {
    size_t reopened = SIZE_MAX;
    *closed = false;
    for (size_t i = 0; i < index; i++) {
        if (events[i]->type == RS_CONTACT_CLOSED) {
            *closed = true;
            reopened = SIZE_MAX;
        } else if (events[i]->type == RS_CONTACT_REOPENED && reopened == SIZE_MAX) {
            reopened = i;
        }
    }
    return reopened;
}

void oracle_count_aside(oracle_t *oracle, const rs_event_t *const *events, size_t index, rs_str_t tenant, place_t place, rs_str_t team) {
    const rs_event_t *event = events[index];
    const oracle_fact_t plain = oracle_fact_at(oracle, tenant, place, event->occurred_us, event->occurred_us);
    const oracle_fact_t of_agent = oracle_with_agent(plain, event->agent, team);
    bool closed, is_first;
    const size_t reopened = reopened_before(events, index, &closed);
    switch ((rs_event_type_t)event->type) {
        case RS_CONTACT_MESSAGE: {
            const int64_t since_us = event->party == RS_PARTY_AGENT ? waited_since(events, index, &is_first) : -1;
            if (since_us < 0) return;
            if (is_first)
                add_timed(oracle, of_agent, place, RS_COUNT_FIRST_REPLIES, RS_HIST_FIRST_REPLY, since_us);
            else
                add_timed(oracle, of_agent, place, RS_COUNT_NEXT_REPLIES, RS_HIST_NEXT_REPLY, since_us);
            return;
        }
        case RS_CONTACT_CLOSED:
            if (index == 0 || (closed && reopened == SIZE_MAX)) return;
            add_timed(oracle, of_agent, place, RS_COUNT_RESOLUTIONS, RS_HIST_RESOLUTION,
                      events[reopened != SIZE_MAX ? reopened : 0]->occurred_us);
            return;
        case RS_CONTACT_REOPENED:
            if (reopened == SIZE_MAX) oracle_add_count(oracle, plain, RS_COUNT_REOPENED, 1);
            return;
        case RS_CALLBACK_REQUESTED: oracle_add_count(oracle, plain, RS_COUNT_CALLBACKS_REQUESTED, 1); return;
        case RS_CALLBACK_ATTEMPTED: oracle_add_count(oracle, plain, RS_COUNT_CALLBACKS_ATTEMPTED, 1); return;
        case RS_CALLBACK_CONNECTED: oracle_add_count(oracle, plain, RS_COUNT_CALLBACKS_CONNECTED, 1); return;
        case RS_CALLBACK_FAILED: oracle_add_count(oracle, plain, RS_COUNT_CALLBACKS_FAILED, 1); return;
        default: return;
    }
}

int64_t oracle_journey_close_us(const oracle_t *oracle, rs_str_t tenant, rs_str_t journey) {
    int64_t ended_us = INT64_MIN, last_us = INT64_MIN;
    for (size_t i = 0; i < oracle->ends.count; i++) {
        const end_t *end = &oracle->ends.items[i];
        if (!rs_str_equal(end->tenant, tenant) || !rs_str_equal(end->journey, journey)) continue;
        if (end->ended_us > ended_us) ended_us = end->ended_us;
        if (end->last_us > last_us) last_us = end->last_us;
    }
    return ended_us != INT64_MIN ? ended_us : last_us;
}
