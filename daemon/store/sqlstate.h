/* store/sqlstate.h — what each of PostgreSQL's errors means for a batch, as one table. Private to the store's room.
 *
 *   conflict    40001, 40P01                     two transactions met: the same again at once
 *   connection  08, 40003, 57P, no SQLSTATE      lost, refused, shut down: a new connection, which reads the mark first
*   busy        55P03, 57014, 25P03, 53 …        locked, too slow, too many connections: back off, the rows wait
 *   read_only   25006                            a stand-by, or switched to read only: another host
 *   full        53100, 53200, 58                no disk, no memory: back off longer
 *   data        21, 22, 23, 42804, 54            rows are refused: the batch is halved, the one row goes to quarantine
 *   schema      42, 3F, 0A, P0, a month without its partition …   not our data: reported, looked at again, nothing is blamed
 *   refused     28, 3D, 42501                    we may not: reported, looked at again
 *   damaged     XX                               the server's own data: reported, looked at again seldom
 *   mark        RS002                            the mark is not where we thought: a new connection reads it
 *   fenced      RS001                            another daemon has the stream: final
 * What is in none of the classes counts as busy.
 */
#ifndef RS_STORE_SQLSTATE_H
#define RS_STORE_SQLSTATE_H

#include "store/store.h"

typedef enum rs__remedy {
    RS__REMEDY_AGAIN,       /* roll back, the same batch at once; after a few times as BACK_OFF */
    RS__REMEDY_BACK_OFF,    /* new connection after the growing pause */
    RS__REMEDY_WAIT,        /* new connection after the longest pause */
    RS__REMEDY_HALVE,       /* while rows are copied or merged: find the row; else as WAIT */
    RS__REMEDY_STOP         /* never again */
} rs__remedy_t;

/* `state`: five characters, or "" when the server said none. `has_constraint`: the error names a constraint; without one, 23514 is a row
 * for which there is no partition. */
rs_store_fault_t rs__sqlstate_fault(const char *state, bool has_constraint);
rs__remedy_t rs__fault_remedy(rs_store_fault_t fault);

#endif
