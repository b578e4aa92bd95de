/* From a node of the file into a field. */
#include "config/value.h"

#include "config/metric_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_TEXT = 48 };

int rs__loader_fail(rs__loader_t *loader, const rs_node_t *node, const char *key, const char *allowed,
                    const char *format, ...) {
    rs_config_error_t *error = loader->error;
    const bool from_setting = node != NULL && node->mark.line == 0;
    snprintf(error->file, sizeof(error->file), "%s", from_setting ? "--set" : loader->file);
    error->line = node == NULL ? 0 : node->mark.line;
    error->column = node == NULL ? 0 : node->mark.column;
    snprintf(error->key, sizeof(error->key), "%s", key);
    snprintf(error->allowed, sizeof(error->allowed), "%s", allowed);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->reason, sizeof(error->reason), format, arguments);
    va_end(arguments);
    return RS_ERR_PARSE;
}

/* One assignment in progress: what every type's function needs. */
typedef struct job {
    rs__loader_t *loader;
    const rs_schema_row_t *row;
    unsigned char *base; /* the struct */
    void *field;
    const rs_node_t *node;
    const char *key;
} job_t;

static void show(const rs_node_t *node, char shown[SHOWN_TEXT]) {
    static const char *const kinds[] = {"nothing", "", "the section", "the list"};
    if (node->kind != RS_NODE_TEXT)
        snprintf(shown, SHOWN_TEXT, "%s", kinds[node->kind]);
    else
        snprintf(shown, SHOWN_TEXT, "`%.*s`", (int)(node->text.len < 40 ? node->text.len : 40), node->text.data);
}

static int wrong(const job_t *job, const rs_node_t *node, const char *what) {
    char allowed[RS_CONFIG_ALLOWED_TEXT], shown[SHOWN_TEXT];
    rs__schema_allowed(job->row, allowed, sizeof(allowed));
    show(node, shown);
    return rs__loader_fail(job->loader, node, job->key, allowed, "%s %s", shown, what);
}

static void store_unsigned(const job_t *job, uint64_t number) {
    const uint8_t narrow = (uint8_t)number;
    const uint32_t middle = (uint32_t)number;
    const void *from = job->row->size == sizeof(narrow)   ? (const void *)&narrow
                       : job->row->size == sizeof(middle) ? (const void *)&middle
                                                          : (const void *)&number;
    memcpy(job->field, from, job->row->size);
}

static int assign_duration(const job_t *job) {
    int64_t us = 0;
    int64_t ignored;
    if (rs_config_parse_duration(job->node->text, &us) != RS_OK) {
        if (rs__parse_integer(job->node->text, &ignored)) return wrong(job, job->node, "has no unit");
        return wrong(job, job->node, "is not a duration");
    }
    if (us < job->row->min || us > job->row->max) return wrong(job, job->node, "is out of range");
    memcpy(job->field, &us, sizeof(us));
    return RS_OK;
}

static int assign_integer(const job_t *job) {
    int64_t number = 0;
    const bool bytes = job->row->type == RS_VALUE_BYTES;
    const bool parsed = bytes ? rs__parse_bytes(job->node->text, &number) : rs__parse_integer(job->node->text, &number);
    if (!parsed) return wrong(job, job->node, bytes ? "is not a size" : "is not a whole number");
    if (number < job->row->min || number > job->row->max) return wrong(job, job->node, "is out of range");
    store_unsigned(job, (uint64_t)number);
    return RS_OK;
}

static int assign_ratio(const job_t *job) {
    double number;
    if (!rs__parse_number(job->node->text, &number)) return wrong(job, job->node, "is not a number");
    if (!(number > 0 && number < 1)) return wrong(job, job->node, "is out of range");
    memcpy(job->field, &number, sizeof(number));
    return RS_OK;
}

static int assign_number(const job_t *job) {
    double number;
    if (!rs__parse_number(job->node->text, &number)) return wrong(job, job->node, "is not a number");
    if (!(number * 1000 >= (double)job->row->min && number * 1000 <= (double)job->row->max))
        return wrong(job, job->node, "is out of range");
    memcpy(job->field, &number, sizeof(number));
    return RS_OK;
}

