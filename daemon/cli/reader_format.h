/* cli/reader_format.h — what a file format gives to the reader. A new one: define an rs_reader_format_t in a file of its own,
 * declare it below, and put it into the table of reader.c. */
#ifndef RS_CLI_READER_FORMAT_H
#define RS_CLI_READER_FORMAT_H

#include "cli/reader.h"
#include "cli/reader_input.h"

typedef struct rs_reader_format {
    const char *name;                          /* as --format has it */
    /* Does a file of this name (without folder and .gz) look like one of this format? NULL: never. */
    bool (*claims)(rs_str_t file_name);
    /* Makes the format's own state. `config` may be NULL. `input` is the reader's and outlives the state; a format that
     * gives its events another source than they name may take it from `path`. RS_OK with *state, RS_ERR_MEMORY,
     * RS_ERR_INVALID (needs a config). */
    int (*open)(rs_input_t *input, const char *path, const rs_config_t *config, void **state);
    /* Like rs_reader_next. For RS_ERR_IO the words are in the input's error. */
    int (*next)(void *state, rs_event_t *event, rs_refused_t *refused, uint64_t *line);
    void (*close)(void *state);
} rs_reader_format_t;

extern const rs_reader_format_t rs_reader_ndjson;      /* reader_ndjson.c */
extern const rs_reader_format_t rs_reader_protobuf;    /* reader_protobuf.c */
extern const rs_reader_format_t rs_reader_asterisk;    /* reader_asterisk.c */

/* What a decoder lends dies with its callback; this keeps one event's strings for the reader's caller. */
typedef struct rs_kept_event { rs_event_t event; char strings[2048]; } rs_kept_event_t;
void rs_kept_event_set(rs_kept_event_t *kept, const rs_event_t *event);

#endif
