/* What was erased leaves the journal's folder: snapshots without it are made, and files with it go. The wish stands in the state folder
 * until it has come true, as the number of a record and nothing else. */
#include "service/admin.h"

#include "base/log.h"
#include "base/small_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static void path_of(const rs_service_t *service, char *path, size_t size) { rs_service_state_path(service, "forgetting", path, size); }

static void write_down(const rs_service_t *service) {
    const rs_forgetting_t *forgetting = &service->forgetting;
    char path[4096], text[64];
    path_of(service, path, sizeof path);
    const int len = snprintf(text, sizeof text, "%" PRIu64 " %d\n", forgetting->upto, forgetting->soon);
    if (rs_small_file_write(path, text, (size_t)len, 0640) == RS_OK) return;
    RS_LOG_WITH(RS_LOG_WARNING, "cannot write down what is to be forgotten; after a restart an erasure is to be repeated",
                RS_LOG_TEXT("file", path));
}

static void read_back(rs_service_t *service) {
    char path[4096];
    int soon = 0;
    path_of(service, path, sizeof path);
    service->forgetting.was_read = true;
    FILE *file = fopen(path, "re");
    if (file == NULL) return;
    uint64_t upto = 0;
    if (fscanf(file, "%" SCNu64 " %d", &upto, &soon) == 2 && upto > service->forgetting.upto) service->forgetting.upto = upto;
    service->forgetting.soon |= soon != 0;
    fclose(file);
}

void rs_service_forget(rs_service_t *service, uint64_t record, bool soon) {
    rs_forgetting_t *forgetting = &service->forgetting;
    if (!forgetting->was_read) read_back(service);
    const rs_forgetting_t before = *forgetting;
    if (record > forgetting->upto) forgetting->upto = record;
    forgetting->soon |= soon;
    if (before.upto != forgetting->upto || before.soon != forgetting->soon) write_down(service);
    rs_keeper_forget(service->journal.keeper, forgetting->upto, forgetting->soon);
}

bool rs_service_is_forgotten(const rs_service_t *service, uint64_t record, uint64_t *numbers, uint32_t *count, rs_journal_stat_t *stat) {
    rs_keeper_stat_t kept;
    rs_keeper_stat(service->journal.keeper, &kept);
    *stat = kept.journal;
    *count = 0;
    if (rs_snapshot_list(service->journal.disk, numbers, RS_SNAPSHOTS_SEEN, count) != RS_OK) return false;
    bool is_gone = kept.journal.oldest > record;
    for (uint32_t i = 0; i < *count; i++) is_gone = is_gone && numbers[i] >= record;
    return is_gone && !(service->snapshots.is_running && service->snapshots.upto < record);
}

/* Two are needed before the journal may go without what was before them. */
static void make_snapshots(rs_service_t *service) {
    uint64_t numbers[RS_SNAPSHOTS_SEEN];
    uint32_t count = 0, after = 0;
    if (rs_snapshot_list(service->journal.disk, numbers, RS_SNAPSHOTS_SEEN, &count) != RS_OK) return;
    for (uint32_t i = 0; i < count; i++) after += numbers[i] >= service->forgetting.upto;
    if (after < RS_SNAPSHOTS_NEEDED) rs_service_snapshot_now(service);
}

void rs_service_watch_forgetting(rs_service_t *service) {
    rs_forgetting_t *forgetting = &service->forgetting;
    uint64_t numbers[RS_SNAPSHOTS_SEEN];
    uint32_t count;
    rs_journal_stat_t stat;
    char path[4096];
    if (!forgetting->was_read) read_back(service);
    if (forgetting->upto == 0) return;
    rs_keeper_forget(service->journal.keeper, forgetting->upto, forgetting->soon);
    if (!rs_service_is_forgotten(service, forgetting->upto, numbers, &count, &stat)) {
        if (forgetting->soon) make_snapshots(service);
        return;
    }
    path_of(service, path, sizeof path);
    (void)unlink(path);
    RS_LOG_WITH(RS_LOG_NOTICE, "what was erased is in no file of the journal any more", RS_LOG_UINT("up_to_record", forgetting->upto));
    *forgetting = (rs_forgetting_t){.was_read = true};
}
