/* Transitions, refusals and sources' accounts, waiting to be stored. Entries are copied into nodes of their own; a node that
 * is on its way is never dropped, the oldest that is not is dropped when there is no more room. */
#include "store/feeds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct transition {
    uint64_t episode;
    uint8_t family, channel, severity, from, to, compare, detector, act, hush;
    bool is_said_only, sticky;     /* nothing of the alert is known: what was said of an ended one, or a silence */
    bool figure_is_null;
    int64_t at_us, started_us, fired_us, until_us, due_us, numerator, denominator;
    double value, limit, clear, baseline;
    char rule[RS_MAX_NAME + 1], metric[RS_MAX_NAME + 1], policy[RS_MAX_NAME + 1], window[RS_MAX_NAME + 1];
    char tenant[RS_MAX_NAME + 1], key[RS_MAX_NAME + 1], runbook[512];
    rs_explanation_t explanation;
    char part_names[RS_EXPLAIN_PARTS][RS_MAX_NAME + 1];
    char who[RS_MAX_NAME + 1], owner[RS_MAX_NAME + 1], text[RS_COMMAND_TEXT + 1];
} transition_t;

typedef struct refusal {
    uint64_t seq, hash;
    bool has_seq;
    uint32_t len;
    int64_t at_us;
    char source[RS_MAX_NAME + 1], field[32], reason[32];
} refusal_t;

typedef struct source {
    bool waiting, taken;           /* taken and waiting again: it changed since */
    char name[RS_MAX_NAME + 1];
    rs_accounting_t accounting;    /* .source is not used */
} source_t;

typedef struct node {
    struct node *next;
    rs__effect_t effect;
    union { transition_t transition; refusal_t refusal; } as;
} node_t;

/* first … last_taken … last; last_taken NULL: none is on its way. */
typedef struct queue {
    node_t *first, *last, *last_taken, *cursor;
    size_t count, taken, max;
    uint64_t dropped, dropped_position;
} queue_t;

struct rs__records {
    queue_t transitions, refusals;
    source_t *sources;
    uint32_t source_count, max_sources, cursor;
    size_t sources_waiting, sources_taken;
};

int rs__records_create(const rs__records_limits_t *limits, rs__records_t **records_out) {
    rs__records_t *records = calloc(1, sizeof *records);
    if (records == NULL) return RS_ERR_MEMORY;
    records->sources = calloc(limits->sources, sizeof *records->sources);
    if (records->sources == NULL) {
        free(records);
        return RS_ERR_MEMORY;
    }
    records->max_sources = limits->sources;
    records->transitions.max = limits->transitions;
    records->refusals.max = limits->refusals;
    *records_out = records;
    return RS_OK;
}

static void empty(queue_t *queue) {
    for (node_t *node = queue->first, *next; node != NULL; node = next) {
        next = node->next;
        free(node);
    }
}

void rs__records_destroy(rs__records_t **records_ref) {
    rs__records_t *records = *records_ref;
    if (records == NULL) return;
    empty(&records->transitions);
    empty(&records->refusals);
    free(records->sources);
    free(records);
    *records_ref = NULL;
}

static void count_dropped(queue_t *queue, rs__effect_t effect) {
    queue->dropped++;
    if (effect.is_position && effect.place > queue->dropped_position) queue->dropped_position = effect.place;
}

/* Takes the oldest node that is not on its way out of a full queue; NULL when all are. */
static node_t *drop_oldest(queue_t *queue) {
    node_t *before = queue->last_taken;
    node_t *node = before == NULL ? queue->first : before->next;
    if (node == NULL) return NULL;
    if (before == NULL) queue->first = node->next;
    else before->next = node->next;
    if (queue->last == node) queue->last = before;
    queue->count--;
    count_dropped(queue, node->effect);
    return node;
}

/* A zeroed node at the end of the queue. NULL: no memory, or all of a full queue is on its way (counted as dropped). */
static node_t *append(queue_t *queue, rs__effect_t effect, int *status) {
    node_t *node = NULL;
    *status = RS_OK;
    if (queue->count < queue->max) {
        node = malloc(sizeof *node);
        if (node == NULL) *status = RS_ERR_MEMORY;
    } else {
        node = drop_oldest(queue);
        if (node == NULL) *status = RS_ERR_FULL;
    }
    if (node == NULL) {
        count_dropped(queue, effect);
        return NULL;
    }
    memset(node, 0, sizeof *node);
    node->effect = effect;
    if (queue->last == NULL) queue->first = node;
    else queue->last->next = node;
    queue->last = node;
    queue->count++;
    return node;
}

