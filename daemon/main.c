/* ringsided: wires the rooms together on one libuv loop. The only file that sees every room. */
#include "base/log.h"
#include "config/diff.h"
#include "connect/asterisk_follow.h"
#include "engine/engine.h"
#include "feed/feed.h"
#include "feed/receivers.h"
#include "ingest/ingest.h"
#include "store/store.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { TICK_MS = 100, STOP_STORE_US = 4 * 1000 * 1000, MAX_CONFIGS = 64 };

typedef enum rs_phase { PHASE_STARTING = 0, PHASE_RUNNING, PHASE_SETTLING, PHASE_FLUSHING, PHASE_CLOSING } rs_phase_t;

typedef struct rs_service {
    const char *config_path;
    rs_config_t *configs[MAX_CONFIGS];     /* every one that was ever in force: rows of before a reload still need theirs */
    uint32_t config_count;
    rs_phase_t phase;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t tick;
    uv_signal_t signals[3];
    bool handles_open;
    void *zmq;
    int lock_file;
    uint8_t key[RS_PSEUDONYM_KEY_BYTES];
    rs_engine_t *engine;
    rs_ingest_t *ingest;
    rs_feed_t *feed;
    rs_receivers_t *receivers;
    rs_store_t *store;
    rs_asterisk_follower_t *asterisk;
    rs_row_batch_t *batch;
    bool batch_with_store, collecting, rows_wanted;
    rs_confirmed_t in_batch;               /* what the batch with the store confirms when it is in */
    bool unsaid;                           /* it is in, and the core does not know yet: the inlet was full */
    uint64_t alert_position, told_position;   /* of the last transition that the store was given; that the core knows it has */
    uint32_t alert_ordinal, told_ordinal;
    uint64_t run;                          /* seconds of the start: tells this run's rows and episodes from others' */
    uint64_t submitted, settled, settled_at_ping;
    uint32_t ticks;
    rs_core_losses_t losses_told;          /* in the log */
    rs_agents_odd_t odd_told;
    int64_t troubles_told_us;
    rs_config_t *pending;                  /* a reload that the core has not answered yet */
    int exit_status;
} rs_service_t;

static rs_config_t *config_of(const rs_service_t *service) { return service->configs[service->config_count - 1]; }

static int64_t wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * RS_US_PER_S + now.tv_nsec / 1000;
}

/* --- the state folder: one daemon at a time, and the key of the pseudonyms ------------------------------------------ */
static int fail(const char *what, const char *object, const char *why) {
    RS_LOG_WITH(RS_LOG_ERROR, "cannot start", RS_LOG_TEXT("what", what), RS_LOG_TEXT("object", object), RS_LOG_TEXT("why", why));
    return RS_ERR_IO;
}

static void state_path(const rs_service_t *service, const char *name, char *path, size_t size) {
    const rs_str_t folder = config_of(service)->state_directory;
    snprintf(path, size, "%.*s/%s", (int)folder.len, folder.data, name);
}

static int lock_state(rs_service_t *service) {
    char path[4096];
    state_path(service, "", path, sizeof path);
    if (mkdir(path, 0750) != 0 && errno != EEXIST) return fail("create the state folder", path, strerror(errno));
    state_path(service, "lock", path, sizeof path);
    service->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (service->lock_file < 0) return fail("open the lock", path, strerror(errno));
    if (flock(service->lock_file, LOCK_EX | LOCK_NB) != 0) {
        return fail("lock the state folder", path, errno == EWOULDBLOCK ? "another ringsided uses it" : strerror(errno));
    }
    return RS_OK;
}

/* The run's number: seconds since the epoch, but more than that of every earlier run of this state folder, also when two
 * starts fall into one second or the clock was set back. */
static int number_run(rs_service_t *service) {
    char path[4096], text[32] = "";
    state_path(service, "run", path, sizeof path);
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (file < 0) return fail("open the run number", path, strerror(errno));
    const uint64_t before = pread(file, text, sizeof text - 1, 0) > 0 ? strtoull(text, NULL, 10) : 0;
    service->run = (uint64_t)(wall_us() / RS_US_PER_S);
    if (service->run <= before) service->run = before + 1;
    const int len = snprintf(text, sizeof text, "%" PRIu64 "\n", service->run);
    const bool written = pwrite(file, text, (size_t)len, 0) == len && fsync(file) == 0;
    const int saved = errno;
    close(file);
    return written ? RS_OK : fail("write the run number", path, strerror(saved));
}

