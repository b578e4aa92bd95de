/* `ringside replay`: recorded events through the same core, as fast as it can. */
#include "cli/block_queue.h"
#include "cli/cli.h"
#include "cli/customers_print.h"
#include "cli/default_rules.h"
#include "cli/process_print.h"
#include "cli/reader.h"
#include "cli/replay_store.h"
#include "cli/replay_stream.h"
#include "cli/row_print.h"
#include "cli/sorter.h"
#include "core/core.h"
#include "event/json.h"
#include "feed/message.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FILES = 1024, MAX_SETS = 256, BLOCKS = 6 };

typedef struct rs_replay {
    /* what was asked for */
    const char *format, *interval, *timezone, *by, *attribution, *policy, *threshold, *short_text, *config_path, *output,
        *sort_memory, *baseline;
    const char *sets[MAX_SETS];
    size_t set_count;
    const char *files[MAX_FILES];
    size_t file_count;
    const char *database, *stream;
    bool alerts, process, customers, dot, store, replace, keeps_edges;
    uint64_t store_run;             /* microseconds since 1970: grows */
    /* what that means */
    rs_config_t *config, *defaults;
    rs_zone_t *zone;
    rs_core_t *core;                /* applies: the main thread's */
    /* the reading thread's until it has ended */
    rs_core_t *admission;           /* accounts, and tells duplicates; applies nothing */
    rs_sorter_t *sorter;            /* NULL: the files can be read again if they are not in order */
    rs_event_block_t *block;              /* being filled */
    int read_result;
    uint64_t told, already_told;    /* refusals said; those that an earlier reading has said already */
    uint8_t pseudonym_key[RS_PSEUDONYM_KEY_BYTES];
    /* both */
    rs_block_queue_t *queue;
    _Atomic bool given_up;          /* relaxed: the applier says that reading on is of no use; a little later does no harm */
    rs_row_printer_t printer;
    rs_interval_spec_t spec;
    rs_key_family_t family;
    unsigned attribution_bit;
    uint64_t sort_bytes;
    uint64_t read, refused, unknown, duplicate, limited, rows;
} rs_replay_t;

enum { OPTION_FORMAT = 256, OPTION_INTERVAL, OPTION_TIMEZONE, OPTION_BY, OPTION_ATTRIBUTION, OPTION_POLICY, OPTION_THRESHOLD,
       OPTION_SHORT, OPTION_CONFIG, OPTION_SET, OPTION_OUTPUT, OPTION_ALERTS, OPTION_BASELINE, OPTION_SORT_MEMORY, OPTION_PROCESS,
       OPTION_CUSTOMERS, OPTION_STORE, OPTION_DATABASE, OPTION_STREAM, OPTION_REPLACE };

