/* The core as bytes: its own numbers, and the order of its parts. */
#include "core/agent/agent_internal.h"
#include "core/alert/alert_internal.h"
#include "core/parts_state.h"

#include <stdlib.h>

static const rs_state_field_t core_fields[] = {
    RS_STATE_REBUILT(rs_core_t, options.config), RS_STATE_FIELD(rs_core_t, options.replay, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_core_t, options.windows, RS_BOUND_ANY), RS_STATE_FIELD(rs_core_t, options.alerts, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_core_t, options.process), RS_STATE_REBUILT(rs_core_t, options.facts),
    RS_STATE_FIELD(rs_core_t, options.families, RS_BOUND_ANY), RS_STATE_FIELD(rs_core_t, options.attributions, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_core_t, options.interval.mode, RS_BOUND_ANY), RS_STATE_FIELD(rs_core_t, options.interval.length_us, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_core_t, options.interval.zone), RS_STATE_REBUILT(rs_core_t, options.start_us),
    RS_STATE_FIELD(rs_core_t, options.run, RS_BOUND_ANY), RS_STATE_FIELD(rs_core_t, options.hash_seed, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_core_t, options.effects), RS_STATE_REBUILT(rs_core_t, options.newest),
    RS_STATE_REBUILT(rs_core_t, options.position),
    RS_STATE_REBUILT(rs_core_t, config),
    /* in sections of their own */
    RS_STATE_REBUILT(rs_core_t, directory), RS_STATE_REBUILT(rs_core_t, sources), RS_STATE_REBUILT(rs_core_t, contacts),
    RS_STATE_REBUILT(rs_core_t, rows), RS_STATE_REBUILT(rs_core_t, gauges), RS_STATE_REBUILT(rs_core_t, fcr),
    RS_STATE_REBUILT(rs_core_t, agents),
    RS_STATE_REBUILT(rs_core_t, predict), RS_STATE_REBUILT(rs_core_t, closes), RS_STATE_REBUILT(rs_core_t, cases),
    RS_STATE_REBUILT(rs_core_t, process), RS_STATE_REBUILT(rs_core_t, book), RS_STATE_REBUILT(rs_core_t, journeys),
    RS_STATE_REBUILT(rs_core_t, windows), RS_STATE_REBUILT(rs_core_t, alerts), RS_STATE_REBUILT(rs_core_t, generations),
    RS_STATE_REBUILT(rs_core_t, generation_count), RS_STATE_REBUILT(rs_core_t, kept), RS_STATE_REBUILT(rs_core_t, kept_count),
    RS_STATE_REBUILT(rs_core_t, account.directory), RS_STATE_REBUILT(rs_core_t, account.rows), RS_STATE_REBUILT(rs_core_t, account.windows),
    RS_STATE_REBUILT(rs_core_t, account.predict),
    RS_STATE_REBUILT(rs_core_t, account.families), RS_STATE_REBUILT(rs_core_t, account.attributions),
    RS_STATE_REBUILT(rs_core_t, account.generations), RS_STATE_REBUILT(rs_core_t, account.generation_count),
    RS_STATE_FIELD(rs_core_t, account.windows_refused, RS_BOUND_ANY), RS_STATE_REBUILT(rs_core_t, account.touched),
    RS_STATE_REBUILT(rs_core_t, account.touched_count), RS_STATE_REBUILT(rs_core_t, account.touched_max),
    RS_STATE_FIELD(rs_core_t, now_us, RS_BOUND_TIME), RS_STATE_FIELD(rs_core_t, wall_us, RS_BOUND_TIME),
    RS_STATE_FIELD(rs_core_t, watermark_us, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_core_t, watermark_second, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_core_t, alerts_second, RS_BOUND_OR_NONE), RS_STATE_FIELD(rs_core_t, final_frontier_us, RS_BOUND_OR_NONE),
    RS_STATE_FIELD(rs_core_t, position, RS_BOUND_ANY), RS_STATE_FIELD(rs_core_t, confirmed_position, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_core_t, let_go_position, RS_BOUND_ANY),
    RS_STATE_FIELD(rs_core_t, ordinal, RS_BOUND_ANY), RS_STATE_REBUILT(rs_core_t, kept_sessions), RS_STATE_REBUILT(rs_core_t, outbox),
    RS_STATE_FIELD(rs_core_t, contacts_refused, RS_BOUND_ANY),
    RS_STATE_REBUILT(rs_core_t, announced), RS_STATE_REBUILT(rs_core_t, announced_at)};
