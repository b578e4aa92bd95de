#include "config/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <yaml.h>

/* --- bytes -------------------------------------------------------------------------------------------------------- */
static int read_all(int file, char *bytes, size_t room, size_t *length) {
    *length = 0;
    while (*length < room) {
        const ssize_t count = read(file, bytes + *length, room - *length);
        if (count == 0) break;
        if (count > 0)
            *length += (size_t)count;
        else if (errno != EINTR)
            return RS_ERR_IO;
    }
    return RS_OK;
}

int rs__document_read(const char *path, rs__config_arena_t *arena, rs_str_t *bytes, rs_config_error_t *error) {
    const size_t room = RS_DOCUMENT_MAX_BYTES + 1; /* one more than allowed shows that there is more */
    char *buffer = rs__config_arena_take(arena, room);
    if (buffer == NULL) return RS_ERR_MEMORY;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    const int status = file < 0 ? RS_ERR_IO : read_all(file, buffer, room, &length);
    const int why = errno;
    if (file >= 0) close(file);
    if (status != RS_OK) {
        snprintf(error->reason, sizeof(error->reason), "cannot be read: %s", strerror(why));
        snprintf(error->allowed, sizeof(error->allowed), "a file that this user may read");
        return status;
    }
    if (length > RS_DOCUMENT_MAX_BYTES) {
        snprintf(error->reason, sizeof(error->reason), "the file is longer than 1 MiB");
        snprintf(error->allowed, sizeof(error->allowed), "a configuration of at most %d bytes", RS_DOCUMENT_MAX_BYTES);
        return RS_ERR_PARSE;
    }
    *bytes = (rs_str_t){.data = buffer, .len = (uint32_t)length};
    return RS_OK;
}

/* How long the sequence that begins with `lead` is, and which second bytes are no overlong form, surrogate or beyond
 * U+10FFFF (Unicode's table 3-7). 0: no sequence begins so. */
static uint32_t sequence_length(unsigned char lead, unsigned char *least, unsigned char *most) {
    *least = 0x80;
    *most = 0xBF;
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (lead == 0xE0) *least = 0xA0;
        if (lead == 0xED) *most = 0x9F;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (lead == 0xF0) *least = 0x90;
        if (lead == 0xF4) *most = 0x8F;
        return 4;
    }
    return 0;
}

bool rs__text_is_utf8(rs_str_t text, uint32_t *at) {
    const unsigned char *bytes = (const unsigned char *)text.data;
    for (uint32_t i = 0; i < text.len;) {
        unsigned char least, most;
        const uint32_t length = sequence_length(bytes[i], &least, &most);
        bool good = length > 0 && length <= text.len - i;
        for (uint32_t k = 1; good && k < length; k++) {
            const unsigned char byte = bytes[i + k];
            good = k == 1 ? byte >= least && byte <= most : (byte & 0xC0) == 0x80;
        }
        if (!good) {
            *at = i;
            return false;
        }
        i += length;
    }
    return true;
}

/* Line and column (in characters, as libyaml counts) of a byte offset. */
static rs_mark_t mark_of_offset(rs_str_t bytes, uint32_t offset) {
    rs_mark_t mark = {.line = 1, .column = 1};
    for (uint32_t i = 0; i < offset && i < bytes.len; i++) {
        if (bytes.data[i] == '\n')
            mark = (rs_mark_t){.line = mark.line + 1, .column = 1};
        else if (((unsigned char)bytes.data[i] & 0xC0) != 0x80)
            mark.column++;
    }
    return mark;
}

/* --- tree --------------------------------------------------------------------------------------------------------- */
typedef struct builder {
    yaml_parser_t parser;
    rs__config_arena_t *arena;
    rs_str_t bytes;
    rs_node_t *open[RS_DOCUMENT_MAX_DEPTH]; /* maps and lists that are not closed yet */
    uint32_t depth;
    rs_node_t *pending; /* a map's key that waits for its value */
    rs_node_t *root;
    uint32_t documents;
    rs_config_error_t *error;
} builder_t;

static rs_mark_t mark_of(yaml_mark_t mark) {
    return (rs_mark_t){.line = (uint32_t)mark.line + 1, .column = (uint32_t)mark.column + 1};
}

static int refuse(rs_config_error_t *error, rs_mark_t mark, const char *reason, const char *allowed) {
    error->line = mark.line;
    error->column = mark.column;
    snprintf(error->reason, sizeof(error->reason), "%s", reason);
    snprintf(error->allowed, sizeof(error->allowed), "%s", allowed);
    return RS_ERR_PARSE;
}

