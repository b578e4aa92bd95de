#include "client/follow_internal.h"

#include "base/decimal.h"

#include <jansson.h>
#include <stdlib.h>

enum { TOPIC_PLACES = 131072, MAX_TOPICS = TOPIC_PLACES / 2 };   /* a power of two */

typedef struct topic_number { char *topic; uint32_t len; uint64_t last; } topic_number_t;

struct rs__numbers {
    rs__numbering_t numbering;
    const char *stream;          /* "alert" or "window", for RS__NUMBER_STREAM */
    bool has_last;
    uint64_t last;
    topic_number_t *topics;      /* RS__NUMBER_TOPIC: open addressing, made when needed */
    uint32_t topic_count;
};

bool rs__feed_header_parse(rs_str_t text, rs__feed_header_t *header) {
    uint64_t *const fields[] = {&header->run, &header->feed, &header->stream, &header->topic};
    if (text.len < 4 || memcmp(text.data, "RS1 ", 4) != 0) return false;
    uint32_t at = 4;
    for (uint32_t i = 0; i < RS_ARRAY_LEN(fields); i++) {
        const uint32_t begin = at;
        while (at < text.len && text.data[at] != ' ') at++;
        if (!rs_decimal_parse((rs_str_t){.data = text.data + begin, .len = at - begin}, fields[i])) return false;
        if (at < text.len) at++;
    }
    return true;
}

static bool begins_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

/* A prefix of "alert/" takes the whole stream, anything longer a part of it. */
rs__numbering_t rs__numbering_of(const char *prefix) {
    if (prefix[0] == '\0') return RS__NUMBER_FEED;
    return begins_with("alert/", prefix) || begins_with("window/", prefix) ? RS__NUMBER_STREAM : RS__NUMBER_TOPIC;
}

rs__numbers_t *rs__numbers_create(const char *prefix) {
    rs__numbers_t *numbers = calloc(1, sizeof *numbers);
    if (numbers == NULL) return NULL;
    numbers->numbering = rs__numbering_of(prefix);
    numbers->stream = prefix[0] == 'a' ? "alert" : "window";
    if (numbers->numbering != RS__NUMBER_TOPIC) return numbers;
    numbers->topics = calloc(TOPIC_PLACES, sizeof *numbers->topics);
    if (numbers->topics == NULL) rs__numbers_destroy(&numbers);
    return numbers;
}

void rs__numbers_forget(rs__numbers_t *numbers) {
    numbers->has_last = false;
    for (uint32_t i = 0; numbers->topic_count > 0 && i < TOPIC_PLACES; i++) {
        free(numbers->topics[i].topic);
        numbers->topics[i] = (topic_number_t){0};
    }
    numbers->topic_count = 0;
}

void rs__numbers_destroy(rs__numbers_t **numbers) {
    if (*numbers == NULL) return;
    rs__numbers_forget(*numbers);
    free((*numbers)->topics);
    free(*numbers);
    *numbers = NULL;
}

/* FNV-1a: the topics come from a daemon that we chose to follow, not from strangers. */
static topic_number_t *find_topic(rs__numbers_t *numbers, rs_str_t topic) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < topic.len; i++) hash = (hash ^ (uint8_t)topic.data[i]) * UINT64_C(1099511628211);
    uint32_t place = (uint32_t)(hash ^ (hash >> 32)) & (TOPIC_PLACES - 1);
    while (numbers->topics[place].topic != NULL) {
        topic_number_t *found = &numbers->topics[place];
        if (found->len == topic.len && memcmp(found->topic, topic.data, topic.len) == 0) return found;
        place = (place + 1) & (TOPIC_PLACES - 1);
    }
    return &numbers->topics[place];
}

static bool is_gap(uint64_t last, uint64_t number, uint64_t *from, uint64_t *to) {
    if (number <= last + 1) return false;
    *from = last + 1;
    *to = number - 1;
    return true;
}

static bool on_topic(rs__numbers_t *numbers, rs_str_t topic, uint64_t number, uint64_t *from, uint64_t *to) {
    topic_number_t *entry = find_topic(numbers, topic);
    if (entry->topic == NULL) {
        if (numbers->topic_count == MAX_TOPICS || (entry->topic = malloc(topic.len + 1u)) == NULL) return false;
        memcpy(entry->topic, topic.data, topic.len);
        entry->len = topic.len;
        entry->last = number;
        numbers->topic_count++;
        return false;
    }
    const bool has_gap = is_gap(entry->last, number, from, to);
    if (number > entry->last) entry->last = number;
    return has_gap;
}

static bool on_number(rs__numbers_t *numbers, uint64_t number, uint64_t *from, uint64_t *to) {
    const bool has_gap = numbers->has_last && is_gap(numbers->last, number, from, to);
    if (!numbers->has_last || number > numbers->last) numbers->last = number;
    numbers->has_last = true;
    return has_gap;
}

bool rs__numbers_on_message(rs__numbers_t *numbers, rs_str_t topic, const rs__feed_header_t *header, uint64_t *from,
                            uint64_t *to) {
    switch (numbers->numbering) {
        case RS__NUMBER_FEED: return on_number(numbers, header->feed, from, to);
        case RS__NUMBER_STREAM: return on_number(numbers, header->stream, from, to);
        case RS__NUMBER_TOPIC: break;
    }
    return on_topic(numbers, topic, header->topic, from, to);
}

bool rs__numbers_on_heartbeat(rs__numbers_t *numbers, rs_str_t body, uint64_t *from, uint64_t *to) {
    if (numbers->numbering == RS__NUMBER_TOPIC) return false;
    json_t *root = json_loadb(body.data, body.len, 0, NULL);
    const json_t *last = json_object_get(root, numbers->numbering == RS__NUMBER_FEED ? "feed" : numbers->stream);
    const bool is_number = json_is_integer(last) && json_integer_value(last) >= 0;
    const uint64_t number = is_number ? (uint64_t)json_integer_value(last) : 0;
    json_decref(root);
    if (!is_number) return false;
    const bool has_gap = numbers->has_last && number > numbers->last;
    if (has_gap) {
        *from = numbers->last + 1;
        *to = number;
    }
    if (!numbers->has_last || number > numbers->last) numbers->last = number;
    numbers->has_last = true;
    return has_gap;
}
