#include "core/metric.h"

typedef enum metric_kind { KIND_COUNT, KIND_RATIO, KIND_MEAN, KIND_SCORE, KIND_INDEX, KIND_WAIT_MAX, KIND_PERCENTILE, KIND_GAUGE,
                           KIND_PREDICTED, KIND_PREDICTED_LEVEL } metric_kind_t;

/* Which counts a figure is made of: the numerator, less what it is less by, and the sum that it is divided by. A mean is of
 * microseconds, a score of thousandths, an index of 100. */
enum { MAX_PARTS = 4 };
typedef struct metric_row {
    metric_kind_t kind;
    uint32_t per_mille;            /* KIND_PERCENTILE */
    uint8_t numerator_count, less_count, denominator_count;
    rs_count_t numerator[MAX_PARTS], less[1], denominator[MAX_PARTS];
} metric_row_t;

#define COUNT(count) {.kind = KIND_COUNT, .numerator_count = 1, .numerator = {count}}
#define PERCENTILE(rank) {.kind = KIND_PERCENTILE, .per_mille = (rank)}
#define GAUGE {.kind = KIND_GAUGE}

static const metric_row_t table[RS_METRIC_COUNT] = {
    [RS_METRIC_SERVICE_LEVEL] = {.kind = KIND_RATIO, .numerator_count = 1, .denominator_count = 1,
                                 .numerator = {RS_COUNT_SL_NUM_0}, .denominator = {RS_COUNT_SL_DEN_0}},
    [RS_METRIC_OFFERED] = COUNT(RS_COUNT_OFFERED),
    [RS_METRIC_ANSWERED] = COUNT(RS_COUNT_ANSWERED),
    [RS_METRIC_ABANDONED] = COUNT(RS_COUNT_ABANDONED),
    [RS_METRIC_FLOWED_OUT] = COUNT(RS_COUNT_FLOWED_OUT),
    [RS_METRIC_CALLBACKS] = COUNT(RS_COUNT_CALLBACKS),
    [RS_METRIC_BLOCKED] = COUNT(RS_COUNT_BLOCKED),
    [RS_METRIC_HANDLED] = COUNT(RS_COUNT_HANDLED),
    [RS_METRIC_HANDLED_SHORT] = COUNT(RS_COUNT_HANDLED_SHORT),
    [RS_METRIC_ABANDONED_RATE] = {.kind = KIND_RATIO, .numerator_count = 1, .denominator_count = 2,
                                  .numerator = {RS_COUNT_ABANDONED},
                                  .denominator = {RS_COUNT_ANSWERED, RS_COUNT_ABANDONED}},
    [RS_METRIC_SHORT_RATE] = {.kind = KIND_RATIO, .numerator_count = 1, .denominator_count = 1,
                              .numerator = {RS_COUNT_HANDLED_SHORT}, .denominator = {RS_COUNT_HANDLED}},
    [RS_METRIC_ASA] = {.kind = KIND_MEAN, .numerator_count = 1, .denominator_count = 1,
                       .numerator = {RS_COUNT_WAIT_ANSWERED_US}, .denominator = {RS_COUNT_ANSWERED}},
    [RS_METRIC_AHT] = {.kind = KIND_MEAN, .numerator_count = 3, .denominator_count = 1,
                       .numerator = {RS_COUNT_TALK_US, RS_COUNT_HOLD_US, RS_COUNT_WRAP_US},
                       .denominator = {RS_COUNT_HANDLED}},
    [RS_METRIC_WAIT_MAX] = {.kind = KIND_WAIT_MAX},
    [RS_METRIC_WAIT_P50] = PERCENTILE(500),
    [RS_METRIC_WAIT_P80] = PERCENTILE(800),
    [RS_METRIC_WAIT_P90] = PERCENTILE(900),
    [RS_METRIC_WAIT_P95] = PERCENTILE(950),
    [RS_METRIC_WAIT_P99] = PERCENTILE(990),
    [RS_METRIC_WAITING] = GAUGE,
    [RS_METRIC_OLDEST_WAIT] = GAUGE,
    [RS_METRIC_OPEN_OVER_T] = GAUGE,
    [RS_METRIC_OFFERS_FAILED_RATE] = {.kind = KIND_RATIO, .numerator_count = 1,
                                      .denominator_count = 2, .numerator = {RS_COUNT_OFFERS_FAILED},
                                      .denominator = {RS_COUNT_ANSWERED, RS_COUNT_OFFERS_FAILED}},
    [RS_METRIC_FCR] = {.kind = KIND_RATIO, .numerator_count = 1, .less_count = 1, .denominator_count = 1,
                       .numerator = {RS_COUNT_FCR_ELIGIBLE}, .less = {RS_COUNT_FCR_UNRESOLVED},
                       .denominator = {RS_COUNT_FCR_ELIGIBLE}},
    [RS_METRIC_CSAT] = {.kind = KIND_SCORE, .numerator_count = 1, .denominator_count = 1,
                        .numerator = {RS_COUNT_CSAT_SCORE_MILLI}, .denominator = {RS_COUNT_CSAT_RESPONSES}},
    [RS_METRIC_CSAT_TOP_BOX] = {.kind = KIND_RATIO, .numerator_count = 1, .denominator_count = 1,
                                .numerator = {RS_COUNT_CSAT_TOP}, .denominator = {RS_COUNT_CSAT_RESPONSES}},
    [RS_METRIC_NPS] = {.kind = KIND_INDEX, .numerator_count = 1, .less_count = 1, .denominator_count = 1,
                       .numerator = {RS_COUNT_NPS_PROMOTERS}, .less = {RS_COUNT_NPS_DETRACTORS},
                       .denominator = {RS_COUNT_NPS_RESPONSES}},
    [RS_METRIC_CES] = {.kind = KIND_SCORE, .numerator_count = 1, .denominator_count = 1,
                       .numerator = {RS_COUNT_CES_SCORE_MILLI}, .denominator = {RS_COUNT_CES_RESPONSES}},
    [RS_METRIC_SURVEY_RESPONSE_RATE] = {.kind = KIND_RATIO, .numerator_count = 1, .denominator_count = 1,
                                        .numerator = {RS_COUNT_SURVEYED_CONTACTS}, .denominator = {RS_COUNT_HANDLED}},
    [RS_METRIC_COMPLAINTS] = COUNT(RS_COUNT_COMPLAINTS),
    [RS_METRIC_COMPLAINTS_OVERDUE] = COUNT(RS_COUNT_COMPLAINTS_OVERDUE),
    [RS_METRIC_ESTIMATED_WAIT] = {.kind = KIND_PREDICTED},
    [RS_METRIC_BREACH_OLDEST] = {.kind = KIND_PREDICTED},
    [RS_METRIC_BREACH_NEWEST] = {.kind = KIND_PREDICTED},
    [RS_METRIC_PREDICTED_SERVICE_LEVEL] = {.kind = KIND_PREDICTED_LEVEL},
    [RS_METRIC_STAFF] = GAUGE,
};

