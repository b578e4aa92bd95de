/* What a database lacks, made again from a journal on a real disk by a thread of its own. */
#include "journal_tests.h"

#include "engine/engine_internal.h"
#include "journal/rebuilder.h"
#include "journal/snapshot.h"
#include "memory_journal.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CONTACTS = 400, SNAPSHOT_AT = 700, AT_THE_END = -1 };

static const char text[] =
    "limits: {contacts: 2000, rows: 20000, remembered_ids: 20000, queue_keys: 100, agent_keys: 100}\n"
    "alerts:\n"
    "  rules:\n"
    "    somebody_waits: {metric: waiting, compare: above, limit: 0, clear: 0, for: 1h, clear_for: 0s, severity: warning}\n";

typedef struct place {
    char folder[64];
    rs_config_t *config;
    memory_journal_t records;
    uint64_t refusals;
} place_t;

static void add_call(place_t *place, int number, int64_t at_us) {
    char contact[32];
    snprintf(contact, sizeof contact, "call-%d", number);
    rs_event_t event = {.type = RS_CONTACT_QUEUED, .channel = RS_CHANNEL_VOICE, .occurred_us = at_us, .source = RS_STR("pbx"),
                        .incarnation = RS_STR("1"), .tenant = RS_STR("default"),
                        .contact_id = rs_str(contact), .present = RS_HAS_SEQ, .seq = (uint64_t)number * 2 + 1,
                        .queue = number % 2 == 0 ? RS_STR("sales") : RS_STR("help")};
    journal_add_event(&place->records, &event, at_us, (rs_origin_t){0});
    event.type = RS_CONTACT_ABANDONED;
    event.seq++;
    event.stage = RS_STAGE_QUEUE;
    event.occurred_us = at_us + 20 * RS_US_PER_S;
    journal_add_event(&place->records, &event, event.occurred_us, (rs_origin_t){0});
    journal_add_tick(&place->records, event.occurred_us);
}

/* What a day writes, without confirmations: they are property_rebuild's. */
static void make_records(place_t *place, const rs_engine_settings_t *settings) {
    place->config = config_of_text(text);
    rs_engine_settings_t own = *settings;
    own.config = place->config;
    journal_add_begin(&place->records, place->config, &own);
    for (int i = 0; i < CONTACTS; i++) {
        add_call(place, i, settings->start_us + (int64_t)i * RS_US_PER_MIN);
        if (i % 50 != 7) continue;
        journal_add_refusal(&place->records, RS_STR("pbx"), (rs_origin_t){0}, settings->start_us);
        place->refusals++;
    }
}

static void commit(rs_journal_t *journal) {
    bool more = true;
    while (more) assert_int_equal(rs_journal_maintain(journal, &more), RS_OK);
    assert_int_equal(rs_journal_commit(journal), RS_OK);
}

static void write_journal(const place_t *place, rs_disk_t *disk) {
    rs_journal_resume_t *resume = calloc(1, sizeof *resume);
    rs_journal_t *journal = NULL;
    const rs_journal_settings_t settings = {.segment_bytes = 64 * 1024, .max_segments = 100, .spares = 1, .pending_bytes = 32768};
    assert_non_null(resume);
    resume->journal = 4711;
    resume->next_segment = 1;
    assert_int_equal(rs_journal_create(disk, &settings, resume, &journal), RS_OK);
    for (size_t i = 0; i < place->records.count; i++) {
        const journal_record_t *record = &place->records.records[i];
        uint64_t number;
        assert_int_equal(rs_journal_append(journal, (uint16_t)record->kind, record->bytes, record->len, &number), RS_OK);
        assert_int_equal(number, i + 1);
        if (i % 64 == 63 || i + 1 == place->records.count) commit(journal);
    }
    assert_int_equal(rs_journal_mark(journal), RS_OK);
    rs_journal_destroy(&journal);
    free(resume);
}