static const rs_state_table_t core_table = RS_STATE_TABLE(rs_core_t, "core", core_fields);

static rs_str_t zone_name(const rs_interval_spec_t *interval) {
    return interval->mode == RS_INTERVAL_DAY ? rs_str(interval->zone->name) : RS_STR("");
}

static void save_core(const rs_core_t *core, rs_state_writer_t *writer) {
    rs_state_put_item(writer, &core_table, core);
    rs_state_put_text(writer, zone_name(&core->options.interval));
    rs_state_put_u8(writer, core->process.on);
}

static void hold_against(rs_state_reader_t *reader, bool same, const char *what) {
    if (!same) rs_state_refuse(reader, RS_ERR_STATE, what);
}

/* What figures are kept of must be what was kept. */
static void load_core(rs_core_t *core, rs_state_reader_t *reader) {
    const rs_core_options_t given = core->options;
    const rs_core_options_t *saved = &core->options;
    char zone[256];
    rs_state_get_item(reader, &core_table, core);
    const uint32_t zone_len = rs_state_get_text(reader, zone);
    const bool followed_ways = rs_state_get_u8(reader) != 0, follows_ways = given.process && core->config->limits.edges > 0;
    hold_against(reader, saved->replay == given.replay, "the state is of a replay and this is none, or the other way round");
    hold_against(reader, saved->windows == given.windows, "the state was saved with windows and this has none, or the other way round");
    hold_against(reader, saved->alerts == given.alerts, "the state was saved with alerts and this has none, or the other way round");
    hold_against(reader, saved->families == given.families, "the state has rows of other families");
    hold_against(reader, saved->attributions == given.attributions, "the state has rows of other attributions");
    const bool same_zone = rs_str_equal((rs_str_t){.data = zone, .len = zone_len}, zone_name(&given.interval));
    const bool same_length = saved->interval.length_us == given.interval.length_us || given.interval.mode != RS_INTERVAL_FIXED;
    hold_against(reader, saved->interval.mode == given.interval.mode && same_length && same_zone, "the state has rows of other intervals");
    hold_against(reader, followed_ways == follows_ways,
                 "the state was saved with the map of the process and this has none, or the other way round");
    const bool in_range = core->now_us >= 0 && core->now_us < RS_TIME_MAX_US;
    if (!in_range) rs_state_refuse(reader, RS_ERR_PARSE, "the state's time is out of range");
    core->options.interval = given.interval;
    if (given.position != 0) core->position = given.position;
}

static void check_core(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds) {
    rs_state_check_item(reader, bounds, &core_table, core);
}

const rs_state_part_t rs_state_core_part = {.name = "core", .version = 1, .table_count = 1, .tables = {&core_table},
                                            .save = save_core, .load = load_core, .check = check_core};

/* --- the parts --------------------------------------------------------------------------------------------------------- */
/* The first two say how the rest is created. */
enum { PARTS_BEFORE_CREATION = 2 };
static const rs_state_part_t *const parts[] = {
    &rs_state_core_part, &rs_state_config_part,
    &rs_state_names_part, &rs_state_directory_part, &rs_state_sources_part, &rs_state_contacts_part, &rs_state_journeys_part,
    &rs_state_gauges_part, &rs_state_rows_part, &rs_state_windows_part, &rs_state_alerts_part,
    &rs_state_closes_part, &rs_state_fcr_part, &rs_state_agents_part, &rs_state_cases_part, &rs_state_process_part,
    &rs_state_prediction_part, &rs_state_sessions_part, &rs_state_outbox_part, &rs_state_facts_part};

