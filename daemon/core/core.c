#include "core/core_internal.h"
#include "core/parts_state.h"
#include "core/predict/live.h"

#include <stdlib.h>

/* Of agents, in one tick: posts of time, and agents. All are through in a minute and a half of ticks. */
enum { AGENTS_PER_TICK = 128, AGENTS_TICKS = 400 };

/* --- what the parts ask of the core -------------------------------------------------------------------------------- */
static void on_new_key(void *context, uint32_t key) {
    rs_core_t *core = context;
    if (core->windows == NULL) return;
    const rs_key_t *dimensions = &core->directory.entries[key].dimensions;
    const bool full = dimensions->family != RS_FAMILY_AGENT && dimensions->family != RS_FAMILY_TEAM;
    uint32_t number = UINT32_MAX;
    RS_REQUIRE(rs_window_add_key(core->windows, full, core->config->zone, &number) == RS_OK && number == key);
    if (core->alerts != NULL) rs_alerts_on_new_key(core->alerts, key, dimensions);
}

static int compare_sessions(void *context, uint32_t a, uint32_t b) {
    const rs_core_t *core = context;
    const rs_session_t *sessions = core->sources.sessions;
    const rs_names_t *names = &core->directory.names;
    const int order = rs_str_compare(rs_names_text(names, sessions[a].source), rs_names_text(names, sessions[b].source));
    if (order != 0) return order;
    return rs_str_compare(rs_names_text(names, sessions[a].incarnation), rs_names_text(names, sessions[b].incarnation));
}

static bool same_source(void *context, uint32_t a, uint32_t b) {
    const rs_core_t *core = context;
    return core->sources.sessions[a].source == core->sources.sessions[b].source;
}

/* The configuration's team of an agent, looked up once per agent key. */
static uint32_t team_of(void *context, uint32_t tenant, uint32_t agent) {
    rs_core_t *core = context;
    if (agent == 0 || core->config->agent_count == 0) return 0;
    const uint32_t key = rs_directory_key(&core->directory, RS_FAMILY_AGENT, tenant, agent, 0);
    rs_key_entry_t *entry = &core->directory.entries[key];
    if (!entry->is_erased && entry->generation != core->generation_count) {
        const rs_str_t team = rs_config_team(core->config, entry->dimensions.tenant, entry->dimensions.name);
        entry->team = rs_names_number(&core->directory.names, team);
        entry->generation = core->generation_count;
    }
    return entry->team;
}

static int64_t worked(void *context, uint32_t tenant, uint32_t queue, uint8_t channel, int64_t from_us, int64_t to_us) {
    const rs_core_t *core = context;
    const rs_config_t *config = rs_account_generation(&core->account, to_us)->config;
    if (config->hours_count == 0) return to_us - from_us;
    const rs_names_t *names = &core->directory.names;
    const rs_calendar_t *hours = rs_config_calendar(config, rs_names_text(names, tenant), rs_names_text(names, queue), channel);
    return rs_calendar_worked_us(hours, from_us, to_us);
}

static bool callback_keeps(void *context, uint32_t tenant, uint32_t queue, uint8_t channel, int64_t at_us) {
    const rs_core_t *core = context;
    const rs_names_t *names = &core->directory.names;
    return rs_config_callback_keeps(rs_account_generation(&core->account, at_us)->config, rs_names_text(names, tenant),
                                    rs_names_text(names, queue), channel);
}

static void on_facts(void *context, uint32_t contact, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign) {
    rs_core_t *core = context;
    rs_closes_facts(&core->closes, contact, tenant, facts, count, sign);
    rs_book_facts(&core->book, contact, tenant, facts, count, sign);
    rs_agents_facts(core->agents, tenant, facts, count, sign);
}

/* A case belongs to no contact: what it counts stands at its own moment. */
static void on_case_facts(void *context, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign) {
    on_facts(context, 0, tenant, facts, count, sign);
}

