#include "cli/reader_input.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

enum { ZLIB_BUFFER = 256 << 10 };

struct rs_input {
    gzFile file;             /* reads plain files as they are */
    char *bytes;
    size_t begin, end;       /* the view */
    uint64_t position;       /* of begin */
    bool has_ended;
    char error[256];
};

int rs_input_open(const char *path, rs_input_t **input_out) {
    rs_input_t *input = calloc(1, sizeof *input);
    if (input == NULL) return RS_ERR_MEMORY;
    input->bytes = malloc(RS_INPUT_ROOM);
    const int descriptor = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : -1;
    errno = 0;
    input->file = descriptor >= 0 ? gzdopen(descriptor, "rb") : gzopen(path, "rbe");
    const int why = errno;
    if (input->bytes == NULL || input->file == NULL) {
        if (input->file == NULL && descriptor >= 0) close(descriptor);
        rs_input_close(&input);
        errno = why;
        return why == 0 || why == ENOMEM ? RS_ERR_MEMORY : RS_ERR_IO;
    }
    gzbuffer(input->file, ZLIB_BUFFER);
    *input_out = input;
    return RS_OK;
}

void rs_input_close(rs_input_t **input) {
    if (input == NULL || *input == NULL) return;
    if ((*input)->file != NULL) gzclose((*input)->file);
    free((*input)->bytes);
    free(*input);
    *input = NULL;
}

rs_str_t rs_input_view(const rs_input_t *input) {
    return (rs_str_t){.data = input->bytes + input->begin, .len = (uint32_t)(input->end - input->begin)};
}

void rs_input_consume(rs_input_t *input, size_t bytes) {
    const size_t left = input->end - input->begin;
    const size_t taken = bytes < left ? bytes : left;
    input->begin += taken;
    input->position += taken;
}

int rs_input_more(rs_input_t *input) {
    if (input->error[0] != '\0') return RS_ERR_IO;
    if (input->has_ended) return RS_ERR_NOT_FOUND;
    if (input->begin > 0) {
        memmove(input->bytes, input->bytes + input->begin, input->end - input->begin);
        input->end -= input->begin;
        input->begin = 0;
    }
    if (input->end == RS_INPUT_ROOM) return RS_ERR_FULL;
    const int got = gzread(input->file, input->bytes + input->end, (unsigned)(RS_INPUT_ROOM - input->end));
    int code = Z_OK;
    const char *words = gzerror(input->file, &code);
    /* A gzip file that was cut ends with Z_BUF_ERROR, and gzread says nothing about it. */
    if (got < 0 || code == Z_BUF_ERROR) {
        rs_input_fail(input, "%s", code == Z_ERRNO ? strerror(errno) : code == Z_BUF_ERROR ? "the gzip stream is cut" : words);
        return RS_ERR_IO;
    }
    input->end += (size_t)got;
    if (got > 0) return RS_OK;
    input->has_ended = true;
    return RS_ERR_NOT_FOUND;
}

static void cut_return(rs_str_t *line) {
    if (line->len > 0 && line->data[line->len - 1] == '\r') line->len--;
}

/* Drops everything up to and with the next line feed. */
static int skip_long_line(rs_input_t *input, rs_str_t *line) {
    uint64_t length = 0;
    for (;;) {
        const rs_str_t view = rs_input_view(input);
        const char *feed = view.len == 0 ? NULL : memchr(view.data, '\n', view.len);
        const size_t part = feed == NULL ? view.len : (size_t)(feed - view.data);
        length += part;
        rs_input_consume(input, part + (feed != NULL));
        if (feed == NULL) {
            const int status = rs_input_more(input);
            if (status == RS_ERR_IO) return RS_ERR_IO;
            if (status == RS_OK) continue;
        }
        *line = (rs_str_t){.data = NULL, .len = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length};
        return RS_ERR_FULL;
    }
}

int rs_input_line(rs_input_t *input, rs_str_t *line) {
    size_t searched = 0;
    for (;;) {
        const rs_str_t view = rs_input_view(input);
        const char *feed = view.len == searched ? NULL : memchr(view.data + searched, '\n', view.len - searched);
        if (feed != NULL) {
            *line = (rs_str_t){.data = view.data, .len = (uint32_t)(feed - view.data)};
            rs_input_consume(input, (size_t)line->len + 1);
            cut_return(line);
            return 1;
        }
        searched = view.len;
        const int status = rs_input_more(input);
        if (status == RS_OK) continue;
        if (status == RS_ERR_FULL) return skip_long_line(input, line);
        if (status == RS_ERR_IO) return RS_ERR_IO;
        if (view.len == 0) return 0;
        *line = rs_input_view(input);
        rs_input_consume(input, line->len);
        cut_return(line);
        return 1;
    }
}

void rs_input_fail(rs_input_t *input, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(input->error, sizeof input->error, format, arguments);
    va_end(arguments);
}

const char *rs_input_error(const rs_input_t *input) { return input->error; }
uint64_t rs_input_position(const rs_input_t *input) { return input->position; }
