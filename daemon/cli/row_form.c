#include "cli/row_form.h"

#include <inttypes.h>

void rs_form_begin_line(rs_form_t *form, rs_form_kind_t kind, FILE *out) {
    form->kind = kind;
    form->out = out;
    form->depth = 0;
    form->absent_from = RS_FORM_DEPTH;
    form->first = true;
    if (kind != RS_FORM_JSON) return;
    rs_json_init(&form->json, form->line, sizeof form->line);
    rs_json_begin(&form->json, NULL);
}

void rs_form_end_line(rs_form_t *form) {
    if (form->kind == RS_FORM_JSON) {
        rs_json_end(&form->json);
        RS_REQUIRE(!form->json.overflow);
        fwrite(form->line, 1, form->json.len, form->out);
    }
    fputc('\n', form->out);
}

static bool is_absent(const rs_form_t *form) { return form->absent_from < RS_FORM_DEPTH; }

void rs_form_begin(rs_form_t *form, const char *name, bool present) {
    RS_REQUIRE(form->depth < RS_FORM_DEPTH);
    const bool absent = is_absent(form);
    form->within[form->depth] = name;
    if (!absent && !present) form->absent_from = form->depth;
    form->depth++;
    if (form->kind != RS_FORM_JSON || absent) return;
    if (present) rs_json_begin(&form->json, name); else rs_json_null(&form->json, name);
}

void rs_form_end(rs_form_t *form) {
    const bool absent = is_absent(form);
    form->depth--;
    if (form->absent_from == form->depth) form->absent_from = RS_FORM_DEPTH;
    if (form->kind == RS_FORM_JSON && !absent) rs_json_end(&form->json);
}

/* --- cells -------------------------------------------------------------------------------------------------------- */
static void put_head(rs_form_t *form, const char *name) {
    for (unsigned i = 0; i < form->depth; i++) fprintf(form->out, "%s.", form->within[i]);
    fputs(name, form->out);
}

static void put_cell(FILE *out, rs_str_t text) {
    bool quote = false;
    for (uint32_t i = 0; i < text.len; i++) quote = quote || strchr(",\"\r\n", text.data[i]) != NULL;
    if (!quote) {
        fwrite(text.data, 1, text.len, out);
        return;
    }
    fputc('"', out);
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"') fputc('"', out);
        fputc(text.data[i], out);
    }
    fputc('"', out);
}

/* True when the caller has a value to write, into NDJSON or into a CSV line. */
static bool takes_value(rs_form_t *form, const char *name, bool present) {
    if (form->kind == RS_FORM_JSON) {
        if (is_absent(form)) return false;
        if (!present) rs_json_null(&form->json, name);
        return present;
    }
    if (!form->first) fputc(',', form->out);
    form->first = false;
    if (form->kind == RS_FORM_CSV_HEAD) put_head(form, name);
    return form->kind == RS_FORM_CSV_LINE && present && !is_absent(form);
}

void rs_form_text(rs_form_t *form, const char *name, bool present, rs_str_t text) {
    if (!takes_value(form, name, present)) return;
    if (form->kind == RS_FORM_JSON) rs_json_string(&form->json, name, text); else put_cell(form->out, text);
}

void rs_form_integer(rs_form_t *form, const char *name, bool present, int64_t value) {
    if (!takes_value(form, name, present)) return;
    if (form->kind == RS_FORM_JSON) rs_json_integer(&form->json, name, value); else fprintf(form->out, "%" PRId64, value);
}

void rs_form_number(rs_form_t *form, const char *name, bool present, double value) {
    if (!takes_value(form, name, present)) return;
    if (form->kind == RS_FORM_JSON) rs_json_number(&form->json, name, value); else fprintf(form->out, "%.15g", value);
}

void rs_form_bool(rs_form_t *form, const char *name, bool value) {
    if (!takes_value(form, name, true)) return;
    if (form->kind == RS_FORM_JSON) rs_json_bool(&form->json, name, value); else fputs(value ? "true" : "false", form->out);
}

void rs_form_quotient(rs_form_t *form, const char *name, double numerator, double denominator) {
    rs_form_number(form, name, denominator != 0, denominator == 0 ? 0 : numerator / denominator);
}

void rs_form_reason(rs_form_t *form, const char *name, int64_t value) {
    if (form->kind == RS_FORM_JSON && value == 0) return;
    rs_form_integer(form, name, true, value);
}
