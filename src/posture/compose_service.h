#pragma once

#include <map>
#include <string>
#include <string_view>

#include "posture/compose_file.h"

namespace plimsoll::posture {

/// What a service needs to know of its project.
struct ComposeProject {
    std::string name;
    std::string directory;
    std::map<std::string, std::string, std::less<>> networks;  ///< key in the file → the engine's name
    std::map<std::string, std::string, std::less<>> volumes;
    std::map<std::string, std::string, std::less<>> volume_drivers;  ///< by key; local when not given
    std::map<std::string, ComposeNode, std::less<>> configs;
    std::map<std::string, ComposeNode, std::less<>> secrets;
};

/// The service, merged and normalised, as the JSON text that the engine's inspect would give for its container
/// (Docker's form). What cannot be carried over is a problem of the context's log.
[[nodiscard]] std::string inspect_of_service(std::string_view name, const ComposeNode& service,
                                             const ComposeProject& project, ComposeContext& context);

/// A network or volume of the file as an entry of GET /networks or GET /volumes.
[[nodiscard]] std::string json_of_network(std::string_view full_name, const ComposeNode& network,
                                          ComposeContext& context);
[[nodiscard]] std::string json_of_volume(std::string_view full_name, const ComposeNode& volume,
                                         ComposeContext& context);

}  // namespace plimsoll::posture
