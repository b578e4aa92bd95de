/* client/spool.h — the producers' spool on disk: what rs_client_send accepted outlives the program.
 *
 * Model:     one file of fixed size, reserved when it is made. Records are appended round and round; what was acknowledged is
 *            overwritten. Every record carries its number, its place and how far events were settled when it was written, so that
 *            a reader needs nothing but the records themselves:
 *                head ────────────────► (positions are 64 bits and only grow; a record never crosses the end of the data)
 *                | settled, free | accepted, not settled | free |
 *                                ▲ tail
 *            Recovery looks at every place of the file, takes the records that verify, and keeps those above what is settled. A
 *            number between two good ones that has no record is lost: it is reported, and its place is kept.
 * Secrecy:   a record is encrypted and authenticated (XChaCha20-Poly1305): a caller's number never reaches the disk in the clear. Not
 *            the pseudonym is written, because only the daemon's key makes one that is the same for all producers. The key
 *            is the caller's, or 32 random bytes in `<path>.key`, readable by the owner only. Its loss makes the spool unreadable.
 * Crash:     of the program: a record that rs__spool_append returned RS_OK for is in the kernel's hands, nothing is lost. One that was
 *            begun counts as lost once: it makes a fence (below), and when that is on the disk its beginning is wiped.
 *            of the machine: RS_CLIENT_SYNC_BATCH loses what was not yet given to a batch, RS_CLIENT_SYNC_NEVER what
 *            the kernel had not written (some 30 s). Who it is, under which name and with which fence, is forced to the disk always.
 *            Numbers that such a crash freed must not be used twice under one name, so then the events found go out under the old
 *            incarnation, all later ones under a new one (the fence, below).
 * Threads:   append: one sender at a time. settle, sync, rename: the client's thread. Between the two sides:
 *            `settled`, then `tail` (release) by settle; `tail` (acquire), then `settled` by append, so that whoever overwrites a
 *            record says in the new one that the old one was settled.
 * Bounds:    `capacity` bytes and 16 KiB; nothing grows after open.
 *
 *   file     0 identity  4096 mark  8192 mark  12288 data … identity again (the last 4096 bytes). Little endian.
 *   identity 0 "RSSPOOL1"  8 version:4  12 encoding  13 sync  14 length of source  15 of incarnation  16 capacity:8  24 fence:8
 *            32 id:16  48 boot:16  64 check of the key:16  80 source:64  144 incarnation:96  240 zero  496 BLAKE2b-128 of all before
 *   mark     0 "RSSMARK1"  8 turn:8  16 settled:8  24 tail:8  32 BLAKE2b-128 of id and all before, with the key. The greater turn holds.
 *   record   0 "RSRC"  4 length of the event:4  8 number:8  16 position:8  24 settled:8  32 salt:16  48 encrypted event and tag,
 *            zeros up to a multiple of 8. Nonce: salt, number. Authenticated beside it: the 48 bytes and the id.
 */
#ifndef RS_CLIENT_SPOOL_H
#define RS_CLIENT_SPOOL_H

#include <ringside/client.h>

#include "base/base.h"

enum {
    RS__SPOOL_KEY_BYTES = RS_CLIENT_KEY_BYTES,
    RS__SPOOL_MAX_EVENT = 16400,      /* bytes of one append */
    RS__SPOOL_MAX_INCARNATION = 64    /* what HELLO takes */
};
#define RS__SPOOL_NO_FENCE UINT64_MAX

typedef struct rs__spool rs__spool_t;

typedef struct rs__spool_settings {
    const char *path;
    const char *source;               /* 1 .. 64 bytes */
    const char *incarnation;          /* 1 .. 64 bytes; of a spool that is there already its own holds */
    uint64_t capacity;                /* 64 KiB .. 4 GiB, a power of two; the same */
    rs_client_encoding_t encoding;    /* the same */
    rs_client_sync_t sync;
    const uint8_t *key;               /* NULL: the file <path>.key, made with a new spool */
} rs__spool_settings_t;

typedef struct rs__spool_facts {
    char incarnation[RS__SPOOL_MAX_INCARNATION + 1];
    rs_client_encoding_t encoding;
    uint64_t capacity;
    uint64_t settled, last;           /* numbers: everything up to here is settled; the last one in use */
    uint64_t found, lost;             /* events to be sent again; numbers without a record, and a record that was cut short */
    uint64_t fence;                   /* numbers above it were never sent and go out under another incarnation, once all up to it are
                                         settled; RS__SPOOL_NO_FENCE */
} rs__spool_facts_t;

/* RS_ERR_STATE: somebody else has the spool open. RS_ERR_EXISTS: it is another source's. RS_ERR_NOT_FOUND: its key is missing, or another
 * one. RS_ERR_PARSE: it is no spool, or damaged beyond use; it is left as it is. RS_ERR_VERSION: of a later version. RS_ERR_IO: errno
 * (ENOSPC: no room to reserve). RS_ERR_MEMORY, RS_ERR_INVALID. */
RS_MUST_CHECK int rs__spool_open(const rs__spool_settings_t *settings, rs__spool_t **spool);
/* Everything appended stays. */
void rs__spool_close(rs__spool_t **spool);

void rs__spool_facts(const rs__spool_t *spool, rs__spool_facts_t *facts);

/* Gives every number above `settled` up to `last`, once, in order; bytes are NULL when it is lost; `end` is for settle. Stops when
 * `give` returns something else than RS_OK, and returns that. */
typedef int (*rs__spool_give_fn)(void *context, uint64_t number, const void *bytes, uint32_t len, uint64_t end);
RS_MUST_CHECK int rs__spool_recover(rs__spool_t *spool, rs__spool_give_fn give, void *context);

/* RS_OK and the position of the record's end; RS_ERR_FULL; RS_ERR_IO: the file cannot be written, the event is not in it. */
RS_MUST_CHECK int rs__spool_append(rs__spool_t *spool, uint64_t number, const void *bytes, uint32_t len, uint64_t *end);
/* Everything up to `number`, whose record ends at `end`, is settled. RS_ERR_IO: not written; the space stays in use for now. */
RS_MUST_CHECK int rs__spool_settle(rs__spool_t *spool, uint64_t number, uint64_t end);
/* Everything appended before is on disk when it returns RS_OK; with RS_CLIENT_SYNC_NEVER it does nothing. RS_ERR_IO, once: a file whose
 * sync failed is not synced again (the kernel would say yes and be wrong); from then on it is as with SYNC_NEVER. */
RS_MUST_CHECK int rs__spool_sync(rs__spool_t *spool);
/* The session has another incarnation now, 1 .. 64 bytes, and no fence. On disk when it returns RS_OK, whatever `sync` says: a spool that
 * forgot under which name it sent would send the same under a third one. */
RS_MUST_CHECK int rs__spool_rename(rs__spool_t *spool, const char *incarnation);

uint64_t rs__spool_used(const rs__spool_t *spool);   /* bytes between tail and head; any thread, a figure */

#endif
