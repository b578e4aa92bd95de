#include "connect_tests.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RS_X(name, text) [RS_ENUM_NUMBER(name)] = text,
static const char *const types[] = {
#define RS_ENUM_NUMBER(name) RS_##name
    RS_EVENT_TYPES(RS_X)
#undef RS_ENUM_NUMBER
};
static const char *const offer_reasons[] = {
#define RS_ENUM_NUMBER(name) RS_OFFER_##name
    RS_OFFER_REASONS(RS_X)
#undef RS_ENUM_NUMBER
};
static const char *const flow_reasons[] = {
#define RS_ENUM_NUMBER(name) RS_FLOW_##name
    RS_FLOW_REASONS(RS_X)
#undef RS_ENUM_NUMBER
};
static const char *const transfer_kinds[] = {
#define RS_ENUM_NUMBER(name) RS_TRANSFER_##name
    RS_TRANSFER_KINDS(RS_X)
#undef RS_ENUM_NUMBER
};
static const char *const stages[] = {
#define RS_ENUM_NUMBER(name) RS_STAGE_##name
    RS_ABANDON_STAGES(RS_X)
#undef RS_ENUM_NUMBER
};
static const char *const parties[] = {
#define RS_ENUM_NUMBER(name) RS_PARTY_##name
    RS_PARTIES(RS_X)
#undef RS_ENUM_NUMBER
};
static const char *const states[] = {
#define RS_ENUM_NUMBER(name) RS_AGENT_##name
    RS_AGENT_STATES(RS_X)
#undef RS_ENUM_NUMBER
};

/* --- events as text ---------------------------------------------------------------------------------------------- */
typedef struct text {
    char *bytes;
    size_t size, len;
} text_t;

