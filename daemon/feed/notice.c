#include "feed/notice.h"

#include "core/alert/pack.h"

#include <math.h>
#include <stdlib.h>

rs_told_t rs_notice_phase(const rs_alert_transition_t *transition) {
    switch (transition->to) {
        case RS_ALERT_FIRING:
        case RS_ALERT_RECOVERING:
        case RS_ALERT_NO_DATA:
        case RS_ALERT_FLAPPING: return RS_TOLD_FIRING;
        case RS_ALERT_RESOLVED: return RS_TOLD_ENDED;
        default: return RS_TOLD_NOTHING;
    }
}

/* The way into recovering or out of sight and back is none; to begin to flap, and to stop, is. */
static bool is_news(const rs_alert_transition_t *transition) {
    const bool unseen = transition->from == RS_ALERT_RECOVERING || transition->from == RS_ALERT_NO_DATA;
    const bool fires = transition->to == RS_ALERT_FIRING && !unseen;
    return fires || transition->to == RS_ALERT_FLAPPING || transition->to == RS_ALERT_RESOLVED || transition->from == transition->to;
}

int rs_notice_create(const rs_alert_transition_t *transition, rs_notice_t **notice) {
    const rs_told_t phase = rs_notice_phase(transition);
    uint64_t packed[RS_ALERT_PACKED_MAX / sizeof(uint64_t)];

    if (phase == RS_TOLD_NOTHING) return RS_ERR_NOT_FOUND;
    const size_t size = rs_alert_pack(transition, packed);
    rs_notice_t *made = malloc(sizeof(*made) + size);
    if (made == NULL) return RS_ERR_MEMORY;
    *made = (rs_notice_t){
        .holders = 1, .phase = (uint8_t)phase, .is_news = is_news(transition), .id = {transition->position, transition->ordinal}};
    memcpy(made + 1, packed, size);
    rs_alert_unpack(made + 1, &made->transition);
    *notice = made;
    return RS_OK;
}

rs_notice_t *rs_notice_hold(rs_notice_t *notice) {
    if (notice != NULL) notice->holders++;
    return notice;
}

void rs_notice_release(rs_notice_t *notice) {
    if (notice != NULL && --notice->holders == 0) free(notice);
}

double rs_notice_deviation(const rs_notice_t *notice) {
    const rs_alert_transition_t *transition = &notice->transition;
    const double scale = transition->limit == 0 ? 1 : fabs(transition->limit);

    return transition->figure.is_null ? 0 : fabs(transition->figure.value - transition->limit) / scale;
}
