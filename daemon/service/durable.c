#include "service/service.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

enum {
    LONG_START_RECORDS = 100000,   /* most of a second */
    PENDING_BYTES = 4 << 20, BATCH_BYTES = 1 << 20, RETRY_US = 500 * 1000, MARK_US = 1000 * 1000, REFUSE_AFTER_US = 1000 * 1000,
    RANGES_TOLD = 20
};

/* --- the folder --------------------------------------------------------------------------------------------------------- */
static int open_folder(rs_service_t *service) {
    rs_service_journal_t *journal = &service->journal;
    const rs_config_t *config = rs_service_config(service);
    const rs_str_t named = config->journal.directory;
    if (named.len != 0) snprintf(journal->folder, sizeof journal->folder, "%.*s", (int)named.len, named.data);
    else rs_service_state_path(service, "journal", journal->folder, sizeof journal->folder);
    if (mkdir(journal->folder, 0750) != 0 && errno != EEXIST) {
        return rs_service_fail("create the journal's folder", journal->folder, strerror(errno));
    }
    const char *why = NULL;
    char text[256];
    const int status = rs_disk_open_folder(journal->folder, RS_DISK_OWN, config->journal.any_file_system, &journal->disk, &why);
    if (status == RS_OK) return RS_OK;
    if (status == RS_ERR_EXISTS) why = "another ringsided uses it";
    if (status == RS_ERR_INVALID) {
        snprintf(text, sizeof text, "it is on %s, where an acknowledged event can be lost; name a folder on a disk of this machine, or say "
                 "journal.any_file_system: true", why);
        why = text;
    }
    return rs_service_fail("open the journal's folder", journal->folder, why);
}

/* --- reading it back ------------------------------------------------------------------------------------------------------ */
/* systemd waits for as long as this gets on. */
static void tell_progress(rs_service_t *service) {
    enum { EVERY_RECORDS = 1 << 16, EVERY_US = 1000 * 1000 };
    static const char longer[] = "EXTEND_TIMEOUT_USEC=60000000";
    if (++service->journal.read % EVERY_RECORDS != 0) return;
    const int64_t now_us = rs_service_monotonic_us();
    if (now_us - service->journal.told_us < EVERY_US) return;
    service->journal.told_us = now_us;
    sd_notify(0, longer);
}

static int on_record(void *context, const rs_journal_record_t *record) {
    rs_service_t *service = context;
    tell_progress(service);
    /* Of what does not fit the newest is left out; the store is owed nothing then that it could not ask for. */
    const bool is_held = record->kind != RS_RECORD_REFUSAL || rs_service_config(service)->database.len == 0 ||
                         rs_held_add_refusal_record(&service->held, 0, record);
    if (!is_held) service->held.dropped++;
    return rs_engine_recover_record(service->engine, record->kind, record->bytes, record->len, record->number);
}

static const char begin_anew[] =
    "; put back what is missing, or begin anew by moving the folder away: what the database has stays, "
    "open contacts and producers' marks do not";

/* What the core calls the shape of its state, whoever starts it has in the configuration. */
static const char changed[] =
    "; one of store.database (set, or not), windows, rows.attributions, limits.edges and limits.customers is not what it was";

static int refuse_state(const rs_service_t *service, int status) {
    char text[1024];
    const char *why = rs_engine_why(service->engine);
    const bool has_state = service->journal.has_snapshot || rs_engine_core(service->engine) != NULL;
    snprintf(text, sizeof text, "%s%s%s", why[0] != '\0' ? why : rs_status_text(status), status == RS_ERR_STATE && has_state ? changed : "",
             status == RS_ERR_STATE || status == RS_ERR_LIMIT || status == RS_ERR_PARSE ? begin_anew : "");
    return rs_service_fail("go on from the journal", service->journal.folder, text);
}

static int load_snapshot(rs_service_t *service, rs_snapshot_t *snapshot) {
    rs_service_journal_t *journal = &service->journal;
    int status = rs_snapshot_find(journal->disk, 0, snapshot);
    if (status == RS_ERR_VERSION) {
        return rs_service_fail("read the newest snapshot", journal->folder, "it is of a newer ringside; use that one");
    }
    if (status != RS_OK) {
        return rs_service_fail("read the newest snapshot", journal->folder,
                               status == RS_ERR_IO ? strerror(journal->disk->error) : rs_status_text(status));
    }
    if (snapshot->damaged != 0) {
        RS_LOG_WITH(RS_LOG_ERROR, "snapshots are damaged; the one before them is used", RS_LOG_UINT("damaged", snapshot->damaged));
    }
    if (!snapshot->is_there) return RS_OK;
    journal->has_snapshot = true;
    journal->snapshot = snapshot->number;
    status = rs_service_load(journal->disk, snapshot, service->engine);
    return status == RS_OK ? RS_OK : refuse_state(service, status);
}

