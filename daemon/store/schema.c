#include "store/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum step { STEP_PROBE, STEP_READ, STEP_LOCK, STEP_PREPARE, STEP_APPLY, STEP_UNLOCK, STEP_DONE };

/* Any two programs that migrate one database wait for each other here; the number only has to be always the same. */
#define ADVISORY_LOCK "8317431021884"

static const char prepare_sql[] =
    "CREATE SCHEMA IF NOT EXISTS ringside;\n"
    "COMMENT ON SCHEMA ringside IS 'Contact-centre figures, alerts and accounting, written by ringsided.';\n"
    "CREATE TABLE IF NOT EXISTS ringside.schema_migration (number integer PRIMARY KEY, name text NOT NULL,"
    " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());\n"
    "COMMENT ON TABLE ringside.schema_migration IS 'Migrations that have been applied; they are never changed afterwards.';\n"
    "COMMENT ON COLUMN ringside.schema_migration.number IS 'Number of the migration; they are applied in this order.';\n"
    "COMMENT ON COLUMN ringside.schema_migration.name IS 'What it does.';\n"
    "COMMENT ON COLUMN ringside.schema_migration.checksum IS 'SHA-256 of its text.';\n"
    "COMMENT ON COLUMN ringside.schema_migration.applied_at IS 'When it was applied.';\n"
    "CREATE TABLE IF NOT EXISTS ringside.schema_object (kind text NOT NULL, name text NOT NULL,"
    " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (kind, name));\n"
    "COMMENT ON TABLE ringside.schema_object IS 'Files of functions, views and reports, created again when they change.';\n"
    "COMMENT ON COLUMN ringside.schema_object.kind IS '''function'', ''view'' or ''report''.';\n"
    "COMMENT ON COLUMN ringside.schema_object.name IS 'Name of the file.';\n"
    "COMMENT ON COLUMN ringside.schema_object.checksum IS 'SHA-256 of its text.';\n"
    "COMMENT ON COLUMN ringside.schema_object.applied_at IS 'When it was last created.';\n";

static bool is_migration(const rs__sql_file_t *file) { return file->number > 0; }

int rs_store_schema_version(void) {
    int version = 0;
    for (size_t i = 0; i < rs__sql_file_count; i++)
        if (rs__sql_files[i].number > version) version = rs__sql_files[i].number;
    return version;
}

void rs__migrator_init(rs__migrator_t *migrator, rs__migrate_mode_t mode, rs_store_print_fn print, void *context) {
    RS_REQUIRE(rs__sql_file_count <= RS__MAX_SQL_FILES);
    *migrator = (rs__migrator_t){.mode = mode, .print = print, .context = context, .step = STEP_PROBE,
                                 .last_migration = rs_store_schema_version()};
}

void rs__migrator_deinit(rs__migrator_t *migrator) {
    free(migrator->sql);
    migrator->sql = NULL;
}

static RS_PRINTF(3, 4) void finish(rs__migrator_t *migrator, int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(migrator->message, sizeof migrator->message, format, arguments);
    va_end(arguments);
    migrator->status = status;
    migrator->step = STEP_DONE;
}

static void print_step(const rs__migrator_t *migrator, const char *verb, const rs__sql_file_t *file) {
    if (migrator->print == NULL) return;
    char line[160];
    if (is_migration(file)) snprintf(line, sizeof line, "%s migration %04d %s", verb, file->number, file->name);
    else snprintf(line, sizeof line, "%s %ss %s", verb, file->kind, file->name);
    migrator->print(migrator->context, line);
}

/* Functions and views need the tables of all migrations, so they wait for the last one. */
static bool wanted(const rs__migrator_t *migrator, size_t i) {
    if (migrator->current[i]) return false;
    if (is_migration(&rs__sql_files[i])) return rs__sql_files[i].number <= migrator->last_migration;
    return migrator->last_migration == rs_store_schema_version();
}

