/* What is asked at the local door: pseudonyms of a number, erasing, keys. */
#include "service/admin.h"

#include "base/log.h"
#include "event/command.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

typedef struct rs_subject {
    rs_str_t tenant;
    uint8_t pseudonyms[RS_SERVICE_KEYS][RS_PSEUDONYM_BYTES];
    uint32_t count;
} rs_subject_t;

static rs_str_t text_of(const json_t *request, const char *name) {
    const json_t *value = json_object_get(request, name);
    return json_is_string(value) ? (rs_str_t){json_string_value(value), (uint32_t)json_string_length(value)} : (rs_str_t){0};
}

static json_t *read_tenant(const json_t *request, rs_str_t *tenant) {
    *tenant = text_of(request, "tenant");
    if (tenant->len == 0) *tenant = RS_STR("default");
    return tenant->len > RS_MAX_NAME ? rs_service_admin_error("tenant: longer than %d bytes", RS_MAX_NAME) : NULL;
}

/* NULL: all is well. */
static json_t *read_subject(const rs_service_t *service, const json_t *request, rs_subject_t *subject) {
    const rs_str_t customer = text_of(request, "customer"), pseudonym = text_of(request, "pseudonym");
    json_t *wrong = read_tenant(request, &subject->tenant);
    if (wrong != NULL) return wrong;
    if ((customer.len == 0) == (pseudonym.len == 0)) return rs_service_admin_error("customer: give the number, or else the pseudonym");
    if (pseudonym.len != 0) {
        subject->count = 1;
        return rs_pseudonym_parse(pseudonym, subject->pseudonyms[0]) ? NULL
                                                                     : rs_service_admin_error("pseudonym: not 32 hexadecimal digits");
    }
    if (customer.len > RS_MAX_CUSTOMER) return rs_service_admin_error("customer: longer than %d bytes", RS_MAX_CUSTOMER);
    subject->count = service->key_count;
    for (uint32_t i = 0; i < subject->count; i++) rs_pseudonym(service->keys[i], subject->tenant, customer, subject->pseudonyms[i]);
    return NULL;
}

static void add_hex(json_t *list, const uint8_t pseudonym[RS_PSEUDONYM_BYTES]) {
    char text[2 * RS_PSEUDONYM_BYTES + 1];
    rs_pseudonym_text(pseudonym, text);
    json_array_append_new(list, json_string(text));
}

static json_t *tell_pseudonyms(const rs_service_t *service, const json_t *request) {
    rs_subject_t subject;
    json_t *wrong = read_subject(service, request, &subject), *list = json_array();
    if (wrong != NULL) {
        json_decref(list);
        return wrong;
    }
    for (uint32_t i = 0; i < subject.count; i++) add_hex(list, subject.pseudonyms[i]);
    return json_pack("{s:o}", "pseudonyms", list);
}

/* --- erasing -------------------------------------------------------------------------------------------------------------- */
/* An origin that no producer and no other command has. */
static rs_origin_t origin_of_ours(void) { return (rs_origin_t){.session = UINT32_MAX, .number = UINT64_MAX}; }

static json_t *submit(rs_service_t *service, const rs_command_t *command, uint64_t *position) {
    const char *wrong = rs_command_check(command);
    if (wrong != NULL) return rs_service_admin_error("%s", wrong);
    const int status = rs_engine_submit_command(service->engine, command, origin_of_ours(), position);
    if (status != RS_OK) return rs_service_admin_error("the daemon is busy (%s): repeat it", rs_status_text(status));
    service->submitted = *position;
    return NULL;
}

static json_t *submit_each(rs_service_t *service, rs_command_t *command, const rs_subject_t *subject, json_t *pseudonyms, json_t *stand_ins,
                           uint64_t *position) {
    for (uint32_t i = 0; i < subject->count; i++) {
        char pseudonym[2 * RS_PSEUDONYM_BYTES + 1], stand_in[2 * RS_PSEUDONYM_BYTES + 1];
        uint8_t random[RS_PSEUDONYM_BYTES];
        randombytes_buf(random, sizeof random);
        rs_pseudonym_text(subject->pseudonyms[i], pseudonym);
        rs_pseudonym_text(random, stand_in);
        command->key = rs_str(pseudonym);
        command->rule = rs_str(stand_in);
        json_t *wrong = submit(service, command, position);
        if (wrong != NULL) return wrong;
        json_array_append_new(pseudonyms, json_string(pseudonym));
        json_array_append_new(stand_ins, json_string(stand_in));
    }
    return NULL;
}

static rs_command_t erasure_of(const json_t *request, rs_str_t tenant, rs_str_t owner) {
    return (rs_command_t){.what = RS_COMMAND_ERASE, .at_us = rs_service_wall_us(), .who = text_of(request, "who"), .owner = owner,
                          .tenant = tenant, .text = text_of(request, "reason")};
}

/* Its record is in the journal soon: then the answer is given (rs_service_move_admin). */
static void wait_for(rs_service_t *service, rs_admin_wait_t *wait, json_t *reply) {
    rs_keeper_wake(service->journal.keeper);
    wait->reply = reply;
    wait->is_erasure = true;
}