static const struct argp_option options[] = {
    {"format", OPTION_FORMAT, "FORMAT", 0, "ndjson, asterisk-queue-log or protobuf (by file name)", 0},
    {"interval", OPTION_INTERVAL, "TIME", 0, "15m, 30m, 1h, 1d … or all (30m)", 0},
    {"timezone", OPTION_TIMEZONE, "ZONE", 0, "IANA name for cutting days and printing (UTC)", 0},
    {"by", OPTION_BY, "KEY", 0, "queue, agent, team, channel or total (queue)", 0},
    {"attribution", OPTION_ATTRIBUTION, "MODE", 0, "event, enter or close (event)", 0},
    {"policy", OPTION_POLICY, "NAMES", 0, "service-level policies, separated by commas (short_excluded)", 0},
    {"threshold", OPTION_THRESHOLD, "TIME", 0, "T of every policy and queue, like 20s", 0},
    {"short", OPTION_SHORT, "TIME", 0, "S of every policy and queue, like 5s", 0},
    {"config", OPTION_CONFIG, "FILE", 0, "a daemon's configuration", 0},
    {"set", OPTION_SET, "KEY=VALUE", 0, "one key of that file; may be repeated", 0},
    {"output", OPTION_OUTPUT, "FORM", 0, "table, csv or ndjson (table on a terminal, else ndjson); dot with --process", 0},
    {"alerts", OPTION_ALERTS, 0, 0, "print the transitions of the configured alert rules instead, or, where there are none, "
                                    "of those that ringside.conf comes with", 0},
    {"process", OPTION_PROCESS, 0, 0, "print the way through the process instead: edges between stages, bottleneck, rework, variants", 0},
    {"customers", OPTION_CUSTOMERS, 0, 0, "print contacts per customer, and who came most often, by pseudonym, instead", 0},
    {"store", OPTION_STORE, 0, 0, "write rows and the process map into PostgreSQL as a daemon would have (store.database) instead", 0},
    {"database", OPTION_DATABASE, "CONNINFO", 0, "with --store: a libpq connection string instead", 0},
    {"stream", OPTION_STREAM, "NAME", 0, "with --store: under which name; a daemon's own is main (replay)", 0},
    {"replace", OPTION_REPLACE, 0, 0, "with --store: what an earlier replay of that stream wrote there goes first", 0},
    {"sort-memory", OPTION_SORT_MEMORY, "BYTES", 0, "disorder is sorted in so much memory and spilled beyond (1GiB)", 0},
    {0}};

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_replay_t *replay = state->input;
    switch (key) {
        case OPTION_FORMAT: replay->format = argument; return 0;
        case OPTION_INTERVAL: replay->interval = argument; return 0;
        case OPTION_TIMEZONE: replay->timezone = argument; return 0;
        case OPTION_BY: replay->by = argument; return 0;
        case OPTION_ATTRIBUTION: replay->attribution = argument; return 0;
        case OPTION_POLICY: replay->policy = argument; return 0;
        case OPTION_THRESHOLD: replay->threshold = argument; return 0;
        case OPTION_SHORT: replay->short_text = argument; return 0;
        case OPTION_CONFIG: replay->config_path = argument; return 0;
        case OPTION_OUTPUT: replay->output = argument; return 0;
        case OPTION_ALERTS: replay->alerts = true; return 0;
        case OPTION_PROCESS: replay->process = true; return 0;
        case OPTION_CUSTOMERS: replay->customers = true; return 0;
        case OPTION_STORE: replay->store = true; return 0;
        case OPTION_DATABASE: replay->database = argument; return 0;
        case OPTION_STREAM: replay->stream = argument; return 0;
        case OPTION_REPLACE: replay->replace = true; return 0;
        case OPTION_SORT_MEMORY: replay->sort_memory = argument; return 0;
        case OPTION_SET:
            if (replay->set_count == MAX_SETS) argp_error(state, "more than %d --set", MAX_SETS);
            replay->sets[replay->set_count++] = argument;
            return 0;
        case ARGP_KEY_ARG:
            if (replay->file_count == MAX_FILES) argp_error(state, "more than %d files", MAX_FILES);
            replay->files[replay->file_count++] = argument;
            return 0;
        case ARGP_KEY_NO_ARGS: argp_error(state, "no file named; \"-\" is standard input"); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    options, parse_option, "FILE...", "Runs recorded events through the core and prints aggregates."
    "\vA line that is refused is reported on standard error with file, line and reason; the rest counts.\n"
    "--customers tells of each tenant the inbound contacts and customers that are remembered at the end of the files "
    "(fcr.repeat_window, and a little more) and the customers with the most contacts. "
    "Pseudonyms are made with the key that service.pseudonym_key names, so that they "
    "are the daemon's; without one they are good for one run only.", NULL, NULL, NULL};

/* --- from words to settings ----------------------------------------------------------------------------------------- */
static int parse_interval(rs_replay_t *replay) {
    const rs_str_t text = rs_str(replay->interval);
    if (strcmp(replay->interval, "all") == 0) {
        replay->spec.mode = RS_INTERVAL_ALL;
        return 0;
    }
    int64_t length_us;
    if (rs_config_parse_duration(text, &length_us) != RS_OK) {
        return rs_cli_usage("--interval: \"%s\" is not a time; allowed: 1m to 12h that divides a day, 1d, all", replay->interval);
    }
    if (length_us == RS_US_PER_DAY) {
        replay->spec.mode = RS_INTERVAL_DAY;
        replay->spec.zone = replay->zone;
        return 0;
    }
    if (length_us < RS_US_PER_MIN || length_us > RS_US_PER_DAY || RS_US_PER_DAY % length_us != 0) {
        return rs_cli_usage("--interval: \"%s\" does not divide a day; allowed: 1m to 12h that divides a day, 1d, all", replay->interval);
    }
    replay->spec.mode = RS_INTERVAL_FIXED;
    replay->spec.length_us = length_us;
    return 0;
}

