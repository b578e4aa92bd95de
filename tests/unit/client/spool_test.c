/* The spool on disk by itself: what a crash, a loss of power, damage and a second program do to it. */
#include "server.h"

#include "client/spool_internal.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CAPACITY = 65536 };

typedef struct place { char folder[64], path[96], key[104]; } place_t;

static place_t make_place(void) {
    place_t place;
    /* In memory where there is such a place: opening syncs, thousands of times here. */
    snprintf(place.folder, sizeof place.folder, "%s/ringside-spool-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.path, sizeof place.path, "%s/spool", place.folder);
    snprintf(place.key, sizeof place.key, "%s/spool.key", place.folder);
    return place;
}

static void remove_place(const place_t *place) {
    unlink(place->path);
    unlink(place->key);
    assert_int_equal(rmdir(place->folder), 0);
}

static rs__spool_settings_t settings_of(const place_t *place) {
    return (rs__spool_settings_t){.path = place->path, .source = "pbx-1", .incarnation = "first", .capacity = CAPACITY};
}

static rs__spool_t *open_spool(const place_t *place) {
    const rs__spool_settings_t settings = settings_of(place);
    rs__spool_t *spool = NULL;
    assert_int_equal(rs__spool_open(&settings, &spool), RS_OK);
    return spool;
}

static int status_of_opening(const rs__spool_settings_t *settings) {
    rs__spool_t *spool = NULL;
    const int status = rs__spool_open(settings, &spool);
    assert_true((status == RS_OK) == (spool != NULL));
    rs__spool_close(&spool);
    return status;
}

/* What a crash does: the descriptor and its lock are gone, nothing else happens. */
static void crash(rs__spool_t **spool) { rs__spool_close(spool); }

/* --- events: their bytes follow from their number ------------------------------------------------------------------- */
static uint32_t fill_event(uint64_t number, uint8_t bytes[RS__SPOOL_MAX_EVENT]) {
    rs_random_t random = {number * 7919};
    const uint32_t len = (uint32_t)rs_random_below(&random, 8) == 0 ? 1 + (uint32_t)rs_random_below(&random, 6000)
                                                                    : 100 + (uint32_t)rs_random_below(&random, 200);
    for (uint32_t i = 0; i < len; i++) bytes[i] = (uint8_t)(number + i);
    return len;
}

static int append(rs__spool_t *spool, uint64_t number, uint64_t *end) {
    static uint8_t bytes[RS__SPOOL_MAX_EVENT];
    const uint32_t len = fill_event(number, bytes);
    return rs__spool_append(spool, number, bytes, len, end);
}

typedef struct seen {
    uint64_t next, lost, ends[4096];   /* ends: of number n at n % 4096 */
    bool is_missing[4096];
} seen_t;

static int look(void *context, uint64_t number, const void *bytes, uint32_t len, uint64_t end) {
    static uint8_t wanted[RS__SPOOL_MAX_EVENT];
    seen_t *seen = context;
    assert_int_equal(number, seen->next);
    seen->next++;
    seen->ends[number % 4096] = end;
    seen->is_missing[number % 4096] = bytes == NULL;
    if (bytes == NULL) {
        seen->lost++;
        return RS_OK;
    }
    assert_int_equal(len, fill_event(number, wanted));
    assert_memory_equal(bytes, wanted, len);
    return RS_OK;
}

static seen_t recover(rs__spool_t *spool, rs__spool_facts_t *facts) {
    rs__spool_facts(spool, facts);
    seen_t seen = {.next = facts->settled + 1};
    assert_int_equal(rs__spool_recover(spool, look, &seen), RS_OK);
    assert_int_equal(seen.next, facts->last + 1);
    return seen;
}

/* --- keeping -------------------------------------------------------------------------------------------------------- */
static void what_was_appended_is_found_again_with_its_numbers_and_name(void **state) {
    (void)state;
    const place_t place = make_place();
    rs__spool_t *spool = open_spool(&place);
    uint64_t end, fifth = 0;
    for (uint64_t n = 1; n <= 20; n++) {
        assert_int_equal(append(spool, n, &end), RS_OK);
        if (n == 5) fifth = end;
    }
    assert_int_equal(rs__spool_settle(spool, 5, fifth), RS_OK);
    crash(&spool);
    rs__spool_settings_t others = settings_of(&place);
    others.incarnation = "second";
    others.encoding = RS_CLIENT_JSON;
    others.capacity = 2 * CAPACITY;
    assert_int_equal(rs__spool_open(&others, &spool), RS_OK);
    rs__spool_facts_t facts;
    const seen_t seen = recover(spool, &facts);
    assert_int_equal(seen.lost, 0);
    assert_int_equal(facts.settled, 5);
    assert_int_equal(facts.last, 20);
    assert_int_equal(facts.found, 15);
    assert_string_equal(facts.incarnation, "first");
    assert_int_equal(facts.encoding, RS_CLIENT_PROTOBUF);
    assert_int_equal(facts.capacity, CAPACITY);
    assert_true(facts.fence == RS__SPOOL_NO_FENCE);
    rs__spool_close(&spool);
    remove_place(&place);
}

/* A model of the spool is a pair of numbers. */
static void over_many_laps_and_crashes_exactly_what_is_not_settled_is_found(void **state) {
    (void)state;
    const uint64_t seeds = rs_test_number("RS_SEEDS", 12);
    uint64_t refusals = 0, laps = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        const place_t place = make_place();
        rs_random_t random = {seed};
        rs__spool_t *spool = open_spool(&place);
        uint64_t settled = 0, last = 0;
        const uint32_t appends = 60 + (uint32_t)rs_random_below(&random, 36);   /* of a hundred steps */
        const uint64_t pace = rs_random_below(&random, 2) == 0 ? 4 : 200;   /* most that is settled at once */
        static uint64_t ends[4096];
        for (uint32_t step = 0; step < 4000; step++) {
            const uint32_t choice = (uint32_t)rs_random_below(&random, 100);
            if (choice < appends) {
                const int status = append(spool, last + 1, &ends[(last + 1) % 4096]);
                if (status == RS_OK) last++;
                else refusals++;
                if (status != RS_OK) assert_int_equal(status, RS_ERR_FULL);
            } else if (choice < 98 && last > settled) {
                const uint64_t most = last - settled < pace ? last - settled : pace;
                settled += 1 + rs_random_below(&random, most);
                assert_int_equal(rs__spool_settle(spool, settled, ends[settled % 4096]), RS_OK);
                if (settled == last) assert_int_equal(rs__spool_used(spool), 0);
            } else if (choice >= 98) {
                crash(&spool);
                spool = open_spool(&place);
                rs__spool_facts_t facts;
                const seen_t seen = recover(spool, &facts);
                if (facts.settled != settled || facts.last != last || facts.lost != 0 || seen.lost != 0) {
                    fail_msg("seed %ju", (uintmax_t)seed);
                }
                memcpy(ends, seen.ends, sizeof ends);
            }
        }
        laps += spool->head / CAPACITY;
        rs__spool_close(&spool);
        remove_place(&place);
    }
    assert_true(refusals > 0 && laps > 2 * seeds);
}

