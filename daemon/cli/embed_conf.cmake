# Writes a C file that holds daemon/ringside.conf, so that `replay --alerts` has the rules that the file comes with. Called at build:
# cmake -DCONF=… -DOUTPUT=… -P embed_conf.cmake
file(READ ${CONF} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x[0-9a-f][0-9a-f],){24})" "\\1\n    " bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Generated from daemon/ringside.conf by daemon/cli/embed_conf.cmake. */\n#include \"cli/default_rules.h\"\n
static const unsigned char text[] = {\n    ${bytes}0};\n
rs_str_t rs_default_conf(void) {\n    return (rs_str_t){(const char *)text, (uint32_t)(sizeof text - 1)};\n}\n")
