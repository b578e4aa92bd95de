/* cli/row_form.h — members of a row in the form that was asked for: an NDJSON object, or CSV, where nested members are joined with a
 * dot. A figure is named once (row_figures.c) and comes out in either.
 *
 * Model:   CSV goes through the same calls twice: for the head, then for each line. An object that is not present is null in
 *          NDJSON, and its members are left out; in CSV each of its columns is there and empty.
 */
#ifndef RS_CLI_ROW_FORM_H
#define RS_CLI_ROW_FORM_H

#include "event/json.h"

#include <stdio.h>

typedef enum rs_form_kind { RS_FORM_JSON = 0, RS_FORM_CSV_HEAD, RS_FORM_CSV_LINE } rs_form_kind_t;

enum { RS_FORM_BYTES = 16 * 1024, RS_FORM_DEPTH = 3 };
typedef struct rs_form {
    rs_form_kind_t kind;
    FILE *out;
    const char *within[RS_FORM_DEPTH];   /* names of the open objects */
    unsigned depth, absent_from;         /* objects from this depth on are absent; RS_FORM_DEPTH: none */
    bool first;                          /* the next cell is the line's first */
    rs_json_t json;
    char line[RS_FORM_BYTES];
} rs_form_t;

/* One line: begin, members, end, which writes it. */
void rs_form_begin_line(rs_form_t *form, rs_form_kind_t kind, FILE *out);
void rs_form_end_line(rs_form_t *form);
/* Names are kept as pointers until the object ends. */
void rs_form_begin(rs_form_t *form, const char *name, bool present);
void rs_form_end(rs_form_t *form);

/* Not present: null, an empty cell. */
void rs_form_text(rs_form_t *form, const char *name, bool present, rs_str_t text);
void rs_form_integer(rs_form_t *form, const char *name, bool present, int64_t value);
void rs_form_number(rs_form_t *form, const char *name, bool present, double value);
void rs_form_bool(rs_form_t *form, const char *name, bool value);
/* Null when the denominator is 0. */
void rs_form_quotient(rs_form_t *form, const char *name, double numerator, double denominator);
/* A count by reason: NDJSON names only those that occurred. */
void rs_form_reason(rs_form_t *form, const char *name, int64_t value);

#endif
