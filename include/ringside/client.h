/* ringside/client.h — send events to ringsided so that each counts once, without ever making the caller wait.
 *
 * Model:     rs_client_send copies the encoded event into a bounded spool in memory and returns. A thread of the client owns the
 *            socket: it says HELLO, sends batches as far as the daemon's credit goes, and keeps every event until the daemon
 *            has acknowledged it. After a lost connection, or a restart of the daemon, it sends again what was not
 *            acknowledged; the daemon skips by number what it has already.
 *                spool:  | settled, freed | sent, not acknowledged | not yet sent | free |
 * Numbers:   the events of a client are numbered 1, 2, 3, … in the order of rs_client_send.
 * Threads:   rs_client_send may be called by any number of threads; none of them ever waits for the socket's thread, the
 *            network or the daemon. The callbacks are called on the client's own thread: keep them short, and call neither
 *            rs_client_flush nor rs_client_close from them (rs_client_send is fine).
 *            With spool_path a sender writes to the file (into the kernel's cache, it does not wait for the disk).
 * Overload:  when the spool is full (the daemon is away or slow for long) rs_client_send returns RS_ERR_FULL, the event is
 *            not taken, and stats.full counts it.
 * End:       without spool_path the spool is memory: what was not acknowledged when the process ends is lost. rs_client_close waits
 *            for it as long as it is told to and says whether anything was left.
 * On disk:   with spool_path every event is also in a file before rs_client_send returns RS_OK. Whatever happens to the program then
 *            (kill -9 too), the next rs_client_open of that file sends what was not acknowledged, under the same incarnation and with
 *            the same numbers, so nothing counts twice. Against a loss of power: spool_sync. The file has a fixed size, reserved when it is
 *            made; what is acknowledged is overwritten. It is encrypted, because it holds callers' numbers. A record that was
 *            damaged on disk is left out: stats.spool_lost counts it, and in its place the daemon gets an empty event, which it
 *            refuses and counts, and on_refused names the number.
 *
 *     rs_client_options_t options = {.endpoint = "tcp://127.0.0.1:5570", .source = "pbx-1"};
 *     rs_client_t *client;
 *     if (rs_client_open(&options, &client) != RS_OK) …
 *     rs_event_t event = {.occurred_us = now_us, .type = RS_CONTACT_QUEUED, .seq = 1, .present = RS_HAS_SEQ, …};
 *     rs_client_send(client, &event, NULL);
 *     rs_client_close(&client, 5000);
 */
#ifndef RINGSIDE_CLIENT_H
#define RINGSIDE_CLIENT_H

#include <ringside/event.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rs_client rs_client_t;

/* When the file of spool_path is forced to the disk. NEVER: by the kernel in its own time; a loss of power may take the last half minute
 * of accepted events, a crash of the program nothing. BATCH: before a batch is sent, so that nothing was ever sent that
 * a loss of power could take; what it takes are the events of the last batch_delay_us. Senders do not wait for it. */
typedef enum rs_client_sync { RS_CLIENT_SYNC_NEVER = 0, RS_CLIENT_SYNC_BATCH = 1 } rs_client_sync_t;
enum { RS_CLIENT_KEY_BYTES = 32 };

typedef enum rs_client_encoding { RS_CLIENT_PROTOBUF = 0, RS_CLIENT_JSON = 1 } rs_client_encoding_t;

