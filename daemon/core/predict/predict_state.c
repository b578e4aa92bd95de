/* Prediction as bytes: handlings under way, agents seen, and what was published last of each queue that waits. */
#include "core/parts_state.h"

#include <stdlib.h>

static const rs_state_field_t predict_fields[] = {
    RS_STATE_REBUILT(rs_predict_t, keys), RS_STATE_REBUILT(rs_predict_t, underway), RS_STATE_REBUILT(rs_predict_t, seen.pairs),
    RS_STATE_REBUILT(rs_predict_t, seen.index), RS_STATE_ARRAY(rs_predict_t, seen.lists, RS_BOUND_PAIR),
    RS_STATE_REBUILT(rs_predict_t, seen.agents), RS_STATE_FIELD(rs_predict_t, seen.slot_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_predict_t, seen.slot, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_predict_t, seen.refused, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_predict_t, waiting), RS_STATE_FIELD(rs_predict_t, waiting_count, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_predict_t, slice, RS_BOUND_OR_NONE)};
static const rs_state_table_t predict_table = RS_STATE_TABLE(rs_predict_t, "prediction", predict_fields);

static const rs_state_field_t key_fields[] = {
    RS_STATE_FIELD(rs_predict_key_t, served_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_predict_key_t, underway, RS_BOUND_UNDERWAY),
    RS_STATE_FIELD(rs_predict_key_t, underway_count, RS_BOUND_ANY), RS_STATE_REBUILT(rs_predict_key_t, waiting_place)};
static const rs_state_table_t key_table = RS_STATE_TABLE(rs_predict_key_t, "key", key_fields);

static const rs_state_field_t underway_fields[] = {
    RS_STATE_FIELD(rs_underway_t, next, RS_BOUND_UNDERWAY), RS_STATE_FIELD(rs_underway_t, previous, RS_BOUND_UNDERWAY),
    RS_STATE_FIELD(rs_underway_t, start_us, RS_BOUND_TIME)};
static const rs_state_table_t underway_table = RS_STATE_TABLE(rs_underway_t, "underway", underway_fields);

static const rs_state_field_t pair_fields[] = {
    RS_STATE_FIELD(rs_seen_pair_t, next, RS_BOUND_PAIR), RS_STATE_FIELD(rs_seen_pair_t, previous, RS_BOUND_PAIR),
    RS_STATE_FIELD(rs_seen_pair_t, queue_key, RS_BOUND_KEY), RS_STATE_FIELD(rs_seen_pair_t, agent, RS_BOUND_NAME),
    RS_STATE_FIELD(rs_seen_pair_t, slot, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_seen_pair_t, newest, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_seen_pair_t, handled, RS_BOUND_ANY)};
static const rs_state_table_t pair_table = RS_STATE_TABLE(rs_seen_pair_t, "seen", pair_fields);

static const rs_state_field_t published_fields[] = {
    RS_STATE_FIELD(rs_window_prediction_t, reason, RS_BOUND_PREDICTION),
    RS_STATE_FIELD(rs_window_prediction_t, estimated_wait_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_window_prediction_t, breach_oldest, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_window_prediction_t, breach_newest, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_window_prediction_t, expected_num, RS_BOUND_ANY), RS_STATE_ARRAY(rs_window_prediction_t, expected_den, RS_BOUND_ANY)};
static const rs_state_table_t published_table = RS_STATE_TABLE(rs_window_prediction_t, "published", published_fields);

