/* The next snapshot is made by a process of its own, at the lowest priority: the core is never stopped for it. It reads the last one and
 * the journal after it through the same core, and finds damage on the disk while the daemon still has everything in memory. */
#include "service/service.h"

#include "base/log.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOWEST_PRIORITY = 19, READ_BYTES = 1 << 20 };

void rs_service_hash_text(const rs_hash128_t *hash, char text[33]) {
    snprintf(text, 33, "%016" PRIx64 "%016" PRIx64, hash->high, hash->low);
}

/* --- saving and loading ------------------------------------------------------------------------------------------------- */
static int write_state(void *context, const void *bytes, size_t len) {
    rs_snapshot_writer_t *writer = context;
    rs_snapshot_write(writer, bytes, len);
    return writer->status;
}

int rs_service_save(rs_disk_t *disk, uint64_t journal, const rs_engine_t *engine, rs_hash128_t *hash) {
    rs_snapshot_writer_t writer;
    int status = rs_snapshot_begin(&writer, disk, journal, rs_service_number(engine));
    if (status == RS_OK) status = rs_engine_save(engine, &(rs_state_out_t){.context = &writer, .write = write_state}, hash);
    if (status == RS_OK) return rs_snapshot_finish(&writer);
    rs_snapshot_abort(&writer);
    return status;
}

typedef struct rs_reading_state { rs_disk_t *disk; const rs_snapshot_t *snapshot; uint64_t at; } rs_reading_state_t;

static int read_state(void *context, void *bytes, size_t room, size_t *len) {
    rs_reading_state_t *reading = context;
    const int status = rs_snapshot_read(reading->disk, reading->snapshot, reading->at, bytes, room < READ_BYTES ? room : READ_BYTES, len);
    if (status == RS_OK) reading->at += *len;
    return status;
}

int rs_service_load(rs_disk_t *disk, const rs_snapshot_t *snapshot, rs_engine_t *engine) {
    rs_reading_state_t reading = {.disk = disk, .snapshot = snapshot};
    return rs_engine_load(engine, &(rs_state_in_t){.context = &reading, .read = read_state});
}

/* --- the other process ----------------------------------------------------------------------------------------------------- */
typedef struct rs_rewriting { rs_engine_t *engine; uint64_t upto; } rs_rewriting_t;

static int take_record(void *context, const rs_journal_record_t *record) {
    const rs_rewriting_t *rewriting = context;
    if (record->number > rewriting->upto) return RS_ERR_CLOSED;   /* enough */
    return rs_engine_recover_record(rewriting->engine, record->kind, record->bytes, record->len, record->number);
}

static int complain(const char *what, const char *why) {
    RS_LOG_WITH(RS_LOG_ERROR, "no snapshot was made", RS_LOG_TEXT("what", what), RS_LOG_TEXT("why", why));
    return 1;
}

static int complain_of(const rs_engine_t *engine, const char *what, int status) {
    const char *why = rs_engine_why(engine);
    return complain(what, why[0] != '\0' ? why : rs_status_text(status));
}

static int save_next(rs_disk_t *disk, rs_engine_t *engine, const rs_recovery_t *recovery, uint64_t upto) {
    rs_hash128_t hash;
    char text[33];
    if (rs_engine_core(engine) == NULL || rs_service_number(engine) != upto || rs_engine_recovery(engine).lost != 0) {
        return complain("read the journal", "it has damage on disk; `ringside journal verify` says where");
    }
    const int status = rs_service_save(disk, recovery->resume.journal, engine, &hash);
    if (status != RS_OK) {
        return complain("write it", status == RS_ERR_IO || status == RS_ERR_FULL ? strerror(disk->error) : rs_status_text(status));
    }
    rs_service_hash_text(&hash, text);
    RS_LOG_WITH(RS_LOG_INFO, "snapshot", RS_LOG_UINT("position", upto), RS_LOG_TEXT("hash", text));
    return 0;
}

static int rewrite(rs_disk_t *disk, rs_engine_t *engine, rs_recovery_t *recovery, uint64_t upto) {
    rs_snapshot_t snapshot;
    rs_rewriting_t rewriting = {.engine = engine, .upto = upto};
    int status = rs_snapshot_find(disk, 0, &snapshot);
    if (status != RS_OK) return complain("find the last one", rs_status_text(status));
    if (snapshot.is_there && snapshot.number >= upto) return 0;
    if (snapshot.is_there) status = rs_service_load(disk, &snapshot, engine);
    if (status != RS_OK) return complain_of(engine, "load the last one", status);
    status = rs_journal_recover(disk, snapshot.is_there ? snapshot.number : 0, take_record, &rewriting, recovery);
    if (status != RS_OK && status != RS_ERR_CLOSED) return complain_of(engine, "read the journal", status);
    return save_next(disk, engine, recovery, upto);
}

