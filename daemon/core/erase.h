/* core/erase.h — a customer is forgotten: everywhere in memory a random stand-in takes the place of the pseudonym.
 *
 * Model:   the contacts stay, and all that was counted of them; whose they were is known no more, for nothing leads from the stand-in to the
 *          pseudonym or the number. First-contact resolution goes on judging them among each other; a contact that comes in afterwards is
 *          of a new customer, and repeats nothing of before. So no figure moves by an erasure, and later ones move as by a stranger.
 * Where:   kept events, stories, journeys, the book of single contacts, the list of who came most often, and the keys of the records of first-contact resolution. Items that
 *          are free are looked at, too: what was left there would otherwise stand in memory until they are used again.
 * Record:  RS_COMMAND_ERASE, so a recovery repeats it at its place; every snapshot after it is without the pseudonym.
 * Bounds:  looks once at every contact and event in memory, some tenths of a second at the limits.
 * Decided where the design is silent:
 * - An event that comes in later for a contact that is still in memory, and names the customer, is new data: the contact keeps the stand-in
 *   where that was named first, but the event has the pseudonym until it folds. Erase when the contact has ended.
 * - Of two contacts of a journey that began in the same microsecond and name different customers the lesser pseudonym counts; the stand-in may
 *   be another side of it.
 * Threads: the core's.
 */
#ifndef RS_CORE_ERASE_H
#define RS_CORE_ERASE_H

#include "core/core.h"

/* *places (may be NULL): how often the pseudonym stood somewhere. RS_ERR_NOT_FOUND: nowhere; nothing changed then. */
int rs_core_erase(rs_core_t *core, rs_str_t tenant, const uint8_t pseudonym[RS_PSEUDONYM_BYTES], const uint8_t stand_in[RS_PSEUDONYM_BYTES],
                  uint64_t *places);

#endif
