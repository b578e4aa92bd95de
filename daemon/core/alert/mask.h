/* core/alert/mask.h — a person's name in what people wrote about alerts: asterisks take its place.
 *
 * Where:     who, owner, note, cause, action of open episodes; who and why of silences; the same of transitions that a receiver does not
 *            have yet. All of one tenant; a silence that names no tenant is everybody's. Patterns of silences are left: they are no text.
 * Which:     the name where it stands as a word, between what is no letter, digit or underscore. Shorter than RS_MASK_LEAST bytes it is not
 *            looked for: it would be found in much that is no name.
 * Pure; the core's thread. Each returns in how many places it stood.
 */
#ifndef RS_CORE_ALERT_MASK_H
#define RS_CORE_ALERT_MASK_H

#include "core/alert/alert.h"
#include "core/alert/outbox.h"

enum { RS_MASK_LEAST = 3 };

uint32_t rs_mask(char *text, size_t len, rs_str_t name);
uint32_t rs_alerts_mask(rs_alerts_t *alerts, rs_str_t tenant, rs_str_t name);
uint32_t rs_outbox_mask(rs_outbox_t *outbox, rs_str_t tenant, rs_str_t name);

#endif
