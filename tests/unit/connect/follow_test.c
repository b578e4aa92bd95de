/* The follower on a real loop and real files: whatever is done to the file, the sink gets what a parser gives for its
 * lines. */
#include "cli/reader.h"
#include "connect/asterisk_follow.h"
#include "connect_tests.h"
#include "support/random.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_S = 120, LINE_ROOM = 8192 };

static const uint8_t key[RS_PSEUDONYM_KEY_BYTES] = "a key of the tests";

/* What came, as one line of text each. */
typedef struct record {
    char *text;
    size_t room, len, lines;
} record_t;

typedef struct bench {
    uv_loop_t loop;
    rs_config_t *config;
    rs_asterisk_follower_t *follower;
    record_t got, wanted;
    rs_asterisk_parser_t *model; /* gives what is wanted */
    uint64_t room;               /* how many the sink takes before it is full */
    uint64_t close_at;           /* the follower is closed by its sink at this line; 0: never */
    char folder[64], path[128];
    int file;
} bench_t;

static void make_room(record_t *record) {
    if (record->len + 2 * LINE_ROOM <= record->room) return;
    record->room = record->room * 2 + 2 * LINE_ROOM;
    record->text = realloc(record->text, record->room);
    assert_non_null(record->text);
    record->text[record->len] = 0;
}

static void record_event(record_t *record, const rs_event_t *event) {
    rs_event_t hidden = *event;
    uint8_t pseudonym[RS_PSEUDONYM_BYTES];
    if (event->customer.len != 0 && (event->present & RS_HAS_PSEUDONYM) == 0) {
        rs_pseudonym(key, event->tenant, event->customer, pseudonym);
        hidden.customer = (rs_str_t){.data = (const char *)pseudonym, .len = sizeof pseudonym};
        hidden.present |= RS_HAS_PSEUDONYM;
    }
    make_room(record);
    record->len += describe_identity(&hidden, record->text + record->len, LINE_ROOM);
    record->len += describe_event(&hidden, record->text + record->len, LINE_ROOM);
    record->text[record->len++] = '\n';
    record->text[record->len] = 0;
    record->lines++;
}

static void record_refusal(record_t *record, const rs_refused_t *refused) {
    make_room(record);
    record->len += (size_t)snprintf(record->text + record->len, LINE_ROOM, "refused %s %s %u\n",
                                    rs_refusal_name(refused->reason), refused->field, refused->len);
    record->lines++;
}

/* --- the sink ---------------------------------------------------------------------------------------------------- */
static bool is_full(bench_t *bench) {
    if (bench->room == 0) return true;
    bench->room--;
    return false;
}

static void taken(bench_t *bench) {
    rs_asterisk_follower_resume(bench->follower); /* must do nothing from here */
    if (bench->close_at != 0 && bench->got.lines == bench->close_at) rs_asterisk_follower_close(&bench->follower);
}

static int sink_event(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin,
                      uint64_t *position) {
    bench_t *bench = context;
    assert_non_null(bench->follower); /* never after the close */
    if (is_full(bench)) return RS_ERR_FULL;
    assert_true(arrival_us > 0 && origin.session == 0);
    assert_true(event->customer.len == 0 || (event->present & RS_HAS_PSEUDONYM) != 0);
    record_event(&bench->got, event);
    *position = bench->got.lines;
    taken(bench);
    return RS_OK;
}

static int sink_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                        rs_origin_t origin, uint64_t *position) {
    bench_t *bench = context;
    assert_non_null(bench->follower);
    if (is_full(bench)) return RS_ERR_FULL;
    assert_true(rs_str_equal(source, RS_STR("asterisk")) && hash != 0 && arrival_us > 0 && origin.session == 0);
    record_refusal(&bench->got, refused);
    *position = bench->got.lines;
    taken(bench);
    return RS_OK;
}

/* --- what is wanted ---------------------------------------------------------------------------------------------- */
static void want_event(void *context, const rs_event_t *event) { record_event(&((bench_t *)context)->wanted, event); }

/* The complete lines of `text` will come. */
static void want_bytes(bench_t *bench, const char *text, size_t len) {
    rs_refused_t refused;
    for (const char *at = text, *feed; (feed = memchr(at, '\n', (size_t)(text + len - at))) != NULL; at = feed + 1) {
        const rs_str_t line = {.data = at, .len = (uint32_t)(feed - at)};
        if (rs_asterisk_parser_line(bench->model, line, want_event, bench, &refused) != RS_OK)
            record_refusal(&bench->wanted, &refused);
        while (rs_asterisk_parser_more(bench->model, want_event, bench)) continue;
    }
}

static void want(bench_t *bench, const char *text) { want_bytes(bench, text, strlen(text)); }
static void want_another_file(bench_t *bench, uint64_t offset) { rs_asterisk_parser_begin(bench->model, offset); }

/* --- the file ---------------------------------------------------------------------------------------------------- */
static void write_bytes(int file, const char *text, size_t len) {
    while (len > 0) {
        const ssize_t written = write(file, text, len);
        assert_true(written > 0);
        text += written;
        len -= (size_t)written;
    }
}

static int open_log(const char *path) {
    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    assert_true(file >= 0);
    return file;
}

static void make_file(bench_t *bench) { bench->file = open_log(bench->path); }
static void append(bench_t *bench, const char *text) { write_bytes(bench->file, text, strlen(text)); }

