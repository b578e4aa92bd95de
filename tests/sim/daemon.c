/* The daemon: sessions, ring, core, journal, snapshots and recovery, in steps that may come in any order. */
#include "world.h"

#include "memory_journal.h"

#include <stdlib.h>
#include <string.h>

enum { RING_RECORDS = 200, SEGMENT_BYTES = 65536, PENDING_BYTES = 1 << 16, TICK_US = 100000 };

rs_core_t *sim_core(const sim_world_t *world) {
    return world->daemon.is_up ? (rs_core_t *)(uintptr_t)rs_engine_core(world->daemon.engine) : NULL;
}

uint64_t sim_daemon_durable(const sim_world_t *world) { return rs_journal_durable(world->daemon.journal); }

/* What is in the ring: neither released by the core nor by the journal. */
static uint64_t in_ring(const sim_world_t *world) {
    const uint64_t durable = sim_daemon_durable(world), applied = world->daemon.applied;
    return world->record_count - (durable < applied ? durable : applied);
}

static void keep_record(sim_world_t *world, uint32_t kind, const void *bytes, size_t len) {
    if (world->record_count == world->record_room) {
        world->record_room = world->record_room == 0 ? 1024 : world->record_room * 2;
        world->records = realloc(world->records, world->record_room * sizeof *world->records);
        RS_REQUIRE(world->records != NULL);
    }
    sim_record_t *record = &world->records[world->record_count++];
    *record = (sim_record_t){.kind = kind, .len = (uint32_t)len, .bytes = malloc(len)};
    RS_REQUIRE(record->bytes != NULL);
    memcpy(record->bytes, bytes, len);
}

int sim_daemon_submit(sim_world_t *world, uint32_t kind, const void *bytes, size_t len) {
    if (in_ring(world) >= RING_RECORDS) return RS_ERR_FULL;
    keep_record(world, kind, bytes, len);
    return RS_OK;
}

/* --- starting ----------------------------------------------------------------------------------------------------------- */
static void wake(void *context) { (void)context; }
static void on_verdict(void *context, rs_origin_t origin, rs_refusal_t reason) { (void)context, (void)origin, (void)reason; }
static void on_alert(void *context, const rs_alert_transition_t *transition) { (void)context, (void)transition; }

rs_engine_t *sim_engine(const sim_world_t *world) {
    const rs_engine_settings_t settings = {.config = world->config, .start_us = world->now_us, .run = 1, .hash_seed = world->seed,
                                           .keep_rows = true, .callbacks = {.on_verdict = on_verdict, .on_alert = on_alert, .wake = wake}};
    rs_engine_t *engine;
    RS_REQUIRE(rs_engine_prepare(&settings, &engine) == RS_OK);
    return engine;
}

/* What a fresh daemon puts first into its ring. */
static void begin_records(sim_world_t *world) {
    rs_engine_t *engine = sim_engine(world);
    rs_ring_record_t record;
    RS_REQUIRE(rs_engine_begin(engine) == RS_OK);
    while (rs_ring_peek(rs_engine_inlet(engine), &record)) keep_record(world, record.kind, record.bytes, record.len);
    rs_engine_destroy(&engine);
}

typedef struct recovering {
    sim_world_t *world;
    rs_engine_t *engine;
    uint64_t last, until;
} recovering_t;

static int on_record(void *context, const rs_journal_record_t *record) {
    recovering_t *recovering = context;
    sim_world_t *world = recovering->world;
    if (record->number > recovering->until) return RS_OK;
    if (record->number > world->record_count) {
        sim_complain(world, "the journal has record %llu, which never was", (unsigned long long)record->number);
        return RS_OK;
    }
    const sim_record_t *was = &world->records[record->number - 1];
    if (record->kind != was->kind || record->len != was->len || memcmp(record->bytes, was->bytes, was->len) != 0) {
        sim_complain(world, "record %llu has other bytes than it had", (unsigned long long)record->number);
        return RS_OK;
    }
    recovering->last = record->number;
    return rs_engine_recover_record(recovering->engine, record->kind, record->bytes, record->len, record->number);
}

