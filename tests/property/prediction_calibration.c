/* Forecasts are calibrated: of the legs to which the core gives a chance of x to miss T, x miss it, within two points; with exponential
 * and with log-normal handle times, the second of several shapes. And they say something: their Brier score is below half of what the
 * base rate alone would score, where anybody's can be: in short times of small queues chance is most of it. What can be is measured beside
 * it: the score of one who is told the true rates. The core, which is told nothing, comes within two hundredths of that everywhere.
 *
 * A simulated queue is played to a real core, event by event, with a tick each second. Every so often the forecasts of all who wait are
 * written down; each is settled by the offered wait of its caller (support/queue_simulator.h), also when he gave up. Nothing is told
 * to the core but events: agents, handle times, patience are its own estimates.
 *
 * Those who wait at one moment share their fate, so the standard error of a bin comes from hours, not from callers. A bin has enough
 * when it is below 0.8 points; then it must be within two points and that error.
 *
 * RS_PER_CENT: how much of the suite's length, 100; shorter ones cannot judge as many bins and need not. */
#include "core/core.h"
#include "queue_simulator.h"
#include "random.h"

#include <math.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(SANITIZED)
enum { DEFAULT_PER_CENT = 5 };   /* too little to judge: only that it runs clean */
#else
enum { DEFAULT_PER_CENT = 100 };
#endif
enum { BINS = 10, LOOK_S = 13, FEWEST_JUDGED = 7 };
static const double enough = 0.008, allowed = 0.02, as_known = 1.02;

typedef struct scenario {
    const char *name;
    queue_settings_t queue;
    double threshold_s;
    bool halves_brier;                  /* where one who knows the true rates can */
} scenario_t;

/* Load 1.2 and patience of two handle times: alerting_streaming.md, part D. Others: queues as they are found in contact centres. */
static const scenario_t scenarios[] = {
    {"M/M/100+M", {.servers = 100, .arrivals_per_s = 1.2 * 100 / 180, .service_s = 180, .patience_s = 120}, 30, true},
    {"M/M/20+M", {.servers = 20, .arrivals_per_s = 1.1 * 20 / 180, .service_s = 180, .patience_s = 360}, 40, true},
    {"M/M/5+M", {.servers = 5, .arrivals_per_s = 5 / 180.0, .service_s = 180, .patience_s = 240}, 60, false},
    {"M/LN(1.2)/100+M", {.servers = 100, .arrivals_per_s = 1.2 * 100 / 180, .service_s = 180, .service_cv = 1.2, .patience_s = 120}, 30, true},
    {"M/LN(1.2)/20+M", {.servers = 20, .arrivals_per_s = 1.1 * 20 / 180, .service_s = 180, .service_cv = 1.2, .patience_s = 360}, 40, true},
    {"M/LN(0.7)/20+M", {.servers = 20, .arrivals_per_s = 1.1 * 20 / 180, .service_s = 180, .service_cv = 0.7, .patience_s = 360}, 40, true},
    {"M/LN(0.5)/10+M", {.servers = 10, .arrivals_per_s = 10 / 180.0, .service_s = 180, .service_cv = 0.5, .patience_s = 240}, 60, false},
    {"M/LN(1)/5+M", {.servers = 5, .arrivals_per_s = 5 / 180.0, .service_s = 180, .service_cv = 1, .patience_s = 240}, 60, false},
};

typedef struct note { uint32_t caller; float chance, known; uint32_t next; } note_t;   /* known: said by the true parameters */
typedef struct play {
    const scenario_t *scenario;
    rs_config_t *config;
    rs_core_t *core;
    uint64_t seq;
    uint32_t key;
    note_t *notes;
    uint32_t note_count, note_max;
    uint32_t *first_note;               /* by caller, 0 = none */
    uint32_t *waiting;                  /* numbers of callers who wait, oldest first: as the core lists them */
    uint32_t waiting_count;
    double told[BINS], missed[BINS], count[BINS], brier, known_brier, answers, no_answers;
    double hour_s, of_hour[BINS], squares[BINS];   /* told - missed of the hour; squared, of the hours before */
} play_t;

static int64_t at_us(double s) { return INT64_C(1700006400) * RS_US_PER_S + (int64_t)(s * 1e6); }

