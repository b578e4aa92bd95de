/* client/spool_internal.h — what the files of the spool share.
 *   spool.c        life, append, settle, sync              spool_scan.c   what is in the file
 *   spool_block.c  the forms of blocks and records         spool_key.c    the key's file
 */
#ifndef RS_CLIENT_SPOOL_INTERNAL_H
#define RS_CLIENT_SPOOL_INTERNAL_H

#include "client/spool.h"

#include <sodium.h>
#include <stdatomic.h>

enum {
    RS__SPOOL_BLOCK = 4096,
    RS__SPOOL_DATA = 3 * RS__SPOOL_BLOCK,             /* where the data begin */
    RS__SPOOL_IDENTITY = 512, RS__SPOOL_MARK = 48,    /* bytes in use of their blocks */
    RS__SPOOL_HEAD = 48,                              /* of a record, before the encrypted event */
    RS__SPOOL_TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    RS__SPOOL_ID = 16, RS__SPOOL_SALT = 16,
    RS__SPOOL_MAX_RECORD = (RS__SPOOL_HEAD + RS__SPOOL_MAX_EVENT + RS__SPOOL_TAG + 7) / 8 * 8,
    RS__SPOOL_MIN_RECORD = RS__SPOOL_HEAD + RS__SPOOL_TAG + 8
};
#define RS__SPOOL_MAX_NUMBER (UINT64_C(1) << 62)      /* of numbers and positions: no sum of them wraps */

typedef struct rs__spool_found { uint64_t number, position, end; } rs__spool_found_t;

struct rs__spool {
    int fd;
    uint8_t key[RS__SPOOL_KEY_BYTES];
    /* identity */
    uint8_t id[RS__SPOOL_ID], boot[16], key_check[16];
    char source[RS_MAX_NAME + 1], incarnation[RS__SPOOL_MAX_INCARNATION + 1];
    uint64_t capacity, fence;
    uint8_t encoding, sync;
    bool is_half;                /* the first copy of it was damaged when it was read */
    /* recovery */
    rs__spool_found_t *found;    /* above settled, ascending */
    uint32_t found_count, found_room;
    uint64_t last, lost;
    uint64_t cut[2];             /* where records were begun and not ended */
    uint32_t cut_count;
    /* append, under the senders' lock */
    uint64_t head;
    uint8_t salt[RS__SPOOL_SALT];            /* new at every open: no nonce is used twice */
    uint8_t record[RS__SPOOL_MAX_RECORD];
    /* settle */
    uint64_t mark_turn;
    _Atomic uint64_t settled, tail;          /* spool.h says who writes and who reads */
    _Atomic uint64_t head_seen;              /* a figure, relaxed */
};

static inline void rs__put32(uint8_t *at, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}
static inline void rs__put64(uint8_t *at, uint64_t value) {
    for (unsigned i = 0; i < 8; i++) at[i] = (uint8_t)(value >> (8 * i));
}
static inline uint32_t rs__get32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static inline uint64_t rs__get64(const uint8_t *at) { return (uint64_t)rs__get32(at) | (uint64_t)rs__get32(at + 4) << 32; }

/* --- spool_block.c -------------------------------------------------------------------------------------------------- */
/* Whole or RS_ERR_IO; past the end of the file zeros are read. */
RS_MUST_CHECK int rs__spool_read(const rs__spool_t *spool, uint64_t offset, void *bytes, size_t len);
RS_MUST_CHECK int rs__spool_write(const rs__spool_t *spool, uint64_t offset, const void *bytes, size_t len);

/* Both copies, the first one first. */
RS_MUST_CHECK int rs__spool_write_identity(const rs__spool_t *spool);
/* Of 512 bytes. RS_ERR_PARSE, RS_ERR_VERSION; RS_ERR_NOT_FOUND: nothing there, zeros. */
RS_MUST_CHECK int rs__spool_take_identity(rs__spool_t *spool, const uint8_t block[RS__SPOOL_IDENTITY]);
void rs__spool_make_key_check(const rs__spool_t *spool, uint8_t check[16]);
void rs__spool_make_mark(const rs__spool_t *spool, uint64_t turn, uint64_t settled, uint64_t tail, uint8_t mark[RS__SPOOL_MARK]);
/* False when it does not verify. */
bool rs__spool_take_mark(const rs__spool_t *spool, const uint8_t mark[RS__SPOOL_MARK], uint64_t *turn, uint64_t *settled, uint64_t *tail);

/* Bytes of the record of an event of `len` bytes. */
static inline uint64_t rs__spool_record_size(uint64_t len) { return (RS__SPOOL_HEAD + len + RS__SPOOL_TAG + 7) / 8 * 8; }
/* Into spool->record. */
void rs__spool_seal(rs__spool_t *spool, uint64_t number, uint64_t position, uint64_t settled, const void *bytes, uint32_t len);
/* Could a record begin with these RS__SPOOL_HEAD bytes at `offset` of the data? */
bool rs__spool_is_head(const rs__spool_t *spool, const uint8_t *head, uint64_t offset);
/* Decrypts the record at `bytes` (of rs__spool_is_head, whole) into `event`. False: it does not verify. */
RS_MUST_CHECK bool rs__spool_unseal(const rs__spool_t *spool, const uint8_t *bytes, uint8_t event[RS__SPOOL_MAX_EVENT], uint32_t *len);

/* --- spool_scan.c: found, last, lost, head, settled, tail ----------------------------------------------------------- */
RS_MUST_CHECK int rs__spool_scan(rs__spool_t *spool);
/* After the fence that stands for them is on disk: the next start finds none of them,
 * and so neither counts them nor takes another name again. */
RS_MUST_CHECK int rs__spool_wipe_cut_records(rs__spool_t *spool);

/* --- spool_key.c ---------------------------------------------------------------------------------------------------- */
/* RS_ERR_NOT_FOUND: no such file, or not 32 bytes. RS_ERR_IO. */
RS_MUST_CHECK int rs__spool_load_key(const char *spool_path, bool may_make, uint8_t key[RS__SPOOL_KEY_BYTES]);

#endif