static void rename_away(bench_t *bench, const char *name) {
    char other[256];
    snprintf(other, sizeof other, "%s/%s", bench->folder, name);
    assert_int_equal(rename(bench->path, other), 0);
}

/* --- a bench ----------------------------------------------------------------------------------------------------- */
static void set_up(bench_t *bench, bool from_start) {
    rs_config_error_t error;
    char path_set[256];
    *bench = (bench_t){.file = -1, .room = UINT64_MAX, .folder = "/tmp/ringside-follow.XXXXXX"};
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof bench->path, "%s/queue_log", bench->folder);
    snprintf(path_set, sizeof path_set, "asterisk.queue_log=%s", bench->path);
    const char *const sets[] = {path_set, from_start ? "asterisk.from_start=true" : "asterisk.from_start=false",
                                "asterisk.member_delay.billing=1s", "asterisk.poll=10ms"};
    if (rs_config_load(NULL, sets, RS_ARRAY_LEN(sets), &bench->config, &error) != RS_OK)
        fail_msg("%s: %s", error.key, error.reason);
    bench->config->asterisk.poll_us = 1000; /* tests are impatient */
    assert_int_equal(rs_asterisk_parser_create(&bench->config->asterisk, &bench->model), RS_OK);
    make_room(&bench->got);
    make_room(&bench->wanted);
    assert_int_equal(uv_loop_init(&bench->loop), 0);
}

static void follow(bench_t *bench) {
    const rs_asterisk_sink_t sink = {.context = bench, .submit_event = sink_event, .submit_refusal = sink_refusal};
    assert_int_equal(rs_asterisk_follower_open(&bench->loop, bench->config, key, &sink, NULL, 0, &bench->follower), RS_OK);
}

static void tear_down(bench_t *bench) {
    char command[256];
    rs_asterisk_follower_close(&bench->follower);
    assert_int_equal(uv_run(&bench->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&bench->loop), 0); /* nothing is left in it */
    rs_asterisk_parser_destroy(&bench->model);
    rs_config_destroy(&bench->config);
    free(bench->got.text);
    free(bench->wanted.text);
    if (bench->file >= 0) close(bench->file);
    snprintf(command, sizeof command, "rm -rf '%s'", bench->folder);
    assert_int_equal(system(command), 0);
}

static rs_asterisk_follow_stats_t stats_of(const bench_t *bench) {
    rs_asterisk_follow_stats_t stats;
    rs_asterisk_follower_stats(bench->follower, &stats);
    return stats;
}

static void run_for(bench_t *bench, int ms) {
    const uint64_t until = uv_hrtime() + (uint64_t)ms * 1000000;
    while (uv_hrtime() < until) {
        uv_run(&bench->loop, UV_RUN_NOWAIT);
        usleep(200);
    }
}

static void first_difference(const bench_t *bench) {
    size_t at = 0, line = 0;
    while (bench->got.text[at] == bench->wanted.text[at] && bench->got.text[at] != 0)
        line = bench->got.text[at++] == '\n' ? at : line;
    fail_msg("%zu lines came, %zu are wanted; the first difference:\n%.*s\nwanted:\n%.*s", bench->got.lines,
             bench->wanted.lines, (int)strcspn(bench->got.text + line, "\n"), bench->got.text + line,
             (int)strcspn(bench->wanted.text + line, "\n"), bench->wanted.text + line);
}

/* Runs until as much has come as is wanted, and a little longer; then both must be alike. */
static void assert_comes(bench_t *bench) {
    const uint64_t until = uv_hrtime() + PATIENCE_S * UINT64_C(1000000000);
    while (bench->got.len < bench->wanted.len && uv_hrtime() < until) {
        uv_run(&bench->loop, UV_RUN_NOWAIT);
        usleep(200);
    }
    run_for(bench, 8);
    if (bench->got.len != bench->wanted.len || memcmp(bench->got.text, bench->wanted.text, bench->wanted.len) != 0)
        first_difference(bench);
}

/* Runs until the follower has read that many bytes. */
static void run_to_byte(bench_t *bench, uint64_t bytes) {
    const uint64_t until = uv_hrtime() + PATIENCE_S * UINT64_C(1000000000);
    while (stats_of(bench).bytes < bytes && uv_hrtime() < until) {
        uv_run(&bench->loop, UV_RUN_NOWAIT);
        usleep(100);
    }
    assert_int_equal(stats_of(bench).bytes, bytes);
}

#define FIRST "100|c1|billing|NONE|ENTERQUEUE||+12125550180|1\n"
#define ANSWERED "103|c1|billing|Ivan Ito|CONNECT|3|x|0\n"
#define OVER "109|c1|billing|Ivan Ito|COMPLETECALLER|3|6|1\n"
#define SECOND "110|c2|sales|NONE|ENTERQUEUE||442079460116|1\n"
#define THIRD "120|c3|sales|NONE|ENTERQUEUE||442079460117|2\n"
#define GONE "130|c3|sales|NONE|ABANDON|1|2|10\n"

