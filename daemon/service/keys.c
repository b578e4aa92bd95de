/* The keys of the pseudonyms, one behind the other in their file: the last one is in force since it was added. With the tenant's name,
 * which is hashed along, each tenant has a function of its own under each of them. And the key that signs records of erasures. */
#include "service/admin.h"

#include "base/log.h"
#include "base/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int rs_service_read_keys(rs_service_t *service, const char *path) {
    uint8_t bytes[sizeof service->keys + 1];
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return RS_ERR_IO;
    const ssize_t len = read(file, bytes, sizeof bytes);
    close(file);
    snprintf(service->key_path, sizeof service->key_path, "%s", path);
    if (len <= 0 || len > (ssize_t)sizeof service->keys || len % RS_PSEUDONYM_KEY_BYTES != 0) return RS_ERR_PARSE;
    memcpy(service->keys, bytes, (size_t)len);
    sodium_memzero(bytes, sizeof bytes);
    service->key_count = (uint32_t)len / RS_PSEUDONYM_KEY_BYTES;
    memcpy(service->key, service->keys[service->key_count - 1], sizeof service->key);
    return RS_OK;
}

int rs_service_rotate_keys(rs_service_t *service, uint32_t keep) {
    uint8_t keys[RS_SERVICE_KEYS][RS_PSEUDONYM_KEY_BYTES];
    const uint32_t kept = service->key_count < keep - 1 ? service->key_count : keep - 1;
    if (kept == service->key_count && kept == RS_SERVICE_KEYS) return RS_ERR_LIMIT;
    memcpy(keys, service->keys[service->key_count - kept], (size_t)kept * RS_PSEUDONYM_KEY_BYTES);
    randombytes_buf(keys[kept], RS_PSEUDONYM_KEY_BYTES);
    const int status = rs_small_file_write(service->key_path, keys, ((size_t)kept + 1) * RS_PSEUDONYM_KEY_BYTES, 0600);
    if (status == RS_OK) {
        sodium_memzero(service->keys, sizeof service->keys);
        memcpy(service->keys, keys, ((size_t)kept + 1) * RS_PSEUDONYM_KEY_BYTES);
        service->key_count = kept + 1;
        memcpy(service->key, keys[kept], sizeof service->key);   /* the doors look at it with every event */
        RS_LOG_WITH(RS_LOG_NOTICE, "another key for pseudonyms is in force; who comes again is somebody new",
                    RS_LOG_UINT("keys", service->key_count));
    }
    sodium_memzero(keys, sizeof keys);
    return status;
}

int rs_service_sign(rs_service_t *service, const char *text, char signature[129], char public_key[65]) {
    char path[4096];
    uint8_t seed[crypto_sign_SEEDBYTES], public_bytes[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES],
        bytes[crypto_sign_BYTES];
    rs_service_state_path(service, "erasure.key", path, sizeof path);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno != ENOENT) return RS_ERR_IO;
    if (file < 0) {
        randombytes_buf(seed, sizeof seed);
        if (rs_small_file_write(path, seed, sizeof seed, 0600) != RS_OK) return RS_ERR_IO;
    } else {
        const ssize_t len = read(file, seed, sizeof seed);
        close(file);
        errno = EINVAL;
        if (len != (ssize_t)sizeof seed) return RS_ERR_IO;
    }
    crypto_sign_seed_keypair(public_bytes, secret, seed);
    crypto_sign_detached(bytes, NULL, (const uint8_t *)text, strlen(text), secret);
    sodium_bin2hex(signature, 129, bytes, sizeof bytes);
    sodium_bin2hex(public_key, 65, public_bytes, sizeof public_bytes);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return RS_OK;
}
