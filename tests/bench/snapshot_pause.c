/* How long a snapshot stops the core. The core's thread runs with a big state and its journal on a disk; single events are put to it all
 * the time, and how long it takes until each is applied (not: on disk) is its longest stop. First with nothing else, then while the process
 * that writes the next snapshot is started as the daemon does (uv_spawn of `ringsided --write-snapshot`) and works. By design only the
 * start can stop it: a fork shares its memory, and what it then writes to is copied page by page.
 * Bar (design/bars.md): at most 5 ms, in the first 100 ms of each snapshot. Where no core is free the later figures are the scheduler's.
 * Usage: bench_snapshot_pause [events before [snapshots]]: 400000, 3.  RS_BENCH_PLACE: a folder on a disk, /tmp */
#include "engine/engine.h"
#include "journal/keeper.h"
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { PAUSE_US = 200, START_US = 100 * 1000, QUIET_US = 2000 * 1000, MAX_SAMPLES = 1 << 20 };
#define BAR_US 5000.0

typedef struct bench {
    rs_engine_t *engine;
    rs_disk_t *disk;
    rs_journal_t *journal;
    rs_keeper_t *keeper;
    workload_t *workload;
    uv_loop_t loop;
    char folder[256], program[512];
    uint64_t number;
    bool has_ended;
    int64_t status;
} bench_t;

typedef struct samples { double *us; uint32_t count; double longest_at_start_us; } samples_t;

static void nothing(void *context) { (void)context; }
static void no_verdict(void *context, rs_origin_t origin, rs_refusal_t reason) { (void)context, (void)origin, (void)reason; }
static void no_alert(void *context, const rs_alert_transition_t *transition) { (void)context, (void)transition; }
static double now_us(void) { return (double)uv_hrtime() / 1e3; }

/* --- an engine and its journal -------------------------------------------------------------------------------------------- */
static void open_journal(bench_t *bench) {
    const char *why = "";
    rs_journal_resume_t *resume = calloc(1, sizeof *resume);
    RS_REQUIRE(resume != NULL);
    if (rs_disk_open_folder(bench->folder, RS_DISK_OWN, false, &bench->disk, &why) != RS_OK) {
        fprintf(stderr, "bench_snapshot_pause: %s: %s\n", bench->folder, why);
        exit(1);
    }
    resume->journal = 4711;
    const rs_journal_settings_t settings = {.segment_bytes = 16 << 20, .max_segments = 1024, .spares = 2, .pending_bytes = 4 << 20};
    RS_REQUIRE(rs_journal_create(bench->disk, &settings, resume, &bench->journal) == RS_OK);
    free(resume);
    for (bool more = true; more;) RS_REQUIRE(rs_journal_maintain(bench->journal, &more) == RS_OK);
    const rs_keeper_settings_t keeper = {.ring = rs_engine_inlet(bench->engine), .journal = bench->journal, .batch_bytes = 1 << 20,
                                         .retry_us = 500000, .mark_us = 1000000, .keep_us = INT64_C(86400) * RS_US_PER_S, .context = bench,
                                         .wake = nothing};
    RS_REQUIRE(rs_keeper_create(&keeper, &bench->keeper) == RS_OK);
}

/* The next event, submitted; its position. */
static uint64_t submit(bench_t *bench) {
    rs_event_t event;
    uint32_t contact, queue;
    uint64_t position;
    RS_REQUIRE(workload_next(bench->workload, &event, &contact, &queue));
    while (rs_engine_submit_event(bench->engine, &event, event.occurred_us, (rs_origin_t){0}, &position) != RS_OK) {
        rs_keeper_wake(bench->keeper);
        (void)rs_engine_drain(bench->engine);
    }
    rs_keeper_wake(bench->keeper);
    return position;
}

static void fill(bench_t *bench, uint64_t events) {
    uint64_t last = 0;
    while (bench->number++ < events) last = submit(bench);
    while (rs_engine_drain(bench->engine) < last || rs_keeper_durable(bench->keeper) < last) usleep(1000);
}

/* --- measuring -------------------------------------------------------------------------------------------------------------- */
static void ask_once(bench_t *bench, samples_t *samples, double since_us) {
    const double begun_us = now_us();
    const uint64_t position = submit(bench);
    while (rs_engine_drain(bench->engine) < position) continue;
    const double took_us = now_us() - begun_us;
    if (samples->count < MAX_SAMPLES) samples->us[samples->count++] = took_us;
    if (begun_us - since_us < START_US && took_us > samples->longest_at_start_us) samples->longest_at_start_us = took_us;
    usleep(PAUSE_US);
}

static void on_end(uv_process_t *process, int64_t status, int signal) {
    bench_t *bench = process->data;
    bench->has_ended = true;
    bench->status = status != 0 ? status : signal;
    uv_close((uv_handle_t *)process, NULL);
}

