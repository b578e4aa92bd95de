/* An explanation as JSON, and in words. */
#include "core/alert/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const by_names[] = {"queue", "channel", "team", "stage"};
_Static_assert(RS_ARRAY_LEN(by_names) == RS_EXPLAIN_BY_COUNT, "every dimension has a name");

void rs_recent_note(rs_recent_t *recent, int64_t each_us, int64_t now_us, const rs_figure_t *figure) {
    const int64_t slot = now_us / each_us;
    if (figure->is_null || !isfinite(figure->value) || slot <= 0) return;
    const int64_t passed = recent->slot == 0 ? RS_EXPLAIN_RECENT : slot - recent->slot;
    if (passed < 0) return;
    if (passed >= RS_EXPLAIN_RECENT) {
        *recent = (rs_recent_t){0};
    } else if (passed > 0) {
        memmove(recent->values + passed, recent->values, (size_t)(RS_EXPLAIN_RECENT - passed) * sizeof recent->values[0]);
        for (int64_t i = 0; i < passed; i++) recent->values[i] = 0;
        recent->known = (uint16_t)(((unsigned)recent->known << (unsigned)passed) & ((1u << RS_EXPLAIN_RECENT) - 1));
    }
    recent->slot = slot;
    recent->known |= 1;
    recent->values[0] = (float)figure->value;
}

/* --- JSON ----------------------------------------------------------------------------------------------------------- */
static void write_recent(rs_json_t *json, const rs_explanation_t *explanation) {
    if (explanation->recent_known == 0) {
        rs_json_null(json, "recent");
        return;
    }
    rs_json_begin(json, "recent");
    rs_json_integer(json, "each_s", explanation->each_us / RS_US_PER_S);
    rs_json_begin_list(json, "values");
    for (unsigned i = RS_EXPLAIN_RECENT; i-- > 0;) {
        const bool known = (explanation->recent_known >> i & 1) != 0;
        char text[24];
        (void)snprintf(text, sizeof text, "%.6g", (double)explanation->recent[i]);   /* a float has no more digits */
        rs_json_element_number(json, known ? strtod(text, NULL) : (double)NAN);
    }
    rs_json_end_list(json);
    rs_json_end(json);
}

static void write_pair(rs_json_t *json, double numerator, double denominator) {
    rs_json_number(json, "numerator", numerator);
    if (denominator == 0) rs_json_null(json, "denominator");
    else rs_json_number(json, "denominator", denominator);
}

static double rounded(double value) { return round(value * 1e4) / 1e4; }

static void write_part(rs_json_t *json, const rs_explain_part_t *part, rs_str_t name) {
    rs_json_begin_element(json);
    rs_json_string(json, "by", rs_str(by_names[part->by < RS_EXPLAIN_BY_COUNT ? part->by : 0]));
    rs_json_string_or_null(json, "name", name);
    rs_json_number(json, "share", rounded(part->share));
    rs_json_number(json, "surprise", rounded(part->surprise));
    write_pair(json, part->numerator, part->denominator);
    rs_json_begin(json, "expected");
    write_pair(json, rounded(part->expected_numerator), rounded(part->expected_denominator));
    rs_json_end(json);
    rs_json_end(json);
}

static void write_next(rs_json_t *json, const rs_explanation_t *explanation) {
    if (!explanation->has_level && !explanation->has_wait) {
        rs_json_null(json, "next");
        return;
    }
    rs_json_begin(json, "next");
    if (explanation->has_level) rs_json_number(json, "service_level", rounded(explanation->level));
    else rs_json_null(json, "service_level");
    if (explanation->has_wait) rs_json_integer(json, "estimated_wait_ms", explanation->wait_us / RS_US_PER_MS);
    else rs_json_null(json, "estimated_wait_ms");
    rs_json_end(json);
}

void rs_explanation_write(rs_json_t *json, const char *name, const rs_explanation_t *explanation, const rs_str_t *names) {
    if (rs_explanation_is_empty(explanation)) {
        if (name != NULL) rs_json_null(json, name);
        return;
    }
    rs_json_begin(json, name);
    write_recent(json, explanation);
    rs_json_begin_list(json, "parts");
    for (uint32_t i = 0; i < explanation->part_count && i < RS_EXPLAIN_PARTS; i++) write_part(json, &explanation->parts[i], names[i]);
    rs_json_end_list(json);
    write_next(json, explanation);
    rs_json_end(json);
}

/* --- words ---------------------------------------------------------------------------------------------------------- */
void rs_explanation_words(const rs_explanation_t *explanation, const rs_str_t *names, char text[RS_EXPLAIN_WORDS]) {
    size_t len = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < explanation->part_count && i < 3 && len + 1 < RS_EXPLAIN_WORDS; i++) {
        const rs_explain_part_t *part = &explanation->parts[i];
        const char *by = by_names[part->by < RS_EXPLAIN_BY_COUNT ? part->by : 0];
        len += (size_t)snprintf(text + len, RS_EXPLAIN_WORDS - len, "; %.0f %% of it from %s%s%.*s", 100 * part->share,
                                part->by == RS_EXPLAIN_BY_STAGE ? "" : by, part->by == RS_EXPLAIN_BY_STAGE ? "" : " ", (int)names[i].len,
                                names[i].len == 0 ? "" : names[i].data);
    }
    if (explanation->has_level && len + 1 < RS_EXPLAIN_WORDS)
        len += (size_t)snprintf(text + len, RS_EXPLAIN_WORDS - len, "; service level %.3g %% with those who wait",
                                100 * explanation->level);
    if (explanation->has_wait && explanation->wait_us > 0 && len + 1 < RS_EXPLAIN_WORDS)
        (void)snprintf(text + len, RS_EXPLAIN_WORDS - len, "; who comes now waits about %.3g s", (double)explanation->wait_us / 1e6);
}
