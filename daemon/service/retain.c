#include "service/service.h"

#include "base/log.h"

enum { MINUTE_US = 60 * 1000 * 1000, FEW_HOURS = 24 };
#define MOST_HOURS 1e6

/* Needed: what the newest snapshot but one does not have, so that a damaged newest one costs time only, and what the database does not
 * have. Below that the keeper keeps segments for journal.keep. */
static uint64_t needed_from(const rs_service_t *service) {
    uint64_t numbers[RS_SNAPSHOTS_NEEDED];
    uint32_t count;
    if (rs_snapshot_list(service->journal.disk, numbers, RS_SNAPSHOTS_NEEDED, &count) != RS_OK || count < RS_SNAPSHOTS_NEEDED) return 0;
    uint64_t needed = numbers[RS_SNAPSHOTS_NEEDED - 1] + 1;
    if (service->store == NULL) return needed;
    rs_store_status_t status;
    rs_store_status(service->store, &status);
    return status.position + 1 < needed ? status.position + 1 : needed;
}

/* --- how long it will do --------------------------------------------------------------------------------------------------- */
/* Bytes per hour, of the last hour or as much of it as there was. */
static double rate_of(const rs_service_journal_t *journal, uint64_t bytes) {
    const uint32_t minutes = journal->minutes < RS_SERVICE_RATE_MINUTES ? journal->minutes : (uint32_t)RS_SERVICE_RATE_MINUTES;
    if (minutes == 0) return 0;
    const uint64_t before = journal->bytes_at[(journal->minutes - minutes) % RS_SERVICE_RATE_MINUTES];
    return (double)(bytes - before) * 60.0 / minutes;
}

static uint64_t bytes_left(const rs_service_t *service, const rs_journal_stat_t *stat) {
    const rs_config_t *config = rs_service_config(service);
    const uint64_t used = (uint64_t)stat->segments * config->journal.segment_bytes;
    const uint64_t allowed = config->journal.max_bytes > used ? config->journal.max_bytes - used : 0;
    const uint64_t free = rs_disk_free_bytes(service->journal.disk);
    return allowed < free ? allowed : free;
}

static rs_service_space_t space_of(const rs_service_t *service, const rs_journal_stat_t *stat) {
    const double rate = rate_of(&service->journal, stat->bytes);
    const uint64_t left = bytes_left(service, stat);
    const double hours = rate < 1 ? MOST_HOURS : (double)left / rate;
    return (rs_service_space_t){.bytes = left, .hours = hours > MOST_HOURS ? MOST_HOURS : hours};
}

rs_service_space_t rs_service_journal_space(const rs_service_t *service) {
    rs_keeper_stat_t stat;
    rs_keeper_stat(service->journal.keeper, &stat);
    return space_of(service, &stat.journal);
}

static void report(const rs_service_t *service, const rs_journal_stat_t *stat) {
    const rs_service_space_t space = space_of(service, stat);
    RS_LOG_WITH(space.hours < FEW_HOURS ? RS_LOG_WARNING : RS_LOG_INFO, "journal", RS_LOG_UINT("segments", stat->segments),
                RS_LOG_UINT("oldest", stat->oldest),
                RS_LOG_UINT("durable", stat->durable), RS_LOG_UINT("snapshot", service->journal.snapshot),
                RS_LOG_UINT("bytes_left", space.bytes), RS_LOG_REAL("hours_left", space.hours));
}

static void sample(rs_service_t *service, const rs_journal_stat_t *stat) {
    rs_service_journal_t *journal = &service->journal;
    const int64_t now_us = rs_service_monotonic_us();
    if (now_us < journal->next_minute_us) return;
    journal->bytes_at[journal->minutes++ % RS_SERVICE_RATE_MINUTES] = stat->bytes;
    journal->next_minute_us = now_us + MINUTE_US;
    if (now_us < journal->next_report_us) return;
    if (journal->next_report_us != 0) report(service, stat);
    journal->next_report_us = now_us + 60 * (int64_t)MINUTE_US;
}

void rs_service_retain(rs_service_t *service) {
    rs_keeper_stat_t stat;
    rs_keeper_retire(service->journal.keeper, needed_from(service));
    rs_keeper_stat(service->journal.keeper, &stat);
    /* Nothing could be made from those: the records behind them are gone. */
    if (stat.journal.oldest > 1) rs_snapshot_drop_before(service->journal.disk, stat.journal.oldest - 1);
    sample(service, &stat.journal);
    if (stat.journal.given_way == service->journal.given_way_told) return;
    service->journal.given_way_told = stat.journal.given_way;
    RS_LOG_WITH(RS_LOG_WARNING, "journal.max_bytes or the disk is too small for journal.keep: files went before their time",
                RS_LOG_UINT("files", stat.journal.given_way));
}