#define RS_X(NAME, name) #name,
static const char *const names[] = {RS_METRICS(RS_X)};
#undef RS_X

int rs_metric_find(rs_str_t name, rs_metric_t *metric) {
    for (unsigned i = 0; i < RS_METRIC_COUNT; i++) {
        if (!rs_str_equal(name, rs_str(names[i]))) continue;
        *metric = (rs_metric_t)i;
        return RS_OK;
    }
    return RS_ERR_NOT_FOUND;
}

const char *rs_metric_name(unsigned metric) { return metric < RS_METRIC_COUNT ? names[metric] : ""; }

const char *rs_metric_names(void) {
#define RS_X(NAME, name) ", " #name
    static const char all[] = RS_METRICS(RS_X);
#undef RS_X
    return all + 2;
}

bool rs_metric_is_gauge(rs_metric_t metric) { return table[metric].kind == KIND_GAUGE || table[metric].kind == KIND_PREDICTED; }
bool rs_metric_is_ratio(rs_metric_t metric) {
    return table[metric].kind == KIND_RATIO || table[metric].kind == KIND_PREDICTED_LEVEL || metric == RS_METRIC_BREACH_OLDEST ||
           metric == RS_METRIC_BREACH_NEWEST;
}
bool rs_metric_is_score(rs_metric_t metric) {
    return table[metric].kind == KIND_SCORE || table[metric].kind == KIND_INDEX;
}
bool rs_metric_is_time(rs_metric_t metric) {
    const metric_kind_t kind = table[metric].kind;
    return kind == KIND_MEAN || kind == KIND_WAIT_MAX || kind == KIND_PERCENTILE || metric == RS_METRIC_OLDEST_WAIT ||
           metric == RS_METRIC_ESTIMATED_WAIT;
}

static uint32_t counts_of(const rs_count_t *counts, unsigned count) {
    uint32_t reads = 0;
    for (unsigned i = 0; i < count; i++) reads |= rs_changed_count(counts[i]);
    return reads;
}

