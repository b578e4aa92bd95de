#include "cli/text_line.h"

#include <langinfo.h>
#include <locale.h>
#include <wchar.h>

void rs_text_use_utf8(void) {
    (void)setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) (void)setlocale(LC_CTYPE, "C.UTF-8");
}

/* One character as it is shown. */
typedef struct glyph {
    char bytes[8];
    uint32_t len, columns;
} glyph_t;

static bool turns_direction(wchar_t character) {
    return character == 0x200E || character == 0x200F || character == 0x061C ||
           (character >= 0x202A && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069);
}

/* Reads one character of the text and returns the bytes it takes, 0 at the end. */
static size_t next_glyph(const char *text, glyph_t *glyph) {
    static const glyph_t unreadable = {.bytes = "\xEF\xBF\xBD", .len = 3, .columns = 1};
    mbstate_t state = {0};
    wchar_t character = 0;

    if (*text == '\0') return 0;
    const size_t taken = mbrtowc(&character, text, strlen(text), &state);
    *glyph = unreadable;
    if (taken == (size_t)-1 || taken == (size_t)-2 || taken == 0) return 1;
    const int columns = wcwidth(character);
    if (turns_direction(character)) {
        *glyph = (glyph_t){0};
    } else if (columns >= 0 && taken < sizeof glyph->bytes) {
        *glyph = (glyph_t){.len = (uint32_t)taken, .columns = (uint32_t)columns};
        memcpy(glyph->bytes, text, taken);
    }
    return taken;
}

uint32_t rs_text_columns(const char *text) {
    uint32_t columns = 0;
    glyph_t glyph;
    size_t taken;
    for (; (taken = next_glyph(text, &glyph)) > 0; text += taken) columns += glyph.columns;
    return columns;
}

void rs_line_clear(rs_line_t *line) {
    line->text[0] = '\0';
    line->len = line->columns = line->run_count = 0;
}

static void put_bytes(rs_line_t *line, rs_style_t style, const char *bytes, uint32_t len, uint32_t columns) {
    if (len == 0 || len >= sizeof line->text - line->len) return;
    rs_line_run_t *last = line->run_count == 0 ? NULL : &line->runs[line->run_count - 1];
    if (last == NULL || (last->style != style && line->run_count < RS_LINE_RUNS)) {
        last = &line->runs[line->run_count++];
        *last = (rs_line_run_t){.from = (uint16_t)line->len, .style = (uint8_t)style};
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
    line->columns += columns;
    line->text[line->len] = '\0';
    last->to = (uint16_t)line->len;
}

static void put_blanks(rs_line_t *line, rs_style_t style, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) put_bytes(line, style, " ", 1, 1);
}

/* Adds characters as long as they fit into `room` columns. */
static void put_within(rs_line_t *line, rs_style_t style, const char *text, uint32_t room) {
    glyph_t glyph;
    size_t taken;
    for (; (taken = next_glyph(text, &glyph)) > 0 && glyph.columns <= room; text += taken) {
        put_bytes(line, style, glyph.bytes, glyph.len, glyph.columns);
        room -= glyph.columns;
    }
}

void rs_line_put(rs_line_t *line, rs_style_t style, const char *text) { put_within(line, style, text, UINT32_MAX); }

void rs_line_cell(rs_line_t *line, rs_style_t style, rs_align_t align, const char *text, uint32_t columns) {
    const uint32_t wanted = rs_text_columns(text), end = line->columns + columns;
    if (columns == 0) return;
    if (wanted > columns) {
        put_within(line, style, text, columns - 1);
        put_bytes(line, style, "…", strlen("…"), 1);
    } else {
        if (align == RS_ALIGN_RIGHT) put_blanks(line, RS_STYLE_PLAIN, columns - wanted);
        rs_line_put(line, style, text);
    }
    rs_line_fill_to(line, end);
}

void rs_line_fill_to(rs_line_t *line, uint32_t column) {
    if (column > line->columns) put_blanks(line, RS_STYLE_PLAIN, column - line->columns);
}

void rs_line_restyle(rs_line_t *line, rs_style_t style) {
    if (line->len == 0) return;
    line->runs[0] = (rs_line_run_t){.from = 0, .to = (uint16_t)line->len, .style = (uint8_t)style};
    line->run_count = 1;
}

void rs_line_trim(rs_line_t *line) {
    while (line->len > 0 && line->text[line->len - 1] == ' ') {
        line->text[--line->len] = '\0';
        line->columns--;
        rs_line_run_t *last = &line->runs[line->run_count - 1];
        last->to--;
        if (last->to == last->from) line->run_count--;
    }
}
