/* A producer of the torture: sends contacts as fast as it is told to and keeps its own ledger of what it offered, what was accepted and
 * what was acknowledged. The ledger is a mapped file: what is written to it outlives kill -9, as what is in a disk spool does.
 *
 *   producer ENDPOINT SOURCE LEDGER ORIGIN_MS CELL_MS [--spool FILE] [--sync] [--json] [--once]
 *
 * Every contact can be told from all others in the daemon's rows: contact i of a cell (a quarter of an hour of event time, which passes
 * in CELL_MS since ORIGIN_MS of CLOCK_MONOTONIC) waited 4^i ms, so the sum of waits of the row (queue = SOURCE, that interval), read to
 * the base of 4, says of each of its contacts how often it was counted. A contact is two events: queued, answered.
 * SIGTERM: stops sending, waits for what is not acknowledged, ends with 0 when nothing is left. --once: sends nothing, does only that. */
#include <ringside/client.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONTACTS = 1 << 22, MAX_NUMBERS = 2 * MAX_CONTACTS, DIGITS = 14, CLOSE_MS = 60000 };
enum { OFFERED = 1, ACCEPTED = 2, ACKNOWLEDGED = 4, REFUSED = 8 };
#define BASE_US INT64_C(978307200000000)   /* 2001-01-01 */
#define CELL_US INT64_C(900000000)

/* tests/fault/ledger.py reads this. */
typedef struct contact { uint32_t cell; uint8_t digit, spooled; _Atomic uint8_t queued, answered; } contact_t;
typedef struct ledger {
    uint64_t contacts, lives, full, errors, found, lost, unused[10];
    contact_t all[MAX_CONTACTS];
    uint32_t event_of[MAX_NUMBERS];       /* by number: 2 x contact + 1 of its queued, + 2 of its answered event */
} ledger_t;

typedef struct producer {
    const char *source;
    ledger_t *ledger;
    rs_client_t *client;
    uint64_t acked, accepted;
    bool has_spool;
    int64_t origin_ms, cell_ms;
    uint32_t cell, in_cell;
} producer_t;

