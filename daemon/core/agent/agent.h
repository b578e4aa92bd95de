/* core/agent/agent.h — agents: what each does since when, how long it did what, whether that was the plan, who is on duty.
 *
 * Model:   an agent is (tenant, agent). Its events agent.state, agent.queue_joined, agent.queue_left are kept in the total order:
 *              base (folded) | kept events, re-readable ………………| status now
 *                            ^ base.last                         ^ counted_until
 *          Time is a function of those events: at any moment the agent is in the state that its last agent.state says. All time
 *          before `counted_until` is counted, none after it. An event in order, and every boundary of 5 minutes, moves
 *          `counted_until` on. An event (or plan) that belongs earlier takes back what was counted from its moment on, under the
 *          old reading, and counts it again under the new one. So permutation, restart and replay agree.
 *          Kept events fold into the base one by one, 2 x lateness after they happened and were taken; then an event before
 *          them is RS_REFUSAL_TOO_LATE. At most limits.contact_events are kept per agent (more fold the oldest).
 *
 * States:  each moment of a known state counts LOGGED_IN_US and exactly one of AVAILABLE, RINGING, ON_CONTACT, ON_HOLD,
 *          WRAPPING, BREAK, CUSTOM (`other`, too: logged in, but with what is not known); offline counts nothing. Before the
 *          first agent.state the state is unknown and nothing is counted: such an agent still has a row by its handlings, with
 *          occupancy null.
 *          The same state again, with the same reason, goes on (`since` stays). Two states at one instant: the total order decides,
 *          the first lasts 0. Offline twice is offline once.
 *          Team: that of the agent's last event up to then which has one; an event has the team that it names, else the
 *          configuration's when it was taken.
 * Where:   agent, team and total rows and windows. Time is cut at row intervals, and for windows into slots of 5 minutes (UTC); a
 *          slot's time stands in the pane of its first second, so an hour's window is right to a slot at its old end. What a
 *          running state has spent since `counted_until` is not in counts yet: readers add now - counted_until_us of the live
 *          entry. Rows are complete up to the last boundary of 5 minutes, and in a replay up to the end of the input.
 * Expiry:  staff.expire_us after the last agent.state, queue_joined or queue_left of an agent that is logged in, it counts as
 *          offline from that moment; STATES_EXPIRED is counted there. Contact events are no sign of life: they say nothing
 *          about a login, and live and replay would have to agree on contacts that are long folded. 0 turns it off.
 * Queues:  membership of a queue is what the last queue_joined or queue_left of it says. Leaving a queue never joined changes
 *          nothing and is counted (odd.left_unjoined); so is joining twice (odd.joined_twice).
 *
 * Plan:    agent.scheduled {from, to, activity}: what the agent is to do in [from, to); `from` missing: the event's moment. The
 *          activity is a break or an absence by configuration, else work. Where plans overlap, the later event in the total order
 *          wins; an event is a revision of whatever it overlaps. It reaches back to lateness before its own moment at most,
 *          what it says of earlier times is left out: the states of then may be folded. to <= from, or no `to`: no plan, counted
 *          (odd.empty_plans). At most limits.contact_events plans per agent that may still matter; then RS_REFUSAL_LIMIT.
 *          A moment of a known state counts
 *              plan work:   PLANNED, PLANNED_WORK; and WORKED when working, else OUT_OF_PLAN
 *              plan break:  PLANNED; and WORKED and OUT_OF_PLAN when working
 *              none/absent: when working, PLANNED, WORKED and OUT_OF_PLAN: work outside of the plan stands above and below the
 *                           line, 1 - (10 + 10) / (60 + 10) = 71.4 % [GC-ADH]. Only on local days that a plan of the agent
 *                           touches: who has no plan has no adherence.
 *          Working is every state but offline and break (custom is work: training, back office).
 *
 * Overlap: OVERLAPPING_HANDLINGS counts the handlings that began while the same agent had another one open: of the agent's ended
 *          handlings by start (of equal ones the longer first, then by the leg's queued time, channel, queue, team) each that
 *          begins more than clock_skew (2 s) before the greatest end of those before it. The tolerance is for platforms that log
 *          whole seconds. Counted where and when the handling itself is (its end; its leg's queued time), taken back with it or
 *          with the one that it overlapped.
 *          An agent's last 32 handlings are kept; older ones for lateness + clock_skew after their end, and while the agent has
 *          one open that began before their end; at most 256. A handling whose end is missing (HANDLING_LOST) overlaps nothing.
 *
 * Threads: all calls belong to the core's thread, but rs_agents_published and rs_agents_read: any thread, lock-free.
 * Bounds:  limits.agent_keys agents; 64 queues of an agent that are remembered; nothing is allocated per event.
 * Overload: an event that finds no room is RS_REFUSAL_LIMIT; a handling or queue that finds none is counted in `no_room`.
 */
#ifndef RS_CORE_AGENT_H
#define RS_CORE_AGENT_H

#include "core/account.h"
#include "core/agent/live.h"
#include "core/contact/contact.h"

typedef struct rs_agents rs_agents_t;

