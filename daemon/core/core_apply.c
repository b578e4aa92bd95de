/* Records of the ring, one after another: what each of them is to the core. */
#include "core/core_internal.h"
#include "core/erase.h"

static int apply_event(rs_core_t *core, const void *bytes, size_t len) {
    rs_event_t event;
    rs_origin_t origin;
    int64_t at_us;
    const int status = rs_record_read_event(bytes, len, &event, &at_us, &origin);
    if (status != RS_OK) return status;
    rs_core_apply_event(core, &event, at_us, origin);
    if (origin.session != 0) rs_kept_sessions_settle(&core->kept_sessions, origin, core->position);
    return RS_OK;
}

static int apply_refusal(rs_core_t *core, const void *bytes, size_t len) {
    rs_refused_t refused;
    rs_origin_t origin;
    rs_str_t source;
    uint64_t hash;
    int64_t at_us;
    const int status = rs_record_read_refusal(bytes, len, &source, &refused, &hash, &at_us, &origin);
    if (status != RS_OK) return status;
    rs_core_apply_refusal(core, source, refused.reason);
    if (origin.session != 0) rs_kept_sessions_settle(&core->kept_sessions, origin, core->position);
    return RS_OK;
}

static int apply_tick(rs_core_t *core, const void *bytes, size_t len) {
    int64_t at_us;
    const int status = rs_record_read_tick(bytes, len, &at_us);
    if (status == RS_OK) rs_core_tick(core, at_us);
    return status;
}

static int apply_session(rs_core_t *core, const void *bytes, size_t len) {
    uint32_t session;
    rs_str_t source, incarnation;
    const int status = rs_record_read_session(bytes, len, &session, &source, &incarnation);
    if (status == RS_OK) rs_kept_sessions_begin(&core->kept_sessions, session, source, incarnation, core->position);
    return status;
}

static int apply_confirmed(rs_core_t *core, const void *bytes, size_t len) {
    rs_confirmed_t confirmed;
    const int status = rs_record_read_confirmed(bytes, len, &confirmed);
    if (status == RS_OK) rs_core_confirm(core, &confirmed);
    return status;
}

static int erase(rs_core_t *core, const rs_command_t *command, uint64_t *number) {
    if (rs_str_equal(command->owner, RS_STR("agent"))) {
        return rs_core_erase_agent(core, command->tenant, command->key, command->rule, number);
    }
    uint8_t pseudonym[RS_PSEUDONYM_BYTES], stand_in[RS_PSEUDONYM_BYTES];
    if (!rs_pseudonym_parse(command->key, pseudonym) || !rs_pseudonym_parse(command->rule, stand_in)) return RS_ERR_INVALID;
    return rs_core_erase(core, command->tenant, pseudonym, stand_in, number);
}

static int say_of_alerts(rs_core_t *core, const rs_command_t *command, uint64_t *number) {
    return core->alerts == NULL ? RS_ERR_NOT_FOUND : rs_alerts_command(core->alerts, command, core->now_us, number);
}

static int apply_command(rs_core_t *core, const void *bytes, size_t len) {
    rs_command_t command;
    rs_origin_t origin;
    uint64_t number = 0;
    const int status = rs_record_read_command(bytes, len, &command, &origin);
    if (status != RS_OK) return status;
    const int became = command.what == RS_COMMAND_ERASE ? erase(core, &command, &number) : say_of_alerts(core, &command, &number);
    if (core->options.effects.on_answer != NULL) core->options.effects.on_answer(core->options.effects.context, origin, became, number);
    return RS_OK;
}

static int apply_warm(rs_core_t *core, const void *bytes, size_t len) {
    rs_warm_t warm;
    const int status = rs_record_read_warm(bytes, len, &warm);
    if (status != RS_OK || core->alerts == NULL) return status;
    const rs_names_t *names = &core->directory.names;
    const uint32_t tenant = rs_names_find(names, warm.tenant), name = rs_names_find(names, warm.key);
    if (tenant == 0 || (name == 0 && warm.key.len != 0)) return RS_OK;   /* nobody here */
    const uint32_t link = rs_directory_find(&core->directory, warm.family, tenant, name, warm.channel);
    if (link != 0) rs_alerts_warm(core->alerts, link - 1, &warm);
    return RS_OK;
}

static bool is_held_up(const rs_core_t *core) {
    return core->options.lets_go && (rs_rows_wait_too_much(&core->rows) || rs_process_wait_too_much(&core->process) ||
                                     rs_book_wait_too_much(&core->book));
}

static void let_go(rs_core_t *core) {
    static const rs_collected_t all = {.through = UINT64_MAX, .revision = UINT64_MAX};
    const rs_core_effects_t *effects = &core->options.effects;
    if (effects->on_let_go != NULL) effects->on_let_go(effects->context, core->position);
    core->let_go_position = core->position;
    rs_core_confirm(core, &(rs_confirmed_t){.receiver = RS_RECEIVER_STORE, .rows = all, .edges = all, .facts = all,
                                            .position = core->position});
}

