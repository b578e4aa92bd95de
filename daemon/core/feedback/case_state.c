/* Cases as bytes: their stories, the events that are kept, and the heaps of deadlines as they stand. */
#include "core/parts_state.h"

static const rs_state_field_t cases_fields[] = {
    RS_STATE_REBUILT(rs_cases_t, cases), RS_STATE_REBUILT(rs_cases_t, events), RS_STATE_REBUILT(rs_cases_t, texts),
    RS_STATE_REBUILT(rs_cases_t, stories), RS_STATE_REBUILT(rs_cases_t, tenants), RS_STATE_REBUILT(rs_cases_t, index),
    RS_STATE_REBUILT(rs_cases_t, tenant_index),
    RS_STATE_FIELD_AS(rs_cases_t, lists[RS_CASES_KEPT].oldest, "kept.oldest", RS_BOUND_CASE),
    RS_STATE_FIELD_AS(rs_cases_t, lists[RS_CASES_KEPT].youngest, "kept.youngest", RS_BOUND_CASE),
    RS_STATE_FIELD_AS(rs_cases_t, lists[RS_CASES_OPEN].oldest, "open.oldest", RS_BOUND_CASE),
    RS_STATE_FIELD_AS(rs_cases_t, lists[RS_CASES_OPEN].youngest, "open.youngest", RS_BOUND_CASE),
    RS_STATE_FIELD_AS(rs_cases_t, lists[RS_CASES_CLOSED].oldest, "closed.oldest", RS_BOUND_CASE),
    RS_STATE_FIELD_AS(rs_cases_t, lists[RS_CASES_CLOSED].youngest, "closed.youngest", RS_BOUND_CASE),
    RS_STATE_REBUILT(rs_cases_t, rules), RS_STATE_REBUILT(rs_cases_t, before), RS_STATE_REBUILT(rs_cases_t, after),
    RS_STATE_REBUILT(rs_cases_t, lateness_us), RS_STATE_FIELD(rs_cases_t, folded_until_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_cases_t, now_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_cases_t, next_us, RS_BOUND_WRAPS),
    RS_STATE_REBUILT(rs_cases_t, max_events), RS_STATE_REBUILT(rs_cases_t, compare_sessions), RS_STATE_REBUILT(rs_cases_t, on_facts),
    RS_STATE_REBUILT(rs_cases_t, context), RS_STATE_FIELD(rs_cases_t, rederived, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_cases_t, refused, RS_BOUND_ANY), RS_STATE_FIELD(rs_cases_t, forgotten, RS_BOUND_ANY)};
static const rs_state_table_t cases_table = RS_STATE_TABLE(rs_cases_t, "cases", cases_fields);