static uint64_t release_taken(queue_t *queue) {
    uint64_t position = 0;
    while (queue->taken > 0) {
        node_t *node = queue->first;
        if (node->effect.is_position && node->effect.place > position) position = node->effect.place;
        queue->first = node->next;
        if (queue->first == NULL) queue->last = NULL;
        free(node);
        queue->taken--;
        queue->count--;
    }
    queue->last_taken = NULL;
    return position;
}

static void take(queue_t *queue, size_t n) {
    RS_REQUIRE(queue->taken == 0 && n <= queue->count);
    node_t *node = NULL;
    for (size_t i = 0; i < n; i++) node = node == NULL ? queue->first : node->next;
    queue->last_taken = node;
    queue->taken = n;
}

#define CLEAN(field, text) rs__clean_text(field, sizeof(field), text)

int rs__records_add_transition(rs__records_t *records, const rs_alert_transition_t *from, rs__effect_t effect) {
    int status;
    node_t *node = append(&records->transitions, effect, &status);
    if (node == NULL) return status;
    transition_t *own = &node->as.transition;
    own->episode = from->episode;
    own->family = from->dimensions.family;
    own->channel = from->dimensions.channel;
    own->severity = from->severity;
    own->from = from->from;
    own->to = from->to;
    own->compare = from->compare;
    own->figure_is_null = from->figure.is_null;
    own->at_us = from->at_us;
    own->started_us = from->started_us;
    own->fired_us = from->fired_us;
    own->numerator = from->figure.numerator;
    own->denominator = from->figure.denominator;
    own->value = from->figure.value;
    own->limit = from->limit;
    own->clear = from->clear;
    own->detector = from->detector;
    own->baseline = from->baseline;
    own->act = from->act;
    own->hush = from->hush;
    own->is_said_only = from->act != RS_COMMAND_NONE && from->rule == UINT32_MAX;
    if (own->is_said_only) own->channel = from->act_channel;
    own->sticky = from->sticky;
    own->until_us = from->until_us;
    own->due_us = from->due_us;
    CLEAN(own->who, from->who);
    CLEAN(own->text, from->text);
    CLEAN(own->owner, from->owner);
    CLEAN(own->rule, from->rule_name);
    CLEAN(own->metric, from->metric);
    CLEAN(own->policy, from->policy);
    CLEAN(own->window, from->window);
    CLEAN(own->tenant, from->dimensions.tenant);
    CLEAN(own->key, from->dimensions.name);
    CLEAN(own->runbook, from->runbook);
    own->explanation = from->explanation;
    for (size_t i = 0; i < RS_EXPLAIN_PARTS; i++) CLEAN(own->part_names[i], from->part_names[i]);
    return RS_OK;
}

int rs__records_add_refusal(rs__records_t *records, rs_str_t source, bool has_seq, uint64_t seq, const char *reason,
                            const char *field, uint32_t len, uint64_t hash, int64_t at_us, rs__effect_t effect) {
    int status;
    node_t *node = append(&records->refusals, effect, &status);
    if (node == NULL) return status;
    refusal_t *own = &node->as.refusal;
    own->has_seq = has_seq;
    own->seq = seq;
    own->len = len;
    own->hash = hash;
    own->at_us = at_us;
    CLEAN(own->source, source);
    CLEAN(own->reason, rs_str(reason));
    CLEAN(own->field, rs_str(field));
    return RS_OK;
}

/* The estimate trembles a little all the time: what is less than ten milliseconds is not worth a write of its own. */
static bool is_same_skew(const rs_accounting_t *a, const rs_accounting_t *b) {
    return a->skew_known == b->skew_known && (!a->skew_known || llabs(a->skew_us - b->skew_us) < 10 * RS_US_PER_MS);
}

static bool is_same(const rs_accounting_t *a, const rs_accounting_t *b) {
    return a->received == b->received && a->applied == b->applied && a->duplicate == b->duplicate &&
           a->late_applied == b->late_applied && a->too_late == b->too_late && a->invalid == b->invalid &&
           a->unknown == b->unknown && a->future == b->future && a->limit == b->limit && a->gaps == b->gaps &&
           a->missing == b->missing && a->watermark_us == b->watermark_us && a->idle == b->idle && is_same_skew(a, b);
}

