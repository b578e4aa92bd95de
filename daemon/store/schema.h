/* store/schema.h — what the database must look like, and the steps that bring it there. Private to the store's room.
 *
 * Model:     sql/migrations are applied once, in order, each in one transaction, and recorded in ringside.schema_migration;
 *            sql/functions, sql/views and sql/reports are created again whenever their checksum differs from ringside.schema_object, and
 *            after every migration: a view lists the columns that its tables had when it was made.
 *            rs__migrator_t does no I/O: it says which SQL to run next and is shown the results, so that `ringside migrate`
 *            (waiting) and the store (on the loop) take the same steps:
 *                probe ─► read ─► nothing to do ─► done
 *                          └────► lock ─► probe, read again ─► apply … ─► unlock ─► done
 */
#ifndef RS_STORE_SCHEMA_H
#define RS_STORE_SCHEMA_H

#include "store/store.h"

#include <libpq-fe.h>

typedef struct rs__sql_file {
    const char *kind;      /* "migration", "function", "view", "report" */
    int number;            /* of a migration, else 0 */
    const char *name, *checksum, *text;
} rs__sql_file_t;
/* Generated from sql/. In the order of application. */
extern const rs__sql_file_t rs__sql_files[];
extern const size_t rs__sql_file_count;

enum { RS__MAX_SQL_FILES = 256 };

typedef enum rs__migrate_mode { RS__MIGRATE_CHECK, RS__MIGRATE_DRY_RUN, RS__MIGRATE_APPLY } rs__migrate_mode_t;

typedef struct rs__migrator {
    rs__migrate_mode_t mode;
    int last_migration;            /* later ones are left out; tests make older schemas so */
    rs_store_print_fn print;
    void *context;
    int step;                      /* enum in schema.c */
    bool locked, has_table, failed;
    bool current[RS__MAX_SQL_FILES];   /* recorded with our checksum */
    size_t next_file;
    int database_version;
    char *sql;                     /* text of the step under way */
    int status;
    char message[512];
} rs__migrator_t;

/* print may be NULL. */
void rs__migrator_init(rs__migrator_t *migrator, rs__migrate_mode_t mode, rs_store_print_fn print, void *context);
/* The SQL to run now (valid until the next call), NULL when done. Then `status` is RS_OK (the schema is as needed, or a dry
 * run said what is missing), RS_ERR_VERSION (newer, or an applied migration differs), RS_ERR_STATE (older, and the mode is
 * CHECK), RS_ERR_IO (a statement failed), RS_ERR_MEMORY; and `message` says so in words. */
const char *rs__migrator_next(rs__migrator_t *migrator);
/* Shows one result of that SQL; call it for each, errors too. */
void rs__migrator_result(rs__migrator_t *migrator, const PGresult *result);
void rs__migrator_deinit(rs__migrator_t *migrator);

#endif
