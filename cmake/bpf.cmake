# Programs for the kernel: bpf_object(TARGET SYMBOL source define…) compiles one with clang, takes its debugging sections
# off (types for CO-RE stay) and puts it into the target as an EmbeddedFile of that symbol.

find_program(BPF_CLANG NAMES clang clang-14 clang-15 clang-16 REQUIRED)
find_program(BPF_STRIP NAMES llvm-strip llvm-strip-14 llvm-strip-15 llvm-strip-16 REQUIRED)

function(bpf_object TARGET SYMBOL SOURCE)
  get_filename_component(folder ${SOURCE} DIRECTORY)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${SYMBOL}.bpf.o)
  set(defines "")
  foreach(define IN LISTS ARGN)
    list(APPEND defines -D${define})
  endforeach()
  add_custom_command(OUTPUT ${object}
    COMMAND ${BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wno-unused-function -Wno-pass-failed -Werror -D__TARGET_ARCH_x86 ${defines}
            -I${CMAKE_SOURCE_DIR}/src -I${folder} -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
            -MMD -MT ${object} -MF ${object}.d -c ${SOURCE} -o ${object}
    COMMAND ${BPF_STRIP} -g ${object}
    MAIN_DEPENDENCY ${SOURCE} DEPFILE ${object}.d VERBATIM)
  embed(${TARGET} ${SYMBOL} ${object})
  # What lies in the assembly by name alone is not seen to depend on the object.
  add_custom_target(${SYMBOL}_object DEPENDS ${object})
  add_dependencies(${TARGET} ${SYMBOL}_object)
endfunction()
