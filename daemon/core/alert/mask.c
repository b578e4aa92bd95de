#include "core/alert/mask.h"

#include "core/alert/alert_internal.h"

/* Bytes of letters beyond ASCII count as letters. */
static bool is_of_a_word(char byte) {
    const unsigned char c = (unsigned char)byte;
    return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

uint32_t rs_mask(char *text, size_t len, rs_str_t name) {
    uint32_t count = 0;
    if (name.len < RS_MASK_LEAST) return 0;
    for (size_t at = 0; at + name.len <= len; at++) {
        const size_t end = at + name.len;
        if (memcmp(text + at, name.data, name.len) != 0) continue;
        if ((at > 0 && is_of_a_word(text[at - 1])) || (end < len && is_of_a_word(text[end]))) continue;
        memset(text + at, '*', name.len);
        count++;
    }
    return count;
}

static uint32_t mask_text(char *text, rs_str_t name) { return rs_mask(text, strlen(text), name); }

static uint32_t mask_care(rs_care_t *care, rs_str_t name) {
    return mask_text(care->who, name) + mask_text(care->owner, name) + mask_text(care->note, name) + mask_text(care->cause, name) +
           mask_text(care->action, name);
}

static uint32_t mask_silences(rs_silences_t *silences, rs_str_t tenant, rs_str_t name) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < silences->count; i++) {
        rs_silence_t *silence = &silences->places[i];
        if (silence->tenant[0] != 0 && !rs_alert_glob(rs_str(silence->tenant), tenant)) continue;
        count += mask_text(silence->who, name) + mask_text(silence->why, name);
    }
    return count;
}

uint32_t rs_alerts_mask(rs_alerts_t *alerts, rs_str_t tenant, rs_str_t name) {
    uint32_t count = mask_silences(&alerts->silences, tenant, name);
    for (uint32_t key = 0; key < alerts->key_count; key++) {
        if (alerts->keys[key].count == 0 || !rs_str_equal(alerts->dimensions[key].tenant, tenant)) continue;
        for (uint32_t i = 0; i < alerts->keys[key].count; i++) {
            const uint32_t care = alerts->instances[alerts->keys[key].first + i].care;
            if (care != 0) count += mask_care(rs_pool_at(&alerts->cares, care), name);
        }
    }
    return count;
}

typedef struct rs_masking { rs_str_t tenant, name; uint32_t count; } rs_masking_t;

static void mask_transition(void *context, const rs_alert_transition_t *transition) {
    rs_masking_t *masking = context;
    if (!rs_str_equal(transition->dimensions.tenant, masking->tenant)) return;
    const rs_str_t *const said[] = {&transition->who, &transition->text, &transition->owner, &transition->cause, &transition->action};
    for (unsigned i = 0; i < RS_ARRAY_LEN(said); i++) {
        char *text = (char *)(uintptr_t)said[i]->data;   /* borrowed from the outbox's own bytes */
        masking->count += rs_mask(text, said[i]->len, masking->name);
    }
}

uint32_t rs_outbox_mask(rs_outbox_t *outbox, rs_str_t tenant, rs_str_t name) {
    rs_masking_t masking = {.tenant = tenant, .name = name};
    rs_outbox_each(outbox, 0, 0, mask_transition, &masking);
    return masking.count;
}
