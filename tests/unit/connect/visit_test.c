/* Callers from line to line: visits, ends under another call id, what Asterisk's own end cuts off, and the bounds. */
#include "connect/asterisk_visits.h"
#include "connect_tests.h"

#include <stdio.h>
#include <stdlib.h>

static void hear(const char *name, const char *lines, const char *expected) {
    heard_t heard;
    heard_start(&heard, NULL);
    heard_lines(&heard, lines);
    if (strcmp(heard.text, expected) != 0) fail_msg("%s\nheard:\n%s\nexpected:\n%s", name, heard.text, expected);
    heard_stop(&heard);
}

/* --- several visits of one call ---------------------------------------------------------------------------------- */
static void each_visit_of_a_call_is_a_contact_of_one_journey(void **state) {
    (void)state;
    hear("two queues, overflow",
         "10|c1|sales|NONE|ENTERQUEUE||5|1\n20|c1|sales|NONE|EXITWITHTIMEOUT|1|1|10\n20|c1|support|NONE|ENTERQUEUE||5|"
         "2\n"
         "25|c1|support|Bob|CONNECT|5|x|1\n30|c1|support|Bob|COMPLETECALLER|5|5|2\n31|c1|support|Bob|CSAT|4\n",
         "contact.queued contact=c1 queue=sales customer=5\n"
         "contact.dequeued contact=c1 queue=sales reason=timeout wait=10000\n"
         "contact.queued contact=c1/2 journey=c1 queue=support customer=5\n"
         "contact.offered contact=c1/2 journey=c1 queue=support agent=Bob\n"
         "contact.answered contact=c1/2 journey=c1 queue=support agent=Bob wait=5000\n"
         "contact.ended contact=c1/2 journey=c1 queue=support agent=Bob by=customer talk=5000\n"
         "survey.answered contact=c1/2 journey=c1 queue=support agent=Bob kind=csat score=4000\n");
    hear("three times, twice the same queue",
         "10|c1|sales|NONE|ENTERQUEUE||5|1\n11|c1|sales|Bob|CONNECT|1|x|1\n20|c1|sales|Bob|BLINDTRANSFER|8|x|1|9|1\n"
         "20|c1|sales|NONE|ENTERQUEUE||5|1\n25|c1|sales|NONE|EXITWITHKEY|9|1|1|5\n25|c1|vip|NONE|ENTERQUEUE||5|1\n",
         "contact.queued contact=c1 queue=sales customer=5\n"
         "contact.offered contact=c1 queue=sales agent=Bob\n"
         "contact.answered contact=c1 queue=sales agent=Bob wait=1000\n"
         "contact.transferred contact=c1 queue=sales agent=Bob kind=blind talk=9000\n"
         "contact.queued contact=c1/2 journey=c1 queue=sales customer=5\n"
         "contact.dequeued contact=c1/2 journey=c1 queue=sales reason=exit_key wait=5000\n"
         "contact.queued contact=c1/3 journey=c1 queue=vip customer=5\n");
}

static void entering_while_waiting_is_a_requeue_of_the_same_contact(void **state) {
    (void)state;
    hear("requeue",
         "10|c1|sales|NONE|ENTERQUEUE||5|1\n15|c1|support|NONE|ENTERQUEUE||5|1\n17|c1|support|NONE|ABANDON|1|1|2\n",
         "contact.queued contact=c1 queue=sales customer=5\n"
         "contact.queued contact=c1 queue=support customer=5\n"
         "contact.abandoned contact=c1 queue=support stage=queue wait=2000\n");
}

static void an_agent_who_hangs_up_early_leaves_the_caller_waiting(void **state) {
    (void)state;
    hear("dump, then answered", "10|c1|b|NONE|ENTERQUEUE||5|1\n14|c1|b|Ivan|AGENTDUMP|\n19|c1|b|Judy|CONNECT|9|x|2\n",
         "contact.queued contact=c1 queue=b customer=5\n"
         "contact.offered contact=c1 queue=b agent=Ivan\n"
         "contact.offer_failed contact=c1 queue=b agent=Ivan reason=rejected\n"
         "contact.offered contact=c1 queue=b agent=Judy\n"
         "contact.answered contact=c1 queue=b agent=Judy wait=9000\n");
}

