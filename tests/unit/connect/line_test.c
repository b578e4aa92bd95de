/* Single lines: which events each kind of line gives, and what is refused. */
#include "connect_tests.h"

#include <stdio.h>
#include <stdlib.h>

#define T "1795310100|"
#define NAME_64 "0123456789012345678901234567890123456789012345678901234567890123"
#define ID_116 NAME_64 "0123456789012345678901234567890123456789012345678901"

typedef struct line_case {
    const char *name, *lines, *expected;
} line_case_t;

static const char *const settings[] = {"asterisk.member_delay.billing=1s", "asterisk.member_delay.sales=1500ms",
                                       "asterisk.members.\"Local/113@agents/n\"=Tina Temp",
                                       "asterisk.members.501=Pool Paula", NULL};

static void run_cases(const line_case_t *cases, size_t count) {
    heard_t heard;
    heard_start(&heard, settings);
    for (size_t i = 0; i < count; i++) {
        heard_forget(&heard);
        heard_lines(&heard, cases[i].lines);
        if (strcmp(heard.text, cases[i].expected) != 0) {
            fail_msg("%s\nlines:\n%s\nheard:\n%s\nexpected:\n%s", cases[i].name, cases[i].lines, heard.text,
                     cases[i].expected);
        }
    }
    heard_stop(&heard);
}

