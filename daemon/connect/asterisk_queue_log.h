/* connect/asterisk_queue_log.h — lines of Asterisk's queue_log become canonical events. proto/ASTERISK.md is the user's
 * account of it.
 *
 * Model:     one line is `epoch|callid|queue|agent|EVENT|data…`, whole seconds, no escaping. The parser follows
 *            callers:
 *                ENTERQUEUE ─► waiting ─CONNECT─► talking ─COMPLETE*, *TRANSFER─► over
 *                                 └─ABANDON, EXIT*, WITHDRAW, SYSCOMPAT─► over
 * Contact:   the first visit of a call id has the call id as its contact_id; a later visit is "<callid>/2", "/3"…,
 *            all of them in the journey <callid>. (An ENTERQUEUE of a caller who is still waiting stays in the same
 *            contact: a requeue.) A COMPLETE* or *TRANSFER under another call id (the caller's Local channel was
 *            optimised away) is joined to the conversation with the same queue and agent by hold time, position and
 *            talk time; what comes later under that other call id belongs to the same journey.
 * Agent:     the member name; an interface that a line names instead is translated by asterisk.members. One state per
 *            agent, see asterisk_agents.h.
 * Times:     wait_ms and talk_ms are Asterisk's own; of a CONNECT the queue's memberdelay is taken off. A CONNECT,
 *            RINGNOANSWER, RINGCANCELED or AGENTDUMP also gives the offer that it ends (at its own second: the
 *            ringing start is not logged).
 * Restart:   QUEUESTART: whoever still waited or talked was cut off by Asterisk's end, in the second of the line
 *            before. These events have event ids, no numbers; rs_asterisk_parser_more gives them.
 * Identity:  seq counts the events of an incarnation from 1, so that lines of one second keep their order. How many
 *            numbered events a line gives, and which incarnation it begins, depends on the file's lines alone, never
 *            on what the parser knows of earlier ones: the same file gives the same identities, live, replayed, or
 *            after a rotation that was missed.
 * Refused:   a refused line gives nothing and changes nothing.
 * Ignored:   DID, CONFIGRELOAD, PENALTY, RINGINUSE, OUTCALL, INFO: known, without a figure of ours; counted.
 * Threads:   one.
 * Memory:    at most RS_ASTERISK_VISITS callers are followed (36 MB when there were that many); past that those who
 *            are over go first, then the one longest unheard of. Agents: 4 MB at most.
 * Privacy:   `customer` holds the caller's number as logged: whoever takes the event replaces it first.
 */
#ifndef RS_CONNECT_ASTERISK_QUEUE_LOG_H
#define RS_CONNECT_ASTERISK_QUEUE_LOG_H

#include "config/config.h"
#include "connect/asterisk_line.h"
#include "event/event.h"

enum { RS_ASTERISK_VISITS = 65536, RS_ASTERISK_EVENTS_PER_LINE = 3 };

typedef struct rs_asterisk_parser rs_asterisk_parser_t;

typedef struct rs_asterisk_stats {
    uint64_t lines, events, ignored, refused;
    uint64_t joined;    /* ends under another call id that found their conversation */
    uint64_t unjoined;  /* and ends that found none */
    uint64_t cut_off;   /* callers who waited or talked when Asterisk ended */
    uint64_t forgotten; /* callers who waited or talked, dropped from memory */
} rs_asterisk_stats_t;

/* Called up to RS_ASTERISK_EVENTS_PER_LINE times per line; strings are borrowed for the call. */
typedef void (*rs_asterisk_event_fn)(void *context, const rs_event_t *event);

/* `config` is borrowed for the parser's life. RS_ERR_MEMORY. The first incarnation has begun, at offset 0. */
RS_MUST_CHECK int rs_asterisk_parser_create(const rs_asterisk_config_t *config, rs_asterisk_parser_t **parser);
void rs_asterisk_parser_destroy(rs_asterisk_parser_t **parser);

/* Another file begins, read from this offset: seq counts from 1 again, in an incarnation that the first good line names
 * "<its second>-<hash of what stands before its data>", and "…@<offset>" when it is not read from its beginning.
 * Callers and agents stay known, unless the name shows that it is the same file once more. */
void rs_asterisk_parser_begin(rs_asterisk_parser_t *parser, uint64_t offset);

/* One line without its line feed. RS_OK: zero or more events were given. RS_ERR_PARSE: *refused says why.
 * rs_asterisk_parser_more must be called behind every line until it says no. */
RS_MUST_CHECK int rs_asterisk_parser_line(rs_asterisk_parser_t *parser, rs_str_t line, rs_asterisk_event_fn on_event,
                                          void *context, rs_refused_t *refused);
/* One more event of the last line. False: there was none, nothing was called. */
RS_MUST_CHECK bool rs_asterisk_parser_more(rs_asterisk_parser_t *parser, rs_asterisk_event_fn on_event, void *context);

/* Counts a line that its reader refuses: one of `len` bytes that it cannot hold, or one without a line feed.
 * RS_ERR_PARSE. */
int rs_asterisk_parser_refuse(rs_asterisk_parser_t *parser, rs_refusal_t reason, const char *field, uint32_t len,
                              rs_refused_t *refused);
/* Of the file at work, "" until a good line has named it; and the number of its last event. */
const char *rs_asterisk_parser_incarnation(const rs_asterisk_parser_t *parser);
uint64_t rs_asterisk_parser_seq(const rs_asterisk_parser_t *parser);
void rs_asterisk_parser_stats(const rs_asterisk_parser_t *parser, rs_asterisk_stats_t *stats);

#endif