static int make_key(rs_service_t *service, const char *path) {
    char temporary[4200];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    randombytes_buf(service->key, sizeof service->key);
    const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return fail("make the pseudonym key", temporary, strerror(errno));
    const bool written = write(file, service->key, sizeof service->key) == (ssize_t)sizeof service->key && fsync(file) == 0;
    const int saved = errno;
    close(file);
    if (!written) return fail("write the pseudonym key", temporary, strerror(saved));
    if (rename(temporary, path) != 0) return fail("make the pseudonym key", path, strerror(errno));
    RS_LOG_WITH(RS_LOG_NOTICE, "made a new pseudonym key", RS_LOG_TEXT("file", path));
    return RS_OK;
}

static int load_key(rs_service_t *service) {
    char path[4096];
    const rs_str_t named = config_of(service)->pseudonym_key_file;
    if (named.len != 0) snprintf(path, sizeof path, "%.*s", (int)named.len, named.data);
    else state_path(service, "pseudonym.key", path, sizeof path);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT && named.len == 0) return make_key(service, path);
    if (file < 0) return fail("read the pseudonym key", path, strerror(errno));
    uint8_t bytes[sizeof service->key + 1];
    const ssize_t len = read(file, bytes, sizeof bytes);
    close(file);
    if (len != (ssize_t)sizeof service->key) return fail("read the pseudonym key", path, "it must be exactly 32 bytes long");
    memcpy(service->key, bytes, sizeof service->key);
    sodium_memzero(bytes, sizeof bytes);
    return RS_OK;
}

/* --- from the doors to the core ------------------------------------------------------------------------------------- */
static int submit_event(void *context, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin, uint64_t *position) {
    rs_service_t *service = context;
    if (service->phase != PHASE_RUNNING) return RS_ERR_FULL;   /* stopping: what was taken is settled first, no more is taken */
    const int status = rs_engine_submit_event(service->engine, event, arrival_us, origin, position);
    if (status == RS_OK) service->submitted = *position;
    return status;
}

static int submit_refusal(void *context, rs_str_t source, const rs_refused_t *refused, uint64_t hash, int64_t arrival_us,
                          rs_origin_t origin, uint64_t *position) {
    rs_service_t *service = context;
    if (service->phase != PHASE_RUNNING) return RS_ERR_FULL;
    const int status = rs_engine_submit_refusal(service->engine, source, refused, hash, arrival_us, origin, position);
    if (status != RS_OK) return status;
    service->submitted = *position;
    if (service->store == NULL) return RS_OK;
    if (rs_store_add_refusal(service->store, source, refused->has_seq, refused->seq, refused, hash, arrival_us, 0, 0) != RS_OK) {
        RS_LOG(RS_LOG_DEBUG, "a refusal did not reach the quarantine");
    }
    return RS_OK;
}

/* --- from the core to the doors, the feed and the store -------------------------------------------------------------- */
static void on_verdict(void *context, rs_origin_t origin, rs_refusal_t reason) {
    rs_service_t *service = context;
    if (service->ingest != NULL) rs_ingest_on_verdict(service->ingest, origin, reason);
}

static void store_alert(void *context, const rs_alert_transition_t *transition) {
    rs_service_t *service = context;
    if (service->store == NULL) return;
    if (rs_store_add_transition(service->store, transition, transition->position, transition->ordinal) != RS_OK) {
        RS_LOG(RS_LOG_WARNING, "an alert transition was not queued for the database");
    }
    service->alert_position = transition->position;
    service->alert_ordinal = transition->ordinal;
}

static void on_alert(void *context, const rs_alert_transition_t *transition) {
    rs_service_t *service = context;
    if (service->feed != NULL) rs_feed_on_transition(service->feed, transition);
    rs_receivers_on_transition(service->receivers, transition);
    store_alert(context, transition);
}

