/* support/oracle_internal.h — what the oracle's files share. */
#ifndef RS_TESTS_ORACLE_INTERNAL_H
#define RS_TESTS_ORACLE_INTERNAL_H

#include "oracle.h"

typedef enum outcome { STILL_OPEN, ANSWERED, ABANDONED, FLOWED_OUT, CALLED_BACK } outcome_t;

typedef struct place {
    rs_str_t queue;
    uint8_t channel;
} place_t;

typedef struct leg {
    place_t place;
    int64_t queued_us, closed_us, wait_us;
    int64_t since_us, counted_us; /* call-backs: where its clock began; of its wait, what an earlier leg has counted */
    size_t queued_rank, closed_rank; /* rank in the total order of all events */
    outcome_t outcome;
    uint8_t reason;
    rs_str_t tenant, journey, agent, team;
} leg_t;

/* An answer that a journey can end with. */
typedef struct answer {
    int64_t at_us;
    size_t rank, leg;
    rs_str_t tenant, journey;
} answer_t; /* leg: 1 + index, 0 = direct */
typedef struct answer_list {
    answer_t *items;
    size_t count, room;
} answer_list_t;
typedef struct leg_list {
    leg_t *items;
    size_t count, room;
} leg_list_t;

/* Where a contact ends. */
typedef struct end {
    rs_str_t tenant, journey;
    int64_t ended_us, last_us; /* last ended or abandoned, INT64_MIN = none; last event */
} end_t;
typedef struct end_list {
    end_t *items;
    size_t count, room;
} end_list_t;
/* A handling that has ended; its fact without a value. */
typedef struct ended {
    oracle_fact_t fact;
    int64_t begun_us;
} ended_t;
typedef struct ended_list {
    ended_t *items;
    size_t count, room;
} ended_list_t;

struct oracle {
    const rs_config_t *config;
    int64_t end_us;
    const rs_event_t **events; /* accepted, in the total order */
    size_t event_count;
    oracle_fact_t *facts;
    size_t fact_count, fact_room;
    oracle_open_leg_t *open_legs;
    size_t open_leg_count, open_leg_room;
    oracle_open_handling_t *open_handlings;
    size_t open_handling_count, open_handling_room;
    leg_list_t legs;
    answer_list_t answers;
    end_list_t ends;
    ended_list_t ended;
};

/* Room for one more item; the old array must not be used afterwards. */
void *oracle_grown(void *items, size_t count, size_t *room, size_t size);
rs_str_t oracle_tenant_of(const rs_event_t *event);
int64_t oracle_not_negative(int64_t value);

/* A fact under a queue and channel, at its own moment and that of its leg; then with the agent whose rows get it too. */
oracle_fact_t oracle_fact_at(const oracle_t *oracle, rs_str_t tenant, place_t place, int64_t event_us,
                             int64_t enter_us);
oracle_fact_t oracle_with_agent(oracle_fact_t fact, rs_str_t agent, rs_str_t team);
void oracle_add(oracle_t *oracle, oracle_fact_t fact, oracle_fact_kind_t kind, unsigned id, int64_t value);
/* A count that grows by nothing is no fact. */
void oracle_add_count(oracle_t *oracle, oracle_fact_t fact, rs_count_t id, int64_t value);
/* The verdict of one policy. */
void oracle_judge(oracle_t *oracle, oracle_fact_t fact, uint32_t slot, place_t place, outcome_t outcome, uint8_t reason,
                  int64_t wait_us);
/* All that a closed leg counts, but service level. */
void oracle_count_outcome(oracle_t *oracle, oracle_fact_t fact, const leg_t *leg);
/* Where an answer to a survey belongs that names neither queue nor agent; the team of the agent that it names, if it does. */
typedef struct oracle_survey_place {
    rs_str_t queue, agent, team, team_of_named;
    uint8_t channel;
} oracle_survey_place_t;
/* All that one answer counts (oracle_feedback.c). */
void oracle_count_survey(oracle_t *oracle, rs_str_t tenant, const rs_event_t *event, const oracle_survey_place_t *place,
                         bool is_first);
/* From a contact's first event to its last. `ranks`: the events' places in the total order. */
void oracle_walk_contact(oracle_t *oracle, const rs_event_t **events, const size_t *ranks, size_t event_count);
/* oracle_replies.c: what a message, a closing, a reopening or a call-back counts; other types: nothing. `team`: of the agent. */
void oracle_count_aside(oracle_t *oracle, const rs_event_t *const *events, size_t index, rs_str_t tenant, place_t place,
                        rs_str_t team);
/* Working time by the hours of a queue, minute by minute. */
int64_t oracle_worked_us(const rs_config_t *config, rs_str_t tenant, place_t place, int64_t from_us, int64_t to_us);
/* Whether a call-back's clock goes on in that queue. */
bool oracle_keeps_clock(const rs_config_t *config, rs_str_t tenant, place_t place);
/* Of a journey: the last end of its contacts, else their last event. */
int64_t oracle_journey_close_us(const oracle_t *oracle, rs_str_t tenant, rs_str_t journey);
void oracle_add_handling(oracle_t *oracle, oracle_fact_t fact, int64_t begun_us);
/* After all contacts: handlings of one agent at the same time. */
void oracle_count_overlaps(oracle_t *oracle);
/* After all contacts: one verdict per journey. */
void oracle_judge_journeys(oracle_t *oracle);

#endif
