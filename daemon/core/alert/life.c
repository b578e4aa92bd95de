#include "core/alert/life.h"

#include "core/detect/feed.h"

enum { SLOT_BITS = 4, SLOT_MOST = 15 };

/* --- changes of the last hour --------------------------------------------------------------------------------------- */
static uint64_t changes_at(const rs_life_t *life, int64_t slot) {
    const int64_t passed = slot - life->slot;
    const uint64_t kept = passed >= RS_FLAP_SLOTS ? 0 : life->changes << (passed > 0 ? passed * SLOT_BITS : 0);
    return kept & ((UINT64_C(1) << (RS_FLAP_SLOTS * SLOT_BITS)) - 1);
}

uint32_t rs_life_changes(const rs_life_t *life, int64_t now_us) {
    uint32_t sum = 0;
    for (uint64_t left = changes_at(life, now_us / RS_FLAP_SLOT_US); left != 0; left >>= SLOT_BITS) sum += (uint32_t)(left & SLOT_MOST);
    return sum;
}

static void note_change(rs_life_t *life, int64_t now_us) {
    const int64_t slot = now_us / RS_FLAP_SLOT_US;
    life->changes = changes_at(life, slot);
    if (slot > life->slot) life->slot = slot;
    if ((life->changes & SLOT_MOST) < SLOT_MOST) life->changes++;
}

/* --- the machine ---------------------------------------------------------------------------------------------------- */
/* The first five lines of the table; `since_us`: of pending its begin, of recovering since when it is good. */
static uint8_t next_plain(const rs_life_rule_t *rule, uint8_t state, int64_t since_us, uint8_t verdict, int64_t now_us) {
    const bool good = verdict == RS_DETECT_GOOD, bad = verdict == RS_DETECT_BREACH || verdict == RS_DETECT_BETWEEN;
    const uint8_t calm = rule->clear_for_us > 0 ? RS_ALERT_RECOVERING : RS_ALERT_RESOLVED;
    switch (state) {
        case RS_ALERT_OK:
            if (verdict != RS_DETECT_BREACH) return state;
            return rule->for_us > 0 ? RS_ALERT_PENDING : RS_ALERT_FIRING;
        case RS_ALERT_PENDING:
            if (good || verdict == RS_DETECT_NO_EVIDENCE) return RS_ALERT_OK;
            return verdict == RS_DETECT_BREACH && now_us - since_us >= rule->for_us ? RS_ALERT_FIRING : state;
        case RS_ALERT_FIRING: return good ? calm : state;
        case RS_ALERT_RECOVERING:
            if (bad) return RS_ALERT_FIRING;
            return good && now_us - since_us >= rule->clear_for_us ? RS_ALERT_RESOLVED : state;
        case RS_ALERT_NO_DATA: return bad ? RS_ALERT_FIRING : good ? calm : state;
        default: RS_REQUIRE(false); /* nothing else is plain */
    }
    return state;
}

static bool is_change(uint8_t from, uint8_t to) {
    const bool fires = to == RS_ALERT_FIRING && (from == RS_ALERT_OK || from == RS_ALERT_PENDING);
    return fires || to == RS_ALERT_RESOLVED;
}

static bool is_blind(rs_life_t *life, uint8_t verdict, int64_t now_us) {
    if (verdict != RS_DETECT_NO_EVIDENCE) life->blind_since_us = 0;
    else if (life->blind_since_us == 0) life->blind_since_us = now_us;
    return life->blind_since_us != 0 && now_us - life->blind_since_us >= RS_LIFE_BLIND_US;
}

/* What is out of sight while it flaps is so when it has stopped. */
static uint8_t next_flapping(const rs_life_rule_t *rule, rs_life_t *life, uint8_t verdict, int64_t now_us) {
    (void)is_blind(life, verdict, now_us);
    const uint8_t to = next_plain(rule, life->beneath, life->beneath_since_us, verdict, now_us);
    if (is_change(life->beneath, to)) note_change(life, now_us);
    if (to != life->beneath) life->beneath_since_us = now_us;
    life->beneath = to == RS_ALERT_RESOLVED ? RS_ALERT_OK : to;
    if (rs_life_changes(life, now_us) > RS_FLAP_ENDS || life->beneath == RS_ALERT_PENDING) return RS_ALERT_FLAPPING;
    return life->beneath == RS_ALERT_OK ? RS_ALERT_RESOLVED : life->beneath;
}

uint8_t rs_life_next(const rs_life_rule_t *rule, rs_life_t *life, uint8_t verdict, int64_t now_us) {
    if (life->state == RS_ALERT_FLAPPING) return next_flapping(rule, life, verdict, now_us);
    const bool may_go_blind = life->state == RS_ALERT_FIRING || life->state == RS_ALERT_RECOVERING;
    if (may_go_blind && is_blind(life, verdict, now_us)) return RS_ALERT_NO_DATA;
    const int64_t since_us = life->state == RS_ALERT_PENDING ? life->started_us : life->good_since_us;
    const uint8_t to = next_plain(rule, life->state, since_us, verdict, now_us);
    if (!is_change(life->state, to)) return to;
    note_change(life, now_us);
    if (rs_life_changes(life, now_us) < RS_FLAP_STARTS) return to;
    life->beneath = to == RS_ALERT_RESOLVED ? RS_ALERT_OK : to;
    return RS_ALERT_FLAPPING;
}

void rs_life_enter(rs_life_t *life, uint8_t to, int64_t now_us) {
    const uint8_t from = life->state;
    life->state = to == RS_ALERT_RESOLVED ? RS_ALERT_OK : to;
    if (life->state == RS_ALERT_OK) {
        *life = (rs_life_t){.changes = life->changes, .slot = life->slot};
        return;
    }
    if (from == RS_ALERT_OK) life->started_us = now_us;
    if (rs_life_is_open(to) && life->fired_us == 0) life->fired_us = now_us;
    if (to == RS_ALERT_RECOVERING) life->good_since_us = from == RS_ALERT_FLAPPING ? life->beneath_since_us : now_us;
    if (to == RS_ALERT_FLAPPING) life->beneath_since_us = now_us;
    if (to != RS_ALERT_NO_DATA && from != RS_ALERT_FLAPPING) life->blind_since_us = 0;
    if (from == RS_ALERT_FLAPPING) life->beneath = RS_ALERT_OK;
}