static void play_event(play_t *play, rs_event_type_t type, const queue_event_t *happened) {
    char contact[16], agent[16] = "";
    snprintf(contact, sizeof contact, "c%u", happened->caller);
    if (type == RS_CONTACT_ANSWERED) snprintf(agent, sizeof agent, "a%u", happened->server);
    const rs_event_t event = {.occurred_us = at_us(happened->at_s), .seq = ++play->seq, .present = RS_HAS_SEQ, .type = (uint8_t)type,
                              .source = RS_STR("sim"), .contact_id = rs_str(contact), .queue = RS_STR("q"), .agent = rs_str(agent)};
    rs_core_apply_event(play->core, &event, event.occurred_us, (rs_origin_t){0});
}

static void leaves_line(play_t *play, uint32_t caller) {
    uint32_t at = 0;
    while (play->waiting[at] != caller) at++;
    memmove(play->waiting + at, play->waiting + at + 1, (--play->waiting_count - at) * sizeof *play->waiting);
}

static void end_hour(play_t *play) {
    for (uint32_t bin = 0; bin < BINS; bin++) {
        play->squares[bin] += play->of_hour[bin] * play->of_hour[bin];
        play->of_hour[bin] = 0;
    }
    play->hour_s += 3600;
}

static void settle(play_t *play, const queue_event_t *happened) {
    if (happened->at_s > play->hour_s) end_hour(play);
    const bool missed = happened->wait_s > play->scenario->threshold_s;
    for (uint32_t at = play->first_note[happened->caller]; at != 0; at = play->notes[at].next) {
        const double chance = (double)play->notes[at].chance;
        const uint32_t bin = chance >= 1 ? BINS - 1 : (uint32_t)(chance * BINS);
        play->count[bin]++;
        play->told[bin] += chance;
        play->missed[bin] += missed;
        play->of_hour[bin] += chance - missed;
        play->brier += (chance - missed) * (chance - missed);
        const double known = (double)play->notes[at].known;
        play->known_brier += (known - missed) * (known - missed);
    }
}

static void on_waiting(void *context, const rs_waiting_t *waiting) {
    play_t *play = context;
    RS_REQUIRE(waiting->ahead < play->waiting_count);
    const uint32_t caller = play->waiting[waiting->ahead];
    /* Who is past T has missed it; nothing is forecast there. */
    if (waiting->queued_us + (int64_t)(play->scenario->threshold_s * 1e6) <= rs_core_now(play->core)) return;
    RS_REQUIRE(play->note_count + 1 < play->note_max);
    const queue_settings_t *queue = &play->scenario->queue;
    const rs_waiting_line_t line = {.rate_per_s = queue->servers / queue->service_s, .giving_up_per_s = 1 / queue->patience_s};
    const double left_s = play->scenario->threshold_s - (double)(rs_core_now(play->core) - waiting->queued_us) * 1e-6;
    play->notes[++play->note_count] = (note_t){.caller = caller, .chance = (float)waiting->breach, .next = play->first_note[caller],
                                               .known = (float)rs_line_over(&line, waiting->ahead, left_s)};
    play->first_note[caller] = play->note_count;
}

static uint32_t find_queue(const rs_core_t *core) {
    rs_key_t key;
    for (uint32_t i = 0; i < rs_window_key_count(rs_core_windows(core)); i++) {
        rs_core_key(core, i, &key);
        if (key.family == RS_FAMILY_QUEUE) return i;
    }
    return UINT32_MAX;
}

static void apply(play_t *play, const queue_event_t *happened) {
    switch (happened->type) {
        case QUEUE_ARRIVED:
            play_event(play, RS_CONTACT_QUEUED, happened);
            play->waiting[play->waiting_count++] = happened->caller;
            break;
        case QUEUE_ANSWERED:
            play_event(play, RS_CONTACT_ANSWERED, happened);
            leaves_line(play, happened->caller);
            settle(play, happened);
            break;
        case QUEUE_ABANDONED:
            play_event(play, RS_CONTACT_ABANDONED, happened);
            leaves_line(play, happened->caller);
            break;
        case QUEUE_SHADOW: settle(play, happened); break;
        case QUEUE_ENDED: play_event(play, RS_CONTACT_ENDED, happened); break;
    }
}

static void look(play_t *play) {
    if (play->key == UINT32_MAX) play->key = find_queue(play->core);
    if (play->key == UINT32_MAX || play->waiting_count == 0) return;
    const uint32_t reason = rs_core_predict_waiting(play->core, play->key, on_waiting, play);
    *(reason == RS_PREDICTION_GIVEN ? &play->answers : &play->no_answers) += 1;
}