/* What a migration adds, views and functions list: each is made again after one, though its text is the same. */
static void forget_objects(rs__migrator_t *migrator) {
    for (size_t i = 0; i < rs__sql_file_count; i++)
        if (!is_migration(&rs__sql_files[i])) migrator->current[i] = false;
}

static void forget_objects_before_a_migration(rs__migrator_t *migrator) {
    bool migrating = false;
    for (size_t i = 0; i < rs__sql_file_count; i++) migrating = migrating || (is_migration(&rs__sql_files[i]) && wanted(migrator, i));
    if (migrating) forget_objects(migrator);
}

static size_t next_wanted(const rs__migrator_t *migrator, size_t from) {
    while (from < rs__sql_file_count && !wanted(migrator, from)) from++;
    return from;
}

/* A row of what the database says it has: kind, number, name, checksum. */
static void compare(rs__migrator_t *migrator, const char *kind, int number, const char *name, const char *checksum) {
    for (size_t i = 0; i < rs__sql_file_count; i++) {
        const rs__sql_file_t *file = &rs__sql_files[i];
        if (strcmp(file->kind, kind) != 0 || file->number != number) continue;
        if (is_migration(file)) {
            migrator->current[i] = true;
            if (strcmp(file->checksum, checksum) != 0 || strcmp(file->name, name) != 0)
                finish(migrator, RS_ERR_VERSION,
                       "migration %04d of the database (%s) is not the one that this program knows (%s): it belongs to "
                       "another version of ringside", number, name, file->name);
            return;
        }
        if (strcmp(file->name, name) == 0) migrator->current[i] = strcmp(file->checksum, checksum) == 0;
    }
    if (number > migrator->database_version) migrator->database_version = number;
}

static void read_state(rs__migrator_t *migrator, const PGresult *result) {
    for (int row = 0; row < PQntuples(result) && migrator->step == STEP_READ; row++)
        compare(migrator, PQgetvalue(result, row, 0), atoi(PQgetvalue(result, row, 1)), PQgetvalue(result, row, 2),
                PQgetvalue(result, row, 3));
}

void rs__migrator_result(rs__migrator_t *migrator, const PGresult *result) {
    const ExecStatusType type = PQresultStatus(result);
    if (type != PGRES_TUPLES_OK && type != PGRES_COMMAND_OK) {
        if (migrator->failed) return;
        migrator->failed = true;
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        const bool applying = migrator->step == STEP_APPLY;
        finish(migrator, RS_ERR_IO, "%s%s: %s (SQLSTATE %s)", applying ? rs__sql_files[migrator->next_file].name : "schema",
               applying ? " cannot be applied" : "", text == NULL ? PQresultErrorMessage(result) : text,
               state == NULL ? "none" : state);
        return;
    }
    if (type != PGRES_TUPLES_OK) return;
    if (migrator->step == STEP_PROBE) migrator->has_table = PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) == 't';
    if (migrator->step == STEP_READ) read_state(migrator, result);
}

/* Everything about the database is known: what is to be done? */
static enum step decide(rs__migrator_t *migrator) {
    const int ours = rs_store_schema_version();
    if (migrator->database_version > ours) {
        finish(migrator, RS_ERR_VERSION,
               "the database's schema has version %d, this program knows %d: use a newer ringside; nothing is written to it",
               migrator->database_version, ours);
        return STEP_DONE;
    }
    forget_objects_before_a_migration(migrator);
    const size_t first = next_wanted(migrator, 0);
    if (first == rs__sql_file_count) {
        if (migrator->locked) return STEP_UNLOCK;
        finish(migrator, RS_OK, "the schema is up to date (version %d)", migrator->last_migration);
        return STEP_DONE;
    }
    if (migrator->mode == RS__MIGRATE_CHECK) {
        finish(migrator, RS_ERR_STATE, "the database's schema is older than this program needs: run `ringside migrate`");
        return STEP_DONE;
    }
    if (migrator->mode == RS__MIGRATE_DRY_RUN) {
        for (size_t i = first; i < rs__sql_file_count; i = next_wanted(migrator, i + 1))
            print_step(migrator, "would apply", &rs__sql_files[i]);
        finish(migrator, RS_OK, "dry run: nothing was changed");
        return STEP_DONE;
    }
    migrator->next_file = first;
    return migrator->locked ? STEP_PREPARE : STEP_LOCK;
}