int rs__records_add_source(rs__records_t *records, const rs_accounting_t *accounting) {
    char name[RS_MAX_NAME + 1];
    CLEAN(name, accounting->source);
    source_t *own = NULL;
    for (uint32_t i = 0; i < records->source_count && own == NULL; i++)
        if (strcmp(records->sources[i].name, name) == 0) own = &records->sources[i];
    if (own == NULL) {
        if (records->source_count == records->max_sources) return RS_ERR_FULL;
        own = &records->sources[records->source_count++];
        *own = (source_t){0};
        memcpy(own->name, name, sizeof name);
    } else if (is_same(&own->accounting, accounting)) {
        return RS_OK;   /* it is stored, or will be */
    }
    own->accounting = *accounting;
    if (!own->waiting) records->sources_waiting++;
    own->waiting = true;
    return RS_OK;
}

/* --- statements ---------------------------------------------------------------------------------------------------- */
static const rs__feed_sql_t statements[RS__FEED_COUNT] = {
    [RS__FEED_TRANSITIONS] = {
        .stage = "CREATE TEMPORARY TABLE ringside_transitions ON COMMIT DELETE ROWS AS"
                 " SELECT stream_id, run, number, ordinal, episode, rule, severity, family, tenant, key, channel, metric, policy,"
                 " time_window, compare, limit_value, clear_value, runbook, started_at, fired_at, changed_at AS at,"
                 " state AS from_state, state AS to_state, limit_value AS value, number AS numerator, number AS denominator, detector,"
                 " limit_value AS baseline, ordinal AS hush, state AS act, tenant AS who, tenant AS text, tenant AS owner,"
                 " fired_at AS until_at, fired_at AS due_at, true AS sticky, NULL::jsonb AS explanation"
                 " FROM ringside.alert_episode WITH NO DATA",
        .copy = "COPY pg_temp.ringside_transitions FROM STDIN (FORMAT binary)",
        /* Of several changes of one episode in a batch the last one is what the episode now is. */
        .merge = "INSERT INTO ringside.alert_episode AS had (stream_id, episode, rule, severity, family, tenant, key, channel,"
                 " metric, policy, time_window, compare, limit_value, clear_value, runbook, state, started_at, fired_at,"
                 " ended_at, changed_at, run, number, ordinal, detector)"
                 " SELECT DISTINCT ON (stream_id, episode) stream_id, episode, rule, severity, family, tenant, key, channel,"
                 " metric, policy, time_window, compare, limit_value, clear_value, runbook, to_state, started_at, fired_at,"
                 " CASE WHEN to_state IN ('ok', 'resolved') THEN at END, at, run, number, ordinal, detector"
                 " FROM pg_temp.ringside_transitions WHERE family <> '' ORDER BY stream_id, episode, run DESC, number DESC, ordinal DESC"
                 " ON CONFLICT (stream_id, episode) DO UPDATE SET severity = excluded.severity, state = excluded.state,"
                 " started_at = excluded.started_at, fired_at = excluded.fired_at, ended_at = excluded.ended_at,"
                 " changed_at = excluded.changed_at, run = excluded.run, number = excluded.number, ordinal = excluded.ordinal"
                 " WHERE (had.run, had.number, had.ordinal) < (excluded.run, excluded.number, excluded.ordinal);\n"
                 "INSERT INTO ringside.alert_change (stream_id, run, number, ordinal, episode, at, from_state, to_state, value,"
                 " numerator, denominator, limit_value, baseline, quiet, explanation)"
                 " SELECT stream_id, run, number, ordinal, episode, at, from_state, to_state,"
                 " value, numerator, denominator, limit_value, baseline, ARRAY(SELECT w.why"
                 " FROM (VALUES (1, 'acknowledged'), (2, 'silenced'), (4, 'inhibited')) AS w (bit, why) WHERE hush & w.bit <> 0"
                 " ORDER BY w.bit), explanation FROM pg_temp.ringside_transitions WHERE act IS NULL ON CONFLICT DO NOTHING;\n"
                 "INSERT INTO ringside.alert_said (stream_id, run, number, ordinal, episode, at, act, author, text, owner,"
                 " due_at, until_at, sticky, tenant, rule, key, channel, measured)"
                 " SELECT stream_id, run, number, ordinal, episode, at, act, who, text, owner, due_at,"
                 " until_at, sticky, nullif(tenant, ''), nullif(rule, ''), key, channel,"
                 " CASE WHEN act = 'review' THEN ringside.measured_at_review(stream_id, episode) END"
                 " FROM pg_temp.ringside_transitions WHERE act IS NOT NULL ON CONFLICT DO NOTHING",
    },
    [RS__FEED_REFUSALS] = {
        .stage = "CREATE TEMPORARY TABLE ringside_refusals (stream_id integer, run bigint, number bigint, ordinal integer, at timestamptz,"
                 " source text, seq text, reason text, field text, length bigint, hash bigint) ON COMMIT DELETE ROWS",
        .copy = "COPY pg_temp.ringside_refusals FROM STDIN (FORMAT binary)",
        .merge = "INSERT INTO ringside.quarantine (stream_id, run, number, ordinal, at, source, seq, reason, field, length, hash)"
                 " SELECT stream_id, run, number, ordinal, at, source, seq::numeric, reason, field, length, hash"
                 " FROM pg_temp.ringside_refusals ON CONFLICT DO NOTHING",
    },
    [RS__FEED_SOURCES] = {
        .stage = "CREATE TEMPORARY TABLE ringside_sources ON COMMIT DELETE ROWS AS SELECT stream_id, run, source, received,"
                 " applied, duplicate, late_applied, too_late, invalid, unknown, future, over_limit, gaps, missing, watermark,"
                 " idle, skew_ms FROM ringside.source_accounting WITH NO DATA",
        .copy = "COPY pg_temp.ringside_sources FROM STDIN (FORMAT binary)",
        .merge = "INSERT INTO ringside.source_accounting AS had (stream_id, run, source, received, applied, duplicate,"
                 " late_applied, too_late, invalid, unknown, future, over_limit, gaps, missing, watermark, idle, skew_ms)"
                 " SELECT * FROM pg_temp.ringside_sources"
                 " ON CONFLICT (stream_id, run, source) DO UPDATE SET received = excluded.received,"
                 " applied = excluded.applied, duplicate = excluded.duplicate, late_applied = excluded.late_applied,"
                 " too_late = excluded.too_late, invalid = excluded.invalid, unknown = excluded.unknown,"
                 " future = excluded.future, over_limit = excluded.over_limit, gaps = excluded.gaps,"
                 " missing = excluded.missing, watermark = excluded.watermark, idle = excluded.idle,"
                 " skew_ms = excluded.skew_ms, stored_at = now()"
                 " WHERE had.received <= excluded.received",
    },
};