/* The transferred caller's thread may be faster than the one that logs the transfer. */
static void a_transfer_logged_after_the_next_entry_ends_its_own_conversation(void **state) {
    (void)state;
    hear("late transfer",
         "10|c1|sales|NONE|ENTERQUEUE||5|1\n11|c1|sales|Bob|CONNECT|1|x|1\n20|c1|support|NONE|ENTERQUEUE||5|1\n"
         "20|c1|sales|Bob|BLINDTRANSFER|8|x|1|9|1\n22|c1|support|Eve|CONNECT|2|x|1\n29|c1|support|Eve|COMPLETEAGENT|2|"
         "7|1\n",
         "contact.queued contact=c1 queue=sales customer=5\n"
         "contact.offered contact=c1 queue=sales agent=Bob\n"
         "contact.answered contact=c1 queue=sales agent=Bob wait=1000\n"
         "contact.queued contact=c1/2 journey=c1 queue=support customer=5\n"
         "contact.transferred contact=c1 queue=sales agent=Bob kind=blind talk=9000\n"
         "contact.offered contact=c1/2 journey=c1 queue=support agent=Eve\n"
         "contact.answered contact=c1/2 journey=c1 queue=support agent=Eve wait=2000\n"
         "contact.ended contact=c1/2 journey=c1 queue=support agent=Eve by=agent talk=7000\n");
}

/* --- ends under another call id ---------------------------------------------------------------------------------- */
typedef struct join_case {
    const char *name, *lines; /* the last line is the end in question */
    const char *contact;      /* that it must give to */
    uint64_t joined, unjoined;
} join_case_t;

#define TWO_TALK                                                                                                      \
    "10|c1|q|NONE|ENTERQUEUE||5|1\n12|c1|q|Bob|CONNECT|2|x|0\n15|c2|q|NONE|ENTERQUEUE||6|1\n17|c2|q|Bob|CONNECT|2|x|" \
    "0\n"
#define ONE_TALKS "10|c1|q|NONE|ENTERQUEUE||5|3\n12|c1|q|Bob|CONNECT|2|x|0\n"