static void on_steps(void *context, uint32_t tenant, const rs_path_t *path, const rs_step_t *steps, uint32_t count, int sign) {
    rs_core_t *core = context;
    rs_process_count(&core->process, tenant, path, steps, count, sign);
}

static void on_fold(void *context, uint32_t contact) {
    rs_core_t *core = context;
    rs_book_fold(&core->book, contact);
    rs_closes_fold(&core->closes, contact);
}

static void on_forget(void *context, uint32_t contact) {
    rs_core_t *core = context;
    rs_book_forget(&core->book, contact);
    rs_closes_forget(&core->closes, contact);
    rs_journeys_forget(&core->journeys, contact);
    rs_agents_forget(core->agents, contact);
}

/* --- making and ending ---------------------------------------------------------------------------------------------- */
static void first_generation(rs_core_t *core) {
    rs_generation_t *generation = &core->generations[0];
    *generation = (rs_generation_t){.from_us = 0, .config = core->config};
    for (uint32_t i = 0; i < core->config->policy_count; i++) {
        generation->policies[i] = core->config->policies[i];
        generation->used |= 1u << i;
    }
    core->generation_count = 1;
}

static bool wants_journeys(const rs_config_t *config) {
    for (uint32_t i = 0; i < config->policy_count; i++) {
        if (config->policies[i].unit_journey) return true;
    }
    return false;
}

/* Of the sources that detectors ask about. Silence is by arrival: what a source says, and when, is its own business. */
static rs_detect_sources_t look_at_sources(void *context, rs_str_t glob, int64_t now_us) {
    const rs_core_t *core = context;
    const int64_t wall_us = core->options.replay ? now_us : core->wall_us;
    rs_detect_sources_t seen = {0};
    for (uint32_t i = 1; i < core->sources.source_count; i++) {
        const rs_source_t *source = &core->sources.sources[i];
        if (!rs_alert_glob(glob, rs_names_text(&core->directory.names, source->name))) continue;
        const int64_t last_us = core->options.replay ? source->accounting.watermark_us : source->last_seen_us;
        if (last_us == INT64_MIN) continue;
        if (wall_us - last_us > seen.silent_us) seen.silent_us = wall_us - last_us;
        seen.missing += (int64_t)source->accounting.missing;
        seen.known = true;
    }
    return seen;
}

static int64_t look_at_staff(void *context, uint32_t key) {
    const rs_core_t *core = context;
    if (!rs_agents_any_sign_on(core->agents)) return -1;   /* no need to look at the key */
    if (core->directory.entries[key].dimensions.family != RS_FAMILY_QUEUE || !rs_agents_sign_on(core->agents, key)) return -1;
    const rs_staff_t staff = rs_agents_staff(core->agents, key);
    return (int64_t)staff.available + staff.busy;
}

static int create_windows(rs_core_t *core) {
    const rs_config_t *config = core->config;
    rs_window_settings_t settings = {.window_count = config->window_count, .max_keys = core->directory.max,
                                     .max_bytes = (uint64_t)config->limits.queue_keys * 96 * 1024 + (UINT64_C(256) << 20),
                                     .start_us = core->now_us};
    memcpy(settings.windows_us, config->windows_us, sizeof settings.windows_us);
    int status = rs_window_create(&settings, &core->windows);
    if (status != RS_OK || !core->options.alerts) return status;
    const rs_config_t *newest = core->generations[core->generation_count - 1].config;   /* a loaded core: those of before */
    status = rs_alerts_create(newest, core->windows, config->limits.alerts, core->options.run << 32, rs_core_on_transition,
                              core, &core->alerts);
    if (status == RS_OK) {
        rs_alerts_set_sources(core->alerts, &(rs_detect_source_fn_t){.context = core, .look = look_at_sources, .staff = look_at_staff});
    }
    return status;
}

