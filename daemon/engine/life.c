/* Making, recovering and ending: everything that is done while no thread of the core's is there. */
#include "engine/engine_internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- the core ------------------------------------------------------------------------------------------------------- */
static rs_core_options_t core_options(rs_engine_t *engine, const rs_config_t *config) {
    return (rs_core_options_t){
        .config = config, .windows = true, .alerts = true, .process = engine->keep_rows, .facts = engine->keep_rows,
        .lets_go = engine->keep_rows, .families = engine->keep_rows ? (1u << RS_FAMILY_COUNT) - 1 : 0,
        .attributions = (config->attribution_event ? 1u << RS_ATTRIBUTION_EVENT : 0u) |
                        (config->attribution_enter ? 1u << RS_ATTRIBUTION_ENTER : 0u) |
                        (config->attribution_close ? 1u << RS_ATTRIBUTION_CLOSE : 0u),
        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = config->interval_us},
        .effects = {.context = engine, .on_verdict = rs__send_verdict, .on_answer = rs__send_answer, .on_alert = rs__send_alert,
                    .on_let_go = rs__send_let_go}};
}

static int create_core(rs_engine_t *engine, const rs_config_t *config, int64_t start_us, uint64_t run, uint64_t hash_seed) {
    rs_core_options_t options = core_options(engine, config);
    /* When events move the time, it begins with the first of them, which may lie in the past. */
    options.start_us = config->clock == RS_CLOCK_EVENTS ? 0 : start_us;
    options.run = run;
    options.hash_seed = hash_seed;
    const int status = rs_core_create(&options, &engine->core);
    if (status == RS_OK) engine->begun = engine->newest = config;
    return status;
}

static void publish(rs_engine_t *engine) {
    atomic_store_explicit(&engine->now_us, rs_core_now(engine->core), memory_order_relaxed);
    atomic_store_explicit(&engine->watermark_us, rs_core_watermark(engine->core), memory_order_relaxed);
    atomic_store_explicit(&engine->number, rs_core_position(engine->core), memory_order_release);
}

/* --- making --------------------------------------------------------------------------------------------------------- */
static void free_parts(rs_engine_t *engine) {
    rs_core_destroy(&engine->core);
    rs_ring_destroy(&engine->inlet);
    rs_ring_destroy(&engine->outlet);
    rs_sleeper_destroy(&engine->sleeper);
    rs__texts_free(engine, NULL);
    rs__bytes_free(&engine->parts);
    rs__bytes_free(&engine->again);
    free(engine->sources);
    free(engine);
}

int rs_engine_prepare(const rs_engine_settings_t *settings, rs_engine_t **engine_out) {
    rs_engine_t *engine = aligned_alloc(128, (sizeof *engine + 127) / 128 * 128);
    if (engine == NULL) return RS_ERR_MEMORY;
    memset(engine, 0, sizeof *engine);
    engine->settings = *settings;
    engine->callbacks = settings->callbacks;
    engine->keep_rows = settings->keep_rows;
    engine->max_sources = settings->config->limits.sources + 1;
    engine->sources = calloc(engine->max_sources, sizeof *engine->sources);
    atomic_init(&engine->now_us, settings->config->clock == RS_CLOCK_EVENTS ? 0 : settings->start_us);
    atomic_init(&engine->watermark_us, INT64_MIN);
    int status = engine->sources == NULL ? RS_ERR_MEMORY : RS_OK;
    if (status == RS_OK) status = rs_ring_create(settings->config->limits.inlet_bytes, &engine->inlet);
    if (status == RS_OK) status = rs_ring_create(settings->config->limits.outlet_bytes, &engine->outlet);
    if (status == RS_OK) status = rs_sleeper_create(&engine->sleeper);
    if (status != RS_OK) {
        free_parts(engine);
        return status;
    }
    *engine_out = engine;
    return RS_OK;
}

rs_ring_t *rs_engine_inlet(rs_engine_t *engine) { return engine->inlet; }
const rs_core_t *rs_engine_core(const rs_engine_t *engine) { return engine->core; }
const char *rs_engine_why(const rs_engine_t *engine) { return engine->why; }
rs_engine_recovery_t rs_engine_recovery(const rs_engine_t *engine) { return engine->recovery; }

