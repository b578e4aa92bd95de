#include "event_test.h"

/* The envelope that every row below begins with. */
#define HEAD "{\"source\":\"s\",\"seq\":7,\"occurred_at\":1000000,"
#define ENDED HEAD "\"type\":\"contact.ended\",\"contact_id\":\"c\""
#define SURVEY HEAD "\"type\":\"survey.answered\",\"contact_id\":\"c\""
#define QUEUED HEAD "\"type\":\"contact.queued\",\"contact_id\":\"c\",\"queue\":\"q\""
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define E16 "\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC"
#define E32 E16 E16

typedef struct row {
    const char *line;
    rs_refusal_t reason;   /* RS_REFUSAL_NONE: accepted */
    const char *field;
    const char *source;    /* NULL: "s" */
} row_t;

static const row_t rows[] = {
    {ENDED "}", RS_REFUSAL_NONE, "", NULL},
    /* not JSON, or not an object */
    {"x", RS_REFUSAL_MALFORMED, "", ""},
    {"[]", RS_REFUSAL_MALFORMED, "", ""},
    {"[" ENDED "}]", RS_REFUSAL_MALFORMED, "", ""},
    {"1", RS_REFUSAL_MALFORMED, "", ""},
    {"null", RS_REFUSAL_MALFORMED, "", ""},
    {"\"a\"", RS_REFUSAL_MALFORMED, "", ""},
    {"{", RS_REFUSAL_MALFORMED, "", ""},
    {"}", RS_REFUSAL_MALFORMED, "", ""},
    {ENDED, RS_REFUSAL_MALFORMED, "", ""},
    {ENDED ",}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED "}}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED "} {}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED "},", RS_REFUSAL_MALFORMED, "", ""},
    {ENDED ",\"data\":\"x\":0}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":[\"a\":0]}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED " \"x\":1}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":tru}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":nul}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":01}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":1.}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":.5}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":+1}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":1e}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":-}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":NaN}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":[1,]}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":[1 2]}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":{\"a\" 1}}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":{1:1}}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":'a'}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":\"\\q\"}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":\"\\ud800\"}", RS_REFUSAL_MALFORMED, "", NULL},
    {ENDED ",\"x\":\"a\tb\"}", RS_REFUSAL_MALFORMED, "", ""},
    {ENDED ",\"x\":/**/1}", RS_REFUSAL_MALFORMED, "", NULL},
    /* fine, though odd */
    {" \t" ENDED " \t}\t ", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"x\":{\"a\":[1,-2.5e-3,true,null,{\"b\":\"\\u20ac\"},[]]},\"y\":1e999}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"X\":1,\"Source\":5,\"data.by\":5}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"x\":123456789012345678901234567890}", RS_REFUSAL_NONE, "", NULL},
    /* required */
    {"{}", RS_REFUSAL_MISSING_FIELD, "source", ""},
    {"{\"source\":\"\"}", RS_REFUSAL_MISSING_FIELD, "source", ""},
    {"{\"source\":null}", RS_REFUSAL_MISSING_FIELD, "source", ""},
    {"{\"source\":\"s\"}", RS_REFUSAL_MISSING_FIELD, "type", NULL},
    {"{\"source\":\"s\",\"type\":\"contact.ended\"}", RS_REFUSAL_MISSING_FIELD, "occurred_at", NULL},
    {"{\"source\":\"s\",\"type\":\"contact.ended\",\"occurred_at\":\"\"}", RS_REFUSAL_MISSING_FIELD, "occurred_at", NULL},
    {"{\"source\":\"s\",\"type\":\"contact.ended\",\"occurred_at\":1}", RS_REFUSAL_MISSING_FIELD, "event_id", NULL},
    {"{\"source\":\"s\",\"type\":\"contact.ended\",\"occurred_at\":1,\"seq\":null}", RS_REFUSAL_MISSING_FIELD, "event_id", NULL},
    {"{\"source\":\"s\",\"type\":\"contact.ended\",\"occurred_at\":0,\"seq\":0}", RS_REFUSAL_MISSING_FIELD, "contact_id", NULL},
    {"{\"source\":\"s\",\"type\":\"contact.ended\",\"occurred_at\":0,\"event_id\":\"e\",\"contact_id\":\"c\"}", RS_REFUSAL_NONE, "", NULL},
    {HEAD "\"type\":\"contact.queued\",\"contact_id\":\"c\"}", RS_REFUSAL_MISSING_FIELD, "queue", NULL},
    {HEAD "\"type\":\"contact.queued\",\"queue\":\"q\",\"contact_id\":\"\"}", RS_REFUSAL_MISSING_FIELD, "contact_id", NULL},
    {HEAD "\"type\":\"callback.requested\"}", RS_REFUSAL_MISSING_FIELD, "contact_id", NULL},
    {HEAD "\"type\":\"disposition.set\"}", RS_REFUSAL_MISSING_FIELD, "contact_id", NULL},
    {HEAD "\"type\":\"survey.answered\"}", RS_REFUSAL_MISSING_FIELD, "contact_id", NULL},
    {HEAD "\"type\":\"contact.message\"}", RS_REFUSAL_MISSING_FIELD, "contact_id", NULL},
    {HEAD "\"type\":\"agent.state\"}", RS_REFUSAL_MISSING_FIELD, "agent", NULL},
    {HEAD "\"type\":\"agent.scheduled\"}", RS_REFUSAL_MISSING_FIELD, "agent", NULL},
    {HEAD "\"type\":\"agent.queue_joined\",\"agent\":\"a\"}", RS_REFUSAL_NONE, "", NULL},
    {HEAD "\"type\":\"feedback.received\"}", RS_REFUSAL_NONE, "", NULL},
    {HEAD "\"type\":\"source.heartbeat\"}", RS_REFUSAL_NONE, "", NULL},
    {HEAD "\"type\":\"source.started\"}", RS_REFUSAL_NONE, "", NULL},
    /* types */
    {HEAD "\"type\":\"contact.warp\"}", RS_REFUSAL_UNKNOWN_TYPE, "type", NULL},
    {HEAD "\"type\":\"Contact.ended\"}", RS_REFUSAL_UNKNOWN_TYPE, "type", NULL},
    {HEAD "\"type\":\"contact.ended \"}", RS_REFUSAL_UNKNOWN_TYPE, "type", NULL},
    {"{\"type\":\"contact.warp\",\"occurred_at\":\"never\",\"source\":\"s\"}", RS_REFUSAL_UNKNOWN_TYPE, "type", NULL},
    {"{\"type\":\"contact.warp\"}", RS_REFUSAL_MISSING_FIELD, "source", ""},
    {HEAD "\"type\":7}", RS_REFUSAL_BAD_TYPE, "type", NULL},
    {HEAD "\"type\":\"contact.\\u0065nded\",\"contact_\\u0069d\":\"c\"}", RS_REFUSAL_NONE, "", NULL},
    /* wrong JSON types */
    {ENDED ",\"source\":5}", RS_REFUSAL_BAD_TYPE, "source", ""},
    {ENDED ",\"source\":[\"s\"]}", RS_REFUSAL_BAD_TYPE, "source", ""},
    {ENDED ",\"event_id\":5}", RS_REFUSAL_BAD_TYPE, "event_id", NULL},
    {ENDED ",\"incarnation\":5}", RS_REFUSAL_BAD_TYPE, "incarnation", NULL},
    {ENDED ",\"tenant\":true}", RS_REFUSAL_BAD_TYPE, "tenant", NULL},
    {ENDED ",\"contact_id\":1.5}", RS_REFUSAL_BAD_TYPE, "contact_id", NULL},
    {ENDED ",\"journey_id\":{}}", RS_REFUSAL_BAD_TYPE, "journey_id", NULL},
    {ENDED ",\"channel\":1}", RS_REFUSAL_BAD_TYPE, "channel", NULL},
    {ENDED ",\"direction\":1}", RS_REFUSAL_BAD_TYPE, "direction", NULL},
    {ENDED ",\"customer\":15550001}", RS_REFUSAL_BAD_TYPE, "customer", NULL},
    {ENDED ",\"queue\":7}", RS_REFUSAL_BAD_TYPE, "queue", NULL},
    {ENDED ",\"agent\":7}", RS_REFUSAL_BAD_TYPE, "agent", NULL},
    {ENDED ",\"team\":7}", RS_REFUSAL_BAD_TYPE, "team", NULL},
    {ENDED ",\"topic\":7}", RS_REFUSAL_BAD_TYPE, "topic", NULL},
    {ENDED ",\"data\":7}", RS_REFUSAL_BAD_TYPE, "data", NULL},
    {ENDED ",\"data\":[]}", RS_REFUSAL_BAD_TYPE, "data", NULL},
    {ENDED ",\"data\":\"x\"}", RS_REFUSAL_BAD_TYPE, "data", NULL},
    {ENDED ",\"data\":null}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"data\":{}}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"channel\":\"fax\"}", RS_REFUSAL_BAD_VALUE, "channel", NULL},
    {ENDED ",\"channel\":\"Voice\"}", RS_REFUSAL_BAD_VALUE, "channel", NULL},
    {ENDED ",\"direction\":\"sideways\"}", RS_REFUSAL_BAD_VALUE, "direction", NULL},
    {ENDED ",\"channel\":\"\",\"direction\":null,\"customer\":\"\",\"team\":null}", RS_REFUSAL_NONE, "", NULL},
    /* seq */
    {ENDED ",\"seq\":18446744073709551615}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"seq\":\"18446744073709551615\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"seq\":18446744073709551616}", RS_REFUSAL_OUT_OF_RANGE, "seq", NULL},
    {ENDED ",\"seq\":\"18446744073709551616\"}", RS_REFUSAL_OUT_OF_RANGE, "seq", NULL},
    {ENDED ",\"seq\":-1}", RS_REFUSAL_OUT_OF_RANGE, "seq", NULL},
    {ENDED ",\"seq\":1.0}", RS_REFUSAL_BAD_TYPE, "seq", NULL},
    {ENDED ",\"seq\":1e3}", RS_REFUSAL_BAD_TYPE, "seq", NULL},
    {ENDED ",\"seq\":\"x\"}", RS_REFUSAL_BAD_TYPE, "seq", NULL},
    {ENDED ",\"seq\":\"007\"}", RS_REFUSAL_BAD_TYPE, "seq", NULL},
    {ENDED ",\"seq\":true}", RS_REFUSAL_BAD_TYPE, "seq", NULL},
    {ENDED ",\"seq\":[]}", RS_REFUSAL_BAD_TYPE, "seq", NULL},
    /* times */
    {ENDED ",\"occurred_at\":\"2026-03-02T09:00:00Z\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"occurred_at\":\"1772442012250000\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"occurred_at\":9214646399999999}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"occurred_at\":0}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"occurred_at\":9214646400000000}", RS_REFUSAL_BAD_TIME, "occurred_at", NULL},
    {ENDED ",\"occurred_at\":-1}", RS_REFUSAL_BAD_TIME, "occurred_at", NULL},
    {ENDED ",\"occurred_at\":1.5}", RS_REFUSAL_BAD_TIME, "occurred_at", NULL},
    {ENDED ",\"occurred_at\":99999999999999999999}", RS_REFUSAL_BAD_TIME, "occurred_at", NULL},
    {ENDED ",\"occurred_at\":18446744073709551615}", RS_REFUSAL_BAD_TIME, "occurred_at", NULL},
    {ENDED ",\"occurred_at\":\"yesterday\"}", RS_REFUSAL_BAD_TIME, "occurred_at", NULL},
    {ENDED ",\"occurred_at\":\"2026-03-02T09:00:60Z\"}", RS_REFUSAL_BAD_TIME, "occurred_at", NULL},
    {ENDED ",\"occurred_at\":true}", RS_REFUSAL_BAD_TYPE, "occurred_at", NULL},
    {ENDED ",\"occurred_at\":{}}", RS_REFUSAL_BAD_TYPE, "occurred_at", NULL},
    /* lengths are bytes of UTF-8 */
    {ENDED ",\"source\":\"" X64 "\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"source\":\"" X64 "x\"}", RS_REFUSAL_TOO_LONG, "source", ""},
    {ENDED ",\"event_id\":\"" X64 "\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"event_id\":\"" X64 "x\"}", RS_REFUSAL_TOO_LONG, "event_id", NULL},
    {ENDED ",\"incarnation\":\"" X64 "\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"incarnation\":\"" X64 "x\"}", RS_REFUSAL_TOO_LONG, "incarnation", NULL},
    {ENDED ",\"tenant\":\"" X64 "\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"tenant\":\"" X64 "x\"}", RS_REFUSAL_TOO_LONG, "tenant", NULL},
    {ENDED ",\"contact_id\":\"" X64 X64 "\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"contact_id\":\"" X64 X64 "x\"}", RS_REFUSAL_TOO_LONG, "contact_id", NULL},
    {ENDED ",\"journey_id\":\"" X64 X64 "\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"journey_id\":\"" X64 X64 "x\"}", RS_REFUSAL_TOO_LONG, "journey_id", NULL},
    {ENDED ",\"customer\":\"" X64 X64 "\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"customer\":\"" X64 X64 "x\"}", RS_REFUSAL_TOO_LONG, "customer", NULL},
    {ENDED ",\"queue\":\"" X64 "\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"queue\":\"" X64 "x\"}", RS_REFUSAL_TOO_LONG, "queue", NULL},
    {ENDED ",\"agent\":\"" X64 "x\"}", RS_REFUSAL_TOO_LONG, "agent", NULL},
    {ENDED ",\"team\":\"" X64 "x\"}", RS_REFUSAL_TOO_LONG, "team", NULL},
    {ENDED ",\"topic\":\"" X64 "x\"}", RS_REFUSAL_TOO_LONG, "topic", NULL},
    {ENDED ",\"queue\":\"" E32 E32 "\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"queue\":\"" E32 E32 "x\"}", RS_REFUSAL_TOO_LONG, "queue", NULL},
    /* UTF-8 */
    {ENDED ",\"queue\":\"\xC3\"}", RS_REFUSAL_NOT_UTF8, "", ""},
    {ENDED ",\"x\":\"\xFF\"}", RS_REFUSAL_NOT_UTF8, "", ""},
    {ENDED ",\"queue\":\"\xED\xA0\x80\"}", RS_REFUSAL_NOT_UTF8, "", ""},
    {ENDED ",\"queue\":\"\xC0\x80\"}", RS_REFUSAL_NOT_UTF8, "", ""},
    {ENDED ",\"queue\":\"\\u0000\"}", RS_REFUSAL_BAD_VALUE, "queue", NULL},
    {ENDED ",\"x\":\"\\u0000\"}", RS_REFUSAL_NONE, "", NULL},
    /* numbers of data */
    {ENDED ",\"data\":{\"talk_ms\":0,\"hold_ms\":4294967295}}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"data\":{\"talk_ms\":-0}}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"data\":{\"talk_ms\":-1}}", RS_REFUSAL_OUT_OF_RANGE, "data.talk_ms", NULL},
    {ENDED ",\"data\":{\"hold_ms\":4294967296}}", RS_REFUSAL_OUT_OF_RANGE, "data.hold_ms", NULL},
    {ENDED ",\"data\":{\"hold_ms\":18446744073709551615}}", RS_REFUSAL_OUT_OF_RANGE, "data.hold_ms", NULL},
    {ENDED ",\"data\":{\"hold_ms\":99999999999999999999}}", RS_REFUSAL_OUT_OF_RANGE, "data.hold_ms", NULL},
    {ENDED ",\"data\":{\"wait_ms\":12.0}}", RS_REFUSAL_BAD_TYPE, "data.wait_ms", NULL},
    {ENDED ",\"data\":{\"wait_ms\":1e3}}", RS_REFUSAL_BAD_TYPE, "data.wait_ms", NULL},
    {ENDED ",\"data\":{\"wait_ms\":\"12\"}}", RS_REFUSAL_BAD_TYPE, "data.wait_ms", NULL},
    {ENDED ",\"data\":{\"wait_ms\":false}}", RS_REFUSAL_BAD_TYPE, "data.wait_ms", NULL},
    {ENDED ",\"data\":{\"wait_ms\":{}}}", RS_REFUSAL_BAD_TYPE, "data.wait_ms", NULL},
    {ENDED ",\"data\":{\"wait_ms\":null,\"talk_ms\":\"\"}}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"data\":{\"ring_ms\":\"not of this type\",\"score\":\"neither\"}}", RS_REFUSAL_NONE, "", NULL},
    {QUEUED ",\"data\":{\"priority\":-2147483648}}", RS_REFUSAL_NONE, "", NULL},
    {QUEUED ",\"data\":{\"priority\":2147483648}}", RS_REFUSAL_OUT_OF_RANGE, "data.priority", NULL},
    {QUEUED ",\"data\":{\"priority\":-2147483649}}", RS_REFUSAL_OUT_OF_RANGE, "data.priority", NULL},
    {QUEUED ",\"data\":{\"priority\":\"high\"}}", RS_REFUSAL_BAD_TYPE, "data.priority", NULL},
    {HEAD "\"type\":\"contact.offer_failed\",\"contact_id\":\"c\",\"data\":{\"ring_ms\":-5}}", RS_REFUSAL_OUT_OF_RANGE,
     "data.ring_ms", NULL},
    {SURVEY ",\"data\":{\"score\":1000000,\"scale_min\":-1000000,\"scale_max\":1e6}}", RS_REFUSAL_NONE, "", NULL},
    {SURVEY ",\"data\":{\"score\":4E-00000000000000000000001}}", RS_REFUSAL_NONE, "", NULL},
    {SURVEY ",\"data\":{\"score\":1000000.1}}", RS_REFUSAL_OUT_OF_RANGE, "data.score", NULL},
    {SURVEY ",\"data\":{\"score\":1e400}}", RS_REFUSAL_OUT_OF_RANGE, "data.score", NULL},
    {SURVEY ",\"data\":{\"scale_min\":-99999999999999999999}}", RS_REFUSAL_OUT_OF_RANGE, "data.scale_min", NULL},
    {SURVEY ",\"data\":{\"scale_max\":\"5\"}}", RS_REFUSAL_BAD_TYPE, "data.scale_max", NULL},
    {SURVEY ",\"data\":{\"resolved\":1}}", RS_REFUSAL_BAD_TYPE, "data.resolved", NULL},
    {SURVEY ",\"data\":{\"resolved\":\"true\"}}", RS_REFUSAL_BAD_TYPE, "data.resolved", NULL},
    {SURVEY ",\"data\":{\"kind\":5}}", RS_REFUSAL_BAD_TYPE, "data.kind", NULL},
    {ENDED ",\"data\":{\"by\":5}}", RS_REFUSAL_BAD_TYPE, "data.by", NULL},
    {HEAD "\"type\":\"source.gap\",\"data\":{\"from_seq\":1,\"to_seq\":\"18446744073709551615\"}}", RS_REFUSAL_NONE, "", NULL},
    {HEAD "\"type\":\"source.gap\",\"data\":{\"from_seq\":-1}}", RS_REFUSAL_OUT_OF_RANGE, "data.from_seq", NULL},
    {HEAD "\"type\":\"source.gap\",\"data\":{\"to_seq\":1.5}}", RS_REFUSAL_BAD_TYPE, "data.to_seq", NULL},
    {HEAD "\"type\":\"agent.scheduled\",\"agent\":\"a\",\"data\":{\"from\":\"soon\"}}", RS_REFUSAL_BAD_TIME, "data.from", NULL},
    {HEAD "\"type\":\"agent.scheduled\",\"agent\":\"a\",\"data\":{\"to\":true}}", RS_REFUSAL_BAD_TYPE, "data.to", NULL},
    {HEAD "\"type\":\"agent.scheduled\",\"agent\":\"a\",\"data\":{\"from\":5,\"to\":\"6\",\"activity\":\"" X64 "\"}}",
     RS_REFUSAL_NONE, "", NULL},
    {HEAD "\"type\":\"agent.scheduled\",\"agent\":\"a\",\"data\":{\"activity\":\"" X64 "x\"}}", RS_REFUSAL_TOO_LONG, "data.activity", NULL},
    {HEAD "\"type\":\"agent.state\",\"agent\":\"a\",\"data\":{\"reason\":\"" X64 "x\"}}", RS_REFUSAL_TOO_LONG, "data.reason", NULL},
    {HEAD "\"type\":\"agent.state\",\"agent\":\"a\",\"data\":{\"state\":3}}", RS_REFUSAL_BAD_TYPE, "data.state", NULL},
    {HEAD "\"type\":\"disposition.set\",\"contact_id\":\"c\",\"data\":{\"code\":\"" X64 "x\"}}", RS_REFUSAL_TOO_LONG, "data.code", NULL},
    {HEAD "\"type\":\"callback.failed\",\"contact_id\":\"c\",\"data\":{\"result\":\"" X64 "x\"}}", RS_REFUSAL_TOO_LONG,
     "data.result", NULL},
    {HEAD "\"type\":\"feedback.received\",\"data\":{\"case_id\":\"" X64 "x\"}}", RS_REFUSAL_TOO_LONG, "data.case_id", NULL},
    {HEAD "\"type\":\"contact.transferred\",\"contact_id\":\"c\",\"data\":{\"to_queue\":\"" X64 "x\"}}", RS_REFUSAL_TOO_LONG,
     "data.to_queue", NULL},
    {HEAD "\"type\":\"contact.transferred\",\"contact_id\":\"c\",\"data\":{\"to_agent\":\"" X64 "x\"}}", RS_REFUSAL_TOO_LONG,
     "data.to_agent", NULL},
    {HEAD "\"type\":\"contact.transferred\",\"contact_id\":\"c\",\"data\":{\"to_agent\":5}}", RS_REFUSAL_BAD_TYPE, "data.to_agent", NULL},
    /* twice: the last one wins, and only it is judged */
    {ENDED ",\"queue\":5,\"queue\":\"q\"}", RS_REFUSAL_NONE, "", NULL},
    {ENDED ",\"queue\":\"q\",\"queue\":5}", RS_REFUSAL_BAD_TYPE, "queue", NULL},
    {QUEUED ",\"queue\":null}", RS_REFUSAL_MISSING_FIELD, "queue", NULL},
    {ENDED ",\"data\":{\"talk_ms\":-1},\"data\":{\"talk_ms\":1}}", RS_REFUSAL_NONE, "", NULL},
};

