#include "service/service.h"

#include "base/log.h"

#include <stdlib.h>

/* Numbers that a source has given and that never came. Each source is told when more are missing than before, and when all have come;
 * numbers that only overtook each other are missing for moments, so it is told what is still missing a second look later,
 * and once a minute at most. */
struct rs_service_gaps {
    uint32_t count;
    int64_t told_us;
    struct { uint64_t told, seen; } of[];
};

enum { MOST_AT_ONCE = 16 };

static rs_service_gaps_t *gaps_of(rs_service_t *service) {
    if (service->gaps == NULL) {
        const uint32_t count = rs_service_config(service)->limits.sources + 1;
        service->gaps = calloc(1, sizeof *service->gaps + count * sizeof service->gaps->of[0]);
        if (service->gaps != NULL) service->gaps->count = count;
    }
    return service->gaps;
}

static void tell(const rs_accounting_t *source) {
    if (source->missing == 0) {
        RS_LOG_WITH(RS_LOG_NOTICE, "all missing numbers of a source have come", RS_LOG_STR("source", source->source));
        return;
    }
    RS_LOG_WITH(RS_LOG_WARNING, "numbers of a source are missing", RS_LOG_STR("source", source->source),
                RS_LOG_UINT("numbers", source->missing), RS_LOG_UINT("gaps", source->gaps));
}

void rs_service_log_gaps(rs_service_t *service, const rs_collection_t *collection) {
    rs_service_gaps_t *gaps = gaps_of(service);
    const int64_t now_us = (int64_t)(uv_hrtime() / 1000);
    if (gaps == NULL) return;
    const bool is_due = gaps->told_us == 0 || service->phase >= PHASE_FLUSHING || now_us - gaps->told_us >= RS_US_PER_MIN;
    uint32_t told = 0;
    for (uint32_t i = 0; i < collection->source_count && i < gaps->count; i++) {
        const rs_accounting_t *source = rs_engine_collected_source(service->engine, i);
        const bool lasts = gaps->of[i].seen > gaps->of[i].told && source->missing > gaps->of[i].told;
        const bool is_over = source->missing == 0 && gaps->of[i].told > 0;
        gaps->of[i].seen = source->missing;
        if (!is_due || told == MOST_AT_ONCE || (!lasts && !is_over)) continue;
        tell(source);
        gaps->of[i].told = source->missing;
        gaps->told_us = now_us;
        told++;
    }
}

void rs_service_forget_gaps(rs_service_t *service) {
    free(service->gaps);
    service->gaps = NULL;
}
