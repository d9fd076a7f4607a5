#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "enrich/enricher.h"

namespace plimsoll::enrich {

/// container.image.new: whether the ledger had not seen this image (id and name together) before a container of it was
/// created or started, or found when recording began. Remembers kMost images; what was seen longest ago is forgotten
/// first, and is new again.
class ImageSeen final : public Enricher {
public:
    static constexpr std::size_t kMost = 65536;

    /// `known`: keys of the images that the ledger has seen, oldest first, as image_key makes them.
    explicit ImageSeen(const std::vector<std::uint64_t>& known);

    void enrich(model::Event& event) override;

private:
    bool add(std::uint64_t key);

    std::unordered_set<std::uint64_t> seen_;
    std::deque<std::uint64_t> order_;
};

/// What stands for an image: made of container.image.id and container.image.
[[nodiscard]] std::uint64_t image_key(std::string_view id, std::string_view reference);

}  // namespace plimsoll::enrich
