# Every test program is found by its place:
#   unit/<room>/*.c      one cmocka binary per folder, test_<room>
#   support/*.c          shared by all of them (oracle, generators, helpers)
#   property/*.c race/*.c   one binary per file, linked against every room
#   fuzz/*.c             one target per file; without RS_FUZZ it replays corpus/<name>/
#   e2e/*_test.py, *_test.sh   scripts, called with the build folder as their argument; 77 is "skipped"
#   bench/*.c            programs, not tests: bench_<name>; a .cc of the same name belongs to it
enable_testing()
set(all_rooms rs_engine rs_journal rs_ingest rs_connect rs_store rs_feed rs_client rs_core rs_ring rs_event rs_config rs_base)
set(test_env "RS_SOURCE_DIR=${CMAKE_SOURCE_DIR};RS_BUILD_DIR=${CMAKE_BINARY_DIR};ASAN_OPTIONS=detect_leaks=1;UBSAN_OPTIONS=print_stacktrace=1;TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")

# What tests share: an archive, so that a test takes from it only what it names.
file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/*.c)
add_library(rs_test_support STATIC EXCLUDE_FROM_ALL ${support_sources})
target_include_directories(rs_test_support PUBLIC tests/support)
target_link_libraries(rs_test_support PRIVATE rs_flags PUBLIC ${all_rooms})

function(rs_test_binary target label timeout)
    add_executable(${target} ${ARGN})
    target_include_directories(${target} PRIVATE tests tests/support)
    target_compile_definitions(${target} PRIVATE RS_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_link_libraries(${target} PRIVATE rs_flags rs_test_support ${all_rooms} PkgConfig::cmocka PkgConfig::jansson PkgConfig::zlib m)
    add_test(NAME ${target} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${target} PROPERTIES LABELS ${label} TIMEOUT ${timeout} ENVIRONMENT "${test_env}")
endfunction()

file(GLOB unit_rooms CONFIGURE_DEPENDS LIST_DIRECTORIES true ${CMAKE_SOURCE_DIR}/tests/unit/*)
foreach(folder ${unit_rooms})
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
    if(IS_DIRECTORY ${folder} AND sources)
        get_filename_component(room ${folder} NAME)
        rs_test_binary(test_${room} unit 120 ${sources})
        if(room MATCHES "^(cli|connect)$")   # no room: nothing else links it; connect compares with its reader
            target_link_libraries(test_${room} PRIVATE rs_cli)
        endif()
    endif()
endforeach()

foreach(kind property race)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${kind}/*.c)
    foreach(source ${sources})
        get_filename_component(name ${source} NAME_WE)
        rs_test_binary(${kind}_${name} ${kind} 900 ${source})
    endforeach()
endforeach()

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.c)
foreach(source ${fuzz_sources})
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" corpus ${name})
    if(RS_FUZZ)
        add_executable(${name} ${source})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
        add_executable(${name} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.c)
        add_test(NAME ${name}_corpus COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${corpus})
        set_tests_properties(${name}_corpus PROPERTIES LABELS fuzz TIMEOUT 120 ENVIRONMENT "${test_env}")
    endif()
    target_link_libraries(${name} PRIVATE rs_flags ${all_rooms} PkgConfig::jansson)
endforeach()

file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/*.c)
foreach(source ${bench_sources})
    get_filename_component(name ${source} NAME_WE)
    file(GLOB companion CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/${name}.cc)
    add_executable(bench_${name} ${source} ${companion})
    target_include_directories(bench_${name} PRIVATE tests/bench tests/support)
    target_link_libraries(bench_${name} PRIVATE rs_flags rs_test_support ${all_rooms} PkgConfig::jansson m)
endforeach()

file(GLOB script_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/e2e/*_test.py ${CMAKE_SOURCE_DIR}/tests/e2e/*_test.sh)
foreach(script ${script_tests})
    get_filename_component(name ${script} NAME_WE)
    if(script MATCHES "\\.py$")
        add_test(NAME e2e_${name} COMMAND /usr/bin/python3 ${script} ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    else()
        add_test(NAME e2e_${name} COMMAND ${script} ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    endif()
    set_tests_properties(e2e_${name} PROPERTIES LABELS e2e TIMEOUT 600 SKIP_RETURN_CODE 77 ENVIRONMENT "${test_env}")
endforeach()

add_test(NAME arrows COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/arrows.py ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
add_test(NAME arrows_self_test COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/arrows.py --self-test)
set_tests_properties(arrows arrows_self_test PROPERTIES LABELS unit TIMEOUT 120)
