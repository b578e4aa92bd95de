/* An alert says where its deviation comes from: in random centres something is made worse at random, a queue, a channel, a team or a stage,
 * until a rule about the whole fires, and the first part of its explanation must name it: in at least 95 % of all cases, and in so many of
 * each kind but for what chance does (three standard errors).
 *
 * A centre has 3 channels of 3 to 8 queues each and 3 to 8 teams, all of random sizes; who calls what and who answers are independent. For
 * an hour and a half all is well; then, from one moment on,
 *     queue     its service level falls, or more give up, or it is answered later, or its handle times grow, or its calls multiply
 *     channel   the same of all its queues, but for the calls
 *     team      its handle times grow
 *     stage     the service level falls because all are answered later, or because more give up
 * by so much as the whole notices: a rule on the whole over 15 minutes (of teams, which are known by the hour: over an hour) fires within
 * twice that time. A centre in which it fires before, by chance, or not at all, is drawn again. The policy counts those who still wait as
 * nothing: whether they are answered late or give up is not known yet. Stages answer another question than queues, channels and teams and
 * stand before these: the first part is the first of its kind.
 * RS_RUNS: cases (200; 12 under a sanitizer). RS_SEED: the beginning of the random numbers. */
#include "core/core.h"
#include "draws.h"

enum { DEFAULT_CASES = RS_SANITIZED ? 12 : 200 };
enum { CHANNELS = 3, MOST_QUEUES = 8 * CHANNELS, MOST_TEAMS = 8, WELL_S = 5400, CALL_MS = 714, NAME = 24, THRESHOLD_S = 20 };
static const double least_right = 0.95;
static const int64_t start_us = (INT64_C(1704067200) + 6 * 3600) * RS_US_PER_S;

/* --- a centre ------------------------------------------------------------------------------------------------------------- */
typedef enum fault { FAULT_LEVEL, FAULT_LOSSES, FAULT_WAITS, FAULT_HANDLING, FAULT_CALLS, FAULT_COUNT } fault_t;
typedef enum where { OF_QUEUE, OF_CHANNEL, OF_TEAM, OF_STAGE, WHERES } where_t;
static const char *const where_names[WHERES] = {"queue", "channel", "team", "stage"};
static const uint8_t channels[CHANNELS] = {RS_CHANNEL_VOICE, RS_CHANNEL_CHAT, RS_CHANNEL_EMAIL};

/* What is usual, and the rule about the whole that notices when it is not. */
static const double late_share = 0.08, lost_share = 0.04, handle_s = 180;
static const char *const rules[FAULT_COUNT] = {
    "metric: service_level, compare: below, limit: 0.84", "metric: abandoned_rate, compare: above, limit: 0.07",
    "metric: asa, compare: above, limit: 14s",
    "metric: aht, compare: above, limit: 205s", "metric: offered, compare: above, limit: 1650"};

typedef struct centre {
    rs_random_t random;
    uint32_t queue_count, team_count;
    uint8_t channel_of[MOST_QUEUES];
    double queue_size[MOST_QUEUES], team_size[MOST_TEAMS];   /* shares of all */
    fault_t fault;
    where_t where;
    uint32_t element;              /* queue, place in channels, team; of stages 0: answered late, 1: lost */
    double severity;               /* the share made late or lost; the factor on handle times or calls */
    uint32_t window_s;             /* of the rule; it is worse for two of them */
} centre_t;

static double between(rs_random_t *random, double from, double to) { return from + (to - from) * rs_draw_uniform(random); }

static void draw_sizes(rs_random_t *random, double *sizes, uint32_t count) {
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) sum += sizes[i] = between(random, 0.3, 2);
    for (uint32_t i = 0; i < count; i++) sizes[i] /= sum;
}

static uint32_t draw_one(rs_random_t *random, const double *sizes, uint32_t count) {
    double left = rs_draw_uniform(random);
    uint32_t one = 0;
    while (one + 1 < count && (left -= sizes[one]) >= 0) one++;
    return one;
}