/* --- appending --------------------------------------------------------------------------------------------------- */
static void lines_written_byte_by_byte_come_once_and_whole(void **state) {
    (void)state;
    static const char lines[] = FIRST ANSWERED "garbage\n\n" OVER "111|c2|sales|NONE|ENTERQUEUE||5|1\r\n" GONE;
    bench_t bench;
    set_up(&bench, true);
    make_file(&bench);
    follow(&bench);
    for (size_t i = 0; i < sizeof lines - 1; i++) {
        const size_t before = bench.wanted.len;
        write_bytes(bench.file, lines + i, 1);
        run_to_byte(&bench, i + 1);
        if (lines[i] != '\n') {
            assert_int_equal(bench.got.len, before); /* nothing of a half line */
            continue;
        }
        size_t start = i;
        while (start > 0 && lines[start - 1] != '\n') start--;
        want_bytes(&bench, lines + start, i + 1 - start);
        assert_comes(&bench);
    }
    assert_int_equal(stats_of(&bench).cut_lines, 0);
    assert_int_equal(stats_of(&bench).parser.refused, 1);
    tear_down(&bench);
}

static void a_burst_cut_anywhere_comes_as_one(void **state) {
    (void)state;
    size_t len;
    char *log = read_source_file("tests/fixtures/asterisk/queue_log", &len);
    rs_random_t random = {.state = rs_random_seed()};
    bench_t bench;
    set_up(&bench, true);
    make_file(&bench);
    follow(&bench);
    want_bytes(&bench, log, len);
    for (size_t at = 0; at < len;) {
        size_t piece = 1 + (size_t)rs_random_below(&random, 3000);
        if (piece > len - at) piece = len - at;
        write_bytes(bench.file, log + at, piece);
        at += piece;
        if (rs_random_below(&random, 3) == 0) run_for(&bench, 1);
    }
    assert_comes(&bench);
    assert_int_equal(stats_of(&bench).parser.joined, 46);
    tear_down(&bench);
    free(log);
}

static void a_hundred_thousand_lines_at_once_come_in_order(void **state) {
    (void)state;
    bench_t bench;
    char line[128];
    set_up(&bench, true);
    make_file(&bench);
    FILE *out = fopen(bench.path, "a");
    assert_non_null(out);
    for (unsigned i = 0; i < 100000; i++) {
        const int len = i % 2 == 0 ? snprintf(line, sizeof line, "%u|call-%u|q%u|NONE|ENTERQUEUE||%u|1\n",
                                              1000 + i / 100, i / 2, i % 7, i)
                                   : snprintf(line, sizeof line, "%u|call-%u|q%u|NONE|ABANDON|1|1|%u\n", 1000 + i / 100,
                                              i / 2, (i - 1) % 7, i % 50);
        assert_int_equal(fwrite(line, 1, (size_t)len, out), len);
        want(&bench, line);
    }
    fclose(out);
    bench.config->asterisk.poll_us = 3600 * RS_US_PER_S; /* all of it is read without waiting for the next look */
    follow(&bench);
    assert_comes(&bench);
    assert_int_equal(bench.got.lines, 100000);
    tear_down(&bench);
}

static void lines_too_long_are_refused_and_the_next_ones_come(void **state) {
    (void)state;
    bench_t bench;
    static char text[200001];
    set_up(&bench, true);
    make_file(&bench);
    follow(&bench);
    append(&bench, FIRST);
    want(&bench, FIRST);
    for (unsigned i = 0; i < 3; i++) {
        static const size_t lengths[] = {5000, 65535, 200000};
        memset(text, 'x', lengths[i]);
        text[lengths[i]] = 0;
        append(&bench, text);
        append(&bench, "\n" SECOND);
        const rs_refused_t refused = {.reason = RS_REFUSAL_TOO_LARGE,
                                      .len = lengths[i] > 65536 ? 65536 : (uint32_t)lengths[i]};
        record_refusal(&bench.wanted, &refused);
        want(&bench, SECOND);
        assert_comes(&bench);
    }
    assert_int_equal(stats_of(&bench).parser.refused, 3);
    tear_down(&bench);
}

/* --- where reading begins ---------------------------------------------------------------------------------------- */
static void without_from_start_only_new_lines_come_and_a_half_one_is_new(void **state) {
    (void)state;
    static const char *const there[] = {FIRST, (FIRST "103|c1|bill"), (FIRST ANSWERED "1"), (FIRST ANSWERED "110")};
    static const char *const added[] = {SECOND, ("ing|Ivan Ito|CONNECT|3|x|0\n" OVER),
                                        "09|c1|billing|Ivan Ito|COMPLETECALLER|3|6|1\n",
                                        "|c2|sales|NONE|ENTERQUEUE||5|1\n"};
    static const char *const wanted[] = {SECOND, (ANSWERED OVER), OVER, "110|c2|sales|NONE|ENTERQUEUE||5|1\n"};
    for (size_t i = 0; i < RS_ARRAY_LEN(there); i++) {
        bench_t bench;
        set_up(&bench, false);
        make_file(&bench);
        append(&bench, there[i]);
        follow(&bench);
        append(&bench, added[i]); /* before the loop turns: new all the same */
        want_another_file(&bench, (uint64_t)(strrchr(there[i], '\n') + 1 - there[i]));
        want(&bench, wanted[i]);
        assert_comes(&bench);
        assert_int_equal(stats_of(&bench).parser.refused, 0);
        tear_down(&bench);
    }
}