static void tell_loss(const rs_recovery_t *recovery) {
    if (recovery->torn_bytes != 0) {
        RS_LOG_WITH(RS_LOG_NOTICE, "the last write was not finished; it was not acknowledged and is left out",
                    RS_LOG_UINT("records", recovery->torn_records), RS_LOG_UINT("bytes", recovery->torn_bytes));
    }
    if (recovery->damaged_headers != 0 || recovery->unreadable_blocks != 0 || recovery->foreign != 0) {
        RS_LOG_WITH(RS_LOG_WARNING, "the journal has damage", RS_LOG_UINT("headers", recovery->damaged_headers),
                    RS_LOG_UINT("unreadable_blocks", recovery->unreadable_blocks), RS_LOG_UINT("foreign_files", recovery->foreign));
    }
    if (recovery->ends_early) {
        RS_LOG(RS_LOG_ERROR, "the journal ends before its snapshot: files are missing; what followed the snapshot is lost");
    }
    if (recovery->lost == 0) return;
    RS_LOG_WITH(RS_LOG_ERROR, "records of the journal are lost", RS_LOG_UINT("lost", recovery->lost),
                RS_LOG_UINT("ranges", recovery->range_count));
    for (uint32_t i = 0; i < recovery->range_count && i < RANGES_TOLD; i++) {
        RS_LOG_WITH(RS_LOG_ERROR, "lost", RS_LOG_UINT("first", recovery->ranges[i].first), RS_LOG_UINT("last", recovery->ranges[i].last));
    }
}

static int read_back(rs_service_t *service) {
    rs_service_journal_t *journal = &service->journal;
    rs_snapshot_t snapshot;
    int status = load_snapshot(service, &snapshot);
    if (status != RS_OK) return status;
    const uint64_t after = snapshot.is_there ? snapshot.number : 0;
    status = rs_journal_recover(journal->disk, after, on_record, service, journal->recovery);
    if (status == RS_ERR_VERSION) return rs_service_fail("read the journal", journal->folder, "it is of a newer ringside; use that one");
    if (status == RS_ERR_IO && rs_engine_why(service->engine)[0] == '\0') {
        return rs_service_fail("read the journal", journal->folder, strerror(journal->disk->error));
    }
    if (status != RS_OK) return refuse_state(service, status);
    const uint64_t id = journal->recovery->resume.journal;
    if (snapshot.is_there && id != 0 && id != snapshot.journal) {
        return rs_service_fail("read the journal", journal->folder, "its files and its snapshot are of two different journals");
    }
    if (snapshot.is_there) journal->recovery->resume.journal = snapshot.journal;
    tell_loss(journal->recovery);
    return RS_OK;
}

/* --- going on -------------------------------------------------------------------------------------------------------------- */
static int full_or(const rs_service_journal_t *journal, int status) {
    return rs_service_fail("write to the journal's folder", journal->folder,
                           journal->disk->error != 0 ? strerror(journal->disk->error) : rs_status_text(status));
}

static int make_first_spare(rs_service_journal_t *journal) {
    rs_journal_stat_t stat;
    bool more = true;
    int status = RS_OK;
    do {
        status = rs_journal_maintain(journal->journal, &more);
        rs_journal_stat(journal->journal, &stat);
    } while (status == RS_OK && more && stat.spares == 0);
    return status;
}

