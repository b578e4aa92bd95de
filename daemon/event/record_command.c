/* What people say about alerts, as a record; command.h has the layout. */
#include "event/command.h"

#include "event/event_internal.h"
#include "event/record_internal.h"

enum { HEAD = 64, NAMES = 5 };
_Static_assert(HEAD + NAMES * RS_MAX_NAME + RS_COMMAND_TEXT <= RS_RECORD_MAX, "the longest command must fit");

static const char *const names[] = {
#define RS_X(name, text) text,
    RS_COMMANDS(RS_X)
#undef RS_X
};

const char *rs_command_name(unsigned what) { return names[what < RS_COMMAND_COUNT ? what : RS_COMMAND_NONE]; }

rs_command_what_t rs_command_find(rs_str_t name) {
    for (unsigned i = RS_COMMAND_NONE + 1; i < RS_COMMAND_COUNT; i++)
        if (i != RS_COMMAND_ERASE && rs_str_equal(name, rs_str(names[i]))) return (rs_command_what_t)i;
    return RS_COMMAND_NONE;
}

/* --- checking ------------------------------------------------------------------------------------------------------- */
static bool is_text(rs_str_t text, uint32_t most) {
    if (text.len > most || !rs__is_utf8(text.data, text.len)) return false;
    for (uint32_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        if (byte < 0x20 || byte == 0x7F) return false;
    }
    return true;
}

static bool is_time(int64_t us) { return us >= 0 && us < RS_TIME_MAX_US; }

static const char *check_texts(const rs_command_t *command) {
    if (command->who.len == 0) return "who: missing";
    if (!is_text(command->who, RS_MAX_NAME)) return "who: not a name of at most 64 bytes without control characters";
    if (!is_text(command->owner, RS_MAX_NAME)) return "owner: not a name of at most 64 bytes without control characters";
    if (!is_text(command->tenant, RS_MAX_NAME)) return "tenant: longer than 64 bytes or not text";
    if (!is_text(command->rule, RS_MAX_NAME)) return "rule: longer than 64 bytes or not text";
    if (!is_text(command->key, RS_MAX_NAME)) return "key: longer than 64 bytes or not text";
    if (!is_text(command->text, RS_COMMAND_TEXT)) return "text: not text of at most 512 bytes without control characters";
    return NULL;
}

static bool is_stand_in(rs_str_t text) {
    const rs_str_t begin = RS_STR(RS_STAND_IN_BEGIN);
    if (text.len != RS_STAND_IN_LEN || memcmp(text.data, begin.data, begin.len) != 0) return false;
    for (uint32_t i = begin.len; i < text.len; i++)
        if (memchr("0123456789abcdef", text.data[i], 16) == NULL) return false;
    return true;
}

static const char *check_erase_agent(const rs_command_t *command) {
    if (command->key.len == 0) return "key: no agent";
    if (!is_stand_in(command->rule)) return "rule: not a stand-in for an agent";
    return rs_str_equal(command->key, command->rule) ? "rule: the stand-in is the agent's name itself" : NULL;
}

/* The episode and the rest of an alert's are not an erasure's. A customer is named by pseudonym only. */
static const char *check_erase(const rs_command_t *command) {
    uint8_t bytes[2][RS_PSEUDONYM_BYTES];
    if (command->tenant.len == 0) return "tenant: missing";
    if (rs_str_equal(command->owner, RS_STR("agent"))) return check_erase_agent(command);
    if (!rs_str_equal(command->owner, RS_STR("customer"))) return "owner: erase is of a customer or an agent";
    if (!rs_pseudonym_parse(command->key, bytes[0])) return "key: not a pseudonym of 32 hexadecimal digits";
    if (!rs_pseudonym_parse(command->rule, bytes[1])) return "rule: not a stand-in of 32 hexadecimal digits";
    if (memcmp(bytes[0], bytes[1], RS_PSEUDONYM_BYTES) == 0) return "rule: the stand-in is the pseudonym itself";
    return NULL;
}

