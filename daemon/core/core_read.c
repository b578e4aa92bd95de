/* What the core shows: rows, accounting, keys. */
#include "core/core_internal.h"

#include <stdlib.h>

void rs_core_finalise_rows(rs_core_t *core) {
    if (core->watermark_us == INT64_MIN || core->rows.spec.mode != RS_INTERVAL_FIXED) return;
    const int64_t settled_us = core->watermark_us - core->config->lateness_us;
    const int64_t frontier_us = settled_us - settled_us % core->rows.spec.length_us;
    if (settled_us < 0 || frontier_us <= core->final_frontier_us) return;
    core->final_frontier_us = frontier_us;
    rs_process_finalise(&core->process, frontier_us);
    rs_rows_finalise(&core->rows, frontier_us);
}

/* A queue's row has its queue's T; the rows of others know their T only while all facts in them had the same. */
static void read_row(rs_core_t *core, uint32_t number, unsigned attribution, rs_row_t *row) {
    rs_rows_read(&core->rows, number, attribution, row);
    const rs_cell_t *cell = rs_rows_cell(&core->rows, number);
    const rs_key_entry_t *entry = &core->directory.entries[cell->key];
    row->key = entry->dimensions;
    const int64_t at_us = core->rows.spec.mode == RS_INTERVAL_ALL ? core->watermark_us : cell->start_us;
    const rs_generation_t *generation = rs_account_generation(&core->account, at_us);
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if ((generation->used & 1u << slot) != 0) row->policies[slot] = &generation->policies[slot];
    }
    if (entry->dimensions.family == RS_FAMILY_QUEUE) {
        row->threshold_us = rs_account_standards(&core->account, cell->key, at_us)->standard.threshold_us;
    }
}

typedef struct rs_place { uint32_t cell; uint8_t attribution; } rs_place_t;

static int compare_places(const void *a_place, const void *b_place, void *context) {
    const rs_core_t *core = context;
    const rs_place_t *left = a_place, *right = b_place;
    if (left->attribution != right->attribution) return left->attribution < right->attribution ? -1 : 1;
    const rs_cell_t *a = rs_rows_cell(&core->rows, left->cell), *b = rs_rows_cell(&core->rows, right->cell);
    if (a->start_us != b->start_us) return a->start_us < b->start_us ? -1 : 1;
    const rs_key_t *a_key = &core->directory.entries[a->key].dimensions, *b_key = &core->directory.entries[b->key].dimensions;
    int order = rs_str_compare(a_key->tenant, b_key->tenant);
    if (order == 0) order = (int)a_key->family - (int)b_key->family;
    if (order == 0) order = rs_str_compare(a_key->name, b_key->name);
    if (order == 0) order = (int)a_key->channel - (int)b_key->channel;
    return order;
}

static size_t place_rows(const rs_core_t *core, rs_place_t *places) {
    size_t count = 0;
    for (uint32_t number = 1; number <= core->rows.cells.made; number++) {
        const rs_cell_t *cell = rs_rows_cell(&core->rows, number);
        for (unsigned attribution = 0; attribution < RS_ATTRIBUTION_COUNT && !cell->is_free; attribution++) {
            if (rs_rows_is_empty(&core->rows, cell, attribution)) continue;
            places[count++] = (rs_place_t){.cell = number, .attribution = (uint8_t)attribution};
        }
    }
    return count;
}

void rs_core_rows(rs_core_t *core, rs_row_fn on_row, void *context) {
    rs_place_t *places = malloc(((size_t)core->rows.cells.live * RS_ATTRIBUTION_COUNT + 1) * sizeof *places);
    RS_REQUIRE(places != NULL);
    const size_t count = place_rows(core, places);
    qsort_r(places, count, sizeof *places, compare_places, core);
    for (size_t i = 0; i < count; i++) {
        rs_row_t row;
        read_row(core, places[i].cell, places[i].attribution, &row);
        on_row(context, &row);
    }
    free(places);
}

/* The rows of two attributions that have nothing of their own say the same. */
static bool same_rows(const rs_cell_t *cell, unsigned a, unsigned b) {
    return a != RS_ATTRIBUTION_CLOSE && b != RS_ATTRIBUTION_CLOSE && cell->own[a] == 0 && cell->own[b] == 0;
}

