/* What durability costs, on the real thing: ringsided of the same build with its journal on a disk, one producer on the same cores, batches
 * of 256 events of the steady workload (support/workload.h: 50,000 open contacts, 50,000 events a second of its time), each event sent
 * once. Beside it, in the same run and in turns:
 *   acknowledged events/s   bare ROUTER sinks of the same batches (count; unpack with protobuf-c, read with simdjson, and drop),
 *                           PostgreSQL's COPY of the same events as raw rows (best of three batch sizes, synced), and the
 *                           way in without a core
 *   event -> ACK            4 KiB pwrite + fdatasync into a zero-filled file of the same folder, one after the other, nothing else going on
 *   start after kill -9     per GiB of journal; the rate of applying records against the core's is bench_recover, how long a snapshot
 *                           stops the core bench_snapshot_pause
 * Medians. Bars of design/bars.md beside each ratio; ends with 1 when one is missed.
 * Usage: bench_durable [batches [runs [samples [queues]]]]: 2000, 5, 4000, 200 with ten agents each.
 * RS_BENCH_PLACE: a folder on the disk to be measured, /tmp */
#include "durable_core.h"
#include "postgres.h"
#include "workload.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_RUNS = 31, ROW_BYTES = 256, COPY_SIZES = 3, EVENTS_PER_SECOND = 50000, OPEN_CONTACTS = 50000 };
typedef enum variant { COUNT_ONLY, PROTOBUF_C, SIMDJSON, COPY, WAY_IN, WHOLE_PROTOBUF, WHOLE_JSON, VARIANT_COUNT } variant_t;
static const char *const names[] = {"bare ROUTER, count only", "bare ROUTER, protobuf-c", "bare ROUTER, simdjson",
                                    "PostgreSQL, COPY of raw events",
                                    "ingest and journal, protobuf", "ringsided, protobuf", "ringsided, json"};

static char folder[256], command[600];
static void *zmq;
static payload_t *protobuf, *json;
static char *rows;                     /* binary COPY, without head and trailer */
static size_t *row_ends;
static uint64_t batches;
static unsigned missed, queues;

static int run_shell(const char *what, const char *name) {
    snprintf(command, sizeof command, "%s '%s/%s'", what, folder, name);
    return system(command);
}

/* --- the workload ------------------------------------------------------------------------------------------------------- */
static size_t add_field(char *at, const void *bytes, size_t len) {
    const uint32_t size = htonl((uint32_t)len);
    memcpy(at, &size, 4);
    if (len != 0) memcpy(at + 4, bytes, len);
    return len + 4;
}

static size_t write_row(char *at, const rs_event_t *event) {
    const uint16_t fields = htons(8), type = htons((uint16_t)event->type);
    const uint64_t seq = htobe64(event->seq), occurred = htobe64((uint64_t)event->occurred_us), wait = htobe64((uint64_t)event->wait_ms);
    const rs_str_t texts[] = {event->source, event->contact_id, event->queue, event->agent};
    size_t len = 2;
    memcpy(at, &fields, 2);
    len += add_field(at + len, &type, 2);
    len += add_field(at + len, &seq, 8);
    len += add_field(at + len, &occurred, 8);
    len += add_field(at + len, &wait, 8);
    for (size_t i = 0; i < RS_ARRAY_LEN(texts); i++) len += add_field(at + len, texts[i].data, texts[i].len);
    RS_REQUIRE(len <= ROW_BYTES);
    return len;
}

static void keep(payload_t *payload, const payload_t *made) {
    payload->bytes = malloc(made->len);
    RS_REQUIRE(payload->bytes != NULL);
    memcpy(payload->bytes, made->bytes, payload->len = made->len);
}

