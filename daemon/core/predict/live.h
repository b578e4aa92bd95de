/* core/predict/live.h — predictions of the queues in which somebody waits, made once a second (rs_predict_round) and published for any
 * thread. */
#ifndef RS_CORE_PREDICT_LIVE_H
#define RS_CORE_PREDICT_LIVE_H

#include "core/predict/predict.h"

struct rs_core;

/* Time has come: queues whose turn it is are predicted and published. At most once a second each. */
void rs_predict_tick(struct rs_core *core);
/* The prediction of a queue key as of now; other keys: RS_PREDICTION_NOT_A_QUEUE. Changes nothing. */
void rs_predict_key(struct rs_core *core, uint32_t key, rs_window_prediction_t *prediction);

#endif
