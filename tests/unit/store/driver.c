#include "store_test.h"

uint64_t places;
const char server_options[] = "-c fsync=off -c log_min_messages=fatal -c max_connections=40";

const char *fresh_database(void) {
    static char conninfo[256];
    static int number;
    char name[32], drop[64];
    snprintf(drop, sizeof drop, "DROP DATABASE IF EXISTS test_%d WITH (FORCE)", number);
    rs_postgres_run(postgres.conninfo, drop);
    snprintf(name, sizeof name, "test_%d", ++number);
    rs_postgres_create_database(&postgres, name, conninfo, sizeof conninfo);
    return conninfo;
}

rs_row_t make_row(const char *queue, int64_t start_us, uint64_t revision, int64_t offered) {
    rs_row_t row = {.key = {.family = RS_FAMILY_QUEUE, .channel = RS_CHANNEL_VOICE, .tenant = RS_STR("acme"), .name = rs_str(queue)},
                    .start_us = start_us, .length_us = 15 * RS_US_PER_MIN, .part = 1, .revision = revision, .threshold_us = -1};
    for (unsigned i = 0; i < RS_EXTREME_COUNT; i++) row.extremes[i] = -1;
    row.counts[RS_COUNT_OFFERED] = offered;
    return row;
}

rs_alert_transition_t make_transition(uint64_t episode, uint8_t from, uint8_t to, int64_t at_us) {
    return (rs_alert_transition_t){
        .episode = episode, .rule_name = RS_STR("long-wait"), .metric = RS_STR("oldest_wait"), .runbook = RS_STR("https://wiki/long-wait"),
        .dimensions = {.family = RS_FAMILY_QUEUE, .channel = RS_CHANNEL_VOICE, .tenant = RS_STR("acme"), .name = RS_STR("vip")},
        .severity = RS_SEVERITY_CRITICAL, .from = from, .to = to, .compare = RS_ALERT_ABOVE, .at_us = at_us,
        .started_us = START_US, .fired_us = to >= RS_ALERT_FIRING ? START_US + 5 * RS_US_PER_S : 0,
        .figure = {.value = 61000, .numerator = 61000, .denominator = 0}, .limit = 60000, .clear = 30000};
}

static void answer(driver_t *driver) {
    driver->must_answer = false;
    if (driver->next < driver->handed_count) {
        const size_t i = driver->next++;
        assert_int_equal(rs_store_rows_ready(driver->store, driver->handed[i], driver->incomplete ? 0 : driver->positions[i],
                                             driver->positions[i], START_US + (int64_t)i), RS_OK);
    } else {
        assert_int_equal(rs_store_rows_ready(driver->store, NULL, driver->nothing_upto, driver->nothing_upto, 0), RS_OK);
    }
}

static void on_request(void *context) {
    driver_t *driver = context;
    driver->requests++;
    if (driver->silent) return;
    if (driver->answer_later) driver->must_answer = true;
    else answer(driver);
}

static void on_rows_done(void *context, rs_row_batch_t *batch, bool stored) {
    driver_t *driver = context;
    const size_t expected = driver->stored + driver->not_stored;
    assert_true(expected < driver->next);
    assert_ptr_equal(batch, driver->handed[expected]);   /* in order, each once */
    if (stored) driver->stored++;
    else driver->not_stored++;
}

static void on_rewound(void *context, uint64_t after, uint64_t upto) {
    driver_t *driver = context;
    driver->rewound++;
    driver->rewound_after = after;
    driver->rewound_upto = upto;
}

static void on_rebuilt_done(void *context, rs_row_batch_t *batch, bool stored) {
    driver_t *driver = context;
    assert_ptr_equal(batch, driver->rebuilt);
    rs_row_batch_destroy(&driver->rebuilt);
    if (stored) driver->rebuilt_stored++;
}

static void on_log(void *context, rs_store_log_level_t level, const char *text) {
    driver_t *driver = context;
    if (driver->log_count < MAX_LOG) snprintf(driver->log[driver->log_count++], sizeof driver->log[0], "%s", text);
    if (getenv("RS_TEST_VERBOSE") != NULL) fprintf(stderr, "[%d] %s\n", (int)level, text);
}

static void on_watchdog(uv_timer_t *timer) {
    driver_t *driver = timer->data;
    driver->timed_out = true;
}

