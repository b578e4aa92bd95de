#include "journal/journal.h"

#include "base/planted.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_SPARES = 8, ZERO_BYTES = 1 << 20, NO_FILE = -1 };

typedef struct rs_pending { uint32_t len, kind; } rs_pending_t;   /* before the bytes of each record in `pending` */

struct rs_journal {
    rs_disk_t *disk;
    rs_journal_settings_t settings;
    uint64_t id;
    /* the segment that is written */
    int file;
    uint64_t segment, at, next_segment;
    /* Writer: the journal's thread, release, after the sync. Readers: any thread, acquire, before they acknowledge. */
    _Atomic uint64_t durable;
    uint32_t durable_crc;
    uint64_t appended;
    unsigned char *pending, *out;
    size_t pending_used, out_size;
    struct { uint64_t segment, first; int64_t begun_us; bool poisoned; } segments[RS_JOURNAL_SEGMENTS];
    uint32_t segment_count;
    char spares[MAX_SPARES][RS_DISK_NAME];
    uint32_t spare_count;
    uint64_t next_spare;
    int making;                    /* a spare that is being filled */
    uint64_t made;
    char making_name[RS_DISK_NAME];
    unsigned char *zeros;
    uint64_t adopt_to;             /* what an earlier life left is adopted when this is durable */
    uint64_t forget_to;            /* of records up to this nothing is to stay, */
    bool forget_soon;              /* however young */
    bool no_room;                  /* the last spare that was begun found none */
    int64_t now_us;
    uint64_t commits, bytes, failures, poisoned, given_way;
    int state, error;
};

/* --- making and ending --------------------------------------------------------------------------------------------- */
static bool are_valid(const rs_journal_settings_t *settings) {
    return settings->segment_bytes >= 65536 && settings->segment_bytes <= UINT64_C(1) << 30 && settings->segment_bytes % 4096 == 0 &&
           settings->segment_bytes >= RS_SEGMENT_RECORDS_AT + rs_journal_space(0) && settings->max_segments >= 2 &&
           settings->max_segments <= RS_JOURNAL_SEGMENTS && settings->spares >= 1 && settings->spares <= MAX_SPARES &&
           settings->pending_bytes >= 4096;
}

/* Spares of an earlier run are used; those that were not finished go. */
static void on_file(void *context, const char *name) {
    rs_journal_t *journal = context;
    uint64_t number;
    int end = 0;
    if (sscanf(name, "spare-%16" SCNx64 "%n", &number, &end) != 1) return;
    if (number >= journal->next_spare) journal->next_spare = number + 1;
    if (strcmp(name + end, ".ready") == 0 && journal->spare_count < MAX_SPARES) {
        snprintf(journal->spares[journal->spare_count++], RS_DISK_NAME, "%s", name);
    }
}

static void drop_unfinished(void *context, const char *name) {
    rs_journal_t *journal = context;
    const size_t len = strlen(name);
    if (strncmp(name, "spare-", 6) == 0 && len > 4 && strcmp(name + len - 4, ".tmp") == 0) {
        (void)journal->disk->remove(journal->disk, name);
    }
}

/* A spare of another size (settings changed) is of no use. */
static void drop_misfits(rs_journal_t *journal) {
    rs_disk_t *disk = journal->disk;
    for (uint32_t i = 0; i < journal->spare_count;) {
        int file;
        uint64_t bytes = 0;
        if (disk->open(disk, journal->spares[i], false, &file) == RS_OK) {
            if (disk->size(disk, file, &bytes) != RS_OK) bytes = 0;
            disk->close(disk, file);
        }
        if (bytes == journal->settings.segment_bytes) {
            i++;
            continue;
        }
        (void)disk->remove(disk, journal->spares[i]);
        journal->spare_count--;
        memmove(journal->spares[i], journal->spares[i + 1], (size_t)(journal->spare_count - i) * RS_DISK_NAME);
    }
}