int rs__records_sql(rs__feed_id_t feed, rs__feed_sql_t *sql) {
    const rs__feed_sql_t *from = &statements[feed];
    RS_REQUIRE(from->stage != NULL);
    *sql = (rs__feed_sql_t){.stage = strdup(from->stage), .copy = strdup(from->copy), .merge = strdup(from->merge)};
    if (sql->stage != NULL && sql->copy != NULL && sql->merge != NULL) return RS_OK;
    rs__feed_sql_deinit(sql);
    return RS_ERR_MEMORY;
}

/* --- on their way -------------------------------------------------------------------------------------------------- */
size_t rs__records_waiting(const rs__records_t *records, rs__feed_id_t feed) {
    switch (feed) {
        case RS__FEED_TRANSITIONS: return records->transitions.count;
        case RS__FEED_REFUSALS: return records->refusals.count;
        case RS__FEED_SOURCES: return records->sources_waiting + records->sources_taken;
        default: return 0;
    }
}

static void take_sources(rs__records_t *records, size_t n) {
    RS_REQUIRE(records->sources_taken == 0);
    for (uint32_t i = 0; i < records->source_count && records->sources_taken < n; i++) {
        source_t *source = &records->sources[i];
        if (!source->waiting) continue;
        source->waiting = false;
        source->taken = true;
        records->sources_waiting--;
        records->sources_taken++;
    }
}

void rs__records_take(rs__records_t *records, rs__feed_id_t feed, size_t n) {
    if (feed == RS__FEED_TRANSITIONS) take(&records->transitions, n);
    else if (feed == RS__FEED_REFUSALS) take(&records->refusals, n);
    else if (feed == RS__FEED_SOURCES) take_sources(records, n);
}

static void sources_done(rs__records_t *records, bool written) {
    for (uint32_t i = 0; i < records->source_count; i++) {
        source_t *source = &records->sources[i];
        if (source->taken && !written && !source->waiting) {
            source->waiting = true;
            records->sources_waiting++;
        }
        source->taken = false;
    }
    records->sources_taken = 0;
}

uint64_t rs__records_written(rs__records_t *records, rs__feed_id_t feed) {
    if (feed == RS__FEED_TRANSITIONS) return release_taken(&records->transitions);
    if (feed == RS__FEED_REFUSALS) return release_taken(&records->refusals);
    if (feed == RS__FEED_SOURCES) sources_done(records, true);
    return 0;
}

