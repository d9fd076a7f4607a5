#include "rule/position.h"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::rule {

std::string to_text(const Fault& fault) {
    return fmt::format("line {}, column {}: {}", fault.at.line, fault.at.column, fault.message);
}

PlaceMap PlaceMap::of_text(std::string_view text) {
    PlaceMap map;
    std::uint32_t line = 1;
    map.add(0, {.line = line});
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') map.add(static_cast<std::uint32_t>(i + 1), {.line = ++line});
    }
    return map;
}

void PlaceMap::add(std::uint32_t offset, Position place, bool fixed) { runs_.push_back({offset, place, fixed}); }

Position PlaceMap::at(std::size_t offset) const {
    const auto where = static_cast<std::uint32_t>(offset);
    const auto after = std::ranges::upper_bound(runs_, where, {}, &Run::offset);
    if (after == runs_.begin()) return {.offset = where};
    const Run& run = *(after - 1);
    Position place = run.place;
    if (!run.fixed) place.column += where - run.offset;
    place.offset = where;
    return place;
}

}  // namespace plimsoll::rule
