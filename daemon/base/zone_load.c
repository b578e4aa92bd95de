/* Reads a time zone by asking the C library: its reader of zone files (and of the rule that holds after their last
 * transition) is the well-kept one, so nothing here parses a zone file. One question per day, and bisection where the
 * answer changes; no zone changes twice within a day. From 2040 on, where all that is known are rules whose seasons
 * last for weeks and a question costs several times as much, one question in four days. */
#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 86400, FIRST_ROOM = 64 };
#define RULES_ONLY_S INT64_C(2208988800) /* 2040-01-01T00:00:00Z */
#define LAST_S (RS_TIME_MAX_US / RS_US_PER_S)

static const char *zone_folder(void) {
    const char *named = getenv("TZDIR");
    return named != NULL && named[0] != '\0' ? named : "/usr/share/zoneinfo";
}

/* Letters, digits and "_+-/" only: no way out of the folder, and nothing that the C library would read as a rule. */
static bool is_zone_name(const char *name) {
    const size_t length = strlen(name);
    if (length == 0 || length > RS_MAX_NAME || name[0] == '/' || name[length - 1] == '/') return false;
    if (strncmp(name, "right/", 6) == 0) return false; /* counts leap seconds: not our time scale */
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == length;
}

static int check_zone_file(const char *path) {
    char magic[4];
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return errno == ENOENT || errno == ENOTDIR ? RS_ERR_NOT_FOUND : RS_ERR_IO;
    const ssize_t count = read(file, magic, sizeof(magic));
    close(file);
    return count == (ssize_t)sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0 ? RS_OK : RS_ERR_NOT_FOUND;
}

static int32_t offset_at(int64_t at_s) {
    const time_t instant = (time_t)at_s;
    struct tm local;
    return localtime_r(&instant, &local) == NULL ? 0 : (int32_t)local.tm_gmtoff;
}

static int append_transition(rs_zone_t *zone, uint32_t *room, int64_t at_s, int32_t offset_s) {
    if (zone->count == *room) {
        const uint32_t wider = *room == 0 ? FIRST_ROOM : *room * 2;
        rs_zone_transition_t *moved = realloc(zone->transitions, wider * sizeof(*moved));
        if (moved == NULL) return RS_ERR_MEMORY;
        zone->transitions = moved;
        *room = wider;
    }
    zone->transitions[zone->count++] = (rs_zone_transition_t){.at_us = at_s * RS_US_PER_S, .offset_s = offset_s};
    return RS_OK;
}

/* The first second in (before, after] that has not the offset of `before`. */
static int64_t find_change(int64_t before, int64_t after, int32_t offset_before) {
    while (after - before > 1) {
        const int64_t middle = before + (after - before) / 2;
        if (offset_at(middle) == offset_before) before = middle;
        else after = middle;
    }
    return after;
}

/* A broken zone file, or no memory for it, is silent: the C library then goes by UTC without a name. */
static bool zone_was_taken(void) {
    const time_t instant = 0;
    struct tm local;
    return localtime_r(&instant, &local) != NULL && local.tm_zone != NULL && local.tm_zone[0] != '\0';
}

static int collect_transitions(rs_zone_t *zone) {
    uint32_t room = 0;
    int32_t offset = offset_at(0);
    int status = append_transition(zone, &room, 0, offset);
    for (int64_t asked = 0, next; status == RS_OK && asked < LAST_S - 1; asked = next) {
        next = asked + (asked < RULES_ONLY_S ? DAY_S : 4 * DAY_S);
        if (next > LAST_S - 1) next = LAST_S - 1;
        const int32_t now = offset_at(next);
        if (now == offset) continue;
        status = append_transition(zone, &room, find_change(asked, next, offset), now);
        offset = now;
    }
    return status;
}

/* TZ is of the whole process: it is put back whatever happens. */
static int collect_under_tz(rs_zone_t *zone, const char *path) {
    char setting[PATH_MAX + 2];
    const int length = snprintf(setting, sizeof(setting), ":%s", path);
    if (length < 0 || (size_t)length >= sizeof(setting)) return RS_ERR_INVALID;
    const char *current = getenv("TZ");
    char *before = current == NULL ? NULL : strdup(current);
    if (current != NULL && before == NULL) return RS_ERR_MEMORY;
    int status = RS_ERR_MEMORY;
    if (setenv("TZ", setting, 1) == 0) {
        tzset();
        status = zone_was_taken() ? collect_transitions(zone) : RS_ERR_IO;
    }
    if (before == NULL) unsetenv("TZ");
    else if (setenv("TZ", before, 1) != 0) status = RS_ERR_MEMORY;
    tzset();
    free(before);
    return status;
}

int rs_zone_load(const char *name, rs_zone_t **zone_out) {
    if (name == NULL || !is_zone_name(name)) return RS_ERR_NOT_FOUND;
    rs_zone_t *zone = calloc(1, sizeof(*zone));
    if (zone == NULL) return RS_ERR_MEMORY;
    memcpy(zone->name, name, strlen(name) + 1);
    int status;
    if (strcmp(name, "UTC") == 0) { /* must work on a machine without zone files */
        uint32_t room = 0;
        status = append_transition(zone, &room, 0, 0);
    } else {
        char path[PATH_MAX];
        const int length = snprintf(path, sizeof(path), "%s/%s", zone_folder(), name);
        status = length < 0 || (size_t)length >= sizeof(path) ? RS_ERR_INVALID : check_zone_file(path);
        if (status == RS_OK) status = collect_under_tz(zone, path);
    }
    if (status == RS_OK) *zone_out = zone;
    else rs_zone_destroy(&zone);
    return status;
}

void rs_zone_destroy(rs_zone_t **zone) {
    if (zone == NULL || *zone == NULL) return;
    free((*zone)->transitions);
    free(*zone);
    *zone = NULL;
}