static void make_load(void) {
    static uint8_t room[2][MAX_BYTES];
    workload_settings_t settings = workload_steady(EVENTS_PER_SECOND, OPEN_CONTACTS);
    settings.sources = 1;
    settings.queues = queues;
    settings.agents = 10 * queues;
    settings.pseudonyms = false;   /* the daemon makes them */
    settings.start_us = (int64_t)time(NULL) * RS_US_PER_S - 2 * RS_US_PER_MIN;
    workload_t *workload = workload_create(&settings);
    protobuf = calloc(batches, sizeof *protobuf);
    json = calloc(batches, sizeof *json);
    rows = malloc(batches * BATCH * ROW_BYTES);
    row_ends = calloc(batches, sizeof *row_ends);
    RS_REQUIRE(workload != NULL && protobuf != NULL && json != NULL && rows != NULL && row_ends != NULL);
    size_t written = 0;
    for (uint64_t i = 0; i < batches; i++) {
        payload_t made[2] = {{.bytes = room[0]}, {.bytes = room[1]}};
        for (unsigned e = 0; e < BATCH; e++) {
            rs_event_t event;
            uint32_t contact, queue;
            RS_REQUIRE(workload_next(workload, &event, &contact, &queue));
            add_event(&made[0], &event, false);
            add_event(&made[1], &event, true);
            written += write_row(rows + written, &event);
        }
        keep(&protobuf[i], &made[0]);
        keep(&json[i], &made[1]);
        row_ends[i] = written;
    }
    workload_destroy(&workload);
}

static load_t load_of(bool is_json) {
    return (load_t){.items = is_json ? json : protobuf, .count = batches, .batches = batches, .is_json = is_json};
}

/* --- the daemon --------------------------------------------------------------------------------------------------------- */
static pid_t start_daemon(const char *name) {
    char program[512] = "", config[320];
    const ssize_t len = readlink("/proc/self/exe", program, sizeof program - 16);
    RS_REQUIRE(len > 0);
    snprintf(strrchr(program, '/') + 1, 16, "ringsided");
    snprintf(config, sizeof config, "%s/%s.conf", folder, name);
    FILE *file = fopen(config, "w");
    RS_REQUIRE(file != NULL);
    fprintf(file, "ingest: {events: 'ipc://%s/events', plain: 'ipc://%s/plain'}\nfeed: {publish: 'ipc://%s/feed', "
            "snapshots: 'ipc://%s/snapshots'}\nservice: {state_directory: '%s/%s', log_level: error}\n"
            "journal: {max_bytes: 16GiB, snapshot_every: 1d, snapshot_bytes: 1024GiB}\n", folder, folder, folder, folder, folder, name);
    fclose(file);
    const pid_t child = fork();
    RS_REQUIRE(child >= 0);
    if (child > 0) return child;
    execl(program, program, "--config", config, (char *)NULL);
    _exit(127);
}

static void end_daemon(pid_t child, int signal) {
    int status;
    RS_REQUIRE(kill(child, signal) == 0 && waitpid(child, &status, 0) == child);
    RS_REQUIRE(signal == SIGKILL || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

static void *open_producer(const char *incarnation, answer_t *answer) {
    char endpoint[300];
    snprintf(endpoint, sizeof endpoint, "ipc://%s/events", folder);
    void *socket = zmq_socket(zmq, ZMQ_DEALER);
    const int patience_ms = 60000;   /* a daemon that does not start says why, and we end */
    RS_REQUIRE(socket != NULL && zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms) == 0 &&
               zmq_connect(socket, endpoint) == 0);
    *answer = say_hello(socket, incarnation, false);
    return socket;
}

/* Nanoseconds of CPU per event that each of the daemon's threads took, by their order: the loop, the journal, ZeroMQ's two, the core. */
static char thread_times[2][256];

static void read_threads(pid_t child, bool is_json) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/task", (int)child);
    DIR *tasks = opendir(path);
    RS_REQUIRE(tasks != NULL);
    size_t len = 0;
    for (const struct dirent *task; (task = readdir(tasks)) != NULL && len < 200;) {
        if (task->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", (int)child, task->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL && fgets(line, sizeof line, file) != NULL) {
            len += (size_t)snprintf(thread_times[is_json] + len, sizeof *thread_times - len, " %.0f",
                                    (double)strtoull(line, NULL, 10) / (double)(batches * BATCH));
        }
        if (file != NULL) fclose(file);
    }
    closedir(tasks);
}

