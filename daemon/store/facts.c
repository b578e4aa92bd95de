/* Contacts as PostgreSQL sees them: one contact is a row of contact_fact and rows of its legs, handlings and moments, which come through
 * one staging table and replace the same part of the contact when the revision is higher. What facts say of a leg or a handling together
 * makes one row; what does not go together stands as a moment. So nothing is lost: cli/restate_read.c makes the facts of the rows again. */
#include "store/feeds.h"

#include <stdio.h>
#include <stdlib.h>

enum { KIND_CONTACT, KIND_LEG, KIND_HANDLING, KIND_MOMENT };

static const char stage_sql[] =
    "CREATE TEMPORARY TABLE ringside_facts (kind smallint, tenant text COLLATE \"C\", contact text COLLATE \"C\","
    " stream_id integer, run bigint, part bigint, revision bigint, number integer, at timestamptz, ended timestamptz, entered timestamptz,"
    " moved timestamptz, queue text, channel text, agent text, team text, word text, other_word text, customer text, journey text,"
    " topic text, direction text, a bigint, b bigint, c bigint, d bigint, outcome smallint, reason smallint, holds integer, flag boolean,"
    " ends bigint[], each bigint[]) ON COMMIT DELETE ROWS";
enum { COLUMNS = 32 };

#define SAME_PART "f.tenant = s.tenant AND f.contact = s.contact AND f.stream_id = s.stream_id AND f.run = s.run AND f.part = s.part"
#define KNOWN(table) "EXISTS (SELECT FROM ringside." table " AS f WHERE " SAME_PART " AND f.revision >= s.revision)"
#define REMOVE(table) "DELETE FROM ringside." table " AS f USING pg_temp.ringside_facts AS s WHERE s.kind = 0 AND " SAME_PART ";"

/* What comes in of an erased customer is nobody's, under the name that the contact has now (sql/reports/privacy.sql). The row of the
 * contact says whose it is, so its name is settled first. An erased agent is the stand-in. */
static const char strip_sql[] =
    "UPDATE pg_temp.ringside_facts AS s SET customer = NULL, journey = NULL, topic = CASE"
    " WHEN ringside.made_up_name(s.tenant, s.contact) IS NOT NULL THEN s.topic END"
    " WHERE (SELECT ringside.anybody_is_erased()) AND s.kind = 0 AND ringside.is_erased(s.tenant, s.contact, s.customer, s.at);"
    "UPDATE pg_temp.ringside_facts AS s SET contact = ringside.made_up_name(s.tenant, s.contact)"
    " WHERE (SELECT ringside.anybody_is_erased()) AND ringside.is_erased(s.tenant, s.contact, NULL, s.at);"
    "UPDATE pg_temp.ringside_facts AS s SET agent = ringside.agent_now(s.tenant, s.agent, s.at)"
    " WHERE (SELECT ringside.anybody_is_erased()) AND s.agent IS NOT NULL AND ringside.agent_is_erased(s.tenant, s.agent, s.at);";
static const char merge_parts_sql[] =
    "DELETE FROM pg_temp.ringside_facts AS s"
    " WHERE (tenant, contact, stream_id, run, part) IN (SELECT s.tenant, s.contact, s.stream_id, s.run, s.part"
    " FROM pg_temp.ringside_facts AS s WHERE s.kind = 0 AND (" KNOWN("leg_fact") " OR " KNOWN("handling_fact") " OR "
    KNOWN("moment_fact") "));"
    REMOVE("leg_fact") REMOVE("handling_fact") REMOVE("moment_fact")
    "INSERT INTO ringside.leg_fact (tenant, contact, stream_id, run, part, revision, number, queued_at, queue, channel, outcome,"
    " reason, closed_at, wait_us, counted_us, opened, agent, team)"
    " SELECT tenant, contact, stream_id, run, part, revision, number, at, coalesce(queue, ''), channel, word,"
    " other_word, ended, a, b, flag, agent, team FROM pg_temp.ringside_facts WHERE kind = 1;"
    "INSERT INTO ringside.handling_fact (tenant, contact, stream_id, run, part, revision, number, begun_at, ended_at, entered_at,"
    " transferred_at, queue, channel, agent, team, transfer_kind, transferred_to, talk_us, hold_us, wrap_us, handle_us, holds,"
    " wrap_ends_us, wraps_us) SELECT tenant, contact, stream_id, run, part, revision, number, at, ended, entered, moved, queue, channel,"
    " agent, team, word, other_word, a, b, c, d, holds, ends, each FROM pg_temp.ringside_facts WHERE kind = 2;";