const rs_state_part_t *rs_state_part_at(uint32_t i) { return i < RS_ARRAY_LEN(parts) ? parts[i] : NULL; }

static const rs_state_part_t *find_part(rs_str_t name) {
    for (uint32_t i = 0; i < RS_ARRAY_LEN(parts); i++) {
        if (rs_str_equal(rs_str(parts[i]->name), name)) return parts[i];
    }
    return NULL;
}

rs_state_bounds_t rs_state_bounds_of(const rs_core_t *core) {
    const rs_contacts_t *contacts = &core->contacts;
    const rs_agents_t *agents = core->agents;
    return (rs_state_bounds_t){.below = {
        [RS_BOUND_TIME] = UINT64_C(1) << 54,
        [RS_BOUND_NAME] = (uint64_t)core->directory.names.count + 1,
        [RS_BOUND_KEY] = core->directory.count, [RS_BOUND_KEY_LINK] = (uint64_t)core->directory.count + 1,
        [RS_BOUND_SOURCE] = core->sources.source_count, [RS_BOUND_SESSION] = core->sources.session_count,
        [RS_BOUND_CONTACT] = (uint64_t)contacts->contacts.made + 1, [RS_BOUND_NODE] = (uint64_t)contacts->nodes.made + 1,
        [RS_BOUND_TEXT] = (uint64_t)contacts->texts.made + 1, [RS_BOUND_STORY] = (uint64_t)contacts->stories.made + 1,
        [RS_BOUND_HANDLING] = (uint64_t)contacts->handlings.made + 1, [RS_BOUND_JOURNEY] = (uint64_t)core->journeys.pool.made + 1,
        [RS_BOUND_CELL] = (uint64_t)core->rows.cells.made + 1, [RS_BOUND_PATH] = (uint64_t)contacts->paths.made + 1,
        [RS_BOUND_CLOSE_FACT] = (uint64_t)core->closes.facts.made + 1, [RS_BOUND_AGENT] = (uint64_t)agents->agents.made + 1,
        [RS_BOUND_AGENT_NODE] = (uint64_t)agents->nodes.made + 1, [RS_BOUND_AGENT_TEXT] = (uint64_t)agents->texts.made + 1,
        [RS_BOUND_AGENT_PLAN] = (uint64_t)agents->plans.made + 1, [RS_BOUND_AGENT_HANDLED] = (uint64_t)agents->handled.made + 1,
        [RS_BOUND_AGENT_QUEUE] = (uint64_t)agents->queues.made + 1, [RS_BOUND_STAFF] = (uint64_t)agents->staff.made + 1,
        [RS_BOUND_CASE] = (uint64_t)core->cases.cases.made + 1, [RS_BOUND_CASE_EVENT] = (uint64_t)core->cases.events.made + 1,
        [RS_BOUND_CASE_TEXT] = (uint64_t)core->cases.texts.made + 1, [RS_BOUND_CASE_STORY] = (uint64_t)core->cases.stories.made + 1,
        [RS_BOUND_CASE_TENANT] = (uint64_t)core->cases.tenants.made + 1, [RS_BOUND_EDGE] = (uint64_t)core->process.cells.made + 1,
        [RS_BOUND_BOOK_ITEM] = (uint64_t)core->book.items.made + 1, [RS_BOUND_BOOK_FACT] = (uint64_t)core->book.facts.made + 1,
        [RS_BOUND_BOOK_TEXT] = (uint64_t)core->book.texts.made + 1,
        [RS_BOUND_UNDERWAY] = (uint64_t)core->predict.underway.made + 1, [RS_BOUND_PAIR] = (uint64_t)core->predict.seen.pairs.made + 1,
        [RS_BOUND_RECORD] = (uint64_t)core->fcr.tables.records.made + 1, [RS_BOUND_RESOLUTION] = (uint64_t)RS_FCR_GONE + 1,
        [RS_BOUND_STAGE] = (uint64_t)RS_PROCESS_FIRST_QUEUE + core->directory.names.count + 1,
        [RS_BOUND_PROCESS_KIND] = RS_PROCESS_KIND_COUNT, [RS_BOUND_PATH_LENGTH] = RS_PATH_STAGES + 1,
        [RS_BOUND_AGENT_STATE] = RS_AGENT_STATE_COUNT, [RS_BOUND_PLAN_KIND] = RS_PLAN_ABSENT + 1, [RS_BOUND_DUTY] = RS_DUTIES,
        [RS_BOUND_CASE_LIST] = RS_CASE_LISTS, [RS_BOUND_CASE_STAGE] = RS_CASE_STAGES + 1, [RS_BOUND_SIGNAL] = RS_SIGNAL_UNRESOLVED + 1,
        [RS_BOUND_PREDICTION] = RS_PREDICTION_REASON_COUNT, [RS_BOUND_FCR_SETTINGS] = RS_FCR_SETTINGS,
        [RS_BOUND_CHANNEL] = RS_CHANNEL_COUNT, [RS_BOUND_FAMILY] = RS_FAMILY_COUNT, [RS_BOUND_NODE_TYPE] = RS_NODE_TIME_PASSED + 1,
        [RS_BOUND_OUTCOME] = RS_OUTCOME_CALLBACK + 1, [RS_BOUND_REASON] = RS_FLOW_COUNT, [RS_BOUND_FACT_REASON] = RS_EVENT_TYPE_COUNT,
        [RS_BOUND_LIST] = RS_CONTACT_LISTS, [RS_BOUND_FACT_TYPE] = RS_FACT_TYPE_COUNT, [RS_BOUND_GENERATION] = core->generation_count,
        [RS_BOUND_ALERT_STATE] = RS_ALERT_STATE_COUNT, [RS_BOUND_COMMAND] = RS_COMMAND_COUNT,
        [RS_BOUND_EXPLAIN_PARTS] = RS_EXPLAIN_PARTS + 1, [RS_BOUND_EXPLAIN_BY] = RS_EXPLAIN_BY_COUNT, [RS_BOUND_REACH] = 3,
        [RS_BOUND_POLICY_RULE] = RS_RULE_EXCLUDE_IF_WITHIN + 1,
        [RS_BOUND_CARE] = core->alerts == NULL ? 1 : (uint64_t)core->alerts->cares.made + 1,
        [RS_BOUND_DETECT] = core->alerts == NULL ? 1 : (uint64_t)core->alerts->detects.made + 1,
        [RS_BOUND_SEASON_DAY] = core->alerts == NULL ? 1 : (uint64_t)core->alerts->days.made + 1,
        [RS_BOUND_SEASON_WEEKS] = RS_SEASON_WEEKS + 1, [RS_BOUND_VERDICT] = RS_DETECT_VERDICT_COUNT,
        [RS_BOUND_DETECTOR] = RS_DETECTOR_COUNT, [RS_BOUND_DETECT_CHOICE] = RS_RUN_RULES_NELSON + 1}};
}