int rs_journal_create(rs_disk_t *disk, const rs_journal_settings_t *settings, const rs_journal_resume_t *resume,
                      rs_journal_t **journal_out) {
    if (!are_valid(settings)) return RS_ERR_INVALID;
    rs_journal_t *journal = calloc(1, sizeof *journal);
    if (journal == NULL) return RS_ERR_MEMORY;
    *journal = (rs_journal_t){.disk = disk, .settings = *settings, .id = resume->journal, .file = NO_FILE, .making = NO_FILE,
                              .next_segment = resume->next_segment, .durable_crc = resume->crc, .appended = resume->last,
                              .adopt_to = resume->adopt, .segment_count = resume->segment_count};
    atomic_init(&journal->durable, resume->last);
    for (uint32_t i = 0; i < resume->segment_count; i++) {
        journal->segments[i].segment = resume->segments[i].segment;
        journal->segments[i].first = resume->segments[i].first;
        journal->segments[i].begun_us = resume->segments[i].begun_us;
    }
    journal->out_size = (size_t)settings->segment_bytes;
    journal->pending = malloc(settings->pending_bytes);
    journal->out = malloc(journal->out_size);
    journal->zeros = calloc(1, ZERO_BYTES);
    int status = journal->pending == NULL || journal->out == NULL || journal->zeros == NULL ? RS_ERR_MEMORY : RS_OK;
    if (status == RS_OK) status = disk->list(disk, on_file, journal);
    if (status == RS_OK) status = disk->list(disk, drop_unfinished, journal);
    /* What recovery did not see, because its removal was not on disk yet, must not come back beside what is written now. */
    if (status == RS_OK) status = disk->sync_folder(disk);
    if (status != RS_OK) {
        rs_journal_destroy(&journal);
        return status;
    }
    drop_misfits(journal);
    *journal_out = journal;
    return RS_OK;
}

void rs_journal_destroy(rs_journal_t **journal_ref) {
    rs_journal_t *journal = *journal_ref;
    if (journal == NULL) return;
    if (journal->file != NO_FILE) journal->disk->close(journal->disk, journal->file);
    if (journal->making != NO_FILE) journal->disk->close(journal->disk, journal->making);
    free(journal->pending);
    free(journal->out);
    free(journal->zeros);
    free(journal);
    *journal_ref = NULL;
}

/* --- appending ------------------------------------------------------------------------------------------------------- */
int rs_journal_append(rs_journal_t *journal, uint16_t kind, const void *bytes, uint32_t len, uint64_t *number) {
    if (len > RS_JOURNAL_RECORD_BYTES || rs_journal_space(len) > journal->settings.segment_bytes - RS_SEGMENT_RECORDS_AT) {
        return RS_ERR_INVALID;
    }
    const rs_pending_t head = {.len = len, .kind = kind};
    if (journal->pending_used + sizeof head + len > journal->settings.pending_bytes) return RS_ERR_FULL;
    memcpy(journal->pending + journal->pending_used, &head, sizeof head);
    if (len != 0) memcpy(journal->pending + journal->pending_used + sizeof head, bytes, len);
    journal->pending_used += sizeof head + len;
    *number = ++journal->appended;
    return RS_OK;
}

/* --- segments -------------------------------------------------------------------------------------------------------- */
static int note(rs_journal_t *journal, int status) {
    if (status == RS_OK) return RS_OK;
    journal->failures++;
    journal->error = journal->disk->error;
    return status;
}

static int write_headers(rs_journal_t *journal, int file, const rs_segment_header_t *header) {
    unsigned char bytes[RS_SEGMENT_HEADER];
    rs_disk_t *disk = journal->disk;
    rs_segment_write_header(header, bytes);
    int status = disk->write(disk, file, 0, bytes, sizeof bytes);
    if (status == RS_OK) status = disk->write(disk, file, RS_SEGMENT_COPY_AT, bytes, sizeof bytes);
    return status == RS_OK ? disk->sync(disk, file) : status;
}

static void leave_segment(rs_journal_t *journal) {
    if (journal->file != NO_FILE) journal->disk->close(journal->disk, journal->file);
    journal->file = NO_FILE;
}

/* What a failed sync left behind is unknown, and a second one may say RS_OK falsely: never touched again. When nothing durable is in
 * it, the file goes, so that a disk that keeps failing is not filled with such ones; should it come back, its records are void. */
static void poison_segment(rs_journal_t *journal) {
    const uint32_t last = journal->segment_count - 1;
    char name[RS_DISK_NAME];
    journal->poisoned++;
    journal->segments[last].poisoned = true;
    leave_segment(journal);
    if (journal->segments[last].first <= rs_journal_durable(journal)) return;
    rs_segment_name(journal->segments[last].segment, name);
    (void)journal->disk->remove(journal->disk, name);
    journal->segment_count--;
}

