/* ingest/frames.h — what a producer's frames say. Pure: no socket, no state; proto/PROTOCOL.md is the specification. */
#ifndef RS_INGEST_FRAMES_H
#define RS_INGEST_FRAMES_H

#include "ingest/ingest.h"

#define RS_FRAMES_VERSION "RS1"

typedef enum rs_frames_command { RS_FRAMES_HELLO = 1, RS_FRAMES_BATCH, RS_FRAMES_PING } rs_frames_command_t;

typedef struct rs_frames_request {
    rs_frames_command_t command;
    rs_str_t source, incarnation;   /* HELLO: 1..64 and 0..64 bytes, UTF-8 without control characters */
    rs_encoding_t encoding;         /* HELLO */
    uint64_t first_number;          /* BATCH: 1 .. 2^63; HELLO: the same, or 0: not said */
    rs_str_t payload;               /* BATCH: not empty */
} rs_frames_request_t;

/* Reads the frames of one message, without the routing id. Strings of *request are borrowed from the frames.
 * RS_INGEST_ERROR_NONE, or what to answer with; then *detail says more in words (static storage) and *request is
 * unspecified. */
rs_ingest_error_t rs_frames_parse(const rs_str_t *frames, uint32_t count, rs_frames_request_t *request,
                                  const char **detail);

#endif
