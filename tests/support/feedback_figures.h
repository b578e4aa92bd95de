/* support/feedback_figures.h — worked values of feedback: counts, and the JSON that rows (cli) and views (SQL) must make of them. */
#ifndef RS_TESTS_FEEDBACK_FIGURES_H
#define RS_TESTS_FEEDBACK_FIGURES_H

#include "core/counts.h"

enum { FEEDBACK_MAX_COUNTS = 10 };
typedef struct feedback_figure {
    const char *name;                      /* the member, and the SQL function */
    unsigned counts[FEEDBACK_MAX_COUNTS];  /* in the order of the function's arguments */
    unsigned count;
    int64_t values[FEEDBACK_MAX_COUNTS];
    const char *json;
} feedback_figure_t;

#define CSAT "csat", {RS_COUNT_CSAT_RESPONSES, RS_COUNT_CSAT_SCORE_MILLI, RS_COUNT_CSAT_TOP, RS_COUNT_CSAT_SCALE_MIN_MILLI, \
    RS_COUNT_CSAT_SCALE_MAX_MILLI, RS_COUNT_CSAT_SCALE_SQUARES}, 6
#define NPS "nps", {RS_COUNT_NPS_RESPONSES, RS_COUNT_NPS_PROMOTERS, RS_COUNT_NPS_DETRACTORS}, 3
#define CES "ces", {RS_COUNT_CES_RESPONSES, RS_COUNT_CES_SCORE_MILLI, RS_COUNT_CES_SCALE_MIN_MILLI, RS_COUNT_CES_SCALE_MAX_MILLI, \
    RS_COUNT_CES_SCALE_SQUARES}, 5
#define SURVEYS "surveys", {RS_COUNT_SURVEYED_CONTACTS, RS_COUNT_SURVEYS_OFF_SCALE, RS_COUNT_HANDLED}, 3
#define COMPLAINTS "complaints", {RS_COUNT_COMPLAINTS, RS_COUNT_COMPLAINTS_ACKNOWLEDGED, RS_COUNT_COMPLAINTS_INVESTIGATED, \
    RS_COUNT_COMPLAINTS_RESPONDED, RS_COUNT_COMPLAINTS_CLOSED, RS_COUNT_COMPLAINTS_OVERDUE, RS_COUNT_COMPLAINT_ACKNOWLEDGE_US, \
    RS_COUNT_COMPLAINT_INVESTIGATE_US, RS_COUNT_COMPLAINT_RESPOND_US, RS_COUNT_COMPLAINT_CLOSE_US}, 10

static const feedback_figure_t feedback_figures[] = {
    /* 5, 4, 5, 3 of 1 to 5 */
    {CSAT, {4, 17000, 2, 4000, 20000, 104000000}, "{\"responses\":4,\"mean\":4.25,\"top_box\":0.5,\"scale\":{\"min\":1,\"max\":5}}"},
    /* 5 of 1 to 5 and 5 of 0 to 10: the mean of their raw scores, on no scale */
    {CSAT, {2, 10000, 1, 1000, 15000, 126000000}, "{\"responses\":2,\"mean\":5,\"top_box\":0.5,\"scale\":null}"},
    /* 1 to 5 and -1 to 7: the ends' means are an honest scale, the squares tell */
    {CSAT, {2, 6000, 0, 0, 12000, 76000000}, "{\"responses\":2,\"mean\":3,\"top_box\":0,\"scale\":null}"},
    /* a scale with fractions */
    {CSAT, {2, 3500, 0, 1000, 9000, 41000000}, "{\"responses\":2,\"mean\":1.75,\"top_box\":0,\"scale\":{\"min\":0.5,\"max\":4.5}}"},
    {CSAT, {0, 0, 0, 0, 0, 0}, "null"},
    /* 100 answers: 50 promoters, 20 detractors; then all of one sort, and none */
    {NPS, {100, 50, 20}, "{\"responses\":100,\"value\":30,\"promoters\":50,\"detractors\":20}"},
    {NPS, {8, 1, 6}, "{\"responses\":8,\"value\":-62.5,\"promoters\":1,\"detractors\":6}"},
    {NPS, {3, 3, 0}, "{\"responses\":3,\"value\":100,\"promoters\":3,\"detractors\":0}"},
    {NPS, {7, 0, 7}, "{\"responses\":7,\"value\":-100,\"promoters\":0,\"detractors\":7}"},
    {NPS, {0, 0, 0}, "null"},
    {CES, {4, 22000, 4000, 28000, 200000000}, "{\"responses\":4,\"mean\":5.5,\"scale\":{\"min\":1,\"max\":7}}"},
    {CES, {0, 0, 0, 0, 0}, "null"},
    {SURVEYS, {3, 1, 12}, "{\"contacts\":3,\"off_scale\":1,\"response_rate\":0.25}"},
    {SURVEYS, {0, 1, 0}, "{\"contacts\":0,\"off_scale\":1,\"response_rate\":null}"},
    {SURVEYS, {0, 0, 5}, "null"},
    {COMPLAINTS, {3, 2, 0, 0, 1, 1, 5400000000, 0, 0, 500},
     "{\"received\":3,\"acknowledged\":2,\"investigated\":0,\"responded\":0,\"closed\":1,\"overdue\":1,\"acknowledge_ms\":2700000,"
     "\"investigate_ms\":null,\"respond_ms\":null,\"close_ms\":0.5}"},
    {COMPLAINTS, {0}, "null"}};

#undef CSAT
#undef NPS
#undef CES
#undef SURVEYS
#undef COMPLAINTS

#endif
