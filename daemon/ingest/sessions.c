#include "ingest/sessions.h"

#include "base/planted.h"
#include "ingest/slot_index.h"

#include <sodium.h>

enum { MAX_SLOTS = 1u << 20, FORGET_LOOKS = 64 };
#define NONE RS_SESSIONS_NONE

typedef struct name_key { rs_str_t source, incarnation; } name_key_t;
typedef struct activity_list { uint32_t oldest, newest, count; } activity_list_t;

struct rs_sessions {
    rs_session_t *slots;
    uint32_t slot_count, slot_room;      /* ever used; allocated */
    uint32_t slot_free;                  /* first of the slots that a restart left unused, linked by `older` */
    uint32_t max_sessions, max_attached;
    int64_t idle_us;
    activity_list_t attached, detached;
    rs_slot_index_t by_name, by_peer;
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
    rs_nack_t *nacks;
    uint32_t nack_room, nack_used, nack_free;   /* nack_free: first of the free list */
    uint64_t forgotten, detached_total;
};

/* --- hashing and matching ------------------------------------------------------------------------------------------ */
static uint32_t hash_bytes(const rs_sessions_t *sessions, const void *bytes, size_t len) {
    uint8_t digest[crypto_shorthash_BYTES];
    crypto_shorthash(digest, bytes, len, sessions->hash_key);
    uint32_t hash;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

static uint32_t hash_name(const rs_sessions_t *sessions, name_key_t key) {
    uint8_t bytes[1 + 2 * RS_MAX_NAME];
    bytes[0] = (uint8_t)key.source.len;   /* ("ab","c") is not ("a","bc") */
    memcpy(bytes + 1, key.source.data, key.source.len);
    if (key.incarnation.len > 0) memcpy(bytes + 1 + key.source.len, key.incarnation.data, key.incarnation.len);
    return hash_bytes(sessions, bytes, 1 + (size_t)key.source.len + key.incarnation.len);
}

static rs_str_t source_of(const rs_session_t *session) {
    return (rs_str_t){.data = session->source, .len = session->source_len};
}
static rs_str_t incarnation_of(const rs_session_t *session) {
    return (rs_str_t){.data = session->incarnation, .len = session->incarnation_len};
}
static rs_str_t routing_of(const rs_session_t *session) {
    return (rs_str_t){.data = (const char *)session->routing, .len = session->routing_len};
}

static bool matches_name(const void *context, uint32_t slot, const void *key) {
    const rs_session_t *session = &((const rs_sessions_t *)context)->slots[slot];
    const name_key_t *name = key;
    return rs_str_equal(source_of(session), name->source) && rs_str_equal(incarnation_of(session), name->incarnation);
}

static bool matches_peer(const void *context, uint32_t slot, const void *key) {
    return rs_str_equal(routing_of(&((const rs_sessions_t *)context)->slots[slot]), *(const rs_str_t *)key);
}

static uint32_t slot_at(const rs_slot_index_t *index, uint32_t place) {
    return index->entries[place].slot_plus_1 == 0 ? NONE : index->entries[place].slot_plus_1 - 1;
}

/* --- lists by activity --------------------------------------------------------------------------------------------- */
static void list_append(rs_sessions_t *sessions, activity_list_t *list, uint32_t slot) {
    rs_session_t *session = &sessions->slots[slot];
    session->older = list->newest;
    session->newer = NONE;
    if (list->newest != NONE) sessions->slots[list->newest].newer = slot;
    else list->oldest = slot;
    list->newest = slot;
    list->count++;
}

static void list_remove(rs_sessions_t *sessions, activity_list_t *list, uint32_t slot) {
    const rs_session_t *session = &sessions->slots[slot];
    if (session->older != NONE) sessions->slots[session->older].newer = session->newer;
    else list->oldest = session->newer;
    if (session->newer != NONE) sessions->slots[session->newer].older = session->older;
    else list->newest = session->older;
    list->count--;
}

/* --- life ---------------------------------------------------------------------------------------------------------- */
static uint32_t clamp(uint32_t value) { return value < 1 ? 1 : value > MAX_SLOTS ? MAX_SLOTS : value; }

int rs_sessions_create(uint32_t max_sessions, uint32_t max_attached, int64_t idle_us, rs_sessions_t **sessions_out) {
    if (sodium_init() < 0) return RS_ERR_MEMORY;
    rs_sessions_t *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL) return RS_ERR_MEMORY;
    sessions->max_attached = clamp(max_attached);
    sessions->max_sessions = clamp(max_sessions) < sessions->max_attached ? sessions->max_attached : clamp(max_sessions);
    sessions->idle_us = idle_us;
    sessions->attached = sessions->detached = (activity_list_t){.oldest = NONE, .newest = NONE};
    sessions->nack_free = sessions->slot_free = NONE;
    crypto_shorthash_keygen(sessions->hash_key);
    if (rs_slot_index_init(&sessions->by_name, sessions->max_sessions) != RS_OK ||
        rs_slot_index_init(&sessions->by_peer, sessions->max_attached) != RS_OK) {
        rs_sessions_destroy(&sessions);
        return RS_ERR_MEMORY;
    }
    *sessions_out = sessions;
    return RS_OK;
}