void rs__records_forgotten(rs__records_t *records) {
    for (uint32_t i = 0; i < records->source_count; i++) {
        if (!records->sources[i].waiting) records->sources_waiting++;
        records->sources[i].waiting = true;
    }
}

static void give_back(queue_t *queue) {
    queue->last_taken = NULL;
    queue->taken = 0;
}

void rs__records_returned(rs__records_t *records, rs__feed_id_t feed) {
    if (feed == RS__FEED_TRANSITIONS) give_back(&records->transitions);
    else if (feed == RS__FEED_REFUSALS) give_back(&records->refusals);
    else if (feed == RS__FEED_SOURCES) sources_done(records, false);
}

uint64_t rs__records_dropped(const rs__records_t *records, rs__feed_id_t feed) {
    if (feed == RS__FEED_TRANSITIONS) return records->transitions.dropped;
    return feed == RS__FEED_REFUSALS ? records->refusals.dropped : 0;
}

uint64_t rs__records_dropped_position(const rs__records_t *records) {
    const uint64_t transitions = records->transitions.dropped_position, refusals = records->refusals.dropped_position;
    return transitions > refusals ? transitions : refusals;
}

static node_t *advance(queue_t *queue, bool first) {
    queue->cursor = first ? queue->first : queue->cursor->next;
    RS_REQUIRE(queue->cursor != NULL);
    return queue->cursor;
}

static const char *const family_names[RS_FAMILY_COUNT] = {"queue", "channel", "total", "agent", "team"};
static const char *const severity_names[] = {"info", "warning", "critical"};
static const char *const compare_names[] = {"above", "below"};
#define RS_X(name, text) text,
static const char *const state_names[] = {RS_ALERT_STATES(RS_X)};
#undef RS_X
#define NAME_OF(names, index) ((index) < RS_ARRAY_LEN(names) ? (names)[index] : "")

static void time_or_null(rs__buffer_t *buffer, int64_t us) {
    if (us <= 0) rs__copy_null(buffer);
    else rs__copy_time(buffer, us);
}

static void encode_effect(const node_t *node, int64_t run, int32_t stream_id, rs__buffer_t *buffer) {
    rs__copy_int4(buffer, stream_id);
    rs__copy_int8(buffer, run);
    rs__copy_int8(buffer, (int64_t)node->effect.place);
    rs__copy_int4(buffer, node->effect.ordinal);
}

static void encode_judgement(const transition_t *t, rs__buffer_t *buffer) {
    rs__copy_cstring(buffer, rs_config_detector_name(t->detector));
    if (t->detector == RS_DETECTOR_THRESHOLD) rs__copy_null(buffer);
    else rs__copy_float8(buffer, t->baseline);
    rs__copy_int4(buffer, t->hush);
}

static void encode_said(const transition_t *t, rs__buffer_t *buffer) {
    const bool is_said = t->act != RS_COMMAND_NONE, is_action = t->act == RS_COMMAND_ACTION;
    const bool ends = t->act == RS_COMMAND_ACKNOWLEDGE || t->act == RS_COMMAND_SILENCE || t->act == RS_COMMAND_UNSILENCE;
    rs__copy_text_or_null(buffer, is_said ? rs_str(rs_command_name(t->act)) : (rs_str_t){0});
    rs__copy_text_or_null(buffer, rs_str(t->who));
    rs__copy_text_or_null(buffer, rs_str(t->text));
    rs__copy_text_or_null(buffer, is_action ? rs_str(t->owner) : (rs_str_t){0});
    time_or_null(buffer, ends ? t->until_us : 0);
    time_or_null(buffer, is_action ? t->due_us : 0);
    rs__copy_bool(buffer, t->act == RS_COMMAND_ACKNOWLEDGE && t->sticky);
}

static void encode_explanation(const transition_t *t, rs__buffer_t *buffer) {
    enum { TEXT = 4096 };
    char text[TEXT];
    rs_str_t names[RS_EXPLAIN_PARTS];
    rs_json_t json;
    for (size_t i = 0; i < RS_EXPLAIN_PARTS; i++) names[i] = rs_str(t->part_names[i]);
    rs_json_init(&json, text, sizeof text);
    rs_explanation_write(&json, NULL, &t->explanation, names);
    if (json.overflow || json.len == 0) rs__copy_null(buffer);
    else rs__copy_jsonb(buffer, (rs_str_t){text, (uint32_t)json.len});
}

