/* cli/restate.h — `ringside restate`: intervals counted again from stored facts, as the policies of a configuration have it now.
 *
 * Model:   legs, handlings and moments of a period ─► a core that takes no events: rs_core_count_facts, the same formulas as live ─► its
 *          rows ─► pg_temp.ringside_restated ─► ringside.restate(…), which adds the difference as parts of their own, under policy versions
 *          that were never used before. All of it is one transaction. Nothing is overwritten: `--undo` takes the parts away.
 * Exactly: facts must say what the rows say in everything that no policy changes (legs by outcome, waits, refusals), interval by interval;
 *          else nothing is written and the first difference is told. So a restatement never rests on facts that are not whole.
 * Not:     policies of unit journey, whose verdicts need whole journeys; prediction, alerts, live windows, which are not history.
 * Persons: legs are read with the agent's name, for the rows of agents and teams; nothing is printed of them. */
#ifndef RS_CLI_RESTATE_H
#define RS_CLI_RESTATE_H

#include "core/core.h"

#include <libpq-fe.h>

/* Counts the facts that stand in [from_us, to_us) in any attribution. *facts: how many were read. 0, or the exit status once
 * one line on standard error has said what is wrong. */
RS_MUST_CHECK int rs_restate_read(PGconn *connection, int64_t from_us, int64_t to_us, rs_core_t *core, uint64_t *facts);
/* The core's rows in [from_us, to_us) into pg_temp.ringside_restated, which is made; likewise. */
RS_MUST_CHECK int rs_restate_stage(PGconn *connection, int64_t from_us, int64_t to_us, rs_core_t *core);
/* Tells what the database said. Returns 1. */
int rs_restate_fail(PGconn *connection, const PGresult *answer);

#endif
