#include "feed/episodes.h"

#include <stdlib.h>

/* Episode numbers are dense and rising: spread them over the table. */
static uint64_t hash_of(uint64_t episode) {
    uint64_t mixed = episode * UINT64_C(0x9E3779B97F4A7C15);
    return mixed ^ (mixed >> 32);
}

int rs__episodes_init(rs__episodes_t *episodes, uint32_t max) {
    *episodes = (rs__episodes_t){.max = max};
    int status = rs_pool_init(&episodes->pool, sizeof(rs__episode_t), max);
    if (status == RS_OK) status = rs_index_init(&episodes->index, max);
    if (status != RS_OK) rs_pool_deinit(&episodes->pool);
    return status;
}

void rs__episodes_deinit(rs__episodes_t *episodes) {
    for (uint32_t number = 1; number < rs__episodes_end(episodes); number++) {
        const rs__episode_t *episode = rs__episodes_at(episodes, number);
        if (episode != NULL) free(episode->text);
    }
    rs_index_deinit(&episodes->index);
    rs_pool_deinit(&episodes->pool);
}

const rs__episode_t *rs__episodes_at(const rs__episodes_t *episodes, uint32_t number) {
    const rs__episode_t *episode = rs_pool_at(&episodes->pool, number);
    return episode->text == NULL ? NULL : episode;
}

static uint32_t find(const rs__episodes_t *episodes, uint64_t episode) {
    const uint64_t hash = hash_of(episode);
    uint32_t number = 0;

    for (uint32_t cursor = rs_index_begin(&episodes->index, hash);
         (number = rs_index_next(&episodes->index, hash, &cursor)) != 0;) {
        const rs__episode_t *candidate = rs_pool_at(&episodes->pool, number);
        if (candidate->episode == episode) return number;
    }
    return 0;
}

static void forget(rs__episodes_t *episodes, uint32_t number) {
    rs__episode_t *place = rs_pool_at(&episodes->pool, number);

    rs_index_remove(&episodes->index, hash_of(place->episode), number);
    free(place->text);
    *place = (rs__episode_t){0};
    rs_pool_give(&episodes->pool, number);
}

void rs__episodes_remove(rs__episodes_t *episodes, uint64_t episode) {
    const uint32_t number = find(episodes, episode);
    if (number != 0) forget(episodes, number);
}

int rs__episodes_put(rs__episodes_t *episodes, const rs__episode_t *last) {
    uint32_t number = find(episodes, last->episode);
    const size_t size = (size_t)last->topic_len + last->body_len;
    char *text = malloc(size);

    if (text == NULL) {
        if (number != 0) forget(episodes, number);
        return RS_ERR_MEMORY;
    }
    if (number == 0) {
        number = rs_pool_take(&episodes->pool);
        if (number == 0) {
            free(text);
            return RS_ERR_LIMIT;
        }
        rs_index_add(&episodes->index, hash_of(last->episode), number);
    }
    rs__episode_t *place = rs_pool_at(&episodes->pool, number);
    free(place->text);
    *place = *last;
    place->text = memcpy(text, last->text, size);
    return RS_OK;
}
