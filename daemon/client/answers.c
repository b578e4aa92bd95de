#include "client/client_internal.h"

#include "base/decimal.h"

static bool parse_marks(const rs_str_t *frames, uint32_t count, rs__answer_t *answer) {
    return count >= 5 && rs_decimal_parse(frames[2], &answer->number) &&
           rs_decimal_parse(frames[3], &answer->credit_events) && rs_decimal_parse(frames[4], &answer->credit_bytes);
}

rs__answer_t rs__answer_parse(const rs_str_t *frames, uint32_t count) {
    rs__answer_t answer = {.kind = RS__ANSWER_NONE};
    const rs__answer_t none = answer;
    if (count < 2 || !rs_str_equal(frames[0], RS_STR("RS1"))) return none;
    const rs_str_t command = frames[1];
    if (rs_str_equal(command, RS_STR("ACK"))) {
        answer.kind = RS__ANSWER_ACK;
        return parse_marks(frames, count, &answer) ? answer : none;
    }
    if (rs_str_equal(command, RS_STR("WELCOME"))) {
        answer.kind = RS__ANSWER_WELCOME;
        const bool is_whole = parse_marks(frames, count, &answer) && count >= 6 &&
                              rs_decimal_parse(frames[5], &answer.max_message);
        return is_whole ? answer : none;
    }
    if (rs_str_equal(command, RS_STR("NACK"))) {
        answer.kind = RS__ANSWER_NACK;
        if (count < 5 || !rs_decimal_parse(frames[2], &answer.number)) return none;
        answer.reason = frames[3];
        answer.field = frames[4];
        return answer;
    }
    if (rs_str_equal(command, RS_STR("ERROR"))) {
        answer.kind = RS__ANSWER_ERROR;
        if (count < 4) return none;
        answer.code = frames[2];
        answer.text = frames[3];
        return answer;
    }
    if (rs_str_equal(command, RS_STR("PONG"))) answer.kind = RS__ANSWER_PONG;
    return answer;
}
