#include "base/planted.h"

#ifdef RS_WITH_PLANTS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rs_plant_t rs_planted;

enum { UNKNOWN_NAME = 97 };

__attribute__((constructor)) static void choose(void) {
#define NAME_OF(name, what, who) [RS_PLANT_##name] = #name,
    static const char *const names[RS_PLANT_COUNT] = {RS_PLANT_LIST(NAME_OF)};
#undef NAME_OF
    const char *wanted = getenv("RS_PLANT");
    if (wanted == NULL || wanted[0] == '\0') return;
    for (int i = RS_PLANT_NONE + 1; i < RS_PLANT_COUNT; i++) {
        if (strcmp(wanted, names[i]) == 0) rs_planted = (rs_plant_t)i;
    }
    if (rs_planted != RS_PLANT_NONE) return;
    fprintf(stderr, "RS_PLANT=%s: there is no such bug in base/planted.h\n", wanted);
    _Exit(UNKNOWN_NAME);
}
#endif
