#include "core/alert/pack.h"

void rs_alert_strings(rs_alert_transition_t *transition, rs_str_t *strings[RS_ALERT_STRINGS]) {
    strings[0] = &transition->rule_name;
    strings[1] = &transition->metric;
    strings[2] = &transition->policy;
    strings[3] = &transition->window;
    strings[4] = &transition->dimensions.tenant;
    strings[5] = &transition->dimensions.name;
    strings[6] = &transition->runbook;
    strings[7] = &transition->who;
    strings[8] = &transition->text;
    strings[9] = &transition->owner;
    strings[10] = &transition->cause;
    strings[11] = &transition->action;
    for (unsigned i = 0; i < RS_EXPLAIN_PARTS; i++) strings[12 + i] = &transition->part_names[i];
}

size_t rs_alert_pack(const rs_alert_transition_t *transition, void *bytes) {
    rs_alert_transition_t copy = *transition;
    rs_str_t *strings[RS_ALERT_STRINGS];
    rs_alert_strings(&copy, strings);
    unsigned char *out = bytes;
    size_t len = sizeof copy;
    for (unsigned i = 0; i < RS_ALERT_STRINGS; i++) {
        if (len + strings[i]->len > RS_ALERT_PACKED_MAX) strings[i]->len = (uint32_t)(RS_ALERT_PACKED_MAX - len);
        if (strings[i]->len != 0) memcpy(out + len, strings[i]->data, strings[i]->len);
        strings[i]->data = NULL;
        len += strings[i]->len;
    }
    memcpy(out, &copy, sizeof copy);
    return len;
}

void rs_alert_unpack(const void *bytes, rs_alert_transition_t *transition) {
    memcpy(transition, bytes, sizeof *transition);
    rs_str_t *strings[RS_ALERT_STRINGS];
    rs_alert_strings(transition, strings);
    const char *at = (const char *)bytes + sizeof *transition;
    for (unsigned i = 0; i < RS_ALERT_STRINGS; i++) {
        strings[i]->data = at;
        at += strings[i]->len;
    }
}
