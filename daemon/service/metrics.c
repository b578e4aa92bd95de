#include "service/service.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* A row of a table: a number of a struct of statistics, by its place. Rows of one name stand together. */
typedef struct row {
    const char *name, *help;
    rs_metric_type_t type;
    size_t offset;
    size_t size;                       /* 8, 4 or 1 bytes, unsigned */
    const char *label, *value;         /* NULL: none */
} row_t;

#define ROW(TYPE, type, member, name, help) {name, help, RS_METRIC_##TYPE, offsetof(type, member), sizeof(((type *)0)->member), NULL, NULL}
#define ROW_OF(TYPE, type, member, name, help, label, value) \
    {name, help, RS_METRIC_##TYPE, offsetof(type, member), sizeof(((type *)0)->member), label, value}

static uint64_t number_at(const void *place, size_t size) {
    uint64_t wide;
    uint32_t narrow;
    if (size == sizeof wide) return memcpy(&wide, place, size), wide;
    if (size == sizeof narrow) return memcpy(&narrow, place, size), narrow;
    return *(const unsigned char *)place;
}

static void add_rows(rs_metrics_t *page, const row_t *rows, size_t count, const void *stats) {
    for (size_t i = 0; i < count; i++) {
        const row_t *row = &rows[i];
        const rs_metric_label_t label = {row->label, row->value};
        if (i == 0 || strcmp(rows[i - 1].name, row->name) != 0) rs_metrics_family(page, row->name, row->type, row->help);
        rs_metrics_whole(page, &label, row->label != NULL, number_at((const char *)stats + row->offset, row->size));
    }
}
#define ADD_ROWS(page, rows, stats) add_rows((page), (rows), RS_ARRAY_LEN(rows), (stats))

/* One family with a sample for each of `count` reasons. `first`: those before it are none. */
static void add_by_name(rs_metrics_t *page, const char *name, const char *help, const char *label, const uint64_t *values, unsigned first,
                        unsigned count, const char *(*name_of)(unsigned)) {
    rs_metrics_family(page, name, RS_METRIC_COUNTER, help);
    for (unsigned i = first; i < count; i++) rs_metrics_whole(page, &(rs_metric_label_t){label, name_of(i)}, 1, values[i]);
}

/* --- what comes in ---------------------------------------------------------------------------------------------------- */
static void add_ingest(const rs_service_t *service, rs_metrics_t *page) {
#define I(TYPE, member, name, help) ROW(TYPE, rs_ingest_stats_t, member, "ringside_ingest_" name, help)
#define D(member, name, help, door) ROW_OF(COUNTER, rs_ingest_stats_t, member, "ringside_ingest_" name, help, "door", door)
    static const row_t rows[] = {
        D(messages, "messages", "Complete messages read.", "acknowledged"), D(plain_messages, "messages", "", "plain"),
        D(events, "events", "Events in them that were not taken before.", "acknowledged"), D(plain_events, "events", "", "plain"),
        D(accepted, "accepted", "Events handed to the core.", "acknowledged"), D(plain_accepted, "accepted", "", "plain"),
        I(COUNTER, skipped, "skipped", "Events sent again below what was taken."),
        I(COUNTER, plain_bad, "plain_bad", "Plain messages that are no single frame or too long."),
        I(COUNTER, acks, "acks", "ACK frames sent."), I(COUNTER, nacks, "nacks", "NACK frames sent."),
        I(COUNTER, replies_dropped, "replies_dropped", "Answers not sent because the peer is gone or does not read."),
        I(COUNTER, stalls, "stalls", "Times that the core or the disk had no room."),
        I(COUNTER, takeovers, "takeovers", "Sessions taken over by another peer."),
        I(COUNTER, sessions_forgotten, "sessions_forgotten", "Sessions forgotten for new ones."),
        I(COUNTER, peers_detached, "peers_detached", "Idle peers that gave way to new ones."),
        I(GAUGE, sessions, "sessions", "Sessions remembered."), I(GAUGE, attached, "attached", "Sessions with a peer."),
        I(GAUGE, in_flight_events, "in_flight_events", "Events taken and not yet settled."),
        I(GAUGE, in_flight_bytes, "in_flight_bytes", "Bytes taken and not yet settled."),
        I(GAUGE, stalled, "stalled", "1: nothing is read now, the core or the disk has no room.")};
#undef I
#undef D
    rs_ingest_stats_t stats;
    rs_ingest_stats(service->ingest, &stats);
    ADD_ROWS(page, rows, &stats);
    add_by_name(page, "ringside_ingest_refused", "Events refused when they were read, by reason.", "reason", stats.refused, 1,
                RS_REFUSAL_COUNT, rs_refusal_name);
    add_by_name(page, "ringside_ingest_judged", "Events of acknowledged sessions that the core refused or knew, by reason.", "reason",
                stats.judged, 1, RS_REFUSAL_COUNT, rs_refusal_name);
    add_by_name(page, "ringside_ingest_errors", "ERROR frames sent, by code.", "code", stats.errors, 1, RS_INGEST_ERROR_COUNT,
                rs_ingest_error_name);
}

static void add_asterisk(const rs_service_t *service, rs_metrics_t *page) {
#define A(TYPE, member, name, help) ROW(TYPE, rs_asterisk_follow_stats_t, member, "ringside_asterisk_" name, help)
    static const row_t rows[] = {
        A(COUNTER, parser.lines, "lines", "Lines of the queue_log read."), A(COUNTER, parser.events, "events", "Events made of them."),
        A(COUNTER, parser.ignored, "ignored", "Lines that say nothing to us."), A(COUNTER, parser.refused, "refused", "Lines refused."),
        A(COUNTER, bytes, "bytes", "Bytes of the queue_log read."), A(COUNTER, rotations, "rotations", "Times it was rotated."),
        A(COUNTER, truncations, "truncations", "Times it was truncated."),
        A(COUNTER, cut_lines, "cut_lines", "Half lines at the end of such files."),
        A(GAUGE, is_open, "is_open", "1: the file is there."), A(GAUGE, is_stalled, "stalled", "1: the core or the disk has no room.")};
#undef A
    if (service->asterisk == NULL) return;
    rs_asterisk_follow_stats_t stats;
    rs_asterisk_follower_stats(service->asterisk, &stats);
    ADD_ROWS(page, rows, &stats);
}

/* --- the core ----------------------------------------------------------------------------------------------------------- */
void rs_service_note_core(rs_service_t *service, const rs_collection_t *collection) {
    rs_service_core_figures_t *figures = &service->core_figures;
    rs_accounting_t sums = {0};
    for (uint32_t i = 0; i < collection->source_count; i++) {
        const rs_accounting_t *source = rs_engine_collected_source(service->engine, i);
        sums.received += source->received;
        sums.applied += source->applied;
        sums.duplicate += source->duplicate;
        sums.late_applied += source->late_applied;
        sums.too_late += source->too_late;
        sums.invalid += source->invalid;
        sums.unknown += source->unknown;
        sums.future += source->future;
        sums.limit += source->limit;
        sums.gaps += source->gaps;
        sums.missing += source->missing;
    }
    *figures = (rs_service_core_figures_t){.sums = sums, .sources = collection->source_count, .losses = collection->losses,
                                           .bytes = collection->core_bytes, .rows_permille = collection->rows_permille};
}

static void add_core(const rs_service_t *service, rs_metrics_t *page) {
#define C(TYPE, member, name, help) ROW(TYPE, rs_service_core_figures_t, member, "ringside_core_" name, help)
#define J(member, result) \
    ROW_OF(COUNTER, rs_service_core_figures_t, sums.member, "ringside_core_events", \
           "Events by what became of them; together those received.", "result", result)
#define L(member, what) \
    ROW_OF(COUNTER, rs_service_core_figures_t, losses.member, "ringside_core_over_limit", \
           "What a limit of the configuration kept out.", "what", what)
    static const row_t rows[] = {
        C(COUNTER, sums.received, "received", "Events of all sources, refused ones included."),
        J(applied, "applied"), J(late_applied, "late_applied"), J(duplicate, "duplicate"), J(too_late, "too_late"), J(invalid, "invalid"),
        J(unknown, "unknown"), J(future, "future"), J(limit, "limit"),
        L(contacts, "contacts"), L(cells, "rows"), L(panes, "panes"), L(overflowed_keys, "keys"), L(alerts, "alerts"), L(cases, "cases"),
        L(edges, "edges"), L(variants, "variants"), L(customers, "customers"), L(untold, "untold_alerts"),
        C(GAUGE, sources, "sources", "Sources of events."), C(GAUGE, sums.missing, "missing", "Numbers of sources that have not come."),
        C(GAUGE, bytes, "bytes", "Memory of the core's state."),
        C(GAUGE, rows_permille, "rows_permille", "How full the rows' memory is, of 1000.")};
#undef C
#undef J
#undef L
    ADD_ROWS(page, rows, &service->core_figures);
    rs_metrics_gauge(page, "ringside_core_now_seconds", "The core's time, since the epoch.", (double)rs_engine_now(service->engine) / 1e6);
    rs_metrics_gauge(page, "ringside_core_watermark_seconds", "Up to here all sources have told, since the epoch.",
                     (double)rs_engine_watermark(service->engine) / 1e6);
    rs_metrics_gauge(page, "ringside_core_inlet_bytes", "Records that the core has not applied, or the disk does not have.",
                     (double)rs_engine_inlet_used(service->engine));
}

/* --- the journal -------------------------------------------------------------------------------------------------------- */
static void add_journal(const rs_service_t *service, rs_metrics_t *page) {
#define J(TYPE, member, name, help) ROW(TYPE, rs_keeper_stat_t, journal.member, "ringside_journal_" name, help)
    static const row_t rows[] = {
        J(COUNTER, appended, "records", "Records ever written, over all starts."), J(COUNTER, commits, "commits", "Group commits."),
        J(COUNTER, bytes, "bytes", "Bytes on disk, written by this process."),
        J(COUNTER, failures, "failures", "Writes and syncs that failed."),
        J(COUNTER, poisoned, "poisoned", "Files given up after a failure."),
        J(COUNTER, given_way, "given_way", "Files that went before their time for want of room."),
        J(GAUGE, durable, "durable_record", "Number of the last record on disk."),
        J(GAUGE, oldest, "oldest_record", "Number of the oldest one kept."),
        J(GAUGE, segments, "segments", "Files in use."), J(GAUGE, spares, "spares", "Files made ahead.")};
#undef J
    rs_keeper_stat_t stat;
    rs_keeper_stat(service->journal.keeper, &stat);
    ADD_ROWS(page, rows, &stat);
    const rs_service_space_t space = rs_service_journal_space(service);
    rs_metrics_gauge(page, "ringside_journal_snapshot_record", "Number of the last record in the newest snapshot.",
                     (double)service->journal.snapshot);
    rs_metrics_gauge(page, "ringside_journal_sync_seconds", "How long the last commit took.", (double)stat.sync_us / 1e6);
    rs_metrics_gauge(page, "ringside_journal_failing", "1: nothing can be written to disk now, and nothing is acknowledged.",
                     rs_keeper_state(service->journal.keeper, NULL) == RS_OK ? 0 : 1);
    rs_metrics_gauge(page, "ringside_journal_left_bytes", "Left of journal.max_bytes or of the disk, whichever ends first.",
                     (double)space.bytes);
    rs_metrics_gauge(page, "ringside_journal_left_seconds",
                     "For how long that will do at the rate of the last hour (3600 times the hours left).", space.hours * 3600);
}

/* --- what goes out ------------------------------------------------------------------------------------------------------- */
static void add_store(const rs_service_t *service, rs_metrics_t *page) {
#define S(TYPE, member, name, help) ROW(TYPE, rs_store_status_t, member, "ringside_store_" name, help)
#define W(member, what) \
    ROW_OF(COUNTER, rs_store_status_t, member, "ringside_store_written", "What committed transactions held.", "what", what)
    static const row_t rows[] = {
        S(GAUGE, connected, "connected", "1: the database takes rows."), W(rows_written, "rows"), W(edges_written, "edges"),
        W(transitions_written, "transitions"), W(refusals_written, "refusals"), S(COUNTER, batches, "batches", "Transactions committed."),
        S(COUNTER, poisoned, "poisoned", "Rows that PostgreSQL refused and that are in quarantine."),
        ROW_OF(COUNTER, rs_store_status_t, dropped_transitions, "ringside_store_dropped",
               "What found no place while the database was away.", "what", "transitions"),
        ROW_OF(COUNTER, rs_store_status_t, dropped_refusals, "ringside_store_dropped", "", "what", "refusals"),
        S(COUNTER, connects, "connects", "Connections made."), S(COUNTER, failures, "failures", "Attempts and connections that failed."),
        ROW_OF(COUNTER, rs_store_status_t, ambiguous_stored, "ringside_store_lost_at_commit",
               "Connections lost at COMMIT, by what the next one found.", "found", "stored"),
        ROW_OF(COUNTER, rs_store_status_t, ambiguous_resent, "ringside_store_lost_at_commit", "", "found", "not_stored"),
        S(COUNTER, rewinds, "rewinds", "Times that the database had gone back."),
        S(COUNTER, rebuilds, "rebuilds", "Times that what it lacked was made again."),
        S(COUNTER, rebuilt_rows, "rebuilt_rows", "Rows and edges written so."),
        S(GAUGE, rebuilding, "rebuilding", "1: it is being made again."),
        S(GAUGE, backlog, "backlog", "Entries held ready for the database; what else it lacks is between ringside_store_record and "
                                     "ringside_journal_durable_record."),
        S(GAUGE, position, "record", "Up to this record the database has everything."),
        S(GAUGE, owed, "owed_record", "Up to this record it must get something again; 0: nothing.")};
#undef S
#undef W
    if (service->store == NULL) return;
    rs_store_status_t status;
    rs_store_status(service->store, &status);
    ADD_ROWS(page, rows, &status);
    rs_metrics_counter(page, "ringside_history_pairs", "Rules and keys whose history was read.", service->warm.pairs);
    rs_metrics_counter(page, "ringside_history_figures", "Figures of history that rules have been told.", service->warm.all);
    rs_metrics_counter(page, "ringside_history_failures", "Times that history could not be read; it is asked for again.",
                       service->warm.failures);
    add_by_name(page, "ringside_store_faults", "Errors of the database, by what is done about them.", "fault", status.faults, 0,
                RS_STORE_FAULT_COUNT, rs_store_fault_name);
}

static void add_feed(const rs_service_t *service, rs_metrics_t *page) {
#define F(TYPE, member, name, help) ROW(TYPE, rs_feed_stats_t, member, "ringside_feed_" name, help)
#define M(member, stream) ROW_OF(COUNTER, rs_feed_stats_t, member, "ringside_feed_messages", "Messages published.", "stream", stream)
#define R(member, reason) \
    ROW_OF(COUNTER, rs_feed_stats_t, member, "ringside_feed_refused", "Requests for snapshots answered with an error.", "reason", reason)
    static const row_t rows[] = {
        M(alerts, "alert"), M(windows, "window"), M(heartbeats, "heartbeat"),
        F(COUNTER, send_failures, "send_failures", "Messages that were not taken."),
        F(COUNTER, scans_late, "scans_late", "Periods that began before the last scan was done."),
        F(COUNTER, untracked, "untracked", "Alerts without room in the table."), F(COUNTER, snapshots, "snapshots", "Snapshots asked for."),
        F(COUNTER, snapshots_timed_out, "snapshots_timed_out", "Snapshots given up."), R(refused_version, "version"),
        R(refused_unknown, "unknown"),
        R(refused_malformed, "malformed"), R(refused_busy, "busy"), F(GAUGE, open_episodes, "open_alerts", "Alerts that are open."),
        F(GAUGE, keys, "keys", "Keys with windows.")};
#undef F
#undef M
#undef R
    if (service->feed == NULL) return;
    rs_feed_stats_t stats;
    rs_feed_stats(service->feed, &stats);
    ADD_ROWS(page, rows, &stats);
}

static void add_receivers(const rs_service_t *service, rs_metrics_t *page) {
    static const struct { const char *name, *help; } gauges[] = {
        {"ringside_receiver_pending", "Alerts that a receiver has still to be told of, or that it is shown."},
        {"ringside_receiver_failing", "1: a receiver does not take what it is sent, and is tried less often."}};
    if (service->receivers == NULL) return;
    for (unsigned g = 0; g < RS_ARRAY_LEN(gauges); g++) {
        rs_metrics_family(page, gauges[g].name, RS_METRIC_GAUGE, gauges[g].help);
        for (uint32_t i = 0; i < rs_receivers_count(service->receivers); i++) {
            rs_receiver_stats_t stats;
            char name[RS_MAX_NAME + 1];
            rs_receivers_stats(service->receivers, i, &stats);
            snprintf(name, sizeof name, "%.*s", (int)stats.name.len, stats.name.data);
            const bool is_open = stats.kind == RS_RECEIVER_ALERTMANAGER ? stats.presenter.is_open : stats.post.is_open;
            const uint32_t pending = stats.kind == RS_RECEIVER_ALERTMANAGER ? stats.presenter.alerts : stats.post.pending;
            rs_metrics_whole(page, &(rs_metric_label_t){"receiver", name}, 1, g == 0 ? pending : (uint64_t)is_open);
        }
    }
    rs_metrics_counter(page, "ringside_receivers_dropped", "Changes of alerts that waited for the disk and found no room.",
                       rs_receivers_dropped(service->receivers));
}

/* --- the process: names that every exporter has ---------------------------------------------------------------------------- */
static double resident_bytes(void) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return 0;
    if (fscanf(file, "%*u %llu", &pages) != 1) pages = 0;
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void add_process(const rs_service_t *service, rs_metrics_t *page) {
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    rs_metrics_family(page, "process_cpu_seconds", RS_METRIC_COUNTER, "Processor time used.");
    rs_metrics_sample(page, NULL, 0, (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                                         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    rs_metrics_gauge(page, "process_resident_memory_bytes", "Memory in use.", resident_bytes());
    rs_metrics_family(page, "ringside_build_info", RS_METRIC_GAUGE, "1, labelled with the program's version.");
    rs_metrics_whole(page, &(rs_metric_label_t){"version", RS_VERSION}, 1, 1);
    rs_metrics_gauge(page, "ringside_starts", "Number of this start.", (double)service->run);
}

static void fill_page(void *context, rs_metrics_t *page) {
    const rs_service_t *service = context;
    if (service->ingest != NULL) add_ingest(service, page);
    add_asterisk(service, page);
    add_core(service, page);
    add_journal(service, page);
    add_store(service, page);
    add_feed(service, page);
    add_receivers(service, page);
    add_process(service, page);
    rs_metrics_add_counters(page);
}

static const char *not_ready(void *context) {
    const rs_service_t *service = context;
    if (service->phase != PHASE_RUNNING) return service->phase < PHASE_RUNNING ? "starting" : "stopping";
    return service->journal.is_refused ? "events cannot be written to disk" : NULL;
}

int rs_service_start_web(rs_service_t *service) {
    const rs_config_t *config = rs_service_config(service);
    if (config->web_listen.len == 0) return RS_OK;
    const rs_web_options_t options = {
        .loop = &service->loop, .listen = config->web_listen, .context = service, .metrics = fill_page, .not_ready = not_ready};
    const int status = rs_web_open(&options, &service->web);
    if (status != RS_OK) {
        return rs_service_fail("listen for HTTP", config->web_listen.data, status == RS_ERR_IO ? strerror(errno) : rs_status_text(status));
    }
    RS_LOG_WITH(RS_LOG_NOTICE, "listening for HTTP", RS_LOG_TEXT("address", rs_web_address(service->web)));
    return RS_OK;
}
