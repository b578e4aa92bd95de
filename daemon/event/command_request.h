/* event/command_request.h — what a person's program says at the door of commands, as frames (proto/COMMANDS.md). The one place that reads
 * them.
 *
 *   [RS1, SAY, id, act, field=value, …]    a command of event/command.h; id comes back with the answer
 *   [RS1, SILENCES, id]                    which silences are there?
 * Fields: episode (as everywhere else: "5-17"), who, text, until, owner, due, sticky (true, false), tenant, rule, key, channel, silence.
 * A field that means nothing to the act is refused, like one that comes twice: who writes it is mistaken about what will happen.
 * Pure. Bounds: RS_COMMAND_FRAMES frames, each no longer than its place; nothing is copied. */
#ifndef RS_EVENT_COMMAND_REQUEST_H
#define RS_EVENT_COMMAND_REQUEST_H

#include "event/command.h"

enum { RS_COMMAND_FRAMES = 16, RS_COMMAND_ID = 64, RS_COMMAND_WHY = 160 };

typedef struct rs_command_request {
    rs_str_t id;             /* borrowed, 0 .. RS_COMMAND_ID printable ASCII; also when the rest is refused, as far as it was there */
    bool asks_silences;      /* else it is a command */
    rs_command_t command;    /* checked by rs_command_check; at_us is now_us; strings borrow from the frames */
} rs_command_request_t;

/* Why it is refused, as three frames of the answer. */
typedef struct rs_command_wrong {
    const char *reason;      /* static: bad_version bad_frame unknown_command unknown_field missing_field bad_value */
    char field[32];          /* "" when it is no field's fault */
    char text[RS_COMMAND_WHY];
} rs_command_wrong_t;

/* `frames` without the routing id. RS_OK, or RS_ERR_INVALID and *wrong. *request is always filled in as far as it goes. */
RS_MUST_CHECK int rs_command_request_read(const rs_str_t *frames, uint32_t count, int64_t now_us, rs_command_request_t *request,
                                          rs_command_wrong_t *wrong);
/* "5-17", of two decimal numbers below 2^32 without leading zeros. */
RS_MUST_CHECK int rs_command_parse_episode(rs_str_t text, uint64_t *episode);

#endif
