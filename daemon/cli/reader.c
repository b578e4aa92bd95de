#include "cli/reader_format.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* The first is the default; the names below are those of the table. */
static const rs_reader_format_t *const formats[] = {&rs_reader_ndjson, &rs_reader_protobuf, &rs_reader_asterisk};
static const char format_names[] = "ndjson, protobuf, asterisk-queue-log";

struct rs_reader {
    const rs_reader_format_t *format;
    rs_input_t *input;
    void *state;
};

const char *rs_reader_format_names(void) { return format_names; }

static rs_str_t file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    rs_str_t name = rs_str(slash == NULL ? path : slash + 1);
    if (name.len > 3 && memcmp(name.data + name.len - 3, ".gz", 3) == 0) name.len -= 3;
    return name;
}

static const rs_reader_format_t *find_format(const char *path, const char *wanted) {
    for (size_t i = 0; i < RS_ARRAY_LEN(formats); i++) {
        if (wanted != NULL && strcmp(formats[i]->name, wanted) == 0) return formats[i];
        if (wanted == NULL && formats[i]->claims != NULL && formats[i]->claims(file_name(path))) return formats[i];
    }
    return wanted == NULL ? formats[0] : NULL;
}

int rs_reader_open(const char *path, const char *format, const rs_config_t *config, rs_reader_t **reader_out) {
    const rs_reader_format_t *found = find_format(path, format);
    if (found == NULL) return RS_ERR_NOT_FOUND;
    rs_reader_t *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return RS_ERR_MEMORY;
    int status = rs_input_open(path, &reader->input);
    if (status == RS_OK) status = found->open(reader->input, path, config, &reader->state);
    if (status != RS_OK) {
        const int why = errno;
        rs_input_close(&reader->input);
        free(reader);
        errno = why;
        return status;
    }
    reader->format = found;
    *reader_out = reader;
    return RS_OK;
}

void rs_reader_close(rs_reader_t **reader) {
    if (reader == NULL || *reader == NULL) return;
    (*reader)->format->close((*reader)->state);
    rs_input_close(&(*reader)->input);
    free(*reader);
    *reader = NULL;
}

int rs_reader_next(rs_reader_t *reader, rs_event_t *event, rs_refused_t *refused, uint64_t *line) {
    return reader->format->next(reader->state, event, refused, line);
}

const char *rs_reader_error(const rs_reader_t *reader) { return rs_input_error(reader->input); }

/* --- keeping an event ----------------------------------------------------------------------------------------------- */
#define STRINGS(X)                                                                                               \
    X(event_id) X(source) X(incarnation) X(tenant) X(contact_id) X(journey_id) X(customer) X(queue) X(agent)     \
    X(team) X(topic) X(to_queue) X(to_agent) X(code) X(case_id)

void rs_kept_event_set(rs_kept_event_t *kept, const rs_event_t *event) {
    kept->event = *event;
    char *at = kept->strings;
    /* A checked event has at most 12 * 64 + 3 * 128 bytes of strings. */
#define KEEP(field)                                                                       \
    if (event->field.len > 0) {                                                           \
        RS_REQUIRE(event->field.len <= (size_t)(kept->strings + sizeof kept->strings - at)); \
        memcpy(at, event->field.data, event->field.len);                                  \
        kept->event.field.data = at;                                                      \
        at += event->field.len;                                                           \
    }
    STRINGS(KEEP)
#undef KEEP
}