static bool judge(const play_t *play, bool full_length) {
    double count = 0, missed = 0;
    uint32_t judged = 0, wrong = 0;
    printf("%-16s", play->scenario->name);
    for (uint32_t bin = 0; bin < BINS; bin++) {
        count += play->count[bin];
        missed += play->missed[bin];
        const double share = play->count[bin] > 0 ? (play->told[bin] - play->missed[bin]) / play->count[bin] : 0;
        const double error = play->count[bin] > 0 ? sqrt(play->squares[bin]) / play->count[bin] : 1;
        if (error > enough) {
            printf("          -");
            continue;
        }
        printf(" %+5.1f~%.1f%c", 100 * share, 100 * error, fabs(share) > allowed + error ? '!' : ' ');
        judged++;
        wrong += fabs(share) > allowed + error;
    }
    const double base = missed / count, of_base = count * base * (1 - base), ratio = play->brier / of_base;
    const double silent = play->no_answers / (play->answers + play->no_answers);
    printf(" %.0f forecasts, %.3f missed, Brier %.4f of %.4f: %.3f (with the true rates %.3f), no answer %.2f %%\n", count, base,
           play->brier / count, of_base / count, ratio, play->known_brier / of_base, 100 * silent);
    const bool as_good_as_can_be = play->brier < as_known * play->known_brier || !full_length;
    return wrong == 0 && (judged >= FEWEST_JUDGED || !full_length) && as_good_as_can_be &&
           ratio < (play->scenario->halves_brier ? 0.5 : 1) && silent < 0.05;
}

static bool run(const scenario_t *scenario, uint64_t seed, uint32_t callers, bool full_length) {
    queue_settings_t settings = scenario->queue;
    settings.seed = seed;
    settings.callers = callers;
    play_t play = {.scenario = scenario, .key = UINT32_MAX, .note_max = callers * 8};
    play.notes = calloc(play.note_max, sizeof *play.notes);
    play.first_note = calloc(callers, sizeof *play.first_note);
    play.waiting = calloc(callers, sizeof *play.waiting);
    char threshold[64];
    snprintf(threshold, sizeof threshold, "queues.q.threshold=%ds", (int)scenario->threshold_s);
    rs_config_error_t error;
    RS_REQUIRE(rs_config_load(NULL, (const char *const[]){threshold}, 1, &play.config, &error) == RS_OK);
    play.config->prediction = (rs_prediction_config_t){.horizon_us = 30 * RS_US_PER_MIN, .min_handled = 10};
    const rs_core_options_t options = {.config = play.config, .windows = true, .start_us = at_us(0), .run = 1, .hash_seed = seed,
                                       .interval = {.mode = RS_INTERVAL_FIXED, .length_us = 900 * RS_US_PER_S}};
    RS_REQUIRE(rs_core_create(&options, &play.core) == RS_OK);
    queue_simulator_t *queue = queue_simulator_create(&settings);
    queue_event_t happened;
    const double warm_s = 4 * 3600;     /* until the queue and the shape of the handle times are there */
    uint64_t tick = 0;
    for (bool more = queue_simulator_next(queue, &happened); more;) {
        const double tick_s = (double)++tick;
        while (more && happened.at_s <= tick_s) {
            apply(&play, &happened);
            more = queue_simulator_next(queue, &happened);
        }
        rs_core_tick(play.core, at_us(tick_s));
        if (tick_s > warm_s && tick % LOOK_S == 0) look(&play);
    }
    const bool good = judge(&play, full_length);
    queue_simulator_destroy(&queue);
    rs_core_destroy(&play.core);
    rs_config_destroy(&play.config);
    free(play.notes);
    free(play.first_note);
    free(play.waiting);
    return good;
}

int main(void) {
    const uint64_t scale = rs_test_number("RS_PER_CENT", DEFAULT_PER_CENT), seed = rs_test_number("RS_SEED", 7);
    bool good = true;
    printf("seed: RS_SEED=%" PRIu64 "; told minus missed ~ its error, in points, for chances of 0-10, 10-20, …, 90-100 %%\n", seed);
    for (size_t i = 0; i < RS_ARRAY_LEN(scenarios); i++) {
        const uint32_t callers = (uint32_t)(scale * (scenarios[i].queue.servers >= 100 ? 5000 : 1500));
        if (!run(&scenarios[i], seed + i, callers, scale >= 100)) {
            printf("%s is not calibrated, or says too little\n", scenarios[i].name);
            good = false;
        }
    }
    return good ? 0 : 1;
}
