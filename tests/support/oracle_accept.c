/* support/oracle_accept.c — identity, the total order, and which arrivals are accepted. */
#include "oracle.h"

static int compare_numbers(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

static bool has_seq(const rs_event_t *event) { return (event->present & RS_HAS_SEQ) != 0; }

int oracle_compare(const rs_event_t *a, const rs_event_t *b) {
    if (a->occurred_us != b->occurred_us) return a->occurred_us < b->occurred_us ? -1 : 1;
    int order = rs_str_compare(a->source, b->source);
    if (order == 0) order = rs_str_compare(a->incarnation, b->incarnation);
    if (order == 0) order = (int)!has_seq(a) - (int)!has_seq(b); /* absent last */
    if (order == 0 && has_seq(a)) order = compare_numbers(a->seq, b->seq);
    if (order == 0) order = rs_str_compare(a->event_id, b->event_id);
    return order;
}

bool oracle_same_identity(const rs_event_t *a, const rs_event_t *b) {
    if (!rs_str_equal(a->source, b->source)) return false;
    if (a->event_id.len != 0 || b->event_id.len != 0) return rs_str_equal(a->event_id, b->event_id);
    return rs_str_equal(a->incarnation, b->incarnation) && a->seq == b->seq;
}

static bool seen_before(const oracle_arrival_t *arrivals, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (arrivals[i].verdict == RS_REFUSAL_NONE && oracle_same_identity(arrivals[i].event, arrivals[index].event))
            return true;
    }
    return false;
}

/* Greatest occurred_at of a source among the accepted of the first `index` arrivals; INT64_MIN when there is none. */
static int64_t watermark_before(const oracle_arrival_t *arrivals, size_t index, rs_str_t source) {
    int64_t watermark_us = INT64_MIN;
    for (size_t i = 0; i < index; i++) {
        const bool counts = arrivals[i].verdict == RS_REFUSAL_NONE && rs_str_equal(arrivals[i].event->source, source);
        if (counts && arrivals[i].event->occurred_us > watermark_us) watermark_us = arrivals[i].event->occurred_us;
    }
    return watermark_us;
}

/* doubt: an event that is a duplicate and too late (or in the future) is a duplicate: it was settled when first read. */
void oracle_accept_live(oracle_arrival_t *arrivals, size_t count, const rs_config_t *config) {
    for (size_t i = 0; i < count; i++) {
        oracle_arrival_t *arrival = &arrivals[i];
        const int64_t occurred_us = arrival->event->occurred_us;
        const int64_t watermark_us = watermark_before(arrivals, i, arrival->event->source);
        arrival->late = false;
        arrival->verdict = RS_REFUSAL_NONE;
        if (seen_before(arrivals, i)) {
            arrival->verdict = RS_REFUSAL_DUPLICATE;
        } else if (occurred_us > arrival->arrival_us + config->future_us) {
            arrival->verdict = RS_REFUSAL_FUTURE;
        } else if (watermark_us != INT64_MIN && occurred_us < watermark_us - config->lateness_us) {
            arrival->verdict = RS_REFUSAL_TOO_LATE;
        } else {
            arrival->late = watermark_us != INT64_MIN && occurred_us < watermark_us;
        }
    }
}

void oracle_accept_replay(oracle_arrival_t *arrivals, size_t count) {
    for (size_t i = 0; i < count; i++) {
        arrivals[i].late = false;
        arrivals[i].verdict = seen_before(arrivals, i) ? RS_REFUSAL_DUPLICATE : RS_REFUSAL_NONE;
    }
}

static oracle_accounting_t *account_of(oracle_accounting_t *accounts, size_t *used, size_t max, rs_str_t source) {
    for (size_t i = 0; i < *used; i++) {
        if (rs_str_equal(accounts[i].source, source)) return &accounts[i];
    }
    if (*used == max) return NULL;
    accounts[*used] = (oracle_accounting_t){.source = source};
    return &accounts[(*used)++];
}

size_t oracle_account(const oracle_arrival_t *arrivals, size_t count, oracle_accounting_t *accounts, size_t max) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const oracle_arrival_t *arrival = &arrivals[i];
        oracle_accounting_t *account = account_of(accounts, &used, max, arrival->event->source);
        if (account == NULL) continue;
        account->received++;
        switch (arrival->verdict) {
            case RS_REFUSAL_NONE:
                if (arrival->late)
                    account->late_applied++;
                else
                    account->applied++;
                if (arrival->event->occurred_us > account->watermark_us)
                    account->watermark_us = arrival->event->occurred_us;
                break;
            case RS_REFUSAL_DUPLICATE: account->duplicate++; break;
            case RS_REFUSAL_TOO_LATE: account->too_late++; break;
            case RS_REFUSAL_FUTURE: account->future++; break;
            default: break;
        }
    }
    return used;
}
