/* Every effective setting as text: for `--check`, and for the comparison of two configurations. */
#include "config/bounds.h"
#include "config/flatten.h"

#include <math.h>
#include <stdio.h>

/* --- passwords ---------------------------------------------------------------------------------------------------- */
static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* The end of the value that begins at `i`: quoted with backslashes, or up to a blank; `&` ends one in a URI's query. */
static uint32_t end_of_value(rs_str_t text, uint32_t i, bool uri) {
    const bool quoted = i < text.len && text.data[i] == '\'';
    for (i += quoted; i < text.len; i++) {
        const char c = text.data[i];
        if (c == '\\' && i + 1 < text.len)
            i++;
        else if (quoted && c == '\'')
            return i + 1;
        else if (!quoted && (uri ? c == '&' : is_blank(c)))
            return i;
    }
    return text.len;
}

/* Where the password of postgresql://user:password@host begins and ends; false when there is none. */
static bool uri_password(rs_str_t text, uint32_t *begin, uint32_t *end) {
    const char *scheme = memmem(text.data, text.len, "://", 3);
    if (scheme == NULL) return false;
    const uint32_t first = (uint32_t)(scheme - text.data) + 3;
    uint32_t stop = first, at = 0, colon = 0;
    while (stop < text.len && text.data[stop] != '/' && text.data[stop] != '?') stop++;
    for (uint32_t i = first; i < stop; i++) {
        if (text.data[i] == '@') at = i;
        if (text.data[i] == ':' && colon == 0) colon = i;
    }
    *begin = colon + 1;
    *end = at;
    return colon != 0 && at > colon;
}

/* Writes the connection string with *** for passwords. */
static void hide_passwords(rs_str_t text, char *shown, size_t size) {
    uint32_t begin = 0, end = 0;
    size_t used = 0;
    const bool uri = memmem(text.data, text.len, "://", 3) != NULL;
    const bool in_uri = uri && uri_password(text, &begin, &end);
    for (uint32_t i = 0; i < text.len && used + 4 < size;) {
        static const char word[] = "password";
        const size_t length = sizeof(word) - 1;
        uint32_t after = i + (uint32_t)length;
        if (in_uri && i == begin) {
            used += (size_t)snprintf(shown + used, size - used, "***");
            i = end;
            continue;
        }
        const bool named = text.len - i > length && strncasecmp(text.data + i, word, length) == 0;
        while (named && after < text.len && is_blank(text.data[after])) after++;
        if (!named || after >= text.len || text.data[after] != '=') {
            shown[used++] = text.data[i++];
            continue;
        }
        for (after++; after < text.len && is_blank(text.data[after]);) after++;
        used += (size_t)snprintf(shown + used, size - used, "password=***");
        i = end_of_value(text, after, uri);
        if (used > size - 1) used = size - 1;
    }
    shown[used] = '\0';
}

/* --- one value ---------------------------------------------------------------------------------------------------- */
static uint64_t load_unsigned(const void *field, size_t size) {
    uint8_t narrow;
    uint32_t middle;
    uint64_t wide;
    if (size == sizeof(narrow)) return memcpy(&narrow, field, size), narrow;
    if (size == sizeof(middle)) return memcpy(&middle, field, size), middle;
    memcpy(&wide, field, sizeof(wide));
    return wide;
}

static void append(char *text, size_t size, const char *more) {
    const size_t used = strlen(text);
    if (used + 1 < size) snprintf(text + used, size - used, "%s", more);
}

void rs__list_text_begin(rs__list_text_t *list, char *text, size_t size, char opening, char closing) {
    *list = (rs__list_text_t){.text = text, .size = size, .used = 1, .checksum = UINT64_C(14695981039346656037), .closing = closing};
    snprintf(text, size, "%c", opening);
}