/* What stands in the ring was applied already; the core's thread only passes over it. */
static void skip_ring(rs_engine_t *engine) {
    engine->skip = engine->submitted;
    RS_REQUIRE(rs_core_apply(engine->core, RS_RECORD_CONFIG, NULL, 0, engine->submitted) == RS_OK);
    publish(engine);
}

static const char text_is_too_long[] = "the configuration's text does not fit into limits.inlet_bytes";

int rs_engine_begin(rs_engine_t *engine) {
    const rs_engine_settings_t *settings = &engine->settings;
    void *bytes;
    RS_REQUIRE(engine->core == NULL);
    engine->parts.len = 0;   /* of a beginning that never came to its end */
    engine->keep_rows = settings->keep_rows;
    int status = create_core(engine, settings->config, settings->start_us, settings->run, settings->hash_seed);
    if (status == RS_OK) status = rs__text_submit(engine, settings->config);
    if (status == RS_OK) status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    if (status == RS_ERR_FULL || status == RS_ERR_LIMIT) return rs__fail(engine, RS_ERR_LIMIT, text_is_too_long);
    if (status != RS_OK) return rs__fail(engine, status, rs_status_text(status));
    const rs_record_begin_t begin = {.text = rs__text_of(settings->config), .keep_rows = settings->keep_rows,
                                     .start_us = settings->start_us, .run = settings->run, .hash_seed = settings->hash_seed};
    rs__commit(engine, rs_record_write_begin(&begin, bytes), RS_RECORD_BEGIN);
    skip_ring(engine);
    return RS_OK;
}

/* --- saving and loading --------------------------------------------------------------------------------------------- */
int rs_engine_save(const rs_engine_t *engine, const rs_state_out_t *out, rs_hash128_t *hash) {
    rs_hash128_t unused;
    const int status = rs__texts_save(engine, out);
    return status == RS_OK ? rs_core_save(engine->core, out, hash != NULL ? hash : &unused) : status;
}

int rs_engine_state_hash(const rs_engine_t *engine, rs_hash128_t *hash) { return rs_core_save(engine->core, NULL, hash); }

static int load_core(rs_engine_t *engine, const rs_core_options_t *options, const rs_state_in_t *in) {
    char what[RS_STATE_WHAT_BYTES];
    const int status = rs_core_load(options, in, what, &engine->core);
    return status == RS_OK ? RS_OK : rs__fail(engine, status, what[0] != '\0' ? what : rs_status_text(status));
}

int rs_engine_load(rs_engine_t *engine, const rs_state_in_t *in) {
    const rs_config_t *begun = NULL, *newest = NULL;
    RS_REQUIRE(engine->core == NULL);
    engine->why[0] = '\0';
    int status = rs__texts_load(engine, in, &begun, &newest);
    if (status == RS_OK) {
        rs_core_options_t options = core_options(engine, begun);
        options.newest = newest;
        status = load_core(engine, &options, in);
    }
    if (status != RS_OK) {
        rs__texts_free(engine, NULL);
        engine->parts.len = 0;
        return status;
    }
    engine->begun = begun;
    engine->newest = newest;
    engine->base = engine->submitted = rs_core_position(engine->core);
    publish(engine);
    return RS_OK;
}

static int keep_bytes(void *context, const void *bytes, size_t len) { return rs__bytes_add(context, bytes, len); }

typedef struct reading { const rs__bytes_t *bytes; size_t at; } reading_t;

static int give_bytes(void *context, void *bytes, size_t room, size_t *len) {
    reading_t *reading = context;
    const size_t left = reading->bytes->len - reading->at;
    *len = left < room ? left : room;
    if (*len > 0) memcpy(bytes, reading->bytes->bytes + reading->at, *len);
    reading->at += *len;
    return RS_OK;
}

static int load_bytes(rs_engine_t *engine, const rs_core_options_t *options, const rs__bytes_t *bytes) {
    reading_t reading = {.bytes = bytes};
    return load_core(engine, options, &(rs_state_in_t){.context = &reading, .read = give_bytes});
}

