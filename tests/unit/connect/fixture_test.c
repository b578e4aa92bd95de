/* A real Asterisk's 15 minutes (tests/fixtures/asterisk): counts as its lines give them, every end at its
 * conversation. */
#include "connect_tests.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_CONTACTS = 2000, MAX_LINE_KINDS = 64 };

typedef struct contact {
    char id[RS_MAX_CONTACT_ID + 1], journey[RS_MAX_CONTACT_ID + 1], queue[RS_MAX_NAME + 1], agent[RS_MAX_NAME + 1];
    uint32_t queued, answered, left, over;
} contact_t;

typedef struct run {
    heard_t heard;
    contact_t *contacts;
    uint32_t contact_count;
    uint32_t by_type[RS_EVENT_TYPE_COUNT], offers_failed[RS_OFFER_COUNT], left[RS_FLOW_COUNT], ended_by[RS_PARTY_COUNT];
    uint32_t transferred[RS_TRANSFER_COUNT], abandoned[RS_STAGE_COUNT], states[RS_AGENT_STATE_COUNT];
    char agents[64][RS_MAX_NAME + 1];
    uint32_t agent_count;
    uint64_t last_seq;
    int64_t last_us;
} run_t;

static void copy(char *to, rs_str_t text) {
    memcpy(to, text.len == 0 ? "" : text.data, text.len);
    to[text.len] = 0;
}

static contact_t *contact_of(run_t *run, rs_str_t id) {
    for (uint32_t i = 0; i < run->contact_count; i++) {
        if (rs_str_equal(rs_str(run->contacts[i].id), id)) return &run->contacts[i];
    }
    assert_true(run->contact_count < MAX_CONTACTS);
    contact_t *contact = &run->contacts[run->contact_count++];
    copy(contact->id, id);
    return contact;
}

/* Every contact: queued, then answered or gone, then over; by the same agent in the same queue. */
static void follow_contact(run_t *run, const rs_event_t *event) {
    contact_t *contact = contact_of(run, event->contact_id);
    switch (event->type) {
        case RS_CONTACT_QUEUED:
            assert_int_equal(contact->queued++, 0);
            copy(contact->queue, event->queue);
            copy(contact->journey, event->journey_id.len == 0 ? event->contact_id : event->journey_id);
            break;
        case RS_CONTACT_ANSWERED:
            assert_true(contact->queued == 1 && contact->answered == 0 && contact->left == 0);
            contact->answered++;
            copy(contact->agent, event->agent);
            break;
        case RS_CONTACT_ABANDONED:
        case RS_CONTACT_DEQUEUED:
            assert_true(contact->queued == 1 && contact->answered == 0 && contact->left == 0);
            contact->left++;
            break;
        case RS_CONTACT_ENDED:
        case RS_CONTACT_TRANSFERRED:
            if (contact->answered != 1 || contact->over != 0)
                fail_msg("an end of %s, which does not talk", contact->id);
            contact->over++;
            assert_true(rs_str_equal(event->agent, rs_str(contact->agent)));
            break;
        default: assert_int_equal(contact->queued, 1); break;
    }
    assert_true(rs_str_equal(event->queue, rs_str(contact->queue)));
}

static void note_agent(run_t *run, rs_str_t name) {
    uint32_t i = 0;
    while (i < run->agent_count && !rs_str_equal(rs_str(run->agents[i]), name)) i++;
    if (i < run->agent_count || name.len == 0) return;
    assert_true(run->agent_count < RS_ARRAY_LEN(run->agents));
    copy(run->agents[run->agent_count++], name);
}

static void count_event(void *context, const rs_event_t *event) {
    run_t *run = context;
    run->by_type[event->type]++;
    switch (event->type) {
        case RS_CONTACT_OFFER_FAILED: run->offers_failed[event->reason]++; break;
        case RS_CONTACT_DEQUEUED: run->left[event->reason]++; break;
        case RS_CONTACT_ENDED: run->ended_by[event->party]++; break;
        case RS_CONTACT_TRANSFERRED: run->transferred[event->kind]++; break;
        case RS_CONTACT_ABANDONED: run->abandoned[event->stage]++; break;
        case RS_AGENT_STATE: run->states[event->state]++; break;
        default: break;
    }
    assert_int_equal(event->seq, ++run->last_seq);
    assert_true(event->occurred_us >= run->last_us);
    run->last_us = event->occurred_us;
    note_agent(run, event->agent);
    if (event->contact_id.len != 0) follow_contact(run, event);
}

