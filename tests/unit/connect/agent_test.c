/* One state per agent, from what the log says queue by queue. */
#include "connect/asterisk_agents.h"
#include "connect_tests.h"

#include <stdio.h>

typedef struct step {
    const char *line, *states;
} step_t; /* "" : the line gives no state */

static void run_steps(const char *name, const step_t *steps, size_t count) {
    heard_t heard;
    heard_start(&heard, NULL);
    for (size_t i = 0; i < count; i++) {
        char line[256], states[1024] = "";
        snprintf(line, sizeof line, "100|%s", steps[i].line);
        heard_clear(&heard);
        heard_lines(&heard, line);
        for (const char *at = heard.text; *at != 0; at += strcspn(at, "\n") + 1) {
            static const char prefix[] = "agent.state agent=";
            if (strncmp(at, prefix, sizeof prefix - 1) != 0) continue;
            const size_t used = strlen(states);
            snprintf(states + used, sizeof states - used, "%s%.*s", used == 0 ? "" : ", ",
                     (int)(strcspn(at, "\n") - sizeof prefix + 1), at + sizeof prefix - 1);
        }
        if (strcmp(states, steps[i].states) != 0)
            fail_msg("%s, step %zu: %s\nheard: %s\nexpected: %s", name, i, line, heard.text, steps[i].states);
    }
    heard_stop(&heard);
}

static void a_pause_in_all_queues_is_a_break_however_it_is_logged(void **state) {
    (void)state;
    static const step_t steps[] = {
        /* PAUSEALL stands before the lines of the queues */
        {"NONE|NONE|Bob|PAUSEALL|Lunch", "Bob state=break code=Lunch"},
        {"NONE|support|Bob|PAUSE|Lunch", "Bob state=break code=Lunch"},
        {"NONE|sales|Bob|PAUSE|Lunch", "Bob state=break code=Lunch"},
        /* another reason without an UNPAUSE between */
        {"NONE|NONE|Bob|PAUSEALL|Meeting", "Bob state=break code=Meeting"},
        {"NONE|support|Bob|PAUSE|Meeting", "Bob state=break code=Meeting"},
        {"NONE|sales|Bob|PAUSE|Meeting", "Bob state=break code=Meeting"},
        {"NONE|NONE|Bob|UNPAUSEALL|Back", "Bob state=available"},
        {"NONE|support|Bob|UNPAUSE|Back", "Bob state=available"},
        {"NONE|sales|Bob|UNPAUSE|Back", "Bob state=available"},
        /* unpaused although he was not paused */
        {"NONE|sales|Bob|UNPAUSE|Back", "Bob state=available"},
    };
    run_steps("all", steps, RS_ARRAY_LEN(steps));
}

static void a_pause_in_one_of_several_queues_is_none(void **state) {
    (void)state;
    static const step_t steps[] = {
        {"c1|support|Eve|CONNECT|1|x|0", ""},
        {"c2|sales|Eve|RINGNOANSWER|8000", ""},
        {"NONE|sales|Eve|PAUSE|Auto-Pause", "Eve state=available"},
        {"NONE|support|Eve|PAUSE|Tea", "Eve state=break code=Tea"},
        {"NONE|sales|Eve|UNPAUSE|", "Eve state=available"},
        {"NONE|sales|Eve|PAUSE|", "Eve state=break"},
        {"NONE|NONE|Eve|UNPAUSEALL|", "Eve state=available"},
        /* another agent is another one */
        {"c2|sales|Gil|RINGNOANSWER|8000", ""},
        {"NONE|sales|Gil|PAUSE|Auto-Pause", "Gil state=break code=Auto-Pause"},
        {"c3|support|Gil|RINGCANCELED|80", ""},
        {"NONE|sales|Gil|PAUSE|Auto-Pause", "Gil state=available"},
    };
    run_steps("one", steps, RS_ARRAY_LEN(steps));
}

