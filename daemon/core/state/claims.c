/* Who owns which item of a pool. */
#include "core/state/state.h"

#include <stdlib.h>

static bool is_claimed(const rs_state_claims_t *claims, uint32_t number) {
    return (claims->claimed[number / 8] >> (number % 8) & 1) != 0;
}

int rs_state_claims_begin(rs_state_claims_t *claims, const rs_pool_t *pool) {
    *claims = (rs_state_claims_t){.pool = pool, .left = pool->made, .claimed = calloc((size_t)pool->made / 8 + 1, 1)};
    if (claims->claimed == NULL) return RS_ERR_MEMORY;
    uint32_t number = pool->free_head;
    while (number != 0) {
        if (!rs_state_claim(claims, number)) return RS_ERR_PARSE;
        memcpy(&number, rs_pool_at(pool, number), sizeof number);
    }
    return claims->left == pool->live ? RS_OK : RS_ERR_PARSE;
}

void rs_state_claims_end(rs_state_claims_t *claims) {
    free(claims->claimed);
    *claims = (rs_state_claims_t){0};
}

bool rs_state_is_free(const rs_state_claims_t *claims, uint32_t number) { return is_claimed(claims, number); }

bool rs_state_claim(rs_state_claims_t *claims, uint32_t number) {
    if (number == 0 || number > claims->pool->made || is_claimed(claims, number)) return false;
    claims->claimed[number / 8] |= (unsigned char)(1u << (number % 8));
    claims->left--;
    return true;
}

bool rs_state_check_pool(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, const rs_state_table_t *table,
                         const rs_pool_t *pool, rs_state_claims_t *claims) {
    return rs_state_check_pool_as(reader, bounds, table, pool, claims, NULL);
}

static void check_in_form(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, const rs_state_table_t *table, const void *item,
                          const rs_state_form_t *form) {
    _Alignas(64) unsigned char saved[RS_STATE_FORM_BYTES];
    RS_REQUIRE(table->item_bytes <= sizeof saved);
    memset(saved, 0, table->item_bytes);
    form->save(form->context, item, saved);
    rs_state_check_item(reader, bounds, table, saved);
}

bool rs_state_check_pool_as(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, const rs_state_table_t *table,
                            const rs_pool_t *pool, rs_state_claims_t *claims, const rs_state_form_t *form) {
    const int status = rs_state_claims_begin(claims, pool);
    if (status != RS_OK) rs_state_refuse(reader, status, "a pool cannot be looked at");
    for (uint32_t number = 1; number <= pool->made && rs_state_is_good(reader); number++) {
        if (is_claimed(claims, number)) continue;
        if (form == NULL) rs_state_check_item(reader, bounds, table, rs_pool_at(pool, number));
        else check_in_form(reader, bounds, table, rs_pool_at(pool, number), form);
    }
    return rs_state_is_good(reader);
}
