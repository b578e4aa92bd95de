/* What receivers do not have yet, as bytes. */
#include "core/parts_state.h"

static const rs_state_field_t outbox_fields[] = {
    RS_STATE_REBUILT(rs_outbox_t, receivers), RS_STATE_FIELD(rs_outbox_t, receiver_count, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_outbox_t, bytes),
    RS_STATE_REBUILT(rs_outbox_t, begin), RS_STATE_REBUILT(rs_outbox_t, end), RS_STATE_REBUILT(rs_outbox_t, room),
    RS_STATE_FIELD(rs_outbox_t, count, RS_BOUND_ANY), RS_STATE_FIELD(rs_outbox_t, dropped, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_outbox_t, refused, RS_BOUND_ANY)};
static const rs_state_table_t outbox_table = RS_STATE_TABLE(rs_outbox_t, "outbox", outbox_fields);

static const rs_state_field_t receiver_fields[] = {
    RS_STATE_FIELD(rs_receiver_t, name, RS_BOUND_ANY), RS_STATE_FIELD(rs_receiver_t, position, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_receiver_t, ordinal, RS_BOUND_ANY)};
static const rs_state_table_t receiver_table = RS_STATE_TABLE(rs_receiver_t, "receiver", receiver_fields);

/* Its strings follow. */
#define PART(i) \
    RS_STATE_FIELD(rs_alert_transition_t, explanation.parts[i].by, RS_BOUND_EXPLAIN_BY), \
    RS_STATE_FIELD(rs_alert_transition_t, explanation.parts[i].share, RS_BOUND_ANY), \
    RS_STATE_FIELD(rs_alert_transition_t, explanation.parts[i].surprise, RS_BOUND_ANY), \
    RS_STATE_FIELD(rs_alert_transition_t, explanation.parts[i].numerator, RS_BOUND_ANY), \
    RS_STATE_FIELD(rs_alert_transition_t, explanation.parts[i].denominator, RS_BOUND_ANY), \
    RS_STATE_FIELD(rs_alert_transition_t, explanation.parts[i].expected_numerator, RS_BOUND_ANY), \
    RS_STATE_FIELD(rs_alert_transition_t, explanation.parts[i].expected_denominator, RS_BOUND_ANY)
_Static_assert(RS_EXPLAIN_PARTS == 6, "every part is saved");
static const rs_state_field_t transition_fields[] = {
    RS_STATE_FIELD(rs_alert_transition_t, position, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, ordinal, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, episode, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, rule, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, key, RS_BOUND_ANY), RS_STATE_REBUILT(rs_alert_transition_t, rule_name),
    RS_STATE_REBUILT(rs_alert_transition_t, metric), RS_STATE_REBUILT(rs_alert_transition_t, policy),
    RS_STATE_REBUILT(rs_alert_transition_t, window), RS_STATE_REBUILT(rs_alert_transition_t, runbook),
    RS_STATE_FIELD(rs_alert_transition_t, dimensions.family, RS_BOUND_FAMILY),
    RS_STATE_FIELD(rs_alert_transition_t, dimensions.channel, RS_BOUND_CHANNEL),
    RS_STATE_REBUILT(rs_alert_transition_t, dimensions.tenant), RS_STATE_REBUILT(rs_alert_transition_t, dimensions.name),
    RS_STATE_FIELD(rs_alert_transition_t, severity, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, from, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, to, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, compare, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, at_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, started_us, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, fired_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, figure.is_null, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, figure.value, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, figure.numerator, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, figure.denominator, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, limit, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, clear, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, baseline, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, detector, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, act, RS_BOUND_COMMAND),
    RS_STATE_FIELD(rs_alert_transition_t, hush, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, acknowledged, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, sticky, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, act_channel, RS_BOUND_CHANNEL),
    RS_STATE_FIELD(rs_alert_transition_t, until_us, RS_BOUND_ANY), RS_STATE_FIELD(rs_alert_transition_t, due_us, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_alert_transition_t, who), RS_STATE_REBUILT(rs_alert_transition_t, text),
    RS_STATE_REBUILT(rs_alert_transition_t, owner), RS_STATE_REBUILT(rs_alert_transition_t, cause),
    RS_STATE_REBUILT(rs_alert_transition_t, action),
    RS_STATE_FIELD(rs_alert_transition_t, explanation.each_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_alert_transition_t, explanation.recent_known, RS_BOUND_ANY),
    RS_STATE_ARRAY(rs_alert_transition_t, explanation.recent, RS_BOUND_ANY),   /* as their bits */
    RS_STATE_FIELD(rs_alert_transition_t, explanation.part_count, RS_BOUND_EXPLAIN_PARTS), PART(0), PART(1), PART(2), PART(3),
    PART(4), PART(5),
    RS_STATE_FIELD(rs_alert_transition_t, explanation.has_level, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, explanation.has_wait, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, explanation.level, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_alert_transition_t, explanation.wait_us, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_alert_transition_t, part_names)};