/* Every event of app_queue and of the dialplan's own, on a caller of whom nothing else is known. */
static void every_kind_of_line_gives_its_events(void **state) {
    (void)state;
    static const line_case_t cases[] = {
        {"queue start", T "NONE|NONE|NONE|QUEUESTART|", "source.started\n"},
        {"reload", T "NONE|NONE|NONE|CONFIGRELOAD|", ""},
        {"enter", T "c1|sales|NONE|ENTERQUEUE||+12125550180|1",
         "contact.queued contact=c1 queue=sales customer=+12125550180\n"},
        {"enter with a name", T "c1|sales|NONE|ENTERQUEUE||12|7|Bob",
         "contact.queued contact=c1 queue=sales customer=12\n"},
        {"enter without a number", T "c1|sales|NONE|ENTERQUEUE|||1", "contact.queued contact=c1 queue=sales\n"},
        {"enter with a url", T "c1|sales|NONE|ENTERQUEUE|http://a/b|12|1",
         "contact.queued contact=c1 queue=sales customer=12\n"},
        {"a hidden number is nobody's", T "c1|sales|NONE|ENTERQUEUE||Anonymous|1",
         "contact.queued contact=c1 queue=sales\n"},
        {"connect", T "c1|support|Bob|CONNECT|7|c2|3",
         "contact.offered contact=c1 queue=support agent=Bob\n"
         "contact.answered contact=c1 queue=support agent=Bob wait=7000\n"},
        {"complete by the agent", T "c1|sales|Bob|COMPLETEAGENT|7|55|1",
         "contact.ended contact=c1 queue=sales agent=Bob by=agent talk=55000\n"},
        {"complete by the caller", T "c1|sales|Bob|COMPLETECALLER|7|55|1",
         "contact.ended contact=c1 queue=sales agent=Bob by=customer talk=55000\n"},
        {"complete of an old version, without position", T "c1|sales|Bob|COMPLETECALLER|7|55",
         "contact.ended contact=c1 queue=sales agent=Bob by=customer talk=55000\n"},
        {"blind transfer", T "c1|sales|Bob|BLINDTRANSFER|8001|ctx|7|55|1",
         "contact.transferred contact=c1 queue=sales agent=Bob kind=blind talk=55000\n"},
        {"legacy transfer", T "c1|sales|Bob|TRANSFER|8001|ctx|7|55",
         "contact.transferred contact=c1 queue=sales agent=Bob kind=blind talk=55000\n"},
        {"attended transfer to a bridge", T "c1|sales|Bob|ATTENDEDTRANSFER|BRIDGE|0a-1b|7|55|1",
         "contact.transferred contact=c1 queue=sales agent=Bob kind=attended talk=55000\n"},
        {"attended transfer to an application", T "c1|sales|Bob|ATTENDEDTRANSFER|APP|Queue|7|55|1",
         "contact.transferred contact=c1 queue=sales agent=Bob kind=attended talk=55000\n"},
        {"attended transfer by a link has one field more",
         T "c1|sales|Bob|ATTENDEDTRANSFER|LINK|SIP/1-1|SIP/2-2|7|55|1",
         "contact.transferred contact=c1 queue=sales agent=Bob kind=attended talk=55000\n"},
        {"even where they look like figures", T "c1|sales|Bob|ATTENDEDTRANSFER|LINK|101|102|7|55|1",
         "contact.transferred contact=c1 queue=sales agent=Bob kind=attended talk=55000\n"},
        {"abandon", T "c1|sales|NONE|ABANDON|1|2|33",
         "contact.abandoned contact=c1 queue=sales stage=queue wait=33000\n"},
        {"abandon after a member answered", T "c1|billing|Ivan Ito|ABANDON|1|2|33",
         "contact.offered contact=c1 queue=billing agent=Ivan Ito\n"
         "contact.offer_failed contact=c1 queue=billing agent=Ivan Ito reason=canceled\n"
         "contact.abandoned contact=c1 queue=billing agent=Ivan Ito stage=ring wait=33000\n"},
        {"timeout", T "c1|sales|NONE|EXITWITHTIMEOUT|1|2|33",
         "contact.dequeued contact=c1 queue=sales reason=timeout wait=33000\n"},
        {"empty, after no time", T "c1|vip|NONE|EXITEMPTY|1|2|0",
         "contact.dequeued contact=c1 queue=vip reason=no_agents wait=0\n"},
        {"key: its wait is one field later", T "c1|sales|NONE|EXITWITHKEY|9|1|2|33",
         "contact.dequeued contact=c1 queue=sales reason=exit_key wait=33000\n"},
        {"withdraw", T "c1|sales|NONE|WITHDRAW|1|2|33|sms|sent",
         "contact.dequeued contact=c1 queue=sales reason=withdrawn wait=33000\n"},
        {"no answer: milliseconds", T "c1|sales|Bob|RINGNOANSWER|8000",
         "contact.offered contact=c1 queue=sales agent=Bob\n"
         "contact.offer_failed contact=c1 queue=sales agent=Bob reason=timeout ring=8000\n"},
        {"ring canceled: milliseconds", T "c1|sales|Bob|RINGCANCELED|2892",
         "contact.offered contact=c1 queue=sales agent=Bob\n"
         "contact.offer_failed contact=c1 queue=sales agent=Bob reason=canceled ring=2892\n"},
        {"agent dump", T "c1|billing|Bob|AGENTDUMP|",
         "contact.offered contact=c1 queue=billing agent=Bob\n"
         "contact.offer_failed contact=c1 queue=billing agent=Bob reason=rejected\n"},
        {"incompatible", T "c1|sales|Bob|SYSCOMPAT|",
         "contact.offered contact=c1 queue=sales agent=Bob\n"
         "contact.offer_failed contact=c1 queue=sales agent=Bob reason=error\n"
         "contact.dequeued contact=c1 queue=sales agent=Bob reason=error\n"},
        {"pause", T "NONE|sales|Bob|PAUSE|Lunch", "agent.state agent=Bob state=break code=Lunch\n"},
        {"pause without a reason", T "NONE|sales|Bob|PAUSE|", "agent.state agent=Bob state=break\n"},
        {"unpause", T "NONE|sales|Bob|UNPAUSE|Back", "agent.state agent=Bob state=available\n"},
        {"pause all", T "NONE|NONE|Bob|PAUSEALL|Pause café", "agent.state agent=Bob state=break code=Pause café\n"},
        {"unpause all", T "NONE|NONE|Bob|UNPAUSEALL|", "agent.state agent=Bob state=available\n"},
        {"login of an agent pool, by its id", T "c9|NONE|501|AGENTLOGIN|Local/501@x;1",
         "agent.state agent=Pool Paula state=available\n"},
        {"logoff", T "c9|NONE|502|AGENTLOGOFF|Local/502@x;1|420", "agent.state agent=502 state=offline\n"},
        {"callback login", T "c9|NONE|Agent/7|AGENTCALLBACKLOGIN|7@x", "agent.state agent=Agent/7 state=available\n"},
        {"callback logoff", T "c9|NONE|Agent/7|AGENTCALLBACKLOGOFF|7@x|9|",
         "agent.state agent=Agent/7 state=offline\n"},
        {"member added, by its interface", T "MANAGER|support|Local/113@agents/n|ADDMEMBER|",
         "agent.queue_joined queue=support agent=Tina Temp\nagent.state agent=Tina Temp state=available\n"},
        {"member added paused", T "CLI|support|Local/114@agents/n|ADDMEMBER|PAUSED",
         "agent.queue_joined queue=support agent=Local/114@agents/n\nagent.state agent=Local/114@agents/n "
         "state=break\n"},
        {"member removed", T "REALTIME|support|Local/113@agents/n|REMOVEMEMBER|",
         "agent.queue_left queue=support agent=Tina Temp\nagent.state agent=Tina Temp state=offline\n"},
        {"penalty", T "NONE|support|Local/113@agents/n|PENALTY|3", ""},
        {"ring in use", T "NONE|support|Local/113@agents/n|RINGINUSE|1", ""},
        {"dialled number", T "c1|sales|NONE|DID|8002", ""},
        {"outbound", T "c1|sales|NONE|OUTCALL|ANSWER|33|x", ""},
        {"disposition", T "c1|sales|Bob|DISPOSITION|resolved|topic1",
         "disposition.set contact=c1 queue=sales agent=Bob code=resolved topic=topic1 resolved=yes\n"},
        {"disposition, not resolved", T "c1|sales|Bob|DISPOSITION|unresolved|",
         "disposition.set contact=c1 queue=sales agent=Bob code=unresolved resolved=no\n"},
        {"another disposition", T "c1|sales|Bob|DISPOSITION|sold",
         "disposition.set contact=c1 queue=sales agent=Bob code=sold\n"},
        {"survey", T "c1|sales|Bob|CSAT|4", "survey.answered contact=c1 queue=sales agent=Bob kind=csat score=4000\n"},
        {"call back wanted", T "c1|sales|NONE|CALLBACKREQUEST|4420",
         "callback.requested contact=c1 queue=sales customer=4420\n"},
        {"an interface without a member name is the agent everywhere", T "c1|vip|Local/113@agents/n|CONNECT|0|c2|0",
         "contact.offered contact=c1 queue=vip agent=Tina Temp\n"
         "contact.answered contact=c1 queue=vip agent=Tina Temp wait=0\n"},
    };
    run_cases(cases, RS_ARRAY_LEN(cases));
}

