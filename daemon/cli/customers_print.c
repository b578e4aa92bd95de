#include "cli/customers_print.h"

#include "event/json.h"

#include <inttypes.h>
#include <stdlib.h>

enum { HEX_BYTES = 2 * sizeof(rs_hash128_t) + 1 };

typedef struct customers {      /* of one tenant */
    rs_str_t tenant;
    rs_contact_rate_t rate;
    rs_fcr_repeater_t repeaters[RS_FCR_REPEATERS];
    uint32_t count, others_at_most;
} customers_t;

static void write_hex(const rs_hash128_t *pseudonym, char hex[HEX_BYTES]) {
    unsigned char bytes[sizeof *pseudonym];
    memcpy(bytes, pseudonym, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static void read_customers(rs_core_t *core, rs_str_t tenant, customers_t *customers) {
    *customers = (customers_t){.tenant = tenant, .rate = rs_core_fcr_contact_rate(core, tenant)};
    customers->count = rs_core_fcr_repeaters(core, tenant, customers->repeaters, RS_FCR_REPEATERS, &customers->others_at_most);
}

static double contact_rate(const rs_contact_rate_t *rate) { return (double)rate->contacts / (double)rate->customers; }

/* --- forms -------------------------------------------------------------------------------------------------------- */
static void put_repeater(FILE *out, const rs_fcr_repeater_t *repeater) {
    char hex[HEX_BYTES], text[128];
    rs_json_t json;
    write_hex(&repeater->customer, hex);
    rs_json_init(&json, text, sizeof text);
    rs_json_begin(&json, NULL);
    rs_json_string(&json, "customer", rs_str(hex));
    rs_json_integer(&json, "contacts", repeater->contacts);
    rs_json_bool(&json, "at_least", repeater->at_least);
    rs_json_end(&json);
    RS_REQUIRE(!json.overflow);
    fwrite(text, 1, json.len, out);
}

static void print_json(FILE *out, const customers_t *customers) {
    char text[1024];
    rs_json_t json;
    rs_json_init(&json, text, sizeof text);
    rs_json_begin(&json, NULL);
    rs_json_string(&json, "tenant", customers->tenant);
    rs_json_integer(&json, "contacts", (int64_t)customers->rate.contacts);
    rs_json_integer(&json, "customers", (int64_t)customers->rate.customers);
    if (customers->rate.customers != 0) rs_json_number(&json, "contact_rate", contact_rate(&customers->rate));
    else rs_json_null(&json, "contact_rate");
    RS_REQUIRE(!json.overflow);
    fwrite(text, 1, json.len, out);
    fputs(",\"repeaters\":[", out);
    for (uint32_t i = 0; i < customers->count; i++) {
        if (i != 0) fputc(',', out);
        put_repeater(out, &customers->repeaters[i]);
    }
    fprintf(out, "],\"others_at_most\":%" PRIu32 "}\n", customers->others_at_most);
}

static void print_table(FILE *out, const customers_t *customers) {
    const rs_contact_rate_t *rate = &customers->rate;
    fprintf(out, "%.*s: %" PRIu64 " contacts of %" PRIu64 " customers", (int)customers->tenant.len, customers->tenant.data, rate->contacts,
            rate->customers);
    if (rate->customers != 0) fprintf(out, ", contact rate %.3f", contact_rate(rate));
    fputc('\n', out);
    if (customers->count != 0) fprintf(out, "  %9s  %s\n", "contacts", "customer");
    for (uint32_t i = 0; i < customers->count; i++) {
        char hex[HEX_BYTES];
        write_hex(&customers->repeaters[i].customer, hex);
        fprintf(out, "  %8" PRIu32 "%s  %s\n", customers->repeaters[i].contacts, customers->repeaters[i].at_least ? "+" : " ", hex);
    }
    if (customers->count != 0) fprintf(out, "  nobody else came more than %" PRIu32 " times\n", customers->others_at_most);
}

/* --- tenants ------------------------------------------------------------------------------------------------------ */
typedef struct tenants { rs_str_t *names; uint32_t count, room; bool failed; } tenants_t;

static void note_tenant(void *context, const rs_row_t *row) {
    tenants_t *tenants = context;
    for (uint32_t i = 0; i < tenants->count; i++) {
        if (rs_str_equal(tenants->names[i], row->key.tenant)) return;
    }
    if (tenants->count == tenants->room) {
        const uint32_t room = tenants->room == 0 ? 16 : tenants->room * 2;
        rs_str_t *names = realloc(tenants->names, room * sizeof *names);
        tenants->failed = tenants->failed || names == NULL;
        if (names == NULL) return;
        tenants->names = names;
        tenants->room = room;
    }
    tenants->names[tenants->count++] = row->key.tenant;
}

int rs_customers_print(rs_core_t *core, FILE *out, rs_output_t output, uint64_t *count) {
    tenants_t tenants = {0};
    rs_core_rows(core, note_tenant, &tenants);
    for (uint32_t i = 0; i < tenants.count && !tenants.failed; i++) {
        customers_t customers;
        read_customers(core, tenants.names[i], &customers);
        if (output == RS_OUTPUT_NDJSON) print_json(out, &customers);
        else print_table(out, &customers);
    }
    *count = tenants.count;
    free(tenants.names);
    return tenants.failed ? RS_ERR_MEMORY : RS_OK;
}
