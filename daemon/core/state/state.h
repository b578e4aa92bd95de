/* core/state/state.h — the core's state as bytes: written and read by fields' names, checked before anything of it is believed.
 *
 * Model:     a state is a row of sections, one per part of the core. A section carries the tables of the structs in it (a struct's
 *            fields: name, kind, width, count), then what the part writes: numbers, and items of those structs, field by field.
 *            Links between items are numbers, so a state has no pointers, no padding and no byte order of its own.
 *                core ──part->save──► fields ──► blocks ──► out          in ──► blocks ──► fields ──part->load──► core ──part->check
 * Bytes:     all numbers little endian.
 *                file    = "ringside" (8) · format u32 · state version u32 · checksum 16 · block… · end
 *                block   = length u32 (1 .. 65,536) · section u16 · last u16 (1: the section ends here) · bytes · checksum 16
 *                end     = the same with length 0
 *                checksum = XXH3-128 of the checksum before, the block's head and its bytes: so each vouches for all before it,
 *                          and the last one is the state's hash
 *                section = name · version u32 · number of tables u32 · table… · what the part writes
 *                table   = name · number of fields u32 · field (name · kind u8 · width u8 · count u32)…
 *                name    = length u8 · bytes
 *                item    = a bit per 8 bytes of the fields in their order (the first in the lowest bit), 0 where those are all 0;
 *                          then the 8 bytes of every bit that is 1
 * Versions:  RS_STATE_VERSION grows whenever a table or a section changes. A program reads what has its version or a smaller one:
 *            fields are found by name, one that is missing keeps what the part put there before it read (0 unless it says
 *            otherwise), one that is unknown is skipped, as is an unknown section; a number may have become wider. What has a
 *            greater version is refused (RS_ERR_VERSION): an older program would lose what it does not know.
 * Canonical: equal states are equal bytes, whatever their memory looks like: what only makes things faster (indices, likely
 *            places, capacities) is not written, and what has no order of its own is written in a fixed one.
 * Trust:     the bytes may be anything. A block is checked before a byte of it is used; memory is taken as bytes come, within
 *            the limits of the configuration; and part->check looks at every number that other code takes for granted before the
 *            core is handed out. RS_ERR_PARSE: damaged, cut short or no state at all. A checksum is no signature: whoever
 *            may write the file may write other figures, but not break the program.
 * Threads:   one. Pure: bytes leave and come through callbacks, 64 KiB at a time.
 *
 * How a part adds itself:
 *   1. Beside the part's code a file <part>_state.c with a table per struct; every member is in it, as RS_STATE_FIELD, RS_STATE_ARRAY,
 *      or RS_STATE_REBUILT for what load makes again. tests/unit/core_state looks at every byte of the struct:
 *          static const rs_state_field_t thing_fields[] = {
 *              RS_STATE_FIELD(rs_thing_t, next, RS_BOUND_THING), RS_STATE_ARRAY(rs_thing_t, sums, RS_BOUND_ANY), …};
 *          static const rs_state_table_t thing_table = RS_STATE_TABLE(rs_thing_t, "thing", thing_fields);
 *   2. save, load and check, each over rs_core_t (core/core_internal.h), joined to a rs_state_part_t. Load runs on a fresh, created
 *      core whose earlier parts are loaded; it may use only what it has bounded itself, because check comes after ALL loads. Items
 *      of a pool: rs_state_put_pool and rs_state_get_pool keep their numbers and the order of the free ones.
 *      Check: rs_state_check_pool for the fields' bounds, then who owns what with rs_state_claim.
 *   3. A bound for numbers of its own in rs_state_bound_t, set in bounds_of (core_state.c); the part in the list of
 *      core_state.c; its tables in tests/unit/core_state/tables_test.c.
 */
#ifndef RS_CORE_STATE_H
#define RS_CORE_STATE_H

#include "core/core.h"
#include "core/hash.h"
#include "core/pool.h"

enum {
    RS_STATE_FORMAT = 1,            /* blocks, tables, items */
    RS_STATE_VERSION = 1,           /* what is in them */
    RS_STATE_BLOCK_BYTES = 65536,
    RS_STATE_ITEM_BYTES = 32768,    /* the longest item */
    RS_STATE_NAME_BYTES = 64,
    RS_STATE_MAX_TABLES = 16,       /* of a section */
    RS_STATE_MAX_FIELDS = 512
};