typedef struct rs_agents_settings {
    const rs_config_t *config;
    rs_account_t *account;
    rs_contacts_t *contacts;          /* for the total order and for open handlings */
    uint32_t (*team_of)(void *context, uint32_t tenant, uint32_t agent);
    void *context;
} rs_agents_settings_t;

/* RS_ERR_MEMORY. destroy takes NULL, too. */
RS_MUST_CHECK int rs_agents_create(const rs_agents_settings_t *settings, rs_agents_t **agents);
void rs_agents_destroy(rs_agents_t **agents);
/* Activities of plans that come from now on are read by this configuration. Times (expire, lateness, clock_skew) stay those of
 * create. Borrowed until destroy. */
void rs_agents_configure(rs_agents_t *agents, const rs_config_t *config);

/* Takes an event of a type agent.…; strings have their numbers of names. NONE, TOO_LATE, LIMIT. */
typedef struct rs_agent_event {
    uint32_t tenant, agent, team, queue, session;
    uint32_t code;                    /* reason or activity */
    uint8_t type, state;
    bool has_seq, has_from, has_to;
    int64_t at_us, from_us, to_us;
    uint64_t seq;
    rs_str_t event_id;
} rs_agent_event_t;
RS_MUST_CHECK rs_refusal_t rs_agents_take(rs_agents_t *agents, const rs_agent_event_t *event);

/* Who is logged in counts as offline from `at_us` on, as if the platform had said so, and what was planned from then on is planned no more.
 * When it finds no room (no_room) the login expires, as any other does. */
void rs_agents_sign_off(rs_agents_t *agents, uint32_t tenant, uint32_t name, int64_t at_us);

/* Facts of a contact of `tenant` were counted (+1) or taken back (-1): handlings are looked at. */
void rs_agents_facts(rs_agents_t *agents, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign);
/* After a contact's story changed: who has it now. / Before it leaves memory. */
void rs_agents_follow(rs_agents_t *agents, uint32_t contact);
void rs_agents_forget(rs_agents_t *agents, uint32_t contact);

/* Call for the memory that leads to an agent; for the agent, when that is there, whose number, or most likely so, is returned (0: it is not
 * known); for what an event of the agent will touch, when it is there. Change nothing. `name` is a number of names. */
void rs_agents_prefetch_place(const rs_agents_t *agents, uint32_t tenant, uint32_t name);
uint32_t rs_agents_prefetch(const rs_agents_t *agents, uint32_t tenant, uint32_t name);
void rs_agents_prefetch_around(const rs_agents_t *agents, uint32_t number);

/* The watermark has come to `settled_us`: agents are counted up to the last boundary of 5 minutes, a few at a time, and what is
 * due folds. `budget`: posts, or agents without any, that may be dealt with (a few microseconds each). True when nothing is left
 * to do; else call again. */
bool rs_agents_advance(rs_agents_t *agents, int64_t settled_us, uint32_t budget);
/* Counts everything up to `until_us` itself: the end of a replay. */
void rs_agents_count_until(rs_agents_t *agents, int64_t until_us);

/* --- staff on duty ------------------------------------------------------------------------------------------------- */
/* Agents of a queue (all its channels) at this moment.
 *   joined     members that are not offline, or have a handling open; one that never sent agent.state is taken as available
 *   available  those whose state is available and who have no handling open
 *   busy       those with a handling open (in whatever queue), or whose state is ringing, on_contact, hold or wrapup
 *   The others are on a break or in a custom state: joined >= available + busy.
 * While no agent.queue_joined is known of the queue (or nothing at all), its members are those who ended a handling of it within the last
 * hour, or have one open (`by_handlings`). All 0 for a queue that nobody worked in. `queue_key`: a queue key of the directory. */
typedef struct rs_staff { uint32_t joined, available, busy; bool by_handlings; } rs_staff_t;
rs_staff_t rs_agents_staff(rs_agents_t *agents, uint32_t queue_key);
/* Whether agents sign on to the queue: else its staff is by handlings. Costs less. */
bool rs_agents_sign_on(const rs_agents_t *agents, uint32_t queue_key);
/* To any queue at all. */
bool rs_agents_any_sign_on(const rs_agents_t *agents);

/* --- who does what since when: any thread ------------------------------------------------------------------------- */
uint32_t rs_agents_published(const rs_agents_t *agents);
/* See core/agent/live.h. */
RS_MUST_CHECK int rs_agents_read(const rs_agents_t *agents, uint32_t place, rs_agent_live_t *live);

/* --- looking ------------------------------------------------------------------------------------------------------ */
typedef struct rs_agents_odd {        /* impossible things, as they came in; each has a defined outcome above */
    uint64_t left_unjoined, joined_twice, empty_plans;
    uint64_t no_room;                 /* handlings or queues of an agent, or its being signed off, that found no place */
} rs_agents_odd_t;
rs_agents_odd_t rs_agents_odd(const rs_agents_t *agents);
uint64_t rs_agents_bytes(const rs_agents_t *agents);
/* Tests: recomputes what can be recomputed. RS_OK or RS_ERR_STATE with *why. */
RS_MUST_CHECK int rs_agents_check(rs_agents_t *agents, const char **why);

#endif
