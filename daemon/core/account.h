/* core/account.h — from facts to counts: which keys, panes and rows a fact touches, and with what. */
#ifndef RS_CORE_ACCOUNT_H
#define RS_CORE_ACCOUNT_H

#include "core/change.h"
#include "core/directory.h"
#include "core/rows.h"
#include "core/window/window.h"

enum { RS_MAX_GENERATIONS = 64 };

typedef struct rs_account {
    rs_directory_t *directory;
    rs_rows_t *rows;
    rs_window_store_t *windows;      /* NULL = off */
    uint32_t families, attributions;
    const rs_generation_t *generations;
    uint32_t generation_count;
    uint64_t windows_refused;        /* contributions that found no pane */
    /* keys whose figures changed since the list was last emptied */
    uint32_t *touched, touched_count, touched_max;
} rs_account_t;

/* Counts facts of a contact of `tenant` (sign +1), or takes them back (-1). */
void rs_account_facts(rs_account_t *account, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign);
/* A journey's one verdict, for policies of unit journey. The fact is a LEG_CLOSED. */
void rs_account_journey(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int sign);
/* Counts a change (or takes it back) at one moment for the keys given: what belongs to no contact. */
void rs_account_post(rs_account_t *account, const rs_change_t *change, int64_t at_us, const uint32_t *keys, uint32_t key_count,
                     int sign);
/* Calls for the memory that a change of the key will touch; changes nothing. */
void rs_account_prefetch(const rs_account_t *account, uint32_t key);
/* T, S and target of a queue key, under the policies in force at `at_us`. */
const rs_key_entry_t *rs_account_standards(rs_account_t *account, uint32_t key, int64_t at_us);
/* The set of policies in force at `at_us`. */
const rs_generation_t *rs_account_generation(const rs_account_t *account, int64_t at_us);

#endif
