#include "cli/sorter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK_BYTES = 1 << 20, MAX_RUNS = 4096 };

typedef struct rs_entry {       /* one record of the run in memory */
    int64_t occurred_us;
    const unsigned char *record;
    uint32_t len;
} rs_entry_t;

typedef struct rs_head { uint32_t len; } rs_head_t;   /* before each record of a spilled run */

typedef struct rs_run {         /* a spilled run, mapped */
    unsigned char *bytes;
    size_t size, at;
    rs_event_t event;
    bool has;
} rs_run_t;

struct rs_sorter {
    int (*order)(const rs_event_t *a, const rs_event_t *b);
    uint64_t max_bytes, used_bytes;
    unsigned char **blocks;
    size_t block_count, block_room, block_used;
    rs_entry_t *entries;
    size_t entry_count, entry_room, entry_at;
    bool in_order, finished;
    rs_run_t *runs;
    uint32_t run_count;
};

int rs_sorter_create(uint64_t max_bytes, int (*order)(const rs_event_t *a, const rs_event_t *b), rs_sorter_t **sorter_out) {
    rs_sorter_t *sorter = calloc(1, sizeof *sorter);
    if (sorter == NULL) return RS_ERR_MEMORY;
    sorter->order = order;
    sorter->max_bytes = max_bytes;
    sorter->in_order = true;
    sorter->block_used = BLOCK_BYTES;
    *sorter_out = sorter;
    return RS_OK;
}

static void free_blocks(rs_sorter_t *sorter) {
    for (size_t i = 0; i < sorter->block_count; i++) free(sorter->blocks[i]);
    sorter->block_count = 0;
    sorter->block_used = BLOCK_BYTES;
    sorter->used_bytes = 0;
}

void rs_sorter_destroy(rs_sorter_t **sorter_ref) {
    rs_sorter_t *sorter = *sorter_ref;
    if (sorter == NULL) return;
    free_blocks(sorter);
    for (uint32_t i = 0; i < sorter->run_count; i++) munmap(sorter->runs[i].bytes, sorter->runs[i].size);
    free(sorter->runs);
    free(sorter->blocks);
    free(sorter->entries);
    free(sorter);
    *sorter_ref = NULL;
}

uint32_t rs_sorter_spills(const rs_sorter_t *sorter) { return sorter->run_count; }

static rs_event_t event_of(const unsigned char *record, uint32_t len) {
    rs_event_t event;
    int64_t arrival_us;
    rs_origin_t origin;
    RS_REQUIRE(rs_record_read_event(record, len, &event, &arrival_us, &origin) == RS_OK);
    return event;
}

/* --- the run in memory ---------------------------------------------------------------------------------------------- */
static int compare_entries(const void *a_entry, const void *b_entry, void *context) {
    const rs_sorter_t *sorter = context;
    const rs_entry_t *a = a_entry, *b = b_entry;
    if (a->occurred_us != b->occurred_us) return a->occurred_us < b->occurred_us ? -1 : 1;
    const rs_event_t a_event = event_of(a->record, a->len), b_event = event_of(b->record, b->len);
    return sorter->order(&a_event, &b_event);
}

static void sort_run(rs_sorter_t *sorter) {
    if (!sorter->in_order) qsort_r(sorter->entries, sorter->entry_count, sizeof *sorter->entries, compare_entries, sorter);
}

static int write_run(rs_sorter_t *sorter, FILE *file) {
    for (size_t i = 0; i < sorter->entry_count; i++) {
        const rs_entry_t *entry = &sorter->entries[i];
        const rs_head_t head = {.len = entry->len};
        if (fwrite(&head, sizeof head, 1, file) != 1 || fwrite(entry->record, entry->len, 1, file) != 1) return RS_ERR_IO;
    }
    return fflush(file) == 0 ? RS_OK : RS_ERR_IO;
}

static int map_run(rs_sorter_t *sorter, FILE *file) {
    const long size = ftell(file);
    if (size <= 0) return RS_ERR_IO;
    void *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    if (bytes == MAP_FAILED) return RS_ERR_IO;
    sorter->runs[sorter->run_count++] = (rs_run_t){.bytes = bytes, .size = (size_t)size};
    return RS_OK;
}

