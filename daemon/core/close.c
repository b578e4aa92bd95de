#include "core/close.h"

static rs_close_fact_t *fact_at(const rs_closes_t *closes, uint32_t number) { return rs_pool_at(&closes->facts, number); }

int rs_closes_init(rs_closes_t *closes, uint32_t max_contacts, rs_account_t *account, rs_contacts_t *contacts) {
    *closes = (rs_closes_t){.account = account, .contacts = contacts, .on = rs_account_closes(account)};
    if (!closes->on) return RS_OK;
    const uint64_t wide = (uint64_t)max_contacts * 8;
    return rs_pool_init(&closes->facts, sizeof(rs_close_fact_t), wide > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)wide);
}

void rs_closes_deinit(rs_closes_t *closes) {
    if (closes->on) rs_pool_deinit(&closes->facts);
    *closes = (rs_closes_t){0};
}

static bool keep(rs_closes_t *closes, rs_contact_t *contact, const rs_fact_t *fact) {
    const uint32_t number = contact->close_fact_count < RS_CLOSE_FACTS ? rs_pool_take(&closes->facts) : 0;
    if (number == 0) {
        closes->unmoved++;
        return false;
    }
    *fact_at(closes, number) = (rs_close_fact_t){.next = contact->close_facts, .fact = *fact};
    contact->close_facts = number;
    contact->close_fact_count++;
    return true;
}

static bool drop(rs_closes_t *closes, rs_contact_t *contact, const rs_fact_t *fact) {
    for (uint32_t *link = &contact->close_facts; *link != 0; link = &fact_at(closes, *link)->next) {
        const uint32_t number = *link;
        if (memcmp(&fact_at(closes, number)->fact, fact, sizeof *fact) != 0) continue;
        *link = fact_at(closes, number)->next;
        rs_pool_give(&closes->facts, number);
        contact->close_fact_count--;
        return true;
    }
    return false;
}

/* Whether the contact's facts keep the rows that they stand in. */
static void set_moves(rs_closes_t *closes, rs_contact_t *contact, bool moves) {
    if (contact->close_moves == moves) return;
    contact->close_moves = moves;
    for (uint32_t fact = contact->close_facts; fact != 0; fact = fact_at(closes, fact)->next) {
        rs_account_stand(closes->account, contact->tenant, &fact_at(closes, fact)->fact, contact->close_us, moves ? 1 : -1);
    }
}

void rs_closes_follow(rs_closes_t *closes, uint32_t number) {
    if (!closes->on || number == 0) return;
    rs_contact_t *contact = rs_contacts_at(closes->contacts, number);
    set_moves(closes, contact, true);
    const int64_t from_us = contact->close_us, to_us = rs_story_close_us(&contact->story);
    contact->close_us = to_us;
    if (contact->close_facts == 0 || rs_account_same_place(closes->account, from_us, to_us)) return;
    for (uint32_t fact = contact->close_facts; fact != 0; fact = fact_at(closes, fact)->next) {
        rs_account_move(closes->account, contact->tenant, &fact_at(closes, fact)->fact, from_us, to_us);
    }
}

void rs_closes_facts(rs_closes_t *closes, uint32_t number, uint32_t tenant, const rs_fact_t *facts, uint32_t count, int sign) {
    if (!closes->on || number == 0) {
        rs_account_facts(closes->account, tenant, facts, count, sign);
        return;
    }
    rs_closes_follow(closes, number);
    rs_contact_t *contact = rs_contacts_at(closes->contacts, number);
    while (count > 0) {   /* as many as move at once, so that those of one handling go together; then one that does not */
        uint32_t moving = 0;
        while (moving < count && (sign > 0 ? keep(closes, contact, &facts[moving]) : drop(closes, contact, &facts[moving]))) moving++;
        rs_account_facts_closing(closes->account, tenant, facts, moving, contact->close_us, true, sign);
        if (moving == count) return;
        rs_account_facts(closes->account, tenant, &facts[moving], 1, sign);
        facts += moving + 1;
        count -= moving + 1;
    }
}

void rs_closes_fold(rs_closes_t *closes, uint32_t number) {
    if (closes->on) set_moves(closes, rs_contacts_at(closes->contacts, number), false);
}

void rs_closes_forget(rs_closes_t *closes, uint32_t number) {
    if (!closes->on) return;
    rs_contact_t *contact = rs_contacts_at(closes->contacts, number);
    set_moves(closes, contact, false);
    while (contact->close_facts != 0) {
        const uint32_t fact = contact->close_facts;
        contact->close_facts = fact_at(closes, fact)->next;
        rs_pool_give(&closes->facts, fact);
    }
    contact->close_fact_count = 0;
}
