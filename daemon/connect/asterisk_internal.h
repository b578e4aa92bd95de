/* connect/asterisk_internal.h — what the files of the queue_log parser share: asterisk_queue_log.c (the parser, agents,
 * Asterisk itself) and asterisk_calls.c (callers). */
#ifndef RS_CONNECT_ASTERISK_INTERNAL_H
#define RS_CONNECT_ASTERISK_INTERNAL_H

#include "connect/asterisk_agents.h"
#include "connect/asterisk_queue_log.h"
#include "connect/asterisk_visits.h"

#define RS__ASTERISK_MOST_SECONDS ((int64_t)(UINT32_MAX / 1000)) /* so that they fit into an event's milliseconds */

struct rs_asterisk_parser {
    const rs_asterisk_config_t *config;
    const rs_asterisk_queue_t **queues;   /* sorted by name */
    const rs_asterisk_member_t **members; /* sorted by interface */
    rs_visits_t *visits;
    rs_asterisk_agents_t *agents;
    char incarnation[RS_MAX_NAME + 1];
    bool is_named;
    uint64_t offset, seq;
    int64_t last_s;               /* of the last good line; 0: none yet */
    bool restarted;               /* QUEUESTART: those who are open are to be ended */
    int64_t ended_s, restarted_s; /* when Asterisk was last heard of before it, and it */
    rs_asterisk_stats_t stats;
};

/* One line at work. */
typedef struct rs_job {
    rs_asterisk_parser_t *parser;
    rs_line_t line;
    rs_str_t agent; /* translated; empty for NONE */
    rs_str_t queue; /* empty for NONE */
    rs_asterisk_event_fn on_event;
    void *context;
    rs_refused_t *refused;
    char contact_id[RS_MAX_CONTACT_ID + 1], journey_id[RS_MAX_CONTACT_ID + 1]; /* of the event at work */
} rs_job_t;

/* What is done with the lines of one name. */
typedef struct rs_rule {
    const char *name;
    int (*take)(rs_job_t *job, const struct rs_rule *rule);
    uint8_t type, detail; /* of the event: type; reason, party or kind */
    uint8_t first;        /* data field where its figures begin */
} rs_rule_t;

/* The rules for lines about callers. */
extern const rs_rule_t rs__asterisk_call_rules[];
extern const size_t rs__asterisk_call_rule_count;

/* Ends a visit that Asterisk's end cut off. */
void rs__asterisk_cut_off(rs_asterisk_parser_t *parser, rs_visit_t *visit, rs_asterisk_event_fn on_event,
                          void *context);

static inline bool rs__is(rs_str_t text, const char *word) { return rs_str_equal(text, rs_str(word)); }

rs_str_t rs__asterisk_source(const rs_asterisk_parser_t *parser);
/* 0 when none is configured. */
int64_t rs__asterisk_member_delay_ms(const rs_asterisk_parser_t *parser, rs_str_t queue);

/* Time, source, agent of the line; no queue. */
rs_event_t rs__asterisk_event(const rs_job_t *job, rs_event_type_t type);
/* Gives it the next number. RS_ERR_PARSE when the event does not pass the rules for all events; the names of the line
 * have passed before its rule is called, and a contact made of its call id does. */
RS_MUST_CHECK int rs__asterisk_give(rs_job_t *job, rs_event_t *event);
/* The same, and when *doubtful, a text of this event, is what is wrong, without it: a call counts, whatever its caller
 * calls himself. */
RS_MUST_CHECK int rs__asterisk_give_without(rs_job_t *job, rs_event_t *event, rs_str_t *doubtful);

#endif
