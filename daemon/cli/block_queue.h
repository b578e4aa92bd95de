/* cli/block_queue.h — blocks of event records on their way from the thread that reads to the thread that applies.
 *
 * Model:     a few blocks go round: empty -> filled by the reader -> full, in order -> read -> empty.
 * Threads:   two, the reader and the applier; every call may wait for the other one. A mutex guards the lists; a block
 *            belongs to whoever took it.
 */
#ifndef RS_CLI_BLOCK_QUEUE_H
#define RS_CLI_BLOCK_QUEUE_H

#include "event/event.h"

enum { RS_BLOCK_ITEMS = 4096, RS_BLOCK_BYTES = 1 << 20 };

typedef struct rs_block_item { int64_t occurred_us; uint32_t at, len; } rs_block_item_t;   /* a record in `bytes` */
typedef struct rs_event_block {
    struct rs_event_block *next;
    uint32_t count, used;
    rs_block_item_t items[RS_BLOCK_ITEMS];
    unsigned char bytes[RS_BLOCK_BYTES];
} rs_event_block_t;

typedef struct rs_block_queue rs_block_queue_t;
/* `blocks` >= 2. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_block_queue_create(uint32_t blocks, rs_block_queue_t **queue);
void rs_block_queue_destroy(rs_block_queue_t **queue);

/* Reader: an empty block. */
rs_event_block_t *rs_block_queue_empty(rs_block_queue_t *queue);
/* Reader: hands a filled block over. */
void rs_block_queue_put(rs_block_queue_t *queue, rs_event_block_t *block);
/* Reader: no more will come. */
void rs_block_queue_end(rs_block_queue_t *queue);
/* Applier: the next full block, NULL at the end. */
rs_event_block_t *rs_block_queue_take(rs_block_queue_t *queue);
/* Applier: the block is read. */
void rs_block_queue_give_back(rs_block_queue_t *queue, rs_event_block_t *block);

/* True when a record of any length still fits. */
static inline bool rs_block_has_room(const rs_event_block_t *block) {
    return block->count < RS_BLOCK_ITEMS && block->used + RS_RECORD_MAX <= RS_BLOCK_BYTES;
}

#endif
