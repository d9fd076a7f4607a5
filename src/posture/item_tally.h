#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/finding.h"
#include "posture/verdict.h"

namespace plimsoll::posture {

/// Makes one finding of one check's verdicts on the items of an object: it fails when an item fails, is unknown when
/// none fails and one could not be judged, and passes when there is nothing else to say.
class ItemTally {
public:
    /// `fold` puts items together that differ in digits alone, as lines of a log do.
    explicit ItemTally(bool fold) : fold_(fold) {}

    void add(std::string_view item, Verdict&& verdict);

    /// The finding, without its check and object.
    [[nodiscard]] model::Finding finish() &&;

private:
    void keep(std::vector<model::FindingItem>& items, model::FindingItem&& item);

    bool fold_;
    std::size_t passed_ = 0;
    std::size_t judged_ = 0;
    std::uint32_t failed_total_ = 0;
    std::string unknown_reason_;
    std::string otherwise_;
    std::vector<model::FindingItem> failed_;
    std::vector<model::FindingItem> unknown_;
    std::map<std::string, std::size_t, std::less<>> folded_;  ///< of the failed ones
};

}  // namespace plimsoll::posture
