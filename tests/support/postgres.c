#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void stop_here(const char *what, const char *detail) {
    fprintf(stderr, "postgres support: %s: %s\n", what, detail);
    exit(1);
}

static const char *script(void) {
    static char path[512];
    const char *source = getenv("RS_SOURCE_DIR");
#ifdef RS_SOURCE_DIR
    if (source == NULL) source = RS_SOURCE_DIR;
#endif
    snprintf(path, sizeof path, "%s/daemon/private-postgres", source == NULL ? "." : source);
    return path;
}

static int run_script(const char *command, const char *directory, const char *more) {
    char line[1024];
    snprintf(line, sizeof line, "%s %s %s %s >/dev/null", script(), command, directory, more);
    return system(line);
}

/* Waits until the test program is gone, however it went, and cleans up after it. */
static _Noreturn void guard(int end, const char *directory) {
    setsid();
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    char byte;
    while (read(end, &byte, 1) > 0) {}
    if (access(directory, F_OK) == 0) (void)!run_script("remove", directory, "2>/dev/null");
    _exit(0);
}

static void start_guard(rs_postgres_t *postgres) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) stop_here("pipe", postgres->directory);
    const pid_t child = fork();
    if (child < 0) stop_here("fork", postgres->directory);
    if (child == 0) {
        close(ends[1]);
        if (fork() == 0) guard(ends[0], postgres->directory);   /* not our child, so that nobody has to wait for it */
        _exit(0);
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    postgres->guard = ends[1];
}

/* In memory where there is room for it: what is tested is not the disk. */
static const char *place(void) {
    const char *wanted = getenv("RS_POSTGRES_PLACE");
    if (wanted != NULL && strlen(wanted) < 32) return wanted;
    struct statvfs memory;
    const bool fits = statvfs("/dev/shm", &memory) == 0 && (uint64_t)memory.f_bavail * memory.f_frsize > UINT64_C(2) << 30;
    return fits && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

void rs_postgres_start(rs_postgres_t *postgres, const char *options) {
    *postgres = (rs_postgres_t){.guard = -1};
    snprintf(postgres->directory, sizeof postgres->directory, "%s/ringside-test.XXXXXX", place());
    if (mkdtemp(postgres->directory) == NULL) stop_here("mkdtemp", postgres->directory);
    start_guard(postgres);
    if (run_script("start", postgres->directory, options) != 0) stop_here("cannot start PostgreSQL in", postgres->directory);
    snprintf(postgres->socket, sizeof postgres->socket, "%s/socket", postgres->directory);
    snprintf(postgres->conninfo, sizeof postgres->conninfo, "host=%s dbname=ringside user=ringside", postgres->socket);
}

void rs_postgres_stop(rs_postgres_t *postgres) {
    if (run_script("remove", postgres->directory, "") != 0) stop_here("cannot remove", postgres->directory);
    close(postgres->guard);
}

void rs_postgres_halt(rs_postgres_t *postgres, bool immediate) {
    if (run_script("stop", postgres->directory, immediate ? "immediate" : "fast") != 0) stop_here("cannot stop", postgres->directory);
}

void rs_postgres_resume(rs_postgres_t *postgres, const char *options) {
    if (run_script("start", postgres->directory, options) != 0) stop_here("cannot start again", postgres->directory);
}

void rs_postgres_create_database(rs_postgres_t *postgres, const char *name, char *conninfo, size_t size) {
    char sql[256];
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
    rs_postgres_run(postgres->conninfo, sql);
    snprintf(conninfo, size, "host=%s dbname=%s user=ringside", postgres->socket, name);
}

static PGresult *execute(const char *conninfo, const char *sql) {
    PGconn *connection = PQconnectdb(conninfo);
    if (PQstatus(connection) != CONNECTION_OK) stop_here("cannot connect", PQerrorMessage(connection));
    PGresult *quiet = PQexec(connection, "SET client_min_messages = error");
    PQclear(quiet);
    PGresult *result = PQexec(connection, sql);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) stop_here(sql, PQresultErrorMessage(result));
    PQfinish(connection);
    return result;
}

void rs_postgres_run(const char *conninfo, const char *sql) { PQclear(execute(conninfo, sql)); }

const char *rs_postgres_text(const char *conninfo, const char *sql) {
    static char text[8192];
    PGresult *result = execute(conninfo, sql);
    const bool found = PQntuples(result) > 0 && PQnfields(result) > 0 && !PQgetisnull(result, 0, 0);
    snprintf(text, sizeof text, "%s", found ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return text;
}

int64_t rs_postgres_number(const char *conninfo, const char *sql) { return strtoll(rs_postgres_text(conninfo, sql), NULL, 10); }
