/* The outbox against a plain list of everything that ever went in. */
#include "test_store.h"

#include "core/alert/outbox.h"
#include "random.h"

#include <stdlib.h>

enum { ADDED = 400, RECEIVERS = 3 };

typedef struct seen { uint64_t positions[ADDED]; uint32_t ordinals[ADDED]; uint32_t count; bool right; } seen_t;

static void see(void *context, const rs_alert_transition_t *transition) {
    seen_t *seen = context;
    char name[64];
    snprintf(name, sizeof name, "rule %llu.%u", (unsigned long long)transition->position, transition->ordinal);
    seen->right = seen->right && rs_str_equal(transition->rule_name, rs_str(name)) && transition->dimensions.tenant.len == 0;
    if (seen->count < ADDED) {
        seen->positions[seen->count] = transition->position;
        seen->ordinals[seen->count] = transition->ordinal;
    }
    seen->count++;
}

static void add(rs_outbox_t *outbox, uint64_t position, uint32_t ordinal, const char *runbook) {
    char name[64];
    snprintf(name, sizeof name, "rule %llu.%u", (unsigned long long)position, ordinal);
    rs_outbox_add(outbox, &(rs_alert_transition_t){.position = position, .ordinal = ordinal, .rule_name = rs_str(name),
                                                   .runbook = rs_str(runbook)});
}

static bool is_after(uint64_t position, uint32_t ordinal, uint64_t than, uint32_t than_ordinal) {
    return position > than || (position == than && ordinal > than_ordinal);
}

static void each_receiver_sees_exactly_what_it_has_not_confirmed(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        rs_random_t random = {seed};
        rs_outbox_t outbox = {0};
        uint64_t positions[ADDED], confirmed[RECEIVERS] = {0};
        uint32_t ordinals[ADDED], confirmed_ordinals[RECEIVERS] = {0}, count = 0;
        uint64_t position = 1;
        uint32_t ordinal = 0;
        for (uint64_t receiver = 0; receiver < RECEIVERS; receiver++) rs_outbox_confirm(&outbox, receiver * 1000, 0, 0);
        while (count < ADDED) {
            if (rs_random_below(&random, 3) == 0) position += 1 + rs_random_below(&random, 5), ordinal = 0;
            positions[count] = position;
            ordinals[count++] = ++ordinal;
            add(&outbox, position, ordinal, "");
            if (rs_random_below(&random, 4) != 0) continue;
            const uint32_t receiver = (uint32_t)rs_random_below(&random, RECEIVERS), which = (uint32_t)rs_random_below(&random, count);
            rs_outbox_confirm(&outbox, receiver * 1000, positions[which], ordinals[which]);
            if (is_after(positions[which], ordinals[which], confirmed[receiver], confirmed_ordinals[receiver])) {
                confirmed[receiver] = positions[which];
                confirmed_ordinals[receiver] = ordinals[which];
            }
            for (uint32_t r = 0; r < RECEIVERS; r++) {
                seen_t seen = {.right = true};
                uint32_t wanted = 0;
                rs_outbox_each(&outbox, confirmed[r], confirmed_ordinals[r], see, &seen);
                for (uint32_t i = 0; i < count; i++) {
                    if (!is_after(positions[i], ordinals[i], confirmed[r], confirmed_ordinals[r])) continue;
                    assert_true(seen.positions[wanted] == positions[i] && seen.ordinals[wanted] == ordinals[i]);
                    wanted++;
                }
                assert_true(seen.right);
                assert_int_equal(seen.count, wanted);
            }
        }
        for (uint64_t receiver = 0; receiver < RECEIVERS; receiver++) rs_outbox_confirm(&outbox, receiver * 1000, position, ordinal);
        assert_int_equal(outbox.count, 0);
        assert_int_equal(outbox.dropped, 0);
        rs_outbox_deinit(&outbox);
    }
}

static void past_its_bytes_the_oldest_go_and_are_counted(void **state) {
    (void)state;
    enum { MANY = 30000 };
    char runbook[1025];
    rs_outbox_t outbox = {0};
    memset(runbook, 'r', sizeof runbook - 1);
    runbook[sizeof runbook - 1] = '\0';
    rs_outbox_confirm(&outbox, RS_RECEIVER_STORE, 0, 0);
    for (uint64_t position = 1; position <= MANY; position++) add(&outbox, position, 1, runbook);
    seen_t *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    seen->right = true;
    rs_outbox_each(&outbox, 0, 0, see, seen);
    assert_true(seen->right);
    assert_int_equal(outbox.room, RS_ALERT_OUTBOX_BYTES);
    assert_int_equal(outbox.dropped + outbox.count, MANY);
    assert_int_equal(seen->count, outbox.count);
    assert_int_equal(seen->positions[0], outbox.dropped + 1);                /* what is left are the most recent, without a hole */
    assert_true((uint64_t)outbox.count * 1200 > RS_ALERT_OUTBOX_BYTES / 2);   /* and most of the room is used */
    rs_outbox_confirm(&outbox, RS_RECEIVER_STORE, MANY, 1);
    assert_int_equal(outbox.count, 0);
    free(seen);
    rs_outbox_deinit(&outbox);
}

static void without_receivers_nothing_is_kept_and_with_too_many_the_last_is_refused(void **state) {
    (void)state;
    rs_outbox_t outbox = {0};
    add(&outbox, 1, 1, "");
    assert_int_equal(outbox.count, 0);
    for (uint64_t receiver = 1; receiver <= RS_RECEIVERS + 1; receiver++) rs_outbox_confirm(&outbox, receiver, 0, 0);
    assert_int_equal(outbox.receiver_count, RS_RECEIVERS);
    assert_int_equal(outbox.refused, 1);
    add(&outbox, 2, 1, "");
    assert_int_equal(outbox.count, 1);
    for (uint64_t receiver = 1; receiver <= RS_RECEIVERS + 1; receiver++) {
        rs_outbox_confirm(&outbox, receiver, UINT64_MAX, 0);   /* all gone */
    }
    assert_int_equal(outbox.receiver_count, 0);
    assert_int_equal(outbox.count, 0);
    rs_outbox_deinit(&outbox);
}

const struct CMUnitTest outbox_tests[] = {
    cmocka_unit_test(each_receiver_sees_exactly_what_it_has_not_confirmed),
    cmocka_unit_test(past_its_bytes_the_oldest_go_and_are_counted),
    cmocka_unit_test(without_receivers_nothing_is_kept_and_with_too_many_the_last_is_refused),
};
const size_t outbox_test_count = RS_ARRAY_LEN(outbox_tests);
