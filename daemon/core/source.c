#include "core/source.h"

#include <stdlib.h>

enum { FIRST_IDS = 4096 };

static int ids_init(struct rs_ids *ids) {
    *ids = (struct rs_ids){.mask = FIRST_IDS - 1, .slots = rs_table_take(FIRST_IDS * sizeof *ids->slots)};
    return ids->slots == NULL ? RS_ERR_MEMORY : RS_OK;
}

static uint64_t ids_bytes(const struct rs_ids *ids) { return ((uint64_t)ids->mask + 1) * sizeof *ids->slots; }
static void ids_deinit(struct rs_ids *ids) { rs_table_give(ids->slots); }

static bool ids_has(const struct rs_ids *ids, rs_hash128_t id) {
    for (uint32_t place = (uint32_t)id.low & ids->mask;; place = (place + 1) & ids->mask) {
        const rs_hash128_t slot = ids->slots[place];
        if (slot.low == 0 && slot.high == 0) return false;
        if (slot.low == id.low && slot.high == id.high) return true;
    }
}

static void place_id(struct rs_ids *ids, rs_hash128_t id) {
    uint32_t place = (uint32_t)id.low & ids->mask;
    while (ids->slots[place].low != 0 || ids->slots[place].high != 0) place = (place + 1) & ids->mask;
    ids->slots[place] = id;
}

static void grow_ids(struct rs_ids *ids) {
    struct rs_ids larger = {.mask = ids->mask * 2 + 1, .count = ids->count};
    larger.slots = rs_table_take(ids_bytes(&larger));
    if (larger.slots == NULL) {
        RS_REQUIRE(ids->count < ids->mask);
        return;   /* fills further, slower but right */
    }
    for (uint32_t i = 0; i <= ids->mask; i++) {
        if (ids->slots[i].low != 0 || ids->slots[i].high != 0) place_id(&larger, ids->slots[i]);
    }
    ids_deinit(ids);
    *ids = larger;
}

static void ids_add(struct rs_ids *ids, rs_hash128_t id) {
    if ((ids->count + 1) * 2 > ids->mask) grow_ids(ids);
    place_id(ids, id);
    ids->count++;
}

int rs_sources_init(rs_sources_t *sources, const rs_config_t *config, bool replay, uint64_t seed) {
    *sources = (rs_sources_t){.max_sources = config->limits.sources, .max_sessions = config->limits.sources * 4,
                              .lateness_us = config->lateness_us, .idle_us = config->idle_us,
                              .future_us = config->future_us, .max_ids = config->limits.remembered_ids / 2, .seed = seed,
                              .replay = replay, .generation_us = INT64_MIN};
    sources->sources = calloc((size_t)sources->max_sources + 1, sizeof *sources->sources);
    sources->sessions = calloc((size_t)sources->max_sessions + 1, sizeof *sources->sessions);
    if (sources->sources == NULL || sources->sessions == NULL ||
        rs_index_init(&sources->source_index, sources->max_sources) != RS_OK ||
        rs_index_init(&sources->session_index, sources->max_sessions) != RS_OK ||
        ids_init(&sources->young) != RS_OK || ids_init(&sources->old) != RS_OK) {
        rs_sources_deinit(sources);
        return RS_ERR_MEMORY;
    }
    sources->sources[0] = (rs_source_t){.name = RS_NAMES_OVERFLOW,
                                        .accounting = {.source = RS_STR(RS_OVERFLOW_NAME), .watermark_us = INT64_MIN, .idle = true}};
    sources->source_count = 1;
    sources->session_count = 1;
    return RS_OK;
}

void rs_sources_deinit(rs_sources_t *sources) {
    for (uint32_t i = 0; sources->sessions != NULL && i < sources->session_count; i++) {
        rs_numbers_deinit(&sources->sessions[i].identities);
        rs_numbers_deinit(&sources->sessions[i].reported);
    }
    free(sources->sources);
    free(sources->sessions);
    ids_deinit(&sources->young);
    ids_deinit(&sources->old);
    rs_index_deinit(&sources->source_index);
    rs_index_deinit(&sources->session_index);
    *sources = (rs_sources_t){0};
}

static uint64_t source_hash(uint32_t name) { return rs_hash_mix(name); }
static uint64_t session_hash(uint32_t owner, uint32_t incarnation) { return rs_hash_mix((uint64_t)owner << 32 | incarnation); }