static void encode_transition(const node_t *node, int64_t run, int32_t stream_id, rs__buffer_t *buffer) {
    const transition_t *t = &node->as.transition;
    rs__copy_row(buffer, 37);
    encode_effect(node, run, stream_id, buffer);
    rs__copy_int8(buffer, (int64_t)t->episode);
    rs__copy_cstring(buffer, t->rule);
    rs__copy_cstring(buffer, NAME_OF(severity_names, t->severity));
    rs__copy_cstring(buffer, t->is_said_only ? "" : NAME_OF(family_names, t->family));
    rs__copy_cstring(buffer, t->tenant);
    rs__copy_text_or_null(buffer, rs_str(t->key));
    rs__copy_text_or_null(buffer, rs_str(rs_channel_name(t->channel)));
    rs__copy_cstring(buffer, t->metric);
    rs__copy_text_or_null(buffer, rs_str(t->policy));
    rs__copy_text_or_null(buffer, rs_str(t->window));
    rs__copy_cstring(buffer, NAME_OF(compare_names, t->compare));
    rs__copy_float8(buffer, t->limit);
    rs__copy_float8(buffer, t->clear);
    rs__copy_text_or_null(buffer, rs_str(t->runbook));
    rs__copy_time(buffer, t->started_us);
    time_or_null(buffer, t->fired_us);
    rs__copy_time(buffer, t->at_us);
    rs__copy_cstring(buffer, NAME_OF(state_names, t->from));
    rs__copy_cstring(buffer, NAME_OF(state_names, t->to));
    if (t->figure_is_null) rs__copy_null(buffer);
    else rs__copy_float8(buffer, t->value);
    rs__copy_int8(buffer, t->numerator);
    rs__copy_int8(buffer, t->denominator);
    encode_judgement(t, buffer);
    encode_said(t, buffer);
    encode_explanation(t, buffer);
}

static void encode_refusal(const node_t *node, int64_t run, int32_t stream_id, rs__buffer_t *buffer) {
    const refusal_t *r = &node->as.refusal;
    char seq[24] = "";
    if (r->has_seq) snprintf(seq, sizeof seq, "%" PRIu64, r->seq);
    rs__copy_row(buffer, 11);
    encode_effect(node, run, stream_id, buffer);
    rs__copy_time(buffer, r->at_us);
    rs__copy_text_or_null(buffer, rs_str(r->source));
    rs__copy_text_or_null(buffer, rs_str(seq));
    rs__copy_cstring(buffer, r->reason);
    rs__copy_text_or_null(buffer, rs_str(r->field));
    rs__copy_int8(buffer, r->len);
    rs__copy_int8(buffer, (int64_t)r->hash);
}

static void encode_source(const source_t *source, int64_t run, int32_t stream_id, rs__buffer_t *buffer) {
    const rs_accounting_t *a = &source->accounting;
    const uint64_t numbers[] = {a->received, a->applied, a->duplicate, a->late_applied, a->too_late, a->invalid,
                                a->unknown, a->future, a->limit, a->gaps, a->missing};
    rs__copy_row(buffer, 6 + (int16_t)RS_ARRAY_LEN(numbers));
    rs__copy_int4(buffer, stream_id);
    rs__copy_int8(buffer, run);
    rs__copy_cstring(buffer, source->name);
    for (size_t i = 0; i < RS_ARRAY_LEN(numbers); i++) rs__copy_int8(buffer, (int64_t)numbers[i]);
    time_or_null(buffer, a->watermark_us);
    rs__copy_bool(buffer, a->idle);
    if (a->skew_known) rs__copy_int8(buffer, a->skew_us / RS_US_PER_MS);
    else rs__copy_null(buffer);
}

void rs__records_encode(rs__records_t *records, rs__feed_id_t feed, bool first, int64_t run, int32_t stream_id,
                        rs__buffer_t *buffer) {
    if (feed == RS__FEED_TRANSITIONS) {
        encode_transition(advance(&records->transitions, first), run, stream_id, buffer);
    } else if (feed == RS__FEED_REFUSALS) {
        encode_refusal(advance(&records->refusals, first), run, stream_id, buffer);
    } else if (feed == RS__FEED_SOURCES) {
        uint32_t at = first ? 0 : records->cursor + 1;
        while (at < records->source_count && !records->sources[at].taken) at++;
        RS_REQUIRE(at < records->source_count);
        records->cursor = at;
        encode_source(&records->sources[at], run, stream_id, buffer);
    }
}