static int create_prediction(rs_core_t *core) {
    if (core->windows == NULL || core->config->prediction.horizon_us <= 0) return RS_OK;
    const int status = rs_predict_init(&core->predict, core->directory.max, &core->config->limits, core->config->prediction.horizon_us);
    core->account.predict = core->gauges.predict = &core->predict;
    return status;
}

/* A cell has a row for each attribution. */
static uint32_t rows_each(const rs_core_options_t *options) {
    return options->attributions == 0 ? 1 : (uint32_t)__builtin_popcount(options->attributions);
}
static uint32_t max_cells(const rs_core_options_t *options) {
    const uint32_t cells = options->config->limits.rows / rows_each(options);
    return cells == 0 ? 1 : cells;
}

/* As many as producers can have: each attached one, and those that are remembered. */
static uint32_t most_sessions(const rs_limits_t *limits) { return limits->sources > limits->peers ? limits->sources : limits->peers; }

int rs_core_create_parts(rs_core_t *core) {
    const rs_config_t *config = core->config;
    const rs_core_options_t *options = &core->options;
    int status = rs_directory_init(&core->directory, &config->limits, options->hash_seed);
    if (status != RS_OK) return status;
    core->directory.on_new = on_new_key;
    core->directory.context = core;
    status = rs_kept_sessions_init(&core->kept_sessions, options->replay ? 1 : most_sessions(&config->limits));
    if (status != RS_OK) return status;
    status = rs_sources_init(&core->sources, config, options->replay, options->hash_seed);
    if (status != RS_OK) return status;
    const bool follows_ways = options->process && config->limits.edges > 0;
    const rs_contacts_settings_t contacts = {.config = config, .compare_sessions = compare_sessions, .same_source = same_source,
                                             .team_of = team_of, .worked = worked, .callback_keeps = callback_keeps,
                                             .on_facts = on_facts, .on_fold = on_fold, .on_forget = on_forget, .context = core,
                                             .on_steps = follows_ways ? on_steps : NULL};
    status = rs_contacts_init(&core->contacts, &contacts);
    if (status != RS_OK) return status;
    const rs_cases_settings_t cases = {.config = config, .account = &core->account, .compare_sessions = compare_sessions,
                                       .team_of = team_of, .on_facts = on_case_facts, .context = core};
    status = rs_cases_init(&core->cases, &cases);
    if (status != RS_OK) return status;
    if (options->facts && config->limits.facts > 0) status = rs_book_init(&core->book, &config->limits, options->run, &core->contacts);
    if (status != RS_OK) return status;
    status = rs_rows_init(&core->rows, max_cells(options), rows_each(options), &options->interval, options->run);
    if (status != RS_OK) return status;
    if (follows_ways) status = rs_process_init(&core->process, &config->limits, &options->interval, options->run);
    if (status != RS_OK) return status;
    if (options->windows) status = create_windows(core);
    if (status != RS_OK) return status;
    core->account = (rs_account_t){.directory = &core->directory, .rows = &core->rows, .windows = core->windows,
                                   .families = options->families, .attributions = options->attributions,
                                   .generations = core->generations, .generation_count = core->generation_count,
                                   .touched_max = core->directory.max};
    core->account.touched = calloc(core->account.touched_max, sizeof *core->account.touched);
    if (core->account.touched == NULL) return RS_ERR_MEMORY;
    status = rs_closes_init(&core->closes, config->limits.contacts, &core->account, &core->contacts);
    if (status != RS_OK) return status;
    status = rs_gauges_init(&core->gauges, &core->account, &core->contacts, core->directory.max);
    if (status == RS_OK) status = create_prediction(core);
    if (status != RS_OK) return status;
    const rs_agents_settings_t agents = {.config = config, .account = &core->account, .contacts = &core->contacts,
                                         .team_of = team_of, .context = core};
    status = rs_agents_create(&agents, &core->agents);
    if (status != RS_OK) return status;
    status = rs_fcr_init(&core->fcr, config, &core->account);
    if (status != RS_OK || !(core->fcr.on || wants_journeys(config))) return status;
    return rs_journeys_init(&core->journeys, config->limits.contacts, wants_journeys(config), &core->account, &core->contacts, &core->fcr);
}

