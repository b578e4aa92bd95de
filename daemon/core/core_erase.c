#include "core/erase.h"

#include "core/alert/mask.h"
#include "core/core_internal.h"

typedef struct rs_erasing { rs_hash128_t from, to; uint64_t places; } rs_erasing_t;

static void replace(rs_erasing_t *erasing, rs_hash128_t *place) {
    if (place->low != erasing->from.low || place->high != erasing->from.high) return;
    *place = erasing->to;
    erasing->places++;
}

static void replace_in_contacts(rs_erasing_t *erasing, rs_contacts_t *contacts) {
    for (uint32_t number = 1; number <= contacts->rests.made; number++) {
        rs_node_rest_t *rest = rs_pool_at(&contacts->rests, number);
        replace(erasing, &rest->customer);
    }
    for (uint32_t number = 1; number <= contacts->stories.made; number++) {
        rs_story_t *story = rs_pool_at(&contacts->stories, number);
        replace(erasing, &story->outline.customer);
    }
    for (uint32_t number = 1; number <= contacts->contacts.made; number++) {
        replace(erasing, &rs_contacts_at(contacts, number)->story.outline.customer);
    }
}

static void replace_in_journeys(rs_erasing_t *erasing, rs_journeys_t *journeys) {
    for (uint32_t number = 1; journeys->on && number <= journeys->pool.made; number++) {
        rs_journey_t *journey = rs_pool_at(&journeys->pool, number);
        replace(erasing, &journey->rest.customer);
    }
}

static void replace_in_book(rs_erasing_t *erasing, rs_book_t *book) {
    for (uint32_t number = 1; book->on && number <= book->items.made; number++) {
        rs_book_item_t *item = rs_pool_at(&book->items, number);
        replace(erasing, &item->customer);
    }
}

int rs_core_erase(rs_core_t *core, rs_str_t tenant, const uint8_t pseudonym[RS_PSEUDONYM_BYTES], const uint8_t stand_in[RS_PSEUDONYM_BYTES],
                  uint64_t *places) {
    rs_erasing_t erasing = {0};
    memcpy(&erasing.from, pseudonym, sizeof erasing.from);
    memcpy(&erasing.to, stand_in, sizeof erasing.to);
    replace_in_contacts(&erasing, &core->contacts);
    replace_in_journeys(&erasing, &core->journeys);
    replace_in_book(&erasing, &core->book);
    const uint32_t number = rs_names_find(&core->directory.names, tenant);
    if (number != 0) erasing.places += rs_fcr_rename(&core->fcr, number, &erasing.from, &erasing.to);
    if (places != NULL) *places = erasing.places;
    return erasing.places == 0 ? RS_ERR_NOT_FOUND : RS_OK;
}

/* --- agents ------------------------------------------------------------------------------------------------------------- */
static void rename_key(rs_core_t *core, uint32_t tenant, uint32_t name) {
    const uint32_t link = rs_directory_find(&core->directory, RS_FAMILY_AGENT, tenant, name, 0);
    if (link == 0) return;
    const uint32_t key = link - 1;
    rs_directory_erase(&core->directory, key);
    if (core->alerts != NULL) rs_alerts_on_renamed_key(core->alerts, key, &core->directory.entries[key].dimensions);
    rs_rows_touch_key(&core->rows, key);
}

int rs_core_erase_agent(rs_core_t *core, rs_str_t tenant, rs_str_t agent, rs_str_t stand_in, uint64_t *places) {
    rs_names_t *names = &core->directory.names;
    const uint32_t of_tenant = rs_names_find(names, tenant), name = of_tenant == 0 ? 0 : rs_names_find_agent(names, of_tenant, agent);
    uint64_t found = rs_outbox_mask(&core->outbox, tenant, agent);
    if (core->alerts != NULL) found += rs_alerts_mask(core->alerts, tenant, agent);
    if (name != 0) {
        if (rs_names_find_agent(names, of_tenant, stand_in) != 0) return RS_ERR_INVALID;
        rs_agents_sign_off(core->agents, of_tenant, name, core->now_us);
        RS_REQUIRE(rs_names_rename_agent(names, name, stand_in));
        rename_key(core, of_tenant, name);
        rs_core_settle_touched(core);
        found++;
    }
    if (places != NULL) *places = found;
    return found == 0 ? RS_ERR_NOT_FOUND : RS_OK;
}
