/* core/parts_state.h — the parts of a saved state, each beside its code, and what they share. */
#ifndef RS_CORE_PARTS_STATE_H
#define RS_CORE_PARTS_STATE_H

#include "core/core_internal.h"
#include "core/state/state.h"

/* What a list of counts has by its order in this program, saved by name: {int64_t counts[RS_COUNT_COUNT]}. */
typedef struct rs_state_counts { int64_t counts[RS_COUNT_COUNT]; } rs_state_counts_t;
extern const rs_state_table_t rs_state_counts_table;
/* The names of counts and histograms, in their order; then which of them the numbers of a file mean here. */
typedef struct rs_state_figures {
    uint32_t count_count, histogram_count;
    uint16_t counts[256];           /* by the file's number; RS_COUNT_COUNT: unknown here */
    uint8_t histograms[32];         /* RS_HIST_COUNT: unknown here */
} rs_state_figures_t;
void rs_state_put_figures(rs_state_writer_t *writer);
void rs_state_get_figures(rs_state_reader_t *reader, rs_state_figures_t *figures);
/* The entries of a row's or total's histograms: of each that is not empty, its number and entries; then the end. */
enum { RS_STATE_HISTOGRAMS_END = 255 };
void rs_state_put_histogram(rs_state_writer_t *writer, unsigned histogram, const rs_hist_entry_t *entries, uint32_t count);
/* Entries of one histogram, without its number. Get returns how many, at most RS_HIST_BUCKETS. */
void rs_state_put_entries(rs_state_writer_t *writer, const rs_hist_entry_t *entries, uint32_t count);
uint32_t rs_state_get_entries(rs_state_reader_t *reader, rs_hist_entry_t *entries);
/* Into *histogram and `entries` (room for RS_HIST_BUCKETS). False: the end, or a failure. *histogram may be RS_HIST_COUNT. */
RS_MUST_CHECK bool rs_state_get_histogram(rs_state_reader_t *reader, const rs_state_figures_t *figures, unsigned *histogram,
                                          rs_hist_entry_t *entries, uint32_t *count);
/* As the core is now; a part that must follow its links while it is loaded asks for them early. */
rs_state_bounds_t rs_state_bounds_of(const rs_core_t *core);
/* Whether code that counts the fact can take its reason for granted. */
bool rs_state_fact_is_right(const rs_fact_t *fact);
/* Whether there is such a stage; queues are bounded as names. */
static inline bool rs_state_stage_is_right(uint32_t stage) {
    return stage < RS_PROCESS_KIND_COUNT || stage >= RS_PROCESS_FIRST_QUEUE;
}
/* Numbers in as few bytes as they need, 7 bits each. */
void rs_state_put_short(rs_state_writer_t *writer, uint64_t number);
uint64_t rs_state_get_short(rs_state_reader_t *reader);
static inline uint64_t rs_state_folded(int64_t number) { return (uint64_t)number << 1 ^ (uint64_t)(number >> 63); }
static inline int64_t rs_state_unfolded(uint64_t number) { return (int64_t)(number >> 1 ^ (0 - (number & 1))); }

/* Structs within structs: `place` leads to the one at hand ("story.last."), `text` begins the fields' names. */
#define RS_STATE_ORDER_FIELDS(type, place, text) \
    RS_STATE_FIELD_AS(type, place at_us, text "at_us", RS_BOUND_OR_NONE), RS_STATE_FIELD_AS(type, place seq, text "seq", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place id_prefix, text "id_prefix", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place session, text "session", RS_BOUND_SESSION), \
    RS_STATE_FIELD_AS(type, place has_seq, text "has_seq", RS_BOUND_ANY)
#define RS_STATE_CHANGED_FIELDS(type, bound) \
    RS_STATE_REBUILT(type, changed.items), RS_STATE_REBUILT(type, changed.link_at), RS_STATE_REBUILT(type, changed.rows_of), \
    RS_STATE_FIELD_AS(type, changed.list.head, "dirty_head", bound), RS_STATE_FIELD_AS(type, changed.list.tail, "dirty_tail", bound), \
    RS_STATE_FIELD_AS(type, changed.rows, "dirty_count", RS_BOUND_ANY), RS_STATE_REBUILT(type, changed.leaving), \
    RS_STATE_FIELD_AS(type, changed.counter, "dirty_counter", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, changed.revision, "revision_counter", RS_BOUND_ANY), RS_STATE_REBUILT(type, changed.in_hand)
#define RS_STATE_CHANGED_LINK_FIELDS(type, bound) \
    RS_STATE_FIELD_AS(type, link.next, "dirty_next", bound), RS_STATE_FIELD_AS(type, link.previous, "dirty_previous", bound), \
    RS_STATE_FIELD_AS(type, link.since, "dirty_since", RS_BOUND_ANY), RS_STATE_FIELD_AS(type, link.revision, "revision", RS_BOUND_ANY)