const char *rs_command_check(const rs_command_t *command) {
    const unsigned what = command->what;
    if (what == RS_COMMAND_NONE || what >= RS_COMMAND_COUNT) return "command: unknown";
    if (!is_time(command->at_us)) return "at: not a time";
    if (!is_time(command->until_us)) return "until: not a time";
    if (!is_time(command->due_us)) return "due: not a time";
    if (command->channel >= RS_CHANNEL_COUNT) return "channel: unknown";
    if (command->until_us != 0 && command->until_us <= command->at_us) return "until: has passed";
    const char *wrong = check_texts(command);
    if (wrong != NULL) return wrong;
    const bool may_be_silent = what == RS_COMMAND_RESOLVE || what == RS_COMMAND_UNACKNOWLEDGE || what == RS_COMMAND_UNSILENCE;
    if (command->text.len == 0 && !may_be_silent) return "text: missing; say why";
    if (what == RS_COMMAND_ERASE) return check_erase(command);
    if (what == RS_COMMAND_SILENCE && command->until_us == 0) return "until: missing; a silence must end";
    if (what != RS_COMMAND_SILENCE && command->episode == 0) return "episode: missing";
    return NULL;
}

/* --- bytes ---------------------------------------------------------------------------------------------------------- */
static void gather(rs_command_t *command, rs_str_t *strings[NAMES]) {
    strings[0] = &command->who;
    strings[1] = &command->owner;
    strings[2] = &command->tenant;
    strings[3] = &command->rule;
    strings[4] = &command->key;
}

static uint8_t *put_string(uint8_t *at, rs_str_t text) {
    if (text.len != 0) memcpy(at, text.data, text.len);
    return at + text.len;
}

size_t rs_record_write_command(const rs_command_t *command, rs_origin_t origin, void *bytes) {
    rs_command_t copy = *command;
    rs_str_t *strings[NAMES];
    uint8_t *head = bytes, *at = head + HEAD;
    RS_REQUIRE(rs_command_check(command) == NULL);
    memset(head, 0, HEAD);
    gather(&copy, strings);
    for (unsigned i = 0; i < NAMES; i++) {
        head[52 + i] = (uint8_t)strings[i]->len;
        at = put_string(at, *strings[i]);
    }
    at = put_string(at, command->text);
    head[0] = RS_RECORD_COMMAND;
    head[1] = RS__RECORD_VERSION;
    put16(head + 2, (uint16_t)(at - head));
    put32(head + 4, origin.session);
    put64(head + 8, origin.number);
    put64(head + 16, (uint64_t)command->at_us);
    put64(head + 24, command->episode);
    put64(head + 32, (uint64_t)command->until_us);
    put64(head + 40, (uint64_t)command->due_us);
    head[48] = command->what;
    head[49] = command->sticky;
    head[50] = command->channel;
    put16(head + 58, (uint16_t)command->text.len);
    return (size_t)(at - head);
}

static bool get_strings(const uint8_t *head, size_t len, rs_command_t *command) {
    rs_str_t *strings[NAMES];
    size_t at = HEAD;
    gather(command, strings);
    for (unsigned i = 0; i < NAMES; i++) {
        const uint32_t text_len = head[52 + i];
        if (text_len > len - at) return false;
        *strings[i] = (rs_str_t){(const char *)head + at, text_len};
        at += text_len;
    }
    command->text = (rs_str_t){(const char *)head + at, get16(head + 58)};
    return at + command->text.len == len;
}

int rs_record_read_command(const void *bytes, size_t len, rs_command_t *command, rs_origin_t *origin) {
    const uint8_t *head = bytes;
    if (len < HEAD || len > RS_RECORD_MAX || head[0] != RS_RECORD_COMMAND || head[1] != RS__RECORD_VERSION || get16(head + 2) != len)
        return RS_ERR_PARSE;
    if (head[49] > 1 || head[51] != 0 || head[57] != 0 || get32(head + 60) != 0) return RS_ERR_PARSE;
    *command = (rs_command_t){.what = head[48], .sticky = head[49] == 1, .channel = head[50], .at_us = (int64_t)get64(head + 16),
                              .episode = get64(head + 24), .until_us = (int64_t)get64(head + 32), .due_us = (int64_t)get64(head + 40)};
    *origin = (rs_origin_t){.session = get32(head + 4), .number = get64(head + 8)};
    return get_strings(head, len, command) && rs_command_check(command) == NULL ? RS_OK : RS_ERR_PARSE;
}
