/* feed/secret.h — secrets that stand in files: a URL, a key, a token, a password. */
#ifndef RS_FEED_SECRET_H
#define RS_FEED_SECRET_H

#include "base/base.h"

enum { RS_SECRET_MAX = 1024 };

typedef struct rs_secret {
    char bytes[RS_SECRET_MAX + 1]; /* NUL behind it */
    uint32_t len;
} rs_secret_t;

/* Reads the file, without the line feed at its end. An empty path is an empty secret. RS_ERR_IO, RS_ERR_INVALID with a sentence in
 * `why` that names the file and never what is in it: unreadable, no regular file, readable or writable by others, shorter than
 * `min` or longer than `max` bytes, more than a line. */
RS_MUST_CHECK int rs_secret_read(rs_str_t path, uint32_t min, uint32_t max, rs_secret_t *secret, char *why, size_t why_size);
void rs_secret_wipe(rs_secret_t *secret);
/* HMAC-SHA256 of `<at_s>.<body>` in hexadecimal digits, as the header Ringside-Signature says it: "t=<at_s>,v1=<hex>". */
enum { RS_SIGNATURE_TEXT = 112 };
void rs_secret_sign(const rs_secret_t *secret, int64_t at_s, const char *body, size_t body_len, char text[RS_SIGNATURE_TEXT]);

#endif
