/* The store against a real server in real trouble. Small numbers by default, for every run of the tests; more on demand:
 *     fault_store [--cuts N] [--stops N]
 * --cuts   connections cut at COMMIT (100): before it, after it, while the server is at it; 0 batches lost, 0 twice
 * --stops  leaders that are stopped, replaced, and go on (2): not one row of theirs after that; from the third on in the middle of
 *          a transaction, too, which their successor must wait out
 * Besides: a lock on the target table, a full disk (where a tmpfs may be mounted). */
#include "../unit/store/cutter.h"
#include "../unit/store/store_test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

rs_postgres_t postgres;
static long wanted_cuts = 100, wanted_stops = 2;

static void hand_rows(driver_t *driver, const char *queue, int64_t from, int64_t count) {
    for (int64_t i = from; i < from + count; i++) {
        const rs_row_t row = make_row(queue, START_US + i * 15 * RS_US_PER_MIN, 1, i + 1);
        driver_hand_row(driver, &row);
    }
}
static int64_t sum_to(int64_t n) { return n * (n + 1) / 2; }
static int64_t sum_of(const char *database) { return rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"); }

/* --- cut at COMMIT ----------------------------------------------------------------------------------------------------- */
static long cuts_of(cutter_t *cutter) {
    return (long)(atomic_load(&cutter->cuts[CUT_BEFORE]) + atomic_load(&cutter->cuts[CUT_AFTER]) + atomic_load(&cutter->cuts[CUT_WHILE]));
}

static void connections_cut_at_commit_lose_nothing_and_count_nothing_twice(void **state) {
    (void)state;
    enum { AT_A_TIME = 500 };
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    /* A ledger that adds, so that a transaction that went in twice would show. */
    rs_postgres_run(database, "CREATE TABLE public.ledger (batch bigint);"
                    "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ledger "
                    "VALUES (new.batch); RETURN new; END';"
                    "CREATE TRIGGER note AFTER UPDATE OF batch ON ringside.mark FOR EACH ROW EXECUTE FUNCTION public.note()");
    cutter_t cutter;
    cutter_start(&cutter, postgres.socket);
    char through[256];
    cutter_conninfo(&cutter, database, through, sizeof through);
    int64_t batches = 0;
    uint64_t stored = 0, found_in = 0, found_out = 0;
    while (cuts_of(&cutter) < wanted_cuts) {
        driver_t *driver = calloc(1, sizeof *driver);
        assert_non_null(driver);
        driver_start(driver, &(driver_options_t){.conninfo = through});
        driver_run(driver, is_connected);
        atomic_store(&cutter.chance, 50);
        for (int i = 0; i < AT_A_TIME && cuts_of(&cutter) < wanted_cuts; i += 20) {
            hand_rows(driver, "vip", batches, 20);
            batches += 20;
            driver_run(driver, all_stored);
        }
        atomic_store(&cutter.chance, 0);
        driver_run(driver, is_idle_without_backlog);
        const rs_store_status_t status = driver_status(driver);
        stored += status.batches;
        found_in += status.ambiguous_stored;
        found_out += status.ambiguous_resent;
        assert_int_equal(driver_stop(driver, 5 * RS_US_PER_S), RS_OK);
        free(driver);
    }
    print_message("%ld cuts in %" PRId64 " batches: found in %" PRIu64 ", not in %" PRIu64 "; lost %" PRId64 ", twice %" PRId64 "\n",
                  cuts_of(&cutter), batches, found_in, found_out, sum_to(batches) - sum_of(database),
                  rs_postgres_number(database, "SELECT count(*) - count(DISTINCT batch) FROM public.ledger"));
    assert_int_equal(sum_of(database), sum_to(batches));
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) - count(DISTINCT batch) FROM public.ledger"), 0);
    assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM public.ledger"), (int64_t)stored);
    assert_int_equal(rs_postgres_number(database, "SELECT batch FROM ringside.mark"), (int64_t)stored);
    cutter_stop(&cutter);
}