static void joining_inside_a_monstrous_line_waits_for_its_end(void **state) {
    (void)state;
    bench_t bench;
    static char text[100001];
    set_up(&bench, false);
    make_file(&bench);
    memset(text, 'x', sizeof text - 1);
    append(&bench, text);
    follow(&bench);
    append(&bench, "tail\n" FIRST);
    want_another_file(&bench, sizeof text - 1);
    want(&bench, FIRST);
    assert_comes(&bench);
    tear_down(&bench);
}

static void an_empty_file_is_read_from_its_beginning_either_way(void **state) {
    (void)state;
    for (unsigned from_start = 0; from_start < 2; from_start++) {
        bench_t bench;
        set_up(&bench, from_start != 0);
        make_file(&bench);
        follow(&bench);
        append(&bench, FIRST);
        want(&bench, FIRST);
        assert_comes(&bench);
        tear_down(&bench);
    }
}

static void a_file_that_appears_later_is_read_from_its_beginning(void **state) {
    (void)state;
    bench_t bench;
    set_up(&bench, false);
    follow(&bench);
    run_for(&bench, 5);
    assert_false(stats_of(&bench).is_open);
    make_file(&bench);
    append(&bench, FIRST ANSWERED);
    want(&bench, FIRST ANSWERED);
    assert_comes(&bench);
    assert_true(stats_of(&bench).is_open);
    tear_down(&bench);
}

/* --- what is no file --------------------------------------------------------------------------------------------- */
static void a_folder_under_the_name_is_waited_out(void **state) {
    (void)state;
    bench_t bench;
    set_up(&bench, false);
    assert_int_equal(mkdir(bench.path, 0755), 0);
    follow(&bench);
    run_for(&bench, 5);
    assert_false(stats_of(&bench).is_open);
    assert_int_equal(rmdir(bench.path), 0);
    make_file(&bench);
    append(&bench, FIRST);
    want(&bench, FIRST);
    assert_comes(&bench);
    /* and one that takes its place leaves it open */
    rename_away(&bench, "queue_log.1");
    assert_int_equal(mkdir(bench.path, 0755), 0);
    append(&bench, ANSWERED);
    want(&bench, ANSWERED);
    assert_comes(&bench);
    tear_down(&bench);
}

/* Symbolic links that point at each other: unreadable for root, too. When they go, what was there is not new. */
static void a_file_that_cannot_be_opened_is_joined_at_its_end_once_it_can(void **state) {
    (void)state;
    bench_t bench;
    char other[256];
    set_up(&bench, false);
    snprintf(other, sizeof other, "%s/other", bench.folder);
    assert_int_equal(symlink(other, bench.path), 0);
    assert_int_equal(symlink(bench.path, other), 0);
    follow(&bench);
    run_for(&bench, 5);
    assert_false(stats_of(&bench).is_open);
    assert_int_equal(unlink(other), 0);
    const int file = open_log(other);
    write_bytes(file, FIRST, sizeof FIRST - 1);
    run_for(&bench, 10);
    assert_true(stats_of(&bench).is_open);
    write_bytes(file, SECOND, sizeof SECOND - 1);
    want_another_file(&bench, sizeof FIRST - 1);
    want(&bench, SECOND);
    assert_comes(&bench);
    close(file);
    tear_down(&bench);
}

static void a_path_past_what_a_path_may_be_is_refused(void **state) {
    (void)state;
    static char long_path[5000];
    bench_t bench;
    set_up(&bench, false);
    memset(long_path, '/', sizeof long_path);
    const rs_str_t before = bench.config->asterisk.queue_log;
    bench.config->asterisk.queue_log = (rs_str_t){.data = long_path, .len = sizeof long_path};
    const rs_asterisk_sink_t sink = {.context = &bench, .submit_event = sink_event, .submit_refusal = sink_refusal};
    assert_int_equal(rs_asterisk_follower_open(&bench.loop, bench.config, key, &sink, NULL, 0, &bench.follower), RS_ERR_INVALID);
    assert_null(bench.follower);
    bench.config->asterisk.queue_log = before;
    tear_down(&bench);
}

/* --- rotation ---------------------------------------------------------------------------------------------------- */
static void what_is_written_to_the_old_file_after_the_renaming_comes_first(void **state) {
    (void)state;
    bench_t bench;
    set_up(&bench, true);
    make_file(&bench);
    follow(&bench);
    append(&bench, FIRST);
    want(&bench, FIRST);
    assert_comes(&bench);
    rename_away(&bench, "queue_log.1");
    append(&bench, ANSWERED); /* Asterisk has it open still */
    want(&bench, ANSWERED);
    assert_comes(&bench);
    const int next = open_log(bench.path); /* logrotate's "create" */
    run_for(&bench, 5);
    assert_int_equal(stats_of(&bench).rotations, 0);
    append(&bench, OVER "110|c9|half");
    write_bytes(next, SECOND, sizeof SECOND - 1);
    want(&bench, OVER);
    want_another_file(&bench, 0);
    want(&bench, SECOND);
    assert_comes(&bench);
    assert_int_equal(stats_of(&bench).rotations, 1);
    assert_int_equal(stats_of(&bench).cut_lines, 1);
    assert_int_equal(stats_of(&bench).truncations, 0);
    write_bytes(next, GONE, sizeof GONE - 1);
    want(&bench, GONE);
    assert_comes(&bench);
    close(next);
    tear_down(&bench);
}

