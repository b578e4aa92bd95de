/* core/contact/derive_process.h — a contact's way through the process, read from its events (rules: core/process/path.h).
 *
 * A function of the story before the event, the event, and the story after it; so it is taken back and read again with the story. */
#ifndef RS_CORE_DERIVE_PROCESS_H
#define RS_CORE_DERIVE_PROCESS_H

#include "core/contact/derive.h"

/* What an event found: enough to see afterwards what became of it. */
typedef struct rs_footing {
    uint32_t newest, wrapping, taken_queued;   /* as in the story */
    bool leg_open, handling_open;
} rs_footing_t;

rs_footing_t rs_story_footing(const rs_derivation_t *derivation, const rs_story_t *story);
/* What was open has just ended as lost. Steps are added to derivation->steps, which is not NULL. */
void rs_path_lose(rs_derivation_t *derivation, rs_story_t *story);
/* The story has taken the event; now its way does. */
void rs_path_follow(rs_derivation_t *derivation, rs_story_t *story, uint32_t node, const rs_footing_t *before);
/* Gives *copy a path of its own, the same as the story's; false: no room. */
RS_MUST_CHECK bool rs_path_copy(rs_derivation_t *derivation, const rs_story_t *story, rs_story_t *copy);
/* Removes from both lists what both have, and what comes to nothing in either. */
void rs_steps_leave_out_common(rs_steps_t *before, rs_steps_t *after);

#endif