static int parse_names(rs_replay_t *replay) {
    static const char *const families[RS_FAMILY_COUNT] = {"queue", "channel", "total", "agent", "team"};
    replay->family = RS_FAMILY_COUNT;
    for (unsigned i = 0; i < RS_FAMILY_COUNT; i++) {
        if (strcmp(replay->by, families[i]) == 0) replay->family = i;
    }
    if (replay->family == RS_FAMILY_COUNT) {
        return rs_cli_usage("--by: unknown \"%s\"; allowed: queue, agent, team, channel, total", replay->by);
    }
    if (strcmp(replay->attribution, "event") == 0) replay->attribution_bit = 1u << RS_ATTRIBUTION_EVENT;
    else if (strcmp(replay->attribution, "enter") == 0) replay->attribution_bit = 1u << RS_ATTRIBUTION_ENTER;
    else if (strcmp(replay->attribution, "close") == 0) replay->attribution_bit = 1u << RS_ATTRIBUTION_CLOSE;
    else return rs_cli_usage("--attribution: unknown \"%s\"; allowed: event, enter, close", replay->attribution);
    if (replay->output == NULL) replay->printer.output = isatty(STDOUT_FILENO) ? RS_OUTPUT_TABLE : RS_OUTPUT_NDJSON;
    else if (strcmp(replay->output, "table") == 0) replay->printer.output = RS_OUTPUT_TABLE;
    else if (strcmp(replay->output, "ndjson") == 0) replay->printer.output = RS_OUTPUT_NDJSON;
    else if (replay->customers) return rs_cli_usage("--output: unknown \"%s\"; allowed with --customers: table, ndjson", replay->output);
    else if (replay->process && strcmp(replay->output, "dot") == 0) replay->dot = true;
    else if (replay->process) return rs_cli_usage("--output: unknown \"%s\"; allowed with --process: table, ndjson, dot", replay->output);
    else if (strcmp(replay->output, "csv") == 0) replay->printer.output = RS_OUTPUT_CSV;
    else return rs_cli_usage("--output: unknown \"%s\"; allowed: table, csv, ndjson", replay->output);
    return 0;
}

static int parse_bytes(const char *text, uint64_t *bytes) {
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    static const struct { const char *suffix; unsigned shift; } units[] = {
        {"", 0}, {"B", 0}, {"KiB", 10}, {"K", 10}, {"MiB", 20}, {"M", 20}, {"GiB", 30}, {"G", 30}, {"TiB", 40}, {"T", 40}};
    for (size_t i = 0; i < RS_ARRAY_LEN(units); i++) {
        if (end == text || text[0] == '-' || errno != 0 || strcmp(end, units[i].suffix) != 0) continue;
        if (number > UINT64_MAX >> (units[i].shift + 1)) break;
        *bytes = (uint64_t)number << units[i].shift;
        return *bytes >= 1 << 20 ? 0 : rs_cli_usage("--sort-memory: \"%s\" is too little; allowed: 1MiB and more", text);
    }
    return rs_cli_usage("--sort-memory: \"%s\" is not a size; allowed: a number with KiB, MiB or GiB", text);
}

static int parse_override(const char *option, const char *text, int64_t *us) {
    if (text == NULL || rs_config_parse_duration(rs_str(text), us) == RS_OK) return 0;
    return rs_cli_usage("%s: \"%s\" is not a time; allowed: such as 20s, 500ms, 0", option, text);
}

static int load_config(rs_replay_t *replay) {
    char policies[1024] = "service_level.policies=";
    const char *sets[MAX_SETS + 1];
    size_t count = 0;
    for (; count < replay->set_count; count++) sets[count] = replay->sets[count];
    if (replay->policy != NULL) {
        if (strlen(replay->policy) + 32 > sizeof policies) return rs_cli_usage("--policy: too long");
        snprintf(policies + strlen(policies), sizeof policies - strlen(policies), "[%s]", replay->policy);
        sets[count++] = policies;
    }
    rs_config_error_t error;
    const int status = rs_config_load(replay->config_path, sets, count, &replay->config, &error);
    if (status != RS_OK) {
        char text[1024];
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_usage("%s", status == RS_ERR_MEMORY ? rs_status_text(status) : text);
    }
    int result = parse_override("--threshold", replay->threshold, &replay->config->override_threshold_us);
    if (result == 0) result = parse_override("--short", replay->short_text, &replay->config->override_short_us);
    return result;
}