static json_t *erase_agent(rs_service_t *service, const json_t *request, rs_admin_wait_t *wait) {
    char stand_in[RS_STAND_IN_LEN + 1];
    uint8_t random[8];
    rs_str_t tenant;
    json_t *wrong = read_tenant(request, &tenant);
    if (wrong != NULL) return wrong;
    rs_command_t command = erasure_of(request, tenant, RS_STR("agent"));
    command.key = text_of(request, "agent");
    const rs_str_t team = rs_config_team(rs_service_config(service), tenant, command.key);
    if (team.len != 0) {
        return rs_service_admin_error("agent: stands in the configuration, in team %.*s: take the name out there, reload, and repeat it",
                                      (int)team.len, team.data);
    }
    randombytes_buf(random, sizeof random);
    uint64_t digits = 0;
    memcpy(&digits, random, sizeof digits);
    snprintf(stand_in, sizeof stand_in, RS_STAND_IN_BEGIN "%09" PRIx64, digits & UINT64_C(0xfffffffff));
    command.rule = rs_str(stand_in);
    wrong = submit(service, &command, &wait->position);
    if (wrong != NULL) return wrong;
    wait_for(service, wait, json_pack("{s:s,s:I}", "stand_in", stand_in, "at_us", (json_int_t)command.at_us));
    RS_LOG(RS_LOG_NOTICE, "an agent is erased");
    return NULL;
}

static json_t *erase_customer(rs_service_t *service, const json_t *request, rs_admin_wait_t *wait) {
    rs_subject_t subject;
    json_t *wrong = read_subject(service, request, &subject);
    if (wrong != NULL) return wrong;
    rs_command_t command = erasure_of(request, subject.tenant, RS_STR("customer"));
    json_t *pseudonyms = json_array(), *stand_ins = json_array();
    wrong = submit_each(service, &command, &subject, pseudonyms, stand_ins, &wait->position);
    if (wrong == NULL) {
        wait_for(service, wait,
                 json_pack("{s:O,s:O,s:I}", "pseudonyms", pseudonyms, "stand_ins", stand_ins, "at_us", (json_int_t)command.at_us));
        RS_LOG(RS_LOG_NOTICE, "a customer is erased");
    }
    json_decref(pseudonyms);
    json_decref(stand_ins);
    return wrong;
}

static json_t *erase(rs_service_t *service, const json_t *request, rs_admin_wait_t *wait) {
    if (service->phase != PHASE_RUNNING || !rs_service_can_take(service)) {
        return rs_service_admin_error("the daemon takes nothing now: its journal cannot be written, or it stops");
    }
    return text_of(request, "agent").len != 0 ? erase_agent(service, request, wait) : erase_customer(service, request, wait);
}

static json_t *tell_progress(const rs_service_t *service, uint64_t record) {
    uint64_t numbers[RS_SNAPSHOTS_SEEN];
    uint32_t count = 0;
    rs_journal_stat_t stat;
    const bool complete = rs_service_is_forgotten(service, record, numbers, &count, &stat);
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) json_array_append_new(list, json_integer((json_int_t)numbers[i]));
    return json_pack("{s:b,s:I,s:I,s:o}", "complete", complete, "journal_from", (json_int_t)stat.oldest, "journal_upto",
                     (json_int_t)stat.durable,
                     "snapshots", list);
}

static json_t *forget(rs_service_t *service, const json_t *request, bool begins) {
    const json_t *value = json_object_get(request, "record");
    rs_keeper_stat_t stat;
    rs_keeper_stat(service->journal.keeper, &stat);
    if (!json_is_integer(value) || json_integer_value(value) < 1 || (uint64_t)json_integer_value(value) > stat.journal.durable) {
        return rs_service_admin_error("record: not the number of a record that is in the journal");
    }
    if (begins) rs_service_forget(service, (uint64_t)json_integer_value(value), true);
    return tell_progress(service, (uint64_t)json_integer_value(value));
}

/* --- keys ----------------------------------------------------------------------------------------------------------------- */
static json_t *rotate(rs_service_t *service, const json_t *request) {
    const json_t *value = json_object_get(request, "keep");
    const json_int_t keep = value == NULL ? RS_SERVICE_KEYS : json_integer_value(value);
    if ((value != NULL && !json_is_integer(value)) || keep < 1 || keep > RS_SERVICE_KEYS) {
        return rs_service_admin_error("keep: from 1 to %d keys", RS_SERVICE_KEYS);
    }
    const int status = rs_service_rotate_keys(service, (uint32_t)keep);
    if (status == RS_ERR_LIMIT) {
        return rs_service_admin_error("keep: there are %d keys already, which is the most; keep fewer", RS_SERVICE_KEYS);
    }
    if (status != RS_OK) return rs_service_admin_error("the key file cannot be written: %s", strerror(errno));
    return json_pack("{s:I}", "keys", (json_int_t)service->key_count);
}

/* Nothing but records of erasures: it is no oracle for whatever text. */
static json_t *sign(rs_service_t *service, const json_t *request) {
    static const char begin[] = "{\"ringside_erasure\":1,";
    const rs_str_t text = text_of(request, "text");
    char signature[129], public_key[65];
    if (text.len < sizeof begin || memcmp(text.data, begin, sizeof begin - 1) != 0) {
        return rs_service_admin_error("text: not the record of an erasure");
    }
    if (rs_service_sign(service, text.data, signature, public_key) != RS_OK) {
        return rs_service_admin_error("erasure.key: %s", strerror(errno));
    }
    return json_pack("{s:s,s:s}", "signature", signature, "public_key", public_key);
}

json_t *rs_service_answer_admin(rs_service_t *service, const json_t *request, rs_admin_wait_t *wait) {
    const rs_str_t what = text_of(request, "do");
    if (rs_str_equal(what, RS_STR("pseudonyms"))) return tell_pseudonyms(service, request);
    if (rs_str_equal(what, RS_STR("erase"))) return erase(service, request, wait);
    if (rs_str_equal(what, RS_STR("forget"))) return forget(service, request, true);
    if (rs_str_equal(what, RS_STR("progress"))) return forget(service, request, false);
    if (rs_str_equal(what, RS_STR("rotate"))) return rotate(service, request);
    if (rs_str_equal(what, RS_STR("sign"))) return sign(service, request);
    return rs_service_admin_error("do: pseudonyms, erase, forget, progress, rotate or sign");
}
