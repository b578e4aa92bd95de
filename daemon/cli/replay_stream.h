/* cli/replay_stream.h — events applied while others are still read, as long as they come nearly in order.
 *
 * Model:     blocks of records in the order of reading. The last few hundred events are held back and put into total order with
 *            what follows; the others are applied. When one comes that belongs before what was applied already, the stream says so
 *            and is of no more use: the caller throws its core away and applies everything from the sorter. So the figures are
 *            exact either way; order only makes it faster.
 * Threads:   one.
 */
#ifndef RS_CLI_REPLAY_STREAM_H
#define RS_CLI_REPLAY_STREAM_H

#include "cli/block_queue.h"
#include "core/core.h"

enum { RS_STREAM_HELD_BACK = 512 };

typedef struct rs_stream rs_stream_t;
/* `core` is borrowed. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_stream_create(rs_core_t *core, rs_stream_t **stream);
void rs_stream_destroy(rs_stream_t **stream);
/* The block may be used for something else afterwards. False: disorder. */
RS_MUST_CHECK bool rs_stream_block(rs_stream_t *stream, const rs_event_block_t *block);
/* Applies what was held back. */
void rs_stream_finish(rs_stream_t *stream);

#endif
