#include "core/policy/verdict.h"

static bool within(const rs_policy_t *policy, int64_t wait_us, int64_t bound_us) {
    return policy->compare_lt ? wait_us < bound_us : wait_us <= bound_us;
}

static rs_verdict_t apply(unsigned rule, bool in_threshold) {
    switch (rule) {
        case RS_RULE_MISS: return (rs_verdict_t){0, 1};
        case RS_RULE_HIT: return (rs_verdict_t){1, 1};
        case RS_RULE_HIT_IF_WITHIN: return (rs_verdict_t){in_threshold, 1};
        case RS_RULE_EXCLUDE_IF_WITHIN: return (rs_verdict_t){0, !in_threshold};
        default: return (rs_verdict_t){0, 0};
    }
}

rs_verdict_t rs_verdict_of(const rs_policy_t *policy, const rs_standard_t *standard, rs_outcome_t outcome, unsigned reason,
                           int64_t wait_us) {
    const bool in_threshold = within(policy, wait_us, standard->threshold_us);
    switch (outcome) {
        case RS_OUTCOME_ANSWERED: return apply(RS_RULE_HIT_IF_WITHIN, in_threshold);
        case RS_OUTCOME_ABANDONED:
            if (policy->short_on && standard->short_us > 0 && within(policy, wait_us, standard->short_us)) {
                return apply(policy->short_rule, in_threshold);
            }
            return apply(policy->abandoned, in_threshold);
        case RS_OUTCOME_FLOWED_OUT:
            if (reason == RS_FLOW_LOST || reason >= RS_CONFIG_REASON_SLOTS) return apply(RS_RULE_EXCLUDE, in_threshold);
            return apply(policy->flowed_out[reason], in_threshold);
        case RS_OUTCOME_CALLBACK: return apply(policy->callbacks, in_threshold);
        default: return (rs_verdict_t){0, 0};
    }
}

rs_verdict_t rs_verdict_of_blocked(const rs_policy_t *policy) { return apply(policy->blocked, false); }
