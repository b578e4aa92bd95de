/* cli/subject.h — `ringside subject`: what the daemon (service/admin.h) and the database (sql/reports/privacy.sql) are asked about a
 * person.
 *
 * Privacy:  a number goes to the daemon's local door and nowhere else; what it answers, pseudonyms, goes to the database as parameters.
 */
#ifndef RS_CLI_SUBJECT_H
#define RS_CLI_SUBJECT_H

#include "cli/cli.h"

#include <jansson.h>

typedef struct rs_subject_settings {
    const char *config_path, *database_option;
    rs_config_t *config;
    char *database;                      /* NULL: there is none */
    const char *tenant, *customer, *pseudonym, *agent, *reason, *who, *format;
    bool waits;
    int64_t timeout_us;
    uint32_t keep;
} rs_subject_settings_t;

/* subject_daemon.c: one request at the local door; takes the reference. NULL: it failed, or the daemon refused; that has been said. */
json_t *rs_subject_ask(const rs_subject_settings_t *settings, json_t *request);

/* subject_store.c; each says why it failed and returns the exit status, 0: done */
/* The rows of a query whose parameters are texts (NULL: null), as an array of arrays of texts; a new reference. `opens` keeps the
 * connection for nothing: each call has its own. */
int rs_subject_query(const rs_subject_settings_t *settings, const char *sql, const char *const *values, int count, json_t **rows);
/* Prints the first column of each row, a line each, as it comes; *lines counts. */
int rs_subject_print_rows(const rs_subject_settings_t *settings, const char *sql, const char *const *values, int count, uint64_t *lines);
/* {"a","b"} of a list of texts that need no quoting; free it. */
char *rs_subject_array(const json_t *list);

/* subject_record.c: the record of processing */
int rs_subject_record(const rs_subject_settings_t *settings);

#endif
