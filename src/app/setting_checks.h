#pragma once

#include <string_view>

#include "base/result.h"

// What the texts of a configuration file must name. Nothing is opened or looked up. Errors say what was expected,
// without the place.
namespace plimsoll::app {

/// An absolute path: what a relative one means would depend on where the program was started.
[[nodiscard]] Result<void> check_path(std::string_view text);

/// An absolute path that fits into the address of a unix socket.
[[nodiscard]] Result<void> check_socket_path(std::string_view text);

/// ADDRESS:PORT, [ADDRESS]:PORT or unix:///PATH to listen on.
[[nodiscard]] Result<void> check_listen(std::string_view text);

/// The address of a container engine.
[[nodiscard]] Result<void> check_engine(std::string_view text);

/// http:// or https:// address of a receiver.
[[nodiscard]] Result<void> check_url(std::string_view text);

/// A witness's verifier key.
[[nodiscard]] Result<void> check_witness_key(std::string_view text);

/// A condition over an event's fields.
[[nodiscard]] Result<void> check_condition(std::string_view text);

/// Where a syslog receiver listens.
[[nodiscard]] Result<void> check_syslog_address(std::string_view text);

}  // namespace plimsoll::app
