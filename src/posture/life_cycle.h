#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace plimsoll::posture {

/// One release cycle of a product, with its dates.
struct Cycle {
    std::string product;
    std::string cycle;
    std::optional<Nanoseconds> standard_end;  ///< nothing: still supported, end not announced
    std::optional<Nanoseconds> end;           ///< with long-term support, where everybody gets it
    std::string latest;
};

/// Dates on which support of distributions, engines and kernels ends; shipped in rules/data/life-cycle.tsv.
class LifeCycles {
public:
    static Result<LifeCycles> parse(std::string_view tsv);

    /// The cycle that `version` belongs to: the longest cycle name that it equals or continues after a dot.
    [[nodiscard]] const Cycle* find(std::string_view product, std::string_view version) const;

private:
    std::vector<Cycle> cycles_;
};

/// -1, 0 or 1 by comparing dotted numbers; anything after the first character that is neither digit nor dot is left
/// out.
[[nodiscard]] int compare_versions(std::string_view a, std::string_view b);

}  // namespace plimsoll::posture
