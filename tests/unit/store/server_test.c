/* What the server, or what stands before it, may do to us: poolers, silent hosts, stand-bys, full disks, missing months. */
#include "store_test.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void hand_some(driver_t *driver, int count) {
    for (int i = 0; i < count; i++) {
        const rs_row_t row = make_row("vip", START_US + (int64_t)driver->handed_count * 15 * RS_US_PER_MIN, 1, 1);
        driver_hand_row(driver, &row);
    }
}
static int64_t sum_of(const char *database) { return rs_postgres_number(database, "SELECT sum(offered) FROM ringside.queue_interval"); }
static uint64_t faults(driver_t *driver, rs_store_fault_t fault) { return driver_status(driver).faults[fault]; }

/* --- PgBouncer --------------------------------------------------------------------------------------------------------- */
typedef struct pool { char directory[64]; pid_t process; } pool_t;

static bool has_pgbouncer(void) { return access("/usr/sbin/pgbouncer", X_OK) == 0; }

static void write_file(const char *directory, const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void wait_for_socket(const pool_t *pool) {
    char path[128];
    snprintf(path, sizeof path, "%s/.s.PGSQL.6432", pool->directory);
    for (int i = 0; i < 6000 && access(path, F_OK) != 0; i++) usleep(10000);
    assert_int_equal(access(path, F_OK), 0);
}

static void start_pool(pool_t *pool, const char *mode, int size) {
    char text[1024], line[512];
    strcpy(pool->directory, "/tmp/ringside-pool.XXXXXX");
    assert_non_null(mkdtemp(pool->directory));
    snprintf(text, sizeof text, "[databases]\n* = host=%s\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = %s\n"
                                "auth_type = trust\n"
             "auth_file = %s/users\npool_mode = %s\ndefault_pool_size = %d\nlogfile = %s/log\nquery_wait_timeout = 20\nuser = nobody\n",
             postgres.socket, pool->directory, pool->directory, mode, size, pool->directory);
    write_file(pool->directory, "pool.ini", text);
    write_file(pool->directory, "users", "\"ringside\" \"\"\n");
    snprintf(line, sizeof line, "chmod -R a+rwX %s; chmod a+x %s 2>/dev/null", pool->directory, postgres.directory);
    assert_int_equal(system(line), 0);
    snprintf(line, sizeof line, "%s/pool.ini", pool->directory);
    pool->process = fork();
    if (pool->process == 0) {
        execl("/usr/sbin/pgbouncer", "pgbouncer", "-q", line, (char *)NULL);
        _exit(127);
    }
    wait_for_socket(pool);
}

static void stop_pool(pool_t *pool) {
    kill(pool->process, SIGKILL);
    waitpid(pool->process, NULL, 0);
    char line[128];
    snprintf(line, sizeof line, "rm -r %s", pool->directory);
    assert_int_equal(system(line), 0);
}

static void through_pool(const pool_t *pool, const char *database, char *conninfo, size_t size) {
    snprintf(conninfo, size, "host=%s port=6432%s", pool->directory, strchr(database, ' '));
}

/* The pool runs as nobody: it must get at the server's socket. */
static void open_socket(void) {
    char line[256];
    snprintf(line, sizeof line, "chmod a+x %s %s", postgres.directory, postgres.socket);
    assert_int_equal(system(line), 0);
}

static bool is_refused(driver_t *driver) { return driver_status(driver).faults[RS_STORE_FAULT_POOLER] > 0; }

static void a_pool_that_lends_backends_by_transaction_is_refused_in_words(void **state) {
    (void)state;
    if (!has_pgbouncer()) skip();
    open_socket();
    static const struct { const char *mode; int size; } pools[] = {{"transaction", 5}, {"transaction", 1}, {"statement", 5}};
    for (size_t i = 0; i < RS_ARRAY_LEN(pools); i++) {
        const char *database = fresh_database();
        assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
        pool_t pool;
        start_pool(&pool, pools[i].mode, pools[i].size);
        char conninfo[256];
        through_pool(&pool, database, conninfo, sizeof conninfo);
        driver_t driver;
        driver_start(&driver, &(driver_options_t){.conninfo = conninfo});
        hand_some(&driver, 2);
        driver_run(&driver, is_refused);
        assert_true(driver_logged(&driver, "pool_mode = session"));
        assert_int_equal(driver.requests, 0);
        assert_int_equal(driver_stop(&driver, 0), RS_ERR_TIMEOUT);
        assert_int_equal(rs_postgres_number(database, "SELECT count(*) FROM ringside.mark"), 0);
        stop_pool(&pool);
    }
}

static void a_pool_in_session_mode_is_as_good_as_the_server(void **state) {
    (void)state;
    if (!has_pgbouncer()) skip();
    open_socket();
    for (int size = 1; size <= 5; size += 4) {   /* with one backend the probe finds none: that takes its time, and is no refusal */
        const char *database = fresh_database();
        pool_t pool;
        start_pool(&pool, "session", size);
        char conninfo[256];
        through_pool(&pool, database, conninfo, sizeof conninfo);
        driver_t driver;
        driver_start(&driver, &(driver_options_t){.conninfo = conninfo});
        hand_some(&driver, 5);
        driver_run(&driver, all_stored);
        assert_int_equal(faults(&driver, RS_STORE_FAULT_POOLER), 0);
        assert_int_equal(sum_of(database), 5);
        assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
        stop_pool(&pool);
    }
}

/* --- hosts ------------------------------------------------------------------------------------------------------------- */
static void a_host_that_is_silent_does_not_keep_us_from_the_next(void **state) {
    (void)state;
    char database[256], directory[] = "/tmp/ringside-mute.XXXXXX", both[512];
    snprintf(database, sizeof database, "%s", fresh_database());
    assert_non_null(mkdtemp(directory));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", directory);
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);   /* takes connections, and never says a word */
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 16), 0);
    snprintf(both, sizeof both, "host=%s,%s", directory, database + strlen("host="));
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = both, .connect_timeout_us = 200 * RS_US_PER_MS});
    hand_some(&driver, 2);
    driver_run(&driver, all_stored);
    assert_int_equal(driver_status(&driver).failures, 1);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
    close(listener);
    unlink(address.sun_path);
    rmdir(directory);
}

