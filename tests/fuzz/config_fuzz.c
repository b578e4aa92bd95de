/* Any bytes as a configuration: up to the first NUL the file, after it settings (KEY=VALUE), each ended by a NUL. What
 * loads can be printed and compared with itself; what does not says why, in whole characters on one line. */
#include "config/config.h"
#include "config/diff.h"
#include "config/document.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_SETTINGS = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_text(const char *text, size_t size) {
    uint32_t at;
    RS_REQUIRE(memchr(text, '\0', size) != NULL);
    RS_REQUIRE(rs__text_is_utf8(rs_str(text), &at));
    for (const char *c = text; *c != '\0'; c++) RS_REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7F);
}

static void check_error(const rs_config_error_t *error) {
    char line[2048];
    RS_REQUIRE(error->reason[0] != '\0');
    RS_REQUIRE((error->line == 0) == (error->column == 0));
    check_text(error->file, sizeof(error->file));
    check_text(error->key, sizeof(error->key));
    check_text(error->reason, sizeof(error->reason));
    check_text(error->allowed, sizeof(error->allowed));
    rs_config_error_format(error, line, sizeof(line));
    RS_REQUIRE(strlen(line) < sizeof(line) - 1);
}

static void check_config(const rs_config_t *config) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    RS_REQUIRE(stream != NULL);
    rs_config_print(config, stream);
    fclose(stream);
    RS_REQUIRE(length > 1000);
    free(text);
    RS_REQUIRE(rs_config_diff(config, config, NULL, NULL) == 0);
    RS_REQUIRE(config->zone != NULL && config->window_count > 0 && config->policy_count > 0);
    for (uint32_t i = 0; i < config->queue_count; i++) {
        const rs_queue_config_t *queue = &config->queues[i];
        const rs_standard_t standard = rs_config_standard(config, NULL, queue->tenant, queue->name, queue->channel);
        RS_REQUIRE(standard.threshold_us > 0 && standard.short_us >= 0 && standard.target > 0 && standard.target < 1);
    }
}

/* The file lies in memory; its descriptor stays for the whole run. */
static const char *write_file(const uint8_t *bytes, size_t len) {
    static int file = -1;
    static char path[64];
    if (file < 0) {
        file = memfd_create("config", MFD_CLOEXEC);
        RS_REQUIRE(file >= 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    }
    RS_REQUIRE(ftruncate(file, 0) == 0);
    RS_REQUIRE(pwrite(file, bytes, len, 0) == (ssize_t)len);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    const char *sets[MAX_SETTINGS];
    size_t count = 0;
    if (len > 64 * 1024) return 0;
    char *copy = calloc(1, len + 1); /* ended by a NUL, and as long as it says */
    RS_REQUIRE(copy != NULL);
    if (len > 0) memcpy(copy, bytes, len);
    const size_t file_length = strlen(copy);
    for (size_t at = file_length + 1; at < len && count < MAX_SETTINGS; at += strlen(copy + at) + 1)
        sets[count++] = copy + at;
    rs_config_t *config = NULL;
    rs_config_error_t error;
    const int status = rs_config_load(write_file(bytes, file_length), sets, count, &config, &error);
    if (status == RS_OK)
        check_config(config);
    else
        check_error(&error);
    RS_REQUIRE(status == RS_OK || (status == RS_ERR_PARSE && config == NULL));
    rs_config_destroy(&config);
    free(copy);
    return 0;
}
