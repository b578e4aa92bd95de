/* cli/journal_print.h — records of the journal as lines of JSON. Customers as pseudonyms, configurations by length only: theirs may hold a
 * password. */
#ifndef RS_CLI_JOURNAL_PRINT_H
#define RS_CLI_JOURNAL_PRINT_H

#include "journal/record.h"

#include <stdio.h>

/* One line. A record of a kind that this program does not know, or that is none, is printed with its length and "unknown": true. */
void rs_journal_print(const rs_journal_record_t *record, FILE *out);

#endif