static void wake_loop(void *context) {
    rs_service_t *service = context;
    /* uv_async_send begins with a relaxed look at whether a wake-up is pending; the fence keeps what was published before it
     * from sinking below that look, else the wake-up could be lost. */
    atomic_thread_fence(memory_order_seq_cst);
    uv_async_send(&service->wake);
}

/* What a bound kept out, and what came in that cannot be: each is told when its numbers change, and until the end at most once a minute, so that
 * a steady trickle does not fill the log. `told` is what was said last. */
static void log_losses(const rs_core_losses_t *losses, const rs_core_losses_t *told) {
    rs_core_losses_t bounds = *losses;
    bounds.unmoved = told->unmoved;   /* no bound's */
    if (memcmp(&bounds, told, sizeof bounds) != 0) {
        RS_LOG_WITH(RS_LOG_WARNING, "a limit was reached; see limits.* in the configuration", RS_LOG_UINT("contacts", losses->contacts),
                    RS_LOG_UINT("rows", losses->cells), RS_LOG_UINT("panes", losses->panes),
                    RS_LOG_UINT("overflowed_keys", losses->overflowed_keys), RS_LOG_UINT("alerts", losses->alerts),
                    RS_LOG_UINT("customers", losses->customers), RS_LOG_UINT("cases", losses->cases),
                    RS_LOG_UINT("edges", losses->edges), RS_LOG_UINT("variants", losses->variants), RS_LOG_UINT("untold_alerts", losses->untold));
    }
    if (losses->unmoved != told->unmoved) {
        RS_LOG_WITH(RS_LOG_WARNING, "counts stay at their own moment in rows of attribution close", RS_LOG_UINT("counts", losses->unmoved));
    }
}

static void log_odd(const rs_agents_odd_t *odd, const rs_agents_odd_t *told) {
    if (odd->no_room != told->no_room) {
        RS_LOG_WITH(RS_LOG_WARNING, "an agent's handlings or queues found no place", RS_LOG_UINT("times", odd->no_room));
    }
    rs_agents_odd_t others = *odd;
    others.no_room = told->no_room;
    if (memcmp(&others, told, sizeof others) == 0) return;
    RS_LOG_WITH(RS_LOG_INFO, "agents' events that cannot be", RS_LOG_UINT("left_unjoined", odd->left_unjoined),
                RS_LOG_UINT("joined_twice", odd->joined_twice), RS_LOG_UINT("empty_plans", odd->empty_plans));
}

static void log_troubles(rs_service_t *service, const rs_collection_t *collection) {
    const int64_t now_us = (int64_t)(uv_hrtime() / 1000);
    if (service->phase < PHASE_FLUSHING && service->troubles_told_us != 0 && now_us - service->troubles_told_us < RS_US_PER_MIN) return;
    if (memcmp(&collection->losses, &service->losses_told, sizeof service->losses_told) == 0 &&
        memcmp(&collection->odd, &service->odd_told, sizeof service->odd_told) == 0) return;
    log_losses(&collection->losses, &service->losses_told);
    log_odd(&collection->odd, &service->odd_told);
    service->troubles_told_us = now_us;
    service->losses_told = collection->losses;
    service->odd_told = collection->odd;
}

/* The core is told what the database has. While the inlet is full it is not, and no more rows are asked for. */
static bool say_what_is_in(rs_service_t *service) {
    if (service->unsaid && rs_engine_submit_confirmed(service->engine, &service->in_batch) == RS_OK) service->unsaid = false;
    return !service->unsaid;
}

static void ask_for_rows(rs_service_t *service) {
    if (!say_what_is_in(service)) return;
    if (!service->rows_wanted || service->collecting || service->batch_with_store) return;
    if (rs_engine_collect(service->engine, service->batch) != RS_OK) return;
    service->rows_wanted = false;
    service->collecting = true;
}

