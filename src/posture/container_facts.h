#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/facts.h"
#include "posture/reach.h"

namespace plimsoll::posture {

/// What of an image its containers need.
struct ImageSummary {
    std::string id;  ///< sha256:…
    std::vector<std::string> tags;
    std::vector<std::string> digests;
    std::optional<Nanoseconds> created;
    std::vector<std::string> environment;
    model::Reading::State support = model::Reading::State::absent;  ///< of its distribution: what unsupported says is
                                                                    ///< known, unknown, or there is none
    bool unsupported = false;
    std::string support_reason;  ///< when unknown
};

/// The images of one engine.
struct ImageIndex {
    std::map<std::string, ImageSummary, std::less<>> by_id;
    std::map<std::string, std::string, std::less<>> id_of_tag;
};

/// What a container is judged against: its engine's defaults and the host's places.
struct EngineView {
    std::string engine = "docker";
    const model::Facts* daemon = nullptr;
    ImageIndex images;
    HostPlaces places;
    std::map<std::string, std::string, std::less<>> volume_devices;  ///< local volumes that bind a host path, by name
    Nanoseconds now = 0;
    std::string origin_prefix = "GET /containers/";  ///< how evidence names the source of inspect data

    // The daemon's defaults; empty when they could not be found out, and `defaults_reason` says why.
    std::optional<bool> no_new_privileges;
    std::optional<bool> userns_remap;
    std::optional<std::string> seccomp;  ///< default, unconfined, or a path
    std::optional<bool> apparmor;
    std::optional<bool> selinux;
    std::string defaults_reason;

    /// Asks the host about a mount's source: resolves links in place and tells what it is. Unset for files that are
    /// judged without their host (compose).
    std::function<SourceFacts(std::string& path)> look_at;
    /// The uid of a user name inside the container's image, when its files can be read.
    std::function<std::optional<std::int64_t>(const Json& inspect, std::string_view user)> uid_of;
    /// The primary gid that a numeric user has in the container's image: 0 when its passwd lists no such user.
    std::function<std::optional<std::int64_t>(const Json& inspect, std::int64_t uid)> gid_of;
    /// The host's name of a group number; empty when it has none.
    std::function<std::string(std::uint32_t gid)> group_name;
    std::int64_t processors = 0;  ///< of the host; 0 when unknown
    std::int64_t memory = 0;      ///< of the host in bytes; 0 when unknown
    /// The names of containers by full id, for namespaces shared with another container.
    std::map<std::string, std::string, std::less<>> container_names;

    // Where a port published without an address binds: each network's own setting by its name, and the daemon's for its
    // default bridge. Empty means every address.
    std::map<std::string, std::string> network_binds;
    std::string default_bind;
};

/// Reads one container's inspect data (Docker's form) into `container` and its items into `store`. Sets every field of
/// container.* that inspect data can give; what only a live process knows is left to add_live_facts.
void gather_container(const Json& inspect, const EngineView& engine, model::FactStore& store, model::Facts& container);

/// The strings of an array; anything else in it is left out.
[[nodiscard]] std::vector<std::string> strings(const Json& array);

}  // namespace plimsoll::posture
