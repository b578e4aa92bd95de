/* config/arena.h — memory that is given piece by piece and taken back at once. Room-private.
 *
 * Memory:  everything given lives until rs__config_arena_destroy. Sizes come from a file of at most 1 MiB, so the sum
 *          is bounded.
 * Threads: none; one arena belongs to one load. */
#ifndef RS_CONFIG_ARENA_H
#define RS_CONFIG_ARENA_H

#include "base/base.h"

typedef struct rs__config_arena rs__config_arena_t;

RS_MUST_CHECK int rs__config_arena_create(rs__config_arena_t **arena);
void rs__config_arena_destroy(rs__config_arena_t **arena);
/* `size` zeroed bytes, aligned for every type; NULL when there is no memory. */
void *rs__config_arena_take(rs__config_arena_t *arena, size_t size);
/* A copy of `text`, followed by a NUL that is not counted. RS_ERR_MEMORY: *copy is untouched. */
RS_MUST_CHECK int rs__config_arena_copy(rs__config_arena_t *arena, rs_str_t text, rs_str_t *copy);

/* Growing arrays: room for one element more behind `count` elements of `size` bytes; *array may move (the old place
 * stays valid, unused). Elements added are zero. */
RS_MUST_CHECK int rs__config_arena_grow(rs__config_arena_t *arena, void **array, uint32_t count, size_t size);

#endif
