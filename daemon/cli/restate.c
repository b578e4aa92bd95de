#include "cli/restate.h"

#include "cli/cli.h"
#include "store/store.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_FROM = 256, OPTION_TO, OPTION_ZONE, OPTION_POLICY, OPTION_THRESHOLD, OPTION_SHORT, OPTION_SET, OPTION_REASON,
       OPTION_DATABASE, OPTION_DRY_RUN, OPTION_UNDO, OPTION_LIST, MAX_SETS = 64 };

typedef struct rs_restate {
    const char *from, *to, *zone, *policy, *threshold, *short_text, *config_path, *database, *reason, *undo;
    const char *sets[MAX_SETS + 2];
    size_t set_count;
    bool dry_run, list;
    rs_config_t *config;
    char *config_database;
    PGconn *connection;
    int64_t from_us, to_us;
    uint32_t attributions;
    rs_core_t *core;
    uint64_t facts;
    uint32_t journeys;   /* policies that are left out */
} rs_restate_t;

static const struct argp_option options[] = {
    {"from", OPTION_FROM, "TIME", 0, "first instant: a date (its first instant in the zone) or RFC 3339; quarters of an hour", 0},
    {"to", OPTION_TO, "TIME", 0, "first instant that does not belong to it", 0},
    {"timezone", OPTION_ZONE, "ZONE", 0, "IANA name, for dates (UTC)", 0},
    {"policy", OPTION_POLICY, "NAMES", 0, "service-level policies, separated by commas (those of the configuration)", 0},
    {"threshold", OPTION_THRESHOLD, "TIME", 0, "T of every policy and queue, like 20s", 0},
    {"short", OPTION_SHORT, "TIME", 0, "S, likewise", 0},
    {"reason", OPTION_REASON, "TEXT", 0, "why: kept with the restatement", 0},
    {"dry-run", OPTION_DRY_RUN, 0, 0, "count and compare, write nothing", 0},
    {"list", OPTION_LIST, 0, 0, "print the restatements that there are", 0},
    {"undo", OPTION_UNDO, "NUMBER", 0, "take one back: rows say again what they said before", 0},
    {"config", 'c', "FILE", 0, "queues, policies, database of the daemon (/etc/ringside/ringside.conf)", 0},
    {"set", OPTION_SET, "KEY=VALUE", 0, "one key of that file; may be repeated", 0},
    {"database", OPTION_DATABASE, "CONNINFO", 0, "a libpq connection string instead of store.database", 0},
    {0}};

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    rs_restate_t *restate = state->input;
    switch (key) {
        case OPTION_FROM: restate->from = argument; return 0;
        case OPTION_TO: restate->to = argument; return 0;
        case OPTION_ZONE: restate->zone = argument; return 0;
        case OPTION_POLICY: restate->policy = argument; return 0;
        case OPTION_THRESHOLD: restate->threshold = argument; return 0;
        case OPTION_SHORT: restate->short_text = argument; return 0;
        case OPTION_REASON: restate->reason = argument; return 0;
        case OPTION_DRY_RUN: restate->dry_run = true; return 0;
        case OPTION_LIST: restate->list = true; return 0;
        case OPTION_UNDO: restate->undo = argument; return 0;
        case 'c': restate->config_path = argument; return 0;
        case OPTION_DATABASE: restate->database = argument; return 0;
        case OPTION_SET:
            if (restate->set_count == MAX_SETS) argp_error(state, "--set: at most %d", MAX_SETS);
            restate->sets[restate->set_count++] = argument;
            return 0;
        case ARGP_KEY_ARG: argp_error(state, "unexpected argument \"%s\"", argument); return 0;
        default: return ARGP_ERR_UNKNOWN;
    }
}

/* --- what is wanted -------------------------------------------------------------------------------------------------- */
static int parse_duration(const char *option, const char *text, int64_t *us) {
    if (text == NULL || rs_config_parse_duration(rs_str(text), us) == RS_OK) return 0;
    return rs_cli_usage("%s: \"%s\" is not a time; allowed: such as 20s, 500ms, 0", option, text);
}