static bool tab_leads_line(rs_str_t bytes, uint32_t line) {
    uint32_t i = 0;
    for (uint32_t seen = 1; i < bytes.len && seen < line; i++) seen += bytes.data[i] == '\n';
    while (i < bytes.len && bytes.data[i] == ' ') i++;
    return i < bytes.len && bytes.data[i] == '\t';
}

static const char star_in_quotes[] = "the value itself; a text that begins with * in quotes, such as \"*\"";

static int refuse_grammar(builder_t *builder) {
    const yaml_parser_t *parser = &builder->parser;
    rs_config_error_t *error = builder->error;
    if (parser->error == YAML_MEMORY_ERROR) return RS_ERR_MEMORY;
    if (parser->error == YAML_READER_ERROR) {
        const rs_mark_t mark = mark_of_offset(builder->bytes, (uint32_t)parser->problem_offset);
        return refuse(error, mark, "a control character", "printable text, line feeds, UTF-8");
    }
    const rs_mark_t end = mark_of_offset(builder->bytes, builder->bytes.len);
    rs_mark_t mark = mark_of(parser->problem_mark);
    if (mark.line > end.line) mark = end; /* libyaml ends every line, also one that the file does not */
    if (tab_leads_line(builder->bytes, mark.line))
        return refuse(error, mark, "a tab in front of the line", "indentation by spaces only");
    const bool alias = parser->context != NULL && strstr(parser->context, "alias") != NULL;
    (void)refuse(error, mark, "", alias ? star_in_quotes : "YAML: `key: value`, indented by spaces");
    snprintf(error->reason, sizeof(error->reason), "%s%s%s", parser->problem == NULL ? "not YAML" : parser->problem,
             parser->context == NULL ? "" : " ", parser->context == NULL ? "" : parser->context);
    return RS_ERR_PARSE;
}

static bool is_null_word(const yaml_event_t *event) {
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
    const char *word = (const char *)event->data.scalar.value;
    return word[0] == '\0' || strcmp(word, "~") == 0 || strcmp(word, "null") == 0;
}

static void append_child(rs_node_t *parent, rs_node_t *child) {
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
    parent->count++;
}

/* Puts the value where it belongs: under the key that waits, into the open list, or as the root. */
static int place(builder_t *builder, rs_node_kind_t kind, rs_mark_t mark, rs_node_t **placed) {
    rs_node_t *node = builder->pending;
    if (node == NULL) {
        node = rs__config_arena_take(builder->arena, sizeof(*node));
        if (node == NULL) return RS_ERR_MEMORY;
        if (builder->depth > 0)
            append_child(builder->open[builder->depth - 1], node);
        else
            builder->root = node;
    }
    builder->pending = NULL;
    node->kind = kind;
    node->mark = mark;
    *placed = node;
    return RS_OK;
}

static bool wants_key(const builder_t *builder) {
    return builder->depth > 0 && builder->open[builder->depth - 1]->kind == RS_NODE_MAP && builder->pending == NULL;
}

static int on_key(builder_t *builder, rs_str_t text, rs_mark_t mark) {
    if (text.len == 0) return refuse(builder->error, mark, "an empty key", "a key from the commented sample");
    rs_node_t *node = rs__config_arena_take(builder->arena, sizeof(*node));
    if (node == NULL) return RS_ERR_MEMORY;
    const int status = rs__config_arena_copy(builder->arena, text, &node->key);
    if (status != RS_OK) return status;
    node->key_mark = node->mark = mark;
    append_child(builder->open[builder->depth - 1], node);
    builder->pending = node;
    return RS_OK;
}

static int on_scalar(builder_t *builder, const yaml_event_t *event) {
    const rs_mark_t mark = mark_of(event->start_mark);
    const rs_str_t text = {.data = (const char *)event->data.scalar.value, .len = (uint32_t)event->data.scalar.length};
    if (event->data.scalar.anchor != NULL)
        return refuse(builder->error, mark, "anchors (&name) are not taken", "the value itself");
    if (event->data.scalar.tag != NULL)
        return refuse(builder->error, mark, "tags (!name) are not taken", "the value itself");
    if (wants_key(builder)) return on_key(builder, text, mark);
    rs_node_t *node;
    const bool empty = is_null_word(event);
    const int status = place(builder, empty ? RS_NODE_EMPTY : RS_NODE_TEXT, mark, &node);
    return status != RS_OK ? status : rs__config_arena_copy(builder->arena, text, &node->text);
}

