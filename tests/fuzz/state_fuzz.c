/* A state file of anything: it is refused, or the core that comes of it can be used. As it is, and with the checksums that the reader
 * wants, so that the fuzzer gets past them. */
#include "../support/core_collect.h"
#include "../support/state_sample.h"

#include "core/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

typedef struct input { const uint8_t *bytes; size_t len, at; } input_t;

static int give(void *context, void *bytes, size_t room, size_t *len) {
    input_t *input = context;
    *len = input->len - input->at < room ? input->len - input->at : room;
    if (*len > 0) memcpy(bytes, input->bytes + input->at, *len);
    input->at += *len;
    return RS_OK;
}

/* The header and then each block, as far as they are there: chained as core/state/state.h says. */
static void seal(uint8_t *bytes, size_t len) {
    static uint8_t chain[16 + 8 + 65536 + 16];
    size_t at = 0, part = 16;
    memset(chain, 0, 16);
    for (uint16_t section = 0; at + part + 16 <= len && part <= 8 + 65536;) {
        if (at > 0) {
            bytes[at + 4] = (uint8_t)section;
            bytes[at + 5] = (uint8_t)(section >> 8);
            section = (uint16_t)(section + (bytes[at + 6] & 1));
        }
        memcpy(chain + 16, bytes + at, part);
        const rs_hash128_t sum = rs_hash128(chain, 16 + part, 0);
        for (unsigned i = 0; i < 8; i++) {
            bytes[at + part + i] = (uint8_t)(sum.low >> (8 * i));
            bytes[at + part + 8 + i] = (uint8_t)(sum.high >> (8 * i));
        }
        memcpy(chain, bytes + at + part, 16);
        at += part + 16;
        if (at + 8 > len) return;
        part = 8 + (bytes[at] | (size_t)bytes[at + 1] << 8 | (size_t)bytes[at + 2] << 16);
    }
}

static int swallow(void *context, const void *bytes, size_t len) {
    (void)context, (void)bytes, (void)len;
    return RS_OK;
}

/* A day with something of everything. */
static void use(state_sample_t *sample) {
    const int64_t now_s = rs_core_now(sample->core) / RS_US_PER_S - state_sample_at(0) / RS_US_PER_S;
    const rs_state_out_t nowhere = {.write = swallow};
    rs_hash128_t hash;
    state_sample_unusual(sample);
    state_sample_rest(sample);
    for (int64_t i = 0; i < 4; i++) state_sample_go_on(sample, now_s + i * 100);
    rs_core_rows(sample->core, state_sample_ignore_row, NULL);
    state_sample_go_on(sample, now_s + 4000);
    rs_core_tick(sample->core, state_sample_at(now_s + 30 * 3600));
    while (core_collect(sample->core, 100, state_sample_ignore_row, NULL) > 0) {}
    rs_core_tick(sample->core, state_sample_at(now_s + 90 * 3600));
    RS_REQUIRE(rs_core_save(sample->core, &nowhere, &hash) == RS_OK);
}

static void try_state(state_sample_t *sample, const uint8_t *bytes, size_t len) {
    input_t input = {.bytes = bytes, .len = len};
    const rs_state_in_t in = {.context = &input, .read = give};
    char what[RS_STATE_WHAT_BYTES];
    const int status = rs_core_load(&sample->options, &in, what, &sample->core);
    RS_REQUIRE((status == RS_OK) == (what[0] == '\0'));
    if (status == RS_OK) use(sample);
    rs_core_destroy(&sample->core);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    static state_sample_t sample;
    if (sample.configs[0] == NULL) {
        state_sample_prepare(&sample);
        sample.options.config = sample.configs[1];
    }
    sample.seq = 1000;
    uint8_t *repaired = malloc(len + 1);
    RS_REQUIRE(repaired != NULL);
    if (len > 0) memcpy(repaired, bytes, len);
    try_state(&sample, repaired, len);
    seal(repaired, len);
    try_state(&sample, repaired, len);
    free(repaired);
    return 0;
}