/* --- saving ------------------------------------------------------------------------------------------------------------ */
static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_predict_t *predict = &core->predict;
    rs_state_put_u8(writer, predict->keys != NULL);
    if (predict->keys == NULL) return;
    rs_state_put_item(writer, &predict_table, predict);
    rs_state_put_pool(writer, &underway_table, &predict->underway);
    rs_state_put_pool(writer, &pair_table, &predict->seen.pairs);
    for (uint32_t i = 0; i < predict->waiting_count; i++) rs_state_put_u32(writer, predict->waiting[i]);
    for (uint32_t key = 0; key < core->directory.count; key++) {
        rs_window_prediction_t published;
        rs_state_put_item(writer, &key_table, &predict->keys[key]);
        if (!core->directory.entries[key].is_predicted) continue;
        const int status = rs_window_read_prediction(core->windows, key, &published);
        if (status == RS_OK) rs_state_put_item(writer, &published_table, &published);
        else rs_state_fail(writer, status);
    }
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
/* In their order, which is that in which queues have their turn. */
static void get_waiting(rs_core_t *core, rs_state_reader_t *reader, uint32_t count) {
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        const uint32_t key = rs_state_get_u32(reader);
        const bool is_new = key < core->directory.count && core->predict.keys[key].waiting_place == 0;
        if (is_new) rs_predict_waits(&core->predict, key, true);
        else rs_state_refuse(reader, RS_ERR_PARSE, "a queue that waits is none");
    }
}

static void get_keys(rs_core_t *core, rs_state_reader_t *reader) {
    for (uint32_t key = 0; key < core->directory.count && rs_state_is_good(reader); key++) {
        rs_window_prediction_t published = {0};
        rs_state_get_item(reader, &key_table, &core->predict.keys[key]);
        if (!core->directory.entries[key].is_predicted) continue;
        rs_state_get_item(reader, &published_table, &published);
        if (rs_state_is_good(reader)) rs_window_set_prediction(core->windows, key, &published);
    }
}

static void find_again(rs_core_t *core, rs_state_reader_t *reader) {
    rs_seen_t *seen = &core->predict.seen;
    rs_state_claims_t claims;
    const int status = rs_state_claims_begin(&claims, &seen->pairs);
    if (status != RS_OK) rs_state_refuse(reader, status, "the agents seen cannot be indexed");
    for (uint32_t number = 1; number <= seen->pairs.made && rs_state_is_good(reader); number++) {
        if (rs_state_is_free(&claims, number)) continue;
        const rs_seen_pair_t *pair = rs_pool_at(&seen->pairs, number);
        if (pair->queue_key >= core->directory.count) rs_state_refuse(reader, RS_ERR_PARSE, "an agent was seen in no queue");
        else rs_seen_restore(seen, number);
    }
    rs_state_claims_end(&claims);
}

/* The slots are as long as they were: prediction.horizon is taken over by a core that begins. */
static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_predict_t *predict = &core->predict;
    const bool is_on = rs_state_get_u8(reader) != 0;
    if (is_on != (predict->keys != NULL)) {
        rs_state_refuse(reader, RS_ERR_STATE, "the state was saved with prediction and this has none, or the other way round");
    }
    if (!rs_state_is_good(reader) || !is_on) return;
    rs_state_get_item(reader, &predict_table, predict);
    const uint32_t waiting = predict->waiting_count;
    predict->waiting_count = 0;
    rs_state_get_pool(reader, &underway_table, &predict->underway, "limits.contacts");
    rs_state_get_pool(reader, &pair_table, &predict->seen.pairs, "limits.agent_keys");
    if (rs_state_is_good(reader) && predict->seen.slot_us <= 0) rs_state_refuse(reader, RS_ERR_PARSE, "a slot of time has no length");
    get_waiting(core, reader, waiting);
    get_keys(core, reader);
    if (rs_state_is_good(reader)) find_again(core, reader);
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */
static bool pairs_are_right(const rs_seen_t *seen, rs_state_claims_t *claims) {
    for (uint32_t list = 0; list < RS_SEEN_RING; list++) {
        uint32_t before = 0;
        for (uint32_t number = seen->lists[list]; number != 0;) {
            if (!rs_state_claim(claims, number)) return false;
            const rs_seen_pair_t *pair = rs_pool_at(&seen->pairs, number);
            if (pair->previous != before || (uint32_t)(pair->newest & (RS_SEEN_RING - 1)) != list) return false;
            before = number;
            number = pair->next;
        }
    }
    return claims->left == 0;
}