static double size_of_fault(const centre_t *centre) {
    double size = 0;
    if (centre->where == OF_QUEUE) return centre->queue_size[centre->element];
    if (centre->where == OF_TEAM) return centre->team_size[centre->element];
    if (centre->where == OF_STAGE) return 1;
    for (uint32_t i = 0; i < centre->queue_count; i++) size += centre->channel_of[i] == centre->element ? centre->queue_size[i] : 0;
    return size;
}

/* Whether the whole will notice: with half as much again as its rule needs. */
static bool is_enough(const centre_t *centre) {
    const double by = centre->severity * size_of_fault(centre), more = (centre->severity - 1) * size_of_fault(centre);
    switch (centre->fault) {
        case FAULT_LEVEL: return by > 0.07;
        case FAULT_LOSSES: return by > 0.05;
        case FAULT_WAITS: return by > 0.10;
        case FAULT_HANDLING: return more * handle_s > 40;
        default: return more > 0.15;
    }
}

static centre_t draw_centre(rs_random_t *random, where_t where) {
    centre_t centre = {.random = {rs_random_next(random)}, .where = where, .window_s = where == OF_TEAM ? 3600 : 900};
    rs_random_t *draws = &centre.random;
    for (uint32_t i = 0; i < CHANNELS; i++)
        for (uint64_t left = 3 + rs_random_below(draws, 6); left > 0; left--) centre.channel_of[centre.queue_count++] = (uint8_t)i;
    centre.team_count = 3 + (uint32_t)rs_random_below(draws, MOST_TEAMS - 2);
    draw_sizes(draws, centre.queue_size, centre.queue_count);
    draw_sizes(draws, centre.team_size, centre.team_count);
    const uint32_t elements[WHERES] = {centre.queue_count, CHANNELS, centre.team_count, 2};
    do {
        centre.element = (uint32_t)rs_random_below(draws, elements[where]);
        centre.fault = where == OF_TEAM    ? FAULT_HANDLING
                       : where == OF_STAGE ? FAULT_LEVEL
                                           : (fault_t)rs_random_below(draws, where == OF_QUEUE ? FAULT_COUNT : FAULT_CALLS);
        centre.severity = centre.fault < FAULT_HANDLING ? between(draws, 0.1, 0.9) : between(draws, 1.3, 5);
    } while (!is_enough(&centre));
    return centre;
}

/* --- its calls ------------------------------------------------------------------------------------------------------------ */
typedef struct moment {
    int64_t at_us;
    uint32_t call;
    uint8_t type, queue, team;
} moment_t;

typedef struct play {
    moment_t *moments;
    size_t count;
} play_t;

static bool is_hit(const centre_t *centre, double at_s, uint32_t queue, uint32_t team) {
    if (at_s < WELL_S) return false;
    switch (centre->where) {
        case OF_QUEUE: return queue == centre->element;
        case OF_CHANNEL: return centre->channel_of[queue] == centre->element;
        case OF_TEAM: return team == centre->element;
        default: return true;
    }
}

static void add_moment(play_t *play, rs_event_type_t type, double at_s, const moment_t *call) {
    moment_t moment = *call;
    moment.type = (uint8_t)type;
    moment.at_us = start_us + (int64_t)(at_s * 1e6);
    play->moments[play->count++] = moment;
}

