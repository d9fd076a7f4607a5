#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "host/file.h"
#include "model/facts.h"
#include "posture/reach.h"

namespace plimsoll::posture {

/// Who uses what, from all containers whether they run or not.
struct Usage {
    std::map<std::string, std::set<std::string>, std::less<>> networks;  ///< network name → containers
    std::set<std::string, std::less<>> volumes;
    std::set<std::string, std::less<>> images;  ///< ids with sha256:
};

/// Sets network.* from one entry of GET /networks, or from something of its form that `at` names.
void gather_network(const Json& network, const Usage& usage, Nanoseconds now, model::Facts& out,
                    const std::string& at = "GET /networks");

/// Sets volume.* from one entry of GET /volumes, or from something of its form that `at` names. `local`: its files lie
/// on this host.
void gather_volume(const Json& volume, const Usage& usage, const HostPlaces& places, const host::Root& root, bool local,
                   Nanoseconds now, model::Facts& out, const std::string& at = "GET /volumes");

/// A volume that the engine named.
[[nodiscard]] bool is_anonymous(const Json& volume);

/// The host paths that a local volume shows: the folder or device it binds, or the layers of an overlay.
[[nodiscard]] std::vector<std::string> volume_paths(const Json& volume);

/// The first of them, or empty text.
[[nodiscard]] std::string volume_device(const Json& volume);

}  // namespace plimsoll::posture
