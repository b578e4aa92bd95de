#include "core/counts.h"

#define RS_X(NAME, name) #name,
static const char *const count_names[] = {RS_COUNTS(RS_X)};
static const char *const histogram_names[] = {RS_HISTOGRAMS(RS_X)};
#undef RS_X

const char *rs_count_name(unsigned count) { return count < RS_COUNT_COUNT ? count_names[count] : ""; }
const char *rs_histogram_name(unsigned histogram) {
    return histogram < RS_HIST_COUNT ? histogram_names[histogram] : "";
}