static void add_call(centre_t *centre, play_t *play, double at_s, uint32_t queue, uint32_t number) {
    rs_random_t *random = &centre->random;
    const uint32_t team = draw_one(random, centre->team_size, centre->team_count);
    const bool hit = is_hit(centre, at_s, queue, team);
    const bool of_losses = centre->fault == FAULT_LOSSES || (centre->where == OF_STAGE && centre->element == 1);
    const bool of_waits = centre->fault == FAULT_WAITS || (centre->fault == FAULT_LEVEL && !of_losses);
    const bool made_lost = hit && of_losses && rs_draw_uniform(random) < centre->severity;
    const bool made_late = hit && of_waits && rs_draw_uniform(random) < centre->severity;
    const bool lost = rs_draw_uniform(random) < lost_share || made_lost, late = rs_draw_uniform(random) < late_share || made_late;
    const double waits_s = lost || late ? between(random, THRESHOLD_S + 5, 3 * THRESHOLD_S) : between(random, 1, THRESHOLD_S - 5);
    const double handled_s = -log(rs_draw_uniform(random)) * handle_s * (hit && centre->fault == FAULT_HANDLING ? centre->severity : 1);
    const moment_t call = {.call = number, .queue = (uint8_t)queue, .team = (uint8_t)team};
    add_moment(play, RS_CONTACT_QUEUED, at_s, &call);
    add_moment(play, lost ? RS_CONTACT_ABANDONED : RS_CONTACT_ANSWERED, at_s + waits_s, &call);
    if (!lost) add_moment(play, RS_CONTACT_ENDED, at_s + waits_s + handled_s, &call);
}

static int compare_moments(const void *left, const void *right) {
    const moment_t *a = left, *b = right;
    return a->at_us != b->at_us ? (a->at_us < b->at_us ? -1 : 1) : (a->call > b->call) - (a->call < b->call);
}

/* 1,260 calls in 15 minutes, when they are as usual. */
static play_t draw_play(centre_t *centre) {
    const uint32_t length_s = WELL_S + 2 * centre->window_s, calls = length_s * 1000 / CALL_MS;
    const double most = centre->fault == FAULT_CALLS ? centre->severity : 1;
    play_t play = {.moments = malloc((size_t)(3 * (most + 1) * calls) * sizeof *play.moments)};
    if (play.moments == NULL) exit(1);
    uint32_t number = 0;
    for (uint32_t i = 0; i < calls; i++) {
        const double at_s = (double)length_s * (i + rs_draw_uniform(&centre->random)) / calls;
        const uint32_t queue = draw_one(&centre->random, centre->queue_size, centre->queue_count);
        double times = most > 1 && is_hit(centre, at_s, queue, 0) ? most : 1;
        for (; times > 0 && (times >= 1 || rs_draw_uniform(&centre->random) < times); times--)
            add_call(centre, &play, at_s, queue, number++);
    }
    qsort(play.moments, play.count, sizeof *play.moments, compare_moments);
    return play;
}

/* --- the alert ------------------------------------------------------------------------------------------------------------ */
typedef struct told {
    bool fired;
    int64_t at_us;
    char first[NAME], first_stage[NAME];     /* by and name of the first part; of the first stage */
    uint32_t parts;
} told_t;

static void name_part(char *text, const rs_explain_part_t *part, rs_str_t name) {
    static const char *const by[] = {"queue", "channel", "team", "stage"};
    snprintf(text, NAME, "%s %.*s", by[part->by], (int)name.len, name.data);
}

static void on_alert(void *context, const rs_alert_transition_t *transition) {
    told_t *told = context;
    if (transition->to != RS_ALERT_FIRING || told->fired) return;
    *told = (told_t){.fired = true, .at_us = transition->at_us, .parts = transition->explanation.part_count};
    for (uint32_t i = told->parts; i-- > 0;) {
        const rs_explain_part_t *part = &transition->explanation.parts[i];
        name_part(part->by == RS_EXPLAIN_BY_STAGE ? told->first_stage : told->first, part, transition->part_names[i]);
    }
}

