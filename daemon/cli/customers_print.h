/* cli/customers_print.h — contact rate, and who came most often, of each tenant, as of the last event.
 *
 * NDJSON, a line per tenant:
 *   {tenant, contacts, customers, contact_rate, repeaters: [{customer, contacts, at_least}], others_at_most}
 * contacts: inbound ones of known customers that are remembered (fcr.repeat_window, and a little more, up to the last event);
 * contact_rate: contacts / customers, null without any. repeaters: at most RS_FCR_REPEATERS customers with at least two contacts, most
 * contacts first; at_least: there are more than could be counted one by one. others_at_most: nobody else came more often. A customer is
 * a pseudonym, in hexadecimal digits. The table shows the same. */
#ifndef RS_CLI_CUSTOMERS_PRINT_H
#define RS_CLI_CUSTOMERS_PRINT_H

#include "cli/row_print.h"
#include "core/core.h"

/* The core keeps rows of totals: its tenants are theirs. *tenants: how many lines or tables were printed. RS_ERR_MEMORY. */
RS_MUST_CHECK int rs_customers_print(rs_core_t *core, FILE *out, rs_output_t output, uint64_t *tenants);

#endif