/* A spare becomes the next segment: header, sync, name, sync of the folder. Until then it is only a spare. */
static int begin_segment(rs_journal_t *journal) {
    rs_disk_t *disk = journal->disk;
    if (journal->segment_count >= journal->settings.max_segments || journal->spare_count == 0) return RS_ERR_FULL;
    const char *spare = journal->spares[journal->spare_count - 1];
    const uint64_t durable = rs_journal_durable(journal);
    const rs_segment_header_t header = {.version = RS_JOURNAL_VERSION, .journal = journal->id, .segment = journal->next_segment,
                                        .first = durable + 1, .begun_us = journal->now_us, .chain = journal->durable_crc,
                                        .adopting = durable < journal->adopt_to && !RS_PLANTED(ADOPTING_UNMARKED) ? 1 : 0};
    int file;
    int status = disk->open(disk, spare, false, &file);
    if (status != RS_OK) {
        journal->spare_count--;
        return status == RS_ERR_NOT_FOUND ? RS_ERR_FULL : note(journal, status);
    }
    status = write_headers(journal, file, &header);
    char name[RS_DISK_NAME];
    rs_segment_name(header.segment, name);
    if (status == RS_OK) status = disk->rename(disk, spare, name);
    if (status == RS_OK && !RS_PLANTED(SKIP_FOLDER_SYNC)) status = disk->sync_folder(disk);
    /* Whatever became of it, this file and this number are used up. */
    journal->spare_count--;
    journal->next_segment++;
    if (status != RS_OK) {
        (void)!note(journal, status);
        disk->close(disk, file);
        journal->poisoned++;
        (void)disk->remove(disk, spare);   /* under one of the two names, perhaps; without records it is harmless */
        (void)disk->remove(disk, name);
        return status;
    }
    journal->segments[journal->segment_count].segment = header.segment;
    journal->segments[journal->segment_count].begun_us = header.begun_us;
    journal->segments[journal->segment_count].poisoned = false;
    journal->segments[journal->segment_count++].first = header.first;
    journal->file = file;
    journal->segment = header.segment;
    journal->at = RS_SEGMENT_RECORDS_AT;
    return RS_OK;
}

/* --- commit ---------------------------------------------------------------------------------------------------------- */
typedef struct rs_encoded { size_t from, used; uint64_t last; uint32_t crc; } rs_encoded_t;

/* As many pending records as fit into the segment, from `encoded->from` on. */
static void encode(rs_journal_t *journal, rs_encoded_t *encoded) {
    const uint64_t durable = rs_journal_durable(journal);
    encoded->used = encoded->from = 0;
    encoded->last = durable;
    encoded->crc = journal->durable_crc;
    while (encoded->from < journal->pending_used) {
        rs_pending_t head;
        memcpy(&head, journal->pending + encoded->from, sizeof head);
        const uint64_t space = rs_journal_space(head.len);
        if (journal->at + encoded->used + space > journal->settings.segment_bytes) break;
        rs_journal_record_t record = {.number = encoded->last + 1, .durable = durable, .len = head.len,
                                      .prev = RS_PLANTED(WRONG_CHAIN) ? journal->durable_crc : encoded->crc,
                                      .kind = (uint16_t)head.kind, .bytes = journal->pending + encoded->from + sizeof head};
        rs_journal_write_record(journal->segment, &record, journal->out + encoded->used);
        encoded->crc = record.crc;
        encoded->last = record.number;
        encoded->used += (size_t)space;
        encoded->from += sizeof head + head.len;
    }
}

static int write_and_sync(rs_journal_t *journal, const rs_encoded_t *encoded) {
    rs_disk_t *disk = journal->disk;
    if (RS_PLANTED(DURABLE_BEFORE_SYNC)) atomic_store_explicit(&journal->durable, encoded->last, memory_order_release);
    const int status = disk->write(disk, journal->file, journal->at, journal->out, encoded->used);
    if (RS_PLANTED(SKIP_SYNC)) return note(journal, status);
    const int synced = status == RS_OK ? disk->sync(disk, journal->file) : status;
    if (RS_PLANTED(SYNC_ASKED_AGAIN) && status == RS_OK && synced != RS_OK) return note(journal, disk->sync(disk, journal->file));
    return note(journal, synced);
}

static void settle(rs_journal_t *journal, const rs_encoded_t *encoded) {
    journal->at += encoded->used;
    journal->bytes += encoded->used;
    journal->commits++;
    journal->durable_crc = encoded->crc;
    memmove(journal->pending, journal->pending + encoded->from, journal->pending_used - encoded->from);
    journal->pending_used -= encoded->from;
    atomic_store_explicit(&journal->durable, encoded->last, memory_order_release);
}

