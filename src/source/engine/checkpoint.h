#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "source/engine/exec_sessions.h"
#include "source/engine/reconcile.h"

namespace plimsoll::source {

/// The events told last, so that one that comes again is recognised.
class SeenEvents {
public:
    static constexpr std::size_t kMost = 4096;  ///< far more than an engine keeps

    /// False when it is there already.
    bool add(std::uint64_t fingerprint);
    [[nodiscard]] const std::deque<std::uint64_t>& all() const { return order_; }

private:
    std::deque<std::uint64_t> order_;  ///< oldest first
    std::unordered_set<std::uint64_t> set_;
};

/// Where the reading of an engine stands, and what was told of it: enough to go on after a restart of the agent.
struct Checkpoint {
    std::string engine_id;
    Nanoseconds last = 0;         ///< time of the newest event; 0 before the first
    Nanoseconds known_until = 0;  ///< nothing is missing before this moment; 0 before the first connection
    SeenEvents seen;
    Told told;
    std::vector<ExecSession> sessions;  ///< open ones
};

/// As JSON.
[[nodiscard]] std::string to_text(const Checkpoint& checkpoint);
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view text, std::string_view engine);

/// Replaces the file at once, so that a crash leaves the old one or the new one; mode 0600.
Result<bool> write_atomically(const std::string& path, std::string_view text);

}  // namespace plimsoll::source
