/* Commands of people as records: what is written is read, and nothing else is. */
#include "event_test.h"

#include "event/command.h"

static rs_command_t full(void) {
    return (rs_command_t){.what = RS_COMMAND_ACTION, .sticky = true, .channel = RS_CHANNEL_VOICE, .at_us = INT64_C(1772442012250000),
                          .until_us = INT64_C(1772442012250001), .due_us = 5, .episode = UINT64_MAX, .who = RS_STR("anna"),
                          .owner = RS_STR("berta"),
                          .tenant = RS_STR("acme"), .rule = RS_STR("long-*"), .key = RS_STR("v?p"), .text = RS_STR("zwei Leute mehr")};
}

static void a_command_is_read_as_it_was_written(void **state) {
    (void)state;
    uint8_t bytes[RS_RECORD_MAX], again[RS_RECORD_MAX];
    const rs_command_t written = full();
    const rs_origin_t origin = {.session = 7, .number = 9};
    rs_command_t read;
    rs_origin_t from;
    const size_t len = rs_record_write_command(&written, origin, bytes);
    assert_int_equal(rs_record_read_command(bytes, len, &read, &from), RS_OK);
    assert_true(read.what == written.what && read.sticky && read.channel == written.channel && read.at_us == written.at_us);
    assert_true(read.until_us == written.until_us && read.due_us == written.due_us && read.episode == written.episode);
    assert_true(rs_str_equal(read.who, written.who) && rs_str_equal(read.owner, written.owner) &&
                rs_str_equal(read.tenant, written.tenant));
    assert_true(rs_str_equal(read.rule, written.rule) && rs_str_equal(read.key, written.key) && rs_str_equal(read.text, written.text));
    assert_true(from.session == 7 && from.number == 9);
    assert_int_equal(rs_record_write_command(&read, from, again), len);
    assert_memory_equal(bytes, again, len);
}

/* Whatever is read from broken bytes would be written as those bytes again. */
static void broken_bytes_are_no_command_or_the_one_that_they_say(void **state) {
    (void)state;
    uint8_t bytes[RS_RECORD_MAX], again[RS_RECORD_MAX];
    const rs_command_t written = full();
    const size_t len = rs_record_write_command(&written, (rs_origin_t){.session = 7, .number = 9}, bytes);
    rs_command_t read;
    rs_origin_t from;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut + 1);
        assert_non_null(exact);
        memcpy(exact, bytes, cut);
        assert_int_equal(rs_record_read_command(exact, cut, &read, &from), RS_ERR_PARSE);
        free(exact);
    }
    for (size_t at = 0; at < len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1u << bit);
            if (rs_record_read_command(bytes, len, &read, &from) == RS_OK) {
                assert_int_equal(rs_record_write_command(&read, from, again), len);
                assert_memory_equal(bytes, again, len);
            }
            bytes[at] ^= (uint8_t)(1u << bit);
        }
    }
}

static void refuse(rs_command_t command, const char *field) {
    const char *why = rs_command_check(&command);
    if (why == NULL || strncmp(why, field, strlen(field)) != 0) fail_msg("%s: %s", field, why == NULL ? "taken" : why);
}

