#include "core/book.h"

#include "config/bounds.h"

/* What --check says of a contact's facts. */
_Static_assert(sizeof(rs_book_item_t) + 2 * sizeof(rs_book_text_t) + 6 * sizeof(rs_book_fact_t) <= RS_BYTES_FACTS, "facts fit their bound");

int rs_book_init(rs_book_t *book, const rs_limits_t *limits, uint64_t run, const rs_contacts_t *contacts) {
    const uint64_t wide = (uint64_t)limits->facts * RS_BOOK_FACTS_EACH, texts = (uint64_t)limits->facts * 2;
    const uint32_t most = UINT32_MAX / 2;
    *book = (rs_book_t){.on = true, .run = run, .max_contacts = limits->contacts, .contacts = contacts};
    rs_changed_init(&book->changed, &book->items, offsetof(rs_book_item_t, link), NULL);
    book->of_contact = rs_table_take(((uint64_t)limits->contacts + 1) * sizeof *book->of_contact);
    if (book->of_contact == NULL || rs_pool_init(&book->items, sizeof(rs_book_item_t), limits->facts) != RS_OK ||
        rs_pool_init(&book->facts, sizeof(rs_book_fact_t), wide > most ? most : (uint32_t)wide) != RS_OK ||
        rs_pool_init(&book->texts, sizeof(rs_book_text_t), texts > most ? most : (uint32_t)texts) != RS_OK) {
        rs_book_deinit(book);
        return RS_ERR_MEMORY;
    }
    return RS_OK;
}

void rs_book_deinit(rs_book_t *book) {
    rs_pool_deinit(&book->items);
    rs_pool_deinit(&book->facts);
    rs_pool_deinit(&book->texts);
    rs_table_give(book->of_contact);
    *book = (rs_book_t){0};
}

/* --- names ------------------------------------------------------------------------------------------------------------- */
static uint32_t keep_text(rs_book_t *book, rs_str_t text) {
    if (text.len == 0 || text.len > RS_MAX_CONTACT_ID) return 0;
    const uint32_t number = rs_pool_take(&book->texts);
    if (number == 0) return 0;
    rs_book_text_t *kept = rs_pool_at(&book->texts, number);
    kept->len = (uint8_t)text.len;
    memcpy(kept->bytes, text.data, text.len);
    return number;
}

rs_str_t rs_book_text(const rs_book_t *book, uint32_t number) {
    if (number == 0) return (rs_str_t){0};
    const rs_book_text_t *text = rs_pool_at(&book->texts, number);
    return (rs_str_t){.data = text->bytes, .len = text->len};
}

void rs_book_begin(rs_book_t *book, rs_str_t name, rs_str_t journey, rs_order_t order) {
    book->name = name;
    book->journey = journey;
    book->order = order;
}

void rs_book_end(rs_book_t *book) { book->name = book->journey = (rs_str_t){0}; }

/* --- items ------------------------------------------------------------------------------------------------------------- */
/* The contact's item, made when there is none and the contact's name is at hand; 0: there is no place, or no name. */
static uint32_t item_of(rs_book_t *book, uint32_t contact, uint32_t tenant) {
    RS_REQUIRE(contact <= book->max_contacts);
    uint32_t number = book->of_contact[contact];
    if (number != 0 || book->name.len == 0) return number;
    number = rs_pool_take(&book->items);
    if (number == 0) return 0;
    rs_book_item_t *item = rs_book_item(book, number);
    item->name = keep_text(book, book->name);
    if (item->name == 0) {
        rs_pool_give(&book->items, number);
        return 0;
    }
    item->contact = contact;
    item->tenant = tenant;
    item->part = book->run << 32 | (++book->part_counter & UINT32_MAX);
    book->of_contact[contact] = number;
    return number;
}

static void free_item(rs_book_t *book, uint32_t number) {
    rs_book_item_t *item = rs_book_item(book, number);
    while (item->facts != 0) {
        const uint32_t fact = item->facts;
        item->facts = rs_book_fact(book, fact)->next;
        rs_pool_give(&book->facts, fact);
    }
    rs_pool_give(&book->texts, item->name);
    if (item->journey != 0) rs_pool_give(&book->texts, item->journey);
    if (item->contact != 0) book->of_contact[item->contact] = 0;
    item->part = 0;   /* so that nobody takes it for an item */
    rs_pool_give(&book->items, number);
}

/* Only waits for the store. */
static bool is_leaving(const rs_book_item_t *item) { return item->is_folded && rs_changed_differs(&item->link); }

static void touch(rs_book_t *book, uint32_t number) {
    rs_book_item_t *item = rs_book_item(book, number);
    const bool was_leaving = is_leaving(item);
    item->news = false;
    rs_changed_touch(&book->changed, number, !rs_changed_differs(&item->link));
    book->changed.leaving += is_leaving(item) && !was_leaving;
}

/* Something happens to the contact; or nothing can any more. */
static void set_folded(rs_book_t *book, rs_book_item_t *item, bool is_folded) {
    book->changed.leaving -= is_leaving(item);
    item->is_folded = is_folded;
    book->changed.leaving += is_leaving(item);
}

