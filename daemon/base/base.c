#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

const char *rs_status_text(int status) {
    switch (status) {
#define RS_STATUS_CASE(name, value, text) case value: return text;
        RS_STATUSES(RS_STATUS_CASE)
#undef RS_STATUS_CASE
        default: return "unknown status";
    }
}

#define RS_X(name, text) text,
static const char *const type_names[] = {"", RS_EVENT_TYPES(RS_X)};
static const char *const channel_names[] = {"", RS_CHANNELS(RS_X)};
static const char *const direction_names[] = {"", RS_DIRECTIONS(RS_X)};
#undef RS_X

const char *rs_event_type_name(unsigned type) { return type < RS_ARRAY_LEN(type_names) ? type_names[type] : ""; }
const char *rs_channel_name(unsigned channel) { return channel < RS_ARRAY_LEN(channel_names) ? channel_names[channel] : ""; }
const char *rs_direction_name(unsigned direction) {
    return direction < RS_ARRAY_LEN(direction_names) ? direction_names[direction] : "";
}

void rs_require_failed(const char *expression, const char *file, int line) {
    fprintf(stderr, "ringside: broken invariant: %s (%s:%d)\n", expression, file, line);
    abort();
}
