/* engine/outlet.h — the records of the outlet ring: what the core's thread tells the loop. In memory only, never stored. */
#ifndef RS_ENGINE_OUTLET_H
#define RS_ENGINE_OUTLET_H

#include "core/core.h"

enum { RS_OUTLET_VERDICT = 1, RS_OUTLET_ALERT = 2 };

typedef struct rs_outlet_verdict { rs_origin_t origin; uint32_t reason; } rs_outlet_verdict_t;

/* A transition with its strings behind it. */
enum { RS_OUTLET_ALERT_STRINGS = 7, RS_OUTLET_ALERT_MAX = 2048 };

/* Writes the transition; returns the length, at most RS_OUTLET_ALERT_MAX (longer strings are cut). */
size_t rs_outlet_write_alert(const rs_alert_transition_t *transition, void *bytes);
/* Strings borrow from `bytes`. */
void rs_outlet_read_alert(const void *bytes, rs_alert_transition_t *transition);

#endif
