#include "ring/ring.h"

#include "base/planted.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    HEADER_BYTES = 8,
    ALIGNMENT = 8,
    LINE_PAIR = 128,           /* adjacent lines are fetched together, so a line pair is what two threads must not share */
    BUFFER_ALIGNMENT = 4096,
    KIND_PADDING = 0
};
static const uint64_t min_capacity = UINT64_C(4096);
static const uint64_t max_capacity = UINT64_C(4) << 30;

typedef struct header {
    uint32_t len;              /* of the bytes behind the header, without what fills up to 8 */
    uint32_t kind;             /* KIND_PADDING: nothing but room up to the end of the buffer */
} header_t;
_Static_assert(sizeof(header_t) == HEADER_BYTES, "a header is one aligned word");

struct rs_ring {
    /* Never changed after create. */
    alignas(LINE_PAIR) unsigned char *buffer;
    uint64_t capacity;

    /* Written by the writer (release), read by the reader (acquire in rs_ring_peek) and by anyone's rs_ring_written. */
    alignas(LINE_PAIR) _Atomic uint64_t tail;

    /* The writer's own. */
    struct {
        alignas(LINE_PAIR) uint64_t tail;      /* = the shared one */
        uint64_t cached_head;                  /* never ahead of the shared head, so room is never overestimated */
        uint64_t claim_start;                  /* position of the claimed record's header, behind any padding */
        uint64_t claim_len;                    /* 0 = nothing is claimed */
    } writer;

    /* The reader and the tap. They know nothing of each other; the writer waits for the slower one. */
    struct reader {
        /* Written by that reader (release), read by the writer (acquire in rs_ring_claim) and by anyone's rs_ring_consumed or
         * rs_ring_tapped. */
        alignas(LINE_PAIR) _Atomic uint64_t head;
        /* That reader's own. */
        alignas(LINE_PAIR) uint64_t next;      /* what the next peek looks at: head <= next <= cached_tail */
        uint64_t cached_tail;                  /* never ahead of the shared tail */
        uint64_t own_head;                     /* = the shared one */
    } readers[2];
    bool is_tapped;                            /* set before the threads begin */
};
enum { READER = 0, TAP = 1 };
typedef struct reader reader_t;

static uint64_t record_bytes(uint64_t len) {
    return HEADER_BYTES + ((len + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1));
}

static uint64_t offset_of(const rs_ring_t *ring, uint64_t position) { return position & (ring->capacity - 1); }

static header_t *header_at(const rs_ring_t *ring, uint64_t position) {
    return (header_t *)(void *)(ring->buffer + offset_of(ring, position));
}

int rs_ring_create(size_t capacity, rs_ring_t **ring_out) {
    const uint64_t wanted = capacity;
    if (wanted < min_capacity || wanted > max_capacity || (wanted & (wanted - 1)) != 0) return RS_ERR_INVALID;
    rs_ring_t *ring = aligned_alloc(LINE_PAIR, sizeof(*ring));
    if (ring == NULL) return RS_ERR_MEMORY;
    memset(ring, 0, sizeof(*ring));
    ring->buffer = aligned_alloc(BUFFER_ALIGNMENT, capacity);
    if (ring->buffer == NULL) {
        free(ring);
        return RS_ERR_MEMORY;
    }
    memset(ring->buffer, 0, capacity);   /* takes the pages now, not during the first lap */
    ring->capacity = wanted;
    rs_ring_start_at(ring, 0);
    *ring_out = ring;
    return RS_OK;
}

void rs_ring_destroy(rs_ring_t **ring) {
    if (ring == NULL || *ring == NULL) return;
    free((*ring)->buffer);
    free(*ring);
    *ring = NULL;
}

size_t rs_ring_capacity(const rs_ring_t *ring) { return (size_t)ring->capacity; }
size_t rs_ring_max_record(const rs_ring_t *ring) { return (size_t)(ring->capacity / 4); }

/* --- writer --------------------------------------------------------------------------------------------------------- */

