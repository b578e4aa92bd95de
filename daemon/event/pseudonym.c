/* Callers' numbers leave here as keyed hashes only. */
#include "event/command.h"
#include "event/event_internal.h"

#include <sodium.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits, perhaps with the marks that people write between them; a "+" only before the first digit. */
static bool is_telephone(rs_str_t customer) {
    bool digit_seen = false, plus_seen = false;
    for (uint32_t i = 0; i < customer.len; i++) {
        const char c = customer.data[i];
        if (is_digit(c)) {
            digit_seen = true;
        } else if (c == '+') {
            if (digit_seen || plus_seen) return false;
            plus_seen = true;
        } else if (c == '\0' || strchr(" -.()[]", c) == NULL) {
            return false;
        }
    }
    return digit_seen;
}

/* Into text, which has room for RS_MAX_CUSTOMER bytes; returns the length. A national "00" and "+" both become "+". */
static uint32_t normalise_telephone(rs_str_t customer, char text[RS_MAX_CUSTOMER]) {
    uint32_t len = 0;
    for (uint32_t i = 0; i < customer.len; i++) {
        if (is_digit(customer.data[i]) || customer.data[i] == '+') text[len++] = customer.data[i];
    }
    if (len > 2 && text[0] == '0' && text[1] == '0') {
        text[0] = '+';
        memmove(text + 1, text + 2, len - 2);
        len--;
    }
    return len;
}

static uint32_t normalise(rs_str_t customer, char text[RS_MAX_CUSTOMER]) {
    if (is_telephone(customer)) return normalise_telephone(customer, text);
    memcpy(text, customer.data, customer.len);
    if (memchr(customer.data, '@', customer.len) == NULL) return customer.len;
    for (uint32_t i = 0; i < customer.len; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z') text[i] = (char)(text[i] - 'A' + 'a');
    }
    return customer.len;
}

void rs_pseudonym(const uint8_t key[RS_PSEUDONYM_KEY_BYTES], rs_str_t tenant, rs_str_t customer,
                  uint8_t pseudonym[RS_PSEUDONYM_BYTES]) {
    RS_REQUIRE(tenant.len <= RS_MAX_NAME && customer.len <= RS_MAX_CUSTOMER);
    const rs_str_t owner = tenant.len == 0 ? RS_STR("default") : tenant;
    uint8_t text[1 + RS_MAX_NAME + RS_MAX_CUSTOMER];
    /* The tenant's length goes first, so that no two pairs of tenant and customer give the same text. */
    text[0] = (uint8_t)owner.len;
    memcpy(text + 1, owner.data, owner.len);
    const size_t head = 1 + (size_t)owner.len;
    const size_t len = head + (customer.len == 0 ? 0 : normalise(customer, (char *)text + head));
    crypto_generichash(pseudonym, RS_PSEUDONYM_BYTES, text, len, key, RS_PSEUDONYM_KEY_BYTES);
    sodium_memzero(text, sizeof text);
}

static int digit(char c) { return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

bool rs_pseudonym_parse(rs_str_t text, uint8_t pseudonym[RS_PSEUDONYM_BYTES]) {
    if (text.len != 2 * RS_PSEUDONYM_BYTES) return false;
    for (uint32_t i = 0; i < RS_PSEUDONYM_BYTES; i++) {
        const int high = digit(text.data[2 * i]), low = digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        pseudonym[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void rs_pseudonym_text(const uint8_t pseudonym[RS_PSEUDONYM_BYTES], char text[2 * RS_PSEUDONYM_BYTES + 1]) {
    sodium_bin2hex(text, 2 * RS_PSEUDONYM_BYTES + 1, pseudonym, RS_PSEUDONYM_BYTES);
}

uint64_t rs_refused_hash(const uint8_t key[RS_PSEUDONYM_KEY_BYTES], rs_str_t bytes) {
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)bytes.data, bytes.len, key, RS_PSEUDONYM_KEY_BYTES);
    uint64_t number = 0;
    for (size_t i = 8; i > 0; i--) number = number << 8 | hash[i - 1];
    return number;
}
