#include "memory_journal.h"

#include "engine/engine_internal.h"

#include <stdio.h>
#include <stdlib.h>

void journal_free(memory_journal_t *journal) {
    for (size_t i = 0; i < journal->count; i++) free(journal->records[i].bytes);
    free(journal->records);
    *journal = (memory_journal_t){0};
}

static void add(memory_journal_t *journal, uint32_t kind, const void *bytes, size_t len) {
    if (journal->count == journal->room) {
        journal->room = journal->room == 0 ? 64 : journal->room * 2;
        journal->records = realloc(journal->records, journal->room * sizeof *journal->records);
        RS_REQUIRE(journal->records != NULL);
    }
    unsigned char *copy = malloc(len);
    RS_REQUIRE(copy != NULL);
    memcpy(copy, bytes, len);
    journal->records[journal->count++] = (journal_record_t){.kind = kind, .len = (uint32_t)len, .bytes = copy};
}

static void add_parts(memory_journal_t *journal, const rs_config_t *config) {
    unsigned char bytes[RS_RECORD_MAX];
    for (uint32_t at = 0; at < config->text.len;) {
        const uint32_t left = config->text.len - at, len = left < RS_RECORD_PART_MAX ? left : (uint32_t)RS_RECORD_PART_MAX;
        add(journal, RS_RECORD_CONFIG_PART, bytes, rs_record_write_part(at, config->text.data + at, len, bytes));
        at += len;
    }
}

void journal_add_begin(memory_journal_t *journal, const rs_config_t *config, const rs_engine_settings_t *settings) {
    unsigned char bytes[RS_RECORD_MAX];
    const rs_record_begin_t begin = {.text = rs__text_of(config), .keep_rows = settings->keep_rows, .start_us = settings->start_us,
                                     .run = settings->run, .hash_seed = settings->hash_seed};
    add_parts(journal, config);
    add(journal, RS_RECORD_BEGIN, bytes, rs_record_write_begin(&begin, bytes));
}

void journal_add_config(memory_journal_t *journal, const rs_config_t *config, rs_config_how_t how) {
    unsigned char bytes[RS_RECORD_MAX];
    const rs_record_text_t text = rs__text_of(config);
    add_parts(journal, config);
    add(journal, RS_RECORD_CONFIG, bytes, rs_record_write_config(&text, how, bytes));
}

void journal_add_event(memory_journal_t *journal, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin) {
    unsigned char bytes[RS_RECORD_MAX];
    add(journal, RS_RECORD_EVENT, bytes, rs_record_write_event(event, arrival_us, origin, bytes));
}

void journal_add_refusal(memory_journal_t *journal, rs_str_t source, rs_origin_t origin, int64_t arrival_us) {
    unsigned char bytes[RS_RECORD_MAX];
    const rs_refused_t refused = {.reason = RS_REFUSAL_BAD_TIME, .field = "occurred_at"};
    add(journal, RS_RECORD_REFUSAL, bytes, rs_record_write_refusal(source, &refused, 7, arrival_us, origin, bytes));
}

void journal_add_tick(memory_journal_t *journal, int64_t now_us) {
    unsigned char bytes[RS_RECORD_MAX];
    add(journal, RS_RECORD_TICK, bytes, rs_record_write_tick(now_us, bytes));
}

void journal_add_session(memory_journal_t *journal, uint32_t session, rs_str_t source, rs_str_t incarnation) {
    unsigned char bytes[RS_RECORD_MAX];
    add(journal, RS_RECORD_SESSION, bytes, rs_record_write_session(session, source, incarnation, bytes));
}

void journal_add_confirmed(memory_journal_t *journal, const rs_confirmed_t *confirmed) {
    unsigned char bytes[RS_RECORD_MAX];
    add(journal, RS_RECORD_CONFIRMED, bytes, rs_record_write_confirmed(confirmed, bytes));
}

/* --- engines -------------------------------------------------------------------------------------------------------- */
void journal_recover(const memory_journal_t *journal, size_t first, size_t last, rs_engine_t *engine) {
    for (size_t number = first; number <= last; number++) {
        const journal_record_t *record = &journal->records[number - 1];
        const int status = rs_engine_recover_record(engine, record->kind, record->bytes, record->len, number);
        if (status != RS_OK) {
            fprintf(stderr, "record %zu, kind %u: %s: %s\n", number, record->kind, rs_status_text(status), rs_engine_why(engine));
        }
        RS_REQUIRE(status == RS_OK);
    }
}

rs_engine_t *journal_engine(const memory_journal_t *journal, const rs_engine_settings_t *settings) {
    rs_engine_t *engine;
    RS_REQUIRE(rs_engine_prepare(settings, &engine) == RS_OK);
    journal_recover(journal, 1, journal->count, engine);
    return engine;
}

rs_core_t *engine_core(rs_engine_t *engine) { return engine->core; }

/* --- saved ---------------------------------------------------------------------------------------------------------- */
static int keep(void *context, const void *bytes, size_t len) {
    saved_engine_t *saved = context;
    if (saved->room - saved->len < len) {
        saved->room = (saved->len + len) * 2;
        saved->bytes = realloc(saved->bytes, saved->room);
        RS_REQUIRE(saved->bytes != NULL);
    }
    memcpy(saved->bytes + saved->len, bytes, len);
    saved->len += len;
    return RS_OK;
}

void engine_save(const rs_engine_t *engine, saved_engine_t *saved) {
    saved->len = 0;
    RS_REQUIRE(rs_engine_save(engine, &(rs_state_out_t){.context = saved, .write = keep}, &saved->hash) == RS_OK);
}

typedef struct reading { const saved_engine_t *saved; size_t at; } reading_t;

static int give(void *context, void *bytes, size_t room, size_t *len) {
    reading_t *reading = context;
    const size_t left = reading->saved->len - reading->at;
    *len = left < room ? left : room;
    memcpy(bytes, reading->saved->bytes + reading->at, *len);
    reading->at += *len;
    return RS_OK;
}

int engine_load(rs_engine_t *engine, const saved_engine_t *saved) {
    reading_t reading = {.saved = saved};
    return rs_engine_load(engine, &(rs_state_in_t){.context = &reading, .read = give});
}

void saved_engine_free(saved_engine_t *saved) {
    free(saved->bytes);
    *saved = (saved_engine_t){0};
}

bool engine_states_equal(const rs_engine_t *a, const rs_engine_t *b) {
    rs_hash128_t one, other;
    RS_REQUIRE(rs_engine_state_hash(a, &one) == RS_OK && rs_engine_state_hash(b, &other) == RS_OK);
    return one.low == other.low && one.high == other.high;
}

rs_config_t *config_of_text(const char *text) {
    rs_config_error_t error;
    rs_config_t *config;
    char message[1024];
    const int status = rs_config_load_text(rs_str(text), "test", &config, &error);
    if (status != RS_OK) {
        rs_config_error_format(&error, message, sizeof message);
        fprintf(stderr, "%s\n", message);
    }
    RS_REQUIRE(status == RS_OK);
    return config;
}