static void take_collection(rs_service_t *service) {
    rs_collection_t collection;
    if (!service->collecting || !rs_engine_collected(service->engine, &collection)) return;
    service->collecting = false;
    log_troubles(service, &collection);
    if (service->store == NULL) return;
    service->settled = rs_engine_drain(service->engine);   /* the position below covers alerts that may have come since the last drain */
    for (uint32_t i = 0; i < collection.source_count; i++) {
        const rs_accounting_t *source = rs_engine_collected_source(service->engine, i);
        if (source->received != 0 && rs_store_add_accounting(service->store, source) != RS_OK) {
            RS_LOG(RS_LOG_DEBUG, "a source's accounting was not queued for the database");
        }
    }
    service->batch_with_store = true;
    service->in_batch = collection.confirmed;
    if (rs_store_rows_ready(service->store, collection.batch, collection.position, collection.dirty == 0, collection.watermark_us) != RS_OK) {
        service->batch_with_store = false;
    }
}

/* Without a database nobody asks for rows; what the log tells comes with them. */
static void look_for_troubles(rs_service_t *service) {
    if (service->store != NULL || service->collecting || rs_engine_collect(service->engine, NULL) != RS_OK) return;
    service->collecting = true;
}

static void request_rows(void *context) {
    rs_service_t *service = context;
    service->rows_wanted = true;
    ask_for_rows(service);
}

/* Transitions go out in the order in which they were added: with nothing left in the store's queues the last one is in, too. */
static void note_what_is_in(rs_service_t *service, const rs_row_batch_t *batch) {
    rs_store_status_t status;
    rs_confirmed_t *confirmed = &service->in_batch;
    rs_store_status(service->store, &status);
    const bool news = service->alert_position != service->told_position || service->alert_ordinal != service->told_ordinal;
    if (status.backlog == 0 && news) {
        confirmed->alert_position = service->told_position = service->alert_position;
        confirmed->alert_ordinal = service->told_ordinal = service->alert_ordinal;
        service->unsaid = true;
    }
    if (!rs_row_batch_is_empty(batch)) service->unsaid = true;
}

static void rows_done(void *context, rs_row_batch_t *batch, bool stored) {
    rs_service_t *service = context;
    service->batch_with_store = false;
    if (!stored && !rs_row_batch_is_empty(batch)) {
        RS_LOG_WITH(RS_LOG_ERROR, "rows did not reach the database", RS_LOG_UINT("rows", rs_row_batch_count(batch)),
                    RS_LOG_UINT("edges", rs_row_batch_edge_count(batch)));
    }
    if (stored) note_what_is_in(service, batch);
    ask_for_rows(service);
}

static void log_store(void *context, rs_store_log_level_t level, const char *text) {
    static const char prefix[] = "database: ";
    (void)context;
    if (strncmp(text, prefix, sizeof prefix - 1) == 0) text += sizeof prefix - 1;
    if (level == RS_STORE_ERROR) RS_LOG_WITH(RS_LOG_ERROR, "database", RS_LOG_TEXT("message", text));
    else if (level == RS_STORE_WARNING) RS_LOG_WITH(RS_LOG_WARNING, "database", RS_LOG_TEXT("message", text));
    else RS_LOG_WITH(RS_LOG_NOTICE, "database", RS_LOG_TEXT("message", text));
}

