/* How a command says what is wrong. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

int rs_cli_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("ringside: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return 1;
}

int rs_cli_usage(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("ringside: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return 2;
}
