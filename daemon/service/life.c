#include "service/admin.h"

#include "base/clock.h"
#include "base/log.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <zmq.h>

/* From the signal on; closing comes after that, and all of it is to be done in 5 s. */
enum { STOP_SETTLED_BY_US = 2 * 1000 * 1000, STOP_STORED_BY_US = 4 * 1000 * 1000 };

int64_t rs_service_wall_us(void) { return rs_wall_us(); }
int64_t rs_service_monotonic_us(void) { return rs_monotonic_us(); }

void rs_service_wake(void *context) {
    rs_service_t *service = context;
    /* uv_async_send begins with a relaxed look at whether a wake-up is pending; the fence keeps what was published before it
     * from sinking below that look, else the wake-up could be lost. */
    atomic_thread_fence(memory_order_seq_cst);
    uv_async_send(&service->wake);
}

/* --- stopping: settle what was taken, acknowledge it, write it, close ------------------------------------------------ */
static void close_handle(uv_handle_t *handle) {
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void close_loop_handles(rs_service_t *service) {
    if (!service->handles_open) return;
    service->handles_open = false;
    close_handle((uv_handle_t *)&service->tick);
    for (size_t i = 0; i < RS_ARRAY_LEN(service->signals); i++) close_handle((uv_handle_t *)&service->signals[i]);
}

static void close_everything(rs_service_t *service) {
    service->phase = PHASE_CLOSING;
    rs_service_end_snapshot(service);
    rs_service_end_rebuild(service);
    rs_service_end_warm(service);
    rs_web_close(&service->web);
    rs_service_close_admin(service);
    if (service->feed != NULL) rs_feed_close(&service->feed, NULL, NULL);
    rs_receivers_close(&service->receivers, NULL, NULL);
    close_loop_handles(service);
    uv_unref((uv_handle_t *)&service->wake);   /* core and keeper may still call; it is closed when they have ended */
}

static void on_store_closed(void *context, int status, uint64_t left) {
    rs_service_t *service = context;
    if (status != RS_OK) {
        RS_LOG_WITH(RS_LOG_WARNING, "stopped before everything was in the database; it is written after the next start",
                    RS_LOG_UINT("left", left), RS_LOG_STATUS("status", status));
    }
    close_everything(service);
}

static bool is_settled(const rs_service_t *service) { return service->acknowledged >= service->submitted; }

static void finish_settling(rs_service_t *service) {
    rs_ingest_close(&service->ingest);
    rs_commands_close(&service->commands);
    rs_asterisk_follower_close(&service->asterisk);
    service->phase = PHASE_FLUSHING;
    const int64_t left_us = service->stopped_us + STOP_STORED_BY_US - rs_service_monotonic_us();
    if (service->store != NULL) rs_store_flush_and_close(service->store, left_us > 0 ? left_us : 0, on_store_closed, service);
    else close_everything(service);
}

static void settle(rs_service_t *service) {
    if (service->phase != PHASE_SETTLING) return;
    if (is_settled(service)) {
        finish_settling(service);
    } else if (rs_service_monotonic_us() >= service->stopped_us + STOP_SETTLED_BY_US) {
        RS_LOG(RS_LOG_ERROR, "stopped before everything was on disk; what was not is not acknowledged");
        finish_settling(service);
    }
}

static void begin_stop(rs_service_t *service) {
    if (service->phase != PHASE_RUNNING) {
        RS_LOG(RS_LOG_WARNING, "second signal: leaving now");
        _exit(1);
    }
    RS_LOG(RS_LOG_NOTICE, "stopping");
    sd_notify(0, "STOPPING=1");
    service->phase = PHASE_SETTLING;
    service->stopped_us = rs_service_monotonic_us();
    settle(service);
}

/* --- the loop ------------------------------------------------------------------------------------------------------- */
static void drain(rs_service_t *service) {
    if (service->phase == PHASE_CLOSING || service->engine == NULL || service->journal.keeper == NULL) return;
    service->settled = rs_engine_drain(service->engine);
    service->acknowledged = rs_gate_acknowledged(service->settled, rs_service_durable(service));
    rs_service_finish_reload(service);
    rs_service_move_effects(service);
    rs_service_watch_journal(service);
    if (service->ingest != NULL) {
        rs_ingest_on_settled(service->ingest, service->acknowledged);
        if (service->phase == PHASE_RUNNING) rs_ingest_resume(service->ingest);
    }
    if (service->commands != NULL) rs_commands_on_settled(service->commands, service->acknowledged);
    if (service->asterisk != NULL && service->phase == PHASE_RUNNING) rs_asterisk_follower_resume(service->asterisk);
    settle(service);
}

static void on_wake(uv_async_t *handle) { drain(handle->data); }

/* systemd is told that all is well only while the core's thread gets on. */
static void ping_watchdog(rs_service_t *service) {
    if (service->settled == service->settled_at_ping) return;
    service->settled_at_ping = service->settled;
    sd_notify(0, "WATCHDOG=1");
}

static void every_second(rs_service_t *service) {
    rs_log_flush(false);
    ping_watchdog(service);
    rs_service_look_for_troubles(service);
    if (service->phase >= PHASE_CLOSING) return;
    rs_service_retain(service);
    rs_service_snapshot_when_due(service);
    rs_service_watch_forgetting(service);
}

static void on_tick(uv_timer_t *handle) {
    rs_service_t *service = handle->data;
    drain(service);
    if (service->phase < PHASE_FLUSHING && rs_engine_submit_tick(service->engine, rs_service_wall_us()) != RS_OK) {
        RS_LOG(RS_LOG_DEBUG, "the inlet is full: a tick was left out");
    }
    if (service->phase < PHASE_CLOSING) rs_service_move_admin(service);
    if (++service->ticks % (1000 / RS_SERVICE_TICK_MS) == 0) every_second(service);
}

static void on_signal(uv_signal_t *handle, int number) {
    rs_service_t *service = handle->data;
    if (number == SIGHUP) rs_service_reload(service);
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
    service->handles_open = true;
    service->zmq = zmq_ctx_new();
    return service->zmq == NULL ? RS_ERR_MEMORY : RS_OK;
}

/* --- starting the rooms ---------------------------------------------------------------------------------------------- */
static int start_core(rs_service_t *service) {
    rs_engine_settings_t settings = {
        .config = rs_service_config(service), .start_us = rs_service_wall_us(), .run = service->run,
        .keep_rows = rs_service_config(service)->database.len != 0,
        .callbacks = {.context = service, .on_verdict = rs_service_on_verdict, .on_alert = rs_service_on_alert,
                      .on_alert_again = rs_service_on_alert_again, .on_let_go = rs_service_on_let_go,
                      .on_answer = rs_service_on_answer, .wake = rs_service_wake}};
    randombytes_buf(&settings.hash_seed, sizeof settings.hash_seed);
    return rs_service_recover(service, &settings);
}

/* What is looked at in the core comes before its thread does; the doors are served when the loop begins. */
static int start(rs_service_t *service) {
    int status = rs_service_lock_state(service);
    if (status == RS_OK) status = rs_service_number_run(service);
    if (status == RS_OK) status = rs_service_load_key(service);
    if (status == RS_OK) status = open_loop(service);
    if (status == RS_OK) status = start_core(service);
    if (status == RS_OK) status = rs_service_start_feed(service);
    if (status == RS_OK) status = rs_service_start_receivers(service);
    if (status == RS_OK) status = rs_service_start_store(service);
    if (status == RS_OK) status = rs_service_start_warm(service);
    if (status == RS_OK) status = rs_service_open_doors(service);
    if (status == RS_OK) status = rs_service_start_web(service);
    if (status == RS_OK && rs_engine_start(service->engine) != RS_OK) status = rs_service_fail("start the core", "engine", "no thread");
    if (status != RS_OK) return status;
    rs_service_open_admin(service);
    service->phase = PHASE_RUNNING;
    uv_timer_start(&service->tick, on_tick, RS_SERVICE_TICK_MS, RS_SERVICE_TICK_MS);
    return RS_OK;
}

static void close_loop(rs_service_t *service) {
    if (service->zmq == NULL) return;
    if (service->phase != PHASE_CLOSING) {   /* the start failed half way */
        rs_ingest_close(&service->ingest);
        rs_commands_close(&service->commands);
        rs_asterisk_follower_close(&service->asterisk);
        if (service->store != NULL) rs_store_flush_and_close(service->store, 0, on_store_closed, service);
        else close_everything(service);
    }
    uv_run(&service->loop, UV_RUN_DEFAULT);
    rs_store_destroy(&service->store);
    rs_service_close_journal(service);
    rs_engine_destroy(&service->engine);
    close_handle((uv_handle_t *)&service->wake);
    uv_run(&service->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&service->loop) != 0) RS_LOG(RS_LOG_WARNING, "the loop was not empty at the end");
    zmq_ctx_term(service->zmq);
}