/* A caller who enters before the rotation and leaves behind it keeps his visit; in an incarnation of its own each. */
static void many_rotations_lose_and_double_nothing(void **state) {
    (void)state;
    bench_t bench;
    char line[128], name[32];
    set_up(&bench, true);
    make_file(&bench);
    follow(&bench);
    for (unsigned i = 0; i < 60; i++) {
        snprintf(line, sizeof line, "%u|call-%u|q|NONE|ENTERQUEUE||5|1\n%u|call-%u|q|NONE|ABANDON|1|1|1\n", 1000 + i, i,
                 1000 + i, i - (i > 0));
        append(&bench, line);
        want(&bench, line);
        if (i % 3 == 0) assert_comes(&bench);
        if (i % 2 == 0) continue;
        snprintf(name, sizeof name, "queue_log.%u", i);
        rename_away(&bench, name);
        append(&bench, "2000|NONE|q|Bob|PAUSE|x\n");
        want(&bench, "2000|NONE|q|Bob|PAUSE|x\n");
        want_another_file(&bench, 0);
        close(bench.file);
        make_file(&bench);
        snprintf(line, sizeof line, "%u|NONE|NONE|NONE|CONFIGRELOAD|\n", 3000 + i);
        append(&bench, line);
        want(&bench, line);
        assert_comes(&bench);
        run_for(&bench, 4);
        assert_int_equal(stats_of(&bench).rotations, i / 2 + 1);
    }
    assert_int_equal(stats_of(&bench).cut_lines, 0);
    tear_down(&bench);
}

/* Asterisk as a thread of its own, so that lines and rotations fall between any two steps of a look. */
typedef struct writer {
    bench_t *bench;
    _Atomic unsigned seen; /* written by the loop (relaxed: only a number), read by the writer */
} writer_t;
enum { RACED_ROTATIONS = 300 };

static void write_and_rotate(void *argument) {
    writer_t *writer = argument;
    const bench_t *bench = writer->bench;
    char line[128], name[256];
    int file = open_log(bench->path);
    for (unsigned i = 0; i < RACED_ROTATIONS; i++) {
        snprintf(name, sizeof name, "%s/queue_log.%u", bench->folder, i);
        if (rename(bench->path, name) != 0) return;
        usleep(i * 7 % 1000);
        int len = snprintf(line, sizeof line, "%u|call-%u|q|NONE|ENTERQUEUE|||1\n", 1000 + i, i);
        write_bytes(file, line, (size_t)len);
        close(file);
        file = open_log(bench->path);
        len = snprintf(line, sizeof line, "%u|call-%u|q|NONE|ABANDON|1|1|1\n", 1000 + i, i);
        write_bytes(file, line, (size_t)len);
        while (atomic_load_explicit(&writer->seen, memory_order_relaxed) < 2 * (i + 1)) usleep(50);
    }
    close(file);
}

static void rotations_at_any_moment_lose_and_double_nothing(void **state) {
    (void)state;
    bench_t bench;
    char line[128];
    uv_thread_t thread;
    set_up(&bench, true);
    make_file(&bench);
    for (unsigned i = 0; i < RACED_ROTATIONS; i++) {
        snprintf(line, sizeof line, "%u|call-%u|q|NONE|ENTERQUEUE|||1\n", 1000 + i, i);
        want(&bench, line);
        want_another_file(&bench, 0);
        snprintf(line, sizeof line, "%u|call-%u|q|NONE|ABANDON|1|1|1\n", 1000 + i, i);
        want(&bench, line);
    }
    follow(&bench);
    writer_t writer = {.bench = &bench};
    assert_int_equal(uv_thread_create(&thread, write_and_rotate, &writer), 0);
    const uint64_t until = uv_hrtime() + PATIENCE_S * UINT64_C(1000000000);
    while (bench.got.lines < bench.wanted.lines && uv_hrtime() < until) {
        uv_run(&bench.loop, UV_RUN_NOWAIT);
        atomic_store_explicit(&writer.seen, (unsigned)bench.got.lines, memory_order_relaxed);
    }
    atomic_store_explicit(&writer.seen, UINT_MAX, memory_order_relaxed); /* failed: let it end */
    assert_int_equal(uv_thread_join(&thread), 0);
    assert_comes(&bench);
    assert_int_equal(stats_of(&bench).rotations, RACED_ROTATIONS);
    tear_down(&bench);
}

static void a_file_deleted_and_made_again_is_read_from_its_beginning(void **state) {
    (void)state;
    bench_t bench;
    set_up(&bench, true);
    make_file(&bench);
    append(&bench, FIRST);
    want(&bench, FIRST);
    follow(&bench);
    assert_comes(&bench);
    assert_int_equal(unlink(bench.path), 0);
    append(&bench, ANSWERED);
    want(&bench, ANSWERED);
    assert_comes(&bench);
    close(bench.file);
    make_file(&bench);
    append(&bench, SECOND THIRD);
    want_another_file(&bench, 0);
    want(&bench, SECOND THIRD);
    assert_comes(&bench);
    tear_down(&bench);
}

/* Some bring the file from another machine, whole, and rename it over the old one: the lines that were there before
 * come with the numbers that they had, so that they are known as duplicates. */
