#include "feed/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(rs_str_t path, const char *reason, int status, char *why, size_t why_size) {
    (void)snprintf(why, why_size, "%.*s: %s", (int)path.len, path.data, reason);
    return status;
}

static int read_open(int file, rs_str_t path, rs_secret_t *secret, char *why, size_t why_size) {
    struct stat about;

    if (fstat(file, &about) != 0) return refuse(path, strerror(errno), RS_ERR_IO, why, why_size);
    if (!S_ISREG(about.st_mode)) return refuse(path, "is no regular file", RS_ERR_INVALID, why, why_size);
    if ((about.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
        return refuse(path, "others may read or change it: chmod 640 or 600", RS_ERR_INVALID, why, why_size);
    const ssize_t len = read(file, secret->bytes, RS_SECRET_MAX + 1);
    if (len < 0) return refuse(path, strerror(errno), RS_ERR_IO, why, why_size);
    if (len > RS_SECRET_MAX) return refuse(path, "is too long", RS_ERR_INVALID, why, why_size);
    secret->len = (uint32_t)len;
    return RS_OK;
}

static int judge(rs_str_t path, uint32_t min, uint32_t max, const rs_secret_t *secret, char *why, size_t why_size) {
    char reason[96];

    for (uint32_t i = 0; i < secret->len; i++)
        if ((unsigned char)secret->bytes[i] < 0x20 || secret->bytes[i] == 0x7F)
            return refuse(path, "holds a control character or a second line", RS_ERR_INVALID, why, why_size);
    if (secret->len >= min && secret->len <= max) return RS_OK;
    (void)snprintf(reason, sizeof(reason), "has %" PRIu32 " bytes, and %" PRIu32 " to %" PRIu32 " belong into it", secret->len,
                   min, max);
    return refuse(path, reason, RS_ERR_INVALID, why, why_size);
}

int rs_secret_read(rs_str_t path, uint32_t min, uint32_t max, rs_secret_t *secret, char *why, size_t why_size) {
    secret->len = 0;
    secret->bytes[0] = '\0';
    if (path.len == 0) return RS_OK;
    const int file = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return refuse(path, strerror(errno), RS_ERR_IO, why, why_size);
    int status = read_open(file, path, secret, why, why_size);
    (void)close(file);
    while (status == RS_OK && secret->len > 0 && strchr("\r\n", secret->bytes[secret->len - 1]) != NULL) secret->len--;
    if (status == RS_OK) secret->bytes[secret->len] = '\0';
    if (status == RS_OK) status = judge(path, min, max, secret, why, why_size);
    if (status != RS_OK) rs_secret_wipe(secret);
    return status;
}

void rs_secret_wipe(rs_secret_t *secret) { sodium_memzero(secret, sizeof(*secret)); }

void rs_secret_sign(const rs_secret_t *secret, int64_t at_s, const char *body, size_t body_len, char text[RS_SIGNATURE_TEXT]) {
    crypto_auth_hmacsha256_state state;
    unsigned char sum[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof(sum) + 1], stamp[24];
    const int stamp_len = snprintf(stamp, sizeof(stamp), "%" PRId64 ".", at_s);

    (void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret->bytes, secret->len);
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)stamp, (unsigned long long)stamp_len);
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, body_len);
    (void)crypto_auth_hmacsha256_final(&state, sum);
    sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
    (void)snprintf(text, RS_SIGNATURE_TEXT, "t=%" PRId64 ",v1=%s", at_s, hex);
    sodium_memzero(&state, sizeof(state));
}
