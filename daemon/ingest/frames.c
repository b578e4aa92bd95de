#include "ingest/frames.h"

#include "base/decimal.h"

#define RS_X(NAME, name, text) name,
static const char *const error_names[] = {RS_INGEST_ERRORS(RS_X)};
#undef RS_X
#define RS_X(NAME, name, text) text,
static const char *const error_texts[] = {RS_INGEST_ERRORS(RS_X)};
#undef RS_X

const char *rs_ingest_error_name(unsigned error) { return error < RS_ARRAY_LEN(error_names) ? error_names[error] : ""; }
const char *rs_ingest_error_text(unsigned error) { return error < RS_ARRAY_LEN(error_texts) ? error_texts[error] : ""; }

/* Length of the well-formed UTF-8 character at `at`, 0 when it is none: no overlong forms, no surrogates. */
static uint32_t utf8_length(const unsigned char *at, uint32_t left) {
    if (at[0] < 0x80) return 1;
    if (at[0] < 0xC2 || at[0] > 0xF4) return 0;
    const uint32_t length = at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (length > left) return 0;
    for (uint32_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) return 0;
    }
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F)) return 0;
    if ((at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F)) return 0;
    return length;
}

/* Names go into logs and tables: text only. */
static bool is_name(rs_str_t name) {
    if (name.len > RS_MAX_NAME) return false;
    for (uint32_t i = 0; i < name.len;) {
        const unsigned char *at = (const unsigned char *)name.data + i;
        const uint32_t length = utf8_length(at, name.len - i);
        if (length == 0 || at[0] < 0x20 || at[0] == 0x7F) return false;
        i += length;
    }
    return true;
}

static rs_ingest_error_t bad_frame(const char *why, const char **detail) {
    *detail = why;
    return RS_INGEST_ERROR_BAD_FRAME;
}

/* Numbers stay below 2^63 + the events of a batch, so that no sum of them wraps. */
static bool parse_number(rs_str_t frame, uint64_t *number) {
    return rs_decimal_parse(frame, number) && *number != 0 && *number <= (UINT64_C(1) << 63);
}

static rs_ingest_error_t parse_hello(const rs_str_t *frames, uint32_t count, rs_frames_request_t *request,
                                     const char **detail) {
    if (count != 5 && count != 6) {
        return bad_frame("HELLO has 5 or 6 frames: RS1, HELLO, source, incarnation, encoding, next_number", detail);
    }
    if (frames[2].len == 0 || !is_name(frames[2])) return bad_frame("source must be 1 to 64 bytes of text", detail);
    if (!is_name(frames[3])) return bad_frame("incarnation must be at most 64 bytes of text", detail);
    request->first_number = 0;
    if (count == 6 && !parse_number(frames[5], &request->first_number)) {
        return bad_frame("next_number must be decimal digits, 1 to 9223372036854775808", detail);
    }
    request->command = RS_FRAMES_HELLO;
    request->source = frames[2];
    request->incarnation = frames[3];
    if (rs_str_equal(frames[4], RS_STR("json"))) {
        request->encoding = RS_ENCODING_JSON;
    } else if (rs_str_equal(frames[4], RS_STR("protobuf"))) {
        request->encoding = RS_ENCODING_PROTOBUF;
    } else {
        *detail = "json, protobuf";
        return RS_INGEST_ERROR_BAD_ENCODING;
    }
    return RS_INGEST_ERROR_NONE;
}

static rs_ingest_error_t parse_batch(const rs_str_t *frames, uint32_t count, rs_frames_request_t *request,
                                     const char **detail) {
    if (count != 4) return bad_frame("BATCH has 4 frames: RS1, BATCH, first_number, payload", detail);
    if (!parse_number(frames[2], &request->first_number)) {
        return bad_frame("first_number must be decimal digits, 1 to 9223372036854775808", detail);
    }
    if (frames[3].len == 0) return bad_frame("the payload is empty", detail);
    request->command = RS_FRAMES_BATCH;
    request->payload = frames[3];
    return RS_INGEST_ERROR_NONE;
}

rs_ingest_error_t rs_frames_parse(const rs_str_t *frames, uint32_t count, rs_frames_request_t *request,
                                  const char **detail) {
    if (count == 0) return bad_frame("no frames", detail);
    if (count > RS_INGEST_MAX_FRAMES) return bad_frame("too many frames", detail);
    if (frames[0].len == 0) return bad_frame("a leading empty frame: REQ sockets are not supported, use DEALER", detail);
    if (!rs_str_equal(frames[0], RS_STR(RS_FRAMES_VERSION))) {
        const bool other_version = frames[0].len >= 3 && frames[0].len <= 8 && memcmp(frames[0].data, "RS", 2) == 0;
        *detail = other_version ? RS_FRAMES_VERSION : "the first frame must be RS1";
        return other_version ? RS_INGEST_ERROR_BAD_VERSION : RS_INGEST_ERROR_BAD_FRAME;
    }
    if (count < 2) return bad_frame("a command is missing after RS1", detail);
    if (rs_str_equal(frames[1], RS_STR("HELLO"))) return parse_hello(frames, count, request, detail);
    if (rs_str_equal(frames[1], RS_STR("BATCH"))) return parse_batch(frames, count, request, detail);
    if (rs_str_equal(frames[1], RS_STR("PING"))) {
        if (count != 2) return bad_frame("PING has 2 frames: RS1, PING", detail);
        request->command = RS_FRAMES_PING;
        return RS_INGEST_ERROR_NONE;
    }
    return bad_frame("the command must be HELLO, BATCH or PING", detail);
}