void rs__list_text_add(rs__list_text_t *list, const char *item) {
    enum { END_TEXT = 64 }; /* room for what ends a list that is cut */
    const size_t length = strlen(item);
    for (size_t i = 0; i <= length; i++) /* FNV-1a, its NUL too */
        list->checksum = (list->checksum ^ (unsigned char)item[i]) * UINT64_C(1099511628211);
    if (!list->cut && list->used + length + 2 + END_TEXT < list->size)
        list->used += (size_t)snprintf(list->text + list->used, list->size - list->used, "%s%s", list->count == 0 ? "" : ", ", item);
    else
        list->cut = true;
    list->count++;
}

void rs__list_text_end(rs__list_text_t *list) {
    char *end = list->text + list->used;
    const size_t room = list->size - list->used;
    if (list->cut)
        snprintf(end, room, ", ... %u in all, checksum %016llx%c", list->count, (unsigned long long)list->checksum, list->closing);
    else
        snprintf(end, room, "%c", list->closing);
}

/* Quoted where the text could be read as something else. */
static void format_names(const void *field, char *text, size_t size) {
    rs__names_t all;
    rs__list_text_t list;
    memcpy(&all.names, field, sizeof(all.names));
    memcpy(&all.count, (const unsigned char *)field + sizeof(all.names), sizeof(all.count));
    rs__list_text_begin(&list, text, size, '[', ']');
    for (uint32_t i = 0; i < all.count; i++) {
        char item[2 * RS_MAX_NAME + 4];
        const rs_str_t name = all.names[i];
        const bool plain = strcspn(name.data, ",[]{}\"'\\#:&*!|>%@`") == name.len;
        if (plain)
            snprintf(item, sizeof(item), "%s", name.data);
        else
            rs__path_join("", name, item, sizeof(item));
        rs__list_text_add(&list, item);
    }
    rs__list_text_end(&list);
}

static void format_scale(const void *field, char *text, size_t size) {
    rs_scale_config_t scale;
    char least[32], most[32];
    memcpy(&scale, field, sizeof(scale));
    rs__format_number(scale.min_milli / 1000.0, least, sizeof(least));
    rs__format_number(scale.max_milli / 1000.0, most, sizeof(most));
    snprintf(text, size, "%s..%s", least, most);
}

static void format_attributions(const rs_config_t *config, char *text, size_t size) {
    rs__list_text_t list;
    rs__list_text_begin(&list, text, size, '[', ']');
    if (config->attribution_event) rs__list_text_add(&list, "event");
    if (config->attribution_enter) rs__list_text_add(&list, "enter");
    if (config->attribution_close) rs__list_text_add(&list, "close");
    rs__list_text_end(&list);
}

static void format_windows(const rs_config_t *config, char *text, size_t size) {
    snprintf(text, size, "[");
    for (uint32_t i = 0; i < config->window_count; i++) {
        char window[RS_DURATION_TEXT];
        rs_config_format_duration(config->windows_us[i], window);
        if (i > 0) append(text, size, ", ");
        append(text, size, window);
    }
    append(text, size, "]");
}

static void format_policies(const rs_config_t *config, char *text, size_t size) {
    snprintf(text, size, "[");
    for (uint32_t i = 0; i < config->policy_count; i++) {
        if (i > 0) append(text, size, ", ");
        append(text, size, config->policies[i].name);
    }
    append(text, size, "]");
}

/* One word when every reason has the same verdict. */
static void format_flow_rules(const uint8_t *rules, char *text, size_t size) {
    bool same = true;
    for (unsigned i = RS_FLOW_OTHER; i < RS_FLOW_COUNT; i++)
        if (i != RS_FLOW_LOST && i != RS_FLOW_CALLBACK) same = same && rules[i] == rules[RS_FLOW_OTHER];
    if (same) {
        snprintf(text, size, "%s", rs__verdict_names[rules[RS_FLOW_OTHER]]);
        return;
    }
    snprintf(text, size, "{");
    for (unsigned i = RS_FLOW_OTHER; i < RS_FLOW_COUNT; i++) {
        if (i == RS_FLOW_LOST || i == RS_FLOW_CALLBACK) continue;
        if (i != RS_FLOW_OTHER) append(text, size, ", ");
        append(text, size, rs__flow_reason_names[i]);
        append(text, size, ": ");
        append(text, size, rs__verdict_names[rules[i]]);
    }
    append(text, size, "}");
}