typedef struct kind {
    char name[32];
    uint32_t count;
} kind_t;

static void count_line(kind_t kinds[MAX_LINE_KINDS], rs_str_t line) {
    const char *at = line.data;
    for (unsigned field = 0; field < 4; field++) at = (const char *)memchr(at, '|', 100) + 1;
    const size_t len = strcspn(at, "|\n");
    kind_t *kind = kinds;
    while (kind->count != 0 && (strlen(kind->name) != len || memcmp(kind->name, at, len) != 0)) kind++;
    memcpy(kind->name, at, len);
    kind->count++;
}

static uint32_t lines_of(const kind_t *kinds, const char *name) {
    while (kinds->count != 0 && strcmp(kinds->name, name) != 0) kinds++;
    return kinds->count;
}

static void play(run_t *run, kind_t kinds[MAX_LINE_KINDS], const char *const *sets) {
    size_t len;
    rs_refused_t refused;
    char *log = read_source_file("tests/fixtures/asterisk/queue_log", &len);
    *run = (run_t){.contacts = calloc(MAX_CONTACTS, sizeof(contact_t))};
    assert_non_null(run->contacts);
    heard_start(&run->heard, sets);
    for (size_t at = 0; at < len;) {
        const char *feed = memchr(log + at, '\n', len - at);
        const rs_str_t line = {.data = log + at, .len = (uint32_t)(feed - (log + at))};
        if (rs_asterisk_parser_line(run->heard.parser, line, count_event, run, &refused) != RS_OK)
            fail_msg("%.*s", (int)line.len, line.data);
        assert_false(rs_asterisk_parser_more(run->heard.parser, count_event, run));
        count_line(kinds, line);
        at += line.len + 1;
    }
    free(log);
}

static void end_play(run_t *run) {
    heard_stop(&run->heard);
    free(run->contacts);
}

static void every_line_of_the_real_run_is_counted_as_it_was_recounted(void **state) {
    (void)state;
    run_t run;
    kind_t kinds[MAX_LINE_KINDS] = {0};
    play(&run, kinds, NULL);
    /* the fixture is the one that was recounted */
    assert_int_equal(lines_of(kinds, "ENTERQUEUE"), 612);
    assert_int_equal(lines_of(kinds, "DID"), 604);
    assert_int_equal(lines_of(kinds, "PAUSE"), 127);
    const uint32_t *got = run.by_type;
    assert_int_equal(got[RS_CONTACT_QUEUED], 612);
    assert_int_equal(got[RS_CONTACT_ANSWERED], 488);
    assert_int_equal(got[RS_CONTACT_ENDED], 213 + 212);
    assert_int_equal(run.ended_by[RS_PARTY_CUSTOMER], 213);
    assert_int_equal(run.ended_by[RS_PARTY_AGENT], 212);
    assert_int_equal(got[RS_CONTACT_TRANSFERRED], 32 + 31);
    assert_int_equal(run.transferred[RS_TRANSFER_BLIND], 32);
    assert_int_equal(run.transferred[RS_TRANSFER_ATTENDED], 31);
    assert_int_equal(got[RS_CONTACT_ABANDONED], 84);
    assert_int_equal(run.abandoned[RS_STAGE_RING], 2);
    assert_int_equal(got[RS_CONTACT_DEQUEUED], 9 + 2 + 7 + 22);
    assert_int_equal(run.left[RS_FLOW_TIMEOUT], 9);
    assert_int_equal(run.left[RS_FLOW_NO_AGENTS], 2);
    assert_int_equal(run.left[RS_FLOW_WITHDRAWN], 7);
    assert_int_equal(run.left[RS_FLOW_EXIT_KEY], 22);
    assert_int_equal(got[RS_CONTACT_OFFERED], 488 + 68 + 36 + 6 + 2);
    assert_int_equal(got[RS_CONTACT_OFFER_FAILED], 68 + 36 + 6 + 2);
    assert_int_equal(run.offers_failed[RS_OFFER_TIMEOUT], 68);
    assert_int_equal(run.offers_failed[RS_OFFER_CANCELED], 36 + 2);
    assert_int_equal(run.offers_failed[RS_OFFER_REJECTED], 6);
    assert_int_equal(got[RS_DISPOSITION_SET], 222);
    assert_int_equal(got[RS_SURVEY_ANSWERED], 149);
    assert_int_equal(got[RS_CALLBACK_REQUESTED], 14);
    assert_int_equal(got[RS_AGENT_QUEUE_JOINED], 4);
    assert_int_equal(got[RS_AGENT_QUEUE_LEFT], 3);
    assert_int_equal(got[RS_AGENT_STATE], 127 + 114 + 44 + 40 + 3 + 3 + 4 + 3);
    assert_int_equal(got[RS_SOURCE_STARTED], 1);
    const rs_asterisk_stats_t stats = heard_stats(&run.heard);
    assert_int_equal(stats.refused, 0);
    assert_int_equal(stats.ignored, 604 + 1 + 1 + 2);
    assert_int_equal(stats.events, run.last_seq);
    assert_int_equal(stats.cut_off + stats.forgotten, 0);
    end_play(&run);
}