/* --- saving ------------------------------------------------------------------------------------------------------------ */
static int swallow(void *context, const void *bytes, size_t len) {
    (void)context, (void)bytes, (void)len;
    return RS_OK;
}

int rs_core_save(const rs_core_t *core, const rs_state_out_t *out, rs_hash128_t *hash) {
    const rs_state_out_t nowhere = {.write = swallow};
    rs_state_writer_t *writer;
    RS_REQUIRE(core->account.touched_count == 0);
    int status = rs_state_writer_create(out != NULL ? out : &nowhere, &writer);
    if (status != RS_OK) return status;
    for (uint32_t i = 0; i < RS_ARRAY_LEN(parts); i++) {
        rs_state_begin_section(writer, parts[i]);
        parts[i]->save(core, writer);
        rs_state_end_section(writer);
    }
    status = rs_state_finish(writer, hash);
    rs_state_writer_destroy(&writer);
    return status;
}

/* --- loading ----------------------------------------------------------------------------------------------------------- */
static bool create_parts(rs_core_t *core, rs_state_reader_t *reader) {
    const int status = rs_core_create_parts(core);
    if (status != RS_OK) rs_state_refuse(reader, status, "the core cannot be made as it was saved");
    return status == RS_OK;
}

/* Sections are in the order of the parts; a part that this program has beyond those begins empty. */
static void load_sections(rs_core_t *core, rs_state_reader_t *reader) {
    const rs_state_part_t *part = NULL;
    uint32_t next = 0;
    bool created = false;
    while (rs_state_next_section(reader, find_part, &part)) {
        uint32_t place = 0;
        while (parts[place] != part) place++;
        const bool too_early = next < PARTS_BEFORE_CREATION && place != next;
        if (place < next || too_early) {
            rs_state_refuse(reader, RS_ERR_PARSE, "the sections are not in their order");
            return;
        }
        next = place + 1;
        if (place >= PARTS_BEFORE_CREATION && !created) {
            if (!create_parts(core, reader)) return;
            created = true;
        }
        part->load(core, reader);
    }
    if (rs_state_is_good(reader) && !created) rs_state_refuse(reader, RS_ERR_PARSE, "the state lacks sections");
}

