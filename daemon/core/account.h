/* core/account.h — from facts to counts: which keys, panes and rows a fact touches, and with what. */
#ifndef RS_CORE_ACCOUNT_H
#define RS_CORE_ACCOUNT_H

#include "core/change.h"
#include "core/directory.h"
#include "core/predict/predict.h"
#include "core/rows.h"
#include "core/window/window.h"

enum { RS_MAX_GENERATIONS = 64 };

typedef struct rs_account {
    rs_directory_t *directory;
    rs_rows_t *rows;
    rs_window_store_t *windows;      /* NULL = off */
    rs_predict_t *predict;           /* NULL = off */
    uint32_t families, attributions;
    const rs_generation_t *generations;
    uint32_t generation_count;
    uint64_t windows_refused;        /* contributions that found no pane */
    /* keys whose figures changed since the list was last emptied */
    uint32_t *touched, touched_count, touched_max;
} rs_account_t;

/* Counts facts of a contact of `tenant` (sign +1), or takes them back (-1). */
void rs_account_facts(rs_account_t *account, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign);
/* The same, saying where attribution `close` puts them, and whether they may move from there (rs_account_stand); rs_account_facts leaves
 * each at its own moment there. What is taken back must be taken back where it was counted: core/close.h sees to that. */
void rs_account_facts_closing(rs_account_t *account, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int64_t close_us,
                              bool may_move, int sign);
/* Attribution `close` only: a fact that was counted at `from_us` stands at `to_us` from now on. */
void rs_account_move(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int64_t from_us, int64_t to_us);
/* Attribution `close` only: a fact that stands at `close_us` may move from now on (+1), or may not (-1). Its rows stay in memory while any
 * may; those that have left it are not made again. */
void rs_account_stand(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int64_t close_us, int sign);
/* A journey's one verdict, for policies of unit journey, and the same two ways for it. The fact is a LEG_CLOSED. */
void rs_account_journey(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int64_t close_us, int sign);
void rs_account_move_journey(rs_account_t *account, uint32_t tenant, const rs_fact_t *fact, int64_t from_us, int64_t to_us);
/* Whether rows are kept in attribution `close`; whether two moments mean the same there: one interval, one set of policies. */
bool rs_account_closes(const rs_account_t *account);
bool rs_account_same_place(const rs_account_t *account, int64_t a_us, int64_t b_us);
/* Counts a change (or takes it back) at one moment for the keys given: what belongs to no contact. */
void rs_account_post(rs_account_t *account, const rs_change_t *change, int64_t at_us, const uint32_t *keys, uint32_t key_count,
                     int sign);
/* Calls for the memory that a change of the key will touch; changes nothing. */
void rs_account_prefetch(const rs_account_t *account, uint32_t key);
/* After it, when that is there: for what the key's row leads to. */
void rs_account_prefetch_details(const rs_account_t *account, uint32_t key);
/* T, S and target of a queue key, under the policies in force at `at_us`. */
const rs_key_entry_t *rs_account_standards(rs_account_t *account, uint32_t key, int64_t at_us);
/* The set of policies in force at `at_us`. */
const rs_generation_t *rs_account_generation(const rs_account_t *account, int64_t at_us);

#endif
