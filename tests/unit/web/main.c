#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "web/web.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

/* A server in a loop of its own, and libcurl in another thread. */
typedef struct world {
    uv_loop_t loop;
    rs_web_t *web;
    uv_async_t done;
    const char *why;                   /* not ready */
    bool is_long;
} world_t;

static void put_metrics(void *context, rs_metrics_t *page) {
    const world_t *world = context;
    rs_metrics_gauge(page, "rs_answer", "The answer.", 42);
    if (!world->is_long) return;
    rs_metrics_family(page, "rs_long", RS_METRIC_GAUGE, "Long.");
    for (unsigned i = 0; i < RS_METRICS_MAX / 10; i++) rs_metrics_whole(page, NULL, 0, i);
}
static const char *not_ready(void *context) { return ((world_t *)context)->why; }

static rs_web_options_t options_of(world_t *world, const char *listen) {
    return (rs_web_options_t){.loop = &world->loop, .listen = rs_str(listen), .context = world, .metrics = put_metrics,
                              .not_ready = not_ready};
}

static void on_done(uv_async_t *async) {
    world_t *world = async->data;
    rs_web_close(&world->web);
    uv_close((uv_handle_t *)async, NULL);
}

typedef struct request {
    world_t *world;
    const char *path, *method, *header;
    long status;
    char type[128], body[256];
    size_t len;
} request_t;

static size_t keep(char *bytes, size_t size, size_t count, void *context) {
    request_t *request = context;
    const size_t len = size * count, room = sizeof request->body - 1 - request->len, kept = len < room ? len : room;
    memcpy(request->body + request->len, bytes, kept);
    request->len += kept;
    return len;
}

static void *ask(void *context) {
    request_t *request = context;
    char url[256];
    const char *type = NULL;
    CURL *curl = curl_easy_init();
    snprintf(url, sizeof url, "http://%s%s", rs_web_address(request->world->web), request->path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    if (strcmp(request->method, "POST") == 0) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "a body that nobody reads");
    struct curl_slist *headers = request->header == NULL ? NULL : curl_slist_append(NULL, request->header);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &request->status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    snprintf(request->type, sizeof request->type, "%s", type == NULL ? "" : type);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    uv_async_send(&request->world->done);
    return NULL;
}

static request_t answer_at(const char *listen, const char *method, const char *path, const char *header, const char *why, bool is_long) {
    world_t world = {.why = why, .is_long = is_long};
    request_t request = {.world = &world, .path = path, .method = method, .header = header};
    uv_loop_init(&world.loop);
    uv_async_init(&world.loop, &world.done, on_done);
    world.done.data = &world;
    const rs_web_options_t options = options_of(&world, listen);
    assert_int_equal(rs_web_open(&options, &world.web), RS_OK);
    pthread_t thread;
    pthread_create(&thread, NULL, ask, &request);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    pthread_join(thread, NULL);
    assert_int_equal(uv_loop_close(&world.loop), 0);
    return request;
}

static request_t answer_to(const char *method, const char *path, const char *header, const char *why, bool is_long) {
    return answer_at("127.0.0.1:0", method, path, header, why, is_long);
}