/* --- structs as fields ---------------------------------------------------------------------------------------------- */
typedef enum rs_state_kind {
    RS_STATE_UNSIGNED = 1, RS_STATE_SIGNED, RS_STATE_BOOL, RS_STATE_DOUBLE,
    RS_STATE_NOT_SAVED      /* in a program's own tables only */
} rs_state_kind_t;

/* What a field's numbers must be below, see rs_state_bounds_t. */
typedef enum rs_state_bound {
    RS_BOUND_ANY = 0,       /* signed: within +-2^61, so that sums of a few cannot overflow */
    RS_BOUND_OR_NONE,       /* signed: the same, or INT64_MIN */
    RS_BOUND_WRAPS,         /* signed: any; the code wraps it */
    RS_BOUND_LIMITS,        /* from here on: below[] */
    RS_BOUND_TIME = RS_BOUND_LIMITS,    /* from the epoch to some hundred years past RS_TIME_MAX_US */
    RS_BOUND_NAME, RS_BOUND_KEY, RS_BOUND_KEY_LINK /* key + 1, 0 = none */, RS_BOUND_SOURCE, RS_BOUND_SESSION,
    RS_BOUND_CONTACT, RS_BOUND_NODE, RS_BOUND_TEXT, RS_BOUND_STORY, RS_BOUND_HANDLING, RS_BOUND_JOURNEY,
    RS_BOUND_CELL, RS_BOUND_PATH, RS_BOUND_CLOSE_FACT,
    RS_BOUND_AGENT, RS_BOUND_AGENT_NODE, RS_BOUND_AGENT_TEXT, RS_BOUND_AGENT_PLAN, RS_BOUND_AGENT_HANDLED, RS_BOUND_AGENT_QUEUE,
    RS_BOUND_STAFF, RS_BOUND_CASE, RS_BOUND_CASE_EVENT, RS_BOUND_CASE_TEXT, RS_BOUND_CASE_STORY, RS_BOUND_CASE_TENANT,
    RS_BOUND_BOOK_ITEM, RS_BOUND_BOOK_FACT, RS_BOUND_BOOK_TEXT,
    RS_BOUND_EDGE, RS_BOUND_UNDERWAY, RS_BOUND_PAIR, RS_BOUND_RECORD, RS_BOUND_RESOLUTION /* or RS_FCR_GONE */,
    RS_BOUND_STAGE, RS_BOUND_PROCESS_KIND, RS_BOUND_PATH_LENGTH, RS_BOUND_AGENT_STATE, RS_BOUND_PLAN_KIND, RS_BOUND_DUTY,
    RS_BOUND_CASE_LIST, RS_BOUND_CASE_STAGE, RS_BOUND_SIGNAL, RS_BOUND_FACT_REASON, RS_BOUND_PREDICTION, RS_BOUND_FCR_SETTINGS,
    RS_BOUND_CHANNEL, RS_BOUND_FAMILY, RS_BOUND_NODE_TYPE, RS_BOUND_OUTCOME, RS_BOUND_REASON, RS_BOUND_LIST, RS_BOUND_FACT_TYPE,
    RS_BOUND_GENERATION, RS_BOUND_ALERT_STATE, RS_BOUND_POLICY_RULE,
    RS_BOUND_COMMAND, RS_BOUND_CARE, RS_BOUND_DETECT, RS_BOUND_SEASON_DAY, RS_BOUND_SEASON_WEEKS, RS_BOUND_VERDICT, RS_BOUND_DETECTOR,
    RS_BOUND_DETECT_CHOICE, RS_BOUND_EXPLAIN_PARTS, RS_BOUND_EXPLAIN_BY, RS_BOUND_REACH,
    RS_BOUND_COUNT
} rs_state_bound_t;
typedef struct rs_state_bounds { uint64_t below[RS_BOUND_COUNT]; } rs_state_bounds_t;

typedef struct rs_state_field {
    const char *name;
    uint32_t offset, count;
    uint8_t width, kind, bound;
} rs_state_field_t;
typedef struct rs_state_table {
    const char *name;
    uint32_t item_bytes, field_count;
    const rs_state_field_t *fields;
} rs_state_table_t;

#define RS_STATE_KIND_OF(number) \
    _Generic((number), bool: RS_STATE_BOOL, double: RS_STATE_DOUBLE, int8_t: RS_STATE_SIGNED, int16_t: RS_STATE_SIGNED, \
             int32_t: RS_STATE_SIGNED, int64_t: RS_STATE_SIGNED, default: RS_STATE_UNSIGNED)
