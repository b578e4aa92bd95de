/* The journal on a disk that loses, tears, reorders and fails: whatever happens and whenever, what was durable is read back, each record
 * once, in order and byte for byte; what was not is there as a beginning of what was appended, or not at all; flipped bits are found
 * and reported exactly. RS_SEEDS: how many histories of several lives each (20,000; a tenth under a sanitizer). RS_SEED: only this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal/recover.h"
#include "sim_disk.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DEFAULT_SEEDS = 2000, DEFAULT_FLIPS = 3000 };
#else
enum { DEFAULT_SEEDS = 20000, DEFAULT_FLIPS = 100000 };
#endif
enum { MAX_RECORDS = 4096, LIVES = 5, SEGMENT = 65536 };

/* What was given to the journal: the bytes follow from the salt, so that two lives that used the same number can be told apart. */
typedef struct ledger {
    uint32_t salts[MAX_RECORDS + 1], lens[MAX_RECORDS + 1];
    uint64_t appended, durable, retired;   /* retired: records up to here may be gone */
} ledger_t;

typedef struct trial {
    uint64_t seed;
    rs_random_t random;
    sim_disk_t *sim;
    ledger_t ledger;
    /* of the recovery at hand */
    uint64_t after, next, seen;
    bool is_seen[MAX_RECORDS + 1], reads_all;
    unsigned char *known[MAX_RECORDS + 1];   /* the bytes, when they are needed very often */
    const char *why;
} trial_t;

static void fill(unsigned char *bytes, uint64_t number, uint32_t salt, uint32_t len) {
    rs_random_t random = {number * UINT64_C(1000003) + salt};
    for (uint32_t i = 0; i < len; i++) bytes[i] = (unsigned char)rs_random_next(&random);
}

static int on_record(void *context, const rs_journal_record_t *record) {
    trial_t *trial = context;
    const ledger_t *ledger = &trial->ledger;
    static unsigned char made[SEGMENT];
    const unsigned char *expected = made;
    if (record->number < trial->next) trial->why = "a record came twice or out of order";
    if (record->number > ledger->appended) {
        trial->why = "a record that was never appended";
        return RS_OK;
    }
    if (trial->known[record->number] != NULL) expected = trial->known[record->number];
    else fill(made, record->number, ledger->salts[record->number], ledger->lens[record->number]);
    if (record->len != ledger->lens[record->number] || memcmp(record->bytes, expected, record->len) != 0) trial->why = "other bytes";
    trial->next = record->number + 1;
    trial->is_seen[record->number] = true;
    trial->seen++;
    return RS_OK;
}

static void append_some(trial_t *trial, rs_journal_t *journal) {
    ledger_t *ledger = &trial->ledger;
    static unsigned char bytes[SEGMENT];
    const uint64_t count = rs_random_below(&trial->random, 12);
    for (uint64_t i = 0; i < count && ledger->appended < MAX_RECORDS; i++) {
        const uint32_t len = (uint32_t)(rs_random_below(&trial->random, 20) == 0 ? rs_random_below(&trial->random, 9000)
                                                                                : rs_random_below(&trial->random, 300));
        const uint32_t salt = (uint32_t)rs_random_next(&trial->random);
        fill(bytes, ledger->appended + 1, salt, len);
        uint64_t number;
        if (rs_journal_append(journal, 7, bytes, len, &number) != RS_OK) return;
        if (number != ledger->appended + 1) trial->why = "numbers do not follow each other";
        ledger->appended = number;
        ledger->salts[number] = salt;
        ledger->lens[number] = len;
    }
}

static void note_durable(trial_t *trial, const rs_journal_t *journal) {
    const uint64_t durable = rs_journal_durable(journal);
    if (durable < trial->ledger.durable) trial->why = "what is durable shrank";
    trial->ledger.durable = durable;
}

static void mark(trial_t *trial, rs_journal_t *journal) {
    (void)!rs_journal_mark(journal);
    note_durable(trial, journal);
}

static void retire_some(trial_t *trial, rs_journal_t *journal) {
    const uint64_t number = rs_random_below(&trial->random, trial->ledger.durable + 1);
    if (number > trial->ledger.retired) trial->ledger.retired = number;
    const int status = rs_journal_retire(journal, number, INT64_MAX);
    (void)status;
}