static int find_rules(rs_replay_t *replay) {
    char why[1024];
    const int status = rs_default_rules(replay->config, &replay->defaults, why);
    if (status != RS_OK) return rs_cli_fail("the built-in rules: %s", status == RS_ERR_MEMORY ? rs_status_text(status) : why);
    return 0;
}

static int load_zone(rs_replay_t *replay) {
    const int status = rs_zone_load(replay->timezone, &replay->zone);
    if (status == RS_OK) return 0;
    return rs_cli_usage("--timezone: \"%s\": %s; allowed: an IANA name such as Europe/London", replay->timezone,
                        status == RS_ERR_NOT_FOUND ? "no such zone" : rs_status_text(status));
}

/* --- effects -------------------------------------------------------------------------------------------------------- */
static void print_alert(void *context, const rs_alert_transition_t *transition) {
    rs_replay_t *replay = context;
    char line[8192], explanation[RS_MESSAGE_TEXT];
    rs_json_t json;
    const rs_key_t *key = &transition->dimensions;
    rs_json_init(&json, line, sizeof line);
    rs_json_begin(&json, NULL);
    rs_json_time(&json, "at", transition->at_us);
    rs_json_string(&json, "rule", transition->rule_name);
    rs_json_begin(&json, "key");
    rs_json_string(&json, "tenant", key->tenant);
    rs_json_string_or_null(&json, "queue", key->family == RS_FAMILY_QUEUE ? key->name : (rs_str_t){0});
    rs_json_string_or_null(&json, "channel", rs_str(rs_channel_name(key->channel)));
    rs_json_end(&json);
    rs_json_string(&json, "severity", rs_str(rs_alert_severity_name(transition->severity)));
    rs_json_string(&json, "from", rs_str(rs_alert_state_name(transition->from)));
    rs_json_string(&json, "to", rs_str(rs_alert_state_name(transition->to)));
    if (transition->figure.is_null) rs_json_null(&json, "figure");
    else rs_json_number(&json, "figure", transition->figure.value);
    rs_json_integer(&json, "numerator", transition->figure.numerator);
    rs_json_integer(&json, "denominator", transition->figure.denominator);
    rs_json_number(&json, "limit", transition->limit);
    rs_json_string(&json, "detector", rs_str(rs_config_detector_name(transition->detector)));
    if (transition->detector == RS_DETECTOR_THRESHOLD) rs_json_null(&json, "baseline");
    else rs_json_number(&json, "baseline", transition->baseline);
    rs_message_summary(transition, explanation);
    rs_json_string(&json, "explanation", rs_str(explanation));
    rs_explanation_write(&json, "because", &transition->explanation, transition->part_names);
    rs_json_string_or_null(&json, "runbook", transition->runbook);
    rs_json_end(&json);
    RS_REQUIRE(!json.overflow);
    fwrite(line, 1, json.len, stdout);
    putchar('\n');
    replay->rows++;
}

static void print_row(void *context, const rs_row_t *row) {
    rs_replay_t *replay = context;
    rs_row_print(&replay->printer, row);
    replay->rows++;
}

/* --- the run -------------------------------------------------------------------------------------------------------- */
static void report_refused(rs_replay_t *replay, const char *file, uint64_t line, const rs_refused_t *refused) {
    replay->refused++;
    if (refused->reason == RS_REFUSAL_UNKNOWN_TYPE) replay->unknown++;
    rs_core_apply_refusal(replay->admission, rs_str(refused->source), refused->reason);
    if (replay->told++ < replay->already_told) return;
    fprintf(stderr, "%s:%" PRIu64 ": refused: %s%s%s\n", file, line, rs_refusal_name(refused->reason),
            refused->field[0] != 0 ? ": " : "", refused->field);
}

static int fail_to_sort(int status) {
    return rs_cli_fail("cannot sort the events: %s", status == RS_ERR_IO ? strerror(errno) : rs_status_text(status));
}

static void hand_block_over(rs_replay_t *replay) {
    rs_block_queue_put(replay->queue, replay->block);
    replay->block = rs_block_queue_empty(replay->queue);
}

/* On to the thread that applies, and to the sorter, which then has all of it in the end. */
static int keep(rs_replay_t *replay, const rs_event_t *event) {
    if (!rs_block_has_room(replay->block)) hand_block_over(replay);
    rs_event_block_t *block = replay->block;
    unsigned char *record = block->bytes + block->used;
    const size_t len = rs_record_write_event(event, event->occurred_us, (rs_origin_t){0}, record);
    const int status = replay->sorter == NULL ? RS_OK : rs_sorter_add(replay->sorter, event, record, len);
    if (status != RS_OK) return fail_to_sort(status);
    block->items[block->count++] = (rs_block_item_t){.occurred_us = event->occurred_us, .at = block->used, .len = (uint32_t)len};
    block->used += (uint32_t)len;
    return 0;
}