static int load_config(rs_restate_t *restate) {
    char policies[1024] = "";
    rs_config_error_t error;
    char text[1024];
    if (restate->policy != NULL) {
        if (strlen(restate->policy) + 32 > sizeof policies) return rs_cli_usage("--policy: too long");
        snprintf(policies, sizeof policies, "service_level.policies=[%s]", restate->policy);
        restate->sets[restate->set_count++] = policies;
    }
    const int status = rs_config_load(restate->config_path, restate->sets, restate->set_count, &restate->config, &error);
    if (status != RS_OK) {
        rs_config_error_format(&error, text, sizeof text);
        return rs_cli_usage("%s", status == RS_ERR_MEMORY ? rs_status_text(status) : text);
    }
    rs_config_t *config = restate->config;
    int result = parse_duration("--threshold", restate->threshold, &config->override_threshold_us);
    if (result == 0) result = parse_duration("--short", restate->short_text, &config->override_short_us);
    if (result == 0 && restate->database == NULL) {
        restate->config_database = strndup(config->database.len == 0 ? "" : config->database.data, config->database.len);
        restate->database = restate->config_database;
        if (restate->database == NULL || restate->database[0] == 0)
            result = rs_cli_fail("%s: store.database is not set, and there is no --database",
                                 restate->config_path == NULL ? "no file" : restate->config_path);
    }
    return result;
}

/* A journey's verdict needs all of its contacts, wherever they stand. */
static int leave_out_journeys(rs_restate_t *restate) {
    rs_config_t *config = restate->config;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < config->policy_count; i++) {
        const rs_policy_t *policy = &config->policies[i];
        if (policy->unit_journey && restate->policy != NULL)
            return rs_cli_fail("restate: policy %s judges whole journeys: it cannot be counted again from legs", policy->name);
        if (policy->unit_journey) restate->journeys++;
        else config->policies[kept++] = *policy;
    }
    config->policy_count = kept;
    return kept > 0 ? 0 : rs_cli_fail("restate: no policy is left to count by");
}

/* --- the database ---------------------------------------------------------------------------------------------------- */
static void no_notice(void *context, const PGresult *notice) { (void)context, (void)notice; }

static PGresult *ask(rs_restate_t *restate, const char *sql, int count, const char *const *values) {
    PGresult *answer = PQexecParams(restate->connection, sql, count, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(answer) == PGRES_TUPLES_OK || PQresultStatus(answer) == PGRES_COMMAND_OK) return answer;
    (void)rs_restate_fail(restate->connection, answer);
    PQclear(answer);
    return NULL;
}

static int run_sql(rs_restate_t *restate, const char *sql) {
    PGresult *answer = ask(restate, sql, 0, NULL);
    PQclear(answer);
    return answer == NULL ? 1 : 0;
}

static int connect_to(rs_restate_t *restate) {
    restate->connection = PQconnectdb(restate->database);
    if (PQstatus(restate->connection) != CONNECTION_OK) return rs_restate_fail(restate->connection, NULL);
    PQsetNoticeReceiver(restate->connection, no_notice, NULL);
    int result = run_sql(restate, "SET search_path = pg_catalog");
    if (result == 0)
        result = run_sql(restate, "SELECT set_config('TimeZone', 'UTC', false), set_config('jit', 'off', false), "
                                  "set_config('application_name', 'ringside restate', false)");
    return result;
}

static int resolve_period(rs_restate_t *restate) {
    const char *const values[] = {restate->from, restate->to, restate->zone};
    PGresult *answer = ask(restate,
                           "SELECT (extract(epoch FROM f) * 1000000)::bigint, (extract(epoch FROM t) * 1000000)::bigint,"
                           " ringside.restate_check(f, t), (SELECT string_agg(DISTINCT p.attribution, ',')"
                           " FROM ringside.total_interval_part AS p WHERE p.interval_start >= f AND p.interval_start < t)"
                           " FROM (SELECT ringside.report_instant($1, $3) AS f, ringside.report_instant($2, $3) AS t) AS period",
                           3, values);
    if (answer == NULL) return 1;
    restate->from_us = strtoll(PQgetvalue(answer, 0, 0), NULL, 10);
    restate->to_us = strtoll(PQgetvalue(answer, 0, 1), NULL, 10);
    const char *attributions = PQgetvalue(answer, 0, 3);
    restate->attributions = (strstr(attributions, "event") != NULL ? 1u << RS_ATTRIBUTION_EVENT : 0) |
                            (strstr(attributions, "enter") != NULL ? 1u << RS_ATTRIBUTION_ENTER : 0) |
                            (strstr(attributions, "close") != NULL ? 1u << RS_ATTRIBUTION_CLOSE : 0);
    PQclear(answer);
    return 0;
}

