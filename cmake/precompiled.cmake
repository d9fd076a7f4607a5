# Headers that nearly every source includes, compiled once: `precompiled` for rooms, `precompiled_test` for their tests.
# Sources include what they use all the same; script/lint reads them without this.

option(PLIMSOLL_PRECOMPILED "Precompile common headers" ON)

set(standard_headers <algorithm> <array> <charconv> <chrono> <cstdint> <cstring> <filesystem> <functional> <map> <memory> <mutex>
  <optional> <set> <span> <string> <string_view> <thread> <utility> <variant> <vector> <fmt/format.h>)

find_package(fmt REQUIRED)
find_package(GTest REQUIRED)

function(precompile TARGET)
  cmake_parse_arguments(HEADERS "" "" "LIBRARIES;MORE" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${TARGET}.cpp CONTENT "")
  add_library(${TARGET} OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/${TARGET}.cpp)
  target_link_libraries(${TARGET} PRIVATE plimsoll_flags fmt::fmt ${HEADERS_LIBRARIES})
  target_precompile_headers(${TARGET} PRIVATE ${standard_headers} ${HEADERS_MORE})
endfunction()

precompile(precompiled)
precompile(precompiled_test LIBRARIES GTest::gmock GTest::gtest MORE <gmock/gmock.h> <gtest/gtest.h>)

# use_precompiled(TARGET FROM): TARGET's sources are read behind those headers.
function(use_precompiled TARGET FROM)
  if(PLIMSOLL_PRECOMPILED)
    target_precompile_headers(${TARGET} REUSE_FROM ${FROM})
    # Behind precompiled headers GCC 12 warns of the library's own std::string, falsely: told, but no error.
    target_compile_options(${TARGET} PRIVATE -Wno-error=array-bounds -Wno-error=stringop-overflow)
  endif()
endfunction()

# compile_together(COUNT TARGET…): so many sources of these targets are one for the compiler.
function(compile_together COUNT)
  if(PLIMSOLL_PRECOMPILED)
    set_target_properties(${ARGN} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${COUNT})
  endif()
endfunction()