/* What was read and is not surely on disk is written anew before anything rests on it. */
static int open_journal(rs_service_t *service) {
    rs_service_journal_t *journal = &service->journal;
    const rs_config_t *config = rs_service_config(service);
    rs_recovery_t *recovery = journal->recovery;
    const rs_journal_settings_t settings = {
        .segment_bytes = config->journal.segment_bytes,
        .max_segments = (uint32_t)(config->journal.max_bytes / config->journal.segment_bytes),
        .spares = RS_CONFIG_JOURNAL_SPARES, .pending_bytes = PENDING_BYTES};
    while (recovery->resume.journal == 0) randombytes_buf(&recovery->resume.journal, sizeof recovery->resume.journal);
    int status = rs_journal_create(journal->disk, &settings, &recovery->resume, &journal->journal);
    if (status != RS_OK) return full_or(journal, status);
    rs_journal_set_time(journal->journal, rs_service_wall_us());
    if (recovery->tail_end > recovery->tail_begin) {
        status = make_first_spare(journal);
        if (status == RS_OK) status = rs_journal_adopt(journal->journal, recovery);
        if (status != RS_OK) return full_or(journal, status);
    }
    return RS_OK;
}

static int start_keeper(rs_service_t *service) {
    rs_service_journal_t *journal = &service->journal;
    const rs_keeper_settings_t settings = {.ring = rs_engine_inlet(service->engine), .journal = journal->journal,
                                           .batch_bytes = BATCH_BYTES,
                                           .retry_us = RETRY_US, .mark_us = MARK_US, .keep_us = rs_service_config(service)->journal.keep_us,
                                           .context = service, .wake = rs_service_wake};
    const int status = rs_keeper_create(&settings, &journal->keeper);
    return status == RS_OK ? RS_OK : rs_service_fail("start the journal", journal->folder, rs_status_text(status));
}

/* What is lost is lost for good: a snapshot without it, so that the next start does not find it missing again. And what was long to read
 * need not be read again by the next start, however soon that comes: one that is killed again and again would take longer each time. */
static int save_at_start(rs_service_t *service) {
    rs_service_journal_t *journal = &service->journal;
    const bool is_damaged = journal->recovery->lost != 0 || journal->recovery->ends_early;
    if (!is_damaged && rs_engine_recovery(service->engine).records < LONG_START_RECORDS) return RS_OK;
    rs_hash128_t hash;
    const uint64_t id = journal->recovery->resume.journal;
    if (rs_engine_core(service->engine) == NULL) return RS_OK;
    if (rs_service_number(service->engine) != journal->recovery->resume.adopt) return RS_OK;
    const int status = rs_service_save(journal->disk, id, service->engine, &hash);
    if (status == RS_OK) journal->snapshot = rs_service_number(service->engine);
    else if (is_damaged) return full_or(journal, status);
    else RS_LOG_WITH(RS_LOG_WARNING, "no snapshot was made at the start", RS_LOG_STATUS("status", status));
    return RS_OK;
}

static void tell_state(const rs_service_t *service, const char *when, int64_t begun_us) {
    rs_hash128_t hash = {0};
    char text[33] = "";
    if (rs_engine_state_hash(service->engine, &hash) == RS_OK) rs_service_hash_text(&hash, text);
    const rs_service_journal_t *journal = &service->journal;
    RS_LOG_WITH(RS_LOG_NOTICE, "state", RS_LOG_TEXT("at", when), RS_LOG_UINT("position", rs_service_number(service->engine)),
                RS_LOG_TEXT("hash", text),
                RS_LOG_UINT("snapshot", journal->snapshot), RS_LOG_UINT("records", rs_engine_recovery(service->engine).records),
                RS_LOG_INT("ms", (rs_service_monotonic_us() - begun_us) / 1000));
}

/* A fresh core's first records go into the ring only now that the keeper reads it. */
static int begin_or_adopt(rs_service_t *service) {
    const bool is_fresh = rs_engine_core(service->engine) == NULL;
    const int status = is_fresh ? rs_engine_begin(service->engine) : rs_engine_adopt(service->engine);
    if (status == RS_OK) return RS_OK;
    if (!is_fresh) return refuse_state(service, status);
    return rs_service_fail("start the core", "configuration",
                           status == RS_ERR_LIMIT ? "its text does not fit into limits.inlet_bytes" : rs_status_text(status));
}