int rs_core_create(const rs_core_options_t *options, rs_core_t **core_out) {
    rs_core_t *core = calloc(1, sizeof *core);
    if (core == NULL) return RS_ERR_MEMORY;
    core->options = *options;
    core->config = options->config;
    core->now_us = core->wall_us = options->start_us;
    core->watermark_us = INT64_MIN;
    core->watermark_second = INT64_MIN;
    core->final_frontier_us = INT64_MIN;
    core->alerts_second = INT64_MIN;
    first_generation(core);
    const int status = rs_core_create_parts(core);
    if (options->alerts && options->families != 0) rs_outbox_confirm(&core->outbox, RS_RECEIVER_STORE, 0, 0);
    if (status != RS_OK) {
        rs_core_destroy(&core);
        return status;
    }
    *core_out = core;
    return RS_OK;
}

void rs_core_destroy(rs_core_t **core_ref) {
    rs_core_t *core = *core_ref;
    if (core == NULL) return;
    rs_alerts_destroy(&core->alerts);
    rs_window_destroy(&core->windows);
    rs_journeys_deinit(&core->journeys);
    rs_closes_deinit(&core->closes);
    rs_process_deinit(&core->process);
    rs_book_deinit(&core->book);
    rs_agents_destroy(&core->agents);
    rs_fcr_deinit(&core->fcr);
    rs_gauges_deinit(&core->gauges);
    rs_predict_deinit(&core->predict);
    rs_contacts_deinit(&core->contacts);
    rs_cases_deinit(&core->cases);
    rs_rows_deinit(&core->rows);
    rs_sources_deinit(&core->sources);
    rs_kept_sessions_deinit(&core->kept_sessions);
    rs_outbox_deinit(&core->outbox);
    rs_directory_deinit(&core->directory);
    free(core->account.touched);
    rs_kept_configs_free(core);
    free(core);
    *core_ref = NULL;
}

/* --- time ----------------------------------------------------------------------------------------------------------- */
void rs_core_settle_touched(rs_core_t *core) {
    rs_account_t *account = &core->account;
    for (uint32_t i = 0; i < account->touched_count; i++) {
        const uint32_t key = account->touched[i];
        core->directory.entries[key].figures_changed = false;
        rs_gauges_publish(&core->gauges, key);
        if (core->alerts != NULL) rs_alerts_on_key(core->alerts, key, core->now_us);
    }
    account->touched_count = 0;
}

static void write_in_book(rs_core_t *core, uint32_t number) {
    if (!core->book.on) return;
    const rs_contact_t *contact = rs_contacts_at(&core->contacts, number);
    rs_book_follow(&core->book, number, contact->tenant, &contact->story, rs_story_is_open(&core->contacts.derivation, &contact->story));
}

static void on_aged(void *context, uint32_t contact) {
    rs_core_t *core = context;
    write_in_book(core, contact);
    if (core->windows != NULL) rs_gauges_follow(&core->gauges, contact, core->now_us);
    rs_closes_follow(&core->closes, contact);
    rs_journeys_follow(&core->journeys, contact);
    rs_agents_follow(core->agents, contact);
}

/* What time alone does: legs cross thresholds, at once; alerts are looked at over all keys when a second has passed, which is when
 * windows lose something. A key in which something happened was looked at then already. */
static void let_time_act(rs_core_t *core) {
    rs_gauges_tick(&core->gauges, core->now_us);
    rs_core_settle_touched(core);
    rs_predict_tick(core);
    const int64_t second = core->now_us / RS_US_PER_S;
    if (core->alerts == NULL || second <= core->alerts_second) return;
    core->alerts_second = second;
    rs_alerts_on_tick(core->alerts, core->now_us);
}

