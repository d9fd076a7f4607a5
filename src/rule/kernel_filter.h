#pragma once

#include <span>

#include "model/kernel_filter.h"
#include "rule/expression.h"

namespace plimsoll::rule {

/// What the kernel has to send for these conditions (macros and lists resolved): an over-approximation. An event of the
/// kernel that the filter drops makes none of them true; for the others nothing is said.
[[nodiscard]] model::KernelFilter kernel_filter(std::span<const ExpressionPtr> conditions);

/// Everything that either wants.
[[nodiscard]] model::KernelFilter united(const model::KernelFilter& one, const model::KernelFilter& other);

/// What is known in the kernel of an event before it is sent; the model of the kernel's decision, for tests and `--explain`.
struct KernelView {
    std::uint16_t call = 0;        ///< number on x86-64
    bool failed = false;
    bool in_container = true;
    std::uint32_t acts = 0;        ///< bits by model::FileAct
    std::string_view path;         ///< as the kernel names the file
    std::string_view name;         ///< as the caller wrote it
    std::string_view second_path;  ///< of rename and link
};
[[nodiscard]] bool sends(const model::KernelFilter& filter, const KernelView& view);

}  // namespace plimsoll::rule
