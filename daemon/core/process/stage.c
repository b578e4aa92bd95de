#include "core/process/stage.h"

#include <stdio.h>

static const char *const kind_names[] = {
#define RS_X(NAME, text) text,
    RS_PROCESS_KINDS(RS_X)
#undef RS_X
};

const char *rs_process_kind_name(rs_process_kind_t kind) { return kind < RS_PROCESS_KIND_COUNT ? kind_names[kind] : "?"; }

int rs_stage_name_compare(const rs_stage_name_t *a, const rs_stage_name_t *b) {
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    return rs_str_compare(a->queue, b->queue);
}

void rs_stage_name_text(const rs_stage_name_t *stage, char text[RS_STAGE_TEXT]) {
    if (stage->kind == RS_PROCESS_QUEUE) {
        snprintf(text, RS_STAGE_TEXT, "queue:%.*s", (int)stage->queue.len, stage->queue.data);
    } else {
        snprintf(text, RS_STAGE_TEXT, "%s", rs_process_kind_name(stage->kind));
    }
}