/* --- counting -------------------------------------------------------------------------------------------------------- */
/* Room for what may come; memory is taken where it is used. */
static int make_core(rs_restate_t *restate) {
    rs_limits_t *limits = &restate->config->limits;
    limits->contacts = 100;
    limits->facts = limits->edges = 0;
    if (limits->rows < 4u << 20) limits->rows = 4u << 20;
    const rs_core_options_t settings = {.config = restate->config, .replay = true, .families = (1u << RS_FAMILY_COUNT) - 1,
                                        .attributions = restate->attributions,
                                        .interval = {.mode = RS_INTERVAL_FIXED, .length_us = restate->config->interval_us},
                                        .hash_seed = UINT64_C(0x72696e6773696465)};
    const int status = rs_core_create(&settings, &restate->core);
    return status == RS_OK ? 0 : rs_cli_fail("restate: cannot start: %s", rs_status_text(status));
}

static int check_losses(const rs_restate_t *restate) {
    const rs_core_losses_t losses = rs_core_losses(restate->core);
    if (losses.cells + losses.overflowed_keys == 0) return 0;
    return rs_cli_fail("restate: limits were reached (rows %" PRIu64 ", keys in " RS_OVERFLOW_NAME " %" PRIu64 "): a shorter period, "
                       "or larger limits.*",
                       losses.cells, losses.overflowed_keys);
}

/* Arrays of the policies as parameters of ringside.restate. */
static int finish(rs_restate_t *restate) {
    char from[32], to[32], facts[32], names[2048] = "{", versions[256] = "{", *definitions = strdup("[");
    const rs_config_t *config = restate->config;
    for (uint32_t i = 0; i < config->policy_count && definitions != NULL; i++) {
        rs_policy_t policy = config->policies[i];
        if (config->override_threshold_us >= 0) policy.threshold_us = config->override_threshold_us;
        if (config->override_short_us >= 0) policy.short_us = config->override_short_us;
        char *definition = rs_store_policy_json(&policy), *longer = NULL;
        if (definition == NULL || asprintf(&longer, "%s%s%s", definitions, i == 0 ? "" : ",", definition) < 0) longer = NULL;
        free(definition);
        free(definitions);
        definitions = longer;
        const size_t name_len = strlen(names), version_len = strlen(versions);
        snprintf(names + name_len, sizeof names - name_len, "%s\"%s\"", i == 0 ? "" : ",", policy.name);
        snprintf(versions + version_len, sizeof versions - version_len, "%s%" PRIu32, i == 0 ? "" : ",", policy.version);
    }
    if (definitions == NULL) return rs_cli_fail("out of memory");
    strcat(names, "}");
    strcat(versions, "}");
    char *list = NULL;
    if (asprintf(&list, "%s]", definitions) < 0) list = NULL;
    free(definitions);
    snprintf(from, sizeof from, "%" PRId64, restate->from_us);
    snprintf(to, sizeof to, "%" PRId64, restate->to_us);
    snprintf(facts, sizeof facts, "%" PRIu64, restate->facts);
    const char *const values[] = {from, to, names, versions, list, restate->reason, facts};
    PGresult *answer = list == NULL ? NULL : ask(restate,
        "SELECT r ->> 'id', r ->> 'rows', (SELECT string_agg(p.key || ' version ' || p.value, ', ' ORDER BY p.key)"
        " FROM jsonb_each_text(r -> 'policies') AS p)"
        " FROM ringside.restate(to_timestamp($1::bigint / 1e6), to_timestamp($2::bigint / 1e6), $3, $4,"
        " ARRAY(SELECT d FROM jsonb_array_elements($5::jsonb) AS d), $6, $7) AS r", (int)RS_ARRAY_LEN(values), values);
    free(list);
    if (answer == NULL) return 1;
    printf("%s %s: %" PRIu64 " facts counted again, %s interval parts by %s\n", restate->dry_run ? "would be restatement" : "restatement",
           PQgetvalue(answer, 0, 0), restate->facts, PQgetvalue(answer, 0, 1), PQgetvalue(answer, 0, 2));
    PQclear(answer);
    return 0;
}

