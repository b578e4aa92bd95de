/* cli/row_print.h — one aggregate row as a line: the documented NDJSON fields, the same as CSV, or a table for people. */
#ifndef RS_CLI_ROW_PRINT_H
#define RS_CLI_ROW_PRINT_H

#include "core/row.h"

#include <stdio.h>

typedef enum rs_output { RS_OUTPUT_TABLE = 0, RS_OUTPUT_CSV, RS_OUTPUT_NDJSON } rs_output_t;

typedef struct rs_row_printer {
    FILE *out;
    rs_output_t output;
    rs_key_family_t by;
    const rs_zone_t *zone;         /* for interval starts; NULL is UTC */
    bool offset;                   /* print times with the zone's offset rather than Z */
    bool head_printed;
} rs_row_printer_t;

void rs_row_print(rs_row_printer_t *printer, const rs_row_t *row);
/* The start of an interval as rows have it. */
void rs_row_format_start(const rs_row_printer_t *printer, int64_t at_us, char text[40]);

#endif
