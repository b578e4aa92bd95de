#include "sim_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_FILES = 256, MAX_NAMES = 256, SECTOR = 512 };

typedef struct unsynced { uint64_t at; size_t len; unsigned char *bytes; } unsynced_t;
typedef struct file {                 /* an inode */
    unsigned char *durable, *seen;    /* surely on disk; what a reader sees now */
    size_t durable_size, seen_size;
    unsynced_t *writes;
    size_t write_count, write_room;
    bool used;
} file_t;
typedef struct name { char name[RS_DISK_NAME]; int inode; } name_t;
typedef struct folder { name_t names[MAX_NAMES]; size_t count; } folder_t;
typedef enum operation_kind { CREATE, RENAME, REMOVE } operation_kind_t;
typedef struct operation { operation_kind_t kind; char from[RS_DISK_NAME], to[RS_DISK_NAME]; int inode; } operation_t;

struct sim_disk {
    rs_disk_t disk;
    rs_random_t random;
    file_t files[MAX_FILES];
    folder_t durable, seen;
    operation_t *operations;
    size_t operation_count, operation_room;
    uint32_t fail_one_in, failing_syncs;
    bool full;
    uint64_t calls, die_at;
};

static sim_disk_t *sim_of(rs_disk_t *disk) { return disk->context; }

/* --- names ------------------------------------------------------------------------------------------------------------- */
static name_t *find(folder_t *folder, const char *name) {
    for (size_t i = 0; i < folder->count; i++) {
        if (strcmp(folder->names[i].name, name) == 0) return &folder->names[i];
    }
    return NULL;
}

static void unlink_name(folder_t *folder, const char *name) {
    name_t *entry = find(folder, name);
    if (entry != NULL) *entry = folder->names[--folder->count];
}

static void link_name(folder_t *folder, const char *name, int inode) {
    unlink_name(folder, name);
    RS_REQUIRE(folder->count < MAX_NAMES);
    name_t *entry = &folder->names[folder->count++];
    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->inode = inode;
}

static void apply(folder_t *folder, const operation_t *operation) {
    if (operation->kind == CREATE) link_name(folder, operation->from, operation->inode);
    else if (operation->kind == REMOVE) unlink_name(folder, operation->from);
    else if (find(folder, operation->from) != NULL) {
        unlink_name(folder, operation->from);
        link_name(folder, operation->to, operation->inode);
    }
}

static void remember(sim_disk_t *sim, operation_kind_t kind, const char *from, const char *to, int inode) {
    if (sim->operation_count == sim->operation_room) {
        sim->operation_room = sim->operation_room * 2 + 16;
        sim->operations = realloc(sim->operations, sim->operation_room * sizeof *sim->operations);
        RS_REQUIRE(sim->operations != NULL);
    }
    operation_t *operation = &sim->operations[sim->operation_count++];
    operation->kind = kind;
    operation->inode = inode;
    snprintf(operation->from, sizeof operation->from, "%s", from);
    snprintf(operation->to, sizeof operation->to, "%s", to);
    apply(&sim->seen, operation);
}

/* --- files ------------------------------------------------------------------------------------------------------------- */
static void grow(unsigned char **bytes, size_t *size, size_t to) {
    if (to <= *size) return;
    *bytes = realloc(*bytes, to);
    RS_REQUIRE(*bytes != NULL);
    memset(*bytes + *size, 0, to - *size);
    *size = to;
}

static void drop_writes(file_t *file) {
    for (size_t i = 0; i < file->write_count; i++) free(file->writes[i].bytes);
    file->write_count = 0;
}

/* Sectors begin where the disk's do, not where the write does. */
static size_t next_sector(const unsynced_t *write, size_t offset) {
    const size_t next = (size_t)((write->at + offset) / SECTOR + 1) * SECTOR - (size_t)write->at;
    return next < write->len ? next : write->len;
}

static void put_piece(file_t *file, const unsynced_t *write, size_t offset, size_t end) {
    grow(&file->durable, &file->durable_size, (size_t)write->at + end);
    memcpy(file->durable + write->at + offset, write->bytes + offset, end - offset);
}

static void lose_some(sim_disk_t *sim, file_t *file, unsigned keep_per_mille) {
    for (size_t i = 0; i < file->write_count; i++) {
        const unsynced_t *write = &file->writes[i];
        for (size_t at = 0; at < write->len;) {
            const size_t end = next_sector(write, at);
            if (rs_random_below(&sim->random, 1000) < keep_per_mille) put_piece(file, write, at, end);
            at = end;
        }
    }
    drop_writes(file);
}