/* keys: of each handling under way, + 1. */
static bool underway_is_right(const rs_core_t *core, rs_state_claims_t *claims, uint32_t *keys) {
    for (uint32_t key = 0; key < core->directory.count; key++) {
        uint32_t before = 0, count = 0;
        for (uint32_t number = core->predict.keys[key].underway; number != 0; count++) {
            if (!rs_state_claim(claims, number)) return false;
            const rs_underway_t *handling = rs_pool_at(&core->predict.underway, number);
            if (handling->previous != before) return false;
            keys[number] = key + 1;
            before = number;
            number = handling->next;
        }
        if (count != core->predict.keys[key].underway_count) return false;
    }
    return claims->left == 0;
}

/* Those in which somebody waits, no others. */
static bool waiting_are_right(const rs_core_t *core) {
    uint32_t count = 0;
    for (uint32_t key = 0; key < core->directory.count; key++) {
        const bool waits = core->directory.entries[key].is_waiting;
        if (waits != (core->predict.keys[key].waiting_place != 0)) return false;
        count += waits;
    }
    return count == core->predict.waiting_count;
}

static bool contacts_are_right(const rs_core_t *core, const rs_state_claims_t *contacts, uint32_t *keys) {
    for (uint32_t number = 1; number <= core->contacts.contacts.made; number++) {
        if (rs_state_is_free(contacts, number)) continue;
        const rs_contact_t *contact = rs_contacts_at(&core->contacts, number);
        if (contact->underway == 0) continue;
        if (keys[contact->underway] != contact->underway_key + 1) return false;
        keys[contact->underway] = 0;
    }
    return true;
}

static bool all_is_right(const rs_core_t *core, const rs_state_claims_t *contacts, rs_state_claims_t *underway, rs_state_claims_t *pairs) {
    uint32_t *keys = calloc((size_t)core->predict.underway.made + 1, sizeof *keys);
    const bool right = keys != NULL && waiting_are_right(core) && pairs_are_right(&core->predict.seen, pairs) &&
                       underway_is_right(core, underway, keys) && contacts_are_right(core, contacts, keys);
    free(keys);
    return right;
}

static void check_published(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    for (uint32_t key = 0; key < core->directory.count; key++) {
        rs_window_prediction_t published;
        rs_state_check_item(reader, bounds, &key_table, &core->predict.keys[key]);
        const bool is_there = rs_window_read_prediction(core->windows, key, &published) == RS_OK;
        if (is_there) rs_state_check_item(reader, bounds, &published_table, &published);
    }
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    rs_state_claims_t contacts = {0}, underway = {0}, pairs = {0};
    if (core->predict.keys == NULL) return;
    rs_state_check_item(reader, bounds, &predict_table, &core->predict);
    check_published(core, reader, bounds);
    if (rs_state_check_pool(reader, bounds, &underway_table, &core->predict.underway, &underway) &&
        rs_state_check_pool(reader, bounds, &pair_table, &core->predict.seen.pairs, &pairs)) {
        const int status = rs_state_claims_begin(&contacts, &core->contacts.contacts);
        if (status != RS_OK) rs_state_refuse(reader, status, "the handlings under way cannot be looked at");
        else if (!all_is_right(core, &contacts, &underway, &pairs)) {
            rs_state_refuse(reader, RS_ERR_PARSE, "the handlings under way do not hang together");
        }
    }
    rs_state_claims_end(&contacts);
    rs_state_claims_end(&underway);
    rs_state_claims_end(&pairs);
}

const rs_state_part_t rs_state_prediction_part = {
    .name = "prediction", .version = 1, .table_count = 5,
    .tables = {&predict_table, &key_table, &underway_table, &pair_table, &published_table},
    .save = save, .load = load, .check = check};