/* The core as if it had been saved by one process and loaded by the next with this configuration. When that cannot be, it is as before. */
static int load_with(rs_engine_t *engine, const rs_config_t *config, bool keep_rows, uint64_t number) {
    rs__bytes_t saved = {0};
    rs_hash128_t hash;
    const bool kept_rows = engine->keep_rows;
    int status = rs_core_save(engine->core, &(rs_state_out_t){.context = &saved, .write = keep_bytes}, &hash);
    if (status == RS_OK) {
        rs_core_destroy(&engine->core);
        engine->keep_rows = keep_rows;
        rs_core_options_t options = core_options(engine, config);
        options.position = number;
        status = load_bytes(engine, &options, &saved);
        if (status != RS_OK) {
            char why[RS__WHY_BYTES];
            memcpy(why, engine->why, sizeof why);
            engine->keep_rows = kept_rows;
            options = core_options(engine, engine->begun);
            options.newest = engine->newest;
            const int back = load_bytes(engine, &options, &saved);
            status = back != RS_OK ? back : rs__fail(engine, status, why);
        }
    }
    rs__bytes_free(&saved);
    if (status != RS_OK) return status;
    rs__texts_free(engine, config);   /* what is left of them the core has by value */
    engine->begun = engine->newest = config;
    return RS_OK;
}

int rs_engine_adopt(rs_engine_t *engine) {
    const rs_config_t *config = engine->settings.config;
    const bool same = rs_str_equal(config->text, engine->begun->text) && rs_str_equal(config->text, engine->newest->text);
    engine->why[0] = '\0';
    if (same && engine->keep_rows == engine->settings.keep_rows) return RS_OK;
    const uint64_t parts = (config->text.len + RS_RECORD_PART_MAX - 1) / RS_RECORD_PART_MAX;
    if ((parts + 2) * (RS_RECORD_MAX + 64) > rs_ring_capacity(engine->inlet)) {
        return rs__fail(engine, RS_ERR_LIMIT, text_is_too_long);
    }
    int status = load_with(engine, config, engine->settings.keep_rows, engine->base + parts + 1);
    if (status != RS_OK) return status;
    const rs_record_text_t text = rs__text_of(config);
    void *bytes;
    status = rs__text_submit(engine, config);
    if (status == RS_OK) status = rs_ring_claim(engine->inlet, RS_RECORD_MAX, &bytes);
    RS_REQUIRE(status == RS_OK);   /* the ring is empty, and it was looked whether all of it fits */
    rs__commit(engine, rs_record_write_config(&text, RS_CONFIG_RESTART, bytes), RS_RECORD_CONFIG);
    skip_ring(engine);
    return RS_OK;
}

/* --- recovering ----------------------------------------------------------------------------------------------------- */
static int recover_begin(rs_engine_t *engine, const void *bytes, size_t len, uint64_t number) {
    rs_record_begin_t begin;
    const rs_config_t *config;
    if (engine->core != NULL) return rs__fail(engine, RS_ERR_STATE, "a journal begins twice");
    int status = rs_record_read_begin(bytes, len, &begin);
    if (status != RS_OK) return rs__fail(engine, status, "the journal's beginning is none");
    status = rs__text_make(engine, &begin.text, &config);
    if (status != RS_OK) return status == RS_ERR_NOT_FOUND ? RS_ERR_STATE : status;
    engine->keep_rows = begin.keep_rows;
    status = create_core(engine, config, begin.start_us, begin.run, begin.hash_seed);
    if (status != RS_OK) return rs__fail(engine, status, rs_status_text(status));
    return rs_core_apply(engine->core, RS_RECORD_BEGIN, bytes, len, number);
}

/* A reload that the core refused then, it refuses now. */
static int recover_config(rs_engine_t *engine, const void *bytes, size_t len, uint64_t number) {
    rs_record_text_t text;
    rs_config_how_t how;
    const rs_config_t *config;
    int status = rs_record_read_config(bytes, len, &text, &how);
    if (status != RS_OK) return rs__fail(engine, status, "a configuration's record is none");
    status = rs_core_apply(engine->core, RS_RECORD_CONFIG, bytes, len, number);
    if (status != RS_OK) return status;
    status = rs__text_make(engine, &text, &config);
    if (status == RS_ERR_NOT_FOUND) {
        engine->recovery.lost_configs++;
        engine->why[0] = '\0';
        return RS_OK;
    }
    if (status != RS_OK) return status;
    if (how == RS_CONFIG_RESTART) return load_with(engine, config, engine->keep_rows, number);
    if (rs_core_configure(engine->core, config) == RS_OK) engine->newest = config;
    else rs__texts_forget_last(engine);
    return RS_OK;
}