static bool has_room(rs_ring_t *ring, uint64_t needed) {
    if (needed <= ring->capacity - (ring->writer.tail - ring->writer.cached_head)) return true;
    /* Acquire, pairs with the release in release_to: the readers' last looks at those bytes came before. */
    ring->writer.cached_head = atomic_load_explicit(&ring->readers[READER].head, memory_order_acquire);
    if (ring->is_tapped && !RS_PLANTED(TAP_FORGOTTEN)) {
        const uint64_t tapped = atomic_load_explicit(&ring->readers[TAP].head, memory_order_acquire);
        /* Positions may wrap: the one that is further behind the tail is the slower one. */
        if (ring->writer.tail - tapped > ring->writer.tail - ring->writer.cached_head) ring->writer.cached_head = tapped;
    }
    return needed <= ring->capacity - (ring->writer.tail - ring->writer.cached_head);
}

int rs_ring_claim(rs_ring_t *ring, size_t len, void **bytes) {
    RS_REQUIRE(ring->writer.claim_len == 0);
    if (len == 0 || len > rs_ring_max_record(ring)) return RS_ERR_INVALID;
    const uint64_t tail = ring->writer.tail;
    const uint64_t to_end = ring->capacity - offset_of(ring, tail);
    const uint64_t wanted = record_bytes(len);
    const uint64_t padding = wanted <= to_end ? 0 : to_end;
    if (!has_room(ring, padding + wanted)) return RS_ERR_FULL;
    if (padding != 0) {
        *header_at(ring, tail) = (header_t){.len = (uint32_t)(padding - HEADER_BYTES), .kind = KIND_PADDING};
    }
    ring->writer.claim_start = tail + padding;
    ring->writer.claim_len = len;
    *bytes = header_at(ring, ring->writer.claim_start) + 1;
    return RS_OK;
}

uint64_t rs_ring_commit(rs_ring_t *ring, size_t len, uint32_t kind) {
    RS_REQUIRE(len >= 1 && len <= ring->writer.claim_len);
    RS_REQUIRE(kind != KIND_PADDING);
    const uint64_t start = ring->writer.claim_start;
    *header_at(ring, start) = (header_t){.len = (uint32_t)len, .kind = kind};
    ring->writer.claim_len = 0;
    ring->writer.tail = start + record_bytes(len);
    /* Release, pairs with the acquire in rs_ring_peek: padding, header and bytes are there before the position says so. */
    if (RS_PLANTED(WEAK_TAIL)) atomic_store_explicit(&ring->tail, ring->writer.tail, memory_order_relaxed);
    else atomic_store_explicit(&ring->tail, ring->writer.tail, memory_order_release);
    return ring->writer.tail;
}

void rs_ring_abort(rs_ring_t *ring) {
    RS_REQUIRE(ring->writer.claim_len != 0);
    ring->writer.claim_len = 0;
}

/* --- reader --------------------------------------------------------------------------------------------------------- */

static bool peek_next(const rs_ring_t *ring, reader_t *reader, rs_ring_record_t *record) {
    if (reader->next == reader->cached_tail) {
        /* Acquire, pairs with the release in rs_ring_commit. */
        reader->cached_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (reader->next == reader->cached_tail) return false;
    }
    uint64_t start = reader->next;
    const header_t *header = header_at(ring, start);
    if (header->kind == KIND_PADDING) {   /* published together with the record behind it, so that one is there */
        start += record_bytes(header->len);
        header = header_at(ring, start);
    }
    reader->next = start + record_bytes(header->len);
    *record = (rs_ring_record_t){
        .bytes = header + 1, .len = header->len, .kind = header->kind, .position = reader->next};
    return true;
}

static void release_to(reader_t *reader, uint64_t position) {
    RS_REQUIRE(position % ALIGNMENT == 0);
    RS_REQUIRE(position - reader->own_head <= reader->next - reader->own_head);
    reader->own_head = position;
    /* Release, pairs with the acquire in has_room: our reads of those bytes came before they may be overwritten. */
    if (RS_PLANTED(WEAK_HEAD)) atomic_store_explicit(&reader->head, position, memory_order_relaxed);
    else atomic_store_explicit(&reader->head, position, memory_order_release);
}

bool rs_ring_peek(rs_ring_t *ring, rs_ring_record_t *record) { return peek_next(ring, &ring->readers[READER], record); }
void rs_ring_release(rs_ring_t *ring, uint64_t position) { release_to(&ring->readers[READER], position); }

void rs_ring_tap(rs_ring_t *ring) {
    RS_REQUIRE(rs_ring_written(ring) == rs_ring_consumed(ring));
    ring->is_tapped = true;
}
bool rs_ring_tap_peek(rs_ring_t *ring, rs_ring_record_t *record) { return peek_next(ring, &ring->readers[TAP], record); }
void rs_ring_tap_release(rs_ring_t *ring, uint64_t position) { release_to(&ring->readers[TAP], position); }