static int take(rs_replay_t *replay, const rs_event_t *event, const char *file, uint64_t line) {
    uint32_t session;
    const rs_refusal_t refusal = rs_core_admit(replay->admission, event, event->occurred_us, &session);
    if (refusal == RS_REFUSAL_DUPLICATE) {
        replay->duplicate++;
        return 0;
    }
    if (refusal != RS_REFUSAL_NONE) {
        replay->limited++;
        if (replay->told++ < replay->already_told) return 0;
        fprintf(stderr, "%s:%" PRIu64 ": refused: %s\n", file, line, rs_refusal_name(refusal));
        return 0;
    }
    if (event->type == RS_SOURCE_GAP) rs_core_apply_admitted(replay->admission, event, session);   /* which numbers are missing */
    return keep(replay, event);
}

/* The customer's own text goes no further than here (disorder may be spilled to disk). By whichever key: no figure
 * depends on it. `bytes` must stay as long as the event is looked at. */
static void disguise_customer(rs_replay_t *replay, rs_event_t *event, uint8_t bytes[RS_PSEUDONYM_BYTES]) {
    if (event->customer.len == 0 || (event->present & RS_HAS_PSEUDONYM) != 0) return;
    rs_pseudonym(replay->pseudonym_key, event->tenant, event->customer, bytes);
    event->customer = (rs_str_t){.data = (const char *)bytes, .len = RS_PSEUDONYM_BYTES};
    event->present |= RS_HAS_PSEUDONYM;
}

static int read_file(rs_replay_t *replay, const char *file) {
    rs_reader_t *reader;
    int status = rs_reader_open(file, replay->format, replay->config, &reader);
    if (status == RS_ERR_NOT_FOUND) {
        return rs_cli_usage("--format: unknown \"%s\"; allowed: %s", replay->format, rs_reader_format_names());
    }
    if (status != RS_OK) return rs_cli_fail("%s: %s", file, status == RS_ERR_IO ? strerror(errno) : rs_status_text(status));
    rs_event_t event;
    rs_refused_t refused;
    uint8_t pseudonym[RS_PSEUDONYM_BYTES];
    uint64_t line = 0;
    int result = 0;
    while (result == 0 && !atomic_load_explicit(&replay->given_up, memory_order_relaxed) &&
           (status = rs_reader_next(reader, &event, &refused, &line)) != 0) {
        if (status == RS_ERR_IO) {
            result = rs_cli_fail("%s:%" PRIu64 ": %s", file, line, rs_reader_error(reader));
        } else {
            replay->read++;
            if (status == 1) {
                disguise_customer(replay, &event, pseudonym);
                result = take(replay, &event, file, line);
            } else {
                report_refused(replay, file, line, &refused);
            }
        }
    }
    rs_reader_close(&reader);
    return result;
}

/* The reading thread. */
static void *read_all(void *context) {
    rs_replay_t *replay = context;
    replay->block = rs_block_queue_empty(replay->queue);
    for (size_t i = 0; i < replay->file_count && replay->read_result == 0; i++) {
        replay->read_result = read_file(replay, replay->files[i]);
    }
    rs_block_queue_put(replay->queue, replay->block);
    rs_block_queue_end(replay->queue);
    return NULL;
}

static int create_core(rs_replay_t *replay, bool applies, rs_core_t **core);

/* Applies while the other thread reads. False: the events are not in order; none of it counts. */
static bool apply_stream(rs_replay_t *replay, rs_stream_t *stream) {
    bool in_order = stream != NULL;
    rs_event_block_t *block;
    while ((block = rs_block_queue_take(replay->queue)) != NULL) {
        in_order = in_order && rs_stream_block(stream, block);
        rs_block_queue_give_back(replay->queue, block);
        /* Without a sorter all will be read again. */
        if (!in_order && replay->sorter == NULL) atomic_store_explicit(&replay->given_up, true, memory_order_relaxed);
    }
    if (in_order) rs_stream_finish(stream);
    return in_order;
}

