/* Plays files through a fuzz target without a fuzzer: every file of the folders (or files) given as arguments. Fails when
 * there is none, so that a moved corpus is noticed; a finding ends the program as it would under the fuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static unsigned played;

static void fail(const char *what, const char *path) {
    fprintf(stderr, "replay: %s: %s\n", what, path);
    exit(1);
}

/* The input is an allocation of exactly its size, so that a sanitizer sees a read past its end. */
static void play_file(const char *path, size_t size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail("cannot open", path);
    uint8_t *bytes = malloc(size == 0 ? 1 : size);
    if (bytes == NULL || fread(bytes, 1, size, file) != size) fail("cannot read", path);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    played++;
}

static void play(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) fail("not found", path);
    if (!S_ISDIR(status.st_mode)) {
        play_file(path, (size_t)status.st_size);
        return;
    }
    DIR *folder = opendir(path);
    if (folder == NULL) fail("cannot open", path);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char inner[4096];
        if (entry->d_name[0] == '.') continue;
        if (snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= (int)sizeof inner) fail("path too long", path);
        play(inner);
    }
    closedir(folder);
}

int main(int argument_count, char **arguments) {
    for (int i = 1; i < argument_count; i++) play(arguments[i]);
    if (played == 0) fail("no input", argument_count > 1 ? arguments[1] : "no folder was given");
    printf("replayed %u inputs\n", played);
    return 0;
}