static void finish(rs_service_t *service) {
    close_loop(service);
    rs_row_batch_destroy(&service->batch);
    for (uint32_t i = 0; i < service->config_count; i++) rs_config_destroy(&service->configs[i]);
    rs_config_destroy(&service->pending);
    free(service->held.bytes);
    rs_service_forget_gaps(service);
    if (service->lock_file >= 0) close(service->lock_file);
    free(service->admin);
    sodium_memzero(service->key, sizeof service->key);
    sodium_memzero(service->keys, sizeof service->keys);
    rs_log_flush(true);
}

int rs_service_run(rs_service_t *service) {
    /* The store speaks through one call site: a first start with its migrations must not count as repetition. */
    rs_log_start(&(rs_log_options_t){.level = (rs_log_level_t)rs_service_log_level(rs_service_config(service)), .burst = 50});
    if (sodium_init() < 0) return rs_require_failed("sodium_init() >= 0", __FILE__, __LINE__), 1;
    int result = 1;
    if (start(service) == RS_OK) {
        RS_LOG_WITH(RS_LOG_NOTICE, "ready", RS_LOG_TEXT("version", RS_VERSION),
                    RS_LOG_TEXT("events", rs_ingest_events_endpoint(service->ingest)),
                    RS_LOG_STR("feed", rs_service_config(service)->feed_endpoint));
        sd_notify(0, "READY=1");
        uv_run(&service->loop, UV_RUN_DEFAULT);
        result = 0;
    }
    finish(service);
    if (result == 0) RS_LOG(RS_LOG_NOTICE, "stopped");
    rs_log_flush(true);
    return result;
}
