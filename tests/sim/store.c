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
    database->newest = batch->reliance;
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

static void drop_again(sim_store_t *store) {
    kept_rows_destroy(&store->again);
    store->again_next = 0;
    store->again_upto = 0;
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
    drop_again(store);
    sim_store_begin(world);
}

void sim_store_end(sim_world_t *world) {
    drop_batch(&world->store);
    drop_again(&world->store);
    kept_rows_destroy(&world->late.rows);
    kept_rows_destroy(&world->database.rows);
    kept_rows_destroy(&world->backup.rows);
}

static uint64_t greater(uint64_t a, uint64_t b) { return a > b ? a : b; }

void sim_store_owe(sim_world_t *world, uint64_t position) {
    world->store.lacking = greater(world->store.lacking, position);
    world->store.relied = greater(world->store.relied, position);
}

/* False: it is in, but the ring has no room for the record that says so; asked again later. */
static bool batch_is_in(sim_world_t *world) {
    sim_store_t *store = &world->store;
    const sim_batch_t *batch = &store->batch;
    if (!batch->is_again) {
        unsigned char bytes[RS_RECORD_MAX];
        const size_t len = rs_record_write_confirmed(&batch->confirmed, bytes);
        if (sim_daemon_submit(world, RS_RECORD_CONFIRMED, bytes, len) != RS_OK) return false;
        store->relied = greater(store->relied, batch->newest);
        store->reached = greater(store->reached, batch->complete);
    }
    store->mark = batch->number;
    store->position = batch->position;
    store->newest = batch->reliance;
    drop_batch(store);
    store->state = SIM_STORE_IDLE;
    return true;
}

/* Batches that were stored are gone. */
static void forgotten(sim_world_t *world) {
    sim_store_t *store = &world->store;
    drop_again(store);
    if (store->batch.is_again) drop_batch(store);
    store->made = 0;
    store->reached = world->database.position;
    store->lacking = greater(store->lacking, store->relied);
}

/* Opening takes the next epoch, once in a life; a connection of the same life reads the mark only, unless the database has forgotten it. */
static void look_at_mark(sim_world_t *world) {
    sim_store_t *store = &world->store;
    sim_database_t *database = &world->database;
    const bool is_first = store->epoch == 0;
    if (is_first || database->epoch < store->epoch) database->epoch = greater(database->epoch, store->epoch) + 1;
    store->epoch = database->epoch;
    if (store->state == SIM_STORE_AMBIGUOUS && database->mark == store->mark + 1 && !batch_is_in(world)) return;
    if (!is_first && database->mark > store->mark) sim_complain(world, "the mark is ahead of what was sent");
    if (!is_first && database->mark < store->mark) forgotten(world);
    if (is_first && database->newest < store->relied) store->lacking = greater(store->lacking, store->relied);
    store->mark = database->mark;
    store->position = database->position;
    store->newest = database->newest;
    store->batch.epoch = store->epoch;
    store->batch.number = store->mark + 1;
    store->state = SIM_STORE_IDLE;
}

static void keep_row(void *context, const rs_row_t *row) { kept_rows_add(context, row); }

/* While something is made again the mark waits. */
static uint64_t next_position(const sim_store_t *store, uint64_t complete) {
    const uint64_t position = greater(store->position, store->made);
    return store->lacking != 0 ? position : greater(position, greater(store->reached, complete));
}

static uint64_t next_newest(const sim_store_t *store) {
    if (store->lacking != 0 || store->batch.is_again) return store->newest;
    return greater(greater(store->relied, store->batch.newest), greater(store->batch.position, store->newest));
}

static void hold_batch(sim_store_t *store) {
    store->batch.epoch = store->epoch;
    store->batch.number = store->mark + 1;
    store->holds_batch = true;
}

static void collect(sim_world_t *world) {
    sim_store_t *store = &world->store;
    rs_core_t *core = sim_core(world);
    rs_confirmed_t before;
    const size_t max = RS_ATTRIBUTION_COUNT + (size_t)rs_random_below(&world->random, 40);
    if (core == NULL) return;
    rs_core_collected(core, &before);
    if (rs_core_collect(core, max, keep_row, &store->batch.rows) == 0) return;
    rs_core_collected(core, &store->batch.confirmed);
    store->batch.newest = store->batch.confirmed.position = rs_core_position(core);
    store->batch.complete = rs_core_dirty_rows(core) == 0 && before.rows.through == 0 ? store->batch.newest : 0;
    hold_batch(store);
}

/* The journal must have on disk what is to be read. */
static bool makes_again(sim_world_t *world) {
    sim_store_t *store = &world->store;
    if (store->again_upto != 0) return true;
    const uint64_t has = greater(store->position, store->made);
    if (store->lacking <= has) store->lacking = 0;
    if (store->lacking == 0 || sim_daemon_durable(world) < store->lacking) return false;
    if (!sim_make_again(world, has, store->lacking, &store->again)) return false;
    store->again_upto = store->lacking;
    return true;
}

static void send_again(sim_store_t *store, size_t count) {
    for (; count > 0 && store->again_next < store->again.count; count--) {
        kept_rows_put(&store->batch.rows, &store->again.rows[store->again_next++]);
    }
    if (store->batch.rows.count != 0) {
        store->batch.is_again = true;
        hold_batch(store);
        return;
    }
    store->made = store->again_upto;
    store->reached = greater(store->reached, store->made);
    if (store->lacking <= store->made) store->lacking = 0;
    drop_again(store);
}

/* Rows leave only when what they rest on is on disk. */
static bool may_leave(const sim_world_t *world) { return rs_gate_may_leave(world->store.batch.newest, sim_daemon_durable(world)); }

static void go_on(sim_world_t *world) {
    sim_store_t *store = &world->store;
    if (store->holds_batch) {
        if (!may_leave(world)) return;
        store->batch.position = next_position(store, store->batch.is_again ? 0 : store->batch.complete);
        store->batch.reliance = next_newest(store);
        store->state = SIM_STORE_SENT;
    } else if (sim_chance(world, 2) && makes_again(world)) {
        send_again(store, 1 + (size_t)rs_random_below(&world->random, 20));
    } else {
        collect(world);
    }
}

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
    else if (!batch_is_in(world)) store->state = SIM_STORE_AMBIGUOUS;
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
    if (world->database.away > 0) {
        world->database.away--;
        store->state = store->state == SIM_STORE_SENT || store->state == SIM_STORE_AMBIGUOUS ? SIM_STORE_AMBIGUOUS : SIM_STORE_AWAY;
        return;
    }
    switch (store->state) {
        case SIM_STORE_AWAY: case SIM_STORE_AMBIGUOUS: look_at_mark(world); break;
        case SIM_STORE_IDLE: go_on(world); break;
        case SIM_STORE_SENT: commit(world); break;
    }
}

bool sim_store_is_done(sim_world_t *world) {
    const sim_store_t *store = &world->store;
    return store->state == SIM_STORE_IDLE && !store->holds_batch && store->lacking == 0 && rs_core_dirty_rows(sim_core(world)) == 0;
}