void rs_sessions_destroy(rs_sessions_t **sessions_inout) {
    if (sessions_inout == NULL || *sessions_inout == NULL) return;
    rs_sessions_t *sessions = *sessions_inout;
    rs_slot_index_deinit(&sessions->by_name);
    rs_slot_index_deinit(&sessions->by_peer);
    free(sessions->slots);
    free(sessions->nacks);
    free(sessions);
    *sessions_inout = NULL;
}

rs_session_t *rs_sessions_get(rs_sessions_t *sessions, uint32_t slot) {
    return slot < sessions->slot_count && sessions->slots[slot].used ? &sessions->slots[slot] : NULL;
}

uint32_t rs_sessions_of_peer(const rs_sessions_t *sessions, rs_str_t routing) {
    const uint32_t hash = hash_bytes(sessions, routing.data, routing.len);
    return slot_at(&sessions->by_peer, rs_slot_index_place(&sessions->by_peer, hash, matches_peer, sessions, &routing));
}

void rs_sessions_touch(rs_sessions_t *sessions, uint32_t slot, int64_t now_us) {
    rs_session_t *session = &sessions->slots[slot];
    session->active_us = now_us;
    if (!session->attached || sessions->attached.newest == slot) return;
    list_remove(sessions, &sessions->attached, slot);
    list_append(sessions, &sessions->attached, slot);
}

/* --- attaching ----------------------------------------------------------------------------------------------------- */
static void unlink_peer(rs_sessions_t *sessions, uint32_t slot) {
    const rs_str_t routing = routing_of(&sessions->slots[slot]);
    const uint32_t hash = hash_bytes(sessions, routing.data, routing.len);
    rs_slot_index_remove(&sessions->by_peer, rs_slot_index_place(&sessions->by_peer, hash, matches_peer, sessions, &routing));
    sessions->slots[slot].routing_len = 0;
}

void rs_sessions_detach(rs_sessions_t *sessions, uint32_t slot) {
    rs_session_t *session = &sessions->slots[slot];
    if (!session->attached) return;
    unlink_peer(sessions, slot);
    session->attached = false;
    session->welcome_due = session->ack_due = false;
    list_remove(sessions, &sessions->attached, slot);
    list_append(sessions, &sessions->detached, slot);
    sessions->detached_total++;
}