static void check_row(outcome_t *outcome, rs_decoder_t *decoder, const row_t *row) {
    decode_into(outcome, decoder, RS_ENCODING_JSON, row->line, strlen(row->line));
    if (outcome->seen != 1) fail_msg("%s: %lld events", row->line, (long long)outcome->seen);
    const rs_refusal_t reason = outcome->accepted == 1 ? RS_REFUSAL_NONE : outcome->why.reason;
    if (reason != row->reason || strcmp(outcome->why.field, row->field) != 0) {
        fail_msg("%s: %s of '%s'", row->line, rs_refusal_name(reason), outcome->why.field);
    }
    if (reason == RS_REFUSAL_NONE) return;
    if (strcmp(outcome->why.source, row->source == NULL ? "s" : row->source) != 0) {
        fail_msg("%s: source '%s'", row->line, outcome->why.source);
    }
    if (outcome->why.len == 0 || outcome->why.len > strlen(row->line)) fail_msg("%s: length %u", row->line, outcome->why.len);
}

static void every_row_is_judged_as_written(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) check_row(outcome, decoder, &rows[i]);
    free(outcome);
    rs_decoder_destroy(&decoder);
}

/* All rows in one message: what one line is has no influence on the others, wherever it stands. */
static void broken_lines_do_not_lose_their_neighbours(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    char *message = malloc(TEST_MESSAGE_BYTES);
    for (unsigned variant = 0; variant < 4; variant++) {
        size_t len = 0;
        uint32_t accepted = 0;
        for (size_t i = 0; i < RS_ARRAY_LEN(rows); i++) {
            len += (size_t)sprintf(message + len, "%s%s", rows[i].line, (variant & 1) != 0 ? "\r\n" : "\n");
            if ((variant & 2) != 0) len += (size_t)sprintf(message + len, "\n \t\r\n\r\n");
            accepted += rows[i].reason == RS_REFUSAL_NONE;
        }
        len += (size_t)sprintf(message + len, "%s", rows[0].line);
        decode_into(outcome, decoder, RS_ENCODING_JSON, message, len);
        assert_int_equal(outcome->seen, RS_ARRAY_LEN(rows) + 1);
        assert_int_equal(outcome->accepted, accepted + 1);
    }
    free(message);
    free(outcome);
    rs_decoder_destroy(&decoder);
}

