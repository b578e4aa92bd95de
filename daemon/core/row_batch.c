#include "core/row_batch.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 256 * 1024, MAX_ROWS = 1000000 };

/* Blocks are filled one after the other and never moved, so what rows point to stays where it is. */
typedef struct block {
    struct block *next;
    size_t size, used;
    _Alignas(8) unsigned char bytes[];
} block_t;

struct rs_row_batch {
    rs_row_t *rows;
    uint32_t count, max_rows;
    rs_process_row_t *edges;
    uint32_t edge_count, max_edges;
    rs_contact_row_t *contacts;
    uint32_t contact_count, max_contacts;
    uint64_t used_bytes, max_bytes, block_bytes;
    block_t *first, *current;
    rs_policy_t policies[RS_ROW_BATCH_POLICIES];      /* different ones that rows name */
    uint32_t policy_count;
    rs_policy_t slot_policies[RS_MAX_POLICIES];       /* for rows that name none */
    bool has_slot_policy[RS_MAX_POLICIES];
    const rs_policy_t *last_named[RS_MAX_POLICIES];   /* by the row before, and our copies of them: mostly the same again */
    const rs_policy_t *last_copied[RS_MAX_POLICIES];
};

int rs_row_batch_create(uint32_t max_rows, uint64_t max_bytes, rs_row_batch_t **batch_out) {
    if (max_rows == 0 || max_rows > MAX_ROWS) return RS_ERR_INVALID;
    rs_row_batch_t *batch = calloc(1, sizeof *batch);
    if (batch == NULL) return RS_ERR_MEMORY;
    batch->rows = calloc(max_rows, sizeof *batch->rows);
    if (batch->rows == NULL) {
        free(batch);
        return RS_ERR_MEMORY;
    }
    batch->max_rows = max_rows;
    batch->max_bytes = max_bytes != 0 ? max_bytes : max_rows * RS_ROW_BATCH_ROW_BYTES;
    *batch_out = batch;
    return RS_OK;
}

void rs_row_batch_destroy(rs_row_batch_t **batch_ref) {
    rs_row_batch_t *batch = *batch_ref;
    if (batch == NULL) return;
    for (block_t *block = batch->first, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(batch->rows);
    free(batch->edges);
    free(batch->contacts);
    free(batch);
    *batch_ref = NULL;
}

void rs_row_batch_clear(rs_row_batch_t *batch) {
    for (block_t *block = batch->first; block != NULL; block = block->next) block->used = 0;
    batch->current = batch->first;
    batch->count = batch->edge_count = batch->contact_count = 0;
    batch->used_bytes = 0;
    batch->policy_count = 0;
    memset(batch->has_slot_policy, 0, sizeof batch->has_slot_policy);
    memset(batch->last_named, 0, sizeof batch->last_named);
}

static size_t rounded(size_t bytes) { return (bytes + 7) & ~(size_t)7; }

/* Bytes that the row needs beside the array. */
static int row_bytes(const rs_row_t *row, size_t *bytes) {
    if (row->key.tenant.len > RS_MAX_NAME || row->key.name.len > RS_MAX_NAME) return RS_ERR_INVALID;
    size_t sum = rounded(row->key.tenant.len) + rounded(row->key.name.len);
    for (unsigned i = 0; i < RS_HIST_COUNT; i++) {
        if (row->histogram_sizes[i] > RS_HIST_BUCKETS) return RS_ERR_INVALID;
        sum += rounded(row->histogram_sizes[i] * sizeof(rs_hist_entry_t));
    }
    *bytes = sum;
    return RS_OK;
}

/* Makes `current` a block with room for `bytes`: blocks left over from an earlier filling come first. */
static int reserve(rs_row_batch_t *batch, size_t bytes) {
    block_t *last = batch->current;
    while (batch->current != NULL && batch->current->size - batch->current->used < bytes) {
        last = batch->current;
        batch->current = batch->current->next;
    }
    if (batch->current != NULL) return RS_OK;
    const size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    block_t *block = malloc(sizeof *block + size);
    if (block == NULL) {
        batch->current = last;
        return RS_ERR_MEMORY;
    }
    *block = (block_t){.size = size};
    if (last == NULL) batch->first = block;
    else last->next = block;
    batch->current = block;
    batch->block_bytes += sizeof *block + size;
    return RS_OK;
}

static const void *copy(block_t *block, const void *bytes, size_t len) {
    if (len == 0) return NULL;
    unsigned char *place = block->bytes + block->used;
    memcpy(place, bytes, len);
    block->used += rounded(len);
    return place;
}

static const rs_policy_t *copy_policy(rs_row_batch_t *batch, const rs_policy_t *policy) {
    for (uint32_t i = 0; i < batch->policy_count; i++)
        if (memcmp(&batch->policies[i], policy, sizeof *policy) == 0) return &batch->policies[i];
    if (batch->policy_count == RS_ROW_BATCH_POLICIES) return policy;
    memcpy(&batch->policies[batch->policy_count], policy, sizeof *policy);   /* whole, so that memcmp finds it again */
    return &batch->policies[batch->policy_count++];
}

static void copy_policies(rs_row_batch_t *batch, rs_row_t *own) {
    bool names_any = false;
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) names_any = names_any || own->policies[slot] != NULL;
    for (unsigned slot = 0; slot < RS_MAX_POLICIES; slot++) {
        if (!names_any && batch->has_slot_policy[slot]) own->policies[slot] = &batch->slot_policies[slot];
        const rs_policy_t *named = own->policies[slot];
        if (named == NULL) continue;
        if (batch->last_named[slot] != named) {
            batch->last_copied[slot] = copy_policy(batch, named);
            batch->last_named[slot] = named;
        }
        own->policies[slot] = batch->last_copied[slot];
    }
}

