/* What saved figures have in common: counts by name, histograms, short numbers. */
#include "core/parts_state.h"

#define RS_X(NAME, name) RS_STATE_FIELD_AS(rs_state_counts_t, counts[RS_COUNT_##NAME], #name, RS_BOUND_ANY),
static const rs_state_field_t counts_fields[] = {RS_COUNTS(RS_X)};
#undef RS_X
const rs_state_table_t rs_state_counts_table = RS_STATE_TABLE(rs_state_counts_t, "counts", counts_fields);

void rs_state_put_figures(rs_state_writer_t *writer) {
    rs_state_put_u8(writer, RS_COUNT_COUNT);
    for (unsigned i = 0; i < RS_COUNT_COUNT; i++) rs_state_put_text(writer, rs_str(rs_count_name(i)));
    rs_state_put_u8(writer, RS_HIST_COUNT);
    for (unsigned i = 0; i < RS_HIST_COUNT; i++) rs_state_put_text(writer, rs_str(rs_histogram_name(i)));
}
_Static_assert((unsigned)RS_COUNT_COUNT <= UINT8_MAX && (unsigned)RS_HIST_COUNT <= 32, "their numbers are saved in a byte");

static unsigned find_name(rs_str_t name, unsigned likely, const char *(*name_of)(unsigned), unsigned count) {
    if (likely < count && rs_str_equal(rs_str(name_of(likely)), name)) return likely;
    unsigned i = 0;
    while (i < count && !rs_str_equal(rs_str(name_of(i)), name)) i++;
    return i;
}

/* The number that this program has for the next name; `likely` is the one that it has in the state. */
static unsigned get_name(rs_state_reader_t *reader, unsigned likely, const char *(*name_of)(unsigned), unsigned count) {
    char name[256];
    const uint32_t len = rs_state_get_text(reader, name);
    return find_name((rs_str_t){.data = name, .len = len}, likely, name_of, count);
}

void rs_state_get_figures(rs_state_reader_t *reader, rs_state_figures_t *figures) {
    *figures = (rs_state_figures_t){.count_count = rs_state_get_u8(reader)};
    for (uint32_t i = 0; i < figures->count_count; i++) figures->counts[i] = (uint16_t)get_name(reader, i, rs_count_name, RS_COUNT_COUNT);
    figures->histogram_count = rs_state_get_u8(reader);
    if (figures->histogram_count > RS_ARRAY_LEN(figures->histograms)) {
        rs_state_refuse(reader, RS_ERR_PARSE, "there are too many histograms");
    }
    if (!rs_state_is_good(reader)) figures->histogram_count = 0;
    for (uint32_t i = 0; i < figures->histogram_count; i++) {
        figures->histograms[i] = (uint8_t)get_name(reader, i, rs_histogram_name, RS_HIST_COUNT);
    }
}

bool rs_state_fact_is_right(const rs_fact_t *fact) {
    switch (fact->type) {
        case RS_FACT_LEG_CLOSED: return fact->reason < RS_FLOW_COUNT;
        case RS_FACT_OFFER_FAILED: return fact->reason < RS_OFFER_COUNT;
        case RS_FACT_TRANSFERRED_OUT: return fact->reason < RS_TRANSFER_COUNT;
        case RS_FACT_BLOCKED: return fact->reason < RS_BLOCK_COUNT;
        case RS_FACT_CALLBACK: return fact->reason >= RS_CALLBACK_REQUESTED && fact->reason <= RS_CALLBACK_FAILED;
        case RS_FACT_SURVEY: return fact->reason < RS_SURVEY_COUNT;
        case RS_FACT_FEEDBACK: return fact->reason < RS_FEEDBACK_COUNT;
        case RS_FACT_COMPLAINT_STAGE: return fact->reason < RS_FEEDBACK_STAGE_COUNT;
        default: return true;
    }
}

/* --- short numbers ------------------------------------------------------------------------------------------------------ */
void rs_state_put_short(rs_state_writer_t *writer, uint64_t number) {
    unsigned char bytes[10];
    size_t len = 0;
    for (; number >= 128; number >>= 7) bytes[len++] = (unsigned char)(number | 128);
    bytes[len++] = (unsigned char)number;
    rs_state_put_bytes(writer, bytes, len);
}

uint64_t rs_state_get_short(rs_state_reader_t *reader) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t byte = rs_state_get_u8(reader);
        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return number;
    }
    rs_state_refuse(reader, RS_ERR_PARSE, "a number does not end");
    return 0;
}

/* --- histograms ---------------------------------------------------------------------------------------------------------- */
void rs_state_put_entries(rs_state_writer_t *writer, const rs_hist_entry_t *entries, uint32_t count) {
    uint32_t before = 0;
    rs_state_put_short(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        rs_state_put_short(writer, entries[i].bucket - before);
        rs_state_put_short(writer, rs_state_folded(entries[i].count));
        before = entries[i].bucket;
    }
}

void rs_state_put_histogram(rs_state_writer_t *writer, unsigned histogram, const rs_hist_entry_t *entries, uint32_t count) {
    if (count == 0) return;
    rs_state_put_u8(writer, (uint8_t)histogram);
    rs_state_put_entries(writer, entries, count);
}

uint32_t rs_state_get_entries(rs_state_reader_t *reader, rs_hist_entry_t *entries) {
    const uint64_t count = rs_state_get_short(reader);
    uint64_t bucket = 0;
    if (count > RS_HIST_BUCKETS) rs_state_refuse(reader, RS_ERR_PARSE, "a histogram is none");
    for (uint32_t i = 0; i < count && rs_state_is_good(reader); i++) {
        const uint64_t step = rs_state_get_short(reader);
        const int64_t times = rs_state_unfolded(rs_state_get_short(reader));
        if (step >= RS_HIST_BUCKETS || bucket + step >= RS_HIST_BUCKETS || times < INT32_MIN || times > INT32_MAX) {
            rs_state_refuse(reader, RS_ERR_PARSE, "a histogram's bucket is out of range");
            return 0;
        }
        bucket += step;
        entries[i] = (rs_hist_entry_t){.bucket = (uint16_t)bucket, .count = (int32_t)times};
    }
    return rs_state_is_good(reader) ? (uint32_t)count : 0;
}

bool rs_state_get_histogram(rs_state_reader_t *reader, const rs_state_figures_t *figures, unsigned *histogram, rs_hist_entry_t *entries,
                            uint32_t *count) {
    const uint8_t number = rs_state_get_u8(reader);
    if (!rs_state_is_good(reader) || number == RS_STATE_HISTOGRAMS_END) return false;
    if (number >= figures->histogram_count) rs_state_refuse(reader, RS_ERR_PARSE, "a histogram is none");
    *count = rs_state_get_entries(reader, entries);
    if (!rs_state_is_good(reader)) return false;
    *histogram = figures->histograms[number];
    return true;
}