static void let_agents_go_on(rs_core_t *core) {
    if (core->watermark_us == INT64_MIN) return;
    const uint32_t share = rs_agents_published(core->agents) / AGENTS_TICKS;
    rs_agents_advance(core->agents, core->watermark_us, share > AGENTS_PER_TICK ? share : AGENTS_PER_TICK);
}

static void move_watermark(rs_core_t *core) {
    int64_t greatest;
    int64_t mark = rs_sources_watermark(&core->sources, core->wall_us, &greatest);
    if (mark == INT64_MIN) mark = core->config->clock == RS_CLOCK_EVENTS || core->options.replay ? greatest : core->wall_us;
    if (mark > core->watermark_us) core->watermark_us = mark;
}

/* Subgroups of detectors that end between now and `now_us`: each is read from the windows just before its end. After a pause those of
 * long ago are left out. */
static void close_subgroups(rs_core_t *core, int64_t now_us) {
    int64_t end_us = rs_alerts_next_close_us(core->alerts, core->now_us);
    if (end_us > now_us) return;
    const int64_t length_us = rs_alerts_next_close_us(core->alerts, end_us) - end_us;
    if ((now_us - end_us) / length_us > RS_DETECT_MOST_CLOSED) {
        end_us = rs_alerts_next_close_us(core->alerts, now_us - RS_DETECT_MOST_CLOSED * length_us);
    }
    for (; end_us <= now_us; end_us = rs_alerts_next_close_us(core->alerts, end_us)) {
        rs_window_advance(core->windows, end_us - 1);
        rs_alerts_close(core->alerts, end_us);
    }
}

static void move_time(rs_core_t *core, int64_t now_us) {
    if (now_us <= core->now_us) return;
    if (core->alerts != NULL) close_subgroups(core, now_us);
    core->now_us = now_us;
    if (core->windows != NULL) rs_window_advance(core->windows, now_us);
}

/* In replay, and with time.clock = events, the events move time; looking at all sources once a second is enough. */
static void follow_events(rs_core_t *core, int64_t occurred_us) {
    if (core->options.replay) {
        if (occurred_us > core->watermark_us) core->watermark_us = occurred_us;
        /* Before the event: whether it speaks of a contact in memory or begins another one with its id, its time decides. */
        rs_contacts_age(&core->contacts, core->watermark_us, UINT32_MAX, on_aged, core);
    } else {
        const int64_t second = occurred_us / RS_US_PER_S;
        if (second <= core->watermark_second) return;
        core->watermark_second = second;
        move_watermark(core);
        if (core->config->clock != RS_CLOCK_EVENTS) return;
    }
    const bool new_second = core->watermark_us / RS_US_PER_S > core->now_us / RS_US_PER_S;
    move_time(core, core->watermark_us);
    if (!new_second || core->windows == NULL) return;
    let_time_act(core);
}

void rs_core_tick(rs_core_t *core, int64_t now_us) {
    if (now_us > core->wall_us) core->wall_us = now_us;
    move_watermark(core);
    const bool by_events = core->options.replay || core->config->clock == RS_CLOCK_EVENTS;
    if (!by_events) move_time(core, core->wall_us);
    else if (core->watermark_us != INT64_MIN) move_time(core, core->watermark_us);
    if (core->watermark_us != INT64_MIN) rs_contacts_age(&core->contacts, core->watermark_us, 4096, on_aged, core);
    rs_core_let_time_act_on_cases(core, 1024);
    let_agents_go_on(core);
    rs_fcr_advance(&core->fcr, core->watermark_us, RS_FCR_TICK_BUDGET);
    rs_core_finalise_rows(core);
    if (core->windows == NULL) return;
    let_time_act(core);
}

