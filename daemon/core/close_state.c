/* Attribution close as bytes: the facts of each contact, in their order. */
#include "core/parts_state.h"

static const rs_state_field_t closes_fields[] = {
    RS_STATE_FIELD(rs_closes_t, on, RS_BOUND_ANY), RS_STATE_REBUILT(rs_closes_t, facts), RS_STATE_REBUILT(rs_closes_t, account),
    RS_STATE_REBUILT(rs_closes_t, contacts), RS_STATE_FIELD(rs_closes_t, unmoved, RS_BOUND_ANY)};
static const rs_state_table_t closes_table = RS_STATE_TABLE(rs_closes_t, "closes", closes_fields);

static const rs_state_field_t fact_fields[] = {
    RS_STATE_FIELD(rs_close_fact_t, next, RS_BOUND_CLOSE_FACT), RS_STATE_FIELD_AS(rs_close_fact_t, unused, "spare", RS_BOUND_ANY),
    RS_STATE_FACT_FIELDS(rs_close_fact_t, fact., "")};
static const rs_state_table_t fact_table = RS_STATE_TABLE(rs_close_fact_t, "fact", fact_fields);

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    rs_state_put_item(writer, &closes_table, &core->closes);
    if (core->closes.on) rs_state_put_pool(writer, &fact_table, &core->closes.facts);
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_closes_t saved = {0};
    rs_state_get_item(reader, &closes_table, &saved);
    if (saved.on != core->closes.on) rs_state_refuse(reader, RS_ERR_PARSE, "attribution close is kept where it is off");
    if (!rs_state_is_good(reader) || !saved.on) return;
    core->closes.unmoved = saved.unmoved;
    rs_state_get_pool(reader, &fact_table, &core->closes.facts, "limits.contacts");
}

static bool facts_are_right(const rs_closes_t *closes, const rs_contact_t *contact, rs_state_claims_t *claims) {
    uint32_t count = 0;
    for (uint32_t number = contact->close_facts; number != 0; count++) {
        if (!rs_state_claim(claims, number)) return false;
        const rs_close_fact_t *kept = rs_pool_at(&closes->facts, number);
        if (!rs_state_fact_is_right(&kept->fact)) return false;
        number = kept->next;
    }
    return count == contact->close_fact_count && count <= RS_CLOSE_FACTS;
}

static bool all_is_right(const rs_core_t *core, const rs_state_claims_t *contacts, rs_state_claims_t *claims) {
    for (uint32_t number = 1; number <= core->contacts.contacts.made; number++) {
        if (rs_state_is_free(contacts, number)) continue;
        if (!facts_are_right(&core->closes, rs_contacts_at(&core->contacts, number), claims)) return false;
    }
    return claims->left == 0;
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    rs_state_claims_t claims = {0}, contacts = {0};
    if (rs_state_check_pool(reader, bounds, &fact_table, &core->closes.facts, &claims)) {
        const int status = rs_state_claims_begin(&contacts, &core->contacts.contacts);
        if (status != RS_OK) rs_state_refuse(reader, status, "the facts of contacts cannot be looked at");
        else if (!all_is_right(core, &contacts, &claims)) {
            rs_state_refuse(reader, RS_ERR_PARSE, "the facts of contacts do not hang together");
        }
    }
    rs_state_claims_end(&claims);
    rs_state_claims_end(&contacts);
}

const rs_state_part_t rs_state_closes_part = {
    .name = "closes", .version = 1, .table_count = 2, .tables = {&closes_table, &fact_table}, .save = save, .load = load, .check = check};