static void a_line_is_parsed_within_its_own_bytes(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    const char *line = ENDED ",\"topic\":\"t\"}";
    for (size_t len = 0; len <= strlen(line); len++) {
        char *exact = malloc(len + 1);
        memcpy(exact, line, len);
        decode_into(outcome, decoder, RS_ENCODING_JSON, exact, len);
        free(exact);
        assert_int_equal(outcome->accepted, len == strlen(line));
        assert_int_equal(outcome->seen, len > 0);
    }
    free(outcome);
    rs_decoder_destroy(&decoder);
}

static void empty_and_blank_messages_have_no_events(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    const char *const messages[] = {"", "\n", "\r\n", " \t \n\n\r\n  "};
    for (size_t i = 0; i < RS_ARRAY_LEN(messages); i++) {
        decode_into(outcome, decoder, RS_ENCODING_JSON, messages[i], strlen(messages[i]));
        assert_int_equal(outcome->seen, 0);
    }
    free(outcome);
    rs_decoder_destroy(&decoder);
}

/* The fields of an accepted event, one by one. */
static void fields_arrive_where_they_belong(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    const char *line = "{\"event_id\":\"e\",\"source\":\"s\",\"seq\":9,\"incarnation\":\"i\",\"occurred_at\":\"1970-01-01T00:00:01Z\","
        "\"tenant\":\"t\",\"type\":\"survey.answered\",\"contact_id\":\"c\\n\\u00fc\",\"journey_id\":\"j\",\"channel\":\"chat\","
        "\"direction\":\"outbound\",\"customer\":\"+1\",\"queue\":\"q\",\"agent\":\"a\",\"team\":\"m\",\"topic\":\"o\","
        "\"data\":{\"kind\":\"nps\",\"score\":4.5,\"scale_min\":-0.0005,\"scale_max\":10,\"resolved\":false,\"x\":{}}}";
    decode_into(outcome, decoder, RS_ENCODING_JSON, line, strlen(line));
    assert_int_equal(outcome->accepted, 1);
    const rs_event_t expected = {
        .occurred_us = 1000000, .seq = 9, .type = RS_SURVEY_ANSWERED, .channel = RS_CHANNEL_CHAT,
        .direction = RS_DIRECTION_OUTBOUND, .kind = RS_SURVEY_NPS, .score_milli = 4500, .scale_min_milli = -1,
        .scale_max_milli = 10000,
        .present = RS_HAS_SEQ | RS_HAS_SCORE | RS_HAS_SCALE_MIN | RS_HAS_SCALE_MAX | RS_HAS_RESOLVED,
        .event_id = RS_STR("e"), .source = RS_STR("s"), .incarnation = RS_STR("i"), .tenant = RS_STR("t"),
        .contact_id = RS_STR("c\n\xC3\xBC"), .journey_id = RS_STR("j"), .customer = RS_STR("+1"), .queue = RS_STR("q"),
        .agent = RS_STR("a"), .team = RS_STR("m"), .topic = RS_STR("o")};
    assert_true(event_equal(&outcome->last.event, &expected));
    assert_int_equal(outcome->bytes_len, strlen(line));
    free(outcome);
    rs_decoder_destroy(&decoder);
}

