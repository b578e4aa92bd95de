/* Every row of the table of errors, and what is done about it. */
#include "store_test.h"
#include "store/sqlstate.h"

typedef struct expected { const char *state; bool constraint; rs_store_fault_t fault; rs__remedy_t remedy; } expected_t;

static const expected_t cases[] = {
    {"40001", false, RS_STORE_FAULT_CONFLICT, RS__REMEDY_AGAIN},
    {"40P01", false, RS_STORE_FAULT_CONFLICT, RS__REMEDY_AGAIN},
    {"40003", false, RS_STORE_FAULT_CONNECTION, RS__REMEDY_BACK_OFF},   /* whether it is in is not known: the mark says */
    {"40002", true, RS_STORE_FAULT_BUSY, RS__REMEDY_BACK_OFF},
    {"08000", false, RS_STORE_FAULT_CONNECTION, RS__REMEDY_BACK_OFF},
    {"08006", false, RS_STORE_FAULT_CONNECTION, RS__REMEDY_BACK_OFF},
    {"08007", false, RS_STORE_FAULT_CONNECTION, RS__REMEDY_BACK_OFF},
    {"08P01", false, RS_STORE_FAULT_CONNECTION, RS__REMEDY_BACK_OFF},
    {"", false, RS_STORE_FAULT_CONNECTION, RS__REMEDY_BACK_OFF},
    {"57P01", false, RS_STORE_FAULT_CONNECTION, RS__REMEDY_BACK_OFF},   /* shut down by an administrator */
    {"57P02", false, RS_STORE_FAULT_CONNECTION, RS__REMEDY_BACK_OFF},
    {"57P03", false, RS_STORE_FAULT_CONNECTION, RS__REMEDY_BACK_OFF},
    {"57P05", false, RS_STORE_FAULT_BUSY, RS__REMEDY_BACK_OFF},
    {"57014", false, RS_STORE_FAULT_BUSY, RS__REMEDY_BACK_OFF},         /* statement_timeout */
    {"55P03", false, RS_STORE_FAULT_BUSY, RS__REMEDY_BACK_OFF},         /* lock_timeout */
    {"55000", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"25006", false, RS_STORE_FAULT_READ_ONLY, RS__REMEDY_BACK_OFF},
    {"25P03", false, RS_STORE_FAULT_BUSY, RS__REMEDY_BACK_OFF},
    {"25P02", false, RS_STORE_FAULT_BUSY, RS__REMEDY_BACK_OFF},
    {"53100", false, RS_STORE_FAULT_FULL, RS__REMEDY_WAIT},
    {"53200", false, RS_STORE_FAULT_FULL, RS__REMEDY_WAIT},
    {"53300", false, RS_STORE_FAULT_BUSY, RS__REMEDY_BACK_OFF},
    {"53000", false, RS_STORE_FAULT_BUSY, RS__REMEDY_BACK_OFF},
    {"58030", false, RS_STORE_FAULT_FULL, RS__REMEDY_WAIT},
    {"58P01", false, RS_STORE_FAULT_FULL, RS__REMEDY_WAIT},
    {"21000", false, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"22001", false, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"22003", false, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"22021", false, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"22P04", false, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"23502", false, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"23503", true, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"23505", true, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"23514", true, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"23514", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},           /* no partition for the row */
    {"42804", false, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"54000", false, RS_STORE_FAULT_DATA, RS__REMEDY_HALVE},
    {"42501", false, RS_STORE_FAULT_REFUSED, RS__REMEDY_WAIT},
    {"28000", false, RS_STORE_FAULT_REFUSED, RS__REMEDY_WAIT},
    {"28P01", false, RS_STORE_FAULT_REFUSED, RS__REMEDY_WAIT},
    {"3D000", false, RS_STORE_FAULT_REFUSED, RS__REMEDY_WAIT},
    {"42P01", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"42703", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"42883", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"42P10", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"3F000", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"0A000", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"26000", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"38000", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"39004", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},
    {"P0001", false, RS_STORE_FAULT_SCHEMA, RS__REMEDY_WAIT},           /* a trigger of the users' */
    {"XX000", false, RS_STORE_FAULT_DAMAGED, RS__REMEDY_WAIT},
    {"XX001", false, RS_STORE_FAULT_DAMAGED, RS__REMEDY_WAIT},
    {"XX002", false, RS_STORE_FAULT_DAMAGED, RS__REMEDY_WAIT},
    {"F0001", false, RS_STORE_FAULT_DAMAGED, RS__REMEDY_WAIT},
    {"RS001", false, RS_STORE_FAULT_FENCED, RS__REMEDY_STOP},
    {"RS002", false, RS_STORE_FAULT_MARK, RS__REMEDY_BACK_OFF},
    {"ZZZZZ", false, RS_STORE_FAULT_BUSY, RS__REMEDY_BACK_OFF},         /* whatever comes one day */
};

