#include "cli/journal_print.h"

#include "event/command.h"

#include "event/event.h"
#include "event/warm.h"

#include <inttypes.h>
#include <jansson.h>

enum { JSON_MAX = 16384 };

static void add_time(json_t *line, const char *name, int64_t at_us) {
    char text[32];
    rs_event_format_time(at_us, text);
    json_object_set_new(line, name, json_string(text));
}

static void add_text(json_t *line, const char *name, rs_str_t text) {
    json_t *value = json_stringn(text.data == NULL ? "" : text.data, text.len);
    json_object_set_new(line, name, value != NULL ? value : json_string("(not UTF-8)"));
}

static void add_number(json_t *line, const char *name, uint64_t number) {
    json_object_set_new(line, name, json_integer((json_int_t)number));
}

static void add_origin(json_t *line, int64_t arrival_us, rs_origin_t origin) {
    add_time(line, "arrived_at", arrival_us);
    if (origin.session == 0) return;
    add_number(line, "session", origin.session);
    add_number(line, "batch_number", origin.number);
}

static bool add_event(json_t *line, const rs_journal_record_t *record) {
    static char text[JSON_MAX];
    rs_event_t event;
    int64_t arrival_us;
    rs_origin_t origin;
    if (rs_record_read_event(record->bytes, record->len, &event, &arrival_us, &origin) != RS_OK) return false;
    const int64_t len = rs_event_encode(&event, RS_ENCODING_JSON, text, sizeof text);
    json_t *parsed = len < 0 ? NULL : json_loadb(text, (size_t)len, 0, NULL);
    if (parsed == NULL) return false;
    json_object_set_new(line, "kind", json_string("event"));
    add_origin(line, arrival_us, origin);
    json_object_set_new(line, "event", parsed);
    return true;
}

static bool add_refusal(json_t *line, const rs_journal_record_t *record) {
    rs_str_t source;
    rs_refused_t refused;
    uint64_t hash;
    int64_t arrival_us;
    rs_origin_t origin;
    char hex[17];
    if (rs_record_read_refusal(record->bytes, record->len, &source, &refused, &hash, &arrival_us, &origin) != RS_OK) return false;
    json_object_set_new(line, "kind", json_string("refusal"));
    add_origin(line, arrival_us, origin);
    add_text(line, "source", source);
    json_object_set_new(line, "reason", json_string(rs_refusal_name(refused.reason)));
    json_object_set_new(line, "field", json_string(refused.field));
    add_number(line, "length", refused.len);
    snprintf(hex, sizeof hex, "%016" PRIx64, hash);
    json_object_set_new(line, "hash", json_string(hex));
    return true;
}

static bool add_tick(json_t *line, const rs_journal_record_t *record) {
    int64_t now_us;
    if (rs_record_read_tick(record->bytes, record->len, &now_us) != RS_OK) return false;
    json_object_set_new(line, "kind", json_string("tick"));
    add_time(line, "at", now_us);
    return true;
}

static bool add_config(json_t *line, const rs_journal_record_t *record) {
    rs_record_text_t text;
    rs_config_how_t how;
    if (rs_record_read_config(record->bytes, record->len, &text, &how) != RS_OK) return false;
    json_object_set_new(line, "kind", json_string("config"));
    json_object_set_new(line, "how", json_string(how == RS_CONFIG_RELOAD ? "reload" : "restart"));
    add_number(line, "length", text.length);
    return true;
}

static bool add_part(json_t *line, const rs_journal_record_t *record) {
    uint32_t place;
    rs_str_t text;
    if (rs_record_read_part(record->bytes, record->len, &place, &text) != RS_OK) return false;
    json_object_set_new(line, "kind", json_string("config_part"));
    add_number(line, "place", place);
    add_number(line, "length", text.len);
    return true;
}