static double run_whole(const char *name, bool is_json) {
    char endpoint[300];
    snprintf(endpoint, sizeof endpoint, "ipc://%s/events", folder);
    const pid_t child = start_daemon(name);
    answer_t answer;
    zmq_close(open_producer("ready", &answer));
    const load_t load = load_of(is_json);
    producer_t producer = {.load = &load, .zmq = zmq, .endpoint = endpoint, .incarnation = "1", .is_acknowledged = true};
    const double begun_s = seconds(CLOCK_MONOTONIC);
    produce(&producer);
    read_threads(child, is_json);
    end_daemon(child, SIGKILL);
    return (double)(batches * BATCH) / (producer.finished_s - begun_s);
}

/* --- PostgreSQL ----------------------------------------------------------------------------------------------------------- */
static double copy_raw(const char *conninfo, uint64_t batches_a_time) {
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", end[] = "\377\377";
    rs_postgres_run(conninfo,
                    "DROP TABLE IF EXISTS raw; CREATE TABLE raw (type int2, seq int8, occurred int8, wait int8, source text, contact text, "
                              "queue text, agent text)");
    rs_postgres_run(conninfo, "CHECKPOINT");
    PGconn *connection = PQconnectdb(conninfo);
    const double begun_s = seconds(CLOCK_MONOTONIC);
    for (uint64_t i = 0; i < batches; i += batches_a_time) {
        const uint64_t last = i + batches_a_time < batches ? i + batches_a_time - 1 : batches - 1;
        const size_t from = i == 0 ? 0 : row_ends[i - 1];
        PQclear(PQexec(connection, "COPY raw FROM STDIN (FORMAT binary)"));
        RS_REQUIRE(PQputCopyData(connection, head, 19) == 1 && PQputCopyData(connection, rows + from, (int)(row_ends[last] - from)) == 1 &&
                   PQputCopyData(connection, end, 2) == 1 && PQputCopyEnd(connection, NULL) == 1);
        PGresult *result = PQgetResult(connection);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) fprintf(stderr, "%s\n", PQresultErrorMessage(result)), exit(1);
        PQclear(result);
        while ((result = PQgetResult(connection)) != NULL) PQclear(result);
    }
    const double end_s = seconds(CLOCK_MONOTONIC);
    PQfinish(connection);
    RS_REQUIRE((uint64_t)rs_postgres_number(conninfo, "SELECT count(*) FROM raw") == batches * BATCH);
    return (double)(batches * BATCH) / (end_s - begun_s);
}

static double best_copy(const char *conninfo) {
    static const uint64_t sizes[COPY_SIZES] = {16, 256, 2048};   /* times 256 events, each a transaction */
    double best = 0;
    for (unsigned i = 0; i < COPY_SIZES; i++) {
        const double rate = copy_raw(conninfo, sizes[i]);
        if (rate > best) best = rate;
    }
    return best;
}

/* --- rates ----------------------------------------------------------------------------------------------------------------- */
static double rate_of(variant_t variant, unsigned run, const char *conninfo) {
    char endpoint[300], name[32], path[320];
    snprintf(endpoint, sizeof endpoint, "ipc://%s/%u-%u", folder, run, variant);
    snprintf(name, sizeof name, "state-%u-%u", run, variant);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const load_t load = load_of(variant == SIMDJSON || variant == WHOLE_JSON);
    if (variant == COPY) return best_copy(conninfo);
    double rate;
    if (variant == WAY_IN) {
        rate = run_way_in(zmq, endpoint, path, &load);
    } else if (variant >= WHOLE_PROTOBUF) {
        rate = run_whole(name, variant == WHOLE_JSON);
    } else {
        const double begun_s = seconds(CLOCK_MONOTONIC);
        run_sink(variant == COUNT_ONLY ? DROP_COUNT_ONLY : variant == PROTOBUF_C ? DROP_PROTOBUF_C : DROP_SIMDJSON, zmq, endpoint, &load);
        rate = (double)(batches * BATCH) / (seconds(CLOCK_MONOTONIC) - begun_s);
    }
    RS_REQUIRE(run_shell("rm -rf", name) == 0);
    return rate;
}