static void live(trial_t *trial, rs_journal_t *journal) {
    const uint64_t steps = 5 + rs_random_below(&trial->random, 60);
    for (uint64_t i = 0; i < steps && trial->why == NULL; i++) {
        bool more;
        switch (rs_random_below(&trial->random, 8)) {
            case 0:
            case 1:
            case 2: append_some(trial, journal); break;
            case 3:
            case 4: {
                const int status = rs_journal_commit(journal);
                note_durable(trial, journal);
                if (status == RS_OK && trial->ledger.durable != trial->ledger.appended) trial->why = "a commit that did not commit";
                break;
            }
            case 5: (void)!rs_journal_maintain(journal, &more); break;
            case 6: if (rs_random_below(&trial->random, 6) == 0) mark(trial, journal); break;
            default: if (rs_random_below(&trial->random, 8) == 0) retire_some(trial, journal); break;
        }
    }
}

static rs_recovery_t *recover(trial_t *trial) {
    static rs_recovery_t recovery;
    const ledger_t *ledger = &trial->ledger;
    trial->next = 1;
    trial->seen = 0;
    memset(trial->is_seen, 0, sizeof trial->is_seen);
    /* A snapshot may be as new as what is durable. */
    trial->after = ledger->retired;
    if (!trial->reads_all && rs_random_below(&trial->random, 2) == 0) {
        trial->after += rs_random_below(&trial->random, ledger->durable - ledger->retired + 1);
    }
    if (rs_journal_recover(sim_disk_as_disk(trial->sim), trial->after, on_record, trial, &recovery) == RS_OK) return &recovery;
    rs_recovery_end(&recovery);
    if (!sim_disk_is_dead(trial->sim)) trial->why = "recovery failed";
    return NULL;
}

/* Nothing is damaged: all that was durable is there, and of the rest a beginning. */
static void check_whole(trial_t *trial, const rs_recovery_t *recovery) {
    const ledger_t *ledger = &trial->ledger;
    if (trial->why != NULL || recovery == NULL) return;
    const uint64_t last = trial->next - 1 > ledger->durable ? trial->next - 1 : ledger->durable;
    if (recovery->lost != 0 || recovery->ends_early) trial->why = "something is called lost on a disk that lost nothing";
    else if (last < trial->after) trial->why = NULL;
    else if (trial->seen != last - trial->after) trial->why = "a durable record is missing";
}

static rs_journal_t *open_journal(trial_t *trial, rs_recovery_t *recovery) {
    const rs_journal_settings_t settings = {.segment_bytes = SEGMENT, .max_segments = 16, .spares = 2, .pending_bytes = 32768};
    rs_journal_t *journal = NULL;
    if (recovery->resume.journal == 0) recovery->resume.journal = trial->seed | 1;
    if (rs_journal_create(sim_disk_as_disk(trial->sim), &settings, &recovery->resume, &journal) != RS_OK) return NULL;
    return journal;
}

/* The next life begins with what recovery found. False: it died while it began. */
static bool begin_life(trial_t *trial, rs_recovery_t *recovery, rs_journal_t **journal) {
    *journal = open_journal(trial, recovery);
    if (*journal == NULL) return false;
    bool more = true;
    while (more && rs_journal_maintain(*journal, &more) == RS_OK) {}
    const uint64_t found = trial->next - 1 > recovery->resume.last ? trial->next - 1 : recovery->resume.last;
    if (rs_journal_adopt(*journal, recovery) != RS_OK) return false;
    /* Whatever was appended and not found was never acknowledged: its numbers are used again. */
    rs_journal_stat_t stat;
    rs_journal_stat(*journal, &stat);
    if (stat.appended < found) trial->why = "what recovery handed over is forgotten";
    trial->ledger.appended = stat.appended;
    note_durable(trial, *journal);
    return true;
}