static void format_figure(const rs_rule_config_t *rule, double figure, char *text, size_t size) {
    rs_metric_unit_t unit = RS_UNIT_COUNT;
    char duration[RS_DURATION_TEXT];
    (void)rs_config_metric_known(rule->metric, &unit);
    if (rule->detector == RS_DETECTOR_SOURCE_SILENCE) unit = RS_UNIT_GAUGE_TIME;
    if (unit != RS_UNIT_TIME && unit != RS_UNIT_GAUGE_TIME) {
        rs__format_number(figure, text, size);
        return;
    }
    rs_config_format_duration((int64_t)(figure * (double)RS_US_PER_MS + 0.5), duration);
    snprintf(text, size, "%s", duration);
}

/* Per day, as "2/1d", or "1/84h" where it is less than one. */
static void format_rate(double per_day, char *text, size_t size) {
    char number[32];
    if (per_day >= 1) {
        rs__format_number(per_day, number, sizeof(number));
        snprintf(text, size, "%s/1d", number);
        return;
    }
    char duration[RS_DURATION_TEXT];
    rs_config_format_duration((int64_t)((double)RS_US_PER_DAY / per_day + 0.5), duration);
    snprintf(text, size, "1/%s", duration);
}

static bool format_text(const rs_schema_row_t *row, rs_str_t value, char *text, size_t size) {
    if ((row->flags & RS_ROW_SECRET) != 0)
        hide_passwords(value, text, size);
    else
        snprintf(text, size, "%.*s", (int)value.len, value.data);
    return row->scope == RS_SCOPE_ROOT || value.len > 0;
}

/* A rule's key that its detector does not take, or that follows from others. */
static bool says_something(const rs_schema_row_t *row, const rs_rule_config_t *rule) {
    const rs_str_t key = rs_str(strrchr(row->path, '.') + 1);
    if (!rs__rule_takes(rule->detector, key)) return false;
    if (rs_str_equal(key, RS_STR("every"))) return rule->every_us > 0;
    if (rs_str_equal(key, RS_STR("centre"))) return rule->baseline == RS_BASELINE_FIXED;
    if (rs_str_equal(key, RS_STR("confidence"))) return rule->confidence > 0;
    return true;
}