static void add(text_t *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(text_t *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(text->bytes + text->len, text->size - text->len, format, arguments);
    va_end(arguments);
    assert_true(len >= 0 && (size_t)len < text->size - text->len);
    text->len += (size_t)len;
}

static void add_str(text_t *text, const char *name, rs_str_t value) {
    if (value.len != 0) add(text, " %s=%.*s", name, (int)value.len, value.data);
}

static void add_word(text_t *text, const char *name, const char *word) {
    if (word != NULL) add(text, " %s=%s", name, word);
}

static void add_number(text_t *text, const rs_event_t *event, uint32_t bit, const char *name, int64_t value) {
    if ((event->present & bit) != 0) add(text, " %s=%" PRId64, name, value);
}

static void add_customer(text_t *text, const rs_event_t *event) {
    if ((event->present & RS_HAS_PSEUDONYM) == 0) {
        add_str(text, "customer", event->customer);
        return;
    }
    add(text, " customer=");
    for (uint32_t i = 0; i < event->customer.len; i++)
        add(text, "%02x", (unsigned)(unsigned char)event->customer.data[i]);
}

static void add_words(text_t *text, const rs_event_t *event) {
    switch (event->type) {
        case RS_CONTACT_OFFER_FAILED: add_word(text, "reason", offer_reasons[event->reason]); break;
        case RS_CONTACT_DEQUEUED: add_word(text, "reason", flow_reasons[event->reason]); break;
        case RS_CONTACT_TRANSFERRED: add_word(text, "kind", transfer_kinds[event->kind]); break;
        case RS_CONTACT_ABANDONED: add_word(text, "stage", stages[event->stage]); break;
        case RS_CONTACT_ENDED: add_word(text, "by", parties[event->party]); break;
        case RS_AGENT_STATE: add_word(text, "state", states[event->state]); break;
        case RS_SURVEY_ANSWERED: add_word(text, "kind", event->kind == RS_SURVEY_CSAT ? "csat" : "?"); break;
        default: break;
    }
}

size_t describe_event(const rs_event_t *event, char *bytes, size_t size) {
    text_t text = {.bytes = bytes, .size = size};
    add(&text, "%s", types[event->type]);
    add_str(&text, "contact", event->contact_id);
    add_str(&text, "journey", event->journey_id);
    add_str(&text, "queue", event->queue);
    add_str(&text, "agent", event->agent);
    add_customer(&text, event);
    add_words(&text, event);
    add_str(&text, "code", event->code);
    add_str(&text, "topic", event->topic);
    if ((event->present & RS_HAS_RESOLVED) != 0) add(&text, " resolved=%s", event->resolved ? "yes" : "no");
    add_number(&text, event, RS_HAS_SCORE, "score", event->score_milli);
    add_number(&text, event, RS_HAS_WAIT_MS, "wait", event->wait_ms);
    add_number(&text, event, RS_HAS_TALK_MS, "talk", event->talk_ms);
    add_number(&text, event, RS_HAS_RING_MS, "ring", event->ring_ms);
    return text.len;
}

size_t describe_identity(const rs_event_t *event, char *bytes, size_t size) {
    text_t text = {.bytes = bytes, .size = size};
    add(&text, "%.*s:%.*s/", (int)event->source.len, event->source.data, (int)event->incarnation.len,
        event->incarnation.data);
    if ((event->present & RS_HAS_SEQ) != 0) add(&text, "%" PRIu64, event->seq);
    add(&text, "%.*s", (int)event->event_id.len, event->event_id.data);
    add(&text, "@%" PRId64 " ", event->occurred_us / RS_US_PER_S);
    return text.len;
}

/* --- a parser that is listened to -------------------------------------------------------------------------------- */
static void hear_event(void *context, const rs_event_t *event) {
    heard_t *heard = context;
    rs_refused_t refused;
    assert_int_equal(rs_event_check(event, &refused), RS_OK);
    heard->events++;
    if (heard->text == NULL) return;
    if (heard->len > HEARD_ROOM - 4096) fail_msg("too much was heard for a table");
    if (heard->with_identity) heard->len += describe_identity(event, heard->text + heard->len, HEARD_ROOM - heard->len);
    heard->len += describe_event(event, heard->text + heard->len, HEARD_ROOM - heard->len);
    heard->text[heard->len++] = '\n';
    heard->text[heard->len] = 0;
}

void heard_start(heard_t *heard, const char *const *sets) {
    rs_config_error_t error;
    size_t count = 0;
    while (sets != NULL && sets[count] != NULL) count++;
    *heard = (heard_t){.text = calloc(1, HEARD_ROOM)};
    assert_non_null(heard->text);
    if (rs_config_load(NULL, sets, count, &heard->config, &error) != RS_OK) fail_msg("%s: %s", error.key, error.reason);
    assert_int_equal(rs_asterisk_parser_create(&heard->config->asterisk, &heard->parser), RS_OK);
}

void heard_stop(heard_t *heard) {
    rs_asterisk_parser_destroy(&heard->parser);
    rs_config_destroy(&heard->config);
    free(heard->text);
    heard->text = NULL;
}

void heard_line(heard_t *heard, rs_str_t line) {
    rs_refused_t refused;
    const uint32_t before = heard->events;
    /* exactly its size, so that a sanitizer sees a read past its end */
    char *copy = malloc(line.len == 0 ? 1 : line.len);
    assert_non_null(copy);
    if (line.len != 0) memcpy(copy, line.data, line.len);
    const rs_str_t copied = {.data = copy, .len = line.len};
    if (rs_asterisk_parser_line(heard->parser, copied, hear_event, heard, &refused) != RS_OK) {
        assert_int_equal(heard->events, before); /* a refused line gives nothing */
        assert_false(refused.has_seq);
        assert_string_equal(refused.source, "asterisk");
        heard->refusals++;
        if (heard->text != NULL) {
            heard->len += (size_t)snprintf(heard->text + heard->len, HEARD_ROOM - heard->len, "refused %s %s %u\n",
                                           rs_refusal_name(refused.reason), refused.field, refused.len);
        }
    }
    assert_true(heard->events - before <= RS_ASTERISK_EVENTS_PER_LINE);
    free(copy);
    while (rs_asterisk_parser_more(heard->parser, hear_event, heard)) continue;
}

void heard_lines(heard_t *heard, const char *text) {
    while (*text != 0) {
        const size_t len = strcspn(text, "\n");
        heard_line(heard, (rs_str_t){.data = text, .len = (uint32_t)len});
        text += len + (text[len] == '\n');
    }
}

void heard_clear(heard_t *heard) {
    heard->len = 0;
    if (heard->text != NULL) heard->text[0] = 0;
}

/* The same file twice is how a parser is made to forget. */
void heard_forget(heard_t *heard) {
    rs_refused_t refused;
    for (unsigned i = 0; i < 2; i++) {
        rs_asterisk_parser_begin(heard->parser, 0);
        assert_int_equal(rs_asterisk_parser_line(heard->parser, RS_STR("1|c|q|NONE|DID|"), hear_event, heard, &refused),
                         RS_OK);
    }
    rs_asterisk_parser_begin(heard->parser, 0);
    heard_clear(heard);
    heard->events = heard->refusals = 0;
}

rs_asterisk_stats_t heard_stats(const heard_t *heard) {
    rs_asterisk_stats_t stats;
    rs_asterisk_parser_stats(heard->parser, &stats);
    return stats;
}

void assert_heard(heard_t *heard, const char *expected) {
    if (strcmp(heard->text, expected) != 0) fail_msg("\nheard:\n%s\nexpected:\n%s", heard->text, expected);
    heard_clear(heard);
}

char *read_source_file(const char *name, size_t *len) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", RS_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("cannot open %s", path);
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    *len = fread(bytes, 1, 1 << 20, file);
    assert_true(*len > 0 && *len < 1 << 20);
    fclose(file);
    return bytes;
}
