#pragma once

#include <sys/types.h>

#include <string>
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
};

/// Knows which containers run. Any thread.
class ContainerDirectory {
public:
    virtual ~ContainerDirectory() = default;
    /// All that run now; an error when nobody could be asked, which is not the same as none.
    [[nodiscard]] virtual Result<std::vector<ContainerEntry>> running() const = 0;
};

}  // namespace plimsoll::source
