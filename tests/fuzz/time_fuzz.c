/* A text as a time. What is taken is in range, reads back from its written form, and has the date that the C library gives. */
#include "../support/event_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    int64_t at_us = -1, again_us = -1;
    char text[32], expected[40];
    struct tm calendar;
    if (len > 4096) return 0;
    const int status = rs_event_parse_time((rs_str_t){(const char *)bytes, (uint32_t)len}, &at_us);
    if (status != RS_OK) {
        RS_REQUIRE(status == RS_ERR_PARSE && at_us == -1);
        if (len < sizeof at_us) return 0;
        memcpy(&at_us, bytes, sizeof at_us);   /* any instant can be written */
        rs_event_format_time(at_us, text);
        RS_REQUIRE(strlen(text) == 27);
        return 0;
    }
    RS_REQUIRE(at_us >= 0 && at_us < RS_TIME_MAX_US);
    rs_event_format_time(at_us, text);
    RS_REQUIRE(rs_event_parse_time(rs_str(text), &again_us) == RS_OK && again_us == at_us);
    const time_t seconds = (time_t)(at_us / RS_US_PER_S);
    RS_REQUIRE(gmtime_r(&seconds, &calendar) != NULL && strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &calendar) == 19);
    RS_REQUIRE(memcmp(text, expected, 19) == 0);
    return 0;
}
