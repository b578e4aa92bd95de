#include "cli/subject.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

/* The server's sentence without what follows it: a context line could quote a parameter. */
static int tell_error(const PGconn *connection, const PGresult *answer) {
    const char *text = answer == NULL ? NULL : PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = answer == NULL ? NULL : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    char message[1024];
    snprintf(message, sizeof message, "%s", text != NULL ? text : PQerrorMessage(connection));
    message[strcspn(message, "\r\n")] = 0;
    const bool is_old = state != NULL && (strcmp(state, "42P01") == 0 || strcmp(state, "42883") == 0 || strcmp(state, "3F000") == 0);
    return rs_cli_fail("database: %s%s", message, is_old ? "; `ringside migrate` brings it up to date" : "");
}

static PGconn *open_connection(const rs_subject_settings_t *settings) {
    const char *const names[] = {"dbname", "fallback_application_name", NULL};
    const char *const values[] = {settings->database, "ringside subject", NULL};
    PGconn *connection = PQconnectdbParams(names, values, 1);
    if (PQstatus(connection) == CONNECTION_OK) return connection;
    (void)tell_error(connection, NULL);
    PQfinish(connection);
    return NULL;
}

static json_t *list_of(const PGresult *answer) {
    json_t *rows = json_array();
    for (int i = 0; i < PQntuples(answer); i++) {
        json_t *row = json_array();
        for (int k = 0; k < PQnfields(answer); k++) {
            json_array_append_new(row, PQgetisnull(answer, i, k) ? json_null() : json_string(PQgetvalue(answer, i, k)));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

int rs_subject_query(const rs_subject_settings_t *settings, const char *sql, const char *const *values, int count, json_t **rows) {
    PGconn *connection = open_connection(settings);
    if (connection == NULL) return 1;
    PGresult *answer = PQexecParams(connection, sql, count, NULL, values, NULL, NULL, 0);
    const ExecStatusType status = PQresultStatus(answer);
    const int result = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? 0 : tell_error(connection, answer);
    if (result == 0 && rows != NULL) *rows = list_of(answer);
    PQclear(answer);
    PQfinish(connection);
    return result;
}

static int print_all(PGconn *connection, uint64_t *lines) {
    int result = 0;
    for (PGresult *answer; (answer = PQgetResult(connection)) != NULL; PQclear(answer)) {
        const ExecStatusType status = PQresultStatus(answer);
        if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) result = tell_error(connection, answer);
        for (int i = 0; i < PQntuples(answer); i++, (*lines)++) puts(PQgetvalue(answer, i, 0));
    }
    return result;
}

int rs_subject_print_rows(const rs_subject_settings_t *settings, const char *sql, const char *const *values, int count, uint64_t *lines) {
    *lines = 0;
    PGconn *connection = open_connection(settings);
    if (connection == NULL) return 1;
    const bool is_sent = PQsendQueryParams(connection, sql, count, NULL, values, NULL, NULL, 0) == 1 && PQsetSingleRowMode(connection) == 1;
    int result = is_sent ? print_all(connection, lines) : tell_error(connection, NULL);
    PQfinish(connection);
    if (fflush(stdout) != 0) result = rs_cli_fail("standard output: cannot be written");
    return result;
}

char *rs_subject_array(const json_t *list) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) return NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        fprintf(out, "%s\"%s\"", i == 0 ? "{" : ",", json_string_value(json_array_get(list, i)));
    }
    fputs("}", out);
    fclose(out);
    return text;
}
