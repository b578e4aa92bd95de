/* engine/outlet.h — the records of the outlet ring: what the core's thread tells the loop. In memory only, never stored. */
#ifndef RS_ENGINE_OUTLET_H
#define RS_ENGINE_OUTLET_H

#include "core/alert/pack.h"
#include "core/core.h"

enum { RS_OUTLET_VERDICT = 1, RS_OUTLET_ALERT = 2 /* a packed transition */, RS_OUTLET_ANSWER = 3,
       RS_OUTLET_LET_GO = 4 /* the position, a uint64_t */ };

typedef struct rs_outlet_verdict { rs_origin_t origin; uint32_t reason; } rs_outlet_verdict_t;

typedef struct rs_outlet_answer { rs_origin_t origin; int status; uint64_t number; } rs_outlet_answer_t;

#endif
