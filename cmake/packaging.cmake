# What `cmake --install` puts on a machine: the program, its manual page (target `man`, from the same source as --help), licence and rules.
include(GNUInstallDirs)

add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/man/plimsoll.8
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man
  COMMAND plimsoll man > ${CMAKE_BINARY_DIR}/man/plimsoll.8
  DEPENDS plimsoll VERBATIM)
add_custom_target(man DEPENDS ${CMAKE_BINARY_DIR}/man/plimsoll.8)

install(TARGETS plimsoll RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_BINARY_DIR}/man/plimsoll.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 OPTIONAL)
install(FILES LICENSE NOTICE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/systemd/plimsoll-audit.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/plimsoll)
install(DIRECTORY packaging/systemd/ DESTINATION lib/systemd/system FILES_MATCHING PATTERN "*.service" PATTERN "*.timer")
