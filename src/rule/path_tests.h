#pragma once

// Inside of the filter compiler: what a check of a file's name asks, as tests that the kernel can make.

#include <optional>
#include <string_view>
#include <vector>

#include "model/kernel_filter.h"
#include "rule/expression.h"

namespace plimsoll::rule::detail {

using PathTests = std::vector<model::PathTest>;

/// Which part of the file's name a check reads.
enum class PathField : std::uint8_t { whole, directory, last };

/// Tests one of which passes for every name that the check holds for; nothing when only all names would do. The names
/// that a file goes by beside the kernel's are among them (see KernelView).
[[nodiscard]] std::optional<PathTests> path_tests(PathField field, const Expression& check);

/// How many names a test lets pass, roughly: the smaller, the more selective.
[[nodiscard]] int breadth(const model::PathTest& test);

[[nodiscard]] bool passes(const model::PathTest& test, std::string_view path);

/// Absolute, without empty parts, `.` and `..`, without a slash at its end.
[[nodiscard]] bool is_normal(std::string_view path);

}  // namespace plimsoll::rule::detail
