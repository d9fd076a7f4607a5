#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "source/engine/container_record.h"

namespace plimsoll::source {

/// What events told of each container since its last start: whether somebody asked it to end, when and how it died.
/// Says from that who started it again. One thread.
class Lives {
public:
    /// Who started a container, as far as its restart policy is concerned.
    enum class Starter : std::uint8_t {
        unknown,        ///< a person, or nobody can say
        policy,         ///< the engine's restart count grew between the two starts, and belongs to them
        policy_likely,  ///< it died unasked under a policy that restarts, but the count was read too late to be its own
    };

    /// It was found running, with the engine's restart count as it is now.
    void found(const ContainerRecord& container);

    /// Of a `start` that is not applied yet; `fresh` is the container as inspected after it, null when it was not.
    [[nodiscard]] Starter starter(const EngineEvent& start, const ContainerRecord* fresh,
                                  std::string_view policy) const;

    void apply(const EngineEvent& event, const ContainerRecord* fresh);

    /// The exit code of a container that died at most a minute before `time`.
    [[nodiscard]] std::optional<std::int64_t> ended_lately(std::string_view id, Nanoseconds time) const;

    static constexpr std::size_t kMost = 20'000;  ///< containers; of more nothing is known

private:
    struct Life {
        std::optional<std::int64_t> restarts;  ///< the engine's count at its last start; absent when read too late
        Nanoseconds started = 0;
        Nanoseconds died = 0;  ///< 0: not since its last start
        std::optional<std::int64_t> exit_code;
        bool asked = false;  ///< somebody sent a signal or asked to stop it
    };

    std::map<std::string, Life, std::less<>> lives_;  ///< by container id
};

/// Whether what was inspected is the life that began with the start at that time, which still goes on.
[[nodiscard]] bool runs_since(const ContainerRecord& container, Nanoseconds start);

}  // namespace plimsoll::source
