#include "core/feedback/case.h"

#include <stdlib.h>

static uint32_t twice(uint32_t number) { return number > UINT32_MAX / 4 ? UINT32_MAX / 2 : number * 2; }

int rs_cases_init(rs_cases_t *cases, const rs_cases_settings_t *settings) {
    const rs_config_t *config = settings->config;
    const uint32_t max = config->limits.cases, tenants = config->limits.tenants + 1;
    *cases = (rs_cases_t){
        .rules = {.account = settings->account, .team_of = settings->team_of, .context = settings->context},
        .lateness_us = config->lateness_us, .folded_until_us = INT64_MIN, .now_us = INT64_MIN, .next_us = INT64_MAX,
        .max_events = config->limits.contact_events, .compare_sessions = settings->compare_sessions,
        .on_facts = settings->on_facts, .context = settings->context};
    const size_t facts = (size_t)(cases->max_events + 1) * RS_CASE_FACTS_PER_EVENT;
    cases->before.items = calloc(facts, sizeof(rs_fact_t));
    cases->after.items = calloc(facts, sizeof(rs_fact_t));
    if (cases->before.items == NULL || cases->after.items == NULL ||
        rs_pool_init(&cases->cases, sizeof(rs_case_t), max) != RS_OK ||
        rs_pool_init(&cases->events, sizeof(rs_case_event_t), twice(max)) != RS_OK ||
        rs_pool_init(&cases->texts, sizeof(rs_event_text_t), twice(max)) != RS_OK ||
        rs_pool_init(&cases->stories, sizeof(rs_case_story_t), max) != RS_OK ||
        rs_pool_init(&cases->tenants, sizeof(rs_case_tenant_t), tenants) != RS_OK ||
        rs_index_init(&cases->index, max) != RS_OK || rs_index_init(&cases->tenant_index, tenants) != RS_OK) {
        rs_cases_deinit(cases);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_cases_deinit(rs_cases_t *cases) {
    free(cases->before.items);
    free(cases->after.items);
    rs_pool_deinit(&cases->cases);
    rs_pool_deinit(&cases->events);
    rs_pool_deinit(&cases->texts);
    rs_pool_deinit(&cases->stories);
    rs_pool_deinit(&cases->tenants);
    rs_index_deinit(&cases->index);
    rs_index_deinit(&cases->tenant_index);
    *cases = (rs_cases_t){0};
}

uint64_t rs_cases_bytes(const rs_cases_t *cases) {
    const uint64_t scratch = (uint64_t)(cases->max_events + 1) * RS_CASE_FACTS_PER_EVENT * 2 * sizeof(rs_fact_t);
    return scratch + rs_pool_bytes(&cases->cases) + rs_pool_bytes(&cases->events) + rs_pool_bytes(&cases->texts) +
           rs_pool_bytes(&cases->stories) + rs_pool_bytes(&cases->tenants) + rs_index_bytes(&cases->index) +
           rs_index_bytes(&cases->tenant_index);
}

static rs_case_event_t *event_at(const rs_cases_t *cases, uint32_t number) { return rs_pool_at(&cases->events, number); }

/* --- lists ---------------------------------------------------------------------------------------------------------- */
static void list_remove(rs_cases_t *cases, uint32_t number) {
    rs_case_t *removed = rs__case_at(cases, number);
    rs_case_list_t *list = &cases->lists[removed->list];
    if (removed->older != 0) rs__case_at(cases, removed->older)->younger = removed->younger;
    else list->oldest = removed->younger;
    if (removed->younger != 0) rs__case_at(cases, removed->younger)->older = removed->older;
    else list->youngest = removed->older;
}

static void list_append(rs_cases_t *cases, uint32_t number, rs_case_list_id_t id) {
    rs_case_t *added = rs__case_at(cases, number);
    rs_case_list_t *list = &cases->lists[id];
    added->list = (uint8_t)id;
    added->older = list->youngest;
    added->younger = 0;
    if (list->youngest != 0) rs__case_at(cases, list->youngest)->younger = number;
    else list->oldest = number;
    list->youngest = number;
}

/* --- finding, making, forgetting ------------------------------------------------------------------------------------ */
static uint32_t find(const rs_cases_t *cases, rs_hash128_t id) {
    uint32_t cursor = rs_index_begin(&cases->index, id.low), number;
    while ((number = rs_index_next(&cases->index, id.low, &cursor)) != 0) {
        const rs_case_t *found = rs__case_at(cases, number);
        if (found->id.low == id.low && found->id.high == id.high) break;
    }
    return number;
}

static uint32_t find_tenant(rs_cases_t *cases, uint32_t tenant) {
    const uint64_t hash = rs_hash_mix(tenant);
    uint32_t cursor = rs_index_begin(&cases->tenant_index, hash), place;
    while ((place = rs_index_next(&cases->tenant_index, hash, &cursor)) != 0) {
        if (rs_cases_tenant(cases, place)->tenant == tenant) return place;
    }
    place = rs_pool_take(&cases->tenants);
    if (place == 0) return 0;
    ((rs_case_tenant_t *)rs_pool_at(&cases->tenants, place))->tenant = tenant;
    rs_index_add(&cases->tenant_index, hash, place);
    return place;
}

void rs__cases_restore_tenant(rs_cases_t *cases, uint32_t place) {
    rs_index_add(&cases->tenant_index, rs_hash_mix(rs_cases_tenant(cases, place)->tenant), place);
}

static void free_events(rs_cases_t *cases, rs_case_t *one) {
    while (one->head != 0) {
        const uint32_t number = one->head;
        one->head = event_at(cases, number)->next;
        if (event_at(cases, number)->id != 0) rs_pool_give(&cases->texts, event_at(cases, number)->id);
        rs_pool_give(&cases->events, number);
    }
    one->tail = 0;
    one->events = 0;
}

/* What was derived so far can no longer change: the events go. The base is made again when the next event comes. */
static void fold(rs_cases_t *cases, rs_case_t *one) {
    if (one->base != 0) rs_pool_give(&cases->stories, one->base);
    one->base = 0;
    free_events(cases, one);
}

static void forget(rs_cases_t *cases, uint32_t number) {
    rs_case_t *one = rs__case_at(cases, number);
    rs__case_gauges_leave(cases, number);
    list_remove(cases, number);
    fold(cases, one);
    rs_index_remove(&cases->index, one->id.low, number);
    rs_pool_give(&cases->cases, number);
}

static uint32_t make(rs_cases_t *cases, uint32_t tenant, rs_hash128_t id) {
    const uint32_t owner = find_tenant(cases, tenant);
    if (owner == 0) return 0;
    uint32_t number = rs_pool_take(&cases->cases);
    if (number == 0 && cases->lists[RS_CASES_CLOSED].oldest != 0) {
        cases->forgotten++;
        forget(cases, cases->lists[RS_CASES_CLOSED].oldest);
        number = rs_pool_take(&cases->cases);
    }
    if (number == 0) return 0;
    rs_case_t *made = rs__case_at(cases, number);
    made->id = id;
    made->owner = owner;
    made->overdue_from_us = INT64_MAX;
    rs_case_story_init(&made->story);
    rs_index_add(&cases->index, id.low, number);
    list_append(cases, number, RS_CASES_KEPT);
    return number;
}

/* --- the total order of events (cases.md): occurred_at, source, incarnation, seq (absent last), event_id ------------- */
static rs_str_t id_of(const rs_cases_t *cases, const rs_case_event_t *event) {
    if (event->id == 0) return (rs_str_t){0};
    const rs_event_text_t *text = rs_pool_at(&cases->texts, event->id);
    return (rs_str_t){.data = text->bytes, .len = text->len};
}

static rs_order_t order_of(const rs_cases_t *cases, const rs_case_event_t *event) {
    rs_order_t order = {.at_us = event->at_us, .seq = event->seq, .session = event->session, .has_seq = event->has_seq};
    const rs_str_t id = id_of(cases, event);
    for (uint32_t i = 0; i < 8; i++) order.id_prefix = order.id_prefix << 8 | (i < id.len ? (unsigned char)id.data[i] : 0);
    return order;
}

/* Ids that agree in eight bytes are taken as equal. */
static int compare_orders(const rs_cases_t *cases, const rs_order_t *a, const rs_order_t *b) {
    if (a->at_us != b->at_us) return a->at_us < b->at_us ? -1 : 1;
    const int order = a->session == b->session ? 0 : cases->compare_sessions(cases->context, a->session, b->session);
    if (order != 0) return order;
    if (a->has_seq != b->has_seq) return a->has_seq != 0 ? -1 : 1;
    if (a->has_seq != 0 && a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return (a->id_prefix > b->id_prefix) - (a->id_prefix < b->id_prefix);
}

static int compare_events(const rs_cases_t *cases, const rs_case_event_t *a, const rs_case_event_t *b) {
    const rs_order_t a_order = order_of(cases, a), b_order = order_of(cases, b);
    const int order = compare_orders(cases, &a_order, &b_order);
    if (order != 0 || a_order.id_prefix == 0) return order;
    return rs_str_compare(id_of(cases, a), id_of(cases, b));
}

static void insert(rs_cases_t *cases, rs_case_t *one, uint32_t number) {
    rs_case_event_t *event = event_at(cases, number);
    uint32_t previous = 0, next = one->head;
    const bool is_last = one->tail != 0 && compare_events(cases, event_at(cases, one->tail), event) <= 0;
    if (is_last) {
        previous = one->tail;
        next = 0;
    }
    while (next != 0 && compare_events(cases, event_at(cases, next), event) <= 0) {
        previous = next;
        next = event_at(cases, next)->next;
    }
    event->next = next;
    if (previous != 0) event_at(cases, previous)->next = number; else one->head = number;
    if (next == 0) one->tail = number;
    one->events++;
}

/* --- deriving ------------------------------------------------------------------------------------------------------- */
static uint32_t tenant_of(const rs_cases_t *cases, const rs_case_t *one) { return rs_cases_tenant(cases, one->owner)->tenant; }

static void step(rs_cases_t *cases, rs_case_story_t *story, uint32_t tenant, const rs_case_event_t *event, rs_case_facts_t *facts) {
    rs_case_step(&cases->rules, story, tenant, event, facts);
    story->last = order_of(cases, event);
}

static void derive_all(rs_cases_t *cases, const rs_case_t *one, rs_case_story_t *story, rs_case_facts_t *facts) {
    facts->count = 0;
    if (one->base != 0) *story = *(const rs_case_story_t *)rs_pool_at(&cases->stories, one->base);
    else rs_case_story_init(story);
    for (uint32_t number = one->head; number != 0; number = event_at(cases, number)->next) {
        step(cases, story, tenant_of(cases, one), event_at(cases, number), facts);
    }
}

/* Removes the fact from the list, if it is there. */
static bool strike_out(rs_case_facts_t *facts, const rs_fact_t *fact) {
    for (uint32_t i = 0; i < facts->count; i++) {
        if (facts->items[i].type == 0 || memcmp(&facts->items[i], fact, sizeof *fact) != 0) continue;
        facts->items[i].type = 0;
        return true;
    }
    return false;
}

/* Counts what is new in `after` and takes back what is gone from `before`; what both have is left alone. */
static void apply_difference(rs_cases_t *cases, uint32_t tenant) {
    for (uint32_t i = 0; i < cases->after.count; i++) {
        const rs_fact_t *fact = &cases->after.items[i];
        if (!strike_out(&cases->before, fact)) cases->on_facts(cases->context, tenant, fact, 1, 1);
    }
    for (uint32_t i = 0; i < cases->before.count; i++) {
        const rs_fact_t *fact = &cases->before.items[i];
        if (fact->type != 0) cases->on_facts(cases->context, tenant, fact, 1, -1);
    }
}

static void take_in_order(rs_cases_t *cases, rs_case_t *one, uint32_t number) {
    insert(cases, one, number);
    cases->after.count = 0;
    step(cases, &one->story, tenant_of(cases, one), event_at(cases, number), &cases->after);
    if (cases->after.count == 0) return;
    cases->on_facts(cases->context, tenant_of(cases, one), cases->after.items, cases->after.count, 1);
}

static void rederive(rs_cases_t *cases, rs_case_t *one, uint32_t number) {
    rs_case_story_t before;
    cases->rederived++;
    derive_all(cases, one, &before, &cases->before);
    insert(cases, one, number);
    derive_all(cases, one, &one->story, &cases->after);
    apply_difference(cases, tenant_of(cases, one));
}

/* --- taking events -------------------------------------------------------------------------------------------------- */
/* Before the first event after a fold: the story as it stands becomes the base. False: no room. */
static bool make_base(rs_cases_t *cases, rs_case_t *one) {
    if (one->base != 0 || one->events != 0 || one->story.last.at_us == INT64_MIN) return true;
    one->base = rs_pool_take(&cases->stories);
    if (one->base == 0) return false;
    *(rs_case_story_t *)rs_pool_at(&cases->stories, one->base) = one->story;
    return true;
}

static uint32_t keep_event(rs_cases_t *cases, const rs_case_event_t *event, rs_str_t event_id) {
    const uint32_t number = rs_pool_take(&cases->events);
    if (number == 0) return 0;
    rs_case_event_t *kept = event_at(cases, number);
    *kept = *event;
    kept->next = kept->id = 0;
    if (event_id.len == 0 || event_id.len > RS_MAX_NAME) return number;
    kept->id = rs_pool_take(&cases->texts);
    if (kept->id == 0) {
        rs_pool_give(&cases->events, number);
        return 0;
    }
    rs_event_text_t *text = rs_pool_at(&cases->texts, kept->id);
    text->len = (uint8_t)event_id.len;
    memcpy(text->bytes, event_id.data, event_id.len);
    return number;
}

static void drop_event(rs_cases_t *cases, uint32_t number) {
    if (event_at(cases, number)->id != 0) rs_pool_give(&cases->texts, event_at(cases, number)->id);
    rs_pool_give(&cases->events, number);
}

static bool would_change_folded(const rs_cases_t *cases, const rs_case_t *one, const rs_case_event_t *event) {
    if (one->base == 0) return false;
    const rs_order_t order = order_of(cases, event);
    return compare_orders(cases, &order, &((const rs_case_story_t *)rs_pool_at(&cases->stories, one->base))->last) < 0;
}

static void keep(rs_cases_t *cases, uint32_t number) {
    rs_case_t *one = rs__case_at(cases, number);
    const int64_t last_us = one->story.last.at_us;
    one->due_us = (last_us > cases->folded_until_us ? last_us : cases->folded_until_us) + cases->lateness_us;
    list_remove(cases, number);
    list_append(cases, number, RS_CASES_KEPT);
}

static rs_refusal_t refuse(rs_cases_t *cases) {
    cases->refused++;
    return RS_REFUSAL_LIMIT;
}

rs_refusal_t rs_cases_take(rs_cases_t *cases, uint32_t tenant, rs_hash128_t id, const rs_case_event_t *event, rs_str_t event_id) {
    const uint32_t kept = keep_event(cases, event, event_id);
    if (kept == 0) return refuse(cases);
    uint32_t number = find(cases, id);
    if (number == 0) number = make(cases, tenant, id);
    rs_case_t *one = number == 0 ? NULL : rs__case_at(cases, number);
    if (one != NULL && one->events >= cases->max_events) fold(cases, one);
    if (one == NULL || !make_base(cases, one)) {
        drop_event(cases, kept);
        return refuse(cases);
    }
    if (would_change_folded(cases, one, event_at(cases, kept))) {
        drop_event(cases, kept);
        return RS_REFUSAL_TOO_LATE;
    }
    const bool in_order = one->tail == 0 || compare_events(cases, event_at(cases, one->tail), event_at(cases, kept)) <= 0;
    if (in_order) take_in_order(cases, one, kept);
    else rederive(cases, one, kept);
    keep(cases, number);
    rs__case_gauges_follow(cases, number);
    return RS_REFUSAL_NONE;
}

void rs_cases_take_alone(rs_cases_t *cases, uint32_t tenant, const rs_case_event_t *event) {
    rs_case_story_t story;
    rs_case_story_init(&story);
    cases->after.count = 0;
    rs_case_step(&cases->rules, &story, tenant, event, &cases->after);
    if (cases->after.count != 0) cases->on_facts(cases->context, tenant, cases->after.items, cases->after.count, 1);
}

/* --- time ----------------------------------------------------------------------------------------------------------- */
void rs_cases_age(rs_cases_t *cases, int64_t watermark_us, uint32_t budget) {
    if (watermark_us > cases->folded_until_us) cases->folded_until_us = watermark_us;
    for (; budget > 0 && cases->lists[RS_CASES_KEPT].oldest != 0; budget--) {
        const uint32_t number = cases->lists[RS_CASES_KEPT].oldest;
        rs_case_t *one = rs__case_at(cases, number);
        if (one->due_us > watermark_us) return;
        fold(cases, one);
        list_remove(cases, number);
        list_append(cases, number, rs_case_stands_at(&one->story) >= 0 ? RS_CASES_OPEN : RS_CASES_CLOSED);
    }
}