static void write_snapshot(const place_t *place, const rs_engine_settings_t *settings, rs_disk_t *disk, uint64_t number) {
    rs_engine_t *engine;
    rs_engine_settings_t own = *settings;
    saved_engine_t saved = {0};
    rs_snapshot_writer_t writer;
    own.config = place->config;
    assert_int_equal(rs_engine_prepare(&own, &engine), RS_OK);
    journal_recover(&place->records, 1, number, engine);
    engine_save(engine, &saved);
    assert_int_equal(rs_snapshot_begin(&writer, disk, 4711, number), RS_OK);
    rs_snapshot_write(&writer, saved.bytes, saved.len);
    assert_int_equal(rs_snapshot_finish(&writer), RS_OK);
    saved_engine_free(&saved);
    rs_engine_destroy(&engine);
}

static rs_engine_settings_t settings_of_run(void) {
    return (rs_engine_settings_t){.start_us = INT64_C(1772452800) * RS_US_PER_S, .run = 7, .hash_seed = 1, .keep_rows = true};
}

/* The store has everything so far. */
static void add_confirmation(place_t *place, const rs_engine_settings_t *settings) {
    rs_engine_t *engine;
    rs_engine_settings_t own = *settings;
    rs_row_batch_t *batch = NULL;
    rs_confirmed_t confirmed;
    own.config = place->config;
    assert_int_equal(rs_row_batch_create(20000, 0, &batch), RS_OK);
    assert_int_equal(rs_row_batch_make_room_for_edges(batch, 20000), RS_OK);
    assert_int_equal(rs_row_batch_make_room_for_contacts(batch, 20000), RS_OK);
    assert_int_equal(rs_engine_prepare(&own, &engine), RS_OK);
    journal_recover(&place->records, 1, place->records.count, engine);
    rs__fill_batch(engine_core(engine), batch);
    rs_core_collected(engine_core(engine), &confirmed);
    journal_add_confirmed(&place->records, &confirmed);
    rs_row_batch_destroy(&batch);
    rs_engine_destroy(&engine);
}

static void make_place(place_t *place, int64_t snapshot_at) {
    uint64_t snapshot = (uint64_t)snapshot_at;
    const rs_engine_settings_t settings = settings_of_run();
    rs_disk_t *disk = NULL;
    const char *why = "";
    *place = (place_t){.folder = "/tmp/ringside-rebuild.XXXXXX"};
    assert_non_null(mkdtemp(place->folder));
    make_records(place, &settings);
    if (snapshot_at == AT_THE_END) {
        add_confirmation(place, &settings);
        snapshot = place->records.count;
        add_call(place, CONTACTS, settings.start_us + CONTACTS * RS_US_PER_MIN);
    }
    assert_int_equal(rs_disk_open_folder(place->folder, RS_DISK_OWN, true, &disk, &why), RS_OK);
    write_journal(place, disk);
    if (snapshot != 0) write_snapshot(place, &settings, disk, snapshot);
    rs_disk_close_folder(&disk);
}

static void drop_place(place_t *place) {
    char line[128];
    snprintf(line, sizeof line, "rm -r %s", place->folder);
    assert_int_equal(system(line), 0);
    journal_free(&place->records);
    rs_config_destroy(&place->config);
}

/* --- what comes out ------------------------------------------------------------------------------------------------------- */
typedef struct seen {
    sem_t woken;
    uint64_t rows, alerts, refusals, portions, last_position;
    int64_t offered;
    rs_rebuilder_result_t result;
} seen_t;

static void on_wake(void *context) { sem_post(&((seen_t *)context)->woken); }
static void on_alert(void *context, const rs_alert_transition_t *transition) {
    seen_t *seen = context;
    assert_true(transition->position >= seen->last_position);
    seen->last_position = transition->position;
    assert_true(rs_str_equal(transition->rule_name, RS_STR("somebody_waits")));
    seen->alerts++;
}
static void on_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us, uint64_t number) {
    seen_t *seen = context;
    assert_true(rs_str_equal(source, RS_STR("pbx")) && refused->reason == RS_REFUSAL_BAD_TIME && hash == 7 && arrival_us > 0 && number > 0);
    seen->refusals++;
}