static void judge(const char *what, double ratio, double bar) {
    if (bar > 0 && ratio < bar) missed++;
    if (bar > 0) printf("  %-52s %5.2f   bar >= %.1f: %s\n", what, ratio, bar, ratio >= bar ? "kept" : "missed");
    else printf("  %-52s %5.2f   stated\n", what, ratio);
}

static void measure_rates(unsigned runs) {
    static double rates[VARIANT_COUNT][MAX_RUNS];
    double middle[VARIANT_COUNT];
    rs_postgres_t postgres;
    setenv("RS_POSTGRES_PLACE", getenv("RS_BENCH_PLACE") == NULL ? "/tmp" : getenv("RS_BENCH_PLACE"), 1);
    rs_postgres_start(&postgres, "-c max_wal_size=8GB -c shared_buffers=256MB");
    for (unsigned run = 0; run < runs; run++) {
        for (variant_t variant = 0; variant < VARIANT_COUNT; variant++) rates[variant][run] = rate_of(variant, run, postgres.conninfo);
    }
    rs_postgres_stop(&postgres);
    for (variant_t variant = 0; variant < VARIANT_COUNT; variant++) {
        middle[variant] = median(rates[variant], runs);
        printf("%-32s %7.3f M events/s", names[variant], middle[variant] / 1e6);
        if (variant >= WHOLE_PROTOBUF) printf("   ns of CPU per event in its threads:%s", thread_times[variant == WHOLE_JSON]);
        printf("\n");
    }
    judge("ringsided, protobuf / protobuf-c sink", middle[WHOLE_PROTOBUF] / middle[PROTOBUF_C], 0.5);
    judge("ringsided, protobuf / PostgreSQL", middle[WHOLE_PROTOBUF] / middle[COPY], 3);
    judge("ringsided, json / simdjson sink", middle[WHOLE_JSON] / middle[SIMDJSON], 0.5);
    judge("ringsided, protobuf / counting sink", middle[WHOLE_PROTOBUF] / middle[COUNT_ONLY], 0);
    judge("ingest and journal without a core / protobuf-c sink", middle[WAY_IN] / middle[PROTOBUF_C], 0);
    judge("ingest and journal without a core / PostgreSQL", middle[WAY_IN] / middle[COPY], 0);
}

/* --- one event, until it is on disk -------------------------------------------------------------------------------------------- */
enum { BLOCK = 4096, FILE_BYTES = 16 << 20 };

static int open_zero_filled(void) {
    static const char zeros[1 << 20];
    char path[300];
    snprintf(path, sizeof path, "%s/zeros", folder);
    const int file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    RS_REQUIRE(file >= 0);
    for (int at = 0; at < FILE_BYTES; at += (int)sizeof zeros) RS_REQUIRE(pwrite(file, zeros, sizeof zeros, at) == (ssize_t)sizeof zeros);
    RS_REQUIRE(fsync(file) == 0);
    return file;
}

static double bare_sync_us(int file, unsigned number) {
    static char block[BLOCK];
    memset(block, (int)number, sizeof block);
    const double begun_s = seconds(CLOCK_MONOTONIC);
    RS_REQUIRE(pwrite(file, block, BLOCK, (off_t)number * BLOCK % FILE_BYTES) == BLOCK && fdatasync(file) == 0);
    return (seconds(CLOCK_MONOTONIC) - begun_s) * 1e6;
}

static double acknowledged_us(void *socket, uint64_t number) {
    static uint8_t room[1024];
    char text[32];
    payload_t payload = {.bytes = room};
    rs_event_t event = {.type = RS_CONTACT_QUEUED, .seq = number, .present = RS_HAS_SEQ, .source = RS_STR("pbx-frankfurt-1"),
                        .queue = RS_STR("support-de"), .occurred_us = (int64_t)time(NULL) * RS_US_PER_S,
                        .customer = RS_STR("+4969555000123")};
    event.contact_id = (rs_str_t){text, (uint32_t)snprintf(text, sizeof text, "1772442012.%06u", (unsigned)number)};
    add_event(&payload, &event, false);
    const double begun_s = seconds(CLOCK_MONOTONIC);
    send_batch(socket, number, &payload);
    RS_REQUIRE(read_answer(socket).mark == number);
    return (seconds(CLOCK_MONOTONIC) - begun_s) * 1e6;
}