/* One segment's worth. */
static int commit_some(rs_journal_t *journal) {
    rs_encoded_t encoded = {.used = 0};
    if (journal->file != NO_FILE) encode(journal, &encoded);
    if (encoded.used == 0) {
        leave_segment(journal);
        const int status = begin_segment(journal);
        if (status != RS_OK) return status;
        encode(journal, &encoded);
    }
    const int status = write_and_sync(journal, &encoded);
    if (status == RS_OK) {
        settle(journal, &encoded);
        return RS_OK;
    }
    poison_segment(journal);
    return status;
}

int rs_journal_commit(rs_journal_t *journal) {
    bool failed_before = false;
    while (journal->pending_used != 0) {
        const int status = commit_some(journal);
        if (status == RS_OK) continue;
        journal->state = status;
        if (failed_before || status == RS_ERR_FULL) return status;
        failed_before = true;
    }
    journal->state = RS_OK;
    return RS_OK;
}

/* A mark has the number of the record that follows it and does not use it up. Without room it waits for the next segment. */
int rs_journal_mark(rs_journal_t *journal) {
    const int status = rs_journal_commit(journal);
    if (status != RS_OK || journal->file == NO_FILE) return status;
    const uint64_t space = rs_journal_space(0), durable = rs_journal_durable(journal);
    if (journal->at + space > journal->settings.segment_bytes) return RS_OK;
    rs_journal_record_t record = {.number = durable + 1, .durable = durable, .prev = journal->durable_crc, .kind = RS_JOURNAL_MARK};
    rs_journal_write_record(journal->segment, &record, journal->out);
    const rs_encoded_t encoded = {.used = (size_t)space, .last = durable, .crc = record.crc};
    const int written = write_and_sync(journal, &encoded);
    if (written == RS_OK) {
        settle(journal, &encoded);
        return RS_OK;
    }
    poison_segment(journal);
    return written;
}

/* --- spares ---------------------------------------------------------------------------------------------------------- */
static int begin_spare(rs_journal_t *journal) {
    snprintf(journal->making_name, sizeof journal->making_name, "spare-%016" PRIx64 ".tmp", journal->next_spare);
    const int status = journal->disk->open(journal->disk, journal->making_name, true, &journal->making);
    if (status != RS_OK) journal->making = NO_FILE;
    journal->no_room = status == RS_ERR_FULL;
    journal->made = 0;
    journal->next_spare++;
    return note(journal, status);
}

static int give_spare_up(rs_journal_t *journal, int status) {
    (void)!note(journal, status);
    journal->no_room = status == RS_ERR_FULL;
    journal->disk->close(journal->disk, journal->making);
    journal->making = NO_FILE;
    (void)journal->disk->remove(journal->disk, journal->making_name);
    return status;
}

static int finish_spare(rs_journal_t *journal) {
    rs_disk_t *disk = journal->disk;
    int status = disk->sync(disk, journal->making);
    if (status != RS_OK) return give_spare_up(journal, status);
    disk->close(disk, journal->making);
    journal->making = NO_FILE;
    char name[RS_DISK_NAME];
    snprintf(name, sizeof name, "%.*s.ready", (int)(strlen(journal->making_name) - 4), journal->making_name);
    status = disk->rename(disk, journal->making_name, name);
    if (status == RS_OK) status = disk->sync_folder(disk);
    if (status != RS_OK) {
        (void)!note(journal, status);
        (void)disk->remove(disk, journal->making_name);
        (void)disk->remove(disk, name);
        return status;
    }
    memcpy(journal->spares[journal->spare_count++], name, sizeof name);
    journal->no_room = false;
    return RS_OK;
}

int rs_journal_maintain(rs_journal_t *journal, bool *more) {
    *more = false;
    if (journal->making == NO_FILE) {
        if (journal->spare_count >= journal->settings.spares) return RS_OK;
        const int status = begin_spare(journal);
        if (status != RS_OK) return status;
    }
    const uint64_t rest = journal->settings.segment_bytes - journal->made;
    const size_t len = rest < ZERO_BYTES ? (size_t)rest : ZERO_BYTES;
    int status = journal->disk->write(journal->disk, journal->making, journal->made, journal->zeros, len);
    if (status != RS_OK) return give_spare_up(journal, status);
    journal->made += len;
    if (journal->made == journal->settings.segment_bytes) status = finish_spare(journal);
    *more = status == RS_OK && (journal->making != NO_FILE || journal->spare_count < journal->settings.spares);
    return status;
}

