/* The list of what changed, looked at after loading, whoever's it is. */
#include "core/parts_state.h"

static uint32_t rows_of(const rs_changed_t *changed, uint32_t number) {
    if (!rs_changed_differs(rs_changed_link(changed, number))) return 0;
    return changed->rows_of == NULL ? 1 : changed->rows_of(rs_pool_at(changed->items, number));
}

bool rs_state_changed_is_right(const rs_changed_t *changed, rs_state_claims_t *claims) {
    uint32_t before = 0, differ = 0, listed = 0;
    uint64_t since = 0;
    for (uint32_t number = 1; number <= changed->items->made; number++) {
        if (!rs_state_is_free(claims, number)) differ += rows_of(changed, number);
    }
    for (uint32_t number = changed->list.head; number != 0;) {
        if (!rs_state_claim(claims, number)) return false;
        const rs_changed_link_t *link = rs_changed_link(changed, number);
        const uint32_t rows = rows_of(changed, number);
        if (rows == 0 || link->previous != before || link->since <= since) return false;
        since = link->since;
        listed += rows;
        before = number;
        number = link->next;
    }
    return before == changed->list.tail && listed == differ && differ == changed->rows && since <= changed->counter;
}
