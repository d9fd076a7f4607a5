#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "host/endpoint.h"

namespace plimsoll::host {

/// Bounds on opening a stream; reading it has no limit but the caller's.
struct StreamLimits {
    std::chrono::milliseconds connect{3000};
    std::chrono::milliseconds head{15000};  ///< from the request to the answer's head
};

/// One answer of an engine that never ends (events, followed logs), read as its bytes come. Chunks are undone; memory
/// is bounded by the caller's buffer and one network read. One thread; `stop` ends every wait from any other.
class EngineStream {
public:
    virtual ~EngineStream() = default;

    /// Asks for `target` and waits for the answer's head. Any status but 200 is an error with what the engine says.
    static Result<std::unique_ptr<EngineStream>> open(const Endpoint& endpoint, const std::string& target,
                                                      const StreamLimits& limits, std::stop_token stop);

    /// Waits for bytes of the body and says how many came: 0 at the answer's end, or when stopped. An error is a
    /// connection that broke.
    [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into) = 0;

    /// Process that listens on the unix socket, as the kernel tells; nothing over TCP.
    [[nodiscard]] virtual std::optional<pid_t> listener() const = 0;
};

}  // namespace plimsoll::host
