#include "decode.cc"
