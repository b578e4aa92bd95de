/* core/fcr/record.h — a journey as first-contact resolution remembers it: 56 bytes, found by its customer and by its id.
 *
 * Model:   records stand in buckets by customer; a bucket's records of one customer follow each other from the newest start to the
 *          oldest, those of other customers between them. A second table finds a record by its journey's id. A chain's last link
 *          has RS_FCR_END and the bucket's number, so that a record knows its buckets without keeping their numbers.
 *          A key is what two journeys must have in common to be judged together: bucket and 40 bits, of which the upper 20 are of
 *          the customer alone and the lower 20 also of what the scope asks for. So two customers among a million are taken for one
 *          with a chance of 1 in a million each million look-ups when the scope is narrow, and of 1 in 10^12 else. What the scope asks
 *          for is mixed in by exclusive or: a customer can be renamed (rename.c) although records do not know it.
 * Times:   microseconds, except the leg's queued time: a whole second, which is as fine as panes and rows are. What does not fit
 *          (an answer half a year after the start, a wait of as long) is cut to the longest that does.
 * Memory:  56 bytes a record, two tables of 4 bytes for each record that there may be (rounded up to a power of two). Numbers, no
 *          pointers: everything is in the fields of rs_fcr_t.
 */
#ifndef RS_CORE_FCR_RECORD_H
#define RS_CORE_FCR_RECORD_H

#include "core/contact/outline.h"
#include "core/pool.h"

#define RS_FCR_END UINT32_C(0x80000000)

typedef struct rs_fcr_record {
    uint64_t start_us : 53, channel : 3, settings : 2, disposition : 2, survey : 2, handled : 1, has_end : 1;
    /* live: its journey is in memory; settled: out of its customer's chain, judged for good; alone: nobody else in its chain */
    uint64_t end_after_us : 44, contacts : 7, reopened : 1, never : 1, matured : 1, team_high : 8, alone : 1, repeated : 1;
    uint64_t answer_after_us : 44, due_bucket : 16, used : 1, live : 1, settled : 1, named : 1;
    uint64_t customer : 40, queue_key : 24;   /* key.h; a total key when the journey has not been handled: it names the tenant */
    uint64_t enter_after_s : 24, agent : 24, team_low : 16;
    uint32_t journey, journey_next;           /* 32 bits of the id; named: it stands in that table */
    uint32_t next, due_next;                  /* in its customer's bucket; in its bucket of the wheel (wheel.c) */
} rs_fcr_record_t;
_Static_assert(RS_CHANNEL_COUNT <= 8, "a channel has three bits");
_Static_assert(sizeof(rs_fcr_record_t) == 56, "a million remembered customers take 64 MiB");

typedef struct rs_fcr_key { uint32_t bucket; uint64_t bits; } rs_fcr_key_t;
enum { RS_FCR_SCOPE_BITS = 20 };

typedef struct rs_fcr_tables {
    rs_pool_t records;
    uint32_t *customers, *journeys;   /* first record of a bucket, 0 = none */
    uint32_t mask;
} rs_fcr_tables_t;

RS_MUST_CHECK int rs_fcr_tables_init(rs_fcr_tables_t *tables, uint32_t max_records);
void rs_fcr_tables_deinit(rs_fcr_tables_t *tables);
uint64_t rs_fcr_tables_bytes(const rs_fcr_tables_t *tables);

static inline rs_fcr_record_t *rs_fcr_record_at(const rs_fcr_tables_t *tables, uint32_t number) {
    return rs_pool_at(&tables->records, number);
}
static inline int64_t rs_fcr_start(const rs_fcr_record_t *record) { return (int64_t)record->start_us; }
static inline int64_t rs_fcr_end(const rs_fcr_record_t *record) { return (int64_t)(record->start_us + record->end_after_us); }

/* `scope`: what the key must also be of, 0 when nothing but the customer. */
rs_fcr_key_t rs_fcr_key(const rs_fcr_tables_t *tables, uint32_t tenant, const rs_hash128_t *customer, bool scoped, uint64_t scope);
rs_fcr_key_t rs_fcr_key_of(const rs_fcr_tables_t *tables, const rs_fcr_record_t *record);
static inline bool rs_fcr_same_customer(const rs_fcr_record_t *record, rs_fcr_key_t key) {
    return record->customer >> RS_FCR_SCOPE_BITS == key.bits >> RS_FCR_SCOPE_BITS;
}

/* Into and out of its customer's chain, by its start. */
void rs_fcr_link(rs_fcr_tables_t *tables, uint32_t number, rs_fcr_key_t key);
void rs_fcr_unlink(rs_fcr_tables_t *tables, uint32_t number);
/* The first record of the key's bucket, 0 = none; the one after, 0 = none. */
uint32_t rs_fcr_first(const rs_fcr_tables_t *tables, rs_fcr_key_t key);
static inline uint32_t rs_fcr_next(const rs_fcr_record_t *record) { return (record->next & RS_FCR_END) != 0 ? 0 : record->next; }

/* Gives the record the id, by which it is found from then on; one that had it before is found no more. */
void rs_fcr_name(rs_fcr_tables_t *tables, uint32_t number, rs_hash128_t id);
void rs_fcr_unname(rs_fcr_tables_t *tables, uint32_t number);
uint32_t rs_fcr_named(const rs_fcr_tables_t *tables, rs_hash128_t id);
/* Whether the record still is that journey's: it may have been given to another one since. */
bool rs_fcr_is_of(const rs_fcr_tables_t *tables, uint32_t number, rs_hash128_t id);

/* Times, signals and the rest of an outline into the record, links and state untouched. `queue_key`: see there. */
void rs_fcr_pack(rs_fcr_record_t *record, const rs_outline_t *outline, uint32_t queue_key, bool never);
/* The other way. The queue is left out: who calls knows the names. */
void rs_fcr_unpack(const rs_fcr_record_t *record, rs_outline_t *outline);
/* The whole second of the first handling's leg, and its answer. */
int64_t rs_fcr_enter(const rs_fcr_record_t *record);
static inline int64_t rs_fcr_answer(const rs_fcr_record_t *record) { return (int64_t)(record->start_us + record->answer_after_us); }
static inline uint32_t rs_fcr_team(const rs_fcr_record_t *record) {
    return (uint32_t)(record->team_high << 16 | record->team_low);
}

#endif
