/* engine/outlet.h — the records of the outlet ring: what the core's thread tells the loop. In memory only, never stored. */
#ifndef RS_ENGINE_OUTLET_H
#define RS_ENGINE_OUTLET_H

#include "core/alert/pack.h"
#include "core/core.h"

enum { RS_OUTLET_VERDICT = 1, RS_OUTLET_ALERT = 2 /* a packed transition */ };

typedef struct rs_outlet_verdict { rs_origin_t origin; uint32_t reason; } rs_outlet_verdict_t;

#endif