static void a_longer_copy_of_the_file_gives_the_same_numbers_again(void **state) {
    (void)state;
    bench_t bench;
    char copy[256];
    set_up(&bench, true);
    make_file(&bench);
    append(&bench, FIRST ANSWERED);
    follow(&bench);
    want(&bench, FIRST ANSWERED);
    assert_comes(&bench);
    char *const before = strdup(bench.got.text);
    assert_non_null(before);
    snprintf(copy, sizeof copy, "%s/copy", bench.folder);
    const int file = open_log(copy);
    write_bytes(file, FIRST ANSWERED OVER, sizeof FIRST ANSWERED OVER - 1);
    close(file);
    assert_int_equal(rename(copy, bench.path), 0);
    want_another_file(&bench, 0);
    want(&bench, FIRST ANSWERED OVER);
    assert_comes(&bench);
    assert_int_equal(strncmp(bench.got.text + strlen(before), before, strlen(before)), 0);
    free(before);
    tear_down(&bench);
}

/* --- truncation -------------------------------------------------------------------------------------------------- */
static void a_file_copied_and_truncated_is_read_from_its_beginning(void **state) {
    (void)state;
    bench_t bench;
    set_up(&bench, true);
    make_file(&bench);
    follow(&bench);
    append(&bench, FIRST ANSWERED OVER "110|half");
    want(&bench, FIRST ANSWERED OVER);
    assert_comes(&bench);
    assert_int_equal(ftruncate(bench.file, 0), 0);
    run_for(&bench, 5);
    append(&bench, SECOND);
    want_another_file(&bench, 0);
    want(&bench, SECOND);
    assert_comes(&bench);
    assert_int_equal(stats_of(&bench).truncations, 1);
    assert_int_equal(stats_of(&bench).cut_lines, 1);
    /* grown to the very same length, and beyond it, before the next look */
    assert_int_equal(ftruncate(bench.file, 0), 0);
    append(&bench, THIRD);
    want_another_file(&bench, 0);
    want(&bench, THIRD);
    assert_comes(&bench);
    assert_int_equal(ftruncate(bench.file, 0), 0);
    append(&bench, "140|c9|sales|NONE|ENTERQUEUE||442079460116|1\n" SECOND GONE GONE);
    want_another_file(&bench, 0);
    want(&bench, "140|c9|sales|NONE|ENTERQUEUE||442079460116|1\n" SECOND GONE GONE);
    assert_comes(&bench);
    assert_int_equal(stats_of(&bench).truncations, 3);
    assert_int_equal(stats_of(&bench).parser.refused, 0);
    tear_down(&bench);
}

/* Shorter, and begins as before: what is left was read already. */
static void a_file_cut_to_less_goes_on_behind_what_is_left(void **state) {
    (void)state;
    bench_t bench;
    set_up(&bench, true);
    make_file(&bench);
    follow(&bench);
    append(&bench, FIRST ANSWERED OVER SECOND);
    want(&bench, FIRST ANSWERED OVER SECOND);
    assert_comes(&bench);
    assert_int_equal(ftruncate(bench.file, sizeof FIRST ANSWERED - 1), 0);
    run_for(&bench, 5);
    append(&bench, THIRD);
    want(&bench, THIRD);
    assert_comes(&bench);
    assert_int_equal(stats_of(&bench).truncations, 1);
    /* in the middle of a line: that one and the next are one now, and refused as one */
    assert_int_equal(ftruncate(bench.file, sizeof FIRST ANSWERED - 1 + 20), 0);
    run_for(&bench, 5);
    append(&bench, GONE SECOND);
    want(&bench, "120|c3|sales|NONE|EN" GONE SECOND);
    assert_comes(&bench);
    assert_int_equal(stats_of(&bench).parser.refused, 1);
    /* in the middle of the first line: nothing whole is left */
    assert_int_equal(ftruncate(bench.file, 9), 0);
    run_for(&bench, 5);
    append(&bench, "9|billing|NONE|ENTERQUEUE||5|1\n");
    want_another_file(&bench, 0);
    want(&bench, "100|c1|bi9|billing|NONE|ENTERQUEUE||5|1\n");
    assert_comes(&bench);
    tear_down(&bench);
}

/* --- a full sink ------------------------------------------------------------------------------------------------- */
static void a_sink_that_is_full_at_any_event_loses_and_doubles_nothing(void **state) {
    (void)state;
    static const char lines[] = FIRST "garbage\n" ANSWERED SECOND THIRD "125|c3|sales|Bob|SYSCOMPAT|\n"
                                      "126|c8|sales|NONE|ENTERQUEUE||5|1\n128|NONE|NONE|NONE|QUEUESTART|\n" GONE;
    for (uint64_t room = 0; room < 20; room++) {
        bench_t bench;
        set_up(&bench, true);
        make_file(&bench);
        append(&bench, lines);
        want(&bench, lines);
        follow(&bench);
        bench.room = room;
        run_for(&bench, 4);
        if (room < bench.wanted.lines) {
            assert_int_equal(bench.got.lines, room);
            assert_true(stats_of(&bench).is_stalled);
            rs_asterisk_follower_resume(bench.follower); /* still full */
            assert_int_equal(bench.got.lines, room);
            for (bench.room = 1; bench.got.lines < bench.wanted.lines; bench.room = 1) { /* one at a time */
                const size_t before = bench.got.lines;
                rs_asterisk_follower_resume(bench.follower);
                assert_int_equal(bench.got.lines, before + 1);
            }
        }
        assert_comes(&bench);
        assert_false(stats_of(&bench).is_stalled && bench.room != 0);
        bench.room = UINT64_MAX;
        append(&bench, OVER);
        want(&bench, OVER);
        assert_comes(&bench);
        tear_down(&bench);
    }
}