/* --- anyone --------------------------------------------------------------------------------------------------------- */

uint64_t rs_ring_written(const rs_ring_t *ring) { return atomic_load_explicit(&ring->tail, memory_order_acquire); }
uint64_t rs_ring_consumed(const rs_ring_t *ring) { return atomic_load_explicit(&ring->readers[READER].head, memory_order_acquire); }
uint64_t rs_ring_tapped(const rs_ring_t *ring) { return atomic_load_explicit(&ring->readers[TAP].head, memory_order_acquire); }

void rs_ring_start_at(rs_ring_t *ring, uint64_t position) {
    RS_REQUIRE(position % ALIGNMENT == 0);
    ring->writer.tail = ring->writer.cached_head = position;
    ring->writer.claim_start = ring->writer.claim_len = 0;
    for (unsigned i = 0; i < RS_ARRAY_LEN(ring->readers); i++) {
        reader_t *reader = &ring->readers[i];
        reader->own_head = reader->next = reader->cached_tail = position;
        atomic_store_explicit(&reader->head, position, memory_order_release);
    }
    atomic_store_explicit(&ring->tail, position, memory_order_release);
}

/* --- the invariant -------------------------------------------------------------------------------------------------- */

static const char *broken_reader(const reader_t *reader, uint64_t tail) {
    const uint64_t head = atomic_load_explicit(&reader->head, memory_order_acquire), used = tail - head;
    if (head % ALIGNMENT != 0) return "a position is not a multiple of 8";
    if (reader->own_head != head) return "a reader's own head is not the published one";
    if (reader->cached_tail - head > used) return "a reader's copy of tail is ahead of tail";
    if (reader->next - head > reader->cached_tail - head) return "the next peek is outside of what was read";
    return NULL;
}

/* `head` is the slower one of the two readers'. */
static const char *broken_positions(const rs_ring_t *ring, uint64_t head, uint64_t tail) {
    const uint64_t used = tail - head;
    if (tail % ALIGNMENT != 0) return "a position is not a multiple of 8";
    if (used > ring->capacity) return "tail is before head or more than the capacity ahead of it";
    if (ring->writer.tail != tail) return "the writer's own tail is not the published one";
    if (tail - ring->writer.cached_head < used) return "the writer's copy of head is ahead of head";
    if (tail - ring->writer.cached_head > ring->capacity) return "the writer's copy of head is a lap behind";
    const char *broken = broken_reader(&ring->readers[READER], tail);
    return broken == NULL && ring->is_tapped ? broken_reader(&ring->readers[TAP], tail) : broken;
}

/* The rule that the record at `start` breaks, NULL when it is sound; *bytes is its size in the ring. */
static const char *broken_record(const rs_ring_t *ring, uint64_t start, uint64_t left, uint64_t *bytes) {
    const header_t *header = header_at(ring, start);
    const uint64_t to_end = ring->capacity - offset_of(ring, start);
    *bytes = record_bytes(header->len);
    if (*bytes > left) return "a record reaches beyond tail";
    if (*bytes > to_end) return "a record crosses the end of the buffer";
    if (header->kind == KIND_PADDING) {
        if (*bytes != to_end) return "padding stops before the end of the buffer";
        if (*bytes == left) return "padding without a record behind it";
    } else if (header->len == 0 || header->len > rs_ring_max_record(ring)) {
        return "a record's length is out of range";
    }
    return NULL;
}

int rs_ring_check(const rs_ring_t *ring, const char **why) {
    const uint64_t tail = rs_ring_written(ring), read = rs_ring_consumed(ring), tapped = rs_ring_tapped(ring);
    const uint64_t head = ring->is_tapped && tail - tapped > tail - read ? tapped : read;
    const char *broken = broken_positions(ring, head, tail);
    const uint64_t next = ring->readers[READER].next;
    bool next_is_a_start = next == tail;
    uint64_t at = head;
    while (broken == NULL && at != tail) {
        uint64_t bytes = 0;
        next_is_a_start = next_is_a_start || at == next;
        broken = broken_record(ring, at, tail - at, &bytes);
        at += bytes;
    }
    if (broken == NULL && !next_is_a_start) broken = "the next peek is inside of a record";
    if (broken == NULL) return RS_OK;
    if (why != NULL) *why = broken;
    return RS_ERR_STATE;
}
