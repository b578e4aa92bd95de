/* support/postgres.h — a private PostgreSQL cluster for a test run: in a folder of its own, on a Unix socket only.
 *
 * It is stopped and deleted by rs_postgres_stop, and also when the test program dies in any other way: a guardian process
 * holds one end of a pipe and cleans up when the other end is gone. The folder is made in RS_POSTGRES_PLACE when that is set, else
 * in memory (/dev/shm) when 2 GiB are free there, else in /tmp. */
#ifndef RS_TEST_POSTGRES_H
#define RS_TEST_POSTGRES_H

#include "base/base.h"

#include <libpq-fe.h>

typedef struct rs_postgres {
    char directory[64];
    char socket[96];        /* folder of the socket */
    char conninfo[256];     /* of the database `ringside`, empty at first */
    int guard;              /* our end of the guardian's pipe */
} rs_postgres_t;

/* Makes and starts it; ends the program with a message when that is not possible. `options` are passed to the server, such as
 * "-c fsync=off"; may be "". */
void rs_postgres_start(rs_postgres_t *postgres, const char *options);
void rs_postgres_stop(rs_postgres_t *postgres);
/* Takes the server away and brings it back; the data stay. */
void rs_postgres_halt(rs_postgres_t *postgres, bool immediate);
void rs_postgres_resume(rs_postgres_t *postgres, const char *options);
/* A new, empty database beside the others; its connection string goes to `conninfo`. */
void rs_postgres_create_database(rs_postgres_t *postgres, const char *name, char *conninfo, size_t size);

/* Runs SQL (several statements) on a connection of its own; ends the program on an error. */
void rs_postgres_run(const char *conninfo, const char *sql);
/* First column of the first row as text, "" for null or no row; static storage, until the next call. */
const char *rs_postgres_text(const char *conninfo, const char *sql);
int64_t rs_postgres_number(const char *conninfo, const char *sql);

#endif
