#pragma once

// Inside of the filter compiler: what the kernel can be told of system calls.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/kernel_filter.h"

namespace plimsoll::rule::detail {

/// A system call of x86-64. Events of some calls may go by either of two names.
struct KernelCall {
    std::uint16_t number = 0;
    std::string_view name;
    std::string_view other_name = {};  ///< empty for none

    /// Whether `evt.type` may be, and whether it must be, that name.
    [[nodiscard]] bool may_be(std::string_view type) const { return type == name || type == other_name; }
    [[nodiscard]] bool must_be(std::string_view type) const { return type == name && other_name.empty(); }
};

/// Every call that has a number.
[[nodiscard]] std::span<const KernelCall> kernel_calls();

/// The call of that number.
[[nodiscard]] const KernelCall* kernel_call(std::uint16_t number);

/// Opens a file by a path: the acts are read, write, create, execute, directory and failed.
[[nodiscard]] bool opens(const KernelCall& call);

/// The act of a call that works on a path without opening it. `unlinkat` may be rmdir too.
[[nodiscard]] std::optional<model::FileAct> act_of(const KernelCall& call);

/// Sent whatever the filter says, when it succeeds: beginnings and ends of processes.
[[nodiscard]] bool is_always_sent(const KernelCall& call);

/// "opened for reading", "removed", …
[[nodiscard]] std::string_view act_name(model::FileAct act);

}  // namespace plimsoll::rule::detail
