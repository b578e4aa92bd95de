/* The yardstick of bench_decode for JSON: simdjson's stream of documents, every field's key and value read and dropped. */
#ifndef RS_BENCH_DECODE_YARDSTICK_H
#define RS_BENCH_DECODE_YARDSTICK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
void *rs_yardstick_simdjson_create(size_t max_bytes);
void rs_yardstick_simdjson_destroy(void *sink);
/* Returns the number of documents; adds what was read to *checksum so that reading is not left out. */
long rs_yardstick_simdjson(void *sink, const char *lines, size_t len, uint64_t *checksum);
#ifdef __cplusplus
}
#endif
#endif
