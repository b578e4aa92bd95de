/* client/follow_internal.h — what the files of the follower share.
 *   follow.c          the API and its states        follow_numbers.c   which numbers must follow which (pure)
 */
#ifndef RS_FOLLOW_INTERNAL_H
#define RS_FOLLOW_INTERNAL_H

#include <ringside/feed.h>

#include "base/base.h"

/* The header frame of a published message. */
typedef struct rs__feed_header { uint64_t run, feed, stream, topic; } rs__feed_header_t;
/* False when it is not a header of this version. Fields after the fifth are ignored. */
bool rs__feed_header_parse(rs_str_t text, rs__feed_header_t *header);

/* Which of the three numbers a subscription to a prefix sees without holes. */
typedef enum rs__numbering { RS__NUMBER_FEED, RS__NUMBER_STREAM, RS__NUMBER_TOPIC } rs__numbering_t;
rs__numbering_t rs__numbering_of(const char *prefix);

/* The last number seen, of the feed or stream, or of each topic (bounded: topics past it are not watched). */
typedef struct rs__numbers rs__numbers_t;
rs__numbers_t *rs__numbers_create(const char *prefix);
void rs__numbers_destroy(rs__numbers_t **numbers);
void rs__numbers_forget(rs__numbers_t *numbers);
/* A message has come. True when numbers are missing before it: from *from to *to. */
bool rs__numbers_on_message(rs__numbers_t *numbers, rs_str_t topic, const rs__feed_header_t *header, uint64_t *from, uint64_t *to);
/* A heartbeat has come; its body names the last numbers. True when messages after the last one seen are missing. */
bool rs__numbers_on_heartbeat(rs__numbers_t *numbers, rs_str_t body, uint64_t *from, uint64_t *to);

#endif
