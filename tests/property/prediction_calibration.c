/* Forecasts are calibrated: of the legs to which the core gives a chance of x to miss T, x miss it, within two points; with exponential
 * and with log-normal handle times, the second of several shapes. And they say something: their Brier score is below half of what the
 * base rate alone would score, wherever that can be. Short times of small queues are mostly chance, so what can be is measured beside it:
 * the score of the formula that is told the true rates, patience and shape of the handle times (line.h; with exponential ones it is exact:
 * no forecast from the same line is better). Each scenario says whether that one halves the base rate's score, and is held to it; the
 * core, which is told nothing, must then halve it, too, and everywhere come within a hundredth of the informed one.
 *
 * A simulated queue is played to a real core, event by event. Every so often the forecasts of all who wait are written down; each is
 * settled by the offered wait of its caller (support/queue_simulator.h), also when he gave up. Nothing is told to the core but events:
 * agents, handle times, patience are its own estimates.
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

enum { DEFAULT_PER_CENT = RS_SANITIZED ? 5 : 100 };   /* too little to judge: only that it runs clean */
enum { BINS = 10, LOOK_S = 13, FEWEST_JUDGED = 7, MAX_SERVERS = 100 };
static const double enough = 0.008, allowed = 0.02, as_informed = 1.01;

typedef struct scenario {
    const char *name;
    queue_settings_t queue;
    double threshold_s;
    bool can_halve;                     /* who is told the truth halves the base rate's Brier score */
} scenario_t;

/* Load 1.2 and patience of two handle times: alerting_streaming.md, part D. Others: queues as they are found in contact centres. */
static const scenario_t scenarios[] = {
    {"M/M/100+M", {.servers = 100, .arrivals_per_s = 1.2 * 100 / 180, .service_s = 180, .patience_s = 120}, 30, true},
    {"M/M/20+M", {.servers = 20, .arrivals_per_s = 1.1 * 20 / 180, .service_s = 180, .patience_s = 360}, 40, true},
    {"M/M/10+M", {.servers = 10, .arrivals_per_s = 10 / 180.0, .service_s = 180, .patience_s = 240}, 60, false},
    {"M/M/5+M", {.servers = 5, .arrivals_per_s = 5 / 180.0, .service_s = 180, .patience_s = 240}, 60, false},
    {"M/LN(1.2)/100+M", {.servers = 100, .arrivals_per_s = 1.2 * 100 / 180, .service_s = 180, .service_cv = 1.2, .patience_s = 120},
     30, true},
    {"M/LN(1.2)/20+M", {.servers = 20, .arrivals_per_s = 1.1 * 20 / 180, .service_s = 180, .service_cv = 1.2, .patience_s = 360}, 40, true},
    {"M/LN(0.7)/20+M", {.servers = 20, .arrivals_per_s = 1.1 * 20 / 180, .service_s = 180, .service_cv = 0.7, .patience_s = 360}, 40, true},
    {"M/LN(0.5)/10+M", {.servers = 10, .arrivals_per_s = 10 / 180.0, .service_s = 180, .service_cv = 0.5, .patience_s = 240}, 60, false},
    {"M/LN(1)/5+M", {.servers = 5, .arrivals_per_s = 5 / 180.0, .service_s = 180, .service_cv = 1, .patience_s = 240}, 60, false},
};

typedef struct note { uint32_t caller; float chance, informed; uint32_t next; } note_t;
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
    rs_hazard_t truth;                  /* of the handle times */
    int64_t since_us[MAX_SERVERS];      /* when what a server does began */
    double told[BINS], missed[BINS], count[BINS], brier, informed_brier, answers, no_answers;
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
        const double informed = (double)play->notes[at].informed;
        play->informed_brier += (informed - missed) * (informed - missed);
    }
}

/* The line as it is for one who is told the truth. Somebody waits, so every server is busy. */
static rs_waiting_line_t informed_line(const play_t *play, rs_departures_t *departures) {
    const queue_settings_t *queue = &play->scenario->queue;
    rs_waiting_line_t line = {.rate_per_s = queue->servers / queue->service_s, .giving_up_per_s = 1 / queue->patience_s};
    if (queue->service_cv <= 0) return line;
    rs_busy_t busy = {0};
    for (uint32_t i = 0; i < queue->servers; i++) rs_busy_add(&busy, &play->truth, rs_core_now(play->core) - play->since_us[i]);
    rs_departures_expect(departures, &play->truth, &busy, play->scenario->threshold_s);
    line.departures = departures;
    return line;
}

typedef struct looked { play_t *play; rs_waiting_line_t informed; } looked_t;

