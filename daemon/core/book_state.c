/* The book of contacts' facts as bytes. Whose item belongs to which contact follows from the items. */
#include "core/parts_state.h"

static const rs_state_field_t book_fields[] = {
    RS_STATE_FIELD(rs_book_t, on, RS_BOUND_ANY), RS_STATE_REBUILT(rs_book_t, items), RS_STATE_REBUILT(rs_book_t, facts),
    RS_STATE_REBUILT(rs_book_t, texts), RS_STATE_REBUILT(rs_book_t, of_contact), RS_STATE_REBUILT(rs_book_t, max_contacts),
    RS_STATE_CHANGED_FIELDS(rs_book_t, RS_BOUND_BOOK_ITEM), RS_STATE_FIELD(rs_book_t, run, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_book_t, part_counter, RS_BOUND_ANY), RS_STATE_FIELD(rs_book_t, dropped, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_book_t, contacts), RS_STATE_REBUILT(rs_book_t, name),
    RS_STATE_REBUILT(rs_book_t, journey), RS_STATE_REBUILT(rs_book_t, order)};
static const rs_state_table_t book_table = RS_STATE_TABLE(rs_book_t, "book", book_fields);

static const rs_state_field_t item_fields[] = {
    RS_STATE_FIELD(rs_book_item_t, contact, RS_BOUND_CONTACT), RS_STATE_FIELD(rs_book_item_t, tenant, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_book_item_t, topic, RS_BOUND_NAME), RS_STATE_FIELD(rs_book_item_t, name, RS_BOUND_BOOK_TEXT),
    RS_STATE_FIELD(rs_book_item_t, journey, RS_BOUND_BOOK_TEXT), RS_STATE_FIELD(rs_book_item_t, facts, RS_BOUND_BOOK_FACT),
    RS_STATE_FIELD(rs_book_item_t, fact_count, RS_BOUND_ANY), RS_STATE_CHANGED_LINK_FIELDS(rs_book_item_t, RS_BOUND_BOOK_ITEM),
    RS_STATE_FIELD(rs_book_item_t, part, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_book_item_t, begun_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_book_item_t, last_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_book_item_t, close_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_book_item_t, customer.low, RS_BOUND_ANY), RS_STATE_FIELD(rs_book_item_t, customer.high, RS_BOUND_ANY),
    RS_STATE_ORDER_FIELDS(rs_book_item_t, journey_order., "journey_order."),
    RS_STATE_FIELD(rs_book_item_t, channel, RS_BOUND_CHANNEL), RS_STATE_FIELD(rs_book_item_t, direction, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_book_item_t, has_customer, RS_BOUND_ANY), RS_STATE_FIELD(rs_book_item_t, took_place, RS_BOUND_ANY),
    RS_STATE_FIELD_AS(rs_book_item_t, news, "changed", RS_BOUND_ANY),
    RS_STATE_FIELD(rs_book_item_t, is_folded, RS_BOUND_ANY)};
static const rs_state_table_t item_table = RS_STATE_TABLE(rs_book_item_t, "item", item_fields);

static const rs_state_field_t fact_fields[] = {
    RS_STATE_FIELD(rs_book_fact_t, next, RS_BOUND_BOOK_FACT), RS_STATE_FIELD_AS(rs_book_fact_t, unused, "spare", RS_BOUND_ANY),
    RS_STATE_FACT_FIELDS(rs_book_fact_t, fact., "")};
static const rs_state_table_t fact_table = RS_STATE_TABLE(rs_book_fact_t, "fact", fact_fields);

static const rs_state_field_t text_fields[] = {
    RS_STATE_REBUILT(rs_book_text_t, next), RS_STATE_FIELD(rs_book_text_t, len, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_book_text_t, bytes, RS_BOUND_ANY)};
static const rs_state_table_t text_table = RS_STATE_TABLE(rs_book_text_t, "text", text_fields);

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_book_t *book = &core->book;
    rs_state_put_item(writer, &book_table, book);
    if (!book->on) return;
    rs_state_put_pool(writer, &item_table, &book->items);
    rs_state_put_pool(writer, &fact_table, &book->facts);
    rs_state_put_pool(writer, &text_table, &book->texts);
}

static void get_pools(rs_state_reader_t *reader, rs_book_t *book) {
    rs_state_get_pool(reader, &item_table, &book->items, "limits.facts");
    rs_state_get_pool(reader, &fact_table, &book->facts, "limits.facts");
    rs_state_get_pool(reader, &text_table, &book->texts, "limits.facts");
}