#define STORY_FIELDS(type, place, text) \
    RS_STATE_ARRAY_AS(type, place reached_us, text "reached_us", RS_BOUND_TIME), RS_STATE_ORDER_FIELDS(type, place last., text "last."), \
    RS_STATE_FIELD_AS(type, place queue, text "queue", RS_BOUND_NAME), RS_STATE_FIELD_AS(type, place agent, text "agent", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(type, place team, text "team", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(type, place channel, text "channel", RS_BOUND_CHANNEL), \
    RS_STATE_FIELD_AS(type, place kinds, text "kinds", RS_BOUND_ANY), RS_STATE_FIELD_AS(type, place reached, text "reached", RS_BOUND_ANY)
static const rs_state_field_t story_fields[] = {STORY_FIELDS(rs_case_story_t, , "")};
static const rs_state_table_t story_table = RS_STATE_TABLE(rs_case_story_t, "story", story_fields);

static const rs_state_field_t case_fields[] = {
    RS_STATE_FIELD(rs_case_t, id.low, RS_BOUND_ANY), RS_STATE_FIELD(rs_case_t, id.high, RS_BOUND_ANY),
    STORY_FIELDS(rs_case_t, story., "story."), RS_STATE_FIELD(rs_case_t, due_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_case_t, overdue_from_us, RS_BOUND_WRAPS), RS_STATE_FIELD(rs_case_t, owner, RS_BOUND_CASE_TENANT),
    RS_STATE_FIELD(rs_case_t, head, RS_BOUND_CASE_EVENT), RS_STATE_FIELD(rs_case_t, tail, RS_BOUND_CASE_EVENT),
    RS_STATE_FIELD(rs_case_t, base, RS_BOUND_CASE_STORY), RS_STATE_FIELD(rs_case_t, older, RS_BOUND_CASE),
    RS_STATE_FIELD(rs_case_t, younger, RS_BOUND_CASE), RS_STATE_FIELD(rs_case_t, left, RS_BOUND_CASE),
    RS_STATE_FIELD(rs_case_t, right, RS_BOUND_CASE), RS_STATE_FIELD(rs_case_t, parent, RS_BOUND_CASE),
    RS_STATE_FIELD(rs_case_t, events, RS_BOUND_ANY), RS_STATE_FIELD(rs_case_t, list, RS_BOUND_CASE_LIST),
    RS_STATE_FIELD(rs_case_t, rank, RS_BOUND_ANY), RS_STATE_FIELD(rs_case_t, counted_at, RS_BOUND_CASE_STAGE),
    RS_STATE_FIELD(rs_case_t, is_waiting, RS_BOUND_ANY), RS_STATE_FIELD(rs_case_t, is_overdue, RS_BOUND_ANY)};
static const rs_state_table_t case_table = RS_STATE_TABLE(rs_case_t, "case", case_fields);

static const rs_state_field_t event_fields[] = {
    RS_STATE_FIELD(rs_case_event_t, next, RS_BOUND_CASE_EVENT), RS_STATE_FIELD(rs_case_event_t, id, RS_BOUND_CASE_TEXT),
    RS_STATE_FIELD(rs_case_event_t, at_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_case_event_t, seq, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_case_event_t, session, RS_BOUND_SESSION), RS_STATE_FIELD(rs_case_event_t, queue, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_case_event_t, agent, RS_BOUND_NAME), RS_STATE_FIELD(rs_case_event_t, team, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_case_event_t, channel, RS_BOUND_CHANNEL), RS_STATE_FIELD(rs_case_event_t, kind, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_case_event_t, stage, RS_BOUND_ANY), RS_STATE_FIELD(rs_case_event_t, has_seq, RS_BOUND_ANY)};
static const rs_state_table_t event_table = RS_STATE_TABLE(rs_case_event_t, "event", event_fields);

static const rs_state_field_t text_fields[] = {
    RS_STATE_FIELD(rs_event_text_t, next, RS_BOUND_ANY), RS_STATE_FIELD(rs_event_text_t, len, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_event_text_t, bytes, RS_BOUND_ANY)};
static const rs_state_table_t text_table = RS_STATE_TABLE(rs_event_text_t, "text", text_fields);

static const rs_state_field_t tenant_fields[] = {
    RS_STATE_FIELD(rs_case_tenant_t, tenant, RS_BOUND_NAME), RS_STATE_FIELD(rs_case_tenant_t, root, RS_BOUND_CASE),
    RS_STATE_ARRAY(rs_case_tenant_t, open, RS_BOUND_ANY), RS_STATE_FIELD(rs_case_tenant_t, overdue, RS_BOUND_ANY)};
static const rs_state_table_t tenant_table = RS_STATE_TABLE(rs_case_tenant_t, "tenant", tenant_fields);

/* --- saving and loading ------------------------------------------------------------------------------------------------ */
static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_cases_t *cases = &core->cases;
    rs_state_put_item(writer, &cases_table, cases);
    rs_state_put_pool(writer, &case_table, &cases->cases);
    rs_state_put_pool(writer, &event_table, &cases->events);
    rs_state_put_pool(writer, &text_table, &cases->texts);
    rs_state_put_pool(writer, &story_table, &cases->stories);
    rs_state_put_pool(writer, &tenant_table, &cases->tenants);
}

static void find_again(rs_cases_t *cases, rs_state_reader_t *reader) {
    rs_state_claims_t claims;
    const int status = rs_state_claims_begin(&claims, &cases->cases);
    if (status != RS_OK) rs_state_refuse(reader, status, "the cases cannot be indexed");
    for (uint32_t number = 1; number <= cases->cases.made && rs_state_is_good(reader); number++) {
        if (!rs_state_is_free(&claims, number)) rs_index_add(&cases->index, rs__case_at(cases, number)->id.low, number);
    }
    rs_state_claims_end(&claims);
    for (uint32_t place = 1; place <= cases->tenants.made && rs_state_is_good(reader); place++) rs__cases_restore_tenant(cases, place);
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_cases_t *cases = &core->cases;
    rs_state_get_item(reader, &cases_table, cases);
    rs_state_get_pool(reader, &case_table, &cases->cases, "limits.cases");
    rs_state_get_pool(reader, &event_table, &cases->events, "limits.cases");
    rs_state_get_pool(reader, &text_table, &cases->texts, "limits.cases");
    rs_state_get_pool(reader, &story_table, &cases->stories, "limits.cases");
    rs_state_get_pool(reader, &tenant_table, &cases->tenants, "limits.tenants");
    if (rs_state_is_good(reader)) find_again(cases, reader);
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */
typedef struct looking {
    const rs_cases_t *cases;
    rs_state_claims_t one, event, text, story, tenant;
} looking_t;

static bool events_are_right(looking_t *look, const rs_case_t *one) {
    uint32_t last = 0, count = 0;
    for (uint32_t number = one->head; number != 0; count++) {
        if (!rs_state_claim(&look->event, number)) return false;
        const rs_case_event_t *event = rs_pool_at(&look->cases->events, number);
        if (event->kind >= RS_FEEDBACK_COUNT || event->stage >= RS_FEEDBACK_STAGE_COUNT) return false;
        if (event->id != 0) {
            if (!rs_state_claim(&look->text, event->id)) return false;
            if (((const rs_event_text_t *)rs_pool_at(&look->cases->texts, event->id))->len > RS_MAX_NAME) return false;
        }
        last = number;
        number = event->next;
    }
    return count == one->events && last == one->tail;
}

/* Its neighbours in the heap know it, and those after it come later: so there are no circles. */
static bool place_is_right(const rs_cases_t *cases, const rs_case_t *one, uint32_t number) {
    if (one->owner == 0) return false;
    if (!one->is_waiting) return true;
    if (one->parent == 0) return rs_cases_tenant(cases, one->owner)->root == number;
    const rs_case_t *parent = rs__case_at(cases, one->parent);
    if (!parent->is_waiting || parent->owner != one->owner || parent->left == parent->right) return false;
    return parent->left == number || parent->right == number;
}

static bool case_is_right(looking_t *look, const rs_case_t *one, uint32_t number) {
    if (!place_is_right(look->cases, one, number) || !events_are_right(look, one)) return false;
    return one->base == 0 || rs_state_claim(&look->story, one->base);
}

static bool lists_are_right(looking_t *look) {
    const rs_cases_t *cases = look->cases;
    for (unsigned id = 0; id < RS_CASE_LISTS; id++) {
        uint32_t before = 0;
        for (uint32_t number = cases->lists[id].oldest; number != 0; number = rs__case_at(cases, number)->younger) {
            if (!rs_state_claim(&look->one, number)) return false;
            const rs_case_t *one = rs__case_at(cases, number);
            if (one->list != id || one->older != before || !case_is_right(look, one, number)) return false;
            before = number;
        }
        if (cases->lists[id].youngest != before) return false;
    }
    return look->one.left == 0;
}

static bool all_is_right(looking_t *look) {
    const char *why;
    const rs_cases_t *cases = look->cases;
    if (look->tenant.left != cases->tenants.made) return false;
    for (uint32_t number = 1; number <= cases->cases.made; number++) {   /* no link leads to one that is free */
        const rs_case_t *one = rs__case_at(cases, number);
        const uint32_t links[] = {one->left, one->right, one->parent};
        for (size_t i = 0; i < RS_ARRAY_LEN(links) && !rs_state_is_free(&look->one, number); i++) {
            if (links[i] != 0 && one->is_waiting && rs_state_is_free(&look->one, links[i])) return false;
        }
    }
    for (uint32_t place = 1; place <= cases->tenants.made; place++) {
        const uint32_t root = rs_cases_tenant(cases, place)->root;
        if (root == 0) continue;
        if (rs_state_is_free(&look->one, root) || !rs__case_at(cases, root)->is_waiting || rs__case_at(cases, root)->owner != place) {
            return false;
        }
    }
    if (!lists_are_right(look) || look->event.left != 0 || look->text.left != 0 || look->story.left != 0) return false;
    return rs_cases_check(cases, &why) == RS_OK;
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    const rs_cases_t *cases = &core->cases;
    looking_t look = {.cases = cases};
    rs_state_check_item(reader, bounds, &cases_table, cases);
    const bool bounded = rs_state_check_pool(reader, bounds, &case_table, &cases->cases, &look.one) &&
                         rs_state_check_pool(reader, bounds, &event_table, &cases->events, &look.event) &&
                         rs_state_check_pool(reader, bounds, &text_table, &cases->texts, &look.text) &&
                         rs_state_check_pool(reader, bounds, &story_table, &cases->stories, &look.story) &&
                         rs_state_check_pool(reader, bounds, &tenant_table, &cases->tenants, &look.tenant);
    if (bounded && !all_is_right(&look)) rs_state_refuse(reader, RS_ERR_PARSE, "the cases do not hang together");
    rs_state_claims_end(&look.one);
    rs_state_claims_end(&look.event);
    rs_state_claims_end(&look.text);
    rs_state_claims_end(&look.story);
    rs_state_claims_end(&look.tenant);
}

const rs_state_part_t rs_state_cases_part = {
    .name = "cases", .version = 1, .table_count = 6,
    .tables = {&cases_table, &case_table, &event_table, &text_table, &story_table, &tenant_table},
    .save = save, .load = load, .check = check};