static void odd_but_sound_lines_are_taken(void **state) {
    (void)state;
    static const line_case_t cases[] = {
        {"blank lines", "\n\n\r\n", ""},
        {"CRLF", T "c1|sales|NONE|ABANDON|1|2|33\r\n",
         "contact.abandoned contact=c1 queue=sales stage=queue wait=33000\n"},
        {"only the last carriage return is one", T "c1|sales|NONE|ENTERQUEUE||1\r2|3\r\r\n",
         "refused bad_type position 2\n"},
        {"UTF-8 names", T "c1|Продажи|Carla Díaz|CONNECT|1|c2|0",
         "contact.offered contact=c1 queue=Продажи agent=Carla Díaz\n"
         "contact.answered contact=c1 queue=Продажи agent=Carla Díaz wait=1000\n"},
        {"a name with apostrophe and dot", T "NONE|sales|Eve O'Brien jr.|PAUSE|",
         "agent.state agent=Eve O'Brien jr. state=break\n"},
        {"more fields than known", T "c1|sales|Bob|COMPLETECALLER|7|55|1|2|3|4|5|6|7|8|9|10|11|12|13",
         "contact.ended contact=c1 queue=sales agent=Bob by=customer talk=55000\n"},
        {"a bar in the caller's number hides it", T "c1|sales|NONE|ENTERQUEUE||al|ice|1",
         "contact.queued contact=c1 queue=sales\n"},
        {"a bar in the url looks like a name behind the position", T "c1|sales|NONE|ENTERQUEUE|http://a|b|12|1",
         "contact.queued contact=c1 queue=sales customer=b\n"},
        {"a bar in the extension", T "c1|sales|Bob|BLINDTRANSFER|80|01|ctx|7|55|1",
         "contact.transferred contact=c1 queue=sales agent=Bob kind=blind talk=55000\n"},
        {"bars in channel names", T "c1|sales|Bob|ATTENDEDTRANSFER|LINK|SIP/a|b|SIP/c|d|7|55|1",
         "contact.transferred contact=c1 queue=sales agent=Bob kind=attended talk=55000\n"},
        {"a bar in a reason", T "NONE|sales|Bob|PAUSE|a|b", "agent.state agent=Bob state=break code=a\n"},
        {"a caller's number that is not UTF-8 is left out", T "c1|sales|NONE|ENTERQUEUE||\xFF\xFE|1",
         "contact.queued contact=c1 queue=sales\n"},
        {"one that is too long, too", T "c1|sales|NONE|ENTERQUEUE||" NAME_64 NAME_64 "9|1",
         "contact.queued contact=c1 queue=sales\n"},
        {"the longest one is kept", T "c1|sales|NONE|ENTERQUEUE||" NAME_64 NAME_64 "|1",
         "contact.queued contact=c1 queue=sales customer=" NAME_64 NAME_64 "\n"},
        {"a reason that is not UTF-8 is left out", T "NONE|sales|Bob|PAUSE|\xC3(",
         "agent.state agent=Bob state=break\n"},
        {"a long reason is cut between characters",
         T "NONE|sales|Bob|PAUSE|"
           "012345678901234567890123456789012345678901234567890123456789012"
           "éx",
         "agent.state agent=Bob state=break code=012345678901234567890123456789012345678901234567890123456789012\n"},
        {"the longest names", T ID_116 "|" NAME_64 "|" NAME_64 "|CONNECT|0|x|0",
         "contact.offered contact=" ID_116 " queue=" NAME_64 " agent=" NAME_64 "\n"
         "contact.answered contact=" ID_116 " queue=" NAME_64 " agent=" NAME_64 " wait=0\n"},
        {"a member delay is taken off", T "c1|billing|Bob|CONNECT|7|x|0\n" T "c2|sales|Bob|CONNECT|7|x|0",
         "contact.offered contact=c1 queue=billing agent=Bob\n"
         "contact.answered contact=c1 queue=billing agent=Bob wait=6000\n"
         "contact.offered contact=c2 queue=sales agent=Bob\n"
         "contact.answered contact=c2 queue=sales agent=Bob wait=5500\n"},
        {"but never below nothing", T "c1|billing|Bob|CONNECT|0|x|0",
         "contact.offered contact=c1 queue=billing agent=Bob\n"
         "contact.answered contact=c1 queue=billing agent=Bob wait=0\n"},
        {"nor off an abandoned wait", T "c1|billing|NONE|ABANDON|1|1|7",
         "contact.abandoned contact=c1 queue=billing stage=queue wait=7000\n"},
        {"a clock that was set back: no time, not a lost call", T "c1|sales|Bob|COMPLETECALLER|-3|-55|1",
         "contact.ended contact=c1 queue=sales agent=Bob by=customer talk=0\n"},
        {"the longest wait", T "c1|sales|NONE|ABANDON|1|1|4294967",
         "contact.abandoned contact=c1 queue=sales stage=queue wait=4294967000\n"},
        {"second 0", "0|c1|sales|NONE|ABANDON|1|1|0", "contact.abandoned contact=c1 queue=sales stage=queue wait=0\n"},
    };
    run_cases(cases, RS_ARRAY_LEN(cases));
}

