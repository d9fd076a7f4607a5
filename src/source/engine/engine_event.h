#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace plimsoll::source {

/// One line of an engine's event stream (Docker Engine API, GET /events), in Docker's words: Podman's `died`, `remove`
/// and the like are told by the word that Docker has for them.
struct EngineEvent {
    Nanoseconds time = 0;
    std::string type;     ///< container, image, network, …
    std::string action;   ///< without what the engine appends: `exec_create`, not `exec_create: sh -c …`
    std::string detail;   ///< what it appended
    std::string as_sent;  ///< the engine's own word for the action, when it is another one
    std::string id;       ///< of the object; for volumes, and for images that are pulled, the name
    std::string scope;
    std::vector<std::pair<std::string, std::string>> attributes;  ///< as sent
    std::size_t attributes_left_out = 0;                          ///< beyond kMostAttributes

    /// The attribute of that name; empty when there is none.
    [[nodiscard]] std::string_view attribute(std::string_view name) const;

    /// The container that it is about: of container events their id, of network and volume events the attribute.
    [[nodiscard]] std::string_view container() const;
};

inline constexpr std::size_t kMostAttributes = 1024;

/// Parses one line. An error says what is wrong with it.
[[nodiscard]] Result<EngineEvent> parse_engine_event(std::string_view line);

/// Equal for an event that is seen twice, and for what the ledger keeps of it: made of time, type, action, object and
/// container.
[[nodiscard]] std::uint64_t fingerprint(Nanoseconds time, std::string_view type, std::string_view action,
                                        std::string_view id, std::string_view container);
[[nodiscard]] std::uint64_t fingerprint(const EngineEvent& event);

}  // namespace plimsoll::source