static const char merge_rest_sql[] =
    "INSERT INTO ringside.moment_fact (tenant, contact, stream_id, run, part, revision, number, at, kind, entered_at, begun_at, queue,"
    " channel, agent, team, outcome, reason, value, second_value, holds)"
    " SELECT tenant, contact, stream_id, run, part, revision, number, at, word, entered, ended, queue,"
    " channel, agent, team, outcome, reason, a, b, holds FROM pg_temp.ringside_facts WHERE kind = 3;"
    /* An event before the first one moves the contact's beginning, which is part of its key. */
    "DELETE FROM ringside.contact_fact AS f USING pg_temp.ringside_facts AS s WHERE s.kind = 0 AND " SAME_PART
    " AND f.begun_at <> s.at AND f.revision < s.revision;"
    "INSERT INTO ringside.contact_fact AS had (tenant, contact, stream_id, run, part, revision, begun_at, ended_at, closed_at,"
    " customer, journey, channel, direction, topic, csat_milli, nps, took_place)"
    " SELECT DISTINCT ON (tenant, contact, at) tenant, contact, stream_id, run, part, revision, at, ended, entered, customer, journey,"
    " channel, direction, topic, a, b, flag FROM pg_temp.ringside_facts WHERE kind = 0"
    " ORDER BY tenant, contact, at, run DESC, revision DESC"
    " ON CONFLICT (tenant, contact, begun_at) DO UPDATE"
    " SET stored_at = now(), stream_id = excluded.stream_id, run = excluded.run, part = excluded.part,"
    " revision = excluded.revision, ended_at = excluded.ended_at, closed_at = excluded.closed_at, customer = excluded.customer,"
    " journey = CASE WHEN had.part = excluded.part THEN excluded.journey ELSE coalesce(excluded.journey, had.journey) END,"
    " channel = excluded.channel, direction = excluded.direction, topic = excluded.topic,"
    " csat_milli = CASE WHEN had.part = excluded.part THEN excluded.csat_milli ELSE coalesce(excluded.csat_milli, had.csat_milli) END,"
    " nps = CASE WHEN had.part = excluded.part THEN excluded.nps ELSE coalesce(excluded.nps, had.nps) END, took_place = excluded.took_place"
    " WHERE (had.run, had.revision) < (excluded.run, excluded.revision)";

int rs__facts_sql(rs__feed_sql_t *sql) {
    sql->stage = strdup(stage_sql);
    sql->copy = strdup("COPY pg_temp.ringside_facts FROM STDIN (FORMAT binary)");
    if (asprintf(&sql->merge, "%s%s%s", strip_sql, merge_parts_sql, merge_rest_sql) < 0) sql->merge = NULL;
    if (sql->stage != NULL && sql->copy != NULL && sql->merge != NULL) return RS_OK;
    rs__feed_sql_deinit(sql);
    return RS_ERR_MEMORY;
}

