/* core/contact/derive_internal.h — the parts of one step; for derive.c and its neighbours only. */
#ifndef RS_CORE_DERIVE_INTERNAL_H
#define RS_CORE_DERIVE_INTERNAL_H

#include "core/contact/derive.h"

/* A fact at its moments, to be filled in further. */
rs_fact_t *rs_story_add(rs_derivation_t *d, rs_fact_type_t type, int64_t at_us, int64_t enter_us);
/* Named on the event, else the first named one up to then, else voice. */
uint8_t rs_story_channel_at(const rs_story_t *story, const rs_node_t *node);

/* --- derive_callback.c -------------------------------------------------------------------------------------------- */
/* The leg that has just been opened: its clock begins now, or goes on from the leg that was exchanged for a call-back. */
void rs_story_start_clock(rs_derivation_t *d, rs_story_t *story);
/* The leg that is just closing is exchanged for a call-back. */
void rs_story_exchange_leg(rs_story_t *story, int64_t wait_us);
void rs_story_on_callback(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node);

/* --- derive_replies.c --------------------------------------------------------------------------------------------- */
/* What happens outside of legs and handlings: under the open leg, else the event's queue, else the contact's last, else that of
 * its last handling. At its own moment in every attribution but `close`. */
rs_fact_t *rs_story_add_aside(rs_derivation_t *d, const rs_story_t *story, rs_fact_type_t type, const rs_node_t *node);
/* contact.created, contact.queued: a customer waits for a first reply, unless a message of theirs says since when. */
void rs_story_imply_message(rs_story_t *story, const rs_node_t *node);
void rs_story_on_message(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node);
void rs_story_on_file_closed(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node);
void rs_story_on_reopened(rs_derivation_t *d, rs_story_t *story, const rs_node_t *node);

#endif