static void a_file_rotated_while_the_sink_is_full_comes_whole(void **state) {
    (void)state;
    bench_t bench;
    set_up(&bench, true);
    make_file(&bench);
    follow(&bench);
    bench.room = 1;
    append(&bench, FIRST ANSWERED);
    run_for(&bench, 5);
    rename_away(&bench, "queue_log.1");
    append(&bench, OVER);
    close(bench.file);
    make_file(&bench);
    append(&bench, SECOND);
    run_for(&bench, 5);
    assert_int_equal(bench.got.lines, 1);
    want(&bench, FIRST ANSWERED OVER);
    want_another_file(&bench, 0);
    want(&bench, SECOND);
    bench.room = UINT64_MAX;
    rs_asterisk_follower_resume(bench.follower);
    assert_comes(&bench);
    tear_down(&bench);
}

static void closing_in_the_middle_stops_at_once_and_leaves_nothing(void **state) {
    (void)state;
    for (uint64_t at = 1; at <= 8; at++) {
        bench_t bench;
        set_up(&bench, true);
        make_file(&bench);
        append(&bench, FIRST "garbage\n" ANSWERED OVER SECOND THIRD GONE);
        follow(&bench);
        bench.close_at = at;
        run_for(&bench, 5);
        assert_null(bench.follower);
        assert_int_equal(bench.got.lines, at);
        tear_down(&bench);
    }
    /* before the first turn, and of nothing */
    bench_t bench;
    set_up(&bench, true);
    follow(&bench);
    rs_asterisk_follower_close(&bench.follower);
    rs_asterisk_follower_close(&bench.follower);
    rs_asterisk_follower_close(NULL);
    rs_asterisk_follower_resume(NULL);
    tear_down(&bench);
}

/* --- live and replayed ------------------------------------------------------------------------------------------- */
static void the_reader_gives_the_same_identities_and_events_as_the_live_file(void **state) {
    (void)state;
    size_t len;
    char *log = read_source_file("tests/fixtures/asterisk/queue_log", &len);
    bench_t bench;
    set_up(&bench, true);
    make_file(&bench);
    append(&bench, "half a line of the past\n\n");
    write_bytes(bench.file, log, len);
    append(&bench, "1795311000|c1|q|NONE|ENTERQUEUE||5|1\n1795311001|NONE|NONE|NONE|QUEUESTART|\n1795311002|NONE|NONE|"
                   "NONE|WHAT|\n");
    rs_reader_t *reader;
    rs_event_t event;
    rs_refused_t refused;
    uint64_t line;
    assert_int_equal(rs_reader_open(bench.path, NULL, bench.config, &reader), RS_OK);
    for (int status; (status = rs_reader_next(reader, &event, &refused, &line)) != 0;) {
        assert_true(status == 1 || status == RS_ERR_PARSE);
        if (status == 1)
            record_event(&bench.wanted, &event);
        else
            record_refusal(&bench.wanted, &refused);
    }
    rs_reader_close(&reader);
    assert_true(bench.wanted.lines > 3000);
    follow(&bench);
    assert_comes(&bench);
    tear_down(&bench);
    free(log);
}

static void the_reader_refuses_a_cut_last_line_and_long_ones(void **state) {
    (void)state;
    bench_t bench;
    rs_reader_t *reader;
    rs_event_t event;
    rs_refused_t refused;
    uint64_t line;
    static char text[(1 << 20) + 5001];
    set_up(&bench, true);
    make_file(&bench);
    memset(text, 'x', sizeof text - 1);
    append(&bench, text);
    append(&bench, "\n" GONE "130|c3|sales|NONE|ABANDON|1|2|10"); /* by chance it could be whole */
    assert_int_equal(rs_reader_open(bench.path, "asterisk-queue-log", bench.config, &reader), RS_OK);
    assert_int_equal(rs_reader_next(reader, &event, &refused, &line), RS_ERR_PARSE);
    assert_int_equal(refused.reason, RS_REFUSAL_TOO_LARGE);
    assert_int_equal(refused.len, sizeof text - 1);
    assert_string_equal(refused.source, "asterisk");
    assert_int_equal(line, 1);
    assert_int_equal(rs_reader_next(reader, &event, &refused, &line), 1);
    assert_int_equal(event.type, RS_CONTACT_ABANDONED);
    assert_true(event.incarnation.len > 0 && event.seq == 1);
    assert_int_equal(line, 2);
    assert_int_equal(rs_reader_next(reader, &event, &refused, &line), RS_ERR_PARSE);
    assert_int_equal(refused.reason, RS_REFUSAL_MALFORMED);
    assert_string_equal(refused.field, "line feed");
    assert_string_equal(refused.source, "asterisk");
    assert_int_equal(line, 3);
    assert_int_equal(rs_reader_next(reader, &event, &refused, &line), 0);
    rs_reader_close(&reader);
    tear_down(&bench);
}

/* --- a restart ----------------------------------------------------------------------------------------------------------- */
/* While the follower looks at the folder: what is to happen then, once. */
static void (*meanwhile)(bench_t *);
static bench_t *meanwhile_of;

