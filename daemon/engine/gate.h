/* engine/gate.h — what may be told to whom, given what is on disk: the rules of the daemon's wiring, in one place for it and for its
 * simulation.
 *
 * Positions are of one kind within a call: the ring's, or record numbers. Pure.
 */
#ifndef RS_ENGINE_GATE_H
#define RS_ENGINE_GATE_H

#include "base/base.h"
#include "base/planted.h"

/* Up to where producers may be told that their events are taken: applied, so that a refusal is known, and on disk. */
static inline uint64_t rs_gate_acknowledged(uint64_t applied, uint64_t durable) {
    if (RS_PLANTED(ACK_AT_APPLIED)) return applied;
    return applied < durable ? applied : durable;
}

/* May what rests on the records up to `position` leave for a database or a receiver? */
static inline bool rs_gate_may_leave(uint64_t position, uint64_t durable) {
    if (RS_PLANTED(ROWS_BEFORE_DURABLE)) return true;
    return position <= durable;
}

/* Up to where a snapshot may go: never ahead of the journal, whatever its files hold already. */
static inline uint64_t rs_gate_snapshot(uint64_t appended, uint64_t durable) { return RS_PLANTED(SNAPSHOT_AHEAD) ? appended : durable; }

#endif