static void a_full_spool_says_so_and_has_room_again_when_something_is_settled(void **state) {
    (void)state;
    const place_t place = make_place();
    rs__spool_t *spool = open_spool(&place);
    uint64_t last = 0, end = 0, first = 0;
    while (append(spool, last + 1, &end) == RS_OK) {
        if (++last == 20) first = end;
    }
    assert_true(last > 50);
    assert_true(rs__spool_used(spool) > CAPACITY / 2 && rs__spool_used(spool) <= CAPACITY);
    assert_int_equal(append(spool, last + 1, &end), RS_ERR_FULL);
    assert_int_equal(rs__spool_settle(spool, 20, first), RS_OK);
    assert_int_equal(append(spool, last + 1, &end), RS_OK);
    struct stat about;
    assert_int_equal(stat(place.path, &about), 0);
    assert_int_equal(about.st_size, RS__SPOOL_DATA + CAPACITY + RS__SPOOL_BLOCK);
    assert_int_equal(about.st_mode & 0777, 0600);
    rs__spool_close(&spool);
    remove_place(&place);
}

static void an_event_that_cannot_be_written_is_not_in_the_spool(void **state) {
    (void)state;
    const place_t place = make_place();
    rs__spool_t *spool = open_spool(&place);
    uint64_t end;
    assert_int_equal(append(spool, 1, &end), RS_OK);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit none = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(append(spool, 2, &end), RS_ERR_IO);
    const int failed_mark = rs__spool_settle(spool, 1, end);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(failed_mark, RS_ERR_IO);
    assert_int_equal(append(spool, 2, &end), RS_OK);
    crash(&spool);
    spool = open_spool(&place);
    rs__spool_facts_t facts;
    assert_int_equal(recover(spool, &facts).lost, 0);
    assert_int_equal(facts.last, 2);
    assert_int_equal(facts.settled, 0);
    rs__spool_close(&spool);
    remove_place(&place);
}