int closedir(DIR *folder) {
    int (*real)(DIR *) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "closedir");
    memcpy(&real, &symbol, sizeof real);
    void (*what)(bench_t *) = meanwhile;
    meanwhile = NULL;
    if (what != NULL) what(meanwhile_of);
    return real(folder);
}

static void stop(bench_t *bench) {
    rs_asterisk_follower_close(&bench->follower);
    assert_int_equal(uv_run(&bench->loop, UV_RUN_DEFAULT), 0);
}

/* Knows what the model had given when `incarnation` and `upto` were noted. */
static void follow_from(bench_t *bench, const char *incarnation, uint64_t upto) {
    const rs_asterisk_sink_t sink = {.context = bench, .submit_event = sink_event, .submit_refusal = sink_refusal};
    const rs_asterisk_known_t known = {.incarnation = rs_str(incarnation), .upto = upto};
    assert_int_equal(rs_asterisk_follower_open(&bench->loop, bench->config, key, &sink, &known, 1, &bench->follower), RS_OK);
}

static void rotate(bench_t *bench, const char *name, const char *text) {
    rename_away(bench, name);
    close(bench->file);
    make_file(bench);
    append(bench, text);
    want_another_file(bench, 0);
    want(bench, text);
}
static void rotate_once(bench_t *bench) { rotate(bench, "queue_log.1", THIRD); }
static void rotate_twice(bench_t *bench) {
    rotate(bench, "queue_log.1", THIRD);
    rotate(bench, "queue_log.2", GONE);
}

/* FIRST was taken before the restart, ANSWERED and OVER were not. */
static void restart(bench_t *bench, bool is_rotated, void (*while_it_looks)(bench_t *), void (*before_it_reads)(bench_t *)) {
    char incarnation[RS_MAX_NAME + 1];
    set_up(bench, true);
    make_file(bench);
    append(bench, FIRST);
    want(bench, FIRST);
    follow(bench);
    assert_comes(bench);
    stop(bench);
    snprintf(incarnation, sizeof incarnation, "%s", rs_asterisk_parser_incarnation(bench->model));
    const uint64_t upto = rs_asterisk_parser_seq(bench->model);
    append(bench, ANSWERED OVER);
    want(bench, ANSWERED OVER);
    if (is_rotated) rotate(bench, "queue_log.0", SECOND);
    meanwhile_of = bench;
    meanwhile = while_it_looks;
    follow_from(bench, incarnation, upto);
    assert_null(meanwhile);
    if (before_it_reads != NULL) before_it_reads(bench);
    assert_comes(bench);
    tear_down(bench);
}

static void a_rotation_while_a_restart_looks_for_its_file_loses_and_doubles_nothing(void **state) {
    (void)state;
    bench_t bench;
    for (int is_rotated = 0; is_rotated < 2; is_rotated++) {
        restart(&bench, is_rotated, NULL, NULL);
        restart(&bench, is_rotated, rotate_once, NULL);
        restart(&bench, is_rotated, rotate_twice, NULL);
        restart(&bench, is_rotated, NULL, rotate_once);
        restart(&bench, is_rotated, NULL, rotate_twice);
    }
}

int follow_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_written_byte_by_byte_come_once_and_whole),
        cmocka_unit_test(a_burst_cut_anywhere_comes_as_one),
        cmocka_unit_test(a_hundred_thousand_lines_at_once_come_in_order),
        cmocka_unit_test(lines_too_long_are_refused_and_the_next_ones_come),
        cmocka_unit_test(without_from_start_only_new_lines_come_and_a_half_one_is_new),
        cmocka_unit_test(joining_inside_a_monstrous_line_waits_for_its_end),
        cmocka_unit_test(an_empty_file_is_read_from_its_beginning_either_way),
        cmocka_unit_test(a_file_that_appears_later_is_read_from_its_beginning),
        cmocka_unit_test(a_folder_under_the_name_is_waited_out),
        cmocka_unit_test(a_file_that_cannot_be_opened_is_joined_at_its_end_once_it_can),
        cmocka_unit_test(a_path_past_what_a_path_may_be_is_refused),
        cmocka_unit_test(what_is_written_to_the_old_file_after_the_renaming_comes_first),
        cmocka_unit_test(many_rotations_lose_and_double_nothing),
        cmocka_unit_test(rotations_at_any_moment_lose_and_double_nothing),
        cmocka_unit_test(a_file_deleted_and_made_again_is_read_from_its_beginning),
        cmocka_unit_test(a_longer_copy_of_the_file_gives_the_same_numbers_again),
        cmocka_unit_test(a_file_copied_and_truncated_is_read_from_its_beginning),
        cmocka_unit_test(a_file_cut_to_less_goes_on_behind_what_is_left),
        cmocka_unit_test(a_sink_that_is_full_at_any_event_loses_and_doubles_nothing),
        cmocka_unit_test(a_file_rotated_while_the_sink_is_full_comes_whole),
        cmocka_unit_test(closing_in_the_middle_stops_at_once_and_leaves_nothing),
        cmocka_unit_test(a_rotation_while_a_restart_looks_for_its_file_loses_and_doubles_nothing),
        cmocka_unit_test(the_reader_gives_the_same_identities_and_events_as_the_live_file),
        cmocka_unit_test(the_reader_refuses_a_cut_last_line_and_long_ones),
    };
    return cmocka_run_group_tests_name("queue_log followed", tests, NULL, NULL);
}