/* --- retiring ---------------------------------------------------------------------------------------------------------- */
/* A segment of the size in use becomes a spare; what it holds cannot pass as a later segment's. */
static int reuse(rs_journal_t *journal, const char *segment, bool unfit) {
    rs_disk_t *disk = journal->disk;
    int file;
    uint64_t bytes = 0;
    int status = disk->open(disk, segment, false, &file);
    if (status != RS_OK) return status == RS_ERR_NOT_FOUND ? RS_OK : note(journal, status);
    status = disk->size(disk, file, &bytes);
    disk->close(disk, file);
    const bool fits = status == RS_OK && !unfit && bytes == journal->settings.segment_bytes &&
                      journal->spare_count < journal->settings.spares && journal->making == NO_FILE;
    if (!fits) {
        status = disk->remove(disk, segment);
        return status == RS_ERR_NOT_FOUND ? RS_OK : note(journal, status);
    }
    char name[RS_DISK_NAME];
    snprintf(name, sizeof name, "spare-%016" PRIx64 ".ready", journal->next_spare++);
    status = disk->rename(disk, segment, name);
    if (status == RS_OK) memcpy(journal->spares[journal->spare_count++], name, sizeof name);
    return note(journal, status);
}

/* One more would not find room: either there are as many as there may be, or the disk is full. */
static bool is_pressed(const rs_journal_t *journal, uint32_t gone) {
    const bool needs_spare = journal->no_room && journal->spare_count == 0;
    return journal->segment_count - gone + 1 >= journal->settings.max_segments || needs_spare;
}

int rs_journal_retire(rs_journal_t *journal, uint64_t number, int64_t kept_since_us) {
    uint32_t gone = 0;
    int status = RS_OK;
    /* A segment's records end where the next one's begin; the last one is being written. */
    while (status == RS_OK && gone + 1 < journal->segment_count &&
           journal->segments[RS_PLANTED(RETIRE_ONE_TOO_MANY) ? gone : gone + 1].first <= number) {
        const bool is_old = journal->segments[gone + 1].begun_us < kept_since_us;
        const bool is_forgotten = journal->segments[gone].first <= journal->forget_to;
        const bool goes = is_old || (is_forgotten && journal->forget_soon);
        if (!goes && !is_pressed(journal, gone)) break;
        char name[RS_DISK_NAME];
        rs_segment_name(journal->segments[gone].segment, name);
        status = reuse(journal, name, journal->segments[gone].poisoned || is_forgotten);
        if (status == RS_OK) gone++;
        if (status == RS_OK && !goes) journal->given_way++;
    }
    if (gone == 0) return status;
    journal->segment_count -= gone;
    memmove(&journal->segments[0], &journal->segments[gone], journal->segment_count * sizeof journal->segments[0]);
    const int synced = journal->disk->sync_folder(journal->disk);
    return status != RS_OK ? status : note(journal, synced);
}

/* A spare that the disk does not let go is tried again with the next number only; its bytes are void, as always. */
static void drop_spares(rs_journal_t *journal) {
    for (uint32_t i = 0; i < journal->spare_count; i++) (void)journal->disk->remove(journal->disk, journal->spares[i]);
    journal->spare_count = 0;
}

void rs_journal_forget(rs_journal_t *journal, uint64_t number, bool soon) {
    if (number > journal->forget_to) {
        drop_spares(journal);
        journal->forget_to = number;
    }
    journal->forget_soon |= soon;
    if (!journal->forget_soon || journal->file == NO_FILE || rs_journal_durable(journal) < journal->forget_to) return;
    if (journal->segments[journal->segment_count - 1].first <= journal->forget_to) leave_segment(journal);
}

void rs_journal_set_time(rs_journal_t *journal, int64_t now_us) { journal->now_us = now_us; }

/* --- looking ----------------------------------------------------------------------------------------------------------- */
uint64_t rs_journal_durable(const rs_journal_t *journal) { return atomic_load_explicit(&journal->durable, memory_order_acquire); }

void rs_journal_stat(const rs_journal_t *journal, rs_journal_stat_t *stat) {
    *stat = (rs_journal_stat_t){
        .appended = journal->appended, .durable = rs_journal_durable(journal),
        .oldest = journal->segment_count == 0 ? journal->appended + 1 : journal->segments[0].first,
        .oldest_us = journal->segment_count == 0 ? 0 : journal->segments[0].begun_us, .given_way = journal->given_way,
        .commits = journal->commits,
        .bytes = journal->bytes, .failures = journal->failures, .poisoned = journal->poisoned, .segments = journal->segment_count,
        .spares = journal->spare_count, .state = journal->state, .error = journal->error};
}