/* --- who may open it ------------------------------------------------------------------------------------------------ */
static void a_second_program_on_a_spool_is_refused(void **state) {
    (void)state;
    const place_t place = make_place();
    rs__spool_t *spool = open_spool(&place);
    const rs__spool_settings_t settings = settings_of(&place);
    assert_int_equal(status_of_opening(&settings), RS_ERR_STATE);
    rs__spool_close(&spool);
    assert_int_equal(status_of_opening(&settings), RS_OK);
    remove_place(&place);
}

static void a_spool_of_another_source_or_without_its_key_is_refused_and_stays_as_it_is(void **state) {
    (void)state;
    const place_t place = make_place();
    rs__spool_t *spool = open_spool(&place);
    uint64_t end;
    assert_int_equal(append(spool, 1, &end), RS_OK);
    rs__spool_close(&spool);
    rs__spool_settings_t settings = settings_of(&place);
    settings.source = "pbx-2";
    assert_int_equal(status_of_opening(&settings), RS_ERR_EXISTS);
    settings = settings_of(&place);
    const uint8_t wrong[RS__SPOOL_KEY_BYTES] = {1};
    settings.key = wrong;
    assert_int_equal(status_of_opening(&settings), RS_ERR_NOT_FOUND);
    settings.key = NULL;
    char moved[128];
    snprintf(moved, sizeof moved, "%s.moved", place.key);
    assert_int_equal(rename(place.key, moved), 0);
    assert_int_equal(status_of_opening(&settings), RS_ERR_NOT_FOUND);
    assert_int_not_equal(access(place.key, F_OK), 0);
    assert_int_equal(rename(moved, place.key), 0);
    spool = open_spool(&place);
    rs__spool_facts_t facts;
    assert_int_equal(recover(spool, &facts).lost, 0);
    assert_int_equal(facts.last, 1);
    rs__spool_close(&spool);
    remove_place(&place);
}

static void write_bytes(const char *path, const void *bytes, size_t len, off_t offset) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, offset), (ssize_t)len);
    close(fd);
}

static void a_file_that_is_no_spool_is_refused_and_stays_as_it_is(void **state) {
    (void)state;
    const place_t place = make_place();
    const char text[] = "somebody's letter";
    write_bytes(place.path, text, sizeof text, 0);
    const rs__spool_settings_t settings = settings_of(&place);
    assert_int_equal(status_of_opening(&settings), RS_ERR_PARSE);
    char back[sizeof text];
    const int fd = open(place.path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, back, sizeof back), sizeof back);
    assert_int_equal(read(fd, back, 1), 0);
    close(fd);
    assert_memory_equal(back, text, sizeof text);
    unlink(place.path);
    assert_int_equal(mkdir(place.path, 0700), 0);
    assert_int_equal(status_of_opening(&settings), RS_ERR_IO);
    rmdir(place.path);
    remove_place(&place);
}