static int spill(rs_sorter_t *sorter) {
    if (sorter->runs == NULL) sorter->runs = calloc(MAX_RUNS, sizeof *sorter->runs);
    if (sorter->runs == NULL) return RS_ERR_MEMORY;
    if (sorter->run_count == MAX_RUNS) {
        errno = EFBIG;
        return RS_ERR_IO;
    }
    sort_run(sorter);
    FILE *file = tmpfile();
    if (file == NULL) return RS_ERR_IO;
    int status = write_run(sorter, file);
    if (status == RS_OK) status = map_run(sorter, file);
    const int saved = errno;
    fclose(file);
    errno = saved;
    free_blocks(sorter);
    sorter->entry_count = 0;
    sorter->in_order = true;
    return status;
}

static unsigned char *room_for_record(rs_sorter_t *sorter) {
    if (sorter->block_used + RS_RECORD_MAX > BLOCK_BYTES) {
        if (sorter->block_count == sorter->block_room) {
            const size_t room = sorter->block_room == 0 ? 64 : sorter->block_room * 2;
            unsigned char **blocks = realloc(sorter->blocks, room * sizeof *blocks);
            if (blocks == NULL) return NULL;
            sorter->blocks = blocks;
            sorter->block_room = room;
        }
        unsigned char *block = malloc(BLOCK_BYTES);
        if (block == NULL) return NULL;
        sorter->blocks[sorter->block_count++] = block;
        sorter->block_used = 0;
    }
    return sorter->blocks[sorter->block_count - 1] + sorter->block_used;
}

static bool room_for_entry(rs_sorter_t *sorter) {
    if (sorter->entry_count < sorter->entry_room) return true;
    const size_t room = sorter->entry_room == 0 ? 4096 : sorter->entry_room * 2;
    rs_entry_t *entries = realloc(sorter->entries, room * sizeof *entries);
    if (entries == NULL) return false;
    sorter->entries = entries;
    sorter->entry_room = room;
    return true;
}

int rs_sorter_add(rs_sorter_t *sorter, const rs_event_t *event, const void *record_bytes, size_t len) {
    if (sorter->used_bytes + RS_RECORD_MAX > sorter->max_bytes) {
        const int status = spill(sorter);
        if (status != RS_OK) return status;
    }
    unsigned char *record = room_for_record(sorter);
    if (record == NULL || !room_for_entry(sorter)) return RS_ERR_MEMORY;
    memcpy(record, record_bytes, len);
    sorter->block_used += len;
    sorter->used_bytes += len + sizeof(rs_entry_t);
    rs_entry_t *entry = &sorter->entries[sorter->entry_count++];
    *entry = (rs_entry_t){.occurred_us = event->occurred_us, .record = record, .len = (uint32_t)len};
    if (sorter->in_order && sorter->entry_count > 1) sorter->in_order = compare_entries(entry - 1, entry, sorter) <= 0;
    return RS_OK;
}

/* --- reading out ---------------------------------------------------------------------------------------------------- */
static void advance(rs_run_t *run) {
    run->has = run->at < run->size;
    if (!run->has) return;
    rs_head_t head;
    memcpy(&head, run->bytes + run->at, sizeof head);
    run->event = event_of(run->bytes + run->at + sizeof head, head.len);
    run->at += sizeof head + head.len;
}

int rs_sorter_finish(rs_sorter_t *sorter) {
    sorter->finished = true;
    if (sorter->run_count != 0 && sorter->entry_count != 0) {
        const int status = spill(sorter);
        if (status != RS_OK) return status;
    }
    sort_run(sorter);
    for (uint32_t i = 0; i < sorter->run_count; i++) advance(&sorter->runs[i]);
    return RS_OK;
}

static rs_run_t *least_run(rs_sorter_t *sorter) {
    rs_run_t *least = NULL;
    for (uint32_t i = 0; i < sorter->run_count; i++) {
        rs_run_t *run = &sorter->runs[i];
        if (run->has && (least == NULL || sorter->order(&run->event, &least->event) < 0)) least = run;
    }
    return least;
}

int rs_sorter_next(rs_sorter_t *sorter, rs_event_t *event) {
    RS_REQUIRE(sorter->finished);
    if (sorter->run_count == 0) {
        if (sorter->entry_at == sorter->entry_count) return 0;
        const rs_entry_t *entry = &sorter->entries[sorter->entry_at++];
        *event = event_of(entry->record, entry->len);
        return 1;
    }
    rs_run_t *run = least_run(sorter);
    if (run == NULL) return 0;
    *event = run->event;
    advance(run);   /* the event's strings lie in the mapping and stay */
    return 1;
}
