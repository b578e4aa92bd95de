/* core/alert/life.h — the life of an alert as a pure machine: what a verdict does to a state.
 *
 *                 breach                     between      good                                no evidence
 *    ok           pending; fires if for=0    –            –                                   –
 *    pending      fires once held >= for     –            ok                                  ok
 *    firing       –                          –            recovering; ends if clear_for=0     – ; no_data after RS_LIFE_BLIND_US of it
 *    recovering   firing                     firing       ends once good >= clear_for         – ; no_data after RS_LIFE_BLIND_US of it
 *    no_data      firing                     firing       recovering; ends if clear_for=0     –
 *    flapping     what is beneath goes on by the lines above, unseen
 *
 * Flapping: to fire (from ok or pending) and to end are changes. The change that makes RS_FLAP_STARTS of them within the last hour leads
 *           to flapping instead of where it would have: the episode stays open. It is over once no more than RS_FLAP_ENDS changes lie
 *           within the last hour and nothing is pending beneath: then the state is what is true beneath, firing or recovering, or the
 *           episode ends. So what was told at last is what is true, whatever happened in between (peers that suppress while it flaps
 *           and stay silent at the end lose problems and recoveries).
 *           The last hour: of times cut to RS_FLAP_SLOT_US, this slot and the eleven before it.
 * No data:  an alert that fires is not ended by silence; what nobody sees any more is a state of its own.
 * Unreachable: not of this machine (alert.h, Trial): rs_life_next must not be called with it. It is no state that fires; its end is OK.
 * Pure:     no clock; times only grow. `changes` outlives episodes. All of it is saved (alert_state.c). */
#ifndef RS_CORE_ALERT_LIFE_H
#define RS_CORE_ALERT_LIFE_H

#include "base/base.h"

#define RS_ALERT_STATES(X) \
    X(OK, "ok") X(PENDING, "pending") X(FIRING, "firing") X(RECOVERING, "recovering") X(RESOLVED, "resolved") \
    X(NO_DATA, "no_data") X(FLAPPING, "flapping") X(UNREACHABLE, "target_unreachable")
typedef enum rs_alert_state {
#define RS_X(name, text) RS_ALERT_##name,
    RS_ALERT_STATES(RS_X)
#undef RS_X
        RS_ALERT_STATE_COUNT
} rs_alert_state_t;

enum { RS_FLAP_STARTS = 6, RS_FLAP_ENDS = 2, RS_FLAP_SLOTS = 12 };
#define RS_FLAP_SLOT_US (5 * RS_US_PER_MIN)
#define RS_LIFE_BLIND_US (5 * RS_US_PER_MIN)

typedef struct rs_life_rule { int64_t for_us, clear_for_us; } rs_life_rule_t;

typedef struct rs_life {
    uint8_t state;              /* never RESOLVED: that is an end */
    uint8_t beneath;            /* while flapping: ok, pending, firing or recovering */
    uint64_t changes;           /* per slot 4 bits (15: so many or more), the newest slot lowest */
    int64_t slot;               /* number of the newest slot: time / RS_FLAP_SLOT_US */
    int64_t started_us;         /* of the episode: when the breach began */
    int64_t fired_us;           /* 0: did not fire yet */
    int64_t good_since_us;      /* while recovering */
    int64_t blind_since_us;     /* first evaluation without evidence since there was some; 0: there is */
    int64_t beneath_since_us;   /* while flapping: since when pending or recovering beneath */
} rs_life_t;

/* Whether it fires, as far as people are concerned. */
static inline bool rs_life_is_open(unsigned state) {
    return state == RS_ALERT_FIRING || state == RS_ALERT_RECOVERING || state == RS_ALERT_NO_DATA || state == RS_ALERT_FLAPPING;
}
/* Where the verdict (rs_detect_verdict_t) leads; life->state: it stays. RESOLVED only from an open one.
 * Call rs_life_enter with any other. */
uint8_t rs_life_next(const rs_life_rule_t *rule, rs_life_t *life, uint8_t verdict, int64_t now_us);
/* The state is entered. RESOLVED and OK end the episode: its times are 0 then. */
void rs_life_enter(rs_life_t *life, uint8_t to, int64_t now_us);
/* Changes within the last hour. */
uint32_t rs_life_changes(const rs_life_t *life, int64_t now_us);

#endif