/* --- an old leader ------------------------------------------------------------------------------------------------------ */
static bool is_fenced(driver_t *driver) { return driver_status(driver).state == RS_STORE_FENCED; }

/* The process of the old leader: writes until it is fenced. Its exit status says that it was. */
static _Noreturn void lead(const char *database) {
    driver_t *driver = calloc(1, sizeof *driver);
    if (driver == NULL) _exit(2);
    driver_start(driver, &(driver_options_t){.conninfo = database, .run = 1});
    for (int64_t i = 0; i < 2000 && !is_fenced(driver); i++) {
        hand_rows(driver, "old", i, 1);
        driver_run_for(driver, 15);
    }
    _exit(is_fenced(driver) ? 0 : 1);
}

static int64_t rows_of_old(const char *database) {
    return rs_postgres_number(database, "SELECT coalesce(sum(offered), 0) FROM ringside.queue_interval WHERE queue = 'old'");
}

/* Between two transactions, or (slow: the server ends what it holds after 30 or 60 s) wherever it is. */
static void stop_leader(const char *database, pid_t leader, bool anywhere) {
    for (;;) {
        assert_int_equal(kill(leader, SIGSTOP), 0);
        usleep(20000);
        if (anywhere || rs_postgres_number(database, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ringsided'"
                                           " AND datname = current_database() AND state = 'idle'") == 1) return;
        assert_int_equal(kill(leader, SIGCONT), 0);
        usleep(3000);
    }
}

