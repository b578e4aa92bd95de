/* What must fit together in one receiver of alerts. */
#include "config/value.h"

#include <stdio.h>

enum { KEPT = 20000 };

void rs__receiver_begin(rs_receiver_config_t *receiver, rs_str_t name) {
    const rs_str_t empty = RS_STR("");
    *receiver = (rs_receiver_config_t){.name = name,
                                       .tenant = empty,
                                       .url = empty,
                                       .url_file = empty,
                                       .secret_file = empty,
                                       .token_file = empty,
                                       .user = empty,
                                       .password_file = empty,
                                       .ca_file = empty,
                                       .from = empty,
                                       .timeout_us = 10 * RS_US_PER_S,
                                       .burst = 20,
                                       .every_us = 5 * RS_US_PER_S,
                                       .digest_wait_us = 5 * RS_US_PER_S,
                                       .digest_period_us = RS_US_PER_MIN,
                                       .digest_entries = 5000,
                                       .queue = KEPT,
                                       .backoff_min_us = RS_US_PER_S,
                                       .backoff_max_us = 5 * RS_US_PER_MIN,
                                       .resend_us = RS_US_PER_MIN,
                                       .hold_us = 40 * RS_US_PER_S,
                                       .settle_us = 6 * RS_US_PER_MIN};
}

/* --- URLs --------------------------------------------------------------------------------------------------------- */
static uint32_t scheme_length(rs_str_t text) {
    static const char *const schemes[] = {"http://", "https://", "smtp://", "smtps://"};
    for (size_t i = 0; i < RS_ARRAY_LEN(schemes); i++) {
        const uint32_t len = (uint32_t)strlen(schemes[i]);
        if (text.len >= len && memcmp(text.data, schemes[i], len) == 0) return len;
    }
    return 0;
}

/* Behind the last colon that is not within [an address of IPv6]. */
static bool port_is_good(rs_str_t authority) {
    uint32_t colon = authority.len;
    int64_t port = 0;
    while (colon > 0 && authority.data[colon - 1] != ':' && authority.data[colon - 1] != ']') colon--;
    if (colon == 0) return true;
    if (authority.data[colon - 1] == ']') return colon == authority.len;
    const rs_str_t text = {.data = authority.data + colon, .len = authority.len - colon};
    return colon > 1 && rs__parse_integer(text, &port) && port >= 1 && port <= 65535;
}

const char *rs_config_url_fault(rs_str_t text) {
    const uint32_t begin = scheme_length(text);
    uint32_t end = begin;

    if (text.len == 0) return NULL; /* not named */
    if (begin == 0) return "is not http://, https://, smtp:// or smtps://";
    for (uint32_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] <= 0x20 || (unsigned char)text.data[i] >= 0x7F)
            return "holds a blank, a control character or no ASCII";
    while (end < text.len && strchr("/?#", text.data[end]) == NULL) end++;
    const rs_str_t authority = {.data = text.data + begin, .len = end - begin};
    if (authority.len == 0) return "has no host";
    if (memchr(authority.data, '@', authority.len) != NULL)
        return "holds a user or a password; they have keys of their own: user, password_file";
    if (memchr(text.data, '#', text.len) != NULL) return "has a fragment (#), which is never sent";
    return port_is_good(authority) ? NULL : "has no good port";
}

/* --- one receiver --------------------------------------------------------------------------------------------------- */
typedef struct finding {
    const char *name, *reason, *allowed;
} finding_t;

static bool is_named(rs_str_t text) { return text.len > 0; }

static bool begins_with(rs_str_t text, const char *prefix) {
    return text.len >= strlen(prefix) && memcmp(text.data, prefix, strlen(prefix)) == 0;
}

static bool is_address(rs_str_t text) {
    const char *at = memchr(text.data, '@', text.len);
    if (at == NULL || at == text.data || at == text.data + text.len - 1) return false;
    for (uint32_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] <= 0x20 || (unsigned char)text.data[i] >= 0x7F ||
            strchr("<>,;:\"()[]\\", text.data[i]) != NULL)
            return false;
    return memchr(at + 1, '@', (size_t)(text.data + text.len - at - 1)) == NULL;
}

