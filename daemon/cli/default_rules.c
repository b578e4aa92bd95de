#include "cli/default_rules.h"

int rs_default_rules(rs_config_t *config, rs_config_t **defaults, char why[1024]) {
    rs_config_error_t error;
    *defaults = NULL;
    if (config->rule_count > 0) return RS_OK;
    const int status = rs_config_load_text(rs_default_conf(), "ringside.conf", defaults, &error);
    if (status != RS_OK) {
        rs_config_error_format(&error, why, 1024);
        return status == RS_ERR_MEMORY ? status : RS_ERR_PARSE;
    }
    config->rules = (*defaults)->rules;
    config->rule_count = (*defaults)->rule_count;
    return RS_OK;
}
