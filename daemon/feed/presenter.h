/* feed/presenter.h — what one Prometheus Alertmanager is shown, and when: states, again and again, not messages.
 *
 * Model:     an Alertmanager keeps an alert only while it is shown it, knows it by its labels alone, forgets everything when it
 *            dies, and tells its own receivers only what it still sees at its next flush. So what is true is shown every
 *            `resend`, changes at once:
 *                put(firing) ──► shown firing ──put(ended)──► shown firing until `hold` after it was first taken ──► shown resolved
 *                for `keep` ──► forgotten
 *            An alert is what has the same labels: rule, tenant, family, name, channel, severity. When it fires again it is
 *            shown firing again, and the old end no more.
 * Restart:   when the Alertmanager has been started anew (`rs_presenter_restarted`; its status says since when it runs) it knows
 *            nothing: everything is shown at once, `hold` begins again, and what was shown resolved for less than `settle`
 *            is shown firing once more, because its end may not have been passed on; else its receivers would believe for ever
 *            that it fires. All of that at most 10 × hold after the end.
 * Failures:  as in the post: pauses with jitter, Retry-After, at most `resend`. A batch that is refused is halved until those to
 *            blame are alone; these are counted, and not shown again until something about them changes.
 * Confirmed: a change is settled when it was taken; an end when it was shown for `settle`. So after a restart of the daemon ends that may
 *            be lost are shown on, when their transitions since the confirmed position are put again.
 * Threads:   one. Pure: time is an argument. Memory: about 120 bytes an alert, up to max_alerts, and the notices it holds. Past that
 *            one that ended goes; else the new one is not shown, which is counted.
 */
#ifndef RS_FEED_PRESENTER_H
#define RS_FEED_PRESENTER_H

#include "feed/notice.h"

typedef struct rs_presenter rs_presenter_t;

typedef struct rs_presenter_settings {
    uint32_t max_alerts, batch; /* >= 1 */
    int64_t resend_us, hold_us, settle_us, keep_us;
    int64_t backoff_min_us;
    uint32_t failures_open;
} rs_presenter_settings_t;

RS_MUST_CHECK int rs_presenter_create(const rs_presenter_settings_t *settings, uint64_t seed, rs_presenter_t **presenter);
void rs_presenter_destroy(rs_presenter_t **presenter);
/* max_alerts is that of create. */
void rs_presenter_configure(rs_presenter_t *presenter, const rs_presenter_settings_t *settings);
/* As of the post. */
void rs_presenter_assume(rs_presenter_t *presenter, rs_effect_id_t id);
void rs_presenter_put(rs_presenter_t *presenter, rs_notice_t *notice, int64_t now_us);
void rs_presenter_pass(rs_presenter_t *presenter, rs_effect_id_t id);
bool rs_presenter_knows(const rs_presenter_t *presenter, const rs_notice_t *notice);

typedef struct rs_presented {
    const rs_notice_t *notice;
    int64_t fired_us;          /* startsAt: when its first episode that is still shown fired */
    bool is_firing;            /* how it is shown */
    uint32_t item;             /* private */
    rs_effect_id_t id;         /* private */
} rs_presented_t;

/* What to show now; 0: nothing, ask again at rs_presenter_wake. Valid until rs_presenter_done, which must follow. */
RS_MUST_CHECK uint32_t rs_presenter_next(rs_presenter_t *presenter, int64_t now_us, const rs_presented_t **batch);
/* Whether something is due, so that it is worth asking for the status first. */
bool rs_presenter_is_due(const rs_presenter_t *presenter, int64_t now_us);
typedef enum rs_shown { RS_SHOWN_OK = 0, RS_SHOWN_AGAIN, RS_SHOWN_REFUSED } rs_shown_t;
void rs_presenter_done(rs_presenter_t *presenter, rs_shown_t result, int64_t retry_after_us, int64_t now_us);
/* The status could not be read: a failure without a batch. */
void rs_presenter_failed(rs_presenter_t *presenter, int64_t retry_after_us, int64_t now_us);
void rs_presenter_restarted(rs_presenter_t *presenter, int64_t now_us);
int64_t rs_presenter_wake(const rs_presenter_t *presenter, int64_t now_us);
rs_effect_id_t rs_presenter_confirmed(const rs_presenter_t *presenter);

typedef struct rs_presenter_stats {
    uint64_t batches, shown, failures, refusals, dropped_refused, dropped_full, restarts;
    uint32_t alerts, firing, failures_in_row; /* now */
    bool is_open;
} rs_presenter_stats_t;
void rs_presenter_stats(const rs_presenter_t *presenter, rs_presenter_stats_t *stats);

#endif
