/* config/schema.h — the one table of everything that can be configured: a row per key. Room-private.
 *
 * The table gives loading its types, ranges and defaults, every error its "allowed", `--check` its lines, reload its
 * answer to "can this change while running", and a test compares it with the commented sample.
 * Paths:   "time.lateness"; where users choose names, `<…>` stands for one: "queues.<name>.threshold". */
#ifndef RS_CONFIG_SCHEMA_H
#define RS_CONFIG_SCHEMA_H

#include "config/config.h"

typedef enum rs_value_type {
    RS_VALUE_DURATION = 0, /* int64_t, microseconds; min..max */
    RS_VALUE_BYTES,        /* uint32_t; min..max */
    RS_VALUE_INTEGER,      /* uint32_t or int64_t, by `size`; min..max */
    RS_VALUE_RATIO,        /* double, 0 < x < 1 */
    RS_VALUE_BOOLEAN,
    RS_VALUE_CHOICE,       /* an index into `choices`, in `size` bytes; `max`: bit set of those allowed, 0 = all */
    RS_VALUE_TEXT,         /* rs_str_t, min..max bytes, no control characters */
    RS_VALUE_ENDPOINT,     /* rs_str_t, tcp:// or ipc:// */
    RS_VALUE_PATH,         /* rs_str_t, absolute */
    RS_VALUE_ZONE,         /* rs_zone_t * */
    RS_VALUE_WINDOWS,      /* windows_us and window_count */
    RS_VALUE_ATTRIBUTIONS, /* attribution_event, attribution_enter, attribution_close */
    RS_VALUE_NAMES,        /* rs_str_t * and the uint32_t count behind it: sorted texts of min..max bytes, none twice */
    RS_VALUE_SCALE,        /* rs_scale_config_t: "1..5"; min..max */
    RS_VALUE_WEEK,         /* the week of working hours: {mon-fri: "09:00-17:30"} */
    RS_VALUE_HOLIDAYS,     /* dates on which they are closed */
    RS_VALUE_DAYS,         /* dates with times of their own: {2026-12-24: "09:00-12:00"} */
    RS_VALUE_POLICIES,     /* policies and policy_count */
    RS_VALUE_BASE,         /* a preset, copied over the policy that is being made */
    RS_VALUE_SHORT_RULE,   /* short_rule and short_on */
    RS_VALUE_FLOW_RULES,   /* flowed_out: one verdict, or one per reason */
    RS_VALUE_CALLBACKS,    /* one verdict, or {callback: verdict} */
    RS_VALUE_METRIC,       /* rs_str_t */
    RS_VALUE_WINDOW,       /* rs_str_t: one of `windows`, or today */
    RS_VALUE_URL,          /* rs_str_t: http:// https:// smtp:// smtps:// */
    RS_VALUE_NUMBER,       /* double; min..max thousandths */
    RS_VALUE_RATE,         /* double, per day: "1/7d" */
    RS_VALUE_FIGURE        /* double, in the unit of the rule's metric */
} rs_value_type_t;

typedef enum rs_schema_scope { /* which struct `offset` counts in */
    RS_SCOPE_ROOT = 0,         /* rs_config_t */
    RS_SCOPE_POLICY,           /* rs_policy_t */
    RS_SCOPE_QUEUE,            /* rs_queue_config_t */
    RS_SCOPE_HOURS,            /* rs_hours_config_t */
    RS_SCOPE_AGENT,            /* rs_agent_config_t */
    RS_SCOPE_RULE,             /* rs_rule_config_t */
    RS_SCOPE_RECEIVER,         /* rs_receiver_config_t */
    RS_SCOPE_MEMBER_DELAY,     /* rs_asterisk_queue_t */
    RS_SCOPE_MEMBER,           /* rs_asterisk_member_t */
    RS_SCOPE_COUNT
} rs_schema_scope_t;

enum {
    RS_ROW_LIVE = 1u << 0,     /* can change while the service runs */
    RS_ROW_REQUIRED = 1u << 1, /* an entry without it is refused */
    RS_ROW_SECRET = 1u << 2    /* a connection string: its password is never printed */
};

typedef struct rs_schema_row {
    const char *path;
    uint8_t scope, type, flags;
    uint16_t offset, size;
    int64_t min, max;
    const char *initial;       /* parsed when the file does not name the key; NULL: the entry's own beginning stands */
    const char *const *choices; /* NULL-terminated */
    const char *help;          /* one line */
} rs_schema_row_t;

/* The table, in the order of the commented sample. */
const rs_schema_row_t *rs__schema_rows(uint32_t *count);
/* The row of that pattern path, NULL when there is none. */
const rs_schema_row_t *rs__schema_find(const char *path);
/* Whether some row lies below `prefix` ("time", "queues.<name>"; "" is the root). */
bool rs__schema_is_section(const char *prefix);
/* Writes into `path` the pattern of a name below `prefix` that users choose, "queues.<name>"; false when none
 * is. */
bool rs__schema_placeholder(const char *prefix, char *path, size_t size);
/* What may stand at the row, in words: "a duration from 1ms to 1d, such as 20s". */
void rs__schema_allowed(const rs_schema_row_t *row, char *text, size_t size);
/* Words for a key `name` that is not known below `prefix`: the nearest known key, or the list of them. */
void rs__schema_suggest(const char *prefix, rs_str_t name, char *text, size_t size);
/* Whether a rule of that detector takes the key ("shift"); which do, for messages. */
bool rs__rule_takes(unsigned detector, rs_str_t key);
/* The names of a verdict, by rs_verdict_rule_t; of the reasons of a flow-out, by rs_flow_reason_t ([0] is ""). */
extern const char *const rs__verdict_names[];
extern const char *const rs__detector_names[];
extern const char *const rs__flow_reason_names[];

#endif
