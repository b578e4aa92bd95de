/* What a chain comes to: groups, and what each counts as. */
#include "core/fcr/fcr.h"

void rs__fcr_load_chain(rs_fcr_t *fcr, rs_fcr_key_t key) {
    rs_fcr_chain_t *chain = &fcr->chain;
    uint32_t newest_first[RS_FCR_CHAIN_MAX + 1], count = 0;
    uint32_t next = rs_fcr_first(&fcr->tables, key);
    while (next != 0) {
        const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, next);
        if (record->customer == key.bits) {
            RS_REQUIRE(count <= RS_FCR_CHAIN_MAX);
            newest_first[count++] = next;
        }
        next = rs_fcr_next(record);
    }
    chain->count = count;
    for (uint32_t i = 0; i < count; i++) chain->numbers[i] = newest_first[count - 1 - i];
}

static const rs_fcr_record_t *in_chain(const rs_fcr_t *fcr, uint32_t place) {
    return rs_fcr_record_at(&fcr->tables, fcr->chain.numbers[place]);
}

/* --- a group ---------------------------------------------------------------------------------------------------------- */
static int compare_names(const rs_fcr_t *fcr, uint32_t a, uint32_t b) {
    return a == b ? 0 : rs_str_compare(rs_names_text(fcr->names, a), rs_names_text(fcr->names, b));
}

/* The same order as between contacts (contact/outline.c). */
static bool is_earlier_handling(const rs_fcr_t *fcr, const rs_fcr_record_t *a, const rs_fcr_record_t *b) {
    const int64_t a_us = rs_fcr_answer(a), b_us = rs_fcr_answer(b);
    if (a_us != b_us) return b_us < a_us;
    if (rs_fcr_enter(a) != rs_fcr_enter(b)) return rs_fcr_enter(b) < rs_fcr_enter(a);
    const rs_key_entry_t *entries = fcr->account->directory->entries;
    int order = compare_names(fcr, entries[b->queue_key].name, entries[a->queue_key].name);
    if (order == 0) order = compare_names(fcr, (uint32_t)b->agent, (uint32_t)a->agent);
    if (order == 0) order = compare_names(fcr, rs_fcr_team(b), rs_fcr_team(a));
    return order < 0 || (order == 0 && b->channel < a->channel);
}

/* A later journey's signal replaces an earlier one's; of those that start together the worse one is taken. */
static void add_signal(uint8_t *known, int64_t *known_us, unsigned signal, int64_t start_us) {
    if (signal == RS_SIGNAL_NONE) return;
    if (*known == RS_SIGNAL_NONE || start_us > *known_us || signal > *known) *known = (uint8_t)signal;
    *known_us = start_us;
}

static void add_to_group(const rs_fcr_t *fcr, rs_fcr_group_t *group, uint32_t number) {
    const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    const int64_t start_us = rs_fcr_start(record);
    group->count++;
    if (rs_fcr_end(record) > group->end_us) group->end_us = rs_fcr_end(record);
    add_signal(&group->disposition, &group->disposition_us, record->disposition, start_us);
    add_signal(&group->survey, &group->survey_us, record->survey, start_us);
    group->reopened = group->reopened || record->reopened;
    if (start_us == group->start_us && record->never) group->never = true;
    if (!record->handled) return;
    const rs_fcr_record_t *first = group->handled == 0 ? NULL : rs_fcr_record_at(&fcr->tables, group->handled);
    if (first == NULL || is_earlier_handling(fcr, first, record)) group->handled = number;
}

void rs__fcr_group_at(const rs_fcr_t *fcr, uint32_t first, rs_fcr_group_t *group) {
    const rs_fcr_record_t *leader = in_chain(fcr, first);
    const rs_fcr_config_t *config = rs__fcr_config(fcr, leader);
    *group = (rs_fcr_group_t){.first = first, .start_us = rs_fcr_start(leader), .end_us = INT64_MIN};
    for (uint32_t i = first; i < fcr->chain.count; i++) {
        if (i > first && rs_fcr_start(in_chain(fcr, i)) > group->end_us + config->redial_grace_us) break;
        add_to_group(fcr, group, fcr->chain.numbers[i]);
    }
    group->due_us = group->end_us + config->repeat_window_us;
}

/* The leader's `matured` is its group's. A change may have moved the window's end: then time has to come there again. */
static void settle_time(rs_fcr_t *fcr, const rs_fcr_group_t *group) {
    const uint32_t number = fcr->chain.numbers[group->first];
    rs_fcr_record_t *leader = rs_fcr_record_at(&fcr->tables, number);
    if (leader->matured && group->due_us > fcr->mark_us) leader->matured = 0;
    rs__fcr_hasten(fcr, number, leader->matured ? group->due_us + fcr->keep_us : group->due_us);
}