static rs_rebuilder_t *start(const place_t *place, seen_t *seen, uint64_t after, uint64_t upto) {
    rs_rebuilder_t *rebuilder = NULL;
    *seen = (seen_t){.rows = 0};
    assert_int_equal(sem_init(&seen->woken, 0, 0), 0);
    const rs_rebuilder_settings_t settings = {.folder = place->folder, .config = place->config, .max_rows = 10, .max_edges = 10,
                                              .max_contacts = 10, .context = seen, .wake = on_wake};
    assert_int_equal(rs_rebuilder_start(&settings, after, upto, &rebuilder), RS_OK);
    return rebuilder;
}

static void take_all(rs_rebuilder_t *rebuilder, seen_t *seen) {
    while (!rs_rebuilder_ended(rebuilder, &seen->result)) {
        rs_row_batch_t *batch;
        while (sem_wait(&seen->woken) != 0) {}
        if (!rs_rebuilder_take(rebuilder, &batch)) continue;
        assert_false(rs_rebuilder_take(rebuilder, &batch));   /* one at a time */
        seen->portions++;
        seen->rows += rs_row_batch_all(batch);
        for (uint32_t i = 0; i < rs_row_batch_count(batch); i++) {
            const rs_row_t *row = rs_row_batch_at(batch, i);
            if (row->key.family == RS_FAMILY_QUEUE && row->attribution == RS_ATTRIBUTION_EVENT) {
                seen->offered += row->counts[RS_COUNT_OFFERED];
            }
        }
        rs_rebuilder_effects(rebuilder, on_alert, on_refusal, seen);
        rs_rebuilder_give_back(rebuilder);
    }
}

static void run_through(const place_t *place, seen_t *seen, uint64_t after, uint64_t upto) {
    rs_rebuilder_t *rebuilder = start(place, seen, after, upto);
    take_all(rebuilder, seen);
    rs_rebuilder_stop(&rebuilder);
    assert_null(rebuilder);
    sem_destroy(&seen->woken);
    if (seen->result.status != RS_OK) print_message("%s\n", seen->result.why);
}

static void a_stretch_of_the_journal_comes_out_in_portions_with_its_effects(void **state) {
    (void)state;
    place_t place;
    seen_t all, late, from_snapshot;
    make_place(&place, SNAPSHOT_AT);
    run_through(&place, &all, 0, place.records.count);
    assert_int_equal(all.result.status, RS_OK);
    assert_int_equal(all.result.from, 0);
    assert_int_equal(all.result.missing, 0);
    assert_int_equal(all.result.records, place.records.count);
    assert_int_equal(all.offered, CONTACTS);
    assert_int_equal(all.refusals, place.refusals);
    assert_int_equal(all.result.rows, all.rows);
    assert_true(all.alerts > 100 && all.portions > 20);
    /* Below the snapshot: from the beginning; above: from it. The rows are those that are not confirmed: here, all of them. */
    run_through(&place, &late, SNAPSHOT_AT - 1, place.records.count);
    assert_int_equal(late.result.from, 0);
    run_through(&place, &from_snapshot, SNAPSHOT_AT, place.records.count);
    assert_int_equal(from_snapshot.result.from, SNAPSHOT_AT);
    assert_int_equal(from_snapshot.result.records, place.records.count - SNAPSHOT_AT);
    assert_int_equal(from_snapshot.offered, CONTACTS);
    assert_int_equal(from_snapshot.rows, late.rows);
    assert_true(from_snapshot.alerts < all.alerts && from_snapshot.alerts > 0);
    drop_place(&place);
}

