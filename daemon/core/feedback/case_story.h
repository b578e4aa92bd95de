/* core/feedback/case_story.h — the one reading of a case's story: what came in, and how a complaint goes through its stages.
 *
 * Model:   received -> acknowledged -> investigated -> responded -> closed. A case is (tenant, case_id); its events are read in
 *          total order. Each step takes the story over one event and adds the facts that follow from it.
 * Kinds:   a case counts once as a complaint, once as a compliment, once as a suggestion: at its first event that says so. An event
 *          that does not name a kind is of the case's complaint, if there is one by then, else it counts nothing. Only complaints have
 *          stages.
 * Stages:  the first event of a complaint receives it, whatever stage it names; a later stage named there is reached at the same moment,
 *          after no time. After that, an event that names
 *            a stage not reached yet            reaches it: the stage is counted, with the working time since the latest of the
 *                                               stages before it that were reached, whether or not some were skipped; one that was
 *                                               skipped may still be reached afterwards, until the case is closed
 *            the furthest stage again           changes nothing (repeated)
 *            an earlier one that was reached,   goes back: the complaint stands there again, open, what lies beyond it is to be
 *            or after `closed` any earlier one  reached anew, and all clocks begin at that moment. Counts nothing: times never overlap
 *            none, or one that is not known     changes nothing
 *          A stage is overdue when its time is greater than its own deadline.
 * Clock:   hours and deadlines are those in force when the clock of the stage began (the latest stage before it).
 * Place:   queue, channel, agent: the event's, else the first that the case has named by then, else null (voice). Team: the
 *          event's, else of an agent that the event names the configuration's, else the case's first, else the configuration's.
 *          A case never looks ahead, nor at the contact that the event may name. It stands at its own moment in every attribution.
 * Purity:  a step looks at the story, the event and the configurations; nothing else. */
#ifndef RS_CORE_CASE_STORY_H
#define RS_CORE_CASE_STORY_H

#include "core/account.h"
#include "core/contact/derive.h"

enum { RS_CASE_STAGES = RS_FEEDBACK_STAGE_COUNT - RS_FEEDBACK_STAGE_RECEIVED };   /* numbered from received = 0 */

typedef struct rs_case_event {
    uint32_t next, id;         /* id: place of the event id's bytes, 0 = none */
    int64_t at_us;
    uint64_t seq;
    uint32_t session;
    uint32_t queue, agent, team;
    uint8_t channel, kind, stage, has_seq;
} rs_case_event_t;

typedef struct rs_case_story {
    int64_t reached_us[RS_CASE_STAGES];
    rs_order_t last;           /* the last event taken; at_us INT64_MIN: none yet */
    uint32_t queue, agent, team;   /* first named */
    uint8_t channel;
    uint8_t kinds;             /* bit set of rs_feedback_kind_t */
    uint8_t reached;           /* bit set of stages; 0: no complaint */
} rs_case_story_t;

enum { RS_CASE_FACTS_PER_EVENT = 2 };
typedef struct rs_case_facts { uint32_t count; rs_fact_t *items; } rs_case_facts_t;   /* room for all of the events read */

typedef struct rs_case_rules {     /* what every step needs; the same for a whole core */
    const rs_account_t *account;   /* its generations */
    uint32_t (*team_of)(void *context, uint32_t tenant, uint32_t agent);
    void *context;
} rs_case_rules_t;

void rs_case_story_init(rs_case_story_t *story);
/* Takes the event, but for story->last, and adds its facts. */
void rs_case_step(const rs_case_rules_t *rules, rs_case_story_t *story, uint32_t tenant, const rs_case_event_t *event,
                  rs_case_facts_t *facts);
/* The stage where an open complaint stands, -1: there is none, or it is closed. */
int rs_case_stands_at(const rs_case_story_t *story);
/* From when on the open complaint is overdue, as things stand: the next stage that has a deadline will have taken longer.
 * INT64_MAX: never. */
int64_t rs_case_overdue_from(const rs_case_rules_t *rules, const rs_case_story_t *story);

#endif
