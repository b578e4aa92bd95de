/* support/memory_journal.h — the records of a journal in memory, and engines without a thread that are made of them.
 *
 * Adding writes a record as the daemon's loop does. Records are numbered from 1. What cannot be ends the program. */
#ifndef RS_TESTS_MEMORY_JOURNAL_H
#define RS_TESTS_MEMORY_JOURNAL_H

#include "engine/engine.h"

typedef struct journal_record { uint32_t kind, len; unsigned char *bytes; } journal_record_t;
typedef struct memory_journal {
    journal_record_t *records;   /* record n at n - 1 */
    size_t count, room;
} memory_journal_t;

void journal_free(memory_journal_t *journal);
void journal_add_begin(memory_journal_t *journal, const rs_config_t *config, const rs_engine_settings_t *settings);
void journal_add_config(memory_journal_t *journal, const rs_config_t *config, rs_config_how_t how);
void journal_add_event(memory_journal_t *journal, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin);
void journal_add_refusal(memory_journal_t *journal, rs_str_t source, rs_origin_t origin, int64_t arrival_us);
void journal_add_tick(memory_journal_t *journal, int64_t now_us);
void journal_add_session(memory_journal_t *journal, uint32_t session, rs_str_t source, rs_str_t incarnation);
void journal_add_confirmed(memory_journal_t *journal, const rs_confirmed_t *confirmed);

/* Records first .. last into the engine, by their numbers. */
void journal_recover(const memory_journal_t *journal, size_t first, size_t last, rs_engine_t *engine);
/* A prepared engine with all of it. */
rs_engine_t *journal_engine(const memory_journal_t *journal, const rs_engine_settings_t *settings);

/* An engine's whole state. */
typedef struct saved_engine { unsigned char *bytes; size_t len, room; rs_hash128_t hash; } saved_engine_t;
void engine_save(const rs_engine_t *engine, saved_engine_t *saved);
RS_MUST_CHECK int engine_load(rs_engine_t *engine, const saved_engine_t *saved);
void saved_engine_free(saved_engine_t *saved);
/* The same state, and the same when it is loaded once more. */
bool engine_states_equal(const rs_engine_t *a, const rs_engine_t *b);
/* The core, to collect from and to confirm to as the core's thread would. */
rs_core_t *engine_core(rs_engine_t *engine);
rs_config_t *config_of_text(const char *text);

#endif
