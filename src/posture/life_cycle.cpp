#include "posture/life_cycle.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace plimsoll::posture {

namespace {

std::uint64_t take_part(std::string_view& version) {
    std::uint64_t value = 0;
    const auto [end, fault] = std::from_chars(version.data(), version.data() + version.size(), value);
    if (fault != std::errc()) {
        version = {};
        return 0;
    }
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (version.starts_with('.'))
        version.remove_prefix(1);
    else
        version = {};
    return value;
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
    while (!a.empty() || !b.empty()) {
        const auto left = take_part(a);
        const auto right = take_part(b);
        if (left != right) return left < right ? -1 : 1;
    }
    return 0;
}

Result<LifeCycles> LifeCycles::parse(std::string_view tsv) {
    LifeCycles all;
    std::size_t number = 0;
    for (const std::string_view line : split(tsv, '\n')) {
        ++number;
        if (line.empty() || line.starts_with('#')) continue;
        const auto columns = split(line, '\t');
        if (columns.size() != 5)
            return Error{fmt::format("life-cycle data, line {}: expected 5 columns, found {}", number, columns.size())};
        all.cycles_.push_back({std::string(columns[0]), std::string(columns[1]), parse_date(columns[2]),
                               parse_date(columns[3]), std::string(columns[4])});
    }
    return all;
}

const Cycle* LifeCycles::find(std::string_view product, std::string_view version) const {
    const Cycle* best = nullptr;
    for (const Cycle& cycle : cycles_) {
        if (cycle.product != product || !version.starts_with(cycle.cycle)) continue;
        if (version.size() > cycle.cycle.size() && version[cycle.cycle.size()] >= '0' &&
            version[cycle.cycle.size()] <= '9')
            continue;
        if (best == nullptr || cycle.cycle.size() > best->cycle.size()) best = &cycle;
    }
    return best;
}

}  // namespace plimsoll::posture