static void on_waiting(void *context, const rs_waiting_t *waiting) {
    const looked_t *looked = context;
    play_t *play = looked->play;
    RS_REQUIRE(waiting->ahead < play->waiting_count);
    const uint32_t caller = play->waiting[waiting->ahead];
    const double left_s = play->scenario->threshold_s - (double)(rs_core_now(play->core) - waiting->queued_us) * 1e-6;
    if (left_s <= 0) return;   /* who is past T has missed it; nothing is forecast there */
    RS_REQUIRE(play->note_count + 1 < play->note_max);
    play->notes[++play->note_count] = (note_t){.caller = caller, .chance = (float)waiting->breach, .next = play->first_note[caller],
                                               .informed = (float)rs_line_over(&looked->informed, waiting->ahead, left_s)};
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
            play->since_us[happened->server] = at_us(happened->at_s);
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
    rs_departures_t departures;
    looked_t looked = {.play = play, .informed = informed_line(play, &departures)};
    const uint32_t reason = rs_core_predict_waiting(play->core, play->key, on_waiting, &looked);
    *(reason == RS_PREDICTION_GIVEN ? &play->answers : &play->no_answers) += 1;
}

/* A row of the table: the bins, then the scores. Full runs alone are long enough for verdicts on each bin. */
static bool judge(const play_t *play, bool full_length) {
    double count = 0, missed = 0;
    uint32_t judged = 0, wrong = 0;
    printf("%-15s", play->scenario->name);
    for (uint32_t bin = 0; bin < BINS; bin++) {
        count += play->count[bin];
        missed += play->missed[bin];
        const double share = play->count[bin] > 0 ? (play->told[bin] - play->missed[bin]) / play->count[bin] : 0;
        const double error = play->count[bin] > 0 ? sqrt(play->squares[bin]) / play->count[bin] : 1;
        if (error > enough) {
            printf("         -");
            continue;
        }
        const bool is_wrong = fabs(share) > allowed + error;
        printf(" %+4.1f~%.1f%c", 100 * share, 100 * error, is_wrong ? '!' : ' ');
        judged++;
        wrong += is_wrong;
    }
    const double base_rate = missed / count, of_base = count * base_rate * (1 - base_rate);
    const double ours = play->brier / of_base, informed = play->informed_brier / of_base;
    const double silent = play->no_answers / (play->answers + play->no_answers);
    const char *half = informed < 0.5 ? ours < 0.5 ? "yes" : "NO" : "cannot be";
    printf(" %8.0f  %5.3f  %6.4f  %6.4f  %5.3f  %5.3f  %6.4f  %-9s  %4.2f %%\n", count, base_rate, of_base / count,
           play->brier / count, ours, informed, ours / informed, half, 100 * silent);
    fflush(stdout);
    if (silent >= 0.05 || wrong > 0) return false;
    if (!full_length) return ours < 1;
    return judged >= FEWEST_JUDGED && ours < as_informed * informed && (informed < 0.5) == play->scenario->can_halve &&
           (ours < 0.5 || !play->scenario->can_halve);
}

static bool run(const scenario_t *scenario, uint64_t seed, uint32_t callers, bool full_length) {
    queue_settings_t settings = scenario->queue;
    settings.seed = seed;
    settings.callers = callers;
    play_t play = {.scenario = scenario, .key = UINT32_MAX, .note_max = callers * 8};
    RS_REQUIRE(settings.servers <= MAX_SERVERS);
    if (settings.service_cv > 0) {
        static rs_hist_entry_t entries[RS_HIST_BUCKETS];
        rs_hazard_measure(&play.truth, settings.service_s, entries, queue_service_entries(&settings, 1000000, entries));
    }
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
    double now_s = 0;
    for (bool more = queue_simulator_next(queue, &happened); more;) {
        now_s += LOOK_S;
        for (; more && happened.at_s <= now_s; more = queue_simulator_next(queue, &happened)) apply(&play, &happened);
        rs_core_tick(play.core, at_us(now_s));
        if (now_s > warm_s) look(&play);
    }
    end_hour(&play);
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
    printf("seed: RS_SEED=%" PRIu64 "\nBy told chance: told minus missed ~ its standard error, in points; -: too few. Brier scores: "
           "of the base rate, ours; then over the base rate's:\n"
           "ours, the informed one's; ours over the informed one's; half of the base rate's\n%-15s", seed,
           "");
    for (uint32_t bin = 0; bin < BINS; bin++) printf("  %2u-%3u %%", 10 * bin, 10 * bin + 10);
    printf(" forecasts missed   base    ours   ours/b inf/b  ours/inf half       no answer\n");
    for (size_t i = 0; i < RS_ARRAY_LEN(scenarios); i++) {
        const uint32_t callers = (uint32_t)(scale * (scenarios[i].queue.servers >= 100 ? 5000 : 3000));
        if (!run(&scenarios[i], seed + i, callers, scale >= 100)) {
            printf("%s is not calibrated, or says too little\n", scenarios[i].name);
            good = false;
        }
    }
    return good ? 0 : 1;
}
