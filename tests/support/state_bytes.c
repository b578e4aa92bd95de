/* support/state_bytes.c — see state_bytes.h. */
#include "state_bytes.h"

#include <stdio.h>
#include <stdlib.h>

static int take(void *context, const void *bytes, size_t len) {
    state_bytes_t *state = context;
    if (state->len + len > state->room) {
        state->room = (state->len + len) * 2;
        state->bytes = realloc(state->bytes, state->room);
        RS_REQUIRE(state->bytes != NULL);
    }
    memcpy(state->bytes + state->len, bytes, len);
    state->len += len;
    return RS_OK;
}

void state_save(const rs_core_t *core, state_bytes_t *state) {
    const rs_state_out_t out = {.context = state, .write = take};
    state->len = 0;
    RS_REQUIRE(rs_core_save(core, &out, &state->hash) == RS_OK);
}

void state_free(state_bytes_t *state) {
    free(state->bytes);
    *state = (state_bytes_t){0};
}

bool state_equal(const state_bytes_t *a, const state_bytes_t *b) { return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0; }

typedef struct reading {
    const state_bytes_t *state;
    size_t at, step;
} reading_t;

static int give(void *context, void *bytes, size_t room, size_t *len) {
    reading_t *reading = context;
    size_t part = reading->state->len - reading->at;
    if (part > room) part = room;
    if (reading->step != 0 && part > reading->step) part = reading->step;
    if (part > 0) memcpy(bytes, reading->state->bytes + reading->at, part);
    reading->at += part;
    *len = part;
    return RS_OK;
}

int state_load(const rs_core_options_t *options, const state_bytes_t *state, size_t step, char *what, rs_core_t **core) {
    reading_t reading = {.state = state, .step = step};
    const rs_state_in_t in = {.context = &reading, .read = give};
    return rs_core_load(options, &in, what, core);
}

/* Sections by their first block: a name of printable letters after the block's head. */
void state_describe_difference(const state_bytes_t *a, const state_bytes_t *b, char *text, size_t size) {
    size_t at = 16 + 16, differs = 0;
    char name[80] = "header";
    bool begins = true;
    while (differs < a->len && differs < b->len && a->bytes[differs] == b->bytes[differs]) differs++;
    while (at + 8 < a->len && at <= differs) {
        const size_t len = a->bytes[at] | (size_t)a->bytes[at + 1] << 8 | (size_t)a->bytes[at + 2] << 16;
        if (begins && len > 0) {
            snprintf(name, sizeof name, "%.*s", a->bytes[at + 8] < 64 ? a->bytes[at + 8] : 64, (const char *)&a->bytes[at + 9]);
        }
        begins = a->bytes[at + 6] == 1;
        if (len == 0) break;
        at += 8 + len + 16;
    }
    snprintf(text, size, "states of %zu and %zu bytes differ at %zu, or in lengths before, in section '%s'", a->len, b->len, differs, name);
}

void state_restart(rs_core_t **core, const rs_core_options_t *options, state_bytes_t *scratch) {
    char what[RS_STATE_WHAT_BYTES];
    state_bytes_t again = {0};
    state_save(*core, scratch);
    rs_core_destroy(core);
    const int status = state_load(options, scratch, 0, what, core);
    if (status != RS_OK) {
        fprintf(stderr, "restart: %s: %s\n", rs_status_text(status), what);
        abort();
    }
    state_save(*core, &again);
    if (!state_equal(scratch, &again)) {
        char text[256];
        state_describe_difference(scratch, &again, text, sizeof text);
        fprintf(stderr, "restart: saved, loaded and saved again: %s\n", text);
        abort();
    }
    state_free(&again);
}