static void broken_lines_are_refused_with_their_reason(void **state) {
    (void)state;
    static const line_case_t cases[] = {
        {"no bar", "garbage", "refused malformed  7\n"},
        {"four fields", T "c1|sales|NONE", "refused malformed  24\n"},
        {"cut in the event", T "c1|sales|NONE|ABAN", "refused unknown_type event 4\n"},
        {"no event", T "c1|sales|NONE|", "refused unknown_type event 0\n"},
        {"an unknown event", T "c1|sales|NONE|WRAPUPSTART|30", "refused unknown_type event 11\n"},
        {"lower case is another event", T "c1|sales|NONE|connect|30", "refused unknown_type event 7\n"},
        {"no time", "|c1|sales|NONE|ABANDON|1|1|1", "refused bad_time time 0\n"},
        {"a time with a fraction", "1795310100.5|c1|sales|NONE|ABANDON|1|1|1", "refused bad_time time 12\n"},
        {"a negative time", "-5|c1|sales|NONE|ABANDON|1|1|1", "refused bad_time time 2\n"},
        {"a time past 2262", "9214646400|c1|sales|NONE|ABANDON|1|1|1", "refused bad_time time 10\n"},
        {"a time past 64 bits", "99999999999999999999|c1|sales|NONE|ABANDON|1|1|1", "refused bad_time time 20\n"},
        {"no call id", T "|sales|NONE|ABANDON|1|1|1", "refused missing_field callid 0\n"},
        {"an administrator is no caller",
         T "NONE|sales|NONE|ABANDON|1|1|1\n" T "MANAGER|sales|B|CONNECT|1|1|1\n" T "CLI|s|NONE|CSAT|1\n" T
           "REALTIME|s|NONE|ENTERQUEUE||1|1",
         "refused missing_field callid 4\nrefused missing_field callid 7\nrefused missing_field callid 3\nrefused "
         "missing_field callid 8\n"},
        {"a call id of 117 bytes", T ID_116 "x|sales|NONE|ABANDON|1|1|1", "refused too_long callid 117\n"},
        {"a call id that is not UTF-8", T "c\xFF|sales|NONE|ABANDON|1|1|1", "refused not_utf8 callid 2\n"},
        {"a queue of 65 bytes", T "c1|" NAME_64 "x|NONE|ENTERQUEUE||1|1", "refused too_long queue 65\n"},
        {"an agent of 65 bytes", T "c1|sales|" NAME_64 "x|CONNECT|1|x|1", "refused too_long agent 65\n"},
        {"an agent that is not UTF-8", T "NONE|sales|B\xE9|PAUSE|", "refused not_utf8 agent 2\n"},
        {"a queue that is not UTF-8", T "c1|\xC0\x80|NONE|ENTERQUEUE||1|1", "refused not_utf8 queue 2\n"},
        {"entering no queue", T "c1|NONE|NONE|ENTERQUEUE||1|1\n" T "c1||NONE|ENTERQUEUE||1|1",
         "refused missing_field queue 0\nrefused missing_field queue 0\n"},
        {"entering, cut", T "c1|sales|NONE|ENTERQUEUE||+1212", "refused missing_field position 0\n"},
        {"entering, no number anywhere", T "c1|sales|NONE|ENTERQUEUE||a|b|c", "refused bad_type position 1\n"},
        {"connect, cut", T "c1|sales|Bob|CONNECT|", "refused missing_field holdtime 0\n"},
        {"connect, not a number", T "c1|sales|Bob|CONNECT|7s|x|0", "refused bad_type holdtime 2\n"},
        {"connect after 50 days", T "c1|sales|Bob|CONNECT|4294968|x|0", "refused out_of_range holdtime 7\n"},
        {"complete, cut", T "c1|sales|Bob|COMPLETECALLER|7|", "refused missing_field talktime 0\n"},
        {"complete, bad position", T "c1|sales|Bob|COMPLETECALLER|7|8|x", "refused bad_type position 1\n"},
        {"abandon, a field short", T "c1|sales|NONE|ABANDON|1|2", "refused missing_field waited 0\n"},
        {"key, a field short", T "c1|sales|NONE|EXITWITHKEY|9|1|2", "refused missing_field waited 0\n"},
        {"no answer, bad time", T "c1|sales|Bob|RINGNOANSWER|4294967296", "refused out_of_range ringtime 10\n"},
        {"a survey without a score", T "c1|sales|Bob|CSAT|good", "refused bad_type score 4\n"},
        {"a survey off every scale", T "c1|sales|Bob|CSAT|1000001", "refused out_of_range score 7\n"},
        {"a pause of nobody", T "NONE|sales|NONE|PAUSE|x", "refused missing_field agent 0\n"},
        {"a member of nothing", T "CLI|NONE|Bob|ADDMEMBER|\n" T "CLI|sales|NONE|REMOVEMEMBER|",
         "refused missing_field queue 0\nrefused missing_field agent 0\n"},
        {"a disposition that is not UTF-8", T "c1|sales|Bob|DISPOSITION|\xFF", "refused not_utf8 data.code 1\n"},
        {"two lines in one, after a crash in the first", T "c1|sales|NONE|ABAN" T "NONE|NONE|NONE|QUEUESTART|",
         "refused unknown_type event 14\n"},
        {"the same, later in the line", T "c1|sales|NONE|ABANDON|1|1|" T "NONE|NONE|NONE|QUEUESTART|",
         "refused out_of_range waited 10\n"},
    };
    run_cases(cases, RS_ARRAY_LEN(cases));
}