#undef PART
static const rs_state_table_t transition_table = RS_STATE_TABLE(rs_alert_transition_t, "transition", transition_fields);

/* --- saving ------------------------------------------------------------------------------------------------------------ */
static void put_transition(void *context, const rs_alert_transition_t *transition) {
    rs_state_writer_t *writer = context;
    rs_alert_transition_t copy = *transition;
    rs_str_t *strings[RS_ALERT_STRINGS];
    rs_alert_strings(&copy, strings);
    rs_state_put_item(writer, &transition_table, transition);
    for (unsigned i = 0; i < RS_ALERT_STRINGS; i++) {
        rs_state_put_u32(writer, strings[i]->len);
        rs_state_put_bytes(writer, strings[i]->data, strings[i]->len);
    }
}

static void save(const rs_core_t *core, rs_state_writer_t *writer) {
    const rs_outbox_t *outbox = &core->outbox;
    rs_state_put_item(writer, &outbox_table, outbox);
    for (uint32_t i = 0; i < outbox->receiver_count; i++) rs_state_put_item(writer, &receiver_table, &outbox->receivers[i]);
    rs_outbox_each(outbox, 0, 0, put_transition, writer);
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
static void get_transition(rs_state_reader_t *reader, rs_outbox_t *outbox) {
    char bytes[RS_ALERT_PACKED_MAX];
    uint32_t used = 0;
    rs_alert_transition_t transition = {0};
    rs_str_t *strings[RS_ALERT_STRINGS];
    rs_alert_strings(&transition, strings);
    rs_state_get_item(reader, &transition_table, &transition);
    const unsigned strings_saved = rs_state_section_version(reader) < 2 ? 12 : RS_ALERT_STRINGS;   /* those of parts came later */
    for (unsigned i = 0; i < strings_saved && rs_state_is_good(reader); i++) {
        const uint32_t len = rs_state_get_count(reader, RS_ALERT_PACKED_MAX - used);
        rs_state_get_bytes(reader, bytes + used, len);
        *strings[i] = (rs_str_t){.data = bytes + used, .len = len};
        used += len;
    }
    if (rs_state_is_good(reader)) rs_outbox_add(outbox, &transition);
}

static void load(rs_core_t *core, rs_state_reader_t *reader) {
    rs_outbox_t *outbox = &core->outbox, saved = {0};
    rs_state_get_item(reader, &outbox_table, &saved);
    if (!rs_state_is_good(reader)) return;
    if (saved.receiver_count > RS_RECEIVERS) rs_state_refuse(reader, RS_ERR_PARSE, "alerts have too many receivers");
    if (saved.receiver_count == 0 && saved.count != 0) rs_state_refuse(reader, RS_ERR_PARSE, "alerts wait for nobody");
    outbox->receiver_count = 0;
    for (uint32_t i = 0; i < saved.receiver_count && rs_state_is_good(reader); i++) {
        outbox->receivers[i] = (rs_receiver_t){0};
        rs_state_get_item(reader, &receiver_table, &outbox->receivers[i]);
        outbox->receiver_count = i + 1;
    }
    for (uint32_t i = 0; i < saved.count && rs_state_is_good(reader); i++) get_transition(reader, outbox);
    outbox->dropped = saved.dropped;
    outbox->refused = saved.refused;
    if (rs_state_is_good(reader) && outbox->count != saved.count) rs_state_refuse(reader, RS_ERR_MEMORY, "out of memory");
}

typedef struct checking { rs_state_reader_t *reader; const rs_state_bounds_t *bounds; } checking_t;

static void check_transition(void *context, const rs_alert_transition_t *transition) {
    const checking_t *checking = context;
    rs_state_check_item(checking->reader, checking->bounds, &transition_table, transition);
}

static void check(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    checking_t checking = {.reader = reader, .bounds = bounds};
    rs_outbox_each(&core->outbox, 0, 0, check_transition, &checking);
}

const rs_state_part_t rs_state_outbox_part = {
    .name = "outbox", .version = 2, .table_count = 3, .tables = {&outbox_table, &receiver_table, &transition_table},
    .save = save, .load = load, .check = check};
