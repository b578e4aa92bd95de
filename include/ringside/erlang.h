/* ringside/erlang.h — how a queue with so many agents will do: Erlang B, Erlang C (everybody waits), Erlang A (some give up).
 *
 * Model:   calls arrive at random (Poisson), each needs an agent for a while (exponential, mean `handle_s`), and is served in order
 *          of arrival by `agents` alike. Erlang B: a call that finds all of them busy is lost. Erlang C: it waits for ever. Erlang A
 *          (Palm; M/M/s+M): it waits, and gives up after a while (exponential, mean `patience_s`).
 * Words:   load A = arrivals_per_s · handle_s (erlangs) · rho = A / agents · T = threshold_s
 * Formulas:
 *   B    B(0) = 1, B(n) = A·B(n-1) / (n + A·B(n-1))
 *   C    P(wait) = B / (1 - rho·(1 - B)) · mean wait (ASA) = P(wait)·handle_s / (agents - A)
 *        service level = 1 - P(wait)·e^(-(agents - A)·T / handle_s)
 *   A    x = agents·patience_s / handle_s, y = arrivals_per_s·patience_s, A(x,y) = 1 + sum over j>=1 of y^j / ((x+1)…(x+j))
 *        P(wait) = A(x,y)·B / (1 + (A(x,y) - 1)·B) · P(abandon | wait) = 1/(rho·A(x,y)) + 1 - 1/rho
 *        mean wait of all = P(abandon)·patience_s · P(wait > T | wait) = e^(-agents·T/handle_s + y - z)·A(x,z)/A(x,y)
 *        P(answered after T | wait) = (1/rho)·e^(-agents·T/handle_s + y - z)·(A(x,z) - 1)/A(x,y), with z = y·e^(-T/patience_s)
 *        service level = P(answered within T), of all calls: who gives up before T is a miss
 * Sources: A. K. Erlang (1917); Palm (1957); Mandelbaum and Zeltyn, "Service engineering in action: the Palm/Erlang-A queue" (2007).
 *          The two tails follow from theirs by the incomplete gamma function.
 * Numbers: recursions and logarithms only, so thousands of agents do not overflow; error of a chance at most 1e-9 + 1e-15·x. Cost: one
 * division per agent, and with patience some 10 times the root of max(x, y) more.
 * Threads: pure functions, any thread, no memory.
 * Errors:  RS_ERR_INVALID: an argument outside of its domain; the result is untouched. RS_ERR_LIMIT: no number of agents within
 *          RS_ERLANG_MAX_AGENTS reaches the target.
 */
#ifndef RINGSIDE_ERLANG_H
#define RINGSIDE_ERLANG_H

#include <ringside/event.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RS_ERLANG_MAX_AGENTS = 1000000 };

/* What comes and what it takes. In seconds, or in any other unit of time throughout. */
typedef struct rs_erlang_load {
    double arrivals_per_s;      /* >= 0, finite */
    double handle_s;            /* > 0, finite: mean time that a call takes an agent (talk, hold, wrap-up) */
    double patience_s;          /* > 0: mean time after which a waiting call gives up, at most 1e9·handle_s, or INFINITY: never */
} rs_erlang_load_t;

typedef struct rs_erlang {
    double p_wait;              /* that a call finds all agents busy */
    double p_abandon;           /* that it gives up, of all calls; 0 in Erlang C */
    double service_level;       /* that it is answered within T, of all calls */
    double p_over;              /* that one who would not give up waits longer than T */
    double mean_wait_s;         /* of all calls, answered or not: in Erlang C the ASA */
    double occupancy;           /* share of their time that agents are busy */
    double queue_length;        /* mean number that waits */
    bool overloaded;            /* Erlang C with rho >= 1: the queue grows for ever. p_wait, p_over, occupancy are 1, service_level 0,
                                   mean_wait_s and queue_length INFINITY */
} rs_erlang_t;

/* Probability that a call is lost when `agents` (0 too: all are) are offered `load` >= 0 erlangs. */
int rs_erlang_b(double load, uint32_t agents, double *lost);

/* Everything that Erlang C says; patience_s is not looked at. 1 <= agents <= RS_ERLANG_MAX_AGENTS; threshold_s >= 0 (INFINITY too). */
int rs_erlang_c(const rs_erlang_load_t *load, uint32_t agents, double threshold_s, rs_erlang_t *result);
/* The same for Erlang A; with patience_s = INFINITY it is Erlang C. Never overloaded with a finite patience. */
int rs_erlang_a(const rs_erlang_load_t *load, uint32_t agents, double threshold_s, rs_erlang_t *result);

/* The fewest agents (at least 1) whose service level is at least `target`, 0 < target < 1; threshold_s as above. */
int rs_erlang_c_agents(const rs_erlang_load_t *load, double threshold_s, double target, uint32_t *agents);
int rs_erlang_a_agents(const rs_erlang_load_t *load, double threshold_s, double target, uint32_t *agents);

#ifdef __cplusplus
}
#endif

#endif
