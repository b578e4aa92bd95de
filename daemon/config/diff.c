#include "config/diff.h"

#include "config/flatten.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct setting {
    const char *key, *value;
    const rs_schema_row_t *row;
    uint32_t turn; /* keys of two entries with one name (two tenants) are told apart by their order */
} setting_t;

typedef struct settings {
    rs__config_arena_t *arena;
    void *items;
    uint32_t count;
} settings_t;

static int keep(void *context, const rs_schema_row_t *row, uint32_t item, const char *key, const char *value) {
    settings_t *settings = context;
    rs_str_t key_copy, value_copy;
    (void)item;
    int status = rs__config_arena_copy(settings->arena, rs_str(key), &key_copy);
    if (status == RS_OK) status = rs__config_arena_copy(settings->arena, rs_str(value), &value_copy);
    if (status == RS_OK)
        status = rs__config_arena_grow(settings->arena, &settings->items, settings->count, sizeof(setting_t));
    if (status != RS_OK) return status;
    setting_t *items = settings->items;
    items[settings->count] =
        (setting_t){.key = key_copy.data, .value = value_copy.data, .row = row, .turn = settings->count};
    settings->count++;
    return RS_OK;
}

static int compare_settings(const void *left, const void *right) {
    const setting_t *a = left, *b = right;
    const int order = strcmp(a->key, b->key);
    return order != 0 ? order : (a->turn > b->turn) - (a->turn < b->turn);
}

static int flatten(const rs_config_t *config, rs__config_arena_t *arena, settings_t *settings) {
    settings->arena = arena;
    const int status = rs__config_each(config, keep, settings);
    if (settings->count > 1) qsort(settings->items, settings->count, sizeof(setting_t), compare_settings);
    return status;
}

/* Passwords are the same "***" in both texts. */
static bool secret_changed(const setting_t *a, const rs_config_t *old_config, const rs_config_t *new_config) {
    if (a == NULL || (a->row->flags & RS_ROW_SECRET) == 0) return false;
    const unsigned char *from = (const unsigned char *)old_config + a->row->offset;
    const unsigned char *to = (const unsigned char *)new_config + a->row->offset;
    return !rs_str_equal(*(const rs_str_t *)(const void *)from, *(const rs_str_t *)(const void *)to);
}

typedef struct comparison {
    const rs_config_t *old_config, *new_config;
    rs_config_change_fn on_change;
    void *context;
    int count;
} comparison_t;

/* `from` and `to` are the same key; one of them may be NULL. */
static void compare_pair(comparison_t *comparison, const setting_t *from, const setting_t *to) {
    const char *old_text = from == NULL ? "" : from->value;
    const char *new_text = to == NULL ? "" : to->value;
    const setting_t *either = from == NULL ? to : from;
    if (from != NULL && to != NULL && strcmp(old_text, new_text) == 0 &&
        !secret_changed(from, comparison->old_config, comparison->new_config))
        return;
    comparison->count++;
    if (comparison->on_change != NULL)
        comparison->on_change(comparison->context, either->key, old_text, new_text,
                              (either->row->flags & RS_ROW_LIVE) == 0);
}

static void merge(comparison_t *comparison, const settings_t *from, const settings_t *to) {
    const setting_t *old_items = from->items, *new_items = to->items;
    uint32_t i = 0, k = 0;
    while (i < from->count || k < to->count) {
        const int order = i == from->count ? 1 : k == to->count ? -1 : strcmp(old_items[i].key, new_items[k].key);
        compare_pair(comparison, order <= 0 ? &old_items[i] : NULL, order >= 0 ? &new_items[k] : NULL);
        i += order <= 0;
        k += order >= 0;
    }
}

int rs_config_diff(const rs_config_t *old_config, const rs_config_t *new_config, rs_config_change_fn on_change,
                   void *context) {
    rs__config_arena_t *arena = NULL;
    settings_t from = {0}, to = {0};
    comparison_t comparison = {
        .old_config = old_config, .new_config = new_config, .on_change = on_change, .context = context};
    int status = rs__config_arena_create(&arena);
    if (status == RS_OK) status = flatten(old_config, arena, &from);
    if (status == RS_OK) status = flatten(new_config, arena, &to);
    if (status == RS_OK) merge(&comparison, &from, &to);
    rs__config_arena_destroy(&arena);
    return status == RS_OK ? comparison.count : status;
}
