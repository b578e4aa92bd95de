#include "event/command_request.h"

#include "base/decimal.h"

#include <stdarg.h>
#include <stdio.h>

static int fail(rs_command_wrong_t *wrong, const char *reason, const char *field, const char *format, ...) RS_PRINTF(4, 5);
static int fail(rs_command_wrong_t *wrong, const char *reason, const char *field, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    wrong->reason = reason;
    snprintf(wrong->field, sizeof wrong->field, "%s", field);
    vsnprintf(wrong->text, sizeof wrong->text, format, arguments);
    va_end(arguments);
    return RS_ERR_INVALID;
}

/* --- values --------------------------------------------------------------------------------------------------------- */
static bool parse_half(rs_str_t text, uint64_t *half) {
    if (text.len > 1 && text.data[0] == '0') return false;
    return rs_decimal_parse(text, half) && *half <= UINT32_MAX;
}

int rs_command_parse_episode(rs_str_t text, uint64_t *episode) {
    const char *dash = text.len == 0 ? NULL : memchr(text.data, '-', text.len);
    uint64_t high = 0, low = 0;
    if (dash == NULL) return RS_ERR_PARSE;
    const uint32_t before = (uint32_t)(dash - text.data);
    if (!parse_half((rs_str_t){text.data, before}, &high) || !parse_half((rs_str_t){dash + 1, text.len - before - 1}, &low))
        return RS_ERR_PARSE;
    *episode = high << 32 | low;
    return RS_OK;
}

static const char *read_episode(rs_str_t value, rs_command_t *command) {
    return rs_command_parse_episode(value, &command->episode) == RS_OK ? NULL : "not the number of an alert, such as 5-17";
}

static const char *read_silence(rs_str_t value, rs_command_t *command) {
    return parse_half(value, &command->episode) && command->episode != 0 ? NULL : "not the number of a silence";
}

static const char *read_time(rs_str_t value, int64_t *time_us) {
    return rs_event_parse_time(value, time_us) == RS_OK ? NULL : "not a time such as 2026-03-02T09:00:00Z";
}
static const char *read_until(rs_str_t value, rs_command_t *command) { return read_time(value, &command->until_us); }
static const char *read_due(rs_str_t value, rs_command_t *command) { return read_time(value, &command->due_us); }

static const char *read_sticky(rs_str_t value, rs_command_t *command) {
    command->sticky = rs_str_equal(value, RS_STR("true"));
    return command->sticky || rs_str_equal(value, RS_STR("false")) ? NULL : "neither true nor false";
}

static const char *read_channel(rs_str_t value, rs_command_t *command) {
    for (unsigned channel = 1; channel < RS_CHANNEL_COUNT; channel++) {
        if (!rs_str_equal(value, rs_str(rs_channel_name(channel)))) continue;
        command->channel = (uint8_t)channel;
        return NULL;
    }
    return "unknown";
}

/* What a string may be, rs_command_check knows. */
static const char *keep(rs_str_t value, rs_str_t *place) {
    *place = value;
    return NULL;
}
static const char *read_who(rs_str_t value, rs_command_t *command) { return keep(value, &command->who); }
static const char *read_text(rs_str_t value, rs_command_t *command) { return keep(value, &command->text); }
static const char *read_owner(rs_str_t value, rs_command_t *command) { return keep(value, &command->owner); }
static const char *read_tenant(rs_str_t value, rs_command_t *command) { return keep(value, &command->tenant); }
static const char *read_rule(rs_str_t value, rs_command_t *command) { return keep(value, &command->rule); }
static const char *read_key(rs_str_t value, rs_command_t *command) { return keep(value, &command->key); }

/* --- fields --------------------------------------------------------------------------------------------------------- */
#define ACT(name) (1u << RS_COMMAND_##name)
enum { ALL = ~0u >> 1, OF_EPISODE = ALL & ~(ACT(SILENCE) | ACT(UNSILENCE)) };

typedef struct field {
    const char *name;
    unsigned acts;           /* that it means something to */
    const char *(*read)(rs_str_t value, rs_command_t *command);
} field_t;

static const field_t fields[] = {
    {"episode", OF_EPISODE, read_episode},
    {"who", ALL, read_who},
    {"text", ALL, read_text},
    {"until", ACT(ACKNOWLEDGE) | ACT(SILENCE), read_until},
    {"sticky", ACT(ACKNOWLEDGE), read_sticky},
    {"owner", ACT(ACTION), read_owner},
    {"due", ACT(ACTION), read_due},
    {"tenant", ACT(SILENCE), read_tenant},
    {"rule", ACT(SILENCE), read_rule},
    {"key", ACT(SILENCE), read_key},
    {"channel", ACT(SILENCE), read_channel},
    {"silence", ACT(UNSILENCE), read_silence},
};
_Static_assert(RS_ARRAY_LEN(fields) + 4 <= RS_COMMAND_FRAMES, "every field may be said at once");

