/* What strangers and daemons say, as frames: a byte of length before each frame. Whatever is taken must be within bounds, and
 * what is written must be read back. */
#include "client/client_internal.h"
#include "client/follow_internal.h"
#include "ingest/frames.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { MAX_FRAMES = 12 };

static void require(bool condition) {
    if (!condition) abort();
}

static bool is_inside(rs_str_t part, const uint8_t *bytes, size_t len) {
    const uintptr_t begin = (uintptr_t)bytes, at = (uintptr_t)part.data;
    return part.len == 0 || (at >= begin && at + part.len <= begin + len);
}

static uint32_t split(const uint8_t *bytes, size_t len, rs_str_t frames[MAX_FRAMES]) {
    uint32_t count = 0;
    size_t at = 0;
    while (at < len && count < MAX_FRAMES) {
        size_t size = bytes[at++];
        if (size > len - at) size = len - at;
        frames[count++] = (rs_str_t){.data = (const char *)bytes + at, .len = (uint32_t)size};
        at += size;
    }
    return count;
}

static void check_request(const rs_str_t *frames, uint32_t count, const uint8_t *bytes, size_t len) {
    rs_frames_request_t request = {0};
    const char *detail = NULL;
    const rs_ingest_error_t error = rs_frames_parse(frames, count, &request, &detail);
    require(error < RS_INGEST_ERROR_COUNT);
    if (error != RS_INGEST_ERROR_NONE) {
        require(detail != NULL && detail[0] != '\0' && rs_ingest_error_name(error)[0] != '\0');
        return;
    }
    require(count <= RS_INGEST_MAX_FRAMES);
    switch (request.command) {
        case RS_FRAMES_HELLO:
            require(request.source.len >= 1 && request.source.len <= RS_MAX_NAME && request.incarnation.len <= RS_MAX_NAME);
            require(is_inside(request.source, bytes, len) && is_inside(request.incarnation, bytes, len));
            require(memchr(request.source.data, '\0', request.source.len) == NULL);
            require(request.encoding == RS_ENCODING_JSON || request.encoding == RS_ENCODING_PROTOBUF);
            break;
        case RS_FRAMES_BATCH:
            require(request.first_number >= 1 && request.first_number <= UINT64_C(1) << 63);
            require(request.payload.len > 0 && is_inside(request.payload, bytes, len));
            break;
        case RS_FRAMES_PING: break;
        default: abort();
    }
}

static void check_answer(const rs_str_t *frames, uint32_t count, const uint8_t *bytes, size_t len) {
    const rs__answer_t answer = rs__answer_parse(frames, count);
    require(answer.kind <= RS__ANSWER_PONG);
    require(is_inside(answer.reason, bytes, len) && is_inside(answer.field, bytes, len));
    require(is_inside(answer.code, bytes, len) && is_inside(answer.text, bytes, len));
}

static void check_header(rs_str_t frame) {
    rs__feed_header_t header, again;
    if (!rs__feed_header_parse(frame, &header)) return;
    char text[128];
    const int len = snprintf(text, sizeof text, "RS1 %llu %llu %llu %llu", (unsigned long long)header.run,
                             (unsigned long long)header.feed, (unsigned long long)header.stream,
                             (unsigned long long)header.topic);
    require(rs__feed_header_parse((rs_str_t){.data = text, .len = (uint32_t)len}, &again));
    require(memcmp(&header, &again, sizeof header) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    rs_str_t frames[MAX_FRAMES];
    const uint32_t count = split(bytes, len, frames);
    check_request(frames, count, bytes, len);
    check_answer(frames, count, bytes, len);
    for (uint32_t i = 0; i < count; i++) check_header(frames[i]);
    return 0;
}