bool rs__value_format(const rs_schema_row_t *row, const void *source, char *text, size_t size) {
    const void *field = (const unsigned char *)source + row->offset;
    const rs_config_t *config = source;
    char duration[RS_DURATION_TEXT];
    int64_t us;
    double number;
    bool yes;
    rs_str_t value;
    text[0] = '\0';
    if (row->scope == RS_SCOPE_RULE && !says_something(row, source)) return false;
    switch ((rs_value_type_t)row->type) {
        case RS_VALUE_DURATION:
            memcpy(&us, field, sizeof(us));
            rs_config_format_duration(us, duration);
            snprintf(text, size, "%s", duration);
            return us >= 0;
        case RS_VALUE_BYTES: rs__format_bytes((int64_t)load_unsigned(field, row->size), text, size); return true;
        case RS_VALUE_INTEGER:
            snprintf(text, size, "%llu", (unsigned long long)load_unsigned(field, row->size));
            return true;
        case RS_VALUE_RATIO:
            memcpy(&number, field, sizeof(number));
            rs__format_number(number, text, size);
            return number >= 0;
        case RS_VALUE_BOOLEAN:
            memcpy(&yes, field, sizeof(yes));
            snprintf(text, size, "%s", yes ? "true" : "false");
            return true;
        case RS_VALUE_CHOICE:
        case RS_VALUE_CALLBACKS:
            snprintf(text, size, "%s", row->choices[load_unsigned(field, row->size)]);
            return strcmp(text, "default") != 0; /* says nothing of its own */
        case RS_VALUE_TEXT:
        case RS_VALUE_ENDPOINT:
        case RS_VALUE_PATH:
        case RS_VALUE_METRIC:
        case RS_VALUE_URL:
        case RS_VALUE_WINDOW: memcpy(&value, field, sizeof(value)); return format_text(row, value, text, size);
        case RS_VALUE_ZONE: snprintf(text, size, "%s", config->zone->name); return true;
        case RS_VALUE_WINDOWS: format_windows(config, text, size); return true;
        case RS_VALUE_ATTRIBUTIONS: format_attributions(config, text, size); return true;
        case RS_VALUE_NAMES: format_names(field, text, size); return true;
        case RS_VALUE_SCALE: format_scale(field, text, size); return true;
        case RS_VALUE_WEEK:
        case RS_VALUE_HOLIDAYS:
        case RS_VALUE_DAYS: rs__hours_format(row, source, text, size); return true;
        case RS_VALUE_POLICIES: format_policies(config, text, size); return true;
        case RS_VALUE_BASE: return false; /* spent when the policy was made */
        case RS_VALUE_SHORT_RULE: {
            const rs_policy_t *policy = source;
            snprintf(text, size, "%s", policy->short_on ? rs__verdict_names[policy->short_rule] : "off");
            return true;
        }
        case RS_VALUE_FLOW_RULES: format_flow_rules(field, text, size); return true;
        case RS_VALUE_FIGURE:
            memcpy(&number, field, sizeof(number));
            format_figure(source, number, text, size);
            return isfinite(number);
        case RS_VALUE_NUMBER:
            memcpy(&number, field, sizeof(number));
            rs__format_number(number, text, size);
            return number > 0;
        case RS_VALUE_RATE:
            memcpy(&number, field, sizeof(number));
            if (number > 0) format_rate(number, text, size);
            return number > 0;
    }
    return false;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */
static int each_item(const rs_config_t *config, rs_schema_scope_t scope, rs__setting_fn on_setting, void *context) {
    uint32_t count, row_count;
    const rs_schema_row_t *rows = rs__schema_rows(&row_count);
    const unsigned char *items = rs__config_items(config, scope, &count);
    const char *path = rs__scope_path(scope);
    char prefix[RS_KEY_TEXT], item_key[RS_FLAT_KEY], key[RS_FLAT_KEY], value[RS_FLAT_VALUE];
    snprintf(prefix, sizeof(prefix), "%.*s", (int)(strchr(path, '<') - path - 1), path);
    for (uint32_t i = 0; i < count; i++) {
        const void *item = items + i * rs__scope_item_size(scope);
        rs__path_join(prefix, rs__item_name(scope, item), item_key, sizeof(item_key));
        for (uint32_t k = 0; k < row_count; k++) {
            if (rows[k].scope != scope || !rs__value_format(&rows[k], item, value, sizeof(value))) continue;
            const bool scalar = strcmp(rows[k].path, path) == 0;
            if (scalar)
                snprintf(key, sizeof(key), "%s", item_key);
            else
                rs__path_join(item_key, rs_str(strrchr(rows[k].path, '.') + 1), key, sizeof(key));
            const int status = on_setting(context, &rows[k], i, key, value);
            if (status != RS_OK) return status;
        }
    }
    return RS_OK;
}

int rs__config_each(const rs_config_t *config, rs__setting_fn on_setting, void *context) {
    uint32_t count;
    const rs_schema_row_t *rows = rs__schema_rows(&count);
    char value[RS_FLAT_VALUE];
    int status = RS_OK;
    for (uint32_t i = 0; status == RS_OK && i < count; i++) {
        if (rows[i].scope != RS_SCOPE_ROOT) {
            const bool first = i == 0 || rows[i - 1].scope != rows[i].scope;
            if (first) status = each_item(config, (rs_schema_scope_t)rows[i].scope, on_setting, context);
        } else if (rs__value_format(&rows[i], config, value, sizeof(value))) {
            status = on_setting(context, &rows[i], 0, rows[i].path, value);
        }
    }
    return status;
}

/* --- on paper ----------------------------------------------------------------------------------------------------- */
static uint64_t remembered_for_receivers(const rs_config_t *config) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < config->receiver_count; i++) sum += config->receivers[i].queue;
    return sum;
}

