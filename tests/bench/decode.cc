// See decode_yardstick.h.
#define SIMDJSON_EXCEPTIONS 0
#include "decode_yardstick.h"

#include <cstring>
#include <simdjson.h>
#include <utility>

using namespace simdjson;

namespace {
struct sink_t {
    ondemand::parser parser;
    padded_string bytes;
};

bool read_object(ondemand::object object, uint64_t *checksum);

bool read_value(ondemand::value value, uint64_t *checksum) {
    ondemand::json_type type;
    if (value.type().get(type) != SUCCESS) return false;
    if (type == ondemand::json_type::object) {
        ondemand::object object;
        return value.get_object().get(object) == SUCCESS && read_object(object, checksum);
    }
    if (type == ondemand::json_type::string) {
        std::string_view text;
        if (value.get_string().get(text) != SUCCESS) return false;
        *checksum += text.size();
        return true;
    }
    uint64_t number;
    if (value.get_uint64().get(number) != SUCCESS) return false;
    *checksum += number;
    return true;
}

bool read_object(ondemand::object object, uint64_t *checksum) {
    for (auto &&item : object) {
        ondemand::field field;
        std::string_view key;
        if (std::move(item).get(field) != SUCCESS || field.unescaped_key().get(key) != SUCCESS) return false;
        *checksum += key.size();
        if (!read_value(field.value(), checksum)) return false;
    }
    return true;
}
}

extern "C" void *rs_yardstick_simdjson_create(size_t max_bytes) {
    sink_t *sink = new sink_t;
    sink->bytes = padded_string(max_bytes);
    return sink;
}

extern "C" void rs_yardstick_simdjson_destroy(void *sink) { delete static_cast<sink_t *>(sink); }

extern "C" long rs_yardstick_simdjson(void *opaque, const char *lines, size_t len, uint64_t *checksum) {
    sink_t *sink = static_cast<sink_t *>(opaque);
    memcpy(sink->bytes.data(), lines, len);
    ondemand::document_stream stream;
    if (sink->parser.iterate_many(sink->bytes.data(), len, 1 << 20).get(stream) != SUCCESS) return -1;
    long count = 0;
    for (auto document : stream) {
        ondemand::object object;
        if (document.get_object().get(object) != SUCCESS || !read_object(object, checksum)) return -1;
        count++;
    }
    return count;
}
