#include "connect/asterisk_queue_log.h"

#include "connect/asterisk_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* --- what the configuration says --------------------------------------------------------------------------------- */
static int compare_queues(const void *a, const void *b) {
    return rs_str_compare((*(const rs_asterisk_queue_t *const *)a)->name,
                          (*(const rs_asterisk_queue_t *const *)b)->name);
}

static int compare_members(const void *a, const void *b) {
    return rs_str_compare((*(const rs_asterisk_member_t *const *)a)->interface,
                          (*(const rs_asterisk_member_t *const *)b)->interface);
}

static int sort_names(rs_asterisk_parser_t *parser) {
    const rs_asterisk_config_t *config = parser->config;
    parser->queues = calloc((size_t)config->queue_count + 1, sizeof *parser->queues);
    parser->members = calloc((size_t)config->member_count + 1, sizeof *parser->members);
    if (parser->queues == NULL || parser->members == NULL) return RS_ERR_MEMORY;
    for (uint32_t i = 0; i < config->queue_count; i++) parser->queues[i] = &config->queues[i];
    for (uint32_t i = 0; i < config->member_count; i++) parser->members[i] = &config->members[i];
    qsort(parser->queues, config->queue_count, sizeof *parser->queues, compare_queues);
    qsort(parser->members, config->member_count, sizeof *parser->members, compare_members);
    return RS_OK;
}

int64_t rs__asterisk_member_delay_ms(const rs_asterisk_parser_t *parser, rs_str_t queue) {
    const rs_asterisk_queue_t wanted = {.name = queue}, *key = &wanted;
    const rs_asterisk_queue_t **found =
        bsearch(&key, parser->queues, parser->config->queue_count, sizeof key, compare_queues);
    return found == NULL ? 0 : (*found)->member_delay_us / RS_US_PER_MS;
}

static rs_str_t member_name(const rs_asterisk_parser_t *parser, rs_str_t agent) {
    const rs_asterisk_member_t wanted = {.interface = agent}, *key = &wanted;
    const rs_asterisk_member_t **found =
        bsearch(&key, parser->members, parser->config->member_count, sizeof key, compare_members);
    return found == NULL ? agent : (*found)->name;
}

rs_str_t rs__asterisk_source(const rs_asterisk_parser_t *parser) {
    return parser->config->source.len != 0 ? parser->config->source : RS_STR("asterisk");
}

int rs_asterisk_parser_create(const rs_asterisk_config_t *config, rs_asterisk_parser_t **parser_out) {
    rs_asterisk_parser_t *parser = calloc(1, sizeof *parser);
    if (parser == NULL) return RS_ERR_MEMORY;
    parser->config = config;
    if (sort_names(parser) != RS_OK || rs_visits_create(RS_ASTERISK_VISITS, &parser->visits) != RS_OK ||
        rs_asterisk_agents_create(&parser->agents) != RS_OK) {
        rs_asterisk_parser_destroy(&parser);
        return RS_ERR_MEMORY;
    }
    *parser_out = parser;
    return RS_OK;
}

void rs_asterisk_parser_destroy(rs_asterisk_parser_t **parser) {
    if (parser == NULL || *parser == NULL) return;
    rs_visits_destroy(&(*parser)->visits);
    rs_asterisk_agents_destroy(&(*parser)->agents);
    free((*parser)->queues);
    free((*parser)->members);
    free(*parser);
    *parser = NULL;
}

void rs_asterisk_parser_stats(const rs_asterisk_parser_t *parser, rs_asterisk_stats_t *stats) {
    *stats = parser->stats;
    stats->forgotten = rs_visits_forgotten(parser->visits);
}

/* --- incarnations ------------------------------------------------------------------------------------------------ */
void rs_asterisk_parser_begin(rs_asterisk_parser_t *parser, uint64_t offset) {
    parser->is_named = false;
    parser->offset = offset;
    parser->seq = 0;
}

const char *rs_asterisk_parser_incarnation(const rs_asterisk_parser_t *parser) { return parser->is_named ? parser->incarnation : ""; }
uint64_t rs_asterisk_parser_seq(const rs_asterisk_parser_t *parser) { return parser->seq; }

/* Only what stands before the data is hashed: there may be a caller's number in it. */
static void name_incarnation(rs_asterisk_parser_t *parser, const rs_line_t *line) {
    char name[RS_MAX_NAME + 1];
    const rs_str_t head = {.data = line->callid.data,
                           .len = (uint32_t)(line->event.data + line->event.len - line->callid.data)};
    const uint32_t hash = (uint32_t)rs_line_hash(head, (rs_str_t){0});
    int len = snprintf(name, sizeof name, "%" PRId64 "-%08" PRIx32, line->at_s, hash);
    if (parser->offset != 0) len += snprintf(name + len, sizeof name - (size_t)len, "@%" PRIu64, parser->offset);
    if (strcmp(name, parser->incarnation) == 0) {
        rs_visits_clear(parser->visits);
        rs_asterisk_agents_clear(parser->agents);
        parser->last_s = 0;
    }
    memcpy(parser->incarnation, name, (size_t)len + 1);
    parser->is_named = true;
}

