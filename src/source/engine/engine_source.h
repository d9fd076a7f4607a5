#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "host/endpoint.h"
#include "host/http_client.h"
#include "source/engine/checkpoint.h"
#include "source/engine/inventory.h"
#include "source/engine/line_queue.h"
#include "source/source.h"

namespace plimsoll::source {

/// What the ledger holds of an engine's events, so that reading goes on exactly behind it.
struct RecordedEvents {
    Nanoseconds last = 0;                     ///< time of the newest; 0: none
    std::vector<std::uint64_t> fingerprints;  ///< of the newest few thousand: fingerprint(record)
    std::vector<EngineEvent> events;          ///< the same, oldest first: what the state file may not know yet
};

struct EngineOptions {
    host::Endpoint endpoint;
    std::string state_file;                  ///< one for each engine; empty: a restart of the agent is a gap
    std::optional<RecordedEvents> recorded;  ///< takes precedence over the state file's position
    std::shared_ptr<Inventory> inventory;    ///< to share it; made when null
    bool mask_secrets = true;                ///< in commands of exec sessions
    host::HttpLimits quick{.connect = std::chrono::milliseconds(500), .answer = std::chrono::milliseconds(1000)};
    host::HttpLimits patient{.body_bytes = std::size_t{64} << 20U};
    std::size_t line_bytes = std::size_t{8} << 20U;    ///< longer lines are cut and kept as malformed
    std::size_t queue_lines = 200'000;                 ///< lines that wait to be worked on
    std::size_t queue_bytes = std::size_t{64} << 20U;  ///< bytes of them
};

/// The events of one Docker or Podman engine, enriched as they come; see docs of docker.*, exec.*, change.* and loss.*.
class EngineSource final : public Source {
public:
    explicit EngineSource(EngineOptions options);

    void run(Outlet& outlet, const std::stop_token& stop) override;
    [[nodiscard]] SourceStatus status() const override;

    /// The containers of the engine; lives as long as anyone holds it.
    [[nodiscard]] std::shared_ptr<Inventory> inventory() const { return options_.inventory; }

private:
    class Connection;

    void restore();
    void save(Outlet& outlet);
    [[nodiscard]] std::optional<bool> restarted_since(std::optional<pid_t> listener, Nanoseconds time) const;
    void connected(bool is, std::string fault);
    void out_of_reach(Outlet& outlet, std::string reason);
    void in_reach(Outlet& outlet);

    EngineOptions options_;
    Checkpoint checkpoint_;
    std::uint64_t saved_changes_ = 0;
    Nanoseconds saved_at_ = 0;
    Nanoseconds away_since_ = 0;  ///< since when the engine is not heard; 0 while it is
    std::string away_told_;       ///< the reason that was told of it; empty before
    mutable std::mutex mutex_;
    SourceStatus status_;
};

}  // namespace plimsoll::source