static const char *apply_sql(rs__migrator_t *migrator) {
    const rs__sql_file_t *file = &rs__sql_files[migrator->next_file];
    /* In the same transaction: whoever is interrupted after it makes the views again, too. */
    static const char migration_record[] =
        "INSERT INTO ringside.schema_migration (number, name, checksum) VALUES (%d, '%s', '%s') ON CONFLICT DO NOTHING;"
        " DELETE FROM ringside.schema_object";
    static const char object_record[] =
        "INSERT INTO ringside.schema_object (kind, name, checksum) VALUES ('%s', '%s', '%s') ON CONFLICT (kind, name)"
        " DO UPDATE SET checksum = excluded.checksum, applied_at = now()";
    char record[512];
    if (is_migration(file)) snprintf(record, sizeof record, migration_record, file->number, file->name, file->checksum);
    else snprintf(record, sizeof record, object_record, file->kind, file->name, file->checksum);
    free(migrator->sql);
    /* A migration may take as long as it must, but does not wait for ever behind somebody's open transaction. */
    if (asprintf(&migrator->sql, "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s';"
                 " SET LOCAL search_path = pg_catalog; SET LOCAL client_min_messages = warning;\n%s\n;%s; COMMIT",
                 file->text, record) < 0) {
        migrator->sql = NULL;
        finish(migrator, RS_ERR_MEMORY, "out of memory");
        return NULL;
    }
    print_step(migrator, "applying", file);
    return migrator->sql;
}

static const char *step_sql(rs__migrator_t *migrator) {
    switch ((enum step)migrator->step) {
        case STEP_PROBE: return "SELECT to_regclass('ringside.schema_migration') IS NOT NULL";
        case STEP_READ:
            return "SELECT 'migration', number, name, checksum FROM ringside.schema_migration"
                   " UNION ALL SELECT kind, 0, name, checksum FROM ringside.schema_object ORDER BY 1, 2";
        case STEP_LOCK: return "SELECT pg_advisory_lock(" ADVISORY_LOCK ")";
        case STEP_PREPARE: return prepare_sql;
        case STEP_APPLY: return apply_sql(migrator);
        case STEP_UNLOCK: return "SELECT pg_advisory_unlock(" ADVISORY_LOCK ")";
        case STEP_DONE: break;
    }
    return NULL;
}

/* The step after the one whose results have been seen. */
static enum step following(rs__migrator_t *migrator) {
    switch ((enum step)migrator->step) {
        case STEP_PROBE: return migrator->has_table ? STEP_READ : decide(migrator);
        case STEP_READ: return decide(migrator);
        case STEP_LOCK:
            /* Somebody else may have done it while we waited: look again. */
            migrator->locked = true;
            memset(migrator->current, 0, sizeof migrator->current);
            return STEP_PROBE;
        case STEP_PREPARE: return STEP_APPLY;
        case STEP_APPLY:
            migrator->next_file = next_wanted(migrator, migrator->next_file + 1);
            return migrator->next_file < rs__sql_file_count ? STEP_APPLY : STEP_UNLOCK;
        case STEP_UNLOCK:
            finish(migrator, RS_OK, "the schema was migrated to version %d", migrator->last_migration);
            return STEP_DONE;
        case STEP_DONE: break;
    }
    return STEP_DONE;
}

const char *rs__migrator_next(rs__migrator_t *migrator) {
    /* `sql` is NULL only before the very first step. */
    if (migrator->sql == NULL) migrator->sql = strdup("");
    else if (migrator->step != STEP_DONE) migrator->step = (int)following(migrator);
    if (migrator->sql == NULL) finish(migrator, RS_ERR_MEMORY, "out of memory");
    return step_sql(migrator);
}