static finding_t judge_place(const rs_receiver_config_t *receiver) {
    const bool mail = receiver->kind == RS_RECEIVER_MAIL;
    if (is_named(receiver->url) == is_named(receiver->url_file))
        return (finding_t){"url", is_named(receiver->url) ? "is there and url_file, too" : "is missing",
                           "either url or url_file"};
    if (is_named(receiver->url) && mail && !begins_with(receiver->url, "smtp"))
        return (finding_t){"url", "is not one of mail", "smtp://HOST:PORT or smtps://HOST:PORT with kind: mail"};
    if (is_named(receiver->url) && !mail && !begins_with(receiver->url, "http"))
        return (finding_t){"url", "is one of mail", "http:// or https:// with this kind"};
    return (finding_t){0};
}

static finding_t judge_mail(const rs_receiver_config_t *receiver) {
    static const char list[] = "a list of addresses, such as [team@example.org]";
    if (receiver->kind != RS_RECEIVER_MAIL) {
        if (is_named(receiver->from)) return (finding_t){"from", "belongs to mail", "kind: mail with it"};
        if (receiver->to_count > 0) return (finding_t){"to", "belongs to mail", "kind: mail with it"};
        return (finding_t){0};
    }
    if (!is_named(receiver->from)) return (finding_t){"from", "is missing", "an address such as alerts@example.org"};
    if (!is_address(receiver->from)) return (finding_t){"from", "is not an address", "an address such as alerts@example.org"};
    if (receiver->to_count == 0) return (finding_t){"to", "is missing", list};
    for (uint32_t i = 0; i < receiver->to_count; i++)
        if (!is_address(receiver->to[i])) return (finding_t){"to", "holds what is not an address", list};
    if (receiver->plain && is_named(receiver->password_file) && !begins_with(receiver->url, "smtps"))
        return (finding_t){"starttls", "would send the password for anyone on the way to read", "required, or no password_file"};
    return (finding_t){0};
}

static finding_t judge_secrets(const rs_receiver_config_t *receiver) {
    if (is_named(receiver->secret_file) && receiver->kind != RS_RECEIVER_WEBHOOK)
        return (finding_t){"secret_file", "signs webhooks only", "kind: webhook with it"};
    if (is_named(receiver->token_file) && receiver->kind == RS_RECEIVER_MAIL)
        return (finding_t){"token_file", "is not for mail", "user and password_file"};
    if (is_named(receiver->token_file) && is_named(receiver->user))
        return (finding_t){"token_file", "is there and user, too", "either a token, or user and password_file"};
    if (is_named(receiver->user) != is_named(receiver->password_file))
        return (finding_t){is_named(receiver->user) ? "password_file" : "user", "is missing",
                           "both user and password_file, or none"};
    return (finding_t){0};
}

static finding_t judge_pace(const rs_receiver_config_t *receiver) {
    if (receiver->backoff_min_us > receiver->backoff_max_us)
        return (finding_t){"backoff_min", "is longer than the longest pause", "at most backoff_max"};
    if (receiver->kind == RS_RECEIVER_ALERTMANAGER && receiver->backoff_min_us > receiver->resend_us)
        return (finding_t){"backoff_min", "is longer than resend: alerts could lapse", "at most resend"};
    return (finding_t){0};
}

int rs__loader_check_receiver(rs__loader_t *loader, rs_receiver_config_t *receiver, const rs_node_t *node, const char *key) {
    finding_t (*const judges[])(const rs_receiver_config_t *) = {judge_place, judge_mail, judge_secrets, judge_pace};
    for (size_t i = 0; i < RS_ARRAY_LEN(judges); i++) {
        const finding_t finding = judges[i](receiver);
        char at[RS_KEY_TEXT];
        if (finding.name == NULL) continue;
        const rs_node_t *child = rs__node_child(node, rs_str(finding.name));
        rs__path_join(key, rs_str(finding.name), at, sizeof(at));
        return rs__loader_fail(loader, child == NULL ? node : child, at, finding.allowed, "%s", finding.reason);
    }
    return RS_OK;
}