static int start_reader(rs_replay_t *replay, pthread_t *reader) {
    atomic_store_explicit(&replay->given_up, false, memory_order_relaxed);
    if (rs_block_queue_create(BLOCKS, &replay->queue) != RS_OK) return rs_cli_fail("out of memory");
    const int failed = pthread_create(reader, NULL, read_all, replay);
    return failed == 0 ? 0 : rs_cli_fail("cannot start a thread: %s", strerror(failed));
}

/* Reads everything; with a stream it is applied as it comes. *in_order: nothing is left to do. */
static int read_files(rs_replay_t *replay, rs_stream_t *stream, bool *in_order) {
    pthread_t reader;
    const int result = start_reader(replay, &reader);
    if (result != 0) return result;
    *in_order = apply_stream(replay, stream);
    pthread_join(reader, NULL);
    rs_block_queue_destroy(&replay->queue);
    return replay->read_result;
}

static int create_sorter(rs_replay_t *replay) {
    return rs_sorter_create(replay->sort_bytes, rs_event_compare, &replay->sorter) == RS_OK ? 0 : rs_cli_fail("out of memory");
}

/* From the beginning, with what an earlier try has done forgotten, but not what it said. */
static int begin_again(rs_replay_t *replay) {
    rs_core_destroy(&replay->core);
    if (replay->sorter != NULL) return create_core(replay, true, &replay->core);
    rs_core_destroy(&replay->admission);
    replay->already_told = replay->told;
    replay->read = replay->refused = replay->unknown = replay->duplicate = replay->limited = replay->told = 0;
    int result = create_core(replay, true, &replay->core);
    if (result == 0) result = create_core(replay, false, &replay->admission);
    if (result == 0) result = create_sorter(replay);
    bool in_order;
    return result != 0 ? result : read_files(replay, NULL, &in_order);
}

static int apply_sorted(rs_replay_t *replay) {
    rs_event_t event;
    int status = rs_sorter_finish(replay->sorter);
    if (status != RS_OK) return fail_to_sort(status);
    while ((status = rs_sorter_next(replay->sorter, &event)) == 1) rs_core_apply_in_order(replay->core, &event);
    return status == 0 ? 0 : rs_cli_fail("cannot read the sorted events back: %s", strerror(errno));
}

static bool can_be_read_again(const char *file) {
    struct stat about;
    return strcmp(file, "-") != 0 && stat(file, &about) == 0 && S_ISREG(about.st_mode);
}

/* Alerts are told as they come and cannot be taken back: for them all is sorted before the first event is applied. */
static int read_and_apply(rs_replay_t *replay) {
    rs_stream_t *stream = NULL;
    bool keeps = replay->alerts, in_order = false;
    for (size_t i = 0; i < replay->file_count; i++) keeps = keeps || !can_be_read_again(replay->files[i]);
    int result = keeps ? create_sorter(replay) : 0;
    if (result == 0 && !replay->alerts && rs_stream_create(replay->core, &stream) != RS_OK) result = rs_cli_fail("out of memory");
    if (result == 0) result = read_files(replay, stream, &in_order);
    rs_stream_destroy(&stream);
    if (result == 0 && !in_order && !replay->alerts) result = begin_again(replay);
    if (result == 0 && !in_order) result = apply_sorted(replay);
    if (result == 0) rs_core_finish(replay->core);
    return result;
}

static void print_summary(const rs_replay_t *replay) {
    rs_accounting_t sum = {0};
    for (uint32_t i = 0; i < rs_core_source_count(replay->admission); i++) {
        rs_accounting_t one;
        rs_core_accounting(replay->admission, i, &one);
        sum.received += one.received;
        sum.applied += one.applied;
        sum.duplicate += one.duplicate;
        sum.invalid += one.invalid;
        sum.unknown += one.unknown;
        sum.limit += one.limit;
        sum.gaps += one.gaps;
        sum.missing += one.missing;
    }
    fprintf(stderr, "ringside replay: received %" PRIu64 " = applied %" PRIu64 " + duplicate %" PRIu64 " + invalid %" PRIu64
            " + unknown %" PRIu64 " + limit %" PRIu64 "; gaps %" PRIu64 " (%" PRIu64 " missing); %s %" PRIu64 "\n", sum.received,
            sum.applied, sum.duplicate, sum.invalid, sum.unknown, sum.limit, sum.gaps, sum.missing,
            replay->alerts ? "transitions" : replay->process ? "edges" : replay->customers ? "tenants" : "rows", replay->rows);
    const rs_core_losses_t losses = rs_core_losses(replay->core);
    if (losses.customers != 0) {
        fprintf(stderr, "ringside replay: limits reached: %" PRIu64 " journeys were forgotten before fcr.repeat_window had ended; see "
                "limits.customers of the configuration\n", losses.customers);
    }
    if (losses.contacts + losses.cells + losses.panes + losses.overflowed_keys + losses.edges != 0) {
        fprintf(stderr, "ringside replay: limits reached: contacts or events %" PRIu64 ", rows %" PRIu64 ", panes %" PRIu64
                ", keys in " RS_OVERFLOW_NAME " %" PRIu64 ", edges %" PRIu64 "; see limits.* of the configuration\n",
                losses.contacts, losses.cells, losses.panes, losses.overflowed_keys, losses.edges);
    }
}

