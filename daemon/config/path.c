/* Key paths, and settings put at them. */
#include "config/document.h"

#include <stdio.h>

static bool needs_quotes(rs_str_t name) {
    if (name.len == 0) return true;
    for (uint32_t i = 0; i < name.len; i++) {
        const char c = name.data[i];
        if (c == '.' || c == '"' || c == '\\' || c == '=' || c == ' ' || c == ':' || c == '#') return true;
    }
    return false;
}

typedef struct writer {
    char *text;
    size_t used, size;
} writer_t;

static void put(writer_t *writer, char c) {
    if (writer->used + 1 < writer->size) writer->text[writer->used++] = c;
}

void rs__path_join(const char *prefix, rs_str_t name, char *path, size_t size) {
    writer_t writer = {.text = path, .size = size};
    if (size == 0) return;
    for (const char *c = prefix; *c != '\0'; c++) put(&writer, *c);
    if (prefix[0] != '\0') put(&writer, '.');
    const bool quoted = needs_quotes(name);
    if (quoted) put(&writer, '"');
    for (uint32_t i = 0; i < name.len; i++) {
        const unsigned char c = (unsigned char)name.data[i];
        if (c == '"' || c == '\\') put(&writer, '\\');
        put(&writer, c < 0x20 || c == 0x7F ? '?' : (char)c); /* a message must stay one line */
    }
    if (quoted) put(&writer, '"');
    path[writer.used] = '\0';
}

rs_node_t *rs__node_child(const rs_node_t *node, rs_str_t name) {
    for (rs_node_t *child = node->first; child != NULL; child = child->next) {
        if (node->kind == RS_NODE_MAP && rs_str_equal(child->key, name)) return child;
        if (node->kind == RS_NODE_LIST && child->kind == RS_NODE_MAP) {
            const rs_node_t *named = rs__node_child(child, RS_STR("name"));
            if (named != NULL && named->kind == RS_NODE_TEXT && rs_str_equal(named->text, name)) return child;
        }
    }
    return NULL;
}

/* The part that begins at *at; *at moves behind it and its dot. */
static int cut_plain(rs_str_t path, uint32_t *at, rs_str_t *part) {
    const uint32_t begin = *at;
    while (*at < path.len && path.data[*at] != '.' && path.data[*at] != '"') (*at)++;
    *part = (rs_str_t){.data = path.data + begin, .len = *at - begin};
    return part->len == 0 ? RS_ERR_PARSE : RS_OK;
}

static int cut_quoted(rs_str_t path, uint32_t *at, rs__config_arena_t *arena, rs_str_t *part) {
    char *text = rs__config_arena_take(arena, (size_t)path.len + 1);
    if (text == NULL) return RS_ERR_MEMORY;
    uint32_t used = 0;
    for (uint32_t i = *at + 1; i < path.len; i++) {
        char c = path.data[i];
        if (c == '"') {
            *part = (rs_str_t){.data = text, .len = used};
            *at = i + 1;
            return used == 0 ? RS_ERR_PARSE : RS_OK;
        }
        if (c == '\\') {
            if (++i == path.len) return RS_ERR_PARSE;
            c = path.data[i];
        }
        text[used++] = c;
    }
    return RS_ERR_PARSE; /* no closing quote */
}

int rs__path_cut(rs_str_t path, rs__config_arena_t *arena, rs_str_t parts[RS_PATH_MAX_PARTS], uint32_t *count) {
    uint32_t at = 0;
    *count = 0;
    for (;;) {
        if (*count == RS_PATH_MAX_PARTS || at >= path.len) return RS_ERR_PARSE;
        rs_str_t *part = &parts[(*count)++];
        const int status = path.data[at] == '"' ? cut_quoted(path, &at, arena, part) : cut_plain(path, &at, part);
        if (status != RS_OK) return status;
        if (at == path.len) return RS_OK;
        if (path.data[at++] != '.') return RS_ERR_PARSE;
    }
}

/* --- --set -------------------------------------------------------------------------------------------------------- */
/* Where the first `=` outside quotes is; text.len when there is none. */
static uint32_t find_equals(rs_str_t text) {
    bool quoted = false;
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\\' && quoted)
            i++;
        else if (text.data[i] == '"')
            quoted = !quoted;
        else if (text.data[i] == '=' && !quoted)
            return i;
    }
    return text.len;
}

static int refuse_setting(rs_config_error_t *error, rs_str_t key, const char *reason, const char *allowed) {
    snprintf(error->key, sizeof(error->key), "%.*s", (int)(key.len < 100 ? key.len : 100), key.data);
    snprintf(error->reason, sizeof(error->reason), "%s", reason);
    snprintf(error->allowed, sizeof(error->allowed), "%s", allowed);
    return RS_ERR_PARSE;
}

