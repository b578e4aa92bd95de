#include "service/service.h"

#include "base/log.h"
#include "config/diff.h"

static void log_change(void *context, const char *key, const char *from, const char *to, bool needs_restart) {
    (void)context;
    if (needs_restart) {
        RS_LOG_WITH(RS_LOG_WARNING, "this change takes a restart", RS_LOG_TEXT("key", key), RS_LOG_TEXT("from", from),
                    RS_LOG_TEXT("to", to));
    } else {
        RS_LOG_WITH(RS_LOG_NOTICE, "changed", RS_LOG_TEXT("key", key), RS_LOG_TEXT("from", from), RS_LOG_TEXT("to", to));
    }
}

int rs_service_log_level(const rs_config_t *config) {
    static const int levels[] = {RS_LOG_ERROR, RS_LOG_WARNING, RS_LOG_INFO, RS_LOG_DEBUG};
    return levels[config->log_level < RS_ARRAY_LEN(levels) ? config->log_level : 2];
}

void rs_service_reload(rs_service_t *service) {
    rs_config_t *config;
    rs_config_error_t error;
    char text[1024];
    if (service->pending != NULL || service->config_count == RS_SERVICE_CONFIGS) {
        RS_LOG(RS_LOG_ERROR, "reload refused: one is under way, or there were 64 since the start; restart to load the file");
        return;
    }
    if (rs_config_load(service->config_path, NULL, 0, &config, &error) != RS_OK) {
        rs_config_error_format(&error, text, sizeof text);
        RS_LOG_WITH(RS_LOG_ERROR, "reload refused, the running configuration stays", RS_LOG_TEXT("error", text));
        return;
    }
    const int changes = rs_config_diff(rs_service_config(service), config, log_change, NULL);
    if (changes == 0) RS_LOG_WITH(RS_LOG_NOTICE, "reload: nothing changed", RS_LOG_TEXT("file", service->config_path));
    else if (changes < 0 || rs_engine_submit_config(service->engine, config) != RS_OK) {
        RS_LOG(RS_LOG_ERROR, "reload refused: busy, try again");
    } else {
        service->pending = config;
        return;
    }
    rs_config_destroy(&config);
}

/* The core counts each policy in a slot, which a reload may change; the feed reads by slot. Slots without a policy have no name. */
static uint32_t policies_by_slot(const rs_service_t *service, rs_policy_t policies[RS_MAX_POLICIES]) {
    const uint32_t count = rs_engine_policy_count(service->engine);
    for (uint32_t slot = 0; slot < count; slot++) {
        const rs_policy_t *policy = rs_engine_policy(service->engine, slot);
        if (policy != NULL) policies[slot] = *policy;
    }
    return count;
}

void rs_service_finish_reload(rs_service_t *service) {
    const int status = rs_engine_config_status(service->engine);
    if (service->pending == NULL || status == RS_ERR_AGAIN) return;
    rs_config_t *config = service->pending;
    service->pending = NULL;
    if (status != RS_OK) {
        RS_LOG_WITH(RS_LOG_ERROR, "reload refused, the running configuration stays", RS_LOG_STATUS("status", status));
        rs_config_destroy(&config);
        return;
    }
    service->configs[service->config_count++] = config;
    rs_log_set_level((rs_log_level_t)rs_service_log_level(config));
    if (service->feed != NULL) {
        rs_policy_t policies[RS_MAX_POLICIES] = {0};
        rs_feed_configure(service->feed, config, policies, policies_by_slot(service, policies));
    }
    rs_service_configure_receivers(service, config);
    RS_LOG(RS_LOG_NOTICE, "reloaded; policies and thresholds count from the next quarter of an hour, alert rules at once");
}