/* Returns how long the call took that starts the process; -1: it failed. */
static double snapshot(bench_t *bench, samples_t *samples) {
    uv_process_t process;
    rs_keeper_stat_t stat;
    char upto[24];
    rs_keeper_stat(bench->keeper, &stat);
    snprintf(upto, sizeof upto, "%" PRIu64, stat.journal.durable);
    char name[] = "ringsided-snapshot", option[] = "--write-snapshot", at[] = "--upto";
    char *arguments[] = {name, option, bench->folder, at, upto, NULL};
    uv_stdio_container_t streams[] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_IGNORE}};
    const uv_process_options_t options = {.file = bench->program, .args = arguments, .exit_cb = on_end, .stdio = streams, .stdio_count = 3};
    bench->has_ended = false;
    process.data = bench;
    const double begun_us = now_us();
    /* What the loop cannot do meanwhile the core is still asked for: the event is on its way when the process is made. */
    const uint64_t position = submit(bench);
    const int failed = uv_spawn(&bench->loop, &process, &options);
    const double took_us = now_us() - begun_us;
    if (failed != 0) return -1;
    while (rs_engine_drain(bench->engine) < position) continue;
    while (!bench->has_ended) {
        ask_once(bench, samples, begun_us);
        uv_run(&bench->loop, UV_RUN_NOWAIT);
    }
    return bench->status == 0 ? took_us : -1;
}

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void print(const char *name, samples_t *samples) {
    qsort(samples->us, samples->count, sizeof *samples->us, compare);
    printf("%-28s %7u times asked: p50 %6.1f us, p99 %7.1f us, p99.9 %8.1f us, longest %8.1f us\n", name, samples->count,
           samples->us[samples->count / 2], samples->us[samples->count - 1 - samples->count / 100],
           samples->us[samples->count - 1 - samples->count / 1000], samples->us[samples->count - 1]);
}

static double resident_mb(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    RS_REQUIRE(file != NULL && fscanf(file, "%*u %lu", &pages) == 1);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

int main(int argc, char **argv) {
    const uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 400000;
    const unsigned snapshots = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 3;
    bench_t bench = {.number = 0};
    samples_t alone = {.us = calloc(MAX_SAMPLES, sizeof(double))}, during = {.us = calloc(MAX_SAMPLES, sizeof(double))};
    char command[300];
    if (events == 0 || snapshots == 0) return 2;
    const char *place = getenv("RS_BENCH_PLACE");
    snprintf(bench.folder, sizeof bench.folder, "%s/rs-pause-XXXXXX", place == NULL ? "/tmp" : place);
    RS_REQUIRE(alone.us != NULL && during.us != NULL && mkdtemp(bench.folder) != NULL);
    const ssize_t len = readlink("/proc/self/exe", bench.program, sizeof bench.program - 16);
    RS_REQUIRE(len > 0);
    snprintf(strrchr(bench.program, '/') + 1, 16, "ringsided");
    rs_config_t *config;
    RS_REQUIRE(rs_config_create_default(&config) == RS_OK && uv_loop_init(&bench.loop) == 0);
    workload_settings_t settings = workload_steady(50000, 50000);
    bench.workload = workload_create(&settings);
    const rs_engine_settings_t made = {.config = config, .start_us = settings.start_us, .run = 1, .hash_seed = 4711,
                                       .callbacks = {.context = &bench, .on_verdict = no_verdict, .on_alert = no_alert, .wake = nothing}};
    RS_REQUIRE(bench.workload != NULL && rs_engine_prepare(&made, &bench.engine) == RS_OK);
    open_journal(&bench);
    RS_REQUIRE(rs_engine_begin(bench.engine) == RS_OK && rs_engine_start(bench.engine) == RS_OK);
    fill(&bench, events);
    const double mb = resident_mb(), begun_us = now_us();
    while (now_us() - begun_us < QUIET_US) ask_once(&bench, &alone, begun_us);
    double longest_call_us = 0;
    bool failed = false;
    for (unsigned i = 0; i < snapshots; i++) {
        const double call_us = snapshot(&bench, &during);
        failed = failed || call_us < 0;
        if (call_us > longest_call_us) longest_call_us = call_us;
    }
    printf("a state after %" PRIu64 " events at 10,000 queues, %.0f MB resident\n", events, mb);
    print("nothing else", &alone);
    print("while a snapshot is written", &during);
    const bool kept = !failed && during.longest_at_start_us <= BAR_US;
    printf("the longest stop in the first %d ms of %u snapshots: %.2f ms; the call that starts the process: %.2f ms   bar <= 5 ms: %s%s\n",
           START_US / 1000, snapshots, during.longest_at_start_us / 1e3, longest_call_us / 1e3, kept ? "kept" : "missed",
           failed ? "; A SNAPSHOT FAILED" : "");
    rs_keeper_destroy(&bench.keeper);
    rs_engine_destroy(&bench.engine);
    rs_journal_destroy(&bench.journal);
    rs_disk_close_folder(&bench.disk);
    workload_destroy(&bench.workload);
    rs_config_destroy(&config);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    RS_REQUIRE(uv_loop_close(&bench.loop) == 0);
    free(alone.us);
    free(during.us);
    snprintf(command, sizeof command, "rm -rf '%s'", bench.folder);
    return system(command) == 0 && kept ? 0 : 1;
}
