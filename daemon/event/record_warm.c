#include "event/record_internal.h"
#include "event/warm.h"

#include <math.h>

enum { HEAD = 32, NAMES = 5, FIGURE = 16 };
_Static_assert(HEAD + NAMES * RS_MAX_NAME + RS_WARM_FIGURES * FIGURE <= RS_RECORD_MAX, "the longest one must fit");

static void gather(rs_warm_t *warm, rs_str_t *strings[NAMES]) {
    strings[0] = &warm->rule;
    strings[1] = &warm->metric;
    strings[2] = &warm->policy;
    strings[3] = &warm->tenant;
    strings[4] = &warm->key;
}

static uint8_t *put_figures(const rs_warm_t *warm, uint8_t *at) {
    for (uint32_t i = 0; i < warm->count; i++, at += FIGURE) {
        const rs_warm_figure_t *figure = &warm->figures[i];
        uint64_t bits;
        memcpy(&bits, &figure->value, sizeof bits);
        put32(at, (uint32_t)((figure->end_us - warm->figures[0].end_us) / warm->every_us));
        put32(at + 4, figure->n);
        put64(at + 8, bits);
    }
    return at;
}

size_t rs_record_write_warm(const rs_warm_t *warm, void *bytes) {
    rs_warm_t names = {.rule = warm->rule, .metric = warm->metric, .policy = warm->policy, .tenant = warm->tenant, .key = warm->key};
    rs_str_t *strings[NAMES];
    uint8_t *head = bytes, *at = head + HEAD;
    RS_REQUIRE(warm->count <= RS_WARM_FIGURES && warm->every_us > 0);
    memset(head, 0, HEAD);
    gather(&names, strings);
    for (unsigned i = 0; i < NAMES; i++) {
        RS_REQUIRE(strings[i]->len <= RS_MAX_NAME);
        head[24 + i] = (uint8_t)strings[i]->len;
        if (strings[i]->len != 0) memcpy(at, strings[i]->data, strings[i]->len);
        at += strings[i]->len;
    }
    at = put_figures(warm, at);
    head[0] = RS_RECORD_WARM;
    head[1] = RS__RECORD_VERSION;
    put16(head + 2, (uint16_t)(at - head));
    head[4] = warm->family;
    head[5] = warm->channel;
    head[6] = warm->is_last;
    put64(head + 8, (uint64_t)warm->every_us);
    put64(head + 16, (uint64_t)(warm->count == 0 ? 0 : warm->figures[0].end_us));
    put16(head + 30, (uint16_t)warm->count);
    return (size_t)(at - head);
}

static bool get_strings(const uint8_t *head, size_t len, rs_warm_t *warm, size_t *at) {
    rs_str_t *strings[NAMES];
    gather(warm, strings);
    for (unsigned i = 0; i < NAMES; i++) {
        const uint32_t text_len = head[24 + i];
        if (text_len > RS_MAX_NAME || text_len > len - *at) return false;
        *strings[i] = (rs_str_t){(const char *)head + *at, text_len};
        *at += text_len;
    }
    return warm->rule.len != 0 && warm->metric.len != 0;
}

static bool get_figures(const uint8_t *at, int64_t first_end_us, rs_warm_t *warm) {
    int64_t before_us = -1;
    for (uint32_t i = 0; i < warm->count; i++, at += FIGURE) {
        rs_warm_figure_t *figure = &warm->figures[i];
        const uint64_t bits = get64(at + 8);
        const uint32_t place = get32(at);
        memcpy(&figure->value, &bits, sizeof bits);
        if (place > (RS_TIME_MAX_US - first_end_us) / warm->every_us || (i == 0 && place != 0)) return false;
        figure->end_us = first_end_us + place * warm->every_us;
        figure->n = get32(at + 4);
        if (!isfinite(figure->value) || figure->end_us <= before_us) return false;
        before_us = figure->end_us;
    }
    return true;
}

int rs_record_read_warm(const void *bytes, size_t len, rs_warm_t *warm) {
    const uint8_t *head = bytes;
    size_t at = HEAD;
    if (len < HEAD || len > RS_RECORD_MAX || head[0] != RS_RECORD_WARM || head[1] != RS__RECORD_VERSION || get16(head + 2) != len) {
        return RS_ERR_PARSE;
    }
    if (head[5] >= RS_CHANNEL_COUNT || head[6] > 1 || head[7] != 0 || head[29] != 0) return RS_ERR_PARSE;
    const int64_t first_end_us = (int64_t)get64(head + 16);
    warm->family = head[4];
    warm->channel = head[5];
    warm->is_last = head[6] == 1;
    warm->every_us = (int64_t)get64(head + 8);
    warm->count = get16(head + 30);
    if (warm->every_us <= 0 || warm->every_us > RS_US_PER_DAY || warm->count > RS_WARM_FIGURES) return RS_ERR_PARSE;
    if (first_end_us < 0 || first_end_us >= RS_TIME_MAX_US || (warm->count == 0) != (first_end_us == 0)) return RS_ERR_PARSE;
    if (!get_strings(head, len, warm, &at) || len - at != (size_t)warm->count * FIGURE) return RS_ERR_PARSE;
    return get_figures(head + at, first_end_us, warm) ? RS_OK : RS_ERR_PARSE;
}
