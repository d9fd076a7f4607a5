#include "host/cgroup_membership.h"

#include "base/text.h"

namespace plimsoll::host {

std::vector<CgroupMembership> parse_cgroup_memberships(std::string_view text) {
    std::vector<CgroupMembership> out;
    for (const std::string_view line : split(text, '\n')) {
        const auto first = line.find(':');
        if (first == std::string_view::npos) continue;
        const auto second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        CgroupMembership membership;
        for (const std::string_view controller : split(line.substr(first + 1, second - first - 1), ',')) {
            if (!controller.empty()) membership.controllers.emplace_back(controller);
        }
        membership.path = line.substr(second + 1);
        out.push_back(std::move(membership));
    }
    return out;
}

}  // namespace plimsoll::host