/* "2/7d": two in seven days. */
static int assign_rate(const job_t *job) {
    const rs_str_t text = job->node->text;
    const char *slash = memchr(text.data, '/', text.len);
    double count;
    int64_t us = 0;
    if (slash == NULL) return wrong(job, job->node, "is not a rate");
    const uint32_t length = (uint32_t)(slash - text.data);
    const rs_str_t number = {.data = text.data, .len = length}, time = {.data = slash + 1, .len = text.len - length - 1};
    if (!rs__parse_number(number, &count) || rs_config_parse_duration(time, &us) != RS_OK || us == 0)
        return wrong(job, job->node, "is not a rate");
    const double per_day = count * (double)RS_US_PER_DAY / (double)us;
    if (!(per_day >= 1e-6 && per_day <= 1e6)) return wrong(job, job->node, "is out of range");
    memcpy(job->field, &per_day, sizeof(per_day));
    return RS_OK;
}

static int assign_boolean(const job_t *job) {
    const bool yes = rs_str_equal(job->node->text, RS_STR("true"));
    if (!yes && !rs_str_equal(job->node->text, RS_STR("false")))
        return wrong(job, job->node, "is neither true nor false");
    memcpy(job->field, &yes, sizeof(yes));
    return RS_OK;
}

/* The number of the choice that `text` names, -1 when it is none of those allowed. */
static int find_choice(const rs_schema_row_t *row, rs_str_t text) {
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (!rs_str_equal(text, rs_str(row->choices[i]))) continue;
        return row->max != 0 && (row->max & (INT64_C(1) << i)) == 0 ? -1 : i;
    }
    return -1;
}

static int assign_choice(const job_t *job) {
    const int choice = find_choice(job->row, job->node->text);
    if (choice < 0) return wrong(job, job->node, "is not one of the values");
    store_unsigned(job, (uint64_t)choice);
    return RS_OK;
}

static bool has_control_character(rs_str_t text) {
    for (uint32_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F) return true;
    return false;
}

/* Values of texts are not shown in messages: a connection string may hold a password. */
static int assign_text(const job_t *job) {
    char allowed[RS_CONFIG_ALLOWED_TEXT];
    const rs_str_t text = job->node->text;
    rs__schema_allowed(job->row, allowed, sizeof(allowed));
    if (has_control_character(text))
        return rs__loader_fail(job->loader, job->node, job->key, allowed, "holds a control character");
    if ((int64_t)text.len < job->row->min)
        return rs__loader_fail(job->loader, job->node, job->key, allowed, "is empty");
    if ((int64_t)text.len > job->row->max)
        return rs__loader_fail(job->loader, job->node, job->key, allowed, "is %u bytes long", text.len);
    return rs__config_arena_copy(job->loader->arena, text, job->field);
}

static int assign_path(const job_t *job) {
    if (job->node->text.len > 0 && job->node->text.data[0] != '/')
        return wrong(job, job->node, "is not an absolute path");
    return assign_text(job);
}

static bool has_prefix(rs_str_t text, const char *prefix) {
    const size_t length = strlen(prefix);
    return text.len >= length && memcmp(text.data, prefix, length) == 0;
}

/* After the last colon: 1 to 65535, or `*` for one that the system chooses. */
static bool has_port(rs_str_t address) {
    uint32_t colon = address.len;
    while (colon > 0 && address.data[colon - 1] != ':') colon--;
    const rs_str_t port = {.data = address.data + colon, .len = address.len - colon};
    int64_t number = 0;
    if (colon < 2) return false; /* no colon, or nothing in front of it */
    if (rs_str_equal(port, RS_STR("*"))) return true;
    return rs__parse_integer(port, &number) && number >= 1 && number <= 65535;
}