static void bytes_that_no_text_file_has_are_refused(void **state) {
    (void)state;
    heard_t heard;
    static char line[RS_ASTERISK_LINE_MAX + 1];
    heard_start(&heard, NULL);
    const char nul[] = T "c1|sa\0les|NONE|ABANDON|1|1|1";
    heard_line(&heard, (rs_str_t){.data = nul, .len = sizeof nul - 1});
    assert_heard(&heard, "refused malformed  39\n");
    /* exactly as long as allowed, and one more */
    const int head = snprintf(line, sizeof line, T "c1|sales|NONE|WITHDRAW|1|1|1|");
    memset(line + head, 'x', sizeof line - (size_t)head);
    heard_line(&heard, (rs_str_t){.data = line, .len = RS_ASTERISK_LINE_MAX});
    assert_heard(&heard, "contact.dequeued contact=c1 queue=sales reason=withdrawn wait=1000\n");
    heard_line(&heard, (rs_str_t){.data = line, .len = RS_ASTERISK_LINE_MAX + 1});
    assert_heard(&heard, "refused too_large  4097\n");
    memset(line, '|', sizeof line);
    heard_line(&heard, (rs_str_t){.data = line, .len = RS_ASTERISK_LINE_MAX});
    assert_heard(&heard, "refused bad_time time 0\n");
    const rs_asterisk_stats_t stats = heard_stats(&heard);
    assert_int_equal(stats.lines, 4);
    assert_int_equal(stats.refused, 3);
    assert_int_equal(stats.events, 1);
    heard_stop(&heard);
}