static void missing_and_unknown_enumerations_become_other(void **state) {
    (void)state;
    static const struct {
        const char *line;
        size_t place;
        unsigned expected;
    } cases[] = {
        {ENDED "}", offsetof(rs_event_t, party), RS_PARTY_OTHER},
        {ENDED ",\"data\":{\"by\":\"ghost\"}}", offsetof(rs_event_t, party), RS_PARTY_OTHER},
        {ENDED ",\"data\":{\"by\":\"customer\"}}", offsetof(rs_event_t, party), RS_PARTY_CUSTOMER},
        {ENDED ",\"data\":{\"by\":\"\"}}", offsetof(rs_event_t, party), RS_PARTY_OTHER},
        {HEAD "\"type\":\"contact.message\",\"contact_id\":\"c\",\"data\":{\"from\":\"agent\"}}", offsetof(rs_event_t, party),
         RS_PARTY_AGENT},
        {HEAD "\"type\":\"contact.dequeued\",\"contact_id\":\"c\"}", offsetof(rs_event_t, reason), RS_FLOW_OTHER},
        {HEAD "\"type\":\"contact.dequeued\",\"contact_id\":\"c\",\"data\":{\"reason\":\"requeued\"}}",
         offsetof(rs_event_t, reason), RS_FLOW_OTHER},
        {HEAD "\"type\":\"contact.dequeued\",\"contact_id\":\"c\",\"data\":{\"reason\":\"lost\"}}",
         offsetof(rs_event_t, reason), RS_FLOW_OTHER},
        {HEAD "\"type\":\"contact.dequeued\",\"contact_id\":\"c\",\"data\":{\"reason\":\"error\"}}",
         offsetof(rs_event_t, reason), RS_FLOW_ERROR},
        {HEAD "\"type\":\"contact.blocked\",\"contact_id\":\"c\",\"data\":{\"reason\":\"full\"}}",
         offsetof(rs_event_t, reason), RS_BLOCK_FULL},
        {HEAD "\"type\":\"contact.blocked\",\"contact_id\":\"c\",\"data\":{\"reason\":\"timeout\"}}", offsetof(rs_event_t, reason),
         RS_BLOCK_OTHER},
        {HEAD "\"type\":\"contact.offer_failed\",\"contact_id\":\"c\",\"data\":{\"reason\":\"canceled\"}}", offsetof(rs_event_t, reason),
         RS_OFFER_CANCELED},
        {HEAD "\"type\":\"contact.abandoned\",\"contact_id\":\"c\",\"data\":{\"stage\":\"flow\"}}",
         offsetof(rs_event_t, stage), RS_STAGE_FLOW},
        {HEAD "\"type\":\"contact.abandoned\",\"contact_id\":\"c\",\"data\":{\"stage\":\"closed\"}}", offsetof(rs_event_t, stage),
         RS_STAGE_OTHER},
        {HEAD "\"type\":\"feedback.received\",\"data\":{\"stage\":\"closed\",\"kind\":\"csat\"}}", offsetof(rs_event_t, stage),
         RS_FEEDBACK_STAGE_CLOSED},
        {HEAD "\"type\":\"feedback.received\",\"data\":{\"stage\":\"closed\",\"kind\":\"csat\"}}", offsetof(rs_event_t, kind),
         RS_FEEDBACK_OTHER},
        {HEAD "\"type\":\"contact.transferred\",\"contact_id\":\"c\",\"data\":{\"kind\":\"blind\"}}", offsetof(rs_event_t, kind),
         RS_TRANSFER_BLIND},
        {HEAD "\"type\":\"agent.state\",\"agent\":\"a\",\"data\":{\"state\":\"break\",\"reason\":\"tea\"}}", offsetof(rs_event_t, state),
         RS_AGENT_BREAK},
        {HEAD "\"type\":\"agent.state\",\"agent\":\"a\",\"data\":{\"state\":\"break\",\"reason\":\"tea\"}}",
         offsetof(rs_event_t, reason), 0},
        {HEAD "\"type\":\"agent.state\",\"agent\":\"a\"}", offsetof(rs_event_t, state), RS_AGENT_OTHER},
    };
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        decode_into(outcome, decoder, RS_ENCODING_JSON, cases[i].line, strlen(cases[i].line));
        const unsigned item = ((const uint8_t *)&outcome->last.event)[cases[i].place];
        if (outcome->accepted != 1 || item != cases[i].expected) fail_msg("%s: %u", cases[i].line, item);
    }
    free(outcome);
    rs_decoder_destroy(&decoder);
}

