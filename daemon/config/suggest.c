/* Words for people: what is allowed at a key, and which key was probably meant. */
#include "config/metric_names.h"
#include "config/schema.h"

#include <stdio.h>

enum { MAX_WORD = 32 };

static void append(char *text, size_t size, const char *more) {
    const size_t used = strlen(text);
    if (used + 1 < size) snprintf(text + used, size - used, "%s", more);
}

static void list_choices(const rs_schema_row_t *row, char *text, size_t size) {
    snprintf(text, size, "one of ");
    bool first = true;
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (row->max != 0 && (row->max & (INT64_C(1) << i)) == 0) continue;
        if (!first) append(text, size, ", ");
        append(text, size, row->choices[i]);
        first = false;
    }
}

static void bytes_in_words(int64_t bytes, char *text, size_t size) {
    if (bytes % (1024 * 1024) == 0)
        snprintf(text, size, "%lldMiB", (long long)(bytes / (1024 * 1024)));
    else if (bytes % 1024 == 0)
        snprintf(text, size, "%lldKiB", (long long)(bytes / 1024));
    else
        snprintf(text, size, "%lld", (long long)bytes);
}

static void list_flow_rules(const rs_schema_row_t *row, char *text, size_t size) {
    list_choices(row, text, size);
    append(text, size,
           "; or a map of them by reason: other, timeout, exit_key, no_agents, overflow, withdrawn, "
           "voicemail, error, requeued");
}

void rs__schema_allowed(const rs_schema_row_t *row, char *text, size_t size) {
    char least[RS_DURATION_TEXT], most[RS_DURATION_TEXT];
    switch ((rs_value_type_t)row->type) {
        case RS_VALUE_DURATION:
            rs_config_format_duration(row->min, least);
            rs_config_format_duration(row->max, most);
            snprintf(text, size, "a duration from %s to %s, such as 250ms, 20s, 1.5h", least, most);
            break;
        case RS_VALUE_BYTES:
            bytes_in_words(row->min, least, sizeof(least));
            bytes_in_words(row->max, most, sizeof(most));
            snprintf(text, size, "a size from %s to %s, such as 65536, 64KiB, 1MiB", least, most);
            break;
        case RS_VALUE_INTEGER:
            snprintf(text, size, "a whole number from %lld to %lld", (long long)row->min, (long long)row->max);
            break;
        case RS_VALUE_RATIO: snprintf(text, size, "a ratio above 0 and below 1, such as 0.8"); break;
        case RS_VALUE_BOOLEAN: snprintf(text, size, "true or false"); break;
        case RS_VALUE_CHOICE: list_choices(row, text, size); break;
        case RS_VALUE_TEXT:
            snprintf(text, size, "text of %lld to %lld bytes without control characters", (long long)row->min,
                     (long long)row->max);
            break;
        case RS_VALUE_ENDPOINT:
            snprintf(text, size, "tcp://ADDRESS:PORT or ipc:///PATH, such as tcp://127.0.0.1:5570");
            break;
        case RS_VALUE_PATH:
            snprintf(text, size, "an absolute path of at most %lld bytes%s", (long long)row->max,
                     row->min == 0 ? ", or empty" : "");
            break;
        case RS_VALUE_ZONE: snprintf(text, size, "the name of an IANA zone, such as Europe/London or UTC"); break;
        case RS_VALUE_WINDOWS:
            snprintf(text, size, "1 to %d rising durations, whole seconds, at most 1h, such as [5m, 15m, 30m, 1h]",
                     RS_MAX_WINDOWS);
            break;
        case RS_VALUE_ATTRIBUTIONS: snprintf(text, size, "a list of one or more of event, enter, close"); break;
        case RS_VALUE_NAMES:
            snprintf(text, size, "a list of texts of %lld to %lld bytes, such as [a, b], or []", (long long)row->min,
                     (long long)row->max);
            break;
        case RS_VALUE_SCALE:
            snprintf(text, size, "least and greatest score, such as 1..5 or -2..2, from %lld to %lld", (long long)row->min,
                     (long long)row->max);
            break;
        case RS_VALUE_WEEK: snprintf(text, size, "times by weekday, such as {mon-fri: \"09:00-17:30\", sat: \"10:00-14:00\"}"); break;
        case RS_VALUE_HOLIDAYS: snprintf(text, size, "a list of dates, such as [2026-12-25, 2026-12-26]"); break;
        case RS_VALUE_DAYS: snprintf(text, size, "times by date, such as {2026-12-24: \"09:00-12:00\"}, or closed"); break;
        case RS_VALUE_POLICIES:
            snprintf(text, size, "a list of 1 to %d names: %s, or one of your own under `policies`", RS_MAX_POLICIES,
                     rs_policy_preset_names());
            break;
        case RS_VALUE_BASE: snprintf(text, size, "one of %s", rs_policy_preset_names()); break;
        case RS_VALUE_SHORT_RULE: snprintf(text, size, "one of off, exclude, miss, hit"); break;
        case RS_VALUE_FLOW_RULES: list_flow_rules(row, text, size); break;
        case RS_VALUE_CALLBACKS: list_choices(row, text, size); break;
        case RS_VALUE_METRIC: snprintf(text, size, "one of %s", rs_config_metric_names()); break;
        case RS_VALUE_WINDOW: snprintf(text, size, "one of `windows`, or today"); break;
        case RS_VALUE_URL:
            snprintf(text, size, "a URL without user and password, such as https://alerts.example.org/hook or smtp://mail.example.org:587");
            break;
        case RS_VALUE_NUMBER: snprintf(text, size, "a number from %g to %g", (double)row->min / 1000, (double)row->max / 1000); break;
        case RS_VALUE_RATE: snprintf(text, size, "how many in how long, such as 1/7d or 2/1d"); break;
        case RS_VALUE_FIGURE: snprintf(text, size, "a ratio, a number or a duration, as the metric is"); break;
    }
}