/* They were kept, and are not any more. */
static void pass_over(rs_core_t *core, rs_state_reader_t *reader) {
    rs_limits_t wide = core->config->limits;
    rs_book_t gone;
    wide.facts = 20 * 1000 * 1000;
    const int status = rs_book_init(&gone, &wide, 0, &core->contacts);
    if (status != RS_OK) {
        rs_state_refuse(reader, status, "the facts of contacts cannot be left out");
        return;
    }
    get_pools(reader, &gone);
    rs_book_deinit(&gone);
}

/* Facts that were not kept before are kept from here on. */
static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_book_t *book = &core->book, saved = core->book;
    rs_state_get_item(reader, &book_table, &saved);
    if (!rs_state_is_good(reader) || !saved.on) return;
    if (!book->on) {
        pass_over(core, reader);
        return;
    }
    *book = saved;
    get_pools(reader, book);
    rs_state_claims_t claims = {0};
    const int status = rs_state_is_good(reader) ? rs_state_claims_begin(&claims, &book->items) : RS_OK;
    if (status != RS_OK) rs_state_refuse(reader, status, "the facts of contacts cannot be looked at");
    for (uint32_t number = 1; rs_state_is_good(reader) && number <= book->items.made; number++) {
        if (rs_state_is_free(&claims, number)) continue;
        const rs_book_item_t *item = rs_book_item(book, number);
        const uint32_t contact = item->contact;
        book->changed.leaving += item->is_folded && rs_changed_differs(&item->link);
        if (contact > book->max_contacts) rs_state_refuse(reader, RS_ERR_PARSE, "facts are of a contact that cannot be");
        else if (contact != 0) book->of_contact[contact] = number;
    }
    rs_state_claims_end(&claims);
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */
static bool text_is_right(const rs_book_t *book, uint32_t number, rs_state_claims_t *texts) {
    if (!rs_state_claim(texts, number)) return false;
    const rs_book_text_t *text = rs_pool_at(&book->texts, number);
    return text->len > 0 && text->len <= RS_MAX_CONTACT_ID;
}

static bool facts_are_right(const rs_book_t *book, const rs_book_item_t *item, rs_state_claims_t *facts) {
    uint32_t count = 0;
    for (uint32_t number = item->facts; number != 0; count++) {
        if (!rs_state_claim(facts, number) || !rs_state_fact_is_right(&rs_book_fact(book, number)->fact)) return false;
        number = rs_book_fact(book, number)->next;
    }
    return count == item->fact_count && count <= RS_BOOK_FACTS;
}

static bool items_are_right(const rs_core_t *core, const rs_state_claims_t *items, const rs_state_claims_t *contacts,
                            rs_state_claims_t *facts, rs_state_claims_t *texts) {
    const rs_book_t *book = &core->book;
    for (uint32_t number = 1; number <= book->items.made; number++) {
        if (rs_state_is_free(items, number)) continue;
        const rs_book_item_t *item = rs_book_item(book, number);
        const bool has_contact = item->contact != 0;
        if (item->part == 0 || (has_contact && (rs_state_is_free(contacts, item->contact) || book->of_contact[item->contact] != number))) {
            return false;
        }
        if (!has_contact && !(item->is_folded && rs_changed_differs(&item->link))) return false;
        if (!text_is_right(book, item->name, texts) || (item->journey != 0 && !text_is_right(book, item->journey, texts))) return false;
        if (!facts_are_right(book, item, facts)) return false;
    }
    return facts->left == 0 && texts->left == 0;
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    const rs_book_t *book = &core->book;
    rs_state_claims_t items = {0}, facts = {0}, texts = {0}, contacts = {0};
    if (!book->on) return;
    rs_state_check_item(reader, bounds, &book_table, book);
    const bool bounded = rs_state_check_pool(reader, bounds, &item_table, &book->items, &items) &&
                         rs_state_check_pool(reader, bounds, &fact_table, &book->facts, &facts) &&
                         rs_state_check_pool(reader, bounds, &text_table, &book->texts, &texts);
    const int status = bounded ? rs_state_claims_begin(&contacts, &core->contacts.contacts) : RS_OK;
    if (status != RS_OK) rs_state_refuse(reader, status, "the facts of contacts cannot be looked at");
    else if (bounded && !(items_are_right(core, &items, &contacts, &facts, &texts) && rs_state_changed_is_right(&book->changed, &items))) {
        rs_state_refuse(reader, RS_ERR_PARSE, "the facts of contacts do not hang together");
    }
    rs_state_claims_end(&items);
    rs_state_claims_end(&facts);
    rs_state_claims_end(&texts);
    rs_state_claims_end(&contacts);
}

const rs_state_part_t rs_state_facts_part = {
    .name = "facts", .version = 1, .table_count = 4, .tables = {&book_table, &item_table, &fact_table, &text_table},
    .save = save, .load = load, .check = check};
