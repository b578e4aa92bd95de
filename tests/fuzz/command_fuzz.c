/* What strangers say at the door of commands: a byte of length before each frame. What is taken is a command that can be written as a
 * record and read back; what is not is named. */
#include "event/command_request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { MAX_FRAMES = 24 };

static void require(bool condition) {
    if (!condition) abort();
}

static uint32_t split(const uint8_t *bytes, size_t len, rs_str_t frames[MAX_FRAMES]) {
    uint32_t count = 0;
    for (size_t at = 0; at < len && count < MAX_FRAMES;) {
        size_t size = bytes[at++];
        if (size > len - at) size = len - at;
        frames[count++] = (rs_str_t){.data = (const char *)bytes + at, .len = (uint32_t)size};
        at += size;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    rs_str_t frames[MAX_FRAMES];
    rs_command_request_t request;
    rs_command_wrong_t wrong = {0};
    const uint32_t count = split(bytes, len, frames);
    const int status = rs_command_request_read(frames, count, INT64_C(1772442000000000), &request, &wrong);
    require(request.id.len <= RS_COMMAND_ID);
    if (status != RS_OK) {
        require(status == RS_ERR_INVALID && wrong.reason != NULL && wrong.reason[0] != '\0' && wrong.text[0] != '\0');
        require(memchr(wrong.field, '\0', sizeof wrong.field) != NULL && memchr(wrong.text, '\0', sizeof wrong.text) != NULL);
        return 0;
    }
    if (request.asks_silences) return 0;
    uint8_t record[RS_RECORD_MAX], again[RS_RECORD_MAX];
    rs_command_t command;
    rs_origin_t origin = {0};
    const size_t size = rs_record_write_command(&request.command, (rs_origin_t){.number = 7}, record);
    require(size <= sizeof record && rs_record_read_command(record, size, &command, &origin) == RS_OK);
    require(rs_record_write_command(&command, origin, again) == size && memcmp(record, again, size) == 0);
    return 0;
}