/* The configuration is that of the state; this one only makes the engine. */
static int with_engine(rs_disk_t *disk, uint64_t upto) {
    rs_config_t *config = NULL;
    rs_engine_t *engine = NULL;
    rs_recovery_t *recovery = calloc(1, sizeof *recovery);
    int status = recovery == NULL ? RS_ERR_MEMORY : rs_config_create_default(&config);
    if (status == RS_OK) {
        const rs_engine_settings_t settings = {.config = config};
        status = rs_engine_prepare(&settings, &engine);
    }
    const int result = status == RS_OK ? rewrite(disk, engine, recovery, upto) : complain("make a core", rs_status_text(status));
    if (recovery != NULL) rs_recovery_end(recovery);
    free(recovery);
    rs_engine_destroy(&engine);
    rs_config_destroy(&config);
    return result;
}

int rs_service_write_snapshot(const char *folder, uint64_t upto) {
    /* Not longer than the daemon, which would begin another one. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == 1) return 1;
    (void)!setpriority(PRIO_PROCESS, 0, LOWEST_PRIORITY);
    rs_log_start(&(rs_log_options_t){.level = RS_LOG_INFO});
    rs_disk_t *disk = NULL;
    const char *why = NULL;
    if (rs_disk_open_folder(folder, RS_DISK_BESIDE, true, &disk, &why) != RS_OK) return complain("open the folder", why);
    const int result = with_engine(disk, upto);
    rs_disk_close_folder(&disk);
    rs_log_flush(true);
    return result;
}

/* --- starting it ------------------------------------------------------------------------------------------------------------ */
static void on_closed(uv_handle_t *handle) { ((rs_service_t *)handle->data)->snapshots.is_loaded = false; }

static void on_process_end(uv_process_t *process, int64_t status, int signal) {
    rs_service_t *service = process->data;
    rs_service_snapshots_t *snapshots = &service->snapshots;
    snapshots->is_running = false;
    uv_close((uv_handle_t *)process, on_closed);
    if (status == 0 && signal == 0) {
        service->journal.snapshot = snapshots->upto;
        service->journal.has_snapshot = true;
    } else if (service->phase < PHASE_CLOSING) {
        RS_LOG_WITH(RS_LOG_WARNING, "the process that writes a snapshot failed; the journal is kept and it is tried again",
                    RS_LOG_INT("status", status), RS_LOG_INT("signal", signal));
    }
}

static void start_process(rs_service_t *service, uint64_t upto) {
    rs_service_snapshots_t *snapshots = &service->snapshots;
    char number[24];
    snprintf(number, sizeof number, "%" PRIu64, upto);
    char program[] = "/proc/self/exe", name[] = "ringsided-snapshot", folder[] = "--write-snapshot", at[] = "--upto";
    char *arguments[] = {name, folder, service->journal.folder, at, number, NULL};
    uv_stdio_container_t streams[] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
    const uv_process_options_t options = {.file = program, .args = arguments, .exit_cb = on_process_end, .stdio = streams,
                                          .stdio_count = 3};
    const int failed = uv_spawn(&service->loop, &snapshots->process, &options);
    snapshots->process.data = service;
    snapshots->is_loaded = true;
    snapshots->upto = upto;
    snapshots->is_running = failed == 0;
    if (failed == 0) return;
    RS_LOG_WITH(RS_LOG_WARNING, "cannot start the process that writes a snapshot", RS_LOG_TEXT("why", uv_strerror(failed)));
    uv_close((uv_handle_t *)&snapshots->process, on_closed);
}

void rs_service_snapshot_when_due(rs_service_t *service) {
    rs_service_snapshots_t *snapshots = &service->snapshots;
    const rs_config_t *config = rs_service_config(service);
    if (snapshots->is_loaded || service->phase != PHASE_RUNNING) return;
    const int64_t now_us = rs_service_monotonic_us();
    rs_keeper_stat_t stat;
    rs_keeper_stat(service->journal.keeper, &stat);
    if (snapshots->next_us == 0) snapshots->next_us = now_us + config->journal.snapshot_every_us;
    const bool is_much = stat.journal.bytes - snapshots->bytes_before >= config->journal.snapshot_bytes;
    if (now_us < snapshots->next_us && !is_much) return;
    snapshots->next_us = now_us + config->journal.snapshot_every_us;
    snapshots->bytes_before = stat.journal.bytes;
    const uint64_t upto = rs_gate_snapshot(stat.journal.appended, stat.journal.durable);
    if (upto > service->journal.snapshot) start_process(service, upto);
}

void rs_service_snapshot_now(rs_service_t *service) {
    rs_keeper_stat_t stat;
    if (service->snapshots.is_loaded || service->phase != PHASE_RUNNING) return;
    rs_keeper_stat(service->journal.keeper, &stat);
    const uint64_t upto = rs_gate_snapshot(stat.journal.appended, stat.journal.durable);
    if (upto > service->journal.snapshot) start_process(service, upto);
}

void rs_service_end_snapshot(rs_service_t *service) {
    if (service->snapshots.is_running) (void)uv_process_kill(&service->snapshots.process, SIGKILL);
}
