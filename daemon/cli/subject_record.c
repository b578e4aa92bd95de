/* The record of processing: from the database what is kept about whom, for how long and for whom; from the configuration the rest. */
#include "cli/subject.h"

#include <stdio.h>
#include <stdlib.h>

static json_t *text(rs_str_t value) { return json_stringn(value.data == NULL ? "" : value.data, value.len); }

static json_t *hours(int64_t us) {
    char line[32];
    snprintf(line, sizeof line, "%g h", (double)us / RS_US_PER_HOUR);
    return json_string(line);
}

/* Whom the daemon tells of alerts. No secret is in it: addresses may hold one and are cut to the host. */
static json_t *receivers_of(const rs_config_t *config) {
    static const char *const kinds[] = {"Alertmanager", "webhook", "mail"};
    json_t *list = json_array();
    for (uint32_t i = 0; i < config->receiver_count; i++) {
        const rs_receiver_config_t *receiver = &config->receivers[i];
        json_t *one = json_pack("{s:o,s:s,s:s}", "name", text(receiver->name), "kind", kinds[receiver->kind],
                                "what", "alerts: queue, figure, when; no customers");
        json_t *to = json_array();
        for (uint32_t k = 0; k < receiver->to_count; k++) json_array_append_new(to, text(receiver->to[k]));
        if (json_array_size(to) != 0) json_object_set(one, "to", to);
        json_decref(to);
        json_array_append_new(list, one);
    }
    return list;
}

static void add_door(json_t *doors, const char *name, rs_str_t endpoint, const char *what) {
    json_array_append_new(doors, json_pack("{s:s,s:o,s:s}", "door", name, "at", text(endpoint), "what", what));
}

static json_t *daemon_part(const rs_config_t *config) {
    json_t *doors = json_array();
    add_door(doors, "events", config->events_endpoint,
             "the platforms' events, with customers' numbers; these become pseudonyms before anything is written");
    if (config->plain_endpoint.len != 0) add_door(doors, "plain events", config->plain_endpoint, "the same, without acknowledgement");
    add_door(doors, "feed", config->feed_endpoint, "figures and alerts; agents' states; no customers");
    return json_pack("{s:o,s:o,s:o,s:s,s:s,s:o,s:o}", "state_directory", text(config->state_directory),
                     "journal_kept_for", hours(config->journal.keep_us),
                     "snapshot_at_least_every", hours(config->journal.snapshot_every_us),
                     "customers", "pseudonyms: BLAKE2b-128 under a secret key (service.pseudonym_key), per tenant",
                     "in_memory", "contacts for a day after their end (30 days with an open file), pseudonyms for fcr.repeat_window, "
                                  "agents' names until they are erased",
                     "doors", doors, "receivers", receivers_of(config));
}

static int from_database(const rs_subject_settings_t *settings, json_t *record) {
    json_t *rows = NULL;
    int result = rs_subject_query(settings, "SELECT jsonb_agg(to_jsonb(r) ORDER BY r.class) FROM ringside.record_of_processing AS r",
                                  NULL, 0, &rows);
    if (result != 0) return result;
    json_object_set_new(record, "classes", json_loads(json_string_value(json_array_get(json_array_get(rows, 0), 0)), 0, NULL));
    json_decref(rows);
    result = rs_subject_query(settings,
        "SELECT coalesce(jsonb_object_agg(r.rolname, (SELECT coalesce(jsonb_agg(m.rolname ORDER BY m.rolname), '[]') "
        "FROM pg_auth_members AS a JOIN pg_roles AS m ON m.oid = a.member WHERE a.roleid = r.oid)), '{}') FROM pg_roles AS r "
        "WHERE r.rolname IN ('ringside_analyst', 'ringside_supervisor', 'ringside_auditor', 'ringside_daemon')", NULL, 0, &rows);
    if (result != 0) return result;
    json_object_set_new(record, "roles", json_loads(json_string_value(json_array_get(json_array_get(rows, 0), 0)), 0, NULL));
    json_decref(rows);
    result = rs_subject_query(settings, "SELECT jsonb_build_object('erased', count(*), 'not_complete', "
                                        "count(*) FILTER (WHERE completed_at IS NULL)) FROM ringside.erasure", NULL, 0, &rows);
    if (result != 0) return result;
    json_object_set_new(record, "erasures", json_loads(json_string_value(json_array_get(json_array_get(rows, 0), 0)), 0, NULL));
    json_decref(rows);
    return 0;
}

/* --- for people ------------------------------------------------------------------------------------------------------------- */
static const char *get(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value == NULL ? "-" : value;
}

static void print_list(const char *title, const json_t *list) {
    printf("  %-12s", title);
    for (size_t i = 0; i < json_array_size(list); i++) printf("%s%s", i == 0 ? "" : ", ", json_string_value(json_array_get(list, i)));
    puts(json_array_size(list) == 0 ? "-" : "");
}

static void print_class(const json_t *class) {
    printf("\n%s: %s\n", get(class, "class"), get(class, "what"));
    printf("  %-12s%s\n  %-12s%s\n  %-12s%s\n  %-12s%s\n  %-12s%s\n", "whose", get(class, "subjects"), "purpose", get(class, "purpose"),
           "basis", get(class, "basis"), "kept for", get(class, "kept_for"), "readers", get(class, "recipients"));
    print_list("tables", json_object_get(class, "tables"));
}

static void print_text(const json_t *record) {
    const json_t *daemon = json_object_get(record, "daemon"), *one;
    const char *role;
    size_t i;
    json_t *members;
    puts("Record of processing (ringside " RS_VERSION "), as it is configured now");
    json_array_foreach(json_object_get(record, "classes"), i, one) print_class(one);
    if (json_object_get(record, "roles") != NULL) puts("\nroles, and who has them");
    json_object_foreach(json_object_get(record, "roles"), role, members) print_list(role, members);
    printf("\nthe daemon\n  customers: %s\n  in memory: %s\n  journal and snapshots in %s: kept for %s\n", get(daemon, "customers"),
           get(daemon, "in_memory"), get(daemon, "state_directory"), get(daemon, "journal_kept_for"));
    json_array_foreach(json_object_get(daemon, "doors"), i, one) {
        printf("  door %s, %s: %s\n", get(one, "door"), get(one, "at"), get(one, "what"));
    }
    json_array_foreach(json_object_get(daemon, "receivers"), i, one) {
        printf("  receiver %s, %s: %s\n", get(one, "name"), get(one, "kind"), get(one, "what"));
    }
}

int rs_subject_record(const rs_subject_settings_t *settings) {
    json_t *record = json_pack("{s:s,s:o}", "version", RS_VERSION, "daemon", daemon_part(settings->config));
    const int result = settings->database == NULL ? 0 : from_database(settings, record);
    if (result == 0 && strcmp(settings->format, "json") == 0) {
        json_dumpf(record, stdout, JSON_INDENT(2));
        puts("");
    } else if (result == 0) {
        print_text(record);
    }
    json_decref(record);
    return result;
}
