#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "host/file.h"
#include "posture/inventory.h"

namespace plimsoll::posture {

struct ComposeOptions {
    std::vector<std::string> files;  ///< in order, later ones on top of earlier ones, as `docker compose -f a -f b`
    std::string project_directory;   ///< what relative paths stand against; empty for the first file's folder
    std::string project_name;        ///< empty for COMPOSE_PROJECT_NAME, the file's `name`, or the folder's name
    std::map<std::string, std::string, std::less<>>
        environment;  ///< for variables; it counts more than the project's .env file
    host::Root root;
    Nanoseconds now = 0;
};

/// Reads a compose project as containers that are yet to be made: each service goes the same way as an engine's inspect
/// data, so that the same checks judge it. Objects: one container for each service, and the networks and volumes that
/// the project makes. What only an engine or host knows is unknown. Anything in the files that is not read is a problem
/// of the inventory, by file:line:column; an error is a file that cannot be read as compose at all.
[[nodiscard]] Result<Inventory> gather_compose(const ComposeOptions& options);

}  // namespace plimsoll::posture