static uint32_t source_place(rs_sources_t *sources, rs_names_t *names, rs_str_t text) {
    const uint32_t name = rs_names_number(names, text);
    if (name == 0 || name == RS_NAMES_OVERFLOW) return 0;
    const uint64_t hash = source_hash(name);
    uint32_t cursor = rs_index_begin(&sources->source_index, hash), place;
    while ((place = rs_index_next(&sources->source_index, hash, &cursor)) != 0) {
        if (sources->sources[place].name == name) return place;
    }
    if (sources->source_count > sources->max_sources) return 0;
    place = sources->source_count++;
    sources->sources[place] = (rs_source_t){
        .name = name, .accounting = {.source = rs_names_text(names, name), .watermark_us = INT64_MIN, .idle = true},
        .last_seen_us = INT64_MIN};
    rs_index_add(&sources->source_index, hash, place);
    return place;
}

/* Where such a session is likely to stand: those that take turns are told apart by how their names end. */
static uint32_t *likely_place(rs_sources_t *sources, const rs_event_t *event) {
    const rs_str_t source = event->source, incarnation = event->incarnation;
    uint32_t place = source.len == 0 ? 0 : (unsigned char)source.data[source.len - 1];
    if (incarnation.len != 0) place += (unsigned char)incarnation.data[incarnation.len - 1];
    return &sources->likely_sessions[place & (RS_LIKELY_SESSIONS - 1)];
}

bool rs_sources_session(rs_sources_t *sources, rs_names_t *names, const rs_event_t *event, uint32_t *session_out) {
    uint32_t *place = likely_place(sources, event);
    const rs_session_t *likely = &sources->sessions[*place];
    if (*place != 0 && rs_str_equal(rs_names_text(names, likely->source), event->source) &&
        rs_str_equal(rs_names_text(names, likely->incarnation), event->incarnation)) {
        *session_out = *place;
        return true;
    }
    *session_out = 0;
    const uint32_t owner = source_place(sources, names, event->source);
    const uint32_t incarnation = rs_names_number(names, event->incarnation);
    if (owner == 0 || incarnation == RS_NAMES_OVERFLOW) return false;
    const uint64_t hash = session_hash(owner, incarnation);
    uint32_t cursor = rs_index_begin(&sources->session_index, hash), session;
    while ((session = rs_index_next(&sources->session_index, hash, &cursor)) != 0) {
        if (sources->sessions[session].owner == owner && sources->sessions[session].incarnation == incarnation) {
            *session_out = *place = session;
            return true;
        }
    }
    if (sources->session_count > sources->max_sessions) return false;
    session = sources->session_count++;
    sources->sessions[session] = (rs_session_t){.source = sources->sources[owner].name, .incarnation = incarnation, .owner = owner};
    rs_index_add(&sources->session_index, hash, session);
    *session_out = *place = session;
    return true;
}

/* Ids are forgotten a generation at a time; each lasts 2 x lateness, so an id is known for at least that long. In a replay, where
 * nothing is late, none is forgotten. When a generation is full before its time the older one goes early: memory stays bounded, and
 * what was remembered less long than promised shows in the remembered_ids limit that the daemon prints. */
static void turn_generation(rs_sources_t *sources, int64_t now_us) {
    const bool due = sources->generation_us == INT64_MIN ||
                     (!sources->replay && now_us - sources->generation_us >= 2 * sources->lateness_us);
    if (!due && sources->young.count < sources->max_ids) return;
    if (sources->generation_us == INT64_MIN && sources->young.count == 0) {
        sources->generation_us = now_us;
        return;
    }
    const struct rs_ids emptied = {.slots = sources->old.slots, .mask = sources->old.mask};
    if (sources->old.count != 0) memset(emptied.slots, 0, ((size_t)emptied.mask + 1) * sizeof *emptied.slots);
    sources->old = sources->young;
    sources->young = emptied;
    sources->generation_us = now_us;
}

static rs_hash128_t id_hash(const rs_sources_t *sources, uint32_t owner, rs_str_t id) {
    rs_hash128_t hash = rs_hash128(id.data, id.len, sources->seed ^ rs_hash_mix(owner));
    if (hash.low == 0 && hash.high == 0) hash.high = 1;
    return hash;
}

