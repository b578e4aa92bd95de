/* config/document.h — a YAML file as a small tree in which every key and every value knows its line and column.
 * Room-private.
 *
 * Model:   the grammar is libyaml's (its event stream: the document API forgets where an anchor stood). What it allows
 *          and a configuration does not need is refused here: anchors, aliases, tags, several documents, keys that are
 *          not plain text, the same key twice, more than 12 levels, more than 1 MiB.
 * Paths:   "time.lateness", `queues."sales.eu".threshold`: components joined by dots, one that holds a dot, a quote or
 *          a space in double quotes (\" and \\ inside). A component also finds the item of a list whose `name` it is.
 * Memory:  nodes and their texts belong to the arena that was given. */
#ifndef RS_CONFIG_DOCUMENT_H
#define RS_CONFIG_DOCUMENT_H

#include "config/arena.h"
#include "config/config.h"

enum { RS_DOCUMENT_MAX_BYTES = 1024 * 1024, RS_DOCUMENT_MAX_DEPTH = 12, RS_PATH_MAX_PARTS = 8 };

typedef enum rs_node_kind { RS_NODE_EMPTY = 0, RS_NODE_TEXT, RS_NODE_MAP, RS_NODE_LIST } rs_node_kind_t;

typedef struct rs_mark {
    uint32_t line, column;
} rs_mark_t; /* 1-based; 0 for what came from --set */

typedef struct rs_node {
    rs_node_kind_t kind;      /* EMPTY: `key:` with nothing behind it, `~` or `null` */
    rs_mark_t mark, key_mark; /* of the value, of the key in front of it */
    rs_str_t key;             /* within a map */
    rs_str_t text;
    struct rs_node *first, *last, *next; /* children, in the order of the file */
    uint32_t count;
} rs_node_t;

/* The bytes of the file at `path`, at most RS_DOCUMENT_MAX_BYTES. RS_ERR_IO or RS_ERR_LIMIT with error->reason. */
RS_MUST_CHECK int rs__document_read(const char *path, rs__config_arena_t *arena, rs_str_t *bytes,
                                    rs_config_error_t *error);
/* The tree of `bytes`; *root is a MAP, or EMPTY when nothing but comments is there. RS_ERR_PARSE with line, column,
 * reason and allowed in *error; RS_ERR_MEMORY. */
RS_MUST_CHECK int rs__document_parse(rs_str_t bytes, rs__config_arena_t *arena, rs_node_t **root,
                                     rs_config_error_t *error);
/* One "KEY=VALUE": puts VALUE at KEY, making what is missing on the way. VALUE is taken as it stands, but as YAML when
 * it begins with `[` or `{`. RS_ERR_PARSE with key, reason and allowed; RS_ERR_MEMORY. */
RS_MUST_CHECK int rs__document_set(rs_node_t *root, rs_str_t setting, rs__config_arena_t *arena,
                                   rs_config_error_t *error);

/* The child of a map with that key, the item of a list with that `name`; NULL when there is none. Pure. */
rs_node_t *rs__node_child(const rs_node_t *node, rs_str_t name);
/* Cuts a path into its components; each part is taken from the arena when it was quoted, else lies within `path`.
 * RS_ERR_PARSE: not a path. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs__path_cut(rs_str_t path, rs__config_arena_t *arena, rs_str_t parts[RS_PATH_MAX_PARTS],
                               uint32_t *count);
/* Writes `prefix`.`name`, quoting where needed, cut at `size`. Pure. */
void rs__path_join(const char *prefix, rs_str_t name, char *path, size_t size);
/* Whether all of `text` is well-formed UTF-8; else *at is the offset of the first byte that is not. Pure. */
bool rs__text_is_utf8(rs_str_t text, uint32_t *at);

#endif
