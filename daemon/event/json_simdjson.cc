// One line of JSON into raw fields, by simdjson's on-demand parser. On demand means that it skips what nobody asks for
// without judging it, so unknown values are walked too: what is not strict JSON is refused wherever it stands.
#define SIMDJSON_EXCEPTIONS 0
#include "event/raw.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <new>
#include <simdjson.h>
#include <utility>

using namespace simdjson;

static_assert(RS__JSON_PADDING >= SIMDJSON_PADDING, "lines need as much padding as simdjson reads");

struct rs__json {
    ondemand::parser parser;
};

extern "C" rs__json_t *rs__json_create(size_t max_bytes) {
    rs__json_t *json = new (std::nothrow) rs__json;
    if (json != nullptr && json->parser.allocate(max_bytes, RS__JSON_MAX_DEPTH + 8) != SUCCESS) {
        delete json;
        return nullptr;
    }
    return json;
}

extern "C" void rs__json_destroy(rs__json_t *json) { delete json; }

namespace {
enum class outcome { broken, absent, present };
}

// Strings without escapes are lent from the line itself; the others are unescaped into the parser's buffer. Either way the
// parser is told to step over the string: left to skip it, it would take a string before a colon for a key.
simdjson_inline outcome read_string(ondemand::value &source, std::string_view token, rs__value_t *value) {
    const size_t end = token.find_last_not_of(" \t\r\n");
    token = token.substr(0, end + 1);
    std::string_view text;
    if (token.size() >= 2 && token.back() == '"' && memchr(token.data(), '\\', token.size()) == nullptr) {
        text = token.substr(1, token.size() - 2);
        if (source.get_raw_json_string().error() != SUCCESS) return outcome::broken;
    } else if (source.get_string().get(text) != SUCCESS) {
        return outcome::broken;
    }
    value->kind = RS__VALUE_STRING;
    value->as.text = text.data();
    value->len = static_cast<uint32_t>(text.size());
    return text.empty() ? outcome::absent : outcome::present;
}

// The closing quote is there: simdjson has paired the quotes of the line before.
simdjson_inline bool read_key(ondemand::field &field, std::string_view &key) {
    const char *text = field.key().raw();
    size_t len = 0;
    while (text[len] != '"' && text[len] != '\\') len++;
    if (text[len] == '\\') return field.unescaped_key().get(key) == SUCCESS;
    key = std::string_view(text, len);
    return true;
}

static bool walk(ondemand::value &source, unsigned depth);

static bool walk_object(ondemand::value &source, unsigned depth) {
    ondemand::object object;
    if (source.get_object().get(object) != SUCCESS) return false;
    for (auto &&item : object) {
        std::string_view key;
        if (item.error() != SUCCESS) return false;
        ondemand::field &&field = std::move(item).value_unsafe();
        if (!read_key(field, key)) return false;
        if (!walk(field.value(), depth + 1)) return false;
    }
    return true;
}

static bool walk_array(ondemand::value &source, unsigned depth) {
    ondemand::array array;
    if (source.get_array().get(array) != SUCCESS) return false;
    for (auto &&item : array) {
        ondemand::value element;
        if (std::move(item).get(element) != SUCCESS || !walk(element, depth + 1)) return false;
    }
    return true;
}

// Well-formed, but not for simdjson: it gives up on exponents of twenty digits, leading zeros included. What no double
// holds comes out as infinity.
static double read_odd_real(std::string_view token) {
    double real = HUGE_VAL;
    const auto result = std::from_chars(token.data(), token.data() + token.size(), real);
    return result.ec == std::errc() ? real : HUGE_VAL;
}

simdjson_inline outcome read_scalar(ondemand::value &source, std::string_view token, rs__value_t *value) {
    if (!rs__json_scalar(token.data(), token.size(), value)) return outcome::broken;
    if (value->kind == RS__VALUE_REAL && source.get_double().get(value->as.real) != SUCCESS) {
        value->as.real = read_odd_real(token);
    }
    return value->kind == RS__VALUE_ABSENT ? outcome::absent : outcome::present;
}

// Arrays and objects are walked and come out as RS__VALUE_WRONG.
simdjson_inline outcome read_value(ondemand::value &source, unsigned depth, rs__value_t *value) {
    const std::string_view token = source.raw_json_token();
    const char first = token.empty() ? '\0' : token.front();
    if (first == '"') return read_string(source, token, value);
    if (first != '{' && first != '[') return read_scalar(source, token, value);
    value->kind = RS__VALUE_WRONG;
    value->len = 0;
    if (depth >= RS__JSON_MAX_DEPTH) return outcome::broken;
    const bool sound = first == '{' ? walk_object(source, depth) : walk_array(source, depth);
    return sound ? outcome::present : outcome::broken;
}

static bool walk(ondemand::value &source, unsigned depth) {
    rs__value_t ignored;
    return read_value(source, depth, &ignored) != outcome::broken;
}

simdjson_inline bool read_slot(ondemand::value &source, unsigned depth, rs__raw_t *raw, unsigned id) {
    const outcome result = read_value(source, depth, &raw->values[id]);
    rs__raw_mark(raw, id, result == outcome::present);
    return result != outcome::broken;
}

static bool read_data(ondemand::value &source, rs__raw_t *raw) {
    ondemand::object object;
    if (source.get_object().get(object) != SUCCESS) return false;
    for (auto &&item : object) {
        std::string_view key;
        if (item.error() != SUCCESS) return false;
        ondemand::field &&field = std::move(item).value_unsafe();
        if (!read_key(field, key)) return false;
        if (!read_slot(field.value(), 2, raw, rs__field_of_data(key.data(), key.size()))) return false;
    }
    return true;
}

simdjson_inline bool read_field(ondemand::field &field, rs__raw_t *raw) {
    std::string_view key;
    if (!read_key(field, key)) return false;
    const unsigned id = rs__field_of_envelope(key.data(), key.size());
    ondemand::value &source = field.value();
    if (id == RS__FIELD_DATA) {
        const std::string_view token = source.raw_json_token();
        if (!token.empty() && token.front() == '{') return read_data(source, raw);
    }
    return read_slot(source, 1, raw, id);
}

extern "C" rs__json_result_t rs__json_parse(rs__json_t *json, const char *line, size_t len, rs__raw_t *raw) {
    ondemand::document document;
    const error_code error = json->parser.iterate(line, len, len + SIMDJSON_PADDING).get(document);
    if (error == UTF8_ERROR) return RS__JSON_NOT_UTF8;
    ondemand::object root;
    if (error != SUCCESS || document.get_object().get(root) != SUCCESS) return RS__JSON_MALFORMED;
    for (auto &&item : root) {
        if (item.error() != SUCCESS) return RS__JSON_MALFORMED;
        ondemand::field &&field = std::move(item).value_unsafe();
        if (!read_field(field, raw)) return RS__JSON_MALFORMED;
    }
    // Nothing may follow, and nothing past the line may have been taken for a bracket of it.
    return document.current_location().error() == OUT_OF_BOUNDS ? RS__JSON_OK : RS__JSON_MALFORMED;
}