static int on_open(builder_t *builder, rs_node_kind_t kind, rs_mark_t mark, const void *anchor, const void *tag) {
    if (anchor != NULL) return refuse(builder->error, mark, "anchors (&name) are not taken", "the value itself");
    if (tag != NULL) return refuse(builder->error, mark, "tags (!name) are not taken", "the value itself");
    if (wants_key(builder)) return refuse(builder->error, mark, "a key that is not plain text", "`key: value`");
    if (builder->depth == RS_DOCUMENT_MAX_DEPTH)
        return refuse(builder->error, mark, "nested too deeply", "at most 12 levels");
    rs_node_t *node;
    const int status = place(builder, kind, mark, &node);
    if (status == RS_OK) builder->open[builder->depth++] = node;
    return status;
}

static int compare_keys(const void *left, const void *right) {
    const rs_node_t *a = *(rs_node_t *const *)left, *b = *(rs_node_t *const *)right;
    const int order = rs_str_compare(a->key, b->key);
    if (order != 0) return order;
    if (a->key_mark.line != b->key_mark.line) return a->key_mark.line < b->key_mark.line ? -1 : 1;
    return (a->key_mark.column > b->key_mark.column) - (a->key_mark.column < b->key_mark.column);
}

/* Sorted, not compared pair by pair: a file of 1 MiB can hold 200,000 keys. */
static int refuse_duplicates(builder_t *builder, const rs_node_t *map) {
    if (map->count < 2) return RS_OK;
    rs_node_t **sorted = malloc(map->count * sizeof(rs_node_t *));
    if (sorted == NULL) return RS_ERR_MEMORY;
    uint32_t count = 0;
    for (rs_node_t *child = map->first; child != NULL; child = child->next) sorted[count++] = child;
    qsort(sorted, count, sizeof(rs_node_t *), compare_keys);
    const rs_node_t *twice = NULL;
    for (uint32_t i = 1; i < count; i++) {
        if (!rs_str_equal(sorted[i - 1]->key, sorted[i]->key)) continue;
        if (twice == NULL || sorted[i]->key_mark.line < twice->key_mark.line) twice = sorted[i];
    }
    free(sorted);
    if (twice == NULL) return RS_OK;
    const rs_node_t *before = rs__node_child(map, twice->key);
    rs__path_join("", twice->key, builder->error->key, sizeof(builder->error->key));
    (void)refuse(builder->error, twice->key_mark, "", "each key once");
    snprintf(builder->error->reason, sizeof(builder->error->reason), "the key is there already, in line %u",
             before->key_mark.line);
    return RS_ERR_PARSE;
}

static int on_close(builder_t *builder) {
    const rs_node_t *node = builder->open[--builder->depth];
    return node->kind == RS_NODE_MAP ? refuse_duplicates(builder, node) : RS_OK;
}

static int on_event(builder_t *builder, const yaml_event_t *event) {
    const rs_mark_t mark = mark_of(event->start_mark);
    switch (event->type) {
        case YAML_DOCUMENT_START_EVENT:
            if (++builder->documents == 1) return RS_OK;
            return refuse(builder->error, mark, "a second document", "one document; take the line `---` out");
        case YAML_ALIAS_EVENT: return refuse(builder->error, mark, "aliases (*name) are not taken", star_in_quotes);
        case YAML_SCALAR_EVENT: return on_scalar(builder, event);
        case YAML_MAPPING_START_EVENT:
            return on_open(builder, RS_NODE_MAP, mark, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        case YAML_SEQUENCE_START_EVENT:
            return on_open(builder, RS_NODE_LIST, mark, event->data.sequence_start.anchor,
                           event->data.sequence_start.tag);
        case YAML_MAPPING_END_EVENT:
        case YAML_SEQUENCE_END_EVENT: return on_close(builder);
        default: return RS_OK;
    }
}

static int build(builder_t *builder) {
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&builder->parser, &event)) return refuse_grammar(builder);
        const int status = on_event(builder, &event);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (status != RS_OK) return status;
    }
    return RS_OK;
}

int rs__document_parse(rs_str_t bytes, rs__config_arena_t *arena, rs_node_t **root, rs_config_error_t *error) {
    uint32_t at = 0;
    if (!rs__text_is_utf8(bytes, &at)) return refuse(error, mark_of_offset(bytes, at), "not UTF-8", "text in UTF-8");
    builder_t builder = {.arena = arena, .bytes = bytes, .error = error};
    if (!yaml_parser_initialize(&builder.parser)) return RS_ERR_MEMORY;
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)bytes.data, bytes.len);
    int status = build(&builder);
    yaml_parser_delete(&builder.parser);
    if (status == RS_OK && builder.root == NULL) {
        builder.root = rs__config_arena_take(arena, sizeof(*builder.root));
        if (builder.root == NULL) status = RS_ERR_MEMORY;
    }
    if (status == RS_OK) *root = builder.root;
    return status;
}
