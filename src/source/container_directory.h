#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace plimsoll::source {

/// A running container, as far as an engine tells.
struct ContainerEntry {
    std::string id;
    std::string name;
    std::string image;
    pid_t pid = 0;       ///< its first process; 0 when unknown
    std::string cgroup;  ///< path in the cgroup hierarchies; empty when unknown
    std::vector<std::pair<std::string, std::string>> labels;
    std::string unnamed = {};  ///< why its name is not known; empty when it is
};

/// Knows which containers run. Any thread.
class ContainerDirectory {
public:
    virtual ~ContainerDirectory() = default;
    /// All that run now; an error when nobody could be asked, which is not the same as none.
    [[nodiscard]] virtual Result<std::vector<ContainerEntry>> running() const = 0;
    /// The one of that id, also one that ended lately where that is remembered.
    [[nodiscard]] virtual std::optional<ContainerEntry> find(std::string_view id) const {
        auto all = running();
        if (!all) return std::nullopt;
        for (ContainerEntry& entry : *all) {
            if (entry.id == id) return std::move(entry);
        }
        return std::nullopt;
    }
    /// Why others may run than it knows of; empty when it knows all.
    [[nodiscard]] virtual std::string doubt() const { return {}; }
};

}  // namespace plimsoll::source
