#include "core/process/variants.h"

#include "core/hash.h"

#include <stdlib.h>

int rs_variants_init(rs_variants_t *variants, uint32_t max) {
    *variants = (rs_variants_t){0};
    if (rs_pool_init(&variants->pool, sizeof(rs_variant_t), max) != RS_OK || rs_index_init(&variants->index, max) != RS_OK) {
        rs_variants_deinit(variants);
        return RS_ERR_MEMORY;
    }
    variants->heap = calloc((size_t)max + 1, sizeof *variants->heap);
    if (variants->heap != NULL) return RS_OK;
    rs_variants_deinit(variants);
    return RS_ERR_MEMORY;
}

void rs_variants_deinit(rs_variants_t *variants) {
    rs_pool_deinit(&variants->pool);
    rs_index_deinit(&variants->index);
    free(variants->heap);
    *variants = (rs_variants_t){0};
}

/* --- the heap: least count first, of equals the lower number ------------------------------------------------------ */
static bool comes_first(const rs_variant_rank_t *a, const rs_variant_rank_t *b) {
    return a->count != b->count ? a->count < b->count : a->number < b->number;
}

static void put(rs_variants_t *v, uint32_t place, rs_variant_rank_t rank) {
    v->heap[place] = rank;
    rs_variants_at(v, rank.number)->heap_place = place + 1;
}

static void sift(rs_variants_t *v, uint32_t place) {
    const rs_variant_rank_t rank = v->heap[place];
    while (place > 0 && comes_first(&rank, &v->heap[(place - 1) / 2])) {
        put(v, place, v->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    for (;;) {
        uint32_t child = place * 2 + 1;
        if (child + 1 < v->heap_count && comes_first(&v->heap[child + 1], &v->heap[child])) child++;
        if (child >= v->heap_count || !comes_first(&v->heap[child], &rank)) break;
        put(v, place, v->heap[child]);
        place = child;
    }
    put(v, place, rank);
}

static void make_heap(rs_variants_t *v) {
    for (uint32_t number = 1; number <= v->pool.made; number++) {
        const rs_variant_t *variant = rs_variants_at(v, number);
        if (variant->is_free) continue;
        put(v, v->heap_count++, (rs_variant_rank_t){.count = variant->count, .number = number});
        sift(v, v->heap_count - 1);
    }
}

static void heap_add(rs_variants_t *v, uint32_t number) {
    if (v->heap_count == 0) return;
    put(v, v->heap_count++, (rs_variant_rank_t){.count = rs_variants_at(v, number)->count, .number = number});
    sift(v, v->heap_count - 1);
}

/* A count that has grown stays where it is until that matters. */
static void heap_changed(rs_variants_t *v, uint32_t number) {
    if (v->heap_count == 0) return;
    const rs_variant_t *variant = rs_variants_at(v, number);
    rs_variant_rank_t *rank = &v->heap[variant->heap_place - 1];
    if (variant->count >= rank->count) return;
    rank->count = variant->count;
    sift(v, variant->heap_place - 1);
}

static void heap_remove(rs_variants_t *v, uint32_t number) {
    if (v->heap_count == 0) return;
    const uint32_t place = rs_variants_at(v, number)->heap_place - 1;
    const rs_variant_rank_t last = v->heap[--v->heap_count];
    if (last.number == number) return;
    put(v, place, last);
    sift(v, place);
}

static uint32_t least_frequent(rs_variants_t *v) {
    if (v->heap_count == 0) make_heap(v);
    for (;;) {
        const int64_t count = rs_variants_at(v, v->heap[0].number)->count;
        if (v->heap[0].count == count) return v->heap[0].number;
        v->heap[0].count = count;
        sift(v, 0);
    }
}

/* --- the variants ------------------------------------------------------------------------------------------------- */
static uint64_t hash_of(uint32_t tenant, uint64_t variant) { return rs_hash_mix(variant + tenant * UINT64_C(0x9e3779b97f4a7c15)); }

static uint32_t find(const rs_variants_t *v, uint64_t hash, uint32_t tenant) {
    uint32_t cursor = rs_index_begin(&v->index, hash), number;
    while ((number = rs_index_next(&v->index, hash, &cursor)) != 0) {
        const rs_variant_t *variant = rs_variants_at(v, number);
        if (variant->hash == hash && variant->tenant == tenant) return number;
    }
    return 0;
}

static void remove_variant(rs_variants_t *v, uint32_t number) {
    rs_variant_t *variant = rs_variants_at(v, number);
    heap_remove(v, number);
    rs_index_remove(&v->index, variant->hash, number);
    variant->is_free = true;
    rs_pool_give(&v->pool, number);
}

/* A place for a new one; when all are taken, that of the least frequent. *count: what stands there. 0: there are none. */
static uint32_t take_place(rs_variants_t *v, int64_t *count) {
    *count = 0;
    uint32_t number = rs_pool_take(&v->pool);
    if (number != 0 || v->pool.live == 0) return number;
    const uint32_t least = least_frequent(v);
    *count = rs_variants_at(v, least)->count;
    remove_variant(v, least);
    v->taken_over++;
    return rs_pool_take(&v->pool);
}

static uint32_t add_variant(rs_variants_t *v, uint64_t hash, uint32_t tenant, const rs_path_t *path, const rs_step_t *end) {
    int64_t error;
    const uint32_t number = take_place(v, &error);
    if (number == 0) return 0;
    rs_variant_t *variant = rs_variants_at(v, number);
    *variant = (rs_variant_t){.tenant = tenant, .hash = hash, .count = error, .error = error, .end = (uint8_t)end->to,
                              .length = end->length, .cut = (end->flags & RS_STEP_CUT) != 0};
    memcpy(variant->stages, path->stages, end->length * sizeof path->stages[0]);
    rs_index_add(&v->index, hash, number);
    heap_add(v, number);
    return number;
}

void rs_variants_count(rs_variants_t *v, uint32_t tenant, const rs_path_t *path, const rs_step_t *end, int sign) {
    const uint64_t hash = hash_of(tenant, end->variant);
    uint32_t number = find(v, hash, tenant);
    if (number == 0 && sign > 0) number = add_variant(v, hash, tenant, path, end);
    if (number == 0) {
        v->missed++;
        return;
    }
    rs_variant_t *variant = rs_variants_at(v, number);
    variant->count += sign;
    variant->path_us += sign * end->path_us;
    if (variant->count < variant->error) variant->error = variant->count;
    if (variant->count <= 0) remove_variant(v, number);
    else heap_changed(v, number);
}

uint64_t rs_variants_bytes(const rs_variants_t *v) {
    return rs_pool_bytes(&v->pool) + rs_index_bytes(&v->index) + (uint64_t)v->pool.max_items * sizeof *v->heap;
}