void driver_start(driver_t *driver, const driver_options_t *options) {
    *driver = (driver_t){.closed = false};
    assert_int_equal(uv_loop_init(&driver->loop), 0);
    const rs_store_settings_t settings = {
        .conninfo = rs_str(options->conninfo), .stream = rs_str(options->stream == NULL ? "main" : options->stream),
        .connect_timeout_us = options->connect_timeout_us, .run = options->run == 0 ? 7 : options->run, .flush_us = 5000,
        .backoff_min_us = 2000, .backoff_max_us = 50000,
        .max_transitions = options->max_transitions, .confirmed = options->confirmed, .owed = options->owed,
        .migrate = !options->no_migration};
    const rs_store_callbacks_t callbacks = {.context = driver, .request_rows = on_request, .rows_done = on_rows_done, .log = on_log,
                                            .rewound = options->rebuilds ? on_rewound : NULL, .rebuilt_done = on_rebuilt_done};
    char why[256] = "";
    const int status = rs_store_create(&driver->loop, &settings, &callbacks, why, sizeof why, &driver->store);
    if (status != RS_OK) fail_msg("create: %s", why);
}

void driver_hand(driver_t *driver, rs_row_batch_t *batch) {
    assert_true(driver->handed_count < MAX_HANDED);
    driver->positions[driver->handed_count] = driver->handed_count + 1;
    driver->handed[driver->handed_count++] = batch;
}

void driver_hand_row(driver_t *driver, const rs_row_t *row) {
    rs_row_batch_t *batch = NULL;
    assert_int_equal(rs_row_batch_create(10, 0, &batch), RS_OK);
    assert_int_equal(rs_row_batch_add(batch, row), RS_OK);
    driver_hand(driver, batch);
}

static void run(driver_t *driver, bool (*done)(driver_t *driver), uint64_t ms) {
    assert_int_equal(uv_timer_init(&driver->loop, &driver->watchdog), 0);
    driver->watchdog.data = driver;
    driver->timed_out = false;
    uv_timer_start(&driver->watchdog, on_watchdog, ms, 0);
    while (!driver->timed_out && (done == NULL || !done(driver))) {
        uv_run(&driver->loop, UV_RUN_ONCE);
        if (driver->must_answer) answer(driver);
    }
    uv_close((uv_handle_t *)&driver->watchdog, NULL);
    uv_run(&driver->loop, UV_RUN_NOWAIT);
    if (driver->must_answer) answer(driver);
}

void driver_run(driver_t *driver, bool (*done)(driver_t *driver)) {
    run(driver, done, 120000);
    if (!driver->timed_out) return;
    for (size_t i = 0; i < driver->log_count; i++) fprintf(stderr, "  log: %s\n", driver->log[i]);
    fail_msg("timed out; state %s", rs_store_state_name(driver_status(driver).state));
}

void driver_run_for(driver_t *driver, uint64_t ms) { run(driver, NULL, ms); }

rs_store_status_t driver_status(driver_t *driver) {
    rs_store_status_t status;
    rs_store_status(driver->store, &status);
    return status;
}

bool all_stored(driver_t *driver) { return driver->stored == driver->handed_count; }
bool is_connected(driver_t *driver) { return driver_status(driver).connected; }
bool has_failed(driver_t *driver) { return driver_status(driver).failures > 0; }
bool is_idle_without_backlog(driver_t *driver) {
    const rs_store_status_t status = driver_status(driver);
    return status.state == RS_STORE_IDLE && status.backlog == 0 && all_stored(driver);
}

bool driver_logged(const driver_t *driver, const char *part) {
    for (size_t i = 0; i < driver->log_count; i++)
        if (strstr(driver->log[i], part) != NULL) return true;
    return false;
}

static void on_closed(void *context, int status, uint64_t left) {
    driver_t *driver = context;
    assert_false(driver->closed);
    driver->closed = true;
    driver->close_status = status;
    driver->left = left;
}

static bool is_closed(driver_t *driver) { return driver->closed; }

int driver_stop(driver_t *driver, int64_t deadline_us) {
    rs_store_flush_and_close(driver->store, deadline_us, on_closed, driver);
    assert_false(driver->closed);
    driver_run(driver, is_closed);
    rs_store_destroy(&driver->store);
    assert_null(driver->store);
    assert_int_equal(uv_loop_alive(&driver->loop), 0);
    assert_int_equal(uv_loop_close(&driver->loop), 0);
    for (size_t i = 0; i < driver->handed_count; i++) rs_row_batch_destroy(&driver->handed[i]);
    return driver->close_status;
}
