/* A database that goes back to an earlier state of its own, as after a backup or with a stand-by that lagged, and what it lacks then made
 * again from the journal and the newest state before it. */
#include "world.h"

#include "engine/rebuild.h"

#include <stdlib.h>
#include <string.h>

static void copy_rows(const kept_rows_t *from, kept_rows_t *to) {
    kept_rows_destroy(to);
    for (size_t i = 0; i < from->count; i++) kept_rows_put(to, &from->rows[i]);
}

static void copy_database(const sim_database_t *from, sim_database_t *to) {
    kept_rows_t rows = to->rows;
    copy_rows(&from->rows, &rows);
    const uint64_t committed = to->committed, refused = to->refused;
    *to = *from;
    to->rows = rows;
    to->committed = committed;
    to->refused = refused;
}

void sim_database_remember(sim_world_t *world) {
    copy_database(&world->database, &world->backup);
    world->has_backup = true;
}

/* Every connection is gone with the server, and what was under way in one. */
void sim_database_go_back(sim_world_t *world) {
    if (!world->has_backup) return;
    copy_database(&world->backup, &world->database);
    kept_rows_destroy(&world->late.rows);
    world->late = (sim_batch_t){0};
    world->has_late = false;
    if (world->store.state != SIM_STORE_AMBIGUOUS) world->store.state = SIM_STORE_AWAY;
    world->counts.rewinds++;
}

/* The newest state from which everything can be made again that a database may come to lack; 0: the journal's beginning. */
uint64_t sim_database_needs(const sim_world_t *world) {
    uint64_t numbers[RS_SNAPSHOTS_SEEN], position = world->database.position;
    uint32_t count;
    if (world->has_backup && world->backup.position < position) position = world->backup.position;
    if (rs_snapshot_list(sim_disk_as_disk(world->disk), numbers, RS_SNAPSHOTS_SEEN, &count) != RS_OK) return 0;
    for (uint32_t i = 0; i < count; i++) {
        if (numbers[i] <= position) return numbers[i];
    }
    return 0;
}

/* --- making again ------------------------------------------------------------------------------------------------------- */
typedef struct making { rs_rebuild_t rebuild; rs_row_batch_t *batch; kept_rows_t *rows; } making_t;

static int on_rows(void *context) {
    const making_t *making = context;
    for (uint32_t i = 0; i < rs_row_batch_count(making->batch); i++) kept_rows_add(making->rows, rs_row_batch_at(making->batch, i));
    return RS_OK;
}
static int on_alert(void *context, const rs_alert_transition_t *transition) {
    (void)context, (void)transition;
    return RS_OK;
}
static int on_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us, uint64_t number) {
    (void)context, (void)source, (void)refused, (void)hash, (void)arrival_us, (void)number;
    return RS_OK;
}

static int on_record(void *context, const rs_journal_record_t *record) {
    making_t *making = context;
    if (record->number > making->rebuild.upto) return RS_ERR_CLOSED;   /* enough */
    return rs_rebuild_record(&making->rebuild, record->kind, record->bytes, record->len, record->number);
}

static int make_with(sim_world_t *world, making_t *making, rs_engine_t *engine, uint64_t after, uint64_t upto) {
    static rs_recovery_t recovery;
    const rs_rebuild_sink_t sink = {.context = making, .batch = making->batch, .on_rows = on_rows, .on_alert = on_alert,
                                    .on_refusal = on_refusal};
    rs_snapshot_t snapshot;
    int status = rs_snapshot_find_below(sim_disk_as_disk(world->disk), 0, after, &snapshot, NULL);
    if (status == RS_OK && snapshot.is_there) status = sim_load(world, &snapshot, engine);
    if (status != RS_OK) return status;
    rs_rebuild_begin(&making->rebuild, engine, after, upto, &sink);
    status = rs_journal_recover(sim_disk_as_disk(world->disk), snapshot.is_there ? snapshot.number : 0, on_record, making, &recovery);
    rs_recovery_end(&recovery);
    if (status == RS_ERR_CLOSED) status = RS_OK;
    if (status != RS_OK) return status;
    const uint64_t reached = rs_core_position(rs_engine_core(engine));
    if (reached < upto) {
        sim_complain(world, "what the database lacks is in the journal up to %llu, not %llu", (unsigned long long)reached,
                     (unsigned long long)upto);
    }
    if (rs_engine_recovery(engine).lost != 0) sim_complain(world, "the journal went before the database had it");
    return rs_rebuild_end(&making->rebuild);
}

bool sim_make_again(sim_world_t *world, uint64_t after, uint64_t upto, kept_rows_t *rows) {
    making_t making = {.rows = rows};
    rs_engine_t *engine = sim_engine(world);
    RS_REQUIRE(rs_row_batch_create(20, 0, &making.batch) == RS_OK);
    const int status = make_with(world, &making, engine, after, upto);
    rs_row_batch_destroy(&making.batch);
    rs_engine_destroy(&engine);
    if (status == RS_OK) return true;
    kept_rows_destroy(rows);
    if (!sim_disk_is_dead(world->disk)) sim_complain(world, "what the database lacks cannot be made again: %d", status);
    return false;
}