static void see_what_is_durable(file_t *file) {
    free(file->seen);
    file->seen = NULL;
    file->seen_size = 0;
    grow(&file->seen, &file->seen_size, file->durable_size);
    if (file->durable_size != 0) memcpy(file->seen, file->durable, file->durable_size);
}

/* --- the calls ----------------------------------------------------------------------------------------------------------- */
static bool is_dead(sim_disk_t *sim) {
    sim->calls++;
    return sim->die_at != 0 && sim->calls >= sim->die_at;
}

static int fail_with(sim_disk_t *sim, int error) {
    sim->disk.error = error;
    return error == ENOSPC ? RS_ERR_FULL : error == ENOENT ? RS_ERR_NOT_FOUND : error == EEXIST ? RS_ERR_EXISTS : RS_ERR_IO;
}

static bool fails_now(sim_disk_t *sim) { return sim->fail_one_in != 0 && rs_random_below(&sim->random, sim->fail_one_in) == 0; }

static int sim_open(rs_disk_t *disk, const char *name, bool create, int *file) {
    sim_disk_t *sim = sim_of(disk);
    if (is_dead(sim)) return fail_with(sim, EIO);
    const name_t *entry = find(&sim->seen, name);
    if (!create && entry == NULL) return fail_with(sim, ENOENT);
    if (create && entry != NULL) return fail_with(sim, EEXIST);
    if (create && sim->full) return fail_with(sim, ENOSPC);
    if (!create) {
        *file = entry->inode;
        return RS_OK;
    }
    int inode = 0;
    while (sim->files[inode].used) inode++;
    RS_REQUIRE(inode < MAX_FILES);
    sim->files[inode].used = true;
    remember(sim, CREATE, name, "", inode);
    *file = inode;
    return RS_OK;
}

static int sim_size(rs_disk_t *disk, int file, uint64_t *bytes) {
    *bytes = sim_of(disk)->files[file].seen_size;
    return RS_OK;
}

static int sim_read(rs_disk_t *disk, int number, uint64_t at, void *bytes, size_t len, size_t *got) {
    const file_t *file = &sim_of(disk)->files[number];
    *got = at >= file->seen_size ? 0 : file->seen_size - (size_t)at < len ? file->seen_size - (size_t)at : len;
    if (*got != 0) memcpy(bytes, file->seen + at, *got);
    return RS_OK;
}

static int sim_write(rs_disk_t *disk, int number, uint64_t at, const void *bytes, size_t len) {
    sim_disk_t *sim = sim_of(disk);
    if (is_dead(sim)) return fail_with(sim, EIO);
    file_t *file = &sim->files[number];
    if (sim->full && at + len > file->seen_size) return fail_with(sim, ENOSPC);
    const bool fails = fails_now(sim);
    if (fails) len = (size_t)rs_random_below(&sim->random, len + 1);   /* some of it may be there all the same */
    if (file->write_count == file->write_room) {
        file->write_room = file->write_room * 2 + 8;
        file->writes = realloc(file->writes, file->write_room * sizeof *file->writes);
        RS_REQUIRE(file->writes != NULL);
    }
    unsynced_t *write = &file->writes[file->write_count++];
    *write = (unsynced_t){.at = at, .len = len, .bytes = malloc(len + 1)};
    RS_REQUIRE(write->bytes != NULL);
    memcpy(write->bytes, bytes, len);
    grow(&file->seen, &file->seen_size, (size_t)at + len);
    if (len != 0) memcpy(file->seen + at, bytes, len);
    return fails ? fail_with(sim, EIO) : RS_OK;
}

static int sim_sync(rs_disk_t *disk, int number) {
    sim_disk_t *sim = sim_of(disk);
    if (is_dead(sim)) return fail_with(sim, EIO);
    file_t *file = &sim->files[number];
    const bool is_due = sim->failing_syncs > 0;
    if (is_due) sim->failing_syncs--;
    if (is_due || fails_now(sim)) {
        lose_some(sim, file, 500);   /* the pages are clean now: nobody will write them again */
        return fail_with(sim, EIO);
    }
    lose_some(sim, file, 1000);
    return RS_OK;
}

static void sim_close(rs_disk_t *disk, int file) { (void)disk, (void)file; }

static int sim_rename(rs_disk_t *disk, const char *from, const char *to) {
    sim_disk_t *sim = sim_of(disk);
    if (is_dead(sim)) return fail_with(sim, EIO);
    const name_t *entry = find(&sim->seen, from);
    if (entry == NULL) return fail_with(sim, ENOENT);
    remember(sim, RENAME, from, to, entry->inode);
    return RS_OK;
}

static int sim_remove(rs_disk_t *disk, const char *name) {
    sim_disk_t *sim = sim_of(disk);
    if (is_dead(sim)) return fail_with(sim, EIO);
    const name_t *entry = find(&sim->seen, name);
    if (entry == NULL) return fail_with(sim, ENOENT);
    remember(sim, REMOVE, name, "", entry->inode);
    return RS_OK;
}