static int assign_endpoint(const job_t *job) {
    enum { LONGEST_SOCKET_PATH = 107 };
    const rs_str_t text = job->node->text;
    if (text.len == 0 && job->row->min == 0) return assign_text(job);
    if (has_control_character(text) || memchr(text.data, ' ', text.len) != NULL)
        return wrong(job, job->node, "holds a blank or a control character");
    if (has_prefix(text, "tcp://")) {
        const rs_str_t address = {.data = text.data + 6, .len = text.len - 6};
        if (!has_port(address)) return wrong(job, job->node, "has no address or no port from 1 to 65535");
    } else if (has_prefix(text, "ipc://")) {
        if (text.len == 6) return wrong(job, job->node, "has no path");
        if (text.len - 6 > LONGEST_SOCKET_PATH)
            return wrong(job, job->node, "is longer than a socket's path may be (107 bytes)");
    } else {
        return wrong(job, job->node, "is neither tcp:// nor ipc://");
    }
    return assign_text(job);
}

/* The value is not shown: the path of a webhook's URL may be a secret. */
static int assign_url(const job_t *job) {
    char allowed[RS_CONFIG_ALLOWED_TEXT];
    const char *why = rs_config_url_fault(job->node->text);
    rs__schema_allowed(job->row, allowed, sizeof(allowed));
    if (why != NULL) return rs__loader_fail(job->loader, job->node, job->key, allowed, "%s", why);
    return assign_text(job);
}

