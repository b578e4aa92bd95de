/* Which complaints are open, where they stand, which are overdue, which will be next. */
#include "core/feedback/case.h"

static rs_case_tenant_t *tenant_at(rs_cases_t *cases, uint32_t place) { return rs_pool_at(&cases->tenants, place); }

/* --- a leftist heap of cases: the rank of a left child is never less than the right one's, so that the way down the right is short --- */
static uint8_t rank_of(const rs_cases_t *cases, uint32_t number) { return number == 0 ? 0 : rs__case_at(cases, number)->rank; }

static bool is_before(const rs_cases_t *cases, uint32_t a, uint32_t b) {
    const int64_t a_us = rs__case_at(cases, a)->overdue_from_us, b_us = rs__case_at(cases, b)->overdue_from_us;
    return a_us != b_us ? a_us < b_us : a < b;
}

/* After a child changed. False: the rank is what it was, nothing above needs to change. */
static bool put_right(rs_cases_t *cases, rs_case_t *node) {
    if (rank_of(cases, node->left) < rank_of(cases, node->right)) {
        const uint32_t left = node->left;
        node->left = node->right;
        node->right = left;
    }
    const uint8_t rank = (uint8_t)(rank_of(cases, node->right) + 1);
    const bool changed = rank != node->rank;
    node->rank = rank;
    return changed;
}

static void hang(rs_cases_t *cases, uint32_t child, uint32_t parent) {
    if (child != 0) rs__case_at(cases, child)->parent = parent;
}

/* Merges two heaps along their right sides: down, then up again. Returns the root, whose parent is 0. */
static uint32_t merge(rs_cases_t *cases, uint32_t a, uint32_t b) {
    uint32_t last = 0, root = 0;
    while (a != 0 && b != 0) {
        const uint32_t first = is_before(cases, a, b) ? a : b;
        const uint32_t other = first == a ? b : a;
        hang(cases, first, last);
        if (last != 0) rs__case_at(cases, last)->right = first; else root = first;
        last = first;
        a = rs__case_at(cases, first)->right;
        b = other;
    }
    const uint32_t rest = a != 0 ? a : b;
    hang(cases, rest, last);
    if (last == 0) return rest;
    rs__case_at(cases, last)->right = rest;
    for (uint32_t number = last; number != 0; number = rs__case_at(cases, number)->parent) put_right(cases, rs__case_at(cases, number));
    return root;
}

static void heap_add(rs_cases_t *cases, uint32_t *root, uint32_t number) {
    rs_case_t *added = rs__case_at(cases, number);
    added->left = added->right = added->parent = 0;
    added->rank = 1;
    added->is_waiting = true;
    *root = merge(cases, *root, number);
}

static void heap_remove(rs_cases_t *cases, uint32_t *root, uint32_t number) {
    rs_case_t *removed = rs__case_at(cases, number);
    const uint32_t parent = removed->parent;
    hang(cases, removed->left, 0);
    hang(cases, removed->right, 0);
    const uint32_t rest = merge(cases, removed->left, removed->right);
    removed->is_waiting = false;
    hang(cases, rest, parent);
    if (parent == 0) {
        *root = rest;
        return;
    }
    rs_case_t *above = rs__case_at(cases, parent);
    if (above->left == number) above->left = rest; else above->right = rest;
    while (put_right(cases, above) && above->parent != 0) above = rs__case_at(cases, above->parent);
}

/* --- gauges --------------------------------------------------------------------------------------------------------- */
void rs__case_gauges_leave(rs_cases_t *cases, uint32_t number) {
    rs_case_t *left = rs__case_at(cases, number);
    rs_case_tenant_t *tenant = tenant_at(cases, left->owner);
    if (left->is_waiting) heap_remove(cases, &tenant->root, number);
    if (left->is_overdue) tenant->overdue--;
    if (left->counted_at != 0) tenant->open[left->counted_at - 1]--;
    left->is_overdue = false;
    left->counted_at = 0;
}

void rs__case_gauges_follow(rs_cases_t *cases, uint32_t number) {
    rs_case_t *followed = rs__case_at(cases, number);
    const int stands_at = rs_case_stands_at(&followed->story);
    const int64_t overdue_from_us = rs_case_overdue_from(&cases->rules, &followed->story);
    if (stands_at + 1 == followed->counted_at && overdue_from_us == followed->overdue_from_us) return;
    rs__case_gauges_leave(cases, number);
    followed->overdue_from_us = overdue_from_us;
    if (stands_at < 0) return;
    rs_case_tenant_t *tenant = tenant_at(cases, followed->owner);
    followed->counted_at = (uint8_t)(stands_at + 1);
    tenant->open[stands_at]++;
    if (overdue_from_us <= cases->now_us) {
        followed->is_overdue = true;
        tenant->overdue++;
    } else if (overdue_from_us != INT64_MAX) {
        heap_add(cases, &tenant->root, number);
        if (overdue_from_us < cases->next_us) cases->next_us = overdue_from_us;
    }
}