#define RS_STATE_MEMBER(type, member) (((const type *)0)->member)
/* A number; of a struct within the struct: "story.last.at_us". */
#define RS_STATE_FIELD(type, member, field_bound) \
    {.name = #member, .offset = offsetof(type, member), .count = 1, .width = sizeof RS_STATE_MEMBER(type, member), \
     .kind = RS_STATE_KIND_OF(RS_STATE_MEMBER(type, member)), .bound = (field_bound)}
#define RS_STATE_ARRAY(type, member, field_bound) RS_STATE_ARRAY_AS(type, member, #member, field_bound)
#define RS_STATE_ARRAY_AS(type, member, field_name, field_bound) \
    {.name = (field_name), .offset = offsetof(type, member), .count = RS_ARRAY_LEN(RS_STATE_MEMBER(type, member)), \
     .width = sizeof RS_STATE_MEMBER(type, member)[0], .kind = RS_STATE_KIND_OF(RS_STATE_MEMBER(type, member)[0]), .bound = (field_bound)}
/* One element of an array, by a name of its own. */
#define RS_STATE_FIELD_AS(type, member, field_name, field_bound) \
    {.name = (field_name), .offset = offsetof(type, member), .count = 1, .width = sizeof RS_STATE_MEMBER(type, member), \
     .kind = RS_STATE_KIND_OF(RS_STATE_MEMBER(type, member)), .bound = (field_bound)}
#define RS_STATE_REBUILT(type, member) \
    {.name = #member, .offset = offsetof(type, member), .count = sizeof RS_STATE_MEMBER(type, member), .width = 1, \
     .kind = RS_STATE_NOT_SAVED}
#define RS_STATE_TABLE(type, table_name, table_fields) \
    {.name = (table_name), .item_bytes = sizeof(type), .field_count = RS_ARRAY_LEN(table_fields), .fields = (table_fields)}

typedef struct rs_state_writer rs_state_writer_t;
typedef struct rs_state_reader rs_state_reader_t;
typedef struct rs_state_part {
    const char *name;
    uint32_t version;               /* of what the part writes beside its items */
    uint32_t table_count;
    const rs_state_table_t *tables[RS_STATE_MAX_TABLES];
    void (*save)(const rs_core_t *core, rs_state_writer_t *writer);
    void (*load)(rs_core_t *core, rs_state_reader_t *reader);
    void (*check)(const rs_core_t *core, rs_state_reader_t *reader, const rs_state_bounds_t *bounds);   /* NULL: nothing to look at */
} rs_state_part_t;

/* --- writing -------------------------------------------------------------------------------------------------------- */
/* A failure ends a writer: what is put after it goes nowhere, and finish returns it. `out` is borrowed. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_state_writer_create(const rs_state_out_t *out, rs_state_writer_t **writer);
void rs_state_writer_destroy(rs_state_writer_t **writer);
void rs_state_begin_section(rs_state_writer_t *writer, const rs_state_part_t *part);
void rs_state_end_section(rs_state_writer_t *writer);
RS_MUST_CHECK int rs_state_finish(rs_state_writer_t *writer, rs_hash128_t *hash);
void rs_state_fail(rs_state_writer_t *writer, int status);

void rs_state_put_u8(rs_state_writer_t *writer, uint8_t number);
void rs_state_put_u32(rs_state_writer_t *writer, uint32_t number);
void rs_state_put_u64(rs_state_writer_t *writer, uint64_t number);
void rs_state_put_bytes(rs_state_writer_t *writer, const void *bytes, size_t len);
/* At most 255 bytes. */
void rs_state_put_text(rs_state_writer_t *writer, rs_str_t text);
/* One of the tables of the section's part. */
void rs_state_put_item(rs_state_writer_t *writer, const rs_state_table_t *table, const void *item);
/* Numbers and order of free items, then the others in the order of their numbers. */
void rs_state_put_pool(rs_state_writer_t *writer, const rs_state_table_t *table, const rs_pool_t *pool);
/* Items that are saved in another form than they have in memory. `saved` is zeroed, of the table's item_bytes. */
typedef struct rs_state_form {
    void (*save)(const void *context, const void *item, void *saved);
    bool (*restore)(void *context, const void *saved, void *item);   /* false: no room */
    void *context;
} rs_state_form_t;
enum { RS_STATE_FORM_BYTES = 2048 };    /* at most, of such an item as it is saved */
void rs_state_put_pool_as(rs_state_writer_t *writer, const rs_state_table_t *table, const rs_pool_t *pool, const rs_state_form_t *form);

