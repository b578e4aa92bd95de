/* The golden pairs of proto/golden: both files decode to one event, the event encodes back to both. */
#include "event_test.h"

#include <dirent.h>

static const char folder[] = RS_SOURCE_DIR "/proto/golden";

typedef struct golden {
    char name[80];
    char json[4096];      /* without the line feed */
    size_t json_len;
    uint8_t pb[2048];
    size_t pb_len;
} golden_t;

enum { MAX_GOLDEN = 100 };
static golden_t goldens[MAX_GOLDEN];
static unsigned golden_count;

static size_t read_file(const char *name, const char *suffix, char *bytes, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("cannot open %s", path);
    const size_t len = fread(bytes, 1, size, file);
    fclose(file);
    assert_true(len < size);
    return len;
}

static unsigned hex_digit(char c) { return c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10); }

static void load_golden(const char *name) {
    assert_true(golden_count < MAX_GOLDEN);
    golden_t *golden = &goldens[golden_count++];
    char hex[8192];
    snprintf(golden->name, sizeof golden->name, "%s", name);
    golden->json_len = read_file(name, ".json", golden->json, sizeof golden->json);
    assert_int_equal(golden->json[--golden->json_len], '\n');
    const size_t hex_len = read_file(name, ".pb.hex", hex, sizeof hex);
    unsigned half = 0, digits = 0;
    for (size_t i = 0; i < hex_len; i++) {
        if (hex[i] == '\n') continue;
        half = half << 4 | hex_digit(hex[i]);
        if (++digits % 2 == 0) golden->pb[golden->pb_len++] = (uint8_t)half;
    }
    assert_int_equal(digits % 2, 0);
}

static int load_goldens(void **state) {
    (void)state;
    DIR *entries = opendir(folder);
    if (entries == NULL) return -1;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char name[256];
        snprintf(name, sizeof name, "%s", entry->d_name);
        char *suffix = strstr(name, ".json");
        if (suffix == NULL) continue;
        *suffix = '\0';
        load_golden(name);
    }
    closedir(entries);
    return 0;
}

static void decode_golden(const golden_t *golden, rs_encoding_t encoding, rs_decoder_t *decoder, outcome_t *outcome) {
    uint8_t batch[2100];
    if (encoding == RS_ENCODING_JSON) {
        decode_into(outcome, decoder, encoding, golden->json, golden->json_len);
    } else {
        decode_into(outcome, decoder, encoding, batch, make_batch(golden->pb, golden->pb_len, batch));
    }
    if (outcome->accepted != 1) {
        fail_msg("%s: %s of %s", golden->name, rs_refusal_name(outcome->why.reason), outcome->why.field);
    }
}

static void there_is_a_pair_for_every_type(void **state) {
    (void)state;
    for (unsigned type = 1; type < RS_EVENT_TYPE_COUNT; type++) {
        unsigned found = 0;
        for (unsigned i = 0; i < golden_count; i++) found += strcmp(goldens[i].name, rs_event_type_name(type)) == 0;
        if (found != 1) fail_msg("%u files for %s", found, rs_event_type_name(type));
    }
}

static void both_encodings_decode_to_one_event_and_encode_back(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *json = malloc(sizeof *json), *pb = malloc(sizeof *pb);
    char bytes[RS_EVENT_MAX_ENCODED];
    for (unsigned i = 0; i < golden_count; i++) {
        const golden_t *golden = &goldens[i];
        decode_golden(golden, RS_ENCODING_JSON, decoder, json);
        decode_golden(golden, RS_ENCODING_PROTOBUF, decoder, pb);
        if (!event_equal(&json->last.event, &pb->last.event)) fail_msg("%s: the two events differ", golden->name);
        assert_int_equal(rs_event_encode(&json->last.event, RS_ENCODING_JSON, bytes, sizeof bytes), golden->json_len);
        assert_memory_equal(bytes, golden->json, golden->json_len);
        assert_int_equal(rs_event_encode(&json->last.event, RS_ENCODING_PROTOBUF, bytes, sizeof bytes), golden->pb_len);
        assert_memory_equal(bytes, golden->pb, golden->pb_len);
    }
    free(json);
    free(pb);
    rs_decoder_destroy(&decoder);
}

static void cut_json_is_refused_and_its_neighbours_are_not(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    for (unsigned i = 0; i < golden_count; i++) {
        const golden_t *golden = &goldens[i];
        for (size_t cut = 1; cut < golden->json_len; cut++) {
            char *exact = malloc(2 * golden->json_len + cut + 2);
            size_t len = (size_t)sprintf(exact, "%.*s\n%.*s\n", (int)golden->json_len, golden->json, (int)cut, golden->json);
            memcpy(exact + len, golden->json, golden->json_len);
            len += golden->json_len;
            decode_into(outcome, decoder, RS_ENCODING_JSON, exact, len);
            free(exact);
            if (outcome->accepted != 2 || outcome->refused != 1) fail_msg("%s cut at %zu", golden->name, cut);
            assert_true(outcome->why.reason == RS_REFUSAL_MALFORMED || outcome->why.reason == RS_REFUSAL_NOT_UTF8);
        }
    }
    free(outcome);
    rs_decoder_destroy(&decoder);
}

static void cut_protobuf_is_judged_alone(void **state) {
    (void)state;
    rs_decoder_t *decoder = new_decoder();
    outcome_t *outcome = malloc(sizeof *outcome);
    for (unsigned i = 0; i < golden_count; i++) {
        const golden_t *golden = &goldens[i];
        for (size_t cut = 0; cut < golden->pb_len; cut++) {
            uint8_t batch[8192];
            size_t len = make_batch(golden->pb, golden->pb_len, batch);
            len += make_batch(golden->pb, cut, batch + len);
            len += make_batch(golden->pb, golden->pb_len, batch + len);
            uint8_t *exact = malloc(len);
            memcpy(exact, batch, len);
            decode_into(outcome, decoder, RS_ENCODING_PROTOBUF, exact, len);
            free(exact);
            assert_int_equal(outcome->seen, 3);   /* a cut between two fields may leave a whole event */
            if (outcome->accepted < 2) fail_msg("%s cut at %zu", golden->name, cut);
        }
        for (size_t cut = 1; cut < golden->pb_len; cut++) {   /* and of the message itself */
            uint8_t batch[4096];
            const size_t len = make_batch(golden->pb, golden->pb_len, batch);
            decode_into(outcome, decoder, RS_ENCODING_PROTOBUF, batch, len - cut);
            assert_int_equal(outcome->refused, 1);
            assert_int_equal(outcome->accepted, 0);
        }
    }
    free(outcome);
    rs_decoder_destroy(&decoder);
}

int run_golden_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_a_pair_for_every_type),
        cmocka_unit_test(both_encodings_decode_to_one_event_and_encode_back),
        cmocka_unit_test(cut_json_is_refused_and_its_neighbours_are_not),
        cmocka_unit_test(cut_protobuf_is_judged_alone),
    };
    return cmocka_run_group_tests_name("golden", tests, load_goldens, NULL);
}