/* --- events --------------------------------------------------------------------------------------------------------- */
static int32_t thousandths(int64_t milli) { return milli > INT32_MAX ? INT32_MAX : milli < INT32_MIN ? INT32_MIN : (int32_t)milli; }
static uint32_t milliseconds(int64_t ms) { return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms; }

static void make_node(rs_core_t *core, const rs_event_t *event, uint32_t tenant, uint32_t session, rs_node_t *node, rs_node_rest_t *rest) {
    rs_names_t *names = &core->directory.names;
    *node = (rs_node_t){.at_us = event->occurred_us, .seq = event->seq, .session = session, .type = event->type,
                        .channel = event->channel, .queue = rs_names_number(names, event->queue),
                        .agent = rs_names_agent(names, tenant, event->agent), .team = rs_names_number(names, event->team),
                        .direction = event->direction, .party = event->party};
    memset(rest, 0, sizeof *rest);
    rest->topic = rs_names_number(names, event->topic);
    if ((event->present & RS_HAS_SEQ) != 0) node->flags |= RS_NODE_SEQ;
    if (event->customer.len == RS_PSEUDONYM_BYTES && (event->present & RS_HAS_PSEUDONYM) != 0) {
        node->flags |= RS_NODE_CUSTOMER;
        memcpy(&rest->customer, event->customer.data, RS_PSEUDONYM_BYTES);
    }
    if ((event->present & RS_HAS_RESOLVED) != 0) {
        node->flags |= (uint8_t)(RS_NODE_RESOLVED | (event->resolved ? RS_NODE_IS_RESOLVED : 0));
    }
    switch (event->type) {
        case RS_CONTACT_ANSWERED:
        case RS_CONTACT_ABANDONED:
        case RS_CONTACT_DEQUEUED:
            if ((event->present & RS_HAS_WAIT_MS) == 0) break;
            node->flags |= RS_NODE_WAIT;
            rest->ms[0] = milliseconds(event->wait_ms);
            break;
        case RS_CONTACT_ENDED:
        case RS_CONTACT_TRANSFERRED:
            if ((event->present & RS_HAS_TALK_MS) != 0) node->flags |= RS_NODE_TALK;
            if ((event->present & RS_HAS_HOLD_MS) != 0) node->flags |= RS_NODE_HOLD;
            rest->ms[0] = milliseconds(event->talk_ms);
            rest->ms[1] = milliseconds(event->hold_ms);
            break;
        default: break;
    }
    if (event->type == RS_SURVEY_ANSWERED) {
        node->detail = event->kind;
        if ((event->present & RS_HAS_SCORE) != 0) {
            node->flags |= RS_NODE_SCORE;
            rest->score_milli = thousandths(event->score_milli);
        }
        if ((event->present & RS_HAS_SCALE_MIN) != 0) {
            node->flags |= RS_NODE_SCALE_MIN;
            rest->scale_min_milli = thousandths(event->scale_min_milli);
        }
        if ((event->present & RS_HAS_SCALE_MAX) != 0) {
            node->flags |= RS_NODE_SCALE_MAX;
            rest->scale_max_milli = thousandths(event->scale_max_milli);
        }
    } else if (event->type == RS_CONTACT_TRANSFERRED) {
        node->detail = event->kind;
        rest->to_queue = rs_names_number(names, event->to_queue);
        rest->to_agent = rs_names_agent(names, tenant, event->to_agent);
    } else {
        node->detail = event->type == RS_CONTACT_ABANDONED ? event->stage : event->reason;
    }
}

static uint64_t id_prefix(rs_str_t event_id) {
    uint64_t prefix = 0;
    for (uint32_t i = 0; i < 8; i++) prefix = prefix << 8 | (i < event_id.len ? (unsigned char)event_id.data[i] : 0);
    return prefix;
}