typedef struct reading { rs_disk_t *disk; const rs_snapshot_t *snapshot; uint64_t at; } reading_t;
static int read_snapshot(void *context, void *bytes, size_t room, size_t *len) {
    reading_t *reading = context;
    const int status = rs_snapshot_read(reading->disk, reading->snapshot, reading->at, bytes, room, len);
    reading->at += *len;
    return status;
}

int sim_load(sim_world_t *world, const rs_snapshot_t *snapshot, rs_engine_t *engine) {
    reading_t reading = {.disk = sim_disk_as_disk(world->disk), .snapshot = snapshot};
    const rs_state_in_t in = {.context = &reading, .read = read_snapshot};
    return rs_engine_load(engine, &in);
}

/* Newest good snapshot and the journal behind it, into an engine of its own; NULL: the disk did not let it. */
static rs_engine_t *rebuild(sim_world_t *world, uint64_t until, rs_recovery_t *recovery, rs_snapshot_t *snapshot, uint64_t *last) {
    rs_disk_t *disk = sim_disk_as_disk(world->disk);
    rs_engine_t *engine = sim_engine(world);
    recovering_t recovering = {.world = world, .engine = engine, .until = until};
    int status = rs_snapshot_find(disk, 0, snapshot);
    if (status == RS_OK && snapshot->is_there) {
        status = sim_load(world, snapshot, engine);
        if (status != RS_OK && !sim_disk_is_dead(world->disk)) sim_complain(world, "a snapshot is not loaded: %d", status);
        recovering.last = snapshot->number;
    }
    if (status == RS_OK) {
        status = rs_journal_recover(disk, snapshot->is_there ? snapshot->number : 0, on_record, &recovering, recovery);
        if (status != RS_OK) rs_recovery_end(recovery);
    }
    *last = recovering.last;
    if (status == RS_OK) return engine;
    rs_engine_destroy(&engine);
    return NULL;
}

static void forget_after(sim_world_t *world, uint64_t last) {
    while (world->record_count > last) free(world->records[--world->record_count].bytes);
}

/* What an ACK promised must be there again. */
static void check_sessions(sim_world_t *world) {
    const rs_core_t *core = sim_core(world);
    for (uint32_t i = 0; i < world->producer_count; i++) {
        sim_session_t *session = &world->daemon.sessions[i];
        rs_core_session_t kept;
        *session = (sim_session_t){0};
        if (core != NULL && rs_core_session(core, i + 1, &kept)) {
            *session = (sim_session_t){.is_known = true, .taken = kept.last, .mark = kept.last};
        }
        if (session->mark < world->producers[i].acked) {
            sim_complain(world, "producer %u was told %llu, and the daemon knows %llu", i, (unsigned long long)world->producers[i].acked,
                         (unsigned long long)session->mark);
        }
    }
}

static bool open_journal(sim_world_t *world, rs_recovery_t *recovery, uint64_t last) {
    sim_daemon_t *daemon = &world->daemon;
    const rs_journal_settings_t settings = {.segment_bytes = SEGMENT_BYTES, .max_segments = 64, .spares = 1,
                                            .pending_bytes = PENDING_BYTES};
    if (recovery->resume.journal == 0) recovery->resume.journal = world->seed | 1;
    if (rs_journal_create(sim_disk_as_disk(world->disk), &settings, &recovery->resume, &daemon->journal) != RS_OK) return false;
    for (bool more = true; more;) {
        if (rs_journal_maintain(daemon->journal, &more) != RS_OK) more = false;   /* then adopting says so */
    }
    if (rs_journal_adopt(daemon->journal, recovery) == RS_OK && rs_journal_durable(daemon->journal) >= last) return true;
    rs_journal_destroy(&daemon->journal);
    return false;
}

/* Snapshots that the journal does not reach back to, among them those that came back because their going was not on disk yet. */
static void drop_useless(sim_world_t *world) {
    rs_journal_stat_t stat;
    rs_journal_stat(world->daemon.journal, &stat);
    if (stat.oldest > 1) rs_snapshot_drop_before(sim_disk_as_disk(world->disk), stat.oldest - 1);
}