static void a_spool_of_a_later_version_is_refused(void **state) {
    (void)state;
    const place_t place = make_place();
    rs__spool_t *spool = open_spool(&place);
    rs__spool_close(&spool);
    uint8_t block[RS__SPOOL_IDENTITY];
    const int fd = open(place.path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, block, sizeof block, 0), sizeof block);
    block[8] = 2;
    crypto_generichash(block + sizeof block - 16, 16, block, sizeof block - 16, NULL, 0);
    assert_int_equal(pwrite(fd, block, sizeof block, 0), sizeof block);
    close(fd);
    const rs__spool_settings_t settings = settings_of(&place);
    assert_int_equal(status_of_opening(&settings), RS_ERR_VERSION);
    remove_place(&place);
}

/* --- damage --------------------------------------------------------------------------------------------------------- */
typedef struct image { uint8_t bytes[RS__SPOOL_DATA + CAPACITY + RS__SPOOL_BLOCK]; size_t len; } image_t;

static void take_image(const char *path, image_t *image) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    image->len = sizeof image->bytes;
    assert_int_equal(read(fd, image->bytes, image->len), (ssize_t)image->len);
    close(fd);
}

static void put_image(const char *path, const image_t *image) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, image->bytes, image->len), (ssize_t)image->len);
    close(fd);
}

enum { DAMAGED_SETTLED = 3, DAMAGED_LAST = 12 };

/* A spool whose numbers 4 to 12 are not settled, in its second lap or later; where each of them lies. */
static void make_sample(const place_t *place, image_t *image, uint64_t begins[DAMAGED_LAST + 2]) {
    rs__spool_t *spool = open_spool(place);
    uint64_t end = 0, third = 0;
    for (uint64_t n = 1; n <= DAMAGED_LAST; n++) {
        begins[n] = end;
        assert_int_equal(append(spool, n, &end), RS_OK);
        if (n == DAMAGED_SETTLED) third = end;
    }
    begins[DAMAGED_LAST + 1] = end;
    assert_int_equal(rs__spool_settle(spool, DAMAGED_SETTLED, third), RS_OK);
    rs__spool_close(&spool);
    take_image(place->path, image);
}

/* Which number's record a byte of the file belongs to, 0: none. */
static uint64_t owner_of(const uint64_t *begins, size_t offset) {
    for (uint64_t n = 1; n <= DAMAGED_LAST; n++) {
        if (offset >= RS__SPOOL_DATA + begins[n] && offset < RS__SPOOL_DATA + begins[n + 1]) return n;
    }
    return 0;
}

/* Bytes that fill a record up to a multiple of 8 are nobody's. */
static bool is_filling(const uint64_t *begins, uint64_t number, size_t offset) {
    static uint8_t bytes[RS__SPOOL_MAX_EVENT];
    return number != 0 && offset >= RS__SPOOL_DATA + begins[number] + RS__SPOOL_HEAD + fill_event(number, bytes) + RS__SPOOL_TAG;
}

static void check_damage(const place_t *place, const uint64_t *begins, size_t offset, unsigned bit) {
    const uint64_t number = owner_of(begins, offset);
    const bool is_lost = number > DAMAGED_SETTLED && !is_filling(begins, number, offset);
    rs__spool_t *spool = open_spool(place);
    rs__spool_facts_t facts;
    const seen_t seen = recover(spool, &facts);
    const bool in_mark = offset >= RS__SPOOL_BLOCK && offset < RS__SPOOL_DATA;
    const uint64_t last = is_lost && number == DAMAGED_LAST ? DAMAGED_LAST - 1 : DAMAGED_LAST;
    bool right = facts.lost == (is_lost ? 1 : 0) && facts.last == last;
    /* Without the mark everything that is there is sent again: the daemon has its own. */
    right = right && (in_mark ? facts.settled <= DAMAGED_SETTLED : facts.settled == DAMAGED_SETTLED);
    right = right && seen.lost == (is_lost && number < DAMAGED_LAST ? 1 : 0);
    right = right && (!is_lost || number == DAMAGED_LAST || seen.is_missing[number]);
    right = right && (facts.fence == (is_lost && number == DAMAGED_LAST ? last : RS__SPOOL_NO_FENCE));
    if (!right) {
        fail_msg("bit %u of byte %zu (number %ju): lost %ju, last %ju, settled %ju", bit, offset, (uintmax_t)number, (uintmax_t)facts.lost,
                 (uintmax_t)facts.last, (uintmax_t)facts.settled);
    }
    rs__spool_close(&spool);
}