static bool stop_after_two(void *context, uint32_t index, const rs_event_t *event, const rs_refused_t *refused, rs_str_t bytes) {
    (void)event;
    (void)refused;
    (void)bytes;
    *(uint32_t *)context = index;
    return index < 1;
}

static void the_callback_can_stop(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    uint32_t last = 99;
    const char *lines = "{}\n{}\n{}\n{}\n";
    assert_int_equal(rs_decode(decoder, RS_ENCODING_JSON, lines, strlen(lines), stop_after_two, &last), 2);
    assert_int_equal(last, 1);
    const uint8_t batch[] = {0x0A, 0, 0x0A, 0, 0x0A, 0};
    assert_int_equal(rs_decode(decoder, RS_ENCODING_PROTOBUF, batch, sizeof batch, stop_after_two, &last), 2);
    assert_int_equal(last, 1);
    rs_decoder_destroy(&decoder);
}

static void a_message_over_the_bound_is_not_decoded(void **state) {
    (void)state;
    rs_decoder_t *decoder = NULL;
    outcome_t *outcome = malloc(sizeof *outcome);
    assert_int_equal(rs_decoder_create(1023, &decoder), RS_ERR_INVALID);
    assert_int_equal(rs_decoder_create(16 * 1024 * 1024 + 1, &decoder), RS_ERR_INVALID);
    assert_null(decoder);
    assert_int_equal(rs_decoder_create(1024, &decoder), RS_OK);
    char *message = malloc(1025);
    memset(message, ' ', 1025);
    memcpy(message, ENDED "}", strlen(ENDED "}"));
    decode_into(outcome, decoder, RS_ENCODING_JSON, message, 1024);
    assert_int_equal(outcome->accepted, 1);
    decode_into(outcome, decoder, RS_ENCODING_JSON, message, 1025);
    assert_int_equal(outcome->seen, RS_ERR_LIMIT);
    assert_int_equal(outcome->accepted + outcome->refused, 0);
    decode_into(outcome, decoder, (rs_encoding_t)3, message, 10);
    assert_int_equal(outcome->seen, RS_ERR_INVALID);
    free(message);
    free(outcome);
    rs_decoder_destroy(&decoder);
    assert_null(decoder);
    rs_decoder_destroy(&decoder);
}