/* --- giving events ----------------------------------------------------------------------------------------------- */
static rs_str_t unless_none(rs_str_t text) { return rs__is(text, "NONE") ? (rs_str_t){0} : text; }

rs_event_t rs__asterisk_event(const rs_job_t *job, rs_event_type_t type) {
    return (rs_event_t){.occurred_us = job->line.at_s * RS_US_PER_S,
                        .type = (uint8_t)type,
                        .source = rs__asterisk_source(job->parser),
                        .tenant = job->parser->config->tenant,
                        .incarnation = rs_str(job->parser->incarnation),
                        .agent = job->agent};
}

int rs__asterisk_give(rs_job_t *job, rs_event_t *event) {
    event->seq = job->parser->seq + 1;
    event->present |= RS_HAS_SEQ;
    if (rs_event_check(event, job->refused) != RS_OK) {
        job->refused->has_seq = false; /* the number goes to the next event */
        return RS_ERR_PARSE;
    }
    job->parser->seq++;
    job->parser->stats.events++;
    job->on_event(job->context, event);
    return RS_OK;
}

int rs__asterisk_give_without(rs_job_t *job, rs_event_t *event, rs_str_t *doubtful) {
    rs_refused_t why;
    rs_event_t tried = *event;
    tried.present |= RS_HAS_SEQ;
    const bool is_wrong = rs_event_check(&tried, &why) != RS_OK;
    if (is_wrong) *doubtful = (rs_str_t){0};
    return rs__asterisk_give(job, event);
}

/* --- agents ------------------------------------------------------------------------------------------------------ */
static int need_agent(rs_job_t *job) {
    return job->agent.len != 0 ? RS_OK : rs_line_refuse(job->refused, RS_REFUSAL_MISSING_FIELD, "agent", 0);
}

/* Every line about an agent gives his state once more, changed or not: so the number of events depends on the line
 * alone. */
static int give_state(rs_job_t *job) {
    rs_event_t event = rs__asterisk_event(job, RS_AGENT_STATE);
    event.state = (uint8_t)rs_asterisk_agents_state(job->parser->agents, job->agent, &event.code);
    return rs__asterisk_give_without(job, &event, &event.code);
}

static int on_pause(rs_job_t *job, const rs_rule_t *rule) {
    if (need_agent(job) != RS_OK) return RS_ERR_PARSE;
    const rs_str_t queue = rule->detail ? (rs_str_t){0} : job->queue; /* detail: all queues */
    rs_asterisk_agents_paused(job->parser->agents, job->agent, queue, rs_line_data(&job->line, 0));
    return give_state(job);
}

static int on_unpause(rs_job_t *job, const rs_rule_t *rule) {
    if (need_agent(job) != RS_OK) return RS_ERR_PARSE;
    rs_asterisk_agents_unpaused(job->parser->agents, job->agent, rule->detail ? (rs_str_t){0} : job->queue);
    return give_state(job);
}

static int on_login(rs_job_t *job, const rs_rule_t *rule) {
    if (need_agent(job) != RS_OK) return RS_ERR_PARSE;
    rs_asterisk_agents_login(job->parser->agents, job->agent, rule->detail);
    return give_state(job);
}

static int on_member(rs_job_t *job, const rs_rule_t *rule) {
    if (need_agent(job) != RS_OK) return RS_ERR_PARSE;
    if (job->queue.len == 0) return rs_line_refuse(job->refused, RS_REFUSAL_MISSING_FIELD, "queue", 0);
    rs_event_t event = rs__asterisk_event(job, (rs_event_type_t)rule->type);
    event.queue = job->queue;
    if (rs__asterisk_give(job, &event) != RS_OK) return RS_ERR_PARSE;
    if (rule->type == RS_AGENT_QUEUE_JOINED) {
        rs_asterisk_agents_joined(job->parser->agents, job->agent, job->queue, rs__is(rs_line_data(&job->line, 0), "PAUSED"));
    } else {
        rs_asterisk_agents_left(job->parser->agents, job->agent, job->queue);
    }
    return give_state(job);
}

/* --- Asterisk itself --------------------------------------------------------------------------------------------- */
static int on_queuestart(rs_job_t *job, const rs_rule_t *rule) {
    rs_asterisk_parser_t *parser = job->parser;
    rs_event_t event = rs__asterisk_event(job, (rs_event_type_t)rule->type);
    rs_asterisk_agents_clear(parser->agents); /* pauses and logins are mostly gone with Asterisk, and no line says which */
    parser->restarted = true;
    parser->restarted_s = job->line.at_s;
    parser->ended_s = parser->last_s != 0 && parser->last_s < job->line.at_s ? parser->last_s : job->line.at_s;
    return rs__asterisk_give(job, &event);
}

