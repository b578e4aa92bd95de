/* connect/asterisk_resume.h — after a restart or a rotation: which files of a queue_log are to be read, in which order, and from which
 * event on.
 *
 * Model:     a file's incarnation is its first line's (asterisk_queue_log.h), and the core knows for ever how far each incarnation's
 *            numbers have come. So nothing else has to be kept: the file that was read last is found again by its lines, under whatever
 *            name it has now, and read again from where its incarnation began, so that the parser knows what it knew; events that the core
 *            has are not given a second time.
 *              [files before it] ─► the file that was read last ─► those that were begun after it ─► the file under the name
 * Before it: whoever waits or talks may have come in an earlier file, and somebody's second visit is told from the first by that one. So
 *            the known files before it are read again, too, back to one that was begun RS_ASTERISK_BACK_S before it, and one at least:
 *            with a file a day that is yesterday's; files of a few lines, of a rotation by hand, are not taken for a day.
 * Order:     by the second of a file's first line; of files of one second, the one that was written to last is the newest.
 * Looked at: files in the folder of asterisk.queue_log with its name, or with its name and a "." or "-" and more behind it, as Asterisk and
 *            logrotate name them; those that are compressed cannot be read.
 */
#ifndef RS_CONNECT_ASTERISK_RESUME_H
#define RS_CONNECT_ASTERISK_RESUME_H

#include "connect/asterisk_queue_log.h"

#include <limits.h>
#include <sys/types.h>
#include <time.h>

enum { RS_ASTERISK_LINKS = 32, RS_ASTERISK_KNOWN = 16, RS_ASTERISK_BACK_S = 12 * 3600 };

/* What the core has of an incarnation: every event up to `upto`. */
typedef struct rs_asterisk_known { rs_str_t incarnation; uint64_t upto; } rs_asterisk_known_t;

typedef struct rs_asterisk_link {
    char path[PATH_MAX];
    char incarnation[RS_MAX_NAME + 1];   /* "" when the file has no line yet */
    struct timespec written;             /* when it was written to last */
    dev_t device;                        /* which file it is, under whatever name */
    ino_t inode;
    int file;                            /* open for reading, and the chain's owner closes it; -1: of the last one, when nothing is known */
    uint64_t offset;                     /* from where it is read */
    uint64_t upto;                       /* events up to here are known, */
    char known[RS_MAX_NAME + 1];         /* of this incarnation, which names the offset; "": nothing of this file is known */
} rs_asterisk_link_t;

typedef struct rs_asterisk_chain {
    rs_asterisk_link_t links[RS_ASTERISK_LINKS];   /* the last one is the file under the name, whether it is there or not */
    uint32_t count;                      /* 0: the file that was read last is not there any more */
    bool is_cut;                         /* there were more files than links */
} rs_asterisk_chain_t;

/* `known`: at most RS_ASTERISK_KNOWN, the newest last; at least one. `since` (NULL: for ever): files that were not written to since are not
 * looked at, and when but one is left, beside the one under the name, the chain is empty. RS_ERR_MEMORY. A folder that cannot be read has
 * no files. The folder may change while it is looked at: then it is looked at again, so that all files are of one moment; and they are
 * open, so that another rotation does not put others in their places. */
RS_MUST_CHECK int rs_asterisk_chain_find(const rs_asterisk_config_t *config, const rs_asterisk_known_t *known, uint32_t known_count,
                                         const struct timespec *since, rs_asterisk_chain_t *chain);
/* Closes what is open of it. */
void rs_asterisk_chain_close(rs_asterisk_chain_t *chain);

#endif
