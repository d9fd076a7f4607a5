#pragma once

// Inside of the filter compiler: arithmetic of what is wanted of one kind of calls.

#include "model/kernel_filter.h"

namespace plimsoll::rule::detail {

/// Every call of the kind.
[[nodiscard]] model::FileWish everything();

/// Adds what `other` wants; too many tests become everything.
void add(model::FileWish& wish, const model::FileWish& other);

/// Whether `wish` wants all that `other` wants.
[[nodiscard]] bool covers(const model::FileWish& wish, const model::FileWish& other);

/// How much is wanted, roughly: 0 for nothing, the more the less selective.
[[nodiscard]] int breadth(const model::FileWish& wish);

}  // namespace plimsoll::rule::detail