/* --- what it counts as ------------------------------------------------------------------------------------------------- */
static bool is_repeated(const rs_fcr_t *fcr, const rs_fcr_group_t *group) {
    const bool handled_only = rs__fcr_config(fcr, in_chain(fcr, group->first))->repeat_handled_only;
    rs_fcr_group_t next = *group;
    while ((next.first += next.count) < fcr->chain.count) {
        if (rs_fcr_start(in_chain(fcr, next.first)) > group->due_us) return false;
        if (!handled_only) return true;
        rs__fcr_group_at(fcr, next.first, &next);
        if (next.handled != 0) return true;
    }
    return false;
}

static void make_fact(const rs_fcr_t *fcr, const rs_fcr_record_t *handled, int64_t flags, rs_fcr_judged_t *judged) {
    const rs_key_entry_t *queue = &fcr->account->directory->entries[handled->queue_key];
    judged->tenant = queue->tenant;
    judged->fact = (rs_fact_t){.type = RS_FACT_FCR, .channel = handled->channel, .queue = queue->name,
                               .agent = (uint32_t)handled->agent, .team = rs_fcr_team(handled), .at_us = rs_fcr_answer(handled),
                               .enter_us = rs_fcr_enter(handled), .a_us = flags | RS_FCR_ELIGIBLE,
                               .b_us = rs_account_closes(fcr->account) ? rs_fcr_end(handled) : INT64_MIN};
}

static int64_t flags_of(bool repeated, unsigned disposition, unsigned survey, bool reopened, bool matured, bool never) {
    const bool flagged = disposition == RS_SIGNAL_UNRESOLVED || survey == RS_SIGNAL_UNRESOLVED || reopened;
    return (repeated ? RS_FCR_REPEATED : 0) | (flagged ? RS_FCR_FLAGGED : 0) | (matured ? RS_FCR_MATURED : 0) | (never ? RS_FCR_NEVER : 0);
}

static uint32_t judge(rs_fcr_t *fcr, rs_fcr_judged_t *judged, bool settles) {
    uint32_t count = 0;
    rs_fcr_group_t group;
    for (uint32_t first = 0; first < fcr->chain.count; first += group.count) {
        rs__fcr_group_at(fcr, first, &group);
        if (settles) settle_time(fcr, &group);
        if (group.handled == 0) continue;
        const bool matured = in_chain(fcr, first)->matured;
        make_fact(fcr, rs_fcr_record_at(&fcr->tables, group.handled),
                  flags_of(is_repeated(fcr, &group), group.disposition, group.survey, group.reopened, matured, group.never),
                  &judged[count++]);
    }
    return count;
}

/* --- posting ------------------------------------------------------------------------------------------------------------ */
static bool same(const rs_fcr_judged_t *a, const rs_fcr_judged_t *b) {
    return a->tenant == b->tenant && memcmp(&a->fact, &b->fact, sizeof a->fact) == 0;
}

static void post(rs_fcr_t *fcr, const rs_fcr_judged_t *judged, int sign) {
    /* b: the end of the journey that was handled, where attribution close has it. */
    rs_account_facts_closing(fcr->account, judged->tenant, &judged->fact, 1, judged->fact.b_us, false, sign);
}

/* Counts what is new and takes back what is gone; what was before and is after is left alone. */
static void post_difference(rs_fcr_t *fcr, uint32_t after_count) {
    bool stays[RS_FCR_CHAIN_MAX + 1] = {false};
    for (uint32_t i = 0; i < after_count; i++) {
        bool had = false;
        for (uint32_t j = 0; j < fcr->before_count && !had; j++) {
            if (stays[j] || !same(&fcr->before[j], &fcr->after[i])) continue;
            stays[j] = had = true;
        }
        if (!had) post(fcr, &fcr->after[i], 1);
    }
    for (uint32_t j = 0; j < fcr->before_count; j++) {
        if (!stays[j]) post(fcr, &fcr->before[j], -1);
    }
}

void rs__fcr_begin_change(rs_fcr_t *fcr, rs_fcr_key_t key) {
    rs__fcr_load_chain(fcr, key);
    fcr->before_count = judge(fcr, fcr->before, false);
}

void rs__fcr_end_change(rs_fcr_t *fcr, rs_fcr_key_t key) {
    rs__fcr_load_chain(fcr, key);
    for (uint32_t i = 0; i < fcr->chain.count; i++) {
        rs_fcr_record_at(&fcr->tables, fcr->chain.numbers[i])->alone = fcr->chain.count == 1;
    }
    post_difference(fcr, judge(fcr, fcr->after, true));
}

static uint32_t judge_settled(rs_fcr_t *fcr, const rs_fcr_record_t *record, rs_fcr_judged_t *judged) {
    if (!record->handled) return 0;
    make_fact(fcr, record,
              flags_of(record->repeated, record->disposition, record->survey, record->reopened, record->matured, record->never), judged);
    return 1;
}

void rs__fcr_begin_settled(rs_fcr_t *fcr, const rs_fcr_record_t *record) {
    fcr->before_count = judge_settled(fcr, record, fcr->before);
}

void rs__fcr_end_settled(rs_fcr_t *fcr, const rs_fcr_record_t *record) {
    post_difference(fcr, judge_settled(fcr, record, fcr->after));
}