static void one_bit_that_flips_costs_one_event_at_most_and_is_reported(void **state) {
    (void)state;
    const place_t place = make_place();
    static image_t image;
    uint64_t begins[DAMAGED_LAST + 2];
    make_sample(&place, &image, begins);
    rs_random_t random = {11};
    const uint32_t tries = 1500 + (uint32_t)rs_test_number("RS_SEEDS", 1) * 10;
    for (uint32_t i = 0; i < tries; i++) {
        /* Every bit of the blocks' used bytes and of the last record's head, then anything. */
        const size_t last_head = RS__SPOOL_DATA + begins[DAMAGED_LAST];
        const uint32_t all = (uint32_t)(RS__SPOOL_DATA + begins[DAMAGED_LAST + 1]);
        const size_t offset = i < 384      ? last_head + i / 8
                              : i < 768    ? RS__SPOOL_BLOCK + (i - 384) / 8
                              : i % 2 == 0 ? (uint32_t)rs_random_below(&random, RS__SPOOL_IDENTITY)
                                           : (uint32_t)rs_random_below(&random, all);
        const unsigned bit = i < 768 ? i % 8 : (uint32_t)rs_random_below(&random, 8);
        image.bytes[offset] ^= (uint8_t)(1u << bit);
        put_image(place.path, &image);
        image.bytes[offset] ^= (uint8_t)(1u << bit);
        check_damage(&place, begins, offset, bit);
    }
    remove_place(&place);
}

/* Something of what ends there is gone. The file is filled up with zeros: of a tag that ends with some, these are not missed. */
static bool is_cut(const image_t *image, size_t end) {
    for (size_t at = image->len; at < end; at++) {
        if (image->bytes[at] != 0) return true;
    }
    return false;
}

static void a_spool_cut_anywhere_gives_what_stands_before_the_cut(void **state) {
    (void)state;
    const place_t place = make_place();
    static image_t image;
    uint64_t begins[DAMAGED_LAST + 2];
    make_sample(&place, &image, begins);
    const size_t whole = image.len;
    rs_random_t random = {5};
    for (uint32_t i = 0; i < 200; i++) {
        image.len = RS__SPOOL_DATA + (uint32_t)rs_random_below(&random, (uint32_t)begins[DAMAGED_LAST + 1]);
        put_image(place.path, &image);
        rs__spool_t *spool = open_spool(&place);
        rs__spool_facts_t facts;
        assert_int_equal(recover(spool, &facts).lost, 0);
        uint64_t last = DAMAGED_LAST;
        static uint8_t bytes[RS__SPOOL_MAX_EVENT];
        while (last > 0 && is_cut(&image, RS__SPOOL_DATA + begins[last] + RS__SPOOL_HEAD + fill_event(last, bytes) + RS__SPOOL_TAG)) {
            last--;
        }
        assert_int_equal(facts.last, last < DAMAGED_SETTLED ? DAMAGED_SETTLED : last);
        uint64_t end;
        assert_int_equal(append(spool, facts.last + 1, &end), RS_OK);   /* and it can be used again */
        rs__spool_close(&spool);
        image.len = whole;
    }
    remove_place(&place);
}