static bool add_begin(json_t *line, const rs_journal_record_t *record) {
    rs_record_begin_t begin;
    if (rs_record_read_begin(record->bytes, record->len, &begin) != RS_OK) return false;
    json_object_set_new(line, "kind", json_string("begin"));
    add_time(line, "at", begin.start_us);
    add_number(line, "run", begin.run);
    json_object_set_new(line, "keeps_rows", json_boolean(begin.keep_rows));
    return true;
}

static bool add_session(json_t *line, const rs_journal_record_t *record) {
    uint32_t session;
    rs_str_t source, incarnation;
    if (rs_record_read_session(record->bytes, record->len, &session, &source, &incarnation) != RS_OK) return false;
    json_object_set_new(line, "kind", json_string("session"));
    add_number(line, "session", session);
    add_text(line, "source", source);
    add_text(line, "incarnation", incarnation);
    return true;
}

static bool add_confirmed(json_t *line, const rs_journal_record_t *record) {
    rs_confirmed_t confirmed;
    if (rs_record_read_confirmed(record->bytes, record->len, &confirmed) != RS_OK) return false;
    json_object_set_new(line, "kind", json_string("confirmed"));
    add_number(line, "receiver", confirmed.receiver);
    add_number(line, "position", confirmed.position);
    add_number(line, "rows_through", confirmed.rows.through);
    add_number(line, "edges_through", confirmed.edges.through);
    add_number(line, "facts_through", confirmed.facts.through);
    add_number(line, "alert_position", confirmed.alert_position);
    add_number(line, "alert_ordinal", confirmed.alert_ordinal);
    return true;
}

/* What people say may name people: it is in the journal, not in its print. */
static bool add_command(json_t *line, const rs_journal_record_t *record) {
    rs_command_t command;
    rs_origin_t origin;
    if (rs_record_read_command(record->bytes, record->len, &command, &origin) != RS_OK) return false;
    json_object_set_new(line, "kind", json_string("command"));
    json_object_set_new(line, "command", json_string(rs_command_name(command.what)));
    add_time(line, "at", command.at_us);
    if (command.what != RS_COMMAND_ERASE) add_number(line, "episode", command.episode);
    add_text(line, "who", command.who);   /* of an erasure no more: neither whose, nor under which name from then on */
    return true;
}

static bool add_warm(json_t *line, const rs_journal_record_t *record) {
    rs_warm_t warm;
    if (rs_record_read_warm(record->bytes, record->len, &warm) != RS_OK) return false;
    json_object_set_new(line, "kind", json_string("warm"));
    add_text(line, "rule", warm.rule);
    add_text(line, "tenant", warm.tenant);
    add_text(line, "key", warm.key);
    add_number(line, "figures", warm.count);
    json_object_set_new(line, "is_last", json_boolean(warm.is_last));
    return true;
}

static bool add_content(json_t *line, const rs_journal_record_t *record) {
    switch ((rs_record_kind_t)record->kind) {
        case RS_RECORD_EVENT: return add_event(line, record);
        case RS_RECORD_REFUSAL: return add_refusal(line, record);
        case RS_RECORD_TICK: return add_tick(line, record);
        case RS_RECORD_CONFIG: return add_config(line, record);
        case RS_RECORD_CONFIRMED: return add_confirmed(line, record);
        case RS_RECORD_CONFIG_PART: return add_part(line, record);
        case RS_RECORD_SESSION: return add_session(line, record);
        case RS_RECORD_BEGIN: return add_begin(line, record);
        case RS_RECORD_COMMAND: return add_command(line, record);
        case RS_RECORD_WARM: return add_warm(line, record);
    }
    return false;
}

void rs_journal_print(const rs_journal_record_t *record, FILE *out) {
    json_t *line = json_object();
    add_number(line, "number", record->number);
    if (!add_content(line, record)) {
        add_number(line, "kind", record->kind);
        add_number(line, "length", record->len);
        json_object_set_new(line, "unknown", json_true());
    }
    json_dumpf(line, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(line);
}
