/* The rules of core/process/path.h, one story each. */
#include "process_test.h"

#include <stdlib.h>

typedef struct rule { const char *says, *story, *edges; } rule_t;

static const rule_t rules[] = {
    {"a call through the flow, a queue and an answer ends answered",
     "created c 0; queued c q a 5; answered c a ann 15; ended c 75",
     "begin>flow 1 | flow>queue:a 1/5s | queue:a>talk 1/10s | talk>end:answered 1/60s"},
    {"who leaves the queue ends abandoned, whoever says so", "queued c q a 0; abandoned c 8; queued d q a 0; ended d 9",
     "begin>queue:a 2 | queue:a>end:abandoned 2/17s"},
    {"who leaves before any queue", "created c 0; abandoned c r flow 4; created d 0; ended d 6",
     "begin>flow 2 | flow>end:abandoned 1/4s | flow>end:before_queue 1/6s"},
    {"blocked before it could wait", "created c 0; blocked c q a 3", "begin>flow 1 | flow>end:blocked 1/3s"},
    {"blocked elsewhere while it waits changes nothing", "queued c q a 0; blocked c q b 3; answered c a ann 4",
     "begin>queue:a 1 | queue:a>talk 1/4s"},
    {"an offer rings, a failed one goes back to the queue",
     "queued c q a 0; offered c a ann 2; offer_failed c a ann 7; offered c a bob 8; answered c a bob 10",
     "begin>queue:a 1 | queue:a>ring 2/3s | ring>queue:a 1/5s | ring>talk 1/2s"},
    {"of two that ring both must fail",
     "queued c q a 0; offered c a ann 2; offered c a bob 2; offer_failed c a ann 5; offer_failed c a bob 9",
     "begin>queue:a 1 | queue:a>ring 1/2s | ring>queue:a 1/7s"},
    {"who leaves while it rings has abandoned", "queued c q a 0; offered c a ann 2; abandoned c 7",
     "begin>queue:a 1 | queue:a>ring 1/2s | ring>end:abandoned 1/5s"},
    {"an agent may be rung without a queue", "created c 0; offered c a ann 1; offer_failed c 4; offered c a bob 5; answered c a bob 6",
     "begin>flow 1 | flow>ring 2/2s | ring>flow 1/3s | ring>talk 1/1s"},
    {"hold and back", "answered c a ann 0; held c 10; retrieved c 14; ended c 20",
     "begin>talk 1 | talk>hold 1/10s | talk>end:answered 1/6s | hold>talk 1/4s"},
    {"an end on hold is an answered one", "answered c a ann 0; held c 10; ended c 14",
     "begin>talk 1 | talk>hold 1/10s | hold>end:answered 1/4s"},
    {"a transfer to a queue", "queued c q a 0; answered c a ann 5; transferred c tq b 20; queued c q b 22; answered c a bob 30; ended c 40",
     "begin>queue:a 1 | queue:a>talk 1/5s | queue:b>talk 1/8s | talk>transfer 1/15s | talk>end:answered 1/10s | transfer>queue:b 1/2s"},
    {"a transfer out of the house ends at once", "answered c a ann 0; transferred c r external tq b 20",
     "begin>talk 1 | talk>transfer 1/20s | transfer>end:transferred 1/0s"},
    {"a transfer to nobody named ends until something follows", "answered c a ann 0; transferred c 20; queued c q b 26",
     "begin>talk 1 | talk>transfer 1/20s | transfer>queue:b 1/6s"},
    {"the caller gives up in the transfer", "answered c a ann 0; transferred c tq b 20; ended c 25",
     "begin>talk 1 | talk>transfer 1/20s | transfer>end:transferred 1/5s"},
    {"a consultation's queue holds the contact until it closes", "answered c a ann 0; queued c q b 10; dequeued c r timeout 16; ended c 30",
     "begin>talk 1 | queue:b>talk 1/6s | talk>queue:b 1/10s | talk>end:answered 1/14s"},
    {"another agent without a leg is another stay in talk", "answered c a ann 0; answered c a bob 10; ended c 30",
     "begin>talk 1 | talk>talk 1/10s | talk>end:answered 1/20s"},
    {"the same agent again is nothing", "answered c a ann 0; answered c a ann 10; ended c 30", "begin>talk 1 | talk>end:answered 1/30s"},
    {"a queue that is left flows out", "queued c q a 0; dequeued c r timeout 60", "begin>queue:a 1 | queue:a>end:flowed_out 1/60s"},
    {"and what follows takes that end back, without the time between",
     "queued c q a 0; dequeued c r timeout 60; queued c q b 70; abandoned c 75",
     "begin>queue:a 1 | queue:a>queue:b 1/60s | queue:b>end:abandoned 1/5s"},
    {"a requeue", "queued c q a 0; queued c q a 30; queued c q b 50", "begin>queue:a 1 | queue:a>queue:a 1/30s | queue:a>queue:b 1/20s"},
    {"wrap-up comes after the end, and is followed by it",
     "answered c a ann 0; ended c 60; wrapup_started c a ann 62; wrapup_ended c a ann 90",
     "begin>talk 1 | talk>wrap 1/60s | wrap>end:answered 1/28s"},
    {"a wrap-up that ends the talk", "answered c a ann 0; wrapup_started c a ann 62; ended c 63; wrapup_ended c a ann 90",
     "begin>talk 1 | talk>wrap 1/62s | wrap>end:answered 1/28s"},
    {"a wrap-up beside the way", "queued c q a 0; answered c a ann 5; transferred c a ann tq b 20; queued c q b 21; "
                                 "wrapup_started c a ann 22; wrapup_ended c a ann 40; abandoned c 50",
     "begin>queue:a 1 | queue:a>talk 1/5s | queue:b>end:abandoned 1/29s | talk>transfer 1/15s | transfer>queue:b 1/1s"},
    {"two wrap-ups are over when both are",
     "answered c a ann 0; transferred c a ann ta bob 10; answered c a bob 11; wrapup_started c a ann 12; ended c 20;"
     "wrapup_started c a bob 21; wrapup_ended c a bob 30; wrapup_ended c a ann 50",
     "begin>talk 1 | talk>transfer 1/10s | talk>wrap 1/9s | transfer>talk 1/1s | wrap>end:answered 1/29s"},
    {"a survey after the end", "answered c a ann 0; ended c 60; survey.answered c 100; survey.answered c 101",
     "begin>talk 1 | talk>survey 1/60s | survey>end:answered 1/0s"},
    {"a survey during the wrap-up comes after it",
     "answered c a ann 0; ended c 60; wrapup_started c 60; survey.answered c 70; wrapup_ended c 90",
     "begin>talk 1 | talk>wrap 1/60s | wrap>survey 1/30s | survey>end:answered 1/0s"},
    {"a promised call back waits, and comes",
     "queued c q a 0; dequeued c r callback 30; queued c q a 600; answered c a ann 610; ended c 700",
     "begin>queue:a 1 | queue:a>talk 1/10s | queue:a>callback 1/30s | talk>end:answered 1/90s | callback>queue:a 1/570s"},
    {"a call back that fails, and one more attempt",
     "queued c q a 0; dequeued c r callback 30; failed c 100; attempted c 200; answered c a ann 210",
     "begin>queue:a 1 | queue:a>callback 1/30s | callback>talk 1/180s"},
    {"a call back that fails", "queued c q a 0; dequeued c r callback 30; failed c 100",
     "begin>queue:a 1 | queue:a>callback 1/30s | callback>end:callback 1/70s"},
    {"one asked for after the talk", "answered c a ann 0; ended c 60; requested c 61; failed c 90",
     "begin>talk 1 | talk>callback 1/60s | callback>end:callback 1/29s"},
    {"a file that is closed", "created c 0; closed c 50; queued d q a 0; closed d 10; abandoned d 20",
     "begin>flow 1 | begin>queue:a 1 | flow>end:closed 1/50s | queue:a>end:abandoned 1/20s"},
    {"a file that is opened again", "created c 0; closed c 50; reopened c 80; queued c q a 90",
     "begin>flow 1 | flow>flow 1/50s | flow>queue:a 1/10s"},
    {"an outcome that a skewed clock puts before its queueing", "answered c s x a ann 10; queued c s y q a 11; ended c s x 40",
     "begin>queue:a 1 | queue:a>talk 1/0s | talk>end:answered 1/29s"},
    {"what never began but ends", "ended c 0; abandoned d 0", "begin>end:abandoned 1 | begin>end:before_queue 1"},
    {"messages and dispositions move nothing", "created c 0; message c 5; set c 6; queued c q a 9", "begin>flow 1 | flow>queue:a 1/9s"},
};