static void metrics_come_in_the_form_that_was_asked_for(void **state) {
    (void)state;
    request_t request = answer_to("GET", "/metrics", NULL, NULL, false);
    assert_int_equal(request.status, 200);
    assert_string_equal(request.type, "text/plain; version=0.0.4; charset=utf-8");
    assert_string_equal(request.body, "# HELP rs_answer The answer.\n# TYPE rs_answer gauge\nrs_answer 42\n");
    request = answer_to("GET", "/metrics", "Accept: application/openmetrics-text; version=1.0.0,text/plain;q=0.5", NULL, false);
    assert_string_equal(request.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_string_equal(request.body, "# HELP rs_answer The answer.\n# TYPE rs_answer gauge\nrs_answer 42\n# EOF\n");
}

static void a_page_without_room_is_an_error_and_no_half_page(void **state) {
    (void)state;
    const request_t request = answer_to("GET", "/metrics", NULL, NULL, true);
    assert_int_equal(request.status, 500);
    assert_string_equal(request.type, "application/problem+json");
}

static void ready_is_what_the_daemon_says(void **state) {
    (void)state;
    assert_string_equal(answer_to("GET", "/readyz", NULL, NULL, false).body, "ready\n");
    const request_t request = answer_to("GET", "/readyz", NULL, "events cannot be written to disk", false);
    assert_int_equal(request.status, 503);
    assert_string_equal(request.body, "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                                      "\"detail\":\"events cannot be written to disk\"}\n");
    assert_string_equal(answer_to("GET", "/healthz", NULL, "events cannot be written to disk", false).body, "ok\n");
}

static void everything_else_is_a_problem_document(void **state) {
    (void)state;
    static const struct { const char *method, *path; long status; } cases[] = {
        {"GET", "/", 404}, {"GET", "/metrics?x=/metrics/", 200}, {"GET", "/metricsx", 404}, {"POST", "/metrics", 405},
        {"PUT", "/nothing", 405}};
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        const request_t request = answer_to(cases[i].method, cases[i].path, NULL, NULL, false);
        assert_int_equal(request.status, cases[i].status);
        if (request.status != 200) assert_string_equal(request.type, "application/problem+json");
    }
}

static void on_loopback_nobody_reads_it_through_a_name_of_his_own(void **state) {
    (void)state;
    static const struct { const char *listen, *header; long status; } cases[] = {
        {"127.0.0.1:0", "Host: evil.example", 403}, {"127.0.0.1:0", "Host: localhost.evil.example:8570", 403},
        {"127.0.0.1:0", "Host: 127.0.0.1.evil.example", 403},
        {"127.0.0.1:0", "Host: 1.2.3", 403}, {"127.0.0.1:0", "Host: LocalHost:8570", 200}, {"127.0.0.1:0", "Host: 127.0.0.1", 200},
        {"127.0.0.1:0", "Host: [::1]:8570", 200},
        {"127.8.0.1:0", "Host: evil.example", 403}, {"[::1]:0", "Host: evil.example:8570", 403},
        {"0.0.0.0:0", "Host: metrics.example", 200}};
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        assert_int_equal(answer_at(cases[i].listen, "GET", "/metrics", cases[i].header, NULL, false).status, cases[i].status);
    }
}

static void an_address_that_is_none_or_taken_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"", "8570", ":8570", "localhost:8570", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                                      "127.0.0.1:80x", "[::1:80", "::1:80x", "[::1]80"};
    world_t world = {0};
    rs_web_t *second = NULL;
    uv_loop_init(&world.loop);
    for (size_t i = 0; i < RS_ARRAY_LEN(bad); i++) {
        const rs_web_options_t options = options_of(&world, bad[i]);
        assert_int_equal(rs_web_open(&options, &world.web), RS_ERR_INVALID);
    }
    rs_web_options_t options = options_of(&world, "127.0.0.1:0");
    assert_int_equal(rs_web_open(&options, &world.web), RS_OK);
    options.listen = rs_str(rs_web_address(world.web));
    assert_int_equal(rs_web_open(&options, &second), RS_ERR_IO);
    assert_int_equal(errno, EADDRINUSE);
    rs_web_close(&second);
    rs_web_close(&world.web);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world.loop), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(metrics_come_in_the_form_that_was_asked_for),
                                       cmocka_unit_test(a_page_without_room_is_an_error_and_no_half_page),
                                       cmocka_unit_test(ready_is_what_the_daemon_says),
                                       cmocka_unit_test(everything_else_is_a_problem_document),
                                       cmocka_unit_test(on_loopback_nobody_reads_it_through_a_name_of_his_own),
                                       cmocka_unit_test(an_address_that_is_none_or_taken_is_refused)};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const int failed = cmocka_run_group_tests_name("web", tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