static int restate_period(rs_restate_t *restate) {
    int result = leave_out_journeys(restate);
    if (result == 0) result = run_sql(restate, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    if (result == 0) result = resolve_period(restate);
    if (result == 0) result = make_core(restate);
    if (result == 0) result = rs_restate_read(restate->connection, restate->from_us, restate->to_us, restate->core, &restate->facts);
    if (result == 0) result = check_losses(restate);
    if (result == 0) result = rs_restate_stage(restate->connection, restate->from_us, restate->to_us, restate->core);
    if (result == 0) result = finish(restate);
    if (result == 0 && restate->journeys > 0)
        fprintf(stderr, "ringside restate: note: policies of unit journey (%" PRIu32 ") need whole journeys and stay as they are\n",
                restate->journeys);
    if (result == 0) result = run_sql(restate, restate->dry_run ? "ROLLBACK" : "COMMIT");
    return result;
}

static int undo(rs_restate_t *restate) {
    PGresult *answer = ask(restate, "SELECT ringside.undo_restatement($1)", 1, &restate->undo);
    if (answer == NULL) return 1;
    printf("restatement %s is taken back: %s interval parts are gone\n", restate->undo, PQgetvalue(answer, 0, 0));
    PQclear(answer);
    return 0;
}

static int list(rs_restate_t *restate) {
    PGresult *answer = ask(restate, "SELECT id, from_time, to_time, policies, rows, made_at, made_by, coalesce(reason, '') "
                                    "FROM ringside.restatement ORDER BY id", 0, NULL);
    if (answer == NULL) return 1;
    for (int row = 0; row < PQntuples(answer); row++) {
        for (int column = 0; column < PQnfields(answer); column++) printf("%s%s", column == 0 ? "" : "\t", PQgetvalue(answer, row, column));
        putchar('\n');
    }
    PQclear(answer);
    return 0;
}

static int run(rs_restate_t *restate) {
    if ((restate->list ? 1 : 0) + (restate->undo != NULL ? 1 : 0) + (restate->from != NULL || restate->to != NULL ? 1 : 0) != 1)
        return rs_cli_usage("restate: which? --from and --to, or --list, or --undo NUMBER");
    if (!restate->list && restate->undo == NULL && (restate->from == NULL || restate->to == NULL))
        return rs_cli_usage("restate: a period has two ends: --from and --to");
    if (restate->undo != NULL &&
        (restate->undo[0] == 0 || strspn(restate->undo, "0123456789") != strlen(restate->undo) || strlen(restate->undo) > 18))
        return rs_cli_usage("--undo: \"%s\" is no number of a restatement; --list prints them", restate->undo);
    if (restate->config_path == NULL && restate->database == NULL) restate->config_path = "/etc/ringside/ringside.conf";
    int result = load_config(restate);
    if (result == 0) result = connect_to(restate);
    if (result != 0) return result;
    if (restate->list) return list(restate);
    return restate->undo != NULL ? undo(restate) : restate_period(restate);
}

int rs_cli_restate(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, NULL,
                                       "Counts intervals again from the stored facts, as the policies of the configuration have it now."
                                       "\vNothing is overwritten: the difference is added as parts of their own, "
                                       "under new versions of the policies, and --undo takes it back. The facts must agree with the rows "
                                       "in what no policy changes; where they do not (facts that were not kept, were lost, "
                                       "or that retention has dropped) nothing is written.",
                                       NULL, NULL, NULL};
    rs_restate_t restate = {.zone = "UTC"};
    argp_err_exit_status = 2;
    argv[0] = "ringside restate";
    argp_parse(&parser, argc, argv, 0, NULL, &restate);
    const int result = run(&restate);
    rs_core_destroy(&restate.core);
    if (restate.connection != NULL) PQfinish(restate.connection);
    rs_config_destroy(&restate.config);
    free(restate.config_database);
    return result;
}
