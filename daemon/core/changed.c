#include "core/changed.h"

#include "base/planted.h"

void rs_changed_init(rs_changed_t *changed, const rs_pool_t *items, size_t link_at, uint32_t (*rows_of)(const void *item)) {
    *changed = (rs_changed_t){.items = items, .link_at = link_at, .rows_of = rows_of};
}

/* --- lists ---------------------------------------------------------------------------------------------------------- */
void rs_changed_append(const rs_changed_t *changed, rs_changed_list_t *list, uint32_t number) {
    rs_changed_link_t *link = rs_changed_link(changed, number);
    link->next = 0;
    link->previous = list->tail;
    if (list->tail != 0) rs_changed_link(changed, list->tail)->next = number;
    else list->head = number;
    list->tail = number;
}

void rs_changed_take_out(const rs_changed_t *changed, rs_changed_list_t *list, uint32_t number) {
    rs_changed_link_t *link = rs_changed_link(changed, number);
    if (link->previous != 0) rs_changed_link(changed, link->previous)->next = link->next;
    else list->head = link->next;
    if (link->next != 0) rs_changed_link(changed, link->next)->previous = link->previous;
    else list->tail = link->previous;
    link->next = link->previous = 0;
}

/* --- what differs --------------------------------------------------------------------------------------------------- */
static uint32_t rows_of(const rs_changed_t *changed, uint32_t number) {
    return changed->rows_of == NULL ? 1 : changed->rows_of(rs_pool_at(changed->items, number));
}

static void append_changed(rs_changed_t *changed, uint32_t number) {
    rs_changed_link(changed, number)->since = ++changed->counter;
    rs_changed_append(changed, &changed->list, number);
}

void rs_changed_touch(rs_changed_t *changed, uint32_t number, uint32_t fresh) {
    rs_changed_link_t *link = rs_changed_link(changed, number);
    link->revision = ++changed->revision;
    changed->rows += fresh;
    if (fresh != 0 && link->since == 0) append_changed(changed, number);
}

uint32_t rs_changed_next(const rs_changed_t *changed) {
    return changed->in_hand.last != 0 ? rs_changed_link(changed, changed->in_hand.last)->next : changed->list.head;
}

void rs_changed_take_in_hand(rs_changed_t *changed, uint32_t number) {
    rs_in_hand_t *hand = &changed->in_hand;
    if (hand->last == 0) hand->revision = changed->revision;
    hand->last = number;
    hand->through = rs_changed_link(changed, number)->since;
    hand->rows += rows_of(changed, number);
}

/* What of the list's beginning is in hand still. */
static void keep_in_hand(rs_changed_t *changed, uint64_t through) {
    rs_in_hand_t *hand = &changed->in_hand;
    if (hand->through <= through) *hand = (rs_in_hand_t){0};
    hand->rows = 0;
    for (uint32_t number = hand->last; number != 0; number = rs_changed_link(changed, number)->previous) {
        hand->rows += rows_of(changed, number);
    }
}

void rs_changed_confirm(rs_changed_t *changed, const rs_collected_t *collected, void (*on_stored)(void *context, uint32_t number),
                        void *context) {
    const uint64_t through = collected->through < changed->counter ? collected->through : changed->counter;
    while (changed->list.head != 0 && rs_changed_link(changed, changed->list.head)->since <= through) {
        const uint32_t number = changed->list.head;
        rs_changed_link_t *link = rs_changed_link(changed, number);
        rs_changed_take_out(changed, &changed->list, number);
        link->since = 0;
        if (link->revision > collected->revision && !RS_PLANTED(CHANGED_IN_HAND)) {
            append_changed(changed, number);
            continue;
        }
        changed->rows -= rows_of(changed, number);
        on_stored(context, number);
    }
    keep_in_hand(changed, through);
}
