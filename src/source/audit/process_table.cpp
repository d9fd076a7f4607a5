#include "source/audit/process_table.h"

#include <algorithm>

namespace plimsoll::source {

std::string_view to_text(Found found) {
    switch (found) {
        case Found::nowhere: return "";
        case Found::mount: return "mount";
        case Found::shim: return "shim";
        case Found::runtime: return "runtime";
        case Found::ancestor: return "ancestor";
        case Found::cgroup: return "cgroup";
    }
    return "";
}

/// `alive` is sorted.
void ProcessTable::keep_only(const std::vector<pid_t>& alive) {
    std::erase_if(processes_, [&](const auto& item) { return !std::ranges::binary_search(alive, item.first); });
}

}  // namespace plimsoll::source
