#include "cli/replay_stream.h"

#include <stdlib.h>

enum { AHEAD = RS_CORE_AHEAD };

typedef struct rs_held { int64_t occurred_us; const unsigned char *record; uint32_t len, number; } rs_held_t;

struct rs_stream {
    rs_core_t *core;
    rs_held_t held[RS_STREAM_HELD_BACK + RS_BLOCK_ITEMS];
    uint32_t count;
    /* records of those held back, and of the last one applied: in one half, while the other one is filled */
    unsigned char *kept[2];
    unsigned half;
    rs_held_t last;                   /* applied; record NULL: none yet */
    unsigned char last_record[RS_RECORD_MAX];
};

int rs_stream_create(rs_core_t *core, rs_stream_t **stream_out) {
    rs_stream_t *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return RS_ERR_MEMORY;
    stream->core = core;
    for (unsigned i = 0; i < 2; i++) stream->kept[i] = malloc((size_t)RS_STREAM_HELD_BACK * RS_RECORD_MAX);
    if (stream->kept[0] == NULL || stream->kept[1] == NULL) {
        rs_stream_destroy(&stream);
        return RS_ERR_MEMORY;
    }
    *stream_out = stream;
    return RS_OK;
}

void rs_stream_destroy(rs_stream_t **stream) {
    if (*stream == NULL) return;
    free((*stream)->kept[0]);
    free((*stream)->kept[1]);
    free(*stream);
    *stream = NULL;
}

static void read_record(const rs_held_t *held, rs_event_t *event) {
    int64_t arrival_us;
    rs_origin_t origin;
    RS_REQUIRE(rs_record_read_event(held->record, held->len, event, &arrival_us, &origin) == RS_OK);
}

/* The total order; of two alike the one that was read first. */
static int compare_held(const void *a_held, const void *b_held) {
    const rs_held_t *a = a_held, *b = b_held;
    if (a->occurred_us != b->occurred_us) return a->occurred_us < b->occurred_us ? -1 : 1;
    rs_event_t left, right;
    read_record(a, &left);
    read_record(b, &right);
    const int order = rs_event_compare(&left, &right);
    return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

/* Nearly in order: each one moves a few places at most. */
static void sort_held(rs_stream_t *stream, uint32_t sorted) {
    for (uint32_t i = sorted; i < stream->count; i++) {
        const rs_held_t held = stream->held[i];
        uint32_t at = i;
        for (; at > 0 && compare_held(&stream->held[at - 1], &held) > 0 && i - at < RS_STREAM_HELD_BACK; at--) {
            stream->held[at] = stream->held[at - 1];
        }
        stream->held[at] = held;
        if (i - at < RS_STREAM_HELD_BACK) continue;
        qsort(stream->held, stream->count, sizeof stream->held[0], compare_held);
        return;
    }
}

static void apply(rs_stream_t *stream, uint32_t count) {
    rs_event_t events[AHEAD];
    for (uint32_t i = 0; i < count + AHEAD; i++) {
        if (i >= AHEAD) rs_core_apply_in_order(stream->core, &events[i % AHEAD]);
        if (i >= count) continue;
        read_record(&stream->held[i], &events[i % AHEAD]);
        rs_core_announce(stream->core, &events[i % AHEAD]);
    }
    if (count == 0) return;
    stream->last = stream->held[count - 1];
    memcpy(stream->last_record, stream->last.record, stream->last.len);
    stream->last.record = stream->last_record;
}

/* Those that are not applied yet move to memory of the stream's own. */
static void hold_back(rs_stream_t *stream, uint32_t applied) {
    unsigned char *at = stream->kept[stream->half ^= 1];
    for (uint32_t i = applied; i < stream->count; i++) {
        rs_held_t held = stream->held[i];
        memcpy(at, held.record, held.len);
        held.record = at;
        held.number = i - applied;
        at += held.len;
        stream->held[i - applied] = held;
    }
    stream->count -= applied;
}

bool rs_stream_block(rs_stream_t *stream, const rs_event_block_t *block) {
    const uint32_t sorted = stream->count;
    for (uint32_t i = 0; i < block->count; i++) {
        const rs_block_item_t *item = &block->items[i];
        stream->held[stream->count] = (rs_held_t){.occurred_us = item->occurred_us, .record = block->bytes + item->at, .len = item->len,
                                                  .number = stream->count};
        stream->count++;
    }
    sort_held(stream, sorted);
    if (stream->count != 0 && stream->last.record != NULL && compare_held(&stream->last, &stream->held[0]) > 0) return false;
    const uint32_t ready = stream->count > RS_STREAM_HELD_BACK ? stream->count - RS_STREAM_HELD_BACK : 0;
    apply(stream, ready);
    hold_back(stream, ready);
    return true;
}

void rs_stream_finish(rs_stream_t *stream) {
    apply(stream, stream->count);
    stream->count = 0;
}