static void a_command_that_says_too_little_or_too_much_is_refused_by_its_field(void **state) {
    (void)state;
    static char long_text[RS_COMMAND_TEXT + 2];
    memset(long_text, 'x', sizeof long_text - 1);
    rs_command_t command = full();
    assert_null(rs_command_check(&command));
    command.what = RS_COMMAND_NONE;
    refuse(command, "command:");
    command = full();
    command.who = RS_STR("");
    refuse(command, "who:");
    command.who = RS_STR("an\nna");
    refuse(command, "who:");
    command.who = RS_STR("\xff");
    refuse(command, "who:");
    command = full();
    command.text = RS_STR("");
    refuse(command, "text:");
    command.text = rs_str(long_text);
    refuse(command, "text:");
    command.text.len--;
    assert_null(rs_command_check(&command));
    command = full();
    command.until_us = command.at_us;
    refuse(command, "until:");
    command = full();
    command.episode = 0;
    refuse(command, "episode:");
    command.what = RS_COMMAND_SILENCE;
    assert_null(rs_command_check(&command));
    command.until_us = 0;
    refuse(command, "until:");
    command = full();
    command.channel = RS_CHANNEL_COUNT;
    refuse(command, "channel:");
    for (unsigned what = RS_COMMAND_NONE + 1; what < RS_COMMAND_ERASE; what++)
        assert_int_equal(rs_command_find(rs_str(rs_command_name(what))), what);
    assert_int_equal(rs_command_find(RS_STR("none")), RS_COMMAND_NONE);
    assert_int_equal(rs_command_find(RS_STR("erase")), RS_COMMAND_NONE);
}

static void an_erasure_names_a_customer_by_pseudonym_and_a_stand_in(void **state) {
    (void)state;
    rs_command_t command = {.what = RS_COMMAND_ERASE, .at_us = 1, .who = RS_STR("anna"), .owner = RS_STR("customer"), .tenant = RS_STR("t"),
                            .key = RS_STR("00112233445566778899aabbccddeeff"), .rule = RS_STR("ffeeddccbbaa99887766554433221100"),
                            .text = RS_STR("asked")};
    assert_null(rs_command_check(&command));
    rs_command_t other = command;
    other.owner = RS_STR("queue");
    refuse(other, "owner:");
    other = command;
    other.tenant = RS_STR("");
    refuse(other, "tenant:");
    other = command;
    other.key = RS_STR("+15550001");
    refuse(other, "key:");
    other.key = RS_STR("00112233445566778899AABBCCDDEEFF");
    refuse(other, "key:");
    other = command;
    other.rule = command.key;
    refuse(other, "rule:");
    other = command;
    other.text = RS_STR("");
    refuse(other, "text:");
    uint8_t bytes[RS_PSEUDONYM_BYTES];
    char text[2 * RS_PSEUDONYM_BYTES + 1];
    assert_true(rs_pseudonym_parse(command.key, bytes));
    rs_pseudonym_text(bytes, text);
    assert_string_equal(text, "00112233445566778899aabbccddeeff");
}

static void an_erasure_of_an_agent_has_a_name_and_a_stand_in(void **state) {
    (void)state;
    rs_command_t command = {.what = RS_COMMAND_ERASE, .at_us = 1, .who = RS_STR("anna"), .owner = RS_STR("agent"), .tenant = RS_STR("t"),
                            .key = RS_STR("bob"), .rule = RS_STR("erased-0123abcde"), .text = RS_STR("has left")};
    assert_null(rs_command_check(&command));
    const rs_str_t wrong[] = {RS_STR(""), RS_STR("erased-0123abcd"), RS_STR("Erased-0123abcde"), RS_STR("erased-0123ABCDE"),
                              RS_STR("erased-0123abcd\0"), RS_STR("ffeeddccbbaa99887766554433221100")};
    for (unsigned i = 0; i < RS_ARRAY_LEN(wrong); i++) {
        rs_command_t other = command;
        other.rule = wrong[i];
        refuse(other, "rule:");
    }
    rs_command_t other = command;
    other.key = RS_STR("");
    refuse(other, "key:");
    other.key = command.rule;
    refuse(other, "rule:");
}

int run_command_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_read_as_it_was_written),
        cmocka_unit_test(broken_bytes_are_no_command_or_the_one_that_they_say),
        cmocka_unit_test(an_erasure_names_a_customer_by_pseudonym_and_a_stand_in),
        cmocka_unit_test(an_erasure_of_an_agent_has_a_name_and_a_stand_in),
        cmocka_unit_test(a_command_that_says_too_little_or_too_much_is_refused_by_its_field),
    };
    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
