#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/event.h"
#include "source/engine/engine_event.h"

namespace plimsoll::source {

/// What is known of an image.
struct ImageRecord {
    std::vector<std::string> tags;     ///< repository:tag
    std::vector<std::string> digests;  ///< repository@sha256:…
    Nanoseconds created = 0;           ///< 0 when the engine does not say

    friend bool operator==(const ImageRecord&, const ImageRecord&) = default;
};

using ImageIndex = std::map<std::string, ImageRecord, std::less<>>;  ///< by image id, sha256:…

/// A container as it was when it was last inspected. Immutable; those who look at it share it.
struct ContainerRecord {
    std::string id;
    std::string name;
    std::string image;     ///< as given
    std::string image_id;  ///< sha256:…
    std::string snapshot;  ///< see snapshot.h
    std::string health_command;
    bool running = false;
    bool restarting = false;  ///< ended, and its restart policy waits; engines call that running as well
    bool tty = false;
    Nanoseconds created = 0, started = 0, finished = 0;  ///< 0 when never, or when the engine does not say
    std::int64_t exit_code = 0;
    std::int64_t restarts = 0;
    std::string restart_policy;
    std::string user;
    std::map<std::string, std::string, std::less<>> labels;  ///< long values cut
    model::Event facts;                                      ///< the container.* fields
};

inline constexpr std::size_t kMostLabelBytes = 4096;

/// Makes a record of a snapshot (snapshot.h); `engine` is docker or podman. Nothing when it has no id.
[[nodiscard]] std::shared_ptr<const ContainerRecord> container_record(std::string_view snapshot,
                                                                      std::string_view engine,
                                                                      const ImageIndex& images);

/// What the event itself says of a container that nobody can look at any more; the rest is unknown for that reason.
[[nodiscard]] std::shared_ptr<const ContainerRecord> container_record(const EngineEvent& event, std::string_view engine,
                                                                      std::string_view reason);

/// Whether an attribute of a container's event is the engine's own, not a label.
[[nodiscard]] bool is_engine_attribute(std::string_view name);

/// Its address in a network of that name; empty without one.
[[nodiscard]] std::string address_in(const ContainerRecord& container, std::string_view network);

/// Adds a container's fields to an event, and those that depend on the event's time.
void describe(const ContainerRecord& container, model::Event& event);

}  // namespace plimsoll::source
