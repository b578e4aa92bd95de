/* cli/default_rules.h — the rules of daemon/ringside.conf, for trying a history without any configuration. */
#ifndef RS_CLI_DEFAULT_RULES_H
#define RS_CLI_DEFAULT_RULES_H

#include "config/config.h"

/* The text of daemon/ringside.conf as this program was built with. Static storage. */
rs_str_t rs_default_conf(void);
/* Where `config` has no rules, it gets those of that text. *defaults owns them, must live as long as `config`, and is to be destroyed after
 * it; NULL when they were not needed. RS_ERR_MEMORY; RS_ERR_PARSE: the text is none (`why`, 1024 bytes, says where). */
RS_MUST_CHECK int rs_default_rules(rs_config_t *config, rs_config_t **defaults, char why[1024]);

#endif
