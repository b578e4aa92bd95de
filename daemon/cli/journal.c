/* `ringside journal`: what is on disk, whether the daemon runs or not; nothing is changed. */
#include "cli/cli.h"
#include "cli/journal_print.h"
#include "event/event.h"
#include "journal/recover.h"
#include "journal/snapshot.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SNAPSHOTS = 16 };

typedef struct rs_journal_arguments {
    const char *action, *config, *folder;
    uint64_t from, to;
} rs_journal_arguments_t;

typedef struct rs_reading {
    rs_disk_t *disk;
    rs_recovery_t *recovery;
    uint64_t max_bytes;                /* of the configuration; 0: not known */
    const rs_journal_arguments_t *arguments;
    uint64_t first, last;              /* numbers that were read */
} rs_reading_t;

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_journal_arguments_t *arguments = state->input;
    char *end = NULL;
    switch (key) {
        case 'c': arguments->config = argument; return 0;
        case 'd': arguments->folder = argument; return 0;
        case 'f':
        case 't':
            *(key == 'f' ? &arguments->from : &arguments->to) = strtoull(argument, &end, 10);
            if (*argument < '0' || *argument > '9' || *end != '\0') argp_error(state, "\"%s\" is not a record's number", argument);
            return 0;
        case ARGP_KEY_ARG:
            if (arguments->action != NULL) argp_error(state, "unexpected argument \"%s\"", argument);
            arguments->action = argument;
            return 0;
        case ARGP_KEY_END:
            if (arguments->action == NULL) argp_error(state, "what to do is missing: verify, dump or stat");
            return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

/* --- reading -------------------------------------------------------------------------------------------------------------- */
static int note_record(void *context, const rs_journal_record_t *record) {
    rs_reading_t *reading = context;
    if (reading->first == 0) reading->first = record->number;
    reading->last = record->number;
    return RS_OK;
}

static int print_record(void *context, const rs_journal_record_t *record) {
    const rs_journal_arguments_t *arguments = ((rs_reading_t *)context)->arguments;
    if (record->number < arguments->from) return RS_OK;
    if (record->number > arguments->to || ferror(stdout)) return RS_ERR_CLOSED;
    rs_journal_print(record, stdout);
    return RS_OK;
}

static int recover(rs_reading_t *reading, uint64_t after, int (*on_record)(void *, const rs_journal_record_t *)) {
    rs_recovery_end(reading->recovery);
    return rs_journal_recover(reading->disk, after, on_record, reading, reading->recovery);
}

static int ignore_record(void *context, const rs_journal_record_t *record) {
    (void)context, (void)record;
    return RS_OK;
}

/* The number before the oldest record; reads little more than the headers. */
static int find_oldest(rs_reading_t *reading, uint64_t *before) {
    const int status = recover(reading, INT64_MAX, ignore_record);
    const rs_journal_resume_t *resume = &reading->recovery->resume;
    *before = status == RS_OK && resume->segment_count != 0 && resume->segments[0].first > 0 ? resume->segments[0].first - 1 : 0;
    return status;
}

static int fail_reading(const rs_reading_t *reading, int status) {
    if (status == RS_ERR_VERSION) return rs_cli_fail("%s: the journal is of a newer ringside", reading->arguments->folder);
    return rs_cli_fail("%s: %s", reading->arguments->folder, status == RS_ERR_IO ? strerror(reading->disk->error) : rs_status_text(status));
}

/* --- verify ---------------------------------------------------------------------------------------------------------------- */
static unsigned print_snapshots(rs_reading_t *reading, uint64_t *newest) {
    uint64_t numbers[SNAPSHOTS];
    uint32_t count;
    unsigned bad = 0;
    *newest = 0;
    if (rs_snapshot_list(reading->disk, numbers, SNAPSHOTS, &count) != RS_OK) return 0;
    for (uint32_t i = 0; i < count; i++) {
        rs_snapshot_t snapshot;
        const int status = rs_snapshot_check(reading->disk, numbers[i], &snapshot);
        if (status == RS_ERR_NOT_FOUND) continue;   /* went meanwhile */
        const char *said = status == RS_OK ? "whole" : status == RS_ERR_VERSION ? "of a newer ringside" : "damaged";
        printf("snapshot %" PRIu64 ": %s\n", numbers[i], said);
        bad += status != RS_OK;
        if (status == RS_OK && numbers[i] > *newest) *newest = numbers[i];
    }
    return bad;
}

static void print_ranges(const rs_recovery_t *recovery) {
    for (uint32_t i = 0; i < recovery->range_count; i++) {
        const rs_lost_range_t *range = &recovery->ranges[i];
        printf("lost %" PRIu64 "..%" PRIu64 " (%" PRIu64 " records)\n", range->first, range->last, range->last - range->first + 1);
    }
    if (recovery->more_ranges) printf("lost: more ranges than can be listed, %" PRIu64 " records in all\n", recovery->lost);
}

static int verify(rs_reading_t *reading) {
    uint64_t before, newest;
    int status = find_oldest(reading, &before);
    if (status == RS_OK) status = recover(reading, before, note_record);
    if (status != RS_OK) return fail_reading(reading, status);
    const rs_recovery_t *recovery = reading->recovery;
    printf("segments %u\nrecords %" PRIu64 " (%" PRIu64 "..%" PRIu64 ")\n", recovery->resume.segment_count,
           recovery->records, reading->first, reading->last);
    printf("torn %" PRIu64 " records, %" PRIu64 " bytes (a last write that was not finished)\n", recovery->torn_records,
           recovery->torn_bytes);
    print_ranges(recovery);
    if (recovery->damaged_headers != 0) printf("damaged headers %u (each is there twice)\n", recovery->damaged_headers);
    if (recovery->unreadable_blocks != 0) printf("unreadable blocks %u of 4096 bytes\n", recovery->unreadable_blocks);
    if (recovery->foreign != 0) printf("files of another journal %u\n", recovery->foreign);
    unsigned bad = print_snapshots(reading, &newest);
    /* A start needs the newest snapshot and everything after it. */
    if (newest < before) {
        printf("missing %" PRIu64 "..%" PRIu64 " (between the newest snapshot and the oldest record)\n", newest + 1, before);
        bad++;
    }
    if (reading->last < newest) {
        printf("missing: the records end at %" PRIu64 ", before the newest snapshot\n", reading->last);
        bad++;
    }
    const bool is_whole = bad == 0 && recovery->lost == 0 && recovery->damaged_headers == 0 && recovery->unreadable_blocks == 0 &&
                          recovery->foreign == 0;
    puts(is_whole ? "whole" : "damaged");
    return is_whole ? 0 : rs_cli_fail("%s: the journal is damaged", reading->arguments->folder);
}

/* --- dump ------------------------------------------------------------------------------------------------------------------ */
static int dump(rs_reading_t *reading) {
    uint64_t before;
    int status = find_oldest(reading, &before);
    if (status != RS_OK) return fail_reading(reading, status);
    if (reading->arguments->from > before + 1) before = reading->arguments->from - 1;
    status = recover(reading, before, print_record);
    if (fflush(stdout) != 0 || ferror(stdout)) return rs_cli_fail("cannot write to standard output");
    if (status != RS_OK && status != RS_ERR_CLOSED) return fail_reading(reading, status);
    if (reading->recovery->lost == 0) return 0;
    return rs_cli_fail("%s: %" PRIu64 " records are lost; `ringside journal verify` says which", reading->arguments->folder,
                       reading->recovery->lost);
}

/* --- stat ------------------------------------------------------------------------------------------------------------------ */
static void print_hours(const rs_reading_t *reading, const rs_journal_resume_t *resume, uint64_t segment_bytes) {
    char text[32];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t begun_us = resume->segments[0].begun_us;
    const double hours = (double)((int64_t)now.tv_sec * RS_US_PER_S - begun_us) / (double)RS_US_PER_HOUR;
    rs_event_format_time(begun_us, text);
    printf("since = %s\nhours = %.1f\n", text, hours);
    if (reading->max_bytes == 0) return;
    const uint64_t used = resume->segment_count * segment_bytes, free = rs_disk_free_bytes(reading->disk);
    uint64_t left = reading->max_bytes > used ? reading->max_bytes - used : 0;
    if (free < left) left = free;
    printf("bytes_left = %" PRIu64 "\n", left);
    /* As fast as the full ones were filled; how full the last one is, is not known, and of one alone nothing follows. */
    const uint32_t full = resume->segment_count - 1;
    const double filling = (double)(resume->segments[full].begun_us - begun_us) / (double)RS_US_PER_HOUR;
    if (full == 0 || filling <= 0) puts("hours_left = (not known yet)");
    else printf("hours_left = %.1f\n", (double)left * filling / ((double)full * (double)segment_bytes));
}

static uint64_t size_of_newest(const rs_reading_t *reading, const rs_journal_resume_t *resume) {
    char name[RS_DISK_NAME];
    uint64_t bytes = 0;
    int file;
    rs_segment_name(resume->segments[resume->segment_count - 1].segment, name);
    if (reading->disk->open(reading->disk, name, false, &file) != RS_OK) return 0;
    if (reading->disk->size(reading->disk, file, &bytes) != RS_OK) bytes = 0;
    reading->disk->close(reading->disk, file);
    return bytes;
}

static int stat_journal(rs_reading_t *reading) {
    uint64_t before, numbers[SNAPSHOTS];
    uint32_t snapshots = 0;
    int status = find_oldest(reading, &before);
    if (status == RS_OK) status = recover(reading, before, note_record);
    if (status == RS_OK) status = rs_snapshot_list(reading->disk, numbers, SNAPSHOTS, &snapshots);
    if (status != RS_OK) return fail_reading(reading, status);
    const rs_journal_resume_t *resume = &reading->recovery->resume;
    printf("journal = %016" PRIx64 "\nsegments = %u\n", resume->journal, resume->segment_count);
    printf("oldest = %" PRIu64 "\nnewest = %" PRIu64 "\nrecords = %" PRIu64 "\nlost = %" PRIu64 "\n", reading->first, reading->last,
           reading->recovery->records, reading->recovery->lost);
    if (snapshots == 0) puts("snapshot = (none)");
    for (uint32_t i = 0; i < snapshots; i++) printf("snapshot = %" PRIu64 "\n", numbers[i]);
    if (resume->segment_count == 0) return 0;
    const uint64_t segment_bytes = size_of_newest(reading, resume);
    printf("segment_bytes = %" PRIu64 "\n", segment_bytes);
    print_hours(reading, resume, segment_bytes);
    return 0;
}

/* --- the command --------------------------------------------------------------------------------------------------------- */
static int run_on(rs_reading_t *reading) {
    const char *why = NULL, *folder = reading->arguments->folder, *action = reading->arguments->action;
    if (rs_disk_open_folder(folder, RS_DISK_LOOK, true, &reading->disk, &why) != RS_OK) return rs_cli_fail("%s: %s", folder, why);
    reading->recovery = calloc(1, sizeof *reading->recovery);
    const int result = reading->recovery == NULL         ? rs_cli_fail("out of memory")
                       : strcmp(action, "verify") == 0 ? verify(reading)
                       : strcmp(action, "dump") == 0   ? dump(reading)
                                                         : stat_journal(reading);
    if (reading->recovery != NULL) rs_recovery_end(reading->recovery);
    free(reading->recovery);
    rs_disk_close_folder(&reading->disk);
    return result;
}

static int run_by_config(rs_journal_arguments_t *arguments) {
    rs_config_t *config;
    rs_config_error_t error;
    char text[1024];
    if (rs_config_load(arguments->config, NULL, 0, &config, &error) != RS_OK) {
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_fail("%s", text);
    }
    const rs_str_t named = config->journal.directory, state = config->state_directory;
    if (named.len != 0) snprintf(text, sizeof text, "%.*s", (int)named.len, named.data);
    else snprintf(text, sizeof text, "%.*s/journal", (int)state.len, state.data);
    arguments->folder = text;
    rs_reading_t reading = {.arguments = arguments, .max_bytes = config->journal.max_bytes};
    rs_config_destroy(&config);
    return run_on(&reading);
}

int rs_cli_journal(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0, "the daemon's configuration, which names the folder (/etc/ringside/ringside.conf)", 0},
        {"folder", 'd', "FOLDER", 0, "the folder itself", 0},
        {"from", 'f', "NUMBER", 0, "dump: the first record", 0},
        {"to", 't', "NUMBER", 0, "dump: the last record", 0},
        {0}};
    static const struct argp parser = {
        options, parse_option, "verify|dump|stat",
        "verify reads all of it and reports damage exactly; it fails when there is any. dump prints records as NDJSON, customers as "
        "pseudonyms. stat prints how much there is and how long it will do. Nothing is changed; the daemon may run: then what it is just "
        "writing may look like a last write that was not finished.", NULL, NULL, NULL};
    rs_journal_arguments_t arguments = {.config = "/etc/ringside/ringside.conf", .to = UINT64_MAX};
    argp_err_exit_status = 2;
    argv[0] = "ringside journal";
    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    const char *action = arguments.action;
    if (strcmp(action, "verify") != 0 && strcmp(action, "dump") != 0 && strcmp(action, "stat") != 0) {
        return rs_cli_usage("journal: \"%s\" is none of verify, dump, stat", action);
    }
    if (arguments.folder == NULL) return run_by_config(&arguments);
    rs_reading_t reading = {.arguments = &arguments};
    return run_on(&reading);
}