static void every_rule_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < RS_ARRAY_LEN(rules); i++) {
        process_test_t test;
        process_begin(&test, 1000, 100);
        process_tell(&test, rules[i].story);
        if (strcmp(process_edges(&test), rules[i].edges) != 0) print_message("%s\n", rules[i].says);
        assert_string_equal(process_edges(&test), rules[i].edges);
        process_end(&test);
    }
}

/* Told in any order within lateness it is the same way. */
static void late_events_are_put_where_they_belong(void **state) {
    (void)state;
    static const char *const orders[] = {
        "created c 0; queued c q a 5; answered c a ann 15; ended c 75; wrapup_started c a ann 75; wrapup_ended c a ann 100",
        "wrapup_ended c a ann 100; wrapup_started c a ann 75; ended c 75; answered c a ann 15; queued c q a 5; created c 0",
        "ended c 75; created c 0; wrapup_ended c a ann 100; queued c q a 5; wrapup_started c a ann 75; answered c a ann 15"};
    static const uint64_t numbers[][6] = {{1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1}, {4, 1, 6, 2, 5, 3}};
    for (size_t i = 0; i < RS_ARRAY_LEN(orders); i++) {
        process_test_t test;
        process_begin(&test, 1000, 100);
        char *text = strdup(orders[i]), *rest = NULL;
        size_t at = 0;
        for (char *one = strtok_r(text, ";", &rest); one != NULL; one = strtok_r(NULL, ";", &rest)) {
            test.seq = numbers[i][at++] - 1;
            process_tell(&test, one);
        }
        free(text);
        assert_string_equal(process_edges(&test),
                            "begin>flow 1 | flow>queue:a 1/5s | queue:a>talk 1/10s | talk>wrap 1/60s | wrap>end:answered 1/25s");
        assert_string_equal(process_variants(&test), "flow,queue:a,talk,wrap,end:answered 1/100s");
        process_end(&test);
    }
}

static void a_missing_end_is_an_end_with_the_time_that_is_known(void **state) {
    (void)state;
    process_test_t test;
    process_begin(&test, 1000, 100);
    process_tell(&test, "queued c q a 0; offered c a ann 40");
    rs_core_tick(test.core, process_at(40 + 86400 + 60));
    assert_string_equal(process_edges(&test), "begin>queue:a 1 | queue:a>ring 1/40s | ring>end:lost 1/0s");
    process_end(&test);
}

static void off_follows_nothing(void **state) {
    (void)state;
    process_test_t test;
    process_begin(&test, 0, 100);
    process_tell(&test, "created c 0; queued c q a 5; answered c a ann 15; ended c 75");
    assert_string_equal(process_edges(&test), "");
    assert_string_equal(process_variants(&test), "");
    assert_int_equal(test.core->contacts.paths.made, 0);
    process_end(&test);
}

int rules_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_holds), cmocka_unit_test(late_events_are_put_where_they_belong),
        cmocka_unit_test(a_missing_end_is_an_end_with_the_time_that_is_known), cmocka_unit_test(off_follows_nothing)};
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