static void an_end_under_another_call_id_finds_its_conversation(void **state) {
    (void)state;
    static const join_case_t cases[] = {
        {"the only one", ONE_TALKS "30|z|q|Bob|COMPLETEAGENT|2|18|3",
         "contact.ended contact=c1 queue=q agent=Bob by=agent talk=18000", 1, 0},
        {"a blind transfer", ONE_TALKS "30|z|q|Bob|BLINDTRANSFER|8|x|2|18|3",
         "contact.transferred contact=c1 queue=q agent=Bob kind=blind talk=18000", 1, 0},
        {"an attended one", ONE_TALKS "30|z|q|Bob|ATTENDEDTRANSFER|LINK|a|b|2|18|3",
         "contact.transferred contact=c1 queue=q agent=Bob kind=attended talk=18000", 1, 0},
        {"the hold time a second off", ONE_TALKS "30|z|q|Bob|COMPLETEAGENT|3|17|3",
         "contact.ended contact=c1 queue=q agent=Bob by=agent talk=17000", 1, 0},
        {"the hold time two seconds off", ONE_TALKS "30|z|q|Bob|COMPLETEAGENT|4|18|3",
         "contact.ended contact=z queue=q agent=Bob by=agent talk=18000", 0, 1},
        {"another position", ONE_TALKS "30|z|q|Bob|COMPLETEAGENT|2|18|1",
         "contact.ended contact=z queue=q agent=Bob by=agent talk=18000", 0, 1},
        {"no position", ONE_TALKS "30|z|q|Bob|COMPLETEAGENT|2|18",
         "contact.ended contact=c1 queue=q agent=Bob by=agent talk=18000", 1, 0},
        {"another length: a conversation whose end was lost stays out", ONE_TALKS "99|z|q|Bob|COMPLETEAGENT|2|18|3",
         "contact.ended contact=z queue=q agent=Bob by=agent talk=18000", 0, 1},
        {"another agent", ONE_TALKS "30|z|q|Eve|COMPLETEAGENT|2|18|3",
         "contact.ended contact=z queue=q agent=Eve by=agent talk=18000", 0, 1},
        {"another queue", ONE_TALKS "30|z|r|Bob|COMPLETEAGENT|2|18|3",
         "contact.ended contact=z queue=r agent=Bob by=agent talk=18000", 0, 1},
        {"two candidates, the older", TWO_TALK "30|z|q|Bob|COMPLETEAGENT|2|18|1",
         "contact.ended contact=c1 queue=q agent=Bob by=agent talk=18000", 1, 0},
        {"two candidates, the younger", TWO_TALK "30|z|q|Bob|COMPLETEAGENT|2|13|1",
         "contact.ended contact=c2 queue=q agent=Bob by=agent talk=13000", 1, 0},
        {"two candidates, nearer to the younger", TWO_TALK "30|z|q|Bob|COMPLETEAGENT|2|15|1",
         "contact.ended contact=c2 queue=q agent=Bob by=agent talk=15000", 1, 0},
        {"two that are alike, the one that was answered first",
         "12|c1|q|Bob|CONNECT|2|x|0\n12|c2|q|Bob|CONNECT|2|x|0\n30|z|q|Bob|COMPLETEAGENT|2|18|1",
         "contact.ended contact=c1 queue=q agent=Bob by=agent talk=18000", 1, 0},
        {"its own conversation goes before a better fit", TWO_TALK "30|c1|q|Bob|COMPLETEAGENT|2|13|1",
         "contact.ended contact=c1 queue=q agent=Bob by=agent talk=13000", 0, 0},
        {"nobody known at all", "30|z|q|Bob|COMPLETEAGENT|2|18|3",
         "contact.ended contact=z queue=q agent=Bob by=agent talk=18000", 0, 1},
        {"a second end finds none", ONE_TALKS "30|c1|q|Bob|COMPLETEAGENT|2|18|3\n30|z|q|Bob|COMPLETEAGENT|2|18|3",
         "contact.ended contact=z queue=q agent=Bob by=agent talk=18000", 0, 1},
        {"a caller who waits is not ended by it",
         ONE_TALKS "29|c3|q|NONE|ENTERQUEUE||5|3\n30|c3|q|Eve|COMPLETEAGENT|2|18|3",
         "contact.ended contact=c3/0 journey=c3 queue=q agent=Eve by=agent talk=18000", 0, 1},
        {"not even when he waits under that other id",
         ONE_TALKS "29|z|r|NONE|ENTERQUEUE||5|3\n30|z|q|Bob|BLINDTRANSFER|8|x|2|18|3",
         "contact.transferred contact=c1 queue=q agent=Bob kind=blind talk=18000", 1, 0},
        {"the agent is called otherwise at the end", ONE_TALKS "30|c1|q|SIP/bob|COMPLETEAGENT|2|18|3",
         "contact.ended contact=c1 queue=q agent=SIP/bob by=agent talk=18000", 0, 0},
        {"the end of a conversation whose beginning was not read",
         "12|c1|q|Bob|CONNECT|2|x|0\n30|z|q|Bob|COMPLETEAGENT|2|18|3",
         "contact.ended contact=c1 queue=q agent=Bob by=agent talk=18000", 1, 0},
    };
    heard_t heard;
    heard_start(&heard, NULL);
    for (size_t i = 0; i < RS_ARRAY_LEN(cases); i++) {
        heard_forget(&heard);
        const rs_asterisk_stats_t before = heard_stats(&heard);
        heard_lines(&heard, cases[i].lines);
        heard.text[heard.len - 1] = 0;
        const char *last = strrchr(heard.text, '\n');
        if (strcmp(last == NULL ? heard.text : last + 1, cases[i].contact) != 0) {
            fail_msg("%s\nheard:\n%s\nexpected last:\n%s", cases[i].name, heard.text, cases[i].contact);
        }
        const rs_asterisk_stats_t stats = heard_stats(&heard);
        const uint64_t joined = stats.joined - before.joined, unjoined = stats.unjoined - before.unjoined;
        if (joined != cases[i].joined || unjoined != cases[i].unjoined) {
            fail_msg("%s: joined %u unjoined %u", cases[i].name, (unsigned)joined, (unsigned)unjoined);
        }
    }
    heard_stop(&heard);
}