static void one_history(trial_t *trial) {
    trial->sim = sim_disk_create(trial->seed ^ 77);
    for (unsigned i = 0; i < LIVES && trial->why == NULL; i++) {
        /* Death may come while recovering, too. */
        if (rs_random_below(&trial->random, 3) == 0) sim_disk_die_at(trial->sim, 1 + rs_random_below(&trial->random, 30));
        rs_recovery_t *recovery = recover(trial);
        check_whole(trial, recovery);
        sim_disk_fail(trial->sim, rs_random_below(&trial->random, 3) == 0 ? 2 + (uint32_t)rs_random_below(&trial->random, 40) : 0);
        rs_journal_t *journal = NULL;
        if (trial->why == NULL && recovery != NULL && begin_life(trial, recovery, &journal)) {
            sim_disk_fill(trial->sim, rs_random_below(&trial->random, 5) == 0);
            if (rs_random_below(&trial->random, 2) == 0) sim_disk_die_at(trial->sim, 1 + rs_random_below(&trial->random, 120));
            live(trial, journal);
        }
        if (recovery != NULL) rs_recovery_end(recovery);
        rs_journal_destroy(&journal);
        sim_disk_fail(trial->sim, 0);
        sim_disk_fill(trial->sim, false);
        if (rs_random_below(&trial->random, 2) == 0) sim_disk_crash(trial->sim);
        else sim_disk_kill(trial->sim);
    }
    rs_recovery_t *recovery = recover(trial);
    check_whole(trial, recovery);
    if (recovery != NULL) rs_recovery_end(recovery);
    sim_disk_destroy(trial->sim);
}

static void what_was_durable_survives_whatever_happens(void **state) {
    (void)state;
    const char *only = getenv("RS_SEED");
    const uint64_t seeds = only != NULL ? 1 : rs_test_number("RS_SEEDS", DEFAULT_SEEDS);
    const uint64_t first = only != NULL ? strtoull(only, NULL, 0) : rs_test_number("RS_FIRST_SEED", 1);
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        static trial_t trial;
        trial = (trial_t){.seed = seed, .random = {seed}};
        one_history(&trial);
        if (trial.why != NULL) fail_msg("RS_SEED=%" PRIu64 ": %s", seed, trial.why);
    }
}

/* --- flipped bits ------------------------------------------------------------------------------------------------------------ */
static void know_all(trial_t *trial) {
    const ledger_t *ledger = &trial->ledger;
    for (uint64_t number = 1; number <= ledger->appended; number++) {
        trial->known[number] = malloc(ledger->lens[number] + 1);
        assert_non_null(trial->known[number]);
        fill(trial->known[number], number, ledger->salts[number], ledger->lens[number]);
    }
}

static void forget_all(trial_t *trial) {
    for (uint64_t number = 1; number <= trial->ledger.appended; number++) free(trial->known[number]);
}

/* Several segments, closed cleanly. */
static void write_some(trial_t *trial) {
    rs_recovery_t *recovery = recover(trial);
    assert_non_null(recovery);
    rs_journal_t *journal = NULL;
    assert_true(begin_life(trial, recovery, &journal));
    rs_recovery_end(recovery);
    while (trial->ledger.appended < 900) {
        bool more = true;
        append_some(trial, journal);
        assert_int_equal(rs_journal_commit(journal), RS_OK);
        note_durable(trial, journal);
        while (more) assert_int_equal(rs_journal_maintain(journal, &more), RS_OK);
    }
    mark(trial, journal);
    rs_journal_destroy(&journal);
    assert_null(trial->why);
}

static bool is_reported(const rs_recovery_t *recovery, uint64_t number) {
    for (uint32_t i = 0; i < recovery->range_count; i++) {
        if (number >= recovery->ranges[i].first && number <= recovery->ranges[i].last) return true;
    }
    return false;
}

/* Everything is either handed over or in a range that is called lost, number by number; and that is one record at most. Returns how many
 * are lost. */