static volatile sig_atomic_t is_stopping;
static void on_signal(int number) { (void)number; is_stopping = 1; }

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the ledger ------------------------------------------------------------------------------------------------------- */
static ledger_t *open_ledger(const char *path) {
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(ledger_t)) != 0) return NULL;
    void *memory = mmap(NULL, sizeof(ledger_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

static void mark(ledger_t *ledger, uint64_t number, uint8_t what) {
    const uint32_t event = number < MAX_NUMBERS ? ledger->event_of[number] : 0;
    if (event == 0) return;
    contact_t *contact = &ledger->all[(event - 1) / 2];
    atomic_fetch_or_explicit(event % 2 == 1 ? &contact->queued : &contact->answered, what, memory_order_relaxed);
}

static void on_ack(void *context, uint64_t up_to) {
    producer_t *producer = context;
    while (producer->acked < up_to) mark(producer->ledger, ++producer->acked, ACKNOWLEDGED);
}

static void on_refused(void *context, uint64_t number, const char *reason, const char *field) {
    const producer_t *producer = context;
    mark(producer->ledger, number, REFUSED);
    fprintf(stderr, "%s: %" PRIu64 " refused: %s %s\n", producer->source, number, reason, field);
}

static void on_error(void *context, const char *code, const char *text) {
    const producer_t *producer = context;
    producer->ledger->errors++;
    fprintf(stderr, "%s: %s: %s\n", producer->source, code, text);
}

/* What the run before was killed over: the spool knows more than the ledger. Without a spool numbers begin anew. */
static void take_up_ledger(producer_t *producer) {
    rs_client_stats_t stats;
    rs_client_stats(producer->client, &stats);
    ledger_t *ledger = producer->ledger;
    ledger->lives++;
    ledger->found += stats.spool_found;
    ledger->lost += stats.spool_lost;
    producer->accepted = stats.accepted;
    for (uint64_t number = 1; number <= stats.accepted; number++) {
        mark(ledger, number, number <= stats.settled ? ACCEPTED | ACKNOWLEDGED : ACCEPTED);
    }
    for (uint64_t number = stats.accepted + 1; number < MAX_NUMBERS && ledger->event_of[number] != 0; number++) {
        ledger->event_of[number] = 0;
    }
    if (ledger->contacts == 0) return;
    producer->cell = ledger->all[ledger->contacts - 1].cell + 1;
}

/* --- sending ---------------------------------------------------------------------------------------------------------- */
/* True when it was accepted. */
static bool send_event(producer_t *producer, uint64_t contact, bool is_answered) {
    ledger_t *ledger = producer->ledger;
    contact_t *entry = &ledger->all[contact];
    char name[96];
    snprintf(name, sizeof name, "%s-%" PRIu64, producer->source, contact);
    const int64_t at_us = BASE_US + entry->cell * CELL_US + entry->digit * INT64_C(1000000);
    rs_event_t event = {.occurred_us = at_us, .seq = 2 * contact + 1, .present = RS_HAS_SEQ, .type = RS_CONTACT_QUEUED,
                        .source = {producer->source, (uint32_t)strlen(producer->source)}, .contact_id = {name, (uint32_t)strlen(name)},
                        .customer = {"+447700900123", 13}};
    event.queue = event.source;
    if (is_answered) {
        event.type = RS_CONTACT_ANSWERED;
        event.occurred_us += 500000;
        event.seq++;
        event.wait_ms = INT64_C(1) << 2 * entry->digit;
        event.present |= RS_HAS_WAIT_MS;   /* no agent: nobody ends these conversations */
    }
    _Atomic uint8_t *flags = is_answered ? &entry->answered : &entry->queued;
    atomic_fetch_or_explicit(flags, OFFERED, memory_order_relaxed);
    ledger->event_of[producer->accepted + 1] = (uint32_t)(2 * contact + (is_answered ? 2 : 1));
    int status;
    while ((status = rs_client_send(producer->client, &event, NULL)) == RS_ERR_FULL) {
        ledger->full++;
        if (is_stopping) return false;
        usleep(1000);
    }
    if (status != RS_OK) {
        fprintf(stderr, "%s: sending: %s\n", producer->source, rs_status_text(status));
        exit(6);
    }
    producer->accepted++;
    atomic_fetch_or_explicit(flags, ACCEPTED, memory_order_relaxed);
    return true;
}

/* The cell of now, or false: it is full. */
static bool take_place(producer_t *producer) {
    const int64_t now_cell = (now_ms() - producer->origin_ms) / producer->cell_ms;
    if (now_cell > producer->cell) {
        producer->cell = (uint32_t)now_cell;
        producer->in_cell = 0;
    }
    return now_cell == producer->cell && producer->in_cell < DIGITS;
}

static void send_contacts(producer_t *producer) {
    ledger_t *ledger = producer->ledger;
    while (!is_stopping && ledger->contacts < MAX_CONTACTS && producer->accepted + 2 < MAX_NUMBERS) {
        if (!take_place(producer)) {
            usleep(500);
            continue;
        }
        const uint64_t contact = ledger->contacts;
        ledger->all[contact] = (contact_t){.cell = producer->cell, .digit = (uint8_t)producer->in_cell++, .spooled = producer->has_spool};
        ledger->contacts++;
        if (!send_event(producer, contact, false) || !send_event(producer, contact, true)) return;
    }
}

static void tell(const producer_t *producer) {
    rs_client_stats_t stats;
    rs_client_stats(producer->client, &stats);
    fprintf(stderr,
            "%s: accepted %" PRIu64 " settled %" PRIu64 " refused %" PRIu64 " batches %" PRIu64 " resent %" PRIu64 " welcomes %" PRIu64
            " disconnects %" PRIu64 " errors %" PRIu64 " connected %d spool errors %" PRIu64 "\n", producer->source,
            stats.accepted, stats.settled,
            stats.refused, stats.batches, stats.resent, stats.welcomes, stats.disconnects, stats.errors, stats.connected,
            stats.spool_errors);
}

int main(int argc, char **argv) {
    if (argc < 6) return 2;
    static producer_t producer;
    rs_client_options_t options = {.endpoint = argv[1], .source = argv[2], .spool_bytes = 64 << 20, .context = &producer, .on_ack = on_ack,
                                   .on_refused = on_refused, .on_error = on_error};
    bool once = false;
    for (int i = 6; i < argc; i++) {
        if (strcmp(argv[i], "--spool") == 0 && i + 1 < argc) options.spool_path = argv[++i];
        else if (strcmp(argv[i], "--sync") == 0) options.spool_sync = RS_CLIENT_SYNC_BATCH;
        else if (strcmp(argv[i], "--json") == 0) options.encoding = RS_CLIENT_JSON;
        else if (strcmp(argv[i], "--once") == 0) once = true;
        else return 2;
    }
    signal(SIGTERM, on_signal);
    producer.source = argv[2];
    producer.origin_ms = strtoll(argv[4], NULL, 10);
    producer.cell_ms = strtoll(argv[5], NULL, 10);
    producer.has_spool = options.spool_path != NULL;
    producer.ledger = open_ledger(argv[3]);
    if (producer.ledger == NULL) return 3;
    /* Without a spool the numbers of a run before mean nothing; the callbacks may come at once. */
    for (uint64_t number = 1; !producer.has_spool && producer.ledger->event_of[number] != 0; number++) {
        producer.ledger->event_of[number] = 0;
    }
    const int status = rs_client_open(&options, &producer.client);
    if (status != RS_OK) {
        fprintf(stderr, "%s: %s (%s)\n", argv[2], rs_status_text(status), strerror(errno));
        return 4;
    }
    take_up_ledger(&producer);
    if (!once) send_contacts(&producer);
    if (rs_client_flush(producer.client, CLOSE_MS) != RS_OK) tell(&producer);
    return rs_client_close(&producer.client, 0) == RS_OK ? 0 : 5;
}
