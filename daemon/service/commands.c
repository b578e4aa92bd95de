/* People's commands: from their door into the core, and back when they are on disk; and which silences there are,
 * for whoever asks the door. */
#include "service/service.h"

#include "base/log.h"
#include "event/json.h"

#include <errno.h>

/* --- silences: a copy of the core's, kept by what the core tells ------------------------------------------------------ */
static void keep_text(char *place, size_t size, rs_str_t text) {
    const size_t len = text.len < size ? text.len : size - 1;
    memset(place, 0, size);
    if (len != 0) memcpy(place, text.data, len);
}

static void forget_silence(rs_service_silences_t *silences, uint64_t number) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < silences->count; i++)
        if (silences->places[i].number != number) silences->places[kept++] = silences->places[i];
    silences->count = kept;
}

static void forget_past(rs_service_t *service) {
    rs_service_silences_t *silences = &service->silences;
    const int64_t now_us = rs_engine_now(service->engine);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < silences->count; i++)
        if (silences->places[i].until_us > now_us) silences->places[kept++] = silences->places[i];
    silences->count = kept;
}

static void keep_silence(rs_service_t *service, const rs_alert_transition_t *said) {
    rs_service_silences_t *silences = &service->silences;
    if (silences->count == RS_MAX_SILENCES) forget_past(service);
    if (silences->count == RS_MAX_SILENCES) return;   /* the core has no more either */
    rs_silence_t *silence = &silences->places[silences->count++];
    *silence = (rs_silence_t){.number = said->episode, .from_us = said->started_us, .until_us = said->until_us,
                              .channel = said->act_channel};
    keep_text(silence->tenant, sizeof silence->tenant, said->dimensions.tenant);
    keep_text(silence->rule, sizeof silence->rule, said->rule_name);
    keep_text(silence->key, sizeof silence->key, said->dimensions.name);
    keep_text(silence->who, sizeof silence->who, said->who);
    keep_text(silence->why, sizeof silence->why, said->text);
}

void rs_service_note_silence(rs_service_t *service, const rs_alert_transition_t *said) {
    if (said->act == RS_COMMAND_SILENCE) keep_silence(service, said);
    else if (said->act == RS_COMMAND_UNSILENCE) forget_silence(&service->silences, said->episode);
}

static rs_str_t word(const char *text) { return text[0] == '\0' ? (rs_str_t){0} : rs_str(text); }

static size_t write_silence(const rs_silence_t *silence, char *text, size_t size) {
    rs_json_t json;
    rs_json_init(&json, text, size);
    rs_json_begin(&json, NULL);
    rs_json_integer(&json, "silence", (int64_t)silence->number);
    rs_json_time(&json, "from", silence->from_us);
    rs_json_time(&json, "until", silence->until_us);
    rs_json_string_or_null(&json, "tenant", word(silence->tenant));
    rs_json_string_or_null(&json, "rule", word(silence->rule));
    rs_json_string_or_null(&json, "key", word(silence->key));
    rs_json_string_or_null(&json, "channel", silence->channel == 0 ? (rs_str_t){0} : rs_str(rs_channel_name(silence->channel)));
    rs_json_string(&json, "by", rs_str(silence->who));
    rs_json_string(&json, "text", rs_str(silence->why));
    rs_json_end(&json);
    return json.overflow ? 0 : json.len;
}

static size_t silence_at(void *context, uint32_t place, char *text, size_t size) {
    rs_service_t *service = context;
    if (place == 0) forget_past(service);
    return place < service->silences.count ? write_silence(&service->silences.places[place], text, size) : 0;
}

/* --- the door --------------------------------------------------------------------------------------------------------- */
static int submit_command(void *context, const rs_command_t *command, rs_origin_t origin, uint64_t *position) {
    rs_service_t *service = context;
    if (service->phase != PHASE_RUNNING || !rs_service_can_take(service)) return RS_ERR_FULL;
    const int status = rs_engine_submit_command(service->engine, command, origin, position);
    if (status != RS_OK) return status;
    service->submitted = *position;
    rs_keeper_wake(service->journal.keeper);
    return RS_OK;
}

static int64_t wall_us(void *context) {
    (void)context;
    return rs_service_wall_us();
}

void rs_service_on_answer(void *context, rs_origin_t origin, int status, uint64_t number) {
    rs_service_t *service = context;
    if (service->commands != NULL) rs_commands_on_answer(service->commands, origin, status, number);
}

/* Those of before the start; the core's thread does not run yet. */
static void restore_silences(rs_service_t *service) {
    const rs_core_t *core = rs_engine_core(service->engine);
    const rs_silence_t *silence;
    for (uint32_t place = 0; (silence = rs_core_silence(core, place)) != NULL && place < RS_MAX_SILENCES; place++)
        service->silences.places[service->silences.count++] = *silence;
}

/* Of this machine alone: a Unix socket, or a loopback address. */
static bool is_local(rs_str_t endpoint) {
    static const char *const local[] = {"ipc://", "tcp://127.", "tcp://[::1]:", "tcp://localhost:", "tcp://lo:"};
    for (size_t i = 0; i < RS_ARRAY_LEN(local); i++)
        if (strncmp(endpoint.data, local[i], strlen(local[i])) == 0) return true;
    return false;
}

int rs_service_open_commands(rs_service_t *service) {
    const rs_config_t *config = rs_service_config(service);
    const rs_commands_sink_t sink = {.context = service, .submit = submit_command, .silence = silence_at, .now_us = wall_us};
    restore_silences(service);
    if (config->commands_endpoint.len == 0) return RS_OK;
    if (!is_local(config->commands_endpoint))
        RS_LOG_WITH(RS_LOG_WARNING,
                    "ingest.commands knows no passwords and is open to other machines: who can connect can say anything in anybody's name",
                    RS_LOG_STR("endpoint", config->commands_endpoint));
    const int status = rs_commands_create(&service->loop, service->zmq, config, &sink, &service->commands);
    if (status == RS_OK) return RS_OK;
    return rs_service_fail("open the door of commands", config->commands_endpoint.data,
                           status == RS_ERR_IO ? strerror(errno) : rs_status_text(status));
}