int rs_row_batch_add(rs_row_batch_t *batch, const rs_row_t *row) {
    size_t bytes = 0;
    int status = row_bytes(row, &bytes);
    if (status != RS_OK) return status;
    if (batch->count == batch->max_rows || bytes > batch->max_bytes - batch->used_bytes) return RS_ERR_FULL;
    if (bytes > 0) {
        status = reserve(batch, bytes);
        if (status != RS_OK) return status;
    }
    rs_row_t *own = &batch->rows[batch->count];
    *own = *row;
    own->key.tenant.data = copy(batch->current, row->key.tenant.data, row->key.tenant.len);
    own->key.name.data = copy(batch->current, row->key.name.data, row->key.name.len);
    for (unsigned i = 0; i < RS_HIST_COUNT; i++)
        own->histograms[i] =
            copy(batch->current, row->histograms[i], row->histogram_sizes[i] * sizeof(rs_hist_entry_t));
    copy_policies(batch, own);
    batch->used_bytes += bytes;
    batch->count++;
    return RS_OK;
}

uint32_t rs_row_batch_count(const rs_row_batch_t *batch) { return batch->count; }
uint32_t rs_row_batch_max_rows(const rs_row_batch_t *batch) { return batch->max_rows; }

const rs_row_t *rs_row_batch_at(const rs_row_batch_t *batch, uint32_t i) {
    RS_REQUIRE(i < batch->count);
    return &batch->rows[i];
}
void rs_row_batch_get(const rs_row_batch_t *batch, uint32_t i, rs_row_t *row) { *row = *rs_row_batch_at(batch, i); }

uint32_t rs_row_batch_policy_count(const rs_row_batch_t *batch) { return batch->policy_count; }
const rs_policy_t *rs_row_batch_policy(const rs_row_batch_t *batch, uint32_t i) {
    RS_REQUIRE(i < batch->policy_count);
    return &batch->policies[i];
}

void rs_row_batch_set_policy(rs_row_batch_t *batch, uint32_t slot, const rs_policy_t *policy) {
    RS_REQUIRE(slot < RS_MAX_POLICIES);
    memcpy(&batch->slot_policies[slot], policy, sizeof *policy);
    batch->has_slot_policy[slot] = true;
    batch->last_named[slot] = NULL;
}

/* --- edges -------------------------------------------------------------------------------------------------------- */
int rs_row_batch_make_room_for_edges(rs_row_batch_t *batch, uint32_t max_edges) {
    if (max_edges > MAX_ROWS || batch->edges != NULL) return RS_ERR_INVALID;
    if (max_edges == 0) return RS_OK;
    batch->edges = calloc(max_edges, sizeof *batch->edges);
    if (batch->edges == NULL) return RS_ERR_MEMORY;
    batch->max_edges = max_edges;
    batch->max_bytes += max_edges * RS_ROW_BATCH_EDGE_BYTES;
    return RS_OK;
}

static int edge_bytes(const rs_process_row_t *edge, size_t *bytes) {
    const rs_str_t names[] = {edge->tenant, edge->queue, edge->from.queue, edge->to.queue};
    *bytes = rounded(edge->time_count * sizeof(rs_hist_entry_t));
    for (size_t i = 0; i < RS_ARRAY_LEN(names); i++) {
        if (names[i].len > RS_MAX_NAME) return RS_ERR_INVALID;
        *bytes += rounded(names[i].len);
    }
    return edge->time_count <= RS_HIST_BUCKETS ? RS_OK : RS_ERR_INVALID;
}

