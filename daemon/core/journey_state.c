/* Journeys as bytes. */
#include "core/parts_state.h"

static const rs_state_field_t journeys_fields[] = {
    RS_STATE_FIELD(rs_journeys_t, on, RS_BOUND_ANY), RS_STATE_FIELD(rs_journeys_t, verdicts, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_journeys_t, pool), RS_STATE_REBUILT(rs_journeys_t, index),
    RS_STATE_REBUILT(rs_journeys_t, account), RS_STATE_REBUILT(rs_journeys_t, contacts),
    RS_STATE_REBUILT(rs_journeys_t, fcr), RS_STATE_FIELD(rs_journeys_t, refused, RS_BOUND_ANY)};
static const rs_state_table_t journeys_table = RS_STATE_TABLE(rs_journeys_t, "journeys", journeys_fields);

static const rs_state_field_t journey_fields[] = {
    RS_STATE_FIELD(rs_journey_t, id.low, RS_BOUND_ANY), RS_STATE_FIELD(rs_journey_t, id.high, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_journey_t, tenant, RS_BOUND_NAME), RS_STATE_FIELD(rs_journey_t, first_contact, RS_BOUND_CONTACT),
    RS_STATE_FIELD(rs_journey_t, counted, RS_BOUND_ANY), RS_STATE_FIELD(rs_journey_t, has_rest, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_journey_t, left.has_leg, RS_BOUND_ANY), RS_STATE_FIELD(rs_journey_t, left.leg_open, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_journey_t, left.first_channel, RS_BOUND_CHANNEL), RS_STATE_FIELD(rs_journey_t, left.last_outcome, RS_BOUND_OUTCOME),
    RS_STATE_FIELD(rs_journey_t, left.last_reason, RS_BOUND_REASON), RS_STATE_FIELD(rs_journey_t, left.first_queue, RS_BOUND_NAME),
    RS_STATE_ORDER_FIELDS(rs_journey_t, left.first_queued., "left.first_queued."),
    RS_STATE_ORDER_FIELDS(rs_journey_t, left.last_end., "left.last_end."),
    RS_STATE_FIELD(rs_journey_t, left.answer_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_journey_t, left.ended_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_journey_t, left.closed_us, RS_BOUND_OR_NONE), RS_STATE_FACT_FIELDS(rs_journey_t, verdict., "verdict."),
    RS_STATE_FIELD(rs_journey_t, close_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_journey_t, resolution, RS_BOUND_RESOLUTION),
    RS_STATE_OUTLINE_FIELDS(rs_journey_t, rest., "rest.")};
static const rs_state_table_t journey_table = RS_STATE_TABLE(rs_journey_t, "journey", journey_fields);

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    rs_state_put_item(writer, &journeys_table, &core->journeys);
    if (core->journeys.on) rs_state_put_pool(writer, &journey_table, &core->journeys.pool);
}

static void find_again(rs_journeys_t *journeys, rs_state_reader_t *reader) {
    rs_state_claims_t claims;
    const int status = rs_state_claims_begin(&claims, &journeys->pool);
    if (status != RS_OK) rs_state_refuse(reader, status, "the journeys cannot be indexed");
    for (uint32_t number = 1; number <= journeys->pool.made && rs_state_is_good(reader); number++) {
        const rs_journey_t *journey = rs_pool_at(&journeys->pool, number);
        if (!rs_state_is_free(&claims, number)) rs_index_add(&journeys->index, journey->id.low, number);
    }
    rs_state_claims_end(&claims);
}

/* Journeys that were kept go on, whatever the configuration says now. */
static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_journeys_t *journeys = &core->journeys, saved = {0};
    rs_state_get_item(reader, &journeys_table, &saved);
    if (!rs_state_is_good(reader) || !saved.on) return;
    if (!journeys->on) {
        const int status = rs_journeys_init(journeys, core->config->limits.contacts, saved.verdicts, &core->account, &core->contacts,
                                             &core->fcr);
        if (status != RS_OK) {
            rs_state_refuse(reader, status, "the journeys cannot be made");
            return;
        }
    }
    journeys->verdicts = saved.verdicts;
    journeys->refused = saved.refused;
    rs_state_get_pool(reader, &journey_table, &journeys->pool, "limits.contacts");
    if (rs_state_is_good(reader)) find_again(journeys, reader);
}

/* A contact is tied to one journey, and its journey knows it. */
static bool ties_are_right(const rs_core_t *core, const rs_state_claims_t *journeys, rs_state_claims_t *contacts) {
    uint32_t tied = 0, known = 0;
    for (uint32_t number = 1; number <= core->contacts.contacts.made; number++) {
        if (rs_state_is_free(contacts, number)) continue;
        const uint32_t journey = rs_contacts_at(&core->contacts, number)->journey;
        if (journey != 0 && rs_state_is_free(journeys, journey)) return false;
        tied += journey != 0;
    }
    for (uint32_t number = 1; number <= core->journeys.pool.made; number++) {
        const rs_journey_t *journey = rs_pool_at(&core->journeys.pool, number);
        if (rs_state_is_free(journeys, number)) continue;
        if (!rs_state_fact_is_right(&journey->verdict)) return false;
        for (uint32_t contact = journey->first_contact; contact != 0; known++) {
            if (!rs_state_claim(contacts, contact)) return false;
            if (rs_contacts_at(&core->contacts, contact)->journey != number) return false;
            contact = rs_contacts_at(&core->contacts, contact)->journey_next;
        }
    }
    return tied == known;
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    rs_state_claims_t journeys = {0}, contacts = {0};
    if (rs_state_check_pool(reader, bounds, &journey_table, &core->journeys.pool, &journeys)) {
        const int status = rs_state_claims_begin(&contacts, &core->contacts.contacts);
        if (status != RS_OK) rs_state_refuse(reader, status, "the journeys cannot be looked at");
        else if (!ties_are_right(core, &journeys, &contacts)) rs_state_refuse(reader, RS_ERR_PARSE, "the journeys do not hang together");
    }
    rs_state_claims_end(&journeys);
    rs_state_claims_end(&contacts);
}

const rs_state_part_t rs_state_journeys_part = {
    .name = "journeys", .version = 1, .table_count = 2, .tables = {&journeys_table, &journey_table},
    .save = save, .load = load, .check = check};