static void check_parts(const rs_core_t *core, rs_state_reader_t *reader) {
    const rs_state_bounds_t bounds = rs_state_bounds_of(core);
    for (uint32_t i = 0; i < RS_ARRAY_LEN(parts) && rs_state_is_good(reader); i++) {
        if (parts[i]->check != NULL) parts[i]->check(core, reader, &bounds);
    }
}

static void finish(rs_core_t *core, rs_state_reader_t *reader) {
    if (core->windows != NULL) rs_state_publish_gauges(core);
    if (core->alerts != NULL) {
        rs_core_tell_slots(core);
        rs_state_settle_alerts(core);
    }
    if (core->options.newest != NULL) {
        const bool same = core->generations[core->generation_count - 1].config == core->options.newest;
        if (same) rs_core_go_on_with(core, core->options.newest);
        else rs_state_refuse(reader, RS_ERR_STATE, "the state was saved under another configuration");
        return;
    }
    const rs_config_t *given = core->options.config;
    if (core->generations[core->generation_count - 1].config == given) return;
    const int status = rs_core_configure(core, given);
    if (status != RS_OK) rs_state_refuse(reader, status, "the configuration cannot follow the one that was saved");
}

static int load(rs_core_t *core, rs_state_reader_t *reader) {
    load_sections(core, reader);
    if (rs_state_is_good(reader)) check_parts(core, reader);
    if (rs_state_is_good(reader)) finish(core, reader);
    return rs_state_status(reader);
}

int rs_core_load(const rs_core_options_t *options, const rs_state_in_t *in, char *what, rs_core_t **core_out) {
    rs_core_t *core = calloc(1, sizeof *core);
    rs_state_reader_t *reader = NULL;
    if (what != NULL) what[0] = '\0';
    if (core == NULL || rs_state_reader_create(in, &reader) != RS_OK) {
        free(core);
        return RS_ERR_MEMORY;
    }
    core->options = *options;
    core->config = options->config;
    const int status = load(core, reader);
    if (what != NULL) strcpy(what, rs_state_what(reader));
    rs_state_reader_destroy(&reader);
    if (status != RS_OK) {
        rs_core_destroy(&core);
        return status;
    }
    *core_out = core;
    return RS_OK;
}
