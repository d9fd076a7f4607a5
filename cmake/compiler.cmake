find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The two that precompiled headers need of it (ccache(1), "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE} CACHE STRING "" FORCE)
endif()

add_library(plimsoll_flags INTERFACE)
target_compile_options(plimsoll_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Woverloaded-virtual
  -Wconversion -Wno-sign-conversion  # sizes meet signed offsets of kernel interfaces too often for the sign warning to say anything
  -Wno-missing-field-initializers    # designated initialisers name what differs from the default
  -fno-omit-frame-pointer
  -pthread)                          # everywhere alike, or precompiled headers fit some rooms only
if(PLIMSOLL_WERROR)
  target_compile_options(plimsoll_flags INTERFACE -Werror)
endif()
if(PLIMSOLL_SANITIZE)
  target_compile_options(plimsoll_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(plimsoll_flags INTERFACE -fsanitize=address,undefined)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(plimsoll_flags INTERFACE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  target_link_options(plimsoll_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