/* As in the real run: a blind transfer under another call id, which then enters the next queue itself. */
static void what_follows_under_that_call_id_stays_in_the_journey(void **state) {
    (void)state;
    hear("transferred into a queue",
         ONE_TALKS "30|z|q|Bob|BLINDTRANSFER|8|x|2|18|3\n30|c1|q|Bob|DISPOSITION|resolved|\n30|z|q|Bob|CSAT|4\n30|z|r|"
                   "NONE|ENTERQUEUE||5|1\n"
                   "32|z|r|Eve|CONNECT|2|x|0\n40|z|r|Eve|COMPLETECALLER|2|8|1\n41|z|r|NONE|ENTERQUEUE||5|1\n",
         "contact.queued contact=c1 queue=q customer=5\n"
         "contact.offered contact=c1 queue=q agent=Bob\n"
         "contact.answered contact=c1 queue=q agent=Bob wait=2000\n"
         "contact.transferred contact=c1 queue=q agent=Bob kind=blind talk=18000\n"
         "disposition.set contact=c1 queue=q agent=Bob code=resolved resolved=yes\n"
         "survey.answered contact=c1 queue=q agent=Bob kind=csat score=4000\n"
         "contact.queued contact=z journey=c1 queue=r customer=5\n"
         "contact.offered contact=z journey=c1 queue=r agent=Eve\n"
         "contact.answered contact=z journey=c1 queue=r agent=Eve wait=2000\n"
         "contact.ended contact=z journey=c1 queue=r agent=Eve by=customer talk=8000\n"
         "contact.queued contact=z/2 journey=c1 queue=r customer=5\n");
}

/* --- Asterisk ends ----------------------------------------------------------------------------------------------- */
static void callers_whom_a_restart_cut_off_leave_in_the_second_before_it(void **state) {
    (void)state;
    heard_t heard;
    heard_start(&heard, NULL);
    heard_lines(&heard, "10|c1|q|NONE|ENTERQUEUE||5|1\n11|c2|q|NONE|ENTERQUEUE||5|2\n13|c1|q|Bob|CONNECT|3|x|0\n"
                        "14|c3|q|NONE|ENTERQUEUE||5|2\n15|c3|q|NONE|ABANDON|1|1|1\n20|NONE|q|Bob|PENALTY|1\n");
    heard_clear(&heard);
    heard.with_identity = true;
    heard_lines(&heard, "900|NONE|NONE|NONE|QUEUESTART|\n901|c4|q|NONE|ENTERQUEUE||5|1\n");
    assert_heard(&heard, "asterisk:10-90506f5d/7@900 source.started\n"
                         "asterisk:10-90506f5d/restart/900/3b4d9691fe12cd6e@20 contact.dequeued contact=c2 queue=q "
                         "reason=error wait=9000\n"
                         "asterisk:10-90506f5d/restart/900/54a72591872a0c3b@20 contact.ended contact=c1 queue=q "
                         "agent=Bob by=system talk=7000\n"
                         "asterisk:10-90506f5d/8@901 contact.queued contact=c4 queue=q customer=5\n");
    assert_int_equal(heard_stats(&heard).cut_off, 2);
    /* nobody is open twice */
    heard_lines(&heard, "905|NONE|NONE|NONE|QUEUESTART|\n906|NONE|NONE|NONE|QUEUESTART|\n");
    assert_int_equal(heard_stats(&heard).cut_off, 3);
    heard_stop(&heard);
}

/* --- how many events a line gives -------------------------------------------------------------------------------- */
/* So that the numbers agree wherever one begins to read: nothing but the line decides. */
static void what_came_before_does_not_change_how_many_events_a_line_gives(void **state) {
    (void)state;
    size_t len;
    char *log = read_source_file("tests/fixtures/asterisk/queue_log", &len);
    heard_t all, alone;
    heard_start(&all, NULL);
    heard_start(&alone, NULL);
    uint32_t lines = 0;
    for (size_t at = 0; at < len;) {
        const char *feed = memchr(log + at, '\n', len - at);
        const rs_str_t line = {.data = log + at, .len = (uint32_t)(feed - (log + at))};
        at += line.len + 1;
        heard_clear(&all);
        const uint64_t before = heard_stats(&all).events;
        heard_line(&all, line);
        lines++;
        heard_forget(&alone);
        heard_line(&alone, line);
        if (alone.events != heard_stats(&all).events - before) fail_msg("%.*s", (int)line.len, line.data);
    }
    assert_true(lines > 2000);
    heard_stop(&alone);
    heard_stop(&all);
    free(log);
}

/* --- bounds ------------------------------------------------------------------------------------------------------ */
static void enter(heard_t *heard, unsigned number) {
    char line[128];
    const int len = snprintf(line, sizeof line, "100|call-%u|q|NONE|ENTERQUEUE||5|1", number);
    heard_line(heard, (rs_str_t){.data = line, .len = (uint32_t)len});
}