static void attach(rs_sessions_t *sessions, uint32_t slot, rs_str_t routing, int64_t now_us) {
    rs_session_t *session = &sessions->slots[slot];
    list_remove(sessions, &sessions->detached, slot);
    list_append(sessions, &sessions->attached, slot);
    session->attached = true;
    session->active_us = now_us;
    memcpy(session->routing, routing.data, routing.len);
    session->routing_len = (uint8_t)routing.len;
    const uint32_t hash = hash_bytes(sessions, routing.data, routing.len);
    rs_slot_index_put(&sessions->by_peer, rs_slot_index_place(&sessions->by_peer, hash, matches_peer, sessions, &routing),
                      hash, slot);
}

/* A place among the attached: free, or of the one that has been silent longest. */
static bool make_room_attached(rs_sessions_t *sessions, int64_t now_us) {
    if (sessions->attached.count < sessions->max_attached) return true;
    const uint32_t oldest = sessions->attached.oldest;
    if (now_us - sessions->slots[oldest].active_us < sessions->idle_us) return false;
    rs_sessions_detach(sessions, oldest);
    return true;
}

/* --- slots --------------------------------------------------------------------------------------------------------- */
static void forget(rs_sessions_t *sessions, uint32_t slot) {
    rs_session_t *session = &sessions->slots[slot];
    while (session->nack_count > 0) rs_sessions_pop_nack(sessions, slot);
    const name_key_t key = {.source = source_of(session), .incarnation = incarnation_of(session)};
    const uint32_t hash = hash_name(sessions, key);
    rs_slot_index_remove(&sessions->by_name, rs_slot_index_place(&sessions->by_name, hash, matches_name, sessions, &key));
    list_remove(sessions, &sessions->detached, slot);
    session->used = false;
    sessions->forgotten++;
}

/* The session that was left longest ago and has nothing in flight: a verdict or ACK for it can no longer come. */
static uint32_t forget_oldest(rs_sessions_t *sessions) {
    uint32_t slot = sessions->detached.oldest;
    for (uint32_t looks = 0; slot != NONE && looks < FORGET_LOOKS; looks++, slot = sessions->slots[slot].newer) {
        const rs_session_t *session = &sessions->slots[slot];
        if (session->in_flight_batches > 0 || session->is_due) continue;
        forget(sessions, slot);
        return slot;
    }
    return NONE;
}

static int take_slot(rs_sessions_t *sessions, uint32_t *slot) {
    if (sessions->slot_free != NONE) {
        *slot = sessions->slot_free;
        sessions->slot_free = sessions->slots[*slot].older;
        return RS_OK;
    }
    if (sessions->slot_count == sessions->max_sessions) {
        *slot = forget_oldest(sessions);
        return *slot == NONE ? RS_ERR_LIMIT : RS_OK;
    }
    if (sessions->slot_count == sessions->slot_room) {
        uint32_t room = sessions->slot_room == 0 ? 16 : sessions->slot_room * 2;
        if (room > sessions->max_sessions) room = sessions->max_sessions;
        rs_session_t *slots = realloc(sessions->slots, room * sizeof *slots);
        if (slots == NULL) return RS_ERR_MEMORY;
        sessions->slots = slots;
        sessions->slot_room = room;
    }
    *slot = sessions->slot_count++;
    return RS_OK;
}

static rs_session_t *fill_slot(rs_sessions_t *sessions, uint32_t slot, name_key_t key) {
    rs_session_t *session = &sessions->slots[slot];
    memset(session, 0, sizeof *session);
    session->used = true;
    session->next_due = session->nack_first = session->nack_last = NONE;
    memcpy(session->source, key.source.data, key.source.len);
    session->source_len = (uint8_t)key.source.len;
    if (key.incarnation.len > 0) memcpy(session->incarnation, key.incarnation.data, key.incarnation.len);
    session->incarnation_len = (uint8_t)key.incarnation.len;
    list_append(sessions, &sessions->detached, slot);
    const uint32_t hash = hash_name(sessions, key);
    rs_slot_index_put(&sessions->by_name, rs_slot_index_place(&sessions->by_name, hash, matches_name, sessions, &key), hash,
                      slot);
    return session;
}

