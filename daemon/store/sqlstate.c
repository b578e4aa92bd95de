#include "store/sqlstate.h"

typedef struct entry { const char *code; rs_store_fault_t fault; } entry_t;

/* The first that the code begins with counts: so single codes stand before their class. */
static const entry_t entries[] = {
    {"RS001", RS_STORE_FAULT_FENCED},
    {"RS002", RS_STORE_FAULT_MARK},
    {"40001", RS_STORE_FAULT_CONFLICT},    /* serialization_failure */
    {"40P01", RS_STORE_FAULT_CONFLICT},    /* deadlock_detected */
    {"40003", RS_STORE_FAULT_CONNECTION},  /* statement_completion_unknown */
    {"40", RS_STORE_FAULT_BUSY},
    {"08", RS_STORE_FAULT_CONNECTION},
    {"57P05", RS_STORE_FAULT_BUSY},        /* idle_session_timeout */
    {"57P", RS_STORE_FAULT_CONNECTION},    /* shut down, crashed, starting, database dropped */
    {"57", RS_STORE_FAULT_BUSY},           /* 57014 query_canceled: statement_timeout */
    {"55P03", RS_STORE_FAULT_BUSY},        /* lock_not_available: lock_timeout */
    {"55", RS_STORE_FAULT_SCHEMA},
    {"25006", RS_STORE_FAULT_READ_ONLY},   /* read_only_sql_transaction */
    {"25", RS_STORE_FAULT_BUSY},           /* 25P03 idle_in_transaction_session_timeout */
    {"53100", RS_STORE_FAULT_FULL},        /* disk_full */
    {"53200", RS_STORE_FAULT_FULL},        /* out_of_memory */
    {"53", RS_STORE_FAULT_BUSY},           /* 53300 too_many_connections */
    {"58", RS_STORE_FAULT_FULL},           /* 58030 io_error */
    {"21", RS_STORE_FAULT_DATA},           /* 21000: two revisions of a row in one batch */
    {"22", RS_STORE_FAULT_DATA},
    {"23", RS_STORE_FAULT_DATA},
    {"54", RS_STORE_FAULT_DATA},           /* a row too long */
    {"42804", RS_STORE_FAULT_DATA},        /* datatype_mismatch */
    {"42501", RS_STORE_FAULT_REFUSED},     /* insufficient_privilege */
    {"28", RS_STORE_FAULT_REFUSED},        /* who we say we are is not believed */
    {"3D", RS_STORE_FAULT_REFUSED},        /* there is no such database */
    {"42", RS_STORE_FAULT_SCHEMA},         /* 42P01, 42703, 42883, 42P10: a table, column, function, constraint is gone */
    {"3F", RS_STORE_FAULT_SCHEMA},
    {"0A", RS_STORE_FAULT_SCHEMA},
    {"26", RS_STORE_FAULT_SCHEMA},
    {"39", RS_STORE_FAULT_SCHEMA},         /* triggers and functions of the users' */
    {"38", RS_STORE_FAULT_SCHEMA},
    {"P0", RS_STORE_FAULT_SCHEMA},
    {"XX", RS_STORE_FAULT_DAMAGED},
    {"F0", RS_STORE_FAULT_DAMAGED},
};

rs_store_fault_t rs__sqlstate_fault(const char *state, bool has_constraint) {
    if (state[0] == '\0') return RS_STORE_FAULT_CONNECTION;
    if (strcmp(state, "23514") == 0 && !has_constraint) return RS_STORE_FAULT_SCHEMA;
    for (size_t i = 0; i < RS_ARRAY_LEN(entries); i++)
        if (strncmp(state, entries[i].code, strlen(entries[i].code)) == 0) return entries[i].fault;
    return RS_STORE_FAULT_BUSY;
}

rs__remedy_t rs__fault_remedy(rs_store_fault_t fault) {
    static const rs__remedy_t remedies[RS_STORE_FAULT_COUNT] = {
        [RS_STORE_FAULT_CONFLICT] = RS__REMEDY_AGAIN,     [RS_STORE_FAULT_CONNECTION] = RS__REMEDY_BACK_OFF,
        [RS_STORE_FAULT_BUSY] = RS__REMEDY_BACK_OFF,      [RS_STORE_FAULT_READ_ONLY] = RS__REMEDY_BACK_OFF,
        [RS_STORE_FAULT_FULL] = RS__REMEDY_WAIT,          [RS_STORE_FAULT_DATA] = RS__REMEDY_HALVE,
        [RS_STORE_FAULT_SCHEMA] = RS__REMEDY_WAIT,        [RS_STORE_FAULT_REFUSED] = RS__REMEDY_WAIT,
        [RS_STORE_FAULT_DAMAGED] = RS__REMEDY_WAIT,       [RS_STORE_FAULT_POOLER] = RS__REMEDY_WAIT,
        [RS_STORE_FAULT_MARK] = RS__REMEDY_BACK_OFF,      [RS_STORE_FAULT_FENCED] = RS__REMEDY_STOP,
    };
    return remedies[fault];
}

static const char *const names[RS_STORE_FAULT_COUNT] = {
#define RS_X(NAME, name) name,
    RS_STORE_FAULTS(RS_X)
#undef RS_X
};
const char *rs_store_fault_name(unsigned fault) { return fault < RS_STORE_FAULT_COUNT ? names[fault] : ""; }
