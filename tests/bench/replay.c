/* How fast `ringside replay` turns a recorded day of NDJSON into half-hour rows with percentiles, as a whole process.
 *
 * Load: 163,000 contacts of one day at 200 queues and 2,000 agents, about 1.2 million events, written to a temporary file.
 * Yardsticks of the same run, on the same bytes: reading the file, and simdjson alone reading every field (on one core; DuckDB on two
 * cores does this report at 0.41 of it, research figure; the goal is 1.5 times DuckDB).
 * Usage: bench_replay [the `ringside` program, build/release/ringside] [runs, 5] */
#include "decode_yardstick.h"
#include "event/event.h"
#include "workload.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RUNS = 25, YARDSTICK_PIECE = 1 << 20 };

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

static uint64_t write_day(FILE *file) {
    static char line[RS_EVENT_MAX_ENCODED + 1];
    const workload_settings_t settings = workload_one_day();
    workload_t *workload = workload_create(&settings);
    rs_event_t event;
    uint32_t contact, queue;
    uint64_t events = 0;
    while (workload_next(workload, &event, &contact, &queue)) {
        if ((event.present & RS_HAS_PSEUDONYM) != 0) {
            event.customer = (rs_str_t){0};
            event.present &= ~(uint32_t)RS_HAS_PSEUDONYM;
        }
        const int64_t len = rs_event_encode(&event, RS_ENCODING_JSON, line, sizeof line - 1);
        RS_REQUIRE(len > 0);
        line[len] = '\n';
        RS_REQUIRE(fwrite(line, 1, (size_t)len + 1, file) == (size_t)len + 1);
        events++;
    }
    workload_destroy(&workload);
    RS_REQUIRE(fflush(file) == 0);
    return events;
}

static double read_time(const char *path, char *bytes, size_t size) {
    const double began = now_s();
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    size_t at = 0;
    ssize_t got;
    while (at < size && (got = read(file, bytes + at, size - at)) > 0) at += (size_t)got;
    close(file);
    RS_REQUIRE(at == size);
    return now_s() - began;
}

static double simdjson_time(void *sink, const char *bytes, size_t size, uint64_t events) {
    uint64_t checksum = 0, documents = 0;
    const double began = now_s();
    for (size_t at = 0; at < size;) {
        size_t end = at + YARDSTICK_PIECE < size ? at + YARDSTICK_PIECE : size;
        while (bytes[end - 1] != '\n') end--;
        const long seen = rs_yardstick_simdjson(sink, bytes + at, end - at, &checksum);
        RS_REQUIRE(seen > 0);
        documents += (uint64_t)seen;
        at = end;
    }
    const double took = now_s() - began;
    RS_REQUIRE(documents == events && checksum != 0);
    return took;
}

static double replay_time(const char *program, const char *path, double *cpu_s, long *peak_kb) {
    const double began = now_s();
    const pid_t child = fork();
    RS_REQUIRE(child >= 0);
    if (child == 0) {
        const int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execl(program, program, "replay", "--format", "ndjson", "--interval", "30m", "--output", "ndjson", path, (char *)NULL);
        _exit(127);
    }
    int status;
    struct rusage used;
    RS_REQUIRE(wait4(child, &status, 0, &used) == child);
    RS_REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    *cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    *peak_kb = used.ru_maxrss;
    return now_s() - began;
}

int main(int argc, char **argv) {
    const char *program = argc > 1 ? argv[1] : "build/release/ringside";
    const int wanted = argc > 2 ? atoi(argv[2]) : 5, runs = wanted < 1 ? 1 : wanted > MAX_RUNS ? MAX_RUNS : wanted;
    char path[] = "/tmp/bench_replay.XXXXXX";
    const int file = mkstemp(path);
    RS_REQUIRE(file >= 0);
    FILE *out = fdopen(file, "w");
    const uint64_t events = write_day(out);
    const size_t size = (size_t)ftell(out);
    fclose(out);
    char *bytes = malloc(size);
    void *sink = rs_yardstick_simdjson_create(YARDSTICK_PIECE);
    RS_REQUIRE(bytes != NULL && sink != NULL);
    double reads[MAX_RUNS], parses[MAX_RUNS], replays[MAX_RUNS], cpu_s = 0;
    long peak_kb = 0;
    for (int i = 0; i < runs; i++) {
        reads[i] = read_time(path, bytes, size);
        parses[i] = simdjson_time(sink, bytes, size, events);
        replays[i] = replay_time(program, path, &cpu_s, &peak_kb);
    }
    const double million = (double)events / 1e6, parse = median(parses, runs), replay = median(replays, runs);
    printf("%llu events, %.0f bytes each; medians of %d runs\n", (unsigned long long)events, (double)size / (double)events, runs);
    printf("reading the file          %6.2f M events/s\n", million / median(reads, runs));
    printf("simdjson alone            %6.2f M events/s\n", million / parse);
    printf("ringside replay           %6.2f M events/s  (%.2f s, CPU %.2f s, %ld MiB)\n", million / replay, replay, cpu_s, peak_kb / 1024);
    printf("ratio to simdjson alone   %6.2f  (goal 0.62: 1.5 times DuckDB on two cores)\n", parse / replay);
    rs_yardstick_simdjson_destroy(sink);
    free(bytes);
    unlink(path);
    return 0;
}
