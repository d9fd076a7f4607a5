#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::audit {

/// One number of the kernel's interface and what it is called.
struct Named {
    std::uint32_t value;
    std::string_view name;
};

/// Ascending by value.
using NameTable = std::span<const Named>;

/// The name of exactly that number; empty when the table has none.
[[nodiscard]] std::string_view name_of(NameTable table, std::uint64_t value);

/// Appends the names of the bits that are set, `separator` between; those without a name are left out. Returns whether
/// there was any.
bool append_flags(std::string& out, NameTable table, std::uint64_t value, char separator);

// The tables, each named after what it names. Flags hold single bits.
[[nodiscard]] NameTable open_flags_names();
[[nodiscard]] NameTable whence_names();
[[nodiscard]] NameTable prot_names();
[[nodiscard]] NameTable mmap_names();
[[nodiscard]] NameTable signals_names();
[[nodiscard]] NameTable access_names();
[[nodiscard]] NameTable ipc_names();
[[nodiscard]] NameTable families_names();
[[nodiscard]] NameTable socket_types_names();
[[nodiscard]] NameTable protocols_names();
[[nodiscard]] NameTable message_flags_names();
[[nodiscard]] NameTable clone_names();
[[nodiscard]] NameTable fcntl_names();
[[nodiscard]] NameTable resources_names();
[[nodiscard]] NameTable ptrace_names();
[[nodiscard]] NameTable schedulers_names();
[[nodiscard]] NameTable prctl_names();
[[nodiscard]] NameTable mount_names();
[[nodiscard]] NameTable umount_names();
[[nodiscard]] NameTable clocks_names();
[[nodiscard]] NameTable epoll_names();
[[nodiscard]] NameTable socket_levels_names();
[[nodiscard]] NameTable ip_options_names();
[[nodiscard]] NameTable socket_options_names();
[[nodiscard]] NameTable tcp_options_names();
[[nodiscard]] NameTable udp_options_names();
[[nodiscard]] NameTable ipv6_options_names();
[[nodiscard]] NameTable packet_options_names();
[[nodiscard]] NameTable personalities_names();
[[nodiscard]] NameTable ioctls_names();
[[nodiscard]] NameTable capabilities_names();
[[nodiscard]] NameTable netfilter_families_names();
[[nodiscard]] NameTable netfilter_hooks_names();
[[nodiscard]] NameTable icmp_types_names();
[[nodiscard]] NameTable filters_names();
[[nodiscard]] NameTable seccomp_names();
[[nodiscard]] NameTable socket_calls_names();
[[nodiscard]] NameTable ipc_calls_names();
[[nodiscard]] NameTable resolve_names();

}  // namespace plimsoll::audit