int rs_row_batch_add_edge(rs_row_batch_t *batch, const rs_process_row_t *edge) {
    size_t bytes = 0;
    int status = edge_bytes(edge, &bytes);
    if (status != RS_OK) return status;
    if (batch->edge_count == batch->max_edges || bytes > batch->max_bytes - batch->used_bytes) return RS_ERR_FULL;
    if (bytes > 0) {
        status = reserve(batch, bytes);
        if (status != RS_OK) return status;
    }
    rs_process_row_t *own = &batch->edges[batch->edge_count++];
    *own = *edge;
    own->tenant.data = copy(batch->current, edge->tenant.data, edge->tenant.len);
    own->queue.data = copy(batch->current, edge->queue.data, edge->queue.len);
    own->from.queue.data = copy(batch->current, edge->from.queue.data, edge->from.queue.len);
    own->to.queue.data = copy(batch->current, edge->to.queue.data, edge->to.queue.len);
    own->times = copy(batch->current, edge->times, edge->time_count * sizeof(rs_hist_entry_t));
    batch->used_bytes += bytes;
    return RS_OK;
}

uint32_t rs_row_batch_edge_count(const rs_row_batch_t *batch) { return batch->edge_count; }
uint32_t rs_row_batch_max_edges(const rs_row_batch_t *batch) { return batch->max_edges; }
const rs_process_row_t *rs_row_batch_edge_at(const rs_row_batch_t *batch, uint32_t i) {
    RS_REQUIRE(i < batch->edge_count);
    return &batch->edges[i];
}

/* --- contacts ------------------------------------------------------------------------------------------------------- */
int rs_row_batch_make_room_for_contacts(rs_row_batch_t *batch, uint32_t max_contacts) {
    if (max_contacts > MAX_ROWS || batch->contacts != NULL) return RS_ERR_INVALID;
    if (max_contacts == 0) return RS_OK;
    batch->contacts = calloc(max_contacts, sizeof *batch->contacts);
    if (batch->contacts == NULL) return RS_ERR_MEMORY;
    batch->max_contacts = max_contacts;
    return RS_OK;
}

static size_t contact_bytes(const rs_contact_row_t *contact) {
    size_t bytes = rounded(contact->tenant.len) + rounded(contact->contact.len) + rounded(contact->journey.len) +
                   rounded(contact->topic.len) + rounded(contact->fact_count * sizeof *contact->facts);
    for (uint32_t i = 0; i < contact->fact_count; i++) {
        const rs_told_fact_t *fact = &contact->facts[i];
        bytes += rounded(fact->queue.len) + rounded(fact->agent.len) + rounded(fact->team.len);
    }
    return bytes;
}

static void own_text(rs_row_batch_t *batch, rs_str_t *text) { text->data = copy(batch->current, text->data, text->len); }

int rs_row_batch_add_contact(rs_row_batch_t *batch, const rs_contact_row_t *contact) {
    if (batch->contact_count == batch->max_contacts) return RS_ERR_FULL;
    const size_t bytes = contact_bytes(contact);
    if (bytes > 0) {
        const int status = reserve(batch, bytes);
        if (status != RS_OK) return status;
    }
    rs_contact_row_t *own = &batch->contacts[batch->contact_count++];
    *own = *contact;
    own_text(batch, &own->tenant);
    own_text(batch, &own->contact);
    own_text(batch, &own->journey);
    own_text(batch, &own->topic);
    rs_told_fact_t *facts = contact->fact_count == 0 ? NULL : (rs_told_fact_t *)(batch->current->bytes + batch->current->used);
    own->facts = copy(batch->current, contact->facts, contact->fact_count * sizeof *contact->facts);
    for (uint32_t i = 0; i < contact->fact_count; i++) {
        own_text(batch, &facts[i].queue);
        own_text(batch, &facts[i].agent);
        own_text(batch, &facts[i].team);
    }
    return RS_OK;
}

uint32_t rs_row_batch_contact_count(const rs_row_batch_t *batch) { return batch->contact_count; }
uint32_t rs_row_batch_max_contacts(const rs_row_batch_t *batch) { return batch->max_contacts; }
const rs_contact_row_t *rs_row_batch_contact_at(const rs_row_batch_t *batch, uint32_t i) {
    RS_REQUIRE(i < batch->contact_count);
    return &batch->contacts[i];
}

uint32_t rs_row_batch_all(const rs_row_batch_t *batch) { return batch->count + batch->edge_count + batch->contact_count; }
bool rs_row_batch_is_empty(const rs_row_batch_t *batch) { return rs_row_batch_all(batch) == 0; }
bool rs_row_batch_is_full(const rs_row_batch_t *batch) {
    return batch->count == batch->max_rows || (batch->max_edges != 0 && batch->edge_count == batch->max_edges) ||
           (batch->max_contacts != 0 && batch->contact_count == batch->max_contacts);
}

uint64_t rs_row_batch_bytes(const rs_row_batch_t *batch) {
    return sizeof *batch + batch->max_rows * sizeof *batch->rows + batch->max_edges * sizeof *batch->edges +
           batch->max_contacts * sizeof *batch->contacts + batch->block_bytes;
}
