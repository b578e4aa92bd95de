#include "store/hosts.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_HOSTS = 16, MAX_HOST = 256 };

struct rs__hosts {
    uv_loop_t *loop;
    uv_getaddrinfo_t request;
    bool busy, canceled;
    rs__hosts_fn on_done;
    void *context;
    PQconninfoOption *options;
    size_t count, at;
    char names[MAX_HOSTS][MAX_HOST], ports[MAX_HOSTS][16], addresses[MAX_HOSTS][64];
    bool dropped[MAX_HOSTS];
    bool has_ports;
    char last_error[320];
};

int rs__hosts_create(uv_loop_t *loop, rs__hosts_t **hosts_out) {
    rs__hosts_t *hosts = calloc(1, sizeof *hosts);
    if (hosts == NULL) return RS_ERR_MEMORY;
    hosts->loop = loop;
    hosts->request.data = hosts;
    *hosts_out = hosts;
    return RS_OK;
}

void rs__hosts_destroy(rs__hosts_t **hosts) {
    free(*hosts);
    *hosts = NULL;
}

bool rs__hosts_busy(const rs__hosts_t *hosts) { return hosts->busy; }

static PQconninfoOption *option(PQconninfoOption *options, const char *keyword) {
    for (PQconninfoOption *o = options; o->keyword != NULL; o++)
        if (strcmp(o->keyword, keyword) == 0) return o;
    return NULL;
}

static bool has_value(const PQconninfoOption *o) { return o != NULL && o->val != NULL && o->val[0] != '\0'; }

/* Splits a list at commas into fixed places; false when something does not fit (then libpq may do as it likes). */
static bool split(const char *list, char *items, size_t item_size, size_t *count) {
    *count = 0;
    for (const char *at = list;; at++) {
        const size_t len = strcspn(at, ",");
        if (*count == MAX_HOSTS || len >= item_size) return false;
        memcpy(items + *count * item_size, at, len);
        items[*count * item_size + len] = '\0';
        (*count)++;
        at += len;
        if (*at == '\0') return true;
    }
}

static bool needs_resolving(const char *name) {
    struct in6_addr address;
    return name[0] != '\0' && name[0] != '/' && name[0] != '@' && uv_inet_pton(AF_INET, name, &address) != 0 &&
           uv_inet_pton(AF_INET6, name, &address) != 0;
}

static bool set(PQconninfoOption *o, const char *value) {
    char *copy = strdup(value);
    if (o == NULL || copy == NULL) {
        free(copy);
        return false;
    }
    free(o->val);
    o->val = copy;
    return true;
}

/* Writes the three lists back without the hosts that have no address. */
static int write_back(rs__hosts_t *hosts) {
    char names[MAX_HOSTS * MAX_HOST] = "", ports[MAX_HOSTS * 16] = "", addresses[MAX_HOSTS * 64] = "";
    size_t kept = 0;
    for (size_t i = 0; i < hosts->count; i++) {
        if (hosts->dropped[i]) continue;
        const char *comma = kept++ == 0 ? "" : ",";
        strcat(strcat(names, comma), hosts->names[i]);
        strcat(strcat(ports, comma), hosts->ports[i]);
        strcat(strcat(addresses, comma), hosts->addresses[i]);
    }
    if (kept == 0) return RS_ERR_NOT_FOUND;
    if (!set(option(hosts->options, "host"), names) || !set(option(hosts->options, "hostaddr"), addresses) ||
        (hosts->has_ports && !set(option(hosts->options, "port"), ports)))
        return RS_ERR_MEMORY;
    return RS_OK;
}

static void resolve_next(rs__hosts_t *hosts);

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found) {
    rs__hosts_t *hosts = request->data;
    hosts->busy = false;
    if (hosts->canceled) {
        uv_freeaddrinfo(found);
        return;
    }
    const size_t at = hosts->at;
    if (status == 0 && found != NULL) {
        if (getnameinfo(found->ai_addr, found->ai_addrlen, hosts->addresses[at], sizeof hosts->addresses[at], NULL, 0,
                        NI_NUMERICHOST) != 0)
            status = UV_EAI_FAIL;
    }
    uv_freeaddrinfo(found);
    if (status != 0) {
        hosts->dropped[at] = true;
        snprintf(hosts->last_error, sizeof hosts->last_error, "cannot resolve host %s: %s", hosts->names[at], uv_strerror(status));
    }
    hosts->at++;
    resolve_next(hosts);
}