static double quantile(const double *sorted, unsigned count, double share) { return sorted[(unsigned)(share * (count - 1) + 0.5)]; }

static void measure_latency(unsigned samples) {
    double *bare = calloc(samples, sizeof *bare), *ours = calloc(samples, sizeof *ours);
    RS_REQUIRE(bare != NULL && ours != NULL);
    const int file = open_zero_filled();
    const pid_t child = start_daemon("latency");
    answer_t answer;
    void *socket = open_producer("latency", &answer);
    for (unsigned i = 0; i < samples; i++) {
        bare[i] = bare_sync_us(file, i);
        ours[i] = acknowledged_us(socket, i + 1);
    }
    zmq_close(socket);
    end_daemon(child, SIGTERM);
    close(file);
    qsort(bare, samples, sizeof *bare, compare_reals);
    qsort(ours, samples, sizeof *ours, compare_reals);
    const double bar = 2 * quantile(bare, samples, 0.99) + 1000, p99 = quantile(ours, samples, 0.99);
    printf("%u samples: pwrite + fdatasync p50 %.0f us, p99 %.0f us; event to ACK p50 %.0f us, "
           "p99 %.0f us   bar p99 <= 2 x + 1 ms = %.0f us: %s\n",
           samples, quantile(bare, samples, 0.5), quantile(bare, samples, 0.99), quantile(ours, samples, 0.5), p99, bar,
           p99 <= bar ? "kept" : "missed");
    if (p99 > bar) missed++;
    free(bare);
    free(ours);
    RS_REQUIRE(run_shell("rm -rf", "latency") == 0 && run_shell("rm -f", "zeros") == 0);
}

/* --- start after a kill ---------------------------------------------------------------------------------------------------------- */
static void measure_start(void) {
    run_whole("killed", false);
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < batches; i++) bytes += protobuf[i].len;
    const double begun_s = seconds(CLOCK_MONOTONIC);
    const pid_t child = start_daemon("killed");
    answer_t answer;
    zmq_close(open_producer("1", &answer));
    const double took_s = seconds(CLOCK_MONOTONIC) - begun_s;
    RS_REQUIRE(answer.mark == batches * BATCH);
    end_daemon(child, SIGTERM);
    const double gib = (double)bytes / (1 << 30);
    printf("start after kill -9, no snapshot: %.2f s for %llu events, %.0f MB as they were sent: %.2f M records/s; "
           "%.1f s per GiB of them   bar <= 2 s: %s\n", took_s, (unsigned long long)(batches * BATCH), (double)bytes / 1e6,
           (double)(batches * BATCH) / took_s / 1e6, took_s / gib, took_s / gib <= 2 ? "kept" : "missed");
    if (took_s / gib > 2) missed++;
    RS_REQUIRE(run_shell("rm -rf", "killed") == 0);
}

int main(int argc, char **argv) {
    batches = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000;
    const unsigned runs = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
    const unsigned samples = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 4000;
    queues = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 200;
    if (queues == 0 || queues > 10000 || batches == 0 || runs == 0 || runs > MAX_RUNS || samples == 0) return 2;
    const char *place = getenv("RS_BENCH_PLACE");
    snprintf(folder, sizeof folder, "%s/rs-durable-XXXXXX", place == NULL ? "/tmp" : place);
    if (mkdtemp(folder) == NULL) return 1;
    make_load();
    zmq = zmq_ctx_new();
    size_t sizes[2] = {0};
    for (uint64_t i = 0; i < batches; i++) {
        sizes[0] += protobuf[i].len;
        sizes[1] += json[i].len;
    }
    printf("%llu batches of %d events, %zu bytes an event in Protobuf, %zu in JSON, %u queues, %u runs\n",
           (unsigned long long)batches, BATCH, sizes[0] / batches / BATCH, sizes[1] / batches / BATCH, queues, runs);
    measure_rates(runs);
    measure_latency(samples);
    measure_start();
    zmq_ctx_term(zmq);
    RS_REQUIRE(run_shell("rm -rf", "") == 0);
    printf("%u bars missed\n", missed);
    return missed != 0;
}
