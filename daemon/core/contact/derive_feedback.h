/* core/contact/derive_feedback.h — a survey's part in its contact's story (cases.md "Feedback").
 *
 * An answer belongs to the queue and to the agent that it names, each for itself; what it does not name is that of the contact's last
 * handling (whose queue may be null), without one the queue of its last leg, else null. Its team: named, else the handling's
 * when the agent is the handling's, else the agent's in the configuration. Its channel is like that of anything at its moment.
 * It stands at its own moment in the attributions event and enter.
 *
 *   of a contact that nothing is known of   counted under what it names, else null; events that come late put it right
 *   after the contact folded                the folded story still knows its last handling and whether it was surveyed
 *   after the contact was forgotten         as of an unknown one; it counts as a surveyed contact once more
 *   twice                                   the same event: refused as a duplicate; another answer counts, the contact only once
 *   of another tenant                       another contact: an unknown one */
#ifndef RS_CORE_DERIVE_FEEDBACK_H
#define RS_CORE_DERIVE_FEEDBACK_H

#include "core/contact/derive.h"

/* Adds SURVEY (when the answer has a score and is of a known kind) and, of the contact's first answer, SURVEYED. */
void rs_story_survey(rs_derivation_t *derivation, rs_story_t *story, const rs_node_t *answer);

#endif
