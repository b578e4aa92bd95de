/* config/flatten.h — a configuration as a list of keys and texts. Room-private. */
#ifndef RS_CONFIG_FLATTEN_H
#define RS_CONFIG_FLATTEN_H

#include "config/metric_names.h"
#include "config/value.h"

enum { RS_FLAT_KEY = 256, RS_FLAT_VALUE = 2048 };

/* `item` is the place of the entry within its collection, 0 for single keys. Texts are borrowed for the call. Anything
 * but RS_OK ends the walk. */
typedef int (*rs__setting_fn)(void *context, const rs_schema_row_t *row, uint32_t item, const char *key,
                              const char *value);
/* Calls on_setting for every effective setting, in the table's order. Returns what on_setting ended it with. */
RS_MUST_CHECK int rs__config_each(const rs_config_t *config, rs__setting_fn on_setting, void *context);

#endif
