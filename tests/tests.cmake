# Every test program is found by its place:
#   unit/<room>/*.c      one cmocka binary per folder, test_<room>
#   support/*.c          shared by all of them (oracle, generators, helpers)
#   property/*.c race/*.c   one binary per file, linked against every room
#   sim/*.c              one binary: whole installations over a simulated disk, network and database
#   fuzz/*.c             one target per file; without RS_FUZZ it replays corpus/<name>/
#   fault/torture        the long command; a short selection is a test
#   e2e/*_test.py, *_test.sh   scripts, called with the build folder as their argument; 77 is "skipped"
#   bench/*.c            programs, not tests: bench_<name>; a .cc of the same name belongs to it
enable_testing()
set(all_rooms rs_engine rs_journal rs_ingest rs_connect rs_store rs_feed rs_web rs_client rs_core rs_ring rs_event rs_config rs_base)
set(test_env "RS_SOURCE_DIR=${CMAKE_SOURCE_DIR};RS_BUILD_DIR=${CMAKE_BINARY_DIR};ASAN_OPTIONS=detect_leaks=1"
    "UBSAN_OPTIONS=print_stacktrace=1;TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")

# What tests share: an archive, so that a test takes from it only what it names.
file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/*.c)
add_library(rs_test_support STATIC EXCLUDE_FROM_ALL ${support_sources})
target_include_directories(rs_test_support PUBLIC tests/support)
target_link_libraries(rs_test_support PRIVATE rs_flags PUBLIC ${all_rooms})

function(rs_test_binary target label timeout)
    add_executable(${target} ${ARGN} ${CMAKE_SOURCE_DIR}/tests/support/test_filter.c)
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
        rs_test_binary(test_${room} unit 300 ${sources})
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

file(GLOB sim_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/sim/*.c)
rs_test_binary(sim_installation sim 900 ${sim_sources})

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

# Put in front of the daemon by tests that let its disk fail (LD_PRELOAD): without the sanitizers of rs_flags.
add_library(failing_disk MODULE ${CMAKE_SOURCE_DIR}/tests/fault/failing_disk.c)
set_target_properties(failing_disk PROPERTIES PREFIX "")
target_compile_definitions(failing_disk PRIVATE _GNU_SOURCE)
target_compile_options(failing_disk PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
target_link_libraries(failing_disk PRIVATE ${CMAKE_DL_LIBS})

file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/*.c)
foreach(source ${bench_sources})
    get_filename_component(name ${source} NAME_WE)
    file(GLOB companion CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/${name}.cc)
    add_executable(bench_${name} ${source} ${companion})
    target_include_directories(bench_${name} PRIVATE tests/bench tests/support)
    target_link_libraries(bench_${name} PRIVATE rs_flags rs_test_support ${all_rooms} PkgConfig::jansson m)
endforeach()

# fault/torture: a producer with a ledger.
add_executable(fault_producer ${CMAKE_SOURCE_DIR}/tests/fault/producer.c)
target_link_libraries(fault_producer PRIVATE rs_flags rs_client)
if(NOT RS_SANITIZE AND NOT RS_FUZZ)   # a sanitizer's library wants to be the first that is loaded
    add_test(NAME fault_torture COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/fault/torture --short ${CMAKE_BINARY_DIR}
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(fault_torture PROPERTIES LABELS fault TIMEOUT 900 ENVIRONMENT "${test_env}")
endif()

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

# fault/*_test.py as e2e's.
file(GLOB fault_scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fault/*_test.py)
foreach(script ${fault_scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME fault_${name} COMMAND /usr/bin/python3 ${script} ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(fault_${name} PROPERTIES LABELS fault TIMEOUT 900 SKIP_RETURN_CODE 77 ENVIRONMENT "${test_env}")
endforeach()
# The store against a real server in trouble: small numbers by default, more by its options; driven as its unit tests do.
rs_test_binary(fault_store fault 900 ${CMAKE_SOURCE_DIR}/tests/fault/store.c ${CMAKE_SOURCE_DIR}/tests/unit/store/driver.c
               ${CMAKE_SOURCE_DIR}/tests/unit/store/cutter.c)

add_test(NAME arrows COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/arrows.py ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
add_test(NAME arrows_self_test COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/arrows.py --self-test)
set_tests_properties(arrows arrows_self_test PROPERTIES LABELS unit TIMEOUT 120)

# Bugs put in on purpose (base/planted.h): each must be caught. The ring's orders are seen by ThreadSanitizer only.
if(RS_PLANTS)
    add_executable(planted_ring_race ${CMAKE_SOURCE_DIR}/tests/race/ring_race.c ${CMAKE_SOURCE_DIR}/daemon/ring/ring.c
                   ${CMAKE_SOURCE_DIR}/daemon/base/planted.c ${CMAKE_SOURCE_DIR}/daemon/base/base.c)
    target_include_directories(planted_ring_race PRIVATE tests/support daemon include)
    target_compile_options(planted_ring_race PRIVATE -fsanitize=thread -O1)
    target_link_options(planted_ring_race PRIVATE -fsanitize=thread)
    target_link_libraries(planted_ring_race PRIVATE rs_flags PkgConfig::cmocka Threads::Threads)
    add_custom_target(planted DEPENDS planted_ring_race test_journal test_ingest test_store test_engine property_journal_crash
                      property_recovery_oracle property_producer_oracle property_rebuild property_ring_model race_ring_race
                      sim_installation)
    add_test(NAME planted COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/fault/planted ${CMAKE_BINARY_DIR}
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(planted PROPERTIES LABELS planted TIMEOUT 900)
endif()
