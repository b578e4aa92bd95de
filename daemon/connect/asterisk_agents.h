/* connect/asterisk_agents.h — the one state of each agent, from what queue_log says queue by queue.
 *
 * Model:     an agent has memberships (queues), each paused or not, and perhaps a login of his own (AGENTLOGIN of a
 *            pool):
 *                logged off, or without a queue after leaving the last one and not logged in    offline
 *                paused in every queue that is known of him                                     break
 *                else                                                                           available
 *            Static members of queues.conf are never announced: a queue is known of an agent once a line names both.
 *            Until a line names another one, "every queue" is what was seen so far; a call that is offered to him
 *            elsewhere corrects it. Leaving a queue ends the pause there (no UNPAUSE is logged); leaving the last is
 *            offline, because for dynamic members joining and leaving is how they log in and out, and it is the only
 *            trace of it.
 * Memory:    bounded; past a bound the agent longest unheard of is forgotten.
 * Threads:   one.
 */
#ifndef RS_CONNECT_ASTERISK_AGENTS_H
#define RS_CONNECT_ASTERISK_AGENTS_H

#include "connect/asterisk_line.h"

enum { RS_ASTERISK_AGENTS = 8192, RS_ASTERISK_MEMBERSHIPS = 32768, RS_ASTERISK_QUEUES_PER_AGENT = 256 };

typedef struct rs_agents rs_asterisk_agents_t;
/* RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_asterisk_agents_create(rs_asterisk_agents_t **agents);
void rs_asterisk_agents_destroy(rs_asterisk_agents_t **agents);
/* Forgets everybody. */
void rs_asterisk_agents_clear(rs_asterisk_agents_t *agents);

/* A call of this queue rang at the agent: he is a member there. */
void rs_asterisk_agents_rang(rs_asterisk_agents_t *agents, rs_str_t agent, rs_str_t queue);
void rs_asterisk_agents_joined(rs_asterisk_agents_t *agents, rs_str_t agent, rs_str_t queue, bool paused);
void rs_asterisk_agents_left(rs_asterisk_agents_t *agents, rs_str_t agent, rs_str_t queue);
/* `queue` empty: in all of them. The reason is cut to RS_MAX_NAME bytes. */
void rs_asterisk_agents_paused(rs_asterisk_agents_t *agents, rs_str_t agent, rs_str_t queue, rs_str_t reason);
void rs_asterisk_agents_unpaused(rs_asterisk_agents_t *agents, rs_str_t agent, rs_str_t queue);
void rs_asterisk_agents_login(rs_asterisk_agents_t *agents, rs_str_t agent, bool is_in);

/* RS_AGENT_OFFLINE, RS_AGENT_BREAK or RS_AGENT_AVAILABLE. *reason: of the break, else empty; borrowed until the next
 * call. */
rs_agent_state_t rs_asterisk_agents_state(rs_asterisk_agents_t *agents, rs_str_t agent, rs_str_t *reason);

#endif