static int create_session(rs_sessions_t *sessions, name_key_t key, uint32_t *slot) {
    const int status = take_slot(sessions, slot);
    if (status == RS_OK) fill_slot(sessions, *slot, key);
    return status;
}

static bool can_restore(const rs_sessions_t *sessions, const rs_sessions_kept_t *kept) {
    if (kept->slot >= sessions->max_sessions || kept->source.len == 0 || kept->source.len > RS_MAX_NAME ||
        kept->incarnation.len > RS_MAX_NAME) {
        return false;
    }
    if (sessions->slots[kept->slot].used) return false;
    const name_key_t key = {.source = kept->source, .incarnation = kept->incarnation};
    return slot_at(&sessions->by_name,
                   rs_slot_index_place(&sessions->by_name, hash_name(sessions, key), matches_name, sessions, &key)) == NONE;
}

int64_t rs_sessions_restore(rs_sessions_t *sessions, const rs_sessions_kept_t *kept, uint32_t count) {
    RS_REQUIRE(sessions->slot_count == 0);
    uint32_t slots = 0;
    int64_t taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept[i].slot < sessions->max_sessions && kept[i].slot >= slots) slots = kept[i].slot + 1;
    }
    if (slots == 0) return 0;
    rs_session_t *places = realloc(sessions->slots, slots * sizeof *places);
    if (places == NULL) return RS_ERR_MEMORY;
    memset(places, 0, slots * sizeof *places);
    sessions->slots = places;
    sessions->slot_count = sessions->slot_room = slots;
    for (uint32_t i = 0; i < count; i++) {
        if (!can_restore(sessions, &kept[i])) continue;
        rs_session_t *session = fill_slot(sessions, kept[i].slot,
                                          (name_key_t){.source = kept[i].source, .incarnation = kept[i].incarnation});
        session->mark = session->taken = kept[i].mark;
        if (RS_PLANTED(SKIP_ONE_MORE)) session->taken++;
        session->started = kept[i].mark > 0;
        session->announced = true;
        taken++;
    }
    for (uint32_t slot = slots; slot-- > 0;) {
        if (places[slot].used) continue;
        places[slot].older = sessions->slot_free;
        sessions->slot_free = slot;
    }
    return taken;
}

int rs_sessions_hello(rs_sessions_t *sessions, rs_str_t source, rs_str_t incarnation, rs_str_t routing, int64_t now_us,
                      rs_sessions_hello_t *hello) {
    const name_key_t key = {.source = source, .incarnation = incarnation};
    uint32_t slot = slot_at(&sessions->by_name, rs_slot_index_place(&sessions->by_name, hash_name(sessions, key), matches_name,
                                                                    sessions, &key));
    const uint32_t before = rs_sessions_of_peer(sessions, routing);
    hello->evicted_len = 0;
    hello->is_new = slot == NONE;
    if (slot != NONE && slot == before) {
        rs_sessions_touch(sessions, slot, now_us);
        hello->slot = slot;
        return RS_OK;
    }
    const bool place_stays = before != NONE || (slot != NONE && sessions->slots[slot].attached);
    if (!place_stays && !make_room_attached(sessions, now_us)) return RS_ERR_LIMIT;
    if (slot == NONE) {
        const int status = create_session(sessions, key, &slot);
        if (status != RS_OK) return status;
    }
    rs_session_t *session = &sessions->slots[slot];
    if (session->attached) {
        hello->evicted_len = session->routing_len;
        memcpy(hello->evicted, session->routing, session->routing_len);
        rs_sessions_detach(sessions, slot);
    }
    if (before != NONE) rs_sessions_detach(sessions, before);
    attach(sessions, slot, routing, now_us);
    hello->slot = slot;
    return RS_OK;
}