static void resolve_next(rs__hosts_t *hosts) {
    while (hosts->at < hosts->count && !needs_resolving(hosts->names[hosts->at])) hosts->at++;
    if (hosts->at == hosts->count) {
        const int status = write_back(hosts);
        hosts->on_done(hosts->context, status, status == RS_ERR_NOT_FOUND ? hosts->last_error : rs_status_text(status));
        return;
    }
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    hosts->busy = true;
    if (uv_getaddrinfo(hosts->loop, &hosts->request, on_resolved, hosts->names[hosts->at], NULL, &hints) != 0) {
        hosts->busy = false;
        hosts->on_done(hosts->context, RS_ERR_MEMORY, rs_status_text(RS_ERR_MEMORY));
    }
}

bool rs__hosts_resolve(rs__hosts_t *hosts, PQconninfoOption *options, rs__hosts_fn on_done, void *context) {
    const PQconninfoOption *host = option(options, "host"), *port = option(options, "port");
    if (!has_value(host) || has_value(option(options, "hostaddr"))) return true;
    if (!split(host->val, hosts->names[0], sizeof hosts->names[0], &hosts->count)) return true;
    size_t port_count = 0;
    if (has_value(port) && !split(port->val, hosts->ports[0], sizeof hosts->ports[0], &port_count)) return true;
    if (port_count > 1 && port_count != hosts->count) return true;
    hosts->has_ports = port_count > 0;
    for (size_t i = port_count; i < hosts->count; i++) memcpy(hosts->ports[i], hosts->ports[0], sizeof hosts->ports[0]);
    bool any = false;
    for (size_t i = 0; i < hosts->count; i++) {
        /* A socket's folder has no address; a numeric host is its own. */
        const bool path = hosts->names[i][0] == '/' || hosts->names[i][0] == '@' || strlen(hosts->names[i]) >= 64;
        snprintf(hosts->addresses[i], sizeof hosts->addresses[i], "%.63s", path ? "" : hosts->names[i]);
        hosts->dropped[i] = false;
        any = any || needs_resolving(hosts->names[i]);
    }
    if (!any) return true;
    hosts->options = options;
    hosts->on_done = on_done;
    hosts->context = context;
    hosts->canceled = false;
    hosts->at = 0;
    resolve_next(hosts);
    return false;
}

static void turn_list(PQconninfoOption *o, size_t turns) {
    if (!has_value(o)) return;
    size_t count = 1, len = strlen(o->val);
    for (const char *at = o->val; *at != '\0'; at++) count += *at == ',';
    const char *begin = o->val;
    for (size_t i = turns % count; i > 0; i--) begin = strchr(begin, ',') + 1;
    char *turned = begin == o->val ? NULL : malloc(len + 1);
    if (turned == NULL) return;
    sprintf(turned, "%s,%.*s", begin, (int)(begin - o->val - 1), o->val);
    free(o->val);
    o->val = turned;
}

static size_t places_of(const PQconninfoOption *o) {
    size_t count = has_value(o);
    for (const char *at = count == 0 ? "" : o->val; *at != '\0'; at++) count += *at == ',';
    return count;
}

void rs__hosts_turn(PQconninfoOption *options, size_t turns) {
    PQconninfoOption *host = option(options, "host"), *address = option(options, "hostaddr"), *port = option(options, "port");
    const size_t hosts = places_of(host), addresses = places_of(address), ports = places_of(port),
                 count = hosts > addresses ? hosts : addresses;
    if ((hosts != count && hosts != 0) || (addresses != count && addresses != 0) || (ports != count && ports > 1)) return;
    turn_list(host, turns);
    turn_list(address, turns);
    turn_list(port, turns);
}

void rs__hosts_cancel(rs__hosts_t *hosts) {
    if (!hosts->busy) return;
    hosts->canceled = true;
    uv_cancel((uv_req_t *)&hosts->request);
}
