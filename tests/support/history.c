/* support/history.c — making a failing history small, and printing it so that it can be replayed. */
#include "generate.h"

#include <stdlib.h>

/* --- shrinking ------------------------------------------------------------------------------------------------------- */
typedef struct shrinker {
    history_fails_fn fails;
    void *context;
    oracle_arrival_t *best; /* smallest that fails */
    size_t count;
    oracle_arrival_t *trial, *scratch;
} shrinker_t;

static bool try_without(shrinker_t *shrinker, size_t kept) {
    if (kept == shrinker->count || kept == 0) return false;
    memcpy(shrinker->scratch, shrinker->trial, kept * sizeof *shrinker->trial);
    if (!shrinker->fails(shrinker->context, shrinker->scratch, kept)) return false;
    memcpy(shrinker->best, shrinker->trial, kept * sizeof *shrinker->trial);
    shrinker->count = kept;
    return true;
}

static bool drop_range(shrinker_t *shrinker, size_t from, size_t to) {
    size_t kept = 0;
    for (size_t i = 0; i < shrinker->count; i++) {
        if (i < from || i >= to) shrinker->trial[kept++] = shrinker->best[i];
    }
    return try_without(shrinker, kept);
}

static bool drop_contact(shrinker_t *shrinker, rs_str_t contact_id) {
    size_t kept = 0;
    for (size_t i = 0; i < shrinker->count; i++) {
        if (!rs_str_equal(shrinker->best[i].event->contact_id, contact_id)) shrinker->trial[kept++] = shrinker->best[i];
    }
    return try_without(shrinker, kept);
}

static void drop_contacts(shrinker_t *shrinker) {
    for (size_t i = 0; i < shrinker->count;) {
        if (!drop_contact(shrinker, shrinker->best[i].event->contact_id)) i++;
    }
}

size_t history_shrink(oracle_arrival_t *deliveries, size_t count, history_fails_fn fails, void *context) {
    shrinker_t shrinker = {.fails = fails,
                           .context = context,
                           .best = deliveries,
                           .count = count,
                           .trial = calloc(count + 1, sizeof *deliveries),
                           .scratch = calloc(count + 1, sizeof *deliveries)};
    RS_REQUIRE(shrinker.trial != NULL && shrinker.scratch != NULL);
    size_t before;
    do {
        before = shrinker.count;
        drop_contacts(&shrinker);
        for (size_t size = shrinker.count / 2; size > 0; size /= 2) {
            for (size_t from = 0; from < shrinker.count;) {
                if (!drop_range(&shrinker, from, from + size)) from += size;
            }
        }
    } while (shrinker.count < before);
    free(shrinker.trial);
    free(shrinker.scratch);
    return shrinker.count;
}

/* --- printing -------------------------------------------------------------------------------------------------------- */
static void print_text(FILE *out, const char *field, rs_str_t value) {
    if (value.len != 0) fprintf(out, ",\"%s\":\"%.*s\"", field, (int)value.len, value.data);
}

static void print_number(FILE *out, bool *first, const char *field, int64_t value) {
    fprintf(out, "%s\"%s\":%lld", *first ? "" : ",", field, (long long)value);
    *first = false;
}

static void print_choice(FILE *out, bool *first, const char *field, const char *value) {
    fprintf(out, "%s\"%s\":\"%s\"", *first ? "" : ",", field, value);
    *first = false;
}

#define RS_X(name, text) text,
static const char *const offer_names[] = {"", RS_OFFER_REASONS(RS_X)};
static const char *const flow_names[] = {"", RS_FLOW_REASONS(RS_X)};
static const char *const block_names[] = {"", RS_BLOCK_REASONS(RS_X)};
static const char *const transfer_names[] = {"", RS_TRANSFER_KINDS(RS_X)};
static const char *const stage_names[] = {"", RS_ABANDON_STAGES(RS_X)};
static const char *const party_names[] = {"", RS_PARTIES(RS_X)};
static const char *const state_names[] = {"", RS_AGENT_STATES(RS_X)};
static const char *const channel_names[] = {"", RS_CHANNELS(RS_X)};
static const char *const type_names[] = {"", RS_EVENT_TYPES(RS_X)};
#undef RS_X

