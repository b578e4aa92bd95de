/* core/alert/care.h — what people do about alerts, and whom an alert is kept quiet from.
 *
 * Acknowledged: somebody has it. It is not told again: not when it fires anew after it recovered. An acknowledgement ends with the episode;
 *            a plain one also when it fires anew within the episode, a sticky one does not; either at its time, if it has one. When it ends
 *            before the episode does, that is told. It covers one episode, and an episode has one severity: a worse rule's alert on the
 *            same key is another episode, and is told.
 * Silenced:  by rule, key (globs), tenant, channel, from when it is said until a time. Inhibited: while an alert of the rule named by
 *            `inhibited_by` is open for the same tenant (for the same channel when that one is a channel's, the same queue when it is a
 *            queue's).
 * Quiet:     an alert that fires while one of these holds is in every record of what happened, but is not told to receivers (`hush` says
 *            why). When it is over and the alert is still open, it is told then. What was told to fire is always told to end.
 * Resolve:   the episode ends at once. It begins anew after the figure was good or without evidence once, or after RS_LATCH_US: a person
 *            who says "resolved" is believed that long.
 * Told:      every command becomes a transition from the state to the same one with `act` set (resolve: also the end itself), so it goes
 *            where transitions go: feed, store (append-only), outbox, identity and all.
 * Bounds:    RS_MAX_SILENCES, RS_MAX_CARED; past them commands are refused (RS_ERR_LIMIT). Past RS_MAX_PARENTS open alerts that inhibit
 *            others, the newer inhibit nothing: what is not known to be inhibited is told.
 * State:     all of it, but for the parents, which are found again. */
#ifndef RS_CORE_ALERT_CARE_H
#define RS_CORE_ALERT_CARE_H

#include "base/base.h"
#include "event/command.h"

enum { RS_MAX_SILENCES = 256, RS_MAX_CARED = 16384, RS_MAX_PARENTS = 64 };
#define RS_LATCH_US RS_US_PER_HOUR

enum { RS_HUSH_ACKNOWLEDGED = 1, RS_HUSH_SILENCED = 2, RS_HUSH_INHIBITED = 4 };

/* What is known of an open episode from people. Texts end with a NUL. */
typedef struct rs_care {
    uint32_t link;                      /* of the pool */
    bool acknowledged, sticky;
    int64_t acknowledged_us, until_us, due_us;
    char who[RS_MAX_NAME + 1], owner[RS_MAX_NAME + 1];
    char note[RS_COMMAND_TEXT + 1], cause[RS_COMMAND_TEXT + 1], action[RS_COMMAND_TEXT + 1];
} rs_care_t;

typedef struct rs_silence {
    uint64_t number;                    /* grows */
    int64_t from_us, until_us;
    uint8_t channel;
    char tenant[RS_MAX_NAME + 1], rule[RS_MAX_NAME + 1], key[RS_MAX_NAME + 1], who[RS_MAX_NAME + 1];
    char why[RS_COMMAND_TEXT + 1];
} rs_silence_t;

typedef struct rs_silences {
    uint32_t count;
    uint64_t next_number;
    rs_silence_t *places;               /* RS_MAX_SILENCES, by number; NULL until the first one */
} rs_silences_t;

#endif