/* --- names ------------------------------------------------------------------------------------------------------------- */
static const char *const kinds[RS_FACT_TYPE_COUNT] = {
    [RS_FACT_LEG_OPENED] = "leg_opened", [RS_FACT_LEG_CLOSED] = "leg_closed", [RS_FACT_HANDLED] = "handled",
    [RS_FACT_HANDLING_LOST] = "handling_lost",
    [RS_FACT_WRAPPED] = "wrapped", [RS_FACT_HANDLE_TIME] = "handle_time", [RS_FACT_OFFERED] = "offered",
    [RS_FACT_OFFER_FAILED] = "offer_failed",
    [RS_FACT_TRANSFERRED_OUT] = "transferred_out", [RS_FACT_TRANSFERRED_IN] = "transferred_in", [RS_FACT_BLOCKED] = "blocked",
    [RS_FACT_ABANDONED_BEFORE_QUEUE] = "abandoned_before_queue", [RS_FACT_CLOCK_ANOMALY] = "clock_anomaly", [RS_FACT_CALLBACK] = "callback",
    [RS_FACT_FIRST_REPLY] = "first_reply", [RS_FACT_NEXT_REPLY] = "next_reply", [RS_FACT_RESOLUTION] = "resolution",
    [RS_FACT_REOPENED] = "reopened",
    [RS_FACT_SURVEY] = "survey", [RS_FACT_SURVEYED] = "surveyed", [RS_FACT_FCR] = "fcr", [RS_FACT_FEEDBACK] = "feedback",
    [RS_FACT_COMPLAINT_STAGE] = "complaint_stage", [RS_FACT_OVERLAPPING] = "overlapping"};
const char *rs_store_fact_name(unsigned type) { return type < RS_FACT_TYPE_COUNT && kinds[type] != NULL ? kinds[type] : ""; }

#define RS_X(NAME, name) name,
static const char *const flow_reasons[] = {NULL, RS_FLOW_REASONS(RS_X)};
static const char *const transfer_kinds[] = {NULL, RS_TRANSFER_KINDS(RS_X)};
#undef RS_X
static const char *const outcomes[] = {[RS_OUTCOME_ANSWERED] = "answered", [RS_OUTCOME_ABANDONED] = "abandoned",
                                       [RS_OUTCOME_FLOWED_OUT] = "flowed_out", [RS_OUTCOME_CALLBACK] = "callback"};

static int find_word(const char *const *words, size_t count, rs_str_t word) {
    for (size_t i = 0; i < count; i++) {
        if (words[i] != NULL && rs_str_equal(rs_str(words[i]), word)) return (int)i;
    }
    return -1;
}
int rs_store_fact_type(rs_str_t word) { return find_word(kinds, RS_ARRAY_LEN(kinds), word); }
int rs_store_leg_outcome(rs_str_t word) { return find_word(outcomes, RS_ARRAY_LEN(outcomes), word); }
int rs_store_flow_reason(rs_str_t word) { return word.len == 0 ? 0 : find_word(flow_reasons, RS_ARRAY_LEN(flow_reasons), word); }
int rs_store_transfer_kind(rs_str_t word) { return word.len == 0 ? 0 : find_word(transfer_kinds, RS_ARRAY_LEN(transfer_kinds), word); }

/* --- one staged row ------------------------------------------------------------------------------------------------------ */
typedef struct staged {
    int kind;
    int32_t number;
    int64_t at_us, ended_us, entered_us, moved_us;   /* INT64_MIN: null; at never */
    const rs_told_fact_t *fact;                      /* queue, channel, agent, team, holds; NULL: none */
    const char *word;
    rs_str_t other_word;
    int64_t a, b, c, d;                              /* INT64_MIN: null */
    int16_t outcome, reason;
    bool flag;
    int64_t ends[8], each[8];
    size_t wraps;
} staged_t;

typedef struct place {
    const rs_contact_row_t *row;
    int64_t run;
    int32_t stream_id;
    rs__buffer_t *buffer;
    int32_t numbers[KIND_MOMENT + 1];
} place_t;

static void put_time(rs__buffer_t *buffer, int64_t us) {
    if (us == INT64_MIN) rs__copy_null(buffer);
    else rs__copy_time(buffer, us);
}
static void put_number(rs__buffer_t *buffer, int64_t number) {
    if (number == INT64_MIN) rs__copy_null(buffer);
    else rs__copy_int8(buffer, number);
}
static void put_word(rs__buffer_t *buffer, const char *word) {
    if (word == NULL) rs__copy_null(buffer);
    else rs__copy_cstring(buffer, word);
}

