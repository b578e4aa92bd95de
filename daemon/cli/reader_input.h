/* cli/reader_input.h — the bytes of one file, plain or gzip, through one buffer of bounded size.
 *
 * Model:     view is what was read and not yet consumed; more reads on behind it, keeping it; consume drops its beginning.
 * Threads:   one. Memory: the buffer (RS_INPUT_ROOM) and zlib's; a view is valid until the next more, line or close.
 */
#ifndef RS_CLI_READER_INPUT_H
#define RS_CLI_READER_INPUT_H

#include "base/base.h"

enum { RS_INPUT_ROOM = 1 << 20 };    /* the longest line, or event, that can be read */

typedef struct rs_input rs_input_t;

/* "-" is standard input. RS_ERR_IO: errno says why. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_input_open(const char *path, rs_input_t **input);
void rs_input_close(rs_input_t **input);

rs_str_t rs_input_view(const rs_input_t *input);
void rs_input_consume(rs_input_t *input, size_t bytes);
/* RS_OK: the view is longer now. RS_ERR_NOT_FOUND: the file has ended. RS_ERR_FULL: the view fills the buffer.
 * RS_ERR_IO: see rs_input_error. */
RS_MUST_CHECK int rs_input_more(rs_input_t *input);

/* The next line, without its line feed (and a carriage return before it); it is consumed. 1; 0: the end; RS_ERR_FULL: the
 * line was longer than the buffer and is skipped, line->len is its length and line->data NULL; RS_ERR_IO. */
RS_MUST_CHECK int rs_input_line(rs_input_t *input, rs_str_t *line);

/* Fails the input with words of the caller ("at byte 17: …"); the same place as zlib's. */
void rs_input_fail(rs_input_t *input, const char *format, ...) RS_PRINTF(2, 3);
const char *rs_input_error(const rs_input_t *input);
/* How many bytes (uncompressed) were consumed. */
uint64_t rs_input_position(const rs_input_t *input);

#endif