static void tell_rows(rs_core_t *core, uint32_t number, unsigned attributions, rs_row_fn on_row, void *context) {
    const rs_cell_t *cell = rs_rows_cell(&core->rows, number);
    unsigned before = RS_ATTRIBUTION_COUNT;   /* what `row` was read from */
    rs_row_t row;
    for (unsigned left = attributions; left != 0; left &= left - 1) {
        const unsigned attribution = (unsigned)__builtin_ctz(left);
        if (before != RS_ATTRIBUTION_COUNT && same_rows(cell, before, attribution)) row.attribution = (uint8_t)attribution;
        else read_row(core, number, attribution, &row);
        before = attribution;
        on_row(context, &row);
    }
}

size_t rs_core_collect(rs_core_t *core, size_t max, rs_row_fn on_row, void *context) {
    size_t count = 0;
    for (uint32_t number; (number = rs_changed_next(&core->rows.changed)) != 0;) {
        const size_t rows = (size_t)__builtin_popcount(rs_rows_cell(&core->rows, number)->dirty);
        if (rows > max - count) break;
        tell_rows(core, number, rs_rows_cell(&core->rows, number)->dirty, on_row, context);
        rs_changed_take_in_hand(&core->rows.changed, number);
        count += rows;
    }
    return count;
}

size_t rs_core_dirty_rows(const rs_core_t *core) { return rs_changed_waiting(&core->rows.changed); }

static uint32_t permille(const rs_pool_t *pool) {
    return pool->max_items == 0 ? 0 : (uint32_t)((uint64_t)pool->live * 1000 / pool->max_items);
}

uint32_t rs_core_rows_permille(const rs_core_t *core) {
    const uint32_t rows = permille(&core->rows.cells), edges = permille(&core->process.cells);
    const uint32_t most = rows > edges ? rows : edges, facts = rs_book_permille(&core->book);
    return most > facts ? most : facts;
}

uint32_t rs_core_source_count(const rs_core_t *core) { return core->sources.source_count; }

void rs_core_accounting(const rs_core_t *core, uint32_t source, rs_accounting_t *accounting) {
    RS_REQUIRE(source < core->sources.source_count);
    *accounting = core->sources.sources[source].accounting;
    accounting->skew_known = rs_skew_estimate(&core->sources.sources[source].skew, &accounting->skew_us);
    for (uint32_t i = 1; i < core->sources.session_count; i++) {
        if (core->sources.sessions[i].owner != source) continue;
        uint64_t gaps, missing;
        rs_numbers_gaps(&core->sources.sessions[i].reported, &gaps, &missing);
        accounting->gaps += gaps;
        accounting->missing += missing;
    }
}

int64_t rs_core_now(const rs_core_t *core) { return core->now_us; }
int64_t rs_core_watermark(const rs_core_t *core) { return core->watermark_us; }
void rs_core_present_alerts(const rs_core_t *core, rs_alert_fn on_alert, void *context) {
    if (core->alerts != NULL) rs_alerts_present(core->alerts, on_alert, context);
}
const rs_silence_t *rs_core_silence(const rs_core_t *core, uint32_t place) {
    return core->alerts == NULL ? NULL : rs_alerts_silence(core->alerts, place);
}
uint64_t rs_core_run(const rs_core_t *core) { return core->options.run; }
uint64_t rs_core_position(const rs_core_t *core) { return core->position; }
const rs_window_store_t *rs_core_windows(const rs_core_t *core) { return core->windows; }
void rs_core_key(const rs_core_t *core, uint32_t key, rs_key_t *dimensions) {
    const rs_key_entry_t *entry = &core->directory.entries[key];
    const rs_names_t *names = &core->directory.names;
    *dimensions = (rs_key_t){.family = entry->dimensions.family, .channel = entry->dimensions.channel,
                             .tenant = rs_names_text_anywhere(names, entry->tenant), .name = rs_names_text_anywhere(names, entry->name)};
}

uint32_t rs_core_agent_count(const rs_core_t *core) { return rs_agents_published(core->agents); }
const rs_agents_t *rs_core_agents(const rs_core_t *core) { return core->agents; }

int rs_core_agent(const rs_core_t *core, uint32_t place, rs_core_agent_t *agent) {
    rs_agent_live_t live;
    const int status = rs_agents_read(core->agents, place, &live);
    if (status != RS_OK) return status;
    const rs_names_t *names = &core->directory.names;
    *agent = (rs_core_agent_t){.live = live, .tenant = rs_names_text(names, live.tenant),
                               .agent = rs_names_text_anywhere(names, live.agent),
                               .team = rs_names_text(names, live.team), .reason = rs_names_text(names, live.reason),
                               .activity = rs_names_text(names, live.activity)};
    for (uint32_t i = 0; i < RS_LIVE_QUEUES && i < live.queue_count; i++) agent->queues[i] = rs_names_text(names, live.queues[i]);
    return RS_OK;
}

