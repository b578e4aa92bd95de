/* Numbers seen, as the greatest one and the holes below it. */
#include "core/numbers.h"

#include <stdlib.h>

enum { MAX_HOLES = 65536 };

static uint32_t first_hole_ending_at_or_after(const rs_numbers_t *numbers, uint64_t number) {
    uint32_t low = 0, high = numbers->hole_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (numbers->holes[middle].to < number) low = middle + 1; else high = middle;
    }
    return low;
}

bool rs_numbers_has(const rs_numbers_t *numbers, uint64_t number) {
    if (!numbers->any || number > numbers->greatest) return false;
    const uint32_t place = first_hole_ending_at_or_after(numbers, number);
    return place == numbers->hole_count || numbers->holes[place].from > number;
}

static bool make_room(rs_numbers_t *numbers) {
    if (numbers->hole_count < numbers->hole_room) return true;
    if (numbers->hole_room == MAX_HOLES) {
        /* The oldest hole is given up: its numbers count as seen from here on. */
        numbers->hole_count--;
        memmove(numbers->holes, numbers->holes + 1, numbers->hole_count * sizeof *numbers->holes);
        return true;
    }
    const uint32_t room = numbers->hole_room == 0 ? 8 : numbers->hole_room * 2;
    rs_hole_t *holes = realloc(numbers->holes, room * sizeof *holes);
    if (holes == NULL) return false;
    numbers->holes = holes;
    numbers->hole_room = room;
    return true;
}

int rs_numbers_restore(rs_numbers_t *numbers, rs_hole_t hole) {
    if (numbers->hole_count == MAX_HOLES) return RS_ERR_LIMIT;
    if (!make_room(numbers)) return RS_ERR_MEMORY;
    numbers->holes[numbers->hole_count++] = hole;
    return RS_OK;
}

static void add_above(rs_numbers_t *numbers, uint64_t number) {
    const uint64_t from = numbers->any ? numbers->greatest + 1 : 0;
    if (number > from && make_room(numbers)) {
        numbers->holes[numbers->hole_count++] = (rs_hole_t){.from = from, .to = number - 1};
    }
    if (!numbers->any) numbers->first = number;
    numbers->any = true;
    numbers->greatest = number;
}

void rs_numbers_add(rs_numbers_t *numbers, uint64_t number) {
    if (!numbers->any || number > numbers->greatest) {
        add_above(numbers, number);
        return;
    }
    if (number < numbers->first) numbers->first = number;
    uint32_t place = first_hole_ending_at_or_after(numbers, number);
    if (place == numbers->hole_count || numbers->holes[place].from > number) return;
    rs_hole_t *hole = &numbers->holes[place];
    if (hole->from == hole->to) {
        numbers->hole_count--;
        memmove(hole, hole + 1, (numbers->hole_count - place) * sizeof *hole);
    } else if (number == hole->from) {
        hole->from++;
    } else if (number == hole->to) {
        hole->to--;
    } else {
        const uint64_t end = hole->to;
        const uint32_t before = numbers->hole_count;
        if (!make_room(numbers)) return;
        if (numbers->hole_count < before && place > 0) place--;
        hole = &numbers->holes[place];
        memmove(hole + 2, hole + 1, (numbers->hole_count - place - 1) * sizeof *hole);
        hole->to = number - 1;
        hole[1] = (rs_hole_t){.from = number + 1, .to = end};
        numbers->hole_count++;
    }
}

void rs_numbers_add_range(rs_numbers_t *numbers, uint64_t from, uint64_t to) {
    uint32_t place = 0;
    while (place < numbers->hole_count) {
        rs_hole_t *hole = &numbers->holes[place];
        const bool overlaps = hole->from <= to && hole->to >= from;
        if (!overlaps) { place++; continue; }
        if (hole->from < from && hole->to > to) {   /* the middle is cut out: two adds do it exactly */
            const uint64_t end = hole->to;
            rs_numbers_add(numbers, from);
            rs_hole_t *rest = &numbers->holes[first_hole_ending_at_or_after(numbers, from + 1)];
            if (rest->to == end) rest->from = to + 1;
            return;
        }
        if (hole->from < from) hole->to = from - 1;
        else if (hole->to > to) hole->from = to + 1;
        else {
            numbers->hole_count--;
            memmove(hole, hole + 1, (numbers->hole_count - place) * sizeof *hole);
            continue;
        }
        place++;
    }
}

void rs_numbers_gaps(const rs_numbers_t *numbers, uint64_t *gaps, uint64_t *missing) {
    *gaps = 0;
    *missing = 0;
    for (uint32_t i = 0; i < numbers->hole_count; i++) {
        if (numbers->holes[i].to < numbers->first) continue;   /* before the first one ever seen nothing is known */
        const uint64_t from = numbers->holes[i].from < numbers->first ? numbers->first : numbers->holes[i].from;
        (*gaps)++;
        *missing += numbers->holes[i].to - from + 1;
    }
}

void rs_numbers_deinit(rs_numbers_t *numbers) {
    free(numbers->holes);
    *numbers = (rs_numbers_t){0};
}
