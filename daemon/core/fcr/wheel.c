/* Windows end: records stand in a wheel by the time at which they have to be looked at. */
#include "core/fcr/fcr.h"

#define IN_NONE RS_FCR_END           /* due_next of a record that stands in no bucket */
enum { TURN = RS_FCR_WHEEL - 1 };

static int64_t bucket_of(int64_t us) { return us / RS_FCR_WHEEL_STEP_US; }

/* Without a watermark the wheel begins half a turn before the first record. */
static void begin(rs_fcr_t *fcr, int64_t due_us) {
    fcr->wheel_at = fcr->mark_us != INT64_MIN ? bucket_of(fcr->mark_us) : bucket_of(due_us) - RS_FCR_WHEEL / 2;
    fcr->evict_at = fcr->wheel_at;
}

static void put(rs_fcr_t *fcr, uint32_t number, int64_t bucket) {
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    uint32_t *head = &fcr->wheel[bucket & TURN];
    record->due_bucket = (uint16_t)(bucket & TURN);
    record->due_next = *head;
    *head = number;
    fcr->scheduled++;
    if (bucket < fcr->evict_at) fcr->evict_at = bucket;
}

static int64_t place_of(const rs_fcr_t *fcr, int64_t due_us) {
    const int64_t bucket = bucket_of(due_us);
    if (bucket < fcr->wheel_at) return fcr->wheel_at;
    return bucket > fcr->wheel_at + TURN ? fcr->wheel_at + TURN : bucket;   /* too early is well: it is looked at again */
}

void rs__fcr_schedule(rs_fcr_t *fcr, uint32_t number, int64_t due_us) {
    if (fcr->wheel_at == INT64_MIN) begin(fcr, due_us);
    put(fcr, number, place_of(fcr, due_us));
}

/* Rare: a window's end moved towards now. */
static void take_out(rs_fcr_t *fcr, uint32_t number) {
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    uint32_t *link = &fcr->wheel[record->due_bucket];
    while (*link != number) link = &rs_fcr_record_at(&fcr->tables, *link)->due_next;
    *link = record->due_next;
    record->due_next = IN_NONE;
    fcr->scheduled--;
}

void rs__fcr_hasten(rs_fcr_t *fcr, uint32_t number, int64_t due_us) {
    const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    if (record->due_next != IN_NONE) {
        const int64_t stands = fcr->wheel_at + (((int64_t)record->due_bucket - fcr->wheel_at) & TURN);
        if (stands <= place_of(fcr, due_us)) return;
        take_out(fcr, number);
    }
    rs__fcr_schedule(fcr, number, due_us);
}

static uint32_t pop(rs_fcr_t *fcr, int64_t bucket) {
    uint32_t *head = &fcr->wheel[bucket & TURN];
    const uint32_t number = *head;
    if (number == 0) return 0;
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    *head = record->due_next;
    if (*head != 0) __builtin_prefetch(rs_fcr_record_at(&fcr->tables, *head), 1);
    record->due_next = IN_NONE;
    fcr->scheduled--;
    return number;
}

static int64_t own_due(const rs_fcr_t *fcr, const rs_fcr_record_t *record) {
    return rs_fcr_end(record) + rs__fcr_config(fcr, record)->repeat_window_us;
}

uint32_t rs__fcr_earliest(rs_fcr_t *fcr) {
    if (fcr->evict_at < fcr->wheel_at) fcr->evict_at = fcr->wheel_at;
    while (fcr->scheduled != 0) {
        const uint32_t number = pop(fcr, fcr->evict_at);
        if (number == 0) {
            fcr->evict_at++;
            continue;
        }
        const int64_t place = place_of(fcr, own_due(fcr, rs_fcr_record_at(&fcr->tables, number)));
        if (place <= fcr->evict_at) {
            put(fcr, number, fcr->evict_at);
            return number;
        }
        put(fcr, number, place);
    }
    return 0;
}

/* --- what time does --------------------------------------------------------------------------------------------------- */
static void visit_settled(rs_fcr_t *fcr, uint32_t number) {
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    const int64_t due_us = own_due(fcr, record);
    if (due_us > fcr->mark_us) {
        rs__fcr_schedule(fcr, number, due_us);
        return;
    }
    rs__fcr_begin_settled(fcr, record);
    record->matured = 1;
    rs__fcr_end_settled(fcr, record);
    if (due_us + fcr->keep_us > fcr->mark_us) rs__fcr_schedule(fcr, number, due_us + fcr->keep_us);
    else if (record->live) rs__fcr_schedule(fcr, number, fcr->mark_us + fcr->keep_us + RS_FCR_WHEEL_STEP_US);
    else rs__fcr_bury(fcr, number);
}

