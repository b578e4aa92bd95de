/* core/policy/verdict.h — what one leg (or journey) does to a service level. Pure; the rules are metrics.md "Service level" and
 * cases.md "Service level". */
#ifndef RS_CORE_VERDICT_H
#define RS_CORE_VERDICT_H

#include "config/config.h"

typedef enum rs_outcome {
    RS_OUTCOME_NONE = 0,
    RS_OUTCOME_ANSWERED,
    RS_OUTCOME_ABANDONED,
    RS_OUTCOME_FLOWED_OUT,
    RS_OUTCOME_CALLBACK
} rs_outcome_t;

typedef struct rs_verdict { int numerator, denominator; } rs_verdict_t;

/* `reason` is an rs_flow_reason_t, looked at for FLOWED_OUT only. `wait_us` >= 0. */
rs_verdict_t rs_verdict_of(const rs_policy_t *policy, const rs_standard_t *standard, rs_outcome_t outcome, unsigned reason,
                           int64_t wait_us);
/* A contact that was refused before it could wait. */
rs_verdict_t rs_verdict_of_blocked(const rs_policy_t *policy);

#endif
