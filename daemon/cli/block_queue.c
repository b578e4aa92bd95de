#include "cli/block_queue.h"

#include <pthread.h>
#include <stdlib.h>

struct rs_block_queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    rs_event_block_t *empty, *first_full, *last_full;
    bool has_ended;
};

int rs_block_queue_create(uint32_t blocks, rs_block_queue_t **queue_out) {
    rs_block_queue_t *queue = calloc(1, sizeof *queue);
    if (queue == NULL) return RS_ERR_MEMORY;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
    for (uint32_t i = 0; i < blocks; i++) {
        rs_event_block_t *block = malloc(sizeof *block);
        if (block == NULL) {
            rs_block_queue_destroy(&queue);
            return RS_ERR_MEMORY;
        }
        block->next = queue->empty;
        queue->empty = block;
    }
    *queue_out = queue;
    return RS_OK;
}

static void free_blocks(rs_event_block_t *block) {
    while (block != NULL) {
        rs_event_block_t *next = block->next;
        free(block);
        block = next;
    }
}

void rs_block_queue_destroy(rs_block_queue_t **queue_ref) {
    rs_block_queue_t *queue = *queue_ref;
    if (queue == NULL) return;
    free_blocks(queue->empty);
    free_blocks(queue->first_full);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
    *queue_ref = NULL;
}

rs_event_block_t *rs_block_queue_empty(rs_block_queue_t *queue) {
    pthread_mutex_lock(&queue->mutex);
    while (queue->empty == NULL) pthread_cond_wait(&queue->changed, &queue->mutex);
    rs_event_block_t *block = queue->empty;
    queue->empty = block->next;
    pthread_mutex_unlock(&queue->mutex);
    block->count = block->used = 0;
    return block;
}

void rs_block_queue_put(rs_block_queue_t *queue, rs_event_block_t *block) {
    block->next = NULL;
    pthread_mutex_lock(&queue->mutex);
    if (queue->last_full != NULL) queue->last_full->next = block;
    else queue->first_full = block;
    queue->last_full = block;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
}

void rs_block_queue_end(rs_block_queue_t *queue) {
    pthread_mutex_lock(&queue->mutex);
    queue->has_ended = true;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
}

rs_event_block_t *rs_block_queue_take(rs_block_queue_t *queue) {
    pthread_mutex_lock(&queue->mutex);
    while (queue->first_full == NULL && !queue->has_ended) pthread_cond_wait(&queue->changed, &queue->mutex);
    rs_event_block_t *block = queue->first_full;
    if (block != NULL) queue->first_full = block->next;
    if (queue->first_full == NULL) queue->last_full = NULL;
    pthread_mutex_unlock(&queue->mutex);
    return block;
}

void rs_block_queue_give_back(rs_block_queue_t *queue, rs_event_block_t *block) {
    pthread_mutex_lock(&queue->mutex);
    block->next = queue->empty;
    queue->empty = block;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
}