/* --- which key was meant ------------------------------------------------------------------------------------------ */
static unsigned least_of(unsigned a, unsigned b, unsigned c) {
    const unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edits (insert, delete, replace, swap of neighbours) that make one word the other. */
static unsigned word_distance(rs_str_t a, rs_str_t b) {
    unsigned table[MAX_WORD + 1][MAX_WORD + 1];
    if (a.len > MAX_WORD || b.len > MAX_WORD) return MAX_WORD;
    for (unsigned i = 0; i <= a.len; i++) table[i][0] = i;
    for (unsigned k = 0; k <= b.len; k++) table[0][k] = k;
    for (unsigned i = 1; i <= a.len; i++) {
        for (unsigned k = 1; k <= b.len; k++) {
            const unsigned differ = a.data[i - 1] != b.data[k - 1];
            table[i][k] = least_of(table[i - 1][k] + 1, table[i][k - 1] + 1, table[i - 1][k - 1] + differ);
            const bool swapped = i > 1 && k > 1 && a.data[i - 1] == b.data[k - 2] && a.data[i - 2] == b.data[k - 1];
            if (swapped && table[i - 2][k - 2] + 1 < table[i][k]) table[i][k] = table[i - 2][k - 2] + 1;
        }
    }
    return table[a.len][b.len];
}

/* The component of `path` right below `prefix`; empty when it does not lie below. */
static rs_str_t component_below(const char *path, const char *prefix) {
    const size_t length = strlen(prefix);
    const char *rest = path;
    if (length > 0) {
        if (strncmp(path, prefix, length) != 0 || path[length] != '.') return (rs_str_t){NULL, 0};
        rest = path + length + 1;
    }
    return (rs_str_t){.data = rest, .len = (uint32_t)strcspn(rest, ".")};
}

static rs_str_t last_component(const char *path) {
    const char *dot = strrchr(path, '.');
    return rs_str(dot == NULL ? path : dot + 1);
}

/* A word begun or gone on with is one slip, however long the rest. */
static unsigned slips_between(rs_str_t known, rs_str_t name) {
    const uint32_t shared = known.len < name.len ? known.len : name.len;
    const bool begins = shared >= 3 && memcmp(known.data, name.data, shared) == 0;
    const unsigned distance = word_distance(known, name);
    return begins && distance > 1 ? 1 : distance;
}

static bool nearest_below(const char *prefix, rs_str_t name, rs_str_t *nearest) {
    uint32_t count;
    const rs_schema_row_t *rows = rs__schema_rows(&count);
    unsigned best = name.len / 3 + 1; /* further off is no slip of the hand */
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        const rs_str_t known = component_below(rows[i].path, prefix);
        if (known.len == 0 || known.data[0] == '<') continue;
        const unsigned distance = slips_between(known, name);
        if (distance < best || (distance == best && !found)) {
            best = distance;
            *nearest = known;
            found = true;
        }
    }
    return found;
}

static const char *same_word_elsewhere(rs_str_t name) {
    uint32_t count;
    const rs_schema_row_t *rows = rs__schema_rows(&count);
    for (uint32_t i = 0; i < count; i++)
        if (rs_str_equal(last_component(rows[i].path), name)) return rows[i].path;
    return NULL;
}

static void list_below(const char *prefix, char *text, size_t size) {
    uint32_t count;
    const rs_schema_row_t *rows = rs__schema_rows(&count);
    rs_str_t before = {NULL, 0};
    snprintf(text, size, "one of ");
    for (uint32_t i = 0; i < count; i++) {
        const rs_str_t known = component_below(rows[i].path, prefix);
        if (known.len == 0 || rs_str_equal(known, before)) continue;
        char word[MAX_WORD * 2];
        snprintf(word, sizeof(word), "%s%.*s", before.len == 0 ? "" : ", ", (int)known.len, known.data);
        append(text, size, word);
        before = known;
    }
}

/* "time.lateness" written as one key. */
static bool is_whole_path(rs_str_t name) {
    uint32_t count;
    const rs_schema_row_t *rows = rs__schema_rows(&count);
    bool found = false;
    for (uint32_t i = 0; i < count && !found; i++)
        found = strchr(rows[i].path, '.') != NULL && rs_str_equal(rs_str(rows[i].path), name);
    return found;
}

void rs__schema_suggest(const char *prefix, rs_str_t name, char *text, size_t size) {
    rs_str_t nearest = {NULL, 0};
    const char *elsewhere = same_word_elsewhere(name);
    if (is_whole_path(name)) {
        snprintf(text, size, "in the file each part is a section of its own: `time: {lateness: 10m}`");
    } else if (nearest_below(prefix, name, &nearest)) {
        snprintf(text, size, "did you mean `%.*s`?", (int)nearest.len, nearest.data);
    } else if (elsewhere != NULL) {
        snprintf(text, size, "did you mean `%s`?", elsewhere);
    } else {
        list_below(prefix, text, size);
    }
}