static int assign_zone(const job_t *job) {
    char name[RS_MAX_NAME + 1];
    const rs_str_t text = job->node->text;
    if (text.len > RS_MAX_NAME || memchr(text.data, '\0', text.len) != NULL)
        return wrong(job, job->node, "is not a time zone of this system");
    memcpy(name, text.data, text.len);
    name[text.len] = '\0';
    rs_zone_t *zone = NULL;
    const int status = rs_zone_load(name, &zone);
    if (status == RS_ERR_MEMORY) return status;
    if (status == RS_ERR_IO) return wrong(job, job->node, "has a zone file that cannot be read");
    if (status != RS_OK) return wrong(job, job->node, "is not a time zone of this system (package tzdata)");
    rs_zone_destroy(&job->loader->config->zone);
    job->loader->config->zone = zone;
    return RS_OK;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */
static int require_list(const job_t *job) {
    if (job->node->kind != RS_NODE_LIST) return wrong(job, job->node, "is not a list");
    if (job->node->count == 0) return wrong(job, job->node, "is empty");
    for (const rs_node_t *item = job->node->first; item != NULL; item = item->next)
        if (item->kind != RS_NODE_TEXT) return wrong(job, item, "is not a plain value");
    return RS_OK;
}

static int assign_windows(const job_t *job) {
    rs_config_t *config = job->loader->config;
    int status = require_list(job);
    uint32_t count = 0;
    for (const rs_node_t *item = job->node->first; status == RS_OK && item != NULL; item = item->next) {
        int64_t us = 0;
        if (count == RS_MAX_WINDOWS) return wrong(job, item, "is one window too many");
        if (rs_config_parse_duration(item->text, &us) != RS_OK) return wrong(job, item, "is not a duration");
        if (us < job->row->min || us > job->row->max) return wrong(job, item, "is out of range");
        if (us % RS_US_PER_S != 0) return wrong(job, item, "is not a whole number of seconds");
        if (count > 0 && us <= config->windows_us[count - 1])
            return wrong(job, item, "is not longer than the one before");
        config->windows_us[count++] = us;
    }
    config->window_count = count;
    return status;
}

static int assign_attributions(const job_t *job) {
    rs_config_t *config = job->loader->config;
    const int status = require_list(job);
    if (status != RS_OK) return status;
    config->attribution_event = config->attribution_enter = config->attribution_close = false;
    for (const rs_node_t *item = job->node->first; item != NULL; item = item->next) {
        bool *which = NULL;
        if (rs_str_equal(item->text, RS_STR("event"))) which = &config->attribution_event;
        if (rs_str_equal(item->text, RS_STR("enter"))) which = &config->attribution_enter;
        if (rs_str_equal(item->text, RS_STR("close"))) which = &config->attribution_close;
        if (which == NULL) return wrong(job, item, "is not an attribution");
        if (*which) return wrong(job, item, "is named twice");
        *which = true;
    }
    return RS_OK;
}

static int compare_names(const void *left, const void *right) {
    return rs_str_compare(*(const rs_str_t *)left, *(const rs_str_t *)right);
}

/* Empty is a list, too: none of them. */
static int assign_names(const job_t *job) {
    rs__names_t list = {.names = NULL};
    if (job->node->kind != RS_NODE_LIST) return wrong(job, job->node, "is not a list");
    if (job->node->count > RS_MAX_NAMES) return wrong(job, job->node, "has more than 1000 items");
    list.names = rs__config_arena_take(job->loader->arena, (job->node->count + 1) * sizeof(*list.names));
    if (list.names == NULL) return RS_ERR_MEMORY;
    for (const rs_node_t *item = job->node->first; item != NULL; item = item->next) {
        job_t one = *job;
        one.node = item;
        one.field = &list.names[list.count++];
        if (item->kind != RS_NODE_TEXT) return wrong(job, item, "is not a plain value");
        const int status = assign_text(&one);
        if (status != RS_OK) return status;
    }
    qsort(list.names, list.count, sizeof(*list.names), compare_names);
    for (uint32_t i = 1; i < list.count; i++)
        if (rs_str_equal(list.names[i - 1], list.names[i])) return wrong(job, job->node, "names something twice");
    memcpy(job->field, &list.names, sizeof(list.names));
    memcpy((unsigned char *)job->field + sizeof(list.names), &list.count, sizeof(list.count));
    return RS_OK;
}

static int assign_scale(const job_t *job) {
    const rs_str_t text = job->node->text;
    const char *dots = memmem(text.data, text.len, "..", 2);
    int64_t least = 0, most = 0;
    if (dots == NULL) return wrong(job, job->node, "is not a scale");
    const uint32_t length = (uint32_t)(dots - text.data);
    const rs_str_t low = {.data = text.data, .len = length}, high = {.data = dots + 2, .len = text.len - length - 2};
    if (!rs__parse_milli(low, &least) || !rs__parse_milli(high, &most)) return wrong(job, job->node, "is not a scale");
    if (least < job->row->min * 1000 || most > job->row->max * 1000) return wrong(job, job->node, "is out of range");
    if (least >= most) return wrong(job, job->node, "does not rise: the least score comes first");
    const rs_scale_config_t scale = {.min_milli = (int32_t)least, .max_milli = (int32_t)most};
    memcpy(job->field, &scale, sizeof(scale));
    return RS_OK;
}

/* --- policies ----------------------------------------------------------------------------------------------------- */
static int assign_base(const job_t *job) {
    rs_policy_t *policy = (rs_policy_t *)job->base;
    char name[sizeof(policy->name)];
    memcpy(name, policy->name, sizeof(name));
    if (rs_policy_preset(job->node->text, policy) != RS_OK) return wrong(job, job->node, "is not a preset");
    memcpy(policy->name, name, sizeof(name));
    return RS_OK;
}

static int assign_short_rule(const job_t *job) {
    rs_policy_t *policy = (rs_policy_t *)job->base;
    policy->short_on = !rs_str_equal(job->node->text, RS_STR("off"));
    policy->short_rule = RS_RULE_EXCLUDE;
    if (!policy->short_on) return RS_OK;
    for (uint8_t rule = RS_RULE_EXCLUDE; rule <= RS_RULE_HIT; rule++) {
        policy->short_rule = rule;
        if (rs_str_equal(job->node->text, rs_str(rs__verdict_names[rule]))) return RS_OK;
    }
    return wrong(job, job->node, "is not one of the values");
}

/* The reason that a key names; 0 for an unknown one and for those that are not the policy's to judge. */
static unsigned find_reason(rs_str_t name) {
    for (unsigned reason = 1; reason < RS_FLOW_COUNT; reason++)
        if (rs_str_equal(name, rs_str(rs__flow_reason_names[reason]))) return reason;
    return 0;
}

static int assign_flow_reason(const job_t *job, const rs_node_t *child, uint8_t rules[]) {
    char key[RS_KEY_TEXT], allowed[RS_CONFIG_ALLOWED_TEXT];
    rs_node_t at_key = *child;
    if (child->mark.line != 0) at_key.mark = child->key_mark;
    const unsigned reason = find_reason(child->key);
    rs__path_join(job->key, child->key, key, sizeof(key));
    rs__schema_allowed(job->row, allowed, sizeof(allowed));
    if (reason == 0) return rs__loader_fail(job->loader, &at_key, key, allowed, "no such reason");
    if (reason == RS_FLOW_LOST)
        return rs__loader_fail(job->loader, &at_key, key, allowed, "a lost contact is excluded by every policy");
    if (reason == RS_FLOW_CALLBACK)
        return rs__loader_fail(job->loader, &at_key, key, "the key `callbacks` of the policy",
                               "call-backs are not among the flowed out");
    const int rule = child->kind == RS_NODE_TEXT ? find_choice(job->row, child->text) : -1;
    if (rule < 0) {
        job_t inner = *job;
        inner.key = key;
        return wrong(&inner, child, "is not one of the values");
    }
    rules[reason] = (uint8_t)rule;
    return RS_OK;
}

static int assign_flow_rules(const job_t *job) {
    uint8_t *rules = job->field;
    if (job->node->kind == RS_NODE_MAP) {
        int status = RS_OK;
        for (const rs_node_t *child = job->node->first; status == RS_OK && child != NULL; child = child->next)
            status = assign_flow_reason(job, child, rules);
        return status;
    }
    const int rule = job->node->kind == RS_NODE_TEXT ? find_choice(job->row, job->node->text) : -1;
    if (rule < 0) return wrong(job, job->node, "is not one of the values");
    for (unsigned reason = 1; reason < RS_FLOW_COUNT; reason++)
        if (reason != RS_FLOW_LOST && reason != RS_FLOW_CALLBACK) rules[reason] = (uint8_t)rule;
    return RS_OK;
}

/* One verdict, or in the shape of flowed_out: {callback: verdict}. */
static int assign_callbacks(const job_t *job) {
    const rs_node_t *node = job->node;
    if (node->kind == RS_NODE_MAP && node->count == 1 && rs_str_equal(node->first->key, RS_STR("callback")))
        node = node->first;
    const int rule = node->kind == RS_NODE_TEXT ? find_choice(job->row, node->text) : -1;
    if (rule < 0) return wrong(job, node, "is not one of the values");
    store_unsigned(job, (uint64_t)rule);
    return RS_OK;
}

/* --- alert rules -------------------------------------------------------------------------------------------------- */
static int assign_metric(const job_t *job) {
    if (!rs_config_metric_known(job->node->text, NULL)) return wrong(job, job->node, "is not a metric");
    return rs__config_arena_copy(job->loader->arena, job->node->text, job->field);
}

/* Kept in one spelling, so that windows can be compared as texts. */
static int assign_window(const job_t *job) {
    const rs_config_t *config = job->loader->config;
    int64_t us = 0;
    char text[RS_DURATION_TEXT];
    if (rs_str_equal(job->node->text, RS_STR("today")))
        return rs__config_arena_copy(job->loader->arena, job->node->text, job->field);
    if (rs_config_parse_duration(job->node->text, &us) != RS_OK) return wrong(job, job->node, "is not a window");
    for (uint32_t i = 0; i < config->window_count; i++) {
        if (config->windows_us[i] != us) continue;
        rs_config_format_duration(us, text);
        return rs__config_arena_copy(job->loader->arena, rs_str(text), job->field);
    }
    return wrong(job, job->node, "is not among `windows`");
}

static int figure_is(const job_t *job, const char *allowed, const char *what) {
    char shown[SHOWN_TEXT];
    show(job->node, shown);
    return rs__loader_fail(job->loader, job->node, job->key, allowed, "%s is not %s", shown, what);
}

/* Only scores may be negative. */
static bool parse_figure(rs_str_t text, rs_metric_unit_t unit, double *figure) {
    const bool negative = unit == RS_UNIT_SCORE && text.len > 1 && text.data[0] == '-';
    if (negative) text = (rs_str_t){.data = text.data + 1, .len = text.len - 1};
    if (!rs__parse_number(text, figure)) return false;
    if (negative) *figure = -*figure;
    return true;
}

/* The change of a figure is relative; the silence of a source is a time, its gaps are numbers. */
static rs_metric_unit_t unit_of(const rs_rule_config_t *rule) {
    rs_metric_unit_t unit = RS_UNIT_COUNT;
    if (rule->detector == RS_DETECTOR_SOURCE_SILENCE) return RS_UNIT_TIME;
    if (rule->detector == RS_DETECTOR_SOURCE_GAP || rule->detector == RS_DETECTOR_RATE_OF_CHANGE) return RS_UNIT_COUNT;
    (void)rs_config_metric_known(rule->metric, &unit);
    return unit;
}
/* In the unit of the metric, which the table has put in front of the limits. */
static int assign_figure(const job_t *job) {
    const rs_rule_config_t *rule = (const rs_rule_config_t *)job->base;
    const rs_metric_unit_t unit = unit_of(rule);
    double figure = 0;
    int64_t us = 0;
    if (unit == RS_UNIT_TIME || unit == RS_UNIT_GAUGE_TIME) {
        if (rs_config_parse_duration(job->node->text, &us) != RS_OK)
            return figure_is(job, "a duration, such as 60s", "a duration, as this metric is");
        figure = (double)us / (double)RS_US_PER_MS;
    } else if (!parse_figure(job->node->text, unit, &figure)) {
        return figure_is(job, "a number, such as 0.8 for a ratio, 12 for a count", "a number");
    } else if ((unit == RS_UNIT_RATIO || unit == RS_UNIT_GAUGE_RATIO) && figure > 1) {
        return figure_is(job, "a number from 0 to 1, such as 0.8", "a ratio, as this metric is");
    }
    memcpy(job->field, &figure, sizeof(figure));
    return RS_OK;
}

/* --- by type ------------------------------------------------------------------------------------------------------ */
static bool takes_list(const rs_schema_row_t *row) {
    return row->type == RS_VALUE_WINDOWS || row->type == RS_VALUE_ATTRIBUTIONS || row->type == RS_VALUE_POLICIES ||
           row->type == RS_VALUE_NAMES || row->type == RS_VALUE_HOLIDAYS;
}

static bool takes_structure(const rs_schema_row_t *row) {
    return takes_list(row) || row->type == RS_VALUE_FLOW_RULES || row->type == RS_VALUE_CALLBACKS || row->type == RS_VALUE_WEEK ||
           row->type == RS_VALUE_DAYS;
}

static int refuse_shape(const job_t *job) {
    char allowed[RS_CONFIG_ALLOWED_TEXT];
    rs__schema_allowed(job->row, allowed, sizeof(allowed));
    if (job->node->kind == RS_NODE_EMPTY)
        return rs__loader_fail(job->loader, job->node, job->key, allowed, "has no value");
    return rs__loader_fail(job->loader, job->node, job->key, allowed, "is a %s where one value belongs",
                           job->node->kind == RS_NODE_MAP ? "section" : "list");
}

/* One value where a list belongs is a list of one. */
static int list_of_one(rs__config_arena_t *arena, const rs_node_t **node) {
    rs_node_t *list = rs__config_arena_take(arena, sizeof(*list));
    rs_node_t *item = rs__config_arena_take(arena, sizeof(*item));
    if (list == NULL || item == NULL) return RS_ERR_MEMORY;
    *item = **node;
    item->next = NULL;
    *list = (rs_node_t){.kind = RS_NODE_LIST, .mark = item->mark, .first = item, .last = item, .count = 1};
    *node = list;
    return RS_OK;
}

static int assign(const job_t *job) {
    switch ((rs_value_type_t)job->row->type) {
        case RS_VALUE_DURATION: return assign_duration(job);
        case RS_VALUE_BYTES:
        case RS_VALUE_INTEGER: return assign_integer(job);
        case RS_VALUE_RATIO: return assign_ratio(job);
        case RS_VALUE_BOOLEAN: return assign_boolean(job);
        case RS_VALUE_CHOICE: return assign_choice(job);
        case RS_VALUE_TEXT: return assign_text(job);
        case RS_VALUE_ENDPOINT: return assign_endpoint(job);
        case RS_VALUE_PATH: return assign_path(job);
        case RS_VALUE_ZONE: return assign_zone(job);
        case RS_VALUE_WINDOWS: return assign_windows(job);
        case RS_VALUE_ATTRIBUTIONS: return assign_attributions(job);
        case RS_VALUE_NAMES: return assign_names(job);
        case RS_VALUE_SCALE: return assign_scale(job);
        case RS_VALUE_WEEK:
        case RS_VALUE_HOLIDAYS:
        case RS_VALUE_DAYS:
            return rs__hours_assign(job->loader, job->row, (rs_hours_config_t *)(void *)job->base, job->node, job->key);
        case RS_VALUE_POLICIES: /* judged when the policies of the file are known */
            job->loader->policy_list = job->node;
            return require_list(job);
        case RS_VALUE_BASE: return assign_base(job);
        case RS_VALUE_SHORT_RULE: return assign_short_rule(job);
        case RS_VALUE_FLOW_RULES: return assign_flow_rules(job);
        case RS_VALUE_CALLBACKS: return assign_callbacks(job);
        case RS_VALUE_METRIC: return assign_metric(job);
        case RS_VALUE_WINDOW: return assign_window(job);
        case RS_VALUE_URL: return assign_url(job);
        case RS_VALUE_NUMBER: return assign_number(job);
        case RS_VALUE_RATE: return assign_rate(job);
        case RS_VALUE_FIGURE: return assign_figure(job);
    }
    return RS_ERR_STATE;
}

int rs__value_assign(rs__loader_t *loader, const rs_schema_row_t *row, void *target, const rs_node_t *node,
                     const char *key) {
    job_t job = {.loader = loader,
                 .row = row,
                 .base = target,
                 .field = (unsigned char *)target + row->offset,
                 .node = node,
                 .key = key};
    if (node->kind == RS_NODE_EMPTY) return refuse_shape(&job);
    if (node->kind != RS_NODE_TEXT && !takes_structure(row)) return refuse_shape(&job);
    if (node->kind == RS_NODE_TEXT && takes_list(row)) {
        const int status = list_of_one(loader->scratch, &job.node);
        if (status != RS_OK) return status;
    }
    return assign(&job);
}

static rs_str_t next_word(rs_str_t *rest) {
    uint32_t length = 0;
    while (length < rest->len && rest->data[length] != ',') length++;
    const rs_str_t word = {.data = rest->data, .len = length};
    while (length < rest->len && (rest->data[length] == ',' || rest->data[length] == ' ')) length++;
    *rest = (rs_str_t){.data = rest->data + length, .len = rest->len - length};
    return word;
}

int rs__value_assign_initial(rs__loader_t *loader, const rs_schema_row_t *row, void *target) {
    rs_node_t *node = rs__config_arena_take(loader->scratch, sizeof(*node));
    if (node == NULL) return RS_ERR_MEMORY;
    *node = (rs_node_t){.kind = RS_NODE_TEXT, .text = rs_str(row->initial)};
    if (!takes_list(row)) return rs__value_assign(loader, row, target, node, row->path);
    node->kind = RS_NODE_LIST;
    for (rs_str_t rest = rs_str(row->initial); rest.len > 0;) {
        rs_node_t *item = rs__config_arena_take(loader->scratch, sizeof(*item));
        if (item == NULL) return RS_ERR_MEMORY;
        *item = (rs_node_t){.kind = RS_NODE_TEXT, .text = next_word(&rest)};
        if (node->last == NULL)
            node->first = item;
        else
            node->last->next = item;
        node->last = item;
        node->count++;
    }
    return rs__value_assign(loader, row, target, node, row->path);
}
