/* cli/reader.h — recorded events, from files of any format, one after the other: for `send` and `replay`.
 *
 * Model:     open one file, then next until it says end. A reader turns bytes into checked events; a line that is refused
 *            is one result like an event is, and reading goes on after it.
 * Threads:   a reader belongs to one thread; several readers may live in several threads.
 * Memory:    an event borrows its strings from the reader until the next call for the same reader.
 * Formats:   ndjson (canonical events, one JSON object a line), protobuf (one ringside.v1.EventBatch of any length: each event
 *            is 0x0A, its length as a varint, its bytes), asterisk-queue-log. Files ending in .gz, and gzip streams whatever
 *            they are called, are read as they are. "-" is standard input.
 * Adding:    a format is one file with an rs_reader_format_t (reader_format.h) and one row in reader.c's table.
 */
#ifndef RS_CLI_READER_H
#define RS_CLI_READER_H

#include "config/config.h"
#include "event/event.h"

typedef struct rs_reader rs_reader_t;

/* "ndjson, protobuf, asterisk-queue-log", for messages. Static storage. */
const char *rs_reader_format_names(void);

/* Opens `path`. `format` NULL: by file name (…/queue_log, queue_log.1, queue_log.gz: asterisk-queue-log; .pb, .protobuf: protobuf; else
 * ndjson). `config` is borrowed for the reader's life and may be NULL when the format needs none (ndjson, protobuf).
 * RS_ERR_NOT_FOUND: unknown format. RS_ERR_IO: cannot be opened, errno says why. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_reader_open(const char *path, const char *format, const rs_config_t *config, rs_reader_t **reader);
void rs_reader_close(rs_reader_t **reader);

/* The next result. 1: *event. 0: the end. RS_ERR_PARSE: an event was refused, *refused says why; go on.
 * RS_ERR_IO: the file cannot be read on (damaged gzip, read error); rs_reader_error has the words; do not go on.
 * *line: the 1-based line of a text format that the result is from, the 1-based event of protobuf. */
RS_MUST_CHECK int rs_reader_next(rs_reader_t *reader, rs_event_t *event, rs_refused_t *refused, uint64_t *line);

/* Why rs_reader_next returned RS_ERR_IO; "" when it did not. Valid until close. */
const char *rs_reader_error(const rs_reader_t *reader);

#endif
