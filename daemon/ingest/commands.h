/* ingest/commands.h — the door through which people's commands come in: proto/COMMANDS.md is what their programs see of it.
 *
 * Model:     ROUTER --frames--> rs_command_request_read --> sink (the inlet ring, so the journal) … answer of the core … on disk ──► reply
 *            A command in between has a place in `waiting`; its origin is session 0 and a number of this door.
 *            An answer DONE says that the command is on disk and was applied; REFUSED that nothing was changed, or that the core refused
 *            it. There is no resending: who gets no answer looks at the alert before saying it again.
 * Threads:   everything belongs to the loop's thread. The sink must not call back.
 * Overload:  no place in `waiting`, or a sink that is full or cannot write to disk: REFUSED, busy or unavailable; nobody waits.
 * Bounds:    RS_COMMANDS_WAITING commands under way, RS_COMMANDS_FRAME bytes per frame, 16 frames kept of a message, one reply per message,
 *            dropped when its peer does not read. */
#ifndef RS_INGEST_COMMANDS_H
#define RS_INGEST_COMMANDS_H

#include "config/config.h"
#include "event/command_request.h"

#include <uv.h>

enum { RS_COMMANDS_WAITING = 64, RS_COMMANDS_FRAME = 1024, RS_COMMANDS_SILENCE_TEXT = 4096 };

typedef struct rs_commands_sink {
    void *context;
    /* RS_OK and the position of the record's end, or RS_ERR_FULL: nothing was taken. */
    int (*submit)(void *context, const rs_command_t *command, rs_origin_t origin, uint64_t *position);
    /* The silence at a place as one JSON object; its length, 0: no more. */
    size_t (*silence)(void *context, uint32_t place, char *text, size_t size);
    int64_t (*now_us)(void *context);        /* wall clock */
} rs_commands_sink_t;

typedef struct rs_commands_stats {
    uint64_t messages, taken, done, refused, dropped;   /* dropped: answers whose peer is gone or does not read */
    uint32_t waiting;                                   /* now */
} rs_commands_stats_t;

typedef struct rs_commands_door rs_commands_door_t;
/* Opens config->commands_endpoint. Borrowed and copied, and errors, as rs_ingest_create. */
RS_MUST_CHECK int rs_commands_create(uv_loop_t *loop, void *zmq, const rs_config_t *config, const rs_commands_sink_t *sink,
                                     rs_commands_door_t **door);
/* Nothing more is read; who still waits gets no answer. Accepts NULL and a pointer to NULL. */
void rs_commands_close(rs_commands_door_t **door);
/* What the core said of the command of that origin: as rs_alerts_command. Others are ignored. */
void rs_commands_on_answer(rs_commands_door_t *door, rs_origin_t origin, int status, uint64_t number);
/* Everything up to this position is applied and on disk: the answers that rest on it go out. */
void rs_commands_on_settled(rs_commands_door_t *door, uint64_t position);
const char *rs_commands_endpoint(const rs_commands_door_t *door);
void rs_commands_stats(const rs_commands_door_t *door, rs_commands_stats_t *stats);

#endif