int rs_service_recover(rs_service_t *service, const rs_engine_settings_t *settings) {
    rs_service_journal_t *journal = &service->journal;
    const int64_t begun_us = rs_service_monotonic_us();
    journal->recovery = calloc(1, sizeof *journal->recovery);
    if (journal->recovery == NULL) return rs_service_fail("read the journal", "memory", "out of memory");
    int status = rs_engine_prepare(settings, &service->engine);
    if (status != RS_OK) return rs_service_fail("start the core", "engine", rs_status_text(status));
    status = open_folder(service);
    if (status == RS_OK) status = read_back(service);
    if (status == RS_OK) status = open_journal(service);
    if (status == RS_OK) status = save_at_start(service);
    if (status == RS_OK && rs_engine_core(service->engine) != NULL) tell_state(service, "start", begun_us);
    if (status == RS_OK) status = start_keeper(service);
    if (status == RS_OK) status = begin_or_adopt(service);
    rs_recovery_end(journal->recovery);
    free(journal->recovery);
    journal->recovery = NULL;
    return status;
}

void rs_service_close_journal(rs_service_t *service) {
    rs_service_journal_t *journal = &service->journal;
    const int64_t begun_us = rs_service_monotonic_us();
    if (service->engine != NULL) rs_engine_stop(service->engine);
    if (journal->keeper != NULL) {
        rs_keeper_destroy(&journal->keeper);
        const uint64_t durable = rs_journal_durable(journal->journal), last = rs_service_number(service->engine);
        if (durable < last) {
            RS_LOG_WITH(RS_LOG_ERROR, "the end is not on disk; what was acknowledged is", RS_LOG_UINT("position", last),
                        RS_LOG_UINT("durable", durable));
        }
        if (rs_engine_core(service->engine) != NULL) tell_state(service, "end", begun_us);
    }
    rs_journal_destroy(&journal->journal);
    rs_disk_close_folder(&journal->disk);
}

/* --- while it runs ------------------------------------------------------------------------------------------------------------ */
uint64_t rs_service_durable(const rs_service_t *service) { return rs_keeper_durable(service->journal.keeper); }
bool rs_service_can_take(const rs_service_t *service) { return service->journal.state == RS_OK; }

static void tell_failures(rs_service_journal_t *journal) {
    rs_keeper_stat_t stat;
    rs_keeper_stat(journal->keeper, &stat);
    if (stat.journal.failures == journal->failures_told) return;
    journal->failures_told = stat.journal.failures;
    RS_LOG_WITH(RS_LOG_WARNING, "the journal could not write, sync or make a file: one that may be hurt is given up, "
                                "what was not acknowledged goes to another",
                RS_LOG_UINT("failures", stat.journal.failures), RS_LOG_UINT("files_given_up", stat.journal.poisoned),
                RS_LOG_TEXT("error", stat.journal.error == 0 ? "" : strerror(stat.journal.error)));
}

static void begin_failing(rs_service_journal_t *journal, int state, int error, int64_t now_us) {
    journal->failing_since_us = now_us;
    RS_LOG_WITH(RS_LOG_ERROR, "the journal cannot be written: nothing is acknowledged and nothing more is taken; live figures go on",
                RS_LOG_STATUS("status", state),
                RS_LOG_TEXT("error", state == RS_ERR_FULL && error == 0 ? "journal.max_bytes is reached" : strerror(error)));
}

static void end_failing(rs_service_t *service, int64_t now_us) {
    rs_service_journal_t *journal = &service->journal;
    RS_LOG_WITH(RS_LOG_NOTICE, "the journal can be written again", RS_LOG_INT("after_ms", (now_us - journal->failing_since_us) / 1000));
    journal->failing_since_us = 0;
    if (!journal->is_refused) return;
    journal->is_refused = false;
    if (service->ingest != NULL) rs_ingest_set_unavailable(service->ingest, false);
    rs_service_own_alert(service, false, 0);
}

/* For a second producers only wait, as when the inlet is full; then they are told. */
void rs_service_watch_journal(rs_service_t *service) {
    rs_service_journal_t *journal = &service->journal;
    int error = 0;
    const int64_t now_us = rs_service_monotonic_us();
    journal->state = rs_keeper_state(journal->keeper, &error);
    if (journal->state != RS_OK && journal->failing_since_us == 0) begin_failing(journal, journal->state, error, now_us);
    if (journal->state == RS_OK && journal->failing_since_us != 0) end_failing(service, now_us);
    tell_failures(journal);
    if (journal->failing_since_us == 0 || journal->is_refused || now_us - journal->failing_since_us < REFUSE_AFTER_US) return;
    journal->is_refused = true;
    if (service->ingest != NULL) rs_ingest_set_unavailable(service->ingest, true);
    rs_service_own_alert(service, true, error);
}