static uint64_t recover_damaged(trial_t *trial) {
    rs_recovery_t *recovery = recover(trial);
    assert_non_null(recovery);
    uint64_t lost = 0;
    for (uint64_t number = trial->after + 1; number <= trial->ledger.durable; number++) {
        const bool reported = is_reported(recovery, number);
        if (reported == trial->is_seen[number]) trial->why = reported ? "handed over and called lost" : "neither handed over nor reported";
        lost += reported;
    }
    assert_int_equal(lost, recovery->lost);
    if (trial->why == NULL && lost > 1) trial->why = "one bit costs more than one record";
    const uint64_t noticed = lost + recovery->torn_records + recovery->damaged_headers;
    rs_recovery_end(recovery);
    return noticed;
}

static void flip_and_check(trial_t *trial, unsigned char *bytes, size_t at, unsigned bit, const char *name, bool in_use) {
    bytes[at] ^= (unsigned char)(1u << bit);
    const uint64_t noticed = recover_damaged(trial);
    bytes[at] ^= (unsigned char)(1u << bit);
    if (trial->why == NULL && in_use && noticed == 0) trial->why = "a flipped bit goes unnoticed";
    if (trial->why != NULL) fail_msg("%s: byte %zu, bit %u: %s", name, at, bit, trial->why);
}

/* Where the records of a segment end. */
static size_t end_of_records(const unsigned char *bytes, uint64_t segment, size_t size) {
    size_t at = RS_SEGMENT_RECORDS_AT;
    rs_journal_record_t record;
    while (at < size && rs_journal_read_record(segment, bytes + at, size - at, &record) == RS_OK) {
        at += (size_t)rs_journal_space(record.len);
    }
    return at;
}

static void every_flipped_bit_is_found_and_costs_one_record_at_most(void **state) {
    (void)state;
    static trial_t trial;
    trial = (trial_t){.seed = 5, .random = {5}, .sim = sim_disk_create(5), .reads_all = true};
    write_some(&trial);
    know_all(&trial);
    const char *names[64];
    char copies[64][RS_DISK_NAME];
    const size_t count = sim_disk_names(trial.sim, names, 64);
    uint64_t last = 0, segment;
    for (size_t i = 0; i < count; i++) {
        snprintf(copies[i], RS_DISK_NAME, "%s", names[i]);
        if (rs_segment_parse_name(names[i], &segment) && segment > last) last = segment;
    }
    assert_true(last >= 3);
    /* Every bit of the last 4 KiB of records; */
    char name[RS_DISK_NAME];
    size_t size;
    rs_segment_name(last, name);
    unsigned char *bytes = sim_disk_bytes(trial.sim, name, &size);
    const size_t end = end_of_records(bytes, last, size);
    const size_t begin = end - RS_SEGMENT_RECORDS_AT > 4096 ? end - 4096 : RS_SEGMENT_RECORDS_AT;
    for (size_t at = begin; at < end; at++) {
        /* The mark at the very end may look like what an earlier life left behind: nothing is lost with it. */
        const bool in_use = at < end - RS_JOURNAL_HEADER;
        for (unsigned bit = 0; bit < 8; bit++) flip_and_check(&trial, bytes, at, bit, name, in_use);
    }
    /* and any others, headers and unused places among them. */
    const uint64_t flips = rs_test_number("RS_FLIPS", DEFAULT_FLIPS);
    for (uint64_t i = 0; i < flips; i++) {
        const char *any = copies[rs_random_below(&trial.random, count)];
        bytes = sim_disk_bytes(trial.sim, any, &size);
        const size_t at = (size_t)rs_random_below(&trial.random, size);
        const bool is_segment = rs_segment_parse_name(any, &segment);
        const bool in_use = is_segment &&
                            (at < RS_SEGMENT_HEADER || (at >= RS_SEGMENT_COPY_AT && at < RS_SEGMENT_COPY_AT + RS_SEGMENT_HEADER) ||
                             (at >= RS_SEGMENT_RECORDS_AT && at + RS_JOURNAL_HEADER < end_of_records(bytes, segment, size)));
        flip_and_check(&trial, bytes, at, (unsigned)rs_random_below(&trial.random, 8), any, in_use);
    }
    forget_all(&trial);
    sim_disk_destroy(trial.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_durable_survives_whatever_happens),
                                       cmocka_unit_test(every_flipped_bit_is_found_and_costs_one_record_at_most)};
    return cmocka_run_group_tests_name("journal_crash", tests, NULL, NULL);
}