/* --- NACKs --------------------------------------------------------------------------------------------------------- */
static uint32_t take_nack(rs_sessions_t *sessions) {
    if (sessions->nack_free != NONE) {
        const uint32_t index = sessions->nack_free;
        sessions->nack_free = sessions->nacks[index].next;
        return index;
    }
    if (sessions->nack_used == sessions->nack_room) {
        const uint32_t room = sessions->nack_room == 0 ? 64 : sessions->nack_room * 2;
        if (room > RS_SESSIONS_MAX_NACKS) return NONE;
        rs_nack_t *nacks = realloc(sessions->nacks, room * sizeof *nacks);
        if (nacks == NULL) return NONE;
        sessions->nacks = nacks;
        sessions->nack_room = room;
    }
    return sessions->nack_used++;
}

bool rs_sessions_push_nack(rs_sessions_t *sessions, uint32_t slot, const rs_nack_t *nack) {
    const uint32_t index = take_nack(sessions);
    if (index == NONE) return false;
    rs_session_t *session = &sessions->slots[slot];
    sessions->nacks[index] = *nack;
    sessions->nacks[index].next = NONE;
    if (session->nack_count == 0) session->nack_first = index;
    else sessions->nacks[session->nack_last].next = index;
    session->nack_last = index;
    session->nack_count++;
    return true;
}

const rs_nack_t *rs_sessions_first_nack(const rs_sessions_t *sessions, uint32_t slot) {
    const rs_session_t *session = &sessions->slots[slot];
    return session->nack_count == 0 ? NULL : &sessions->nacks[session->nack_first];
}

void rs_sessions_pop_nack(rs_sessions_t *sessions, uint32_t slot) {
    rs_session_t *session = &sessions->slots[slot];
    if (session->nack_count == 0) return;
    const uint32_t index = session->nack_first;
    session->nack_first = sessions->nacks[index].next;
    session->nack_count--;
    sessions->nacks[index].next = sessions->nack_free;
    sessions->nack_free = index;
}

/* --- looking ------------------------------------------------------------------------------------------------------- */
uint32_t rs_sessions_count(const rs_sessions_t *sessions) { return sessions->attached.count + sessions->detached.count; }
uint32_t rs_sessions_attached(const rs_sessions_t *sessions) { return sessions->attached.count; }
uint64_t rs_sessions_forgotten(const rs_sessions_t *sessions) { return sessions->forgotten; }
uint64_t rs_sessions_detached(const rs_sessions_t *sessions) { return sessions->detached_total; }

static const char *broken_rule(const rs_sessions_t *sessions) {
    uint32_t used = 0, attached = 0, nacks = 0;
    for (uint32_t slot = 0; slot < sessions->slot_count; slot++) {
        const rs_session_t *session = &sessions->slots[slot];
        if (!session->used) continue;
        used++;
        nacks += session->nack_count;
        if (session->mark > session->taken) return "the mark is above what was taken";
        const name_key_t key = {.source = source_of(session), .incarnation = incarnation_of(session)};
        if (slot_at(&sessions->by_name, rs_slot_index_place(&sessions->by_name, hash_name(sessions, key), matches_name,
                                                            sessions, &key)) != slot) {
            return "a session is not found by its name";
        }
        if (!session->attached) continue;
        attached++;
        if (rs_sessions_of_peer(sessions, routing_of(session)) != slot) return "an attached session is not found by its peer";
    }
    if (used != rs_sessions_count(sessions)) return "a session is in neither list";
    if (attached != sessions->attached.count) return "the attached list is not the attached sessions";
    if (used > sessions->max_sessions || attached > sessions->max_attached) return "a bound is exceeded";
    for (uint32_t index = sessions->nack_free; index != NONE; index = sessions->nacks[index].next) nacks++;
    return nacks == sessions->nack_used ? NULL : "a NACK is neither free nor waiting";
}

int rs_sessions_check(const rs_sessions_t *sessions, const char **why) {
    const char *rule = broken_rule(sessions);
    if (rule == NULL) return RS_OK;
    *why = rule;
    return RS_ERR_STATE;
}
