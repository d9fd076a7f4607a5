#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/kernel_filter.h"
#include "rule/expression.h"

namespace plimsoll::rule {

struct Rule;

/// What the kernel has to send for these conditions (macros and lists resolved): an over-approximation. An event of the
/// kernel that the filter drops makes none of them true; for the others nothing is said. Without `host`, processes
/// outside containers are not judged and nothing of them is wanted.
[[nodiscard]] model::KernelFilter kernel_filter(std::span<const ExpressionPtr> conditions, bool host = true);

/// The same for rules; what their outputs name is sent too.
[[nodiscard]] model::KernelFilter kernel_filter(std::span<const Rule* const> rules, bool host = true);

/// Everything that either wants.
[[nodiscard]] model::KernelFilter united(const model::KernelFilter& one, const model::KernelFilter& other);

/// What is known in the kernel of an event before it is sent; the model of the kernel's decision, for tests and
/// `--explain`.
struct KernelView {
    std::uint16_t call = 0;  ///< number on x86-64
    bool failed = false;     ///< the result is below 0
    bool in_container = true;
    std::uint32_t acts = 0;        ///< bits by model::FileAct
    std::string_view path;         ///< as the kernel names the file; empty where it cannot, as when opening failed
    std::string_view name;         ///< as the caller wrote it
    std::string_view second_path;  ///< of rename and link
    std::string_view program;      ///< first fifteen bytes of the process's name
};

/// Whether the event is sent. A file is judged by the kernel's names of it; by the caller's where that begins with
/// /proc/ (it may lead anywhere) or where the kernel has none. A name that is not a normal absolute path passes as soon
/// as anything is wanted of such calls.
[[nodiscard]] bool sends(const model::KernelFilter& filter, const KernelView& view);

/// In words, a line for each: which calls and which acts on which paths are sent, and because of which rules.
[[nodiscard]] std::string explain_kernel_filter(std::span<const Rule* const> rules, bool host = true);

}  // namespace plimsoll::rule