bool rs_asterisk_parser_more(rs_asterisk_parser_t *parser, rs_asterisk_event_fn on_event, void *context) {
    if (!parser->restarted) return false;
    rs_visit_t *visit = rs_visits_oldest_open(parser->visits);
    if (visit == NULL) {
        parser->restarted = false;
        return false;
    }
    rs__asterisk_cut_off(parser, visit, on_event, context);
    return true;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */
static int ignore(rs_job_t *job, const rs_rule_t *rule) {
    (void)rule;
    job->parser->stats.ignored++;
    return RS_OK;
}

static const rs_rule_t other_rules[] = {
    {"PAUSE", on_pause, RS_AGENT_STATE, false, 0},
    {"UNPAUSE", on_unpause, RS_AGENT_STATE, false, 0},
    {"PAUSEALL", on_pause, RS_AGENT_STATE, true, 0},
    {"UNPAUSEALL", on_unpause, RS_AGENT_STATE, true, 0},
    {"AGENTLOGIN", on_login, RS_AGENT_STATE, true, 0},
    {"AGENTLOGOFF", on_login, RS_AGENT_STATE, false, 0},
    {"AGENTCALLBACKLOGIN", on_login, RS_AGENT_STATE, true, 0},
    {"AGENTCALLBACKLOGOFF", on_login, RS_AGENT_STATE, false, 0},
    {"ADDMEMBER", on_member, RS_AGENT_QUEUE_JOINED, 0, 0},
    {"REMOVEMEMBER", on_member, RS_AGENT_QUEUE_LEFT, 0, 0},
    {"QUEUESTART", on_queuestart, RS_SOURCE_STARTED, 0, 0},
    {"DID", ignore, 0, 0, 0},
    {"CONFIGRELOAD", ignore, 0, 0, 0},
    {"PENALTY", ignore, 0, 0, 0},
    {"RINGINUSE", ignore, 0, 0, 0},
    {"OUTCALL", ignore, 0, 0, 0},
    {"INFO", ignore, 0, 0, 0},
};

static const rs_rule_t *find_rule(const rs_rule_t *rules, size_t count, rs_str_t name) {
    for (size_t i = 0; i < count; i++) {
        if (rs__is(name, rules[i].name)) return &rules[i];
    }
    return NULL;
}

/* Before anything changes: every name of the line passes the rules for all events. */
static int check_names(rs_job_t *job) {
    rs_event_t event = rs__asterisk_event(job, RS_SOURCE_HEARTBEAT);
    event.queue = job->queue;
    event.contact_id = job->line.callid;
    event.present = RS_HAS_SEQ;
    if (rs_event_check(&event, job->refused) == RS_OK) return RS_OK;
    job->refused->has_seq = false;
    if (strcmp(job->refused->field, "contact_id") == 0)
        snprintf(job->refused->field, sizeof job->refused->field, "callid");
    return RS_ERR_PARSE;
}

static int take_line(rs_job_t *job, rs_str_t text) {
    rs_asterisk_parser_t *parser = job->parser;
    if (rs_line_parse(text, &job->line, job->refused) != RS_OK) return RS_ERR_PARSE;
    job->queue = unless_none(job->line.queue);
    job->agent = member_name(parser, unless_none(job->line.agent));
    if (check_names(job) != RS_OK) return RS_ERR_PARSE;
    if (!parser->is_named) name_incarnation(parser, &job->line);
    const rs_rule_t *rule = find_rule(rs__asterisk_call_rules, rs__asterisk_call_rule_count, job->line.event);
    if (rule == NULL) rule = find_rule(other_rules, RS_ARRAY_LEN(other_rules), job->line.event);
    if (rule == NULL) return rs_line_refuse(job->refused, RS_REFUSAL_UNKNOWN_TYPE, "event", job->line.event.len);
    const int status = rule->take(job, rule);
    if (status == RS_OK) parser->last_s = job->line.at_s;
    return status;
}

int rs_asterisk_parser_refuse(rs_asterisk_parser_t *parser, rs_refusal_t reason, const char *field, uint32_t len,
                              rs_refused_t *refused) {
    memset(refused, 0, sizeof *refused);
    parser->stats.lines++;
    parser->stats.refused++;
    rs_line_copy(refused->source, rs__asterisk_source(parser), RS_MAX_NAME);
    return rs_line_refuse(refused, reason, field, len);
}

int rs_asterisk_parser_line(rs_asterisk_parser_t *parser, rs_str_t text, rs_asterisk_event_fn on_event, void *context,
                            rs_refused_t *refused) {
    rs_job_t job = {.parser = parser, .on_event = on_event, .context = context, .refused = refused};
    memset(refused, 0, sizeof *refused);
    parser->stats.lines++;
    parser->restarted = false;
    if (text.len != 0 && text.data[text.len - 1] == '\r') text.len--;
    if (text.len == 0) return ignore(&job, NULL);
    if (take_line(&job, text) == RS_OK) return RS_OK;
    parser->stats.refused++;
    rs_line_copy(refused->source, rs__asterisk_source(parser), RS_MAX_NAME);
    return RS_ERR_PARSE;
}