static int recover_part(rs_engine_t *engine, const void *bytes, size_t len, uint64_t number) {
    uint32_t place;
    rs_str_t part;
    const int status = rs_record_read_part(bytes, len, &place, &part);
    if (status != RS_OK) return rs__fail(engine, status, "a part of a configuration is none");
    rs__text_take_part(engine, place, part);
    return engine->core == NULL ? RS_OK : rs_core_apply(engine->core, RS_RECORD_CONFIG_PART, bytes, len, number);
}

static int recover_other(rs_engine_t *engine, uint32_t kind, const void *bytes, size_t len, uint64_t number) {
    if (engine->core == NULL) {
        return rs__fail(engine, RS_ERR_STATE, "the journal's beginning is missing, and there is no saved state to go on from");
    }
    if (kind == RS_RECORD_CONFIG) return recover_config(engine, bytes, len, number);
    const int status = rs_core_apply(engine->core, kind, bytes, len, number);
    return status == RS_OK ? RS_OK : rs__fail(engine, status, "a record is none of this program's");
}

int rs_engine_recover_record(rs_engine_t *engine, uint32_t kind, const void *bytes, size_t len, uint64_t number) {
    int status;
    engine->why[0] = '\0';
    if (number <= engine->base) return rs__fail(engine, RS_ERR_STATE, "the journal's numbers do not grow");
    if (number != engine->base + 1) {
        engine->recovery.lost_ranges++;
        engine->recovery.lost += number - engine->base - 1;
    }
    switch (kind) {
        case RS_RECORD_BEGIN: status = recover_begin(engine, bytes, len, number); break;
        case RS_RECORD_CONFIG_PART: status = recover_part(engine, bytes, len, number); break;
        default: status = recover_other(engine, kind, bytes, len, number); break;
    }
    if (status != RS_OK) return status;
    engine->base = engine->submitted = number;
    engine->recovery.records++;
    return RS_OK;
}

/* --- starting and ending -------------------------------------------------------------------------------------------- */
static void keep_again(void *context, const rs_alert_transition_t *transition) {
    rs_engine_t *engine = context;
    unsigned char packed[RS_ALERT_PACKED_MAX];
    const uint32_t len = (uint32_t)rs_alert_pack(transition, packed);
    const size_t before = engine->again.len;
    int status = rs__bytes_add(&engine->again, &len, sizeof len);
    if (status == RS_OK) status = rs__bytes_add(&engine->again, packed, len);
    if (status == RS_OK) engine->recovery.unconfirmed_alerts++;
    else engine->again.len = before;   /* it stays in the core, and is told after the next start */
}

int rs_engine_start(rs_engine_t *engine) {
    sigset_t all, before;
    rs_core_unconfirmed_alerts(engine->core, RS_RECEIVER_STORE, keep_again, engine);
    publish(engine);
    engine->taken = engine->base;
    engine->complete = rs_core_confirmed_position(engine->core);
    engine->telling = true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);   /* signals are the loop's business */
    const int failed = pthread_create(&engine->thread, NULL, rs__run_core, engine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    engine->running = failed == 0;
    return failed == 0 ? RS_OK : RS_ERR_IO;
}

int rs_engine_create(const rs_engine_settings_t *settings, rs_engine_t **engine) {
    int status = rs_engine_prepare(settings, engine);
    if (status != RS_OK) return status;
    status = rs_engine_begin(*engine);
    if (status == RS_OK) status = rs_engine_start(*engine);
    if (status != RS_OK) rs_engine_destroy(engine);
    return status;
}

static bool core_has_ended(pthread_t thread) {
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += pause.tv_nsec;
    if (deadline.tv_nsec >= 1000 * 1000 * 1000) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000 * 1000 * 1000;
    }
    return pthread_timedjoin_np(thread, NULL, &deadline) == 0;
}

void rs_engine_stop(rs_engine_t *engine) {
    if (!engine->running) return;
    atomic_store_explicit(&engine->stopping, true, memory_order_release);
    rs_sleeper_wake(engine->sleeper);
    while (!core_has_ended(engine->thread)) rs_engine_drain(engine);   /* it may wait for room in the outlet */
    rs_engine_drain(engine);
    engine->running = false;
    engine->base = engine->taken;
}

void rs_engine_destroy(rs_engine_t **engine_ref) {
    rs_engine_t *engine = *engine_ref;
    if (engine == NULL) return;
    rs_engine_stop(engine);
    free_parts(engine);
    *engine_ref = NULL;
}
