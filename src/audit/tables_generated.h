#pragma once

#include <span>
#include <string_view>

namespace plimsoll::audit {

// Names by number; empty where there is none. script/make-audit-tables writes them from the kernel's headers.

[[nodiscard]] std::span<const std::string_view> x86_64_calls();
[[nodiscard]] std::span<const std::string_view> i386_calls();
[[nodiscard]] std::span<const std::string_view> aarch64_calls();
[[nodiscard]] std::span<const std::string_view> uring_operations();
[[nodiscard]] std::span<const std::string_view> bpf_commands();  ///< BPF_MAP_CREATE, …

}  // namespace plimsoll::audit
