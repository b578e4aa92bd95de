/* config/value.h — one value of the table: from a node of the file into its field, and back to text. Room-private.
 *
 * The loader goes from the tree to an rs_config_t: first all single keys, then the collections (policies, queues, …),
 * last what must fit together. The first thing that is wrong ends it. */
#ifndef RS_CONFIG_VALUE_H
#define RS_CONFIG_VALUE_H

#include "config/document.h"
#include "config/schema.h"

enum { RS_KEY_TEXT = 128 };

/* A collection's items while they are gathered. */
typedef struct rs__items {
    const rs_node_t *node; /* the map or list in the file, NULL when there is none */
    void *items;
    const rs_node_t **nodes; /* where each item stands */
    uint32_t count;
} rs__items_t;

typedef struct rs__loader {
    const char *file;
    rs__config_arena_t *scratch; /* tree, own policies: gone after loading */
    rs__config_arena_t *arena;   /* what the configuration keeps */
    rs_node_t *root;
    rs_config_t *config;
    const rs_node_t *policy_list; /* service_level.policies; NULL: its default */
    rs__items_t collections[RS_SCOPE_COUNT];
    rs_config_error_t *error;
} rs__loader_t;

/* Fills *loader->error and returns RS_ERR_PARSE. `node` may be NULL: no place. */
RS_PRINTF(5, 6)
int rs__loader_fail(rs__loader_t *loader, const rs_node_t *node, const char *key, const char *allowed,
                    const char *format, ...);
/* Puts the value of `node` into the field of `row` in `target` (the struct of the row's scope). `key` is the whole
 * path, for the message. RS_ERR_PARSE, RS_ERR_MEMORY. */
RS_MUST_CHECK int rs__value_assign(rs__loader_t *loader, const rs_schema_row_t *row, void *target,
                                   const rs_node_t *node, const char *key);
/* The same for the row's own default text. */
RS_MUST_CHECK int rs__value_assign_initial(rs__loader_t *loader, const rs_schema_row_t *row, void *target);
/* The value as text that loads to the same; a password is replaced. False when it is not set (an entry's own threshold
 * …). */
bool rs__value_format(const rs_schema_row_t *row, const void *source, char *text, size_t size);

/* service_level.policies, after the policies of the file are known. */
RS_MUST_CHECK int rs__loader_resolve_policies(rs__loader_t *loader);
/* Everything that concerns more than one key. */
RS_MUST_CHECK int rs__loader_check(rs__loader_t *loader);
RS_MUST_CHECK int rs__loader_check_policy(rs__loader_t *loader, const rs_policy_t *policy, const rs_node_t *node,
                                          const char *key);
/* Of finished keys: the zone is loaded, the calendar made; what fails leaves nothing behind. */
RS_MUST_CHECK int rs__loader_finish_hours(rs__loader_t *loader, rs_hours_config_t *hours, const rs_node_t *node,
                                          const char *key);
/* Gives back what entries of working hours own; `base` is time.zone, which is not theirs. */
void rs__hours_destroy(rs_hours_config_t *hours, uint32_t count, const rs_zone_t *base);
RS_MUST_CHECK int rs__loader_check_rule(rs__loader_t *loader, rs_rule_config_t *rule, const rs_node_t *node,
                                        const char *key);
/* check_detector.c: the keys that a rule's detector takes and needs, with their defaults; whether it can ever fire, and its rate of false
 * alarms be had; whether the rules fit in the budget. */
RS_MUST_CHECK int rs__loader_check_rule_keys(rs__loader_t *loader, rs_rule_config_t *rule, const rs_node_t *node, const char *key);
RS_MUST_CHECK int rs__loader_check_detector(rs__loader_t *loader, rs_rule_config_t *rule, const rs_node_t *node, const char *key);
RS_MUST_CHECK int rs__loader_check_budget(rs__loader_t *loader);
/* Over all rules: inhibited_by names a rule that can inhibit this one. */
RS_MUST_CHECK int rs__loader_check_parents(rs__loader_t *loader);
/* At the key `name` of a rule, or at the rule where it does not stand. */
int rs__refuse_rule_key(rs__loader_t *loader, const rs_node_t *node, const char *rule_key, const char *name, const char *allowed,
                        const char *reason);

/* receivers.c: an entry before its keys are read; what must fit together in it. */
void rs__receiver_begin(rs_receiver_config_t *receiver, rs_str_t name);
RS_MUST_CHECK int rs__loader_check_receiver(rs__loader_t *loader, rs_receiver_config_t *receiver, const rs_node_t *node, const char *key);

/* The collections of a configuration: where its items are, how large one is, and its name. */
const void *rs__config_items(const rs_config_t *config, rs_schema_scope_t scope, uint32_t *count);
size_t rs__scope_item_size(rs_schema_scope_t scope);
const char *rs__scope_path(rs_schema_scope_t scope); /* "queues.<name>" */
rs_str_t rs__item_name(rs_schema_scope_t scope, const void *item);

/* hours.c: the values of working hours, from a node and back to text. */
RS_MUST_CHECK int rs__hours_assign(rs__loader_t *loader, const rs_schema_row_t *row, rs_hours_config_t *hours,
                                   const rs_node_t *node, const char *key);
void rs__hours_format(const rs_schema_row_t *row, const rs_hours_config_t *hours, char *text, size_t size);

/* A sorted list of names, as config.h has it: the count stands behind the pointer. */
typedef struct rs__names {
    rs_str_t *names;
    uint32_t count;
} rs__names_t;
enum { RS_MAX_NAMES = 1000 };

/* A list as text, item by item: "[a, b]". One that has no room left ends in the number of its items and a checksum over all of
 * them, so that two lists that differ have texts that differ. */
typedef struct rs__list_text {
    char *text;
    size_t size, used;
    uint64_t checksum;
    uint32_t count;
    bool cut;
    char closing;
} rs__list_text_t;
void rs__list_text_begin(rs__list_text_t *list, char *text, size_t size, char opening, char closing);
void rs__list_text_add(rs__list_text_t *list, const char *item);
void rs__list_text_end(rs__list_text_t *list);

/* Numbers without a locale. False: not one. */
bool rs__parse_integer(rs_str_t text, int64_t *number);
bool rs__parse_number(rs_str_t text, double *number);
bool rs__parse_bytes(rs_str_t text, int64_t *bytes);
bool rs__parse_milli(rs_str_t text, int64_t *milli); /* "-1.5" is -1500; at most three decimals */
void rs__format_number(double number, char *text, size_t size);
void rs__format_bytes(int64_t bytes, char *text, size_t size);

#endif