static void deep_nesting_is_malformed_and_shallow_is_not(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    char *line = malloc(400000);
    const unsigned depths[] = {1, 60, 63, 64, 100, 100000};
    for (size_t i = 0; i < RS_ARRAY_LEN(depths); i++) {
        char *at = line + sprintf(line, "%s,\"x\":", ENDED);
        memset(at, '[', depths[i]);
        memset(at + depths[i], ']', depths[i]);
        memcpy(at + 2 * (size_t)depths[i], "}", 2);
        decode_into(outcome, decoder, RS_ENCODING_JSON, line, strlen(line));
        assert_int_equal(outcome->accepted, depths[i] < 64);   /* the event itself is one level */
        if (depths[i] >= 64) assert_int_equal(outcome->why.reason, RS_REFUSAL_MALFORMED);
    }
    free(line);
    free(outcome);
    rs_decoder_destroy(&decoder);
}

static void a_refusal_tells_source_and_sequence(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    const char *line = "{\"type\":\"contact.warp\",\"source\":\"pbx\",\"seq\":18446744073709551615}";
    decode_into(outcome, decoder, RS_ENCODING_JSON, line, strlen(line));
    assert_int_equal(outcome->why.reason, RS_REFUSAL_UNKNOWN_TYPE);
    assert_string_equal(outcome->why.source, "pbx");
    assert_true(outcome->why.has_seq);
    assert_true(outcome->why.seq == UINT64_MAX);
    assert_int_equal(outcome->why.len, strlen("contact.warp"));
    const char *other = "{\"source\":\"pbx\",\"seq\":true}";
    decode_into(outcome, decoder, RS_ENCODING_JSON, other, strlen(other));
    assert_false(outcome->why.has_seq);
    assert_int_equal(outcome->why.len, strlen(other));
    free(outcome);
    rs_decoder_destroy(&decoder);
}

int run_json_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_judged_as_written),
        cmocka_unit_test(broken_lines_do_not_lose_their_neighbours),
        cmocka_unit_test(a_line_is_parsed_within_its_own_bytes),
        cmocka_unit_test(empty_and_blank_messages_have_no_events),
        cmocka_unit_test(fields_arrive_where_they_belong),
        cmocka_unit_test(missing_and_unknown_enumerations_become_other),
        cmocka_unit_test(the_callback_can_stop),
        cmocka_unit_test(a_message_over_the_bound_is_not_decoded),
        cmocka_unit_test(deep_nesting_is_malformed_and_shallow_is_not),
        cmocka_unit_test(a_refusal_tells_source_and_sequence),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