rs_refusal_t rs_sources_judge(rs_sources_t *sources, uint32_t session_place, const rs_event_t *event, int64_t arrival_us,
                              bool *late) {
    rs_session_t *session = &sources->sessions[session_place];
    rs_source_t *source = &sources->sources[session->owner];
    const bool by_id = event->event_id.len != 0;
    const bool has_seq = (event->present & RS_HAS_SEQ) != 0;
    rs_hash128_t id = {0};
    *late = false;
    source->last_seen_us = arrival_us > source->last_seen_us ? arrival_us : source->last_seen_us;
    if (has_seq) rs_numbers_add(&session->reported, event->seq);
    if (by_id) {
        id = id_hash(sources, session->owner, event->event_id);
        if (ids_has(&sources->young, id) || (sources->old.count != 0 && ids_has(&sources->old, id))) return RS_REFUSAL_DUPLICATE;
    } else if (rs_numbers_has(&session->identities, event->seq)) {
        return RS_REFUSAL_DUPLICATE;
    }
    int64_t *watermark = &source->accounting.watermark_us;
    if (!sources->replay) {
        rs_skew_note(&source->skew, event->occurred_us, arrival_us);
        if (event->occurred_us > arrival_us + sources->future_us) return RS_REFUSAL_FUTURE;
        if (*watermark != INT64_MIN && event->occurred_us < *watermark - sources->lateness_us) return RS_REFUSAL_TOO_LATE;
        *late = event->occurred_us < *watermark;
    }
    if (by_id) {
        turn_generation(sources, event->occurred_us > *watermark ? event->occurred_us : *watermark);
        ids_add(&sources->young, id);
    } else {
        rs_numbers_add(&session->identities, event->seq);
    }
    if (event->occurred_us > *watermark) *watermark = event->occurred_us;
    return RS_REFUSAL_NONE;
}

void rs_sources_account(rs_sources_t *sources, uint32_t session, rs_refusal_t reason, bool late) {
    rs_accounting_t *accounting = &sources->sources[sources->sessions[session].owner].accounting;
    accounting->received++;
    switch (reason) {
        case RS_REFUSAL_NONE: if (late) accounting->late_applied++; else accounting->applied++; break;
        case RS_REFUSAL_DUPLICATE: accounting->duplicate++; break;
        case RS_REFUSAL_TOO_LATE: accounting->too_late++; break;
        case RS_REFUSAL_FUTURE: accounting->future++; break;
        case RS_REFUSAL_LIMIT: accounting->limit++; break;
        case RS_REFUSAL_UNKNOWN_TYPE: accounting->unknown++; break;
        default: accounting->invalid++; break;
    }
}

void rs_sources_account_refusal(rs_sources_t *sources, rs_names_t *names, rs_str_t source, rs_refusal_t reason) {
    rs_accounting_t *accounting = &sources->sources[source_place(sources, names, source)].accounting;
    accounting->received++;
    if (reason == RS_REFUSAL_UNKNOWN_TYPE) accounting->unknown++; else accounting->invalid++;
}

void rs_sources_declare_gap(rs_sources_t *sources, uint32_t session, uint64_t from, uint64_t to) {
    if (from <= to) rs_numbers_add_range(&sources->sessions[session].reported, from, to);
}

int64_t rs_sources_watermark(rs_sources_t *sources, int64_t now_us, int64_t *greatest) {
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (uint32_t i = 1; i < sources->source_count; i++) {
        rs_source_t *source = &sources->sources[i];
        const int64_t mark = source->accounting.watermark_us;
        if (mark > most) most = mark;
        source->accounting.idle = source->last_seen_us == INT64_MIN || now_us - source->last_seen_us >= sources->idle_us;
        if (mark != INT64_MIN && !source->accounting.idle && mark < least) least = mark;
    }
    if (greatest != NULL) *greatest = most;
    return least == INT64_MAX ? INT64_MIN : least;
}

void rs_sources_restore_id(struct rs_ids *ids, rs_hash128_t id) { ids_add(ids, id); }

bool rs_sources_restore(rs_sources_t *sources, const rs_names_t *names) {
    for (uint32_t i = 0; i < sources->source_count; i++) {
        rs_source_t *source = &sources->sources[i];
        if (source->name == 0 || source->name > names->count) return false;
        source->accounting.source = rs_names_text(names, source->name);
        if (i != 0) rs_index_add(&sources->source_index, source_hash(source->name), i);
    }
    for (uint32_t i = 1; i < sources->session_count; i++) {
        const rs_session_t *session = &sources->sessions[i];
        if (session->owner == 0 || session->owner >= sources->source_count) return false;
        rs_index_add(&sources->session_index, session_hash(session->owner, session->incarnation), i);
    }
    return true;
}

uint64_t rs_sources_bytes(const rs_sources_t *sources) {
    uint64_t bytes = rs_index_bytes(&sources->source_index) + rs_index_bytes(&sources->session_index);
    bytes += (uint64_t)sources->source_count * sizeof *sources->sources + (uint64_t)sources->session_count * sizeof *sources->sessions;
    return bytes + ((uint64_t)sources->young.count + sources->old.count) * 2 * sizeof(rs_hash128_t);
}