/* A replay holds everything at once: its bounds are wide, and memory is only taken where it is used. */
static void widen_limits(rs_config_t *config) {
    rs_limits_t *limits = &config->limits;
    if (limits->contacts < 8u << 20) limits->contacts = 8u << 20;
    if (limits->customers < 8u << 20) limits->customers = 8u << 20;
    if (limits->cases < 1u << 20) limits->cases = 1u << 20;
    if (limits->rows < 4u << 20) limits->rows = 4u << 20;
    if (limits->edges < 4u << 20) limits->edges = 4u << 20;
    if (limits->facts != 0 && limits->facts < 8u << 20) limits->facts = 8u << 20;
    if (limits->variants < 1u << 20) limits->variants = 1u << 20;
    if (limits->remembered_ids < 64u << 20) limits->remembered_ids = 64u << 20;
}

static int create_core(rs_replay_t *replay, bool applies, rs_core_t **core) {
    const bool alerts = applies && replay->alerts, process = applies && replay->process, store = applies && replay->store;
    const rs_config_t *config = replay->config;
    rs_core_options_t core_options = {
        .config = replay->config, .replay = true, .windows = alerts, .alerts = alerts, .process = process,
        .families = applies && !alerts && !process ? 1u << (replay->customers ? RS_FAMILY_TOTAL : replay->family) : 0,
        .attributions = replay->attribution_bit,
        .interval = replay->spec, .start_us = 0, .run = 0, .hash_seed = UINT64_C(0x72696e6773696465),
        .effects = {.context = replay, .on_alert = print_alert}};
    if (store) {   /* all that a daemon keeps */
        core_options.families = (1u << RS_FAMILY_COUNT) - 1;
        core_options.process = replay->keeps_edges;
        core_options.facts = true;
        core_options.attributions = (config->attribution_event ? 1u << RS_ATTRIBUTION_EVENT : 0u) |
                                    (config->attribution_enter ? 1u << RS_ATTRIBUTION_ENTER : 0u) |
                                    (config->attribution_close ? 1u << RS_ATTRIBUTION_CLOSE : 0u);
        core_options.interval = (rs_interval_spec_t){.mode = RS_INTERVAL_FIXED, .length_us = config->interval_us};
        core_options.run = replay->store_run;
    }
    const int status = rs_core_create(&core_options, core);
    return status == RS_OK ? 0 : rs_cli_fail("cannot start: %s", rs_status_text(status));
}

/* Who is shown customers may want to find them again: by the daemon's key, when the configuration names it. */
static int make_pseudonym_key(rs_replay_t *replay) {
    const rs_str_t named = replay->config->pseudonym_key_file;
    if (!(replay->customers || replay->store) || named.len == 0) {
        randombytes_buf(replay->pseudonym_key, sizeof replay->pseudonym_key);
        return 0;
    }
    char path[1024];
    snprintf(path, sizeof path, "%.*s", (int)named.len, named.data);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return rs_cli_fail("service.pseudonym_key: %s: %s", path, strerror(errno));
    /* One key behind the other; the last one is in force. */
    uint8_t bytes[64 * sizeof replay->pseudonym_key + 1];
    const size_t len = fread(bytes, 1, sizeof bytes, file), each = sizeof replay->pseudonym_key;
    fclose(file);
    const bool is_right = len > 0 && len < sizeof bytes && len % each == 0;
    if (is_right) memcpy(replay->pseudonym_key, bytes + len - each, each);
    sodium_memzero(bytes, sizeof bytes);
    return is_right ? 0 : rs_cli_fail("service.pseudonym_key: %s must be of keys of exactly 32 bytes", path);
}

