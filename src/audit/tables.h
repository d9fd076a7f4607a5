#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::audit {

// Names of numbers, from the kernel's headers. Nothing here allocates but the *_text functions.

/// "SYSCALL" for 1300; empty when unknown.
[[nodiscard]] std::string_view type_name(std::uint32_t type);
[[nodiscard]] std::optional<std::uint32_t> type_number(std::string_view name);

/// AUDIT_ARCH_* by the log's hexadecimal: "x86_64", "i386", "aarch64", …; empty when unknown.
[[nodiscard]] std::string_view arch_name(std::uint32_t arch);

/// Name of a system call of an architecture; empty when unknown. x86_64, i386 and aarch64 are whole.
[[nodiscard]] std::string_view syscall_name(std::uint32_t arch, unsigned number);
[[nodiscard]] std::optional<unsigned> syscall_number(std::uint32_t arch, std::string_view name);

/// "EACCES" for 13; empty when unknown.
[[nodiscard]] std::string_view errno_name(int number);

/// Operation of io_uring: "connect" for 16; empty when unknown.
[[nodiscard]] std::string_view uring_name(unsigned operation);

/// Socket address from a SOCKADDR record's hexadecimal (host byte order): "/run/docker.sock", "@abstract",
/// "10.0.0.1:80", "[::1]:80", "netlink:…", "vsock:…"; "unnamed" for a unix socket without a name. An error text stands
/// in parentheses when it is too short or no hexadecimal.
struct SocketAddress {
    unsigned family = 0;  ///< AF_*
    std::string address;  ///< the path or the ip alone
    unsigned port = 0;
    std::string text;
};
[[nodiscard]] SocketAddress socket_address(std::string_view saddr);

/// The bytes of a field that may be hexadecimal: quoted text as it stands, upper-case hexadecimal decoded, anything
/// else as it stands ("(null)", "?").
[[nodiscard]] std::string decode(std::string_view value, bool quoted);

/// Whether a field of that name in a record of that type holds text that is written in hexadecimal when it is not
/// clean (name, exe, comm, cwd, proctitle, aN of EXECVE, key, cmd, acct, …).
[[nodiscard]] bool may_be_hex(std::uint32_t type, std::string_view field);

}  // namespace plimsoll::audit
