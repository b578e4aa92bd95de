/* config/diff.h — what changes between two configurations, and whether it can change while the service runs.
 *
 * Policies, service-level defaults, queues, agents, alert rules, FCR, the log level, the feed's period and the store's
 * flush can; endpoints, limits, zone, clock, windows and all else take a restart: the running service keeps their old
 * values. */
#ifndef RS_CONFIG_DIFF_H
#define RS_CONFIG_DIFF_H

#include "config/config.h"

/* One setting: its key as rs_config_print writes it, its old and its new text, "" where it is not set (an entry that
 * came or went, too). Passwords are replaced, but a change of one is told. Texts are borrowed for the call. */
typedef void (*rs_config_change_fn)(void *context, const char *key, const char *from, const char *to,
                                    bool needs_restart);

/* Calls on_change (may be NULL: only count) for every setting that differs, by key. Returns how many there are, or
 * RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_config_diff(const rs_config_t *old_config, const rs_config_t *new_config,
                                 rs_config_change_fn on_change, void *context);

#endif