static void each_sqlstate_has_its_fault_and_each_fault_its_remedy(void **state) {
    (void)state;
    bool seen[RS_STORE_FAULT_COUNT] = {[RS_STORE_FAULT_POOLER] = true};   /* no SQLSTATE says that */
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        const rs_store_fault_t fault = rs__sqlstate_fault(cases[i].state, cases[i].constraint);
        if (fault != cases[i].fault) {
            fail_msg("%s: %s, not %s", cases[i].state, rs_store_fault_name(fault), rs_store_fault_name(cases[i].fault));
        }
        if (rs__fault_remedy(fault) != cases[i].remedy) fail_msg("%s: remedy %d", cases[i].state, (int)rs__fault_remedy(fault));
        seen[fault] = true;
    }
    for (unsigned fault = 0; fault < RS_STORE_FAULT_COUNT; fault++) assert_true(seen[fault]);
    assert_int_equal(rs__fault_remedy(RS_STORE_FAULT_POOLER), RS__REMEDY_WAIT);
}

/* PostgreSQL's own list: no class that it knows may be blamed on rows but those of data. */
static void only_data_are_blamed_on_rows(void **state) {
    (void)state;
    FILE *list = fopen("/usr/share/postgresql/15/errcodes.txt", "r");
    if (list == NULL) skip();
    char line[256];
    size_t codes = 0;
    while (fgets(line, sizeof line, list) != NULL) {
        char code[6] = "";
        if (sscanf(line, "%5[0-9A-Z] %*c", code) != 1 || strlen(code) != 5) continue;
        const bool is_data = strncmp(code, "21", 2) == 0 || strncmp(code, "22", 2) == 0 || strncmp(code, "23", 2) == 0 ||
                             strncmp(code, "54", 2) == 0 || strcmp(code, "42804") == 0;
        if ((rs__fault_remedy(rs__sqlstate_fault(code, true)) == RS__REMEDY_HALVE) != is_data) fail_msg("%s", code);
        assert_true(rs__fault_remedy(rs__sqlstate_fault(code, true)) != RS__REMEDY_STOP);
        codes++;
    }
    fclose(list);
    assert_true(codes > 200);
}

static void faults_have_different_names(void **state) {
    (void)state;
    for (unsigned a = 0; a < RS_STORE_FAULT_COUNT; a++) {
        assert_string_not_equal(rs_store_fault_name(a), "");
        for (unsigned b = 0; b < a; b++) assert_string_not_equal(rs_store_fault_name(a), rs_store_fault_name(b));
    }
    assert_string_equal(rs_store_fault_name(RS_STORE_FAULT_COUNT), "");
}

int run_sqlstate_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sqlstate_has_its_fault_and_each_fault_its_remedy),
        cmocka_unit_test(only_data_are_blamed_on_rows),
        cmocka_unit_test(faults_have_different_names),
    };
    return cmocka_run_group_tests_name("sqlstate", tests, NULL, NULL);
}