void sim_daemon_start(sim_world_t *world) {
    static rs_recovery_t recovery;
    sim_daemon_t *daemon = &world->daemon;
    rs_snapshot_t snapshot = {0};
    uint64_t last = 0;
    world->counts.lives++;
    daemon->was_refused = true;
    daemon->engine = rebuild(world, UINT64_MAX, &recovery, &snapshot, &last);
    if (daemon->engine == NULL) {
        world->counts.refused_starts++;
        return;
    }
    if (recovery.lost != 0) {
        sim_complain(world, "%llu records are called lost on a disk that damages nothing", (unsigned long long)recovery.lost);
    }
    if (recovery.ends_early) sim_complain(world, "the journal ends before its snapshot");
    world->counts.recovered += recovery.records;
    world->counts.torn += recovery.torn_records;
    const bool is_open = open_journal(world, &recovery, last);
    rs_recovery_end(&recovery);
    if (!is_open) {
        world->counts.refused_starts++;
        rs_engine_destroy(&daemon->engine);
        return;
    }
    drop_useless(world);
    forget_after(world, last);
    daemon->applied = daemon->appended = last;
    const bool is_fresh = rs_engine_core(daemon->engine) == NULL;   /* a beginning whose end was not on disk is none */
    if (is_fresh) begin_records(world);
    daemon->is_up = true;
    daemon->was_refused = false;
    daemon->flight_first = daemon->flight_count = 0;
    daemon->ticked_us = world->now_us;
    daemon->snapshot = daemon->snapshot_before = snapshot.is_there ? snapshot.number : 0;
    world->store.relied = !is_fresh ? rs_core_confirmed_position(sim_core(world)) : 0;
    world->store.lacking = daemon->let_go = !is_fresh ? rs_core_let_go_position(sim_core(world)) : 0;
    check_sessions(world);
}

void sim_daemon_die(sim_world_t *world) {
    sim_daemon_t *daemon = &world->daemon;
    for (uint32_t i = 0; i < world->producer_count; i++) sim_producer_cut(world, i);
    sim_store_die(world);
    if (!daemon->is_up) return;
    rs_engine_destroy(&daemon->engine);
    rs_journal_destroy(&daemon->journal);
    daemon->is_up = false;
}

void sim_daemon_end(sim_world_t *world) {
    if (world->daemon.is_up) sim_daemon_die(world);
    forget_after(world, 0);
    free(world->records);
    free(world->daemon.flights);
}

/* --- the doors ---------------------------------------------------------------------------------------------------------- */
static void note_flight(sim_daemon_t *daemon, uint32_t producer, uint64_t number, uint64_t record) {
    if (daemon->flight_count == daemon->flight_room) {
        daemon->flight_room = daemon->flight_room == 0 ? 256 : daemon->flight_room * 2;
        daemon->flights = realloc(daemon->flights, daemon->flight_room * sizeof *daemon->flights);
        RS_REQUIRE(daemon->flights != NULL);
    }
    daemon->flights[daemon->flight_count++] = (sim_flight_t){.producer = producer, .number = number, .record = record};
}

static void take_batch(sim_world_t *world, const sim_message_t *message) {
    sim_session_t *session = &world->daemon.sessions[message->producer];
    sim_producer_t *producer = &world->producers[message->producer];
    if (message->first > session->taken + 1) {
        sim_send(&producer->from_daemon, &(sim_message_t){.type = SIM_GAP, .producer = message->producer, .connection = message->connection,
                                                          .number = session->taken});
        return;
    }
    for (uint64_t number = message->first; number < message->first + message->count; number++) {
        if (number <= session->taken) continue;
        unsigned char bytes[RS_RECORD_MAX];
        const rs_event_t *event = world->history->deliveries[producer->events[number - 1]].event;
        const size_t len = rs_record_write_event(event, world->now_us,
                                                 (rs_origin_t){.session = message->producer + 1, .number = number}, bytes);
        keep_record(world, RS_RECORD_EVENT, bytes, len);
        note_flight(&world->daemon, message->producer, number, world->record_count);
        session->taken = number;
    }
}

