#include "config_tests.h"

#include <unistd.h>

int load_text(const char *text, size_t length, const char *const *sets, size_t set_count, rs_config_t **config,
              rs_config_error_t *error) {
    char path[] = "/tmp/ringside-config-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, length), (ssize_t)length);
    close(file);
    const int status = rs_config_load(path, sets, set_count, config, error);
    unlink(path);
    return status;
}

rs_config_t *must_load(const char *text, const char *const *sets, size_t set_count) {
    rs_config_t *config = NULL;
    rs_config_error_t error;
    const int status = load_text(text, strlen(text), sets, set_count, &config, &error);
    if (status != RS_OK) {
        char message[1024];
        rs_config_error_format(&error, message, sizeof(message));
        fail_msg("%s", message);
    }
    return config;
}

char *printed(const rs_config_t *config) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    rs_config_print(config, stream);
    fclose(stream);
    return text;
}

static struct CMUnitTest all[256];
static size_t count;

static void add(const struct CMUnitTest *tests, size_t more) {
    for (size_t i = 0; i < more; i++) all[count++] = tests[i];
}

int main(void) {
    add(scalar_tests, scalar_test_count);
    add(policy_tests, policy_test_count);
    add(load_tests, load_test_count);
    add(error_tests, error_test_count);
    add(sample_tests, sample_test_count);
    add(diff_tests, diff_test_count);
    add(memory_tests, memory_test_count);
    add(zone_tests, zone_test_count);
    add(hours_tests, hours_test_count);
    return _cmocka_run_group_tests("config", all, count, NULL, NULL);
}