#define RS_STATE_FACT_FIELDS(struct_type, place, text) \
    RS_STATE_FIELD_AS(struct_type, place type, text "type", RS_BOUND_FACT_TYPE), \
    RS_STATE_FIELD_AS(struct_type, place outcome, text "outcome", RS_BOUND_OUTCOME), \
    RS_STATE_FIELD_AS(struct_type, place reason, text "reason", RS_BOUND_FACT_REASON), \
    RS_STATE_FIELD_AS(struct_type, place channel, text "channel", RS_BOUND_CHANNEL), \
    RS_STATE_FIELD_AS(struct_type, place queue, text "queue", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(struct_type, place agent, text "agent", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(struct_type, place team, text "team", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(struct_type, place holds, text "holds", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(struct_type, place unused, text "unused", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(struct_type, place at_us, text "at_us", RS_BOUND_TIME), \
    RS_STATE_FIELD_AS(struct_type, place enter_us, text "enter_us", RS_BOUND_TIME), \
    RS_STATE_FIELD_AS(struct_type, place a_us, text "a_us", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(struct_type, place b_us, text "b_us", RS_BOUND_WRAPS), \
    RS_STATE_FIELD_AS(struct_type, place begin_us, text "begin_us", RS_BOUND_TIME)
#define RS_STATE_OUTLINE_FIELDS(type, place, text) \
    RS_STATE_FIELD_AS(type, place started_us, text "started_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place last_us, text "last_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place ended_us, text "ended_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place answered_us, text "answered_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place entered_us, text "entered_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place disposition_us, text "disposition_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place survey_us, text "survey_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place reopened_us, text "reopened_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place topic_set_us, text "topic_set_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place customer_us, text "customer_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place topic_us, text "topic_us", RS_BOUND_OR_NONE), \
    RS_STATE_FIELD_AS(type, place customer.low, text "customer.low", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place customer.high, text "customer.high", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place queue, text "queue", RS_BOUND_NAME), RS_STATE_FIELD_AS(type, place agent, text "agent", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(type, place team, text "team", RS_BOUND_NAME), RS_STATE_FIELD_AS(type, place topic, text "topic", RS_BOUND_NAME), \
    RS_STATE_FIELD_AS(type, place contacts, text "contacts", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place channel, text "channel", RS_BOUND_CHANNEL), \
    RS_STATE_FIELD_AS(type, place direction, text "direction", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place disposition, text "disposition", RS_BOUND_SIGNAL), \
    RS_STATE_FIELD_AS(type, place survey, text "survey", RS_BOUND_SIGNAL), \
    RS_STATE_FIELD_AS(type, place took_place, text "took_place", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place begins_aside, text "begins_aside", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place handled, text "handled", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place has_leg, text "has_leg", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place has_customer, text "has_customer", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place topic_is_set, text "topic_is_set", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place reopened, text "reopened", RS_BOUND_ANY), \
    RS_STATE_FIELD_AS(type, place recalled, text "recalled", RS_BOUND_ANY)

/* The values of a saved configuration that figures depend on, where the configuration at hand has others. What it has beside those
 * (working hours, zones, limits, …) is that of the one at hand. */
typedef struct rs_kept_config rs_kept_config_t;
void rs_kept_configs_free(rs_core_t *core);
/* Whether two configurations are the same in what is saved of them. False also for want of memory. */
bool rs_state_same_config(const rs_config_t *a, const rs_config_t *b);
/* The same but for alert rules: figures come out alike. */
bool rs_state_same_figures(const rs_config_t *a, const rs_config_t *b);

/* What the files of the parts give to each other's: making again what is not saved. */
extern const rs_state_part_t rs_state_core_part, rs_state_config_part, rs_state_names_part, rs_state_directory_part,
    rs_state_sources_part, rs_state_contacts_part, rs_state_journeys_part, rs_state_gauges_part, rs_state_rows_part,
    rs_state_windows_part, rs_state_alerts_part, rs_state_closes_part, rs_state_fcr_part, rs_state_agents_part, rs_state_cases_part,
    rs_state_process_part, rs_state_prediction_part, rs_state_sessions_part, rs_state_outbox_part, rs_state_facts_part;
/* Whether the list of what changed hangs together; claims its items. */
bool rs_state_changed_is_right(const rs_changed_t *changed, rs_state_claims_t *claims);
/* After everything was looked at: open legs are published again; which keys' alerts were up to date. */
void rs_state_publish_gauges(rs_core_t *core);
void rs_state_settle_alerts(rs_core_t *core);

#endif
