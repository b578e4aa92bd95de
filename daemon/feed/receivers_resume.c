/* After a restart: each receiver goes on where the core says that it was. */
#include "feed/receivers_internal.h"

uint64_t rs_receivers_number(rs_str_t name) {
    uint64_t sum = UINT64_C(14695981039346656037);

    for (uint32_t i = 0; i < name.len; i++) sum = (sum ^ (unsigned char)name.data[i]) * UINT64_C(1099511628211);
    return sum == RS_RECEIVER_STORE ? 1 : sum;
}

/* `receiver` NULL: for those that a reload will add. */
typedef struct resumption {
    rs_receivers_t *receivers;
    rs__receiver_t *receiver;
    bool is_complete; /* the core kept every transition that was not confirmed */
    int status;
} resumption_t;

static void put(resumption_t *resumption, const rs_alert_transition_t *transition) {
    rs_notice_t *notice = NULL;
    const int status = rs_notice_create(transition, &notice);

    if (status == RS_ERR_NOT_FOUND) return;
    if (status != RS_OK) {
        resumption->status = status;
        return;
    }
    if (resumption->receiver == NULL)
        rs__receivers_remember_open(resumption->receivers, notice);
    else
        rs__receiver_give(resumption->receiver, notice);
    rs_notice_release(notice);
}

/* Identified as older than anything that happened: told to whoever was never told of anything, and not to the others. */
static void put_open(void *context, const rs_alert_transition_t *transition) {
    rs_alert_transition_t open = *transition;

    open.from = RS_ALERT_PENDING;
    open.to = RS_ALERT_FIRING;
    open.at_us = open.fired_us;
    open.position = 0;
    open.ordinal = 1;
    put(context, &open);
}

/* An end whose beginning is not put again, too, began before what was confirmed: that was told. But where the core had no room to keep
 * all of them nobody knows, and the beginning is told once more. */
static void put_again(void *context, const rs_alert_transition_t *transition) {
    resumption_t *resumption = context;

    if (transition->to == RS_ALERT_RESOLVED && resumption->is_complete) put_open(resumption, transition);
    put(resumption, transition);
}

static int resume_one(rs_receivers_t *receivers, rs__receiver_t *receiver, const rs_core_t *core) {
    resumption_t resumption = {.receivers = receivers, .receiver = receiver, .is_complete = rs_core_losses(core).untold == 0};
    const uint64_t number = rs_receivers_number(receiver->config->name);
    rs_effect_id_t told = {0};

    receiver->is_known = rs_core_receiver(core, number, &told.position, &told.ordinal);
    receiver->reported = told;
    if (receiver->presenter != NULL)
        rs_presenter_assume(receiver->presenter, told);
    else
        rs_post_assume(receiver->post, told);
    rs_core_open_alerts(core, put_open, &resumption);
    rs_core_unconfirmed_alerts(core, number, put_again, &resumption);
    return resumption.status;
}

int rs_receivers_resume(rs_receivers_t *receivers, const rs_core_t *core) {
    resumption_t open = {.receivers = receivers};
    uint64_t number = 0;
    int status = RS_OK;

    rs_core_open_alerts(core, put_open, &open);
    status = open.status;
    for (uint32_t i = 0; i < receivers->count; i++) {
        const int one = resume_one(receivers, receivers->receivers[i], core);
        if (one != RS_OK) status = one;
    }
    for (uint32_t i = 0; rs_core_receiver_at(core, i, &number); i++)
        if (number != RS_RECEIVER_STORE) rs__receivers_forget(receivers, number); /* unless it is configured */
    rs__receivers_kick(receivers);
    return status;
}