static void a_pause_in_all_queues_holds_for_those_that_show_up_later(void **state) {
    (void)state;
    static const step_t steps[] = {
        {"NONE|NONE|Bob|PAUSEALL|Lunch", "Bob state=break code=Lunch"},
        {"c1|support|Bob|CONNECT|1|x|0", ""}, /* it rang already */
        {"NONE|sales|Bob|PAUSE|Lunch", "Bob state=break code=Lunch"},
        {"NONE|sales|Bob|UNPAUSE|", "Bob state=available"},
        {"NONE|sales|Bob|PAUSE|Tea", "Bob state=break code=Tea"},
        {"c2|vip|Bob|CONNECT|1|x|0", ""},
        {"NONE|sales|Bob|PAUSE|Tea", "Bob state=available"},
    };
    run_steps("later", steps, RS_ARRAY_LEN(steps));
}

static void joining_and_leaving_queues_is_how_dynamic_members_log_in_and_out(void **state) {
    (void)state;
    static const step_t steps[] = {
        {"MANAGER|support|L/113|ADDMEMBER|", "L/113 state=available"},
        {"NONE|support|L/113|PAUSE|Shift end", "L/113 state=break code=Shift end"},
        {"MANAGER|support|L/113|REMOVEMEMBER|", "L/113 state=offline"},
        /* the pause ended with the membership, without an UNPAUSE */
        {"MANAGER|support|L/113|ADDMEMBER|", "L/113 state=available"},
        {"MANAGER|sales|L/113|ADDMEMBER|PAUSED", "L/113 state=available"},
        {"MANAGER|support|L/113|REMOVEMEMBER|", "L/113 state=break code=Shift end"},
        {"NONE|sales|L/113|UNPAUSE|", "L/113 state=available"},
        {"CLI|sales|L/113|REMOVEMEMBER|", "L/113 state=offline"},
        {"CLI|sales|L/113|REMOVEMEMBER|", "L/113 state=offline"},
        {"CLI|sales|L/114|ADDMEMBER|PAUSED", "L/114 state=break"},
        {"CLI|support|L/114|ADDMEMBER|", "L/114 state=available"},
        {"NONE|NONE|L/114|PAUSEALL|x", "L/114 state=break code=x"},
        {"CLI|vip|L/114|ADDMEMBER|", "L/114 state=available"},
        {"c1|other|L/114|RINGNOANSWER|100", ""},
        {"NONE|vip|L/114|PAUSE|y",
         "L/114 state=available"}, /* the pause in all queues was over when he joined one without */
        /* a call that rings at him says that he is there after all */
        {"CLI|a|L/115|REMOVEMEMBER|", "L/115 state=offline"},
        {"c1|b|L/115|RINGNOANSWER|100", ""},
        {"NONE|b|L/115|UNPAUSE|", "L/115 state=available"},
    };
    run_steps("dynamic", steps, RS_ARRAY_LEN(steps));
}

static void the_login_of_a_pool_goes_above_its_queues(void **state) {
    (void)state;
    static const step_t steps[] = {
        {"c1|NONE|501|AGENTLOGIN|x", "501 state=available"},
        {"NONE|NONE|501|PAUSEALL|x", "501 state=break code=x"},
        {"c1|NONE|501|AGENTLOGOFF|x|420", "501 state=offline"},
        {"NONE|support|501|PAUSE|y", "501 state=offline"},
        {"c2|NONE|501|AGENTLOGIN|x", "501 state=break code=y"},
        {"NONE|support|501|UNPAUSE|", "501 state=available"},
        {"CLI|support|501|REMOVEMEMBER|", "501 state=available"},
        {"c2|NONE|501|AGENTLOGOFF|x|9", "501 state=offline"},
        {"CLI|support|501|ADDMEMBER|", "501 state=offline"},
    };
    run_steps("pool", steps, RS_ARRAY_LEN(steps));
}

static void a_restart_forgets_pauses_that_no_line_ended(void **state) {
    (void)state;
    static const step_t steps[] = {
        {"NONE|a|Bob|PAUSE|x", "Bob state=break code=x"},
        {"NONE|NONE|NONE|QUEUESTART|", ""},
        {"c1|b|Bob|RINGNOANSWER|5", ""},
        {"NONE|b|Bob|UNPAUSE|", "Bob state=available"},
        {"CLI|b|Bob|REMOVEMEMBER|", "Bob state=offline"}, /* and of the queue before nothing is known */
        {"c1|NONE|501|AGENTLOGOFF|x|9", "501 state=offline"},
        {"NONE|NONE|NONE|QUEUESTART|", ""},
        {"NONE|b|501|UNPAUSE|", "501 state=available"},
    };
    run_steps("restart", steps, RS_ARRAY_LEN(steps));
}

