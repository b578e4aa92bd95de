/* What is in the file: every place is looked at, so that no damage at one of them hides the others. */
#include "client/spool_internal.h"

#include <stdlib.h>

enum { WINDOW = 1 << 20 };

/* A part of the data that was read. */
typedef struct view {
    const rs__spool_t *spool;
    uint8_t *bytes;
    uint64_t begin, end;
} view_t;

/* `len` bytes at `offset` of the data; len <= RS__SPOOL_MAX_RECORD. NULL: cannot be read. */
static const uint8_t *view_at(view_t *view, uint64_t offset, size_t len) {
    if (offset < view->begin || offset + len > view->end) {
        const uint64_t left = view->spool->capacity - offset;
        view->begin = offset;
        view->end = offset + (left < WINDOW ? left : WINDOW);
        if (rs__spool_read(view->spool, RS__SPOOL_DATA + offset, view->bytes, view->end - view->begin) != RS_OK) return NULL;
    }
    return view->bytes + (offset - view->begin);
}

static int keep(rs__spool_t *spool, rs__spool_found_t found) {
    if (spool->found_count == spool->found_room) {
        const uint32_t room = spool->found_room == 0 ? 1024 : spool->found_room * 2;
        rs__spool_found_t *larger = realloc(spool->found, room * sizeof *larger);
        if (larger == NULL) return RS_ERR_MEMORY;
        spool->found = larger;
        spool->found_room = room;
    }
    spool->found[spool->found_count++] = found;
    return RS_OK;
}

/* Everything that verifies, settled or not; what the records say of `settled`. */
static int look_everywhere(rs__spool_t *spool, view_t *view, uint64_t *settled) {
    static _Thread_local uint8_t event[RS__SPOOL_MAX_EVENT];
    uint64_t offset = 0;
    while (offset + RS__SPOOL_MIN_RECORD <= spool->capacity) {
        const uint8_t *bytes = view_at(view, offset, RS__SPOOL_HEAD);
        if (bytes == NULL) return RS_ERR_IO;
        if (!rs__spool_is_head(spool, bytes, offset)) {
            offset += 8;
            continue;
        }
        uint32_t len = rs__get32(bytes + 4);
        const uint64_t size = rs__spool_record_size(len);
        bytes = view_at(view, offset, size);
        if (bytes == NULL) return RS_ERR_IO;
        if (!rs__spool_unseal(spool, bytes, event, &len)) {
            offset += 8;
            continue;
        }
        const rs__spool_found_t found = {.number = rs__get64(bytes + 8), .position = rs__get64(bytes + 16),
                                         .end = rs__get64(bytes + 16) + size};
        if (rs__get64(bytes + 24) > *settled) *settled = rs__get64(bytes + 24);
        const int status = keep(spool, found);
        if (status != RS_OK) return status;
        offset += size;
    }
    sodium_memzero(event, sizeof event);
    return RS_OK;
}

static int by_number(const void *a, const void *b) {
    const rs__spool_found_t *left = a, *right = b;
    if (left->number != right->number) return left->number < right->number ? -1 : 1;
    return left->position > right->position ? -1 : left->position < right->position;   /* the later one first */
}

static void take_marks(rs__spool_t *spool, uint64_t *settled, uint64_t *tail) {
    for (unsigned i = 1; i <= 2; i++) {
        uint8_t mark[RS__SPOOL_MARK];
        uint64_t turn, mark_settled, mark_tail;
        if (rs__spool_read(spool, (uint64_t)i * RS__SPOOL_BLOCK, mark, sizeof mark) != RS_OK) continue;
        if (!rs__spool_take_mark(spool, mark, &turn, &mark_settled, &mark_tail) || turn <= spool->mark_turn) continue;
        spool->mark_turn = turn;
        *settled = mark_settled;
        *tail = mark_tail;
    }
}

/* Those above what is settled, once each, and not so old that their place has been used again. */
static void keep_unsettled(rs__spool_t *spool, uint64_t settled) {
    if (spool->found_count == 0) return;
    qsort(spool->found, spool->found_count, sizeof *spool->found, by_number);
    uint32_t count = 0;
    for (uint32_t i = 0; i < spool->found_count; i++) {
        const rs__spool_found_t found = spool->found[i];
        const bool is_double = count > 0 && spool->found[count - 1].number == found.number;
        if (found.number > settled && !is_double && found.position + spool->capacity >= spool->head) spool->found[count++] = found;
    }
    spool->found_count = count;
}

/* Was a record begun where the next one would be? The number or the place in it says so, whatever else of it is damaged. */
static bool is_begun(const rs__spool_t *spool, view_t *view, uint64_t position) {
    const uint64_t offset = position % spool->capacity;
    if (offset + RS__SPOOL_HEAD > spool->capacity) return false;
    const uint8_t *bytes = view_at(view, offset, RS__SPOOL_HEAD);
    return bytes != NULL && (rs__get64(bytes + 8) == spool->last + 1 || (position != 0 && rs__get64(bytes + 16) == position));
}

/* Where the next record is written: behind the last one, or where the next lap begins. */
static void find_cut_records(rs__spool_t *spool, view_t *view) {
    const uint64_t next_lap = (spool->head + spool->capacity - 1) / spool->capacity * spool->capacity;
    if (is_begun(spool, view, spool->head)) spool->cut[spool->cut_count++] = spool->head;
    if (next_lap != spool->head && is_begun(spool, view, next_lap)) spool->cut[spool->cut_count++] = next_lap;
}

int rs__spool_wipe_cut_records(rs__spool_t *spool) {
    static const uint8_t zeros[RS__SPOOL_HEAD];
    int status = RS_OK;
    for (; status == RS_OK && spool->cut_count > 0; spool->cut_count--) {
        const uint64_t offset = spool->cut[spool->cut_count - 1] % spool->capacity;
        status = rs__spool_write(spool, RS__SPOOL_DATA + offset, zeros, sizeof zeros);
    }
    return status;
}

static int find_bounds(rs__spool_t *spool, uint64_t settled, uint64_t tail) {
    uint64_t last = settled;
    spool->head = tail;
    for (uint32_t i = 0; i < spool->found_count; i++) {
        if (spool->found[i].number > last) last = spool->found[i].number;
        if (spool->found[i].end > spool->head) spool->head = spool->found[i].end;
    }
    keep_unsettled(spool, settled);
    uint64_t lowest = spool->head;
    for (uint32_t i = 0; i < spool->found_count; i++) {
        if (spool->found[i].position < lowest) lowest = spool->found[i].position;
    }
    spool->last = last;
    spool->lost = last - settled - spool->found_count;
    if (spool->lost > spool->capacity / RS__SPOOL_MIN_RECORD || spool->head - lowest > spool->capacity) return RS_ERR_PARSE;
    atomic_init(&spool->settled, settled);
    atomic_init(&spool->tail, lowest);
    atomic_init(&spool->head_seen, spool->head);
    return RS_OK;
}

int rs__spool_scan(rs__spool_t *spool) {
    view_t view = {.spool = spool, .bytes = malloc(WINDOW)};
    if (view.bytes == NULL) return RS_ERR_MEMORY;
    uint64_t settled = 0, tail = 0;
    take_marks(spool, &settled, &tail);
    int status = look_everywhere(spool, &view, &settled);
    if (status == RS_OK) status = find_bounds(spool, settled, tail);
    if (status == RS_OK) find_cut_records(spool, &view);
    if (spool->cut_count > 0) {
        spool->lost++;
        if (spool->fence == RS__SPOOL_NO_FENCE) spool->fence = spool->last;
    }
    free(view.bytes);
    return status;
}