static void any_cut_of_any_line_is_taken_or_refused_as_a_whole(void **state) {
    (void)state;
    size_t len;
    char *log = read_source_file("tests/fixtures/asterisk/queue_log", &len);
    heard_t heard;
    heard_start(&heard, NULL);
    free(heard.text);
    heard.text = NULL; /* heard_line checks: at most three events, none when refused, each one sound */
    size_t at = 0;
    for (uint32_t lines = 0; lines < 300 && at < len; lines++) {
        const char *feed = memchr(log + at, '\n', len - at);
        const size_t line_len = (size_t)(feed - (log + at));
        for (size_t cut = 0; cut <= line_len; cut++)
            heard_line(&heard, (rs_str_t){.data = log + at, .len = (uint32_t)cut});
        at += line_len + 1;
    }
    const rs_asterisk_stats_t stats = heard_stats(&heard);
    assert_true(stats.refused > 5000 && stats.events > 600);
    assert_int_equal(stats.events, heard.events);
    assert_int_equal(stats.refused, heard.refusals);
    heard_stop(&heard);
    free(log);
}

/* --- identity ---------------------------------------------------------------------------------------------------- */
static void numbers_count_events_and_leave_no_hole_for_refused_lines(void **state) {
    (void)state;
    heard_t heard;
    heard_start(&heard, NULL);
    heard.with_identity = true;
    heard_lines(&heard, "garbage\n100|c1|q|NONE|ENTERQUEUE||5|1\n100|c1|q|NONE|NEWTHING|\n101|c1|q|NONE|ABANDON|1|1|x\n"
                        "101|c1|q|A|CONNECT|1|x|0\n102|c1|q|A|CONNECT|4294968|x|0\n103|c1|q|A|COMPLETEAGENT|1|2|1\n");
    assert_heard(&heard, "refused malformed  7\n"
                         "asterisk:100-90506f5d/1@100 contact.queued contact=c1 queue=q customer=5\n"
                         "refused unknown_type event 8\n"
                         "refused bad_type waited 1\n"
                         "asterisk:100-90506f5d/2@101 contact.offered contact=c1 queue=q agent=A\n"
                         "asterisk:100-90506f5d/3@101 contact.answered contact=c1 queue=q agent=A wait=1000\n"
                         "refused out_of_range holdtime 7\n"
                         "asterisk:100-90506f5d/4@103 contact.ended contact=c1 queue=q agent=A by=agent talk=2000\n");
    heard_stop(&heard);
}

