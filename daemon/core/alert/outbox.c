#include "core/alert/outbox.h"

#include <stdlib.h>

enum { FIRST_BYTES = 16 * 1024 };

void rs_outbox_deinit(rs_outbox_t *outbox) {
    free(outbox->bytes);
    *outbox = (rs_outbox_t){0};
}

static int order(uint64_t a_position, uint32_t a_ordinal, uint64_t b_position, uint32_t b_ordinal) {
    if (a_position != b_position) return a_position < b_position ? -1 : 1;
    return (a_ordinal > b_ordinal) - (a_ordinal < b_ordinal);
}

static uint32_t read_entry(const rs_outbox_t *outbox, uint32_t at, rs_alert_transition_t *transition) {
    uint32_t len;
    memcpy(&len, outbox->bytes + at, sizeof len);
    rs_alert_unpack(outbox->bytes + at + sizeof len, transition);
    return (uint32_t)sizeof len + len;
}

static void drop_first(rs_outbox_t *outbox) {
    rs_alert_transition_t first;
    outbox->begin += read_entry(outbox, outbox->begin, &first);
    if (--outbox->count == 0) outbox->begin = outbox->end = 0;
}

/* --- adding --------------------------------------------------------------------------------------------------------- */
static void close_up(rs_outbox_t *outbox) {
    if (outbox->begin == 0) return;
    memmove(outbox->bytes, outbox->bytes + outbox->begin, outbox->end - outbox->begin);
    outbox->end -= outbox->begin;
    outbox->begin = 0;
}

/* False: no memory for more; then the oldest give way. */
static bool grow(rs_outbox_t *outbox) {
    if (outbox->room == RS_ALERT_OUTBOX_BYTES) return false;
    const uint32_t room = outbox->room == 0 ? (uint32_t)FIRST_BYTES : outbox->room * 2;
    unsigned char *larger = realloc(outbox->bytes, room);
    if (larger == NULL) return false;
    outbox->bytes = larger;
    outbox->room = room;
    return true;
}

/* An eighth at a time, so that bytes are not moved for each transition. */
static void drop_some(rs_outbox_t *outbox, uint32_t len) {
    const uint32_t keep = outbox->room - outbox->room / 8 - len;
    while (outbox->count > 0 && outbox->end - outbox->begin > keep) {
        drop_first(outbox);
        outbox->dropped++;
    }
}

static bool make_room(rs_outbox_t *outbox, uint32_t len) {
    while (outbox->room - outbox->end < len) {
        if (outbox->begin > outbox->room / 2) close_up(outbox);
        else if (grow(outbox)) continue;
        else if (outbox->begin != 0) close_up(outbox);
        else if (outbox->count == 0) return false;
        else drop_some(outbox, len);
    }
    return true;
}

void rs_outbox_add(rs_outbox_t *outbox, const rs_alert_transition_t *transition) {
    unsigned char packed[RS_ALERT_PACKED_MAX];
    if (outbox->receiver_count == 0) return;
    const uint32_t len = (uint32_t)rs_alert_pack(transition, packed);
    if (!make_room(outbox, (uint32_t)sizeof len + len)) {
        outbox->dropped++;
        return;
    }
    memcpy(outbox->bytes + outbox->end, &len, sizeof len);
    memcpy(outbox->bytes + outbox->end + sizeof len, packed, len);
    outbox->end += (uint32_t)sizeof len + len;
    outbox->count++;
}

/* --- confirming ----------------------------------------------------------------------------------------------------- */
const rs_receiver_t *rs_outbox_receiver(const rs_outbox_t *outbox, uint64_t receiver) {
    for (uint32_t i = 0; i < outbox->receiver_count; i++) {
        if (outbox->receivers[i].name == receiver) return &outbox->receivers[i];
    }
    return NULL;
}

static void move_receiver(rs_outbox_t *outbox, uint64_t name, uint64_t position, uint32_t ordinal) {
    uint32_t at = 0;
    while (at < outbox->receiver_count && outbox->receivers[at].name != name) at++;
    if (position == UINT64_MAX) {
        if (at < outbox->receiver_count) outbox->receivers[at] = outbox->receivers[--outbox->receiver_count];
        outbox->receivers[outbox->receiver_count] = (rs_receiver_t){0};
        return;
    }
    if (at == RS_RECEIVERS) {
        outbox->refused++;
        return;
    }
    if (at == outbox->receiver_count) outbox->receivers[outbox->receiver_count++] = (rs_receiver_t){.name = name};
    rs_receiver_t *receiver = &outbox->receivers[at];
    if (order(receiver->position, receiver->ordinal, position, ordinal) >= 0) return;
    receiver->position = position;
    receiver->ordinal = ordinal;
}

static bool everybody_has(const rs_outbox_t *outbox, const rs_alert_transition_t *transition) {
    bool has = true;
    for (uint32_t i = 0; i < outbox->receiver_count; i++) {
        const rs_receiver_t *receiver = &outbox->receivers[i];
        has = has && order(transition->position, transition->ordinal, receiver->position, receiver->ordinal) <= 0;
    }
    return has;
}

void rs_outbox_confirm(rs_outbox_t *outbox, uint64_t receiver, uint64_t position, uint32_t ordinal) {
    rs_alert_transition_t first;
    move_receiver(outbox, receiver, position, ordinal);
    while (outbox->count > 0) {
        (void)read_entry(outbox, outbox->begin, &first);
        if (!everybody_has(outbox, &first)) return;
        drop_first(outbox);
    }
}

void rs_outbox_each(const rs_outbox_t *outbox, uint64_t position, uint32_t ordinal, rs_alert_fn on_alert, void *context) {
    rs_alert_transition_t transition;
    for (uint32_t at = outbox->begin; at < outbox->end;) {
        at += read_entry(outbox, at, &transition);
        if (order(transition.position, transition.ordinal, position, ordinal) > 0) on_alert(context, &transition);
    }
}
