/* core/rows_internal.h — between the files of the rows. */
#ifndef RS_CORE_ROWS_INTERNAL_H
#define RS_CORE_ROWS_INTERNAL_H

#include "core/rows.h"

/* Loading: the cell can be found again. False: there is one of that key and interval already. */
RS_MUST_CHECK bool rs__rows_restore(rs_rows_t *rows, uint32_t number);

#endif