static rs_config_t *load(const centre_t *centre) {
    char text[512];
    rs_config_t *config;
    rs_config_error_t error;
    snprintf(text, sizeof text, "policies: {over: {base: abandon_miss, open_over_t: wait_for_close}}\n"
                                "service_level: {threshold: 20s, policies: [over]}\n"
             "alerts: {rules: {r: {%s, window: %us, by: total, key: \"*\", min_sample: 500}}}\n", rules[centre->fault], centre->window_s);
    if (rs_config_load_text(rs_str(text), "rule", &config, &error) == RS_OK) return config;
    rs_config_error_format(&error, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    exit(1);
}

static void say(rs_core_t *core, const centre_t *centre, const moment_t *moment, uint64_t seq) {
    char contact[NAME], queue[NAME], team[NAME], agent[NAME];
    snprintf(contact, sizeof contact, "%u", moment->call);
    snprintf(queue, sizeof queue, "q%u", moment->queue);
    snprintf(team, sizeof team, "t%u", moment->team);
    snprintf(agent, sizeof agent, "a%u", moment->team);
    const bool answers = moment->type == RS_CONTACT_ANSWERED;
    const rs_event_t event = {.occurred_us = moment->at_us, .seq = seq, .present = RS_HAS_SEQ, .type = moment->type,
                              .source = RS_STR("acd"),
                              .channel = channels[centre->channel_of[moment->queue]], .contact_id = rs_str(contact), .queue = rs_str(queue),
                              .agent = rs_str(answers ? agent : ""), .team = rs_str(answers ? team : "")};
    rs_core_apply_event(core, &event, moment->at_us, (rs_origin_t){.session = 1, .number = seq});
}

static told_t explain(centre_t *centre) {
    told_t told = {0};
    rs_config_t *config = load(centre);
    rs_core_t *core;
    const rs_core_options_t options = {.config = config, .replay = true, .windows = true, .alerts = true,
                                       .interval = {.length_us = 15 * RS_US_PER_MIN},
                                       .start_us = start_us, .run = 1, .hash_seed = 1, .effects = {.context = &told, .on_alert = on_alert}};
    if (rs_core_create(&options, &core) != RS_OK) exit(1);
    const play_t play = draw_play(centre);
    for (size_t i = 0; i < play.count && !told.fired; i++) say(core, centre, &play.moments[i], i + 1);
    free(play.moments);
    rs_core_destroy(&core);
    rs_config_destroy(&config);
    return told;
}

/* --- judging -------------------------------------------------------------------------------------------------------------- */
static void name_fault(const centre_t *centre, char *text) {
    static const char *const stages[] = {"answered late", "abandoned"};
    if (centre->where == OF_STAGE) snprintf(text, NAME, "stage %s", stages[centre->element]);
    else if (centre->where == OF_CHANNEL) snprintf(text, NAME, "channel %s", rs_channel_name(channels[centre->element]));
    else snprintf(text, NAME, "%s %c%u", where_names[centre->where], where_names[centre->where][0], centre->element);
}

int main(void) {
    const uint64_t cases = rs_test_number("RS_RUNS", DEFAULT_CASES);
    rs_random_t random = {rs_random_seed()};
    uint32_t right[WHERES] = {0}, all[WHERES] = {0}, drawn_again = 0;
    for (uint64_t i = 0; i < cases;) {
        const where_t where = (where_t)(i % WHERES);
        centre_t centre = draw_centre(&random, where);
        char injected[NAME];
        name_fault(&centre, injected);
        const told_t told = explain(&centre);
        if (!told.fired || told.at_us < start_us + WELL_S * RS_US_PER_S) {
            drawn_again++;
            continue;
        }
        i++;
        all[where]++;
        const char *said = where == OF_STAGE ? told.first_stage : told.first;
        if (strcmp(said, injected) == 0) right[where]++;
        else printf("  %s, fault %d, severity %.2f, %.0f s later: said %s of %u parts\n", injected, (int)centre.fault, centre.severity,
                    (double)(told.at_us - start_us) / 1e6 - WELL_S, said, told.parts);
    }
    uint32_t named = 0;
    bool good = true;
    for (int where = 0; where < WHERES; where++) {
        const double count = all[where], chance = 3 * sqrt(least_right * (1 - least_right) * count);
        printf("%-8s %3u of %3u named first\n", where_names[where], right[where], all[where]);
        named += right[where];
        good = good && right[where] >= least_right * count - chance;
    }
    printf("%u of %llu; %u centres were drawn again: their rule fired by chance before, or not\n", named,
           (unsigned long long)cases, drawn_again);
    return good && named >= (uint32_t)(least_right * (double)cases) ? 0 : 1;   /* of 12: 11 */
}
