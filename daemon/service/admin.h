/* service/admin.h — the daemon's local door for those who keep it: a Unix socket in the state folder, for its user and root alone.
 *
 *   one connection, one line of JSON there, one line back, closed:
 *     {"do":"pseudonyms","tenant":"t","customer":"+49 30 …"}
 *                          {"pseudonyms":["<32 hexadecimal digits>", …]}                     one per key, oldest first
 *     {"do":"erase", … the same, or "pseudonym":"…", "who":"anna","reason":"asked for it"}
 *                          {"pseudonyms":[…],"stand_ins":[…],"record":812,"at":"2026-…Z"}    when it is applied and on disk
 *     {"do":"erase","tenant":"t","agent":"ann","who":"anna","reason":"has left"}        {"stand_in":"erased-0123abcde","record":812,"at":…}
 *     {"do":"forget","record":812}    begins to recycle at once
 *                          {"complete":false,"journal_from":1,"journal_upto":900,"snapshots":[850]}
 *     {"do":"progress","record":812}                                      the same
 *     {"do":"rotate","keep":3}        another key for pseudonyms          {"keys":3}
 *     {"do":"sign","text":"{\"ringside_erasure\":1…"}                     {"signature":"…","public_key":"…"}      Ed25519, of erasure.key
 *     any                                                                 {"error":"field: reason"}
 *
 * Privacy:  the number is in the request alone, which is wiped; it goes nowhere else. No line of the log has a pseudonym, or an agent's
 *           name.
 * Bounds:   RS_ADMIN_PEERS connections, RS_ADMIN_LINE bytes a request; who is silent for 10 s is let go.
 * Threads:  the loop's.
 *
 *   admin.c    socket, peers, life             subject.c   what each request does
 *   keys.c     the keys of the pseudonyms      forget.c    what is erased leaves journal and snapshots
 */
#ifndef RS_SERVICE_ADMIN_H
#define RS_SERVICE_ADMIN_H

#include "service/service.h"

#include <jansson.h>

enum { RS_ADMIN_PEERS = 8, RS_ADMIN_LINE = 16384 };

/* What waits until it is on disk: then `reply` is it. */
typedef struct rs_admin_wait { uint64_t position; json_t *reply; bool is_erasure; } rs_admin_wait_t;

/* The answer, a new reference; NULL: *wait says when and which. */
json_t *rs_service_answer_admin(rs_service_t *service, const json_t *request, rs_admin_wait_t *wait);
/* {"error": …} */
json_t *rs_service_admin_error(const char *format, ...) RS_PRINTF(1, 2);

/* A local folder that is too deep for a socket's name: it is told in the log, and the daemon goes on without. */
void rs_service_open_admin(rs_service_t *service);
void rs_service_close_admin(rs_service_t *service);
/* Every tick. */
void rs_service_move_admin(rs_service_t *service);

/* keys.c: the last one is in force; older ones only find what was written under them. */
RS_MUST_CHECK int rs_service_read_keys(rs_service_t *service, const char *path);
/* Adds one, puts it in force and keeps the newest `keep` (1 ..); RS_ERR_LIMIT: keep is too many, RS_ERR_IO: errno. */
RS_MUST_CHECK int rs_service_rotate_keys(rs_service_t *service, uint32_t keep);
/* Ed25519 under the key in erasure.key, which is made when it is not there. RS_ERR_IO. */
RS_MUST_CHECK int rs_service_sign(rs_service_t *service, const char *text, char signature[129], char public_key[65]);

/* forget.c */
typedef struct rs_forgetting rs_forgetting_t;
/* Of records up to `record` nothing is to stay in the journal's folder. Kept over a restart. */
void rs_service_forget(rs_service_t *service, uint64_t record, bool soon);
/* Every second. */
void rs_service_watch_forgetting(rs_service_t *service);
/* Whether nothing of them is there any more; *numbers gets up to RS_SNAPSHOTS_SEEN snapshots. */
bool rs_service_is_forgotten(const rs_service_t *service, uint64_t record, uint64_t *numbers, uint32_t *count, rs_journal_stat_t *stat);

#endif
