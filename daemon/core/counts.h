/* core/counts.h — the counts of a key over a range of time (design: metrics.md), one list for windows, rows, printing and
 * SQL. The order is part of the stored format: add at the end only. Sums are microseconds. */
#ifndef RS_CORE_COUNTS_H
#define RS_CORE_COUNTS_H

#include "config/config.h"

#define RS_COUNTS(X)                                                                                    \
    X(OFFERED, offered) X(ANSWERED, answered) X(ABANDONED, abandoned) X(FLOWED_OUT, flowed_out)         \
    X(CALLBACKS, callbacks) X(BLOCKED, blocked) X(ABANDONED_BEFORE_QUEUE, abandoned_before_queue)       \
    X(ANSWERED_IN_T, answered_in_t) X(ABANDONED_IN_T, abandoned_in_t)                                   \
    X(FLOWED_OUT_IN_T, flowed_out_in_t) X(CALLBACKS_IN_T, callbacks_in_t)                               \
    X(ABANDONED_SHORT, abandoned_short)                                                                 \
    X(WAIT_ANSWERED_US, wait_answered_us) X(WAIT_ABANDONED_US, wait_abandoned_us)                       \
    X(EXCESS_US, excess_us)                                                                             \
    X(HANDLED, handled) X(HANDLED_SHORT, handled_short) X(HANDLING_LOST, handling_lost)                 \
    X(TALK_US, talk_us) X(HOLD_US, hold_us) X(WRAP_US, wrap_us) X(HOLDS, holds) X(WRAPS, wraps)         \
    X(OFFERS, offers) X(OFFERS_FAILED, offers_failed)                                                   \
    X(OFFERS_FAILED_TIMEOUT, offers_failed_timeout) X(OFFERS_FAILED_REJECTED, offers_failed_rejected)   \
    X(OFFERS_FAILED_CANCELED, offers_failed_canceled) X(OFFERS_FAILED_ERROR, offers_failed_error)       \
    X(OFFERS_FAILED_OTHER, offers_failed_other)                                                         \
    X(TRANSFERRED_IN, transferred_in) X(TRANSFERRED_OUT, transferred_out)                               \
    X(TRANSFERRED_OUT_BLIND, transferred_out_blind) X(TRANSFERRED_OUT_ATTENDED, transferred_out_attended) \
    X(TRANSFERRED_OUT_QUEUE, transferred_out_queue) X(TRANSFERRED_OUT_EXTERNAL, transferred_out_external) \
    X(TRANSFERRED_OUT_OTHER, transferred_out_other)                                                     \
    /* flowed_out by reason, in the order of rs_flow_reason_t without CALLBACK */                       \
    X(FLOW_OTHER, flow_other) X(FLOW_TIMEOUT, flow_timeout) X(FLOW_EXIT_KEY, flow_exit_key)             \
    X(FLOW_NO_AGENTS, flow_no_agents) X(FLOW_OVERFLOW, flow_overflow) X(FLOW_WITHDRAWN, flow_withdrawn) \
    X(FLOW_VOICEMAIL, flow_voicemail) X(FLOW_ERROR, flow_error) X(FLOW_REQUEUED, flow_requeued)         \
    X(FLOW_LOST, flow_lost)                                                                             \
    X(CLOCK_ANOMALY, clock_anomaly)                                                                     \
    /* blocked by reason */                                                                             \
    X(BLOCKED_FULL, blocked_full) X(BLOCKED_CLOSED, blocked_closed) X(BLOCKED_JOIN_EMPTY, blocked_join_empty) \
    X(BLOCKED_NO_AGENT, blocked_no_agent) X(BLOCKED_OTHER, blocked_other)                               \
    /* call-backs: what was promised and what became of it */                                           \
    X(CALLBACKS_REQUESTED, callbacks_requested) X(CALLBACKS_ATTEMPTED, callbacks_attempted)             \
    X(CALLBACKS_CONNECTED, callbacks_connected) X(CALLBACKS_FAILED, callbacks_failed)                   \
    /* asynchronous channels: by the queue's working hours; …_calendar_us by the calendar */            \
    X(FIRST_REPLIES, first_replies) X(FIRST_REPLIES_IN_T, first_replies_in_t)                           \
    X(FIRST_REPLY_US, first_reply_us) X(FIRST_REPLY_CALENDAR_US, first_reply_calendar_us)               \
    X(NEXT_REPLIES, next_replies) X(NEXT_REPLIES_IN_T, next_replies_in_t)                               \
    X(NEXT_REPLY_US, next_reply_us) X(NEXT_REPLY_CALENDAR_US, next_reply_calendar_us)                   \
    X(RESOLUTIONS, resolutions) X(RESOLUTIONS_IN_T, resolutions_in_t)                                   \
    X(RESOLUTION_US, resolution_us) X(RESOLUTION_CALENDAR_US, resolution_calendar_us)                   \
    X(REOPENED, reopened)                                                                               \
    /* first-contact resolution, of journeys by their first handling; never: of a topic that cannot be resolved at once */ \
    X(FCR_ELIGIBLE, fcr_eligible) X(FCR_REPEATED, fcr_repeated)                                         \
    X(FCR_FLAGGED_UNRESOLVED, fcr_flagged_unresolved) X(FCR_UNRESOLVED, fcr_unresolved)                 \
    X(FCR_MATURED, fcr_matured) X(FCR_NEVER, fcr_never) X(FCR_NEVER_UNRESOLVED, fcr_never_unresolved)   \
    /* feedback; sums of scores and scales are thousandths */                                           \
    X(CSAT_RESPONSES, csat_responses) X(CSAT_SCORE_MILLI, csat_score_milli) X(CSAT_TOP, csat_top)       \
    X(NPS_RESPONSES, nps_responses) X(NPS_PROMOTERS, nps_promoters) X(NPS_DETRACTORS, nps_detractors)   \
    X(CES_RESPONSES, ces_responses) X(CES_SCORE_MILLI, ces_score_milli)                                 \
    X(SURVEYED_CONTACTS, surveyed_contacts) X(SURVEYS_OFF_SCALE, surveys_off_scale)                     \
    X(COMPLAINTS, complaints) X(COMPLIMENTS, compliments) X(SUGGESTIONS, suggestions)                   \
    X(COMPLAINTS_ACKNOWLEDGED, complaints_acknowledged) X(COMPLAINTS_INVESTIGATED, complaints_investigated) \
    X(COMPLAINTS_RESPONDED, complaints_responded) X(COMPLAINTS_CLOSED, complaints_closed)               \
    X(COMPLAINT_ACKNOWLEDGE_US, complaint_acknowledge_us) X(COMPLAINT_INVESTIGATE_US, complaint_investigate_us) \
    X(COMPLAINT_RESPOND_US, complaint_respond_us) X(COMPLAINT_CLOSE_US, complaint_close_us)             \
    X(COMPLAINTS_OVERDUE, complaints_overdue)   /* stages that took longer than their deadline */       \
    /* agents: time per state, the plan, and what went wrong */                                         \
    X(LOGGED_IN_US, logged_in_us) X(AVAILABLE_US, available_us) X(RINGING_US, ringing_us)               \
    X(ON_CONTACT_US, on_contact_us) X(ON_HOLD_US, on_hold_us) X(WRAPPING_US, wrapping_us)               \
    X(BREAK_US, break_us) X(CUSTOM_US, custom_us)                                                       \
    X(PLANNED_US, planned_us) X(OUT_OF_PLAN_US, out_of_plan_us) X(WORKED_US, worked_us)                 \
    X(PLANNED_WORK_US, planned_work_us)                                                                 \
    X(OVERLAPPING_HANDLINGS, overlapping_handlings) X(STATES_EXPIRED, states_expired)                   \
    /* the scales of the scores counted: sums of their ends, thousandths, and of their squares (core/feedback/survey.h) */ \
    X(CSAT_SCALE_MIN_MILLI, csat_scale_min_milli) X(CSAT_SCALE_MAX_MILLI, csat_scale_max_milli)         \
    X(CSAT_SCALE_SQUARES, csat_scale_squares)                                                           \
    X(CES_SCALE_MIN_MILLI, ces_scale_min_milli) X(CES_SCALE_MAX_MILLI, ces_scale_max_milli)             \
    X(CES_SCALE_SQUARES, ces_scale_squares)                                                             \
    /* service level: numerator and denominator of each policy slot; keep these last */                 \
    X(SL_NUM_0, sl_num_0) X(SL_NUM_1, sl_num_1) X(SL_NUM_2, sl_num_2) X(SL_NUM_3, sl_num_3)             \
    X(SL_NUM_4, sl_num_4) X(SL_NUM_5, sl_num_5) X(SL_NUM_6, sl_num_6) X(SL_NUM_7, sl_num_7)             \
    X(SL_DEN_0, sl_den_0) X(SL_DEN_1, sl_den_1) X(SL_DEN_2, sl_den_2) X(SL_DEN_3, sl_den_3)             \
    X(SL_DEN_4, sl_den_4) X(SL_DEN_5, sl_den_5) X(SL_DEN_6, sl_den_6) X(SL_DEN_7, sl_den_7)

