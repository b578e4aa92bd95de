#include "ingest/ingest_internal.h"

#include <stdlib.h>

static rs__flight_entry_t *entry_at(const rs__flight_t *flight, uint64_t index) {
    return &flight->entries[index & (RS__FLIGHT_ENTRIES - 1)];
}

int rs__flight_init(rs__flight_t *flight) {
    flight->entries = calloc(RS__FLIGHT_ENTRIES, sizeof *flight->entries);
    flight->first = flight->end = 0;
    return flight->entries == NULL ? RS_ERR_MEMORY : RS_OK;
}

void rs__flight_deinit(rs__flight_t *flight) {
    free(flight->entries);
    flight->entries = NULL;
}

bool rs__flight_is_full(const rs__flight_t *flight) { return flight->end - flight->first == RS__FLIGHT_ENTRIES; }

void rs__flight_add(rs_ingest_t *ingest, uint32_t slot, uint64_t position, uint64_t number, uint64_t bytes) {
    rs__flight_t *flight = &ingest->flight;
    rs_session_t *session = rs_sessions_get(ingest->sessions, slot);
    session->in_flight_bytes += bytes;
    ingest->in_flight_bytes += bytes;
    rs__flight_entry_t *newest = flight->end == flight->first ? NULL : entry_at(flight, flight->end - 1);
    /* Within one turn one ACK is enough; across turns widening would put the first ACK off for as long as events come. */
    if (newest != NULL && newest->slot == slot && newest->turn == ingest->turn) {
        newest->position = position;
        newest->number = number;
        newest->bytes += bytes;
        return;
    }
    *entry_at(flight, flight->end++) = (rs__flight_entry_t){
        .position = position, .number = number, .bytes = bytes, .turn = ingest->turn, .slot = slot};
    session->in_flight_batches++;
}

void rs__flight_settle(rs_ingest_t *ingest, uint64_t position) {
    rs__flight_t *flight = &ingest->flight;
    while (flight->first != flight->end && entry_at(flight, flight->first)->position <= position) {
        const rs__flight_entry_t *entry = entry_at(flight, flight->first++);
        rs_session_t *session = rs_sessions_get(ingest->sessions, entry->slot);
        ingest->in_flight_events -= entry->number - session->mark;
        ingest->in_flight_bytes -= entry->bytes;
        session->mark = entry->number;
        session->in_flight_bytes -= entry->bytes;
        session->in_flight_batches--;
        rs__reply_ack(ingest, entry->slot);
    }
}
