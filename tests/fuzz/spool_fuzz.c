/* A spool file of anything: it is refused and left alone, or what is found in it has whole numbers, and it can be used.
 * First byte even: the rest is the file. Odd: the rest are edits of a good file, 4 bytes each (where: 3, what: 1), and after each edit of a
 * block its checksum may be made good again (bit 7 of where), so that the fuzzer gets past it. */
#include "client/spool_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { CAPACITY = 65536, SIZE = RS__SPOOL_DATA + CAPACITY + RS__SPOOL_BLOCK, EVENTS = 30 };

static char path[64];
static uint8_t good[SIZE];
static const uint8_t key[RS__SPOOL_KEY_BYTES] = {7};

static const rs__spool_settings_t *settings(void) {
    static rs__spool_settings_t made;
    made = (rs__spool_settings_t){.path = path, .source = "pbx", .incarnation = "run", .capacity = CAPACITY, .key = key};
    return &made;
}

static void remove_file(void) { unlink(path); }

static void put_file(const uint8_t *bytes, size_t len) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    RS_REQUIRE(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

static void prepare(void) {
    rs__spool_t *spool = NULL;
    uint64_t end, half = 0;
    snprintf(path, sizeof path, "%s/ringside-spool-fuzz-%d", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    atexit(remove_file);
    unlink(path);
    RS_REQUIRE(rs__spool_open(settings(), &spool) == RS_OK);
    for (uint64_t n = 1; n <= EVENTS; n++) {
        RS_REQUIRE(rs__spool_append(spool, n, good, (uint32_t)(n * 37 % 300 + 1), &end) == RS_OK);
        if (n == EVENTS / 2) half = end;
    }
    RS_REQUIRE(rs__spool_settle(spool, EVENTS / 2, half) == RS_OK);
    rs__spool_close(&spool);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    RS_REQUIRE(fd >= 0 && read(fd, good, sizeof good) == (ssize_t)sizeof good);
    close(fd);
}

static size_t edit(const uint8_t *bytes, size_t len, uint8_t *file) {
    memcpy(file, good, SIZE);
    for (; len >= 4; bytes += 4, len -= 4) {
        const size_t where = (((size_t)(bytes[0] & 127) << 16) | (size_t)bytes[1] << 8 | bytes[2]) % SIZE;
        file[where] = bytes[3];
        if ((bytes[0] & 128) != 0 && where < RS__SPOOL_IDENTITY) crypto_generichash(file + 496, 16, file, 496, NULL, 0);
    }
    return SIZE;
}

typedef struct seen { uint64_t next, lost; } seen_t;

static int look(void *context, uint64_t number, const void *bytes, uint32_t len, uint64_t end) {
    seen_t *seen = context;
    RS_REQUIRE(number == seen->next++ && (bytes == NULL) == (len == 0));
    seen->lost += bytes == NULL;
    (void)end;
    return RS_OK;
}

static void use(rs__spool_t *spool) {
    rs__spool_facts_t facts;
    rs__spool_facts(spool, &facts);
    seen_t seen = {.next = facts.settled + 1};
    RS_REQUIRE(rs__spool_recover(spool, look, &seen) == RS_OK);
    RS_REQUIRE(seen.next == facts.last + 1 && seen.lost <= facts.lost && facts.last - facts.settled == facts.found + seen.lost);
    RS_REQUIRE(rs__spool_used(spool) <= facts.capacity);
    uint64_t end = 0, number = facts.last;
    while (rs__spool_append(spool, number + 1, good, 200, &end) == RS_OK) number++;
    RS_REQUIRE(end == 0 || rs__spool_settle(spool, number, end) == RS_OK);
    RS_REQUIRE(rs__spool_append(spool, number + 1, good, 200, &end) == RS_OK || end == 0);
}

static void try_file(const uint8_t *bytes, size_t len) {
    rs__spool_t *spool = NULL;
    put_file(bytes, len);
    const int status = rs__spool_open(settings(), &spool);
    RS_REQUIRE((status == RS_OK) == (spool != NULL));
    if (status == RS_OK) use(spool);
    rs__spool_close(&spool);
    if (status != RS_OK) return;
    RS_REQUIRE(rs__spool_open(settings(), &spool) == RS_OK);   /* what it has written it can read */
    rs__spool_close(&spool);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    static uint8_t file[SIZE];
    if (path[0] == '\0') prepare();
    if (len == 0) return 0;
    if (bytes[0] % 2 == 0) try_file(bytes + 1, len - 1);
    else try_file(file, edit(bytes + 1, len - 1, file));
    return 0;
}
