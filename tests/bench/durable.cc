// The simdjson yardstick is that of bench_decode.
#include "decode.cc"