static const field_t *find_field(rs_str_t name) {
    for (size_t i = 0; i < RS_ARRAY_LEN(fields); i++)
        if (rs_str_equal(name, rs_str(fields[i].name))) return &fields[i];
    return NULL;
}

static int read_field(rs_str_t frame, unsigned *seen, rs_command_t *command, rs_command_wrong_t *wrong) {
    const char *equals = frame.len == 0 ? NULL : memchr(frame.data, '=', frame.len);
    if (equals == NULL) return fail(wrong, "bad_frame", "", "a frame after the command is no field=value");
    const rs_str_t name = {frame.data, (uint32_t)(equals - frame.data)};
    const rs_str_t value = {equals + 1, frame.len - name.len - 1};
    const field_t *field = find_field(name);
    if (field == NULL)
        return fail(wrong, "unknown_field", "",
                    "no such field; there are episode, who, text, until, sticky, owner, due, tenant, rule, key, channel, silence");
    const unsigned bit = 1u << (field - fields);
    if ((field->acts & (1u << command->what)) == 0)
        return fail(wrong, "unknown_field", field->name, "means nothing to %s", rs_command_name(command->what));
    if ((*seen & bit) != 0) return fail(wrong, "bad_value", field->name, "is there twice");
    *seen |= bit;
    if (value.len == 0) return RS_OK;
    const char *why = field->read(value, command);
    return why == NULL ? RS_OK : fail(wrong, "bad_value", field->name, "%s", why);
}

/* "field: what is wrong" in two. */
static int refuse(rs_command_wrong_t *wrong, const rs_command_t *command, const char *sentence) {
    const size_t length = strcspn(sentence, ":");
    const char *text = sentence[length] == ':' ? sentence + length + 2 : sentence;
    char field[32];
    snprintf(field, sizeof field, "%.*s", (int)length, sentence);
    if (command->what == RS_COMMAND_UNSILENCE && strcmp(field, "episode") == 0) strcpy(field, "silence");
    return fail(wrong, strncmp(text, "missing", 7) == 0 ? "missing_field" : "bad_value", field, "%s", text);
}

static int read_command(const rs_str_t *frames, uint32_t count, rs_command_t *command, rs_command_wrong_t *wrong) {
    unsigned seen = 0;
    command->what = (uint8_t)rs_command_find(frames[0]);
    if (command->what == RS_COMMAND_NONE)
        return fail(wrong, "unknown_command", "", "there are ack, unack, note, cause, action, resolve, review, silence, unsilence");
    for (uint32_t i = 1; i < count; i++) {
        const int status = read_field(frames[i], &seen, command, wrong);
        if (status != RS_OK) return status;
    }
    const char *sentence = rs_command_check(command);
    return sentence == NULL ? RS_OK : refuse(wrong, command, sentence);
}

/* --- the message ---------------------------------------------------------------------------------------------------- */
static bool is_id(rs_str_t text) {
    if (text.len > RS_COMMAND_ID) return false;
    for (uint32_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x21 || text.data[i] > 0x7E) return false;
    return true;
}

int rs_command_request_read(const rs_str_t *frames, uint32_t count, int64_t now_us, rs_command_request_t *request,
                            rs_command_wrong_t *wrong) {
    *request = (rs_command_request_t){.command = {.at_us = now_us}};
    if (count == 0 || !rs_str_equal(frames[0], RS_STR("RS1"))) return fail(wrong, "bad_version", "", "the first frame must be RS1");
    if (count < 3 || !is_id(frames[2]))
        return fail(wrong, "bad_frame", "", "the third frame must be an id of at most 64 printable characters");
    request->id = frames[2];
    if (count > RS_COMMAND_FRAMES) return fail(wrong, "bad_frame", "", "more frames than there are fields");
    if (rs_str_equal(frames[1], RS_STR("SILENCES"))) {
        request->asks_silences = true;
        return count == 3 ? RS_OK : fail(wrong, "bad_frame", "", "SILENCES takes nothing but an id");
    }
    if (!rs_str_equal(frames[1], RS_STR("SAY"))) return fail(wrong, "bad_frame", "", "the second frame must be SAY or SILENCES");
    if (count < 4) return fail(wrong, "bad_frame", "", "the fourth frame must be a command");
    return read_command(frames + 3, count - 3, &request->command, wrong);
}