static bool is_read_only(driver_t *driver) { return driver_status(driver).faults[RS_STORE_FAULT_READ_ONLY] > 0; }

/* The server turns into one that only reads, in the middle of a session: 25006, and a search for another. */
static void a_server_that_turns_read_only_is_left_and_looked_at_again(void **state) {
    (void)state;
    char database[256], writable[320];
    snprintf(writable, sizeof writable, "%s options='-c default_transaction_read_only=off'", postgres.conninfo);
    snprintf(database, sizeof database, "%s", fresh_database());
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_some(&driver, 2);
    driver_run(&driver, all_stored);
    rs_postgres_run(writable, "ALTER SYSTEM SET default_transaction_read_only = on");   /* for sessions that exist, too */
    rs_postgres_run(writable, "SELECT pg_reload_conf()");
    driver_run_for(&driver, 200);
    hand_some(&driver, 2);
    driver_run(&driver, is_read_only);
    driver_run_for(&driver, 100);
    assert_int_equal(driver.stored, 2);
    assert_int_equal(driver_status(&driver).poisoned, 0);
    rs_postgres_run(writable, "ALTER SYSTEM RESET default_transaction_read_only");
    rs_postgres_run(writable, "SELECT pg_reload_conf()");
    driver_run(&driver, all_stored);
    assert_int_equal(sum_of(database), 4);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

/* --- errors by class ---------------------------------------------------------------------------------------------------- */
static void raise_on_insert(const char *database, const char *state) {
    char sql[512];
    snprintf(sql, sizeof sql,
             "CREATE OR REPLACE FUNCTION public.trouble() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trouble'"
             " USING ERRCODE = '%s'; END$$; CREATE TRIGGER trouble BEFORE INSERT ON ringside.queue_interval_part FOR EACH ROW"
             " EXECUTE FUNCTION public.trouble()", state);
    rs_postgres_run(database, sql);
}

static void trouble_of_the_servers_own_costs_backlog_only(void **state) {
    (void)state;
    static const struct { const char *state; rs_store_fault_t fault; } cases[] = {
        {"53100", RS_STORE_FAULT_FULL}, {"53200", RS_STORE_FAULT_FULL}, {"58030", RS_STORE_FAULT_FULL}, {"55P03", RS_STORE_FAULT_BUSY},
        {"57014", RS_STORE_FAULT_BUSY}, {"53300", RS_STORE_FAULT_BUSY}, {"57P01", RS_STORE_FAULT_CONNECTION},
        {"42P01", RS_STORE_FAULT_SCHEMA},
        {"42703", RS_STORE_FAULT_SCHEMA}, {"P0001", RS_STORE_FAULT_SCHEMA}, {"42501", RS_STORE_FAULT_REFUSED},
        {"XX001", RS_STORE_FAULT_DAMAGED},
        {"40001", RS_STORE_FAULT_CONFLICT}, {"40P01", RS_STORE_FAULT_CONFLICT},
    };
    const char *database = fresh_database();
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    driver_run(&driver, is_connected);
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        raise_on_insert(database, cases[i].state);
        const uint64_t before = faults(&driver, cases[i].fault);
        hand_some(&driver, 1);
        for (int tries = 0; tries < 200 && faults(&driver, cases[i].fault) == before; tries++) driver_run_for(&driver, 20);
        driver_run_for(&driver, 40);
        if (faults(&driver, cases[i].fault) == before) {
            fail_msg("%s was not counted as %s", cases[i].state, rs_store_fault_name(cases[i].fault));
        }
        assert_int_equal(driver.stored, i);
        assert_true(faults(&driver, cases[i].fault) - before < 40);   /* no spinning */
        rs_postgres_run(database, "DROP TRIGGER trouble ON ringside.queue_interval_part");
        driver_run(&driver, all_stored);
    }
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_int_equal(sum_of(database), RS_ARRAY_LEN(cases));
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

/* A row for which there is no partition has the SQLSTATE of a broken CHECK; it is the schema's fault, not the row's. */
static void rows_without_a_partition_wait_for_it(void **state) {
    (void)state;
    const char *database = fresh_database();
    assert_int_equal(rs_store_migrate(database, false, NULL, NULL), RS_OK);
    rs_postgres_run(database, "CREATE TABLE public.parted (at timestamptz NOT NULL) PARTITION BY RANGE (at);"
                    "CREATE FUNCTION public.copy() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.parted "
                    "VALUES (new.interval_start); RETURN new; END$$;"
                    "CREATE TRIGGER copy BEFORE INSERT ON ringside.queue_interval_part FOR EACH ROW EXECUTE FUNCTION public.copy()");
    driver_t driver;
    driver_start(&driver, &(driver_options_t){.conninfo = database});
    hand_some(&driver, 3);
    driver_run(&driver, has_failed);
    driver_run_for(&driver, 100);
    assert_true(faults(&driver, RS_STORE_FAULT_SCHEMA) > 0);
    assert_int_equal(driver_status(&driver).poisoned, 0);
    assert_true(driver_logged(&driver, "no partition of relation"));
    rs_postgres_run(database, "CREATE TABLE public.parted_now PARTITION OF public.parted FOR VALUES FROM ('2020-01-01') TO ('2030-01-01')");
    driver_run(&driver, all_stored);
    assert_int_equal(sum_of(database), 3);
    assert_int_equal(driver_stop(&driver, 5 * RS_US_PER_S), RS_OK);
}

int run_server_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_that_lends_backends_by_transaction_is_refused_in_words),
        cmocka_unit_test(a_pool_in_session_mode_is_as_good_as_the_server),
        cmocka_unit_test(a_host_that_is_silent_does_not_keep_us_from_the_next),
        cmocka_unit_test(a_server_that_turns_read_only_is_left_and_looked_at_again),
        cmocka_unit_test(trouble_of_the_servers_own_costs_backlog_only),
        cmocka_unit_test(rows_without_a_partition_wait_for_it),
    };
    return cmocka_run_group_tests_name("servers", tests, NULL, NULL);
}
