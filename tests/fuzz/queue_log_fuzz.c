/* A queue_log from anywhere: whatever is in its lines, every event is sound, numbers have no hole, a refused line gives
 * nothing, and how many events a line gives depends on that line alone. A line that begins with "!" begins another
 * file. */
#include "connect/asterisk_queue_log.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { LINES_ALONE = 6 }; /* so many are given to a parser that knows nothing, too */

typedef struct watch {
    rs_asterisk_parser_t *parser;
    uint64_t next_seq;
    unsigned events;
} watch_t;

static rs_config_t *config;
static watch_t whole, alone;

static void set_up(void) {
    static const char *const sets[] = {"asterisk.member_delay.billing=1s",
                                       "asterisk.members.\"Local/113@agents/n\"=Tina Temp"};
    rs_config_error_t error;
    RS_REQUIRE(rs_config_load(NULL, sets, RS_ARRAY_LEN(sets), &config, &error) == RS_OK);
    RS_REQUIRE(rs_asterisk_parser_create(&config->asterisk, &whole.parser) == RS_OK);
    RS_REQUIRE(rs_asterisk_parser_create(&config->asterisk, &alone.parser) == RS_OK);
}

static void on_event(void *context, const rs_event_t *event) {
    watch_t *watch = context;
    rs_refused_t refused;
    RS_REQUIRE(rs_event_check(event, &refused) == RS_OK);
    RS_REQUIRE(event->incarnation.len > 0);
    if (event->event_id.len == 0) RS_REQUIRE(event->seq == watch->next_seq++);
    watch->events++;
}

static void begin(watch_t *watch, uint64_t offset) {
    rs_asterisk_parser_begin(watch->parser, offset);
    watch->next_seq = 1;
}

static unsigned take(watch_t *watch, rs_str_t line) {
    rs_refused_t refused;
    watch->events = 0;
    const int status = rs_asterisk_parser_line(watch->parser, line, on_event, watch, &refused);
    RS_REQUIRE(status == RS_OK || (status == RS_ERR_PARSE && watch->events == 0 && refused.reason != RS_REFUSAL_NONE));
    RS_REQUIRE(watch->events <= RS_ASTERISK_EVENTS_PER_LINE);
    const unsigned events = watch->events;
    while (rs_asterisk_parser_more(watch->parser, on_event, watch)) continue;
    return events;
}

/* The same file twice is how a parser is made to forget. */
static void forget(watch_t *watch) {
    for (unsigned i = 0; i < 2; i++) {
        begin(watch, 0);
        (void)take(watch, RS_STR("1|c|q|NONE|DID|"));
    }
    begin(watch, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    if (config == NULL) set_up();
    forget(&whole);
    unsigned lines = 0;
    for (size_t at = 0; at < len;) {
        const uint8_t *feed = memchr(bytes + at, '\n', len - at);
        const size_t line_len = feed == NULL ? len - at : (size_t)(feed - (bytes + at));
        const rs_str_t line = {.data = (const char *)bytes + at, .len = (uint32_t)line_len};
        at += line_len + 1;
        if (line_len > 0 && line.data[0] == '!') {
            begin(&whole, line_len - 1);
            continue;
        }
        const unsigned events = take(&whole, line);
        if (lines++ >= LINES_ALONE) continue;
        forget(&alone);
        RS_REQUIRE(take(&alone, line) == events);
    }
    rs_asterisk_stats_t stats;
    rs_asterisk_parser_stats(whole.parser, &stats);
    RS_REQUIRE(stats.forgotten == 0); /* an input has fewer lines than the parser has room */
    return 0;
}