static rs_order_t order_of(const rs_event_t *event, uint32_t session) {
    return (rs_order_t){.at_us = event->occurred_us, .seq = event->seq, .id_prefix = id_prefix(event->event_id), .session = session,
                        .has_seq = (event->present & RS_HAS_SEQ) != 0};
}

static void tie_to_journey(rs_core_t *core, uint32_t number, const rs_event_t *event, uint32_t session) {
    const rs_contact_t *contact = rs_contacts_at(&core->contacts, number);
    const bool named = event->journey_id.len != 0;
    if (!rs_journeys_want(&core->journeys, contact, named)) return;
    const rs_order_t order = order_of(event, session);
    const rs_hash128_t id = named ? rs_core_hash(core, contact->tenant, event->journey_id) : contact->id;
    rs_journeys_tie(&core->journeys, number, id, named, order);
}

static rs_refusal_t apply_to_contact(rs_core_t *core, const rs_event_t *event, uint32_t session) {
    const uint32_t tenant = rs_directory_tenant(&core->directory, event->tenant);
    const uint32_t contact = rs_contacts_find(&core->contacts, tenant, rs_core_hash(core, tenant, event->contact_id));
    if (contact == 0) return RS_REFUSAL_LIMIT;
    rs_fcr_prefetch(&core->fcr, rs_contacts_at(&core->contacts, contact)->resolution);
    rs_node_t node;
    rs_node_rest_t rest;
    make_node(core, event, tenant, session, &node, &rest);
    if (core->book.on) rs_book_begin(&core->book, event->contact_id, event->journey_id, order_of(event, session));
    const rs_refusal_t refusal = rs_contacts_take(&core->contacts, contact, &node, &rest, event->event_id);
    if (refusal == RS_REFUSAL_NONE) write_in_book(core, contact);
    rs_book_end(&core->book);
    if (refusal != RS_REFUSAL_NONE) return refusal;
    rs_closes_follow(&core->closes, contact);
    tie_to_journey(core, contact, event, session);
    rs_journeys_follow(&core->journeys, contact);
    rs_agents_follow(core->agents, contact);
    if (core->windows != NULL) rs_gauges_follow(&core->gauges, contact, core->now_us);
    return RS_REFUSAL_NONE;
}

static rs_refusal_t apply_to_agent(rs_core_t *core, const rs_event_t *event, uint32_t session) {
    rs_names_t *names = &core->directory.names;
    const uint32_t tenant = rs_directory_tenant(&core->directory, event->tenant);
    const rs_agent_event_t read = {
        .tenant = tenant, .agent = rs_names_agent(names, tenant, event->agent),
        .team = rs_names_number(names, event->team), .queue = rs_names_number(names, event->queue),
        .code = rs_names_number(names, event->code), .session = session, .type = event->type, .state = event->state,
        .has_seq = (event->present & RS_HAS_SEQ) != 0, .has_from = (event->present & RS_HAS_FROM_US) != 0,
        .has_to = (event->present & RS_HAS_TO_US) != 0, .at_us = event->occurred_us, .from_us = event->from_us,
        .to_us = event->to_us, .seq = event->seq, .event_id = event->event_id};
    return rs_agents_take(core->agents, &read);
}

static rs_refusal_t apply_accepted(rs_core_t *core, const rs_event_t *event, uint32_t session) {
    if (event->type == RS_SOURCE_GAP) {
        rs_sources_declare_gap(&core->sources, session, event->from_seq, event->to_seq);
        return RS_REFUSAL_NONE;
    }
    if (event->type == RS_FEEDBACK_RECEIVED) return rs_core_apply_feedback(core, event, session);
    if (event->type >= RS_AGENT_STATE && event->type <= RS_AGENT_SCHEDULED) return apply_to_agent(core, event, session);
    const bool of_contact = event->type >= RS_CONTACT_CREATED && event->type <= RS_SURVEY_ANSWERED;
    return of_contact ? apply_to_contact(core, event, session) : RS_REFUSAL_NONE;
}

