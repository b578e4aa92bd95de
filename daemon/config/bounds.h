/* config/bounds.h — how much memory one thing of each limit takes at most, in bytes. `--check` multiplies them by the
 * limits.
 *
 * The rooms that hold the things own the truth: they allocate from slabs of these limits, and may refine the figures
 * here. The two that a limit cannot say alone: a contact's bound counts its record, index, a handling and its way; its events are bounded
 * twice, by contact_events for one contact and by RS_EVENTS_PER_CONTACT for all of them in the mean. A queue's bound is
 * a mean: a quiet one takes a third of it, a busy one several times as much, and all of them together no more than the sum. */
#ifndef RS_CONFIG_BOUNDS_H
#define RS_CONFIG_BOUNDS_H

#include "config/config.h"

enum {
    RS_BYTES_TENANT = 1024,
    RS_BYTES_QUEUE_KEY = 96 * 1024,    /* mean over the keys, which share one pool; a busy queue alone takes some MiB of it */
    RS_BYTES_WINDOWS = 256 * 1024 * 1024, /* what the windows may take beside, however few the queues are */
    RS_BYTES_AGENT_KEY = 15 * 1024,    /* row and windows 5, events, plans and handlings that are kept 10 (core/agent) */
    RS_BYTES_TEAM_KEY = 5 * 1024,
    RS_BYTES_SOURCE = 2 * 1024,
    RS_BYTES_CONTACT = 1024,
    RS_BYTES_EVENT = 160,              /* with the text of its id */
    RS_EVENTS_PER_CONTACT = 16,        /* mean; a single contact may keep limits.contact_events */
    RS_BYTES_REMEMBERED_ID = 32,
    RS_BYTES_ROW = 2432,               /* with its histograms; event and enter share most of theirs */
    RS_BYTES_CUSTOMER = 67,            /* record and index: 65.8 measured with a million (tests/bench/fcr.c) */
    RS_BYTES_CASE = 512,               /* record, index, and two kept events with their ids */
    RS_BYTES_EDGE = 1024,              /* with its histogram of times */
    RS_BYTES_FACTS = 1024,             /* of a contact, for the database: what it is about, its names, and six facts */
    RS_BYTES_WAY = 256,                /* where a contact stands in the process, while ways are followed */
    RS_BYTES_VARIANT = 256,
    RS_BYTES_ALERT = 1024,             /* with what a detector remembers, and its share of the days of seasons */
    RS_BYTES_NOTICE = 1536,            /* an episode that a receiver is told of: two changes of it, and where it stands */
    RS_BYTES_PEER = 16 * 1024,         /* session and socket, without the bytes on their way */
    RS_BYTES_JOURNAL = 8 * 1024 * 1024 /* what is not on disk yet, and the zeros of new files; one file's worth comes on top */
};

/* One line of the account. */
typedef struct rs_config_bound {
    const char *name;    /* "queue_keys" */
    uint64_t count, bytes_each, bytes;
} rs_config_bound_t;

enum { RS_CONFIG_BOUNDS = 23 };
/* Fills bounds[0 .. RS_CONFIG_BOUNDS-1] from the limits and returns the sum of their bytes. Pure. */
uint64_t rs_config_bounds(const rs_config_t *config, rs_config_bound_t bounds[RS_CONFIG_BOUNDS]);

#endif