/* The group of fcr->chain that the record is in. */
static void group_of(const rs_fcr_t *fcr, uint32_t number, rs_fcr_group_t *group) {
    uint32_t place = 0;
    while (fcr->chain.numbers[place] != number) place++;
    for (uint32_t first = 0; first <= place; first += group->count) rs__fcr_group_at(fcr, first, group);
}

/* Journeys in memory may still turn out to be this group's next one: when their queue or topic becomes known, or they are handled. */
static bool may_be_judged_anew(const rs_fcr_t *fcr, rs_fcr_key_t key, const rs_fcr_group_t *group) {
    for (uint32_t next = rs_fcr_first(&fcr->tables, key); next != 0;) {
        const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, next);
        if (record->live && rs_fcr_same_customer(record, key) && rs_fcr_start(record) <= group->due_us) return true;
        next = rs_fcr_next(record);
    }
    return false;
}

static void visit_leader(rs_fcr_t *fcr, uint32_t number, rs_fcr_key_t key, const rs_fcr_group_t *group) {
    rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    if (!record->matured) {
        rs__fcr_begin_change(fcr, key);
        record->matured = 1;
        rs__fcr_end_change(fcr, key);   /* and schedules it, to be forgotten */
        return;
    }
    /* Only from the old end of the chain: those before are judged by those after. */
    const bool must_stay = group->first != 0 || may_be_judged_anew(fcr, key, group);
    if (group->due_us + fcr->keep_us > fcr->mark_us) rs__fcr_schedule(fcr, number, group->due_us + fcr->keep_us);
    else if (must_stay) rs__fcr_schedule(fcr, number, fcr->mark_us + fcr->keep_us + RS_FCR_WHEEL_STEP_US);
    else rs__fcr_forget_group(fcr, group);
}

static void visit(rs_fcr_t *fcr, uint32_t number) {
    const rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
    if (!record->used) return;
    if (record->settled) {
        visit_settled(fcr, number);
        return;
    }
    rs_fcr_group_t group;
    const rs_fcr_key_t key = rs_fcr_key_of(&fcr->tables, record);
    rs__fcr_load_chain(fcr, key);
    group_of(fcr, number, &group);
    const bool is_leader = fcr->chain.numbers[group.first] == number;
    if (group.due_us > fcr->mark_us) rs__fcr_schedule(fcr, number, group.due_us);
    else if (is_leader) visit_leader(fcr, number, key, &group);
    else rs__fcr_schedule(fcr, number, fcr->mark_us + fcr->keep_us + RS_FCR_WHEEL_STEP_US);   /* goes with its leader */
}

void rs_fcr_advance(rs_fcr_t *fcr, int64_t mark_us, uint32_t budget) {
    if (!fcr->on || mark_us == INT64_MIN) return;
    if (mark_us > fcr->mark_us) fcr->mark_us = mark_us;
    const int64_t now = bucket_of(fcr->mark_us);
    if (fcr->scheduled == 0 && fcr->wheel_at < now) fcr->wheel_at = now;
    while (fcr->wheel_at < now && budget > 0) {
        const uint32_t number = pop(fcr, fcr->wheel_at);
        if (number == 0) {
            fcr->wheel_at++;
            continue;
        }
        visit(fcr, number);
        budget--;
    }
}

void rs_fcr_finish(rs_fcr_t *fcr, int64_t mark_us) {
    if (!fcr->on || mark_us == INT64_MIN) return;
    rs_fcr_advance(fcr, mark_us, UINT32_MAX);
    if (fcr->wheel_at == INT64_MIN) return;
    /* The bucket that time stands in: some of its windows have ended. */
    uint32_t number = fcr->wheel[fcr->wheel_at & TURN];
    fcr->wheel[fcr->wheel_at & TURN] = 0;
    while (number != 0) {
        rs_fcr_record_t *record = rs_fcr_record_at(&fcr->tables, number);
        const uint32_t next = record->due_next;
        record->due_next = IN_NONE;
        fcr->scheduled--;
        visit(fcr, number);
        number = next;
    }
}