/* --- reading -------------------------------------------------------------------------------------------------------- */
/* A failure ends a reader: what is got after it is 0 or left alone; loops over counts that were read ask rs_state_is_good.
 * RS_ERR_MEMORY; the others come through rs_state_status. */
RS_MUST_CHECK int rs_state_reader_create(const rs_state_in_t *in, rs_state_reader_t **reader);
void rs_state_reader_destroy(rs_state_reader_t **reader);
/* Goes to the next section and its tables. False: there is none, or a failure. `find` returns the part of a name, or NULL; then
 * the section is skipped. What is left of a section is skipped when the next one begins, or is a failure if its version is the
 * part's. */
RS_MUST_CHECK bool rs_state_next_section(rs_state_reader_t *reader, const rs_state_part_t *(*find)(rs_str_t name),
                                         const rs_state_part_t **part);
/* Of the section: rs_state_part_t.version as it was when it was written. */
uint32_t rs_state_section_version(const rs_state_reader_t *reader);
int rs_state_status(const rs_state_reader_t *reader);
bool rs_state_is_good(const rs_state_reader_t *reader);
/* The first refusal stands. `what`: "…, …" as a part of a sentence; static storage, or copied. */
void rs_state_refuse(rs_state_reader_t *reader, int status, const char *what);
/* Why, in English; "" when good. */
const char *rs_state_what(const rs_state_reader_t *reader);
rs_hash128_t rs_state_hash_read(const rs_state_reader_t *reader);   /* after the last section */

uint8_t rs_state_get_u8(rs_state_reader_t *reader);
uint32_t rs_state_get_u32(rs_state_reader_t *reader);
uint64_t rs_state_get_u64(rs_state_reader_t *reader);
/* Refuses a number above `most`. */
uint32_t rs_state_get_count(rs_state_reader_t *reader, uint32_t most);
void rs_state_get_bytes(rs_state_reader_t *reader, void *bytes, size_t len);
/* At most 255 bytes into `text`; returns how many. */
uint32_t rs_state_get_text(rs_state_reader_t *reader, char text[256]);
/* Writes the fields that the file has; others are left as they are. */
void rs_state_get_item(rs_state_reader_t *reader, const rs_state_table_t *table, void *item);
/* Into a fresh pool. RS_ERR_LIMIT when it has room for fewer. `limit`: the setting's name, for the refusal. */
void rs_state_get_pool(rs_state_reader_t *reader, const rs_state_table_t *table, rs_pool_t *pool, const char *limit);
void rs_state_get_pool_as(rs_state_reader_t *reader, const rs_state_table_t *table, rs_pool_t *pool, const char *limit,
                          const rs_state_form_t *form);

/* --- looking before believing --------------------------------------------------------------------------------------- */
/* Every field of the item within its bound; else refused, with the names of table and field. */
void rs_state_check_item(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, const rs_state_table_t *table, const void *item);

/* Who owns what: an item of a pool is free, or belongs to exactly one owner. So no list runs in a circle or through what another
 * one gives back. */
typedef struct rs_state_claims {
    const rs_pool_t *pool;
    unsigned char *claimed;         /* a bit per number */
    uint32_t left;                  /* nobody's yet */
} rs_state_claims_t;
/* The free ones are claimed. RS_ERR_MEMORY; RS_ERR_PARSE: the list of free items is broken. end is safe on a zeroed one. */
RS_MUST_CHECK int rs_state_claims_begin(rs_state_claims_t *claims, const rs_pool_t *pool);
void rs_state_claims_end(rs_state_claims_t *claims);
/* Of a fresh claims: the item is not free. */
bool rs_state_is_free(const rs_state_claims_t *claims, uint32_t number);
/* False: no such item, or somebody's already. */
RS_MUST_CHECK bool rs_state_claim(rs_state_claims_t *claims, uint32_t number);
/* The bounds of every item that is not free, then leaves `claims` begun; the caller ends it in any case. False: refused. */
RS_MUST_CHECK bool rs_state_check_pool(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, const rs_state_table_t *table,
                                       const rs_pool_t *pool, rs_state_claims_t *claims);
RS_MUST_CHECK bool rs_state_check_pool_as(rs_state_reader_t *reader, const rs_state_bounds_t *bounds, const rs_state_table_t *table,
                                          const rs_pool_t *pool, rs_state_claims_t *claims, const rs_state_form_t *form);

/* --- the parts (core_state.c) ---------------------------------------------------------------------------------------- */
/* In the order in which they are saved and loaded; NULL past the last. */
const rs_state_part_t *rs_state_part_at(uint32_t i);

#endif