static const rs_generation_t *newest(const rs_core_t *core) { return &core->generations[core->generation_count - 1]; }

uint32_t rs_core_policy_count(const rs_core_t *core) {
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if ((newest(core)->used & 1u << slot) != 0) count = slot + 1;
    }
    return count;
}

const rs_policy_t *rs_core_policy(const rs_core_t *core, uint32_t slot) {
    if (slot >= RS_MAX_POLICIES || (newest(core)->used & 1u << slot) == 0) return NULL;
    return &newest(core)->policies[slot];
}

uint64_t rs_core_bytes(const rs_core_t *core) {
    uint64_t bytes = sizeof *core + rs_contacts_bytes(&core->contacts) + rs_rows_bytes(&core->rows) +
                     (core->closes.on ? rs_pool_bytes(&core->closes.facts) : 0) + rs_cases_bytes(&core->cases) +
                     rs_agents_bytes(core->agents) + rs_sources_bytes(&core->sources) + rs_names_bytes(&core->directory.names) +
                     rs_journeys_bytes(&core->journeys) + rs_fcr_bytes(&core->fcr) +
                     (uint64_t)core->directory.count * sizeof(rs_key_entry_t);
    bytes += rs_predict_bytes(&core->predict);
    if (core->windows != NULL) bytes += rs_window_bytes(core->windows);
    return bytes + rs_process_bytes(&core->process) + rs_book_bytes(&core->book);
}

int rs_core_check(const rs_core_t *core, const char **why) {
    for (uint32_t i = 0; i < core->sources.source_count; i++) {
        const rs_accounting_t *a = &core->sources.sources[i].accounting;
        if (a->received == a->applied + a->duplicate + a->late_applied + a->too_late + a->invalid + a->unknown + a->future + a->limit) {
            continue;
        }
        *why = "the accounting of a source does not balance";
        return RS_ERR_STATE;
    }
    const int status = rs_cases_check(&core->cases, why);
    if (status != RS_OK) return status;
    if (rs_agents_check(core->agents, why) != RS_OK) return RS_ERR_STATE;
    return core->windows == NULL ? RS_OK : rs_window_check(core->windows, why);
}

rs_core_losses_t rs_core_losses(const rs_core_t *core) {
    return (rs_core_losses_t){.contacts = core->contacts_refused, .unmoved = core->closes.unmoved, .cells = core->rows.store.dropped,
                              .panes = core->account.windows_refused, .overflowed_keys = core->directory.overflowed,
                              .alerts = core->alerts != NULL ? rs_alerts_unbound(core->alerts) : 0,
                              .cases = core->cases.refused + core->cases.forgotten,
                              .edges = core->process.overflowed + core->process.dropped,
                              .variants = core->process.variants.taken_over, .facts = core->book.dropped,
                              .customers = core->fcr.forgotten, .untold = core->outbox.dropped + core->outbox.refused};
}

rs_contact_rate_t rs_core_fcr_contact_rate(const rs_core_t *core, rs_str_t tenant) {
    rs_contact_rate_t rate;
    rs_fcr_rate(&core->fcr, tenant, &rate.contacts, &rate.customers);
    return rate;
}

uint32_t rs_core_fcr_repeaters(const rs_core_t *core, rs_str_t tenant, rs_fcr_repeater_t *repeaters, uint32_t max,
                               uint32_t *others_at_most) {
    return rs_fcr_repeaters(&core->fcr, tenant, repeaters, max, others_at_most);
}

void rs_core_open_alerts(const rs_core_t *core, rs_alert_fn on_alert, void *context) {
    if (core->alerts != NULL) rs_alerts_open(core->alerts, on_alert, context);
}

bool rs_core_receiver_at(const rs_core_t *core, uint32_t number, uint64_t *receiver) {
    if (number >= core->outbox.receiver_count) return false;
    *receiver = core->outbox.receivers[number].name;
    return true;
}

uint32_t rs_core_unwarmed(rs_core_t *core, rs_alert_unwarmed_t *found, uint32_t max) {
    return core->alerts == NULL ? 0 : rs_alerts_unwarmed(core->alerts, found, max);
}