static void it_ends_where_it_is_told_to(void **state) {
    (void)state;
    place_t place;
    seen_t seen;
    make_place(&place, 0);
    run_through(&place, &seen, 0, 300);
    assert_int_equal(seen.result.status, RS_OK);
    assert_int_equal(seen.result.records, 300);
    assert_true(seen.offered > 90 && seen.offered <= 100);
    drop_place(&place);
}

/* Retired in spite of all: the snapshot that is there is used, and what lies before it is reported. */
static void what_is_gone_is_reported_and_the_rest_is_made(void **state) {
    (void)state;
    place_t place;
    seen_t seen;
    char line[160];
    make_place(&place, SNAPSHOT_AT);
    snprintf(line, sizeof line, "rm $(ls %s/journal-*.seg | head -1)", place.folder);
    assert_int_equal(system(line), 0);
    run_through(&place, &seen, 100, place.records.count);
    assert_int_equal(seen.result.status, RS_OK);
    assert_int_equal(seen.result.from, SNAPSHOT_AT);
    assert_int_equal(seen.result.missing, SNAPSHOT_AT - 100);
    assert_true(seen.offered >= CONTACTS);   /* nothing had been confirmed: the snapshot still has it all, then come newer revisions */
    snprintf(line, sizeof line, "rm %s/snapshot-*", place.folder);
    assert_int_equal(system(line), 0);
    run_through(&place, &seen, 100, place.records.count);
    assert_int_equal(seen.result.status, RS_ERR_NOT_FOUND);
    assert_non_null(strstr(seen.result.why, "beginning is gone"));
    drop_place(&place);
}

/* Confirmed and still in memory: the last intervals. What had left it is gone, and is what `missing` stands for. */
static void of_what_is_gone_the_rows_in_memory_are_given_all_the_same(void **state) {
    (void)state;
    place_t place;
    seen_t seen;
    char line[160];
    make_place(&place, AT_THE_END);
    run_through(&place, &seen, 0, place.records.count);
    assert_int_equal(seen.result.from, 0);
    assert_true(seen.offered >= CONTACTS + 1);   /* the last interval before and after the confirmation */
    snprintf(line, sizeof line, "rm $(ls %s/journal-*.seg | head -1)", place.folder);
    assert_int_equal(system(line), 0);
    run_through(&place, &seen, 0, place.records.count);
    assert_int_equal(seen.result.status, RS_OK);
    assert_int_equal(seen.result.from, place.records.count - 3);
    assert_int_equal(seen.result.missing, place.records.count - 3);
    assert_true(seen.offered > 10 && seen.offered < 100);
    drop_place(&place);
}

static void it_can_be_stopped_at_any_time(void **state) {
    (void)state;
    place_t place;
    seen_t seen;
    make_place(&place, SNAPSHOT_AT);
    for (useconds_t pause = 0; pause < 30000; pause += 1500) {
        rs_rebuilder_t *rebuilder = start(&place, &seen, 0, place.records.count);
        usleep(pause);
        rs_row_batch_t *batch;
        if (pause % 2000 == 0) (void)rs_rebuilder_take(rebuilder, &batch);
        rs_rebuilder_stop(&rebuilder);
        sem_destroy(&seen.woken);
    }
    rs_rebuilder_t *none = NULL;
    rs_rebuilder_stop(&none);
    drop_place(&place);
}

int run_rebuilder_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stretch_of_the_journal_comes_out_in_portions_with_its_effects),
        cmocka_unit_test(it_ends_where_it_is_told_to),
        cmocka_unit_test(what_is_gone_is_reported_and_the_rest_is_made),
        cmocka_unit_test(of_what_is_gone_the_rows_in_memory_are_given_all_the_same),
        cmocka_unit_test(it_can_be_stopped_at_any_time),
    };
    return cmocka_run_group_tests_name("rebuilder", tests, NULL, NULL);
}
