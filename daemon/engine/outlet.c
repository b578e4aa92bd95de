#include "engine/outlet.h"

/* The strings of a transition, in one order for writing and reading. */
static void strings_of(rs_alert_transition_t *transition, rs_str_t *strings[RS_OUTLET_ALERT_STRINGS]) {
    strings[0] = &transition->rule_name;
    strings[1] = &transition->metric;
    strings[2] = &transition->policy;
    strings[3] = &transition->window;
    strings[4] = &transition->dimensions.tenant;
    strings[5] = &transition->dimensions.name;
    strings[6] = &transition->runbook;
}

size_t rs_outlet_write_alert(const rs_alert_transition_t *transition, void *bytes) {
    rs_alert_transition_t copy = *transition;
    rs_str_t *strings[RS_OUTLET_ALERT_STRINGS];
    strings_of(&copy, strings);
    unsigned char *out = bytes;
    size_t len = sizeof copy;
    for (unsigned i = 0; i < RS_OUTLET_ALERT_STRINGS; i++) {
        if (len + strings[i]->len > RS_OUTLET_ALERT_MAX) strings[i]->len = (uint32_t)(RS_OUTLET_ALERT_MAX - len);
        if (strings[i]->len != 0) memcpy(out + len, strings[i]->data, strings[i]->len);
        strings[i]->data = NULL;
        len += strings[i]->len;
    }
    memcpy(out, &copy, sizeof copy);
    return len;
}

void rs_outlet_read_alert(const void *bytes, rs_alert_transition_t *transition) {
    memcpy(transition, bytes, sizeof *transition);
    rs_str_t *strings[RS_OUTLET_ALERT_STRINGS];
    strings_of(transition, strings);
    const char *at = (const char *)bytes + sizeof *transition;
    for (unsigned i = 0; i < RS_OUTLET_ALERT_STRINGS; i++) {
        strings[i]->data = at;
        at += strings[i]->len;
    }
}