/* A program killed in the middle of a write: the first bytes of a record are there. */
static void a_record_that_was_begun_is_not_used_and_its_number_is_not_sent_under_the_same_name(void **state) {
    (void)state;
    const place_t place = make_place();
    static image_t image;
    uint64_t begins[DAMAGED_LAST + 2];
    make_sample(&place, &image, begins);
    static uint8_t bytes[RS__SPOOL_MAX_EVENT];
    const size_t begin = RS__SPOOL_DATA + begins[DAMAGED_LAST];
    const size_t end = begin + RS__SPOOL_HEAD + fill_event(DAMAGED_LAST, bytes) + RS__SPOOL_TAG;
    static image_t torn;
    for (size_t cut = begin; cut < end; cut++) {
        torn = image;
        memset(torn.bytes + cut, 0, end - cut);
        if (memcmp(torn.bytes, image.bytes, image.len) == 0) continue;   /* zeros ended the record */
        put_image(place.path, &torn);
        rs__spool_t *spool = open_spool(&place);
        rs__spool_facts_t facts;
        assert_int_equal(recover(spool, &facts).lost, 0);
        assert_int_equal(facts.last, DAMAGED_LAST - 1);
        if (cut >= begin + 16) assert_int_equal(facts.lost, 1);
        if (facts.lost == 1) assert_int_equal(facts.fence, DAMAGED_LAST - 1);
        rs__spool_close(&spool);
        if (cut % 8 != 0) continue;
        spool = open_spool(&place);   /* the fence holds until the session has another name */
        recover(spool, &facts);
        if (cut >= begin + 16) assert_int_equal(facts.fence, DAMAGED_LAST - 1);
        assert_int_equal(facts.lost, 0);   /* it was counted, once */
        assert_int_equal(rs__spool_rename(spool, "other"), RS_OK);
        rs__spool_close(&spool);
        spool = open_spool(&place);   /* and no other name is taken for it again */
        recover(spool, &facts);
        assert_int_equal(facts.fence, RS__SPOOL_NO_FENCE);
        rs__spool_close(&spool);
    }
    remove_place(&place);
}

static void after_the_machine_went_down_later_numbers_get_another_name_unless_batches_were_synced(void **state) {
    (void)state;
    for (unsigned is_synced = 0; is_synced <= 1; is_synced++) {
        const place_t place = make_place();
        rs__spool_settings_t settings = settings_of(&place);
        settings.sync = is_synced != 0 ? RS_CLIENT_SYNC_BATCH : RS_CLIENT_SYNC_NEVER;
        rs__spool_t *spool = NULL;
        assert_int_equal(rs__spool_open(&settings, &spool), RS_OK);
        uint64_t end;
        for (uint64_t n = 1; n <= 4; n++) assert_int_equal(append(spool, n, &end), RS_OK);
        assert_int_equal(rs__spool_sync(spool), RS_OK);
        spool->boot[0] ^= 1;   /* what another start of the machine looks like */
        assert_int_equal(rs__spool_write_identity(spool), RS_OK);
        crash(&spool);
        spool = open_spool(&place);
        rs__spool_facts_t facts;
        recover(spool, &facts);
        assert_true(facts.fence == (is_synced != 0 ? RS__SPOOL_NO_FENCE : 4));
        for (uint64_t n = 5; n <= 6; n++) assert_int_equal(append(spool, n, &end), RS_OK);
        crash(&spool);
        spool = open_spool(&place);
        recover(spool, &facts);
        assert_int_equal(facts.last, 6);
        assert_true(facts.fence == (is_synced != 0 ? RS__SPOOL_NO_FENCE : 4));
        rs__spool_close(&spool);
        remove_place(&place);
    }
}

int spool_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_appended_is_found_again_with_its_numbers_and_name),
        cmocka_unit_test(over_many_laps_and_crashes_exactly_what_is_not_settled_is_found),
        cmocka_unit_test(a_full_spool_says_so_and_has_room_again_when_something_is_settled),
        cmocka_unit_test(an_event_that_cannot_be_written_is_not_in_the_spool),
        cmocka_unit_test(a_second_program_on_a_spool_is_refused),
        cmocka_unit_test(a_spool_of_another_source_or_without_its_key_is_refused_and_stays_as_it_is),
        cmocka_unit_test(a_file_that_is_no_spool_is_refused_and_stays_as_it_is),
        cmocka_unit_test(a_spool_of_a_later_version_is_refused),
        cmocka_unit_test(one_bit_that_flips_costs_one_event_at_most_and_is_reported),
        cmocka_unit_test(a_spool_cut_anywhere_gives_what_stands_before_the_cut),
        cmocka_unit_test(a_record_that_was_begun_is_not_used_and_its_number_is_not_sent_under_the_same_name),
        cmocka_unit_test(after_the_machine_went_down_later_numbers_get_another_name_unless_batches_were_synced),
    };
    return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