uint64_t rs_config_bounds(const rs_config_t *config, rs_config_bound_t bounds[RS_CONFIG_BOUNDS]) {
    const rs_limits_t *limits = &config->limits;
    const rs_config_bound_t lines[RS_CONFIG_BOUNDS] = {
        {"tenants", limits->tenants, RS_BYTES_TENANT, 0},
        {"queue_keys", limits->queue_keys, RS_BYTES_QUEUE_KEY, 0},
        {"windows", 1, RS_BYTES_WINDOWS, 0},
        {"agent_keys", limits->agent_keys, RS_BYTES_AGENT_KEY, 0},
        {"team_keys", limits->team_keys, RS_BYTES_TEAM_KEY, 0},
        {"sources", limits->sources, RS_BYTES_SOURCE, 0},
        {"contacts", limits->contacts, RS_BYTES_CONTACT, 0},
        {"contact_events", (uint64_t)limits->contacts * RS_EVENTS_PER_CONTACT, RS_BYTES_EVENT, 0},
        {"remembered_ids", limits->remembered_ids, RS_BYTES_REMEMBERED_ID, 0},
        {"rows", limits->rows, RS_BYTES_ROW, 0},
        {"customers", limits->customers, RS_BYTES_CUSTOMER, 0},
        {"cases", limits->cases, RS_BYTES_CASE, 0},
        {"edges", limits->edges, RS_BYTES_EDGE, 0},
        {"facts", limits->facts, RS_BYTES_FACTS, 0},
        {"ways", limits->edges == 0 ? 0 : limits->contacts, RS_BYTES_WAY, 0},
        {"variants", limits->variants, RS_BYTES_VARIANT, 0},
        {"alerts", limits->alerts, RS_BYTES_ALERT, 0},
        {"receivers", remembered_for_receivers(config), RS_BYTES_NOTICE, 0},
        {"peers", limits->peers, RS_BYTES_PEER, 0},
        {"peer_bytes", limits->peers, limits->peer_bytes, 0},
        {"inlet_bytes", 1, limits->inlet_bytes, 0},
        {"outlet_bytes", 1, limits->outlet_bytes, 0},
        {"journal", 1, (uint64_t)RS_BYTES_JOURNAL + config->journal.segment_bytes, 0},
    };
    uint64_t sum = 0;
    for (size_t i = 0; i < RS_CONFIG_BOUNDS; i++) {
        bounds[i] = lines[i];
        bounds[i].bytes = lines[i].count * lines[i].bytes_each;
        sum += bounds[i].bytes;
    }
    return sum;
}

static int print_setting(void *context, const rs_schema_row_t *row, uint32_t item, const char *key, const char *value) {
    (void)row;
    (void)item;
    fprintf(context, "%s = %s\n", key, value[0] == '\0' ? "(none)" : value);
    return RS_OK;
}

void rs_config_print(const rs_config_t *config, FILE *out) {
    rs_config_bound_t bounds[RS_CONFIG_BOUNDS];
    const uint64_t sum = rs_config_bounds(config, bounds);
    (void)!rs__config_each(config, print_setting, out);
    fprintf(out, "disk.journal = %.1f MiB at most, %u files made ahead included; six snapshots beside it\n",
            (double)(config->journal.max_bytes + RS_CONFIG_JOURNAL_SPARES * (uint64_t)config->journal.segment_bytes) / 1048576.0,
            RS_CONFIG_JOURNAL_SPARES);
    fprintf(out, "memory.snapshot = once more what is in use, in a process of its own, while a snapshot is written\n");
    for (size_t i = 0; i < RS_CONFIG_BOUNDS; i++)
        fprintf(out, "memory.%s = %.1f MiB (%llu of %llu bytes)\n", bounds[i].name, (double)bounds[i].bytes / 1048576.0,
                (unsigned long long)bounds[i].count, (unsigned long long)bounds[i].bytes_each);
    fprintf(out, "memory.at_most = %.1f MiB\n", (double)sum / 1048576.0);
}