/* 43 under call ids that never entered a queue, and three blind transfers under ids that enter the next queue
 * themselves. */
static void every_end_under_another_call_id_finds_its_conversation(void **state) {
    (void)state;
    run_t run;
    kind_t kinds[MAX_LINE_KINDS] = {0};
    play(&run, kinds, NULL);
    assert_int_equal(heard_stats(&run.heard).joined, 43 + 3);
    assert_int_equal(heard_stats(&run.heard).unjoined, 0);
    uint32_t visits = 0, answered = 0, over = 0, left = 0;
    for (uint32_t i = 0; i < run.contact_count; i++) {
        const contact_t *contact = &run.contacts[i];
        visits += contact->queued;
        answered += contact->answered;
        over += contact->over;
        left += contact->left;
        if (contact->answered != contact->over) fail_msg("%s was never ended", contact->id);
    }
    assert_int_equal(run.contact_count, 612);
    assert_int_equal(visits, 612);
    assert_int_equal(answered, 488);
    assert_int_equal(over, 488);
    assert_int_equal(left, 84 + 40);
    end_play(&run);
}

static void several_visits_of_one_call_are_one_journey(void **state) {
    (void)state;
    run_t run;
    kind_t kinds[MAX_LINE_KINDS] = {0};
    play(&run, kinds, NULL);
    uint32_t later_visits = 0, journeys = 0, same_queue = 0;
    for (uint32_t i = 0; i < run.contact_count; i++) {
        const contact_t *contact = &run.contacts[i];
        later_visits += strchr(contact->id, '/') != NULL;
        journeys += strcmp(contact->id, contact->journey) == 0;
        bool again = false;
        for (uint32_t j = 0; j < i; j++) {
            again = again || (strcmp(run.contacts[j].journey, contact->journey) == 0 &&
                              strcmp(run.contacts[j].queue, contact->queue) == 0);
        }
        same_queue += again;
    }
    assert_int_equal(later_visits, 612 - 586); /* 586 call ids entered */
    assert_int_equal(journeys, 583);           /* the calls that were made: three changed their id on the way */
    assert_int_equal(same_queue, 4);
    end_play(&run);
}

static void members_known_by_interface_are_one_agent_with_their_names(void **state) {
    (void)state;
    static const char *const sets[] = {"asterisk.members.\"Local/113@agents/n\"=Tina Temp",
                                       "asterisk.members.\"Local/114@agents/n\"=Uwe Urlaub",
                                       "asterisk.members.501=Pool Paula", "asterisk.members.502=Pool Pete", NULL};
    run_t plain, named;
    kind_t kinds[MAX_LINE_KINDS] = {0}, again[MAX_LINE_KINDS] = {0};
    play(&plain, kinds, NULL);
    play(&named, again, sets);
    /* REMOVEMEMBER: three go offline; three logoffs of pool agents */
    assert_int_equal(plain.states[RS_AGENT_OFFLINE], 6);
    assert_int_equal(named.states[RS_AGENT_OFFLINE], 6);
    assert_int_equal(plain.last_seq, named.last_seq);
    /* 17 members; two of them also by the interface they were added by, two by the id they log in with */
    assert_int_equal(plain.agent_count, 17 + 4);
    assert_int_equal(named.agent_count, 17);
    end_play(&plain);
    end_play(&named);
}

int fixture_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_the_real_run_is_counted_as_it_was_recounted),
        cmocka_unit_test(every_end_under_another_call_id_finds_its_conversation),
        cmocka_unit_test(several_visits_of_one_call_are_one_journey),
        cmocka_unit_test(members_known_by_interface_are_one_agent_with_their_names),
    };
    return cmocka_run_group_tests_name("queue_log of a real run", tests, NULL, NULL);
}
