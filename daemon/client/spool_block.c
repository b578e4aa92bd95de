#include "client/spool_internal.h"

#include <errno.h>
#include <unistd.h>

enum { VERSION = 1, SUM_AT = RS__SPOOL_IDENTITY - 16, MARK_SUM_AT = RS__SPOOL_MARK - 16 };
static const uint8_t identity_magic[8] = {'R', 'S', 'S', 'P', 'O', 'O', 'L', '1'};
static const uint8_t mark_magic[8] = {'R', 'S', 'S', 'M', 'A', 'R', 'K', '1'};
static const uint8_t record_magic[4] = {'R', 'S', 'R', 'C'};

/* --- the file ------------------------------------------------------------------------------------------------------- */
int rs__spool_read(const rs__spool_t *spool, uint64_t offset, void *bytes, size_t len) {
    size_t done = 0;
    while (done < len) {
        const ssize_t got = pread(spool->fd, (uint8_t *)bytes + done, len - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return RS_ERR_IO;
        if (got == 0) break;
        done += (size_t)got;
    }
    memset((uint8_t *)bytes + done, 0, len - done);
    return RS_OK;
}

int rs__spool_write(const rs__spool_t *spool, uint64_t offset, const void *bytes, size_t len) {
    size_t done = 0;
    while (done < len) {
        const ssize_t put = pwrite(spool->fd, (const uint8_t *)bytes + done, len - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return RS_ERR_IO;
        done += (size_t)put;
    }
    return RS_OK;
}

/* --- identity ------------------------------------------------------------------------------------------------------- */
static void sum_of(const uint8_t *bytes, size_t len, uint8_t sum[16]) { crypto_generichash(sum, 16, bytes, len, NULL, 0); }

void rs__spool_make_key_check(const rs__spool_t *spool, uint8_t check[16]) {
    crypto_generichash(check, 16, spool->id, sizeof spool->id, spool->key, sizeof spool->key);
}

static void make_identity(const rs__spool_t *spool, uint8_t block[RS__SPOOL_IDENTITY]) {
    const size_t source_len = strlen(spool->source), incarnation_len = strlen(spool->incarnation);
    memset(block, 0, RS__SPOOL_IDENTITY);
    memcpy(block, identity_magic, sizeof identity_magic);
    rs__put32(block + 8, VERSION);
    block[12] = spool->encoding;
    block[13] = spool->sync;
    block[14] = (uint8_t)source_len;
    block[15] = (uint8_t)incarnation_len;
    rs__put64(block + 16, spool->capacity);
    rs__put64(block + 24, spool->fence);
    memcpy(block + 32, spool->id, 16);
    memcpy(block + 48, spool->boot, 16);
    memcpy(block + 64, spool->key_check, 16);
    memcpy(block + 80, spool->source, source_len);
    memcpy(block + 144, spool->incarnation, incarnation_len);
    sum_of(block, SUM_AT, block + SUM_AT);
}

int rs__spool_write_identity(const rs__spool_t *spool) {
    uint8_t block[RS__SPOOL_IDENTITY];
    make_identity(spool, block);
    const int status = rs__spool_write(spool, 0, block, sizeof block);
    return status != RS_OK ? status : rs__spool_write(spool, RS__SPOOL_DATA + spool->capacity, block, sizeof block);
}

static bool are_lengths_right(const uint8_t *block) {
    const uint64_t capacity = rs__get64(block + 16);
    return block[14] >= 1 && block[14] <= RS_MAX_NAME && block[15] >= 1 && block[15] <= RS__SPOOL_MAX_INCARNATION && block[12] <= 1 &&
           block[13] <= 1 && capacity >= UINT64_C(65536) && capacity <= UINT64_C(1) << 32 && (capacity & (capacity - 1)) == 0 &&
           memchr(block + 80, 0, block[14]) == NULL && memchr(block + 144, 0, block[15]) == NULL;
}

int rs__spool_take_identity(rs__spool_t *spool, const uint8_t block[RS__SPOOL_IDENTITY]) {
    static const uint8_t zeros[RS__SPOOL_IDENTITY];
    uint8_t sum[16];
    if (memcmp(block, zeros, sizeof zeros) == 0) return RS_ERR_NOT_FOUND;
    sum_of(block, SUM_AT, sum);
    if (memcmp(block, identity_magic, sizeof identity_magic) != 0 || memcmp(sum, block + SUM_AT, 16) != 0) return RS_ERR_PARSE;
    if (rs__get32(block + 8) != VERSION) return RS_ERR_VERSION;
    if (!are_lengths_right(block)) return RS_ERR_PARSE;
    spool->encoding = block[12];
    spool->sync = block[13];
    spool->capacity = rs__get64(block + 16);
    spool->fence = rs__get64(block + 24);
    memcpy(spool->id, block + 32, 16);
    memcpy(spool->boot, block + 48, 16);
    memcpy(spool->key_check, block + 64, 16);
    memcpy(spool->source, block + 80, block[14]);
    spool->source[block[14]] = '\0';
    memcpy(spool->incarnation, block + 144, block[15]);
    spool->incarnation[block[15]] = '\0';
    return RS_OK;
}

/* --- marks ---------------------------------------------------------------------------------------------------------- */
static void sum_mark(const rs__spool_t *spool, const uint8_t *mark, uint8_t sum[16]) {
    uint8_t bytes[RS__SPOOL_ID + MARK_SUM_AT];
    memcpy(bytes, spool->id, RS__SPOOL_ID);
    memcpy(bytes + RS__SPOOL_ID, mark, MARK_SUM_AT);
    crypto_generichash(sum, 16, bytes, sizeof bytes, spool->key, sizeof spool->key);
}

void rs__spool_make_mark(const rs__spool_t *spool, uint64_t turn, uint64_t settled, uint64_t tail, uint8_t mark[RS__SPOOL_MARK]) {
    memcpy(mark, mark_magic, sizeof mark_magic);
    rs__put64(mark + 8, turn);
    rs__put64(mark + 16, settled);
    rs__put64(mark + 24, tail);
    sum_mark(spool, mark, mark + MARK_SUM_AT);
}

bool rs__spool_take_mark(const rs__spool_t *spool, const uint8_t mark[RS__SPOOL_MARK], uint64_t *turn, uint64_t *settled, uint64_t *tail) {
    uint8_t sum[16];
    if (memcmp(mark, mark_magic, sizeof mark_magic) != 0) return false;
    sum_mark(spool, mark, sum);
    if (memcmp(sum, mark + MARK_SUM_AT, 16) != 0) return false;
    *turn = rs__get64(mark + 8);
    *settled = rs__get64(mark + 16);
    *tail = rs__get64(mark + 24);
    return *settled < RS__SPOOL_MAX_NUMBER && *tail < RS__SPOOL_MAX_NUMBER && *tail % 8 == 0;
}

/* --- records -------------------------------------------------------------------------------------------------------- */
static void make_nonce(const uint8_t *head, uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES]) {
    memcpy(nonce, head + 32, RS__SPOOL_SALT);
    memcpy(nonce + RS__SPOOL_SALT, head + 8, 8);
}

static void make_beside(const rs__spool_t *spool, const uint8_t *head, uint8_t beside[RS__SPOOL_HEAD + RS__SPOOL_ID]) {
    memcpy(beside, head, RS__SPOOL_HEAD);
    memcpy(beside + RS__SPOOL_HEAD, spool->id, RS__SPOOL_ID);
}

void rs__spool_seal(rs__spool_t *spool, uint64_t number, uint64_t position, uint64_t settled, const void *bytes, uint32_t len) {
    uint8_t *head = spool->record;
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES], beside[RS__SPOOL_HEAD + RS__SPOOL_ID];
    memcpy(head, record_magic, sizeof record_magic);
    rs__put32(head + 4, len);
    rs__put64(head + 8, number);
    rs__put64(head + 16, position);
    rs__put64(head + 24, settled);
    memcpy(head + 32, spool->salt, RS__SPOOL_SALT);
    make_nonce(head, nonce);
    make_beside(spool, head, beside);
    crypto_aead_xchacha20poly1305_ietf_encrypt(head + RS__SPOOL_HEAD, NULL, bytes, len, beside, sizeof beside, NULL, nonce, spool->key);
    const uint64_t end = RS__SPOOL_HEAD + (uint64_t)len + RS__SPOOL_TAG;
    memset(head + end, 0, rs__spool_record_size(len) - end);
}

bool rs__spool_is_head(const rs__spool_t *spool, const uint8_t *head, uint64_t offset) {
    if (memcmp(head, record_magic, sizeof record_magic) != 0) return false;
    const uint32_t len = rs__get32(head + 4);
    const uint64_t number = rs__get64(head + 8), position = rs__get64(head + 16);
    return len >= 1 && len <= RS__SPOOL_MAX_EVENT && offset + rs__spool_record_size(len) <= spool->capacity &&
           position < RS__SPOOL_MAX_NUMBER && position % spool->capacity == offset && number < RS__SPOOL_MAX_NUMBER &&
           rs__get64(head + 24) < number;
}

bool rs__spool_unseal(const rs__spool_t *spool, const uint8_t *bytes, uint8_t event[RS__SPOOL_MAX_EVENT], uint32_t *len) {
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES], beside[RS__SPOOL_HEAD + RS__SPOOL_ID];
    *len = rs__get32(bytes + 4);
    make_nonce(bytes, nonce);
    make_beside(spool, bytes, beside);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(event, NULL, NULL, bytes + RS__SPOOL_HEAD, (uint64_t)*len + RS__SPOOL_TAG, beside,
                                                      sizeof beside, nonce, spool->key) == 0;
}
