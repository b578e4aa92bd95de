/* connect/asterisk_follow.h — follows a live queue_log on the loop: rotated, truncated, absent, written mid-line.
 *
 * Model:     a timer looks at the file every asterisk.poll: reads what is new, gives complete lines to the parser,
 *            and leaves a half one until its line feed comes.
 * Rotation:  another file under the name. The old one stays open until the new one has its first bytes, because until
 *            then Asterisk may still write to the old one; it is read to its end first, then the new one from its
 *            beginning. A half line at the end of the old one is dropped and counted. What was begun and rotated away between
 *            two looks is read in between.
 * Truncated: the file is shorter than what was read of it, or no longer begins with the line it began with. It is
 *            read from its beginning; when it is shorter but kept its first line, from its new end. What Asterisk
 *            wrote between the last look and the truncation is lost: rotate by renaming.
 * Start:     with asterisk.from_start at the file's beginning, else behind its last line feed (a line half written is
 *            new). A file that appears later is read from its beginning.
 * Restart:   from the last event that is known, whatever was written and rotated meanwhile (asterisk_resume.h): no line is
 *            lost, none counts twice. When the file that was read last is gone (deleted, compressed), that is logged, and
 *            the file under the name is read from its beginning.
 * Identity:  numbers and incarnations are the parser's: the same lines read from the beginning of a file have the
 *            same identities live and in a replay.
 * Threads:   the loop's. A look reads at most 256 KiB, then the loop turns; when the sink is full, lines wait in the
 *            file.
 * Memory:    64 KiB and the parser's; a longer line is refused.
 * Privacy:   the caller's number is replaced by its pseudonym before the sink sees it.
 */
#ifndef RS_CONNECT_ASTERISK_FOLLOW_H
#define RS_CONNECT_ASTERISK_FOLLOW_H

#include "connect/asterisk_resume.h"

#include <uv.h>

typedef struct rs_asterisk_follower rs_asterisk_follower_t;

/* Where events go; both return RS_ERR_FULL when there is no room now (nothing was taken), as the inlet does. They may
 * close the follower, or call rs_asterisk_follower_resume (which does nothing then). */
typedef struct rs_asterisk_sink {
    void *context;
    int (*submit_event)(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin,
                        uint64_t *position);
    int (*submit_refusal)(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash,
                          int64_t arrival_us, rs_origin_t origin, uint64_t *position);
} rs_asterisk_sink_t;

typedef struct rs_asterisk_follow_stats {
    rs_asterisk_stats_t parser;
    uint64_t bytes, rotations, truncations;
    uint64_t cut_lines;       /* half lines at the end of files that were rotated away or truncated */
    bool is_open, is_stalled; /* stalled: the sink was full */
} rs_asterisk_follow_stats_t;

/* Opens the file; reading begins in the loop's next turn. config->asterisk says what and how. `loop`, `config` and
 * `key` are borrowed until the close callback has run. A file that is not there yet is waited for. RS_ERR_MEMORY.
 * RS_ERR_INVALID: the path is longer than a path may be. `known` (used during the call only): what was read before, the
 * newest last, at most RS_ASTERISK_KNOWN; none: a first start. */
RS_MUST_CHECK int rs_asterisk_follower_open(uv_loop_t *loop, const rs_config_t *config,
                                            const uint8_t key[RS_PSEUDONYM_KEY_BYTES], const rs_asterisk_sink_t *sink,
                                            const rs_asterisk_known_t *known, uint32_t known_count,
                                            rs_asterisk_follower_t **follower);
/* The sink has room again. Harmless at any time; accepts NULL. */
void rs_asterisk_follower_resume(rs_asterisk_follower_t *follower);
/* The sink is not called any more. Memory goes when the loop has run the timer's close callback; *follower becomes
 * NULL. Accepts NULL and a pointer to NULL. */
void rs_asterisk_follower_close(rs_asterisk_follower_t **follower);
void rs_asterisk_follower_stats(const rs_asterisk_follower_t *follower, rs_asterisk_follow_stats_t *stats);

#endif
