/* The store's protocol and a database that keeps it: batches numbered in the mark, revisions, epochs, COMMITs whose answer is lost. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

/* --- the database ------------------------------------------------------------------------------------------------------- */
static kept_row_t *find_part(kept_rows_t *rows, const kept_row_t *row) {
    for (size_t i = 0; i < rows->count; i++) {
        kept_row_t *other = &rows->rows[i];
        if (other->part == row->part && other->attribution == row->attribution) return other;
    }
    return NULL;
}

bool sim_database_commit(sim_database_t *database, const sim_batch_t *batch) {
    if (batch->epoch != database->epoch || batch->number != database->mark + 1) {
        database->refused++;
        return false;
    }
    for (size_t i = 0; i < batch->rows.count; i++) {
        const kept_row_t *row = &batch->rows.rows[i];
        kept_row_t *other = find_part(&database->rows, row);
        if (other != NULL && other->revision >= row->revision) continue;
        kept_rows_put(&database->rows, row);
    }
    if (batch->position < database->position) database->why = "the mark's position went back";
    database->position = batch->position;
    database->mark = batch->number;
    database->committed++;
    return true;
}

/* --- the store ---------------------------------------------------------------------------------------------------------- */
static void drop_batch(sim_store_t *store) {
    kept_rows_destroy(&store->batch.rows);
    store->batch = (sim_batch_t){0};
    store->holds_batch = false;
}

void sim_store_begin(sim_world_t *world) { world->store = (sim_store_t){.state = SIM_STORE_AWAY}; }

/* What it sent may still be executed, after the next one has opened the stream. */
void sim_store_die(sim_world_t *world) {
    sim_store_t *store = &world->store;
    if (store->state == SIM_STORE_SENT && !world->has_late && sim_chance(world, 2)) {
        world->late = store->batch;
        world->has_late = true;
        store->batch = (sim_batch_t){0};
    }
    drop_batch(store);
    sim_store_begin(world);
}

void sim_store_end(sim_world_t *world) {
    drop_batch(&world->store);
    kept_rows_destroy(&world->late.rows);
    kept_rows_destroy(&world->database.rows);
}

/* Opening takes the next epoch, once in a life; a connection of the same life reads the mark only. */
static void open_stream(sim_world_t *world) {
    sim_store_t *store = &world->store;
    if (store->epoch == 0) store->epoch = ++world->database.epoch;
    store->mark = world->database.mark;
    store->state = SIM_STORE_IDLE;
}

static void batch_is_in(sim_world_t *world) {
    sim_store_t *store = &world->store;
    unsigned char bytes[RS_RECORD_MAX];
    const size_t len = rs_record_write_confirmed(&store->batch.confirmed, bytes);
    if (sim_daemon_submit(world, RS_RECORD_CONFIRMED, bytes, len) != RS_OK) return;   /* the ring is full: asked again later */
    store->mark = store->batch.number;
    drop_batch(store);
    store->state = SIM_STORE_IDLE;
}

static void keep_row(void *context, const rs_row_t *row) { kept_rows_add(context, row); }

static void collect(sim_world_t *world) {
    sim_store_t *store = &world->store;
    rs_core_t *core = sim_core(world);
    const size_t max = RS_ATTRIBUTION_COUNT + (size_t)rs_random_below(&world->random, 40);
    if (core == NULL || rs_core_collect(core, max, keep_row, &store->batch.rows) == 0) return;
    rs_core_collected(core, &store->batch.confirmed);
    store->batch.position = rs_core_position(core);
    store->batch.epoch = store->epoch;
    store->batch.number = store->mark + 1;
    store->holds_batch = true;
}

/* Rows leave only when what they rest on is on disk. */
static bool may_leave(const sim_world_t *world) { return rs_gate_may_leave(world->store.batch.position, sim_daemon_durable(world)); }

static void commit(sim_world_t *world) {
    sim_store_t *store = &world->store;
    const bool is_cut = !world->is_calm && sim_chance(world, 8);
    if (is_cut && sim_chance(world, 2)) {   /* before it arrived */
        store->state = SIM_STORE_AMBIGUOUS;
        world->counts.ambiguous++;
        return;
    }
    const bool stored = sim_database_commit(&world->database, &store->batch);
    if (is_cut) {                            /* its answer is lost */
        store->state = SIM_STORE_AMBIGUOUS;
        world->counts.ambiguous++;
        return;
    }
    if (!stored) sim_complain(world, "the only store is fenced, or its batch does not follow the mark");
    else batch_is_in(world);
}

static void resolve(sim_world_t *world) {
    sim_store_t *store = &world->store;
    if (world->database.mark == store->batch.number) batch_is_in(world);
    else if (world->database.mark + 1 == store->batch.number) store->state = SIM_STORE_SENT;
    else sim_complain(world, "the mark is neither before nor at the batch in doubt");
}

void sim_store_step(sim_world_t *world) {
    sim_store_t *store = &world->store;
    if (world->has_late && sim_chance(world, 4)) {
        if (sim_database_commit(&world->database, &world->late) && store->epoch > world->late.epoch) {
            sim_complain(world, "a transaction of an earlier epoch was not fenced off");
        }
        kept_rows_destroy(&world->late.rows);
        world->late = (sim_batch_t){0};
        world->has_late = false;
    }
    if (!world->daemon.is_up) return;
    switch (store->state) {
        case SIM_STORE_AWAY: open_stream(world); break;
        case SIM_STORE_IDLE:
            if (!store->holds_batch) collect(world);
            else if (may_leave(world)) store->state = SIM_STORE_SENT;
            break;
        case SIM_STORE_SENT: commit(world); break;
        case SIM_STORE_AMBIGUOUS: resolve(world); break;
    }
}

bool sim_store_is_done(sim_world_t *world) {
    return world->store.state == SIM_STORE_IDLE && !world->store.holds_batch && rs_core_dirty_rows(sim_core(world)) == 0;
}