static rs_node_t *new_child(rs_node_t *parent, rs__config_arena_t *arena) {
    rs_node_t *child = rs__config_arena_take(arena, sizeof(*child));
    if (child == NULL) return NULL;
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
    parent->count++;
    return child;
}

static int add_name(rs_node_t *item, rs_str_t name, rs__config_arena_t *arena) {
    rs_node_t *named = new_child(item, arena);
    if (named == NULL) return RS_ERR_MEMORY;
    *named = (rs_node_t){.kind = RS_NODE_TEXT, .key = RS_STR("name")};
    return rs__config_arena_copy(arena, name, &named->text);
}

/* The child `name`, made when it is missing: of a list, an item with that `name`. */
static int make_child(rs_node_t *parent, rs_str_t name, rs__config_arena_t *arena, rs_node_t **child) {
    *child = rs__node_child(parent, name);
    if (*child != NULL) return RS_OK;
    if (parent->kind != RS_NODE_LIST) parent->kind = RS_NODE_MAP;
    rs_node_t *made = new_child(parent, arena);
    if (made == NULL) return RS_ERR_MEMORY;
    if (parent->kind == RS_NODE_MAP) {
        *child = made;
        return rs__config_arena_copy(arena, name, &made->key);
    }
    made->kind = RS_NODE_MAP;
    *child = made;
    return add_name(made, name, arena);
}

static void clear_marks(rs_node_t *node) {
    node->mark = node->key_mark = (rs_mark_t){0, 0};
    for (rs_node_t *child = node->first; child != NULL; child = child->next) clear_marks(child);
}

static int put_value(rs_node_t *node, rs_str_t value, rs__config_arena_t *arena, rs_config_error_t *error) {
    rs_node_t *parsed = NULL;
    int status = RS_OK;
    if (value.len > 0 && (value.data[0] == '[' || value.data[0] == '{')) {
        status = rs__document_parse(value, arena, &parsed, error);
        error->line = error->column = 0;
        if (status != RS_OK) return status;
    }
    node->mark = (rs_mark_t){0, 0};
    node->first = node->last = NULL;
    node->count = 0;
    if (parsed != NULL) {
        clear_marks(parsed);
        node->kind = parsed->kind;
        node->text = parsed->text;
        node->first = parsed->first;
        node->last = parsed->last;
        node->count = parsed->count;
        return RS_OK;
    }
    node->kind = RS_NODE_TEXT;
    return rs__config_arena_copy(arena, value, &node->text);
}

int rs__document_set(rs_node_t *root, rs_str_t setting, rs__config_arena_t *arena, rs_config_error_t *error) {
    static const char example[] = "KEY=VALUE such as queues.vip.threshold=10s; a name with dots in quotes: "
                                  "queues.\"sales.eu\".threshold=20s";
    const uint32_t equals = find_equals(setting);
    const rs_str_t key = {.data = setting.data, .len = equals};
    uint32_t bad = 0;
    if (!rs__text_is_utf8(setting, &bad)) return refuse_setting(error, RS_STR(""), "not UTF-8", "text in UTF-8");
    if (equals == setting.len) return refuse_setting(error, key, "there is no `=`", example);
    const rs_str_t value = {.data = setting.data + equals + 1, .len = setting.len - equals - 1};
    rs_str_t parts[RS_PATH_MAX_PARTS];
    uint32_t count = 0;
    int status = rs__path_cut(key, arena, parts, &count);
    if (status == RS_ERR_PARSE) return refuse_setting(error, key, "not a key", example);
    rs_node_t *node = root;
    bool in_list = false;
    for (uint32_t i = 0; status == RS_OK && i < count; i++) {
        if (node->kind == RS_NODE_TEXT)
            return refuse_setting(error, key, "its section is a plain value in the file", example);
        in_list = node->kind == RS_NODE_LIST;
        status = make_child(node, parts[i], arena, &node);
    }
    if (status == RS_OK) status = put_value(node, value, arena, error);
    const bool nameless =
        status == RS_OK && in_list && node->kind == RS_NODE_MAP && rs__node_child(node, RS_STR("name")) == NULL;
    if (nameless) status = add_name(node, parts[count - 1], arena);
    if (status == RS_ERR_PARSE)
        snprintf(error->key, sizeof(error->key), "%.*s", (int)(key.len < 100 ? key.len : 100), key.data);
    return status;
}
