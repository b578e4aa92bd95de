/* core/erase.h — a person is forgotten: everywhere in memory a random stand-in takes the place of a customer's pseudonym, or of an agent's
 * name.
 *
 * Customers
 * Model:   the contacts stay, and all that was counted of them; whose they were is known no more, for nothing leads from the stand-in to
 *          the pseudonym or the number. First-contact resolution goes on judging them among each other; a contact that comes in afterwards
 *          is of a new customer, and repeats nothing of before. So no figure moves by an erasure, and later ones move as by a stranger.
 * Where:   kept events, stories, journeys, the book of single contacts, the list of who came most often, and the keys of the records of
 *          first-contact resolution. Items that are free are looked at, too: what was left there would otherwise stand in memory until they
 *          are used again.
 * Record:  RS_COMMAND_ERASE, so a recovery repeats it at its place; every snapshot after it is without the pseudonym.
 * Bounds:  looks once at every contact and event in memory, some tenths of a second at the limits.
 *
 * Agents
 * Model:   the number that stands for the agent goes on under another text (core/names.h), so all that was counted stays where it is: in
 *          the list of agents, in handlings, contacts and records of first-contact resolution, in the agent's own rows, which go to the
 *          store again under the stand-in. The team by configuration stays what it was. What comes in afterwards under the name is somebody
 *          new's, whatever moment it tells of. So figures of queues, teams and tenants do not move, and later ones move as by a new agent.
 * Signed off: the stand-in counts as offline from the erasure on, and nothing is planned for it any more; a contact that it has goes on to
 *          its end under the stand-in. Who still works is there again with the next event, and is never on duty twice.
 * Texts:   what people wrote about alerts loses the name, too (core/alert/mask.h). No alert, explanation or rule is about a single agent.
 * Not here: the configuration. An agent whose team it names is to be taken out of it first (service/subject.c asks for that).
 * Bounds:  looks once at every row and every open episode.
 *
 * Decided where the design is silent:
 * - An event that comes in later for a contact that is still in memory, and names the customer, is new data: the contact keeps the stand-in
 *   where that was named first, but the event has the pseudonym until it folds. Erase when the contact has ended.
 * - Of two contacts of a journey that began in the same microsecond and name different customers the lesser pseudonym counts; the stand-in
 *   may be another side of it.
 * Threads: the core's.
 */
#ifndef RS_CORE_ERASE_H
#define RS_CORE_ERASE_H

#include "core/core.h"

/* *places (may be NULL): how often the pseudonym stood somewhere. RS_ERR_NOT_FOUND: nowhere; nothing changed then. */
int rs_core_erase(rs_core_t *core, rs_str_t tenant, const uint8_t pseudonym[RS_PSEUDONYM_BYTES], const uint8_t stand_in[RS_PSEUDONYM_BYTES],
                  uint64_t *places);

/* The same of an agent by name. stand_in: 1 .. RS_NAME_INLINE bytes. RS_ERR_INVALID: another agent of the tenant is called so; then only
 * texts have changed. */
int rs_core_erase_agent(rs_core_t *core, rs_str_t tenant, rs_str_t agent, rs_str_t stand_in, uint64_t *places);

#endif