static void put_about(const place_t *place, bool is_contact) {
    const rs_contact_row_t *row = place->row;
    rs__buffer_t *buffer = place->buffer;
    char hex[2 * sizeof row->customer + 1];
    if (!is_contact) {
        for (int i = 0; i < 4; i++) rs__copy_null(buffer);
        return;
    }
    unsigned char bytes[sizeof row->customer];
    memcpy(bytes, &row->customer, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    put_word(buffer, row->has_customer ? hex : NULL);
    rs__copy_text_or_null(buffer, row->journey);
    rs__copy_text_or_null(buffer, row->topic);
    put_word(buffer, rs_direction_name(row->direction == RS_DIRECTION_NONE ? RS_DIRECTION_INBOUND : row->direction));
}

static void put_staged(place_t *place, const staged_t *staged) {
    static const rs_told_fact_t nothing;
    rs__buffer_t *buffer = place->buffer;
    const rs_told_fact_t *fact = staged->fact != NULL ? staged->fact : &nothing;
    const bool is_contact = staged->kind == KIND_CONTACT;
    const unsigned channel = is_contact ? place->row->channel : fact->channel;
    rs__copy_row(buffer, COLUMNS);
    rs__copy_int2(buffer, (int16_t)staged->kind);
    rs__copy_text(buffer, place->row->tenant);
    rs__copy_text(buffer, place->row->contact);
    rs__copy_int4(buffer, place->stream_id);
    rs__copy_int8(buffer, place->run);
    rs__copy_int8(buffer, (int64_t)place->row->part);
    rs__copy_int8(buffer, (int64_t)place->row->revision);
    rs__copy_int4(buffer, ++place->numbers[staged->kind]);
    put_time(buffer, staged->at_us);
    put_time(buffer, staged->ended_us);
    put_time(buffer, staged->entered_us);
    put_time(buffer, staged->moved_us);
    rs__copy_text_or_null(buffer, fact->queue);
    put_word(buffer, channel == 0 ? (staged->kind == KIND_MOMENT ? NULL : rs_channel_name(RS_CHANNEL_VOICE)) : rs_channel_name(channel));
    rs__copy_text_or_null(buffer, fact->agent);
    rs__copy_text_or_null(buffer, fact->team);
    put_word(buffer, staged->word);
    rs__copy_text_or_null(buffer, staged->other_word);
    put_about(place, is_contact);
    put_number(buffer, staged->a);
    put_number(buffer, staged->b);
    put_number(buffer, staged->c);
    put_number(buffer, staged->d);
    rs__copy_int2(buffer, staged->outcome);
    rs__copy_int2(buffer, staged->reason);
    rs__copy_int4(buffer, (int32_t)(fact->holds > INT32_MAX ? INT32_MAX : fact->holds));
    rs__copy_bool(buffer, staged->flag);
    rs__copy_int8_array(buffer, staged->ends, staged->wraps);
    rs__copy_int8_array(buffer, staged->each, staged->wraps);
}

static staged_t empty(int kind, const rs_told_fact_t *fact, int64_t at_us) {
    return (staged_t){.kind = kind, .fact = fact, .at_us = at_us, .ended_us = INT64_MIN, .entered_us = INT64_MIN, .moved_us = INT64_MIN,
                      .a = INT64_MIN, .b = INT64_MIN, .c = INT64_MIN, .d = INT64_MIN};
}

/* --- legs ------------------------------------------------------------------------------------------------------------------ */
/* Facts that have gone into a row; indexed as the contact's. */
typedef struct used { uint64_t bits[(RS_FACTS_MAX + 63) / 64]; } used_t;
static bool is_used(const used_t *used, uint32_t i) { return (used->bits[i / 64] >> i % 64 & 1) != 0; }
static void use(used_t *used, uint32_t i) { used->bits[i / 64] |= UINT64_C(1) << i % 64; }

static bool of_one_queue(const rs_told_fact_t *a, const rs_told_fact_t *b) {
    return rs_str_equal(a->queue, b->queue) && a->channel == b->channel;
}

static void put_leg(place_t *place, const rs_told_fact_t *opened, const rs_told_fact_t *closed) {
    staged_t leg = empty(KIND_LEG, closed != NULL ? closed : opened, opened != NULL ? opened->at_us : closed->enter_us);
    leg.flag = opened != NULL;
    leg.b = 0;
    if (closed != NULL) {
        leg.ended_us = closed->at_us;
        leg.word = outcomes[closed->outcome];
        leg.other_word = closed->outcome == RS_OUTCOME_FLOWED_OUT && closed->reason != 0 ? rs_str(flow_reasons[closed->reason])
                                                                                         : (rs_str_t){0};
        leg.a = closed->a_us;
        leg.b = closed->b_us;
    }
    put_staged(place, &leg);
}

static void put_legs(place_t *place, used_t *used) {
    const rs_contact_row_t *row = place->row;
    for (uint32_t i = 0; i < row->fact_count; i++) {
        const rs_told_fact_t *opened = &row->facts[i], *closed = NULL;
        if (opened->type != RS_FACT_LEG_OPENED) continue;
        for (uint32_t j = 0; j < row->fact_count && closed == NULL; j++) {
            const rs_told_fact_t *other = &row->facts[j];
            if (other->type != RS_FACT_LEG_CLOSED || is_used(used, j) || other->enter_us != opened->at_us || !of_one_queue(opened, other)) {
                continue;
            }
            closed = other;
            use(used, j);
        }
        use(used, i);
        put_leg(place, opened, closed);
    }
    for (uint32_t i = 0; i < row->fact_count; i++) {
        if (row->facts[i].type != RS_FACT_LEG_CLOSED || is_used(used, i)) continue;
        use(used, i);
        put_leg(place, NULL, &row->facts[i]);
    }
}

/* --- handlings --------------------------------------------------------------------------------------------------------------- */
static bool of_one_handling(const rs_told_fact_t *a, const rs_told_fact_t *b) {
    return of_one_queue(a, b) && a->enter_us == b->enter_us && rs_str_equal(a->agent, b->agent) && rs_str_equal(a->team, b->team);
}

/* How long the handling took as a whole: what its HANDLE_TIME facts come to. False: not one duration; they stay as they are. */
static bool find_handle_time(const rs_contact_row_t *row, const used_t *used, const rs_told_fact_t *handled, int64_t *handle_us) {
    bool found = false;
    for (uint32_t i = 0; i < row->fact_count; i++) {
        const rs_told_fact_t *time = &row->facts[i];
        int64_t net = 0;
        if (time->type != RS_FACT_HANDLE_TIME || is_used(used, i) || time->at_us != handled->at_us || !of_one_handling(time, handled)) {
            continue;
        }
        for (uint32_t j = 0; j < row->fact_count; j++) {
            const rs_told_fact_t *other = &row->facts[j];
            const bool same = other->type == RS_FACT_HANDLE_TIME && !is_used(used, j) && other->at_us == time->at_us &&
                              other->a_us == time->a_us && of_one_handling(other, time);
            net += same ? other->b_us : 0;
        }
        if (net == 0) continue;
        if (net != 1 || (found && *handle_us != time->a_us)) return false;
        found = true;
        *handle_us = time->a_us;
    }
    return found;
}

static void use_handle_times(const rs_contact_row_t *row, used_t *used, const rs_told_fact_t *handled) {
    for (uint32_t i = 0; i < row->fact_count; i++) {
        const rs_told_fact_t *time = &row->facts[i];
        if (time->type == RS_FACT_HANDLE_TIME && time->at_us == handled->at_us && of_one_handling(time, handled)) use(used, i);
    }
}

static void gather_wraps(const rs_contact_row_t *row, used_t *used, staged_t *handling) {
    for (uint32_t i = 0; i < row->fact_count && handling->wraps < RS_ARRAY_LEN(handling->ends); i++) {
        const rs_told_fact_t *wrap = &row->facts[i];
        if (wrap->type != RS_FACT_WRAPPED || is_used(used, i) || !of_one_handling(wrap, handling->fact)) continue;
        use(used, i);
        handling->ends[handling->wraps] = wrap->at_us;
        handling->each[handling->wraps++] = wrap->a_us;
        handling->c += wrap->a_us;
    }
}

static void find_transfer(const rs_contact_row_t *row, used_t *used, staged_t *handling) {
    for (uint32_t i = 0; i < row->fact_count && handling->word == NULL; i++) {
        const rs_told_fact_t *out = &row->facts[i];
        if (out->type != RS_FACT_TRANSFERRED_OUT || is_used(used, i) || !of_one_handling(out, handling->fact)) continue;
        use(used, i);
        handling->moved_us = out->at_us;
        handling->word = transfer_kinds[out->reason];
        for (uint32_t j = 0; j < row->fact_count; j++) {
            const rs_told_fact_t *in = &row->facts[j];
            if (in->type == RS_FACT_TRANSFERRED_IN && in->at_us == out->at_us) handling->other_word = in->queue;
        }
    }
}

static void put_handlings(place_t *place, used_t *used) {
    const rs_contact_row_t *row = place->row;
    for (uint32_t i = 0; i < row->fact_count; i++) {
        const rs_told_fact_t *handled = &row->facts[i];
        int64_t handle_us = 0;
        if (handled->type != RS_FACT_HANDLED) continue;
        use(used, i);
        staged_t handling = empty(KIND_HANDLING, handled, handled->begin_us);
        handling.ended_us = handled->at_us;
        handling.entered_us = handled->enter_us;
        handling.a = handled->a_us;
        handling.b = handled->b_us;
        handling.c = 0;
        if (find_handle_time(row, used, handled, &handle_us)) {
            handling.d = handle_us;
            use_handle_times(row, used, handled);
        }
        gather_wraps(row, used, &handling);
        find_transfer(row, used, &handling);
        put_staged(place, &handling);
    }
}

/* --- the rest ---------------------------------------------------------------------------------------------------------------- */
static void put_moments(place_t *place, const used_t *used) {
    const rs_contact_row_t *row = place->row;
    for (uint32_t i = 0; i < row->fact_count; i++) {
        const rs_told_fact_t *fact = &row->facts[i];
        if (is_used(used, i)) continue;
        staged_t moment = empty(KIND_MOMENT, fact, fact->at_us);
        moment.entered_us = fact->enter_us;
        if (fact->begin_us != 0) moment.ended_us = fact->begin_us;
        moment.word = rs_store_fact_name(fact->type);
        moment.outcome = fact->outcome;
        moment.reason = fact->reason;
        moment.a = fact->a_us;
        moment.b = fact->b_us;
        put_staged(place, &moment);
    }
    if (place->numbers[KIND_LEG] + place->numbers[KIND_HANDLING] + place->numbers[KIND_MOMENT] > 0) return;
    staged_t none = empty(KIND_MOMENT, NULL, row->begun_us);   /* so that the revision stands somewhere */
    none.entered_us = row->begun_us;
    none.word = "none";
    none.a = none.b = 0;
    put_staged(place, &none);
}

static void put_contact(place_t *place) {
    const rs_contact_row_t *row = place->row;
    staged_t contact = empty(KIND_CONTACT, NULL, row->begun_us);
    contact.ended_us = row->last_us;
    contact.entered_us = row->close_us;
    contact.flag = row->took_place;
    for (uint32_t i = 0; i < row->fact_count; i++) {   /* the last answer holds */
        const rs_told_fact_t *survey = &row->facts[i];
        if (survey->type != RS_FACT_SURVEY) continue;
        if (survey->reason == RS_SURVEY_CSAT) contact.a = survey->a_us;
        if (survey->reason == RS_SURVEY_NPS && survey->a_us >= 0 && survey->a_us <= 10000) contact.b = survey->a_us / 1000;
    }
    put_staged(place, &contact);
}

void rs__facts_encode(const rs_row_batch_t *batch, uint32_t i, int64_t run, int32_t stream_id, rs__buffer_t *buffer) {
    place_t place = {.row = rs_row_batch_contact_at(batch, i), .run = run, .stream_id = stream_id, .buffer = buffer};
    used_t used = {0};
    put_contact(&place);
    put_legs(&place, &used);
    put_handlings(&place, &used);
    put_moments(&place, &used);
}
