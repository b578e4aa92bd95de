/* Runs the program that draws: no shell, input from a file without a name, output read to the end. */
#include "cli/report.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_SVG = 32 << 20 };
extern char **environ;

/* All that comes, NUL-terminated; NULL: too much, or no memory. */
static char *read_all(int fd) {
    size_t room = 1 << 16, len = 0;
    char *text = malloc(room);
    while (text != NULL) {
        const ssize_t got = read(fd, text + len, room - len - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        len += (size_t)got;
        if (len + 1 < room) continue;
        char *more = room < MAX_SVG ? realloc(text, room * 2) : NULL;
        if (more == NULL) {
            free(text);
            return NULL;
        }
        text = more;
        room *= 2;
    }
    if (text != NULL) text[len] = 0;
    return text;
}

static int start(const char *const *argv, int input, int pipe_in, int pipe_out, pid_t *child) {
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return ENOMEM;
    int failed = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&actions, pipe_out, STDOUT_FILENO);
    if (failed == 0) failed = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1 /* O_WRONLY */, 0);
    if (failed == 0) failed = posix_spawn_file_actions_addclose(&actions, pipe_in);
    if (failed == 0) failed = posix_spawnp(child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

char *rs_report_draw(const char *const *argv, FILE *input, const char *package, char *why, size_t why_size) {
    int ends[2];
    pid_t child;
    why[0] = 0;
    if (fflush(input) != 0 || fseek(input, 0, SEEK_SET) != 0 || pipe(ends) != 0) {
        snprintf(why, why_size, "%s: %s", argv[0], strerror(errno));
        return NULL;
    }
    const int failed = start(argv, fileno(input), ends[0], ends[1], &child);
    close(ends[1]);
    char *text = failed == 0 ? read_all(ends[0]) : NULL;
    close(ends[0]);
    if (failed != 0) {
        if (failed == ENOENT)
            snprintf(why, why_size, "%s is not installed (package %s)", argv[0], package);
        else
            snprintf(why, why_size, "%s: %s", argv[0], strerror(failed));
        return NULL;
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    char *svg = text == NULL || !WIFEXITED(status) || WEXITSTATUS(status) != 0 ? NULL : strstr(text, "<svg");
    if (svg != NULL)
        memmove(text, svg, strlen(svg) + 1); /* without the XML prologue: it goes into a page */
    else {
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
            snprintf(why, why_size, "%s is not installed (package %s)", argv[0], package);
        else
            snprintf(why, why_size, "%s could not draw it", argv[0]);
        free(text);
        text = NULL;
    }
    return text;
}