typedef enum rs_count {
#define RS_X(NAME, name) RS_COUNT_##NAME,
    RS_COUNTS(RS_X)
#undef RS_X
    RS_COUNT_COUNT
} rs_count_t;

/* Histograms of durations, in milliseconds (core/window/histogram.h). */
#define RS_HISTOGRAMS(X)                                                                                \
    X(WAIT_ANSWERED, wait_answered) X(WAIT_ABANDONED, wait_abandoned) X(TALK, talk) X(HOLD, hold)       \
    X(WRAP, wrap) X(HANDLE, handle) X(FIRST_REPLY, first_reply) X(NEXT_REPLY, next_reply) X(RESOLUTION, resolution)
typedef enum rs_histogram_id {
#define RS_X(NAME, name) RS_HIST_##NAME,
    RS_HISTOGRAMS(RS_X)
#undef RS_X
    RS_HIST_COUNT
} rs_histogram_id_t;

/* Exact extremes kept beside the counts, microseconds: the greatest wait of all outcomes, and least and greatest of the
 * two wait histograms. Absent (nothing counted) is -1. */
#define RS_EXTREMES(X)                                                                                  \
    X(WAIT_MAX, wait_max, true) X(ANSWERED_MIN, answered_min, false) X(ANSWERED_MAX, answered_max, true) \
    X(ABANDONED_MIN, abandoned_min, false) X(ABANDONED_MAX, abandoned_max, true)
typedef enum rs_extreme {
#define RS_X(NAME, name, is_max) RS_EXTREME_##NAME,
    RS_EXTREMES(RS_X)
#undef RS_X
    RS_EXTREME_COUNT
} rs_extreme_t;

/* "offered", "wait_answered", … as printed; static storage. */
const char *rs_count_name(unsigned count);
const char *rs_histogram_name(unsigned histogram);

#endif
