/* Alerts as mail: RFC 5322, plain text in UTF-8, base64 on the wire so that no server can break a line. */
#include "event/event.h"
#include "feed/message.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct text {
    char *data;
    size_t size, len;
} text_t;

RS_PRINTF(2, 3)
static void print(text_t *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int len = text->len < text->size ? vsnprintf(text->data + text->len, text->size - text->len, format, arguments) : 0;
    va_end(arguments);
    if (len > 0) text->len += (size_t)len;
    if (text->len >= text->size) text->len = text->size - 1; /* rooms are reckoned beforehand; what is longer is cut */
}

/* --- the header --------------------------------------------------------------------------------------------------- */
/* RFC 2047 in pieces of at most 45 bytes, cut between characters; plain ASCII stands as it is. */
static void print_words(text_t *text, const char *words) {
    enum { PIECE = 45 };
    size_t left = strlen(words);
    bool plain = left < 200;

    for (size_t i = 0; i < left; i++) plain = plain && words[i] >= 0x20 && words[i] < 0x7F;
    if (plain) {
        print(text, "%s", words);
        return;
    }
    for (bool first = true; left > 0; first = false) {
        char encoded[sodium_base64_ENCODED_LEN(PIECE, sodium_base64_VARIANT_ORIGINAL)];
        size_t len = left < PIECE ? left : PIECE;
        while (len < left && len > PIECE - 4 && ((unsigned char)words[len] & 0xC0) == 0x80) len--;
        sodium_bin2base64(encoded, sizeof(encoded), (const unsigned char *)words, len, sodium_base64_VARIANT_ORIGINAL);
        print(text, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", encoded);
        words += len;
        left -= len;
    }
}

static void print_date(text_t *text, int64_t at_us) {
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const time_t seconds = at_us / RS_US_PER_S;
    struct tm day;

    (void)gmtime_r(&seconds, &day);
    print(text, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * day.tm_wday, day.tm_mday, months + 3 * day.tm_mon,
          day.tm_year + 1900, day.tm_hour, day.tm_min, day.tm_sec);
}

static void subject_of(const rs_post_message_t *message, char subject[RS_MESSAGE_TEXT]) {
    char key[RS_FEED_MAX_KEY_TEXT];
    size_t key_len = 0;

    if (message->is_digest) {
        const uint64_t *totals = message->tally->totals;
        (void)snprintf(subject, RS_MESSAGE_TEXT, "[digest] %" PRIu64 " firing, %" PRIu64 " resolved", totals[RS_TALLY_FIRING],
                       totals[RS_TALLY_ENDED]);
        return;
    }
    const rs_alert_transition_t *transition = &message->entries[0].notice->transition;
    if (rs_feed_format_key(&transition->dimensions, key, sizeof(key), &key_len) != RS_OK) key_len = 0;
    (void)snprintf(subject, RS_MESSAGE_TEXT, "[%s] %s: %.*s, %.*s", rs_alert_severity_name(transition->severity),
                   message->entries[0].phase == RS_TOLD_ENDED ? "resolved" : "firing", (int)transition->rule_name.len,
                   transition->rule_name.data, (int)key_len, key);
}

static void print_header(text_t *text, const rs_message_frame_t *frame, const rs_post_message_t *message, rs_str_t from,
                         const rs_str_t *to, uint32_t to_count) {
    char subject[RS_MESSAGE_TEXT], episode[32];

    subject_of(message, subject);
    print(text, "From: ringside <%.*s>\r\n", (int)from.len, from.data);
    for (uint32_t i = 0; i < to_count; i++)
        print(text, "%s%.*s%s", i == 0 ? "To: " : " ", (int)to[i].len, to[i].data, i + 1 < to_count ? ",\r\n" : "\r\n");
    print(text, "Subject: ");
    print_words(text, subject);
    print(text, "\r\n");
    print_date(text, frame->now_us);
    print(text, "Message-ID: <%s@%s>\r\n", message->key, frame->instance);
    if (!message->is_digest) {
        rs_feed_format_episode(message->entries[0].notice->transition.episode, episode);
        print(text, "References: <%s@%s>\r\n", episode, frame->instance);
    }
    print(text, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\n");
}

/* --- what it says --------------------------------------------------------------------------------------------------- */
static void print_time(text_t *text, const char *name, int64_t at_us) {
    char time_text[32];

    rs_event_format_time(at_us, time_text);
    print(text, "%s %.19sZ\n", name, time_text);
}

static void print_alert(text_t *text, const rs_post_entry_t *entry) {
    const rs_alert_transition_t transition = rs_message_transition(entry);
    char summary[RS_MESSAGE_TEXT], episode[32];

    rs_message_summary(&transition, summary);
    rs_feed_format_episode(transition.episode, episode);
    print(text, "%s\n\n", summary);
    print(text, "state      %s\n", entry->phase == RS_TOLD_ENDED ? "resolved" : "firing");
    print(text, "severity   %s\n", rs_alert_severity_name(transition.severity));
    print(text, "tenant     %.*s\n", (int)transition.dimensions.tenant.len, transition.dimensions.tenant.data);
    print_time(text, "fired     ", transition.fired_us);
    if (entry->phase == RS_TOLD_ENDED) print_time(text, "resolved  ", transition.at_us);
    print(text, "episode    %s\n", episode);
    if (transition.runbook.len > 0) print(text, "what to do %.*s\n", (int)transition.runbook.len, transition.runbook.data);
}

static void print_digest(text_t *text, const rs_post_message_t *message) {
    char summary[RS_MESSAGE_TEXT];

    print(text, "Too many alerts at once to send each alone; these are told here.\n\n");
    print(text, "%-40s %-9s %9s %9s %9s %9s\n", "rule", "severity", "firing", "resolved", "no room", "refused");
    for (uint32_t i = 0; i < message->tally->count; i++) {
        const rs_post_tally_row_t *row = &message->tally->rows[i];
        print(text, "%-40s %-9s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "\n",
              row->rule[0] == '\0' ? "(others)" : row->rule, rs_alert_severity_name(row->severity), row->counts[RS_TALLY_FIRING],
              row->counts[RS_TALLY_ENDED], row->counts[RS_TALLY_FULL], row->counts[RS_TALLY_REFUSED]);
    }
    if (message->left > 0) print(text, "\n%" PRIu32 " more follow.\n", message->left);
    print(text, "\nThe worst:\n");
    for (uint32_t i = 0; i < message->count && i < RS_MESSAGE_WORST; i++) {
        const rs_alert_transition_t transition = rs_message_transition(&message->entries[i]);
        rs_message_summary(&transition, summary);
        print(text, "  %-8s %-8s %s\n", rs_alert_severity_name(transition.severity),
              message->entries[i].phase == RS_TOLD_ENDED ? "resolved" : "firing", summary);
    }
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */
static void print_base64(text_t *text, const char *bytes, size_t len) {
    enum { LINE = 57 };
    for (size_t at = 0; at < len; at += LINE) {
        char encoded[sodium_base64_ENCODED_LEN(LINE, sodium_base64_VARIANT_ORIGINAL)];
        const size_t part = len - at < LINE ? len - at : LINE;
        sodium_bin2base64(encoded, sizeof(encoded), (const unsigned char *)bytes + at, part, sodium_base64_VARIANT_ORIGINAL);
        print(text, "%s\r\n", encoded);
    }
}

int rs_message_mail(const rs_message_frame_t *frame, const rs_post_message_t *message, rs_str_t from, const rs_str_t *to,
                    uint32_t to_count, char **text, size_t *len) {
    enum { BODY = 40 * 1024, HEADER = 8 * 1024, ADDRESS = 280 };
    text_t body = {.data = malloc(BODY), .size = BODY};
    text_t mail = {.size = HEADER + to_count * ADDRESS + 2 * BODY};

    mail.data = malloc(mail.size);
    if (body.data == NULL || mail.data == NULL) {
        free(body.data);
        free(mail.data);
        return RS_ERR_MEMORY;
    }
    if (message->is_digest)
        print_digest(&body, message);
    else
        print_alert(&body, &message->entries[0]);
    print_header(&mail, frame, message, from, to, to_count);
    print_base64(&mail, body.data, body.len);
    free(body.data);
    *text = mail.data;
    *len = mail.len;
    return RS_OK;
}