/* --- bounds ------------------------------------------------------------------------------------------------------ */
static rs_str_t name_of(char text[32], const char *word, unsigned number) {
    return (rs_str_t){.data = text, .len = (uint32_t)snprintf(text, 32, "%s-%u", word, number)};
}

static rs_agent_state_t state_of(rs_asterisk_agents_t *agents, rs_str_t agent) {
    rs_str_t reason;
    return rs_asterisk_agents_state(agents, agent, &reason);
}

static void past_the_bound_the_agent_longest_unheard_of_is_forgotten(void **state) {
    (void)state;
    rs_asterisk_agents_t *agents;
    char text[32];
    assert_int_equal(rs_asterisk_agents_create(&agents), RS_OK);
    for (unsigned i = 0; i < RS_ASTERISK_AGENTS; i++)
        rs_asterisk_agents_paused(agents, name_of(text, "agent", i), RS_STR("q"), RS_STR("x"));
    assert_int_equal(state_of(agents, RS_STR("agent-0")), RS_AGENT_BREAK);
    rs_asterisk_agents_paused(agents, RS_STR("new"), RS_STR("q"), RS_STR("x")); /* in the place of agent-1 */
    assert_int_equal(state_of(agents, RS_STR("agent-0")), RS_AGENT_BREAK);
    assert_int_equal(state_of(agents, RS_STR("agent-2")), RS_AGENT_BREAK);
    assert_int_equal(state_of(agents, RS_STR("new")), RS_AGENT_BREAK);
    assert_int_equal(state_of(agents, RS_STR("agent-1")), RS_AGENT_AVAILABLE);
    rs_asterisk_agents_destroy(&agents);
    rs_asterisk_agents_destroy(&agents);
}

static void queues_past_the_bounds_are_not_kept_and_nothing_breaks(void **state) {
    (void)state;
    rs_asterisk_agents_t *agents;
    char agent_text[32], queue_text[32];
    assert_int_equal(rs_asterisk_agents_create(&agents), RS_OK);
    for (unsigned agent = 0; agent < RS_ASTERISK_MEMBERSHIPS / RS_ASTERISK_QUEUES_PER_AGENT + 20; agent++) {
        for (unsigned queue = 0; queue < RS_ASTERISK_QUEUES_PER_AGENT + 3; queue++) {
            rs_asterisk_agents_joined(agents, name_of(agent_text, "agent", agent), name_of(queue_text, "queue", queue), true);
        }
    }
    assert_int_equal(state_of(agents, RS_STR("agent-147")), RS_AGENT_BREAK);
    assert_int_equal(state_of(agents, RS_STR("agent-0")), RS_AGENT_AVAILABLE); /* his queues went to agent-128 */
    for (unsigned queue = 0; queue < RS_ASTERISK_QUEUES_PER_AGENT; queue++) {
        assert_int_equal(state_of(agents, RS_STR("agent-147")), RS_AGENT_BREAK);
        rs_asterisk_agents_left(agents, RS_STR("agent-147"), name_of(queue_text, "queue", queue));
    }
    assert_int_equal(state_of(agents, RS_STR("agent-147")), RS_AGENT_OFFLINE);
    rs_asterisk_agents_clear(agents);
    assert_int_equal(state_of(agents, RS_STR("agent-146")), RS_AGENT_AVAILABLE);
    rs_asterisk_agents_destroy(&agents);
}

int agent_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_in_all_queues_is_a_break_however_it_is_logged),
        cmocka_unit_test(a_pause_in_one_of_several_queues_is_none),
        cmocka_unit_test(a_pause_in_all_queues_holds_for_those_that_show_up_later),
        cmocka_unit_test(joining_and_leaving_queues_is_how_dynamic_members_log_in_and_out),
        cmocka_unit_test(the_login_of_a_pool_goes_above_its_queues),
        cmocka_unit_test(a_restart_forgets_pauses_that_no_line_ended),
        cmocka_unit_test(past_the_bound_the_agent_longest_unheard_of_is_forgotten),
        cmocka_unit_test(queues_past_the_bounds_are_not_kept_and_nothing_breaks),
    };
    return cmocka_run_group_tests_name("queue_log agents", tests, NULL, NULL);
}