static void print_data(FILE *out, const rs_event_t *event) {
    bool first = true;
    fprintf(out, ",\"data\":{");
    if (event->type == RS_CONTACT_OFFER_FAILED && event->reason != 0)
        print_choice(out, &first, "reason", offer_names[event->reason]);
    if (event->type == RS_CONTACT_DEQUEUED && event->reason != 0)
        print_choice(out, &first, "reason", flow_names[event->reason]);
    if (event->type == RS_CONTACT_BLOCKED && event->reason != 0)
        print_choice(out, &first, "reason", block_names[event->reason]);
    if (event->type == RS_SURVEY_ANSWERED) {
        static const char *const kinds[] = {"", "other", "csat", "nps", "ces"};
        if (event->kind != 0) print_choice(out, &first, "kind", kinds[event->kind]);
        if ((event->present & RS_HAS_SCORE) != 0) print_number(out, &first, "score_milli", event->score_milli);
        if ((event->present & RS_HAS_SCALE_MIN) != 0) print_number(out, &first, "scale_min_milli", event->scale_min_milli);
        if ((event->present & RS_HAS_SCALE_MAX) != 0) print_number(out, &first, "scale_max_milli", event->scale_max_milli);
    }
    if (event->type == RS_CONTACT_TRANSFERRED && event->kind != 0)
        print_choice(out, &first, "kind", transfer_names[event->kind]);
    if (event->type == RS_CONTACT_ABANDONED && event->stage != 0)
        print_choice(out, &first, "stage", stage_names[event->stage]);
    if (event->type == RS_CONTACT_ENDED && event->party != 0)
        print_choice(out, &first, "by", party_names[event->party]);
    if (event->type == RS_AGENT_STATE && event->state != 0)
        print_choice(out, &first, "state", state_names[event->state]);
    if ((event->present & RS_HAS_WAIT_MS) != 0) print_number(out, &first, "wait_ms", event->wait_ms);
    if ((event->present & RS_HAS_TALK_MS) != 0) print_number(out, &first, "talk_ms", event->talk_ms);
    if ((event->present & RS_HAS_HOLD_MS) != 0) print_number(out, &first, "hold_ms", event->hold_ms);
    if (event->to_queue.len != 0)
        fprintf(out, "%s\"to_queue\":\"%.*s\"", first ? "" : ",", (int)event->to_queue.len, event->to_queue.data);
    if (event->to_queue.len != 0) first = false;
    if (event->to_agent.len != 0)
        fprintf(out, "%s\"to_agent\":\"%.*s\"", first ? "" : ",", (int)event->to_agent.len, event->to_agent.data);
    fprintf(out, "}");
}

void history_print_event(FILE *out, const oracle_arrival_t *delivery) {
    const rs_event_t *event = delivery->event;
    fprintf(out, "{\"source\":\"%.*s\"", (int)event->source.len, event->source.data);
    print_text(out, "incarnation", event->incarnation);
    if ((event->present & RS_HAS_SEQ) != 0) fprintf(out, ",\"seq\":%llu", (unsigned long long)event->seq);
    print_text(out, "event_id", event->event_id);
    fprintf(out, ",\"occurred_at\":%lld,\"type\":\"%s\"", (long long)event->occurred_us, type_names[event->type]);
    print_text(out, "tenant", event->tenant);
    print_text(out, "contact_id", event->contact_id);
    print_text(out, "journey_id", event->journey_id);
    if (event->channel != 0) fprintf(out, ",\"channel\":\"%s\"", channel_names[event->channel]);
    print_text(out, "queue", event->queue);
    print_text(out, "agent", event->agent);
    print_text(out, "team", event->team);
    print_data(out, event);
    fprintf(out, ",\"x_arrival_us\":%lld}\n", (long long)delivery->arrival_us);
}

void history_print(FILE *out, const history_t *history, const oracle_arrival_t *deliveries, size_t count) {
    fprintf(out, "# seed %llu, %zu deliveries\n", (unsigned long long)history->seed, count);
    history_print_config(out, &history->config, &history->interval);
    for (size_t i = 0; i < count; i++) history_print_event(out, &deliveries[i]);
}