static rs_refusal_t judge(rs_core_t *core, const rs_event_t *event, int64_t arrival_us, uint32_t *session, bool *late) {
    *session = 0;
    *late = false;
    if (!rs_sources_session(&core->sources, &core->directory.names, event, session)) return RS_REFUSAL_LIMIT;
    return rs_sources_judge(&core->sources, *session, event, arrival_us, late);
}

static void settle_event(rs_core_t *core) {
    if (core->options.replay && core->watermark_us != INT64_MIN) {
        rs_core_let_time_act_on_cases(core, 2);
        rs_agents_advance(core->agents, core->watermark_us, 4);
        rs_fcr_advance(&core->fcr, core->watermark_us, 2);
    }
    if (core->account.touched_count != 0) rs_core_settle_touched(core);
}

void rs_core_apply_event(rs_core_t *core, const rs_event_t *event, int64_t arrival_us, rs_origin_t origin) {
    uint32_t session;
    bool late;
    if (arrival_us > core->wall_us) core->wall_us = arrival_us;
    rs_refusal_t refusal = judge(core, event, arrival_us, &session, &late);
    if (refusal == RS_REFUSAL_NONE) {
        follow_events(core, event->occurred_us);
        refusal = apply_accepted(core, event, session);
    }
    rs_sources_account(&core->sources, session, refusal, late);
    if (refusal != RS_REFUSAL_NONE && core->options.effects.on_verdict != NULL) {
        core->options.effects.on_verdict(core->options.effects.context, origin, event, refusal);
    }
    settle_event(core);
}

rs_refusal_t rs_core_admit(rs_core_t *core, const rs_event_t *event, int64_t arrival_us, uint32_t *session) {
    bool late;
    const rs_refusal_t refusal = judge(core, event, arrival_us, session, &late);
    rs_sources_account(&core->sources, *session, refusal, late);
    return refusal;
}

void rs_core_apply_admitted(rs_core_t *core, const rs_event_t *event, uint32_t session) {
    follow_events(core, event->occurred_us);
    if (apply_accepted(core, event, session) != RS_REFUSAL_NONE) core->contacts_refused++;
    settle_event(core);
}

void rs_core_apply_in_order(rs_core_t *core, const rs_event_t *event) {
    uint32_t session = 0;
    if (!rs_sources_session(&core->sources, &core->directory.names, event, &session)) core->contacts_refused++;
    rs_core_apply_admitted(core, event, session);
}

int rs_event_compare(const rs_event_t *a, const rs_event_t *b) {
    if (a->occurred_us != b->occurred_us) return a->occurred_us < b->occurred_us ? -1 : 1;
    int order = rs_str_compare(a->source, b->source);
    if (order == 0) order = rs_str_compare(a->incarnation, b->incarnation);
    if (order != 0) return order;
    const bool a_has = (a->present & RS_HAS_SEQ) != 0, b_has = (b->present & RS_HAS_SEQ) != 0;
    if (a_has != b_has) return a_has ? -1 : 1;
    if (a_has && a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return rs_str_compare(a->event_id, b->event_id);
}

void rs_core_apply_refusal(rs_core_t *core, rs_str_t source, rs_refusal_t reason) {
    rs_sources_account_refusal(&core->sources, &core->directory.names, source, reason);
}

void rs_core_finish(rs_core_t *core) {
    if (core->watermark_us != INT64_MIN) rs_contacts_age(&core->contacts, core->watermark_us, UINT32_MAX, on_aged, core);
    rs_core_let_time_act_on_cases(core, UINT32_MAX);
    if (core->watermark_us != INT64_MIN) rs_agents_count_until(core->agents, core->watermark_us);
    rs_fcr_finish(&core->fcr, core->watermark_us);
    if (core->windows == NULL) return;
    rs_gauges_tick(&core->gauges, core->now_us);
    rs_core_settle_touched(core);
}
