#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/rules/engine_host.h"
#include "host/file.h"

namespace plimsoll::audit {

/// Something on this host that rules should watch.
struct Target {
    enum class Kind : std::uint8_t {
        socket,     ///< connects are recorded
        program,    ///< starts, replacements, changes of attributes
        file,       ///< changes
        directory,  ///< changes of the folder itself and of what lies directly in it
        tree,       ///< changes of everything below
    };
    Kind kind = Kind::file;
    std::string path;                ///< links of its folder resolved; the last name as it stands
    std::string key;                 ///< "plimsoll-docker-config"
    std::string what;                ///< what a record of it tells, for the comment
    std::vector<std::string> items;  ///< of the CIS Docker Benchmark ("1.1.7")
    bool exists = false;
    bool parent_exists = false;
    std::optional<std::string>
        link;  ///< it is a symbolic link to this; its own rule sees a replacement of the link only
};

/// Which engines' files are wanted: "docker", "containerd", "podman"; empty: those that this host has.
[[nodiscard]] std::vector<std::string> engines_here(const host::Root& root, const EngineTraces& traces);

/// Everything worth watching, each path once, most particular first: a path never comes after a tree that holds it.
[[nodiscard]] std::vector<Target> find_targets(const host::Root& root, const std::vector<std::string>& engines,
                                               const EngineTraces& traces);

}  // namespace plimsoll::audit