static void say_welcome(sim_world_t *world, const sim_message_t *message) {
    sim_session_t *session = &world->daemon.sessions[message->producer];
    sim_producer_t *producer = &world->producers[message->producer];
    if (!session->is_known) {
        unsigned char bytes[RS_RECORD_MAX];
        const size_t len = rs_record_write_session(message->producer + 1, rs_str(producer->source), RS_STR("1"), bytes);
        keep_record(world, RS_RECORD_SESSION, bytes, len);
        session->is_known = true;
    }
    session->connection = message->connection;
    sim_send(&producer->from_daemon, &(sim_message_t){.type = SIM_WELCOME, .producer = message->producer, .connection = message->connection,
                                                      .number = session->mark});
}

static void open_doors(sim_world_t *world) {
    for (uint32_t i = 0; i < world->producer_count; i++) {
        sim_producer_t *producer = &world->producers[i];
        sim_message_t message;
        while (in_ring(world) + SIM_BATCH < RING_RECORDS && producer->from_daemon.count < SIM_MESSAGES / 2 &&
               sim_receive(&producer->to_daemon, &message)) {
            if (message.connection != producer->connection) continue;
            if (message.type == SIM_HELLO) say_welcome(world, &message);
            else take_batch(world, &message);
        }
    }
}

static void acknowledge(sim_world_t *world) {
    sim_daemon_t *daemon = &world->daemon;
    const uint64_t settled = rs_gate_acknowledged(daemon->applied, sim_daemon_durable(world));
    bool moved[SIM_PRODUCERS] = {false};
    while (daemon->flight_first < daemon->flight_count && daemon->flights[daemon->flight_first].record <= settled) {
        const sim_flight_t *flight = &daemon->flights[daemon->flight_first++];
        daemon->sessions[flight->producer].mark = flight->number;
        moved[flight->producer] = true;
    }
    for (uint32_t i = 0; i < world->producer_count; i++) {
        sim_producer_t *producer = &world->producers[i];
        if (!moved[i] || producer->connection == 0 || producer->from_daemon.count > SIM_MESSAGES / 2) continue;
        sim_send(&producer->from_daemon, &(sim_message_t){.type = SIM_ACK, .producer = i, .connection = producer->connection,
                                                          .number = daemon->sessions[i].mark});
    }
}

/* --- core and journal --------------------------------------------------------------------------------------------------- */
static void note_let_go(sim_world_t *world) {
    const rs_core_t *core = sim_core(world);
    const uint64_t position = core == NULL ? 0 : rs_core_let_go_position(core);
    if (position == world->daemon.let_go) return;
    world->daemon.let_go = position;
    world->counts.let_go++;
    sim_store_owe(world, position);
}

static void apply_some(sim_world_t *world, uint64_t most) {
    sim_daemon_t *daemon = &world->daemon;
    for (; most > 0 && daemon->applied < world->record_count; most--) {
        const sim_record_t *record = &world->records[daemon->applied];
        const int status = rs_engine_recover_record(daemon->engine, record->kind, record->bytes, record->len, daemon->applied + 1);
        if (status != RS_OK) {
            sim_complain(world, "record %llu is not applied: %s", (unsigned long long)daemon->applied + 1, rs_engine_why(daemon->engine));
        }
        daemon->applied++;
        note_let_go(world);
    }
}

static void append_some(sim_world_t *world, uint64_t most) {
    sim_daemon_t *daemon = &world->daemon;
    for (; most > 0 && daemon->appended < world->record_count; most--) {
        const sim_record_t *record = &world->records[daemon->appended];
        uint64_t number;
        if (rs_journal_append(daemon->journal, (uint16_t)record->kind, record->bytes, record->len, &number) != RS_OK) return;
        if (number != ++daemon->appended) sim_complain(world, "the journal and the ring number differently");
    }
}

static void tick(sim_world_t *world) {
    sim_daemon_t *daemon = &world->daemon;
    unsigned char bytes[RS_RECORD_MAX];
    if (world->now_us < daemon->ticked_us + TICK_US || in_ring(world) >= RING_RECORDS) return;
    keep_record(world, RS_RECORD_TICK, bytes, rs_record_write_tick(world->now_us, bytes));
    daemon->ticked_us = world->now_us;
}