static void an_old_leader_that_was_stopped_writes_nothing_when_it_goes_on(void **state) {
    (void)state;
    for (long i = 0; i < wanted_stops; i++) {
        char database[256];
        snprintf(database, sizeof database, "%s", fresh_database());
        assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
        const pid_t old = fork();
        if (old == 0) lead(database);
        while (rows_of_old(database) < 5 + i) usleep(5000);
        stop_leader(database, old, i >= 2);
        driver_t driver;
        driver_start(&driver, &(driver_options_t){.conninfo = database, .run = 2});
        hand_rows(&driver, "new", 0, 10);
        for (int tries = 0; tries < 10000 && !all_stored(&driver); tries++) driver_run_for(&driver, 10);
        assert_true(all_stored(&driver));
        const int64_t before = rows_of_old(database);
        assert_int_equal(kill(old, SIGCONT), 0);
        int status = -1;
        assert_int_equal(waitpid(old, &status, 0), old);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_int_equal(rows_of_old(database), before);
        hand_rows(&driver, "new", 10, 10);
        driver_run(&driver, all_stored);
        assert_int_equal(rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval WHERE queue = 'new'"), sum_to(20));
        assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    }
}

/* --- a lock ---------------------------------------------------------------------------------------------------------------- */
typedef struct pulse { uv_timer_t timer; uint64_t last, longest; } pulse_t;
static void on_pulse(uv_timer_t *timer) {
    pulse_t *pulse = timer->data;
    const uint64_t now = uv_hrtime();
    if (pulse->last != 0 && now - pulse->last > pulse->longest) pulse->longest = now - pulse->last;
    pulse->last = now;
}

static void a_lock_on_the_table_costs_backlog_and_nothing_else(void **state) {
    (void)state;
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_rows(&driver, "vip", 0, 3);
    driver_run(&driver, all_stored);
    PGconn *holder = PQconnectdb(database);
    assert_int_equal(PQstatus(holder), CONNECTION_OK);
    PQclear(PQexec(holder, "BEGIN"));
    PQclear(PQexec(holder, "LOCK TABLE ringside.queue_interval_part IN ACCESS EXCLUSIVE MODE"));
    pulse_t pulse = {.last = 0};
    assert_int_equal(uv_timer_init(&driver.loop, &pulse.timer), 0);
    pulse.timer.data = &pulse;
    uv_timer_start(&pulse.timer, on_pulse, 10, 10);
    hand_rows(&driver, "vip", 3, 3);
    driver_run_for(&driver, 7000);
    uv_close((uv_handle_t *)&pulse.timer, NULL);
    assert_int_equal(driver.stored, 3);
    assert_true(driver_status(&driver).faults[RS_STORE_FAULT_BUSY] >= 1);   /* lock_timeout, 5 s */
    assert_true(driver_logged(&driver, "lock timeout"));
    assert_true(driver_status(&driver).backlog > 0);
    print_message("longest pause of the loop %" PRIu64 " ms\n", pulse.longest / 1000000);
    assert_true(pulse.longest < UINT64_C(1000000000));
    PQclear(PQexec(holder, "ROLLBACK"));
    PQfinish(holder);
    driver_run(&driver, all_stored);
    assert_int_equal(sum_of(database), sum_to(6));
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

/* --- a full disk ------------------------------------------------------------------------------------------------------------ */
/* $1 and $2 in `script` are these. */
static void command(const char *script, const char *first, const char *second) {
    char line[512];
    snprintf(line, sizeof line, "sh -c '%s' sh '%s' '%s'", script, first, second);
    assert_int_equal(system(line), 0);
}

static bool is_full(driver_t *driver) { return driver_status(driver).faults[RS_STORE_FAULT_FULL] > 0; }

static void a_full_disk_is_waited_for(void **state) {
    (void)state;
    char place[] = "/tmp/ringside-small.XXXXXX", sql[512], database[256];
    assert_non_null(mkdtemp(place));
    if (mount("tmpfs", place, "tmpfs", 0, "size=32m") != 0) {
        rmdir(place);
        print_message("no tmpfs may be mounted here\n");
        skip();
    }
    command("chown --reference=$1/data $2 && chmod 700 $2", postgres.directory, place);
    snprintf(sql, sizeof sql, "CREATE TABLESPACE small LOCATION '%s'", place);
    rs_postgres_run(postgres.conninfo, sql);
    rs_postgres_run(postgres.conninfo, "CREATE DATABASE cramped TABLESPACE small");
    snprintf(database, sizeof database, "host=%s dbname=cramped user=ringside", postgres.socket);
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_rows(&driver, "vip", 0, 3);
    driver_run(&driver, all_stored);
    command("head -c 32m /dev/zero > $1/filler 2>/dev/null || true", place, "");   /* as much as there is room for */
    hand_rows(&driver, "vip", 3, 100);
    driver_run(&driver, is_full);
    driver_run_for(&driver, 300);
    assert_true(driver.stored < 103);
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_true(driver_status(&driver).failures < 100);
    command("rm $1/filler", place, "");
    driver_run(&driver, all_stored);
    assert_int_equal(sum_of(database), sum_to(103));
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    rs_postgres_run(postgres.conninfo, "DROP DATABASE cramped WITH (FORCE)");
    rs_postgres_run(postgres.conninfo, "DROP TABLESPACE small");
    assert_int_equal(umount2(place, MNT_DETACH), 0);
    rmdir(place);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        long *number = strcmp(argv[i], "--cuts") == 0 ? &wanted_cuts : strcmp(argv[i], "--stops") == 0 ? &wanted_stops : NULL;
        char *end = NULL;
        if (number != NULL && i + 1 < argc) *number = strtol(argv[++i], &end, 10);
        if (end == NULL || *end != '\0' || *number < 0) {
            fprintf(stderr, "usage: %s [--cuts N] [--stops N]\n", argv[0]);
            return 2;
        }
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_cut_at_commit_lose_nothing_and_count_nothing_twice),
        cmocka_unit_test(an_old_leader_that_was_stopped_writes_nothing_when_it_goes_on),
        cmocka_unit_test(a_lock_on_the_table_costs_backlog_and_nothing_else),
        cmocka_unit_test(a_full_disk_is_waited_for),
    };
    rs_postgres_start(&postgres, server_options);
    const int failed = cmocka_run_group_tests_name("store", tests, NULL, NULL);
    rs_postgres_stop(&postgres);
    return failed;
}