static void abandon(heard_t *heard, unsigned number) {
    char line[128];
    const int len = snprintf(line, sizeof line, "101|call-%u|q|NONE|ABANDON|1|1|1", number);
    heard_line(heard, (rs_str_t){.data = line, .len = (uint32_t)len});
}

static void past_the_bound_those_who_are_over_are_forgotten_first(void **state) {
    (void)state;
    heard_t heard;
    heard_start(&heard, NULL);
    char *const text = heard.text;
    heard.text = NULL;
    for (unsigned i = 0; i < RS_ASTERISK_VISITS; i++) enter(&heard, i);
    for (unsigned i = 0; i < 1000; i++) abandon(&heard, 2 * i);
    for (unsigned i = 0; i < 1000; i++) enter(&heard, RS_ASTERISK_VISITS + i);
    assert_int_equal(heard_stats(&heard).forgotten, 0);
    enter(&heard, 2 * RS_ASTERISK_VISITS); /* nobody is over: the one longest unheard of */
    assert_int_equal(heard_stats(&heard).forgotten, 1);
    heard.text = text;
    heard_lines(&heard, "102|call-1|q|NONE|ENTERQUEUE||5|1\n" /* was forgotten: a first visit again */
                        "102|call-0|q|NONE|ENTERQUEUE||5|1\n" /* was over and forgotten */
                        "103|call-65536|q|NONE|ABANDON|1|1|1\n103|call-65536|q|NONE|ENTERQUEUE||5|1\n");
    assert_heard(&heard, "contact.queued contact=call-1 queue=q customer=5\n"
                         "contact.queued contact=call-0 queue=q customer=5\n"
                         "contact.abandoned contact=call-65536 queue=q stage=queue wait=1000\n"
                         "contact.queued contact=call-65536/2 journey=call-65536 queue=q customer=5\n");
    heard_stop(&heard);
}

/* One place only: an end under a foreign call id needs a place for the other name, too. */
static void the_smallest_table_still_tells_calls_apart(void **state) {
    (void)state;
    rs_visits_t *visits;
    assert_int_equal(rs_visits_create(1, &visits), RS_OK);
    for (unsigned round = 0; round < 3; round++) {
        rs_visit_t *visit = rs_visits_make(visits, RS_STR("a"));
        rs_visits_talk(visits, visit, RS_STR("q"), RS_STR("Bob"));
        assert_ptr_equal(rs_visits_find(visits, RS_STR("a")), visit);
        visit = rs_visits_make(visits, RS_STR("b"));
        assert_null(rs_visits_find(visits, RS_STR("a")));
        const rs_visit_end_t end = {
            .callid = RS_STR("a"), .queue = RS_STR("q"), .agent = RS_STR("Bob"), .position = -1};
        assert_null(rs_visits_match(visits, &end));
        rs_visits_wait(visits, visit, RS_STR("q"));
        assert_ptr_equal(rs_visits_oldest_open(visits), visit);
        rs_visits_end(visits, visit);
        assert_null(rs_visits_oldest_open(visits));
        if (round == 1) rs_visits_clear(visits);
    }
    assert_int_equal(rs_visits_forgotten(visits), 3);
    rs_visits_destroy(&visits);
    rs_visits_destroy(&visits);
}

int visit_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_visit_of_a_call_is_a_contact_of_one_journey),
        cmocka_unit_test(entering_while_waiting_is_a_requeue_of_the_same_contact),
        cmocka_unit_test(an_agent_who_hangs_up_early_leaves_the_caller_waiting),
        cmocka_unit_test(a_transfer_logged_after_the_next_entry_ends_its_own_conversation),
        cmocka_unit_test(an_end_under_another_call_id_finds_its_conversation),
        cmocka_unit_test(what_follows_under_that_call_id_stays_in_the_journey),
        cmocka_unit_test(callers_whom_a_restart_cut_off_leave_in_the_second_before_it),
        cmocka_unit_test(what_came_before_does_not_change_how_many_events_a_line_gives),
        cmocka_unit_test(past_the_bound_those_who_are_over_are_forgotten_first),
        cmocka_unit_test(the_smallest_table_still_tells_calls_apart),
    };
    return cmocka_run_group_tests_name("queue_log visits", tests, NULL, NULL);
}