int64_t rs_cases_next_overdue(const rs_cases_t *cases, uint32_t place) {
    const uint32_t root = rs_cases_tenant(cases, place)->root;
    return root == 0 ? INT64_MAX : rs__case_at(cases, root)->overdue_from_us;
}

/* Tenants are looked at only when something falls due, or fell due before it was settled otherwise. */
void rs_cases_follow_time(rs_cases_t *cases, int64_t now_us, uint32_t budget) {
    if (now_us > cases->now_us) cases->now_us = now_us;
    if (cases->now_us < cases->next_us) return;
    int64_t next_us = INT64_MAX;
    for (uint32_t place = 1; place <= cases->tenants.made; place++) {
        rs_case_tenant_t *tenant = tenant_at(cases, place);
        for (; budget > 0 && rs_cases_next_overdue(cases, place) <= cases->now_us; budget--) {
            const uint32_t number = tenant->root;
            heap_remove(cases, &tenant->root, number);
            rs__case_at(cases, number)->is_overdue = true;
            tenant->overdue++;
        }
        if (rs_cases_next_overdue(cases, place) < next_us) next_us = rs_cases_next_overdue(cases, place);
    }
    cases->next_us = next_us;
}

/* --- for tests ------------------------------------------------------------------------------------------------------ */
static const char *heap_is_wrong(const rs_cases_t *cases, const rs_case_t *one, uint32_t number) {
    const rs_case_tenant_t *tenant = rs_cases_tenant(cases, one->owner);
    const uint32_t children[2] = {one->left, one->right};
    if (one->rank != rank_of(cases, one->right) + 1 || rank_of(cases, one->left) < rank_of(cases, one->right)) {
        return "a heap's rank is wrong";
    }
    if ((one->parent == 0) != (tenant->root == number)) return "a heap's root is wrong";
    for (int i = 0; i < 2; i++) {
        if (children[i] == 0) continue;
        const rs_case_t *child = rs__case_at(cases, children[i]);
        if (child->parent != number || !child->is_waiting || child->owner != one->owner) return "a heap's link is wrong";
        if (is_before(cases, children[i], number)) return "a heap is out of order";
    }
    return NULL;
}

static const char *case_is_wrong(const rs_cases_t *cases, uint32_t number, rs_case_list_id_t list) {
    const rs_case_t *one = rs__case_at(cases, number);
    const int stands_at = rs_case_stands_at(&one->story);
    if (one->list != list || (list != RS_CASES_KEPT && one->events != 0)) return "a case stands in the wrong list";
    if (list == RS_CASES_OPEN && stands_at < 0) return "a closed case stands among the open ones";
    if (list == RS_CASES_CLOSED && stands_at >= 0) return "an open case stands among the closed ones";
    if (one->counted_at != stands_at + 1) return "a case is counted where it does not stand";
    if (one->is_waiting && one->is_overdue) return "a case is overdue and waits to be";
    if (stands_at < 0 && (one->is_waiting || one->is_overdue)) return "a closed case waits for a deadline";
    const bool has_deadline = stands_at >= 0 && one->overdue_from_us != INT64_MAX;
    if (has_deadline != (one->is_waiting || one->is_overdue)) return "an open case with a deadline is in no gauge";
    return one->is_waiting ? heap_is_wrong(cases, one, number) : NULL;
}

int rs_cases_check(const rs_cases_t *cases, const char **why) {
    uint32_t seen = 0, overdue = 0, open[RS_CASE_STAGES] = {0};
    for (int list = 0; list < RS_CASE_LISTS; list++) {
        for (uint32_t number = cases->lists[list].oldest; number != 0; number = rs__case_at(cases, number)->younger) {
            const rs_case_t *one = rs__case_at(cases, number);
            const char *wrong = case_is_wrong(cases, number, (rs_case_list_id_t)list);
            if (wrong != NULL) {
                *why = wrong;
                return RS_ERR_STATE;
            }
            seen++;
            overdue += one->is_overdue;
            if (one->counted_at != 0) open[one->counted_at - 1]++;
        }
    }
    for (uint32_t place = 1; place <= cases->tenants.made; place++) {
        const rs_case_tenant_t *tenant = rs_cases_tenant(cases, place);
        overdue -= tenant->overdue;
        for (int stage = 0; stage < RS_CASE_STAGES; stage++) open[stage] -= tenant->open[stage];
    }
    bool balances = seen == cases->cases.live && overdue == 0;
    for (int stage = 0; stage < RS_CASE_STAGES; stage++) balances = balances && open[stage] == 0;
    if (balances) return RS_OK;
    *why = "the gauges of complaints do not add up";
    return RS_ERR_STATE;
}