/* --- stopping: settle what was taken, acknowledge it, write it, close ------------------------------------------------ */
static void close_handle(uv_handle_t *handle) {
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void close_loop_handles(rs_service_t *service) {
    if (!service->handles_open) return;
    service->handles_open = false;
    close_handle((uv_handle_t *)&service->wake);
    close_handle((uv_handle_t *)&service->tick);
    for (size_t i = 0; i < RS_ARRAY_LEN(service->signals); i++) close_handle((uv_handle_t *)&service->signals[i]);
}

static void close_everything(rs_service_t *service) {
    service->phase = PHASE_CLOSING;
    if (service->feed != NULL) rs_feed_close(&service->feed, NULL, NULL);
    rs_receivers_close(&service->receivers, NULL, NULL);
    close_loop_handles(service);
}

static void on_store_closed(void *context, int status, uint64_t left) {
    rs_service_t *service = context;
    if (status != RS_OK) {
        RS_LOG_WITH(RS_LOG_ERROR, "stopped before everything was in the database", RS_LOG_UINT("left", left),
                    RS_LOG_STATUS("status", status));
    }
    close_everything(service);
}

static void finish_settling(rs_service_t *service) {
    rs_ingest_close(&service->ingest);
    rs_asterisk_follower_close(&service->asterisk);
    service->phase = PHASE_FLUSHING;
    if (service->store != NULL) rs_store_flush_and_close(service->store, STOP_STORE_US, on_store_closed, service);
    else close_everything(service);
}

static void begin_stop(rs_service_t *service) {
    if (service->phase != PHASE_RUNNING) {
        RS_LOG(RS_LOG_WARNING, "second signal: leaving now");
        _exit(1);
    }
    RS_LOG(RS_LOG_NOTICE, "stopping");
    sd_notify(0, "STOPPING=1");
    service->phase = PHASE_SETTLING;
    if (service->settled >= service->submitted) finish_settling(service);
}

/* --- reload --------------------------------------------------------------------------------------------------------- */
static void log_change(void *context, const char *key, const char *from, const char *to, bool needs_restart) {
    (void)context;
    if (needs_restart) {
        RS_LOG_WITH(RS_LOG_WARNING, "this change takes a restart", RS_LOG_TEXT("key", key), RS_LOG_TEXT("from", from), RS_LOG_TEXT("to", to));
    } else {
        RS_LOG_WITH(RS_LOG_NOTICE, "changed", RS_LOG_TEXT("key", key), RS_LOG_TEXT("from", from), RS_LOG_TEXT("to", to));
    }
}

static int log_level_of(const rs_config_t *config) {
    static const int levels[] = {RS_LOG_ERROR, RS_LOG_WARNING, RS_LOG_INFO, RS_LOG_DEBUG};
    return levels[config->log_level < RS_ARRAY_LEN(levels) ? config->log_level : 2];
}

static void reload(rs_service_t *service) {
    rs_config_t *config;
    rs_config_error_t error;
    char text[1024];
    if (service->pending != NULL || service->config_count == MAX_CONFIGS) {
        RS_LOG(RS_LOG_ERROR, "reload refused: one is under way, or there were 64 since the start; restart to load the file");
        return;
    }
    if (rs_config_load(service->config_path, NULL, 0, &config, &error) != RS_OK) {
        rs_config_error_format(&error, text, sizeof text);
        RS_LOG_WITH(RS_LOG_ERROR, "reload refused, the running configuration stays", RS_LOG_TEXT("error", text));
        return;
    }
    const int changes = rs_config_diff(config_of(service), config, log_change, NULL);
    if (changes == 0) RS_LOG_WITH(RS_LOG_NOTICE, "reload: nothing changed", RS_LOG_TEXT("file", service->config_path));
    else if (changes < 0 || rs_engine_submit_config(service->engine, config) != RS_OK) {
        RS_LOG(RS_LOG_ERROR, "reload refused: busy, try again");
    } else {
        service->pending = config;
        return;
    }
    rs_config_destroy(&config);
}

/* The core counts each policy in a slot, which a reload may change; the feed reads by slot. Slots without a policy have no name. */
static uint32_t policies_by_slot(const rs_service_t *service, rs_policy_t policies[RS_MAX_POLICIES]) {
    const uint32_t count = rs_engine_policy_count(service->engine);
    for (uint32_t slot = 0; slot < count; slot++) {
        const rs_policy_t *policy = rs_engine_policy(service->engine, slot);
        if (policy != NULL) policies[slot] = *policy;
    }
    return count;
}

static void reload_receivers(rs_service_t *service, const rs_config_t *config) {
    char why[512] = "";
    if (rs_receivers_configure(service->receivers, config, why, sizeof why) == RS_OK) return;
    RS_LOG_WITH(RS_LOG_ERROR, "the receivers of alerts stay as they were", RS_LOG_TEXT("why", why));
}

static void finish_reload(rs_service_t *service) {
    const int status = rs_engine_config_status(service->engine);
    if (service->pending == NULL || status == RS_ERR_AGAIN) return;
    rs_config_t *config = service->pending;
    service->pending = NULL;
    if (status != RS_OK) {
        RS_LOG_WITH(RS_LOG_ERROR, "reload refused, the running configuration stays", RS_LOG_STATUS("status", status));
        rs_config_destroy(&config);
        return;
    }
    service->configs[service->config_count++] = config;
    rs_log_set_level((rs_log_level_t)log_level_of(config));
    if (service->feed != NULL) {
        rs_policy_t policies[RS_MAX_POLICIES] = {0};
        rs_feed_configure(service->feed, config, policies, policies_by_slot(service, policies));
    }
    reload_receivers(service, config);
    RS_LOG(RS_LOG_NOTICE, "reloaded; policies and thresholds count from the next quarter of an hour, alert rules at once");
}

/* --- the loop ------------------------------------------------------------------------------------------------------- */
static void drain(rs_service_t *service) {
    service->settled = rs_engine_drain(service->engine);
    finish_reload(service);
    take_collection(service);
    ask_for_rows(service);
    if (service->ingest != NULL) {
        rs_ingest_on_settled(service->ingest, service->settled);
        if (service->phase == PHASE_RUNNING) rs_ingest_resume(service->ingest);
    }
    if (service->asterisk != NULL && service->phase == PHASE_RUNNING) rs_asterisk_follower_resume(service->asterisk);
    if (service->phase == PHASE_SETTLING && service->settled >= service->submitted) finish_settling(service);
}

static void on_wake(uv_async_t *handle) { drain(handle->data); }

/* systemd is told that all is well only while the core's thread gets on. */
static void ping_watchdog(rs_service_t *service) {
    if (service->settled == service->settled_at_ping) return;
    service->settled_at_ping = service->settled;
    sd_notify(0, "WATCHDOG=1");
}

static void on_tick(uv_timer_t *handle) {
    rs_service_t *service = handle->data;
    drain(service);
    if (service->phase < PHASE_FLUSHING && rs_engine_submit_tick(service->engine, wall_us()) != RS_OK) {
        RS_LOG(RS_LOG_DEBUG, "the inlet is full: a tick was left out");
    }
    if (++service->ticks % (1000 / TICK_MS) != 0) return;
    rs_log_flush(false);
    ping_watchdog(service);
    look_for_troubles(service);
}

static void on_signal(uv_signal_t *handle, int number) {
    rs_service_t *service = handle->data;
    if (number == SIGHUP) reload(service);
    else begin_stop(service);
}

static int open_loop(rs_service_t *service) {
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    if (uv_loop_init(&service->loop) != 0) return RS_ERR_IO;
    uv_async_init(&service->loop, &service->wake, on_wake);
    uv_timer_init(&service->loop, &service->tick);
    service->wake.data = service->tick.data = service;
    for (size_t i = 0; i < RS_ARRAY_LEN(numbers); i++) {
        uv_signal_init(&service->loop, &service->signals[i]);
        service->signals[i].data = service;
        uv_signal_start(&service->signals[i], on_signal, numbers[i]);
    }
    uv_timer_start(&service->tick, on_tick, TICK_MS, TICK_MS);
    service->handles_open = true;
    service->zmq = zmq_ctx_new();
    return service->zmq == NULL ? RS_ERR_MEMORY : RS_OK;
}

/* --- starting the rooms ---------------------------------------------------------------------------------------------- */
static int start_engine(rs_service_t *service) {
    rs_engine_settings_t settings = {.config = config_of(service), .start_us = wall_us(),
                                     .callbacks = {.context = service, .on_verdict = on_verdict, .on_alert = on_alert, .on_alert_again = store_alert,
                                                   .wake = wake_loop}};
    settings.run = service->run;
    settings.keep_rows = config_of(service)->database.len != 0;
    randombytes_buf(&settings.hash_seed, sizeof settings.hash_seed);
    const int status = rs_engine_create(&settings, &service->engine);
    return status == RS_OK ? RS_OK : fail("start the core", "engine", rs_status_text(status));
}

static void key_of(void *context, uint32_t key, rs_key_t *dimensions) {
    const rs_service_t *service = context;
    rs_engine_key(service->engine, key, dimensions);
}

static int64_t core_now(void *context) {
    const rs_service_t *service = context;
    return rs_engine_now(service->engine);
}

static int start_feed(rs_service_t *service) {
    const rs_config_t *config = config_of(service);
    if (config->feed_endpoint.len == 0) return RS_OK;
    char why[256] = "";
    const rs_feed_options_t options = {
        .loop = &service->loop, .zmq_context = service->zmq, .config = config, 
        .run = service->run,         .windows = rs_engine_windows(service->engine), .policies = config->policies, .policy_count = config->policy_count,
        .context = service, .key = key_of, .now_us = core_now};
    const int status = rs_feed_create(&options, &service->feed, why, sizeof why);
    return status == RS_OK ? RS_OK : fail("open the feed", why, rs_status_text(status));
}

static int say_confirmed(void *context, const rs_confirmed_t *confirmed) {
    const rs_service_t *service = context;
    return rs_engine_submit_confirmed(service->engine, confirmed);
}

static int start_receivers(rs_service_t *service) {
    rs_receivers_options_t options = {.loop = &service->loop, .config = config_of(service), .context = service, .confirmed = say_confirmed};
    char why[512] = "";
    randombytes_buf(&options.seed, sizeof options.seed);
    const int status = rs_receivers_create(&options, &service->receivers, why, sizeof why);
    rs_receivers_set_durable(service->receivers, UINT64_MAX);   /* nothing is journaled yet: what is, is as safe as it gets */
    return status == RS_OK ? RS_OK : fail("make the receivers of alerts", why, rs_status_text(status));
}

static int start_store(rs_service_t *service) {
    const rs_config_t *config = config_of(service);
    if (config->database.len == 0) {
        RS_LOG(RS_LOG_NOTICE, "no database is configured: nothing is stored");
        return RS_OK;
    }
    rs_store_settings_t settings;
    rs_store_settings_from_config(config, &settings);
    settings.run = service->run;
    const rs_store_callbacks_t callbacks = {.context = service, .request_rows = request_rows, .rows_done = rows_done, .log = log_store};
    char why[256] = "";
    const uint32_t rows = config->batch_rows < RS_ATTRIBUTION_COUNT ? (uint32_t)RS_ATTRIBUTION_COUNT : config->batch_rows;
    if (rs_row_batch_create(rows, 0, &service->batch) != RS_OK ||
        rs_row_batch_make_room_for_edges(service->batch, config->limits.edges == 0 ? 0 : config->batch_rows) != RS_OK) {
        return fail("start the store", "rows", "out of memory");
    }
    const int status = rs_store_create(&service->loop, &settings, &callbacks, why, sizeof why, &service->store);
    return status == RS_OK ? RS_OK : fail("start the store", why, rs_status_text(status));
}

static int start_ingest(rs_service_t *service) {
    const rs_ingest_sink_t sink = {.context = service, .submit_event = submit_event, .submit_refusal = submit_refusal};
    const char *failed = NULL;
    const int status = rs_ingest_create(&service->loop, service->zmq, config_of(service), service->key, &sink, NULL, &failed, &service->ingest);
    if (status == RS_OK) return RS_OK;
    return fail("open an event socket", failed == NULL ? "" : failed, status == RS_ERR_IO ? strerror(errno) : rs_status_text(status));
}

static int start_asterisk(rs_service_t *service) {
    const rs_config_t *config = config_of(service);
    if (config->asterisk.queue_log.len == 0) return RS_OK;
    const rs_asterisk_sink_t sink = {.context = service, .submit_event = submit_event, .submit_refusal = submit_refusal};
    const int status = rs_asterisk_follower_open(&service->loop, config, service->key, &sink, &service->asterisk);
    return status == RS_OK ? RS_OK : fail("follow the queue_log", "asterisk", rs_status_text(status));
}

static int start(rs_service_t *service) {
    int status = lock_state(service);
    if (status == RS_OK) status = number_run(service);
    if (status == RS_OK) status = load_key(service);
    if (status == RS_OK) status = open_loop(service);
    if (status == RS_OK) status = start_engine(service);
    if (status == RS_OK) status = start_feed(service);
    if (status == RS_OK) status = start_receivers(service);
    if (status == RS_OK) status = start_store(service);
    service->phase = PHASE_RUNNING;
    if (status == RS_OK) status = start_ingest(service);
    if (status == RS_OK) status = start_asterisk(service);
    return status;
}

static void close_loop(rs_service_t *service) {
    if (service->zmq == NULL) return;
    if (service->phase != PHASE_CLOSING) {   /* the start failed half way */
        rs_ingest_close(&service->ingest);
        rs_asterisk_follower_close(&service->asterisk);
        if (service->store != NULL) rs_store_flush_and_close(service->store, 0, on_store_closed, service);
        else close_everything(service);
    }
    uv_run(&service->loop, UV_RUN_DEFAULT);
    rs_store_destroy(&service->store);
    rs_engine_destroy(&service->engine);
    if (uv_loop_close(&service->loop) != 0) RS_LOG(RS_LOG_WARNING, "the loop was not empty at the end");
    zmq_ctx_term(service->zmq);
}

static void finish(rs_service_t *service) {
    close_loop(service);
    rs_row_batch_destroy(&service->batch);
    for (uint32_t i = 0; i < service->config_count; i++) rs_config_destroy(&service->configs[i]);
    rs_config_destroy(&service->pending);
    if (service->lock_file >= 0) close(service->lock_file);
    sodium_memzero(service->key, sizeof service->key);
    rs_log_flush(true);
}

static int serve(rs_service_t *service) {
    /* The store speaks through one call site: a first start with its migrations must not count as repetition. */
    rs_log_start(&(rs_log_options_t){.level = (rs_log_level_t)log_level_of(config_of(service)), .burst = 50});
    if (sodium_init() < 0) return rs_require_failed("sodium_init() >= 0", __FILE__, __LINE__), 1;
    int result = 1;
    if (start(service) == RS_OK) {
        RS_LOG_WITH(RS_LOG_NOTICE, "ready", RS_LOG_TEXT("version", RS_VERSION), RS_LOG_TEXT("events", rs_ingest_events_endpoint(service->ingest)),
                    RS_LOG_STR("feed", config_of(service)->feed_endpoint));
        sd_notify(0, "READY=1");
        uv_run(&service->loop, UV_RUN_DEFAULT);
        RS_LOG(RS_LOG_NOTICE, "stopped");
        result = 0;
    }
    finish(service);
    return result;
}

/* --- the command line ------------------------------------------------------------------------------------------------ */
typedef struct rs_arguments {
    const char *config;
    bool check;
} rs_arguments_t;

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_arguments_t *arguments = state->input;
    switch (key) {
        case 'c': arguments->config = argument; return 0;
        case 'k': arguments->check = true; return 0;
        case ARGP_KEY_ARG: argp_error(state, "unexpected argument \"%s\"", argument); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0, "the configuration (/etc/ringside/ringside.conf)", 0},
        {"check", 'k', 0, 0, "check the file, print every setting and the bounds, and leave", 0},
        {0}};
    static const struct argp parser = {options, parse_option, NULL, "The ringside daemon: live contact-centre telemetry.", NULL, NULL, NULL};
    static rs_service_t service = {.lock_file = -1};
    rs_arguments_t arguments = {.config = "/etc/ringside/ringside.conf"};
    argp_err_exit_status = 2;
    argp_program_version = "ringsided " RS_VERSION;
    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    rs_config_error_t error;
    const int status = rs_config_load(arguments.config, NULL, 0, &service.configs[0], &error);
    if (status != RS_OK) {
        char text[1024];
        rs_config_error_format(&error, text, sizeof text);
        fprintf(stderr, "ringsided: %s\n", status == RS_ERR_MEMORY ? rs_status_text(status) : text);
        return 1;
    }
    service.config_count = 1;
    service.config_path = arguments.config;
    if (!arguments.check) return serve(&service);
    rs_config_print(service.configs[0], stdout);
    rs_config_destroy(&service.configs[0]);
    return 0;
}
