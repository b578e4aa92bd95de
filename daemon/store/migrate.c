/* Migrating and waiting for it: `ringside migrate`. */
#include "store/schema.h"
#include "store/migrate_internal.h"

#include <stdio.h>

static void print_line(rs_store_print_fn print, void *context, const char *text) {
    if (print == NULL) return;
    char line[1024];
    snprintf(line, sizeof line, "%s", text);
    line[strcspn(line, "\r\n")] = '\0';
    print(context, line);
}

static void ignore_notice(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}

int rs__store_migrate_to(const char *conninfo, int last_migration, bool dry_run, rs_store_print_fn print, void *context) {
    PGconn *connection = PQconnectdb(conninfo);
    if (PQstatus(connection) != CONNECTION_OK) {
        print_line(print, context, connection == NULL ? "out of memory" : PQerrorMessage(connection));
        PQfinish(connection);
        return RS_ERR_IO;
    }
    PQsetNoticeReceiver(connection, ignore_notice, NULL);
    rs__migrator_t migrator;
    rs__migrator_init(&migrator, dry_run ? RS__MIGRATE_DRY_RUN : RS__MIGRATE_APPLY, print, context);
    if (last_migration > 0) migrator.last_migration = last_migration;
    for (const char *sql; (sql = rs__migrator_next(&migrator)) != NULL;) {
        PGresult *result = PQexec(connection, sql);
        rs__migrator_result(&migrator, result);
        PQclear(result);
    }
    print_line(print, context, migrator.message);
    rs__migrator_deinit(&migrator);
    PQfinish(connection);
    return migrator.status;
}

int rs_store_migrate(const char *conninfo, bool dry_run, rs_store_print_fn print, void *context) {
    return rs__store_migrate_to(conninfo, 0, dry_run, print, context);
}
