/* cli/alert_print.h — alerts for people: a table of those open, or one line for one change. Standard output's width
 * does not matter: nothing is cut. */
#ifndef RS_CLI_ALERT_PRINT_H
#define RS_CLI_ALERT_PRINT_H

#include "cli/feed_body.h"

#include <stdio.h>

/* `now_us` is the daemon's time; 0: not known. */
void rs_alert_print_table(FILE *out, const rs_alert_body_t *const *alerts, uint32_t count, int64_t now_us);
/* "2026-11-22 10:15:30  17-7  firing  critical  rule  vip/voice  75.0%  (<80.0%, n=20, 5m)", and what somebody did: "  ack by anna: I look
 * into it". */
void rs_alert_print_line(FILE *out, const rs_alert_body_t *alert);

#endif
