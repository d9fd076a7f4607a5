# A room is a folder of src/. It sees its own headers and those of the rooms it names, and nothing else: each room's headers
# are reached through a folder of their own that holds one link, and only named rooms are on the include path.
#
#   room(NAME SEES room… LIBRARIES target… HIDDEN_LIBRARIES target…)
#
# Every *.cpp of the folder belongs to it; every *_test.cpp to its test program NAME_test, which may see TEST_SEES as well.

find_package(GTest REQUIRED)
include(GoogleTest)

function(room NAME)
  cmake_parse_arguments(ROOM "" "" "SEES;LIBRARIES;TEST_SEES" ${ARGN})
  set(here ${CMAKE_SOURCE_DIR}/src/${NAME})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${here}/*.cpp ${here}/*.S)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  set(door ${CMAKE_BINARY_DIR}/rooms/${NAME})
  file(MAKE_DIRECTORY ${door})
  file(CREATE_LINK ${here} ${door}/${NAME} SYMBOLIC)
  if(NOT sources)
    return()
  endif()

  add_library(${NAME} STATIC ${sources})
  target_link_libraries(${NAME} PRIVATE plimsoll_flags ${ROOM_LIBRARIES})
  target_include_directories(${NAME} PRIVATE ${door})
  use_precompiled(${NAME} precompiled)
  foreach(seen IN LISTS ROOM_SEES)
    target_include_directories(${NAME} PRIVATE ${CMAKE_BINARY_DIR}/rooms/${seen})
    if(TARGET ${seen})  # a room of headers alone has nothing to link
      target_link_libraries(${NAME} PRIVATE ${seen})
    endif()
  endforeach()

  if(tests)
    add_executable(${NAME}_test ${tests})
    set(linked ${NAME} ${ROOM_SEES} ${ROOM_TEST_SEES})
    foreach(seen IN LISTS linked)
      if(NOT TARGET ${seen})
        list(REMOVE_ITEM linked ${seen})
      endif()
    endforeach()
    target_link_libraries(${NAME}_test PRIVATE plimsoll_flags ${linked} ${ROOM_LIBRARIES}
      GTest::gmock GTest::gtest_main)
    use_precompiled(${NAME}_test precompiled_test)
    foreach(seen IN LISTS NAME ROOM_SEES ROOM_TEST_SEES)
      target_include_directories(${NAME}_test PRIVATE ${CMAKE_BINARY_DIR}/rooms/${seen})
    endforeach()
    target_include_directories(${NAME}_test PRIVATE ${door})
    target_compile_definitions(${NAME}_test PRIVATE
      PLIMSOLL_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PLIMSOLL_SHARED_DIR="${CMAKE_SOURCE_DIR}/../shared")
    gtest_discover_tests(${NAME}_test TEST_PREFIX "${NAME}." DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
  endif()
endfunction()