/* Other alert rules, from a record on: parts first, so that a death may come between them. */
static void reload(sim_world_t *world) {
    memory_journal_t records = {0};
    const rs_config_t *config = world->configs[rs_random_below(&world->random, SIM_CONFIGS)];
    journal_add_config(&records, config, RS_CONFIG_RELOAD);
    if (in_ring(world) + records.count <= RING_RECORDS) {
        for (size_t i = 0; i < records.count; i++) {
            keep_record(world, records.records[i].kind, records.records[i].bytes, records.records[i].len);
        }
        world->counts.reloads++;
    }
    journal_free(&records);
}

/* --- snapshots: another process reads what is on disk ------------------------------------------------------------------- */
static int write_snapshot(void *context, const void *bytes, size_t len) {
    rs_snapshot_writer_t *writer = context;
    rs_snapshot_write(writer, bytes, len);
    return RS_OK;
}

static void retire(sim_world_t *world) {
    sim_daemon_t *daemon = &world->daemon;
    const uint64_t needed = sim_database_needs(world);
    if (daemon->snapshot_before == 0 || needed == 0) return;
    (void)!rs_journal_retire(daemon->journal, needed < daemon->snapshot_before ? needed : daemon->snapshot_before, INT64_MAX);
    drop_useless(world);
}

static void snapshot(sim_world_t *world) {
    static rs_recovery_t recovery;
    sim_daemon_t *daemon = &world->daemon;
    rs_snapshot_t before = {0};
    rs_snapshot_writer_t writer;
    uint64_t last = 0;
    rs_engine_t *engine = rebuild(world, rs_gate_snapshot(daemon->appended, sim_daemon_durable(world)), &recovery, &before, &last);
    if (engine == NULL) return;
    rs_recovery_end(&recovery);
    if (rs_engine_core(engine) != NULL && last > (before.is_there ? before.number : 0) &&
        rs_snapshot_begin(&writer, sim_disk_as_disk(world->disk), world->seed | 1, last) == RS_OK) {
        const rs_state_out_t out = {.context = &writer, .write = write_snapshot};
        if (rs_engine_save(engine, &out, NULL) != RS_OK) rs_snapshot_abort(&writer);
        else if (rs_snapshot_finish(&writer) == RS_OK) {
            world->counts.snapshots++;
            daemon->snapshot_before = daemon->snapshot;
            daemon->snapshot = last;
            retire(world);
        }
    }
    rs_engine_destroy(&engine);
}

/* A snapshot's hour may come while the journal cannot be written, and the end soon after it. */
static void meet_trouble(sim_world_t *world) {
    snapshot(world);
    if (!world->is_calm && sim_chance(world, 3)) sim_disk_die_at(world->disk, 1);
}

void sim_daemon_step(sim_world_t *world) {
    bool more;
    switch (rs_random_below(&world->random, 12)) {
        case 0: case 1: open_doors(world); break;
        case 2: case 3: case 4: apply_some(world, 1 + rs_random_below(&world->random, 64)); break;
        case 5: case 6: append_some(world, 1 + rs_random_below(&world->random, 64)); break;
        case 7: case 8:
            if (rs_journal_commit(world->daemon.journal) != RS_OK && sim_chance(world, 4)) meet_trouble(world);
            break;
        case 9: acknowledge(world); break;
        case 10:
            tick(world);
            if (!world->is_calm && sim_chance(world, 40)) reload(world);
            break;
        default:
            (void)!rs_journal_maintain(world->daemon.journal, &more);
            if (sim_chance(world, 12)) snapshot(world);
            break;
    }
}

bool sim_daemon_settle(sim_world_t *world) {
    apply_some(world, UINT64_MAX);
    append_some(world, UINT64_MAX);
    const bool is_durable = rs_journal_commit(world->daemon.journal) == RS_OK;
    acknowledge(world);
    return is_durable && world->daemon.appended == world->record_count;
}