/* Inodes that no name leads to any more are used again. */
static void collect_garbage(sim_disk_t *sim) {
    bool linked[MAX_FILES] = {false};
    for (size_t i = 0; i < sim->durable.count; i++) linked[sim->durable.names[i].inode] = true;
    for (size_t i = 0; i < sim->seen.count; i++) linked[sim->seen.names[i].inode] = true;
    for (size_t i = 0; i < sim->operation_count; i++) linked[sim->operations[i].inode] = true;
    for (int i = 0; i < MAX_FILES; i++) {
        file_t *file = &sim->files[i];
        if (!file->used || linked[i]) continue;
        drop_writes(file);
        free(file->writes);
        free(file->durable);
        free(file->seen);
        *file = (file_t){.used = false};
    }
}

static int sim_sync_folder(rs_disk_t *disk) {
    sim_disk_t *sim = sim_of(disk);
    if (is_dead(sim)) return fail_with(sim, EIO);
    if (fails_now(sim)) return fail_with(sim, EIO);
    sim->durable = sim->seen;
    sim->operation_count = 0;
    collect_garbage(sim);
    return RS_OK;
}

static int sim_list(rs_disk_t *disk, void (*on_name)(void *context, const char *name), void *context) {
    sim_disk_t *sim = sim_of(disk);
    const folder_t copy = sim->seen;
    for (size_t i = 0; i < copy.count; i++) on_name(context, copy.names[i].name);
    return RS_OK;
}

/* --- what the test does ---------------------------------------------------------------------------------------------------- */
sim_disk_t *sim_disk_create(uint64_t seed) {
    sim_disk_t *sim = calloc(1, sizeof *sim);
    RS_REQUIRE(sim != NULL);
    sim->random = (rs_random_t){seed};
    sim->disk = (rs_disk_t){.context = sim, .open = sim_open, .size = sim_size, .read = sim_read, .write = sim_write, .sync = sim_sync,
                            .close = sim_close, .rename = sim_rename, .remove = sim_remove, .sync_folder = sim_sync_folder,
                            .list = sim_list};
    return sim;
}

void sim_disk_destroy(sim_disk_t *sim) {
    if (sim == NULL) return;
    for (int i = 0; i < MAX_FILES; i++) {
        drop_writes(&sim->files[i]);
        free(sim->files[i].writes);
        free(sim->files[i].durable);
        free(sim->files[i].seen);
    }
    free(sim->operations);
    free(sim);
}

rs_disk_t *sim_disk_as_disk(sim_disk_t *sim) { return &sim->disk; }

void sim_disk_crash(sim_disk_t *sim) {
    const size_t kept = rs_random_below(&sim->random, sim->operation_count + 1);
    for (size_t i = 0; i < kept; i++) apply(&sim->durable, &sim->operations[i]);
    const unsigned keep_per_mille = (unsigned)rs_random_below(&sim->random, 1001);
    sim->seen = sim->durable;
    sim->operation_count = 0;
    for (int i = 0; i < MAX_FILES; i++) {
        if (!sim->files[i].used) continue;
        lose_some(sim, &sim->files[i], keep_per_mille);
        see_what_is_durable(&sim->files[i]);
    }
    collect_garbage(sim);
    sim->die_at = 0;
}

void sim_disk_kill(sim_disk_t *sim) { sim->die_at = 0; }
void sim_disk_fail(sim_disk_t *sim, uint32_t one_in) { sim->fail_one_in = one_in; }
void sim_disk_fail_syncs(sim_disk_t *sim, uint32_t count) { sim->failing_syncs = count; }
void sim_disk_fill(sim_disk_t *sim, bool full) { sim->full = full; }
void sim_disk_die_at(sim_disk_t *sim, uint64_t call) { sim->die_at = call == 0 ? 0 : sim->calls + call; }
uint64_t sim_disk_calls(const sim_disk_t *sim) { return sim->calls; }
bool sim_disk_is_dead(const sim_disk_t *sim) { return sim->die_at != 0 && sim->calls >= sim->die_at; }

unsigned char *sim_disk_bytes(sim_disk_t *sim, const char *name, size_t *size) {
    const name_t *entry = find(&sim->seen, name);
    if (entry == NULL) return NULL;
    *size = sim->files[entry->inode].seen_size;
    return sim->files[entry->inode].seen;
}

size_t sim_disk_names(sim_disk_t *sim, const char **names, size_t max) {
    size_t count = 0;
    for (; count < sim->seen.count && count < max; count++) names[count] = sim->seen.names[count].name;
    return count;
}
