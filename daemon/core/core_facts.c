/* The facts of single contacts on their way out, with names in the clear, and back in. */
#include "core/core_internal.h"
#include "core/parts_state.h"

#include <stdlib.h>

static rs_str_t name_of(const rs_core_t *core, uint32_t number) { return rs_names_text(&core->directory.names, number); }

static void read_fact(const rs_core_t *core, const rs_fact_t *fact, rs_told_fact_t *told) {
    *told = (rs_told_fact_t){.type = fact->type, .outcome = fact->outcome, .reason = fact->reason, .channel = fact->channel,
                             .holds = fact->holds, .queue = name_of(core, fact->queue), .agent = name_of(core, fact->agent),
                             .team = name_of(core, fact->team), .at_us = fact->at_us, .enter_us = fact->enter_us, .a_us = fact->a_us,
                             .b_us = fact->b_us, .begin_us = fact->begin_us};
}

static int compare_numbers(int64_t a, int64_t b) { return (a > b) - (a < b); }

/* By moment, then by all else: the same facts stand in the same order wherever and however they were counted. */
static int compare_facts(const void *a_fact, const void *b_fact) {
    const rs_told_fact_t *a = a_fact, *b = b_fact;
    int order = compare_numbers(a->at_us, b->at_us);
    if (order == 0) order = compare_numbers(a->enter_us, b->enter_us);
    if (order == 0) order = (int)a->type - (int)b->type;
    if (order == 0) order = rs_str_compare(a->queue, b->queue);
    if (order == 0) order = rs_str_compare(a->agent, b->agent);
    if (order == 0) order = rs_str_compare(a->team, b->team);
    if (order == 0) order = (int)a->channel - (int)b->channel;
    if (order == 0) order = (int)a->outcome - (int)b->outcome;
    if (order == 0) order = (int)a->reason - (int)b->reason;
    if (order == 0) order = compare_numbers(a->a_us, b->a_us);
    if (order == 0) order = compare_numbers(a->b_us, b->b_us);
    if (order == 0) order = compare_numbers(a->begin_us, b->begin_us);
    return order != 0 ? order : compare_numbers(a->holds, b->holds);
}

static void tell(const rs_core_t *core, uint32_t number, rs_told_fact_t facts[RS_BOOK_FACTS], rs_contact_row_fn on_contact, void *context) {
    const rs_book_item_t *item = rs_book_item(&core->book, number);
    uint32_t count = 0;
    for (uint32_t fact = item->facts; fact != 0; fact = rs_book_fact(&core->book, fact)->next) {
        RS_REQUIRE(count < RS_BOOK_FACTS);
        read_fact(core, &rs_book_fact(&core->book, fact)->fact, &facts[count++]);
    }
    qsort(facts, count, sizeof *facts, compare_facts);
    const rs_contact_row_t row = {
        .tenant = name_of(core, item->tenant), .contact = rs_book_text(&core->book, item->name),
        .journey = rs_book_text(&core->book, item->journey),
        .topic = name_of(core, item->topic), .part = item->part, .revision = item->link.revision, .begun_us = item->begun_us,
        .last_us = item->last_us, .close_us = item->close_us, .has_customer = item->has_customer, .customer = item->customer,
        .channel = item->channel, .direction = item->direction, .took_place = item->took_place, .facts = facts, .fact_count = count};
    on_contact(context, &row);
}

/* Room for the facts of one contact; too large for a stack of every thread. */
static rs_told_fact_t *take_room(void) {
    rs_told_fact_t *facts = malloc(RS_BOOK_FACTS * sizeof *facts);
    RS_REQUIRE(facts != NULL);
    return facts;
}

size_t rs_core_facts_collect(rs_core_t *core, size_t max, rs_contact_row_fn on_contact, void *context) {
    size_t count = 0;
    if (!core->book.on || max == 0 || rs_changed_next(&core->book.changed) == 0) return 0;
    rs_told_fact_t *facts = take_room();
    for (uint32_t number; count < max && (number = rs_changed_next(&core->book.changed)) != 0; count++) {
        tell(core, number, facts, on_contact, context);
        rs_changed_take_in_hand(&core->book.changed, number);
    }
    free(facts);
    return count;
}

size_t rs_core_facts_dirty(const rs_core_t *core) { return rs_changed_waiting(&core->book.changed); }

void rs_core_facts(rs_core_t *core, rs_contact_row_fn on_contact, void *context) {
    if (!core->book.on) return;
    rs_told_fact_t *facts = take_room();
    for (uint32_t number = 1; number <= core->book.items.made; number++) {
        if (rs_book_item(&core->book, number)->part != 0) tell(core, number, facts, on_contact, context);
    }
    free(facts);
}

/* --- and back in ------------------------------------------------------------------------------------------------------- */
static bool is_sound(const rs_told_fact_t *told) {
    return told->type > 0 && told->type < RS_FACT_TYPE_COUNT && told->outcome <= RS_OUTCOME_CALLBACK && told->channel < RS_CHANNEL_COUNT;
}

static rs_fact_t write_fact(rs_core_t *core, uint32_t tenant, const rs_told_fact_t *told) {
    rs_names_t *names = &core->directory.names;
    return (rs_fact_t){.type = told->type, .outcome = told->outcome, .reason = told->reason, .channel = told->channel, .holds = told->holds,
                       .queue = rs_names_number(names, told->queue), .agent = rs_names_agent(names, tenant, told->agent),
                       .team = rs_names_number(names, told->team), .at_us = told->at_us, .enter_us = told->enter_us,
                       .a_us = told->a_us, .b_us = told->b_us, .begin_us = told->begin_us};
}

bool rs_core_count_facts(rs_core_t *core, rs_str_t tenant, const rs_told_fact_t *facts, uint32_t count, int64_t close_us) {
    const uint32_t number = rs_directory_tenant(&core->directory, tenant);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_sound(&facts[i])) return false;
        const rs_fact_t fact = write_fact(core, number, &facts[i]);
        if (!rs_state_fact_is_right(&fact)) return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const rs_fact_t fact = write_fact(core, number, &facts[i]);
        rs_account_facts_closing(&core->account, number, &fact, 1, close_us, false, 1);
        rs_agents_facts(core->agents, number, &fact, 1, 1);
    }
    return true;
}
