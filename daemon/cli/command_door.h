/* cli/command_door.h — speaks to the daemon's door of commands (proto/COMMANDS.md). */
#ifndef RS_CLI_COMMAND_DOOR_H
#define RS_CLI_COMMAND_DOOR_H

#include "config/config.h"

enum { RS_DOOR_FRAMES = 16, RS_DOOR_ANSWERS = 300, RS_DOOR_TEXT = 4200 };

typedef struct rs_door_answer {
    uint32_t count;                             /* frames after the id; what is more is left out */
    char word[16];                              /* DONE, REFUSED, SILENCES */
    char (*frames)[RS_DOOR_TEXT];               /* each ends with a NUL; free() */
} rs_door_answer_t;

/* Sends [RS1, word, id, frames …] to `endpoint` and waits for the answer of that id. 0, or an exit status: then it has been said why
 * (nobody answers: then it is not known whether the command was taken). */
RS_MUST_CHECK int rs_door_ask(const char *endpoint, long timeout_s, const char *word, const char *const *frames, uint32_t count,
                              rs_door_answer_t *answer);
/* Where the door is: as named, else of the file (NULL: the defaults). 0, or an exit status, and it has been said why. */
RS_MUST_CHECK int rs_door_endpoint(const char *named, const char *config_path, char *endpoint, size_t size);

#endif
