/* core/alert/pack.h — a transition in one run of bytes, to lie in memory somewhere. Never stored: it is this process's own layout. */
#ifndef RS_CORE_ALERT_PACK_H
#define RS_CORE_ALERT_PACK_H

#include "core/alert/alert.h"

enum { RS_ALERT_STRINGS = 12 + RS_EXPLAIN_PARTS, RS_ALERT_PACKED_MAX = 6144 };

/* All strings of a transition, in one order for whoever writes or reads them. */
void rs_alert_strings(rs_alert_transition_t *transition, rs_str_t *strings[RS_ALERT_STRINGS]);
/* Returns the length, at most RS_ALERT_PACKED_MAX (longer strings are cut). */
size_t rs_alert_pack(const rs_alert_transition_t *transition, void *bytes);
/* Strings borrow from `bytes`. */
void rs_alert_unpack(const void *bytes, rs_alert_transition_t *transition);

#endif