uint32_t rs_metric_reads(rs_metric_t metric) {
    const metric_row_t *row = &table[metric];
    switch (row->kind) {
        case KIND_GAUGE: return RS_CHANGED_GAUGES;
        case KIND_PREDICTED: return RS_CHANGED_PREDICTION | RS_CHANGED_GAUGES;
        case KIND_PREDICTED_LEVEL: return RS_CHANGED_PREDICTION | RS_CHANGED_LEGS;
        case KIND_WAIT_MAX:
        case KIND_PERCENTILE: return RS_CHANGED_LEGS;
        case KIND_COUNT: case KIND_RATIO: case KIND_MEAN: case KIND_SCORE: case KIND_INDEX: break;
    }
    return counts_of(row->numerator, row->numerator_count) | counts_of(row->less, row->less_count) |
           counts_of(row->denominator, row->denominator_count);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */
static const rs_figure_t null_figure = {.is_null = true};

static int read_gauge(const rs_window_store_t *store, uint32_t key, rs_metric_t metric, int64_t now_us, rs_figure_t *figure) {
    const size_t place = metric == RS_METRIC_OPEN_OVER_T ? offsetof(rs_window_gauges_t, open_over_t)
                         : metric == RS_METRIC_OLDEST_WAIT ? offsetof(rs_window_gauges_t, oldest_queued_us)
                                                           : offsetof(rs_window_gauges_t, waiting);
    int64_t value;
    const int status = rs_window_read_gauge(store, key, place, &value);
    if (status != RS_OK) return status;
    *figure = null_figure;
    if (metric == RS_METRIC_STAFF) return RS_OK;   /* the windows do not know it */
    if (metric == RS_METRIC_OLDEST_WAIT) value = value > 0 && now_us > value ? (now_us - value) / RS_US_PER_MS : 0;
    *figure = (rs_figure_t){.value = (double)value, .numerator = value};
    return RS_OK;
}

static int read_percentile(const rs_window_store_t *store, uint32_t key, uint32_t window, uint32_t per_mille,
                           rs_figure_t *figure) {
    int64_t ms, total;
    const int status = rs_window_percentiles(store, key, window, RS_HIST_WAIT_ANSWERED, &per_mille, 1, &ms, &total);
    if (status != RS_OK) return status;
    *figure = total == 0 ? null_figure : (rs_figure_t){.value = (double)ms, .numerator = ms, .denominator = total};
    return RS_OK;
}

int64_t rs_metric_wait_max_us(const rs_window_view_t *view) {
    const int64_t closed = view->counts[RS_COUNT_ANSWERED] + view->counts[RS_COUNT_ABANDONED] +
                           view->counts[RS_COUNT_FLOWED_OUT] + view->counts[RS_COUNT_CALLBACKS];
    return closed == 0 ? -1 : view->extremes[RS_EXTREME_WAIT_MAX];
}

static int read_wait_max(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_figure_t *figure) {
    rs_window_view_t view;
    const int status = rs_window_read(store, key, window, &view);
    if (status != RS_OK) return status;
    const int64_t wait_us = rs_metric_wait_max_us(&view);
    const int64_t closed = view.counts[RS_COUNT_ANSWERED] + view.counts[RS_COUNT_ABANDONED] +
                           view.counts[RS_COUNT_FLOWED_OUT] + view.counts[RS_COUNT_CALLBACKS];
    *figure = null_figure;
    if (wait_us < 0) return RS_OK;
    const int64_t ms = wait_us / RS_US_PER_MS;
    *figure = (rs_figure_t){.value = (double)ms, .numerator = ms, .denominator = closed};
    return RS_OK;
}

/* Open legs past the policy's T, that a live service level counts as misses. */
static int read_open_misses(const rs_window_store_t *store, uint32_t key, uint32_t policy_slot, int64_t *misses) {
    return rs_window_read_gauge(store, key, offsetof(rs_window_gauges_t, open_miss) + policy_slot * sizeof(int64_t), misses);
}

static double in_unit(metric_kind_t kind, int64_t numerator) {
    switch (kind) {
        case KIND_MEAN: return (double)numerator / (double)RS_US_PER_MS;
        case KIND_SCORE: return (double)numerator / 1000.0;
        case KIND_INDEX: return (double)numerator * 100.0;
        default: return (double)numerator;
    }
}

static int read_counted(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_metric_t metric,
                        uint32_t policy_slot, int64_t open_misses, rs_figure_t *figure) {
    const metric_row_t *row = &table[metric];
    const uint32_t shift = metric == RS_METRIC_SERVICE_LEVEL ? policy_slot : 0;
    rs_count_t which[2 * MAX_PARTS + 1];
    int64_t values[2 * MAX_PARTS + 1];
    size_t parts = 0;
    for (size_t i = 0; i < row->numerator_count; i++) which[parts++] = (rs_count_t)((uint32_t)row->numerator[i] + shift);
    for (size_t i = 0; i < row->less_count; i++) which[parts++] = row->less[i];
    const size_t above = parts;
    for (size_t i = 0; i < row->denominator_count; i++) which[parts++] = (rs_count_t)((uint32_t)row->denominator[i] + shift);
    const int status = rs_window_read_counts(store, key, window, which, parts, values);
    if (status != RS_OK) return status;
    int64_t numerator = 0, denominator = open_misses;
    for (size_t i = 0; i < above; i++) numerator += i < row->numerator_count ? values[i] : -values[i];
    for (size_t i = above; i < parts; i++) denominator += values[i];
    if (row->kind == KIND_COUNT) {
        *figure = (rs_figure_t){.value = (double)numerator, .numerator = numerator};
    } else if (denominator <= 0) {
        *figure = (rs_figure_t){.is_null = true, .numerator = numerator, .denominator = denominator};
    } else {
        *figure = (rs_figure_t){.value = in_unit(row->kind, numerator) / (double)denominator,
                                .numerator = numerator, .denominator = denominator};
    }
    return RS_OK;
}

static bool is_given(const rs_window_prediction_t *prediction) {
    return prediction->reason == RS_PREDICTION_GIVEN || prediction->reason == RS_PREDICTION_NOBODY_WAITS;
}

static int read_predicted(const rs_window_store_t *store, uint32_t key, rs_metric_t metric, rs_figure_t *figure) {
    rs_window_prediction_t prediction;
    rs_window_gauges_t gauges;
    int status = rs_window_read_prediction(store, key, &prediction);
    if (status == RS_OK) status = rs_window_read_gauges(store, key, &gauges);
    if (status != RS_OK) return status;
    *figure = null_figure;
    if (!is_given(&prediction)) return RS_OK;
    if (metric == RS_METRIC_ESTIMATED_WAIT) {
        const int64_t ms = prediction.estimated_wait_us / RS_US_PER_MS;
        *figure = (rs_figure_t){.value = (double)ms, .numerator = ms, .denominator = gauges.waiting};
        return RS_OK;
    }
    const int64_t chance = metric == RS_METRIC_BREACH_OLDEST ? prediction.breach_oldest : prediction.breach_newest;
    *figure = (rs_figure_t){.value = (double)chance / RS_PREDICTION_ONE, .numerator = chance, .denominator = gauges.waiting};
    return RS_OK;
}

/* Numerator and denominator as whole legs, the nearest; the value is not rounded. */
static int read_predicted_level(const rs_window_store_t *store, uint32_t key, uint32_t window, uint32_t slot, rs_figure_t *figure) {
    const rs_count_t which[] = {(rs_count_t)(RS_COUNT_SL_NUM_0 + slot), (rs_count_t)(RS_COUNT_SL_DEN_0 + slot)};
    rs_window_prediction_t prediction;
    int64_t values[RS_ARRAY_LEN(which)];
    int status = rs_window_read_prediction(store, key, &prediction);
    if (status == RS_OK) status = rs_window_read_counts(store, key, window, which, RS_ARRAY_LEN(which), values);
    if (status != RS_OK) return status;
    const double numerator = (double)values[0] + (double)prediction.expected_num[slot] / RS_PREDICTION_ONE;
    const double denominator = (double)values[1] + (double)prediction.expected_den[slot] / RS_PREDICTION_ONE;
    *figure = null_figure;
    if (!is_given(&prediction) || denominator <= 0) return RS_OK;
    *figure = (rs_figure_t){.value = numerator / denominator, .numerator = (int64_t)(numerator + 0.5),
                            .denominator = (int64_t)(denominator + 0.5)};
    return RS_OK;
}

int rs_metric_read(const rs_window_store_t *store, uint32_t key, uint32_t window, rs_metric_t metric, uint32_t policy_slot,
                   bool open_miss_now, int64_t now_us, rs_figure_t *figure) {
    RS_REQUIRE((unsigned)metric < RS_METRIC_COUNT && policy_slot < RS_MAX_POLICIES);
    switch (table[metric].kind) {
        case KIND_GAUGE: return read_gauge(store, key, metric, now_us, figure);
        case KIND_PERCENTILE: return read_percentile(store, key, window, table[metric].per_mille, figure);
        case KIND_WAIT_MAX: return read_wait_max(store, key, window, figure);
        case KIND_PREDICTED: return read_predicted(store, key, metric, figure);
        case KIND_PREDICTED_LEVEL: return read_predicted_level(store, key, window, policy_slot, figure);
        case KIND_COUNT: case KIND_RATIO: case KIND_MEAN: case KIND_SCORE: case KIND_INDEX: break;
    }
    int64_t open_misses = 0;
    if (metric == RS_METRIC_SERVICE_LEVEL && open_miss_now) {
        const int status = read_open_misses(store, key, policy_slot, &open_misses);
        if (status != RS_OK) return status;
    }
    return read_counted(store, key, window, metric, policy_slot, open_misses, figure);
}