static void an_incarnation_is_named_by_its_first_good_line_and_the_offset(void **state) {
    (void)state;
    heard_t heard;
    heard_start(&heard, NULL);
    heard.with_identity = true;
    heard_lines(&heard, "\n100|c1|q|NONE|ENTERQUEUE||5|1\n");
    rs_asterisk_parser_begin(heard.parser, 4711);
    heard_lines(&heard, "x\n200|c1|q|NONE|ABANDON|1|1|100\n201|c2|q|NONE|ENTERQUEUE||6|1\n");
    rs_asterisk_parser_begin(heard.parser, 0);
    heard_lines(&heard, "201|c3|q|NONE|ENTERQUEUE||6|1\n");
    rs_asterisk_parser_begin(heard.parser, 0);
    heard_lines(&heard, "201|c4|q|NONE|ENTERQUEUE||6|1\n");
    assert_heard(&heard,
                 "asterisk:100-90506f5d/1@100 contact.queued contact=c1 queue=q customer=5\n"
                 "refused malformed  1\n"
                 "asterisk:200-50776fb0@4711/1@200 contact.abandoned contact=c1 queue=q stage=queue wait=100000\n"
                 "asterisk:200-50776fb0@4711/2@201 contact.queued contact=c2 queue=q customer=6\n"
                 "asterisk:201-d1b1afba/1@201 contact.queued contact=c3 queue=q customer=6\n"
                 "asterisk:201-ae8d0079/1@201 contact.queued contact=c4 queue=q customer=6\n");
    heard_stop(&heard);
}

/* A copy of the file under the same name (as some synchronise it) begins the same incarnation: what was known is
 * forgotten, so that the same lines give the same events with the same numbers. */
static void the_same_file_once_more_gives_the_same_events(void **state) {
    (void)state;
    static const char lines[] =
        "100|c1|q|NONE|ENTERQUEUE||5|1\n101|c1|q|NONE|ABANDON|1|1|1\n102|c1|q|NONE|ENTERQUEUE||5|1\n"
        "103|NONE|q|A|PAUSE|x\n103|NONE|r|A|UNPAUSE|\n";
    char first[2048];
    heard_t heard;
    heard_start(&heard, NULL);
    heard.with_identity = true;
    heard_lines(&heard, lines);
    memcpy(first, heard.text, heard.len + 1);
    heard_clear(&heard);
    rs_asterisk_parser_begin(heard.parser, 0);
    heard_lines(&heard, lines);
    assert_heard(&heard, first);
    heard_stop(&heard);
}

static void source_and_tenant_are_as_configured(void **state) {
    (void)state;
    static const char *const sets[] = {"asterisk.source=pbx-1", "asterisk.tenant=acme", NULL};
    heard_t heard;
    rs_refused_t refused;
    heard_start(&heard, sets);
    heard.with_identity = true;
    heard_lines(&heard, "100|NONE|NONE|NONE|QUEUESTART|\n");
    assert_int_equal(heard.events, 1);
    assert_int_equal(strncmp(heard.text, "pbx-1:100-", 10), 0);
    assert_int_equal(rs_asterisk_parser_refuse(heard.parser, RS_REFUSAL_TOO_LARGE, "", 70000, &refused), RS_ERR_PARSE);
    assert_string_equal(refused.source, "pbx-1");
    assert_int_equal(refused.len, 70000);
    assert_int_equal(heard_stats(&heard).refused, 1);
    heard_stop(&heard);
}

int line_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_line_gives_its_events),
        cmocka_unit_test(odd_but_sound_lines_are_taken),
        cmocka_unit_test(broken_lines_are_refused_with_their_reason),
        cmocka_unit_test(bytes_that_no_text_file_has_are_refused),
        cmocka_unit_test(any_cut_of_any_line_is_taken_or_refused_as_a_whole),
        cmocka_unit_test(numbers_count_events_and_leave_no_hole_for_refused_lines),
        cmocka_unit_test(an_incarnation_is_named_by_its_first_good_line_and_the_offset),
        cmocka_unit_test(the_same_file_once_more_gives_the_same_events),
        cmocka_unit_test(source_and_tenant_are_as_configured),
    };
    return cmocka_run_group_tests_name("queue_log lines", tests, NULL, NULL);
}