/* Zero is the default everywhere except endpoint and source. Everything is copied. */
typedef struct rs_client_options {
    const char *endpoint;       /* "tcp://host:5570" or "ipc:///path" of the daemon's acknowledged socket */
    const char *source;         /* name of this producer, 1..64 bytes: (source, incarnation) is the session */
    const char *incarnation;    /* 1..56 bytes, different for every run of this producer, because its numbers begin with 1 again;
                                   NULL: made of the start time and random bytes */
    size_t spool_bytes;         /* 64 KiB .. 4 GiB, rounded up to a power of two; 0 = 16 MiB (about 130,000 events) */
    rs_client_encoding_t encoding;
    uint32_t batch_events;      /* 1..4096; 0 = 256 */
    uint32_t batch_delay_us;    /* a batch that is not full leaves after this long; 0 = 2000 */
    void *context;              /* handed to the callbacks */
    /* Every event up to `up_to` is settled: applied, or refused and reported so before. `up_to` only grows. */
    void (*on_ack)(void *context, uint64_t up_to);
    /* The daemon refused the event `number`; it will not be sent again. `reason` and `field` as in PROTOCOL.md
     * ("bad_time", "occurred_at"); both are NUL-terminated, at most 63 bytes, and valid during the call. */
    void (*on_refused)(void *context, uint64_t number, const char *reason, const char *field);
    /* The daemon answered an ERROR that the client cannot cure by itself at once (too_many_sessions, taken_over, bad_version …);
     * it goes on trying with growing pauses. */
    void (*on_error)(void *context, const char *code, const char *text);
    /* The spool on disk; NULL: none. Made when it is not there, readable by its owner only. One client at a time. A spool keeps the source,
     * incarnation, size and encoding that it was made with: `source` must be the same, the other three options are for a new one.
     * Problems with it come by on_error, too: "spool_lost" (once, at the start), "spool_write", "spool_sync". */
    const char *spool_path;
    /* RS_CLIENT_KEY_BYTES that encrypt it. NULL: the file <spool_path>.key, made with a new spool. Without its key a spool is lost. */
    const uint8_t *spool_key;
    rs_client_sync_t spool_sync;
} rs_client_options_t;

typedef struct rs_client_stats {
    uint64_t accepted;          /* taken into the spool; the number of the last event. With a spool on disk numbers go on where they were */
    uint64_t full;              /* not taken, the spool was full */
    uint64_t invalid;           /* not taken, incomplete or out of range */
    uint64_t settled;           /* acknowledged up to this number */
    uint64_t refused;           /* of those, refused by the daemon */
    uint64_t batches, resent;   /* batches sent; events sent more than once */
    uint64_t welcomes;          /* sessions agreed: 1 + reconnections */
    uint64_t disconnects;
    uint64_t errors;            /* ERROR frames received */
    size_t spool_bytes, spool_used;
    bool connected;             /* a session is agreed now */
    uint64_t spool_found;       /* events that the file held when it was opened, to be sent again */
    uint64_t spool_lost;        /* records of it that were damaged or cut short. (One that was being written when the program
                                   was killed counts here, too; rs_client_send had not returned yet.) */
    uint64_t spool_errors;      /* writes and syncs of it that failed */
} rs_client_stats_t;

/* Starts the thread; returns at once, the daemon need not be there yet.
 * RS_ERR_INVALID (options), RS_ERR_MEMORY, RS_ERR_LIMIT (no thread, no socket). Of the spool on disk: RS_ERR_STATE (another client has it
 * open), RS_ERR_EXISTS (it is another source's), RS_ERR_NOT_FOUND (its key is missing, or is another one), RS_ERR_PARSE (the file is no
 * spool, or damaged beyond use; it is left as it is), RS_ERR_VERSION (of a later version), RS_ERR_IO (errno says what).
 * *client untouched unless RS_OK. */
int rs_client_open(const rs_client_options_t *options, rs_client_t **client);

/* Copies the event into the spool; the strings are borrowed for the call. *number (may be NULL) receives the event's number.
 * RS_OK. RS_ERR_FULL: no room, not taken. RS_ERR_INVALID: the daemon would refuse it, not taken. RS_ERR_IO: the spool on disk cannot be
 * written, not taken. Never waits. */
int rs_client_send(rs_client_t *client, const rs_event_t *event, uint64_t *number);

/* Waits until everything sent so far is settled. RS_OK, or RS_ERR_TIMEOUT after timeout_ms (0: only looks). */
int rs_client_flush(rs_client_t *client, int timeout_ms);

/* A consistent enough copy for people and for metrics; any thread. */
void rs_client_stats(const rs_client_t *client, rs_client_stats_t *stats);

/* Waits up to timeout_ms for everything to be settled, stops the thread, frees the client, sets *client to NULL. No other
 * thread may be using it. RS_OK, or RS_ERR_TIMEOUT when something was left unacknowledged (with a spool on disk it stays there). Accepts
 * NULL and a pointer to NULL. */
int rs_client_close(rs_client_t **client, int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
