/* What the tests of the queue_log connector share: a parser whose events are written down as text. */
#ifndef RS_CONNECT_TESTS_H
#define RS_CONNECT_TESTS_H

#include "connect/asterisk_queue_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { HEARD_ROOM = 1 << 16 };

/* Everything a parser said, one line per event or refusal. */
typedef struct heard {
    rs_asterisk_parser_t *parser;
    rs_config_t *config;
    char *text;
    size_t len;
    uint32_t events, refusals;
    bool with_identity; /* begins each line with "<incarnation>/<seq or event id>@<second> " */
} heard_t;

/* "contact.queued contact=c1 queue=support customer=+1" … : fields that are present, in one order. Returns the
 * length. */
size_t describe_event(const rs_event_t *event, char *text, size_t size);
size_t describe_identity(const rs_event_t *event, char *text, size_t size);

/* `sets`: settings as --set takes them, ended by NULL; or NULL. */
void heard_start(heard_t *heard, const char *const *sets);
void heard_stop(heard_t *heard);
void heard_line(heard_t *heard, rs_str_t line);
/* Every line of `text`; the last one needs no line feed. */
void heard_lines(heard_t *heard, const char *text);
void heard_clear(heard_t *heard);
/* As if started anew: quicker than that. */
void heard_forget(heard_t *heard);
rs_asterisk_stats_t heard_stats(const heard_t *heard);
/* Fails the test, printing both, unless what was heard since the last call is `expected`. */
void assert_heard(heard_t *heard, const char *expected);

/* The bytes of a file under the source folder; the caller frees. */
char *read_source_file(const char *name, size_t *len);

int line_tests(void);
int visit_tests(void);
int agent_tests(void);
int fixture_tests(void);
int follow_tests(void);

#endif