/* --- what happens to a contact ------------------------------------------------------------------------------------------- */
static bool keep_fact(rs_book_t *book, rs_book_item_t *item, const rs_fact_t *fact) {
    const uint32_t number = item->fact_count < RS_BOOK_FACTS ? rs_pool_take(&book->facts) : 0;
    if (number == 0) return false;
    rs_book_fact_t *kept = rs_pool_at(&book->facts, number);
    kept->next = item->facts;
    kept->fact = *fact;
    item->facts = number;
    item->fact_count++;
    return true;
}

/* One that found no place when it was counted is not there. */
static void drop_fact(rs_book_t *book, rs_book_item_t *item, const rs_fact_t *fact) {
    for (uint32_t *link = &item->facts; *link != 0;) {
        const uint32_t number = *link;
        rs_book_fact_t *kept = rs_pool_at(&book->facts, number);
        if (memcmp(&kept->fact, fact, sizeof *fact) == 0) {
            *link = kept->next;
            rs_pool_give(&book->facts, number);
            item->fact_count--;
            return;
        }
        link = &kept->next;
    }
}

void rs_book_facts(rs_book_t *book, uint32_t contact, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign) {
    if (!book->on || contact == 0) return;
    const uint32_t number = item_of(book, contact, tenant);
    if (number == 0) {
        book->dropped += sign > 0 ? count : 0;
        return;
    }
    rs_book_item_t *item = rs_book_item(book, number);
    item->news = true;
    set_folded(book, item, false);
    for (uint32_t i = 0; i < count; i++) {
        if (sign < 0) drop_fact(book, item, &facts[i]);
        else if (!keep_fact(book, item, &facts[i])) book->dropped++;
    }
    /* What the list holds is told as it stands when it is told: so it is of this revision. */
    if (rs_changed_differs(&item->link)) touch(book, number);
}

static void learn(rs_book_t *book, rs_book_item_t *item, const rs_story_t *story) {
    const rs_outline_t *outline = &story->outline;
    item->begun_us = outline->started_us;
    item->last_us = outline->last_us;
    item->close_us = rs_story_close_us(story);
    item->customer = outline->customer;
    item->has_customer = outline->has_customer;
    item->topic = outline->topic;
    item->channel = outline->channel;
    item->direction = outline->direction;
    item->took_place = outline->took_place;
    if (book->journey.len == 0) return;
    if (item->journey != 0 && rs_contacts_compare(book->contacts, &book->order, &item->journey_order) >= 0) return;
    if (item->journey != 0) rs_pool_give(&book->texts, item->journey);
    item->journey = keep_text(book, book->journey);
    item->journey_order = book->order;
}

void rs_book_follow(rs_book_t *book, uint32_t contact, uint32_t tenant, const rs_story_t *story, bool is_open) {
    if (!book->on) return;
    const uint32_t number = item_of(book, contact, tenant);
    if (number == 0 || story->outline.started_us == INT64_MIN) return;
    rs_book_item_t *item = rs_book_item(book, number);
    learn(book, item, story);
    item->news = true;
    set_folded(book, item, false);
    if (rs_changed_differs(&item->link) || !is_open) touch(book, number);
}

void rs_book_fold(rs_book_t *book, uint32_t contact) {
    if (!book->on || book->of_contact[contact] == 0) return;
    const uint32_t number = book->of_contact[contact];
    rs_book_item_t *item = rs_book_item(book, number);
    set_folded(book, item, true);
    if (item->news) touch(book, number);
    else if (!rs_changed_differs(&item->link)) free_item(book, number);
}

void rs_book_forget(rs_book_t *book, uint32_t contact) {
    if (!book->on || book->of_contact[contact] == 0) return;
    rs_book_fold(book, contact);
    const uint32_t number = book->of_contact[contact];
    if (number == 0) return;
    rs_book_item(book, number)->contact = 0;
    book->of_contact[contact] = 0;
}

/* --- what the store has ---------------------------------------------------------------------------------------------------- */
static void on_stored(void *context, uint32_t number) {
    rs_book_t *book = context;
    if (!rs_book_item(book, number)->is_folded) return;
    book->changed.leaving--;
    free_item(book, number);
}

void rs_book_confirm(rs_book_t *book, const rs_collected_t *collected) {
    if (book->on) rs_changed_confirm(&book->changed, collected, on_stored, book);
}

static bool is_short(const rs_pool_t *pool) { return rs_changed_is_short(pool->live, pool->max_items); }

bool rs_book_wait_too_much(const rs_book_t *book) {
    return book->on && (is_short(&book->items) || is_short(&book->facts) || is_short(&book->texts)) &&
           rs_changed_holds_up(&book->changed, book->items.max_items);
}

uint32_t rs_book_permille(const rs_book_t *book) {
    return book->on ? (uint32_t)((uint64_t)book->changed.rows * 1000 / book->items.max_items) : 0;
}

uint64_t rs_book_bytes(const rs_book_t *book) {
    if (!book->on) return 0;
    return rs_pool_bytes(&book->items) + rs_pool_bytes(&book->facts) + rs_pool_bytes(&book->texts) +
           ((uint64_t)book->max_contacts + 1) * sizeof *book->of_contact;
}
