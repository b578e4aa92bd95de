/* core/parts_state.h — the parts of a saved state, each beside its code, and what they share. */
#ifndef RS_CORE_PARTS_STATE_H
#define RS_CORE_PARTS_STATE_H

#include "core/core_internal.h"
#include "core/state/state.h"

/* What a list of counts has by its order in this program, saved by name: {int64_t counts[RS_COUNT_COUNT]}. */
typedef struct rs_state_counts { int64_t counts[RS_COUNT_COUNT]; } rs_state_counts_t;
extern const rs_state_table_t rs_state_counts_table;
/* The names of counts and histograms, in their order; then which of them the numbers of a file mean here. */
typedef struct rs_state_figures {
    uint32_t count_count, histogram_count;
    uint16_t counts[256];           /* by the file's number; RS_COUNT_COUNT: unknown here */
    uint8_t histograms[32];         /* RS_HIST_COUNT: unknown here */
} rs_state_figures_t;
void rs_state_put_figures(rs_state_writer_t *writer);
void rs_state_get_figures(rs_state_reader_t *reader, rs_state_figures_t *figures);
/* The entries of a row's or total's histograms: of each that is not empty, its number and entries; then the end. */
enum { RS_STATE_HISTOGRAMS_END = 255 };
void rs_state_put_histogram(rs_state_writer_t *writer, unsigned histogram, const rs_hist_entry_t *entries, uint32_t count);
/* Into *histogram and `entries` (room for RS_HIST_BUCKETS). False: the end, or a failure. *histogram may be RS_HIST_COUNT. */
RS_MUST_CHECK bool rs_state_get_histogram(rs_state_reader_t *reader, const rs_state_figures_t *figures, unsigned *histogram,
                                          rs_hist_entry_t *entries, uint32_t *count);
/* Numbers in as few bytes as they need, 7 bits each. */
void rs_state_put_short(rs_state_writer_t *writer, uint64_t number);
uint64_t rs_state_get_short(rs_state_reader_t *reader);
static inline uint64_t rs_state_folded(int64_t number) { return (uint64_t)number << 1 ^ (uint64_t)(number >> 63); }
static inline int64_t rs_state_unfolded(uint64_t number) { return (int64_t)(number >> 1 ^ (0 - (number & 1))); }

/* The values of a saved configuration that figures depend on, where the configuration at hand has others. What it has beside those
 * (working hours, zones, limits, …) is that of the one at hand. */
typedef struct rs_kept_config rs_kept_config_t;
void rs_kept_configs_free(rs_core_t *core);
/* Whether two configurations are the same in what is saved of them. False also for want of memory. */
bool rs_state_same_config(const rs_config_t *a, const rs_config_t *b);

/* What the files of the parts give to each other's: making again what is not saved. */
extern const rs_state_part_t rs_state_core_part, rs_state_config_part, rs_state_names_part, rs_state_directory_part,
    rs_state_sources_part, rs_state_contacts_part, rs_state_journeys_part, rs_state_gauges_part, rs_state_rows_part,
    rs_state_windows_part, rs_state_alerts_part;
/* After everything was looked at: open legs are published again; which keys' alerts were up to date. */
void rs_state_publish_gauges(rs_core_t *core);
void rs_state_settle_alerts(rs_core_t *core);

#endif