static int create_parts(rs_replay_t *replay) {
    if (!replay->config->missing_end_named) replay->config->missing_end_us = 0;   /* in replay only when configured */
    replay->keeps_edges = replay->config->limits.edges > 0;
    widen_limits(replay->config);
    int result = make_pseudonym_key(replay);
    if (result == 0) result = create_core(replay, true, &replay->core);
    if (result == 0) result = create_core(replay, false, &replay->admission);
    return result;
}

/* What would change what a name of the database means, or would have no effect there, is refused. */
static int check_store(rs_replay_t *replay) {
    struct timespec now;
    if (!replay->store) {
        const bool is_alone = replay->database == NULL && replay->stream == NULL && !replay->replace;
        return is_alone ? 0 : rs_cli_usage("--database, --stream and --replace: only with --store");
    }
    if (replay->policy != NULL || replay->threshold != NULL || replay->short_text != NULL) {
        return rs_cli_usage("--store: --policy, --threshold and --short would store other figures under a policy's name; "
                            "name them in the configuration");
    }
    if (replay->stream == NULL) replay->stream = "replay";
    if (replay->stream[0] == 0 || strlen(replay->stream) > RS_MAX_NAME) {
        return rs_cli_usage("--stream: a name of 1 to %d bytes", RS_MAX_NAME);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    replay->store_run = (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
    return 0;
}

static int store_rows(rs_replay_t *replay) {
    const rs_str_t named = replay->config->database;
    char *database = replay->database != NULL ? strdup(replay->database) : strndup(named.len == 0 ? "" : named.data, named.len);
    if (database == NULL) return rs_cli_fail("out of memory");
    const rs_replay_store_t store = {.database = database, .stream = replay->stream, .replace = replay->replace,
                                     .progress = isatty(STDERR_FILENO) != 0, .run = replay->store_run};
    const int result = rs_replay_store(replay->core, replay->admission, &store, &replay->rows);
    free(database);
    return result;
}

static int run(rs_replay_t *replay) {
    if (replay->alerts + replay->process + replay->customers + replay->store > 1) {
        return rs_cli_usage("--alerts, --process, --customers and --store: one of them");
    }
    if (check_store(replay) != 0) return 2;
    int result = parse_names(replay);
    if (result == 0) result = parse_bytes(replay->sort_memory, &replay->sort_bytes);
    if (result == 0) result = load_zone(replay);
    if (result == 0) result = parse_interval(replay);
    if (result == 0) result = load_config(replay);
    if (result == 0 && replay->store && replay->database == NULL && replay->config->database.len == 0) {
        result = rs_cli_usage("--store: where? --database CONNINFO, or store.database in the configuration");
    }
    if (result == 0 && replay->alerts) result = find_rules(replay);
    if (result == 0) result = create_parts(replay);
    if (result == 0) result = read_and_apply(replay);
    if (result == 0 && replay->store) result = store_rows(replay);
    if (result != 0) return result;
    if (replay->store) {
        print_summary(replay);
        return 0;
    }
    replay->printer.out = stdout;
    replay->printer.by = replay->family;
    replay->printer.zone = replay->zone;
    replay->printer.offset = true;
    if (replay->process) result = rs_process_print(replay->core, &replay->printer, replay->dot, &replay->rows);
    else if (replay->customers) result = rs_customers_print(replay->core, stdout, replay->printer.output, &replay->rows);
    else if (!replay->alerts) rs_core_rows(replay->core, print_row, replay);
    if (result != RS_OK) return rs_cli_fail("cannot print: %s", rs_status_text(result));
    print_summary(replay);
    if (fflush(stdout) != 0) return rs_cli_fail("cannot write the result: %s", strerror(errno));
    return 0;
}

int rs_cli_replay(int argc, char **argv) {
    static rs_replay_t replay = {.interval = "30m", .timezone = "UTC", .by = "queue", .attribution = "event",
                                 .sort_memory = "1GiB"};
    argp_err_exit_status = 2;
    argv[0] = "ringside replay";
    argp_parse(&parser, argc, argv, 0, NULL, &replay);
    const int result = run(&replay);
    rs_block_queue_destroy(&replay.queue);
    rs_sorter_destroy(&replay.sorter);
    rs_core_destroy(&replay.admission);
    rs_core_destroy(&replay.core);
    rs_config_destroy(&replay.config);
    rs_config_destroy(&replay.defaults);
    rs_zone_destroy(&replay.zone);
    return result;
}
