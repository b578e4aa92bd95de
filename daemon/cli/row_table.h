/* cli/row_table.h — rows as a table for people: the figures that are looked at most. Agents and teams have columns of their own. */
#ifndef RS_CLI_ROW_TABLE_H
#define RS_CLI_ROW_TABLE_H

#include "core/row.h"

#include <stdio.h>

void rs_row_table_head(FILE *out, const rs_row_t *row);
/* `start` is the interval's, as text. */
void rs_row_table_line(FILE *out, const rs_row_t *row, const char *start);

#endif