int rs_core_apply(rs_core_t *core, uint32_t kind, const void *bytes, size_t len, uint64_t position) {
    if (is_held_up(core)) let_go(core);
    core->position = position;
    core->ordinal = 0;
    switch (kind) {
        case RS_RECORD_EVENT: return apply_event(core, bytes, len);
        case RS_RECORD_REFUSAL: return apply_refusal(core, bytes, len);
        case RS_RECORD_TICK: return apply_tick(core, bytes, len);
        case RS_RECORD_SESSION: return apply_session(core, bytes, len);
        case RS_RECORD_CONFIRMED: return apply_confirmed(core, bytes, len);
        case RS_RECORD_COMMAND: return apply_command(core, bytes, len);
        case RS_RECORD_WARM: return apply_warm(core, bytes, len);
        case RS_RECORD_CONFIG:
        case RS_RECORD_CONFIG_PART:
        case RS_RECORD_BEGIN: return RS_OK;
        default: return RS_ERR_PARSE;
    }
}

/* --- what leaves and comes back ------------------------------------------------------------------------------------- */
void rs_core_on_transition(void *context, const rs_alert_transition_t *transition) {
    rs_core_t *core = context;
    rs_alert_transition_t identified = *transition;
    identified.position = core->position;
    identified.ordinal = ++core->ordinal;
    rs_outbox_add(&core->outbox, &identified);
    if (core->options.effects.on_alert != NULL) core->options.effects.on_alert(core->options.effects.context, &identified);
}

void rs_core_collected(const rs_core_t *core, rs_confirmed_t *confirmed) {
    *confirmed = (rs_confirmed_t){.receiver = RS_RECEIVER_STORE, .rows = rs_changed_collected(&core->rows.changed),
                                  .edges = rs_changed_collected(&core->process.changed),
                                  .facts = rs_changed_collected(&core->book.changed)};
}

void rs_core_collect_again(rs_core_t *core) {
    rs_changed_hand_out_again(&core->rows.changed);
    rs_changed_hand_out_again(&core->process.changed);
    rs_changed_hand_out_again(&core->book.changed);
}

/* --- confirming ----------------------------------------------------------------------------------------------------- */
void rs_core_confirm(rs_core_t *core, const rs_confirmed_t *confirmed) {
    if (confirmed->receiver == RS_RECEIVER_STORE) {
        rs_rows_confirm(&core->rows, &confirmed->rows);
        if (core->process.on) rs_process_confirm(&core->process, &confirmed->edges);
        rs_book_confirm(&core->book, &confirmed->facts);
        if (confirmed->position > core->confirmed_position) core->confirmed_position = confirmed->position;
    }
    rs_outbox_confirm(&core->outbox, confirmed->receiver, confirmed->alert_position, confirmed->alert_ordinal);
}

uint64_t rs_core_confirmed_position(const rs_core_t *core) { return core->confirmed_position; }
uint64_t rs_core_let_go_position(const rs_core_t *core) { return core->let_go_position; }

bool rs_core_receiver(const rs_core_t *core, uint64_t receiver, uint64_t *position, uint32_t *ordinal) {
    const rs_receiver_t *known = rs_outbox_receiver(&core->outbox, receiver);
    if (known == NULL) return false;
    *position = known->position;
    *ordinal = known->ordinal;
    return true;
}

void rs_core_unconfirmed_alerts(const rs_core_t *core, uint64_t receiver, rs_alert_fn on_alert, void *context) {
    const rs_receiver_t *known = rs_outbox_receiver(&core->outbox, receiver);
    if (known != NULL) rs_outbox_each(&core->outbox, known->position, known->ordinal, on_alert, context);
}

/* --- sources' numbers ----------------------------------------------------------------------------------------------- */
static uint64_t upto_of(const rs_numbers_t *numbers) {
    if (!numbers->any) return 0;
    for (uint32_t i = 0; i < numbers->hole_count; i++) {
        const rs_hole_t *hole = &numbers->holes[i];   /* they rise; 0 is no event's number */
        if (hole->to > 0) return hole->from <= 1 ? 0 : hole->from - 1;
    }
    return numbers->greatest;
}

uint32_t rs_core_reported(const rs_core_t *core, rs_str_t source, rs_core_reported_t *reported, uint32_t max) {
    const rs_sources_t *sources = &core->sources;
    uint32_t count = 0;
    for (uint32_t i = sources->session_count; i-- > 0 && count < max;) {
        const rs_session_t *session = &sources->sessions[i];
        const rs_str_t incarnation = rs_names_text(&core->directory.names, session->incarnation);
        if (incarnation.len == 0 || !rs_str_equal(rs_names_text(&core->directory.names, session->source), source)) continue;
        reported[count++] = (rs_core_reported_t){.incarnation = incarnation, .upto = upto_of(&session->reported)};
    }
    for (uint32_t i = 0; i < count / 2; i++) {
        const rs_core_reported_t swapped = reported[i];
        reported[i] = reported[count - 1 - i];
        reported[count - 1 - i] = swapped;
    }
    return count;
}

/* --- producers' sessions -------------------------------------------------------------------------------------------- */
uint32_t rs_core_session_count(const rs_core_t *core) { return core->kept_sessions.count; }

bool rs_core_session(const rs_core_t *core, uint32_t session, rs_core_session_t *kept) {
    if (session == 0 || session > core->kept_sessions.count) return false;
    const rs_kept_session_t *place = &core->kept_sessions.places[session - 1];
    *kept = (rs_core_session_t){.source = {place->source, place->source_len}, .incarnation = {place->incarnation, place->incarnation_len},
                                .last = place->last, .used = place->used};
    return place->source_len != 0;
}
